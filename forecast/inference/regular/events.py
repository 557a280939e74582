"""Events on a regular grid: periods that no scale of everyday changes can carry, found from the figures.

At the mode of shape and noise the figures of a place are one-step innovations of one variance. A period is an event
where a pulse of the index in it, or a shift of its level from it on, explains what the figures do against odds of
``EVENT_PROBABILITY`` a period. An event found has a pulse and a shift of its own, normal with a variance of the size
seen, instead of a share in the scale: with their directions ``D`` in the figures, precision ``Q`` and prior ``V``,

    quadratic of the rest = c' Q c - b' (D' Q D + 1/V)^-1 b,    b = D' Q c,

the algebra of a gap (``incomplete``) in another direction. How much of it stays is drawn with everything else: a pulse
of last year comes back as a base effect, a shift stays. That periods are chosen at the mode is the approximation.

Invariant: with events the likelihood is that of the dense covariance with ``V D D'`` added
(held by ``tests/test_events.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from forecast.dims import Floats
from forecast.inference.priors import (
    EVENT_FIRST,
    EVENT_LEAST_SIZE,
    EVENT_PROBABILITY,
    EVENT_QUIET,
    EVENT_SCREEN_SIZE,
    MEDIAN_OF_SQUARES,
    MOST_EVENTS,
    WINSOR,
)
from forecast.inference.regular.factors import Factors, Grid, contrasts, whitening
from forecast.inference.regular.learning import Learnt


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Events:
    """Events of a place; two directions each, a pulse and a shift.

    time : (n,) int, positions on the observed grid
    figures : (2 n, T) directions in B x; wanted : (2 n, H) directions in growth of the open periods
    variance : (2 n,) prior variance over that of the scale
    """

    time: np.ndarray
    figures: Floats
    wanted: Floats
    variance: Floats

    @classmethod
    def none(cls, grid: Grid) -> Events:
        """No event."""
        return cls.at(grid, [], [])

    @classmethod
    def at(cls, grid: Grid, time: list[int], size: list[float]) -> Events:
        """Events at these positions, of these sizes over the scale."""
        pulse, shift, pulse_open, shift_open = directions(grid)
        where = np.array(time, dtype=np.intp)
        variance = np.array(size, dtype=np.float64) ** 2 / 2
        return cls(
            time=where,
            figures=np.concatenate([pulse[where], shift[where]]),
            wanted=np.concatenate([pulse_open[where], shift_open[where]]),
            variance=np.tile(variance, 2),
        )


@cache
def directions(grid: Grid) -> tuple[Floats, Floats, Floats, Floats]:
    """What a pulse and a shift at every observed period do to B x, (T, T) both, and to growth that is open, (T, H)."""
    s, observed = grid.per_year, grid.observed
    rows = contrasts(grid)
    pulse = rows[:, s : s + observed]
    shift = np.cumsum(rows[:, ::-1], axis=1)[:, ::-1][:, s : s + observed]
    white = whitening(grid)
    return (white @ pulse[:observed]).T, (white @ shift[:observed]).T, pulse[observed:].T, shift[observed:].T


def screened(known: Factors, learnt: Learnt, sibling: int) -> Events:
    """Events of a place at the mode of its shape and noise ratio, one after the other while the odds are for it."""
    grid = known.grid
    point, ratio = np.unravel_index(learnt.weight[:, :, sibling].argmax(), learnt.weight.shape[:2])
    axes = known.axes[point]
    figures = axes @ learnt.rotated[point, :, sibling]
    precision = (axes * known.precision[point, ratio]) @ axes.T
    missing = learnt.places.missing[sibling]
    if len(missing):
        half = precision[:, missing]
        precision = precision - half @ np.linalg.solve(precision[np.ix_(missing, missing)], half.T)
    pulse, shift = directions(grid)[:2]
    tried = np.concatenate([pulse, shift])
    allowed = np.arange(grid.observed) >= EVENT_FIRST
    allowed[missing] = False
    allowed = np.tile(allowed, 2)
    time: list[int] = []
    size: list[float] = []
    variance = _usual(precision, figures, np.setdiff1d(np.arange(grid.observed), missing))
    while len(time) <= MOST_EVENTS:
        solved = tried @ precision
        information = np.maximum((solved * tried).sum(axis=1), 1e-12)
        score = solved @ figures
        gain = EVENT_SCREEN_SIZE**2 * information
        odds = 0.5 * score**2 / information / variance * gain / (1 + gain) - 0.5 * np.log1p(gain)
        large = np.abs(score) / information >= EVENT_LEAST_SIZE * np.sqrt(variance)
        odds = np.where(allowed & large, odds + np.log(EVENT_PROBABILITY), -np.inf)
        best = int(odds.argmax())
        if odds[best] <= 0:
            break
        at = best % grid.observed
        time.append(at)
        size.append(float(np.abs(score[best]) / information[best] / np.sqrt(variance)))
        allowed[[at, at + grid.observed]] = False
        for row in (tried[at], tried[at + grid.observed]):
            left = precision @ row
            weight = float(row @ left)
            if weight > 1e-9:
                precision = precision - np.outer(left, left) / weight
    over = len(time) <= MOST_EVENTS and max(time, default=0) < grid.observed - EVENT_QUIET
    return Events.at(grid, time, size) if over else Events.none(grid)


def _usual(precision: Floats, figures: Floats, rows: np.ndarray) -> float:
    """Robust mean square of the one-step innovations for unit scale."""
    lower = np.linalg.cholesky(precision[np.ix_(rows, rows)][::-1, ::-1])[::-1, ::-1]
    squares = (lower.T @ figures[rows]) ** 2
    usual = np.median(squares) / MEDIAN_OF_SQUARES
    return float(np.maximum(np.minimum(squares, WINSOR * usual).mean(), 1e-12))
