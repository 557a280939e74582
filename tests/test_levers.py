"""Levers: only real activity, every row once, caps and difficulties as stated, effects through the machinery."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from forecast.answers.chances import Case, Province
from forecast.answers.evidence import Evidence
from forecast.draws.paths import first_actionable, first_open
from forecast.plan.candidates import CapEvidence, LeverOptions, Unit, ahead, candidates, merged
from forecast.plan.worth import worth
from forecast.scenario.actions import ACTIONS, LEVERS, Family
from forecast.scenario.effects import Evaluator, year_end
from forecast.scenario.reader import scenario_of
from tests import handmade
from tests import scenario_world as sw

ONE = sw.world(draws=400)
NAMES = ("gdp", "ind_va", "fai", "retail")
CASES = tuple(
    Case(target=handmade.target(n), name_zh=n, held=Province("shaanxi"), evidence=Evidence.AMPLE, ess=400.0)
    for n in NAMES
)


def found(wanted=NAMES, scenario=None, **options):
    return candidates(ONE, LeverOptions(**options), wanted=wanted, scenario=scenario)


def test_every_type_of_action_is_a_lever_or_never_one():
    """Entries count firms that work anyway; they stay a scenario of their own."""
    never = {"enterprise_exit", "enterprise_stop", "base_revision", "price_shift", "benchmark_path", "project_delay"}
    assert {one.name for one in LEVERS.values()} | never | {"new_entry"} == set(ACTIONS)
    assert not {one.name for one in LEVERS.values()} & (never | {"new_entry"})
    assert len({one.name for one in LEVERS.values()}) == len(LEVERS) == len(Family)


@pytest.mark.parametrize(
    "kind", ["enterprise_exit", "enterprise_stop", "base_revision", "price_shift", "benchmark_path", "project_delay"]
)
def test_what_changes_figures_and_not_the_economy_is_no_lever(kind):
    for singles in (0, 20):
        for lever in found(singles=singles):
            for use in lever.levels or (lever.cap,):
                assert lever.action(use)["type"] != kind
    assert kind not in {one.name for one in LEVERS.values()}
    with pytest.raises(ValueError, match=kind):
        Family(kind)


def test_keep_base_is_in_no_lever():
    for lever in found():
        assert "keep_base" not in lever.action(lever.cap)


@pytest.mark.parametrize("singles", [0, 1, 2, 50])
def test_no_row_is_in_two_levers_of_a_family(singles):
    levers = found(singles=singles)
    for family in Family:
        rows = Counter(e for lever in levers if lever.family is family for e in lever.entities)
        assert not [e for e, n in rows.items() if n > 1]
    assert len({lever.id for lever in levers}) == len(levers)


def test_rows_that_cannot_answer_are_in_no_lever():
    rows = {e for lever in found() if lever.family is Family.RESTART for e in lever.entities}
    assert rows == {"e1", "e2", "e4", "e5"}  # e3 is lost, e6 works as usual
    started = {e for lever in found() if lever.family is Family.COMPLETE for e in lever.entities}
    assert started == {"p1", "p2"}  # p3 is not in the library
    assert {e for lever in found() if lever.family is Family.START for e in lever.entities} == {"p4", "p5"}


def test_what_the_scenario_uses_already_is_no_lever_again():
    actions = [
        {"type": "enterprise_restart", "enterprises": ["e1"]},
        {"type": "project_complete", "projects": ["p1"]},
        {"type": "sector_fill", "industry": "services", "effect_pp": 1, "month": "2020-10"},
    ]
    adopted = scenario_of("adopted", actions, ONE.dataset)
    levers = found(scenario=adopted)
    assert "e1" not in {e for lever in levers if lever.family is Family.RESTART for e in lever.entities}
    assert "p1" not in {e for lever in levers if lever.family is Family.COMPLETE for e in lever.entities}
    assert "p1" in {e for lever in levers if lever.family is Family.ADVANCE for e in lever.entities}
    assert "services" not in {lever.industry for lever in levers if lever.family is Family.SECTOR}


def test_the_cap_of_a_bond_is_what_its_projects_lack():
    one = next(lever for lever in found() if lever.family is Family.BOND)
    assert one.entities == ("p1",)  # by bonds, started and counted
    assert one.cap == pytest.approx(20.0 * 0.4 * 0.5)
    assert (one.unit, one.evidence) == (Unit.MONEY, CapEvidence.LEDGER)


def test_an_indicator_is_pushed_only_where_no_ledger_moves_it_and_then_its_sector_is_not_filled():
    assert not [lever for lever in found(("ind_va", "fai", "gdp")) if lever.family is Family.PUSH]
    levers = found(("gdp", "retail_above"))
    assert [lever.acts_on for lever in levers if lever.family is Family.PUSH] == ["retail_above"]
    assert "wholesale_retail" not in {lever.industry for lever in levers if lever.family is Family.SECTOR}
    assert not [lever for lever in found(("fai",)) if lever.family is Family.SECTOR]


def test_a_user_states_difficulties_caps_and_what_to_leave_out():
    stated = found(difficulty={"restart": 5.0, "services": 1.0}, cap={"services": 2.5}, without=("bond", "xunyang"))
    assert {lever.difficulty for lever in stated if lever.family is Family.RESTART} == {5.0}
    services = next(lever for lever in stated if lever.id == "sector-services")
    assert (services.difficulty, services.cap, services.evidence) == (1.0, 2.5, CapEvidence.SETTING)
    assert not [lever for lever in stated if lever.id == "bond" or lever.place == "xunyang"]
    assert {lever.family for lever in found(families=(Family.BOND,))} == {Family.BOND}


def test_difficulties_follow_the_chance_of_a_restart():
    levers = {e: lever for lever in found(singles=50) for e in lever.entities if lever.family is Family.RESTART}
    assert levers["e1"].difficulty == 2.0  # .8
    assert levers["e2"].difficulty == 3.0  # .5
    assert levers["e5"].difficulty == 3.0  # untold


def test_a_cap_without_evidence_is_a_setting():
    for lever in found():
        if lever.family in (Family.SECTOR, Family.PUSH, Family.ADVANCE):
            assert lever.evidence is CapEvidence.SETTING
        else:
            assert lever.evidence is CapEvidence.LEDGER
            assert lever.supported


def test_the_sum_over_levers_is_what_their_scenario_does():
    levers = found()
    bring = worth(ONE, levers, CASES)
    use = np.random.default_rng(1).uniform(0.2, 1.0, len(bring.lever))
    use = np.where(bring.whole, 0.0, use)
    for k in range(len(bring.levers)):
        mine = np.flatnonzero((bring.lever == k) & bring.whole)
        if len(mine):
            use[mine[k % len(mine)]] = 1.0
    amounts = {lever.id: 0.0 for lever in bring.levers}
    for c, k in enumerate(bring.lever):
        amounts[bring.levers[k].id] += round(float(use[c] * bring.use[c]), 6)
    plan = scenario_of("plan", merged(bring.levers, amounts), ONE.dataset)
    effects = Evaluator(world=ONE, scenario=plan).effects()
    for i, case in enumerate(CASES):
        one = ONE.paths.indicators[case.target.indicator]
        both = [
            year_end(one, unit, effects) - one.cum_yoy.sel(unit=unit).to_numpy()[:, -1]
            for unit in ("ankang", "shaanxi")
        ]
        assert np.tensordot(use, bring.effects[i], axes=(0, 0)) == pytest.approx(both[0] - both[1], abs=2e-7)
        assert bring.own[i] @ use == pytest.approx(float(both[0].mean()), abs=2e-7)


def test_the_city_moves_the_province_by_its_share():
    bring = worth(ONE, found(("fai",)), CASES[2:3])
    share = ONE.share("ankang", "fai")
    sure = np.array([bring.levers[k].family is Family.BOND for k in bring.lever])
    column = int(np.flatnonzero(sure)[0])
    whole = bring.effects[0, column] / (1.0 - share)
    assert bring.own[0, column] == pytest.approx(float(whole.mean()), rel=1e-5)


def test_weights_of_a_ledger_sum_to_one_by_what_its_levers_bring():
    bring = worth(ONE, found(), CASES)
    for families in ((Family.RESTART,), (Family.COMPLETE, Family.ADVANCE, Family.START, Family.BOND)):
        mine = [lever for lever in bring.levers if lever.family in families]
        assert sum(lever.weight for lever in mine) == pytest.approx(1.0)
    assert all(lever.weight == 1.0 for lever in bring.levers if lever.family is Family.SECTOR)


def test_a_sector_is_filled_only_beyond_its_own_ledger():
    alone = worth(ONE, found(("gdp",), families=(Family.SECTOR,)), CASES[:1])
    beside = worth(ONE, found(("gdp",)), CASES[:1])
    caps = {lever.id: lever.cap for lever in alone.levers}
    assert caps["sector-industry"] == 10.0
    kept = {lever.id: lever.cap for lever in beside.levers if lever.family is Family.SECTOR}
    assert kept.get("sector-industry", 0.0) < 10.0
    assert kept["sector-services"] == caps["sector-services"] == 4.0
    restart = sum(beside.gdp[c] for c, k in enumerate(beside.lever) if beside.levers[k].family is Family.RESTART)
    one = next(c for c, k in enumerate(alone.lever) if alone.levers[k].id == "sector-industry")
    left = max(10.0 - restart / (alone.gdp[one] / 10.0), 0.0)
    assert kept.get("sector-industry", 0.0) == pytest.approx(left, abs=0.1)


def test_growth_ahead_is_the_weighted_mean_of_the_actionable_periods():
    left = ahead(ONE, "fai", "ankang")
    one = ONE.paths.indicators["fai"]
    labels = [str(p) for p in one.cum_yoy["period"].values]
    start = first_actionable(
        labels,
        open_from=first_open(one.published.sel(unit="ankang").to_numpy()),
        action=ONE.dataset.config.first_action_month,
    )
    growth = one.growth.sel(unit="ankang").to_numpy()[:, start:]
    weight = np.array(sw.PROFILE)[start:]
    assert left is not None
    assert left.periods == 3
    assert left.growth_pct == pytest.approx(100 * float(np.median(growth, axis=0) @ weight / weight.sum()))
    assert left.weight == pytest.approx(weight.sum())
    assert ahead(ONE, "constr", "ankang") is None
    late = replace(ONE, dataset=sw.dataset(first=12))
    assert ahead(late, "fai", "ankang").periods == 1
