"""Ratios from figures with gaps: against the dense Gaussian posterior, and meeting what is published."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from forecast.inference.gaps.family import Parent, prepare
from forecast.inference.gaps.fast import draw_ratio, sampled_family
from forecast.inference.model import log_growth, shape_covariance
from forecast.inference.priors import HYPER_DRAWS, SHAPE_CENTRE
from tests.synthetic import measurements


def test_given_the_hyperparameters_draws_have_the_mean_and_covariance_of_the_gaussian_posterior():
    """Single-period figures are linear in the index, so that the posterior is Gaussian exactly."""
    base = measurements(seed=4, years=3, last=5)
    linear = dataclasses.replace(base, cumulative=np.zeros(len(base.unit), dtype=bool), noise_sd=base.noise_sd * 10)
    n = 20_000
    family = prepare(linear, (0,), Parent.none(n, linear.periods), root=True)
    child = family.children[0]
    found = draw_ratio(
        family,
        child,
        SHAPE_CENTRE[None, :],
        np.array([family.scale]),
        stirred=np.ones((n, linear.periods)),
        rng=np.random.default_rng(1),
    )
    prior = child.fixed + family.scale**2 * shape_covariance(SHAPE_CENTRE, linear.periods, linear.per_year, root=True)
    a = child.linear.matrix
    total = a @ prior @ a.T + np.diag(child.linear.noise_variance)
    gain = np.linalg.solve(total, a @ prior).T
    mean = child.mean + gain @ (child.linear.target - a @ child.mean)
    covariance = prior - gain @ a @ prior
    sd = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(found.mean(0), mean, atol=5 * sd.max() / np.sqrt(n))
    np.testing.assert_allclose(found.std(0), sd, rtol=0.04, atol=1e-6)


def test_every_path_gives_the_published_figures_rounding_and_restatement_apart():
    some = measurements(seed=2, years=3, gaps=True)
    family = prepare(some, (0,), Parent.none(400, some.periods), root=True)
    child = family.children[0]
    shape = SHAPE_CENTRE.copy()
    shape[-1] = -12.0  # nothing is restated
    ratio = draw_ratio(
        family,
        child,
        shape[None],
        np.array([family.scale]),
        stirred=np.ones((400, some.periods)),
        rng=np.random.default_rng(3),
    )
    missed = log_growth(ratio, child.figures) - child.figures.log_growth
    assert np.sqrt((missed**2).mean()) == pytest.approx(child.figures.noise_sd.mean(), rel=0.25)


def test_siblings_get_the_draws_of_their_own_streams():
    some = measurements(seed=2, siblings=2, years=3, gaps=True)
    family = prepare(some, (1, 2), Parent.none(HYPER_DRAWS, some.periods), root=False)

    def drawn(*seeds: int):
        own = tuple(np.random.default_rng(seed) for seed in seeds)
        return sampled_family(family, some, method="fast", seed=1, rng=np.random.default_rng(1), own=own)

    one, other = drawn(5, 6), drawn(5, 7)
    np.testing.assert_array_equal(one.ratio[:, 0], other.ratio[:, 0])
    assert not np.array_equal(one.ratio[:, 1], other.ratio[:, 1])
    assert one.diagnostics.effective_draws is not None
    assert 0 < one.diagnostics.effective_draws <= HYPER_DRAWS
