"""Adaptive importance sampling against plain importance sampling with very many points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp

from forecast.inference.gaps.family import Parent, prepare, scale_log_likelihood
from forecast.inference.gaps.fast import sample_hyperparameters, systematic
from forecast.inference.priors import SCALE_GRID, SCALE_SD, SHAPE_CENTRE, SHAPE_SPREAD, UNIT_SCALE_SD
from tests.synthetic import measurements


@pytest.fixture(scope="module")
def family():
    some = measurements(seed=8, years=3, last=3, gaps=True)
    return prepare(some, (0,), Parent.none(10, some.periods), root=True)


def test_points_agree_with_plain_importance_sampling_from_the_prior(family):
    rng = np.random.default_rng(1)
    z = rng.standard_normal((6000, 10))
    shape = SHAPE_CENTRE + SHAPE_SPREAD * z[:, :8]
    log_scale = SCALE_SD * z[:, 8] + UNIT_SCALE_SD * z[:, 9]
    grid = np.log(SCALE_GRID)
    likelihood = scale_log_likelihood(family, shape)[:, 0, :]
    at_scale = np.array([np.interp(x, grid, row) for x, row in zip(log_scale, likelihood, strict=True)])
    weight = np.exp(at_scale - logsumexp(at_scale))
    effective = 1 / (weight**2).sum()
    found = sample_hyperparameters(family, rng=np.random.default_rng(2), draws=4000)
    for name, plain, drawn in (
        ("log scale", log_scale, np.log(found.scale[:, 0] / family.scale)),
        ("log sd of the level", shape[:, 0], found.shape[:, 0]),
        ("log sd of the irregular", shape[:, 4], found.shape[:, 4]),
    ):
        mean = weight @ plain
        sd = np.sqrt(weight @ (plain - mean) ** 2)
        error = 4 * sd * np.sqrt(1 / effective + 1 / found.effective)
        assert abs(drawn.mean() - mean) < error, name
    assert effective > 100
    assert found.effective > 60


def test_the_same_family_gives_the_same_draws(family):
    a = sample_hyperparameters(family, rng=np.random.default_rng(5), draws=50)
    b = sample_hyperparameters(family, rng=np.random.default_rng(5), draws=50)
    np.testing.assert_array_equal(a.scale, b.scale)
    np.testing.assert_array_equal(a.shape, b.shape)


def test_without_figures_the_draws_are_the_prior():
    some = measurements(seed=1, siblings=1, silent=(1,))
    family = prepare(some, (1,), Parent.none(10, some.periods), root=False)
    found = sample_hyperparameters(family, rng=np.random.default_rng(3), draws=4000)
    sd = np.hypot(SCALE_SD, UNIT_SCALE_SD)
    assert np.log(found.scale / family.scale).mean() == pytest.approx(0, abs=4 * sd / np.sqrt(found.effective))
    assert np.log(found.scale).std() == pytest.approx(sd, rel=0.1)
    np.testing.assert_allclose(found.shape.mean(0), SHAPE_CENTRE, atol=4 / np.sqrt(found.effective))


@given(st.integers(0, 2**32 - 1), st.integers(2, 40), st.integers(1, 200))
def test_resampling_repeats_every_point_as_often_as_its_weight_within_one(seed, points, n):
    rng = np.random.default_rng(seed)
    weight = rng.dirichlet(np.ones(points))
    picked = np.bincount(systematic(weight, n, rng), minlength=points)
    assert picked.sum() == n
    assert np.abs(picked - n * weight).max() <= 1 + 1e-9
