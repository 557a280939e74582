"""What enterprises that enter the statistics are and bring, 亿元.

Invariant: a unit that enters through the annual channel changes nothing this year, and one that enters through the
monthly channel nothing before the month after its filing (held by ``tests/test_effects_enterprises.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from forecast.data.assumptions import Assumptions, Fraction
from forecast.data.dataset import Dataset
from forecast.dims import WAN_PER_YI
from forecast.growth import EntryChannel
from forecast.scenario.actions.enterprises import COUPLED, firms_part, rows_of
from forecast.scenario.actions.kinds import ActionType, LedgerOf, Measure, MonthText, OnEnterprises, Text
from forecast.scenario.actions.placed import PlacedAction, need_base
from forecast.scenario.document import Notes
from forecast.scenario.parts import LedgerPart
from forecast.scenario.world import World

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


def _check(placed: PlacedAction, dataset: Dataset, notes: Notes) -> None:
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
    check=_check,
    parts=_entries,
    assumptions=COUPLED,
)
TYPES: Final = (ENTRY,)
