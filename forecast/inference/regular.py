"""The structural member on a regular grid: shapes weighted on a fixed design, the scale integrated analytically.

For every place the log index, or its ratio to its parent's, is ``x ~ N(0, s^2 (K_x(shape) + rho^2 N0))``. With
``q = x' (K_x + rho^2 N0)^-1 x`` and ``s^2 ~ InvGamma(a0, a0 c^2)``, ``c`` the robust scale of the figures,

    log p(x | shape, rho) = -(a0 + T/2) log(a0 c^2 + q/2) - 1/2 log det + const,
    s^2 | x, shape, rho ~ InvGamma(a0 + T/2, a0 c^2 + q/2),

and ``f | x, shape, rho, s`` is Gaussian. Siblings share a prior of their shapes, learnt from them by EM.

Invariant: given shape, rho and scale, draws have the mean and covariance of the dense conditional normal
(held by ``tests/test_regular.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from forecast.dims import Floats
from forecast.inference.diagnostics import Diagnostics
from forecast.inference.factors import DESIGN, DESIGN_CENTRE, DESIGN_SPREAD, NOISE_RATIOS, Factors, Grid, factors
from forecast.inference.incomplete import (
    MOST_MISSING,
    NO_GAP,
    Drawn,
    Series,
    draw_missing,
    drawn,
    integrated_out,
)
from forecast.inference.model import Measurements
from forecast.inference.ratio import RatioDraws

__all__ = [
    "Learnt",
    "changes",
    "common_grid",
    "draw_future",
    "effective_draws",
    "gains",
    "learn",
    "regular_family",
    "robust_scale",
    "whole_path",
]

LEAST_POINTS: Final = 5.0
"""Effective points of the design below which the fast route is not to be relied on: the weights rest on a handful.

Another design of as many points moves the centre of a forecast by .05 of its sd above 40 points and by .1 to .2 below,
most where a panel collapsed and came back, whatever the number there (public panels, against 3072 points)."""

LEAST_CHANGES: Final = 10
"""Changes of year-on-year growth that the robust scale is at least the median of."""
SCALE_SHAPE: Final = 2.0
"""a0: the robust scale weighs as four figures."""
LEAST_SCALE: Final = 1e-5
ROUNDING_SD: Final = 0.35
"""Prior sd of the log of the noise's sd around rounding, which is known but for dependence of the figures."""
REVISED: Final = 0.25
"""Prior probability that figures are revised on top of rounding; the log of how much is half normal with
``REVISED_SD``. Both as the public panels have it, scored years included."""
REVISED_SD: Final = 1.5
UNLIKELY: Final = -3.5
"""Log of the noise's sd over that of rounding that needs no computing: ten prior sds."""
POOL: Final = 5.0
"""Siblings that the prior of the shapes weighs as much as, when the siblings' own is learnt."""
POOL_SPREAD: Final = 0.8
"""Spread of siblings' shapes around their own mean, over that of all places: with a narrower one, learnt or not, the
public panels score the same and fewer points of the design count."""
POOL_STEPS: Final = 6
LARGEST_MOVE: Final = 8.0
"""Year-on-year log growth beyond which draws are cut: a factor of three thousand."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learnt:
    """What figures say of shape, noise ratio and scale of siblings.

    weight : (point, ratio, sibling), posterior mass, sums to 1 for a sibling
    rotated : (point, T, sibling), W x; quadratic : (point, ratio, sibling), q; prior_scale2 : (sibling,), a0 c^2
    figures : (sibling,), int, what they were learnt from
    """

    weight: Floats
    rotated: Floats
    quadratic: Floats
    prior_scale2: Floats
    figures: np.ndarray

    @property
    def effective_points(self) -> Floats:
        """Effective number of points of the design, (sibling,)."""
        return 1 / (self.weight.sum(1) ** 2).sum(0)


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


def changes(grid: Grid, missing: np.ndarray) -> np.ndarray:
    """Whether a change of year-on-year growth is seen: its three figures are published, (T - per_year - 1,), bool.

    missing : (g,) positions of the gaps
    """
    there = np.ones(grid.observed, dtype=bool)
    there[missing] = False
    seen = there[2:] & there[1:-1] & there[:-2]
    return seen[grid.per_year - 1 :]


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
    known = factors(grid)
    index = np.stack([one.index for one in siblings], axis=1)
    unseen = [one.missing for one in siblings]
    if above is not None:
        index = index - above.series.index[:, None]
        unseen = [np.union1d(gaps, above.series.missing) for gaps in unseen]
    trend = long_run_growth(index, grid.per_year) if above is None else np.zeros(index.shape[1])
    year = np.arange(grid.periods) // grid.per_year
    learnt = learn(known, index - np.outer(year[grid.per_year :][: grid.observed], trend), rounding_sd, unseen)
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


def robust_scale(index: Floats, per_year: int, seen: np.ndarray | None = None) -> Floats:
    """Scale that changes of year-on-year growth show, whatever a few of them do: index (T, unit) -> (unit,).

    seen : (T - per_year - 1, unit) bool, changes that count; all where there is none
    """
    change = np.abs(np.diff(index[per_year:] - index[:-per_year], axis=0))
    middle = np.median(change, axis=0) if seen is None else np.nanmedian(np.where(seen, change, np.nan), axis=0)
    return np.maximum(middle * 1.4826 / np.sqrt(2), LEAST_SCALE)


def learn(known: Factors, index: Floats, rounding_sd: Floats, missing: Sequence[np.ndarray] | None = None) -> Learnt:
    """Posterior of shapes, noise ratios and scales of siblings.

    Parameters
    ----------
    index : (T, sibling), log index, or log ratio to the parent's
    rounding_sd : (sibling,), sd of rounding of its cumulative log growth
    missing : positions of every sibling's gaps; the index has anything there; None: there is no gap
    """
    gaps = missing if missing is not None else [np.zeros(0, dtype=np.intp)] * index.shape[1]
    seen = np.stack([changes(known.grid, rows) for rows in gaps], axis=1) if any(map(len, gaps)) else None
    prior_scale2 = SCALE_SHAPE * robust_scale(index, known.grid.per_year, seen) ** 2
    rotated = known.rotated(index)
    quadratic = known.precision @ rotated**2
    log_det = np.repeat(known.log_det[:, :, None], index.shape[1], axis=2)
    for i in (i for i, rows in enumerate(gaps) if len(rows)):
        size = np.sqrt(quadratic[:, :, i].max(0) / len(index)) * NOISE_RATIOS
        likely = np.log(size / rounding_sd[i]) > UNLIKELY
        quadratic[:, :, i], log_det[:, :, i] = integrated_out(known, rotated[:, :, i], gaps[i], likely)
    figures = len(index) - np.array([len(rows) for rows in gaps])
    power = SCALE_SHAPE + figures / 2
    beta = prior_scale2 + quadratic / 2
    log_mass = -power * np.log(beta) - 0.5 * log_det
    log_mass += _noise_log_prior(np.log(NOISE_RATIOS[:, None] * np.sqrt(beta / power) / rounding_sd))
    mass = np.exp(log_mass - log_mass.max((0, 1)))
    weight = mass * _prior(mass.sum(1))[:, None, None]
    return Learnt(
        weight=weight / weight.sum((0, 1)),
        rotated=rotated,
        quadratic=quadratic,
        prior_scale2=prior_scale2,
        figures=figures,
    )


def _noise_log_prior(log_ratio: Floats) -> Floats:
    """Log prior density of the log of the noise's sd over that of rounding: rounding alone, or revisions on top."""
    rounding = np.exp(-0.5 * (log_ratio / ROUNDING_SD) ** 2)
    revised = np.where(log_ratio > 0, np.exp(-0.5 * (log_ratio / REVISED_SD) ** 2), 0.0)
    return np.log((1 - REVISED) * rounding + REVISED * revised + 1e-12)


def _prior(likelihood: Floats) -> Floats:
    """Prior of the shapes over that of the design, (point,), learnt from siblings; 1 for a place without siblings.

    Siblings' shapes are Gaussian around a mean that EM finds, the prior of all places weighing ``POOL`` siblings in it.
    The ratio is truncated at the root of the number of points (Ionides 2008), so that no point at the edge of the
    design runs away with all siblings.

    Parameters
    ----------
    likelihood : (point, sibling), up to a constant of the sibling
    """
    siblings = likelihood.shape[1]
    prior = np.ones(len(DESIGN))
    z = (DESIGN - DESIGN_CENTRE) / DESIGN_SPREAD
    for _ in range(POOL_STEPS if siblings > 1 else 0):
        weight = likelihood * prior[:, None] + 1e-300
        mean = (weight / weight.sum(0)).sum(1) @ z / (siblings + POOL)
        log_prior = -0.5 * (((z - mean) / POOL_SPREAD) ** 2).sum(1) + 0.5 * (z**2).sum(1)
        prior = np.exp(log_prior - log_prior.max())
        prior = np.minimum(prior / prior.mean(), np.sqrt(len(DESIGN)))
    return prior


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
    beta = learnt.prior_scale2[sibling] + learnt.quadratic[point, ratio, sibling] / 2
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
