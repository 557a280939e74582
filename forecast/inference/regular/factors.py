"""Everything about a regular grid that no figure changes: prior covariances on a fixed design of shapes, factorised.

A grid is regular where every period from the first growth year to a last period of the target year is published. The
log index of such a grid follows from the figures by chaining (``chain``), so that all indicators with the same
grid share one factorisation.

With ``y`` the log index of all periods and ``K`` its prior covariance for a shape, what is observed is
``x[t] = y[per_year + t] - y[t mod per_year]``, what is wanted ``f[h] = y[open h] - y[the same, a year before]``, and

    cov(x) = s^2 (K_x + rho^2 N0),    N0 = (B'B)^-1,    B K_x B' = U diag(lam) U',    W = U' B,
    cov(W x) = s^2 diag(lam + rho^2).

Rounding ``e`` of cumulative log growth is noise ``S^-1 e`` of single-period growth, which the index keeps for all later
years: ``N0 = min(Y, Y') (x) S^-1 S^-T``, ``S`` the cumulative means. ``B x`` is cumulative log growth, to first order.

Invariant: the factors are those of the dense covariances (held by ``tests/test_factors.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any, Final

import numpy as np
import scipy.linalg
from scipy.special import ndtri
from scipy.stats import qmc

from forecast.dims import Floats
from forecast.inference.model import components, growth_process
from forecast.inference.priors import (
    AR_MAX,
    DESIGN_CENTRE,
    DESIGN_POINTS,
    DESIGN_SPREAD,
    KEPT_GRIDS,
    LASTING_LOGIT,
    NOISE_RATIOS,
    SLOPE_KEPT,
    SLOPE_LASTS,
    TREND_SD_A_YEAR,
)


@dataclass(frozen=True, slots=True)
class Grid:
    """A regular grid: a year before the first figure, ``years`` full years of growth, ``known`` periods of the last.

    per_year : periods a year
    root : whether the index is a root's, which has no growth of its own
    """

    per_year: int
    years: int
    known: int
    root: bool = False

    @property
    def observed(self) -> int:
        """Periods with a figure."""
        return self.per_year * self.years + self.known

    @property
    def open(self) -> int:
        """Periods of the target year without one."""
        return self.per_year - self.known

    @property
    def periods(self) -> int:
        """All periods, the year before the first figure included."""
        return self.per_year * (self.years + 2)


def _design() -> Floats:
    """Centre and Sobol points of the shapes' prior, (point, 8)."""
    uniform = qmc.Sobol(len(DESIGN_CENTRE), rng=np.random.default_rng(3)).random(DESIGN_POINTS)
    return np.vstack([DESIGN_CENTRE, DESIGN_CENTRE + DESIGN_SPREAD * ndtri(np.clip(uniform[:-1], 1e-3, 1 - 1e-3))])


DESIGN: Final = _design()
"""The design, (point, 8), in the order of ``DESIGN_NAMES``: fixed, so that the same figures give the same digits."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Factors:
    """Factors of a grid for every point of the design; ``T`` observed periods, ``H`` open ones.

    shapes : (point, 8); log_ratio : (point,), log of the prior's density over the design's, up to a constant
    figures : (T, T), B; axes : (point, T, T), U, an axis a column; eigenvalue : (point, T), lam
    cross : (point, H + 1, T), covariance of what is wanted with W x for unit scale; the last row is for the noise of
        the last published cumulative figure, and rho^2 times noise_cross : (point, T)
    own : (point, H, H), prior covariance of f for unit scale
    precision : (point, ratio, T), 1 / (lam + rho^2); log_det : (point, ratio), log det of cov(W x) for unit scale
    """

    grid: Grid
    shapes: Floats
    log_ratio: Floats
    figures: Floats
    axes: Floats
    eigenvalue: Floats
    cross: Floats
    noise_cross: Floats
    own: Floats
    precision: Floats
    log_det: Floats

    def rotated(self, index: Floats) -> Floats:
        """W x of every point of the design: (T, k) -> (point, T, k)."""
        return self.axes.transpose(0, 2, 1) @ (self.figures @ index)


def calendar_weights(per_year: int) -> Floats:
    """Weights by which rounding is spread over a year: January-February counts twice where there are eleven periods."""
    weight = np.ones(per_year)
    weight[0] = 2.0 if per_year == 11 else 1.0
    return weight / weight.sum()


@cache
def whitening(grid: Grid) -> Floats:
    """B, (T, T): makes the index's noise white, of unit variance."""
    factor = np.linalg.cholesky(observed_noise(grid))
    return np.asarray(scipy.linalg.solve_triangular(factor, np.eye(grid.observed), lower=True))


def observed_noise(grid: Grid) -> Floats:
    """Covariance of the index's noise for unit rounding of every cumulative log growth, (T, T)."""
    weight = calendar_weights(grid.per_year)
    means = np.tril(np.ones((grid.per_year, grid.per_year))) * weight / np.cumsum(weight)[:, None]
    single = np.linalg.inv(means)
    year = np.arange(1.0, grid.years + 2)
    return np.kron(np.minimum.outer(year, year), single @ single.T)[: grid.observed, : grid.observed]


def last_figure(grid: Grid) -> Floats:
    """Weights of the index's noise in that of the last cumulative figure of the target year, (T,); 0 where none is."""
    out = np.zeros(grid.observed)
    if grid.known:
        weight = calendar_weights(grid.per_year)[: grid.known]
        out[grid.observed - grid.known :] = weight / weight.sum()
        before = grid.observed - grid.per_year - grid.known
        out[before : before + grid.known] -= weight / weight.sum()
    return out


@cache
def contrasts(grid: Grid) -> Floats:
    """Rows that make x (T) and f (H) of the log index y of all periods, (T + H, period)."""
    s, t, h = grid.per_year, np.arange(grid.observed), np.arange(grid.open)
    out = np.zeros((grid.observed + grid.open, grid.periods))
    out[t, s + t] += 1
    out[t, t % s] -= 1
    out[grid.observed + h, s + grid.observed + h] += 1
    out[grid.observed + h, grid.observed + h] -= 1
    return out


@cache
def _unit(grid: Grid) -> Floats:
    """Weights of a covariance of y in half the variance of a change of year-on-year growth, (period, period).

    That is the unit of the scale: a scale is then comparable between shapes, and can be seen in the figures.
    """
    s, n = grid.per_year, grid.periods
    yearly = (np.eye(n, k=s) - np.eye(n))[: n - s]
    change = np.diff(yearly, axis=0)
    return change.T @ change / (2 * len(change))


@cache
def contrast_parts(grid: Grid) -> tuple[Floats, Floats]:
    """Covariances of (x, f) by the parts, autoregression aside, and by the trend, (7, T + H, T + H); their units.

    The parts, as of ``variances``: level, slope, season, irregular, growth (none of the root's), lasting slope.
    """
    rows, n, s = contrasts(grid), grid.periods, grid.per_year
    growth = growth_process(n, s) * float(not grid.root)
    every = [*components(n, s, SLOPE_KEPT)[:3], np.eye(n), growth, components(n, s, SLOPE_LASTS)[1]]
    trend = rows @ (np.arange(grid.periods) * (TREND_SD_A_YEAR / grid.per_year))
    seen = [rows @ one @ rows.T for one in every]
    return np.array([*seen, np.outer(trend, trend)]), np.array([(_unit(grid) * one).sum() for one in every])


@cache
def contrast_lags(grid: Grid) -> tuple[np.ndarray, Floats]:
    """Lags between what (x, f) add and what they subtract, (4, T + H, T + H); weight of every lag in the unit."""
    rows = contrasts(grid)
    plus, minus = rows.argmax(1), rows.argmin(1)
    lags = [np.abs(a[:, None] - b[None, :]) for a, b in ((plus, plus), (minus, minus), (plus, minus), (minus, plus))]
    t = np.arange(grid.periods)
    return np.array(lags), np.bincount(np.abs(t[:, None] - t).ravel(), _unit(grid).ravel())


def lasting_offset(per_year: int) -> float:
    """Prior mean of the logit of the share of a slope's variance that lasts."""
    return LASTING_LOGIT["quarterly" if per_year <= 4 else "monthly"]


def variances(shape: Floats, grid: Grid) -> Floats:
    """Variances of the parts of ``contrast_parts``, the trend aside, (6,), before they are scaled together."""
    sd2 = np.exp(2 * shape[:7])
    lasting = 1 / (1 + np.exp(-shape[7] - lasting_offset(grid.per_year)))
    return np.array([sd2[0], sd2[1] * (1 - lasting), sd2[2], sd2[4], sd2[6], sd2[1] * lasting])


def shape_kernel(shape: Floats, grid: Grid) -> Floats:
    """Prior covariance of (x, f) for unit scale, a trend included, (T + H, T + H).

    Parameters
    ----------
    shape : (8,), in the order of ``DESIGN_NAMES``
    """
    parts, units = contrast_parts(grid)
    lags, lag_units = contrast_lags(grid)
    variance, ar_variance = variances(shape, grid), np.exp(2 * shape[3])
    ar = (AR_MAX / (1 + np.exp(-shape[5]))) ** np.arange(grid.periods)
    seen = ar[lags]
    prior = np.tensordot(variance, parts[:6], axes=1) + ar_variance * (seen[0] + seen[1] - seen[2] - seen[3])
    return np.asarray(prior / (variance @ units + ar_variance * (lag_units @ ar)) + parts[6])


@lru_cache(maxsize=KEPT_GRIDS)
def factors(grid: Grid) -> Factors:
    """Factors of a grid. Computed once a process for a grid; treat the arrays as read-only."""
    return decomposed(DESIGN, grid)


def together(designs: Sequence[Factors], log_ratio: Floats) -> Factors:
    """Factors of the same grid at the points of all designs.

    Parameters
    ----------
    log_ratio : (point,), log of the prior's density over that of the whole design
    """
    names = ("shapes", "axes", "eigenvalue", "cross", "noise_cross", "own", "precision", "log_det")
    arrays: dict[str, Any] = {name: np.concatenate([getattr(one, name) for one in designs]) for name in names}
    return replace(designs[0], log_ratio=log_ratio, **arrays)


def decomposed(shapes: Floats, grid: Grid) -> Factors:
    """Factors of a grid for these shapes, which are taken as points of the prior."""
    n, points = grid.observed, len(shapes)
    noise, figures = observed_noise(grid), whitening(grid)
    axes, eigenvalue = np.empty((points, n, n)), np.empty((points, n))
    cross = np.zeros((points, grid.open + 1, n))
    own = np.empty((points, grid.open, grid.open))
    for i, shape in enumerate(shapes):
        kernel = shape_kernel(shape, grid)
        eigenvalue[i], axes[i] = np.linalg.eigh(figures @ kernel[:n, :n] @ figures.T)
        cross[i, :-1], own[i] = kernel[n:, :n] @ figures.T @ axes[i], kernel[n:, n:]
    eigenvalue = np.maximum(eigenvalue, 1e-9)
    precision = 1 / (eigenvalue[:, None, :] + NOISE_RATIOS[:, None] ** 2)
    return Factors(
        grid=grid,
        shapes=shapes,
        log_ratio=np.zeros(points),
        figures=figures,
        axes=axes,
        eigenvalue=eigenvalue,
        cross=cross,
        noise_cross=(figures @ noise @ last_figure(grid)) @ axes,
        own=own,
        precision=precision,
        log_det=-np.log(precision).sum(2),
    )
