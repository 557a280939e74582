"""How a released figure compares with what the earlier run expected of it.

Invariant: a figure is called better or worse than expected only beyond one standard deviation of the earlier run's
predictive distribution, rounding included (held by ``tests/test_news.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from forecast.answers.evidence import Published
from forecast.dims import DRAW, PERIOD, UNIT, to_percent
from forecast.inference.measure import CUMULATIVE, ROUNDING_SD_PP, SINGLE
from forecast.moved import FigureChange
from forecast.paths import IndicatorPaths
from forecast.periods import Month
from forecast.releases import Change

__all__ = ["Release", "Verdict", "released"]

BEYOND: Final = 1.0
"""Standard deviations from which a figure is not as expected."""


class Verdict(StrEnum):
    """A figure against what was expected of it."""

    BETTER = "better"
    WORSE = "worse"
    EXPECTED = "expected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A figure that came out, or was restated or withdrawn; growth in percent.

    previous_pct, previous_period : the place's latest cumulative growth of the year that the earlier run knew
    expected_pct, expected_sd_pp : mean and standard deviation of the earlier run's draws of this very figure; None
        where it had none, or knew the figure
    """

    figure: FigureChange
    previous_pct: float | None = None
    previous_period: str | None = None
    expected_pct: float | None = None
    expected_sd_pp: float | None = None

    @property
    def change_pp(self) -> float | None:
        """Cumulative growth against the latest one known before; of a restated figure, against what it was."""
        if self.figure.after is None or self.figure.measure != CUMULATIVE:
            return None
        before = self.previous_pct if self.figure.before is None else self.figure.before
        return None if before is None else self.figure.after - before

    @property
    def surprise(self) -> float | None:
        """Standard deviations by which the figure lies above what was expected."""
        if self.figure.after is None or self.expected_pct is None or self.expected_sd_pp is None:
            return None
        return (self.figure.after - self.expected_pct) / self.expected_sd_pp

    @property
    def verdict(self) -> Verdict:
        """Better or worse than expected beyond one standard deviation; as expected within it."""
        if self.surprise is None:
            return Verdict.UNKNOWN
        if abs(self.surprise) <= BEYOND:
            return Verdict.EXPECTED
        return Verdict.BETTER if self.surprise > 0.0 else Verdict.WORSE


def released(changes: Sequence[Change], *, earlier: IndicatorPaths | None, published: Published) -> tuple[Release, ...]:
    """Releases with what the earlier run expected of each.

    Parameters
    ----------
    earlier : draws of the earlier run; None without
    published : what the earlier run knew
    """
    return tuple(_release(change.figure, earlier, published) for change in changes)


def _release(figure: FigureChange, earlier: IndicatorPaths | None, published: Published) -> Release:
    previous = [
        one
        for one in (published.to_date(figure.unit, figure.indicator))
        if figure.before is None and one.period < Month.parse(figure.period)
    ]
    expected, sd = _expected(figure, earlier)
    return Release(
        figure=figure,
        previous_pct=previous[-1].growth_pct if previous else None,
        previous_period=str(previous[-1].period) if previous else None,
        expected_pct=expected,
        expected_sd_pp=sd,
    )


def _expected(figure: FigureChange, earlier: IndicatorPaths | None) -> tuple[float | None, float | None]:
    """Mean and standard deviation of the draws of a figure that was not known, percent and points."""
    if earlier is None or figure.before is not None or figure.measure not in (CUMULATIVE, SINGLE):
        return None, None
    array = earlier.cum_yoy if figure.measure == CUMULATIVE else earlier.growth
    if figure.unit not in array[UNIT].values or figure.period not in array[PERIOD].values:
        return None, None
    at = {UNIT: figure.unit, PERIOD: figure.period}
    if figure.measure == CUMULATIVE and np.isfinite(float(earlier.published.sel(at))):
        return None, None
    draws = array.sel(at).transpose(DRAW).to_numpy()
    sd = float(np.hypot(to_percent(float(draws.std())), ROUNDING_SD_PP))
    return to_percent(float(draws.mean())), sd
