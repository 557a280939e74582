"""The vocabulary of actions: what could be done, in fields that a planner fills.

Growth and prices are in points (``_pp``) or percent (``_pct``), money in 亿元 or 万元 as the name says, probabilities,
shares and ratios are fractions (``60%`` is read as 0.6). These types are also the source of ``scenarios/schema.json``.

Invariant: the schema accepts exactly what the reader accepts, names and ids of the data set apart
(held by ``tests/test_scenario_schema.py``).
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema

from forecast.data.assumptions import PERCENT_TEXT, Assumptions, Fraction, Ratio, StrictModel
from forecast.periods import Month


def _month(value: Any) -> Month:
    if isinstance(value, Month):
        return value
    if not isinstance(value, str):
        raise ValueError("month")
    return Month.parse(value)


type MonthText = Annotated[
    Month,
    PlainValidator(_month),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}-(0[1-9]|1[0-2])$"}),
]
type Text = Annotated[str, Field(min_length=1, max_length=4000)]
type Name = Annotated[str, Field(pattern=r"^[^\s+/\\]{1,80}$")]
type Ids = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]
type Scalar = str | bool | float
type Select = Annotated[dict[str, Scalar | Annotated[list[Scalar], Field(min_length=1)]], Field(min_length=1)]
type Ramp = Annotated[
    tuple[Ratio, ...],
    Field(min_length=1, max_length=12),
    BeforeValidator(lambda value: tuple(value) if isinstance(value, list | tuple) else (value,)),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 1.5},
                PERCENT_TEXT,
                {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": 12,
                    "items": {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1.5}, PERCENT_TEXT]},
                },
            ]
        }
    ),
]
type Shares = Annotated[tuple[Fraction, ...], Field(min_length=1, max_length=12)]


class _Action(StrictModel):
    """What every action has.

    id : name of the action in tables; also keys its random stream
    note : free text
    additionality : share of the effect that is new against the forecast's own momentum; None: default of the type
    """

    id: Name | None = None
    note: Text | None = None
    additionality: Fraction | None = None


class _OnEnterprises(_Action):
    enterprises: Ids | None = None
    select: Select | None = None


class _OnProjects(_Action):
    projects: Ids | None = None
    select: Select | None = None


class EnterpriseRestart(_OnEnterprises):
    """复产：停产、半停产、减产企业恢复生产。"""

    type: Literal["enterprise_restart"]
    month: MonthText | None = None
    recovery: Ramp | None = None
    prob: Fraction | None = None
    delay: Shares = (1.0,)
    spread: Fraction = 0.2


class EnterpriseStop(_OnEnterprises):
    """停产减产：企业停产，或只剩一部分产出。"""

    type: Literal["enterprise_stop"]
    month: MonthText
    remaining: Fraction = 0.0
    prob: Fraction = 1.0


class EnterpriseExit(_OnEnterprises):
    """退库：企业退出统计名录，基数保留或一并退出。"""

    type: Literal["enterprise_exit"]
    month: MonthText
    keep_base: bool
    prob: Fraction = 1.0


class NewEntry(_OnEnterprises):
    """入库：月度渠道当年有数，年度渠道次年有数。"""

    type: Literal["new_entry"]
    channel: Literal["monthly", "annual"]
    month: MonthText
    indicator: Text | None = None
    county: Text | None = None
    count: Annotated[int, Field(ge=1, le=10_000)] | None = None
    monthly_output_wan: Annotated[float, Field(gt=0.0, le=1e7)] | None = None
    prob: Fraction = 0.8
    spread: Fraction = 0.2


class ProjectComplete(_OnProjects):
    """按计划完成：项目在剩余月份按计划的某一比例完成投资。"""

    type: Literal["project_complete"]
    month: MonthText | None = None
    ratio: Ratio = 1.0
    prob: Fraction = 0.8
    delivery: Fraction = 0.8
    spread: Fraction = 0.2


class ProjectAdvance(_OnProjects):
    """提前：把以后年度的投资提前到本年完成。"""

    type: Literal["project_advance"]
    month: MonthText | None = None
    months: Annotated[int, Field(ge=1, le=12)]
    prob: Fraction = 0.8
    delivery: Fraction = 0.8
    spread: Fraction = 0.2


class ProjectDelay(_OnProjects):
    """推迟：剩余月份的投资顺延。"""

    type: Literal["project_delay"]
    month: MonthText
    months: Annotated[int, Field(ge=1, le=12)]
    prob: Fraction = 1.0


class ProjectStart(_OnProjects):
    """开工：未开工项目开工、入库、形成投资。"""

    type: Literal["project_start"]
    month: MonthText | None = None
    duration: Annotated[int, Field(ge=1, le=36)] = 8
    library_lag: Annotated[int, Field(ge=0, le=6)] = 1
    prob: Fraction | None = None
    delay: Shares = (0.6, 0.3, 0.1)
    delivery: Fraction = 0.8
    spread: Fraction = 0.2


class BondIssue(_OnProjects):
    """债券资金：到位后分月支出，缓解一组项目的资金缺口。"""

    type: Literal["bond_issue"]
    amount_yi: Annotated[float, Field(gt=0.0, le=1e5)]
    month: MonthText
    disburse: Shares = (0.3, 0.3, 0.2)
    prob: Fraction = 1.0
    delivery: Fraction = 0.8
    spread: Fraction = 0.2


class CountyPush(_Action):
    """县区发力：某县区（或全市）某指标在若干月份的单月增速高出若干个百分点。"""

    type: Literal["county_push"]
    unit: Text
    indicator: Text
    effect_pp: Annotated[float, Field(ge=-100.0, le=100.0)]
    month: MonthText
    until: MonthText | None = None
    prob: Fraction = 1.0
    delivery: Fraction = 0.8
    spread: Fraction = 0.2


class SectorFill(_Action):
    """行业补位：某行业增加值增速高出若干个百分点，或多出若干亿元。"""

    type: Literal["sector_fill"]
    industry: Text
    effect_pp: Annotated[float, Field(gt=0.0, le=100.0)] | None = None
    amount_yi: Annotated[float, Field(gt=0.0, le=1e5)] | None = None
    cap_pp: Annotated[float, Field(gt=0.0, le=100.0)] | None = None
    support: Text | None = None
    month: MonthText
    until: MonthText | None = None
    prob: Fraction = 1.0
    delivery: Fraction = 0.8
    spread: Fraction = 0.2


class PriceShift(_Action):
    """价格变动：价格高出若干个百分点，全省一致。"""

    type: Literal["price_shift"]
    price: Literal["ppi", "cpi"]
    change_pp: Annotated[float, Field(ge=-50.0, le=50.0)]
    hold: Literal["volume", "value"] = "volume"
    month: MonthText
    until: MonthText | None = None


class BenchmarkPath(_Action):
    """基准走势：全省某指标全年落在某一增速。"""

    type: Literal["benchmark_path"]
    indicator: Text
    unit: Text | None = None
    year_end_pct: Annotated[float, Field(gt=-100.0, le=1000.0)]


class BaseRevision(_Action):
    """基数修订：上年基数由旧改新，本年各期增速随之重述。"""

    type: Literal["base_revision"]
    indicator: Text
    unit: Text | None = None
    old_base_yi: Annotated[float, Field(gt=0.0, le=1e8)]
    new_base_yi: Annotated[float, Field(gt=0.0, le=1e8)]


type Action = Annotated[
    EnterpriseRestart
    | EnterpriseStop
    | EnterpriseExit
    | NewEntry
    | ProjectComplete
    | ProjectAdvance
    | ProjectDelay
    | ProjectStart
    | BondIssue
    | CountyPush
    | SectorFill
    | PriceShift
    | BenchmarkPath
    | BaseRevision,
    Field(discriminator="type"),
]

ACTION_TYPES: Final[dict[str, type[_Action]]] = {
    "enterprise_restart": EnterpriseRestart,
    "enterprise_stop": EnterpriseStop,
    "enterprise_exit": EnterpriseExit,
    "new_entry": NewEntry,
    "project_complete": ProjectComplete,
    "project_advance": ProjectAdvance,
    "project_delay": ProjectDelay,
    "project_start": ProjectStart,
    "bond_issue": BondIssue,
    "county_push": CountyPush,
    "sector_fill": SectorFill,
    "price_shift": PriceShift,
    "benchmark_path": BenchmarkPath,
    "base_revision": BaseRevision,
}
"""Every type of action by its name in files."""

ADDITIONALITY: Final[dict[str, float]] = {
    "enterprise_restart": 0.7,
    "project_complete": 0.5,
    "project_advance": 0.5,
    "project_delay": 0.5,
    "project_start": 0.5,
    "bond_issue": 0.5,
}
"""Share of an effect that is new against the forecast's own momentum, by type; 1 for every other type.

An assumption, visible in every explanation: the forecast already contains ordinary restarts and ordinary progress.
"""


class Header(StrictModel):
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
