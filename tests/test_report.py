"""Tables and terminal: the fixed format, and that every printed number is the computed one."""

from __future__ import annotations

import csv
import dataclasses
import io
import re

import numpy as np
import pandas as pd
import pytest
from rich.cells import cell_len
from rich.console import Console

from forecast.answers.attainment import Attainment, attain
from forecast.data.target import TargetKind
from forecast.draws.dependence import Kind, estimated
from forecast.draws.paths import Paths
from forecast.report.files import write_csv
from forecast.report.terminal import render
from forecast.tables import words
from forecast.tables.attainment import attainment_frame
from forecast.tables.notes import notes
from forecast.tables.required import dependence_frame, joint_frame, paths_frame, required_frame
from forecast.tables.schema import RUN, WRITTEN, schema
from forecast.tables.table import Provenance
from forecast.texts import LANGS
from tests import handmade as hm

SOURCE = Provenance(run_id="r1", data_hash="d1", scenario_hash="s1", model_version="0.1.0", seed=7)
TRAIL = ["run_id", "data_hash", "scenario_hash", "model_version", "seed"]
QUANTILES = ["p05", "p10", "p25", "p50", "p75", "p90", "p95"]

ATTAINMENT = [
    "indicator",
    "name_zh",
    "unit",
    "benchmark",
    "as_of",
    "scenario",
    "ytd_growth_pct",
    "benchmark_ytd_growth_pct",
    "gap_pp",
    "forecast_growth_pct",
    "forecast_p10",
    "forecast_p90",
    "benchmark_forecast_pct",
    "benchmark_p10",
    "benchmark_p90",
    "target_kind",
    "target_value",
    "p_reach",
    "p_near",
    "p_mcse",
    "light",
    "required_growth_pct",
    "required_p10",
    "required_p90",
    "required_percentile",
    "expected_shortfall_pp",
    "evidence",
    "last_period",
    "benchmark_last_period",
    "method",
    "diagnostics",
    "synthetic_share",
    "year_gap_pp",
    "status",
    "criterion",
    "by_month",
]
PATHS = [
    *("indicator", "unit", "period", "status", "cum_yoy_pct_mean"),
    *(f"cum_yoy_pct_{q}" for q in QUANTILES),
    "month_yoy_pct_mean",
    *(f"month_yoy_pct_{q}" for q in QUANTILES),
]


def world() -> tuple[Paths, Attainment]:
    """Six indicators of the city: reached, near, far, thin, failed gate, nothing published."""
    rng = np.random.default_rng(20)
    province = {"gdp": 0.02, "ind_va": 0.01, "fai": 0.03, "retail": -0.02}
    city = {"gdp": -0.05, "ind_va": -0.15, "fai": 0.02, "retail": 0.05}
    observations = []
    for name in province:
        months = (3, 6) if hm.NAMES[name][1].per_year == 4 else range(2, 9)
        for year in (2018, 2019, 2020):
            observations += [
                hm.observation("shaanxi", name, f"{year}-{m:02d}", round(float(rng.normal(2, 1)), 1)) for m in months
            ]
    observations += [hm.observation("ankang", "fai", f"2020-{m:02d}", -20.0 + m) for m in range(2, 9)]
    observations += [
        hm.observation("ankang", "gdp", "2020-06", -12.2),
        hm.observation("ankang", "ind_va", "2020-06", -21.8),
    ]
    observations += [hm.observation("ankang", "retail", f"2020-{m:02d}", 4.0, status="synthetic") for m in (3, 6, 8)]
    observations += [hm.observation("shaanxi", "urban_inc", "2020-06", 2.0)]

    def one(name: str, **more):
        periods = hm.NAMES[name][1].per_year
        growth = {
            "shaanxi": hm.normal_growth(rng, province[name], 0.01, periods=periods),
            "ankang": hm.normal_growth(rng, city[name], 0.03, periods=periods),
        }
        return hm.indicator_paths(name, growth, **more)

    paths = hm.paths(
        one("gdp", published={"ankang": {1: -0.122}}),
        one("ind_va", published={"ankang": {4: -0.218}}, status="failed: effective draws 87 < 400"),
        one("fai", published={"ankang": {6: -0.12}, "shaanxi": {6: 0.03}}),
        one("retail", published={"ankang": {6: 0.04}}),
        seed=7,
    )
    names = tuple(paths.indicators)
    kinds = {(a, b): Kind.ACTIVITY for a in names for b in names}
    together = estimated({name: {} for name in names}, kinds, line=("china", "shaanxi", "ankang"))
    paths = dataclasses.replace(paths, dependence=together)
    targets = [hm.target(name) for name in (*province, "urban_inc", "culture_rev")]
    targets += [hm.target("fai", kind=TargetKind.PLAN, value=1.0), hm.target("fai", kind=TargetKind.RANK, value=3.0)]
    return paths, attain(paths, hm.panel(observations), targets, hm.config())


@pytest.fixture(scope="module")
def made() -> tuple[Paths, Attainment]:
    return world()


def frames(made) -> dict[str, pd.DataFrame]:
    paths, attainment = made
    return {
        "attainment": attainment_frame(attainment, SOURCE),
        "paths": paths_frame(paths, SOURCE),
        "joint": joint_frame(attainment, SOURCE),
        "dependence": dependence_frame(paths, SOURCE),
        "required": required_frame(attainment, SOURCE),
    }


def read(path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


# The format


def test_the_fixed_columns_are_those_of_the_design(made):
    got = frames(made)
    assert list(got["attainment"].columns) == ATTAINMENT + TRAIL
    assert list(got["paths"].columns) == PATHS + TRAIL


ELSEWHERE = {"ranks", "assessment", "horizons"}
"""Tables of a city among its siblings, held by ``test_league_tables``, and of coming months: ``test_interim``."""
OF_ANY_RUN = [name for name in WRITTEN[RUN] if name not in ELSEWHERE]


def test_every_table_has_its_schema_and_carries_its_provenance(made):
    found = frames(made)
    for table in OF_ANY_RUN:
        assert [c.name for c in schema(table)] == list(found[table].columns)
        assert set(found[table]["seed"]) == {7}
        assert set(found[table]["run_id"]) == {"r1"}
        assert list(found[table].columns)[-5:] == TRAIL


def test_an_unknown_table_is_an_error():
    with pytest.raises(KeyError, match="nonsense"):
        schema("nonsense")


@pytest.mark.parametrize("table", OF_ANY_RUN)
def test_files_are_utf8_with_a_mark_and_plain_line_ends(made, tmp_path, table):
    path = tmp_path / f"{table}.csv"
    write_csv(frames(made)[table], path, table=table)
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw
    assert raw.endswith(b"\n")
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert list(pd.read_csv(path).columns) == [c.name for c in schema(table)]
    again = tmp_path / "again.csv"
    write_csv(frames(world())[table], again, table=table)
    assert again.read_bytes() == raw


def test_growth_has_two_decimals_and_more_where_two_would_round_to_another_digit(made, tmp_path):
    """-13.247 is -13.2 for people; -13.25 would be read as -13.3."""
    path = tmp_path / "attainment.csv"
    write_csv(frames(made)["attainment"], path, table="attainment")
    for row in read(path):
        for column in schema("attainment"):
            text = row[column.name]
            if text and column.kind.unit in {"%", "pp"}:
                assert re.fullmatch(r"-?\d+\.\d\d+", text)
                assert text != "-0.00"
            if text and column.kind.unit == "probability":
                assert re.fullmatch(r"0\.\d{4}", text)
                assert 0 < float(text) < 1


@pytest.mark.parametrize(
    ("exact", "text"),
    [(-13.247, "-13.247"), (-4.9496, "-4.9496"), (-13.25, "-13.25"), (1.234, "1.23"), (0.0449, "0.04")],
)
def test_the_digits_of_a_file_round_to_what_people_read(made, tmp_path, exact, text):
    frame = frames(made)["attainment"]
    frame["forecast_growth_pct"] = exact
    write_csv(frame, tmp_path / "a.csv", table="attainment")
    written = read(tmp_path / "a.csv")[0]["forecast_growth_pct"]
    assert written == text
    assert words.rounded(float(written), 0.1) == words.rounded(exact, 0.1)


def test_a_probability_of_many_draws_is_not_rounded_to_zero_or_one(made, tmp_path):
    frame = frames(made)["attainment"]
    frame["p_reach"] = 1e-7
    frame["p_near"] = 1 - 1e-7
    frame["gap_pp"] = -0.0001
    write_csv(frame, tmp_path / "a.csv", table="attainment")
    row = read(tmp_path / "a.csv")[0]
    assert (row["p_reach"], row["p_near"], row["gap_pp"]) == ("0.0001", "0.9999", "0.00")


def test_what_does_not_exist_is_blank_and_not_zero(made, tmp_path):
    path = tmp_path / "attainment.csv"
    write_csv(frames(made)["attainment"], path, table="attainment")
    rows = {(r["indicator"], r["target_kind"]): r for r in read(path)}
    nothing = rows["culture_rev", "province_average"]
    for name in ("p_reach", "p_near", "p_mcse", "light", "ytd_growth_pct", "synthetic_share", "required_growth_pct"):
        assert nothing[name] == ""
    assert nothing["evidence"] == "insufficient"
    assert rows["fai", "plan"]["benchmark"] == ""
    assert rows["fai", "plan"]["target_value"] == "1.00"
    assert rows["fai", "province_average"]["target_value"] == ""
    assert rows["fai", "province_average"]["synthetic_share"] == "0.0000"
    assert rows["ind_va", "province_average"]["diagnostics"] == "failed: effective draws 87 < 400"
    assert rows["ind_va", "province_average"]["last_period"] == "2020-06"
    assert rows["ind_va", "province_average"]["benchmark_last_period"] == "2020-08"


def test_columns_of_another_table_are_refused(made, tmp_path):
    with pytest.raises(ValueError, match="columns of paths"):
        write_csv(frames(made)["attainment"], tmp_path / "x.csv", table="paths")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_what_was_there(made, tmp_path, monkeypatch):
    path = tmp_path / "joint.csv"
    path.write_text("old")

    def full(_):
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="disk full"):
        write_csv(frames(made)["joint"], path, table="joint")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["joint.csv"]


# The numbers


def test_paths_cover_published_and_open_periods_with_quantiles_of_draws(made):
    paths, _ = made
    frame = paths_frame(paths, SOURCE)
    assert len(frame) == sum(p.cum_yoy.sizes["unit"] * p.cum_yoy.sizes["period"] for p in paths.indicators.values())
    fai = paths.indicators["fai"]
    for period in ("2020-08", "2020-12"):
        row = frame[(frame.indicator == "fai") & (frame.unit == "ankang") & (frame.period == period)].iloc[0]
        draws = 100 * fai.cum_yoy.sel(unit="ankang", period=period).to_numpy()
        single = sorted(100 * fai.growth.sel(unit="ankang", period=period).to_numpy())
        assert row["status"] == ("published" if period == "2020-08" else "forecast")
        assert row["cum_yoy_pct_mean"] == pytest.approx(draws.mean())
        assert row["cum_yoy_pct_p10"] == pytest.approx(np.percentile(draws, 10))
        assert row["month_yoy_pct_p50"] == pytest.approx((single[199] + single[200]) / 2)
    published = frame[frame.status == "published"]
    assert set(zip(published.indicator, published.unit, published.period, strict=True)) == {
        ("gdp", "ankang", "2020-06"),
        ("ind_va", "ankang", "2020-06"),
        ("fai", "ankang", "2020-08"),
        ("fai", "shaanxi", "2020-08"),
        ("retail", "ankang", "2020-08"),
    }
    spread = published["cum_yoy_pct_p95"] - published["cum_yoy_pct_p05"]
    assert np.all(np.abs(spread) < 1e-9)
    ordered = frame[[f"cum_yoy_pct_{q}" for q in QUANTILES]].to_numpy()
    assert np.all(np.diff(ordered, axis=1) >= -1e-9)


def test_year_end_of_paths_and_of_attainment_agree(made):
    paths, attainment = made
    year_end = paths_frame(paths, SOURCE).query("unit == 'ankang' and period == '2020-12'").set_index("indicator")
    table = attainment_frame(attainment, SOURCE).query("target_kind == 'province_average'").set_index("indicator")
    for name in paths.indicators:
        assert table.loc[name, "forecast_growth_pct"] == pytest.approx(year_end.loc[name, "cum_yoy_pct_p50"])
        assert table.loc[name, "forecast_p90"] == pytest.approx(year_end.loc[name, "cum_yoy_pct_p90"])


def test_joint_table_has_a_row_for_every_number(made):
    _, attainment = made
    frame = joint_frame(attainment, SOURCE)
    near = frame[frame.criterion == "near"]
    assert list(near["k"]) == [1, 2, 3, 4]
    assert list(near["p_at_least_k"]) == list(attainment.near.at_least[1:])
    assert set(near["judged"]) == {4}
    assert set(near["assessed"]) == {6}
    assert set(near["indicators"]) == {"gdp ind_va fai retail"}


def test_joint_table_has_what_the_correlations_leave_open(made):
    _, attainment = made
    frame = joint_frame(attainment, SOURCE)
    near = frame[frame.criterion == "near"]
    assert list(near["p_at_least_k_weak"]) == list(attainment.near.at_least_weak[1:])
    assert list(near["p_at_least_k_strong"]) == list(attainment.near.at_least_strong[1:])
    low, high = attainment.near.p_all_range
    assert low <= attainment.near.p_all <= high


def test_dependence_table_has_every_pair_with_draws_at_every_level(made):
    paths, _ = made
    frame = dependence_frame(paths, SOURCE)
    assert set(frame["level"]) <= {"nation", "province", "city"}
    one = frame[(frame.level == "nation") & (frame.indicator == "gdp") & (frame.indicator_other == "fai")]
    assert one["prior_correlation"].tolist() == [0.35]
    assert one["correlation"].tolist() == [pytest.approx(0.35)]
    assert (frame["correlation_p10"] < frame["correlation"]).all()
    assert frame["history_correlation"].isna().all()


@pytest.mark.parametrize("lang", LANGS)
def test_the_joint_sentence_says_how_p_all_moves_with_the_correlations(made, lang):
    _, attainment = made
    said = words.probability_range(*attainment.near.p_all_range, lang, evidence=attainment.near.evidence)
    text = "".join(notes(attainment, lang))
    assert (f"可能为{said}" if lang == "zh" else f"with {said}") in text


def test_joint_table_without_a_judged_indicator_has_no_probability():
    nothing = attain(hm.paths(), hm.panel([]), [hm.target("fai")], hm.config())
    frame = joint_frame(nothing, SOURCE)
    assert len(frame) == 2
    assert frame[["k", "p_at_least_k", "expected_number"]].isna().all().all()


def test_required_table_keeps_both_spans_apart(made):
    _, attainment = made
    frame = required_frame(attainment, SOURCE)
    fai = frame[(frame.indicator == "fai") & (frame.target_kind == "province_average")].set_index("required_over")
    assert (fai.loc["actionable", "periods"], fai.loc["open", "periods"]) == (3, 4)
    assert (fai.loc["actionable", "first_period"], fai.loc["open", "first_period"]) == ("2020-10", "2020-09")
    assert fai.loc["actionable", "history"] == "province"
    assert fai.loc["actionable", "history_spans"] >= 8
    rank = frame[frame.target_kind == "rank"].iloc[0]
    assert (rank.row_status, rank.required_status) == ("rank_without_siblings", "not_judged")


# The terminal


def printed(attainment: Attainment, lang: str, width: int) -> str:
    console = Console(width=width, file=io.StringIO(), force_terminal=False, legacy_windows=False)
    console.print(render(attainment, lang=lang, files=("out/attainment.csv",)))
    return console.file.getvalue()


def cells(text: str) -> str:
    """Text without layout, so that a cell broken over lines can still be found."""
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_no_line_is_wider_than_the_screen_and_no_number_is_broken(made, lang, width):
    text = printed(made[1], lang, width)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    for row in made[1].rows:
        if row.p_reach is not None:
            assert words.interval(row.forecast.p10_pct, row.forecast.p90_pct, lang) in text
            assert words.growth(row.forecast.median_pct, lang) in text
            assert words.probability(row.p_reach, lang, evidence=row.evidence) in text
    heads_and_rule = {"zh": ("年终", 4), "en": ("ahead", 3)}[lang]
    assert text.count(heads_and_rule[0]) == heads_and_rule[1]


def test_chinese_table_says_what_a_leader_needs(made):
    text = printed(made[1], "zh", 120)
    flat = cells(text)
    assert "安康市2020年主要指标年终预判（截至8月）" in flat
    assert "截至8月，6项考核指标中4项可研判，预计" in flat
    assert "规上文化企业营业收入：资料不足，暂不研判；请补充安康市、陕西省1—6月规上文化企业营业收入累计增速" in flat
    assert "城镇居民人均可支配收入：资料不足，暂不研判；请补充安康市1—6月" in flat
    assert "（资料有限）" in flat
    assert "截至6月" in flat
    assert "未公布" in flat
    assert "诊断未通过：规模以上工业增加值；" in flat
    assert "最难：" in flat
    assert "80%及以上为绿" in flat
    assert "所用观测含合成数据：社会消费品零售总额" in flat
    assert "结果文件：out/attainment.csv" in flat
    for forbidden in ("必然", "无望", " 0%", " 100%", "nan", "None"):
        assert forbidden not in text


def test_english_table_has_no_chinese_texts_of_the_program(made):
    text = printed(made[1], "en", 120)
    assert "Ankang 2020" in text
    assert not re.search(r"[\u4e00-\u9fff]", text)


def test_a_row_without_evidence_has_no_light_and_no_probability(made):
    row = next(r for r in made[1].rows if r.target.indicator == "urban_inc")
    line = next(x for x in printed(made[1], "zh", 120).splitlines() if x.startswith("城镇居民人均可支配收入 "))
    assert row.p_reach is None
    assert "%" not in line.replace(words.growth(row.benchmark_ytd.growth_pct, "zh"), "")
    assert not re.search("[绿黄红]", line)


def test_a_synthetic_data_set_says_so():
    nothing = attain(hm.paths(), hm.panel([]), [hm.target("fai")], hm.config(synthetic=True))
    text = cells(printed(nothing, "zh", 120))
    assert "本数据集为合成示例，仅供演示，不得用于上报决策。" in text
    assert "1项考核指标均资料不足，暂不研判。" in text


def test_names_with_brackets_are_printed_and_not_read_as_markup():
    panel = hm.panel([])
    odd_name = dataclasses.replace(panel.indicators["fai"], name_zh="[red]投资")
    odd = dataclasses.replace(panel, indicators={**panel.indicators, "fai": odd_name})
    found = attain(hm.paths(), odd, [hm.target("fai")], hm.config())
    assert "[red]投资" in printed(found, "zh", 120)
