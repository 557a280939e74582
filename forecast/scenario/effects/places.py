"""What pushes of places and sectors, and prices, bring: growth of months.

Invariant: a fill never exceeds the industry's cap, however many actions fill it (held by ``tests/test_effects.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from forecast.dims import UNIT, Floats, from_percent
from forecast.draws.streams import SHARE, SUCCESS, shares, uniforms
from forecast.scenario.effects.parts import Impulse
from forecast.scenario.effects.world import World
from forecast.scenario.reader import Measure, Scenario

NOMINAL: Final = {"ppi": ("ind_output",), "cpi": ("retail", "retail_above")}
"""Indicators in current prices that a price moves when volumes hold."""
REAL: Final = {"ppi": ("ind_va",), "cpi": ()}
"""Indicators in constant prices that it moves, the other way, when values hold."""
DEFLATED: Final = {"ppi": (), "cpi": ("retail", "retail_above")}
"""Drivers of GDP in current prices whose volume falls when values hold."""
DEFAULT_CAP_PP: Final = 8.0
"""Most that a sector can be filled by where industries.csv has no cap, points of its growth: a setting (设定值)."""


def _window(world: World, measure: Measure) -> Floats:
    """1 in the months of an action, 0 elsewhere, (month,)."""
    action, window = measure.action, np.zeros(len(world.months))
    first = max(world.column(action.month.year, action.month.month), 0)
    last = len(window) - 1 if action.until is None else world.column(action.until.year, action.until.month)
    window[first : max(last + 1, 0)] = 1.0
    return window


def _arrives(world: World, scenario: Scenario, measure: Measure, entity: str) -> Floats:
    """Success times completion, (draw,)."""
    action = measure.action
    uniform = uniforms(world.seed, measure.key, (entity,), world.draws, scenario.assumptions.correlation)
    success = (uniform[SUCCESS][0] < action.prob).astype(np.float64)
    return success * shares(uniform[SHARE], action.delivery, action.spread)[0]


def push(world: World, scenario: Scenario, measure: Measure) -> Impulse:
    """A place grows faster, or slower, by so many points in every month of the window."""
    action = measure.action
    size = from_percent(action.effect_pp) * _arrives(world, scenario, measure, action.unit)
    return Impulse(growth={(action.indicator, action.unit): size[:, None] * _window(world, measure)})


def cap_pp(world: World, industry: str, stated: Sequence[float | None]) -> tuple[float, bool]:
    """Most that an industry can be filled by, points of its growth, and whether industries.csv names it."""
    given = [value for value in stated if value is not None]
    if given:
        return max(given), False
    rows = world.dataset.panel.industries
    cap = float(rows.loc[rows["industry"] == industry, "cap_pp"].iloc[0])
    return (DEFAULT_CAP_PP, False) if np.isnan(cap) else (cap, True)


def fill(world: World, scenario: Scenario, measures: Sequence[Measure]) -> Impulse:
    """One industry's value added grows faster, all actions on it together up to its cap."""
    industry = measures[0].action.industry
    cap = from_percent(cap_pp(world, industry, [m.action.cap_pp for m in measures])[0])
    together = np.zeros((world.draws, len(world.months)))
    for measure in measures:
        action, window = measure.action, _window(world, measure)
        arrived = _arrives(world, scenario, measure, industry)[:, None] * window * measure.additionality
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


def price(world: World, measure: Measure) -> Impulse:
    """Prices of the whole province are higher: values move with them, or volumes against them."""
    action = measure.action
    size = np.broadcast_to(from_percent(action.change_pp) * _window(world, measure), (world.draws, len(world.months)))
    moved, sign = (NOMINAL, 1.0) if action.hold == "volume" else (REAL, -1.0)
    nominal = {
        (indicator, str(unit)): sign * size
        for indicator in moved[action.price]
        if indicator in world.paths.indicators
        for unit in world.paths.indicators[indicator].cum_yoy[UNIT].values
        if world.dataset.panel.units[str(unit)].level != "nation"
    }
    if action.hold == "volume":
        return Impulse(nominal=nominal)
    real = dict.fromkeys((*REAL[action.price], *DEFLATED[action.price]), -size)
    return Impulse(nominal=nominal, real=real)
