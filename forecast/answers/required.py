"""Required growth: what the periods that are left must average for the year to end at the target.

Invariant: producing the required growth in those periods ends the year exactly at the target, draw by draw
(held by ``tests/test_attainment.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from forecast.answers.chances import Status
from forecast.data.panel import Config
from forecast.dims import Floats, to_percent
from forecast.growth import required_growth
from forecast.periods import AsOf, Month

type RequiredStatus = Literal[Status.OPEN, Status.ALREADY_MET, Status.CLOSED, Status.NOT_ACTIONABLE, Status.NOT_JUDGED]
"""Whether a growth can be named, and if not, why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Required:
    """Distribution of the growth that the remaining periods must average, year on year.

    first : last month of the first of these periods; None without one
    periods : their number
    median_pct, p10_pct, p90_pct : percent, quantiles over draws; None unless ``status`` is OPEN, and where more than a
        tenth of the draws leave these periods no weight, so that no growth would do. A draw in which even no output
        at all would do counts as -100.
    """

    status: RequiredStatus
    first: Month | None = None
    periods: int = 0
    median_pct: float | None = None
    p10_pct: float | None = None
    p90_pct: float | None = None


def action_month(config: Config, as_of: AsOf) -> Month:
    """First month of the target year that a decision can affect, at a state of knowledge.

    The lag from the day of knowledge to it is a rule of the data set: as stated, else that of its own ``as_of`` to its
    own first month, where later figures in the file make that month come first none. Not before the target year begins.
    """
    stated, own = config.first_action_month, AsOf.parse(config.as_of).day
    apart = (stated.year - own.year) * 12 + stated.month - own.month
    lag = max(apart, 0) if config.action_lag_months is None else config.action_lag_months
    return max(Month(as_of.day.year, as_of.day.month).plus(lag), Month(config.target_year, 1))


def required(
    target: Floats, *, cum: Floats, base_weight: Floats, labels: Sequence[str], start: int, open_from: int
) -> Required:
    """Growth that the periods from ``start`` on must average for the year to end at ``target``.

    Parameters
    ----------
    target : (draw,), year-end growth to be reached, fraction
    cum, base_weight : (draw, period); open periods before ``start`` keep their drawn values
    labels : ``YYYY-MM`` of every period
    start : position of the first period that can answer; ``len(labels)`` if none can
    open_from : position of the first unpublished period

    Returns
    -------
    Required, quantiles over draws; status CLOSED when the year is published, NOT_ACTIONABLE when no open period can
    still be acted on, ALREADY_MET when the median draw needs no output at all.
    """
    periods = len(labels)
    if open_from >= periods:
        return Required(status=Status.CLOSED)
    if start >= periods:
        return Required(status=Status.NOT_ACTIONABLE)
    first = Month.parse(labels[start])
    share = base_weight[:, :start].sum(axis=1)
    to_date = cum[:, start - 1] if start else np.zeros_like(target)
    low, middle, high = _quantiles(_needed(target, to_date, share))
    if middle <= -1.0:
        return Required(status=Status.ALREADY_MET, first=first, periods=periods - start)
    if np.isinf(middle):
        return Required(status=Status.NOT_ACTIONABLE)
    return Required(
        status=Status.OPEN,
        first=first,
        periods=periods - start,
        median_pct=to_percent(middle),
        p10_pct=to_percent(low),
        p90_pct=None if np.isinf(high) else to_percent(high),
    )


def _needed(target: Floats, to_date: Floats, share: Floats) -> Floats:
    """Growth that the rest must average, (draw,), at least -1.

    A draw that leaves the rest of the year no weight is there already, whatever is produced, or never will be.
    """
    left = share < 1.0
    needed = np.where(to_date >= target, -1.0, np.inf)
    needed[left] = np.maximum(required_growth(target[left], to_date[left], share[left]), -1.0)
    return needed


def _quantiles(needed: Floats) -> tuple[float, float, float]:
    """Quantiles .1, .5, .9; order statistics where a draw is infinite, between which nothing can be interpolated."""
    method = "linear" if np.isfinite(needed).all() else "inverted_cdf"
    low, middle, high = np.quantile(needed, [0.1, 0.5, 0.9], method=method)  # type: ignore[call-overload]
    return float(low), float(middle), float(high)
