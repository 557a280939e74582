"""Draws conditioned on outcomes: by weights while enough remain, else by moving them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from forecast.draws.condition import DONORS, FLOOR, GivenError, Route, condition, parse_given
from forecast.draws.paths import Paths
from tests import scenario_world as sw

PATHS = sw.paths(draws=4000)


def outcome(paths, indicator="fai", unit="shaanxi"):
    return paths.indicators[indicator].cum_yoy.sel(unit=unit).to_numpy()[:, -1]


def given(text):
    return parse_given(text, PATHS)


def quantile_pct(q, indicator="fai", unit="shaanxi"):
    return float(np.quantile(outcome(PATHS, indicator, unit), q)) * 100


def test_a_sure_outcome_changes_nothing():
    found = condition(PATHS, [given("fai.shaanxi>=-99")])
    assert found.paths is PATHS
    assert (found.route, found.probability) == (Route.NOTHING, 1.0)


@pytest.mark.parametrize("sign", [">=", "<="])
def test_weights_keep_whole_worlds_in_which_the_outcome_holds(sign):
    limit = quantile_pct(0.5)
    found = condition(PATHS, [given(f"fai.shaanxi{sign}{limit:.6f}")])
    after = outcome(found.paths) * 100
    assert found.route is Route.WEIGHTS
    assert np.all(after >= limit - 1e-6) if sign == ">=" else np.all(after <= limit + 1e-6)
    assert found.effective == pytest.approx(4000 * found.probability)
    before = {tuple(row) for row in np.stack([outcome(PATHS), outcome(PATHS, "retail", "ankang")], axis=1)}
    assert {
        tuple(row) for row in np.stack([outcome(found.paths), outcome(found.paths, "retail", "ankang")], axis=1)
    } <= before


def test_the_error_of_probabilities_grows_as_draws_go():
    found = condition(PATHS, [given(f"fai.shaanxi>={quantile_pct(0.75):.6f}")])
    assert found.paths.indicators["retail"].ess == pytest.approx(1000, rel=0.02)


def test_below_the_floor_one_outcome_is_met_by_moving_the_draws():
    limit = quantile_pct(0.99)
    found = condition(PATHS, [given(f"fai.shaanxi>={limit:.6f}")])
    assert found.route is Route.SHIFT
    after = outcome(found.paths) * 100
    assert np.all(after >= limit - 1e-6)
    assert found.probability * 4000 < FLOOR


def test_moving_agrees_with_weighting_where_both_are_possible():
    limit = quantile_pct(0.9)
    text = f"fai.shaanxi>={limit:.6f}"
    weighted, moved = condition(PATHS, [given(text)]), condition(PATHS, [given(text)], floor=5000.0)
    assert (weighted.route, moved.route) == (Route.WEIGHTS, Route.SHIFT)
    for unit in ("shaanxi", "ankang", "hanbin"):
        a, b = outcome(weighted.paths, unit=unit), outcome(moved.paths, unit=unit)
        assert abs(a.mean() - b.mean()) < 5 * np.sqrt(a.var() / 400 + b.var() / 4000)


def two_places(x: np.ndarray, y: np.ndarray) -> Paths:
    """Draws of the end of a year of two places."""
    coords = {"unit": ["a", "b"], "period": ["2020-12"]}
    cum = xr.DataArray(np.stack([x, y], axis=1)[:, :, None], coords, ("draw", "unit", "period"))
    one = replace(
        PATHS.indicators["fai"],
        growth=cum,
        base_weight=xr.ones_like(cum),
        cum_yoy=cum,
        published=xr.DataArray(np.full((2, 1), np.nan), coords, ("unit", "period")),
        ess=float(len(x)),
    )
    return replace(PATHS, indicators={"fai": one})


def heavy(draws: int, dof: float, seed: int, *, together: bool) -> tuple[np.ndarray, np.ndarray]:
    """Two correlated places with t tails, of one scale for both or of the first alone."""
    rng = np.random.default_rng(seed)
    scale = np.sqrt((dof - 2) / rng.chisquare(dof, draws))
    z = 0.02 * rng.standard_normal((draws, 2))
    x = scale * z[:, 0]
    return x, 0.5 * x + np.sqrt(0.75) * z[:, 1] * (scale if together else 1.0)


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("dof", [4.0, 8.0, 1000.0])
def test_below_the_floor_tails_are_the_draws_own(dof, together):
    """Against rejection among half a million draws: bias below .03 beside Monte Carlo error, twelve worlds."""
    x, y = heavy(500_000, dof, 1, together=together)
    limit = float(np.quantile(x, 0.99))
    wanted = float((y[x >= limit] >= 0.016).mean())
    found, spread = [], []
    for seed in range(12):
        paths = two_places(*heavy(4000, dof, 100 + seed, together=together))
        moved = condition(paths, [parse_given(f"fai.a>={limit * 100:.6f}", paths)])
        assert moved.route is Route.SHIFT
        assert moved.effective == pytest.approx(DONORS)
        found.append(float((outcome(moved.paths, unit="b") >= 0.016).mean()))
        spread.append(float(np.quantile(outcome(moved.paths, unit="a"), 0.9)))
    mcse = np.sqrt(wanted * (1 - wanted) / (12 * DONORS))
    assert np.mean(found) == pytest.approx(wanted, abs=0.03 + 4 * mcse)
    assert np.mean(spread) == pytest.approx(float(np.quantile(x[x >= limit], 0.9)), rel=0.15)


def test_published_periods_are_never_moved():
    moved = condition(PATHS, [given("fai.shaanxi>=0")], floor=5000.0).paths.indicators["fai"]
    before = PATHS.indicators["fai"]
    known = np.isfinite(before.published.to_numpy())
    assert np.array_equal(before.cum_yoy.to_numpy()[:, known], moved.cum_yoy.to_numpy()[:, known])


def test_several_outcomes_that_leave_too_few_draws_are_refused():
    rare = [given(f"{name}.shaanxi>={quantile_pct(0.9, name):.6f}") for name in ("fai", "retail", "gdp")]
    with pytest.raises(GivenError, match="too few"):
        condition(PATHS, rare)


def test_an_outcome_beyond_the_draws_is_refused():
    with pytest.raises(GivenError, match="standard deviations"):
        condition(PATHS, [given("fai.shaanxi>=90")])


def test_a_month_can_be_named():
    found = given("fai.shaanxi@2020-10 >= 3.5%")
    assert (found.period, found.growth_pct, str(found)) == ("2020-10", 3.5, "fai.shaanxi@2020-10>=3.5")
    limit = float(np.median(PATHS.indicators["fai"].cum_yoy.sel(unit="shaanxi", period="2020-10"))) * 100
    after = condition(PATHS, [given(f"fai.shaanxi@2020-10<{limit:.6f}")]).paths.indicators["fai"]
    assert np.all(after.cum_yoy.sel(unit="shaanxi", period="2020-10").to_numpy() * 100 < limit + 1e-6)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("fai>=4", "cannot be read"),
        ("fai.shaanxi~4", "cannot be read"),
        ("fia.shaanxi>=4", "fai"),
        ("fai.paris>=4", "paris"),
        ("fai.shaanxi@2020-01>=4", "2020-01"),
        ("gdp.shaanxi@2020-10>=4", "2020-12"),
    ],
)
def test_a_condition_that_cannot_be_read_says_why(text, named):
    with pytest.raises(GivenError, match=named):
        given(text)


def test_the_same_condition_gives_the_same_draws():
    text = f"fai.shaanxi>={quantile_pct(0.5):.6f}"
    assert sw.same(condition(PATHS, [given(text)]).paths, condition(replace(PATHS), [given(text)]).paths)
