"""情景推演: what the page shows is what the command writes; saves never meet; a link leads back or says why not."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from forecast.answers.evidence import Evidence
from forecast.runs.session import Session
from forecast.runs.store import ConflictError, Store
from forecast.scenario.drafting import Draft, to_yaml
from forecast.tables import words
from forecast.tables.scenarios import scenario_tables
from forecast.ui.kept import decoded, encoded, save
from tests.app_pages import keep_main, kept_run, page, said, tables

ROOT = Path(__file__).parent.parent
PUSH = {
    "type": "county_push",
    "id": "p",
    "unit": "ankang",
    "indicator": "retail",
    "effect_pp": 20.0,
    "month": "2020-10",
}
MINE = Draft(name="mine", title="我的方案", dataset="ankang-2020", actions=(PUSH,))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    return home, kept_run(home)


@pytest.fixture
def home(made, monkeypatch):
    keep_main(monkeypatch)
    monkeypatch.setenv("DABIAO_HOME", str(made[0]))
    return made[0]


@pytest.fixture
def at(home):
    return page("scenario")


def numbers(texts):
    return [float(x) for x in re.findall(r"[+-]?\d+\.\d", " ".join(texts))]


def test_the_table_of_a_scenario_is_that_of_the_command(at, home, made):
    at.query_params["scenario"] = "file:consumption"
    at.run()
    assert not at.exception
    assert not at.error
    rows = tables(at, "scenario")[0][1:]
    studied = Session(Store(home).open(made[1].run_id).run()).study([ROOT / "scenarios" / "consumption.yaml"])
    frame = scenario_tables(studied)["scenarios"]
    mine = frame[(frame["target_kind"] == "province_average") & (frame["unit"] == "ankang")]
    after = mine[mine["scenario"] == "consumption-season"].to_dict("records")
    before = mine[mine["scenario"] == "baseline"].to_dict("records")
    assert len(rows) == len(after) > 3
    for cells, one, was in zip(rows, after, before, strict=True):
        evidence = Evidence(one["evidence"])
        assert cells[1][0] == words.growth(one["forecast_growth_pct"], "zh")
        assert words.growth(was["forecast_growth_pct"], "zh") in cells[1][1]
        assert cells[2][0] == words.gap(one["gap_pp"], "zh")
        for cell, name in ((cells[3], "near"), (cells[4], "reach")):
            assert cell[0] == words.probability(one[f"p_{name}"], "zh", evidence=evidence)
            assert words.probability(was[f"p_{name}"], "zh", evidence=evidence) in cell[1]
            printed = words.level_change(one[f"p_{name}"], was[f"p_{name}"], evidence=evidence)
            assert cell[1].endswith(f"变化{printed}")
    assert any(one["change_near"] > 0.005 for one in after)


def test_a_blank_scenario_changes_nothing_and_asks_nothing_of_the_address(at):
    at.run()
    assert not at.exception
    for row in tables(at, "scenario")[0][1:]:
        assert all(cell[1].endswith("变化0") for cell in row[1:])
    assert set(at.query_params) == {"run"}


def test_a_slider_changes_the_results_and_the_address_leads_back(at, home):
    at.run()
    before = tables(at, "scenario")[0]
    at.session_state["editor"] = "县区发力"
    at.run()
    at.selectbox(key="push-indicator").set_value("retail").run()
    city = next(one for one in at.slider if one.label == "安康市")
    city.set_value(20.0).run()
    assert not at.exception
    after = tables(at, "scenario")[0]
    assert after != before
    again = page("scenario")
    for key, value in at.query_params.items():
        again.query_params[key] = value
    again.run()
    assert tables(again, "scenario")[0] == after
    assert not again.warning
    assert any("尚未保存" in one.value for one in again.caption)


def test_text_with_a_slip_is_told_by_line_and_the_results_stay(at):
    at.run()
    at.session_state["editor"] = "文本"
    at.run()
    before = tables(at, "scenario")
    at.text_area[0].set_value(to_yaml(MINE).replace("unit: ankang", "unit: ankan")).run()
    next(one for one in at.button if one.label == "应用").click().run()
    assert not at.exception
    assert "ankan" in at.error[0].value
    assert "第7行" in at.error[0].value
    assert tables(at, "scenario") == before
    at.text_area[0].set_value(to_yaml(MINE)).run()
    next(one for one in at.button if one.label == "应用").click().run()
    assert not at.error
    assert tables(at, "scenario") != before


def test_an_action_that_is_taken_out_no_longer_counts(at):
    at.query_params["edit"] = encoded(MINE)
    at.run()
    whole = tables(at, "scenario")
    at.session_state["editor"] = "措施清单"
    at.run()
    assert tables(at, "scenario") == whole
    at.session_state["editor"] = "文本"
    at.session_state["bench"].draft = replace(MINE, off=frozenset({0}))
    at.run()
    assert not at.exception
    for row in tables(at, "scenario")[0][1:]:
        assert all(cell[1].endswith("变化0") for cell in row[1:])


def fill_save(at, *, name, author):
    texts = {one.label: one for one in at.text_input}
    texts["编号"].set_value(name)
    texts["保存人"].set_value(author)
    next(one for one in at.button if one.label == "保存为新版本").click().run()


def test_two_people_who_edit_the_same_scenario_do_not_overwrite_each_other(at, home):
    saved = Store(home).scenarios
    key = save(replace(MINE, name="shared"), saved, author="甲", based_on=0)
    other = page("scenario")
    for one in (at, other):
        one.query_params["scenario"] = key
        one.query_params["edit"] = encoded(replace(MINE, name="shared", title="改过"))
        one.run()
    fill_save(at, name="shared", author="甲")
    assert not at.error
    assert saved.newest("shared").version == 2
    assert at.query_params["scenario"] == "saved:shared@2"
    fill_save(other, name="shared", author="乙")
    assert "甲" in other.error[0].value
    assert saved.newest("shared").version == 2
    fill_save(other, name="shared-b", author="乙")
    assert saved.newest("shared-b").author == "乙"
    with pytest.raises(ConflictError, match="shared"):
        save(replace(MINE, name="shared"), saved, author="乙", based_on=1)


def test_a_save_without_a_name_or_a_person_is_refused_in_words(at):
    at.query_params["edit"] = encoded(MINE)
    at.run()
    fill_save(at, name=" / ", author="甲")
    assert at.error
    fill_save(at, name="fine", author=" ")
    assert at.error
    assert not at.exception


def test_a_scenario_with_a_problem_is_told_and_not_saved(at, home):
    at.run()
    at.session_state["bench"].draft = replace(MINE, name="bad", actions=({**PUSH, "unit": "nowhere"},))
    at.run()
    assert not at.exception
    assert "nowhere" in at.error[0].value
    assert tables(at, "scenario")
    fill_save(at, name="bad", author="甲")
    assert any("未保存" in one.value for one in at.error)
    assert "bad" not in Store(home).scenarios.names()


def test_a_link_of_other_data_says_so(at, made):
    at.query_params["scenario"] = "file:restart"
    at.query_params["data"] = "0123456789ab"
    at.query_params["model"] = "0.0.1"
    at.run()
    told = said(at)
    assert "0123456789ab" in told
    assert made[1].dataset.data_hash[:12] in told
    assert "0.0.1" in told


@pytest.mark.parametrize(("key", "value"), [("scenario", "saved:nobody@3"), ("edit", "!!!"), ("edit", "eJwDAAAAAAE")])
def test_a_broken_link_is_told_and_the_page_stays(at, key, value):
    at.query_params[key] = value
    at.run()
    assert not at.exception
    assert len(at.warning) == 1
    assert tables(at, "scenario")


def test_side_by_side_and_contributions_are_shown_on_request(at):
    at.query_params["scenario"] = "file:consumption"
    at.query_params["compare"] = "file:restart,file:nowhere"
    at.run()
    side = tables(at, "side")[0]
    assert [cell[0] for cell in side[0]] == [
        "指标",
        "基准（不加措施）",
        "消费旺季促销",
        "可恢复停产企业10月起复产至六成",
    ]
    at.toggle(key="contributions").set_value(True).run()
    assert not at.exception
    assert len(tables(at, "contributions")[0]) == 1 + 3


def test_another_scenario_can_be_added_and_what_was_edited_taken_back(at):
    at.query_params["edit"] = encoded(MINE)
    at.run()
    edited_table = tables(at, "scenario")
    chooser = next(one for one in at.selectbox if one.label == "情景")
    chooser.set_value("file:restart").run()
    assert tables(at, "scenario") != edited_table
    next(one for one in at.button if one.label == "恢复刚才的编辑").click().run()
    assert tables(at, "scenario") == edited_table
    next(one for one in at.selectbox if one.label == "与哪个情景叠加").set_value("file:restart").run()
    next(one for one in at.button if one.label == "叠加到当前情景").click().run()
    assert len(at.session_state["bench"].draft.actions) == 2
    assert not at.exception


def test_english_changes_words_and_no_number(at):
    at.query_params["scenario"] = "file:consumption"
    chinese = tables(at.run(), "scenario")[0]
    at.segmented_control(key="lang").set_value("en").run()
    english = tables(at, "scenario")[0]
    assert english[0][0] == ["Indicator"]
    assert [[numbers(cell) for cell in row[1:]] for row in english] == [
        [numbers(cell) for cell in row[1:]] for row in chinese
    ]


def test_a_long_draft_does_not_fit_an_address_and_a_short_one_does(made):
    dataset = made[1].dataset
    assert decoded(encoded(MINE), dataset, file="mine") == MINE
    noise = tuple(
        {**PUSH, "id": f"p{k}", "note": f"{k**9 % 1000003:x}-{k**7 % 999983:x}-{k**5 % 99991:x}"} for k in range(400)
    )
    assert encoded(replace(MINE, actions=noise)) is None
