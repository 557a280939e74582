"""Drafts of scenarios: what is written is what is read again, and only what was edited changes."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as quick
from hypothesis import strategies as some

from forecast.data.dataset import read_dataset
from forecast.scenario.contributions import evaluate
from forecast.scenario.document import ScenarioError
from forecast.scenario.drafting import (
    Draft,
    checked,
    combined,
    draft_of,
    fill_pushes,
    parsed,
    place_pushes,
    plain_name,
    pushable,
    to_yaml,
    with_fill,
    with_push,
)
from forecast.scenario.effects import Evaluator
from forecast.scenario.ledger_rows import ENTERPRISES, NOTHING, PROJECTS, able, edited, settings
from forecast.scenario.reader import read_scenario
from tests import scenario_world

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "scenarios").glob("*.yaml"))


@pytest.fixture(scope="module")
def ankang():
    return read_dataset(ROOT / "data" / "ankang-2020")


@pytest.fixture(scope="module")
def world():
    return scenario_world.world()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_written_out_is_the_same_scenario_with_the_same_draws(path, ankang):
    scenario = read_scenario(path, ankang)
    draft = draft_of(scenario)
    assert parsed(to_yaml(draft), ankang, file=draft.name) == draft
    again = checked(draft, ankang)
    assert again.hash == scenario.hash
    assert [m.key for m in again.actions] == [m.key for m in scenario.actions]


PRINTED = some.text(some.characters(exclude_categories=("Cc", "Cs", "Co", "Cn", "Zl", "Zp")), max_size=60)


@given(PRINTED.filter(str.strip), PRINTED)
@quick(max_examples=60, deadline=None)
def test_any_text_of_a_planner_survives(title, note):
    dataset = scenario_world.dataset()
    push = {"type": "county_push", "unit": "hanbin", "indicator": "retail", "effect_pp": 2.5, "month": "2020-10"}
    draft = Draft(name="a", title=title, actions=({**push, "note": note} if note else push,))
    assert parsed(to_yaml(draft), dataset, file="a") == draft


@pytest.mark.parametrize("book", [ENTERPRISES, PROJECTS], ids=lambda book: book.table)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_rows_given_back_unedited_change_nothing(path, book, ankang):
    draft = draft_of(read_scenario(path, ankang))
    assert edited(draft, ankang, book, settings(draft, ankang, book)) is draft


@given(some.data())
@quick(max_examples=40, deadline=None)
def test_an_edited_row_reads_back_as_edited_and_no_other_row_changes(data):
    dataset = scenario_world.dataset()
    book = data.draw(some.sampled_from([ENTERPRISES, PROJECTS]))
    actions = [
        {"type": "enterprise_restart", "id": "r", "select": {"status": "halted"}, "month": "2020-10"},
        {"type": "project_complete", "id": "c", "select": {"started": True}},
        {"type": "project_start", "id": "s", "select": {"started": False}},
    ]
    draft = Draft(name="a", title="a", actions=tuple(a for a in actions if data.draw(some.booleans())))
    before = settings(draft, dataset, book)
    name = data.draw(some.sampled_from(list(before.index)))
    after = before.copy()
    after.loc[name, "plan"] = data.draw(some.sampled_from([NOTHING, *book.types]))
    after.loc[name, "month"] = data.draw(some.sampled_from(["2020-10", "2020-11", "2020-12"]))
    after.loc[name, "prob_pct"] = float(data.draw(some.integers(0, 100)))
    after.loc[name, "months"] = float(data.draw(some.integers(1, 3)))
    made = settings(edited(draft, dataset, book, after), dataset, book)
    others = [one for one in before.index if one != name]
    assert made.loc[others, "plan"].tolist() == before.loc[others, "plan"].tolist()
    assert made.loc[others, "month"].tolist() == before.loc[others, "month"].tolist()
    plan = after.loc[name, "plan"]
    shown = made.loc[name]
    if plan == NOTHING:
        assert shown["plan"] == NOTHING
    elif shown["plan"] == plan:  # else the row cannot take part in such an action
        assert shown["month"] == after.loc[name, "month"]
        assert shown["prob_pct"] == pytest.approx(after.loc[name, "prob_pct"])
        if not math.isnan(shown["months"]):
            assert shown["months"] == after.loc[name, "months"]


def test_a_row_that_leaves_a_group_takes_its_effect_along_and_leaves_the_others(world):
    dataset = world.dataset
    group = {"type": "enterprise_restart", "id": "r", "select": {"status": "halted"}, "month": "2020-10", "prob": 1.0}
    draft = Draft(name="a", title="a", actions=(group,))
    rows = settings(draft, dataset, ENTERPRISES)
    first = rows.index[rows["plan"] == "enterprise_restart"][0]
    rows.loc[first, "plan"] = NOTHING
    fewer = edited(draft, dataset, ENTERPRISES, rows)
    whole = Evaluator(world=world, scenario=checked(draft, dataset))
    rest = Evaluator(world=world, scenario=checked(fewer, dataset))
    gone = {one for p in whole.parts(whole.scenario.actions[0]) for one in p.entities}
    gone -= {one for p in rest.parts(rest.scenario.actions[0]) for one in p.entities}
    assert gone == {first}
    part, of_rest = whole.parts(whole.scenario.actions[0])[0], rest.parts(rest.scenario.actions[0])[0]
    for name in of_rest.entities:
        assert (part.of(name) == of_rest.of(name)).all()


@pytest.mark.parametrize("book", [ENTERPRISES, PROJECTS], ids=lambda book: book.table)
def test_rows_that_can_take_an_action_pass_the_checks_and_the_others_do_not(book, ankang):
    for kind in book.types:
        rows = settings(Draft(name="a", title="a"), ankang, book)
        can = able(ankang, book, kind)
        chosen = rows.loc[[name for name in rows.index if name in can]]
        chosen["plan"] = kind
        assert checked(edited(Draft(name="a", title="a"), ankang, book, chosen), ankang).actions
    assert able(ankang, book, NOTHING) == set(rows.index)
    lost = rows.loc[[name for name in rows.index if name not in able(ankang, book, book.types[0])]][:1]
    lost["plan"] = book.types[0]
    with pytest.raises(ScenarioError, match=lost.index[0]):
        checked(edited(Draft(name="a", title="a"), ankang, book, lost), ankang)


def test_a_later_restart_brings_less(world):
    dataset = world.dataset
    draft = Draft(
        name="a",
        title="a",
        actions=({"type": "enterprise_restart", "id": "r", "select": {"status": "halted"}, "month": "2020-10"},),
    )
    rows = settings(draft, dataset, ENTERPRISES)
    rows.loc[rows["plan"] != NOTHING, "month"] = "2020-12"
    late = edited(draft, dataset, ENTERPRISES, rows)
    assert {one["month"] for one in late.actions} == {"2020-12"}

    def lift(one: Draft) -> float:
        evaluator = Evaluator(world=world, scenario=checked(one, dataset))
        return float(evaluator.effects().added[("ind_va", "ankang")].sum())

    assert 0.0 < lift(late) < lift(draft)


def test_what_is_left_out_is_neither_checked_nor_written(world):
    bad = {"type": "county_push", "unit": "nowhere", "indicator": "retail", "effect_pp": 1.0, "month": "2020-10"}
    draft = Draft(name="a", title="a", actions=(bad,), off=frozenset({0}))
    assert checked(draft, world.dataset).actions == ()
    assert "nowhere" not in to_yaml(draft)
    with pytest.raises(ScenarioError, match="nowhere"):
        checked(Draft(name="a", title="a", actions=(bad,)), world.dataset)


@given(some.sampled_from(["agri", "industry", "services", "construction"]), some.integers(0, 16))
@quick(max_examples=20, deadline=None)
def test_a_slider_reads_back_and_0_takes_the_push_away(industry, steps):
    dataset = scenario_world.dataset()
    if industry not in set(dataset.panel.industries["industry"]):
        return
    effect = steps / 2
    draft = with_fill(Draft(name="a", title="a"), industry, effect, month="2020-11")
    found = {push.key: push for push in fill_pushes(draft, dataset)}
    assert found[industry].effect_pp == effect
    assert len(draft.actions) == (effect > 0)
    assert with_fill(draft, industry, 0.0, month="2020-11").actions == ()


def test_every_place_that_can_be_pushed_passes_the_checks(ankang):
    assert pushable(ankang)
    for indicator in pushable(ankang):
        draft = Draft(name="a", title="a")
        pushes = place_pushes(draft, ankang, indicator)
        for push in pushes:
            draft = with_push(draft, push.key, indicator, 3.0, month="2020-10")
        assert len(checked(draft, ankang).actions) == len(pushes)
        assert {push.effect_pp for push in place_pushes(draft, ankang, indicator)} == {3.0}


def test_compounding_counts_a_shared_action_once_and_renames_a_clash(ankang):
    speech = draft_of(read_scenario(ROOT / "scenarios" / "speech.yaml", ankang))
    sectors = draft_of(read_scenario(ROOT / "scenarios" / "sectors.yaml", ankang))
    assert combined(speech, sectors).actions == speech.actions
    clash = Draft(name="b", title="b", actions=({**sectors.actions[0], "effect_pp": 0.5},))
    both = combined(sectors, clash)
    assert len(both.actions) == len(sectors.actions) + 1
    assert len({one["id"] for one in both.actions}) == len(both.actions)
    assert checked(both, ankang).title == f"{sectors.title} + b"


def test_compounding_gives_the_numbers_of_compounded_files(world, tmp_path):
    a = Draft(
        name="a",
        title="a",
        actions=(
            {
                "type": "county_push",
                "id": "x",
                "unit": "hanbin",
                "indicator": "fai",
                "effect_pp": 6.0,
                "month": "2020-10",
            },
        ),
    )
    b = Draft(
        name="b",
        title="b",
        actions=({"type": "sector_fill", "id": "y", "industry": "services", "effect_pp": 2.0, "month": "2020-11"},),
    )
    for one in (a, b):
        (tmp_path / f"{one.name}.yaml").write_text(to_yaml(one), encoding="utf-8")
    joined = read_scenario(f"{tmp_path / 'a.yaml'}+{tmp_path / 'b.yaml'}", world.dataset)
    mine = evaluate(world, checked(combined(a, b), world.dataset), (), assessed=0)
    theirs = evaluate(world, joined, (), assessed=0)
    assert mine.effects.added.keys() == theirs.effects.added.keys()
    for key, value in mine.effects.added.items():
        assert (value == theirs.effects.added[key]).all()


@pytest.mark.parametrize(
    ("given_name", "wanted"), [(" 我的 方案+1/2 ", "我的-方案-1-2"), ("a" * 99, "a" * 80), ("//", "")]
)
def test_a_name_is_made_plain(given_name, wanted):
    assert plain_name(given_name) == wanted
