"""Restarts, stops, exits and entries against the figures worked by hand in the domain notes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecast.growth import exit_keeping_base, exit_with_base, restart_lift
from forecast.scenario.actions.enterprises import baseline_ratio
from forecast.scenario.world import World
from tests import scenario_world as sw

EXACT = {"prob": 1.0, "spread": 0.0, "additionality": 1.0}
SURE = {"value_added_per_output": {"mean": 1.0, "sd": 0.0}}


def halted_city(share: float = 0.096, **changes: object) -> World:
    """A city in which the halted firms make up ``share`` of last year's output, all of them recoverable."""
    book = sw.ledger()
    frame = book.enterprises.copy()
    frame.loc[frame["status"] == "halted", "recoverable"] = True
    halted = float(frame.loc[frame["status"] == "halted", "base_output_yi"].sum())
    return sw.world(sd_pct=0.0, output_yi=halted / share, book=replace(book, enterprises=frame), **changes)


@pytest.mark.parametrize(
    ("recovery", "month", "points"),
    [
        ([1.0], "2020-10", 2.7),
        ([0.6], "2020-10", 1.6),
        ([0.3, 0.6, 0.8], "2020-10", 1.5),
        ([0.6], "2020-11", 1.1),
        ([0.6], "2020-12", 0.6),
    ],
)
def test_restart_figures_of_the_domain_notes(recovery, month, points):
    one = halted_city()
    action = {
        "type": "enterprise_restart",
        "select": {"status": "halted"},
        "month": month,
        "recovery": recovery,
        **EXACT,
    }
    lift = sw.change(one, "ind_va", "ankang", action, assumptions=SURE)
    first = int(month[-2:]) - 10
    weights = np.array([0.087, 0.092, 0.098])[first:]
    ramp = np.array([recovery[min(k, len(recovery) - 1)] for k in range(len(weights))])
    assert np.allclose(lift, restart_lift(0.096, weights, ramp))
    assert round(float(lift.mean()) * 100, 1) == points


def test_every_month_of_delay_costs_what_the_month_weighs():
    one = halted_city()
    action = {"type": "enterprise_restart", "select": {"status": "halted"}, "recovery": 1.0, **EXACT}
    october, november = (
        sw.change(one, "ind_va", "ankang", {**action, "month": m}, assumptions=SURE) for m in ("2020-10", "2020-11")
    )
    assert np.allclose(october - november, 0.096 * 0.087)


def test_a_drawn_delay_averages_the_months():
    one = halted_city()
    action = {
        "type": "enterprise_restart",
        "select": {"status": "halted"},
        "recovery": 1.0,
        "month": "2020-10",
        **EXACT,
    }
    none, certain = (
        sw.change(one, "ind_va", "ankang", {**action, "delay": d}, assumptions=SURE) for d in ([1.0], [0, 1])
    )
    drawn = sw.change(one, "ind_va", "ankang", {**action, "delay": [0.5, 0.5]}, assumptions=SURE)
    assert np.all(drawn <= none + 1e-12)
    assert np.all(drawn >= certain - 1e-12)
    middle = float((none + certain).mean()) / 2
    assert abs(float(drawn.mean()) - middle) < 4 * float(drawn.std()) / np.sqrt(400)


def test_the_drawn_recovery_averages_the_one_stated():
    one = halted_city(draws=2000)
    action = {
        "type": "enterprise_restart",
        "select": {"status": "halted"},
        "recovery": 0.6,
        "month": "2020-10",
        **EXACT,
    }
    fixed = sw.change(one, "ind_va", "ankang", action, assumptions=SURE)
    drawn = sw.change(one, "ind_va", "ankang", {**action, "spread": 0.4}, assumptions=SURE)
    assert drawn.std() > 0
    assert abs(float((drawn - fixed).mean())) < 4 * float(drawn.std()) / np.sqrt(2000)


def test_success_is_as_frequent_as_stated():
    one = halted_city(draws=4000)
    action = {"type": "enterprise_restart", "enterprises": ["e1"], "recovery": 1.0, "month": "2020-10", **EXACT}
    drawn = sw.change(one, "ind_va", "ankang", {**action, "prob": 0.3}, assumptions=SURE)
    assert abs(float((drawn > 0).mean()) - 0.3) < 4 * np.sqrt(0.21 / 4000)


def test_a_firm_that_works_in_part_only_gains_the_rest():
    ratio = baseline_ratio(sw.ledger().enterprises)
    assert np.allclose(ratio, [0.0, 0.0, 0.0, 0.4, 0.7, 1.05])
    one = sw.world(sd_pct=0.0)
    action = {"type": "enterprise_restart", "enterprises": ["e4"], "recovery": 0.9, "month": "2020-10", **EXACT}
    assert np.allclose(sw.change(one, "ind_va", "ankang", action, assumptions=SURE), 4.0 / 100 * 0.5 * 0.277)


def test_additionality_scales_the_effect():
    one = sw.world(sd_pct=0.0)
    action = {"type": "enterprise_restart", "enterprises": ["e1"], "month": "2020-10", "recovery": 1.0, **EXACT}
    whole = sw.change(one, "ind_va", "ankang", action, assumptions=SURE)
    action.pop("additionality")
    assert np.allclose(sw.change(one, "ind_va", "ankang", action, assumptions=SURE), 0.7 * whole)


def test_a_stopped_firm_takes_what_it_would_have_made():
    one = sw.world(sd_pct=0.0)
    action = {"type": "enterprise_stop", "enterprises": ["e6"], "month": "2020-11"}
    lost = -8.0 / 100 * 1.05 * (0.092 + 0.098)
    assert np.allclose(sw.change(one, "ind_va", "ankang", action, assumptions=SURE), lost)
    half = {**action, "remaining": 0.5}
    assert np.allclose(sw.change(one, "ind_va", "ankang", half, assumptions=SURE), lost / 2)


def leaving_city(share: float = 0.05, others: float = 0.02, firm: float = -0.30) -> World:
    """A city nothing of whose year is published: one firm with its own growth, the rest at ``others``."""
    one = sw.world(sd_pct=0.0, published=0, first=1, output_yi=8.0 / share, as_of="2019-12")
    frame = one.dataset.ledger.enterprises.copy()
    frame.loc[frame["enterprise"] == "e6", "ytd_growth_pct"] = firm * 100
    total = share * firm + (1 - share) * others
    paths = one.paths.indicators["ind_va"]
    at = {"unit": "ankang"}
    growth, cum = paths.growth.copy(), paths.cum_yoy.copy()
    growth.loc[at], cum.loc[at] = total, total
    changed = replace(paths, growth=growth, cum_yoy=cum)
    return World(
        paths=replace(one.paths, indicators={**one.paths.indicators, "ind_va": changed}),
        dataset=replace(one.dataset, ledger=replace(one.dataset.ledger, enterprises=frame)),
    )


@pytest.mark.parametrize("firm", [-0.30, -1.0, 0.10])
def test_an_exit_with_and_without_its_base_is_as_in_the_domain_notes(firm):
    one = leaving_city(firm=firm)
    for keep, wanted in ((True, exit_keeping_base(0.05, 0.02)), (False, exit_with_base(0.02))):
        action = {"type": "enterprise_exit", "enterprises": ["e6"], "month": "2020-01", "keep_base": keep}
        after = sw.evaluated(one, action, assumptions=SURE).indicators["ind_va"].cum_yoy.sel(unit="ankang")
        assert np.allclose(after.to_numpy()[:, -1], wanted)
    assert round(float(exit_keeping_base(0.05, 0.02)) * 100, 1) == -3.1


def test_keeping_the_base_is_lower_by_share_times_growth_of_the_others():
    assert np.isclose(exit_with_base(0.02) - exit_keeping_base(0.05, 0.02), 0.05 * 1.02)


def test_a_new_unit_adds_its_output_from_the_month_after_filing():
    one = sw.world(sd_pct=0.0)
    entry = {
        "type": "new_entry",
        "channel": "monthly",
        "count": 10,
        "monthly_output_wan": 500,
        "indicator": "retail_above",
    }
    entry |= {"prob": 1.0, "spread": 0.0}
    for month, reports in (("2020-10", 2), ("2020-11", 1), ("2020-12", 0)):
        lift = sw.change(one, "retail_above", "ankang", {**entry, "month": month})
        assert np.allclose(lift, 10 * 0.05 * reports / 20.0)


def test_an_entrant_of_trade_counts_in_both_retail_figures_by_their_bases():
    one = sw.world(sd_pct=0.0)
    entry = {
        "type": "new_entry",
        "channel": "monthly",
        "enterprises": ["w2"],
        "month": "2020-10",
        "prob": 1.0,
        "spread": 0.0,
    }
    assert np.allclose(sw.change(one, "retail_above", "ankang", entry), 0.05 * 2 / 20.0)
    assert np.allclose(sw.change(one, "retail", "ankang", entry), 0.05 * 2 / 50.0)
