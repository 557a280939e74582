"""预测检验: how well earlier forecasts of the same kind came true.

Invariant: every number is one of ``scores.csv`` of the backtest (held by ``tests/test_report_sheets.py``).
"""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from forecast.tables.dossier import Dossier, heading, subtitle
from forecast.tables.kind import Kind, Value
from forecast.tables.table import Field, Sheet
from forecast.texts import Lang, catalogue, t

_NUMBERS: Final = (
    ("crps_pp", Kind.FINE_POINTS),
    ("brier", Kind.RATIO),
    ("covered50", Kind.RATIO),
    ("covered90", Kind.RATIO),
    ("p_reach_mean", Kind.RATIO),
    ("reached", Kind.RATIO),
    ("against_pace", Kind.RATIO),
)


def track_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """Scores by level of place, months left and method; without a backtest a page that says how to get one."""
    scores = dossier.backtest.get("scores")
    rows = [] if scores is None else [_row(record, lang) for record in _chosen(scores)]
    return Sheet(
        name="track",
        tab=t("reports.tab_track", lang),
        title=heading("track", dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=(
            Field(name="level", kind=Kind.TEXT, key="track_level", widest=22),
            Field(name="months_left", kind=Kind.SHORT, key="track_months_left"),
            Field(name="forecaster", kind=Kind.TEXT, key="track_forecaster"),
            Field(name="outcomes", kind=Kind.WHOLE, key="track_outcomes"),
            Field(name="cases", kind=Kind.WHOLE, key="track_cases"),
            *(Field(name=name, kind=style, key=f"track_{name}") for name, style in _NUMBERS),
        ),
        rows=tuple(rows),
        notes=_notes(scores, dossier, lang),
        mark=dossier.mark(lang),
        frozen=3,
    )


def _chosen(scores: pd.DataFrame) -> list[dict[str, Any]]:
    """Scores over all indicators, by level, the whole year first."""
    chosen = scores[scores["indicator"].isna() | (scores["indicator"] == "")]
    return [{str(name): value for name, value in record.items()} for record in chosen.to_dict("records")]


def _row(record: dict[str, Any], lang: Lang) -> tuple[Value, ...]:
    first, last = int(record["months_left_from"]), int(record["months_left_to"])
    everything = first == 0 and last >= 11
    months = t("backtest.months_all", lang) if everything else t("backtest.months_band", lang, first=first, last=last)
    method = f"backtest.forecaster_{record['forecaster']}"
    numbers = [None if pd.isna(record[name]) else float(record[name]) for name, _ in _NUMBERS]
    return (
        t(f"backtest.level_{record['level']}", lang),
        months,
        catalogue(lang).get(method, str(record["forecaster"])),
        int(record["outcomes"]),
        int(record["cases"]),
        *numbers,
    )


def _notes(scores: pd.DataFrame | None, dossier: Dossier, lang: Lang) -> tuple[str, ...]:
    if scores is None:
        return (t("reports.no_backtest", lang),)
    lines = [t("reports.note_track", lang, run=str(scores["run_id"].iloc[0]) if len(scores) else "")]
    if len(scores) and str(scores["data_hash"].iloc[0]) != dossier.provenance.data_hash:
        lines.append(t("reports.note_track_other", lang))
    return (*lines, t("backtest.note_scores", lang), t("backtest.note_outcomes", lang))
