"""No verdict that was not computed: what could not be counted says so, with the row to fill, on every surface."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from forecast.answers.chances import Status
from forecast.report.brief import brief_context
from forecast.report.export import all_sheets
from forecast.runs.run import Request, run
from forecast.runs.session import Session
from forecast.tables.dossier import Dossier, gather
from forecast.tables.makeup_words import said_of, sentences
from forecast.tables.notes import notes
from tests.app_pages import keep_main, page, tables
from tests.app_runs import ankang
from tests.small_dataset import write_dataset


@cache
def without(what: str) -> Dossier:
    """A city far below its province whose last year's levels, or whose ledgers, nobody filled in."""
    changes: dict[str, str | bytes | None] = {}
    if what == "bases":
        changes["bases.csv"] = None
    with tempfile.TemporaryDirectory() as folder:
        place = write_dataset(Path(folder) / "city", changes)
        session = Session(run(Request(dataset=place, draws=500)))
        wish = session.cases[0].target
        return gather(session, wishes=(f"{wish.indicator}:near>=95%",))


def told(dossier: Dossier) -> str:
    """Everything of brief and workbook about plans."""
    context = brief_context(dossier, "zh")
    sheets = {sheet.name: sheet for sheet in all_sheets(dossier, "zh")}
    rows = [str(cell) for row in sheets["plans"].rows for cell in row if cell is not None]
    return "\n".join([*context["advice"], *rows, *sheets["plans"].notes, *sheets["sectors"].notes])


def test_without_a_base_no_verdict_is_given_and_the_row_to_fill_is_named():
    dossier = without("bases")
    asked = dossier.plans[0].makeup
    (wish,) = asked.wishes
    assert wish.status is Status.NO_BASE
    assert "gdp" in wish.missing
    text = told(dossier)
    assert "未能测算" in text
    assert "bases.csv" in text
    assert "小城市生产总值2019年总量一行" in text
    assert "用足" not in "".join(brief_context(dossier, "zh")["advice"])
    assert "用足" not in sentences(asked, dossier.run.dataset, "zh")[0]


def test_numbers_of_what_measures_do_are_blank_where_none_was_counted():
    dossier = without("bases")
    sheet = next(one for one in all_sheets(dossier, "zh") if one.name == "plans")
    record = sheet.records()[0]
    assert record["status"] == "未能测算"
    assert [record[name] for name in ("after", "fresh", "ceiling", "change", "remaining_pp", "remaining_yi")] == [
        None
    ] * 6
    assert record["before"]


def test_plans_that_end_alike_are_told_once():
    context = brief_context(without("bases"), "zh")
    line = next(one for one in context["advice"] if one.startswith("互补互济测算"))
    dossier = without("bases")
    sayings = {said_of(one, dossier.run.dataset, "zh") for one in dossier.plans if one.demand}
    assert [line.count(one) for one in sayings] == [1] * len(sayings)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_and_the_terminal_say_the_same(lang):
    dossier = without("bases")
    said = sentences(dossier.plans[0].makeup, dossier.run.dataset, lang)[0]
    assert "bases.csv" in said


@cache
def ankang_dossier() -> Dossier:
    """Ankang as of August, where six indicators have no figure of the city this year."""
    return gather(ankang()[2])


def numbers(cells: Iterable[object]) -> list[float]:
    return [float(cell) for cell in cells if isinstance(cell, int | float) and not isinstance(cell, bool)]


def test_of_what_is_not_judged_no_number_but_published_ones_stands_anywhere():
    """Workbook and brief: growth to date, plan, tolerance and numbers of rows are all that a row may hold."""
    dossier = ankang_dossier()
    rows = [row for row in dossier.run.attainment.rows if row.status is Status.INSUFFICIENT]
    names = {row.name_zh for row in rows}
    assert len(names) == 6
    known = {figure.growth_pct for row in rows for figure in (row.ytd, row.benchmark_ytd) if figure}
    known |= {row.target.tolerance_pp for row in rows} | {
        row.target_value for row in rows if row.target_value is not None
    }
    known |= set(dossier.run.dataset.panel.bases["base_level_yi"].dropna())
    seen = dossier.observed
    known |= set(seen[seen["indicator"].isin({row.target.indicator for row in rows})]["value"])
    for sheet in all_sheets(dossier, "zh"):
        if sheet.name in {"data", "explanation", "naming", "interviews"}:
            continue
        for row in sheet.rows:
            if names & {str(cell) for cell in row}:
                start = 1 if sheet.fields[0].name == "no" else 0
                assert set(numbers(row[start:])) <= known, (sheet.name, row)
                assert not any("%" in str(cell) and str(cell) != "%" for cell in row), (sheet.name, row)
    for row in brief_context(dossier, "zh")["rows"]:
        if row["indicator"] in names:
            assert row["year"] == "暂不研判"
            assert {row[name] for name in ("gap", "province_year", "near", "reach", "required", "light")} == {"—"}


def test_the_page_of_what_is_not_judged_shows_the_province_alone(monkeypatch):
    keep_main(monkeypatch)
    monkeypatch.setenv("DABIAO_HOME", str(ankang()[0]))
    at = page("indicator")
    at.query_params["indicator"] = "urban_inc"
    at.run()
    assert not at.exception
    (months,) = tables(at, "months")
    heads = [part for cell in months[0] for part in cell]
    assert "陕西省" in heads
    assert "安康市" not in heads


def test_a_fit_that_failed_is_named_and_counts_in_the_line_of_diagnoses():
    found = ankang_dossier().run.attainment
    rows = tuple(
        replace(row, status=Status.NO_DRAWS, diagnostics="") if row.target.indicator == "fai" else row
        for row in found.rows
    )
    last = notes(replace(found, rows=rows), "zh")[-1]
    assert "固定资产投资（不含农户）（拟合失败）" in last
    assert "全部通过" not in last
    assert (
        "failed" not in notes(replace(found, rows=tuple(replace(r, diagnostics="failed: x") for r in rows)), "zh")[-1]
    )


def test_a_row_whose_province_published_no_growth_to_date_says_on_which_figure_it_rests():
    """Shaanxi published retail sales above the limit of single months alone: May, -1.8 %."""
    found = ankang_dossier().run.attainment
    row = next(row for row in found.rows if row.target.indicator == "retail_above" and row.benchmark)
    assert row.status is Status.JUDGED
    assert row.benchmark_ytd is None
    assert [(unit, str(figure.period), figure.growth_pct) for unit, figure in row.single] == [
        ("shaanxi", "2020-05", -1.8)
    ]
    said = "\n".join(notes(found, "zh"))
    assert "今年没有公布累计增速、依据当月增速推算的：限上消费品零售额（陕西省5月当月-1.8%）。" in said
