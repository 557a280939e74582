"""Tasks as tables for the screen: place × month with locks, by team, sector and support, and one by one.

Invariant: amounts are the whole 万元 of ``Breakdown``, so that every margin is the sum of its cells as shown
(held by ``tests/test_app_tasks.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from forecast.dims import WAN_PER_YI
from forecast.periods import Month
from forecast.report.breakdown_terminal import balance_cells, margin_name, window_text
from forecast.runs.session import Assignments
from forecast.tables import words
from forecast.tables.table import Grid, grid
from forecast.tasks.allocation import Hold
from forecast.tasks.breakdown import Breakdown
from forecast.tasks.carriers import place_name
from forecast.tasks.tasks import Margin
from forecast.texts import Lang, t

DIMENSIONS: Final = ("team", "sector", "county", "support")
SUM: Final = "sum"
DUE: Final = "due"


def _month(month: Month, lang: Lang) -> str:
    return t("breakdown.month", lang, month=words.month_name(month, lang))


def _sums(b: Breakdown, dimension: str) -> list[Margin]:
    return [m for m in b.margins if m.dimension == dimension and m.month is None]


def place_table(b: Breakdown, found: Assignments, lang: Lang) -> pd.DataFrame:
    """Tasks of every place by month, whole 万元; index ids of places, columns place, YYYY-MM ..., sum, open, due.

    The last row, with an empty index, is the city.
    """
    records: dict[str, dict[str, Any]] = {}
    total = b.margin("total")
    for m in [*_sums(b, "place"), *([total] if total else [])]:
        cells = {str(month): b.margin(m.dimension, m.key, month) for month in b.months}
        records[m.key if m is not total else ""] = {
            "place": margin_name(m, lang, found),
            **{month: cell.task_wan if cell else 0 for month, cell in cells.items()},
            SUM: m.task_wan,
            "open": m.open_wan,
            DUE: m.due_wan,
        }
    return pd.DataFrame.from_dict(records, orient="index")


def held_cells(edited: Mapping[str, Mapping[str, Any]], places: Sequence[str], indicator: str) -> tuple[Hold, ...]:
    """Locks from cells that were edited: row position -> column -> 万元; a cleared cell is no lock."""
    holds = []
    for position, cells in edited.items():
        for column, value in cells.items():
            if value is None:
                continue
            month = None if column == SUM else Month.parse(column)
            amount = max(round(float(value)), 0) / WAN_PER_YI
            holds.append(
                Hold(key=places[int(position)], month=month, amount_yi=amount, indicator=indicator, file="app")
            )
    return tuple(holds)


def hold_name(hold: Hold, found: Assignments, lang: Lang) -> str:
    """A lock in words: 汉滨区10月 1,200万元."""
    units = found.run.dataset.panel.units
    if hold.key in units:
        place = words.unit_name(units[hold.key], lang)
    else:
        place = place_name(hold.key, units) if hold.key else t("breakdown.dimension_total", lang)
    month = _month(hold.month, lang) if hold.month else t("breakdown.head_sum", lang)
    return t("ui_tasks.hold", lang, place=place, month=month, amount=f"{hold.amount_wan:,}")


def margin_grid(b: Breakdown, dimension: str, found: Assignments, lang: Lang) -> Grid:
    """Tasks of a dimension by month, 万元, under the sum over all."""
    heads = [t(f"ui_tasks.head_{dimension}", lang), *(_month(m, lang) for m in b.months)]
    heads += [t(f"breakdown.head_{name}", lang) for name in ("sum", "open", "due", "rows")]
    rows = []
    total = b.margin("total")
    for m in [*_sums(b, dimension), *([total] if total else [])]:
        cells = [b.margin(m.dimension, m.key, month) for month in b.months]
        values = [f"{cell.task_wan:,}" if cell else "" for cell in cells]
        tail = (f"{m.task_wan:,}", f"{m.open_wan:,}", f"{m.due_wan:,}", f"{m.carriers:,}")
        rows.append((_margin(m, found, lang), *values, *tail))
    marked = (len(rows) - 1,) if total else ()
    return grid(dimension, t(f"ui_tasks.by_{dimension}", lang), heads, rows, marked=marked)


def _margin(m: Margin, found: Assignments, lang: Lang) -> str:
    if m.dimension == "sector":
        return (m.name_zh if lang == "zh" else m.key) or t("ui_tasks.no_sector", lang)
    return margin_name(m, lang, found)


def task_frame(b: Breakdown, found: Assignments, lang: Lang, *, place: str, team: str, month: str) -> pd.DataFrame:
    """Tasks one by one, 万元; empty texts of ``place``, ``team``, ``month`` mean all."""
    units = found.run.dataset.panel.units
    records = [
        {
            "month": str(one.month),
            "place": words.unit_name(units[one.place], lang) if one.place in units else one.place_zh,
            "team": one.team_zh,
            "sector": one.sector_zh,
            "name": one.name_zh,
            "kind": t(f"breakdown.kind_{one.kind.value}", lang),
            "condition": t(f"breakdown.condition_{one.condition.value}", lang),
            "base": one.base_wan,
            "task": one.task_wan,
            "due": one.due_wan,
            "unit": one.resp_unit,
            "person": one.resp_person,
            "deadline": one.deadline,
            "held": one.held,
        }
        for one in b.tasks
        if one.due_wan and place in ("", one.place) and team in ("", one.team_zh) and month in ("", str(one.month))
    ]
    return pd.DataFrame(records)


def stock_grid(found: Assignments, lang: Lang) -> Grid:
    """年初＋新增－退出 by sector, the whole year."""
    years = [one for one in found.stock.balances if one.month is None]
    names = ("sector", "opening", "entered", "left", "net", "preparing", "risk", "closing")
    rows = [balance_cells(one, lang) for one in years]
    marked = [k for k, one in enumerate(years) if not one.sector]
    heads = [t(f"stock.head_{name}", lang) for name in names]
    return grid("stock", t("stock.title", lang), heads, rows, marked=marked)


def stock_months_grid(found: Assignments, lang: Lang) -> Grid:
    """All sectors together, month by month."""
    names = ("opening", "entered", "left", "net", "preparing", "risk", "closing")
    rows = [
        (_month(one.month, lang), *balance_cells(one, lang)[1:])
        for one in found.stock.balances
        if one.month is not None and not one.sector
    ]
    heads = [t("ui_tasks.head_month", lang), *(t(f"stock.head_{name}", lang) for name in names)]
    return grid("stock-months", t("ui_tasks.stock_months", lang), heads, rows)


def window_lines(found: Assignments, lang: Lang) -> list[str]:
    """Windows of filing that are still open."""
    return [window_text(one, lang) for one in found.stock.windows]
