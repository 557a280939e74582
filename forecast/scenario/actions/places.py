"""What pushes of places and sectors are and bring: growth of months.

Invariant: a fill never exceeds the industry's cap, however many actions fill it (held by ``tests/test_effects.py``).

What comes from outside, no lever: prices, a path of the benchmark, a revised base.

Invariant: none of these types is a lever, and each may concern months that no decision can affect any more
(held by ``tests/test_action_types.py``).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from forecast.data.dataset import Dataset
from forecast.data.ledger import Assumptions, Fraction
from forecast.dims import UNIT, Floats, from_percent
from forecast.draws.streams import SHARE, SUCCESS, shares, uniforms
from forecast.scenario.actions.kinds import (
    ActionFields,
    ActionType,
    Family,
    Impulse,
    Measure,
    MonthText,
    PlacedAction,
    Taken,
    Text,
    need_base,
)
from forecast.scenario.document import Notes
from forecast.scenario.world import World

DEFAULT_CAP_PP: Final = 8.0
"""Most that a sector can be filled by where industries.csv has no cap, points of its growth: a setting (设定值)."""


NO_SUPPORT: Final = "-"
"""In place of a support: none is named."""


class CountyPush(ActionFields):
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


class SectorFill(ActionFields):
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


def window_of(world: World, measure: Measure) -> Floats:
    """1 in the months of an action, 0 elsewhere, (month,)."""
    action, window = measure.action, np.zeros(len(world.months))
    first = max(world.column(action.month.year, action.month.month), 0)
    last = len(window) - 1 if action.until is None else world.column(action.until.year, action.until.month)
    window[first : max(last + 1, 0)] = 1.0
    return window


def _arrives(world: World, assumptions: Assumptions, measure: Measure, entity: str) -> Floats:
    """Success times completion, (draw,)."""
    action = measure.action
    uniform = uniforms(world.seed, measure.key, (entity,), world.draws, assumptions.correlation)
    success = (uniform[SUCCESS][0] < action.prob).astype(np.float64)
    return success * shares(uniform[SHARE], action.delivery, action.spread)[0]


def _push(world: World, assumptions: Assumptions, taken: Sequence[Taken]) -> Impulse:
    """A place grows faster, or slower, by so many points in every month of the window."""
    measure = taken[0].measure
    action = measure.action
    size = from_percent(action.effect_pp) * _arrives(world, assumptions, measure, action.unit)
    found = Impulse(growth={(action.indicator, action.unit): size[:, None] * window_of(world, measure)})
    return found.scaled(measure.additionality)


def cap_pp(world: World, industry: str, stated: Sequence[float | None]) -> tuple[float, bool]:
    """Most that an industry can be filled by, points of its growth, and whether industries.csv names it."""
    given = [value for value in stated if value is not None]
    if given:
        return max(given), False
    rows = world.dataset.panel.industries
    cap = float(rows.loc[rows["industry"] == industry, "cap_pp"].iloc[0])
    return (DEFAULT_CAP_PP, False) if np.isnan(cap) else (cap, True)


def _fill(world: World, assumptions: Assumptions, taken: Sequence[Taken]) -> Impulse:
    """One industry's value added grows faster, all actions on it together up to its cap."""
    industry = taken[0].measure.action.industry
    cap = from_percent(cap_pp(world, industry, [one.measure.action.cap_pp for one in taken])[0])
    together = np.zeros((world.draws, len(world.months)))
    for one in taken:
        measure = one.measure
        action, window = measure.action, window_of(world, measure)
        arrived = _arrives(world, assumptions, measure, industry)[:, None] * window * measure.additionality
        if action.effect_pp is not None:
            together += from_percent(action.effect_pp) * arrived
        else:
            together += _growth_of(world, industry, action.amount_yi, window) * arrived
    return Impulse(industry={industry: np.minimum(together, cap)})


def _growth_of(world: World, industry: str, amount_yi: float, window: Floats) -> Floats:
    """Growth of the months in the window that an amount of value added makes, (draw, 1), fraction."""
    base = world.base_yi(world.city, "gdp")
    rows = world.dataset.panel.industries
    share = rows.loc[rows["industry"] == industry, [f"share_q{q}" for q in range(1, 5)]].to_numpy(dtype=np.float64)[0]
    quarter = np.array([(month - 1) // 3 for month in world.months])
    weight = world.month_weight("gdp", world.city)[:, world.months[0] - 1 :] * share[quarter] * window
    if base is None or not window.any():
        return np.zeros((world.draws, 1))
    return amount_yi / (base[:, None] * weight.sum(axis=1, keepdims=True))


def _check_push(placed: PlacedAction, dataset: Dataset, notes: Notes) -> None:
    action, units = placed.action, dataset.panel.units
    if action.unit not in units or action.indicator not in dataset.panel.indicators:
        return
    unit = units[action.unit]
    if unit.level not in ("city", "county", "zone"):
        placed.note(notes, "push_above", "unit", value=action.unit, level=unit.level)
    elif unit.unit != dataset.config.city:
        bases = dataset.panel.bases
        at = (bases["unit"] == action.unit) & (bases["indicator"] == action.indicator)
        if not np.isfinite(bases["share_of_parent"][at].to_numpy(dtype=np.float64)).any():
            placed.note(notes, "share_missing", "unit", unit=action.unit, indicator=action.indicator)


def _check_fill(placed: PlacedAction, dataset: Dataset, notes: Notes) -> None:
    action = placed.action
    if (action.effect_pp is None) == (action.amount_yi is None):
        placed.note(notes, "fill_one", a="effect_pp", b="amount_yi")
    need_base(placed, dataset, "gdp", notes)


def _industry(one: Taken) -> frozenset[Hashable]:
    return frozenset({one.measure.action.industry})


def _caps(world: World, actions: Sequence[SectorFill]) -> Mapping[str, float]:
    """Caps of the industries that are filled."""
    stated: dict[str, list[float | None]] = {}
    for action in actions:
        stated.setdefault(action.industry, []).append(action.cap_pp)
    return {industry: from_percent(cap_pp(world, industry, values)[0]) for industry, values in stated.items()}


def _told(world: World, action: SectorFill) -> Mapping[str, str]:
    cap = cap_pp(world, action.industry, [action.cap_pp])[0]
    return {"cap_pp": f"{cap:g}", "support": action.support or NO_SUPPORT}


PUSH: Final = ActionType(
    name="county_push", model=CountyPush, check=_check_push, impulse=_push, lever=Family.PUSH, use="effect_pp"
)
FILL: Final = ActionType(
    name="sector_fill",
    model=SectorFill,
    check=_check_fill,
    impulse=_fill,
    overlaps=_industry,
    caps=_caps,
    told=_told,
    lever=Family.SECTOR,
    use="effect_pp",
)


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
TYPES: Final = (PUSH, FILL, PRICE, PATH, BASE)
