"""A scenario as people edit it: plain actions with a header, to and from YAML, checked whenever they are asked for.

Invariant: what is written is what is read again, and an unchanged scenario keeps its draws
(held by ``tests/test_drafting.py``).
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from forecast.dataset import Dataset
from forecast.scenario.actions import Assumptions
from forecast.scenario.reader import Scenario, read_scenario, scenario_of

__all__ = ["Draft", "checked", "combined", "draft_of", "parsed", "plain_name", "to_yaml"]

type Action = Mapping[str, Any]
"""An action as a file writes it: ``type`` and the fields that differ from their defaults."""

_PLAIN: Final = re.compile(r"[A-Za-z_\u4e00-\u9fff][\w\u4e00-\u9fff-]*|\d{4}-(0[1-9]|1[0-2])")
"""Texts that need no quotes in YAML: words, and months."""
_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_FORBIDDEN: Final = re.compile(r"[\s+/\\]+")
MOST_LETTERS: Final = 80
"""Of a scenario's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A scenario that is being edited.

    actions : as a file writes them, in the order of the file; off : positions of those that do not count for now
    """

    name: str
    title: str
    description: str = ""
    author: str = ""
    dataset: str | None = None
    assumptions: Mapping[str, Any] = field(default_factory=dict)
    actions: tuple[Action, ...] = ()
    off: frozenset[int] = frozenset()

    def with_actions(self, actions: Sequence[Action]) -> Draft:
        """The same scenario with other actions, all of which count."""
        return replace(self, actions=tuple(actions), off=frozenset())

    @property
    def counted(self) -> tuple[Action, ...]:
        """Actions that count."""
        return tuple(one for k, one in enumerate(self.actions) if k not in self.off)


def draft_of(scenario: Scenario) -> Draft:
    """The scenario of a file, or of several with those that they extend, as one list of actions."""
    base = Assumptions().model_dump(mode="json")
    own = scenario.assumptions.model_dump(mode="json")
    return Draft(
        name=plain_name(scenario.name),
        title=scenario.title,
        description=scenario.description,
        author=scenario.author,
        dataset=scenario.dataset,
        assumptions={key: value for key, value in own.items() if value != base[key]},
        actions=tuple(m.action.model_dump(mode="json", exclude_unset=True) for m in scenario.actions),
    )


def plain_name(text: str) -> str:
    """A name that a scenario may have: no spaces, slashes and plus signs."""
    return _FORBIDDEN.sub("-", text.strip()).strip("-")[:MOST_LETTERS]


def checked(draft: Draft, dataset: Dataset) -> Scenario:
    """The scenario of the actions that count.

    Raises
    ------
    ScenarioError
        Anything is wrong with it.
    """
    header = _header(draft)
    header.pop("dataset", None)  # it was compared when the file was read
    return scenario_of(header.pop("name"), draft.counted, dataset, **header)


def parsed(text: str, dataset: Dataset, *, file: str) -> Draft:
    """The draft of a YAML text; ``file`` names it in problems.

    Raises
    ------
    ScenarioError
        Anything is wrong with it; every problem has its line and column.
    """
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / f"{plain_name(file) or 'scenario'}.yaml"
        path.write_text(text, encoding="utf-8")
        return draft_of(read_scenario(path, dataset))


def combined(first: Draft, second: Draft) -> Draft:
    """Both scenarios together; an action that both have counts once, equal names of others are told apart.

    Assumptions of the first stand where both have them.
    """
    taken = {one["id"] for one in first.actions if "id" in one}
    added = []
    for one in second.actions:
        if one in first.actions:
            continue
        name = one.get("id")
        added.append({**one, "id": _free(f"{name}-{second.name}", taken)} if name in taken and name else one)
    return replace(
        first,
        name=plain_name(f"{first.name}-{second.name}"),
        title=f"{first.title} + {second.title}",
        description="\n".join(part for part in (first.description, second.description) if part),
        assumptions={**second.assumptions, **first.assumptions},
        actions=(*first.actions, *added),
    )


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "-2"
    taken.add(name)
    return plain_name(name)


def _header(draft: Draft) -> dict[str, Any]:
    header = {"name": draft.name, "title": draft.title or draft.name}
    header |= {key: value for key in ("description", "author", "dataset") if (value := getattr(draft, key))}
    return header | ({"assumptions": dict(draft.assumptions)} if draft.assumptions else {})


def to_yaml(draft: Draft) -> str:
    """A scenario file of the actions that count; the same draft, the same text."""
    header = _header(draft)
    assumptions = header.pop("assumptions", None)
    lines = [f"{key}: {_value(value)}" for key, value in header.items()]
    if assumptions:
        lines += ["assumptions:", *(f"  {key}: {_value(value)}" for key, value in assumptions.items())]
    if not draft.counted:
        return "\n".join([*lines, "actions: []", ""])
    lines.append("actions:")
    for one in draft.counted:
        names = ["type", *(name for name in one if name != "type")]
        lines += [f"  {'  ' if k else '- '}{name}: {_value(one[name])}" for k, name in enumerate(names)]
    return "\n".join([*lines, ""])


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_value(str(key))}: {_value(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)
