"""Draws of the index: against the dense Gaussian posterior, and what they must not depend on."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.inference.model import Measurements, log_growth
from forecast.inference.priors import HYPER_DRAWS
from forecast.inference.regular.events import Restated
from forecast.inference.regular.factors import Grid
from forecast.inference.sampling import fit, stream
from forecast.inference.volatility import mixture
from tests.synthetic import measurements


@pytest.fixture(scope="module")
def some() -> Measurements:
    return measurements(seed=2, siblings=2, gaps=True)


@pytest.fixture(scope="module")
def whole() -> Measurements:
    """Nothing missing: six years, ten siblings."""
    return measurements(seed=2, siblings=10, years=6, last=6)


def subset(m: Measurements, kept: np.ndarray) -> Measurements:
    """The measurements with some of their figures."""
    rows = {name: getattr(m, name)[kept] for name in ("unit", "time", "cumulative", "log_growth", "noise_sd")}
    return dataclasses.replace(m, **rows)


def year_end(m: Measurements, posterior) -> np.ndarray:
    """Log growth of the full year, (draw, unit)."""
    level = np.tile(m.weight, 2) * np.exp(posterior.index)
    return np.log(level[:, :, m.per_year :].sum(2)) - np.log(level[:, :, : m.per_year].sum(2))


def weights_known(m: Measurements) -> Measurements:
    """The measurements with base weights that are certain."""
    return dataclasses.replace(m, profile_sd=np.zeros(len(m.units)))


def fitted(m: Measurements, seed: int = 1):
    return fit(m, method="fast", seed=seed, name="x", draws=2 * HYPER_DRAWS)


def test_every_draw_agrees_with_what_is_published(some):
    posterior = fitted(some)
    s = some.per_year
    for unit in range(len(some.units)):
        figures = some.of(unit)
        recent = figures.time >= s * (some.years - 1)
        window = dataclasses.replace(
            figures,
            time=figures.time[recent] - s * (some.years - 2),
            cumulative=figures.cumulative[recent],
            log_growth=figures.log_growth[recent],
            noise_sd=figures.noise_sd[recent],
        )
        missed = log_growth(posterior.index[:, unit], window) - window.log_growth
        restatement = np.exp(posterior.shape[some.parent[unit]][:, -1]) * posterior.scale[unit]
        allowed = np.hypot(window.noise_sd.max(), np.sqrt((restatement**2).mean()))
        assert np.sqrt((missed**2).mean()) < 2 * allowed


def test_the_same_seed_gives_the_same_digits(some):
    np.testing.assert_array_equal(fitted(some).index, fitted(some).index)
    assert not np.array_equal(fitted(some).index, fitted(some, seed=2).index)


def test_a_parent_does_not_depend_on_its_children(some):
    kept = some.unit != 2
    alone = dataclasses.replace(
        some,
        units=some.units[:2],
        parent=some.parent[:2],
        weight=some.weight[:2],
        profile_sd=some.profile_sd[:2],
        scale=some.scale[:2],
        unit=some.unit[kept],
        time=some.time[kept],
        cumulative=some.cumulative[kept],
        log_growth=some.log_growth[kept],
        noise_sd=some.noise_sd[kept],
    )
    np.testing.assert_array_equal(fitted(alone).index[:, 0], fitted(some).index[:, 0])


def test_a_place_without_figures_is_wider_than_one_with_them():
    silent = measurements(seed=6, siblings=2, silent=(2,))
    posterior = fitted(silent)
    s = silent.per_year
    growth = posterior.index[:, :, s:].mean(2) - posterior.index[:, :, :s].mean(2)
    ratio = growth - growth[:, [0]]
    assert ratio[:, 2].std() > 2 * ratio[:, 1].std()


def test_a_wider_parent_makes_a_wider_child_and_pairs_with_it():
    few = measurements(seed=9, siblings=1, last=2)
    keep = (few.unit == 0) | (few.time < few.per_year * 2)
    early = dataclasses.replace(
        few,
        unit=few.unit[keep],
        time=few.time[keep],
        cumulative=few.cumulative[keep],
        log_growth=few.log_growth[keep],
        noise_sd=few.noise_sd[keep],
    )
    posterior = fitted(early)
    root, child = (posterior.index[:, u, -1] - posterior.index[:, u, early.per_year - 1] for u in (0, 1))
    assert np.corrcoef(root, child)[0, 1] > 0.1


def test_streams_depend_on_the_seed_and_the_names_alone():
    a = stream(1, "fai", "ankang").random(3)
    np.testing.assert_array_equal(a, stream(1, "fai", "ankang").random(3))
    assert not np.array_equal(a, stream(1, "gdp", "ankang").random(3))
    assert not np.array_equal(a, stream(2, "fai", "ankang").random(3))


@given(st.text(max_size=20), st.text(max_size=20))
def test_different_names_have_different_streams(one, other):
    """North Carolina and South Carolina end alike."""
    same = np.array_equal(stream(1, one).random(2), stream(1, other).random(2))
    assert same == (one == other)


def test_names_do_not_run_together():
    assert not np.array_equal(stream(1, "ab", "c").random(2), stream(1, "a", "bc").random(2))


def test_quarterly_figures_go_through_the_same_code():
    from forecast.periods import Frequency

    quarterly = measurements(seed=3, years=5, last=2, frequency=Frequency.QUARTERLY)
    posterior = fitted(quarterly)
    assert posterior.index.shape[-1] == 8
    assert posterior.diagnostics.status == "ok"
    assert posterior.diagnostics.observations == len(quarterly.unit)


def test_a_family_with_few_gaps_is_weighted_on_the_design_and_one_with_many_is_sampled(whole):
    assert fitted(whole).shape == {}
    few = ~((whole.unit == 3) & (whole.time == 30))
    assert fitted(subset(whole, few)).shape == {}
    many = ~((whole.unit == 3) & (whole.time % 2 == 0))
    mixed = fitted(subset(whole, many))
    assert list(mixed.shape) == [0]
    assert sorted(mixed.scale) == list(range(1, 11))
    np.testing.assert_array_equal(mixed.index[:, 0], fitted(whole).index[:, 0])


def test_a_gap_changes_little(whole):
    """One figure of fifty missing, in the root, in a child, in both: quantiles of the year-end within .15 sd."""
    draws = 4 * HYPER_DRAWS
    a = year_end(whole, fit(whole, method="fast", seed=1, name="x", draws=draws))
    for units in ((0,), (1,), (0, 1)):
        gappy = subset(whole, ~(np.isin(whole.unit, units) & (whole.time == 30)))
        b = year_end(whole, fit(gappy, method="fast", seed=1, name="x", draws=draws))
        assert (np.abs(np.median(a, axis=0) - np.median(b, axis=0)) < 0.15 * b.std(0)).all()
        assert (np.abs(a.std(0) / b.std(0) - 1) < 0.15).all()


def test_a_missing_last_figure_widens_the_year_end_of_the_place_alone(whole):
    late = subset(whole, ~((whole.unit == 2) & (whole.time == whole.time.max())))
    a, b = (year_end(whole, fitted(m)) for m in (whole, late))
    np.testing.assert_array_equal(a[:, 0], b[:, 0])
    assert b[:, 2].std() > a[:, 2].std()
    assert abs(np.median(a[:, 2]) - np.median(b[:, 2])) < b[:, 2].std()


@pytest.fixture
def settled(monkeypatch):
    """Totals that are not restated: those that are leave what was published (``tests/test_restated.py``)."""
    monkeypatch.setattr(Restated, "draw", lambda *asked: np.zeros(asked[3]))


def test_with_gaps_published_growth_is_met_in_every_draw(whole, settled):
    """The year before and this year, a figure missing in each, in the root and in a child."""
    s, start = whole.per_year, whole.per_year * (whole.years - 2)
    gone = np.isin(whole.unit, (0, 2)) & np.isin(whole.time, (start + 4, start + s + 2))
    gappy = weights_known(subset(whole, ~gone))
    posterior = fitted(gappy)
    for unit in (0, 1, 2):
        level = whole.weight[unit] * np.exp(posterior.index[:, unit].reshape(-1, 2, s))
        growth = np.log(np.cumsum(level[:, 1], axis=1) / np.cumsum(level[:, 0], axis=1))
        figures = gappy.of(unit)
        for t, published in zip(figures.time, figures.log_growth, strict=True):
            if t >= start + s:
                assert np.abs(growth[:, t - start - s] - published).max() < 0.02
                assert np.median(np.abs(growth[:, t - start - s] - published)) < 0.002
    np.testing.assert_allclose(np.ptp(posterior.index[:, 1, :s], axis=0), 0, atol=1e-15)
    assert np.ptp(posterior.index[:, 2, 4]) > 0


def test_the_order_of_places_does_not_matter(whole):
    order = np.array([0, *range(10, 0, -1)])
    place = np.argsort(order)
    turned = dataclasses.replace(
        whole,
        units=tuple(whole.units[i] for i in order),
        weight=whole.weight[order],
        profile_sd=whole.profile_sd[order],
        scale=whole.scale[order],
        unit=place[whole.unit],
    )
    np.testing.assert_array_equal(fitted(turned).index[:, place], fitted(whole).index)


def test_a_whole_parent_does_not_depend_on_its_children(whole):
    moved = dataclasses.replace(whole, log_growth=whole.log_growth * np.where(whole.unit == 0, 1, 1.5))
    np.testing.assert_array_equal(fitted(moved).index[:, 0], fitted(whole).index[:, 0])
    assert not np.array_equal(fitted(moved).index[:, 1], fitted(whole).index[:, 1])


def test_single_months_beside_whole_cumulative_growth_are_not_read(whole):
    rows = {name: getattr(whole, name) for name in ("unit", "time", "cumulative", "log_growth", "noise_sd")}
    extra = {"unit": 1, "time": 40, "cumulative": False, "log_growth": 9.9, "noise_sd": 1e-3}
    poisoned = dataclasses.replace(whole, **{name: np.append(rows[name], extra[name]) for name in rows})
    np.testing.assert_array_equal(fitted(poisoned).index, fitted(whole).index)


@pytest.mark.parametrize("known", [False, True])
def test_the_history_is_the_same_in_every_draw_but_for_base_weights_and_published_growth_is_met(whole, known, settled):
    posterior = fitted(weights_known(whole) if known else whole)
    s = whole.per_year
    history = posterior.index[:, :, :s]
    assert (np.ptp(history, axis=0) == 0).all() == known
    np.testing.assert_allclose(np.ptp(history.mean(axis=2), axis=0), 0, atol=1e-12)
    direct = mixture(Grid(per_year=s, years=4, known=6), len(posterior.index), stream(1, "x", "mixture")).direct
    for unit in range(len(whole.units)):
        level = whole.weight[unit, :6] * np.exp(posterior.index[:, unit].reshape(-1, 2, s)[:, :, :6])
        growth = np.log(level[:, 1].sum(1) / level[:, 0].sum(1))
        published = whole.of(unit).log_growth[-1]
        np.testing.assert_allclose(growth[direct], published, atol=1e-9)
        assert np.abs(growth - published).max() < 0.02


def test_a_place_below_a_whole_parent_follows_the_mixed_draws(whole):
    """A child's figures end a year early: its growth is the parent's, draw by draw, and something of its own."""
    few = subset(whole, (whole.unit == 0) | (whole.time < whole.per_year * 5))
    growth = year_end(few, fit(few, method="fast", seed=1, name="x", draws=8 * HYPER_DRAWS))
    above = growth[:, 0] - growth[:, 0].mean()
    slope = above @ growth[:, 1:] / (above @ above)
    error = growth[:, 1:].std(0) / growth[:, 0].std() / np.sqrt(len(growth))
    assert (error < 0.25).all()
    assert (np.abs(slope - 1) < 4 * error).all()


def test_quarterly_figures_without_gaps_go_the_regular_way():
    from forecast.periods import Frequency

    quarterly = measurements(seed=3, siblings=3, years=7, last=2, frequency=Frequency.QUARTERLY)
    posterior = fitted(quarterly)
    assert posterior.shape == {}
    assert posterior.index.shape[-1] == 8
    assert np.isfinite(posterior.index).all()
    assert posterior.diagnostics.status == "ok"


def test_a_finished_year_is_what_was_published():
    done = measurements(seed=3, siblings=2, years=6, last=11)
    growth = year_end(done, fitted(done))
    published = np.array([done.of(unit).log_growth[-1] for unit in range(3)])
    np.testing.assert_allclose(growth, np.tile(published, (len(growth), 1)), atol=0.01)
