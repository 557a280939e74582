"""Columns of the result tables: name, unit, decimals; their meaning is in the catalogues.

``attainment.csv`` and ``paths.csv`` are a fixed format that users and programs rely on: columns are only ever added
after the last, never renamed or moved (held by ``tests/test_report.py``).
"""

from __future__ import annotations

from typing import Any, Final

from forecast.tables import (
    assessment,
    attainment,
    breakdown,
    collected,
    horizons,
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
from forecast.tables.table import Column, filed

TABLES: Final[dict[str, tuple[Column[Any], ...]]] = {
    "attainment": filed(attainment.COLUMNS),
    "paths": filed(paths.COLUMNS),
    "joint": filed(required.JOINT),
    "required": filed(required.REQUIRED),
    "dependence": filed(required.DEPENDENCE),
    "ranks": filed(league.RANKS),
    "assessment": filed(assessment.SCORES),
    "horizons": filed(horizons.HORIZONS),
}


BACKTEST_TABLES: Final = {name: filed(columns) for name, columns in track.FILES.items()}
"""Tables of a backtest, which is no run."""


BREAKDOWN_TABLES: Final = {name: filed(columns) for name, columns in breakdown.COLUMNS.items()}
"""Tables of ``dabiao breakdown``: tasks, their sums, lists of naming and the balance of 五上 units."""

COLLECT_TABLES: Final = {name: filed(columns) for name, columns in collected.COLUMNS.items()}
"""Tables of ``dabiao collect``: what teams and counties reported, against the plan."""

MAKEUP_TABLES: Final = {name: filed(columns) for name, columns in makeup.COLUMNS.items()}
"""Tables of ``dabiao makeup``: what was wished for, 补多少济多少, every lever, the frontier, other difficulties."""


CHECK_TABLES: Final = {"checks": filed(record.CHECKS)}
"""Table of the checks of a run (``dabiao run --check``), beside its others."""


NEWS_TABLES: Final = {"news": filed(news.COLUMNS)}
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
