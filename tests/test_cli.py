"""The command line as a user meets it."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forecast.cli import app

ANKANG = str(Path(__file__).parent.parent / "data" / "ankang-2020")


def call(*arguments: str):
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "140", "LANG": "zh_CN.UTF-8", "LC_ALL": ""})


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[Path, dict]:
    out = tmp_path_factory.mktemp("cli") / "august"
    result = call("run", ANKANG, "--as-of", "2020-08", "--out", str(out), "--json")
    assert result.exit_code == 0, result.output
    return out, json.loads(result.stdout)


def table(out: Path, name: str) -> list[dict[str, str]]:
    with (out / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_help_needs_no_model(tmp_path):
    script = "import sys; sys.argv = ['dabiao', '--help']\nfrom forecast.cli import main\ntry: main()\n"
    script += "except SystemExit: pass\nprint([m for m in ('pandas', 'pymc', 'scipy', 'xarray') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")


def test_a_run_writes_its_tables_and_says_where(finished):
    out, document = finished
    assert {p.name for p in out.iterdir()} >= {"attainment.csv", "paths.csv", "joint.csv", "run.json"}
    assert document["out"] == str(out)


def test_json_and_csv_agree_to_the_printed_digit(finished):
    out, document = finished
    rows = table(out, "attainment")
    assert len(rows) == len(document["attainment"])
    for row, record in zip(rows, document["attainment"], strict=True):
        for name in ("p_reach", "p_near", "forecast_growth_pct", "gap_pp"):
            if row[name] == "":
                assert record[name] is None
            else:
                decimals = len(row[name].partition(".")[2])
                assert abs(float(row[name]) - record[name]) <= 0.5001 * 10**-decimals


def test_every_row_carries_where_it_came_from(finished):
    out, document = finished
    for name in ("attainment", "paths", "joint"):
        for row in table(out, name):
            assert row["run_id"] == document["run_id"]
            assert row["data_hash"] == document["data_hash"]
            assert row["seed"] == "1"


def test_a_leader_reads_a_table_in_chinese_or_english(tmp_path):
    chinese = call("run", ANKANG, "--out", str(tmp_path / "a"))
    english = call("run", ANKANG, "--out", str(tmp_path / "b"), "--lang", "en")
    assert chinese.exit_code == english.exit_code == 0
    assert "安康市2020年" in chinese.stdout
    assert "资料不足" in chinese.stdout
    assert "Fixed-asset investment" in english.stdout
    for text in (chinese.stdout, english.stdout):
        assert " 0%" not in text
        assert "100%" not in text


def test_bad_input_exits_with_1_and_a_bad_call_with_2(tmp_path):
    missing = call("run", str(tmp_path / "nowhere"))
    assert missing.exit_code == 1
    assert "nowhere" in missing.stderr
    assert "Traceback" not in missing.output
    date = call("run", ANKANG, "--as-of", "2020年8月")
    assert date.exit_code == 2
    assert "YYYY-MM" in date.stderr
    assert call("run").exit_code == 2
    assert call("run", ANKANG, "--method", "magic").exit_code == 2


def test_a_directory_that_is_not_a_run_is_left_alone(tmp_path):
    precious = tmp_path / "mine"
    precious.mkdir()
    (precious / "notes.txt").write_text("keep")
    result = call("run", ANKANG, "--out", str(precious))
    assert result.exit_code == 2
    assert [p.name for p in precious.iterdir()] == ["notes.txt"]


def test_validate_lists_all_problems_in_both_languages(tmp_path):
    folder = tmp_path / "city"
    folder.mkdir()
    for file in Path(ANKANG).glob("*.*"):
        if file.is_file():
            (folder / file.name).write_bytes(file.read_bytes())
    text = (folder / "observations.csv").read_text(encoding="utf-8-sig").splitlines()
    head = text[0].split(",")
    broken = text[1].split(",")
    broken[head.index("unit")] = "hanbing"
    (folder / "observations.csv").write_text("\n".join([text[0], ",".join(broken), *text[2:]]), encoding="utf-8")
    chinese, english = call("validate", str(folder)), call("validate", str(folder), "--lang", "en")
    assert chinese.exit_code == english.exit_code == 1
    assert "hanbin" in chinese.stderr
    assert "did you mean" in english.stderr.lower()
    as_json = call("validate", str(folder), "--json")
    assert json.loads(as_json.stdout)["problems"]


def test_validate_accepts_the_bundled_data():
    for name in ("ankang-2020", "example"):
        result = call("validate", str(Path(ANKANG).parent / name))
        assert result.exit_code == 0, result.output


def test_an_earlier_run_is_replaced_as_a_whole(finished):
    out, document = finished
    (out / "stale.csv").write_text("left over")
    again = call("run", ANKANG, "--as-of", "2020-08", "--out", str(out), "--json")
    assert again.exit_code == 0
    assert not (out / "stale.csv").exists()
    assert json.loads(again.stdout) == document
    assert not [p for p in out.parent.iterdir() if p.name.startswith(".dabiao")]
