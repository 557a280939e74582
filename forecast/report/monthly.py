"""Growth of the target year month by month, as words: what is published, and what is expected of the rest.

Invariant: numbers are those of ``paths.csv`` in the words of ``forecast.tables.words`` (held by ``tests/test_app.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pandas as pd

from forecast.answers.evidence import Published, spans
from forecast.periods import Frequency, Month
from forecast.plan.path import RequiredPath, Scope
from forecast.tables import words
from forecast.tables.table import Cell
from forecast.texts import Lang, t


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


def history_rows(published: Published, indicator: str, units: Sequence[str], growth: Growth) -> pd.DataFrame:
    """Published growth of the years before the target year: unit, period, value (percent).

    Growth of single periods is what published cumulative growth implies (``answers.evidence.spans``).
    """
    meta = published.panel.indicators[indicator]
    records = []
    for unit in units:
        figures = published.cumulative(unit, indicator)
        if growth is Growth.SINGLE:
            figures = {one.last: one.growth_pct for one in spans(figures, meta, periods=1)}
        records += [(unit, str(month), value) for month, value in figures.items() if month.year < published.year]
    return pd.DataFrame(records, columns=pd.Index(["unit", "period", "value"]))


def pace_points(rows: pd.DataFrame, unit: str) -> tuple[tuple[str, float], ...]:
    """序时进度: cumulative growth of a unit if it stays where it is; empty where none or all of it is published."""
    mine = rows[rows["unit"] == unit]
    known = mine[mine["status"] == "published"]
    if known.empty:
        return ()
    last = str(known["period"].iloc[-1])
    level = float(known[f"{Growth.CUMULATIVE.value}_p50"].iloc[-1])
    ahead = [str(period) for period in mine["period"] if str(period) >= last]
    return tuple((period, level) for period in ahead) if len(ahead) > 1 else ()


def path_points(path: RequiredPath, growth: Growth) -> tuple[tuple[str, float], ...]:
    """所需路径 of the city: the growth that a wish needs, period by period; empty where nothing is demanded."""
    city = next((line for line in path.lines if line.scope is Scope.CITY), None)
    if city is None or not path.uplift_pp:
        return ()
    name = "demanded_cum_pct" if growth is Growth.CUMULATIVE else "demanded_month_pct"
    found = [(str(step.period), getattr(step, name)) for step in city.steps]
    return tuple((period, value) for period, value in found if value is not None)
