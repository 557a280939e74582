"""Gaps on a regular grid: against the dense covariance with their rows deleted, and against the route for many gaps."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.inference.chain import chain, chained_draws
from forecast.inference.gaps.family import Parent, prepare
from forecast.inference.gaps.fast import sampled_family
from forecast.inference.priors import HYPER_DRAWS, NOISE_RATIOS
from forecast.inference.regular.factors import DESIGN, Grid, factors, observed_noise, shape_kernel
from forecast.inference.regular.incomplete import Drawn, Series, draw_missing, drawn, integrated_out, series
from forecast.inference.regular.learning import learn
from forecast.inference.regular.regular import common_grid, draw_future, gains, regular_family, weighed
from tests.regular_places import behind, places, stirring
from tests.synthetic import measurements

GRID = Grid(per_year=11, years=3, known=5)
GAPS = np.array([7, 20, 21, 36])
KEPT = np.setdiff1d(np.arange(GRID.observed), GAPS)
POINT, RATIO = 9, 6


def figures(seed: int, siblings: int = 1) -> np.ndarray:
    """Cumulative log growth, linear in an index from the prior of some shape, (T, sibling)."""
    n = GRID.observed
    rng = np.random.default_rng(seed)
    covariance = shape_kernel(DESIGN[5], GRID)[:n, :n] + 0.03**2 * observed_noise(GRID)
    return 0.02 * factors(GRID).figures @ np.linalg.cholesky(covariance) @ rng.standard_normal((n, siblings))


def index_of(cumulative: np.ndarray) -> np.ndarray:
    return np.linalg.solve(factors(GRID).figures, cumulative)


def dense() -> tuple[np.ndarray, np.ndarray]:
    """Covariance for unit scale of cumulative figures, and of what is wanted with them, written out."""
    known, n = factors(GRID), GRID.observed
    kernel, noise = shape_kernel(DESIGN[POINT], GRID), NOISE_RATIOS[RATIO] ** 2 * observed_noise(GRID)
    b = known.figures
    return b @ (kernel[:n, :n] + noise) @ b.T, kernel[n:, :n] @ b.T


@settings(max_examples=5)
@given(st.integers(0, 1000))
def test_the_weights_are_those_without_the_rows_whatever_stands_in_the_gaps(seed):
    known, c = factors(GRID), figures(seed)
    total, _ = dense()
    kept = total[np.ix_(KEPT, KEPT)]
    every = np.ones(len(NOISE_RATIOS), dtype=bool)
    for filling in (0.0, 0.3):
        filled = c.copy()
        filled[GAPS] = filling
        rotated = known.rotated(index_of(filled))[:, :, 0]
        quadratic, log_det = integrated_out(known, rotated, GAPS, every)
        assert quadratic[POINT, RATIO] == pytest.approx(c[KEPT, 0] @ np.linalg.solve(kept, c[KEPT, 0]), rel=1e-6)
        assert log_det[POINT, RATIO] == pytest.approx(np.linalg.slogdet(kept)[1], abs=1e-6)


def test_noise_ratios_that_do_not_matter_get_no_weight():
    known, c = factors(GRID), figures(1)
    wanted = np.arange(len(NOISE_RATIOS)) > 4
    quadratic, log_det = integrated_out(known, known.rotated(index_of(c))[:, :, 0], GAPS, wanted)
    assert np.isinf(log_det[:, ~wanted]).all()
    assert np.isfinite(log_det[:, wanted]).all()
    assert (quadratic[:, wanted] > 0).all()


def test_missing_figures_and_the_future_are_the_dense_conditional_normal():
    known, c, n = factors(GRID), figures(2), 60_000
    c[GAPS] = 0.1
    total, cross = dense()
    rotated = known.rotated(index_of(c))[POINT, :, 0]
    member = np.zeros(n, dtype=int)
    one = behind(known, index_of(c)[:, 0], [(POINT, RATIO)], np.full(n, 0.02), member)
    noise = 0.02 * np.random.default_rng(1).standard_normal((n, len(GAPS)))
    axes = known.axes[[POINT]][:, GAPS]
    moved, each = draw_missing(axes, one.precision, member, np.tile(rotated, (n, 1)), noise)
    gain = np.linalg.solve(total[np.ix_(KEPT, KEPT)], total[np.ix_(KEPT, GAPS)]).T
    mean = gain @ c[KEPT, 0]
    covariance = 0.02**2 * (total[np.ix_(GAPS, GAPS)] - gain @ total[np.ix_(KEPT, GAPS)])
    found = c[GAPS, 0] + moved
    sd = np.sqrt(np.diag(covariance))
    assert (np.abs(found.mean(0) - mean) < 5 * sd / np.sqrt(n)).all()
    np.testing.assert_allclose(np.cov(found.T), covariance, atol=0.03 * np.outer(sd, sd).max())
    future = (each @ gains(one)[0][0].T)[:, :-1].mean(0)
    expected = np.linalg.solve(total[np.ix_(KEPT, KEPT)], cross[:, KEPT].T).T @ c[KEPT, 0]
    np.testing.assert_allclose(future, expected, atol=5 * 0.02 / np.sqrt(n))


def test_draws_do_not_depend_on_what_stands_in_the_gaps():
    known, c = factors(GRID), figures(3)
    made = []
    for filling in (0.0, 0.2):
        c[GAPS] = filling
        rng = np.random.default_rng(2)
        learnt = learn(known, places(index_of(c), missing=(GAPS,)))
        one = weighed(known, learnt, 0, rng=rng, common=stirring(100, GRID))
        wanted, moved = draw_future(one, rng=rng, loose=GAPS)
        made.append((wanted, filling + moved))
    np.testing.assert_allclose(made[0][0], made[1][0], atol=1e-6)
    np.testing.assert_allclose(made[0][1], made[1][1], atol=1e-6)


def test_what_was_drawn_of_the_parent_moves_the_ratio():
    """A place's own figure is published, its parent's missing: the ratio's is the published less the drawn."""
    known, c = factors(GRID), figures(4)
    learnt = learn(known, places(index_of(c), missing=(GAPS,)))
    parent = Series(log_growth=np.zeros(GRID.observed), missing=GAPS, index=np.zeros(GRID.observed), weight=np.ones(11))
    shift = np.full((100, len(GAPS)), 0.01)
    above = Drawn(series=parent, moved=shift, history=np.zeros((100, GRID.observed)))
    one = weighed(known, learnt, 0, rng=np.random.default_rng(3), common=stirring(100, GRID))
    found, _ = draw_future(one, rng=np.random.default_rng(4), above=above)
    moved = c.copy()
    moved[GAPS] -= 0.01
    by_hand = dataclasses.replace(one, rotated=known.rotated(index_of(moved))[one.point, :, 0])
    expected, _ = draw_future(by_hand, rng=np.random.default_rng(4))
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_published_growth_follows_from_every_draw_of_the_history():
    rng = np.random.default_rng(6)
    weight = rng.dirichlet(np.full(11, 50.0))
    growth = np.log1p(rng.normal(0.05, 0.02, GRID.observed))
    one = Series(log_growth=growth, missing=GAPS, index=chain(np.expm1(growth), weight), weight=weight)
    moved = rng.normal(0, 0.003, (20, len(GAPS)))
    history = drawn(one, moved).history
    level = weight * np.exp(
        np.concatenate([np.zeros((20, 11)), history, np.zeros((20, GRID.open))], axis=1).reshape(20, -1, 11)
    )
    running = np.cumsum(level, axis=2)
    found = np.log(running[:, 1:] / running[:, :-1]).reshape(20, -1)[:, : GRID.observed]
    np.testing.assert_allclose(found[:, KEPT], np.tile(growth[KEPT], (20, 1)), atol=1e-9)
    np.testing.assert_allclose(found[:, GAPS], growth[GAPS] + moved, atol=1e-9)


def test_many_series_are_chained_as_one():
    rng = np.random.default_rng(7)
    weight = rng.dirichlet(np.full(11, 50.0))
    growth = np.log1p(rng.normal(0.03, 0.02, (5, 38)))
    one_by_one = [chain(np.expm1(row), weight) for row in growth]
    np.testing.assert_allclose(chained_draws(growth, weight), one_by_one, atol=1e-12)
    assert np.isfinite(chained_draws(rng.normal(0, 2, (5, 38)), weight)).all()


def test_a_series_without_gaps_is_what_was_published():
    some = measurements(seed=3, years=5, last=4)
    grid = common_grid(some, (0,), None, root=True)
    assert grid is not None
    whole = series(some, 0, grid)
    assert whole.complete
    np.testing.assert_array_equal(whole.log_growth, some.of(0).log_growth)
    np.testing.assert_array_equal(drawn(whole, np.zeros((7, 0))).history, whole.index[None])


def test_gaps_on_the_grid_agree_with_the_route_for_many_gaps():
    """Quantiles of log growth of the open periods: Monte Carlo error and .35 sd, as without gaps."""
    some = measurements(seed=12, years=5, last=6, scale=0.01)
    gone = (some.unit == 0) & np.isin(some.time, [15, 25, 34, 35, 46])
    rows = {name: getattr(some, name)[~gone] for name in ("unit", "time", "cumulative", "log_growth", "noise_sd")}
    some = dataclasses.replace(some, profile_sd=np.full(2, 1e-3), **rows)
    grid = common_grid(some, (0,), None, root=True)
    assert grid is not None
    draws = 2 * HYPER_DRAWS
    family = prepare(some, (0,), Parent.none(draws, some.periods), root=True)
    rngs = [np.random.default_rng(i) for i in range(3)]
    sampled = sampled_family(family, some, method="fast", seed=1, rng=rngs[0], own=(rngs[1],))
    one = series(some, 0, grid)
    regular = regular_family(
        grid, [one], some.noise_sd[:1], some.scale[:1], above=None, own=(rngs[2],), common=stirring(draws, grid)
    )
    assert len(one.missing) == 5
    a, b = (
        made.ratio[:, 0, -grid.open :].mean(1) - made.ratio[:, 0, -grid.open - 11 : -11].mean(1)
        for made in (sampled, regular)
    )
    assert 0.6 < b.std() / a.std() < 1.6
    for quantile in (0.1, 0.5, 0.9):
        error = (
            4 * 1.7 * a.std() / np.sqrt(min(sampled.diagnostics.effective_draws, regular.diagnostics.effective_draws))
        )
        difference = np.quantile(a, quantile) - np.quantile(b, quantile)
        assert abs(difference) < error + 0.35 * a.std(), quantile
