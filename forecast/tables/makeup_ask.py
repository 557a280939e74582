"""What a planner fills in before a plan is solved: wishes by indicator, difficulties and caps by family and industry.

Invariant: an empty cell asks for nothing and overrides nothing (held by ``tests/test_app_makeup.py``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from forecast.answers.chances import Criterion, Outcome
from forecast.data.dataset import Dataset
from forecast.plan.candidates import Lever, LeverOptions, Unit
from forecast.plan.request import Form, Wish, parse_wishes, target_word, wish_text
from forecast.scenario.actions import Family
from forecast.scenario.contributions import Result
from forecast.tables import words
from forecast.tables.makeup_words import lever_name
from forecast.texts import Lang, t

CRITERIA: Final = (Criterion.NEAR, Criterion.REACH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Wishes by cell of the table, percent; ``count`` is an expected number of indicators that come close."""

    cells: Mapping[tuple[str, Criterion], float]
    together: bool
    count: float | None

    @classmethod
    def of(cls, wishes: Sequence[Wish]) -> Asked:
        """What a table must hold to ask for the same."""
        cells = {
            (target_word(key), wish.criterion): wish.level * 100.0
            for wish in wishes
            if wish.form is not Form.EXPECTED
            for key in wish.keys
        }
        counted = [wish.level for wish in wishes if wish.form is Form.EXPECTED]
        together = any(wish.form is Form.ALL and len(wish.keys) > 1 for wish in wishes)
        return cls(cells=cells, together=together, count=counted[0] if counted else None)


def _mine(result: Result, city: str) -> list[Outcome]:
    return [o for o in result.outcomes if o.case.target.unit == city]


def wish_table(base: Result, city: str, asked: Asked, lang: Lang) -> pd.DataFrame:
    """A row a judged target of the city, index as wishes name it: how likely now, and the percentage wished."""
    records = {}
    for o in _mine(base, city):
        target, evidence = o.case.target, o.case.evidence
        name = target_word(o.case.key)
        goal = words.target_name(target, lang)
        shown = words.indicator_name(target.indicator, o.case.name_zh, lang)
        records[name] = {
            "indicator": t("makeup.against", lang, name=shown, goal=goal),
            "now_near": words.probability(o.p_near, lang, evidence=evidence),
            "wish_near": asked.cells.get((name, Criterion.NEAR), math.nan),
            "now_reach": words.probability(o.p_reach, lang, evidence=evidence),
            "wish_reach": asked.cells.get((name, Criterion.REACH), math.nan),
        }
    return pd.DataFrame.from_dict(records, orient="index")


def wishes_of(table: pd.DataFrame, base: Result, city: str, *, together: bool, count: float | None) -> tuple[Wish, ...]:
    """Wishes of a filled-in table.

    Raises
    ------
    MakeupError
        A probability is out of range, or nothing can be wished for.
    """
    texts = [] if count is None else [f"count:near>={count:g}"]
    for criterion in CRITERIA:
        column = table[f"wish_{criterion.value}"]
        levels = {str(name): float(level) for name, level in column.items() if _given(level)}
        near = ":near" if criterion is Criterion.NEAR else ""
        if together and len(levels) > 1:
            texts.append(f"{'+'.join(levels)}{near}>={min(levels.values()):g}%")
        else:
            texts += [f"{name}{near}>={level:g}%" for name, level in levels.items()]
    return parse_wishes(texts, [o.case for o in base.outcomes], city=city)


def _given(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def lever_table(levers: Sequence[Lever], dataset: Dataset, options: LeverOptions, lang: Lang) -> pd.DataFrame:
    """A row a family of ledger levers, an industry, or a single lever: difficulty and cap, and what overrides them."""
    records: dict[str, dict[str, Any]] = {}
    for lever in levers:
        single = lever.unit in (Unit.POINTS, Unit.MONEY)
        name = _setting_name(lever)
        entry = records.setdefault(
            name,
            {
                "lever": lever_name(lever, dataset, lang) if single else t(f"makeup.family_{lever.family.value}", lang),
                "difficulties": [],
                "difficulty": options.difficulty.get(name, math.nan),
                "cap_now": t(f"makeup.use_{lever.unit.value}", lang, number=f"{lever.cap:g}") if single else "",
                "cap": options.cap.get(name, math.nan),
                "evidence": t(f"makeup.evidence_{lever.evidence.value}", lang),
            },
        )
        entry["difficulties"].append(lever.difficulty)
    for entry in records.values():
        found = entry.pop("difficulties")
        low, high = min(found), max(found)
        entry["difficulty_now"] = (
            f"{low:g}" if low == high else t("glossary.range", lang, low=f"{low:g}", high=f"{high:g}")
        )
    return pd.DataFrame.from_dict(records, orient="index")


def _setting_name(lever: Lever) -> str:
    """What difficulties and caps of a lever are stated under."""
    match lever.family:
        case Family.SECTOR:
            return lever.industry
        case Family.PUSH:
            return lever.acts_on
        case Family.BOND:
            return lever.id
        case _:
            return lever.family.value


def options_of(table: pd.DataFrame, families: Sequence[str], singles: int) -> LeverOptions:
    """Levers as the planner wants them."""

    def stated(column: str) -> dict[str, float]:
        if column not in table:
            return {}
        return {str(name): float(value) for name, value in table[column].items() if _given(value)}

    return LeverOptions(
        families=tuple(Family(one) for one in families),
        singles=singles,
        difficulty=stated("difficulty"),
        cap=stated("cap"),
    )


def asked_texts(wishes: Sequence[Wish]) -> list[str]:
    """Wishes as they are written in an address."""
    return [wish_text(wish) for wish in wishes]
