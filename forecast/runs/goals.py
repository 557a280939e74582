"""What every report asks of a run: its goals, the three plans, and the monthly paths that plans need.

Invariant: a goal that is no target is judged by the rules of the others; a plan is the one that ``dabiao makeup`` finds
for the same wish (held by ``tests/test_session.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from forecast.answers.chances import Case, Criterion
from forecast.answers.evidence import Published
from forecast.answers.judgement import Row, judge
from forecast.data.target import Target, TargetKind
from forecast.dims import brief
from forecast.plan.path import Demand, RequiredPath
from forecast.plan.request import MakeupRequest, default_wish
from forecast.plan.result import Makeup
from forecast.runs.run import Run
from forecast.runs.session import Session

DEMANDS: Final[Mapping[str, Demand]] = {
    "floor": Demand(criterion=Criterion.NEAR, probability=0.5),
    "strive": Demand(criterion=Criterion.NEAR, probability=0.7),
    "sprint": Demand(criterion=Criterion.REACH, probability=0.5),
}
"""What the three plans are for: 保底, 争取, 冲刺."""
PATHS: Final = ("floor", "sprint")
"""Plans whose monthly paths are printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOf:
    """One of the three plans, solved.

    name : floor, strive or sprint
    """

    name: str
    demand: Demand
    makeup: Makeup

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True)
class Goals:
    """All that one indicator of the city is held against.

    average : against the province's average; None where that is no target
    plan : against the year's plan; None where none was set
    positive : against growth above zero; judged by the same rules although no target asks for it
    """

    average: Row | None
    plan: Row | None
    positive: Row

    __repr__ = brief

    @property
    def main(self) -> Row:
        """The one that is reported first."""
        return self.average or self.plan or self.positive


def goals(run: Run) -> tuple[Goals, ...]:
    """The city's indicators with a target of any kind."""
    city, panel = run.dataset.config.city, run.dataset.panel
    published = Published.of(panel, run.paths.as_of, run.paths.target_year)
    rows = {(r.target.indicator, r.target.kind): r for r in run.attainment.rows if r.target.unit == city}
    found = []
    for name in dict.fromkeys(indicator for indicator, _ in rows):
        average, plan = rows.get((name, TargetKind.PROVINCE_AVERAGE)), rows.get((name, TargetKind.PLAN))
        first = average or plan or next(row for (one, _), row in rows.items() if one == name)
        positive = rows.get((name, TargetKind.POSITIVE_GROWTH))
        if positive is None:
            wanted = _positive(first.target)
            positive = judge(wanted, run.paths, published=published, config=run.dataset.config).row
        found.append(Goals(average=average, plan=plan, positive=positive))
    return tuple(found)


def _positive(like: Target) -> Target:
    return Target(
        unit=like.unit,
        indicator=like.indicator,
        kind=TargetKind.POSITIVE_GROWTH,
        value=None,
        tolerance_pp=0.0,
        assessed=False,
        light_rule=like.light_rule,
        source="",
    )


def plans(session: Session) -> tuple[PlanOf, ...]:
    """The three plans, each the least effort for its wish; none where nothing can be judged."""
    wish = default_wish(session.cases, city=session.world.city)
    if wish is None:
        return ()
    found = []
    for name, demand in DEMANDS.items():
        wanted = replace(wish, criterion=demand.criterion, level=demand.probability)
        request = MakeupRequest(wishes=(wanted,), points=0, again=False)
        found.append(PlanOf(name=name, demand=demand, makeup=session.plan(request)))
    return tuple(found)


def paths(session: Session) -> dict[str, tuple[RequiredPath, ...]]:
    """Monthly paths of the city's indicators against the province's average."""
    city = session.world.city

    def mine(case: Case) -> bool:
        return case.target.kind is TargetKind.PROVINCE_AVERAGE and case.target.unit == city

    return {name: session.required([DEMANDS[name]], wanted=mine, below=False) for name in PATHS}
