"""YAML of a scenario file as plain values, and where in the file each of them stands.

Only mappings, lists, texts, numbers, true/false and empty values are read: no anchors, no tags, no dates, so that a
slip such as ``2020-13-01`` stays a text that the checks can name.

Invariant: every value of the result has a line and a column (held by ``tests/test_scenario_bad.py``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from forecast.reading.tables import plain, quoted
from forecast.scenario.problems import Notes

__all__ = ["Document", "Keys", "Spot", "parse_yaml"]

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
