"""Percentiles of required growth: which spans are comparable, and whose past they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from forecast.answers.evidence import HistoryStatus, Published, compare, spans
from forecast.growth import rounding_error
from forecast.periods import AsOf, Frequency, Month, default_profile
from tests import handmade as hm

MONTHS = Frequency.MONTHLY.months
WEIGHT = default_profile(Frequency.MONTHLY)


def published(observations, **more):
    return Published.of(hm.panel(observations, **more), AsOf.parse("2020-08"), hm.YEAR)


def of_growth(growth, year=2018):
    """Cumulative growth, percent, of single-period growth (fraction) under equal months."""
    cum = np.cumsum(growth * WEIGHT) / np.cumsum(WEIGHT)
    return {Month(year, m): 100 * float(c) for m, c in zip(MONTHS, cum, strict=True)}


FAI = hm.panel([]).indicators["fai"]


@settings(max_examples=30, deadline=None)
@given(hnp.arrays(np.float64, 11, elements=st.floats(-0.5, 0.5)), st.integers(1, 11))
def test_spans_equal_brute_force_on_levels(growth, periods):
    base, now = WEIGHT, WEIGHT * (1 + growth)
    got = spans(of_growth(growth), FAI, periods=periods)
    assert len(got) == 11 - periods + 1
    for start, span in enumerate(got):
        window = slice(start, start + periods)
        assert span.growth_pct == pytest.approx(100 * (now[window].sum() / base[window].sum() - 1), abs=1e-7)
        assert span.last == Month(2018, MONTHS[start + periods - 1])
        assert span.first == Month(2018, MONTHS[start - 1] + 1 if start else 1)


def test_a_span_needs_the_published_figures_of_both_its_ends():
    figures = {Month(2018, 3): 1.0, Month(2018, 6): 2.0, Month(2019, 2): 9.0}
    assert [str(s.last) for s in spans(figures, FAI, periods=3)] == ["2018-06"]
    assert [str(s.last) for s in spans(figures, FAI, periods=1)] == ["2019-02"]
    assert spans({}, FAI, periods=3) == ()


def test_a_span_never_crosses_the_new_year():
    figures = {Month(2018, 12): 1.0, Month(2019, 2): 2.0, Month(2019, 3): 3.0}
    assert [(str(s.first), str(s.last)) for s in spans(figures, FAI, periods=2)] == [("2019-01", "2019-03")]


def test_the_profile_of_the_indicator_weighs_the_span():
    profile = (0.2, 0.2, 0.25, 0.35)
    gdp = hm.panel([], profiles={"gdp": profile}).indicators["gdp"]
    figures = {Month(2020, 9): -3.0, Month(2020, 12): 2.2}
    span = spans(figures, gdp, periods=1)[0]
    assert span.growth_pct == pytest.approx((2.2 - 0.65 * -3.0) / 0.35)
    assert (str(span.first), str(span.last)) == ("2020-10", "2020-12")


def rows(unit, years, value=lambda _, month: float(month)):
    return [
        hm.observation(unit, "fai", f"{y}-{m:02d}", value(y, m)) for y in years for m in MONTHS if (y, m) <= (2020, 8)
    ]


def test_the_units_own_past_comes_first():
    known = published(rows("ankang", [2018, 2019]) + rows("shaanxi", [2018, 2019], lambda *_: -50.0))
    got = compare(1000.0, known, unit="ankang", indicator="fai", periods=3)
    assert (got.status, got.unit, got.spans, got.percentile) == (HistoryStatus.OWN, "ankang", 18, 100.0)
    assert got.unprecedented


def test_the_percentile_is_the_share_of_spans_below():
    known = published(rows("ankang", [2018, 2019]))
    all_spans = sorted(s.growth_pct for s in spans(known.cumulative("ankang", "fai"), FAI, periods=3))
    for required in (all_spans[0] - 1, all_spans[5] + 0.001, all_spans[-1], all_spans[-1] + 0.001):
        got = compare(required, known, unit="ankang", indicator="fai", periods=3)
        brute = 100 * sum(s < required for s in all_spans) / len(all_spans)
        assert got.percentile == pytest.approx(brute)
        assert got.unprecedented is (required > all_spans[-1])
        assert got.best.growth_pct == all_spans[-1]


def test_too_short_a_past_takes_the_provinces_and_says_so():
    short = [hm.observation("ankang", "fai", f"2019-{m:02d}", 1.0) for m in MONTHS[:9]]
    known = published(short + rows("shaanxi", [2018, 2019]))
    assert compare(5.0, known, unit="ankang", indicator="fai", periods=3).status is HistoryStatus.PROVINCE
    assert compare(5.0, known, unit="ankang", indicator="fai", periods=2).status is HistoryStatus.OWN
    assert compare(5.0, known, unit="ankang", indicator="fai", periods=3).unit == "shaanxi"


def test_without_eight_spans_anywhere_there_is_no_percentile():
    known = published([hm.observation("ankang", "fai", f"2019-{m:02d}", 1.0) for m in MONTHS[:9]])
    got = compare(5.0, known, unit="ankang", indicator="fai", periods=3)
    assert (got.status, got.percentile, got.unit, got.spans) == (HistoryStatus.INSUFFICIENT, None, None, 7)
    assert not got.unprecedented
    alone = compare(5.0, known, unit="shaanxi", indicator="fai", periods=3)
    assert (alone.status, alone.spans, alone.best) == (HistoryStatus.INSUFFICIENT, 0, None)


def test_figures_that_came_later_are_no_history():
    late = [hm.observation("ankang", "fai", f"2020-{m:02d}", 90.0) for m in (9, 10, 11, 12)]
    a = compare(5.0, published(rows("ankang", [2018, 2019, 2020])), unit="ankang", indicator="fai", periods=3)
    b = compare(5.0, published(rows("ankang", [2018, 2019, 2020]) + late), unit="ankang", indicator="fai", periods=3)
    assert a == b
    assert a.spans == 9 + 9 + 5


def test_rounding_moves_a_span_no_further_than_stated():
    rng = np.random.default_rng(2)
    growth = rng.normal(0.02, 0.1, 11)
    exact = of_growth(growth)
    printed = {month: round(value, 1) for month, value in exact.items()}
    cumulative = np.cumsum(WEIGHT)
    for a, b in zip(spans(exact, FAI, periods=3)[1:], spans(printed, FAI, periods=3)[1:], strict=True):
        end = MONTHS.index(a.last.month)
        worst = rounding_error(weight_now=cumulative[end], weight_before=cumulative[end - 3])
        assert abs(a.growth_pct - b.growth_pct) <= 100 * float(worst) + 1e-9


def test_the_first_period_is_cumulative_however_it_was_published():
    single = [hm.observation("ankang", "fai", f"2019-{m:02d}", 7.0, measure="month_yoy_pct") for m in (2, 5)]
    known = published(single)
    assert known.cumulative("ankang", "fai") == {Month(2019, 2): 7.0}
    assert known.cumulative("ankang", "retail") == {}
