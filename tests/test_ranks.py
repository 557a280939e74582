"""Ranks against counting by hand and against scipy, and their invariants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import rankdata

from forecast.answers.ranks import rank_answers, ranked, siblings
from forecast.data.panel import Unit

tenths = arrays(np.int64, st.tuples(st.integers(1, 6), st.integers(1, 9)), elements=st.integers(-30, 30))


@given(tenths)
def test_ranks_are_those_of_another_library_ties_included(figures):
    growth = figures / 10.0
    np.testing.assert_array_equal(ranked(growth), rankdata(-growth, method="min", axis=1))
    np.testing.assert_array_equal(ranked(growth, "average"), rankdata(-growth, method="average", axis=1))


@given(tenths, st.randoms(use_true_random=False))
def test_the_order_of_the_units_does_not_matter(figures, random):
    growth = figures / 10.0
    order = list(range(growth.shape[1]))
    random.shuffle(order)
    np.testing.assert_array_equal(ranked(growth)[:, order], ranked(growth[:, order]))


@given(tenths)
def test_a_rank_never_worsens_when_the_own_growth_rises(figures):
    growth = figures / 10.0
    better = growth.copy()
    better[:, 0] += 0.1
    assert (ranked(better)[:, 0] <= ranked(growth)[:, 0]).all()


def test_equal_figures_share_the_better_place_and_the_next_one_is_skipped():
    np.testing.assert_array_equal(ranked(np.array([[5.0, 6.5, 5.0, 4.9]])), [[2.0, 1.0, 2.0, 4.0]])


def answers(growth, now=None, of=None):
    units = tuple("abcdefgh"[: growth.shape[1]])
    now = np.full(growth.shape[1], np.nan) if now is None else now
    return rank_answers(growth, units, indicator="fai", of=of or growth.shape[1], now=now)


def test_probabilities_of_ranks_are_counts_over_draws():
    growth = np.round(np.random.default_rng(1).normal(size=(500, 5)), 1)
    for k, one in enumerate(answers(growth)):
        by_hand = [1 + int((draw > draw[k]).sum()) for draw in growth]
        np.testing.assert_allclose(one.shares, [by_hand.count(r) / 500 for r in range(1, 6)])
        assert one.shares.sum() == pytest.approx(1.0)
        assert one.first(5) == pytest.approx(1.0)
        assert one.first(2) == pytest.approx(np.mean(np.array(by_hand) <= 2))
        assert one.last(2) == pytest.approx(np.mean(np.array(by_hand) >= 4))
        assert one.expected == pytest.approx(np.mean(by_hand))


def test_without_ties_every_rank_is_held_by_exactly_one_unit_in_a_draw():
    growth = np.random.default_rng(2).normal(size=(400, 6))
    np.testing.assert_allclose(sum(one.shares for one in answers(growth)), np.ones(6))


def test_the_neighbours_and_the_growth_that_overtakes():
    growth = np.array([[8.0, 6.0, 5.9, 2.0]] * 9 + [[8.0, 5.8, 5.9, 2.0]])
    first, second, third, last = answers(growth)
    assert (first.above, first.below, first.overtaking_pct) == (None, "b", None)
    assert (second.above, second.below) == ("a", "c")
    assert second.overtaking_pct == pytest.approx(8.1)
    assert (third.above, third.below) == ("b", "d")
    assert third.overtaking_pct == pytest.approx(6.1)
    assert (last.above, last.below) == ("c", None)


def test_the_present_rank_counts_only_those_that_have_published():
    one, two, three = answers(np.zeros((3, 3)), now=np.array([4.0, np.nan, 4.0]), of=14)
    assert (one.now, one.now_ties, one.now_among, one.of, one.among) == (1, 2, 2, 14, 3)
    assert two.now is None
    assert three.now == 1


def test_siblings_are_units_of_the_same_level_and_parent_but_zones_within_a_county():
    def unit(name, level, parent, within=None):
        return Unit(unit=name, name_zh=name, level=level, parent=parent, counted_within=within)

    units = [
        unit("p", "province", None), unit("a", "city", "p"), unit("b", "city", "p"), unit("z", "zone", "a", "c"),
        unit("c", "county", "a"), unit("d", "county", "a"), unit("e", "county", "b"),
    ]  # fmt: skip
    assert siblings(units, "a") == ("a", "b")
    assert siblings(units, "c") == ("c", "d")
