"""What levers bring: the shift of the year-end gap of every target, draw by draw, at full use.

An effect is linear in the use of a lever, or is evaluated at every level that can be chosen; levers do not share rows,
so that the effects of a plan add up.

Invariant: the sum over the levers of a plan is what the scenario of the plan does (held by ``tests/test_makeup.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from forecast.answers.chances import Case, Province
from forecast.dims import PERIOD, UNIT, Floats
from forecast.draws.gdp import Industries, industries_of
from forecast.draws.paths import first_open
from forecast.plan.candidates import ENOUGH, GRID_PP, Lever, merged
from forecast.scenario.actions import Family, Measure
from forecast.scenario.actions.kinds import Impulse, total
from forecast.scenario.effects import Effects, Evaluator, brought, coupled
from forecast.scenario.reader import Scenario, scenario_of
from forecast.scenario.world import World

_POOL: Final[Mapping[Family, str]] = {
    Family.RESTART: "enterprises",
    Family.COMPLETE: "projects",
    Family.ADVANCE: "projects",
    Family.START: "projects",
    Family.BOND: "projects",
}
"""Ledger whose levers share a weight of 1 by the money that they bring, so that a ledger counts as one sector does."""
LEAST_CAP_PP: Final = 0.1
"""A sector that its ledger leaves less than this is no lever beside it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Worth:
    """Levers that bring anything, as columns of a program.

    levers : with their weights
    lever, use : (column,), position of the lever, and its use in the lever's unit at full use of the column
    effects : (case, column, draw), shift of the gap at full use, fraction, single precision
    gdp : (column,), mean shift of the city's growth of GDP, fraction; 0 without draws of GDP
    own : (case, column), mean shift of the unit's own growth, fraction
    money_yi : (column,), mean of what arrives by the ledgers, 亿元; 0 for sectors
    """

    levers: tuple[Lever, ...]
    lever: np.ndarray
    use: Floats
    effects: Floats
    gdp: Floats
    own: Floats
    money_yi: Floats

    @property
    def whole(self) -> np.ndarray:
        """(column,), whether it is taken or not."""
        return np.array([bool(self.levers[k].levels) for k in self.lever], dtype=bool)

    @property
    def cost(self) -> Floats:
        """Effort of every column at full use, (column,)."""
        share = [self.use[c] / self.levers[k].cap for c, k in enumerate(self.lever)]
        return np.array([self.levers[k].effort for k in self.lever]) * np.array(share) ** 2

    @property
    def step(self) -> Floats:
        """Grid of uses, (column,)."""
        return np.array([1.0 if self.levers[k].levels else self.levers[k].step for k in self.lever])


def worth(world: World, found: Sequence[Lever], judged: Sequence[Case], *, stated: Scenario | None = None) -> Worth:
    """Effects of levers on targets, through the machinery of scenarios.

    Parameters
    ----------
    stated : scenario whose assumptions hold
    """
    listed = [(k, level) for k, lever in enumerate(found) for level in lever.levels or (lever.cap,)]
    positions, uses = [k for k, _ in listed], [use for _, use in listed]
    effects = np.zeros((len(judged), len(listed), world.draws), dtype=np.float32)
    gdp, own, money = np.zeros(len(listed)), np.zeros((len(judged), len(listed))), np.zeros(len(listed))
    city_only = all(case.target.unit == world.city for case in judged)
    machine, reader = _Machine.of(world, found, listed, stated), _Reader(world=world, city_only=city_only)
    for c, (k, use) in enumerate(listed):
        impulse = machine.impulse(found[k], use)
        brought = machine.effects(impulse, city_only=city_only)
        money[c] = sum(float(v.mean(axis=0).sum()) for v in impulse.money.values())
        gdp[c] = float(reader.shift(brought, "gdp", world.city).mean())
        for i, case in enumerate(judged):
            moved = reader.shift(brought, case.target.indicator, case.target.unit, case.period)
            own[i, c] = float(moved.mean())
            effects[i, c] = moved - reader.benchmark(brought, case, moved)
    kept = np.array([bool(effects[:, c].any() or gdp[c] > 0.0) for c in range(len(positions))], dtype=bool)
    by_ledger = np.array([found[k].family in _POOL for k in positions], dtype=bool)
    kept &= ~by_ledger | (money >= ENOUGH)
    everything = list(found)
    for c, k in enumerate(positions):
        if everything[k].family is Family.SECTOR and kept[c]:
            left = _beside_ledger(everything, positions, gdp, c, kept)
            everything[k] = replace(everything[k], cap=left, step=min(GRID_PP / left, 1.0) if left > 0.0 else 1.0)
            effects[:, c] *= np.float32(left / uses[c])
            own[:, c], gdp[c], uses[c] = own[:, c] * left / uses[c], gdp[c] * left / uses[c], left
            kept[c] = left >= LEAST_CAP_PP
    return _gathered(everything, np.array(positions, dtype=int), np.array(uses), kept, effects, gdp, own, money)


def _beside_ledger(
    found: Sequence[Lever], positions: Sequence[int], gdp: Floats, column: int, kept: np.ndarray
) -> float:
    """Cap of a sector less what the levers of its own ledger bring at full use, points of its growth.

    Building is filled by projects and industry by firms first (DOMAIN.md §6.6): one and the same output is not counted
    twice.
    """
    sector = found[positions[column]]
    mine = {k for k, lever in enumerate(found) if lever.family in _POOL and lever.industry == sector.industry}
    full: dict[int, float] = {}
    for c, k in enumerate(positions):
        if k in mine and kept[c]:
            full[k] = max(full.get(k, 0.0), gdp[c])
    if gdp[column] <= 0.0:
        return sector.cap
    ledger = sum(full.values()) / (gdp[column] / sector.cap)
    return max(float(np.floor((sector.cap - ledger) / GRID_PP) * GRID_PP), 0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Machine:
    """The machinery of scenarios with every lever at full use; levers of one action are told apart by their rows."""

    evaluator: Evaluator
    measures: Mapping[str, Measure]
    industries: Industries | None

    @classmethod
    def of(
        cls, world: World, found: Sequence[Lever], listed: Sequence[tuple[int, float]], stated: Scenario | None
    ) -> _Machine:
        uses: dict[str, list[tuple[Lever, float]]] = {}
        for k, use in listed:
            uses.setdefault(found[k].action_id(use), []).append((found[k], use))
        actions = [
            merged([lever for lever, _ in mine], {lever.id: use for lever, use in mine})[0] for mine in uses.values()
        ]
        scenario = scenario_of("levers", actions, world.dataset)
        if stated is not None:
            scenario = replace(scenario, assumptions=stated.assumptions)
        panel = world.dataset.panel
        drawn = industries_of(panel, scenario.assumptions, world.seed, world.draws) if len(panel.industries) else None
        measures = {m.id: m for m in scenario.actions}
        return cls(evaluator=Evaluator(world=world, scenario=scenario), measures=measures, industries=drawn)

    def impulse(self, lever: Lever, use: float) -> Impulse:
        """What a lever does at a use, before it reaches the indicators."""
        measure = self.measures[lever.action_id(use)]
        parts = self.evaluator.parts(measure)
        if not parts:
            return self.evaluator.impulse(measure)
        rows = frozenset(lever.entities)
        money = [p.money(frozenset(p.entities) - rows) for p in parts]
        return total([Impulse(), *(Impulse(money=one) for one in money)]).scaled(measure.additionality)

    def effects(self, impulse: Impulse, *, city_only: bool) -> Effects:
        """Effects of an impulse on every indicator."""
        world, assumptions = self.evaluator.world, self.evaluator.scenario.assumptions
        return Effects(added=coupled(world, impulse, assumptions, self.industries, city_only=city_only))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Reader:
    """Reads the year end off effects; remembers from which period on an indicator of a unit is open."""

    world: World
    city_only: bool
    _open: dict[tuple[str, str], int] = field(default_factory=dict)

    def start(self, indicator: str, unit: str) -> int:
        """Position of the first open period; their number where none is open."""
        key = (indicator, unit)
        if key not in self._open:
            one = self.world.paths.indicators[indicator]
            self._open[key] = first_open(one.published.sel({UNIT: unit}).transpose(PERIOD).to_numpy())
        return self._open[key]

    def shift(self, effects: Effects, indicator: str, unit: str, period: int = -1) -> Floats:
        """Change of growth at a period, (draw,), fraction; 0 where nothing moves or nothing is open."""
        added = effects.added.get((indicator, unit))
        if added is None or not self.world.drawn(indicator, unit):
            return np.zeros(self.world.draws)
        weight = self.world.weight(indicator, unit)
        return brought(added, weight, self.start(indicator, unit), period % added.shape[1])

    def benchmark(self, effects: Effects, case: Case, moved: Floats) -> Floats | float:
        """What the benchmark moves by: the province by the city's share in it, others not at all."""
        if not isinstance(case.held, Province):
            return 0.0
        indicator, unit = case.target.indicator, case.held.unit
        if not self.city_only:
            return self.shift(effects, indicator, unit, case.period)
        share = self.world.share(self.world.city, indicator)
        periods = self.world.paths.indicators[indicator].cum_yoy.sizes[PERIOD]
        closed = self.start(indicator, unit) > case.period % periods
        return 0.0 if share is None or closed or unit != self.world.province else moved * share


def _gathered(
    found: Sequence[Lever],
    positions: np.ndarray,
    uses: Floats,
    kept: np.ndarray,
    effects: Floats,
    gdp: Floats,
    own: Floats,
    money: Floats,
) -> Worth:
    """Columns that bring anything; weights of the levers by what their family brings."""
    alive = sorted(set(positions[kept].tolist()))
    place = {k: i for i, k in enumerate(alive)}
    largest = {k: max((money[c] for c in np.flatnonzero(kept & (positions == k))), default=0.0) for k in alive}
    total = {pool: sum(largest[k] for k in alive if _POOL.get(found[k].family) == pool) for pool in set(_POOL.values())}
    levers = []
    for k in alive:
        pool = _POOL.get(found[k].family)
        levers.append(found[k] if pool is None else replace(found[k], weight=largest[k] / total[pool]))
    return Worth(
        levers=tuple(levers),
        lever=np.array([place[k] for k in positions[kept].tolist()], dtype=int),
        use=uses[kept],
        effects=effects[:, kept],
        gdp=gdp[kept],
        own=own[:, kept],
        money_yi=money[kept],
    )
