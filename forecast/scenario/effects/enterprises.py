"""What restarts, stops, exits and entries of enterprises bring, 亿元 of output.

Against the ledger's baseline: a halted firm stays halted, any other goes on at its growth to date.

Invariant: a restart lifts the year by base share x weights of the months x recovery, whatever was lost before
(``growth.restart_lift``; held by ``tests/test_effects_enterprises.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from forecast.dims import WAN_PER_YI, Floats, from_percent
from forecast.growth import EntryChannel
from forecast.periods import Month
from forecast.scenario.checks import picked, place_names
from forecast.scenario.effects.parts import Part, delivery
from forecast.scenario.effects.world import World
from forecast.scenario.reader import Measure, Scenario

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


def _rows(world: World, action: object, frame: pd.DataFrame) -> pd.DataFrame:
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


def restart(world: World, scenario: Scenario, measure: Measure) -> Part:
    """Firms of a group run again from a month on, up to a recovery, each with its own chance."""
    action = measure.action
    rows = recoverable(_rows(world, action, world.dataset.ledger.enterprises))
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
    part = _part(
        world, scenario, measure, rows, amounts, prob=prob, mean=level, spread=action.spread, delay=action.delay
    )
    scale = (1.0 / np.where(level > 0.0, level, 1.0))[:, None]  # the drawn share averages the recovery reached
    return _with_amounts(part, {late: amount * scale for late, amount in part.amount.items()})


def _with_amounts(part: Part, amounts: Mapping[int, Floats]) -> Part:
    return Part(
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


def _part(
    world: World,
    scenario: Scenario,
    measure: Measure,
    rows: pd.DataFrame,
    amounts: Mapping[int, Floats],
    *,
    prob: float | Floats,
    mean: float | Floats = 1.0,
    spread: float = 0.0,
    delay: tuple[float, ...] = (1.0,),
) -> Part:
    arrives = delivery(
        seed=world.seed,
        key=measure.key,
        entities=[str(name) for name in rows["enterprise"]],
        draws=world.draws,
        correlation=scenario.assumptions.correlation,
        prob=prob,
        mean=mean,
        spread=spread,
        delay=delay,
    )
    return Part(
        indicator=OUTPUT,
        entities=tuple(str(name) for name in rows["enterprise"]),
        places=tuple(str(place) for place in rows["county"]),
        amount=amounts,
        delivery=arrives,
        weight=_month_weight(world),
    )


def stop(world: World, scenario: Scenario, measure: Measure) -> Part:
    """Firms stop, or leave the statistics while their base stays: what they would have made is missing."""
    action = measure.action
    rows = _rows(world, action, world.dataset.ledger.enterprises)
    first = max(_start(world, action.month), 0)
    amount = np.zeros((len(rows), len(world.months)))
    lost = baseline_ratio(rows) * (1.0 - getattr(action, "remaining", 0.0))
    amount[:, first:] = -(lost * rows["base_output_yi"].to_numpy(dtype=np.float64))[:, None]
    return _part(world, scenario, measure, rows, {0: amount}, prob=action.prob)


def exits_with_base(world: World, scenario: Scenario, measure: Measure) -> dict[tuple[str, str], Floats]:
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
    rows = _rows(world, action, world.dataset.ledger.enterprises)
    first, base = max(_start(world, action.month), 0), world.base_yi(world.city, OUTPUT)
    if first >= len(world.months) or base is None or rows.empty:
        return {}
    arrives = _part(world, scenario, measure, rows, {}, prob=action.prob).delivery.share.astype(np.float64)
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


def entries(world: World, scenario: Scenario, measure: Measure) -> list[Part]:
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
        rows = _rows(world, action, world.dataset.ledger.pipeline)
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
        part = _part(
            world, scenario, measure, rows, {0: amount / mean}, prob=action.prob, mean=mean, spread=action.spread
        )
        parts.append(
            Part(
                indicator=indicator,
                entities=part.entities,
                places=part.places,
                amount=part.amount,
                delivery=part.delivery,
            )
        )
    return parts
