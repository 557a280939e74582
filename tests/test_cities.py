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
from forecast.inference.measure import measure
from forecast.inference.model import Measurements
from forecast.inference.priors import HYPER_DRAWS, LEAST_SHARE
from forecast.inference.sampling import beyond, fit, impossible, most_growth, replaced
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


def of_the_parent_alone(check):
    """The same check for the first place that is asked about; nothing is found at any other."""
    asked = []

    def one(index, *about):
        asked.append(index)
        return check(index, *about) if len(asked) == 1 else np.zeros(len(index), dtype=bool)

    return one


def test_draws_that_nothing_could_have_been_are_replaced_and_counted_and_published_figures_hold_in_all(monkeypatch):
    task = quanzhou()[1]
    m = task.measurements
    mended = fit(m, method="fast", seed=1, name="ind_va", draws=task.draws)
    monkeypatch.setattr(sampling, "impossible", of_the_parent_alone(impossible))
    monkeypatch.setattr(sampling, "beyond", of_the_parent_alone(beyond))
    raw = fit(m, method="fast", seed=1, name="ind_va", draws=task.draws)
    monkeypatch.undo()
    np.testing.assert_array_equal(mended.index[:, 0], raw.index[:, 0])
    astray = impossible(raw.index[:, 1], m.weight[1])
    assert mended.diagnostics.replaced == astray.sum() > 0
    bad = (mended.index[:, 1] != raw.index[:, 1]).any(axis=1)
    assert bad[astray | beyond(raw.index[:, 1], m.weight[1], most_growth(m)[1])].all()
    good = raw.index[~bad, 1]
    assert all((good == draw).all(1).any() for draw in mended.index[bad, 1])
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


def test_a_year_grows_by_no_more_than_the_level_of_a_place_allows_or_thrice_what_it_has_shown():
    weight = np.full(4, 0.25)
    index = np.zeros((4, 12))
    index[1, 4:] = 0.7
    index[2, 4:8] = -0.75
    index[3, 8] = np.nan
    np.testing.assert_array_equal(beyond(index, weight, 0.72), [False, False, True, True])
    task = quanzhou()[1]
    m = task.measurements
    shown = [3 * np.abs(m.log_growth[m.unit == u]).max() for u in (0, 1)]
    root, child = most_growth(m)
    assert root == max(60 * m.scale[0], shown[0])
    assert child == max(60 * m.scale[1], shown[1], root)


def test_a_place_with_one_figure_under_a_parent_with_none_spreads_by_points_and_not_by_thousands():
    one = Measurements(
        units=("china", "shaanxi"),
        parent=(-1, 0),
        per_year=11,
        first_year=2016,
        years=5,
        weight=np.full((2, 11), 1 / 11),
        profile_sd=np.full(2, 0.2),
        scale=np.array([0.012, 0.015]),
        unit=np.array([1]),
        time=np.array([11 + 4]),
        cumulative=np.array([True]),
        log_growth=np.log1p(np.array([0.138])),
        noise_sd=np.array([4e-4]),
    )
    posterior = fit(one, method="fast", seed=1, name="fiscal_rev", draws=4 * HYPER_DRAWS)
    total = np.exp(posterior.index.reshape(-1, 2, 2, 11)).sum(3)
    growth = 100 * (total[:, :, 1] / total[:, :, 0] - 1)
    low, high = np.quantile(growth, [0.1, 0.9], axis=0)
    usual = (high - low) / 2.56
    assert (growth.std(axis=0) < 3 * usual).all()  # a Student t with three degrees of freedom: 1.4 times
    assert (growth.max(axis=0) <= 100 * np.expm1(60 * 0.015)).all()


def test_a_draw_is_replaced_by_one_whose_parent_grows_alike():
    task = quanzhou()[1]
    m = task.measurements
    posterior = fit(m, method="fast", seed=1, name="ind_va", draws=task.draws)
    copies: dict[bytes, list[int]] = {}
    for draw, path in enumerate(posterior.index[:, 1]):
        copies.setdefault(path.tobytes(), []).append(draw)
    level = np.exp(posterior.index[:, 0].reshape(-1, 2, m.per_year)) @ m.weight[0]
    growth = level[:, 1] / level[:, 0]
    place = np.argsort(np.argsort(growth, kind="stable"))
    again = [draws for draws in copies.values() if len(draws) > 1]
    assert again
    for draws in again:
        assert np.ptp(place[draws]) <= 2 * (1 + sum(len(one) - 1 for one in again)) or np.ptp(growth[draws]) < 1e-3


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
