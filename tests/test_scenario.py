"""Reading scenarios: what a file says, extending, compounding, names, hashes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.data.dataset import read_dataset
from forecast.scenario.effects import Evaluator
from forecast.scenario.reader import BASELINE, read_scenario
from tests import scenario_world as sw

ROOT = Path(__file__).parent.parent
DATA = sw.dataset()
ONE = sw.world(draws=200)
FILES = sorted((ROOT / "scenarios").glob("*.yaml"))
EXAMPLES = sorted((ROOT / "scenarios" / "example").glob("*.yaml"))


@pytest.fixture(scope="module")
def ankang():
    return read_dataset(ROOT / "data" / "ankang-2020")


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_every_shipped_scenario_can_be_read(ankang, file):
    scenario = read_scenario(file, ankang)
    assert scenario.title != scenario.name
    assert scenario.actions or "baseline" in scenario.name


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda f: f.stem)
def test_every_scenario_of_the_example_can_be_read(file):
    assert read_scenario(file, read_dataset(ROOT / "data" / "example")).actions


def test_there_are_the_scenarios_that_were_asked_for(ankang):
    assert len(FILES) >= 8
    read = {f.stem: read_scenario(f, ankang) for f in FILES}
    assert read["baseline"].actions == ()
    assert read["restart"].actions[0].action.recovery == (0.6,)
    assert {a.type for a in read["bond-starts"].actions} == {"project_start"}
    assert len({f.stem for f in FILES}) == len({s.name for s in read.values()})


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


PUSH = "{type: county_push, unit: hanbin, indicator: %s, effect_pp: 5, month: 2020-10}"


def test_the_header_and_the_actions_are_what_the_file_says(tmp_path):
    text = "name: a\ntitle: 甲\nauthor: 张\nas_of: 2020-08\nactions:\n  - " + PUSH % "retail" + "\n"
    one = read_scenario(write(tmp_path, "a", text), DATA)
    assert (one.name, one.title, one.author, one.as_of, one.files) == ("a", "甲", "张", "2020-08", ("a.yaml",))
    assert one.actions[0].id == "county_push#1"
    assert one.actions[0].line == 6
    assert one.actions[0].additionality == 1.0


def test_defaults_of_additionality_are_visible():
    one = sw.scenario(ONE, *sw.every_action())
    shares = {m.type: m.additionality for m in one.actions}
    assert shares["enterprise_restart"] == 0.7
    assert shares["project_complete"] == 0.5
    assert shares["new_entry"] == shares["sector_fill"] == 1.0


def test_a_file_that_extends_another_has_its_actions_too(tmp_path):
    write(tmp_path, "base", "name: b\ntitle: 乙\nactions:\n  - " + PUSH % "retail" + "\n")
    child = write(tmp_path, "child", "name: c\ntitle: 丙\nextends: base.yaml\nactions:\n  - " + PUSH % "fai" + "\n")
    one = read_scenario(child, DATA)
    assert [m.action.indicator for m in one.actions] == ["retail", "fai"]
    assert one.files == ("child.yaml", "base.yaml")
    assert one.title == "丙"


def test_files_compound_and_do_the_same_in_either_order(tmp_path):
    a = write(tmp_path, "a", "name: a\ntitle: 甲\nactions:\n  - " + PUSH % "retail" + "\n")
    b = write(tmp_path, "b", "name: b\ntitle: 乙\nactions:\n  - " + PUSH % "fai" + "\n")
    ab, ba = read_scenario(f"{a}+{b}", DATA), read_scenario(f"{b}+{a}", DATA)
    assert (ab.name, ab.title) == ("a+b", "甲 + 乙")
    assert ab.hash == ba.hash
    one, two = (Evaluator(world=ONE, scenario=s).effects() for s in (ab, ba))
    assert one.added.keys() == two.added.keys()
    assert all((one.added[k] == two.added[k]).all() for k in one.added)


def test_a_coefficient_of_the_file_replaces_the_default(tmp_path):
    write(tmp_path, "base", "name: b\ntitle: 乙\nassumptions: {construction_share: {mean: 0.5}, winter: 0.7}\n")
    text = "name: c\ntitle: 丙\nextends: base.yaml\nassumptions: {construction_share: {mean: 0.6, sd: 0.1}}\n"
    one = read_scenario(write(tmp_path, "child", text), DATA)
    assert (one.assumptions.construction_share.mean, one.assumptions.winter) == (0.6, 0.7)
    assert one.assumptions.settlement == 1.2


def test_a_copied_file_keeps_its_draws(tmp_path):
    text = "name: %s\ntitle: 甲\nactions:\n  - {type: enterprise_restart, select: {status: halted}, prob: 0.5}\n"
    a, b = (read_scenario(write(tmp_path, n, text % n), DATA) for n in ("a", "b"))
    assert a.actions[0].key == b.actions[0].key


def test_the_same_action_twice_in_a_file_has_draws_of_its_own():
    push = {"type": "county_push", "unit": "hanbin", "indicator": "retail", "effect_pp": 5, "month": "2020-10"}
    one = sw.scenario(ONE, push, push)
    assert one.actions[0].key != one.actions[1].key
    assert [m.id for m in one.actions] == ["county_push#1", "county_push#2"]


@given(st.permutations(range(14)))
@settings(max_examples=10)
def test_the_hash_does_not_depend_on_the_order(order):
    actions = sw.every_action()
    assert sw.scenario(ONE, *[actions[k] for k in order]).hash == sw.scenario(ONE, *actions).hash


def test_the_hash_depends_on_what_is_done():
    assert sw.scenario(ONE).hash == BASELINE
    hashes = {sw.scenario(ONE, action).hash for action in sw.every_action()}
    assert len(hashes | {BASELINE}) == 15


def test_percentages_and_chinese_place_names_are_understood():
    action = {"type": "enterprise_restart", "select": {"county": "旬阳县"}, "recovery": "60%", "prob": "50%"}
    one = sw.scenario(ONE, action).actions[0].action
    assert (one.recovery, one.prob) == ((0.6,), 0.5)
    part = Evaluator(world=ONE, scenario=sw.scenario(ONE, action)).parts(sw.scenario(ONE, action).actions[0])[0]
    assert part.entities == ("e4", "e5")


def test_selectors_compare_numbers():
    action = {"type": "project_complete", "select": {"total_invest_yi": ">=9", "started": True}}
    scenario = sw.scenario(ONE, action)
    assert Evaluator(world=ONE, scenario=scenario).parts(scenario.actions[0])[0].entities == ("p1", "p2")
