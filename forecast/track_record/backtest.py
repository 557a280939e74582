"""Every as-of month of past years replayed with what was known then, and scored.

Invariant: the same request on the same data gives the same records for any number of workers, and an indicator's do
not depend on which others are replayed (held by ``tests/test_backtest.py``).

The track record: scores and calibration of past forecasts, told apart by kind of place and by months left.

A nation's, province's, city's and county's records are never put together: a county's growth is several times as
noisy, and its twelve neighbours are not twelve tests of the city's forecast.

Invariant: every row says from how many outcomes it is made, and forecasters are compared on the same cases
(held by ``tests/test_track.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from forecast import __version__
from forecast.data.dataset import Dataset, read_dataset
from forecast.data.panel import Indicator, Panel
from forecast.dims import brief
from forecast.draws.fitting import SECONDS_EACH, digest
from forecast.errors import UsageError
from forecast.executor import Done, Executor, Failed, Part, processes_for
from forecast.inference.gaps.fast import Method
from forecast.inference.sampling import stream
from forecast.periods import AsOf, Month
from forecast.track_record import scoring
from forecast.track_record.peers import LIBRARIES, RULES, available
from forecast.track_record.replay import RankRecord, Record, ReplayTask, outcomes, pairs, replay
from forecast.track_record.scoring import Ratio, Reliability

ALL: Final = ""
"""In place of an indicator: all of them."""
ALL_MONTHS: Final = (0, 12)
BANDS: Final = ((1, 3), (4, 6), (7, 10))
"""Months left, from and to: a quarter, two, and more."""
FEWEST_OUTCOMES: Final = 20
"""Outcomes below which a record says so: a frequency out of fewer is uncertain by more than ten points either way."""
FEWEST_CLUSTERS: Final = 5
"""Indicators and years below which a ratio is given without an interval: resampling them would show none."""
REFERENCE: Final = "pace"
"""Forecaster that others are compared with: 序时进度."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackGroup:
    """Cases that are put together.

    level : kind of place; indicator : id, or ``ALL``; months_left : from and to
    """

    level: str
    indicator: str
    months_left: tuple[int, int]

    def holds(self, record: Record) -> bool:
        """Whether a record belongs to the group."""
        case = record.case
        first, last = self.months_left
        return (
            case.pair.level == self.level
            and self.indicator in (ALL, case.indicator)
            and first <= case.months_left <= last
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Mean scores of a forecaster over a group.

    cases : forecasts; outcomes : ends of years of a place and indicator that they were about, which are what counts as
        evidence: forecasts of one outcome from month to month are much alike
    covered50, covered90 : None for a forecaster that gives no distribution
    deviation : of probabilities from frequencies, mean over classes by count
    rank_cases, rank_brier, rank_rps : forecasts of a rank among siblings, and the means of their scores; 0 and None
        without any
    rank_deviation : of P(among the first third) from frequencies, as ``deviation``
    against_pace : ratio of CRPS to that of ``pace`` on the same cases; None for itself, or where pace is perfect
        (its interval only counts from ``FEWEST_CLUSTERS`` clusters)
    """

    group: TrackGroup
    forecaster: str
    cases: int
    outcomes: int
    crps_pp: float
    twcrps_pp: float
    brier: float
    log_score: float
    covered50: float | None
    covered90: float | None
    p_reach: float
    reached: float
    deviation: float
    against_pace: Ratio | None
    rank_cases: int = 0
    rank_brier: float | None = None
    rank_rps: float | None = None
    rank_deviation: float | None = None

    @property
    def few(self) -> bool:
        """Whether there are too few outcomes to judge calibration by."""
        return self.outcomes < FEWEST_OUTCOMES

    @property
    def interval(self) -> tuple[float, float] | None:
        """90 % interval of the ratio; None without a ratio, or with too few clusters to resample."""
        ratio = self.against_pace
        return None if ratio is None or ratio.clusters < FEWEST_CLUSTERS else (ratio.low, ratio.high)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """Calibration of a forecaster over a group.

    pit : (class,) count of PIT values in tenths; None for a forecaster that gives no distribution
    ranks : of being among the first third of siblings; None where nobody is ranked
    """

    group: TrackGroup
    forecaster: str
    outcomes: int
    reliability: Reliability
    pit: np.ndarray | None
    ranks: Reliability | None = None


def scores(records: Sequence[Record], *, seed: int) -> list[Score]:
    """Scores by kind of place: all indicators by months left, then each indicator over all months.

    Parameters
    ----------
    seed : of the resampling behind the intervals of ratios
    """
    out = []
    for group in _groups(records):
        mine = [record for record in records if group.holds(record)]
        pace = {_key(record): record.crps_pp for record in mine if record.forecaster == REFERENCE}
        out += [_score(group, name, chosen, pace, seed) for name, chosen in _by_forecaster(mine).items()]
    return out


def calibration(records: Sequence[Record]) -> list[Calibration]:
    """Reliability and PIT by kind of place and months left, all indicators together."""
    out = []
    for group in _groups(records):
        if group.indicator != ALL:
            continue
        for name, chosen in _by_forecaster([r for r in records if group.holds(r)]).items():
            values = [r.pit for r in chosen if r.pit is not None]
            out.append(
                Calibration(
                    group=group,
                    forecaster=name,
                    outcomes=_outcomes(chosen),
                    reliability=scoring.reliability([r.p_reach for r in chosen], [r.case.event for r in chosen]),
                    pit=scoring.pit_histogram(values) if values else None,
                    ranks=rank_reliability([r.rank for r in chosen if r.rank is not None]),
                )
            )
    return out


def rank_reliability(ranks: Sequence[RankRecord]) -> Reliability | None:
    """Probability of being among the first third of siblings against how often it came; None without a rank."""
    if not ranks:
        return None
    return scoring.reliability([one.p_first for one in ranks], [one.outcome <= one.first for one in ranks])


def _groups(records: Sequence[Record]) -> list[TrackGroup]:
    """Groups with at least one record; kinds of places and indicators in the order of the records."""
    levels = list(dict.fromkeys(record.case.pair.level for record in records))
    indicators = list(dict.fromkeys(record.case.indicator for record in records))
    found = []
    for level in sorted(levels, key=_ORDER.index):
        wanted = [(ALL, months) for months in (ALL_MONTHS, *BANDS)] + [(name, ALL_MONTHS) for name in indicators]
        found += [TrackGroup(level=level, indicator=name, months_left=months) for name, months in wanted]
    return [group for group in found if any(group.holds(record) for record in records)]


_ORDER: Final = ("city", "province", "nation", "county", "zone")
"""The city is what a data set is about."""


def _by_forecaster(records: Iterable[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.forecaster, []).append(record)
    return found


def _key(record: Record) -> tuple[str, str, str]:
    return record.case.indicator, record.case.pair.unit, str(record.case.month)


def _outcomes(records: Iterable[Record]) -> int:
    return len({(r.case.indicator, r.case.pair.unit, r.case.month.year) for r in records})


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _score(
    group: TrackGroup, name: str, records: Sequence[Record], pace: Mapping[tuple[str, str, str], float], seed: int
) -> Score:
    events = [record.case.event for record in records]
    ranks = [record.rank for record in records if record.rank is not None]
    placed = rank_reliability(ranks)
    return Score(
        group=group,
        forecaster=name,
        cases=len(records),
        outcomes=_outcomes(records),
        crps_pp=float(np.mean([r.crps_pp for r in records])),
        twcrps_pp=float(np.mean([r.twcrps_pp for r in records])),
        brier=float(np.mean([r.brier for r in records])),
        log_score=float(np.mean([r.log_score for r in records])),
        covered50=_mean(r.covered50 for r in records),
        covered90=_mean(r.covered90 for r in records),
        p_reach=float(np.mean([r.p_reach for r in records])),
        reached=float(np.mean(events)),
        deviation=scoring.reliability([r.p_reach for r in records], events).deviation,
        against_pace=None if name == REFERENCE else _ratio(group, name, records, pace, seed),
        rank_cases=len(ranks),
        rank_brier=_mean(one.brier for one in ranks),
        rank_rps=_mean(one.rps for one in ranks),
        rank_deviation=None if placed is None else placed.deviation,
    )


def _ratio(
    group: TrackGroup, name: str, records: Sequence[Record], pace: Mapping[tuple[str, str, str], float], seed: int
) -> Ratio | None:
    """Ratio of CRPS to pace on common cases; the cases of an indicator and year are one cluster."""
    common = [record for record in records if _key(record) in pace]
    reference = [pace[_key(record)] for record in common]
    if not common or sum(reference) == 0.0:
        return None
    return scoring.paired_ratio(
        [record.crps_pp for record in common],
        reference,
        [f"{record.case.indicator} {record.case.month.year}" for record in common],
        rng=stream(seed, "track", group.level, group.indicator, str(group.months_left), name),
    )


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
            if target.indicator == name and target.yearly_average
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
