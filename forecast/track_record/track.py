"""The track record: scores and calibration of past forecasts, told apart by kind of place and by months left.

A nation's, province's, city's and county's records are never put together: a county's growth is several times as
noisy, and its twelve neighbours are not twelve tests of the city's forecast.

Invariant: every row says from how many outcomes it is made, and forecasters are compared on the same cases
(held by ``tests/test_track.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from forecast.inference.sampling import stream
from forecast.track_record import scoring
from forecast.track_record.replay import Record
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
    """

    group: TrackGroup
    forecaster: str
    outcomes: int
    reliability: Reliability
    pit: np.ndarray | None


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
                )
            )
    return out


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
