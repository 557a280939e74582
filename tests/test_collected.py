"""Task lists come back: every number at its task, every slip at its cell, and nothing taken over beside one."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import openpyxl
import pytest
from rich.console import Console
from typer.testing import CliRunner

from forecast.cli import app
from forecast.errors import InputError, UsageError
from forecast.periods import Month
from forecast.report.files import write_collected, write_tables
from forecast.report.task_sheet import write_task_book
from forecast.report.terminal import page
from forecast.tables.breakdown import breakdown_tables
from forecast.tables.stock import collected_blocks, collected_tables
from forecast.tables.table import Provenance
from forecast.tasks.breakdown import breakdown, stated_increment
from forecast.tasks.collected import collect, read_plan
from forecast.tasks.tasks import RECORD_SHEET
from tests import assignment_run as ar

SOURCE = Provenance(run_id="small", data_hash="a", scenario_hash="b", model_version="1", seed=7)
WORLD = ar.world()
OCTOBER = Month(2020, 10)
PLAN = breakdown(WORLD, stated_increment("fai", 6.0))


def handed_out(path, found=PLAN):
    write_task_book(path, [found], source=SOURCE, city="安康市", knowledge="截至8月", day=dt.date(2020, 9, 30))
    return path


class Filling:
    """A workbook that somebody fills in."""

    def __init__(self, path):
        self.path, self.book = path, openpyxl.load_workbook(path)
        self.sheet = self.book.worksheets[0]
        self.columns = {str(self.sheet.cell(3, c).value): c for c in range(2, self.sheet.max_column + 1)}
        self.columns["key"] = 1
        self.rows = {self.sheet.cell(r, 1).value: r for r in range(6, self.sheet.max_row + 1)}

    def put(self, key, column, value):
        cell = self.sheet.cell(self.rows[key], self.columns[column])
        cell.value = value
        return cell.coordinate

    def save(self, path=None):
        self.book.save(path or self.path)
        return path or self.path


@pytest.fixture
def filling(tmp_path):
    return Filling(handed_out(tmp_path / "tasks.xlsx"))


def problems(*paths, **options):
    with pytest.raises(InputError) as caught:
        collect(paths, **options)
    return [(p.code, p.column.rpartition("!")[2] if p.column else None) for p in caught.value.problems]


def test_a_list_that_nobody_filled_in_holds_every_task_and_no_actual(filling):
    found = collect([filling.path])
    assert len(found.reports) == len(PLAN.tasks)
    assert {r.actual_wan for r in found.reports} == {None}
    assert found.group().reported == 0
    assert found.months == ()


def test_every_actual_lands_at_its_task(filling):
    filling.put("project/p1", "actual:2020-10", 4321)
    filling.put("project/p2", "actual:2020-10", "1，234.5")
    filling.put("project/p4", "actual:2020-11", 0)
    found = {(r.key, r.month): r for r in collect([filling.save()]).reports}
    assert found["project/p1", OCTOBER].actual_wan == 4321.0
    assert found["project/p2", OCTOBER].actual_wan == 1234.5
    assert found["project/p4", Month(2020, 11)].actual_wan == 0.0
    tasks = {(t.key, t.month): t for t in PLAN.tasks}
    for at, report in found.items():
        assert (report.due_wan, report.task_wan) == (tasks[at].due_wan, tasks[at].task_wan)
        assert report.place_zh == tasks[at].place_zh


def test_rows_may_be_sorted(filling):
    filling.put("project/p1", "actual:2020-10", 4321)
    sheet = filling.sheet
    rows = [[c.value for c in sheet[r]] for r in filling.rows.values() if r < sheet.max_row]
    for r, values in zip(range(6, 6 + len(rows)), reversed(rows), strict=True):
        for column, value in enumerate(values, 1):
            sheet.cell(r, column).value = value
    found = {(r.key, r.month): r for r in collect([filling.save()]).reports}
    assert found["project/p1", OCTOBER].actual_wan == 4321.0


def test_sums_are_of_what_is_reported_against_what_was_due_of_it(filling):
    filling.put("project/p1", "actual:2020-10", 1000)
    filling.put("project/p2", "actual:2020-10", 2000)
    found = collect([filling.save()])
    due = sum(t.due_wan for t in PLAN.tasks if t.entity in ("p1", "p2") and t.month == OCTOBER)
    total = found.group()
    assert (total.rows, total.reported, total.actual_wan, total.due_reported_wan) == (5, 2, 3000.0, due)
    assert total.ratio == pytest.approx(3000.0 / due)
    assert total.behind == sum(
        actual < t.due_wan
        for t in PLAN.tasks
        for entity, actual in (("p1", 1000), ("p2", 2000))
        if t.entity == entity and t.month == OCTOBER
    )
    places = [g for g in found.groups if g.dimension == "place" and g.month is None]
    assert sum(g.actual_wan or 0.0 for g in places) == 3000.0
    assert sum(g.due_wan for g in places) == total.due_wan


def test_every_slip_is_reported_at_its_cell(filling):
    cells = [
        ("collect_number", filling.put("project/p1", "actual:2020-10", "约五百")),
        ("collect_negative", filling.put("project/p2", "actual:2020-10", -3)),
        ("collect_changed", filling.put("project/p3", "due:2020-11", 1)),
        ("collect_large", filling.put("project/p4", "actual:2020-11", 900_000_000)),
        ("collect_early", filling.put("project/p4", "actual:2020-12", 5)),
        ("formula_empty", filling.put("project/p5", "actual:2020-10", "=1+2")),
    ]
    got = problems(filling.save(), through=Month(2020, 11))
    assert sorted(got) == sorted(cells)


def test_a_row_without_its_key_is_not_guessed(filling):
    filling.put("project/p1", "actual:2020-10", 5)
    at = filling.put("project/p1", "key", None)
    assert problems(filling.save()) == [("collect_key_unknown", at)]


def test_an_actual_beside_no_task_is_reported(filling):
    row = filling.sheet.max_row + 2
    filling.sheet.cell(row, filling.columns["actual:2020-10"]).value = 77
    assert [code for code, _ in problems(filling.save())] == ["collect_key_unknown"]


def test_a_row_that_stands_twice_is_reported(filling):
    sheet, row = filling.sheet, filling.rows["project/p2"]
    for column in range(1, sheet.max_column + 1):
        sheet.cell(row, column).value = sheet.cell(filling.rows["project/p1"], column).value
    assert [code for code, _ in problems(filling.save())] == ["collect_row_twice"]


CASES = Path(__file__).parent / "data" / "cases"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("collect-key-column-gone", "collect_column_gone"),
        ("collect-key-row-gone", "collect_row_gone"),
        ("collect-rows-deleted", "collect_numbers_gone"),
    ],
)
def test_a_list_whose_structure_is_damaged_is_refused_with_what_is_missing(name, code):
    with pytest.raises(InputError) as caught:
        collect([CASES / f"{name}.xlsx"])
    assert [(p.code, p.column) for p in caught.value.problems] == [(code, "固定资产投资（不含农户）任务清单")]
    if code == "collect_numbers_gone":
        assert "7、8" in caught.value.problems[0].text("zh")


def test_the_last_rows_of_a_list_without_a_record_are_missed_by_its_own_sums(filling):
    del filling.book[RECORD_SHEET]
    meta = filling.sheet.cell(3, 1)
    meta.value = meta.value.replace('"record": true', '"record": false')
    numbered = {row: n for row in filling.rows.values() if isinstance(n := filling.sheet.cell(row, 2).value, int)}
    for row in sorted(numbered)[-2:]:
        for column in range(1, filling.sheet.max_column + 1):
            filling.sheet.cell(row, column).value = None
    with pytest.raises(InputError) as caught:
        collect([filling.save()])
    (problem,) = caught.value.problems
    assert problem.code == "collect_numbers_gone"
    assert "、".join(str(n) for n in sorted(numbered.values())[-2:]) in problem.text("zh")


def _without_key_column(filling):
    filling.sheet.delete_cols(1)


def _without_key_row(filling):
    filling.sheet.delete_rows(3)


def _without_a_month(filling):
    filling.sheet.delete_cols(filling.columns["actual:2020-11"])


def _without_rows(filling):
    filling.sheet.delete_rows(filling.rows["project/p2"])


def _without_planned(filling):
    filling.sheet.delete_cols(filling.columns["planned"])


def _without_the_sheet(filling):
    filling.book.remove(filling.sheet)


def _without_the_record(filling):
    filling.book.remove(filling.book[RECORD_SHEET])


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (_without_key_column, "collect_column_gone"),
        (_without_key_row, "collect_row_gone"),
        (_without_a_month, "collect_columns_gone"),
        (_without_rows, "collect_rows_gone"),
        (_without_planned, "collect_columns_gone"),
        (_without_the_sheet, "collect_sheet_gone"),
        (_without_the_record, "collect_record_gone"),
    ],
)
def test_whatever_was_handed_out_and_is_gone_is_named(filling, damage, code):
    filling.put("project/p1", "actual:2020-10", 4321)
    damage(filling)
    if damage is _without_the_sheet:
        filling.book.create_sheet("别的")
    with pytest.raises(InputError) as caught:
        collect([filling.save()])
    assert code in [problem.code for problem in caught.value.problems]


def test_words_and_units_of_amounts_are_understood(filling):
    filling.put("project/p1", "actual:2020-10", "未报")
    filling.put("project/p2", "actual:2020-10", "329万元")
    filling.put("project/p3", "actual:2020-10", "0.05亿元")
    filling.put("project/p4", "actual:2020-10", "—")
    filling.put(
        "project/p3",
        "due:2020-10",
        str(filling.sheet.cell(filling.rows["project/p3"], filling.columns["due:2020-10"]).value),
    )
    found = {r.key: r.actual_wan for r in collect([filling.save()]).reports if r.month == OCTOBER}
    assert (found["project/p1"], found["project/p2"], found["project/p3"], found["project/p4"]) == (
        None,
        329,
        500,
        None,
    )


def test_degrees_of_completion_and_other_units_are_refused(filling):
    percent = filling.put("project/p1", "actual:2020-10", 0.95)
    filling.sheet[percent].number_format = "0%"
    due = filling.sheet.cell(filling.rows["project/p2"], filling.columns["due:2020-10"]).value
    assert due >= 1000
    cells = [
        ("collect_percent", percent),
        ("collect_small", filling.put("project/p2", "actual:2020-10", due / 10_000)),
        ("collect_percent", filling.put("project/p3", "actual:2020-10", "95%")),
    ]
    assert sorted(problems(filling.save())) == sorted(cells)


def test_a_project_that_a_county_adds_is_shown_and_counts_towards_no_task(filling):
    before = collect([filling.path])
    row = filling.sheet.max_row + 1
    filling.sheet.cell(row, filling.columns["carrier"]).value = "新报项目"
    filling.sheet.cell(row, filling.columns["place"]).value = "汉滨区"
    filling.sheet.cell(row, filling.columns["actual:2020-10"]).value = 77
    found = collect([filling.save()])
    assert [(r.name_zh, r.place_zh, str(r.month), r.actual_wan) for r in found.new] == [
        ("新报项目", "汉滨区", "2020-10", 77.0)
    ]
    assert len(found.reports) == len(before.reports)
    console = Console(width=110, record=True)
    console.print(page(collected_blocks(found, "zh")))
    assert "新报项目" in console.export_text()


def test_two_workbooks_may_share_a_task_but_not_disagree_on_it(tmp_path, filling):
    filling.put("project/p1", "actual:2020-10", 10)
    filling.save()
    other = Filling(filling.path)
    other.put("project/p2", "actual:2020-10", 20)
    other.save(tmp_path / "other.xlsx")
    found = collect([filling.path, tmp_path / "other.xlsx"])
    assert {r.key: r.actual_wan for r in found.reports if r.actual_wan is not None} == {
        "project/p1": 10.0,
        "project/p2": 20.0,
    }
    at = other.put("project/p1", "actual:2020-10", 11)
    other.save(tmp_path / "other.xlsx")
    assert problems(filling.path, tmp_path / "other.xlsx") == [("collect_twice", at)]


def test_the_order_of_files_does_not_matter(tmp_path, filling):
    filling.put("project/p1", "actual:2020-10", 10)
    filling.save(tmp_path / "other.xlsx")
    one, other = collect([filling.path, tmp_path / "other.xlsx"]), collect([tmp_path / "other.xlsx", filling.path])
    assert [(r.key, r.month, r.actual_wan) for r in one.reports] == [
        (r.key, r.month, r.actual_wan) for r in other.reports
    ]


def test_lists_of_different_plans_are_not_mixed(tmp_path, filling):
    other = handed_out(tmp_path / "new.xlsx", breakdown(WORLD, stated_increment("fai", 7.0)))
    assert [code for code, _ in problems(filling.path, other)] == ["collect_plan_other"]


def test_other_files_are_refused_each_with_its_reason(tmp_path):
    (tmp_path / "a.csv").write_text("x", encoding="utf-8")
    openpyxl.Workbook().save(tmp_path / "b.xlsx")
    (tmp_path / "c.xlsx").write_bytes(b"no workbook")
    got = problems(tmp_path / "a.csv", tmp_path / "b.xlsx", tmp_path / "c.xlsx", tmp_path / "d.xlsx")
    assert [code for code, _ in got] == ["collect_not_xlsx", "collect_no_sheet", "xlsx_not_workbook", "file_missing"]


def test_without_a_file_there_is_nothing_to_collect():
    with pytest.raises(UsageError, match="at least one"):
        collect([])


def test_the_plan_tells_what_did_not_come_back(tmp_path):
    found = ar.assigned(indicators=("fai",), increments={"fai": stated_increment("fai", 6.0)})
    write_tables(breakdown_tables(found), tmp_path)
    plan = read_plan(tmp_path)
    mine = found.breakdowns[0]
    assert plan == {mine.plan_id: frozenset(t.key for t in mine.tasks)}
    path = handed_out(tmp_path / "tasks.xlsx", mine)
    assert collect([path], plan=plan).missing == 0
    with pytest.raises(InputError, match="another plan"):
        collect([handed_out(tmp_path / "old.xlsx", breakdown(WORLD, stated_increment("fai", 7.0)))], plan=plan)


def test_tables_carry_the_run_of_the_plan(filling):
    filling.put("project/p1", "actual:2020-10", 1000)
    tables = collected_tables(collect([filling.save()]))
    assert set(tables["collected"]["run_id"]) == {"small"}
    assert set(tables["collected_summary"]["seed"]) == {7}
    assert tables["collected"]["actual_wan"].sum() == 1000.0


def test_the_command_writes_tables_or_says_what_is_wrong(tmp_path, filling):
    filling.put("project/p1", "actual:2020-10", 1000)
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["collect", str(filling.save()), "--month", "2020-10", "--out", str(out), "--json"])
    assert done.exit_code == 0
    document = json.loads(done.stdout)
    assert [r["actual_wan"] for r in document["collected"] if r["actual_wan"] is not None] == [1000.0]
    assert sorted(p.name for p in out.iterdir()) == ["collected.csv", "collected.json", "collected_summary.csv"]
    filling.put("project/p1", "actual:2020-10", "若干")
    bad = CliRunner().invoke(app, ["collect", str(filling.save()), "--out", str(tmp_path / "none"), "--lang", "zh"])
    assert bad.exit_code == 1
    assert "若干" in bad.stderr
    assert not (tmp_path / "none").exists()
    again = CliRunner().invoke(app, ["collect", str(filling.path), "--month", "October"])
    assert again.exit_code == 2


def test_a_directory_of_something_else_is_left_alone(tmp_path, filling):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match="no directory of a collection"):
        write_collected(collect([filling.path]), tmp_path / "mine")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_terminal_shows_places_teams_and_who_is_behind(filling, lang):
    filling.put("project/p1", "actual:2020-10", 1)
    console = Console(width=110, record=True)
    console.print(page(collected_blocks(collect([filling.save()]), lang, folder="out")))
    text = console.export_text()
    for expected in ("汉滨区", "稳投资专班", ar.INJECTION[:10], "1/"):
        assert expected in text
