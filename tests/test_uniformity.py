"""Tests of uniformity reject as often as they say, and see what they are to see."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, kstest

from forecast.errors import NonFiniteError
from forecast.track_record.sbc import (
    binomial_band,
    chi_square,
    ecdf_distance,
    ecdf_test,
    envelope,
    rank,
)


@pytest.mark.parametrize("test", [chi_square, ecdf_test])
@pytest.mark.parametrize("n", [60, 250])
def test_exactly_uniform_numbers_are_rejected_as_often_as_it_says(test, n):
    rng = np.random.default_rng(5)
    p = np.array([test(rng.random(n)) for _ in range(800)])
    for level in (0.05, 0.2):
        error = np.sqrt(level * (1 - level) / len(p))
        assert abs((p < level).mean() - level) < 4 * error + 0.01  # counts are discrete


@pytest.mark.parametrize("values", [lambda r: r.beta(0.7, 0.7, 400), lambda r: r.beta(1.5, 1.5, 400)])
def test_too_narrow_and_too_wide_are_both_seen(values):
    found = values(np.random.default_rng(0))
    assert chi_square(found) < 0.01
    assert ecdf_test(found) < 0.01


def test_a_small_shift_is_seen_by_the_envelope_and_agrees_with_kolmogorov_and_smirnov():
    found = np.random.default_rng(1).beta(1.25, 1.0, 600)
    assert ecdf_test(found) < 0.01
    assert kstest(found, "uniform").pvalue < 0.01


def test_the_whole_distribution_stays_in_its_envelope_as_often_as_it_says():
    rng = np.random.default_rng(2)
    band = envelope(200, prob=0.9)
    samples = rng.random((2000, 200))
    share = (samples[:, :, None] <= band.at).mean(1)
    inside = ((share >= band.low) & (share <= band.high)).all(1).mean()
    assert abs(inside - 0.9) < 4 * np.sqrt(0.09 / 2000) + 0.01


def test_the_distance_is_the_least_pointwise_tail_by_hand():
    values = np.concatenate([np.full(30, 0.01), np.linspace(0, 1, 70, endpoint=False) + 0.005])
    at = np.arange(1, 50) / 50
    counts = [(values <= z).sum() for z in at]
    tails = [2 * min(binom.cdf(c, 100, z), 1 - binom.cdf(c - 1, 100, z)) for c, z in zip(counts, at, strict=True)]
    assert ecdf_distance(values) == pytest.approx(min(tails), rel=1e-6)


@given(st.integers(1, 400), st.floats(0.05, 0.95))
def test_a_binomial_band_holds_the_share_and_narrows(n, share):
    low, high = binomial_band(n, share)
    assert low <= share + 1 / n
    assert high >= share - 1 / n
    wide = binomial_band(n, share, prob=0.99)
    assert wide[0] <= low <= high <= wide[1]


def test_no_case_gives_no_information():
    assert binomial_band(0, 0.5) == (0.0, 1.0)


def test_ranks_of_one_more_draw_are_uniform_ties_or_not():
    rng = np.random.default_rng(3)
    for rounding in (6, 0):
        draws = np.round(2 * rng.standard_normal((99, 4000)), rounding)
        truth = np.round(2 * rng.standard_normal(4000), rounding)
        assert ecdf_test(rank(draws, truth, rng.random(4000))) > 0.001


def test_a_rank_of_what_is_no_number_is_refused():
    with pytest.raises(NonFiniteError, match="rank"):
        rank([[np.nan], [0.0]], [0.0], [0.5])
