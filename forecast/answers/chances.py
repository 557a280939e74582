"""The one count of a probability: where a year ends, what it is held against, and how often it is there.

Every surface's P(reach) and P(near) come from here: the judgement's, a scenario's, a plan's, a path's, the news', those
of past months. A caller says where units end the year, with or without the effects of a scenario, and which targets are
meant; what a target is held against is worked out in one place.

Invariant: a probability is never 0 or 1, and moves the right way: a better year end never lowers it
(held by ``tests/test_chances.py``).

What a target holds a unit against: its province, places of the same kind, or a growth named beforehand.

Invariant: a benchmark that is not ``Unknown`` names units that have draws, or none (held by
``tests/test_attainment.py``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from forecast.answers.evidence import Evidence, Published
from forecast.data.panel import nearest_province
from forecast.data.target import Target, TargetKind
from forecast.dims import Floats, brief, from_percent, to_percent
from forecast.draws.paths import IndicatorPaths, of_unit
from forecast.errors import NonFiniteError

FEWEST_SIBLINGS: Final = 2
"""Other units of the same kind without which a rank says nothing."""


@dataclass(frozen=True, slots=True)
class Province:
    """The average of the province: the province's own growth, not the mean of its cities."""

    unit: str

    @property
    def units(self) -> tuple[str, ...]:
        """Units whose growth the benchmark is made of."""
        return (self.unit,)

    @property
    def value(self) -> float | None:
        """No value of its own."""
        return None


@dataclass(frozen=True, slots=True)
class Constant:
    """A growth named beforehand, percent."""

    growth_pct: float

    @property
    def units(self) -> tuple[str, ...]:
        """Units whose growth the benchmark is made of: none."""
        return ()

    @property
    def value(self) -> float | None:
        """Percent."""
        return self.growth_pct


@dataclass(frozen=True, slots=True)
class Siblings:
    """A place among the other units of the same kind; rank 1 is the best."""

    units: tuple[str, ...]
    rank: int

    @property
    def value(self) -> float | None:
        """The rank."""
        return float(self.rank)


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing to be held against: no province above the unit, or too few siblings for a rank."""

    reason: Literal["no_benchmark", "rank_without_siblings"]

    @property
    def units(self) -> tuple[str, ...]:
        """Units whose growth the benchmark is made of: none."""
        return ()


type Benchmark = Province | Constant | Siblings | Unknown


def benchmark(target: Target, published: Published, drawn: frozenset[str]) -> Benchmark:
    """What a target row holds its unit against.

    Parameters
    ----------
    published : units of the data set and their figures of the target year
    drawn : units that have draws of the target's indicator

    Returns
    -------
    Benchmark. For a rank the siblings are units of the same level and parent with draws and a figure this year; zones
    that a county contains are left out, and at least two others are needed.
    """
    match target.kind:
        case TargetKind.PLAN:
            return Constant(float(target.value or 0.0))
        case TargetKind.POSITIVE_GROWTH:
            return Constant(0.0)
        case TargetKind.PROVINCE_AVERAGE:
            province = nearest_province(published.panel.units, target.unit)
            return Province(province) if province else Unknown("no_benchmark")
        case TargetKind.RANK:
            return _siblings(target, published, drawn)


def _siblings(target: Target, published: Published, drawn: frozenset[str]) -> Siblings | Unknown:
    units = published.panel.units
    own = units[target.unit]
    others = tuple(
        unit.unit
        for unit in units.values()
        if (unit.level, unit.parent) == (own.level, own.parent)
        and unit.unit != own.unit
        and unit.counted_within is None
        and unit.unit in drawn
        and published.points(unit.unit, target.indicator)
    )
    rank = int(target.value or 0)
    if len(others) < FEWEST_SIBLINGS or not 1 <= rank <= len(others):
        return Unknown("rank_without_siblings")
    return Siblings(others, rank)


TIE: Final = 1e-6
"""Part of the last published digit below which two figures are the same one in another binary representation."""
DECIMALS: Final = 1
"""Digits that growth is published with unless ``indicators.csv`` says otherwise: the bureaus' bulletins have one."""
MOST_STEPS: Final = 60
"""Halvings of an interval: beyond them binary numbers have no more digits."""


class Criterion(StrEnum):
    """What counts as attained: 达到, or 达到或接近."""

    REACH = "reach"
    NEAR = "near"

    @property
    def other(self) -> Criterion:
        """The one that is not spoken of."""
        return Criterion.REACH if self is Criterion.NEAR else Criterion.NEAR


class Status(StrEnum):
    """What came of a question; every answer names those that it can have."""

    JUDGED = "judged"
    INSUFFICIENT = "insufficient"
    NO_DRAWS = "no_draws"
    NO_BENCHMARK = "no_benchmark"
    RANK_WITHOUT_SIBLINGS = "rank_without_siblings"
    REACHED = "reached"
    CLOSE = "close"
    MISSED = "missed"
    NOT_JUDGED = "not_judged"
    NO_BASE = "no_base"
    OPEN = "open"
    CLOSED = "closed"
    NEEDED = "needed"
    ALREADY_MET = "already_met"
    SOLVED = "solved"
    UNREACHABLE = "unreachable"
    NOT_ACTIONABLE = "not_actionable"
    SUPPORTED = "supported"
    PARTLY_OPEN = "partly_open"
    INFEASIBLE = "infeasible"


type Settled = Literal[Status.REACHED, Status.CLOSE, Status.MISSED]
"""How a year ended that is published already, for which there is no probability: 已达到, 接近, 未达到."""
SETTLED: Final = frozenset({Status.REACHED, Status.CLOSE, Status.MISSED})
"""Those of ``Settled``."""
type RowStatus = Literal[
    Status.JUDGED,
    Status.INSUFFICIENT,
    Status.NO_DRAWS,
    Status.NO_BENCHMARK,
    Status.RANK_WITHOUT_SIBLINGS,
    Status.REACHED,
    Status.CLOSE,
    Status.MISSED,
]
"""Whether a target could be judged, and if not, why; or how it ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A target, and what it is held against.

    ess : effective number of draws behind a probability
    decimals : digits that its growth is published with
    period : position of the period whose cumulative growth is meant; -1: the year's end
    """

    target: Target
    name_zh: str
    held: Benchmark
    evidence: Evidence
    ess: float
    decimals: int = DECIMALS
    period: int = -1

    __repr__ = brief

    @property
    def key(self) -> tuple[str, str, str]:
        """Indicator, unit and kind of the target, with the month of one that is due before the year ends."""
        return self.target.key

    @property
    def units(self) -> tuple[str, ...]:
        """Places whose draws decide it, its own first."""
        return self.target.unit, *self.held.units

    @property
    def in_assessment(self) -> bool:
        """Whether it is an assessed indicator that is held against the province's average."""
        return self.target.assessed and self.target.yearly_average and isinstance(self.held, Province)

    def tolerance_pp(self, criterion: Criterion) -> float:
        """How far below still counts, points."""
        return self.target.tolerance_pp if criterion is Criterion.NEAR else 0.0


type EndsOf = Callable[[str, str, int], Floats]
"""Cumulative growth of an indicator of a unit at a period (-1: the year's end), (draw,), fraction."""


def drawn_ends(one: IndicatorPaths) -> EndsOf:
    """Growth as drawn, of the units of one indicator.

    Raises
    ------
    NonFiniteError
        A draw is NaN or infinite: it would count as missed.
    """
    return lambda _, unit, period: of_unit(one, unit)[:, period]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ends:
    """Growth of targets' units and of what these are held against when they are due, (case, draw), fraction, paired."""

    cases: tuple[Case, ...]
    own: Floats
    goal: Floats

    @property
    def gap(self) -> Floats:
        """Unit minus benchmark, (case, draw), fraction."""
        return np.asarray(self.own - self.goal)

    def hits(self, at: int, criterion: Criterion) -> npt.NDArray[np.bool_]:
        """Draws in which a case is attained at the digit that is published, (draw,)."""
        return _ticks(self.own[at], self.cases[at].decimals) >= self._least(at, criterion)

    def slack(self, at: int, criterion: Criterion) -> Floats:
        """How far the unit's growth is above the least that is printed as attained, (draw,), fraction.

        Not below 0 where the case is attained; as smooth in the unit's growth as that is, for a solver.
        """
        least = (self._least(at, criterion) - 0.5) / _unit(self.cases[at].decimals)
        return np.asarray(self.own[at] - least)

    def _least(self, at: int, criterion: Criterion) -> Floats:
        """Least growth of the unit that is attained, (draw,), whole published digits."""
        case = self.cases[at]
        stated = isinstance(case.held, Constant)  # a number that was named beforehand is nobody's to round
        goal = self.goal[at] * _unit(case.decimals) if stated else _ticks(self.goal[at], case.decimals)
        return np.ceil(goal - case.tolerance_pp(criterion) * 10.0**case.decimals - TIE)

    def chance(self, at: int, criterion: Criterion) -> float:
        """Probability that a case is attained, in (0, 1)."""
        return share_of(self.hits(at, criterion))

    def moved(self, at: int, *, own: Floats | float, goal: Floats | float = 0.0) -> Ends:
        """One case alone, with its unit and what it is held against moved by so much, fraction."""
        return Ends(cases=(self.cases[at],), own=self.own[[at]] + own, goal=self.goal[[at]] + goal)


def ends(ends_of: EndsOf, cases: Sequence[Case]) -> Ends:
    """Growth of cases, and of what each is held against, when they are due: the year's end unless a case says else.

    Raises
    ------
    NonFiniteError
        A draw is NaN or infinite: compared with a benchmark it would silently count as missed.
    ValueError
        There is nothing that a case is held against.
    """
    known: dict[tuple[str, str, int], Floats] = {}

    def end(indicator: str, unit: str, period: int) -> Floats:
        key = (indicator, unit, period)
        if key not in known:
            found = ends_of(*key)
            if not np.isfinite(found).all():
                raise NonFiniteError(f"year-end growth of {indicator}, {unit}: a draw is NaN or infinite")
            known[key] = found
        return known[key]

    own = [end(case.target.indicator, case.target.unit, case.period) for case in cases]
    return Ends(cases=tuple(cases), own=np.array(own), goal=np.array([_goal(case, end) for case in cases]))


def _goal(case: Case, end: EndsOf) -> Floats:
    """Growth that a case is held against, (draw,); for rank k the k-th best of the others: a tie is enough."""
    indicator, period = case.target.indicator, case.period
    match case.held:
        case Province(unit):
            return end(indicator, unit, period)
        case Siblings(units, rank):
            others = np.sort(np.array([end(indicator, unit, period) for unit in units]), axis=0)
            return np.asarray(others[len(units) - rank])
        case Constant(growth_pct):
            return np.full_like(end(indicator, case.target.unit, period), from_percent(growth_pct))
        case Unknown(reason):
            raise ValueError(f"nothing to be held against: {reason}")


def _unit(decimals: int) -> float:
    """Published digits in a growth of 1 (100 %)."""
    return float(10.0 ** (decimals + 2))


def _ticks(growth: Floats, decimals: int) -> Floats:
    """Growth as the bureau prints it, in whole units of its last digit; halves away from zero."""
    return np.copysign(np.floor(np.abs(growth) * _unit(decimals) + 0.5 + TIE), growth)


def published(growth: Floats, decimals: int = DECIMALS) -> Floats:
    """Growth as the bureau prints it, fraction: rounded to ``decimals`` of a percent, halves away from zero."""
    return np.asarray(_ticks(growth, decimals) / _unit(decimals))


def attained(own: Floats, goal: Floats, *, decimals: int = DECIMALS) -> npt.NDArray[np.bool_]:
    """Whether a growth, as it is printed, is not below another, (draw,) or any shape; a tie is attained."""
    return np.asarray(_ticks(own, decimals) >= _ticks(goal, decimals))


def settled(found: Ends, at: int) -> Settled:
    """How a case ended whose year is published, so that every draw says the same."""
    if found.hits(at, Criterion.REACH).all():
        return Status.REACHED
    return Status.CLOSE if found.hits(at, Criterion.NEAR).all() else Status.MISSED


def least_move(
    found: Ends, at: int, criterion: Criterion, *, probability: float, own: Floats, goal: Floats | float = 0.0
) -> float:
    """Least multiple of a movement with which a case is attained with a probability, counted as it is printed.

    Parameters
    ----------
    own, goal : (draw,), what one of it adds to the unit's year-end growth, and to what it is held against; fraction
    probability : in (0, 1)

    Returns
    -------
    float, 0 where the probability is there already; infinite where no multiple would do.

    Notes
    -----
    A draw need not gain by moving, for its benchmark may be rounded up before its unit is; the probability does, so
    that the place where it passes what is wished is found by halving. It is there at the multiple returned, and
    is not one part in a million below.
    """

    def chance(size: float) -> float:
        return found.moved(at, own=size * own, goal=size * goal).chance(0, criterion)

    if chance(0.0) >= probability:
        return 0.0
    short = np.maximum(-found.slack(at, criterion), 0.0) + 2.0 / _unit(found.cases[at].decimals)
    gain = np.asarray(own - goal)
    able = gain > 0.0
    low, high = 0.0, float(np.max(short[able] / gain[able], initial=0.0))
    if chance(high) < probability:
        return math.inf
    for _ in range(MOST_STEPS):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if chance(middle) >= probability else (middle, high)
        if high - low <= 1e-9 * high:
            break
    return high


def bounded_share(hits: int, draws: int) -> float:
    """Probability from a count of draws, never 0 or 1: ``(k + 0.5) / (n + 1)``.

    A share of none of n draws is no proof of impossibility. ``draws`` >= 1; the result is in (0, 1).
    """
    return (hits + 0.5) / (draws + 1.0)


def share_of(hits: npt.NDArray[np.bool_]) -> float:
    """Probability from one boolean a draw, (draw,), in (0, 1)."""
    return bounded_share(int(hits.sum()), len(hits))


def standard_error(p: float, ess: float) -> float:
    """Monte Carlo error of a probability: ``sqrt(p (1 - p) / ess)``."""
    return float(np.sqrt(p * (1.0 - p) / ess))


@dataclass(frozen=True, slots=True)
class Summary:
    """Median, which is the point forecast everywhere, and 80 % interval of year-end growth over draws, percent."""

    median_pct: float
    p10_pct: float
    p90_pct: float

    @classmethod
    def of(cls, growth: Floats) -> Summary:
        """Of draws of growth, (draw,), fraction."""
        low, middle, high = to_percent(np.quantile(growth, [0.1, 0.5, 0.9]))
        return cls(float(middle), float(low), float(high))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One target on some draws, against the same draws before; growth in percent, gaps in points, P fractions.

    growth, benchmark_growth : at the end of the year
    gap_pp : median of unit minus benchmark, paired draws; shortfall_pp : E[max(-gap, 0)]
    p_mcse : Monte Carlo error of ``p_reach``
    change_* : of each number against before, 0 for the baseline itself; change_mcse : Monte Carlo error of
        ``change_reach``, from paired draws
    p_better : probability that the gap is better than before; half where nothing changes
    """

    case: Case
    growth: Summary
    benchmark_growth: Summary
    gap_pp: float
    shortfall_pp: float
    p_reach: float
    p_near: float
    p_mcse: float
    change_growth_pp: float
    change_gap_pp: float
    change_reach: float
    change_near: float
    change_mcse: float
    p_better: float

    __repr__ = brief

    def p(self, criterion: Criterion) -> float:
        """Probability of what is spoken of."""
        return self.p_near if criterion is Criterion.NEAR else self.p_reach

    def change(self, criterion: Criterion) -> float:
        """Its change, fraction."""
        return self.change_near if criterion is Criterion.NEAR else self.change_reach

    def p_before(self, criterion: Criterion) -> float:
        """What it was before, in [0, 1]."""
        return min(max(self.p(criterion) - self.change(criterion), 0.0), 1.0)


def outcome(now: Ends, at: int, *, before: Ends | None = None) -> Outcome:
    """What the draws say of a case, and what they said before.

    Parameters
    ----------
    before : the same cases on the same draws without what is asked about; None where nothing is
    """
    base, case = before or now, now.cases[at]
    gap, gap_before = now.own[at] - now.goal[at], base.own[at] - base.goal[at]
    reach, reach_before = now.hits(at, Criterion.REACH), base.hits(at, Criterion.REACH)
    p_reach, p_near = share_of(reach), now.chance(at, Criterion.NEAR)
    paired = reach.astype(np.float64) - reach_before
    growth = Summary.of(now.own[at])
    gap_pp = median_pp(gap)
    return Outcome(
        case=case,
        growth=growth,
        benchmark_growth=Summary.of(now.goal[at]),
        gap_pp=gap_pp,
        shortfall_pp=to_percent(float(np.maximum(-gap, 0.0).mean())),
        p_reach=p_reach,
        p_near=p_near,
        p_mcse=standard_error(p_reach, case.ess),
        change_growth_pp=growth.median_pct - median_pp(base.own[at]),
        change_gap_pp=gap_pp - median_pp(gap_before),
        change_reach=p_reach - share_of(reach_before),
        change_near=p_near - base.chance(at, Criterion.NEAR),
        change_mcse=float(paired.std() / np.sqrt(case.ess)),
        p_better=better(gap, gap_before),
    )


def median_pp(values: Floats) -> float:
    """Median over draws, (draw,), of fractions: percent, or points of a difference."""
    return to_percent(float(np.median(values)))


def better(a: Floats, b: Floats) -> float:
    """Share of draws in which a gap is better than another, (draw,) each; ties count half."""
    return float((a > b).mean() + 0.5 * (a == b).mean())
