"""The model's algebra: growth of an index, its derivative, and the prior's covariance."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.inference.model import (
    Figures,
    components,
    fixed_covariance,
    growth_matrix,
    growth_process,
    linearise,
    log_growth,
    shape_covariance,
)
from forecast.inference.priors import AR_MAX, DRIFT_SD_A_YEAR, GROWTH_KEPT, SHAPE_CENTRE, SLOPE_KEPT_A_YEAR

S, YEARS = 11, 3
WEIGHT = np.array([0.13, 0.085, 0.083, 0.085, 0.088, 0.082, 0.083, 0.087, 0.087, 0.092, 0.098])


def figures(time: list[int], cumulative: list[bool]) -> Figures:
    n = len(time)
    return Figures(
        weight=WEIGHT,
        time=np.array(time),
        cumulative=np.array(cumulative),
        log_growth=np.zeros(n),
        noise_sd=np.full(n, 3e-4),
    )


SOME = figures([11, 14, 18, 21, 22, 25, 30, 16, 27], [True] * 7 + [False] * 2)
indices = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).normal(0, 0.3, S * YEARS))


def slow_growth(index: np.ndarray, time: int, cumulative: bool) -> float:
    """One plus growth, by adding levels up, one by one."""
    this = last = 0.0
    for t in range(time // S * S if cumulative else time, time + 1):
        this += WEIGHT[t % S] * np.exp(index[t])
        last += WEIGHT[t % S] * np.exp(index[t - S])
    return this / last


@given(indices)
def test_growth_of_an_index_is_that_of_its_levels(index):
    found = np.exp(log_growth(index, SOME))
    slow = [slow_growth(index, t, c) for t, c in zip(SOME.time, SOME.cumulative, strict=True)]
    np.testing.assert_allclose(found, slow, rtol=1e-12)


@given(indices)
def test_the_matrix_is_the_derivative_of_growth(index):
    step = 1e-6
    numeric = np.array(
        [
            (log_growth(index + step * e, SOME) - log_growth(index - step * e, SOME)) / (2 * step)
            for e in np.eye(len(index))
        ]
    ).T
    np.testing.assert_allclose(growth_matrix(index, SOME), numeric, atol=1e-7)


@given(indices, st.floats(-3, 3))
def test_growth_does_not_depend_on_the_level_of_the_index(index, shift):
    np.testing.assert_allclose(log_growth(index + shift, SOME), log_growth(index, SOME), atol=1e-10)
    np.testing.assert_allclose(growth_matrix(index, SOME).sum(axis=1), 0, atol=1e-12)


@given(indices)
def test_a_linearisation_is_exact_at_its_point(index):
    met = dataclasses.replace(SOME, log_growth=log_growth(index, SOME))
    linear = linearise(met, index)
    np.testing.assert_allclose(linear.matrix @ index, linear.target, atol=1e-10)


def test_components_are_those_of_the_recursions():
    """Impulse responses of the recursions level += e, and slope = damping * slope + e; level += slope."""
    level, slope, _, lag, drift = components(S * YEARS, S)
    n = S * YEARS
    damping = SLOPE_KEPT_A_YEAR ** (1 / S)
    by_recursion = np.zeros((n, n))
    for impulse in range(n):
        rate = height = 0.0
        for t in range(n):
            height += rate
            rate = damping * rate + (1.0 if t == impulse else 0.0)
            by_recursion[t, impulse] = height
    np.testing.assert_allclose(slope, by_recursion @ by_recursion.T, rtol=1e-10)
    walk = np.tril(np.ones((n, n)))
    walk[:, 0] = 0
    np.testing.assert_allclose(level, walk @ walk.T)
    assert lag[3, 10] == 7
    assert drift[S, S] == pytest.approx(DRIFT_SD_A_YEAR**2)


def test_slow_seasonality_sums_to_zero_over_a_year():
    _, _, season, _, _ = components(S * YEARS, S)
    for year in range(YEARS):
        np.testing.assert_allclose(season[:, year * S : (year + 1) * S].sum(axis=1), 0, atol=1e-12)


def test_growth_of_its_own_has_the_covariance_of_paths_that_are_simulated():
    """An autoregression of year-on-year growth, added up over the years of every month by a loop."""
    rng, n, draws, kept = np.random.default_rng(1), S * YEARS, 20_000, GROWTH_KEPT ** (11 / S)
    growth = np.zeros((draws, n))
    growth[:, S] = rng.standard_normal(draws)
    for t in range(S + 1, n):
        growth[:, t] = kept * growth[:, t - 1] + np.sqrt(1 - kept**2) * rng.standard_normal(draws)
    path = growth.copy()
    for t in range(S, n):
        path[:, t] += path[:, t - S]
    exact = growth_process(n, S)
    se = np.sqrt((exact**2 + np.outer(np.diag(exact), np.diag(exact))) / draws)
    assert (np.abs(path.T @ path / draws - exact) <= 5 * se + 1e-12).all()


def test_growth_of_its_own_leaves_no_base_effect():
    """What a ratio grew last year says of this year's growth only through the months between: kept to the 11th."""
    n = S * YEARS
    yearly = (np.eye(n, k=-S) * -1 + np.eye(n))[S:]
    of_growth = yearly @ growth_process(n, S) @ yearly.T
    at, before = 2 * S + 3 - S, S + 3 - S
    assert of_growth[at, before] / of_growth[before, before] == pytest.approx(GROWTH_KEPT**11)


def test_a_root_has_no_growth_of_its_own():
    without = SHAPE_CENTRE.copy()
    without[6] = -40.0
    root = shape_covariance(SHAPE_CENTRE, S * YEARS, S, root=True)
    np.testing.assert_allclose(root, shape_covariance(without, S * YEARS, S), atol=1e-15)


@settings(max_examples=30)
@given(st.lists(st.floats(-2, 2), min_size=8, max_size=8))
def test_prior_covariance_is_symmetric_and_positive_definite(offset):
    covariance = shape_covariance(SHAPE_CENTRE + np.array(offset), S * YEARS, S)
    np.testing.assert_allclose(covariance, covariance.T)
    assert np.linalg.eigvalsh(covariance).min() > 0


def test_the_autoregressive_part_decays_by_its_logit():
    shape = np.array([-40.0, -40.0, -40.0, 0.0, -40.0, 0.3, -40.0, 0.0])
    covariance = shape_covariance(shape, S * YEARS, S) - components(S * YEARS, S)[4]
    rho = AR_MAX / (1 + np.exp(-0.3))
    assert covariance[4, 4] == pytest.approx(1, rel=1e-9)
    assert covariance[4, 9] == pytest.approx(rho**5, rel=1e-9)


def test_a_batch_of_shapes_gives_a_batch_of_covariances():
    shapes = SHAPE_CENTRE + np.array([[0.0] * 8, [0.5] * 8])
    both = shape_covariance(shapes, S * YEARS, S)
    np.testing.assert_allclose(both[1], shape_covariance(shapes[1], S * YEARS, S))


def test_an_unknown_profile_moves_growth_only_where_growth_changes_within_the_year():
    """Steady growth is the same under any base weights; a profile's uncertainty must not touch it."""
    covariance = fixed_covariance(S * YEARS, S, root=True, profile_sd=0.2)
    trend = fixed_covariance(S * YEARS, S, root=True, profile_sd=0.0)
    steady = growth_matrix(np.arange(S * YEARS) * 0.004, SOME)
    profile_variance = np.diag(steady @ (covariance - trend) @ steady.T)
    uneven = growth_matrix(np.repeat([0.0, 0.1, -0.1], S) * np.arange(S * YEARS) / S, SOME)
    assert np.abs(profile_variance).max() < 1e-15  # rounding of the algebra
    assert np.diag(uneven @ (covariance - trend) @ uneven.T).max() > 1e-6
