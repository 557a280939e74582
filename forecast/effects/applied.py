"""Effects on paths: contributions to annual growth, added to the stored draws.

Invariant: no effects, no change: the paths that come back are those that went in, bit for bit
(held by ``tests/test_effects.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import xarray as xr

from forecast.answers.required import first_open
from forecast.dims import DRAW, PERIOD, UNIT, Floats
from forecast.effects.couple import Contributions
from forecast.paths import IndicatorPaths, Paths

__all__ = ["Effects", "apply", "legal", "year_end"]

LEAST_GROWTH: Final = -0.999
"""No period loses more than this, fraction: effects cannot make a level negative."""
DIMS: Final = (DRAW, UNIT, PERIOD)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Effects:
    """What a scenario changes.

    added : (indicator, unit) -> contribution of every period to annual growth, (draw, period), fraction
    fixed : (indicator, unit) -> year-end growth that the unit's paths are moved to, fraction
    rebased : (indicator, unit) -> old base over new base, which restates every period of the year
    """

    added: Contributions = field(default_factory=dict)
    fixed: Mapping[tuple[str, str], float] = field(default_factory=dict)
    rebased: Mapping[tuple[str, str], float] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether nothing changes."""
        return not (self.added or self.fixed or self.rebased)


def apply(paths: Paths, effects: Effects) -> Paths:
    """The same draws with the effects on them; published periods stay as they are, unless a base was revised.

    Indicators that nothing reaches are the same objects as before.
    """
    touched = {indicator for indicator, _ in (*effects.added, *effects.fixed, *effects.rebased)}
    if not touched & set(paths.indicators):
        return paths
    changed = {name: _apply(one, effects) for name, one in paths.indicators.items() if name in touched}
    return replace(paths, indicators={**paths.indicators, **changed})


def year_end(one: IndicatorPaths, unit: str, effects: Effects) -> Floats:
    """Year-end growth of a unit with the effects on it, (draw,), fraction: the last period of ``apply``."""
    key = (one.indicator, unit)
    at = list(one.cum_yoy[UNIT].values).index(unit)
    start = first_open(_values(one.published, (UNIT, PERIOD))[at])
    end = _values(one.cum_yoy, DIMS)[:, at, -1]
    if start < one.cum_yoy.sizes[PERIOD]:
        if key in effects.added:
            end = end + effects.added[key][:, start:].sum(axis=1)
        if key in effects.fixed:
            end = np.full_like(end, effects.fixed[key])
    return (1.0 + end) * effects.rebased[key] - 1.0 if key in effects.rebased else end


def _values(array: xr.DataArray, dims: tuple[str, ...]) -> Floats:
    return array.to_numpy() if array.dims == dims else array.transpose(*dims).to_numpy()


def _apply(one: IndicatorPaths, effects: Effects) -> IndicatorPaths:
    units = [str(unit) for unit in one.cum_yoy[UNIT].values]
    cum_all, growth_all = _values(one.cum_yoy, DIMS).copy(), _values(one.growth, DIMS).copy()
    weights, published = _values(one.base_weight, DIMS), _values(one.published, (UNIT, PERIOD)).copy()
    for u, unit in enumerate(units):
        key = (one.indicator, unit)
        start = first_open(published[u])
        cum, growth, weight = cum_all[:, u], growth_all[:, u], weights[:, u]
        if key in effects.added:
            _move(cum, growth, weight, effects.added[key], start)
        if key in effects.fixed and start < cum.shape[1]:
            left = weight[:, start:]
            to_move = np.zeros_like(cum)
            short = effects.fixed[key] - cum[:, -1]
            to_move[:, start:] = short[:, None] * left / left.sum(axis=1, keepdims=True)
            _move(cum, growth, weight, to_move, start)
            cum[:, -1] = effects.fixed[key]
        if key in effects.rebased:
            for array in (cum, growth, published[u]):
                array += 1.0
                array *= effects.rebased[key]
                array -= 1.0
    coords = {UNIT: one.cum_yoy[UNIT], PERIOD: one.cum_yoy[PERIOD]}
    return replace(
        one,
        cum_yoy=xr.DataArray(cum_all, coords, DIMS),
        growth=xr.DataArray(growth_all, coords, DIMS),
        published=xr.DataArray(published, coords, (UNIT, PERIOD)),
    )


def _move(cum: Floats, growth: Floats, weight: Floats, added: Floats, start: int) -> None:
    """Add contributions to the open periods of one unit, in place of its arrays (draw, period)."""
    touched = np.flatnonzero(added.any(axis=0))
    start = max(start, int(touched[0])) if touched.size else cum.shape[1]
    running = np.zeros(len(cum))
    weighed = 1.0 - weight[:, start:].sum(axis=1)
    for k in range(start, cum.shape[1]):
        growth[:, k] += added[:, k] / weight[:, k]
        running += added[:, k]
        weighed += weight[:, k]
        cum[:, k] += running / weighed


def legal(paths: Paths, added: Contributions) -> Contributions:
    """Contributions cut where a period would lose more than all of it."""
    out = {}
    for (indicator, unit), value in added.items():
        one = paths.indicators.get(indicator)
        if one is not None and unit in one.cum_yoy[UNIT].values and value.min() < 0.0:
            at = {UNIT: unit}
            growth = _values(one.growth.sel(at), (DRAW, PERIOD))
            weight = _values(one.base_weight.sel(at), (DRAW, PERIOD))
            value = np.maximum(value, np.minimum((LEAST_GROWTH - growth) * weight, 0.0))
        out[(indicator, unit)] = value
    return out
