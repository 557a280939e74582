"""A track record as words for the screen: scores by forecaster, and what was forecast against what came.

Kinds of places are never put together, and fewer than ``FEWEST_OUTCOMES`` outcomes are said to be few.

Invariant: every number shown is a cell of a table of the backtest (held by ``tests/test_app_track.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from forecast.answers.evidence import Evidence
from forecast.data.panel import Panel
from forecast.periods import Month
from forecast.tables import words
from forecast.tables.table import Cell
from forecast.texts import Lang, catalogue, t
from forecast.track_record.backtest import FEWEST_OUTCOMES

SCORE_COLUMNS: Final = (
    "forecaster",
    "outcomes",
    "crps",
    "against_pace",
    "brier",
    "covered50",
    "covered90",
    "deviation",
)
REPLAY_COLUMNS: Final = ("month", "said", "mean", "crps")
MODEL: Final = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What was said of one outcome, month by month.

    unit, indicator : names; outcome : how the year ended; lines : cells by month, first cell the month
    """

    unit: str
    indicator: str
    outcome: str
    lines: tuple[tuple[Cell, ...], ...]
    synthetic: bool


def level_name(level: str, lang: Lang) -> str:
    """Kind of place with what it is held against."""
    return t(f"backtest.level_{level}", lang)


def forecaster_name(forecaster: str, lang: Lang) -> str:
    """Name of a forecaster."""
    key = f"backtest.forecaster_{forecaster}"
    return t(key, lang) if key in catalogue(lang) else forecaster


def _number(value: Any, decimals: int, lang: Lang) -> str:
    return (
        t("glossary.none", lang) if pd.isna(value) else f"{words.rounded(float(value), 10.0**-decimals):.{decimals}f}"
    )


def _share(value: Any, lang: Lang) -> str:
    return t("glossary.none", lang) if pd.isna(value) else t("glossary.probability", lang, percent=words.percent(value))


def score_lines(scores: pd.DataFrame, level: str, lang: Lang) -> list[tuple[Cell, ...]]:
    """Forecasters of one kind of place over all months and indicators, the model first."""
    rows = scores[(scores["level"] == level) & scores["indicator"].isna() & (scores["months_left_from"] == 0)]
    out: list[tuple[Cell, ...]] = []
    for row in rows.to_dict("records"):
        ratio = Cell(_number(row["against_pace"], 2, lang))
        if pd.notna(row["against_pace_p05"]):
            low, high = (_number(row[f"against_pace_{q}"], 2, lang) for q in ("p05", "p95"))
            ratio = Cell(ratio.text, t("glossary.range", lang, low=low, high=high))
        out.append(
            (
                Cell(forecaster_name(row["forecaster"], lang)),
                Cell(str(row["outcomes"]), t("ui_track.cases", lang, n=row["cases"])),
                Cell(_number(row["crps_pp"], 2, lang)),
                ratio,
                Cell(_number(row["brier"], 3, lang)),
                Cell(_share(row["covered50"], lang)),
                Cell(_share(row["covered90"], lang)),
                Cell(_number(row["deviation"], 3, lang)),
            )
        )
    return out


def few_text(scores: pd.DataFrame, level: str, lang: Lang) -> str:
    """That there are too few outcomes to judge by; empty where there are enough."""
    rows = scores[(scores["level"] == level) & (scores["forecaster"] == MODEL) & scores["indicator"].isna()]
    outcomes = int(rows["outcomes"].max()) if len(rows) else 0
    if outcomes >= FEWEST_OUTCOMES:
        return ""
    return t("backtest.note_few", lang, level=level_name(level, lang), outcomes=outcomes, fewest=FEWEST_OUTCOMES)


def replays(
    backtest: pd.DataFrame,
    panel: Panel,
    lang: Lang,
    *,
    unit: str,
    indicator: str,
    year: int,
    forecasters: Sequence[str],
) -> Replay | None:
    """What forecasters said of one outcome; None where it was not replayed."""
    at = (backtest["unit"] == unit) & (backtest["indicator"] == indicator) & (backtest["year"] == year)
    rows = backtest[at]
    if rows.empty:
        return None
    first = rows.iloc[0].to_dict()
    lines = []
    for month, mine in rows.groupby("as_of", sort=True):
        by = {row["forecaster"]: row for row in mine.to_dict("records")}
        lines.append(_line(str(month), by, forecasters, lang))
    known = panel.indicators.get(indicator)
    return Replay(
        unit=_place(unit, panel, lang),
        indicator=words.indicator_name(indicator, known.name_zh, lang) if known else indicator,
        outcome=_outcome(first, panel, lang),
        lines=tuple(lines),
        synthetic=bool((rows["synthetic"] == 1).any()),
    )


def _place(unit: str, panel: Panel, lang: Lang) -> str:
    return words.unit_name(panel.units[unit], lang) if unit in panel.units else unit


def _outcome(row: Mapping[Any, Any], panel: Panel, lang: Lang) -> str:
    return t(
        "ui_track.outcome",
        lang,
        place=_place(row["unit"], panel, lang),
        growth=words.growth(row["outcome_pct"], lang),
        benchmark=_place(row["benchmark"], panel, lang),
        benchmark_growth=words.growth(row["benchmark_outcome_pct"], lang),
        result=t("ui_track.reached" if row["event"] == 1 else "ui_track.missed", lang),
    )


def _line(month: str, by: Mapping[str, Mapping[Any, Any]], forecasters: Sequence[str], lang: Lang) -> tuple[Cell, ...]:
    cells = [Cell(words.through(Month.parse(month), lang))]
    for name in forecasters:
        row = by.get(name)
        if row is None:
            cells.append(Cell(t("glossary.none", lang)))
            continue
        said = words.growth(row["mean_pct"], lang)
        cells.append(Cell(words.probability(row["p_reach"], lang, evidence=Evidence.AMPLE), said))
    return tuple(cells)
