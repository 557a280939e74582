"""A session: one run and everything that can be asked of its draws, under notebook, command and page.

Invariant: whatever is asked of a session rests on the draws and ledgers of its run: its baseline is that of the run,
and a question asked twice is answered once (held by ``tests/test_session.py``, ``tests/test_scenario_command.py`` and
``tests/test_breakdown_command.py``).

Posterior predictive checks of a run are here too: an indicator's findings do not depend on which others are checked,
nor on where (held by ``tests/test_predictive.py``).

What every report asks of a run: its goals, the three plans, and the monthly paths that plans need.

Invariant: a goal that is no target is judged by the rules of the others; a plan is the one that ``dabiao makeup`` finds
for the same wish (held by ``tests/test_session.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from threading import RLock
from typing import Final

import xarray as xr

from forecast.answers.chances import Case, Criterion, Outcome
from forecast.answers.evidence import Published
from forecast.answers.judgement import Row, judge
from forecast.answers.predictive import Finding, check_indicator
from forecast.answers.scores import League, league
from forecast.data.dataset import Dataset
from forecast.data.panel import known
from forecast.data.target import Target, TargetKind
from forecast.dims import brief, from_percent
from forecast.draws.condition import Conditioned, condition, parse_given
from forecast.draws.paths import Pool
from forecast.errors import UsageError
from forecast.executor import Done, Executor, Failed, Part, processes_for
from forecast.periods import Month
from forecast.plan.makeup import makeup
from forecast.plan.path import DEFAULT, Demand, RequiredPath, required_path
from forecast.plan.problem import with_ranks
from forecast.plan.request import MakeupRequest, default_wish, parse_settings, wishes_of
from forecast.plan.result import Makeup
from forecast.runs.run import Run, fit_task
from forecast.scenario.contributions import (
    Comparison,
    Contribution,
    Result,
    Trace,
    cases,
    compare,
    contributions,
    explain,
)
from forecast.scenario.drafting import Draft, checked
from forecast.scenario.effects import Evaluator
from forecast.scenario.ledger_rows import Others, Range, others_of, ranges, rests_on_synthetic
from forecast.scenario.reader import Scenario, read_scenario
from forecast.scenario.world import World
from forecast.tasks.allocation import Hold, parse_hold, read_holds
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

    __repr__ = brief

    @property
    def pool(self) -> Pool | None:
        """How GDP's baseline was pooled, before any condition; None where it was not."""
        return self.run.paths.pool

    @property
    def criterion(self) -> Criterion:
        """What its numbers, words and sentences speak of."""
        return self.run.attainment.criterion


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

    __repr__ = brief


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


def chance_of(percent: str) -> float:
    """A probability as it stands in an address or a choice, ``50``, as a fraction."""
    return from_percent(float(percent))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assignments:
    """Everything of ``dabiao breakdown``."""

    run: Run
    wanted: Wanted
    breakdowns: tuple[Breakdown, ...]
    naming: NamingLists
    stock: Stock

    __repr__ = brief

    @property
    def synthetic(self) -> bool:
        """Whether any of it rests on synthetic rows."""
        return self.stock.synthetic or self.naming.synthetic or any(b.synthetic for b in self.breakdowns)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explored:
    """All targets without and with an outcome, and how the draws were conditioned on it."""

    given: Conditioned
    before: tuple[Outcome, ...]
    after: tuple[Outcome, ...]

    __repr__ = brief


@dataclass(frozen=True, eq=False)
class Session:
    """A run, its draws as a world that actions change, its targets, and the answers read from them.

    regenerated : further ledgers of the data set with the same totals, from where the program has them; the data set as
        it is unless told
    """

    run: Run
    regenerated: Callable[[Dataset], Dataset] = field(default=lambda dataset: dataset, repr=False)
    _lock: RLock = field(default_factory=RLock, repr=False)

    def __repr__(self) -> str:
        near = self.run.attainment.near
        names = len(self.run.paths.indicators)
        return f"<Session {self.run.run_id}: {names} indicators drawn, {near.judged} of {near.assessed} judged>"

    @property
    def dataset(self) -> Dataset:
        """The data set, with the first month of action at the run's state of knowledge."""
        return self.run.dataset

    @cached_property
    def world(self) -> World:
        """The baseline draws, as a world that actions change."""
        return World(paths=self.run.paths, dataset=self.run.dataset)

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """Targets that can be judged."""
        return cases(self.run.attainment.rows, self.world.paths, self.dataset)

    @cached_property
    def assessed(self) -> int:
        """Indicators in the city's assessment, judged or not."""
        city = self.dataset.config.city
        wanted = {t.indicator for t in self.dataset.targets if t.assessed and t.yearly_average}
        return len({t.indicator for t in self.dataset.targets if t.unit == city} & wanted)

    @cached_property
    def baseline(self) -> Result:
        """The targets without any action."""
        return self.evaluate(())[0]

    def answer[T](self, key: tuple[str, ...], make: Callable[[World, tuple[Case, ...]], T]) -> T:
        """Anything on the draws of the run; the last few answers are kept by their key, and readers take turns."""
        with self._lock:
            return self.world.remember(key, lambda: make(self.world, self.cases))

    def draws(self, indicator: str) -> xr.DataArray:
        """Cumulative growth of an indicator, (draw, unit, period), fraction.

        Raises
        ------
        UsageError
            It has no draws.
        """
        one = self.run.paths.indicators.get(indicator)
        if one is None:
            names = ", ".join(self.run.paths.indicators)
            raise UsageError("usage_breakdown_indicator", found=indicator, expected=names)
        return one.cum_yoy

    def evaluate(self, scenarios: Sequence[Scenario]) -> tuple[Result, ...]:
        """The baseline, then every scenario, on the same draws."""
        with self._lock:  # readers share what the world remembers
            return compare(self.world, scenarios, self.cases, assessed=self.assessed).all

    def league(self, unit: str = "") -> League:
        """Ranks and scores of a unit (the city unless told) and its siblings at the end of the year."""
        own, data = unit or self.dataset.config.city, self.dataset
        return self.answer(("league", own), lambda world, _: league(world.paths, data.panel, data.config, unit=own))

    def scenario(self, draft: Draft) -> Scenario:
        """A draft, checked against the data set.

        Raises
        ------
        ScenarioError
            Anything is wrong with it.
        """
        return checked(draft, self.dataset)

    def contributions(self, scenario: Scenario) -> tuple[Contribution, ...]:
        """What every action brings to every target."""
        key = ("contributions", scenario.hash, *(m.id for m in scenario.actions))
        return self.answer(key, lambda world, judged: _contributions(world, scenario, judged))

    def ranges(self, scenario: Scenario) -> Mapping[tuple[str, str, str], Range]:
        """Range of the effect over ledgers with the same totals, by target; empty where there are none."""
        key = ("ranges", scenario.hash)
        return dict(self.answer(key, lambda _, judged: ranges(self._others, scenario, judged)))

    @cached_property
    def _others(self) -> Others:
        return others_of(World(paths=self.run.paths, dataset=self.regenerated(self.dataset)))

    def synthetic(self, scenario: Scenario) -> bool:
        """Whether any number of a scenario rests on synthetic rows."""
        return self.dataset.config.synthetic or any(rests_on_synthetic(m, self.dataset) for m in scenario.actions)

    def explored(self, text: str) -> Explored:
        """All targets given an outcome such as ``fai.shaanxi>=4.0``, beside the targets as they are.

        Raises
        ------
        GivenError
            It cannot be read, or leaves too few draws and cannot be met by moving them.
        """
        return self.answer(("given", text), lambda *_: self._explored(text))

    def _explored(self, text: str) -> Explored:
        conditioned = condition(self.world.paths, [parse_given(text, self.world.paths)])
        then = World(paths=conditioned.paths, dataset=self.dataset)
        after = compare(then, [], self.cases, assessed=self.assessed).baseline.outcomes
        return Explored(given=conditioned, before=self.baseline.outcomes, after=after)

    def study(self, files: Sequence[str | Path], *, given: Sequence[str] = ()) -> Study:
        """Read scenarios, evaluate them on the draws, and set them side by side; a file given twice counts once.

        Raises
        ------
        ScenarioError
            A file is unusable.
        GivenError
            A condition cannot be read or met.
        """
        return self.compared([read_scenario(file, self.dataset) for file in files], given=given)

    def compared(self, scenarios: Sequence[Scenario], *, given: Sequence[str] = ()) -> Study:
        """The same of scenarios that were read."""
        scenarios = list({s.name: s for s in scenarios}.values())
        world, judged, conditioned = self.world, self.cases, None
        if given:
            conditioned = condition(world.paths, [parse_given(text, world.paths) for text in given])
            world = World(paths=conditioned.paths, dataset=self.dataset)
            judged = cases(self.run.attainment.rows, world.paths, self.dataset)
        evaluators = {s.name: Evaluator(world=world, scenario=s) for s in scenarios}
        others = others_of(world) if scenarios else None
        return Study(
            run=self.run,
            world=world,
            given=conditioned,
            comparison=compare(world, scenarios, judged, assessed=self.assessed),
            traces={name: explain(e) for name, e in evaluators.items()},
            contributions={name: contributions(e, judged) for name, e in evaluators.items()},
            ranges={} if others is None else {s.name: ranges(others, s, judged) for s in scenarios},
        )

    def judged(self, texts: Sequence[str]) -> tuple[Case, ...]:
        """Targets that wishes may be about: ``plan.problem.with_ranks``, which says what it refuses."""
        return with_ranks(texts, self.cases, self.world)

    def request(self, wishes: Sequence[str], settings: str = "", *, scenario: Scenario | None = None) -> MakeupRequest:
        """What to solve, as it is written in an address or on the command line.

        Parameters
        ----------
        wishes : ``gdp:near>=50%``; none: the usual one; scenario : adopted already
        settings : levers, budget and fairness (``plan.request.parse_settings``)

        Raises
        ------
        MakeupError
            Anything cannot be read.
        """
        options, budget, fair = parse_settings(settings, self.dataset)
        asked = wishes_of(wishes, self.judged(wishes), city=self.world.city)
        return MakeupRequest(wishes=asked, options=options, budget=budget, fair=fair, scenario=scenario)

    def plan(self, request: MakeupRequest) -> Makeup:
        """The least effort that grants wishes; what was solved once is not solved again."""
        adopted = request.scenario.hash if request.scenario else ""
        key = ("makeup", str(asdict(replace(request, scenario=None))), adopted)
        return self.answer(key, lambda world, _: makeup(world, self.judged([w.id for w in request.wishes]), request))

    def required(
        self,
        demands: Sequence[Demand] = DEFAULT,
        *,
        wanted: Callable[[Case], bool] = lambda _: True,
        below: bool = True,
    ) -> tuple[RequiredPath, ...]:
        """Monthly paths that probabilities need, of the targets that are wanted."""
        return required_path(self.world, [case for case in self.cases if wanted(case)], demands, below=below)

    def assignments(self, asked: Wanted | None = None) -> Assignments:
        """Break down what the run still lacks to who does what by when.

        Raises
        ------
        UsageError
            The probability is not between 0 and 1, or a hold could be for several indicators.
        InputError
            A hold names nothing of the data set.
        """
        asked = asked or Wanted()
        if not 0.0 < asked.wish < 1.0:
            raise UsageError("usage_wish", found=f"{asked.wish:g}")
        names = [name for name in asked.indicators if name in self.dataset.panel.indicators]
        unclear = [hold for hold in asked.holds if hold.indicator is None]
        if unclear and len(names) > 1:
            raise UsageError("usage_hold_which", found=unclear[0].name)

        def make(world: World, judged: Sequence[Case]) -> Assignments:
            return Assignments(
                run=self.run,
                wanted=asked,
                breakdowns=tuple(_broken_down(name, world, judged, asked) for name in names),
                naming=naming(world),
                stock=stock(self.dataset, self.run.paths.as_of),
            )

        return self.answer(("tasks", str(asdict(asked))), make)


def _contributions(world: World, scenario: Scenario, judged: Sequence[Case]) -> tuple[Contribution, ...]:
    return tuple(contributions(Evaluator(world=world, scenario=scenario), judged))


def _broken_down(name: str, world: World, judged: Sequence[Case], asked: Wanted) -> Breakdown:
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

    __repr__ = brief

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


DEMANDS: Final[Mapping[str, Demand]] = {
    "floor": Demand(criterion=Criterion.NEAR, probability=0.5),
    "strive": Demand(criterion=Criterion.NEAR, probability=0.7),
    "sprint": Demand(criterion=Criterion.REACH, probability=0.5),
}
"""What the three plans are for: 保底, 争取, 冲刺."""
ASKED: Final = "asked"
"""Name of a plan that a reader asked for."""
PATHS: Final = ("floor", "sprint")
"""Plans whose monthly paths are printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOf:
    """One of the three plans, or the one that was asked for, solved.

    name : floor, strive or sprint; asked for the one that a reader asked for, which has no demand
    """

    name: str
    demand: Demand | None
    makeup: Makeup

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True)
class Goals:
    """All that one indicator of the city is held against.

    average : against the province's average; None where that is no target
    plan : against the year's plan; None where none was set
    positive : against growth above zero; judged by the same rules although no target asks for it
    """

    average: Row | None
    plan: Row | None
    positive: Row

    __repr__ = brief

    @property
    def main(self) -> Row:
        """The one that is reported first."""
        return self.average or self.plan or self.positive


def goals(run: Run) -> tuple[Goals, ...]:
    """The city's indicators with a target of any kind."""
    city, panel = run.dataset.config.city, run.dataset.panel
    published = Published.of(panel, run.paths.as_of, run.paths.target_year)
    yearly = [r for r in run.attainment.rows if r.target.unit == city and not r.target.interim]
    rows = {(r.target.indicator, r.target.kind): r for r in yearly}
    found = []
    for name in dict.fromkeys(indicator for indicator, _ in rows):
        average, plan = rows.get((name, TargetKind.PROVINCE_AVERAGE)), rows.get((name, TargetKind.PLAN))
        first = average or plan or next(row for (one, _), row in rows.items() if one == name)
        positive = rows.get((name, TargetKind.POSITIVE_GROWTH))
        if positive is None:
            wanted = _positive(first.target)
            positive = judge(wanted, run.paths, published=published, config=run.dataset.config).row
        found.append(Goals(average=average, plan=plan, positive=positive))
    return tuple(found)


def _positive(like: Target) -> Target:
    return Target(
        unit=like.unit,
        indicator=like.indicator,
        kind=TargetKind.POSITIVE_GROWTH,
        value=None,
        tolerance_pp=0.0,
        assessed=False,
        light_rule=like.light_rule,
        source="",
    )


def plans(session: Session, asked: MakeupRequest | None = None) -> tuple[PlanOf, ...]:
    """The one that was asked for, if it is none of the three; then these, each the least effort for its wish.

    None where nothing can be judged.
    """
    wish = default_wish(session.cases, city=session.world.city)
    if wish is None:
        return ()
    usual = {
        name: MakeupRequest(
            wishes=(replace(wish, criterion=demand.criterion, level=demand.probability),), points=0, again=False
        )
        for name, demand in DEMANDS.items()
    }
    own = asked is not None and all(replace(asked, points=0, again=False) != one for one in usual.values())
    first = (PlanOf(name=ASKED, demand=None, makeup=session.plan(asked)),) if asked and own else ()
    return (
        *first,
        *(PlanOf(name=name, demand=DEMANDS[name], makeup=session.plan(one)) for name, one in usual.items()),
    )


def paths(session: Session) -> dict[str, tuple[RequiredPath, ...]]:
    """Monthly paths of the city's indicators against the province's average."""
    city = session.world.city

    def mine(case: Case) -> bool:
        return case.target.yearly_average and case.target.unit == city

    return {name: session.required([DEMANDS[name]], wanted=mine, below=False) for name in PATHS}
