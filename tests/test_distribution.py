"""Shares of the year-end gap by bin and outcome."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.answers.chances import Case, Constant, Ends
from forecast.answers.evidence import Evidence
from forecast.answers.judgement import distribution
from forecast.data.target import TargetKind
from tests import handmade


def of_gap(gap: np.ndarray, tolerance: float) -> Ends:
    """A growth against one named beforehand, 0."""
    target = handmade.target("fai", kind=TargetKind.POSITIVE_GROWTH, tolerance_pp=tolerance)
    case = Case(target=target, name_zh="", held=Constant(0.0), evidence=Evidence.AMPLE, ess=1.0)
    return Ends(cases=(case,), own=gap[None], goal=np.zeros_like(gap)[None])


GAPS = st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=60).map(np.array)


@given(GAPS, st.floats(0.0, 5.0), st.integers(1, 50))
def test_every_draw_is_in_one_bin_and_one_outcome(gap, tolerance, bins):
    shares = distribution(of_gap(gap, tolerance), bins=bins)
    assert shares.missed.sum() + shares.near.sum() + shares.reached.sum() == pytest.approx(1.0)
    assert len(shares.edges_pp) == bins + 1
    assert (np.diff(shares.edges_pp) > 0).all()


@given(GAPS, st.floats(0.0, 5.0))
def test_outcomes_are_counted_on_the_draws(gap, tolerance):
    shares = distribution(of_gap(gap, tolerance))
    printed = handmade.printed(gap)
    reach = sum(g >= 0.0 for g in printed) / len(gap)
    near = sum(g >= -tolerance - 1e-6 for g in printed) / len(gap)
    assert shares.reached.sum() == pytest.approx(reach)
    assert shares.near.sum() == pytest.approx(near - reach)


def test_bins_are_those_of_a_count_by_hand():
    gap = np.array([-0.04, -0.03, -0.03, -0.01, 0.0, 0.01])
    shares = distribution(of_gap(gap, 1.0), bins=5)
    np.testing.assert_allclose(shares.edges_pp, [-4, -3, -2, -1, 0, 1], atol=0.02)
    assert shares.missed.sum() == pytest.approx(3 / 6)
    assert shares.near.sum() == pytest.approx(1 / 6)
    assert shares.reached.sum() == pytest.approx(2 / 6)
