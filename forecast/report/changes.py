"""What changed since the earlier run, in a few lines for the page for leaders, from ``runs.difference``.

Invariant: every number is one of ``Moved`` in the words of ``tables.words`` (held by ``tests/test_app_overview.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from forecast.answers.evidence import Evidence
from forecast.data.dataset import Dataset
from forecast.data.target import TargetKind
from forecast.periods import AsOf
from forecast.runs.datasets import Shelf
from forecast.runs.difference import Move, Moved
from forecast.runs.store import Header
from forecast.runs.store.registry import earlier
from forecast.tables import words
from forecast.texts import Lang, t

MOST: Final = 3
"""Indicators that the page names; the others are counted."""


def earlier_of(header: Header, kept: Sequence[Header]) -> Header | None:
    """The run to compare with; runs of data that were taken back do not count."""
    return earlier(header, kept, Shelf().undone(header.identity))


def since(header: Header, lang: Lang) -> str:
    """State of knowledge of the earlier run, for a heading."""
    return words.knowledge(AsOf.parse(header.as_of), lang)


def change_lines(moved: Moved, dataset: Dataset, lang: Lang) -> list[str]:
    """Indicators whose shown probability moved, the most first; then what is new in the data, counted."""
    city = dataset.config.city
    mine = [m for m in moved.moves if m.unit == city and m.target_kind == TargetKind.PROVINCE_AVERAGE.value]
    steps = sorted(((_step(move), move) for move in mine), key=lambda one: -abs(one[0]))
    named = [move for step, move in steps if step]
    lines = [_line(move, lang) for move in named[:MOST]] or [t("ui_overview.move_none", lang)]
    if len(named) > MOST:
        lines[-1] += t("ui_overview.more_moves", lang, n=len(named) - MOST)
    counts = {"figures": len(moved.figures), "revisions": len(moved.revisions), "withdrawn": len(moved.withdrawn)}
    return [*lines, t("ui_overview.data_changes", lang, ledger=len(moved.ledger), **counts)]


def _step(move: Move) -> int:
    """Points by which the shown probability moved; one that appeared or went moved by 100."""
    evidence = Evidence(move.evidence)
    before, after = move.p_near
    if before is None or after is None:
        return 0 if before == after else 100
    return words.shown_percent(after, evidence) - words.shown_percent(before, evidence)


def _line(move: Move, lang: Lang) -> str:
    evidence = Evidence(move.evidence)
    near = [words.probability(p, lang, evidence=evidence) for p in move.p_near]
    forecast = [t("glossary.none", lang) if one is None else words.growth(one, lang) for one in move.forecast_pct]
    return t(
        "ui_overview.move",
        lang,
        indicator=words.indicator_name(move.indicator, move.name_zh, lang),
        before=near[0],
        after=near[1],
        forecast_before=forecast[0],
        forecast_after=forecast[1],
        causes=t("glossary.and", lang).join(t(f"store.cause_{cause.value}", lang) for cause in move.causes),
    )
