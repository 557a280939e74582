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
from forecast.inference.model import Measurements
from forecast.inference.ratio import RatioDraws

__all__ = [
    "Learnt",
    "common_grid",
    "conditional",
    "draw_future",
    "effective_draws",
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
    """

    weight: Floats
    rotated: Floats
    quadratic: Floats
    prior_scale2: Floats

    @property
    def effective_points(self) -> Floats:
        """Effective number of points of the design, (sibling,)."""
        return 1 / (self.weight.sum(1) ** 2).sum(0)


def common_grid(measurements: Measurements, units: Sequence[int], above: Grid | None, *, root: bool) -> Grid | None:
    """Regular grid of siblings and their parent.

    Cumulative growth is published for every period from the first growth year to one last period of the target year,
    and the parent's likewise; figures of single periods do not count.

    Returns
    -------
    Grid, or None where there is none, or too little on it to see a scale
    """
    m = measurements
    start, target = m.per_year, m.per_year * (m.years - 1)
    ends = set()
    for unit in units:
        time = np.sort(m.time[(m.unit == unit) & m.cumulative])
        if not len(time) or not np.array_equal(time, np.arange(start, start + len(time))):
            return None
        ends.add(int(time[-1]) + 1)
    if len(ends) > 1 or min(ends) < target:
        return None
    grid = Grid(per_year=m.per_year, years=m.years - 2, known=ends.pop() - target)
    enough = grid.observed - grid.per_year - 1 >= LEAST_CHANGES
    return grid if enough and (root or grid == above) else None


def regular_family(
    grid: Grid, index: Floats, rounding_sd: Floats, *, own: tuple[np.random.Generator, ...], draws: int, root: bool
) -> RatioDraws:
    """Draws of the ratios of siblings on a regular grid.

    Parameters
    ----------
    index : (T, sibling), log ratio of the chained index to the parent's; root : there is no parent
    rounding_sd : (sibling,), sd of rounding in it
    own : random stream of every sibling
    """
    known = factors(grid)
    trend = long_run_growth(index, grid.per_year) if root else np.zeros(index.shape[1])
    year = np.arange(grid.periods) // grid.per_year
    learnt = learn(known, index - np.outer(year[grid.per_year :][: grid.observed], trend), rounding_sd)
    points = float(learnt.effective_points.min())
    ratio = np.empty((draws, index.shape[1], grid.periods))
    effective = float(draws)
    for i, rng in enumerate(own):
        wanted, point = draw_future(known, learnt, i, rng=rng, draws=draws)
        wanted[:, :-1] += trend[i]
        ratio[:, i] = whole_path(grid, index[:, i], wanted)
        effective = min(effective, effective_draws(wanted.mean(1), point, points))
    status = "ok" if points >= LEAST_POINTS else f"failed: {points:.1f} effective points, {LEAST_POINTS:.0f} needed"
    diagnostics = Diagnostics(method="fast", status=status, effective_points=points, effective_draws=effective)
    return RatioDraws(ratio=ratio, diagnostics=diagnostics)


def long_run_growth(index: Floats, per_year: int) -> Floats:
    """Usual log growth a year, (unit,): the median over periods of growth on the same period a year before.

    It is taken out of the root's index and put back into its draws: steady growth of 6 % is no news, and without it
    only a shape at the edge of the prior could follow it.
    """
    first = np.zeros((per_year, index.shape[1]))
    growth = index - np.concatenate([first, index])[: len(index)]
    return np.median(growth, axis=0)


def robust_scale(index: Floats, per_year: int) -> Floats:
    """Scale that changes of year-on-year growth show, whatever a few of them do: index (T, unit) -> (unit,)."""
    change = np.diff(index[per_year:] - index[:-per_year], axis=0)
    return np.maximum(np.median(np.abs(change), axis=0) * 1.4826 / np.sqrt(2), LEAST_SCALE)


def learn(known: Factors, index: Floats, rounding_sd: Floats) -> Learnt:
    """Posterior of shapes, noise ratios and scales of siblings.

    Parameters
    ----------
    index : (T, sibling), log index, or log ratio to the parent's
    rounding_sd : (sibling,), sd of rounding of its cumulative log growth
    """
    prior_scale2 = SCALE_SHAPE * robust_scale(index, known.grid.per_year) ** 2
    rotated = known.rotation @ index
    quadratic = known.precision @ rotated**2
    power = SCALE_SHAPE + len(index) / 2
    beta = prior_scale2 + quadratic / 2
    log_mass = -power * np.log(beta) - 0.5 * known.log_det[:, :, None]
    log_mass += _noise_log_prior(np.log(NOISE_RATIOS[:, None] * np.sqrt(beta / power) / rounding_sd))
    mass = np.exp(log_mass - log_mass.max((0, 1)))
    weight = mass * _prior(mass.sum(1))[:, None, None]
    return Learnt(weight=weight / weight.sum((0, 1)), rotated=rotated, quadratic=quadratic, prior_scale2=prior_scale2)


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
    known: Factors, learnt: Learnt, sibling: int, *, rng: np.random.Generator, draws: int
) -> tuple[Floats, np.ndarray]:
    """Draws of what is wanted, joint over periods, and the point of the design behind each.

    Returns
    -------
    wanted : (draw, H + 1), year-on-year log growth of the open periods, and the noise of the last cumulative figure
    point : (draw,), int
    """
    open_, observed = known.grid.open, known.grid.observed
    mass = np.cumsum(learnt.weight[:, :, sibling].ravel())
    position = (np.arange(draws) + rng.random()) / draws * mass[-1]
    chosen, member = np.unique(np.minimum(np.searchsorted(mass, position), len(mass) - 1), return_inverse=True)
    point, ratio = np.divmod(chosen, len(NOISE_RATIOS))
    mean, covariance = conditional(known, point, ratio, learnt.rotated[point, :, sibling])
    sd = np.sqrt(np.maximum(np.diagonal(covariance, axis1=1, axis2=2), 1e-14))
    scaled = covariance / (sd[:, :, None] * sd[:, None, :]) + 1e-6 * np.eye(open_ + 1)
    factor = np.linalg.cholesky(scaled) * sd[:, :, None]
    beta = learnt.prior_scale2[sibling] + learnt.quadratic[point, ratio, sibling] / 2
    scale = np.sqrt(beta[member] / rng.gamma(SCALE_SHAPE + observed / 2, 1.0, draws))
    unit = rng.standard_normal((draws, open_ + 1)) * scale[:, None]
    wanted = mean[member] + np.einsum("nij,nj->ni", factor[member], unit)
    order = rng.permutation(draws)
    return wanted[order], point[member][order]


def conditional(known: Factors, point: np.ndarray, ratio: np.ndarray, rotated: Floats) -> tuple[Floats, Floats]:
    """Mean and covariance for unit scale of what is wanted given the figures, (n, H + 1) and (n, H + 1, H + 1).

    Parameters
    ----------
    point, ratio : (n,), positions in the design and in the grid of noise ratios; rotated : (n, T), W x
    """
    open_ = known.grid.open
    rho2 = NOISE_RATIOS[ratio] ** 2
    cross = known.cross[point] + known.noise_cross[point] * rho2[:, None, None]
    gain = cross * known.precision[point, ratio][:, None, :]
    prior = np.zeros((len(point), open_ + 1, open_ + 1))
    prior[:, :open_, :open_] = known.own[point]
    prior[:, open_, open_] = rho2
    return np.einsum("uht,ut->uh", gain, rotated), prior - gain @ cross.transpose(0, 2, 1)


def whole_path(grid: Grid, index: Floats, wanted: Floats) -> Floats:
    """Draws of the index over the whole grid: the chained one, then last year's plus year-on-year growth.

    Parameters
    ----------
    index : (T,); wanted : (draw, H + 1) as ``draw_future`` gives it

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
