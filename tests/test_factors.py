"""Factors of a grid against dense covariances, and the noise of the index against rounding that is simulated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecast.inference.chain import chain
from forecast.inference.model import components, growth_process
from forecast.inference.priors import (
    AR_MAX,
    LASTING_LOGIT,
    NOISE_RATIOS,
    SLOPE_KEPT,
    SLOPE_LASTS,
    TREND_SD_A_YEAR,
)
from forecast.inference.regular.factors import (
    DESIGN,
    Grid,
    calendar_weights,
    contrasts,
    factors,
    last_figure,
    observed_noise,
    shape_kernel,
)

GRIDS = [Grid(per_year=11, years=2, known=4), Grid(per_year=4, years=5, known=2), Grid(per_year=11, years=2, known=0)]
IDS = ["monthly", "quarterly", "nothing this year"]


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
def test_rotated_figures_have_the_variances_that_the_dense_covariance_gives(grid):
    known, n = factors(grid), grid.observed
    for i in (0, 7):
        kernel = shape_kernel(DESIGN[i], grid)
        for j in (0, 6):
            dense = kernel[:n, :n] + NOISE_RATIOS[j] ** 2 * observed_noise(grid)
            rotation = known.axes[i].T @ known.figures
            rotated = rotation @ dense @ rotation.T
            np.testing.assert_allclose(rotated, np.diag(1 / known.precision[i, j]), atol=1e-7 * rotated.max())
            white = np.linalg.slogdet(known.figures)[1]
            assert known.log_det[i, j] == pytest.approx(np.linalg.slogdet(dense)[1] + 2 * white, abs=1e-6)


@pytest.mark.parametrize("root", [False, True], ids=["ratio", "root"])
@pytest.mark.parametrize("grid", GRIDS[:2], ids=IDS[:2])
def test_the_kernel_is_that_of_the_parts_of_the_model(grid, root):
    grid, shape = replace(grid, root=root), DESIGN[3]
    n, s = grid.periods, grid.per_year
    level, brief, season, lag, _ = components(n, s, SLOPE_KEPT)
    lasts = 1 / (1 + np.exp(-shape[7] - LASTING_LOGIT["quarterly" if s == 4 else "monthly"]))
    slope = (1 - lasts) * brief + lasts * components(n, s, SLOPE_LASTS)[1]
    sd2, ar = np.exp(2 * shape[:7]), AR_MAX / (1 + np.exp(-shape[5]))
    y = sd2[0] * level + sd2[1] * slope + sd2[2] * season + sd2[3] * ar**lag + sd2[4] * np.eye(n)
    y += (0.0 if root else sd2[6]) * growth_process(n, s)
    changes = []
    for t in range(s, grid.periods - 1):
        row = np.zeros(grid.periods)
        row[[t + 1, t + 1 - s, t, t - s]] = 1, -1, -1, 1
        changes.append(row @ y @ row)
    rows = contrasts(grid)
    trend = rows @ np.arange(grid.periods) * TREND_SD_A_YEAR / grid.per_year
    expected = rows @ y @ rows.T / (np.mean(changes) / 2) + np.outer(trend, trend)
    kernel = shape_kernel(shape, grid)
    np.testing.assert_allclose(kernel, expected, rtol=1e-8, atol=1e-8)
    assert np.linalg.eigvalsh(kernel).min() > -1e-9


def test_contrasts_are_growth_on_the_first_year_and_on_the_year_before():
    grid = GRIDS[0]
    y = np.random.default_rng(1).normal(size=grid.periods)
    s = grid.per_year
    by_hand = [y[s + t] - y[t % s] for t in range(grid.observed)]
    by_hand += [y[t] - y[t - s] for t in range(s + grid.observed, grid.periods)]
    np.testing.assert_allclose(contrasts(grid) @ y, by_hand)


@pytest.mark.parametrize("grid", GRIDS[:2], ids=IDS[:2])
def test_noise_of_the_index_is_that_of_figures_jittered_before_they_are_chained(grid):
    """Around no growth the chain is linear: its derivative, by finite differences, makes N0 of unit noise."""
    weight, step = calendar_weights(grid.per_year), 1e-6
    derivative = np.array(
        [chain(np.expm1(step * e), weight) / step for e in np.eye(grid.observed)],
    ).T
    np.testing.assert_allclose(derivative @ derivative.T, observed_noise(grid), rtol=1e-3, atol=1e-3)


def test_the_functional_of_the_last_figure_has_its_rounding():
    for grid in GRIDS[:2]:
        q = last_figure(grid)
        assert q @ observed_noise(grid) @ q == pytest.approx(1)
    assert not last_figure(GRIDS[2]).any()


def test_the_rotated_index_is_that_of_figures_along_the_axes():
    grid = GRIDS[1]
    known, x = factors(grid), np.random.default_rng(4).normal(size=(grid.observed, 3))
    np.testing.assert_allclose(known.rotated(x)[5], known.axes[5].T @ known.figures @ x)
    np.testing.assert_allclose(known.figures @ observed_noise(grid) @ known.figures.T, np.eye(grid.observed), atol=1e-9)


def test_a_full_year_leaves_nothing_open():
    full = factors(Grid(per_year=4, years=4, known=4))
    assert full.own.shape[1:] == (0, 0)
    assert full.cross.shape[1] == 1
