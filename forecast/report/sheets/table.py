"""One official table: its columns, its rows, what stands above and below it.

Workbook, brief, scheme, CSV and JSON all print the same tables, so that no two of them can say different numbers.

Invariant: what a cell shows is its value at the digits of its column (held by ``tests/test_report_sheets.py``).
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from forecast.tables import words
from forecast.texts import Lang, t

type Value = str | int | float | None
"""A cell: None is a value that does not exist, which is not 0."""


class Style(StrEnum):
    """What a column holds, and so how it is printed."""

    TEXT = "text"
    SHORT = "short"
    WHOLE = "whole"
    GROWTH = "growth"
    FINE_GROWTH = "fine_growth"
    POINTS = "points"
    SIZE = "size"
    FINE = "fine"
    EXTENT = "extent"
    AMOUNT = "amount"
    MONEY = "money"
    CHANCE = "chance"
    LIGHT = "light"
    SHARE = "share"
    RATIO = "ratio"


DECIMALS: Final[Mapping[Style, int]] = {
    Style.WHOLE: 0,
    Style.GROWTH: 1,
    Style.FINE_GROWTH: 2,
    Style.POINTS: 1,
    Style.SIZE: 1,
    Style.FINE: 2,
    Style.EXTENT: 2,
    Style.AMOUNT: 2,
    Style.MONEY: 0,
    Style.SHARE: 4,
    Style.RATIO: 3,
}
"""Decimals that are printed: growth as it is published, money to 百万元, exact shares below their Monte Carlo error."""

UNITS: Final[Mapping[Style, str]] = {
    Style.GROWTH: "%",
    Style.FINE_GROWTH: "%",
    Style.POINTS: "pp",
    Style.SIZE: "pp",
    Style.FINE: "pp",
    Style.EXTENT: "pp",
    Style.AMOUNT: "亿元",
    Style.MONEY: "万元",
    Style.SHARE: "fraction",
}


class Paper(StrEnum):
    """Size of the printed page; all sheets lie across."""

    A3 = "A3"
    A4 = "A4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A column.

    name : fixed name, by which programs and formulas know it
    params : what its heading and meaning need to be filled with
    key : of its texts, where it is not its name
    label, told : heading and meaning where they come from elsewhere than the catalogue of reports
    group : key of the heading above several columns
    formula : how a spreadsheet computes it from other columns of its row, ``{year} - {province}``; every name in it is
        a field of the same sheet. Written only where all of them have numbers.
    total : whether a last row sums the column
    widest : characters at which the column starts to wrap
    """

    name: str
    style: Style
    params: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    label: str = ""
    told: str = ""
    group: str = ""
    formula: str = ""
    total: bool = False
    widest: int = 26

    def heading(self, lang: Lang) -> str:
        """What stands above the column."""
        return self.label or t(f"reports.col_{self.key or self.name}", lang, **self.params)

    def meaning(self, lang: Lang) -> str:
        """What the column says, in a sentence."""
        return self.told or t(f"reports.mean_{self.key or self.name}", lang, **self.params)

    @property
    def unit(self) -> str:
        """Unit of its numbers; empty for texts."""
        return UNITS.get(self.style, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A native chart of some rows: a line a row, its points the columns of ``fields``.

    rows : positions of rows, each with the text of its line
    dashed : positions of rows whose line is dashed
    bars : bars that lie, a group a row, instead of lines
    """

    title: str
    fields: tuple[str, ...]
    rows: tuple[tuple[int, str], ...]
    dashed: frozenset[int] = frozenset()
    bars: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table as it is handed on.

    name : fixed name; of its files too
    tab : name of the worksheet
    mark : what must stand on it because synthetic rows reach it; empty otherwise
    rows : a value a field
    quiet : cells (row, column) that are expected and not published: printed in italics
    frozen : columns that stay in view
    dashes : whether a cell without value shows a dash; else it is left empty
    """

    name: str
    tab: str
    title: str
    subtitle: str
    fields: tuple[Field, ...]
    rows: tuple[tuple[Value, ...], ...]
    notes: tuple[str, ...] = ()
    mark: str = ""
    paper: Paper = Paper.A4
    quiet: frozenset[tuple[int, int]] = frozenset()
    frozen: int = 2
    charts: tuple[Chart, ...] = ()
    dashes: bool = True

    def __post_init__(self) -> None:
        """Every row has a value a field, and every number is finite."""
        for row in self.rows:
            if len(row) != len(self.fields):
                raise ValueError(f"sheet {self.name}: a row of {len(row)} values for {len(self.fields)} fields")
            if any(isinstance(v, float) and not math.isfinite(v) for v in row):
                raise ValueError(f"sheet {self.name}: a number that is none")

    def position(self, name: str) -> int:
        """Position of a field."""
        return [one.name for one in self.fields].index(name)

    def records(self) -> list[dict[str, Value]]:
        """Rows by name of the field."""
        names = [one.name for one in self.fields]
        return [dict(zip(names, row, strict=True)) for row in self.rows]

    def column(self, name: str) -> list[Value]:
        """Values of a field."""
        at = self.position(name)
        return [row[at] for row in self.rows]


def shown(value: Value, style: Style, lang: Lang) -> str:
    """A cell as it is printed, at the digits of its column; halves away from zero, never -0.0."""
    if value is None:
        return t("glossary.none", lang)
    if isinstance(value, str) or style not in DECIMALS:
        return str(value)
    places = DECIMALS[style]
    number = words.rounded(float(value), 10.0**-places)
    return f"{number:+.{places}f}" if style in (Style.POINTS, Style.FINE) and number else f"{number:.{places}f}"


def text_width(text: str) -> float:
    """Width of the longest line in half characters: a Chinese character, or its punctuation, takes two."""
    return max((_line_width(line) for line in text.split("\n")), default=0.0)


def _line_width(line: str) -> float:
    return float(sum(2 if unicodedata.east_asian_width(char) in "WFA" else 1 for char in line))


def lines_needed(text: str, width: float) -> int:
    """Lines that a text takes in a column of so many half characters."""
    return sum(max(1, math.ceil(_line_width(line) / max(width, 2.0))) for line in text.split("\n"))


def distinct(values: Sequence[str]) -> list[str]:
    """Texts without repetitions, in order, empty ones left out."""
    return [value for value in dict.fromkeys(values) if value]
