"""Whether numbers that should be uniform are: tests of ranks and PIT values, and bands around what chance allows.

Two tests, because they see different things: chi-square over equal classes sees any shape, coarsely; the simultaneous
envelope of the empirical distribution sees small shifts and spreads that persist over many classes.

Invariant: on exactly uniform numbers each test rejects as often as it says (held by ``tests/test_uniformity.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import binom, chisquare

from forecast.dims import Floats
from forecast.errors import NonFiniteError

CLASSES: Final = 10
"""Classes of the chi-square test."""
POINTS: Final = 50
"""Points at which the empirical distribution is held against its envelope."""
SIMULATIONS: Final = 20_000
"""Uniform samples behind the envelope: the Monte Carlo error of a p-value of .01 is .0007."""


def rank(draws: npt.ArrayLike, truth: npt.ArrayLike, uniform: npt.ArrayLike) -> Floats:
    """Place of the truth among posterior draws, in [0, 1]; uniform where the truth is one more draw.

    Parameters
    ----------
    draws : (draw, ...); truth : (...); uniform : (...), places the truth within its rank and among equal draws

    Notes
    -----
    ``(#{X < t} + u (1 + #{X = t})) / (n + 1)`` (Talts et al. 2018, ranks made continuous).

    Raises
    ------
    NonFiniteError
        A draw or a truth is NaN or infinite.
    """
    x, y, u = (np.asarray(a, dtype=np.float64) for a in (draws, truth, uniform))
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise NonFiniteError("rank: a draw or a truth is NaN or infinite")
    return np.asarray(((x < y).sum(axis=0) + u * (1 + (x == y).sum(axis=0))) / (len(x) + 1))


def chi_square(values: npt.ArrayLike, *, classes: int = CLASSES) -> float:
    """P-value of the chi-square test that numbers in [0, 1] are uniform, over equal classes."""
    counts = np.histogram(np.asarray(values, dtype=np.float64), bins=classes, range=(0.0, 1.0))[0]
    return float(chisquare(counts).pvalue)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Envelope:
    """Simultaneous band of the empirical distribution of ``n`` uniform numbers.

    at : (point,) where it is evaluated; low, high : (point,) bounds, shares
    """

    at: Floats
    low: Floats
    high: Floats


@lru_cache(maxsize=16)
def _distances(n: int) -> Floats:
    """Sorted distances (as ``ecdf_distance``) of simulated uniform samples of ``n``."""
    rng = np.random.default_rng(n)
    at = np.arange(1, POINTS) / POINTS
    out = np.empty(SIMULATIONS)
    for block in np.array_split(np.arange(SIMULATIONS), max(1, SIMULATIONS * POINTS // 5_000_000 + 1)):
        counts = rng.multinomial(n, np.full(POINTS, 1 / POINTS), size=len(block)).cumsum(1)[:, :-1]
        out[block] = _tails(counts, n, at).min(1)
    return np.sort(out)


@lru_cache(maxsize=16)
def _tail_table(n: int) -> Floats:
    """Two-sided tail probability of every count at every point, (point, count)."""
    at = (np.arange(1, POINTS) / POINTS)[:, None]
    count = np.arange(n + 1)[None, :]
    return 2 * np.minimum(binom.cdf(count, n, at), binom.sf(count - 1, n, at))


def _tails(counts: npt.NDArray[np.intp], n: int, at: Floats) -> Floats:
    return _tail_table(n)[np.arange(len(at)), counts]


def ecdf_distance(values: npt.ArrayLike) -> float:
    """Least two-sided binomial tail probability of the empirical distribution over its points; small is far."""
    v = np.asarray(values, dtype=np.float64)
    at = np.arange(1, POINTS) / POINTS
    counts = (v[:, None] <= at).sum(0)
    return float(_tails(counts, len(v), at).min())


def ecdf_test(values: npt.ArrayLike) -> float:
    """P-value of the simultaneous test that the empirical distribution is that of uniform numbers.

    Notes
    -----
    Säilynoja, Bürkner and Vehtari (2022), Graphical test for discrete uniformity, by simulation.
    """
    v = np.asarray(values, dtype=np.float64)
    known = _distances(len(v))
    below = np.searchsorted(known, ecdf_distance(v) * (1 + 1e-12), side="right")
    return float((below + 1) / (len(known) + 1))


def envelope(n: int, *, prob: float = 0.95) -> Envelope:
    """Band that the whole empirical distribution of ``n`` uniform numbers keeps with probability ``prob``."""
    gamma = float(np.quantile(_distances(n), 1 - prob))
    at = np.arange(1, POINTS) / POINTS
    low, high = binom.ppf(gamma / 2, n, at), binom.ppf(1 - gamma / 2, n, at)
    return Envelope(at=at, low=low / n, high=high / n)


def binomial_band(n: int, share: float, *, prob: float = 0.9) -> tuple[float, float]:
    """Central band of an observed share of ``n`` independent cases whose probability is ``share``."""
    if n <= 0:
        return 0.0, 1.0
    tail = (1 - prob) / 2
    return float(binom.ppf(tail, n, share) / n), float(binom.ppf(1 - tail, n, share) / n)
