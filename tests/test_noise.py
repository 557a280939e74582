"""The prior of the noise of figures, in cells: against its own definition by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, norm

from forecast.inference.priors import NOISE_RATIOS
from forecast.inference.regular.noise import cells, kinds, log_noise, noise_draws

EDGES = np.log(NOISE_RATIOS[1:] * NOISE_RATIOS[:-1]) / 2


@settings(max_examples=30)
@given(st.integers(8, 120), st.floats(-4, 4))
def test_all_cells_together_have_all_of_the_mass(figures, size):
    """Whatever the scale: size is the log of the scale over the rounding."""
    mass = np.exp(cells(figures).at(size + np.log(NOISE_RATIOS), "log_mass"))
    assert mass.sum() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(("figures", "size"), [(12, 4.0), (80, 4.0), (80, 1.0), (30, 6.0)])
def test_masses_shifts_and_spreads_are_those_of_simulation(figures, size):
    """Noise over rounding and the scale's error drawn, and sorted into cells."""
    rng, n = np.random.default_rng(1), 400_000
    u = 0.5 * np.log(figures / rng.chisquare(figures, n))
    cell = np.searchsorted(EDGES, log_noise(rng.standard_normal(n)) - size - u)
    v = size + np.log(NOISE_RATIOS)
    table = cells(figures)
    for j in range(len(NOISE_RATIOS)):
        mine = u[cell == j]
        mass = np.exp(table.at(v, "log_mass")[j])
        assert mass == pytest.approx(len(mine) / n, abs=0.004)
        if mass > 0.01:
            assert table.at(v, "shift")[j] == pytest.approx(mine.mean(), abs=0.1 * u.std())
            assert table.at(v, "spread")[j] == pytest.approx(mine.var() / u.var(), abs=0.15)


def test_the_first_cell_reaches_down_to_nothing_and_the_last_has_no_end():
    np.testing.assert_array_equal(kinds(), [0] + [1] * (len(NOISE_RATIOS) - 2) + [2])
    far = np.array([-8.0] * len(NOISE_RATIOS))
    assert cells(50).at(far, "log_mass")[0] < -20  # noise far below rounding is no longer possible
    assert cells(50).at(-far, "log_mass")[0] == pytest.approx(0, abs=1e-6)
    assert cells(50).at(far, "log_mass")[-1] == pytest.approx(0, abs=1e-6)


def test_most_figures_are_rounded_alone_and_a_third_revised():
    """Rounding explains half of the places within a factor of 1.3, one in six has noise of more than 3.5 times it."""
    assert np.exp(log_noise(np.array(0.0))) == pytest.approx(1.27, abs=0.01)
    assert np.exp(log_noise(norm.ppf(1 / 6))) > 0.7
    assert np.exp(log_noise(norm.ppf(5 / 6))) == pytest.approx(3.5, abs=0.1)


def test_noise_is_drawn_from_its_prior_cell_by_cell():
    rng, n, size = np.random.default_rng(2), 20_000, 4.0
    z = rng.standard_normal(n)
    cell = np.searchsorted(EDGES, log_noise(z) - size)
    found = noise_draws(np.full(n, np.exp(size)), cell, 1.0, rng)
    assert kstest(np.log(found), log_noise(z)).pvalue > 0.01
    inside = np.searchsorted(EDGES, np.log(found) - size)
    assert (inside == cell).mean() > 0.999
