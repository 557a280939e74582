"""The command ``dabiao makeup``, its tables and its page, on a run made by hand."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from io import StringIO

import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from forecast.answers.chances import Status
from forecast.cli import app
from forecast.cli.options import Call, Ran
from forecast.plan.makeup import as_scenario, makeup
from forecast.plan.request import Form, MakeupRequest, parse_wishes
from forecast.report.files import write_tables
from forecast.report.terminal import paged
from forecast.runs.session import Session
from forecast.scenario.contributions import cases
from forecast.tables.kind import Kind
from forecast.tables.makeup import PLAN_FILE, makeup_blocks, makeup_document, makeup_tables, wish_grid
from forecast.tables.makeup_levers import SECTORS, SectorLine
from forecast.tables.makeup_words import families, lever_name, sentences, support, use_words
from forecast.tables.schema import WRITTEN, schema
from forecast.tables.table import Surface, Table, View
from forecast.texts import t
from tests.test_scenario_command import finished


@pytest.fixture(scope="module")
def run():
    return finished()


@pytest.fixture(scope="module")
def plan(run):
    world = Session(run).world
    judged = cases(run.attainment.rows, world.paths, run.dataset)
    now = next(r.p_reach for r in run.attainment.rows if r.target.indicator == "gdp")
    wishes = parse_wishes([f"gdp>={now + 0.1:.2f}", "ind_va>=0.95", "count:near>=2"], judged, city=world.city)
    return makeup(world, judged, MakeupRequest(wishes=wishes))


def shown(plan, run, width=200, lang="zh", **more):
    out = StringIO()
    Console(file=out, width=width, highlight=False).print(
        paged(lambda room: makeup_blocks(plan, run, lang, room, **more))
    )
    return out.getvalue()


def test_every_table_has_its_columns_and_the_hash_of_its_scenario(plan, run):
    frames = makeup_tables(plan, run)
    assert list(frames) == list(WRITTEN["makeup"])
    for name, frame in frames.items():
        assert list(frame.columns) == [c.name for c in schema(name)]
        assert len(frame)
        assert set(frame["scenario_hash"]) == {plan.adopted.hash}


def test_the_files_are_the_same_every_time_and_hold_the_plan(plan, run, tmp_path):
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
        write_tables(makeup_tables(plan, run), folder)
    names = sorted(p.name for p in folders[0].iterdir())
    assert names == sorted(f"{name}.csv" for name in WRITTEN["makeup"])
    for name in names:
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()
    wishes = pd.read_csv(folders[0] / "makeup_wishes.csv")
    assert wishes["wish_status"].tolist() == [w.status.value for w in plan.wishes]
    assert wishes["value_all"].tolist() == pytest.approx([w.all_draws for w in plan.wishes], abs=5e-5)
    levers = pd.read_csv(folders[0] / "makeup_levers.csv")
    assert levers["effort"].sum() == pytest.approx(plan.effort, abs=5e-4 * len(levers))


def test_no_probability_is_written_as_none_or_all(plan, run):
    indicators = makeup_tables(plan, run)["makeup_indicators"]
    for name in ("p_reach", "p_near", "p_reach_before", "p_near_before"):
        assert indicators[name].between(0.0, 1.0, inclusive="neither").all()
    text = shown(plan, run, lang="zh")
    assert not re.search(r"(?<![\d.<>])(0|100)%", text)


def test_the_document_is_one_and_holds_everything(plan, run):
    made = json.loads(json.dumps(makeup_document(plan, run), ensure_ascii=False))
    assert set(WRITTEN["makeup"]) <= set(made)
    assert made["status"] == plan.status.value
    assert made["scenario"] == as_scenario(plan)
    assert len(made["sentences"]["zh"]) == len(made["sentences"]["en"])


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_shows_the_fields_of_the_plan(plan, run, lang, width):
    text = re.sub(r"\s+", "", shown(plan, run, width=width, lang=lang))
    for row in plan.sectors:
        assert f"{row.planned_pp:.2f}" in text
    open_wish = next(w for w in plan.wishes if w.status is Status.UNREACHABLE)
    assert f"{open_wish.remaining_pp:.1f}" in text
    for line in sentences(plan, run.dataset, lang):
        assert re.sub(r"\s+", "", line) in text
    assert re.sub(r"\s+", "", t("scenario.synthetic", lang)) in text


def test_all_levers_are_listed_when_asked_for(plan, run):
    text = re.sub(r"\s+", "", shown(plan, run, width=250, lang="zh", every=True))
    for row in plan.rows:
        assert lever_name(row.lever, run.dataset, "zh") in text


def test_the_sentences_use_the_words_of_the_speech(plan, run):
    text = "".join(sentences(plan, run.dataset, "zh"))
    for word in ("补多少、济多少", "工业补", "剩余缺口", "可济上限", "无项目支撑", "设定值", "新样本"):
        assert word in text
    assert "不可达" not in text
    assert "必然" not in text


def test_families_and_uses_in_words(plan):
    for one in families(plan):
        used = [r for r in plan.rows if r.lever.family is one.family and r.use > 0.0]
        assert one.taken == sum(len(r.lever.entities) for r in used) <= one.of
        assert one.effort == pytest.approx(sum(r.effort for r in used))
    for row in plan.rows:
        assert use_words(row.lever, 0.0, "zh") == "—"
        assert use_words(row.lever, row.lever.cap, "zh") != "—"
    for row in plan.sectors:
        assert ("无项目支撑" in support(row, "zh")) == row.unsupported


@pytest.fixture
def kept(run, monkeypatch):
    monkeypatch.setattr(Call, "run", lambda call, _: Ran(call=call, run=run, kept=None))
    monkeypatch.setattr("forecast.report.files.write_run", lambda _, out, **__: out.mkdir(parents=True, exist_ok=True))
    monkeypatch.setattr("forecast.data.dataset.read_dataset", lambda _: run.dataset)
    monkeypatch.setattr("forecast.report.files.document", lambda run, _: {"run_id": run.run_id})


def call(*args):
    return CliRunner().invoke(app, ["makeup", "small", *map(str, args)])


@pytest.mark.usefixtures("kept")
def test_the_command_prints_one_document(tmp_path):
    found = call("--wish", "gdp:near>=0.8", "--json", "--out", tmp_path / "out", "--levers", "sector,bond")
    assert found.exit_code == 0, found.output
    made = json.loads(found.stdout)
    assert made["run_id"] == "small"
    assert {row["family"] for row in made["makeup"]["makeup_levers"]} <= {"sector", "bond"}
    assert (tmp_path / "out" / PLAN_FILE).is_file()


@pytest.mark.usefixtures("kept")
def test_the_command_adopts_a_scenario_and_keeps_a_budget(tmp_path):
    base = tmp_path / "base.yaml"
    base.write_text(
        "name: base\ntitle: 基础\nactions:\n  - {type: enterprise_restart, id: r, select: {status: halted}}\n",
        encoding="utf-8",
    )
    found = call("--scenario", base, "--budget", 1, "--fair", "--out", tmp_path / "out", "--lang", "zh")
    assert found.exit_code == 0, found.output
    assert "互补互济建议方案" in found.stdout


@pytest.mark.usefixtures("kept")
def test_all_slips_of_a_call_are_told_with_exit_code_2(tmp_path):
    found = call("--levers", "exit", "--difficulty", "restart=9", "--lang", "en", "--out", tmp_path / "out")
    assert found.exit_code == 2
    assert "no family of levers 'exit'" in found.stderr
    assert "restart=9" in found.stderr
    assert not (tmp_path / "out").exists()
    found = call("--wish", "gdpp>=0.3", "--wish", "gdp>=7", "--lang", "zh", "--out", tmp_path / "out")
    assert found.exit_code == 2
    assert found.stderr.count("愿望") == 2
    assert not (tmp_path / "out").exists()


def test_the_help_names_the_options():
    found = CliRunner().invoke(app, ["makeup", "--help"], env={"COLUMNS": "160"})
    assert found.exit_code == 0
    for name in ("--wish", "--levers", "--budget", "--fair", "--scenario", "--singles", "--json", "--as-of"):
        assert name in found.stdout


def test_an_expected_number_is_asked_for_as_a_number_on_screen_and_page(plan, run):
    one = [replace(w, wish=replace(w.wish, level=1.0)) if w.wish.form is Form.EXPECTED else w for w in plan.wishes]
    changed = replace(plan, wishes=tuple(one))
    at = next(k for k, w in enumerate(plan.wishes) if w.wish.form is Form.EXPECTED)
    name, asked = (cell.text for cell in wish_grid(changed, "zh").rows[at][:2])
    assert asked == "1"
    line = next(line for line in shown(changed, run, lang="zh").splitlines() if line.startswith(name[:4]))
    assert line.removeprefix(name).split()[0] == asked


def test_money_of_an_industry_is_one_number_on_screen_page_and_in_the_workbook(plan):
    table = Table(name="sectors", columns=SECTORS, rows=[SectorLine(row, plan) for row in plan.sectors])
    for name, column in (("planned_yi", "planned_yi"), ("pull_yi", "gap_yi")):
        for surface in (Surface.TERMINAL, Surface.PAGE):
            grid = table.grid(View(lang="zh", surface=surface))
            cells = [row[grid.names.index(name)].text for row in grid.rows]
            assert cells == [Kind.MONEY.shown(getattr(row, column), "zh") for row in plan.sectors]
