"""Where an effect comes from: months, rows, money, points and the assumptions used, action by action.

Invariant: points of the actions sum to those of the scenario where no two overlap (held by ``tests/test_compare.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from forecast.dims import Floats, to_percent
from forecast.periods import Month
from forecast.scenario.actions import ACTIONS, Measure
from forecast.scenario.effects import Evaluator
from forecast.scenario.ledger_ranges import by_group, rests_on_synthetic, rows_picked

FROM_LEDGER: Final = "ledger"
"""In place of a value: every row's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Change of year-end growth of the city by one action, points: mean and 80 % interval over draws."""

    indicator: str
    mean_pp: float
    p10_pp: float
    p90_pp: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One action and what came of it.

    first, last : months in which it changes anything; None where it does not, this year
    selected, counted : rows that it picks, and those of them that bring anything
    expected : mean number of rows that succeed
    money_yi : indicator -> 亿元 that it brings on average
    assumptions : name of an assumption -> its value as text
    """

    measure: Measure
    first: Month | None
    last: Month | None
    selected: int
    counted: int
    expected: float
    places: tuple[str, ...]
    money_yi: Mapping[str, float]
    points: tuple[Points, ...]
    assumptions: Mapping[str, str]
    group: bool
    synthetic: bool


def explain(evaluator: Evaluator) -> tuple[Trace, ...]:
    """Traces of all actions of a scenario, in the order of its file."""
    return tuple(_trace(evaluator, measure) for measure in evaluator.scenario.actions)


def _trace(evaluator: Evaluator, measure: Measure) -> Trace:
    world = evaluator.world
    effects = evaluator.effects([measure.id], city_only=True)
    parts = evaluator.parts(measure)
    rows = {e for p in parts for e, a in zip(p.entities, _most(p.amount), strict=True) if a > 0}
    chances = [float((p.delivery.share > 0).mean(axis=1).sum()) for p in parts]
    first, last = _span(evaluator, measure)
    money = {p.indicator: 0.0 for p in parts}
    for part in parts:
        money[part.indicator] += measure.additionality * sum(float(v.mean(axis=0).sum()) for v in part.money().values())
    points = []
    for (indicator, unit), added in sorted(effects.added.items()):
        if unit == world.city:
            change = to_percent(added.sum(axis=1))
            low, high = np.quantile(change, [0.1, 0.9])
            points.append(
                Points(indicator=indicator, mean_pp=float(change.mean()), p10_pp=float(low), p90_pp=float(high))
            )
    return Trace(
        measure=measure,
        first=first,
        last=last,
        selected=_selected(evaluator, measure),
        counted=len(rows),
        expected=max(chances, default=0.0),
        places=tuple(sorted({place for p in parts for place in p.places})),
        money_yi=money,
        points=tuple(points),
        assumptions=_assumptions(evaluator, measure),
        group=by_group(measure),
        synthetic=rests_on_synthetic(measure, world.dataset),
    )


def _most(amount: Mapping[int, Floats]) -> Floats:
    return np.max([np.abs(a).sum(axis=1) for a in amount.values()], axis=0) if amount else np.zeros(0)


def _selected(evaluator: Evaluator, measure: Measure) -> int:
    if getattr(measure.action, "count", None):
        return int(measure.action.count)
    return len(rows_picked(measure, evaluator.world.dataset))


def _span(evaluator: Evaluator, measure: Measure) -> tuple[Month | None, Month | None]:
    """First and last month in which an action changes anything."""
    world, impulse = evaluator.world, evaluator.impulse(measure)
    moved = np.zeros(len(world.months), dtype=bool)
    for name in impulse.__dataclass_fields__:
        for value in getattr(impulse, name).values():
            moved |= np.any(value != 0, axis=0)
    at = np.flatnonzero(moved)
    if not at.size:
        return None, None
    year = world.paths.target_year
    return Month(year, world.months[int(at[0])]), Month(year, world.months[int(at[-1])])


_FIELDS: Final = ("prob", "delivery", "spread", "delay", "ratio", "recovery", "remaining", "library_lag", "duration")


def _assumptions(evaluator: Evaluator, measure: Measure) -> dict[str, str]:
    """Everything that was assumed for an action, by the name of its field."""
    action, stated = measure.action, evaluator.scenario.assumptions
    used = {"additionality": f"{measure.additionality:g}"}
    for name in _FIELDS:
        if hasattr(action, name):
            value = getattr(action, name)
            used[name] = FROM_LEDGER if value is None else _shown(value)
    kind = ACTIONS[measure.type]
    for name in kind.assumptions:
        value = getattr(stated, name)
        used[name] = f"{value:g}" if isinstance(value, float) else f"{value.mean:g}±{value.sd:g}"
    if kind.told is not None:
        used |= kind.told(evaluator.world, action)
    return used


def _shown(value: Any) -> str:
    return ";".join(f"{v:g}" for v in value) if isinstance(value, tuple) else f"{value:g}"
