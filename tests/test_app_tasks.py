"""任务与县区: margins add up as shown, a typed amount stays, and who has no figure has no rank and is on no list."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from forecast.periods import Month
from forecast.report import html
from forecast.report.charts import contribution_chart, heat_chart, rank_chart
from forecast.runs.session import Session, Wanted
from forecast.tables.breakdown import DIMENSIONS, held_cells, hold_name, margin_grid, place_table, task_table
from forecast.tables.counties import interview_grid, list_notes, named_grid, ranking_grid
from forecast.tables.stock import stock_grid
from forecast.tables.table import Surface, View
from forecast.tasks.allocation import Hold
from forecast.tasks.county_lists import Interview, Ranking, RankStatus, Standing
from tests.app_pages import keep_main, page, said, tables
from tests.app_runs import ankang


@pytest.fixture(scope="module")
def found():
    return Session(ankang()[2]).assignments(Wanted(indicators=("fai",)))


@pytest.fixture
def at(monkeypatch):
    keep_main(monkeypatch)
    monkeypatch.setenv("DABIAO_HOME", str(ankang()[0]))
    return page("tasks")


def places(b, found):
    """Tasks of places as a frame: index ids, "" for the city."""
    table = place_table(b, found, "zh")
    return pd.DataFrame(table.rows, index=table.keys)


def whole(text):
    return int(text.replace(",", "")) if text else 0


def test_the_page_opens_on_the_breakdown_and_says_what_it_rests_on(at, found):
    at.run()
    assert not at.exception
    text = " ".join(one.value for one in at.html)
    assert "示例台账，仅演示，不得用于上报决策" in text
    assert "按现有台账不可及" in text
    shown = [[cell[0] for cell in row] for row in tables(at, "grid team")[0][1:]]
    assert [row[0] for row in shown] == [
        row[0].text for row in margin_grid(found.breakdowns[0], "team", found, "zh").rows
    ]


def test_every_table_of_margins_adds_up_as_shown(found):
    b = found.breakdowns[0]
    for dimension in ("team", "sector", "county", "support"):
        rows = [[whole(cell.text) for cell in row[1:]] for row in margin_grid(b, dimension, found, "zh").rows]
        months = len(b.months)
        for row in rows:
            assert sum(row[:months]) == row[months]
        for column in range(months + 3):
            assert sum(row[column] for row in rows[:-1]) == rows[-1][column], (dimension, column)
    assert set(DIMENSIONS) == {"team", "sector", "county", "support"}


def test_places_add_up_to_the_city_and_tasks_to_places(found):
    b = found.breakdowns[0]
    table = places(b, found)
    months = [str(month) for month in b.months]
    assert (table[months].sum(axis=1) == table["sum"]).all()
    assert (table.loc[table.index != "", months].sum() == table.loc["", months]).all()
    view = View(lang="zh", surface=Surface.PAGE)
    assert sum(row["task"] for row in task_table(b, found).cells(view)) == table.loc["", "sum"]
    one = task_table(b, found, place="hanbin", month=months[0]).cells(view)
    assert sum(row["task"] for row in one) == table.loc["hanbin", months[0]]
    assert {row["month"] for row in one} == {months[0]}


def test_typed_cells_become_locks(found):
    edited = {"0": {"2020-10": 1200, "2020-11": None}, "2": {"sum": 50000.4}}
    places = ["hanbin", "hanyin", "shiquan"]
    holds = held_cells(edited, places, "fai")
    assert [(h.key, h.month, h.amount_wan, h.indicator) for h in holds] == [
        ("hanbin", Month(2020, 10), 1200, "fai"),
        ("shiquan", None, 50000, "fai"),
    ]
    assert hold_name(holds[0], found, "zh") == "汉滨区10月 1,200万元"
    assert hold_name(holds[1], found, "zh") == "石泉县合计 50,000万元"


def test_a_locked_amount_stays_and_the_total_too(found):
    hold = Hold(key="hanbin", month=Month(2020, 10), amount_yi=3.0, indicator="fai")
    again = Session(ankang()[2]).assignments(replace(found.wanted, holds=(hold,)))
    table = places(again.breakdowns[0], again)
    assert table.loc["hanbin", "2020-10"] == 30000
    assert table.loc["", "sum"] == places(found.breakdowns[0], found).loc["", "sum"]


def test_locks_that_cannot_be_are_named_on_the_page(at):
    from forecast.ui.tasks import LOCKS, _Locks

    huge = Hold(key="hanbin", month=None, amount_yi=9999.0, indicator="fai")
    at.session_state[LOCKS] = _Locks(run_id=ankang()[2].run_id, held=[huge])
    at.run()
    assert not at.exception
    assert "锁定9999亿元" in " ".join(one.value for one in at.html)
    button = next(one for one in at.button if (one.key or "").startswith("unlock-"))
    button.click().run()
    assert "锁定9999亿元" not in " ".join(one.value for one in at.html)


def test_another_wish_changes_the_breakdown_and_the_address(at):
    at.run()
    before = tables(at, "grid team")[0]
    at.selectbox(key="chance").set_value("30").run()
    assert not at.exception
    assert at.query_params["chance"] == "30"
    assert tables(at, "grid team")[0] != before


def test_counties_without_figures_are_neither_ranked_nor_listed(at):
    at.query_params["part"] = "counties"
    at.run()
    assert not at.exception
    text = " ".join(one.value for one in at.html)
    assert "点名约谈建议名单（测算稿，以市委市政府决定为准）" in text
    assert "按现有公布数，没有建议名单" in text
    assert not tables(at, "grid named")
    for row in tables(at, "grid ranking")[0][1:]:
        assert row[2] == ["—"], row


def test_the_balance_of_units_is_shown(at, found):
    at.query_params["part"] = "stock"
    at.run()
    assert not at.exception
    shown = [["".join(cell) for cell in row] for row in tables(at, "grid stock")[0][1:]]
    assert shown == [[cell.text for cell in row] for row in stock_grid(found, "zh").rows]
    assert any("起报数" in one.value for one in at.html)


def test_a_part_that_does_not_exist_is_named(at):
    at.query_params["part"] = "nowhere"
    at.run()
    assert "nowhere" in said(at)


def ranked(found):
    """Three counties with figures, the last of them proposed."""
    standings = tuple(
        Standing(
            indicator="fai", unit=unit, name_zh=name, within=None, period=Month(2020, 8), growth_pct=growth, rank=k,
            gap_city_pp=growth - 2.0, share=0.3, contribution_pp=0.3 * (growth - 3.0), contribution_share=0.4 * k,
            p_last=0.1 * k, rank_p10=1, rank_p90=3, named=k == 3,
        )
        for k, (unit, name, growth) in enumerate(
            (("hanbin", "汉滨区", 5.0), ("hanyin", "汉阴县", 1.0), ("shiquan", "石泉县", -6.0)), start=1
        )
    )  # fmt: skip
    none = Standing(indicator="fai", unit="ziyang", name_zh="紫阳县", within=None)
    ranking = Ranking(
        indicator="fai",
        name_zh="固定资产投资（不含农户）",
        status=RankStatus.RANKED,
        period=Month(2020, 8),
        published=3,
        of=4,
        city_pct=2.0,
        province_pct=3.0,
        standings=(*standings, none),
    )
    numbers = {"mean_place": 1.0, "ranked": 1, "behind": 1, "named": 1, "contribution_share": 1.2}
    interview = Interview(unit="shiquan", name_zh="石泉县", proposed=True, **numbers)
    return replace(found, naming=replace(found.naming, rankings=(ranking,), interviews=(interview,)))


def test_rankings_lists_and_charts_show_the_numbers_of_naming(found):
    made = ranked(found)
    ranking = ranking_grid(made.naming.rankings[0], made, "zh")
    rows = ranking.rows
    assert [cell.text for cell in rows[2]][:5] == ["石泉县", "-6.0%", "3/3", "-8.0", "-9.0"]
    assert [cell.text for cell in rows[3]][:4] == ["紫阳县", "未公布", "—", "—"]
    assert [k for k, name in enumerate(ranking.classes) if name == "marked"] == [2]
    assert html.table(ranking).count('<tr class="marked"><th scope="row"><span>石泉县</span>') == 1
    assert [row[2].text for row in named_grid(made, "zh").rows] == ["石泉县"]
    assert [row[0].text for row in interview_grid(made, "zh").rows] == ["石泉县"]
    assert not any("没有建议名单" in note for note in list_notes(made, "zh"))
    heat = heat_chart(made, "zh")
    assert heat is not None
    held = next(iter(heat.to_dict()["datasets"].values()))
    assert [row["text"] for row in held] == ["+3.0", "-1.0", "-8.0", "未公布"]
    ranks, pulls = (build(made.naming.rankings[0], "zh").to_dict() for build in (rank_chart, contribution_chart))
    assert [row["rank"] for row in next(iter(ranks["datasets"].values()))] == [1, 2, 3]
    values = max(pulls["datasets"].values(), key=len)
    assert [row["contribution"] for row in values] == pytest.approx([-2.7, -0.6, 0.6])
    assert heat_chart(found, "zh") is None or found.naming.rankings
