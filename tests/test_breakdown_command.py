"""``dabiao breakdown``: tables, terminal and command on a run made by hand."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from forecast.answers.chances import Status
from forecast.cli import app
from forecast.cli.options import Call, Ran
from forecast.data.dataset import read_dataset
from forecast.data.reading.config import config_of
from forecast.data.reading.problems import Problems
from forecast.errors import InputError, UsageError
from forecast.report.files import write_tables
from forecast.report.terminal import paged
from forecast.runs.session import Session, Wanted
from forecast.tables.breakdown import breakdown_blocks, breakdown_document, breakdown_tables
from forecast.tables.breakdown_words import narrative
from forecast.tables.schema import WRITTEN, schema
from forecast.tasks.allocation import parse_hold
from forecast.tasks.breakdown import Method, stated_increment
from forecast.texts import LANGS
from tests import assignment_run as ar
from tests.small_dataset import TOML, write_dataset

ROOT = Path(__file__).parent.parent
FOUND = ar.assigned(wish=0.9)


def test_the_tables_are_those_of_the_schema_in_order():
    tables = breakdown_tables(FOUND)
    assert list(tables) == list(WRITTEN["breakdown"])
    for name, frame in tables.items():
        assert list(frame.columns) == [c.name for c in schema(name)]
        assert set(frame["run_id"]) <= {"small"}


def test_margins_are_sums_of_the_tasks_as_written(tmp_path):
    write_tables(breakdown_tables(FOUND), tmp_path)
    tasks = pd.read_csv(tmp_path / "breakdown.csv")
    margins = pd.read_csv(tmp_path / "breakdown_margins.csv")
    assert len(tasks) > 20
    for (indicator, place), group in tasks.groupby(["indicator", "place"]):
        row = margins[(margins["indicator"] == indicator) & (margins["dimension"] == "place")]
        row = row[(row["key"] == place) & row["month"].isna()]
        assert list(row["task_wan"]) == [group["task_wan"].sum()]
        assert list(row["due_wan"]) == [group["due_wan"].sum()]
    plans = pd.read_csv(tmp_path / "breakdown_plans.csv").set_index("indicator")
    for indicator, group in tasks.groupby("indicator"):
        assert group["task_wan"].sum() == round(plans.loc[indicator, "total_yi"] * 1e4)


def test_probabilities_are_never_written_as_0_or_1(tmp_path):
    write_tables(breakdown_tables(FOUND), tmp_path)
    plans = pd.read_csv(tmp_path / "breakdown_plans.csv")
    columns = [c for c in plans if c.startswith("p_")]
    values = plans[columns].to_numpy().ravel()
    assert ((values > 0.0) & (values < 1.0)).all()
    document = breakdown_document(FOUND)["breakdown_plans"]
    assert all(0.0 < row[c] < 1.0 for row in document for c in columns)


def test_the_same_request_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_tables(breakdown_tables(ar.assigned(wish=0.9)), tmp_path / name)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_synthetic_ledgers_are_marked_in_every_table_they_reach():
    tables = breakdown_tables(FOUND)
    for name in ("breakdown_margins", "breakdown_plans"):
        assert set(tables[name]["label"]) == {"示例台账，仅演示，不得用于上报决策"}
    rows = tables["breakdown"]
    assert set(rows.loc[rows["synthetic"] == 1, "label"]) == {"示例台账，仅演示，不得用于上报决策"}


def shown(found, lang="zh", width=120):
    console = Console(file=StringIO(), width=width, highlight=False)
    console.print(paged(lambda wide: breakdown_blocks(found, lang, wide, files=("out",))))
    return console.file.getvalue()


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("width", [80, 130])
def test_the_terminal_shows_what_is_due_of_whom(lang, width):
    text = shown(FOUND, lang, width)
    for b in FOUND.breakdowns:
        for dimension in ("place", "team", "support"):
            for m in b.margins:
                if m.dimension == dimension and m.month is None:
                    assert f"{m.task_wan:,}" in text
    assert all(len(line) <= width for line in text.splitlines())
    assert "{" not in text


def test_the_sentences_say_what_the_table_says():
    for b in FOUND.breakdowns:
        text = "".join(narrative(b, FOUND, "zh"))
        assert f"{b.increment.total_yi:.2f}亿元" in text
        assert f"{b.capacity_yi:.2f}亿元" in text
        assert not re.search(r"(?<![0-9])0%|100%", text)


def test_naming_is_titled_as_a_proposal():
    text = shown(FOUND)
    assert "点名约谈建议名单（测算稿，以市委市政府决定为准）" in text
    assert "汉滨区" in text


def test_a_stated_amount_needs_no_wish():
    found = ar.assigned(indicators=("fai",), increments={"fai": stated_increment("fai", 12.5)}, method=Method.EVEN)
    assert found.breakdowns[0].margin("total").task_wan == 125_000
    assert "按给定数额安排投资额12.50亿元" in shown(found)


def test_conflicting_holds_are_said_and_nothing_is_broken_down():
    found = ar.assigned(
        indicators=("fai",),
        increments={"fai": stated_increment("fai", 3.0)},
        holds=(parse_hold("hanbin=2"), parse_hold("xunyang=2")),
    )
    assert found.breakdowns[0].status is Status.INFEASIBLE
    assert "与其他锁定不能同时满足" in shown(found)
    holds = breakdown_tables(found)["breakdown_holds"]
    assert "together" in set(holds["hold_status"])


def test_a_hold_must_say_for_which_of_several_indicators():
    with pytest.raises(UsageError, match="must name its own"):
        ar.assigned(holds=(parse_hold("hanbin=2"),))
    with pytest.raises(UsageError, match="fraction between 0 and 1"):
        ar.assigned(wish=1.0)
    with pytest.raises(InputError, match="no place, team"):
        ar.assigned(indicators=("fai",), wish=0.9, holds=(parse_hold("nowhere=0.1"),))


def test_an_indicator_that_the_data_set_does_not_have_is_left_out_of_the_default():
    run = ar.finished()
    assert [b.indicator for b in Session(run).assignments(Wanted(indicators=("fai", "nothing"))).breakdowns] == ["fai"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--indicator", "nope"], 2, "nope"),
        (["--increment", "3"], 2, "--indicator"),
        (["--indicator", "fai", "--increment", "-3"], 2, "-3"),
        (["--prob", "1.5"], 2, "1.5"),
        (["--hold", "hanbin"], 2, "hanbin"),
        (["--holds", "none.toml"], 1, "none.toml"),
        (["--by", "luck"], 2, "luck"),
    ],
)
def test_a_bad_call_is_told_before_anything_is_fitted(arguments, code, said):
    done = CliRunner().invoke(app, ["breakdown", str(ROOT / "data" / "example"), *arguments])
    assert done.exit_code == code
    assert said in done.output
    assert "Traceback" not in done.output


def test_the_command_writes_nothing_beside_holds_that_cannot_be_met(tmp_path, monkeypatch):
    monkeypatch.setattr(Call, "run", lambda call, _: Ran(call=call, run=ar.finished(), kept=None))
    call = ["breakdown", str(ROOT / "data" / "example"), "--indicator", "fai", "--increment", "3"]
    call += ["--hold", "hanbin=2", "--hold", "xunyang=2", "--out", str(tmp_path / "out"), "--lang", "zh"]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 1
    assert "与其他锁定不能同时满足" in done.stderr
    assert not (tmp_path / "out").exists()
    told = CliRunner().invoke(app, [*call, "--json"])
    assert told.exit_code == 1
    assert json.loads(told.stdout)["ok"] is False


RAW = {
    "name": "x", "name_zh": "x", "city": "a", "province": "b", "target_year": 2020, "as_of": "2020-08",
    "first_action_month": "2020-10",
}  # fmt: skip


def config(**tables):
    problems = Problems()
    made = config_of(RAW | tables, folder=Path(), file="dataset.toml", text="", problems=problems)
    return made, [p.code for p in problems.listed()]


def test_the_rules_of_naming_are_read_from_the_data_set():
    stated = [{"unit": "hanbin", "text": "为负", "source": "讲话", "released": "2020-09-28"}]
    made, problems = config(naming={"name_last": 2, "behind_pp": 1, "indicators": ["fai"], "stated": stated})
    assert problems == []
    assert (made.naming.name_last, made.naming.interview_last, made.naming.behind_pp) == (2, 3, 1.0)
    assert made.naming.indicators == ("fai",)
    assert made.naming.stated[0].unit == "hanbin"
    assert config(stock={"opening": {"industry": 592}})[0].opening_stock == {"industry": 592}


@pytest.mark.parametrize(
    ("tables", "codes"),
    [
        ({"naming": {"name_last": 0}}, ["naming_count"]),
        ({"naming": {"lasts": 3}}, ["toml_key_unknown"]),
        ({"naming": {"stated": [{"unit": "hanbin"}]}}, ["toml_key_missing"] * 3),
        ({"naming": {"stated": ["hanbin"]}}, ["toml_key_missing"] * 4),
        (
            {"naming": {"stated": [{"unit": "a", "text": "b", "source": "c", "released": "September"}]}},
            ["toml_type"],
        ),
        ({"stock": {"opening": {"industry": -1}}}, ["stock_count"]),
        ({"stock": {"opening": {"industry": "592"}}}, ["toml_type"]),
    ],
)
def test_what_is_wrong_with_the_rules_is_reported(tables, codes):
    made, problems = config(**tables)
    assert made is None
    assert [code.replace("toml_key_near", "toml_key_unknown") for code in problems] == codes


def test_places_and_indicators_of_the_rules_exist(tmp_path):
    rules = """
[naming]
indicators = ["fai", "fia"]
[[naming.stated]]
unit = "nowhere"
indicator = "gpd"
text = "x"
source = "x"
released = "2020-09-28"
"""
    folder = write_dataset(tmp_path, {"dataset.toml": TOML + rules})
    with pytest.raises(InputError) as caught:
        read_dataset(folder)
    found = {(p.code, p.column, p.params.get("value")) for p in caught.value.problems}
    assert ("unit_unknown", "naming.stated.unit", "nowhere") in found
    assert ("indicator_unknown", "naming.indicators", "fia") in found
    assert ("indicator_unknown", "naming.stated.indicator", "gpd") in found


def test_the_document_is_json():
    assert json.loads(json.dumps(breakdown_document(FOUND)))["breakdown"][0]["indicator"] == "fai"
