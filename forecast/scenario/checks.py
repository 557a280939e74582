"""Checks of actions against a data set: names, months, selections, contradictions.

Invariant: an action that passes can be evaluated without a further check (held by ``tests/test_scenario_bad.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from forecast.data.dataset import Dataset
from forecast.data.reading.problems import near, quoted
from forecast.periods import Month
from forecast.scenario.actions import ACTIONS
from forecast.scenario.actions.kinds import LedgerOf
from forecast.scenario.actions.placed import COMPARISON, PlacedAction, matches, picked, place_names
from forecast.scenario.document import Notes

_SUM_SLACK: Final = 1e-6


def check_actions(actions: Sequence[PlacedAction], dataset: Dataset, notes: Notes) -> None:
    """Note everything that keeps actions from being evaluated on a data set."""
    for placed in actions:
        _check_months(placed, dataset, notes)
        _check_sums(placed, notes)
        _check_names(placed, dataset, notes)
        kind = ACTIONS[placed.action.type]
        if kind.ledger is not None:
            _check_selection(placed, kind.ledger, dataset, notes)
        if kind.check is not None:
            kind.check(placed, dataset, notes)
    _check_contradictions(actions, dataset, notes)


def _check_months(placed: PlacedAction, dataset: Dataset, notes: Notes) -> None:
    action, config = placed.action, dataset.config
    month: Month | None = getattr(action, "month", None)
    until: Month | None = getattr(action, "until", None)
    if month is not None:
        if not ACTIONS[action.type].free_months and month < config.first_action_month:
            placed.note(notes, "month_early", "month", value=month, first=config.first_action_month)
        elif month.year < config.target_year:
            placed.note(notes, "month_past", "month", value=month, year=config.target_year)
        elif month.year > config.target_year + 1:
            placed.note(notes, "month_far", "month", value=month, year=config.target_year)
    if month is not None and until is not None and until < month:
        placed.note(notes, "until_before", "until", value=until, month=month)


def _check_sums(placed: PlacedAction, notes: Notes) -> None:
    action = placed.action
    if (delay := getattr(action, "delay", None)) is not None and abs(sum(delay) - 1.0) > _SUM_SLACK:
        placed.note(notes, "delay_sum", "delay", found=f"{sum(delay):g}")
    if (shares := getattr(action, "disburse", None)) is not None and sum(shares) > 1.0 + _SUM_SLACK:
        placed.note(notes, "disburse_sum", "disburse", found=f"{sum(shares):g}")


def _check_names(placed: PlacedAction, dataset: Dataset, notes: Notes) -> None:
    panel = dataset.panel
    known = {
        "unit": list(panel.units),
        "indicator": list(panel.indicators),
        "industry": list(panel.industries["industry"]),
        "county": [*panel.units, "shibenji", "kuaxianqu"],
    }
    for name, ids in known.items():
        value = getattr(placed.action, name, None)
        if value is not None and value not in ids:
            suggestion = near(value, ids)
            code = f"{name}_near" if suggestion else f"{name}_unknown"
            placed.note(notes, code, name, value=quoted(value), suggestion=suggestion or "")


def _check_selection(placed: PlacedAction, ledger: LedgerOf, dataset: Dataset, notes: Notes) -> None:
    action, table, key, field = placed.action, ledger.table, ledger.key, ledger.ids
    frame: pd.DataFrame = getattr(dataset.ledger, table)
    ids, select = getattr(action, field), action.select
    if ids is None and select is None:
        if not ledger.optional:
            placed.note(notes, "select_missing", name=field)
        return
    if frame.empty:
        placed.note(notes, "ledger_missing", name=f"{table}.csv")
        return
    known = set(frame[key])
    before = len(notes)
    for k, name in enumerate(ids or ()):
        if name not in known:
            suggestion = near(name, known)
            code = "entity_near" if suggestion else "entity_unknown"
            shown = {"value": quoted(name), "suggestion": suggestion or "", "table": f"{table}.csv"}
            placed.note(notes, code, field, k, params=shown)
        elif name in (ids or ())[:k]:
            placed.note(notes, "entity_twice", field, k, value=quoted(name))
    for column, wanted in (select or {}).items():
        _check_selector(placed, frame, table, column, wanted, place_names(dataset), notes)
    if len(notes) == before and not len(picked(frame, key, ids, select, place_names(dataset))):
        placed.note(notes, "select_none", "select", table=f"{table}.csv")


def _check_selector(
    placed: PlacedAction, frame: pd.DataFrame, table: str, column: str, wanted: Any, names: dict[str, str], notes: Notes
) -> None:
    columns = [name for name in frame.columns if name not in ("file", "row")]
    if column not in columns:
        suggestion = near(column, columns)
        code = "column_near" if suggestion else "column_unknown"
        params = {"value": quoted(column), "suggestion": suggestion or "", "expected": ", ".join(columns)}
        placed.note(notes, code, "select", column, of_key=True, params={"table": f"{table}.csv", **params})
        return
    for option in wanted if isinstance(wanted, list | tuple) else [wanted]:
        if isinstance(option, str) and COMPARISON.fullmatch(option):
            if frame[column].map(lambda cell: isinstance(cell, str)).any():
                placed.note(notes, "select_text", "select", column, value=quoted(option), name=column)
        elif not matches(frame[column], option, names).any():
            cells = sorted({str(cell) for cell in frame[column]})
            suggestion = near(str(option), [*cells, *names.values()])
            params = {"value": quoted(str(option)), "name": column, "expected": quoted(", ".join(cells))}
            code = "select_value_near" if suggestion else "select_value"
            placed.note(notes, code, "select", column, params={"suggestion": suggestion or "", **params})


def _check_contradictions(actions: Sequence[PlacedAction], dataset: Dataset, notes: Notes) -> None:
    """No two paths of one benchmark, no two bases of one indicator, and what types say among themselves."""
    stated: dict[tuple[str, str, str], PlacedAction] = {}
    for placed in actions:
        once = ACTIONS[placed.action.type].once
        if once is None:
            continue
        indicator, unit = once(placed.action, dataset)
        key = (placed.action.type, indicator, unit)
        if key in stated:
            other = stated[key]
            params = {"indicator": indicator, "unit": unit, "line": other.spot().line}
            placed.note(notes, "fixed_twice", "indicator", params={"file": other.document.file, **params})
        stated.setdefault(key, placed)
    for among in dict.fromkeys(one.among for one in ACTIONS.values() if one.among):
        among(actions, dataset, notes)
