"""GDP from its industries: the baseline as a pool of two forecasts, and what a scenario adds to it.

Growth of GDP is the share-weighted sum of its industries' growth, an industry's growth an elasticity times that of its
driver. The *baseline* pools the direct draws with this bridge once, by precision. A *scenario* adds
``sum of share x elasticity x change of driver`` to the pooled draws and never bridges anew.

Invariant: pooling never widens the narrower of the two forecasts (held by ``tests/test_gdp.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import xarray as xr

from forecast.data.assumptions import Assumptions, Coefficient
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
"""What an industry's growth differs from its driver's beyond the elasticity, a quarter, fraction (DOMAIN.md §1.2)."""
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
    """Baseline of GDP: direct draws and industry bridge pooled by precision, for the city and the province alike.

    The bridge uses the same shares and elasticities for every unit; what they miss is taken up at the last published
    quarter, from which it carries on. Paths without draws of GDP or without industries stay as they are.

    Raises
    ------
    ValueError
        The draws are pooled already.
    """
    if paths.pool is not None:
        raise ValueError("GDP is pooled already: paths.pool says from what")
    one = paths.indicators.get(GDP)
    if one is None or panel.industries.empty:
        return paths
    draws = one.cum_yoy.sizes[DRAW]
    industries = industries_of(panel, Assumptions(), paths.seed, draws)
    cum, growth = one.cum_yoy.copy(), one.growth.copy()
    direct, bridges, pools, weights, covered = {}, {}, {}, {}, {}
    for unit in units:
        if unit not in one.cum_yoy[UNIT].values:
            continue
        own = one.cum_yoy.sel({UNIT: unit}).transpose(DRAW, PERIOD).to_numpy()
        quarter_weight = one.base_weight.sel({UNIT: unit}).transpose(DRAW, PERIOD).to_numpy()
        start = first_open(one.published.sel({UNIT: unit}).transpose(PERIOD).to_numpy())
        made, share = _bridge(paths, industries, unit, own, quarter_weight, start)
        if start >= own.shape[1] or share == 0.0:
            continue
        pooled = own.copy()
        for k in range(start, own.shape[1]):
            pooled[:, k], weight = _pooled(own[:, k], made[:, k])
        cum.loc[{UNIT: unit}] = xr.DataArray(pooled, dims=(DRAW, PERIOD))
        growth.loc[{UNIT: unit}] = xr.DataArray(
            _single(pooled, quarter_weight, growth.sel({UNIT: unit}), start), dims=(DRAW, PERIOD)
        )
        direct[unit], bridges[unit], pools[unit] = own[:, -1], made[:, -1], pooled[:, -1]
        weights[unit], covered[unit] = weight, share
    if not direct:
        return paths
    mixed = replace(
        one, cum_yoy=cum, growth=growth, diagnostics=replace(one.diagnostics, method=one.diagnostics.method + POOLED)
    )
    return replace(
        paths,
        indicators={**paths.indicators, GDP: mixed},
        pool=Pool(direct=direct, bridge=bridges, pooled=pools, weight=weights, covered=covered),
    )


def _pooled(direct: Floats, bridge: Floats) -> tuple[Floats, float]:
    """Pooled draws with the pooled mean and variance; each draw stays in its world."""
    weight, variance = pool_weights(float(direct.var()), float(bridge.var()), ERROR_CORRELATION)
    mixed = weight * direct + (1.0 - weight) * bridge
    spread = float(mixed.var())
    scale = np.sqrt(variance / spread) if spread > 0.0 else 1.0
    return mixed.mean() + (mixed - mixed.mean()) * scale, weight


def _single(cum: Floats, weight: Floats, growth: xr.DataArray, start: int) -> Floats:
    """Single-quarter growth that the pooled cumulative growth implies in open quarters."""
    running = np.cumsum(weight, axis=1)
    implied = np.diff(cum * running, axis=1, prepend=0.0) / weight
    out = growth.transpose(DRAW, PERIOD).to_numpy().copy()
    out[:, start:] = implied[:, start:]
    return out


def _bridge(
    paths: Paths, industries: Industries, unit: str, own: Floats, weight: Floats, start: int
) -> tuple[Floats, float]:
    """Cumulative growth of GDP by its industries, (draw, quarter), and the share of industries with a driver."""
    draws = len(own)
    running = np.cumsum(weight, axis=1)
    direct = np.diff(own * running, axis=1, prepend=0.0) / weight
    common = generator(paths.seed, "bridge", unit).standard_normal((draws, 1))
    total, covered = np.tile(COMMON_SD * common, (1, 4)), 0.0
    for i, name in enumerate(industries.names):
        rng = generator(paths.seed, "bridge", unit, name)
        driver = paths.indicators.get(industries.driver[i])
        known = driver is not None and unit in driver.growth[UNIT].values
        if driver is not None and known and driver.frequency is not Frequency.SHIFTED:
            growth = industries.elasticity[i][:, None] * quarters(driver, unit) + INDUSTRY_SD * rng.standard_normal(
                (draws, 4)
            )
            covered += float(industries.share[i, 3])
        else:
            growth = direct + REST_SD * rng.standard_normal((draws, 1))
        total += industries.share[i] * growth
    made = np.cumsum(total * weight, axis=1) / running
    if start > 0:
        held = (own[:, start - 1] - made[:, start - 1]) * running[:, start - 1]
        made = made + held[:, None] / running
    return made, covered


def quarters(one: IndicatorPaths, unit: str) -> Floats:
    """Growth of every quarter, (draw, 4), fraction, from single-period growth by base weights."""
    growth = one.growth.sel({UNIT: unit}).transpose(DRAW, PERIOD).to_numpy()
    weight = one.base_weight.sel({UNIT: unit}).transpose(DRAW, PERIOD).to_numpy()
    of = np.array([(month - 1) // 3 for month in one.frequency.months])
    sums = np.stack([(growth * weight)[:, of == q].sum(axis=1) for q in range(4)], axis=1)
    weights = np.stack([weight[:, of == q].sum(axis=1) for q in range(4)], axis=1)
    return np.asarray(sums / weights)
