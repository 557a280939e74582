"""Whole runs on the bundled data: digits that repeat, agreement with what is known, outcomes inside intervals."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from forecast.answers.chances import bounded_share
from forecast.data.target import TargetKind
from forecast.dims import PERIOD, UNIT
from forecast.errors import UsageError
from forecast.runs.run import Request, run

DATA = Path(__file__).parent.parent / "data"
REQUEST = Request(dataset=DATA / "ankang-2020", as_of="2020-08", seed=1, draws=1000)


@pytest.fixture(scope="module")
def august():
    return run(REQUEST)


def year_end(result, indicator: str, unit: str) -> np.ndarray:
    return result.paths.indicators[indicator].cum_yoy.sel({UNIT: unit}).isel({PERIOD: -1}).to_numpy()


def test_the_same_seed_gives_the_same_digits_and_another_seed_others(august):
    again = run(REQUEST)
    other = run(dataclasses.replace(REQUEST, seed=2))
    for name in august.paths.indicators:
        np.testing.assert_array_equal(
            august.paths.indicators[name].cum_yoy.values, again.paths.indicators[name].cum_yoy.values
        )
    assert again.attainment.rows == august.attainment.rows
    assert not np.array_equal(year_end(other, "fai", "ankang"), year_end(august, "fai", "ankang"))
    assert other.run_id != august.run_id


def test_a_number_of_draws_that_cannot_be_split_is_refused():
    with pytest.raises(UsageError, match="250"):
        run(dataclasses.replace(REQUEST, draws=400))


def test_every_fit_passes_its_gate(august):
    assert {one.diagnostics.status for one in august.paths.indicators.values()} == {"ok"}


def test_probabilities_are_shares_of_the_draws(august):
    checked = 0
    for row in august.attainment.rows:
        if row.p_reach is not None and row.target.kind is TargetKind.PROVINCE_AVERAGE:
            name = row.target.indicator
            own, theirs = (np.round(100 * year_end(august, name, unit), 1) for unit in (row.target.unit, "shaanxi"))
            gap = own - theirs
            hits = int((gap >= -1e-9).sum())
            assert row.p_reach == pytest.approx(bounded_share(hits, len(gap)), abs=1.5 / len(gap))
            checked += 1
    assert checked >= 5


@pytest.mark.parametrize("indicator", ["gdp", "ind_va", "fai"])
def test_what_the_speech_says_of_the_second_quarter_is_not_contradicted(august, indicator):
    """All seven warned indicators were below the provincial average at mid-year (speech, 28 Sep 2020)."""
    half = august.paths.indicators[indicator].cum_yoy.sel({PERIOD: "2020-06"})
    assert float((half.sel({UNIT: "ankang"}) < half.sel({UNIT: "shaanxi"})).mean()) > 0.9


def test_ranks_of_the_speech_are_not_contradicted(august):
    """Investment last in the province in January-August; retail above the limit second by growth."""
    investment = august.paths.indicators["fai"].cum_yoy.sel({PERIOD: "2020-08"})
    retail = august.paths.indicators["retail_above"].cum_yoy.sel({PERIOD: "2020-08"})
    assert (investment.sel({UNIT: "ankang"}) < investment.sel({UNIT: "shaanxi"})).all()
    assert float((retail.sel({UNIT: "ankang"}) > retail.sel({UNIT: "shaanxi"})).mean()) > 0.8
    low = next(r for r in august.attainment.rows if r.target.indicator == "fai" and r.p_reach is not None)
    assert low.p_reach < 0.2


def test_published_figures_of_the_speech_stand_in_every_draw(august):
    investment = august.paths.indicators["fai"].cum_yoy.sel({UNIT: "ankang"})
    np.testing.assert_allclose(investment.sel({PERIOD: "2020-08"}), -0.136)
    np.testing.assert_allclose(investment.sel({PERIOD: "2020-07"}), -0.156)


def test_unpublished_places_get_no_probability(august):
    silent = {row.target.indicator for row in august.attainment.rows if row.p_reach is None}
    assert {"urban_inc", "rural_inc", "fdi", "culture_rev"} <= silent
    assert all(row.light is None for row in august.attainment.rows if row.p_reach is None)


OUTCOMES = {"ind_va": 1.0, "fai": 4.1, "gdp": 2.2}
"""Shaanxi, full year 2020, percent (provincial release of January 2021, in data/ankang-2020)."""


def test_the_provinces_outcomes_of_2020_lie_within_the_90_percent_intervals_of_their_time():
    """Of twelve, one or two are expected outside, and more than three in a hundred worlds only."""
    missed = []
    for as_of in ("2020-03", "2020-06", "2020-08", "2020-10"):
        result = run(dataclasses.replace(REQUEST, as_of=as_of))
        for indicator, outcome in OUTCOMES.items():
            low, high = 100 * np.quantile(year_end(result, indicator, "shaanxi"), [0.05, 0.95])
            if not low < outcome < high:
                missed.append((as_of, indicator, low, high))
    assert len(missed) <= binom.ppf(0.97, 12, 0.1), missed


def test_the_example_city_stands_on_the_edge():
    """Probabilities from 5 % to 95 % as of August: a data set to learn on."""
    result = run(Request(dataset=DATA / "example", as_of="2020-08", seed=1, draws=500))
    p = [row.p_reach for row in result.attainment.rows if row.target.unit == result.dataset.config.city]
    judged = [x for x in p if x is not None]
    assert len(judged) >= 8
    assert min(judged) < 0.25
    assert max(judged) > 0.75
    assert sum(0.2 < x < 0.8 for x in judged) >= 2
