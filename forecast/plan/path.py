"""The monthly path that a chosen probability needs, for the city, its counties and projects, beside the forecast.

The demanded path is the forecast path with a constant uplift of single-period growth in the periods that a decision
can still affect; published periods, and open ones before the first month of action, stay as they are. The uplift is
that of the one ``tasks.need``: the least with which the wanted share of draws reaches, or comes near, as printed.

Invariant: with the uplift on the draws the wanted share of them is there, and with less it is not
(held by ``tests/test_required_path.py``).

Periods of a path: what is forecast, what is demanded, in growth and in money, beside the pace of the year.

Invariant: what is not demanded is the forecast, to the last digit (held by ``tests/test_required_path.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Literal

import numpy as np
import pandas as pd

from forecast.answers.chances import Case, Criterion, Status
from forecast.answers.evidence import Evidence
from forecast.data.dataset import Dataset
from forecast.dims import DRAW, PERIOD, UNIT, Floats, brief, from_percent, to_percent
from forecast.errors import UsageError
from forecast.periods import Month
from forecast.scenario.world import World
from forecast.tasks.need import Lift, Need, need_of


class Scope(StrEnum):
    """Whose path it is. A zone's figures are already in a county's."""

    CITY = "city"
    COUNTY = "county"
    ZONE = "zone"
    PROJECT = "project"


class Phase(StrEnum):
    """What a period is: published, open but before the first month of action, or demanded."""

    PUBLISHED = "published"
    FORECAST = "forecast"
    DEMANDED = "demanded"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodStep:
    """One period of a path; growth in percent, money in 亿元; None where nothing is known to say it.

    Growth is the median over draws, as every point forecast, and money the mean; ``p10`` and ``p90`` are quantiles of
    the money demanded, which the uncertainty of the base level widens. Of a project the money is that of its plan.
    extra_yi : money demanded beyond the forecast; pace_pct : share of the year's months gone (序时进度)
    done_pct, asked_pct : year to date as a share of what the year must bring, forecast and demanded
    """

    period: Month
    phase: Phase
    forecast_month_pct: float | None = None
    demanded_month_pct: float | None = None
    forecast_cum_pct: float | None = None
    demanded_cum_pct: float | None = None
    forecast_yi: float | None = None
    demanded_yi: float | None = None
    demanded_p10_yi: float | None = None
    demanded_p90_yi: float | None = None
    extra_yi: float | None = None
    pace_pct: float | None = None
    done_pct: float | None = None
    asked_pct: float | None = None

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The path of one place or project.

    key : id; synthetic : whether it rests on a synthetic ledger row
    """

    scope: Scope
    key: str
    name_zh: str
    steps: tuple[PeriodStep, ...]
    synthetic: bool = False
    resp_unit: str = ""
    resp_person: str = ""

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """The periods of the year, how many are published, and the position of the first that is demanded."""

    labels: tuple[Month, ...]
    published: int
    start: int


def steps_of(
    periods: Periods,
    drawn: tuple[Floats, Floats] | None,
    weight: Floats,
    base: Floats | None,
    size: float,
    *,
    wanted: float | None,
    told: bool,
) -> tuple[PeriodStep, ...]:
    """Periods of a place's path, with an uplift of so much (``size``, fraction) in the demanded ones.

    Parameters
    ----------
    drawn : growth of single periods and to date; None: nothing is published, only the extra can be named
    base : (draw,), last year's level, 亿元; wanted : mean of this year's over last year's level, as demanded
    told : whether a demand can be named
    """
    asked = np.where(np.arange(len(periods.labels)) >= periods.start, size, 0.0)
    extra = None if base is None else (base[:, None] * weight * asked).mean(axis=0)
    last = periods.labels[-1].month
    out = []
    for k, label in enumerate(periods.labels):
        phase = Phase.PUBLISHED if k < periods.published else Phase.FORECAST if k < periods.start else Phase.DEMANDED
        pace = to_percent(label.month / last)
        step = PeriodStep(period=label, phase=phase, pace_pct=pace, extra_yi=_at(extra, k) if told else None)
        if drawn is not None:
            growth, cum = (array[:, k] for array in drawn)
            money = None if base is None else base * weight[:, k]
            running = weight[:, : k + 1].sum(axis=1)
            lift = (weight[:, : k + 1] * asked[: k + 1]).sum(axis=1) / running
            step = replace(
                step,
                forecast_month_pct=_median_pct(growth),
                forecast_cum_pct=_median_pct(cum),
                forecast_yi=None if money is None else float((money * (1.0 + growth)).mean()),
                done_pct=None if wanted is None else _mean_pct(running * (1.0 + cum)) / wanted,
            )
            if told:
                step = _with_demand(step, growth + asked[k], cum + lift, running, money=money, wanted=wanted)
        out.append(step)
    return tuple(out)


def scaled_projects(rows: pd.DataFrame, months: Sequence[Month], extra: float) -> tuple[Line, ...]:
    """Plans of projects in some months, 亿元, scaled alike so that they bring ``extra`` more together.

    None where no project has a plan for these months: nothing can be scaled.
    """
    planned = [label for label in months if f"plan_m{label.month:02d}_yi" in rows.columns]
    if rows.empty or not planned:
        return ()
    plans = np.nan_to_num(rows[[f"plan_m{label.month:02d}_yi" for label in planned]].to_numpy(dtype=np.float64))
    if not plans.sum() > 0.0:
        return ()
    scale = 1.0 + extra / float(plans.sum())
    return tuple(
        Line(
            scope=Scope.PROJECT,
            key=str(row["project"]),
            name_zh=str(row["name_zh"]),
            steps=tuple(
                PeriodStep(
                    period=label,
                    phase=Phase.DEMANDED,
                    forecast_yi=float(amount),
                    demanded_yi=float(amount * scale),
                    extra_yi=float(amount * (scale - 1.0)),
                )
                for label, amount in zip(planned, plan, strict=True)
            ),
            synthetic=row["row_status"] == "synthetic",
            resp_unit=str(row["resp_unit"]),
            resp_person=str(row["resp_person"]),
        )
        for plan, row in zip(plans, rows.to_dict("records"), strict=True)
    )


def _with_demand(
    step: PeriodStep, growth: Floats, cum: Floats, running: Floats, *, money: Floats | None, wanted: float | None
) -> PeriodStep:
    """A step with what is demanded: growth of the period and to date, (draw,)."""
    levels = None if money is None else money * (1.0 + growth)
    low, high = (None, None) if levels is None else (float(q) for q in np.quantile(levels, [0.1, 0.9]))
    return replace(
        step,
        demanded_month_pct=_median_pct(growth),
        demanded_cum_pct=_median_pct(cum),
        demanded_yi=None if levels is None else float(levels.mean()),
        demanded_p10_yi=low,
        demanded_p90_yi=high,
        asked_pct=None if wanted is None else _mean_pct(running * (1.0 + cum)) / wanted,
    )


def _median_pct(values: Floats) -> float:
    return to_percent(float(np.median(values)))


def _mean_pct(values: Floats) -> float:
    return to_percent(float(values.mean()))


def _at(values: Floats | None, k: int) -> float | None:
    return None if values is None else float(values[k])


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
        lift = Lift.of(world, case)
        cum = one.cum_yoy.sel({UNIT: world.city}).transpose(DRAW, PERIOD).to_numpy()[:, : len(lift.labels)]
        return cls(world=world, case=case, lift=lift, cum=cum)

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
        wanted = float(((1.0 + self.lift.now.goal[0] - tolerance) * self.lift.to_date).mean())
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
        extra = float((base * self.lift.part).mean()) * size
        months = self.lift.labels[self.lift.start :]
        return (*lines, *scaled_projects(world.dataset.ledger.projects, months, extra))

    @property
    def _periods(self) -> Periods:
        return Periods(labels=self.lift.labels, published=self.lift.open_from, start=self.lift.start)

    def _of(self, unit: str) -> tuple[tuple[Floats, Floats], Floats]:
        """Growth of single periods, and to date, and base weights of a place with draws, (draw, period)."""
        one = self.world.paths.indicators[self.case.target.indicator]
        periods = slice(len(self.lift.labels))
        growth, cum = (
            array.sel({UNIT: unit}).transpose(DRAW, PERIOD).to_numpy()[:, periods]
            for array in (one.growth, one.cum_yoy)
        )
        return (growth, cum), self.world.weight(self.case.target.indicator, unit)[:, periods]

    def _total(self, counties: Sequence[str]) -> Floats | None:
        """Base levels of all counties together, (draw,); None where one has none."""
        levels = [self.world.base_yi(unit, self.case.target.indicator) for unit in counties]
        known = [level for level in levels if level is not None]
        return np.sum(known, axis=0) if known and len(known) == len(levels) else None
