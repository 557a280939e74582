"""Joint draws of growth in the target year: what every probability, table and chart is read from.

Invariant: published periods repeat the published value in every draw, and cumulative growth is the
base-weighted mean of single-period growth elsewhere (held by ``tests/test_paths.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

import numpy as np
import xarray as xr

from forecast.dims import DRAW, PERIOD, UNIT, Floats, brief
from forecast.errors import NonFiniteError
from forecast.inference.diagnostics import Diagnostics
from forecast.inference.model import Measurements
from forecast.periods import AsOf, Frequency, Month

if TYPE_CHECKING:
    from forecast.inference.sampling import Posterior


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IndicatorPaths:
    """Joint posterior draws of one indicator in the target year, over all its units.

    growth : DataArray, dims (draw, unit, period), single-period year-on-year growth, fraction, > -1
    base_weight : DataArray, dims (draw, unit, period), share of last year's total, sums to 1 over period
    cum_yoy : DataArray, dims (draw, unit, period), cumulative growth, fraction; published periods repeat the
        published value
    published : DataArray, dims (unit, period), published cumulative growth as of the run, fraction; NaN where open
    ess : effective number of draws behind a probability
    The coordinate ``period`` holds ``YYYY-MM`` (last month covered), ``unit`` the unit ids.
    """

    indicator: str
    frequency: Frequency
    growth: xr.DataArray
    base_weight: xr.DataArray
    cum_yoy: xr.DataArray
    published: xr.DataArray
    ess: float
    diagnostics: Diagnostics

    __repr__ = brief


class Level(StrEnum):
    """What surprises are told apart by: the root's own, a province's against it, a city's against its province."""

    NATION = "nation"
    PROVINCE = "province"
    CITY = "city"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dependence:
    """Correlations between indicators of what the end of the year will surprise by, (level, indicator, indicator).

    indicators : ids, official order; levels in the order of ``Level``
    line : units that the levels are read at: the root, the province that the city is held against, the city
    mean, sd : posterior; prior_mean, prior_sd : before the panel was looked at
    seen : correlation in the panel's own history, at year-end size; NaN where none; sums : quarters that it rests on
    """

    indicators: tuple[str, ...]
    line: tuple[str, ...]
    mean: Floats
    sd: Floats
    prior_mean: Floats
    prior_sd: Floats
    seen: Floats
    sums: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pool:
    """The two forecasts that GDP's draws were pooled from, and the pool: year-end growth, (draw,), fraction, by unit.

    weight : of the direct draws at the end of the year; covered : share of the fourth quarter whose drivers have draws
    """

    direct: Mapping[str, Floats]
    bridge: Mapping[str, Floats]
    pooled: Mapping[str, Floats]
    weight: float
    covered: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Paths:
    """All indicators of a run, in official order; the same draw number is the same world in each.

    pool : how GDP's draws were pooled with those of its industries; None: they are those of its fit
    dependence : between indicators, that the draws' order follows; None: not told
    """

    indicators: Mapping[str, IndicatorPaths]
    target_year: int
    as_of: AsOf
    seed: int
    method: str
    pool: Pool | None = None
    dependence: Dependence | None = None

    __repr__ = brief


def indicator_paths(posterior: Posterior, *, indicator: str, frequency: Frequency, target_year: int) -> IndicatorPaths:
    """Paths of the target year from the posterior of an indicator.

    Growth follows from the drawn index, which agrees with every published figure but for rounding and restatement;
    where cumulative growth is published, it is repeated as published.
    """
    m = posterior.measurements
    s = m.per_year
    level = m.weight * np.exp(posterior.index.reshape(-1, len(m.units), 2, s).swapaxes(1, 2))
    last, this = level[:, 0], level[:, 1]
    base_weight = last / last.sum(2, keepdims=True)
    published = _published(m)
    drawn = np.cumsum(this, axis=2) / np.cumsum(last, axis=2) - 1
    growth = this / last - 1
    coords = {UNIT: list(m.units), PERIOD: list(frequency.labels(target_year))}
    dims = (DRAW, UNIT, PERIOD)
    return IndicatorPaths(
        indicator=indicator,
        frequency=frequency,
        growth=xr.DataArray(growth, coords, dims),
        base_weight=xr.DataArray(base_weight, coords, dims),
        cum_yoy=xr.DataArray(np.where(np.isfinite(published), published, drawn), coords, dims),
        published=xr.DataArray(published, coords, dims[1:]),
        ess=posterior.diagnostics.effective_draws or float(len(growth)),
        diagnostics=replace(posterior.diagnostics, breaks=_breaks(posterior, frequency)),
    )


def _breaks(posterior: Posterior, frequency: Frequency) -> tuple[str, ...]:
    """Events found and suspected, "unit YYYY-MM", sorted."""
    m = posterior.measurements
    found = [
        f"{m.units[unit]} {Month(m.first_year + t // m.per_year, frequency.months[t % m.per_year])}"
        for unit, times in (*posterior.events.items(), *posterior.recent.items())
        for t in times
    ]
    return tuple(sorted(found))


def _published(m: Measurements) -> Floats:
    """Published cumulative growth of the target year, (unit, period), fraction, NaN where open."""
    out = np.full((len(m.units), m.per_year), np.nan)
    start = m.per_year * (m.years - 1)
    rows = (m.time >= start) & m.cumulative
    out[m.unit[rows], m.time[rows] - start] = np.expm1(m.log_growth[rows])
    return out


def single_precision(paths: IndicatorPaths) -> IndicatorPaths:
    """The same paths with every draw as single precision holds it, so that kept and computed draws are one.

    The error is below a ten-thousandth of the last published digit; published figures repeat to their own last digit,
    and growth stays above -1. Weights are rounded down: those of a part of the year never come to all of it.
    """

    def rounded(values: xr.DataArray) -> xr.DataArray:
        return values.astype(np.float32).astype(np.float64)

    least = float(np.nextafter(np.float32(-1.0), np.float32(0.0)))
    return replace(
        paths,
        growth=rounded(paths.growth).clip(min=least),
        base_weight=paths.base_weight.copy(data=_rounded_down(paths.base_weight.to_numpy())),
        cum_yoy=exact_where_published(rounded(paths.cum_yoy), paths.published),
    )


def _rounded_down(values: Floats) -> Floats:
    """Positive values at the next lower one of single precision."""
    nearest = values.astype(np.float32)
    lower = np.nextafter(nearest, np.float32(0.0))
    return np.where(nearest > values, lower, nearest).astype(np.float64)


def exact_where_published(cum_yoy: xr.DataArray, published: xr.DataArray) -> xr.DataArray:
    """Cumulative growth with published figures to their last digit."""
    values = np.where(np.isfinite(published.to_numpy()), published.to_numpy(), cum_yoy.to_numpy())
    return cum_yoy.copy(data=values)


def reordered(paths: IndicatorPaths, order: np.ndarray, ess: float) -> IndicatorPaths:
    """The same paths with their draws in another order, whole draws at a time, every unit together."""
    return replace(
        paths,
        growth=paths.growth[order],
        base_weight=paths.base_weight[order],
        cum_yoy=paths.cum_yoy[order],
        ess=ess,
    )


def of_unit(one: IndicatorPaths, unit: str, *, of: Literal["cum_yoy", "base_weight"] = "cum_yoy") -> Floats:
    """Draws of a unit in the target year, (draw, period), fraction.

    Raises
    ------
    NonFiniteError
        A draw is NaN or infinite: compared with a benchmark it would silently count as missed.
    """
    array: xr.DataArray = getattr(one, of)
    values = array.sel({UNIT: unit}).transpose(DRAW, PERIOD).to_numpy().astype(np.float64, copy=False)
    if not np.isfinite(values).all():
        raise NonFiniteError(f"{of} of {one.indicator}, {unit}: a draw is NaN or infinite")
    return values


def first_open(published: Floats) -> int:
    """Position of the first period after the last published one; ``published`` is (period,) with NaN where open."""
    known = np.flatnonzero(np.isfinite(published))
    return int(known[-1]) + 1 if known.size else 0


def first_actionable(labels: Sequence[str], *, open_from: int, action: Month) -> int:
    """Position of the first open period whose last month is not before the first month of action."""
    late = [k for k, label in enumerate(labels) if k >= open_from and Month.parse(label) >= action]
    return late[0] if late else len(labels)
