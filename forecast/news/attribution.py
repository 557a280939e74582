"""How the change of an indicator's numbers between two runs is shared out among the steps and figures between them.

A figure's news is what it says beyond what the earlier run expected of it: where it is not taken, the expected figure
stands in for it (Banbura and Modugno 2014, the decomposition of ``statsmodels`` and of the New York Fed). That the new
figures came out at all, each as expected, is a step of its own: months have passed and less is uncertain. So every
fit between the runs has the same pattern of figures, and a figure that was as expected brings nothing. In a linear
Gaussian model the share of a figure is its weight times its surprise.

Invariant: the steps telescope: start, target, model, seed, expected and shares lead to the end without a gap
(held by ``tests/test_news.py``).

What a set of figures is worth: an indicator fitted on it, on the same random numbers, and its targets judged.

Streams are keyed by seed and names, so that every fit of an indicator draws on the same random numbers and differences
between two sets of figures are effects of the figures (common random numbers). Fits are taken from the two runs where
these made them, so that the ends are the runs' own draws.

Invariant: a set of figures has one value, whatever else is asked (held by ``tests/test_news.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import chain, combinations
from typing import Final

import numpy as np
import pandas as pd

from forecast.answers.chances import Case, Unknown, drawn_ends, ends, outcome
from forecast.answers.evidence import Published
from forecast.answers.judgement import case_of
from forecast.data.dataset import Dataset
from forecast.data.panel import Unit, ancestors, known
from forecast.data.target import Target
from forecast.dims import UNIT, Floats, brief
from forecast.draws.fitting import SECONDS_EACH, FitTask, fit_indicator, fit_key
from forecast.draws.gdp import GDP
from forecast.draws.joint import benchmark_of, coupling, joint_paths, line_of
from forecast.draws.paths import IndicatorPaths, Paths
from forecast.executor import Done, Executor, Part, Progress, processes_for
from forecast.news.releases import (
    MOST_GROUPS,
    REMARKS,
    Change,
    Origin,
    Release,
    ReleaseGroup,
    changes,
    figures_with,
    grouped,
    released,
)
from forecast.runs.run import Request, Run, fit_task
from forecast.scenario.contributions import shapley

QUANTITIES: Final = ("reach", "near", "forecast", "benchmark", "gap")
"""Order of the numbers of a target: P(reach), P(near), median year-end growth of the unit and of what it is held
against, percent; median of their paired difference, points."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Setup:
    """All that a fit depends on beside figures.

    stored : keys of fits that are at hand
    """

    dataset: Dataset
    request: Request
    stored: frozenset[str]

    def task(self, figures: pd.DataFrame, indicator: str, *, within: frozenset[str] | None = None) -> FitTask | None:
        """The fit of an indicator on some figures; None where there is nothing to be fitted.

        Parameters
        ----------
        within : places whose draws are wanted, with all that their draws depend on (``decisive``): the figures of
            others are left out, which changes no digit of these; not where the whole fit is at hand, nor where
            the others' figures reach further back, for the grid of periods is common to all. None: no place is left out
        """
        whole = fit_task(self.dataset, figures, indicator, request=self.request)
        if whole is None or within is None or key_of(whole) in self.stored:
            return whole
        part = fit_task(self.dataset, figures[figures["unit"].isin(within)], indicator, request=self.request)
        return whole if part is None or part.measurements.first_year != whole.measurements.first_year else part


def decisive(wanted: frozenset[str], units: Mapping[str, Unit]) -> frozenset[str]:
    """Places on whose figures the draws of some depend: themselves, all above, and the siblings of all these.

    A family is modelled given the draws of its parent, and siblings share the prior of their shapes; what lies below a
    place never enters its draws (``inference.sampling``).
    """
    line = {place for unit in wanted if unit in units for place in (unit, *ancestors(units, unit))}
    parents = {units[unit].parent for unit in line}
    return frozenset(unit.unit for unit in units.values() if unit.parent in parents) | frozenset(line)


def worth(one: IndicatorPaths | None, goals: Sequence[Case]) -> Floats:
    """Numbers of every target on the draws of its indicator, (target, quantity); NaN where a place has no draws."""
    out = np.full((len(goals), len(QUANTITIES)), np.nan)
    known = set() if one is None else {str(unit) for unit in one.cum_yoy[UNIT].values}
    for k, goal in enumerate(goals):
        if one is None or isinstance(goal.held, Unknown) or not set(goal.units) <= known:
            continue
        found = outcome(ends(drawn_ends(one), [goal]), 0)
        medians = found.growth.median_pct, found.benchmark_growth.median_pct, found.gap_pp
        out[k] = found.p_reach, found.p_near, *medians
    return out


def judged(task: FitTask, goals: tuple[Case, ...]) -> Floats:
    """Numbers of every target after a fit; a piece of work."""
    return worth(_fitted(task), goals)


def reduced(task: FitTask, units: frozenset[str]) -> IndicatorPaths:
    """Draws of a fit for some of its units; a piece of work."""
    return _of_units(_fitted(task), units)


def _fitted(task: FitTask) -> IndicatorPaths:
    """The fit; the search for its mode may look at worlds without output, where a logarithm has no value.

    That what comes of it is finite is checked by ``fit_indicator``.
    """
    with np.errstate(divide="ignore"):
        return fit_indicator(task)


def _of_units(one: IndicatorPaths, units: frozenset[str]) -> IndicatorPaths:
    at = {UNIT: [str(unit) for unit in one.cum_yoy[UNIT].values if unit in units]}
    return replace(
        one,
        growth=one.growth.sel(at),
        base_weight=one.base_weight.sel(at),
        cum_yoy=one.cum_yoy.sel(at),
        published=one.published.sel(at),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WantedFit:
    """A fit that is wanted: for the numbers of its targets, or where ``units`` are named, for their draws."""

    name: str
    task: FitTask
    goals: tuple[Case, ...] = ()
    units: frozenset[str] | None = None

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """What came of the fits, by key: numbers, draws; keys that neither has failed."""

    numbers: Mapping[str, Floats]
    draws: Mapping[str, IndicatorPaths]


def fit_all(
    wanted: Mapping[str, WantedFit], known: Mapping[str, IndicatorPaths], executor: Executor, progress: Progress
) -> Fitted:
    """Do the fits that are not known; each once.

    Parameters
    ----------
    wanted : by key of the fit; known : draws of fits that were made before, by key
    """
    numbers: dict[str, Floats] = {}
    kept: dict[str, IndicatorPaths] = {}
    open_: list[str] = []
    for key, one in wanted.items():
        if key not in known:
            open_.append(key)
        elif one.units is None:
            numbers[key] = worth(known[key], one.goals)
        else:
            kept[key] = _of_units(known[key], one.units)
    parts = [Part(wanted[key].name, _work(wanted[key])) for key in open_]
    for key, work in zip(open_, executor.outcomes(parts, progress=progress) if parts else [], strict=True):
        if isinstance(work, Done):
            if isinstance(work.value, IndicatorPaths):
                kept[key] = work.value
            else:
                numbers[key] = np.asarray(work.value, dtype=np.float64)
    return Fitted(numbers=numbers, draws=kept)


def _work(one: WantedFit) -> partial[Floats] | partial[IndicatorPaths]:
    return partial(judged, one.task, one.goals) if one.units is None else partial(reduced, one.task, one.units)


def key_of(task: FitTask | None) -> str:
    """Key of a fit; empty where there is none."""
    return "" if task is None else fit_key(task)


def drivers_of(dataset: Dataset, indicators: Sequence[str]) -> tuple[str, ...]:
    """Indicators whose draws GDP is pooled with, in official order."""
    drivers = {str(name) for name in dataset.panel.industries["driver"]}
    return tuple(name for name in indicators if name in drivers and name != GDP)


def pooled(
    gdp: IndicatorPaths, drivers: Mapping[str, IndicatorPaths], *, dataset: Dataset, paths: Paths, seed: int
) -> IndicatorPaths:
    """GDP coupled and pooled with the drivers of its industries, as in a run.

    Parameters
    ----------
    gdp, drivers : draws in the order of their fits
    paths : of a run, for the dependence between its indicators, year and state of knowledge

    Raises
    ------
    ValueError
        The run does not tell its dependence.
    """
    fits = {GDP: gdp, **drivers}
    if paths.dependence is None:
        raise ValueError("the run does not tell how its indicators hang together")
    order = coupling(fits, paths.dependence, seed)
    joint = joint_paths(fits, order, dataset=dataset, as_of=paths.as_of, seed=seed, method=paths.method)
    return joint.indicators[GDP]


type _Value = Callable[[frozenset[str]], Floats]
"""Numbers of an indicator's targets, (target, quantity), by the names of the groups taken."""
LINK: Final = "linked "
"""Begins the name of a driver's news among the groups of GDP."""
ALL_LINKED: Final = ""
"""Name of the news of all drivers together."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Share:
    """What one group of figures brought, in the order of ``refits.QUANTITIES``; NaN where there is no number.

    origin : of its own figures; None for the news of other indicators, then ``linked`` names the indicator
    """

    origin: Origin | None
    value: Floats
    releases: tuple[Release, ...] = ()
    linked: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shared:
    """The steps of one target, each in the order of ``refits.QUANTITIES``.

    start : numbers on the earlier run's draws; end : on the later figures, which are the later run's draws where its
        fit was made by this version of the program
    target : change of what is aimed at; model : of what figures are read with; seed : of random numbers
    expected : that new figures came out, each as expected
    """

    start: Floats
    end: Floats
    target: Floats
    model: Floats
    seed: Floats
    expected: Floats
    shares: tuple[Share, ...]

    @property
    def whole(self) -> bool:
        """Whether every step has its numbers."""
        steps = (self.start, self.end, self.target, self.model, self.seed, self.expected)
        return bool(np.isfinite([*steps, *(share.value for share in self.shares)]).all())


def shared(
    before: Run, after: Run, *, executor: Executor | None, progress: Progress
) -> dict[tuple[str, str, str], Shared | None]:
    """The steps of every target that both runs have draws of; None where some fit between them failed."""
    between = _Between.of(before, after)
    plans = between.plans()
    wanted = between.wanted(plans)
    stored = {run.keys[name]: run.fits[name] for run in (before, after) for name in run.fits}
    still = sum(key not in stored for key in wanted)
    chosen = executor or processes_for(still, seconds_each=SECONDS_EACH[after.request.method])
    fitted = fit_all(wanted, stored, chosen, progress)
    out: dict[tuple[str, str, str], Shared | None] = {}
    for plan in plans.values():
        out |= between.split(plan, plans, fitted)
    return out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Plan:
    """An indicator: its targets, the figures that changed, and the fits at every step.

    idle : groups of figures that cannot reach its targets: those of places below
    model : fit on the earlier figures, read as the later run reads them, with the earlier random numbers
    none, all : with the later random numbers, on the earlier figures and on the later ones
    sets : on the figures of some groups, by their names; new figures of the others are as expected
    """

    name: str
    keys: tuple[tuple[str, str, str], ...]
    goals_before: tuple[Case, ...]
    goals: tuple[Case, ...]
    groups: tuple[ReleaseGroup, ...]
    idle: tuple[ReleaseGroup, ...]
    linked: tuple[str, ...]
    model: FitTask | None
    none: FitTask | None
    all: FitTask | None
    sets: Mapping[frozenset[str], FitTask | None]

    def task(self, members: frozenset[str], everything: frozenset[str]) -> FitTask | None:
        """The fit on the figures of some groups."""
        return self.all if members == everything else self.sets[members]

    @property
    def moved(self) -> bool:
        """Whether the figures' step changes the fit."""
        return key_of(self.none) != key_of(self.all)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Between:
    """Two runs, and what lies between them.

    seen : the figures that each knew
    """

    before: Run
    after: Run
    seen: tuple[pd.DataFrame, pd.DataFrame]
    published: tuple[Published, Published]

    @classmethod
    def of(cls, before: Run, after: Run) -> _Between:
        year = after.dataset.config.target_year
        return cls(
            before=before,
            after=after,
            seen=(known(before.dataset.panel, before.paths.as_of), known(after.dataset.panel, after.paths.as_of)),
            published=(
                Published.of(before.dataset.panel, before.paths.as_of, year),
                Published.of(after.dataset.panel, after.paths.as_of, year),
            ),
        )

    def plans(self) -> dict[str, _Plan]:
        """Plans of all indicators that both runs have draws of, official order; GDP's knows those of its drivers."""
        names = [name for name in self.after.fits if name in self.before.fits]
        made = {name: self._plan(name, ()) for name in names if name != GDP}
        if GDP in names:
            made[GDP] = self._plan(GDP, tuple(name for name in self.drivers if name not in made or made[name].moved))
        return {name: made[name] for name in names}

    def _plan(self, name: str, linked: tuple[str, ...]) -> _Plan:
        request, dataset = self.after.request, self.after.dataset
        old = replace(request, seed=self.before.request.seed, draws=self.before.request.draws)
        new = Setup(dataset=dataset, request=request, stored=self.stored)
        found = changes(*self.seen, name, target_year=dataset.config.target_year)
        keys, goals_before, goals = self._goals(name)
        within = self._within(name, (*goals_before, *goals))
        near = [one for one in found if one.figure.unit in within]
        groups = self._groups(near, most=MOST_GROUPS - min(len(linked), 1))
        ends = None if name in self.drivers else within
        nothing = figures_with(*self.seen, name, found, (), expected={})
        told = released(found, earlier=self.before.paths.indicators[name], published=self.published[0])
        expected = {c.key: r.expected_pct for c, r in zip(found, told, strict=True) if r.expected_pct is not None}
        return _Plan(
            name=name,
            keys=keys,
            goals_before=goals_before,
            goals=goals,
            groups=groups,
            idle=self._groups([one for one in found if one.figure.unit not in within], most=0),
            linked=linked if len(groups) + len(linked) <= MOST_GROUPS else (ALL_LINKED,),
            model=replace(new, request=old).task(nothing, name, within=ends),
            none=new.task(nothing, name, within=ends),
            all=new.task(self.seen[1], name, within=ends),
            sets={
                frozenset(group.name for group in chosen): new.task(
                    figures_with(*self.seen, name, found, chosen, expected=expected), name, within=within
                )
                for chosen in chain.from_iterable(combinations(groups, k) for k in range(len(groups)))
            },
        )

    @cached_property
    def stored(self) -> frozenset[str]:
        """Keys of the two runs' fits."""
        return frozenset((*self.before.keys.values(), *self.after.keys.values()))

    @cached_property
    def drivers(self) -> tuple[str, ...]:
        """Indicators that GDP is pooled with; none where GDP has no draws."""
        return drivers_of(self.after.dataset, tuple(self.after.fits)) if GDP in self.after.fits else ()

    def _within(self, name: str, goals: Sequence[Case]) -> frozenset[str]:
        """Places on whose figures an indicator's targets depend; a remark weighs the draws of all places."""
        config = self.after.dataset.config
        spoken = {
            str(unit)
            for seen in self.seen
            for unit in seen[(seen["indicator"] == name) & seen["measure"].isin(REMARKS)]["unit"]
        }
        places = {config.city, benchmark_of(self.after.dataset)} | spoken
        return decisive(frozenset(places.union(*(goal.units for goal in goals))), self.after.dataset.panel.units)

    def _groups(self, found: Sequence[Change], *, most: int) -> tuple[ReleaseGroup, ...]:
        dataset = self.after.dataset
        units = {**self.before.dataset.panel.units, **dataset.panel.units}
        return grouped(found, units, city=dataset.config.city, province=benchmark_of(dataset), most=most)

    def _goals(self, name: str) -> tuple[tuple[tuple[str, str, str], ...], tuple[Case, ...], tuple[Case, ...]]:
        """Targets of an indicator that both runs have, as each held them."""
        held: list[dict[tuple[str, str, str], Case]] = []
        for run, published in zip((self.before, self.after), self.published, strict=True):
            mine = [one for one in run.dataset.targets if one.indicator == name]
            held.append(
                {_key(one): case_of(one, run.paths, published=published, config=run.dataset.config) for one in mine}
            )
        keys = tuple(key for key in held[1] if key in held[0])
        return keys, tuple(held[0][key] for key in keys), tuple(held[1][key] for key in keys)

    def wanted(self, plans: Mapping[str, _Plan]) -> dict[str, WantedFit]:
        """All fits between the runs by key: draws of GDP and of its drivers' ends, numbers of all others."""
        places = frozenset(line_of(self.after.dataset))
        out: dict[str, WantedFit] = {}
        for plan in plans.values():
            units = places | {unit for goal in (*plan.goals_before, *plan.goals) for unit in goal.units}
            ends = units if plan.name in (*self.drivers, GDP) else None
            inner = units if plan.name == GDP else None
            title = self.after.dataset.panel.indicators[plan.name].name_zh
            for of, tasks in ((ends, (plan.model, plan.none, plan.all)), (inner, plan.sets.values())):
                for task in tasks:
                    if task is not None:
                        out.setdefault(key_of(task), WantedFit(name=title, task=task, goals=plan.goals, units=of))
        return out

    def split(
        self, plan: _Plan, plans: Mapping[str, _Plan], fitted: Fitted
    ) -> dict[tuple[str, str, str], Shared | None]:
        """The steps of an indicator's targets."""
        value, model, before = self._gdp(plan, plans, fitted) if plan.name == GDP else self._own(plan, fitted)
        names = (*(group.name for group in plan.groups), *(LINK + name for name in plan.linked))
        none, all_ = value(frozenset()), value(frozenset(names))
        shares = _shapley(names, value, none.shape, seed=self.after.request.seed)
        earlier = self.before.paths.indicators[plan.name]
        start, retargeted = worth(earlier, plan.goals_before), worth(earlier, plan.goals)
        told = {
            group.name: released(group.changes, earlier=earlier, published=self.published[0])
            for group in (*plan.groups, *plan.idle)
        }
        out: dict[tuple[str, str, str], Shared | None] = {}
        for k, key in enumerate(plan.keys):
            own = [
                Share(origin=g.origin, value=v[k], releases=told[g.name])
                for g, v in zip(plan.groups, shares, strict=False)
            ]
            others = zip(plan.linked, shares[len(plan.groups) :], strict=True)
            idle = [Share(origin=g.origin, value=np.zeros_like(none[k]), releases=told[g.name]) for g in plan.idle]
            made = Shared(
                start=start[k],
                end=all_[k],
                target=retargeted[k] - start[k],
                model=model[k] - retargeted[k],
                seed=before[k] - model[k],
                expected=none[k] - before[k],
                shares=(*own, *idle, *(Share(origin=None, value=v[k], linked=name) for name, v in others)),
            )
            out[key] = made if made.whole else None
        return out

    def _own(self, plan: _Plan, fitted: Fitted) -> tuple[_Value, Floats, Floats]:
        """Numbers of an indicator by the groups taken; on the earlier ones with the old and the new streams."""

        def numbers(task: FitTask | None) -> Floats:
            key = key_of(task)
            if key in fitted.numbers:
                return fitted.numbers[key]
            return worth(fitted.draws.get(key), plan.goals)

        everything = frozenset(group.name for group in plan.groups)

        def value(members: frozenset[str]) -> Floats:
            return numbers(plan.task(members, everything))

        return value, numbers(plan.model), numbers(plan.none)

    def _gdp(self, plan: _Plan, plans: Mapping[str, _Plan], fitted: Fitted) -> tuple[_Value, Floats, Floats]:
        """The same for GDP, pooled with its drivers as they were, or as they are where their news is taken."""
        drivers = self.drivers
        own = frozenset(group.name for group in plan.groups)
        memo: dict[frozenset[str], Floats] = {}

        def driver(name: str, at: str) -> IndicatorPaths | None:
            found = plans.get(name)
            if found is None:
                return self.after.fits[name] if at == "all" else None
            return fitted.draws.get(key_of(getattr(found, at)))

        def numbers(gdp: IndicatorPaths | None, at: Mapping[str, str], seed: int) -> Floats:
            if gdp is None:
                return worth(None, plan.goals)
            found = {name: one for name in drivers if (one := driver(name, at[name])) is not None}
            made = pooled(gdp, found, dataset=self.after.dataset, paths=self.after.paths, seed=seed)
            return worth(made, plan.goals)

        def value(members: frozenset[str]) -> Floats:
            if members not in memo:
                taken = {name for name in drivers if members & {LINK + name, LINK + ALL_LINKED}}
                at = {name: "all" if name in taken else "none" for name in drivers}
                gdp = fitted.draws.get(key_of(plan.task(members & own, own)))
                memo[members] = numbers(gdp, at, self.after.request.seed)
            return memo[members]

        ends = [
            numbers(fitted.draws.get(key_of(task)), dict.fromkeys(drivers, at), run.request.seed)
            for task, at, run in ((plan.model, "model", self.before), (plan.none, "none", self.after))
        ]
        return value, ends[0], ends[1]


def _shapley(names: Sequence[str], value: _Value, shape: tuple[int, ...], *, seed: int) -> Floats:
    """Fair share of every name, (name, target, quantity)."""
    if not names:
        return np.zeros((0, *shape))
    shares, _ = shapley(names, lambda members: value(members).ravel(), seed=seed)
    return np.asarray(shares.reshape(len(names), *shape), dtype=np.float64)


def _key(target: Target) -> tuple[str, str, str]:
    return target.key
