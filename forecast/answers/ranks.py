"""Ranks among siblings (位次): where a place ends the year among the cities of its province, counties of its city.

Both a place and its siblings still move, so that ranks are taken draw by draw, at published digits, where equal
figures are 并列. Siblings without draws cannot be ranked: a rank says among how many of how many it is.

Invariant: over all units and ranks, P(rank = r) sums to 1 for every unit, and a rank never worsens when the unit's own
growth rises (held by ``tests/test_ranks.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from forecast.data.panel import Unit
from forecast.dims import Floats

type Ties = Literal["best", "average"]
"""How equal figures rank: 1, 1, 3 (并列), or 1.5, 1.5, 3."""


def siblings(units: Sequence[Unit], unit: str) -> tuple[str, ...]:
    """Units of the same level and parent, the unit itself too, in official order; zones within a county left out."""
    own = next(one for one in units if one.unit == unit)
    return tuple(
        one.unit for one in units if (one.level, one.parent) == (own.level, own.parent) and one.counted_within is None
    )


def ranked(growth: Floats, ties: Ties = "best") -> Floats:
    """Rank of every unit in every draw, 1 the best.

    Parameters
    ----------
    growth : (..., unit), at published digits, so that equal figures are exactly equal; finite

    Returns
    -------
    (..., unit): 1 + the number of units that are better; with ``average``, the mean of the places that equals share.
    """
    ordered = np.sort(growth, axis=-1)
    flat, rows = growth.reshape(-1, growth.shape[-1]), ordered.reshape(-1, growth.shape[-1])
    better = np.empty(flat.shape)
    equal = np.empty(flat.shape)
    for k in range(flat.shape[1]):
        own = flat[:, k, None]
        better[:, k] = (rows > own).sum(axis=1)
        equal[:, k] = (rows == own).sum(axis=1)
    rank = better + 1.0 + ((equal - 1.0) / 2.0 if ties == "average" else 0.0)
    return rank.reshape(growth.shape)


LAST_PLACES: Final = 3
"""Places from the end that a list of 约谈 usually names."""


def first_third(among: int) -> int:
    """Places that count as being ahead (靠前): about a third of all that are ranked, at least one."""
    return max(round(among / 3), 1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RankAnswer:
    """Where one unit ends the year among its siblings, for one indicator.

    among, of : siblings with draws (the unit included), and siblings in all
    shares : (among,), P(rank = 1 ... among), ties at the better rank
    now, now_ties, now_among : rank by the latest common published figures, how many share it, and among how many; None
        where the unit has none
    expected, p10, p90 : of the year-end rank over draws
    above, below : sibling most often just better, just worse; None at the ends
    overtaking_pct : median over draws of the least published growth that is better than the next better sibling's,
        percent; None for a unit that is first in most draws
    """

    indicator: str
    unit: str
    among: int
    of: int
    shares: Floats
    now: int | None
    now_ties: int
    now_among: int
    expected: float
    p10: float
    p90: float
    above: str | None
    below: str | None
    overtaking_pct: float | None

    def first(self, k: int) -> float:
        """P(rank <= k), share of draws."""
        return float(self.shares[:k].sum())

    def last(self, k: int) -> float:
        """P(among the last k places), share of draws: of the places that are ranked."""
        return float(self.shares[max(self.among - k, 0) :].sum())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RankCourse:
    """Ranks of siblings through the year, period by period (位次走势), equals at the better rank.

    units, periods : of the axes; periods are ``YYYY-MM``, the last month covered
    median, p10, p90 : (unit, period), over draws
    published : (unit, period), whether the figure behind it is out
    """

    units: tuple[str, ...]
    periods: tuple[str, ...]
    median: Floats
    p10: Floats
    p90: Floats
    published: npt.NDArray[np.bool_]


def rank_course(
    growth: Floats, units: Sequence[str], periods: Sequence[str], published: npt.NDArray[np.bool_]
) -> RankCourse:
    """Ranks at every period.

    Parameters
    ----------
    growth : (draw, unit, period), cumulative growth at published digits; published periods are the same in every draw
    """
    out = np.empty((3, len(units), len(periods)))
    for k in range(len(periods)):
        at = growth[:1, :, k] if published[:, k].all() else growth[:, :, k]
        out[:, :, k] = np.quantile(ranked(at), [0.1, 0.5, 0.9], axis=0, method="inverted_cdf")
    return RankCourse(
        units=tuple(units), periods=tuple(periods), p10=out[0], median=out[1], p90=out[2], published=published
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RankMove:
    """How a published rank came about from that of the period before, among those that published both.

    rank, before : now and then; growth_pct, growth_before_pct : own, percent
    passed : siblings that were better or equal and are worse now; passed_by : worse or equal then, better now
    """

    rank: int
    before: int
    growth_pct: float
    growth_before_pct: float
    passed: tuple[str, ...]
    passed_by: tuple[str, ...]


def rank_move(before: Floats, now: Floats, units: Sequence[str], unit: str) -> RankMove | None:
    """What moved a unit's rank between two periods; None where the unit lacks one of them.

    Parameters
    ----------
    before, now : (unit,), published growth, percent; NaN where a unit has none and is left out
    """
    both = np.isfinite(before) & np.isfinite(now)
    k = list(units).index(unit)
    if not both[k]:
        return None
    then, here = ahead_of(before, k) & both, ahead_of(now, k) & both
    level_then, level_now = (before == before[k]) & both, (now == now[k]) & both
    return RankMove(
        rank=1 + int(here.sum()),
        before=1 + int(then.sum()),
        growth_pct=float(now[k]),
        growth_before_pct=float(before[k]),
        passed=tuple(u for u, yes in zip(units, (then | level_then) & ~here & ~level_now, strict=True) if yes),
        passed_by=tuple(u for u, yes in zip(units, here & ~then, strict=True) if yes),
    )


def ahead_of(growth: Floats, k: int) -> npt.NDArray[np.bool_]:
    """Which units are better than the one at a position; those without a figure are not."""
    return np.asarray(np.nan_to_num(growth, nan=-np.inf) > growth[k])


def rank_answers(
    growth: Floats, units: Sequence[str], *, indicator: str, of: int, now: Floats, decimals: int = 1
) -> tuple[RankAnswer, ...]:
    """Ranks of all siblings with draws at the end of the year.

    Parameters
    ----------
    growth : (draw, unit), year-end growth at published digits, percent
    units : ids of the last axis
    of : how many siblings there are, with draws or not
    now : (unit,), latest figure of the period that most have published, percent; NaN where a unit has none
    decimals : digits of published growth: the step by which a sibling is overtaken
    """
    rank = ranked(growth)
    draws, among = growth.shape
    order = np.argsort(-growth, axis=1, kind="stable")
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.broadcast_to(np.arange(among), order.shape), axis=1)
    current = _current(now)
    return tuple(
        RankAnswer(
            indicator=indicator,
            unit=unit,
            among=among,
            of=of,
            shares=np.bincount(rank[:, k].astype(np.int64) - 1, minlength=among) / draws,
            now=current[k][0],
            now_ties=current[k][1],
            now_among=int(np.isfinite(now).sum()),
            expected=float(rank[:, k].mean()),
            p10=float(np.quantile(rank[:, k], 0.1, method="inverted_cdf")),
            p90=float(np.quantile(rank[:, k], 0.9, method="inverted_cdf")),
            above=(above := _neighbour(order, place[:, k] - 1, units)),
            below=_neighbour(order, place[:, k] + 1, units, but=above),
            overtaking_pct=_overtaking(growth, k, decimals),
        )
        for k, unit in enumerate(units)
    )


def _current(now: Floats) -> list[tuple[int | None, int]]:
    known = now[np.isfinite(now)]
    return [
        (None, 0) if not np.isfinite(own) else (1 + int((known > own).sum()), int((known == own).sum())) for own in now
    ]


def _neighbour(
    order: npt.NDArray[np.intp], position: npt.NDArray[np.intp], units: Sequence[str], *, but: str | None = None
) -> str | None:
    """Unit, ``but`` one, that most often stands at a position; None where the position is mostly beyond an end."""
    inside = (position >= 0) & (position < len(units))
    if inside.mean() < 0.5:
        return None
    found = order[np.flatnonzero(inside), position[inside]]
    counts = np.bincount(found, minlength=len(units))
    if but is not None:
        counts[units.index(but)] = 0
    return units[int(counts.argmax())] if counts.any() else None


def _overtaking(growth: Floats, k: int, decimals: int) -> float | None:
    own, others = growth[:, k], np.delete(growth, k, axis=1)
    better = np.where(others > own[:, None], others, np.inf).min(axis=1, initial=np.inf)
    if np.isinf(np.median(better)):
        return None
    step = 10.0**-decimals
    return float(np.quantile(better, 0.5, method="inverted_cdf") + step)
