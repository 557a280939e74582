"""The ledgers of a data set: key projects, enterprises and the 五上 pipeline, in one unit of money.

Invariant: every row knows its file, its row there and whether it is synthetic; money is 亿元 after reading,
whatever the header said (held by ``tests/test_ledger.py``).

Coefficients of the couplings between indicators, each with how unsure it is; a scenario file may override them.

Invariant: a coefficient is a number with a spread, never a bare guess (held by ``tests/test_scenario_schema.py``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from forecast.data.panel import Unit
from forecast.data.reading.columns import NO_COUNTY, NO_COUNTY_WORDS
from forecast.data.reading.observations import with_provenance
from forecast.data.reading.places import place_names
from forecast.data.reading.problems import Problems, RawTable, quoted
from forecast.data.reading.rows import CellError, Fields, Names, parse_percent
from forecast.dims import Floats, brief
from forecast.periods import Month


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ledger:
    """Rows as read: columns of the format in its order, then ``file``, ``row`` and the extra columns of the file.

    Money columns end in ``_yi`` (亿元; NaN where masked). Columns in ``_pct`` are percent; probabilities,
    ``exit_risk`` and ``ramp`` (a tuple, one share a month from the restart on, empty where not told) are fractions.
    ``started``, ``in_stat_library``, ``recoverable`` are True, False or None; ``start_plan``, ``restart_month`` a
    Month or None; ``deadline``, ``filing_deadline`` a date or None. ``county`` is a unit id, ``shibenji`` or
    ``kuaxianqu``. Every frame has ``row_status`` (published, derived, synthetic), ``source``, ``file`` and ``row``; an
    absent file is an empty frame with the columns of its format.
    """

    projects: pd.DataFrame
    enterprises: pd.DataFrame
    pipeline: pd.DataFrame

    __repr__ = brief


_MAX_DELAY: Final = 120.0
"""Longest delay of a project that is believed, months."""
_NO_YEAR: Final = 2000
"""Stands for the target year where dataset.toml could not be read; what is read then is thrown away."""


def read_projects(
    table: RawTable, problems: Problems, *, units: Mapping[str, Unit] | None, year: int | None
) -> pd.DataFrame:
    """Key projects; ``year``, the target year, is that of a start written without one."""
    fields = Fields(table, problems)
    told, words = _progress(fields)
    frame = pd.DataFrame(
        {
            "project": fields.keys("project"),
            "name_zh": fields.texts("name_zh", required=True),
            "county": _counties(fields, units),
            "sector": fields.texts("sector", required=True),
            "team_zh": fields.texts("team_zh"),
            "nature": fields.choices("nature", words="nature"),
            "total_invest_yi": fields.money("total_invest"),
            "plan_year_invest_yi": fields.money("plan_year_invest"),
            "ytd_invest_yi": fields.money("ytd_invest"),
            **{f"plan_m{month}_yi": fields.money(f"plan_m{month}") for month in (10, 11, 12)},
            "progress_pct": told,
            "progress_words": words,
            "started": _objects(fields.flags("started")),
            "start_plan": _objects(fields.months("start_plan", year=year or _NO_YEAR)),
            "in_stat_library": _objects(fields.flags("in_stat_library")),
            "fund_source": fields.texts("fund_source"),
            "funded_pct": _percent(fields, "funded_pct"),
            "blocker": fields.texts("blocker"),
            "completion_prob": fields.fractions("completion_prob"),
            "delay_months": fields.numbers("delay_months", low=0.0, high=_MAX_DELAY),
            **_responsible(fields),
        }
    )
    return with_provenance(frame, fields, "projects")


def _progress(fields: Fields) -> tuple[Floats, list[str]]:
    """Progress in percent, and in words (主体封顶); a percentage among the words is one where no other is told."""
    told, words = _percent(fields, "progress_pct"), fields.texts("progress_words")
    for index, text in enumerate(words):
        if text and math.isnan(told[index]) and (found := _share_of_words(text)) is not None:
            told[index] = found
            fields.remark(index, "progress_words", "progress_percent", f"“{quoted(text)}” → {found:g}%")
    return told, words


def _share_of_words(text: str) -> float | None:
    """Percentage that a cell of 形象进度 is; None for words."""
    try:
        found = parse_percent(text)
    except CellError:
        return None
    return found if 0.0 <= found <= 100.0 else None


def read_enterprises(
    table: RawTable, problems: Problems, *, units: Mapping[str, Unit] | None, year: int | None
) -> pd.DataFrame:
    """Enterprises that stand still or run below last year; a restart is in ``year`` or not told."""
    fields = Fields(table, problems)
    restart = fields.months("restart_month", year=year or _NO_YEAR)
    for index, month in enumerate(restart):
        if year and isinstance(month, Month) and month.year != year:
            fields.note(index, "restart_month", "restart_other_year", value=str(month), year=year)
    frame = pd.DataFrame(
        {
            "enterprise": fields.keys("enterprise"),
            "name_zh": fields.texts("name_zh", required=True),
            "county": _counties(fields, units),
            "industry": fields.texts("industry", required=True),
            "team_zh": fields.texts("team_zh"),
            "status": fields.choices("status", words="enterprise_status"),
            "cause": fields.texts("cause"),
            "recoverable": _objects(fields.flags("recoverable")),
            "base_output_yi": fields.money("base_output", required=True),
            "ytd_growth_pct": fields.numbers(
                "ytd_growth_pct", form="percent", low=-100.0, high=10_000.0, code="output_growth_range"
            ),
            "restart_month": _objects(restart),
            "restart_prob": fields.fractions("restart_prob"),
            "ramp": _objects(fields.curves("ramp")),
            **_responsible(fields),
            "deadline": _objects(fields.days("deadline")),
        }
    )
    order = [name for name in frame.columns if name not in ("row_status", "source")]
    return with_provenance(frame[[*order, "row_status", "source"]], fields, "enterprises")


def read_pipeline(table: RawTable, problems: Problems, *, units: Mapping[str, Unit] | None) -> pd.DataFrame:
    """The 五上 ledger: firms about to enter or leave the statistics, output a month in 亿元."""
    fields = Fields(table, problems)
    frame = pd.DataFrame(
        {
            "enterprise": fields.keys("enterprise"),
            "name_zh": fields.texts("name_zh", required=True),
            "county": _counties(fields, units),
            "sector": fields.texts("sector", required=True),
            "team_zh": fields.texts("team_zh"),
            "channel": fields.choices("channel", words="channel"),
            "filing_deadline": _objects(fields.days("filing_deadline")),
            "expected_monthly_output_yi": fields.money("expected_monthly_output"),
            "exit_risk": fields.fractions("exit_risk"),
            **_responsible(fields),
        }
    )
    return with_provenance(frame, fields, "pipeline")


def _counties(fields: Fields, units: Mapping[str, Unit] | None) -> list[str]:
    """Counties and zones of units.csv, 市本级 and 跨县区."""
    if not units:
        return fields.ids("county", None)
    below = {u.unit for u in units.values() if u.level in ("county", "zone")}
    known = place_names(units.values())
    none = Names.of("county", dict(NO_COUNTY))
    also = {word: unit for word, unit in known.also.items() if unit in below}
    ids = {word: unit for word, unit in known.ids.items() if unit in below}
    words = {word: key for key, same in NO_COUNTY_WORDS.items() for word in same}
    names = Names(noun="county", ids={**none.ids, **ids}, also={**also, **words}, key=known.key)
    return fields.ids("county", names)


def _percent(fields: Fields, column: str) -> Floats:
    """Degrees of completion, 0 to 100 percent."""
    return fields.numbers(column, form="percent", low=0.0, high=100.0, code="percent_range")


def _responsible(fields: Fields) -> dict[str, list[str]]:
    """Who answers for a row, and where the row comes from."""
    return {
        "resp_unit": fields.texts("resp_unit"),
        "resp_person": fields.texts("resp_person"),
        "row_status": fields.choices("row_status", words="status"),
        "source": fields.texts("source", required=True),
    }


def _objects(values: Sequence[object]) -> npt.NDArray[np.object_]:
    """Values kept as they are: None stays None, a tuple one cell."""
    cells = np.empty(len(values), dtype=object)
    cells[:] = values
    return cells
