"""The table of ``dabiao path``, its document for programs, and the screen.

Invariant: every number shown is one of the table ``required_path`` (held by ``tests/test_path_report.py``).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.answers.benchmark import Province
from forecast.plan.path import RequiredPath
from forecast.plan.path_steps import Line, Step
from forecast.report.files import write_csv
from forecast.runs.run import Run
from forecast.tables.dossier import provenance
from forecast.tables.schema import table_frame
from forecast.texts import t

type Cell = str | int | float | None
TABLE = "required_path"


def path_frame(paths: Sequence[RequiredPath], run: Run) -> pd.DataFrame:
    """``required_path.csv``: a row a period of the city's, a county's, a project's path, for every wish."""
    records = [
        (*_head(path, run), *_line(line), *_step(step), *_tail(line))
        for path in paths
        for line in path.lines
        for step in line.steps
    ]
    return table_frame(TABLE, records, provenance(run))


def _head(path: RequiredPath, run: Run) -> tuple[Cell, ...]:
    target, held = path.case.target, path.case.held
    return (
        target.indicator,
        path.case.name_zh,
        target.kind.value,
        held.unit if isinstance(held, Province) else None,
        run.paths.as_of.text,
        path.demand.criterion.value,
        path.demand.probability,
        path.status.value,
        path.evidence.value,
        path.p_now,
        path.p_then,
        path.uplift_pp,
        None if path.first is None else str(path.first),
        path.periods,
    )


def _line(line: Line) -> tuple[Cell, ...]:
    return line.scope.value, line.key, line.name_zh


def _step(step: Step) -> tuple[Cell, ...]:
    return (
        str(step.period),
        step.phase.value,
        step.forecast_month_pct,
        step.demanded_month_pct,
        step.forecast_cum_pct,
        step.demanded_cum_pct,
        step.forecast_yi,
        step.demanded_yi,
        step.demanded_p10_yi,
        step.demanded_p90_yi,
        step.extra_yi,
        step.pace_pct,
        step.done_pct,
        step.asked_pct,
    )


def _tail(line: Line) -> tuple[Cell, ...]:
    mark = t("scenario.synthetic", "zh") if line.synthetic else None
    return line.resp_unit or None, line.resp_person or None, int(line.synthetic), mark


def path_document(paths: Sequence[RequiredPath], run: Run) -> dict[str, Any]:
    """The table for programs, as a list of records."""
    return {TABLE: json.loads(path_frame(paths, run).to_json(orient="records"))}


def write_path(paths: Sequence[RequiredPath], run: Run, folder: Path) -> None:
    """Write the table into an existing directory of its run.

    Raises
    ------
    OSError
        It cannot be written.
    """
    write_csv(path_frame(paths, run), folder / f"{TABLE}.csv", table=TABLE)
