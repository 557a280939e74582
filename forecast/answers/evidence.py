"""What was published of a unit this year, and whether that is enough to be judged on.

A benchmark that is older than the unit's figures is compared in months that nothing is published of: the verdict holds
back, however much is published of the unit.

Invariant: one figure more never makes evidence worse, but for one of the unit's beyond its benchmark's last
(held by ``tests/test_attainment.py``).

How often growth that would now be required was achieved before.

A comparable span is a run of consecutive periods within one calendar year, as long as the one that is left, whose
growth follows from published cumulative growth at both ends. Spans overlap, so that their number overstates how much is
known: a percentile of them is a rank among what was seen, not a probability.

Invariant: only figures that were out at the state of knowledge are spans (held by ``tests/test_history.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd

from forecast.data.panel import EvidenceRule, Indicator, Panel, known, nearest_province
from forecast.dims import Floats, brief, from_percent, to_percent
from forecast.growth import single_period
from forecast.inference.measure import CUMULATIVE, SINGLE
from forecast.periods import AsOf, Frequency, Month, default_profile


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

    def single(self, unit: str, indicator: str) -> Figure | None:
        """Growth of the latest single period of the target year; None without."""
        mine = self.of_unit(unit, indicator)
        mine = mine[(mine["measure"] == SINGLE) & (mine["period"].map(lambda period: period.year) == self.year)]
        found = sorted(zip(mine["period"], mine["value"], strict=True))
        return Figure(found[-1][0], float(found[-1][1])) if found else None

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


FEWEST_SPANS: Final = 8
"""Comparable spans below which no percentile is given (DESIGN §7)."""


class HistoryStatus(StrEnum):
    """Whose past a required growth is compared with."""

    OWN = "own"
    PROVINCE = "province"
    INSUFFICIENT = "insufficient"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class HistorySpan:
    """Growth of consecutive periods of one year.

    first, last : first and last calendar month covered
    growth_pct : percent, with the rounding error of ``growth.rounding_error``
    """

    first: Month
    last: Month
    growth_pct: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Where a required growth lies among comparable spans of the past.

    unit : whose past; None without a comparison
    percentile : share of spans below the required growth, 0-100; 100 = never achieved before (需创历史)
    spans : how many there are; of the unit itself where they are too few
    best : the span of highest growth
    """

    status: HistoryStatus
    unit: str | None = None
    percentile: float | None = None
    spans: int = 0
    best: HistorySpan | None = None

    __repr__ = brief

    @property
    def unprecedented(self) -> bool:
        """Whether more is required than was ever seen in the spans compared with."""
        return self.percentile is not None and self.percentile >= 100.0


def _weights(indicator: Indicator) -> Floats:
    if indicator.profile is None:
        return default_profile(indicator.frequency)
    return np.array(indicator.profile, dtype=np.float64)


def spans(figures: Mapping[Month, float], indicator: Indicator, *, periods: int) -> tuple[HistorySpan, ...]:
    """All spans of so many consecutive periods that published cumulative growth determines.

    Parameters
    ----------
    figures : published cumulative growth by period, percent (``Published.cumulative``)
    periods : length of a span, 1 to ``frequency.per_year``

    Returns
    -------
    tuple in order of time; empty if no two figures are that far apart. Base weights are the indicator's profile, or
    every month alike where there is none.
    """
    frequency = indicator.frequency
    cumulative_weight = np.cumsum(_weights(indicator))
    found = []
    for year in sorted({period.year for period in figures}):
        for end in range(periods - 1, frequency.per_year):
            start = end - periods
            now = figures.get(Month(year, frequency.months[end]))
            before = 0.0 if start < 0 else figures.get(Month(year, frequency.months[start]))
            if now is None or before is None:
                continue
            growth = single_period(
                from_percent(now),
                from_percent(before),
                weight_now=cumulative_weight[end],
                weight_before=0.0 if start < 0 else cumulative_weight[start],
            )
            first = Month(year, frequency.covers(start + 1)[0])
            found.append(HistorySpan(first, Month(year, frequency.months[end]), to_percent(float(growth))))
    return tuple(found)


def compare(required_pct: float, published: Published, *, unit: str, indicator: str, periods: int) -> Comparison:
    """Percentile of a required growth among comparable spans of the unit, else of its province.

    Parameters
    ----------
    required_pct : growth that the remaining periods must average, percent
    published : the figures that are out
    periods : number of remaining periods

    Returns
    -------
    Comparison; ``INSUFFICIENT`` where neither the unit nor its province has eight spans.
    """
    described = published.panel.indicators[indicator]
    own: tuple[HistorySpan, ...] = ()
    for status, whose in (
        (HistoryStatus.OWN, unit),
        (HistoryStatus.PROVINCE, nearest_province(published.panel.units, unit)),
    ):
        if whose is None:
            continue
        seen = spans(published.cumulative(whose, indicator), described, periods=periods)
        if status is HistoryStatus.OWN:
            own = seen
        if len(seen) >= FEWEST_SPANS:
            below = sum(span.growth_pct < required_pct for span in seen)
            best = max(seen, key=lambda span: span.growth_pct)
            return Comparison(
                status=status, unit=whose, percentile=100.0 * below / len(seen), spans=len(seen), best=best
            )
    best_own = max(own, key=lambda span: span.growth_pct, default=None)
    return Comparison(status=HistoryStatus.INSUFFICIENT, spans=len(own), best=best_own)
