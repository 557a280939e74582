"""Tables of a study: scenarios, together and against each other, their actions, contributions, GDP's two forecasts.

Invariant: same study, same bytes; no probability is written as 0 or 1 (held by ``tests/test_scenario_command.py``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from forecast.answers.attainment import Joint
from forecast.answers.chances import Case, Outcome
from forecast.dims import Floats, to_percent
from forecast.draws.gdp import ERROR_CORRELATION
from forecast.draws.paths import Pool
from forecast.runs.session import Study
from forecast.scenario.contributions import Contribution, Interaction, Points, Result, Trace, interactions, p_better
from forecast.scenario.ledger_rows import Range
from forecast.tables.dossier import provenance
from forecast.tables.kind import Kind, Value
from forecast.tables.table import Column, Table, rounded
from forecast.texts import t

_PERCENT, _POINTS, _P, _SHARE = Kind.PERCENT, Kind.POINTS, Kind.PROBABILITY, Kind.SHARE
_COUNT, _WHOLE = Kind.COUNT, Kind.WHOLE
FINE: Final = 3
"""Decimals of growth and points: a scenario may move a target by less than what is published."""


def label(study: Study, scenario: str) -> str:
    """What must stand beside every number of a scenario that rests on synthetic rows; empty otherwise."""
    synthetic = study.run.dataset.config.synthetic or any(tr.synthetic for tr in study.traces.get(scenario, ()))
    return t("scenario.synthetic", "zh") if synthetic else ""


def _col[R](name: str, value: Callable[[R], Value], kind: Kind = Kind.TEXT, digits: int | None = None) -> Column[R]:
    if digits is None and kind in (_PERCENT, _POINTS, Kind.MONEY):
        digits = FINE
    return Column(name, kind, "scenario", value=value, digits=digits)


def _keyed[R](case: Callable[[R], Case]) -> tuple[Column[R], ...]:
    """Indicator, unit and kind of the target that a row is about."""
    return (
        _col("indicator", lambda r: case(r).target.indicator),
        _col("unit", lambda r: case(r).target.unit),
        _col("target_kind", lambda r: case(r).target.kind.value),
    )


@dataclass(frozen=True, slots=True)
class UnderScenario:
    """A row: a target under a scenario; ``spread``: over regenerated ledgers."""

    study: Study
    result: Result
    outcome: Outcome
    spread: Range | None

    @property
    def scenario(self) -> str:
        """Name of the scenario."""
        return self.result.scenario.name


def _spread(value: Callable[[Range], Value]) -> Callable[[UnderScenario], Value]:
    return lambda r: None if r.spread is None else value(r.spread)


SCENARIOS: Final[tuple[Column[UnderScenario], ...]] = (
    _col("scenario", lambda r: r.scenario),
    _col("title", lambda r: r.result.scenario.title),
    _col("indicator", lambda r: r.outcome.case.target.indicator),
    _col("name_zh", lambda r: r.outcome.case.name_zh),
    _col("unit", lambda r: r.outcome.case.target.unit),
    _col("target_kind", lambda r: r.outcome.case.target.kind.value),
    _col("target_value", lambda r: r.outcome.case.target.value, _PERCENT),
    _col("forecast_growth_pct", lambda r: r.outcome.growth.median_pct, _PERCENT),
    _col("forecast_p10", lambda r: r.outcome.growth.p10_pct, _PERCENT),
    _col("forecast_p90", lambda r: r.outcome.growth.p90_pct, _PERCENT),
    _col("benchmark_forecast_pct", lambda r: r.outcome.benchmark_growth.median_pct, _PERCENT),
    _col("gap_pp", lambda r: r.outcome.gap_pp, _POINTS),
    _col("p_reach", lambda r: r.outcome.p_reach, _P),
    _col("p_near", lambda r: r.outcome.p_near, _P),
    _col("p_mcse", lambda r: r.outcome.p_mcse, _SHARE),
    _col("change_growth_pp", lambda r: r.outcome.change_growth_pp, _POINTS),
    _col("change_gap_pp", lambda r: r.outcome.change_gap_pp, _POINTS),
    _col("change_reach", lambda r: r.outcome.change_reach, _SHARE),
    _col("change_near", lambda r: r.outcome.change_near, _SHARE),
    _col("change_mcse", lambda r: r.outcome.change_mcse, _SHARE),
    _col("p_better", lambda r: r.outcome.p_better, _P),
    _col("ledgers", _spread(lambda s: s.ledgers), _COUNT),
    _col("change_growth_low_pp", _spread(lambda s: s.growth_pp[0]), _POINTS),
    _col("change_growth_high_pp", _spread(lambda s: s.growth_pp[1]), _POINTS),
    _col("change_reach_low", _spread(lambda s: s.reach[0]), _SHARE),
    _col("change_reach_high", _spread(lambda s: s.reach[1]), _SHARE),
    _col("evidence", lambda r: r.outcome.case.evidence.value),
    _col("given", lambda r: "; ".join(map(str, r.study.given.given)) if r.study.given else ""),
    _col("label", lambda r: label(r.study, r.scenario)),
)


@dataclass(frozen=True, slots=True)
class ScenarioTogether:
    """A row: at least k targets under a scenario."""

    study: Study
    scenario: str
    joint: Joint
    k: int


JOINT: Final[tuple[Column[ScenarioTogether], ...]] = (
    _col("scenario", lambda r: r.scenario),
    _col("criterion", lambda r: r.joint.criterion.value),
    _col("assessed", lambda r: r.joint.assessed, _WHOLE),
    _col("judged", lambda r: r.joint.judged, _WHOLE),
    _col("k", lambda r: r.k, _WHOLE),
    _col("p_at_least_k", lambda r: r.joint.at_least[r.k], _P),
    _col("expected_number", lambda r: r.joint.expected, _COUNT),
    _col("indicators", lambda r: " ".join(r.joint.indicators)),
    _col("label", lambda r: label(r.study, r.scenario)),
)


@dataclass(frozen=True, slots=True)
class ScenarioPair:
    """A row: one scenario against another for a target."""

    one: Result
    other: Result
    case: Case

    @property
    def scenario(self) -> str:
        """Name of the first."""
        return self.one.scenario.name


_OF_PAIR: Final[tuple[Column[ScenarioPair], ...]] = _keyed(lambda r: r.case)
PAIRS: Final[tuple[Column[ScenarioPair], ...]] = (
    _col("scenario", lambda r: r.scenario),
    _col("other", lambda r: r.other.scenario.name),
    *_OF_PAIR,
    _col("p_better", lambda r: p_better(r.one, r.other, r.case.key), _P),
)


@dataclass(frozen=True, slots=True)
class ActionLine:
    """A row: an action of a scenario, and what it does to an indicator; ``points`` None where it does nothing."""

    result: Result
    trace: Trace
    points: Points | None

    @property
    def scenario(self) -> str:
        """Name of the scenario."""
        return self.result.scenario.name

    @property
    def overlaps(self) -> str:
        """Other actions of the same rows."""
        mine = self.trace.measure.id
        group = next((g for g in self.result.overlaps if mine in g), ())
        return " ".join(one for one in group if one != mine)


ACTIONS: Final[tuple[Column[ActionLine], ...]] = (
    _col("scenario", lambda r: r.scenario),
    _col("action", lambda r: r.trace.measure.id),
    _col("type", lambda r: r.trace.measure.type),
    _col("first_month", lambda r: str(r.trace.first or "")),
    _col("last_month", lambda r: str(r.trace.last or "")),
    _col("selected", lambda r: r.trace.selected, _WHOLE),
    _col("counted", lambda r: r.trace.counted, _WHOLE),
    _col("expected", lambda r: r.trace.expected, _COUNT),
    _col("places", lambda r: " ".join(r.trace.places)),
    _col("money_yi", lambda r: sum(r.trace.money_yi.values()) or None, Kind.MONEY),
    _col("indicator", lambda r: r.points.indicator if r.points else ""),
    _col("change_growth_pp", lambda r: r.points.mean_pp if r.points else 0.0, _POINTS),
    _col("change_p10_pp", lambda r: r.points.p10_pp if r.points else 0.0, _POINTS),
    _col("change_p90_pp", lambda r: r.points.p90_pp if r.points else 0.0, _POINTS),
    _col("assumptions", lambda r: "; ".join(f"{k}={v}" for k, v in r.trace.assumptions.items())),
    _col("overlaps", lambda r: r.overlaps),
    _col("synthetic", lambda r: int(r.trace.synthetic), _WHOLE),
    _col("label", lambda r: t("scenario.synthetic", "zh") if r.trace.synthetic else ""),
)


@dataclass(frozen=True, slots=True)
class Contributed:
    """A row: what an action of a scenario brings to a target."""

    study: Study
    scenario: str
    of: Contribution


_OF_CONTRIBUTION: Final[tuple[Column[Contributed], ...]] = _keyed(lambda r: r.of.case)
CONTRIBUTIONS: Final[tuple[Column[Contributed], ...]] = (
    _col("scenario", lambda r: r.scenario),
    _col("action", lambda r: r.of.action),
    *_OF_CONTRIBUTION,
    _col("alone_gap_pp", lambda r: r.of.alone_gap_pp, _POINTS, 4),
    _col("alone_reach", lambda r: r.of.alone_reach, _SHARE),
    _col("alone_near", lambda r: r.of.alone_near, _SHARE),
    _col("without_reach", lambda r: r.of.without_reach, _SHARE),
    _col("without_near", lambda r: r.of.without_near, _SHARE),
    _col("share_gap_pp", lambda r: r.of.share_gap_pp, _POINTS, 4),
    _col("share_reach", lambda r: r.of.share_reach, _SHARE),
    _col("share_near", lambda r: r.of.share_near, _SHARE),
    _col("share_mcse", lambda r: r.of.share_se, _SHARE),
    _col("label", lambda r: label(r.study, r.scenario)),
)


@dataclass(frozen=True, slots=True)
class Interacting:
    """A row: what the actions of a scenario do together beyond the sum of what each does alone."""

    study: Study
    scenario: str
    of: Interaction


_OF_INTERACTION: Final[tuple[Column[Interacting], ...]] = _keyed(lambda r: r.of.case)
INTERACTIONS: Final[tuple[Column[Interacting], ...]] = (
    _col("scenario", lambda r: r.scenario),
    *_OF_INTERACTION,
    _col("interaction_gap_pp", lambda r: r.of.gap_pp, _POINTS),
    _col("change_reach", lambda r: r.of.reach, _SHARE),
    _col("change_near", lambda r: r.of.near, _SHARE),
    _col("label", lambda r: label(r.study, r.scenario)),
)


@dataclass(frozen=True, slots=True)
class Pooled:
    """A row: GDP of a place by both routes and pooled."""

    pool: Pool
    unit: str


def _mean(side: str) -> Callable[[Pooled], Value]:
    return lambda r: to_percent(float(_draws(r, side).mean()))


def _sd(side: str) -> Callable[[Pooled], Value]:
    return lambda r: to_percent(float(_draws(r, side).std()))


def _draws(row: Pooled, side: str) -> Floats:
    found: Floats = getattr(row.pool, side)[row.unit]
    return found


POOL: Final[tuple[Column[Pooled], ...]] = (
    _col("indicator", lambda _: "gdp"),
    _col("unit", lambda r: r.unit),
    _col("direct_pct", _mean("direct"), _PERCENT),
    _col("direct_sd_pp", _sd("direct"), _POINTS),
    _col("bridge_pct", _mean("bridge"), _PERCENT),
    _col("bridge_sd_pp", _sd("bridge"), _POINTS),
    _col("direct_weight", lambda r: r.pool.weight, _SHARE),
    _col("error_correlation", lambda _: ERROR_CORRELATION, _SHARE, FINE),
    _col("covered_share", lambda r: r.pool.covered, _SHARE),
    _col("pooled_pct", _mean("pooled"), _PERCENT),
    _col("pooled_sd_pp", _sd("pooled"), _POINTS),
)

COLUMNS: Final[dict[str, tuple[Column[Any], ...]]] = {
    "scenarios": SCENARIOS,
    "scenario_joint": JOINT,
    "scenario_pairs": PAIRS,
    "scenario_actions": ACTIONS,
    "scenario_contributions": CONTRIBUTIONS,
    "scenario_interactions": INTERACTIONS,
    "gdp_pool": POOL,
}
"""Tables of ``dabiao scenario``."""


def _rows(study: Study) -> Iterator[tuple[str, Sequence[Any]]]:
    """Rows of every table, by name."""
    every, results, pool = study.comparison.all, study.comparison.results, study.pool
    yield (
        "scenarios",
        [
            UnderScenario(study, r, o, study.ranges.get(r.scenario.name, {}).get(o.case.key))
            for r in every
            for o in r.outcomes
        ],
    )
    yield (
        "scenario_joint",
        [
            ScenarioTogether(study, r.scenario.name, joint, k)
            for r in every
            for joint in (r.reach, r.near)
            for k in range(1, joint.judged + 1)
        ],
    )
    yield (
        "scenario_pairs",
        [ScenarioPair(a, b, case) for a in every for b in every if a is not b for case in study.comparison.cases],
    )
    yield (
        "scenario_actions",
        [
            ActionLine(r, trace, points)
            for r in results
            for trace in study.traces[r.scenario.name]
            for points in trace.points or (None,)
        ],
    )
    yield (
        "scenario_contributions",
        [Contributed(study, name, one) for name, found in study.contributions.items() for one in found],
    )
    yield (
        "scenario_interactions",
        [
            Interacting(study, r.scenario.name, one)
            for r in results
            for one in interactions(r, study.contributions[r.scenario.name])
        ],
    )
    yield "gdp_pool", [Pooled(pool, unit) for unit in pool.direct] if pool else []


def scenario_tables(study: Study) -> dict[str, pd.DataFrame]:
    """All tables of a study, by name; growth in percent, differences in points, probabilities as fractions.

    Every row has the hash of its own scenario.
    """
    source = provenance(study.run)
    hashes = {r.scenario.name: r.scenario.hash for r in study.comparison.all}
    out = {}
    for name, rows in _rows(study):
        frame = Table(name=name, columns=COLUMNS[name], rows=rows).frame(source)
        if "scenario" in frame:
            frame["scenario_hash"] = [hashes[scenario] for scenario in frame["scenario"]]
        out[name] = frame
    return out


def scenario_document(study: Study) -> dict[str, Any]:
    """Everything of a study for programs: the same tables as lists of records."""
    tables = scenario_tables(study)
    return {name: json.loads(rounded(frame, COLUMNS[name]).to_json(orient="records")) for name, frame in tables.items()}
