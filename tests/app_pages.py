"""A store with kept runs, and pages of the app on it, for tests."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

from openpyxl import load_workbook
from streamlit.testing.v1 import AppTest

from forecast.report.files import answers
from forecast.runs.run import Request, Run, run
from forecast.runs.store import Store

ROOT = Path(__file__).parent.parent
APP = str(ROOT / "app.py")
MONTHLY = ("规模以上工业增加值", "固定资产投资（不含农户）")


def keep_main(monkeypatch) -> None:
    """AppTest leaves the page's script as ``__main__``, which processes spawned later would try to run again."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


def kept_run(
    home: Path,
    *,
    seed: int = 1,
    draws: int = 500,
    dataset: Path = ROOT / "data" / "ankang-2020",
    as_of: str = "2020-08",
) -> Run:
    """A run of a data set, kept in a store."""
    finished = run(Request(dataset=dataset, as_of=as_of, seed=seed, draws=draws))
    Store(home).keep(finished, answers(finished))
    return finished


def page(name: str) -> AppTest:
    """A page of the app by its name in ``forecast.ui.main.PAGES``, alone."""

    def script(name: str) -> None:
        from forecast.ui.choice import choose_lang
        from forecast.ui.main import PAGES, choose

        chosen = choose(choose_lang())
        assert chosen is not None
        PAGES[name](chosen)

    return AppTest.from_function(script, default_timeout=60, args=(name,))


def filled_book(content: bytes, *, bad: bool = False) -> bytes:
    """The starter workbook with monthly figures of two indicators filled in; ``bad``: some cells are no figures."""
    book = load_workbook(io.BytesIO(content))
    sheet = book["进度数据"]
    heads = [str(cell.value) for cell in sheet[2]]
    rows = [row for row in range(3, sheet.max_row + 1) if sheet.cell(row, 1).value in MONTHLY]
    for row in rows:
        drop = 2.0 if sheet.cell(row, 2).value == sheet.cell(rows[0], 2).value else 0.0
        for column, head in enumerate(heads[3:], 4):
            year, month = int(head[:4]), int(head.split("-")[1][:-1])
            if year < 2020 or month <= 8:
                level = 8.0 if year < 2020 else -12.0 + 1.2 * month - drop
                sheet.cell(row, column).value = round(level + 0.3 * ((7 * row + 3 * column) % 5 - 2), 1)
    if bad:
        sheet.cell(rows[0], 6).value = "八点五"
        sheet.cell(rows[1], 7).value = -250
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


class Rows(HTMLParser):
    """Cells of the rows of a table, each the texts in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[list[str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append([])

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1].append(data)


def tables(at: AppTest, kind: str) -> list[list[list[list[str]]]]:
    """All tables of a kind on a page: rows of cells of texts."""
    return [Rows(one.value).rows for one in at.html if f'class="dabiao {kind}"' in one.value]


def said(at: AppTest) -> str:
    """All that a page says in notes, warnings and errors."""
    found: list[Callable[[], object]] = [lambda: at.error, lambda: at.warning, lambda: at.info, lambda: at.caption]
    return "\n".join(str(one.value) for get in found for one in get())  # type: ignore[attr-defined]
