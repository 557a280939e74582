"""The direct member: its regression against least squares, its features against sums by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.inference.chain import Worlds, draw_excess, features, fit_direct, ridge, usable, worlds
from forecast.inference.priors import DIRECT_PRIOR, RIDGE
from forecast.inference.regular.factors import Grid

GRID = Grid(per_year=11, years=5, known=6)
WEIGHT = np.tile(np.array([2.0] + [1.0] * 10)[:, None] / 12, (1, 3))


def indices(seed: int, places: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(0.003, 0.02, (GRID.observed, places)).cumsum(axis=0)


@given(st.integers(0, 2**32 - 1))
def test_coefficients_are_least_squares_with_the_prior_as_further_figures(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(20, 5)), rng.normal(size=20)
    found, taken = ridge(x, y, DIRECT_PRIOR)
    augmented = np.vstack([x, np.sqrt(RIDGE) * np.eye(5)])
    expected = np.linalg.lstsq(augmented, np.append(y, np.sqrt(RIDGE) * DIRECT_PRIOR), rcond=None)[0]
    np.testing.assert_allclose(found, expected, atol=1e-10)
    hat = x @ np.linalg.inv(x.T @ x + RIDGE * np.eye(5)) @ x.T
    assert taken == pytest.approx(np.trace(hat) / 20)


def test_without_figures_the_prior_stands():
    np.testing.assert_allclose(ridge(np.zeros((3, 5)), np.ones(3), DIRECT_PRIOR)[0], DIRECT_PRIOR)


def test_features_are_those_of_levels_added_up_by_hand():
    x = indices(1)
    regressors, excess = features(x, WEIGHT, GRID)
    level = WEIGHT[:, 0] * np.exp(np.concatenate([np.zeros(11), x[:, 0]])[: 11 * 6].reshape(6, 11))

    def growth(year: int, periods: slice) -> float:
        return float(np.log(level[year, periods].sum() / level[year - 1, periods].sum()))

    y = 3  # the third growth year
    to_date, rest = growth(y, slice(0, 6)), growth(y, slice(6, 11))
    single = [growth(y, slice(k, k + 1)) for k in (3, 4, 5)]
    before = growth(y - 1, slice(6, 11)) - growth(y - 1, slice(0, 6))
    expected = [np.mean(single) - to_date, to_date, before, growth(y - 1, slice(0, 11)), single[-1] - np.mean(single)]
    np.testing.assert_allclose(regressors[y - 2, 0], expected, atol=1e-12)
    assert excess[y - 2, 0] == pytest.approx(rest - to_date)
    assert np.isnan(excess[-1]).all()
    assert len(excess) == GRID.years


@settings(max_examples=20)
@given(st.integers(0, 1000), st.permutations([0, 1, 2]))
def test_the_order_of_places_does_not_matter(seed, order):
    x = indices(seed)
    one, other = fit_direct(x, WEIGHT, GRID), fit_direct(x[:, order], WEIGHT, GRID)
    np.testing.assert_allclose(other.mean, one.mean[order], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(other.spread, one.spread[order], rtol=1e-9)


def test_what_the_past_always_did_outweighs_the_prior():
    """A rest of the year that every year outgrows the year to date by 5 points; the prior expects it to fall behind."""
    rng = np.random.default_rng(3)
    rest = np.arange(11) >= GRID.known
    year = np.cumsum([0.02 + 0.05 * rest] * 6, axis=0).ravel()[: GRID.observed]
    x = year[:, None] + rng.normal(0, 1e-4, (GRID.observed, 3))
    direct = fit_direct(x, WEIGHT, GRID)
    assert (features(x, WEIGHT, GRID)[0][-1] @ DIRECT_PRIOR < 0).all()
    assert ((direct.mean > 0.02) & (direct.mean < 0.055)).all()


def test_draws_have_the_stated_centre_and_spread():
    direct = fit_direct(indices(4), WEIGHT, GRID)
    rng = np.random.default_rng(1)
    common = worlds(GRID, 40_000, rng)
    for place in range(3):
        drawn = draw_excess(direct, place, common, rng)
        sd = direct.scale[place] * direct.spread[place]
        assert drawn.mean() == pytest.approx(direct.mean[place], abs=5 * sd / 200)
        assert drawn.std() == pytest.approx(sd, rel=0.03)


def test_places_share_the_year_that_comes_back():
    x = indices(5, 1) @ np.ones((1, 3)) + 1e-5 * indices(6)
    direct = fit_direct(x, WEIGHT, GRID)
    rng = np.random.default_rng(1)
    common = worlds(GRID, 4000, rng)
    a, b = (draw_excess(direct, i, common, rng) for i in (0, 1))
    assert np.corrcoef(a, b)[0, 1] == pytest.approx(0.8, abs=0.05)
    none = Worlds(year=np.zeros(0, dtype=int), sign=np.zeros(0))
    assert draw_excess(direct, 0, none, rng).shape == (0,)


def test_it_takes_growth_to_date_a_rest_and_three_past_years():
    assert usable(GRID)
    for known, years in ((0, 5), (11, 5), (6, 3)):
        assert not usable(Grid(per_year=11, years=years, known=known))


def test_nothing_of_the_rest_of_the_target_year_is_read():
    assert len(indices(7)) == GRID.observed  # there is nothing to read: the index ends with the last figure
    shorter = Grid(per_year=11, years=5, known=4)
    x = indices(7)
    a = fit_direct(x[: shorter.observed], WEIGHT, shorter).mean
    x[shorter.observed :] = 1e3
    np.testing.assert_array_equal(fit_direct(x[: shorter.observed], WEIGHT, shorter).mean, a)
