"""Targets that are due before the year ends: the same draws, read earlier."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from forecast.answers.attainment import attain
from forecast.answers.chances import SETTLED, Criterion, Ends, Province, drawn_ends, ends
from forecast.answers.evidence import Published
from forecast.answers.horizons import Occasion, all_horizons, first_likely, next_of
from forecast.answers.judgement import case_of
from forecast.data.dataset import read_dataset
from forecast.data.reading.rows import CellError, parse_due
from forecast.data.target import TargetKind
from forecast.errors import InputError
from forecast.executor import InProcess
from forecast.plan.path import Demand, required_path
from forecast.plan.request import parse_wishes, target_word
from forecast.runs.difference import Vintage
from forecast.runs.difference import compare as compare_runs
from forecast.runs.run import Request, run
from forecast.runs.session import Session, goals
from forecast.scenario.contributions import compare, contributions
from forecast.scenario.effects import Evaluator, apply, year_end
from forecast.scenario.reader import scenario_of
from forecast.tables.attainment import attainment_frame
from forecast.tables.dossier import provenance
from forecast.tables.leaders import of_unit
from forecast.tables.required import ahead_grid, horizon_frame
from forecast.tables.schema import schema
from forecast.tables.table import Provenance, Surface, View
from tests import handmade
from tests import scenario_world as sw
from tests.small_dataset import write_dataset
from tests.test_required_path import behind, case

ONE = sw.world(draws=400)
PERIODS = range(11)
NEAR, REACH = Criterion.NEAR, Criterion.REACH


def by(indicator: str, period: int, **more):
    return replace(case(indicator, **more), period=period)


@pytest.mark.parametrize("action", sw.every_action(), ids=lambda one: one["type"])
def test_growth_at_any_period_with_effects_is_the_period_of_the_whole_path(action):
    effects = Evaluator(world=ONE, scenario=sw.scenario(ONE, action)).effects()
    moved = apply(ONE.paths, effects)
    for name, one in ONE.paths.indicators.items():
        for unit in ("ankang", "shaanxi"):
            whole = moved.indicators[name].cum_yoy.sel(unit=unit).transpose("draw", "period").to_numpy()
            for k in range(whole.shape[1]):
                at = k if k < whole.shape[1] - 1 else -1
                assert year_end(one, unit, effects, at) == pytest.approx(whole[:, k], abs=1e-12), (name, unit, k)


@pytest.mark.parametrize("period", [8, 9, -1])
def test_a_chance_at_a_period_is_the_count_of_its_draws_one_by_one(period):
    one, asked = ONE.paths.indicators["fai"], by("fai", period)
    found = ends(drawn_ends(one), [asked])
    own, goal = (one.cum_yoy.sel(unit=unit).to_numpy()[:, period] for unit in ("ankang", "shaanxi"))
    hits = [round(100 * a, 1) >= round(100 * b, 1) for a, b in zip(own, goal, strict=True)]
    assert found.hits(0, REACH).tolist() == hits


@pytest.mark.parametrize("fixed", [False, True], ids=["levers", "with a moved benchmark"])
def test_shares_of_actions_sum_to_the_change_at_the_period(fixed):
    actions = [one for one in sw.every_action() if one["type"] in ("county_push", "project_start", "bond_issue")]
    actions += [one for one in sw.every_action() if fixed and one["type"] == "benchmark_path"]
    scenario = scenario_of("three", actions, ONE.dataset)
    asked = [by("fai", 9), by("retail", 8), case("fai")]
    result = compare(ONE, [scenario], asked, assessed=0).results[0]
    found = contributions(Evaluator(world=ONE, scenario=scenario), asked)
    for end in result.outcomes:
        mine = [one for one in found if one.case == end.case]
        assert sum(one.share_gap_pp for one in mine) == pytest.approx(end.change_gap_pp, abs=1e-9)


@pytest.mark.parametrize("period", [9, -1])
def test_the_demanded_path_reaches_the_wish_at_the_period_that_is_asked_about(period):
    paths = replace(ONE.paths, indicators={name: behind(one) for name, one in ONE.paths.indicators.items()})
    world = type(ONE)(paths=paths, dataset=ONE.dataset)
    found = required_path(world, [by("retail", period)], [Demand(criterion=NEAR, probability=0.7)])[0]
    one = world.paths.indicators["retail"]
    labels = [str(label) for label in one.cum_yoy["period"].values]
    size = found.uplift_pp / 100.0
    start = labels.index(str(found.first))
    last = period % len(labels)
    assert found.periods == last + 1 - start
    assert len(found.lines[0].steps) == last + 1
    weight = one.base_weight.sel(unit="ankang").transpose("draw", "period").to_numpy()
    lift = size * weight[:, start : last + 1].sum(axis=1) / weight[:, : last + 1].sum(axis=1)
    share = world.share("ankang", "retail")
    before = ends(drawn_ends(one), [by("retail", period)])
    after = Ends(cases=before.cases, own=before.own + lift, goal=before.goal + (0.0 if share is None else lift * share))
    assert after.chance(0, NEAR) == pytest.approx(found.p_then)
    assert found.p_then >= 0.7 > found.p_now


RNG = np.random.default_rng(3)
FAI = handmade.indicator_paths(
    "fai",
    {"shaanxi": handmade.normal_growth(RNG, 0.03, 0.03), "ankang": handmade.normal_growth(RNG, 0.02, 0.04)},
    published={"ankang": {6: -0.12}, "shaanxi": {6: 0.03}},
)
FIGURES = [
    handmade.observation(unit, "fai", f"2020-{month:02d}", start + month)
    for unit, start in (("ankang", -20.0), ("shaanxi", -5.0))
    for month in range(2, 9)
]
PATHS = handmade.paths(FAI)


def judged_world():
    panel, config = handmade.panel(FIGURES), handmade.config()
    targets = (
        handmade.target("fai"),
        replace(handmade.target("fai"), by=9),
        handmade.target("fai", kind=TargetKind.POSITIVE_GROWTH, value=0.0),
    )
    rows = attain(PATHS, panel, targets, config).rows
    return rows, all_horizons(rows, PATHS, panel=panel, config=config)


def test_at_the_years_end_a_horizon_is_the_row_and_at_its_month_the_interim_target():
    rows, found = judged_world()
    whole, interim = rows[0], rows[1]
    year = next_of(found, Occasion.YEAR)[whole.target.key]
    assert (year.outcome.p_reach, year.outcome.p_near, year.light) == (whole.p_reach, whole.p_near, whole.light)
    assert year.required == whole.required
    september = next(h for h in found if h.case.target == whole.target and h.period.month == 9)
    assert (september.outcome.p_reach, september.outcome.p_near) == (interim.p_reach, interim.p_near)
    assert september.required == interim.required
    assert september.outcome.growth == interim.forecast


def test_chances_of_a_first_time_and_of_none_sum_to_one_and_only_grow():
    rows, found = judged_world()
    for row in rows:
        mine = [one for one in found if one.case.key == row.target.key]
        one = FAI
        cases = [one.case for one in mine]
        hits = np.array([ends(drawn_ends(one), [c]).hits(0, row.criterion) for c in cases])
        never = float((~hits.any(axis=0)).mean())
        assert sum(h.p_first for h in mine) + never == pytest.approx(1.0)
        assert all(a.p_by <= b.p_by + 1e-12 for a, b in pairwise(mine))
        firsts = [int(np.argmax(column)) if column.any() else -1 for column in hits.T]
        for k, horizon in enumerate(mine):
            assert horizon.p_first == pytest.approx(firsts.count(k) / len(firsts))
        likely = first_likely(found, row.target.key)
        assert likely == next((h.period for h in mine if h.p_by >= 0.5), None)


def test_an_interim_target_is_no_part_of_the_yearly_assessment_and_is_settled_by_its_own_month():
    panel, config = handmade.panel(FIGURES), handmade.config()
    published = Published.of(panel, PATHS.as_of, PATHS.target_year)
    for month in (8, 9):
        target = replace(handmade.target("fai"), by=month)
        assert not case_of(target, PATHS, published=published, config=config).in_assessment
        found = attain(PATHS, panel, (target,), config)
        assert found.near.assessed == 0
        settled = month <= 8
        assert (found.rows[0].status in SETTLED, found.rows[0].p_reach is None) == (settled, settled)
    early = attain(PATHS, panel, (replace(handmade.target("fai"), by=3),), config).rows[0]
    assert (early.gap_pp, str(early.gap_period)) == (pytest.approx(-15.0), "2020-03")


def test_a_wish_names_an_interim_target_as_it_is_printed():
    target = replace(handmade.target("fai"), by=9)
    asked = replace(case("fai"), target=target, period=7)
    word = target_word(asked.key)
    assert word == "fai@09"
    (wish,) = parse_wishes(["fai@9:near>=50%"], [case("fai"), asked], city="ankang")
    assert wish.keys == (asked.key,)
    assert wish.id == "fai@09:near"


@pytest.mark.parametrize(
    ("cell", "month"),
    [("6", 6), ("6月", 6), ("上半年", 6), ("三季度", 9), ("Q1", 3), ("2020-10", 10), ("2020年前三季度", 9), ("", None)],
)
def test_a_due_month_is_read_as_people_write_it(cell, month):
    assert parse_due(cell, year=2020) == month


def test_a_due_month_of_another_year_or_between_two_releases_is_refused_at_its_cell(tmp_path):
    with pytest.raises(CellError):
        parse_due("2019-06", year=2020)
    rows = (
        "unit,indicator,kind,value,tolerance_pp,assessed,light_rule,source,by\n"
        "xiaocheng,gdp,positive_growth,,0,是,gap,会议,8月\n"
        "xiaocheng,ind_va,positive_growth,,0,否,gap,会议,2019-06\n"
        "xiaocheng,ind_va,positive_growth,,0,否,gap,会议,上半年\n"
        "xiaocheng,ind_va,positive_growth,,0,否,gap,会议,6月\n"
    )
    folder = write_dataset(tmp_path, {"targets.csv": rows})
    with pytest.raises(InputError) as caught:
        read_dataset(folder)
    told = caught.value.report("zh")
    assert [part for part in ("截至 8 月", "2019-06", "重复") if part not in told] == []
    good = rows.replace("8月", "Q3").replace("2019-06", "").rsplit("\n", 2)[0] + "\n"
    read = read_dataset(write_dataset(tmp_path / "good", {"targets.csv": good}))
    assert [target.by for target in read.targets] == [9, 12, 6]


def test_provinces_are_held_at_the_same_month():
    found = ends(lambda _, unit, period: np.full(3, 0.1 * period + (unit == "shaanxi")), [by("fai", 4)])
    assert found.gap[0] == pytest.approx([-1.0] * 3)
    assert isinstance(found.cases[0].held, Province)


def test_the_file_has_every_open_month_and_the_table_the_next_two_occasions():
    rows, found = judged_world()
    frame = horizon_frame(found, Provenance(run_id="r", data_hash="d", scenario_hash="0", model_version="1", seed=1))
    assert list(frame.columns) == [column.name for column in schema("horizons")]
    mine = frame[(frame.target_kind == "province_average") & (frame.by_month == 12)]
    assert mine.period.tolist() == [f"2020-{month:02d}" for month in (9, 10, 11, 12)]
    assert mine.p_near.iloc[-1] == pytest.approx(rows[0].p_near, abs=1e-4)
    assert mine.occasions.tolist() == ["release quarter", None, None, "year"]
    grid = ahead_grid(found, View(lang="zh", surface=Surface.TERMINAL))
    assert len(grid.rows) == len({one.case.key for one in found})
    assert ahead_grid((), View(lang="zh", surface=Surface.TERMINAL)) is None


def test_an_interim_row_never_stands_where_the_years_own_is_meant(tmp_path):
    rows = (
        "unit,indicator,kind,value,tolerance_pp,assessed,light_rule,source,by\n"
        "xiaocheng,ind_va,province_average,,2,true,gap,会议,\n"
        "xiaocheng,ind_va,province_average,,2,true,gap,会议,10月\n"
        "xiaocheng,ind_va,plan,5,0,false,gap,会议,\n"
        "xiaocheng,ind_va,plan,3,0,false,gap,会议,10月\n"
    )
    folder = write_dataset(tmp_path, {"targets.csv": rows})
    made = run(Request(dataset=folder, draws=250), executor=InProcess())
    (goal,) = goals(made)
    assert (goal.average.target.by, goal.plan.target.by, goal.plan.target_value) == (12, 12, 5.0)
    assert made.attainment.near.assessed == Session(made).assessed == 1
    (shown,) = of_unit(made.attainment, "xiaocheng", average=True)
    assert not shown.target.interim
    frame = attainment_frame(made.attainment, provenance(made))
    side = Vintage(
        run_id="a",
        dataset=made.dataset,
        as_of=made.paths.as_of,
        attainment=frame,
        fits={},
        failures={},
        settings={},
    )
    moved = compare_runs(side, replace(side, attainment=frame.assign(p_near=frame["p_near"] / 2.0)))
    assert {(m.target_kind, m.by_month) for m in moved.moves} == {
        (kind, month) for kind in ("province_average", "plan") for month in (10, 12)
    }
    for move in moved.moves:
        before, after = move.p_near
        assert (before is None) or after == pytest.approx(before / 2.0)
