"""What actions do before it reaches the indicators: money at places, growth of months, growth of industries.

Invariant: impulses add up; the sum does not depend on the order (held by ``tests/test_effects.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields

from forecast.dims import Floats

__all__ = ["Impulse", "total"]

type ByUnit = Mapping[tuple[str, str], Floats]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Impulse:
    """Additive changes, arrays (draw, month of ``World.months``).

    money : (indicator, place of the ledger) -> 亿元 more than without the action
    growth : (indicator, unit) -> single-month growth, fraction; couples on to other indicators
    points : (indicator, unit) -> contribution to annual growth, fraction; reaches only GDP
    nominal : (indicator, unit) -> single-month growth by prices alone, fraction; couples to nothing
    real : driver -> single-month growth that only GDP sees, fraction
    industry : industry -> single-month growth of its value added, fraction
    """

    money: ByUnit = field(default_factory=dict)
    growth: ByUnit = field(default_factory=dict)
    points: ByUnit = field(default_factory=dict)
    nominal: ByUnit = field(default_factory=dict)
    real: Mapping[str, Floats] = field(default_factory=dict)
    industry: Mapping[str, Floats] = field(default_factory=dict)

    def scaled(self, factor: float) -> Impulse:
        """The same, times a factor."""
        if factor == 1.0:
            return self
        parts = {f.name: {k: factor * v for k, v in getattr(self, f.name).items()} for f in fields(self)}
        return Impulse(**parts)


def total(impulses: Iterable[Impulse]) -> Impulse:
    """Sum of impulses, in the order given."""
    listed = list(impulses)
    if len(listed) == 1:
        return listed[0]
    sums: dict[str, dict[object, Floats]] = {f.name: {} for f in fields(Impulse)}
    for one in listed:
        for name, into in sums.items():
            for key, value in getattr(one, name).items():
                into[key] = into[key] + value if key in into else value
    return Impulse(**sums)  # type: ignore[arg-type]
