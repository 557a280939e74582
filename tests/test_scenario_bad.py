"""Bad scenario files: each gets one clear report, with line and column, in Chinese and in English."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from forecast.scenario.document import ScenarioError
from forecast.scenario.reader import read_scenario, scenario_of
from forecast.texts import catalogue
from tests import scenario_world as sw

DATA = sw.dataset()
HEAD = "name: a\ntitle: 甲\nactions:\n"
PUSH = "  - {type: county_push, unit: hanbin, indicator: retail, effect_pp: 5, month: 2020-10%s}\n"


def action(text: str) -> str:
    """A file whose only action starts on line 4."""
    lines = text.strip().split("\n")
    return HEAD + "  - " + "\n    ".join(lines) + "\n"


# text of the file, code of the problem, line, column, what the message names
CASES = {
    "empty file": ("", "yaml_empty", None, None, "name"),
    "not a mapping": ("- a\n- b\n", "yaml_not_mapping", 1, 1, "key: value"),
    "broken yaml": ("name: a\ntitle: [甲\nactions: []\n", "yaml_broken", None, None, ""),
    "tab indentation": ("name: a\ntitle: 甲\nactions:\n\t- x\n", "yaml_broken", 4, 1, ""),
    "key twice": ("name: a\nname: b\ntitle: 甲\n", "yaml_twice", 2, 1, "name"),
    "anchor": ("name: &x a\ntitle: *x\n", "yaml_alias", 1, 7, "anchors"),
    "tag": ("name: !!python/object:os.system a\ntitle: 甲\n", "yaml_tag", 1, 7, "tags"),
    "no name": ("title: 甲\n", "field_missing", 1, 1, "name"),
    "name with a blank": ("name: a b\ntitle: 甲\n", "name_bad", 1, 7, "a b"),
    "title is a number": ("name: a\ntitle: 12\n", "type_text", 2, 8, "12"),
    "title without a value": ("name: a\ntitle:\n", "field_empty", 2, 1, "title"),
    "misspelt key": ("name: a\ntitle: 甲\ndescripton: x\n", "key_near", 3, 1, "description"),
    "unknown key": ("name: a\ntitle: 甲\nzzz: x\n", "key_unknown", 3, 1, "zzz"),
    "bad as_of": ("name: a\ntitle: 甲\nas_of: 去年\n", "as_of_bad", 3, 8, "去年"),
    "other data set": ("name: a\ntitle: 甲\ndataset: big\n", "dataset_other", None, None, "big"),
    "actions no list": ("name: a\ntitle: 甲\nactions: 3\n", "type_list", 3, 10, "actions"),
    "action no mapping": (HEAD + "  - push\n", "type_mapping", 4, 5, "push"),
    "no type": (action("unit: hanbin"), "action_untyped", 4, 5, "county_push"),
    "type misspelt": (action("type: enterprise_restrat"), "action_near", 4, 11, "enterprise_restart"),
    "type unknown": (action("type: 飞跃"), "action_unknown", 4, 11, "飞跃"),
    "month 13": (
        action("type: county_push\nunit: hanbin\nindicator: retail\neffect_pp: 1\nmonth: 2020-13"),
        "month_bad",
        8,
        12,
        "2020-13",
    ),
    "month as number": (action("type: enterprise_stop\nenterprises: [e6]\nmonth: 10"), "month_bad", 6, 12, "10"),
    "month too early": (HEAD + PUSH.replace("2020-10", "2020-09") % "", "month_early", 4, None, "2020-10"),
    "month last year": (
        action("type: price_shift\nprice: cpi\nchange_pp: 1\nmonth: 2019-12"),
        "month_past",
        7,
        12,
        "2019-12",
    ),
    "month too far": (HEAD + PUSH.replace("2020-10", "2023-01") % "", "month_far", 4, None, "2023-01"),
    "until before month": (
        HEAD + PUSH.replace("2020-10", "2020-12") % ", until: 2020-11",
        "until_before",
        4,
        None,
        "2020-11",
    ),
    "month missing": (action("type: enterprise_stop\nenterprises: [e6]"), "field_missing", 4, 5, "month"),
    "number as text": (
        action("type: county_push\nunit: hanbin\nindicator: retail\neffect_pp: 五\nmonth: 2020-10"),
        "type_number",
        7,
        16,
        "五",
    ),
    "number is true": (HEAD + PUSH % ", prob: true", "type_number", 4, None, "prob"),
    "whole number": (action("type: project_advance\nprojects: [p1]\nmonths: 1.5"), "type_whole", 6, 13, "months"),
    "flag as text": (
        action("type: enterprise_exit\nenterprises: [e6]\nmonth: 2020-10\nkeep_base: 是"),
        "type_flag",
        7,
        16,
        "keep_base",
    ),
    "probability above one": (HEAD + PUSH % ", prob: 60", "value_at_most", 4, None, "prob"),
    "probability negative": (HEAD + PUSH % ", prob: -0.1", "value_at_least", 4, None, "prob"),
    "amount not positive": (
        action("type: bond_issue\nprojects: [p1]\namount_yi: 0\nmonth: 2020-10"),
        "value_above",
        6,
        16,
        "amount_yi",
    ),
    "path below -100": (
        action("type: benchmark_path\nindicator: fai\nyear_end_pct: -100"),
        "value_above",
        6,
        19,
        "year_end_pct",
    ),
    "channel misspelt": (
        action("type: new_entry\nchannel: montly\nmonth: 2020-10\nenterprises: [w1]"),
        "choice_near",
        5,
        14,
        "monthly",
    ),
    "price unknown": (
        action("type: price_shift\nprice: gold\nchange_pp: 1\nmonth: 2020-10"),
        "choice_unknown",
        5,
        12,
        "ppi",
    ),
    "list expected": (
        action("type: enterprise_stop\nenterprises: e6\nmonth: 2020-10"),
        "type_list",
        5,
        18,
        "enterprises",
    ),
    "empty list": (
        action("type: enterprise_stop\nenterprises: []\nmonth: 2020-10"),
        "value_empty",
        5,
        18,
        "enterprises",
    ),
    "mapping expected": (action("type: project_complete\nselect: started"), "type_mapping", 5, 13, "select"),
    "delay sums to 0.9": (
        action("type: enterprise_restart\nenterprises: [e1]\ndelay: [0.5, 0.4]"),
        "delay_sum",
        6,
        12,
        "0.9",
    ),
    "disburse above 1": (
        action("type: bond_issue\nprojects: [p1]\namount_yi: 1\nmonth: 2020-10\ndisburse: [0.7, 0.7]"),
        "disburse_sum",
        8,
        15,
        "1.4",
    ),
    "unit misspelt": (HEAD + PUSH.replace("hanbin", "hanbing") % "", "unit_near", 4, None, "hanbin"),
    "unit unknown": (HEAD + PUSH.replace("hanbin", "paris") % "", "unit_unknown", 4, None, "paris"),
    "push of the province": (HEAD + PUSH.replace("hanbin", "shaanxi") % "", "push_above", 4, None, "shaanxi"),
    "no share of the city": (HEAD + PUSH.replace("retail", "gdp") % "", "share_missing", 4, None, "share_of_parent"),
    "indicator misspelt": (HEAD + PUSH.replace("retail", "retial") % "", "indicator_near", 4, None, "retail"),
    "industry unknown": (
        action("type: sector_fill\nindustry: mining\neffect_pp: 1\nmonth: 2020-10"),
        "industry_unknown",
        5,
        15,
        "mining",
    ),
    "neither points nor amount": (
        action("type: sector_fill\nindustry: services\nmonth: 2020-10"),
        "fill_one",
        4,
        5,
        "amount_yi",
    ),
    "no selection": (action("type: project_complete"), "select_missing", 4, 5, "projects"),
    "entity misspelt": (action("type: project_complete\nprojects: [p1, pp2]"), "entity_near", 5, 20, "p2"),
    "entity unknown": (
        action("type: enterprise_stop\nmonth: 2020-10\nenterprises: [xyz]"),
        "entity_unknown",
        6,
        19,
        "xyz",
    ),
    "entity twice": (action("type: project_complete\nprojects: [p1, p1]"), "entity_twice", 5, 20, "p1"),
    "column misspelt": (action("type: project_complete\nselect: {strated: true}"), "column_near", 5, 14, "started"),
    "column unknown": (action("type: project_complete\nselect: {colour: red}"), "column_unknown", 5, 14, "colour"),
    "value in no row": (action("type: project_complete\nselect: {fund_source: 彩票}"), "select_value", 5, 27, "彩票"),
    "value misspelt": (
        action("type: enterprise_restart\nselect: {status: halte}"),
        "select_value_near",
        5,
        22,
        "halted",
    ),
    "text compared": (action('type: project_complete\nselect: {county: ">=3"}'), "select_text", 5, 22, ">=3"),
    "nothing picked": (
        action("type: enterprise_restart\nselect: {status: halted, county: xunyang}"),
        "select_none",
        5,
        13,
        "enterprises.csv",
    ),
    "normal firm restarts": (action("type: enterprise_restart\nenterprises: [e6]"), "restart_normal", 5, 19, "e6"),
    "lost firm restarts": (action("type: enterprise_restart\nenterprises: [e1, e3]"), "restart_lost", 5, 23, "e3"),
    "started project starts": (action("type: project_start\nprojects: [p1]"), "started_already", 5, 16, "p1"),
    "unstarted project completed": (action("type: project_complete\nprojects: [p4]"), "started_not", 5, 16, "p4"),
    "entry incomplete": (
        action("type: new_entry\nchannel: monthly\nmonth: 2020-10\ncount: 3"),
        "entry_incomplete",
        4,
        5,
        "indicator",
    ),
    "entry both ways": (
        action("type: new_entry\nchannel: monthly\nmonth: 2020-10\ncount: 3\nenterprises: [w1]"),
        "entry_both",
        7,
        12,
        "count",
    ),
    "id twice": (HEAD + PUSH % ", id: x" + PUSH % ", id: x", "id_twice", 5, None, "line 4"),
    "benchmark twice": (
        HEAD + 2 * "  - {type: benchmark_path, indicator: fai, year_end_pct: 4}\n",
        "fixed_twice",
        5,
        None,
        "line 4",
    ),
    "restart and stop": (
        HEAD + "  - {type: enterprise_restart, enterprises: [e1]}\n"
        "  - {type: enterprise_stop, select: {status: halted}, month: 2020-11}\n",
        "enterprise_clash",
        None,
        None,
        "e1",
    ),
    "delayed twice": (
        HEAD + 2 * "  - {type: project_delay, projects: [p1], months: 1, month: 2020-10}\n",
        "delay_clash",
        5,
        None,
        "p1",
    ),
    "coefficient misspelt": (
        HEAD.replace("actions:\n", "assumptions: {constructon_share: {mean: 0.5}}\n"),
        "key_near",
        3,
        15,
        "construction_share",
    ),
    "coefficient of no industry": (
        HEAD.replace("actions:\n", "assumptions: {elasticities: {mine: {mean: 1}}}\n"),
        "industry_unknown",
        None,
        None,
        "mine",
    ),
}


def problems(tmp_path: Path, text: str) -> ScenarioError:
    file = tmp_path / "a.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match="problem") as caught:
        read_scenario(file, DATA)
    return caught.value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case)
def test_a_bad_file_gets_one_clear_report(tmp_path, case):
    text, code, line, column, named = CASES[case]
    error = problems(tmp_path, text)
    assert [p.code for p in error.problems] == [code], error.report("en")
    problem = error.problems[0]
    assert problem.file == "a.yaml"
    assert line is None or problem.row == line
    assert column is None or problem.column == str(column)
    assert named in problem.text("en"), problem.text("en")
    assert re.search(r"[\u4e00-\u9fff]", problem.text("zh"))
    assert "{" not in re.sub(r"\{[^}]*:[^}]*\}", "", problem.text("en").replace("{type", ""))


def test_there_are_more_than_thirty_kinds():
    assert len({code for _, code, *_ in CASES.values()}) >= 45


def test_all_problems_of_all_files_come_at_once(tmp_path):
    (tmp_path / "a.yaml").write_text(HEAD + PUSH.replace("hanbin", "paris") % ", prob: 3", encoding="utf-8")
    (tmp_path / "b.yaml").write_text(
        HEAD + PUSH.replace("retail", "x") % "" + "  - {type: nothing}\n", encoding="utf-8"
    )
    with pytest.raises(ScenarioError, match="problem") as caught:
        read_scenario(f"{tmp_path / 'a.yaml'}+{tmp_path / 'b.yaml'}", DATA)
    assert [p.file for p in caught.value.problems] == ["a.yaml", "b.yaml", "b.yaml"]


def test_several_problems_of_one_action_come_at_once(tmp_path):
    error = problems(tmp_path, HEAD + PUSH.replace("effect_pp: 5", "effect: 5, prob: 7, delivery: x") % "")
    assert sorted(p.code for p in error.problems) == ["field_missing", "key_near", "type_number", "value_at_most"]


def test_missing_and_misnamed_files(tmp_path):
    for name, code in (("no.yaml", "file_missing"), ("a.txt", "file_kind")):
        with pytest.raises(ScenarioError, match="scenario file") as caught:
            read_scenario(tmp_path / name, DATA)
        assert caught.value.problems[0].code == code


def test_bytes_that_are_no_text(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_bytes("name: a\ntitle: 甲".encode("gb18030"))
    with pytest.raises(ScenarioError, match="UTF-8") as caught:
        read_scenario(file, DATA)
    assert caught.value.problems[0].row == 2


def test_files_that_extend_each_other(tmp_path):
    for one, other in (("a", "b"), ("b", "a")):
        (tmp_path / f"{one}.yaml").write_text(f"name: {one}\ntitle: 甲\nextends: {other}.yaml\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match="extend each other"):
        read_scenario(tmp_path / "a.yaml", DATA)


def test_a_coefficient_that_two_files_set_differently(tmp_path):
    for name, mean in (("a", 0.5), ("b", 0.6)):
        text = f"name: {name}\ntitle: 甲\nassumptions: {{construction_share: {{mean: {mean}}}}}\n"
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match="construction_share"):
        read_scenario(f"{tmp_path / 'a.yaml'}+{tmp_path / 'b.yaml'}", DATA)


def test_a_scenario_built_by_a_program_is_checked_alike():
    with pytest.raises(ScenarioError, match="hanbin"):
        scenario_of(
            "x",
            [{"type": "county_push", "unit": "hanbing", "indicator": "retail", "effect_pp": 1, "month": "2020-10"}],
            DATA,
        )


def test_a_data_set_without_ledger_or_base_says_so():
    bare = replace(DATA.ledger, projects=DATA.ledger.projects.iloc[:0])
    with pytest.raises(ScenarioError, match=r"projects\.csv"):
        scenario_of("x", [{"type": "project_complete", "projects": ["p1"]}], replace(DATA, ledger=bare))
    bases = DATA.panel.bases[DATA.panel.bases["indicator"] != "fai"]
    with pytest.raises(ScenarioError, match="base_level_yi"):
        scenario_of(
            "x",
            [{"type": "project_complete", "projects": ["p1"]}],
            replace(DATA, panel=replace(DATA.panel, bases=bases)),
        )


def test_every_problem_text_is_used():
    package = Path(__file__).parent.parent / "forecast" / "scenario"
    sources = "".join(p.read_text(encoding="utf-8") for p in package.rglob("*.py"))
    built = {f"{noun}_{end}" for noun in ("unit", "indicator", "industry", "county") for end in ("near", "unknown")}
    built |= {f"value_{end}" for end in ("above", "at_least", "below", "at_most")}
    codes = {k.removeprefix("scenario.problem_") for k in catalogue("zh") if k.startswith("scenario.problem_")}
    unused = {code for code in codes - built - {"count"} if f'"{code}"' not in sources}
    assert unused == set()
