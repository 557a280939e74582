"""GDP's baseline as a pool of two forecasts, and what industries add to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.data.ledger import Assumptions, Coefficient
from forecast.draws.gdp import ERROR_CORRELATION, industries_of, industry_effect, pool, pool_weights
from tests import scenario_world as sw

ONE = sw.world(draws=2000)
POOLED = pool(ONE.paths, ONE.dataset.panel, units=("shaanxi", "ankang"))
POOL = POOLED.pool

variances = st.floats(1e-4, 10.0)
correlations = st.floats(-0.9, 0.95)


@given(variances, variances, correlations)
def test_the_pool_is_never_wider_than_the_narrower_forecast(direct, bridge, rho):
    weight, variance = pool_weights(direct, bridge, rho)
    assert 0.0 <= weight <= 1.0
    assert variance <= min(direct, bridge) * (1 + 1e-9)


@given(variances, variances, correlations)
def test_the_weights_are_the_best_by_trying_others(direct, bridge, rho):
    weight, variance = pool_weights(direct, bridge, rho)
    c = rho * np.sqrt(direct * bridge)
    tried = np.linspace(0, 1, 401)
    values = tried**2 * direct + (1 - tried) ** 2 * bridge + 2 * tried * (1 - tried) * c
    assert variance <= values.min() * (1 + 1e-9)
    assert np.isclose(weight**2 * direct + (1 - weight) ** 2 * bridge + 2 * weight * (1 - weight) * c, variance)


def test_equal_forecasts_share_alike():
    assert pool_weights(2.0, 2.0, 0.3)[0] == pytest.approx(0.5)


def gap(of) -> np.ndarray:
    return of["ankang"] - of["shaanxi"]


def test_the_weight_is_that_of_the_gap_and_both_parts_are_shown():
    assert set(POOL.direct) == set(POOL.bridge) == set(POOL.pooled) == {"shaanxi", "ankang"}
    parts = float(gap(POOL.direct).var()), float(gap(POOL.bridge).var())
    weight, variance = pool_weights(*parts, ERROR_CORRELATION)
    assert POOL.weight == pytest.approx(weight)
    assert gap(POOL.pooled).var() == pytest.approx(variance)
    for unit in POOL.direct:
        drawn = POOLED.indicators["gdp"].cum_yoy.sel(unit=unit).to_numpy()[:, -1]
        assert np.array_equal(drawn, POOL.pooled[unit])
        assert drawn.mean() == pytest.approx(
            weight * POOL.direct[unit].mean() + (1 - weight) * POOL.bridge[unit].mean()
        )


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 1000), st.sampled_from([0, 5, 7]))
def test_the_pooled_gap_spreads_no_more_than_that_of_either_part(seed, published):
    one = sw.world(draws=200, seed=seed, published=published)
    made = pool(one.paths, one.dataset.panel, units=("shaanxi", "ankang")).pool
    assert made is not None
    assert gap(made.pooled).std() <= min(gap(made.direct).std(), gap(made.bridge).std()) * (1 + 1e-9)


def test_what_the_bridge_misses_is_missed_in_both_and_cancels_from_the_gap():
    """A city like its province in GDP and every driver stays like it, however wide the bridge's errors."""
    alike = {}
    for name, one in ONE.paths.indicators.items():
        arrays = {}
        for field in ("growth", "base_weight", "cum_yoy", "published"):
            values = getattr(one, field).copy()
            values.loc[{"unit": "ankang"}] = values.sel(unit="shaanxi").to_numpy()
            arrays[field] = values
        alike[name] = replace(one, **arrays)
    made = pool(replace(ONE.paths, indicators=alike), ONE.dataset.panel, units=("shaanxi", "ankang")).pool
    assert made is not None
    assert made.bridge["shaanxi"].std() > 0.005
    assert np.allclose(gap(made.bridge), 0.0)
    assert np.allclose(gap(made.pooled), 0.0)


def test_a_province_that_is_published_while_the_city_is_not_keeps_its_figure():
    one = ONE.paths.indicators["gdp"]
    published, cum = one.published.copy(), one.cum_yoy.copy()
    published.loc[{"unit": "shaanxi"}] = 0.01
    cum.loc[{"unit": "shaanxi"}] = 0.01
    out = replace(one, published=published, cum_yoy=cum)
    made = pool(
        replace(ONE.paths, indicators={**ONE.paths.indicators, "gdp": out}),
        ONE.dataset.panel,
        units=("shaanxi", "ankang"),
    )
    assert (made.indicators["gdp"].cum_yoy.sel(unit="shaanxi") == 0.01).all()
    assert made.pool is not None
    assert gap(made.pool.pooled).std() <= min(gap(made.pool.direct).std(), gap(made.pool.bridge).std()) * (1 + 1e-9)


def test_published_quarters_and_other_indicators_stay_as_they_are():
    before, after = ONE.paths.indicators["gdp"], POOLED.indicators["gdp"]
    known = np.isfinite(before.published.to_numpy())
    assert np.array_equal(before.cum_yoy.to_numpy()[:, known], after.cum_yoy.to_numpy()[:, known])
    assert POOLED.indicators["fai"] is ONE.paths.indicators["fai"]


def test_cumulative_and_quarterly_growth_of_the_pool_agree():
    after = POOLED.indicators["gdp"]
    weight = after.base_weight.sel(unit="ankang").to_numpy()
    growth, cum = after.growth.sel(unit="ankang").to_numpy(), after.cum_yoy.sel(unit="ankang").to_numpy()
    assert np.allclose(np.cumsum(weight * growth, axis=1) / np.cumsum(weight, axis=1), cum)


def test_nothing_is_pooled_twice():
    with pytest.raises(ValueError, match="pooled already"):
        pool(POOLED, ONE.dataset.panel, units=("shaanxi", "ankang"))
    assert POOLED.indicators["gdp"].diagnostics.method == "fast+bridge"


def test_without_industries_the_direct_draws_stay():
    bare = replace(ONE.dataset.panel, industries=ONE.dataset.panel.industries.iloc[:0])
    assert pool(ONE.paths, bare, units=("ankang",)) is ONE.paths


def test_a_changed_driver_adds_share_times_elasticity_times_change():
    stated = Assumptions(elasticities={"industry": Coefficient(mean=0.8, sd=0.0)})
    industries = industries_of(ONE.dataset.panel, stated, 1, 3)
    change = np.tile([0.0, 0.0, 0.0, 0.02], (3, 1))
    weight = np.array([[0.22, 0.23, 0.26, 0.29]])
    found = industry_effect(industries, {"ind_va": change, "unknown": change}, {"services": 2 * change}, weight)
    assert np.allclose(found.sum(axis=1), 0.29 * (0.30 * 0.8 * 0.02 + 0.45 * 0.04))


def test_a_scenario_adds_to_the_pool_the_same_as_to_the_direct_draws():
    from forecast.scenario.world import World

    push = {"type": "county_push", "unit": "ankang", "indicator": "ind_va", "effect_pp": 5, "month": "2020-10"}
    pooled = World(paths=POOLED, dataset=ONE.dataset)
    assert np.allclose(sw.change(pooled, "gdp", "ankang", push), sw.change(ONE, "gdp", "ankang", push))
    assert np.all(sw.change(pooled, "gdp", "ankang", push) > 0)
