"""The workbook: the cells are the tables, formulas give what stands there, names are never formulas."""

from __future__ import annotations

import datetime as dt
import io
import re
import shutil
import subprocess
import zipfile
from functools import cache

import openpyxl
import pytest

from forecast.report.export import all_sheets
from forecast.report.word import office
from forecast.report.workbook import PAPER_NUMBERS, workbook_bytes
from forecast.tables import words
from forecast.tables.kind import Kind
from forecast.tables.notes import plain_name
from forecast.tables.table import Paper
from forecast.texts import LANGS, t
from tests.assignment_run import INJECTION
from tests.report_dossier import bare, dossier, synthetic

HEADS = 6
"""Rows above the cells at most: title, mark, subtitle, two of headings."""


@cache
def content(lang="zh"):
    return workbook_bytes(all_sheets(dossier(), lang), dossier(), lang=lang, tasks=True)


@cache
def opened(values=True):
    return openpyxl.load_workbook(io.BytesIO(content()), data_only=values)


def first_row(page, sheet):
    """Row of the first cells: below the one that holds the last heading."""
    heading = sheet.fields[-1].heading("zh")
    rows = [r for r in range(1, HEADS + 1) if page.cell(r, len(sheet.fields)).value == heading]
    grouped = any(field.group for field in sheet.fields)
    return rows[0] + (2 if grouped and not sheet.fields[-1].group else 1)


def test_the_same_dossier_gives_the_same_bytes():
    again = workbook_bytes(all_sheets(dossier(), "zh"), dossier(), lang="zh", tasks=True)
    assert again == content()
    assert opened().properties.created == dt.datetime(2020, 9, 30)


@pytest.mark.parametrize("sheet", all_sheets(dossier(), "zh"), ids=lambda sheet: sheet.name)
def test_cells_are_the_values_of_the_sheet(sheet):
    page = opened()[sheet.tab]
    start = first_row(page, sheet)
    for i, row in enumerate(sheet.rows):
        for k, value in enumerate(row):
            found = page.cell(start + i, k + 1).value
            if value is None:
                assert found in ("—", None)
            elif isinstance(value, str):
                assert (found or "") == value
            else:
                assert found == pytest.approx(value, rel=1e-14, abs=1e-14)


def test_numbers_are_shown_with_the_digits_of_their_style():
    for kind in Kind:
        assert (kind.excel != "") == (kind.places is not None)
        assert len(kind.excel.split(";")[0].partition(".")[2]) == (kind.places or 0)
    for sheet in all_sheets(dossier(), "zh"):
        page = opened()[sheet.tab]
        start = first_row(page, sheet)
        for k, field in enumerate(sheet.fields):
            if field.kind.excel and sheet.rows:
                assert page.cell(start, k + 1).number_format == field.kind.excel


def test_sums_and_differences_are_formulas():
    counts = {}
    for sheet in all_sheets(dossier(), "zh"):
        page = opened(values=False)[sheet.tab]
        counts[sheet.name] = sum(cell.data_type == "f" for row in page.iter_rows() for cell in row)
    assert min(counts[name] for name in ("forecast", "scenarios", "sectors", "tasks")) > 0
    assert counts["chances"] == counts["data"] == counts["explanation"] == 0


def test_the_gap_of_the_chances_is_the_median_of_paired_draws_and_no_difference_of_its_neighbours():
    sheet = next(one for one in all_sheets(dossier(), "zh") if one.name == "chances")
    page, start = opened()[sheet.tab], first_row(opened()[sheet.tab], sheet)
    at = [sheet.position(name) + 1 for name in ("indicator", "against", "gap")]
    shown = [tuple(page.cell(start + k, column).value for column in at) for k in range(len(sheet.rows))]
    found = {
        (plain_name(row, "zh"), words.kind_name(row.target.kind, "zh")): row.year_gap_pp
        for row in dossier().run.attainment.rows
        if row.target.unit == dossier().run.dataset.config.city
    }
    assert len(shown) == len(set(shown)) > 2
    for name, against, gap in shown:
        wanted = found[name, against]
        assert gap == ("—" if wanted is None else pytest.approx(wanted, abs=1e-12))


def test_no_name_becomes_a_formula():
    book = opened(values=False)
    texts = [
        cell
        for page in book
        for row in page.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and (INJECTION in cell.value or "@SUM" in cell.value)
    ]
    assert texts, "the names are in the task lists"
    assert all(cell.data_type == "s" for cell in texts)


def test_every_page_is_set_up_for_print():
    for sheet in all_sheets(dossier(), "zh"):
        page = opened()[sheet.tab]
        setup = page.page_setup
        assert setup.orientation == "landscape"
        assert int(setup.paperSize) == PAPER_NUMBERS[sheet.paper]
        assert (setup.fitToWidth, setup.fitToHeight) == (1 if setup.fitToWidth else None, 0) or setup.fitToWidth is None
        assert page.sheet_properties.pageSetUpPr.fitToPage
        assert page.freeze_panes is not None
        assert dossier().run.run_id in page.oddFooter.left.text
        if len(sheet.rows) > 12:
            assert page.print_title_rows
    assert {Paper.A3, Paper.A4} == {sheet.paper for sheet in all_sheets(dossier(), "zh")}


def test_lights_are_coloured_by_their_word_and_their_rule_stands_below():
    sheet = all_sheets(dossier(), "zh")[0]
    page = opened()[sheet.tab]
    rules = [rule.formula[0] for span in page.conditional_formatting for rule in span.rules]
    assert sorted(set(rules)) == sorted(f'"{t(f"glossary.light_{c}", "zh")}"' for c in ("green", "yellow", "red"))
    assert any("80%及以上为绿" in str(cell.value) for row in page.iter_rows() for cell in row)


def test_widths_hold_the_widest_number_and_chinese_wraps_within_its_row():
    for sheet in all_sheets(dossier(), "zh"):
        page = opened()[sheet.tab]
        start = first_row(page, sheet)
        for k, field in enumerate(sheet.fields):
            width = page.column_dimensions[openpyxl.utils.get_column_letter(k + 1)].width
            for i, value in enumerate(sheet.column(field.name)):
                if isinstance(value, int | float) and field.kind.places is not None:
                    assert len(f"{value:.{field.kind.places}f}") < width, "#### otherwise"
                assert page.row_dimensions[start + i].height >= 18


def test_the_mark_stands_on_every_sheet_of_a_synthetic_data_set():
    made = workbook_bytes(all_sheets(synthetic(), "zh"), synthetic(), lang="zh")
    for page in openpyxl.load_workbook(io.BytesIO(made)):
        if not page._charts:
            assert t("reports.mark_data", "zh") in [page.cell(row, 1).value for row in range(1, 4)]
        assert t("reports.mark_data", "zh") in page.oddFooter.left.text


def test_charts_are_native_and_hold_cells():
    charts = [chart for page in opened() for chart in page._charts]
    assert len(charts) == 1 + sum(g.main.forecast is not None for g in dossier().goals)
    with zipfile.ZipFile(io.BytesIO(content())) as archive:
        for name in archive.namelist():
            if re.match(r"xl/charts/chart\d+\.xml", name):
                text = archive.read(name).decode()
                assert text.count("<c:val><c:numRef><c:f>") == text.count("<c:val>") > 0


@pytest.mark.parametrize("lang", LANGS)
def test_both_languages_open(lang):
    book = openpyxl.load_workbook(io.BytesIO(content(lang)))
    assert book.sheetnames[0] == t("reports.tab_forecast", lang)
    assert workbook_bytes(all_sheets(bare(), lang), bare(), lang=lang)


@pytest.mark.skipif(office() is None, reason="LibreOffice is not installed")
def test_libreoffice_recalculates_every_formula_to_the_computed_value(tmp_path):
    """Cached values are taken out, so that what comes back was computed from the cells."""
    path = tmp_path / "book.xlsx"
    with zipfile.ZipFile(io.BytesIO(content())) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name.startswith("xl/worksheets/"):
                part = re.sub(rb"(<f>[^<]*</f>)<v>[^<]*</v>", rb"\1", part)
            new.writestr(name, part)
    profile = (tmp_path / "profile").as_uri()
    command = [
        office(),
        f"-env:UserInstallation={profile}",
        "--headless",
        "--convert-to",
        "xlsx:Calc MS Excel 2007 XML",
    ]
    subprocess.run(
        [*command, "--outdir", str(tmp_path / "out"), str(path)], check=True, capture_output=True, timeout=120
    )
    again = openpyxl.load_workbook(tmp_path / "out" / "book.xlsx", data_only=True)
    checked = 0
    for page in opened(values=False):
        for row in page.iter_rows():
            for cell in row:
                if cell.data_type != "f":
                    continue
                before = opened()[page.title][cell.coordinate].value
                after = again[page.title][cell.coordinate].value
                if isinstance(before, int | float):
                    assert after == pytest.approx(before, abs=1e-9), (page.title, cell.coordinate)
                    checked += 1
                else:
                    assert (after or "") == (before or "")
    assert checked > 30
    shutil.rmtree(tmp_path / "profile", ignore_errors=True)


def test_a_cell_without_value_is_never_a_nought():
    sheet = next(s for s in all_sheets(bare(), "zh") if s.name == "forecast")
    plans = sheet.column("plan_pct")
    assert set(plans) == {None}
    assert sheet.fields[sheet.position("plan_pct")].kind is Kind.PERCENT
