"""The structural member on a regular grid: shapes weighted on a fixed design, the scale integrated analytically.

With ``q``, ``b`` and the weights of ``learning``, ``s^2 | x, shape, rho ~ InvGamma(a0 + T/2, b + q/2)``, and what is
wanted of the open periods given shape, rho and s is Gaussian.

Invariant: given shape, rho and scale, draws have the mean and covariance of the dense conditional normal
(held by ``tests/test_regular.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from forecast.dims import Floats
from forecast.inference.diagnostics import Diagnostics
from forecast.inference.factors import NOISE_RATIOS, Factors, Grid, factors
from forecast.inference.incomplete import MOST_MISSING, NO_GAP, Drawn, Series, draw_missing, drawn
from forecast.inference.learning import (
    SCALE_SHAPE,
    Learnt,
    changes,
    evidence,
)
from forecast.inference.model import Measurements
from forecast.inference.ratio import RatioDraws
from forecast.inference.refine import refined

__all__ = [
    "common_grid",
    "draw_future",
    "effective_draws",
    "gains",
    "long_run_growth",
    "regular_family",
    "whole_path",
]

LEAST_POINTS: Final = 5.0
"""Effective points of the design below which the fast route is not to be relied on: the weights rest on a handful.

Another design of as many points moves the centre of a forecast by .05 of its sd above 40 points and by .1 to .2 below,
most where a panel collapsed and came back, whatever the number there (public panels, against 3072 points)."""

LEAST_CHANGES: Final = 10
"""Changes of year-on-year growth that the robust scale is at least the median of."""
LARGEST_MOVE: Final = 8.0
"""Year-on-year log growth beyond which draws are cut: a factor of three thousand."""


def common_grid(measurements: Measurements, units: Sequence[int], above: Grid | None, *, root: bool) -> Grid | None:
    """Regular grid of siblings and their parent.

    From the first growth year to the parent's last period of the target year, the root's own. Of every place at most
    ``MOST_MISSING`` of the figures of cumulative growth are missing, and at most those of a quarter at the end; none of
    them is replaced by one of a single period, which else do not count.

    Returns
    -------
    Grid, or None where there is none, or too little on it to see a scale
    """
    m = measurements
    start, target = m.per_year, m.per_year * (m.years - 1)
    ends = [int(m.time[(m.unit == unit) & m.cumulative].max(initial=-1)) + 1 for unit in units]
    if root:
        above = Grid(per_year=m.per_year, years=m.years - 2, known=max(ends) - target) if max(ends) >= target else None
    late = [] if above is None else [start + above.observed - end for end in ends]
    if above is None or min(late) < 0 or max(late) > round(m.per_year / 4):
        return None
    for unit in units:
        rows = m.unit == unit
        time = m.time[rows & m.cumulative]
        missing = np.setdiff1d(np.arange(start, start + above.observed), time)
        if len(missing) > MOST_MISSING * above.observed or np.isin(missing, m.time[rows & ~m.cumulative]).any():
            return None
        if changes(above, missing - start).sum() < LEAST_CHANGES:
            return None
    return above


def regular_family(
    grid: Grid,
    siblings: Sequence[Series],
    rounding_sd: Floats,
    *,
    above: Drawn | None,
    own: tuple[np.random.Generator, ...],
    draws: int,
) -> RatioDraws:
    """Draws of the ratios of siblings on a regular grid.

    Parameters
    ----------
    rounding_sd : (sibling,), sd of rounding in the log ratio to the parent's growth
    above : the parent with what was drawn of it; None for the root
    own : random stream of every sibling
    """
    index = np.stack([one.index for one in siblings], axis=1)
    unseen = [one.missing for one in siblings]
    if above is not None:
        index = index - above.series.index[:, None]
        unseen = [np.union1d(gaps, above.series.missing) for gaps in unseen]
    trend = long_run_growth(index, grid.per_year) if above is None else np.zeros(index.shape[1])
    year = np.arange(grid.periods) // grid.per_year
    detrended = index - np.outer(year[grid.per_year :][: grid.observed], trend)
    known, learnt = refined(factors(grid), lambda design: evidence(design, detrended, rounding_sd, unseen))
    points = float(learnt.effective_points.min())
    ratio = np.empty((draws, index.shape[1], grid.periods))
    effective = float(draws)
    made = []
    for i, (one, rng) in enumerate(zip(siblings, own, strict=True)):
        wanted, point, moved = draw_future(known, learnt, i, rng=rng, draws=draws, missing=one.missing, above=above)
        wanted[:, :-1] += trend[i]
        made.append(drawn(one, moved))
        ratio[:, i] = whole_path(grid, made[-1].history - (0.0 if above is None else above.history), wanted)
        effective = min(effective, effective_draws(wanted.mean(1), point, points))
    status = "ok" if points >= LEAST_POINTS else f"failed: {points:.1f} effective points, {LEAST_POINTS:.0f} needed"
    diagnostics = Diagnostics(method="fast", status=status, effective_points=points, effective_draws=effective)
    return RatioDraws(ratio=ratio, diagnostics=diagnostics, drawn=tuple(made))


def long_run_growth(index: Floats, per_year: int) -> Floats:
    """Usual log growth a year, (unit,): the median over periods of growth on the same period a year before.

    It is taken out of the root's index and put back into its draws: steady growth of 6 % is no news, and without it
    only a shape at the edge of the prior could follow it.
    """
    first = np.zeros((per_year, index.shape[1]))
    growth = index - np.concatenate([first, index])[: len(index)]
    return np.median(growth, axis=0)


def draw_future(
    known: Factors,
    learnt: Learnt,
    sibling: int,
    *,
    rng: np.random.Generator,
    draws: int,
    missing: np.ndarray = NO_GAP,
    above: Drawn | None = None,
) -> tuple[Floats, np.ndarray, Floats]:
    """Draws of what is wanted, joint over periods, and the point of the design behind each.

    Parameters
    ----------
    missing : (g,) positions of the sibling's own gaps; above : the parent, with what was drawn of its gaps

    Returns
    -------
    wanted : (draw, H + 1), year-on-year log growth of the open periods, and the noise of the last cumulative figure
    point : (draw,), int
    moved : (draw, g), missing log growth drawn, less what stands in the gap
    """
    open_ = known.grid.open
    mass = np.cumsum(learnt.weight[:, :, sibling].ravel())
    position = (np.arange(draws) + rng.random()) / draws * mass[-1]
    chosen, member = np.unique(np.minimum(np.searchsorted(mass, position), len(mass) - 1), return_inverse=True)
    point, ratio = np.divmod(chosen, len(NOISE_RATIOS))
    gain, covariance = gains(known, point, ratio)
    sd = np.sqrt(np.maximum(np.diagonal(covariance, axis1=1, axis2=2), 1e-14))
    scaled = covariance / (sd[:, :, None] * sd[:, None, :]) + 1e-6 * np.eye(open_ + 1)
    factor = np.linalg.cholesky(scaled) * sd[:, :, None]
    beta = learnt.prior_scale2[ratio, sibling] + learnt.quadratic[point, ratio, sibling] / 2
    scale = np.sqrt(beta[member] / rng.gamma(SCALE_SHAPE + learnt.figures[sibling] / 2, 1.0, draws))
    unit = rng.standard_normal((draws, open_ + 1)) * scale[:, None]
    order = rng.permutation(draws)
    member, scale = member[order], scale[order]
    wanted = np.einsum("nij,nj->ni", factor[member], unit[order])
    rotated = learnt.rotated[point, :, sibling]
    if len(missing) == 0 and (above is None or above.series.complete):
        return wanted + np.einsum("uht,ut->uh", gain, rotated)[member], point[member], np.zeros((draws, 0))
    each = rotated[member]
    if above is not None and not above.series.complete:
        each = each - np.einsum("ngt,ng->nt", known.axes[point[:, None], above.series.missing][member], above.moved)
    noise = rng.standard_normal((draws, len(missing))) * scale[:, None]
    moved, each = draw_missing(known.axes[point[:, None], missing], known.precision[point, ratio], member, each, noise)
    return wanted + np.einsum("uht,ut->uh", gain[member], each), point[member], moved


def gains(known: Factors, point: np.ndarray, ratio: np.ndarray) -> tuple[Floats, Floats]:
    """Gain of what is wanted on W x, and its covariance for unit scale, (n, H + 1, T) and (n, H + 1, H + 1).

    Parameters
    ----------
    point, ratio : (n,), positions in the design and in the grid of noise ratios
    """
    open_ = known.grid.open
    rho2 = NOISE_RATIOS[ratio] ** 2
    cross = known.cross[point]
    cross[:, open_] = known.noise_cross[point] * rho2[:, None]
    gain = cross * known.precision[point, ratio][:, None, :]
    prior = np.zeros((len(point), open_ + 1, open_ + 1))
    prior[:, :open_, :open_] = known.own[point]
    prior[:, open_, open_] = rho2
    return gain, prior - gain @ cross.transpose(0, 2, 1)


def whole_path(grid: Grid, index: Floats, wanted: Floats) -> Floats:
    """Draws of the index over the whole grid: the chained one, then last year's plus year-on-year growth.

    Parameters
    ----------
    index : (T,) or (draw, T); wanted : (draw, H + 1) as ``draw_future`` gives it

    Returns
    -------
    array (draw, period), zero in the year before the first figure
    """
    s, published = grid.per_year, grid.per_year + grid.observed
    out = np.zeros((len(wanted), grid.periods))
    out[:, s:published] = index
    out[:, published - grid.known : published] -= wanted[:, -1:]
    out[:, published:] = out[:, published - s : out.shape[1] - s] + np.clip(wanted[:, :-1], -LARGEST_MOVE, LARGEST_MOVE)
    return out


def effective_draws(growth: Floats, point: np.ndarray, effective_points: float) -> float:
    """Effective number of draws behind a mean of growth.

    Draws differ within a point of the design, of which there are as many as draws, and between points, of which
    there are only so many effective ones; an analysis of variance says how much either way.

    Parameters
    ----------
    growth : (draw,); point : (draw,), the point behind each
    """
    _, member, size = np.unique(point, return_inverse=True, return_counts=True)
    mean = np.bincount(member, growth) / size
    draws, groups = len(growth), len(size)
    if groups == 1 or groups == draws:
        return float(draws if groups == draws else 1.0)
    within = ((growth - mean[member]) ** 2).sum() / (draws - groups)
    between = (size * (mean - growth.mean()) ** 2).sum() / (groups - 1)
    typical = (draws - (size**2).sum() / draws) / (groups - 1)
    among = max((between - within) / typical, 0.0)
    total = among + within
    return float(draws) if total <= 0 else float(1 / (within / total / draws + among / total / effective_points))
