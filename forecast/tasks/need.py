"""The one need: growth that the periods a decision can still affect must have on top of the forecast, and its money.

Paths, breakdowns, tasks, plans and papers print what is said here, so that net money (新增) is one number.

Invariant: with the uplift named the wished probability is there as it is printed, and with less it is not
(held by ``tests/test_breakdown.py``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from forecast.answers.chances import Case, Criterion, Ends, Status, ends, least_move, median_pp
from forecast.answers.evidence import Evidence
from forecast.data.ledger import Assumptions
from forecast.data.target import TargetKind
from forecast.dims import DRAW, PERIOD, UNIT, WAN_PER_YI, Floats, brief, to_percent
from forecast.draws.paths import first_actionable, first_open
from forecast.periods import Month
from forecast.scenario.actions.enterprises import RESTART
from forecast.scenario.actions.projects import COMPLETE
from forecast.scenario.effects import to_date, year_ends
from forecast.scenario.world import World

ADDITIONALITY_OF: Final = {
    "fai": COMPLETE.additionality,
    "ind_va": RESTART.additionality,
    "ind_output": RESTART.additionality,
}
"""Part of the work on ledger rows that is new against the forecast, by indicator; 1 for every other one."""
LEAST_VALUE_ADDED: Final = 0.1
"""Growth of value added per growth of output below which a draw of the coefficient says nothing of a need."""


type NeedStatus = Literal[
    Status.NEEDED, Status.ALREADY_MET, Status.NOT_JUDGED, Status.NO_BASE, Status.UNREACHABLE, Status.NOT_ACTIONABLE
]
"""Whether an amount can be named, and if not, why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a wish asks for on top of the forecast: growth of the periods that a decision can still affect.

    wish : probability wished, fraction; p_now : without any task; p_then : with it, None where it cannot be named
    uplift_pp : points by which growth of these periods lies above its forecast, 0 where the wish is met already
    required_pct : growth that they must average at mean weights, percent: the forecast's and the uplift
    first, periods : the first of them, and their number
    growth_pp : growth of the city that this adds to the year, points (mean weight)
    level_yi : the same in money of the indicator's own level, net of what is forecast (新增), 亿元
    effect_yi : the same as work that tasks are counted in (output of industry, else the level itself), whole 万元;
        tasks on ledger rows are ``effect / additionality`` (应安排)
    base_yi : mean base level of the work, 亿元
    evidence : of the target, at whose step its probabilities are printed
    """

    indicator: str
    status: NeedStatus
    criterion: Criterion = Criterion.NEAR
    wish: float = 0.5
    kind: TargetKind = TargetKind.PROVINCE_AVERAGE
    p_now: float | None = None
    p_then: float | None = None
    gap_pp: float | None = None
    uplift_pp: float | None = None
    required_pct: float | None = None
    first: Month | None = None
    periods: int = 0
    growth_pp: float | None = None
    level_yi: float | None = None
    effect_yi: float | None = None
    base_yi: float | None = None
    additionality: float = 1.0
    evidence: Evidence = Evidence.THIN

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lift:
    """A target of the city, and how growth of the periods that a decision can still affect moves it.

    labels : last month of every period until it is due; open_from, start : positions of the first open one, and of
        the first of these
    growth, weight : (draw, period), growth of single periods and base weights of the year, fractions
    to_date : share of the year's base in these periods, (draw,); 1 at the year's end
    share : (draw,), the city's share of the province that moves with it; None where it moves nothing
    """

    world: World
    case: Case
    labels: tuple[Month, ...]
    open_from: int
    start: int
    growth: Floats
    weight: Floats
    to_date: Floats | float
    share: Floats | None
    now: Ends

    @classmethod
    def of(cls, world: World, case: Case, *, now: Ends | None = None) -> Lift:
        """A target on the draws of a world.

        Parameters
        ----------
        now : where the year ends without it, of that one case (under a plan); None: as drawn
        """
        indicator, unit = case.target.indicator, case.target.unit
        one = world.paths.indicators[indicator]
        last = case.period % one.cum_yoy.sizes[PERIOD]
        labels = [str(label) for label in one.cum_yoy[PERIOD].values[: last + 1]]
        weight = world.weight(indicator, unit)
        open_from = first_open(one.published.sel({UNIT: unit}).transpose(PERIOD).to_numpy()[: last + 1])
        average = case.target.kind is TargetKind.PROVINCE_AVERAGE
        return cls(
            world=world,
            case=case,
            labels=tuple(Month.parse(label) for label in labels),
            open_from=open_from,
            start=first_actionable(labels, open_from=open_from, action=world.dataset.config.first_action_month),
            growth=one.growth.sel({UNIT: unit}).transpose(DRAW, PERIOD).to_numpy()[:, : last + 1],
            weight=weight[:, : last + 1],
            to_date=to_date(weight, last),
            share=world.share(unit, indicator) if average else None,
            now=now or ends_of(world, case),
        )

    @property
    def own(self) -> Floats:
        """What a uniform uplift of 1 adds to the unit's growth to date when it is due, (draw,)."""
        return np.asarray(self.part / self.to_date)

    @property
    def part(self) -> Floats:
        """Share of the year's base in the periods that can be affected, (draw,)."""
        return np.asarray(self.weight[:, self.start :].sum(axis=1))

    @property
    def goal(self) -> Floats:
        """What it adds to the benchmark, (draw,): the city is part of the province."""
        return np.zeros(self.world.draws) if self.share is None else self.own * self.share

    def least(self, criterion: Criterion, probability: float) -> float:
        """Least uplift with which the target is attained with a probability, fraction; see ``least_move``."""
        return least_move(self.now, 0, criterion, probability=probability, own=self.own, goal=self.goal)

    def chance(self, size: float, criterion: Criterion) -> float:
        """Probability with an uplift of so much, fraction."""
        return self.now.moved(0, own=size * self.own, goal=size * self.goal).chance(0, criterion)

    def average_pct(self, size: float) -> float:
        """Growth that the printed months (medians) average at mean weights with an uplift of so much, percent."""
        weight = self.weight[:, self.start :].mean(axis=0)
        growth = np.median(self.growth[:, self.start :], axis=0)
        return to_percent(float(weight @ (growth + size) / weight.sum()))


def case_of(
    cases: Sequence[Case], indicator: str, unit: str, kind: TargetKind = TargetKind.PROVINCE_AVERAGE
) -> Case | None:
    """The judged target of an indicator of a unit; None where it was not judged."""
    return next((case for case in cases if case.key == (indicator, unit, kind.value)), None)


def _base(world: World, indicator: str) -> Floats | None:
    return world.base_yi(world.city, "ind_output" if indicator in ("ind_va", "ind_output") else indicator)


def growth_per_yi(lift: Lift, assumptions: Assumptions | None = None) -> tuple[Floats, Floats] | None:
    """What 1 亿元 of new work adds to growth of a target's unit, and to its benchmark's, (draw,) each, fraction.

    Money and growth are one to the other as in the need: all of the work that a need names brings its uplift. The city
    is part of the province: it moves it by its share, unless the target is a constant. None where no base level is
    known, or no period can be acted on.
    """
    per = _work_yi(lift, assumptions)
    if per is None or per <= 0.0:
        return None
    return lift.own / per, lift.goal / per


def _work_yi(lift: Lift, assumptions: Assumptions | None) -> float | None:
    """Work, 亿元, that an uplift of 1 (100 %) of the periods that can be acted on takes, mean over draws."""
    base = _base(lift.world, lift.case.target.indicator)
    if base is None:
        return None
    rate = 1.0 if lift.case.target.indicator != "ind_va" else 1.0 / _value_added(lift.world, assumptions)
    return float((base * lift.part * rate).mean())


def ends_of(world: World, case: Case) -> Ends:
    """Year ends of a target without any task."""
    return ends(year_ends(world.paths), [case])


def need(
    world: World,
    cases: Sequence[Case],
    indicator: str,
    *,
    criterion: Criterion = Criterion.NEAR,
    wish: float = 0.5,
    kind: TargetKind = TargetKind.PROVINCE_AVERAGE,
    assumptions: Assumptions | None = None,
) -> Need:
    """What a wished probability takes: growth of the periods that can still be affected, and the new money it is.

    Notes
    -----
    The uplift is one number, the same in every draw, and the least with which the wished share of draws is attained
    (``least_move``); money is its mean over draws, work rounded up to whole 万元.
    """
    case = case_of(cases, indicator, world.city, kind)
    if case is None:
        additionality = ADDITIONALITY_OF.get(indicator, 1.0)
        return Need(
            indicator=indicator,
            status=Status.NOT_JUDGED,
            criterion=criterion,
            wish=wish,
            kind=kind,
            additionality=additionality,
        )
    return need_of(Lift.of(world, case), criterion=criterion, wish=wish, assumptions=assumptions)


def need_of(lift: Lift, *, criterion: Criterion, wish: float, assumptions: Assumptions | None = None) -> Need:
    """The need of a target whose periods are at hand; see ``need``."""
    world, indicator = lift.world, lift.case.target.indicator
    size = lift.least(criterion, wish)
    actionable = lift.start < len(lift.labels)
    told = Need(
        indicator=indicator,
        status=Status.UNREACHABLE if actionable else Status.NOT_ACTIONABLE,
        criterion=criterion,
        wish=wish,
        kind=lift.case.target.kind,
        p_now=lift.now.chance(0, criterion),
        gap_pp=median_pp(lift.now.gap[0]),
        first=lift.labels[lift.start] if actionable else None,
        periods=len(lift.labels) - lift.start,
        additionality=ADDITIONALITY_OF.get(indicator, 1.0),
        evidence=lift.case.evidence,
    )
    if not math.isfinite(size):
        return told
    base, level = _base(world, indicator), world.base_yi(world.city, indicator)
    work = _work_yi(lift, assumptions)
    status: NeedStatus = Status.NEEDED if base is not None else Status.NO_BASE
    return replace(
        told,
        status=Status.ALREADY_MET if size == 0.0 else status,
        p_then=lift.chance(size, criterion),
        uplift_pp=to_percent(size),
        required_pct=lift.average_pct(size) if actionable else None,
        growth_pp=to_percent(size * float(lift.own.mean())),
        level_yi=None if level is None else size * float((level * lift.part).mean()),
        effect_yi=None if work is None else whole_up(size * work),
        base_yi=None if base is None else float(base.mean()),
    )


def _value_added(world: World, assumptions: Assumptions | None) -> Floats:
    """Growth of value added that growth of output brings, (draw,), kept off zero."""
    stated = (assumptions or Assumptions()).value_added_per_output
    return np.maximum(world.coefficient("value_added_per_output", stated), LEAST_VALUE_ADDED)


def whole_up(yi: float) -> float:
    """亿元, rounded up to whole 万元."""
    return max(math.ceil(yi * WAN_PER_YI - 1e-6), 0) / WAN_PER_YI
