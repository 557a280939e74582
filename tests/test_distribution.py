"""Shares of the year-end gap by bin and outcome."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.answers.judgement import distribution

GAPS = st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=60).map(np.array)


@given(GAPS, st.floats(0.0, 5.0), st.integers(1, 50))
def test_every_draw_is_in_one_bin_and_one_outcome(gap, tolerance, bins):
    shares = distribution(gap, tolerance_pp=tolerance, bins=bins)
    assert shares.missed.sum() + shares.near.sum() + shares.reached.sum() == pytest.approx(1.0)
    assert len(shares.edges_pp) == bins + 1
    assert (np.diff(shares.edges_pp) > 0).all()


@given(GAPS, st.floats(0.0, 5.0))
def test_outcomes_are_counted_on_the_draws(gap, tolerance):
    shares = distribution(gap, tolerance_pp=tolerance)
    reach = sum(g >= -1e-9 for g in gap) / len(gap)
    near = sum(g >= -tolerance / 100 - 1e-9 for g in gap) / len(gap)
    assert shares.reached.sum() == pytest.approx(reach)
    assert shares.near.sum() == pytest.approx(near - reach)


def test_bins_are_those_of_a_count_by_hand():
    gap = np.array([-0.04, -0.03, -0.03, -0.01, 0.0, 0.01])
    shares = distribution(gap, tolerance_pp=1.0, bins=5)
    np.testing.assert_allclose(shares.edges_pp, [-4, -3, -2, -1, 0, 1], atol=0.02)
    assert shares.missed.sum() == pytest.approx(3 / 6)
    assert shares.near.sum() == pytest.approx(1 / 6)
    assert shares.reached.sum() == pytest.approx(2 / 6)
