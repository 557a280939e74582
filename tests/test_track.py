"""The track record: groups kept apart, means by hand, the same cases for every comparison."""

from __future__ import annotations

import dataclasses

import pytest

from forecast.answers.evidence import Evidence
from forecast.periods import Month
from forecast.track_record.backtest import ALL, ALL_MONTHS, BANDS, calibration, scores
from forecast.track_record.replay import Pair, Record, Replayed


def record(
    forecaster: str = "model",
    *,
    unit: str = "ankang",
    level: str = "city",
    indicator: str = "gdp",
    year: int = 2019,
    month: int = 6,
    crps: float = 1.0,
    p: float = 0.7,
    gap_pp: float = 1.0,
    pit: float | None = 0.4,
) -> Record:
    pair = Pair(
        unit=unit,
        level=level,
        benchmark="shaanxi",
        tolerance_pp=2.0,
        outcome_pct=6.0 + gap_pp,
        benchmark_outcome_pct=6.0,
    )
    case = Replayed(
        indicator=indicator,
        pair=pair,
        month=Month(year, month),
        months_left=12 - month,
        evidence=Evidence.AMPLE,
        synthetic=False,
    )
    return Record(
        case=case,
        forecaster=forecaster,
        mean_pct=6.5,
        p_reach=p,
        crps_pp=crps,
        twcrps_pp=crps / 2,
        brier=(p - case.event) ** 2,
        log_score=0.3,
        covered50=None if pit is None else 0.25 <= pit <= 0.75,
        covered90=None if pit is None else 0.05 <= pit <= 0.95,
        pit=pit,
        diagnostics="ok",
    )


def chosen(found, **wanted):
    return [
        one
        for one in found
        if all(getattr(one, k, None) == v or getattr(one.group, k, None) == v for k, v in wanted.items())
    ]


def test_kinds_of_places_are_never_put_together():
    records = [record(), record(unit="hanbin", level="county", crps=9.0), record(unit="ziyang", level="county", crps=7)]
    whole = chosen(scores(records, seed=1), indicator=ALL, months_left=ALL_MONTHS)
    assert {one.group.level: (one.cases, one.crps_pp) for one in whole} == {"city": (1, 1.0), "county": (2, 8.0)}
    assert {one.group.level for one in calibration(records)} == {"city", "county"}


def test_forecasts_of_one_outcome_count_as_one_outcome():
    records = [record(month=month) for month in (2, 3, 4, 5)] + [record(year=2018), record(indicator="fai")]
    (whole,) = chosen(scores(records, seed=1), indicator=ALL, months_left=ALL_MONTHS)
    assert (whole.cases, whole.outcomes) == (6, 3)
    assert whole.few


def test_twenty_outcomes_are_enough():
    records = [record(year=2000 + k) for k in range(20)]
    (whole,) = chosen(scores(records, seed=1), indicator=ALL, months_left=ALL_MONTHS)
    assert not whole.few


def test_every_month_of_the_year_is_in_one_band():
    """Monthly, quarterly and shifted indicators: 10 to 1 months left, 9 to 3, and 9 to 3 to November."""
    for left in range(1, 11):
        assert sum(first <= left <= last for first, last in BANDS) == 1
    records = [record(month=12 - left, crps=float(left)) for left in range(1, 11)]
    found = {one.group.months_left: one.crps_pp for one in chosen(scores(records, seed=1), indicator=ALL)}
    assert found == {(0, 12): 5.5, (1, 3): 2.0, (4, 6): 5.0, (7, 10): 8.5}


def test_the_ratio_to_pace_is_over_the_same_cases():
    records = [record(crps=1.0), record("pace", crps=2.0, pit=None), record(month=9, crps=50.0)]
    found = chosen(scores(records, seed=1), indicator=ALL, months_left=ALL_MONTHS)
    model, pace = (next(one for one in found if one.forecaster == name) for name in ("model", "pace"))
    assert model.against_pace is not None
    assert model.against_pace.ratio == 0.5
    assert model.crps_pp == 25.5
    assert pace.against_pace is None
    assert pace.covered90 is None


def test_few_clusters_give_a_ratio_without_an_interval():
    def whole(years):
        records = [r for y in years for r in (record(year=y, crps=1.0 + y % 3), record("pace", year=y, crps=2.0))]
        return next(one for one in scores(records, seed=1) if one.forecaster == "model")

    assert whole(range(2016, 2019)).interval is None
    interval = whole(range(2010, 2020)).interval
    assert interval is not None
    assert 0.5 <= interval[0] < interval[1] <= 1.5


def test_calibration_by_hand():
    records = [record(p=0.75, gap_pp=1.0, pit=0.05), record(p=0.75, gap_pp=-1.0, year=2018, pit=0.95)]
    one = next(c for c in calibration(records) if c.group.months_left == ALL_MONTHS)
    assert one.reliability.count[7] == 2
    assert one.reliability.observed[7] == 0.5
    assert one.reliability.deviation == pytest.approx(0.25)
    assert one.pit is not None
    assert one.pit.tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 0, 1]


def test_a_tie_is_reached_however_it_is_written():
    tie = dataclasses.replace(record().case.pair, outcome_pct=0.3, benchmark_outcome_pct=0.1 + 0.2)
    assert dataclasses.replace(record().case, pair=tie).event
    assert not record(gap_pp=-0.1).case.event
