"""The tables of the reports: every number is that of the result tables, every formula what it says."""

from __future__ import annotations

import re

import pytest

from forecast.report.export import MAKERS, all_sheets
from forecast.tables.beside import scenario_sheet
from forecast.tables.breakdown import task_summary_sheet
from forecast.tables.forecast import chance_sheet, forecast_sheet
from forecast.tables.kind import Kind, lines_needed, text_width
from forecast.tables.monthly import KINDS, monthly_sheet
from forecast.tables.news import news_sheet
from forecast.tables.plans import plan_sheet, sector_sheet
from forecast.tables.scenarios import scenario_tables
from forecast.tables.table import Field, Sheet
from forecast.texts import LANGS, catalogue, t
from tests.report_dossier import bare, dossier, synthetic

ZH = [make(dossier(), "zh") for make in MAKERS]


def attainment():
    frame = dossier().tables["attainment"]
    mine = frame[(frame["unit"] == "ankang") & (frame["target_kind"] == "province_average")]
    return {row["name_zh"]: row for row in mine.to_dict("records")}


def test_the_forecast_table_holds_the_numbers_of_the_attainment_table():
    records = forecast_sheet(dossier(), "zh").records()
    known = attainment()
    assert [r["indicator"] for r in records] == list(known)
    for record in records:
        row = known[record["indicator"]]
        assert record["ytd_pct"] == row["ytd_growth_pct"]
        assert record["gap_pp"] == row["gap_pp"]
        assert record["year_pct"] == row["forecast_growth_pct"]
        assert record["province_pct"] == row["benchmark_forecast_pct"]
        assert record["required_pct"] == row["required_growth_pct"]
        low, high = (Kind.PERCENT.shown(row[f"forecast_{q}"], "zh") for q in ("p10", "p90"))
        months = [record[f"need_m{m}"] for m in (10, 11, 12)]
        if record["p_reach"] and float(record["p_reach"].strip("<>%")) < 50:
            assert months[-1] is not None
            assert record["need_yi"] > 0.0
        assert record["year_range"] == f"{low}～\n{high}"


def test_money_of_the_gap_is_the_gap_times_the_base():
    for record in forecast_sheet(dossier(), "zh").records():
        if record["year_gap_yi"] is not None:
            assert record["year_gap_yi"] == pytest.approx(record["year_gap_pp"] * record["base_yi"] / 100)


def test_exact_chances_are_those_of_the_attainment_table():
    exact = {r["indicator"]: r for r in chance_sheet(dossier(), "zh").records() if r["against"] == "全省平均"}
    for name, row in attainment().items():
        assert (exact[name]["exact_near"], exact[name]["exact_reach"]) == (row["p_near"], row["p_reach"])


def test_monthly_paths_are_those_of_the_paths_table():
    sheet = monthly_sheet(dossier(), "zh")
    paths = dossier().tables["paths"]
    known = {(r["indicator"], r["unit"], r["period"]): r for r in paths.to_dict("records")}
    kinds = {t(f"reports.kind_{kind}", "zh"): column for kind, column in KINDS.items()}
    names = {g.main.name_zh: g.main.target.indicator for g in dossier().goals}
    units = {"安康市": "ankang", "陕西省": "shaanxi"}
    checked = 0
    for record in sheet.records():
        for key, value in record.items():
            if re.fullmatch(r"m\d\d", key) and value is not None:
                row = known[names[record["indicator"]], units[record["place"]], f"2020-{key[1:]}"]
                assert value == row[kinds[record["kind"]]]
                checked += 1
    assert checked > 100


def test_what_is_published_is_upright_and_has_no_interval():
    sheet = monthly_sheet(dossier(), "zh")
    august = sheet.position("m08")
    for i, record in enumerate(sheet.records()):
        if record["indicator"] != "生产总值" and record["kind"] == "累计增速":
            assert (i, august) not in sheet.quiet
            assert (i, sheet.position("m12")) in sheet.quiet
        if record["kind"] == "80%区间下限":
            assert record["m08"] is None


def test_scenarios_are_those_of_the_scenario_table():
    table = scenario_tables(dossier().study)["scenarios"]
    mine = table[(table["unit"] == "ankang") & (table["target_kind"] == "province_average")]
    for k, name in enumerate(("restart", "push"), 1):
        rows = mine[mine["scenario"] == name].set_index("name_zh")
        for record in scenario_sheet(dossier(), "zh").records():
            row = rows.loc[record["indicator"]]
            assert record[f"case_pct_s{k}"] == row["forecast_growth_pct"]
            assert record[f"case_change_pp_s{k}"] == row["change_growth_pp"]


@pytest.mark.parametrize("sheet", ZH, ids=lambda sheet: sheet.name)
def test_every_formula_gives_the_number_that_stands_there(sheet):
    for record in sheet.records():
        for field in sheet.fields:
            names = re.findall(r"{(\w+)}", field.formula)
            if names and all(isinstance(record[n], int | float) for n in names):
                value = eval(field.formula.format(**{n: f"({record[n]!r})" for n in names}), {})
                assert record[field.name] == pytest.approx(value, abs=1e-9)


def test_industries_sum_to_what_the_levers_bring_to_gdp():
    for plan, record in zip(dossier().plans, plan_sheet(dossier(), "zh").records(), strict=True):
        assert record["planned_pp"] == pytest.approx(sum(r.gdp_pp for r in plan.makeup.used if r.lever.industry))
        column = sector_sheet(dossier(), "zh").column(f"planned_pp_plan_{plan.name}")
        assert record["planned_pp"] == pytest.approx(sum(column))


def test_places_and_teams_are_two_splits_of_the_same_tasks():
    sheet = task_summary_sheet(dossier(), "zh")
    columns = [f.name for f in sheet.fields if f.kind is Kind.MONEY_WAN]
    sums: dict[tuple[str, str], dict[str, int]] = {}
    for record in sheet.records():
        total = sums.setdefault((record["indicator"], record["dimension"]), dict.fromkeys(columns, 0))
        for name in columns:
            total[name] += record[name]
    found = {indicator for indicator, _ in sums}
    assert found
    for indicator in found:
        assert sums[indicator, "专班"] == sums[indicator, "全市"] == sums[indicator, "县区"]


@pytest.mark.parametrize("lang", LANGS)
def test_every_column_has_a_heading_and_a_meaning(lang):
    for sheet in all_sheets(dossier(), lang):
        assert sheet.tab
        assert sheet.title
        assert len(sheet.tab) <= 31
        for field in sheet.fields:
            assert field.heading(lang)
            assert field.meaning(lang)
            assert "{" not in field.heading(lang) + field.meaning(lang)


def test_every_sheet_says_as_of_when_it_speaks():
    assert all("截至8月" in sheet.subtitle and "2020" in sheet.title + sheet.subtitle for sheet in ZH)


def test_synthetic_ledgers_are_marked_where_they_reach_and_synthetic_figures_everywhere():
    mark = t("reports.mark_ledger", "zh")
    marked = {sheet.name for sheet in ZH if sheet.mark == mark}
    assert {"scenarios", "plans", "sectors", "levers", "tasks", "stock", "explanation"} <= marked
    filings = next(sheet for sheet in ZH if sheet.name == "filings")
    assert bool(filings.rows) is (filings.mark == mark)
    plain = {sheet.name: sheet.mark for sheet in all_sheets(bare(), "zh")}
    assert plain["forecast"] == plain["chances"] == plain["monthly"] == ""
    assert {sheet.mark for sheet in all_sheets(synthetic(), "zh")} == {t("reports.mark_data", "zh")}


def test_what_was_not_asked_for_says_how_to_get_it():
    sheets = {sheet.name: sheet for sheet in all_sheets(bare(), "zh")}
    assert "--scenario" in sheets["scenarios"].notes[0]
    assert "--backtest" in sheets["track"].notes[0]
    assert "--since" in news_sheet(bare(), "zh").notes[0]


def test_another_vintage_of_a_backtest_is_said():
    track = next(sheet for sheet in ZH if sheet.name == "track")
    assert t("reports.note_track_other", "zh") in track.notes
    assert track.records()[0]["brier"] == 0.5


def test_halves_round_away_from_zero_and_missing_is_a_dash():
    assert [Kind.PERCENT.shown(v, "zh") for v in (0.25, -0.25, -0.04, None)] == ["0.3", "-0.3", "0.0", "—"]
    assert Kind.POINTS.shown(0.05, "zh") == "+0.1"


def test_a_sheet_refuses_rows_that_do_not_fit_and_numbers_that_are_none():
    fields = (Field(name="no", kind=Kind.WHOLE),)
    head = {"name": "x", "tab": "x", "title": "x", "subtitle": "x", "fields": fields}
    with pytest.raises(ValueError, match="a row of 2 values for 1 fields"):
        Sheet(rows=((1, 2),), **head)
    with pytest.raises(ValueError, match="a number that is none"):
        Sheet(rows=((float("nan"),),), **head)


def test_chinese_takes_two_columns():
    assert text_width("汉滨ab") == 6
    assert text_width("一\n二三") == 4
    assert lines_needed("汉滨区", 4.0) == 2


def test_both_languages_have_the_same_sheets():
    zh, en = (all_sheets(dossier(), lang) for lang in LANGS)
    assert [s.name for s in zh] == [s.name for s in en]
    assert [[f.name for f in s.fields] for s in zh] == [[f.name for f in s.fields] for s in en]
    assert {k for k in catalogue("zh") if k.startswith("reports.tab_")} >= {f"reports.tab_{s.name}" for s in zh}
