"""The structural member on a regular grid: against dense Gaussian algebra, and against the route for gaps."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import invgamma

from forecast.inference.factors import (
    DESIGN,
    NOISE_RATIOS,
    Grid,
    factors,
    last_figure,
    noise_in_changes,
    observed_noise,
    shape_kernel,
)
from forecast.inference.family import Parent, prepare
from forecast.inference.incomplete import NO_GAP, Series, series
from forecast.inference.learning import SCALE_SHAPE, Learnt, changes, learn, robust_scale
from forecast.inference.ratio import HYPER_DRAWS, sampled_family
from forecast.inference.regular import (
    common_grid,
    draw_future,
    effective_draws,
    gains,
    long_run_growth,
    regular_family,
    whole_path,
)
from forecast.periods import Frequency
from tests.synthetic import measurements

GRID = Grid(per_year=11, years=3, known=5)
ROUNDING = np.array([4e-4])


def indices(seed: int, siblings: int, scale: float = 0.02) -> np.ndarray:
    """Indices drawn from the prior of some shape, (T, sibling)."""
    rng = np.random.default_rng(seed)
    n = GRID.observed
    covariance = shape_kernel(DESIGN[5], GRID)[:n, :n] + 0.03**2 * observed_noise(GRID)
    return scale * np.linalg.cholesky(covariance) @ rng.standard_normal((n, siblings))


@pytest.mark.parametrize(("point", "ratio"), [(0, 2), (9, 8)])
def test_given_shape_and_noise_the_forecast_is_the_dense_conditional_normal(point, ratio):
    known, x, n = factors(GRID), indices(1, 1)[:, 0], GRID.observed
    kernel, noise = shape_kernel(DESIGN[point], GRID), NOISE_RATIOS[ratio] ** 2 * observed_noise(GRID)
    wanted = np.vstack([kernel[n:, :n], last_figure(GRID) @ noise])
    prior = np.zeros((GRID.open + 1, GRID.open + 1))
    prior[:-1, :-1], prior[-1, -1] = kernel[n:, n:], last_figure(GRID) @ noise @ last_figure(GRID)
    gain = np.linalg.solve(kernel[:n, :n] + noise, wanted.T).T
    at = np.array([point]), np.array([ratio])
    found, covariance = gains(known, *at)
    mean = found[0] @ known.axes[point].T @ known.figures @ x
    np.testing.assert_allclose(mean, gain @ x, atol=1e-7 * np.abs(x).max())
    np.testing.assert_allclose(covariance[0], prior - gain @ wanted.T, atol=1e-7 * prior.max())


def test_the_weights_are_those_of_the_scale_integrated_on_a_grid():
    """p(x | shape, rho), inverse gamma scale integrated in closed form, against a sum over scales."""
    known, x, n = factors(GRID), indices(2, 1), GRID.observed
    learnt = learn(known, x, ROUNDING)
    for point, ratio in ((0, 3), (4, 5), (20, 7), (20, 13)):
        b = learnt.prior_scale2[ratio, 0]
        s2 = b * np.exp(np.linspace(-6, 8, 4001))
        log_prior = invgamma(SCALE_SHAPE, scale=b).logpdf(s2) + np.log(s2)
        dense = shape_kernel(DESIGN[point], GRID)[:n, :n] + NOISE_RATIOS[ratio] ** 2 * observed_noise(GRID)
        quadratic = x[:, 0] @ np.linalg.solve(dense, x[:, 0])
        white = 2 * np.linalg.slogdet(known.figures)[1]
        on_grid = logsumexp(log_prior - 0.5 * (n * np.log(s2) + quadratic / s2))
        closed = SCALE_SHAPE * np.log(b) - (SCALE_SHAPE + n / 2) * np.log(b + quadratic / 2)
        assert quadratic == pytest.approx(learnt.quadratic[point, ratio, 0], rel=1e-6)
        assert np.linalg.slogdet(dense)[1] + white == pytest.approx(known.log_det[point, ratio], abs=1e-6)
        if point == 0:
            constant = on_grid - closed
        assert on_grid - closed == pytest.approx(constant, abs=1e-3)


def noisy(rng: np.random.Generator, shape: np.ndarray, scale: float, ratio: float) -> np.ndarray:
    """Index of a place whose figures have noise of ``ratio`` times its scale, (T, 1)."""
    n = GRID.observed
    covariance = shape_kernel(shape, GRID)[:n, :n] + ratio**2 * observed_noise(GRID)
    return scale * np.linalg.cholesky(covariance + 1e-9 * np.eye(n)) @ rng.standard_normal((n, 1))


@pytest.mark.parametrize("ratio", [0.01, 0.1, 0.4, 1.2])
def test_the_robust_scale_is_what_scale_and_noise_make_together(ratio):
    """Median over 400 simulated places of every kind, against the closed form that its prior is divided by."""
    rng = np.random.default_rng(13)
    kinds = rng.integers(len(DESIGN), size=400)
    shown = np.hstack([noisy(rng, DESIGN[kind], 0.02, ratio) for kind in kinds])
    found = np.median(robust_scale(shown, 11) / 0.02)
    assert found == pytest.approx(np.sqrt(1 + ratio**2 * noise_in_changes(GRID)), rel=0.2)


@pytest.mark.parametrize("ratio", [0.006, 0.3])
def test_the_scale_is_found_where_figures_move_by_noise_and_where_by_growth(ratio):
    """Ranks of the true scale in its posterior, over places of the prior: on average in the middle."""
    rng, ranks = np.random.default_rng(14), []
    for kind in rng.integers(len(DESIGN), size=40):
        scale = 0.02 * np.exp(0.5 * rng.standard_normal())
        learnt = learn(factors(GRID), noisy(rng, DESIGN[kind], scale, ratio), np.array([ratio * scale]))
        beta = learnt.prior_scale2[None, :, 0] + learnt.quadratic[:, :, 0] / 2
        below = invgamma(SCALE_SHAPE + GRID.observed / 2, scale=beta).cdf(scale**2)
        ranks.append((learnt.weight[:, :, 0] * below).sum())
    assert np.mean(ranks) == pytest.approx(0.5, abs=0.18)


def test_draws_have_the_mixed_mean_and_covariance():
    known, x = factors(GRID), indices(3, 1)
    full = learn(known, x, ROUNDING)
    weight = np.zeros_like(full.weight)
    weight[0, 4, 0], weight[9, 6, 0] = 0.3, 0.7
    learnt = dataclasses.replace(full, weight=weight)
    n = 40_000
    found, point, _ = draw_future(known, learnt, 0, rng=np.random.default_rng(1), draws=n)
    at = np.array([0, 9]), np.array([4, 6])
    gain, covariance = gains(known, *at)
    mean = np.einsum("uht,ut->uh", gain, learnt.rotated[at[0], :, 0])
    power = SCALE_SHAPE + GRID.observed / 2
    scale2 = (learnt.prior_scale2[at[1], 0] + learnt.quadratic[(*at, 0)] / 2) / (power - 1)
    p = np.array([0.3, 0.7])
    expected = p @ mean
    total = np.einsum("u,uij->ij", p * scale2, covariance) + (mean - expected).T @ (p[:, None] * (mean - expected))
    sd = np.sqrt(np.diag(total))
    np.testing.assert_allclose(found.mean(0), expected, atol=(5 * sd / np.sqrt(n)).max())
    np.testing.assert_allclose(np.cov(found.T), total, atol=0.04 * np.outer(sd, sd).max())
    assert (point == 9).mean() == pytest.approx(0.7, abs=1e-3)


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
    regular = regular_family(grid, [figures], some.noise_sd[:1], above=None, own=(rngs[2],), draws=draws)
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
    one = draw_future(known, learn(known, x, np.repeat(ROUNDING, 2)), 1, rng=np.random.default_rng(1), draws=50)[0]
    scaled = learn(known, factor * x, factor * np.repeat(ROUNDING, 2))
    other = draw_future(known, scaled, 1, rng=np.random.default_rng(1), draws=50)[0]
    np.testing.assert_allclose(other, factor * one, rtol=1e-6, atol=1e-9 * factor)


def test_a_place_that_collapses_and_recovers_does_not_widen_its_siblings():
    known, x = factors(GRID), indices(4, 6)
    shocked = x.copy()
    shocked[12:15, 0] += np.log(0.4)
    spread = []
    for index in (x, shocked):
        learnt = learn(known, index, np.repeat(ROUNDING, 6))
        drawn = [draw_future(known, learnt, i, rng=np.random.default_rng(i), draws=2000)[0] for i in range(1, 6)]
        spread.append(np.array([d[:, :-1].mean(1).std() for d in drawn]))
    assert (spread[1] < 1.5 * spread[0]).all()
    assert (spread[1] > 0.6 * spread[0]).all()


def test_siblings_pull_a_shape_towards_theirs():
    known, n = factors(GRID), GRID.observed
    far = np.argmax(DESIGN[:, 0])  # the point with the most variable level
    root = np.linalg.cholesky(shape_kernel(DESIGN[far], GRID)[:n, :n])
    rng = np.random.default_rng(5)
    x = 0.02 * np.column_stack([indices(6, 1) / 0.02, root @ rng.standard_normal((n, 12))])
    alone = learn(known, x[:, :1], ROUNDING).weight.sum((1, 2)) @ DESIGN[:, 0]
    among = learn(known, x, np.repeat(ROUNDING, 13)).weight[:, :, 0].sum(1) @ DESIGN[:, 0]
    assert among > alone


def test_weights_sum_to_one_and_points_are_counted():
    learnt = learn(factors(GRID), indices(7, 3), np.repeat(ROUNDING, 3))
    np.testing.assert_allclose(learnt.weight.sum((0, 1)), 1)
    even = Learnt(
        weight=np.full((8, 2, 1), 1 / 16),
        rotated=np.zeros(0),
        quadratic=np.zeros(0),
        prior_scale2=np.zeros(0),
        figures=np.zeros(0),
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
    drawn = regular_family(GRID, [whole], ROUNDING, above=None, own=(rng,), draws=2000).ratio[:, 0]
    growth = (drawn[:, -GRID.open :] - drawn[:, -GRID.open - 11 : -11]).mean(1)
    assert growth.mean() == pytest.approx(0.06, abs=0.003)
    assert growth.std() < 0.01


def test_the_scale_is_that_of_changes_of_growth_whatever_a_few_of_them_do():
    rng = np.random.default_rng(10)
    x = np.concatenate([np.zeros(11), 0.01 * rng.standard_normal(4000).cumsum()])[:, None]
    yearly_change_sd = 0.01 * np.sqrt(2)
    assert robust_scale(x, 11) * np.sqrt(2) == pytest.approx([yearly_change_sd], rel=0.06)
    x[100:103] += 5
    assert robust_scale(x, 11) * np.sqrt(2) == pytest.approx([yearly_change_sd], rel=0.07)


def test_the_scale_is_read_off_changes_that_are_seen():
    rng = np.random.default_rng(11)
    x = np.concatenate([np.zeros(11), 0.01 * rng.standard_normal(1000).cumsum()])[:, None]
    seen = np.ones((999, 1), dtype=bool)
    seen[::2] = False
    filled = x.copy()
    filled[12::2] = filled[11:-1:2]  # what stands in a gap makes every other change vanish
    every = np.abs(np.diff(filled[11:] - filled[:-11], axis=0))[1::2]
    assert robust_scale(filled, 11, seen) == pytest.approx(np.median(every) * 1.4826 / np.sqrt(2))


def test_a_change_is_seen_where_its_three_figures_are_published():
    grid = Grid(per_year=4, years=3, known=2)
    assert changes(grid, NO_GAP).all()
    assert len(changes(grid, NO_GAP)) == grid.observed - 5
    gone = changes(grid, np.array([8]))  # the changes at 8, 9 and 10; the first is at 5
    np.testing.assert_array_equal(np.flatnonzero(~gone), [3, 4, 5])


def without(m, gone):
    """The measurements without some of their figures."""
    rows = {name: getattr(m, name)[~gone] for name in ("unit", "time", "cumulative", "log_growth", "noise_sd")}
    return dataclasses.replace(m, **rows)


def test_a_grid_is_regular_where_most_is_published_up_to_one_period():
    some = measurements(seed=1, siblings=2, years=5, last=4)
    grid = common_grid(some, (0,), None, root=True)
    assert grid == Grid(per_year=11, years=3, known=4)
    assert common_grid(some, (1, 2), grid, root=False) == grid
    assert common_grid(some, (1, 2), None, root=False) is None
    one = without(some, np.arange(len(some.unit)) == 20)
    assert common_grid(one, (0,), None, root=True) == grid
    late = without(some, (some.unit == 1) & (some.time > 46))
    assert common_grid(late, (1, 2), grid, root=False) == grid
    too_late = without(some, (some.unit == 1) & (some.time > 43))
    assert common_grid(too_late, (1, 2), grid, root=False) is None
    early = without(some, (some.unit == 0) & (some.time > 46))
    sooner = common_grid(early, (0,), None, root=True)
    assert sooner == Grid(per_year=11, years=3, known=3)
    assert common_grid(early, (1, 2), sooner, root=False) is None
    many = without(some, (some.unit == 0) & (some.time % 5 < 2))
    assert common_grid(many, (0,), None, root=True) is None
    single = dataclasses.replace(some, cumulative=np.arange(len(some.unit)) != 20)
    assert common_grid(single, (0,), None, root=True) is None
    short = measurements(seed=1, years=3, last=2, frequency=Frequency.QUARTERLY)
    assert common_grid(short, (0,), None, root=True) is None
