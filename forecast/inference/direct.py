"""The direct member: growth of the rest of the year regressed on growth to date, pooled over siblings and past years.

It knows nothing of how the index moves, and is not misled by it: what growth of the remaining periods was, in past
years at this time of the year, given growth to date, momentum and last year's base. Ratios to the parent are regressed
like the root's index, in units of each place's own scale, by a ridge towards coefficients that hold anywhere.

Invariant: coefficients are those of least squares on data augmented by the prior (held by ``tests/test_direct.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.dims import Floats
from forecast.inference.priors import (
    DIRECT_EARLY_PRIOR,
    DIRECT_LEAST_YEARS,
    DIRECT_PRIOR,
    EARLY,
    LARGEST,
    LARGEST_NOW,
    LEAST_FREEDOM,
    LEAST_SCALE,
    MOMENTUM_MONTHS,
    RIDGE,
    SCALE_YEARS,
    YEAR_SHARE,
)
from forecast.inference.regular.factors import Grid


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Direct:
    """Excess of the rest of the year over the year to date, log growth.

    mean : (place,), of the target year
    residual : (year, place), of past years, in scales, as large as ``spread``
    scale : (place,), log points; spread : (place,), root mean square residual in scales
    """

    mean: Floats
    residual: Floats
    scale: Floats
    spread: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Worlds:
    """What the direct draws of all places of an indicator share: which past year comes back, and its sign.

    year : (draw,), int; sign : (draw,), 1 or -1
    """

    year: np.ndarray
    sign: Floats


def usable(grid: Grid) -> bool:
    """Whether there is growth to date, a rest of the year, and enough past years."""
    return 0 < grid.known < grid.per_year and grid.years - 1 >= DIRECT_LEAST_YEARS


def features(index: Floats, weight: Floats, grid: Grid) -> tuple[Floats, Floats]:
    """Regressors and regressand of every year that has a year of growth before it; the last is the target year.

    Parameters
    ----------
    index : (T, place), log index or ratio; weight : (per_year, place), of the year before the first figure

    Returns
    -------
    regressors : (year, place, 5), as ``DIRECT_PRIOR``; excess : (year, place), NaN for the target year
    """
    s, known = grid.per_year, grid.known
    places = index.shape[1]
    padded = np.concatenate([np.zeros((s, places)), index, np.full((grid.open, places), np.nan)])
    year = padded.reshape(-1, s, places)
    level = np.exp(year) * weight
    total = np.log(np.cumsum(level, axis=1))
    rest = np.log(level[:, known:].sum(1))
    to_date = total[1:, known - 1] - total[:-1, known - 1]
    full, single = total[1:, -1] - total[:-1, -1], year[1:] - year[:-1]
    span = min(max(1, round(s * MOMENTUM_MONTHS / 12)), known)
    momentum = single[:, known - span : known].mean(1)
    excess = rest[1:] - rest[:-1] - to_date
    last = single[1:, known - 1] - momentum[1:]
    return np.stack([momentum[1:] - to_date[1:], to_date[1:], excess[:-1], full[:-1], last], axis=2), excess[1:]


def ridge(regressors: Floats, regressand: Floats, prior: Floats) -> tuple[Floats, float]:
    """Ridge coefficients towards ``prior``, and the share of freedom that fitting them takes."""
    gram = regressors.T @ regressors
    regular = gram + RIDGE * np.eye(len(prior))
    beta = prior + np.linalg.solve(regular, regressors.T @ (regressand - regressors @ prior))
    return beta, float(np.trace(np.linalg.solve(regular, gram)) / len(regressand))


def fit_direct(index: Floats, weight: Floats, grid: Grid) -> Direct:
    """Direct member of siblings; parameters as of ``features``."""
    regressors, excess = features(index, weight, grid)
    past = excess[:-1]
    years = len(past)
    prior = DIRECT_EARLY_PRIOR if grid.known <= EARLY * grid.per_year else DIRECT_PRIOR
    size = np.sqrt((past**2).mean(0))
    common = np.median(size) + LEAST_SCALE
    scale = np.sqrt((years * size**2 + SCALE_YEARS * common**2) / (years + SCALE_YEARS))
    known = np.clip(regressors[:-1] / scale[:, None], -LARGEST, LARGEST)
    beta, taken = ridge(known.reshape(-1, len(prior)), np.clip(past / scale, -LARGEST, LARGEST).ravel(), prior)
    residual = np.clip(past / scale, -LARGEST_NOW, LARGEST_NOW) - known @ beta
    residual = residual / np.sqrt(max(1 - taken, LEAST_FREEDOM))
    own, all_ = np.sqrt((residual**2).mean(0)), np.sqrt((residual**2).mean())
    spread = np.sqrt((years * own**2 + SCALE_YEARS * all_**2) / (years + SCALE_YEARS))
    now = np.clip(regressors[-1] / scale[:, None], -LARGEST_NOW, LARGEST_NOW)
    return Direct(
        mean=(now @ beta) * scale, residual=residual * (spread / np.maximum(own, 1e-6)), scale=scale, spread=spread
    )


def worlds(grid: Grid, draws: int, rng: np.random.Generator) -> Worlds:
    """Past years that come back, with their sign; every place of an indicator takes the same."""
    return Worlds(year=rng.integers(0, grid.years - 1, draws), sign=2.0 * rng.integers(0, 2, draws) - 1.0)


def draw_excess(direct: Direct, place: int, common: Worlds, rng: np.random.Generator) -> Floats:
    """Draws of a place's excess (draw,): a past year's residual, with either sign, and a part of its own."""
    year = direct.residual[common.year, place] * common.sign
    own = direct.spread[place] * rng.standard_normal(len(common.year))
    drawn = np.sqrt(YEAR_SHARE) * year + np.sqrt(1 - YEAR_SHARE) * own
    return direct.mean[place] + direct.scale[place] * drawn
