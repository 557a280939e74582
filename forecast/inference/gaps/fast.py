"""The fast route: adaptive importance sampling of the hyperparameters of a family.

Nine numbers, eight shape parameters and the siblings' common scale, are sampled; every sibling's own scale is
integrated on a grid. Rounds of Sobol points, the first from the prior, the others from a Student t fitted to what was
learnt, until enough of them count; all points are weighted against the mixture of all rounds (deterministic-mixture
weights), so that none is wasted.

Invariant: the same family gives the same points and weights, whatever else is fitted (held by ``tests/test_fast.py``).

Families whose figures have gaps: hyperparameters sampled, then paths of every place's ratio by Matheron's rule.

Invariant: given the hyperparameters, draws have the mean and covariance of the Gaussian posterior, and every path gives
the published figures, rounding and restatement apart (held by ``tests/test_ratio.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from scipy.special import logsumexp
from scipy.stats import chi2, multivariate_normal, multivariate_t, norm, qmc

from forecast.dims import Floats
from forecast.inference.diagnostics import Diagnostics
from forecast.inference.gaps.family import Child, Family, scale_log_likelihood
from forecast.inference.model import Figures, Measurements, log_growth, shape_covariance
from forecast.inference.priors import (
    CORRECTIONS,
    ENOUGH_EFFECTIVE,
    FLATTENED_EFFECTIVE,
    GAPS_LEAST_POINTS,
    HYPER_DRAWS,
    LEAST_ROUNDS,
    MET,
    MOST_ROUNDS,
    PROPOSAL_DOF,
    ROUND_POINTS,
    SCALE_GRID,
    SCALE_SD,
    SHAPE_CENTRE,
    SHAPE_SPREAD,
    UNIT_SCALE_SD,
    VOLATILITY_SD,
)
from forecast.inference.regular.incomplete import Drawn
from forecast.inference.volatility import to_come

SHAPES: Final = len(SHAPE_CENTRE)
PRIOR_MEAN: Final = np.append(SHAPE_CENTRE, 0.0)
PRIOR_SD: Final = np.append(SHAPE_SPREAD, SCALE_SD)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HyperDraws:
    """Posterior draws of the hyperparameters of a family.

    shape : (hyper, 8); scale : (hyper, child), log points a period; children without figures have draws too
    effective : effective number of points behind the draws
    """

    shape: Floats
    scale: Floats
    effective: float


def sample_hyperparameters(family: Family, *, rng: np.random.Generator, draws: int) -> HyperDraws:
    """Posterior draws of shape and scales by adaptive importance sampling.

    Notes
    -----
    Deterministic-mixture weights: Owen and Zhou (2000), Safe and effective importance sampling.
    """
    log_unit = _unit_scale_log_prior
    sobol = qmc.Sobol(len(PRIOR_MEAN) + 1, rng=np.random.default_rng(7))
    proposals: list[tuple[Floats, Floats] | None] = [None]
    points = np.empty((0, len(PRIOR_MEAN)))
    likelihood = np.empty((0, len(family.published), len(SCALE_GRID)))
    for round_ in range(MOST_ROUNDS):
        new = _propose(np.clip(sobol.random(ROUND_POINTS), 1e-9, 1 - 1e-9), proposals[round_])
        points = np.concatenate([points, new])
        likelihood = np.concatenate([likelihood, scale_log_likelihood(family, new[:, :SHAPES])])
        log_target = _log_prior(points) + logsumexp(likelihood + log_unit(points[:, SHAPES])[:, None, :], axis=2).sum(1)
        log_weight = log_target - logsumexp([_log_density(points, p) for p in proposals], axis=0)
        weight = np.exp(log_weight - logsumexp(log_weight))
        if round_ + 1 >= LEAST_ROUNDS and 1 / (weight**2).sum() >= ENOUGH_EFFECTIVE:
            break
        proposals.append(_fit_proposal(points, log_weight))
    chosen = systematic(weight, draws, rng)
    scale = _draw_scales(family, points[chosen], likelihood[chosen], rng)
    return HyperDraws(shape=points[chosen, :SHAPES], scale=scale, effective=float(1 / (weight**2).sum()))


def _unit_scale_log_prior(log_common: Floats) -> Floats:
    """Log prior mass of every scale of the grid given the common scale, (point, scale)."""
    z = (np.log(SCALE_GRID) - log_common[:, None]) / UNIT_SCALE_SD
    log_mass = -0.5 * z**2
    return log_mass - logsumexp(log_mass, axis=1, keepdims=True)


def _log_prior(points: Floats) -> Floats:
    return -0.5 * (((points - PRIOR_MEAN) / PRIOR_SD) ** 2).sum(1)


def _propose(uniform: Floats, proposal: tuple[Floats, Floats] | None) -> Floats:
    """Points of a round: from the prior, or from the Student t with this mean and covariance factor."""
    z = norm.ppf(uniform[:, :-1])
    if proposal is None:
        return PRIOR_MEAN + PRIOR_SD * z
    mean, covariance = proposal
    heavy = np.sqrt(PROPOSAL_DOF / chi2.ppf(uniform[:, -1:], PROPOSAL_DOF))
    return mean + heavy * (z @ np.linalg.cholesky(covariance).T)


def _log_density(points: Floats, proposal: tuple[Floats, Floats] | None) -> Floats:
    if proposal is None:
        return multivariate_normal(PRIOR_MEAN, np.diag(PRIOR_SD**2)).logpdf(points)
    mean, covariance = proposal
    return multivariate_t.logpdf(points, mean, covariance, df=PROPOSAL_DOF)


def _fit_proposal(points: Floats, log_weight: Floats) -> tuple[Floats, Floats]:
    """Mean and covariance of the weighted points, the weights flattened until enough of them count."""
    power = 1.0
    while True:
        w = np.exp(power * log_weight - logsumexp(power * log_weight))
        if 1 / (w**2).sum() >= FLATTENED_EFFECTIVE or power < 0.02:
            break
        power *= 0.8
    mean = w @ points
    centred = points - mean
    covariance = (w[:, None] * centred).T @ centred
    return mean, covariance + np.diag((0.15 * PRIOR_SD) ** 2)


def systematic(weight: Floats, n: int, rng: np.random.Generator) -> np.ndarray:
    """Systematic resampling, in random order: n positions, each as often as its weight says, within one."""
    edges = np.cumsum(weight)
    edges[-1] = 1.0
    return rng.permutation(np.searchsorted(edges, (rng.random() + np.arange(n)) / n))


def _draw_scales(family: Family, points: Floats, likelihood: Floats, rng: np.random.Generator) -> Floats:
    """Scales of all children given the points, (point, child)."""
    log_prior = _unit_scale_log_prior(points[:, SHAPES])
    step = np.log(SCALE_GRID[1] / SCALE_GRID[0])
    out = np.empty((len(points), len(family.children)))
    published = iter(range(likelihood.shape[1]))
    for i, child in enumerate(family.children):
        log_mass = log_prior + likelihood[:, next(published), :] if child.published else log_prior
        mass = np.exp(log_mass - log_mass.max(1, keepdims=True))
        edges = np.cumsum(mass, axis=1)
        pick = (edges < rng.random((len(points), 1)) * edges[:, -1:]).sum(1)
        out[:, i] = family.scale * SCALE_GRID[pick] * np.exp(step * (rng.random(len(points)) - 0.5))
    return out


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
