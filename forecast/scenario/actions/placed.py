"""An action where it stands: in which file, and on which rows of which ledger.

A selector names columns and the values wanted there: one value, a list of which any will do, or for numbers a
comparison such as ``">=1.5"``. Several columns all have to fit.

Invariant: a selector picks the same rows whatever their order (held by ``tests/test_scenario.py``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.data.dataset import Dataset
from forecast.periods import Month
from forecast.scenario.document import Document, Keys, Notes, Spot


@dataclass(frozen=True, slots=True)
class PlacedAction:
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


def need_base(placed: PlacedAction, dataset: Dataset, indicator: str, notes: Notes, *inner: str) -> None:
    """The city's level of last year is known, without which money cannot become points."""
    bases = dataset.panel.bases
    enough = ("ind_output", "ind_va") if indicator == "ind_output" else (indicator,)
    at = (bases["unit"] == dataset.config.city) & bases["indicator"].isin(enough)
    if not np.isfinite(bases["base_level_yi"][at].to_numpy(dtype=np.float64)).any():
        placed.note(notes, "base_missing", *inner, city=dataset.config.city, indicator=indicator)
