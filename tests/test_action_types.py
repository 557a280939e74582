"""An action type is one object: every type has every facet, and no other module of the program names it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecast.scenario.actions import ACTIONS, ADDITIONALITY, LEVERS, Family
from forecast.scenario.contributions import explain
from forecast.scenario.document import ScenarioError
from forecast.scenario.drafting import Draft
from forecast.scenario.effects import Evaluator
from forecast.scenario.ledger_rows import ENTERPRISES, PROJECTS, edited, settings
from forecast.scenario.reader import json_schema, scenario_of
from forecast.texts import catalogue
from tests import scenario_world as sw

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "forecast"
EXAMPLE = {action["type"]: action for action in sw.every_action()}
ONE = sw.world(draws=300)
OUTSIDE = {"price_shift", "benchmark_path", "base_revision"}

every_type = pytest.mark.parametrize("name", ACTIONS)


def evaluator(name: str) -> Evaluator:
    return Evaluator(world=ONE, scenario=scenario_of("one", [EXAMPLE[name]], ONE.dataset))


def strings(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


STRINGS = {path.relative_to(PACKAGE).as_posix(): strings(path) for path in PACKAGE.rglob("*.py")}


@every_type
def test_one_module_of_the_program_names_the_type(name):
    (path,) = [path for path, found in STRINGS.items() if name in found]
    assert path.startswith("scenario/actions/")


@every_type
def test_the_object_and_its_model_agree_on_the_name(name):
    kind = ACTIONS[name]
    (measure,) = scenario_of("one", [EXAMPLE[name]], ONE.dataset).actions
    assert kind.name == name == measure.type
    assert isinstance(measure.action, kind.model)
    assert (kind.ledger is not None) == ({"select"} <= set(kind.model.model_fields))
    if kind.ledger is not None:
        assert kind.ledger.ids in kind.model.model_fields


def broken(name: str) -> dict[str, Any]:
    """The example with something that is not in the data set."""
    action = {key: value for key, value in EXAMPLE[name].items() if key != "select"}
    kind = ACTIONS[name]
    wrong: dict[str, Any] = {"industry": "nothing", "indicator": "nothing"}
    field = next((one for one in wrong if one in kind.model.model_fields), "month")
    if kind.ledger is not None:
        return action | {kind.ledger.ids: ["nobody"]}
    return action | {field: wrong.get(field, "2031-01")}


@every_type
def test_its_check_lets_the_example_pass_and_nothing_that_the_data_set_does_not_have(name):
    scenario_of("one", [EXAMPLE[name]], ONE.dataset)
    with pytest.raises(ScenarioError, match=r"nothing|nobody|2031-01"):
        scenario_of("one", [broken(name)], ONE.dataset)


@every_type
def test_it_brings_something(name):
    effects = evaluator(name).effects()
    assert effects.added or effects.fixed or effects.rebased
    assert all(np.isfinite(value).all() for value in effects.added.values())
    kind = ACTIONS[name]
    assert bool(effects.fixed) == (kind.fixed is not None)
    assert bool(effects.rebased) == (kind.rebased is not None)


@every_type
def test_it_is_explained_with_every_assumption_that_it_goes_through(name):
    (trace,) = explain(evaluator(name))
    kind = ACTIONS[name]
    told = {} if kind.told is None else kind.told(ONE, trace.measure.action)
    assert {"additionality", *kind.assumptions, *told} <= set(trace.assumptions)
    for lang in ("zh", "en"):
        assert {f"scenario.assume_{one}" for one in trace.assumptions} <= set(catalogue(lang))


@every_type
def test_it_is_edited_row_by_row_where_it_has_an_editor(name):
    kind = ACTIONS[name]
    books = [book for book in (ENTERPRISES, PROJECTS) if name in book.types]
    assert (kind.editor is not None) == (len(books) == 1)
    if kind.editor is None:
        return
    (book,) = books
    assert set(kind.editor.columns.values()) <= set(kind.model.model_fields)
    assert set(kind.editor.required) <= set(kind.editor.columns)
    required = {key for key, field in kind.model.model_fields.items() if field.is_required()} - {"type"}
    written = {kind.editor.columns[column] for column in kind.editor.required} | set(kind.editor.always)
    assert required <= written, "a new action of the editor has all that it must have"
    row = next(
        str(one[book.key])
        for one in getattr(ONE.dataset.ledger, book.table).to_dict("records")
        if kind.editor.able(one)
    )
    draft = Draft(name="one", title="one")
    table = settings(draft, ONE.dataset, book).loc[[row]]
    table.loc[row, "plan"] = name
    after = edited(draft, ONE.dataset, book, table)
    assert [action["type"] for action in after.actions] == [name]
    assert scenario_of("one", after.actions, ONE.dataset).actions[0].type == name


@every_type
def test_it_is_a_lever_or_comes_from_outside_or_harms_or_only_counts_what_works_anyway(name):
    kind = ACTIONS[name]
    assert kind.free_months == (name in OUTSIDE)
    assert not (kind.free_months and kind.lever)
    if kind.lever is not None:
        assert LEVERS[kind.lever] is kind
        assert kind.use in {"", *kind.model.model_fields}
    assert set(LEVERS) == set(Family)


@every_type
def test_it_has_its_words_its_section_and_its_place_in_the_schema(name):
    for lang in ("zh", "en"):
        assert f"scenario.type_{name}" in catalogue(lang)
    kind, docs = ACTIONS[name], (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    section = docs.split(f"### `{name}`", 1)[1].split("\n### ", 1)[0].split("\n## ", 1)[0]
    for field in set(kind.model.model_fields) - {"type", "id", "note", "additionality"}:
        assert f"`{field}`" in section, f"{name}.{field}"
    mapping = json_schema()["$defs"]["Action"]["discriminator"]["mapping"]
    assert set(mapping) == set(ACTIONS)


def test_the_document_states_the_shares_that_are_new():
    text = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    assert {ADDITIONALITY[name] for name in ADDITIONALITY} == {0.7, 0.5}
    assert "复产0.7，项目和债券0.5，其余1" in text
