"""Writing reports: one call, whole files, the same bytes; and the command."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from forecast.cli import app
from forecast.errors import UsageError
from forecast.report import export, word
from forecast.report.export import By, Kind, ReportRequest, read_backtest, write_reports
from forecast.report.word import to_pdf, undated
from forecast.runs.store import KeptRun, Store
from tests.report_dossier import dossier, pooled_run


class Kept(KeptRun):
    """A kept run whose draws are at hand."""

    @property
    def run_id(self):
        return "small"

    def run(self):
        return pooled_run()


@pytest.fixture
def kept(monkeypatch, tmp_path):
    monkeypatch.setattr(Store, "open", lambda *_: Kept(tmp_path, {}))
    monkeypatch.setattr(export, "gather", lambda *_, **__: dossier())


def call(*args):
    return CliRunner().invoke(app, ["report", "small", *map(str, args)])


def request(*kinds, **more):
    return ReportRequest(kinds=frozenset(kinds), **more)


def test_every_kind_is_written_and_named_after_city_and_state_of_knowledge(tmp_path):
    files = write_reports(dossier(), tmp_path, request(Kind.WORKBOOK, Kind.BRIEF, Kind.SCHEME, Kind.DATA))
    names = [str(path.relative_to(tmp_path)) for path in files]
    assert names[:3] == [
        "安康市2020年主要经济指标达标推演工作簿_2020-08.xlsx",
        "安康市2020年主要经济指标年终达标研判专报_2020-08.docx",
        "安康市2020年三产联动互补互济建议方案（代拟稿）_2020-08.docx",
    ]
    assert "数据/forecast.csv" in names
    assert "数据/report.json" in names
    assert "数据/dictionary.csv" in names
    assert all(path.stat().st_size > 0 for path in files)
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".")]


def test_the_same_request_gives_the_same_bytes(tmp_path):
    wanted = request(Kind.WORKBOOK, Kind.DATA, by=By.COUNTY)
    one, other = (write_reports(dossier(), tmp_path / name, wanted) for name in "ab")
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in other]


def test_what_is_already_there_is_kept_but_for_files_of_the_same_name(tmp_path):
    (tmp_path / "own.txt").write_text("mine", encoding="utf-8")
    write_reports(dossier(), tmp_path, request(Kind.WORKBOOK))
    write_reports(dossier(), tmp_path, request(Kind.WORKBOOK))
    assert (tmp_path / "own.txt").read_text(encoding="utf-8") == "mine"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_directory_that_cannot_be_written_is_told(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be written"):
        write_reports(dossier(), blocked, request(Kind.WORKBOOK))


def test_nothing_is_written_when_one_of_the_files_cannot_be_made(tmp_path):
    wanted = request(Kind.WORKBOOK, Kind.BRIEF, template=tmp_path / "nowhere.docx")
    with pytest.raises(UsageError, match="cannot be used as a template"):
        write_reports(dossier(), tmp_path / "out", wanted)
    assert not (tmp_path / "out").exists()


def test_english_files_have_english_names(tmp_path):
    files = write_reports(dossier(), tmp_path, request(Kind.WORKBOOK, Kind.DATA, lang="en"))
    assert all(str(path.relative_to(tmp_path)).isascii() for path in files)


def test_without_libreoffice_there_is_no_pdf_and_no_failure(tmp_path, monkeypatch):
    monkeypatch.setattr(word, "office", lambda: None)
    files = write_reports(dossier(), tmp_path, request(Kind.SCHEME, pdf=True))
    assert [path.suffix for path in files] == [".docx"]
    monkeypatch.setattr(word, "office", lambda: "/nowhere/soffice")
    assert to_pdf(files, when=dt.date(2020, 9, 30)) == []


def test_a_pdf_keeps_its_length_and_loses_the_clock():
    made = b"/CreationDate(D:20261122122805Z')>>\n/ID [ <45514B8B7D5DCFD16C212BF4E23BF559>\n"
    made += b"/DocChecksum /00216BA87BB0CD3DBD441F289B0EF023\n"
    again = undated(made, dt.date(2020, 9, 30))
    assert len(again) == len(made)
    assert b"20200930000000" in again
    assert undated(made.replace(b"4551", b"FFFF").replace(b"122805", b"999999"), dt.date(2020, 9, 30)) == again


def test_a_folder_that_is_no_backtest_is_told(tmp_path):
    with pytest.raises(UsageError, match="no directory of a backtest"):
        read_backtest(tmp_path)


def test_the_command_writes_all_but_the_scheme_unless_told(kept, tmp_path):
    found = call("--out", tmp_path / "r")
    assert found.exit_code == 0, found.output
    entries = sorted((tmp_path / "r").iterdir())
    assert sorted(path.suffix for path in entries) == ["", "", ".docx", ".xlsx"]
    assert sorted(found.stdout.splitlines()) == [str(path) for path in entries]


def test_the_command_prints_one_document(kept, tmp_path):
    found = call("--kind", "workbook", "--by", "team", "--json", "--out", tmp_path / "r")
    document = json.loads(found.stdout)
    assert document["run"] == "small"
    assert all((tmp_path / "r").samefile(document["out"]) for _ in document["files"])
    assert len(document["files"]) >= 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--template", "nowhere.docx"), 2, "没有这个文件"),
        (("--backtest", "nowhere"), 2, "不是历史检验的结果目录"),
        (("--kind", "nothing"), 2, "nothing"),
    ],
)
def test_a_bad_call_is_told_and_nothing_is_written(monkeypatch, tmp_path, arguments, code, said):
    monkeypatch.setattr(Store, "open", lambda *_: Kept(tmp_path, {}))
    found = call(*arguments, "--out", tmp_path / "r", "--lang", "zh")
    assert found.exit_code == code
    assert said in found.output + (found.stderr or "")
    assert not (tmp_path / "r").exists()


def test_an_unknown_run_is_told(tmp_path):
    found = CliRunner().invoke(app, ["report", "nothing-of-that", "--out", str(tmp_path / "r")])
    assert found.exit_code == 1
    assert not (tmp_path / "r").exists()


def test_gathered_answers_are_not_gathered_again(monkeypatch, tmp_path):
    monkeypatch.setattr(export, "gather", None)
    assert write_reports(replace(dossier()), tmp_path, request(Kind.WORKBOOK))
