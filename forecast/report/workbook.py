"""The workbook: a worksheet a table with its formulas, formats and charts, written at once.

Invariant: nothing of a name is ever a formula, a formula gives the number that was computed, a chart has no number of
its own; same dossier, same bytes (held by ``tests/test_report_workbook.py``).
"""

from __future__ import annotations

import datetime as dt
import io
import math
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from forecast.answers.judgement import Light
from forecast.report.task_sheet import write_task_sheet
from forecast.tables import words
from forecast.tables.dossier import Dossier, city_name, source_line
from forecast.tables.kind import Kind, Value, lines_needed, text_width
from forecast.tables.table import Chart, Field, Paper, Sheet
from forecast.tasks.breakdown import Breakdown
from forecast.tasks.tasks import Task
from forecast.texts import Lang, t

COLOURS: Final = ("#2563B8", "#7FA6DA", "#7FA6DA", "#C2620C", "#2B8A66", "#B4475A")
WIDTH: Final = 440
HEIGHT: Final = 306
"""Pixels of a chart: four fill a page of A4 that lies across."""
GAP: Final = 10
ROWS_A_CHART: Final = 18
"""Rows that a chart and the gap below it take."""
A4: Final = 9
MOST_IN_FOOTER: Final = 220
FAINT: Final = {"color": "#D9D9D9", "width": 0.5}
FONT: Final = {"name": "宋体", "size": 9}


def write_charts(book: Any, placed: Placed, *, source: str, lang: Lang) -> None:
    """Put the charts of a table on a worksheet of their own, two side by side, four a page."""
    sheet = placed.sheet
    page = book.add_worksheet(t("reports.tab_charts", lang, tab=sheet.tab))
    page.hide_gridlines(2)
    page.set_landscape()
    page.set_paper(A4)
    page.set_margins(left=0.45, right=0.45, top=0.5, bottom=0.6)
    page.set_footer(f"&L&8{footer_text(source, sheet.mark)}&R&8{t('reports.page_of', lang)}")
    breaks = []
    for k, chart in enumerate(sheet.charts):
        made = _bars(book, placed, chart, lang) if chart.bars else _lines(book, placed, chart, lang)
        title = f"{chart.title}\n{sheet.mark}" if sheet.mark else chart.title
        made.set_title({"name": title, "name_font": {"name": "黑体", "size": 10, "bold": False}, "overlay": False})
        made.set_legend({"position": "bottom", "font": FONT})
        wide = chart.bars or len(sheet.charts) == 1
        made.set_size({"width": WIDTH * 2 + GAP if wide else WIDTH, "height": HEIGHT * 2 if wide else HEIGHT})
        row = (k // 2) * ROWS_A_CHART
        if k and k % 4 == 0:
            breaks.append(row)
        page.insert_chart(row, 0, made, {"x_offset": (k % 2) * (WIDTH + GAP), "object_position": 3})
    page.set_h_pagebreaks(breaks)


def footer_text(source: str, mark: str) -> str:
    """Source and mark for the footer of a page, where ``&`` begins a command and 255 characters are the most."""
    lines = "\n".join(line for line in (source, mark) if line)
    return lines.replace("&", "&&")[:MOST_IN_FOOTER]


def _lines(book: Any, placed: Placed, chart: Chart, lang: Lang) -> Any:
    sheet, tab = placed.sheet, placed.sheet.tab
    made = book.add_chart({"type": "line"})
    columns = [sheet.position(name) for name in chart.fields]
    head = placed.first - 1
    for k, (row, name) in enumerate(chart.rows):
        colour = COLOURS[k % len(COLOURS)]
        line = {"color": colour, "width": 1.0 if row in chart.dashed else 2.0}
        if row in chart.dashed:
            line["dash_type"] = "dash"
        made.add_series(
            {
                "name": name,
                "categories": _charts_cells(tab, head, columns),
                "values": _charts_cells(tab, placed.first + row, columns),
                "line": line,
                "marker": {"type": "none"} if row in chart.dashed else {"type": "circle", "size": 4},
            }
        )
    low, high = _bounds(placed, chart, columns)
    axis = {"num_format": "0", "num_font": FONT, "name": t("reports.axis_growth", lang), "name_font": FONT}
    made.set_y_axis(
        {**axis, "min": low, "max": high, "crossing": "min", "major_gridlines": {"visible": True, "line": FAINT}}
    )
    made.set_x_axis({"num_font": FONT, "label_position": "low"})
    made.show_blanks_as("span")
    return made


def _bounds(placed: Placed, chart: Chart, columns: list[int]) -> tuple[int, int]:
    """Whole numbers below and above all points of a chart."""
    rows = [placed.sheet.rows[row] for row, _ in chart.rows]
    values = [value for row in rows for k in columns if isinstance(value := row[k], int | float)]
    return math.floor(min(values, default=0.0) - 0.5), math.ceil(max(values, default=1.0) + 0.5)


def _charts_cells(tab: str, row: int, columns: list[int]) -> str:
    """Cells of a row: one range, or several where columns between them are left out."""
    name = "'" + tab.replace("'", "''") + "'"
    if columns == list(range(columns[0], columns[-1] + 1)):
        first = xl_rowcol_to_cell(row, columns[0], row_abs=True, col_abs=True)
        last = xl_rowcol_to_cell(row, columns[-1], row_abs=True, col_abs=True)
        return f"={name}!{first}:{last}"
    cells = ",".join(f"{name}!{xl_rowcol_to_cell(row, k, row_abs=True, col_abs=True)}" for k in columns)
    return f"=({cells})"


def _bars(book: Any, placed: Placed, chart: Chart, lang: Lang) -> Any:
    """A group of bars a row: its values over the columns named."""
    sheet, tab = placed.sheet, placed.sheet.tab
    made = book.add_chart({"type": "bar"})
    rows = [placed.first + row for row, _ in chart.rows]
    labels = sheet.position("indicator")
    for k, name in enumerate(chart.fields):
        one = sheet.fields[sheet.position(name)]
        made.add_series(
            {
                "name": one.heading(lang),
                "categories": [tab, rows[0], labels, rows[-1], labels],
                "values": [tab, rows[0], sheet.position(name), rows[-1], sheet.position(name)],
                "fill": {"color": COLOURS[(0, 4)[k % 2]]},
                "gap": 60,
            }
        )
    made.set_x_axis({"min": 0, "max": 1, "num_format": "0%", "num_font": FONT, "major_gridlines": {"visible": True}})
    made.set_y_axis({"reverse": True, "num_font": FONT})
    return made


LIGHTS: Final = {"green": ("#C6E8CE", "#0B5A2A"), "yellow": ("#FFE9A8", "#6B4E00"), "red": ("#F9C9CC", "#8B1220")}
"""Fill and letters of a light: apart in grey as well, and the word stands in the cell."""
FONTS: Final[Mapping[Lang, tuple[str, str]]] = {"zh": ("黑体", "宋体"), "en": ("Arial", "Arial")}
"""Of titles and headings, and of everything else: fonts that Excel and WPS have in China."""
EDGE: Final = {"border": 1, "border_color": "#7F7F7F"}
HEAD_FILL: Final = "#DCE6F1"
QUIET: Final = "#1F4E79"


@dataclass(frozen=True, slots=True, eq=False)
class Formats:
    """Formats of one workbook, made once each.

    book : xlsxwriter's workbook
    size : points of the letters in cells
    """

    book: Any
    lang: Lang
    made: dict[tuple[object, ...], Any]

    @classmethod
    def of(cls, book: Any, lang: Lang) -> Formats:
        """Formats of a new workbook."""
        return cls(book, lang, {})

    def _get(self, key: tuple[object, ...], properties: Mapping[str, object]) -> Any:
        if key not in self.made:
            self.made[key] = self.book.add_format({"valign": "vcenter", **properties})
        return self.made[key]

    @property
    def _fonts(self) -> tuple[str, str]:
        return FONTS[self.lang]

    def title(self) -> Any:
        """Title across the table."""
        return self._get(
            ("title",), {"font_name": self._fonts[0], "font_size": 18, "align": "center", "text_wrap": True}
        )

    def subtitle(self) -> Any:
        """The line below the title."""
        return self._get(("subtitle",), {"font_name": self._fonts[1], "font_size": 10.5, "align": "right"})

    def mark(self) -> Any:
        """The mark of synthetic data: red, so that no copy of the page goes without it."""
        return self._get(
            ("mark",),
            {
                "font_name": self._fonts[0],
                "font_size": 11,
                "align": "center",
                "font_color": "#C00000",
                "text_wrap": True,
            },
        )

    def warning(self) -> Any:
        """What must be read before the table."""
        font = {"font_name": self._fonts[1], "font_size": 10.5, "font_color": "#C00000"}
        return self._get(("warning",), {**font, "align": "left", "text_wrap": True})

    def head(self) -> Any:
        """Headings of columns."""
        return self._get(
            ("head",),
            {
                **EDGE,
                "font_name": self._fonts[0],
                "font_size": 10,
                "align": "center",
                "text_wrap": True,
                "bg_color": HEAD_FILL,
            },
        )

    def note(self) -> Any:
        """Notes below the table."""
        return self._get(
            ("note",),
            {
                "font_name": self._fonts[1],
                "font_size": 9.5,
                "text_wrap": True,
                "valign": "top",
                "font_color": "#404040",
            },
        )

    def cell(self, kind: Kind, *, quiet: bool = False, total: bool = False) -> Any:
        """A cell of the table; quiet for what is expected and not published, total for the row of sums."""
        align = "left" if kind.left else "center" if kind.centred else "right"
        properties: dict[str, object] = {**EDGE, "font_name": self._fonts[1], "font_size": 10, "align": align}
        properties |= {"text_wrap": True}
        if kind.excel:
            properties["num_format"] = kind.excel
        if quiet:
            properties |= {"italic": True, "font_color": QUIET}
        if total:
            properties |= {"bold": True, "bg_color": "#F2F2F2"}
        return self._get(("cell", kind, quiet, total), properties)

    def light(self, colour: str) -> Any:
        """Conditional format of a light."""
        fill, letters = LIGHTS[colour]
        return self._get(("light", colour), {"bg_color": fill, "font_color": letters, "bold": True})


PAPER_NUMBERS: Final = {Paper.A3: 8, Paper.A4: 9}
LINE_POINTS: Final = 14.0
"""Height of a line of text of a cell, points."""
HEAD_POINTS: Final = 14.5
TITLE_POINTS: Final = 30.0
PADDING: Final = 1.5
NARROWEST: Final = 4.0
MARGINS: Final = {"left": 0.5, "right": 0.5, "top": 0.6, "bottom": 0.7}
"""Inches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where a table ended up.

    first : row (from 0) of its first row of cells
    """

    sheet: Sheet
    first: int
    widths: tuple[float, ...]


def write_sheet(book: Any, sheet: Sheet, *, formats: Formats, source: str, lang: Lang) -> Placed:
    """Write a table onto a new worksheet.

    Parameters
    ----------
    source : provenance for the footer of every printed page
    """
    page = book.add_worksheet(sheet.tab)
    widths = _widths(sheet, lang)
    for k, width in enumerate(widths):
        page.set_column(k, k, width)
    last = len(sheet.fields) - 1
    row = _titles(page, sheet, last=last, widths=widths, formats=formats)
    first = _headings(page, sheet, row, widths=widths, formats=formats, lang=lang)
    placed = Placed(sheet=sheet, first=first, widths=widths)
    after = _cells(page, placed, formats=formats, lang=lang)
    _lights(page, placed, formats=formats, lang=lang)
    _notes(page, sheet, after, last=last, widths=widths, formats=formats)
    _print_setup(page, sheet, first=first, source=source, lang=lang)
    if sheet.charts:
        write_charts(book, placed, source=source, lang=lang)
    return placed


def _texts(sheet: Sheet, column: int, lang: Lang) -> list[str]:
    style = sheet.fields[column].kind
    return [style.shown(row[column], lang) for row in sheet.rows]


def _widths(sheet: Sheet, lang: Lang) -> tuple[float, ...]:
    """Widths of all columns; a narrow table is stretched until title and subtitle have room."""
    needed = [_column_width(sheet, k, lang) for k in range(len(sheet.fields))]
    room = text_width(sheet.subtitle) + PADDING
    stretch = max(1.0, room / sum(needed))
    return tuple(width * stretch for width in needed)


def _column_width(sheet: Sheet, column: int, lang: Lang) -> float:
    """Characters of the widest cell up to where the column wraps; a heading wraps at any width."""
    one = sheet.fields[column]
    widest = max((text_width(text) for text in _texts(sheet, column, lang)), default=0.0)
    head = text_width(one.heading(lang))
    readable = min(head, 6.0 if lang == "zh" else 9.0)
    longest_word = max(
        (text_width(word) for word in re.split(r"[\s/—]+", one.heading(lang)) if word.isascii()), default=0
    )
    return max(min(widest, float(one.widest)), readable, NARROWEST, float(longest_word)) + PADDING


def _titles(page: Any, sheet: Sheet, *, last: int, widths: tuple[float, ...], formats: Formats) -> int:
    """Title, mark, subtitle, what must be read first, across the table; the row below them."""
    row = 0
    wide = sum(widths) / 1.8
    for text, style, height in (
        (sheet.title, formats.title(), TITLE_POINTS * lines_needed(sheet.title, wide)),
        (sheet.mark, formats.mark(), 18.0),
        (sheet.subtitle, formats.subtitle(), 18.0),
        (sheet.warning, formats.warning(), 15.0 * lines_needed(sheet.warning, sum(widths))),
    ):
        if not text:
            continue
        _across(page, row, last, text, style)
        page.set_row(row, height)
        row += 1
    return row


def _across(page: Any, row: int, last: int, text: str, style: Any) -> None:
    if last > 0:
        page.merge_range(row, 0, row, last, "", style)
    page.write_string(row, 0, text, style)


def _headings(page: Any, sheet: Sheet, row: int, *, widths: tuple[float, ...], formats: Formats, lang: Lang) -> int:
    """Headings, below those of groups where there are groups; the row of the first cells."""
    head = formats.head()
    grouped = any(one.group for one in sheet.fields)
    bottom = row + 1 if grouped else row
    at = 0
    for (group, title), members in groupby(sheet.fields, key=lambda one: (one.group, _group_title(one, lang))):
        size = len(list(members))
        if grouped and group:
            if size > 1:
                page.merge_range(row, at, row, at + size - 1, "", head)
            page.write_string(row, at, title, head)
        at += size
    lines = 1
    for k, one in enumerate(sheet.fields):
        text = one.heading(lang)
        if grouped and not one.group:
            page.merge_range(row, k, bottom, k, "", head)
            page.write_string(row, k, text, head)
        else:
            page.write_string(bottom, k, text, head)
        lines = max(lines, lines_needed(text, widths[k] - PADDING))
    if grouped:
        page.set_row(row, HEAD_POINTS * _group_lines(sheet, widths, lang) + 4)
    page.set_row(bottom, HEAD_POINTS * lines + 4)
    return bottom + 1


def _group_title(one: Field, lang: Lang) -> str:
    return t(f"reports.group_{one.group}", lang, **one.params) if one.group else ""


def _group_lines(sheet: Sheet, widths: tuple[float, ...], lang: Lang) -> int:
    lines, at = 1, 0
    for (_, title), members in groupby(sheet.fields, key=lambda one: (one.group, _group_title(one, lang))):
        size = len(list(members))
        lines = max(lines, lines_needed(title, sum(widths[at : at + size]) - PADDING) if title else 1)
        at += size
    return lines


def _cells(page: Any, placed: Placed, *, formats: Formats, lang: Lang) -> int:
    """Rows of the table, their formulas, a row of sums; the row below."""
    sheet, row = placed.sheet, placed.first
    for i, values in enumerate(sheet.rows):
        height = 1
        for k, (value, one) in enumerate(zip(values, sheet.fields, strict=True)):
            style = formats.cell(one.kind, quiet=(i, k) in sheet.quiet)
            _write(page, row, k, value, one, style, sheet=sheet, values=values, lang=lang)
            height = max(height, lines_needed(one.kind.shown(value, lang), placed.widths[k] - PADDING + 0.5))
        page.set_row(row, LINE_POINTS * height + 5)
        row += 1
    if sheet.rows and any(one.total for one in sheet.fields):
        _totals(page, placed, row, formats=formats, lang=lang)
        row += 1
    return row


def _write(
    page: Any,
    row: int,
    column: int,
    value: Value,
    one: Field,
    style: Any,
    *,
    sheet: Sheet,
    values: tuple[Value, ...],
    lang: Lang,
) -> None:
    if isinstance(value, str):
        page.write_string(row, column, value, style)
    elif value is None and sheet.dashes:
        page.write_string(row, column, t("glossary.none", lang), style)
    elif value is None:
        page.write_blank(row, column, None, style)
    elif (formula := _formula(one, row, sheet, values)) is not None:
        page.write_formula(row, column, formula, style, value)
    else:
        page.write_number(row, column, value, style)


def _formula(one: Field, row: int, sheet: Sheet, values: tuple[Value, ...]) -> str | None:
    """The formula of a cell; None where the column has none, or a cell that it needs has no number."""
    if not one.formula:
        return None
    needed = {name: sheet.position(name) for name in re.findall(r"{(\w+)}", one.formula)}
    if any(isinstance(values[at], str) or values[at] is None for at in needed.values()):
        return None
    return "=" + one.formula.format(**{name: xl_rowcol_to_cell(row, at) for name, at in needed.items()})


def _totals(page: Any, placed: Placed, row: int, *, formats: Formats, lang: Lang) -> None:
    sheet = placed.sheet
    for k, one in enumerate(sheet.fields):
        style = formats.cell(one.kind, total=True)
        numbers = [value for value in sheet.column(one.name) if isinstance(value, int | float)]
        if one.total and numbers:
            span = f"{xl_rowcol_to_cell(placed.first, k)}:{xl_rowcol_to_cell(row - 1, k)}"
            page.write_formula(row, k, f"=SUM({span})", style, sum(numbers))
        else:
            page.write_string(row, k, t("reports.total", lang) if k == 0 else "", style)


def _lights(page: Any, placed: Placed, *, formats: Formats, lang: Lang) -> None:
    """Colour by the word in the cell, so that a word changed by hand changes its colour."""
    if not placed.sheet.rows:
        return
    for k, one in enumerate(placed.sheet.fields):
        if one.kind is not Kind.LIGHT:
            continue
        last = placed.first + len(placed.sheet.rows) - 1
        for light in Light:
            page.conditional_format(
                placed.first,
                k,
                last,
                k,
                {
                    "type": "cell",
                    "criteria": "==",
                    "value": f'"{words.light_name(light, lang)}"',
                    "format": formats.light(light.value),
                },
            )


def _notes(page: Any, sheet: Sheet, row: int, *, last: int, widths: tuple[float, ...], formats: Formats) -> None:
    width = (sum(widths) - PADDING) * 1.08
    for text in sheet.notes:
        _across(page, row, last, text, formats.note())
        page.set_row(row, 13.5 * lines_needed(text, width) + 2)
        row += 1


def _print_setup(page: Any, sheet: Sheet, *, first: int, source: str, lang: Lang) -> None:
    page.set_landscape()
    page.set_paper(PAPER_NUMBERS[sheet.paper])
    page.set_margins(**MARGINS)
    page.center_horizontally()
    page.fit_to_pages(1, 0)
    page.hide_gridlines(2)
    page.freeze_panes(first, sheet.frozen)
    if len(sheet.rows) > 12:
        page.repeat_rows(first - (2 if any(one.group for one in sheet.fields) else 1), first - 1)
    page.set_footer(f"&L&8{footer_text(source, sheet.mark)}&R&8{t('reports.page_of', lang)}")


STANDARD_FONT: Final[Mapping[Lang, Mapping[str, object]]] = {
    "zh": {
        "default_format_properties": {"font_name": "宋体", "font_size": 11},
        "default_column_width": 72,
        "default_row_height": 18,
    },
    "en": {},
}
"""Standard font of the workbook, on whose digits widths of columns and places of charts are measured."""


def made_at(dossier: Dossier) -> dt.datetime:
    """The day that files say they were made on: the day of knowledge of the run, not of the clock."""
    return dt.datetime.combine(dossier.run.paths.as_of.day, dt.time())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TaskList:
    """A task list that goes into a workbook, as it stands in ``report.task_sheet``.

    tasks : those listed; None: all; recipient : whose they are, empty for everybody
    """

    breakdown: Breakdown
    tasks: tuple[Task, ...] | None = None
    recipient: str = ""


def workbook_bytes(
    sheets: Sequence[Sheet], dossier: Dossier, *, lang: Lang, tasks: bool = False, lists: Sequence[TaskList] = ()
) -> bytes:
    """A workbook with a worksheet a table, in order.

    Parameters
    ----------
    tasks : whether the task list of every indicator follows the table of sums
    lists : task lists at the end
    """
    buffer = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        **deepcopy(STANDARD_FONT[lang]),  # xlsxwriter writes into what it is given
    }
    source = source_line(dossier, lang)
    every = [TaskList(breakdown=b) for b in dossier.assigned.breakdowns if b.tasks] if tasks else []
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties(
            {
                "title": sheets[0].title if sheets else t("reports.tasks_title", lang, city=city_name(dossier, lang)),
                "subject": source,
                "author": t("reports.author", lang),
                "comments": dossier.mark(lang, ledger=True),
                "created": made_at(dossier),
            }
        )
        formats = Formats.of(book, lang)
        for sheet in sheets:
            write_sheet(book, sheet, formats=formats, source=source, lang=lang)
            if sheet.name == "tasks":
                _lists(book, every, dossier, lang)
        _lists(book, lists, dossier, lang)
    return buffer.getvalue()


def _lists(book: Any, lists: Sequence[TaskList], dossier: Dossier, lang: Lang) -> None:
    for one in lists:
        write_task_sheet(
            book,
            one.breakdown,
            source=dossier.provenance,
            city=city_name(dossier, lang),
            knowledge=words.knowledge(dossier.run.paths.as_of, lang),
            tasks=one.tasks,
            recipient=one.recipient,
            lang=lang,
        )
