"""What a lever is.

Leaving the statistics, revising a base, another price or another path of the province change figures and not the
economy: they are never levers, and neither is anything that only harms, nor the entry of firms that work anyway; which
types are is said by the types themselves (``scenario.actions``).

Invariant: every action that a lever gives is of an allowed type (held by ``tests/test_levers.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from forecast.dims import brief
from forecast.scenario.actions import LEVERS, Family


class CapEvidence(StrEnum):
    """What a cap rests on: rows of a ledger, what was achieved before, or nothing but a setting (设定值)."""

    LEDGER = "ledger"
    HISTORY = "history"
    SETTING = "setting"


class Unit(StrEnum):
    """What a use is counted in: points of single-month growth, 亿元, months of later work, or all of the rows."""

    POINTS = "pp"
    MONEY = "yi"
    MONTHS = "months"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """One lever.

    id : of the lever, unique
    acts_on : indicator that it moves first; industry : of GDP that it pulls through, "" for none
    place : id of the county or zone, 市本级, 跨县区, or the city
    state : of a group of firms; "" otherwise
    cap : largest use, in ``unit``; levels : uses that can be chosen, empty for any use up to the cap in ``step``
    difficulty : 1 to 5; weight : share of its family's capacity, 1 for a sector
    entities : rows of the ledger
    responsible, people : units and persons of the rows, as often as they have rows, most rows first
    fields : of the action, without those that depend on the use
    """

    id: str
    family: Family
    acts_on: str
    industry: str
    place: str
    cap: float
    unit: Unit
    difficulty: float
    evidence: CapEvidence
    fields: Mapping[str, Any]
    state: str = ""
    levels: tuple[float, ...] = ()
    step: float = 1.0
    weight: float = 1.0
    entities: tuple[str, ...] = ()
    team: str = ""
    responsible: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    synthetic: bool = False

    __repr__ = brief

    @property
    def effort(self) -> float:
        """Effort at full use: difficulty times weight."""
        return self.difficulty * self.weight

    @property
    def supported(self) -> bool:
        """Whether rows of a ledger stand behind it; otherwise 无项目支撑."""
        return bool(self.entities)

    def action_id(self, use: float) -> str:
        """Action that the lever is part of: levers of a ledger's family become one action, whose rows share a stream.

        A row's fate then does not depend on which other rows a plan takes.
        """
        if LEVERS[self.family].ledger is None:
            return f"makeup-{self.id}"
        return f"makeup-{self.family.value}" + (f"-{round(use)}" if self.unit is Unit.MONTHS else "")

    def action(self, use: float) -> dict[str, Any]:
        """Action of a scenario file at a use, in ``unit``."""
        kind = LEVERS[self.family]
        out: dict[str, Any] = {"type": kind.name, "id": self.action_id(use), **self.fields}
        if kind.use:
            out[kind.use] = round(use) if self.unit is Unit.MONTHS else round(use, 6)
        return out


def merged(levers: Sequence[Lever], uses: Mapping[str, float]) -> list[dict[str, Any]]:
    """Actions of the levers that are used, those of one family's ledger as one, in the order of the levers."""
    out: dict[str, dict[str, Any]] = {}
    for lever in levers:
        use = uses.get(lever.id, 0.0)
        if use <= 0.0:
            continue
        made = lever.action(use)
        known = out.setdefault(made["id"], made)
        for name in ("projects", "enterprises"):
            if known is not made and name in made:
                known[name] = sorted({*known[name], *made[name]})
    return list(out.values())
