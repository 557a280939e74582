"""What a cell means: numbers, shares, months, days and words, as Chinese and English planners write them.

A masked cell (``X``, ``X%``, ``-``, ``—``, ``…``, 未公布, empty) is missing and never zero.

Invariant: a cell has one meaning or is an error that shows it (held by ``tests/test_tables.py``).
"""

from __future__ import annotations

import datetime as dt
import math
import re
from functools import lru_cache
from typing import Final

from forecast.periods import Month, last_day
from forecast.reading.tables import plain

__all__ = [
    "CellError",
    "is_masked",
    "parse_day",
    "parse_fraction",
    "parse_month",
    "parse_number",
    "parse_percent",
    "parse_period",
]


class CellError(ValueError):
    """A cell that cannot be read; ``code`` is the key of the message."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


_MASK: Final = re.compile(
    r"(?:[x×*][x×*.]*)?%?|[-–—_/.·…]*%?|n/?a|nan|null|none|未公布|未发布|暂缺|缺|无数据|保密", re.I
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
    return number


def parse_percent(text: str) -> float:
    """Percent of a cell, ``4.1`` and ``4.1%`` alike; NaN where masked.

    Raises
    ------
    CellError
        The cell is neither a number nor masked.
    """
    return parse_number(text if is_masked(text) else plain(text).removesuffix("%"))


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
