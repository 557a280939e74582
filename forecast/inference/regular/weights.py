"""What is not known of base weights, on a grid where growth is chained.

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

import numpy as np

from forecast.dims import Floats
from forecast.inference.chain import chained_draws
from forecast.inference.priors import MOST_MOVED, RATIO_PROFILE_SHARE
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
