"""What a column holds: its unit, its digits in files and for people, its side, its format in a spreadsheet.

Invariant: a number is shown at the digits of its kind, halves away from zero, never -0.0
(held by ``tests/test_table.py``).
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from forecast.tables import words
from forecast.texts import Lang, t

type Value = str | int | float | None
"""A value: None is one that does not exist, which is not 0."""


class Kind(StrEnum):
    """What a column holds, and so its unit, its digits, its side and its format in a spreadsheet."""

    TEXT = "text"
    SHORT = "short"
    MONTH = "month"
    WHOLE = "whole"
    PERCENT = "percent"
    FINE_PERCENT = "fine_percent"
    POINTS = "points"
    FINE_POINTS = "fine_points"
    SIZE = "size"
    EXTENT = "extent"
    PROBABILITY = "probability"
    CHANCE = "chance"
    LIGHT = "light"
    SHARE = "share"
    RATIO = "ratio"
    PERCENTILE = "percentile"
    COUNT = "count"
    LEVEL = "level"
    MONEY = "money"
    MONEY_WAN = "money_wan"

    @property
    def unit(self) -> str:
        """Unit that documents print; empty for a number without one."""
        return _TRAITS[self].unit

    @property
    def decimals(self) -> int | None:
        """Decimals in files; None for texts and whole numbers."""
        return _TRAITS[self].decimals

    @property
    def places(self) -> int | None:
        """Decimals for people; None for texts."""
        return _TRAITS[self].places

    @property
    def excel(self) -> str:
        """Number format of a spreadsheet; empty for texts."""
        return _TRAITS[self].excel

    @property
    def left(self) -> bool:
        """Whether its cells begin at the left."""
        return self is Kind.TEXT

    @property
    def centred(self) -> bool:
        """Whether its cells stand in the middle."""
        return self in (Kind.SHORT, Kind.MONTH, Kind.CHANCE, Kind.LIGHT, Kind.WHOLE)

    def shown(self, value: Value, lang: Lang) -> str:
        """A value as people read it, halves away from zero, never -0.0; a dash where there is none."""
        if value is None:
            return t("glossary.none", lang)
        if isinstance(value, str) or self.places is None:
            return str(value)
        number = words.rounded(float(value), 10.0**-self.places)
        sign = "+" if _TRAITS[self].signed and number else ""
        comma = "," if self is Kind.MONEY_WAN else ""
        return f"{number:{sign}{comma}.{self.places}f}"


@dataclass(frozen=True, slots=True)
class _Traits:
    """Of a kind: see the properties of ``Kind``; signed: whether a sign stands before a rise."""

    unit: str
    decimals: int | None = None
    places: int | None = None
    excel: str = ""
    signed: bool = False


_TRAITS: Final[Mapping[Kind, _Traits]] = {
    Kind.TEXT: _Traits("text"),
    Kind.SHORT: _Traits("text"),
    Kind.MONTH: _Traits("YYYY-MM"),
    Kind.WHOLE: _Traits("number", None, 0, "0"),
    Kind.PERCENT: _Traits("%", 2, 1, "0.0"),
    Kind.FINE_PERCENT: _Traits("%", 2, 2, "0.00"),
    Kind.POINTS: _Traits("pp", 2, 1, "+0.0;-0.0;0.0", signed=True),
    Kind.FINE_POINTS: _Traits("pp", 2, 2, "+0.00;-0.00;0.00", signed=True),
    Kind.SIZE: _Traits("pp", 2, 1, "0.0"),
    Kind.EXTENT: _Traits("pp", 2, 2, "0.00"),
    Kind.PROBABILITY: _Traits("probability", 4, 4, "0.0000"),
    Kind.CHANCE: _Traits("text"),
    Kind.LIGHT: _Traits("text"),
    Kind.SHARE: _Traits("share", 4, 4, "0.0000"),
    Kind.RATIO: _Traits("share", 4, 3, "0.000"),
    Kind.PERCENTILE: _Traits("percentile", 1, 0, "0"),
    Kind.COUNT: _Traits("count", 3, 1, "0.0"),
    Kind.LEVEL: _Traits("", 3, 1, "0.0"),
    Kind.MONEY: _Traits("亿元", 4, 2, "#,##0.00"),
    Kind.MONEY_WAN: _Traits("万元", None, 0, "#,##0"),
}
"""Files keep growth a tenth of what is published and probabilities below their Monte Carlo error; people read growth
as it is published, and money to 百万元."""


def spread_text(low: float | None, high: float | None, lang: Lang) -> str | None:
    """An interval over two lines, so that its column stays narrow."""
    if low is None or high is None:
        return None
    return t("reports.range", lang, low=Kind.PERCENT.shown(low, lang), high=Kind.PERCENT.shown(high, lang))


def text_width(text: str) -> float:
    """Width of the longest line in half characters: a Chinese character, or its punctuation, takes two."""
    return max((_line_width(line) for line in text.split("\n")), default=0.0)


def _line_width(line: str) -> float:
    return float(sum(2 if unicodedata.east_asian_width(char) in "WFA" else 1 for char in line))


def lines_needed(text: str, width: float) -> int:
    """Lines that a text takes in a column of so many half characters."""
    return sum(max(1, math.ceil(_line_width(line) / max(width, 2.0))) for line in text.split("\n"))
