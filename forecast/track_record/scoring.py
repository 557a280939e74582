"""Scores of forecasts given as draws, and of probabilities of an event: pure functions of arrays.

Draws are in the first axis; every further axis is a case, and scores come a case each, in the unit of the draws. Lower
is better everywhere. NaN in draws or outcomes is refused: compared with a threshold it would silently count as missed.

Invariant: every score is proper, that is, in expectation lowest for the distribution that the outcome comes from
(held by ``tests/test_scoring.py``, which also holds them to closed forms, to brute force and to published values).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from forecast.dims import Floats
from forecast.errors import NonFiniteError

type Bools = npt.NDArray[np.bool_]

CLIP: Final = 0.005
"""Probabilities are held within [CLIP, 1 - CLIP] for the log score: a few hundred draws cannot tell less from zero,
and one surprise must not decide a comparison by itself. The worst score is -log(CLIP) = 5.3."""
TENTHS: Final[Floats] = np.linspace(0.0, 1.0, 11)
"""Edges of ten equal classes of probability."""


def _finite(name: str, *values: npt.ArrayLike) -> list[Floats]:
    arrays: list[Floats] = [np.asarray(value, dtype=np.float64) for value in values]
    if not all(np.isfinite(array).all() for array in arrays):
        raise NonFiniteError(f"{name}: a draw, an outcome or a probability is NaN or infinite")
    return arrays


def crps(draws: npt.ArrayLike, outcome: npt.ArrayLike, *, fair: bool = False) -> Floats:
    """Continuous ranked probability score.

    Parameters
    ----------
    draws : (draw, ...), exchangeable
    outcome : (...), broadcast against the cases
    fair : False, the score of the draws as a distribution of their own (>= 0); True, an unbiased estimate of the score
        of the distribution that they were drawn from, which for few draws is lower and may be below 0; two are needed

    Returns
    -------
    array (...), in the unit of the draws; the absolute error for one draw

    Raises
    ------
    NonFiniteError
        A draw or an outcome is NaN or infinite.
    ValueError
        There is no draw, or ``fair`` with a single one.

    Notes
    -----
    ``E|X - y| - E|X - X'| / 2`` (Gneiting and Raftery 2007), the second term from sorted draws; the fair form divides
    by n(n - 1) in place of n^2 (Ferro 2014).
    """
    x, y = _finite("crps", draws, outcome)
    n = len(x)
    if n < 1 + fair:
        raise ValueError(f"{n} draws are too few")
    rank = (2.0 * np.arange(1, n + 1) - n - 1).reshape(n, *[1] * (x.ndim - 1))
    spread = (rank * np.sort(x, axis=0)).sum(axis=0) / (n * (n - 1 if fair else n))
    return np.asarray(np.abs(x - y).mean(axis=0) - spread)


def threshold_weighted_crps(
    draws: npt.ArrayLike, outcome: npt.ArrayLike, *, low: npt.ArrayLike = -np.inf, high: npt.ArrayLike = np.inf
) -> Floats:
    """CRPS that counts only what happens between two thresholds: how well the part that decides is forecast.

    Parameters
    ----------
    draws : (draw, ...); for a benchmark that moves too, draws of the gap to it, paired
    low, high : (...), or a number; infinite for no bound

    Returns
    -------
    array (...), in the unit of the draws; at most ``high - low``; 0 where draws and outcome lie on the same side

    Raises
    ------
    NonFiniteError
        A draw or an outcome is NaN or infinite.
    ValueError
        A lower threshold is above its upper one.

    Notes
    -----
    ``integral over [low, high] of (F(z) - 1{y <= z})^2 dz``, which is the CRPS of draws and outcome moved into the
    interval (Gneiting and Ranjan 2011; Allen, Ginsbourger and Ziegel 2023).
    """
    x, y = _finite("threshold-weighted crps", draws, outcome)
    below, above = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    if not np.all(below <= above):
        raise ValueError("the lower threshold is above the upper one")
    return crps(np.clip(x, below, above), np.clip(y, below, above))


def _event(probability: npt.ArrayLike, event: npt.ArrayLike) -> tuple[Floats, Bools]:
    (p,) = _finite("probability", probability)
    if np.any(p < 0.0) or np.any(p > 1.0):
        raise ValueError("a probability is a fraction in [0, 1]")
    happened = np.asarray(event)
    if not np.isin(happened, (0, 1)).all():
        raise ValueError("an event has happened (1, True) or not (0, False)")
    return p, happened.astype(np.bool_)


def brier(probability: npt.ArrayLike, event: npt.ArrayLike) -> Floats:
    """Brier score: squared difference of probability and what happened, in [0, 1].

    Raises
    ------
    NonFiniteError, ValueError
        A probability is not a fraction, or an event neither 0 nor 1.
    """
    p, happened = _event(probability, event)
    return (p - happened) ** 2


def log_score(probability: npt.ArrayLike, event: npt.ArrayLike, *, clip: float = CLIP) -> Floats:
    """Log score: minus the natural logarithm of the probability of what happened.

    Parameters
    ----------
    clip : probabilities are moved into [clip, 1 - clip] first; 0 for none, and then the score may be infinite

    Raises
    ------
    NonFiniteError, ValueError
        A probability is not a fraction, or an event neither 0 nor 1.
    """
    p, happened = _event(probability, event)
    held = np.clip(p, clip, 1.0 - clip)
    with np.errstate(divide="ignore"):
        return -np.log(np.where(happened, held, 1.0 - held))


def covered(draws: npt.ArrayLike, outcome: npt.ArrayLike, *, interval_prob: float) -> Bools:
    """Whether the outcome lies in the central interval of that mass, bounds included, (...).

    Raises
    ------
    NonFiniteError
        A draw or an outcome is NaN or infinite.
    ValueError
        ``interval_prob`` is not between 0 and 1.
    """
    x, y = _finite("coverage", draws, outcome)
    if not 0.0 < interval_prob < 1.0:
        raise ValueError(f"interval_prob is a fraction in (0, 1), not {interval_prob}")
    low, high = np.quantile(x, [(1.0 - interval_prob) / 2, (1.0 + interval_prob) / 2], axis=0)
    return np.asarray((low <= y) & (y <= high))


def pit(draws: npt.ArrayLike, outcome: npt.ArrayLike, uniform: npt.ArrayLike) -> Floats:
    """Probability integral transform: place of the outcome among the draws, in [0, 1].

    Parameters
    ----------
    uniform : (...), a uniform number a case, which places the outcome within its rank and among equal draws

    Returns
    -------
    array (...); exactly uniform where outcome and draws come from one distribution, continuous or not

    Raises
    ------
    NonFiniteError
        A draw, an outcome or a uniform number is NaN or infinite.

    Notes
    -----
    ``(#{X < y} + u (1 + #{X = y})) / (n + 1)`` (Czado, Gneiting and Held 2009, for finitely many draws).
    """
    x, y, u = _finite("pit", draws, outcome, uniform)
    return np.asarray(((x < y).sum(axis=0) + u * (1 + (x == y).sum(axis=0))) / (len(x) + 1))


def pit_histogram(values: npt.ArrayLike, *, bins: int = 10) -> npt.NDArray[np.intp]:
    """Count of PIT values in equal classes, (bins,); flat for a calibrated forecaster."""
    (v,) = _finite("pit", values)
    return np.asarray(np.histogram(v, bins=bins, range=(0.0, 1.0))[0], dtype=np.intp)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reliability:
    """Probabilities beside the frequency of what they were given for, by class.

    edges : (class + 1,) bounds of the classes; a class has its lower bound, the last one also its upper
    count : (class,) cases; forecast, observed : (class,) mean probability and frequency, NaN for an empty class
    """

    edges: Floats
    count: npt.NDArray[np.intp]
    forecast: Floats
    observed: Floats

    @property
    def deviation(self) -> float:
        """Mean absolute deviation of forecast from observed, weighted by count, in [0, 1].

        Raises
        ------
        ValueError
            There is no case.
        """
        filled = self.count > 0
        if not filled.any():
            raise ValueError("no case to judge reliability by")
        miss = np.abs(self.forecast[filled] - self.observed[filled])
        return float(np.average(miss, weights=self.count[filled]))


def reliability(probability: npt.ArrayLike, event: npt.ArrayLike, *, edges: npt.ArrayLike = TENTHS) -> Reliability:
    """Reliability table over all cases together.

    Parameters
    ----------
    edges : rising bounds of the classes from 0 to 1; tenths by default, ``decile_edges`` for classes of equal count

    Raises
    ------
    NonFiniteError, ValueError
        A probability is not a fraction, an event neither 0 nor 1, or the edges do not rise from 0 to 1.
    """
    p, happened = _event(probability, event)
    bounds = np.asarray(edges, dtype=np.float64)
    if len(bounds) < 2 or bounds[0] != 0.0 or bounds[-1] != 1.0 or np.any(np.diff(bounds) <= 0):
        raise ValueError("edges rise from 0 to 1")
    classes = len(bounds) - 1
    at = np.minimum(np.searchsorted(bounds, p.ravel(), side="right") - 1, classes - 1)
    count = np.bincount(at, minlength=classes)
    with np.errstate(invalid="ignore"):
        forecast = np.bincount(at, p.ravel(), minlength=classes) / count
        observed = np.bincount(at, happened.ravel().astype(np.float64), minlength=classes) / count
    return Reliability(edges=bounds, count=count.astype(np.intp), forecast=forecast, observed=observed)


def decile_edges(probability: npt.ArrayLike) -> Floats:
    """Edges of ten classes with as equal counts as ties allow: equal probabilities stay in one class."""
    (p,) = _finite("probability", probability)
    inner = np.unique(np.quantile(p, TENTHS[1:-1])) if p.size else np.empty(0)
    return np.concatenate([[0.0], inner[(inner > 0.0) & (inner < 1.0)], [1.0]])


def skill(score: npt.ArrayLike, reference: npt.ArrayLike) -> float:
    """Skill of a forecaster over a reference on the same cases: 1 perfect, 0 no better, below 0 worse.

    Notes
    -----
    ``1 - mean(score) / mean(reference)``; where the reference is perfect there is no skill over it: 0 if the forecaster
    is perfect as well, else minus infinity.
    """
    ours, theirs = _finite("skill", score, reference)
    if ours.shape != theirs.shape or ours.size == 0:
        raise ValueError("scores are of the same cases, at least one")
    mean, base = float(ours.mean()), float(theirs.mean())
    if base == 0.0:
        return 0.0 if mean == 0.0 else -np.inf
    return 1.0 - mean / base


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """Ratio of two mean scores with its bootstrap interval; below 1 the first is better.

    clusters : how many groups of cases there were; below some 20 the interval is too narrow
    """

    ratio: float
    low: float
    high: float
    clusters: int


def paired_ratio(
    score: npt.ArrayLike,
    reference: npt.ArrayLike,
    cluster: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    replicates: int = 2000,
    interval_prob: float = 0.90,
) -> Ratio:
    """Ratio of mean scores on the same cases, with an interval by resampling whole clusters.

    Cases of one year share its shocks, so that they are not independent: whole clusters are drawn with replacement,
    for both forecasters alike.

    Parameters
    ----------
    score, reference : (case,); cluster : (case,) labels

    Raises
    ------
    NonFiniteError, ValueError
        A score is NaN, the cases do not match, or the reference is perfect.
    """
    ours, theirs = _finite("paired ratio", score, reference)
    labels, at = np.unique(np.asarray(cluster), return_inverse=True)
    if not ours.shape == theirs.shape == at.shape or ours.size == 0:
        raise ValueError("scores and clusters are of the same cases, at least one")
    a, b = (np.bincount(at, values, minlength=len(labels)) for values in (ours, theirs))
    if b.sum() == 0.0:
        raise ValueError("the reference is perfect: no ratio to it")
    picks = rng.integers(0, len(labels), (replicates, len(labels)))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = a[picks].sum(axis=1) / b[picks].sum(axis=1)
    tail = (1.0 - interval_prob) / 2
    low, high = np.quantile(ratios[~np.isnan(ratios)], [tail, 1.0 - tail], method="inverted_cdf")  # may be infinite
    return Ratio(ratio=float(a.sum() / b.sum()), low=float(low), high=float(high), clusters=len(labels))
