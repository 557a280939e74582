"""Joint draws of a run from the fits of its indicators: one order of whole draws an indicator, GDP pooled once.

A draw of an indicator is a world of all its places, and stays whole. Indicators are joined by the order in which their
draws are numbered: the ranks of what the nation, the province against it and the city against the province do at the
end of the year follow normals that correlate between indicators, level by level, as ``Dependence`` says.

Invariant: no figure of a single indicator depends on how it is joined, to the last digit, and a run and its kept copy
have the same joint draws (held by ``tests/test_joint_world.py`` and ``tests/test_store.py``).

What is known of a gap without a number: "below the province's average", "second in the province".

Invariant: a remark moves probability only through draws of the period it speaks of; one on a gap that is published
changes nothing (held by ``tests/test_orderings.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import scipy.special

from forecast.data.dataset import Dataset
from forecast.data.panel import Panel, ancestors, nearest_province
from forecast.dims import DRAW, PERIOD, UNIT, Floats
from forecast.draws.gdp import pool
from forecast.draws.paths import Dependence, IndicatorPaths, Level, Paths, reordered
from forecast.draws.streams import generator
from forecast.inference.gaps.fast import systematic
from forecast.inference.priors import LEAST_GROWTH
from forecast.periods import AsOf

SIGN_RELIABILITY: Final = 0.99
"""Probability that a remark on the sign of a gap is right about published growth: it is read off the same table."""
RANK_RELIABILITY: Final = 0.95
"""The same for a rank in the outer quarter: the average weighs places by size, so a rank only suggests the sign."""
OUTER: Final = 0.25
"""Share of ranks at either end that say something about the side of the average."""
DEFAULT_PLACES: Final = 11
"""Places ranked where the data set does not say: Shaanxi has ten cities and Yangling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """The sign of a gap at a period.

    sign : +1 the unit was above the benchmark, -1 below
    reliability : probability that the remark is right
    """

    unit: str
    benchmark: str
    period: str
    sign: int
    reliability: float
    source: str


def orderings(panel: Panel, known: pd.DataFrame, indicator: str) -> list[Ordering]:
    """Remarks on an indicator's gaps to the parent, from rows ``gap_sign`` and ``rank`` that are out.

    A rank counts where it lies in the outer quarter of ``rank_of`` places; one in the middle says nothing of the sign.
    """
    rows = known[(known["indicator"] == indicator) & known["measure"].isin(["gap_sign", "rank"])]
    out = []
    for row in rows.to_dict("records"):
        parent = panel.units[row["unit"]].parent
        sign, reliability = int(np.sign(row["value"])), SIGN_RELIABILITY
        if row["measure"] == "rank":
            places = float(row.get("rank_of") or DEFAULT_PLACES)
            share = (row["value"] - 0.5) / places
            sign = 1 if share <= OUTER else -1 if share >= 1 - OUTER else 0
            reliability = RANK_RELIABILITY
        if parent is not None and sign != 0:
            out.append(
                Ordering(
                    unit=row["unit"],
                    benchmark=parent,
                    period=str(row["period"]),
                    sign=sign,
                    reliability=reliability,
                    source=str(row["source"]),
                )
            )
    return out


def condition(paths: IndicatorPaths, remarks: Sequence[Ordering], rng: np.random.Generator) -> IndicatorPaths:
    """Draws resampled by how well they agree with what is known of gaps without a number.

    A remark weighs a draw by its reliability where the drawn gap has its sign, and by one minus it elsewhere; whole
    draws are resampled, so that units stay paired. Remarks on periods or units without draws are left out.
    """
    log_weight = np.zeros(paths.cum_yoy.sizes[DRAW])
    units, periods = set(paths.cum_yoy[UNIT].values), set(paths.cum_yoy[PERIOD].values)
    for remark in remarks:
        if {remark.unit, remark.benchmark} <= units and remark.period in periods:
            at = paths.cum_yoy.sel({PERIOD: remark.period})
            gap = (at.sel({UNIT: remark.unit}) - at.sel({UNIT: remark.benchmark})).to_numpy()
            agrees = np.sign(gap) == remark.sign
            log_weight += np.where(agrees, np.log(remark.reliability), np.log1p(-remark.reliability))
    weight = np.exp(log_weight - log_weight.max())
    if np.ptp(weight) == 0:
        return paths
    weight /= weight.sum()
    kept = float(1 / (weight**2).sum()) / len(weight)
    return reordered(paths, systematic(weight, len(weight), rng), paths.ess * kept)


WEAK, STRONG = -1.2816, 1.2816
"""Posterior standard deviations that all correlations lie below or above their means at their 10 % and 90 % values."""
MOST_CORRELATED: Final = 0.95
"""Largest correlation of two indicators: beyond it they would be one."""
LEAST_EIGENVALUE: Final = 1e-6
"""Least eigenvalue of a correlation matrix."""
PROJECTIONS: Final = 200
"""Alternating projections at most on the way to the nearest correlation matrix; some ten are the rule."""


NESTED: Final = (Level.NATION, Level.CITY, Level.PROVINCE)
"""Order in which levels are sorted; the last one reaches three quarters of the correlation wanted."""


def correlations(dependence: Dependence, sds: float = 0.0) -> Floats:
    """Nearest correlation matrices with every correlation so many posterior sds from its mean, dims of ``mean``."""
    moved = np.clip(dependence.mean + sds * dependence.sd, -MOST_CORRELATED, MOST_CORRELATED)
    return np.stack([nearest_correlation(one) for one in moved])


def typical(dependence: Dependence, names: Collection[str]) -> dict[Level, float]:
    """Mean correlation of the pairs of some indicators, by level; 0 where there is no pair."""
    at = [i for i, name in enumerate(dependence.indicators) if name in names]
    pairs = np.triu_indices(len(at), k=1)
    return {
        level: float(dependence.mean[k][np.ix_(at, at)][pairs].mean()) if len(at) > 1 else 0.0
        for k, level in enumerate(Level)
    }


def nearest_correlation(matrix: Floats) -> Floats:
    """Nearest correlation matrix to a symmetric one: itself where it is one.

    Notes
    -----
    Alternating projections with Dykstra's correction (Higham 2002, IMA J. Numer. Anal. 22).
    """
    out = np.array(matrix, dtype=np.float64)
    np.fill_diagonal(out, 1.0)
    correction = np.zeros_like(out)
    for _ in range(PROJECTIONS):
        value, axis = np.linalg.eigh(out - correction)
        if value[0] >= LEAST_EIGENVALUE and not correction.any():
            return out
        positive = (axis * np.maximum(value, LEAST_EIGENVALUE)) @ axis.T
        correction = positive - (out - correction)
        before = out
        out = positive.copy()
        np.fill_diagonal(out, 1.0)
        if np.abs(out - before).max() < LEAST_EIGENVALUE:
            break
    size = np.sqrt(np.diagonal(positive))
    return np.asarray(positive / np.outer(size, size))


def shared_parts(correlation: Floats) -> tuple[Floats, Floats]:
    """A correlation matrix as common factors and what is an indicator's own: ``A A' + diag(u)``, u as large as it goes.

    Returns
    -------
    A (indicator, factor), u (indicator,): proportional to what is left of each given all others.
    """
    least = 1.0 / np.diagonal(np.linalg.inv(correlation))
    root = np.sqrt(least)
    own = least * min(float(np.linalg.eigvalsh(correlation / np.outer(root, root))[0]), 1.0)
    return _root(correlation - np.diag(own)), own


def _root(matrix: Floats) -> Floats:
    """Symmetric root of a matrix, negative eigenvalues cut at zero."""
    value, axis = np.linalg.eigh(matrix)
    return np.asarray((axis * np.sqrt(np.maximum(value, 0.0))) @ axis.T)


def nested_order(keys: Floats, targets: Floats) -> np.ndarray:
    """Order of whole draws in which the ranks of several keys follow those of targets, all at once.

    Level by level, keys and targets are sorted and cut into blocks; within the smallest block the last level is matched
    by rank.

    Parameters
    ----------
    keys, targets : (draw, level)

    Returns
    -------
    array (draw,), a permutation: draw ``order[i]`` of the keys belongs to world ``i`` of the targets
    """
    draws, levels = keys.shape
    blocks = max(1, round(draws ** (1.0 / levels)))

    def ranked(values: Floats) -> np.ndarray:
        cell = np.zeros(draws, dtype=np.intp)
        for level in range(levels - 1):
            by = np.lexsort((values[:, level], cell))
            size = np.bincount(cell)
            start = np.cumsum(size) - size
            rank = np.empty(draws, dtype=np.intp)
            rank[by] = np.arange(draws) - start[cell[by]]
            cell = cell * blocks + (rank * blocks) // size[cell]
        return np.lexsort((values[:, -1], cell))

    out = np.empty(draws, dtype=np.intp)
    out[ranked(targets)] = ranked(keys)
    return out


def normal_scores(values: Floats) -> Floats:
    """Normal quantiles of the ranks of every column, (draw, column)."""
    rank = np.argsort(np.argsort(values, axis=0, kind="stable"), axis=0, kind="stable")
    return np.asarray(scipy.special.ndtri((rank + 0.5) / len(values)))


def level_keys(one: IndicatorPaths, line: Sequence[str]) -> dict[Level, Floats]:
    """What an indicator's levels do at the end of the year, log points, (draw,), in the order of ``NESTED``.

    The highest unit of the line that has draws stands for the nation; a level whose figure is published, or that has
    no draws, is left out. Falls beyond ``LEAST_GROWTH`` count as that much: a draw that loses all has no logarithm.
    """
    units = [unit for unit in line if unit in one.cum_yoy[UNIT].values]
    year = one.cum_yoy.isel({PERIOD: -1})
    growth = {unit: np.log1p(np.maximum(year.sel({UNIT: unit}).to_numpy(), LEAST_GROWTH)) for unit in units}
    found: dict[Level, Floats] = {}
    for above, unit in zip((None, *units), units, strict=False):
        level = Level.NATION if above is None else Level.CITY if unit == line[-1] else Level.PROVINCE
        found[level] = growth[unit] - (0.0 if above is None else growth[above])
    return {level: found[level] for level in NESTED if level in found and np.ptp(found[level]) > 0.0}


def coupling(
    paths: Mapping[str, IndicatorPaths], dependence: Dependence, seed: int, *, sds: float = 0.0
) -> dict[str, np.ndarray]:
    """Order of every indicator's draws: a permutation of its draws, (draw,), int.

    An indicator's order depends on its own draws, the seed and the dependence of the whole data set, never on which
    others have draws.

    Parameters
    ----------
    sds : posterior standard deviations that all correlations lie from their means
    """
    if not paths:
        return {}
    draws = next(iter(paths.values())).cum_yoy.sizes[DRAW]
    position = {name: i for i, name in enumerate(dependence.indicators)}
    parts = dict(zip(Level, map(shared_parts, correlations(dependence, sds)), strict=True))
    common = {
        level: np.stack(
            [generator(seed, "dependence", level, name).standard_normal(draws) for name in dependence.indicators],
            axis=1,
        )
        for level in Level
    }
    out = {}
    for name, one in paths.items():
        levels = level_keys(one, dependence.line)
        if not levels:
            out[name] = np.arange(draws)
            continue
        keys, i = np.stack(list(levels.values()), axis=1), position[name]
        within = np.corrcoef(normal_scores(keys), rowvar=False).reshape(len(levels), len(levels))
        shared = np.stack([common[level] @ parts[level][0][i] for level in levels], axis=1)
        own = _root(within - np.diag([1.0 - parts[level][1][i] for level in levels]))
        normal = generator(seed, name, "coupling").standard_normal((draws, len(Level)))[:, : len(levels)]
        targets = shared + normal @ own
        out[name] = nested_order(keys, targets / targets.std(axis=0))
    return out


def implied(paths: Mapping[str, IndicatorPaths], dependence: Dependence) -> Floats:
    """Correlations of the draws' normal scores, dims as in ``Dependence``; NaN where a level has no draws."""
    n = len(dependence.indicators)
    out = np.full((len(Level), n, n), np.nan)
    keys = {name: level_keys(one, dependence.line) for name, one in paths.items()}
    for k, level in enumerate(Level):
        at = [i for i, name in enumerate(dependence.indicators) if level in keys.get(name, {})]
        if at:
            columns = np.stack([keys[dependence.indicators[i]][level] for i in at], axis=1)
            found = np.corrcoef(normal_scores(columns), rowvar=False).reshape(len(at), len(at))
            out[k][np.ix_(at, at)] = found
    return out


def benchmark_of(dataset: Dataset) -> str:
    """The province that the city is held against."""
    config = dataset.config
    return nearest_province(dataset.panel.units, config.city) or config.province


def line_of(dataset: Dataset) -> tuple[str, ...]:
    """The root, the province that the city is held against, and the city, each once."""
    city, benchmark = dataset.config.city, benchmark_of(dataset)
    above = ancestors(dataset.panel.units, benchmark)
    return tuple(dict.fromkeys((*above[-1:], benchmark, city)))


def joint_paths(
    fits: Mapping[str, IndicatorPaths],
    order: Mapping[str, np.ndarray],
    *,
    dataset: Dataset,
    as_of: AsOf,
    seed: int,
    method: str,
    dependence: Dependence | None = None,
) -> Paths:
    """Joint draws of all indicators.

    Parameters
    ----------
    fits : draws in the order of their fits, in official order of the indicators
    order : order of every indicator's draws as coupled, of its fit's; a permutation (draw,)
    dependence : that the order follows; None: not told, nothing can be said of how sure it is
    """
    coupled = Paths(
        indicators={name: reordered(one, order[name], one.ess) for name, one in fits.items()},
        target_year=dataset.config.target_year,
        as_of=as_of,
        seed=seed,
        method=method,
        dependence=dependence,
    )
    return pool(coupled, dataset.panel, units=(benchmark_of(dataset), dataset.config.city))
