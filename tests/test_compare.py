"""Scenarios side by side: paired differences, who is better, joint attainment."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.answers.chances import Case, Constant, Province
from forecast.answers.evidence import Evidence
from forecast.data.target import TargetKind
from forecast.scenario.contributions import compare, contributions, explain, interactions, p_better, shapley
from forecast.scenario.effects import Evaluator
from tests import handmade
from tests import scenario_world as sw

ONE = sw.world(draws=1000)


def case(indicator, kind=TargetKind.PROVINCE_AVERAGE, value=None):
    target = handmade.target(indicator, kind=kind, value=value)
    held = Province("shaanxi") if kind is TargetKind.PROVINCE_AVERAGE else Constant(float(value or 0.0))
    return Case(target=target, name_zh=indicator, held=held, evidence=Evidence.AMPLE, ess=1000.0)


CASES = (*(case(name) for name in ("gdp", "ind_va", "fai", "retail")), case("fai", TargetKind.PLAN, 1.0))
LEVERS = [a for a in sw.every_action() if a["type"] not in ("benchmark_path", "base_revision", "price_shift")]
UP = {"type": "county_push", "unit": "ankang", "indicator": "fai", "effect_pp": 20, "month": "2020-10"}


def named(name, *actions):
    from forecast.scenario.reader import scenario_of

    return scenario_of(name, actions, ONE.dataset)


def test_a_scenario_without_actions_differs_by_exactly_nothing():
    found = compare(ONE, [named("nothing")], CASES, assessed=4).results[0]
    assert found.paths() is ONE.paths
    for o in found.outcomes:
        assert (o.change_gap_pp, o.change_reach, o.change_near, o.change_mcse, o.p_better) == (0, 0, 0, 0, 0.5)


def test_changes_are_differences_of_what_is_shown():
    found = compare(ONE, [named("up", UP)], CASES, assessed=4)
    for before, after in zip(found.baseline.outcomes, found.results[0].outcomes, strict=True):
        assert after.change_reach == pytest.approx(after.p_reach - before.p_reach)
        assert after.change_near == pytest.approx(after.p_near - before.p_near)
        assert after.change_gap_pp == pytest.approx(after.gap_pp - before.gap_pp)
        assert after.change_growth_pp == pytest.approx(after.growth.median_pct - before.growth.median_pct)


def test_the_error_of_a_change_is_that_of_paired_draws():
    found = compare(ONE, [named("up", UP)], CASES, assessed=4)
    o = found.results[0].outcomes[2]
    flips = (found.results[0].gaps[o.case.key] >= 0).astype(float) - (found.baseline.gaps[o.case.key] >= 0)
    assert o.change_mcse == pytest.approx(float(flips.std()) / np.sqrt(1000))
    independent = np.sqrt(2) * o.p_mcse
    assert o.change_mcse < independent


def test_better_against_worse_sums_to_one_and_more_is_better():
    found = compare(ONE, [named("up", UP), named("down", {**UP, "effect_pp": -20})], CASES, assessed=4)
    up, down = found.results
    for c in CASES:
        assert p_better(up, down, c.key) + p_better(down, up, c.key) == pytest.approx(1.0)
    assert p_better(up, down, CASES[2].key) == 1.0
    assert p_better(up, found.baseline, CASES[2].key) == 1.0


def test_joint_attainment_counts_the_same_draws():
    found = compare(ONE, [named("up", UP)], CASES, assessed=4).results[0]
    shares = [o.p_reach for o in found.outcomes if o.case.target.kind is TargetKind.PROVINCE_AVERAGE]
    assert found.reach.judged == 4
    assert found.reach.expected == pytest.approx(sum(shares), abs=0.005)
    assert found.reach.p_all <= min(shares) + 1e-9


def test_shares_sum_exactly_to_the_whole_change():
    evaluator = Evaluator(world=ONE, scenario=sw.scenario(ONE, *LEVERS[:6]))
    shares = contributions(evaluator, CASES)
    whole = compare(ONE, [evaluator.scenario], CASES, assessed=4).results[0]
    for o in whole.outcomes:
        mine = [c for c in shares if c.case.key == o.case.key]
        assert sum(c.share_gap_pp for c in mine) == pytest.approx(o.change_gap_pp, abs=1e-9)
        assert sum(c.share_reach for c in mine) == pytest.approx(o.change_reach * 1001 / 1000, abs=1e-9)
        assert all(c.share_se == 0.0 for c in mine)


def test_sampled_shares_sum_exactly_and_agree_with_the_exact_ones_within_their_error():
    rng = np.random.default_rng(1)
    names = [f"a{k}" for k in range(9)]
    weights, pairs = rng.normal(size=12), rng.normal(size=(12, 12))

    def worth(members):
        at = [int(name[1:]) for name in members]
        return np.array([weights[at].sum() + pairs[np.ix_(at, at)].sum(), float(len(at) > 4)])

    exact, none = shapley(names, worth, seed=1)
    assert np.all(none == 0)
    by_hand = weights[:9] + np.diag(pairs)[:9]
    by_hand += 0.5 * (pairs[:9, :9].sum(0) + pairs[:9, :9].sum(1) - 2 * np.diag(pairs)[:9])
    assert np.allclose(exact[:, 0], by_hand)
    assert np.allclose(exact[:, 1], 1 / 9)
    more = [*names, "a9", "a10"]
    sampled, error = shapley(more, worth, seed=1)
    assert np.allclose(sampled.sum(axis=0), worth(frozenset(more)) - worth(frozenset()))
    assert np.all(np.abs(sampled[:, 1] - 1 / 11) <= 5 * error[:, 1] + 1e-9)


def test_an_action_that_does_nothing_has_no_share():
    late = {
        "type": "county_push",
        "id": "late",
        "unit": "ankang",
        "indicator": "fai",
        "effect_pp": 20,
        "month": "2021-01",
    }
    shares = contributions(Evaluator(world=ONE, scenario=sw.scenario(ONE, UP, late)), CASES)
    assert all(c.share_reach == c.share_gap_pp == c.alone_reach == 0 for c in shares if c.action == "late")


def test_overlapping_restarts_share_what_they_bring_once():
    group = {"type": "enterprise_restart", "select": {"status": "halted"}, "month": "2020-10", "prob": 1.0}
    same = {**group, "id": "again", "select": None, "enterprises": ["e1", "e2"], "prob": 1.0}
    same.pop("select")
    evaluator = Evaluator(world=ONE, scenario=sw.scenario(ONE, {**group, "spread": 0.0}, {**same, "spread": 0.0}))
    a, b = (c for c in contributions(evaluator, CASES[1:2]))
    assert a.share_gap_pp == pytest.approx(b.share_gap_pp)
    assert a.share_gap_pp == pytest.approx(a.alone_gap_pp / 2)


def test_interactions_are_the_whole_less_the_sum_of_the_parts():
    group = {
        "type": "enterprise_restart",
        "select": {"status": "halted"},
        "month": "2020-10",
        "prob": 1.0,
        "spread": 0.0,
    }
    again = {key: value for key, value in group.items() if key != "select"} | {"id": "b", "enterprises": ["e1", "e2"]}
    evaluator = Evaluator(world=ONE, scenario=sw.scenario(ONE, group, again, UP))
    result = compare(ONE, [evaluator.scenario], CASES, assessed=4).results[0]
    found = {i.case.key: i for i in interactions(result, contributions(evaluator, CASES))}
    together = [sw.change(ONE, "ind_va", unit, group) for unit in ("ankang", "shaanxi")]
    end = [ONE.paths.indicators["ind_va"].cum_yoy.sel(unit=unit).to_numpy()[:, -1] for unit in ("ankang", "shaanxi")]
    gap, moved = end[0] - end[1], together[0] - together[1]
    once = float(np.median(gap + moved) - np.median(gap))  # the same firms twice bring what they bring once
    assert found[CASES[1].key].gap_pp == pytest.approx(-once * 100)
    assert found[CASES[2].key].gap_pp == pytest.approx(0.0, abs=1e-9)


def test_an_explanation_names_months_rows_money_points_and_assumptions():
    action = {
        "type": "enterprise_restart",
        "select": {"status": "halted"},
        "month": "2020-11",
        "prob": 1.0,
        "spread": 0.0,
    }
    evaluator = Evaluator(world=ONE, scenario=sw.scenario(ONE, {**action, "recovery": 1.0}))
    trace = explain(evaluator)[0]
    assert (str(trace.first), str(trace.last)) == ("2020-11", "2020-12")
    assert (trace.selected, trace.counted, trace.expected) == (3, 2, pytest.approx(2.0))
    assert trace.places == ("hanbin",)
    assert trace.money_yi["ind_output"] == pytest.approx(0.7 * 9.0 * (0.092 + 0.098))
    points = {p.indicator: p.mean_pp for p in trace.points}
    moved = sw.change(ONE, "ind_va", "ankang", {**action, "recovery": 1.0})
    assert points["ind_va"] == pytest.approx(float(moved.mean()) * 100)
    assert trace.assumptions["additionality"] == "0.7"
    assert trace.assumptions["value_added_per_output"] == "1±0.2"
    assert trace.synthetic
    assert trace.group


def test_points_of_actions_sum_to_those_of_the_scenario():
    evaluator = Evaluator(world=ONE, scenario=sw.scenario(ONE, *LEVERS))
    traces = explain(evaluator)
    for indicator in ("fai", "ind_va", "gdp", "retail"):
        summed = sum(p.mean_pp for trace in traces for p in trace.points if p.indicator == indicator)
        assert summed == pytest.approx(float(sw.change(ONE, indicator, "ankang", *LEVERS).mean()) * 100)


def test_an_action_without_effect_this_year_says_so():
    annual = {"type": "new_entry", "channel": "annual", "month": "2020-11", "select": {"channel": "annual"}}
    trace = explain(Evaluator(world=ONE, scenario=sw.scenario(ONE, annual)))[0]
    assert (trace.first, trace.last, trace.points, trace.selected) == (None, None, (), 1)
