"""A family: siblings under one parent, prepared for the marginal likelihood of their hyperparameters.

Given the parent's posterior, the index of a child is its parent's plus a Gaussian ratio; the index integrates out, and
what is left is a likelihood in eight shape parameters that the siblings share and a scale per sibling.

Invariant: the likelihood equals that of the dense multivariate normal of the figures
(held by ``tests/test_family.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.linalg

from forecast.dims import Floats
from forecast.inference.model import (
    Figures,
    Linear,
    Measurements,
    fixed_covariance,
    linearise,
    log_growth,
    prior_mean,
    shape_covariance,
)
from forecast.inference.priors import EXPANSIONS, SCALE_GRID, SHAPE_CENTRE


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parent:
    """What is known of the parent's index: draws, their mean and covariance. Zero for the root's family.

    draws : (draw, period); mean : (period,); covariance : (period, period)
    """

    draws: Floats
    mean: Floats
    covariance: Floats

    @classmethod
    def of(cls, draws: Floats) -> Parent:
        """Parent known by draws."""
        return cls(draws=draws, mean=draws.mean(0), covariance=np.cov(draws, rowvar=False))

    @classmethod
    def none(cls, draws: int, periods: int) -> Parent:
        """No parent: the family of the root."""
        return cls(draws=np.zeros((draws, periods)), mean=np.zeros(periods), covariance=np.zeros((periods, periods)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Child:
    """A sibling and its linearised figures.

    unit : index in the measurements
    figures : what is published, not linearised
    linear : figures, linear in the index of the child (parent plus ratio); no rows: nothing published
    mean : (period,) prior mean of the ratio; fixed : (period, period) its covariance that no scale multiplies
    base_noise : (n, n) covariance of the figures that no scale multiplies: rounding, revision, parent, fixed part
    """

    unit: int
    figures: Figures
    linear: Linear
    mean: Floats
    fixed: Floats
    base_noise: Floats

    @property
    def published(self) -> bool:
        """Whether the child has any figure."""
        return len(self.linear.target) > 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Family:
    """Siblings under one parent.

    root : whether it is the root's family
    scale : prior median of the scale, log points a period
    """

    children: tuple[Child, ...]
    parent: Parent
    per_year: int
    periods: int
    root: bool
    scale: float

    @property
    def published(self) -> tuple[Child, ...]:
        """Children with figures: those that the hyperparameters are learnt from."""
        return tuple(child for child in self.children if child.published)

    def error(self, child: Child) -> Floats:
        """Figures minus what the parent's mean and the prior mean imply."""
        return child.linear.target - child.linear.matrix @ (self.parent.mean + child.mean)


def prepare(measurements: Measurements, units: Sequence[int], parent: Parent, *, root: bool) -> Family:
    """Linearise the figures of siblings around the posterior mean that the prior's centre gives."""
    periods, per_year = measurements.periods, measurements.per_year
    scale = float(np.exp(np.mean(np.log(measurements.scale[list(units)]))))
    centre = scale**2 * shape_covariance(SHAPE_CENTRE, periods, per_year, root=root)
    children = []
    for unit in units:
        mean = prior_mean(periods, per_year, root=root)
        fixed = fixed_covariance(periods, per_year, root=root, profile_sd=float(measurements.profile_sd[unit]))
        figures = measurements.of(unit)
        linear = _expand(figures, parent.mean + mean, parent.covariance + fixed + centre)
        noise = linear.matrix @ (parent.covariance + fixed) @ linear.matrix.T + np.diag(linear.noise_variance)
        children.append(Child(unit=unit, figures=figures, linear=linear, mean=mean, fixed=fixed, base_noise=noise))
    return Family(children=tuple(children), parent=parent, per_year=per_year, periods=periods, root=root, scale=scale)


def _expand(figures: Figures, mean: Floats, prior: Floats) -> Linear:
    """Figures linearised around the posterior mean of a Gaussian prior (Gauss-Newton, steps halved where too long)."""
    index, linear = mean, linearise(figures, mean)
    if not len(figures.time):
        return linear
    misfit = np.abs(figures.log_growth - log_growth(index, figures)).sum()
    size = 1.0
    for _ in range(EXPANSIONS):
        cross = prior @ linear.matrix.T
        total = linear.matrix @ cross + np.diag(linear.noise_variance)
        goal = mean + cross @ scipy.linalg.solve(total, linear.target - linear.matrix @ mean, assume_a="pos")
        trial = index + size * (goal - index)
        missed = np.abs(figures.log_growth - log_growth(trial, figures)).sum()
        if missed < misfit or size < 0.1:
            index, misfit, size = trial, missed, 1.0
            linear = linearise(figures, index)
        else:
            size /= 2
    return linear


def scale_log_likelihood(family: Family, shape: Floats) -> Floats:
    """Log likelihood of the figures of every published child on the grid of scales.

    One eigendecomposition a shape serves all scales, and all siblings with figures for the same periods: those
    share the mean of their linearisations, which differ in the third digit.

    Parameters
    ----------
    shape : (point, 8)

    Returns
    -------
    array (point, published child, scale), up to a constant of the child
    """
    covariance = shape_covariance(shape, family.periods, family.per_year, root=family.root)
    restatement = np.exp(2 * shape[:, -1])
    scale2 = (family.scale * SCALE_GRID) ** 2
    published = family.published
    out = np.empty((len(shape), len(published), len(SCALE_GRID)))
    for members in _same_periods(published):
        matrix = np.mean([published[i].linear.matrix for i in members], axis=0)
        noise = np.mean([published[i].base_noise for i in members], axis=0)
        factor = np.linalg.cholesky(noise)
        white = scipy.linalg.solve_triangular(factor, matrix, lower=True)
        errors = np.stack([family.error(published[i]) for i in members], axis=1)
        errors = scipy.linalg.solve_triangular(factor, errors, lower=True)
        half = scipy.linalg.solve_triangular(factor, np.diag(published[members[0]].linear.restated), lower=True)
        restated = half @ half.T
        values, vectors = np.linalg.eigh(white @ covariance @ white.T + restatement[:, None, None] * restated)
        rotated2 = (vectors.swapaxes(1, 2) @ errors) ** 2
        spread = 1 + scale2 * np.maximum(values, 0)[:, :, None]
        log_det = np.log(spread).sum(1)
        quadratic = np.einsum("gnm,gns->gms", rotated2, 1 / spread)
        out[:, members, :] = -0.5 * (quadratic + log_det[:, None, :])
    return out


def _same_periods(children: Sequence[Child]) -> list[list[int]]:
    """Positions of children whose figures cover the same periods."""
    groups: dict[bytes, list[int]] = {}
    for i, child in enumerate(children):
        groups.setdefault((np.abs(child.linear.matrix) > 0).tobytes(), []).append(i)
    return list(groups.values())
