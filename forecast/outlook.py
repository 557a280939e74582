"""How likely the tasks of a breakdown bring what is wanted: delivery drawn row by row, on the draws of the run.

Invariant: more of the tasks done never lowers a probability (held by ``tests/test_breakdown.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecast.answers.joint import Criterion
from forecast.compare import Case
from forecast.delivery import SUCCESS, uniforms
from forecast.dims import WAN_PER_YI
from forecast.effects import World
from forecast.need import ADDITIONALITY_OF, gap_draws, gap_per_yi, share_of_draws
from forecast.scenario.actions import Assumptions
from forecast.support import Row
from forecast.tasks import Task

__all__ = ["Outlook", "outlook"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How likely the tasks bring what is wanted; probabilities are fractions.

    delivered_* : 亿元 of tasks on ledger rows that come in, each with its own chance
    ledger : probability with these; all : with every task done in full, also what no ledger supports
    """

    delivered_mean_yi: float
    delivered_p10_yi: float
    delivered_p90_yi: float
    p_near_now: float
    p_near_ledger: float
    p_near_all: float
    p_reach_now: float
    p_reach_ledger: float
    p_reach_all: float


def outlook(
    world: World, case: Case, tasks: Sequence[Task], rows: Sequence[Row], assumptions: Assumptions
) -> Outlook | None:
    """Delivery drawn row by row, each with its own stream and chance, and what it does to the gap."""
    per_yi = gap_per_yi(world, case, assumptions)
    if per_yi is None:
        return None
    indicator = case.target.indicator
    chance = {row.key: row.chance for row in rows if row.supported}
    amounts: dict[str, float] = dict.fromkeys(chance, 0.0)
    for task in tasks:
        if task.supported:
            amounts[task.key] += task.task_wan / WAN_PER_YI
    names = tuple(amounts)
    delivered = np.zeros(world.draws)
    if names:
        uniform = uniforms(world.seed, f"breakdown/{indicator}", names, world.draws, assumptions.correlation)[SUCCESS]
        came = uniform < np.array([chance[name] for name in names], dtype=np.float32)[:, None]
        delivered = np.array([amounts[name] for name in names]) @ came.astype(np.float64)
    new = ADDITIONALITY_OF.get(indicator, 1.0)
    rest = sum(t.task_wan for t in tasks if not t.supported) / WAN_PER_YI
    gap = gap_draws(world, case)
    by = {
        "now": gap,
        "ledger": gap + per_yi * new * delivered,
        "all": gap + per_yi * (new * sum(amounts.values()) + rest),
    }
    low, high = np.quantile(delivered, [0.1, 0.9])
    chances = {f"p_{c.value}_{name}": share_of_draws(g, case, c) for name, g in by.items() for c in Criterion}
    return Outlook(
        delivered_mean_yi=float(delivered.mean()),
        delivered_p10_yi=float(low),
        delivered_p90_yi=float(high),
        **chances,
    )
