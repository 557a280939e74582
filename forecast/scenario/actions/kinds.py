"""What an action type is: its fields, its checks, what it brings, and all else that is said of it, in one object.

Growth and prices are in points (``_pp``) or percent (``_pct``), money in 亿元 or 万元 as the name says, probabilities,
shares and ratios are fractions (``60%`` is read as 0.6). The models of fields are also the source of
``scenarios/schema.json``.

Invariant: an action type is stated in one module below this package and named in no other of the program
(held by ``tests/test_action_types.py``).

One action on rows of a ledger: what each row brings in each month, and how much of it arrives in each draw.

Invariant: the total over rows equals the sum of the rows one by one (held by ``tests/test_effects.py``).

What actions do before it reaches the indicators: money at places, growth of months, growth of industries.

Invariant: impulses add up; the sum does not depend on the order (held by ``tests/test_effects.py``).

An action where it stands: in which file, and on which rows of which ledger.

A selector names columns and the values wanted there: one value, a list of which any will do, or for numbers a
comparison such as ``">=1.5"``. Several columns all have to fit.

Invariant: a selector picks the same rows whatever their order (held by ``tests/test_scenario.py``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Annotated, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema

from forecast.data.dataset import Dataset
from forecast.data.ledger import PERCENT_TEXT, Assumptions, Fraction, Ratio, StrictModel
from forecast.dims import Floats, brief
from forecast.draws.streams import DELAY, SUCCESS, completions, delays, uniforms
from forecast.periods import Month
from forecast.scenario.document import Document, Keys, Notes, Spot
from forecast.scenario.world import World
from forecast.texts import visible


@dataclass(frozen=True, slots=True)
class PlacedAction:
    """An action and where in which file it stands."""

    action: Any
    document: Document
    way: Keys

    def spot(self, *inner: str | int, of_key: bool = False) -> Spot:
        """Where a field stands."""
        return self.document.spot((*self.way, *inner), of_key=of_key)

    def note(
        self,
        notes: Notes,
        code: str,
        *inner: str | int,
        of_key: bool = False,
        params: Mapping[str, object] | None = None,
        **more: object,
    ) -> None:
        """Note a problem with a field; ``params`` and further keywords fill the placeholders of its message."""
        spot = self.spot(*inner, of_key=of_key)
        notes.add(code, self.document.file, spot.line, spot.column, **{**(params or {}), **more})


def place_names(dataset: Dataset) -> dict[str, str]:
    """Unit id -> Chinese name."""
    return {unit.unit: unit.name_zh for unit in dataset.panel.units.values()}


COMPARISON: Final = re.compile(r"\s*(>=|<=|>|<|!=|=)\s*(-?\d+(?:\.\d+)?)\s*")
_SIGNS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def picked(
    frame: pd.DataFrame, key: str, ids: Sequence[str] | None, select: Mapping[str, Any] | None, names: Mapping[str, str]
) -> npt.NDArray[np.intp]:
    """Positions of the rows of a ledger that an action is about.

    Parameters
    ----------
    frame : the ledger
    key : column of its ids
    ids, select : of the action; with both, rows that are named or fit; with neither, none
    names : id -> Chinese name of places, which a selector may use alike
    """
    chosen = np.zeros(len(frame), dtype=bool)
    if ids is not None:
        chosen |= frame[key].isin(list(ids)).to_numpy()
    if select is not None:
        fits = np.ones(len(frame), dtype=bool)
        for column, wanted in select.items():
            fits &= matches(frame[column], wanted, names) if column in frame.columns else False
        chosen |= fits
    return np.flatnonzero(chosen)


def matches(column: pd.Series[Any], wanted: Any, names: Mapping[str, str]) -> npt.NDArray[np.bool_]:
    """Which cells of a column are wanted."""
    options = wanted if isinstance(wanted, list | tuple) else [wanted]
    tests = [_test(option, names) for option in options]
    return np.array([any(test(cell) for test in tests) for cell in column.tolist()], dtype=bool)


def _test(option: Any, names: Mapping[str, str]) -> Callable[[Any], bool]:
    if isinstance(option, bool):
        return lambda cell: cell is option or str(cell).lower() in (("true", "1") if option else ("false", "0"))
    if isinstance(option, int | float):
        return lambda cell: _number(cell) == float(option)
    if found := COMPARISON.fullmatch(option):
        sign, limit = _SIGNS[found[1]], float(found[2])
        return lambda cell: not math.isnan(number := _number(cell)) and sign(number, limit)
    return lambda cell: str(cell) == option or names.get(str(cell)) == option


def _number(cell: Any) -> float:
    if cell is None or isinstance(cell, bool | Month):
        return math.nan
    try:
        return float(cell)
    except (TypeError, ValueError):
        return math.nan


def need_base(placed: PlacedAction, dataset: Dataset, indicator: str, notes: Notes, *inner: str) -> None:
    """The city's level of last year is known, without which money cannot become points."""
    bases = dataset.panel.bases
    enough = ("ind_output", "ind_va") if indicator == "ind_output" else (indicator,)
    at = (bases["unit"] == dataset.config.city) & bases["indicator"].isin(enough)
    if not np.isfinite(bases["base_level_yi"][at].to_numpy(dtype=np.float64)).any():
        placed.note(notes, "base_missing", *inner, city=dataset.config.city, indicator=indicator)


type ByUnit = Mapping[tuple[str, str], Floats]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Impulse:
    """Additive changes, arrays (draw, month of ``World.months``).

    money : (indicator, place of the ledger) -> 亿元 more than without the action
    growth : (indicator, unit) -> single-month growth, fraction; couples on to other indicators
    points : (indicator, unit) -> contribution to annual growth, fraction; reaches only GDP
    nominal : (indicator, unit) -> single-month growth by prices alone, fraction; couples to nothing
    real : driver -> single-month growth that only GDP sees, fraction
    industry : industry -> single-month growth of its value added, fraction
    """

    money: ByUnit = field(default_factory=dict)
    growth: ByUnit = field(default_factory=dict)
    points: ByUnit = field(default_factory=dict)
    nominal: ByUnit = field(default_factory=dict)
    real: Mapping[str, Floats] = field(default_factory=dict)
    industry: Mapping[str, Floats] = field(default_factory=dict)

    def scaled(self, factor: float) -> Impulse:
        """The same, times a factor."""
        if factor == 1.0:
            return self
        parts = {f.name: {k: factor * v for k, v in getattr(self, f.name).items()} for f in fields(self)}
        return Impulse(**parts)


def total(impulses: Iterable[Impulse]) -> Impulse:
    """Sum of impulses, in the order given."""
    listed = list(impulses)
    if len(listed) == 1:
        return listed[0]
    sums: dict[str, dict[object, Floats]] = {f.name: {} for f in fields(Impulse)}
    for one in listed:
        for name, into in sums.items():
            for key, value in getattr(one, name).items():
                into[key] = into[key] + value if key in into else value
    return Impulse(**sums)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Delivery:
    """What arrives of an action.

    share : (entity, draw), success times completion
    delay : (entity, draw) in months, or None where there is none
    """

    share: Floats
    delay: np.ndarray | None


def delivery(
    *,
    seed: int,
    key: str,
    entities: Sequence[str],
    draws: int,
    correlation: float,
    prob: float | Floats,
    mean: float | Floats = 1.0,
    spread: float = 0.0,
    delay: Sequence[float] = (1.0,),
) -> Delivery:
    """Draws of what arrives; ``prob`` and ``mean`` of all entities or of each."""
    names = tuple(entities)
    uniform = uniforms(seed, key, names, draws, correlation)
    chance = np.broadcast_to(np.asarray(prob, dtype=np.float32), (len(names),))[:, None]
    share = (uniform[SUCCESS] < chance).astype(np.float32)
    if spread > 0.0 or np.any(np.asarray(mean) != 1.0):
        means = tuple(float(m) for m in np.broadcast_to(np.asarray(mean), (len(names),)))
        share *= completions(seed, key, names, draws, correlation, means, spread)
    late = delays(uniform[DELAY], delay) if len(delay) > 1 else None
    return Delivery(share=share, delay=late)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LedgerPart:
    """An action on rows of a ledger.

    indicator : that the money belongs to
    entities, places : ids and counties of the rows
    amount : delay -> (entity, month), 亿元 if all arrives; index 0 where nothing is delayed
    weight : (draw or 1, month) that every amount is multiplied by, or None
    """

    indicator: str
    entities: tuple[str, ...]
    places: tuple[str, ...]
    amount: Mapping[int, Floats]
    delivery: Delivery
    weight: Floats | None = None

    def money(self, skip: frozenset[str] = frozenset()) -> dict[tuple[str, str], Floats]:
        """Total by place, (draw, month), without the entities to skip."""
        out = {}
        kept, at = np.array([entity not in skip for entity in self.entities]), np.array(self.places)
        for place in sorted(set(self.places)):
            rows = np.flatnonzero(kept & (at == place))
            if len(rows):
                out[(self.indicator, place)] = self._weighted(self._sum(rows))
        return out

    def of(self, entity: str) -> Floats:
        """What one entity brings, (draw, month)."""
        return self._weighted(self._sum(np.array([self.entities.index(entity)])))

    def _sum(self, rows: np.ndarray) -> Floats:
        share, late = self.delivery.share[rows], self.delivery.delay
        if late is None:
            return np.asarray(share.T @ self.amount[0][rows].astype(np.float32), dtype=np.float64)
        total = np.zeros((share.shape[1], self.amount[0].shape[1]))
        for delay, amount in self.amount.items():
            if amount[rows].any():
                total += np.where(late[rows] == delay, share, np.float32(0.0)).T @ amount[rows].astype(np.float32)
        return total

    def _weighted(self, total: Floats) -> Floats:
        return total if self.weight is None else total * self.weight


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
type Text = Annotated[str, AfterValidator(visible), Field(min_length=1, max_length=4000)]
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
