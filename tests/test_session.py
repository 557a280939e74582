"""One object under notebook, command and page: whatever is asked of it rests on the draws of its run."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from forecast.answers.chances import Criterion
from forecast.answers.evidence import Published
from forecast.answers.judgement import judge
from forecast.data.target import TargetKind
from forecast.errors import UsageError
from forecast.plan.request import MakeupRequest, default_wish
from forecast.runs.session import DEMANDS, Session, Wanted, goals, paths, plans
from forecast.scenario.drafting import Draft
from forecast.tables.dossier import gather
from forecast.tasks.allocation import parse_hold
from tests import assignment_run as ar


@cache
def session() -> Session:
    return Session(ar.finished())


def test_the_baseline_of_a_session_is_that_of_its_run():
    rows = {(r.target.indicator, r.target.unit, r.target.kind.value): r for r in session().run.attainment.rows}
    outcomes = session().baseline.outcomes
    assert outcomes
    for one in outcomes:
        assert one.p_near == rows[one.case.key].p_near
        assert one.p_reach == rows[one.case.key].p_reach


def test_what_was_asked_once_is_not_worked_out_again():
    wish = default_wish(session().cases, city="ankang")
    assert wish is not None
    request = MakeupRequest(wishes=(wish,), points=0, again=False)
    assert session().plan(request) is session().plan(replace(request))
    assert session().plan(replace(request, budget=0.5)) is not session().plan(request)
    wanted = Wanted(indicators=("fai",))
    assert session().assignments(wanted) is session().assignments(replace(wanted))
    held = replace(wanted, holds=(parse_hold("hanbin:2020-11=0.2"),))
    assert session().assignments(held) is not session().assignments(wanted)


def test_scenarios_have_the_same_numbers_whichever_way_they_are_asked_for():
    actions = (
        {
            "id": "push",
            "type": "county_push",
            "unit": "hanbin",
            "indicator": "fai",
            "month": "2020-11",
            "effect_pp": 5.0,
        },
    )
    scenario = session().scenario(Draft(name="x", title="x", dataset="", actions=actions))
    _, result = session().evaluate([scenario])
    study = session().compared([scenario, scenario])
    assert [one.scenario.name for one in study.comparison.results if one.scenario] == ["x"]
    assert [o.p_near for o in result.outcomes] == [o.p_near for o in study.comparison.results[0].outcomes]
    assert session().contributions(scenario) == study.contributions["x"]


def test_draws_are_those_of_the_run():
    draws = session().draws("fai")
    assert draws.dims == ("draw", "unit", "period")
    assert draws is session().run.paths.indicators["fai"].cum_yoy
    with pytest.raises(UsageError, match="no_such"):
        session().draws("no_such")


def test_an_outcome_that_is_sure_changes_nothing_and_one_that_is_not_is_answered_once():
    low = float(np.floor(100 * session().draws("fai").sel(unit="shaanxi").isel(period=-1).min()) - 1)
    found = session().explored(f"fai.shaanxi>={low:g}")
    assert [o.p_near for o in found.before] == [o.p_near for o in found.after]
    assert session().explored(f"fai.shaanxi>={low:g}") is found


def test_indicators_of_the_assessment_are_counted_once():
    targets = session().dataset.targets
    mine = {t.indicator for t in targets if t.unit == "ankang" and t.assessed and t.kind is TargetKind.PROVINCE_AVERAGE}
    assert session().assessed == len(mine)


def test_a_goal_that_is_no_target_is_judged_by_the_rules_of_the_others():
    run = session().run
    for goal in goals(run):
        assert goal.positive.target.kind is TargetKind.POSITIVE_GROWTH
        again = judge(goal.positive.target, run.paths, published=published(run), config=run.dataset.config).row
        assert again.p_reach == goal.positive.p_reach


def published(run):
    return Published.of(run.dataset.panel, run.paths.as_of, run.paths.target_year)


def test_reports_carry_the_plans_and_paths_of_the_session():
    dossier = gather(session())
    assert [one.name for one in dossier.plans] == list(DEMANDS)
    for mine, again in zip(dossier.plans, plans(session()), strict=True):
        assert mine.makeup is again.makeup
        assert mine.makeup.wishes[0].wish.level == mine.demand.probability
    assert dossier.assigned is session().assignments()
    for name, found in paths(session()).items():
        assert [one.case.key for one in found] == [one.case.key for one in dossier.paths[name]]
        assert all(one.demand == DEMANDS[name] for one in found)
    assert DEMANDS["sprint"].criterion is Criterion.REACH


def test_paths_are_of_the_targets_that_are_wanted():
    only = session().required(wanted=lambda case: case.target.indicator == "fai")
    assert {one.case.target.indicator for one in only} == {"fai"}
    assert len(session().required()) == 3 * len([c for c in session().cases if c.target.unit == "ankang"])
