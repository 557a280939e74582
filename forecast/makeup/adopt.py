"""A plan as a scenario file, so that it can be kept, compared and adopted.

Invariant: the scenario of the file gives the probabilities that the plan was verified with, digit by digit
(held by ``tests/test_makeup.py``).
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from forecast.effects import World
from forecast.levers import Lever
from forecast.levers.kinds import merged
from forecast.scenario.reader import Scenario, scenario_of
from forecast.texts import t

if TYPE_CHECKING:
    from forecast.makeup.result import Makeup

__all__ = ["PLAN", "as_scenario", "plan_scenario"]

PLAN = "makeup-plan"
"""Name of the scenario that a plan becomes."""


def plan_scenario(
    levers: Sequence[Lever], uses: Mapping[str, float], world: World, *, base: Scenario | None
) -> tuple[Scenario, Scenario]:
    """The plan as a scenario, and the base scenario and the plan together."""
    title = t("makeup.scenario_title", "zh")
    plan = scenario_of(PLAN, merged(levers, uses), world.dataset, title=title)
    plan = replace(plan, dataset=world.dataset.config.name)
    if base is None:
        return plan, plan
    plan = replace(plan, assumptions=base.assumptions)
    both = replace(
        plan,
        name=f"{base.name}+{plan.name}",
        title=f"{base.title} + {plan.title}",
        actions=(*base.actions, *plan.actions),
        files=(*base.files, *plan.files),
    )
    return plan, both


def as_scenario(plan: Makeup) -> str:
    """Text of a scenario file; ``base.yaml+plan.yaml`` puts it on top of the scenario that the plan started from."""
    config = plan.scenario
    document: dict[str, Any] = {"name": PLAN, "title": config.title}
    used = [row for row in plan.rows if row.use > 0.0]
    document["description"] = t("makeup.scenario_description", "zh", n=len(used), effort=f"{plan.effort:.2f}")
    if config.dataset:
        document["dataset"] = config.dataset
    stated = config.assumptions.model_dump(mode="json", exclude_defaults=True)
    if stated:
        document["assumptions"] = stated
    document["actions"] = merged([row.lever for row in used], {row.lever.id: row.use for row in used})
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None
    yaml.allow_unicode = True
    yaml.width = 110
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    out = io.StringIO()
    yaml.dump(document, out)
    return out.getvalue()
