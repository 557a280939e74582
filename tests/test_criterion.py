"""One criterion turns number, word, light, sentence, news and charts together, on every surface."""

from __future__ import annotations

import json
from dataclasses import replace

import openpyxl
import pytest
from typer.testing import CliRunner

from forecast.answers.attainment import attain
from forecast.answers.chances import Criterion, Status
from forecast.answers.judgement import light_ahead
from forecast.answers.scores import league
from forecast.cli import app
from forecast.report import prose
from forecast.report.brief import brief_context
from forecast.report.report_charts import chance_rows
from forecast.report.terminal import page
from forecast.tables import words
from forecast.tables.attainment import attainment_table
from forecast.tables.beside import scenario_sheet
from forecast.tables.dossier import gather
from forecast.tables.forecast import chance_sheet, forecast_sheet
from forecast.tables.leaders import leaders, lights_text
from forecast.tables.league import province_grid
from forecast.tables.news import news_blocks, news_document, news_frame, news_sheet
from forecast.tables.notes import notes
from forecast.tables.scenarios import scenario_blocks
from forecast.tables.table import Provenance, Surface, View
from tests.app_pages import keep_main, tables
from tests.app_pages import page as app_page
from tests.app_runs import ROOT, ankang
from tests.small_dataset import write_dataset
from tests.test_app_overview import told

BOTH = (Criterion.NEAR, Criterion.REACH)
SPEECH = ROOT / "scenarios" / "speech.yaml"


@pytest.fixture(scope="module")
def run():
    return ankang()[2]


@pytest.fixture(scope="module")
def dossiers(run):
    news = {c: replace(told(), criterion=c) for c in BOTH}
    return {c: gather(run.speaking(c), [SPEECH], news=news[c]) for c in BOTH}


def judged(run):
    return [row for row in run.attainment.rows if row.status is Status.JUDGED]


def test_speaking_of_a_criterion_is_what_judging_by_it_gives(run):
    for criterion in BOTH:
        config = replace(run.dataset.config, criterion=criterion.value)
        asked = attain(run.paths, run.dataset.panel, run.dataset.targets, config)
        made = run.speaking(criterion).attainment
        assert [repr(row) for row in made.rows] == [repr(row) for row in asked.rows]
        assert [(r.light, r.criterion, r.p) for r in made.rows] == [(r.light, r.criterion, r.p) for r in asked.rows]
        assert (made.hardest, made.winnable) == (asked.hardest, asked.winnable)
    assert run.speaking(None) is run


def test_near_is_the_default(run):
    assert run.attainment.criterion is Criterion.NEAR


@pytest.mark.parametrize("criterion", BOTH)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_number_word_and_light_of_a_row_speak_of_the_same_event(run, criterion, lang):
    found = run.speaking(criterion).attainment
    for surface, (one, other) in {
        Surface.TERMINAL: (f"p_{criterion}", f"p_{criterion.other}"),
        Surface.PAGE: (criterion.value, criterion.other.value),
        Surface.BRIEF: (criterion.value, criterion.other.value),
    }.items():
        made = attainment_table(found, lang=lang).grid(View(lang=lang, surface=surface))
        at = {name: made.names.index(name) for name in (one, other)}
        lights = made.names.index("light")
        if surface is not Surface.BRIEF:
            assert at[one] < at[other]
        for row, cells in zip(found.rows, made.rows, strict=True):
            if row.status is not Status.JUDGED:
                continue
            p = row.p_near if criterion is Criterion.NEAR else row.p_reach
            assert row.p == p
            assert cells[at[one]].text == words.probability(p, lang, evidence=row.evidence)
            assert cells[at[one]].below == words.band(p, lang, evidence=row.evidence)
            assert not cells[at[other]].below
            light = light_ahead(p, found.config.lights[row.target.light_rule])
            assert cells[lights].text == words.light_name(light, lang)


@pytest.mark.parametrize("criterion", BOTH)
def test_sentences_lead_with_what_is_spoken_of_and_rules_of_lights_name_it(run, criterion):
    found = run.speaking(criterion).attainment
    event = words.event_name(criterion, "zh")
    joint = found.joint(criterion)
    first = notes(found, "zh")[0]
    assert f"预计{joint.p50}项" in first
    assert f"全部{event}的可能{words.probability(joint.p_all, 'zh', evidence=joint.evidence)}" in first
    assert any(f"年终灯看{event}的概率" in note for note in notes(found, "zh"))
    assert f"年终灯看{event}全省平均或目标的概率" in lights_text(found, "ankang", "zh")
    assert leaders(found, "ankang", "zh", average=True).rows


@pytest.mark.parametrize("criterion", BOTH)
def test_workbook_brief_and_charts_turn_with_it(dossiers, criterion):
    dossier = dossiers[criterion]
    event, other = (words.event_name(one, "zh") for one in (criterion, criterion.other))
    sheet = forecast_sheet(dossier, "zh")
    names = [one.name for one in sheet.fields]
    assert names.index(f"p_{criterion}") < names.index(f"p_{criterion.other}")
    assert f"按{event}的概率" in sheet.fields[names.index("light")].meaning("zh")
    scenario = dossier.scenarios[0]
    outcomes = {words.indicator_name(o.case.target.indicator, o.case.name_zh, "zh"): o for o in scenario.outcomes
                if o.case.target.unit == "ankang" and o.case.target.kind.value == "province_average"}  # fmt: skip
    for record in sheet.records():
        if record["indicator"] in outcomes and record["scenario_p_near"] is not None:
            o = outcomes[record["indicator"]]
            shown = words.probability(o.p(criterion), "zh", evidence=o.case.evidence)
            assert record["scenario_p_near"] == shown
    chances = chance_sheet(dossier, "zh")
    assert chances.charts[0].fields == (f"exact_{criterion}", f"exact_{criterion.other}")
    assert chances.charts[0].title == f"{event}、{other}全省平均的概率"
    sides = [one.name for one in scenario_sheet(dossier, "zh").fields]
    assert sides.index(f"baseline_{criterion}") < sides.index(f"baseline_{criterion.other}")
    context = brief_context(dossier, "zh")
    assert f"灯看{event}的概率" in context["table_title"]
    assert any(f"{event}的可能" in line for line in context["advice"])
    kinds = [row["kind"] for row in chance_rows(dossier, "zh")]
    assert kinds[0] == ("达到或接近" if criterion is Criterion.NEAR else "达到")
    for group in prose.groups(dossier, "zh"):
        for goals in dossier.goals:
            row = goals.average
            if (
                row is None
                or row.p is None
                or words.indicator_name(row.target.indicator, row.name_zh, "zh") not in (group.text)
            ):
                continue
            level = words.shown_percent(row.p, row.evidence)
            if group.head.startswith("需要重点争取"):
                assert 30 <= level < 70


@pytest.mark.parametrize("criterion", BOTH)
def test_scenarios_on_a_terminal_lead_with_it(dossiers, criterion):
    blocks = scenario_blocks(dossiers[criterion].study, "zh", 120)
    made = blocks[0]
    assert made.names.index(criterion.value) < made.names.index(criterion.other.value)
    narrow = scenario_blocks(dossiers[criterion].study, "zh", 80)[0]
    assert f"change_{criterion}" in narrow.names
    assert f"change_{criterion.other}" not in narrow.names
    assert page(blocks)


@pytest.mark.parametrize("criterion", BOTH)
def test_news_never_changes_the_criterion_under_the_reader(run, dossiers, criterion):
    found = replace(told(), criterion=criterion)
    target = found.targets[0]
    ends = [
        words.probability(side.p(criterion), "zh", evidence=target.evidence) for side in (target.before, target.after)
    ]
    moved = words.level_points(target.after.p(criterion), target.before.p(criterion), evidence=target.evidence)
    table, *said = news_blocks(found, run.dataset, "zh")
    record = dict(zip(table.names, (cell.text for cell in table.rows[0]), strict=True))
    assert [record["before"], record["after"], record["points"]] == [*ends, f"{moved:+d}"]
    event = words.event_name(criterion, "zh")
    assert f"{event}的概率提高{moved}个百分点（{ends[0]}→{ends[1]}）" in record["why"]
    assert f"概率指{event}" in said[0].text
    sheet = news_sheet(dossiers[criterion], "zh").records()[0]
    assert [sheet["before"], sheet["after"], sheet["why"]] == [*ends, record["why"]]
    source = Provenance(run_id="later", data_hash="d", scenario_hash="0", model_version="0", seed=1)
    frame = news_frame(found, source)
    assert set(frame["change_points"]) == {moved}
    document = news_document(found, frame, run.dataset, "zh")
    assert document["criterion"] == criterion.value
    assert document["sentences"][0]["sentence"] == record["why"]


# The command, and the page


def invoke(*arguments: str):
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200", "LANG": "zh_CN.UTF-8", "LC_ALL": ""})


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("criterion") / "city")


def test_run_scenario_news_and_report_take_one_switch(city, tmp_path):
    ran = {}
    for criterion in BOTH:
        done = invoke("run", str(city), "--criterion", criterion.value, "--out", str(tmp_path / criterion), "--json")
        assert done.exit_code == 0, done.output
        ran[criterion] = json.loads(done.stdout)
        rows = ran[criterion]["attainment"]
        assert {row["criterion"] for row in rows} == {criterion.value}
    assert ran[Criterion.NEAR]["run_id"] != ran[Criterion.REACH]["run_id"]
    reach = {row["indicator"]: row["p_reach"] for row in ran[Criterion.REACH]["attainment"]}
    assert reach == {row["indicator"]: row["p_reach"] for row in ran[Criterion.NEAR]["attainment"]}
    kept = ran[Criterion.REACH]["run_id"]
    shown = invoke("runs", "show", kept, "--json")
    assert {row["criterion"] for row in json.loads(shown.stdout)["attainment"]} == {"reach"}
    told_of = invoke("news", str(tmp_path / "near"), str(tmp_path / "reach"), "--criterion", "near", "--json")
    assert json.loads(told_of.stdout)["criterion"] == "near"
    out = tmp_path / "report"
    done = invoke("report", kept, "--criterion", "near", "--kind", "workbook", "--out", str(out))
    assert done.exit_code == 0, done.output
    book = openpyxl.load_workbook(next(out.glob("*.xlsx")), read_only=True)
    texts = {
        str(cell.value) for name in book.sheetnames for row in book[name].iter_rows() for cell in row if cell.value
    }
    assert any("年终灯看达到或接近的概率" in text for text in texts)
    push = tmp_path / "push.yaml"
    push.write_text(
        "name: push\ntitle: 推\nactions:\n"
        "  - {type: county_push, unit: xiaocheng, indicator: ind_va, effect_pp: 3, month: 2020-10}\n",
        encoding="utf-8",
    )
    done = invoke("scenario", str(city), str(push), "--criterion", "reach", "--out", str(tmp_path / "s"))
    assert done.exit_code == 0, done.output
    assert "项达到全省平均，" in done.stdout


def test_the_page_turns_with_the_address(monkeypatch):
    keep_main(monkeypatch)
    monkeypatch.setenv("DABIAO_HOME", str(ankang()[0]))
    seen = {}
    for criterion in BOTH:
        at = app_page("overview")
        at.query_params["event"] = criterion.value
        at.run()
        assert not at.exception
        seen[criterion] = tables(at, "leaders")[0]
        text = " ".join(one.value for one in at.html)
        assert f"年终灯看{words.event_name(criterion, 'zh')}全省平均或目标的概率" in text
    heads = [[cell[0] for cell in seen[c][0]] for c in BOTH]
    assert heads[0].index("达到或接近") < heads[0].index("达到")
    assert heads[1].index("达到") < heads[1].index("达到或接近")


@pytest.mark.parametrize("criterion", BOTH)
def test_the_view_of_all_places_speaks_of_it(run, criterion):
    found = run.speaking(criterion)
    league_ = league(found.paths, found.dataset.panel, found.dataset.config)
    made = province_grid(league_, found.attainment, found.dataset.panel, View(lang="zh", surface=Surface.TERMINAL))
    if made is None:
        return
    assert f"{words.event_name(criterion, 'zh')}平均的概率" in made.caption
    rows = {(row.target.indicator, row.target.unit): row for row in found.attainment.rows if row.p is not None}
    shown = {words.probability(row.p, "zh", evidence=row.evidence) for row in rows.values()}
    cells = {cell.text for row in made.rows for cell in row[1:] if cell.text.endswith("%")}
    assert cells <= shown
