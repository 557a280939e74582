"""What actions on projects are and bring, 亿元 of investment in the statistics.

Against the ledger's baseline: a started project follows its monthly plan at its usual completion ratio, one that has
not started stays so. Only projects in the statistical library count (DOMAIN.md §4).

Invariant: nothing is added before the action's month, nor beyond what a project still has to build
(held by ``tests/test_effects_projects.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Final, Literal

import numpy as np
import pandas as pd
import scipy.special
from pydantic import Field

from forecast.data.dataset import Dataset
from forecast.data.ledger import Assumptions, Fraction, Ratio
from forecast.data.reading.problems import quoted
from forecast.dims import Floats, from_percent
from forecast.draws.streams import SUCCESS, uniforms
from forecast.periods import Month
from forecast.scenario.actions.kinds import (
    ActionType,
    Editor,
    Family,
    Impulse,
    LedgerOf,
    LedgerPart,
    LedgerRow,
    Measure,
    MonthText,
    OnProjects,
    PlacedAction,
    Shares,
    Taken,
    by_rows,
    delivery,
    need_base,
    nothing_shared,
    picked,
    place_names,
    total,
)
from forecast.scenario.document import Notes
from forecast.scenario.world import World

FAI: Final = "fai"
S_CURVE: Final = (2.0, 2.5)
"""Shape of the share done against the share of the time passed, a Beta distribution function (DOMAIN.md §4.2)."""
DEFAULT_START_PROB: Final = 0.6
WINTER: Final = (12, 1, 2)
ISSUE: Final = "issue"
"""Entity of an issue of bonds: it comes, or does not, for all its projects at once."""


class ProjectComplete(OnProjects):
    """按计划完成：项目在剩余月份按计划的某一比例完成投资。"""

    type: Literal["project_complete"]
    month: MonthText | None = None
    ratio: Ratio = 1.0
    prob: Fraction = 0.8
    delivery: Fraction = 0.8
    spread: Fraction = 0.2


class ProjectAdvance(OnProjects):
    """提前：把以后年度的投资提前到本年完成。"""

    type: Literal["project_advance"]
    month: MonthText | None = None
    months: Annotated[int, Field(ge=1, le=12)]
    prob: Fraction = 0.8
    delivery: Fraction = 0.8
    spread: Fraction = 0.2


class ProjectDelay(OnProjects):
    """推迟：剩余月份的投资顺延。"""

    type: Literal["project_delay"]
    month: MonthText
    months: Annotated[int, Field(ge=1, le=12)]
    prob: Fraction = 1.0


class ProjectStart(OnProjects):
    """开工：未开工项目开工、入库、形成投资。"""

    type: Literal["project_start"]
    month: MonthText | None = None
    duration: Annotated[int, Field(ge=1, le=36)] = 8
    library_lag: Annotated[int, Field(ge=0, le=6)] = 1
    prob: Fraction | None = None
    delay: Shares = (0.6, 0.3, 0.1)
    delivery: Fraction = 0.8
    spread: Fraction = 0.2


class BondIssue(OnProjects):
    """债券资金：到位后分月支出，缓解一组项目的资金缺口。"""

    type: Literal["bond_issue"]
    amount_yi: Annotated[float, Field(gt=0.0, le=1e5)]
    month: MonthText
    disburse: Shares = (0.3, 0.3, 0.2)
    prob: Fraction = 1.0
    delivery: Fraction = 0.8
    spread: Fraction = 0.2


def _rows(world: World, measure: Measure, *, started: bool | None) -> pd.DataFrame:
    """Rows of an action; ``started`` keeps those that are or are not, and of those the ones in the library."""
    frame, action = world.dataset.ledger.projects, measure.action
    rows = frame.iloc[picked(frame, "project", action.projects, action.select, place_names(world.dataset))]
    if started is None:
        return rows
    begun = rows["started"].map(lambda cell: cell is not False).to_numpy(dtype=bool)
    if not started:
        return rows[~begun]
    counted = rows["in_stat_library"].map(lambda cell: cell is not False).to_numpy(dtype=bool)
    return rows[begun & counted]


def plans(world: World, rows: pd.DataFrame) -> Floats:
    """Planned investment of every month of ``World.months``, (project, month), 亿元; 0 where no plan is told."""
    columns = [f"plan_m{month:02d}_yi" for month in world.months]
    values = [rows[c].to_numpy(dtype=np.float64) if c in rows else np.zeros(len(rows)) for c in columns]
    return np.nan_to_num(np.stack(values, axis=1)) if len(rows) else np.zeros((0, len(columns)))


def usual_ratio(rows: pd.DataFrame, default: float) -> Floats:
    """Share of its monthly plan that a project usually does, (project,): its ``completion_prob``, else the default."""
    stated = rows["completion_prob"].to_numpy(dtype=np.float64)
    return np.where(np.isfinite(stated), stated, default)


def _left(rows: pd.DataFrame) -> Floats:
    """What is still to be built, (project,), 亿元; 0 where it is not told."""
    total = rows["total_invest_yi"].to_numpy(dtype=np.float64)
    done = from_percent(np.nan_to_num(rows["progress_pct"].to_numpy(dtype=np.float64)))
    return np.maximum(np.nan_to_num(total * (1.0 - done)), 0.0)


def _first(world: World, month: Month | None) -> int:
    month = max(month or world.dataset.config.first_action_month, world.dataset.config.first_action_month)
    return max(world.column(month.year, month.month), 0)


def _part(
    world: World,
    assumptions: Assumptions,
    measure: Measure,
    rows: pd.DataFrame,
    amounts: Mapping[int, Floats],
    *,
    prob: float | Floats,
    mean: float = 1.0,
    spread: float = 0.0,
    late: tuple[float, ...] = (1.0,),
) -> LedgerPart:
    names = tuple(str(name) for name in rows["project"])
    arrives = delivery(
        seed=world.seed,
        key=measure.key,
        entities=names,
        draws=world.draws,
        correlation=assumptions.correlation,
        prob=prob,
        mean=mean,
        spread=spread,
        delay=late,
    )
    places = tuple(str(place) for place in rows["county"])
    return LedgerPart(indicator=FAI, entities=names, places=places, amount=amounts, delivery=arrives)


def _complete(world: World, assumptions: Assumptions, measure: Measure) -> list[LedgerPart]:
    """Projects do more of their monthly plans than they usually do."""
    action = measure.action
    rows = _rows(world, measure, started=True)
    short = np.maximum(action.ratio - usual_ratio(rows, assumptions.usual_completion), 0.0)
    amount = short[:, None] * plans(world, rows)
    amount[:, : _first(world, action.month)] = 0.0
    return [
        _part(
            world, assumptions, measure, rows, {0: amount}, prob=action.prob, mean=action.delivery, spread=action.spread
        )
    ]


def _advance(world: World, assumptions: Assumptions, measure: Measure) -> list[LedgerPart]:
    """Work of later years is done this year: so many months at the pace of the plan, as far as there is any left."""
    action = measure.action
    rows = _rows(world, measure, started=True)
    plan, first = plans(world, rows), _first(world, action.month)
    amount = np.zeros_like(plan)
    months = plan.shape[1] - first
    if months > 0:
        later = np.maximum(_left(rows) - plan.sum(axis=1), 0.0)
        pace = plan[:, first:].mean(axis=1)
        amount[:, first:] = (np.minimum(action.months * pace, later) / months)[:, None]
    return [
        _part(
            world, assumptions, measure, rows, {0: amount}, prob=action.prob, mean=action.delivery, spread=action.spread
        )
    ]


def _delay(world: World, assumptions: Assumptions, measure: Measure) -> list[LedgerPart]:
    """Plans of the months ahead move back; what passes December is lost for this year."""
    action = measure.action
    rows = _rows(world, measure, started=True)
    usual = plans(world, rows) * usual_ratio(rows, assumptions.usual_completion)[:, None]
    first = _first(world, action.month)
    moved = usual.copy()
    moved[:, first:] = 0.0
    for column in range(first, usual.shape[1] - action.months):
        moved[:, column + action.months] += usual[:, column]
    return [_part(world, assumptions, measure, rows, {0: moved - usual}, prob=action.prob)]


def _start(world: World, assumptions: Assumptions, measure: Measure) -> list[LedgerPart]:
    """Projects that have not started do: S-curve of the annual plan, seasonal pace, reported once in the library.

    The first report covers what was done since the start, so that the lag shifts investment and does not lose it.
    """
    action = measure.action
    rows = _rows(world, measure, started=False)
    increments = np.diff(scipy.special.betainc(*S_CURVE, np.linspace(0.0, 1.0, action.duration + 1)))
    plan = np.nan_to_num(rows["plan_year_invest_yi"].to_numpy(dtype=np.float64))
    amounts: dict[int, Floats] = {}
    for late in range(len(action.delay)):
        amount = np.zeros((len(rows), len(world.months)))
        for i, (planned, entered) in enumerate(zip(rows["start_plan"], rows["in_stat_library"], strict=True)):
            first = _first(world, action.month or planned) + late
            reported = first + (0 if entered is True else action.library_lag)
            for step, increment in enumerate(increments):
                column = max(first + step, reported)
                if column < len(world.months):
                    pace = _pace((world.months[0] + first + step - 1) % 12 + 1, assumptions)
                    amount[i, column] += plan[i] * increment * pace
        amounts[late] = amount
    stated = rows["completion_prob"].to_numpy(dtype=np.float64)
    prob = np.where(np.isfinite(stated), stated, DEFAULT_START_PROB) if action.prob is None else action.prob
    return [
        _part(
            world,
            assumptions,
            measure,
            rows,
            amounts,
            prob=prob,
            mean=action.delivery,
            spread=action.spread,
            late=action.delay,
        )
    ]


def _pace(month: int, assumptions: Assumptions) -> float:
    winter = assumptions.winter if month in WINTER else 1.0
    return float(winter * (assumptions.settlement if month == 12 else 1.0))


def bond_gap(world: World, measure: Measure) -> tuple[pd.DataFrame, Floats]:
    """Projects that money can reach, and what each still lacks, (project,), 亿元."""
    rows = _rows(world, measure, started=True)
    funded = from_percent(np.nan_to_num(rows["funded_pct"].to_numpy(dtype=np.float64)))
    return rows, _left(rows) * (1.0 - funded)


def _issued(
    world: World, assumptions: Assumptions, measure: Measure, cut: Mapping[str, float] | None = None
) -> LedgerPart:
    """Money of bonds becomes investment over the months after it came, shared by what projects lack.

    cut : project -> share of its part that it can take, where several issues fund the same projects
    """
    action = measure.action
    rows, gap = bond_gap(world, measure)
    taken = min(action.amount_yi, float(gap.sum()))
    part = taken * gap / gap.sum() if gap.sum() > 0 else np.zeros(len(rows))
    if cut:
        part = part * np.array([cut.get(str(name), 1.0) for name in rows["project"]])
    amount = np.zeros((len(rows), len(world.months)))
    for k, share in enumerate(action.disburse):
        column = world.column(action.month.year, action.month.month) + k
        if 0 <= column < amount.shape[1]:
            amount[:, column] = part * share
    spent = _part(world, assumptions, measure, rows, {0: amount}, prob=1.0, mean=action.delivery, spread=action.spread)
    issue = uniforms(world.seed, measure.key, (ISSUE,), world.draws, assumptions.correlation)
    came = (issue[SUCCESS] < np.float32(action.prob)).astype(np.float32)
    return replace(spent, delivery=replace(spent.delivery, share=spent.delivery.share * came))


def _cuts(world: World, taken: Sequence[Taken]) -> dict[str, float]:
    """Share of its parts of several issues that each project can take."""
    wanted: dict[str, float] = {}
    lacking: dict[str, float] = {}
    for one in taken:
        measure = one.measure
        rows, gap = bond_gap(world, measure)
        whole = float(gap.sum())
        for name, lacks in zip(rows["project"], gap, strict=True):
            part = min(measure.action.amount_yi, whole) * lacks / whole if whole > 0 else 0.0
            wanted[str(name)] = wanted.get(str(name), 0.0) + part
            lacking[str(name)] = float(lacks)
    return {name: min(1.0, lacking[name] / amount) if amount > 0 else 1.0 for name, amount in wanted.items()}


def _bond(world: World, assumptions: Assumptions, measure: Measure) -> list[LedgerPart]:
    return [_issued(world, assumptions, measure)]


def _bonds(world: World, assumptions: Assumptions, taken: Sequence[Taken]) -> Impulse:
    """Several issues that fund the same projects fill what each lacks once."""
    if len(taken) == 1:
        return by_rows(world, assumptions, taken)
    cut = _cuts(world, taken)
    parts = [_issued(world, assumptions, one.measure, cut) for one in taken]
    return total(
        [Impulse(money=p.money()).scaled(one.measure.additionality) for p, one in zip(parts, taken, strict=True)]
    )


def _check(placed: PlacedAction, dataset: Dataset, notes: Notes) -> None:
    need_base(placed, dataset, FAI, notes)


def _check_started(placed: PlacedAction, dataset: Dataset, notes: Notes, *, starts: bool = False) -> None:
    rows = dataset.ledger.projects.set_index("project", drop=False)
    for k, name in enumerate(placed.action.projects or ()):
        if name in rows.index and rows.loc[name]["started"] in (starts, np.bool_(starts)):
            placed.note(notes, "started_already" if starts else "started_not", "projects", k, value=name)
    _check(placed, dataset, notes)


def _check_start(placed: PlacedAction, dataset: Dataset, notes: Notes) -> None:
    _check_started(placed, dataset, notes, starts=True)


def _delayed_twice(actions: Sequence[PlacedAction], dataset: Dataset, notes: Notes) -> None:
    """No project is delayed twice."""
    delayed: dict[str, PlacedAction] = {}
    frame = dataset.ledger.projects
    for placed in actions:
        if placed.action.type != DELAY.name:
            continue
        rows = picked(frame, "project", placed.action.projects, placed.action.select, place_names(dataset))
        names = [str(name) for name in frame["project"].iloc[rows]]
        if clash := [name for name in names if name in delayed]:
            other = delayed[clash[0]]
            params = {"value": quoted(", ".join(clash)), "file": other.document.file, "line": other.spot().line}
            placed.note(notes, "delay_clash", params=params)
        delayed |= {name: placed for name in names if name not in delayed}


def _has_started(row: LedgerRow) -> bool:
    return row["started"] is not False


def _not_started(row: LedgerRow) -> bool:
    return row["started"] is False


LEDGER: Final = LedgerOf(table="projects", key="project", ids="projects")
COUPLED: Final = ("construction_share", "correlation")
"""Coefficients that investment goes through."""
AGAINST_USUAL: Final = ("construction_share", "usual_completion", "correlation")
"""The same, for what is measured against the usual completion."""
ADDITIONALITY_OF_PROJECTS: Final = 0.5

COMPLETE: Final = ActionType(
    name="project_complete",
    model=ProjectComplete,
    ledger=LEDGER,
    additionality=ADDITIONALITY_OF_PROJECTS,
    check=_check_started,
    parts=_complete,
    assumptions=AGAINST_USUAL,
    editor=Editor(
        columns={"month": "month", "prob_pct": "prob", "level_pct": "ratio"}, able=_has_started, level=lambda _: 1.0
    ),
    lever=Family.COMPLETE,
)
ADVANCE: Final = ActionType(
    name="project_advance",
    model=ProjectAdvance,
    ledger=LEDGER,
    additionality=ADDITIONALITY_OF_PROJECTS,
    check=_check_started,
    parts=_advance,
    assumptions=COUPLED,
    editor=Editor(
        columns={"month": "month", "prob_pct": "prob", "months": "months"}, able=_has_started, required=("months",)
    ),
    lever=Family.ADVANCE,
    use="months",
)
DELAY: Final = ActionType(
    name="project_delay",
    model=ProjectDelay,
    ledger=LEDGER,
    additionality=ADDITIONALITY_OF_PROJECTS,
    check=_check,
    among=_delayed_twice,
    parts=_delay,
    overlaps=nothing_shared,
    assumptions=AGAINST_USUAL,
    editor=Editor(
        columns={"month": "month", "prob_pct": "prob", "months": "months"},
        able=_has_started,
        required=("month", "months"),
    ),
)
START: Final = ActionType(
    name="project_start",
    model=ProjectStart,
    ledger=LEDGER,
    additionality=ADDITIONALITY_OF_PROJECTS,
    check=_check_start,
    parts=_start,
    assumptions=COUPLED,
    editor=Editor(
        columns={"month": "month", "prob_pct": "prob", "delay_months": "delay"},
        able=_not_started,
        month_of="start_plan",
        prob_of="completion_prob",
        prob=DEFAULT_START_PROB,
    ),
    lever=Family.START,
)
BOND: Final = ActionType(
    name="bond_issue",
    model=BondIssue,
    ledger=LEDGER,
    additionality=ADDITIONALITY_OF_PROJECTS,
    check=_check,
    parts=_bond,
    impulse=_bonds,
    assumptions=COUPLED,
    lever=Family.BOND,
    use="amount_yi",
)
TYPES: Final = (COMPLETE, ADVANCE, DELAY, START, BOND)
