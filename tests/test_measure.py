"""From published rows to measurements: grid, noise, weights, and nothing from the future."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.data.panel import Indicator, Panel, Unit, known
from forecast.inference.measure import measure
from forecast.inference.priors import PROFILE_SD
from forecast.periods import AsOf, Frequency, Month

FAI = Indicator(
    indicator="fai",
    name_zh="固定资产投资",
    frequency=Frequency.MONTHLY,
    department="发改委",
    team_zh="稳投资专班",
    revision_sd_pp=0.25,
    profile=None,
)
UNITS = [("county", "ankang", "county"), ("ankang", "shaanxi", "city"), ("shaanxi", None, "province")]


def row(unit: str, period: str, value: float, measure_: str = "cum_yoy_pct", **more: object) -> dict[str, object]:
    month = Month.parse(period)
    following = month.plus(1)
    return {
        "unit": unit,
        "indicator": "fai",
        "period": month,
        "measure": measure_,
        "value": value,
        "released": dt.date(following.year, following.month, 18),
        "status": "published",
        "source": "x",
    } | more


def panel(rows: list[dict[str, object]]) -> Panel:
    units = {u: Unit(unit=u, name_zh=u, level=level, parent=p, counted_within=None) for u, p, level in UNITS}
    empty = pd.DataFrame()
    return Panel(units=units, indicators={}, observations=pd.DataFrame(rows), bases=empty, industries=empty)


ROWS = [row("shaanxi", "2019-02", 9.2), row("shaanxi", "2020-08", 3.0), row("ankang", "2020-08", -13.6)]


def measured(rows: list[dict[str, object]], indicator: Indicator = FAI, as_of: str = "2020-08"):
    data = panel(rows)
    return measure(data, known(data, AsOf.parse(as_of)), indicator, target_year=2020)


def test_the_grid_starts_the_year_before_the_first_growth_figure():
    found = measured([row("shaanxi", "2017-03", 14.5), *ROWS])
    assert (found.first_year, found.years) == (2016, 5)
    assert measured(ROWS).first_year == 2017  # at least two years of growth before the target year
    assert found.time[-1] % found.per_year in (6, 6)


def test_parents_come_before_children_and_only_places_with_figures_and_their_ancestors_are_in():
    assert measured(ROWS).units == ("shaanxi", "ankang")
    assert measured([*ROWS, row("county", "2020-08", -4.9)]).units == ("shaanxi", "ankang", "county")
    only_county = measured([row("county", "2020-08", -4.9)])
    assert only_county.units == ("shaanxi", "ankang", "county")
    assert only_county.parent == (-1, 0, 1)


def test_log_growth_and_rounding_noise():
    found = measured(ROWS)
    city = found.of(1)
    assert city.log_growth[0] == pytest.approx(np.log(1 - 0.136))
    assert city.noise_sd[0] == pytest.approx(0.001 / np.sqrt(12) / 0.864)


def test_a_derived_figure_carries_the_rounding_of_two():
    plain, derived = (measured([row("shaanxi", "2020-08", 3.0, status=s)]) for s in ("published", "derived"))
    assert derived.noise_sd[0] == pytest.approx(np.sqrt(2) * plain.noise_sd[0])


def test_single_months_disagree_with_cumulative_growth_by_the_revision_of_the_whole_year_to_date():
    """A quarter point of cumulative growth at August is two points of August (DOMAIN 2.7)."""
    found = measured([row("shaanxi", "2020-08", 7.1, "month_yoy_pct")])
    assert not found.cumulative[0]
    cumulative_share = (1 / 12) / (8 / 12)
    assert 100 * found.noise_sd[0] * 1.071 == pytest.approx(np.hypot(0.1 / np.sqrt(12), 0.25 / cumulative_share))


def test_weights_come_from_last_years_levels_then_the_profile_then_the_default():
    flat = measured(ROWS)
    assert flat.weight[0][0] == pytest.approx(2 / 12)
    assert flat.profile_sd[0] == PROFILE_SD["flat"]
    profile = tuple(np.arange(1, 12) / 66)
    stated = measured(ROWS, dataclasses.replace(FAI, profile=profile))
    np.testing.assert_allclose(stated.weight[0], profile)
    levels = [row("shaanxi", f"2019-{m:02d}", 100.0 * m, "level_cum") for m in Frequency.MONTHLY.months]
    known_levels = measured([*ROWS, *levels], dataclasses.replace(FAI, profile=profile))
    np.testing.assert_allclose(known_levels.weight[0], [2 / 12] + [1 / 12] * 10)
    np.testing.assert_allclose(known_levels.weight[1], profile)
    assert list(known_levels.profile_sd) == [PROFILE_SD["levels"], PROFILE_SD["profile"]]


def test_levels_of_last_year_are_taken_back_to_the_first_by_published_growth():
    """Growth of 50 % in every period but the first, which stood still: its share was larger before."""
    months = Frequency.MONTHLY.months
    ends = [100.0 * (m - 2) for m in months]
    growth = [50.0 * end / (end + 200) for end in ends]
    figures = [row("shaanxi", f"{y}-{m:02d}", g) for y in (2018, 2019) for m, g in zip(months, growth, strict=True)]
    figures.append(row("shaanxi", "2020-08", 3.0))
    levels = [row("shaanxi", f"2019-{m:02d}", 100.0 * m, "level_cum") for m in months]
    found = measured([*figures, *levels])
    running = np.cumsum(found.weight[0])
    for g in (growth, growth):
        running = running * (1 + np.array(g) / 100)
    np.testing.assert_allclose(running / running[-1], np.array(months) / 12, atol=1e-9)
    assert found.weight[0][0] > 2 / 12
    gap = measured([*figures[1:], *levels])
    np.testing.assert_allclose(gap.weight[0], [2 / 12] + [1 / 12] * 10)


@given(st.floats(-99, 1e6))
def test_nothing_after_the_state_of_knowledge_enters(poison):
    later = [row("shaanxi", "2020-09", poison), row("ankang", "2020-12", poison)]
    revised = [row("ankang", "2020-08", poison, released=dt.date(2021, 3, 1))]
    clean, poisoned = measured(ROWS), measured([*ROWS, *later, *revised])
    np.testing.assert_array_equal(clean.log_growth, poisoned.log_growth)
    np.testing.assert_array_equal(clean.time, poisoned.time)
    assert clean.units == poisoned.units
    assert clean.years == poisoned.years


def test_an_indicator_without_any_figure_has_no_places():
    assert measured([row("shaanxi", "2020-08", 3.0, indicator="gdp")]).units == ()


def whole_years(unit: str, first: int) -> list[dict[str, object]]:
    """Every month of the years through 2019."""
    return [row(unit, f"{year}-{month:02d}", 3.0) for year in range(first, 2020) for month in range(2, 13)]


def test_a_lone_december_before_whole_years_does_not_begin_the_grid_and_a_lone_figure_of_a_sparse_place_does():
    both = [*whole_years("shaanxi", 2017), *whole_years("ankang", 2017), row("shaanxi", "2020-02", 3.0)]
    lone = row("ankang", "2016-12", 9.9)
    np.testing.assert_array_equal(measured([lone, *both]).log_growth, measured(both).log_growth)
    assert measured([lone, *both]).first_year == measured(both).first_year == 2016
    whole = [one for one in both if one["unit"] == "shaanxi"]
    sparse = measured([lone, *whole, row("ankang", "2018-12", 3.0)])
    assert sparse.first_year == 2015
    assert sparse.log_growth.max() == pytest.approx(np.log(1.099))
    assert measured([*whole_years("shaanxi", 2016), *both]).first_year == 2015
