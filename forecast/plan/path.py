"""The monthly path that a chosen probability needs, for the city, its counties and projects, beside the forecast.

The demanded path is the forecast path with a constant uplift of single-period growth in the periods that a decision
can still affect; published periods, and open ones before the first month of action, stay as they are. The uplift is
that of the one ``tasks.need``: the least with which the wanted share of draws reaches, or comes near, as printed.

Invariant: with the uplift on the draws the wanted share of them is there, and with less it is not
(held by ``tests/test_required_path.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from forecast.answers.chances import Case, Criterion, Status
from forecast.answers.evidence import Evidence
from forecast.data.dataset import Dataset
from forecast.dims import DRAW, PERIOD, UNIT, Floats, brief, from_percent
from forecast.errors import UsageError
from forecast.periods import Month
from forecast.plan.path_steps import Line, Periods, Scope, scaled_projects, steps_of
from forecast.scenario.effects import World
from forecast.tasks.need import Lift, Need, need_of

_STATUS: Final[Mapping[Status, PathStatus]] = {
    Status.ALREADY_MET: Status.ALREADY_MET,
    Status.UNREACHABLE: Status.UNREACHABLE,
    Status.NOT_ACTIONABLE: Status.NOT_ACTIONABLE,
}
"""What a need without an uplift is to a path; any other has one, with or without its money."""
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

    need : the growth and the money that it comes to, which breakdowns and tasks are made of
    uplift_pp : points by which single-period growth of the demanded periods lies above its forecast; 0 where the wish
        is met already, None where it cannot be named
    p_now, p_then : probability without and with it; fractions
    first, periods : first of the demanded periods, and their number
    rest : money of all demanded periods of the city; None without a base level, or where nothing is demanded
    lines : the city, then counties and zones, then projects
    """

    case: Case
    demand: Demand
    need: Need
    status: PathStatus
    p_now: float
    p_then: float | None
    uplift_pp: float | None
    first: Month | None
    periods: int
    rest: Rest | None
    lines: tuple[Line, ...]

    __repr__ = brief

    @property
    def evidence(self) -> Evidence:
        """How much is published of the target."""
        return self.case.evidence


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
    """A target with its draws; cum : (draw, period), cumulative growth, fraction."""

    world: World
    case: Case
    lift: Lift
    cum: Floats

    @classmethod
    def of(cls, world: World, case: Case) -> _Target:
        one = world.paths.indicators[case.target.indicator]
        cum = one.cum_yoy.sel({UNIT: world.city}).transpose(DRAW, PERIOD).to_numpy()
        return cls(world=world, case=case, lift=Lift.of(world, case), cum=cum)

    def path(self, demand: Demand, *, below: bool = True) -> RequiredPath:
        found = need_of(self.lift, criterion=demand.criterion, wish=demand.probability)
        status = _STATUS.get(found.status, Status.SOLVED)
        size = from_percent(found.uplift_pp or 0.0)
        told = status in (Status.SOLVED, Status.ALREADY_MET)
        tolerance = from_percent(self.case.tolerance_pp(demand.criterion))
        return RequiredPath(
            case=self.case,
            demand=demand,
            need=found,
            status=status,
            p_now=self.lift.now.chance(0, demand.criterion),
            p_then=found.p_then,
            uplift_pp=found.uplift_pp,
            first=found.first,
            periods=found.periods,
            rest=self._rest(size, found) if status is Status.SOLVED else None,
            lines=self._lines(size, tolerance, told=told, below=below),
        )

    def _rest(self, size: float, found: Need) -> Rest | None:
        base = self.world.base_yi(self.world.city, self.case.target.indicator)
        if base is None or found.level_yi is None:
            return None
        at = slice(self.lift.start, None)
        level = base * (self.lift.weight[:, at] * (1.0 + self.lift.growth[:, at] + size)).sum(axis=1)
        low, high = np.quantile(level, [0.1, 0.9])
        return Rest(level_yi=float(level.mean()), p10_yi=float(low), p90_yi=float(high), extra_yi=found.level_yi)

    def _lines(self, size: float, tolerance: float, *, told: bool, below: bool) -> tuple[Line, ...]:
        """Lines of the city, its counties and zones, and for investment its projects."""
        world, indicator = self.world, self.case.target.indicator
        city = world.dataset.panel.units[world.city]
        base = world.base_yi(world.city, indicator)
        wanted = float((1.0 + self.lift.now.goal[0] - tolerance).mean())
        steps = steps_of(
            self._periods, (self.lift.growth, self.cum), self.lift.weight, base, size, wanted=wanted, told=told
        )
        lines = [Line(scope=Scope.CITY, key=city.unit, name_zh=city.name_zh, steps=steps)]
        if not below:
            return tuple(lines)
        inside = [unit for unit in world.dataset.panel.units.values() if unit.parent == city.unit]
        total = self._total([unit.unit for unit in inside if unit.counted_within is None])
        for unit in inside:
            own = world.base_yi(unit.unit, indicator)
            level = None if own is None or total is None or base is None else base * own / total
            drawn = world.drawn(indicator, unit.unit)
            drawn_growth, weight = self._of(unit.unit) if drawn else (None, self.lift.weight)
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
        extra = float((base * self.lift.own).mean()) * size
        months = self.lift.labels[self.lift.start :]
        return (*lines, *scaled_projects(world.dataset.ledger.projects, months, extra))

    @property
    def _periods(self) -> Periods:
        return Periods(labels=self.lift.labels, published=self.lift.open_from, start=self.lift.start)

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
