"""How often growth that would now be required was achieved before.

A comparable span is a run of consecutive periods within one calendar year, as long as the one that is left, whose
growth follows from published cumulative growth at both ends. Spans overlap, so that their number overstates how much is
known: a percentile of them is a rank among what was seen, not a probability.

Invariant: only figures that were out at the state of knowledge are spans (held by ``tests/test_history.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from forecast.answers.evidence import Published
from forecast.data.panel import Indicator, nearest_province
from forecast.dims import Floats, brief, from_percent, to_percent
from forecast.growth import single_period
from forecast.periods import Month, default_profile

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
