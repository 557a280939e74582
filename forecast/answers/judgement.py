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

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from forecast.answers.chances import (
    Case,
    Constant,
    Criterion,
    Ends,
    Outcome,
    Province,
    RowStatus,
    Status,
    Summary,
    Unknown,
    benchmark,
    drawn_ends,
    ends,
    outcome,
    settled,
)
from forecast.answers.evidence import (
    Comparison,
    Evidence,
    Figure,
    HistoryStatus,
    Published,
    classify,
    compare,
    wanted_period,
)
from forecast.answers.required import Required, required
from forecast.data.panel import Config, LightRule, Panel, ancestors
from forecast.data.target import Target
from forecast.dims import PERIOD, UNIT, Floats, brief, to_percent
from forecast.draws.paths import IndicatorPaths, Paths, first_actionable, first_open, of_unit
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


def year_ends_of(target: Target, paths: Paths, *, panel: Panel, config: Config) -> Ends | None:
    """Draws of the year end of one target; None where it is not judged."""
    published = Published.of(panel, paths.as_of, paths.target_year)
    return judge(target, paths, published=published, config=config).ends


def distribution(found: Ends, *, bins: int = BINS) -> Distribution:
    """Shares of the draws of the first case's gap by bin and by outcome.

    A draw is where its gap is, and has the outcome that is printed: next to an edge a bar may have two colours.
    """
    points = to_percent(found.gap[0])
    low, high = np.quantile(points, [_TAIL, 1.0 - _TAIL])
    if high - low < bins * 1e-6:  # all draws alike: a settled year
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, bins + 1)
    inside = points.clip(low, high)
    reach, close = found.hits(0, Criterion.REACH), found.hits(0, Criterion.NEAR)

    def share(of: np.ndarray) -> Floats:
        counts, _ = np.histogram(inside[of], bins=edges)
        return counts / len(points)

    return Distribution(edges_pp=edges, missed=share(~close), near=share(close & ~reach), reached=share(reach))


TIE_PP: Final = 1e-7
"""Points below which a gap of published figures is none: they have one decimal, and binary numbers cannot hold it."""


class Light(StrEnum):
    """Colour of a light."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


def light_now(gap_pp: float, tolerance_pp: float) -> Light:
    """Light by the published gap (unit minus benchmark, points): green from 0, yellow from -tolerance, else red."""
    if gap_pp >= -TIE_PP:
        return Light.GREEN
    return Light.YELLOW if gap_pp >= -tolerance_pp - TIE_PP else Light.RED


def light_ahead(p: float, rule: LightRule) -> Light:
    """Light by the probability of what a row speaks of, as counted and not as rounded for a screen."""
    if p >= rule.green_from:
        return Light.GREEN
    return Light.YELLOW if p >= rule.yellow_from else Light.RED


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One target and what the draws say of it. Growth in percent, gaps in points, probabilities fractions.

    benchmark : unit that it is held against; None for a constant or a rank
    target_value : percent of a plan, 0 of positive growth, the rank; None for the province's average
    ytd, benchmark_ytd : latest published cumulative growth of each, with its own month
    compared : figures of unit and benchmark of one month, which ``gap_pp`` is the difference of
    gap_pp, gap_period : published gap at the latest month that both have; against a constant, of the latest month
    year_gap_pp : year-end gap, points, median of paired draws; need not be the difference of the two forecasts
    forecast, benchmark_forecast : None where evidence is too thin to say anything; of a published year its figure
    p_mcse : Monte Carlo error of ``p_reach``
    shortfall_pp : E[max(-gap, 0)], points
    criterion : what number, word and light of the row speak of; light_now : by the published gap; light : by the
        probability of what ``criterion`` says
    required : over the periods that a decision can still affect; required_open : over all that are open
    missing : units without a figure this year; wanted : the period to ask for
    points : of the unit in the target year
    synthetic_share : of the figures fitted, of the unit, what it is held against, and their ancestors
    breaks : units among those, and months, where coverage or structure may have changed
    single : of the unit and its benchmark, those without cumulative growth this year, with that of their last period
    """

    target: Target
    name_zh: str
    status: RowStatus
    criterion: Criterion
    benchmark: str | None
    target_value: float | None
    ytd: Figure | None
    benchmark_ytd: Figure | None
    gap_pp: float | None
    gap_period: Month | None
    compared: tuple[Figure, Figure] | None
    forecast: Summary | None
    benchmark_forecast: Summary | None
    year_gap_pp: float | None
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
    breaks: tuple[tuple[str, Month], ...] = ()
    single: tuple[tuple[str, Figure], ...] = ()

    __repr__ = brief

    @property
    def to_date(self) -> tuple[Figure | None, Figure | None]:
        """Figures to stand beside each other: of one month where both have one, which the gap is the difference of."""
        return self.compared if self.benchmark and self.compared else (self.ytd, self.benchmark_ytd)

    @property
    def p(self) -> float | None:
        """Probability of what the row speaks of: the one number of leaders' pages."""
        return self.p_near if self.criterion is Criterion.NEAR else self.p_reach

    @property
    def p_other(self) -> float | None:
        """Probability of what it does not speak of."""
        return self.p_reach if self.criterion is Criterion.NEAR else self.p_near


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judgement:
    """A row with what its draws say.

    case : the target and what it is held against
    ends : draws of the year end; None where the target is not judged
    """

    row: Row
    case: Case
    ends: Ends | None

    @property
    def gap(self) -> Floats | None:
        """Draws of the year-end gap, (draw,), fraction; None where the target is not judged."""
        return None if self.ends is None else self.ends.gap[0]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Asked:
    """A target with all that it is judged by."""

    case: Case
    one: IndicatorPaths | None
    paths: Paths
    published: Published
    config: Config

    @property
    def drawn(self) -> bool:
        """Whether the unit and all that it is held against have draws."""
        return not isinstance(self.case.held, Unknown) and set(self.case.units) <= _drawn(self.one)

    @property
    def status(self) -> RowStatus:
        if isinstance(self.case.held, Unknown):
            return _UNKNOWN[self.case.held.reason]
        if self.case.evidence is Evidence.INSUFFICIENT:
            return Status.INSUFFICIENT
        return Status.JUDGED if self.drawn else Status.NO_DRAWS

    @property
    def over(self) -> bool:
        """Whether the figure that decides it is published, of the unit and of all that it is held against."""
        if self.one is None or not self.drawn:
            return False
        last = self.one.published.isel({PERIOD: self.case.period}).sel({UNIT: list(self.case.units)})
        return bool(np.isfinite(last.to_numpy()).all())


_UNKNOWN: Final[Mapping[str, RowStatus]] = {
    "no_benchmark": Status.NO_BENCHMARK,
    "rank_without_siblings": Status.RANK_WITHOUT_SIBLINGS,
}


def _drawn(one: IndicatorPaths | None) -> frozenset[str]:
    return frozenset() if one is None else frozenset(str(unit) for unit in one.cum_yoy[UNIT].values)


def case_of(target: Target, paths: Paths, *, published: Published, config: Config) -> Case:
    """A target with what it is held against, and how much is published of both."""
    one = paths.indicators.get(target.indicator)
    held = benchmark(target, published, _drawn(one))
    theirs = [published.points(unit, target.indicator) for unit in held.units]
    own = published.points(target.unit, target.indicator)
    return Case(
        target=target,
        name_zh=published.panel.indicators[target.indicator].name_zh,
        held=held,
        evidence=classify(
            own,
            min(theirs, default=None),
            config.evidence,
            behind=published.behind(target.unit, held.units, target.indicator),
        ),
        ess=one.ess if one else 1.0,
        decimals=published.panel.indicators[target.indicator].decimals,
        period=-1 if one is None else due(one, target.by),
    )


def due(one: IndicatorPaths, by: int) -> int:
    """Position of the first period that ends in a month of the year or later; -1 for the last."""
    months = [Month.parse(str(label)).month for label in one.cum_yoy[PERIOD].values]
    at = next((k for k, month in enumerate(months) if month >= by), len(months) - 1)
    return -1 if at == len(months) - 1 else at


def judge(target: Target, paths: Paths, *, published: Published, config: Config) -> Judgement:
    """Judge one target.

    Raises
    ------
    NonFiniteError
        A draw is NaN or infinite: it would count as missed.
    """
    one = paths.indicators.get(target.indicator)
    case = case_of(target, paths, published=published, config=config)
    asked = _Asked(case=case, one=one, paths=paths, published=published, config=config)
    status = asked.status
    shown = one and asked.drawn and status is not Status.INSUFFICIENT
    drawn = ends(drawn_ends(one), [case]) if one and shown else None
    if drawn is not None and asked.over:
        status = settled(drawn, 0)
    judged = drawn if status is Status.JUDGED else None
    return Judgement(row=_row(asked, status, drawn, judged), case=case, ends=judged)


def required_until(one: IndicatorPaths, case: Case, goal: Floats, *, action: Month) -> tuple[Required, Required]:
    """Growth that the periods that a decision can affect must average until a target is due, and all that are open.

    Parameters
    ----------
    goal : (draw,), growth that is to be reached, fraction
    action : first month that a decision can affect
    """
    unit = case.target.unit
    until = slice(case.period % one.cum_yoy.sizes[PERIOD] + 1)
    cum, weight = of_unit(one, unit)[:, until], of_unit(one, unit, of="base_weight")
    if until.stop < weight.shape[1]:
        weight = weight[:, until] / weight[:, until].sum(axis=1, keepdims=True)
    labels = [str(label) for label in one.cum_yoy[PERIOD].values[until]]
    open_from = first_open(one.published.sel({UNIT: unit}).transpose(PERIOD).to_numpy()[until])
    start = first_actionable(labels, open_from=open_from, action=action)
    over_actionable, over_open = (
        required(goal, cum=cum, base_weight=weight, labels=labels, start=k, open_from=open_from)
        for k in (start, open_from)
    )
    return over_actionable, over_open


def _to_date(asked: _Asked, unit: str) -> tuple[Figure, ...]:
    """Published cumulative growth of a place until the target is due."""
    target = asked.case.target
    return tuple(f for f in asked.published.to_date(unit, target.indicator) if f.period.month <= target.by)


def _compared(asked: _Asked) -> tuple[Figure, Figure] | None:
    """Published figures of the latest month that the unit and its benchmark both have; None of a rank."""
    target, held = asked.case.target, asked.case.held
    own = _to_date(asked, target.unit)
    if isinstance(held, Constant) and own:
        return own[-1], Figure(own[-1].period, held.growth_pct)
    if isinstance(held, Province):
        theirs = {f.period: f.growth_pct for f in _to_date(asked, held.unit)}
        common = [figure for figure in own if figure.period in theirs]
        if common:
            return common[-1], Figure(common[-1].period, theirs[common[-1].period])
    return None


def _row(asked: _Asked, status: RowStatus, drawn: Ends | None, judged: Ends | None) -> Row:
    case, published = asked.case, asked.published
    target, held = case.target, case.held
    indicator = published.panel.indicators[target.indicator]
    own = _to_date(asked, target.unit)
    theirs = _to_date(asked, held.unit) if isinstance(held, Province) else ()
    compared = _compared(asked)
    gap_pp = compared[0].growth_pct - compared[1].growth_pct if compared else None
    seen = outcome(drawn, 0) if drawn else None
    told = seen if judged else None
    needed = needed_open = Required(status=Status.NOT_JUDGED)
    if drawn is not None and asked.one is not None:
        action = asked.config.first_action_month
        needed, needed_open = required_until(asked.one, case, drawn.goal[0], action=action)
    chain = frozenset(unit for place in case.units for unit in (place, *ancestors(published.panel.units, place)))
    return Row(
        target=target,
        name_zh=indicator.name_zh,
        status=status,
        criterion=Criterion(asked.config.criterion),
        benchmark=held.unit if isinstance(held, Province) else None,
        target_value=target.value if isinstance(held, Unknown) else held.value,
        ytd=own[-1] if own else None,
        benchmark_ytd=theirs[-1] if theirs else None,
        gap_pp=gap_pp,
        gap_period=compared[0].period if compared else None,
        compared=compared,
        forecast=seen.growth if seen else None,
        benchmark_forecast=seen.benchmark_growth if seen else None,
        year_gap_pp=seen.gap_pp if seen else None,
        p_reach=told.p_reach if told else None,
        p_near=told.p_near if told else None,
        p_mcse=told.p_mcse if told else None,
        shortfall_pp=told.shortfall_pp if told else None,
        light_now=light_now(gap_pp, target.tolerance_pp) if gap_pp is not None else None,
        light=_light(told, asked) if told else None,
        required=needed,
        required_open=needed_open,
        history=_history(needed, asked),
        evidence=case.evidence,
        points=published.points(target.unit, target.indicator),
        missing=tuple(unit for unit in case.units if not published.points(unit, target.indicator)),
        wanted=wanted_period(indicator.frequency, asked.paths.target_year, asked.paths.as_of),
        method=asked.one.diagnostics.method if asked.one else asked.paths.method,
        diagnostics=asked.one.diagnostics.status if asked.one else "",
        synthetic_share=published.synthetic_share(chain, target.indicator),
        breaks=_breaks(asked.one, chain),
        single=_single(asked),
    )


def _light(told: Outcome, asked: _Asked) -> Light:
    """Light by the probability of what a row speaks of."""
    return light_ahead(told.p(Criterion(asked.config.criterion)), asked.config.lights[told.case.target.light_rule])


def _single(asked: _Asked) -> tuple[tuple[str, Figure], ...]:
    """Places that are judged on growth of single periods: no growth since January is out this year."""
    name, published = asked.case.target.indicator, asked.published
    bare = [unit for unit in asked.case.units if not published.to_date(unit, name)]
    return tuple((unit, figure) for unit in bare if (figure := published.single(unit, name)) is not None)


def _breaks(one: IndicatorPaths | None, units: frozenset[str]) -> tuple[tuple[str, Month], ...]:
    """Suspected changes of coverage or structure of some units, in order of units and time."""
    named = [text.rsplit(" ", 1) for text in one.diagnostics.breaks] if one else []
    return tuple((unit, Month.parse(month)) for unit, month in named if unit in units)


def _history(needed: Required, asked: _Asked) -> Comparison:
    if needed.median_pct is None:
        return Comparison(status=HistoryStatus.NOT_APPLICABLE)
    target = asked.case.target
    return compare(
        needed.median_pct, asked.published, unit=target.unit, indicator=target.indicator, periods=needed.periods
    )
