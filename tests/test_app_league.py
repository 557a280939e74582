"""位次与考核 and 各地一览: the pages show the numbers of the league, and charts hold them."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from forecast.answers.ranks import first_third
from forecast.answers.scores import course
from forecast.report.league_charts import bump_chart, course_rows, place_chart, score_chart
from forecast.runs.run import Run
from forecast.runs.session import Session
from forecast.tables.league import province_grid, rank_sentences
from forecast.tables.table import Surface, View
from forecast.ui.main import PAGES
from tests.app_pages import keep_main, kept_run, page, said, tables
from tests.app_runs import ankang

DATA = Path(__file__).parent.parent / "data"


@cache
def hunan() -> tuple[Path, Run]:
    home = Path(tempfile.mkdtemp(prefix="dabiao-league-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    return home, kept_run(home, draws=500, dataset=DATA / "hunan", as_of="2021-08")


@pytest.fixture
def at(monkeypatch):
    keep_main(monkeypatch)
    monkeypatch.setenv("DABIAO_HOME", str(hunan()[0]))
    return page


def text(at) -> str:
    return unescape("".join(one.value for one in at.html))


def test_the_page_says_the_chances_that_the_draws_count(at):
    one = at("ranks")
    one.query_params["rank_by"] = "fai"
    one.query_params["rank_goal"] = "6"
    one.run()
    assert not one.exception
    lab = Session(hunan()[1])
    found = lab.league()
    answer = found.of("fai", "shaoyang")
    said_of = rank_sentences(answer, lab.dataset.panel, "zh", goal=6, moved=None, now=found.period["fai"])
    assert said_of[0] in text(one)
    assert "前6位" in said_of[0]
    siblings = tables(one, "grid siblings")[0]
    assert len(siblings) == 15
    expected = [found.of("fai", unit).expected for unit in found.units]
    best = lab.dataset.panel.units[found.units[int(np.argmin(expected))]].name_zh
    assert siblings[1][0] == [best]
    assert len(tables(one, "grid scoring")[0]) == 6
    one.selectbox(key="rank_goal").set_value("3").run()
    assert one.query_params["rank_goal"] == "3"
    assert "前3位" in text(one)


def test_a_place_of_the_choice_is_shown_and_a_bad_choice_is_said(at):
    one = at("ranks")
    one.query_params["rank_by"] = "gdp"
    one.run()
    assert not one.exception
    assert "gdp" in said(one)
    assert "rank_by" not in one.query_params


def test_the_province_stands_on_one_page_with_who_is_at_risk_first(at):
    one = at("province").run()
    assert not one.exception
    run = hunan()[1]
    found = Session(run).league()
    grid = province_grid(found, run.attainment, run.dataset.panel, View(lang="zh", surface=Surface.PAGE))
    shown = tables(one, "grid province")[0][1:]
    assert [row[0][0] for row in shown] == [row[0].text for row in grid.rows]
    assert len(shown) == 14
    assert "heat-" in text(one)


@pytest.mark.parametrize("name", ["ranks", "province"])
def test_a_city_without_siblings_is_told_so(monkeypatch, name):
    keep_main(monkeypatch)
    monkeypatch.setenv("DABIAO_HOME", str(ankang()[0]))
    assert name in PAGES
    one = page(name).run()
    assert not one.exception
    if name == "ranks":
        assert "第11位（共11" in text(one)
        assert "第2位（共11" in text(one)


def test_charts_hold_the_ranks_of_the_draws():
    run = hunan()[1]
    panel = run.dataset.panel
    found = Session(run).league()
    names = {unit: panel.units[unit].name_zh for unit in found.units}
    answer = found.of("ind_va", "shaoyang")
    bars = place_chart(answer, "zh", goal=first_third(14)).to_dict()
    rows = next(iter(bars["datasets"].values()))
    assert sum(row["share"] for row in rows) == pytest.approx(1.0)
    assert sum(row["share"] for row in rows if row["rank"] <= 5) == pytest.approx(answer.first(5))
    through = course(run.paths, panel, found, "ind_va")
    frame = course_rows(through, names, "zh")
    end = frame[(frame["unit"] == "shaoyang") & (frame["period"] == "2021-12")].iloc[0]
    assert (end["low"], end["high"]) == (answer.p10, answer.p90)
    known = frame[(frame["unit"] == "shaoyang") & frame["known"]]
    assert (known["low"] == known["high"]).all()
    assert known.iloc[-1]["rank"] == answer.now
    assert bump_chart(through, names, "shaoyang", "en").to_dict()["layer"]
    edges, shares = found.scores.spread("shaoyang")
    assert shares.sum() == pytest.approx(1.0)
    assert len(edges) == len(shares) + 1
    assert score_chart(found.scores, "shaoyang", "zh").to_dict()["layer"]
