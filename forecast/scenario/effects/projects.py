"""What projects bring, 亿元 of investment in the statistics.

Against the ledger's baseline: a started project follows its monthly plan at its usual completion ratio, one that has
not started stays so. Only projects in the statistical library count (DOMAIN.md §4).

Invariant: nothing is added before the action's month, nor beyond what a project still has to build
(held by ``tests/test_effects_projects.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd
import scipy.special

from forecast.dims import Floats, from_percent
from forecast.draws.streams import SUCCESS, uniforms
from forecast.periods import Month
from forecast.scenario.checks import picked, place_names
from forecast.scenario.effects.parts import Part, delivery
from forecast.scenario.effects.world import World
from forecast.scenario.reader import Measure, Scenario

FAI: Final = "fai"
S_CURVE: Final = (2.0, 2.5)
"""Shape of the share done against the share of the time passed, a Beta distribution function (DOMAIN.md §4.2)."""
DEFAULT_START_PROB: Final = 0.6
WINTER: Final = (12, 1, 2)
ISSUE: Final = "issue"
"""Entity of an issue of bonds: it comes, or does not, for all its projects at once."""


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
    scenario: Scenario,
    measure: Measure,
    rows: pd.DataFrame,
    amounts: Mapping[int, Floats],
    *,
    prob: float | Floats,
    mean: float = 1.0,
    spread: float = 0.0,
    late: tuple[float, ...] = (1.0,),
) -> Part:
    names = tuple(str(name) for name in rows["project"])
    arrives = delivery(
        seed=world.seed,
        key=measure.key,
        entities=names,
        draws=world.draws,
        correlation=scenario.assumptions.correlation,
        prob=prob,
        mean=mean,
        spread=spread,
        delay=late,
    )
    places = tuple(str(place) for place in rows["county"])
    return Part(indicator=FAI, entities=names, places=places, amount=amounts, delivery=arrives)


def complete(world: World, scenario: Scenario, measure: Measure) -> Part:
    """Projects do more of their monthly plans than they usually do."""
    action = measure.action
    rows = _rows(world, measure, started=True)
    short = np.maximum(action.ratio - usual_ratio(rows, scenario.assumptions.usual_completion), 0.0)
    amount = short[:, None] * plans(world, rows)
    amount[:, : _first(world, action.month)] = 0.0
    return _part(
        world, scenario, measure, rows, {0: amount}, prob=action.prob, mean=action.delivery, spread=action.spread
    )


def advance(world: World, scenario: Scenario, measure: Measure) -> Part:
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
    return _part(
        world, scenario, measure, rows, {0: amount}, prob=action.prob, mean=action.delivery, spread=action.spread
    )


def delay(world: World, scenario: Scenario, measure: Measure) -> Part:
    """Plans of the months ahead move back; what passes December is lost for this year."""
    action = measure.action
    rows = _rows(world, measure, started=True)
    usual = plans(world, rows) * usual_ratio(rows, scenario.assumptions.usual_completion)[:, None]
    first = _first(world, action.month)
    moved = usual.copy()
    moved[:, first:] = 0.0
    for column in range(first, usual.shape[1] - action.months):
        moved[:, column + action.months] += usual[:, column]
    return _part(world, scenario, measure, rows, {0: moved - usual}, prob=action.prob)


def start(world: World, scenario: Scenario, measure: Measure) -> Part:
    """Projects that have not started do: S-curve of the annual plan, seasonal pace, reported once in the library.

    The first report covers what was done since the start, so that the lag shifts investment and does not lose it.
    """
    action, assumptions = measure.action, scenario.assumptions
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
    return _part(
        world,
        scenario,
        measure,
        rows,
        amounts,
        prob=prob,
        mean=action.delivery,
        spread=action.spread,
        late=action.delay,
    )


def _pace(month: int, assumptions: object) -> float:
    winter = assumptions.winter if month in WINTER else 1.0  # type: ignore[attr-defined]
    return float(winter * (assumptions.settlement if month == 12 else 1.0))  # type: ignore[attr-defined]


def bond_gap(world: World, measure: Measure) -> tuple[pd.DataFrame, Floats]:
    """Projects that money can reach, and what each still lacks, (project,), 亿元."""
    rows = _rows(world, measure, started=True)
    funded = from_percent(np.nan_to_num(rows["funded_pct"].to_numpy(dtype=np.float64)))
    return rows, _left(rows) * (1.0 - funded)


def bond(world: World, scenario: Scenario, measure: Measure, cut: Mapping[str, float] | None = None) -> Part:
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
    spent = _part(world, scenario, measure, rows, {0: amount}, prob=1.0, mean=action.delivery, spread=action.spread)
    issue = uniforms(world.seed, measure.key, (ISSUE,), world.draws, scenario.assumptions.correlation)
    came = (issue[SUCCESS] < np.float32(action.prob)).astype(np.float32)
    return replace(spent, delivery=replace(spent.delivery, share=spent.delivery.share * came))
