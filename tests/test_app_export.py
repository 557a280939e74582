"""Export: the job writes what the command writes, and a zip of it; the dialog says on what it rests."""

from __future__ import annotations

import shutil
import zipfile

import pytest

from forecast.report.export import By, Kind
from forecast.scenario.reader import read_scenario
from forecast.ui.export import ZIP, files_of, work_report
from tests.app_pages import APP, keep_main
from tests.app_runs import ROOT, ankang


@pytest.fixture
def home(tmp_path, monkeypatch):
    keep_main(monkeypatch)
    shutil.copytree(ankang()[0], tmp_path / "home")
    monkeypatch.setenv("DABIAO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_the_job_writes_what_was_asked_for_with_the_scenario_in_use(home, monkeypatch):
    """What is asked of ``write_reports``, and the zip; the reports themselves are tested with ``dabiao report``."""
    asked = []

    def gathered(run, scenarios, *, wanted, backtest, news):
        titles = [read_scenario(one, run.dataset).title for one in scenarios]
        asked.append(("gather", run.run_id, titles, wanted, backtest, news))
        return "dossier"

    def written(dossier, out, request):
        asked.append((dossier, *sorted(request.kinds), request.by, request.pdf, request.lang))
        for kind in request.kinds:
            (out / f"{kind.value}.txt").write_text(kind.value, encoding="utf-8")
        return []

    monkeypatch.setattr("forecast.tables.dossier.gather", gathered)
    monkeypatch.setattr("forecast.report.export.write_reports", written)
    text = (ROOT / "scenarios" / "restart.yaml").read_text(encoding="utf-8")
    steps = []
    run_id = ankang()[2].run_id
    options = {"run": run_id, "kinds": ["data", "brief"], "by": "team", "pdf": True, "lang": "zh", "scenario": text}
    options |= {"backtest": "", "news": "", "place": "abc"}
    assert work_report(options, lambda *step: steps.append(step)) == {"run_id": run_id}
    assert [step[1:] for step in steps] == [(0, 3), (1, 3), (2, 3)]
    assert asked == [
        ("gather", run_id, ["可恢复停产企业10月起复产至六成"], None, None, None),
        ("dossier", Kind.BRIEF, By.TEAM, True, "zh"),
        ("dossier", Kind.DATA, None, True, "zh"),
    ]
    found = files_of("abc")
    assert [path.name for path in found] == ["brief.txt", "data.txt"]
    with zipfile.ZipFile(home / "exports" / "abc" / ZIP) as packed:
        assert packed.namelist() == ["brief.txt", "data.txt"]
        assert packed.read("brief.txt") == b"brief"


def test_files_of_an_export_that_is_gone_are_none(home):
    assert files_of("nothing") == []


def test_every_page_has_the_button_and_the_dialog_names_run_and_scenario(home):
    from streamlit.testing.v1 import AppTest

    at = AppTest.from_file(APP, default_timeout=60)
    at.query_params["scenario"] = "file:restart"
    at.run()
    assert not at.exception
    at.button(key="export").click().run()
    assert not at.exception
    text = " ".join(one.value for one in at.caption)
    assert ankang()[2].run_id in text
    assert "可恢复停产企业10月起复产至六成" in text
