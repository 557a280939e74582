"""The make-up solver: least effort that reaches wishes, and everything that is said of the plan.

Invariant: the same world and request give the same plan, and its probabilities are those of its scenario
(held by ``tests/test_makeup.py``).
"""

from __future__ import annotations

from collections.abc import Sequence

from forecast.answers.chances import Case, Status
from forecast.plan.alternatives import changes, fair_plan, frontier
from forecast.plan.outcome import case_results, plan_rows, plan_scenario, wish_results
from forecast.plan.problem import Posed, ends_under
from forecast.plan.request import MakeupRequest
from forecast.plan.result import Makeup, PlanStatus, Side, WishResult
from forecast.plan.sectors import sector_rows
from forecast.scenario.effects import World


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
    plan, adopted = plan_scenario(posed.worth.levers, posed.uses(found.use), world, base=request.scenario)
    acting = adopted if adopted.actions else None
    after = ends_under(world, acting, posed.cases)
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
        changes=changes(posed, found),
        burdens=posed.burdens(found.use),
        fair=fair_plan(posed, found),
        effort=found.effort,
        full_effort=posed.problem.columns.effort(posed.full),
        help_ceiling_pp=sum(s.ceiling_pp for s in sectors if s.side is Side.HELP),
        make_up_ceiling_pp=sum(s.ceiling_pp for s in sectors if s.side is Side.MAKE_UP),
        scenario=plan,
        adopted=adopted,
        synthetic=world.dataset.config.synthetic or any(row.lever.synthetic for row in rows if row.use > 0.0),
    )


def _worst(wishes: Sequence[WishResult]) -> PlanStatus:
    order: tuple[PlanStatus, ...] = (Status.UNREACHABLE, Status.SOLVED)
    return next((s for s in order if any(w.status is s for w in wishes)), Status.ALREADY_MET)
