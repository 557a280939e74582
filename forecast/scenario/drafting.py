"""A scenario as people edit it: plain actions with a header, to and from YAML, checked whenever they are asked for.

Invariant: what is written is what is read again, and an unchanged scenario keeps its draws
(held by ``tests/test_drafting.py``).

Pushes of sectors and places in a draft: how many points each is lifted by, and from which month.

Invariant: what is set reads back as it was set, and 0 takes the push away (held by ``tests/test_drafting.py``).
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from forecast.data.dataset import Dataset
from forecast.data.ledger import Assumptions
from forecast.scenario.actions.places import FILL, PUSH
from forecast.scenario.reader import Scenario, read_scenario, scenario_of

type DraftAction = Mapping[str, Any]
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
    actions: tuple[DraftAction, ...] = ()
    off: frozenset[int] = frozenset()

    def with_actions(self, actions: Sequence[DraftAction]) -> Draft:
        """The same scenario with other actions, all of which count."""
        return replace(self, actions=tuple(actions), off=frozenset())

    @property
    def counted(self) -> tuple[DraftAction, ...]:
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


DEFAULT_CAP_PP: Final = 10.0
"""Upper end of a slider where the data set states no cap, points."""
MOST_PUSH_PP: Final = 30.0
"""Ends of the slider of a place, points up and down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One industry or place.

    key : id; name_zh : its name; effect_pp : points by which its growth is lifted, 0 for none
    month : from which, YYYY-MM; low_pp, high_pp : what the slider allows
    """

    key: str
    name_zh: str
    effect_pp: float
    month: str
    low_pp: float
    high_pp: float


def fill_pushes(draft: Draft, dataset: Dataset) -> tuple[Push, ...]:
    """Filling of every industry of the data set, within its cap; none without bases of GDP."""
    if not _has_base(dataset, "gdp"):
        return ()
    out = []
    for row in dataset.panel.industries.to_dict("records"):
        name, cap = str(row["industry"]), float(row["cap_pp"])
        cap = cap if np.isfinite(cap) else DEFAULT_CAP_PP
        action = _of(draft, FILL.name, industry=name)
        effect = _effect(action)
        out.append(
            Push(
                key=name,
                name_zh=str(row["name_zh"]),
                effect_pp=effect,
                month=_month(action, dataset),
                low_pp=0.0,
                high_pp=max(cap, effect),
            )
        )
    return tuple(out)


def pushable(dataset: Dataset) -> tuple[str, ...]:
    """Indicators that places can push, official order: those with a base of the city."""
    wanted = dict.fromkeys(target.indicator for target in dataset.targets)
    return tuple(name for name in dataset.panel.indicators if name in wanted and places(dataset, name))


def places(dataset: Dataset, indicator: str) -> tuple[str, ...]:
    """The city, and counties and zones whose share of it is known for an indicator."""
    bases, city = dataset.panel.bases, dataset.config.city
    rows = bases[(bases["indicator"] == indicator)]
    known = rows[np.isfinite(rows["share_of_parent"].to_numpy(dtype=np.float64))]
    shares = set(known["unit"])
    units = dataset.panel.units.values()
    below = tuple(u.unit for u in units if u.level in ("county", "zone") and u.unit in shares)
    return (city, *below) if _has_base(dataset, indicator) or not below else below


def place_pushes(draft: Draft, dataset: Dataset, indicator: str) -> tuple[Push, ...]:
    """Push of an indicator by every place that can make one, the city first."""
    out = []
    for unit in places(dataset, indicator):
        action = _of(draft, PUSH.name, unit=unit, indicator=indicator)
        effect = _effect(action)
        out.append(
            Push(
                key=unit,
                name_zh=dataset.panel.units[unit].name_zh,
                effect_pp=effect,
                month=_month(action, dataset),
                low_pp=min(-MOST_PUSH_PP, effect),
                high_pp=max(MOST_PUSH_PP, effect),
            )
        )
    return tuple(out)


def with_fill(draft: Draft, industry: str, effect_pp: float, *, month: str) -> Draft:
    """The draft with an industry lifted by so many points; 0 takes its push away."""
    return _set(draft, FILL.name, {"industry": industry}, f"fill-{industry}", effect_pp, month)


def with_push(draft: Draft, unit: str, indicator: str, effect_pp: float, *, month: str) -> Draft:
    """The draft with an indicator of a place lifted by so many points; 0 takes the push away."""
    about = {"unit": unit, "indicator": indicator}
    return _set(draft, PUSH.name, about, f"push-{unit}-{indicator}", effect_pp, month)


def _at(draft: Draft, kind: str, about: Mapping[str, str]) -> int | None:
    """Position of the first action of a kind about something, given in points, that counts."""
    for k, one in enumerate(draft.actions):
        same = one["type"] == kind and all(one.get(key) == value for key, value in about.items())
        if same and k not in draft.off and one.get("effect_pp") is not None:
            return k
    return None


def _of(draft: Draft, kind: str, **about: str) -> DraftAction | None:
    at = _at(draft, kind, about)
    return None if at is None else draft.actions[at]


def _effect(action: DraftAction | None) -> float:
    return 0.0 if action is None else float(action["effect_pp"])


def _month(action: DraftAction | None, dataset: Dataset) -> str:
    return str(dataset.config.first_action_month if action is None else action["month"])


def _set(draft: Draft, kind: str, about: Mapping[str, str], name: str, effect_pp: float, month: str) -> Draft:
    at = _at(draft, kind, about)
    actions: Sequence[DraftAction]
    if at is None:
        if effect_pp == 0.0:
            return draft
        taken = {one.get("id") for one in draft.actions}
        free = next(n for k in range(1, 10_000) if (n := name if k == 1 else f"{name}-{k}") not in taken)
        new: dict[str, Any] = {"type": kind, "id": free, **about, "effect_pp": effect_pp, "month": month}
        return replace(draft, actions=(*draft.actions, new))
    if effect_pp == 0.0:
        actions = [one for k, one in enumerate(draft.actions) if k != at]
        off = frozenset(k - (k > at) for k in draft.off)
        return replace(draft, actions=tuple(actions), off=off)
    changed = {**draft.actions[at], "effect_pp": effect_pp, "month": month}
    return replace(draft, actions=(*draft.actions[:at], changed, *draft.actions[at + 1 :]))


def _has_base(dataset: Dataset, indicator: str) -> bool:
    bases = dataset.panel.bases
    at = (bases["unit"] == dataset.config.city) & (bases["indicator"] == indicator)
    return bool(np.isfinite(bases["base_level_yi"][at].to_numpy(dtype=np.float64)).any())
