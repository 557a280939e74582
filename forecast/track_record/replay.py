"""One indicator as of one month of a past year: what would have been said then, and how it turned out.

Every place is held against its own average: a place below a province against the province, a province against the
nation. The model and the other forecasters are given the same figures, those that were out.

Invariant: nothing that was released later enters a forecast; only the outcome is read from later releases
(held by ``tests/test_backtest.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from forecast.answers.chances import attained, published
from forecast.answers.evidence import Evidence, Published, classify
from forecast.answers.ranks import first_third, ranked
from forecast.data.panel import EvidenceRule, Indicator, Panel, Unit, known, nearest_province
from forecast.dims import DRAW, PERIOD, UNIT, Floats, to_percent
from forecast.draws.fitting import FitTask, fit_indicator
from forecast.draws.joint import orderings
from forecast.inference.gaps.fast import Method
from forecast.inference.measure import CUMULATIVE, measure
from forecast.inference.model import Measurements
from forecast.inference.sampling import stream
from forecast.periods import AsOf, Month
from forecast.track_record import scoring
from forecast.track_record.peers import forecast_with, growth_history

MODEL: Final = "model"
"""Name of the product's own model among the forecasters."""
DEFAULT_TOLERANCE_PP: Final = 2.0
"""Half-width of the window that decides where the data set has no target for a place, points."""
FEWEST_RANKED: Final = 5
"""Siblings below which a rank says little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A place and what it is held against, with how both ended the year.

    tolerance_pp : how far below still counts as 接近, points; half the width of the window that decides
    outcome_pct, benchmark_outcome_pct : full-year growth as first published, percent
    """

    unit: str
    level: str
    benchmark: str
    tolerance_pp: float
    outcome_pct: float
    benchmark_outcome_pct: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReplayTask:
    """What one replay depends on.

    panel : the data set's, with the figures of this indicator only
    month : the reporting month whose figures are the last that are out
    pairs : places whose end of the year is known
    forecasters : names of others than the model
    """

    panel: Panel
    indicator: str
    month: Month
    pairs: tuple[Pair, ...]
    evidence: EvidenceRule
    method: Method
    seed: int
    draws: int
    forecasters: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What was to be forecast, and what was known.

    months_left : from the month to the last period of the year
    evidence : class of what was published of place and benchmark in the year by then
    synthetic : whether any figure of the indicator is
    decimals : digits that its growth is published with
    """

    indicator: str
    pair: Pair
    month: Month
    months_left: int
    evidence: Evidence
    synthetic: bool
    decimals: int = 1

    @property
    def event(self) -> bool:
        """Whether the place reached its benchmark; a tie is reached."""
        own, goal = (np.array(value / 100.0) for value in (self.pair.outcome_pct, self.pair.benchmark_outcome_pct))
        return bool(attained(own, goal, decimals=self.decimals))


@dataclass(frozen=True, slots=True, kw_only=True)
class RankRecord:
    """One forecast of a year-end rank among siblings (cities of a province, provinces of a nation), scored.

    outcome, among : rank by full-year growth as published, equals at the better one, and among how many
    expected : mean rank over draws; first : places that count as being ahead, a third of all
    p_first : share of draws in which the place is among them; brier : its score
    rps : ranked probability score of the rank, sum of squared errors of P(rank <= r), over ``among - 1``
    """

    outcome: int
    among: int
    expected: float
    first: int
    p_first: float
    brier: float
    rps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One forecast of one forecaster, scored.

    mean_pct : forecast of full-year growth; p_reach : share of draws that reach the benchmark, in [0, 1]
    crps_pp : of full-year growth; twcrps_pp : of the gap, within the tolerance either side of reaching, points
    covered50, covered90, pit : None for a forecaster that gives no distribution
    diagnostics : verdict on the fit; empty for others than the model
    rank : None where fewer than ``FEWEST_RANKED`` siblings are replayed together
    """

    case: Replayed
    forecaster: str
    mean_pct: float
    p_reach: float
    crps_pp: float
    twcrps_pp: float
    brier: float
    log_score: float
    covered50: bool | None
    covered90: bool | None
    pit: float | None
    diagnostics: str
    rank: RankRecord | None = None


def outcomes(panel: Panel, indicator: Indicator, year: int, *, by: AsOf | None = None) -> dict[str, float]:
    """Full-year growth as first published, percent, by unit.

    Parameters
    ----------
    by : releases after it do not count; None: all that the data set has
    """
    rows = panel.observations
    end = Month(year, indicator.frequency.months[-1])
    mine = (rows["indicator"] == indicator.indicator) & (rows["measure"] == CUMULATIVE) & rows["value"].notna()
    chosen = rows[mine & np.array([period == end for period in rows["period"]], dtype=bool)]
    if by is not None:
        chosen = chosen[np.array([by.sees(end, day) for day in chosen["released"]], dtype=bool)]
    first = chosen.sort_values("released", kind="stable").drop_duplicates("unit")
    return {str(unit): float(value) for unit, value in zip(first["unit"], first["value"], strict=True)}


def pairs(units: Mapping[str, Unit], ends: Mapping[str, float], tolerances: Mapping[str, float]) -> tuple[Pair, ...]:
    """Places whose end of the year is known together with that of what they are held against, in official order.

    Parameters
    ----------
    ends : full-year growth by unit, percent
    tolerances : by unit, points; ``DEFAULT_TOLERANCE_PP`` for others
    """
    held = {unit: nearest_province(units, unit) or place.parent for unit, place in units.items()}
    return tuple(
        Pair(
            unit=unit,
            level=units[unit].level,
            benchmark=benchmark,
            tolerance_pp=tolerances.get(unit, DEFAULT_TOLERANCE_PP),
            outcome_pct=ends[unit],
            benchmark_outcome_pct=ends[benchmark],
        )
        for unit, benchmark in held.items()
        if benchmark is not None and unit in ends and benchmark in ends
    )


def replay(task: ReplayTask) -> tuple[Record, ...]:
    """Forecast as of the month with every forecaster, and score what can be scored; a pure function of the task.

    A pair counts where place and benchmark have a figure in the year: without one the product gives no probability. A
    forecaster that cannot forecast a pair leaves no record of it.
    """
    as_of = AsOf.parse(str(task.month))
    seen = known(task.panel, as_of)
    cases = _cases(task, as_of, seen)
    if not cases:
        return ()
    measurements = measure(task.panel, seen, task.panel.indicators[task.indicator], target_year=task.month.year)
    place = {unit: i for i, unit in enumerate(measurements.units)}
    forecasts, verdict = _forecasts(task, seen, measurements)
    ranks = {name: rank_records(cases, draws, place, task.panel.units) for name, draws in forecasts.items()}
    records = []
    for case in cases:
        for name, draws in forecasts.items():
            both = draws[:, [place[case.pair.unit], place[case.pair.benchmark]]]
            if np.isfinite(both).all():
                rng = stream(task.seed, "pit", task.indicator, str(task.month), case.pair.unit)
                scored = _scored(case, name, to_percent(both), rng, verdict if name == MODEL else "")
                records.append(replace(scored, rank=ranks[name].get(case.pair.unit)))
    return tuple(records)


def rank_records(
    cases: Sequence[Replayed], draws: Floats, place: Mapping[str, int], units: Mapping[str, Unit]
) -> dict[str, RankRecord]:
    """Ranks of the places that are replayed together, by unit.

    Parameters
    ----------
    draws : (draw, unit), full-year growth of one forecaster, fraction; ``place`` : position of a unit
    """
    groups: dict[tuple[str, str | None], list[Pair]] = {}
    for case in cases:
        own = units[case.pair.unit]
        if own.counted_within is None and np.isfinite(draws[:, place[own.unit]]).all():
            groups.setdefault((own.level, own.parent), []).append(case.pair)
    found: dict[str, RankRecord] = {}
    for group in groups.values():
        if len(group) < FEWEST_RANKED:
            continue
        rank = ranked(published(draws[:, [place[pair.unit] for pair in group]]))
        outcome = ranked(np.array([[pair.outcome_pct for pair in group]]))[0]
        first, places = first_third(len(group)), np.arange(1, len(group))
        for k, pair in enumerate(group):
            below = (rank[:, k, None] <= places).mean(axis=0)
            p_first, ahead = float(below[first - 1]), bool(outcome[k] <= first)
            found[pair.unit] = RankRecord(
                outcome=int(outcome[k]),
                among=len(group),
                expected=float(rank[:, k].mean()),
                first=first,
                p_first=p_first,
                brier=float(scoring.brier(p_first, ahead)),
                rps=float(((below - (outcome[k] <= places)) ** 2).mean()),
            )
    return found


def _cases(task: ReplayTask, as_of: AsOf, seen: pd.DataFrame) -> list[Replayed]:
    """Pairs with a figure each in the year, by what is out."""
    published = Published.of(task.panel, as_of, task.month.year)
    synthetic = bool((seen["status"] == "synthetic").any())
    left = task.panel.indicators[task.indicator].frequency.months[-1] - task.month.month
    cases = []
    for pair in task.pairs:
        own, theirs = (published.points(unit, task.indicator) for unit in (pair.unit, pair.benchmark))
        behind = published.behind(pair.unit, [pair.benchmark], task.indicator)
        evidence = classify(own, theirs, task.evidence, behind=behind)
        if evidence is not Evidence.INSUFFICIENT:
            cases.append(
                Replayed(
                    indicator=task.indicator,
                    pair=pair,
                    month=task.month,
                    months_left=left,
                    evidence=evidence,
                    synthetic=synthetic,
                    decimals=task.panel.indicators[task.indicator].decimals,
                )
            )
    return cases


def _forecasts(task: ReplayTask, seen: pd.DataFrame, measurements: Measurements) -> tuple[dict[str, Floats], str]:
    """Draws of full-year growth by forecaster, (draw, unit), fraction; and the verdict on the model's fit."""
    fitted = fit_indicator(
        FitTask(
            indicator=task.indicator,
            frequency=task.panel.indicators[task.indicator].frequency,
            target_year=task.month.year,
            measurements=measurements,
            remarks=tuple(orderings(task.panel, seen, task.indicator)),
            method=task.method,
            seed=task.seed,
            draws=task.draws,
        )
    )
    ends = fitted.cum_yoy.isel({PERIOD: -1}).sel({UNIT: list(measurements.units)})
    made: dict[str, Floats] = {MODEL: ends.transpose(DRAW, UNIT).to_numpy()}
    history = growth_history(measurements)
    for name in task.forecasters:
        rng = stream(task.seed, "backtest", task.indicator, str(task.month), name)
        made[name] = forecast_with(name, history, rng=rng, draws=task.draws)
    return made, fitted.diagnostics.status


def _scored(case: Replayed, name: str, draws: Floats, rng: np.random.Generator, verdict: str) -> Record:
    """Scores of paired draws (draw, place and benchmark), percent."""
    pair = case.pair
    own, gap = draws[:, 0], draws[:, 0] - draws[:, 1]
    p_reach = float(attained(own / 100.0, draws[:, 1] / 100.0, decimals=case.decimals).mean())
    spread = len(own) > 1
    window = {"low": -pair.tolerance_pp, "high": pair.tolerance_pp}
    return Record(
        case=case,
        forecaster=name,
        mean_pct=float(own.mean()),
        p_reach=p_reach,
        crps_pp=float(scoring.crps(own, pair.outcome_pct)),
        twcrps_pp=float(scoring.threshold_weighted_crps(gap, pair.outcome_pct - pair.benchmark_outcome_pct, **window)),
        brier=float(scoring.brier(p_reach, case.event)),
        log_score=float(scoring.log_score(p_reach, case.event)),
        covered50=bool(scoring.covered(own, pair.outcome_pct, interval_prob=0.5)) if spread else None,
        covered90=bool(scoring.covered(own, pair.outcome_pct, interval_prob=0.9)) if spread else None,
        pit=float(scoring.pit(own, pair.outcome_pct, rng.random())) if spread else None,
        diagnostics=verdict,
    )
