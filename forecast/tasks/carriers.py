"""Who could carry a task: rows of the ledgers, what each is expected to do anyway, and the most it could add by month.

The same facts as in ``effects``: a started project in the library does its usual share of its monthly plan, a halted
firm stays halted. What a row could add is what that leaves open, as far as the ledger goes.

Invariant: a row can add nothing before the first month of action, nothing that its ledger does not hold, and a lost
firm nothing at all (held by ``tests/test_support.py``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd

from forecast.data.ledger import Assumptions
from forecast.data.panel import Unit
from forecast.data.reading.columns import NO_COUNTY
from forecast.dims import Floats, brief, from_percent
from forecast.growth import EntryChannel
from forecast.periods import Month
from forecast.scenario.actions.enterprises import (
    DEFAULT_PROB,
    DEFAULT_RAMP,
    ENTERED_FOR,
    RESTART,
    baseline_ratio,
    recoverable,
)
from forecast.scenario.actions.projects import COMPLETE, DEFAULT_START_PROB, plans, usual_ratio
from forecast.scenario.world import World

ADVANCE_MONTHS: Final = 1.0
"""Work of later years that a project can bring forward, months of its planned pace: a setting (设定值)."""
_PREPARING: Final = ("", "preparing")
"""Values of the pipeline's extra column ``status`` that leave a filing open."""


class Kind(StrEnum):
    """What carries a task."""

    PROJECT = "project"
    ENTERPRISE = "enterprise"
    ENTRY = "entry"
    SECTOR = "sector"
    OPEN = "open"


class Condition(StrEnum):
    """What has to happen first, or what the work consists of."""

    BUILD = "build"
    LIBRARY = "library"
    START = "start"
    RESTART = "restart"
    RAISE = "raise"
    FILE = "file"
    SECTOR = "sector"
    FIND = "find"


class Work(StrEnum):
    """What the money of a breakdown is."""

    INVESTMENT = "investment"
    OUTPUT = "output"
    VALUE_ADDED = "value_added"
    SALES = "sales"
    AMOUNT = "amount"


_WORK: Final = {
    "fai": Work.INVESTMENT,
    "ind_va": Work.OUTPUT,
    "ind_output": Work.OUTPUT,
    "gdp": Work.VALUE_ADDED,
    "retail": Work.SALES,
    "retail_above": Work.SALES,
}


def work_of(indicator: str) -> Work:
    """What tasks for an indicator are counted in: 投资额, 产值, 增加值, 零售额."""
    return _WORK.get(indicator, Work.AMOUNT)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row:
    """One carrier of tasks. Amounts are (month,), 亿元 in the money of the breakdown.

    place : unit, ``shibenji``, ``kuaxianqu``, or the city itself
    base : expected without any task; cap : the most that can be added, ``inf`` without limit
    reference : what a proportional breakdown goes by (plan, last year's output, share)
    chance : part of a task that can be expected to be done, fraction
    own_per_yi : 亿元 of its own work (investment, output) for one of the breakdown's money
    supported : whether a ledger stands behind it
    """

    key: str
    kind: Kind
    entity: str
    name_zh: str
    place: str
    team_zh: str
    sector: str
    sector_zh: str
    condition: Condition
    resp_unit: str
    resp_person: str
    deadline: dt.date | None
    base: Floats
    cap: Floats
    reference: Floats
    chance: float
    synthetic: bool
    own_per_yi: float = 1.0

    __repr__ = brief

    @property
    def supported(self) -> bool:
        """Whether a row of a ledger stands behind it."""
        return self.kind in (Kind.PROJECT, Kind.ENTERPRISE, Kind.ENTRY)


def place_name(place: str, units: Mapping[str, Unit]) -> str:
    """Chinese name of a place of a ledger."""
    return units[place].name_zh if place in units else NO_COUNTY.get(place, place)


def rows_of(indicator: str, world: World, months: Sequence[int], assumptions: Assumptions) -> tuple[Row, ...]:
    """Carriers of tasks for an indicator that a ledger or a sector's cap supports, by key.

    Parameters
    ----------
    months : calendar months that can be acted on, a tail of ``World.months``
    """
    match indicator:
        case "fai":
            found = list(_projects(world, months, assumptions, 1.0))
        case "ind_va" | "ind_output":
            found = [*_enterprises(world, months, 1.0), *_entries(world, months, ("ind_output",))]
        case "gdp":
            found = list(_of_gdp(world, months, assumptions))
        case _:
            found = list(_entries(world, months, (indicator,)))
    return tuple(sorted(found, key=lambda row: row.key))


def _each(frame: pd.DataFrame) -> Iterator[Any]:
    """Rows of a ledger, columns as attributes."""
    yield from frame.itertuples(index=False)


def _text(row: Any, name: str) -> str:
    value = getattr(row, name, "")
    return value.strip() if isinstance(value, str) else ""


def _number(row: Any, name: str, default: float = 0.0) -> float:
    value = getattr(row, name, None)
    return float(value) if isinstance(value, int | float) and np.isfinite(value) else default


def _projects(world: World, months: Sequence[int], assumptions: Assumptions, per_yi: float) -> Iterator[Row]:
    """Projects: what they plan and usually do, what is left to catch up, bring forward, start or enter."""
    frame = world.dataset.ledger.projects
    if frame.empty:
        return
    plan = plans(world, frame)[:, world.months.index(months[0]) :]
    ratio = usual_ratio(frame, assumptions.usual_completion)
    for i, row in enumerate(_each(frame)):
        started, entered = row.started is not False, row.in_stat_library is not False
        if started and entered:
            condition, base = Condition.BUILD, plan[i] * ratio[i]
            cap = plan[i] - base + _forward(row, plan[i])
        else:
            condition = Condition.LIBRARY if started else Condition.START
            base, cap = np.zeros(len(months)), _reported(row, plan[i], months, world.paths.target_year)
        stated = _number(row, "completion_prob", np.nan)
        yield Row(
            key=f"{Kind.PROJECT}/{row.project}",
            kind=Kind.PROJECT,
            entity=str(row.project),
            name_zh=_text(row, "name_zh") or str(row.project),
            place=str(row.county),
            team_zh=_text(row, "team_zh"),
            sector=_text(row, "sector"),
            sector_zh=_text(row, "sector_zh") or _text(row, "sector"),
            condition=condition,
            resp_unit=_text(row, "resp_unit"),
            resp_person=_text(row, "resp_person"),
            deadline=getattr(row, "deadline", None) if isinstance(getattr(row, "deadline", None), dt.date) else None,
            base=base * per_yi,
            cap=np.maximum(cap, 0.0) * per_yi,
            reference=plan[i] * per_yi,
            chance=(DEFAULT_START_PROB if not started else assumptions.usual_completion)
            if np.isnan(stated)
            else stated,
            synthetic=row.row_status == "synthetic",
            own_per_yi=1.0 / per_yi,
        )


def _forward(row: Any, plan: Floats) -> Floats:
    """Work of later years at the planned pace, as far as the project still has any, (month,)."""
    left = _number(row, "total_invest_yi") * (1.0 - from_percent(_number(row, "progress_pct")))
    later = max(left - float(plan.sum()), 0.0)
    return np.full(len(plan), min(ADVANCE_MONTHS * float(plan.mean()), later) / len(plan))


def _reported(row: Any, plan: Floats, months: Sequence[int], year: int) -> Floats:
    """Plan of a project that is not in the statistics yet: its first report covers what was done since its start.

    A start before the first month of action begins there; entering the library takes a month (DOMAIN.md §4.1).
    """
    start = row.start_plan if isinstance(row.start_plan, Month) and row.started is False else None
    first = 0 if start is None else max((start.year - year) * 12 + start.month - months[0], 0)
    reported = first + (0 if row.in_stat_library is True else 1)
    out = np.zeros(len(plan))
    for step in range(first, len(plan)):
        if (column := max(step, reported)) < len(plan):
            out[column] += plan[step]
    return out


def _enterprises(world: World, months: Sequence[int], per_yi: float) -> Iterator[Row]:
    """Enterprises that could do more: last year's output of the month, times what recovery adds to today's share."""
    frame = recoverable(world.dataset.ledger.enterprises)
    if frame.empty:
        return
    ratio = baseline_ratio(frame)
    weight = world.month_weight("ind_output", world.city).mean(axis=0)[months[0] - 1 :]
    for i, row in enumerate(_each(frame)):
        ramp = row.ramp or DEFAULT_RAMP
        start = row.restart_month if isinstance(row.restart_month, Month) else None
        first = 0 if start is None else max((start.year - world.paths.target_year) * 12 + start.month - months[0], 0)
        reach = np.array([ramp[min(k - first, len(ramp) - 1)] if k >= first else 0.0 for k in range(len(months))])
        last_year = _number(row, "base_output_yi") * weight * per_yi
        halted = row.status == "halted"
        deadline = getattr(row, "deadline", None)
        yield Row(
            key=f"{Kind.ENTERPRISE}/{row.enterprise}",
            kind=Kind.ENTERPRISE,
            entity=str(row.enterprise),
            name_zh=_text(row, "name_zh") or str(row.enterprise),
            place=str(row.county),
            team_zh=_text(row, "team_zh"),
            sector=_text(row, "industry"),
            sector_zh=_text(row, "industry_zh") or _text(row, "industry"),
            condition=Condition.RESTART if halted else Condition.RAISE,
            resp_unit=_text(row, "resp_unit"),
            resp_person=_text(row, "resp_person"),
            deadline=deadline if isinstance(deadline, dt.date) else None,
            base=ratio[i] * last_year,
            cap=np.maximum(reach - ratio[i], 0.0) * last_year,
            reference=last_year,
            chance=_number(row, "restart_prob", DEFAULT_PROB),
            synthetic=row.row_status == "synthetic",
            own_per_yi=1.0 / per_yi,
        )


def _entries(world: World, months: Sequence[int], indicators: Sequence[str]) -> Iterator[Row]:
    """New units of the pipeline through the monthly channel: they report from the month after filing."""
    year = world.paths.target_year
    for row in _each(world.dataset.ledger.pipeline):
        open_ = _text(row, "status") in _PREPARING and str(row.channel) == EntryChannel.MONTHLY.value
        if not open_ or not set(ENTERED_FOR.get(str(row.sector), ())) & set(indicators):
            continue
        filing = getattr(row, "filing_deadline", None)
        first = (filing.year - year) * 12 + filing.month + 1 if isinstance(filing, dt.date) else months[0] + 1
        monthly = _number(row, "expected_monthly_output_yi")
        cap = np.array([monthly if month >= first else 0.0 for month in months])
        yield Row(
            key=f"{Kind.ENTRY}/{row.enterprise}",
            kind=Kind.ENTRY,
            entity=str(row.enterprise),
            name_zh=_text(row, "name_zh") or str(row.enterprise),
            place=str(row.county),
            team_zh=_text(row, "team_zh"),
            sector=str(row.sector),
            sector_zh=_text(row, "sector_zh") or str(row.sector),
            condition=Condition.FILE,
            resp_unit=_text(row, "resp_unit"),
            resp_person=_text(row, "resp_person"),
            deadline=filing if isinstance(filing, dt.date) else None,
            base=np.zeros(len(months)),
            cap=cap,
            reference=cap,
            chance=1.0 - _number(row, "exit_risk"),
            synthetic=row.row_status == "synthetic",
        )


def _of_gdp(world: World, months: Sequence[int], assumptions: Assumptions) -> Iterator[Row]:
    """Enterprises and projects by the value added that they bring, and every sector up to its cap beyond them."""
    industries = world.dataset.panel.industries
    base = world.base_yi(world.city, "gdp")
    if base is None or industries.empty:
        return
    quarters = np.array([(month - 1) // 3 for month in range(1, 13)])
    weight = world.month_weight("gdp", world.city).mean(axis=0)
    for row in _each(industries):
        shares = np.array([_number(row, f"share_q{q}") for q in range(1, 5)])[quarters] * weight
        level = float(base.mean()) * shares  # of the sector, by month of last year
        name = _text(row, "name_zh") or str(row.industry)
        found = _carriers(world, months, assumptions, row, float(level.sum()))
        carriers = [replace(carrier, sector=str(row.industry), sector_zh=name) for carrier in found]
        yield from carriers
        cap_pp = _number(row, "cap_pp", np.nan)
        if np.isfinite(cap_pp):
            cap = from_percent(cap_pp) * level[months[0] - 1 :]
            left = np.maximum(cap - sum((c.cap for c in carriers), np.zeros(len(months))), 0.0)
            yield from _sector(world, row, left)


def _carriers(world: World, months: Sequence[int], assumptions: Assumptions, row: Any, level: float) -> Iterator[Row]:
    """Rows of ledgers behind a sector of GDP, in value added that is new against the forecast's own momentum."""
    elasticity = _number(row, "elasticity", 1.0)
    if row.industry == "industry":
        output = world.base_yi(world.city, "ind_output")
        if output is not None:
            per_yi = elasticity * assumptions.value_added_per_output.mean * level / float(output.mean())
            yield from _new_part(_enterprises, world, months, per_yi, RESTART.additionality)
    elif row.industry == "construction":
        driver = str(row.driver) if str(row.driver) in ("constr", "fai") else "constr"
        driven = world.base_yi(world.city, driver)
        if driven is not None:
            part = assumptions.construction_share.mean if driver == "constr" else 1.0
            per_yi = elasticity * part * level / float(driven.mean())
            projects = partial(_projects, assumptions=assumptions)
            yield from _new_part(projects, world, months, per_yi, COMPLETE.additionality)


def _new_part(
    carriers: Callable[..., Iterator[Row]], world: World, months: Sequence[int], per_yi: float, new: float
) -> Iterator[Row]:
    """Carriers in value added: tasks by the part that is new, what is expected anyway in full."""
    for row in carriers(world, months, per_yi=per_yi * new):
        yield replace(row, base=row.base / new)


def _sector(world: World, row: Any, cap: Floats) -> Iterator[Row]:
    """A sector's cap by place: a task that no ledger stands behind."""
    driver = world.dataset.panel.indicators.get(str(row.driver))
    for place, share in _shares(world, "gdp"):
        yield Row(
            key=f"{Kind.SECTOR}/{row.industry}/{place}",
            kind=Kind.SECTOR,
            entity=str(row.industry),
            name_zh=_text(row, "name_zh") or str(row.industry),
            place=place,
            team_zh=driver.team_zh if driver else "",
            sector=str(row.industry),
            sector_zh=_text(row, "name_zh") or str(row.industry),
            condition=Condition.SECTOR,
            resp_unit=driver.department if driver else "",
            resp_person="",
            deadline=None,
            base=np.zeros(len(cap)),
            cap=cap * share,
            reference=cap * share,
            chance=1.0,
            synthetic=False,
        )


def _shares(world: World, indicator: str) -> list[tuple[str, float]]:
    """Shares of disjoint places in the city, summing to 1: a county without the zones that its figures contain.

    The city itself where no share is stated.
    """
    units = world.dataset.panel.units
    stated: dict[str, float] = {}
    for name, unit in units.items():
        if unit.parent == world.city and (share := world.share(name, indicator)) is not None:
            stated[name] = float(share.mean())
    for name, unit in units.items():
        if unit.counted_within in stated and name in stated:
            stated[str(unit.counted_within)] = max(stated[str(unit.counted_within)] - stated[name], 0.0)
    total = sum(stated.values())
    return [(name, share / total) for name, share in stated.items()] if total > 0.0 else [(world.city, 1.0)]


def open_rows(indicator: str, world: World, months: Sequence[int], rows: Sequence[Row]) -> tuple[Row, ...]:
    """What no ledger supports, one row a place without limit: 无项目支撑, still to be found.

    Every place of ``rows`` has one, so that a held sum of a place can exceed its ledger.
    """
    meta = world.dataset.panel.indicators.get(indicator)
    weight = world.month_weight(indicator, world.city).mean(axis=0)[months[0] - 1 :]
    weight = weight if weight.sum() > 0.0 else np.ones(len(months))
    shares = dict(_shares(world, indicator))
    places = [*shares, *sorted({row.place for row in rows} - shares.keys())]
    return tuple(
        Row(
            key=f"{Kind.OPEN}/{place}",
            kind=Kind.OPEN,
            entity="",
            name_zh="",
            place=place,
            team_zh=meta.team_zh if meta else "",
            sector="",
            sector_zh="",
            condition=Condition.FIND,
            resp_unit=meta.department if meta else "",
            resp_person="",
            deadline=None,
            base=np.zeros(len(months)),
            cap=np.full(len(months), np.inf),
            reference=shares.get(place, 0.0) * weight,
            chance=0.0,
            synthetic=False,
        )
        for place in places
    )
