"""What was published of a unit this year, and whether that is enough to be judged on.

A benchmark that is older than the unit's figures is compared in months that nothing is published of: the verdict holds
back, however much is published of the unit.

Invariant: one figure more never makes evidence worse, but for one of the unit's beyond its benchmark's last
(held by ``tests/test_attainment.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import pandas as pd

from forecast.data.panel import EvidenceRule, Panel, known
from forecast.inference.measure import CUMULATIVE, SINGLE
from forecast.periods import AsOf, Frequency, Month


class Evidence(StrEnum):
    """How much is published in the target year (充分、有限、薄弱、不足)."""

    AMPLE = "ample"
    LIMITED = "limited"
    THIN = "thin"
    INSUFFICIENT = "insufficient"


def weakest(found: Iterable[Evidence]) -> Evidence:
    """The least of some classes: all that a statement resting on them together has; thin where there is none."""
    return max(found, key=list(Evidence).index, default=Evidence.THIN)


@dataclass(frozen=True, slots=True)
class Figure:
    """A published cumulative growth with its own month.

    growth_pct : percent
    """

    period: Month
    growth_pct: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Published:
    """The growth figures of a data set that are out at a state of knowledge.

    rows : cumulative and single-period growth, columns as ``Panel.observations``
    by_unit : the same rows by unit and indicator
    """

    panel: Panel
    rows: pd.DataFrame
    by_unit: Mapping[tuple[str, str], pd.DataFrame]
    year: int

    @classmethod
    def of(cls, panel: Panel, as_of: AsOf, year: int) -> Published:
        """What is out by ``as_of``, of all years; ``year`` is the target year."""
        seen = known(panel, as_of)
        rows = seen[seen["measure"].isin([CUMULATIVE, SINGLE])]
        by_unit = {(str(unit), str(name)): one for (unit, name), one in rows.groupby(["unit", "indicator"], sort=False)}
        return cls(panel=panel, rows=rows, by_unit=by_unit, year=year)

    def of_unit(self, unit: str, indicator: str) -> pd.DataFrame:
        """Rows of one unit and indicator."""
        return self.by_unit.get((unit, indicator), self.rows.iloc[:0])

    def cumulative(self, unit: str, indicator: str) -> dict[Month, float]:
        """Cumulative growth by period, percent, all years, in order of time; empty if there is none.

        The first period of a year is cumulative whether it was published as the one or the other. Figures off the
        indicator's own grid (a monthly figure of a quarterly indicator) are left out.
        """
        mine = self.of_unit(unit, indicator)
        months = self.panel.indicators[indicator].frequency.months
        found: dict[Month, float] = {}
        for measure in (SINGLE, CUMULATIVE):
            chosen = mine[mine["measure"] == measure]
            for period, value in zip(chosen["period"], chosen["value"], strict=True):
                if period.month in months and (measure == CUMULATIVE or period.month == months[0]):
                    found[period] = float(value)
        return dict(sorted(found.items()))

    def to_date(self, unit: str, indicator: str) -> tuple[Figure, ...]:
        """Cumulative growth of the target year, in order of time."""
        found = self.cumulative(unit, indicator).items()
        return tuple(Figure(month, value) for month, value in found if month.year == self.year)

    def points(self, unit: str, indicator: str) -> int:
        """Periods of the target year with a figure; cumulative and single growth of one period are one point."""
        return len({period for period in self.of_unit(unit, indicator)["period"] if period.year == self.year})

    def behind(self, unit: str, held: Sequence[str], indicator: str) -> int:
        """Months by which the oldest of the benchmark's latest figures this year is older than the unit's, >= 0.

        Parameters
        ----------
        held : places that the unit is held against; none for a constant target
        """
        own, *theirs = (
            [p.month for p in self.of_unit(one, indicator)["period"] if p.year == self.year] for one in (unit, *held)
        )
        if not own or not theirs or not all(theirs):
            return 0
        return max(0, max(own) - min(max(one) for one in theirs))

    def synthetic_share(self, units: frozenset[str], indicator: str) -> float | None:
        """Share of the figures of these units, all years, that are synthetic, in [0, 1]; None without a figure."""
        chosen = self.rows[(self.rows["indicator"] == indicator) & self.rows["unit"].isin(units)]
        return None if chosen.empty else float((chosen["status"] == "synthetic").mean())


LIMITED_BEHIND: Final = 1
"""Months by which the benchmark is older than the unit's figures that make evidence limited at most."""
THIN_BEHIND: Final = 2
"""Months that make it thin. Xi'an's industry of November 2021 beside Shaanxi's of September: the province added .7
points against the nation's fall, the city lost 1.4 in December, and a probability of .9 missed."""


def classify(own: int, benchmark: int | None, rule: EvidenceRule, *, behind: int = 0) -> Evidence:
    """Class of evidence by the number of points in the target year.

    Parameters
    ----------
    own : points of the unit
    benchmark : points of what it is held against; None for a constant target
    behind : months by which that is older than the unit's figures
    """
    if own == 0 or benchmark == 0:
        return Evidence.INSUFFICIENT
    if own < rule.limited_from or behind >= THIN_BEHIND:
        return Evidence.THIN
    return Evidence.LIMITED if own < rule.ample_from or behind >= LIMITED_BEHIND else Evidence.AMPLE


def wanted_period(frequency: Frequency, year: int, as_of: AsOf) -> Month:
    """The latest period of the year that can be out: the figure to ask for first."""
    months = [Month(year, m) for m in frequency.months if Month(year, m) <= as_of.month]
    return months[-1] if months else Month(year, frequency.months[0])
