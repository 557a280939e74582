"""A plan on draws: through the machinery of scenarios, on all draws and on fresh ones.

Fresh draws are the half that the proportions of a plan never saw, with every delivery, base, share and coefficient
drawn anew under another seed. Their baseline is the posterior's own; only a refit would give other draws of it.

Invariant: fresh draws share no random stream of a lever with those of the plan (held by ``tests/test_makeup.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from forecast.answers.joint import Criterion, standard_error
from forecast.answers.lights import TIE
from forecast.compare import Case, ends
from forecast.dims import Floats, from_percent
from forecast.effects import Effects, Evaluator, World
from forecast.paths import reordered
from forecast.scenario.reader import Scenario
from forecast.solver import Form, Wish, value

__all__ = ["FRESH", "TRAIN", "Ends", "fresh_world", "slack_of", "value_error", "values", "year_ends"]

FRESH: Final = 1_000_003
"""Added to the seed of the run: streams of deliveries and bases that no plan was made with."""
TRAIN: Final = slice(0, None, 2)
"""Draws that proportions of a plan come from: every other one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ends:
    """Year-end growth of the unit and of its benchmark, (case, draw), fraction."""

    own: Floats
    goal: Floats

    @property
    def gap(self) -> Floats:
        """Unit minus benchmark, (case, draw), fraction."""
        return self.own - self.goal


def year_ends(world: World, scenario: Scenario | None, cases: Sequence[Case]) -> Ends:
    """Year-end growth of cases under a scenario, exactly as a comparison of scenarios has it."""
    effects = Effects() if scenario is None else Evaluator(world=world, scenario=scenario).effects()
    pairs = ends(world.paths, cases, effects)
    return Ends(own=np.array([a for a, _ in pairs]), goal=np.array([b for _, b in pairs]))


def fresh_world(world: World) -> World:
    """The other half of the draws, on other streams."""
    chosen = np.arange(1, world.draws, 2)
    kept = {name: reordered(one, chosen, one.ess / 2.0) for name, one in world.paths.indicators.items()}
    paths = replace(world.paths, indicators=kept, seed=world.seed + FRESH)
    return World(paths=paths, dataset=world.dataset)


def slack_of(gap: Floats, wish: Wish, cases: Sequence[Case]) -> Floats:
    """Slack of a wish's cases, (case of the wish, draw); a tie is attained."""
    at = [next(i for i, case in enumerate(cases) if case.key == key) for key in wish.keys]
    tolerance = [cases[i].target.tolerance_pp if wish.criterion is Criterion.NEAR else 0.0 for i in at]
    return gap[at] + from_percent(np.array(tolerance))[:, None] + TIE


def values(gap: Floats, wishes: Sequence[Wish], cases: Sequence[Case]) -> tuple[float, ...]:
    """Probabilities (expected numbers) of wishes."""
    return tuple(value(wish, slack_of(gap, wish, cases)) for wish in wishes)


def value_error(gap: Floats, wish: Wish, cases: Sequence[Case], *, part: float = 1.0) -> float:
    """Monte Carlo error of a wish's value; ``part`` is the share of the draws that it was counted on."""
    mine = [case for case in cases if case.key in wish.keys]
    ess = max(min(case.ess for case in mine) * part, 1.0)
    slack = slack_of(gap, wish, cases)
    if wish.form is Form.EXPECTED:
        return float((slack >= 0.0).sum(axis=0).std() / np.sqrt(ess))
    return standard_error(value(wish, slack), ess)
