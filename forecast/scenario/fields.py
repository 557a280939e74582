"""What pydantic found wrong with the fields of a scenario file, in the words of this program.

Invariant: every kind of error has a text of its own in both languages (held by ``tests/test_scenario_bad.py``).
"""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from forecast.reading.tables import near, quoted
from forecast.scenario.document import Document, Keys
from forecast.scenario.problems import Notes

__all__ = ["note_errors"]

_TYPES: Final = {
    "float_type": "type_number",
    "int_type": "type_whole",
    "int_from_float": "type_whole",
    "string_type": "type_text",
    "bool_type": "type_flag",
    "tuple_type": "type_list",
    "list_type": "type_list",
    "dict_type": "type_mapping",
    "model_type": "type_mapping",
}
_BOUNDS: Final = {
    "greater_than": "above",
    "greater_than_equal": "at_least",
    "less_than": "below",
    "less_than_equal": "at_most",
}


def note_errors(error: ValidationError, model: type[BaseModel], document: Document, way: Keys, notes: Notes) -> None:
    """Note every error of a mapping that stands at ``way`` of a file."""
    for found in error.errors(include_url=False):
        inner = tuple(part for part in found["loc"] if isinstance(part, int) or _is_field(part))
        _note(found, model, document, (*way, *inner), notes)


def _is_field(part: str) -> bool:
    """Whether a part of a location is a key of the file and not one of pydantic's own labels."""
    return not any(mark in part for mark in "[(") and not part.startswith("function-")


def _note(found: Any, model: type[BaseModel], document: Document, way: Keys, notes: Notes) -> None:
    kind, name = found["type"], str(next((p for p in reversed(way) if isinstance(p, str)), ""))
    value = found.get("input")
    spot = document.spot(way, of_key=kind == "extra_forbidden")
    shown = quoted(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))
    params: dict[str, object] = {"name": name, "value": shown}
    if kind == "missing":
        spot = document.spot(way[:-1])
        code = "field_missing"
    elif kind == "extra_forbidden":
        fields = _fields_at(model, way)
        suggestion = near(name, fields)
        code = "key_near" if suggestion else "key_unknown"
        params |= {"suggestion": suggestion or "", "expected": ", ".join(fields)}
    elif kind in _TYPES:
        code = "field_empty" if value is None else _TYPES[kind]
        spot = document.spot(way, of_key=value is None)
    elif kind in _BOUNDS:
        limit = next(v for key, v in found["ctx"].items() if key in ("gt", "ge", "lt", "le"))
        code, params = f"value_{_BOUNDS[kind]}", params | {"limit": f"{limit:g}"}
    elif kind == "literal_error":
        expected = found["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
        suggestion = near(str(value), expected.split(", "))
        code = "choice_near" if suggestion else "choice_unknown"
        params |= {"expected": expected, "suggestion": suggestion or ""}
    elif kind in ("too_short", "string_too_short"):
        code = "value_empty"
    elif kind in ("too_long", "string_too_long"):
        code, params = "value_long", params | {"limit": found["ctx"].get("max_length", "")}
    elif kind == "string_pattern_mismatch":
        code = "as_of_bad" if name == "as_of" else "name_bad"
    elif kind == "value_error":
        code = "month_bad"
    else:
        code, params = "field_bad", params | {"reason": found["msg"]}
    notes.add(code, document.file, spot.line, spot.column, **params)


def _fields_at(model: type[BaseModel], way: Keys) -> list[str]:
    """Keys that are allowed beside the one at ``way``."""
    for part in [p for p in way[:-1] if isinstance(p, str) and p != "actions"]:
        field = model.model_fields.get(part)
        inner = getattr(field, "annotation", None)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            model = inner
    return list(model.model_fields)
