"""What projects and bonds bring, against amounts worked out from the ledger by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from forecast.scenario.actions.projects import usual_ratio
from forecast.scenario.effects import Evaluator
from tests import scenario_world as sw

ONE = sw.world(sd_pct=0.0)
EXACT = {"prob": 1.0, "spread": 0.0, "delivery": 1.0, "additionality": 1.0}


def lift(action) -> np.ndarray:
    """Investment added, 亿元."""
    return sw.change(ONE, "fai", "ankang", action) * 80.0


def test_the_usual_ratio_is_the_ledgers_else_the_stated_one():
    assert np.allclose(usual_ratio(sw.ledger().projects, 0.85), [0.8, 0.9, 0.85, 0.6, 0.85])


def test_completion_adds_what_is_short_of_the_plan_of_projects_in_the_library():
    action = {"type": "project_complete", "select": {"started": True}, "month": "2020-10", **EXACT}
    assert np.allclose(lift(action), 1.8 * 0.2 + 1.2 * 0.1)
    assert np.allclose(lift({**action, "month": "2020-12"}), 0.5 * 0.2 + 0.3 * 0.1)
    assert np.allclose(lift({**action, "ratio": 0.7}), 0.0)


def test_an_advance_brings_months_of_later_years_forward_but_no_more_than_is_left():
    action = {"type": "project_advance", "projects": ["p1"], "months": 2, **EXACT}
    assert np.allclose(lift(action), 2 * (0.6 + 0.7 + 0.5) / 3)
    assert np.allclose(lift({**action, "months": 12}), 20 * 0.4 - 2.3)


def test_a_delay_moves_plans_back_and_loses_what_passes_december():
    action = {"type": "project_delay", "projects": ["p1"], "months": 1, "month": "2020-10", "additionality": 1.0}
    assert np.allclose(lift(action), -0.8 * 0.5)
    after = sw.evaluated(ONE, action).indicators["fai"].growth.sel(unit="ankang").to_numpy()
    before = ONE.paths.indicators["fai"].growth.sel(unit="ankang").to_numpy()
    october, november = ((after - before)[:, k] * w * 80 for k, w in ((8, 0.087), (9, 0.092)))
    assert np.allclose(october, -0.8 * 0.6)
    assert np.allclose(november, 0.8 * (0.6 - 0.7))


@pytest.mark.parametrize("lag", [0, 1, 2, 3])
def test_a_start_follows_the_s_curve_and_the_lag_only_moves_it(lag):
    action = {"type": "project_start", "projects": ["p4"], "month": "2020-10", "duration": 6, "delay": [1.0], **EXACT}
    steps = np.diff(stats.beta(2, 2.5).cdf(np.arange(4) / 6))
    done = 9.0 * steps * np.array([1.0, 1.0, 0.8 * 1.2])
    assert np.allclose(lift({**action, "library_lag": lag}), done.sum() if lag < 3 else 0.0)
    after = sw.evaluated(ONE, {**action, "library_lag": lag}).indicators["fai"].growth.sel(unit="ankang").to_numpy()
    moved = (after - ONE.paths.indicators["fai"].growth.sel(unit="ankang").to_numpy())[:, 8:]
    assert np.allclose(moved[:, :lag], 0.0)


def test_bonds_are_spent_by_what_projects_lack_in_the_months_after_they_came():
    action = {"type": "bond_issue", "select": {"started": True}, "amount_yi": 2.0, "month": "2020-11", **EXACT}
    action |= {"disburse": [0.5, 0.2, 0.3]}
    assert np.allclose(lift(action), 2.0 * 0.7)
    evaluator = Evaluator(world=ONE, scenario=sw.scenario(ONE, action))
    part = evaluator.parts(evaluator.scenario.actions[0])[0]
    assert part.entities == ("p1", "p2")
    lack = np.array([20 * 0.4 * 0.5, 10 * 0.3 * 0.1])
    assert np.allclose(part.amount[0].sum(axis=1), 1.4 * lack / lack.sum())


def test_more_bonds_than_projects_lack_do_nothing_more():
    action = {
        "type": "bond_issue",
        "projects": ["p2"],
        "amount_yi": 50.0,
        "month": "2020-10",
        "disburse": [1.0],
        **EXACT,
    }
    assert np.allclose(lift(action), 10 * 0.3 * 0.1)


def test_investment_reaches_gdp_through_construction():
    sure = {"construction_share": {"mean": 0.5, "sd": 0.0}, "elasticities": {"construction": {"mean": 0.9, "sd": 0.0}}}
    action = {"type": "project_complete", "projects": ["p1"], **EXACT}
    added = 1.8 * 0.2
    gdp = sw.change(ONE, "gdp", "ankang", action, assumptions=sure)
    fourth = added * 0.5 / (25.0 * 0.29)
    assert np.allclose(gdp, 0.29 * 0.15 * 0.9 * fourth)
    assert np.allclose(sw.change(ONE, "gdp", "shaanxi", action, assumptions=sure), 0.05 * gdp)


def test_an_issue_comes_or_does_not_for_all_its_projects_at_once():
    action = {"type": "bond_issue", "projects": ["p1", "p2"], "amount_yi": 2.0, "month": "2020-10", **EXACT}
    drawn = lift({**action, "prob": 0.5, "disburse": [1.0]})
    assert set(np.round(drawn, 6)) == {0.0, 2.0}
    assert abs(float((drawn > 0).mean()) - 0.5) < 4 * 0.5 / 20
