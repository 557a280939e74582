"""What comes of a plan: for every wish, every target and every lever.

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
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from forecast.answers.chances import Case, Ends, Status, outcome
from forecast.plan.levers import Lever, merged
from forecast.scenario.effects import World
from forecast.scenario.reader import Scenario, scenario_of
from forecast.texts import t

if TYPE_CHECKING:
    from forecast.plan.result import Makeup
from typing import Final

import numpy as np

from forecast.answers.benchmark import Province
from forecast.answers.evidence import Published
from forecast.dims import Floats, from_percent, to_percent
from forecast.plan.ahead import ahead, history_of
from forecast.plan.problem import TRAIN, Posed, ends_under, fresh_world, slack_of, value_error
from forecast.plan.request import finite
from forecast.plan.result import CaseResult, Limit, PlanRow, WishResult
from forecast.plan.sectors import feasible
from forecast.plan.wishes import Wish, distance, gain, value

TENTH: Final = 0.1
"""Part of a cap that marginal gains are given for."""
LEAST_EFFORT: Final = 1e-9


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
    return WishResult(
        wish=wish,
        names=tuple(next(c.name_zh for c in cases if c.key == key) for key in wish.keys),
        status=Status.ALREADY_MET if start <= 0.0 else Status.SOLVED if away <= 0.0 else Status.UNREACHABLE,
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
        remaining_yi=_money(posed, wish, left),
    )


def _money(posed: Posed, wish: Wish, away: float) -> float | None:
    """A distance of a single target as 亿元 of the unit's own level: the city moves the province as well."""
    if len(wish.keys) != 1:
        return None
    case = next(c for c in posed.cases if c.key == wish.keys[0])
    base = posed.world.base_yi(case.target.unit, case.target.indicator)
    if base is None:
        return None
    share = posed.world.share(case.target.unit, case.target.indicator) if isinstance(case.held, Province) else None
    return away * float(base.mean()) / (1.0 - (float(share.mean()) if share is not None else 0.0))


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
