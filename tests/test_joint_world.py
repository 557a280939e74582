"""Indicators joined by an order of whole draws: every level's ranks as wanted, no figure of an indicator changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.draws.joint import (
    LEAST_EIGENVALUE,
    coupling,
    implied,
    level_keys,
    nearest_correlation,
    nested_order,
    normal_scores,
    shared_parts,
)
from forecast.draws.paths import Dependence, IndicatorPaths, Level, reordered
from tests import scenario_world as sw

LINE = ("china", "shaanxi", "ankang")
DRAWS = 4000
BEFORE = dict(sw.paths(draws=DRAWS).indicators)


def equal(n: int, nation: float, province: float, city: float, sd: float = 0.05) -> Dependence:
    """The same correlation between all indicators of a level."""
    mean = np.stack([np.full((n, n), r) for r in (nation, province, city)])
    for one in mean:
        np.fill_diagonal(one, 1.0)
    spread = np.where(mean == 1.0, 0.0, sd)
    return Dependence(
        indicators=tuple(BEFORE)[:n],
        line=LINE,
        mean=mean,
        sd=spread,
        prior_mean=mean,
        prior_sd=spread,
        seen=np.full(mean.shape, np.nan),
        sums=np.zeros(mean.shape),
    )


WANTED = equal(len(BEFORE), 0.5, 0.1, 0.2)


def joined(dependence: Dependence, seed: int = 1) -> dict[str, IndicatorPaths]:
    order = coupling(BEFORE, dependence, seed)
    return {name: reordered(one, order[name], one.ess) for name, one in BEFORE.items()}


AFTER = joined(WANTED)


def year(one: IndicatorPaths, unit: str) -> np.ndarray:
    return one.cum_yoy.sel(unit=unit).to_numpy()[:, -1]


def test_not_one_digit_of_an_indicator_changes():
    """Nation, province, city, county and every gap between them are the same numbers in another order."""
    for name, before in BEFORE.items():
        pairs = [(u, v) for u in (*LINE, "hanbin") for v in (None, *LINE)]
        for unit, other in pairs:
            was, now = (year(p, unit) - (0.0 if other is None else year(p, other)) for p in (before, AFTER[name]))
            np.testing.assert_array_equal(np.sort(was), np.sort(now))
            assert was.std() == pytest.approx(now.std(), rel=1e-12)
            np.testing.assert_array_equal(np.quantile(was, [0.05, 0.5, 0.95]), np.quantile(now, [0.05, 0.5, 0.95]))


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 600), st.integers(1, 3), st.integers(0, 2**31))
def test_an_order_is_a_permutation(draws, levels, seed):
    rng = np.random.default_rng(seed)
    order = nested_order(rng.standard_normal((draws, levels)), rng.standard_normal((draws, levels)))
    np.testing.assert_array_equal(np.sort(order), np.arange(draws))


def test_one_level_is_matched_rank_by_rank():
    rng = np.random.default_rng(2)
    keys, targets = rng.standard_normal((500, 1)), rng.standard_normal((500, 1))
    order = nested_order(keys, targets)
    np.testing.assert_array_equal(np.argsort(keys[order, 0]), np.argsort(targets[:, 0]))


def test_ranks_of_every_level_correlate_as_wanted():
    """Within Monte Carlo error at the nation; sorting in blocks of 1/16 costs the inner levels up to a third."""
    found = implied(AFTER, WANTED)
    off = ~np.eye(len(BEFORE), dtype=bool)
    nation, province, city = (found[k][off].mean() for k in range(3))
    mcse = 1 / np.sqrt(DRAWS)
    assert nation == pytest.approx(0.5, abs=4 * mcse + 0.03)
    assert 0.2 - 4 * mcse - 0.05 < city < 0.2 + 4 * mcse
    assert 0.1 - 4 * mcse - 0.05 < province < 0.1 + 4 * mcse


def test_levels_of_an_indicator_keep_what_they_have_to_do_with_each_other():
    for name, one in BEFORE.items():
        for was, now in zip(
            np.corrcoef(np.stack(list(level_keys(one, LINE).values()))),
            np.corrcoef(np.stack(list(level_keys(AFTER[name], LINE).values()))),
            strict=True,
        ):
            np.testing.assert_allclose(was, now, atol=1e-12)


def test_order_of_an_indicator_does_not_depend_on_which_others_have_draws():
    alone = coupling({"fai": BEFORE["fai"]}, WANTED, 1)["fai"]
    np.testing.assert_array_equal(alone, coupling(BEFORE, WANTED, 1)["fai"])


def test_without_correlation_nothing_hangs_together():
    found = implied(joined(equal(len(BEFORE), 0.0, 0.0, 0.0)), WANTED)
    off = found[:, ~np.eye(len(BEFORE), dtype=bool)]
    assert np.abs(off).max() < 4.5 / np.sqrt(DRAWS)


def test_levels_that_are_out_or_have_no_draws_are_left_out():
    one = BEFORE["fai"]
    out = one.cum_yoy.copy()
    out.loc[{"unit": "china"}] = 0.02
    assert set(level_keys(one, LINE)) == set(Level)
    assert set(level_keys(replace(one, cum_yoy=out), LINE)) == {Level.PROVINCE, Level.CITY}
    only = one.cum_yoy.sel(unit=["ankang"])
    assert set(level_keys(replace(one, cum_yoy=only), LINE)) == {Level.NATION}
    fixed = xr.zeros_like(one.cum_yoy)
    order = coupling({"fai": replace(one, cum_yoy=fixed)}, WANTED, 1)["fai"]
    np.testing.assert_array_equal(order, np.arange(DRAWS))


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 8), st.integers(0, 2**31))
def test_the_nearest_correlation_matrix_is_one_and_no_other_is_nearer(n, seed):
    rng = np.random.default_rng(seed)
    matrix = rng.uniform(-1, 1, (n, n))
    matrix = (matrix + matrix.T) / 2
    np.fill_diagonal(matrix, 1.0)
    found = nearest_correlation(matrix)
    np.testing.assert_allclose(np.diagonal(found), 1.0, atol=1e-12)
    assert np.linalg.eigvalsh(found)[0] > -1e-10
    distance = np.linalg.norm(found - matrix)
    for _ in range(20):
        root = rng.standard_normal((n, n)) * rng.uniform(0, 1, n)[:, None] + 3 * np.eye(n)
        other = root @ root.T
        other /= np.sqrt(np.outer(np.diagonal(other), np.diagonal(other)))
        mixed = 0.9 * found + 0.1 * other
        assert distance <= np.linalg.norm(mixed - matrix) + 1e-4


def test_a_correlation_matrix_is_its_own_nearest():
    matrix = np.array([[1.0, 0.5, 0.2], [0.5, 1.0, 0.1], [0.2, 0.1, 1.0]])
    np.testing.assert_array_equal(nearest_correlation(matrix), matrix)
    assert LEAST_EIGENVALUE > 0


def test_common_factors_and_own_parts_make_the_matrix():
    matrix = nearest_correlation(np.array([[1, 0.7, 0.35], [0.7, 1, 0.35], [0.35, 0.35, 1.0]]))
    factors, own = shared_parts(matrix)
    np.testing.assert_allclose(factors @ factors.T + np.diag(own), matrix, atol=1e-9)
    assert (own > 0.25).all()
    equal_factors, equal_own = shared_parts(np.where(np.eye(4, dtype=bool), 1.0, 0.3))
    np.testing.assert_allclose(equal_own, 0.7)
    np.testing.assert_allclose((equal_factors @ equal_factors.T)[0, 1], 0.3)


def test_normal_scores_are_quantiles_of_ranks():
    found = normal_scores(np.array([[3.0], [1.0], [2.0]]))
    np.testing.assert_allclose(found[:, 0], [0.967422, -0.967422, 0.0], atol=1e-6)
