"""The worksheet 任务清单: a row a carrier, a block of columns a month, and one column a month to fill in.

It goes into any workbook; ``dabiao collect`` finds it again by a hidden row of column keys and a hidden column of task
keys, with the numbers as handed out, so that rows may be sorted and filtered, and a changed number is noticed.

Invariant: what is written is text or a number, never a formula made of a name; live sums equal the values that they
show (held by ``tests/test_task_sheet.py``).
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import Any, Final

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

from forecast.errors import UsageError
from forecast.periods import Month
from forecast.tables.breakdown_words import warning
from forecast.tables.kind import text_width
from forecast.tables.table import Provenance
from forecast.tables.words import month_name
from forecast.tasks.breakdown import Breakdown
from forecast.tasks.carriers import Kind, Work
from forecast.tasks.collected import MARK, checked_numbers
from forecast.tasks.tasks import RECORD_HEADER, RECORD_SHEET, Task, record_rows
from forecast.texts import Lang, t

BOOK_NAME: Final = "任务清单.xlsx"
KEYS_ROW: Final = 2
"""Row (from 0) of the hidden keys: below title and note."""
HEAD_ROW: Final = 3
"""First of two header rows."""
FIRST_ROW: Final = 5
A3: Final = 8
"""xlsxwriter's number of the paper size."""
LINE: Final = 15.0
"""Points of a line of text."""
_TEXTS: Final = ("no", "place", "team", "sector", "carrier", "condition", "unit", "person", "deadline")
_WIDTHS: Final = {
    "no": 5, "place": 12, "team": 25, "sector": 12, "carrier": 22, "condition": 20, "unit": 18, "person": 9,
    "deadline": 11,
}  # fmt: skip
_MONTH_WIDTH: Final = 10
_SIGN: Final = re.compile(r"[\[\]:*?/\\]")
"""Signs that the name of a worksheet must not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSheet:
    """Where things stand on the sheet, for formulas of other sheets and for tests; rows from 1, columns as letters.

    total_row : live sums; first_row, last_row : tasks; columns : key (``due:2020-10``) -> letters
    """

    name: str
    total_row: int
    first_row: int
    last_row: int
    columns: Mapping[str, str]

    def total(self, key: str) -> str:
        """Reference to a live sum: ``'任务清单'!$K$6``."""
        quoted = self.name.replace("'", "''")
        return f"'{quoted}'!${self.columns[key]}${self.total_row}"


def carrier_name(task: Task, lang: Lang) -> str:
    """Who carries a task, as it is listed."""
    if task.kind is Kind.OPEN:
        return t("breakdown.open_name", lang)
    if task.kind is Kind.SECTOR:
        return f"{task.name_zh}（{t('breakdown.kind_open', lang)}）"
    return task.name_zh


def write_task_sheet(
    book: Any,
    breakdown: Breakdown,
    *,
    source: Provenance,
    city: str,
    knowledge: str,
    tasks: Sequence[Task] | None = None,
    recipient: str = "",
    name: str | None = None,
    lang: Lang = "zh",
) -> TaskSheet:
    """Add the task list of a breakdown to a workbook.

    Parameters
    ----------
    book : ``xlsxwriter.Workbook``
    source : provenance of the run, kept in the hidden row
    city, knowledge : for title and note: 安康市, 截至8月
    tasks : those to be listed, a recipient's own (``Breakdown.of``); None: all
    recipient : name in the title
    name : of the worksheet; None: from the indicator

    Returns
    -------
    TaskSheet. A carrier without anything expected or due is left out.
    """
    listed = breakdown.tasks if tasks is None else tasks
    title = _SIGN.sub(" ", name or t("breakdown.sheet_name", lang, indicator=breakdown.name_zh))[:31].strip()
    sheet = book.add_worksheet(title)
    page = _Page(
        book=book,
        sheet=sheet,
        title=title,
        breakdown=breakdown,
        rows=_rows(listed, [m.key for m in breakdown.margins if m.dimension == "place"]),
        lang=lang,
        formats=_formats(book),
    )
    page.head(city, knowledge, recipient, source)
    page.body()
    page.totals()
    page.finish()
    _record(book, title, breakdown.plan_id, page)
    letters = {key: xl_col_to_name(column) for key, column in page.columns.items()}
    return TaskSheet(
        name=title, total_row=page.total + 1, first_row=FIRST_ROW + 1, last_row=page.total, columns=letters
    )


def _record(book: Any, title: str, plan_id: str, page: _Page) -> None:
    """Write down a second time what was handed out, on a sheet that users do not see."""
    sheet = book.get_worksheet_by_name(RECORD_SHEET)
    if sheet is None:
        sheet = book.add_worksheet(RECORD_SHEET)
        sheet.very_hidden()
        for column, name in enumerate(RECORD_HEADER):
            sheet.write_string(0, column, name)
    tasks = {row[0].key: (carrier_name(row[0], page.lang), [task.month for task in row]) for row in page.rows}
    first = sheet.dim_rowmax + 1
    for offset, cells in enumerate(record_rows(title, plan_id, page.columns, tasks)):
        for column, text in enumerate(cells):
            sheet.write_string(first + offset, column, text)


def write_task_book(
    path: Path, breakdowns: Sequence[Breakdown], *, source: Provenance, city: str, knowledge: str, day: dt.date,
    lang: Lang = "zh",
) -> Path | None:  # fmt: skip
    """Write a workbook with the task list of every breakdown that has tasks; None where none has.

    day : date of the file, of the state of knowledge, so that the same run gives the same bytes

    Raises
    ------
    UsageError
        The file cannot be written.
    """
    mine = [b for b in breakdowns if b.tasks]
    if not mine:
        return None
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": dt.datetime(day.year, day.month, day.day)})
    for one in mine:
        write_task_sheet(book, one, source=source, city=city, knowledge=knowledge, lang=lang)
    try:
        book.close()
    except xlsxwriter.exceptions.FileCreateError as error:
        raise UsageError("usage_not_written", folder=path, reason=error) from error
    return path


def _rows(tasks: Sequence[Task], places: Sequence[str]) -> list[list[Task]]:
    """Tasks of every carrier, by place in official order, kind and key."""
    grouped: dict[str, list[Task]] = {}
    for task in tasks:
        grouped.setdefault(task.key, []).append(task)
    kinds = list(Kind)
    order = {place: k for k, place in enumerate(dict.fromkeys(places))}
    rows = [row for row in grouped.values() if any(task.due_wan for task in row)]
    return sorted(rows, key=lambda row: (order.get(row[0].place, len(order)), kinds.index(row[0].kind), row[0].key))


def _formats(book: Any) -> dict[str, Any]:
    font = {"font_name": "仿宋", "font_size": 10, "valign": "vcenter"}
    edge = {"border": 1, "border_color": "#808080"}
    head = {"font_name": "黑体", "font_size": 10, "valign": "vcenter", "align": "center", "text_wrap": True, **edge}
    title = {"font_name": "方正小标宋简体", "font_size": 18, "align": "center", "valign": "vcenter"}
    number = {**font, **edge, "align": "right", "num_format": "#,##0"}
    return {
        "title": book.add_format(title),
        "note": book.add_format({**font, "text_wrap": True, "font_color": "#404040"}),
        "warning": book.add_format({**font, "text_wrap": True, "font_color": "#C00000", "bold": True}),
        "head": book.add_format({**head, "bg_color": "#DDE8F3"}),
        "head_actual": book.add_format({**head, "bg_color": "#FFF2CC"}),
        "text": book.add_format({**font, **edge, "text_wrap": True}),
        "centre": book.add_format({**font, **edge, "align": "center", "text_wrap": True}),
        "number": book.add_format(number),
        "added": book.add_format({**number, "font_color": "#1F4E79"}),
        "actual": book.add_format({**number, "bg_color": "#FFF9E5", "locked": False, "num_format": "#,##0.##"}),
        "ratio": book.add_format({**number, "num_format": "0.0%"}),
        "sum": book.add_format({**number, "bold": True, "bg_color": "#F2F2F2"}),
        "sum_text": book.add_format({**font, **edge, "bold": True, "bg_color": "#F2F2F2", "align": "center"}),
        "sum_ratio": book.add_format({**number, "bold": True, "bg_color": "#F2F2F2", "num_format": "0.0%"}),
        "short": book.add_format({"bg_color": "#F8CBAD"}),
        "open": book.add_format({**font, **edge, "text_wrap": True, "font_color": "#C00000"}),
    }


@dataclass(slots=True, kw_only=True)
class _Page:
    """The sheet being written."""

    book: Any
    sheet: Any
    title: str
    breakdown: Breakdown
    rows: list[list[Task]]
    lang: Lang
    formats: Mapping[str, Any]

    @property
    def months(self) -> tuple[Month, ...]:
        return self.breakdown.months

    @property
    def own(self) -> bool:
        """Whether tasks are counted in something else than the carriers' own work."""
        return self.breakdown.work is Work.VALUE_ADDED

    @property
    def columns(self) -> dict[str, int]:
        """Key of every column -> its position; 0 holds the task key, the last one the numbers as handed out."""
        keys = ["key", *_TEXTS]
        for month in self.months:
            keys += [f"due:{month}", f"task:{month}", f"actual:{month}"]
        keys += ["due:sum", "task:sum", "actual:sum", "ratio", *(["own"] if self.own else []), "planned"]
        return {key: k for k, key in enumerate(keys)}

    @property
    def last(self) -> int:
        """Last visible column."""
        return self.columns["planned"] - 1

    @property
    def total(self) -> int:
        """Row of the sums, below the tasks; one row stands empty where there is no task."""
        return FIRST_ROW + max(len(self.rows), 1)

    def say(self, key: str, **params: object) -> str:
        return t(f"breakdown.{key}", self.lang, **params)

    def head(self, city: str, knowledge: str, recipient: str, source: Provenance) -> None:
        """Title, note, hidden keys and two header rows."""
        b, sheet, formats = self.breakdown, self.sheet, self.formats
        names = [self._month(month) for month in (self.months[0], self.months[-1])]
        one = len(self.months) == 1
        months = self.say("sheet_month_one" if one else "sheet_months", first=names[0], last=names[1])
        key = "sheet_title_recipient" if recipient else "sheet_title"
        text = self.say(key, city=city, indicator=b.name_zh, months=months, recipient=recipient)
        sheet.merge_range(0, 1, 0, self.last, "", formats["title"])
        sheet.write_string(0, 1, text, formats["title"])
        sheet.set_row(0, 30)
        notes = [self.say("sheet_note", work=self.say(f"work_{b.work.value}"), knowledge=knowledge)]
        notes += [self.say("sheet_note_own")] if self.own else []
        synthetic = any(task.synthetic for row in self.rows for task in row)
        notes += [self.say("synthetic")] if synthetic else []
        notes += [above] if (above := warning(b, self.lang)) else []
        style = formats["warning" if len(notes) > 1 + self.own else "note"]
        sheet.merge_range(1, 1, 1, self.last, "", style)
        sheet.write_string(1, 1, "  ".join(notes), style)
        wide = sum(_WIDTHS.values()) + _MONTH_WIDTH * (self.last - len(_TEXTS))
        sheet.set_row(1, LINE * ceil(text_width("  ".join(notes)) / (wide * 0.95)))
        meta = {
            "mark": MARK,
            "record": True,
            "plan_id": b.plan_id,
            "indicator": b.indicator,
            "name_zh": b.name_zh,
        } | asdict(source)
        meta |= {"synthetic": True} if synthetic else {}
        for key, column in self.columns.items():
            sheet.write_string(KEYS_ROW, column, json.dumps(meta, ensure_ascii=False) if key == "key" else key)
        sheet.set_row(KEYS_ROW, None, None, {"hidden": True})
        self._headers()

    def _month(self, month: Month) -> str:
        return month_name(month, self.lang)

    def _headers(self) -> None:
        sheet, head = self.sheet, self.formats["head"]
        columns = self.columns
        for key in (*_TEXTS, "ratio", *(["own"] if self.own else [])):
            sheet.merge_range(HEAD_ROW, columns[key], HEAD_ROW + 1, columns[key], "", head)
            sheet.write_string(HEAD_ROW, columns[key], self.say(f"sheet_{key}"), head)
        groups = [(str(m), self.say("month", month=self._month(m))) for m in self.months]
        for key, text in [*groups, ("sum", self.say("sheet_total"))]:
            first = columns[f"due:{key}"]
            sheet.merge_range(HEAD_ROW, first, HEAD_ROW, first + 2, "", head)
            sheet.write_string(HEAD_ROW, first, text, head)
            for offset, name in enumerate(("due", "task", "actual")):
                style = self.formats["head_actual"] if name == "actual" and key != "sum" else head
                sheet.write_string(HEAD_ROW + 1, first + offset, self.say(f"sheet_{name}"), style)
        sheet.set_row(HEAD_ROW, 20)
        sheet.set_row(HEAD_ROW + 1, 20)

    def body(self) -> None:
        """A row a carrier."""
        for number, tasks in enumerate(self.rows, 1):
            self._carrier(FIRST_ROW + number - 1, number, tasks)

    def _carrier(self, row: int, number: int, tasks: Sequence[Task]) -> None:
        sheet, columns, formats, first = self.sheet, self.columns, self.formats, tasks[0]
        texts = {
            "place": first.place_zh,
            "team": first.team_zh,
            "sector": first.sector_zh,
            "carrier": carrier_name(first, self.lang),
            "condition": self.say(f"condition_{first.condition.value}"),
            "unit": first.resp_unit,
            "person": first.resp_person,
            "deadline": max(task.deadline for task in tasks).isoformat(),
        }
        sheet.write_string(row, columns["key"], first.key)
        sheet.write_number(row, columns["no"], number, formats["centre"])
        for key, text in texts.items():
            style = "centre" if key in ("place", "person", "deadline") else "text" if first.supported else "open"
            sheet.write_string(row, columns[key], text, formats[style])
        for task in tasks:
            sheet.write_number(row, columns[f"due:{task.month}"], task.due_wan, formats["number"])
            sheet.write_number(row, columns[f"task:{task.month}"], task.task_wan, formats["added"])
            sheet.write_blank(row, columns[f"actual:{task.month}"], None, formats["actual"])
        self._row_sums(row, tasks)
        lines = max(ceil(text_width(text) / (_WIDTHS[key] - 1.0)) for key, text in texts.items())
        sheet.set_row(row, max(LINE * lines, 18.0))
        sheet.write_string(row, columns["planned"], checked_numbers([(t.month, t.due_wan, t.task_wan) for t in tasks]))

    def _row_sums(self, row: int, tasks: Sequence[Task]) -> None:
        """Live sums over months, and the share done of what was due in the months reported."""
        columns, formats, sheet = self.columns, self.formats, self.sheet
        cells = {
            name: [xl_rowcol_to_cell(row, columns[f"{name}:{m}"]) for m in self.months]
            for name in ("due", "task", "actual")
        }
        due, task = sum(x.due_wan for x in tasks), sum(x.task_wan for x in tasks)
        sheet.write_formula(row, columns["due:sum"], "=" + "+".join(cells["due"]), formats["number"], due)
        sheet.write_formula(row, columns["task:sum"], "=" + "+".join(cells["task"]), formats["added"], task)
        some = f"COUNT({','.join(cells['actual'])})"
        done = f"SUM({','.join(cells['actual'])})"
        formula = f'=IF({some}=0,"",{done})'
        sheet.write_formula(row, columns["actual:sum"], formula, formats["number"], "")
        asked = "+".join(f"IF(ISNUMBER({a}),{d},0)" for a, d in zip(cells["actual"], cells["due"], strict=True))
        ratio = f'=IF(OR({some}=0,({asked})=0),"",{done}/({asked}))'
        sheet.write_formula(row, columns["ratio"], ratio, formats["ratio"], "")
        if self.own:
            sheet.write_number(row, columns["own"], sum(x.own_wan for x in tasks), formats["number"])

    def totals(self) -> None:
        """Live sums of what a filter shows."""
        sheet, columns, formats = self.sheet, self.columns, self.formats
        first, last = FIRST_ROW, self.total - 1
        sheet.merge_range(self.total, 1, self.total, len(_TEXTS), "", formats["sum_text"])
        sheet.write_string(self.total, 1, self.say("sheet_total"), formats["sum_text"])
        known = {
            f"{name}:{m}": sum(getattr(x, f"{name}_wan") for row in self.rows for x in row if m in (x.month, "sum"))
            for m in (*self.months, "sum")
            for name in ("due", "task")
        }
        for key, column in columns.items():
            if ":" not in key and key != "own":
                continue
            span = f"{xl_rowcol_to_cell(first, column)}:{xl_rowcol_to_cell(last, column)}"
            value: object = known.get(key, sum(x.own_wan for row in self.rows for x in row) if key == "own" else 0)
            sheet.write_formula(self.total, column, f"=SUBTOTAL(9,{span})", formats["sum"], value)
        asked = []
        for m in self.months:
            a, d = columns[f"actual:{m}"], columns[f"due:{m}"]
            of = [f"{xl_rowcol_to_cell(first, c)}:{xl_rowcol_to_cell(last, c)}" for c in (a, d)]
            asked.append(f'SUMIF({of[0]},">=0",{of[1]})')
        total, done = "+".join(asked), xl_rowcol_to_cell(self.total, columns["actual:sum"])
        all_done = f'=IF(({total})=0,"",{done}/({total}))'
        sheet.write_formula(self.total, columns["ratio"], all_done, formats["sum_ratio"], "")
        sheet.set_row(self.total, 20)

    def finish(self) -> None:
        """Widths, panes, what may be entered, print set-up."""
        sheet, columns = self.sheet, self.columns
        first, last = FIRST_ROW, self.total - 1
        sheet.set_column(0, 0, 12, None, {"hidden": True})
        sheet.set_column(columns["planned"], columns["planned"], 12, None, {"hidden": True})
        for key, width in _WIDTHS.items():
            sheet.set_column(columns[key], columns[key], width)
        sheet.set_column(len(_TEXTS) + 1, self.last, _MONTH_WIDTH)
        rule = {"validate": "decimal", "criteria": ">=", "value": 0, "ignore_blank": True}
        rule |= {"input_title": self.say("sheet_input_title"), "input_message": self.say("sheet_input")}
        rule |= {"error_title": self.say("sheet_input_title"), "error_message": self.say("sheet_error")}
        for month in self.months:
            a, d = columns[f"actual:{month}"], columns[f"due:{month}"]
            sheet.data_validation(first, a, last, a, rule)
            cells = [xl_rowcol_to_cell(first, c, col_abs=True) for c in (a, d)]
            criteria = f"=AND(ISNUMBER({cells[0]}),{cells[0]}<{cells[1]})"
            sheet.conditional_format(
                first, a, last, a, {"type": "formula", "criteria": criteria, "format": self.formats["short"]}
            )
        sheet.freeze_panes(FIRST_ROW, columns["carrier"] + 1)
        sheet.autofilter(HEAD_ROW + 1, 1, last, self.last)
        sheet.protect("", {"sort": True, "autofilter": True, "format_columns": True, "format_rows": True})
        sheet.set_landscape()
        sheet.set_paper(A3)
        sheet.set_margins(0.4, 0.4, 0.5, 0.6)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0, HEAD_ROW + 1)
        sheet.print_area(0, 1, self.total, self.last)
        sheet.set_footer("&C&P / &N")
