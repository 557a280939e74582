"""Spreading an amount: published examples, brute force, and the invariants of holds, caps and margins."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.tasks.allocation import (
    ConflictKind,
    Held,
    conflicts,
    largest_remainder,
    most,
    rounded,
    spread,
)


def held(name, cells, amount):
    return Held(name=name, cells=np.array(cells), amount=amount)


def test_anaplan_breakback_with_a_held_month():
    """Anaplan, Breakback and Hold: the quarter 60 becomes 100, February held at 20."""
    got = spread(np.array([10.0, 20.0, 30.0]), total=100.0, held=[held("feb", [1], 20.0)])
    assert got == pytest.approx([20.0, 20.0, 60.0], abs=1e-12)


def test_ibm_proportional_spread_with_a_held_consolidation():
    """IBM Planning Analytics: the total held at 1,000, March from 500 to 700."""
    old = np.array([200.0, 300.0, 500.0])
    got = spread(old, total=1000.0, held=[held("mar", [2], 700.0)])
    assert got == pytest.approx([120.0, 180.0, 700.0], abs=1e-12)


def test_ibm_proportional_spread_with_a_held_leaf():
    """The same with January held as well."""
    holds = [held("mar", [2], 700.0), held("jan", [0], 200.0)]
    got = spread(np.array([200.0, 300.0, 500.0]), total=1000.0, held=holds)
    assert got == pytest.approx([200.0, 100.0, 700.0], abs=1e-12)


def test_what_is_above_a_cap_goes_to_the_others_in_proportion():
    got = spread(np.array([1.0, 1.0, 2.0]), total=10.0, caps=np.array([1.0, 9.0, 9.0]))
    assert got == pytest.approx([1.0, 3.0, 6.0])


def test_crossing_holds_are_iterative_proportional_fitting():
    """Two rows, two columns, one of each held: the odds ratio of the weights stays."""
    weights = np.array([[3.0, 1.0], [2.0, 5.0]])
    got = spread(weights.ravel(), total=100.0, held=[held("row", [0, 1], 60.0), held("column", [0, 2], 30.0)]).reshape(
        2, 2
    )
    assert got.sum(axis=1) == pytest.approx([60.0, 40.0])
    assert got.sum(axis=0) == pytest.approx([30.0, 70.0])
    assert got[0, 0] * got[1, 1] / (got[0, 1] * got[1, 0]) == pytest.approx(3.0 * 5.0 / (1.0 * 2.0))


def test_a_month_that_takes_all_of_its_county_leaves_nothing_for_the_others():
    holds = [held("A", [0, 1, 2], 6.0), held("A:10", [0], 6.0), held("10", [0, 3], 6.0)]
    got = spread(np.ones(6), total=10.0, held=holds)
    assert got == pytest.approx([6.0, 0.0, 0.0, 0.0, 2.0, 2.0], abs=1e-9)


def test_a_cell_without_weight_gets_something_only_where_a_hold_forces_it():
    assert spread(np.array([0.0, 1.0, 1.0]), total=6.0) == pytest.approx([0.0, 3.0, 3.0])
    forced = spread(np.array([0.0, 1.0, 1.0]), total=6.0, held=[held("first", [0], 2.0)])
    assert forced == pytest.approx([2.0, 2.0, 2.0])


def by_hand(amounts, total):
    """All ways to round down or up; the one with the largest sum of remainders that go up."""
    down = np.floor(amounts)
    best, found = -1.0, None
    for ups in product((0, 1), repeat=len(amounts)):
        whole = down + np.array(ups)
        if whole.sum() == total and np.all((np.array(ups) == 0) | (amounts > down)):
            score = float(((amounts - down) * ups).sum())
            if score > best + 1e-9:
                best, found = score, whole
    return found, best


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=8), st.integers(1, 60))
def test_largest_remainder_is_the_best_of_all_roundings(weights, total):
    values = np.array(weights, dtype=float) + 0.5
    amounts = values / values.sum() * total
    got = largest_remainder(amounts, total)
    _, best = by_hand(amounts, total)
    assert got.sum() == total
    assert float(((amounts - np.floor(amounts + 1e-9)) * (got - np.floor(amounts + 1e-9))).sum()) == pytest.approx(
        best, abs=1e-6
    )


def test_largest_remainder_refuses_amounts_of_another_total():
    with pytest.raises(ValueError, match="too far from 9"):
        largest_remainder(np.array([1.2, 2.3]), 9)


def brute_table(values, rows, columns):
    """Best controlled rounding of a small table: margins rounded down or up, remainders as large as possible."""
    down = np.floor(values + 1e-9)
    best = -1.0
    for ups in product((0, 1), repeat=values.size):
        up = np.array(ups).reshape(values.shape)
        whole = down + up
        fits = np.all((up == 0) | (values - down > 1e-9)) and whole.sum() == round(values.sum())
        fits = fits and np.all(np.abs(whole.sum(axis=1) - rows) < 1.0 - 1e-9)
        if fits and np.all(np.abs(whole.sum(axis=0) - columns) < 1.0 - 1e-9):
            best = max(best, float(((values - down) * up).sum()))
    return best


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 97), min_size=6, max_size=6), st.integers(5, 60))
def test_a_table_is_rounded_so_that_both_margins_add_up(weights, total):
    values = np.array(weights, dtype=float).reshape(2, 3)
    values = values / values.sum() * total
    cells = np.arange(6).reshape(2, 3)
    whole = rounded(values.ravel(), total=total, margins=[*cells, *cells.T]).reshape(2, 3)
    assert whole.sum() == total
    assert np.all(np.abs(whole - values) < 1.0)
    assert np.all(np.abs(whole.sum(axis=1) - values.sum(axis=1)) < 1.0)
    assert np.all(np.abs(whole.sum(axis=0) - values.sum(axis=0)) < 1.0)
    down = np.floor(values + 1e-9)
    got = float(((values - down) * (whole - down)).sum())
    assert got == pytest.approx(brute_table(values, values.sum(axis=1), values.sum(axis=0)), abs=1e-6)


def test_nested_counties_crossed_with_months_add_up_everywhere():
    rng = np.random.default_rng(7)
    weights = rng.random((40, 3))
    amounts = spread(weights.ravel(), total=9999.0)
    cells = np.arange(120).reshape(40, 3)
    counties = [cells[k * 8 : (k + 1) * 8] for k in range(5)]
    margins = [*cells, *cells.T, *(c.ravel() for c in counties), *(column for c in counties for column in c.T)]
    whole = rounded(amounts, total=9999, margins=margins)
    assert whole.sum() == 9999
    for group in margins:
        assert abs(whole[group].sum() - amounts[group].sum()) < 1.0


def test_whole_caps_are_kept_where_rounding_up_would_pass_them():
    whole = rounded(np.array([1.9, 1.9, 1.2]), total=5, caps=np.array([1, 9, 9]))
    assert whole[0] == 1
    assert whole.sum() == 5


@st.composite
def problems(draw):
    """Weights and caps of a table, and holds taken from an allocation that exists."""
    rows, columns = draw(st.integers(2, 5)), draw(st.integers(1, 3))
    n = rows * columns
    whole = np.array(draw(st.lists(st.integers(0, 50), min_size=n, max_size=n)))
    spare = np.array(draw(st.lists(st.integers(0, 30), min_size=n, max_size=n)))
    weights = np.array(draw(st.lists(st.integers(1, 20), min_size=n, max_size=n)), dtype=float)
    cells = np.arange(n).reshape(rows, columns)
    groups = [*cells, *cells.T, *(np.array([k]) for k in range(n))]
    chosen = draw(st.lists(st.sampled_from(range(len(groups))), max_size=3, unique=True))
    holds = [held(f"h{k}", groups[k], float(whole[groups[k]].sum())) for k in chosen]
    return weights, (whole + spare).astype(float), int(whole.sum()), holds, cells


@settings(max_examples=120, deadline=None)
@given(problems())
def test_totals_are_exact_holds_stay_and_caps_hold(problem):
    weights, caps, total, holds, cells = problem
    assert conflicts(caps, total=float(total), held=holds) == ()
    amounts = spread(weights, total=float(total), caps=caps, held=holds)
    exact = [(h.cells, round(h.amount)) for h in holds]
    whole = rounded(amounts, total=total, held=exact, margins=[*cells, *cells.T], caps=caps.astype(np.int64))
    assert whole.sum() == total
    assert np.all(whole >= 0)
    assert np.all(whole <= caps)
    for hold in holds:
        assert whole[hold.cells].sum() == hold.amount
        assert amounts[hold.cells].sum() == pytest.approx(hold.amount, abs=1e-6 * max(total, 1))


@settings(max_examples=60, deadline=None)
@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_cells_does_not_matter(problem, random):
    weights, caps, total, holds, _ = problem
    order = list(range(len(weights)))
    random.shuffle(order)
    where = np.argsort(order)
    moved = [held(h.name, where[h.cells], h.amount) for h in holds]
    straight = spread(weights, total=float(total), caps=caps, held=holds)
    shuffled = spread(weights[order], total=float(total), caps=caps[order], held=moved)
    groups = [h.cells for h in holds] or [np.arange(len(weights))]
    for group in groups:
        assert shuffled[where[group]].sum() == pytest.approx(straight[group].sum(), abs=1e-6 * max(total, 1))
    if not holds:
        assert shuffled[where] == pytest.approx(straight, abs=1e-6 * max(total, 1))


def test_a_hold_above_its_caps_is_named_with_what_is_possible():
    found = conflicts(np.array([2.0, 5.0, 5.0]), total=10.0, held=[held("a", [0], 3.0)])
    assert [(c.kind, c.name, c.possible) for c in found] == [(ConflictKind.CAP, "a", 2.0)]


def test_a_hold_on_nothing_is_named():
    found = conflicts(np.array([0.0, 5.0]), total=4.0, held=[held("a", [0], 1.0)])
    assert found[0].kind is ConflictKind.NOTHING


def test_a_hold_above_the_total_or_above_the_one_around_it_is_named():
    found = conflicts(np.full(3, 50.0), total=10.0, held=[held("a", [0], 11.0)])
    assert [c.kind for c in found] == [ConflictKind.TOTAL]
    around = [held("inner", [1], 5.0), held("outer", [1, 2], 4.0)]
    found = conflicts(np.full(3, 50.0), total=10.0, held=around)
    assert [(c.kind, c.name, c.other) for c in found] == [(ConflictKind.NESTED, "inner", "outer")]


def test_holds_that_clash_only_together_are_named():
    """Each is possible by itself; with 1 and 4 held the rest of 10 has no place."""
    found = conflicts(np.array([2.0, 5.0, 5.0]), total=10.0, held=[held("a", [0], 1.0), held("b", [1, 2], 4.0)])
    assert [c.kind for c in found] == [ConflictKind.TOGETHER]
    assert found[0].possible in (pytest.approx(9.0), pytest.approx(6.0))
    assert conflicts(np.array([2.0, 5.0, 5.0]), total=10.0, held=[held("a", [0], 1.0), held("b", [1, 2], 9.0)]) == ()


def test_the_most_a_group_can_have_beside_holds():
    caps = np.array([3.0, 3.0, np.inf])
    assert most(caps, np.array([0, 1]), total=10.0, held=()) == 6.0
    assert most(caps, np.array([0, 1]), total=10.0, held=[held("third", [2], 8.0)]) == pytest.approx(2.0)
