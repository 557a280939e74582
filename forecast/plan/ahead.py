"""What an indicator does in the months that a decision can still affect.

Invariant: growth ahead is the base-weighted mean of the actionable periods (held by ``tests/test_levers.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.answers.evidence import Published
from forecast.answers.history import Comparison, HistoryStatus, compare
from forecast.dims import DRAW, PERIOD, UNIT, Floats, to_percent
from forecast.draws.paths import first_actionable, first_open
from forecast.scenario.effects import World


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ahead:
    """The periods that are left to act in.

    periods : their number; growth_pct : what the printed months (medians) average at mean weights
    weight : mean share of last year's total that they hold
    """

    periods: int
    growth_pct: float
    weight: float


def ahead(world: World, indicator: str, unit: str) -> Ahead | None:
    """What the draws say of the actionable periods; None without draws or without such a period."""
    if not world.drawn(indicator, unit):
        return None
    one = world.paths.indicators[indicator]
    labels = [str(label) for label in one.cum_yoy[PERIOD].values]
    start = first_open(one.published.sel({UNIT: unit}).transpose(PERIOD).to_numpy())
    start = first_actionable(labels, open_from=start, action=world.dataset.config.first_action_month)
    if start >= len(labels):
        return None
    growth = one.growth.sel({UNIT: unit}).transpose(DRAW, PERIOD).to_numpy()[:, start:]
    weight: Floats = world.weight(indicator, unit)[:, start:]
    share = weight.sum(axis=1)
    expected = float(np.median(growth, axis=0) @ weight.mean(axis=0) / share.mean())
    return Ahead(periods=len(labels) - start, growth_pct=to_percent(expected), weight=float(np.mean(share)))


def history_of(
    growth_pct: float | None, published: Published, *, unit: str, indicator: str, periods: int
) -> Comparison:
    """Where a growth lies in the past; not applicable where there is none."""
    if growth_pct is None or indicator not in published.panel.indicators:
        return Comparison(status=HistoryStatus.NOT_APPLICABLE)
    return compare(growth_pct, published, unit=unit, indicator=indicator, periods=periods)
