"""Posterior predictive checks of an indicator: would the fitted model make figures such as those published?

Two kinds. *Left out*: the latest figures of the year are left out one after the other, the model is fitted to what was
out before, and the figure is looked up in its one-step forecast. *Replicated*: whole histories are drawn from the
posterior of the hyperparameters, observed where figures were published, and a few statistics of them are compared with
those of the published history: size and autocorrelation of the changes of cumulative growth, the largest of them, and
by how much single months contradict cumulative growth.

A p-value near 0 or 1 says that the model does not make such figures; it is no probability that the model is wrong.

Invariant: histories drawn from the model are not found wanting more often than by chance
(held by ``tests/test_predictive.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np

from forecast.dims import Floats
from forecast.inference.model import (
    Figures,
    Measurements,
    fixed_covariance,
    log_growth,
    prior_mean,
    shape_covariance,
)
from forecast.inference.priors import NOISE_RATIOS
from forecast.inference.regular.factors import Grid, factors, shape_kernel
from forecast.inference.regular.incomplete import series
from forecast.inference.regular.learning import evidence, refined
from forecast.inference.regular.noise import noise_draws
from forecast.inference.regular.regular import common_grid, placed
from forecast.inference.sampling import Posterior, fit, stream
from forecast.inference.volatility import seen

REPLICATES: Final = 200
"""Histories drawn: a p-value of .05 is then known to within .015."""
DRAWS: Final = 1000
STEPS: Final = 2
"""Latest figures of the year that are left out, each with all that came later."""
LEAST_FIGURES: Final = 8
"""Changes of cumulative growth below which their size and autocorrelation say nothing."""
OFF, WATCH = 0.01, 0.05
"""Two-sided p-values below which a finding is named, and below which it is to be watched."""
SEEN_PERIODS: Final = 2
"""Years that draws of the posterior cover."""


class Judged(StrEnum):
    """What a p-value says."""

    FINE = "fine"
    WATCH = "watch"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One statistic of what was published of a place, beside what the model makes.

    check : "left_out", "change_sd", "change_max", "autocorrelation" or "identity"
    figures : published figures behind it; time : period on the grid of a figure left out, -1 for a statistic
    observed, low, middle, high : published, and 5, 50 and 95 % of the model's; percent, points, or a correlation
    p_value : two-sided, in (0, 1]
    """

    unit: str
    check: str
    figures: int
    time: int
    observed: float
    low: float
    middle: float
    high: float
    p_value: float

    @property
    def judged(self) -> Judged:
        """Whether the figures are such as the model makes."""
        return Judged.OFF if self.p_value < OFF else Judged.WATCH if self.p_value < WATCH else Judged.FINE


def check_indicator(
    measurements: Measurements, *, units: tuple[str, ...], seed: int, name: str, replicates: int = REPLICATES
) -> list[Finding]:
    """Findings on an indicator for some places; none for a place without figures.

    Parameters
    ----------
    units : ids of the places, usually a city and what it is measured against
    name : of the indicator; keys the random streams
    """
    m = _without_those_below(measurements, units)
    at = [m.units.index(unit) for unit in units if unit in m.units]
    wanted = [unit for unit in at if len(m.of(unit).time)]
    found = _left_out(m, wanted, seed=seed, name=name)
    if not wanted:
        return found
    posterior = fit(m, method="fast", seed=seed, name=name, draws=DRAWS)
    histories = _histories(m, posterior, wanted, replicates, stream(seed, name, "check", "replicates"))
    for unit in wanted:
        found += _replicated(m, unit, histories[unit])
    return found


def _without_those_below(m: Measurements, units: tuple[str, ...]) -> Measurements:
    """Measurements of the places, all above them, and their siblings: those below change nothing above them."""
    above = _with_ancestors(m, [m.units.index(unit) for unit in units if unit in m.units])
    parents = {m.parent[unit] for unit in above}
    kept = [unit for unit in range(len(m.units)) if unit in above or m.parent[unit] in parents]
    number = {unit: i for i, unit in enumerate(kept)} | {-1: -1}
    rows = np.isin(m.unit, kept)
    return replace(
        m,
        units=tuple(m.units[unit] for unit in kept),
        parent=tuple(number[m.parent[unit]] for unit in kept),
        weight=m.weight[kept],
        profile_sd=m.profile_sd[kept],
        scale=m.scale[kept],
        unit=np.array([number[int(unit)] for unit in m.unit[rows]], dtype=np.intp),
        time=m.time[rows],
        cumulative=m.cumulative[rows],
        log_growth=m.log_growth[rows],
        noise_sd=m.noise_sd[rows],
        revision_sd=m.corrections[rows],
    )


def _finding(unit: str, check: str, figures: int, observed: float, draws: Floats, time: int = -1) -> Finding:
    """A finding: the two-sided tail probability of the published value among the model's, ties halved."""
    below = ((draws < observed).sum() + 0.5 * (draws == observed).sum() + 0.5) / (len(draws) + 1)
    low, middle, high = (float(q) for q in np.quantile(draws, [0.05, 0.5, 0.95]))
    p = float(min(1.0, 2 * min(below, 1 - below)))
    return Finding(
        unit=unit,
        check=check,
        figures=figures,
        time=time,
        observed=observed,
        low=low,
        middle=middle,
        high=high,
        p_value=p,
    )


def _before(m: Measurements, time: int) -> Measurements:
    """What was out before a period."""
    keep = m.time < time
    return replace(
        m,
        unit=m.unit[keep],
        time=m.time[keep],
        cumulative=m.cumulative[keep],
        log_growth=m.log_growth[keep],
        noise_sd=m.noise_sd[keep],
        revision_sd=m.corrections[keep],
    )


def _left_out(m: Measurements, units: list[int], *, seed: int, name: str) -> list[Finding]:
    """Latest figures of the target year, each in its forecast from what was out before."""
    start = m.per_year * (m.years - 1)
    mine = np.isin(m.unit, units) & m.cumulative & (m.time >= start)
    found = []
    for time in np.unique(m.time[mine])[::-1][:STEPS]:
        posterior = fit(_before(m, int(time)), method="fast", seed=seed, name=f"{name} {time}", draws=DRAWS)
        window = m.per_year * SEEN_PERIODS
        rng = stream(seed, name, "check", str(time))
        for row in np.flatnonzero(mine & (m.time == time)):
            unit = int(m.unit[row])
            figure = Figures(
                weight=m.weight[unit],
                time=np.array([int(time) - (m.periods - window)]),
                cumulative=np.ones(1, dtype=bool),
                log_growth=m.log_growth[[row]],
                noise_sd=m.noise_sd[[row]],
            )
            noise = np.hypot(m.noise_sd[row], _restatement(m, posterior, unit))
            drawn = log_growth(posterior.index[:, unit], figure)[:, 0] + noise * rng.standard_normal(DRAWS)
            observed = 100 * float(np.expm1(m.log_growth[row]))
            found.append(_finding(m.units[unit], "left_out", 1, observed, 100 * np.expm1(drawn), int(time)))
    return found


def _restatement(m: Measurements, posterior: Posterior, unit: int) -> Floats:
    """Sd of the restatement of cumulative figures, (draw,); 0 where the route has none."""
    above = m.parent[unit]
    if above not in posterior.shape:
        return np.zeros(DRAWS)
    each = posterior.scale[unit] * np.exp(posterior.shape[above][:, -1])
    return np.repeat(each, DRAWS // len(each))


def _histories(
    m: Measurements, posterior: Posterior, units: list[int], replicates: int, rng: np.random.Generator
) -> dict[int, Floats]:
    """Replicated log growth of the figures of places, (replicate, n)."""
    index = np.zeros((len(m.units), replicates, m.periods))
    noise: dict[int, Floats] = {}
    needed = _with_ancestors(m, units)
    grids: dict[int, Grid | None] = {-1: None}
    for group in m.siblings():
        above = m.parent[group[0]]
        members = tuple(sorted(group, key=m.units.__getitem__))
        grid = common_grid(m, members, grids.get(above), root=above < 0)
        grids.update(dict.fromkeys(group, grid))
        for unit in (u for u in members if u in needed):
            if grid is None:
                index[unit], noise[unit] = _gapped(m, posterior, unit, replicates, rng)
            else:
                index[unit], noise[unit] = _whole(m, unit, members, grid, replicates, rng)
            if above >= 0:
                index[unit] += index[above]
    out = {}
    for unit in units:
        figures = m.of(unit)
        exact = log_growth(index[unit], figures)
        sd = np.hypot(figures.noise_sd, noise[unit][:, None] * figures.cumulative)
        out[unit] = exact + sd * rng.standard_normal(exact.shape)
    return out


def _with_ancestors(m: Measurements, units: list[int]) -> set[int]:
    out: set[int] = set()
    for unit in units:
        while unit >= 0 and unit not in out:
            out.add(unit)
            unit = m.parent[unit]
    return out


def _gapped(
    m: Measurements, posterior: Posterior, unit: int, replicates: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Replicated ratio (replicate, period) of a place whose family has gaps, and sd of its restatement (replicate,)."""
    above = m.parent[unit]
    shape, scale = posterior.shape[above], posterior.scale[unit]
    pick = rng.integers(0, len(shape), replicates)
    root = above < 0
    fixed = fixed_covariance(m.periods, m.per_year, root=root, profile_sd=float(m.profile_sd[unit]))
    kernel = scale[pick, None, None] ** 2 * shape_covariance(shape[pick], m.periods, m.per_year, root=root) + fixed
    factor = np.linalg.cholesky(kernel + 1e-12 * np.eye(m.periods))
    path = np.einsum("nij,nj->ni", factor, rng.standard_normal((replicates, m.periods)))
    return prior_mean(m.periods, m.per_year, root=root) + path, scale[pick] * np.exp(shape[pick, -1])


def _whole(
    m: Measurements, unit: int, members: tuple[int, ...], grid: Grid, replicates: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """The same of a place in a regular family; the noise is what is fitted on top of rounding."""
    above = m.parent[unit]
    own = m.usual_rounding(members)
    parent = None if above < 0 else series(m, above, grid)
    places, trend = placed(grid, [series(m, u, grid) for u in members], own, m.scale[list(members)], above=parent)
    known, learnt = refined(factors(grid), lambda design: evidence(design, places))
    i = members.index(unit)
    mass = learnt.weight[:, :, i].ravel()
    point, ratio = np.divmod(rng.choice(len(mass), replicates, p=mass / mass.sum()), len(NOISE_RATIOS))
    stirred = seen(learnt.innovations(known, i), grid.per_year, np.empty((replicates, 0)), rng)
    scale = np.exp(learnt.log_scale(i, point, ratio) + stirred.offset)
    out = np.zeros((replicates, grid.periods))
    for one in np.unique(point):
        rows = np.flatnonzero(point == one)
        kernel = shape_kernel(known.shapes[one], grid)[: grid.observed, : grid.observed]
        values, vectors = np.linalg.eigh(kernel)
        z = rng.standard_normal((len(rows), grid.observed)) * np.sqrt(np.maximum(values, 0))
        out[rows, grid.per_year : grid.per_year + grid.observed] = scale[rows, None] * (z @ vectors.T)
    noise = np.sqrt(np.maximum(noise_draws(scale, ratio, own[i], rng) ** 2 - own[i] ** 2, 0.0))
    return out + trend[i] * (np.arange(grid.periods) // grid.per_year), noise


def _replicated(m: Measurements, unit: int, histories: Floats) -> list[Finding]:
    """Statistics of the published history of a place beside those of its replicates."""
    figures = m.of(unit)
    rows = _consecutive(figures)
    found = []
    if len(rows) >= LEAST_FIGURES:
        for check, statistic in _STATISTICS.items():
            observed, drawn = (statistic(_changes(x, rows)) for x in (figures.log_growth[None], histories))
            found.append(_finding(m.units[unit], check, len(rows), float(observed[0]), drawn))
    pairs = _contradicted(figures)
    if len(pairs):
        observed, drawn = (_residual(x, pairs, figures) for x in (figures.log_growth[None], histories))
        found.append(_finding(m.units[unit], "identity", len(pairs), float(observed[0]), drawn))
    return found


def _consecutive(figures: Figures) -> np.ndarray:
    """Rows of cumulative figures of neighbouring periods within a year, (pair, 2)."""
    per_year = len(figures.weight)
    cumulative = {int(t): i for i, t in enumerate(figures.time) if figures.cumulative[i]}
    pairs = [(cumulative[t - 1], i) for t, i in sorted(cumulative.items()) if t % per_year and t - 1 in cumulative]
    return np.array(pairs, dtype=np.intp).reshape(-1, 2)


def _changes(log_of: Floats, rows: np.ndarray) -> Floats:
    """Changes of cumulative growth from period to period, points, (replicate, pair)."""
    growth = 100 * np.expm1(log_of)
    return growth[:, rows[:, 1]] - growth[:, rows[:, 0]]


def _sd(changes: Floats) -> Floats:
    return np.sqrt((changes**2).mean(1))


def _largest(changes: Floats) -> Floats:
    return np.abs(changes).max(1)


def _autocorrelation(changes: Floats) -> Floats:
    """Lag-one autocorrelation of changes, (replicate,); 0 where nothing changes."""
    square = (changes**2).sum(1)
    return np.where(square > 0, (changes[:, 1:] * changes[:, :-1]).sum(1) / np.where(square > 0, square, 1.0), 0.0)


_STATISTICS: Final[Mapping[str, Callable[[Floats], Floats]]] = {
    "change_sd": _sd,
    "change_max": _largest,
    "autocorrelation": _autocorrelation,
}


def _contradicted(figures: Figures) -> np.ndarray:
    """Rows of a single period's growth and of cumulative growth at it and before it, (triple, 3)."""
    per_year = len(figures.weight)
    cumulative = {int(t): i for i, t in enumerate(figures.time) if figures.cumulative[i]}
    triples = [
        (i, cumulative[t], cumulative[t - 1])
        for i, t in enumerate(figures.time.tolist())
        if not figures.cumulative[i] and t % per_year and t in cumulative and t - 1 in cumulative
    ]
    return np.array(triples, dtype=np.intp).reshape(-1, 3)


def _residual(log_of: Floats, rows: np.ndarray, figures: Figures) -> Floats:
    """Root mean square by which single periods contradict cumulative growth, cumulative points, (replicate,)."""
    growth = 100 * np.expm1(log_of)
    place = figures.time[rows[:, 0]] % len(figures.weight)
    total = np.cumsum(figures.weight)
    now, before = total[place], total[place - 1]
    implied = (before * growth[:, rows[:, 2]] + (now - before) * growth[:, rows[:, 0]]) / now
    return np.sqrt(((growth[:, rows[:, 1]] - implied) ** 2).mean(1))
