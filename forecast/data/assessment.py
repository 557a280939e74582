"""Rules of an assessment (考核办法): which indicators count, by which rule, and how scores become classes.

Invariant: a rule that is accepted can be evaluated on any draw, and weights add up to the stated total
(held by ``tests/test_assessment.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from forecast.data.reading.problems import Problems, near, quoted

type Weight = Annotated[float, Field(gt=0.0, le=1000.0)]
type MonthOfYear = Annotated[int, Field(ge=1, le=12)]

QUOTIENT: Final = 0.05
"""Share of the weight lost per rank, where a rule states none: first full points, second 95 %, third 90 %
(经济发展指标月度评估办法)."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Item(_Strict):
    """What every item has.

    indicator, weight : what counts and with how many points
    parts : month of the year -> share of the weight judged at it; December alone where nothing is stated
    """

    indicator: str
    weight: Weight
    parts: dict[MonthOfYear, Annotated[float, Field(gt=0.0, le=1.0)]] = Field(default_factory=lambda: {12: 1.0})

    @model_validator(mode="after")
    def _parts_are_whole(self) -> Self:
        if abs(sum(self.parts.values()) - 1.0) > 1e-9:
            raise ValueError("assessment_parts_sum")
        return self


class Met(_Item):
    """完成得满分，未完成不得分: weight if x >= target, else nothing."""

    rule: Literal["met"]
    target: float | Literal["province"]


class MetThenRank(_Item):
    """完成得基本分，再按位次加分: ``basis`` if x >= target, above it by rank up to weight."""

    rule: Literal["met_then_rank"]
    target: float | Literal["province"]
    basis: Annotated[float, Field(ge=0.0)]
    quotient: Annotated[float, Field(gt=0.0, le=1.0)] = QUOTIENT

    @model_validator(mode="after")
    def _basis_below_weight(self) -> Self:
        if self.basis > self.weight:
            raise ValueError("assessment_basis_above_weight")
        return self


class Completion(_Item):
    """按完成比例计分，超额加分: weight if x >= target, ``bonus`` a point above up to ``cap``; below, by share.

    below : ``share`` = weight * max(0, x / target), only for a target above 0; ``zero``; or points lost a point below
    """

    rule: Literal["completion"]
    target: float | Literal["province"]
    bonus: Annotated[float, Field(ge=0.0)] = 0.0
    cap: Annotated[float, Field(ge=0.0)] = 0.0
    below: Literal["share", "zero"] | Annotated[float, Field(gt=0.0)] = "share"

    @model_validator(mode="after")
    def _form_is_stated(self) -> Self:
        if self.below == "share" and (self.target == "province" or self.target <= 0.0):
            raise ValueError("assessment_completion_form")
        return self


class ByRank(_Item):
    """按位次计分: weight * max(0, 1 - quotient * (rank - 1))."""

    rule: Literal["rank"]
    quotient: Annotated[float, Field(gt=0.0, le=1.0)] = QUOTIENT


class Step(_Strict):
    """One step of a rule by gap: points of gap up to ``to`` (None: without end) count basis / divisor each."""

    to: Annotated[float, Field(gt=0.0)] | None = None
    divisor: Annotated[float, Field(gt=0.0)]


class GapSteps(_Item):
    """按与平均水平的差距分档计分: weight plus or minus the points within each step times weight / divisor."""

    rule: Literal["gap_steps"]
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    floor: float = 0.0
    cap: float

    @model_validator(mode="after")
    def _steps_rise(self) -> Self:
        ends = [step.to for step in self.steps]
        if any(end is None for end in ends[:-1]) or any(
            a is not None and b is not None and b <= a for a, b in pairwise(ends)
        ):
            raise ValueError("assessment_steps_order")
        return self


class GapLinear(_Item):
    """每高（低）于平均水平 0.1 个百分点加（减）分: weight plus or minus ``per_tenth`` a tenth of a point."""

    rule: Literal["gap_linear"]
    per_tenth: Annotated[float, Field(gt=0.0)]
    floor: float = 0.0
    cap: float


class Efficacy(_Item):
    """功效系数法: weight * (60 + 40 * clip((x - worst) / (best - worst), 0, 1)) / 100.

    static : share of the weight by level instead of growth (静态指标); best, worst : of growth, percent; None: those of
        the siblings in the same draw
    """

    rule: Literal["efficacy"]
    static: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    best: float | None = None
    worst: float | None = None

    @model_validator(mode="after")
    def _best_above_worst(self) -> Self:
        if (self.best is None) != (self.worst is None) or (
            self.best is not None and self.worst is not None and self.best <= self.worst
        ):
            raise ValueError("assessment_efficacy_range")
        return self


type Item = Annotated[
    Met | MetThenRank | Completion | ByRank | GapSteps | GapLinear | Efficacy, Field(discriminator="rule")
]


class Event(_Strict):
    """Points for being among the last places of a round, or for each project not started.

    last : places from the end that a round names; months : rounds of the target year
    points : a time, negative; veto : whether it puts the unit in the lowest class
    """

    name: str
    indicator: str
    last: Annotated[int, Field(ge=1)]
    months: Annotated[tuple[MonthOfYear, ...], Field(min_length=1)]
    points: Annotated[float, Field(le=0.0)]
    veto: bool = False


class ScoreClass(_Strict):
    """A class of the result: from this score on."""

    name: str
    at_least: float


class Assessment(_Strict):
    """An assessment as a government publishes it.

    total : sum of all weights; ties : ``best`` (并列取优, 1, 1, 3) or ``average`` (1.5, 1.5, 3)
    shared : share of the parent's score in a unit's (捆绑考核); parent_score : that score where it is stated
    classes : from the best to the lowest
    """

    name: str
    source: str
    total: Weight = 100.0
    ties: Literal["best", "average"] = "best"
    shared: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    parent_score: float | None = None
    items: Annotated[tuple[Item, ...], Field(min_length=1)]
    events: tuple[Event, ...] = ()
    classes: tuple[ScoreClass, ...] = ()

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        weights = sum(item.weight for item in self.items)
        if abs(weights - self.total) > 1e-6:
            raise ValueError(":".join(("assessment_weights_sum", f"{weights:g}", f"{self.total:g}")))
        if self.shared > 0.0 and self.parent_score is None:
            raise ValueError("assessment_parent_score_missing")
        limits = [one.at_least for one in self.classes]
        if limits != sorted(limits, reverse=True):
            raise ValueError("assessment_classes_order")
        if any(event.veto for event in self.events) and not self.classes:
            raise ValueError("assessment_veto_without_classes")
        return self


def assessment_of(raw: Mapping[str, Any], *, file: str, problems: Problems) -> Assessment | None:
    """Rules as ``[assessment]`` of ``dataset.toml`` states them; None where a problem was noted."""
    try:
        return Assessment.model_validate(raw)
    except ValidationError as error:
        for one in error.errors(include_url=False):
            place = _place(one["loc"])
            code, *rest = str(one.get("ctx", {}).get("error", "")).split(":")
            if one["type"] == "value_error":
                stated, expected = (rest[0], rest[-1]) if rest else ("", "")
                problems.add(code, file, name=place, found=stated, expected=expected)
            elif one["type"] == "missing":
                problems.add("toml_key_missing", file, name=place)
            elif one["type"] == "extra_forbidden":
                problems.add("assessment_key_unknown", file, name=place)
            else:
                problems.add("assessment_bad", file, name=place, found=quoted(str(one.get("input"))))
        return None


def check_indicators(rules: Assessment, indicators: Collection[str], *, file: str, problems: Problems) -> None:
    """Every indicator that a rule names is one of the data set."""
    for named in sorted({one.indicator for one in (*rules.items, *rules.events)} - set(indicators)):
        suggestion = near(named, indicators) or ", ".join(indicators)
        problems.add("assessment_indicator", file, found=quoted(named), suggestion=suggestion)


def _place(loc: Sequence[int | str]) -> str:
    """A key of the file as people count it: items are numbered from 1, names of rules are left out."""
    rules = {"met", "met_then_rank", "completion", "rank", "gap_steps", "gap_linear", "efficacy"}
    kept = [f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in loc if part not in rules]
    return "assessment" + "".join(kept)
