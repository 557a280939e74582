"""How far indicators stand and fall together: a prior by level and kind of pair, and what the panel at hand says.

A common winter hits the whole chain; what is left between a city and its province hardly goes together unless one
indicator is made of the other. The panel speaks by the innovations of its own figures: what a quarter brought beyond
what the model, at its posterior mode, expected from all before, over what it expects them to vary.

Invariant: without figures the dependence is the prior's, and with many it is the figures' (held by
``tests/test_dependence.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Final

import numpy as np
import pandas as pd

from forecast.data.dataset import Dataset
from forecast.data.panel import known
from forecast.dims import Floats
from forecast.draws.gdp import GDP
from forecast.draws.joint import line_of
from forecast.draws.paths import Dependence, Level
from forecast.inference.measure import measure
from forecast.inference.model import Measurements
from forecast.inference.priors import (
    DEPENDENCE_NATION,
    DEPENDENCE_POINTS,
    DEPENDENCE_RATIO,
    LARGEST_SURPRISE,
    NOISE_RATIOS,
    QUARTERS_A_FIGURE,
    YEAR_END_OVER_QUARTER,
)
from forecast.inference.regular.factors import DESIGN, Factors, Grid, decomposed
from forecast.inference.regular.incomplete import Series, series
from forecast.inference.regular.learning import Places, learn
from forecast.inference.regular.regular import common_grid, placed
from forecast.periods import AsOf, Frequency


class Kind(StrEnum):
    """What two indicators are to each other."""

    PART = "part"
    DRIVER = "driver"
    ACTIVITY = "activity"
    UNLIKE = "unlike"


PARTS: Final = frozenset(
    frozenset(pair)
    for pair in (
        ("ind_va", "ind_power"), ("ind_va", "ind_output"), ("ind_output", "ind_power"), ("ind_va", "gdp2"),
        ("fai", "private_fai"), ("fai", "ind_fai"), ("fai", "re_inv"), ("fai", "fai1"),
        ("retail", "retail_above"), ("gdp1", "agri_va"), ("gdp", "gdp1"), ("gdp", "gdp2"), ("gdp", "gdp3"),
        ("all_inc", "urban_inc"), ("all_inc", "rural_inc"), ("re_inv", "house_area"), ("trade", "export"),
    )
)  # fmt: skip
"""Pairs of which one is a part of the other, or made of it."""
ACTIVITY: Final = frozenset(
    (
        "gdp", "gdp1", "gdp2", "gdp3", "ind_va", "ind_output", "ind_power", "fai", "private_fai", "ind_fai", "fai1",
        "re_inv", "house_area", "retail", "retail_above", "constr", "service_rev", "agri_va", "trade", "export",
    )
)  # fmt: skip
"""Indicators of what is produced, invested and sold."""


def kind_of(first: str, second: str, drivers: frozenset[str]) -> Kind:
    """What two indicators are to each other.

    Parameters
    ----------
    drivers : indicators that industries of GDP are computed from
    """
    pair = frozenset((first, second))
    if pair in PARTS:
        return Kind.PART
    if GDP in pair and pair & drivers:
        return Kind.DRIVER
    return Kind.ACTIVITY if pair <= ACTIVITY else Kind.UNLIKE


def prior(level: Level, kind: Kind) -> tuple[float, float]:
    """Prior mean and sd of the correlation of a pair: drivers are activity at the nation, activity unlike in ratios."""
    if level is Level.NATION:
        return DEPENDENCE_NATION["activity" if kind is Kind.DRIVER else kind.value]
    return DEPENDENCE_RATIO["unlike" if kind is Kind.ACTIVITY else kind.value]


@lru_cache(maxsize=16)
def _few_points(grid: Grid) -> Factors:
    return decomposed(DESIGN[:DEPENDENCE_POINTS], grid)


def innovations(known_: Factors, places: Places) -> Floats:
    """Standardised one-step innovations of siblings' figures at the posterior mode, (T, place).

    ``e = L^-1 B x`` with ``L L' = U diag(lam + rho^2) U'`` at the heaviest point and noise ratio: entry t is what
    figure t brought beyond its mean given all before, over its sd; the scale of the place makes their mean square 1.
    """
    learnt = learn(known_, places)
    out = np.empty_like(places.index)
    for i in range(places.index.shape[1]):
        weight = learnt.weight[:, :, i]
        point, ratio = np.unravel_index(int(weight.argmax()), weight.shape)
        axes = known_.axes[point]
        covariance = (axes * (known_.eigenvalue[point] + NOISE_RATIOS[ratio] ** 2)) @ axes.T
        raw = np.linalg.solve(np.linalg.cholesky(covariance), axes @ learnt.rotated[point, :, i])
        size = float(np.sqrt(np.mean(raw**2)))
        out[:, i] = raw / size if size > 0.0 else 0.0
    return out


def quarterly(
    values: Floats, missing: np.ndarray, months: Sequence[int], first_year: int
) -> Iterator[tuple[int, float]]:
    """Sums of innovations over whole calendar quarters, over their sd and cut: number of the quarter, sum.

    Parameters
    ----------
    values : (T,) from the first period of ``first_year``; missing : positions without a figure
    months : last month of every period of a year
    """
    holes = set(missing.tolist()) | {k + 1 for k in missing.tolist()}
    of = np.array([(month - 1) // 3 for month in months])
    for start in range(0, len(values), len(months)):
        for quarter in range(4):
            at = [start + k for k in np.flatnonzero(of == quarter)]
            if at and at[-1] < len(values) and not holes & set(at):
                total = float(values[at].sum()) / len(at) ** 0.5
                number = (first_year + start // len(months)) * 4 + quarter
                yield number, float(np.clip(total, -LARGEST_SURPRISE, LARGEST_SURPRISE))


type Surprises = dict[tuple[Level, str, int], float]
"""Quarterly sums of one indicator by level, place ("" for the root) and number of the quarter."""


def surprises(m: Measurements, levels: Mapping[str, str], frequency: Frequency) -> Surprises:
    """What every quarter brought beyond what was expected; empty where figures have too many gaps.

    Parameters
    ----------
    levels : level of every unit
    """
    out: Surprises = {}
    grids: dict[int, Grid | None] = {-1: None}
    chained: dict[int, Series] = {}
    for group in m.siblings():
        above = m.parent[group[0]]
        names = [Level(levels[m.units[u]]) if levels[m.units[u]] in list(Level) else None for u in group]
        root = above < 0
        chosen = [u for u, name in zip(group, names, strict=True) if root or name in (Level.PROVINCE, Level.CITY)]
        grid = common_grid(m, chosen, grids.get(above), root=root) if chosen else None
        grids.update(dict.fromkeys(chosen, grid))
        if grid is None or (not root and above not in chained):
            continue
        chained.update({u: series(m, u, grid) for u in chosen})
        siblings = [chained[u] for u in chosen]
        parent = None if root else chained[above]
        places, _ = placed(grid, siblings, m.usual_rounding(chosen), m.scale[list(chosen)], above=parent)
        found = innovations(_few_points(grid), places)
        for i, unit in enumerate(chosen):
            level = Level.NATION if root else Level(levels[m.units[unit]])
            for number, value in quarterly(found[:, i], places.missing[i], frequency.months, m.first_year + 1):
                out[level, "" if root else m.units[unit], number] = value
    return out


def dependence(dataset: Dataset, as_of: AsOf) -> Dependence:
    """Dependence between all indicators of a data set, by what is published as of a day."""
    panel = dataset.panel
    seen, names = known(panel, as_of), tuple(panel.indicators)
    levels = {unit.unit: unit.level for unit in panel.units.values()}
    found = {}
    for name, indicator in panel.indicators.items():
        m = measure(panel, seen, indicator, target_year=dataset.config.target_year)
        found[name] = surprises(m, levels, indicator.frequency) if m.units else {}
    drivers = frozenset(str(name) for name in panel.industries["driver"]) if len(panel.industries) else frozenset()
    kinds = {(a, b): kind_of(a, b, drivers) for a in names for b in names}
    return estimated(found, kinds, line=line_of(dataset))


def estimated(
    found: Mapping[str, Surprises], kinds: Mapping[tuple[str, str], Kind], *, line: tuple[str, ...]
) -> Dependence:
    """Prior and history of every pair weighed by their precision.

    The history of ``q`` quarters weighs as ``q / QUARTERS_A_FIGURE`` figures of a correlation, whose precision is about
    their number; its correlation is taken to the size of year-end errors.
    """
    names, levels = tuple(found), tuple(Level)
    shape = (len(levels), len(names), len(names))
    mean0, sd0 = np.ones(shape), np.zeros(shape)
    seen, sums = np.full(shape, np.nan), np.zeros(shape)
    frame = pd.DataFrame({name: pd.Series(one, dtype=np.float64) for name, one in found.items()}, columns=list(names))
    at = np.array([key[0] for key in frame.index], dtype=object)
    for k, level in enumerate(levels):
        values = frame.to_numpy()[at == level] if len(frame) else np.zeros((0, len(names)))
        for i, first in enumerate(names):
            for j in range(i):
                mean0[k, i, j], sd0[k, i, j] = prior(level, kinds[first, names[j]])
                both = values[np.isfinite(values[:, i]) & np.isfinite(values[:, j])]
                sums[k, i, j] = len(both)
                size = np.sqrt((both[:, i] ** 2).sum() * (both[:, j] ** 2).sum())
                if size > 0.0:
                    seen[k, i, j] = YEAR_END_OVER_QUARTER * float(both[:, i] @ both[:, j]) / size
        for table in (mean0, sd0, seen, sums):
            table[k] = np.where(np.tri(len(names), k=-1) > 0, table[k], table[k].T)
    weight = np.where(np.isfinite(seen), sums / QUARTERS_A_FIGURE, 0.0)
    off = sd0 > 0.0
    precision = np.divide(1.0, sd0**2, out=np.ones(shape), where=off)
    mean = (mean0 * precision + np.nan_to_num(seen) * weight) / (precision + weight)
    return Dependence(
        indicators=names,
        line=line,
        mean=np.where(off, mean, 1.0),
        sd=np.where(off, 1.0 / np.sqrt(precision + weight), 0.0),
        prior_mean=mean0,
        prior_sd=sd0,
        seen=seen,
        sums=sums,
    )
