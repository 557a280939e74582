"""The make-up solver: least effort that reaches wishes, and everything that is said of the plan.

Invariant: the same world and request give the same plan, and its probabilities are those of its scenario
(held by ``tests/test_makeup.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from forecast.answers.chances import Case, Ends, Status
from forecast.dims import Floats
from forecast.plan.alternatives import changes, fair_plan, frontier
from forecast.plan.outcome import case_results, plan_rows, plan_scenario, wish_results
from forecast.plan.problem import ROUNDING, Posed, ends_under
from forecast.plan.request import MakeupRequest
from forecast.plan.result import Makeup, PlanStatus, Side, WishResult
from forecast.plan.sectors import sector_rows
from forecast.scenario.effects import Evaluator, World
from forecast.scenario.reader import Scenario

AGAIN: Final = 3
"""Times that a plan which misses a wish by the rounding of its benchmark is solved again, to bring that much more."""


def makeup(world: World, judged: Sequence[Case], request: MakeupRequest) -> Makeup:
    """Least effort that reaches the wishes, verified; or the best that can be done and what stays open.

    Parameters
    ----------
    world : baseline draws with GDP pooled (``session.Session.world``)
    judged : targets that can be judged (``compare.cases``)
    request : wishes (``parse_wishes``), levers, budget, fairness, scenario adopted already

    Returns
    -------
    Makeup. Nothing is random here: draws come from the world, deliveries from streams keyed by its seed.
    """
    posed = Posed.of(world, judged, request)
    found, cut_short = posed.plan(posed.problem.columns, budget=request.budget, fair=request.fair)
    plan, adopted, after = _verified(posed, found.use)
    for _ in range(AGAIN):
        short = np.zeros(0) if cut_short else posed.short(after)
        if not short.any():
            break
        posed = Posed.of(world, judged, request, margin=posed.margin + short + ROUNDING * (short > 0.0))
        columns = posed.problem.columns
        found, cut_short = posed.plan(columns, budget=request.budget, fair=request.fair, near=found.use)
        plan, adopted, after = _verified(posed, found.use)
    least = found
    even = found if request.fair or cut_short else posed.even(found)
    if even is not least:
        verified = _verified(posed, even.use)
        if not posed.short(verified[2]).any():
            found, (plan, adopted, after) = even, verified
    acting = adopted if adopted.actions else None
    rows = plan_rows(posed, found.use)
    wishes = wish_results(posed, after, acting, cut_short=cut_short)
    sectors = sector_rows(world, posed.worth, found.use, posed.full, posed.cases)
    return Makeup(
        request=request,
        status=_worst(wishes),
        wishes=wishes,
        cases=case_results(posed, after),
        rows=rows,
        sectors=sectors,
        frontier=frontier(posed),
        changes=changes(posed, least),
        burdens=posed.burdens(found.use),
        fair=fair_plan(posed, least),
        effort=found.effort,
        least_effort=least.effort,
        capped_pp=_capped_pp(world, acting) - _capped_pp(world, request.scenario),
        even=found is not least,
        full_effort=posed.problem.columns.effort(posed.full),
        help_ceiling_pp=sum(s.ceiling_pp for s in sectors if s.side is Side.HELP),
        make_up_ceiling_pp=sum(s.ceiling_pp for s in sectors if s.side is Side.MAKE_UP),
        scenario=plan,
        adopted=adopted,
        synthetic=world.dataset.config.synthetic or any(row.lever.synthetic for row in rows if row.use > 0.0),
    )


def _verified(posed: Posed, use: Floats) -> tuple[Scenario, Scenario, Ends]:
    """A plan as a scenario, with what was adopted already, and the year ends under it, through the same machinery."""
    plan, adopted = plan_scenario(posed.worth.levers, posed.uses(use), posed.world, base=posed.request.scenario)
    return plan, adopted, ends_under(posed.world, adopted if adopted.actions else None, posed.cases)


def _capped_pp(world: World, scenario: Scenario | None) -> float:
    """Points of the city's GDP that caps of industries take from the sum of a scenario's actions."""
    return 0.0 if scenario is None else Evaluator(world=world, scenario=scenario).cut_pp()


def _worst(wishes: Sequence[WishResult]) -> PlanStatus:
    order: tuple[PlanStatus, ...] = (Status.UNREACHABLE, Status.SOLVED)
    return next((s for s in order if any(w.status is s for w in wishes)), Status.ALREADY_MET)
