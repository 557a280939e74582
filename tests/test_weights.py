"""Uncertain base weights of regular families: as wide as stated, and every published figure holds in every draw."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from forecast.draws.paths import indicator_paths
from forecast.inference.gaps.fast import HYPER_DRAWS
from forecast.inference.priors import PROFILE_SD, RATIO_PROFILE_SHARE
from forecast.inference.regular.factors import Grid
from forecast.inference.regular.incomplete import NO_GAP, Series, drawn
from forecast.inference.regular.noise import shifted, tilts
from forecast.inference.sampling import fit
from forecast.periods import Frequency
from tests.synthetic import measurements

DRAWS = 4 * HYPER_DRAWS


def paths(sd: float):
    m = dataclasses.replace(measurements(seed=5, siblings=2, years=5), profile_sd=np.full(3, sd))
    posterior = fit(m, method="fast", seed=1, name="x", draws=DRAWS)
    return m, indicator_paths(posterior, indicator="x", frequency=Frequency.MONTHLY, target_year=2021)


@pytest.fixture(scope="module", params=["profile", "flat"])
def case(request):
    return (request.param, *paths(PROFILE_SD[request.param]))


def test_base_weights_are_as_uncertain_as_stated(case):
    origin, m, found = case
    log_weight = np.log(found.base_weight.values)
    centred = log_weight - log_weight.mean(axis=2, keepdims=True)
    known = centred.std(axis=0).mean(axis=1)
    mcse = PROFILE_SD[origin] / np.sqrt(2 * DRAWS * (m.per_year - 1))
    np.testing.assert_allclose(known, PROFILE_SD[origin], atol=4 * mcse)
    np.testing.assert_allclose(found.base_weight.values.sum(axis=2), 1.0, atol=1e-12)


def test_siblings_share_the_seasonality_of_their_parent(case):
    _, m, found = case
    centred = np.log(found.base_weight.values)
    centred = (
        centred - centred.mean(axis=2, keepdims=True) - (centred - centred.mean(2, keepdims=True)).mean(0)
    ).swapaxes(0, 1)
    correlation = np.corrcoef(centred.reshape(len(m.units), -1))
    share = 1 / np.hypot(1, RATIO_PROFILE_SHARE)
    np.testing.assert_allclose(correlation[0, 1:], share, atol=0.05)
    np.testing.assert_allclose(correlation[1, 2], share**2, atol=0.05)


def test_cumulative_growth_is_the_weighted_mean_of_single_growth_and_growth_to_date_is_that_of_known_weights(case):
    _, _, found = case
    weight, growth = found.base_weight.values, found.growth.values
    implied = np.cumsum(weight * (1 + growth), axis=2) / np.cumsum(weight, axis=2) - 1
    published = np.isfinite(found.published.values)
    np.testing.assert_allclose(implied[:, ~published], found.cum_yoy.values[:, ~published], atol=1e-9)
    certain = paths(0.0)[1]
    same = np.cumsum(certain.base_weight.values * (1 + certain.growth.values), axis=2)
    same = same / np.cumsum(certain.base_weight.values, axis=2) - 1
    np.testing.assert_allclose(implied[:, published], same[:, published], atol=1e-4)


def test_what_weights_add_to_the_spread_of_the_year_is_that_of_the_delta_method():
    """Growth to date of 1 %, of the rest of 7 %: G = (W_k 1.01 + (1 - W_k) 1.07) - 1, dG = -.06 dW_k."""
    grid, s = Grid(per_year=4, years=2, known=2), 4
    weight = np.full(s, 0.25)
    log_growth = np.log1p(np.tile([0.01, 0.01, 0.03, 0.04], 3)[: grid.observed])
    index = np.zeros((20000, grid.periods))
    index[:, 4:] = np.tile(np.log1p([0.01, 0.01, 0.07, 0.07]), 3) * np.repeat([1, 2, 3], 4)
    tilt = tilts(0.08, None, len(index), s, np.random.default_rng(1))
    one = drawn(
        Series(log_growth=log_growth, missing=NO_GAP, index=index[0, 4 : 4 + grid.observed], weight=weight), NO_GAP
    )
    level = weight * np.exp((index + shifted(index, tilt, one, grid)).reshape(len(index), -1, s))
    growth = level[:, -1].sum(1) / level[:, -2].sum(1) - 1
    last = np.array([1.01, 1.01, 1.07, 1.07]) ** 2 / (2 * 1.01**2 + 2 * 1.07**2)
    share = last[:2].sum()
    gradient = last * (np.arange(s) < 2) - share * last
    sd = 0.06 * 0.08 * np.sqrt((gradient - gradient.mean()) @ (gradient - gradient.mean()) / (1 - 1 / s))
    assert growth.std() == pytest.approx(sd, rel=0.03)
    to_date = level[:, -1, :2].sum(1) / level[:, -2, :2].sum(1) - 1
    np.testing.assert_allclose(to_date, 0.01, atol=1e-12)


def test_growth_to_date_stays_where_the_chain_was_repaired():
    """Running totals that fall: no level of May can be what is published, on any base."""
    grid, weight = Grid(per_year=4, years=1, known=3), np.full(4, 0.25)
    log_growth = np.log1p([0.0, 0.0, 0.0, 0.0, 0.0, -0.6, -0.4])
    index = np.tile([0.0] * 8 + [0.0, -1.6, -0.1, 0.0], (500, 1))
    place = drawn(
        Series(log_growth=log_growth, missing=NO_GAP, index=index[0, 4:11], weight=weight), np.zeros((500, 0))
    )
    moved = index + shifted(index, tilts(0.2, None, 500, 4, np.random.default_rng(1)), place, grid)
    to_date = [np.exp(path[:, 8:11]).sum(1) / np.exp(path[:, 4:7]).sum(1) for path in (index, moved)]
    np.testing.assert_allclose(to_date[1], to_date[0], atol=1e-12)
    assert np.abs(moved - index)[:, 8:].max() < 2


def test_a_child_with_known_levels_under_a_parent_without_any_has_its_own_sd():
    rng = np.random.default_rng(2)
    above = tilts(0.2, None, 20000, 11, rng)
    for sd in (0.02, 0.08, 0.2):
        assert tilts(sd, (above, 0.2), 20000, 11, rng).std() == pytest.approx(sd, rel=0.02)
    assert tilts(0.2, (tilts(0.02, None, 20000, 11, rng), 0.02), 20000, 11, rng).std() == pytest.approx(0.2, rel=0.02)
