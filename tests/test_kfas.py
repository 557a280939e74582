"""The model's Gaussian algebra against likelihoods of another program: R's KFAS on US unemployment.

Values: statsmodels, ``tsa/statespace/tests/results/results_structural.py``, computed with KFAS. Series: unemployment
rate, 16 years and over, seasonally adjusted, quarterly, 1959-2009 (US Bureau of Labor Statistics, LNS14000000Q).
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from forecast.inference.model import components, shape_covariance

UNEMPLOYMENT = np.array(
    [
        *(5.8, 5.1, 5.3, 5.6, 5.2, 5.2, 5.6, 6.3, 6.8, 7.0, 6.8, 6.2, 5.6, 5.5, 5.6, 5.5, 5.8, 5.7, 5.5, 5.6),
        *(5.5, 5.2, 5.0, 5.0, 4.9, 4.7, 4.4, 4.1, 3.9, 3.8, 3.8, 3.7, 3.8, 3.8, 3.8, 3.9, 3.7, 3.5, 3.5, 3.4),
        *(3.4, 3.4, 3.6, 3.6, 4.2, 4.8, 5.2, 5.8, 5.9, 5.9, 6.0, 6.0, 5.8, 5.7, 5.6, 5.3, 5.0, 4.9, 4.8, 4.8),
        *(5.1, 5.2, 5.6, 6.6, 8.2, 8.9, 8.5, 8.3, 7.7, 7.6, 7.7, 7.8, 7.5, 7.1, 6.9, 6.6, 6.3, 6.0, 6.0, 5.9),
        *(5.9, 5.7, 5.9, 5.9, 6.3, 7.3, 7.7, 7.4, 7.4, 7.4, 7.4, 8.2, 8.8, 9.4, 9.9, 10.7, 10.4, 10.1, 9.4, 8.5),
        *(7.9, 7.5, 7.4, 7.3, 7.3, 7.3, 7.2, 7.0, 7.0, 7.2, 7.0, 6.8, 6.6, 6.3, 6.0, 5.9, 5.7, 5.5, 5.5, 5.3),
        *(5.2, 5.2, 5.3, 5.4, 5.3, 5.3, 5.7, 6.1, 6.6, 6.8, 6.9, 7.1, 7.4, 7.6, 7.6, 7.4, 7.2, 7.1, 6.8, 6.6),
        *(6.6, 6.2, 6.0, 5.6, 5.5, 5.7, 5.7, 5.6, 5.5, 5.5, 5.3, 5.3, 5.2, 5.0, 4.9, 4.7, 4.6, 4.4, 4.5, 4.4),
        *(4.3, 4.3, 4.2, 4.1, 4.0, 3.9, 4.0, 3.9, 4.2, 4.4, 4.8, 5.5, 5.7, 5.8, 5.7, 5.8, 5.9, 6.2, 6.1, 5.8),
        *(5.7, 5.6, 5.4, 5.4, 5.3, 5.1, 5.0, 4.9, 4.7, 4.7, 4.7, 4.4, 4.5, 4.5, 4.7, 4.8, 4.9, 5.4, 6.0, 6.9),
        *(8.1, 9.2, 9.6),
    ]
)
N = len(UNEMPLOYMENT)
ONE, LINE = np.ones(N), np.arange(N, dtype=float)

KFAS = {
    # irregular, level, trend (variances); regressors of the diffuse start; log likelihood
    "random walk": ((0.0, 0.1182174646, 0.0), (ONE,), -70.96771641),
    "local level": ((4.256647886e-06, 0.1182078808, 0.0), (ONE,), -70.97242557),
    "random walk with drift": ((0.0, 0.1184499547, 0.0), (ONE, LINE), -73.46798576),
    "local linear deterministic trend": ((4.457592057e-06, 0.1184455029, 0.0), (ONE, LINE), -73.47291031),
    "local linear trend": ((1.339852549e-06, 0.01008704925, 0.0609176081), (ONE, LINE), -31.15640107),
    "smooth trend": ((0.0008824099119, 0.0, 0.0753064234342), (ONE, LINE), -31.92261408),
    "random trend": ((0.0, 0.0, 0.08054724989), (ONE, LINE), -32.05607557),
}


def diffuse(covariance: np.ndarray, regressors: tuple[np.ndarray, ...]) -> float:
    """Log likelihood with a diffuse start: the limit of a start whose variance grows without bound."""
    x = np.column_stack(regressors)
    inverse = np.linalg.inv(covariance)
    gram = x.T @ inverse @ x
    rest = UNEMPLOYMENT - x @ np.linalg.solve(gram, x.T @ inverse @ UNEMPLOYMENT)
    log_det = np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(gram)[1]
    return -0.5 * ((N - x.shape[1]) * np.log(2 * np.pi) + log_det + rest @ inverse @ rest)


def covariance(irregular: float, level: float, trend: float) -> np.ndarray:
    """Of the model's own components; the slope without damping."""
    levels, slopes, _, _, _ = components(N, 4, 1.0)
    tiny = 1e-12 if irregular == 0.0 else 0.0  # the first observation has no other variance
    return level * levels + trend * slopes + (irregular + tiny) * np.eye(N)


@pytest.mark.parametrize("name", KFAS)
def test_diffuse_likelihoods_are_those_of_kfas(name):
    variances, regressors, published = KFAS[name]
    assert diffuse(covariance(*variances), regressors) == pytest.approx(published, rel=1e-6)


def test_the_whole_prior_covariance_gives_the_same_where_its_drift_is_in_the_start():
    """``shape_covariance`` has a drift of its own, which a diffuse slope makes irrelevant."""
    never = -30.0
    shape = np.array(
        [np.log(np.sqrt(0.1184455029)), never, never, never, np.log(np.sqrt(4.457592057e-06)), 0.0, never, 0.0]
    )
    found = diffuse(shape_covariance(shape, N, 4), (ONE, LINE))
    assert found == pytest.approx(-73.47291031, rel=1e-6)


def kalman_local_level(irregular: float, level: float) -> float:
    """Exact diffuse Kalman filter of the local level model, written out."""
    state, variance, total = UNEMPLOYMENT[0], irregular + level, 0.0
    for y in UNEMPLOYMENT[1:]:
        spread = variance + irregular
        miss = y - state
        total -= 0.5 * (np.log(2 * np.pi * spread) + miss**2 / spread)
        gain = variance / spread
        state, variance = state + gain * miss, variance * (1 - gain) + level
    return total


@pytest.mark.parametrize(("irregular", "level"), [(4.256647886e-06, 0.1182078808), (0.3, 0.05), (0.01, 1.5)])
def test_a_kalman_filter_gives_the_same_likelihood_as_the_covariance(irregular, level):
    assert diffuse(covariance(irregular, level, 0.0), (ONE,)) == pytest.approx(
        kalman_local_level(irregular, level), rel=1e-9
    )


@pytest.mark.skipif(find_spec("statsmodels") is None, reason="statsmodels is in the extra bench")
@pytest.mark.parametrize(("spec", "name"), [("llevel", "local level"), ("lltrend", "local linear trend")])
def test_statsmodels_gives_the_same(spec, name):
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    (irregular, level, trend), _, _ = KFAS[name]
    params = [irregular, level] if spec == "llevel" else [irregular, level, trend]
    model = UnobservedComponents(UNEMPLOYMENT, spec, use_exact_diffuse=True)
    assert diffuse(covariance(irregular, level, trend), KFAS[name][1]) == pytest.approx(model.loglike(params), rel=1e-6)
