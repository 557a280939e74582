"""The table of news and the sentence: digits that add up, and no number that is not in the table."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from forecast.answers.chances import Criterion
from forecast.answers.evidence import Evidence
from forecast.cli import app
from forecast.data.dataset import read_dataset
from forecast.news.news import Delta, Kind, Levels, News, NewsStatus, Part, TargetNews
from forecast.news.releases import Release
from forecast.report.files import write_apart
from forecast.runs.difference import FigureChange
from forecast.tables import words
from forecast.tables.news import gap_parts, level_moved, main_targets, news_frame, sentence
from forecast.tables.table import Provenance
from tests.small_dataset import write_dataset

SOURCE = Provenance(run_id="later", data_hash="d", scenario_hash="0", model_version="0", seed=1)
KEY = ("ind_va", "xiaocheng", "province_average")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return read_dataset(write_dataset(tmp_path_factory.mktemp("small") / "city"))


def release(
    after: float, previous: float | None, expected: float | None = None, *, unit="xiaocheng", measure="cum_yoy_pct"
) -> Release:
    figure = FigureChange(
        indicator="ind_va",
        unit=unit,
        period="2020-08",
        measure=measure,
        before=None,
        after=after,
        released=None,
        source="",
    )
    sd = None if expected is None else 0.5
    return Release(figure=figure, previous_pct=previous, expected_pct=expected, expected_sd_pp=sd)


def part(kind: Kind, reach: float, *releases: Release, linked: str = "") -> Part:
    delta = Delta(reach=reach, near=reach / 2, forecast_pp=10 * reach, benchmark_pp=0.0, gap_pp=10 * reach)
    return Part(kind=kind, delta=delta, releases=releases, linked=linked)


def target(*parts: Part, before: float = 0.40, evidence: Evidence = Evidence.AMPLE) -> TargetNews:
    moved = sum(part.delta.reach for part in parts)
    start = Levels(p_reach=before, p_near=0.5, forecast_pct=-3.0, benchmark_pct=1.0, gap_pp=-4.0)
    end = Levels(
        p_reach=before + moved,
        p_near=0.5 + moved / 2,
        forecast_pct=-3.0 + 10 * moved,
        benchmark_pct=1.0,
        gap_pp=-4.0 + 10 * moved,
    )
    return TargetNews(
        key=KEY,
        name_zh="规上工业增加值",
        benchmark="dasheng",
        assessed=True,
        evidence=evidence,
        status=NewsStatus.SPLIT if len(parts) > 1 else NewsStatus.NOTHING,
        before=start,
        after=end,
        change=Delta.of(end.array() - start.array()),
        parts=parts,
    )


def news_of(
    *targets: TargetNews, as_of: tuple[str, str] = ("2020-07", "2020-08"), criterion: Criterion = Criterion.NEAR
) -> News:
    return News(before="earlier", after="later", as_of=as_of, targets=targets, criterion=criterion)


NONE = part(Kind.MONTE_CARLO, 0.0)
SPEECH = target(
    part(Kind.CITY, 0.09, release(-13.6, -15.6, -14.2)),
    part(Kind.PROVINCE, -0.03, release(3.0, 1.2, 2.9, unit="dasheng")),
    NONE,
)


def test_the_sentence_of_the_speech(dataset):
    found = news_of(SPEECH)
    assert sentence(SPEECH, found, dataset, lang="zh") == (
        "较上月达到或接近的概率提高5个百分点（50%→55%），差距缩小0.6个百分点："
        "1—8月降幅收窄2.0个百分点，好于预期，+0.9；全省同步回升1.8个百分点，与预期相近，-0.3。"
    )
    assert sentence(SPEECH, found, dataset, lang="en") == (
        "Chance to reach or come near up 5 points on last month (50% → 55%), gap 0.6 points better: "
        "Jan–Aug decline narrowed by 2.0 points, better than expected, +0.9; "
        "province also up 1.8 points, about as expected, -0.3."
    )


def test_both_runs_are_told_by_the_same_criterion(dataset):
    reach = news_of(SPEECH, criterion=Criterion.REACH)
    assert sentence(SPEECH, reach, dataset, lang="zh").startswith(
        "较上月达到的概率提高5个百分点（40%→45%），差距缩小0.6"
    )
    for found in (news_of(SPEECH), reach):
        frame = news_frame(found, SOURCE)
        assert set(frame["criterion"]) == {found.criterion.value}
        assert set(frame["change_points"]) == {level_moved(SPEECH, found)} == {5}


@given(before=st.floats(0.0, 1.0), moves=st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=6))
def test_a_change_of_a_probability_is_the_difference_of_its_printed_levels(dataset, before, moves):
    end = before + sum(moves)
    if not 0.0 <= end <= 1.0:
        return
    one = target(*(part(Kind.CITY, move) for move in moves), NONE, before=before)
    for evidence in (Evidence.AMPLE, Evidence.THIN):
        told = replace(one, evidence=evidence)
        found = news_of(told, criterion=Criterion.REACH)
        shown = level_moved(told, found)
        step = 10 if evidence is Evidence.THIN else 5
        assert shown is not None
        assert shown % step == 0
        text = sentence(told, found, dataset, lang="zh")
        ends = [words.probability(p, "zh", evidence=evidence) for p in (before, end)]
        if shown:
            assert f"{'提高' if shown > 0 else '下降'}{abs(shown)}个百分点（{ends[0]}→{ends[1]}）" in text
        else:
            assert f"概率级别未变（{ends[1]}）" in text
            assert "概率提高" not in text
            assert "概率下降" not in text
        assert news_frame(found, SOURCE)["d_points"].sum() == shown


def test_where_the_level_stays_growth_and_gap_lead(dataset):
    one = target(part(Kind.CITY, 0.004, release(-13.6, -15.6)), NONE)
    assert sentence(one, news_of(one), dataset, lang="zh") == (
        "较上月预计全年提高0.04个百分点，差距缩小0.04个百分点，达到或接近的概率级别未变（50%）：1—8月降幅收窄2.0个百分点，+0.04。"
    )


@pytest.mark.parametrize(
    ("after", "previous", "words"),
    [
        (-13.6, -15.6, "降幅收窄2.0个百分点"),
        (-15.6, -13.6, "降幅扩大2.0个百分点"),
        (3.0, 1.2, "增速加快1.8个百分点"),
        (1.2, 3.0, "增速回落1.8个百分点"),
        (0.4, -0.6, "增速由负转正、提高1.0个百分点"),
        (-0.6, 0.4, "增速由正转负、下降1.0个百分点"),
        (0.4, 0.4, "增速持平"),
        (0.4, None, "增速为+0.4%"),
    ],
)
def test_a_figure_is_told_as_the_statistics_office_would(dataset, after, previous, words):
    one = target(part(Kind.CITY, 0.1, release(after, previous)), NONE)
    assert f"1—8月{words}，+1.0" in sentence(one, news_of(one), dataset, lang="zh")


def test_every_other_cause_has_its_words(dataset):
    rank = release(2, None, measure="rank")
    sign = release(-1, None, measure="gap_sign")
    month = release(5.6, None, measure="month_yoy_pct")
    one = target(
        part(Kind.NATION, 0.01, month),
        part(Kind.OTHERS, 0.01, release(1.0, 0.0, unit="dongxian")),
        part(Kind.REMARK, 0.01, rank),
        part(Kind.REMARK, -0.01, sign),
        *(part(kind, 0.01) for kind in (Kind.REVISION, Kind.WITHDRAWN, Kind.EXPECTED, Kind.SCENARIO, Kind.TARGET)),
        part(Kind.LINKED, 0.01, linked="ind_va"),
        part(Kind.LINKED, 0.01),
        part(Kind.MODEL, -0.02),
        part(Kind.UNSPLIT, 0.01),
        part(Kind.MONTE_CARLO, 0.01),
    )
    text = sentence(one, news_of(one), dataset, lang="zh")
    for told in (
        "全国8月当月增速为+5.6%，+1",
        "县区等数据公布，+1",
        "8月增速居全省第2位，+1",
        "8月增速低于全省平均（文字表述），−1",
        "历史数据修订，+1",
        "部分数据不再采用，+1",
        "规上工业增加值新数据带动，+1",
        "各行业指标新数据带动，+1",
        "数据按预期公布、后期不确定性变化，+1",
        "情景调整，+1",
        "目标口径调整，+1",
        "模型或参数调整，−2",
        "变动未能分解，+1",
        "随机模拟余差，+1",
    ):
        assert told.replace("，+1", "，+0.1").replace("，−1", "，-0.1").replace("，−2", "，-0.2") in text


def test_what_is_compared_with_what(dataset):
    for as_of, start in (
        (("2020-07", "2020-08"), "较上月"),
        (("2020-06", "2020-08"), "较截至6月的推演"),
        (("2020-08", "2020-08"), "较上次推演"),
    ):
        assert sentence(SPEECH, news_of(SPEECH, as_of=as_of), dataset, lang="zh").startswith(start)


def test_the_citys_own_figure_is_told_even_where_it_moved_nothing(dataset):
    one = target(part(Kind.CITY, 0.0001, release(-13.6, -15.6)), part(Kind.EXPECTED, -0.03), NONE)
    assert "降幅收窄2.0个百分点，0；" in sentence(one, news_of(one), dataset, lang="zh")


def test_little_evidence_and_none_are_said(dataset):
    thin = target(part(Kind.CITY, 0.1, release(-13.6, -15.6)), NONE, evidence=Evidence.THIN)
    assert sentence(thin, news_of(thin), dataset, lang="zh").endswith("（资料有限）。")
    still = target(NONE)
    assert sentence(still, news_of(still), dataset, lang="zh") == "较上月没有变化。"
    for before, after, said in (
        (None, 0.75, "此前资料不足、未作研判，本次达到或接近的概率约七成五，较有把握。"),
        (0.75, None, "现有资料不足，暂不研判。"),
        (None, None, "资料不足，暂不研判。"),
    ):
        one = TargetNews(
            key=KEY,
            name_zh="",
            benchmark=None,
            assessed=True,
            evidence=Evidence.AMPLE,
            status=NewsStatus.SPLIT,
            before=Levels(p_near=before),
            after=Levels(p_near=after),
            change=Delta(reach=None, near=None, forecast_pp=None, benchmark_pp=None),
            parts=(),
        )
        assert sentence(one, news_of(one), dataset, lang="zh") == said
        assert len(news_frame(news_of(one), SOURCE)) == 1


@given(
    moves=st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=8),
    before=st.floats(0.01, 0.99),
)
def test_parts_add_up_at_the_digits_that_are_written(moves, before):
    one = target(*(part(Kind.CITY, move) for move in moves), NONE, before=before)
    frame = news_frame(news_of(one), SOURCE)
    for total, columns in (
        ("d_reach", ("p_reach_before", "p_reach_after")),
        ("d_near", ("p_near_before", "p_near_after")),
    ):
        first, last = (float(f"{frame[c].iloc[0]:.4f}") for c in columns)
        written = sum(float(f"{v:.4f}") for v in frame[total])
        assert written == pytest.approx(last - first, abs=1e-9)
    forecast = [float(f"{frame[c].iloc[0]:.2f}") for c in ("forecast_before_pct", "forecast_after_pct")]
    assert sum(frame["d_forecast_pp"]) == pytest.approx(forecast[1] - forecast[0], abs=1e-9)
    assert frame["d_points"].sum() == frame["change_points"].iloc[0]
    gaps = [float(f"{frame[c].iloc[0]:.2f}") for c in ("gap_before_pp", "gap_after_pp")]
    assert sum(frame["d_gap_pp"]) == pytest.approx(gaps[1] - gaps[0], abs=1e-9)
    printed = float(words.effect(one.change.gap_pp))
    assert sum(map(float, gap_parts(one))) == pytest.approx(printed, abs=1e-9)


def test_every_number_of_a_sentence_is_in_the_table(dataset):
    found = news_of(SPEECH)
    frame = news_frame(found, SOURCE)
    written = {str(abs(int(v))) for v in frame["change_points"]}
    written |= {f"{abs(v):.1f}" for c in ("change_pp", "d_gap_pp") for v in frame[c].dropna()}
    written.add(f"{frame['gap_after_pp'].iloc[0] - frame['gap_before_pp'].iloc[0]:.1f}")
    levels = [words.shown_percent(frame[c].iloc[0], Evidence.AMPLE) for c in ("p_near_before", "p_near_after")]
    written |= set(map(str, levels))
    written |= {str(int(str(p)[5:7])) for p in frame["release_period"].dropna()} | {"1"}
    for number in re.findall(r"\d+(?:\.\d+)?", sentence(SPEECH, found, dataset, lang="zh")):
        assert number in written


def test_the_table_is_written_at_once(tmp_path):
    frame = news_frame(news_of(SPEECH), SOURCE)
    write_apart({"news": frame}, tmp_path / "out")
    lines = (tmp_path / "out" / "news.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 1 + 3
    assert lines[1].split(",")[:3] == ["ind_va", "规上工业增加值", "xiaocheng"]


def test_only_the_citys_targets_against_the_province_are_on_the_screen(dataset):
    assert main_targets(news_of(SPEECH), dataset) == [SPEECH]


# The command


def invoke(*arguments: str):
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "120", "LANG": "zh_CN.UTF-8", "LC_ALL": ""})


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> tuple[Path, Path, Path]:
    folder = tmp_path_factory.mktemp("runs")
    city = write_dataset(folder / "city")
    out = []
    for as_of in ("2020-07", "2020-08"):
        done = invoke("run", str(city), "--as-of", as_of, "--out", str(folder / as_of))
        assert done.exit_code == 0, done.output
        out.append(folder / as_of)
    return out[0], out[1], folder


def test_the_command_says_why_and_writes_the_table(runs):
    before, after, folder = runs
    done = invoke("news", str(before), str(after), "--out", str(folder / "news"))
    assert done.exit_code == 0, done.output
    assert "概率变动分解：截至7月 → 截至8月" in done.stdout
    assert (folder / "news" / "news.csv").is_file()


def test_the_command_gives_one_document(runs):
    before, after, _ = runs
    done = invoke("news", str(before), str(after), "--json")
    document = json.loads(done.stdout)
    assert document["as_of"] == ["2020-07", "2020-08"]
    assert {row["indicator"] for row in document["news"]} == {"ind_va", "gdp"}
    for row in document["news"]:
        if row["d_reach"] is not None:
            assert np.isfinite(row["d_reach"])
    again = json.loads(invoke("news", str(before), str(after), "--json").stdout)
    assert again == document


def test_a_run_that_is_not_there_is_told(runs):
    done = invoke("news", "nothing-of-that-name", str(runs[1]))
    assert done.exit_code == 1
    assert "nothing-of-that-name" in done.stderr


def test_a_scenario_can_be_what_is_compared(runs, tmp_path):
    before, after, _ = runs
    file = tmp_path / "push.yaml"
    file.write_text(
        "name: push\ntitle: 推\nactions:\n"
        "  - {type: county_push, unit: xiaocheng, indicator: ind_va, effect_pp: 30, month: 2020-10}\n",
        encoding="utf-8",
    )
    done = invoke("news", str(before), str(after), "--scenario", str(file), "--json")
    assert done.exit_code == 0, done.output
    kinds = {row["kind"] for row in json.loads(done.stdout)["news"] if row["indicator"] == "ind_va"}
    assert "scenario" in kinds


def test_the_monthly_job_says_why_where_it_is_asked(tmp_path):
    city = write_dataset(tmp_path / "city")
    new = tmp_path / "new.csv"
    new.write_text(
        "unit,indicator,period,measure,value,released,status,source\n"
        "xiaocheng,ind_va,2020-09,cum_yoy_pct,-11.0,2020-10-20,published,市统计局\n",
        encoding="utf-8",
    )
    done = invoke("update", str(city), str(new), "--why", "--json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    sentences = {row["target_kind"]: row["sentence"] for row in document["news"]["sentences"]}
    assert "1—9月降幅收窄2.6个百分点" in sentences["province_average"]
    plain = invoke("update", str(city), str(new), "--why")
    assert "概率变动分解" in plain.stdout
