"""Figures that were not published, on a grid where most are: integrated out of the weights, then drawn.

Such a gap is an absent row. Cumulative log growth is ``c = B x``; the precision of all figures is
``Q = U diag(d) U'`` for unit scale (``factors``), and with ``b = (Q c)_m`` for any values ``c_m`` that stand in the
gaps ``m``

    quadratic of the rest = c' Q c - b' Q_mm^-1 b,    log det of the rest = log det + log det Q_mm,
    c_m | the rest ~ N(c_m - Q_mm^-1 b, s^2 Q_mm^-1),

so that every pattern of gaps shares the factors of the whole grid.

Invariant: weights and draws are those of the covariance with the rows of the gaps deleted
(held by ``tests/test_incomplete.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from forecast.dims import Floats
from forecast.inference.chain import chain, chained_draws
from forecast.inference.model import Measurements
from forecast.inference.regular.factors import Factors, Grid

NO_GAP: Final = np.zeros(0, dtype=np.intp)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """Published cumulative growth of a place on a regular grid, and its index.

    log_growth : (T,) log(1 + growth), gaps filled from their neighbours
    missing : (g,) positions of the gaps
    index : (T,) chained from it
    weight : (per_year,) base weights
    """

    log_growth: Floats
    missing: np.ndarray
    index: Floats
    weight: Floats

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return len(self.missing) == 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """A place's figures, what was missing drawn.

    moved : (draw, g) log growth drawn, less what stands in the gap
    history : (draw, T), or (1, T) where nothing is missing: the index that follows from figures and draws
    """

    series: Series
    moved: Floats
    history: Floats


def series(m: Measurements, unit: int, grid: Grid) -> Series:
    """Figures of a place on a regular grid."""
    rows = np.flatnonzero((m.unit == unit) & m.cumulative)
    place = m.time[rows] - m.per_year
    order = np.argsort(place)
    every = np.arange(grid.observed)
    log_growth = np.interp(every, place[order], m.log_growth[rows[order]])
    weight = m.weight[unit]
    return Series(
        log_growth=log_growth,
        missing=np.setdiff1d(every, place),
        index=chain(np.expm1(log_growth), weight),
        weight=weight,
    )


def integrated_out(known: Factors, rotated: Floats, rows: np.ndarray, wanted: np.ndarray) -> tuple[Floats, Floats]:
    """Quadratic form and log determinant without the figures in these rows.

    Parameters
    ----------
    rotated : (point, T), W x
    wanted : (ratio,) bool, noise ratios that matter; the others are given as infinitely unlikely

    Returns
    -------
    two arrays (point, ratio)
    """
    joined = np.concatenate([known.axes[:, rows], rotated[:, None]], axis=1)
    quadratic, log_det = np.zeros(known.log_det.shape), np.full(known.log_det.shape, np.inf)
    for ratio in np.flatnonzero(wanted):
        joint = (joined * known.precision[:, None, ratio]) @ joined.transpose(0, 2, 1)
        diagonal = np.diagonal(np.linalg.cholesky(joint), axis1=1, axis2=2)
        quadratic[:, ratio] = diagonal[:, -1] ** 2
        log_det[:, ratio] = known.log_det[:, ratio] + 2 * np.log(diagonal[:, :-1]).sum(1)
    return quadratic, log_det


def draw_missing(
    axes: Floats, precision: Floats, member: np.ndarray, rotated: Floats, noise: Floats
) -> tuple[Floats, Floats]:
    """Draws of missing figures given the others, less what stands in the gaps, and the rotated index with them.

    Parameters
    ----------
    axes : (n, g, T), precision : (n, T), of every point and noise ratio drawn from; member : (draw,), which of them
    rotated : (draw, T), W x with what stands in the gaps
    noise : (draw, g), normal, of the place's scale

    Returns
    -------
    moved : (draw, g); rotated : (draw, T)
    """
    weighted = axes * precision[:, None]
    inverse = np.linalg.inv(np.linalg.cholesky(weighted @ axes.transpose(0, 2, 1)))
    half = noise - np.einsum("nij,nj->ni", inverse[member], np.einsum("ngt,nt->ng", weighted[member], rotated))
    moved = np.einsum("nji,nj->ni", inverse[member], half)
    return moved, rotated + np.einsum("ngt,ng->nt", axes[member], moved)


def drawn(figures: Series, moved: Floats) -> Drawn:
    """A place with its missing figures drawn: published growth follows from every draw of the index."""
    if figures.complete:
        return Drawn(series=figures, moved=moved, history=figures.index[None])
    growth = np.tile(figures.log_growth, (len(moved), 1))
    stood = chained_draws(growth[:1], figures.weight)
    growth[:, figures.missing] += moved
    history = figures.index + chained_draws(growth, figures.weight) - stood
    return Drawn(series=figures, moved=moved, history=history)
