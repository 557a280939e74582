"""The path that a probability needs, as a table, on the screen and by the command."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from forecast.answers.chances import Status
from forecast.cli import app
from forecast.data.dataset import read_dataset
from forecast.executor import InProcess
from forecast.plan.path import required_path
from forecast.report.files import write_tables
from forecast.report.terminal import page
from forecast.runs.run import Request, Run, run
from forecast.runs.session import Session
from forecast.scenario.contributions import cases
from forecast.tables.path import TABLE, path_blocks, path_document, path_frame, path_sentence
from tests.small_dataset import FILES, write_dataset

BASES = FILES["bases.csv"] + (
    "xiaocheng,ind_va,2019,330,0.04,20,estimated,估计\n"
    "dongxian,ind_va,2019,,0.5,25,estimated,估计\n"
    "xixian,ind_va,2019,,0.3,25,estimated,估计\n"
)


def invoke(*arguments: str):
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "100", "LANG": "zh_CN.UTF-8", "LC_ALL": ""})


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("path") / "city", {"bases.csv": BASES})


@pytest.fixture(scope="module")
def finished(folder) -> Run:
    return run(Request(dataset=folder), executor=InProcess())


@pytest.fixture(scope="module")
def paths(finished):
    world = Session(finished).world
    return required_path(world, cases(finished.attainment.rows, world.paths, finished.dataset))


def printed(paths, finished: Run, lang: str) -> str:
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(page(path_blocks(paths, finished, lang)))
    return console.export_text()


def test_the_table_has_a_row_a_period_of_every_place(paths, finished):
    frame = path_frame(paths, finished)
    mine = frame[(frame["indicator"] == "ind_va") & (frame["target_kind"] == "province_average")]
    assert len(mine) == 3 * 11 * 4  # three wishes, eleven periods, the city, two counties and a zone
    assert set(mine["scope"]) == {"city", "county", "zone"}
    assert set(frame["run_id"]) == {finished.run_id}
    city = mine[(mine["scope"] == "city") & (mine["wish"] == 0.5) & (mine["criterion"] == "near")]
    counties = mine[(mine["scope"] == "county") & (mine["wish"] == 0.5) & (mine["criterion"] == "near")]
    assert counties["extra_yi"].sum() == pytest.approx(city["extra_yi"].sum())


def test_the_screen_shows_numbers_of_the_table(paths, finished):
    shown = next(path for path in paths if path.status is Status.SOLVED and path.case.target.indicator == "ind_va")
    text = printed([shown], finished, "zh")
    table = path_frame([shown], finished)
    city = table[table["scope"] == "city"].iloc[-1]
    for value in (city["demanded_month_pct"], city["forecast_cum_pct"], city["demanded_cum_pct"]):
        assert f"{value:+.1f}%" in text
    assert f"{city['demanded_yi']:.1f}" in text
    assert f"当期增速须比预测各高{shown.uplift_pp:.1f}个百分点" in re.sub(r"\s", "", text)


def test_both_languages_say_every_status(paths):
    for lang in ("zh", "en"):
        for path in paths:
            assert "{" not in path_sentence(path, lang)


def test_a_document_has_the_table_and_the_file_is_the_table(paths, finished, tmp_path):
    records = path_document(paths, finished)["required_path"]
    assert len(records) == len(path_frame(paths, finished))
    write_tables({TABLE: path_frame(paths, finished)}, tmp_path)
    written = pd.read_csv(tmp_path / "required_path.csv", encoding="utf-8-sig")
    assert list(written["key"]) == [record["key"] for record in records]


def test_the_command_writes_and_says(folder, tmp_path):
    done = invoke("path", str(folder), "--p", "0.6", "--criterion", "reach", "--out", str(tmp_path / "out"))
    assert done.exit_code == 0, done.output
    assert "“达到”的概率达到60%" in done.stdout
    written = pd.read_csv(tmp_path / "out" / "required_path.csv", encoding="utf-8-sig")
    assert set(written["wish"]) == {0.6}
    assert set(written["criterion"]) == {"reach"}
    as_json = invoke("path", str(folder), "--indicator", "ind_va", "--json", "--out", str(tmp_path / "json"))
    assert {row["indicator"] for row in json.loads(as_json.stdout)["required_path"]} == {"ind_va"}


def test_an_unknown_indicator_is_told_before_anything_is_fitted(folder):
    done = invoke("path", str(folder), "--indicator", "nonsense")
    assert done.exit_code == 2
    assert "nonsense" in done.stderr


def test_an_earlier_state_of_knowledge_has_an_earlier_first_month_of_action(folder):
    assert str(read_dataset(folder).config.first_action_month) == "2020-10"
    earlier = run(Request(dataset=folder, as_of="2020-07", draws=250), executor=InProcess())
    assert str(earlier.dataset.config.first_action_month) == "2020-09"
    assert str(earlier.attainment.config.first_action_month) == "2020-09"
