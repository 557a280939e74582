"""Noise of figures: rounding is known, revisions may come on top. Its prior, in cells of the grid of noise ratios.

The log of the noise's sd over that of rounding is ``v = log_noise(z)``, ``z`` standard normal: near 0 for figures that
are rounded alone, above it for those that are revised as well. What is integrated over is the grid of ratios of noise
to scale (``factors``): a cell of it reaches half a step either way, the first one down to nothing, the last one without
end. With the scale known from ``T`` figures up to ``u = log s - log sqrt(q/T)``, ``exp(2 u) = T / chi^2_T``, the prior
mass of a cell is

    M(v) = E_u[P(v + u is in the cell)],    v = log(ratio sqrt(q/T) / rounding),

tabulated over ``v`` once for every ``T``.

Invariant: masses of all cells sum to one, and are those of the stated density (held by ``tests/test_noise.py``).

What is not known of base weights, on a grid where growth is chained.

Chained growth knows the weights of a year's periods no better than the levels, the profile or the flat default that
they come from. In every draw the periods of last year weigh ``w exp(e)``, ``e`` normal with the sd stated for their
origin and without a mean over the year; what is published of the target year is chained on that base anew, and growth
of the open periods stays as drawn. So every published figure, and every draw's own, holds in every draw.

A child has its parent's seasonality and its own: ``e[child] = a e[parent] + b z``, ``a`` and ``b`` such that the sd is
the child's own, with the share of ``fixed_covariance`` between the two.

Invariant: cumulative growth of published periods is that of the path given, whatever the weights
(held by ``tests/test_weights.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from scipy.special import ndtr
from scipy.stats import chi2

from forecast.dims import Floats
from forecast.inference.chain import chained_draws
from forecast.inference.priors import (
    LEAST_MASS,
    MOST_MOVED,
    NOISE_NODES,
    NOISE_NORMAL,
    NOISE_RATIOS,
    NOISE_REACH,
    NOISE_STEP,
    RATIO_PROFILE_SHARE,
    REVISED,
    REVISED_BEND,
    REVISED_FROM,
    ROUNDED,
)
from forecast.inference.regular.factors import Grid
from forecast.inference.regular.incomplete import Drawn


def tilts(sd: float, above: tuple[Floats, float] | None, draws: int, per_year: int, rng: np.random.Generator) -> Floats:
    """Draws of the log of base weights over their stated ones, (draw, per_year), without a mean over the year.

    Parameters
    ----------
    sd : stated for the place; above : the parent's draws and its sd; None for the root
    """
    z = rng.standard_normal((draws, per_year))
    z = (z - z.mean(axis=1, keepdims=True)) / np.sqrt(1 - 1 / per_year)
    if above is None or not above[1]:
        return np.asarray(sd * z)
    tilt, its_sd = above
    kept = min(1.0, sd / its_sd) / np.hypot(1.0, RATIO_PROFILE_SHARE)
    return np.asarray(kept * tilt + np.sqrt(max(sd**2 - (kept * its_sd) ** 2, 0.0)) * z)


def shifted(index: Floats, tilt: Floats, place: Drawn, grid: Grid) -> Floats:
    """Paths on other base weights, as log points to be added to an index relative to the stated ones.

    Parameters
    ----------
    index : (draw, period), paths of the place; tilt : (draw, per_year), as of ``tilts``
    place : its figures, what was missing drawn

    Returns
    -------
    array (draw, period): the tilt in all years before the target year; in its published periods what the figures say on
    that base; in the open ones the tilt, so that growth on the year before stays
    """
    s, known = grid.per_year, grid.known
    start = grid.periods - s
    out = np.tile(tilt, grid.periods // s)
    if known:
        last = place.series.weight * np.exp(index[:, start - s : start])
        figures = np.tile(place.series.log_growth, (len(tilt), 1))
        figures[:, place.series.loose] += place.moved
        target = figures[:, len(place.series.log_growth) - known :]
        moved = chained_draws(target, last * np.exp(tilt)) - chained_draws(target, last)
        out[:, start : start + known] += np.clip(moved, -MOST_MOVED, MOST_MOVED)
        out[:, start : start + known] += (_to_date(index, place, grid) - _to_date(index + out, place, grid))[:, None]
    return out


def _to_date(index: Floats, place: Drawn, grid: Grid) -> Floats:
    """Log growth of the published part of the target year, (draw,)."""
    years = index[:, -2 * grid.per_year :].reshape(len(index), 2, grid.per_year)[:, :, : grid.known]
    total = np.log(np.exp(years) @ place.series.weight[: grid.known])
    return np.asarray(total[:, 1] - total[:, 0])


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
