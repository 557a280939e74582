"""Tasks, whole 万元, and the sums that tables show of them.

Invariant: every sum is the sum of its tasks, and every dimension adds up to the same total
(held by ``tests/test_breakdown.py``).

How likely the tasks of a breakdown bring what is wanted: delivery drawn row by row, on the draws of the run.

Invariant: more of the tasks done never lowers a probability (held by ``tests/test_breakdown.py``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from forecast.answers.chances import Case, Criterion
from forecast.data.assumptions import Assumptions
from forecast.dims import WAN_PER_YI, brief
from forecast.draws.streams import SUCCESS, uniforms
from forecast.periods import Month
from forecast.scenario.effects import World
from forecast.tasks.carriers import Condition, Kind, Row, place_name
from forecast.tasks.need import ADDITIONALITY_OF, Lift, growth_per_yi


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How likely the tasks bring what is wanted; probabilities are fractions.

    delivered_* : 亿元 of tasks on ledger rows that come in, each with its own chance
    ledger : probability with these; all : with every task done in full, also what no ledger supports
    """

    delivered_mean_yi: float
    delivered_p10_yi: float
    delivered_p90_yi: float
    p_near_now: float
    p_near_ledger: float
    p_near_all: float
    p_reach_now: float
    p_reach_ledger: float
    p_reach_all: float

    __repr__ = brief


def outlook(
    world: World, case: Case, tasks: Sequence[Task], rows: Sequence[Row], assumptions: Assumptions
) -> Outlook | None:
    """Delivery drawn row by row, each with its own stream and chance, and what it does to the gap."""
    lift = Lift.of(world, case)
    per_yi = growth_per_yi(lift, assumptions)
    if per_yi is None:
        return None
    indicator = case.target.indicator
    chance = {row.key: row.chance for row in rows if row.supported}
    amounts: dict[str, float] = dict.fromkeys(chance, 0.0)
    for task in tasks:
        if task.supported:
            amounts[task.key] += task.task_wan / WAN_PER_YI
    names = tuple(amounts)
    delivered = np.zeros(world.draws)
    if names:
        uniform = uniforms(world.seed, f"breakdown/{indicator}", names, world.draws, assumptions.correlation)[SUCCESS]
        came = uniform < np.array([chance[name] for name in names], dtype=np.float32)[:, None]
        delivered = np.array([amounts[name] for name in names]) @ came.astype(np.float64)
    new = ADDITIONALITY_OF.get(indicator, 1.0)
    rest = sum(t.task_wan for t in tasks if not t.supported) / WAN_PER_YI
    now, (own, goal) = lift.now, per_yi
    everything = new * sum(amounts.values()) + rest
    by = {
        "now": now,
        "ledger": now.moved(0, own=own * new * delivered, goal=goal * new * delivered),
        "all": now.moved(0, own=own * everything, goal=goal * everything),
    }
    low, high = np.quantile(delivered, [0.1, 0.9])
    chances = {f"p_{c.value}_{name}": found.chance(0, c) for name, found in by.items() for c in Criterion}
    return Outlook(
        delivered_mean_yi=float(delivered.mean()),
        delivered_p10_yi=float(low),
        delivered_p90_yi=float(high),
        **chances,
    )


DIMENSIONS: Final = ("total", "place", "county", "team", "sector", "support")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One carrier in one month, 万元.

    base_wan : expected anyway; task_wan : to be added; due_wan : both, what the month is held against
    cap_wan : the most that could be added; None without limit
    own_wan : the task in the carrier's own work, where the breakdown counts value added
    deadline : of the ledger, else the last day of the month
    held : whether a held sum covers it
    """

    key: str
    kind: Kind
    entity: str
    name_zh: str
    month: Month
    place: str
    place_zh: str
    team_zh: str
    sector: str
    sector_zh: str
    condition: Condition
    resp_unit: str
    resp_person: str
    deadline: dt.date
    base_wan: int
    task_wan: int
    cap_wan: int | None
    own_wan: int
    held: bool
    synthetic: bool

    __repr__ = brief

    @property
    def due_wan(self) -> int:
        """What the month is held against."""
        return self.base_wan + self.task_wan

    @property
    def supported(self) -> bool:
        """Whether a row of a ledger stands behind it."""
        return self.kind in (Kind.PROJECT, Kind.ENTERPRISE, Kind.ENTRY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """A sum of tasks, 万元.

    dimension : total, place (zones by themselves), county (zones within their county), team, sector, support
    month : None over all months; carriers : rows with a task
    cap_wan : what rows of ledgers can carry
    """

    dimension: str
    key: str
    name_zh: str
    month: Month | None
    carriers: int
    base_wan: int
    task_wan: int
    supported_wan: int
    cap_wan: int

    @property
    def due_wan(self) -> int:
        """What the sum is held against."""
        return self.base_wan + self.task_wan

    @property
    def open_wan(self) -> int:
        """What no ledger supports."""
        return self.task_wan - self.supported_wan


def margins(tasks: Sequence[Task], world: World, months: Sequence[Month]) -> tuple[Margin, ...]:
    """All sums, by dimension, key and month; a key's sum over months comes first."""
    units = world.dataset.panel.units
    order = {name: k for k, name in enumerate(units)}

    def county(task: Task) -> str:
        outer = units[task.place].counted_within if task.place in units else None
        return outer or task.place

    keys: Mapping[str, Callable[[Task], tuple[str, str]]] = {
        "total": lambda _: ("", ""),
        "place": lambda t: (t.place, t.place_zh),
        "county": lambda t: (county(t), place_name(county(t), units)),
        "team": lambda t: (t.team_zh, t.team_zh),
        "sector": lambda t: (t.sector, t.sector_zh),
        "support": lambda t: (t.kind.value, ""),
    }
    out = []
    for dimension in DIMENSIONS:
        groups: dict[tuple[str, str], list[Task]] = {}
        for task in tasks:
            groups.setdefault(keys[dimension](task), []).append(task)
        for key, name in sorted(groups, key=lambda k: (order.get(k[0], len(order)), k[0] == "", k[0])):
            members = groups[(key, name)]
            for month in (None, *months):
                out.append(_margin(dimension, key, name, month, members))
    return tuple(out)


def _margin(dimension: str, key: str, name: str, month: Month | None, members: Sequence[Task]) -> Margin:
    mine = [t for t in members if month is None or t.month == month]
    return Margin(
        dimension=dimension,
        key=key,
        name_zh=name,
        month=month,
        carriers=len({t.key for t in mine if t.task_wan and t.kind is not Kind.OPEN}),
        base_wan=sum(t.base_wan for t in mine),
        task_wan=sum(t.task_wan for t in mine),
        supported_wan=sum(t.task_wan for t in mine if t.supported),
        cap_wan=sum(t.cap_wan or 0 for t in mine if t.supported),
    )
