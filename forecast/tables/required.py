"""What every target still needs, all targets together, and how they hang together: required, joint, dependence.csv.

Invariant: both spans of required growth are kept apart, and the last k of a criterion is all of its targets
(held by ``tests/test_report.py``).

Every month that is still to come of the city's targets: chances then, and when for the first time.

Invariant: at the year's end a row says what ``attainment.csv`` says (held by ``tests/test_interim.py``).

Growth of the target year month by month: ``paths.csv``, the worksheet 分月路径, the page of an indicator.

Invariant: worksheet and page show numbers of ``paths.csv`` (held by ``tests/test_report_sheets.py`` and
``tests/test_app.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from forecast.answers.attainment import Attainment, Joint
from forecast.answers.chances import Case
from forecast.answers.evidence import Comparison
from forecast.answers.horizons import Horizon, Occasion, first_likely, next_of
from forecast.answers.judgement import Row
from forecast.answers.required import Required
from forecast.data.target import Target, TargetKind
from forecast.dims import DRAW, PERIOD, UNIT, Floats, to_percent
from forecast.draws.joint import STRONG, WEAK, correlations, implied
from forecast.draws.paths import IndicatorPaths, Level, Paths
from forecast.periods import Month
from forecast.tables import words
from forecast.tables.kind import Kind, Value
from forecast.tables.table import Cell, Column, Grid, Look, Provenance, Said, Show, Surface, Table, View
from forecast.texts import Lang, t

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

PATHS: Final[tuple[Column[PathPoint], ...]] = (
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
    return Table(name="paths", columns=PATHS, rows=points).frame(provenance)


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


TABLE: Final = "horizons"
_P, _GROWTH, _POINTS = Kind.PROBABILITY, Kind.PERCENT, Kind.POINTS

HORIZONS: Final[tuple[Column[Horizon], ...]] = (
    Column("indicator", value=lambda r: r.case.target.indicator),
    Column("name_zh", value=lambda r: r.case.name_zh),
    Column("unit", value=lambda r: r.case.target.unit),
    Column("target_kind", value=lambda r: r.case.target.kind.value),
    Column("by_month", Kind.WHOLE, value=lambda r: r.case.target.by),
    Column("period", Kind.MONTH, TABLE, value=lambda r: str(r.period)),
    Column("occasions", texts=TABLE, value=lambda r: " ".join(r.occasions) or None),
    Column("forecast_growth_pct", _GROWTH, TABLE, value=lambda r: r.outcome.growth.median_pct),
    Column("forecast_p10", _GROWTH, TABLE, value=lambda r: r.outcome.growth.p10_pct),
    Column("forecast_p90", _GROWTH, TABLE, value=lambda r: r.outcome.growth.p90_pct),
    Column("benchmark_forecast_pct", _GROWTH, TABLE, value=lambda r: r.outcome.benchmark_growth.median_pct),
    Column("period_gap_pp", _POINTS, TABLE, value=lambda r: r.outcome.gap_pp),
    Column("p_reach", _P, TABLE, value=lambda r: r.outcome.p_reach),
    Column("p_near", _P, TABLE, value=lambda r: r.outcome.p_near),
    Column("p_first", Kind.SHARE, TABLE, value=lambda r: r.p_first),
    Column("p_by", Kind.SHARE, TABLE, value=lambda r: r.p_by),
    Column("light", value=lambda r: r.light.value),
    Column("required_growth_pct", _GROWTH, TABLE, value=lambda r: r.required.median_pct),
    Column("required_status", value=lambda r: r.required.status.value),
    Column("evidence", value=lambda r: r.case.evidence.value),
    Column("criterion", texts="glossary", value=lambda r: r.criterion.value),
)


def horizon_frame(found: Sequence[Horizon], provenance: Provenance) -> pd.DataFrame:
    """``horizons.csv``: a row an open period of every judged target of the city."""
    return Table(name=TABLE, columns=HORIZONS, rows=found).frame(provenance)


@dataclass(frozen=True, slots=True)
class Coming:
    """A target at the next release, at the end of the next quarter, and when it is there for the first time.

    likely : first month by which it has held with even odds; None: not this year
    """

    case: Case
    release: Horizon | None
    quarter: Horizon | None
    likely: Month | None


def _seen(head: str, says: Callable[[Coming, View], Said], *, left: bool = False) -> dict[Surface, Show[Coming]]:
    shown = Show(head=f"horizons.{head}", says=says, left=left)
    return {Surface.TERMINAL: shown, Surface.PAGE: shown}


def _then(at: Callable[[Coming], Horizon | None]) -> Callable[[Coming, View], Cell]:
    def says(one: Coming, view: View) -> Cell:
        found = at(one)
        if found is None:
            return Cell(t("glossary.none", view.lang), style="quiet")
        chance = words.probability(found.p, view.lang, evidence=found.case.evidence)
        gap = words.points(found.outcome.gap_pp, view.lang)
        return Cell(chance, t("horizons.then", view.lang, period=words.through(found.period, view.lang), gap=gap))

    return says


def _likely(one: Coming, view: View) -> Cell:
    if one.likely is None:
        return Cell(t("horizons.not_this_year", view.lang), style="open")
    return Cell(words.through(one.likely, view.lang))


AHEAD: Final[tuple[Column[Coming], ...]] = (
    Column("indicator", on=_seen("head_indicator", lambda r, v: _name(r.case, v.lang), left=True)),
    Column("release", on=_seen("head_release", _then(lambda r: r.release))),
    Column("quarter", on=_seen("head_quarter", _then(lambda r: r.quarter))),
    Column("likely", on=_seen("head_likely", _likely)),
)


def _name(case: Case, lang: Lang) -> Cell:
    return Cell(words.indicator_name(case.target.indicator, case.name_zh, lang), words.goal(case.target, lang))


def _asked_before(target: Target) -> bool:
    """Whether a month before December can be asked about it: a plan of the year is one of the year."""
    return target.interim or target.kind is not TargetKind.PLAN


def ahead_grid(found: Sequence[Horizon], view: View) -> Grid | None:
    """The next release and the next quarter of every target; None where nothing is still to come."""
    release, quarter = next_of(found, Occasion.RELEASE), next_of(found, Occasion.QUARTER)
    cases = {one.case.key: one.case for one in found if _asked_before(one.case.target)}
    if not cases:
        return None
    rows = [Coming(case, release.get(key), quarter.get(key), first_likely(found, key)) for key, case in cases.items()]
    caption = t(f"horizons.title_{found[0].criterion.value}", view.lang)
    return Table(name=TABLE, columns=AHEAD, rows=rows).grid(view, caption=caption, look=Look.PLAIN)


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
