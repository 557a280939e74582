"""What an action type is: its fields, its checks, what it brings, and all else that is said of it, in one object.

Growth and prices are in points (``_pp``) or percent (``_pct``), money in 亿元 or 万元 as the name says, probabilities,
shares and ratios are fractions (``60%`` is read as 0.6). The models of fields are also the source of
``scenarios/schema.json``.

Invariant: an action type is stated in one module below this package and named in no other of the program
(held by ``tests/test_action_types.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema

from forecast.data.assumptions import PERCENT_TEXT, Assumptions, Fraction, Ratio, StrictModel
from forecast.data.dataset import Dataset
from forecast.dims import brief
from forecast.periods import Month
from forecast.scenario.actions.placed import PlacedAction
from forecast.scenario.document import Notes
from forecast.scenario.parts import Impulse, LedgerPart, total
from forecast.scenario.world import World


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


class ActionFields(StrictModel):
    """What every action has.

    id : name of the action in tables; also keys its random stream
    note : free text
    additionality : share of the effect that is new against the forecast's own momentum; None: default of the type
    """

    id: Name | None = None
    note: Text | None = None
    additionality: Fraction | None = None


class OnEnterprises(ActionFields):
    """Fields of an action on rows of a ledger of enterprises."""

    enterprises: Ids | None = None
    select: Select | None = None


class OnProjects(ActionFields):
    """Fields of an action on rows of the ledger of projects."""

    projects: Ids | None = None
    select: Select | None = None


class Family(StrEnum):
    """Kinds of levers; a family's levers share one ledger, or are one sector each."""

    RESTART = "restart"
    COMPLETE = "complete"
    ADVANCE = "advance"
    START = "start"
    BOND = "bond"
    SECTOR = "sector"
    PUSH = "push"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One action of a scenario, under the name that tables show.

    id : unique within the scenario, ``type#1`` where the file names none
    key : of its random streams: the file's id, else what the action is about, so that a copied file keeps its draws
    additionality : share of the effect that counts
    """

    id: str
    key: str
    action: Any
    file: str
    line: int
    additionality: float

    __repr__ = brief

    @property
    def type(self) -> str:
        """Type of the action."""
        return str(self.action.type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """An action, and what it brings row by row of a ledger; no parts where it is on none."""

    measure: Measure
    parts: Sequence[LedgerPart]


type LedgerRow = Mapping[Any, Any]
"""One row of a ledger by column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Editor:
    """How an action is edited row by row of its ledger.

    columns : column of the editor -> field of the action; columns that the type does not have are left out
    able : whether a row can take part at all
    level : what the column ``level_pct`` holds where the action says nothing, fraction, from the row
    month_of, prob_of : columns of the ledger with a row's own month and chance, "" for none
    prob : chance where neither says anything; None: default of the field
    required : columns whose field an action must have; always : fields of every new action
    """

    columns: Mapping[str, str]
    able: Callable[[LedgerRow], bool] = lambda _: True
    level: Callable[[LedgerRow], float] = lambda _: float("nan")
    month_of: str = ""
    prob_of: str = ""
    prob: float | None = None
    required: tuple[str, ...] = ()
    always: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerOf:
    """Where an action's rows stand: name of the ledger, its column of ids, the action's field that lists them."""

    table: str
    key: str
    ids: str
    optional: bool = False
    """Whether an action may also name no rows at all."""


def by_rows(world: World, assumptions: Assumptions, taken: Sequence[Taken]) -> Impulse:
    """Money of rows; rows that several actions share count with the largest of their effects, the others add up."""
    del world, assumptions
    if len(taken) == 1:
        one = taken[0]
        found = total([Impulse(), *(Impulse(money=part.money()) for part in one.parts)])
        return found.scaled(one.measure.additionality)
    by_row: dict[tuple[str, str], list[tuple[LedgerPart, float]]] = {}
    for one in taken:
        for part in one.parts:
            for entity in part.entities:
                by_row.setdefault((part.indicator, entity), []).append((part, one.measure.additionality))
    shared = {key: found for key, found in by_row.items() if len(found) > 1}
    pieces = []
    for one in taken:
        for part in one.parts:
            skip = frozenset(entity for indicator, entity in shared if indicator == part.indicator)
            pieces.append(Impulse(money=part.money(skip)).scaled(one.measure.additionality))
    for (indicator, entity), holders in sorted(shared.items(), key=lambda item: item[0]):
        most = np.max([part.of(entity) * share for part, share in holders], axis=0)
        place = holders[0][0].places[holders[0][0].entities.index(entity)]
        pieces.append(Impulse(money={(indicator, place): most}))
    return total(pieces)


def its_rows(one: Taken) -> frozenset[Hashable]:
    """What no two actions of a type may count twice: the rows of a ledger that they are about."""
    return frozenset(entity for part in one.parts for entity in part.entities)


def nothing_shared(one: Taken) -> frozenset[Hashable]:
    """Nothing: two actions of the type never overlap."""
    del one
    return frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionType[A: ActionFields]:
    """An action type, whole.

    name : in files and texts (``scenario.type_<name>``); model : its fields
    ledger : whose rows it picks; None for none
    additionality : share of an effect that is new against the forecast's own momentum, an assumption: the forecast
        already contains ordinary restarts and ordinary progress
    free_months : whether what it says may concern months that no decision can affect any more; then it is no lever
    check : notes what only this type can get wrong
    among : notes contradictions between all actions; the same function on all types that it looks at
    once : what two actions of the type may not both state
    parts : what it brings row by row of its ledger
    impulse : what one action does, or several that overlap, times their additionality
    overlaps : what no two actions of the type may count twice
    caps : industry -> most that its growth may rise by through all actions, its driver's included, fraction
    fixed : (indicator, unit) -> year-end growth that paths are moved to, fraction
    rebased : (indicator, unit) -> old base over new base
    assumptions : coefficients that its effect goes through; told : further ones, by name
    editor : how it is edited row by row; None where it is not
    lever : family of levers that become such actions; None where it is none
    use : field that a lever's use sets; "" where a lever takes all of its rows
    """

    name: str
    model: type[A]
    ledger: LedgerOf | None = None
    additionality: float = 1.0
    free_months: bool = False
    check: Callable[[PlacedAction, Dataset, Notes], None] | None = None
    among: Callable[[Sequence[PlacedAction], Dataset, Notes], None] | None = None
    once: Callable[[A, Dataset], tuple[str, str]] | None = None
    parts: Callable[[World, Assumptions, Measure], Sequence[LedgerPart]] | None = None
    impulse: Callable[[World, Assumptions, Sequence[Taken]], Impulse] = by_rows
    overlaps: Callable[[Taken], frozenset[Hashable]] = its_rows
    caps: Callable[[World, Sequence[A]], Mapping[str, float]] | None = None
    fixed: Callable[[World, A], Mapping[tuple[str, str], float]] | None = None
    rebased: Callable[[World, A], Mapping[tuple[str, str], float]] | None = None
    assumptions: tuple[str, ...] = ()
    told: Callable[[World, A], Mapping[str, str]] | None = None
    editor: Editor | None = None
    lever: Family | None = None
    use: str = ""
