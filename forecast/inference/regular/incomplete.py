"""Figures that were not published, on a grid where most are: integrated out of the weights, then drawn.

Such a gap is an absent row. Cumulative log growth is ``c = B x``; the precision of all figures is
``Q = U diag(d) U'`` for unit scale (``factors``), and with ``b = (Q c)_m`` for any values ``c_m`` that stand in the
gaps ``m``

    quadratic of the rest = c' Q c - b' Q_mm^-1 b,    log det of the rest = log det + log det Q_mm,
    c_m | the rest ~ N(c_m - Q_mm^-1 b, s^2 Q_mm^-1),

so that every pattern of gaps shares the factors of the whole grid. A figure that is still to be corrected by an error
of sd ``r`` is drawn like a gap that is seen with that error: ``Q_mm`` has ``s^2 / r^2`` more on its diagonal.

Invariant: weights and draws are those of the covariance with the rows of the gaps deleted
(held by ``tests/test_incomplete.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from forecast.dims import Floats
from forecast.inference.chain import chain, chained_draws
from forecast.inference.model import Measurements
from forecast.inference.priors import MOST_MISSING
from forecast.inference.regular.factors import Factors, Grid

NO_GAP: Final = np.zeros(0, dtype=np.intp)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """Published cumulative growth of a place on a regular grid, and its index.

    log_growth : (T,) log(1 + growth), gaps filled from their neighbours
    missing : (g,) positions of the gaps
    index : (T,) chained from it
    weight : (per_year,) base weights
    unsettled, error_sd : (h,) positions of figures that are still to be corrected, and by how much, sd, log points
    """

    log_growth: Floats
    missing: np.ndarray
    index: Floats
    weight: Floats
    unsettled: np.ndarray = field(default_factory=lambda: NO_GAP)
    error_sd: Floats = field(default_factory=lambda: np.zeros(0))

    @property
    def loose(self) -> np.ndarray:
        """Positions whose growth is drawn: gaps, then figures that are still to be corrected, (g + h,)."""
        return np.concatenate([self.missing, self.unsettled])

    @property
    def silent(self) -> np.ndarray:
        """Positions that say nothing of shape and scale, (n,): gaps, and what is still to be corrected if not too much.

        An error of the print would be taken for what is new in the latest figures, and for times that are stirred.
        """
        every = np.union1d(self.missing, self.unsettled).astype(np.intp)
        return every if len(every) <= MOST_MISSING * len(self.log_growth) else self.missing

    @property
    def seen(self) -> Floats:
        """Precision with which growth at these positions is seen, 1 / log points squared, (g + h,): 0 in a gap."""
        return np.concatenate([np.zeros(len(self.missing)), 1 / self.error_sd**2])

    @property
    def complete(self) -> bool:
        """Whether nothing is missing or still to be corrected."""
        return len(self.loose) == 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """A place's figures, what was missing drawn.

    moved : (draw, g + h) log growth drawn at the loose positions, less what stands there
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
    error_sd = m.corrections[rows]
    return Series(
        log_growth=log_growth,
        missing=np.setdiff1d(every, place),
        index=chain(np.expm1(log_growth), weight),
        weight=weight,
        unsettled=place[error_sd > 0],
        error_sd=error_sd[error_sd > 0],
    )


def integrated_out(
    known: Factors,
    rotated: Floats,
    rows: np.ndarray,
    wanted: np.ndarray,
    *,
    events: Floats | None = None,
    variance: Floats | None = None,
) -> tuple[Floats, Floats]:
    """Quadratic form and log determinant without the figures in these rows, and with events integrated out.

    Parameters
    ----------
    rotated : (point, T), W x
    events : (e, T) directions of events in B x; variance : (e,) their prior variance over that of the scale
    wanted : (ratio,) bool, noise ratios that matter; the others are given as infinitely unlikely

    Returns
    -------
    two arrays (point, ratio)
    """
    some = np.zeros((0, rotated.shape[1])) if events is None else events
    size = np.zeros(0) if variance is None else variance
    joined = np.concatenate([known.axes[:, rows], some @ known.axes, rotated[:, None]], axis=1)
    own = np.diag(np.concatenate([np.zeros(len(rows)), 1 / size, [0.0]]))
    quadratic, log_det = np.zeros(known.log_det.shape), np.full(known.log_det.shape, np.inf)
    for ratio in np.flatnonzero(wanted):
        joint = (joined * known.precision[:, None, ratio]) @ joined.transpose(0, 2, 1) + own
        diagonal = np.diagonal(np.linalg.cholesky(joint), axis1=1, axis2=2)
        quadratic[:, ratio] = diagonal[:, -1] ** 2
        log_det[:, ratio] = known.log_det[:, ratio] + 2 * np.log(diagonal[:, :-1]).sum(1) + np.log(size).sum()
    return quadratic, log_det


def draw_missing(
    axes: Floats, precision: Floats, member: np.ndarray, rotated: Floats, noise: Floats, seen: Floats | None = None
) -> tuple[Floats, Floats]:
    """Draws of missing figures given the others, less what stands in the gaps, and the rotated index with them.

    Parameters
    ----------
    axes : (n, g, T), precision : (n, T), of every point and noise ratio drawn from; member : (draw,), which of them
    rotated : (draw, T), W x with what stands in the gaps
    noise : (draw, g), normal, of the place's scale
    seen : (draw, g), squared scale over squared error of what stands there; None: all are gaps

    Returns
    -------
    moved : (draw, g); rotated : (draw, T)
    """
    weighted = axes * precision[:, None]
    joint = weighted @ axes.transpose(0, 2, 1)
    if seen is None:
        inverse = np.linalg.inv(np.linalg.cholesky(joint))[member]
    else:
        inverse = np.linalg.inv(np.linalg.cholesky(joint[member] + seen[:, :, None] * np.eye(seen.shape[1])))
    half = noise - np.einsum("nij,nj->ni", inverse, np.einsum("ngt,nt->ng", weighted[member], rotated))
    moved = np.einsum("nji,nj->ni", inverse, half)
    return moved, rotated + np.einsum("ngt,ng->nt", axes[member], moved)


def drawn(figures: Series, moved: Floats) -> Drawn:
    """A place with its missing figures drawn: published growth follows from every draw of the index."""
    if figures.complete:
        return Drawn(series=figures, moved=moved, history=figures.index[None])
    growth = np.tile(figures.log_growth, (len(moved), 1))
    stood = chained_draws(growth[:1], figures.weight)
    growth[:, figures.loose] += moved
    history = figures.index + chained_draws(growth, figures.weight) - stood
    return Drawn(series=figures, moved=moved, history=history)
