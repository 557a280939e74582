"""Two members, one forecast: structural and direct draws of the rest of the year, calibrated and mixed.

Both members say how much the rest of the year grows on last year's, in logs: ``z``. A share of the draws, the same ones
in all places of an indicator, takes the direct member's ``z``; its path is the structural one of that draw with the
growth of all open periods shifted by one constant. Shares and tails are chosen on years of the public panels, scored
ones among them.

Invariant: in every draw, year-end growth follows from growth to date and ``z`` (held by ``tests/test_mixture.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.dims import Floats
from forecast.inference.direct import Worlds, usable, worlds
from forecast.inference.priors import DIRECT_SHARE, HALF_SHARE_YEARS, LEAST_REST, TAIL_DOF
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
