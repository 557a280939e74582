"""Which figure, if it were known, would say most about the year-end gap.

Every figure that could still come in has draws, paired with those of the gap. How much of the gap's variance a figure
explains over the draws is how much of it will be gone, on average, once the figure is known; nothing is fitted again.

Invariant: a figure that is published explains nothing and is never asked for (held by ``tests/test_advice.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from forecast.dims import DRAW, PERIOD, UNIT, Floats, from_percent, to_percent
from forecast.draws.paths import IndicatorPaths, Paths
from forecast.periods import Month

ROUNDING_VARIANCE: Final = from_percent(0.1) ** 2 / 12
"""Of a figure published to 0.1 point, fraction squared: what cannot be told apart is no information."""
LEAST_EXPLAINED: Final = 0.05
"""Share of the variance below which a figure is not worth asking for. Of 500 draws chance alone explains up to 0.03 in
one of a hundred figures that say nothing."""
_QUANTILES: Final = 200
"""Values of a figure over which the expected change of the probability is averaged."""


class AdviceKind(StrEnum):
    """What is missing.

    DUE : growth of a period that is over at the state of knowledge
    WEIGHTS : last year's levels, which tell how much the months to date weigh
    NEXT : growth of the first period after it
    """

    DUE = "due"
    WEIGHTS = "weights"
    NEXT = "next"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharpening:
    """What one figure would add.

    period : ``YYYY-MM``, last month covered; for ``WEIGHTS`` the last period that they are summed to
    explained : share of the variance of the year-end gap that goes, on average, once the figure is known, in [0, 1]
    gap_sd_pp : sd of the year-end gap now, points; gap_sd_after_pp : expected once the figure is known
    p_reach : probability of reaching now; p_change : mean absolute change of it that the figure will bring
    """

    kind: AdviceKind
    unit: str
    indicator: str
    period: str
    explained: float
    gap_sd_pp: float
    gap_sd_after_pp: float
    p_reach: float
    p_change: float


def sharpenings(paths: Paths, *, unit: str, benchmark: str) -> tuple[Sharpening, ...]:
    """What every figure that is missing, or comes next, would add to what is known of the year-end gaps.

    Parameters
    ----------
    unit, benchmark : city and province; indicators without draws of both are left out

    Returns
    -------
    tuple, by ``explained`` from the highest: first figures that are due and weights, then those that come next, the
    earliest period before later ones. Those that explain less than ``LEAST_EXPLAINED`` are left out; ties keep the
    order of indicators and periods.

    Raises
    ------
    ValueError
        ``unit`` and ``benchmark`` are the same: there is no gap.

    Notes
    -----
    With gap ``d`` and figure ``x`` over draws, ``explained = cov(d, x)^2 / (var(d) (var(x) + rounding))``: the
    squared correlation, with what rounding to 0.1 point hides taken off.
    """
    if unit == benchmark:
        raise ValueError("unit and benchmark must differ")
    found = [
        one
        for indicator in paths.indicators.values()
        if {unit, benchmark} <= {str(name) for name in indicator.cum_yoy[UNIT].values}
        for one in _of_indicator(indicator, paths.as_of.month, unit=unit, benchmark=benchmark)
        if one.explained >= LEAST_EXPLAINED
    ]
    return tuple(sorted(found, key=lambda one: (one.period if one.kind is AdviceKind.NEXT else "", -one.explained)))


def best(paths: Paths, *, unit: str, benchmark: str) -> Sharpening | None:
    """The figure to ask for first: of those that are due, else the next to come; None where nothing would help."""
    return next(iter(sharpenings(paths, unit=unit, benchmark=benchmark)), None)


def _of_indicator(paths: IndicatorPaths, month: Month, *, unit: str, benchmark: str) -> list[Sharpening]:
    """Candidates of one indicator: both places' growth through the first period after ``month``, and their weights."""
    labels = [str(label) for label in paths.cum_yoy[PERIOD].values]
    cum = {place: _draws(paths, place, weights=False) for place in (unit, benchmark)}
    weight = {place: np.cumsum(_draws(paths, place, weights=True), axis=1) for place in (unit, benchmark)}
    gap = cum[unit][:, -1] - cum[benchmark][:, -1]
    last = sum(label <= str(month) for label in labels)  # periods that are over
    found = []
    for place in (unit, benchmark):
        published = np.isfinite(paths.published.sel({UNIT: place}).to_numpy())
        candidates = [(AdviceKind.DUE, k, cum[place][:, k], ROUNDING_VARIANCE) for k in range(last) if not published[k]]
        if 0 < last < len(labels):
            candidates.append((AdviceKind.WEIGHTS, last - 1, weight[place][:, last - 1], 0.0))
        if last < len(labels):
            candidates.append((AdviceKind.NEXT, last, cum[place][:, last], ROUNDING_VARIANCE))
        for kind, k, figure, rounding in candidates:
            if kind is AdviceKind.WEIGHTS or not published[k]:
                found.append(_sharpening(gap, figure, rounding, (kind, place, paths.indicator, labels[k])))
    return found


def _draws(paths: IndicatorPaths, unit: str, *, weights: bool) -> Floats:
    """Draws (draw, period) of cumulative growth or of base weights of a place."""
    array = paths.base_weight if weights else paths.cum_yoy
    return array.sel({UNIT: unit}).transpose(DRAW, PERIOD).to_numpy()


def _sharpening(gap: Floats, figure: Floats, rounding: float, what: tuple[AdviceKind, str, str, str]) -> Sharpening:
    """What a figure (draw,), known up to a variance of rounding, says of the gap (draw,), both fractions."""
    kind, unit, indicator, period = what
    spread, variance = float(gap.var()), float(figure.var())
    centred = figure - figure.mean()
    slope = float((centred * gap).mean()) / (variance + rounding) if variance > 0 else 0.0
    explained = min(slope * slope * (variance + rounding) / spread, 1.0) if spread > 0 else 0.0
    fitted = slope * centred
    sd = to_percent(float(np.sqrt(spread)))
    p_reach = float((gap >= 0).mean())
    return Sharpening(
        kind=kind,
        unit=unit,
        indicator=indicator,
        period=period,
        explained=explained,
        gap_sd_pp=sd,
        gap_sd_after_pp=sd * float(np.sqrt(1 - explained)),
        p_reach=p_reach,
        p_change=_change(fitted, gap - fitted, p_reach),
    )


def _change(fitted: Floats, rest: Floats, p_reach: float) -> float:
    """Mean absolute change of P(gap >= 0) once ``fitted`` is known and only ``rest`` is left open."""
    levels = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    shifts = np.quantile(fitted, levels)
    after = 1.0 - np.searchsorted(np.sort(rest), -shifts, side="left") / len(rest)
    return float(np.abs(after - p_reach).mean())
