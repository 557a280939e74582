"""A study: one run, scenarios on its draws, and everything that is said of them.

Invariant: whatever is asked of a study, its baseline is that of the run on the same data (held by
``tests/test_scenario_command.py``).

Who does what by when, for one run: breakdowns, the lists of naming and the balance of 五上 units.

Invariant: everything comes from the draws and ledgers of the run (held by ``tests/test_breakdown_command.py``).

Posterior predictive checks of a run: every indicator with a fit, in the city and what it is measured against.

Invariant: an indicator's findings do not depend on which others are checked, nor on where
(held by ``tests/test_predictive.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from forecast.answers.chances import Case, Criterion
from forecast.answers.predictive import Finding, check_indicator
from forecast.data.dataset import Dataset
from forecast.data.panel import known
from forecast.data.target import TargetKind
from forecast.draws.condition import Conditioned, condition, parse_given
from forecast.draws.paths import Pool
from forecast.errors import UsageError
from forecast.executor import Done, Executor, Failed, Part, processes_for
from forecast.periods import Month
from forecast.runs.run import Run, fit_task
from forecast.scenario.compare import Comparison, cases, compare
from forecast.scenario.contributions import Contribution, contributions
from forecast.scenario.effects import Evaluator, World
from forecast.scenario.explain import Trace, explain
from forecast.scenario.ledger_ranges import Range, others_of, ranges
from forecast.scenario.reader import Scenario, read_scenario
from forecast.tasks.breakdown import (
    INDICATORS,
    Breakdown,
    Increment,
    Method,
    breakdown,
    required_increment,
    stated_increment,
)
from forecast.tasks.county_lists import NamingLists, naming
from forecast.tasks.holds import Hold, parse_hold, read_holds
from forecast.tasks.stock import Stock, stock


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Study:
    """Scenarios compared on the draws of a run.

    world : baseline draws of the run, conditioned on ``given``
    given : how the draws were conditioned, or None
    traces, contributions, ranges : by name of the scenario; ranges of synthetic ledgers by key of the target
    """

    run: Run
    world: World
    given: Conditioned | None
    comparison: Comparison
    traces: dict[str, tuple[Trace, ...]]
    contributions: dict[str, tuple[Contribution, ...]]
    ranges: dict[str, dict[tuple[str, str, str], Range]]

    @property
    def pool(self) -> Pool | None:
        """How GDP's baseline was pooled, before any condition; None where it was not."""
        return self.run.paths.pool


def world_of(run: Run) -> World:
    """Baseline draws of a run, as a world that actions change."""
    return World(paths=run.paths, dataset=run.dataset)


def judged_of(run: Run, world: World) -> tuple[Case, ...]:
    """Targets of a run that can be judged, on its world."""
    return cases(run.attainment.rows, world.paths, run.dataset)


def study(run: Run, files: Sequence[str | Path], *, given: Sequence[str] = ()) -> Study:
    """Read scenarios, evaluate them on the draws of a run, and set them side by side.

    Raises
    ------
    ScenarioError
        A file is unusable.
    GivenError
        A condition cannot be read or met.
    """
    scenarios = _distinct([read_scenario(file, run.dataset) for file in files])
    world = world_of(run)
    conditioned = None
    if given:
        outcomes = [parse_given(text, world.paths) for text in given]
        conditioned = condition(world.paths, outcomes)
        world = World(paths=conditioned.paths, dataset=run.dataset)
    judged = judged_of(run, world)
    comparison = compare(world, scenarios, judged, assessed=assessed(run))
    evaluators = {s.name: Evaluator(world=world, scenario=s) for s in scenarios}
    return Study(
        run=run,
        world=world,
        given=conditioned,
        comparison=comparison,
        traces={name: explain(e) for name, e in evaluators.items()},
        contributions={name: contributions(e, judged) for name, e in evaluators.items()},
        ranges=_ranges(world, scenarios, judged),
    )


def _distinct(scenarios: Sequence[Scenario]) -> list[Scenario]:
    """Scenarios by name; a file given twice counts once."""
    return list({s.name: s for s in scenarios}.values())


def _ranges(
    world: World, scenarios: Sequence[Scenario], judged: tuple[Case, ...]
) -> dict[str, dict[tuple[str, str, str], Range]]:
    others = others_of(world)
    return {s.name: ranges(others, s, judged) for s in scenarios}


def assessed(run: Run) -> int:
    """Indicators in the city's assessment, judged or not."""
    targets = {t.indicator for t in run.dataset.targets if t.assessed and t.kind is TargetKind.PROVINCE_AVERAGE}
    city = run.dataset.config.city
    return sum(any(t.indicator == name and t.unit == city for t in run.dataset.targets) for name in targets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a breakdown is to reach, and how it is spread.

    indicators : broken down, in order; those that the data set does not have are left out of the default
    criterion, wish, kind : near or reach, with which probability, of which target
    increments : amounts that are settled already, by indicator; every other one follows from the wish
    """

    indicators: tuple[str, ...] = INDICATORS
    criterion: Criterion = Criterion.NEAR
    wish: float = 0.5
    kind: TargetKind = TargetKind.PROVINCE_AVERAGE
    method: Method = Method.CAPACITY
    increments: Mapping[str, Increment] | None = None
    holds: tuple[Hold, ...] = ()


def wanted(
    dataset: Dataset,
    *,
    indicators: Sequence[str] = (),
    increment: float | None = None,
    criterion: Criterion = Criterion.NEAR,
    wish: float = 0.5,
    kind: TargetKind = TargetKind.PROVINCE_AVERAGE,
    method: Method = Method.CAPACITY,
    holds: Sequence[str] = (),
    files: Sequence[Path] = (),
) -> Wanted:
    """What is wished for, checked before anything is fitted.

    Parameters
    ----------
    indicators : ids; none: the usual ones
    increment : stated amount of work, 亿元, of the one indicator; None: it follows from the wish
    holds, files : sums that must stay as texts (``hanbin:2020-11=3.2``) and in files

    Raises
    ------
    UsageError
        An indicator, the increment, the probability or a hold cannot be used.
    """
    for name in indicators:
        if name not in dataset.panel.indicators:
            raise UsageError("usage_breakdown_indicator", found=name, expected=", ".join(dataset.panel.indicators))
    if increment is not None and len(indicators) != 1:
        raise UsageError("usage_increment_which")
    if increment is not None and not 0.0 < increment < 1e7:
        raise UsageError("usage_increment", found=f"{increment:g}")
    if not 0.0 < wish < 1.0:
        raise UsageError("usage_wish", found=f"{wish:g}")
    return Wanted(
        indicators=tuple(dict.fromkeys(indicators)) or INDICATORS,
        criterion=criterion,
        wish=wish,
        kind=kind,
        method=method,
        increments=None if increment is None else {indicators[0]: stated_increment(indicators[0], increment)},
        holds=(*map(parse_hold, holds), *(hold for file in files for hold in read_holds(file))),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assignments:
    """Everything of ``dabiao breakdown``."""

    run: Run
    wanted: Wanted
    breakdowns: tuple[Breakdown, ...]
    naming: NamingLists
    stock: Stock

    @property
    def synthetic(self) -> bool:
        """Whether any of it rests on synthetic rows."""
        return self.stock.synthetic or self.naming.synthetic or any(b.synthetic for b in self.breakdowns)


def assignments(run: Run, wanted: Wanted | None = None, *, world: World | None = None) -> Assignments:
    """Break down what a run still lacks.

    Parameters
    ----------
    world : that of the run, where it is at hand with what it remembers

    Raises
    ------
    UsageError
        The probability is not between 0 and 1, or a hold could be for several indicators.
    InputError
        A hold names nothing of the data set.
    """
    asked = wanted or Wanted()
    if not 0.0 < asked.wish < 1.0:
        raise UsageError("usage_wish", found=f"{asked.wish:g}")
    names = [name for name in asked.indicators if name in run.dataset.panel.indicators]
    unclear = [hold for hold in asked.holds if hold.indicator is None]
    if unclear and len(names) > 1:
        raise UsageError("usage_hold_which", found=unclear[0].name)
    world = world_of(run) if world is None else world
    judged = judged_of(run, world)
    return Assignments(
        run=run,
        wanted=asked,
        breakdowns=tuple(_one(name, world, judged, asked) for name in names),
        naming=naming(world),
        stock=stock(run.dataset, run.paths.as_of),
    )


def _one(name: str, world: World, judged: Sequence[Case], asked: Wanted) -> Breakdown:
    given = (asked.increments or {}).get(name)
    if given is None:
        given = required_increment(world, judged, name, criterion=asked.criterion, wish=asked.wish, kind=asked.kind)
    return breakdown(world, given, method=asked.method, holds=asked.holds, cases=judged)


SECONDS_EACH: Final = 1.2
"""What the checks of an indicator take on one core, roughly; decides only where they are done."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunCheck:
    """Findings of a run.

    findings : by indicator, official order
    periods : last month of every period of the grid, by indicator, to name figures left out
    failures : why an indicator could not be checked, one line each
    """

    run: Run
    findings: Mapping[str, tuple[Finding, ...]]
    periods: Mapping[str, tuple[Month, ...]]
    failures: Mapping[str, str] = field(default_factory=dict)

    def period(self, indicator: str, finding: Finding) -> Month | None:
        """Month of the figure that was left out; None for a statistic."""
        return None if finding.time < 0 else self.periods[indicator][finding.time]


def check_run(
    run: Run,
    *,
    progress: Callable[[str, int, int], None] = lambda *_: None,
    executor: Executor | None = None,
) -> RunCheck:
    """Check every indicator of a run that was fitted; by the fast route, whatever the run's.

    Parameters
    ----------
    progress, executor : as of ``run``
    """
    dataset = run.dataset
    seen = known(dataset.panel, run.paths.as_of)
    units = (dataset.config.city, dataset.config.province)
    parts, periods = [], {}
    for name in run.fits:
        task = fit_task(dataset, seen, name, request=run.request)
        if task is None:
            continue
        m = task.measurements
        months = task.frequency.months
        periods[name] = tuple(Month(m.first_year + t // m.per_year, months[t % m.per_year]) for t in range(m.periods))
        work = partial(check_indicator, m, units=units, seed=run.request.seed, name=name)
        parts.append((name, Part(dataset.panel.indicators[name].name_zh, work)))
    chosen = executor or processes_for(len(parts), seconds_each=SECONDS_EACH)
    outcomes = chosen.outcomes([part for _, part in parts], progress=progress)
    done = {name: one for (name, _), one in zip(parts, outcomes, strict=True)}
    return RunCheck(
        run=run,
        findings={name: tuple(one.value) for name, one in done.items() if isinstance(one, Done)},
        periods=periods,
        failures={name: one.reason for name, one in done.items() if isinstance(one, Failed)},
    )
