"""What comes from outside, no lever: prices, a path of the benchmark, a revised base.

Invariant: none of these types is a lever, and each may concern months that no decision can affect any more
(held by ``tests/test_action_types.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from forecast.data.assumptions import Assumptions
from forecast.data.dataset import Dataset
from forecast.dims import UNIT, from_percent
from forecast.scenario.actions.kinds import ActionFields, ActionType, MonthText, Taken, Text
from forecast.scenario.actions.places import window_of
from forecast.scenario.parts import Impulse
from forecast.scenario.world import World

NOMINAL: Final = {"ppi": ("ind_output",), "cpi": ("retail", "retail_above")}
"""Indicators in current prices that a price moves when volumes hold."""
REAL: Final = {"ppi": ("ind_va",), "cpi": ()}
"""Indicators in constant prices that it moves, the other way, when values hold."""
DEFLATED: Final = {"ppi": (), "cpi": ("retail", "retail_above")}
"""Drivers of GDP in current prices whose volume falls when values hold."""


class PriceShift(ActionFields):
    """价格变动：价格高出若干个百分点，全省一致。"""

    type: Literal["price_shift"]
    price: Literal["ppi", "cpi"]
    change_pp: Annotated[float, Field(ge=-50.0, le=50.0)]
    hold: Literal["volume", "value"] = "volume"
    month: MonthText
    until: MonthText | None = None


class BenchmarkPath(ActionFields):
    """基准走势：全省某指标全年落在某一增速。"""

    type: Literal["benchmark_path"]
    indicator: Text
    unit: Text | None = None
    year_end_pct: Annotated[float, Field(gt=-100.0, le=1000.0)]


class BaseRevision(ActionFields):
    """基数修订：上年基数由旧改新，本年各期增速随之重述。"""

    type: Literal["base_revision"]
    indicator: Text
    unit: Text | None = None
    old_base_yi: Annotated[float, Field(gt=0.0, le=1e8)]
    new_base_yi: Annotated[float, Field(gt=0.0, le=1e8)]


def _price(world: World, assumptions: Assumptions, taken: Sequence[Taken]) -> Impulse:
    """Prices of the whole province are higher: values move with them, or volumes against them."""
    del assumptions
    measure = taken[0].measure
    action = measure.action
    size = np.broadcast_to(from_percent(action.change_pp) * window_of(world, measure), (world.draws, len(world.months)))
    moved, sign = (NOMINAL, 1.0) if action.hold == "volume" else (REAL, -1.0)
    nominal = {
        (indicator, str(unit)): sign * size
        for indicator in moved[action.price]
        if indicator in world.paths.indicators
        for unit in world.paths.indicators[indicator].cum_yoy[UNIT].values
        if world.dataset.panel.units[str(unit)].level != "nation"
    }
    if action.hold == "volume":
        return Impulse(nominal=nominal).scaled(measure.additionality)
    real = dict.fromkeys((*REAL[action.price], *DEFLATED[action.price]), -size)
    return Impulse(nominal=nominal, real=real).scaled(measure.additionality)


def _path_of(action: BenchmarkPath, dataset: Dataset) -> tuple[str, str]:
    return action.indicator, action.unit or dataset.config.province


def _base_of(action: BaseRevision, dataset: Dataset) -> tuple[str, str]:
    return action.indicator, action.unit or dataset.config.city


def _fixed(world: World, action: BenchmarkPath) -> Mapping[tuple[str, str], float]:
    return {(action.indicator, action.unit or world.province): from_percent(action.year_end_pct)}


def _rebased(world: World, action: BaseRevision) -> Mapping[tuple[str, str], float]:
    return {_base_of(action, world.dataset): action.old_base_yi / action.new_base_yi}


PRICE: Final = ActionType(name="price_shift", model=PriceShift, free_months=True, impulse=_price)
PATH: Final = ActionType(name="benchmark_path", model=BenchmarkPath, free_months=True, once=_path_of, fixed=_fixed)
BASE: Final = ActionType(name="base_revision", model=BaseRevision, free_months=True, once=_base_of, rebased=_rebased)
TYPES: Final = (PRICE, PATH, BASE)
