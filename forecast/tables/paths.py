"""Growth of the target year month by month: ``paths.csv``, the worksheet 分月路径, the page of an indicator.

Invariant: worksheet and page show numbers of ``paths.csv`` (held by ``tests/test_report_sheets.py`` and
``tests/test_app.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from forecast.dims import DRAW, PERIOD, UNIT, Floats, to_percent
from forecast.draws.paths import IndicatorPaths, Paths
from forecast.tables.kind import Kind, Value
from forecast.tables.table import Column, Provenance, Table

QUANTILES: Final = (5, 10, 25, 50, 75, 90, 95)
"""Percent of the quantiles of paths."""


@dataclass(frozen=True, slots=True)
class PathPoint:
    """A row of ``paths.csv``: a period of an indicator of a place; mean and quantiles over draws, percent."""

    indicator: str
    unit: str
    period: str
    published: bool
    cumulative: tuple[float, ...]
    single: tuple[float, ...]


def _at(name: str, k: int) -> Callable[[PathPoint], Value]:
    return lambda point: getattr(point, name)[k]


_STATISTICS: Final = ("mean", *(f"p{q:02d}" for q in QUANTILES))

COLUMNS: Final[tuple[Column[PathPoint], ...]] = (
    Column("indicator", value=lambda r: r.indicator),
    Column("unit", value=lambda r: r.unit),
    Column("period", Kind.MONTH, value=lambda r: r.period),
    Column("status", value=lambda r: "published" if r.published else "forecast"),
    *(Column(f"cum_yoy_pct_{s}", Kind.PERCENT, value=_at("cumulative", k)) for k, s in enumerate(_STATISTICS)),
    *(Column(f"month_yoy_pct_{s}", Kind.PERCENT, value=_at("single", k)) for k, s in enumerate(_STATISTICS)),
)


def paths_frame(paths: Paths, provenance: Provenance) -> pd.DataFrame:
    """``paths.csv``: mean and quantiles over draws of cumulative and single-period growth, percent, every period.

    ``status`` is published where the cumulative figure is out, else forecast (also for a gap before a published one).
    """
    points = [point for one in paths.indicators.values() for point in _points(one)]
    return Table(name="paths", columns=COLUMNS, rows=points).frame(provenance)


def _points(one: IndicatorPaths) -> Iterator[PathPoint]:
    published = one.published.transpose(UNIT, PERIOD)
    cumulative, single = _quantiles(one.cum_yoy), _quantiles(one.growth)
    known = np.isfinite(published.to_numpy())
    for i, unit in enumerate(published[UNIT].values):
        for k, period in enumerate(published[PERIOD].values):
            yield PathPoint(
                indicator=one.indicator,
                unit=str(unit),
                period=str(period),
                published=bool(known[i, k]),
                cumulative=tuple(float(value) for value in cumulative[:, i, k]),
                single=tuple(float(value) for value in single[:, i, k]),
            )


def _quantiles(growth: xr.DataArray) -> Floats:
    """Mean and quantiles over draws, (1 + quantile, unit, period), percent."""
    draws = growth.transpose(DRAW, UNIT, PERIOD).to_numpy().astype(np.float64, copy=False)
    levels = np.array(QUANTILES) / 100.0
    return to_percent(np.concatenate([draws.mean(axis=0, keepdims=True), np.quantile(draws, levels, axis=0)]))
