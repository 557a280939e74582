"""YAML of a scenario file as plain values, and where in the file each of them stands.

Only mappings, lists, texts, numbers, true/false and empty values are read: no anchors, no tags, no dates, so that a
slip such as ``2020-13-01`` stays a text that the checks can name.

Invariant: every value of the result has a line and a column (held by ``tests/test_scenario_bad.py``).

What pydantic found wrong with the fields of a scenario file, in the words of this program.

Invariant: every kind of error has a text of its own in both languages (held by ``tests/test_scenario_bad.py``).

What is wrong with scenario files: every problem of every file at once, with line and column.

Invariant: reading never stops at the first problem (held by ``tests/test_scenario_bad.py``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from forecast.data.reading.problems import near, plain, quoted
from forecast.errors import InputError, Problem
from forecast.texts import Lang, t


class ScenarioProblem(Problem):
    """One thing that is wrong with a scenario file; ``row`` is the line, ``column`` the position in it."""

    def where(self, lang: Lang) -> str:
        """Place of the problem: file, line and column."""
        if self.row is None:
            return self.file
        if self.column is None:
            return t("scenario.where_line", lang, file=self.file, line=self.row)
        return t("scenario.where", lang, file=self.file, line=self.row, position=self.column)

    def text(self, lang: Lang) -> str:
        """One line: where, what was found, what was expected, what to do."""
        message = t(f"scenario.problem_{self.code}", lang, **self.params)
        return f"{self.where(lang)}{t('problems.colon', lang)}{message}"


class ScenarioError(InputError):
    """One or more scenario files are unusable; carries every problem that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        super().__init__(problems)

    def report(self, lang: Lang) -> str:
        """All problems, a line each, under a line that counts them."""
        lines = [t("scenario.problem_count", lang, n=len(self.problems))]
        lines += [f"  {i}. {problem.text(lang)}" for i, problem in enumerate(self.problems, 1)]
        return "\n".join(lines)


class Notes:
    """Collects the problems of scenario files; nothing is raised before ``check``."""

    def __init__(self) -> None:
        self._found: list[ScenarioProblem] = []

    def __len__(self) -> int:
        return len(self._found)

    def add(self, code: str, file: str, line: int | None, column: int | None, /, **params: object) -> None:
        """Note one problem; ``params`` fill the placeholders of its message."""
        texts = {key: str(value) for key, value in params.items()}
        place = None if column is None else str(column)
        self._found.append(ScenarioProblem(code=code, file=file, row=line, column=place, params=texts))

    def check(self) -> None:
        """Report everything that was found, by file and line.

        Raises
        ------
        ScenarioError
            Anything was found.
        """
        if self._found:
            found = dict.fromkeys((p.file, p.row or 0, int(p.column or 0), p.text("en")) for p in self._found)
            unique = {(p.file, p.row or 0, int(p.column or 0), p.text("en")): p for p in self._found}
            raise ScenarioError([unique[key] for key in sorted(found)])


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


type Keys = tuple[str | int, ...]
"""Way from the root of a file to a value: ``("actions", 0, "month")``."""

MAX_BYTES: Final = 1_000_000
"""Larger files are no scenario."""
_INTEGER: Final = re.compile(r"[+-]?\d+")
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_PLAIN_TAGS: Final = frozenset(
    f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "map", "seq", "timestamp", "value")
)
"""What YAML makes of values without a tag."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a file; line and column count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Content of a file.

    values, keys : where the value, and its key, of every way through the file stand
    """

    file: str
    value: Any
    values: Mapping[Keys, Spot]
    keys: Mapping[Keys, Spot]

    def spot(self, way: Keys, *, of_key: bool = False) -> Spot:
        """Where a value stands, or the nearest that encloses it."""
        if of_key and way in self.keys:
            return self.keys[way]
        while way and way not in self.values:
            way = way[:-1]
        return self.values.get(way, Spot(1, 1))


@dataclass(slots=True)
class _Walk:
    file: str
    notes: Notes
    values: dict[Keys, Spot] = field(default_factory=dict)
    keys: dict[Keys, Spot] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    broken: bool = False

    def value(self, node: Node, way: Keys) -> Any:
        spot = _spot(node)
        self.values[way] = spot
        if id(node) in self.seen or getattr(node, "anchor", None):
            self.notes.add("yaml_alias", self.file, spot.line, spot.column)
            self.broken = True
            return None
        self.seen.add(id(node))
        if str(node.tag) not in _PLAIN_TAGS:
            self.notes.add("yaml_tag", self.file, spot.line, spot.column, found=quoted(str(node.tag)))
            self.broken = True
            return None
        if isinstance(node, MappingNode):
            return self.mapping(node, way)
        if isinstance(node, SequenceNode):
            return [self.value(child, (*way, k)) for k, child in enumerate(node.value)]
        return _scalar(str(node.value), quoted=getattr(node, "style", None) is not None)

    def mapping(self, node: MappingNode, way: Keys) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key, child in node.value:
            spot = _spot(key)
            if not isinstance(key, ScalarNode):
                self.notes.add("yaml_key", self.file, spot.line, spot.column)
                continue
            name = str(key.value)
            if name in out:
                self.notes.add("yaml_twice", self.file, spot.line, spot.column, name=quoted(name))
                continue
            self.keys[(*way, name)] = spot
            out[name] = self.value(child, (*way, name))
        return out


def parse_yaml(content: bytes, file: str, notes: Notes) -> Document | None:
    """Values of a file with their places; None, and a problem with line and column, where it is no YAML mapping."""
    if len(content) > MAX_BYTES:
        notes.add("yaml_large", file, None, None, limit=f"{MAX_BYTES // 1000}")
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        notes.add("yaml_encoding", file, line, None, found=f"0x{content[error.start]:02X}")
        return None
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        spot = Spot(mark.line + 1, mark.column + 1) if mark else Spot(1, 1)
        notes.add("yaml_broken", file, spot.line, spot.column, reason=quoted(error.problem or error.context or "?"))
        return None
    except YAMLError as error:
        notes.add("yaml_broken", file, 1, 1, reason=quoted(str(error).splitlines()[0]))
        return None
    except RecursionError:
        notes.add("yaml_broken", file, 1, 1, reason="nesting")
        return None
    if root is None:
        notes.add("yaml_empty", file, None, None)
        return None
    if not isinstance(root, MappingNode):
        spot = _spot(root)
        notes.add("yaml_not_mapping", file, spot.line, spot.column)
        return None
    walk = _Walk(file, notes)
    value = walk.value(root, ())
    if walk.broken:
        return None
    return Document(file=file, value=value, values=walk.values, keys=walk.keys)


def _spot(node: Node) -> Spot:
    return Spot(node.start_mark.line + 1, node.start_mark.column + 1)


def _scalar(text: str, *, quoted: bool) -> Any:
    """A quoted scalar is a text; a plain one may be a number, true, false or nothing."""
    if quoted:
        return text
    word = plain(text)
    match word.lower():
        case "" | "~" | "null":
            return None
        case "true" | "false":
            return word.lower() == "true"
    if _INTEGER.fullmatch(word):
        return int(word) if len(word) < 16 else float(word)
    if _NUMBER.fullmatch(word):
        return float(word)
    return text
