"""Checks of actions against a data set: names, months, selections, contradictions.

Invariant: an action that passes can be evaluated without a further check (held by ``tests/test_scenario_bad.py``).

Selectors: which rows of a ledger an action is about.

A selector names columns and the values wanted there: one value, a list of which any will do, or for numbers a
comparison such as ``">=1.5"``. Several columns all have to fit.

Invariant: a selector picks the same rows whatever their order (held by ``tests/test_scenario.py``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.data.dataset import Dataset
from forecast.data.reading.problems import near, quoted
from forecast.periods import Month
from forecast.scenario.document import Document, Keys, Notes, Spot

COMPARISON: Final = re.compile(r"\s*(>=|<=|>|<|!=|=)\s*(-?\d+(?:\.\d+)?)\s*")
_SIGNS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def picked(
    frame: pd.DataFrame, key: str, ids: Sequence[str] | None, select: Mapping[str, Any] | None, names: Mapping[str, str]
) -> npt.NDArray[np.intp]:
    """Positions of the rows of a ledger that an action is about.

    Parameters
    ----------
    frame : the ledger
    key : column of its ids
    ids, select : of the action; with both, rows that are named or fit; with neither, none
    names : id -> Chinese name of places, which a selector may use alike
    """
    chosen = np.zeros(len(frame), dtype=bool)
    if ids is not None:
        chosen |= frame[key].isin(list(ids)).to_numpy()
    if select is not None:
        fits = np.ones(len(frame), dtype=bool)
        for column, wanted in select.items():
            fits &= matches(frame[column], wanted, names) if column in frame.columns else False
        chosen |= fits
    return np.flatnonzero(chosen)


def matches(column: pd.Series[Any], wanted: Any, names: Mapping[str, str]) -> npt.NDArray[np.bool_]:
    """Which cells of a column are wanted."""
    options = wanted if isinstance(wanted, list | tuple) else [wanted]
    tests = [_test(option, names) for option in options]
    return np.array([any(test(cell) for test in tests) for cell in column.tolist()], dtype=bool)


def _test(option: Any, names: Mapping[str, str]) -> Callable[[Any], bool]:
    if isinstance(option, bool):
        return lambda cell: cell is option or str(cell).lower() in (("true", "1") if option else ("false", "0"))
    if isinstance(option, int | float):
        return lambda cell: _number(cell) == float(option)
    if found := COMPARISON.fullmatch(option):
        sign, limit = _SIGNS[found[1]], float(found[2])
        return lambda cell: not math.isnan(number := _number(cell)) and sign(number, limit)
    return lambda cell: str(cell) == option or names.get(str(cell)) == option


def _number(cell: Any) -> float:
    if cell is None or isinstance(cell, bool | Month):
        return math.nan
    try:
        return float(cell)
    except (TypeError, ValueError):
        return math.nan


FREE_MONTHS: Final = frozenset({"benchmark_path", "base_revision", "price_shift"})
"""Types that are no levers: what they say may concern months that no decision can affect any more."""
ON_LEDGER: Final = {
    "enterprise_restart": ("enterprises", "enterprise"),
    "enterprise_stop": ("enterprises", "enterprise"),
    "enterprise_exit": ("enterprises", "enterprise"),
    "new_entry": ("pipeline", "enterprise"),
    "project_complete": ("projects", "project"),
    "project_advance": ("projects", "project"),
    "project_delay": ("projects", "project"),
    "project_start": ("projects", "project"),
    "bond_issue": ("projects", "project"),
}
"""Ledger and id column of the types that pick rows."""
_SUM_SLACK: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Placed:
    """An action and where in which file it stands."""

    action: Any
    document: Document
    way: Keys

    def spot(self, *inner: str | int, of_key: bool = False) -> Spot:
        """Where a field stands."""
        return self.document.spot((*self.way, *inner), of_key=of_key)

    def note(
        self,
        notes: Notes,
        code: str,
        *inner: str | int,
        of_key: bool = False,
        params: Mapping[str, object] | None = None,
        **more: object,
    ) -> None:
        """Note a problem with a field; ``params`` and further keywords fill the placeholders of its message."""
        spot = self.spot(*inner, of_key=of_key)
        notes.add(code, self.document.file, spot.line, spot.column, **{**(params or {}), **more})


def place_names(dataset: Dataset) -> dict[str, str]:
    """Unit id -> Chinese name."""
    return {unit.unit: unit.name_zh for unit in dataset.panel.units.values()}


def check_actions(actions: Sequence[Placed], dataset: Dataset, notes: Notes) -> None:
    """Note everything that keeps actions from being evaluated on a data set."""
    for placed in actions:
        _check_months(placed, dataset, notes)
        _check_sums(placed, notes)
        _check_names(placed, dataset, notes)
        if placed.action.type in ON_LEDGER:
            _check_selection(placed, dataset, notes)
        _check_own(placed, dataset, notes)
    _check_contradictions(actions, dataset, notes)


def _check_months(placed: Placed, dataset: Dataset, notes: Notes) -> None:
    action, config = placed.action, dataset.config
    month: Month | None = getattr(action, "month", None)
    until: Month | None = getattr(action, "until", None)
    if month is not None:
        if action.type not in FREE_MONTHS and month < config.first_action_month:
            placed.note(notes, "month_early", "month", value=month, first=config.first_action_month)
        elif month.year < config.target_year:
            placed.note(notes, "month_past", "month", value=month, year=config.target_year)
        elif month.year > config.target_year + 1:
            placed.note(notes, "month_far", "month", value=month, year=config.target_year)
    if month is not None and until is not None and until < month:
        placed.note(notes, "until_before", "until", value=until, month=month)


def _check_sums(placed: Placed, notes: Notes) -> None:
    action = placed.action
    if (delay := getattr(action, "delay", None)) is not None and abs(sum(delay) - 1.0) > _SUM_SLACK:
        placed.note(notes, "delay_sum", "delay", found=f"{sum(delay):g}")
    if (shares := getattr(action, "disburse", None)) is not None and sum(shares) > 1.0 + _SUM_SLACK:
        placed.note(notes, "disburse_sum", "disburse", found=f"{sum(shares):g}")


def _check_names(placed: Placed, dataset: Dataset, notes: Notes) -> None:
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


def _check_selection(placed: Placed, dataset: Dataset, notes: Notes) -> None:
    action = placed.action
    table, key = ON_LEDGER[action.type]
    frame: pd.DataFrame = getattr(dataset.ledger, table)
    field = "projects" if table == "projects" else "enterprises"
    ids, select = getattr(action, field), action.select
    if ids is None and select is None:
        if action.type != "new_entry":
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
    placed: Placed, frame: pd.DataFrame, table: str, column: str, wanted: Any, names: dict[str, str], notes: Notes
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


def _check_own(placed: Placed, dataset: Dataset, notes: Notes) -> None:
    """What only one type of action can get wrong."""
    action, ledger = placed.action, dataset.ledger
    match action.type:
        case "enterprise_restart":
            rows = ledger.enterprises.set_index("enterprise", drop=False)
            for k, name in enumerate(action.enterprises or ()):
                if name in rows.index:
                    row = rows.loc[name]
                    if row["status"] == "normal":
                        placed.note(notes, "restart_normal", "enterprises", k, value=name)
                    elif row["recoverable"] is not None and not row["recoverable"]:
                        placed.note(notes, "restart_lost", "enterprises", k, value=name, cause=row["cause"])
        case "project_start" | "project_complete" | "project_advance":
            starts = action.type == "project_start"
            rows = ledger.projects.set_index("project", drop=False)
            for k, name in enumerate(action.projects or ()):
                if name in rows.index and rows.loc[name]["started"] in (starts, np.bool_(starts)):
                    placed.note(notes, "started_already" if starts else "started_not", "projects", k, value=name)
        case "new_entry":
            _check_entry(placed, dataset, notes)
        case "sector_fill":
            if (action.effect_pp is None) == (action.amount_yi is None):
                placed.note(notes, "fill_one", a="effect_pp", b="amount_yi")
            _need_base(placed, dataset, "gdp", notes)
        case "county_push":
            _check_push(placed, dataset, notes)
    if action.type.startswith("enterprise_"):
        _need_base(placed, dataset, "ind_output", notes)
    if action.type.startswith("project_") or action.type == "bond_issue":
        _need_base(placed, dataset, "fai", notes)


def _check_entry(placed: Placed, dataset: Dataset, notes: Notes) -> None:
    action = placed.action
    grouped = action.enterprises is not None or action.select is not None
    stated = [name for name in ("count", "monthly_output_wan") if getattr(action, name) is not None]
    if grouped and stated:
        placed.note(notes, "entry_both", stated[0], a=" / ".join(stated))
    elif not grouped and (len(stated) < 2 or action.indicator is None):
        placed.note(notes, "entry_incomplete", a="count, monthly_output_wan, indicator", b="enterprises / select")
    if action.indicator is not None and action.indicator in dataset.panel.indicators:
        _need_base(placed, dataset, action.indicator, notes, "indicator")


def _check_push(placed: Placed, dataset: Dataset, notes: Notes) -> None:
    action, units = placed.action, dataset.panel.units
    if action.unit not in units or action.indicator not in dataset.panel.indicators:
        return
    unit = units[action.unit]
    if unit.level not in ("city", "county", "zone"):
        placed.note(notes, "push_above", "unit", value=action.unit, level=unit.level)
    elif unit.unit != dataset.config.city:
        bases = dataset.panel.bases
        at = (bases["unit"] == action.unit) & (bases["indicator"] == action.indicator)
        if not np.isfinite(bases["share_of_parent"][at].to_numpy(dtype=np.float64)).any():
            placed.note(notes, "share_missing", "unit", unit=action.unit, indicator=action.indicator)


def _need_base(placed: Placed, dataset: Dataset, indicator: str, notes: Notes, *inner: str) -> None:
    """The city's level of last year is known, without which money cannot become points."""
    bases = dataset.panel.bases
    enough = ("ind_output", "ind_va") if indicator == "ind_output" else (indicator,)
    at = (bases["unit"] == dataset.config.city) & bases["indicator"].isin(enough)
    if not np.isfinite(bases["base_level_yi"][at].to_numpy(dtype=np.float64)).any():
        placed.note(notes, "base_missing", *inner, city=dataset.config.city, indicator=indicator)


def _check_contradictions(actions: Sequence[Placed], dataset: Dataset, notes: Notes) -> None:
    """No two paths of one benchmark, no two bases of one indicator, no enterprise that both restarts and stops."""
    fixed: dict[tuple[str, str, str], Placed] = {}
    for placed in actions:
        action = placed.action
        if action.type in ("benchmark_path", "base_revision"):
            default = dataset.config.province if action.type == "benchmark_path" else dataset.config.city
            key = (action.type, action.indicator, action.unit or default)
            if key in fixed:
                other = fixed[key]
                params = {"indicator": action.indicator, "unit": key[2], "line": other.spot().line}
                placed.note(notes, "fixed_twice", "indicator", params={"file": other.document.file, **params})
            fixed.setdefault(key, placed)
    _check_delays(actions, dataset, notes)
    state: dict[str, Placed] = {}
    for placed in actions:
        if placed.action.type in ("enterprise_stop", "enterprise_exit"):
            for name in _enterprises(placed, dataset):
                state.setdefault(name, placed)
    reported: set[tuple[int, int]] = set()
    for placed in actions:
        if placed.action.type not in ("enterprise_restart", "enterprise_stop", "enterprise_exit"):
            continue
        clash = [n for n in _enterprises(placed, dataset) if n in state and state[n] is not placed]
        if clash and (id(placed), id(state[clash[0]])) not in reported:
            other = state[clash[0]]
            reported |= {(id(placed), id(other)), (id(other), id(placed))}
            params = {"value": quoted(", ".join(clash)), "file": other.document.file, "line": other.spot().line}
            placed.note(notes, "enterprise_clash", params=params)


def _check_delays(actions: Sequence[Placed], dataset: Dataset, notes: Notes) -> None:
    """No project is delayed twice."""
    delayed: dict[str, Placed] = {}
    frame = dataset.ledger.projects
    for placed in actions:
        if placed.action.type != "project_delay":
            continue
        rows = picked(frame, "project", placed.action.projects, placed.action.select, place_names(dataset))
        names = [str(name) for name in frame["project"].iloc[rows]]
        if clash := [name for name in names if name in delayed]:
            other = delayed[clash[0]]
            params = {"value": quoted(", ".join(clash)), "file": other.document.file, "line": other.spot().line}
            placed.note(notes, "delay_clash", params=params)
        delayed |= {name: placed for name in names if name not in delayed}


def _enterprises(placed: Placed, dataset: Dataset) -> Iterable[str]:
    frame, action = dataset.ledger.enterprises, placed.action
    rows = picked(frame, "enterprise", action.enterprises, action.select, place_names(dataset))
    if action.type == "enterprise_restart":
        able = frame["recoverable"].iloc[rows].map(lambda cell: cell is not False).to_numpy(dtype=bool)
        rows = rows[able & (frame["status"].iloc[rows] != "normal").to_numpy()]
    return [str(name) for name in frame["enterprise"].iloc[rows]]
