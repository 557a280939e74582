"""Ranks and scores in workbook, brief and charts: the numbers of the league; every city of a province has a report."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forecast.report.prose import standing
from forecast.report.report_charts import report_charts
from forecast.runs.run import Request, of_unit, run
from forecast.tables.dossier import gather
from forecast.tables.kind import Kind
from forecast.tables.standings import rank_sheet, score_sheet
from tests.report_dossier import dossier
from tests.test_app_league import DATA, hunan


@pytest.fixture(scope="module")
def found():
    return gather(hunan()[1])


def test_the_sheet_of_ranks_has_every_city_and_begins_with_the_own(found):
    records = rank_sheet(found, "zh").records()
    assert len(records) == 14 * len(found.league.ranks)
    exact = found.tables["ranks"].set_index(["indicator", "unit"])
    first = records[0]
    assert first["unit"] == "邵阳市"
    row = exact.loc[("ind_va", "shaoyang")]
    assert first["rank_expected"] == row["rank_expected"]
    assert (first["rank_p10"], first["rank_p90"]) == (row["rank_p10"], row["rank_p90"])
    assert first["p_last_three"].endswith("%")


def test_the_sheet_of_scores_has_points_by_item_and_classes(found):
    sheet = score_sheet(found, "zh")
    exact = found.tables["assessment"].set_index("unit")
    mine = next(one for one in sheet.records() if one["unit"] == "邵阳市")
    assert mine["score_median"] == exact.loc["shaoyang", "score_median"]
    items = found.league.scores.items
    k = found.league.scores.units.index("shaoyang")
    assert mine["points_fai"] == pytest.approx(items["fai"][:, k].mean())
    assert {"class_1", "class_4"} <= {one.name for one in sheet.fields}
    assert any("功效系数" in note for note in sheet.notes)


def test_the_brief_says_ranks_and_score_as_the_sheets_have_them(found):
    (line,) = standing(found, "zh")
    for one in rank_sheet(found, "zh").records():
        if one["unit"] == "邵阳市":
            assert f"{one['name_zh']}第{Kind.WHOLE.shown(one['rank_expected'], 'zh')}位" in line
            assert f"{one['rank_p10']}～{one['rank_p90']}位" in line
    assert "考核" in line
    assert {"ranks-fai", "score"} <= set(report_charts(found, "zh"))


def test_without_siblings_the_sheets_say_what_is_missing():
    bare = dossier()
    assert not rank_sheet(bare, "zh").rows
    assert "units.csv" in rank_sheet(bare, "zh").notes[0]
    assert "考核办法" in score_sheet(bare, "zh").notes[0]
    assert standing(bare, "zh") == []


def test_another_citys_report_is_that_of_its_own_run(found):
    other = of_unit(hunan()[1], "changsha")
    alone = run(Request(dataset=DATA / "hunan", as_of="2021-08", draws=500, unit="changsha"))
    assert other.run_id == alone.run_id
    mine, own = (
        {(row.target.unit, row.target.indicator): row.p_near for row in one.attainment.rows} for one in (other, alone)
    )
    assert mine == own
    assert replace(other.request, unit=None) == replace(hunan()[1].request, unit=None)
