"""Scores against the package scoringrules (extra dev) on random cases, and against its published values."""

from __future__ import annotations

import numpy as np
import pytest
import scoringrules as sr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from forecast.track_record import scoring

DENSE = (np.arange(40_000) + 0.5) / 40_000


def case(seed: int, draws: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.gamma(2.0, 1.5, (draws, 30)) - 2.0, rng.normal(0.5, 2.0, 30)


@given(st.integers(0, 10_000), st.integers(2, 60))
@settings(max_examples=30)
def test_crps_is_that_of_scoringrules(seed, draws):
    x, y = case(seed, draws)
    np.testing.assert_allclose(scoring.crps(x, y), sr.crps_ensemble(y, x.T, estimator="nrg"), rtol=1e-9)
    np.testing.assert_allclose(scoring.crps(x, y, fair=True), sr.crps_ensemble(y, x.T, estimator="fair"), rtol=1e-8)


@given(st.integers(0, 10_000), st.floats(-3.0, 0.0), st.floats(0.1, 4.0))
@settings(max_examples=30)
def test_threshold_weighted_crps_is_that_of_scoringrules(seed, low, width):
    x, y = case(seed, 25)
    theirs = sr.twcrps_ensemble(y, x.T, a=low, b=low + width, estimator="nrg")
    np.testing.assert_allclose(scoring.threshold_weighted_crps(x, y, low=low, high=low + width), theirs, atol=1e-10)


@given(st.floats(0.006, 0.994), st.booleans())
def test_scores_of_probabilities_are_those_of_scoringrules(p, event):
    assert scoring.brier(p, event) == pytest.approx(float(sr.brier_score(float(event), p)))
    assert scoring.log_score(p, event) == pytest.approx(float(sr.log_score(float(event), p)))


@pytest.mark.parametrize(("mean", "sd", "outcome"), [(0.0, 1.0, 0.3), (-2.0, 0.5, 1.0), (7.0, 3.0, 6.9)])
def test_crps_of_a_dense_sample_is_the_closed_form_of_scoringrules(mean, sd, outcome):
    normal = float(sr.crps_normal(outcome, mean, sd))
    assert scoring.crps(mean + sd * special.ndtri(DENSE), outcome) == pytest.approx(normal, abs=1e-4 * sd)
    heavy = float(sr.crps_t(outcome, 5.0, mean, sd))
    assert scoring.crps(mean + sd * stats.t.ppf(DENSE, 5), outcome) == pytest.approx(heavy, abs=1e-3 * sd)


@pytest.mark.parametrize(
    ("outcome", "mass", "location", "scale", "published"),
    [(0.3, 0.1, 0.0, 1.0, 0.2384728), (0.3, 0.1, -2.0, 3.0, 0.6236187), (-1.2, 0.1, -2.0, 3.0, 0.751013)],
)
def test_an_exponential_with_a_point_mass_has_its_published_crps(outcome, mass, location, scale, published):
    """R's scoringRules, as in scoringrules 0.11, tests/test_crps.py: a case with ties."""
    quantiles = location + scale * np.maximum(-np.log((1 - DENSE) / (1 - mass)), 0.0)
    assert scoring.crps(quantiles, outcome) == pytest.approx(published, abs=2e-4)
