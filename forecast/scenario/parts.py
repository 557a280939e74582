"""One action on rows of a ledger: what each row brings in each month, and how much of it arrives in each draw.

Invariant: the total over rows equals the sum of the rows one by one (held by ``tests/test_effects.py``).

What actions do before it reaches the indicators: money at places, growth of months, growth of industries.

Invariant: impulses add up; the sum does not depend on the order (held by ``tests/test_effects.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from forecast.dims import Floats
from forecast.draws.streams import DELAY, SUCCESS, completions, delays, uniforms

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Delivery:
    """What arrives of an action.

    share : (entity, draw), success times completion
    delay : (entity, draw) in months, or None where there is none
    """

    share: Floats
    delay: np.ndarray | None


def delivery(
    *,
    seed: int,
    key: str,
    entities: Sequence[str],
    draws: int,
    correlation: float,
    prob: float | Floats,
    mean: float | Floats = 1.0,
    spread: float = 0.0,
    delay: Sequence[float] = (1.0,),
) -> Delivery:
    """Draws of what arrives; ``prob`` and ``mean`` of all entities or of each."""
    names = tuple(entities)
    uniform = uniforms(seed, key, names, draws, correlation)
    chance = np.broadcast_to(np.asarray(prob, dtype=np.float32), (len(names),))[:, None]
    share = (uniform[SUCCESS] < chance).astype(np.float32)
    if spread > 0.0 or np.any(np.asarray(mean) != 1.0):
        means = tuple(float(m) for m in np.broadcast_to(np.asarray(mean), (len(names),)))
        share *= completions(seed, key, names, draws, correlation, means, spread)
    late = delays(uniform[DELAY], delay) if len(delay) > 1 else None
    return Delivery(share=share, delay=late)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LedgerPart:
    """An action on rows of a ledger.

    indicator : that the money belongs to
    entities, places : ids and counties of the rows
    amount : delay -> (entity, month), 亿元 if all arrives; index 0 where nothing is delayed
    weight : (draw or 1, month) that every amount is multiplied by, or None
    """

    indicator: str
    entities: tuple[str, ...]
    places: tuple[str, ...]
    amount: Mapping[int, Floats]
    delivery: Delivery
    weight: Floats | None = None

    def money(self, skip: frozenset[str] = frozenset()) -> dict[tuple[str, str], Floats]:
        """Total by place, (draw, month), without the entities to skip."""
        out = {}
        kept, at = np.array([entity not in skip for entity in self.entities]), np.array(self.places)
        for place in sorted(set(self.places)):
            rows = np.flatnonzero(kept & (at == place))
            if len(rows):
                out[(self.indicator, place)] = self._weighted(self._sum(rows))
        return out

    def of(self, entity: str) -> Floats:
        """What one entity brings, (draw, month)."""
        return self._weighted(self._sum(np.array([self.entities.index(entity)])))

    def _sum(self, rows: np.ndarray) -> Floats:
        share, late = self.delivery.share[rows], self.delivery.delay
        if late is None:
            return np.asarray(share.T @ self.amount[0][rows].astype(np.float32), dtype=np.float64)
        total = np.zeros((share.shape[1], self.amount[0].shape[1]))
        for delay, amount in self.amount.items():
            if amount[rows].any():
                total += np.where(late[rows] == delay, share, np.float32(0.0)).T @ amount[rows].astype(np.float32)
        return total

    def _weighted(self, total: Floats) -> Floats:
        return total if self.weight is None else total * self.weight
