"""Tables of a study as frames and CSV files: scenarios, their actions, contributions, GDP's two forecasts.

Invariant: same study, same bytes; no probability is written as 0 or 1 (held by ``tests/test_scenario_command.py``).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import pandas as pd

from forecast.dims import to_percent
from forecast.draws.gdp import ERROR_CORRELATION
from forecast.report.files import write_text
from forecast.runs.session import Study
from forecast.scenario.compare import p_better
from forecast.scenario.contributions import interactions
from forecast.tables.dossier import provenance
from forecast.tables.table import LEAST
from forecast.texts import t

PROBABILITIES: Final = ("p_reach", "p_near", "p_at_least_k", "p_better", "p_given")
"""Columns that are kept off 0 and 1."""
_FOUR: Final = ("change_reach", "change_near", "change_mcse", "share", "alone", "without", "mcse", "weight")


def scenario_tables(study: Study) -> dict[str, pd.DataFrame]:
    """All tables of a study, by name; growth in percent, differences in points, probabilities as fractions."""
    return {
        "scenarios": _scenarios(study),
        "scenario_joint": _joint(study),
        "scenario_pairs": _pairs(study),
        "scenario_actions": _actions(study),
        "scenario_contributions": _contributions(study),
        "scenario_interactions": _interactions(study),
        "gdp_pool": _pool(study),
    }


def label(study: Study, scenario: str) -> str:
    """What must stand beside every number of a scenario that rests on synthetic rows; empty otherwise."""
    synthetic = study.run.dataset.config.synthetic or any(tr.synthetic for tr in study.traces.get(scenario, ()))
    return t("scenario.synthetic", "zh") if synthetic else ""


def _frame(study: Study, records: Sequence[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    source = asdict(provenance(study.run))
    hashes = {r.scenario.name: r.scenario.hash for r in study.comparison.all}
    rows = [
        record | source | {"scenario_hash": hashes.get(str(record.get("scenario")), source["scenario_hash"])}
        for record in records
    ]
    return pd.DataFrame(rows, columns=pd.Index([*columns, *source]))


_SCENARIOS: Final = (
    "scenario", "title", "indicator", "name_zh", "unit", "target_kind", "target_value", "forecast_growth_pct",
    "forecast_p10", "forecast_p90", "benchmark_forecast_pct", "gap_pp", "p_reach", "p_near", "p_mcse",
    "change_growth_pp", "change_gap_pp", "change_reach", "change_near", "change_mcse", "p_better", "ledgers",
    "change_growth_low_pp", "change_growth_high_pp", "change_reach_low", "change_reach_high", "evidence", "given",
    "label",
)  # fmt: skip


def _scenarios(study: Study) -> pd.DataFrame:
    records = []
    given = "; ".join(map(str, study.given.given)) if study.given else ""
    for result in study.comparison.all:
        name = result.scenario.name
        for o in result.outcomes:
            case, spread = o.case, study.ranges.get(name, {}).get(o.case.key)
            values: tuple[Any, ...] = (
                name, result.scenario.title, case.target.indicator, case.name_zh, case.target.unit,
                case.target.kind.value, case.target.value, o.growth.median_pct, o.growth.p10_pct, o.growth.p90_pct,
                o.benchmark_growth.median_pct, o.gap_pp, o.p_reach, o.p_near, o.p_mcse, o.change_growth_pp,
                o.change_gap_pp, o.change_reach, o.change_near, o.change_mcse, o.p_better,
                spread.ledgers if spread else None, *(spread.growth_pp if spread else (None, None)),
                *(spread.reach if spread else (None, None)), case.evidence.value, given, label(study, name),
            )  # fmt: skip
            records.append(dict(zip(_SCENARIOS, values, strict=True)))
    return _frame(study, records, _SCENARIOS)


def _joint(study: Study) -> pd.DataFrame:
    columns = (
        "scenario", "criterion", "assessed", "judged", "k", "p_at_least_k", "expected_number", "indicators", "label",
    )  # fmt: skip
    records = []
    for result in study.comparison.all:
        for joint in (result.reach, result.near):
            for k in range(1, joint.judged + 1):
                values = (
                    result.scenario.name, joint.criterion.value, joint.assessed, joint.judged, k, joint.at_least[k],
                    joint.expected, " ".join(joint.indicators), label(study, result.scenario.name),
                )  # fmt: skip
                records.append(dict(zip(columns, values, strict=True)))
    return _frame(study, records, columns)


def _pairs(study: Study) -> pd.DataFrame:
    columns = ("scenario", "other", "indicator", "unit", "target_kind", "p_better")
    records = []
    for a in study.comparison.all:
        for b in study.comparison.all:
            if a is b:
                continue
            for case in study.comparison.cases:
                records.append(
                    dict(
                        zip(
                            columns,
                            (a.scenario.name, b.scenario.name, *case.key, p_better(a, b, case.key)),
                            strict=True,
                        )
                    )
                )
    return _frame(study, records, columns)


_ACTIONS: Final = (
    "scenario", "action", "type", "first_month", "last_month", "selected", "counted", "expected", "places", "money_yi",
    "indicator", "change_growth_pp", "change_p10_pp", "change_p90_pp", "assumptions", "overlaps", "synthetic", "label",
)  # fmt: skip


def _actions(study: Study) -> pd.DataFrame:
    records = []
    for result in study.comparison.results:
        name = result.scenario.name
        for trace in study.traces[name]:
            with_ = next((g for g in result.overlaps if trace.measure.id in g), ())
            head: tuple[Any, ...] = (
                name, trace.measure.id, trace.measure.type, str(trace.first or ""), str(trace.last or ""),
                trace.selected, trace.counted, trace.expected, " ".join(trace.places),
                sum(trace.money_yi.values()) or None,
            )  # fmt: skip
            tail = (
                "; ".join(f"{k}={v}" for k, v in trace.assumptions.items()),
                " ".join(i for i in with_ if i != trace.measure.id),
                int(trace.synthetic),
                t("scenario.synthetic", "zh") if trace.synthetic else "",
            )
            for points in trace.points or (None,):
                numbers = (
                    (points.indicator, points.mean_pp, points.p10_pp, points.p90_pp) if points else ("", 0.0, 0.0, 0.0)
                )
                records.append(dict(zip(_ACTIONS, (*head, *numbers, *tail), strict=True)))
    return _frame(study, records, _ACTIONS)


def _contributions(study: Study) -> pd.DataFrame:
    columns = (
        "scenario", "action", "indicator", "unit", "target_kind", "alone_gap_pp", "alone_reach", "alone_near",
        "without_reach", "without_near", "share_gap_pp", "share_reach", "share_near", "share_mcse", "label",
    )  # fmt: skip
    records = []
    for name, found in study.contributions.items():
        for c in found:
            values = (
                name, c.action, *c.case.key, c.alone_gap_pp, c.alone_reach, c.alone_near, c.without_reach,
                c.without_near, c.share_gap_pp, c.share_reach, c.share_near, c.share_se, label(study, name),
            )  # fmt: skip
            records.append(dict(zip(columns, values, strict=True)))
    return _frame(study, records, columns)


def _interactions(study: Study) -> pd.DataFrame:
    columns = (
        "scenario",
        "indicator",
        "unit",
        "target_kind",
        "interaction_gap_pp",
        "change_reach",
        "change_near",
        "label",
    )
    records = []
    for result in study.comparison.results:
        name = result.scenario.name
        for one in interactions(result, study.contributions[name]):
            values = (name, *one.case.key, one.gap_pp, one.reach, one.near, label(study, name))
            records.append(dict(zip(columns, values, strict=True)))
    return _frame(study, records, columns)


def _pool(study: Study) -> pd.DataFrame:
    columns = (
        "indicator", "unit", "direct_pct", "direct_sd_pp", "bridge_pct", "bridge_sd_pp", "direct_weight",
        "error_correlation", "covered_share", "pooled_pct", "pooled_sd_pp",
    )  # fmt: skip
    pool = study.pool
    if pool is None:
        return _frame(study, [], columns)
    records = []
    for unit in pool.direct:
        parts = (pool.direct[unit], pool.bridge[unit], pool.pooled[unit])
        means = [(to_percent(float(a.mean())), to_percent(float(a.std()))) for a in parts]
        values = (
            "gdp", unit, *means[0], *means[1], pool.weight, ERROR_CORRELATION, pool.covered, *means[2],
        )  # fmt: skip
        records.append(dict(zip(columns, values, strict=True)))
    return _frame(study, records, columns)


def _rounded(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers at the digits that are written; probabilities off 0 and 1."""
    out = frame.copy()
    for column in out.columns:
        if pd.api.types.is_float_dtype(out[column]):
            values = out[column].clip(LEAST, 1.0 - LEAST) if column in PROBABILITIES else out[column]
            out[column] = values.round(_decimals(column)) + 0.0
    return out


def _decimals(column: str) -> int:
    return 4 if column in PROBABILITIES or any(part in column for part in _FOUR) else 3


def _written(frame: pd.DataFrame) -> pd.DataFrame:
    out = _rounded(frame)
    for column in out.columns:
        if pd.api.types.is_float_dtype(out[column]):
            out[column] = [f"{v:.{_decimals(column)}f}" if pd.notna(v) else "" for v in out[column]]
    return out


def write_scenario_tables(study: Study, folder: Path) -> None:
    """Write the tables of a study into an existing directory of its run, each at once or not at all.

    Raises
    ------
    OSError
        A file cannot be written.
    """
    for name, frame in scenario_tables(study).items():
        write_text(_written(frame).to_csv(index=False, lineterminator="\n"), folder / f"{name}.csv")


def scenario_document(study: Study) -> dict[str, Any]:
    """Everything of a study for programs: the same tables as lists of records."""
    tables = scenario_tables(study)
    return {name: json.loads(_rounded(frame).to_json(orient="records")) for name, frame in tables.items()}
