"""The self-test passes here, finds what is broken on purpose, and never stops at the first failure."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

import forecast.cli.runs as command
from forecast import growth
from forecast.cli import app
from forecast.data.dataset import read_dataset
from forecast.selftest import checks
from forecast.selftest import checks as running
from forecast.selftest.checks import CHECKS, FILES, CheckError, selftest, write_small
from forecast.texts import LANGS, t


def test_everything_passes_here_and_is_done_in_a_folder_that_is_gone(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    found = selftest()
    assert [(one.name, one.detail) for one in found if not one.passed] == []
    assert [one.name for one in found] == list(CHECKS)
    assert list(tmp_path.iterdir()) == []


def test_the_small_data_set_is_read_without_a_problem_and_growth_in_it_is_real(tmp_path):
    data = read_dataset(write_small(tmp_path))
    assert set(data.panel.observations["status"]) <= {"published", "derived"}
    assert set(data.ledger.projects["row_status"]) == {"synthetic"}
    assert all(name.startswith("示例项目") for name in data.ledger.projects["name_zh"])
    assert set(FILES) == {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("required_growth", 0.35),
        ("total_growth", 0.15),
        ("previous_growth", -0.2),
        ("restart_lift", 0.027),
        ("exit_keeping_base", 0.0),
    ],
)
def test_arithmetic_that_is_broken_on_purpose_fails(monkeypatch, name, wrong):
    monkeypatch.setattr(growth, name, lambda *_, **__: wrong)
    arithmetic = {one: CHECKS[one] for one in ("required", "pulls", "two_years", "levels", "restart", "leaving")}
    found = selftest(checks=arithmetic)
    assert len(found) == 6
    assert sum(not one.passed for one in found) == 1


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setattr(checks, "LIBRARIES", ("numpy", "no-such-library"))
    (one,) = selftest(checks={"versions": checks.versions})
    assert not one.passed
    assert "no-such-library" in one.detail


def test_an_error_is_one_line_and_does_not_stop_the_others():
    def crash(_):
        raise ValueError("two\nlines")

    def refuse(_):
        raise CheckError("found 1, 2 expected")

    found = selftest(checks={"crash": crash, "refuse": refuse, "fine": lambda _: "seen"})
    assert [(one.passed, one.detail) for one in found] == [
        (False, "ValueError: two lines"),
        (False, "found 1, 2 expected"),
        (True, "seen"),
    ]


@pytest.mark.parametrize("lang", LANGS)
def test_every_check_has_its_text(lang):
    assert all(t(f"selftest.check_{name}", lang) for name in CHECKS)


@pytest.fixture
def two_checks(monkeypatch):
    """Only what takes no time, and one that fails."""

    def refuse(_):
        raise CheckError("found 1")

    def few(**more):
        return selftest(checks={"levels": CHECKS["levels"], "pulls": refuse}, **more)

    monkeypatch.setattr(running, "selftest", few)
    return command


def test_the_command_ends_with_1_where_a_check_failed(two_checks):
    called = CliRunner().invoke(app, ["selftest", "--lang", "en"])
    assert called.exit_code == 1
    lines = called.output.splitlines()
    assert lines[0].startswith("pass")
    assert lines[1].startswith("FAIL")
    assert "found 1" in lines[1]
    assert lines[2].startswith("1 of 2 checks failed")


def test_the_document_says_the_same(two_checks):
    called = CliRunner().invoke(app, ["selftest", "--json"])
    document = json.loads(called.stdout)
    assert called.exit_code == 1
    assert document["ok"] is False
    assert document["failed"] == ["pulls"]
    assert [one["name"] for one in document["checks"]] == ["levels", "pulls"]
