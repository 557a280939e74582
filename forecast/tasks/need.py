"""How much must come on top of the forecast for a wished probability: 亿元 of work, from the draws of the gap.

Invariant: with the amount named, and all of it new, the wished share of draws reaches or comes near, and with less it
does not (held by ``tests/test_breakdown.py``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from forecast.answers.chances import Case, Criterion, Ends, Status, ends
from forecast.data.assumptions import Assumptions
from forecast.data.target import TargetKind
from forecast.dims import WAN_PER_YI, Floats, from_percent, to_percent
from forecast.scenario.actions.enterprises import RESTART
from forecast.scenario.actions.projects import COMPLETE
from forecast.scenario.effects import World, year_ends

ADDITIONALITY_OF: Final = {
    "fai": COMPLETE.additionality,
    "ind_va": RESTART.additionality,
    "ind_output": RESTART.additionality,
}
"""Part of the work on ledger rows that is new against the forecast, by indicator; 1 for every other one."""


type NeedStatus = Literal[Status.NEEDED, Status.ALREADY_MET, Status.NOT_JUDGED, Status.NO_BASE]
"""Whether an amount can be named, and if not, why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a wish asks for on top of the forecast.

    wish : probability wished, fraction; p_now : without any task
    growth_pp : growth of the city that must be added to the year, points (mean base)
    effect_yi : money that must be new against the forecast, 亿元; tasks on ledger rows are ``effect / additionality``
    base_yi : mean base level that turns points into money, 亿元
    """

    indicator: str
    status: NeedStatus
    criterion: Criterion = Criterion.NEAR
    wish: float = 0.5
    kind: TargetKind = TargetKind.PROVINCE_AVERAGE
    p_now: float | None = None
    gap_pp: float | None = None
    growth_pp: float | None = None
    effect_yi: float | None = None
    base_yi: float | None = None
    additionality: float = 1.0


def case_of(
    cases: Sequence[Case], indicator: str, unit: str, kind: TargetKind = TargetKind.PROVINCE_AVERAGE
) -> Case | None:
    """The judged target of an indicator of a unit; None where it was not judged."""
    return next((case for case in cases if case.key == (indicator, unit, kind.value)), None)


def _base(world: World, indicator: str) -> Floats | None:
    return world.base_yi(world.city, "ind_output" if indicator in ("ind_va", "ind_output") else indicator)


def gap_per_yi(world: World, case: Case, assumptions: Assumptions) -> Floats | None:
    """What 1 亿元 of new work adds to the gap of a target, (draw,), fraction; None where no base level is known.

    The city is part of the province: it moves it by its share (``effects.couple``), unless the target is a constant.
    """
    indicator = case.target.indicator
    base = _base(world, indicator)
    if base is None:
        return None
    points = 1.0 / base
    if indicator == "ind_va":
        points = points * world.coefficient("value_added_per_output", assumptions.value_added_per_output)
    share = world.share(world.city, indicator)
    constant = case.target.kind is not TargetKind.PROVINCE_AVERAGE
    return points if share is None or constant else points * (1.0 - share)


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
    """New money that a wished probability takes.

    Notes
    -----
    A draw needs ``(-gap - tolerance) / gap_per_yi``; the amount is the ``wish`` quantile of that over draws, so that
    the uncertainty of the base level counts. Rounded up to whole 万元.
    """
    stated = assumptions or Assumptions()
    additionality = ADDITIONALITY_OF.get(indicator, 1.0)
    common = {"indicator": indicator, "criterion": criterion, "wish": wish, "kind": kind}
    case = case_of(cases, indicator, world.city, kind)
    if case is None:
        return Need(status=Status.NOT_JUDGED, additionality=additionality, **common)  # type: ignore[arg-type]
    now, per_yi, base = ends_of(world, case), gap_per_yi(world, case, stated), _base(world, indicator)
    gap = now.gap[0]
    told = common | {
        "p_now": now.chance(0, criterion),
        "gap_pp": to_percent(float(gap.mean())),
        "additionality": additionality,
    }
    if per_yi is None or base is None:
        return Need(status=Status.NO_BASE, **told)  # type: ignore[arg-type]
    tolerance = from_percent(case.tolerance_pp(criterion))
    wanted = float(np.quantile((-gap - tolerance) / per_yi, wish, method="inverted_cdf"))
    amount = max(math.ceil(wanted * WAN_PER_YI - 1e-6), 0) / WAN_PER_YI
    growth = to_percent(amount / float(base.mean()))
    status: NeedStatus = Status.NEEDED if amount > 0.0 else Status.ALREADY_MET
    return Need(
        status=status,
        growth_pp=growth,
        effect_yi=amount,
        base_yi=float(base.mean()),
        **told,  # type: ignore[arg-type]
    )
