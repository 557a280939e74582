"""The structural member on a regular grid: against dense Gaussian algebra, and against the route for gaps."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.inference.gaps.family import Parent, prepare
from forecast.inference.gaps.fast import sampled_family
from forecast.inference.priors import HYPER_DRAWS, NOISE_RATIOS
from forecast.inference.regular.factors import DESIGN, Grid, factors, last_figure, observed_noise, shape_kernel
from forecast.inference.regular.incomplete import NO_GAP, Series, series
from forecast.inference.regular.learning import Learnt, learn
from forecast.inference.regular.regular import (
    common_grid,
    draw_future,
    effective_draws,
    gains,
    long_run_growth,
    regular_family,
    weighed,
    whole_path,
)
from forecast.periods import Frequency
from tests.regular_places import ROUNDING_SD, behind, places, stirring
from tests.synthetic import measurements

GRID = Grid(per_year=11, years=3, known=5)
ROUNDING = np.array([ROUNDING_SD])


def indices(seed: int, siblings: int, scale: float = 0.02) -> np.ndarray:
    """Indices drawn from the prior of some shape, (T, sibling)."""
    rng = np.random.default_rng(seed)
    n = GRID.observed
    covariance = shape_kernel(DESIGN[5], GRID)[:n, :n] + 0.03**2 * observed_noise(GRID)
    return scale * np.linalg.cholesky(covariance) @ rng.standard_normal((n, siblings))


def forecast(learnt: Learnt, sibling: int, *, seed: int, draws: int) -> np.ndarray:
    """Draws of what is wanted of a sibling, on the design."""
    rng = np.random.default_rng(seed)
    return draw_future(weighed(factors(GRID), learnt, sibling, rng=rng, common=stirring(draws, GRID)), rng=rng)[0]


@pytest.mark.parametrize(("point", "ratio"), [(0, 2), (9, 8)])
def test_given_shape_and_noise_the_forecast_is_the_dense_conditional_normal(point, ratio):
    known, x, n = factors(GRID), indices(1, 1)[:, 0], GRID.observed
    kernel, noise = shape_kernel(DESIGN[point], GRID), NOISE_RATIOS[ratio] ** 2 * observed_noise(GRID)
    wanted = np.vstack([kernel[n:, :n], last_figure(GRID) @ noise])
    prior = np.zeros((GRID.open + 1, GRID.open + 1))
    prior[:-1, :-1], prior[-1, -1] = kernel[n:, n:], last_figure(GRID) @ noise @ last_figure(GRID)
    gain = np.linalg.solve(kernel[:n, :n] + noise, wanted.T).T
    found, covariance = gains(behind(known, x, [(point, ratio)], np.ones(1), np.zeros(1, dtype=int)))
    mean = found[0] @ known.axes[point].T @ known.figures @ x
    np.testing.assert_allclose(mean, gain @ x, atol=1e-7 * np.abs(x).max())
    np.testing.assert_allclose(covariance[0], prior - gain @ wanted.T, atol=1e-7 * prior.max())


def noisy(rng: np.random.Generator, shape: np.ndarray, scale: float, ratio: float) -> np.ndarray:
    """Index of a place whose figures have noise of ``ratio`` times its scale, (T, 1)."""
    n = GRID.observed
    covariance = shape_kernel(shape, GRID)[:n, :n] + ratio**2 * observed_noise(GRID)
    return scale * np.linalg.cholesky(covariance + 1e-9 * np.eye(n)) @ rng.standard_normal((n, 1))


@pytest.mark.parametrize("ratio", [0.006, 0.3])
def test_the_scale_is_found_where_figures_move_by_noise_and_where_by_growth(ratio):
    """Ranks of the true scale in its posterior, over places of the prior: on average in the middle."""
    rng, ranks = np.random.default_rng(14), []
    for kind in rng.integers(len(DESIGN), size=40):
        scale = 0.02 * np.exp(0.5 * rng.standard_normal())
        learnt = learn(factors(GRID), places(noisy(rng, DESIGN[kind], scale, ratio), rounding=ratio * scale))
        drawn = weighed(factors(GRID), learnt, 0, rng=rng, common=stirring(400, GRID)).scale
        ranks.append((drawn < scale).mean())
    assert np.mean(ranks) == pytest.approx(0.5, abs=0.18)


def test_draws_have_the_mixed_mean_and_covariance():
    known, x, n = factors(GRID), indices(3, 1), 40_000
    member = (np.arange(n) % 10 >= 3).astype(int)
    scale = np.where(member == 0, 0.01, 0.03)
    one = behind(known, x[:, 0], [(0, 4), (9, 6)], scale, member)
    found, _ = draw_future(one, rng=np.random.default_rng(1))
    gain, covariance = gains(one)
    mean = np.einsum("uht,ut->uh", gain, one.rotated)
    p = np.array([0.3, 0.7])
    expected = p @ mean
    total = np.einsum("u,uij->ij", p * np.array([0.01, 0.03]) ** 2, covariance)
    total += (mean - expected).T @ (p[:, None] * (mean - expected))
    sd = np.sqrt(np.diag(total))
    np.testing.assert_allclose(found.mean(0), expected, atol=(5 * sd / np.sqrt(n)).max())
    np.testing.assert_allclose(np.cov(found.T), total, atol=0.04 * np.outer(sd, sd).max())


def test_the_route_agrees_with_the_one_for_figures_with_gaps():
    """Quantiles of log growth of the open periods: Monte Carlo error and .35 sd.

    That route has other priors at the edges: of the scale, of the trend, of base weights, of restatement.
    """
    some = measurements(seed=12, years=6, last=6, scale=0.01)
    some = dataclasses.replace(some, profile_sd=np.full(2, 1e-3))
    grid = common_grid(some, (0,), None, root=True)
    assert grid is not None
    draws = 8 * HYPER_DRAWS
    family = prepare(some, (0,), Parent.none(draws, some.periods), root=True)
    rngs = [np.random.default_rng(i) for i in range(4)]
    gaps = sampled_family(family, some, method="fast", seed=1, rng=rngs[0], own=(rngs[1],))
    figures = series(some, 0, grid)
    regular = regular_family(
        grid, [figures], some.noise_sd[:1], some.scale[:1], above=None, own=(rngs[2],), common=stirring(draws, grid)
    )
    a, b = (
        one.ratio[:, 0, -grid.open :].mean(1) - one.ratio[:, 0, -grid.open - 11 : -11].mean(1)
        for one in (gaps, regular)
    )
    assert 0.6 < b.std() / a.std() < 1.6
    for quantile in (0.1, 0.5, 0.9):
        error = 4 * 1.7 * a.std() / np.sqrt(min(gaps.diagnostics.effective_draws, regular.diagnostics.effective_draws))
        difference = np.quantile(a, quantile) - np.quantile(b, quantile)
        assert abs(difference) < error + 0.35 * a.std(), quantile


@settings(max_examples=10)
@given(st.integers(0, 1000), st.floats(0.1, 10))
def test_forecasts_scale_with_the_figures(seed, factor):
    known, x = factors(GRID), indices(seed, 2)
    one = forecast(learn(known, places(x)), 1, seed=1, draws=50)
    scaled = learn(known, places(factor * x, rounding=factor * ROUNDING_SD, scale=factor * 0.02))
    other = forecast(scaled, 1, seed=1, draws=50)
    np.testing.assert_allclose(other, factor * one, rtol=1e-6, atol=1e-9 * factor)


def test_a_place_that_collapses_and_recovers_does_not_widen_its_siblings():
    known, x = factors(GRID), indices(4, 6)
    shocked = x.copy()
    shocked[12:15, 0] += np.log(0.4)
    spread = []
    for index in (x, shocked):
        learnt = learn(known, places(index))
        drawn = [forecast(learnt, i, seed=i, draws=2000) for i in range(1, 6)]
        spread.append(np.array([d[:, :-1].mean(1).std() for d in drawn]))
    assert (spread[1] < 1.5 * spread[0]).all()
    assert (spread[1] > 0.6 * spread[0]).all()


def test_siblings_pull_a_shape_towards_theirs():
    known, n = factors(GRID), GRID.observed
    far = np.argmax(DESIGN[:, 0])  # the point with the most variable level
    root = np.linalg.cholesky(shape_kernel(DESIGN[far], GRID)[:n, :n])
    rng = np.random.default_rng(5)
    x = 0.02 * np.column_stack([indices(6, 1) / 0.02, root @ rng.standard_normal((n, 12))])
    alone = learn(known, places(x[:, :1])).weight.sum((1, 2)) @ DESIGN[:, 0]
    among = learn(known, places(x)).weight[:, :, 0].sum(1) @ DESIGN[:, 0]
    assert among > alone


def test_weights_sum_to_one_and_points_are_counted():
    learnt = learn(factors(GRID), places(indices(7, 3)))
    np.testing.assert_allclose(learnt.weight.sum((0, 1)), 1)
    even = Learnt(
        weight=np.full((8, 2, 1), 1 / 16),
        places=learnt.places,
        rotated=np.zeros(0),
        quadratic=np.zeros(0),
        pool=np.zeros(8),
    )
    assert even.effective_points == pytest.approx([8])


def test_a_path_repeats_the_chain_and_adds_growth_to_last_year():
    x, wanted = indices(8, 1)[:, 0], np.random.default_rng(2).normal(0, 0.1, (4, GRID.open + 1))
    path = whole_path(GRID, x, wanted)
    np.testing.assert_array_equal(path[:, :11], 0)
    np.testing.assert_allclose(path[:, 11 : 11 + 33], np.tile(x[:33], (4, 1)))
    np.testing.assert_allclose(path[:, 44:49], x[33:] - wanted[:, -1:])
    np.testing.assert_allclose(path[:, 49:] - path[:, 38:44], wanted[:, :-1])


def test_effective_draws_are_the_draws_within_a_point_and_the_points_between_them():
    rng = np.random.default_rng(3)
    point = np.repeat(np.arange(20), 200)
    noise = rng.standard_normal(4000)
    assert effective_draws(noise, point, 20.0) > 2500
    centres = 10 * rng.standard_normal(20)[point]
    assert effective_draws(centres + noise, point, 20.0) == pytest.approx(20, rel=0.1)
    assert effective_draws(noise, np.zeros(4000, dtype=int), 1.0) == 1.0


def test_steady_growth_is_the_long_run_growth_and_is_carried_on():
    year = np.arange(GRID.observed) // 11 + 1
    rng = np.random.default_rng(9)
    x = (0.06 * year + rng.normal(0, 0.003, GRID.observed))[:, None]
    assert long_run_growth(x, 11) == pytest.approx([0.06], abs=0.002)
    weight = np.full(11, 1 / 11)
    whole = Series(log_growth=np.zeros(GRID.observed), missing=NO_GAP, index=x[:, 0], weight=weight)
    drawn = regular_family(
        GRID, [whole], ROUNDING, np.array([0.015]), above=None, own=(rng,), common=stirring(2000, GRID)
    ).ratio[:, 0]
    growth = (drawn[:, -GRID.open :] - drawn[:, -GRID.open - 11 : -11]).mean(1)
    assert growth.mean() == pytest.approx(0.06, abs=0.003)
    assert growth.std() < 0.01


def without(m, gone):
    """The measurements without some of their figures."""
    rows = {name: getattr(m, name)[~gone] for name in ("unit", "time", "cumulative", "log_growth", "noise_sd")}
    return dataclasses.replace(m, **rows)


def test_a_grid_is_regular_where_most_is_published_up_to_one_period():
    some = measurements(seed=1, siblings=2, years=5, last=4)
    grid = common_grid(some, (0,), None, root=True)
    assert grid == Grid(per_year=11, years=3, known=4, root=True)
    assert common_grid(some, (1, 2), grid, root=False) == Grid(per_year=11, years=3, known=4)
    assert common_grid(some, (1, 2), None, root=False) is None
    one = without(some, np.arange(len(some.unit)) == 20)
    assert common_grid(one, (0,), None, root=True) == grid
    late = without(some, (some.unit == 1) & (some.time > 46))
    assert common_grid(late, (1, 2), grid, root=False) == Grid(per_year=11, years=3, known=4)
    too_late = without(some, (some.unit == 1) & (some.time > 43))
    assert common_grid(too_late, (1, 2), grid, root=False) is None
    early = without(some, (some.unit == 0) & (some.time > 46))
    sooner = common_grid(early, (0,), None, root=True)
    assert sooner == Grid(per_year=11, years=3, known=3, root=True)
    assert common_grid(early, (1, 2), sooner, root=False) is None
    many = without(some, (some.unit == 0) & (some.time % 5 < 2))
    assert common_grid(many, (0,), None, root=True) is None
    single = dataclasses.replace(some, cumulative=np.arange(len(some.unit)) != 20)
    assert common_grid(single, (0,), None, root=True) is None
    short = measurements(seed=1, years=3, last=2, frequency=Frequency.QUARTERLY)
    assert common_grid(short, (0,), None, root=True) is None
