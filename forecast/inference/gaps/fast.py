"""The fast route: adaptive importance sampling of the hyperparameters of a family.

Nine numbers, eight shape parameters and the siblings' common scale, are sampled; every sibling's own scale is
integrated on a grid. Rounds of Sobol points, the first from the prior, the others from a Student t fitted to what was
learnt, until enough of them count; all points are weighted against the mixture of all rounds (deterministic-mixture
weights), so that none is wasted.

Invariant: the same family gives the same points and weights, whatever else is fitted (held by ``tests/test_fast.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import logsumexp
from scipy.stats import chi2, multivariate_normal, multivariate_t, norm, qmc

from forecast.dims import Floats
from forecast.inference.gaps.family import Family, scale_log_likelihood
from forecast.inference.priors import (
    ENOUGH_EFFECTIVE,
    FLATTENED_EFFECTIVE,
    LEAST_ROUNDS,
    MOST_ROUNDS,
    PROPOSAL_DOF,
    ROUND_POINTS,
    SCALE_GRID,
    SCALE_SD,
    SHAPE_CENTRE,
    SHAPE_SPREAD,
    UNIT_SCALE_SD,
)

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
