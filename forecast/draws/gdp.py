"""GDP from its industries: the baseline as a pool of two forecasts, and what a scenario adds to it.

Growth of GDP is the share-weighted sum of its industries' growth, an industry's growth an elasticity times that of its
driver. The *baseline* pools the direct draws with this bridge once, city and province together: what the bridge misses
is missed in both, and one weight, that of the gap between them, is given to both. A *scenario* adds
``sum of share x elasticity x change of driver`` to the pooled draws and never bridges anew.

Invariant: the pooled gap of city and province spreads no more than that of either forecast
(held by ``tests/test_gdp.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import xarray as xr

from forecast.data.ledger import Assumptions, Coefficient
from forecast.data.panel import Panel
from forecast.dims import DRAW, PERIOD, UNIT, Floats
from forecast.draws.paths import IndicatorPaths, Paths, Pool, first_open
from forecast.draws.streams import generator
from forecast.periods import Frequency

GDP: Final = "gdp"
ERROR_CORRELATION: Final = 0.6
"""Correlation of the errors of the direct forecast and of the bridge: an assumption, stated with the pool.

Both miss the same surprises of the months ahead; published histories are too short to estimate it.
"""
INDUSTRY_SD: Final = 0.01
"""What an industry's growth differs from its driver's beyond the elasticity, a quarter, fraction (DOMAIN.md §1.2); the
same in city and province, which the same shares and elasticities are used for."""
REST_SD: Final = 0.04
"""The same for industries whose driver has no draws: they move like GDP itself, give or take this much."""
COMMON_SD: Final = 0.01
"""What the bridge misses in all industries at once (deflators, borrowed shares), a year, fraction."""
POOLED: Final = "+bridge"
"""What the method of pooled draws is called beside that of the fit."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Industries:
    """Industries of GDP.

    share : (industry, quarter), of the quarter's GDP
    driver : indicator, or "" without one
    elasticity : (industry, draw), points of value added for a point of the driver
    """

    names: tuple[str, ...]
    share: Floats
    driver: tuple[str, ...]
    elasticity: Floats


def industries_of(panel: Panel, assumptions: Assumptions, seed: int, draws: int) -> Industries:
    """Industries of a data set, their elasticities drawn by the industry's own name."""
    rows = panel.industries
    names = tuple(str(name) for name in rows["industry"])
    elasticity = np.ones((len(names), draws))
    for i, name in enumerate(names):
        mean, sd = float(rows["elasticity"].iloc[i]), float(rows["elasticity_sd"].iloc[i])
        stated = assumptions.elasticities.get(name)
        if stated is None:
            stated = Coefficient(mean=1.0 if np.isnan(mean) else max(mean, 0.0), sd=0.0 if np.isnan(sd) else sd)
        normal = generator(seed, "elasticity", name).standard_normal(draws)
        elasticity[i] = np.maximum(stated.mean + stated.sd * normal, 0.0)
    share = np.stack([rows[f"share_q{q}"].to_numpy(dtype=np.float64) for q in range(1, 5)], axis=1)
    driver = tuple(str(d) if isinstance(d, str) else "" for d in rows["driver"])
    return Industries(names=names, share=share, driver=driver, elasticity=elasticity)


def industry_effect(
    industries: Industries, drivers: Mapping[str, Floats], fills: Mapping[str, Floats], weight: Floats
) -> Floats:
    """Contribution of changed drivers and filled industries to annual growth of GDP.

    Parameters
    ----------
    drivers : indicator -> change of its growth in each quarter, (draw, 4), fraction
    fills : industry -> change of its growth in each quarter, (draw, 4), fraction
    weight : (draw or 1, 4), quarters' shares of last year's GDP

    Returns
    -------
    array (draw, 4), fraction: ``w_q * sum_i share_iq * (elasticity_i * driver_iq + fill_iq)``.
    """
    total = np.zeros((industries.elasticity.shape[1], 4))
    for i, name in enumerate(industries.names):
        if industries.driver[i] in drivers:
            total += industries.share[i] * industries.elasticity[i][:, None] * drivers[industries.driver[i]]
        if name in fills:
            total += industries.share[i] * fills[name]
    return total * weight


def pool_weights(direct: float, bridge: float, correlation: float) -> tuple[float, float]:
    """Weight of the direct forecast and variance of the best mean of two forecasts with correlated errors.

    Notes
    -----
    ``w = (v_B - c) / (v_D + v_B - 2c)``, ``v = (v_D v_B - c^2) / (v_D + v_B - 2c)``, ``c = rho sqrt(v_D v_B)``
    (Bates and Granger 1969); the weight is kept in [0, 1], where the variance is that of the better forecast.
    """
    if min(direct, bridge) <= 0.0:
        return (1.0, direct) if direct <= bridge else (0.0, bridge)
    c = correlation * np.sqrt(direct * bridge)
    spread = direct + bridge - 2.0 * c
    weight = float((bridge - c) / spread)
    if not 0.0 < weight < 1.0:
        return (1.0, direct) if direct <= bridge else (0.0, bridge)
    return weight, float((direct * bridge - c**2) / spread)


def pool(paths: Paths, panel: Panel, *, units: tuple[str, ...]) -> Paths:
    """Baseline of GDP: direct draws and industry bridge pooled by precision, all units with one weight.

    The bridge uses the same shares and elasticities for every unit, and the same draws of what they miss; that is taken
    up at the last published quarter, from which the bridge carries on. The weight is that of the gap of the last unit
    to the first, or of growth where only one has draws. Paths without draws of GDP or without industries stay as
    they are.

    Parameters
    ----------
    units : what the city is held against, then the city

    Raises
    ------
    ValueError
        The draws are pooled already.
    """
    if paths.pool is not None:
        raise ValueError("GDP is pooled already: paths.pool says from what")
    one = paths.indicators.get(GDP)
    places = () if one is None else tuple(dict.fromkeys(u for u in units if u in one.cum_yoy[UNIT].values))
    if one is None or panel.industries.empty or not places:
        return paths
    at = {UNIT: list(places)}
    direct = one.cum_yoy.sel(at).transpose(UNIT, DRAW, PERIOD).to_numpy()
    weight = one.base_weight.sel(at).transpose(UNIT, DRAW, PERIOD).to_numpy()
    starts = [first_open(row) for row in one.published.sel(at).transpose(UNIT, PERIOD).to_numpy()]
    bridge, covered = _bridge(paths, panel, places, direct, weight, starts)
    open_ = [k for k in range(direct.shape[2]) if k >= min(starts)]
    if covered == 0.0 or not open_:
        return paths
    pooled, of_direct = direct.copy(), 1.0
    for k in open_:
        fixed = np.array([k < start for start in starts])
        pooled[:, :, k], of_direct = _pooled(direct[:, :, k], bridge[:, :, k], fixed)
    cum, growth = one.cum_yoy.copy(), one.growth.copy()
    for i, unit in enumerate(places):
        cum.loc[{UNIT: unit}] = xr.DataArray(pooled[i], dims=(DRAW, PERIOD))
        single = _single(pooled[i], weight[i], growth.sel({UNIT: unit}), starts[i])
        growth.loc[{UNIT: unit}] = xr.DataArray(single, dims=(DRAW, PERIOD))
    mixed = replace(
        one, cum_yoy=cum, growth=growth, diagnostics=replace(one.diagnostics, method=one.diagnostics.method + POOLED)
    )
    ends = [dict(zip(places, values[:, :, -1], strict=True)) for values in (direct, bridge, pooled)]
    return replace(
        paths,
        indicators={**paths.indicators, GDP: mixed},
        pool=Pool(direct=ends[0], bridge=ends[1], pooled=ends[2], weight=of_direct, covered=covered),
    )


def _pooled(direct: Floats, bridge: Floats, fixed: np.ndarray) -> tuple[Floats, float]:
    """Pooled draws of a quarter, (unit, draw), and the weight of the direct ones; each draw stays in its world.

    The first unit, and the gap of every other one to it, get the pooled mean and variance; a unit whose figure is
    published keeps it, and the others are then pooled as they are.

    Parameters
    ----------
    fixed : (unit,) whether the quarter is published
    """
    paired = len(direct) > 1 and not fixed.any()

    def judged(values: Floats, unit: int) -> Floats:
        return np.asarray(values[unit] - values[0] if paired and unit else values[unit])

    last = int(np.flatnonzero(~fixed)[-1])
    spread = [float(judged(values, last).var()) for values in (direct, bridge)]
    weight, _ = pool_weights(spread[0], spread[1], ERROR_CORRELATION)
    out = direct.copy()
    for unit in map(int, np.flatnonzero(~fixed)):
        mixed = _mixed(judged(direct, unit), judged(bridge, unit), weight)
        out[unit] = mixed + out[0] if paired and unit else mixed
    return out, weight


def _mixed(direct: Floats, bridge: Floats, weight: float) -> Floats:
    """Weighted draws with the variance that the weight gives when errors correlate as assumed."""
    sds = weight * direct.std(), (1.0 - weight) * bridge.std()
    variance = sds[0] ** 2 + sds[1] ** 2 + 2.0 * ERROR_CORRELATION * sds[0] * sds[1]
    mixed = weight * direct + (1.0 - weight) * bridge
    spread = float(mixed.var())
    scale = np.sqrt(variance / spread) if spread > 0.0 else 1.0
    return np.asarray(mixed.mean() + (mixed - mixed.mean()) * scale)


def _single(cum: Floats, weight: Floats, growth: xr.DataArray, start: int) -> Floats:
    """Single-quarter growth that the pooled cumulative growth implies in open quarters."""
    running = np.cumsum(weight, axis=1)
    implied = np.diff(cum * running, axis=1, prepend=0.0) / weight
    out = growth.transpose(DRAW, PERIOD).to_numpy().copy()
    out[:, start:] = implied[:, start:]
    return out


def _bridge(
    paths: Paths, panel: Panel, places: Sequence[str], own: Floats, weight: Floats, starts: Sequence[int]
) -> tuple[Floats, float]:
    """Cumulative growth of GDP by its industries, (unit, draw, quarter), and the share of industries with a driver.

    Published quarters are as published. An industry's driver counts where all places have draws of it.

    Parameters
    ----------
    own, weight : (unit, draw, quarter), direct cumulative growth and base weights; starts : first open quarters
    """
    draws = own.shape[1]
    industries = industries_of(panel, Assumptions(), paths.seed, draws)
    running = np.cumsum(weight, axis=2)
    direct = np.diff(own * running, axis=2, prepend=0.0) / weight
    common = generator(paths.seed, "bridge").standard_normal((draws, 1))
    total, covered = np.tile(COMMON_SD * common, (len(places), 1, 4)), 0.0
    for i, name in enumerate(industries.names):
        rng = generator(paths.seed, "bridge", name)
        driver = paths.indicators.get(industries.driver[i])
        known = driver is not None and set(places) <= set(driver.growth[UNIT].values)
        if driver is not None and known and driver.frequency is not Frequency.SHIFTED:
            missed = INDUSTRY_SD * rng.standard_normal((draws, 4))
            driven = np.stack([quarters(driver, unit) for unit in places])
            growth = industries.elasticity[i][:, None] * driven + missed
            covered += float(industries.share[i, 3])
        else:
            growth = direct + REST_SD * rng.standard_normal((draws, 1))
        total += industries.share[i] * growth
    made = np.cumsum(total * weight, axis=2) / running
    for u, start in enumerate(starts):
        if start > 0:
            held = (own[u, :, start - 1] - made[u, :, start - 1]) * running[u, :, start - 1]
            made[u] += held[:, None] / running[u]
            made[u, :, :start] = own[u, :, :start]
    return made, covered


def quarters(one: IndicatorPaths, unit: str) -> Floats:
    """Growth of every quarter, (draw, 4), fraction, from single-period growth by base weights."""
    growth = one.growth.sel({UNIT: unit}).transpose(DRAW, PERIOD).to_numpy()
    weight = one.base_weight.sel({UNIT: unit}).transpose(DRAW, PERIOD).to_numpy()
    of = np.array([(month - 1) // 3 for month in one.frequency.months])
    sums = np.stack([(growth * weight)[:, of == q].sum(axis=1) for q in range(4)], axis=1)
    weights = np.stack([weight[:, of == q].sum(axis=1) for q in range(4)], axis=1)
    return np.asarray(sums / weights)
