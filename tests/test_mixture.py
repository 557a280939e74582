"""Mixed members: growth of both parts of the year as wanted, the same draws everywhere, legal growth."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.inference.priors import DIRECT_SHARE
from forecast.inference.regular.factors import Grid
from forecast.inference.volatility import Parts, combined, mixture, parts, with_parts

GRID = Grid(per_year=4, years=5, known=2)
WEIGHT = np.array([0.2, 0.25, 0.25, 0.3])
DRAWS = 4000


def paths(seed: int, grid: Grid = GRID, draws: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.3, (draws, grid.periods))


@given(st.integers(0, 1000), st.sampled_from([0, 2, 4]))
def test_year_end_growth_follows_from_the_wanted_parts(seed, known):
    grid = dataclasses.replace(GRID, known=known)
    index, rng = paths(seed, grid), np.random.default_rng(seed + 1)
    wanted = Parts(to_date=rng.normal(0, 0.2, 7) * (known > 0), rest=rng.normal(0, 0.2, 7) * (known < 4))
    out = with_parts(index, WEIGHT, grid, wanted)
    level = WEIGHT * np.exp(out[:, -8:].reshape(-1, 2, 4))
    last = level[:, 0]
    year_end = level[:, 1].sum(1) / last.sum(1)
    by_hand = np.exp(wanted.to_date) * last[:, :known].sum(1) + np.exp(wanted.rest) * last[:, known:].sum(1)
    np.testing.assert_allclose(year_end, by_hand / last.sum(1))
    np.testing.assert_array_equal(out[:, :-4], index[:, :-4])
    found = parts(out, WEIGHT, grid)
    np.testing.assert_allclose(found.to_date, wanted.to_date, atol=1e-12)
    np.testing.assert_allclose(found.rest, wanted.rest, atol=1e-12)


def test_the_shape_of_the_open_periods_stays():
    index = paths(3)
    found = parts(index, WEIGHT, GRID)
    out = with_parts(index, WEIGHT, GRID, Parts(to_date=found.to_date, rest=found.rest + 0.1))
    np.testing.assert_allclose(out[:, -2:] - index[:, -2:], 0.1)
    np.testing.assert_allclose(out[:, :-2], index[:, :-2], atol=1e-12)


def test_the_direct_member_gives_a_share_that_grows_with_past_years_and_none_without():
    counts = [
        len(mixture(dataclasses.replace(GRID, years=years), DRAWS, np.random.default_rng(1)).direct)
        for years in (2, 4, 10, 31)
    ]
    assert counts[0] == 0
    assert counts == sorted(counts)
    assert counts[1] == pytest.approx(DRAWS * DIRECT_SHARE * 3 / 6)
    nothing = mixture(dataclasses.replace(GRID, known=0), DRAWS, np.random.default_rng(1))
    assert len(nothing.direct) == 0


def test_tails_are_longer_and_the_variance_stays():
    shared = mixture(GRID, 200_000, np.random.default_rng(2))
    assert (shared.stretch**2).mean() == pytest.approx(1, abs=0.01)
    assert (shared.stretch**4).mean() > 1.3


def test_the_direct_draws_are_the_direct_members_moved_to_the_common_centre():
    shared = mixture(GRID, DRAWS, np.random.default_rng(3))
    rng = np.random.default_rng(4)
    structural, n = rng.normal(0.02, 0.01, DRAWS), len(shared.direct)
    direct = rng.normal(0.06, 0.01, n)
    out = combined(structural, direct, shared)
    apart = np.median(np.exp(direct)) - np.median(np.exp(structural))
    moved = np.exp(direct) - np.exp(out[shared.direct])
    np.testing.assert_allclose(moved, (1 - n / DRAWS) * apart)
    kept = np.delete(np.arange(DRAWS), shared.direct)
    assert np.median(np.exp(out[kept])) - np.median(np.exp(structural)) == pytest.approx(n / DRAWS * apart, abs=1e-3)


def test_without_tails_and_direct_draws_the_structural_draws_stay():
    shared = dataclasses.replace(mixture(GRID, DRAWS, np.random.default_rng(5)), stretch=np.ones(DRAWS))
    structural = np.random.default_rng(6).normal(0.05, 0.02, DRAWS)
    np.testing.assert_allclose(combined(structural, np.zeros(0), shared), structural, atol=1e-12)


@given(st.integers(0, 100), st.floats(0.1, 3.0))
def test_growth_stays_legal(seed, sd):
    shared = mixture(GRID, 500, np.random.default_rng(seed))
    rng = np.random.default_rng(seed + 1)
    out = combined(rng.normal(-1, sd, 500), rng.normal(0, 1, len(shared.direct)), shared)
    assert np.isfinite(out).all()
