"""The synthetic data set: what it promises about itself, checked on the committed files."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from forecast.data.dataset import read_dataset
from forecast.data.panel import known
from forecast.periods import AsOf, Frequency

DATA = Path(__file__).resolve().parents[1] / "data"
FOLDER = DATA / "example"
YEARS = range(2014, 2021)
COUNTIES = [f"county{k:02d}" for k in range(1, 13)]
REAL_PLACES = (
    "安康",
    "陕西",
    "汉滨",
    "汉阴",
    "石泉",
    "宁陕",
    "紫阳",
    "岚皋",
    "平利",
    "镇坪",
    "旬阳",
    "白河",
    "恒口",
    "中国",
)


def _builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_example", DATA / "build_example.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    path = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = path
    return module


def _read(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / name, dtype={"value": str, "released": str}, keep_default_na=True)


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    return _builder()


@pytest.fixture(scope="module")
def frequencies() -> dict[str, Frequency]:
    table = _read("indicators.csv")
    return {i: Frequency(f) for i, f in zip(table["indicator"], table["frequency"], strict=True)}


@pytest.fixture(scope="module")
def observations() -> pd.DataFrame:
    table = _read("observations.csv")
    table["value"] = table["value"].astype(float)
    return table


@pytest.fixture(scope="module")
def levels() -> pd.DataFrame:
    """True levels, a row a unit, indicator and year, columns m01 … m12."""
    return _read("truth/levels.csv").set_index(["unit", "indicator", "year"])


@pytest.fixture(scope="module")
def cumulative(observations: pd.DataFrame) -> pd.DataFrame:
    """Last vintage of every published cumulative growth."""
    rows = observations[observations["measure"] == "cum_yoy_pct"].sort_values("released", kind="stable")
    return rows.drop_duplicates(["unit", "indicator", "period"], keep="last")


def _true_growth(levels: pd.DataFrame, unit: str, indicator: str, year: int, month: int) -> float:
    """True cumulative growth by plain summation, percent."""
    months = [f"m{m:02d}" for m in range(1, month + 1)]
    now, before = (levels.loc[(unit, indicator, y), months] for y in (year, year - 1))
    return 100 * (float(sum(now)) / float(sum(before)) - 1)


def test_the_committed_files_are_what_the_seed_gives_byte_for_byte(builder: ModuleType) -> None:
    files = builder.generate()
    assert {n: builder.as_bytes(c) == (FOLDER / n).read_bytes() for n, c in files.items()} == dict.fromkeys(files, True)
    on_disk = {p.relative_to(FOLDER).as_posix() for p in FOLDER.rglob("*") if p.is_file()}
    assert on_disk == {*files, "README.md"}


def test_another_seed_draws_another_city_of_the_same_form(builder: ModuleType) -> None:
    other = builder.generate(1, gaps=None, futures=20)
    events = other["truth/events.csv"]
    assert set(events["event"]) == {"common_shock", "outlier", "revision", "gap"}
    mine = _read("observations.csv")
    assert other["observations.csv"].drop(columns="value").equals(mine.drop(columns="value").astype(str))
    differ = other["observations.csv"]["value"] != mine["value"]
    assert differ.mean() > 0.9


def test_every_unit_indicator_and_period_of_seven_years_is_there_but_one(
    cumulative: pd.DataFrame, frequencies: dict[str, Frequency]
) -> None:
    units = _read("units.csv")["unit"]
    wanted = {
        (u, i, label)
        for u, (i, f), year in itertools.product(units, frequencies.items(), YEARS)
        for label in f.labels(year)
    }
    have = set(zip(cumulative["unit"], cumulative["indicator"], cumulative["period"], strict=True))
    assert have - wanted == set()
    assert wanted - have == {("city", "retail_above", "2019-07")}
    assert len(frequencies) == 12


def test_parts_sum_to_their_whole_in_the_truth(levels: pd.DataFrame) -> None:
    values = levels.unstack("unit").swaplevel(axis=1)
    for whole, parts in (
        ("city", COUNTIES),
        ("province", ["city", "rest_of_province"]),
        ("nation", ["province", "rest_of_nation"]),
    ):
        total = sum(values[p] for p in parts)
        # six digits are kept of every level, so a sum of twelve may be off by a few units of the sixth
        np.testing.assert_allclose(total, values[whole], rtol=1e-5)
    assert (values["zone01"] < values["county01"]).all(axis=None)


def test_true_growth_on_file_is_that_of_the_levels(levels: pd.DataFrame, frequencies: dict[str, Frequency]) -> None:
    table = _read("truth/growth.csv")
    for row in table[table["unit"].isin(["city", "province", "county05"])].itertuples():
        month = frequencies[row.indicator].months[-1]
        want = _true_growth(levels, row.unit, row.indicator, row.year, month)
        # levels keep six digits: 100 * sqrt(2) * 5e-6, and three decimals of growth
        assert row.growth_pct == pytest.approx(want, abs=2e-3)


def test_published_growth_is_the_true_one_with_rounding_and_revision_noise(
    levels: pd.DataFrame, cumulative: pd.DataFrame, frequencies: dict[str, Frequency]
) -> None:
    sd = _read("indicators.csv").set_index("indicator")["revision_sd_pp"]
    sums = levels.cumsum(axis=1).stack()
    keys = [
        (u, i, int(p[:4]), f"m{p[5:]}")
        for u, i, p in zip(cumulative["unit"], cumulative["indicator"], cumulative["period"], strict=True)
    ]
    before = [(u, i, y - 1, m) for u, i, y, m in keys]
    true = 100 * (sums.loc[keys].to_numpy() / sums.loc[before].to_numpy() - 1)
    error = cumulative["value"].to_numpy() - true
    for indicator in frequencies:
        e = error[(cumulative["indicator"] == indicator).to_numpy()]
        expected = np.sqrt(float(sd[indicator]) ** 2 + 0.1**2 / 12)
        # rms of n normal errors has relative standard error 1 / sqrt(2 n); the mean has sd / sqrt(n)
        assert np.sqrt((e**2).mean()) == pytest.approx(expected, rel=4 / np.sqrt(2 * len(e)))
        assert abs(e.mean()) < 4 * expected / np.sqrt(len(e))


def test_cumulative_growth_has_one_decimal_and_no_negative_zero() -> None:
    text = _read("observations.csv").query("measure == 'cum_yoy_pct'")["value"]
    assert text.str.fullmatch(r"-?\d+\.\d").all()
    assert "-0.0" not in set(text)


def test_levels_of_two_years_do_not_reproduce_published_growth(observations: pd.DataFrame) -> None:
    table = observations.pivot_table(index=["unit", "indicator", "period"], columns="measure", values="value")
    ends = table.loc[table.index.get_level_values("period").str.endswith("-12"), ["level_cum", "cum_yoy_pct"]].dropna()
    ratio = 100 * ends.groupby(level=["unit", "indicator"])["level_cum"].pct_change()
    difference = (ratio - ends["cum_yoy_pct"]).dropna()
    assert len(difference) == 3 * 4 * 6
    assert 1.0 < difference.std() < 4.0


def test_the_revision_comes_later_with_another_value(observations: pd.DataFrame) -> None:
    keys = ["unit", "indicator", "period", "measure"]
    twice = observations[observations.duplicated(keys, keep=False)].sort_values("released")
    assert len(twice) == 2
    assert tuple(twice.iloc[0][keys]) == ("city", "fai", "2020-05", "cum_yoy_pct")
    assert list(twice["released"]) == ["2020-06-18", "2020-08-26"]
    assert twice["value"].diff().iloc[1] == pytest.approx(-0.9)


def test_as_of_shows_the_vintage_of_its_day_and_nothing_later() -> None:
    panel = read_dataset(FOLDER).panel

    def fai(day: str) -> float:
        rows = known(panel, AsOf.parse(day))
        found = rows.query("unit == 'city' and indicator == 'fai' and measure == 'cum_yoy_pct'")
        return float(found[found["period"].astype(str) == "2020-05"]["value"].iloc[0])

    assert fai("2020-08-25") - fai("2020-08-26") == pytest.approx(0.9)
    seen = known(panel, AsOf.parse("2020-08"))
    assert max(seen["period"].astype(str)) == "2020-08"
    quarterly = seen[seen["indicator"] == "gdp"]
    assert max(quarterly["period"].astype(str)) == "2020-06"


def test_release_days_are_the_fifteenth_to_the_twentieth_of_the_next_month(observations: pd.DataFrame) -> None:
    first = observations.drop_duplicates(["unit", "indicator", "period", "measure"])
    period, released = pd.PeriodIndex(first["period"], freq="M"), pd.to_datetime(first["released"])
    assert ((released.dt.to_period("M").to_numpy()) == (period + 1).to_numpy()).all()
    assert released.dt.day.between(15, 20).all()


def test_the_turning_county_turns_from_growth_to_fall_within_the_target_year(
    levels: pd.DataFrame, cumulative: pd.DataFrame
) -> None:
    for indicator, before, after in (("fai", 4.0, -5.0), ("ind_va", 3.0, -4.0)):
        assert _true_growth(levels, "county05", indicator, 2020, 5) == pytest.approx(before, abs=2e-3)
        assert _true_growth(levels, "county05", indicator, 2020, 8) == pytest.approx(after, abs=2e-3)
        rows = cumulative.query(f"unit == 'county05' and indicator == '{indicator}'").set_index("period")["value"]
        assert rows["2020-05"] > 0 > rows["2020-08"]


def test_true_gaps_to_date_are_those_of_the_one_table(builder: ModuleType, levels: pd.DataFrame) -> None:
    frequencies = _read("indicators.csv").set_index("indicator")["frequency"]
    for indicator, gap in builder.AUGUST_GAPS_PP.items():
        month = 6 if frequencies[indicator] == "quarterly" else 8
        city, province = (_true_growth(levels, u, indicator, 2020, month) for u in ("city", "province"))
        assert city - province == pytest.approx(gap, abs=5e-3)


def test_the_city_is_on_the_edge() -> None:
    p = _read("truth/outlook.csv")["p_reach_given_states"].sort_values().to_numpy()
    assert p[0] < 0.10
    assert p[-1] > 0.90
    assert ((p > 0.15) & (p < 0.85)).sum() >= 6
    assert np.diff(p).max() < 0.25


def test_smaller_places_move_more() -> None:
    growth = _read("truth/growth.csv").pivot_table(index=["indicator", "year"], columns="unit", values="growth_pct")

    def spread(units: list[str], parent: str) -> float:
        gaps = growth[units].sub(growth[parent], axis=0).loc["ind_va"]
        return float(np.sqrt((gaps**2).to_numpy().mean()))

    assert 1.0 < spread(["province"], "nation") < spread(["city"], "province") < spread(COUNTIES, "city") < 8.0


def test_everything_is_flagged_synthetic() -> None:
    assert read_dataset(FOLDER).config.synthetic is True
    for path in FOLDER.glob("*.csv"):
        table = _read(path.name)
        column = "row_status" if "row_status" in table else "status"
        assert set(table[column]) == {"synthetic"}, path.name


def test_no_real_place_is_named() -> None:
    for path in FOLDER.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert [place for place in REAL_PLACES if place in text] == [], path.name
    names = _read("units.csv")["name_zh"]
    assert names.str.startswith("示例").all()


def test_files_are_utf8_without_bom_with_plain_line_ends_and_small() -> None:
    for path in FOLDER.rglob("*.csv"):
        content = path.read_bytes()
        content.decode("utf-8", errors="strict")
        assert not content.startswith(b"\xef\xbb\xbf")
        assert b"\r" not in content
        assert content.endswith(b"\n")
    assert (FOLDER / "observations.csv").stat().st_size < 2.5e6


def test_ledgers_are_in_scale_with_the_city() -> None:
    bases = _read("bases.csv").set_index(["unit", "indicator"])["base_level_yi"]
    enterprises, projects = _read("enterprises.csv"), _read("projects.csv")
    output = enterprises.groupby("status")["base_output_yi"].sum() / (bases["city", "ind_va"] / 0.28)
    assert output.sum() == pytest.approx(0.65, abs=1e-4)
    assert output["halted"] == pytest.approx(0.032, abs=1e-4)
    assert dict(enterprises["status"].value_counts()) == {
        "normal": 80,
        "reduced": 26,
        "halted": 22,
        "half_halted": 14,
        "seasonal": 8,
    }
    assert projects["plan_year_invest_wan"].sum() / 1e4 / bases["city", "fai"] == pytest.approx(0.62, abs=1e-4)
    spent = projects[[c for c in projects if c.endswith("_wan") and c != "plan_year_invest_wan"]].sum(axis=1)
    # five amounts rounded to 1 万元
    assert (spent - projects["plan_year_invest_wan"]).abs().max() <= 3


def test_ledger_sizes_are_skewed_and_cover_all_counties_and_sectors() -> None:
    size = {
        "projects": "plan_year_invest_wan",
        "enterprises": "base_output_yi",
        "pipeline": "expected_monthly_output_wan",
    }
    kind = {"projects": "sector", "enterprises": "industry", "pipeline": "sector"}
    for name, column in size.items():
        table = _read(f"{name}.csv")
        assert table[column].mean() > 1.2 * table[column].median()
        assert set(COUNTIES) <= set(table["county"])
        assert table[kind[name]].nunique() >= 5
        assert table["name_zh"].str.startswith("示例").all()
        assert table["resp_person"].str.fullmatch(r"责任人\d\d").all()
