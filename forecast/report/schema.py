"""Columns of the result tables: name, unit, decimals; their meaning is in the catalogues.

``attainment.csv`` and ``paths.csv`` are a fixed format that users and programs rely on: columns are only ever added
after the last, never renamed or moved (held by ``tests/test_report.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from forecast.texts import Lang, t

__all__ = ["BACKTEST_TABLES", "QUANTILES", "TABLES", "Column", "Measure", "schema"]


class Measure(StrEnum):
    """What a column holds, and so how it is written."""

    TEXT = "text"
    MONTH = "YYYY-MM"
    WHOLE = "number"
    PERCENT = "%"
    POINTS = "pp"
    PROBABILITY = "probability"
    SHARE = "share"
    PERCENTILE = "percentile"
    COUNT = "count"


DECIMALS: Final = {
    Measure.PERCENT: 2,
    Measure.POINTS: 2,
    Measure.PROBABILITY: 4,
    Measure.SHARE: 4,
    Measure.PERCENTILE: 1,
    Measure.COUNT: 3,
}
"""Decimals that are written: growth a tenth of what is published, probabilities below their Monte Carlo error."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    texts : catalogue that holds its meaning
    """

    name: str
    measure: Measure
    texts: str = "report"

    @property
    def decimals(self) -> int | None:
        """Decimals that are written; None for texts and whole numbers."""
        return DECIMALS.get(self.measure)

    def meaning(self, lang: Lang) -> str:
        """What the column says."""
        return t(f"{self.texts}.column_{self.name}", lang)


QUANTILES: Final = (5, 10, 25, 50, 75, 90, 95)
"""Percent of the quantiles of paths."""

_TEXT, _MONTH, _WHOLE = Measure.TEXT, Measure.MONTH, Measure.WHOLE
_PERCENT, _POINTS, _PROBABILITY = Measure.PERCENT, Measure.POINTS, Measure.PROBABILITY

_PROVENANCE: Final = (
    Column("run_id", _TEXT),
    Column("data_hash", _TEXT),
    Column("scenario_hash", _TEXT),
    Column("model_version", _TEXT),
    Column("seed", _WHOLE),
)

_ATTAINMENT: Final = (
    Column("indicator", _TEXT),
    Column("name_zh", _TEXT),
    Column("unit", _TEXT),
    Column("benchmark", _TEXT),
    Column("as_of", _TEXT),
    Column("scenario", _TEXT),
    Column("ytd_growth_pct", _PERCENT),
    Column("benchmark_ytd_growth_pct", _PERCENT),
    Column("gap_pp", _POINTS),
    Column("forecast_growth_pct", _PERCENT),
    Column("forecast_p10", _PERCENT),
    Column("forecast_p90", _PERCENT),
    Column("benchmark_forecast_pct", _PERCENT),
    Column("benchmark_p10", _PERCENT),
    Column("benchmark_p90", _PERCENT),
    Column("target_kind", _TEXT),
    Column("target_value", _PERCENT),
    Column("p_reach", _PROBABILITY),
    Column("p_near", _PROBABILITY),
    Column("p_mcse", Measure.SHARE),
    Column("light", _TEXT),
    Column("required_growth_pct", _PERCENT),
    Column("required_p10", _PERCENT),
    Column("required_p90", _PERCENT),
    Column("required_percentile", Measure.PERCENTILE),
    Column("expected_shortfall_pp", _POINTS),
    Column("evidence", _TEXT),
    Column("last_period", _MONTH),
    Column("benchmark_last_period", _MONTH),
    Column("method", _TEXT),
    Column("diagnostics", _TEXT),
    Column("synthetic_share", Measure.SHARE),
)

_PATHS: Final = (
    Column("indicator", _TEXT),
    Column("unit", _TEXT),
    Column("period", _MONTH),
    Column("status", _TEXT),
    Column("cum_yoy_pct_mean", _PERCENT),
    *(Column(f"cum_yoy_pct_p{q:02d}", _PERCENT) for q in QUANTILES),
    Column("month_yoy_pct_mean", _PERCENT),
    *(Column(f"month_yoy_pct_p{q:02d}", _PERCENT) for q in QUANTILES),
)

_JOINT: Final = (
    Column("as_of", _TEXT),
    Column("scenario", _TEXT),
    Column("unit", _TEXT),
    Column("criterion", _TEXT),
    Column("assessed", _WHOLE),
    Column("judged", _WHOLE),
    Column("k", _WHOLE),
    Column("p_at_least_k", _PROBABILITY),
    Column("p_mcse", Measure.SHARE),
    Column("expected_number", Measure.COUNT),
    Column("number_p10", _WHOLE),
    Column("number_p50", _WHOLE),
    Column("number_p90", _WHOLE),
    Column("indicators", _TEXT),
)

_REQUIRED: Final = (
    Column("indicator", _TEXT),
    Column("unit", _TEXT),
    Column("target_kind", _TEXT),
    Column("as_of", _TEXT),
    Column("scenario", _TEXT),
    Column("row_status", _TEXT),
    Column("points", _WHOLE),
    Column("missing", _TEXT),
    Column("light_now", _TEXT),
    Column("light_rule", _TEXT),
    Column("gap_period", _MONTH),
    Column("required_over", _TEXT),
    Column("required_status", _TEXT),
    Column("first_period", _MONTH),
    Column("periods", _WHOLE),
    Column("required_growth_pct", _PERCENT),
    Column("required_p10", _PERCENT),
    Column("required_p90", _PERCENT),
    Column("history", _TEXT),
    Column("history_unit", _TEXT),
    Column("history_spans", _WHOLE),
    Column("required_percentile", Measure.PERCENTILE),
    Column("best_growth_pct", _PERCENT),
    Column("best_first_month", _MONTH),
    Column("best_last_month", _MONTH),
)

TABLES: Final[dict[str, tuple[Column, ...]]] = {
    "attainment": (*_ATTAINMENT, *_PROVENANCE),
    "paths": (*_PATHS, *_PROVENANCE),
    "joint": (*_JOINT, *_PROVENANCE),
    "required": (*_REQUIRED, *_PROVENANCE),
}


def _tested(name: str, measure: Measure) -> Column:
    """A column that only tables of a backtest have."""
    return Column(name, measure, texts="backtest")


_GROUP: Final = (
    _tested("level", _TEXT),
    _tested("months_left_from", _WHOLE),
    _tested("months_left_to", _WHOLE),
    _tested("forecaster", _TEXT),
    _tested("outcomes", _WHOLE),
    _tested("enough", _TEXT),
)

_BACKTEST: Final = (
    Column("indicator", _TEXT),
    Column("unit", _TEXT),
    _tested("level", _TEXT),
    Column("benchmark", _TEXT),
    _tested("year", _WHOLE),
    Column("as_of", _TEXT),
    _tested("months_left", _WHOLE),
    Column("evidence", _TEXT),
    _tested("forecaster", _TEXT),
    _tested("outcome_pct", _PERCENT),
    _tested("benchmark_outcome_pct", _PERCENT),
    _tested("mean_pct", _PERCENT),
    Column("p_reach", _PROBABILITY),
    _tested("event", _WHOLE),
    _tested("crps_pp", _POINTS),
    _tested("twcrps_pp", _POINTS),
    _tested("tolerance_pp", _POINTS),
    _tested("brier", Measure.SHARE),
    _tested("log_score", Measure.COUNT),
    _tested("covered50", _WHOLE),
    _tested("covered90", _WHOLE),
    _tested("pit", Measure.SHARE),
    _tested("diagnostics", _TEXT),
    _tested("synthetic", _WHOLE),
)

_SCORES: Final = (
    *_GROUP,
    _tested("indicator", _TEXT),
    _tested("cases", _WHOLE),
    _tested("crps_pp", _POINTS),
    _tested("twcrps_pp", _POINTS),
    _tested("brier", Measure.SHARE),
    _tested("log_score", Measure.COUNT),
    _tested("covered50", Measure.SHARE),
    _tested("covered90", Measure.SHARE),
    _tested("p_reach_mean", Measure.SHARE),
    _tested("reached", Measure.SHARE),
    _tested("deviation", Measure.SHARE),
    _tested("against_pace", Measure.COUNT),
    _tested("against_pace_p05", Measure.COUNT),
    _tested("against_pace_p95", Measure.COUNT),
)

_CALIBRATION: Final = (
    *_GROUP,
    _tested("kind", _TEXT),
    _tested("lower", Measure.SHARE),
    _tested("upper", Measure.SHARE),
    _tested("count", _WHOLE),
    _tested("expected", Measure.SHARE),
    _tested("observed", Measure.SHARE),
)

BACKTEST_TABLES: Final[dict[str, tuple[Column, ...]]] = {
    "backtest": (*_BACKTEST, *_PROVENANCE),
    "scores": (*_SCORES, *_PROVENANCE),
    "calibration": (*_CALIBRATION, *_PROVENANCE),
}
"""Tables of a backtest, which is no run."""


def schema(table: str) -> tuple[Column, ...]:
    """Columns of a table in order: attainment, paths, joint, required; of a backtest: backtest, scores, calibration.

    Raises
    ------
    KeyError
        There is no such table.
    """
    return BACKTEST_TABLES[table] if table in BACKTEST_TABLES else TABLES[table]
