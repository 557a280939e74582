"""Growth arithmetic: pure functions of arrays, fractions in and out.

Notation of the equations: base-year levels ``b_m`` of the comparable scope, this year's ``x_m``; single-period
growth ``g_m = x_m / b_m - 1``; cumulative growth ``G_k = sum(x_1..x_k) / sum(b_1..b_k) - 1``; ``w_m = b_m / B`` the
share of period m in last year's total and ``W_k`` its running sum. A period is whatever is published as one:
January and February together are one period with the weight of both.

Published figures are rounded to 0.1 point and are revised, so that single-period growth recovered from two of them is
an estimate whose error is given by ``rounding_error``; nothing here treats it as exact.

Invariant: growth computed from weights equals growth computed from levels (held by ``tests/test_growth.py``).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from forecast.dims import Floats

ROUNDING_HALF_UNIT: Final = 0.0005
"""Half of the last printed digit of growth (0.1 point), fraction: the most that rounding can hide."""


class EntryChannel(StrEnum):
    """How an enterprise enters the statistics (DOMAIN.md §3.4)."""

    MONTHLY = "monthly"
    ANNUAL = "annual"


def _floats(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)


def cumulative(growth: ArrayLike, base_weight: ArrayLike) -> Floats:
    """Cumulative growth of every period of a year.

    Parameters
    ----------
    growth : array (..., period), single-period growth, fraction; NaN spreads to every later period
    base_weight : array (..., period), share of last year's total, positive in the first period; need not sum to 1

    Returns
    -------
    array (..., period), fraction.

    Notes
    -----
    ``G_k = sum_{m<=k} w_m g_m / W_k`` (DOMAIN.md §2.1): the base-weighted mean of single periods.
    """
    weight = _floats(base_weight)
    return np.cumsum(weight * _floats(growth), axis=-1) / np.cumsum(weight, axis=-1)


def _check_weights(weight_now: Floats, weight_before: Floats) -> Floats:
    step = weight_now - weight_before
    if np.any(weight_before < 0.0) or np.any(step <= 0.0):
        raise ValueError("cumulative base weights must not be negative and must rise from period to period")
    return step


def single_period(
    cum_now: ArrayLike, cum_before: ArrayLike, *, weight_now: ArrayLike, weight_before: ArrayLike
) -> Floats:
    """Growth of the span between two cumulative figures, as far as rounding lets it be known.

    Parameters
    ----------
    cum_now, cum_before : cumulative growth at the end and before the start of the span, fraction
    weight_now, weight_before : cumulative base weights ``W`` at the same two points; ``weight_before`` is 0 for a span
        that starts the year, and ``cum_before`` then does not matter (but must be finite)

    Returns
    -------
    array, fraction; its error is ``rounding_error`` at worst, besides revisions. It can be below -1 for figures that
    contradict each other.

    Raises
    ------
    ValueError
        The weights do not rise.

    Notes
    -----
    ``g = [W_k (1 + G_k) - W_j (1 + G_j)] / (W_k - W_j) - 1`` (DOMAIN.md §2.2).
    """
    now, before = _floats(weight_now), _floats(weight_before)
    step = _check_weights(now, before)
    return (now * (1.0 + _floats(cum_now)) - before * (1.0 + _floats(cum_before))) / step - 1.0


def rounding_error(*, weight_now: ArrayLike, weight_before: ArrayLike) -> Floats:
    """Worst error that rounding both cumulative figures to 0.1 point leaves in ``single_period``.

    Returns
    -------
    array, fraction, >= 0: ``0.0005 (W_k + W_j) / (W_k - W_j)``; +-0.75 point for August, +-1.15 for December
    (DOMAIN.md §2.2). A span that starts the year has the error of one figure.

    Raises
    ------
    ValueError
        The weights do not rise.
    """
    now, before = _floats(weight_now), _floats(weight_before)
    return ROUNDING_HALF_UNIT * (now + before) / _check_weights(now, before)


def rounding_sd(*, weight_now: ArrayLike, weight_before: ArrayLike) -> Floats:
    """Standard deviation of the same error, both rounding errors uniform and independent.

    Returns
    -------
    array, fraction: ``sqrt(W_k^2 + W_j^2) / (W_k - W_j) * 0.001 / sqrt(12)``; 0.31 point for August, 0.47 for December
    (DOMAIN.md §2.2).

    Raises
    ------
    ValueError
        The weights do not rise.
    """
    now, before = _floats(weight_now), _floats(weight_before)
    return np.hypot(now, before) / _check_weights(now, before) * (2.0 * ROUNDING_HALF_UNIT / np.sqrt(12.0))


def identity_residual(
    cum_now: ArrayLike,
    cum_before: ArrayLike,
    growth: ArrayLike,
    *,
    weight_now: ArrayLike,
    weight_before: ArrayLike,
) -> Floats:
    """How far published cumulative and single-period growth disagree.

    Returns
    -------
    array, fraction: published ``G_k`` minus ``[W_j G_j + (W_k - W_j) g] / W_k``. Published series leave a few tenths
    of a point that rounding does not explain (DOMAIN.md §2.7).

    Raises
    ------
    ValueError
        The weights do not rise.
    """
    now, before = _floats(weight_now), _floats(weight_before)
    step = _check_weights(now, before)
    return _floats(cum_now) - (before * _floats(cum_before) + step * _floats(growth)) / now


def required_growth(target: ArrayLike, cum: ArrayLike, weight: ArrayLike) -> Floats:
    """Growth that the rest of the year must average for the year to end at ``target``.

    Parameters
    ----------
    target : year-end cumulative growth wanted, fraction
    cum : cumulative growth to date, fraction; any finite value where ``weight`` is 0
    weight : share of last year's total in the periods to date, in [0, 1)

    Returns
    -------
    array, broadcast of the three, fraction. At or below -1: reached even if nothing more is produced.

    Raises
    ------
    ValueError
        A weight is outside [0, 1): nothing is left of the year.

    Notes
    -----
    ``r = [(1 + T) - W (1 + C)] / (1 - W) - 1`` (DOMAIN.md §2.3).
    """
    share = _floats(weight)
    if np.any(share < 0.0) or np.any(share >= 1.0):
        raise ValueError("the weight of the periods to date must be in [0, 1)")
    return ((1.0 + _floats(target)) - share * (1.0 + _floats(cum))) / (1.0 - share) - 1.0


def required_level(target: ArrayLike, *, base_total: ArrayLike, level_to_date: ArrayLike) -> Floats:
    """Level that the rest of the year must add: ``(1 + T) B - X_k`` (DOMAIN.md §2.3), in the unit of the levels.

    ``base_total`` is last year's total of the comparable scope. Negative: more than reached already.
    """
    return (1.0 + _floats(target)) * _floats(base_total) - _floats(level_to_date)


def raises_cumulative(growth: ArrayLike, cum_before: ArrayLike) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Whether a period lifts cumulative growth: it does so exactly if it grows faster (DOMAIN.md §2.4)."""
    return np.asarray(_floats(growth) > _floats(cum_before))


def level_growth(level: ArrayLike, base: ArrayLike) -> Floats:
    """Ratio of two published levels minus 1, fraction.

    Not the published growth: that is of the comparable scope, and for value added in constant prices (DOMAIN.md §2.6).
    """
    return _floats(level) / _floats(base) - 1.0


def comparable_base(level: ArrayLike, growth: ArrayLike) -> Floats:
    """Last year's level in this year's scope: ``level / (1 + growth)`` (DOMAIN.md §2.6); ``growth`` > -1."""
    return _floats(level) / (1.0 + _floats(growth))


def pull(base_share: ArrayLike, growth: ArrayLike) -> Floats:
    """Points that a group pulls the total by: base share times growth, fraction (DOMAIN.md §2.9).

    The share is that of last year, not of this one.
    """
    return _floats(base_share) * _floats(growth)


def total_growth(base_share: ArrayLike, growth: ArrayLike) -> Floats:
    """Growth of the total from all its groups: the sum of pulls over the last axis, fraction; 0 for no group."""
    return np.asarray(pull(base_share, growth).sum(axis=-1))


def contribution_rate(base_share: ArrayLike, growth: ArrayLike, *, total: ArrayLike) -> Floats:
    """Share of the total's increment that a group brings (贡献率): pull over total growth; ``total`` not 0."""
    return pull(base_share, growth) / _floats(total)


def two_year_average(previous: ArrayLike, latest: ArrayLike) -> Floats:
    """Geometric mean growth of two years: ``sqrt((1 + g1)(1 + g2)) - 1`` (DOMAIN.md §2.10); both > -1."""
    return np.sqrt((1.0 + _floats(previous)) * (1.0 + _floats(latest))) - 1.0


def previous_growth(average: ArrayLike, latest: ArrayLike) -> Floats:
    """Growth of the earlier year from a two-year average: ``(1 + a)^2 / (1 + g2) - 1`` (DOMAIN.md §2.10).

    With both figures rounded to 0.1 point the result is within some 0.15 point.
    """
    return (1.0 + _floats(average)) ** 2 / (1.0 + _floats(latest)) - 1.0


def restart_lift(base_share: ArrayLike, base_weight: ArrayLike, recovery: ArrayLike) -> Floats:
    """Lift of the year's growth when a stopped group runs again.

    Parameters
    ----------
    base_share : share of the group in last year's total, fraction
    base_weight : array (..., period), weights of the periods after the restart, share of last year's total
    recovery : array (..., period) or scalar, output against last year's same period, 0 = still stopped, 1 = all of it

    Returns
    -------
    array (...), fraction, against the group staying stopped.

    Notes
    -----
    ``beta * sum_m w_m rho_m`` (DOMAIN.md §3.2). What was lost before the restart never comes back.
    """
    return _floats(base_share) * np.asarray((_floats(base_weight) * _floats(recovery)).sum(axis=-1))


def exit_keeping_base(base_share: ArrayLike, others: ArrayLike) -> Floats:
    """Growth after a group leaves and its base stays: ``(1 - s)(1 + g) - 1``, fraction (DOMAIN.md §3.4).

    ``others`` is the growth of all that remain. A pure drag of ``s (1 + g)`` against ``exit_with_base``.
    """
    return (1.0 - _floats(base_share)) * (1.0 + _floats(others)) - 1.0


def exit_with_base(others: ArrayLike) -> Floats:
    """Growth after a group leaves both years: that of all that remain, fraction (DOMAIN.md §3.4)."""
    return _floats(others).copy()


def entrant_lift(output: ArrayLike, *, base_total: ArrayLike, channel: EntryChannel) -> Floats:
    """Lift of this year's growth by a new unit in the statistics.

    Parameters
    ----------
    output : output counted this year, in the unit of ``base_total``
    base_total : last year's total
    channel : through the monthly channel the unit has no base and all of its output counts; through the annual one it
        reports from next January and adds exactly nothing this year (DOMAIN.md §3.4)

    Returns
    -------
    array, fraction.
    """
    lift = _floats(output) / _floats(base_total)
    return lift if channel is EntryChannel.MONTHLY else np.zeros_like(lift)
