"""One table on one worksheet: title, headings, cells, formulas, notes, print set-up.

Invariant: nothing of a name is ever a formula, and a formula gives the number that was computed
(held by ``tests/test_report_workbook.py``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from xlsxwriter.utility import xl_rowcol_to_cell

from forecast.answers.judgement import Light
from forecast.report.workbook.charts import footer_text, write_charts
from forecast.report.workbook.formats import Formats
from forecast.tables import words
from forecast.tables.table import Field, Kind, Paper, Sheet, Value, lines_needed, text_width
from forecast.texts import Lang, t

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
    """Title, mark, subtitle across the table; the row below them."""
    row = 0
    wide = sum(widths) / 1.8
    for text, style, height in (
        (sheet.title, formats.title(), TITLE_POINTS * lines_needed(sheet.title, wide)),
        (sheet.mark, formats.mark(), 18.0),
        (sheet.subtitle, formats.subtitle(), 18.0),
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
