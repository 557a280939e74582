"""Reporting periods: which months a figure covers, and what was known when.

A *period* is named by its last month. A monthly indicator has 11 periods a year, because January and
February are surveyed and published together (NBS: "1月份数据免报"); a quarterly one has 4; a shifted one
(错月, services revenue) has 1-2, 1-5, 1-8 and 1-11月.

Invariant: no figure whose period or release day lies after ``AsOf`` is ever visible through it
(held by ``tests/test_periods.py``).
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from forecast.dims import Floats
from forecast.errors import UsageError


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month, ``YYYY-MM``."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """Month of ``YYYY-MM``.

        Raises
        ------
        ValueError
            The text is no such month.
        """
        found = re.fullmatch(r"(\d{4})-(\d{2})", text.strip())
        if not found or not 1 <= int(found[2]) <= 12 or not 1900 <= int(found[1]) <= 2200:
            raise ValueError(f"not a month YYYY-MM: {text!r}")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    def plus(self, months: int) -> Month:
        """The month so many months later."""
        index = self.year * 12 + self.month - 1 + months
        return Month(index // 12, index % 12 + 1)


class Frequency(StrEnum):
    """How often an indicator is published, and which months its periods end in."""

    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    SHIFTED = "shifted"

    @property
    def months(self) -> tuple[int, ...]:
        """Last month of every period of a year."""
        return {
            Frequency.MONTHLY: (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
            Frequency.QUARTERLY: (3, 6, 9, 12),
            Frequency.SHIFTED: (2, 5, 8, 11),
        }[self]

    @property
    def per_year(self) -> int:
        """Periods a year."""
        return len(self.months)

    def covers(self, position: int) -> tuple[int, ...]:
        """Calendar months that the period at ``position`` covers: (1, 2) for 1-2月."""
        first = self.months[position - 1] + 1 if position else 1
        return tuple(range(first, self.months[position] + 1))

    def labels(self, year: int) -> tuple[str, ...]:
        """``YYYY-MM`` of every period of a year."""
        return tuple(str(Month(year, month)) for month in self.months)


def default_profile(frequency: Frequency) -> Floats:
    """Base weights that nobody published: every calendar month alike.

    Returns
    -------
    array (per_year,), sums to 1. 1-2月 weighs two months. The model carries the uncertainty of this choice.
    """
    months = np.array([len(frequency.covers(k)) for k in range(frequency.per_year)], dtype=np.float64)
    return months / months.sum()


def last_day(month: Month) -> dt.date:
    """Last day of a month."""
    return dt.date(month.year, month.month, calendar.monthrange(month.year, month.month)[1])


@dataclass(frozen=True, slots=True)
class AsOf:
    """A state of knowledge.

    ``YYYY-MM``: the figures through that reporting month are out. They come out by the end of the next month,
    so the day of knowledge is that month's last day. ``YYYY-MM-DD``: what was released by that day.

    day : last day whose releases are known
    month : last reporting month that can be known
    text : as the user wrote it
    """

    day: dt.date
    month: Month
    text: str

    @classmethod
    def parse(cls, text: str) -> AsOf:
        """State of knowledge named ``YYYY-MM`` or ``YYYY-MM-DD``.

        Raises
        ------
        UsageError
            The text is neither.
        """
        text = text.strip()
        try:
            if len(text) == 10:
                day = dt.date.fromisoformat(text)
                return cls(day, Month(day.year, day.month), text)
            month = Month.parse(text)
        except ValueError as error:
            raise UsageError("usage_as_of", found=text) from error
        return cls(last_day(month.plus(1)), month, text)

    def sees(self, period: Month, released: dt.date) -> bool:
        """Whether a figure of ``period`` that came out on ``released`` is known."""
        return period <= self.month and released <= self.day
