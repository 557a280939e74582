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

Running totals that are restated within the year: the part to date is not settled by its being published.

A change of cumulative growth, less the parent's, by which the period alone would have grown by a log point and more,
six times what is usual, and which stays, is none of the period's: the total was restated. How often that happens is
learnt by siblings, with a gamma prior of the rate a period, and by place around that; how large it is, by siblings,
with an inverse gamma prior of the mean square. The periods to come restate the total once at most, by a normal amount
that stays to the year's end. What is restated of a parent is not of its children, and a jump of all is a shock.

Invariant: where none was seen, at most a draw in fifty moves (held by ``tests/test_restated.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
    RESTATED_FIGURES,
    RESTATED_FROM,
    RESTATED_LATE,
    RESTATED_LEAST,
    RESTATED_MONTH,
    RESTATED_OWN,
    RESTATED_RATE,
    RESTATED_SIZE,
    RESTATED_STAYS,
    RESTATED_WEIGHT,
    WINSOR,
)
from forecast.inference.regular.factors import Factors, Grid, calendar_weights, contrasts, whitening
from forecast.inference.regular.learning import Learnt


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Events:
    """Events of a place; two directions each, a pulse and a shift.

    time : (n,) int, positions on the observed grid
    recent : positions of what looks like an event and is not over: named, not taken out
    figures : (2 n, T) directions in B x; wanted : (2 n, H) directions in growth of the open periods
    variance : (2 n,) prior variance over that of the scale
    """

    time: np.ndarray
    figures: Floats
    wanted: Floats
    variance: Floats
    recent: tuple[int, ...] = ()

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
    if len(time) > MOST_EVENTS:
        return Events.none(grid)
    if max(time, default=0) < grid.observed - EVENT_QUIET:
        return Events.at(grid, time, size)
    return replace(Events.none(grid), recent=tuple(at for at in time if at >= grid.observed - EVENT_QUIET))


def _usual(precision: Floats, figures: Floats, rows: np.ndarray) -> float:
    """Robust mean square of the one-step innovations for unit scale."""
    lower = np.linalg.cholesky(precision[np.ix_(rows, rows)][::-1, ::-1])[::-1, ::-1]
    squares = (lower.T @ figures[rows]) ** 2
    usual = np.median(squares) / MEDIAN_OF_SQUARES
    return float(np.maximum(np.minimum(squares, WINSOR * usual).mean(), 1e-12))


@dataclass(frozen=True, slots=True, kw_only=True)
class Restated:
    """How often and by how much the running totals of siblings are restated.

    rate : of every sibling, a period before the last quarter, ``RESTATED_LATE`` times that in it
    size : sd, log points
    """

    rate: Floats
    size: float

    def draw(self, sibling: int, grid: Grid, draws: int, rng: np.random.Generator) -> Floats:
        """What is still restated of the total of the target year in every draw, (draw,), log points."""
        to_come = self.rate[sibling] * hazard(grid.per_year)[grid.known :].sum()
        happens = rng.random(draws) < -np.expm1(-to_come)
        return np.asarray(np.where(happens, self.size * rng.standard_normal(draws), 0.0))


def hazard(per_year: int) -> Floats:
    """Relative frequency of restatements by period of the year, (per_year,)."""
    quarter = max(1, round(per_year / 4))
    return np.where(np.arange(per_year) >= per_year - quarter, RESTATED_LATE, 1.0)


def jumps(growth: Floats, gaps: np.ndarray, grid: Grid) -> tuple[Floats, float, float]:
    """Restatements in cumulative log growth, (T,), 0 where none is; periods they were looked for in; usual change.

    The base of the year after is what was published: a jump comes back with the other sign, and is counted once. The
    periods are weighted by ``hazard``, the usual change is one at the end of a year, log points.
    """
    s = grid.per_year
    position = np.arange(grid.observed) % s
    elapsed = calendar_weights(s).cumsum()[position] / calendar_weights(s)[position]
    there = np.isin(np.arange(grid.observed), gaps, invert=True)
    change = np.diff(growth, prepend=0.0)
    both = (position > 0) & there & np.append(False, there[:-1])
    if not both.any():
        return np.zeros(grid.observed), 0.0, 0.0
    month = np.abs(change) * elapsed
    size = float(np.median(month[both])) / np.sqrt(MEDIAN_OF_SQUARES)
    can = both & (position >= RESTATED_FROM)
    large = RESTATED_STAYS * np.abs(change)
    after = np.append(change[1:], 0.0) * np.append(position[1:] > 0, False)
    before = np.append(0.0, change[:-1]) * (position > 1)
    stays = (after * np.sign(change) > -large) & (before * np.sign(change) > -large)
    found = can & stays & (month > np.maximum(RESTATED_LEAST * size, RESTATED_MONTH))
    last = np.append(np.zeros(s), np.where(found, change, 0.0)[:-s])
    mirrored = (last * change < 0) & (np.abs(change + last) < RESTATED_STAYS * np.abs(last))
    exposed = float(hazard(s)[position][can].sum())
    return np.where(found & ~mirrored, change, 0.0), exposed, size / float(elapsed.max())


def restated(growth: Sequence[Floats], missing: Sequence[np.ndarray], grid: Grid) -> Restated:
    """What the figures of siblings say of restatements.

    Parameters
    ----------
    growth : of every sibling, (T,), cumulative log growth less the parent's; missing : positions of its gaps
    """
    found = [jumps(one, gaps, grid) for one, gaps in zip(growth, missing, strict=True)]
    count = np.array([np.count_nonzero(seen) for seen, _, _ in found])
    exposed = np.array([periods for _, periods, _ in found])
    common = (count.sum() + RESTATED_WEIGHT) / (exposed.sum() + RESTATED_WEIGHT / RESTATED_RATE)
    prior = RESTATED_SIZE * float(np.median([usual for _, _, usual in found]))
    square = sum(float(seen @ seen) for seen, _, _ in found) + RESTATED_FIGURES * prior**2
    return Restated(
        rate=(count + RESTATED_OWN * common) / (exposed + RESTATED_OWN),
        size=float(np.sqrt(square / (count.sum() + RESTATED_FIGURES))),
    )
