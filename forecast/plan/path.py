"""The monthly path that a chosen probability needs, for the city, its counties and projects, beside the forecast.

The demanded path is the forecast path with a constant uplift of single-period growth in the periods that a decision
can still affect; published periods, and open ones before the first month of action, stay as they are. The uplift is
the least with which the wanted share of draws reaches, or comes near: per draw ``u = (-tolerance - gap) / ((1 - s) W)``
with ``W`` the base weight of the periods demanded and ``s`` the city's share of the province, which moves with it; the
wanted quantile of ``u`` over draws is the uplift.

Invariant: with the uplift on the draws exactly the wanted share of them is there, and with less fewer are
(held by ``tests/test_required_path.py``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from forecast.answers.chances import Case, Criterion, Ends, Status, ends
from forecast.answers.evidence import Evidence
from forecast.data.dataset import Dataset
from forecast.data.target import TargetKind
from forecast.dims import DRAW, PERIOD, UNIT, Floats, from_percent, to_percent
from forecast.draws.paths import first_actionable, first_open
from forecast.errors import UsageError
from forecast.periods import Month
from forecast.plan.path_steps import Line, Periods, Scope, scaled_projects, steps_of
from forecast.scenario.effects import World, year_ends

OF_PROJECTS: Final = "fai"
"""Indicator that the investment of projects counts in."""


type PathStatus = Literal[Status.SOLVED, Status.ALREADY_MET, Status.UNREACHABLE, Status.NOT_ACTIONABLE]
"""Whether a path can be demanded, and if not, why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A wish: P(near) or P(reach) at least so much, as a fraction in (0, 1)."""

    criterion: Criterion
    probability: float


DEFAULT: Final = (
    Demand(criterion=Criterion.NEAR, probability=0.5),
    Demand(criterion=Criterion.NEAR, probability=0.7),
    Demand(criterion=Criterion.REACH, probability=0.5),
)
"""What is asked unless something else is: even odds to come near, good odds to come near, even odds to be there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What the demanded periods must bring together, 亿元: mean, quantiles over draws, and what is beyond forecast."""

    level_yi: float
    p10_yi: float
    p90_yi: float
    extra_yi: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredPath:
    """What one wish for one target asks for.

    uplift_pp : points by which single-period growth of the demanded periods lies above its forecast; 0 where the wish
        is met already, None where it cannot be named
    p_now, p_then : probability without and with it; fractions
    first, periods : first of the demanded periods, and their number
    rest : money of all demanded periods of the city; None without a base level, or where nothing is demanded
    lines : the city, then counties and zones, then projects
    """

    case: Case
    demand: Demand
    status: PathStatus
    p_now: float
    p_then: float | None
    uplift_pp: float | None
    first: Month | None
    periods: int
    rest: Rest | None
    lines: tuple[Line, ...]

    @property
    def evidence(self) -> Evidence:
        """How much is published of the target."""
        return self.case.evidence


def uplift(gap: Floats, weight: Floats, *, probability: float, tolerance: float) -> float:
    """Least uplift of growth with which a share of draws is not below minus the tolerance.

    Parameters
    ----------
    gap : (draw,), year-end gap, fraction; weight : (draw,), what a point of uplift adds to it, in [0, 1]
    probability : in (0, 1); tolerance : fraction, >= 0

    Returns
    -------
    float, fraction; negative where there is room to spare, infinite where too many draws that are short cannot be
    moved (weight 0).

    Notes
    -----
    The order statistic of ``(-tolerance - gap) / weight`` at ``ceil(probability * n)``; draws that cannot be moved are
    there already (minus infinity) or never (infinity).
    """
    short = -tolerance - gap
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = np.where(weight > 0.0, short / weight, np.where(short <= 0.0, -np.inf, np.inf))
    rank = math.ceil(probability * len(gap) - 1e-9)
    return float(np.partition(needed, rank - 1)[rank - 1])


def indicators_of(names: Sequence[str], dataset: Dataset) -> tuple[str, ...]:
    """Indicators asked for by id; all where none is.

    Raises
    ------
    UsageError
        One is not in the data set.
    """
    known = tuple(dataset.panel.indicators)
    for name in names:
        if name not in known:
            raise UsageError("usage_backtest_indicator", found=name, expected=", ".join(known))
    return tuple(names) or known


def required_path(
    world: World, cases: Sequence[Case], demands: Sequence[Demand] = DEFAULT, *, below: bool = True
) -> tuple[RequiredPath, ...]:
    """Demanded paths of the city's targets, in the order of the cases, then of the demands.

    Parameters
    ----------
    world : baseline draws and data set
    cases : of ``compare.cases``; those of other places are left out
    below : whether counties, zones and projects have lines too
    """
    mine = [case for case in cases if case.target.unit == world.city]
    return tuple(_Target.of(world, case).path(demand, below=below) for case in mine for demand in demands)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Target:
    """A target with its draws.

    weight : (draw, period); start : first demanded period; moved : (draw,), what uplift adds to the gap
    """

    world: World
    case: Case
    labels: tuple[Month, ...]
    growth: Floats
    cum: Floats
    weight: Floats
    published: int
    start: int
    now: Ends
    moved: Floats

    @classmethod
    def of(cls, world: World, case: Case) -> _Target:
        indicator = case.target.indicator
        one = world.paths.indicators[indicator]
        now = ends(year_ends(world.paths), [case])
        labels = [str(label) for label in one.cum_yoy[PERIOD].values]
        open_from = first_open(one.published.sel({UNIT: world.city}).transpose(PERIOD).to_numpy())
        start = first_actionable(labels, open_from=open_from, action=world.dataset.config.first_action_month)
        weight = world.weight(indicator, world.city)
        share = world.share(world.city, indicator) if case.target.kind is TargetKind.PROVINCE_AVERAGE else None
        return cls(
            world=world,
            case=case,
            labels=tuple(Month.parse(label) for label in labels),
            growth=one.growth.sel({UNIT: world.city}).transpose(DRAW, PERIOD).to_numpy(),
            cum=one.cum_yoy.sel({UNIT: world.city}).transpose(DRAW, PERIOD).to_numpy(),
            weight=weight,
            published=open_from,
            start=start,
            now=now,
            moved=weight[:, start:].sum(axis=1) * (1.0 if share is None else 1.0 - share),
        )

    def path(self, demand: Demand, *, below: bool = True) -> RequiredPath:
        tolerance = from_percent(self.case.tolerance_pp(demand.criterion))
        needed = uplift(self.now.gap[0], self.moved, probability=demand.probability, tolerance=tolerance)
        status = self._status(needed)
        size = needed if status is Status.SOLVED else 0.0
        told = status in (Status.SOLVED, Status.ALREADY_MET)
        return RequiredPath(
            case=self.case,
            demand=demand,
            status=status,
            p_now=self.now.chance(0, demand.criterion),
            p_then=self.now.moved(0, own=size * self.moved).chance(0, demand.criterion) if told else None,
            uplift_pp=to_percent(size) if told else None,
            first=self.labels[self.start] if self.start < len(self.labels) else None,
            periods=len(self.labels) - self.start,
            rest=self._rest(size) if status is Status.SOLVED else None,
            lines=self._lines(size, tolerance, told=told, below=below),
        )

    def _rest(self, size: float) -> Rest | None:
        base = self.world.base_yi(self.world.city, self.case.target.indicator)
        if base is None:
            return None
        weight, growth = self.weight[:, self.start :], self.growth[:, self.start :]
        level = base * (weight * (1.0 + growth + size)).sum(axis=1)
        low, high = np.quantile(level, [0.1, 0.9])
        extra = float((base * weight.sum(axis=1)).mean()) * size
        return Rest(level_yi=float(level.mean()), p10_yi=float(low), p90_yi=float(high), extra_yi=extra)

    def _status(self, needed: float) -> PathStatus:
        if needed <= 0.0:
            return Status.ALREADY_MET
        if self.start >= len(self.labels):
            return Status.NOT_ACTIONABLE
        return Status.SOLVED if np.isfinite(needed) else Status.UNREACHABLE

    def _lines(self, size: float, tolerance: float, *, told: bool, below: bool) -> tuple[Line, ...]:
        """Lines of the city, its counties and zones, and for investment its projects."""
        world, indicator = self.world, self.case.target.indicator
        city = world.dataset.panel.units[world.city]
        base = world.base_yi(world.city, indicator)
        wanted = float((1.0 + self.now.goal[0] - tolerance).mean())
        steps = steps_of(self._periods, (self.growth, self.cum), self.weight, base, size, wanted=wanted, told=told)
        lines = [Line(scope=Scope.CITY, key=city.unit, name_zh=city.name_zh, steps=steps)]
        if not below:
            return tuple(lines)
        inside = [unit for unit in world.dataset.panel.units.values() if unit.parent == city.unit]
        total = self._total([unit.unit for unit in inside if unit.counted_within is None])
        for unit in inside:
            own = world.base_yi(unit.unit, indicator)
            level = None if own is None or total is None or base is None else base * own / total
            drawn = world.drawn(indicator, unit.unit)
            drawn_growth, weight = self._of(unit.unit) if drawn else (None, self.weight)
            lines.append(
                Line(
                    scope=Scope.ZONE if unit.counted_within else Scope.COUNTY,
                    key=unit.unit,
                    name_zh=unit.name_zh,
                    steps=steps_of(self._periods, drawn_growth, weight, level, size, wanted=None, told=told),
                )
            )
        if not (told and indicator == OF_PROJECTS and base is not None):
            return tuple(lines)
        extra = float((base * self.weight[:, self.start :].sum(axis=1)).mean()) * size
        return (*lines, *scaled_projects(world.dataset.ledger.projects, self.labels[self.start :], extra))

    @property
    def _periods(self) -> Periods:
        return Periods(labels=self.labels, published=self.published, start=self.start)

    def _of(self, unit: str) -> tuple[tuple[Floats, Floats], Floats]:
        """Growth of single periods, and to date, and base weights of a place with draws, (draw, period)."""
        one = self.world.paths.indicators[self.case.target.indicator]
        growth, cum = (
            array.sel({UNIT: unit}).transpose(DRAW, PERIOD).to_numpy() for array in (one.growth, one.cum_yoy)
        )
        return (growth, cum), self.world.weight(self.case.target.indicator, unit)

    def _total(self, counties: Sequence[str]) -> Floats | None:
        """Base levels of all counties together, (draw,); None where one has none."""
        levels = [self.world.base_yi(unit, self.case.target.indicator) for unit in counties]
        known = [level for level in levels if level is not None]
        return np.sum(known, axis=0) if known and len(known) == len(levels) else None
