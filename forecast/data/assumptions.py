"""Coefficients of the couplings between indicators, each with how unsure it is; a scenario file may override them.

Invariant: a coefficient is a number with a spread, never a bare guess (held by ``tests/test_scenario_schema.py``).
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema


def fraction_of(value: Any) -> Any:
    """``60%`` as 0.6; anything else as it is."""
    if isinstance(value, str) and (found := re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*[%％]\s*", value)):
        return float(found[1]) / 100.0
    return value


PERCENT_TEXT: Final = {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*[%％]\s*$"}

type Fraction = Annotated[
    float,
    Field(ge=0.0, le=1.0),
    BeforeValidator(fraction_of),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, PERCENT_TEXT]}),
]


type Ratio = Annotated[
    float,
    Field(ge=0.0, le=1.5),
    BeforeValidator(fraction_of),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0, "maximum": 1.5}, PERCENT_TEXT]}),
]


class StrictModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Coefficient(StrictModel):
    """A coefficient and how unsure it is; normal, kept above 0."""

    mean: Annotated[float, Field(ge=0.0, le=10.0)]
    sd: Annotated[float, Field(ge=0.0, le=10.0)] = 0.0


class Assumptions(StrictModel):
    """Coefficients of the couplings; a scenario file may override any of them.

    value_added_per_output : points of industrial value added for a point of industrial output
    construction_share : part of investment that becomes output of construction (建安投资占比)
    usual_completion : share of its monthly plan that a project usually does, where the ledger says nothing
    correlation : of the delivery of the entities of one action
    winter, settlement : pace of construction from December to February, and the year-end settlement of December
    elasticities : industry -> coefficient, in place of ``industries.csv``
    """

    value_added_per_output: Coefficient = Coefficient(mean=1.0, sd=0.2)
    construction_share: Coefficient = Coefficient(mean=0.65, sd=0.08)
    usual_completion: Fraction = 0.85
    correlation: Fraction = 0.3
    winter: Ratio = 0.8
    settlement: Ratio = 1.2
    elasticities: dict[str, Coefficient] = Field(default_factory=dict)
