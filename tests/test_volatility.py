"""How stirred the times are: the filter against every path summed, and on worlds of its own prior."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import kstest, norm

from forecast.inference import volatility
from forecast.inference.priors import VOLATILITY_COMMON, VOLATILITY_NODES, VOLATILITY_OFFSETS, VOLATILITY_SD
from forecast.inference.volatility import filtered, innovations, kept, seen, to_come

S = 11


def path(rng: np.random.Generator, periods: int) -> np.ndarray:
    """h of so many periods, stationary."""
    phi, out = kept(S), np.empty(periods)
    now = VOLATILITY_SD * rng.standard_normal()
    for t in range(periods):
        out[t] = now
        now = phi * now + np.sqrt(1 - phi**2) * VOLATILITY_SD * rng.standard_normal()
    return out


def test_innovations_are_what_the_past_does_not_foresee():
    rng = np.random.default_rng(1)
    root = rng.standard_normal((6, 6))
    covariance, x = root @ root.T + np.eye(6), rng.standard_normal(6)
    by_hand = []
    for t in range(6):
        gain = np.linalg.solve(covariance[:t, :t], covariance[:t, t]) if t else np.zeros(0)
        sd = np.sqrt(covariance[t, t] - gain @ covariance[:t, t])
        by_hand.append((x[t] - gain @ x[:t]) / sd)
    found = innovations(covariance, x)
    np.testing.assert_allclose(found, by_hand / np.sqrt(np.mean(np.square(by_hand))))
    assert (found**2).mean() == pytest.approx(1)


def test_the_filter_is_the_sum_over_every_path():
    at, still, ahead = volatility._nodes(S)
    new = np.array([0.4, -2.0, 1.3])
    offsets = np.linspace(-VOLATILITY_OFFSETS, VOLATILITY_OFFSETS, VOLATILITY_NODES)
    expected = np.zeros((VOLATILITY_NODES, VOLATILITY_NODES))
    for a, b, c in product(range(VOLATILITY_NODES), repeat=3):
        prior = still[a] * ahead[a, b] * ahead[b, c]
        seen_at = norm.pdf(new[:, None], 0, np.exp(offsets + at[[a, b, c]][:, None]))
        expected[:, c] += prior * seen_at.prod(0)
    np.testing.assert_allclose(filtered(new, S), expected / expected.sum(), atol=1e-12)


def test_ranks_of_the_next_size_are_uniform_on_worlds_of_the_prior():
    """The scale is unknown: only the sum of offset and h can be, which shifts with the mean square of what is new."""
    rng, ranks, draws = np.random.default_rng(2), [], 200
    for _ in range(400):
        h = path(rng, 41)
        new = np.exp(h[:-1]) * rng.standard_normal(40)
        size = np.log(np.sqrt((new**2).mean()))
        found = seen(innovations(np.eye(40), new), S, rng.standard_normal((draws, 1)), rng)
        ranks.append((found.offset + found.ahead[:, 0] < h[-1] - size).mean())
    assert kstest(np.array(ranks) + rng.random(400) / draws, "uniform").pvalue > 1e-3
    assert abs(np.mean(ranks) - 0.5) < 4 / np.sqrt(12 * 400)


def test_stirred_times_are_seen():
    rng = np.random.default_rng(3)
    calm, stirred = rng.standard_normal(44), rng.standard_normal(44)
    stirred[-11:] *= 3
    common = rng.standard_normal((4000, 4))
    found = [seen(innovations(np.eye(44), x), S, common, rng) for x in (calm, stirred)]
    sizes = [np.exp(one.offset + one.ahead[:, 0]).mean() for one in found]
    assert sizes[1] > 1.25 * sizes[0]


def test_what_is_to_come_keeps_its_prior_and_is_partly_common_to_siblings():
    rng, n = np.random.default_rng(4), 40_000
    common = rng.standard_normal((n, 8))
    one, other = (to_come(VOLATILITY_SD * rng.standard_normal(n), S, common, rng) for _ in range(2))
    assert one.std(0) == pytest.approx(VOLATILITY_SD, rel=0.03)
    assert np.corrcoef(one[:, 3], one[:, 4])[0, 1] == pytest.approx(kept(S), abs=0.02)
    new = [x[:, 1:] - kept(S) * x[:, :-1] for x in (one, other)]
    assert np.corrcoef(new[0].ravel(), new[1].ravel())[0, 1] == pytest.approx(VOLATILITY_COMMON, abs=0.03)
