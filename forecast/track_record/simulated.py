"""Worlds drawn from the model's own prior: what was published of them, and the truth behind it.

A world has a root, children under it, hyperparameters, the log index of every place, and published cumulative growth.
``gapped`` worlds come from the prior of figures with gaps (``inference.model``, ``inference.gaps.family``), ``whole``
worlds from that of regular figures (``inference.regular.factors``). Everything is drawn here from the stated
distributions; no code of the routes that are put to the test draws.

How stirred times are multiplies what is new in a *figure*, given all before: of regular figures its noise is part of
what is new (``inference.volatility``), and is drawn given the figures. With gaps only what comes after the last figure
is stirred.

Invariant: figures of a world follow from its index and its noise (held by ``tests/test_simulated.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import scipy.linalg

from forecast.dims import Floats, brief
from forecast.inference.model import Figures, Measurements, fixed_covariance, log_growth, prior_mean, shape_covariance
from forecast.inference.priors import (
    DESIGN_CENTRE,
    DESIGN_SPREAD,
    POOL_SPREAD,
    PROFILE_SD,
    RATIO_PROFILE_SHARE,
    ROOT_TREND_A_YEAR,
    ROOT_TREND_SD_A_YEAR,
    ROUNDING_SD_PP,
    SCALE_BY_LEVEL,
    SCALE_SD,
    SHAPE_CENTRE,
    SHAPE_SPREAD,
    UNIT_SCALE_SD,
    VOLATILITY_KEPT_A_YEAR,
    VOLATILITY_REACH,
    VOLATILITY_SD,
)
from forecast.inference.regular.factors import Grid, shape_kernel, whitening
from forecast.inference.regular.noise import log_noise
from forecast.periods import Frequency, default_profile

FIRST_YEAR: Final = 2015
LEVELS: Final = ("province", "city")
"""Levels of root and children: they give the prior median of the scale."""
SPARSE: Final = (0.5, 0.8)
"""Share of a place's figures that are missing in gapped worlds: either is as likely, every other one or a handful."""
GAPS: Final = (0.0, 0.15)
"""The same in whole worlds, which may have a few."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedWorld:
    """A drawn world.

    measurements : what is published of it; the first place is the root
    index : (unit, period), log index, the truth
    shape : (unit, 8), shape of the place's family (gapped) or its own (whole)
    scale : (unit,), log points a period
    noise_sd : (unit,), sd of the noise of cumulative log growth in calm times, a child's of the ratio to its parent's;
        0 where figures differ in it
    tilt : (unit, per_year), log of the true base weights over the stated ones, where they are no part of the index
    """

    measurements: Measurements
    index: Floats
    shape: Floats
    scale: Floats
    noise_sd: Floats
    tilt: Floats

    __repr__ = brief

    def year_end(self) -> Floats:
        """True growth of the full target year on the stated base weights, (unit,), fraction."""
        level = self._levels()
        return level[:, 1].sum(1) / level[:, 0].sum(1) - 1

    def weighed_year_end(self) -> Floats:
        """The same on the true base weights: growth to date stays, open periods grow on last year's as they do."""
        m = self.measurements
        known = int(m.time[m.unit == 0].max()) + 1 - m.per_year * (m.years - 1)
        before, now = self._levels().transpose(1, 0, 2)
        true = before * np.exp(self.tilt)
        to_date = now[:, :known].sum(1) / before[:, :known].sum(1)
        rest = (true * now / before)[:, known:].sum(1)
        return (true[:, :known].sum(1) * to_date + rest) / true.sum(1) - 1

    def _levels(self) -> Floats:
        """Levels of last year and this on the stated base weights, (unit, 2, period)."""
        m = self.measurements
        return np.asarray(m.weight[:, None, :] * np.exp(self.index[:, -2 * m.per_year :].reshape(-1, 2, m.per_year)))


def _draw(covariance: Floats, rng: np.random.Generator) -> Floats:
    """A draw of a normal with mean zero; the covariance may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    return vectors @ (np.sqrt(np.maximum(values, 0)) * rng.standard_normal(len(values)))


def _stirred(per_year: int, periods: int, start: int, rng: np.random.Generator) -> Floats:
    """How stirred every period is, (period,): an autoregression of its log, 1 before ``start``."""
    kept = VOLATILITY_KEPT_A_YEAR ** (1 / per_year)
    h = np.zeros(periods)
    now = VOLATILITY_SD * rng.standard_normal()
    for t in range(start, periods):
        now = kept * now + np.sqrt(1 - kept**2) * VOLATILITY_SD * rng.standard_normal()
        h[t] = now
    return np.exp(np.clip(h, -VOLATILITY_REACH * VOLATILITY_SD, VOLATILITY_REACH * VOLATILITY_SD))


def _stirred_draw(covariance: Floats, stirred: Floats, rng: np.random.Generator) -> Floats:
    """A draw of a normal of which what is new in a period is so much larger."""
    usual = np.sqrt(np.diag(covariance)) + 1e-300
    factor = np.linalg.cholesky(covariance / np.outer(usual, usual) + 1e-9 * np.eye(len(usual)))
    return usual * (factor @ (stirred * rng.standard_normal(len(usual))))


def _figures_and_open(
    kernel: Floats, noise_ratio: float, grid: Grid, stirred: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Observed index and growth of the open periods, (T + H,), and noise of cumulative log growth, (T,), unit scale.

    Figures, noise included, and then the open periods are drawn in the order of time, what is new in each so much
    larger; what of the figures is noise follows given both.
    """
    n, white = grid.observed, whitening(grid)
    to_figures = np.eye(len(kernel))
    to_figures[:n, :n] = white
    noise = np.zeros((len(kernel), n))
    noise[:n] = noise_ratio**2 * np.eye(n)
    seen = to_figures @ kernel @ to_figures.T
    seen[:n, :n] += noise[:n]
    drawn = _stirred_draw(seen, stirred, rng)
    gain = np.linalg.solve(seen + 1e-10 * np.eye(len(seen)), noise).T
    wrong = gain @ drawn + _draw(noise[:n] - gain @ noise, rng)
    index = scipy.linalg.solve_triangular(white, drawn[:n] - wrong, lower=True)
    return np.concatenate([index, drawn[n:]]), wrong


def _tilts(sd: float, children: int, per_year: int, rng: np.random.Generator) -> Floats:
    """Log of true base weights over stated ones, root and children, (unit, per_year), without a mean over the year."""
    contrast = np.eye(per_year) - 1 / per_year
    usual = sd / np.sqrt(1 - 1 / per_year)
    root, own = rng.standard_normal(per_year), rng.standard_normal((children, per_year))
    common = 1 / np.hypot(1.0, RATIO_PROFILE_SHARE)
    below = common * root + np.sqrt(1 - common**2) * own
    return np.asarray(usual * np.vstack([root, below]) @ contrast)


def gapped_world(
    rng: np.random.Generator,
    *,
    frequency: Frequency = Frequency.MONTHLY,
    years: int = 4,
    last: int = 7,
    children: int = 2,
    origin: str = "profile",
) -> SimulatedWorld:
    """A world of the prior of figures with gaps.

    Parameters
    ----------
    years : of the grid, the base year and the target year included; last : periods of the target year that are out
    origin : of the base weights, which says how uncertain they are
    """
    per_year = frequency.per_year
    periods, weight = per_year * years, default_profile(frequency)
    index, shapes, scales = np.empty((children + 1, periods)), np.empty((children + 1, 8)), np.empty(children + 1)
    rows = _published(rng, children + 1, years, per_year, last, SPARSE)
    last_figure = [int(rows[1][rows[0] == unit].max()) for unit in range(children + 1)]
    for members, level in (([0], LEVELS[0]), (list(range(1, children + 1)), LEVELS[1])):
        root = members == [0]
        shape = SHAPE_CENTRE + SHAPE_SPREAD * rng.standard_normal(8)
        common = np.log(SCALE_BY_LEVEL[level]) + SCALE_SD * rng.standard_normal()
        fixed = fixed_covariance(periods, per_year, root=root, profile_sd=PROFILE_SD[origin])
        kernel = shape_covariance(shape, periods, per_year, root=root)
        for unit in members:
            shapes[unit], scales[unit] = shape, np.exp(common + UNIT_SCALE_SD * rng.standard_normal())
            stirred = _stirred(per_year, periods, last_figure[unit] + 1, rng)
            ratio = prior_mean(periods, per_year, root=root)
            ratio = ratio + _stirred_draw(scales[unit] ** 2 * kernel + fixed, stirred, rng)
            index[unit] = ratio if root else index[0] + ratio
    exact = _exact(index, weight, rows)
    rounding = ROUNDING_SD_PP / 100 / np.exp(exact)
    noise = np.hypot(rounding, (scales * np.exp(shapes[:, -1]))[rows[0]])
    figures = exact + noise * rng.standard_normal(len(exact))
    measurements = _measured(index, weight, rows, figures, rounding, years=years, origin=origin)
    return SimulatedWorld(
        measurements=measurements,
        index=index,
        shape=shapes,
        scale=scales,
        noise_sd=np.zeros(children + 1),
        tilt=np.zeros((children + 1, per_year)),
    )


def _published(
    rng: np.random.Generator, units: int, years: int, per_year: int, last: int, sparse: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Unit and period of figures with gaps; every place has one in the target year."""
    unit, time = [], []
    start = per_year * (years - 1)
    for place in range(units):
        missing = sparse[int(rng.integers(2))]
        out = [t for t in range(per_year, start + last) if rng.random() >= missing]
        if not any(t >= start for t in out):
            out.append(start + int(rng.integers(last)))
        unit += [place] * len(out)
        time += out
    return np.array(unit, dtype=np.intp), np.array(time, dtype=np.intp)


def _exact(index: Floats, weight: Floats, rows: tuple[np.ndarray, np.ndarray]) -> Floats:
    """Cumulative log growth of the index at these units and periods, (n,)."""
    unit, time = rows
    exact = np.empty(len(unit))
    for place in range(len(index)):
        mine = unit == place
        figures = Figures(
            weight=weight,
            time=time[mine],
            cumulative=np.ones(int(mine.sum()), dtype=bool),
            log_growth=np.zeros(int(mine.sum())),
            noise_sd=np.ones(int(mine.sum())),
        )
        exact[mine] = log_growth(index[place], figures)
    return exact


def _measured(
    index: Floats,
    weight: Floats,
    rows: tuple[np.ndarray, np.ndarray],
    figures: Floats,
    noise_sd: Floats,
    *,
    years: int,
    origin: str,
) -> Measurements:
    """Published figures of cumulative log growth, (n,), as measurements; noise_sd : (n,), of rounding."""
    unit, time = rows
    units = len(index)
    return Measurements(
        units=("root", *(f"child{i}" for i in range(1, units))),
        parent=(-1, *([0] * (units - 1))),
        per_year=len(weight),
        first_year=FIRST_YEAR,
        years=years,
        weight=np.tile(weight, (units, 1)),
        profile_sd=np.full(units, PROFILE_SD[origin]),
        scale=np.array([SCALE_BY_LEVEL[LEVELS[0]], *[SCALE_BY_LEVEL[LEVELS[1]]] * (units - 1)]),
        unit=unit,
        time=time,
        cumulative=np.ones(len(unit), dtype=bool),
        log_growth=figures,
        noise_sd=noise_sd,
    )


def whole_world(
    rng: np.random.Generator,
    *,
    frequency: Frequency = Frequency.MONTHLY,
    past: int = 5,
    last: int = 7,
    children: int = 3,
) -> SimulatedWorld:
    """A world of the prior of regular figures: every period from the first growth year on is published, or most are.

    Siblings' shapes lie around a common one, so that each has the stated prior. Noise is that of the ratio to the
    parent's figure, as the model has it: what is wrong with the parent's is wrong with the child's as well.

    Parameters
    ----------
    past : full years of growth before the target year; last : periods of the target year that are out
    """
    per_year = frequency.per_year
    grid = Grid(per_year=per_year, years=past, known=last)
    weight, n = default_profile(frequency), children + 1
    index, shapes, scales = np.zeros((n, grid.periods)), np.empty((n, 8)), np.empty(n)
    rounding = ROUNDING_SD_PP / 100 * np.array([1.0, *[np.sqrt(2)] * children])
    noise = np.exp(log_noise(rng.standard_normal(n))) * rounding
    wrong = np.zeros((n, grid.periods))
    for members, level in (([0], LEVELS[0]), (list(range(1, n)), LEVELS[1])):
        root = members == [0]
        middle = DESIGN_SPREAD * np.sqrt(1 - POOL_SPREAD**2) * rng.standard_normal(8)
        common = np.log(SCALE_BY_LEVEL[level]) + SCALE_SD * rng.standard_normal()
        own = replace(grid, root=root)
        for unit in members:
            shapes[unit] = DESIGN_CENTRE + middle + POOL_SPREAD * DESIGN_SPREAD * rng.standard_normal(8)
            scales[unit] = np.exp(common + UNIT_SCALE_SD * rng.standard_normal())
            stirred = _stirred(per_year, grid.observed + grid.open, 0, rng)
            kernel = shape_kernel(shapes[unit], own)
            path, off = _figures_and_open(kernel, float(noise[unit] / scales[unit]), grid, stirred, rng)
            wrong[unit, per_year : per_year + grid.observed] = scales[unit] * off
            index[unit] = scales[unit] * _path(path, grid) + (_trend(rng, grid) if root else index[0])
    wrong[1:] += wrong[0]
    rows = _published(rng, n, past + 2, per_year, last, GAPS)
    figures = _exact(index, weight, rows) + wrong[rows]
    usual = np.full(len(figures), ROUNDING_SD_PP / 100)
    return SimulatedWorld(
        measurements=_measured(index, weight, rows, figures, usual, years=past + 2, origin="levels"),
        index=index,
        shape=shapes,
        scale=scales,
        noise_sd=noise,
        tilt=_tilts(PROFILE_SD["levels"], children, per_year, rng),
    )


def _path(wanted: Floats, grid: Grid) -> Floats:
    """Index over the whole grid of observed index and year-on-year growth of open periods; zero in the first year."""
    s = grid.per_year
    out = np.zeros(grid.periods)
    out[s : s + grid.observed] = wanted[: grid.observed]
    out[s + grid.observed :] = out[grid.observed : grid.periods - s] + wanted[grid.observed :]
    return out


def _trend(rng: np.random.Generator, grid: Grid) -> Floats:
    """Long-run growth of the root."""
    yearly = ROOT_TREND_A_YEAR + ROOT_TREND_SD_A_YEAR * rng.standard_normal()
    return yearly * (np.arange(grid.periods) // grid.per_year)
