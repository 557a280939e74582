"""What must not matter to a forecast: the order of places, units of money, other indicators, anything not yet out."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.data.panel import Panel, known
from forecast.draws.fitting import FitTask, fit_indicator
from forecast.draws.paths import IndicatorPaths
from forecast.inference.measure import measure
from forecast.inference.model import Measurements
from forecast.inference.priors import HYPER_DRAWS
from forecast.inference.sampling import fit
from forecast.periods import AsOf, Frequency
from forecast.runs.run import Request, run
from tests import handmade as hm
from tests.small_dataset import FILES, write_dataset
from tests.synthetic import measurements

PLACES = {"china": (6.0, 0.4), "shaanxi": (6.5, 0.8), "ankang": (7.0, 1.6), "hanbin": (7.0, 2.5)}


def rows(*, gaps: bool) -> list[dict[str, object]]:
    """Quarterly growth and levels of four places, 2016 through June 2020; with gaps some of it."""
    rng = np.random.default_rng(8)
    found = []
    for unit, (level, spread) in PLACES.items():
        for year in range(2016, 2021):
            start = level + spread * rng.standard_normal()
            for k, month in enumerate((3, 6, 9, 12)):
                value = round(float(start + 0.3 * spread * rng.standard_normal()), 1)
                if (year, month) <= (2020, 6) and not (gaps and rng.random() < 0.5 and month != 6):
                    found.append(hm.observation(unit, "gdp", f"{year}-{month:02d}", value))
                if year == 2019:
                    found.append(hm.observation(unit, "gdp", f"2019-{month:02d}", 100.0 * (k + 1), measure="level_cum"))
    return found


def drawn(panel: Panel, *, as_of: str = "2020-06") -> IndicatorPaths:
    indicator = panel.indicators["gdp"]
    m = measure(panel, known(panel, AsOf.parse(as_of)), indicator, target_year=2020)
    task = FitTask(
        indicator="gdp",
        frequency=Frequency.QUARTERLY,
        target_year=2020,
        measurements=m,
        remarks=(),
        method="fast",
        seed=3,
        draws=HYPER_DRAWS,
    )
    return fit_indicator(task)


def same(one: IndicatorPaths, other: IndicatorPaths) -> None:
    np.testing.assert_array_equal(one.cum_yoy.to_numpy(), other.cum_yoy.to_numpy())
    np.testing.assert_array_equal(one.base_weight.to_numpy(), other.base_weight.to_numpy())


@pytest.fixture(scope="module", params=[False, True], ids=["whole", "gaps"])
def case(request) -> tuple[list[dict[str, object]], IndicatorPaths]:
    observations = rows(gaps=request.param)
    return observations, drawn(hm.panel(observations))


@given(st.floats(allow_nan=True, allow_infinity=True))
@settings(max_examples=6, deadline=None)
def test_nothing_that_is_not_out_enters_a_single_digit(case, poison):
    """Later periods, and revisions of known ones that came out later, poisoned with anything at all."""
    observations, clean = case
    late = dt.date(2021, 3, 1)
    later = [hm.observation(unit, "gdp", period, poison) for unit in PLACES for period in ("2020-09", "2020-12")]
    revised = [hm.observation(unit, "gdp", "2020-06", poison, released=late) for unit in PLACES]
    levels = [hm.observation(unit, "gdp", "2019-12", poison, measure="level_cum", released=late) for unit in PLACES]
    same(clean, drawn(hm.panel([*observations, *later, *revised, *levels])))


@given(st.sampled_from([1e-4, 0.01, 4.0, 1e4, 1e8]))
@settings(max_examples=4, deadline=None)
def test_the_unit_of_levels_does_not_matter(case, factor):
    """万元 or 亿元: base weights are shares."""
    observations, clean = case
    scaled = [
        row | {"value": float(str(row["value"])) * factor} if row["measure"] == "level_cum" else row
        for row in observations
    ]
    found = drawn(hm.panel(scaled))
    np.testing.assert_allclose(found.cum_yoy.to_numpy(), clean.cum_yoy.to_numpy(), atol=2e-7)  # single precision


@given(st.randoms(use_true_random=False))
@settings(max_examples=4, deadline=None)
def test_the_order_of_rows_does_not_matter(case, shuffled):
    observations, clean = case
    mixed = list(observations)
    shuffled.shuffle(mixed)
    found = drawn(hm.panel(mixed))
    np.testing.assert_allclose(found.cum_yoy.to_numpy(), clean.cum_yoy.to_numpy(), atol=2e-7)


def permuted(m: Measurements, order: list[int]) -> Measurements:
    """The same measurements with places in another order, parents still first."""
    place = {old: new for new, old in enumerate(order)}
    return dataclasses.replace(
        m,
        units=tuple(m.units[i] for i in order),
        parent=tuple(-1 if m.parent[i] < 0 else place[m.parent[i]] for i in order),
        weight=m.weight[order],
        profile_sd=m.profile_sd[order],
        scale=m.scale[order],
        unit=np.array([place[int(u)] for u in m.unit], dtype=np.intp),
    )


@pytest.mark.parametrize("gaps", [False, True])
def test_the_order_of_places_does_not_matter(gaps):
    m = measurements(seed=6, siblings=3, years=5, last=2, frequency=Frequency.QUARTERLY, gaps=gaps)
    order = [0, 3, 1, 2]
    one, other = (fit(x, method="fast", seed=2, name="x", draws=HYPER_DRAWS) for x in (m, permuted(m, order)))
    np.testing.assert_allclose(other.index, one.index[:, order], atol=1e-9)


def test_another_indicator_leaves_the_digits_of_the_others_alone(tmp_path):
    """One more indicator with figures and a target, at the head of the file."""
    head, *others = FILES["indicators.csv"].splitlines()
    first = "retail,社会消费品零售总额,monthly,商务局,,0.2,"
    more = {
        "indicators.csv": "\n".join([head, first, *others]) + "\n",
        "observations.csv": FILES["observations.csv"]
        + "".join(
            f"{unit},retail,2020-{month:02d},cum_yoy_pct,{value},,published,统计局\n"
            for unit in ("dasheng", "xiaocheng")
            for month, value in ((2, -21.0), (5, -12.5), (8, -8.1))
        ),
        "targets.csv": FILES["targets.csv"] + "xiaocheng,retail,province_average,,2,true,gap,会议\n",
    }
    one, other = (
        run(Request(dataset=write_dataset(tmp_path / name, changes), draws=HYPER_DRAWS))
        for name, changes in (("few", None), ("more", more))
    )
    assert set(other.fits) == {*one.fits, "retail"}
    for name, fitted in one.fits.items():
        same(fitted, other.fits[name])
        p, q = (
            [(r.target.kind, r.p_reach, r.p_near) for r in each.attainment.rows if r.target.indicator == name]
            for each in (one, other)
        )
        assert p == q
