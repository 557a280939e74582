"""What a target holds a unit against, as draws of the growth to be reached at the end of the year.

Invariant: the benchmark's draws are those of the same worlds as the unit's (held by ``tests/test_attainment.py``:
a constant at the benchmark's mean gives another probability).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import xarray as xr

from forecast.answers.evidence import Published
from forecast.data.panel import nearest_province
from forecast.data.target import Target, TargetKind
from forecast.dims import DRAW, PERIOD, UNIT, Floats, from_percent
from forecast.draws.paths import IndicatorPaths
from forecast.errors import NonFiniteError

FEWEST_SIBLINGS: Final = 2
"""Other units of the same kind without which a rank says nothing."""


@dataclass(frozen=True, slots=True)
class Province:
    """The average of the province: the province's own growth, not the mean of its cities."""

    unit: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A growth named beforehand, percent."""

    growth_pct: float


@dataclass(frozen=True, slots=True)
class Siblings:
    """A place among the other units of the same kind; rank 1 is the best."""

    units: tuple[str, ...]
    rank: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing to be held against: no province above the unit, or too few siblings for a rank."""

    reason: Literal["no_benchmark", "rank_without_siblings"]


type Benchmark = Province | Constant | Siblings | Unknown


def benchmark(target: Target, published: Published, drawn: frozenset[str]) -> Benchmark:
    """What a target row holds its unit against.

    Parameters
    ----------
    published : units of the data set and their figures of the target year
    drawn : units that have draws of the target's indicator

    Returns
    -------
    Benchmark. For a rank the siblings are units of the same level and parent with draws and a figure this year; zones
    that a county contains are left out, and at least two others are needed.
    """
    match target.kind:
        case TargetKind.PLAN:
            return Constant(float(target.value or 0.0))
        case TargetKind.POSITIVE_GROWTH:
            return Constant(0.0)
        case TargetKind.PROVINCE_AVERAGE:
            province = nearest_province(published.panel.units, target.unit)
            return Province(province) if province else Unknown("no_benchmark")
        case TargetKind.RANK:
            return _siblings(target, published, drawn)


def _siblings(target: Target, published: Published, drawn: frozenset[str]) -> Siblings | Unknown:
    units = published.panel.units
    own = units[target.unit]
    others = tuple(
        unit.unit
        for unit in units.values()
        if (unit.level, unit.parent) == (own.level, own.parent)
        and unit.unit != own.unit
        and unit.counted_within is None
        and unit.unit in drawn
        and published.points(unit.unit, target.indicator)
    )
    rank = int(target.value or 0)
    if len(others) < FEWEST_SIBLINGS or not 1 <= rank <= len(others):
        return Unknown("rank_without_siblings")
    return Siblings(others, rank)


def draws(one: IndicatorPaths, unit: str, *, of: Literal["cum_yoy", "base_weight"] = "cum_yoy") -> Floats:
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


def year_end(held: Benchmark, one: IndicatorPaths) -> Floats:
    """Year-end growth to be reached, (draw,), fraction.

    For rank k it is the k-th best of the others, so that a tie is enough.

    Raises
    ------
    NonFiniteError
        A draw is NaN or infinite.
    ValueError
        There is nothing to be held against.
    """
    match held:
        case Constant(growth_pct):
            return np.full(one.cum_yoy.sizes[DRAW], from_percent(growth_pct))
        case Province(unit):
            return draws(one, unit)[:, -1]
        case Siblings(units, rank):
            others = np.sort(np.array([draws(one, unit)[:, -1] for unit in units]), axis=0)
            return np.asarray(others[len(units) - rank])
        case Unknown(reason):
            raise ValueError(f"nothing to be held against: {reason}")


def units_of(held: Benchmark) -> tuple[str, ...]:
    """Units whose growth the benchmark is made of; empty for a constant."""
    match held:
        case Province(unit):
            return (unit,)
        case Siblings(units):
            return units
        case _:
            return ()
