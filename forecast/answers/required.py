"""Required growth: what the periods that are left must average for the year to end at the target.

Invariant: producing the required growth in those periods ends the year exactly at the target, draw by draw
(held by ``tests/test_attainment.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from forecast.dims import Floats, to_percent
from forecast.growth import required_growth
from forecast.periods import Month

__all__ = ["Required", "RequiredStatus", "first_actionable", "first_open", "required"]


class RequiredStatus(StrEnum):
    """Whether a growth can be named, and if not, why."""

    OPEN = "open"
    ALREADY_MET = "already_met"
    CLOSED = "closed"
    NOT_ACTIONABLE = "not_actionable"
    NOT_JUDGED = "not_judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Required:
    """Distribution of the growth that the remaining periods must average, year on year.

    first : last month of the first of these periods; None without one
    periods : their number
    median_pct, p10_pct, p90_pct : percent, quantiles over draws; None unless ``status`` is OPEN. A draw in which even
        no output at all would do counts as -100.
    """

    status: RequiredStatus
    first: Month | None = None
    periods: int = 0
    median_pct: float | None = None
    p10_pct: float | None = None
    p90_pct: float | None = None


def first_open(published: Floats) -> int:
    """Position of the first period after the last published one; ``published`` is (period,) with NaN where open."""
    known = np.flatnonzero(np.isfinite(published))
    return int(known[-1]) + 1 if known.size else 0


def first_actionable(labels: Sequence[str], *, open_from: int, action: Month) -> int:
    """Position of the first open period whose last month is not before the first month of action."""
    late = [k for k, label in enumerate(labels) if k >= open_from and Month.parse(label) >= action]
    return late[0] if late else len(labels)


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
        return Required(status=RequiredStatus.CLOSED)
    if start >= periods:
        return Required(status=RequiredStatus.NOT_ACTIONABLE)
    first = Month.parse(labels[start])
    share = base_weight[:, :start].sum(axis=1)
    to_date = cum[:, start - 1] if start else np.zeros_like(target)
    needed = np.maximum(required_growth(target, to_date, share), -1.0)
    low, middle, high = to_percent(np.quantile(needed, [0.1, 0.5, 0.9]))
    if middle <= -100.0:
        return Required(status=RequiredStatus.ALREADY_MET, first=first, periods=periods - start)
    return Required(
        status=RequiredStatus.OPEN,
        first=first,
        periods=periods - start,
        median_pct=float(middle),
        p10_pct=float(low),
        p90_pct=float(high),
    )
