"""What moved between two runs, for a screen and for programs.

Invariant: every number is one of ``Moved`` in the words of ``tables.words`` (held by ``tests/test_update.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from forecast.answers.evidence import Evidence
from forecast.data.dataset import Dataset
from forecast.data.target import TargetKind
from forecast.periods import AsOf, Month
from forecast.runs.difference import Cause, FigureChange, Moved
from forecast.tables import words
from forecast.texts import Lang, t

SHOWN: Final = 8
"""Figures of a kind that are listed one by one; the rest are counted."""


def moved_document(moved: Moved) -> dict[str, Any]:
    """Everything for programs: numbers as they are, days as texts."""
    document = asdict(moved) | {"only_ledger": moved.only_ledger, "nothing": moved.nothing}
    for kind in ("figures", "revisions", "withdrawn"):
        for one in document[kind]:
            one["released"] = one["released"].isoformat() if one["released"] else None
    return document | {"ledger_counts": moved.ledger_counts()}


def render_moved(moved: Moved, dataset: Dataset, *, lang: Lang) -> RenderableType:
    """The city's targets against the province's average before and after, and the facts behind."""
    head = ("indicator", "ytd", "forecast", "near", "reach", "cause")
    before, after = (words.knowledge(AsOf.parse(text), lang) for text in moved.as_of)
    table = Table(title=Text(t("store.moved_title", lang, before=before, after=after)), box=box.SIMPLE_HEAVY)
    for name in head:
        table.add_column(t(f"store.head_{name}", lang), justify="left" if name in ("indicator", "cause") else "right")
    for move in moved.moves:
        if move.unit != dataset.config.city or move.target_kind != TargetKind.PROVINCE_AVERAGE.value:
            continue
        evidence = Evidence(move.evidence)
        table.add_row(
            words.indicator_name(move.indicator, move.name_zh, lang),
            _both(*(words.growth(value, lang) for value in move.ytd_pct), lang=lang),
            _both(*(_forecast(value, lang) for value in move.forecast_pct), lang=lang),
            _both(*(words.probability(p, lang, evidence=evidence) for p in move.p_near), lang=lang),
            _both(*(words.probability(p, lang, evidence=evidence) for p in move.p_reach), lang=lang),
            t("glossary.and", lang).join(t(f"store.cause_{cause.value}", lang) for cause in move.causes),
        )
    return Group(table, *(Text(line) for line in moved_lines(moved, dataset, lang=lang)))


def _forecast(value: float | None, lang: Lang) -> str:
    return t("glossary.none", lang) if value is None else words.growth(value, lang)


def _both(before: str, after: str, *, lang: Lang) -> str:
    return after if before == after else t("store.from_to", lang, before=before, after=after)


def moved_lines(moved: Moved, dataset: Dataset, *, lang: Lang) -> list[str]:
    """New figures, revisions, ledger changes and other differences, a sentence each."""
    if moved.nothing:
        return [t("store.nothing", lang)]
    lines = [
        _listed(t(f"store.{kind}", lang, n=len(changes)), changes, dataset, lang)
        for kind, changes in (
            ("figures", moved.figures),
            ("revisions", moved.revisions),
            ("withdrawn", moved.withdrawn),
        )
        if changes
    ]
    if moved.ledger:
        counts = moved.ledger_counts()
        same = t("store.ledger_no_refit", lang) if moved.only_ledger else ""
        lines.append(t("store.ledger", lang, n=len(moved.ledger), **counts) + same)
    if moved.settings:
        pairs = [f"{name} {_both(before, after, lang=lang)}" for name, before, after in moved.settings]
        lines.append(t("store.settings", lang, list=t("glossary.and", lang).join(pairs)))
    refitted = [move for move in moved.moves if move.causes == (Cause.REFITTED,)]
    if refitted:
        names = dict.fromkeys(words.indicator_name(move.indicator, move.name_zh, lang) for move in refitted)
        lines.append(t("store.refitted", lang, list=t("glossary.and", lang).join(names)))
    return lines


def _listed(head: str, changes: Sequence[FigureChange], dataset: Dataset, lang: Lang) -> str:
    """Figures of city and province one by one, up to a few; all others counted."""
    config = dataset.config
    main = [one for one in changes if one.unit in (config.city, config.province) and one.measure.endswith("_pct")]
    named = [_figure(one, dataset, lang) for one in main[:SHOWN]]
    rest = len(changes) - len(named)
    if rest:
        named.append(t("store.and_more", lang, n=rest))
    return head + t("store.semicolon", lang).join(named)


def _figure(one: FigureChange, dataset: Dataset, lang: Lang) -> str:
    panel = dataset.panel
    unit = panel.units.get(one.unit)
    indicator = panel.indicators.get(one.indicator)
    values = [t("glossary.none", lang) if v is None else words.growth(v, lang) for v in (one.before, one.after)]
    return t(
        f"store.figure_{one.measure}",
        lang,
        unit=words.unit_name(unit, lang) if unit else one.unit,
        indicator=words.indicator_name(one.indicator, indicator.name_zh, lang) if indicator else one.indicator,
        months=words.months(Month.parse(one.period), lang),
        month=words.month_name(Month.parse(one.period), lang),
        value=values[1] if one.before is None else _both(*values, lang=lang),
    )
