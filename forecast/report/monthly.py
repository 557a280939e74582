"""Growth of the target year month by month, as words: what is published, and what is expected of the rest.

Invariant: numbers are those of ``paths.csv`` in the words of ``forecast.words`` (held by ``tests/test_app.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pandas as pd

from forecast import words
from forecast.periods import Frequency, Month
from forecast.report.leaders import Cell
from forecast.texts import Lang, t

__all__ = ["Growth", "MonthLine", "month_lines", "of_indicator"]


class Growth(StrEnum):
    """Growth since January, or of the period alone; the beginning of its columns in ``paths.csv``."""

    CUMULATIVE = "cum_yoy_pct"
    SINGLE = "month_yoy_pct"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthLine:
    """A period.

    cells : a cell a unit and kind of growth, in the order asked for: first all units cumulative, then single
    published : by cell, whether the figure is out
    """

    name: str
    cells: tuple[Cell, ...]
    published: tuple[bool, ...]


def of_indicator(paths: pd.DataFrame, indicator: str, units: Sequence[str]) -> pd.DataFrame:
    """Rows of ``paths.csv`` of an indicator and of some units, in the order of units and periods."""
    rows = paths[(paths["indicator"] == indicator) & paths["unit"].isin(list(units))]
    place = {unit: i for i, unit in enumerate(units)}
    ordered = rows.sort_values(["unit", "period"], key=lambda c: c.map(place) if c.name == "unit" else c)
    return ordered.reset_index(drop=True)


def month_lines(rows: pd.DataFrame, units: Sequence[str], frequency: Frequency, lang: Lang) -> list[MonthLine]:
    """A line a period, from the rows of ``of_indicator``."""
    records: dict[tuple[str, str], dict[str, Any]] = {(r["unit"], r["period"]): r for r in rows.to_dict("records")}  # type: ignore[misc]
    out = []
    for position, period in enumerate(dict.fromkeys(rows["period"])):
        mine = [records[unit, period] for unit in units]
        cells = [_cell(record, growth, lang) for growth in Growth for record in mine]
        known = [record["status"] == "published" for record in mine]
        out.append(
            MonthLine(
                name=_name(Month.parse(period), frequency.covers(position), lang),
                cells=tuple(cells),
                published=(*known, *(False for _ in mine)),
            )
        )
    return out


def _name(month: Month, covers: Sequence[int], lang: Lang) -> str:
    if len(covers) == 1:
        return t("ui.month", lang, month=words.month_name(month, lang))
    first = words.month_name(Month(month.year, covers[0]), lang)
    return t("ui.month_span", lang, first=first, last=words.month_name(month, lang))


def _cell(record: dict[str, Any], growth: Growth, lang: Lang) -> Cell:
    middle = words.growth(record[f"{growth.value}_p50"], lang)
    if growth is Growth.CUMULATIVE and record["status"] == "published":
        return Cell(middle)
    return Cell(middle, words.interval(record[f"{growth.value}_p10"], record[f"{growth.value}_p90"], lang))
