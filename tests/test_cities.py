"""Real cities with a handful of figures (``tests/data/cities.csv``): no month of any year costs an indicator its fit.

The figures are published ones of Xi'an, Zhengzhou and Quanzhou and their provinces, each with the page it was read
from; where a page gives no day of release, the usual one stands in.
"""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.data.panel import Indicator, Panel, Unit, known, release_rule
from forecast.draws.fitting import FitTask, digest, fit_indicator
from forecast.inference import sampling
from forecast.inference.diagnostics import Diagnostics
from forecast.inference.gaps.ratio import HYPER_DRAWS
from forecast.inference.measure import measure
from forecast.inference.priors import LEAST_SHARE
from forecast.inference.sampling import fit, impossible, replaced
from forecast.periods import AsOf, Frequency, Month
from tests.synthetic import measurements

ROWS = list(csv.DictReader((Path(__file__).parent / "data" / "cities.csv").read_text("utf-8").splitlines()))
INDICATORS = {
    "固定资产投资（不含农户）": ("fai", Frequency.MONTHLY),
    "生产总值": ("gdp", Frequency.QUARTERLY),
    "社会消费品零售总额": ("retail", Frequency.MONTHLY),
    "规模以上工业增加值": ("ind_va", Frequency.MONTHLY),
}


def panel(city: str) -> Panel:
    """A city under its province, as a user has it who has read these pages."""
    mine = [row for row in ROWS if row["city"] == city]
    province = mine[0]["province"]
    names = {city: "city", province: "province"}
    observations = [
        {
            "unit": names[row["unit"]],
            "indicator": INDICATORS[row["indicator"]][0],
            "period": Month.parse(row["period"]),
            "measure": "cum_yoy_pct",
            "value": float(row["cum_yoy_pct"]),
            "released": dt.date.fromisoformat(row["released"])
            if row["released"]
            else release_rule(Month.parse(row["period"])),
            "status": row["status"].split(":")[0],
            "source": row["source"],
        }
        for row in mine
    ]
    empty = pd.DataFrame()
    return Panel(
        units={
            "province": Unit(unit="province", name_zh=province, level="province", parent=None, counted_within=None),
            "city": Unit(unit="city", name_zh=city, level="city", parent="province", counted_within=None),
        },
        indicators={
            name: Indicator(
                indicator=name,
                name_zh=name_zh,
                frequency=frequency,
                department="",
                team_zh="",
                revision_sd_pp=0.25,
                profile=None,
            )
            for name_zh, (name, frequency) in INDICATORS.items()
        },
        observations=pd.DataFrame(observations),
        bases=empty,
        industries=empty,
    )


def months(city: str) -> list[AsOf]:
    years = sorted({int(row["period"][:4]) for row in ROWS if row["unit"] == city})
    return [AsOf.parse(f"{year}-{month:02d}") for year in years for month in range(2, 13)]


def tasks(city: str, draws: int) -> dict[str, tuple[str, FitTask]]:
    """What is to be fitted as of every month of the city's years; the same figures are fitted once."""
    found: dict[str, tuple[str, FitTask]] = {}
    data = panel(city)
    for as_of in months(city):
        seen = known(data, as_of)
        for indicator in data.indicators.values():
            m = measure(data, seen, indicator, target_year=as_of.month.year)
            if "city" not in m.units:
                continue
            task = FitTask(
                indicator=indicator.indicator,
                frequency=indicator.frequency,
                target_year=as_of.month.year,
                measurements=m,
                remarks=(),
                method="fast",
                seed=1,
                draws=draws,
            )
            found.setdefault(digest(task), (f"{indicator.indicator} {as_of.text}", task))
    return found


@pytest.mark.parametrize("city", ["西安市", "郑州市", "泉州市"])
def test_every_month_of_a_real_city_has_its_draws(city):
    for name, task in tasks(city, HYPER_DRAWS).values():
        paths = fit_indicator(task)
        assert np.isfinite(paths.cum_yoy.values).all(), name
        assert (paths.base_weight.values[..., :-1].sum(-1) < 1).all(), name


def quanzhou() -> tuple[str, FitTask]:
    """The fit that was lost to a single one of four thousand draws."""
    return next(found for found in tasks("泉州市", 16 * HYPER_DRAWS).values() if found[0].startswith("ind_va 2023-09"))


def test_draws_that_nothing_could_have_been_are_replaced_and_counted_and_published_figures_hold_in_all(monkeypatch):
    task = quanzhou()[1]
    mended = fit(task.measurements, method="fast", seed=1, name="ind_va", draws=task.draws)
    monkeypatch.setattr(sampling, "impossible", lambda index, _: np.zeros(len(index), dtype=bool))
    raw = fit(task.measurements, method="fast", seed=1, name="ind_va", draws=task.draws)
    bad = np.array([impossible(raw.index[:, u], task.measurements.weight[u]) for u in (0, 1)])
    assert mended.diagnostics.replaced == bad.sum(1).max() > 0
    for u in (0, 1):
        np.testing.assert_array_equal(mended.index[~bad[u], u], raw.index[~bad[u], u])
        good = raw.index[~bad[u], u]
        assert all((good == draw).all(1).any() for draw in mended.index[bad[u], u])
    monkeypatch.undo()
    paths = fit_indicator(task)
    assert paths.diagnostics.replaced == mended.diagnostics.replaced
    there = np.isfinite(paths.published.values)
    np.testing.assert_array_equal(paths.cum_yoy.values[:, there], np.tile(paths.published.values[there], (4000, 1)))


def test_a_draw_is_impossible_where_a_period_vanishes_a_year_runs_away_or_a_number_is_missing():
    weight = np.full(4, 0.25)
    index = np.zeros((6, 12))
    index[1, -6] = np.log(LEAST_SHARE) - 0.4
    index[2, -6] = np.log(LEAST_SHARE) - 0.2  # its year has lost a quarter
    index[3, -4:] = 9.0
    index[4, -1] = np.nan
    index[5, 0] = -99.0  # a year that no growth of the target year rests on
    np.testing.assert_array_equal(impossible(index, weight), [False, True, False, True, True, False])


def test_too_many_replaced_draws_fail_the_gate():
    good = Diagnostics(method="fast", status="ok")
    assert replaced(good, [0, 20], 1000).status == "ok"
    assert replaced(good, [0, 20], 1000).replaced == 20
    assert replaced(good, [21, 0], 1000).status == "failed: 21 of 1000 draws of a place impossible"


def test_auto_takes_the_reference_where_the_fast_route_breaks_down(monkeypatch):
    asked: list[str] = []

    def fails(*args: object, method: str, **_: object) -> None:
        asked.append(method)
        raise np.linalg.LinAlgError("not positive definite")

    monkeypatch.setattr(sampling, "sampled_family", fails)
    m = measurements(seed=2, gaps=True)
    for method, routes in (("fast", ["fast"]), ("auto", ["auto", "nuts"])):
        asked.clear()
        with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
            fit(m, method=method, seed=1, name="x", draws=HYPER_DRAWS)
        assert asked == routes
