"""The make-up solver: least effort that reaches wishes, and everything that is said of the plan.

Invariant: the same world and request give the same plan, and its probabilities are those of its scenario
(held by ``tests/test_makeup.py``).

Other plans than the one: at other difficulties, for the least largest burden, and for every part of the way.

Invariant: more effort never buys less (held by ``tests/test_makeup.py``).

What comes of a plan: for every wish, every target and every lever.

Invariant: the chances with the plan are counted on the draws of its scenario, not on sums of levers (held by
``tests/test_makeup.py``).

A plan as a scenario file, so that it can be kept, compared and adopted.

Invariant: the scenario of the file gives the probabilities that the plan was verified with, digit by digit
(held by ``tests/test_makeup.py``).
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from ruamel.yaml import YAML

from forecast.answers.chances import Case, Ends, Status, outcome
from forecast.answers.evidence import Published
from forecast.dims import Floats, from_percent, to_percent
from forecast.plan.candidates import Lever, ahead, history_of, merged
from forecast.plan.problem import ROUNDING, TRAIN, Posed, ends_under, fresh_world, slack_of, value_error
from forecast.plan.program import Columns, Found, search
from forecast.plan.request import Form, MakeupRequest, Wish, distance, finite, gain, value
from forecast.plan.result import (
    CaseResult,
    FrontierPoint,
    Limit,
    Makeup,
    MovedUse,
    PlanChange,
    PlanRow,
    PlanStatus,
    Side,
    Variant,
    WishResult,
    feasible,
    sector_rows,
)
from forecast.scenario.actions import Family
from forecast.scenario.effects import Evaluator
from forecast.scenario.reader import Scenario, scenario_of
from forecast.scenario.world import World
from forecast.tasks.need import Lift, Need, need_of
from forecast.texts import t

if TYPE_CHECKING:
    from forecast.plan.result import Makeup

TENTH: Final = 0.1
"""Part of a cap that marginal gains are given for."""
LEAST_EFFORT: Final = 1e-9
BASES: Final = ("gdp", "fai", "ind_output")
"""Indicators whose levels of last year measures are counted with: industries, projects, firms."""


def wish_results(posed: Posed, after: Ends, adopted: Scenario | None, *, cut_short: bool) -> tuple[WishResult, ...]:
    """The wishes, on the solver's draws, on all and on fresh ones."""
    fresh = ends_under(fresh_world(posed.world), adopted, posed.cases)
    ceiling = posed.values(posed.full)
    return tuple(
        _wish(posed, w, after, fresh, ceiling[w], cut_short=cut_short) for w in range(len(posed.request.wishes))
    )


def _wish(posed: Posed, w: int, after: Ends, fresh: Ends, ceiling: float, *, cut_short: bool) -> WishResult:
    wish, cases, slack = posed.request.wishes[w], posed.cases, slack_of(after, posed.request.wishes[w])
    away = distance(wish, slack)
    left = max(finite(away), 0.0)
    short = Limit.BUDGET if cut_short or posed.most[w] <= 0.0 else Limit.LEVERS
    start = float(posed.start[w] - posed.margin[w])
    counted = bool(np.any(posed.problem.effects[posed.problem.about[w]]))
    open_status: PlanStatus = Status.UNREACHABLE if counted or not _usual(posed) else Status.NO_BASE
    status: PlanStatus = Status.ALREADY_MET if start <= 0.0 else Status.SOLVED if away <= 0.0 else open_status
    return WishResult(
        wish=wish,
        names=tuple(next(c.name_zh for c in cases if c.key == key) for key in wish.keys),
        status=status,
        limit=Limit.NONE if away <= 0.0 else short,
        before=value(wish, slack_of(posed.before, wish)),
        in_sample=value(wish, slack[:, TRAIN]),
        all_draws=value(wish, slack),
        fresh=value(wish, slack_of(fresh, wish)),
        ceiling=ceiling,
        mcse=value_error(after, wish),
        fresh_mcse=value_error(fresh, wish, part=0.5),
        needed_pp=to_percent(max(finite(start), 0.0)),
        remaining_pp=to_percent(left),
        need=_need(posed, wish, posed.before),
        left=_need(posed, wish, after, told=False),
        missing=_missing(posed.world, wish) if status is Status.NO_BASE else (),
    )


def _usual(posed: Posed) -> bool:
    """Whether all families of measures were allowed: leaving some out is the planner's own choice."""
    options = posed.request.options
    return options.families == tuple(Family) and not options.without


def _missing(world: World, wish: Wish) -> tuple[str, ...]:
    """Indicators of the city without last year's level, of those that measures for a wish are counted with."""
    wanted = dict.fromkeys((*(key[0] for key in wish.keys), *BASES))
    return tuple(n for n in wanted if n in world.dataset.panel.indicators and world.base_yi(world.city, n) is None)


def _need(posed: Posed, wish: Wish, now: Ends, *, told: bool = True) -> Need | None:
    """What the wish for a single target still takes where the year ends so: the need of paths and breakdowns.

    told : whether the growth of its months is the forecast's, and so what they must average can be told
    """
    if len(wish.keys) != 1 or wish.form is Form.EXPECTED:
        return None
    at = next(i for i, case in enumerate(posed.cases) if case.key == wish.keys[0])
    lift = Lift.of(posed.world, posed.cases[at], now=now.moved(at, own=0.0))
    found = need_of(lift, criterion=wish.criterion, wish=wish.level)
    return found if told else replace(found, required_pct=None)


def case_results(posed: Posed, after: Ends) -> tuple[CaseResult, ...]:
    """The targets, before and after."""
    world = posed.world
    published = Published.of(world.dataset.panel, world.paths.as_of, world.paths.target_year)
    return tuple(_case(posed, i, case, after, published) for i, case in enumerate(posed.cases))


def _case(posed: Posed, i: int, case: Case, after: Ends, published: Published) -> CaseResult:
    indicator, unit, before = case.target.indicator, case.target.unit, posed.before
    then, now = outcome(after, i, before=before), outcome(before, i)
    planned = to_percent(float((after.own[i] - before.own[i]).mean()))  # what levers bring adds up
    base = posed.world.base_yi(unit, indicator)
    level = None if base is None else float(base.mean())
    left = ahead(posed.world, indicator, unit)
    needed = None if left is None else left.growth_pct + planned / left.weight
    periods = left.periods if left else 0
    asked = needed if planned > 0.0 else None
    history = history_of(asked, published, unit=unit, indicator=indicator, periods=periods)
    return CaseResult(
        case=case,
        p_reach_before=now.p_reach,
        p_reach=then.p_reach,
        p_near_before=now.p_near,
        p_near=then.p_near,
        p_mcse=then.p_mcse,
        gap_before_pp=now.gap_pp,
        gap_pp=then.gap_pp,
        growth_before_pct=now.growth.median_pct,
        growth_pct=then.growth.median_pct,
        gap_change_pp=then.change_gap_pp,
        planned_pp=planned,
        planned_yi=None if level is None else from_percent(planned) * level,
        base_yi=level,
        ceiling_pp=to_percent(float(posed.worth.effects[i].mean(axis=1, dtype=np.float64) @ posed.full)),
        periods=periods,
        ahead_pct=left.growth_pct if left else None,
        required_pct=needed,
        history=history,
        feasibility=feasible(history),
    )


def plan_rows(posed: Posed, use: Floats) -> tuple[PlanRow, ...]:
    """All levers, used or not, with what their next step would bring."""
    gains, bring = _gains(posed, use), posed.worth
    mean = to_percent(bring.effects.mean(axis=2, dtype=np.float64))
    out = []
    for k, lever in enumerate(bring.levers):
        mine = np.flatnonzero(bring.lever == k)
        amount = float(use[mine] @ bring.use[mine])
        better, spent = _next(posed, mine, use, gains)
        out.append(
            PlanRow(
                lever=lever,
                use=round(amount, 6),
                effort=float(posed.problem.columns.cost[mine] @ use[mine] ** 2),
                binding=amount >= lever.cap * (1.0 - 1e-9),
                money_yi=float(bring.money_yi[mine] @ use[mine]),
                gdp_pp=to_percent(float(bring.gdp[mine] @ use[mine])),
                gap_pp={case.key: float(mean[i, mine] @ use[mine]) for i, case in enumerate(posed.cases)},
                gain=better,
                gain_per_effort=better / spent if spent > LEAST_EFFORT else None,
            )
        )
    return tuple(out)


def _gains(posed: Posed, use: Floats) -> Floats:
    """What the first wish that is not met without a plan gains by every column, per unit of its use."""
    w = int(np.argmax(posed.start > 0.0))
    return gain(posed.request.wishes[w], posed.slacks(use)[w], posed.problem.effects[posed.problem.about[w]])


def _next(posed: Posed, mine: np.ndarray, use: Floats, gains: Floats) -> tuple[float, float]:
    """Gain and effort of a lever's next step; at its cap, of the last one."""
    cost = posed.problem.columns.cost
    if not posed.problem.columns.whole[mine[0]]:
        c, now = mine[0], float(use[mine[0]])
        low, high = (now, min(now + TENTH, 1.0)) if now < 1.0 else (1.0 - TENTH, 1.0)
        return float(gains[c] * (high - low)), float(cost[c] * (high**2 - low**2))
    steps = [(0.0, 0.0), *((float(gains[c]), float(cost[c])) for c in mine)]
    at = next((p + 1 for p in range(len(mine)) if use[mine[p]] > 0.0), 0)
    before, after = (steps[at], steps[at + 1]) if at + 1 < len(steps) else (steps[at - 1], steps[at])
    return after[0] - before[0], after[1] - before[1]


PLAN = "makeup-plan"
"""Name of the scenario that a plan becomes."""


def plan_scenario(
    levers: Sequence[Lever], uses: Mapping[str, float], world: World, *, base: Scenario | None
) -> tuple[Scenario, Scenario]:
    """The plan as a scenario, and the base scenario and the plan together."""
    title = t("makeup.scenario_title", "zh")
    plan = scenario_of(PLAN, merged(levers, uses), world.dataset, title=title)
    plan = replace(plan, dataset=world.dataset.config.name)
    if base is None:
        return plan, plan
    plan = replace(plan, assumptions=base.assumptions)
    both = replace(
        plan,
        name=f"{base.name}+{plan.name}",
        title=f"{base.title} + {plan.title}",
        actions=(*base.actions, *plan.actions),
        files=(*base.files, *plan.files),
    )
    return plan, both


def as_scenario(plan: Makeup) -> str:
    """Text of a scenario file; ``base.yaml+plan.yaml`` puts it on top of the scenario that the plan started from."""
    config = plan.scenario
    document: dict[str, Any] = {"name": PLAN, "title": config.title}
    used = [row for row in plan.rows if row.use > 0.0]
    document["description"] = t("makeup.scenario_description", "zh", n=len(used), effort=f"{plan.effort:.2f}")
    if config.dataset:
        document["dataset"] = config.dataset
    stated = config.assumptions.model_dump(mode="json", exclude_defaults=True)
    if stated:
        document["assumptions"] = stated
    document["actions"] = merged([row.lever for row in used], {row.lever.id: row.use for row in used})
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None
    yaml.allow_unicode = True
    yaml.width = 110
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    out = io.StringIO()
    yaml.dump(document, out)
    return out.getvalue()


FACTORS: Final = (0.5, 2.0)
"""Difficulties are guesses: every plan is solved again at half and at double."""
WORTH_SAYING: Final = 0.05
"""Change of a use, as a share of the cap, from which it is said."""
WORTH_CHANGING: Final = 0.01
"""Saving of effort from which another plan is one; below it, two plans are as good as each other."""
LIKELIER: Final = 0.002
"""Gain of a probability from which another plan within a budget is one."""
ALL: Final = "all"


def frontier(posed: Posed) -> tuple[FrontierPoint, ...]:
    """Least effort for every part of the way from nothing to all that can be done for the wishes."""
    points = posed.request.points
    if not points or not np.any(posed.start > posed.most):
        return ()
    out: list[FrontierPoint] = []
    near = posed.problem.least
    for k in range(points + 1):
        part = k / points
        goals = posed.start + part * (posed.most - posed.start)
        found = search(posed.problem, np.where(np.isfinite(goals), goals, 0.0), near=near, loose=True)
        near = found.use
        point = FrontierPoint(progress=part, effort=found.effort, values=posed.values(found.use))
        if not out or point.effort > out[-1].effort:
            out.append(point)
    return tuple(out)


def changes(posed: Posed, found: Found) -> tuple[PlanChange, ...]:
    """The plan at half and at double difficulty of every family, and of all.

    Without a budget the same factor for all changes the effort and nothing else; it is not solved again.
    """
    if not posed.request.again or not np.any(posed.start > 0.0):
        return ()
    family = np.array([posed.worth.levers[k].family.value for k in posed.worth.lever])
    names = [f.value for f in Family if np.any(family == f.value)]
    before, budget, own = posed.uses(found.use), posed.request.budget, posed.problem.columns
    out = []
    for name in [*names, ALL]:
        for factor in FACTORS:
            mine = (family == name) | (name == ALL)
            columns = replace(own, cost=np.where(mine, factor, 1.0) * own.cost)
            if name == ALL and budget is None:
                other = found
            else:
                other, cut_short = posed.plan(columns, budget=budget, fair=posed.request.fair, near=found.use)
                other = found if _as_good(posed, found, other, columns, cut_short=cut_short) else other
            out.append(
                PlanChange(
                    family=name,
                    factor=factor,
                    effort=columns.effort(other.use),
                    moved=_moved(posed, before, posed.uses(other.use)),
                    values=posed.values(other.use),
                )
            )
    return tuple(out)


def _as_good(posed: Posed, found: Found, other: Found, columns: Columns, *, cut_short: bool) -> bool:
    """Whether the plan is as good as another one at other difficulties: as cheap, or within a budget as likely."""
    effort, most = columns.effort(found.use), posed.request.budget
    if not cut_short or most is None:
        return effort <= columns.effort(other.use) * (1.0 + WORTH_CHANGING)
    better = np.array(posed.values(other.use)) - np.array(posed.values(found.use))
    return effort <= most * (1.0 + WORTH_CHANGING) and bool(np.all(better < LIKELIER))


def _moved(posed: Posed, before: Mapping[str, float], after: Mapping[str, float]) -> tuple[MovedUse, ...]:
    cap = {lever.id: lever.cap for lever in posed.worth.levers}
    size = {name: abs(after[name] - use) / cap[name] for name, use in before.items()}
    names = sorted((n for n, s in size.items() if s > WORTH_SAYING), key=lambda n: (-size[n], n))
    return tuple(MovedUse(lever=n, before=before[n], after=after[n]) for n in names)


def fair_plan(posed: Posed, found: Found) -> Variant | None:
    """The plan whose most burdened county or sector carries least; None where there is nothing to spread."""
    if not posed.request.again or not np.any((posed.start > 0.0) & (posed.most <= 0.0)):
        return None
    found, _ = posed.plan(posed.problem.columns, budget=posed.request.budget, fair=True, near=found.use)
    return Variant(
        uses=posed.uses(found.use),
        effort=found.effort,
        burdens=posed.burdens(found.use),
        values=posed.values(found.use),
    )


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
    order: tuple[PlanStatus, ...] = (Status.UNREACHABLE, Status.NO_BASE, Status.SOLVED)
    return next((s for s in order if any(w.status is s for w in wishes)), Status.ALREADY_MET)
