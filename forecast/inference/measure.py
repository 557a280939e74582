"""From published figures to measurements on an indicator's period grid, with their noise.

Invariant: what is published after the state of knowledge does not enter (held by ``tests/test_measure.py``).
"""

from __future__ import annotations

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
    PROFILE_SD,
    ROUNDING_SD_PP,
    SCALE_BY_LEVEL,
)
from forecast.inference.revisions import corrections
from forecast.periods import default_profile

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
