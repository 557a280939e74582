"""Draws of the index: against the dense Gaussian posterior, and what they must not depend on."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.family import Parent, prepare
from forecast.model import SHAPE_CENTRE, Measurements, log_growth, shape_covariance
from forecast.sampling import HYPER_DRAWS, draw_ratio, fit, stream
from tests.synthetic import measurements


@pytest.fixture(scope="module")
def some() -> Measurements:
    return measurements(seed=2, siblings=2, gaps=True)


def fitted(m: Measurements, seed: int = 1):
    return fit(m, method="fast", seed=seed, name="x", draws=2 * HYPER_DRAWS)


def test_given_the_hyperparameters_draws_have_the_mean_and_covariance_of_the_gaussian_posterior():
    """Single-period figures are linear in the index, so that the posterior is Gaussian exactly."""
    base = measurements(seed=4, years=3, last=5)
    linear = dataclasses.replace(base, cumulative=np.zeros(len(base.unit), dtype=bool), noise_sd=base.noise_sd * 10)
    n = 20_000
    family = prepare(linear, (0,), Parent.none(n, linear.periods), root=True)
    child = family.children[0]
    found = draw_ratio(family, child, SHAPE_CENTRE[None, :], np.array([family.scale]), rng=np.random.default_rng(1))
    prior = child.fixed + family.scale**2 * shape_covariance(SHAPE_CENTRE, linear.periods, linear.per_year)
    a = child.linear.matrix
    total = a @ prior @ a.T + np.diag(child.linear.noise_variance)
    gain = np.linalg.solve(total, a @ prior).T
    mean = child.mean + gain @ (child.linear.target - a @ child.mean)
    covariance = prior - gain @ a @ prior
    sd = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(found.mean(0), mean, atol=5 * sd.max() / np.sqrt(n))
    np.testing.assert_allclose(found.std(0), sd, rtol=0.04, atol=1e-6)


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
        restatement = np.exp(posterior.shape[some.parent[unit]][:, 6]) * posterior.scale[unit]
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
