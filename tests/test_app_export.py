"""Export: the job writes what the command writes, and a zip of it; the dialog says on what it rests."""

from __future__ import annotations

import shutil
import zipfile

import pytest
from docx import Document
from openpyxl import load_workbook

from forecast.report.export import By, Kind
from forecast.runs.session import PlanOf, Session
from forecast.runs.store import Store
from forecast.scenario.reader import read_scenario
from forecast.tables import words
from forecast.tables.makeup_words import level_words, plan_said, wish_name
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

    def gathered(run, scenarios, *, wanted, backtest, news, **more):
        titles = [read_scenario(one, run.dataset).title for one in scenarios]
        asked.append(("gather", run.run_id, titles, wanted, backtest, news, more))
        return "dossier"

    def written(dossier, out, request):
        asked.append((dossier, *sorted(request.kinds), request.by, request.pdf, request.lang))
        for kind in request.kinds:
            (out / f"{kind.value}.txt").write_text(kind.value, encoding="utf-8")
        return []

    monkeypatch.setattr("forecast.tables.dossier.gather", gathered)
    monkeypatch.setattr("forecast.report.export.write_reports", written)
    text = (ROOT / "scenarios" / "restart.yaml").read_text(encoding="utf-8")
    more = {"wishes": ["gdp:near>=0.3", "fai>=0.2"], "settings": "fair=1", "beyond": True, "given": ["fai.shaanxi>=4"]}
    steps = []
    run_id = ankang()[2].run_id
    options = {"run": run_id, "kinds": ["data", "brief"], "by": "team", "pdf": True, "lang": "zh", "scenario": text}
    options |= {"backtest": "", "news": "", "place": "abc"}
    options["asked"] = {"wish": "gdp:near>=0.3;fai>=0.2", "levers": "fair=1", "beyond": "1", "given": "fai.shaanxi>=4"}
    assert work_report(options, lambda *step: steps.append(step)) == {"run_id": run_id}
    assert [step[1:] for step in steps] == [(0, 3), (1, 3), (2, 3)]
    assert asked == [
        ("gather", run_id, ["可恢复停产企业10月起复产至六成"], None, None, None, more),
        ("dossier", Kind.BRIEF, By.TEAM, True, "zh"),
        ("dossier", Kind.DATA, None, True, "zh"),
    ]
    found = files_of("abc")
    assert [path.name for path in found] == ["brief.txt", "data.txt"]
    with zipfile.ZipFile(home / "exports" / "abc" / ZIP) as packed:
        assert packed.namelist() == ["brief.txt", "data.txt"]
        assert packed.read("brief.txt") == b"brief"


def test_reports_are_made_with_the_wishes_conditions_and_locks_of_the_page_and_say_so(home, tmp_path):
    """As the worker does it, from what the address of another browser holds."""
    text = (ROOT / "scenarios" / "restart.yaml").read_text(encoding="utf-8")
    asked = {"wish": "fai:near>=0.3;ind_va:near>=0.2", "levers": "levers=restart,sector", "beyond": "1"}
    asked |= {"given": "fai.shaanxi>=4", "locks": "fai/hanbin=5", "task": "fai"}
    run_id = ankang()[2].run_id
    options = {"run": run_id, "kinds": ["workbook", "brief", "scheme"], "by": "", "pdf": False, "lang": "zh"}
    options |= {"scenario": text, "backtest": "", "news": "", "place": "wishes", "asked": asked}
    work_report(options, lambda *_: None)
    paths = {path.suffix + path.name[:14]: path for path in files_of("wishes")}
    book = load_workbook(next(path for name, path in paths.items() if name.startswith(".xlsx")))
    lab = Session(Store(home).open(run_id).run())
    scenario = read_scenario(home / "exports" / "wishes" / "scenario.yaml", lab.dataset)
    plan = lab.plan(lab.request(asked["wish"].split(";"), asked["levers"], scenario=scenario))
    rows = [[cell.value for cell in row] for row in book["互补互济建议方案"].iter_rows()]
    mine = [row for row in rows if str(row[0]).startswith("本次要求方案")]
    assert [row[1] for row in mine] == [wish_name(wish, "zh") for wish in plan.wishes]
    assert [row[4] for row in mine] == [level_words(plan, wish, wish.all_draws, "zh") for wish in plan.wishes]
    assert all("在情景“可恢复停产企业10月起复产至六成”之上" in row[0] for row in mine)
    told = next(found for found in [lab.explored(asked["given"])])
    given = [[cell.value for cell in row] for row in book["条件推演"].iter_rows()]
    fai = next(row for row in given if row[1] == "固定资产投资（不含农户）")
    after = next(o for o in told.after if o.case.key == ("fai", "ankang", "province_average"))
    assert round(fai[9], 1) == round(after.gap_pp, 1)
    assert fai[10] == words.probability(after.p_near, "zh", evidence=after.case.evidence)
    for path in (path for name, path in paths.items() if name.startswith(".docx")):
        body = "\n".join(one.text for one in Document(str(path)).paragraphs)
        assert "本次要求" in body, path.name
    brief = next(path for path in paths.values() if "专报" in path.name)
    said = "\n".join(one.text for one in Document(str(brief)).paragraphs)
    assert "陕西省固定资产投资（不含农户）全年不低于+4.0%" in said
    assert plan_said(PlanOf(name="asked", demand=None, makeup=plan), lab.dataset, "zh") in said
    tasks = [[cell.value for cell in row] for row in book["任务分解表"].iter_rows()]
    locked = next(row for row in tasks if row[2] == "汉滨区" and "投资" in str(row[0]))
    assert 50_000 in locked


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
