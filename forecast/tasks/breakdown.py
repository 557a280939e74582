"""A required increment, broken down to months, places, teams, sectors, projects and enterprises.

Amounts of tasks are whole 万元, so that every margin is the sum of its cells as printed. What no ledger supports is a
row of its own (无项目支撑), never hidden.

Invariant: tasks sum to the increment, held sums stay, no row gets more than its ledger allows, and the order of ledger
rows does not matter (held by ``tests/test_breakdown.py``).

One increment spread over the rows that can carry it, in whole 万元.

Invariant: ledgers carry all they can before anything is left open (held by ``tests/test_breakdown.py``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Final, Literal

import numpy as np

from forecast.answers.chances import Case, Criterion, Status
from forecast.answers.evidence import Evidence, weakest
from forecast.data.ledger import Assumptions
from forecast.data.target import TargetKind
from forecast.dims import WAN_PER_YI, Floats, brief
from forecast.errors import InputError, Problem
from forecast.periods import Month, last_day
from forecast.scenario.world import World
from forecast.tasks.allocation import Conflict, Group, Held, Hold, conflicts, most, rounded, spread
from forecast.tasks.carriers import Kind, Row, Work, open_rows, place_name, rows_of, work_of
from forecast.tasks.need import Need, case_of, need, whole_up
from forecast.tasks.tasks import Margin, Outlook, Task, margins, outlook


class Method(StrEnum):
    """What a breakdown goes by."""

    CAPACITY = "capacity"
    PROPORTIONAL = "proportional"
    EVEN = "even"
    MARGINAL = "marginal"


def caps_wan(rows: Sequence[Row]) -> Floats:
    """Most that can be added, (row, month), whole 万元."""
    caps = np.stack([row.cap for row in rows]) if rows else np.zeros((0, 0))
    return np.where(np.isinf(caps), np.inf, np.floor(caps * WAN_PER_YI + 1e-6))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """A breakdown in the making; cells are (row, month) in row-major order."""

    world: World
    total: int
    method: Method
    rows: tuple[Row, ...]
    months: tuple[Month, ...]
    holds: tuple[Hold, ...]

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


INDICATORS: Final = ("fai", "ind_va", "gdp")
"""Broken down where nothing else is asked for: projects, enterprises, sectors."""


type BreakdownStatus = Literal[
    Status.SUPPORTED,
    Status.PARTLY_OPEN,
    Status.ALREADY_MET,
    Status.INFEASIBLE,
    Status.NOT_JUDGED,
    Status.NO_BASE,
    Status.UNREACHABLE,
    Status.NOT_ACTIONABLE,
]
"""Whether there is a breakdown, and how much of it is supported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Increment:
    """What is to be broken down: the neutral input, whoever computed it.

    total_yi : 亿元 of work (investment, output, value added; ``tasks.carriers.work_of``), of whole 万元
    by_row : parts that are settled already, 亿元 by project, enterprise, sector, place or team (a make-up plan's
        levers); they are held, the rest is spread
    need : what the amount was derived from; None where it was stated
    """

    indicator: str
    total_yi: float
    by_row: Mapping[str, float] = field(default_factory=dict)
    need: Need | None = None

    __repr__ = brief


@dataclass(frozen=True, kw_only=True)
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
    evidence: Evidence = Evidence.THIN
    synthetic: bool = False

    __repr__ = brief

    @cached_property
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


def _capacity_yi(rows: Sequence[Row]) -> float:
    """What rows of ledgers can carry in all, 亿元."""
    return float(caps_wan([row for row in rows if row.supported]).sum()) / WAN_PER_YI


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
    return Increment(indicator=indicator, total_yi=whole_up(total), need=found)


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
    plan = Plan(
        world=world, total=round(increment.total_yi * WAN_PER_YI), method=method, rows=rows, months=months, holds=mine
    )
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
    caps = caps_wan(rows)
    frame["capacity_yi"] = _capacity_yi(rows)
    at_odds = conflicts(caps.ravel(), total=plan.total, held=held)
    if at_odds:
        return Breakdown(status=Status.INFEASIBLE, conflicts=_in_yi(at_odds), **frame)  # type: ignore[arg-type]
    tasks = plan.tasks(plan.amounts(caps, held), caps, held)
    sums = margins(tasks, world, months)
    case = case_of(cases, increment.indicator, world.city, increment.need.kind if increment.need else _AVERAGE)
    whole = next(m for m in sums if m.dimension == "total" and m.month is None)
    return Breakdown(
        status=Status.PARTLY_OPEN if whole.open_wan else Status.SUPPORTED,
        tasks=tasks,
        margins=sums,
        outlook=None if case is None else outlook(world, case, tasks, rows, stated),
        evidence=weakest([case.evidence] if case else []),
        synthetic=world.dataset.config.synthetic or any(t.synthetic for t in tasks),
        **frame,  # type: ignore[arg-type]
    )


_AVERAGE: Final = TargetKind.PROVINCE_AVERAGE


def _no_task(increment: Increment) -> BreakdownStatus | None:
    """Why there is nothing to break down."""
    status = increment.need.status if increment.need else Status.NEEDED
    if status is not Status.NEEDED and status is not Status.ALREADY_MET:
        return status
    return Status.ALREADY_MET if increment.total_yi <= 0.0 else None


def _in_yi(found: Sequence[Conflict]) -> tuple[Conflict, ...]:
    return tuple(
        Conflict(
            kind=c.kind, name=c.name, other=c.other, amount=c.amount / WAN_PER_YI, possible=c.possible / WAN_PER_YI
        )
        for c in found
    )
