"""Who does what by when, for one run: breakdowns, the lists of naming and the balance of 五上 units.

Invariant: everything comes from the draws and ledgers of the run (held by ``tests/test_breakdown_command.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forecast.answers.joint import Criterion
from forecast.breakdown import (
    INDICATORS,
    Breakdown,
    Increment,
    Method,
    breakdown,
    required_increment,
)
from forecast.compare import Case
from forecast.effects import World
from forecast.errors import UsageError
from forecast.holds import Hold
from forecast.naming import NamingLists, naming
from forecast.run import Run
from forecast.stock import Stock, stock
from forecast.study import judged_of, world_of
from forecast.target import TargetKind

__all__ = ["Assignments", "Wanted", "assignments"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a breakdown is to reach, and how it is spread.

    indicators : broken down, in order; those that the data set does not have are left out of the default
    criterion, wish, kind : near or reach, with which probability, of which target
    increments : amounts that are settled already, by indicator; every other one follows from the wish
    """

    indicators: tuple[str, ...] = INDICATORS
    criterion: Criterion = Criterion.NEAR
    wish: float = 0.5
    kind: TargetKind = TargetKind.PROVINCE_AVERAGE
    method: Method = Method.CAPACITY
    increments: Mapping[str, Increment] | None = None
    holds: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assignments:
    """Everything of ``dabiao breakdown``."""

    run: Run
    wanted: Wanted
    breakdowns: tuple[Breakdown, ...]
    naming: NamingLists
    stock: Stock

    @property
    def synthetic(self) -> bool:
        """Whether any of it rests on synthetic rows."""
        return self.stock.synthetic or self.naming.synthetic or any(b.synthetic for b in self.breakdowns)


def assignments(run: Run, wanted: Wanted | None = None, *, world: World | None = None) -> Assignments:
    """Break down what a run still lacks.

    Parameters
    ----------
    world : that of the run, where it is at hand with what it remembers

    Raises
    ------
    UsageError
        The probability is not between 0 and 1, or a hold could be for several indicators.
    InputError
        A hold names nothing of the data set.
    """
    asked = wanted or Wanted()
    if not 0.0 < asked.wish < 1.0:
        raise UsageError("usage_wish", found=f"{asked.wish:g}")
    names = [name for name in asked.indicators if name in run.dataset.panel.indicators]
    unclear = [hold for hold in asked.holds if hold.indicator is None]
    if unclear and len(names) > 1:
        raise UsageError("usage_hold_which", found=unclear[0].name)
    world = world_of(run)[0] if world is None else world
    judged = judged_of(run, world)
    return Assignments(
        run=run,
        wanted=asked,
        breakdowns=tuple(_one(name, world, judged, asked) for name in names),
        naming=naming(world),
        stock=stock(run.dataset, run.paths.as_of),
    )


def _one(name: str, world: World, judged: Sequence[Case], asked: Wanted) -> Breakdown:
    given = (asked.increments or {}).get(name)
    if given is None:
        given = required_increment(world, judged, name, criterion=asked.criterion, wish=asked.wish, kind=asked.kind)
    return breakdown(world, given, method=asked.method, holds=asked.holds, cases=judged)
