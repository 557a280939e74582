"""A required increment over months, places, teams, sectors, projects and enterprises of the small city."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.answers.chances import Case, Constant, Criterion, Province, Status
from forecast.answers.evidence import Evidence
from forecast.data.target import TargetKind
from forecast.errors import InputError
from forecast.periods import Month
from forecast.plan.path import Demand, Phase, required_path
from forecast.scenario.contributions import evaluate
from forecast.tasks.allocation import ConflictKind, parse_hold
from forecast.tasks.breakdown import Increment, Method, breakdown, months_of, required_increment, stated_increment
from forecast.tasks.carriers import Kind
from forecast.tasks.need import Lift, ends_of, growth_per_yi, need
from tests import handmade
from tests import scenario_world as sw

ONE = sw.world(draws=800)


def case(indicator, tolerance=0.0, kind=TargetKind.PROVINCE_AVERAGE):
    target = replace(handmade.target(indicator, kind=kind, value=None), tolerance_pp=tolerance)
    held = Province("shaanxi") if kind is TargetKind.PROVINCE_AVERAGE else Constant(0.0)
    return Case(target=target, name_zh=indicator, held=held, evidence=Evidence.AMPLE, ess=800.0)


def spread(total=3.0, *, world=ONE, indicator="fai", **options):
    options["holds"] = [parse_hold(text) for text in options.pop("holds", ())]
    return breakdown(world, stated_increment(indicator, total), **options)


def cell(found, dimension, key="", month=None):
    return found.margin(dimension, key, month).task_wan


def test_capacity_is_the_sum_of_the_caps():
    """p1 .96, p2 .52, p3 .8, p4 9, p5 4 亿元; a part of 万元 is cut off in every cell."""
    found = spread()
    assert 0.0 <= 0.96 + 0.52 + 0.8 + 9.0 + 4.0 - found.capacity_yi < 15e-4
    assert sum(t.cap_wan for t in found.tasks) == round(found.capacity_yi * 1e4)


@pytest.mark.parametrize("method", list(Method))
@pytest.mark.parametrize("total", [0.0001, 1.0, 7.7777, 15.28, 20.0])
def test_every_margin_is_the_sum_of_its_tasks_and_the_total_is_the_increment(method, total):
    found = spread(total, method=method)
    assert cell(found, "total") == round(total * 1e4) == sum(t.task_wan for t in found.tasks)
    for dimension in ("place", "county", "team", "sector", "support"):
        for month in (None, *found.months):
            mine = [m for m in found.margins if m.dimension == dimension and m.month == month]
            assert sum(m.task_wan for m in mine) == cell(found, "total", month=month)
    for m in found.margins:
        assert m.due_wan == m.base_wan + m.task_wan
        assert m.task_wan == m.supported_wan + m.open_wan


def test_what_no_ledger_supports_is_a_row_and_only_beyond_the_caps():
    below, above = spread(10.0), spread(20.0)
    assert below.status is Status.SUPPORTED
    assert not [t for t in below.tasks if t.kind is Kind.OPEN]
    assert above.status is Status.PARTLY_OPEN
    open_ = [t for t in above.tasks if t.kind is Kind.OPEN]
    assert sum(t.task_wan for t in open_) == 200_000 - round(above.capacity_yi * 1e4)
    assert {t.place for t in open_ if t.task_wan} == {"hanbin", "xunyang", "gaoxin"}
    assert all(t.task_wan == t.cap_wan for t in above.tasks if t.supported)


def test_by_capacity_every_row_gets_the_same_part_of_its_cap():
    found = spread(7.64)  # half of 15.28
    for task in found.tasks:
        if task.supported:
            assert abs(task.task_wan - 0.5 * task.cap_wan) < 1.0


def test_by_plan_evenly_and_by_expected_effect():
    even = spread(0.15, method=Method.EVEN)
    with_room = [t for t in even.tasks if t.cap_wan]
    assert {t.task_wan for t in with_room} <= {1500 // len(with_room), 1500 // len(with_room) + 1}
    plan = {(t.entity, t.month.month): t.task_wan for t in spread(0.5, method=Method.PROPORTIONAL).tasks}
    assert plan["p1", 11] / plan["p1", 10] == pytest.approx(0.7 / 0.6, rel=0.02)
    by_cap, by_effect = spread(5.0), spread(5.0, method=Method.MARGINAL)
    share = {b.method: sum(t.task_wan for t in b.tasks if t.entity == "p4") for b in (by_cap, by_effect)}
    assert share[Method.MARGINAL] < share[Method.CAPACITY]  # p4 comes in with 60 %, the others with 80 % and more


def test_held_cells_and_sums_stay_and_the_rest_keeps_its_shape():
    free = spread(6.0)
    found = spread(6.0, holds=["xunyang=0.2", "hanbin:2020-11=2", "p5:2020-12=1.5"])
    assert cell(found, "place", "xunyang") == 2000
    assert cell(found, "place", "hanbin", Month(2020, 11)) == 20_000
    task = next(t for t in found.tasks if t.entity == "p5" and t.month.month == 12)
    assert task.task_wan == 15_000
    assert task.held
    assert cell(found, "total") == cell(free, "total") == 60_000
    before = {(t.entity, t.month): t.task_wan for t in free.tasks}
    ratios = [
        t.task_wan / before[t.entity, t.month] for t in found.tasks if t.place == "hanbin" and not t.held and t.cap_wan
    ]
    assert max(ratios) - min(ratios) < 0.002


def test_a_place_can_be_held_above_its_ledger_and_what_is_missing_is_open():
    found = spread(6.0, holds=["xunyang=2"])
    assert cell(found, "place", "xunyang") == 20_000
    margin = found.margin("place", "xunyang")
    assert margin.open_wan == 20_000 - margin.cap_wan
    elsewhere = [m for m in found.margins if m.dimension == "place" and m.key != "xunyang"]
    assert all(m.open_wan == 0 for m in elsewhere)


def test_the_citys_own_and_the_places_by_name_can_be_held():
    found = spread(6.0, holds=["市本级=0.5", "旬阳县:2020-10=0.1", "2020-12=3"])
    assert cell(found, "place", "shibenji") == 5000
    assert cell(found, "place", "xunyang", Month(2020, 10)) == 1000
    assert cell(found, "total", month=Month(2020, 12)) == 30_000


def test_holds_that_cannot_be_are_named_and_nothing_is_broken_down():
    found = spread(3.0, holds=["p1:2020-10=5", "p2=0.1"])
    assert found.status is Status.INFEASIBLE
    assert found.tasks == ()
    assert [(c.kind, c.name) for c in found.conflicts] == [(ConflictKind.TOTAL, "p1:2020-10=5")]
    found = spread(9.0, holds=["p1:2020-10=5"])
    assert [(c.kind, round(c.possible, 4)) for c in found.conflicts] == [(ConflictKind.CAP, 0.32)]
    found = spread(3.0, holds=["hanbin=2", "xunyang=2"])
    assert {c.kind for c in found.conflicts} == {ConflictKind.TOGETHER}


def test_a_hold_on_something_unknown_is_reported_with_all_others():
    with pytest.raises(InputError) as caught:
        spread(3.0, holds=["hanbing=1", "hanbin:2020-08=1", "xunyang=0.1"])
    assert [p.code for p in caught.value.problems] == ["hold_unknown", "hold_month"]


def test_holds_of_another_indicator_are_left_out():
    assert spread(3.0, holds=["ind_va/e1=0.1", "fai/p1=0.2"]).holds[0].key == "p1"


def test_a_zone_counts_once_and_is_shown_inside_its_county():
    found = spread(15.28)
    assert cell(found, "county", "hanbin") == cell(found, "place", "hanbin") + cell(found, "place", "gaoxin")
    assert found.margin("county", "gaoxin") is None
    assert found.margin("place", "gaoxin").task_wan == 40_000


def test_the_order_of_ledger_rows_does_not_matter():
    book = sw.ledger()
    turned = replace(book, projects=book.projects.iloc[::-1].reset_index(drop=True))
    one, other = spread(7.1234), spread(7.1234, world=sw.world(draws=800, book=turned))
    assert one.tasks == other.tasks
    assert one.plan_id == other.plan_id


def test_units_people_and_deadlines_come_from_the_ledger():
    book = sw.ledger()
    book.enterprises["resp_unit"], book.enterprises["resp_person"] = "工信局", "张三"
    book.enterprises["deadline"] = dt.date(2020, 10, 31)
    found = spread(0.5, world=sw.world(draws=50, book=book), indicator="ind_va")
    task = next(t for t in found.tasks if t.entity == "e1")
    assert (task.resp_unit, task.resp_person, task.deadline) == ("工信局", "张三", dt.date(2020, 10, 31))
    other = next(t for t in spread().tasks if t.entity == "p1")
    assert other.deadline == dt.date(2020, 10, 31)  # the end of its month where the ledger has none


def test_a_settled_plan_is_held_row_by_row():
    plan = Increment(indicator="ind_va", total_yi=1.2, by_row={"e1": 0.3, "旬阳县": 0.5})
    found = breakdown(ONE, plan)
    assert sum(t.task_wan for t in found.tasks if t.entity == "e1") == 3000
    assert cell(found, "place", "xunyang") == 5000
    assert cell(found, "total") == 12_000


def test_tasks_are_for_the_months_that_can_still_be_acted_on():
    assert months_of(ONE) == (Month(2020, 10), Month(2020, 11), Month(2020, 12))
    assert {t.month for t in spread(world=sw.world(draws=50, first=12)).tasks} == {Month(2020, 12)}


def test_synthetic_rows_mark_the_result():
    assert spread().synthetic
    assert not spread(world=sw.world(draws=50, book=sw.ledger("published"))).synthetic


# --- how much is needed


@pytest.mark.parametrize(
    ("indicator", "wish"), [("fai", 0.6), ("fai", 0.85), ("ind_va", 0.7), ("retail", 0.98), ("gdp", 0.9)]
)
def test_the_amount_gives_the_wished_probability_and_a_little_less_does_not(indicator, wish):
    one = case(indicator, tolerance=1.0)
    found = need(ONE, [one], indicator, criterion=Criterion.NEAR, wish=wish)
    assert found.status is Status.NEEDED
    now, weight = ends_of(ONE, one), ONE.weight(indicator, "ankang")[:, -3 if indicator != "gdp" else -1 :].sum(axis=1)
    share = ONE.share("ankang", indicator)

    def chance(size):
        return now.moved(0, own=size * weight, goal=size * weight * share).chance(0, Criterion.NEAR)

    size = found.uplift_pp / 100
    assert found.p_then == chance(size) >= wish > chance(size * (1 - 1e-6))
    assert found.p_now == chance(0.0) < wish
    assert found.level_yi == pytest.approx(size * (ONE.base_yi("ankang", indicator) * weight).mean())


def test_the_months_of_a_path_have_the_growth_and_the_money_of_the_need():
    one = case("fai", tolerance=1.0)
    found = need(ONE, [one], "fai", wish=0.7)
    path = required_path(ONE, [one], [Demand(criterion=Criterion.NEAR, probability=0.7)], below=False)[0]
    assert (path.need, path.rest.extra_yi) == (found, found.level_yi)
    steps = [step for step in path.lines[0].steps if step.phase is Phase.DEMANDED]
    weight = ONE.weight("fai", "ankang").mean(axis=0)[-len(steps) :]
    growth = np.array([step.demanded_month_pct for step in steps])
    assert float(weight @ growth / weight.sum()) == pytest.approx(found.required_pct)
    assert sum(step.extra_yi for step in steps) == pytest.approx(found.level_yi)
    assert found.effect_yi == pytest.approx(found.level_yi, abs=1e-4)
    whole = breakdown(ONE, required_increment(ONE, [one], "fai", wish=0.7), cases=[one])
    assert whole.increment.need == found


def test_a_wish_that_is_met_needs_nothing():
    found = need(ONE, [case("fai", tolerance=90.0)], "fai", wish=0.9)
    assert (found.status, found.effect_yi) == (Status.ALREADY_MET, 0.0)
    done = breakdown(ONE, required_increment(ONE, [case("fai", tolerance=90.0)], "fai", wish=0.9))
    assert done.status is Status.ALREADY_MET


def test_what_cannot_be_judged_or_has_no_base_is_said():
    assert need(ONE, [], "fai").status is Status.NOT_JUDGED
    bare = sw.world(draws=50)
    rows = bare.dataset.panel.bases
    panel = replace(bare.dataset.panel, bases=rows[rows["indicator"] != "retail"])
    empty = replace(bare, dataset=replace(bare.dataset, panel=panel))
    assert need(empty, [case("retail")], "retail").status is Status.NO_BASE


def test_a_constant_target_does_not_move_with_the_city():
    average, constant = (
        np.subtract(*growth_per_yi(Lift.of(ONE, case("fai", kind=kind))))
        for kind in (TargetKind.PROVINCE_AVERAGE, TargetKind.POSITIVE_GROWTH)
    )
    share = ONE.share("ankang", "fai")
    assert average == pytest.approx(constant * (1.0 - share))


def test_one_yi_does_to_the_gap_what_the_same_work_does_as_a_scenario():
    """A bond of 1 亿元 that all comes and is all new moves the gap, draw by draw, by what is used here."""
    action = {
        "type": "bond_issue", "projects": ["p1"], "amount_yi": 1.0, "month": "2020-10", "prob": 1.0, "delivery": 1.0,
        "spread": 0.0, "disburse": [1.0], "additionality": 1.0,
    }  # fmt: skip
    exact, one = sw.world(draws=200, sd_pct=0.0), case("fai")  # with a base level that is sure
    after = evaluate(exact, sw.scenario(exact, action), [one], assessed=1)
    moved = after.gaps[one.key] - ends_of(exact, one).gap[0]
    assert moved == pytest.approx(np.subtract(*growth_per_yi(Lift.of(exact, one))), rel=1e-6)


@pytest.mark.parametrize("wish", [0.7, 0.8, 0.9])
def test_all_tasks_of_a_need_bring_the_wished_probability(wish):
    one = case("fai", tolerance=1.0)
    done = breakdown(ONE, required_increment(ONE, [one], "fai", wish=wish), cases=[one])
    need_of_it = done.increment.need
    assert done.outlook.p_near_all >= wish
    assert done.outlook.p_near_all == pytest.approx(need_of_it.p_then, abs=2 / 800)


def test_ledger_work_is_grossed_up_by_what_of_it_is_new():
    one = case("fai", tolerance=2.0)
    wish = need(ONE, [one], "fai").p_now + 0.05
    found = required_increment(ONE, [one], "fai", wish=wish)
    assert found.need.additionality == 0.5
    assert found.total_yi == pytest.approx(found.need.effect_yi / 0.5, abs=1e-4)


def test_beyond_the_ledgers_what_is_missing_must_be_new_altogether():
    one, book = case("fai", tolerance=0.0), sw.ledger()
    few = replace(book, projects=book.projects.iloc[:3].reset_index(drop=True))
    world = sw.world(draws=800, book=few, sd_pct=0.0)  # what work adds to growth is certain
    found = required_increment(world, [one], "fai", wish=0.999)
    done = breakdown(world, found, cases=[one])
    capacity, effect = done.capacity_yi, found.need.effect_yi
    assert effect / 0.5 > capacity
    assert found.total_yi == pytest.approx(capacity + effect - 0.5 * capacity, abs=2e-4)
    assert done.outlook.p_near_all >= 0.999 - 1.0 / 800
    assert done.outlook.p_near_now < done.outlook.p_near_ledger < done.outlook.p_near_all


def test_the_outlook_is_the_sum_of_rows_each_with_its_own_chance():
    found = spread(10.0, cases=[case("fai")])
    chance = {"p1": 0.8, "p2": 0.9, "p3": 0.85, "p4": 0.6, "p5": 0.6}
    expected = sum(t.task_wan / 1e4 * chance[t.entity] for t in found.tasks if t.supported)
    spread_of = sum((t.task_wan / 1e4) for t in found.tasks if t.supported) * 0.5
    assert found.outlook.delivered_mean_yi == pytest.approx(expected, abs=4 * spread_of / np.sqrt(800))
    assert found.outlook.delivered_p10_yi <= found.outlook.delivered_mean_yi <= found.outlook.delivered_p90_yi


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 250_000),
    st.sampled_from(list(Method)),
    st.lists(st.sampled_from(["hanbin", "xunyang", "shibenji", "gaoxin"]), max_size=2, unique=True),
    st.lists(st.floats(0.0, 0.3), min_size=2, max_size=2),
    st.sampled_from([None, 10, 11, 12]),
)
def test_totals_exact_holds_unchanged_caps_respected(total, method, places, parts, month):
    holds = []
    for place, part in zip(places, parts, strict=False):
        dated = f"{place}:2020-{month}" if month else place
        holds.append(f"{dated}={int(part * total)}万元")
    found = spread(total / 1e4, method=method, holds=holds)
    assert sum(t.task_wan for t in found.tasks) == total
    assert all(0 <= t.task_wan <= (t.cap_wan if t.cap_wan is not None else total) for t in found.tasks)
    for hold in found.holds:
        assert cell(found, "place", hold.key, hold.month) == hold.amount_wan
