"""Tables of a make-up plan as frames, CSV files and one document; the plan as a scenario file beside them.

Invariant: same plan, same bytes; the scenario file gives the probabilities of the tables (held by
``tests/test_makeup_command.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from forecast.files import write_whole
from forecast.plan.outcome import as_scenario
from forecast.plan.request import wish_text
from forecast.plan.result import Makeup, SectorRow
from forecast.report.files import LEAST, write_csv
from forecast.report.makeup_words import lever_name, sentences
from forecast.runs.run import Run
from forecast.tables.dossier import provenance
from forecast.tables.schema import schema, table_frame
from forecast.tables.table import Kind
from forecast.tables.table import Value as Cell
from forecast.texts import t

PLAN_FILE: Final = "makeup-plan.yaml"
"""The plan as a scenario file, in the directory of its run."""


def makeup_label(plan: Makeup) -> str:
    """What must stand beside every number of a plan that rests on synthetic rows; empty otherwise."""
    return t("scenario.synthetic", "zh") if plan.synthetic else ""


def makeup_tables(plan: Makeup, run: Run) -> dict[str, pd.DataFrame]:
    """All tables, by name, in the columns of ``MAKEUP_TABLES``."""
    source = replace(provenance(run), scenario_hash=plan.adopted.hash)
    records = {
        "makeup_wishes": _wishes(plan),
        "makeup_sectors": _sectors(plan),
        "makeup_indicators": _indicators(plan),
        "makeup_levers": _levers(plan, run),
        "makeup_frontier": _frontier(plan),
        "makeup_difficulty": _difficulty(plan),
    }
    return {name: table_frame(name, list(rows), source) for name, rows in records.items()}


def _wishes(plan: Makeup) -> Iterator[tuple[Cell, ...]]:
    label, fair = makeup_label(plan) or None, plan.fair
    for w in plan.wishes:
        yield (
            *(wish_text(w.wish), " ".join(key[0] for key in w.wish.keys), w.wish.criterion.value, w.wish.form.value),
            *(w.wish.level, w.status.value, w.limit.value or None, w.before, w.in_sample, w.all_draws, w.fresh),
            *(w.ceiling, w.mcse, w.fresh_mcse, w.optimism, w.needed_pp, w.remaining_pp, w.remaining_yi),
            *(plan.effort, plan.full_effort, plan.request.budget, plan.largest_burden),
            *((fair.effort, fair.largest_burden) if fair else (None, None)),
            label,
        )


def _sectors(plan: Makeup) -> Iterator[tuple[Cell, ...]]:
    for s in plan.sectors:
        yield (
            *(s.industry, s.name_zh, s.side.value, s.role.value, s.base_share, s.driver or None, s.forecast_pct),
            *(s.target_pct, s.gap_pull_pp, s.gap_yi, s.ceiling_pp, s.ceiling_yi, s.planned_pp, s.planned_yi),
            *(s.ahead_pp, s.driver_ahead_pct, s.driver_required_pct, s.history.percentile, s.feasibility.value),
            *(s.by_ledger_pp, s.projects, s.enterprises, support_code(s), int(s.setting)),
            *(s.department or None, s.team or None, makeup_label(plan) or None),
        )


def support_code(row: SectorRow) -> str | None:
    """ledger, partly (无项目支撑 in part) or none (无项目支撑); None without a part in the plan."""
    if row.planned_pp <= 0.0:
        return None
    if not row.unsupported:
        return "ledger"
    return "partly" if row.by_ledger_pp > 0.0 else "none"


def _indicators(plan: Makeup) -> Iterator[tuple[Cell, ...]]:
    for c in plan.cases:
        target = c.case.target
        yield (
            *(target.indicator, c.case.name_zh, target.unit, target.kind.value, c.p_reach_before, c.p_reach),
            *(c.p_near_before, c.p_near, c.p_mcse, c.gap_before_pp, c.gap_pp, c.gap_change_pp, c.ceiling_pp),
            *(c.growth_before_pct, c.growth_pct, c.planned_pp, c.planned_yi, c.periods, c.ahead_pct, c.required_pct),
            *(c.history.percentile, c.feasibility.value, makeup_label(plan) or None),
        )


def _levers(plan: Makeup, run: Run) -> Iterator[tuple[Cell, ...]]:
    first = plan.wishes[0].wish.keys[0]
    for r in plan.rows:
        one = r.lever
        yield (
            *(one.id, lever_name(one, run.dataset, "zh"), one.family.value, one.acts_on, one.industry or None),
            *(one.place, one.state or None, r.use, one.unit.value, one.cap, r.share, one.evidence.value),
            *(one.difficulty, one.weight, r.effort, int(r.binding), r.money_yi, r.gdp_pp, r.gap_pp.get(first)),
            *(r.gain, r.gain_per_effort, len(one.entities), " ".join(one.entities) or None),
            *("ledger" if one.supported else "none", one.team or None, " ".join(one.responsible) or None),
            *(" ".join(one.people) or None, int(one.synthetic)),
            t("scenario.synthetic", "zh") if one.synthetic else None,
        )


def _frontier(plan: Makeup) -> Iterator[tuple[Cell, ...]]:
    for point in plan.frontier:
        for w, value in zip(plan.wishes, point.values, strict=True):
            share = point.effort / plan.full_effort if plan.full_effort > 0.0 else None
            yield point.progress, point.effort, share, wish_text(w.wish), value


def _difficulty(plan: Makeup) -> Iterator[tuple[Cell, ...]]:
    """One row a change, wish and lever that moves; one without a lever where none does."""
    for c in plan.changes:
        for w, value in zip(plan.wishes, c.values, strict=True):
            for one in c.moved or (None,):
                tail = (one.lever, one.before, one.after) if one else (None, None, None)
                yield (c.family, c.factor, c.effort, wish_text(w.wish), value, len(c.moved), *tail)


def write_makeup_tables(plan: Makeup, run: Run, folder: Path) -> None:
    """Write the tables and the scenario file of a plan into an existing directory of its run.

    Raises
    ------
    OSError
        A file cannot be written.
    """
    for name, frame in makeup_tables(plan, run).items():
        write_csv(frame, folder / f"{name}.csv", table=name)
    write_whole(folder / PLAN_FILE, as_scenario(plan))


def makeup_document(plan: Makeup, run: Run) -> dict[str, Any]:
    """Everything of a plan for programs: its status, the tables as lists of records, sentences, the scenario."""
    out: dict[str, Any] = {
        "status": plan.status.value,
        "effort": round(plan.effort, 3),
        "full_effort": round(plan.full_effort, 3),
        "budget": plan.request.budget,
        "help_ceiling_pp": round(plan.help_ceiling_pp, 3),
        "make_up_ceiling_pp": round(plan.make_up_ceiling_pp, 3),
        "label": makeup_label(plan),
    }
    for name, frame in makeup_tables(plan, run).items():
        out[name] = json.loads(_rounded(frame, name).to_json(orient="records"))
    out["sentences"] = {lang: sentences(plan, run.dataset, lang) for lang in ("zh", "en")}
    out["scenario"] = as_scenario(plan)
    return out


def _rounded(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Numbers at the digits of the files; probabilities off 0 and 1."""
    out = frame.copy()
    for column in schema(table):
        if column.decimals is not None:
            values = out[column.name].astype("Float64")
            values = values.clip(LEAST, 1.0 - LEAST) if column.kind is Kind.PROBABILITY else values
            out[column.name] = values.round(column.decimals) + 0.0
    return out
