"""What figures on a regular grid say of shape, noise ratio and scale: weights of the points of the design.

For every place the log index, or its ratio to its parent's, is ``x ~ N(0, s^2 (K_x(shape) + rho^2 N0))``. With
``q = x' (K_x + rho^2 N0)^-1 x`` and ``u = log sqrt(q/T)``,

    log p(x | shape, rho) = -T u + log p(s = e^u) + g^2 / 4T + log M(v + g / 2T) - 1/2 log det + const,

``p`` the log normal prior of the scale, ``g`` its slope at ``u``, and ``M`` the prior mass of noise in the cell of the
grid (``noise``): both are integrated over the scale, which the figures know to within ``1 / sqrt(2T)``.

Siblings share a prior of their shapes, learnt from them by EM.

Invariant: weights are those of the dense multivariate normal with scale and noise integrated numerically
(held by ``tests/test_regular.py``).

Further points of the design where too few count: around what a place's figures say, weighted against all points.

The design is a sample of the prior. Where the figures of a place leave only a handful of its points, further ones are
drawn from a Student t fitted to the weights of that place, and every point, old or new, is weighted by the prior over
the mixture that all of them come from.

Invariant: with further points the posterior is the same, known better (held by ``tests/test_refine.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp
from scipy.stats import chi2, multivariate_normal, multivariate_t, norm, qmc

from forecast.dims import Floats
from forecast.inference.priors import (
    DESIGN_CENTRE,
    DESIGN_SPREAD,
    ENOUGH_POINTS,
    LEAST_QUADRATIC,
    LEAST_SPREAD,
    LOG_SCALE_SD,
    NEW_POINTS,
    NOISE_RATIOS,
    POOL,
    POOL_SPREAD,
    POOL_STEPS,
    PROPOSAL_DOF,
    REFINED_EFFECTIVE,
    REFINEMENTS,
    UNLIKELY,
)
from forecast.inference.regular.factors import Factors, decomposed, together
from forecast.inference.regular.incomplete import integrated_out
from forecast.inference.regular.noise import Cells, cells
from forecast.inference.volatility import innovations


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Places:
    """Siblings on a regular grid.

    index : (T, place), log index, or log ratio to the parent's; anything in the gaps
    rounding_sd : (place,), sd of rounding of its cumulative log growth
    scale : (place,), prior median of the scale, log points a period
    missing : positions of every place's gaps
    events : directions of every place's events in B x, (e, T), with their variances over that of the scale, (e,);
        empty where no place has any
    """

    index: Floats
    rounding_sd: Floats
    scale: Floats
    missing: tuple[np.ndarray, ...]
    events: tuple[tuple[Floats, Floats], ...] = ()

    @property
    def figures(self) -> np.ndarray:
        """How many figures there are, (place,), int."""
        return len(self.index) - np.array([len(rows) for rows in self.missing])

    @property
    def pool_spread(self) -> float:
        """Spread of a place's shape around the siblings' centre, or around that of all places where it is alone."""
        return 1.0 if self.index.shape[1] == 1 else POOL_SPREAD

    def only(self, place: int) -> Places:
        """One of the places."""
        one = slice(place, place + 1)
        return Places(
            index=self.index[:, one],
            rounding_sd=self.rounding_sd[one],
            scale=self.scale[one],
            missing=self.missing[one],
            events=self.events[one],
        )

    def events_of(self, place: int) -> tuple[Floats, Floats]:
        """Directions and variances of a place's events, (e, T) and (e,)."""
        return self.events[place] if self.events else (np.zeros((0, len(self.index))), np.zeros(0))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """Marginal likelihood of the figures of siblings at points of the design.

    log_mass : (point, ratio, sibling), log likelihood and prior of scale and noise, up to a constant of the sibling
    rotated : (point, T, sibling), W x; quadratic : (point, ratio, sibling), q
    """

    places: Places
    log_mass: Floats
    rotated: Floats
    quadratic: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learnt:
    """Posterior of shape, noise ratio and scale of siblings.

    weight : (point, ratio, sibling), posterior mass, sums to 1 for a sibling
    rotated : (point, T, sibling), W x; quadratic : (point, ratio, sibling), q
    pool : (8,), centre of the siblings' shapes, in prior sds from that of all places; zero for a place alone
    """

    places: Places
    weight: Floats
    rotated: Floats
    quadratic: Floats
    pool: Floats

    @property
    def effective_points(self) -> Floats:
        """Effective number of points of the design, (sibling,)."""
        return 1 / (self.weight.sum(1) ** 2).sum(0)

    def log_scale(self, sibling: int, point: np.ndarray, ratio: np.ndarray) -> Floats:
        """Centre of the log of a sibling's scale were it constant, at every point and noise ratio given."""
        known = _Scale.of(self.places, sibling, self.quadratic[point, ratio, sibling])
        return known.log_scale + known.pull + known.cells.at(known.noise(ratio), "shift", ratio)

    def innovations(self, known: Factors, sibling: int) -> Floats:
        """Standardised innovations of a sibling's figures at its most likely shape and noise ratio, (figure,)."""
        point, ratio = np.unravel_index(self.weight[:, :, sibling].argmax(), self.weight.shape[:2])
        axes = known.axes[point]
        rows = np.setdiff1d(np.arange(len(axes)), self.places.missing[sibling])
        events, variance = self.places.events_of(sibling)
        covariance = (axes[rows] / known.precision[point, ratio]) @ axes[rows].T
        covariance += (events[:, rows].T * variance) @ events[:, rows]
        return innovations(covariance, axes[rows] @ self.rotated[point, :, sibling])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scale:
    """What figures and prior say of a place's scale at some points of the design, arrays of any one shape.

    log_scale : u, by the figures alone; pull : by how much the prior of the scale moves it; cells : of the noise
    log_prior : log density of the prior, and what integrating it adds
    """

    figures: int
    rounding_sd: float
    cells: Cells
    log_scale: Floats
    log_prior: Floats
    pull: Floats

    @classmethod
    def of(cls, places: Places, sibling: int, quadratic: Floats) -> _Scale:
        n = int(places.figures[sibling])
        log_scale = 0.5 * np.log(np.maximum(quadratic, LEAST_QUADRATIC) / n)
        z = (log_scale - np.log(places.scale[sibling])) / LOG_SCALE_SD
        slope = -z / LOG_SCALE_SD
        return cls(
            figures=n,
            rounding_sd=float(places.rounding_sd[sibling]),
            cells=cells(n),
            log_scale=log_scale,
            log_prior=-0.5 * z**2 + slope**2 / (4 * n),
            pull=slope / (2 * n),
        )

    def noise(self, ratio: np.ndarray | slice = slice(None)) -> Floats:
        """Log of the noise's sd over that of rounding, at noise ratios of the grid along the last axis."""
        return self.log_scale + self.pull + np.log(NOISE_RATIOS[ratio] / self.rounding_sd)

    def log_mass(self) -> Floats:
        """Log likelihood and prior, the log determinant aside: (point, ratio)."""
        return self.log_prior + self.cells.at(self.noise(), "log_mass") - self.figures * self.log_scale


def evidence(known: Factors, places: Places) -> Evidence:
    """Marginal likelihood of the figures of siblings."""
    rotated = known.rotated(places.index)
    quadratic = known.precision @ rotated**2
    log_mass = np.empty(quadratic.shape)
    for i, gaps in enumerate(places.missing):
        log_det = known.log_det
        events, variance = places.events_of(i)
        if len(gaps) or len(events):
            size = np.sqrt(quadratic[:, :, i].max(0) / len(places.index)) * NOISE_RATIOS
            likely = np.log(size / places.rounding_sd[i]) > UNLIKELY
            quadratic[:, :, i], log_det = integrated_out(
                known, rotated[:, :, i], gaps, likely, events=events, variance=variance
            )
        log_mass[:, :, i] = _Scale.of(places, i, quadratic[:, :, i]).log_mass() - 0.5 * log_det
    return Evidence(places=places, log_mass=log_mass, rotated=rotated, quadratic=quadratic)


def joined(parts: Sequence[Evidence]) -> Evidence:
    """Evidence at the points of all parts, of the same figures."""
    log_mass, rotated, quadratic = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("log_mass", "rotated", "quadratic")
    )
    return Evidence(places=parts[0].places, log_mass=log_mass, rotated=rotated, quadratic=quadratic)


def weighted(found: Evidence, shapes: Floats, log_ratio: Floats) -> Learnt:
    """Posterior on a design.

    Parameters
    ----------
    shapes : (point, 8); log_ratio : (point,), log of the prior's density over the design's
    """
    mass = np.exp(found.log_mass - found.log_mass.max((0, 1)))
    prior, pool = _prior(mass.sum(1), shapes, log_ratio)
    weight = mass * prior[:, None, None]
    return Learnt(
        places=found.places,
        weight=weight / weight.sum((0, 1)),
        rotated=found.rotated,
        quadratic=found.quadratic,
        pool=pool,
    )


def evenly(found: Evidence, pool: Floats) -> Learnt:
    """Posterior at points that are draws of the shape's posterior: each weighs as much, its noise ratios as they do.

    Parameters
    ----------
    pool : (8,), as of ``Learnt``
    """
    mass = np.exp(found.log_mass - found.log_mass.max(1, keepdims=True))
    weight = mass / mass.sum(1, keepdims=True) / len(mass)
    return Learnt(places=found.places, weight=weight, rotated=found.rotated, quadratic=found.quadratic, pool=pool)


def learn(known: Factors, places: Places) -> Learnt:
    """Posterior of shapes, noise ratios and scales of siblings, on the points of a design."""
    return weighted(evidence(known, places), known.shapes, known.log_ratio)


def _prior(likelihood: Floats, shapes: Floats, log_ratio: Floats) -> tuple[Floats, Floats]:
    """Prior of the shapes over the design's, (point,), learnt from siblings, and its centre; that of all places alone.

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
    mean: Floats = np.zeros(shapes.shape[1])
    for _ in range(POOL_STEPS if siblings > 1 else 0):
        weight = likelihood * (general * prior)[:, None] + 1e-300
        mean = (weight / weight.sum(0)).sum(1) @ z / (siblings + POOL)
        log_prior = -0.5 * (((z - mean) / POOL_SPREAD) ** 2).sum(1) + 0.5 * (z**2).sum(1)
        prior = np.exp(log_prior - log_prior.max())
        prior = np.minimum(prior / np.average(prior, weights=general), np.sqrt(len(general)))
    return general * prior, mean


type Proposal = tuple[Floats, Floats]


def refined(known: Factors, evidence_at: Callable[[Factors], Evidence]) -> tuple[Factors, Learnt]:
    """The design, with further points where too few count, and what is learnt on it."""
    shapes, log_ratio, proposals = known.shapes, known.log_ratio, list[Proposal]()
    designs, found = [known], [evidence_at(known)]
    learnt = weighted(found[0], shapes, log_ratio)
    sobol = qmc.Sobol(shapes.shape[1] + 1, rng=np.random.default_rng(11))
    while len(proposals) < REFINEMENTS and (weak := learnt.effective_points < ENOUGH_POINTS).any():
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
    shapes : (point, 8); weights : (point, place)
    """
    flat = np.stack([_flattened(one) for one in weights.T]).mean(0)
    mean = flat @ shapes
    centred = shapes - mean
    return mean, (flat[:, None] * centred).T @ centred + np.diag((LEAST_SPREAD * DESIGN_SPREAD) ** 2)


def _flattened(weight: Floats) -> Floats:
    log_weight = np.log(weight + 1e-300)
    power = 1.0
    while 1 / (weight**2).sum() < REFINED_EFFECTIVE and power > 0.02:
        power *= 0.8
        weight = np.exp(power * log_weight - logsumexp(power * log_weight))
    return weight


def _drawn(uniform: Floats, proposal: Proposal) -> Floats:
    """Points of a Student t: uniform (n, 9) -> (n, 8)."""
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
