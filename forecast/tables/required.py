"""What every target still needs, all targets together, and how they hang together: required, joint, dependence.csv.

Invariant: both spans of required growth are kept apart, and the last k of a criterion is all of its targets
(held by ``tests/test_report.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from forecast.answers.attainment import Attainment, Joint
from forecast.answers.evidence import Comparison
from forecast.answers.judgement import Row
from forecast.answers.required import Required
from forecast.draws.joint import STRONG, WEAK, correlations, implied
from forecast.draws.paths import Level, Paths
from forecast.tables.kind import Kind, Value
from forecast.tables.table import Column, Provenance, Table


@dataclass(frozen=True, slots=True)
class Needed:
    """A row of ``required.csv``: growth that a target needs over some periods; ``history`` of the actionable only."""

    row: Row
    run: Attainment
    over: str
    required: Required
    history: Comparison | None


def _code(value: object) -> str | None:
    return None if value is None else str(value)


def _past(value: Callable[[Comparison], Value]) -> Callable[[Needed], Value]:
    return lambda one: None if one.history is None else value(one.history)


_WHOLE, _PERCENT, _MONTH = Kind.WHOLE, Kind.PERCENT, Kind.MONTH

REQUIRED: Final[tuple[Column[Needed], ...]] = (
    Column("indicator", value=lambda r: r.row.target.indicator),
    Column("unit", value=lambda r: r.row.target.unit),
    Column("target_kind", value=lambda r: r.row.target.kind.value),
    Column("as_of", value=lambda r: r.run.as_of.text),
    Column("scenario", value=lambda r: r.run.scenario),
    Column("row_status", value=lambda r: r.row.status.value),
    Column("points", _WHOLE, value=lambda r: r.row.points),
    Column("missing", value=lambda r: " ".join(r.row.missing) or None),
    Column("light_now", value=lambda r: _code(r.row.light_now)),
    Column("light_rule", value=lambda r: r.row.target.light_rule),
    Column("gap_period", _MONTH, value=lambda r: _code(r.row.gap_period)),
    Column("required_over", value=lambda r: r.over),
    Column("required_status", value=lambda r: r.required.status.value),
    Column("first_period", _MONTH, value=lambda r: _code(r.required.first)),
    Column("periods", _WHOLE, value=lambda r: r.required.periods),
    Column("required_growth_pct", _PERCENT, value=lambda r: r.required.median_pct),
    Column("required_p10", _PERCENT, value=lambda r: r.required.p10_pct),
    Column("required_p90", _PERCENT, value=lambda r: r.required.p90_pct),
    Column("history", value=_past(lambda h: h.status.value)),
    Column("history_unit", value=_past(lambda h: h.unit)),
    Column("history_spans", _WHOLE, value=_past(lambda h: h.spans)),
    Column("required_percentile", Kind.PERCENTILE, value=_past(lambda h: h.percentile)),
    Column("best_growth_pct", _PERCENT, value=_past(lambda h: h.best.growth_pct if h.best else None)),
    Column("best_first_month", _MONTH, value=_past(lambda h: str(h.best.first) if h.best else None)),
    Column("best_last_month", _MONTH, value=_past(lambda h: str(h.best.last) if h.best else None)),
    Column("by_month", Kind.WHOLE, value=lambda r: r.row.target.by),
)


def required_frame(attainment: Attainment, provenance: Provenance) -> pd.DataFrame:
    """``required.csv``: two rows a target, required growth over the actionable and over all open periods.

    Also why a target is not judged, the light of today, and whose history a required growth is compared with.
    """
    rows = [
        one
        for row in attainment.rows
        for one in (
            Needed(row, attainment, "actionable", row.required, row.history),
            Needed(row, attainment, "open", row.required_open, None),
        )
    ]
    return Table(name="required", columns=REQUIRED, rows=rows).frame(provenance)


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A row of ``joint.csv``: at least k of the targets; ``k`` is None where none is judged."""

    joint: Joint
    run: Attainment
    k: int | None


def _of_k(value: Callable[[Joint, int], Value]) -> Callable[[AtLeast], Value]:
    return lambda one: None if one.k is None else value(one.joint, one.k)


def _kth(chances: tuple[float, ...], k: int) -> float | None:
    return chances[k] if chances else None


JOINT: Final[tuple[Column[AtLeast], ...]] = (
    Column("as_of", value=lambda r: r.run.as_of.text),
    Column("scenario", value=lambda r: r.run.scenario),
    Column("unit", value=lambda r: r.run.config.city),
    Column("criterion", value=lambda r: r.joint.criterion.value),
    Column("assessed", _WHOLE, value=lambda r: r.joint.assessed),
    Column("judged", _WHOLE, value=lambda r: r.joint.judged),
    Column("k", _WHOLE, value=lambda r: r.k),
    Column("p_at_least_k", Kind.PROBABILITY, value=_of_k(lambda joint, k: joint.at_least[k])),
    Column("p_mcse", Kind.SHARE, value=_of_k(lambda joint, k: joint.at_least_mcse[k])),
    Column("expected_number", Kind.COUNT, value=lambda r: r.joint.expected if r.joint.judged else None),
    Column("number_p10", _WHOLE, value=lambda r: r.joint.p10),
    Column("number_p50", _WHOLE, value=lambda r: r.joint.p50),
    Column("number_p90", _WHOLE, value=lambda r: r.joint.p90),
    Column("indicators", value=lambda r: " ".join(r.joint.indicators) or None),
    Column("p_at_least_k_weak", Kind.PROBABILITY, value=_of_k(lambda joint, k: _kth(joint.at_least_weak, k))),
    Column("p_at_least_k_strong", Kind.PROBABILITY, value=_of_k(lambda joint, k: _kth(joint.at_least_strong, k))),
)


def joint_frame(attainment: Attainment, provenance: Provenance) -> pd.DataFrame:
    """``joint.csv``: P(at least k of the judged indicators) for every k, by 达到 (reach) and 达到或接近 (near).

    The last k of a criterion is all of them; without a judged indicator there is one row without probability.
    """
    rows = [
        AtLeast(joint, attainment, k)
        for joint in (attainment.reach, attainment.near)
        for k in (range(1, joint.judged + 1) or [None])
    ]
    return Table(name="joint", columns=JOINT, rows=rows).frame(provenance)


@dataclass(frozen=True, slots=True)
class Together:
    """A row of ``dependence.csv``: a level and a pair of indicators, correlations of what the year's end surprises by.

    prior : mean and sd; seen, quarters : in the data set's own history, NaN where none; used : mean, 10 % and 90 %
    values; drawn : of the draws' ranks
    """

    level: str
    pair: tuple[str, str]
    prior: tuple[float, float]
    seen: float
    quarters: int
    used: tuple[float, float, float]
    drawn: float


DEPENDENCE: Final[tuple[Column[Together], ...]] = (
    Column("level", value=lambda r: r.level),
    Column("indicator", value=lambda r: r.pair[0]),
    Column("indicator_other", value=lambda r: r.pair[1]),
    Column("prior_correlation", Kind.SHARE, value=lambda r: r.prior[0]),
    Column("prior_sd", Kind.SHARE, value=lambda r: r.prior[1]),
    Column("history_correlation", Kind.SHARE, value=lambda r: None if np.isnan(r.seen) else r.seen),
    Column("history_quarters", _WHOLE, value=lambda r: r.quarters),
    Column("correlation", Kind.SHARE, value=lambda r: r.used[0]),
    Column("correlation_p10", Kind.SHARE, value=lambda r: r.used[1]),
    Column("correlation_p90", Kind.SHARE, value=lambda r: r.used[2]),
    Column("implied_correlation", Kind.SHARE, value=lambda r: r.drawn),
)


def dependence_frame(paths: Paths, provenance: Provenance) -> pd.DataFrame:
    """``dependence.csv``: a row a level and pair of indicators: prior, history, what is used, what the draws do."""
    return Table(name="dependence", columns=DEPENDENCE, rows=list(_together(paths))).frame(provenance)


def _together(paths: Paths) -> Iterator[Together]:
    found = paths.dependence
    if found is None:
        return
    used = np.stack([correlations(found, sds) for sds in (0.0, WEAK, STRONG)])
    drawn = implied(paths.indicators, found)
    for k, level in enumerate(Level):
        for i, second in enumerate(found.indicators):
            for j, first in enumerate(found.indicators[:i]):
                if np.isfinite(drawn[k, i, j]):
                    low, middle, high = (float(one[k, i, j]) for one in (used[1], used[0], used[2]))
                    yield Together(
                        level=level.value,
                        pair=(first, second),
                        prior=(float(found.prior_mean[k, i, j]), float(found.prior_sd[k, i, j])),
                        seen=float(found.seen[k, i, j]),
                        quarters=int(found.sums[k, i, j]),
                        used=(middle, low, high),
                        drawn=float(drawn[k, i, j]),
                    )
