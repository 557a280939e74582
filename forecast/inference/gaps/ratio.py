"""Families whose figures have gaps: hyperparameters sampled, then paths of every place's ratio by Matheron's rule.

Invariant: given the hyperparameters, draws have the mean and covariance of the Gaussian posterior, and every path gives
the published figures, rounding and restatement apart (held by ``tests/test_ratio.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from forecast.dims import Floats
from forecast.inference.diagnostics import Diagnostics
from forecast.inference.gaps.family import Child, Family
from forecast.inference.gaps.fast import HyperDraws, sample_hyperparameters
from forecast.inference.model import Figures, Measurements, log_growth, shape_covariance
from forecast.inference.priors import CORRECTIONS, GAPS_LEAST_POINTS, HYPER_DRAWS, MET, VOLATILITY_SD
from forecast.inference.regular.incomplete import Drawn
from forecast.inference.volatility import to_come

type Method = Literal["fast", "auto", "nuts"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RatioDraws:
    """Structural draws of siblings.

    ratio : (draw, sibling, period), log index less the parent's
    hyper : hyperparameters behind them; None where shapes are weighted on a design
    drawn : figures of the siblings with what was missing drawn; empty where hyperparameters are sampled
    events : (sibling,) periods of the measurements' grid in which an event was found, in order of time
    recent : the same of what looks like one and is not over, which nothing but its name is made of
    """

    ratio: Floats
    diagnostics: Diagnostics
    hyper: HyperDraws | None = None
    drawn: tuple[Drawn, ...] = ()
    events: tuple[tuple[int, ...], ...] = ()
    recent: tuple[tuple[int, ...], ...] = ()


def sampled_family(
    family: Family,
    measurements: Measurements,
    *,
    method: Method,
    seed: int,
    rng: np.random.Generator,
    own: tuple[np.random.Generator, ...],
) -> RatioDraws:
    """Draws of the ratios of siblings whose hyperparameters are sampled.

    Parameters
    ----------
    rng : of the hyperparameters; own : of every sibling
    """
    hyper, diagnostics = _hyperparameters(family, method, rng, seed)
    common = rng.standard_normal((len(family.parent.draws), family.periods))
    drawn = []
    for i, child in enumerate(family.children):
        stirred = _stirred(family, child, common, own[i])
        drawn.append(draw_ratio(family, child, hyper.shape, hyper.scale[:, i], stirred=stirred, rng=own[i]))
    ratio = np.stack(drawn, axis=1)
    points = min(HYPER_DRAWS, diagnostics.effective_points or HYPER_DRAWS)
    window = (family.parent.draws[:, None] + ratio)[:, :, -2 * family.per_year :]
    weight = measurements.weight[[child.unit for child in family.children]]
    effective = _effective_draws(window, weight) * points / HYPER_DRAWS
    return RatioDraws(ratio=ratio, diagnostics=replace(diagnostics, effective_draws=effective), hyper=hyper)


def _hyperparameters(
    family: Family, method: Method, rng: np.random.Generator, seed: int
) -> tuple[HyperDraws, Diagnostics]:
    if method != "nuts" or not family.published:
        hyper = sample_hyperparameters(family, rng=rng, draws=HYPER_DRAWS)
        enough = hyper.effective >= GAPS_LEAST_POINTS or not family.published
        if enough or method != "auto":
            status = (
                "ok" if enough else f"failed: {hyper.effective:.1f} effective points, {GAPS_LEAST_POINTS:.0f} needed"
            )
            label = "nuts" if method == "nuts" else "fast"
            return hyper, Diagnostics(method=label, status=status, effective_points=hyper.effective)
    from forecast.inference.gaps.nuts import sample_reference  # PyMC takes seconds to import

    return sample_reference(family, rng=rng, seed=seed, draws=HYPER_DRAWS)


def _effective_draws(window: Floats, weight: Floats) -> float:
    """Effective number of draws behind full-year growth, the least over places.

    Draws of one hyperparameter point resemble each other: the spread of their means over points, against that of the
    draws, gives the number by batch means.

    Parameters
    ----------
    window : (draw, place, period of two years); weight : (place, per_year)
    """
    s = weight.shape[1]
    level = np.tile(weight, 2) * np.exp(window)
    growth = np.log(level[:, :, s:].sum(2)) - np.log(level[:, :, :s].sum(2))
    blocks = growth.reshape(HYPER_DRAWS, -1, growth.shape[1])
    ratio = growth.var(axis=0) / np.maximum(blocks.mean(axis=1).var(axis=0, ddof=1), 1e-300)
    return float(min((HYPER_DRAWS * ratio).min(), len(growth)))


def _stirred(family: Family, child: Child, common: Floats, rng: np.random.Generator) -> Floats:
    """Draws of how stirred the periods after a child's last figure are, 1 before, (draw, period)."""
    first = int(child.figures.time.max()) + 1 if child.published else family.periods - family.per_year
    now = VOLATILITY_SD * rng.standard_normal(len(common))
    out = np.ones(common.shape)
    out[:, first:] = np.exp(to_come(now, family.per_year, common[:, first:], rng))
    return out


def draw_ratio(
    family: Family, child: Child, shape: Floats, scale: Floats, *, stirred: Floats, rng: np.random.Generator
) -> Floats:
    """Draws of a child's ratio to its parent, given hyperparameters and the parent's draws.

    Matheron's rule: a prior path, corrected by the gain on what the figures say of it, and again until the figures
    follow from it without linearisation.

    Parameters
    ----------
    shape : (hyper, 8), scale : (hyper,); the draws are split evenly among them
    stirred : (draw, period), factor of what is new in a period

    Returns
    -------
    array (draw, period)
    """
    hypers, periods = len(shape), family.periods
    above = family.parent.draws.reshape(hypers, -1, periods)
    scale2 = scale[:, None, None] ** 2
    prior = scale2 * shape_covariance(shape, periods, family.per_year, root=family.root) + child.fixed
    factor = np.linalg.cholesky(prior + 1e-12 * np.eye(periods))
    new = rng.standard_normal(above.shape) * stirred.reshape(above.shape)
    path: Floats = child.mean + new @ factor.swapaxes(1, 2)
    if child.published:
        linear = child.linear
        cross = linear.matrix @ prior
        restated = scale2[:, 0] * np.exp(2 * shape[:, -1, None]) * linear.restated
        variance = linear.noise_variance + restated
        total = cross @ linear.matrix.T
        total[:, range(total.shape[1]), range(total.shape[1])] += variance
        noise = rng.standard_normal((*above.shape[:2], len(linear.target))) * np.sqrt(variance)[:, None, :]
        path = _meet(child.figures, above, path, np.linalg.solve(total, cross), noise)
    return path.reshape(-1, periods)


def _meet(figures: Figures, above: Floats, ratio: Floats, gain: Floats, noise: Floats) -> Floats:
    """Ratios corrected until the published growth follows from them, the noise apart.

    Growth is not linear in the index: one gain leaves points where growth swings by tens of points within a year. A
    correction is cut for the draws that it would make worse.

    Parameters
    ----------
    above, ratio : (hyper, draw, period); gain : (hyper, n, period); noise : (hyper, draw, n)
    """
    size = np.ones((*ratio.shape[:2], 1))
    misfit = figures.log_growth - log_growth(above + ratio, figures) - noise
    for _ in range(CORRECTIONS):
        trial = ratio + size * (misfit @ gain)
        with np.errstate(all="ignore"):  # a step too far overflows, is worse, and is not taken
            missed = figures.log_growth - log_growth(above + trial, figures) - noise
        better = (missed**2).sum(-1, keepdims=True) < (misfit**2).sum(-1, keepdims=True)
        ratio, misfit = np.where(better, trial, ratio), np.where(better, missed, misfit)
        if np.abs(misfit).max() < MET:
            break
        size = np.where(better, 1.0, size / 4)
    return ratio
