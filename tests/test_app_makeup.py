"""互补互济: the page shows the numbers of the plan, and an adopted plan is a scenario with the plan's probabilities."""

from __future__ import annotations

import math

import pytest

from forecast.plan.candidates import LeverOptions, candidates
from forecast.plan.makeup import makeup
from forecast.plan.request import MakeupRequest, parse_wishes
from forecast.report.charts import frontier_chart, sector_chart
from forecast.runs.session import Session
from forecast.runs.store import Store
from forecast.scenario.contributions import cases, compare
from forecast.scenario.drafting import parsed
from forecast.tables.makeup import frontier_grid, lever_grid, sector_grid, wish_grid
from forecast.tables.plans import Asked, asked_texts, lever_table, options_of, wish_table, wishes_of
from tests.app_pages import keep_main, page, tables
from tests.app_runs import ankang

CITY = "ankang"


@pytest.fixture(scope="module")
def solved():
    run = ankang()[2]
    world = Session(run).world
    judged = cases(run.attainment.rows, world.paths, run.dataset)
    wishes = parse_wishes(["retail:near>=0.95"], judged, city=CITY)
    return world, judged, makeup(world, judged, MakeupRequest(wishes=wishes))


@pytest.fixture(scope="module")
def base(solved):
    world, judged, _ = solved
    return compare(world, (), judged, assessed=Session(ankang()[2]).assessed).baseline


@pytest.fixture
def at(monkeypatch):
    keep_main(monkeypatch)
    monkeypatch.setenv("DABIAO_HOME", str(ankang()[0]))
    return page("makeup")


def shown(table):
    return [[" ".join(part for part in (cell.text, cell.below) if part) for cell in row] for row in table.rows]


def on_page(at, kind):
    return [[" ".join(cell) for cell in row] for row in tables(at, f"grid {kind}")[0][1:]]


def test_the_page_shows_the_plan_of_the_solver(at, solved):
    at.query_params["wish"] = "retail:near>=0.95"
    at.run()
    assert not at.exception
    assert not at.warning
    _, _, plan = solved
    assert on_page(at, "wishes") == shown(wish_grid(plan, "zh"))
    assert on_page(at, "sectors") == shown(sector_grid(plan, "zh"))
    assert at.query_params["wish"] == "retail:near>=0.95"


def test_a_wish_in_the_address_that_cannot_be_read_is_named(at):
    at.query_params["wish"] = "煤炭>=0.5"
    at.run()
    assert not at.exception
    assert "煤炭" in at.warning[0].value


def test_an_adopted_plan_is_saved_and_has_the_probabilities_that_were_promised(at, solved):
    at.query_params["wish"] = "retail:near>=0.95"
    at.run()
    at.text_input(key="adopt-name").set_value("采用测试").run()
    at.text_input(key="adopt-author").set_value("张三").run()
    at.button(key="adopt").click().run()
    assert not at.exception
    assert at.query_params["scenario"] == "saved:采用测试@1"
    run, (world, judged, plan) = ankang()[2], solved
    text = Store(ankang()[0]).scenarios.newest("采用测试").text
    from forecast.scenario.drafting import checked

    scenario = checked(parsed(text, run.dataset, file="采用测试"), run.dataset)
    result = compare(world, [scenario], judged, assessed=4).results[0]
    wanted = plan.wishes[0].wish.keys[0]
    after = next(o for o in result.outcomes if o.case.key == wanted)
    assert after.p_near == pytest.approx(plan.wishes[0].all_draws, abs=1e-9)


def test_without_an_author_nothing_is_saved(at):
    at.query_params["wish"] = "retail:near>=0.95"
    at.run()
    at.text_input(key="adopt-name").set_value("无人署名").run()
    at.button(key="adopt").click().run()
    assert "署名" in at.error[0].value
    assert "无人署名" not in Store(ankang()[0]).scenarios.names()


def test_an_empty_cell_asks_for_nothing(base):
    table = wish_table(base, CITY, Asked(cells={}, together=False, count=None), "zh")
    assert wishes_of(table, base, CITY, together=False, count=None) == ()
    assert all(math.isnan(one) for one in table["wish_near"])


def test_a_filled_table_asks_for_what_is_written(base):
    table = wish_table(base, CITY, Asked(cells={}, together=False, count=None), "zh")
    table.loc["gdp", "wish_near"] = 30.0
    table.loc["retail", "wish_near"] = 60.0
    table.loc["fai", "wish_reach"] = 10.0
    each = wishes_of(table, base, CITY, together=False, count=2.5)
    assert asked_texts(each) == ["count:near>=2.5", "gdp:near>=0.3", "retail:near>=0.6", "fai>=0.1"]
    together = wishes_of(table, base, CITY, together=True, count=None)
    assert asked_texts(together) == ["gdp+retail:near>=0.3", "fai>=0.1"]
    again = wish_table(base, CITY, Asked.of(each), "zh")
    assert again.loc["gdp", "wish_near"] == pytest.approx(30.0)


def test_difficulties_and_caps_override_only_where_they_are_filled_in(solved):
    world, _, _ = solved
    found = candidates(world, LeverOptions(), wanted=("gdp",))
    table = lever_table(found, world.dataset, LeverOptions(), "zh")
    assert options_of(table, ["restart"], 5).difficulty == {}
    table.loc["construction", "difficulty"] = 5.0
    table.loc["construction", "cap"] = 3.0
    options = options_of(table, [], 0)
    assert (options.difficulty, options.cap) == ({"construction": 5.0}, {"construction": 3.0})
    again = candidates(world, options_of(table, [one.value for one in LeverOptions().families], 0), wanted=("gdp",))
    one = next(lever for lever in again if lever.industry == "construction" and lever.family.value == "sector")
    assert (one.cap, one.difficulty) == (3.0, 5.0)


def test_charts_hold_the_numbers_of_the_plan(solved):
    _, _, plan = solved
    frontier = frontier_chart(plan, "zh").to_dict()
    held = [row for rows in frontier["datasets"].values() for row in rows if "asked" not in row]
    assert [row["value"] for row in held] == [value for point in plan.frontier for value in point.values]
    sectors = sector_chart(plan, "zh").to_dict() if plan.sectors else None
    if sectors:
        held = next(iter(sectors["datasets"].values()))
        assert [row["planned"] for row in held] == [r.planned_pp for r in plan.sectors]
    assert len(frontier_grid(plan, "zh").rows) == len(plan.frontier)


def test_the_table_of_levers_is_as_long_as_was_asked(solved):
    _, _, plan = solved
    assert len(lever_grid(plan, ankang()[2], "zh", most=1).rows) == 1
    assert len(lever_grid(plan, ankang()[2], "zh").rows) == len(plan.rows)
