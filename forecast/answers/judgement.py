"""The judgement of one target: what the draws and the published figures say of it, after the gate of evidence.

Invariant: with too little evidence there is no probability and no light, and a probability is never 0 or 1
(held by ``tests/test_attainment.py``).

Lights: by what is published now, and by what is likely at the end of the year.

Colours mean different things in different places, so that the rule is printed beside every light.

Invariant: a light never improves when its gap or probability falls (held by ``tests/test_attainment.py``).

The year-end gap of a target as a distribution: which shares of the draws miss, come close to, and reach it.

Invariant: shares of all bins sum to 1, and those of one outcome to its share of the draws
(held by ``tests/test_distribution.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from forecast.answers.benchmark import (
    Benchmark,
    Constant,
    Province,
    Siblings,
    Unknown,
    benchmark,
    draws,
    units_of,
    year_end,
)
from forecast.answers.evidence import Evidence, Figure, Published, classify, wanted_period
from forecast.answers.history import Comparison, HistoryStatus, compare
from forecast.answers.joint import bounded_share, standard_error
from forecast.answers.required import Required, RequiredStatus, required
from forecast.data.panel import Config, LightRule, Panel, ancestors
from forecast.data.target import Target
from forecast.dims import PERIOD, UNIT, Floats, from_percent, to_percent
from forecast.draws.paths import IndicatorPaths, Paths, first_actionable, first_open
from forecast.periods import Month

BINS: Final = 40
"""Of some 4,000 draws a hundred each: bars that are not noise."""
_TAIL: Final = 0.002
"""Share of draws on either side that the outermost bins take in, so that a few wild ones do not squeeze the rest."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Distribution:
    """Shares of the draws of a gap, by bin and by outcome.

    edges_pp : (bin + 1,), points; the outermost bins also hold what lies beyond them
    missed, near, reached : (bin,), fractions; ``near`` without those that reach
    """

    edges_pp: Floats
    missed: Floats
    near: Floats
    reached: Floats


def year_end_gap(target: Target, paths: Paths, *, panel: Panel, config: Config) -> Floats | None:
    """Draws of the year-end gap of a target, (draw,), fraction; None where it is not judged."""
    published = Published.of(panel, paths.as_of, paths.target_year)
    return judge(target, paths, published=published, config=config).gap


def distribution(gap: Floats, *, tolerance_pp: float, bins: int = BINS) -> Distribution:
    """Shares of the draws of a gap by bin and by outcome.

    Parameters
    ----------
    gap : (draw,), unit minus benchmark, fraction, at least one draw
    tolerance_pp : how far below still counts as close, points
    """
    points = to_percent(gap)
    low, high = np.quantile(points, [_TAIL, 1.0 - _TAIL])
    if high - low < bins * 1e-6:  # all draws alike: a settled year
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, bins + 1)
    inside = points.clip(low, high)
    reach, close = reached(gap, tolerance_pp=0.0), reached(gap, tolerance_pp=tolerance_pp)

    def share(of: np.ndarray) -> Floats:
        counts, _ = np.histogram(inside[of], bins=edges)
        return counts / len(gap)

    return Distribution(edges_pp=edges, missed=share(~close), near=share(close & ~reach), reached=share(reach))


TIE: Final = 1e-9
"""Fraction below which a gap counts as none: published figures have one decimal of a percent, so that a difference of
this size is the binary representation of an equal one."""


class Light(StrEnum):
    """Colour of a light."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


def light_now(gap_pp: float, tolerance_pp: float) -> Light:
    """Light by the published gap (unit minus benchmark, points): green from 0, yellow from -tolerance, else red."""
    if gap_pp >= -to_percent(TIE):
        return Light.GREEN
    return Light.YELLOW if gap_pp >= -tolerance_pp - to_percent(TIE) else Light.RED


def light_ahead(p_reach: float, rule: LightRule) -> Light:
    """Light by the probability of reaching, as counted and not as rounded for a screen."""
    if p_reach >= rule.green_from:
        return Light.GREEN
    return Light.YELLOW if p_reach >= rule.yellow_from else Light.RED


class RowStatus(StrEnum):
    """Whether a target could be judged, and if not, why."""

    JUDGED = "judged"
    INSUFFICIENT = "insufficient"
    NO_DRAWS = "no_draws"
    NO_BENCHMARK = "no_benchmark"
    RANK_WITHOUT_SIBLINGS = "rank_without_siblings"


@dataclass(frozen=True, slots=True)
class Summary:
    """Mean and 80 % interval of year-end growth over draws, percent."""

    mean_pct: float
    p10_pct: float
    p90_pct: float

    @classmethod
    def of(cls, growth: Floats) -> Summary:
        """Of draws of growth, (draw,), fraction."""
        low, high = to_percent(np.quantile(growth, [0.1, 0.9]))
        return cls(to_percent(float(growth.mean())), float(low), float(high))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One target and what the draws say of it. Growth in percent, gaps in points, probabilities fractions.

    benchmark : unit that it is held against; None for a constant or a rank
    target_value : percent of a plan, 0 of positive growth, the rank; None for the province's average
    ytd, benchmark_ytd : latest published cumulative growth of each, with its own month
    gap_pp, gap_period : published gap at the latest month that both have; against a constant, of the latest month
    forecast, benchmark_forecast : kept when evidence is too thin to judge, if there are draws
    p_mcse : Monte Carlo error of ``p_reach``
    shortfall_pp : E[max(-gap, 0)], points
    light_now : by the published gap; light : by the probability of reaching
    required : over the periods that a decision can still affect; required_open : over all that are open
    missing : units without a figure this year; wanted : the period to ask for
    points : of the unit in the target year
    synthetic_share : of the figures fitted, of the unit, what it is held against, and their ancestors
    """

    target: Target
    name_zh: str
    status: RowStatus
    benchmark: str | None
    target_value: float | None
    ytd: Figure | None
    benchmark_ytd: Figure | None
    gap_pp: float | None
    gap_period: Month | None
    forecast: Summary | None
    benchmark_forecast: Summary | None
    p_reach: float | None
    p_near: float | None
    p_mcse: float | None
    shortfall_pp: float | None
    light_now: Light | None
    light: Light | None
    required: Required
    required_open: Required
    history: Comparison
    evidence: Evidence
    points: int
    missing: tuple[str, ...]
    wanted: Month
    method: str
    diagnostics: str
    synthetic_share: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Outlook:
    """What the draws alone say of a target, before the gate of evidence."""

    forecast: Summary
    benchmark_forecast: Summary
    gap: Floats
    required: Required
    required_open: Required


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judgement:
    """A row with the draws of its gap, (draw,), fraction; none where the target is not judged."""

    row: Row
    gap: Floats | None


def reached(gap: Floats, *, tolerance_pp: float) -> npt.NDArray[np.bool_]:
    """Draws in which the gap (unit minus benchmark, fraction) is not below minus the tolerance; a tie is reached."""
    return np.asarray(gap >= -from_percent(tolerance_pp) - TIE)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Case:
    """A target with all that it is judged by."""

    target: Target
    held: Benchmark
    one: IndicatorPaths | None
    paths: Paths
    published: Published
    config: Config

    @property
    def drawn(self) -> bool:
        """Whether the unit and all that it is held against have draws."""
        if self.one is None or isinstance(self.held, Unknown):
            return False
        return {self.target.unit, *units_of(self.held)} <= _drawn(self.one)

    @property
    def evidence(self) -> Evidence:
        theirs = [self.published.points(unit, self.target.indicator) for unit in units_of(self.held)]
        own = self.published.points(self.target.unit, self.target.indicator)
        return classify(own, min(theirs, default=None), self.config.evidence)

    @property
    def status(self) -> RowStatus:
        if isinstance(self.held, Unknown):
            return RowStatus(self.held.reason)
        if self.evidence is Evidence.INSUFFICIENT:
            return RowStatus.INSUFFICIENT
        return RowStatus.JUDGED if self.drawn else RowStatus.NO_DRAWS


def _drawn(one: IndicatorPaths | None) -> frozenset[str]:
    return frozenset() if one is None else frozenset(str(unit) for unit in one.cum_yoy[UNIT].values)


def judge(target: Target, paths: Paths, *, published: Published, config: Config) -> Judgement:
    """Judge one target.

    Raises
    ------
    NonFiniteError
        A draw is NaN or infinite: it would count as missed.
    """
    one = paths.indicators.get(target.indicator)
    held = benchmark(target, published, _drawn(one))
    case = _Case(target=target, held=held, one=one, paths=paths, published=published, config=config)
    outlook = _outlook(target, held, one, config.first_action_month) if one and case.drawn else None
    judged = outlook if case.status is RowStatus.JUDGED else None
    return Judgement(row=_row(case, outlook, judged), gap=judged.gap if judged else None)


def _outlook(target: Target, held: Benchmark, one: IndicatorPaths, action: Month) -> _Outlook:
    cum, weight, goal = draws(one, target.unit), draws(one, target.unit, of="base_weight"), year_end(held, one)
    labels = [str(label) for label in one.cum_yoy[PERIOD].values]
    open_from = first_open(one.published.sel({UNIT: target.unit}).transpose(PERIOD).to_numpy())
    start = first_actionable(labels, open_from=open_from, action=action)
    over_actionable, over_open = (
        required(goal, cum=cum, base_weight=weight, labels=labels, start=k, open_from=open_from)
        for k in (start, open_from)
    )
    return _Outlook(
        forecast=Summary.of(cum[:, -1]),
        benchmark_forecast=Summary.of(goal),
        gap=cum[:, -1] - goal,
        required=over_actionable,
        required_open=over_open,
    )


def _published_gap(case: _Case) -> tuple[float | None, Month | None]:
    own = case.published.to_date(case.target.unit, case.target.indicator)
    match case.held:
        case Constant(growth_pct) if own:
            return own[-1].growth_pct - growth_pct, own[-1].period
        case Province(unit):
            theirs = {f.period: f.growth_pct for f in case.published.to_date(unit, case.target.indicator)}
            common = [figure for figure in own if figure.period in theirs]
            if common:
                return common[-1].growth_pct - theirs[common[-1].period], common[-1].period
    return None, None


def _value(case: _Case) -> float | None:
    match case.held:
        case Constant(growth_pct):
            return growth_pct
        case Siblings(_, rank):
            return float(rank)
        case Unknown():
            return case.target.value
        case Province():
            return None


def _row(case: _Case, outlook: _Outlook | None, judged: _Outlook | None) -> Row:
    target, held, published = case.target, case.held, case.published
    indicator = published.panel.indicators[target.indicator]
    own = published.to_date(target.unit, target.indicator)
    theirs = published.to_date(held.unit, target.indicator) if isinstance(held, Province) else ()
    gap_pp, gap_period = _published_gap(case)
    p_reach, p_near = _probability(judged, 0.0), _probability(judged, target.tolerance_pp)
    needed = judged.required if judged else Required(status=RequiredStatus.NOT_JUDGED)
    places = (target.unit, *units_of(held))
    chain = frozenset(unit for place in places for unit in (place, *ancestors(published.panel.units, place)))
    return Row(
        target=target,
        name_zh=indicator.name_zh,
        status=case.status,
        benchmark=held.unit if isinstance(held, Province) else None,
        target_value=_value(case),
        ytd=own[-1] if own else None,
        benchmark_ytd=theirs[-1] if theirs else None,
        gap_pp=gap_pp,
        gap_period=gap_period,
        forecast=outlook.forecast if outlook else None,
        benchmark_forecast=outlook.benchmark_forecast if outlook else None,
        p_reach=p_reach,
        p_near=p_near,
        p_mcse=standard_error(p_reach, case.one.ess) if case.one and p_reach is not None else None,
        shortfall_pp=to_percent(float(np.maximum(-judged.gap, 0.0).mean())) if judged else None,
        light_now=light_now(gap_pp, target.tolerance_pp) if gap_pp is not None else None,
        light=light_ahead(p_reach, case.config.lights[target.light_rule]) if p_reach is not None else None,
        required=needed,
        required_open=judged.required_open if judged else needed,
        history=_history(needed, case),
        evidence=case.evidence,
        points=published.points(target.unit, target.indicator),
        missing=tuple(unit for unit in places if not published.points(unit, target.indicator)),
        wanted=wanted_period(indicator.frequency, case.paths.target_year, case.paths.as_of),
        method=case.one.diagnostics.method if case.one else case.paths.method,
        diagnostics=case.one.diagnostics.status if case.one else "",
        synthetic_share=published.synthetic_share(chain, target.indicator),
    )


def _probability(judged: _Outlook | None, tolerance_pp: float) -> float | None:
    if judged is None:
        return None
    return bounded_share(int(reached(judged.gap, tolerance_pp=tolerance_pp).sum()), len(judged.gap))


def _history(needed: Required, case: _Case) -> Comparison:
    if needed.median_pct is None:
        return Comparison(status=HistoryStatus.NOT_APPLICABLE)
    target = case.target
    return compare(
        needed.median_pct, case.published, unit=target.unit, indicator=target.indicator, periods=needed.periods
    )
