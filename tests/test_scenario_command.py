"""The command ``dabiao scenario`` and the tables of a study, on a run made by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from forecast.answers.chances import Criterion
from forecast.cli import app
from forecast.draws.gdp import ERROR_CORRELATION
from forecast.report.files import write_tables
from forecast.report.terminal import page
from forecast.runs.run import Fits, Request, Run, finish
from forecast.runs.session import Session
from forecast.scenario.actions import MODELS
from forecast.tables import words
from forecast.tables.actions import contributed, explained, label, moved, shown_of
from forecast.tables.scenarios import scenario_blocks, scenario_document, scenario_tables
from forecast.texts import catalogue
from tests import handmade
from tests import scenario_world as sw

ROOT = Path(__file__).parent.parent


def finished() -> Run:
    """A run on the small city, made from its fits as every run is: figures of two units published through August."""
    one = sw.world(draws=400)
    rows = [
        handmade.observation(unit, name, f"2020-{m:02d}", 1.0)
        for unit in ("shaanxi", "ankang")
        for name in ("ind_va", "fai", "retail")
        for m in range(2, 9)
    ]
    rows += [
        handmade.observation(unit, "gdp", p, -1.0) for unit in ("shaanxi", "ankang") for p in ("2020-03", "2020-06")
    ]
    panel = replace(one.dataset.panel, observations=handmade.panel(rows).observations)
    targets = tuple(handmade.target(name) for name in ("gdp", "ind_va", "fai", "retail"))
    dataset = replace(one.dataset, panel=panel, targets=targets)
    return finish(
        Fits(paths=dict(one.paths.indicators), keys={}, order={name: np.arange(400) for name in one.paths.indicators}),
        dataset=dataset,
        as_of=one.paths.as_of,
        request=Request(dataset=Path("small")),
        run_id="small",
    )


@pytest.fixture(scope="module")
def run():
    return finished()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenarios")
    texts = {
        "restart": "name: restart\ntitle: 复产\nactions:\n"
        "  - {type: enterprise_restart, id: r, select: {status: halted}}\n",
        "push": "name: push\ntitle: 发力\nactions:\n"
        "  - {type: county_push, id: p, unit: ankang, indicator: fai, effect_pp: 20, month: 2020-10}\n",
    }
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return [str(folder / f"{name}.yaml") for name in texts]


@pytest.fixture(scope="module")
def studied(run, files):
    return Session(run).study(files)


def shown(renderable) -> str:
    console = Console(file=StringIO(), width=200)
    console.print(renderable)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_scenarios_rest_on_the_draws_of_the_run(run, studied):
    assert studied.comparison.baseline.before.indicators["fai"] is run.paths.indicators["fai"]
    assert studied.comparison.baseline.before.indicators["gdp"].diagnostics.method == "fast+bridge"
    assert [r.scenario.name for r in studied.comparison.all] == ["baseline", "restart", "push"]


def test_tables_hold_what_was_computed(studied):
    frames = scenario_tables(studied)
    rows = frames["scenarios"].set_index(["scenario", "indicator"])
    for result in studied.comparison.all:
        for o in result.outcomes:
            row = rows.loc[(result.scenario.name, o.case.target.indicator)]
            assert (row["p_reach"], row["gap_pp"], row["change_reach"]) == (o.p_reach, o.gap_pp, o.change_reach)
            assert row["scenario_hash"] == result.scenario.hash
    pairs = frames["scenario_pairs"]
    assert len(pairs) == 3 * 2 * 4
    assert set(frames["scenario_actions"]["action"]) == {"r", "p"}
    pool = frames["gdp_pool"].set_index("unit")
    assert pool.loc["ankang", "error_correlation"] == ERROR_CORRELATION
    assert set(pool.index) == {"shaanxi", "ankang"}
    drawn = studied.run.paths.indicators["gdp"].cum_yoy.isel(period=-1)
    for unit in pool.index:
        assert pool.loc[unit, "pooled_pct"] == pytest.approx(float(drawn.sel(unit=unit).mean()) * 100)


def test_the_note_of_the_pool_states_weight_and_error_correlation(studied):
    weight = studied.pool.weight
    screen = shown(page(scenario_blocks(studied, "zh", 200)))
    assert f"直接推演权重{words.percent(weight)}%，两者误差相关设为{ERROR_CORRELATION:g}" in screen.replace("\n", "")
    english = " ".join(shown(page(scenario_blocks(studied, "en", 200))).split())
    assert (
        f"weight of the direct one {words.percent(weight)} %, error correlation set to {ERROR_CORRELATION:g}" in english
    )


def test_csv_and_json_agree_and_no_probability_is_certain(studied, tmp_path):
    write_tables(scenario_tables(studied), tmp_path)
    document = scenario_document(studied)
    assert {p.stem for p in tmp_path.iterdir()} == set(document)
    text = (tmp_path / "scenario_pairs.csv").read_text(encoding="utf-8-sig")
    assert ",1.0000," not in text
    assert all(0 < r["p_better"] < 1 for r in document["scenario_pairs"])
    json.dumps(document, allow_nan=False)


def test_synthetic_rows_are_labelled_wherever_they_are_rested_on(studied):
    assert label(studied, "restart") == "示例台账，仅演示，不得用于上报决策"
    assert label(studied, "push") == ""
    assert label(studied, "baseline") == ""
    assert "示例台账，仅演示，不得用于上报决策" in shown(page(scenario_blocks(studied, "zh", 200)))


def test_the_screen_shows_every_scenario_and_every_explanation(studied):
    for lang in ("zh", "en"):
        screen = shown(page(scenario_blocks(studied, lang, 200)))
        assert all(title in screen for title in ("复产", "发力"))
        told = shown(page([*explained(studied, lang)]))
        assert "2020-10" in told
        assert "0.7" in told
        assert "r：" in told or "r:" in told


def test_conditions_reach_the_screen_and_the_tables(run, files):
    conditioned = Session(run).study(files, given=["fai.shaanxi>=-2"])
    assert conditioned.given is not None
    assert "fai.shaanxi>=-2" in shown(page(scenario_blocks(conditioned, "zh", 200)))
    assert set(scenario_tables(conditioned)["scenarios"]["given"]) == {"fai.shaanxi>=-2"}


def test_every_type_and_assumption_has_its_words():
    texts = catalogue("zh")
    assert all(f"scenario.type_{kind}" in texts for kind in MODELS)


def call(*arguments: str):
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "140", "LANG": "zh_CN.UTF-8", "LC_ALL": ""})


def test_a_bad_file_is_told_before_anything_is_fitted(tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: a\ntitle: 甲\nactions:\n  - {type: enterprise_restrat}\n", encoding="utf-8")
    result = call("scenario", str(ROOT / "data" / "ankang-2020"), str(bad))
    assert result.exit_code == 1
    assert "bad.yaml，第4行第12列" in result.stderr
    assert "enterprise_restart" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_condition_that_cannot_be_read_is_told_before_anything_is_fitted():
    file = str(ROOT / "scenarios" / "restart.yaml")
    result = call("scenario", str(ROOT / "data" / "ankang-2020"), file, "--given", "fai.shaanxi~4")
    assert result.exit_code == 2
    assert "fai.shaanxi~4" in result.stderr


def test_a_bad_file_as_json(tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: a\n", encoding="utf-8")
    result = call("scenario", str(ROOT / "data" / "ankang-2020"), str(bad), "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["problems"][0]["code"] == "field_missing"


def test_the_documentation_names_every_field_of_every_action():
    text = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    for kind, model in MODELS.items():
        section = text.split(f"### `{kind}`", 1)[1].split("\n### ", 1)[0].split("\n## ", 1)[0]
        for name in set(model.model_fields) - {"type", "id", "note", "additionality"}:
            assert f"`{name}`" in section, f"{kind}.{name}"


def test_contributions_sum_to_the_printed_change_of_growth_and_probability(studied):
    for result in studied.comparison.results:
        for criterion in Criterion:
            rows = contributed(result, studied.contributions[result.scenario.name], criterion)
            for o in result.outcomes:
                mine = [row for row in rows if row.of.case.key == o.case.key]
                shown = shown_of(rows, o.case)
                printed = words.rounded(o.change_gap_pp, 0.01)
                assert sum(row.gap_pp for row in mine) == pytest.approx(printed, abs=1e-9)
                assert sum(row.gap_pp for row in shown) == pytest.approx(printed, abs=1e-9)
                assert sum(row.points for row in shown) == int(moved(o, criterion))
