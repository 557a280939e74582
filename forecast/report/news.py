"""The table of ``dabiao news`` and its document for programs.

Invariant: at the digits written the parts of a target sum to the difference of its two numbers
(held by ``tests/test_news_report.py``).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from forecast.errors import UsageError
from forecast.news.news import Levels, News, Part, TargetNews
from forecast.report.files import write_csv
from forecast.tables.kind import Kind
from forecast.tables.schema import schema, table_frame
from forecast.tables.table import Provenance
from forecast.tasks.allocation import largest_remainder

PROVENANCE: Final = fields(Provenance)

type Cell = str | int | float | None

_QUANTITIES: Final = (
    ("reach", "p_reach", Kind.SHARE),
    ("near", "p_near", Kind.SHARE),
    ("forecast_pp", "forecast_pct", Kind.POINTS),
    ("benchmark_pp", "benchmark_pct", Kind.POINTS),
)
"""Change, level, and how both are written."""


def news_frame(news: News, provenance: Provenance) -> pd.DataFrame:
    """``news.csv``: a row a part, or one without a part for a target that has none."""
    records = [record for target in news.targets for record in _records(target, news)]
    return table_frame("news", records, provenance)


def whole_points(target: TargetNews) -> tuple[int | None, tuple[int, ...]]:
    """Change of P(reach) in whole points, and that of every part, which sum to it; None without a probability."""
    parts = [part.delta.reach for part in target.parts]
    if target.change.reach is None or not parts:
        return (None if target.change.reach is None else _nearest(target.change.reach * 100.0)), ()
    total = _nearest(target.change.reach * 100.0)
    return total, tuple(_summing([100.0 * (value or 0.0) for value in parts], total))


def _nearest(value: float) -> int:
    return int(np.floor(value + 0.5))


def _summing(values: Sequence[float], total: int) -> list[int]:
    """Whole numbers near the values that sum to ``total``, which is within one of their sum."""
    down = int(np.floor(np.array(values) + 1e-9).sum())
    return [int(v) for v in largest_remainder(np.array(values), min(max(total, down), down + len(values)))]


def _written(target: TargetNews) -> list[tuple[Cell, ...]]:
    """Deltas of every part at the digits written, in the order of ``_QUANTITIES``."""
    columns = []
    for change, level, kind in _QUANTITIES:
        places = kind.decimals or 0
        scale = 10**places
        before, after = (getattr(side, level) for side in (target.before, target.after))
        values = [getattr(part.delta, change) for part in target.parts]
        if any(value is None for value in values) or before is None or after is None:
            columns.append([None] * len(values))
            continue
        total = round(float(f"{after:.{places}f}") * scale) - round(float(f"{before:.{places}f}") * scale)
        columns.append([v / scale for v in _summing([value * scale for value in values], total)])
    return list(zip(*columns, strict=True))


def _records(target: TargetNews, news: News) -> list[tuple[Cell, ...]]:
    total, points = whole_points(target)
    head: tuple[Cell, ...] = (
        target.indicator,
        target.name_zh,
        target.key[1],
        target.benchmark,
        target.key[2],
        news.before,
        *news.as_of,
        target.evidence.value,
        target.status.value,
        *_levels(target.before, target.after),
        total,
    )
    if not target.parts:
        return [(*head, *[None] * (len(schema("news")) - len(head) - len(PROVENANCE)))]
    deltas = _written(target)
    shown: Sequence[int | None] = points or [None] * len(target.parts)
    return [(*head, k, *_part(part), *deltas[k], shown[k]) for k, part in enumerate(target.parts)]


def _levels(before: Levels, after: Levels) -> tuple[Cell, ...]:
    names = ("p_reach", "p_near", "forecast_pct", "benchmark_pct")
    return tuple(getattr(side, name) for name in names for side in (before, after))


def _part(part: Part) -> tuple[Cell, ...]:
    lead = part.lead
    head = (part.kind.value, (part.linked or "all") if part.kind.value == "linked" else None, len(part.releases))
    if lead is None:
        return (*head, *[None] * 10)
    figure = lead.figure
    return (
        *head,
        figure.unit,
        figure.period,
        figure.measure,
        figure.after,
        lead.previous_pct if figure.before is None else figure.before,
        lead.change_pp,
        lead.expected_pct,
        lead.expected_sd_pp,
        lead.surprise,
        lead.verdict.value,
    )


def write_news(frame: pd.DataFrame, folder: Path) -> None:
    """Write ``news.csv`` into a directory, which is made where there is none.

    Raises
    ------
    UsageError
        It cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_csv(frame, folder / "news.csv", table="news")
    except OSError as error:
        raise UsageError("usage_not_written", folder=folder, reason=error.strerror or error) from error


def news_document(news: News, frame: pd.DataFrame, sentences: Sequence[tuple[TargetNews, str]]) -> dict[str, Any]:
    """Everything for programs: the runs, a sentence a target, and the table."""
    return {
        "before": news.before,
        "after": news.after,
        "as_of": list(news.as_of),
        "nothing": news.nothing,
        "sentences": [
            {"indicator": one.key[0], "unit": one.key[1], "target_kind": one.key[2], "sentence": text}
            for one, text in sentences
        ],
        "news": json.loads(frame.to_json(orient="records")),
    }
