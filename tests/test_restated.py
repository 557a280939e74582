"""Running totals that are restated within the year: found in the history, drawn for the rest of the year."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from forecast.inference.model import Measurements
from forecast.inference.priors import RESTATED_LATE, RESTATED_OWN, RESTATED_RATE, RESTATED_WEIGHT
from forecast.inference.regular.events import hazard, jumps, restated
from forecast.inference.regular.factors import Grid
from forecast.inference.regular.incomplete import NO_GAP
from forecast.inference.sampling import fit
from tests.test_events import S, world

GRID = Grid(per_year=11, years=4, known=6)
OCTOBER = 8


def quiet(seed: int = 1) -> np.ndarray:
    """Cumulative log growth of four years and a half, each month's own growth of sd .02."""
    months = 0.02 * np.random.default_rng(seed).standard_normal(GRID.observed)
    weight = np.array([2.0, *np.ones(10)])
    years = (months[start : start + 11] for start in range(0, GRID.observed, 11))
    return np.concatenate([np.cumsum(weight[: len(y)] * y) / np.cumsum(weight)[: len(y)] for y in years])


def planted(*jumps_at: tuple[int, int, float, int]) -> np.ndarray:
    """The same with jumps: year, period, log points, and how many periods they stay (11: to the year's end)."""
    out = quiet()
    for year, period, size, stays in jumps_at:
        start = 11 * year + period
        out[start : min(start + stays, 11 * (year + 1))] += size
    return out


def test_a_jump_that_stays_is_found_where_it_is_and_a_slip_is_not():
    seen, _, _ = jumps(planted((1, OCTOBER, -0.4, 11)), NO_GAP, GRID)
    assert np.flatnonzero(seen).tolist() == [11 + OCTOBER]
    assert seen[11 + OCTOBER] == pytest.approx(-0.4, abs=0.02)
    assert not jumps(planted((1, OCTOBER, -0.4, 1)), NO_GAP, GRID)[0].any()
    assert not jumps(quiet(), NO_GAP, GRID)[0].any()


def test_a_jump_beside_a_gap_is_not_told_from_growth_within_the_gap():
    gap = np.array([11 + OCTOBER - 1])
    assert not jumps(planted((1, OCTOBER, -0.4, 11)), gap, GRID)[0].any()


def test_what_comes_back_from_the_base_of_the_year_before_is_counted_once():
    both = planted((1, OCTOBER, -0.4, 11), (2, OCTOBER, 0.4, 11))
    assert np.flatnonzero(jumps(both, NO_GAP, GRID)[0]).tolist() == [11 + OCTOBER]
    again = planted((1, OCTOBER, -0.4, 11), (2, OCTOBER, -0.4, 11))
    assert np.flatnonzero(jumps(again, NO_GAP, GRID)[0]).tolist() == [11 + OCTOBER, 22 + OCTOBER]


def test_rates_are_those_of_a_gamma_prior_by_siblings_and_then_by_place():
    siblings = [planted((1, OCTOBER, -0.4, 11)), quiet(2), quiet(3)]
    found = restated(siblings, [NO_GAP] * 3, GRID)
    periods = 4 * (4 + 3 * RESTATED_LATE) + 2  # May to September and the last quarter of four years, and May and June
    common = (1 + RESTATED_WEIGHT) / (3 * periods + RESTATED_WEIGHT / RESTATED_RATE)
    np.testing.assert_allclose(found.rate[1:], RESTATED_OWN * common / (periods + RESTATED_OWN))
    np.testing.assert_allclose(found.rate[0], (1 + RESTATED_OWN * common) / (periods + RESTATED_OWN))


def test_draws_move_as_often_and_as_far_as_the_rate_and_the_size_say():
    found = restated([planted((1, OCTOBER, -0.4, 11), (2, OCTOBER - 1, 0.3, 11))], [NO_GAP], GRID)
    draws = 40_000
    moved = found.draw(0, GRID, draws, np.random.default_rng(5))
    often = 1 - np.exp(-found.rate[0] * hazard(11)[6:].sum())
    share = (moved != 0).mean()
    assert share == pytest.approx(often, abs=4 * np.sqrt(often / draws))
    assert moved[moved != 0].std() == pytest.approx(found.size, rel=4 / np.sqrt(2 * share * draws))


def test_where_nothing_was_restated_at_most_a_draw_in_fifty_moves_and_by_a_usual_size():
    found = restated([quiet(seed) for seed in range(4)], [NO_GAP] * 4, GRID)
    assert (1 - np.exp(-found.rate * hazard(11).sum()) < 0.02).all()
    assert found.size < 10 * 0.03 / 6  # a month's growth of .02, as it moves a year's


def restating(m: Measurements) -> Measurements:
    """The same figures with the totals of two places restated by a quarter in each of three autumns."""
    growth = m.log_growth.copy()
    for year, place, size in ((1, 1, 0.25), (2, 2, -0.25), (3, 3, 0.25), (4, 4, -0.25), (5, 1, -0.25)):
        start = S * year
        growth[(m.unit == place) & (m.time >= start + OCTOBER) & (m.time < start + S)] += size
    return dataclasses.replace(m, log_growth=growth)


def test_a_place_far_behind_in_summer_is_not_given_up_where_totals_are_restated_and_is_elsewhere():
    m, _ = world(3, "nothing")

    ends = {}
    for name, figures in (("never", m), ("often", restating(m))):
        posterior = fit(figures, method="fast", seed=1, name="x", draws=4000)
        total = np.log((figures.weight[:, None] * np.exp(posterior.index.reshape(4000, -1, 2, S))).sum(3))
        ends[name] = (total[:, :, 1] - total[:, :, 0])[:, 1:] - (total[:, :1, 1] - total[:, :1, 0])
    far = 0.15
    for name, least, most in (("never", 0.0, 0.005), ("often", 0.01, 0.2)):
        beyond = (np.abs(ends[name] - np.median(ends[name], axis=0)) > far).mean(axis=0)
        assert (beyond >= least).all(), name
        assert (beyond <= most).all(), name
