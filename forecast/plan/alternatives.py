"""Other plans than the one: at other difficulties, for the least largest burden, and for every part of the way.

Invariant: more effort never buys less (held by ``tests/test_makeup.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from forecast.plan.problem import Posed
from forecast.plan.program import Columns
from forecast.plan.result import FrontierPoint, MovedUse, PlanChange, Variant
from forecast.plan.search import Found, search
from forecast.scenario.actions import Family

FACTORS: Final = (0.5, 2.0)
"""Difficulties are guesses: every plan is solved again at half and at double."""
WORTH_SAYING: Final = 0.05
"""Change of a use, as a share of the cap, from which it is said."""
WORTH_CHANGING: Final = 0.01
"""Saving of effort from which another plan is one; below it, two plans are as good as each other."""
LIKELIER: Final = 0.002
"""Gain of a probability from which another plan within a budget is one."""
ALL: Final = "all"


def frontier(posed: Posed) -> tuple[FrontierPoint, ...]:
    """Least effort for every part of the way from nothing to all that can be done for the wishes."""
    points = posed.request.points
    if not points or not np.any(posed.start > posed.most):
        return ()
    out: list[FrontierPoint] = []
    near = posed.problem.least
    for k in range(points + 1):
        part = k / points
        goals = posed.start + part * (posed.most - posed.start)
        found = search(posed.problem, np.where(np.isfinite(goals), goals, 0.0), near=near, loose=True)
        near = found.use
        point = FrontierPoint(progress=part, effort=found.effort, values=posed.values(found.use))
        if not out or point.effort > out[-1].effort:
            out.append(point)
    return tuple(out)


def changes(posed: Posed, found: Found) -> tuple[PlanChange, ...]:
    """The plan at half and at double difficulty of every family, and of all.

    Without a budget the same factor for all changes the effort and nothing else; it is not solved again.
    """
    if not posed.request.again or not np.any(posed.start > 0.0):
        return ()
    family = np.array([posed.worth.levers[k].family.value for k in posed.worth.lever])
    names = [f.value for f in Family if np.any(family == f.value)]
    before, budget, own = posed.uses(found.use), posed.request.budget, posed.problem.columns
    out = []
    for name in [*names, ALL]:
        for factor in FACTORS:
            mine = (family == name) | (name == ALL)
            columns = replace(own, cost=np.where(mine, factor, 1.0) * own.cost)
            if name == ALL and budget is None:
                other = found
            else:
                other, cut_short = posed.plan(columns, budget=budget, fair=posed.request.fair, near=found.use)
                other = found if _as_good(posed, found, other, columns, cut_short=cut_short) else other
            out.append(
                PlanChange(
                    family=name,
                    factor=factor,
                    effort=columns.effort(other.use),
                    moved=_moved(posed, before, posed.uses(other.use)),
                    values=posed.values(other.use),
                )
            )
    return tuple(out)


def _as_good(posed: Posed, found: Found, other: Found, columns: Columns, *, cut_short: bool) -> bool:
    """Whether the plan is as good as another one at other difficulties: as cheap, or within a budget as likely."""
    effort, most = columns.effort(found.use), posed.request.budget
    if not cut_short or most is None:
        return effort <= columns.effort(other.use) * (1.0 + WORTH_CHANGING)
    better = np.array(posed.values(other.use)) - np.array(posed.values(found.use))
    return effort <= most * (1.0 + WORTH_CHANGING) and bool(np.all(better < LIKELIER))


def _moved(posed: Posed, before: Mapping[str, float], after: Mapping[str, float]) -> tuple[MovedUse, ...]:
    cap = {lever.id: lever.cap for lever in posed.worth.levers}
    size = {name: abs(after[name] - use) / cap[name] for name, use in before.items()}
    names = sorted((n for n, s in size.items() if s > WORTH_SAYING), key=lambda n: (-size[n], n))
    return tuple(MovedUse(lever=n, before=before[n], after=after[n]) for n in names)


def fair_plan(posed: Posed, found: Found) -> Variant | None:
    """The plan whose most burdened county or sector carries least; None where there is nothing to spread."""
    if not posed.request.again or not np.any((posed.start > 0.0) & (posed.most <= 0.0)):
        return None
    found, _ = posed.plan(posed.problem.columns, budget=posed.request.budget, fair=True, near=found.use)
    return Variant(
        uses=posed.uses(found.use),
        effort=found.effort,
        burdens=posed.burdens(found.use),
        values=posed.values(found.use),
    )
