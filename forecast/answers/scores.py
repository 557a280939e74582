"""Scores of an assessment (考核得分), draw by draw, from the rules of ``data.assessment``.

Rules and their sources are printed beside results. Growth is in percent at published digits, as an assessment reads it.

Invariant: every rule gives the number worked by hand for its published example (held by ``tests/test_scores.py``), and
a score never falls when a unit's own growth rises.

The league of a city: ranks of all its siblings for every indicator, and their scores, from one set of draws.

Invariant: a rank target's probability is that of the table of ranks, and an indicator without draws is named, never
ranked (held by ``tests/test_league.py``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from forecast.answers.chances import published
from forecast.answers.evidence import Published
from forecast.answers.ranks import (
    RankAnswer,
    RankCourse,
    RankMove,
    rank_answers,
    rank_course,
    rank_move,
    ranked,
    siblings,
)
from forecast.data.assessment import (
    Assessment,
    ByRank,
    Completion,
    Efficacy,
    Event,
    GapLinear,
    GapSteps,
    Item,
    Met,
    MetThenRank,
)
from forecast.data.panel import Config, Panel, nearest_province
from forecast.dims import DRAW, PERIOD, UNIT, Floats, brief, to_percent
from forecast.draws.paths import IndicatorPaths, Paths
from forecast.periods import Month

WORST: Final = 60.0
"""Points of 100 that the worst gets by the efficacy coefficient: the published form of 功效系数法."""
SPAN: Final = 40.0
"""Points of 100 between the worst and the best."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standing:
    """What a rule is applied to: one indicator at one month, all siblings.

    growth : (draw, unit), cumulative growth at published digits, percent
    average : (draw,), the province's at published digits, percent; None where nothing draws it
    level : (draw, unit), level at that month, any unit of money; None where no base is known
    """

    growth: Floats
    average: Floats | None = None
    level: Floats | None = None

    __repr__ = brief


class NotScored(Exception):  # noqa: N818 - an outcome, not a failure: the caller names what is missing
    """A rule lacks what it needs: the province's growth or a level."""


def points(item: Item, standing: Standing, *, ties: str = "best") -> Floats:
    """Points of one item, (draw, unit), at one month and for the whole weight.

    Raises
    ------
    NotScored
        The rule needs the province's growth, or levels, and there are none.
    """
    x = standing.growth
    match item:
        case Met(weight=weight):
            return np.where(x >= _goal(item.target, standing), weight, 0.0)
        case MetThenRank(weight=weight, basis=basis, quotient=quotient):
            above = (weight - basis) * _by_rank(x, quotient, ties)
            return np.where(x >= _goal(item.target, standing), basis + above, 0.0)
        case Completion():
            return _completion(item, x, _goal(item.target, standing))
        case ByRank(weight=weight, quotient=quotient):
            return weight * _by_rank(x, quotient, ties)
        case GapSteps():
            gap = x - _average(standing)[:, None]
            moved = np.sign(gap) * _in_steps(np.abs(gap), item)
            return np.clip(item.weight + moved, item.floor, item.cap)
        case GapLinear(weight=weight, per_tenth=per_tenth):
            gap = x - _average(standing)[:, None]
            return np.clip(weight + per_tenth * 10.0 * gap, item.floor, item.cap)
        case Efficacy():
            return _efficacy(item, standing)


def _goal(target: float | str, standing: Standing) -> Floats:
    return _average(standing)[:, None] if target == "province" else np.full((1, 1), float(target))


def _average(standing: Standing) -> Floats:
    if standing.average is None:
        raise NotScored("average")
    return standing.average


def _by_rank(growth: Floats, quotient: float, ties: str) -> Floats:
    rank = ranked(growth, "average" if ties == "average" else "best")
    return np.maximum(0.0, 1.0 - quotient * (rank - 1.0))


def _completion(item: Completion, x: Floats, goal: Floats) -> Floats:
    over = np.minimum(item.bonus * np.maximum(x - goal, 0.0), item.cap)
    match item.below:
        case "share":
            under = item.weight * np.maximum(0.0, x / goal)
        case "zero":
            under = np.zeros_like(x)
        case per_point:
            under = np.maximum(0.0, item.weight - float(per_point) * (goal - x))
    return np.where(x >= goal, item.weight + over, under)


def _in_steps(gap: Floats, item: GapSteps) -> Floats:
    """Points that a gap above 0 earns: within each step its points times weight over the step's divisor."""
    total, start = np.zeros_like(gap), 0.0
    for step in item.steps:
        end = np.inf if step.to is None else step.to
        total += (np.clip(gap, start, end) - start) * item.weight / step.divisor
        start = end
    return total


def _efficacy(item: Efficacy, standing: Standing) -> Floats:
    dynamic = _coefficient(standing.growth, item.worst, item.best)
    if item.static == 0.0:
        return item.weight * dynamic / 100.0
    if standing.level is None:
        raise NotScored("level")
    static = _coefficient(standing.level, None, None)
    return item.weight * (item.static * static + (1.0 - item.static) * dynamic) / 100.0


def _coefficient(x: Floats, worst: float | None, best: float | None) -> Floats:
    """60 to 100 between worst and best; where all siblings are equal, all are best."""
    low = np.full((len(x), 1), worst) if worst is not None else x.min(axis=1, keepdims=True)
    high = np.full((len(x), 1), best) if best is not None else x.max(axis=1, keepdims=True)
    span = np.where(high > low, high - low, 1.0)
    share = np.where(high > low, np.clip((x - low) / span, 0.0, 1.0), 1.0)
    return WORST + SPAN * share


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """Scores of all siblings.

    units : of the last axis
    total : (draw, unit), with events and the parent's share
    items : indicator -> (draw, unit), points of that item over its months
    events : name -> (draw, unit), how often it happens until December
    lowest : (draw, unit), whether a veto puts the unit in the lowest class
    left_out : indicator -> what is missing: items that could not be scored; their weight is not in ``reachable``
    """

    assessment: Assessment
    units: tuple[str, ...]
    total: Floats
    items: Mapping[str, Floats]
    events: Mapping[str, Floats]
    lowest: Floats
    left_out: Mapping[str, str]

    @property
    def reachable(self) -> float:
        """Weight of the items that were scored."""
        return sum(item.weight for item in self.assessment.items if item.indicator in self.items)

    def ranks(self) -> Floats:
        """Rank of every unit by score in every draw, (draw, unit), equals sharing the better one."""
        return ranked(np.round(self.total, 6))

    def classes(self) -> Mapping[str, Floats]:
        """P(class) of every unit, (unit,), from the best class to the lowest; what no class takes in is in none."""
        shares: dict[str, Floats] = {}
        names = self.assessment.classes
        taken = np.zeros_like(self.lowest, dtype=bool)
        for k, one in enumerate(names):
            inside = (self.total >= one.at_least) & ~taken & ~self.lowest.astype(bool)
            if k == len(names) - 1:
                inside = ~taken
            taken |= inside
            shares[one.name] = inside.mean(axis=0)
        return shares

    def spread(self, unit: str, bins: int = 24) -> tuple[Floats, Floats]:
        """Distribution of a unit's score: edges of bins of whole or half points, (bin + 1,), and shares of draws."""
        own = self.total[:, self.units.index(unit)]
        step = max(math.ceil(2.0 * float(np.ptp(own)) / bins) / 2.0, 0.5)
        edges = np.arange(math.floor(own.min() / step), math.floor(own.max() / step) + 2) * step
        return edges, np.histogram(own, edges)[0] / len(own)

    def lost(self) -> Mapping[str, Floats]:
        """Points that each item is expected to cost, weight minus expected points, (unit,)."""
        weight = {item.indicator: item.weight for item in self.assessment.items}
        return {name: weight[name] - earned.mean(axis=0) for name, earned in self.items.items()}


def scores(assessment: Assessment, standings: Mapping[tuple[str, int], Standing], units: Sequence[str]) -> Scores:
    """Scores of all siblings in every draw.

    Parameters
    ----------
    standings : (indicator, month of the year) -> what the rules of that indicator are applied to at that month
    units : of the last axis of every standing

    An item without a standing, or whose rule lacks something, is left out and named; nothing is guessed.
    """
    items: dict[str, Floats] = {}
    left_out: dict[str, str] = {}
    for item in assessment.items:
        parts = [(share, standings.get((item.indicator, month))) for month, share in item.parts.items()]
        if any(standing is None for _, standing in parts):
            left_out[item.indicator] = "draws"
            continue
        try:
            items[item.indicator] = sum(
                (share * points(item, standing, ties=assessment.ties) for share, standing in parts if standing),
                start=np.zeros(()),
            )
        except NotScored as lack:
            left_out[item.indicator] = str(lack)
    shape = next(iter(standings.values())).growth.shape if standings else (1, len(units))
    events, lowest = {}, np.zeros(shape)
    total = sum(items.values(), start=np.zeros(shape))
    for event in assessment.events:
        times = _times(event, standings, shape)
        events[event.name] = times
        total = total + event.points * times
        if event.veto:
            lowest = np.maximum(lowest, times > 0)
    if assessment.parent_score is not None:
        total = assessment.shared * assessment.parent_score + (1.0 - assessment.shared) * total
    return Scores(
        assessment=assessment,
        units=tuple(units),
        total=total,
        items=items,
        events=events,
        lowest=lowest,
        left_out=left_out,
    )


def _times(event: Event, standings: Mapping[tuple[str, int], Standing], shape: tuple[int, ...]) -> Floats:
    """How many rounds name each unit: those where it is among the last; equals at the edge are named alike."""
    times = np.zeros(shape)
    for month in event.months:
        standing = standings.get((event.indicator, month))
        if standing is not None:
            worse = ranked(-standing.growth)
            times += worse <= event.last
    return times


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class League:
    """Ranks and scores of a city and its siblings.

    units : the siblings in official order, with draws or not
    ranks : indicator -> answers of the siblings that have draws; indicators with fewer than two are left out
    period : indicator -> the latest period that most siblings have published this year, of the ranks now; None: none
    scores : None where the data set states no assessment, or nothing of it can be scored
    scored : siblings that the scores are of: those with draws of every item that is scored
    """

    units: tuple[str, ...]
    ranks: Mapping[str, tuple[RankAnswer, ...]]
    period: Mapping[str, Month | None]
    scores: Scores | None

    def of(self, indicator: str, unit: str) -> RankAnswer | None:
        """Where one unit ends the year by one indicator; None where it is not ranked."""
        return next((one for one in self.ranks.get(indicator, ()) if one.unit == unit), None)


def league(paths: Paths, panel: Panel, config: Config, *, unit: str | None = None) -> League:
    """Ranks and scores of a unit (the city unless told) and its siblings at the end of the year."""
    own = unit or config.city
    units = siblings(tuple(panel.units.values()), own)
    figures = Published.of(panel, paths.as_of, paths.target_year)
    ranks: dict[str, tuple[RankAnswer, ...]] = {}
    periods: dict[str, Month | None] = {}
    for name, one in paths.indicators.items():
        drawn = _drawn(one, units, figures)
        if len(drawn) < 2 or own not in drawn:
            continue
        period, now = _now(figures, name, drawn)
        digits = panel.indicators[name].decimals
        periods[name] = period
        ranks[name] = rank_answers(
            year_end(one, drawn, digits), drawn, indicator=name, of=len(units), now=now, decimals=digits
        )
    return League(units=units, ranks=ranks, period=periods, scores=_scores(paths, panel, config, figures, units))


def course(paths: Paths, panel: Panel, found: League, indicator: str) -> RankCourse:
    """Ranks through the year of all siblings that are ranked by an indicator."""
    one, units = paths.indicators[indicator], [answer.unit for answer in found.ranks[indicator]]
    drawn = one.cum_yoy.sel({UNIT: units}).transpose(DRAW, UNIT, PERIOD).to_numpy()
    known = np.isfinite(one.published.sel({UNIT: units}).transpose(UNIT, PERIOD).to_numpy())
    digits = panel.indicators[indicator].decimals
    return rank_course(
        np.asarray(to_percent(published(drawn.astype(np.float64), digits))),
        units,
        [str(label) for label in one.cum_yoy[PERIOD].values],
        known,
    )


def last_move(paths: Paths, panel: Panel, found: League, indicator: str, unit: str) -> tuple[Month, RankMove] | None:
    """What moved a unit's published rank since the period before, and that period; None where there is no such."""
    units = [answer.unit for answer in found.ranks[indicator]]
    told = _told(Published.of(panel, paths.as_of, paths.target_year), indicator, units)
    common = _common(told)
    if len(common) < 2:
        return None
    then, now = (np.array([told[one].get(month, np.nan) for one in units]) for month in common[-2:])
    move = rank_move(then, now, units, unit)
    return None if move is None else (common[-2], move)


def year_end(one: IndicatorPaths, units: Sequence[str], decimals: int, period: int = -1) -> Floats:
    """Cumulative growth at a period at published digits, percent, (draw, unit)."""
    drawn = one.cum_yoy.sel({UNIT: list(units)}).isel({PERIOD: period}).transpose(DRAW, UNIT).to_numpy()
    return np.asarray(to_percent(published(drawn.astype(np.float64), decimals)))


def _drawn(one: IndicatorPaths, units: Sequence[str], figures: Published) -> tuple[str, ...]:
    """Siblings with draws and a figure of this year: without one a rank would only repeat the prior."""
    have = set(map(str, one.cum_yoy[UNIT].values))
    return tuple(unit for unit in units if unit in have and figures.points(unit, one.indicator))


def _now(figures: Published, indicator: str, units: Sequence[str]) -> tuple[Month | None, Floats]:
    """Figures of the latest period that most of the siblings have, percent; NaN where a sibling lacks it."""
    told = _told(figures, indicator, units)
    common = _common(told)
    if not common:
        return None, np.full(len(units), np.nan)
    return common[-1], np.array([told[unit].get(common[-1], np.nan) for unit in units])


def _told(figures: Published, indicator: str, units: Sequence[str]) -> dict[str, dict[Month, float]]:
    return {unit: {one.period: one.growth_pct for one in figures.to_date(unit, indicator)} for unit in units}


def _common(told: Mapping[str, Mapping[Month, float]]) -> list[Month]:
    """Periods that most of the siblings have, in order."""
    months = sorted({month for own in told.values() for month in own})
    return [month for month in months if sum(month in own for own in told.values()) * 2 > len(told)]


def _scores(paths: Paths, panel: Panel, config: Config, figures: Published, units: Sequence[str]) -> Scores | None:
    rules = config.assessment
    if rules is None:
        return None
    named = {item.indicator for item in rules.items} & set(paths.indicators)
    drawn = {name: frozenset(_drawn(paths.indicators[name], units, figures)) for name in named}
    scored = tuple(unit for unit in units if all(unit in have for have in drawn.values()))
    if len(scored) < 2:
        return None
    standings: dict[tuple[str, int], Standing] = {}
    wanted = {(item.indicator, month) for item in rules.items for month in item.parts}
    wanted |= {(event.indicator, month) for event in rules.events for month in event.months}
    for name, month in sorted(wanted):
        one = paths.indicators.get(name)
        at = None if one is None else _position(one, month)
        if one is not None and at is not None and set(scored) <= set(_drawn(one, units, figures)):
            standings[name, month] = _standing(one, scored, at, panel)
    return scores(rules, standings, scored) if standings else None


def _position(one: IndicatorPaths, month: int) -> int | None:
    labels = [Month.parse(str(label)).month for label in one.cum_yoy[PERIOD].values]
    return labels.index(month) if month in labels else None


def _standing(one: IndicatorPaths, units: Sequence[str], at: int, panel: Panel) -> Standing:
    province, digits = nearest_province(panel.units, units[0]), panel.indicators[one.indicator].decimals
    have = set(map(str, one.cum_yoy[UNIT].values))
    average = year_end(one, (province,), digits, at)[:, 0] if province is not None and province in have else None
    growth = year_end(one, units, digits, at)
    return Standing(growth=growth, average=average, level=_levels(one.indicator, units, growth, panel))


def _levels(indicator: str, units: Sequence[str], growth: Floats, panel: Panel) -> Floats | None:
    """Levels at the end of the year, 亿元; None unless the base of every sibling is known."""
    bases = panel.bases[panel.bases["indicator"] == indicator].set_index("unit")["base_level_yi"]
    if not set(units) <= set(bases.index) or bases.loc[list(units)].isna().any():
        return None
    return np.asarray(bases.loc[list(units)].to_numpy() * (1.0 + growth / 100.0))
