"""From impulses to indicators: money to points, counties to the city, the city to the province, drivers to GDP.

Invariant: nothing comes from nothing: without an impulse no indicator moves (held by ``tests/test_effects.py``).

Effects on paths: contributions to annual growth, added to the stored draws.

Invariant: no effects, no change: the paths that come back are those that went in, bit for bit
(held by ``tests/test_effects.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import xarray as xr

from forecast.answers.chances import EndsOf
from forecast.data.assumptions import Assumptions
from forecast.dims import DRAW, PERIOD, UNIT, Floats
from forecast.draws.gdp import GDP, Industries, industry_effect
from forecast.draws.paths import IndicatorPaths, Paths, first_open
from forecast.scenario.parts import Impulse
from forecast.scenario.world import World, month_matrix

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


def year_ends(paths: Paths, effects: Effects | None = None) -> EndsOf:
    """Year-end growth of units, with effects on it: the last period of ``apply``, without the rest of the path."""
    on_it = effects or Effects()
    return lambda indicator, unit: year_end(paths.indicators[indicator], unit, on_it)


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


type Contributions = dict[tuple[str, str], Floats]
"""(indicator, unit) -> contribution of every period to annual growth, (draw, period), fraction."""

OUTPUT, VALUE_ADDED, FAI, CONSTRUCTION = "ind_output", "ind_va", "fai", "constr"


def coupled(
    world: World,
    impulse: Impulse,
    assumptions: Assumptions,
    industries: Industries | None,
    *,
    caps: Mapping[str, float] | None = None,
    city_only: bool = False,
) -> Contributions:
    """Contributions of an impulse to annual growth of every indicator and unit that it reaches.

    caps : industry -> most that its growth may rise by, fills and driver together, fraction; only fills are cut
    city_only : leave out counties and the province, for an explanation or a share of the city's change
    """
    points: dict[tuple[str, str], Floats] = {}
    _money(world, impulse, points, city_only)
    _growth(world, impulse, points, city_only)
    _value_added(world, points, assumptions)
    _construction(world, points, assumptions)
    for key, value in impulse.points.items():
        _add(points, key, value)
    out = _periods(world, points)
    _gdp(world, points, impulse, industries, out, caps or {})
    if not city_only:
        _province(world, out)
    for (indicator, unit), change in impulse.nominal.items():
        weight = world.month_weight(indicator, unit)[:, world.months[0] - 1 :]
        _add(out, (indicator, unit), _in_periods(world, indicator, change * weight))
    return out


def _add(into: dict[tuple[str, str], Floats], key: tuple[str, str], value: Floats) -> None:
    into[key] = into[key] + value if key in into else value


def _money(world: World, impulse: Impulse, points: dict[tuple[str, str], Floats], city_only: bool) -> None:
    sums: dict[tuple[str, str], Floats] = {}
    for (indicator, place), money in impulse.money.items():
        for unit in (world.city,) if city_only else world.within(place):
            _add(sums, (indicator, unit), money)
    for (indicator, unit), money in sums.items():
        base = world.base_yi(unit, indicator)
        if base is not None:
            _add(points, (indicator, unit), money / base[:, None])


def _growth(world: World, impulse: Impulse, points: dict[tuple[str, str], Floats], city_only: bool) -> None:
    """A place's growth, carried to what contains it by its share of last year's level."""
    for (indicator, unit), growth in impulse.growth.items():
        if indicator not in world.dataset.panel.indicators:
            continue
        own = growth * world.month_weight(indicator, unit)[:, world.months[0] - 1 :]
        chain = world.within(unit)
        if not city_only or unit == world.city:
            _add(points, (indicator, unit), own)
        of_city = world.share(unit, indicator) if unit != world.city else None
        for outer in chain[1:]:
            if of_city is None or (city_only and outer != world.city):
                continue
            part = of_city
            if outer != world.city:
                container = world.share(outer, indicator)
                if container is None:
                    continue
                part = of_city / container
            _add(points, (indicator, outer), own * part[:, None])


def _value_added(world: World, points: dict[tuple[str, str], Floats], assumptions: Assumptions) -> None:
    """Enterprise output becomes value added: points for points, times the drawn wedge."""
    if VALUE_ADDED not in world.dataset.panel.indicators:
        return
    wedge = world.coefficient("value_added_per_output", assumptions.value_added_per_output)
    for indicator, unit in [key for key in points if key[0] == OUTPUT]:
        _add(points, (VALUE_ADDED, unit), points[(indicator, unit)] * wedge[:, None])


def _construction(world: World, points: dict[tuple[str, str], Floats], assumptions: Assumptions) -> None:
    """Investment of the city becomes output of construction by its share of building and installation."""
    key = (FAI, world.city)
    if key not in points or CONSTRUCTION not in world.dataset.panel.indicators:
        return
    invested, built = world.base_yi(world.city, FAI), world.base_yi(world.city, CONSTRUCTION)
    if invested is None or built is None:
        return
    share = world.coefficient("construction_share", assumptions.construction_share)
    _add(points, (CONSTRUCTION, world.city), points[key] * (share * invested / built)[:, None])


def _in_periods(world: World, indicator: str, value: Floats) -> Floats:
    """Months as periods of an indicator, (draw, period); by column, so that untouched ones cost nothing."""
    matrix = month_matrix(world.frequency(indicator))[world.months[0] - 1 :]
    out = np.zeros((len(value), matrix.shape[1]), order="F")
    for month, period in zip(*np.nonzero(matrix), strict=True):
        out[:, period] += value[:, month]
    return out


def _periods(world: World, points: Mapping[tuple[str, str], Floats]) -> Contributions:
    """Months of what has draws, and of the city, as periods of the indicator."""
    return {
        key: _in_periods(world, key[0], value)
        for key, value in points.items()
        if world.drawn(*key) or (key[1] == world.city and key[0] in world.dataset.panel.indicators)
    }


def _gdp(
    world: World,
    points: Mapping[tuple[str, str], Floats],
    impulse: Impulse,
    industries: Industries | None,
    out: Contributions,
    caps: Mapping[str, float],
) -> None:
    """What drivers and filled industries add to GDP of the city, by quarter; a fill has what its driver leaves it."""
    if industries is None or GDP not in world.dataset.panel.indicators:
        return
    names = set(industries.driver)
    drivers = {i: _quarterly(world, i, points[(i, u)]) for i, u in points if u == world.city and i in names}
    for indicator, growth in impulse.real.items():
        if indicator in names:
            weight = world.month_weight(indicator, world.city)[:, world.months[0] - 1 :]
            change = _quarterly(world, indicator, growth * weight)
            drivers[indicator] = drivers[indicator] + change if indicator in drivers else change
    fills = {}
    for name, growth in impulse.industry.items():
        weight = world.month_weight(GDP, world.city)[:, world.months[0] - 1 :]
        fills[name] = _quarterly(world, GDP, growth * weight)
    for i, name in enumerate(industries.names):
        if name in fills and name in caps and industries.driver[i] in drivers:
            driven = industries.elasticity[i][:, None] * drivers[industries.driver[i]]
            fills[name] = np.minimum(fills[name], np.maximum(caps[name] - np.maximum(driven, 0.0), 0.0))
    if drivers or fills:
        _add(out, (GDP, world.city), industry_effect(industries, drivers, fills, world.weight(GDP, world.city)))


def _quarterly(world: World, indicator: str, contribution: Floats) -> Floats:
    """Change of an indicator's growth in every quarter, (draw, 4), from contributions of months."""
    quarter = np.array([(month - 1) // 3 for month in range(1, 13)])
    of = (quarter[:, None] == np.arange(4)).astype(np.float64)
    weight = world.month_weight(indicator, world.city) @ of
    sums = contribution @ of[world.months[0] - 1 :]
    return np.divide(sums, weight, out=np.zeros_like(sums), where=np.broadcast_to(weight > 0, sums.shape))


def _province(world: World, out: Contributions) -> None:
    """The city is part of the province: it moves it by its share."""
    for indicator, unit in [key for key in out if key[1] == world.city]:
        share = world.share(world.city, indicator)
        if share is not None:
            _add(out, (indicator, world.province), out[(indicator, unit)] * share[:, None])
