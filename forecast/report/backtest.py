"""Tables of a backtest, and the directory that holds them.

``backtest.csv`` has every forecast with its scores, ``scores.csv`` their means, ``calibration.csv`` reliability, PIT
and coverage. A directory holds a whole backtest or none of it.

Invariant: every number of the summaries can be recomputed from ``backtest.csv`` (held by ``tests/test_backtest.py``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import pandas as pd

from forecast import __version__
from forecast.report.files import replaced, write_csv
from forecast.runs.run import BASELINE
from forecast.runs.store.registry import identity_fields
from forecast.tables.schema import table_frame
from forecast.tables.table import Provenance
from forecast.texts import Lang
from forecast.track_record.backtest import Backtest, Calibration, Score, TrackGroup, calibration, scores
from forecast.track_record.replay import Record

MANIFEST: Final = "backtest.json"
SCHEMA_VERSION: Final = 1

type Cell = str | int | float | None


def provenance(result: Backtest) -> Provenance:
    """What every number of a backtest came from."""
    return Provenance(
        run_id=result.run_id,
        data_hash=result.dataset.data_hash,
        scenario_hash=BASELINE,
        model_version=__version__,
        seed=result.request.seed,
    )


def backtest_tables(result: Backtest) -> dict[str, pd.DataFrame]:
    """All tables by name."""
    source = provenance(result)
    means = scores(result.records, seed=result.request.seed)
    return {
        "backtest": table_frame("backtest", [_record(record) for record in result.records], source),
        "scores": table_frame("scores", [_score(one) for one in means], source),
        "calibration": table_frame("calibration", _calibration_records(calibration(result.records), means), source),
    }


def _flag(value: bool | None) -> int | None:
    return None if value is None else int(value)


def _record(record: Record) -> tuple[Cell, ...]:
    case, pair = record.case, record.case.pair
    return (
        case.indicator,
        pair.unit,
        pair.level,
        pair.benchmark,
        case.month.year,
        str(case.month),
        case.months_left,
        case.evidence.value,
        record.forecaster,
        pair.outcome_pct,
        pair.benchmark_outcome_pct,
        record.mean_pct,
        record.p_reach,
        _flag(case.event),
        record.crps_pp,
        record.twcrps_pp,
        pair.tolerance_pp,
        record.brier,
        record.log_score,
        _flag(record.covered50),
        _flag(record.covered90),
        record.pit,
        record.diagnostics or None,
        _flag(case.synthetic),
    )


def _group(group: TrackGroup, forecaster: str, outcomes: int, few: bool) -> tuple[Cell, ...]:
    return (group.level, *group.months_left, forecaster, outcomes, "few" if few else "yes")


def _score(one: Score) -> tuple[Cell, ...]:
    ratio = None if one.against_pace is None else one.against_pace.ratio
    return (
        *_group(one.group, one.forecaster, one.outcomes, one.few),
        one.group.indicator or None,
        one.cases,
        one.crps_pp,
        one.twcrps_pp,
        one.brier,
        one.log_score,
        one.covered50,
        one.covered90,
        one.p_reach,
        one.reached,
        one.deviation,
        ratio,
        *(one.interval or (None, None)),
    )


def _calibration_records(found: Sequence[Calibration], means: Sequence[Score]) -> list[tuple[Cell, ...]]:
    """Classes of reliability and PIT, and the coverage that goes with them, by group and forecaster."""
    mean = {(one.group, one.forecaster): one for one in means}
    records: list[tuple[Cell, ...]] = []
    for one in found:
        score = mean[one.group, one.forecaster]
        head = _group(one.group, one.forecaster, one.outcomes, score.few)
        table = one.reliability
        for k, count in enumerate(table.count):
            shares = (float(table.forecast[k]), float(table.observed[k])) if count else (None, None)
            records.append(
                (*head, "reliability", float(table.edges[k]), float(table.edges[k + 1]), int(count), *shares)
            )
        if one.pit is not None:
            classes, total = len(one.pit), int(one.pit.sum())
            for k, count in enumerate(one.pit):
                bounds = (k / classes, (k + 1) / classes)
                records.append((*head, "pit", *bounds, int(count), 1 / classes, int(count) / total))
        for nominal, share in ((0.5, score.covered50), (0.9, score.covered90)):
            if share is not None:
                records.append((*head, "coverage", nominal, nominal, score.cases, nominal, share))
    return records


def manifest(result: Backtest) -> dict[str, Any]:
    """What was replayed, on what: the content of ``backtest.json``."""
    request, config = result.request, result.dataset.config
    return {
        "schema_version": SCHEMA_VERSION,
        **asdict(provenance(result)),
        "dataset": config.name,
        "identity": identity_fields(result.dataset),
        "city": config.city,
        "province": config.province,
        "years": list(result.years),
        "outcomes_as_of": request.as_of,
        "forecasters": list(result.forecasters),
        "method": request.method,
        "draws": request.draws,
        "replays_failed": dict(result.failures),
    }


def backtest_document(result: Backtest) -> dict[str, Any]:
    """A backtest as one document for programs: the manifest, mean scores and calibration."""
    short = {name: table for name, table in backtest_tables(result).items() if name != "backtest"}
    return manifest(result) | {name: json.loads(table.to_json(orient="records")) for name, table in short.items()}


def _sheets(result: Backtest, made: Mapping[str, pd.DataFrame], langs: Sequence[Lang]) -> dict[str, str]:
    """Charts as SVG by kind of place and language."""
    if not langs or not result.records:
        return {}
    from forecast.report.track_charts import levels_of, svg, track_sheet  # altair takes a second to import

    synthetic = any(record.case.synthetic for record in result.records)
    years = f"{result.years[0]}" if len(result.years) == 1 else f"{result.years[0]}—{result.years[-1]}"
    out = {}
    for lang in langs:
        for level in levels_of(made["scores"]):
            sheet = track_sheet(
                made["scores"], made["calibration"], level=level, years=years, synthetic=synthetic, lang=lang
            )
            if sheet is not None:
                out[f"{level}-{lang}"] = svg(sheet)
    return out


def write_backtest(result: Backtest, out: Path, *, langs: Sequence[Lang] = ()) -> None:
    """Write the directory of a backtest; an earlier one there is replaced.

    Parameters
    ----------
    langs : languages in which charts are drawn, a sheet a kind of place, ``charts/city-zh.svg``; none: no charts

    Raises
    ------
    UsageError
        ``out`` exists and is no backtest, or cannot be written.
    """
    with replaced(out, manifest=MANIFEST, refusal="usage_not_a_backtest") as fresh:
        made = backtest_tables(result)
        for name, table in made.items():
            write_csv(table, fresh / f"{name}.csv", table=name)
        for name, drawn in _sheets(result, made, langs).items():
            (fresh / "charts").mkdir(exist_ok=True)
            (fresh / "charts" / f"{name}.svg").write_text(drawn, encoding="utf-8")
        text = json.dumps(manifest(result), ensure_ascii=False, indent=2)
        (fresh / MANIFEST).write_text(text + "\n", encoding="utf-8")
