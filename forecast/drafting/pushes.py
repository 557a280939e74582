"""Pushes of sectors and places in a draft: how many points each is lifted by, and from which month.

Invariant: what is set reads back as it was set, and 0 takes the push away (held by ``tests/test_drafting.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from forecast.dataset import Dataset
from forecast.drafting.draft import Action, Draft

__all__ = ["Push", "fill_pushes", "place_pushes", "places", "pushable", "with_fill", "with_push"]

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
    """``sector_fill`` of every industry of the data set, within its cap; none without bases of GDP."""
    if not _has_base(dataset, "gdp"):
        return ()
    out = []
    for row in dataset.panel.industries.to_dict("records"):
        name, cap = str(row["industry"]), float(row["cap_pp"])
        cap = cap if np.isfinite(cap) else DEFAULT_CAP_PP
        action = _of(draft, "sector_fill", industry=name)
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
    """``county_push`` of an indicator by every place that can make one, the city first."""
    out = []
    for unit in places(dataset, indicator):
        action = _of(draft, "county_push", unit=unit, indicator=indicator)
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
    return _set(draft, "sector_fill", {"industry": industry}, f"fill-{industry}", effect_pp, month)


def with_push(draft: Draft, unit: str, indicator: str, effect_pp: float, *, month: str) -> Draft:
    """The draft with an indicator of a place lifted by so many points; 0 takes the push away."""
    about = {"unit": unit, "indicator": indicator}
    return _set(draft, "county_push", about, f"push-{unit}-{indicator}", effect_pp, month)


def _at(draft: Draft, kind: str, about: Mapping[str, str]) -> int | None:
    """Position of the first action of a kind about something, given in points, that counts."""
    for k, one in enumerate(draft.actions):
        same = one["type"] == kind and all(one.get(key) == value for key, value in about.items())
        if same and k not in draft.off and one.get("effect_pp") is not None:
            return k
    return None


def _of(draft: Draft, kind: str, **about: str) -> Action | None:
    at = _at(draft, kind, about)
    return None if at is None else draft.actions[at]


def _effect(action: Action | None) -> float:
    return 0.0 if action is None else float(action["effect_pp"])


def _month(action: Action | None, dataset: Dataset) -> str:
    return str(dataset.config.first_action_month if action is None else action["month"])


def _set(draft: Draft, kind: str, about: Mapping[str, str], name: str, effect_pp: float, month: str) -> Draft:
    at = _at(draft, kind, about)
    actions: Sequence[Action]
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
