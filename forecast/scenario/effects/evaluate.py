"""What a scenario does, and any part of it: actions alone, together, and where they overlap.

Invariant: the order of actions does not matter, and an action's own effect depends on no other
(held by ``tests/test_effects.py``).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations

import numpy as np

from forecast.data.assumptions import Assumptions
from forecast.dims import PERIOD, UNIT, Floats, to_percent
from forecast.draws.gdp import GDP, Industries, industries_of
from forecast.draws.paths import first_open
from forecast.scenario.actions import ACTIONS, Measure
from forecast.scenario.actions.kinds import Taken
from forecast.scenario.effects.couple import Contributions, Effects, coupled, legal
from forecast.scenario.parts import Impulse, LedgerPart, total
from forecast.scenario.reader import Scenario
from forecast.scenario.world import Memo, World


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
