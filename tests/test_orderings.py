"""Remarks without numbers: from rows to weights on draws."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from forecast.data.panel import Panel, Unit
from forecast.dims import DRAW, PERIOD, UNIT
from forecast.draws.joint import Ordering, condition, orderings
from forecast.draws.paths import IndicatorPaths
from forecast.inference.diagnostics import Diagnostics
from forecast.periods import Frequency, Month

N = 4000


def drawn(published_gap: bool = False) -> IndicatorPaths:
    rng = np.random.default_rng(0)
    labels = Frequency.QUARTERLY.labels(2020)
    growth = rng.normal([[[0.0], [0.02]]], 0.05, (N, 2, 4)).cumsum(axis=2) / 2
    if published_gap:
        growth[:, :, 1] = [-0.10, 0.03]
    coords = {UNIT: ["ankang", "shaanxi"], PERIOD: list(labels)}
    array = xr.DataArray(growth, coords, (DRAW, UNIT, PERIOD))
    return IndicatorPaths(
        indicator="gdp",
        frequency=Frequency.QUARTERLY,
        growth=array,
        base_weight=xr.full_like(array, 0.25),
        cum_yoy=array,
        published=array.isel({DRAW: 0}, drop=True) * np.nan,
        ess=float(N),
        diagnostics=Diagnostics(method="fast", status="ok"),
    )


def remark(sign: int, reliability: float = 0.99, period: str = "2020-06") -> Ordering:
    return Ordering(
        unit="ankang", benchmark="shaanxi", period=period, sign=sign, reliability=reliability, source="a speech"
    )


def share_above(paths: IndicatorPaths, period: str = "2020-06") -> float:
    at = paths.cum_yoy.sel({PERIOD: period})
    return float((at.sel({UNIT: "ankang"}) > at.sel({UNIT: "shaanxi"})).mean())


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_remark_weighs_draws_as_bayes_rule_says(sign):
    before = share_above(drawn())
    after = share_above(condition(drawn(), [remark(sign, 0.9)], np.random.default_rng(1)))
    agree = before if sign > 0 else 1 - before
    expected = 0.9 * agree / (0.9 * agree + 0.1 * (1 - agree))
    found = after if sign > 0 else 1 - after
    assert found == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / N))


def test_a_remark_on_a_published_gap_changes_nothing():
    paths = drawn(published_gap=True)
    assert condition(paths, [remark(-1)], np.random.default_rng(1)) is paths
    assert condition(paths, [remark(+1)], np.random.default_rng(1)) is paths


def test_no_remark_changes_nothing_and_a_remark_on_another_year_neither():
    paths = drawn()
    assert condition(paths, [], np.random.default_rng(1)) is paths
    assert condition(paths, [remark(1, period="2019-06")], np.random.default_rng(1)) is paths


def test_effective_draws_fall_with_what_a_remark_excludes():
    paths = drawn()
    found = condition(paths, [remark(1, 0.999)], np.random.default_rng(1))
    assert found.ess == pytest.approx(N * share_above(paths), rel=0.02)


def rows(**changes: object) -> pd.DataFrame:
    row = {
        "unit": "ankang",
        "indicator": "gdp",
        "period": Month(2020, 6),
        "measure": "rank",
        "value": 2.0,
        "released": dt.date(2020, 9, 28),
        "status": "published",
        "source": "a speech",
        "rank_of": "11",
    }
    return pd.DataFrame([row | changes])


PANEL = Panel(
    units={
        "shaanxi": Unit(unit="shaanxi", name_zh="陕西省", level="province", parent=None, counted_within=None),
        "ankang": Unit(unit="ankang", name_zh="安康市", level="city", parent="shaanxi", counted_within=None),
    },
    indicators={},
    observations=pd.DataFrame(),
    bases=pd.DataFrame(),
    industries=pd.DataFrame(),
)


@pytest.mark.parametrize(("rank", "sign"), [(1, 1), (2, 1), (3, 1), (6, 0), (8, 0), (10, -1), (11, -1)])
def test_only_ranks_in_the_outer_quarter_speak(rank, sign):
    found = orderings(PANEL, rows(value=float(rank)), "gdp")
    assert [o.sign for o in found] == ([sign] if sign else [])


def test_a_sign_is_read_as_it_stands():
    found = orderings(PANEL, rows(measure="gap_sign", value=-1.0), "gdp")
    assert [(o.sign, o.benchmark, o.period) for o in found] == [(-1, "shaanxi", "2020-06")]
    assert orderings(PANEL, rows(), "fai") == []
