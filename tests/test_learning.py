"""Weights of shapes, and the scale given them: against the dense normal, scale and noise integrated numerically."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, norm

from forecast.inference.priors import LOG_SCALE_SD
from forecast.inference.regular.factors import DESIGN, Grid, decomposed, factors, observed_noise, shape_kernel
from forecast.inference.regular.learning import evenly, evidence, learn
from forecast.inference.regular.noise import log_noise
from tests.regular_places import ROUNDING_SD, places

GRID = Grid(per_year=11, years=3, known=5)
GAPS = np.array([7, 20, 21, 36])
POINTS = [0, 4, 20, 100]
LOG_SCALE = np.linspace(np.log(0.002), np.log(0.2), 161)
NOISE_Z = np.linspace(-4, 4, 121)
PRIOR_SCALE = 0.015


def index(seed: int, noise: float) -> np.ndarray:
    rng, n = np.random.default_rng(seed), GRID.observed
    covariance = 0.02**2 * shape_kernel(DESIGN[5], GRID)[:n, :n] + noise**2 * observed_noise(GRID)
    return np.linalg.cholesky(covariance) @ rng.standard_normal((n, 1))


def on_a_grid(x: np.ndarray, point: int, rows: np.ndarray) -> np.ndarray:
    """Log density of figures, scale and noise at a shape, (scale, noise): dense normals of these rows."""
    n = GRID.observed
    figures = factors(GRID).figures
    kernel = (figures @ shape_kernel(DESIGN[point], GRID)[:n, :n] @ figures.T)[np.ix_(rows, rows)]
    values, axes = np.linalg.eigh(kernel)
    rotated = axes.T @ (figures @ x[:, 0])[rows]
    noise = ROUNDING_SD * np.exp(log_noise(NOISE_Z))
    variance = np.exp(2 * LOG_SCALE)[:, None, None] * values + noise[:, None] ** 2
    log_density = norm.logpdf(rotated, scale=np.sqrt(variance)).sum(2)
    dense = multivariate_normal(cov=np.exp(2 * LOG_SCALE[40]) * kernel + noise[60] ** 2 * np.eye(len(rows)))
    assert dense.logpdf((figures @ x[:, 0])[rows]) == pytest.approx(log_density[40, 60], abs=1e-6)
    prior = norm.logpdf(LOG_SCALE, np.log(PRIOR_SCALE), LOG_SCALE_SD)[:, None] + norm.logpdf(NOISE_Z)
    return log_density + prior


@pytest.mark.parametrize(("noise", "tolerance"), [(1e-4, 0.08), (4e-4, 0.08), (3e-3, 0.2)])
@pytest.mark.parametrize("gaps", [(), GAPS])
def test_the_evidence_is_that_of_scale_and_noise_integrated_numerically(noise, tolerance, gaps):
    """Where figures move by noise alone, they know its ratio to within less than a cell, and the cell's middle stands
    for all of it."""
    x = index(2, noise)
    rows = np.setdiff1d(np.arange(GRID.observed), gaps)
    missing = (np.asarray(gaps, dtype=int),)
    found = evidence(decomposed(DESIGN[POINTS], GRID), places(x, scale=PRIOR_SCALE, missing=missing))
    closed = logsumexp(found.log_mass[:, :, 0], axis=1)
    numeric = np.array([logsumexp(on_a_grid(x, point, rows)) for point in POINTS])
    np.testing.assert_allclose(closed - closed[0], numeric - numeric[0], atol=tolerance)


@pytest.mark.parametrize("noise", [1e-4, 3e-3])
def test_the_centre_of_a_constant_scale_is_that_of_its_posterior(noise):
    x, point = index(3, noise), 4
    weight = np.exp(on_a_grid(x, point, np.arange(GRID.observed)))
    weight = weight.sum(1) / weight.sum()
    mean = weight @ LOG_SCALE
    sd = np.sqrt(weight @ (LOG_SCALE - mean) ** 2)
    learnt = learn(decomposed(DESIGN[[point]], GRID), places(x, scale=PRIOR_SCALE))
    ratio = np.arange(learnt.weight.shape[1])
    centre = learnt.weight[0, :, 0] @ learnt.log_scale(0, np.zeros(len(ratio), dtype=int), ratio)
    assert centre == pytest.approx(mean, abs=0.1 * sd)


def test_points_that_are_draws_weigh_the_same_and_their_noise_ratios_as_they_do():
    x = index(4, 4e-4)
    known = decomposed(DESIGN[:9], GRID)
    found = evidence(known, places(x))
    even, learnt = evenly(found, np.zeros(8)), learn(known, places(x))
    np.testing.assert_allclose(even.weight.sum(1), 1 / 9)
    within = learnt.weight / learnt.weight.sum(1, keepdims=True)
    np.testing.assert_allclose(even.weight * 9, within, atol=1e-9)


def test_one_of_several_places_is_itself():
    both = places(np.hstack([index(5, 4e-4), index(6, 4e-4)]), missing=(GAPS, GAPS[:1]))
    alone = both.only(1)
    np.testing.assert_array_equal(alone.index[:, 0], both.index[:, 1])
    np.testing.assert_array_equal(alone.figures, [GRID.observed - 1])
    np.testing.assert_array_equal(both.figures, [GRID.observed - 4, GRID.observed - 1])


def test_siblings_centre_is_reported_and_a_place_alone_has_none():
    known = factors(GRID)
    far = int(np.argmax(DESIGN[:, 0]))
    root = np.linalg.cholesky(shape_kernel(DESIGN[far], GRID)[: GRID.observed, : GRID.observed])
    x = 0.02 * root @ np.random.default_rng(5).standard_normal((GRID.observed, 12))
    assert learn(known, places(x)).pool[0] > 0.2
    np.testing.assert_array_equal(learn(known, places(x[:, :1])).pool, 0)
