"""Worlds of the prior: their figures are what their index gives, their spreads what the prior says."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.inference.priors import (
    DESIGN_CENTRE,
    PROFILE_SD,
    SCALE_BY_LEVEL,
    SCALE_SD,
    SHAPE_CENTRE,
    SHAPE_SPREAD,
    UNIT_SCALE_SD,
    VOLATILITY_SD,
)
from forecast.inference.regular.factors import Grid, observed_noise, shape_kernel, whitening
from forecast.inference.regular.regular import common_grid
from forecast.track_record.simulated import _draw, _figures_and_open, _path, gapped_world, whole_world

WORLDS = [gapped_world(np.random.default_rng(i)) for i in range(300)]


def growth_of(world, unit: int) -> np.ndarray:
    """Cumulative log growth of every period from the second year on, by levels."""
    m = world.measurements
    level = np.tile(m.weight[unit], m.years) * np.exp(world.index[unit])
    total = np.cumsum(level.reshape(m.years, m.per_year), axis=1)
    return np.log(total[1:] / total[:-1]).ravel()


def misses(world, unit: int) -> dict[int, float]:
    """What is wrong with a place's figures, by period."""
    mine = world.measurements.of(unit)
    wrong = mine.log_growth - growth_of(world, unit)[mine.time - world.measurements.per_year]
    return dict(zip(mine.time.tolist(), wrong.tolist(), strict=True))


def test_figures_with_gaps_are_those_of_the_index_but_for_rounding_and_restatement():
    z = []
    for world in WORLDS[:40]:
        for unit in range(len(world.measurements.units)):
            extra = world.scale[unit] * np.exp(world.shape[unit, -1])
            z.append(np.array([*misses(world, unit).values()]) / np.hypot(world.measurements.of(unit).noise_sd, extra))
    z = np.concatenate(z)
    assert abs(z.mean()) < 4 / np.sqrt(len(z))
    assert 0.95 < z.std() < 1.05


def test_noise_of_regular_figures_is_that_of_the_ratio_to_the_parents():
    """It is stirred with all else: its mean square, over that of calm times, is between 1 and that of the factor."""
    z = []
    for seed in range(60):
        world = whole_world(np.random.default_rng(seed))
        root = misses(world, 0)
        z += [np.mean(np.square(list(root.values()))) / world.noise_sd[0] ** 2]
        for unit in range(1, len(world.measurements.units)):
            own = misses(world, unit)
            wrong = [own[t] - root[t] for t in own.keys() & root.keys()]
            z += [np.mean(np.square(wrong)) / world.noise_sd[unit] ** 2]
    error = 4 * np.std(z) / np.sqrt(60)
    assert 1 - error < np.mean(z) < np.exp(2 * VOLATILITY_SD**2) + error


@pytest.mark.parametrize("ratio", [0.05, 1.0])
def test_calm_figures_have_the_covariance_of_kernel_and_noise_and_stirred_ones_so_much_more(ratio):
    grid, n = Grid(per_year=4, years=2, known=1), 4000
    kernel, seen, rng = shape_kernel(DESIGN_CENTRE, grid), 9, np.random.default_rng(6)
    made = [_figures_and_open(kernel, ratio, grid, np.ones(12), rng) for _ in range(n)]
    x, off = np.array([one[0] for one in made]), np.array([one[1] for one in made])
    figures = x[:, :seen] @ whitening(grid).T + off
    for drawn, expected in (
        (x, kernel),
        (off, ratio**2 * np.eye(seen)),
        (figures, whitening(grid) @ (kernel[:seen, :seen] + ratio**2 * observed_noise(grid)) @ whitening(grid).T),
    ):
        size = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
        assert np.abs((np.cov(drawn.T) - expected) / size).max() < 6 / np.sqrt(n)
    stirred = np.linspace(0.5, 2.0, 12)
    made = [_figures_and_open(kernel, ratio, grid, stirred, rng) for _ in range(n)]
    again = np.array([whitening(grid) @ one[0][:seen] + one[1] for one in made])
    factor = np.linalg.cholesky(expected)
    new = np.linalg.solve(factor, again.T).std(axis=1)
    np.testing.assert_allclose(new, stirred[:seen], rtol=6 / np.sqrt(2 * n))


def test_true_base_weights_move_growth_of_the_year_by_what_periods_grow_apart():
    worlds = [whole_world(np.random.default_rng(seed)) for seed in range(200)]
    tilt = np.array([world.tilt[:2] for world in worlds])
    np.testing.assert_allclose(tilt.mean(axis=2), 0, atol=1e-12)
    assert tilt.std() == pytest.approx(PROFILE_SD["levels"], rel=0.1)
    world = worlds[0]
    m, start = world.measurements, 11 * 6
    level = m.weight[0] * np.exp(world.index[0, start - 11 :].reshape(2, 11) + world.tilt[0])
    known = int(m.time[m.unit == 0].max()) + 1 - start
    stated = m.weight[0] * np.exp(world.index[0, start - 11 :].reshape(2, 11))
    to_date = level[0, :known].sum() * stated[1, :known].sum() / stated[0, :known].sum()
    by_hand = (to_date + level[1, known:].sum()) / level[0].sum() - 1
    assert world.weighed_year_end()[0] == pytest.approx(by_hand)
    assert world.weighed_year_end()[0] != world.year_end()[0]


def test_hyperparameters_have_their_prior():
    shape = np.array([w.shape[1] for w in WORLDS])
    z = (shape - SHAPE_CENTRE) / SHAPE_SPREAD
    assert (np.abs(z.mean(0)) < 4 / np.sqrt(len(z))).all()
    assert (np.abs(z.std(0) - 1) < 4 / np.sqrt(2 * len(z))).all()
    log_scale = np.array([np.log(w.scale[1] / SCALE_BY_LEVEL["city"]) for w in WORLDS])
    sd = np.hypot(SCALE_SD, UNIT_SCALE_SD)
    assert abs(log_scale.mean()) < 4 * sd / np.sqrt(len(z))
    assert abs(log_scale.std() / sd - 1) < 4 / np.sqrt(2 * len(z))


def test_every_place_has_a_figure_in_the_target_year_and_none_after_the_last():
    for world in WORLDS[:50]:
        m = world.measurements
        start = m.per_year * (m.years - 1)
        for unit in range(len(m.units)):
            mine = m.of(unit).time
            assert ((mine >= start) & (mine < start + 7)).any()
            assert mine.max() < start + 7


def test_a_whole_world_goes_the_regular_way():
    grids = [common_grid(whole_world(np.random.default_rng(i)).measurements, (0,), None, root=True) for i in range(30)]
    assert sum(grid is not None for grid in grids) > 20
    assert max(grid.known for grid in grids if grid is not None) == 7
    assert {(grid.per_year, grid.years) for grid in grids if grid is not None} == {(11, 5)}


def test_whole_paths_have_the_covariance_of_the_kernel():
    grid = Grid(per_year=4, years=2, known=1)
    kernel = shape_kernel(DESIGN_CENTRE, grid)
    rng = np.random.default_rng(4)
    drawn = np.array([_draw(kernel, rng) for _ in range(4000)])
    scale = np.sqrt(np.outer(np.diag(kernel), np.diag(kernel)))
    assert np.abs((np.cov(drawn.T) - kernel) / scale).max() < 6 / np.sqrt(4000)
    path = _path(np.arange(1.0, 13.0), grid)
    assert path[:4].tolist() == [0.0] * 4
    assert path[4:13].tolist() == list(range(1, 10))
    assert path[13:].tolist() == [6.0 + 10, 7.0 + 11, 8.0 + 12]
