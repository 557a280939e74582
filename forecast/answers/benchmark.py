"""What a target holds a unit against: its province, places of the same kind, or a growth named beforehand.

Invariant: a benchmark that is not ``Unknown`` names units that have draws, or none (held by
``tests/test_attainment.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from forecast.answers.evidence import Published
from forecast.data.panel import nearest_province
from forecast.data.target import Target, TargetKind

FEWEST_SIBLINGS: Final = 2
"""Other units of the same kind without which a rank says nothing."""


@dataclass(frozen=True, slots=True)
class Province:
    """The average of the province: the province's own growth, not the mean of its cities."""

    unit: str

    @property
    def units(self) -> tuple[str, ...]:
        """Units whose growth the benchmark is made of."""
        return (self.unit,)

    @property
    def value(self) -> float | None:
        """No value of its own."""
        return None


@dataclass(frozen=True, slots=True)
class Constant:
    """A growth named beforehand, percent."""

    growth_pct: float

    @property
    def units(self) -> tuple[str, ...]:
        """Units whose growth the benchmark is made of: none."""
        return ()

    @property
    def value(self) -> float | None:
        """Percent."""
        return self.growth_pct


@dataclass(frozen=True, slots=True)
class Siblings:
    """A place among the other units of the same kind; rank 1 is the best."""

    units: tuple[str, ...]
    rank: int

    @property
    def value(self) -> float | None:
        """The rank."""
        return float(self.rank)


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing to be held against: no province above the unit, or too few siblings for a rank."""

    reason: Literal["no_benchmark", "rank_without_siblings"]

    @property
    def units(self) -> tuple[str, ...]:
        """Units whose growth the benchmark is made of: none."""
        return ()


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
