"""How stirred the times are: the scale of now, from the size of what was new of late.

The scale of a place is one number for all years. What is new in a period, given all before, is the scale times
``exp(h)``, and ``h`` is a stationary autoregression with sd ``VOLATILITY_SD`` of which ``VOLATILITY_KEPT_A_YEAR`` is
left after a year: calm times and stirred ones last about a year, and siblings share part of what is to come.
Given shape and noise ratio the centre of a forecast does not depend on it, so that only spreads move.

Of a place on a regular grid, standardised innovations ``e = L^-1 c`` (``L L'`` the covariance of its figures at the
most likely shape, for unit scale) say what ``h`` is now: ``e[t] ~ N(0, exp(2 (d + h[t])))``, ``d`` the log scale less
that of a constant one, by a forward filter on a grid of both. Where most figures are missing nothing is seen of it, and
what is to come is drawn from the prior.

Invariant: on worlds of this prior the filter's draws of the last ``d + h`` are uniform about the truth
(held by ``tests/test_volatility.py``).

Two members, one forecast: structural and direct draws of the rest of the year, calibrated and mixed.

Both members say how much the rest of the year grows on last year's, in logs: ``z``. A share of the draws, the same ones
in all places of an indicator, takes the direct member's ``z``; its path is the structural one of that draw with the
growth of all open periods shifted by one constant. Shares and tails are chosen on years of the public panels, scored
ones among them.

Invariant: in every draw, year-end growth follows from growth to date and ``z`` (held by ``tests/test_mixture.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from forecast.dims import Floats
from forecast.inference.chain import Worlds, usable, worlds
from forecast.inference.priors import (
    DIRECT_SHARE,
    HALF_SHARE_YEARS,
    LEAST_REST,
    TAIL_DOF,
    VOLATILITY_COMMON,
    VOLATILITY_KEPT_A_YEAR,
    VOLATILITY_NODES,
    VOLATILITY_OFFSETS,
    VOLATILITY_REACH,
    VOLATILITY_SD,
)
from forecast.inference.regular.factors import Grid


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mixture:
    """What the draws of all places of an indicator share.

    stretch : (draw,), how far out the structural draw lies, mean square 1
    direct : (n,) int, the draws that the direct member gives; none where it cannot be used
    worlds : of those draws
    """

    stretch: Floats
    direct: np.ndarray
    worlds: Worlds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """Log growth of the two parts of the target year on the same of last year.

    to_date : (draw,), of the published periods, 0 where none is; rest : (draw,), of the open ones
    """

    to_date: Floats
    rest: Floats


def mixture(grid: Grid, draws: int, rng: np.random.Generator) -> Mixture:
    """Which draws are whose, drawn once for an indicator."""
    past = grid.years - 1
    count = round(DIRECT_SHARE * past / (past + HALF_SHARE_YEARS) * draws) if usable(grid) else 0
    stretch = np.sqrt((TAIL_DOF - 2) / rng.chisquare(TAIL_DOF, draws))
    direct = np.sort(rng.permutation(draws)[:count])
    empty = Worlds(year=np.zeros(0, dtype=np.intp), sign=np.zeros(0))
    return Mixture(stretch=stretch, direct=direct, worlds=worlds(grid, count, rng) if count else empty)


def combined(structural: Floats, direct: Floats, shared: Mixture) -> Floats:
    """Log growth of the rest of the year, members mixed around their common centre.

    Left apart, members that disagree would widen 50 % intervals beyond what is observed.

    Parameters
    ----------
    structural : (draw,), by the structural member
    direct : (n,), by the direct member, for the draws ``shared.direct``

    Returns
    -------
    array (draw,)
    """
    level = np.exp(structural)
    centre = np.median(level)
    out = centre + (level - centre) * shared.stretch
    if len(direct):
        share = len(direct) / len(structural)
        apart = np.median(np.exp(direct)) - centre
        out = out + share * apart
        out[shared.direct] = np.exp(direct) - (1 - share) * apart
    return np.log(np.maximum(out, LEAST_REST * centre))


def parts(index: Floats, weight: Floats, grid: Grid) -> Parts:
    """Growth of the year to date and of the rest of the year: index (draw, period), weight (per_year,)."""
    s, known = grid.per_year, grid.known
    level = weight * np.exp(index[:, -2 * s :].reshape(-1, 2, s))
    to_date = np.log(level[:, :, :known].sum(2)) if known else np.zeros((len(index), 2))
    rest = np.log(level[:, :, known:].sum(2)) if grid.open else np.zeros((len(index), 2))
    return Parts(to_date=to_date[:, 1] - to_date[:, 0], rest=rest[:, 1] - rest[:, 0])


def with_parts(index: Floats, weight: Floats, grid: Grid, wanted: Parts) -> Floats:
    """Paths with the wanted growth of both parts of the target year, each shifted by one constant a draw."""
    found = parts(index, weight, grid)
    out = index.copy()
    start = grid.periods - grid.per_year
    out[:, start : start + grid.known] += (wanted.to_date - found.to_date)[:, None]
    out[:, start + grid.known :] += (wanted.rest - found.rest)[:, None]
    return out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Volatility:
    """Draws of how stirred the times are.

    offset : (draw,), log scale less that of a constant one; ahead : (draw, H), h of the open periods
    """

    offset: Floats
    ahead: Floats


def kept(per_year: int) -> float:
    """Share of ``h`` that is left after a period."""
    return float(VOLATILITY_KEPT_A_YEAR ** (1 / per_year))


@cache
def _nodes(per_year: int) -> tuple[Floats, Floats, Floats]:
    """Nodes of h, their stationary masses, and masses of the next node given one, (node, next)."""
    at = np.linspace(-VOLATILITY_REACH, VOLATILITY_REACH, VOLATILITY_NODES) * VOLATILITY_SD
    phi = kept(per_year)
    step = VOLATILITY_SD * np.sqrt(1 - phi**2)
    ahead = np.exp(-0.5 * ((at[None, :] - phi * at[:, None]) / step) ** 2)
    still = np.exp(-0.5 * (at / VOLATILITY_SD) ** 2)
    return at, still / still.sum(), ahead / ahead.sum(1, keepdims=True)


def innovations(covariance: Floats, figures: Floats) -> Floats:
    """Standardised innovations of figures in the order of time, (T,), of mean square one.

    Parameters
    ----------
    covariance : (T, T), for unit scale; figures : (T,), of mean zero
    """
    new = np.linalg.solve(np.linalg.cholesky(covariance), figures)
    size = np.sqrt((new**2).mean())
    return np.asarray(new / size) if size > 0 else np.ones(len(new))


def filtered(new: Floats, per_year: int) -> Floats:
    """Posterior masses of the offset and of the last h, (offset, node), given innovations (T,)."""
    at, still, ahead = _nodes(per_year)
    offset = np.linspace(-VOLATILITY_OFFSETS, VOLATILITY_OFFSETS, VOLATILITY_NODES)
    log_size = offset[:, None] + at[None, :]
    precision = np.exp(-2 * log_size)
    mass = np.tile(still, (len(offset), 1))
    log_total = np.zeros(len(offset))
    for k, square in enumerate(new**2):
        if k:
            mass = mass @ ahead
        mass = mass * np.exp(-log_size - 0.5 * square * precision)
        total = mass.sum(1)
        log_total += np.log(total)
        mass = mass / total[:, None]
    weight = np.exp(log_total - log_total.max())
    return np.asarray(mass * (weight / weight.sum())[:, None])


def seen(new: Floats, per_year: int, common: Floats, rng: np.random.Generator) -> Volatility:
    """Draws given innovations.

    Parameters
    ----------
    new : (T,); common : (draw, H), normals that siblings share
    """
    at, mass = _nodes(per_year)[0], filtered(new, per_year)
    draws = len(common)
    edges = np.cumsum(mass.ravel())
    place = np.searchsorted(edges, (rng.permutation(draws) + rng.random()) / draws * edges[-1])
    row, column = np.divmod(np.minimum(place, mass.size - 1), len(at))
    width = at[1] - at[0]
    now = at[column] + width * (rng.random(draws) - 0.5)
    offset = np.linspace(-VOLATILITY_OFFSETS, VOLATILITY_OFFSETS, VOLATILITY_NODES)
    wide = offset[1] - offset[0]
    return Volatility(offset=offset[row] + wide * (rng.random(draws) - 0.5), ahead=to_come(now, per_year, common, rng))


def to_come(now: Floats, per_year: int, common: Floats, rng: np.random.Generator) -> Floats:
    """h of the periods to come, (draw, H), given that of the last one, (draw,).

    Parameters
    ----------
    common : (draw, H), normals that siblings share
    """
    phi = kept(per_year)
    step = VOLATILITY_SD * np.sqrt(1 - phi**2)
    own = rng.standard_normal(common.shape)
    new = step * (np.sqrt(VOLATILITY_COMMON) * common + np.sqrt(1 - VOLATILITY_COMMON) * own)
    out = np.empty(common.shape)
    for k in range(common.shape[1]):
        now = phi * now + new[:, k]
        out[:, k] = now
    return np.clip(out, -VOLATILITY_REACH * VOLATILITY_SD, VOLATILITY_REACH * VOLATILITY_SD)
