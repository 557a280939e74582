"""The marginal likelihood against the dense multivariate normal, and the expansion of the figures."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import multivariate_normal

from forecast.inference.gaps.family import Parent, prepare, scale_log_likelihood
from forecast.inference.model import Measurements, log_growth, shape_covariance
from forecast.inference.priors import SCALE_GRID, SHAPE_CENTRE
from tests.synthetic import measurements


@pytest.fixture(scope="module")
def city() -> Measurements:
    return measurements(seed=3, gaps=True)


def test_likelihood_is_that_of_the_dense_normal(city):
    rng = np.random.default_rng(0)
    shapes = SHAPE_CENTRE + rng.normal(0, 0.5, (3, 8))
    above = rng.normal(0, 0.01, (400, city.periods)).cumsum(axis=1)
    family = prepare(city, (1,), Parent.of(above), root=False)
    found = scale_log_likelihood(family, shapes)[:, 0, :]
    child = family.children[0]
    expected = np.empty_like(found)
    for g, shape in enumerate(shapes):
        kernel = shape_covariance(shape, city.periods, city.per_year)
        for s, scale in enumerate(family.scale * SCALE_GRID):
            a = child.linear.matrix
            prior = np.cov(above, rowvar=False) + child.fixed + scale**2 * kernel
            restated = scale**2 * np.exp(2 * shape[-1]) * child.linear.restated
            dense = a @ prior @ a.T + np.diag(child.linear.noise_variance + restated)
            mean = a @ (above.mean(0) + child.mean)
            expected[g, s] = multivariate_normal(mean, dense, allow_singular=True).logpdf(child.linear.target)
    difference = found - expected
    np.testing.assert_allclose(difference, difference[0, 0], atol=2e-5 * abs(difference[0, 0]))


def test_siblings_with_the_same_figures_share_one_decomposition_and_learn_the_same_scale():
    together = measurements(seed=5, siblings=3)
    parent = Parent.none(10, together.periods)
    shapes = SHAPE_CENTRE[None, :]
    all_three = scale_log_likelihood(prepare(together, (1, 2, 3), parent, root=False), shapes)
    for i in range(3):
        alone = scale_log_likelihood(prepare(together, (i + 1,), parent, root=False), shapes)
        shared, own = (softmax(x) @ np.log(SCALE_GRID) for x in (all_three[0, i], alone[0, 0]))
        assert shared == pytest.approx(own, abs=0.03)


def test_the_expansion_meets_the_published_figures(city):
    family = prepare(city, (0,), Parent.none(10, city.periods), root=True)
    child = family.children[0]
    prior = child.fixed + family.scale**2 * shape_covariance(SHAPE_CENTRE, city.periods, city.per_year, root=True)
    a = child.linear.matrix
    total = a @ prior @ a.T + np.diag(child.linear.noise_variance)
    index = child.mean + prior @ a.T @ np.linalg.solve(total, child.linear.target - a @ child.mean)
    missed = child.figures.log_growth - log_growth(index, child.figures)
    assert np.abs(missed).max() < 3 * child.figures.noise_sd.max()


def test_a_child_without_figures_is_not_among_those_learnt_from():
    some = measurements(seed=1, siblings=2, silent=(2,))
    family = prepare(some, (1, 2), Parent.none(10, some.periods), root=False)
    assert [child.unit for child in family.published] == [1]
    assert len(family.children) == 2
