"""The vocabulary of actions: what could be done, type by type; each type is one object (``ActionType``).

Invariant: the schema accepts exactly what the reader accepts, names and ids of the data set apart
(held by ``tests/test_scenario_schema.py``).
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Annotated, Any, Final, TypeAliasType

from pydantic import Field

from forecast.data.ledger import Assumptions, StrictModel
from forecast.scenario.actions.enterprises import TYPES as ENTERPRISES
from forecast.scenario.actions.kinds import ActionFields, ActionType, Family, Measure, Name, Text
from forecast.scenario.actions.places import TYPES as PLACES
from forecast.scenario.actions.projects import TYPES as PROJECTS

__all__ = ["ACTIONS", "ADDITIONALITY", "LEVERS", "MODELS", "Action", "ActionType", "Family", "Header", "Measure"]

ACTIONS: Final[dict[str, ActionType[Any]]] = {one.name: one for one in (*ENTERPRISES, *PROJECTS, *PLACES)}
"""Every type of action by its name in files."""
MODELS: Final[dict[str, type[ActionFields]]] = {name: one.model for name, one in ACTIONS.items()}
"""Fields of every type."""
ADDITIONALITY: Final = {name: one.additionality for name, one in ACTIONS.items() if one.additionality != 1.0}
"""Share of an effect that is new against the forecast's own momentum, by type; 1 for every other type."""
LEVERS: Final = {family: one for family in Family for one in ACTIONS.values() if one.lever is family}
"""Type of the action that a lever of a family becomes."""

Action: Any = TypeAliasType("Action", Annotated[reduce(or_, MODELS.values()), Field(discriminator="type")])
"""Any action, told apart by its type."""


class ScenarioHeader(StrictModel):
    """A scenario file: its header and its actions."""

    name: Name
    title: Text
    description: Text | None = None
    author: Text | None = None
    as_of: Annotated[str, Field(pattern=r"^\d{4}-\d{2}(-\d{2})?$")] | None = None
    dataset: Text | None = None
    extends: Text | None = None
    assumptions: Assumptions = Assumptions()
    actions: tuple[Action, ...] = ()
