"""What a scenario does, and any part of it: actions alone, together, and where they overlap.

Invariant: the order of actions does not matter, and an action's own effect depends on no other
(held by ``tests/test_effects.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from forecast.dims import PERIOD, UNIT, from_percent
from forecast.draws.gdp import Industries, industries_of
from forecast.draws.paths import first_open
from forecast.scenario.effects.couple import Effects, coupled, legal
from forecast.scenario.effects.enterprises import entries, exits_with_base, restart, stop
from forecast.scenario.effects.parts import Impulse, Part, total
from forecast.scenario.effects.places import fill, price, push
from forecast.scenario.effects.projects import advance, bond, bond_gap, complete, delay, start
from forecast.scenario.effects.world import World
from forecast.scenario.reader import Measure, Scenario


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluator:
    """Evaluates one scenario, and any part of it, on a world.

    Actions that share a row of a ledger, or an industry, are evaluated together: a firm restarts once, a project is
    completed once, a cap holds for all. What this takes away from the sum of the actions alone is their interaction.
    """

    world: World
    scenario: Scenario
    _parts: dict[str, list[Part]] = field(default_factory=dict)
    _alone: dict[str, Impulse] = field(default_factory=dict)
    _joint: dict[frozenset[str], Impulse] = field(default_factory=dict)
    _groups: list[tuple[Measure, ...]] = field(default_factory=list)
    _industries: list[Industries] = field(default_factory=list)

    def effects(self, ids: Sequence[str] | None = None, *, city_only: bool = False) -> Effects:
        """Effects of the scenario, or of the actions named; the order of actions does not matter."""
        chosen = [m for m in self.scenario.actions if ids is None or m.id in ids]
        if not chosen:
            return Effects()
        impulse = self._impulse(chosen)
        added = {}
        if any(getattr(impulse, name) for name in impulse.__dataclass_fields__):
            found = coupled(
                self.world, impulse, self.scenario.assumptions, self._industries_drawn(), city_only=city_only
            )
            added = legal(self.world.paths, {key: value for key, value in found.items() if np.any(value)})
        config = self.world.dataset.config
        fixed = {
            (m.action.indicator, m.action.unit or self.world.province): from_percent(m.action.year_end_pct)
            for m in chosen
            if m.type == "benchmark_path"
        }
        rebased = {
            (m.action.indicator, m.action.unit or config.city): m.action.old_base_yi / m.action.new_base_yi
            for m in chosen
            if m.type == "base_revision"
        }
        return Effects(added=added, fixed=fixed, rebased=rebased)

    @property
    def overlaps(self) -> tuple[tuple[str, ...], ...]:
        """Groups of actions that share a row of a ledger or an industry, by id."""
        return tuple(tuple(m.id for m in group) for group in self._components() if len(group) > 1)

    def impulse(self, measure: Measure) -> Impulse:
        """What an action does by itself, before it reaches the indicators."""
        return self._single(measure)

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """All actions by groups that are evaluated together, by id."""
        return tuple(tuple(m.id for m in group) for group in self._components())

    def open_from(self, indicator: str, unit: str) -> int:
        """Position of the first period that can still change."""
        one = self.world.paths.indicators[indicator]
        return first_open(one.published.sel({UNIT: unit}).transpose(PERIOD).to_numpy())

    def parts(self, measure: Measure) -> list[Part]:
        """What an action on a ledger does row by row; empty for other types."""
        if measure.id not in self._parts:
            key = ("parts", *self._content(measure))
            make = lambda: _parts_of(self.world, self.scenario, measure)  # noqa: E731
            self._parts[measure.id] = self.world.remember(key, make)
        return self._parts[measure.id]

    def _content(self, measure: Measure) -> tuple[str, ...]:
        """All that an action's own effect depends on."""
        return (
            measure.key,
            measure.action.model_dump_json(),
            f"{measure.additionality!r}",
            self.scenario.assumptions.model_dump_json(),
        )

    def _industries_drawn(self) -> Industries | None:
        panel = self.world.dataset.panel
        if panel.industries.empty:
            return None
        if not self._industries:
            drawn = industries_of(panel, self.scenario.assumptions, self.world.seed, self.world.draws)
            self._industries.append(drawn)
        return self._industries[0]

    def _impulse(self, chosen: Sequence[Measure]) -> Impulse:
        wanted = {m.id for m in chosen}
        pieces = []
        for group in self._components():
            members = tuple(m for m in group if m.id in wanted)
            if len(members) == 1:
                pieces.append(self._single(members[0]))
            elif members:
                pieces.append(self._together(members))
        return total(pieces)

    def _single(self, measure: Measure) -> Impulse:
        if measure.id not in self._alone:
            key = ("impulse", *self._content(measure))
            self._alone[measure.id] = self.world.remember(key, lambda: self._evaluate((measure,)))
        return self._alone[measure.id]

    def _together(self, members: tuple[Measure, ...]) -> Impulse:
        key = frozenset(m.id for m in members)
        if key not in self._joint:
            self._joint[key] = self._evaluate(members)
        return self._joint[key]

    def _evaluate(self, members: tuple[Measure, ...]) -> Impulse:
        """Impulse of one action, or of several that overlap."""
        kind = members[0].type
        if kind == "sector_fill":
            return fill(self.world, self.scenario, members)
        if kind == "bond_issue" and len(members) > 1:
            cut = _cuts(self.world, members)
            parts = [bond(self.world, self.scenario, m, cut) for m in members]
            return total(
                [Impulse(money=p.money()).scaled(m.additionality) for p, m in zip(parts, members, strict=True)]
            )
        if len(members) > 1:
            return self._largest(members)
        measure = members[0]
        match kind:
            case "county_push":
                found = push(self.world, self.scenario, measure)
            case "price_shift":
                found = price(self.world, measure)
            case "enterprise_exit" if not measure.action.keep_base:
                found = Impulse(points=exits_with_base(self.world, self.scenario, measure))
            case _:
                found = total([Impulse(), *(Impulse(money=p.money()) for p in self.parts(measure))])
        return found.scaled(measure.additionality)

    def _largest(self, members: tuple[Measure, ...]) -> Impulse:
        """Rows that several actions share count with the largest of their effects; the others add up."""
        by_row: dict[tuple[str, str], list[tuple[Part, float]]] = {}
        for measure in members:
            for part in self.parts(measure):
                for entity in part.entities:
                    by_row.setdefault((part.indicator, entity), []).append((part, measure.additionality))
        shared = {key: found for key, found in by_row.items() if len(found) > 1}
        pieces = []
        for measure in members:
            for part in self.parts(measure):
                skip = frozenset(entity for indicator, entity in shared if indicator == part.indicator)
                pieces.append(Impulse(money=part.money(skip)).scaled(measure.additionality))
        for (indicator, entity), found in sorted(shared.items(), key=lambda item: item[0]):
            most = np.max([part.of(entity) * share for part, share in found], axis=0)
            place = found[0][0].places[found[0][0].entities.index(entity)]
            pieces.append(Impulse(money={(indicator, place): most}))
        return total(pieces)

    def _components(self) -> list[tuple[Measure, ...]]:
        """Actions by groups that overlap, in the order of their keys, whatever the order of the file."""
        if not self._groups:
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
            self._groups.extend(tuple(members) for members in found.values())
        return self._groups

    def _about(self, measure: Measure) -> frozenset[tuple[str, str]]:
        """What no two actions of a type may count twice."""
        if measure.type == "sector_fill":
            return frozenset({(measure.type, measure.action.industry)})
        if measure.type in ("enterprise_stop", "enterprise_exit", "project_delay"):
            return frozenset()
        return frozenset((measure.type, entity) for part in self.parts(measure) for entity in part.entities)


def _parts_of(world: World, scenario: Scenario, measure: Measure) -> list[Part]:
    match measure.type:
        case "enterprise_restart":
            return [restart(world, scenario, measure)]
        case "enterprise_stop" | "enterprise_exit":
            return [stop(world, scenario, measure)]
        case "new_entry":
            return entries(world, scenario, measure)
        case "project_complete":
            return [complete(world, scenario, measure)]
        case "project_advance":
            return [advance(world, scenario, measure)]
        case "project_delay":
            return [delay(world, scenario, measure)]
        case "project_start":
            return [start(world, scenario, measure)]
        case "bond_issue":
            return [bond(world, scenario, measure)]
    return []


def _cuts(world: World, members: Sequence[Measure]) -> dict[str, float]:
    """Share of its parts of several issues that each project can take."""
    wanted: dict[str, float] = {}
    lacking: dict[str, float] = {}
    for measure in members:
        rows, gap = bond_gap(world, measure)
        whole = float(gap.sum())
        for name, one in zip(rows["project"], gap, strict=True):
            part = min(measure.action.amount_yi, whole) * one / whole if whole > 0 else 0.0
            wanted[str(name)] = wanted.get(str(name), 0.0) + part
            lacking[str(name)] = float(one)
    return {name: min(1.0, lacking[name] / amount) if amount > 0 else 1.0 for name, amount in wanted.items()}
