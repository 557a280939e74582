"""Periods, frequencies, and what is known when."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.errors import UsageError
from forecast.periods import AsOf, Frequency, Month, default_profile, last_day

MONTHS = st.builds(Month, st.integers(1990, 2090), st.integers(1, 12))
DAYS = st.dates(dt.date(1990, 1, 1), dt.date(2090, 12, 31))


@given(MONTHS)
def test_a_month_survives_its_text(month: Month) -> None:
    assert Month.parse(str(month)) == month


@given(MONTHS, st.integers(-200, 200), st.integers(-200, 200))
def test_months_add_up(month: Month, some: int, more: int) -> None:
    assert month.plus(some).plus(more) == month.plus(some + more)
    assert (month.plus(some) > month) == (some > 0)


@given(MONTHS)
def test_the_last_day_is_the_eve_of_the_next_month(month: Month) -> None:
    following = month.plus(1)
    assert last_day(month) + dt.timedelta(days=1) == dt.date(following.year, following.month, 1)


@pytest.mark.parametrize("text", ["2020-13", "2020-00", "2020-8", "20-08", "2020/08", "八月", "", "1800-01"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a month"):
        Month.parse(text)


@pytest.mark.parametrize("frequency", list(Frequency))
def test_a_year_is_covered_up_to_its_last_period_once(frequency: Frequency) -> None:
    covered = [month for k in range(frequency.per_year) for month in frequency.covers(k)]
    assert covered == list(range(1, frequency.months[-1] + 1))
    assert frequency.labels(2020)[0] == f"2020-{frequency.months[0]:02d}"
    assert len(frequency.labels(2020)) == frequency.per_year


def test_monthly_indicators_have_eleven_periods_and_no_january() -> None:
    assert Frequency.MONTHLY.per_year == 11
    assert 1 not in Frequency.MONTHLY.months
    assert Frequency.MONTHLY.covers(0) == (1, 2)


@pytest.mark.parametrize("frequency", list(Frequency))
def test_the_default_profile_weighs_calendar_months_alike(frequency: Frequency) -> None:
    profile = default_profile(frequency)
    assert profile.sum() == pytest.approx(1.0)
    lengths = np.array([len(frequency.covers(k)) for k in range(frequency.per_year)])
    assert np.ptp(profile / lengths) < 1e-12


def test_a_reporting_month_is_known_at_the_end_of_the_next() -> None:
    as_of = AsOf.parse("2020-08")
    assert as_of.day == dt.date(2020, 9, 30)
    assert as_of.sees(Month(2020, 8), dt.date(2020, 9, 18))
    assert not as_of.sees(Month(2020, 8), dt.date(2020, 10, 1))
    assert not as_of.sees(Month(2020, 9), dt.date(2020, 9, 30))


def test_a_day_of_knowledge_sees_what_came_out_by_then() -> None:
    as_of = AsOf.parse("2020-09-17")
    assert not as_of.sees(Month(2020, 8), dt.date(2020, 9, 18))
    assert as_of.sees(Month(2020, 7), dt.date(2020, 8, 18))


@given(DAYS, MONTHS, DAYS)
def test_nothing_later_is_ever_seen(day: dt.date, period: Month, released: dt.date) -> None:
    as_of = AsOf.parse(day.isoformat())
    if as_of.sees(period, released):
        assert released <= day
        assert (period.year, period.month) <= (day.year, day.month)


@pytest.mark.parametrize("text", ["2020", "2020-13", "2020-02-30", "八月", ""])
def test_what_is_no_state_of_knowledge_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="cannot be read; write YYYY-MM"):
        AsOf.parse(text)
