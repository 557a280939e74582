"""One run: a data set, a state of knowledge and a seed give joint draws and the answers read from them.

Invariant: the same request on the same data gives the same digits, and an indicator's do not depend on which others
are fitted (held by ``tests/test_run.py``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from threadpoolctl import threadpool_limits

from forecast import __version__
from forecast.attainment import Attainment, attain
from forecast.dataset import Dataset, read_dataset
from forecast.evidence import nearest_province
from forecast.measure import measure
from forecast.orderings import Ordering, condition, orderings
from forecast.panel import known
from forecast.paths import IndicatorPaths, Paths, couple, indicator_paths
from forecast.periods import AsOf
from forecast.sampling import Method, fit, stream

__all__ = ["DRAWS", "Request", "Run", "run"]

DRAWS: Final = 4000
"""Draws a run: Monte Carlo error of a probability below one point."""
BASELINE: Final = "0" * 16
"""Scenario hash of the baseline: no scenario."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to run.

    as_of : ``YYYY-MM`` or ``YYYY-MM-DD``; None: what the data set says
    """

    dataset: Path
    as_of: str | None = None
    seed: int = 1
    method: Method = "fast"
    draws: int = DRAWS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """A finished run.

    remarks : what is known of gaps without a number, by indicator, and was used
    """

    run_id: str
    request: Request
    dataset: Dataset
    paths: Paths
    attainment: Attainment
    remarks: Mapping[str, tuple[Ordering, ...]]


def run(request: Request, *, progress: Callable[[str, int, int], None] = lambda *_: None) -> Run:
    """Fit every indicator with a target and judge the targets.

    Parameters
    ----------
    progress : called with the indicator's Chinese name, how many are done, and of how many

    Raises
    ------
    InputError
        The data set is unusable; nothing was fitted.
    UsageError
        ``as_of`` cannot be read.
    """
    dataset = read_dataset(request.dataset)
    as_of = AsOf.parse(request.as_of or dataset.config.as_of)
    panel, config = dataset.panel, dataset.config
    seen = known(panel, as_of)
    wanted = {target.indicator for target in dataset.targets}
    todo = [indicator for name, indicator in panel.indicators.items() if name in wanted]
    fitted: dict[str, IndicatorPaths] = {}
    remarks: dict[str, tuple[Ordering, ...]] = {}
    with threadpool_limits(limits=1):  # small matrices; and sums must not depend on the number of threads
        for done, indicator in enumerate(todo):
            progress(indicator.name_zh, done, len(todo))
            name = indicator.indicator
            measurements = measure(panel, seen, indicator, target_year=config.target_year)
            if not measurements.units:
                continue
            posterior = fit(measurements, method=request.method, seed=request.seed, name=name, draws=request.draws)
            paths = indicator_paths(
                posterior, indicator=name, frequency=indicator.frequency, target_year=config.target_year
            )
            remarks[name] = tuple(orderings(panel, seen, name))
            fitted[name] = condition(paths, remarks[name], stream(request.seed, name, "orderings"))
    progress("", len(todo), len(todo))
    benchmark = nearest_province(panel.units, config.city) or config.province
    joint = Paths(
        indicators=couple(fitted, config.city, benchmark, request.seed),
        target_year=config.target_year,
        as_of=as_of,
        seed=request.seed,
        method=request.method,
    )
    return Run(
        run_id=_run_id(dataset, as_of, request),
        request=request,
        dataset=dataset,
        paths=joint,
        attainment=attain(joint, panel, dataset.targets, config),
        remarks=remarks,
    )


def _run_id(dataset: Dataset, as_of: AsOf, request: Request) -> str:
    """Name of a run: the same data, state of knowledge, method, seed and model give the same."""
    parts = (dataset.data_hash, as_of.text, request.method, request.seed, request.draws, __version__)
    digest = hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:8]
    return f"{dataset.config.name}-{as_of.text}-{request.method}-{digest}"
