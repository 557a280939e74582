"""Make-up plans on a small city: statuses, verified chances, money and points that add up, other plans."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from forecast.answers.chances import Case, Province, Status
from forecast.answers.evidence import Comparison, Evidence, HistoryStatus
from forecast.plan.candidates import LeverOptions
from forecast.plan.makeup import as_scenario, makeup
from forecast.plan.problem import FLAT, TRAIN, ends_under, fresh_world, slack_of
from forecast.plan.request import MakeupRequest, default_wish, parse_wishes, value
from forecast.plan.result import Feasibility, Limit, Role, Side, feasible, month_points
from forecast.scenario.actions import Family
from forecast.scenario.contributions import compare
from forecast.scenario.reader import read_scenario, scenario_of
from forecast.scenario.world import World
from forecast.tasks.need import Lift
from tests import handmade
from tests import scenario_world as sw

ONE = sw.world(draws=1000)
CASES = tuple(
    Case(target=handmade.target(n), name_zh=n, held=Province("shaanxi"), evidence=Evidence.AMPLE, ess=1000.0)
    for n in ("gdp", "ind_va", "fai", "retail")
)
BEFORE = {o.case.target.indicator: o for o in compare(ONE, [], CASES, assessed=4).baseline.outcomes}


def asked(*texts, **more):
    return MakeupRequest(wishes=parse_wishes(texts, CASES, city="ankang"), **more)


def above(indicator, points, near=False):
    """A wish some points of probability above what it is now."""
    now = BEFORE[indicator].p_near if near else BEFORE[indicator].p_reach
    return f"{indicator}{':near' if near else ''}>={now + points:.3f}"


SOLVED = makeup(ONE, CASES, asked(above("gdp", 0.06)))
FAR = makeup(ONE, CASES, asked("gdp>=0.98"))


def test_a_wish_that_holds_already_costs_nothing():
    plan = makeup(ONE, CASES, asked(above("gdp", -0.05)))
    assert plan.status is Status.ALREADY_MET
    assert (plan.effort, plan.used, plan.changes, plan.fair) == (0.0, (), (), None)
    assert plan.wishes[0].all_draws == plan.wishes[0].before == BEFORE["gdp"].p_reach
    assert (plan.wishes[0].needed_pp, plan.wishes[0].remaining_pp, plan.wishes[0].limit) == (0.0, 0.0, Limit.NONE)


def test_a_plan_reaches_its_wish_on_all_draws():
    one = SOLVED.wishes[0]
    assert SOLVED.status is one.status is Status.SOLVED
    assert one.all_draws >= one.wish.level > one.before
    assert one.all_draws <= one.ceiling
    assert (one.remaining_pp, one.limit) == (0.0, Limit.NONE)
    assert 0.0 < SOLVED.effort < SOLVED.full_effort


def test_a_plan_is_no_longer_than_it_must_be():
    assert SOLVED.wishes[0].all_draws <= SOLVED.wishes[0].wish.level + 4 / ONE.draws


def test_the_scenario_file_gives_the_chances_of_the_plan(tmp_path):
    for plan in (SOLVED, FAR):
        path = tmp_path / "plan.yaml"
        path.write_text(as_scenario(plan), encoding="utf-8")
        read = read_scenario(path, replace(ONE.dataset, config=replace(ONE.dataset.config, name="small")))
        assert read.hash == plan.scenario.hash
        result = compare(ONE, [read], CASES, assessed=4).results[0]
        outcome = next(o for o in result.outcomes if o.case.target.indicator == "gdp")
        assert outcome.p_reach == plan.wishes[0].all_draws
        case = next(c for c in plan.cases if c.case.target.indicator == "gdp")
        assert (outcome.p_reach, outcome.p_near) == (case.p_reach, case.p_near)
        assert outcome.change_gap_pp == pytest.approx(case.gap_change_pp)


def test_chances_of_halves_are_counted_on_their_draws():
    found = ends_under(ONE, SOLVED.adopted, CASES)
    one = SOLVED.wishes[0]
    assert one.in_sample == value(one.wish, slack_of(found, one.wish)[:, TRAIN])
    fresh = ends_under(fresh_world(ONE), SOLVED.adopted, CASES)
    assert one.fresh == value(one.wish, slack_of(fresh, one.wish))
    assert one.optimism == one.in_sample - one.fresh
    assert abs(one.optimism) < 4 * (one.fresh_mcse + one.mcse * np.sqrt(2))


def test_fresh_draws_are_the_other_half_on_other_streams():
    new = fresh_world(ONE)
    assert new.draws == ONE.draws // 2
    own = ONE.paths.indicators["gdp"].cum_yoy.sel(unit="ankang").to_numpy()[1::2, -1]
    assert np.array_equal(new.paths.indicators["gdp"].cum_yoy.sel(unit="ankang").to_numpy()[:, -1], own)
    assert not np.isin(own, ONE.paths.indicators["gdp"].cum_yoy.sel(unit="ankang").to_numpy()[TRAIN, -1]).any()
    assert not np.array_equal(new.base_yi("ankang", "gdp"), ONE.base_yi("ankang", "gdp")[1::2])
    assert ONE.seed != new.seed


def test_a_wish_out_of_reach_gets_all_there_is_and_says_what_stays_open():
    one = FAR.wishes[0]
    assert FAR.status is one.status is Status.UNREACHABLE
    assert one.limit is Limit.LEVERS
    assert one.all_draws == pytest.approx(one.ceiling, abs=2 / ONE.draws)
    assert one.before < one.all_draws < one.wish.level
    slack = slack_of(ends_under(ONE, FAR.adopted, CASES), one.wish)
    assert value(one.wish, slack + one.remaining_pp / 100 + 1e-12) >= one.wish.level
    assert value(one.wish, slack + one.remaining_pp / 100 - 1e-9) < one.wish.level
    size, after = one.left.uplift_pp / 100, ends_under(ONE, FAR.adopted, CASES)
    at = next(i for i, case in enumerate(CASES) if case.key == one.wish.keys[0])
    lift = Lift.of(ONE, CASES[at])
    short, there = (
        after.moved(at, own=s * lift.own, goal=s * lift.goal).chance(0, one.wish.criterion)
        for s in (size * (1 - 1e-5), size)
    )
    assert short < one.wish.level <= there
    assert one.remaining_yi == pytest.approx(size * float((ONE.base_yi("ankang", "gdp") * lift.own).mean()))
    assert one.remaining_yi < one.needed_yi
    assert all(row.binding for row in FAR.rows)


def test_higher_wishes_never_cost_less():
    efforts = [makeup(ONE, CASES, asked(above("gdp", p), points=0, again=False)).effort for p in (0.02, 0.04, 0.06)]
    assert efforts[0] < efforts[1] < efforts[2]


def test_the_frontier_rises_from_nothing_to_everything():
    points = SOLVED.frontier
    assert points[0].effort == 0.0
    assert points[0].values[0] == SOLVED.wishes[0].before
    assert points[-1].values[0] == pytest.approx(SOLVED.wishes[0].ceiling, abs=3 / ONE.draws)
    for a, b in pairwise(points):
        assert a.effort < b.effort
        assert a.values[0] <= b.values[0] + 2 / ONE.draws


def test_a_budget_is_kept_and_buys_what_it_can():
    plan = makeup(ONE, CASES, asked(above("gdp", 0.06), budget=0.5 * SOLVED.effort, points=0, again=False))
    one = plan.wishes[0]
    assert 0.0 < plan.effort <= 0.5 * SOLVED.effort
    assert (plan.status, one.limit) == (Status.UNREACHABLE, Limit.BUDGET)
    assert one.before < one.all_draws < one.wish.level
    assert makeup(ONE, CASES, asked(above("gdp", 0.06), budget=1e6, points=0, again=False)).effort == SOLVED.effort
    none = makeup(ONE, CASES, asked(above("gdp", 0.06), budget=0.0, points=0))
    assert (none.effort, none.used) == (0.0, ())


def test_fairness_lowers_the_largest_burden_and_not_the_effort():
    plan = makeup(ONE, CASES, asked(above("gdp", 0.06), fair=True, points=0, again=False))
    assert plan.status is Status.SOLVED
    assert plan.largest_burden <= SOLVED.largest_burden
    assert plan.effort >= SOLVED.effort * 0.99
    assert SOLVED.fair is not None
    assert SOLVED.fair.largest_burden == pytest.approx(plan.largest_burden, abs=0.05)


def test_other_difficulties_move_the_plan_the_right_way():
    found = {(c.family, c.factor): c for c in SOLVED.changes}
    families = {row.lever.family.value for row in SOLVED.rows}
    assert {f for f, _ in found} == families | {"all"}
    for (family, factor), change in found.items():
        assert (change.effort <= SOLVED.effort * 1.01) if factor < 1.0 else (change.effort >= SOLVED.effort * 0.99)
        if family == "all":
            assert change.effort == pytest.approx(SOLVED.effort * factor)
            assert change.moved == ()
    dear = makeup(ONE, CASES, asked(above("gdp", 0.06), options=LeverOptions(difficulty={"sector": 5.0}), points=0))
    part = lambda plan: sum(r.gdp_pp for r in plan.rows if r.lever.family is Family.SECTOR)  # noqa: E731
    assert part(dear) <= part(SOLVED) + 1e-6


def test_joint_wishes_and_numbers_are_reached():
    both = parse_wishes(["gdp+ind_va>=0.5"], CASES, city="ankang")[0]
    found = ends_under(ONE, None, CASES)
    now = value(both, slack_of(found, both))
    for text in (f"gdp+ind_va>={now + 0.03:.3f}", f"{above('gdp', 0.02)}", "count:near>=2.2"):
        plan = makeup(ONE, CASES, asked(text, points=0, again=False))
        one = plan.wishes[0]
        assert plan.status in (Status.SOLVED, Status.ALREADY_MET)
        assert one.all_draws >= one.wish.level - 1e-9
    two = makeup(ONE, CASES, asked(above("gdp", 0.03), above("ind_va", 0.02), points=0, again=False))
    assert [w.status for w in two.wishes] == [Status.SOLVED] * 2


def test_what_cannot_be_reached_does_not_stop_what_can():
    plan = makeup(ONE, CASES, asked("ind_va>=0.97", above("gdp", 0.03), points=0, again=False))
    assert [w.status for w in plan.wishes] == [Status.UNREACHABLE, Status.SOLVED]
    assert plan.status is Status.UNREACHABLE


def test_a_plan_comes_on_top_of_the_scenario_that_is_adopted(tmp_path):
    base = scenario_of("base", [{"type": "enterprise_restart", "enterprises": ["e1"], "id": "r"}], ONE.dataset)
    plan = makeup(ONE, CASES, asked(above("gdp", 0.06), scenario=base, points=0, again=False))
    with_base = compare(ONE, [base], CASES, assessed=4).results[0].outcomes[0]
    assert plan.wishes[0].before == with_base.p_reach
    assert plan.adopted.actions[0].id == "r"
    assert not any("e1" in row.lever.entities for row in plan.rows if row.lever.family is Family.RESTART)
    together = compare(ONE, [plan.adopted], CASES, assessed=4).results[0].outcomes[0]
    assert together.p_reach == plan.wishes[0].all_draws
    first = tmp_path / "base.yaml"
    first.write_text(
        "name: base\ntitle: base\nactions:\n  - {type: enterprise_restart, enterprises: [e1], id: r}\n",
        encoding="utf-8",
    )
    second = tmp_path / "plan.yaml"
    second.write_text(as_scenario(plan), encoding="utf-8")
    read = read_scenario(f"{first}+{second}", ONE.dataset)
    assert compare(ONE, [read], CASES, assessed=4).results[0].outcomes[0].p_reach == plan.wishes[0].all_draws


def test_points_of_the_sectors_less_what_caps_cut_are_those_of_the_plan():
    for plan in (SOLVED, FAR):
        used = [r for r in plan.rows if r.lever.industry]
        assert sum(s.planned_pp for s in plan.sectors) == pytest.approx(sum(r.gdp_pp for r in used), abs=1e-6)
        case = next(c for c in plan.cases if c.case.target.indicator == "gdp")
        assert sum(s.planned_pp for s in plan.sectors) - plan.capped_pp == pytest.approx(case.planned_pp, abs=1e-4)
        assert plan.capped_pp >= 0.0
        for s in plan.sectors:
            assert s.planned_pp <= s.ceiling_pp + 1e-9
            assert s.by_ledger_pp <= s.planned_pp + 1e-9
            assert s.planned_yi == pytest.approx(s.planned_pp / 100 * float(ONE.base_yi("ankang", "gdp").mean()))
            assert (s.side is Side.MAKE_UP) == (s.industry == "industry")
    assert FAR.help_ceiling_pp + FAR.make_up_ceiling_pp == pytest.approx(sum(s.ceiling_pp for s in FAR.sectors))
    roles = {s.industry: s.role for s in FAR.sectors}
    assert roles["industry"] is roles["construction"] is Role.SECONDARY
    assert roles["services"] is Role.TERTIARY


def test_a_point_of_a_sector_is_worth_its_share_of_the_months_left():
    assert month_points(ONE, np.full(4, 0.3)) == pytest.approx(0.3 * sw.QUARTERS[3])


def test_what_no_ledger_supports_says_so():
    rows = {s.industry: s for s in FAR.sectors}
    assert rows["services"].unsupported
    assert rows["services"].by_ledger_pp == 0.0
    assert rows["construction"].by_ledger_pp > 0.0
    assert rows["construction"].projects > 0


def test_feasibility_is_never_denied_by_a_short_history():
    short = Comparison(status=HistoryStatus.INSUFFICIENT, spans=3)
    assert feasible(short) is Feasibility.NO_HISTORY
    own = Comparison(status=HistoryStatus.OWN, percentile=100.0, spans=9)
    assert feasible(own) is Feasibility.RECORD
    assert feasible(replace(own, percentile=99.0)) is Feasibility.ACHIEVED
    assert "infeasible" not in {f.value for f in Feasibility}


def test_gains_are_of_the_next_step_per_unit_of_effort():
    free = [r for r in SOLVED.rows if not r.lever.levels and not r.binding]
    assert free
    for row in free:
        step = row.lever.effort * (min(row.share + 0.1, 1.0) ** 2 - row.share**2)
        assert row.gain_per_effort == pytest.approx(row.gain / step)
        assert row.gain >= 0.0


def test_what_rests_on_synthetic_rows_is_marked():
    assert SOLVED.synthetic
    real = World(paths=ONE.paths, dataset=sw.dataset(book=sw.ledger("published")))
    assert not makeup(real, CASES, asked(above("gdp", 0.03), points=0, again=False)).synthetic


def test_without_levers_nothing_is_promised():
    plan = makeup(ONE, CASES, asked(above("gdp", 0.06), options=LeverOptions(families=(Family.PUSH,))))
    assert (plan.status, plan.rows, plan.effort) == (Status.UNREACHABLE, (), 0.0)
    assert plan.wishes[0].all_draws == plan.wishes[0].before == plan.wishes[0].ceiling
    assert plan.wishes[0].remaining_pp == plan.wishes[0].needed_pp > 0.0


def test_the_same_request_gives_the_same_plan():
    again = makeup(sw.world(draws=1000), CASES, asked(above("gdp", 0.06)))
    assert as_scenario(again) == as_scenario(SOLVED)
    assert again.wishes == SOLVED.wishes
    assert again.frontier == SOLVED.frontier


def test_the_default_wish_is_that_gdp_comes_close():
    one = default_wish(CASES, city="ankang")
    assert one is not None
    assert (one.id, one.level) == ("gdp:near", 0.5)
    assert default_wish(CASES[2:], city="ankang").id == "fai:near"
    assert default_wish((), city="ankang") is None


def test_a_city_without_ledgers_still_gets_an_answer():
    book = sw.ledger()
    empty = replace(
        book, projects=book.projects.iloc[:0], enterprises=book.enterprises.iloc[:0], pipeline=book.pipeline.iloc[:0]
    )
    bare = World(paths=ONE.paths, dataset=sw.dataset(book=empty))
    plan = makeup(bare, CASES, asked(above("gdp", 0.03)))
    assert {row.lever.family for row in plan.rows} == {Family.SECTOR}
    assert plan.status is Status.SOLVED
    assert all(row.unsupported for row in plan.sectors if row.planned_pp > 1e-3)
    assert not plan.synthetic


def test_a_plan_takes_hardly_more_than_the_least_effort():
    for plan in (SOLVED, FAR):
        assert plan.least_effort <= plan.effort <= plan.least_effort * (1 + FLAT)
        assert plan.even or plan.effort == plan.least_effort
