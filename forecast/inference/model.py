"""The model: a structural log index per place, seen through published growth.

Every place has a log index ``x`` over the periods since the year before the first growth figure. The root's is
modelled itself, every other place's as a ratio to its parent's, ``x[unit] = x[parent] + r[unit]``. Published
cumulative growth is

    log(1 + G) = log sum_{m <= k} w_m exp(x_{Y,m}) - log sum_{m <= k} w_m exp(x_{Y-1,m}) + rounding + restatement

with base weights ``w`` (DOMAIN: cumulative growth is the base-weighted mean of single-period growth), so that last
year's shock carries into this year's growth by itself. The prior of ``x`` and of every ``r`` is Gaussian given a scale
and eight shape parameters (``docs/model.md`` has the equations and the reasons for every constant).

Invariant: growth of past years never enters but through ``Measurements``; a gap is an absent row
(held by ``tests/test_model.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from forecast.dims import Floats
from forecast.inference.priors import (
    AR_MAX,
    DRIFT_SD_A_YEAR,
    GROWTH_KEPT,
    LEAST_LEVEL,
    RATIO_PROFILE_SHARE,
    ROOT_TREND_A_YEAR,
    ROOT_TREND_SD_A_YEAR,
    SLOPE_KEPT_A_YEAR,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Figures:
    """Published growth of one place.

    weight : (per_year,) base weights
    time, cumulative, log_growth, noise_sd : (n,) as in ``Measurements``
    """

    weight: Floats
    time: np.ndarray
    cumulative: np.ndarray
    log_growth: Floats
    noise_sd: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measurements:
    """Published growth of one indicator, on its period grid.

    units : ids, every parent before its children
    parent : index of the parent, -1 for the root
    per_year, years : the grid: period ``t`` is position ``t % per_year`` of year ``first_year + t // per_year``;
        the first year is the one before the first growth figure, the last is the target year
    weight : (unit, per_year), base weights, sum to 1 over the year
    profile_sd : (unit,) sd of the log base weights, see ``PROFILE_SD``
    scale : (unit,) prior median of the scale, log points a period
    unit, time, cumulative, log_growth, noise_sd : (n,) the figures: place, period, whether cumulative since January,
        log(1 + growth), and sd of rounding and revision in the same
    revision_sd : (n,) sd of what the figure is still corrected by, log points, 0 where it is settled; empty: all are
    """

    units: tuple[str, ...]
    parent: tuple[int, ...]
    per_year: int
    first_year: int
    years: int
    weight: Floats
    profile_sd: Floats
    scale: Floats
    unit: np.ndarray
    time: np.ndarray
    cumulative: np.ndarray
    log_growth: Floats
    noise_sd: Floats
    revision_sd: Floats = field(default_factory=lambda: np.zeros(0))

    @property
    def periods(self) -> int:
        """Length of the grid."""
        return self.per_year * self.years

    def of(self, unit: int) -> Figures:
        """A unit's figures."""
        rows = np.flatnonzero(self.unit == unit)
        return Figures(
            weight=self.weight[unit],
            time=self.time[rows],
            cumulative=self.cumulative[rows],
            log_growth=self.log_growth[rows],
            noise_sd=np.hypot(self.noise_sd, self.corrections)[rows],
        )

    @property
    def corrections(self) -> Floats:
        """Sd of what every figure is still corrected by, (n,), log points."""
        return self.revision_sd if len(self.revision_sd) else np.zeros(len(self.unit))

    def usual_rounding(self, units: Sequence[int]) -> Floats:
        """Usual sd of rounding of units' cumulative log growth, or of its ratio to their parents', (unit,)."""
        own = {
            unit: np.median(self.noise_sd[(self.unit == unit) & self.cumulative])
            for unit in {*units, *(self.parent[unit] for unit in units)} - {-1}
        }
        return np.array([np.hypot(own[unit], own.get(self.parent[unit], 0.0)) for unit in units])

    def siblings(self) -> list[tuple[int, ...]]:
        """Units that share a parent, parents before children; they pool their shape."""
        groups: dict[int, list[int]] = {}
        for unit, parent in enumerate(self.parent):
            groups.setdefault(parent, []).append(unit)
        return [tuple(group) for group in groups.values()]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Linear:
    """Published growth as a linear function of the index: ``target ≈ matrix @ x + noise``.

    matrix : (n, period); target : (n,); noise_variance : (n,)
    restated : (n,) 1 for cumulative figures, whose restatement is part of the model, 0 for others
    """

    matrix: Floats
    target: Floats
    noise_variance: Floats
    restated: Floats


@cache
def components(
    periods: int, per_year: int, slope_kept: float = SLOPE_KEPT_A_YEAR
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Covariances for unit scale of level, damped slope and slow season; the lag of every pair; that of the drift.

    Parameters
    ----------
    slope_kept : share of a slope that is left after a year

    Returns
    -------
    five arrays (period, period); treat them as read-only
    """
    t = np.arange(periods, dtype=np.float64)
    lag = t[:, None] - t[None, :]
    level = np.minimum.outer(t, t)
    damping = slope_kept ** (1 / per_year)
    slope = np.tril(np.ones_like(lag), -1) @ np.tril(damping ** np.maximum(lag, 0))
    year = t.astype(int) // per_year
    season = _contrast(periods, per_year) * np.minimum.outer(year, year) / per_year
    drift = (DRIFT_SD_A_YEAR / per_year) ** 2 * np.outer(t, t)
    return level, slope @ slope.T, season, np.abs(lag), drift


@cache
def growth_process(periods: int, per_year: int) -> Floats:
    """Covariance for unit scale of an index whose year-on-year growth is a stationary autoregression, (period,
    period).

    ``x[t] = x[t - per_year] + g[t]``, zero in the first year, ``cov(g[t], g[s]) = kept^(11 |t - s| / per_year)``:
    what a year grew stays in the base of its own months, and makes no base effect. Treat it as read-only.
    """
    t = np.arange(periods)
    summed = ((t[:, None] % per_year == t % per_year) & (t[:, None] >= t) & (t >= per_year)).astype(np.float64)
    kept = GROWTH_KEPT ** (11 / per_year)
    return np.asarray(summed @ kept ** np.abs(t[:, None] - t).astype(np.float64) @ summed.T)


def _contrast(periods: int, per_year: int) -> Floats:
    """Covariance of a fixed seasonal pattern of unit variance that sums to zero over the year."""
    position = np.arange(periods) % per_year
    return (np.eye(per_year) - 1 / per_year)[np.ix_(position, position)]


def shape_covariance(shape: Floats, periods: int, per_year: int, *, root: bool = False) -> Floats:
    """Prior covariance of the index for unit scale.

    Parameters
    ----------
    shape : (..., 8), in the order of ``SHAPE_NAMES``; the last, restatement, is none of the index's
    root : whether the index is a root's, which keeps its base effects and has no growth of its own

    Returns
    -------
    array (..., period, period)
    """
    level, slope, season, lag, drift = components(periods, per_year)
    sd2 = np.exp(2 * shape[..., :5, None, None])
    log_ar = np.log(AR_MAX) - np.log1p(np.exp(-shape[..., 5, None, None]))
    own = 0.0 if root else np.exp(2 * shape[..., 6, None, None]) * growth_process(periods, per_year)
    return (
        sd2[..., 0, :, :] * level
        + sd2[..., 1, :, :] * slope
        + sd2[..., 2, :, :] * season
        + sd2[..., 3, :, :] * np.exp(lag * log_ar)
        + sd2[..., 4, :, :] * np.eye(periods)
        + own
        + drift
    )


def fixed_covariance(periods: int, per_year: int, *, root: bool, profile_sd: float) -> Floats:
    """Prior covariance that no scale multiplies: what is not known of base weights, and the root's long-run growth."""
    t = np.arange(periods, dtype=np.float64) / per_year
    trend_sd, share = (ROOT_TREND_SD_A_YEAR, 1.0) if root else (0.0, RATIO_PROFILE_SHARE)
    return trend_sd**2 * np.outer(t, t) + (share * profile_sd) ** 2 * _contrast(periods, per_year)


def prior_mean(periods: int, per_year: int, *, root: bool) -> Floats:
    """Prior mean of the index: long-run growth of the root, none of a ratio."""
    return np.arange(periods) * (ROOT_TREND_A_YEAR / per_year if root else 0.0)


def _levels(index: Floats, figures: Figures) -> Floats:
    """Levels of every period, over the largest but for the weights: index (..., period) -> the same."""
    relative = np.maximum(np.exp(index - index.max(-1, keepdims=True)), LEAST_LEVEL)
    return np.tile(figures.weight, index.shape[-1] // len(figures.weight)) * relative


def growth_matrix(index: Floats, figures: Figures) -> Floats:
    """Derivative of every figure's log growth with respect to the index.

    Row of a cumulative figure: shares of the period in this year's total to date, minus the same of last year; of a
    single-period figure: +1 and -1. Every row sums to zero.

    Parameters
    ----------
    index : (period,) expansion point

    Returns
    -------
    array (n, period)
    """
    per_year = len(figures.weight)
    level = _levels(index, figures)
    year_start = figures.time // per_year * per_year
    periods = np.arange(len(index))
    first = np.where(figures.cumulative, year_start, figures.time)
    now = (periods >= first[:, None]) & (periods <= figures.time[:, None])
    now_level, before_level = now * level, np.roll(now, -per_year, axis=1) * level
    return now_level / now_level.sum(1, keepdims=True) - before_level / before_level.sum(1, keepdims=True)


def log_growth(index: Floats, figures: Figures) -> Floats:
    """Log growth that an index implies for every figure, exactly.

    Parameters
    ----------
    index : (..., period)

    Returns
    -------
    array (..., n)
    """
    per_year = len(figures.weight)
    level = _levels(index, figures)
    total = np.concatenate([np.zeros((*index.shape[:-1], 1)), np.cumsum(level, axis=-1)], axis=-1)
    last = figures.time + 1
    first = np.where(figures.cumulative, figures.time // per_year * per_year, figures.time)
    this = total[..., last] - total[..., first]
    before = total[..., last - per_year] - total[..., first - per_year]
    return np.log(this) - np.log(before)


def linearise(figures: Figures, index: Floats) -> Linear:
    """Figures of a place as a linear function of its index, expanded around ``index`` (period,)."""
    matrix = growth_matrix(index, figures)
    residual = figures.log_growth - log_growth(index, figures)
    return Linear(
        matrix=matrix,
        target=residual + matrix @ index,
        noise_variance=figures.noise_sd**2,
        restated=figures.cumulative.astype(np.float64),
    )
