"""The chained index against levels added up one by one, and repairs of running totals that cannot be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.inference.chain import chain, first_year_weights
from forecast.inference.priors import LEAST_GROWTH

PER_YEAR, YEARS, KNOWN = 11, 4, 6
WEIGHT = np.array([0.13, 0.085, 0.083, 0.085, 0.088, 0.082, 0.083, 0.087, 0.087, 0.092, 0.098])
seeds = st.integers(0, 2**32 - 1)


def steady(seed: int, sd: float = 0.05) -> np.ndarray:
    """A log index that no repair touches: year-on-year moves of a few points."""
    rng = np.random.default_rng(seed)
    yearly = np.clip(rng.normal(0.05, sd, (YEARS, PER_YEAR)), -0.15, 0.25)
    return yearly.cumsum(axis=0).ravel()[: PER_YEAR * (YEARS - 1) + KNOWN]


def slow_growth(index: np.ndarray) -> np.ndarray:
    """Cumulative growth by adding levels up, one by one."""
    out = []
    for t in range(len(index)):
        this = last = 0.0
        for k in range(t // PER_YEAR * PER_YEAR, t + 1):
            this += WEIGHT[k % PER_YEAR] * np.exp(index[k])
            last += WEIGHT[k % PER_YEAR] * (np.exp(index[k - PER_YEAR]) if k >= PER_YEAR else 1.0)
        out.append(this / last - 1)
    return np.array(out)


@given(seeds)
def test_an_index_comes_back_from_its_own_growth(seed):
    index = steady(seed)
    np.testing.assert_allclose(chain(slow_growth(index), WEIGHT), index, atol=1e-8)


@given(seeds, st.floats(0.01, 100.0))
def test_only_the_shares_of_the_weights_matter(seed, factor):
    growth = slow_growth(steady(seed))
    np.testing.assert_allclose(chain(growth, factor * WEIGHT), chain(growth, WEIGHT), atol=1e-9)


@given(seeds, st.lists(st.tuples(st.integers(0, 38), st.floats(-0.999, 3.0)), min_size=1, max_size=8))
def test_levels_of_a_year_add_up_to_its_last_figure_whatever_was_published(seed, broken):
    growth = slow_growth(steady(seed))
    for at, value in broken:
        growth[at] = value
    index = chain(growth, WEIGHT)
    assert np.isfinite(index).all()
    again = slow_growth(index)
    ends = [*range(PER_YEAR - 1, len(growth), PER_YEAR), len(growth) - 1]
    np.testing.assert_allclose(again[ends], np.maximum(growth[ends], LEAST_GROWTH), rtol=1e-7, atol=1e-7)


def test_a_slip_of_one_figure_leaves_the_others_alone():
    growth = slow_growth(np.zeros(len(steady(0))))
    slipped = growth.copy()
    slipped[15] = 1.0  # the running total doubles for one month
    index = chain(slipped, WEIGHT)
    np.testing.assert_allclose(index, 0, atol=0.02)


def test_a_restatement_at_the_end_of_a_year_falls_on_the_whole_year():
    """-40 % from August to September without a return: no September is that low, the months before are restated."""
    growth = np.zeros(2 * PER_YEAR)
    growth[PER_YEAR + 7 :] = -0.4
    index = chain(growth, WEIGHT)[PER_YEAR:]
    np.testing.assert_allclose(index, np.log(0.6), atol=1e-9)


def test_a_real_collapse_of_a_month_is_kept():
    index = np.zeros(2 * PER_YEAR)
    index[PER_YEAR + 2] = np.log(0.35)
    np.testing.assert_allclose(chain(slow_growth(index), WEIGHT), index, atol=1e-9)


@given(seeds)
def test_weights_of_the_first_year_are_found_again_from_those_of_the_last(seed):
    index = steady(seed)[: PER_YEAR * (YEARS - 1)]
    last = WEIGHT * np.exp(index[-PER_YEAR:])
    growth = slow_growth(index).reshape(-1, PER_YEAR)
    found = first_year_weights(last / last.sum(), growth)
    assert found is not None
    np.testing.assert_allclose(found, WEIGHT / WEIGHT.sum(), atol=1e-9)


def test_weights_that_growth_contradicts_are_not_chained_back():
    growth = np.zeros((1, PER_YEAR))
    growth[0, 3:] = 0.5
    assert first_year_weights(WEIGHT, growth) is None


def test_growth_deeper_than_can_be_chained_is_cut():
    index = chain(np.array([-0.9999, -0.9999]), np.array([0.5, 0.5]))
    assert index == pytest.approx(np.log([1 + LEAST_GROWTH] * 2))
