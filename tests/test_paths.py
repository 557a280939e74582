"""Paths from draws: anchored at what is published."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.dims import DRAW, PERIOD, UNIT
from forecast.draws.paths import indicator_paths
from forecast.inference.priors import HYPER_DRAWS
from forecast.inference.sampling import fit
from forecast.periods import Frequency
from tests.synthetic import measurements

YEAR = 2020


def paths_of(seed: int, name: str, **options: object):
    some = measurements(seed=seed, **options)
    posterior = fit(some, method="fast", seed=seed, name=name, draws=4 * HYPER_DRAWS)
    return some, indicator_paths(posterior, indicator=name, frequency=Frequency.MONTHLY, target_year=YEAR)


@pytest.fixture(scope="module")
def gappy():
    return paths_of(2, "fai", siblings=2, gaps=True)


def test_published_periods_repeat_the_published_value_in_every_draw(gappy):
    some, paths = gappy
    start = some.per_year * (some.years - 1)
    for unit, time, growth in zip(some.unit, some.time, some.log_growth, strict=True):
        if time >= start:
            drawn = paths.cum_yoy.isel({UNIT: unit, PERIOD: time - start})
            np.testing.assert_allclose(drawn, np.expm1(growth), atol=1e-12)
    assert np.isfinite(paths.published).sum() == (some.time >= start).sum()


def test_cumulative_growth_is_the_base_weighted_mean_of_single_growth(gappy):
    _, paths = gappy
    weight = paths.base_weight.cumsum(PERIOD)
    mean = (paths.base_weight * paths.growth).cumsum(PERIOD) / weight
    open_ = np.isnan(paths.published)
    np.testing.assert_allclose(mean.where(open_), paths.cum_yoy.where(open_), atol=1e-9)
    assert bool(open_.any())


def test_growth_is_legal_and_base_weights_sum_to_one(gappy):
    _, paths = gappy
    assert float(paths.growth.min()) > -1
    np.testing.assert_allclose(paths.base_weight.sum(PERIOD), 1, atol=1e-12)


def test_the_last_period_spreads_more_the_fewer_periods_are_published():
    early, late = (paths_of(5, "fai", last=last)[1] for last in (3, 9))
    spread = [float(p.cum_yoy.isel({PERIOD: -1, UNIT: 0}).std()) for p in (early, late)]
    assert spread[1] < 0.7 * spread[0]


def test_dims_and_labels_are_the_contract(gappy):
    _, paths = gappy
    assert paths.cum_yoy.dims == (DRAW, UNIT, PERIOD)
    assert list(paths.cum_yoy[PERIOD].values) == list(Frequency.MONTHLY.labels(YEAR))
    assert list(paths.cum_yoy[UNIT].values) == ["root", "child1", "child2"]
    assert 0 < paths.ess <= paths.cum_yoy.sizes[DRAW]
