"""Charts of the track record hold what their tables hold, in both languages, and are the same bytes again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from forecast.cli import app
from forecast.report import track_charts
from forecast.report.track_charts import (
    coverage_chart,
    indicator_skill_chart,
    levels_of,
    pit_chart,
    reliability_chart,
    skill_chart,
    svg,
    track_sheet,
)
from forecast.tables.schema import schema
from forecast.texts import LANGS, t
from forecast.track_record.sbc import binomial_band
from tests.small_dataset import FILES, write_dataset
from tests.test_backtest import growth


def score(forecaster: str, months: tuple[int, int], indicator: str | None = None, **more: object) -> dict[str, object]:
    row = {
        "level": "city",
        "months_left_from": months[0],
        "months_left_to": months[1],
        "forecaster": forecaster,
        "outcomes": 24,
        "enough": "yes",
        "indicator": indicator,
        "cases": 100,
        "covered50": 0.5 + 0.01 * months[0],
        "covered90": 0.9,
        "against_pace": 0.4 if forecaster == "model" else 0.8,
        "against_pace_p05": 0.3,
        "against_pace_p95": 0.5,
    }
    return row | more


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    rows = [score(f, b) for f in ("model", "persistence") for b in ((0, 12), (1, 3), (4, 6), (7, 10))]
    rows += [score("pace", b, against_pace=None, covered50=None, covered90=None) for b in ((0, 12), (1, 3))]
    rows += [score("model", (0, 12), name, against_pace=r) for name, r in (("gdp", 0.7), ("fai", 0.3))]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def calibration() -> pd.DataFrame:
    group = {"level": "city", "months_left_from": 0, "months_left_to": 12, "forecaster": "model"}
    group |= {"outcomes": 24, "enough": "yes"}
    rows = [
        group | {"kind": "reliability", "lower": k / 10, "upper": (k + 1) / 10, "count": n}
        | {"expected": k / 10 + 0.04 if n else None, "observed": 0.5 if n else None}
        for k, n in enumerate((9, 0, 4, 1, 2, 8, 3, 3, 2, 12))
    ]  # fmt: skip
    rows += [
        group | {"kind": "pit", "lower": k / 10, "upper": (k + 1) / 10, "count": 4 + k}
        | {"expected": 0.1, "observed": (4 + k) / 85}
        for k in range(10)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def values(chart, *names: str) -> pd.DataFrame:
    """All rows that a chart holds with these columns."""
    frames = [pd.DataFrame(rows) for rows in chart.to_dict()["datasets"].values()]
    found = [frame[list(names)] for frame in frames if set(names) <= set(frame.columns)]
    return pd.concat(found).drop_duplicates().reset_index(drop=True)


def test_reliability_shows_every_class_with_a_forecast(calibration):
    found = values(reliability_chart(calibration, level="city", lang="zh"), "forecast", "observed", "count")
    wanted = calibration[(calibration["kind"] == "reliability") & (calibration["count"] > 0)]
    np.testing.assert_allclose(found["forecast"], wanted["expected"].astype(float))
    np.testing.assert_allclose(found["observed"], wanted["observed"].astype(float))
    assert found["count"].tolist() == wanted["count"].tolist()


def test_coverage_is_that_of_the_table_over_the_band_of_its_outcomes(scores):
    found = values(coverage_chart(scores, level="city", lang="en"), "months", "interval", "covered", "low", "high")
    assert len(found) == 6
    fifty = found[found["interval"] == t("track.interval_50", "en")]
    np.testing.assert_allclose(fifty["covered"], [0.57, 0.54, 0.51])
    assert (fifty["low"].iloc[0], fifty["high"].iloc[0]) == binomial_band(24, 0.5)


def test_the_histogram_is_that_of_the_table(calibration):
    found = values(pit_chart(calibration, level="city", lang="zh"), "lower", "upper", "share")
    np.testing.assert_allclose(found["share"], [(4 + k) / 85 for k in range(10)])
    assert found["share"].sum() == pytest.approx(1.0)


def test_ratios_are_those_of_the_table_and_pace_itself_has_none(scores):
    found = values(skill_chart(scores, level="city", lang="zh"), "forecaster", "ratio", "low", "high")
    assert set(found["forecaster"]) == {
        t("backtest.forecaster_model", "zh"),
        t("backtest.forecaster_persistence", "zh"),
    }
    assert set(found["ratio"]) == {0.4, 0.8}
    by = values(indicator_skill_chart(scores, {"gdp": "生产总值"}, level="city", lang="zh"), "indicator", "ratio")
    assert dict(zip(by["indicator"], by["ratio"], strict=True)) == {"生产总值": 0.7, "fai": 0.3}


def test_the_same_sheet_is_the_same_bytes(scores, calibration):
    drawn, again = (
        svg(track_sheet(scores, calibration, level="city", years="2019", synthetic=True, lang="zh")) for _ in range(2)
    )
    assert drawn == again
    assert t("track.synthetic", "zh") in drawn
    assert t("track.reliability", "zh") in drawn


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("synthetic", [True, False])
def test_a_sheet_says_whether_anything_is_synthetic(scores, calibration, lang, synthetic):
    sheet = track_sheet(scores, calibration, level="city", years="2019", synthetic=synthetic, lang=lang)
    assert (t("track.synthetic", lang) in str(sheet.title.subtitle)) is synthetic
    assert "2019" in sheet.title.text


def test_few_outcomes_are_said(scores, calibration):
    few = scores.assign(enough="few", outcomes=7)
    chart = coverage_chart(few, level="city", lang="zh").to_dict()
    assert t("track.few", "zh", outcomes=7) in str(chart["title"]["subtitle"])


def test_nothing_to_draw_gives_no_chart(scores, calibration):
    for chart in (reliability_chart, pit_chart):
        assert chart(calibration, level="county", lang="zh") is None
    assert coverage_chart(scores, level="county", lang="zh") is None
    assert skill_chart(scores, level="county", lang="zh") is None
    assert track_sheet(scores, calibration, level="county", years="2019", synthetic=False, lang="zh") is None
    assert levels_of(scores) == ["city"]


def test_the_columns_that_charts_read_are_in_the_tables(scores, calibration):
    assert set(scores.columns) <= {column.name for column in schema("scores")}
    assert set(calibration.columns) <= {column.name for column in schema("calibration")}


def test_the_command_draws_a_sheet_a_kind_of_place_and_language(tmp_path, monkeypatch):
    monkeypatch.setattr(track_charts, "svg", lambda _: "<svg/>")  # drawing takes a second each
    names = {"china": "guojia", "shaanxi": "dasheng", "ankang": "xiaocheng"}
    lines = ["unit,indicator,period,measure,value,released,status,source"]
    for row in growth():
        if row["unit"] in names:
            unit = names[str(row["unit"])]
            lines.append(f"{unit},gdp,{row['period']},cum_yoy_pct,{row['value']},,published,统计局")
    targets = FILES["targets.csv"].splitlines()[0] + "\nxiaocheng,gdp,province_average,,1.5,true,gap,会议\n"
    changes = {"observations.csv": "\n".join(lines) + "\n", "targets.csv": targets}
    folder, out = write_dataset(tmp_path / "data", changes), tmp_path / "record"
    options = ["--years", "2019", "--peer", "none", "--workers", "1", "--out", str(out)]
    called = CliRunner().invoke(app, ["backtest", str(folder), *options])
    assert called.exit_code == 0, called.output
    levels = set(pd.read_csv(out / "scores.csv", encoding="utf-8-sig")["level"])
    found = {path.stem for path in (out / "charts").iterdir()}
    assert found == {f"{level}-{lang}" for level in levels for lang in LANGS}
    assert "city-zh" in found
