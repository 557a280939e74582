"""A required increment, broken down to months, places, teams, sectors, projects and enterprises.

Amounts of tasks are whole 万元, so that every margin is the sum of its cells as printed. What no ledger supports is a
row of its own (无项目支撑), never hidden.

Invariant: tasks sum to the increment, held sums stay, no row gets more than its ledger allows, and the order of ledger
rows does not matter (held by ``tests/test_breakdown.py``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np

from forecast.allocation import Conflict, Group, Held, conflicts, most, rounded, spread
from forecast.answers.joint import Criterion
from forecast.compare import Case
from forecast.delivery import SUCCESS, uniforms
from forecast.dims import WAN_PER_YI, Floats
from forecast.effects import World
from forecast.errors import InputError, Problem
from forecast.holds import Hold
from forecast.need import ADDITIONALITY_OF, Need, NeedStatus, case_of, gap_draws, gap_per_yi, need, share_of_draws
from forecast.periods import Month, last_day
from forecast.scenario.actions import Assumptions
from forecast.support import Condition, Kind, Row, Work, open_rows, place_name, rows_of, work_of
from forecast.target import TargetKind

__all__ = [
    "INDICATORS",
    "Breakdown",
    "BreakdownStatus",
    "Increment",
    "Margin",
    "Method",
    "Outlook",
    "Task",
    "breakdown",
    "months_of",
    "required_increment",
    "stated_increment",
]

INDICATORS: Final = ("fai", "ind_va", "gdp")
"""Broken down where nothing else is asked for: projects, enterprises, sectors."""
DIMENSIONS: Final = ("total", "place", "county", "team", "sector", "support")


class Method(StrEnum):
    """What a breakdown goes by."""

    CAPACITY = "capacity"
    PROPORTIONAL = "proportional"
    EVEN = "even"
    MARGINAL = "marginal"


class BreakdownStatus(StrEnum):
    """Whether there is a breakdown, and how much of it is supported."""

    SUPPORTED = "supported"
    PARTLY_OPEN = "partly_open"
    ALREADY_MET = "already_met"
    INFEASIBLE = "infeasible"
    NOT_JUDGED = "not_judged"
    NO_BASE = "no_base"


@dataclass(frozen=True, slots=True, kw_only=True)
class Increment:
    """What is to be broken down: the neutral input, whoever computed it.

    total_yi : 亿元 of work (investment, output, value added; ``support.work_of``), of whole 万元
    by_row : parts that are settled already, 亿元 by project, enterprise, sector, place or team (a make-up plan's
        levers); they are held, the rest is spread
    need : what the amount was derived from; None where it was stated
    """

    indicator: str
    total_yi: float
    by_row: Mapping[str, float] = field(default_factory=dict)
    need: Need | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """A finished breakdown, or why there is none.

    holds : as given; conflicts : those that cannot be met, amounts in 亿元; the tasks are empty then
    tasks : every carrier in every month, also without a task, by key and month
    capacity_yi : what rows of ledgers can carry in all, 亿元
    """

    indicator: str
    name_zh: str
    work: Work
    status: BreakdownStatus
    method: Method
    increment: Increment
    months: tuple[Month, ...]
    tasks: tuple[Task, ...] = ()
    margins: tuple[Margin, ...] = ()
    holds: tuple[Hold, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    capacity_yi: float = 0.0
    outlook: Outlook | None = None
    synthetic: bool = False

    @property
    def plan_id(self) -> str:
        """Name of the plan: the same tasks give the same; what is collected must carry it."""
        text = "\n".join(f"{t.key}|{t.month}|{t.base_wan}|{t.task_wan}" for t in self.tasks)
        return f"{self.indicator}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    def margin(self, dimension: str, key: str = "", month: Month | None = None) -> Margin | None:
        """One sum; None where nothing belongs to it."""
        wanted = (dimension, key, month)
        return next((m for m in self.margins if (m.dimension, m.key, m.month) == wanted), None)

    def of(self, *, team: str | None = None, place: str | None = None) -> tuple[Task, ...]:
        """Tasks of one team (Chinese name) or one place (id), for its own list."""
        return tuple(
            t for t in self.tasks if (team is None or t.team_zh == team) and (place is None or t.place == place)
        )


def months_of(world: World) -> tuple[Month, ...]:
    """Months that tasks can be set for: from the first month of action on."""
    year = world.paths.target_year
    return tuple(Month(year, month) for month in world.months if month >= world.first)


def _carriers(world: World, indicator: str, assumptions: Assumptions) -> tuple[Row, ...]:
    months = [month.month for month in months_of(world)]
    if not months:
        return ()
    supported = rows_of(indicator, world, months, assumptions)
    return (*supported, *sorted(open_rows(indicator, world, months, supported), key=lambda row: row.key))


def _caps_wan(rows: Sequence[Row]) -> Floats:
    """Most that can be added, (row, month), whole 万元."""
    caps = np.stack([row.cap for row in rows]) if rows else np.zeros((0, 0))
    return np.where(np.isinf(caps), np.inf, np.floor(caps * WAN_PER_YI + 1e-6))


def _capacity_yi(rows: Sequence[Row]) -> float:
    """What rows of ledgers can carry in all, 亿元."""
    return float(_caps_wan([row for row in rows if row.supported]).sum()) / WAN_PER_YI


def _whole_up(yi: float) -> float:
    """亿元, rounded up to whole 万元."""
    return max(math.ceil(yi * WAN_PER_YI - 1e-6), 0) / WAN_PER_YI


def stated_increment(indicator: str, total_yi: float) -> Increment:
    """An amount that somebody else decided on."""
    return Increment(indicator=indicator, total_yi=round(total_yi * WAN_PER_YI) / WAN_PER_YI)


def required_increment(
    world: World,
    cases: Sequence[Case],
    indicator: str,
    *,
    criterion: Criterion = Criterion.NEAR,
    wish: float = 0.5,
    kind: TargetKind = TargetKind.PROVINCE_AVERAGE,
    assumptions: Assumptions | None = None,
) -> Increment:
    """Work that a wished probability takes: what must be new, over the part of ledger work that is new.

    Notes
    -----
    ``effect / additionality`` while the ledgers can carry it; beyond their capacity C what is missing must be new
    altogether: ``C + (effect - additionality x C)``.
    """
    stated = assumptions or Assumptions()
    found = need(world, cases, indicator, criterion=criterion, wish=wish, kind=kind, assumptions=stated)
    effect = found.effect_yi or 0.0
    total = effect / found.additionality
    if total > 0.0 and (rows := _carriers(world, indicator, stated)):
        capacity = _capacity_yi(rows)
        if total > capacity:
            total = capacity + effect - found.additionality * capacity
    return Increment(indicator=indicator, total_yi=_whole_up(total), need=found)


def breakdown(
    world: World,
    increment: Increment,
    *,
    method: Method = Method.CAPACITY,
    holds: Sequence[Hold] = (),
    cases: Sequence[Case] = (),
    assumptions: Assumptions | None = None,
) -> Breakdown:
    """Break an increment down over the ledgers.

    Parameters
    ----------
    holds : sums that must stay; those of other indicators are left out
    cases : judged targets, for the outlook; without one of the indicator there is none

    Raises
    ------
    InputError
        A hold names nothing of the data set, or a month without tasks; all of them are reported.
    """
    stated = assumptions or Assumptions()
    meta = world.dataset.panel.indicators.get(increment.indicator)
    rows, months = _carriers(world, increment.indicator, stated), months_of(world)
    mine = (
        *(h for h in holds if h.indicator in (None, increment.indicator)),
        *(Hold(key=key, month=None, amount_yi=amount, file="plan") for key, amount in increment.by_row.items()),
    )
    plan = _Plan(world=world, increment=increment, method=method, rows=rows, months=months, holds=mine)
    held = plan.held()
    frame = {
        "indicator": increment.indicator,
        "name_zh": meta.name_zh if meta else increment.indicator,
        "work": work_of(increment.indicator),
        "method": method,
        "increment": increment,
        "months": months,
        "holds": mine,
    }
    if (status := _no_task(increment)) is not None:
        return Breakdown(status=status, **frame)  # type: ignore[arg-type]
    caps = _caps_wan(rows)
    frame["capacity_yi"] = _capacity_yi(rows)
    at_odds = conflicts(caps.ravel(), total=plan.total, held=held)
    if at_odds:
        return Breakdown(status=BreakdownStatus.INFEASIBLE, conflicts=_in_yi(at_odds), **frame)  # type: ignore[arg-type]
    tasks = plan.tasks(plan.amounts(caps, held), caps, held)
    margins = _margins(tasks, world, months)
    case = case_of(cases, increment.indicator, world.city, increment.need.kind if increment.need else _AVERAGE)
    total = next(m for m in margins if m.dimension == "total" and m.month is None)
    return Breakdown(
        status=BreakdownStatus.PARTLY_OPEN if total.open_wan else BreakdownStatus.SUPPORTED,
        tasks=tasks,
        margins=margins,
        outlook=None if case is None else _outlook(world, case, tasks, increment, stated),
        synthetic=world.dataset.config.synthetic or any(t.synthetic for t in tasks),
        **frame,  # type: ignore[arg-type]
    )


_AVERAGE: Final = TargetKind.PROVINCE_AVERAGE


def _no_task(increment: Increment) -> BreakdownStatus | None:
    """Why there is nothing to break down."""
    status = increment.need.status if increment.need else NeedStatus.NEEDED
    if status in (NeedStatus.NOT_JUDGED, NeedStatus.NO_BASE):
        return BreakdownStatus(status.value)
    return BreakdownStatus.ALREADY_MET if increment.total_yi <= 0.0 else None


def _in_yi(found: Sequence[Conflict]) -> tuple[Conflict, ...]:
    return tuple(
        Conflict(
            kind=c.kind, name=c.name, other=c.other, amount=c.amount / WAN_PER_YI, possible=c.possible / WAN_PER_YI
        )
        for c in found
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Plan:
    """A breakdown in the making; cells are (row, month) in row-major order."""

    world: World
    increment: Increment
    method: Method
    rows: tuple[Row, ...]
    months: tuple[Month, ...]
    holds: tuple[Hold, ...]

    @property
    def total(self) -> int:
        return round(self.increment.total_yi * WAN_PER_YI)

    @property
    def cells(self) -> Group:
        return np.arange(len(self.rows) * len(self.months)).reshape(len(self.rows), len(self.months))

    def held(self) -> tuple[Held, ...]:
        """Holds as sums of cells."""
        problems, out = [], []
        for hold in self.holds:
            members = self._members(hold.key)
            month = [self.months.index(hold.month)] if hold.month in self.months else list(range(len(self.months)))
            if hold.month is not None and hold.month not in self.months:
                shown = ", ".join(map(str, self.months))
                params = {"found": hold.name, "months": shown}
                problems.append(Problem(code="hold_month", file=hold.file, row=hold.row, params=params))
            if not len(members):
                params = {"found": hold.key}
                problems.append(Problem(code="hold_unknown", file=hold.file, row=hold.row, params=params))
            cells = self.cells[np.ix_(members, month)].ravel()
            out.append(Held(name=hold.name, cells=cells, amount=float(hold.amount_wan)))
        if problems:
            raise InputError(problems)
        return tuple(out)

    def _members(self, key: str) -> Group:
        """Rows that a hold names: by place, team, sector, project, enterprise or key."""
        if not key:
            return np.arange(len(self.rows))
        units = self.world.dataset.panel.units
        meanings = (
            lambda row: (row.key,),
            lambda row: () if row.kind is Kind.SECTOR else (row.entity, row.name_zh),
            lambda row: (row.place, place_name(row.place, units)),
            lambda row: (row.team_zh,),
            lambda row: (row.sector, row.sector_zh),
        )
        for meaning in meanings:
            found = np.flatnonzero([key in meaning(row) for row in self.rows])
            if len(found):
                return found
        return np.zeros(0, dtype=np.intp)

    def _weights(self, caps: Floats) -> Floats:
        reference = np.stack([row.reference for row in self.rows])
        chance = np.array([row.chance for row in self.rows])[:, None]
        room = np.where(np.isinf(caps), 0.0, caps)
        weights = {
            Method.CAPACITY: room,
            Method.PROPORTIONAL: reference,
            Method.EVEN: (room > 0.0).astype(np.float64),
            Method.MARGINAL: room * chance,
        }[self.method]
        without = np.isinf(caps)
        shares = np.where(without, reference, 0.0)
        least = max(float(shares.max()), 1.0) * 1e-9  # a place without a share takes what only it can take
        return np.where(without, np.maximum(shares, least), weights)

    def amounts(self, caps: Floats, held: tuple[Held, ...]) -> np.ndarray:
        """Tasks in whole 万元, (row, month); ledgers carry all they can before anything is left open."""
        cells, flat = self.cells, caps.ravel()
        supported = cells[[row.kind is not Kind.OPEN for row in self.rows]].ravel()
        carried = round(most(flat, supported, total=self.total, held=held))
        sums = (*held, Held(name="", cells=supported, amount=float(carried)))
        amounts = spread(self._weights(caps).ravel(), total=self.total, caps=flat, held=sums)
        places = np.array([row.place for row in self.rows])
        groups = [cells[places == place] for place in dict.fromkeys(places)]
        margins = [
            *cells,
            *cells.T,
            *(group.ravel() for group in groups),
            *(column for group in groups for column in group.T),
        ]
        limit = np.where(np.isinf(flat), np.iinfo(np.int64).max // 2, np.nan_to_num(flat, posinf=0.0)).astype(np.int64)
        exact = [(hold.cells, round(hold.amount)) for hold in sums]
        whole = rounded(amounts, total=self.total, held=exact, margins=margins, caps=limit)
        return whole.reshape(cells.shape)

    def tasks(self, amounts: np.ndarray, caps: Floats, held: tuple[Held, ...]) -> tuple[Task, ...]:
        """Every carrier in every month; places without anything open are left out."""
        under = {int(cell) for hold in held for cell in hold.cells}
        units = self.world.dataset.panel.units
        out = []
        for i, row in enumerate(self.rows):
            if row.kind is Kind.OPEN and not amounts[i].any():
                continue
            for k, month in enumerate(self.months):
                out.append(
                    Task(
                        key=row.key,
                        kind=row.kind,
                        entity=row.entity,
                        name_zh=row.name_zh,
                        month=month,
                        place=row.place,
                        place_zh=place_name(row.place, units),
                        team_zh=row.team_zh,
                        sector=row.sector,
                        sector_zh=row.sector_zh,
                        condition=row.condition,
                        resp_unit=row.resp_unit,
                        resp_person=row.resp_person,
                        deadline=row.deadline or last_day(month),
                        base_wan=round(float(row.base[k]) * WAN_PER_YI),
                        task_wan=int(amounts[i, k]),
                        cap_wan=None if np.isinf(caps[i, k]) else int(caps[i, k]),
                        own_wan=round(int(amounts[i, k]) * row.own_per_yi),
                        held=int(self.cells[i, k]) in under,
                        synthetic=row.synthetic,
                    )
                )
        return tuple(out)


def _margins(tasks: Sequence[Task], world: World, months: Sequence[Month]) -> tuple[Margin, ...]:
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


def _outlook(
    world: World, case: Case, tasks: Sequence[Task], increment: Increment, assumptions: Assumptions
) -> Outlook | None:
    """Delivery drawn row by row, each with its own stream and chance, and what it does to the gap."""
    per_yi = gap_per_yi(world, case, assumptions)
    if per_yi is None:
        return None
    indicator = increment.indicator
    chance = {row.key: row.chance for row in _carriers(world, indicator, assumptions) if row.supported}
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
    gap = gap_draws(world, case)
    by = {
        "now": gap,
        "ledger": gap + per_yi * new * delivered,
        "all": gap + per_yi * (new * sum(amounts.values()) + rest),
    }
    low, high = np.quantile(delivered, [0.1, 0.9])
    chances = {f"p_{c.value}_{name}": share_of_draws(g, case, c) for name, g in by.items() for c in Criterion}
    return Outlook(
        delivered_mean_yi=float(delivered.mean()),
        delivered_p10_yi=float(low),
        delivered_p90_yi=float(high),
        **chances,
    )
