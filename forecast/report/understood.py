"""What a file of tables was understood to say, as a table to be checked before anything of it is kept.

Invariant: every figure is shown with its cell and what stands there (held by ``tests/test_grid.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from forecast.data.intake import ReadFigure, Understood
from forecast.texts import Lang, t


def render_understood(read: Understood, *, lang: Lang) -> RenderableType:
    """One table a sheet, then what was left aside and what is wrong."""
    return Group(*_blocks(read, lang))


def _blocks(read: Understood, lang: Lang) -> Iterator[RenderableType]:
    for sheet, count in read.sheets.items():
        mine = [one for one in read.figures if one.sheet == sheet]
        title = t("cli.understood_title", lang, sheet=sheet, n=count)
        table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
        for head in ("cell", "indicator", "unit", "month", "measure", "value", "written"):
            table.add_column(t(f"cli.understood_{head}", lang), justify="right" if head == "value" else "left")
        for figure in mine:
            table.add_row(*(Text(text) for text in _cells(figure, lang)))
        yield table
    for one in (*read.problems, *read.remarks):
        yield Text(one.text(lang))
    if read.figures and not read.problems:
        yield Text(t("cli.understood_next", lang))


def _cells(one: ReadFigure, lang: Lang) -> tuple[str, ...]:
    indicator = one.indicator_known or f"{one.indicator} {t('cli.understood_unknown', lang)}"
    place = one.place if not one.place_known or one.place_known == one.place else f"{one.place} ({one.place_known})"
    value = "" if one.value is None else f"{one.value:g}"
    measure = t(f"cli.measure_{one.measure}", lang)
    if one.measure.startswith("level") and one.unit and not one.unit.endswith("元"):
        measure = f"{measure} {one.unit}"
    return (one.cell.partition("!")[2], indicator, place, str(one.period), measure, value, one.written)


def understood_document(read: Understood, lang: Lang) -> dict[str, Any]:
    """Everything for programs."""
    return {
        "ok": not read.problems,
        "file": read.file,
        "sheets": dict(read.sheets),
        "unread": list(read.unread),
        "figures": [asdict(one) | {"period": str(one.period)} for one in read.figures],
        "remarks": [{"code": one.code, "text": one.text(lang)} for one in read.remarks],
        "problems": [
            {"code": one.code, "row": one.row, "cell": one.column, "text": one.text(lang)} for one in read.problems
        ],
    }
