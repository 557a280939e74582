"""NUTS on the PyMC model against the fast route, on the same data."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from forecast.inference.gaps.family import Parent, prepare, scale_log_likelihood
from forecast.inference.gaps.nuts import build_model, family_data
from forecast.inference.priors import MIN_ESS, SCALE_SD, SHAPE_CENTRE, SHAPE_SPREAD, UNIT_SCALE_SD
from forecast.inference.regular.regular import common_grid
from forecast.inference.sampling import fit, stream
from forecast.inference.volatility import mixture, parts
from tests.reference_fits import GAPS_DRAWS, REGULAR_DRAWS, SEED, gaps_fit, regular, regular_fit, with_gaps
from tests.synthetic import furthest_apart

TOLERANCE_SD = 0.15
"""Of a quantile, in sds of full-year growth, beside Monte Carlo error: grid and linearised scale of the fast route."""


@pytest.fixture(scope="module")
def both():
    return with_gaps(), gaps_fit("fast"), gaps_fit("nuts")


def test_both_routes_give_the_same_quantiles_of_year_end_growth(both):
    some, fast, nuts = both
    assert furthest_apart(some, fast, nuts) < TOLERANCE_SD


def test_the_reference_reports_its_diagnostics(both):
    _, fast, nuts = both
    assert nuts.diagnostics.method == "nuts"
    assert nuts.diagnostics.status == "ok"
    assert nuts.diagnostics.ess_bulk > MIN_ESS
    assert fast.diagnostics.method == "fast"
    assert fast.diagnostics.rhat is None


def test_auto_takes_the_reference_where_too_few_points_count(both, monkeypatch):
    some, fast, nuts = both
    auto = fit(some, method="auto", seed=SEED, name="x", draws=GAPS_DRAWS)
    assert auto.diagnostics == fast.diagnostics
    np.testing.assert_array_equal(auto.index, fast.index)
    monkeypatch.setattr("forecast.inference.gaps.fast.GAPS_LEAST_POINTS", 1e9)
    auto = fit(some, method="auto", seed=SEED, name="x", draws=GAPS_DRAWS)
    assert (auto.diagnostics.method, auto.diagnostics.status) == ("nuts", "ok")
    assert furthest_apart(some, auto, nuts) < TOLERANCE_SD


def test_the_models_log_density_is_that_of_the_fast_route(both):
    """Same prior times same likelihood, up to one constant."""
    some = both[0]
    family = prepare(some, (0,), Parent.none(10, some.periods), root=True)
    model = build_model(family_data(family, 1))
    density = model.compile_logp()
    rng = np.random.default_rng(0)
    differences = []
    for _ in range(4):
        z, common, child = rng.normal(0, 0.7, 8), rng.normal(0, 0.5), rng.normal(0, 0.5, 1)
        scale = np.exp(SCALE_SD * common + UNIT_SCALE_SD * child[0])
        on_grid = scale_log_likelihood(family, (SHAPE_CENTRE + SHAPE_SPREAD * z)[None])[0, 0]
        from forecast.inference.priors import SCALE_GRID

        fast = np.interp(np.log(scale), np.log(SCALE_GRID), on_grid) + norm.logpdf(np.r_[z, common, child]).sum()
        differences.append(float(density({"shape_z": z, "common_z": common, "child_z": child})) - fast)
    assert np.ptp(differences) < 0.05 * abs(np.mean(differences)) + 0.5


def test_the_direct_member_is_the_same_by_both_routes():
    """Its draws of the rest of the year differ by one constant, the part of the way to the common centre.

    Of the root, where no figure is missing: what is missing each route draws for itself.
    """
    some, fast, nuts = regular(), regular_fit("fast"), regular_fit("nuts")
    grid = common_grid(some, (0,), None, root=True)
    assert grid is not None
    direct = mixture(grid, REGULAR_DRAWS, stream(SEED, "x", "mixture")).direct
    rest = [np.exp(parts(p.index[direct, 0], some.weight[0], grid).rest) for p in (fast, nuts)]
    assert np.ptp(rest[0] - rest[1]) < 1e-9
    assert rest[0].std() > 1e-4
    assert (fast.diagnostics.method, nuts.diagnostics.method) == ("fast", "nuts")
