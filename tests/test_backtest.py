"""Replays of past months: nothing later enters, digits repeat, and the tables say what the records say."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from forecast.answers.evidence import Evidence
from forecast.cli import app
from forecast.data.dataset import read_dataset
from forecast.errors import UsageError
from forecast.executor import InProcess, LocalProcesses
from forecast.periods import AsOf, Month
from forecast.report.files import write_backtest
from forecast.report.terminal import page
from forecast.tables.kind import Kind
from forecast.tables.table import Surface, View
from forecast.tables.track import FORECASTER, ScoreRow, Track, scores_table
from forecast.track_record.backtest import BacktestRequest, backtest, replayed_years
from forecast.track_record.replay import Pair, outcomes, pairs, replay
from forecast.track_record.replay import ReplayTask as Task
from tests import handmade as hm
from tests.small_dataset import FILES, write_dataset
from tests.test_workbook import save

YEARS = range(2015, 2020)


def growth(seed: int = 4) -> list[dict[str, object]]:
    """Quarterly growth of nation, province, city and a county, five years."""
    rng = np.random.default_rng(seed)
    rows = []
    for unit, level, spread in (("china", 6, 0.2), ("shaanxi", 7, 0.5), ("ankang", 8, 1.5), ("hanbin", 8, 2.5)):
        for year in YEARS:
            start = level + spread * rng.standard_normal()
            steps = np.cumsum(0.3 * spread * rng.standard_normal(4))
            rows += [
                hm.observation(unit, "gdp", f"{year}-{m:02d}", round(float(start + s), 1))
                for m, s in zip((3, 6, 9, 12), steps, strict=True)
            ]
    return rows


def task(observations=None, *, month: str = "2019-06", forecasters=("pace", "persistence")) -> Task:
    panel = hm.panel(observations or growth())
    indicator = panel.indicators["gdp"]
    ends = outcomes(panel, indicator, 2019)
    return Task(
        panel=panel,
        indicator="gdp",
        month=Month.parse(month),
        pairs=pairs(panel.units, ends, {"ankang": 1.0}),
        evidence=hm.config().evidence,
        method="fast",
        seed=1,
        draws=250,
        forecasters=forecasters,
    )


@pytest.fixture(scope="module")
def june():
    return replay(task())


def test_places_are_held_against_their_province_and_the_province_against_the_nation():
    found = {pair.unit: (pair.benchmark, pair.level, pair.tolerance_pp) for pair in task().pairs}
    assert found == {
        "shaanxi": ("china", "province", 2.0),
        "ankang": ("shaanxi", "city", 1.0),
        "hanbin": ("shaanxi", "county", 2.0),
    }


def test_the_outcome_is_the_first_full_year_figure():
    later = hm.observation("ankang", "gdp", "2019-12", 99.0, released=AsOf.parse("2020-11").day)
    panel = hm.panel([later, *growth()])
    first = next(r["value"] for r in growth() if r["unit"] == "ankang" and str(r["period"]) == "2019-12")
    assert outcomes(panel, panel.indicators["gdp"], 2019)["ankang"] == first
    assert outcomes(panel, panel.indicators["gdp"], 2019, by=AsOf.parse("2019-12-31")) == {}


def test_every_forecaster_is_scored_on_every_pair(june):
    assert len(june) == 3 * 3
    assert {record.forecaster for record in june} == {"model", "pace", "persistence"}
    for record in june:
        assert record.case.months_left == 6
        assert record.case.evidence is Evidence.THIN
        assert record.brier == pytest.approx((record.p_reach - record.case.event) ** 2)
        assert (record.pit is None) == (record.forecaster == "pace")
        assert 0 <= record.twcrps_pp <= 2 * record.case.pair.tolerance_pp


def test_pace_is_scored_by_its_absolute_error(june):
    now = {r["unit"]: r["value"] for r in growth() if str(r["period"]) == "2019-06"}
    for record in (r for r in june if r.forecaster == "pace"):
        assert record.mean_pct == pytest.approx(now[record.case.pair.unit])
        assert record.crps_pp == pytest.approx(abs(record.mean_pct - record.case.pair.outcome_pct))
        assert record.p_reach in (0.0, 1.0)


def test_nothing_that_was_released_later_enters_a_forecast(june):
    """Every figure that was not out by the end of July 2019 is poisoned; the pairs keep their outcomes."""
    day = AsOf.parse("2019-06").day
    poisoned = [r | {"value": 900.0} if r["released"] > day else r for r in growth()]
    assert sum(r["value"] == 900.0 for r in poisoned) == 2 * 4
    again = replay(dataclasses.replace(task(), panel=hm.panel(poisoned)))
    assert again == june


def test_a_pair_without_a_figure_in_the_year_is_not_judged():
    silent = [r for r in growth() if not (r["unit"] == "ankang" and str(r["period"]) in ("2019-03", "2019-06"))]
    assert {record.case.pair.unit for record in replay(task(silent))} == {"shaanxi", "hanbin"}


def test_a_month_before_the_first_figure_gives_nothing():
    assert replay(task(month="2019-02")) == ()


def test_pairs_need_both_ends():
    units = hm.units()
    assert pairs(units, {"ankang": 8.0}, {}) == ()
    (pair,) = pairs(units, {"ankang": 8.0, "shaanxi": 7.0}, {})
    assert pair == Pair(
        unit="ankang",
        level="city",
        benchmark="shaanxi",
        tolerance_pp=2.0,
        outcome_pct=8.0,
        benchmark_outcome_pct=7.0,
    )


# Whole backtests, on files


def observations_csv() -> str:
    names = {"china": "guojia", "shaanxi": "dasheng", "ankang": "xiaocheng", "hanbin": "dongxian"}
    lines = ["unit,indicator,period,measure,value,released,status,source"]
    for row in growth():
        lines.append(f"{names[str(row['unit'])]},gdp,{row['period']},cum_yoy_pct,{row['value']},,published,统计局")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    targets = FILES["targets.csv"].splitlines()[0] + "\nxiaocheng,gdp,province_average,,1.5,true,gap,会议\n"
    where = tmp_path_factory.mktemp("data") / "small"
    return write_dataset(where, {"observations.csv": observations_csv(), "targets.csv": targets})


@pytest.fixture(scope="module")
def request_(folder: Path) -> BacktestRequest:
    return BacktestRequest(dataset=folder, years=(2018, 2019), libraries=(), draws=250)


@pytest.fixture(scope="module")
def result(request_: BacktestRequest):
    return backtest(request_, executor=InProcess())


def test_every_month_but_the_last_of_the_years_is_replayed(result):
    months = {str(record.case.month) for record in result.records}
    assert months == {f"{year}-{month:02d}" for year in (2018, 2019) for month in (3, 6, 9)}
    assert result.failures == {}
    assert len(result.records) == 6 * 3 * 3
    assert {r.case.pair.tolerance_pp for r in result.records if r.case.pair.level == "city"} == {1.5}


def test_by_default_two_years_of_figures_come_first(folder):
    read = read_dataset(folder)
    assert {p.year for p in read.panel.observations["period"]} == set(YEARS)
    assert replayed_years(read.panel, None) == [2017, 2018, 2019]
    assert replayed_years(read.panel, (2015, 2016)) == [2015, 2016]


def test_the_result_does_not_depend_on_the_number_of_workers(result, request_):
    short = dataclasses.replace(request_, years=(2019, 2019))
    spread = backtest(short, executor=LocalProcesses(2))
    assert spread.records == tuple(r for r in result.records if r.case.month.year == 2019)


def test_what_cannot_be_replayed_is_said(request_):
    with pytest.raises(UsageError, match="no year to replay"):
        backtest(dataclasses.replace(request_, years=(2001, 2002)))
    with pytest.raises(UsageError, match="no indicator 'gpd'"):
        backtest(dataclasses.replace(request_, indicators=("gpd",)))
    with pytest.raises(UsageError, match="no forecaster 'tarot'"):
        backtest(dataclasses.replace(request_, libraries=("tarot",)))


def test_every_mean_follows_from_the_records(result):
    made = Track(result).tables
    rows, means, classes = made["backtest"], made["scores"], made["calibration"]
    assert {run for frame in made.values() for run in frame["run_id"]} == {result.run_id}
    assert len(rows) == len(result.records)
    for one in means.to_dict("records"):
        mine = rows[(rows["level"] == one["level"]) & (rows["forecaster"] == one["forecaster"])]
        mine = mine[mine["months_left"].between(one["months_left_from"], one["months_left_to"])]
        if not pd.isna(one["indicator"]):
            mine = mine[mine["indicator"] == one["indicator"]]
        assert one["cases"] == len(mine)
        assert one["outcomes"] == len(mine[["indicator", "unit", "year"]].drop_duplicates())
        assert one["enough"] == "few"
        for column in ("crps_pp", "twcrps_pp", "brier", "log_score"):
            assert one[column] == pytest.approx(mine[column].mean())
        assert one["reached"] == pytest.approx(mine["event"].astype(float).mean())
    shown = classes[(classes["kind"] == "reliability") & (classes["forecaster"] == "model")]
    whole = shown[(shown["months_left_to"] == 12) & (shown["level"] == "city")]
    assert whole["count"].sum() == 6


def test_a_directory_is_written_whole_and_replaced_only_if_it_is_one(result, tmp_path):
    out = tmp_path / "record"
    write_backtest(Track(result), out)
    assert sorted(p.name for p in out.iterdir()) == [
        "backtest.csv",
        "backtest.json",
        "calibration.csv",
        "scores.csv",
    ]
    before = (out / "backtest.csv").read_bytes()
    write_backtest(Track(result), out)
    assert (out / "backtest.csv").read_bytes() == before
    other = tmp_path / "mine"
    other.mkdir()
    (other / "diary.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(UsageError, match="no directory of a backtest"):
        write_backtest(Track(result), other)
    assert [p.name for p in other.iterdir()] == ["diary.txt"]
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def shown(result, lang, width=80) -> str:
    console = Console(width=width, record=True, file=None, force_terminal=False)
    with console.capture() as capture:
        console.print(page(Track(result).blocks(lang)))
    return capture.get()


@pytest.mark.parametrize("width", [80, 160])
def test_no_number_is_cut_on_the_screen(result, width):
    text = shown(result, "zh", width)
    assert "…" not in text
    whole = next(one for one in Track(result).tables["scores"].to_dict("records") if one["forecaster"] == "model")
    assert f"{whole['brier']:.3f}" in text


def test_a_share_of_half_a_percent_is_rounded_alike_on_screen_page_and_in_print(result):
    score = next(one for one in Track(result).scored if one.of.forecaster == "model")
    half = ScoreRow(dataclasses.replace(score.of, covered50=0.925, crps_pp=0.125))
    for surface in (Surface.TERMINAL, Surface.PAGE):
        grid = scores_table([half]).grid(View(lang="zh", surface=surface), [FORECASTER])
        told = dict(zip(grid.names, (cell.text for cell in grid.rows[0]), strict=True))
        assert (told["covered50"], told["crps"]) == ("93%", "0.13")
    shown = scores_table([half]).of(Surface.SHEET)
    assert {one.name: one.kind for one in shown}["crps_pp"] is Kind.EXTENT  # an error has no sign


def test_few_outcomes_are_said_and_kinds_of_places_are_told_apart(result):
    zh = shown(result, "zh", 200)
    assert "市级（与全省比）仅2个结果" in zh
    assert "县区（与全省比）仅2个结果" in zh
    assert "only 2 outcomes" in shown(result, "en", 200)
    assert "合成" not in zh
    assert "没有可检验的预测" not in zh
    others = tuple(r for r in result.records if r.case.pair.level != "city")
    assert "小城市没有可检验的预测" in shown(dataclasses.replace(result, records=others), "zh", 200)


def test_a_record_of_nothing_says_what_is_needed(result):
    empty = dataclasses.replace(result, records=(), failures={"gdp 2019-03": "ValueError: x"})
    assert "全年增速" in shown(empty, "zh")
    assert "gdp 2019-03" in shown(empty, "zh")
    assert set(Track(empty).document()["scores"]) == set()


def test_the_command_gives_one_document(folder, tmp_path):
    call = ["backtest", str(folder), "--years", "2019", "--workers", "1", "--peer", "none", "--json"]
    done = CliRunner().invoke(app, [*call, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["years"] == [2019]
    assert document["forecasters"] == ["model", "pace", "persistence"]
    assert {one["level"] for one in document["scores"]} == {"city", "province", "county"}
    assert (tmp_path / "out" / "calibration.csv").is_file()


@pytest.mark.parametrize("years", ["19", "2019-2018", "this year"])
def test_years_that_cannot_be_read_are_a_usage_error(folder, years):
    done = CliRunner().invoke(app, ["backtest", str(folder), "--years", years, "--lang", "en"])
    assert done.exit_code == 2
    assert years in done.stderr


def test_a_young_data_set_replays_what_it_can_and_names_the_rest(tmp_path):
    months = [f"{year}年1-{month}月" for year in (2019, 2020) for month in range(2, 13)] + ["2021年1-2月"]
    rows = [["指标", "地区", *months]]
    for place, shift in (("安康市", 0.6), ("陕西省", 0.0)):
        rows.append(["规上工业增加值", place, *(round(4 + shift + k % 5 / 5, 1) for k in range(len(months)))])
        rows.append(["社零", place, *[None] * 11, *(round(5 + shift + k % 3 / 3, 1) for k in range(len(months) - 11))])
    done = backtest(BacktestRequest(dataset=save(tmp_path, rows), libraries=(), draws=500))
    assert done.past_years == 1
    assert done.years == (2020,)
    assert done.left_out == ("retail",)
