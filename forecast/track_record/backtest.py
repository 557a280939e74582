"""Every as-of month of past years replayed with what was known then, and scored.

Invariant: the same request on the same data gives the same records for any number of workers, and an indicator's do
not depend on which others are replayed (held by ``tests/test_backtest.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

from forecast import __version__
from forecast.data.dataset import Dataset, read_dataset
from forecast.data.panel import Indicator, Panel
from forecast.data.target import TargetKind
from forecast.dims import brief
from forecast.draws.fitting import SECONDS_EACH, digest
from forecast.errors import UsageError
from forecast.executor import Done, Executor, Failed, Part, processes_for
from forecast.inference.gaps.ratio import Method
from forecast.periods import AsOf, Month
from forecast.track_record.peers import LIBRARIES, RULES, available
from forecast.track_record.replay import Record, ReplayTask, outcomes, pairs, replay

DRAWS: Final = 1000
"""Draws a replay: their error in a mean score is far below that of the few outcomes."""
PAST_YEARS: Final = 2
"""Earlier years with figures of an indicator without which a year is not replayed unless it is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestRequest:
    """What to replay.

    years : first and last year; None: every year whose end is known and that has ``PAST_YEARS`` of figures before it
    as_of : outcomes released later do not count; None: all that the data set has
    indicators : ids; None: all of the data set
    libraries : forecasters off the shelf to compare with; None: those that are installed
    """

    dataset: Path
    years: tuple[int, int] | None = None
    as_of: str | None = None
    indicators: tuple[str, ...] | None = None
    libraries: tuple[str, ...] | None = None
    seed: int = 1
    method: Method = "fast"
    draws: int = DRAWS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Backtest:
    """All replays of a data set.

    records : by indicator in official order, month, place, forecaster
    forecasters : the model, the rules, and the libraries that were tried
    failures : why a replay gave nothing, by its name, one line each
    past_years : years of figures that a replayed year had before it; 1 where the data set is too young for more
    """

    run_id: str
    request: BacktestRequest
    dataset: Dataset
    records: tuple[Record, ...]
    forecasters: tuple[str, ...]
    failures: Mapping[str, str] = field(default_factory=dict)
    past_years: int = PAST_YEARS

    __repr__ = brief

    @property
    def left_out(self) -> tuple[str, ...]:
        """Indicators of which no year could be replayed, in official order."""
        asked = self.request.indicators or tuple(self.dataset.panel.indicators)
        replayed = {record.case.indicator for record in self.records}
        return tuple(name for name in asked if name not in replayed)

    @property
    def years(self) -> tuple[int, ...]:
        """Years with a record, in order."""
        return tuple(sorted({record.case.month.year for record in self.records}))


def backtest(
    request: BacktestRequest,
    *,
    progress: Callable[[str, int, int], None] = lambda *_: None,
    executor: Executor | None = None,
) -> Backtest:
    """Replay every month of the years asked for, and score every forecaster.

    A replay that fails is named in ``failures``; the others go on.

    Parameters
    ----------
    progress : called with the name of a replay, how many are done, and of how many
    executor : where replays are done; None: in process, or in local processes where that is faster

    Raises
    ------
    InputError
        The data set is unusable.
    UsageError
        ``as_of`` cannot be read, an indicator is unknown, a library is unknown or not installed, or there is no year
        whose end is known.
    """
    dataset = read_dataset(request.dataset)
    libraries = _libraries(request.libraries)
    past = PAST_YEARS
    tasks = tuple(_tasks(dataset, request, libraries))
    if not tasks and request.years is None:
        past = 1  # a young data set: what can be replayed with a single earlier year
        tasks = tuple(_tasks(dataset, request, libraries, past=past))
    if not tasks:
        found = sorted({period.year for period in dataset.panel.observations["period"]})
        raise UsageError("usage_no_past_year", years=_span(request.years) or ", ".join(map(str, found)))
    parts = [Part(_name(dataset.panel, task), partial(replay, task)) for task in tasks]
    chosen = executor or processes_for(len(parts), seconds_each=SECONDS_EACH[request.method])
    done = chosen.outcomes(parts, progress=progress)
    return Backtest(
        run_id=_run_id(dataset, request, libraries),
        request=request,
        dataset=dataset,
        records=tuple(record for one in done if isinstance(one, Done) for record in one.value),
        forecasters=("model", *RULES, *libraries),
        failures={one.name: one.reason for one in done if isinstance(one, Failed)},
        past_years=past,
    )


def _libraries(asked: tuple[str, ...] | None) -> tuple[str, ...]:
    installed = available()
    if asked is None:
        return installed
    for name in asked:
        if name not in LIBRARIES:
            raise UsageError("usage_forecaster_unknown", found=name, expected=", ".join(LIBRARIES))
        if name not in installed:
            raise UsageError("usage_forecaster_missing", found=name, library=LIBRARIES[name])
    return asked


def _tasks(
    dataset: Dataset, request: BacktestRequest, libraries: tuple[str, ...], *, past: int = PAST_YEARS
) -> Iterable[ReplayTask]:
    """Every replay, by indicator in official order and month."""
    panel = dataset.panel
    by = None if request.as_of is None else AsOf.parse(request.as_of)
    for name in request.indicators or ():
        if name not in panel.indicators:
            raise UsageError("usage_backtest_indicator", found=name, expected=", ".join(panel.indicators))
    for name, indicator in panel.indicators.items():
        if request.indicators is not None and name not in request.indicators:
            continue
        own = panel.observations[panel.observations["indicator"] == name]
        alone = replace(panel, indicators={name: indicator}, observations=own)
        tolerances = {
            target.unit: target.tolerance_pp
            for target in dataset.targets
            if target.indicator == name and target.kind is TargetKind.PROVINCE_AVERAGE
        }
        for year in replayed_years(alone, request.years, past=past):
            known_ends = pairs(panel.units, outcomes(alone, indicator, year, by=by), tolerances)
            for month in _months(indicator, year) if known_ends else ():
                yield ReplayTask(
                    panel=alone,
                    indicator=name,
                    month=month,
                    pairs=known_ends,
                    evidence=dataset.config.evidence,
                    method=request.method,
                    seed=request.seed,
                    draws=request.draws,
                    forecasters=(*RULES, *libraries),
                )


def replayed_years(panel: Panel, asked: tuple[int, int] | None, *, past: int = PAST_YEARS) -> list[int]:
    """Years with figures that are to be replayed: those asked for, else those with ``past`` earlier years."""
    years = sorted({period.year for period in panel.observations["period"]})
    if asked is not None:
        return [year for year in years if asked[0] <= year <= asked[1]]
    return years[past:]


def _months(indicator: Indicator, year: int) -> tuple[Month, ...]:
    """Reporting months of an indicator but the last, after which nothing is left to forecast."""
    return tuple(Month(year, month) for month in indicator.frequency.months[:-1])


def _name(panel: Panel, task: ReplayTask) -> str:
    return f"{panel.indicators[task.indicator].name_zh} {task.month}"


def _span(years: tuple[int, int] | None) -> str:
    return "" if years is None else f"{years[0]}-{years[1]}"


def _run_id(dataset: Dataset, request: BacktestRequest, libraries: tuple[str, ...]) -> str:
    """Name of a backtest: the same data, request, forecasters and version give the same."""
    asked = (request.years, request.as_of, request.indicators, request.method, request.seed, request.draws)
    made = digest((dataset.data_hash, asked, libraries, __version__))[:8]
    return f"{dataset.config.name}-backtest-{request.method}-{made}"
