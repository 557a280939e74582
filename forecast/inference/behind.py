"""Hyperparameters behind the draws of a place on a regular grid, by either route.

By the fast route shapes are points of the design, by the reference they are drawn by NUTS; either way noise ratio and
scale are drawn given the shape, in closed form.

Invariant: every draw has its point, its noise ratio and its scale in the proportions of the posterior
(held by ``tests/test_behind.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from forecast.dims import Floats
from forecast.inference.diagnostics import Diagnostics
from forecast.inference.factors import DESIGN_CENTRE, DESIGN_SPREAD, NOISE_RATIOS, Factors, decomposed
from forecast.inference.learning import Learnt, evenly, evidence
from forecast.inference.ratio import HYPER_DRAWS

__all__ = ["Behind", "sampled", "weighed"]

LEAST_VARIANCE: Final = 0.05
"""Added to the variances that NUTS is scaled by, prior variances: the fast route's may rest on few points."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Behind:
    """What is behind the draws of a place.

    known : factors at all points
    point, ratio : (n,) int, points and positions in the grid of noise ratios that occur
    rotated : (n, T), W x
    member : (draw,) int, which of the n is behind a draw; scale : (draw,), log points a period
    """

    known: Factors
    point: np.ndarray
    ratio: np.ndarray
    rotated: Floats
    member: np.ndarray
    scale: Floats

    @property
    def precision(self) -> Floats:
        """Inverse variance of W x for unit scale, (n, T)."""
        return self.known.precision[self.point, self.ratio]


def weighed(known: Factors, learnt: Learnt, sibling: int, *, rng: np.random.Generator, draws: int) -> Behind:
    """Draws by the weights of the points of the design."""
    mass = np.cumsum(learnt.weight[:, :, sibling].ravel())
    position = (np.arange(draws) + rng.random()) / draws * mass[-1]
    chosen, member = np.unique(np.minimum(np.searchsorted(mass, position), len(mass) - 1), return_inverse=True)
    point, ratio = np.divmod(chosen, len(NOISE_RATIOS))
    scale = learnt.scale_draws(sibling, point[member], ratio[member], rng)
    order = rng.permutation(draws)
    return Behind(
        known=known,
        point=point,
        ratio=ratio,
        rotated=learnt.rotated[point, :, sibling],
        member=member[order],
        scale=scale[order],
    )


def sampled(
    known: Factors, learnt: Learnt, sibling: int, *, rng: np.random.Generator, draws: int
) -> tuple[Behind, Diagnostics]:
    """Draws by NUTS, around what the fast route has learnt."""
    from forecast.inference.regular_reference import sample_shapes  # PyMC takes seconds to import

    places = learnt.places
    z = ((known.shapes - DESIGN_CENTRE) / DESIGN_SPREAD - learnt.pool) / places.pool_spread
    weight = learnt.weight[:, :, sibling].sum(1)
    mean = weight @ z
    covariance = (weight[:, None] * (z - mean)).T @ (z - mean) + np.diag(np.full(len(mean), LEAST_VARIANCE))
    shapes, diagnostics = sample_shapes(
        known.grid, places, sibling, learnt.pool, (mean, covariance), rng=rng, draws=HYPER_DRAWS
    )
    points = decomposed(shapes, known.grid)
    found = evenly(evidence(points, places.only(sibling)), learnt.pool)
    return weighed(points, found, 0, rng=rng, draws=draws), diagnostics
