"""Which tables are written, by the command that writes them; their columns are those of the lists that describe them.

``attainment.csv`` and ``paths.csv`` are a fixed format that users and programs rely on: columns are only ever added
after the last, never renamed or moved (held by ``tests/test_report.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from forecast.tables import (
    assessment,
    attainment,
    breakdown,
    league,
    makeup,
    news,
    path,
    record,
    required,
    scenarios,
    stock,
    track,
)
from forecast.tables.table import Column, filed

RUN: Final = "run"
_LISTS: Final[Mapping[str, Mapping[str, tuple[Column[Any], ...]]]] = {
    RUN: {
        "attainment": attainment.COLUMNS,
        "paths": required.PATHS,
        "joint": required.JOINT,
        "required": required.REQUIRED,
        "dependence": required.DEPENDENCE,
        "ranks": league.RANKS,
        "assessment": assessment.SCORES,
        "horizons": required.HORIZONS,
    },
    "scenario": scenarios.COLUMNS,
    "run --check": {"checks": record.CHECKS},
    "backtest": track.FILES,
    "breakdown": breakdown.COLUMNS,
    "makeup": makeup.COLUMNS,
    "collect": stock.COLLECTED_COLUMNS,
    "news": {"news": news.COLUMNS},
    "path": {path.TABLE: path.COLUMNS},
}
WRITTEN: Final[dict[str, dict[str, tuple[Column[Any], ...]]]] = {
    command: {name: filed(columns) for name, columns in lists.items()} for command, lists in _LISTS.items()
}
"""Columns of every file, by command and table."""


def schema(table: str) -> tuple[Column[Any], ...]:
    """Columns of a table in order, with what its numbers came from.

    Raises
    ------
    KeyError
        There is no such table.
    """
    return {name: columns for tables in WRITTEN.values() for name, columns in tables.items()}[table]
