"""From published figures to measurements on an indicator's period grid, with their noise.

Invariant: what is published after the state of knowledge does not enter (held by ``tests/test_measure.py``).

How much a published figure is still corrected by: learnt from the vintages of a data set, by indicator and age.

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

from forecast.data.panel import Indicator, Panel, Unit
from forecast.dims import Floats, from_percent
from forecast.inference.chain import first_year_weights
from forecast.inference.model import Measurements
from forecast.inference.priors import (
    DERIVED_FACTOR,
    FIRST_YEARS,
    LEAST_PUBLISHED,
    LONGEST_REVISION,
    MOST_MISSING,
    PROFILE_SD,
    REVISION_PRIOR_FIGURES,
    ROUNDING_SD_PP,
    SCALE_BY_LEVEL,
    SETTLED_PP,
)
from forecast.periods import default_profile

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


CUMULATIVE: Final = "cum_yoy_pct"
SINGLE: Final = "month_yoy_pct"


def measure(panel: Panel, known: pd.DataFrame, indicator: Indicator, *, target_year: int) -> Measurements:
    """Measurements of an indicator, for every place with a figure and every ancestor of one.

    Parameters
    ----------
    known : the figures that are out (``panel.known``)

    Notes
    -----
    Cumulative growth is what the target is about, so it is taken as published: its noise is rounding. A single
    period's growth disagrees with it by ``revision_sd_pp`` *cumulative* points (earlier months are corrected,
    DOMAIN §2.7), that is by ``revision_sd_pp * W_k / w_k`` points of the period's own growth.
    """
    rows = known[(known["indicator"] == indicator.indicator) & known["measure"].isin([CUMULATIVE, SINGLE])]
    rows = _from_whole_years(rows, per_year=indicator.frequency.per_year, target_year=target_year)
    units = _with_ancestors(panel, set(rows["unit"]))
    position = {unit.unit: i for i, unit in enumerate(units)}
    years = [p.year for p in rows["period"]]
    first_year = min([*years, target_year - FIRST_YEARS]) - 1
    months = {month: k for k, month in enumerate(indicator.frequency.months)}
    per_year = indicator.frequency.per_year
    place = np.array([months[p.month] for p in rows["period"]], dtype=np.intp)
    unit = np.array([position[u] for u in rows["unit"]], dtype=np.intp)
    levels = known[(known["indicator"] == indicator.indicator) & (known["measure"] == "level_cum")]
    weights = [_weight(indicator, levels[levels["unit"] == u.unit], target_year) for u in units]
    weight = np.array([w for w, _ in weights]).reshape(len(units), per_year)
    growth = np.maximum(from_percent(rows["value"].to_numpy(dtype=np.float64)), LEAST_PUBLISHED)
    cumulative = (rows["measure"] == CUMULATIVE).to_numpy(dtype=bool) | (place == 0)
    noise_pp = np.where(rows["status"] == "derived", DERIVED_FACTOR, 1.0) * ROUNDING_SD_PP
    share = weight[unit, place] / np.cumsum(weight, axis=1)[unit, place] if len(unit) else np.ones(0)
    noise_pp = np.where(cumulative, noise_pp, np.hypot(noise_pp, indicator.revision_sd_pp / share))
    time = (np.array(years, dtype=np.intp) - first_year) * per_year + place
    for i in np.flatnonzero([origin == "levels" for _, origin in weights]):
        of_unit = cumulative & (unit == i)
        weight[i] = _at_first(weight[i], time[of_unit], growth[of_unit], years=target_year - first_year)
    return Measurements(
        units=tuple(u.unit for u in units),
        parent=tuple(-1 if u.parent is None else position[u.parent] for u in units),
        per_year=per_year,
        first_year=first_year,
        years=target_year - first_year + 1,
        weight=weight,
        profile_sd=np.array([PROFILE_SD[origin] for _, origin in weights]),
        scale=np.array([SCALE_BY_LEVEL[u.level] for u in units]),
        unit=unit,
        time=time,
        cumulative=cumulative,
        log_growth=np.log1p(growth),
        noise_sd=from_percent(noise_pp) / (1 + growth),
        revision_sd=corrections(panel, known, rows, indicator),
    )


def _from_whole_years(rows: pd.DataFrame, *, per_year: int, target_year: int) -> pd.DataFrame:
    """Rows without lone early figures: years of which no place has a third, before years of which all have most.

    A December before the first year of figures would make a grid of which a year is missing. They are left out only
    where every place that has one is regular without.
    """
    if rows.empty:
        return rows
    unit, year = rows["unit"].to_numpy(), np.array([p.year for p in rows["period"]])
    past = (rows["measure"] == CUMULATIVE).to_numpy(dtype=bool) & (year < target_year)
    count = pd.crosstab(unit[past], year[past])
    some = np.unique(year[past])[(count > MOST_MISSING * per_year).any(axis=0).to_numpy(dtype=bool)]
    first = int(some.min(initial=target_year))
    if first in (int(year.min()), target_year):
        return rows
    later = count.reindex(np.unique(unit[year < first]), fill_value=0).loc[:, first:].sum(axis=1)
    sparse = later < (1 - MOST_MISSING) * per_year * (target_year - first)
    return rows if bool(sparse.any()) else rows[year >= first]


def _with_ancestors(panel: Panel, named: set[str]) -> list[Unit]:
    """Places in question and all above them, parents before children."""
    needed: set[str] = set()
    for unit in named:
        current: str | None = unit
        while current is not None and current not in needed:
            needed.add(current)
            current = panel.units[current].parent
    depth = {unit: _depth(panel, unit) for unit in needed}
    return [panel.units[u] for u in sorted(needed, key=lambda u: (depth[u], list(panel.units).index(u)))]


def _depth(panel: Panel, unit: str) -> int:
    parent = panel.units[unit].parent
    return 0 if parent is None else 1 + _depth(panel, parent)


def _weight(indicator: Indicator, levels: pd.DataFrame, target_year: int) -> tuple[Floats, str]:
    """Base weights of a place and their origin: its levels of last year, else the profile, else flat."""
    last_year = target_year - 1
    cumulative = {p.month: v for p, v in zip(levels["period"], levels["value"], strict=True) if p.year == last_year}
    if all(month in cumulative for month in indicator.frequency.months):
        single = np.diff([0.0, *(cumulative[m] for m in indicator.frequency.months)])
        if (single > 0).all():
            return single / single.sum(), "levels"
    if indicator.profile is not None:
        return np.array(indicator.profile), "profile"
    return default_profile(indicator.frequency), "flat"


def _at_first(weight: Floats, time: np.ndarray, growth: Floats, *, years: int) -> Floats:
    """Base weights of the first year that grew into those of last year, where every figure in between is published.

    Parameters
    ----------
    weight : (per_year,), of last year; time, growth : (n,) cumulative figures; years : of the grid but the target year
    """
    per_year = len(weight)
    table = np.full(per_year * years, np.nan)
    before = time < len(table)
    table[time[before]] = growth[before]
    found = table.reshape(years, per_year)[1:]
    first = first_year_weights(weight, found) if np.isfinite(found).all() else None
    return weight if first is None else first
