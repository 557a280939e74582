"""NUTS on the PyMC model of a place on a regular grid: its density, its gradient, and the fast route beside it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import check_grad
from scipy.special import logsumexp

from forecast.inference.priors import DESIGN_CENTRE, DESIGN_SPREAD, MIN_ESS, POOL_SPREAD
from forecast.inference.regular.factors import Grid, decomposed, observed_noise, shape_kernel
from forecast.inference.regular.incomplete import NO_GAP
from forecast.inference.regular.learning import evidence
from forecast.inference.regular.nuts import build_place_model, place_data
from forecast.inference.sampling import fit
from tests.reference_fits import REGULAR_DRAWS, SEED, regular, regular_fit
from tests.regular_places import places
from tests.synthetic import full_year, furthest_apart

GRID = Grid(per_year=11, years=4, known=6)
GAPS = np.array([7, 20, 21, 36])
POOL = np.array([0.3, -0.2, 0.1, 0.0, 0.2, -0.4, -0.3, 0.4])
TOLERANCE_SD = 0.06
"""Of a quantile, in sds of full-year growth, beside Monte Carlo error: points of the design."""


def some_places(missing: np.ndarray):
    n, rng = GRID.observed, np.random.default_rng(1)
    covariance = shape_kernel(DESIGN_CENTRE, GRID)[:n, :n] + 0.03**2 * observed_noise(GRID)
    index = 0.02 * np.linalg.cholesky(covariance) @ rng.standard_normal((n, 2))
    return places(index, scale=0.015, missing=(missing, NO_GAP))


@pytest.mark.parametrize("missing", [NO_GAP, GAPS])
def test_the_models_density_is_the_fast_routes_and_its_gradient_that_of_the_density(missing):
    """Shapes anywhere in the prior; every covariance matrix of an autoregression lies between those of the grid."""
    some, rng = some_places(missing), np.random.default_rng(2)
    middle, root = 0.1 * np.ones(8), np.eye(8) + 0.2 * np.tri(8, k=-1)
    model = build_place_model(place_data(GRID, some, 0, POOL, (middle, root @ root.T)))
    density, gradient = model.compile_logp(), model.compile_dlogp()
    raw = rng.standard_normal((5, 8))
    z = middle + raw @ root.T
    shapes = DESIGN_CENTRE + DESIGN_SPREAD * (POOL + POOL_SPREAD * z)
    fast = logsumexp(evidence(decomposed(shapes, GRID), some).log_mass[:, :, 0], axis=1) - 0.5 * (z**2).sum(1)
    found = np.array([density({"raw": one}) for one in raw])
    np.testing.assert_allclose(found - found[0], fast - fast[0], atol=0.02)
    for one in raw:
        error = check_grad(lambda r: float(density({"raw": r})), lambda r: gradient({"raw": r}), one)
        assert error < 1e-3 * (1 + np.abs(gradient({"raw": one})).max())


@pytest.fixture(scope="module")
def both():
    return regular(), regular_fit("fast"), regular_fit("nuts")


def test_both_routes_give_the_same_quantiles_of_year_end_growth(both):
    some, fast, nuts = both
    assert furthest_apart(some, fast, nuts) < TOLERANCE_SD
    spread = full_year(some, fast).std(0) / full_year(some, nuts).std(0)
    assert ((spread > 0.9) & (spread < 1.1)).all()


def test_the_reference_reports_its_diagnostics(both):
    _, fast, nuts = both
    assert (fast.diagnostics.method, nuts.diagnostics.method) == ("fast", "nuts")
    assert nuts.diagnostics.status == "ok"
    assert min(nuts.diagnostics.ess_bulk, nuts.diagnostics.ess_tail) > MIN_ESS
    assert nuts.diagnostics.effective_points is None
    assert fast.diagnostics.rhat is None


def test_auto_takes_the_reference_where_too_few_points_count(both, monkeypatch):
    """Nowhere: the fast draws; everywhere: those of the reference, to the digit: the same seed gives the same draws."""
    some, fast, nuts = both
    auto = fit(some, method="auto", seed=SEED, name="x", draws=REGULAR_DRAWS)
    assert auto.diagnostics == fast.diagnostics
    np.testing.assert_array_equal(auto.index, fast.index)
    monkeypatch.setattr("forecast.inference.regular.regular.REGULAR_LEAST_POINTS", 1e9)
    auto = fit(some, method="auto", seed=SEED, name="x", draws=REGULAR_DRAWS)
    assert auto.diagnostics == nuts.diagnostics
    np.testing.assert_array_equal(auto.index, nuts.index)
