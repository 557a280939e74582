"""指标: the path needed, pace, earlier years and what-if show the numbers of the draws."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.answers.chances import Status
from forecast.answers.evidence import Published
from forecast.draws.condition import GivenError
from forecast.plan.path import required_path
from forecast.report.charts import Overlay, fan_chart
from forecast.report.files import answers
from forecast.runs.session import Session
from forecast.scenario.contributions import cases
from forecast.tables.beside import explored_grid, explored_text
from forecast.tables.monthly import Growth, history_rows, of_indicator, pace_points, path_points
from forecast.tables.path import path_grid
from forecast.tables.table import Surface, View
from tests.app_pages import keep_main, page, tables
from tests.app_runs import ankang

KEY = ("fai", "ankang", "province_average")


@pytest.fixture(scope="module")
def world():
    run = ankang()[2]
    found = Session(run).world
    return found, cases(run.attainment.rows, found.paths, run.dataset)


@pytest.fixture(scope="module")
def rows():
    return of_indicator(answers(ankang()[2]).tables["paths"], "fai", ["ankang", "shaanxi"])


@pytest.fixture
def at(monkeypatch):
    keep_main(monkeypatch)
    monkeypatch.setenv("DABIAO_HOME", str(ankang()[0]))
    one = page("indicator")
    one.query_params["indicator"] = "fai"
    return one


def test_the_page_shows_the_path_that_a_wish_needs(at, world):
    at.run()
    assert not at.exception
    path = next(p for p in required_path(world[0], world[1]) if p.case.key == KEY)
    assert path.status is Status.SOLVED
    table = path_grid(path, "zh")
    shown = [[" ".join(cell) for cell in row] for row in tables(at, "grid path")[0][1:]]
    assert shown == [[" ".join(p for p in (c.text, c.below) if p) for c in row] for row in table.rows]
    at.segmented_control(key="wished").set_value("reach_50").run()
    assert not at.exception
    assert at.query_params["wished"] == "reach_50"
    assert [[" ".join(cell) for cell in row] for row in tables(at, "grid path")[0][1:]] != shown


def test_the_path_needed_leaves_published_periods_and_lifts_the_others(world, rows):
    path = next(p for p in required_path(world[0], world[1]) if p.case.key == KEY)
    points = dict(path_points(path, Growth.CUMULATIVE))
    forecast = {str(s.period): s.forecast_cum_pct for s in path.lines[0].steps}
    assert points["2020-08"] == pytest.approx(-13.6)
    assert points["2020-09"] == pytest.approx(forecast["2020-09"])
    assert points["2020-12"] > forecast["2020-12"]


def test_pace_keeps_the_latest_published_growth(rows):
    found = pace_points(rows, "ankang")
    assert [period for period, _ in found] == [f"2020-{month:02d}" for month in range(8, 13)]
    assert [value for _, value in found] == pytest.approx([-13.6] * 5)
    assert pace_points(rows[rows["status"] == "forecast"], "ankang") == ()


def test_history_is_what_was_published_before_the_year():
    run = ankang()[2]
    published = Published.of(run.dataset.panel, run.paths.as_of, 2020)
    found = history_rows(published, "fai", ["ankang", "shaanxi"], Growth.CUMULATIVE)
    assert len(found)
    assert all(period < "2020" for period in found["period"])
    seen = run.dataset.panel.observations
    for row in found.to_dict("records"):
        mine = seen[(seen["unit"] == row["unit"]) & (seen["indicator"] == "fai") & (seen["measure"] == "cum_yoy_pct")]
        assert row["value"] in set(mine.loc[[str(p) == row["period"] for p in mine["period"]], "value"])
    single = history_rows(published, "fai", ["shaanxi"], Growth.SINGLE)
    assert all(np.isfinite(single["value"]))


def test_a_fan_chart_holds_overlays_and_history(rows):
    run = ankang()[2]
    published = Published.of(run.dataset.panel, run.paths.as_of, 2020)
    history = history_rows(published, "fai", ["ankang", "shaanxi"], Growth.CUMULATIVE)
    pace = Overlay(name="序时进度", points=pace_points(rows, "ankang"))
    chart = fan_chart(
        rows,
        {"ankang": "安康市", "shaanxi": "陕西省"},
        growth=Growth.CUMULATIVE,
        target_pct=None,
        lang="zh",
        history=history,
        overlays=[pace],
    ).to_dict()
    held = list(chart["datasets"].values())
    drawn = next(one for one in held if one[0].get("place") == "序时进度")
    assert [row["value"] for row in drawn] == pytest.approx([-13.6] * 5)
    assert any(len(one) == len(history) and "year" in one[0] for one in held)


def test_a_sure_outcome_changes_nothing(world):
    found = Session(ankang()[2]).explored("fai.shaanxi>=-90")
    assert [o.p_near for o in found.after] == [o.p_near for o in found.before]
    assert "结果不变" in explored_text(found, "zh")


def test_a_worse_province_makes_the_city_likelier(world):
    found = Session(ankang()[2]).explored("fai.shaanxi<=2.0")
    before, after = (next(o for o in side if o.case.key == KEY) for side in (found.before, found.after))
    assert after.p_near >= before.p_near
    assert after.benchmark_growth.median_pct < before.benchmark_growth.median_pct
    assert "有效样本" in explored_text(found, "zh")
    table = explored_grid(found, KEY, View(lang="zh", surface=Surface.PAGE))
    assert table is not None
    assert len(table.rows) == 5
    assert explored_grid(found, ("fdi", "ankang", "province_average"), View(lang="zh", surface=Surface.PAGE)) is None


def test_an_outcome_beyond_all_draws_is_refused(world):
    with pytest.raises(GivenError):
        Session(ankang()[2]).explored("fai.shaanxi>=500")


def test_the_reader_types_an_outcome(at):
    at.run()
    at.number_input(key="given-fai-shaanxi").set_value(4.0).run()
    assert not at.exception
    assert tables(at, "grid explored")
    at.number_input(key="given-fai-shaanxi").set_value(500.0).run()
    assert not at.exception
    assert "超出推演范围" in at.warning[0].value


def test_earlier_years_are_drawn_where_wanted(at):
    at.run()
    at.toggle(key="years").set_value(True).run()
    assert not at.exception
