"""Result tables as frames and CSV files.

Files are UTF-8 with a byte order mark, so that Excel shows Chinese without an import dialogue; lines end in ``\\n``;
an empty cell is a value that does not exist, which is not 0. A file is written beside its place and moved there at
once, so that a reader sees the old one or the new one.

Invariant: same run, same bytes, and no probability is written as 0 or 1 (held by ``tests/test_report.py``).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from forecast.answers.attainment import Attainment
from forecast.answers.chances import Summary
from forecast.answers.joint import Joint
from forecast.answers.judgement import Row
from forecast.answers.required import Required
from forecast.dims import DRAW, PERIOD, UNIT, Floats, to_percent
from forecast.draws.paths import IndicatorPaths, Paths
from forecast.files import write_whole
from forecast.report.schema import QUANTILES, Column, Measure, schema

type Cell = str | int | float | None

LEAST: Final = 0.0001
"""Smallest probability that four decimals can write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a number came from; the last columns of every table."""

    run_id: str
    data_hash: str
    scenario_hash: str
    model_version: str
    seed: int


def table_frame(table: str, records: Sequence[tuple[Cell, ...]], provenance: Provenance) -> pd.DataFrame:
    """A table from its records, each without the provenance, with the types of its columns."""
    names = [column.name for column in schema(table)]
    tail = astuple(provenance)
    frame = pd.DataFrame([(*record, *tail) for record in records], columns=pd.Index(names), dtype=object)
    for column in schema(table):
        if column.decimals is not None:
            frame[column.name] = pd.to_numeric(frame[column.name])
        elif column.measure is Measure.WHOLE:
            frame[column.name] = frame[column.name].astype("Int64")
    return frame


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _spread(summary: Summary | None) -> tuple[Cell, Cell, Cell]:
    return (None, None, None) if summary is None else (summary.mean_pct, summary.p10_pct, summary.p90_pct)


def attainment_frame(attainment: Attainment, provenance: Provenance) -> pd.DataFrame:
    """``attainment.csv``: a row a target, growth in percent, probabilities as fractions; missing where not judged.

    ``light`` is the one ahead; the one of today is in ``required.csv``.
    """
    return table_frame("attainment", [_attainment_record(row, attainment) for row in attainment.rows], provenance)


def _attainment_record(row: Row, attainment: Attainment) -> tuple[Cell, ...]:
    ytd, theirs = row.ytd, row.benchmark_ytd
    return (
        row.target.indicator,
        row.name_zh,
        row.target.unit,
        row.benchmark,
        attainment.as_of.text,
        attainment.scenario,
        ytd.growth_pct if ytd else None,
        theirs.growth_pct if theirs else None,
        row.gap_pp,
        *_spread(row.forecast),
        *_spread(row.benchmark_forecast),
        row.target.kind.value,
        row.target_value,
        row.p_reach,
        row.p_near,
        row.p_mcse,
        _text(row.light),
        row.required.median_pct,
        row.required.p10_pct,
        row.required.p90_pct,
        row.history.percentile,
        row.shortfall_pp,
        row.evidence.value,
        _text(ytd.period) if ytd else None,
        _text(theirs.period) if theirs else None,
        row.method,
        row.diagnostics,
        row.synthetic_share,
    )


def required_frame(attainment: Attainment, provenance: Provenance) -> pd.DataFrame:
    """``required.csv``: two rows a target, required growth over the actionable and over all open periods.

    Also why a target is not judged, the light of today, and whose history a required growth is compared with.
    """
    records = []
    for row in attainment.rows:
        records.append(_required_record(row, attainment, "actionable", row.required))
        records.append(_required_record(row, attainment, "open", row.required_open))
    return table_frame("required", records, provenance)


def _required_record(row: Row, attainment: Attainment, over: str, needed: Required) -> tuple[Cell, ...]:
    history = row.history if over == "actionable" else None
    best = history.best if history else None
    return (
        row.target.indicator,
        row.target.unit,
        row.target.kind.value,
        attainment.as_of.text,
        attainment.scenario,
        row.status.value,
        row.points,
        " ".join(row.missing) or None,
        _text(row.light_now),
        row.target.light_rule,
        _text(row.gap_period),
        over,
        needed.status.value,
        _text(needed.first),
        needed.periods,
        needed.median_pct,
        needed.p10_pct,
        needed.p90_pct,
        history.status.value if history else None,
        history.unit if history else None,
        history.spans if history else None,
        history.percentile if history else None,
        best.growth_pct if best else None,
        _text(best.first) if best else None,
        _text(best.last) if best else None,
    )


def joint_frame(attainment: Attainment, provenance: Provenance) -> pd.DataFrame:
    """``joint.csv``: P(at least k of the judged indicators) for every k, by 达到 (reach) and 达到或接近 (near).

    The last k of a criterion is all of them; without a judged indicator there is one row without probability.
    """
    records = [
        record for together in (attainment.reach, attainment.near) for record in _joint_records(together, attainment)
    ]
    return table_frame("joint", records, provenance)


def _joint_records(together: Joint, attainment: Attainment) -> list[tuple[Cell, ...]]:
    head: tuple[Cell, ...] = (
        attainment.as_of.text,
        attainment.scenario,
        attainment.config.city,
        together.criterion.value,
        together.assessed,
        together.judged,
    )
    tail: tuple[Cell, ...] = (
        together.expected if together.judged else None,
        together.p10,
        together.p50,
        together.p90,
        " ".join(together.indicators) or None,
    )
    chances: list[tuple[Cell, Cell, Cell]] = [
        (k, together.at_least[k], together.at_least_mcse[k]) for k in range(1, together.judged + 1)
    ]
    return [(*head, *chance, *tail) for chance in chances or [(None, None, None)]]


def paths_frame(paths: Paths, provenance: Provenance) -> pd.DataFrame:
    """``paths.csv``: mean and quantiles over draws of cumulative and single-period growth, percent, every period.

    ``status`` is published where the cumulative figure is out, else forecast (also for a gap before a published one).
    """
    records = [record for one in paths.indicators.values() for record in _path_records(one)]
    return table_frame("paths", records, provenance)


def _path_records(one: IndicatorPaths) -> list[tuple[Cell, ...]]:
    published = one.published.transpose(UNIT, PERIOD)
    cumulative, single = _quantiles(one.cum_yoy), _quantiles(one.growth)
    known = np.isfinite(published.to_numpy())
    return [
        (
            one.indicator,
            str(unit),
            str(period),
            "published" if known[i, k] else "forecast",
            *(float(value) for value in cumulative[:, i, k]),
            *(float(value) for value in single[:, i, k]),
        )
        for i, unit in enumerate(published[UNIT].values)
        for k, period in enumerate(published[PERIOD].values)
    ]


def _quantiles(growth: xr.DataArray) -> Floats:
    """Mean and quantiles over draws, (1 + quantile, unit, period), percent."""
    draws = growth.transpose(DRAW, UNIT, PERIOD).to_numpy().astype(np.float64, copy=False)
    levels = np.array(QUANTILES) / 100.0
    return to_percent(np.concatenate([draws.mean(axis=0, keepdims=True), np.quantile(draws, levels, axis=0)]))


def _written(value: object, column: Column) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    if column.decimals is None:
        return str(value)
    number = float(value)  # type: ignore[arg-type]
    if column.measure is Measure.PROBABILITY:
        number = min(max(number, LEAST), 1.0 - LEAST)
    text = f"{number:.{column.decimals}f}"
    return text.removeprefix("-") if float(text) == 0.0 else text


def write_csv(frame: pd.DataFrame, path: Path, *, table: str) -> None:
    """Write a table in its fixed format, at once or not at all.

    Parameters
    ----------
    frame : columns exactly those of ``schema(table)``, in order

    Raises
    ------
    ValueError
        The columns are not those of the table.
    OSError
        The file cannot be written; what was there before is untouched.
    """
    write_text(csv_text(frame, table=table), path)


def csv_text(frame: pd.DataFrame, *, table: str) -> str:
    """A table in its fixed format, as the text of its file.

    Raises
    ------
    ValueError
        The columns are not those of the table.
    """
    columns = schema(table)
    names = [column.name for column in columns]
    if list(frame.columns) != names:
        raise ValueError(f"columns of {table} are {names}, not {list(frame.columns)}")
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(names)
    for record in frame.itertuples(index=False, name=None):
        writer.writerow(_written(value, column) for value, column in zip(record, columns, strict=True))
    return buffer.getvalue()


def write_text(text: str, path: Path) -> None:
    """Write the text of a table, at once or not at all.

    Raises
    ------
    OSError
        The file cannot be written; what was there before is untouched.
    """
    write_whole(path, text.encode("utf-8-sig"))
