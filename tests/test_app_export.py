"""Export: the job writes what the command writes, and a zip of it; the dialog says on what it rests."""

from __future__ import annotations

import shutil
import zipfile

import pytest

from forecast.report.files import write_run
from forecast.ui.export_job import FOLDER, ZIP, files_of, work_report
from tests.app_pages import APP, keep_main
from tests.app_runs import ROOT, ankang


@pytest.fixture
def home(tmp_path, monkeypatch):
    keep_main(monkeypatch)
    shutil.copytree(ankang()[0], tmp_path / "home")
    monkeypatch.setenv("DABIAO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_the_files_are_those_of_the_run_with_the_scenario_in_use(home):
    text = (ROOT / "scenarios" / "restart.yaml").read_text(encoding="utf-8")
    steps = []
    run = ankang()[2]
    options = {"run": run.run_id, "kinds": ["data"], "by": "", "pdf": False, "lang": "zh", "scenario": text}
    options |= {"backtest": "", "news": "", "place": "abc"}
    assert work_report(options, lambda *step: steps.append(step)) == {"run_id": run.run_id}
    assert [step[1:] for step in steps] == [(0, 2), (1, 2)]
    out = home / "exports" / "abc"
    found = {path.name: path for path in files_of("abc")}
    with zipfile.ZipFile(out / ZIP) as packed:
        assert sorted(packed.namelist()) == sorted(path.relative_to(out / FOLDER).as_posix() for path in found.values())
        assert all(packed.read(name) == (out / FOLDER / name).read_bytes() for name in packed.namelist())
    write_run(run, home / "own")
    assert found["attainment.csv"].read_bytes() == (home / "own" / "attainment.csv").read_bytes()
    assert "restart" in found["scenarios.csv"].read_text(encoding="utf-8-sig")


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
