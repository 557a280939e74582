"""The commands for kept runs as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forecast.cli import app
from tests.small_dataset import FILES, write_dataset

NEW = """\
unit,indicator,period,measure,value,released,status,source
dasheng,ind_va,2020-09,cum_yoy_pct,1.2,2020-10-18,published,省统计局
xiaocheng,ind_va,2020-09,cum_yoy_pct,-11.0,2020-10-20,published,市统计局
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A data set, a store, two runs in it: one of August, one of September by an update."""
    place = tmp_path_factory.mktemp("cli")
    write_dataset(place / "city")
    (place / "new.csv").write_text(NEW, encoding="utf-8")
    first = call(place, "run", str(place / "city"), "--out", str(place / "august"), "--json")
    assert first.exit_code == 0, first.output
    second = call(place, "update", str(place / "city"), str(place / "new.csv"), "--json")
    assert second.exit_code == 0, second.output
    (place / "update.json").write_text(second.stdout, encoding="utf-8")
    return place


def call(place: Path, *arguments: str, home: str = "home", **more: str):
    environment = {"COLUMNS": "160", "LANG": "zh_CN.UTF-8", "LC_ALL": "", "DABIAO_HOME": str(place / home)}
    return CliRunner().invoke(app, list(arguments), env=environment | more)


def ids(place: Path) -> list[str]:
    return [one["run_id"] for one in json.loads(call(place, "runs", "list", "--json").stdout)["runs"]]


def test_every_run_is_kept_and_listed_newest_first(place):
    found = json.loads(call(place, "runs", "list", "--json").stdout)["runs"]
    assert [one["as_of"] for one in found] == ["2020-09", "2020-08"]
    assert {one["status"] for one in found} == {"kept"}
    listed = call(place, "runs", "list").stdout
    assert all(one["run_id"] in listed for one in found)
    assert "数据截至" in listed
    assert "As of" in call(place, "runs", "list", "--lang", "en").stdout
    assert json.loads(call(place, "runs", "list", "--dataset", "other", "--json").stdout)["runs"] == []


def test_an_update_says_what_came_in_and_what_moved(place):
    document = json.loads((place / "update.json").read_text(encoding="utf-8"))
    assert document["as_of"] == "2020-09"
    assert [one["value"] for one in document["update"]["additions"]] == [1.2, -11.0]
    assert document["moved"]["as_of"] == ["2020-08", "2020-09"]
    assert document["moved"]["nothing"] is False
    again = call(place, "update", str(place / "city"), str(place / "new.csv"))
    assert again.exit_code == 0
    assert "已有相同数据2条" in again.stdout
    assert "没有变化" in again.stdout


def test_a_preview_changes_nothing(place, tmp_path):
    city = write_dataset(tmp_path / "city")
    state = {file.name: file.read_bytes() for file in city.iterdir()}
    shown = call(place, "update", str(city), str(place / "new.csv"), "--preview")
    assert shown.exit_code == 0
    assert "新增2条" in shown.stdout
    assert "未作改动" in shown.stdout
    assert {file.name: file.read_bytes() for file in city.iterdir()} == state


def test_a_kept_run_is_shown_as_it_was(place):
    august = json.loads(call(place, "runs", "show", "latest~1", "--json").stdout)
    assert august["as_of"] == "2020-08"
    assert {"attainment", "required", "joint", "diagnostics", "kept", "folder"} <= set(august)
    by_folder = json.loads(call(place, "runs", "show", str(place / "august"), "--json").stdout)
    assert by_folder["attainment"] == august["attainment"]
    table = call(place, "runs", "show", ids(place)[1])
    assert "规上工业增加值" in table.stdout


def test_two_runs_are_compared_in_both_languages(place):
    chinese = call(place, "runs", "diff", "latest~1", "latest")
    english = call(place, "runs", "diff", str(place / "august"), "latest", "--lang", "en")
    assert "新增数据2条" in chinese.stdout
    assert "-13.6% → -11.0%" in chinese.stdout
    assert "2 new figures" in english.stdout
    assert json.loads(call(place, "runs", "diff", "latest", "latest", "--json").stdout)["nothing"] is True


def test_runs_are_exported_imported_verified_and_pruned(place, tmp_path):
    run = ids(place)[0]
    assert call(place, "runs", "export", run, "--out", str(tmp_path)).exit_code == 0
    file = tmp_path / f"{run}.dabiao.zip"
    assert call(place, "runs", "import", str(file), home="other").exit_code == 0
    other = json.loads(call(place, "runs", "list", "--json", home="other").stdout)
    assert [one["run_id"] for one in other["runs"]] == [run]
    assert "全部完好" in call(place, "runs", "verify", home="other").stdout
    folder = Path(other["store"]) / "runs" / run
    (folder / "coupling.nc").write_bytes(b"?")
    bad = call(place, "runs", "verify", home="other")
    assert bad.exit_code == 1
    assert "coupling.nc" in bad.stdout
    assert json.loads(call(place, "runs", "verify", "--json", home="other").stdout)["runs"] == {run: ["coupling.nc"]}
    preview = call(place, "runs", "prune", "--keep", "0", home="other")
    assert run in preview.stdout
    assert folder.exists()
    assert call(place, "runs", "prune", "--keep", "0", "--yes", home="other").exit_code == 0
    assert not folder.exists()


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("runs", "show", "nowhere"), 1, "nowhere"),
        (("runs", "prune"), 2, "--keep"),
        (("runs", "import", "nowhere.zip"), 1, "nowhere.zip"),
        (("runs", "export", "small"), 1, "写得更完整"),
        (("update", "nowhere"), 1, "nowhere"),
    ],
)
def test_what_cannot_be_done_is_a_message_and_an_exit_code(place, arguments, code, text):
    result = call(place, *arguments)
    assert result.exit_code == code
    assert text in result.stderr
    assert "Traceback" not in result.output


def test_an_error_is_one_json_document_where_a_program_reads(place):
    result = call(place, "runs", "show", "nowhere", "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["ok"] is False
    assert document["problems"][0]["code"] == "unknown_run"


def test_a_store_that_cannot_be_used_costs_a_run_only_its_keeping(place, tmp_path):
    (place / "a_file").write_text("no folder", encoding="utf-8")
    result = call(place, "run", str(place / "city"), "--out", str(tmp_path / "out"), home="a_file")
    assert result.exit_code == 0, result.output
    assert "未能存档" in result.stderr
    assert (tmp_path / "out" / "attainment.csv").is_file()


def test_a_run_is_the_same_whether_fits_are_taken_up_or_made(place, tmp_path):
    write_dataset(place / "city2", {"observations.csv": FILES["observations.csv"]})
    made = [
        json.loads(call(place, "run", str(place / "city2"), "--out", str(tmp_path / n), "--json", *more).stdout)
        for n, more in (("a", ()), ("b", ("--refit",)), ("c", ("--workers", "1")))
    ]
    assert all({**one, "out": ""} == {**made[0], "out": ""} for one in made)
    for table in ("attainment.csv", "paths.csv", "run.json"):
        assert len({(tmp_path / n / table).read_bytes() for n in "abc"}) == 1
