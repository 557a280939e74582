"""预测检验: what is shown is what the files of the backtest say, each kind of place by itself."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from forecast.answers.evidence import Evidence
from forecast.data.dataset import read_dataset
from forecast.executor import InProcess
from forecast.report.files import write_backtest
from forecast.runs.store import Store
from forecast.runs.store.registry import identity_fields
from forecast.tables import words
from forecast.tables.track import Track, level_name
from forecast.track_record.backtest import BacktestRequest, backtest
from forecast.ui import track as module
from forecast.ui.kept import MANIFEST, folder_of, records, track_record
from tests.app_pages import keep_main, kept_run, page, said, tables
from tests.small_dataset import write_dataset

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A store with a run of the example under its name, and a replay of two of its months."""
    home = tmp_path_factory.mktemp("home")
    example = ROOT / "data" / "example"
    request = BacktestRequest(dataset=example, years=(2019, 2019), indicators=("service_rev",), libraries=(), draws=250)
    result = backtest(request, executor=InProcess())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DABIAO_HOME", str(home))
        folder = folder_of(result.dataset.data_hash, result.run_id)
        write_backtest(Track(result), folder)
    small = write_dataset(home / "small", {"dataset.toml": None} | _named_example())
    said_of = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    of_small = said_of | {"identity": identity_fields(read_dataset(small))}
    (folder / MANIFEST).write_text(json.dumps(of_small), encoding="utf-8")
    kept_run(home, draws=250, dataset=small)
    return home, result


def _named_example():
    from tests.small_dataset import TOML

    return {"dataset.toml": TOML.replace('name = "small"', 'name = "example"')}


def example_records():
    """Records of the data set that the store's run is of."""
    return [one for header in Store().runs() for one in records(header.identity, frozenset())]


@pytest.fixture
def home(made, monkeypatch):
    keep_main(monkeypatch)
    monkeypatch.setenv("DABIAO_HOME", str(made[0]))
    return made[0]


@pytest.fixture
def at(home):
    return page("track")


def rows_of(home, name):
    folder = example_records()[0].folder
    with (folder / f"{name}.csv").open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_the_scores_of_each_kind_of_place_are_those_of_its_file(at, home):
    at.run()
    assert not at.exception
    wanted = [r for r in rows_of(home, "scores") if not r["indicator"] and r["months_left_from"] == "0"]
    levels = list(dict.fromkeys(r["level"] for r in wanted))
    assert len(levels) > 1
    for level in levels:
        at.segmented_control(key="level").set_value(level).run()
        shown = tables(at, "scores")[0][1:]
        mine = [r for r in wanted if r["level"] == level]
        assert len(shown) == len(mine)
        for cells, row in zip(shown, mine, strict=True):
            assert cells[1][0] == row["outcomes"]
            assert float(cells[2][0]) == pytest.approx(float(row["crps_pp"]), abs=0.005001)
            assert (cells[3][0] == "—") == (row["against_pace"] == "")


def test_few_outcomes_are_said_to_be_few_and_other_data_to_be_other(at, home):
    at.run()
    assert "少于20个" in at.warning[0].value
    assert any("数据不同" in one.value for one in at.caption)
    assert any("合成数据" in one.value for one in at.html)


def test_what_was_said_and_what_came_are_those_of_the_file(at, home):
    at.run()
    lines = tables(at, "replays")[0][1:]
    mine = [r for r in rows_of(home, "backtest") if r["level"] == "city"]
    months = sorted({r["as_of"] for r in mine})
    assert len(lines) == len(months)
    for cells, month in zip(lines, months, strict=True):
        row = next(r for r in mine if r["as_of"] == month and r["forecaster"] == "model")
        assert cells[1] == [
            words.probability(float(row["p_reach"]), "zh", evidence=Evidence.AMPLE),
            words.growth(float(row["mean_pct"]), "zh"),
        ]
    outcome = next(one.value for one in at.html if "结果：" in one.value)
    assert words.growth(float(mine[0]["outcome_pct"]), "zh") in outcome


def test_kinds_of_places_are_told_apart_by_name(at):
    at.run()
    assert not at.exception
    told = [one.value for one in at.caption]
    assert any("不合并" in one for one in told)
    assert level_name("city", "zh") != level_name("province", "zh")


def test_without_a_record_the_page_offers_to_make_one(tmp_path, monkeypatch):
    keep_main(monkeypatch)
    monkeypatch.setenv("DABIAO_HOME", str(tmp_path))
    kept_run(tmp_path, draws=250, dataset=write_dataset(tmp_path / "small"))
    asked = []
    monkeypatch.setattr(module, "start", lambda kind, _, **more: asked.append((kind, more)))
    at = page("track").run()
    assert not at.exception
    assert "还没有预测检验" in said(at)
    at.multiselect(key="track-years").set_value([2020])
    next(one for one in at.button if one.label == "开始检验").click().run()
    assert asked == [("backtest", {"name": "小城2020年", "years": [2020, 2020]})]


def test_a_record_in_english_has_the_same_numbers(at):
    at.run()
    chinese = tables(at, "scores")[0]
    at.segmented_control(key="lang").set_value("en").run()
    english = tables(at, "scores")[0]
    assert not at.exception
    assert [row[2] for row in english[1:]] == [row[2] for row in chinese[1:]]
    assert english[0] != chinese[0]


def test_a_torn_record_is_left_out(home, tmp_path, monkeypatch):
    monkeypatch.setenv("DABIAO_HOME", str(tmp_path))
    place = folder_of("0" * 16, "x")
    place.mkdir(parents=True)
    (place / "backtest.json").write_text("{", encoding="utf-8")
    assert records(Store(home).runs()[0].identity, frozenset({"0" * 16})) == []
    monkeypatch.setenv("DABIAO_HOME", str(home))
    assert len(track_record(example_records()[0]).scores) > 0
