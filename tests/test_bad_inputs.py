"""Every kind of bad input gives a clear report in both languages, no traceback, and writes nothing."""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from forecast.data.dataset import read_dataset
from forecast.data.reading.problems import RESERVED
from forecast.data.reading.textfiles import MAX_BYTES
from forecast.errors import InputError, Problem
from tests.small_dataset import FILES, TOML, edited, with_row, write_dataset

Changes = Mapping[str, str | bytes | None]
OBS, UNITS, PROJECTS, ENTERPRISES = "observations.csv", "units.csv", "projects.csv", "enterprises.csv"
INDICATORS, TARGETS, CONFIG = "indicators.csv", "targets.csv", "dataset.toml"
NEW = len(FILES[OBS].splitlines()) + 1
"""Row of an observation that is added at the end."""


class Case(NamedTuple):
    changes: Changes
    code: str
    file: str
    row: int | None = None
    column: str | None = None
    says: str = ""


def book(rows: list[list[object]], prepare: Callable[[Workbook], None] | None = None) -> bytes:
    """A workbook with one sheet."""
    workbook = Workbook()
    sheet = workbook.active
    for row in rows:
        sheet.append(row)
    if prepare:
        prepare(workbook)
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def observation_rows() -> list[list[object]]:
    return [list(line.split(",")) for line in FILES[OBS].splitlines()]


def in_book(prepare: Callable[[Workbook], None]) -> Changes:
    return {OBS: None, "observations.xlsx": book(observation_rows(), prepare)}


def put(cell: str, value: object) -> Callable[[Workbook], None]:
    def prepare(workbook: Workbook) -> None:
        workbook.active[cell] = value

    return prepare


def add_sheet(workbook: Workbook) -> None:
    workbook.create_sheet("别的")["A1"] = "内容"


def other_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("读我.txt", "这不是工作簿")
    return buffer.getvalue()


def broken_book() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types")
        archive.writestr("xl/workbook.xml", "<workbook")
    return buffer.getvalue()


def obs(row: str) -> Changes:
    return with_row(OBS, row)


def growth(*cells: tuple[str, str]) -> Changes:
    rows = "".join(f"xixian,ind_va,{period},cum_yoy_pct,{value},,published,统计局\n" for period, value in cells)
    return {OBS: FILES[OBS] + rows}


CASES: dict[str, Case] = {
    # rows that contradict each other
    "duplicate rows that disagree": Case(
        obs("xiaocheng,ind_va,2020-08,cum_yoy_pct,-11.0,2020-09-20,published,市统计局"),
        "duplicate_disagrees",
        OBS,
        NEW,
        "value",
        "-13.6%",
    ),
    "a row twice": Case(
        obs("xiaocheng,ind_va,2020-08,cum_yoy_pct,-13.6,2020-09-20,published,市统计局"), "duplicate_same", OBS, NEW
    ),
    "two unit ids alike": Case(with_row(UNITS, "xixian,北县,county,xiaocheng,"), "id_twice", UNITS, 8, "unit"),
    "two unit names alike": Case(with_row(UNITS, "beixian,西县,county,xiaocheng,"), "name_twice", UNITS, 8, "name_zh"),
    "two project ids alike": Case(edited(PROJECTS, "p002", "p001"), "id_twice", PROJECTS, 3, "project"),
    "two enterprise ids alike": Case(edited(ENTERPRISES, "e002", "e001"), "id_twice", ENTERPRISES, 3, "enterprise"),
    "a target twice": Case(with_row(TARGETS, "xiaocheng,ind_va,plan,6,0,false,gap,会议"), "row_twice", TARGETS, 6),
    "a base twice": Case(
        with_row("bases.csv", "xiaocheng,gdp,2019,1200,,1,published,公报"), "row_twice", "bases.csv", 4
    ),
    # periods
    "a lone January": Case(
        obs("xixian,ind_va,2020-01,cum_yoy_pct,3.1,,published,统计局"), "january_alone", OBS, NEW, "period", "2020-02"
    ),
    "a quarterly indicator in a month": Case(
        obs("xixian,gdp,2020-08,cum_yoy_pct,3.1,,published,统计局"), "period_not_quarterly", OBS, NEW, "period"
    ),
    "a shifted indicator in June": Case(
        obs("xixian,service_rev,2020-06,cum_yoy_pct,3.1,,published,统计局"), "period_not_shifted", OBS, NEW, "period"
    ),
    "a period without year": Case(
        obs("xixian,ind_va,1-8月,cum_yoy_pct,3.1,,published,统计局"), "period_no_year", OBS, NEW, "period"
    ),
    "a span from March": Case(
        obs("xixian,ind_va,2020年3-8月,cum_yoy_pct,3.1,,published,统计局"), "period_span", OBS, NEW, "period"
    ),
    "a thirteenth month": Case(
        obs("xixian,ind_va,2020-13,cum_yoy_pct,3.1,,published,统计局"), "period_bad", OBS, NEW, "period"
    ),
    "an empty period": Case(obs("xixian,ind_va,,cum_yoy_pct,3.1,,published,统计局"), "period_bad", OBS, NEW, "period"),
    "a day for a period": Case(
        obs("xixian,ind_va,2026-01-08,cum_yoy_pct,3.1,,published,统计局"), "period_is_day", OBS, NEW, "period"
    ),
    "released before its period ended": Case(
        obs("xixian,ind_va,2020-11,cum_yoy_pct,3.1,2020-09-18,published,统计局"),
        "released_early",
        OBS,
        NEW,
        "released",
        "2020-11",
    ),
    "released on 30 February": Case(
        obs("xixian,ind_va,2020-08,cum_yoy_pct,3.1,2021-02-30,published,统计局"), "day_bad", OBS, NEW, "released"
    ),
    # values
    "growth of -140 %": Case(
        obs("xixian,ind_va,2020-08,cum_yoy_pct,-140,,published,统计局"), "growth_below", OBS, NEW, "value", "-140"
    ),
    "a level for growth": Case(
        obs("xixian,ind_va,2020-08,cum_yoy_pct,26181.86,,published,统计局"), "growth_above", OBS, NEW, "value"
    ),
    "growth for a level": Case(
        obs("xixian,ind_va,2020-08,level_cum,3.1%,,published,统计局"), "level_percent", OBS, NEW, "value"
    ),
    "fractions for percent": Case(
        growth(("2020-05", "-0.136"), ("2020-06", "-0.101"), ("2020-07", "0.041")),
        "fraction_growth",
        OBS,
        NEW,
        "value",
        "-13.6",
    ),
    "a level that falls": Case(
        obs("xiaocheng,ind_va,2020-08,level_cum,470,,published,市统计局"), "level_falls", OBS, NEW, "value", "480.2"
    ),
    "a sign of 3": Case(obs("xixian,ind_va,2020-08,gap_sign,3,,published,会议"), "gap_sign_bad", OBS, NEW, "value"),
    "a rank of 2.5": Case(obs("xixian,ind_va,2020-08,rank,2.5,,published,会议"), "rank_bad", OBS, NEW, "value"),
    "two points in a number": Case(
        obs("xixian,ind_va,2020-08,cum_yoy_pct,12..5,,published,统计局"), "number_bad", OBS, NEW, "value", "12..5"
    ),
    "a word for a number": Case(
        obs("xixian,ind_va,2020-08,cum_yoy_pct,大幅下降,,published,统计局"), "number_bad", OBS, NEW, "value"
    ),
    "a range for a number": Case(
        obs("xixian,ind_va,2020-08,cum_yoy_pct,6.5-7,,published,统计局"),
        "number_range_words",
        OBS,
        NEW,
        "value",
        "6.5-7",
    ),
    "a bound for a number": Case(
        obs("xixian,ind_va,2020-08,cum_yoy_pct,8%以上,,published,统计局"), "number_bound", OBS, NEW, "value"
    ),
    "points for growth": Case(
        obs("xixian,ind_va,2020-08,cum_yoy_pct,0.5个百分点,,published,统计局"), "number_points", OBS, NEW, "value"
    ),
    "a date for a number": Case(
        obs("xixian,ind_va,2020-08,cum_yoy_pct,5月1日,,published,统计局"), "number_is_date", OBS, NEW, "value"
    ),
    "a decimal comma": Case(
        obs('xixian,ind_va,2020-08,cum_yoy_pct,"8,5",,published,统计局'), "decimal_comma", OBS, NEW, "value", "8,5"
    ),
    "a level under growth": Case(
        obs("xixian,规模以上工业增加值(亿元),2020-08,cum_yoy_pct,8.5,,published,统计局"),
        "measure_contradiction",
        OBS,
        NEW,
        "measure",
        "亿元",
    ),
    "an infinite number": Case(
        obs("xixian,ind_va,2020-08,level_cum,1e999,,published,统计局"), "number_bad", OBS, NEW, "value"
    ),
    "synthetic growth of a real place": Case(
        obs("xixian,ind_va,2020-08,cum_yoy_pct,3.1,,synthetic,猜测"), "growth_synthetic", OBS, NEW, "status"
    ),
    "no source": Case(obs("xixian,ind_va,2020-08,cum_yoy_pct,3.1,,published,"), "cell_empty", OBS, NEW, "source"),
    # names
    "an unknown unit, nearly known": Case(
        obs("xixiann,ind_va,2020-08,cum_yoy_pct,3.1,,published,统计局"), "unit_near", OBS, NEW, "unit", "'xixian'"
    ),
    "an unknown unit": Case(
        obs("Paris,ind_va,2020-08,cum_yoy_pct,3.1,,published,统计局"), "unit_unknown", OBS, NEW, "unit"
    ),
    "an unknown indicator": Case(
        obs("xixian,unemployment,2020-08,cum_yoy_pct,3.1,,published,统计局"), "indicator_unknown", OBS, NEW, "indicator"
    ),
    "an unknown indicator, nearly known": Case(
        obs("xixian,ind_vaa,2020-08,cum_yoy_pct,3.1,,published,统计局"), "indicator_near", OBS, NEW, "indicator"
    ),
    "an unknown measure": Case(
        obs("xixian,ind_va,2020-08,index,103,,published,统计局"), "choice_unknown", OBS, NEW, "measure"
    ),
    "a measure nearly known": Case(
        obs("xixian,ind_va,2020-08,cum_yoy,3.1,,published,统计局"), "choice_near", OBS, NEW, "measure", "cum_yoy_pct"
    ),
    "an unknown status": Case(
        obs("xixian,ind_va,2020-08,cum_yoy_pct,3.1,,guess,统计局"), "choice_unknown", OBS, NEW, "status"
    ),
    "an unknown county of a project": Case(
        edited(PROJECTS, "dongxian", "beijing"), "county_unknown", PROJECTS, 2, "county", "shibenji"
    ),
    "the city as a county": Case(
        edited(ENTERPRISES, "dongxian", "xiaocheng"), "county_unknown", ENTERPRISES, 2, "county"
    ),
    "an unknown light rule": Case(
        edited(TARGETS, "true,gap", "true,gapp"), "light_rule_near", TARGETS, 2, "light_rule"
    ),
    "an unknown driver": Case(
        edited("industries.csv", "ind_va", "steel"), "indicator_unknown", "industries.csv", 2, "driver"
    ),
    # the tree of units
    "a cycle among parents": Case(
        edited(UNITS, "dasheng,大省,province,guojia", "dasheng,大省,province,xixian"), "units_cycle", UNITS, 3, "parent"
    ),
    "a missing parent": Case(
        edited(UNITS, "county,xiaocheng,\nxixian", "county,qqq,\nxixian"), "unit_unknown", UNITS, 5, "parent"
    ),
    "two roots": Case(edited(UNITS, "province,guojia", "province,"), "units_roots", UNITS, None, "parent", "dasheng"),
    "a county above its city": Case(
        edited(UNITS, "county,xiaocheng,\ngaoxin", "county,dongxian,\ngaoxin"), "parent_not_above", UNITS, 6, "parent"
    ),
    "a zone within an unknown county": Case(
        edited(UNITS, "xiaocheng,dongxian", "xiaocheng,nanxian9"), "unit_near", UNITS, 7, "counted_within"
    ),
    "a zone within the city": Case(
        edited(UNITS, "xiaocheng,dongxian", "xiaocheng,xiaocheng"), "within_not_county", UNITS, 7, "counted_within"
    ),
    "a county within a county": Case(
        edited(UNITS, "xixian,西县,county,xiaocheng,", "xixian,西县,county,xiaocheng,dongxian"),
        "within_not_zone",
        UNITS,
        6,
        "counted_within",
    ),
    "an unknown level": Case(edited(UNITS, "city,dasheng", "town,dasheng"), "choice_unknown", UNITS, 4, "level"),
    # profiles and shares
    "eleven months in a profile": Case(
        edited(INDICATORS, ".06;.07;", ".13;"), "profile_length", INDICATORS, 2, "profile", "11"
    ),
    "a profile that sums to 2": Case(edited(INDICATORS, ".098", "1.098"), "profile_sum", INDICATORS, 2, "profile"),
    "a negative weight": Case(edited(INDICATORS, ".06;.07", "-.06;.19"), "profile_negative", INDICATORS, 2, "profile"),
    "shares that miss 1": Case(
        edited("industries.csv", "0.4,0.4,0.4,0.4", "0.4,0.3,0.4,0.4"), "shares_sum", "industries.csv", None, "share_q2"
    ),
    "a share of 34": Case(edited("bases.csv", "34%", "34"), "fraction_range", "bases.csv", 3, "share_of_parent"),
    # targets
    "a negative tolerance": Case(edited(TARGETS, ",,2,", ",,-2,"), "tolerance_range", TARGETS, 2, "tolerance_pp"),
    "a plan without value": Case(edited(TARGETS, "plan,5", "plan,"), "target_plan_empty", TARGETS, 3, "value"),
    "a plan of -200 %": Case(edited(TARGETS, "plan,5", "plan,-200"), "target_plan_range", TARGETS, 3, "value"),
    "a value for the average": Case(
        edited(TARGETS, "province_average,,", "province_average,4.1,"), "target_value_unused", TARGETS, 2, "value"
    ),
    "positive growth of 2": Case(
        edited(TARGETS, "positive_growth,,", "positive_growth,2,"), "target_not_zero", TARGETS, 4, "value"
    ),
    "a rank of zero": Case(edited(TARGETS, "rank,3", "rank,0"), "target_rank_bad", TARGETS, 5, "value"),
    "the province against itself": Case(
        edited(TARGETS, "xiaocheng,ind_va,province", "dasheng,ind_va,province"), "target_not_below", TARGETS, 2, "unit"
    ),
    "neither yes nor no": Case(edited(TARGETS, "2,true", "2,maybe"), "choice_unknown", TARGETS, 2, "assessed"),
    # ledgers
    "a probability of 1.4": Case(
        edited(PROJECTS, ",0.8,0,", ",1.4,0,"), "fraction_range", PROJECTS, 2, "completion_prob"
    ),
    "negative money": Case(edited(PROJECTS, "6500", "-6500"), "money_negative", PROJECTS, 2, "ytd_invest_wan"),
    "completion of 140 %": Case(edited(PROJECTS, ",65,", ",140,"), "percent_range", PROJECTS, 2, "progress_pct"),
    "an impossible start": Case(edited(PROJECTS, "2020-03", "2020-33"), "month_bad", PROJECTS, 2, "start_plan"),
    "an amount without unit": Case(
        edited(PROJECTS, "total_invest_yi", "总投资"), "money_unit_missing", PROJECTS, 1, "总投资", "万元"
    ),
    "an amount in dollars": Case(
        edited(PROJECTS, "total_invest_yi", "总投资(美元)"), "money_unit_unknown", PROJECTS, 1, "总投资(美元)"
    ),
    "a restart in another year": Case(
        edited(ENTERPRISES, "2020-10,", "2021-02,"), "restart_other_year", ENTERPRISES, 2, "restart_month", "2020"
    ),
    "a ramp above 1": Case(edited(ENTERPRISES, "0.3;0.6;0.8", "0.3;1.6"), "fraction_range", ENTERPRISES, 2, "ramp"),
    "output that fell by 130 %": Case(
        edited(ENTERPRISES, "-62.5", "-130"), "output_growth_range", ENTERPRISES, 3, "ytd_growth_pct"
    ),
    # shape of a table
    "an empty file": Case({OBS: ""}, "file_empty", OBS),
    "only blanks": Case({OBS: "\n ,,\n\n"}, "file_empty", OBS),
    "header only": Case({OBS: FILES[OBS].splitlines()[0] + "\n"}, "header_only", OBS),
    "no header": Case({OBS: "\n".join(FILES[OBS].splitlines()[1:])}, "header_unknown", OBS, 1),
    "a missing column": Case(edited(OBS, "released", "remark"), "column_missing", OBS, None, "released", "发布日期"),
    "a column nearly known": Case(edited(OBS, "released", "relesed"), "column_near", OBS, 1, "relesed", "'released'"),
    "a column without its ending": Case(
        edited(PROJECTS, "progress_pct", "progress"), "column_near", PROJECTS, 1, "progress", "'progress_pct'"
    ),
    "a column twice": Case(edited(OBS, "source\n", "value\n"), "column_twice", OBS, 1, "value"),
    "a column in both languages": Case(edited(OBS, "source\n", "数值\n"), "column_twice", OBS, 1, "数值"),
    "a reserved column": Case(
        {
            OBS: "\n".join(
                line + tail for line, tail in zip(FILES[OBS].splitlines(), [",row"] + [",1"] * 99, strict=False)
            )
        },
        "column_reserved",
        OBS,
        1,
        "row",
    ),
    "growth in 亿元": Case(edited(OBS, "value", "数值(万元)"), "money_unit_here", OBS, 1, "数值(万元)"),
    "too many cells": Case(obs("xixian,ind_va,2020-08,cum_yoy_pct,1,234,,published,统计局"), "row_long", OBS, NEW),
    "too few cells": Case(obs("xixian,ind_va,2020-08,cum_yoy_pct,3.1"), "row_short", OBS, NEW),
    "a cell below no header": Case(
        {
            UNITS: FILES[UNITS]
            .replace("parent,counted_within\n", "parent,,counted_within\n")
            .replace(",\n", ",x,\n")
            .replace("xiaocheng,dongxian", "xiaocheng,,dongxian")
        },
        "cell_without_header",
        UNITS,
        2,
    ),
    "an unpaired quote": Case(obs('xixian,ind_va,2020-08,cum_yoy_pct,"3.1,,published,统计局'), "csv_broken", OBS, NEW),
    # bytes
    "a NUL byte": Case({OBS: FILES[OBS].encode().replace(b"-30.1", b"-30\x001")}, "nul_byte", OBS, 6),
    "binary junk": Case({OBS: bytes(range(1, 256)) * 4}, "encoding_unknown", OBS, 2),
    "a control character": Case({OBS: FILES[OBS].replace("-30.1", "-30\x071")}, "control_character", OBS, 6),
    "half a Chinese character": Case({OBS: FILES[OBS].encode()[:-2]}, "encoding_broken", OBS, NEW - 1),
    "an old workbook named xlsx": Case(
        {OBS: None, "observations.xlsx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)},
        "xls_broken",
        "observations.xlsx",
    ),
    "a zip named xlsx": Case({OBS: None, "observations.xlsx": other_zip()}, "xlsx_not_workbook", "observations.xlsx"),
    "a text named xlsx that is no table": Case(
        {OBS: None, "observations.xlsx": "同志们："}, "header_unknown", "observations.xlsx", 1
    ),
    "a broken workbook": Case({OBS: None, "observations.xlsx": broken_book()}, "xlsx_broken", "observations.xlsx"),
    "an empty workbook": Case({OBS: None, "observations.xlsx": book([])}, "file_empty", "observations.xlsx"),
    # cells of a workbook
    "merged cells": Case(
        in_book(lambda b: b.active.merge_cells("A2:A4")), "cells_merged", "observations.xlsx", 2, "A2:A4"
    ),
    "a formula error": Case(in_book(put("E3", "#REF!")), "cell_error", "observations.xlsx", 3, "E3", "#REF!"),
    "a division by zero": Case(in_book(put("E3", "#DIV/0!")), "cell_error", "observations.xlsx", 3, "E3", "#DIV/0!"),
    "a formula never computed": Case(
        in_book(put("E3", "=E2+1")), "formula_empty", "observations.xlsx", 3, "E3", "=E2+1"
    ),
    "two sheets": Case(in_book(add_sheet), "sheets_many", "observations.xlsx"),
    # files
    "a missing file": Case({OBS: None}, "file_missing", OBS),
    "a file nearly named": Case({OBS: None, "observation.csv": FILES[OBS]}, "file_near", "observation.csv"),
    "a table in two files": Case({"observations.xlsx": book(observation_rows())}, "file_both", OBS),
    "a named file that is not there": Case(
        {CONFIG: TOML + '\n[files]\nprojects = "项目.csv"\n'}, "file_missing", "项目.csv"
    ),
    # dataset.toml
    "broken toml": Case(edited(CONFIG, 'city = "xiaocheng"', "city = xiaocheng"), "toml_broken", CONFIG, 3),
    "toml in another encoding": Case({CONFIG: TOML.encode("gb18030")}, "toml_encoding", CONFIG, 2),
    "an unknown key": Case({CONFIG: "colour = 1\n" + TOML}, "toml_key_unknown", CONFIG, 1, "colour"),
    "a key nearly known": Case(edited(CONFIG, "as_of", "asof"), "toml_key_near", CONFIG, 6, "asof", "'as_of'"),
    "a missing key": Case(edited(CONFIG, 'city = "xiaocheng"\n', ""), "toml_key_missing", CONFIG, None, "city"),
    "a year in quotes": Case(edited(CONFIG, "2020\n", '"2020"\n'), "toml_type", CONFIG, 5, "target_year"),
    "a key of a light nearly known": Case(
        edited(CONFIG, "green_from", "green_frm"), "toml_key_near", CONFIG, 10, "lights.gap.green_frm"
    ),
    "yellow above green": Case(edited(CONFIG, "0.5", "0.9"), "lights_order", CONFIG, 10, "lights.gap.green_from"),
    "evidence upside down": Case(
        {CONFIG: TOML + "\n[evidence]\nlimited_from = 9\n"}, "evidence_order", CONFIG, 14, "evidence.limited_from"
    ),
    "an unknown table under files": Case(
        {CONFIG: TOML + '\n[files]\nprojekts = "a.csv"\n'}, "toml_key_near", CONFIG, 14, "files.projekts"
    ),
    "as_of no month": Case(edited(CONFIG, "2020-08", "八月"), "as_of_bad", CONFIG, 6, "as_of"),
    "a year of 20": Case(edited(CONFIG, "= 2020\n", "= 20\n"), "year_range", CONFIG, 5, "target_year"),
    "first action before January": Case(
        edited(CONFIG, "2020-10", "2019-12"), "first_action_outside", CONFIG, 7, "first_action_month"
    ),
    "first action after December": Case(
        edited(CONFIG, "2020-10", "2021-01"), "first_action_outside", CONFIG, 7, "first_action_month"
    ),
    "first action no month": Case(edited(CONFIG, "2020-10", "2020-1"), "month_bad", CONFIG, 7, "first_action_month"),
    "the city is no unit": Case(edited(CONFIG, '"xiaocheng"', '"xiaochen"'), "place_near", CONFIG, 3, "city"),
    "the province is no unit": Case(edited(CONFIG, '"dasheng"', '"mars"'), "place_unknown", CONFIG, 4, "province"),
    "the province is not above the city": Case(
        edited(CONFIG, '"dasheng"', '"xixian"'), "province_not_above", CONFIG, 4, "province"
    ),
}


def report_of(path: Path) -> tuple[Problem, ...]:
    """Problems of a bad data set, after checking what holds for every report."""
    folder = path if path.is_dir() else path.parent
    before = {p: p.lstat().st_mtime_ns for p in folder.rglob("*")} if folder.exists() else {}
    with pytest.raises(InputError, match="problem") as caught:
        read_dataset(path)
    after = {p: p.lstat().st_mtime_ns for p in folder.rglob("*")} if folder.exists() else {}
    assert after == before
    problems = caught.value.problems
    assert problems == tuple(sorted(problems, key=lambda p: (p.file, p.code == "more_alike", p.row or 0)))
    for lang in ("zh", "en"):
        lines = caught.value.report(lang).splitlines()
        assert len(lines) == 1 + len(problems)
        for problem, line in zip(problems, lines[1:], strict=True):
            assert problem.file in line
            assert not re.search(r"\{[a-z_]+\}", line)
            assert "None" not in line
    return problems


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_bad_input_is_reported_with_place_and_remedy(tmp_path: Path, case: Case) -> None:
    folder = write_dataset(tmp_path / "城", case.changes)
    problems = report_of(folder)
    found = [p for p in problems if p.code == case.code]
    assert found, [(p.code, p.file, p.row, p.column) for p in problems]
    assert (found[0].file, found[0].row, found[0].column) == (case.file, case.row, case.column)
    assert case.says in found[0].text("en")
    assert case.says.strip("'") in found[0].text("zh")


@pytest.mark.parametrize("name", ["growth of -140 %", "a lone January", "an unknown unit", "a probability of 1.4"])
def test_one_slip_gives_one_problem(tmp_path: Path, name: str) -> None:
    assert len(report_of(write_dataset(tmp_path, CASES[name].changes))) == 1


def test_the_content_and_not_the_name_chooses_the_reader(tmp_path: Path) -> None:
    usual = read_dataset(write_dataset(tmp_path / "a", {})).panel.observations
    for name, changes in {
        "b": {OBS: book(observation_rows())},
        "c": {OBS: None, "observations.xlsx": FILES[OBS]},
    }.items():
        found = read_dataset(write_dataset(tmp_path / name, changes)).panel.observations
        assert found["value"].tolist() == pytest.approx(usual["value"].tolist(), nan_ok=True)


def test_there_are_forty_kinds_and_more() -> None:
    assert len({case.code for case in CASES.values()}) >= 40


def test_all_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    changes = {
        **CASES["a cycle among parents"].changes,
        **CASES["growth of -140 %"].changes,
        **CASES["a probability of 1.4"].changes,
        **CASES["a negative tolerance"].changes,
        **CASES["as_of no month"].changes,
    }
    codes = {p.code for p in report_of(write_dataset(tmp_path, changes))}
    assert {"units_cycle", "growth_below", "fraction_range", "tolerance_range", "as_of_bad"} <= codes


def test_a_bad_column_does_not_hide_bad_cells(tmp_path: Path) -> None:
    text = FILES[OBS].replace("released", "relesed").replace("-30.1", "-130.1")
    assert {p.code for p in report_of(write_dataset(tmp_path, {OBS: text}))} == {"column_near", "growth_below"}


def test_a_flood_of_one_kind_is_counted(tmp_path: Path) -> None:
    rows = "".join(f"xixian,ind_va,20{y:02d}-12,cum_yoy_pct,-140,,published,局\n" for y in range(30, 80))
    problems = report_of(write_dataset(tmp_path, {OBS: FILES[OBS] + rows}))
    assert [p.code for p in problems].count("growth_below") == 20
    assert problems[-1].code == "more_alike"
    assert problems[-1].params["n"] == "30"


def test_a_huge_file_is_refused_by_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_dataset(tmp_path)
    size = 200 * 1024**2
    assert size > MAX_BYTES
    with (folder / OBS).open("r+b") as file:
        file.truncate(size)  # sparse: takes no room on the disk
    opened: list[str] = []
    real = Path.open

    def watched(self: Path, *args: object, **kwargs: object) -> object:
        opened.append(self.name)
        return real(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "open", watched)
    problems = report_of(folder)
    assert [(p.code, p.file) for p in problems] == [("file_too_large", OBS)]
    assert "200" in problems[0].text("zh")
    assert UNITS in opened
    assert OBS not in opened


def test_a_workbook_that_unpacks_to_gigabytes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecast.data.reading.textfiles.MAX_UNZIPPED_BYTES", 100)
    folder = write_dataset(tmp_path, {OBS: None, "observations.xlsx": book(observation_rows())})
    assert [p.code for p in report_of(folder)] == ["file_too_large"]


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path, {OBS: None})
    (folder / OBS).mkdir()
    assert [(p.code, p.file) for p in report_of(folder)] == [("file_is_directory", OBS)]


def test_a_pipe_in_place_of_a_file(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path, {OBS: None})
    os.mkfifo(folder / OBS)
    assert [(p.code, p.file) for p in report_of(folder)] == [("file_special", OBS)]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PermissionError(13, "Permission denied"), "file_not_permitted"),
        (OSError(5, "Input/output error"), "file_unreadable"),
        (FileNotFoundError(2, "gone"), "file_missing"),
    ],
)
def test_a_file_that_cannot_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, code: str
) -> None:
    folder = write_dataset(tmp_path)
    real = Path.open

    def refuse(self: Path, *args: object, **kwargs: object) -> object:
        if self.name == OBS:
            raise error
        return real(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "open", refuse)
    assert [(p.code, p.file) for p in report_of(folder)] == [(code, OBS)]


def test_a_folder_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_dataset(tmp_path / "locked")
    real = Path.iterdir

    def refuse(self: Path) -> object:
        if self == folder:
            raise PermissionError(13, "Permission denied")
        return real(self)

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert [p.code for p in report_of(folder)] == ["file_unreadable"]


def test_a_broken_link(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path, {OBS: None})
    (folder / OBS).symlink_to(tmp_path / "nowhere.csv")
    assert [(p.code, p.file) for p in report_of(folder)] == [("file_missing", OBS)]


def test_a_path_that_does_not_exist(tmp_path: Path) -> None:
    assert [p.code for p in report_of(tmp_path / "nowhere")] == ["path_missing"]


def test_a_folder_that_is_no_data_set(tmp_path: Path) -> None:
    assert [p.code for p in report_of(tmp_path)] == ["not_dataset_folder"]


def test_a_file_that_is_no_data_set(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("随记", encoding="utf-8")
    assert [p.code for p in report_of(tmp_path / "notes.txt")] == ["not_dataset_file"]


def test_a_folder_with_two_workbooks(tmp_path: Path) -> None:
    for name in ("甲.xlsx", "乙.xlsx"):
        (tmp_path / name).write_bytes(book([["x"]]))
    problems = report_of(tmp_path)
    assert [p.code for p in problems] == ["not_dataset_books"]
    assert "甲.xlsx" in problems[0].text("zh")


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_reserved_columns_are_refused(tmp_path: Path, name: str) -> None:
    lines = FILES[UNITS].splitlines()
    text = "\n".join([lines[0] + f",{name}", *(line + ",1" for line in lines[1:])])
    assert [p.code for p in report_of(write_dataset(tmp_path, {UNITS: text}))] == ["column_reserved"]


# nothing makes a traceback

NASTY = (
    *("", "X", "-", "0", "-1", "1e999", "nan", "true", "是", "2020-08", "2020-01", "1-8月", "2020-02-30", "9" * 400),
    *("{x}", "%", '"', '"\n"', "\n", "\r", ",", ";", "\t", "=1+1", "xiaocheng", "dasheng", "gdp", "cum_yoy_pct"),
    *("level_cum", "plan", "rank", "synthetic"),
)
VALUES = (
    *("1", "-1", "1.5", "true", '""', '"x"', '"2020-10"', "[]", "{}", "2020-10-01", "nan", "1e400"),
    *("{gap = 1}", "{a = {}}"),
)


@settings(max_examples=80)
@given(
    name=st.sampled_from([name for name in FILES if name.endswith(".csv")]),
    row=st.integers(0, 12),
    column=st.integers(0, 20),
    cell=st.sampled_from(NASTY),
)
def test_any_cell_may_hold_anything(
    tmp_path_factory: pytest.TempPathFactory, name: str, row: int, column: int, cell: str
) -> None:
    rows = [line.split(",") for line in FILES[name].splitlines()]
    cells = rows[row % len(rows)]
    cells[column % len(cells)] = cell
    accepted_or_reported(tmp_path_factory, {name: "\n".join(",".join(cells) for cells in rows)})


@settings(max_examples=60)
@given(
    name=st.sampled_from(sorted(FILES)),
    start=st.integers(0, 2000),
    length=st.integers(0, 30),
    junk=st.binary(max_size=8),
)
def test_any_bytes_may_be_damaged(
    tmp_path_factory: pytest.TempPathFactory, name: str, start: int, length: int, junk: bytes
) -> None:
    content = FILES[name].encode()
    at = start % len(content)
    accepted_or_reported(tmp_path_factory, {name: content[:at] + junk + content[at + length :]})


@settings(max_examples=60)
@given(
    key=st.sampled_from([*re.findall(r"^(\w+) =", TOML, re.MULTILINE), "files", "lights", "evidence", "synthetic"]),
    value=st.sampled_from(VALUES),
)
def test_any_key_may_have_any_value(tmp_path_factory: pytest.TempPathFactory, key: str, value: str) -> None:
    lines = [line for line in TOML.splitlines() if not line.startswith(f"{key} =")]
    if key == "lights":
        lines = lines[: lines.index("[lights.gap]")]
    accepted_or_reported(tmp_path_factory, {CONFIG: "\n".join([f"{key} = {value}", *lines])})


def accepted_or_reported(factory: pytest.TempPathFactory, changes: Changes) -> None:
    """A data set is read, or there is a report in both languages; nothing else."""
    folder = write_dataset(factory.mktemp("damaged"), changes)
    reports: list[str] = []
    problems = 0
    try:
        read = read_dataset(folder)
        assert read.config.city in read.panel.units
        assert read.panel.observations[["unit", "indicator", "measure", "status", "source"]].ne("").to_numpy().all()
        assert all(day is not None for day in read.panel.observations["released"])
    except InputError as error:
        reports = [error.report(lang) for lang in ("zh", "en")]
        problems = len(error.problems)
    assert [len(report.splitlines()) for report in reports] in ([], [problems + 1] * 2)
