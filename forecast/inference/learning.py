"""What figures on a regular grid say of shape, noise ratio and scale: weights of the points of the design.

For every place the log index, or its ratio to its parent's, is ``x ~ N(0, s^2 (K_x(shape) + rho^2 N0))``. With
``q = x' (K_x + rho^2 N0)^-1 x``, ``s^2 | rho ~ InvGamma(a0, b)``, ``b = a0 c^2 / (1 + rho^2 v)``,

    log p(x | shape, rho) = a0 log b - (a0 + T/2) log(b + q/2) - 1/2 log det + const.

``c`` is the robust scale that the figures show, noise and all, ``v`` what noise adds to it (``noise_in_changes``): the
prior of the scale is centred on what the noise leaves of ``c``. Centred on ``c`` itself, it would keep out the scale of
a place whose figures move by rounding more than by growth.

Siblings share a prior of their shapes, learnt from them by EM.

Invariant: weights are those of the dense multivariate normal with the scale integrated numerically
(held by ``tests/test_regular.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from forecast.dims import Floats
from forecast.inference.factors import (
    DESIGN_CENTRE,
    DESIGN_SPREAD,
    NOISE_RATIOS,
    Factors,
    Grid,
    noise_in_changes,
)
from forecast.inference.incomplete import integrated_out

__all__ = [
    "POOL_SPREAD",
    "REVISED",
    "REVISED_SD",
    "ROUNDING_SD",
    "SCALE_SHAPE",
    "Evidence",
    "Learnt",
    "changes",
    "evidence",
    "joined",
    "learn",
    "robust_scale",
    "weighted",
]

SCALE_SHAPE: Final = 2.0
"""a0: the robust scale weighs as four figures."""
LEAST_SCALE: Final = 1e-5
ROUNDING_SD: Final = 0.35
"""Prior sd of the log of the noise's sd around rounding, which is known but for dependence of the figures."""
REVISED: Final = 0.25
"""Prior probability that figures are revised on top of rounding; the log of how much is half normal with
``REVISED_SD``. Both as the public panels have it, scored years included."""
REVISED_SD: Final = 1.5
UNLIKELY: Final = -3.5
"""Log of the noise's sd over that of rounding that needs no computing: ten prior sds."""
POOL: Final = 5.0
"""Siblings that the prior of the shapes weighs as much as, when the siblings' own is learnt."""
POOL_SPREAD: Final = 0.8
"""Spread of siblings' shapes around their own mean, over that of all places: with a narrower one, learnt or not, the
public panels score the same and fewer points of the design count."""
POOL_STEPS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """Marginal likelihood of the figures of siblings at points of the design.

    log_mass : (point, ratio, sibling), log likelihood and prior of the noise, up to a constant of the sibling
    rotated : (point, T, sibling), W x; quadratic : (point, ratio, sibling), q; prior_scale2 : (ratio, sibling), b
    figures : (sibling,), int, how many there are
    """

    log_mass: Floats
    rotated: Floats
    quadratic: Floats
    prior_scale2: Floats
    figures: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learnt:
    """Posterior of shape, noise ratio and scale of siblings.

    weight : (point, ratio, sibling), posterior mass, sums to 1 for a sibling
    rotated : (point, T, sibling), W x; quadratic : (point, ratio, sibling), q; prior_scale2 : (ratio, sibling), b
    figures : (sibling,), int, what they were learnt from
    """

    weight: Floats
    rotated: Floats
    quadratic: Floats
    prior_scale2: Floats
    figures: np.ndarray

    @property
    def effective_points(self) -> Floats:
        """Effective number of points of the design, (sibling,)."""
        return 1 / (self.weight.sum(1) ** 2).sum(0)


def changes(grid: Grid, missing: np.ndarray) -> np.ndarray:
    """Whether a change of year-on-year growth is seen: its three figures are published, (T - per_year - 1,), bool.

    missing : (g,) positions of the gaps
    """
    there = np.ones(grid.observed, dtype=bool)
    there[missing] = False
    seen = there[2:] & there[1:-1] & there[:-2]
    return seen[grid.per_year - 1 :]


def robust_scale(index: Floats, per_year: int, seen: np.ndarray | None = None) -> Floats:
    """Scale that changes of year-on-year growth show, whatever a few of them do: index (T, unit) -> (unit,).

    seen : (T - per_year - 1, unit) bool, changes that count; all where there is none
    """
    change = np.abs(np.diff(index[per_year:] - index[:-per_year], axis=0))
    middle = np.median(change, axis=0) if seen is None else np.nanmedian(np.where(seen, change, np.nan), axis=0)
    return np.maximum(middle * 1.4826 / np.sqrt(2), LEAST_SCALE)


def evidence(
    known: Factors, index: Floats, rounding_sd: Floats, missing: Sequence[np.ndarray] | None = None
) -> Evidence:
    """Marginal likelihood of the figures of siblings; parameters as of ``learn``."""
    gaps = missing if missing is not None else [np.zeros(0, dtype=np.intp)] * index.shape[1]
    seen = np.stack([changes(known.grid, rows) for rows in gaps], axis=1) if any(map(len, gaps)) else None
    shown2 = robust_scale(index, known.grid.per_year, seen) ** 2
    prior_scale2 = SCALE_SHAPE * shown2 / (1 + NOISE_RATIOS[:, None] ** 2 * noise_in_changes(known.grid))
    rotated = known.rotated(index)
    quadratic = known.precision @ rotated**2
    log_det = np.repeat(known.log_det[:, :, None], index.shape[1], axis=2)
    for i in (i for i, rows in enumerate(gaps) if len(rows)):
        size = np.sqrt(quadratic[:, :, i].max(0) / len(index)) * NOISE_RATIOS
        likely = np.log(size / rounding_sd[i]) > UNLIKELY
        quadratic[:, :, i], log_det[:, :, i] = integrated_out(known, rotated[:, :, i], gaps[i], likely)
    figures = len(index) - np.array([len(rows) for rows in gaps])
    power = SCALE_SHAPE + figures / 2
    beta = prior_scale2 + quadratic / 2
    log_mass = SCALE_SHAPE * np.log(prior_scale2) - power * np.log(beta) - 0.5 * log_det
    log_mass += _noise_log_prior(np.log(NOISE_RATIOS[:, None] * np.sqrt(beta / power) / rounding_sd))
    return Evidence(log_mass=log_mass, rotated=rotated, quadratic=quadratic, prior_scale2=prior_scale2, figures=figures)


def joined(parts: Sequence[Evidence]) -> Evidence:
    """Evidence at the points of all parts, of the same figures."""
    first = parts[0]
    log_mass, rotated, quadratic = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("log_mass", "rotated", "quadratic")
    )
    return Evidence(
        log_mass=log_mass,
        rotated=rotated,
        quadratic=quadratic,
        prior_scale2=first.prior_scale2,
        figures=first.figures,
    )


def weighted(found: Evidence, shapes: Floats, log_ratio: Floats) -> Learnt:
    """Posterior on a design.

    Parameters
    ----------
    shapes : (point, 6); log_ratio : (point,), log of the prior's density over the design's
    """
    mass = np.exp(found.log_mass - found.log_mass.max((0, 1)))
    weight = mass * _prior(mass.sum(1), shapes, log_ratio)[:, None, None]
    return Learnt(
        weight=weight / weight.sum((0, 1)),
        rotated=found.rotated,
        quadratic=found.quadratic,
        prior_scale2=found.prior_scale2,
        figures=found.figures,
    )


def learn(known: Factors, index: Floats, rounding_sd: Floats, missing: Sequence[np.ndarray] | None = None) -> Learnt:
    """Posterior of shapes, noise ratios and scales of siblings, on the points of a design.

    Parameters
    ----------
    index : (T, sibling), log index, or log ratio to the parent's
    rounding_sd : (sibling,), sd of rounding of its cumulative log growth
    missing : positions of every sibling's gaps; the index has anything there; None: there is no gap
    """
    return weighted(evidence(known, index, rounding_sd, missing), known.shapes, known.log_ratio)


def _noise_log_prior(log_ratio: Floats) -> Floats:
    """Log prior density of the log of the noise's sd over that of rounding: rounding alone, or revisions on top."""
    rounding = np.exp(-0.5 * (log_ratio / ROUNDING_SD) ** 2)
    revised = np.where(log_ratio > 0, np.exp(-0.5 * (log_ratio / REVISED_SD) ** 2), 0.0)
    return np.log((1 - REVISED) * rounding + REVISED * revised + 1e-12)


def _prior(likelihood: Floats, shapes: Floats, log_ratio: Floats) -> Floats:
    """Prior of the shapes over the design's, (point,), learnt from siblings; that of all places without siblings.

    Siblings' shapes are Gaussian around a mean that EM finds, the prior of all places weighing ``POOL`` siblings in it.
    Its ratio to that of all places is truncated at the root of the number of points (Ionides 2008), so that no point at
    the edge of the design runs away with all siblings.

    Parameters
    ----------
    likelihood : (point, sibling), up to a constant of the sibling; the others as of ``weighted``
    """
    siblings = likelihood.shape[1]
    general = np.exp(log_ratio)
    prior = np.ones(len(general))
    z = (shapes - DESIGN_CENTRE) / DESIGN_SPREAD
    for _ in range(POOL_STEPS if siblings > 1 else 0):
        weight = likelihood * (general * prior)[:, None] + 1e-300
        mean = (weight / weight.sum(0)).sum(1) @ z / (siblings + POOL)
        log_prior = -0.5 * (((z - mean) / POOL_SPREAD) ** 2).sum(1) + 0.5 * (z**2).sum(1)
        prior = np.exp(log_prior - log_prior.max())
        prior = np.minimum(prior / np.average(prior, weights=general), np.sqrt(len(general)))
    return general * prior
