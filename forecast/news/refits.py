"""What a set of figures is worth: an indicator fitted on it, on the same random numbers, and its targets judged.

Streams are keyed by seed and names, so that every fit of an indicator draws on the same random numbers and differences
between two sets of figures are effects of the figures (common random numbers). Fits are taken from the two runs where
these made them, so that the ends are the runs' own draws.

Invariant: a set of figures has one value, whatever else is asked (held by ``tests/test_news.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
import pandas as pd

from forecast.answers.benchmark import Unknown
from forecast.answers.chances import Case, drawn_ends, ends, outcome
from forecast.data.dataset import Dataset
from forecast.data.panel import Unit, ancestors
from forecast.dims import UNIT, Floats, brief
from forecast.draws.fitting import FitTask, fit_indicator, fit_key
from forecast.draws.gdp import GDP
from forecast.draws.joint import coupling, joint_paths
from forecast.draws.paths import IndicatorPaths, Paths
from forecast.executor import Done, Executor, Part, Progress
from forecast.runs.run import Request, fit_task

QUANTITIES: Final = ("reach", "near", "forecast", "benchmark")
"""Order of the numbers of a target: P(reach), P(near), median year-end growth of the unit and of what it is held
against, percent."""


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
        out[k] = found.p_reach, found.p_near, found.growth.median_pct, found.benchmark_growth.median_pct
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
