"""The wide sheet of a planner's workbook: indicator and place down, months across, published figures in between.

The header is one row (指标, 地区, 口径, then months with their year) or several (years above, months below, 绝对额 and
增速 below a month or beside it); anything above it is a title, notes and 合计 below are left aside and named. Merged
cells hold for all that they cover in the header and in the first columns. Words and units of name, header and 口径
decide the measure; where they exclude each other, that is a problem.

Invariant: a figure keeps the address of its cell, and every figure has one month, one measure, one place
(held by ``tests/test_workbook.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from forecast.data.reading.columns import CHOICES
from forecast.data.reading.problems import Problems, plain, quoted
from forecast.data.reading.rows import CellError, is_masked, parse_number, parse_period
from forecast.data.reading.sheets import Sheet
from forecast.data.reading.spoken import Said, combined, measure_id, said_of, to_yi
from forecast.periods import Month


@dataclass(frozen=True, slots=True)
class Figure:
    """One filled cell: month, measure (id), text of the value, address, unit of a level as written.

    base : 100 where growth is written as an index, else 0
    """

    period: Month
    measure: str
    value: str
    cell: str
    unit: str = ""
    base: int = 0

    @property
    def written(self) -> str:
        """Text of the value, an amount in 亿元, growth in percent; as it stands where it is no number."""
        level = self.measure.startswith("level")
        factor = to_yi(self.unit) if level else 1.0
        text = plain(self.value).removesuffix(self.unit).strip() if level and self.unit else self.value
        if factor == 1.0 and not self.base:
            return text
        try:
            return f"{parse_number(text) * factor - self.base:.12g}"
        except CellError:
            return self.value


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
    "place": frozenset({"地区", "地区名称", "区域", "范围", "市县", "县区", "城市", "单位名称", "市州", "unit"}),
    "measure": frozenset({"口径", "数据口径", "数据类型", "类型", "measure"}),
    "source": frozenset({"来源", "数据来源", "出处", "source"}),
    "unit": frozenset({"单位", "计量单位"}),
}
ASIDE: Final = re.compile(
    r"备注|说明|序号|编[码号]|代码|部门|位次|排名|排位|名次|排序|目标|计划|任务|预计|预测|上年|去年|no\.?$", re.I
)
"""Headers of columns that are not read: no published growth."""
_MONTH_LIKE: Final = re.compile(r"\d|月|季|年|q[1-4]", re.I)
_AGAINST: Final = re.compile(r"[比较与](?:上年|去年)(?:同期|同月)?")
MONTH_DECORATION: Final = re.compile(
    r"[比较与](?:上年|去年)(?:同期|同月)?|截至|截止|累计|当月|单月|本月止?|同比|名义|实际|增速|增长率|增长|增幅|±|数据|完成"
    r"|绝对[额值量数]|总量|(?<=[月年度])[值额数量]|(?<=累计)[值额数]|\([^()\d]*\)|%|亿元|万元|[:：]"
)
_YEAR: Final = re.compile(r"((?:19|20|21)\d\d)年?度?")
_MEASURES: Final = {word: measure for measure, words in CHOICES["measure"].items() for word in (measure, *words)}
_READ_MEASURES: Final = ("cum_yoy_pct", "month_yoy_pct", "level_cum", "level_month")
_KINDS: Final[Mapping[str, Said]] = {
    "cum_yoy_pct": Said("growth", "cum", worded=True),
    "month_yoy_pct": Said("growth", "month", worded=True),
    "level_cum": Said("level", "cum", worded=True),
    "level_month": Said("level", "month", worded=True),
}
NOTE: Final = re.compile(
    r"^[(\[]?(?:注\d*[:：.、]?|备注|说明|附注|制表|填表|填报|审核|审签|复核|签发|资料来源|数据来源|来源[:：]|单位负责人|联系人"
    r"|负责人|联系电话|报送|本表|以上数据|打印|\*)"
)
"""Beginnings of notes below a table."""
TOTALS: Final = frozenset({"合计", "总计", "小计", "合 计", "总 计", "平均", "平均值"})
"""Rows that repeat what other rows say."""
_MOST_HEAD_ROWS: Final = 4
_RANKED: Final = 5
"""Places from which on growth figures that are 1, 2, 3 … are told to be ranks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """What a header says of its column.

    implied : the kind follows from the column beside it, not from a word
    """

    month: Month
    said: Said
    text: str
    implied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """Where things stand.

    labels : label -> column; last : last row of the header
    """

    labels: Mapping[str, int]
    columns: Mapping[int, _Column]
    last: int


def read_wide(sheet: Sheet, file: str, problems: Problems) -> tuple[WideRow, ...]:
    """Rows of the wide sheet that hold figures; a row without any is a form not yet filled in, or a note.

    Problems are noted for a header that is not found, months that cannot be read or appear twice, figures without
    indicator or place, merged figures, and measures that contradict each other.
    """
    labels, first = label_row(sheet)
    if not labels:
        problems.add("wide_header_missing", file, column=sheet.title)
        return ()
    header = _header(sheet, file, problems, labels=labels, row=first)
    numbers = [row for row in sheet.rows if row > header.last]
    read = [_row(sheet, file, problems, header=header, number=number) for number in numbers]
    rows = without_ranks([row for row in read if row is not None], file, problems)
    if not rows and not len(problems):
        problems.add("wide_empty", file, column=sheet.title)
    return rows


def header_word(text: str) -> str:
    """A header as it is compared: plain, without spaces, in lower case."""
    return re.sub(r"\s+", "", plain(text)).lower()


_word = header_word


def label_row(sheet: Sheet) -> tuple[dict[str, int], int]:
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
    """Months and measures of the columns; the years stand beside the months, or in the row above them."""
    others = [c for c in range(1, sheet.width + 1) if c not in labels.values()]
    head = [row]
    while len(head) < _MOST_HEAD_ROWS and _is_head_row(sheet, head[-1] + 1, labels=labels, row=row, columns=others):
        head.append(head[-1] + 1)
    reader = _HeaderReader(sheet, file, problems, tuple(head))
    for column in others:
        reader.read(column)
    if not reader.columns and not len(problems):
        problems.add("wide_header_missing", file, column=sheet.title)
    return _Header(labels=labels, columns=reader.with_pairs(), last=head[-1])


def _is_head_row(sheet: Sheet, below: int, *, labels: Mapping[str, int], row: int, columns: Sequence[int]) -> bool:
    """Whether a row goes on with the header: nothing new below the labels, months or measures below the others."""
    names = [sheet.spread(below, labels[name]) for name in ("indicator", "place")]
    if any(text not in ("", sheet.spread(row, labels[name])) for text, name in zip(names, labels, strict=False)):
        return False
    texts = [sheet.spread(below, column) for column in columns]
    return any(is_month(text) or (said_of(text).kind and not re.search(r"\d", text)) for text in texts if text)


def is_month(text: str) -> bool:
    """Whether a header names a month, with or without its year."""
    word = MONTH_DECORATION.sub("", _word(text))
    try:
        return bool(word) and parse_period(word) is not None
    except CellError as error:
        return error.code == "period_no_year"


class _HeaderReader:
    """Reads the header column by column, from left to right."""

    def __init__(self, sheet: Sheet, file: str, problems: Problems, head: tuple[int, ...]) -> None:
        self.sheet, self.file, self.problems, self.head = sheet, file, problems, head
        self.columns: dict[int, _Column] = {}
        self.seen: dict[tuple[Month, str, str], str] = {}
        self.pairs: dict[int, int] = {}
        self.year = ""
        self.left: int | None = None

    def read(self, column: int) -> None:
        """One column: its month, from its own header or that to its left, and what its words say."""
        words = self._words(column)
        self._year(column)
        if not words:
            self.left = None
            _check_stray(self.sheet, self.file, self.problems, row=self.head[-1], column=column)
            return
        text = " ".join(words)
        if ASIDE.search(_AGAINST.sub("", _word(text))):
            self._aside(column, text)
            return
        month = self._month(column, words)
        said = combined(_DECORATION_MONTH.sub("", word) for word in words)
        if month is None:
            paired = said.kind in ("growth", "level") and self.left is not None
            if not paired or self.left is None:
                self._aside(column, text)
                return
            month, self.pairs[column] = self.columns[self.left].month, self.left
        if said.aside:
            self._aside(column, text, keep_left=True)
            return
        if said.contradiction:
            self.problems.add(
                "measure_contradiction", self.file, column=self._address(column), found=quoted(said.contradiction)
            )
            return
        key = (month, said.kind, said.span)
        if key in self.seen:
            self.problems.add(
                "wide_month_twice", self.file, column=self._address(column), value=str(month), first=self.seen[key]
            )
            return
        self.seen[key] = self._address(column)
        self.columns[column] = _Column(month=month, said=said, text=text)
        if column not in self.pairs:
            self.left = column

    def _words(self, column: int) -> list[str]:
        """Texts over a column from above down, those of one merged range once."""
        anchors = dict.fromkeys(self.sheet.anchors.get((row, column), (row, column)) for row in self.head)
        return [text for anchor in anchors if (text := self.sheet.cells.get(anchor, ""))]

    def _address(self, column: int) -> str:
        row = next((r for r in reversed(self.head) if self.sheet.spread(r, column)), self.head[-1])
        return self.sheet.address(row, column)

    def _year(self, column: int) -> None:
        """Year that stands over a column, or to the left of where it would."""
        rows = [self.head[0] - 1, *self.head[:-1]]
        above = [text for row in rows if (text := self.sheet.spread(row, column))]
        if above:
            found = [match[1] for text in above if (match := _YEAR.search(_word(text)))]
            self.year = found[-1] if found else self.year if len(self.head) > 1 and not _only_title(above) else ""

    def _month(self, column: int, words: Sequence[str]) -> Month | None:
        """Month of a column's own words; None, with a problem where they look like one and are none."""
        for text in reversed(words):
            bare = MONTH_DECORATION.sub("", _word(text))
            if not bare or not _MONTH_LIKE.search(bare):
                continue
            try:
                return parse_period(_with_year(bare, self.year))
            except CellError as error:
                if len(words) > 1 and _YEAR.fullmatch(bare):
                    continue
                self.problems.add(error.code, self.file, column=self._address(column), value=quoted(text))
                return None
        return None

    def _aside(self, column: int, text: str, *, keep_left: bool = False) -> None:
        self.left = self.left if keep_left or said_of(text).aside else None
        if any(row > self.head[-1] and self.sheet.text(row, column) for row in self.sheet.rows):
            self.problems.remark("columns_aside", self.file, f"{self._address(column)} “{quoted(text)}”")

    def with_pairs(self) -> dict[int, _Column]:
        """Columns, a month's bare one beside 增速 being its level."""
        found = dict(self.columns)
        for column, left in self.pairs.items():
            one, other = found.get(column), found.get(left)
            if one is not None and other is not None and one.said.kind == "growth" and not other.said.kind:
                found[left] = replace(other, said=replace(other.said, kind="level"), implied=True)
        return found


_DECORATION_MONTH: Final = re.compile(r"1\s*[-—–~至到]\s*\d{1,2}\s*月份?")
"""A year to date: says the month, and nothing of the measure."""


def _only_title(above: Sequence[str]) -> bool:
    """Whether what stands over a column is one long line, and no head of columns."""
    return len(above) == 1 and len(above[0]) > 12


def _check_stray(sheet: Sheet, file: str, problems: Problems, *, row: int, column: int) -> None:
    """Cells below an empty header, in rows that hold something to their left."""
    below = next((r for r in sheet.rows if r > row and sheet.text(r, column)), None)
    if below is not None and any(sheet.text(below, c) for c in range(1, column)) and not _is_note(sheet, below):
        shown = quoted(sheet.text(below, column))
        problems.add("cell_without_header", file, column=sheet.address(below, column), value=shown, position=column)


def _is_note(sheet: Sheet, row: int) -> bool:
    first = next((text for c in range(1, sheet.width + 1) if (text := sheet.text(row, c))), "")
    return NOTE.match(plain(first)) is not None


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
    at = header.labels
    names = {label: plain(sheet.spread(number, column)) for label, column in at.items()}
    if _is_note(sheet, number):
        problems.remark("notes_aside", file, f"{sheet.address(number, 1)} “{quoted(sheet.text(number, 1))}”")
        return None
    filled = [column for column in header.columns if sheet.text(number, column)]
    if not filled:
        return None
    if names["indicator"] in TOTALS or names["place"] in TOTALS:
        problems.remark("totals_aside", file, f"{sheet.address(number, at['indicator'])}")
        return None
    if _word(names["indicator"]) in _LABELS["indicator"] and _word(names["place"]) in _LABELS["place"]:
        problems.add("wide_second_header", file, column=sheet.address(number, at["indicator"]))
        return None
    for label in ("indicator", "place"):
        if not names[label]:
            problems.add("cell_empty", file, column=sheet.address(number, at[label]))
    if not (names["indicator"] and names["place"]):
        return None
    for column in filled:
        if (number, column) in sheet.anchors:
            place = sheet.address(number, column)
            problems.add("cells_merged", file, column=place, found=place)
    figures = _Measured(sheet, file, problems, header, number).figures(filled)
    if not figures:
        return None
    return WideRow(
        indicator=sheet.spread(number, at["indicator"]).strip(),
        place=names["place"],
        source=names.get("source", ""),
        row=number,
        cell=sheet.address(number, at["indicator"]),
        place_cell=sheet.address(number, at["place"]),
        figures=figures,
    )


class _Measured:
    """The figures of one row, each with the measure that name, 口径, unit and header say together."""

    def __init__(self, sheet: Sheet, file: str, problems: Problems, header: _Header, number: int) -> None:
        self.sheet, self.file, self.problems, self.header, self.number = sheet, file, problems, header, number
        self.name = self._text("indicator")
        self.of_name, self.of_unit = said_of(self.name), said_of(self._text("unit"))
        self.of_row = self._row_measure()

    def _text(self, label: str) -> str:
        column = self.header.labels.get(label)
        return "" if column is None else self.sheet.spread(self.number, column)

    def _row_measure(self) -> Said:
        """What 口径 says; nothing where it is empty, with a problem where it is no measure."""
        text = self._text("measure")
        word = re.sub(r"\([^()]*\)|%", "", _word(text))
        if not word:
            return Said()
        measure = _MEASURES.get(word, "")
        if measure in _READ_MEASURES:
            return replace(_KINDS[measure], unit=said_of(text).unit)
        words = [f"{CHOICES['measure'][known][0]}%" for known in _READ_MEASURES[:2]]
        expected = ", ".join(words + [CHOICES["measure"][known][0] for known in _READ_MEASURES[2:]])
        place = self.sheet.address(self.number, self.header.labels["measure"])
        self.problems.add("choice_unknown", self.file, column=place, value=quoted(text), expected=expected)
        return Said()

    def figures(self, columns: Iterable[int]) -> tuple[Figure, ...]:
        """Figures of the filled columns; none where the name says that the row is no measure that is read."""
        address = self.sheet.address(self.number, self.header.labels["indicator"])
        if self.of_name.contradiction:
            self._contradicts(address, self.of_name.contradiction)
            return ()
        if self.of_name.aside:
            self.problems.remark("rows_aside", self.file, f"{address} “{quoted(self.name)}”")
            return ()
        read = [self._figure(column) for column in columns]
        return tuple(figure for figure in read if figure is not None)

    def _contradicts(self, address: str, found: str) -> None:
        self.problems.add("measure_contradiction", self.file, column=address, found=quoted(found))

    def _figure(self, column: int) -> Figure | None:
        one, row, name = self.header.columns[column], self.of_row, self.of_name
        text, address = self.sheet.text(self.number, column), self.sheet.address(self.number, column)
        if is_masked(text) and not text.strip():
            return None
        stated = self._text("measure")
        clashes = [
            (one.said.kind, row.kind, f"{one.text} / {stated}"),
            (row.kind, name.kind, f"{self.name} / {stated}"),
            (one.said.kind if name.worded else "", name.kind, f"{self.name} / {one.text}"),
        ]
        for first, second, shown in clashes:
            if first and second and first != second:
                self._contradicts(address, shown)
                return None
        kind = one.said.kind or row.kind or name.kind or self.of_unit.kind or "growth"
        span = one.said.span or row.span or name.span
        unit = one.said.unit or row.unit or self.of_unit.unit or name.unit
        measure = measure_id(kind, span)
        return Figure(one.month, measure, text, address, unit if kind == "level" else "") if measure else None


def without_ranks(rows: Sequence[WideRow], file: str, problems: Problems) -> tuple[WideRow, ...]:
    """Rows without figures that are ranks under a header of growth: 1, 2, 3 … over the places of one month."""
    groups: dict[tuple[str, Month, str], list[Figure]] = {}
    for row in rows:
        for figure in row.figures:
            if figure.measure in ("cum_yoy_pct", "month_yoy_pct"):
                column = figure.cell.rstrip("0123456789")
                groups.setdefault((row.indicator, figure.period, column), []).append(figure)
                groups.setdefault((row.indicator, figure.period, str(row.row)), []).append(figure)
    ranked = {figure.cell for figures in groups.values() if _are_ranks(figures) for figure in figures}
    if not ranked:
        return tuple(rows)
    for cell in sorted(ranked):
        problems.remark("ranks_aside", file, cell)
    kept = [replace(row, figures=tuple(f for f in row.figures if f.cell not in ranked)) for row in rows]
    return tuple(row for row in kept if row.figures)


def _are_ranks(figures: Sequence[Figure]) -> bool:
    """Whether figures are distinct whole numbers from 1 to about as many as they are."""
    try:
        values = [parse_number(figure.value) for figure in figures]
    except CellError:
        return False
    told = [value for value in values if value == value]  # without masked ones
    whole = all(value == int(value) for value in told)
    return (
        whole and len(told) >= _RANKED and len(set(told)) == len(told) and min(told) >= 1 and max(told) <= len(told) + 2
    )
