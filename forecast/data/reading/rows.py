"""One column of a table, checked and typed; every cell that cannot be read is noted, and the rest goes on.

Invariant: a column comes back as long as its table, with a missing value wherever a problem was noted
(held by ``tests/test_tables.py``).

What a cell means: numbers, shares, months, days and words, as Chinese and English planners write them.

A masked cell (``X``, ``X%``, ``-``, ``—``, ``…``, 未公布, empty) is missing and never zero.

Invariant: a cell has one meaning or is an error that shows it (held by ``tests/test_tables.py``).
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal

import numpy as np

from forecast.data.reading.columns import CHOICES, MONEY_UNITS
from forecast.data.reading.problems import Problems, RawTable, near, plain, quoted
from forecast.data.reading.spoken import WordsError, spoken_number
from forecast.dims import Floats
from forecast.periods import Month, last_day
from forecast.texts import visible


class CellError(ValueError):
    """A cell that cannot be read; ``code`` is the key of the message."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


_MASK: Final = re.compile(
    r"(?:[x×*][x×*.]*)?%?|[-–—_/.·…]*%?|n/?a|nan|null|none"
    r"|(?:未|待|尚未|暂未)(?:公布|发布|统计|核定|反馈|出)|暂缺|缺|无|无数据|暂无(?:数据)?|不详|保密|\(空\)",
    re.I,
)
_NUMBER: Final = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[+-]?\d+)?|[+-]?\.\d+", re.I | re.A)
_DIGITS: Final = {"一": 1, "二": 2, "三": 3, "四": 4}


def is_masked(text: str) -> bool:
    """Whether a cell withholds its figure."""
    return _MASK.fullmatch(plain(text)) is not None


@lru_cache(maxsize=100_000)
def parse_number(text: str) -> float:
    """Number of a cell; NaN where masked. ``1,234.5`` and full-width digits and signs are read.

    Raises
    ------
    CellError
        The cell is neither a number nor masked.
    """
    if is_masked(text):
        return math.nan
    found = plain(text).replace("–", "-").replace(" ", "")
    if not _NUMBER.fullmatch(found):
        raise CellError("number_bad")
    number = float(found.replace(",", ""))
    if not math.isfinite(number):
        raise CellError("number_bad")
    return number + 0.0  # no negative zero


def is_spoken(text: str) -> bool:
    """Whether a cell says its number in words: 增长8.5%, 持平, （3.2）."""
    return not is_masked(text) and _NUMBER.fullmatch(_bare(text)) is None


def _bare(text: str) -> str:
    return plain(text).removesuffix("%").replace("–", "-").replace(" ", "")


def parse_percent(text: str) -> float:
    """Percent of a cell, ``4.1`` and ``4.1%`` alike, or in words (增长4.1%, 持平); NaN where masked.

    Raises
    ------
    CellError
        The cell is neither a number nor masked, or its words could mean two.
    """
    if not is_spoken(text):
        return parse_number(text if is_masked(text) else plain(text).removesuffix("%"))
    try:
        spoken = spoken_number(text)
    except WordsError as error:
        raise CellError(error.code) from None
    if spoken is None:
        raise CellError("number_bad")
    return spoken.value


def parse_fraction(text: str) -> float:
    """Fraction of a cell, ``0.4`` and ``40%`` alike; NaN where masked.

    Raises
    ------
    CellError
        The cell is neither a number nor masked.
    """
    if not is_masked(text) and plain(text).endswith("%"):
        return parse_number(plain(text)[:-1]) / 100.0
    return parse_number(text)


_YEAR: Final = r"(?P<year>(?:19|20|21)\d\d)"
_PERIODS: Final = (
    re.compile(_YEAR + r"[-/.](?P<month>\d{1,2})"),
    re.compile(_YEAR + r"(?P<month>\d\d)"),
    re.compile(_YEAR + r"(?:年|[-/. ])?(?P<first>\d{1,2})(?:[-—–~至到])(?P<month>\d{1,2})月份?"),
    re.compile(_YEAR + r"年(?P<month>\d{1,2})月份?"),
    re.compile(_YEAR + r"[-年 ]?q(?P<quarter>[1-4])", re.I),
    re.compile(_YEAR + r"年第?(?P<quarter>[1-4一二三四])季度?"),
    re.compile(_YEAR + r"年?(?P<word>上半年|前三季度|全年|度)"),
    re.compile(_YEAR + r"(?P<word>年)"),
)
_WORDS: Final = {"上半年": 6, "前三季度": 9, "全年": 12, "度": 12, "年": 12}
_NO_YEAR: Final = re.compile(r"(?:\d{1,2}[-—–~至到])?\d{1,2}月份?|q[1-4]|[一二三四]季度|上半年|前三季度|全年", re.I)


@lru_cache(maxsize=10_000)
def parse_period(text: str) -> Month:
    """Last month of a period: ``2020-08``, 2020年8月, 2020年1-8月, ``2020Q2``, 2020年上半年, 2020年.

    A day is taken for its month where it is the first or the last of it, which is how spreadsheets store a month.

    Raises
    ------
    CellError
        No such period, a span that does not begin in January, or a month without its year.
    """
    found = re.sub(r"\s+", " ", plain(text))
    for pattern in _PERIODS:
        if match := pattern.fullmatch(found.replace(" ", "")):
            return _month_of(match.groupdict())
    if _NO_YEAR.fullmatch(found):
        raise CellError("period_no_year")
    try:
        day = parse_day(text)
    except CellError:
        raise CellError("period_bad") from None
    if day is None:
        raise CellError("period_bad")
    month = Month(day.year, day.month)
    if day.day != 1 and day != last_day(month):
        raise CellError("period_is_day")
    return month


def _month_of(parts: dict[str, str | None]) -> Month:
    """Month of the named parts of a period."""
    year = int(parts["year"] or 0)
    if word := parts.get("word"):
        return Month(year, _WORDS[word])
    if quarter := parts.get("quarter"):
        return Month(year, 3 * (_DIGITS.get(quarter) or int(quarter)))
    month = int(parts["month"] or 0)
    if not 1 <= month <= 12:
        raise CellError("period_bad")
    if parts.get("first") is not None and int(parts["first"] or 0) != 1:
        raise CellError("period_span")
    return Month(year, month)


def parse_month(text: str, *, year: int) -> Month | None:
    """Month of a cell of a ledger; ``10`` and 10月 are of ``year``; None where masked.

    Raises
    ------
    CellError
        The cell is no month.
    """
    if is_masked(text):
        return None
    if found := re.fullmatch(r"(\d{1,2})(?:月份?)?", plain(text)):
        if not 1 <= int(found[1]) <= 12:
            raise CellError("month_bad")
        return Month(year, int(found[1]))
    try:
        return parse_period(text)
    except CellError:
        pass
    try:
        day = parse_day(text)
    except CellError:
        raise CellError("month_bad") from None
    return Month(day.year, day.month) if day else None


def parse_due(text: str, *, year: int | None) -> int | None:
    """Month of the year that a cell names: ``6``, 6月, 上半年, 三季度, ``Q3``, ``2020-06``; None where masked.

    Raises
    ------
    CellError
        The cell is no month, quarter or half of the year, or is of another year than ``year``.
    """
    if is_masked(text):
        return None
    bare = plain(text)
    if found := re.fullmatch(r"(\d{1,2})(?:月份?)?末?", bare):
        if not 1 <= int(found[1]) <= 12:
            raise CellError("month_bad")
        return int(found[1])
    if _NO_YEAR.fullmatch(bare):
        return parse_period(f"2000年{bare}").month
    named = parse_period(text)
    if year is not None and named.year != year:
        raise CellError("due_other_year")
    return named.month


_DAY: Final = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T ]00?:00(?::00(?:\.0+)?)?)?|(\d{4})(\d\d)(\d\d)"
)


@lru_cache(maxsize=10_000)
def parse_day(text: str) -> dt.date | None:
    """Day of a cell: ``2020-09-18``, ``2020/9/18``, 2020年9月18日, ``20200918``; None where masked.

    Raises
    ------
    CellError
        The cell is no day of the calendar.
    """
    if is_masked(text):
        return None
    found = _DAY.fullmatch(plain(text))
    if not found:
        raise CellError("day_bad")
    year, month, day = (int(part) for part in found.groups() if part is not None)
    try:
        return dt.date(year, month, day)
    except ValueError:
        raise CellError("day_bad") from None


type Form = Literal["number", "percent", "fraction"]

_PARSERS: Final[Mapping[Form, Callable[[str], float]]] = {
    "number": parse_number,
    "percent": parse_percent,
    "fraction": parse_fraction,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Ids that a column may name, and the words for them.

    noun : what they are, the beginning of the codes of problems (``unit_unknown``, ``unit_near``)
    ids : words -> id; the id itself is among its words
    also : other ways of writing, under their ``key`` -> id; key : what is left of a word in any way of writing
    """

    noun: str
    ids: Mapping[str, str]
    also: Mapping[str, str] = field(default_factory=dict)
    key: Callable[[str], str] = plain

    def find(self, word: str) -> str:
        """Id that a word means, "" for none."""
        return self.ids.get(word) or self.ids.get(word.lower()) or self.also.get(self.key(word), "")

    @classmethod
    def of(cls, noun: str, names: Mapping[str, str]) -> Names:
        """Names of ids with one Chinese name each."""
        return cls(noun=noun, ids={zh: key for key, zh in names.items() if zh} | {key: key for key in names})


@dataclass(frozen=True, slots=True)
class Fields:
    """The columns of one table, read one by one."""

    table: RawTable
    problems: Problems

    def __len__(self) -> int:
        return len(self.table.frame)

    def has(self, column: str) -> bool:
        """Whether the table has the column."""
        return column in self.table.frame.columns

    def note(self, index: int, column: str | None, code: str, **params: object) -> None:
        """Note a problem with a cell."""
        self.problems.at(self.table, index, code, column=column, **params)

    def remark(self, index: int, column: str, code: str, shown: str) -> None:
        """Note what was understood of a cell."""
        self.problems.remark(code, self.table.file, f"{self.place(index, column)} {shown}")

    def place(self, index: int, column: str) -> str:
        """Cell of an entry: its address, or row and column as the file writes them."""
        if "_cell" in self.table.frame.columns and (cell := str(self.table.frame["_cell"].iat[index])):
            return cell
        return f"{self.table.headers.get(column, column)}:{self.rows[index]}"

    def texts(self, column: str, *, required: bool = False) -> list[str]:
        """The cells as a reader sees them; an absent column is empty."""
        if not self.has(column):
            return [""] * len(self)
        cells: list[str] = [visible(cell) for cell in self.table.frame[column].tolist()]
        if required:
            for index, cell in enumerate(cells):
                if not cell:
                    self.note(index, column, "cell_empty")
        return cells

    def numbers(
        self,
        column: str,
        *,
        form: Form = "number",
        low: float = -math.inf,
        high: float = math.inf,
        required: bool = False,
        code: str = "number_range",
    ) -> Floats:
        """Numbers of a column within [low, high], NaN where masked or wrong.

        code : of the problem of a number out of range
        """
        values = np.full(len(self), np.nan)
        parse = _PARSERS[form]
        for index, cell in enumerate(self.texts(column)):
            try:
                value = parse(cell)
            except CellError as error:
                self.note(index, column, error.code, value=quoted(cell))
                continue
            if form == "percent" and is_spoken(cell):
                self.remark(index, column, "number_spoken", f"“{quoted(cell)}” → {value:g}")
            if math.isnan(value):
                if required and self.has(column):
                    self.note(index, column, "cell_empty")
            elif low <= value <= high:
                values[index] = value
            else:
                self.note(index, column, code, value=quoted(cell), low=f"{low:g}", high=f"{high:g}")
        return values

    def fractions(self, column: str, *, required: bool = False) -> Floats:
        """Shares and probabilities, in [0, 1]; ``40%`` is 0.4."""
        return self.numbers(column, form="fraction", low=0.0, high=1.0, required=required, code="fraction_range")

    def money(self, stem: str, *, required: bool = False) -> Floats:
        """Amounts in 亿元, whatever unit the header told; never negative."""
        for ending, in_yi in MONEY_UNITS.items():
            if self.has(f"{stem}_{ending}"):
                column = f"{stem}_{ending}"
                return self.numbers(column, low=0.0, required=required, code="money_negative") * in_yi
        return np.full(len(self), np.nan)

    def choices(self, column: str, *, words: str, required: bool = True) -> list[str]:
        """Values of a column that has few legal ones (``columns.CHOICES``), "" where empty or wrong."""
        legal = CHOICES[words]
        meaning = {word.lower(): value for value, same in legal.items() for word in (value, *same)}
        read: list[str] = []
        for index, cell in enumerate(self.texts(column)):
            word = plain(cell).lower()
            read.append(meaning.get(word, ""))
            if word in meaning or not self.has(column):
                continue
            expected = ", ".join(f"{value} ({same[0]})" if same else value for value, same in legal.items())
            if not word:
                if required:
                    self.note(index, column, "choice_empty", expected=expected)
            elif (suggestion := near(word, meaning)) is not None:
                self.note(index, column, "choice_near", value=quoted(cell), expected=expected, suggestion=suggestion)
            else:
                self.note(index, column, "choice_unknown", value=quoted(cell), expected=expected)
        return read

    def flags(self, column: str, *, required: bool = False) -> list[bool | None]:
        """Yes or no; None where empty or wrong."""
        answers = self.choices(column, words="flag", required=required)
        return [None if not answer else answer == "true" for answer in answers]

    def ids(self, column: str, names: Names | None, *, required: bool = True) -> list[str]:
        """Ids that a column names, by id or by Chinese name; "" where empty or unknown.

        names : None where the ids could not be read themselves; the cells are then taken as they stand
        """
        read: list[str] = []
        for index, cell in enumerate(self.texts(column)):
            word = plain(cell)
            if names is None:
                read.append(word)
                continue
            found = names.find(word)
            read.append(found)
            if found or not self.has(column):
                continue
            if not word:
                if required:
                    self.note(index, column, "cell_empty")
            elif (suggestion := near(word, names.ids)) is not None:
                self.note(index, column, f"{names.noun}_near", value=quoted(cell), suggestion=suggestion)
            else:
                self.note(index, column, f"{names.noun}_unknown", value=quoted(cell))
        return read

    def keys(self, column: str) -> list[str]:
        """Ids that a table itself gives: none empty, none twice."""
        cells = self.texts(column, required=True)
        first: dict[str, int] = {}
        for index, cell in enumerate(cells):
            if cell and cell in first:
                row = self.table.frame["_row"].iat[first[cell]]
                self.note(index, column, "id_twice", value=quoted(cell), row=row)
            first.setdefault(cell, index)
        return cells

    def periods(self, column: str) -> list[Month | None]:
        """Last months of reporting periods; None where wrong."""
        return self._parsed(column, parse_period)

    def months(self, column: str, *, year: int) -> list[Month | None]:
        """Months of a ledger; None where empty or wrong."""
        return self._parsed(column, lambda cell: parse_month(cell, year=year))

    def dues(self, column: str, *, year: int | None) -> list[int | None]:
        """Months of ``year`` that something is due in, 1 to 12; None where empty or wrong."""
        return self._parsed(column, lambda cell: parse_due(cell, year=year))

    def days(self, column: str) -> list[dt.date | None]:
        """Days; None where empty or wrong."""
        return self._parsed(column, parse_day)

    def _parsed[T](self, column: str, parse: Callable[[str], T | None]) -> list[T | None]:
        read: list[T | None] = []
        for index, cell in enumerate(self.texts(column)):
            value = None
            if self.has(column):
                try:
                    value = parse(cell)
                except CellError as error:
                    self.note(index, column, error.code, value=quoted(cell))
            read.append(value)
        return read

    def curves(self, column: str) -> list[tuple[float, ...]]:
        """Shares of several months, ``0.3;0.6;0.8`` or ``30;60;80%``; empty where empty or wrong."""
        return [self._curve(column, index, cell) for index, cell in enumerate(self.texts(column))]

    def _curve(self, column: str, index: int, cell: str) -> tuple[float, ...]:
        if is_masked(cell):
            return ()
        try:
            shares = split_numbers(cell)
        except CellError as error:
            self.note(index, column, error.code, value=quoted(cell))
            return ()
        if not all(0.0 <= share <= 1.0 for share in shares):
            self.note(index, column, "fraction_range", value=quoted(cell), low="0", high="1")
            return ()
        return shares

    def extras(self, known: Sequence[str]) -> list[str]:
        """Columns of the file that the format does not know, in their order."""
        return [str(c) for c in self.table.frame.columns if str(c) not in known and not str(c).startswith("_")]

    @property
    def rows(self) -> list[int]:
        """Row of every entry as Excel counts."""
        return [int(row) for row in self.table.frame["_row"].tolist()]


def split_numbers(cell: str) -> tuple[float, ...]:
    """Numbers separated by ``;``, spaces, ``、`` or ``/``; a ``%`` at the end holds for all of them.

    Raises
    ------
    CellError
        One of them is no number.
    """
    text = plain(cell)
    scale = 100.0 if text.endswith("%") else 1.0
    for mark in ";、/":
        text = text.replace(mark, " ")
    numbers = tuple(parse_number(part.removesuffix("%")) / scale for part in text.split())
    if any(math.isnan(number) for number in numbers):
        raise CellError("number_bad")
    return numbers
