"""总览: the sentence under a scenario, what changed and why, and the page that is printed say what the results say."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from functools import cache

import pytest

from forecast.answers.chances import Criterion
from forecast.answers.evidence import Evidence
from forecast.news.news import Delta, Kind, Levels, News, NewsStatus, Part, TargetNews
from forecast.runs.session import Session
from forecast.runs.store import Store
from forecast.tables import words
from forecast.tables.actions import action_name, effective_actions, scenario_sentence
from forecast.tables.leaders import next_release
from forecast.tables.moved import change_lines
from forecast.tables.news import news_lines, waterfall
from forecast.tables.table import grid
from forecast.ui.html import Sheet, sheet
from forecast.ui.overview import _form, earlier_of
from tests.app_pages import Rows, keep_main, page, tables
from tests.app_runs import ROOT, ankang

SPEECH = ROOT / "scenarios" / "speech.yaml"


@pytest.fixture
def home(monkeypatch):
    keep_main(monkeypatch)
    monkeypatch.setenv("DABIAO_HOME", str(ankang()[0]))
    return ankang()[0]


@pytest.fixture
def at(home):
    return page("overview")


def sentences(at):
    return [plain(one.value) for one in at.html if 'class="dabiao-sentence' in one.value]


def plain(text):
    return html.unescape(re.sub("<[^>]+>", "", text))


@cache
def speech():
    return Session(ankang()[2]).study([SPEECH])


def sheet_of(at):
    return next(one.value for one in at.html if 'class="dabiao-sheet"' in one.value)


def test_without_a_scenario_there_is_one_sentence(at):
    at.run()
    assert not at.exception
    assert len(sentences(at)) == 1
    assert sentences(at)[0].startswith("截至8月，8项考核指标中4项可研判")


def test_the_second_sentence_has_the_numbers_of_the_scenario_and_at_most_three_actions(at):
    at.query_params["scenario"] = "file:speech"
    at.run()
    assert not at.exception
    run, found = ankang()[2], speech()
    result, scenario = found.comparison.results[0], found.comparison.results[0].scenario
    second = sentences(at)[1]
    assert second.startswith(scenario_sentence(result, scenario, Criterion.NEAR, "zh"))
    assert f"预计{result.near.p50}项" in second
    assert "示例台账，仅演示，不得用于上报决策" in second
    effects = effective_actions(result, found.contributions[scenario.name], run.dataset, Criterion.NEAR, "zh")
    assert len(effects) == 3
    assert all(text in second for text in effects)


def test_the_most_effective_actions_are_those_with_the_largest_shares():
    run, result = ankang()[2], speech().comparison.results[0]
    scenario = result.scenario
    found = speech().contributions[scenario.name]
    mine = {m.id: [c for c in found if c.action == m.id and c.case.in_assessment] for m in scenario.actions}
    total = {name: sum(c.share_near for c in rows) for name, rows in mine.items()}
    gains = {name: max(c.share_gap_pp for c in rows) for name, rows in mine.items()}
    order = sorted((name for name in total if gains[name] > 0), key=lambda name: (-total[name], -gains[name]))
    shown = effective_actions(result, found, run.dataset, Criterion.NEAR, "zh")
    by_id = {m.id: action_name(m, run.dataset, "zh") for m in scenario.actions}
    assert [text.partition("：")[0] for text in shown] == [by_id[name] for name in order[:3]]


def test_another_scenario_is_chosen_and_kept_in_the_address(at):
    at.run()
    box = next(one for one in at.selectbox if (one.key or "").startswith("overview-scenario"))
    box.set_value("file:restart").run()
    assert not at.exception
    assert at.query_params["scenario"] == "file:restart"
    assert len(sentences(at)) == 2


def test_what_changed_is_said_against_the_earlier_run(at):
    at.run()
    home, before, after = ankang()
    headers = Store(home).runs()
    newest = next(one for one in headers if one.run_id == after.run_id)
    earlier = earlier_of(newest, headers)
    assert earlier is not None
    assert earlier.run_id == before.run_id
    text = " ".join(one.value for one in at.html)
    assert "较上期（截至7月）变化及原因" in text
    assert "新增数据" in text
    assert earlier_of(earlier, headers) is None


def test_changes_name_what_moved_by_a_shown_step():
    from forecast.runs.difference import compare, vintage

    home, before, after = ankang()
    store = Store(home)
    moved = compare(vintage(store.open(before.run_id)), vintage(store.open(after.run_id)))
    lines = change_lines(moved, after.dataset, Criterion.NEAR, "zh")
    mine = [m for m in moved.moves if m.unit == "ankang" and m.target_kind == "province_average"]
    named = [m for m in mine if None not in m.p_near]
    assert named
    for move in named:
        step = words.level_points(move.p_near[1], move.p_near[0], evidence=Evidence(move.evidence))
        assert any(line.startswith(move.name_zh) for line in lines) == (step != 0)


def test_the_printed_page_shows_the_same_table_and_sentences(at):
    at.query_params["scenario"] = "file:restart"
    at.run()
    printed = sheet_of(at)
    assert all(part in plain(printed) for part in sentences(at)[:1])
    on_paper = printed[printed.index("<table>") : printed.index("</table>")]
    screen, paper = (
        [[re.sub("[●■◆] ", "", " ".join(cell)) for cell in row] for row in rows[1:]]
        for rows in (tables(at, "leaders")[0], Rows(on_paper).rows)
    )
    assert paper == screen
    assert ankang()[2].run_id in printed


def test_the_printed_page_escapes_texts_and_marks_synthetic_data():
    texts = {"title": "<b>", "mark": "合成", "sentence": "<script>", "rule": "", "source": ""}
    made = sheet(Sheet(scenario=["<i>"], table=grid("leaders", "", [], []), parts=[("<u>", ["<s>"])], **texts), "zh")
    assert not any(tag in made for tag in ("<b>", "<script>", "<i>", "<u>", "<s>"))
    assert '<p class="mark">合成</p>' in made


def test_the_next_release_is_that_of_the_following_month():
    assert next_release(ankang()[2].attainment, "zh").startswith("下次更新：9月数据，一般于10月20日")


def told(change: float = 0.23) -> News:
    levels = Levels(p_reach=0.40, p_near=0.5, forecast_pct=1.0, benchmark_pct=2.0, gap_pp=-1.0)
    later = Levels(p_reach=0.40 + change, p_near=0.6, forecast_pct=1.5, benchmark_pct=2.0, gap_pp=-0.5)
    parts = (
        Part(kind=Kind.CITY, delta=Delta(reach=0.30, near=0.1, forecast_pp=0.5, benchmark_pp=0.0, gap_pp=0.7)),
        Part(
            kind=Kind.PROVINCE,
            delta=Delta(reach=change - 0.30, near=0.0, forecast_pp=0.0, benchmark_pp=0.0, gap_pp=-0.2),
        ),
        Part(kind=Kind.MONTE_CARLO, delta=Delta(reach=0.0, near=0.0, forecast_pp=0.0, benchmark_pp=0.0, gap_pp=0.0)),
    )
    target = TargetNews(
        key=("fai", "ankang", "province_average"),
        name_zh="固定资产投资（不含农户）",
        benchmark="shaanxi",
        assessed=True,
        evidence=Evidence.LIMITED,
        status=NewsStatus.SPLIT,
        before=levels,
        after=later,
        change=Delta(reach=change, near=0.1, forecast_pp=0.5, benchmark_pp=0.0, gap_pp=0.5),
        parts=parts,
    )
    return News(before="a", after="b", as_of=("2020-07", "2020-08"), targets=(target,))


@pytest.mark.parametrize(("criterion", "ends"), [(Criterion.NEAR, ("50%", "60%")), (Criterion.REACH, ("40%", "65%"))])
def test_a_waterfall_leads_from_the_earlier_to_the_later_gap_without_a_gap(criterion, ends):
    found = replace(told(), criterion=criterion)
    steps = waterfall(found.targets[0], found, ankang()[2].dataset, "zh")
    assert steps is not None
    assert list(steps["text"]) == [f"-1.0（概率{ends[0]}）", "+0.7", "-0.2", f"-0.5（概率{ends[1]}）"]
    assert list(steps["end"][:-2]) == list(steps["start"][1:-1])
    assert steps["end"].iloc[-1] == -0.5
    assert steps["name"].is_unique


def test_news_is_kept_as_it_was_split(home):
    again = _form().validate_json(_form().dump_json(told()))
    assert again == told()
    assert news_lines(again, ankang()[2].dataset, "zh", most=3) == news_lines(told(), ankang()[2].dataset, "zh", most=3)
    assert "达到或接近的概率提高10个百分点（50%→60%）" in news_lines(again, ankang()[2].dataset, "zh", most=3)[0]


def test_a_split_that_is_there_is_shown_in_place_of_the_bare_facts(at, monkeypatch):
    from forecast.ui import overview as module
    from forecast.ui.overview import Split

    monkeypatch.setattr(module, "split_between", lambda *_: Split(news=told()))
    at.run()
    assert not at.exception
    assert "固定资产投资（不含农户）：较上月达到或接近的概率提高10个百分点" in " ".join(one.value for one in at.html)
