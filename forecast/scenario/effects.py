"""From impulses to indicators: money to points, counties to the city, the city to the province, drivers to GDP.

Invariant: nothing comes from nothing: without an impulse no indicator moves (held by ``tests/test_effects.py``).

Effects on paths: contributions to annual growth, added to the stored draws.

Invariant: no effects, no change: the paths that come back are those that went in, bit for bit
(held by ``tests/test_effects.py``).

What a scenario does, and any part of it: actions alone, together, and where they overlap.

Invariant: the order of actions does not matter, and an action's own effect depends on no other
(held by ``tests/test_effects.py``).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from typing import Final

import numpy as np
import xarray as xr

from forecast.answers.chances import EndsOf
from forecast.data.ledger import Assumptions
from forecast.dims import DRAW, PERIOD, UNIT, Floats, to_percent
from forecast.draws.gdp import GDP, Industries, industries_of, industry_effect
from forecast.draws.paths import IndicatorPaths, Paths, first_open
from forecast.scenario.actions import ACTIONS, Measure
from forecast.scenario.actions.kinds import Impulse, LedgerPart, Taken, total
from forecast.scenario.reader import Scenario
from forecast.scenario.world import Memo, World, month_matrix

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
    """Growth of units, with effects on it: a period of ``apply``, without the rest of the path."""
    on_it = effects or Effects()
    return lambda indicator, unit, period: year_end(paths.indicators[indicator], unit, on_it, period)


def year_end(one: IndicatorPaths, unit: str, effects: Effects, period: int = -1) -> Floats:
    """Cumulative growth of a unit with the effects on it, (draw,), fraction: a period of ``apply``.

    Parameters
    ----------
    period : position, -1 for the year's end
    """
    key = (one.indicator, unit)
    at = list(one.cum_yoy[UNIT].values).index(unit)
    start = first_open(_values(one.published, (UNIT, PERIOD))[at])
    periods = one.cum_yoy.sizes[PERIOD]
    last = period % periods
    end = _values(one.cum_yoy, DIMS)[:, at, last]
    if start <= last:
        weight = _values(one.base_weight, DIMS)[:, at]
        if key in effects.added:
            end = end + brought(effects.added[key], weight, start, last)
        if key in effects.fixed and last == periods - 1:
            end = np.full_like(end, effects.fixed[key])
        elif key in effects.fixed:
            short = effects.fixed[key] - year_end(one, unit, Effects(added=effects.added))
            end = end + short * made_by(weight, start, last)
    return (1.0 + end) * effects.rebased[key] - 1.0 if key in effects.rebased else end


def to_date(weight: Floats, last: int) -> Floats | float:
    """Share of the year's base in the periods to ``last``, (draw,); all of it at the year's end."""
    return 1.0 if last == weight.shape[1] - 1 else 1.0 - weight[:, last + 1 :].sum(axis=1)


def brought(added: Floats, weight: Floats, start: int, last: int) -> Floats:
    """What contributions to annual growth bring to cumulative growth at ``last``, (draw,), fraction.

    Parameters
    ----------
    added, weight : (draw, period); start : position of the first open period
    """
    return np.asarray(added[:, start : last + 1].sum(axis=1) / to_date(weight, last))


def made_by(weight: Floats, start: int, last: int) -> Floats | float:
    """Share of a movement of the year's end, spread by base over the open periods, that growth at ``last`` has made."""
    if last == weight.shape[1] - 1:
        return 1.0
    part = weight[:, start : last + 1].sum(axis=1) / weight[:, start:].sum(axis=1)
    return np.asarray(part / to_date(weight, last))


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


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluator:
    """Evaluates one scenario, and any part of it, on a world.

    Actions that share a row of a ledger, or an industry, are evaluated together: a firm restarts once, a project is
    completed once, a cap holds for all. What this takes away from the sum of the actions alone is their interaction.
    """

    world: World
    scenario: Scenario
    _impulses: Memo[frozenset[str], Impulse] = field(default_factory=Memo, init=False, repr=False)

    def effects(self, ids: Sequence[str] | None = None, *, city_only: bool = False) -> Effects:
        """Effects of the scenario, or of the actions named; the order of actions does not matter."""
        chosen = [m for m in self.scenario.actions if ids is None or m.id in ids]
        if not chosen:
            return Effects()
        added = self._added(chosen, self._caps(chosen), city_only=city_only)
        fixed: dict[tuple[str, str], float] = {}
        rebased: dict[tuple[str, str], float] = {}
        for m in chosen:
            kind = ACTIONS[m.type]
            fixed |= kind.fixed(self.world, m.action) if kind.fixed else {}
            rebased |= kind.rebased(self.world, m.action) if kind.rebased else {}
        return Effects(added=added, fixed=fixed, rebased=rebased)

    def _added(self, chosen: Sequence[Measure], caps: Mapping[str, float], *, city_only: bool) -> Contributions:
        impulse = self._impulse(chosen)
        if not any(getattr(impulse, name) for name in impulse.__dataclass_fields__):
            return {}
        found = coupled(
            self.world, impulse, self.scenario.assumptions, self._industries, caps=caps, city_only=city_only
        )
        return legal(self.world.paths, {key: value for key, value in found.items() if np.any(value)})

    def cut_pp(self) -> float:
        """Points of the city's annual GDP growth, mean over draws, that fills lose as their drivers move as well."""
        chosen, key = list(self.scenario.actions), (GDP, self.world.city)
        caps = self._caps(chosen)
        if not caps or not self.world.drawn(*key):
            return 0.0
        free, bound = (self._added(chosen, one, city_only=True).get(key) for one in ({}, caps))
        if free is None or bound is None:
            return 0.0
        start = self.open_from(*key)
        return to_percent(float((free - bound)[:, start:].sum(axis=1).mean()))

    @property
    def overlaps(self) -> tuple[tuple[str, ...], ...]:
        """Groups of actions that share a row of a ledger or an industry, or meet its cap together, by id."""
        shared = tuple(tuple(m.id for m in group) for group in self._components if len(group) > 1)
        return (*shared, *self._capped)

    def impulse(self, measure: Measure) -> Impulse:
        """What an action does by itself, before it reaches the indicators."""
        return self._single(measure)

    @cached_property
    def _capped(self) -> tuple[tuple[str, ...], ...]:
        """Fills of an industry, and actions that move its driver, which together come to its cap."""
        names = (
            {} if self._industries is None else dict(zip(self._industries.names, self._industries.driver, strict=True))
        )
        fills: dict[str, list[Measure]] = {}
        for m in self.scenario.actions:
            for industry in self._single(m).industry:
                fills.setdefault(industry, []).append(m)
        others = [m for m in self.scenario.actions if not self._single(m).industry] if fills else []
        moved = {m.id: {name for name, _ in self.effects([m.id], city_only=True).added} for m in others}
        found = []
        for industry, filling in fills.items():
            ids = [m.id for m in filling]
            movers = [name for name, drivers in moved.items() if names.get(industry) in drivers]
            if movers and not np.allclose(
                self._gdp_of(ids + movers), self._gdp_of(ids) + self._gdp_of(movers), atol=1e-12
            ):
                found.append((*ids, *movers))
        return tuple(found)

    def _gdp_of(self, ids: Sequence[str]) -> Floats:
        """What actions add to GDP of the city, (draw, quarter), or zero."""
        return self.effects(ids, city_only=True).added.get((GDP, self.world.city), np.zeros((1, 1)))

    def _caps(self, chosen: Sequence[Measure]) -> dict[str, float]:
        """Most that fills and drivers together may add to an industry's growth, of the industries that are filled."""
        found: dict[str, float] = {}
        for name, kind in ACTIONS.items():
            mine = [m.action for m in chosen if m.type == name]
            found |= kind.caps(self.world, mine) if kind.caps and mine else {}
        return found

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """All actions by groups that are evaluated together, by id."""
        return tuple(tuple(m.id for m in group) for group in self._components)

    def open_from(self, indicator: str, unit: str) -> int:
        """Position of the first period that can still change."""
        one = self.world.paths.indicators[indicator]
        return first_open(one.published.sel({UNIT: unit}).transpose(PERIOD).to_numpy())

    def parts(self, measure: Measure) -> Sequence[LedgerPart]:
        """What an action on a ledger does row by row; empty for other types."""
        parts = ACTIONS[measure.type].parts
        if parts is None:
            return ()
        return self.world.remember(
            ("parts", *self._content(measure)), lambda: parts(self.world, self._assumptions, measure)
        )

    @property
    def _assumptions(self) -> Assumptions:
        return self.scenario.assumptions

    def _content(self, measure: Measure) -> tuple[str, ...]:
        """All that an action's own effect depends on."""
        return (
            measure.key,
            measure.action.model_dump_json(),
            f"{measure.additionality!r}",
            self.scenario.assumptions.model_dump_json(),
        )

    @cached_property
    def _industries(self) -> Industries | None:
        panel = self.world.dataset.panel
        if panel.industries.empty:
            return None
        return industries_of(panel, self._assumptions, self.world.seed, self.world.draws)

    def _impulse(self, chosen: Sequence[Measure]) -> Impulse:
        wanted = {m.id for m in chosen}
        pieces = []
        for group in self._components:
            members = tuple(m for m in group if m.id in wanted)
            if len(members) == 1:
                pieces.append(self._single(members[0]))
            elif members:
                pieces.append(self._together(members))
        return total(pieces)

    def _single(self, measure: Measure) -> Impulse:
        key = ("impulse", *self._content(measure))
        return self.world.remember(key, lambda: self._evaluate((measure,)))

    def _together(self, members: tuple[Measure, ...]) -> Impulse:
        return self._impulses(frozenset(m.id for m in members), lambda: self._evaluate(members))

    def _evaluate(self, members: tuple[Measure, ...]) -> Impulse:
        """Impulse of one action, or of several that overlap."""
        taken = [Taken(measure=m, parts=self.parts(m)) for m in members]
        return ACTIONS[members[0].type].impulse(self.world, self._assumptions, taken)

    @cached_property
    def _components(self) -> tuple[tuple[Measure, ...], ...]:
        """Actions by groups that overlap, in the order of their keys, whatever the order of the file."""
        ordered = sorted(self.scenario.actions, key=lambda m: (m.type, m.key, m.action.model_dump_json(), m.id))
        about = {m.id: self._about(m) for m in ordered}
        group = {m.id: m.id for m in ordered}
        for a, b in combinations(ordered, 2):
            if about[a.id] & about[b.id]:
                old, new = group[b.id], group[a.id]
                group = {name: new if of == old else of for name, of in group.items()}
        found: dict[str, list[Measure]] = {}
        for m in ordered:
            found.setdefault(group[m.id], []).append(m)
        return tuple(tuple(members) for members in found.values())

    def _about(self, measure: Measure) -> frozenset[tuple[str, Hashable]]:
        """What no two actions of a type may count twice."""
        shared = ACTIONS[measure.type].overlaps(Taken(measure=measure, parts=self.parts(measure)))
        return frozenset((measure.type, one) for one in shared)
