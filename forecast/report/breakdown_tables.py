"""Tables of a breakdown, of the lists of naming and of the 五上 balance, as frames, CSV files and one document.

Invariant: margins are sums of the tasks as written, and no probability is written as 0 or 1
(held by ``tests/test_breakdown_command.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.answers.chances import Status
from forecast.report.files import write_csv
from forecast.runs.session import Assignments
from forecast.tables.dossier import provenance
from forecast.tables.kind import Kind
from forecast.tables.kind import Value as Cell
from forecast.tables.schema import schema, table_frame
from forecast.tables.table import LEAST
from forecast.tasks.allocation import Conflict
from forecast.tasks.breakdown import Breakdown
from forecast.texts import t


def synthetic_label(synthetic: bool) -> str:
    """What stands beside every number that rests on synthetic rows; empty otherwise."""
    return t("scenario.synthetic", "zh") if synthetic else ""


def breakdown_tables(found: Assignments) -> dict[str, pd.DataFrame]:
    """All tables, by name, in the columns of ``BREAKDOWN_TABLES``."""
    source = provenance(found.run)
    records = {
        "breakdown": _tasks(found),
        "breakdown_margins": _margins(found),
        "breakdown_plans": _plans(found),
        "breakdown_holds": _holds(found),
        "naming": _naming(found),
        "interviews": _interviews(found),
        "stock": _stock(found),
        "stock_windows": _windows(found),
    }
    return {name: table_frame(name, list(rows), source) for name, rows in records.items()}


def _tasks(found: Assignments) -> Iterator[tuple[Cell, ...]]:
    for b in found.breakdowns:
        for task in b.tasks:
            yield (
                *(b.indicator, b.plan_id, task.key, task.kind.value, task.entity or None, task.name_zh or None),
                *(task.place, task.place_zh, task.team_zh or None, task.sector or None, task.sector_zh or None),
                *(str(task.month), task.condition.value, task.base_wan, task.task_wan, task.due_wan, task.cap_wan),
                *(task.own_wan, int(task.held), task.resp_unit or None, task.resp_person or None),
                *(task.deadline.isoformat(), int(task.synthetic), synthetic_label(task.synthetic) or None),
            )


def _margins(found: Assignments) -> Iterator[tuple[Cell, ...]]:
    for b in found.breakdowns:
        label = synthetic_label(b.synthetic) or None
        for m in b.margins:
            yield (
                *(b.indicator, b.plan_id, m.dimension, m.key or None, m.name_zh or None),
                *(str(m.month) if m.month else None, m.carriers, m.base_wan, m.task_wan, m.due_wan),
                *(m.supported_wan, m.open_wan, m.cap_wan, label),
            )


def open_yi(b: Breakdown) -> float | None:
    """What no ledger supports, 亿元; None without tasks."""
    total = b.margin("total")
    return None if total is None else total.open_wan / 1e4


def _plans(found: Assignments) -> Iterator[tuple[Cell, ...]]:
    for b in found.breakdowns:
        need, look = b.increment.need, b.outlook
        spread = b.status in (Status.SUPPORTED, Status.PARTLY_OPEN)
        yield (
            *(b.indicator, b.name_zh, b.plan_id if b.tasks else None, b.status.value, b.method.value, b.work.value),
            *((need.criterion.value, need.wish, need.p_now, need.gap_pp) if need else (None,) * 4),
            *((need.growth_pp, need.effect_yi, need.additionality) if need else (None,) * 3),
            *(b.increment.total_yi, b.capacity_yi if spread else None, open_yi(b)),
            *((look.delivered_mean_yi, look.delivered_p10_yi, look.delivered_p90_yi) if look else (None,) * 3),
            *((look.p_near_now, look.p_near_ledger, look.p_near_all) if look else (None,) * 3),
            *((look.p_reach_now, look.p_reach_ledger, look.p_reach_all) if look else (None,) * 3),
            synthetic_label(b.synthetic) or None,
        )


def _holds(found: Assignments) -> Iterator[tuple[Cell, ...]]:
    for b in found.breakdowns:
        at_odds: dict[str, Conflict] = {c.name: c for c in b.conflicts}
        for hold in b.holds:
            c = at_odds.get(hold.name)
            status = c.kind.value if c else "kept" if b.tasks else "unused"
            tail = (c.possible, c.other or None) if c else (None, None)
            yield (b.indicator, hold.name, hold.amount_yi, status, *tail, hold.note or None, hold.file)


def _naming(found: Assignments) -> Iterator[tuple[Cell, ...]]:
    for r in found.naming.rankings:
        for s in r.standings:
            yield (
                *(r.indicator, r.name_zh, r.status.value, s.unit, s.name_zh, s.within),
                *(str(s.period) if s.period else None, s.growth_pct, s.rank, r.published, r.city_pct, r.province_pct),
                *(s.gap_city_pp, s.plan_pct, s.plan_unit, s.gap_plan_pp, s.share, s.contribution_pp),
                *(s.contribution_share, s.p_last, s.rank_p10, s.rank_p90, int(s.named)),
                str(found.naming.naming_month),
            )


def _interviews(found: Assignments) -> Iterator[tuple[Cell, ...]]:
    for one in found.naming.interviews:
        yield (
            *(one.unit, one.name_zh, one.mean_place, one.ranked, one.behind, one.named, one.contribution_share),
            *(int(one.proposed), str(found.naming.interview_month)),
        )


def _stock(found: Assignments) -> Iterator[tuple[Cell, ...]]:
    label = synthetic_label(found.stock.synthetic) or None
    for b in found.stock.balances:
        yield (
            *(b.sector or None, b.sector_zh or None, str(b.month) if b.month else None, b.opening, b.entered, b.left),
            *(b.preparing, b.at_risk, b.closing, b.expected, label),
        )


def _windows(found: Assignments) -> Iterator[tuple[Cell, ...]]:
    label = synthetic_label(found.stock.synthetic) or None
    for w in found.stock.windows:
        sectors = "、".join(f"{name}{n}" for name, n in w.sectors.items())
        yield (
            *(w.deadline.isoformat(), w.channel, str(w.first_report), int(w.counts_this_year), w.units),
            *(w.monthly_output_yi, w.days_left, sectors, label),
        )


def write_breakdown_tables(found: Assignments, folder: Path) -> None:
    """Write the tables into an existing directory of the run, each at once or not at all.

    Raises
    ------
    OSError
        A file cannot be written.
    """
    for name, frame in breakdown_tables(found).items():
        write_csv(frame, folder / f"{name}.csv", table=name)


def breakdown_document(found: Assignments) -> dict[str, Any]:
    """All tables for programs, as lists of records at the digits that are written."""
    return {
        name: json.loads(_rounded(frame, name).to_json(orient="records"))
        for name, frame in breakdown_tables(found).items()
    }


def _rounded(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    out = frame.copy()
    for column in schema(table):
        if column.decimals is not None:
            values = out[column.name]
            if column.kind is Kind.PROBABILITY:
                values = values.clip(LEAST, 1.0 - LEAST)
            out[column.name] = values.round(column.decimals) + 0.0
    return out
