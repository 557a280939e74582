"""Ranks and scores on files and screens: the same numbers, and always among how many of how many."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from forecast.answers.scores import league
from forecast.report.terminal import render_league, render_province
from forecast.runs.run import Request, run
from forecast.tables.assessment import score_sentences
from forecast.tables.league import league_frames, province_grid, rank_grid, ranked_rows
from forecast.tables.schema import schema
from forecast.tables.table import Provenance, Surface, View

SOURCE = Provenance(run_id="r", data_hash="d", scenario_hash="s", model_version="0", seed=1)


@pytest.fixture(scope="module")
def hunan():
    return run(Request(dataset=Path(__file__).parent.parent / "data" / "hunan", draws=500))


def printed(renderable, width=140):
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(renderable)
    return console.export_text()


@pytest.fixture(scope="module")
def found(hunan):
    return league(hunan.paths, hunan.dataset.panel, hunan.dataset.config)


def test_files_have_a_row_for_every_city_and_indicator(hunan, found):
    frames = league_frames(found, hunan.attainment, hunan.dataset.panel, SOURCE)
    ranks, scores = frames["ranks"], frames["assessment"]
    assert list(ranks.columns) == [column.name for column in schema("ranks")]
    assert list(scores.columns) == [column.name for column in schema("assessment")]
    assert len(ranks) == 14 * len(found.ranks)
    assert len(scores) == 14
    mine = ranks[(ranks["unit"] == "shaoyang") & (ranks["indicator"] == "fai")].iloc[0]
    answer = found.of("fai", "shaoyang")
    assert mine["rank_expected"] == pytest.approx(answer.expected)
    assert mine["p_first_places"] == pytest.approx(answer.shares[:5].sum())
    total = found.scores.total[:, found.scores.units.index("shaoyang")]
    assert scores.set_index("unit").loc["shaoyang", "score_median"] == pytest.approx(np.median(total))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_screen_says_the_rank_among_how_many(hunan, found, lang):
    panel = hunan.dataset.panel
    text = printed(render_league(found, hunan.attainment, panel, lang=lang))
    assert "14" in text
    answer = found.of("ind_va", "shaoyang")
    view = View(lang=lang, surface=Surface.TERMINAL)
    grid = rank_grid(found, hunan.attainment, panel, view)
    row = next(row for row in grid.rows if str(round(answer.p10)) in row[2].below)
    assert str(answer.now) in row[1].text
    whole = "".join(text.split())
    for line in score_sentences(found, hunan.attainment, panel, lang):
        assert "".join(line.split()) in whole


def test_where_siblings_lack_figures_the_cell_says_of_how_many(hunan, found):
    rows = ranked_rows(found, hunan.attainment, hunan.dataset.panel)
    some = {name: tuple(replace(one, of=20) for one in answers) for name, answers in found.ranks.items()}
    view = View(lang="zh", surface=Surface.TERMINAL)
    grid = rank_grid(replace(found, ranks=some), hunan.attainment, hunan.dataset.panel, view)
    assert all("20个中有数的14个" in row[2].text for row in grid.rows)
    assert rows[0].first == 5


def test_the_province_at_a_glance_begins_with_who_is_at_risk(hunan, found):
    grid = province_grid(found, hunan.attainment, hunan.dataset.panel, View(lang="zh", surface=Surface.TERMINAL))
    numbers = [float(row[-2].text) for row in grid.rows]
    assert numbers == sorted(numbers)
    assert len(grid.rows) == 14
    near = {
        row.target.unit: row.p_near
        for row in hunan.attainment.rows
        if row.target.indicator == "fai" and row.p_near is not None
    }
    assert len(near) == 14
    assert render_province(found, hunan.attainment, hunan.dataset.panel, lang="en") is not None
