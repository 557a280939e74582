"""Other forecasters: what they say by hand, gaps, and that nothing later enters."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from forecast.track_record.peers import LIBRARIES, GrowthHistory, available, forecast_with, growth_history, simulate
from tests import synthetic


def history(*, years: int = 4, last: int = 7, units: int = 3, seed: int = 1) -> GrowthHistory:
    """Growth around 5 %, the target year open after period ``last``."""
    rng = np.random.default_rng(seed)
    growth = 0.05 + 0.01 * rng.standard_normal((years, 1, units)) + 0.002 * rng.standard_normal((years, 11, units))
    growth[-1, last:] = np.nan
    return GrowthHistory(growth=growth)


def test_the_history_is_what_was_published_on_the_grid():
    m = synthetic.measurements(seed=3, siblings=2, years=4, last=5, gaps=True)
    found = growth_history(m)
    assert found.growth.shape == (3, 11, 3)
    assert np.isfinite(found.growth).sum() == len(m.time)
    i = len(m.time) // 2
    year, period = m.time[i] // 11 - 1, m.time[i] % 11
    assert found.growth[year, period, m.unit[i]] == pytest.approx(np.expm1(m.log_growth[i]))
    assert np.isnan(found.growth[-1, 5:]).all()


def test_growth_to_date_is_the_last_figure_of_the_year():
    one = history(last=7)
    one.growth[-1, 6, 1] = np.nan
    one.growth[-1, :, 2] = np.nan
    assert one.position.tolist() == [6, 5, -1]
    np.testing.assert_array_equal(one.to_date[:2], [one.growth[-1, 6, 0], one.growth[-1, 5, 1]])
    assert np.isnan(one.to_date[2])


def test_pace_says_that_the_year_ends_as_it_stands():
    one = history()
    draws = forecast_with("pace", one, rng=np.random.default_rng(1), draws=500)
    np.testing.assert_array_equal(draws, one.growth[-1, 6][None, :])


def test_persistence_errs_as_much_as_it_did():
    """Misses of 2 points in one place and 0.2 in the other: the spreads differ accordingly."""
    growth = np.full((9, 11, 2), 0.05)
    growth[:-1, -1] += np.outer(np.tile([1, -1], 4), [0.02, 0.002])
    growth[-1, 7:] = np.nan
    draws = forecast_with("persistence", GrowthHistory(growth=growth), rng=np.random.default_rng(2), draws=8000)
    assert draws.mean(0) == pytest.approx([0.05, 0.05], abs=4 * 0.03 / np.sqrt(8000))
    pooled = (0.02**2 + 0.002**2) / 2
    expected = [np.sqrt((8 * miss**2 + 2 * pooled) / 10) for miss in (0.02, 0.002)]
    relative = np.array([0.02, 0.002]) / expected
    np.testing.assert_allclose(draws.std(0), expected * np.sqrt(relative**2 + 0.25), rtol=0.05)
    together = relative.prod() / np.sqrt((relative**2 + 0.25).prod())  # both missed the same way in every past year
    assert np.corrcoef(draws.T)[0, 1] == pytest.approx(together, abs=0.04)


def test_persistence_needs_one_past_year_and_no_more():
    one = history(years=4)
    one.growth[:2] = np.nan
    one.growth[2, -1, 1] = np.nan
    draws = forecast_with("persistence", one, rng=np.random.default_rng(3), draws=100)
    assert np.isfinite(draws).all()
    one.growth[2, -1] = np.nan
    assert np.isnan(forecast_with("persistence", one, rng=np.random.default_rng(3), draws=100)).all()


def test_a_place_without_a_figure_this_year_is_not_forecast():
    one = history()
    one.growth[-1, :, 0] = np.nan
    for name in ("pace", "persistence"):
        draws = forecast_with(name, one, rng=np.random.default_rng(4), draws=50)
        assert np.isnan(draws[:, 0]).all()
        assert np.isfinite(draws[:, 1:]).all()


@pytest.mark.parametrize("name", ["pace", "persistence"])
def test_the_same_stream_gives_the_same_draws(name):
    first, again = (forecast_with(name, history(), rng=np.random.default_rng(5), draws=60) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_only_installed_libraries_are_offered():
    assert set(available()) == {n for n, library in LIBRARIES.items() if importlib.util.find_spec(library)}


def test_an_unknown_forecaster_is_an_error():
    with pytest.raises(KeyError, match="tarot"):
        simulate("tarot", np.zeros((20, 1)), season=11, horizon=2, rng=np.random.default_rng(1))


@pytest.mark.parametrize("name", ["auto_theta", "structural"])
def test_a_library_forecasts_what_is_complete_and_nothing_else(name):
    if name not in available():
        pytest.skip(f"{LIBRARIES[name]} is not installed (extra bench)")
    one = history(years=5)
    one.growth[1, 3, 0] = np.nan
    draws = forecast_with(name, one, rng=np.random.default_rng(6), draws=1000)
    assert draws.shape == (1000, 3)
    assert np.isnan(draws[:, 0]).all()
    assert np.abs(draws[:, 1:].mean(0) - one.growth[-1, 6, 1:]).max() < 0.02
    again = forecast_with(name, one, rng=np.random.default_rng(6), draws=1000)
    np.testing.assert_array_equal(draws, again)
