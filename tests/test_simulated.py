"""Worlds of the prior: their figures are what their index gives, their spreads what the prior says."""

from __future__ import annotations

import numpy as np

from forecast.inference.priors import DESIGN_CENTRE, SCALE_BY_LEVEL, SCALE_SD, SHAPE_CENTRE, SHAPE_SPREAD, UNIT_SCALE_SD
from forecast.inference.regular.factors import Grid, shape_kernel
from forecast.inference.regular.regular import common_grid
from forecast.track_record.simulated import _draw, _path, gapped_world, whole_world

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
    z = []
    for seed in range(40):
        world = whole_world(np.random.default_rng(seed))
        root = misses(world, 0)
        z += [wrong / world.noise_sd[0] for wrong in root.values()]
        for unit in range(1, len(world.measurements.units)):
            own = misses(world, unit)
            z += [(own[t] - root[t]) / world.noise_sd[unit] for t in own.keys() & root.keys()]
    assert abs(np.mean(z)) < 4 / np.sqrt(len(z))
    assert 0.95 < np.std(z) < 1.05


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
