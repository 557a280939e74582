"""Noise of figures: rounding is known, revisions may come on top. Its prior, in cells of the grid of noise ratios.

The log of the noise's sd over that of rounding is ``v = log_noise(z)``, ``z`` standard normal: near 0 for figures that
are rounded alone, above it for those that are revised as well. What is integrated over is the grid of ratios of noise
to scale (``factors``): a cell of it reaches half a step either way, the first one down to nothing, the last one without
end. With the scale known from ``T`` figures up to ``u = log s - log sqrt(q/T)``, ``exp(2 u) = T / chi^2_T``, the prior
mass of a cell is

    M(v) = E_u[P(v + u is in the cell)],    v = log(ratio sqrt(q/T) / rounding),

tabulated over ``v`` once for every ``T``.

Invariant: masses of all cells sum to one, and are those of the stated density (held by ``tests/test_noise.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from scipy.special import ndtr
from scipy.stats import chi2

from forecast.dims import Floats
from forecast.inference.priors import (
    LEAST_MASS,
    NOISE_NODES,
    NOISE_NORMAL,
    NOISE_RATIOS,
    NOISE_REACH,
    NOISE_STEP,
    REVISED,
    REVISED_BEND,
    REVISED_FROM,
    ROUNDED,
)

HALF_CELL: Final = float(np.log(NOISE_RATIOS[1] / NOISE_RATIOS[0])) / 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """Tables over ``v``, of the first, an inner and the last cell of the grid, (3, position).

    log_mass : log prior mass; shift : posterior mean of ``u`` in the cell; spread : its variance over that of no prior
    """

    log_mass: Floats
    shift: Floats
    spread: Floats

    def at(self, v: Floats, name: str, ratio: np.ndarray | None = None) -> Floats:
        """A table looked up: v (..., ratio), or any shape with the positions ``ratio`` in the grid."""
        kind = kinds() if ratio is None else kinds()[ratio]
        table: Floats = getattr(self, name)
        place = np.clip(np.round((v + NOISE_REACH) / NOISE_STEP), 0, table.shape[1] - 1).astype(np.intp)
        return table.ravel()[kind * table.shape[1] + place]


@cache
def kinds() -> np.ndarray:
    """Which table of ``Cells`` every cell of the grid has, (ratio,), int."""
    kind = np.ones(len(NOISE_RATIOS), dtype=np.intp)
    kind[0], kind[-1] = 0, 2
    return kind


def log_noise(z: Floats) -> Floats:
    """Log of the noise's sd over that of rounding, of a standard normal."""
    return np.asarray(ROUNDED * z + REVISED * np.logaddexp(0.0, REVISED_BEND * (z - REVISED_FROM)) / REVISED_BEND)


def _below(v: Floats) -> Floats:
    """Prior probability that the log of noise over rounding is below ``v``."""
    return np.asarray(ndtr(np.interp(v, log_noise(NOISE_NORMAL), NOISE_NORMAL)))


@cache
def cells(figures: int) -> Cells:
    """Masses of cells where the scale is known from so many figures; treat the arrays as read-only."""
    v = np.arange(-NOISE_REACH, NOISE_REACH + NOISE_STEP / 2, NOISE_STEP)
    u = 0.5 * np.log(figures / chi2.ppf((np.arange(NOISE_NODES) + 0.5) / NOISE_NODES, figures))
    low, high = (_below(v[:, None] + u + side * HALF_CELL) for side in (-1, 1))
    mass = np.maximum(np.stack([high, high - low, 1 - low]), 0.0)
    total = mass.sum(2) + LEAST_MASS * NOISE_NODES
    shift = (mass @ u + LEAST_MASS * u.sum()) / total
    variance = (mass @ u**2 + LEAST_MASS * (u**2).sum()) / total - shift**2
    return Cells(log_mass=np.log(total / NOISE_NODES), shift=shift, spread=np.clip(variance / u.var(), 0.05, 2.0))


def noise_draws(scale: Floats, ratio: np.ndarray, rounding_sd: float, rng: np.random.Generator) -> Floats:
    """Draws of the noise's sd given scale and cell, (draw,): the prior within the cell.

    Parameters
    ----------
    scale : (draw,); ratio : (draw,) int, cell of the grid; rounding_sd : sd of rounding
    """
    centre = np.log(NOISE_RATIOS[ratio] * scale / rounding_sd)
    low = np.where(ratio == 0, 0.0, _below(centre - HALF_CELL))
    high = np.where(ratio == len(NOISE_RATIOS) - 1, 1.0, _below(centre + HALF_CELL))
    v = np.arange(-NOISE_REACH, NOISE_REACH + NOISE_STEP / 2, NOISE_STEP)
    drawn = np.interp(low + rng.random(len(scale)) * (high - low), _below(v), v)
    within = np.clip(drawn, centre - HALF_CELL, centre + HALF_CELL)
    inner = (ratio > 0) & (ratio < len(NOISE_RATIOS) - 1)
    return np.asarray(rounding_sd * np.exp(np.where(inner, within, drawn)))
