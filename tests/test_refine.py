"""Further points of the design: the same posterior as with very many points of the prior, known better."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import multivariate_normal

from forecast.inference.priors import DESIGN_CENTRE, DESIGN_SPREAD, ENOUGH_POINTS
from forecast.inference.regular import learning as refine
from forecast.inference.regular.factors import DESIGN, Grid, decomposed, factors, shape_kernel, together
from forecast.inference.regular.learning import evidence, learn, refined
from tests.regular_places import places

GRID = Grid(per_year=11, years=4, known=6)


def index_from(shape: np.ndarray, seed: int) -> np.ndarray:
    n = GRID.observed
    kernel = shape_kernel(shape, GRID)[:n, :n] + 1e-6 * np.eye(n)
    return 0.05 * np.linalg.cholesky(kernel) @ np.random.default_rng(seed).standard_normal((n, 1))


@pytest.fixture(scope="module")
def smooth() -> np.ndarray:
    """A place of a kind that the design hardly has: growth moves by its slope, little else varies."""
    return index_from(DESIGN_CENTRE + DESIGN_SPREAD * np.array([-0.4, 2.2, -0.4, -0.5, -1.5, 0.2, -2.0, 0.0]), 1)


def test_enough_points_are_left_alone():
    index = index_from(DESIGN_CENTRE, 1)
    known, learnt = refined(factors(GRID), partial(evidence, places=places(index, scale=0.05)))
    assert known is factors(GRID)
    np.testing.assert_array_equal(learnt.weight, learn(factors(GRID), places(index, scale=0.05)).weight)


def test_more_points_count(smooth):
    before = learn(factors(GRID), places(smooth, scale=0.05)).effective_points.min()
    known, learnt = refined(factors(GRID), partial(evidence, places=places(smooth, scale=0.05)))
    assert before < ENOUGH_POINTS < learnt.effective_points.min()
    assert len(known.shapes) > len(DESIGN)
    np.testing.assert_allclose(learnt.weight.sum((0, 1)), 1)


def test_the_posterior_is_that_of_very_many_points_of_the_prior(smooth):
    uniform = np.random.default_rng(5).random((2500, 8))
    many = decomposed(DESIGN_CENTRE + DESIGN_SPREAD * ndtri(uniform), GRID)
    plain = learn(many, places(smooth, scale=0.05))
    known, found = refined(factors(GRID), partial(evidence, places=places(smooth, scale=0.05)))
    for k in range(8):
        weight, z = plain.weight.sum(1)[:, 0], many.shapes[:, k]
        mean = weight @ z
        sd = np.sqrt(weight @ (z - mean) ** 2)
        error = sd * np.sqrt(1 / plain.effective_points[0] + 1 / found.effective_points[0])
        assert found.weight.sum(1)[:, 0] @ known.shapes[:, k] == pytest.approx(mean, abs=4 * error)


def test_points_are_weighted_by_the_prior_over_the_mixture_that_they_come_from():
    """Expectations under the prior come back, whatever the proposals."""
    proposals = [(DESIGN_CENTRE + 0.5 * DESIGN_SPREAD, 0.5 * np.diag(DESIGN_SPREAD**2))]
    rng = np.random.default_rng(2)
    base = DESIGN_CENTRE + DESIGN_SPREAD * rng.standard_normal((20 * refine.NEW_POINTS, 8))
    new = [refine._drawn(rng.random((refine.NEW_POINTS, 9)), proposals[0]) for _ in range(20)]
    shapes = np.concatenate([base, *new])
    weight = np.exp(refine._log_ratio(shapes, refine.NEW_POINTS, proposals))  # as many points of either
    weight /= 20  # twenty times as many points as were counted
    assert weight.mean() == pytest.approx(1, abs=0.05)
    mean = weight @ shapes / weight.sum()
    np.testing.assert_allclose((mean - DESIGN_CENTRE) / DESIGN_SPREAD, 0, atol=0.12)
    prior = multivariate_normal(DESIGN_CENTRE, np.diag(DESIGN_SPREAD**2)).pdf(shapes)
    assert weight.max() <= 2 + 1e-9  # the prior is half of the mixture
    assert (prior > 0).all()


def test_factors_of_two_designs_are_put_together(smooth):
    both = together([factors(GRID), decomposed(DESIGN[:3], GRID)], np.zeros(len(DESIGN) + 3))
    np.testing.assert_allclose(both.rotated(smooth)[-3:] ** 2, factors(GRID).rotated(smooth)[:3] ** 2, rtol=1e-6)
    assert both.precision.shape == (len(DESIGN) + 3, *factors(GRID).precision.shape[1:])
