"""One run: a data set, a state of knowledge and a seed give joint draws and the answers read from them.

Invariant: the same request on the same data gives the same digits, and an indicator's do not depend on which others
are fitted (held by ``tests/test_run.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from forecast import __version__
from forecast.answers.attainment import Attainment, attain
from forecast.answers.chances import Criterion
from forecast.answers.horizons import Horizon, all_horizons
from forecast.answers.required import action_month
from forecast.answers.scores import League, league
from forecast.data.dataset import Dataset, read_dataset, retargeted, speaking_of
from forecast.data.panel import known
from forecast.dims import brief
from forecast.draws.dependence import dependence
from forecast.draws.fitting import SECONDS_EACH, FitTask, code_hash, digest, fit_indicator, fit_key
from forecast.draws.joint import Ordering, coupling, joint_paths, orderings
from forecast.draws.paths import IndicatorPaths, Paths
from forecast.errors import UsageError
from forecast.executor import Done, Executor, Failed, Part, processes_for
from forecast.inference.gaps.fast import Method
from forecast.inference.measure import measure
from forecast.inference.priors import HYPER_DRAWS
from forecast.periods import AsOf

DRAWS: Final = 4000
"""Draws a run: Monte Carlo error of a probability below one point."""
BASELINE: Final = "0" * 16
"""Scenario hash of the baseline: no scenario."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to run.

    as_of : ``YYYY-MM`` or ``YYYY-MM-DD``; None: what the data set says
    unit, year : place and target year that are asked for; None: those of the data set
    criterion : what numbers, words and lights speak of; None: what the data set says
    """

    dataset: Path
    as_of: str | None = None
    seed: int = 1
    method: Method = "fast"
    draws: int = DRAWS
    unit: str | None = None
    year: int | None = None
    criterion: Literal["near", "reach"] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """A finished run.

    fits : draws of every indicator as fitted, before coupling and before GDP is pooled: what is kept
    remarks : what is known of gaps without a number, by indicator, and was used
    keys : key of every indicator's fit; the same key, the same draws
    order : order of every indicator's draws as coupled, of its fit's; a permutation (draw,)
    reused : indicators whose draws were taken up from an earlier run
    failures : why an indicator has no draws although it has figures, one line each
    """

    run_id: str
    request: Request
    dataset: Dataset
    paths: Paths
    attainment: Attainment
    fits: Mapping[str, IndicatorPaths]
    remarks: Mapping[str, tuple[Ordering, ...]]
    keys: Mapping[str, str]
    order: Mapping[str, np.ndarray]
    reused: frozenset[str] = frozenset()
    failures: Mapping[str, str] = field(default_factory=dict)

    __repr__ = brief

    @cached_property
    def horizons(self) -> tuple[Horizon, ...]:
        """The city's judged targets at every open period."""
        rows = [row for row in self.attainment.rows if row.target.unit == self.dataset.config.city]
        return all_horizons(rows, self.paths, panel=self.dataset.panel, config=self.dataset.config)

    @cached_property
    def league(self) -> League:
        """Where the city and its siblings end the year, and what they score."""
        return league(self.paths, self.dataset.panel, self.dataset.config)

    def speaking(self, criterion: Criterion | None) -> Run:
        """The same run, whose numbers, words and lights speak of a criterion; None: as it was made."""
        if criterion is None or criterion is self.attainment.criterion:
            return self
        dataset = speaking_of(self.dataset, criterion.value)
        return replace(self, dataset=dataset, attainment=self.attainment.speaking(criterion))


type KeptFits = Callable[[str], IndicatorPaths | None]
"""Draws of a fit that an earlier run kept, by key; None where there are none."""


def no_fits(key: str) -> None:  # noqa: ARG001
    """Keeps no fits: everything is fitted."""
    return


def run(
    request: Request,
    *,
    progress: Callable[[str, int, int], None] = lambda *_: None,
    executor: Executor | None = None,
    kept: KeptFits = no_fits,
) -> Run:
    """Fit every indicator with a target and judge the targets.

    An indicator whose fit fails is left without draws and named in ``failures``; the others go on.

    Parameters
    ----------
    progress : called with the indicator's Chinese name, how many are done, and of how many
    executor : where fits are done; None: in process, or in local processes where that is faster
    kept : draws of earlier fits; an indicator whose key it knows is not fitted again

    Raises
    ------
    InputError
        The data set is unusable; nothing was fitted.
    UsageError
        ``as_of`` cannot be read, or ``draws`` is no multiple of ``HYPER_DRAWS``.
    """
    if request.draws <= 0 or request.draws % HYPER_DRAWS:
        raise UsageError("usage_draws", found=request.draws, step=HYPER_DRAWS)
    dataset = retargeted(read_dataset(request.dataset), unit=request.unit, year=request.year)
    as_of = AsOf.parse(request.as_of or dataset.config.as_of)
    tasks = _tasks(dataset, as_of, request)
    keys = {name: fit_key(task) for name, task in tasks.items()}
    earlier = {name: paths for name, key in keys.items() if (paths := kept(key)) is not None}
    fresh = [name for name in tasks if name not in earlier]
    parts = [Part(dataset.panel.indicators[name].name_zh, partial(fit_indicator, tasks[name])) for name in fresh]
    chosen = executor or processes_for(len(parts), seconds_each=SECONDS_EACH[request.method])
    outcomes = dict(zip(fresh, chosen.outcomes(parts, progress=progress), strict=True))
    failures = {name: one.reason for name, one in outcomes.items() if isinstance(one, Failed)}
    fitted = earlier | {name: one.value for name, one in outcomes.items() if isinstance(one, Done)}
    return finish(
        Fits(
            paths={name: fitted[name] for name in tasks if name in fitted},
            keys={name: keys[name] for name in tasks if name in fitted},
            reused=frozenset(earlier),
            failures=failures,
        ),
        dataset=dataset,
        as_of=as_of,
        request=request,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fits:
    """Draws of all indicators before they are coupled, in official order; the rest as in ``Run``."""

    paths: Mapping[str, IndicatorPaths]
    keys: Mapping[str, str]
    order: Mapping[str, np.ndarray] | None = None
    reused: frozenset[str] = frozenset()
    failures: Mapping[str, str] = field(default_factory=dict)

    __repr__ = brief


def of_unit(run: Run, unit: str) -> Run:
    """The same fits asked of another place, as ``dabiao run --unit`` gives it.

    Raises
    ------
    UsageError
        No such place below the province.
    """
    return finish(
        Fits(paths=run.fits, keys=run.keys, reused=run.reused, failures=run.failures),
        dataset=retargeted(run.dataset, unit=unit),
        as_of=run.paths.as_of,
        request=replace(run.request, unit=unit),
    )


def acting(dataset: Dataset, as_of: AsOf) -> Dataset:
    """A data set that names the first month of action at a state of knowledge."""
    config = replace(dataset.config, first_action_month=action_month(dataset.config, as_of))
    return replace(dataset, config=config)


def finish(fits: Fits, *, dataset: Dataset, as_of: AsOf, request: Request, run_id: str | None = None) -> Run:
    """Couple the fits and judge the targets: what is left of a run when the draws are there.

    ``fits.order`` None: the coupling is computed; else it is the one that was kept. ``run_id`` None: the name follows
    from data, request and code; else it is that of the kept run. The data set of the run names the
    first month of action at ``as_of``.
    """
    dataset = acting(speaking_of(dataset, request.criterion), as_of)
    panel, config = dataset.panel, dataset.config
    seen = known(panel, as_of)
    with threadpool_limits(limits=1):  # sums must not depend on the number of threads
        together = dependence(dataset, as_of)
        order = coupling(fits.paths, together, request.seed) if fits.order is None else fits.order
        joint = joint_paths(
            fits.paths,
            order,
            dataset=dataset,
            as_of=as_of,
            seed=request.seed,
            method=request.method,
            dependence=together,
        )
        attainment = attain(joint, panel, dataset.targets, config)
    return Run(
        run_id=run_id or _run_id(dataset, as_of, request, fits),
        request=request,
        dataset=dataset,
        paths=joint,
        attainment=attainment,
        fits=fits.paths,
        remarks={name: tuple(orderings(panel, seen, name)) for name in fits.paths},
        keys=fits.keys,
        order=order,
        reused=fits.reused,
        failures=fits.failures,
    )


def _tasks(dataset: Dataset, as_of: AsOf, request: Request) -> dict[str, FitTask]:
    """What is to be fitted: every indicator with a target and with figures, in official order."""
    seen = known(dataset.panel, as_of)
    wanted = {target.indicator for target in dataset.targets}
    tasks = {
        name: fit_task(dataset, seen, name, request=request) for name in dataset.panel.indicators if name in wanted
    }
    return {name: task for name, task in tasks.items() if task is not None}


def fit_task(dataset: Dataset, seen: pd.DataFrame, name: str, *, request: Request) -> FitTask | None:
    """What is to be fitted of one indicator; None where no place has a figure.

    Parameters
    ----------
    seen : the figures that the fit may know (``panel.known``, or part of it), in that order
    """
    panel, year = dataset.panel, dataset.config.target_year
    measurements = measure(panel, seen, panel.indicators[name], target_year=year)
    if not measurements.units:
        return None
    return FitTask(
        indicator=name,
        frequency=panel.indicators[name].frequency,
        target_year=year,
        measurements=measurements,
        remarks=tuple(orderings(panel, seen, name)),
        method=request.method,
        seed=request.seed,
        draws=request.draws,
    )


def _run_id(dataset: Dataset, as_of: AsOf, request: Request, fits: Fits) -> str:
    """Name of a run: the same data, state of knowledge, method, seed, fits and code of the answers give the same."""
    code = code_hash(Path(__file__))
    parts = (dataset.data_hash, as_of.text, request.method, request.seed, request.draws, __version__, code)
    asked = () if request.criterion is None else (request.criterion,)
    made = digest(((*parts, *asked), sorted(fits.keys.items()), sorted(fits.failures)))[:8]
    return f"{dataset.config.name}-{as_of.text}-{request.method}-{made}"
