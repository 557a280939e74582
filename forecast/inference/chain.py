"""Published cumulative growth chained into a log index, and repaired where running totals cannot be.

A running total of this year is last year's times one plus its growth; its increments are the levels of the periods. A
published total may be a slip (up and back again) or a silent restatement of earlier periods: increments that no place
could have had are taken as one or the other.

Invariant: the levels of a year add up to the growth published for its last period, whatever was repaired
(held by ``tests/test_chain.py``).

The direct member: growth of the rest of the year regressed on growth to date, pooled over siblings and past years.

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
    FLOOR,
    LARGEST,
    LARGEST_NOW,
    LEAST_FREEDOM,
    LEAST_GROWTH,
    LEAST_PERIODS,
    LEAST_RATIO,
    LEAST_SCALE,
    MOMENTUM_MONTHS,
    OVERSHOT,
    POSSIBLE,
    REVERTS,
    RIDGE,
    SCALE_YEARS,
    USUAL_YEARS,
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Year:
    """What is known of a year apart from its growth, for the periods that are published.

    base : (k,) last year's levels; before : (k,) their running total
    least, most : (k,) the smaller and the larger of last year's level and that of the median of recent years
    """

    base: Floats
    before: Floats
    least: Floats
    most: Floats

    def ratio(self, total: Floats, i: int) -> float:
        """Running total over last year's."""
        return max(float(total[i] / self.before[i]), LEAST_RATIO)

    def too_low(self, total: Floats, i: int) -> bool:
        """Whether the level of period ``i`` is impossibly low."""
        return bool(total[i] - total[i - 1] < POSSIBLE[0] * self.ratio(total, i) * self.least[i])

    def too_high(self, total: Floats, i: int) -> bool:
        """Whether the level of period ``i`` is impossibly high."""
        return bool(total[i] - total[i - 1] > POSSIBLE[1] * self.ratio(total, i) * self.most[i])

    def possible(self, total: Floats, i: int) -> bool:
        """Whether the level of period ``i`` can be."""
        return not (self.too_low(total, i) or self.too_high(total, i))

    def all_possible(self, total: Floats) -> bool:
        """Whether the levels of all periods after the first can be."""
        ratio = np.maximum(total / self.before, LEAST_RATIO)[1:]
        step = np.diff(total)
        low, high = POSSIBLE[0] * ratio * self.least[1:], POSSIBLE[1] * ratio * self.most[1:]
        return bool(((step >= low) & (step <= high)).all())

    def follows_slip(self, total: Floats, i: int) -> bool:
        """Whether the impossible level of period ``i`` undoes that of the period before."""
        step, ratio = total[i - 1] - total[i - 2], self.ratio(total, i - 2)
        up = self.too_low(total, i) and step > OVERSHOT[0] * ratio * self.most[i - 1]
        down = self.too_high(total, i) and step < OVERSHOT[1] * ratio * self.least[i - 1]
        return bool(up or down)

    def is_slip(self, total: Floats, i: int) -> bool:
        """Whether the total after ``i`` is back where the one before it was."""
        if i + 1 == len(total):
            return False
        before, at, after = (total[i - 1 : i + 2] / self.before[i - 1 : i + 2]).tolist()
        return abs(after - before) < REVERTS * abs(at - before)

    def bridged(self, total: Floats, i: int) -> float:
        """Running total at ``i`` by the mean growth of its neighbours."""
        neighbours = total[[i - 1, i + 1]] / self.before[[i - 1, i + 1]]
        return float(neighbours.mean() * self.before[i])

    def restated(self, total: Floats, i: int) -> float:
        """What the total before ``i`` must have become for period ``i`` to have grown as the year to date."""
        return float(max(total[i] - self.ratio(total, i) * self.base[i], FLOOR * total[i]))


def chain(growth: Floats, weight: Floats) -> Floats:
    """Log index of every period relative to the same period of the year before the first growth figure.

    Parameters
    ----------
    growth : (period,) published cumulative growth, fraction, without gaps from the first period of a year on
    weight : (per_year,) > 0, levels of the year before

    Returns
    -------
    array (period,)

    Notes
    -----
    Where nothing is repaired, growth follows from the index exactly:
    ``1 + G[Y, k] = sum_{m <= k} w_m exp(x[Y, m]) / sum_{m <= k} w_m exp(x[Y-1, m])``.
    """
    per_year = len(weight)
    index = np.empty(len(growth))
    base = weight
    for start in range(0, len(growth), per_year):
        year = slice(start, min(start + per_year, len(growth)))
        n = year.stop - start
        recent = index[max(0, start - USUAL_YEARS * per_year) : start]
        usual = weight * (np.exp(_median(recent)) if len(recent) >= LEAST_PERIODS else 1.0)
        levels = _levels(growth[year], base[:n], usual[:n], FLOOR / 10 * weight[:n])
        index[year] = np.log(levels / weight[:n])
        base = levels if n == per_year else base
    return index


def _median(values: Floats) -> float:
    """Median of a few values, without the checks that take longer than the sorting."""
    ordered, middle = np.sort(values), len(values) // 2
    return float(ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) / 2)


def chained_draws(log_growth: Floats, weight: Floats) -> Floats:
    """Log index of many series of cumulative growth at once, nothing repaired.

    Parameters
    ----------
    log_growth : (draw, period) log(1 + growth), from the first period of a year on
    weight : as of ``chain``, or of every draw, (draw, per_year)

    Returns
    -------
    array (draw, period); where a period's level would not be positive, its floor
    """
    per_year = weight.shape[-1]
    out = np.empty_like(log_growth)
    base = np.broadcast_to(weight, (len(log_growth), per_year))
    for start in range(0, log_growth.shape[1], per_year):
        year = slice(start, min(start + per_year, log_growth.shape[1]))
        n = year.stop - start
        total = np.cumsum(base[:, :n], axis=1) * np.maximum(np.exp(log_growth[:, year]), 1 + LEAST_GROWTH)
        levels = np.maximum(np.diff(total, axis=1, prepend=0.0), FLOOR / 10 * weight[..., :n])
        levels *= total[:, -1:] / levels.sum(1, keepdims=True)
        out[:, year] = np.log(levels / weight[..., :n])
        base = levels if n == per_year else base
    return out


def _levels(growth: Floats, base: Floats, usual: Floats, floor: Floats) -> Floats:
    """Levels of the periods of a year, at least ``floor``; they add up to the last running total."""
    before = np.cumsum(base)
    year = _Year(base=base, before=before, least=np.minimum(base, usual), most=np.maximum(base, usual))
    total = _repaired(before * (1 + np.maximum(growth, LEAST_GROWTH)), year)
    levels = np.maximum(np.diff(total, prepend=0.0), floor)
    return levels * total[-1] / levels.sum()


def _repaired(total: Floats, year: _Year) -> Floats:
    """Running totals without increments that cannot be; the last one is never changed."""
    if year.all_possible(total):
        return total
    total = total.copy()
    for i in range(1, len(total)):
        if year.possible(total, i):
            continue
        if i > 1 and year.follows_slip(total, i):
            total[i - 1] = year.bridged(total, i - 1)
            if year.possible(total, i):
                continue
        step = total[i] - total[i - 1]
        if step >= FLOOR * year.ratio(total, i) * year.base[i] and not year.too_high(total, i):
            continue
        if year.is_slip(total, i):
            total[i] = year.bridged(total, i)
        else:
            total[:i] *= year.restated(total, i) / total[i - 1]
    return total


def first_year_weights(weight: Floats, growth: Floats) -> Floats | None:
    """Base weights of the year before the first growth figure that grew into the given ones.

    Parameters
    ----------
    weight : (per_year,) share of every period in the total of the last year of ``growth``
    growth : (year, per_year) published cumulative growth, fraction, of all years up to that one

    Returns
    -------
    array (per_year,), sums to 1; None where the chain backwards gives a period that is not positive
    """
    total = np.cumsum(weight) / np.prod(1 + growth, axis=0)
    first = np.diff(total, prepend=0.0)
    return first / first.sum() if bool((first > FLOOR * weight * total[-1]).all()) else None
