"""Further points of the design where too few count: around what a place's figures say, weighted against all points.

The design is a sample of the prior. Where the figures of a place leave only a handful of its points, further ones are
drawn from a Student t fitted to the weights of that place, and every point, old or new, is weighted by the prior over
the mixture that all of them come from.

Invariant: with further points the posterior is the same, known better (held by ``tests/test_refine.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from scipy.special import logsumexp
from scipy.stats import chi2, multivariate_normal, multivariate_t, norm, qmc

from forecast.dims import Floats
from forecast.inference.factors import DESIGN_CENTRE, DESIGN_SPREAD, Factors, decomposed, together
from forecast.inference.learning import Evidence, Learnt, joined, weighted

__all__ = ["ENOUGH_POINTS", "refined"]

ENOUGH_POINTS: Final = 10.0
"""Effective points of a place below which further ones are drawn: one place in a hundred of the public panels, where
the season varies much from year to year (hotel nights), or growth is very smooth (employment)."""
NEW_POINTS: Final = 64
"""Points a round: every point takes half a millisecond."""
MOST_ROUNDS: Final = 4
PROPOSAL_DOF: Final = 5.0
LEAST_EFFECTIVE: Final = 12.0
"""Effective points below which weights are flattened before a proposal is fitted to them."""
LEAST_SPREAD: Final = 0.2
"""Least sd of a proposal, in prior sds."""

type Proposal = tuple[Floats, Floats]


def refined(known: Factors, evidence_at: Callable[[Factors], Evidence]) -> tuple[Factors, Learnt]:
    """The design, with further points where too few count, and what is learnt on it."""
    shapes, log_ratio, proposals = known.shapes, known.log_ratio, list[Proposal]()
    designs, found = [known], [evidence_at(known)]
    learnt = weighted(found[0], shapes, log_ratio)
    sobol = qmc.Sobol(shapes.shape[1] + 1, rng=np.random.default_rng(11))
    while len(proposals) < MOST_ROUNDS and (weak := learnt.effective_points < ENOUGH_POINTS).any():
        proposals.append(_proposal(shapes, learnt.weight[:, :, weak].sum(1)))
        designs.append(decomposed(_drawn(sobol.random(NEW_POINTS), proposals[-1]), known.grid))
        found.append(evidence_at(designs[-1]))
        shapes = np.concatenate([shapes, designs[-1].shapes])
        log_ratio = _log_ratio(shapes, len(known.shapes), proposals)
        learnt = weighted(joined(found), shapes, log_ratio)
    return (together(designs, log_ratio) if proposals else known), learnt


def _proposal(shapes: Floats, weights: Floats) -> Proposal:
    """Mean and covariance of the shapes of some places, each one's weights flattened until enough of them count.

    Parameters
    ----------
    shapes : (point, 6); weights : (point, place)
    """
    flat = np.stack([_flattened(one) for one in weights.T]).mean(0)
    mean = flat @ shapes
    centred = shapes - mean
    return mean, (flat[:, None] * centred).T @ centred + np.diag((LEAST_SPREAD * DESIGN_SPREAD) ** 2)


def _flattened(weight: Floats) -> Floats:
    log_weight = np.log(weight + 1e-300)
    power = 1.0
    while 1 / (weight**2).sum() < LEAST_EFFECTIVE and power > 0.02:
        power *= 0.8
        weight = np.exp(power * log_weight - logsumexp(power * log_weight))
    return weight


def _drawn(uniform: Floats, proposal: Proposal) -> Floats:
    """Points of a Student t: uniform (n, 7) -> (n, 6)."""
    mean, covariance = proposal
    u = np.clip(uniform, 1e-6, 1 - 1e-6)
    heavy = np.sqrt(PROPOSAL_DOF / chi2.ppf(u[:, -1:], PROPOSAL_DOF))
    return mean + heavy * (norm.ppf(u[:, :-1]) @ np.linalg.cholesky(covariance).T)


def _log_ratio(shapes: Floats, base: int, proposals: list[Proposal]) -> Floats:
    """Log of the prior's density over that of the mixture: ``base`` points of the prior and those of the proposals."""
    log_prior = multivariate_normal(DESIGN_CENTRE, np.diag(DESIGN_SPREAD**2)).logpdf(shapes)
    parts = [np.log(base) + log_prior]
    for mean, covariance in proposals:
        parts.append(np.log(NEW_POINTS) + multivariate_t.logpdf(shapes, mean, covariance, df=PROPOSAL_DOF))
    return log_prior - logsumexp(parts, axis=0) + np.log(len(shapes))
