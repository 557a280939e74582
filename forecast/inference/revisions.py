"""How much a published figure is still corrected by: learnt from the vintages of a data set, by indicator and age.

A figure that came out ``t`` days ago is the last print of it; the print that stays comes later. Of every period whose
prints go back far enough, the print that stood ``t`` days after the first one missed the one that stayed by ``e(t)``.
The sd of what is still to come is

    r(t)^2 = (sum e(t)^2 + n0 prior^2) / (n + n0),

over the ``n`` such periods of the indicator, all places together, with ``revision_sd_pp`` as the prior that weighs as
much as ``n0`` of them. From the longest time that any figure of the data set took to be corrected, nothing more is
expected; a data set that has shown no correction at all is taken as it stands.

Invariant: only prints that were out count (held by ``tests/test_revisions.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from forecast.data.panel import Indicator, Panel
from forecast.dims import Floats, from_percent
from forecast.inference.priors import LONGEST_REVISION, REVISION_PRIOR_FIGURES, SETTLED_PP

_CUMULATIVE: Final = "cum_yoy_pct"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prints:
    """All prints of cumulative growth that are out, sorted by figure and day.

    figure : (n,) int, number of the figure; own : (n,) bool, of the indicator in question
    age : (n,) days since the figure's first print; growth : (n,) fraction
    first : (figure,) day of the first print, ordinal; day : the state of knowledge
    first_day : the same of the indicator's figures, by unit, year and month
    """

    figure: np.ndarray
    own: np.ndarray
    age: np.ndarray
    growth: Floats
    first: np.ndarray
    first_day: Mapping[tuple[str, int, int], int]
    day: int

    @property
    def horizon(self) -> int:
        """Days from the first print to the last correction of any figure, at most ``LONGEST_REVISION``; 0: none."""
        changed = (self.figure[1:] == self.figure[:-1]) & (self.growth[1:] != self.growth[:-1])
        return min(int(self.age[1:][changed].max(initial=0)), LONGEST_REVISION)

    def errors(self, age: int) -> Floats:
        """What stayed less what stood at this age, log points, of the indicator's figures that are settled by now."""
        standing = self._last(self.age <= age)
        final = self._last(self.age <= max(self.horizon, age))
        settled = (self.day - self.first >= self.horizon) & (standing >= 0)
        settled &= self.own[np.maximum(standing, 0)]
        return np.asarray(np.log1p(self.growth[final[settled]]) - np.log1p(self.growth[standing[settled]]))

    def _last(self, there: np.ndarray) -> np.ndarray:
        """Position of the last of these prints of every figure, (figure,), -1 where there is none."""
        out = np.full(len(self.first), -1)
        at = np.flatnonzero(there)
        out[self.figure[at]] = at
        return out


def prints(panel: Panel, known: pd.DataFrame, indicator: Indicator) -> Prints | None:
    """Prints that were out when the last of the known figures was; None where the data have no days of release."""
    rows = panel.observations
    if known.empty or not {"released", "measure", "value"} <= set(known.columns) & set(rows.columns):
        return None
    days = np.array([day.toordinal() for day in rows["released"]], dtype=np.int64)
    day = max(one.toordinal() for one in known["released"])
    growth = rows["value"].to_numpy(dtype=np.float64)
    kept = (days <= day) & np.isfinite(growth) & (rows["measure"] == _CUMULATIVE).to_numpy(dtype=bool) & (growth > -100)
    if not kept.any():
        return None
    at = np.flatnonzero(kept)
    months = np.array([p.year * 12 + p.month for p in rows["period"].iloc[at]], dtype=np.int64)
    codes = [pd.factorize(rows[key].iloc[at])[0] for key in ("indicator", "unit")]
    order = np.lexsort((days[at], months, *codes))
    keys = np.stack([*codes, months])[:, order]
    start = np.append(True, np.any(keys[:, 1:] != keys[:, :-1], axis=0))
    figure = np.cumsum(start) - 1
    first = days[at][order][start]
    own = (rows["indicator"].iloc[at].to_numpy() == indicator.indicator)[order]
    named = rows.iloc[at[order[start & own]]]
    firsts = zip(named["unit"], named["period"], days[at][order][start & own].tolist(), strict=True)
    return Prints(
        figure=figure,
        own=own,
        age=days[at][order] - first[figure],
        growth=from_percent(growth[at][order]),
        first=first,
        first_day={(unit, period.year, period.month): one for unit, period, one in firsts},
        day=day,
    )


def corrections(panel: Panel, known: pd.DataFrame, rows: pd.DataFrame, indicator: Indicator) -> Floats:
    """Sd of what figures are still corrected by, (row,), log points; 0 for settled ones and for single periods.

    Parameters
    ----------
    known : the figures that are out (``panel.known``); rows : those of the indicator that are measured
    """
    out = np.zeros(len(rows))
    found = prints(panel, known, indicator)
    if found is None or not found.horizon:
        return out
    prior = from_percent(np.array(indicator.revision_sd_pp))
    by_age: dict[int, float] = {}
    for i, (unit, period, measure) in enumerate(zip(rows["unit"], rows["period"], rows["measure"], strict=True)):
        age = found.day - found.first_day.get((unit, period.year, period.month), found.day)
        if measure != _CUMULATIVE or age >= found.horizon:
            continue
        if age not in by_age:
            error = found.errors(age)
            mean = (error @ error + REVISION_PRIOR_FIGURES * prior**2) / (len(error) + REVISION_PRIOR_FIGURES)
            by_age[age] = float(np.sqrt(mean))
        out[i] = by_age[age] if by_age[age] > from_percent(np.array(SETTLED_PP)) else 0.0
    return out
