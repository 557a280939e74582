"""The worksheet 任务清单: live sums, no formula from a name, the same bytes, and nothing lost in LibreOffice."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess

import openpyxl
import pytest
import xlsxwriter

from forecast.periods import Month
from forecast.report.task_sheet import write_task_book, write_task_sheet
from forecast.tables.table import Provenance
from forecast.tasks.breakdown import breakdown, stated_increment
from tests import assignment_run as ar

SOURCE = Provenance(run_id="small", data_hash="a", scenario_hash="b", model_version="1", seed=1)
WORLD = ar.world()
DAY = dt.date(2020, 9, 30)


def plan(indicator="fai", total=20.0):
    return breakdown(WORLD, stated_increment(indicator, total))


def written(path, *breakdowns, lang="zh"):
    return write_task_book(
        path, breakdowns or (plan(),), source=SOURCE, city="安康市", knowledge="截至8月", day=DAY, lang=lang
    )


def opened(path, **options):
    sheet = openpyxl.load_workbook(path, **options).worksheets[0]
    return sheet, {str(sheet.cell(3, c).value): c for c in range(2, sheet.max_column + 1)}


def test_a_row_a_carrier_with_its_months_unit_person_and_deadline(tmp_path):
    found = plan()
    sheet, columns = opened(written(tmp_path / "t.xlsx", found))
    tasks = {(t.key, t.month): t for t in found.tasks}
    keys = [sheet.cell(r, 1).value for r in range(6, sheet.max_row) if sheet.cell(r, 1).value]
    assert sorted(keys) == sorted({t.key for t in found.tasks})
    for row, key in enumerate(keys, 6):
        for month in found.months:
            task = tasks[key, month]
            assert sheet.cell(row, columns[f"due:{month}"]).value == task.due_wan
            assert sheet.cell(row, columns[f"task:{month}"]).value == task.task_wan
            assert sheet.cell(row, columns[f"actual:{month}"]).value is None
        assert (sheet.cell(row, columns["unit"]).value or "") == task.resp_unit
        assert sheet.cell(row, columns["place"]).value == task.place_zh
        last = max(t.deadline for t in found.tasks if t.key == key)
        assert sheet.cell(row, columns["deadline"]).value == last.isoformat()


def test_sums_are_live_and_equal_what_they_show(tmp_path):
    found = plan()
    path = written(tmp_path / "t.xlsx", found)
    formulas, columns = opened(path)
    values, _ = opened(path, data_only=True)
    total = formulas.max_row
    for key in (*(f"due:{m}" for m in found.months), "due:sum", "task:sum"):
        assert str(formulas.cell(total, columns[key]).value).startswith("=SUBTOTAL(9,")
    assert values.cell(total, columns["task:sum"]).value == 200_000
    assert values.cell(total, columns["due:sum"]).value == found.margin("total").due_wan
    month = Month(2020, 11)
    assert values.cell(total, columns[f"task:{month}"]).value == found.margin("total", "", month).task_wan
    assert str(formulas.cell(6, columns["due:sum"]).value).startswith("=")


def test_a_name_that_looks_like_a_formula_stays_a_text(tmp_path):
    sheet, columns = opened(written(tmp_path / "t.xlsx"))
    cells = [sheet.cell(r, columns[c]) for r in range(6, sheet.max_row) for c in ("carrier", "person")]
    texts = {c.value: c.data_type for c in cells if c.value}
    assert texts[ar.INJECTION] == "s"
    assert texts["@SUM(A1)"] == "s"


def test_keys_are_hidden_and_only_actuals_can_be_entered(tmp_path):
    sheet, columns = opened(written(tmp_path / "t.xlsx"))
    assert sheet.row_dimensions[3].hidden
    assert sheet.column_dimensions["A"].hidden
    assert sheet.protection.sheet
    assert not sheet.cell(6, columns["actual:2020-10"]).protection.locked
    assert sheet.cell(6, columns["due:2020-10"]).protection.locked


def test_the_same_plan_gives_the_same_bytes(tmp_path):
    one, other = written(tmp_path / "a.xlsx"), written(tmp_path / "b.xlsx")
    assert one.read_bytes() == other.read_bytes()


def test_synthetic_ledgers_are_marked(tmp_path):
    sheet, _ = opened(written(tmp_path / "t.xlsx"))
    assert "示例台账，仅演示，不得用于上报决策" in sheet.cell(2, 2).value


def test_what_no_ledger_supports_is_listed(tmp_path):
    sheet, columns = opened(written(tmp_path / "t.xlsx"))
    names = [sheet.cell(r, columns["carrier"]).value for r in range(6, sheet.max_row)]
    assert names.count("无项目支撑（须另行谋划）") == 3


def test_a_recipient_gets_only_its_own_rows(tmp_path):
    found = plan()
    book = xlsxwriter.Workbook(str(tmp_path / "own.xlsx"))
    place = write_task_sheet(
        book, found, source=SOURCE, city="安康市", knowledge="截至8月", tasks=found.of(place="xunyang"),
        recipient="旬阳县", name="旬阳县[任务]",
    )  # fmt: skip
    book.close()
    sheet, columns = opened(tmp_path / "own.xlsx")
    assert sheet.title == place.name == "旬阳县 任务"
    assert "旬阳县" in sheet.cell(1, 2).value
    rows = range(place.first_row, place.last_row + 1)
    assert {sheet.cell(r, columns["place"]).value for r in rows} == {"旬阳县"}
    assert place.total("due:sum") == f"'旬阳县 任务'!${place.columns['due:sum']}${place.total_row}"
    values, _ = opened(tmp_path / "own.xlsx", data_only=True)
    mine = sum(t.task_wan for t in found.of(place="xunyang"))
    assert values[f"{place.columns['task:sum']}{place.total_row}"].value == mine


def test_a_plan_without_tasks_has_no_workbook(tmp_path):
    nothing = breakdown(WORLD, stated_increment("fai", 0.0))
    assert written(tmp_path / "none.xlsx", nothing) is None
    assert not (tmp_path / "none.xlsx").exists()


def test_english_has_its_own_texts(tmp_path):
    sheet, _ = opened(written(tmp_path / "t.xlsx", lang="en"))
    assert "Fill in the yellow column" in sheet.cell(2, 2).value


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_computes_the_same_sums(tmp_path):
    """Opened and calculated anew, every sum is the one that was written, and nothing is an error."""
    found = plan()
    path = written(tmp_path / "t.xlsx", found)
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    columns = {str(sheet.cell(3, c).value): c for c in range(2, sheet.max_column + 1)}
    sheet.cell(6, columns["actual:2020-10"]).value = 100
    book.save(tmp_path / "filled.xlsx")
    out = tmp_path / "out"
    command = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", "xlsx",
               "--outdir", str(out), str(tmp_path / "filled.xlsx")]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    values, _ = opened(out / "filled.xlsx", data_only=True)
    total = values.max_row
    assert values.cell(total, columns["task:sum"]).value == 200_000
    assert values.cell(total, columns["due:sum"]).value == found.margin("total").due_wan
    assert values.cell(total, columns["actual:sum"]).value == 100
    due = values.cell(6, columns["due:2020-10"]).value
    assert values.cell(6, columns["ratio"]).value == pytest.approx(100 / due)
    assert values.cell(total, columns["ratio"]).value == pytest.approx(100 / due)
    errors = [
        c.value for row in values.iter_rows() for c in row if isinstance(c.value, str) and c.value.startswith("#")
    ]
    assert errors == []
