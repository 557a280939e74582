"""Scores of an assessment (考核得分), draw by draw, from the rules of ``data.assessment``.

Rules and their sources are printed beside results. Growth is in percent at published digits, as an assessment reads it.

Invariant: every rule gives the number worked by hand for its published example (held by ``tests/test_scores.py``), and
a score never falls when a unit's own growth rises.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from forecast.answers.ranks import ranked
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
from forecast.dims import Floats, brief

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
