"""Columns of the result tables: name, unit, decimals; their meaning is in the catalogues.

``attainment.csv`` and ``paths.csv`` are a fixed format that users and programs rely on: columns are only ever added
after the last, never renamed or moved (held by ``tests/test_report.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any, Final

import pandas as pd

from forecast.tables import (
    assessment,
    attainment,
    breakdown,
    collected,
    league,
    makeup,
    news,
    path,
    paths,
    record,
    required,
    scenarios,
    track,
)
from forecast.tables.kind import Kind, Value
from forecast.tables.table import PROVENANCE, Column, Provenance, filed, typed

_TEXT: Final = Kind.TEXT


TABLES: Final[dict[str, tuple[Column[Any], ...]]] = {
    "attainment": filed(attainment.COLUMNS),
    "paths": filed(paths.COLUMNS),
    "joint": filed(required.JOINT),
    "required": filed(required.REQUIRED),
    "dependence": filed(required.DEPENDENCE),
    "ranks": filed(league.RANKS),
    "assessment": filed(assessment.SCORES),
}


BACKTEST_TABLES: Final = {name: filed(columns) for name, columns in track.FILES.items()}
"""Tables of a backtest, which is no run."""


def _columns(texts: str, names: str) -> tuple[Column[Any], ...]:
    """Columns of a table written short: ``name`` holds a text, ``name:measure`` what the measure's name says."""
    pairs = (word.partition(":") for word in names.split())
    return tuple(Column(name, Kind[measure.upper()] if measure else _TEXT, texts) for name, _, measure in pairs)


BREAKDOWN_TABLES: Final = {name: filed(columns) for name, columns in breakdown.COLUMNS.items()}
"""Tables of ``dabiao breakdown``: tasks, their sums, lists of naming and the balance of 五上 units."""

COLLECT_TABLES: Final = {name: filed(columns) for name, columns in collected.COLUMNS.items()}
"""Tables of ``dabiao collect``: what teams and counties reported, against the plan."""

MAKEUP_TABLES: Final = {name: filed(columns) for name, columns in makeup.COLUMNS.items()}
"""Tables of ``dabiao makeup``: what was wished for, 补多少济多少, every lever, the frontier, other difficulties."""


CHECK_TABLES: Final = {"checks": filed(record.CHECKS)}
"""Table of the checks of a run (``dabiao run --check``), beside its others."""


NEWS_TABLES: Final = {"news": (*_filed(news.COLUMNS), *PROVENANCE)}
"""Table of ``dabiao news``: a row a part of the change of a target."""

PATH_TABLES: Final = {"required_path": filed(path.COLUMNS)}
"""Table of ``dabiao path``: a row a period of a place's or a project's path."""


SCENARIO_TABLES: Final = {name: filed(columns) for name, columns in scenarios.COLUMNS.items()}
"""Tables of ``dabiao scenario``."""

MORE_TABLES: Final[dict[str, dict[str, tuple[Column[Any], ...]]]] = {
    "scenario": SCENARIO_TABLES,
    "run --check": CHECK_TABLES,
    "backtest": BACKTEST_TABLES,
    "breakdown": BREAKDOWN_TABLES,
    "makeup": MAKEUP_TABLES,
    "collect": COLLECT_TABLES,
    "news": NEWS_TABLES,
    "path": PATH_TABLES,
}
"""Tables that are not among those of every run, by the command that writes them."""


def schema(table: str) -> tuple[Column[Any], ...]:
    """Columns of a table in order: attainment, paths, joint, required; of a backtest: backtest, scores, calibration.

    Raises
    ------
    KeyError
        There is no such table.
    """
    more = (tables[table] for tables in MORE_TABLES.values() if table in tables)
    return next(more, None) or TABLES[table]


def table_frame(table: str, records: Sequence[tuple[Value, ...]], provenance: Provenance) -> pd.DataFrame:
    """A table from its records, each without the provenance, with the types of its columns."""
    tail = astuple(provenance)
    return typed([(*record, *tail) for record in records], schema(table))
