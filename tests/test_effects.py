"""What scenarios do to draws: the invariants that every action keeps, and the arithmetic of each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.answers.chances import Case, Criterion, Province, drawn_ends, ends
from forecast.answers.evidence import Evidence
from forecast.scenario.actions import MODELS
from forecast.scenario.effects import Evaluator, apply
from tests import scenario_world as sw
from tests.handmade import target

ACTIONS = sw.every_action()
LEVERS = tuple(a for a in ACTIONS if a["type"] not in ("benchmark_path", "base_revision", "price_shift"))
ONE = sw.world()
EXACT = {"prob": 1.0, "spread": 0.0, "additionality": 1.0}
PLAIN = {"assumptions": {"value_added_per_output": {"mean": 1.0, "sd": 0.0}}}


def name(action):
    return action["type"]


def test_every_type_of_action_is_tried_here():
    assert {a["type"] for a in ACTIONS} == set(MODELS)


def test_an_empty_scenario_is_the_baseline_bit_for_bit():
    assert sw.evaluated(ONE) is ONE.paths


@pytest.mark.parametrize("action", ACTIONS, ids=name)
def test_every_action_changes_something(action):
    assert not sw.same(sw.evaluated(ONE, action), ONE.paths)


@pytest.mark.parametrize("action", LEVERS, ids=name)
def test_paths_are_equal_before_the_first_month_of_action(action):
    after = sw.evaluated(ONE, action)
    for key, one in ONE.paths.indicators.items():
        before = [
            p for p in one.cum_yoy["period"].values if p < ("2020-12" if len(one.cum_yoy["period"]) == 4 else "2020-10")
        ]
        for field in ("cum_yoy", "growth"):
            old, new = getattr(one, field).sel(period=before), getattr(after.indicators[key], field).sel(period=before)
            assert np.array_equal(old.to_numpy(), new.to_numpy()), (key, field)


@pytest.mark.parametrize("action", [a for a in ACTIONS if a["type"] != "base_revision"], ids=name)
def test_published_periods_never_change(action):
    after = sw.evaluated(ONE, action)
    for key, one in ONE.paths.indicators.items():
        known = np.isfinite(one.published.to_numpy())
        assert np.array_equal(one.cum_yoy.to_numpy()[:, known], after.indicators[key].cum_yoy.to_numpy()[:, known])
        assert np.array_equal(one.published.to_numpy(), after.indicators[key].published.to_numpy(), equal_nan=True)


@given(st.permutations(range(len(ACTIONS))))
@settings(max_examples=8)
def test_the_order_of_actions_does_not_matter(order):
    assert sw.same(sw.evaluated(ONE, *ACTIONS), sw.evaluated(ONE, *[ACTIONS[k] for k in order]))


@pytest.mark.parametrize("action", [a for a in LEVERS if "prob" in MODELS[a["type"]].model_fields], ids=name)
def test_probability_zero_is_absent(action):
    assert sw.same(sw.evaluated(ONE, {**action, "prob": 0.0}), ONE.paths)


@pytest.mark.parametrize("action", [a for a in LEVERS if a["type"] != "bond_issue"], ids=name)
@pytest.mark.parametrize("month", ["2021-01", "2021-06"])
def test_after_december_nothing_is_added_this_year(action, month):
    assert sw.same(sw.evaluated(ONE, {**action, "month": month}), ONE.paths)


def test_a_bond_after_december_adds_nothing_this_year():
    bond = {"type": "bond_issue", "select": {"started": True}, "amount_yi": 1.0, "month": "2021-01"}
    assert sw.same(sw.evaluated(ONE, bond), ONE.paths)


def test_the_annual_channel_has_exactly_zero_effect_this_year():
    annual = {"type": "new_entry", "channel": "annual", "month": "2020-11", "select": {"channel": "annual"}}
    assert sw.same(sw.evaluated(ONE, annual), ONE.paths)


@given(st.sampled_from(LEVERS), st.lists(st.sampled_from(LEVERS), max_size=4, unique_by=name))
@settings(max_examples=25)
def test_an_actions_draws_do_not_depend_on_the_other_actions(action, others):
    others = [a for a in others if a["type"] != action["type"]]
    alone = Evaluator(world=ONE, scenario=sw.scenario(ONE, action))
    among = Evaluator(world=ONE, scenario=sw.scenario(ONE, *others, action))
    for a, b in zip(alone.parts(alone.scenario.actions[-1]), among.parts(among.scenario.actions[-1]), strict=True):
        assert np.array_equal(a.delivery.share, b.delivery.share)
        assert np.array_equal(a.delivery.delay, b.delivery.delay)
    ids = among.scenario.actions[-1].id
    one, two = alone.effects(), among.effects([ids])
    assert one.added.keys() == two.added.keys()
    assert all(np.array_equal(one.added[k], two.added[k]) for k in one.added)


def test_an_enterprises_draws_do_not_depend_on_who_else_is_picked():
    few = {"type": "enterprise_restart", "id": "r", "enterprises": ["e1"], "month": "2020-10"}
    many = {**few, "enterprises": ["e2", "e1", "e4"]}
    a, b = (Evaluator(world=ONE, scenario=sw.scenario(ONE, x)) for x in (few, many))
    part, whole = a.parts(a.scenario.actions[0])[0], b.parts(b.scenario.actions[0])[0]
    assert np.array_equal(part.of("e1"), whole.of("e1"))


POSITIVE = ("enterprise_restart", "new_entry", "project_complete", "project_advance", "project_start", "bond_issue")


@pytest.mark.parametrize("action", [a for a in ACTIONS if a["type"] in POSITIVE], ids=name)
def test_a_positive_action_never_lowers_a_probability(action):
    after = sw.evaluated(ONE, action)
    for key, one in ONE.paths.indicators.items():
        then = after.indicators[key]
        before, now = ((p.cum_yoy.sel(unit="ankang") - p.cum_yoy.sel(unit="shaanxi"))[:, -1] for p in (one, then))
        assert np.all(now >= before - 1e-12), key
        held = Province("shaanxi")
        case = Case(target=target(key), name_zh=key, held=held, evidence=Evidence.AMPLE, ess=1.0)
        for criterion in Criterion:
            chances = [ends(drawn_ends(p), [case]).chance(0, criterion) for p in (one, then)]
            assert chances[0] <= chances[1], key


@given(st.floats(0.05, 0.9), st.floats(0.0, 0.5), st.sampled_from(["prob", "delivery"]))
@settings(max_examples=12)
def test_more_success_never_lowers_any_draw(low, step, field):
    action = {"type": "project_complete", "select": {"started": True}}
    less = sw.change(ONE, "fai", "ankang", {**action, field: low})
    more = sw.change(ONE, "fai", "ankang", {**action, field: min(low + step, 1.0)})
    assert np.all(more >= less - 1e-12)


def test_parts_sum_to_the_whole_where_nothing_overlaps():
    evaluator = Evaluator(world=ONE, scenario=sw.scenario(ONE, *LEVERS))
    assert evaluator.overlaps == ()
    whole = evaluator.effects()
    parts = [evaluator.effects([m.id]) for m in evaluator.scenario.actions]
    for key, value in whole.added.items():
        assert np.allclose(value, sum(p.added[key] for p in parts if key in p.added), atol=1e-14)


def test_overlapping_actions_count_a_firm_once():
    action = {"type": "enterprise_restart", "enterprises": ["e1", "e2"], "month": "2020-10", **EXACT}
    group = {"type": "enterprise_restart", "select": {"status": "halted"}, "month": "2020-10", **EXACT}
    both = sw.change(ONE, "ind_va", "ankang", action, group)
    assert np.allclose(both, sw.change(ONE, "ind_va", "ankang", group), atol=1e-12)
    evaluator = Evaluator(world=ONE, scenario=sw.scenario(ONE, action, group))
    assert len(evaluator.overlaps) == 1


def test_bonds_together_never_exceed_what_projects_lack():
    bond = {"type": "bond_issue", "projects": ["p1"], "month": "2020-10", "disburse": [1.0], "delivery": 1.0, **EXACT}
    one, two = ({**bond, "id": i, "amount_yi": 3.0} for i in ("a", "b"))
    exact = sw.world(sd_pct=0.0)
    gap = 20.0 * 0.4 * 0.5
    assert np.allclose(sw.change(exact, "fai", "ankang", one), 3.0 / 80.0)
    assert np.allclose(sw.change(exact, "fai", "ankang", one, two), gap / 80.0)


def test_fills_together_never_exceed_the_cap():
    fill = {
        "type": "sector_fill",
        "industry": "services",
        "effect_pp": 3,
        "month": "2020-10",
        "delivery": 1.0,
        "spread": 0.0,
    }
    exact = sw.world(sd_pct=0.0)
    quarter = 0.29 * 0.45
    assert np.allclose(sw.change(exact, "gdp", "ankang", fill), quarter * 0.03)
    assert np.allclose(sw.change(exact, "gdp", "ankang", fill, {**fill, "id": "b"}), quarter * 0.04)


def test_the_city_moves_the_province_by_its_share():
    exact = sw.world(sd_pct=0.0)
    push = {"type": "county_push", "unit": "ankang", "indicator": "fai", "effect_pp": 10, "month": "2020-10"}
    push |= {"delivery": 1.0, "spread": 0.0}
    city, province = (sw.change(exact, "fai", unit, push) for unit in ("ankang", "shaanxi"))
    assert np.allclose(city, 0.1 * 0.277)
    assert np.allclose(province, 0.05 * city)


def test_a_county_moves_the_city_by_its_share_and_a_zone_the_county_that_contains_it():
    exact = sw.world(sd_pct=0.0)
    push = {"type": "county_push", "unit": "gaoxin", "indicator": "retail", "effect_pp": 10, "month": "2020-12"}
    push |= {"delivery": 1.0, "spread": 0.0}
    zone = 0.1 * 0.098
    assert np.allclose(sw.change(exact, "retail", "ankang", push), 0.1 * zone)
    assert np.allclose(sw.change(exact, "retail", "hanbin", push), zone * 0.1 / 0.4)
    assert np.allclose(sw.change(exact, "retail", "xunyang", push), 0.0)


def test_a_fixed_province_takes_no_spillover_and_gives_another_probability():
    mean = float(ONE.paths.indicators["fai"].cum_yoy.sel(unit="shaanxi").to_numpy()[:, -1].mean())
    fixed = {"type": "benchmark_path", "indicator": "fai", "year_end_pct": mean * 100}
    push = {"type": "county_push", "unit": "ankang", "indicator": "fai", "effect_pp": 10, "month": "2020-10"}
    after = sw.evaluated(ONE, fixed, push).indicators["fai"].cum_yoy.sel(unit="shaanxi").to_numpy()[:, -1]
    assert np.all(after == mean)
    paired, constant = (
        float(np.mean((p.cum_yoy.sel(unit="ankang") - p.cum_yoy.sel(unit="shaanxi")).to_numpy()[:, -1] >= 0.02))
        for p in (ONE.paths.indicators["fai"], sw.evaluated(ONE, fixed).indicators["fai"])
    )
    assert abs(paired - constant) > 4 * np.sqrt(0.25 / 400) / 10
    assert paired != constant


def test_a_revised_base_restates_every_period():
    revised = {"type": "base_revision", "indicator": "retail_above", "old_base_yi": 20.0, "new_base_yi": 21.0}
    before, after = ONE.paths.indicators["retail_above"], sw.evaluated(ONE, revised).indicators["retail_above"]
    for field in ("cum_yoy", "published"):
        old, new = (getattr(p, field).sel(unit="ankang").to_numpy() for p in (before, after))
        assert np.allclose(1 + new, (1 + old) * 20 / 21, equal_nan=True)


def test_prices_move_nominal_indicators_of_city_and_province_alike():
    price = {"type": "price_shift", "price": "cpi", "change_pp": 2, "month": "2020-10"}
    for unit in ("ankang", "shaanxi"):
        assert np.allclose(sw.change(ONE, "retail", unit, price), 0.02 * 0.277)
    assert np.all(sw.change(ONE, "gdp", "ankang", price) == 0)
    held = {**price, "price": "ppi", "hold": "value"}
    assert np.allclose(sw.change(ONE, "ind_va", "ankang", held), -0.02 * 0.277)
    assert np.all(sw.change(ONE, "gdp", "ankang", held) < 0)


def test_a_later_published_figure_is_not_moved():
    late = sw.world(published=9, as_of="2020-10")
    push = {"type": "county_push", "unit": "ankang", "indicator": "fai", "effect_pp": 10, "month": "2020-10"}
    push |= {"delivery": 1.0, "spread": 0.0}
    assert np.allclose(sw.change(late, "fai", "ankang", push), 0.1 * (0.092 + 0.098))


def test_draws_stay_above_minus_one_hundred_percent():
    push = {
        "type": "county_push",
        "unit": "ankang",
        "indicator": "fai",
        "effect_pp": -100,
        "month": "2020-10",
        "delivery": 1.0,
    }
    after = sw.evaluated(ONE, push, {**push, "id": "again"}).indicators["fai"]
    assert float(after.growth.min()) > -1
    again = apply(ONE.paths, Evaluator(world=ONE, scenario=sw.scenario(ONE, push)).effects())
    assert float(again.indicators["fai"].cum_yoy.min()) > -1


PUSHED = {
    "type": "county_push",
    "id": "push",
    "unit": "ankang",
    "indicator": "ind_va",
    "effect_pp": 8,
    "month": "2020-10",
}
FILLED = {"type": "sector_fill", "id": "fill", "industry": "industry", "effect_pp": 9, "month": "2020-10", "cap_pp": 10}


def test_a_cap_holds_for_fills_and_the_driver_together():
    """An industry whose driver already brings most of its cap is filled by no more than the rest of it."""
    one = sw.world(draws=300)
    gdp = {
        ids: _gdp(one, [a for a in (PUSHED, FILLED) if a["id"] in ids])
        for ids in (("push",), ("fill",), ("push", "fill"))
    }
    share = float(one.dataset.panel.industries.set_index("industry").loc["industry", "share_q4"])
    weight = one.weight("gdp", "ankang")[:, 3]
    most = 0.10 * share * weight
    together = gdp[("push", "fill")]
    assert np.all(together <= np.maximum(gdp[("push",)], most) + 1e-12)
    assert np.all(together >= gdp[("push",)] - 1e-12)
    assert np.any(together < gdp[("push",)] + gdp[("fill",)] - 1e-6)
    evaluator = Evaluator(world=one, scenario=sw.scenario(one, PUSHED, FILLED))
    assert evaluator.overlaps == (("fill", "push"),)


def test_below_its_cap_a_fill_and_its_driver_add_up_and_are_no_overlap():
    one = sw.world(draws=300)
    small = [PUSHED | {"effect_pp": 1}, FILLED | {"effect_pp": 1}]
    np.testing.assert_allclose(_gdp(one, small), _gdp(one, small[:1]) + _gdp(one, small[1:]), atol=1e-12)
    assert Evaluator(world=one, scenario=sw.scenario(one, *small)).overlaps == ()


def test_projects_and_a_fill_of_construction_stay_below_its_cap():
    one = sw.world(draws=300)
    fill = FILLED | {"industry": "construction", "effect_pp": 5, "cap_pp": 5}
    advance = {"type": "project_advance", "id": "advance", "select": {"started": True}, "months": 2, "month": "2020-10"}
    both, alone, filled = (_gdp(one, actions) for actions in ([advance, fill], [advance], [fill]))
    assert np.all(both <= alone + filled + 1e-12)
    assert np.any(both < alone + filled - 1e-6)
    assert ("fill", "advance") in Evaluator(world=one, scenario=sw.scenario(one, advance, fill)).overlaps


def _gdp(one, actions) -> np.ndarray:
    """What actions add to the city's GDP in the fourth quarter, (draw,)."""
    added = Evaluator(world=one, scenario=sw.scenario(one, *actions)).effects().added
    return added[("gdp", "ankang")][:, 3]
