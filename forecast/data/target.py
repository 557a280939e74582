"""Targets: what a unit is held against, and what counts as coming close.

Invariant: a target row that a reader accepts can be evaluated without a further check
(held by ``tests/test_target.py``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from forecast.data.panel import Indicator, LightRule, Unit
from forecast.data.reading.places import indicator_names, place_names
from forecast.data.reading.problems import Problems, RawTable, quoted
from forecast.data.reading.rows import CellError, Fields, Names, parse_percent
from forecast.data.reading.spoken import spoken_goal
from forecast.periods import Frequency

YEAR_END: Final = 12
"""Month that a target is due in unless it names another."""


class TargetKind(StrEnum):
    """What the target is."""

    PROVINCE_AVERAGE = "province_average"
    PLAN = "plan"
    POSITIVE_GROWTH = "positive_growth"
    RANK = "rank"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One row of ``targets.csv``.

    value : percent for a plan, the worst acceptable rank for a rank, None for the province's average
    stretch : what is striven for beyond a plan (力争), percent; None where nothing is said
    tolerance_pp : how far below still counts as 接近, points
    assessed : whether the indicator counts in the yearly assessment
    light_rule : name of the rule of the light in ``dataset.toml``
    by : month of the target year whose cumulative growth is meant, 1 to 12; the year's end unless told
    """

    unit: str
    indicator: str
    kind: TargetKind
    value: float | None
    tolerance_pp: float
    assessed: bool
    light_rule: str
    source: str
    by: int = YEAR_END
    stretch: float | None = None

    @property
    def interim(self) -> bool:
        """Whether it is due before the year ends; the yearly assessment counts no such target."""
        return self.by != YEAR_END

    @property
    def yearly_average(self) -> bool:
        """Whether it is the assessment's own question: the province's average of the whole year."""
        return self.kind is TargetKind.PROVINCE_AVERAGE and not self.interim

    @property
    def key(self) -> tuple[str, str, str]:
        """Indicator, unit, and kind; of a rank with it, of an interim target with its month: rank<=6, plan@06."""
        kind = f"{self.kind.value}<={self.value:g}" if self.kind is TargetKind.RANK else self.kind.value
        return self.indicator, self.unit, f"{kind}@{self.by:02d}" if self.interim else kind


def read_targets(
    table: RawTable,
    problems: Problems,
    *,
    units: Mapping[str, Unit] | None,
    indicators: Mapping[str, Indicator] | None,
    lights: Mapping[str, LightRule] | None,
    below: frozenset[str] | None = None,
    city: str = "",
    year: int | None = None,
) -> tuple[Target, ...]:
    """Targets in the order of the file; only to be used where no problem was noted.

    Parameters
    ----------
    units, indicators, lights : what rows may name; None where these could not be read
    city : the unit that 全市 means
    below : units below the province, which its average can be asked of; None where unknown
    year : target year, which a month that names its year must be of; None where unknown
    """
    fields = Fields(_spelled_out(table, problems), problems)
    unit_names = place_names(units.values(), city=city) if units else None
    names = indicator_names(indicators.values()) if indicators else None
    rules = Names(noun="light_rule", ids={rule: rule for rule in lights}) if lights else None
    columns = _columns(fields, unit_names, names, rules, year)
    targets: list[Target] = []
    first: dict[tuple[str, str, str, int], int] = {}
    for index, (unit, indicator, kind, value, tolerance, assessed, rule, source, due, stretch) in enumerate(columns):
        if kind and fields.has("value"):
            _check_value(fields, index, kind, value)
        if kind and not math.isnan(stretch):
            _check_stretch(fields, index, kind, value, stretch)
        if not (unit and indicator and kind):
            continue
        if kind == TargetKind.PROVINCE_AVERAGE and below is not None and unit not in below:
            fields.note(index, "unit", "target_not_below", value=unit)
        by = due or YEAR_END
        if due and indicators:
            _check_due(fields, index, due, indicators[indicator].frequency)
        earlier = first.setdefault((unit, indicator, kind, by), index)
        if earlier != index:
            fields.note(index, None, "row_twice", row=fields.rows[earlier], name=f"{unit}, {indicator}, {kind}")
        targets.append(
            Target(
                unit=unit,
                indicator=indicator,
                kind=TargetKind(kind),
                value=None if math.isnan(value) else value,
                tolerance_pp=float(tolerance),
                assessed=bool(assessed),
                light_rule=rule,
                source=source,
                by=by,
                stretch=None if math.isnan(stretch) else stretch,
            )
        )
    return tuple(targets)


def _columns(
    fields: Fields, units: Names | None, indicators: Names | None, rules: Names | None, year: int | None
) -> Iterator[tuple[Any, ...]]:
    """Cells of every row, in the order of ``Target``'s own columns in the file, each read by its kind."""
    return zip(
        fields.ids("unit", units),
        fields.ids("indicator", indicators),
        fields.choices("kind", words="kind"),
        fields.numbers("value", form="percent").tolist(),
        fields.numbers("tolerance_pp", form="percent", low=0.0, high=100.0, required=True, code="tolerance_range"),
        fields.flags("assessed", required=True),
        fields.ids("light_rule", rules),
        fields.texts("source"),
        fields.dues("by", year=year),
        fields.numbers("stretch", form="percent", low=-100.0, high=1000.0).tolist(),
        strict=True,
    )


def _check_due(fields: Fields, index: int, due: int, frequency: Frequency) -> None:
    """Something is published for the month that a target is due in."""
    if due not in frequency.months:
        expected = ", ".join(map(str, frequency.months))
        fields.note(index, "by", "target_by_period", value=due, expected=expected)


def _spelled_out(table: RawTable, problems: Problems) -> RawTable:
    """Table in which a plan in words (8%以上力争8.5%) is two numbers; what was understood is noted."""
    frame = table.frame
    if "value" not in frame.columns:
        return table
    fields = Fields(table, problems)
    values = frame["value"].tolist()
    stretches = frame["stretch"].tolist() if "stretch" in frame.columns else [""] * len(values)
    for index, text in enumerate(values):
        goal = spoken_goal(text) if text and not _is_number(text) else None
        if goal is None:
            continue
        strive = goal.strive if goal.strive is not None and goal.strive != goal.plan else None
        shown = f"“{quoted(text)}” → {goal.plan:g}" + (f", {strive:g}" if strive is not None else "")
        fields.remark(index, "value", "goal_spoken", shown)
        values[index] = f"{goal.plan:g}"
        if strive is not None and not stretches[index]:
            stretches[index] = f"{strive:g}"
    return replace(table, frame=frame.assign(value=values, stretch=stretches))


def _is_number(text: str) -> bool:
    try:
        parse_percent(text)
    except CellError:
        return False
    return True


def _check_stretch(fields: Fields, index: int, kind: str, value: float, stretch: float) -> None:
    """Only a plan has something beyond it, and that is above it."""
    if TargetKind(kind) is not TargetKind.PLAN:
        fields.note(index, "stretch", "target_stretch_unused", value=f"{stretch:g}")
    elif stretch <= value:
        fields.note(index, "stretch", "target_stretch_low", value=f"{stretch:g}", plan=f"{value:g}")


def _check_value(fields: Fields, index: int, kind: str, value: float) -> None:
    """A plan and a rank need a value, the province's average and positive growth set their own."""
    cell = quoted(fields.texts("value")[index])
    missing = math.isnan(value)
    match TargetKind(kind):
        case TargetKind.PLAN if missing:
            fields.note(index, "value", "target_plan_empty", value=cell)
        case TargetKind.PLAN if not -100.0 < value <= 1000.0:
            fields.note(index, "value", "target_plan_range", value=cell)
        case TargetKind.RANK if missing or value < 1 or value != int(value):
            fields.note(index, "value", "target_rank_bad", value=cell)
        case TargetKind.PROVINCE_AVERAGE if not missing:
            fields.note(index, "value", "target_value_unused", value=cell)
        case TargetKind.POSITIVE_GROWTH if not missing and value != 0.0:
            fields.note(index, "value", "target_not_zero", value=cell)
