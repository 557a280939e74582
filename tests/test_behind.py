"""Hyperparameters behind draws: in the proportions of the posterior."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from forecast.inference.priors import NOISE_RATIOS
from forecast.inference.regular.factors import DESIGN, Grid, factors, observed_noise, shape_kernel
from forecast.inference.regular.learning import learn
from forecast.inference.regular.regular import weighed
from tests.regular_places import places, stirring

GRID = Grid(per_year=11, years=3, known=5)


def test_points_and_noise_ratios_come_in_the_proportions_of_their_weights():
    known, n = factors(GRID), GRID.observed
    covariance = shape_kernel(DESIGN[5], GRID)[:n, :n] + 0.03**2 * observed_noise(GRID)
    x = 0.02 * np.linalg.cholesky(covariance) @ np.random.default_rng(3).standard_normal((n, 2))
    learnt = learn(known, places(x))
    weight = np.zeros_like(learnt.weight)
    weight[0, 4, 1], weight[9, 6, 1] = 0.3, 0.7
    found = weighed(
        known, dataclasses.replace(learnt, weight=weight), 1, rng=np.random.default_rng(1), common=stirring(1000, GRID)
    )
    np.testing.assert_array_equal(found.point, [0, 9])
    np.testing.assert_array_equal(NOISE_RATIOS[found.ratio], NOISE_RATIOS[[4, 6]])
    assert (found.member == 1).mean() == pytest.approx(0.7, abs=1e-3)
    assert np.ptp(np.flatnonzero(found.member == 0)) > 900  # in any order
    np.testing.assert_allclose(found.rotated, learnt.rotated[[0, 9], :, 1])
    np.testing.assert_allclose(found.precision, known.precision[[0, 9], [4, 6]])
    assert (found.scale > 0).all()
