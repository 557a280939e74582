"""The data set of Ankang 2020: facts as published, ledgers as invented, and nothing of the one in the other."""

from __future__ import annotations

import datetime as dt
import importlib
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.data.dataset import read_dataset
from forecast.periods import AsOf, Frequency, Month, last_day

DATA = Path(__file__).resolve().parent.parent / "data"
FOLDER = DATA / "ankang-2020"
sys.path.insert(0, str(DATA))
ankang = importlib.import_module("ankang_build")
ledgers = importlib.import_module("ankang_build.ledgers")

TABLES = (
    "units", "bases", "indicators", "observations", "targets", "industries", "projects", "enterprises", "pipeline",
)  # fmt: skip
LEDGERS = ("projects", "enterprises", "pipeline")
OTHER_SEEDS = (1, 2, 20)
COUNTIES = {
    "hanbin", "hanyin", "shiquan", "ningshan", "ziyang", "langao", "pingli", "zhenping", "xunyang", "baihe",
}  # fmt: skip
ZONES = {"gaoxin", "hengkou"}
WARNED = {"urban_inc", "gdp", "fdi", "ind_va", "fai", "culture_rev", "rural_inc"}


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / f"{name}.csv", dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def observations() -> pd.DataFrame:
    return read("observations")


def value(observations: pd.DataFrame, unit: str, indicator: str, period: str, measure: str = "cum_yoy_pct") -> float:
    keys = {"unit": unit, "indicator": indicator, "period": period, "measure": measure}
    rows = observations[np.logical_and.reduce([observations[name] == text for name, text in keys.items()])]
    assert len(rows) == 1, keys
    return float(rows["value"].iloc[0])


def seen(observations: pd.DataFrame, as_of: str) -> pd.DataFrame:
    state = AsOf.parse(as_of)
    mask = [
        state.sees(Month.parse(period), dt.date.fromisoformat(released))
        for period, released in zip(observations["period"], observations["released"], strict=True)
    ]
    return observations[mask]


@pytest.mark.parametrize("name", TABLES)
def test_the_script_reproduces_the_committed_file_byte_for_byte(name: str) -> None:
    assert (FOLDER / f"{name}.csv").read_bytes() == ankang.csv_text(ankang.frames()[name]).encode("utf-8")


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.csv")), ids=lambda path: path.name)
def test_files_are_utf8_with_plain_line_ends(path: Path) -> None:
    content = path.read_bytes()
    assert content.decode("utf-8").encode("utf-8") == content
    assert not content.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in content
    assert content.endswith(b"\n")


def test_the_reader_accepts_the_data_set_without_a_problem() -> None:
    dataset = read_dataset(FOLDER)
    assert (dataset.config.city, dataset.config.province, dataset.config.target_year) == ("ankang", "shaanxi", 2020)
    assert len(dataset.ledger.projects) == 260
    assert dataset.ledger.projects["plan_year_invest_yi"].sum() == pytest.approx(520.0, abs=1e-9)


# ---------------------------------------------------------------- facts


def test_first_half_of_2020_follows_from_the_note_of_hanbin(observations: pd.DataFrame) -> None:
    leads = {"ind_va": 6.6, "gdp": 5.0, "retail": 1.2}
    for indicator, lead in leads.items():
        derived = value(observations, "hanbin", indicator, "2020-06") - lead
        assert value(observations, "ankang", indicator, "2020-06") == pytest.approx(derived, abs=1e-9)
    rows = observations.query("unit == 'ankang' and period == '2020-06' and measure == 'cum_yoy_pct'")
    assert set(rows["status"]) == {"derived"}
    assert set(rows["released"]) == {"2020-07-28"}


@pytest.mark.parametrize(("period", "two_year", "year_2021"), [("2020-06", -8.7, 6.6), ("2020-03", -12.1, 9.8)])
def test_industry_of_2020_follows_from_two_year_averages(
    observations: pd.DataFrame, period: str, two_year: float, year_2021: float
) -> None:
    implied = 100 * ((1 + two_year / 100) ** 2 / (1 + year_2021 / 100) - 1)
    assert value(observations, "ankang", "ind_va", period) == pytest.approx(implied, abs=0.05)
    assert value(observations, "ankang", "ind_va", period.replace("2020", "2021")) == year_2021


def test_july_is_august_less_the_stated_change(observations: pd.DataFrame) -> None:
    for indicator, narrowed in {"fai": 2.0, "retail_above": 2.3, "fai1": -0.5}.items():
        august = value(observations, "ankang", indicator, "2020-08")
        assert value(observations, "ankang", indicator, "2020-07") == pytest.approx(august - narrowed, abs=1e-9)


@pytest.mark.parametrize(
    ("unit", "indicator", "period", "expected"),
    [
        ("shaanxi", "ind_va", "2020-12", 1.0),
        ("shaanxi", "fai", "2020-12", 4.1),
        ("shaanxi", "gdp", "2020-12", 2.2),
        ("shaanxi", "fai", "2020-03", -16.5),
        ("shaanxi", "fai", "2020-08", 3.0),
        ("shaanxi", "ind_va", "2020-07", 0.3),
        ("shaanxi", "ind_va", "2020-08", 0.8),
        ("shaanxi", "gdp", "2020-06", -0.3),
        ("shaanxi", "rural_inc", "2020-03", -1.1),
        ("china", "gdp", "2020-12", 2.3),
        ("china", "ind_va", "2020-08", 0.4),
        ("ankang", "gdp", "2018-12", 10.2),
        ("ankang", "fai", "2020-08", -13.6),
        ("ankang", "retail_above", "2020-08", -10.1),
        ("hanyin", "ind_va", "2020-06", -37.8),
        ("ziyang", "gdp", "2020-12", -9.8),
        ("hengkou", "fai", "2022-10", -5.0),
    ],
)
def test_published_figures_are_as_published(
    observations: pd.DataFrame, unit: str, indicator: str, period: str, expected: float
) -> None:
    assert value(observations, unit, indicator, period) == expected


def test_ordering_without_a_number_is_kept_as_sign_and_rank(observations: pd.DataFrame) -> None:
    signs = observations.query("measure == 'gap_sign'")
    assert set(signs.query("period == '2020-06'")["indicator"]) == WARNED
    assert set(signs["value"]) == {"-1"}
    assert value(observations, "ankang", "retail_above", "2020-08", "rank") == 2
    last = observations.query("measure == 'rank' and indicator == 'fai'").iloc[0]
    assert last["value"] == last["rank_of"]


def test_signs_agree_with_the_figures_where_both_are_known(observations: pd.DataFrame) -> None:
    for indicator in ("gdp", "ind_va"):
        city, province = (value(observations, unit, indicator, "2020-06") for unit in ("ankang", "shaanxi"))
        assert city < province


def test_every_observation_repeats_a_row_of_the_sources(observations: pd.DataFrame) -> None:
    facts = importlib.import_module("ankang_build.facts")
    published, added = facts.read_sources(FOLDER / "sources")
    region = {"全国": "china", "陕西": "shaanxi", "安康": "ankang", "汉阴": "hanyin", "宁陕": "ningshan"}
    region |= {"平利": "pingli", "旬阳": "xunyang", "紫阳": "ziyang"}
    keys = ["unit", "indicator", "period", "measure", "value"]
    first = published.rename(columns={"unit": "_in"}).assign(unit=published["region"].map(region))
    indicators = set(read("indicators")["indicator"])
    wanted = first[first["indicator"].isin(indicators)]
    wanted = wanted[~wanted["measure"].str.startswith("level") | (wanted["_in"] == "亿元")]
    expected = sorted(
        [*wanted[keys].itertuples(index=False, name=None), *added[keys].itertuples(index=False, name=None)]
    )
    assert sorted(observations[keys].itertuples(index=False, name=None)) == expected


def test_no_growth_of_a_real_place_is_synthetic(observations: pd.DataFrame) -> None:
    assert set(observations["status"]) == {"published", "derived"}
    assert observations["source"].str.len().min() > 5
    assert observations["quote"].str.len().min() > 1
    assert not observations["source"].str.contains("示例").any()


def test_no_figure_is_there_twice(observations: pd.DataFrame) -> None:
    assert not observations.duplicated(["unit", "indicator", "period", "measure", "released"]).any()


def test_periods_fit_the_frequency_of_their_indicator(observations: pd.DataFrame) -> None:
    months = {row["indicator"]: Frequency(row["frequency"]).months for row in read("indicators").to_dict("records")}
    for row in observations.to_dict("records"):
        assert int(row["period"][5:]) in months[row["indicator"]], row


# ---------------------------------------------------------------- what is known when


def test_release_days_follow_their_period_and_carry_their_basis(observations: pd.DataFrame) -> None:
    for row in observations.to_dict("records"):
        end, released = last_day(Month.parse(row["period"])), dt.date.fromisoformat(row["released"])
        assert 14 <= (released - end).days <= 58, row
    assert observations["release_basis"].str.len().min() > 3


def test_a_derived_figure_is_known_from_the_usual_day_of_its_own_period(observations: pd.DataFrame) -> None:
    derived = observations[observations["status"] == "derived"]
    following = [str(Month.parse(period).plus(1)) for period in derived["period"]]
    assert list(derived["released"].str[:7]) == following


def test_as_of_august_sees_the_speech_and_nothing_later(observations: pd.DataFrame) -> None:
    known = seen(observations, "2020-08")
    assert known["period"].max() == "2020-08"
    assert known["released"].max() <= "2020-09-30"
    for unit, indicator, period in [
        ("ankang", "gdp", "2020-06"), ("ankang", "ind_va", "2020-06"), ("ankang", "retail", "2020-06"),
        ("ankang", "fai", "2020-08"), ("ankang", "retail_above", "2020-08"), ("shaanxi", "fai", "2020-08"),
        ("shaanxi", "ind_va", "2020-08"), ("china", "ind_va", "2020-08"), ("china", "fai", "2020-08"),
    ]:  # fmt: skip
        value(known, unit, indicator, period)
    assert {"rank", "gap_sign"} <= set(known["measure"])
    outcomes = observations.query("unit == 'shaanxi' and period == '2020-12' and measure == 'cum_yoy_pct'")
    assert len(outcomes) >= 5
    assert not set(outcomes.index) & set(known.index)


def test_before_the_speech_its_figures_are_unknown(observations: pd.DataFrame) -> None:
    speech = observations["source"].str.startswith("speech") & (observations["period"] == "2020-08")
    for as_of in ("2020-07", "2020-09-27"):
        assert not set(observations[speech].index) & set(seen(observations, as_of).index)
    july = seen(observations, "2020-07")
    assert value(july, "ankang", "fai", "2020-07") == -15.6


def test_base_weights_use_nothing_released_after_august() -> None:
    facts = importlib.import_module("ankang_build.facts")
    tables = importlib.import_module("ankang_build.tables")
    published, _ = facts.read_sources(FOLDER / "sources")
    poisoned = published.copy()
    later = poisoned["period"] > "2020-08"
    assert later.sum() > 300
    poisoned.loc[later, "value"] = "999999"
    pd.testing.assert_frame_equal(tables.indicators(poisoned), tables.indicators(published))


# ---------------------------------------------------------------- tables of decisions


def test_units_form_one_tree_and_a_zone_is_counted_within_a_county() -> None:
    units = read("units").set_index("unit")
    assert list(units.index[:3]) == ["china", "shaanxi", "ankang"]
    assert set(units.index[units["level"] == "county"]) == COUNTIES
    assert set(units.index[units["level"] == "zone"]) == ZONES
    assert set(units.loc[sorted(COUNTIES | ZONES), "parent"]) == {"ankang"}
    assert set(units.loc[sorted(ZONES), "counted_within"]) == {"hanbin"}
    assert set(units.loc[sorted(ZONES), "status"]) == {"assumed"}


def test_base_weights_sum_to_one() -> None:
    for row in read("indicators").to_dict("records"):
        weights = [float(text) for text in row["profile"].split(";") if text]
        if weights:
            assert len(weights) == (12 if row["frequency"] == "monthly" else 4)
            assert sum(weights) == pytest.approx(1.0, abs=1e-9)
            assert min(weights) > 0.02


def test_shares_of_counties_sum_to_one_without_the_zones() -> None:
    bases = read("bases")
    inside = bases[bases["unit"].isin(COUNTIES)].assign(share=lambda frame: frame["share_of_parent"].astype(float))
    sums = inside.groupby("indicator")["share"].agg(["sum", "size"])
    assert set(sums["size"]) == {10}
    np.testing.assert_allclose(sums["sum"], 1.0, atol=1e-9)
    assert set(bases["status"]) <= {"published", "estimated"}
    assert (bases["sd_pct"].astype(float) > 0).all()
    assert bases.loc[bases["status"] == "estimated", "source"].str.startswith("估计").all()


def test_shares_of_industries_sum_to_one_in_every_quarter_and_give_the_year_back() -> None:
    industries = read("industries").set_index("industry")
    quarters = industries[[f"share_q{k}" for k in (1, 2, 3, 4)]].astype(float).to_numpy()
    np.testing.assert_allclose(quarters.sum(axis=0), 1.0, atol=1e-9)
    weight = [float(text) for text in read("indicators").set_index("indicator").loc["gdp", "profile"].split(";")]
    year = pd.Series(quarters @ np.array(weight), index=industries.index)
    assert year["industry"] == pytest.approx(0.30, abs=5e-4)
    assert year["construction"] == pytest.approx(0.13, abs=5e-4)
    assert set(industries["driver"]) <= set(read("indicators")["indicator"])


def test_targets_hold_the_warned_indicators_against_the_average_and_the_plan_as_issued() -> None:
    targets = read("targets")
    average = targets[targets["kind"] == "province_average"].set_index("indicator")
    assert set(average.index[average["source"].str.startswith("speech")]) == WARNED
    assert (average.loc[sorted(WARNED), "assessed"] == "1").all()
    plan = targets[targets["kind"] == "plan"].set_index("indicator")["value"].astype(float).to_dict()
    assert plan == {
        "gdp": 3, "ind_va": 5, "fai": 1, "retail": 3.5, "urban_inc": 3, "rural_inc": 4, "fiscal_rev": 5,
    }  # fmt: skip
    assert (targets["tolerance_pp"].astype(float) > 0).all()
    assert "retail_above" in set(targets.loc[targets["kind"] == "positive_growth", "indicator"])


# ---------------------------------------------------------------- ledgers


@pytest.fixture(scope="module", params=(ankang.SEED, *OTHER_SEEDS))
def ledger(request: pytest.FixtureRequest) -> dict[str, pd.DataFrame]:
    return ledgers.generate(request.param)


def gini(sizes: np.ndarray) -> float:
    """Mean absolute difference over twice the mean, by brute force."""
    return float(np.abs(sizes[:, None] - sizes[None, :]).mean() / (2 * sizes.mean()))


def test_projects_add_up_to_the_plan_of_the_year(ledger: dict[str, pd.DataFrame]) -> None:
    projects = ledger["projects"]
    plan = projects["plan_year_invest_wan"].astype(int)
    by_nature = plan.groupby(projects["nature"]).agg(["size", "sum"]).to_dict("index")
    assert by_nature == {"continued": {"size": 132, "sum": 3_650_000}, "new": {"size": 128, "sum": 1_550_000}}
    assert plan.sum() == 5_200_000
    assert (projects["total_invest_yi"].astype(float) * 1e4 >= plan - 50).all()


def test_progress_is_that_of_august_and_the_rest_of_the_year_fits(ledger: dict[str, pd.DataFrame]) -> None:
    projects = ledger["projects"]
    plan, ytd = (projects[f"{name}_invest_wan"].astype(int) for name in ("plan_year", "ytd"))
    months = sum(projects[f"plan_m{month:02d}_wan"].astype(int) for month in (9, 10, 11, 12))
    assert (ytd + months == plan).all()
    done = ytd.groupby(projects["nature"]).sum() / plan.groupby(projects["nature"]).sum()
    assert 0.64 <= ytd.sum() / plan.sum() <= 0.75
    assert 0.08 <= done["continued"] - done["new"] <= 0.13
    assert (ytd[projects["started"] == "0"] == 0).all()
    assert (projects.loc[projects["started"] == "0", "in_stat_library"] == "0").all()


def test_three_special_bond_projects_have_not_started(ledger: dict[str, pd.DataFrame]) -> None:
    projects = ledger["projects"]
    waiting = projects[(projects["started"] == "0") & (projects["fund_source"] == "专项债券")]
    assert len(waiting) == 3
    assert set(projects["fund_source"]) == {"中央预算内", "专项债券", "抗疫特别国债", "自筹", "银行贷款"}
    assert {"用地", "资金", "手续"} <= set(projects["blocker"])


@pytest.mark.parametrize(
    ("status", "count", "pull"), [("halted", 99, -9.6), ("half_halted", 44, -4.4), ("reduced", 68, -2.2)]
)
def test_groups_of_enterprises_pull_output_down_as_published(
    ledger: dict[str, pd.DataFrame], status: str, count: int, pull: float
) -> None:
    group = ledger["enterprises"].query("status == @status")
    base, growth = group["base_output_yi"].astype(float), group["ytd_growth_pct"].astype(float)
    assert len(group) == count
    assert (base * growth).sum() / 1886.99 == pytest.approx(pull, abs=1e-4)
    assert (base > 0).all()
    assert growth.between(-100, -5).all()


def test_pipeline_holds_the_new_units_and_both_channels(ledger: dict[str, pd.DataFrame]) -> None:
    pipeline = ledger["pipeline"]
    assert (pipeline["status"] == "entered").sum() == 132
    waiting = pipeline[pipeline["status"] == "preparing"]
    monthly = waiting[waiting["channel"] == "monthly"]
    assert set(monthly["first_report_month"]) == {"2020-11", "2020-12"}
    assert set(waiting.loc[waiting["channel"] == "annual", "first_report_month"]) == {"2021-02"}
    assert (pipeline["filing_deadline"].str[:7] < pipeline["first_report_month"]).all()
    assert pipeline["exit_risk"].astype(float).between(0, 1).all()


@pytest.mark.parametrize(
    ("table", "column", "least_distinct"),
    [
        ("projects", "plan_year_invest_wan", 200),
        ("enterprises", "base_output_yi", 225),
        ("pipeline", "expected_monthly_output_wan", 100),
    ],
)
def test_sizes_are_skewed(ledger: dict[str, pd.DataFrame], table: str, column: str, least_distinct: int) -> None:
    sizes = ledger[table][column].astype(float).to_numpy()
    assert len(np.unique(sizes)) >= least_distinct
    assert gini(sizes) > 0.35
    assert sizes.mean() > 1.2 * np.median(sizes)
    assert sizes.max() > 5 * np.median(sizes)


def test_another_seed_is_another_ledger_and_not_a_scaled_one() -> None:
    first, second = (ledgers.generate(seed) for seed in (ankang.SEED, 1))
    for table, column in [("projects", "plan_year_invest_wan"), ("enterprises", "base_output_yi")]:
        a, b = (np.sort(frame[table][column].astype(float).to_numpy()) for frame in (first, second))
        assert np.ptp(np.log(a / b)) > 0.2
    projects = first["projects"].assign(plan=first["projects"]["plan_year_invest_wan"].astype(float))
    continued, new = (
        np.sort(projects.loc[projects["nature"] == nature, "plan"].to_numpy())[:100] for nature in ("continued", "new")
    )
    assert np.ptp(np.log(continued / new)) > 0.2


def test_the_same_seed_is_the_same_ledger() -> None:
    for name, frame in ledgers.generate(7).items():
        pd.testing.assert_frame_equal(frame, ledgers.generate(7)[name])


def test_every_place_and_several_sectors_and_causes_are_there(ledger: dict[str, pd.DataFrame]) -> None:
    places = COUNTIES | ZONES
    assert set(ledger["projects"]["county"]) == places | {"shibenji", "kuaxianqu"}
    assert set(ledger["enterprises"]["county"]) == places
    assert places <= set(ledger["pipeline"]["county"])
    assert ledger["projects"]["sector"].nunique() >= 5
    assert ledger["enterprises"]["industry"].nunique() >= 5
    assert ledger["pipeline"]["sector"].nunique() >= 4
    assert len(set(ledger["enterprises"]["cause"]) - {""}) >= 6
    assert ledger["projects"]["team_zh"].nunique() == 5


@pytest.mark.parametrize("table", LEDGERS)
def test_every_row_of_a_ledger_says_that_it_is_synthetic(ledger: dict[str, pd.DataFrame], table: str) -> None:
    frame = ledger[table]
    assert set(frame["row_status"]) == {"synthetic"}
    assert set(frame["source"]) == {"示例台账"}
    assert frame["name_zh"].str.startswith("示例").all()
    assert frame["resp_unit"].str.startswith("示例").all()
    assert frame["resp_person"].str.match(r"责任人\d+$").all()
    assert frame.iloc[:, 0].is_unique
    assert frame["name_zh"].is_unique
