"""Periods of a path: what is forecast, what is demanded, in growth and in money, beside the pace of the year.

Invariant: what is not demanded is the forecast, to the last digit (held by ``tests/test_required_path.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import pandas as pd

from forecast.dims import Floats, brief, to_percent
from forecast.periods import Month


class Scope(StrEnum):
    """Whose path it is. A zone's figures are already in a county's."""

    CITY = "city"
    COUNTY = "county"
    ZONE = "zone"
    PROJECT = "project"


class Phase(StrEnum):
    """What a period is: published, open but before the first month of action, or demanded."""

    PUBLISHED = "published"
    FORECAST = "forecast"
    DEMANDED = "demanded"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodStep:
    """One period of a path; growth in percent, money in 亿元; None where nothing is known to say it.

    Growth is the median over draws, as every point forecast, and money the mean; ``p10`` and ``p90`` are quantiles of
    the money demanded, which the uncertainty of the base level widens. Of a project the money is that of its plan.
    extra_yi : money demanded beyond the forecast; pace_pct : share of the year's months gone (序时进度)
    done_pct, asked_pct : year to date as a share of what the year must bring, forecast and demanded
    """

    period: Month
    phase: Phase
    forecast_month_pct: float | None = None
    demanded_month_pct: float | None = None
    forecast_cum_pct: float | None = None
    demanded_cum_pct: float | None = None
    forecast_yi: float | None = None
    demanded_yi: float | None = None
    demanded_p10_yi: float | None = None
    demanded_p90_yi: float | None = None
    extra_yi: float | None = None
    pace_pct: float | None = None
    done_pct: float | None = None
    asked_pct: float | None = None

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The path of one place or project.

    key : id; synthetic : whether it rests on a synthetic ledger row
    """

    scope: Scope
    key: str
    name_zh: str
    steps: tuple[PeriodStep, ...]
    synthetic: bool = False
    resp_unit: str = ""
    resp_person: str = ""

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """The periods of the year, how many are published, and the position of the first that is demanded."""

    labels: tuple[Month, ...]
    published: int
    start: int


def steps_of(
    periods: Periods,
    drawn: tuple[Floats, Floats] | None,
    weight: Floats,
    base: Floats | None,
    size: float,
    *,
    wanted: float | None,
    told: bool,
) -> tuple[PeriodStep, ...]:
    """Periods of a place's path, with an uplift of so much (``size``, fraction) in the demanded ones.

    Parameters
    ----------
    drawn : growth of single periods and to date; None: nothing is published, only the extra can be named
    base : (draw,), last year's level, 亿元; wanted : mean of this year's over last year's level, as demanded
    told : whether a demand can be named
    """
    asked = np.where(np.arange(len(periods.labels)) >= periods.start, size, 0.0)
    extra = None if base is None else (base[:, None] * weight * asked).mean(axis=0)
    last = periods.labels[-1].month
    out = []
    for k, label in enumerate(periods.labels):
        phase = Phase.PUBLISHED if k < periods.published else Phase.FORECAST if k < periods.start else Phase.DEMANDED
        pace = to_percent(label.month / last)
        step = PeriodStep(period=label, phase=phase, pace_pct=pace, extra_yi=_at(extra, k) if told else None)
        if drawn is not None:
            growth, cum = (array[:, k] for array in drawn)
            money = None if base is None else base * weight[:, k]
            running = weight[:, : k + 1].sum(axis=1)
            lift = (weight[:, : k + 1] * asked[: k + 1]).sum(axis=1) / running
            step = replace(
                step,
                forecast_month_pct=_median_pct(growth),
                forecast_cum_pct=_median_pct(cum),
                forecast_yi=None if money is None else float((money * (1.0 + growth)).mean()),
                done_pct=None if wanted is None else _mean_pct(running * (1.0 + cum)) / wanted,
            )
            if told:
                step = _with_demand(step, growth + asked[k], cum + lift, running, money=money, wanted=wanted)
        out.append(step)
    return tuple(out)


def scaled_projects(rows: pd.DataFrame, months: Sequence[Month], extra: float) -> tuple[Line, ...]:
    """Plans of projects in some months, 亿元, scaled alike so that they bring ``extra`` more together.

    None where no project has a plan for these months: nothing can be scaled.
    """
    planned = [label for label in months if f"plan_m{label.month:02d}_yi" in rows.columns]
    if rows.empty or not planned:
        return ()
    plans = np.nan_to_num(rows[[f"plan_m{label.month:02d}_yi" for label in planned]].to_numpy(dtype=np.float64))
    if not plans.sum() > 0.0:
        return ()
    scale = 1.0 + extra / float(plans.sum())
    return tuple(
        Line(
            scope=Scope.PROJECT,
            key=str(row["project"]),
            name_zh=str(row["name_zh"]),
            steps=tuple(
                PeriodStep(
                    period=label,
                    phase=Phase.DEMANDED,
                    forecast_yi=float(amount),
                    demanded_yi=float(amount * scale),
                    extra_yi=float(amount * (scale - 1.0)),
                )
                for label, amount in zip(planned, plan, strict=True)
            ),
            synthetic=row["row_status"] == "synthetic",
            resp_unit=str(row["resp_unit"]),
            resp_person=str(row["resp_person"]),
        )
        for plan, row in zip(plans, rows.to_dict("records"), strict=True)
    )


def _with_demand(
    step: PeriodStep, growth: Floats, cum: Floats, running: Floats, *, money: Floats | None, wanted: float | None
) -> PeriodStep:
    """A step with what is demanded: growth of the period and to date, (draw,)."""
    levels = None if money is None else money * (1.0 + growth)
    low, high = (None, None) if levels is None else (float(q) for q in np.quantile(levels, [0.1, 0.9]))
    return replace(
        step,
        demanded_month_pct=_median_pct(growth),
        demanded_cum_pct=_median_pct(cum),
        demanded_yi=None if levels is None else float(levels.mean()),
        demanded_p10_yi=low,
        demanded_p90_yi=high,
        asked_pct=None if wanted is None else _mean_pct(running * (1.0 + cum)) / wanted,
    )


def _median_pct(values: Floats) -> float:
    return to_percent(float(np.median(values)))


def _mean_pct(values: Floats) -> float:
    return to_percent(float(values.mean()))


def _at(values: Floats | None, k: int) -> float | None:
    return None if values is None else float(values[k])
