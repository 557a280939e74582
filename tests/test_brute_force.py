"""A slow, plain Monte Carlo of one scenario, written from what the actions mean; it shares no code with them."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from tests import scenario_world as sw

DRAWS = 3000
SD = 0.2
FREE = {"assumptions": {"correlation": 0.0}}
ACTIONS = (
    {"type": "enterprise_restart", "select": {"status": "halted"}, "recovery": [0.4, 0.8], "month": "2020-10"}
    | {"prob": 0.6, "delay": [0.5, 0.3, 0.2], "spread": 0.3},
    {"type": "enterprise_stop", "enterprises": ["e6"], "month": "2020-11", "prob": 0.25, "remaining": 0.2},
    {"type": "project_complete", "select": {"started": True}, "ratio": 1.2, "prob": 0.7}
    | {"delivery": 0.6, "spread": 0.4},
    {"type": "project_start", "projects": ["p4"], "month": "2020-10", "prob": 0.5, "duration": 4, "library_lag": 1}
    | {"delay": [0.7, 0.3], "delivery": 0.7, "spread": 0.3},
    {"type": "county_push", "unit": "hanbin", "indicator": "fai", "effect_pp": 12, "month": "2020-11", "prob": 0.9}
    | {"delivery": 0.5, "spread": 0.5},
)  # fmt: skip
OCTOBER, NOVEMBER, DECEMBER = 0.087, 0.092, 0.098
WEIGHTS = {10: OCTOBER, 11: NOVEMBER, 12: DECEMBER}


def beta(rng: random.Random, mean: float, spread: float) -> float:
    total = 1 / spread**2 - 1
    return rng.betavariate(mean * total, (1 - mean) * total)


def lognormal(rng: random.Random, median: float) -> float:
    return median * math.exp(rng.gauss(0, math.sqrt(math.log(1 + SD**2))))


def choice(rng: random.Random, chances: list[float]) -> int:
    return rng.choices(range(len(chances)), chances)[0]


def curve(x: float) -> float:
    """Distribution function of Beta(2, 2.5) by summing a fine grid."""
    steps = 2000
    area = sum((k / steps) * (1 - k / steps) ** 1.5 for k in range(1, steps))
    return sum((k / steps) * (1 - k / steps) ** 1.5 for k in range(1, int(x * steps))) / area


CURVE = [curve(k / 4) for k in range(5)]


def industry(rng: random.Random) -> float:
    """Change of the year's growth of value added, fraction."""
    base = lognormal(rng, 100.0)
    change = 0.0
    for output in (6.0, 3.0):
        if rng.random() < 0.6:
            first = 10 + choice(rng, [0.5, 0.3, 0.2])
            level = beta(rng, 0.8, 0.3)
            for month in range(first, 13):
                recovery = level * (0.5 if month == first else 1.0)
                change += 0.7 * output / base * WEIGHTS[month] * recovery
    if rng.random() < 0.25:
        for month in (11, 12):
            change -= 8.0 / base * WEIGHTS[month] * 1.05 * 0.8
    return change * max(rng.gauss(1.0, 0.2), 0.0)


def investment(rng: random.Random) -> float:
    base = lognormal(rng, 80.0)
    money = 0.0
    for plan, usual in (((0.6, 0.7, 0.5), 0.8), ((0.5, 0.4, 0.3), 0.9)):
        if rng.random() < 0.7:
            money += 0.5 * sum(plan) * (1.2 - usual) * beta(rng, 0.6, 0.4)
    if rng.random() < 0.5:
        start = 10 + choice(rng, [0.7, 0.3])
        share = beta(rng, 0.7, 0.3)
        for step in range(4):
            month = start + step
            reported = max(month, start + 1)
            if reported <= 12:
                pace = 0.8 * 1.2 if month == 12 else 0.8 if month in (13, 14) else 1.0
                money += 0.5 * 9.0 * (CURVE[step + 1] - CURVE[step]) * pace * share
    change = money / base
    if rng.random() < 0.9:
        share = min(lognormal(rng, 0.4), 0.95)
        change += share * 0.12 * beta(rng, 0.5, 0.5) * (NOVEMBER + DECEMBER)
    return change


@pytest.mark.parametrize(("indicator", "simulate"), [("ind_va", industry), ("fai", investment)])
def test_a_plain_simulation_agrees_within_its_error(indicator, simulate):
    one = sw.world(draws=DRAWS)
    fast = sw.change(one, indicator, "ankang", *ACTIONS, **FREE)
    rng = random.Random(7)
    slow = np.array([simulate(rng) for _ in range(DRAWS)])
    error = math.sqrt((fast.var() + slow.var()) / DRAWS)
    assert abs(fast.mean() - slow.mean()) < 4 * error
    assert abs(fast.std() / slow.std() - 1) < 4 * math.sqrt(kurtosis(slow) / (2 * DRAWS))
    paths = one.paths.indicators[indicator]
    gap = (paths.cum_yoy.sel(unit="ankang") - paths.cum_yoy.sel(unit="shaanxi")).to_numpy()[:, -1]
    share = np.minimum(np.exp(np.random.default_rng(3).normal(0, math.sqrt(math.log(1.04)), DRAWS)) * 0.05, 0.95)
    ours = sw.evaluated(one, *ACTIONS, **FREE).indicators[indicator]
    mine = (ours.cum_yoy.sel(unit="ankang") - ours.cum_yoy.sel(unit="shaanxi")).to_numpy()[:, -1]
    edge = float(np.quantile(gap, 0.7))
    a, b, before = mine >= edge, gap + slow * (1 - share) >= edge, gap >= edge
    spread = math.sqrt(((a.astype(float) - before).var() + (b.astype(float) - before).var()) / DRAWS)
    assert abs(a.mean() - b.mean()) < 4 * spread
    assert a.mean() != before.mean()


def kurtosis(values: np.ndarray) -> float:
    """Fourth standardised moment less one: what the variance of a standard deviation is made of."""
    z = (values - values.mean()) / values.std()
    return float((z**4).mean() - 1)
