"""The structural member on a regular grid: hyperparameters by either route, paths given them.

Given shape, noise and scale (``behind``), what is wanted of the open periods is Gaussian.

Invariant: given shape, rho and scale, draws have the mean and covariance of the dense conditional normal
(held by ``tests/test_regular.py``).

Hyperparameters behind the draws of a place on a regular grid, by either route.

By the fast route shapes are points of the design, by the reference they are drawn by NUTS; either way noise ratio and
scale are drawn given the shape, in closed form.

Invariant: every draw has its point, its noise ratio and its scale in the proportions of the posterior
(held by ``tests/test_behind.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecast.dims import Floats
from forecast.inference.diagnostics import Diagnostics, worst
from forecast.inference.gaps.fast import Method, RatioDraws
from forecast.inference.model import Measurements
from forecast.inference.priors import (
    DESIGN_CENTRE,
    DESIGN_SPREAD,
    EVENT_PASSES,
    HYPER_DRAWS,
    LARGEST_MOVE,
    LEAST_CHANGES,
    LEAST_VARIANCE,
    MOST_MISSING,
    NOISE_RATIOS,
    REGULAR_LEAST_POINTS,
)
from forecast.inference.regular.events import Events, screened
from forecast.inference.regular.factors import Factors, Grid, decomposed, factors
from forecast.inference.regular.incomplete import NO_GAP, Drawn, Series, draw_missing, drawn
from forecast.inference.regular.learning import Learnt, Places, evenly, evidence, refined
from forecast.inference.volatility import seen


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Behind:
    """What is behind the draws of a place.

    known : factors at all points
    point, ratio : (n,) int, points and positions in the grid of noise ratios that occur
    rotated : (n, T), W x
    member : (draw,) int, which of the n is behind a draw; scale : (draw,), log points a period
    ahead : (draw, H), log of how stirred the open periods are
    """

    known: Factors
    point: np.ndarray
    ratio: np.ndarray
    rotated: Floats
    member: np.ndarray
    scale: Floats
    ahead: Floats

    @property
    def precision(self) -> Floats:
        """Inverse variance of W x for unit scale, (n, T)."""
        return self.known.precision[self.point, self.ratio]


def weighed(
    known: Factors,
    learnt: Learnt,
    sibling: int,
    *,
    rng: np.random.Generator,
    common: Floats,
    new: Floats | None = None,
) -> Behind:
    """Draws by the weights of the points of the design.

    Parameters
    ----------
    common : (draw, H), normals that siblings share
    new : (figure,), standardised innovations at the most likely shape; None: of this design
    """
    draws = len(common)
    mass = np.cumsum(learnt.weight[:, :, sibling].ravel())
    position = (np.arange(draws) + rng.random()) / draws * mass[-1]
    chosen, member = np.unique(np.minimum(np.searchsorted(mass, position), len(mass) - 1), return_inverse=True)
    point, ratio = np.divmod(chosen, len(NOISE_RATIOS))
    order = rng.permutation(draws)
    member = member[order]
    new = learnt.innovations(known, sibling) if new is None else new
    stirred = seen(new, known.grid.per_year, common, rng)
    scale = np.exp(learnt.log_scale(sibling, point, ratio)[member] + stirred.offset)
    return Behind(
        known=known,
        point=point,
        ratio=ratio,
        rotated=learnt.rotated[point, :, sibling],
        member=member,
        scale=scale,
        ahead=stirred.ahead,
    )


def sampled(
    known: Factors, learnt: Learnt, sibling: int, *, rng: np.random.Generator, common: Floats
) -> tuple[Behind, Diagnostics]:
    """Draws by NUTS, around what the fast route has learnt; parameters as of ``weighed``."""
    from forecast.inference.regular.nuts import sample_shapes  # PyMC takes seconds to import

    places = learnt.places
    z = ((known.shapes - DESIGN_CENTRE) / DESIGN_SPREAD - learnt.pool) / places.pool_spread
    weight = learnt.weight[:, :, sibling].sum(1)
    mean = weight @ z
    covariance = (weight[:, None] * (z - mean)).T @ (z - mean) + np.diag(np.full(len(mean), LEAST_VARIANCE))
    shapes, diagnostics = sample_shapes(
        known.grid, places, sibling, learnt.pool, (mean, covariance), rng=rng, draws=HYPER_DRAWS
    )
    points = decomposed(shapes, known.grid)
    found = evenly(evidence(points, places.only(sibling)), learnt.pool)
    new = learnt.innovations(known, sibling)
    return weighed(points, found, 0, rng=rng, common=common, new=new), diagnostics


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
        known = max(ends) - target
        above = Grid(per_year=m.per_year, years=m.years - 2, known=known, root=True) if known >= 0 else None
    late = [] if above is None else [start + above.observed - end for end in ends]
    if above is None or min(late) < 0 or max(late) > round(m.per_year / 4):
        return None
    for unit in units:
        rows = m.unit == unit
        time = m.time[rows & m.cumulative]
        missing = np.setdiff1d(np.arange(start, start + above.observed), time)
        if len(missing) > MOST_MISSING * above.observed or np.isin(missing, m.time[rows & ~m.cumulative]).any():
            return None
        if _changes(above, missing - start) < LEAST_CHANGES:
            return None
    return replace(above, root=root)


def _changes(grid: Grid, missing: np.ndarray) -> int:
    """How many changes of year-on-year growth are seen: their three figures are published.

    missing : (g,) positions of the gaps
    """
    there = np.ones(grid.observed, dtype=bool)
    there[missing] = False
    seen = there[2:] & there[1:-1] & there[:-2]
    return int(seen[grid.per_year - 1 :].sum())


def regular_family(
    grid: Grid,
    siblings: Sequence[Series],
    rounding_sd: Floats,
    scale: Floats,
    *,
    above: Drawn | None,
    own: tuple[np.random.Generator, ...],
    common: Floats,
    method: Method = "fast",
) -> RatioDraws:
    """Draws of the ratios of siblings on a regular grid.

    Parameters
    ----------
    rounding_sd : (sibling,), sd of rounding in the log ratio to the parent's growth
    scale : (sibling,), prior median of the scale
    above : the parent with what was drawn of it; None for the root
    own : random stream of every sibling
    common : (draw, H), normals that siblings share of how stirred times will be
    """
    draws = len(common)
    places, trend = placed(grid, siblings, rounding_sd, scale, above=None if above is None else above.series)
    known, learnt, events = learnt_with_events(grid, places)
    counting = learnt.effective_points
    ratio = np.empty((draws, len(siblings), grid.periods))
    made, verdicts = [], []
    for i, (one, rng) in enumerate(zip(siblings, own, strict=True)):
        if method == "nuts" or (method == "auto" and counting[i] < REGULAR_LEAST_POINTS):
            behind, verdict = sampled(known, learnt, i, rng=rng, common=common)
        else:
            behind, verdict = weighed(known, learnt, i, rng=rng, common=common), _verdict(counting[i])
        wanted, moved = draw_future(behind, rng=rng, loose=one.loose, seen=one.seen, above=above, events=events[i])
        wanted[:, :-1] += trend[i]
        made.append(drawn(one, moved))
        ratio[:, i] = whole_path(grid, made[-1].history - (0.0 if above is None else above.history), wanted)
        points = verdict.effective_points or min(verdict.ess_bulk or 1.0, float(HYPER_DRAWS))
        effective = effective_draws(wanted.mean(1), behind.point[behind.member], points)
        verdicts.append(replace(verdict, effective_draws=effective))
    return RatioDraws(
        ratio=ratio,
        diagnostics=worst(verdicts, 0),
        drawn=tuple(made),
        events=tuple(tuple(sorted((one.time + grid.per_year).tolist())) for one in events),
        recent=tuple(tuple(sorted(at + grid.per_year for at in one.recent)) for one in events),
    )


def learnt_with_events(grid: Grid, places: Places) -> tuple[Factors, Learnt, tuple[Events, ...]]:
    """Posterior of siblings, events found at its mode and, where there are any, found again and learnt with."""
    used = tuple(Events.none(grid) for _ in places.missing)
    known, learnt = _learnt_with(grid, places)
    for _ in range(EVENT_PASSES):
        found = tuple(screened(known, learnt, i) for i in range(len(used)))
        used = tuple(replace(one, recent=now.recent) for one, now in zip(used, found, strict=True))
        if all(np.array_equal(np.sort(a.time), np.sort(b.time)) for a, b in zip(found, used, strict=True)):
            break
        used = found
        known, learnt = _learnt_with(grid, replace(places, events=tuple((one.figures, one.variance) for one in used)))
    return known, learnt, used


def _learnt_with(grid: Grid, places: Places) -> tuple[Factors, Learnt]:
    return refined(factors(grid), lambda design: evidence(design, places))


def _verdict(points: float) -> Diagnostics:
    """Whether the fast route can be relied on, by the effective points of a place."""
    status = (
        "ok"
        if points >= REGULAR_LEAST_POINTS
        else f"failed: {points:.1f} effective points, {REGULAR_LEAST_POINTS:.0f} needed"
    )
    return Diagnostics(method="fast", status=status, effective_points=float(points))


def placed(
    grid: Grid, siblings: Sequence[Series], rounding_sd: Floats, scale: Floats, *, above: Series | None
) -> tuple[Places, Floats]:
    """Siblings as their parent leaves them, the root without its long-run growth, which comes beside, (sibling,).

    Parameters
    ----------
    rounding_sd, scale : as of ``regular_family``; above : the parent; None for the root
    """
    index = np.stack([one.index for one in siblings], axis=1)
    missing = tuple(one.silent for one in siblings)
    trend: Floats = np.zeros(len(siblings))
    if above is None:
        trend = long_run_growth(index, grid.per_year)
        index = index - np.outer(np.arange(grid.observed) // grid.per_year + 1, trend)
    else:
        index = index - above.index[:, None]
        missing = tuple(np.union1d(gaps, above.silent) for gaps in missing)
    return Places(index=index, rounding_sd=rounding_sd, scale=scale, missing=missing), trend


def long_run_growth(index: Floats, per_year: int) -> Floats:
    """Usual log growth a year, (unit,): the median over periods of growth on the same period a year before.

    It is taken out of the root's index and put back into its draws: steady growth of 6 % is no news, and without it
    only a shape at the edge of the prior could follow it.
    """
    first = np.zeros((per_year, index.shape[1]))
    growth = index - np.concatenate([first, index])[: len(index)]
    return np.median(growth, axis=0)


def draw_future(
    behind: Behind,
    *,
    rng: np.random.Generator,
    loose: np.ndarray = NO_GAP,
    seen: Floats | None = None,
    above: Drawn | None = None,
    events: Events | None = None,
) -> tuple[Floats, Floats]:
    """Draws of what is wanted, joint over periods.

    Parameters
    ----------
    loose : (g,) positions of the place's own gaps and of figures that are still to be corrected
    seen : (g,) precision with which growth is seen there, 1 / log points squared; None: all are gaps
    above : the parent, with what was drawn of its own
    events : of the place; None: none

    Returns
    -------
    wanted : (draw, H + 1), year-on-year log growth of the open periods, and the noise of the last cumulative figure
    moved : (draw, g), log growth drawn there, less what stands there
    """
    known, point, member = behind.known, behind.point, behind.member
    draws, open_ = len(member), known.grid.open
    gain, covariance = gains(behind)
    sd = np.sqrt(np.maximum(np.diagonal(covariance, axis1=1, axis2=2), 1e-14))
    scaled = covariance / (sd[:, :, None] * sd[:, None, :]) + 1e-6 * np.eye(open_ + 1)
    factor = np.linalg.cholesky(scaled) * sd[:, :, None]
    unit = rng.standard_normal((draws, open_ + 1)) * behind.scale[:, None]
    unit[:, :open_] *= np.exp(behind.ahead)
    wanted = np.einsum("nij,nj->ni", factor[member], unit)
    events = events or Events.none(known.grid)
    if len(loose) == 0 and len(events.time) == 0 and (above is None or above.series.complete):
        return wanted + np.einsum("uht,ut->uh", gain, behind.rotated)[member], np.zeros((draws, 0))
    each = behind.rotated[member]
    if above is not None and not above.series.complete:
        each = each - np.einsum("ngt,ng->nt", known.axes[point[:, None], above.series.loose][member], above.moved)
    here = np.zeros(len(loose)) if seen is None else seen
    axes = np.concatenate([known.axes[point[:, None], loose], events.figures @ known.axes[point]], axis=1)
    noise = rng.standard_normal((draws, axes.shape[1])) * behind.scale[:, None]
    weight = behind.scale[:, None] ** 2 * here
    weight = np.concatenate([weight, np.tile(1 / events.variance, (draws, 1))], axis=1)
    moved, each = draw_missing(axes, behind.precision, member, each, noise, weight if weight.any() else None)
    wanted += np.einsum("uht,ut->uh", gain[member], each)
    wanted[:, :open_] -= moved[:, len(loose) :] @ events.wanted
    return wanted, moved[:, : len(loose)]


def gains(behind: Behind) -> tuple[Floats, Floats]:
    """Gain of what is wanted on W x, and its covariance for unit scale, (n, H + 1, T) and (n, H + 1, H + 1)."""
    known, point, rho2 = behind.known, behind.point, NOISE_RATIOS[behind.ratio] ** 2
    open_ = known.grid.open
    cross = known.cross[point]
    cross[:, open_] = known.noise_cross[point] * rho2[:, None]
    gain = cross * behind.precision[:, None, :]
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
