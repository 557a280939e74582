"""The JSON Schema of scenario files says what the reader does."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from forecast.scenario.actions import MODELS, ScenarioHeader
from forecast.scenario.reader import json_schema
from tests.scenario_world import every_action

ROOT = Path(__file__).parent.parent
SCHEMA = json_schema()
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def accepted(value: Any, schema: Any) -> bool:
    """The part of JSON Schema that the file uses, written down once more."""
    if "$ref" in schema:
        node: Any = SCHEMA
        for part in schema["$ref"].removeprefix("#/").split("/"):
            node = node[part]
        if not accepted(value, node):
            return False
    if "anyOf" in schema and not any(accepted(value, s) for s in schema["anyOf"]):
        return False
    if "oneOf" in schema and sum(accepted(value, s) for s in schema["oneOf"]) != 1:
        return False
    if "const" in schema and value != schema["const"]:
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    kind = schema.get("type")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "number" and not number:
        return False
    if kind == "integer" and not (number and float(value).is_integer()):
        return False
    if kind in TYPES and not isinstance(value, TYPES[kind]):
        return False
    if number:
        tests = {
            "minimum": lambda a, b: a >= b,
            "maximum": lambda a, b: a <= b,
            "exclusiveMinimum": lambda a, b: a > b,
            "exclusiveMaximum": lambda a, b: a < b,
        }
        if not all(test(value, schema[k]) for k, test in tests.items() if k in schema):
            return False
    if isinstance(value, str):
        if len(value) < schema.get("minLength", 0) or len(value) > schema.get("maxLength", 10**9):
            return False
        if "pattern" in schema and not re.search(schema["pattern"], value):
            return False
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 10**9):
            return False
        if "items" in schema and not all(accepted(v, schema["items"]) for v in value):
            return False
    if isinstance(value, dict):
        known = schema.get("properties", {})
        more = schema.get("additionalProperties", True)
        if len(value) < schema.get("minProperties", 0) or not set(schema.get("required", [])) <= set(value):
            return False
        for key, inner in value.items():
            if key in known:
                if not accepted(inner, known[key]):
                    return False
            elif more is False or (isinstance(more, dict) and not accepted(inner, more)):
                return False
    return True


def read(value: Any) -> bool:
    try:
        ScenarioHeader.model_validate_json(json.dumps(value), strict=True)
    except ValidationError:
        return False
    return True


def test_the_file_in_the_repository_is_the_schema_of_this_program():
    written = json.loads((ROOT / "scenarios" / "schema.json").read_text(encoding="utf-8"))
    assert written == SCHEMA


def test_the_schema_has_every_type_of_action():
    assert {a["type"] for a in every_action()} == set(MODELS)
    for action in every_action():
        assert accepted({"name": "a", "title": "甲", "actions": [action]}, SCHEMA), action


JUNK = st.sampled_from(
    [None, True, -1, 0, 0.5, 2, 1e9, "", "60%", "x", "2020-10", "2020-13", [], [0.5], ["e1"], [2], {}, {"a": 1}]
)


@pytest.mark.parametrize("action", every_action(), ids=lambda a: a["type"])
@given(data=st.data())
@settings(max_examples=60)
def test_schema_and_reader_accept_the_same(action, data):
    fields = list(MODELS[action["type"]].model_fields)
    changed = copy.deepcopy(dict(action))
    for _ in range(data.draw(st.integers(1, 2))):
        name = data.draw(st.sampled_from([*fields, "zzz"]))
        if name != "type" and data.draw(st.booleans()):
            changed.pop(name, None)
        elif name != "type":
            changed[name] = data.draw(JUNK)
    value = {"name": "a", "title": "甲", "actions": [changed]}
    assert accepted(value, SCHEMA) == read(value), changed


@given(
    st.dictionaries(st.sampled_from([*ScenarioHeader.model_fields, "zzz"]), JUNK, max_size=4),
    st.sampled_from(
        [{}, {"winter": 2}, {"winter": 0.9}, {"construction_share": {"mean": 0.5}}, {"correlation": "30%"}]
    ),
)
def test_schema_and_reader_accept_the_same_headers(fields, assumptions):
    value = {"name": "a", "title": "甲", **fields, "assumptions": assumptions}
    assert accepted(value, SCHEMA) == read(value)
