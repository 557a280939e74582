"""Fit an indicator: family by family down the chain of places, then draws of every index.

The nation first; then the province given the nation's draws, the cities given the province's, and so on: draw number i
is the same world in every place, so that common movements stay common.

Invariant: a place's draws never depend on its siblings' or children's presence, except through the shape that siblings
share (held by ``tests/test_sampling.py``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from forecast.diagnostics import Diagnostics, worst
from forecast.dims import Floats
from forecast.family import Child, Family, Parent, prepare
from forecast.fast import HyperDraws, sample_hyperparameters, systematic
from forecast.model import Figures, Measurements, log_growth, shape_covariance

__all__ = ["Diagnostics", "Method", "Posterior", "fit", "stream", "systematic"]

type Method = Literal["fast", "nuts"]

HYPER_DRAWS: Final = 250
"""Hyperparameter draws an indicator's paths are drawn from; the paths of one share a factorisation."""
CORRECTIONS: Final = 6
"""Corrections of every path: what is left is below the rounding of published figures after three or four."""
MET: Final = 1e-5
"""Misfit, log points, at which corrections stop: a hundredth of a published digit."""
LEAST_POINTS: Final = 10.0
"""Effective points below which the fast route is not to be relied on."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Posterior:
    """Joint draws of the log index of one indicator.

    index : (draw, unit, period of the last two years), log points; the last ``per_year`` are the target year
    shape : {parent index: (hyper, 7)}, scale : {unit index: (hyper,)}
    """

    measurements: Measurements
    index: Floats
    shape: dict[int, Floats]
    scale: dict[int, Floats]
    diagnostics: Diagnostics


def stream(seed: int, *names: str) -> np.random.Generator:
    """Random stream of an entity: depends on the seed and the names alone, never on what else is drawn."""
    key = hashlib.sha256("\x1f".join(names).encode()).digest()
    return np.random.default_rng([seed, *np.frombuffer(key, dtype="<u4").tolist()])


def fit(
    measurements: Measurements,
    *,
    method: Method,
    seed: int,
    name: str,
    draws: int,
    progress: Callable[[str], None] = lambda _: None,
) -> Posterior:
    """Posterior draws of the index of all places of an indicator.

    Parameters
    ----------
    method : "fast" (adaptive importance sampling) or "nuts" (PyMC's marginal model, the reference)
    name : of the indicator; keys its random streams
    draws : a multiple of ``HYPER_DRAWS``
    """
    periods, per_year = measurements.periods, measurements.per_year
    index = np.empty((draws, len(measurements.units), periods))
    shape: dict[int, Floats] = {}
    scale: dict[int, Floats] = {}
    gates: list[Diagnostics] = []
    for group in measurements.siblings():
        above = measurements.parent[group[0]]
        parent = Parent.none(draws, periods) if above < 0 else Parent.of(index[:, above])
        family = prepare(measurements, group, parent, root=above < 0)
        label = "root" if above < 0 else measurements.units[above]
        hyper, diagnostics = _hyperparameters(family, method, stream(seed, name, label), seed)
        gates.append(diagnostics)
        shape[above] = hyper.shape
        for i, child in enumerate(family.children):
            progress(measurements.units[child.unit])
            rng = stream(seed, name, label, measurements.units[child.unit])
            scale[child.unit] = hyper.scale[:, i]
            index[:, child.unit] = parent.draws + draw_ratio(family, child, hyper.shape, hyper.scale[:, i], rng=rng)
    window = np.ascontiguousarray(index[:, :, -2 * per_year :])
    diagnostics = worst(gates, len(measurements.unit))
    effective = _effective_draws(window, measurements, min(HYPER_DRAWS, diagnostics.effective_points or HYPER_DRAWS))
    return Posterior(
        measurements=measurements,
        index=window,
        shape=shape,
        scale=scale,
        diagnostics=replace(diagnostics, effective_draws=effective),
    )


def _effective_draws(window: Floats, measurements: Measurements, points: float) -> float:
    """Effective number of draws behind full-year growth, the least over places.

    Draws of one hyperparameter point resemble each other: the spread of their means over points, against that of the
    draws, gives the number by batch means; points that importance weights repeat count once.
    """
    level = np.tile(measurements.weight, 2) * np.exp(window)
    s = measurements.per_year
    growth = np.log(level[:, :, s:].sum(2)) - np.log(level[:, :, :s].sum(2))
    blocks = growth.reshape(HYPER_DRAWS, -1, growth.shape[1])
    ratio = growth.var(axis=0) / np.maximum(blocks.mean(axis=1).var(axis=0, ddof=1), 1e-300)
    return float(min((HYPER_DRAWS * ratio).min(), len(growth)) * points / HYPER_DRAWS)


def _hyperparameters(
    family: Family, method: Method, rng: np.random.Generator, seed: int
) -> tuple[HyperDraws, Diagnostics]:
    if method == "nuts" and family.published:
        from forecast.reference import sample_reference  # PyMC takes seconds to import

        return sample_reference(family, rng=rng, seed=seed, draws=HYPER_DRAWS)
    hyper = sample_hyperparameters(family, rng=rng, draws=HYPER_DRAWS)
    enough = hyper.effective >= LEAST_POINTS or not family.published
    status = "ok" if enough else f"failed: {hyper.effective:.1f} effective points, {LEAST_POINTS:.0f} needed"
    return hyper, Diagnostics(method="fast", status=status, effective_points=hyper.effective)


def draw_ratio(family: Family, child: Child, shape: Floats, scale: Floats, *, rng: np.random.Generator) -> Floats:
    """Draws of a child's ratio to its parent, given hyperparameters and the parent's draws.

    Matheron's rule: a prior path, corrected by the gain on what the figures say of it, and again until the figures
    follow from it without linearisation.

    Parameters
    ----------
    shape : (hyper, 7), scale : (hyper,); the draws are split evenly among them

    Returns
    -------
    array (draw, period)
    """
    hypers, periods = len(shape), family.periods
    above = family.parent.draws.reshape(hypers, -1, periods)
    scale2 = scale[:, None, None] ** 2
    prior = scale2 * shape_covariance(shape, periods, family.per_year) + child.fixed
    factor = np.linalg.cholesky(prior + 1e-12 * np.eye(periods))
    path: Floats = child.mean + rng.standard_normal(above.shape) @ factor.swapaxes(1, 2)
    if child.published:
        linear = child.linear
        cross = linear.matrix @ prior
        restated = scale2[:, 0] * np.exp(2 * shape[:, 6, None]) * linear.restated
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
