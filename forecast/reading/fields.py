"""One column of a table, checked and typed; every cell that cannot be read is noted, and the rest goes on.

Invariant: a column comes back as long as its table, with a missing value wherever a problem was noted
(held by ``tests/test_tables.py``).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from forecast.dims import Floats
from forecast.periods import Month
from forecast.reading.cells import (
    CellError,
    is_masked,
    parse_day,
    parse_fraction,
    parse_month,
    parse_number,
    parse_percent,
    parse_period,
)
from forecast.reading.columns import CHOICES, MONEY_UNITS
from forecast.reading.tables import Problems, RawTable, near, plain, quoted

__all__ = ["Fields", "Names", "split_numbers"]

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
    """

    noun: str
    ids: Mapping[str, str]

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

    def texts(self, column: str, *, required: bool = False) -> list[str]:
        """The cells as they stand; an absent column is empty."""
        if not self.has(column):
            return [""] * len(self)
        cells: list[str] = self.table.frame[column].tolist()
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
            found = names.ids.get(word) or names.ids.get(word.lower(), "")
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
