"""The wide sheet of a planner's workbook: indicator and place down, months across, published growth in between.

The header is one row (指标, 地区, 口径, then months with their year) or two (years above, months below); anything
above it is a title. Merged cells hold for all that they cover in the header and in the first columns.

Invariant: a figure keeps the address of its cell, and every figure has one month, one measure, one place
(held by ``tests/test_workbook.py``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from forecast.data.reading.columns import CHOICES
from forecast.data.reading.problems import Problems, plain, quoted
from forecast.data.reading.rows import CellError, parse_period
from forecast.data.reading.sheets import Sheet
from forecast.periods import Month


@dataclass(frozen=True, slots=True)
class Figure:
    """One filled cell: month, measure (id), text of the value, address."""

    period: Month
    measure: str
    value: str
    cell: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WideRow:
    """One row with at least one filled month.

    indicator, place : as written; source : "" where the sheet has no such column
    cell, place_cell : addresses of indicator and place
    """

    indicator: str
    place: str
    source: str
    row: int
    cell: str
    place_cell: str
    figures: tuple[Figure, ...]


_LABELS: Final[Mapping[str, frozenset[str]]] = {
    "indicator": frozenset({"指标", "指标名称", "主要指标", "指标项", "项目", "indicator"}),
    "place": frozenset({"地区", "地区名称", "区域", "范围", "市县", "县区", "城市", "单位名称", "unit"}),
    "measure": frozenset({"口径", "数据口径", "数据类型", "类型", "measure"}),
    "source": frozenset({"来源", "数据来源", "出处", "source"}),
}
_ASIDE: Final = re.compile(r"备注|说明|序号|单位|部门|位次|排名|排序|目标|计划|任务|预计|预测|no\.?$", re.I)
"""Headers of columns that are not read: no published growth."""
_MONTH_LIKE: Final = re.compile(r"\d|月|季|年|q[1-4]", re.I)
_DECORATION: Final = re.compile(r"截至|截止|累计|当月|单月|同比|增速|增长率|增长|增幅|数据|\(%\)|%|\(\)|[:：]")
_YEAR: Final = re.compile(r"((?:19|20|21)\d\d)年?度?")
_SINGLE: Final = re.compile(r"当月|单月")
_MEASURES: Final = {word: measure for measure, words in CHOICES["measure"].items() for word in (measure, *words)}
_READ_MEASURES: Final = ("cum_yoy_pct", "month_yoy_pct", "level_cum", "level_month")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """Where things stand.

    labels : label -> column; months : column -> (month, measure that the header states, or "")
    last : last row of the header
    """

    labels: Mapping[str, int]
    months: Mapping[int, tuple[Month, str]]
    last: int


def read_wide(sheet: Sheet, file: str, problems: Problems) -> tuple[WideRow, ...]:
    """Rows of the wide sheet that hold figures; a row without any is a form not yet filled in, or a note.

    Problems are noted for a header that is not found, months that cannot be read or appear twice, figures without
    indicator or place, and merged figures.
    """
    labels, last = _label_row(sheet)
    if not labels:
        problems.add("wide_header_missing", file, column=sheet.title)
        return ()
    header = _header(sheet, file, problems, labels=labels, row=last)
    numbers = [row for row in sheet.rows if row > header.last]
    read = [_row(sheet, file, problems, header=header, number=number) for number in numbers]
    rows = tuple(row for row in read if row is not None)
    if not rows and not len(problems):
        problems.add("wide_empty", file, column=sheet.title)
    return rows


def _word(text: str) -> str:
    return re.sub(r"\s+", "", plain(text)).lower()


def _label_row(sheet: Sheet) -> tuple[dict[str, int], int]:
    """Columns of the labels, and the first row that has both indicator and place; none where there is no such row."""
    for row in sheet.rows:
        found: dict[str, int] = {}
        for column in range(1, sheet.width + 1):
            word = _word(sheet.spread(row, column))
            for label, words in _LABELS.items():
                if word in words:
                    found.setdefault(label, column)
        if "indicator" in found and "place" in found:
            return found, row
    return {}, 0


def _header(sheet: Sheet, file: str, problems: Problems, *, labels: Mapping[str, int], row: int) -> _Header:
    """Months of the columns; the years stand beside them, in the row above, or in the row of the labels."""
    others = [c for c in range(1, sheet.width + 1) if c not in labels.values()]
    below = row + 1
    free = all(
        sheet.spread(below, labels[name]) in ("", sheet.spread(row, labels[name])) for name in ("indicator", "place")
    )
    two_rows = free and any(_is_month(sheet.spread(below, column)) for column in others)
    month_row, year_row = (below, row) if two_rows else (row, row - 1)
    months: dict[int, tuple[Month, str]] = {}
    seen: dict[tuple[Month, str], str] = {}
    year = ""
    for column in others:
        above = sheet.spread(year_row, column)
        if above:
            found = _YEAR.search(_word(above))
            year = found[1] if found else ""
        named = row if two_rows and not sheet.spread(month_row, column) else month_row
        read = _month(sheet, file, problems, at=(named, column), year=year)
        if read is None:
            continue
        place = sheet.address(named, column)
        if read in seen:
            problems.add("wide_month_twice", file, column=place, value=str(read[0]), first=seen[read])
            continue
        seen[read] = place
        months[column] = read
    if not months and not len(problems):
        problems.add("wide_header_missing", file, column=sheet.title)
    return _Header(labels=labels, months=months, last=month_row)


def _is_month(text: str) -> bool:
    """Whether a header names a month, with or without its year."""
    word = _DECORATION.sub("", _word(text))
    try:
        return bool(word) and parse_period(word) is not None
    except CellError as error:
        return error.code == "period_no_year"


def _month(sheet: Sheet, file: str, problems: Problems, *, at: tuple[int, int], year: str) -> tuple[Month, str] | None:
    """Month and stated measure of a column; None where it has none, with a problem unless it is to be left aside."""
    row, column = at
    text = sheet.spread(row, column)
    word = _word(text)
    if not word:
        below = next((r for r in sheet.rows if r > row and sheet.text(r, column)), None)
        if below is not None and any(sheet.text(below, c) for c in range(1, column)):
            shown = quoted(sheet.text(below, column))
            problems.add("cell_without_header", file, column=sheet.address(below, column), value=shown, position=column)
        return None
    if _ASIDE.search(word) or not _MONTH_LIKE.search(word):
        return None
    bare = _DECORATION.sub("", word)
    measure = "month_yoy_pct" if _SINGLE.search(word) else "cum_yoy_pct" if "累计" in word else ""
    try:
        return parse_period(_with_year(bare, year)), measure
    except CellError as error:
        problems.add(error.code, file, column=sheet.address(row, column), value=quoted(text))
        return None


def _with_year(month: str, year: str) -> str:
    """A month with the year above it, where it has none of its own: ``8`` and 1-8月 below 2020年."""
    if not year:
        return month
    if re.fullmatch(r"\d{1,2}(?:[-—–~至到]\d{1,2})?", month):
        return f"{year}年{month}月"
    try:
        parse_period(month)
    except CellError as error:
        if error.code == "period_no_year":
            return f"{year}年{month}"
    return month


def _row(sheet: Sheet, file: str, problems: Problems, *, header: _Header, number: int) -> WideRow | None:
    """One row; None where it holds no figure, or a problem says why it cannot be used."""
    filled = [column for column in header.months if sheet.text(number, column)]
    at = header.labels
    names = {label: plain(sheet.spread(number, column)) for label, column in at.items()}
    if not filled:
        return None
    if _word(names["indicator"]) in _LABELS["indicator"] and _word(names["place"]) in _LABELS["place"]:
        problems.add("wide_second_header", file, column=sheet.address(number, at["indicator"]))
        return None
    for label in ("indicator", "place"):
        if not names[label]:
            problems.add("cell_empty", file, column=sheet.address(number, at[label]))
    if not (names["indicator"] and names["place"]):
        return None
    measure = _measure(sheet, file, problems, number=number, column=at.get("measure"))
    merged = [column for column in filled if (number, column) in sheet.anchors]
    for column in merged:
        place = sheet.address(number, column)
        problems.add("cells_merged", file, column=place, found=place)
    return WideRow(
        indicator=sheet.spread(number, at["indicator"]).strip(),
        place=names["place"],
        source=names.get("source", ""),
        row=number,
        cell=sheet.address(number, at["indicator"]),
        place_cell=sheet.address(number, at["place"]),
        figures=_figures(sheet, header, number=number, columns=filled, measure=measure),
    )


def _figures(sheet: Sheet, header: _Header, *, number: int, columns: Sequence[int], measure: str) -> tuple[Figure, ...]:
    return tuple(
        Figure(
            header.months[column][0],
            header.months[column][1] or measure,
            sheet.text(number, column),
            sheet.address(number, column),
        )
        for column in columns
    )


def _measure(sheet: Sheet, file: str, problems: Problems, *, number: int, column: int | None) -> str:
    """Measure of a row: cumulative growth where the sheet does not say."""
    text = "" if column is None else sheet.spread(number, column)
    word = re.sub(r"\(%\)|%|\(亿元\)|\(\)", "", _word(text))
    if not word:
        return "cum_yoy_pct"
    measure = _MEASURES.get(word, "")
    if measure not in _READ_MEASURES:
        words = [f"{CHOICES['measure'][known][0]}%" for known in _READ_MEASURES[:2]]
        expected = ", ".join(words + [CHOICES["measure"][known][0] for known in _READ_MEASURES[2:]])
        place = sheet.address(number, column or 1)
        problems.add("choice_unknown", file, column=place, value=quoted(text), expected=expected)
        return "cum_yoy_pct"
    return measure
