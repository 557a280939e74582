"""What restarts, stops and exits of enterprises are and bring, 亿元 of output.

Against the ledger's baseline: a halted firm stays halted, any other goes on at its growth to date.

Invariant: a restart lifts the year by base share x weights of the months x recovery, whatever was lost before
(``growth.restart_lift``; held by ``tests/test_effects_enterprises.py``).

What enterprises that enter the statistics are and bring, 亿元.

Invariant: a unit that enters through the annual channel changes nothing this year, and one that enters through the
monthly channel nothing before the month after its filing (held by ``tests/test_effects_enterprises.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from forecast.data.dataset import Dataset
from forecast.data.ledger import Assumptions, Fraction
from forecast.data.reading.problems import quoted
from forecast.dims import WAN_PER_YI, Floats, from_percent
from forecast.growth import EntryChannel
from forecast.periods import Month
from forecast.scenario.actions.kinds import (
    ActionType,
    Editor,
    Family,
    Impulse,
    LedgerOf,
    LedgerPart,
    LedgerRow,
    Measure,
    MonthText,
    OnEnterprises,
    PlacedAction,
    Ramp,
    Shares,
    Taken,
    Text,
    by_rows,
    delivery,
    need_base,
    nothing_shared,
    picked,
    place_names,
)
from forecast.scenario.document import Notes
from forecast.scenario.world import World

OUTPUT: Final = "ind_output"
DEFAULT_RAMP: Final = (0.3, 0.6, 0.8)
"""Recovery against last year's same month from the restart on, where the ledger says nothing (DOMAIN.md §3.2)."""
DEFAULT_PROB: Final = 0.5
"""Chance of a restart where the ledger says nothing: 中 of high, middle, low."""
RATIO_OF: Final[Mapping[str, float]] = {
    "halted": 0.0,
    "half_halted": 0.35,
    "reduced": 0.75,
    "seasonal": 1.0,
    "normal": 1.0,
}
"""Output against last year where the ledger gives no growth to date (DOMAIN.md §3.2)."""


class EnterpriseRestart(OnEnterprises):
    """复产：停产、半停产、减产企业恢复生产。"""

    type: Literal["enterprise_restart"]
    month: MonthText | None = None
    recovery: Ramp | None = None
    prob: Fraction | None = None
    delay: Shares = (1.0,)
    spread: Fraction = 0.2


class EnterpriseStop(OnEnterprises):
    """停产减产：企业停产，或只剩一部分产出。"""

    type: Literal["enterprise_stop"]
    month: MonthText
    remaining: Fraction = 0.0
    prob: Fraction = 1.0


class EnterpriseExit(OnEnterprises):
    """退库：企业退出统计名录，基数保留或一并退出。"""

    type: Literal["enterprise_exit"]
    month: MonthText
    keep_base: bool
    prob: Fraction = 1.0


def rows_of(world: World, action: object, frame: pd.DataFrame) -> pd.DataFrame:
    names = place_names(world.dataset)
    at = picked(frame, "enterprise", action.enterprises, action.select, names)  # type: ignore[attr-defined]
    return frame.iloc[at]


def baseline_ratio(rows: pd.DataFrame) -> Floats:
    """Output of the months ahead against last year's, (entity,), without any action."""
    growth = from_percent(rows["ytd_growth_pct"].to_numpy(dtype=np.float64))
    default = np.array([RATIO_OF.get(str(status), 1.0) for status in rows["status"]])
    ratio = np.where(np.isfinite(growth), 1.0 + growth, default)
    return np.maximum(np.where((rows["status"] == "halted").to_numpy(), 0.0, ratio), 0.0)


def _month_weight(world: World) -> Floats:
    """Share of last year's output in every month of ``World.months``, (draw or 1, month)."""
    indicator = OUTPUT if OUTPUT in world.paths.indicators or "ind_va" not in world.paths.indicators else "ind_va"
    return world.month_weight(indicator, world.city)[:, world.months[0] - 1 :]


def recoverable(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows that can restart: not lost for good, and not working as usual."""
    able = rows["recoverable"].map(lambda cell: cell is not False).to_numpy(dtype=bool)
    return rows[able & (rows["status"] != "normal").to_numpy()]


def _restart(world: World, assumptions: Assumptions, measure: Measure) -> list[LedgerPart]:
    """Firms of a group run again from a month on, up to a recovery, each with its own chance."""
    action = measure.action
    rows = recoverable(rows_of(world, action, world.dataset.ledger.enterprises))
    ratio = baseline_ratio(rows)
    ramps = [action.recovery or ramp or DEFAULT_RAMP for ramp in rows["ramp"]]
    amounts: dict[int, Floats] = {}
    for late in range(len(action.delay)):
        amount = np.zeros((len(rows), len(world.months)))
        for i, (start, ramp) in enumerate(zip(rows["restart_month"], ramps, strict=True)):
            first = _start(world, action.month or start) + late
            for column in range(max(first, 0), len(world.months)):
                recovery = ramp[min(column - first, len(ramp) - 1)]
                amount[i, column] = max(recovery - ratio[i], 0.0)
        amounts[late] = amount * rows["base_output_yi"].to_numpy(dtype=np.float64)[:, None]
    stated = rows["restart_prob"].to_numpy(dtype=np.float64)
    prob = np.where(np.isfinite(stated), stated, DEFAULT_PROB) if action.prob is None else action.prob
    level = np.array([ramp[-1] for ramp in ramps])
    part = firms_part(
        world, assumptions, measure, rows, amounts, prob=prob, mean=level, spread=action.spread, delay=action.delay
    )
    scale = (1.0 / np.where(level > 0.0, level, 1.0))[:, None]  # the drawn share averages the recovery reached
    return [_with_amounts(part, {late: amount * scale for late, amount in part.amount.items()})]


def _with_amounts(part: LedgerPart, amounts: Mapping[int, Floats]) -> LedgerPart:
    return LedgerPart(
        indicator=part.indicator,
        entities=part.entities,
        places=part.places,
        amount=amounts,
        delivery=part.delivery,
        weight=part.weight,
    )


def _start(world: World, month: Month | None) -> int:
    """Column of a start; never before the first month of action."""
    first = world.dataset.config.first_action_month
    wanted = first if month is None else max(month, first)
    return world.column(wanted.year, wanted.month)


def firms_part(
    world: World,
    assumptions: Assumptions,
    measure: Measure,
    rows: pd.DataFrame,
    amounts: Mapping[int, Floats],
    *,
    prob: float | Floats,
    mean: float | Floats = 1.0,
    spread: float = 0.0,
    delay: tuple[float, ...] = (1.0,),
) -> LedgerPart:
    arrives = delivery(
        seed=world.seed,
        key=measure.key,
        entities=[str(name) for name in rows["enterprise"]],
        draws=world.draws,
        correlation=assumptions.correlation,
        prob=prob,
        mean=mean,
        spread=spread,
        delay=delay,
    )
    return LedgerPart(
        indicator=OUTPUT,
        entities=tuple(str(name) for name in rows["enterprise"]),
        places=tuple(str(place) for place in rows["county"]),
        amount=amounts,
        delivery=arrives,
        weight=_month_weight(world),
    )


def _stop(world: World, assumptions: Assumptions, measure: Measure) -> list[LedgerPart]:
    """Firms stop, or leave the statistics while their base stays: what they would have made is missing."""
    action = measure.action
    rows = rows_of(world, action, world.dataset.ledger.enterprises)
    first = max(_start(world, action.month), 0)
    amount = np.zeros((len(rows), len(world.months)))
    lost = baseline_ratio(rows) * (1.0 - getattr(action, "remaining", 0.0))
    amount[:, first:] = -(lost * rows["base_output_yi"].to_numpy(dtype=np.float64))[:, None]
    return [firms_part(world, assumptions, measure, rows, {0: amount}, prob=action.prob)]


def _exits_with_base(world: World, assumptions: Assumptions, measure: Measure) -> dict[tuple[str, str], Floats]:
    """Firms leave with their base: growth of those that remain, in this year's comparable scope.

    Returns
    -------
    (indicator, city) -> contribution to annual growth, (draw, month).

    Notes
    -----
    ``G' - G = s / (1 - s) (G - G_f)`` for every cumulative figure from the exit on, ``s`` the share and ``G_f`` the
    growth of those that left; the first month carries what they were to date (DOMAIN.md §3.4).
    """
    action = measure.action
    rows = rows_of(world, action, world.dataset.ledger.enterprises)
    first, base = max(_start(world, action.month), 0), world.base_yi(world.city, OUTPUT)
    if first >= len(world.months) or base is None or rows.empty:
        return {}
    arrives = firms_part(world, assumptions, measure, rows, {}, prob=action.prob).delivery.share.astype(np.float64)
    output = rows["base_output_yi"].to_numpy(dtype=np.float64)
    to_date = from_percent(rows["ytd_growth_pct"].to_numpy(dtype=np.float64))
    ahead = baseline_ratio(rows) - 1.0
    to_date = np.where(np.isfinite(to_date), to_date, ahead)
    left = (output @ arrives) / base
    past, future = (((output * growth) @ arrives) / base for growth in (to_date, ahead))
    out: dict[tuple[str, str], Floats] = {}
    for indicator in (OUTPUT, "ind_va"):
        one = world.paths.indicators.get(indicator)
        if one is None or world.city not in one.cum_yoy["unit"].values:
            continue
        weight = np.cumsum(world.month_weight(indicator, world.city), axis=1)[:, world.months[0] - 1 :]
        before = world.month_weight(indicator, world.city)[:, : world.months[0] - 1].sum(axis=1)
        pulled = past[:, None] * before[:, None] + future[:, None] * (weight - before[:, None])
        cumulative = _monthly_contributions(world, indicator)
        moved = left[:, None] / (1.0 - left[:, None]) * cumulative - pulled / (1.0 - left[:, None])
        moved[:, :first] = 0.0
        out[(indicator, world.city)] = np.diff(moved, axis=1, prepend=0.0)
    return out


def _monthly_contributions(world: World, indicator: str) -> Floats:
    """Cumulative growth times cumulative weight after every month of ``World.months``, (draw, month)."""
    one = world.paths.indicators[indicator]
    growth = one.cum_yoy.sel(unit=world.city).transpose("draw", "period").to_numpy()
    running = growth * np.cumsum(world.weight(indicator, world.city), axis=1)
    frequency = world.frequency(indicator)
    position = [min(k for k, last in enumerate(frequency.months) if last >= month) for month in world.months]
    return running[:, position]


def _exit(world: World, assumptions: Assumptions, taken: Sequence[Taken]) -> Impulse:
    """Firms leave with their base, or leave it behind, which is a stop."""
    measure = taken[0].measure
    if measure.action.keep_base:
        return by_rows(world, assumptions, taken)
    found = Impulse(points=_exits_with_base(world, assumptions, measure))
    return found.scaled(measure.additionality)


def _check(placed: PlacedAction, dataset: Dataset, notes: Notes) -> None:
    need_base(placed, dataset, OUTPUT, notes)


def _check_restart(placed: PlacedAction, dataset: Dataset, notes: Notes) -> None:
    rows = dataset.ledger.enterprises.set_index("enterprise", drop=False)
    for k, name in enumerate(placed.action.enterprises or ()):
        if name in rows.index:
            row = rows.loc[name]
            if row["status"] == "normal":
                placed.note(notes, "restart_normal", "enterprises", k, value=name)
            elif row["recoverable"] is not None and not row["recoverable"]:
                placed.note(notes, "restart_lost", "enterprises", k, value=name, cause=row["cause"])
    _check(placed, dataset, notes)


def _clashes(actions: Sequence[PlacedAction], dataset: Dataset, notes: Notes) -> None:
    """No enterprise both restarts and stops."""
    about = [(placed, _named(placed, dataset)) for placed in actions if placed.action.type in _TYPES_OF_STATE]
    state: dict[str, PlacedAction] = {}
    for placed, names in about:
        if placed.action.type != RESTART.name:
            for name in names:
                state.setdefault(name, placed)
    reported: set[tuple[int, int]] = set()
    for placed, names in about:
        clash = [n for n in names if n in state and state[n] is not placed]
        if clash and (id(placed), id(state[clash[0]])) not in reported:
            other = state[clash[0]]
            reported |= {(id(placed), id(other)), (id(other), id(placed))}
            params = {"value": quoted(", ".join(clash)), "file": other.document.file, "line": other.spot().line}
            placed.note(notes, "enterprise_clash", params=params)


def _named(placed: PlacedAction, dataset: Dataset) -> list[str]:
    """Enterprises whose state an action sets."""
    frame, action = dataset.ledger.enterprises, placed.action
    rows = frame.iloc[picked(frame, "enterprise", action.enterprises, action.select, place_names(dataset))]
    if action.type == RESTART.name:
        rows = recoverable(rows)
    return [str(name) for name in rows["enterprise"]]


def _can_restart(row: LedgerRow) -> bool:
    return row["recoverable"] is not False and row["status"] != "normal"


def _reached(row: LedgerRow) -> float:
    return float((row.get("ramp") or DEFAULT_RAMP)[-1])


LEDGER: Final = LedgerOf(table="enterprises", key="enterprise", ids="enterprises")
COUPLED: Final = ("value_added_per_output", "correlation")
"""Coefficients that output of enterprises goes through."""

RESTART: Final = ActionType(
    name="enterprise_restart",
    model=EnterpriseRestart,
    ledger=LEDGER,
    additionality=0.7,
    check=_check_restart,
    among=_clashes,
    parts=_restart,
    assumptions=COUPLED,
    editor=Editor(
        columns={"month": "month", "prob_pct": "prob", "level_pct": "recovery", "delay_months": "delay"},
        able=_can_restart,
        level=_reached,
        month_of="restart_month",
        prob_of="restart_prob",
        prob=DEFAULT_PROB,
    ),
    lever=Family.RESTART,
)
STOP: Final = ActionType(
    name="enterprise_stop",
    model=EnterpriseStop,
    ledger=LEDGER,
    check=_check,
    among=_clashes,
    parts=_stop,
    overlaps=nothing_shared,
    assumptions=COUPLED,
    editor=Editor(
        columns={"month": "month", "prob_pct": "prob", "level_pct": "remaining"},
        level=lambda _: 0.0,
        required=("month",),
    ),
)
EXIT: Final = ActionType(
    name="enterprise_exit",
    model=EnterpriseExit,
    ledger=LEDGER,
    check=_check,
    among=_clashes,
    parts=_stop,
    impulse=_exit,
    overlaps=nothing_shared,
    assumptions=COUPLED,
    editor=Editor(
        columns={"month": "month", "prob_pct": "prob"},
        required=("month",),
        always={"keep_base": True},
    ),
)
_TYPES_OF_STATE: Final = frozenset(one.name for one in (RESTART, STOP, EXIT))


MEAN_OUTPUT: Final = 0.8
"""Mean of the Beta share of a new unit's output, which is scaled so that the output stated is the mean."""
ENTERED_FOR: Final[Mapping[str, tuple[str, ...]]] = {
    "industry": ("ind_output",),
    "trade": ("retail_above", "retail"),
    "wholesale_retail": ("retail_above", "retail"),
    "hotel_catering": ("retail_above", "retail"),
    "services": ("service_rev",),
    "profit_services": ("service_rev",),
    "construction": ("constr",),
    "real_estate": (),
}
"""Indicators that a new unit of a sector of the pipeline counts in; sales of trade are taken as 限上 retail."""


class NewEntry(OnEnterprises):
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


def _entries(world: World, assumptions: Assumptions, measure: Measure) -> list[LedgerPart]:
    """New units in the statistics: through the monthly channel they report from the month after filing."""
    action = measure.action
    if action.channel == EntryChannel.ANNUAL.value:
        return []
    if action.count is not None:
        place = action.county or world.city
        names = [f"{place}-{action.indicator}-{k + 1}" for k in range(action.count)]
        rows = pd.DataFrame({"enterprise": names, "county": place})
        monthly = np.full(len(rows), action.monthly_output_wan / WAN_PER_YI)
        indicators: list[tuple[str, ...]] = [(action.indicator,)] * len(rows)
    else:
        rows = rows_of(world, action, world.dataset.ledger.pipeline)
        monthly = np.nan_to_num(rows["expected_monthly_output_yi"].to_numpy(dtype=np.float64))
        by_sector = [ENTERED_FOR.get(str(sector), ()) for sector in rows["sector"]]
        indicators = [(action.indicator,)] * len(rows) if action.indicator else by_sector
    first = max(world.column(action.month.year, action.month.month) + 1, 0)
    parts = []
    for indicator in sorted({name for names in indicators for name in names}):
        if world.base_yi(world.city, indicator) is None:
            continue
        chosen = np.array([indicator in names for names in indicators])
        amount = np.zeros((len(rows), len(world.months)))
        amount[chosen, first:] = monthly[chosen, None]
        mean = 1.0 if action.spread == 0.0 else MEAN_OUTPUT
        part = firms_part(
            world, assumptions, measure, rows, {0: amount / mean}, prob=action.prob, mean=mean, spread=action.spread
        )
        parts.append(
            LedgerPart(
                indicator=indicator,
                entities=part.entities,
                places=part.places,
                amount=part.amount,
                delivery=part.delivery,
            )
        )
    return parts


def _firms_check(placed: PlacedAction, dataset: Dataset, notes: Notes) -> None:
    action = placed.action
    grouped = action.enterprises is not None or action.select is not None
    stated = [name for name in ("count", "monthly_output_wan") if getattr(action, name) is not None]
    if grouped and stated:
        placed.note(notes, "entry_both", stated[0], a=" / ".join(stated))
    elif not grouped and (len(stated) < 2 or action.indicator is None):
        placed.note(notes, "entry_incomplete", a="count, monthly_output_wan, indicator", b="enterprises / select")
    if action.indicator is not None and action.indicator in dataset.panel.indicators:
        need_base(placed, dataset, action.indicator, notes, "indicator")


ENTRY: Final = ActionType(
    name="new_entry",
    model=NewEntry,
    ledger=LedgerOf(table="pipeline", key="enterprise", ids="enterprises", optional=True),
    check=_firms_check,
    parts=_entries,
    assumptions=COUPLED,
)
TYPES: Final = (RESTART, STOP, EXIT, ENTRY)
