"""The monthly job: what is taken in, what is refused, what is written, what is said to have moved."""

from __future__ import annotations

import csv
import errno
import io
import os
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from forecast.data.dataset import read_dataset
from forecast.errors import InputError, UsageError
from forecast.report.files import answers
from forecast.runs import amend as amend_module
from forecast.runs.datasets import prepare, update
from forecast.runs.difference import Cause, compare, vintage
from forecast.runs.run import Request, run
from forecast.runs.store import Store, StoreError
from forecast.tables.moved import moved_document, moved_lines
from tests.small_dataset import FILES, write_dataset

HEAD = "unit,indicator,period,measure,value,released,status,source\n"
SEPTEMBER = (
    HEAD
    + "dasheng,ind_va,2020-09,cum_yoy_pct,1.2,2020-10-18,published,省统计局\n"
    + "xiaocheng,ind_va,2020-09,cum_yoy_pct,-11.0,,published,市统计局\n"
)


@pytest.fixture
def city(tmp_path) -> Path:
    return write_dataset(tmp_path / "city")


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """One store for all tests of the module, so that what is fitted once is fitted once."""
    return Store(tmp_path_factory.mktemp("home"))


def file(folder: Path, text: str, name: str = "new.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


def done(city: Path, files: list[Path], store: Store, **more):
    return update(Request(dataset=city, draws=250, **more), files, store=store, answers=answers)


# What is taken in


def test_new_figures_become_rows_and_rows_that_were_there_stay_byte_for_byte(city, tmp_path, store):
    before = (city / "observations.csv").read_bytes()
    finished = done(city, [file(tmp_path, SEPTEMBER)], store)
    after = (city / "observations.csv").read_bytes()
    assert after.startswith(before)
    assert after[len(before) :].decode().splitlines() == SEPTEMBER.splitlines()[1:]
    assert 'as_of = "2020-09"' in (city / "dataset.toml").read_text(encoding="utf-8")
    assert finished.run.paths.as_of.text == "2020-09"
    assert finished.after.run_id == finished.run.run_id
    assert [p.name for p in city.iterdir() if p.name.startswith(".")] == []


def test_the_same_update_again_adds_nothing_and_nothing_moves(city, tmp_path, store):
    new = file(tmp_path, SEPTEMBER)
    done(city, [new], store)
    state = contents(city)
    again = done(city, [new], store)
    assert contents(city) == state
    assert again.prepared.intake.additions == ()
    assert again.prepared.intake.unchanged == 2
    assert again.before.run_id == again.after.run_id
    assert again.moved.nothing
    assert moved_lines(again.moved, again.run.dataset, lang="zh") == ["与上次推演相比没有变化。"]


def test_a_revision_is_a_new_row_with_a_later_day(city, tmp_path):
    rows = SEPTEMBER + "xiaocheng,ind_va,2020-08,cum_yoy_pct,-13.1,,published,市统计局\n"
    prepared = prepare(city, [file(tmp_path, rows)])
    revision = prepared.intake.additions[-1]
    assert (revision.value, revision.revises) == (-13.1, -13.6)
    assert str(revision.released) == "2020-10-20", "it came out with the newest period of the file"
    told = prepare(city, [file(tmp_path, rows)], released="2020-10-25").intake.additions[-1]
    assert str(told.released) == "2020-10-25"


def test_a_revision_of_unknown_day_is_refused_with_the_remedy(city, tmp_path):
    rows = HEAD + "xiaocheng,ind_va,2020-08,cum_yoy_pct,-13.1,,published,市统计局\n"
    with pytest.raises(InputError, match=r"new.csv, row 2.*-13.1 differs from -13.6.*--released"):
        prepare(city, [file(tmp_path, rows)])
    assert prepare(city, [file(tmp_path, rows)], released="2020-10-09").intake.additions[0].revises == -13.6


def test_masked_and_known_figures_are_counted_and_left_out(city, tmp_path):
    rows = FILES["observations.csv"] + "dongxian,ind_va,2020-08,cum_yoy_pct,X,,published,市统计局\n"
    intake = prepare(city, [file(tmp_path, rows)]).intake
    assert intake.additions == ()
    known = sum(1 for line in FILES["observations.csv"].splitlines()[1:] if "X%" not in line)
    assert (intake.unchanged, intake.masked) == (known, 2)


def test_a_planners_wide_sheet_is_understood_in_its_own_words(city, tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "进度数据"
    sheet.append(["指标", "地区", "2020年1-8月", "2020年1-9月"])
    sheet.append(["规模以上工业增加值增速（%）", "全省", 0.9, 1.2])
    sheet.append(["规上工业增加值", "小城市", -13.6, -11.0])
    sheet.append(["规上工业增加值", "东县", None, -9.5])
    book.save(tmp_path / "九月.xlsx")
    prepared = prepare(city, [tmp_path / "九月.xlsx"])
    found = {(one.unit, one.indicator, str(one.period)): one.value for one in prepared.intake.additions}
    assert found == {
        ("dasheng", "ind_va", "2020-09"): 1.2,
        ("xiaocheng", "ind_va", "2020-09"): -11.0,
        ("dongxian", "ind_va", "2020-09"): -9.5,
    }
    assert prepared.intake.unchanged == 2
    assert prepared.as_of == "2020-09"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_rows_are_added_in_the_form_of_the_file(tmp_path, encoding, store):
    chinese = FILES["observations.csv"].replace("unit,indicator,period", "地区,指标,报告期").replace(",", ";")
    city = write_dataset(tmp_path / "city", {"observations.csv": chinese.replace("\n", "\r\n").encode(encoding)})
    read_dataset(city)
    done(city, [file(tmp_path, SEPTEMBER)], store)
    text = (city / "observations.csv").read_bytes().decode(encoding)
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert rows[-1][:5] == ["xiaocheng", "ind_va", "2020-09", "cum_yoy_pct", "-11.0"]
    assert len({len(row) for row in rows}) == 1
    assert text.count("\r\n") == text.count("\n")
    assert text.startswith("\ufeff") is False


def test_a_table_of_observations_in_a_workbook_grows_at_its_end(tmp_path, store):
    book = openpyxl.Workbook()
    for line in csv.reader(io.StringIO(FILES["observations.csv"])):
        book.active.append(line)
    city = write_dataset(tmp_path / "city", {"observations.csv": None})
    book.save(city / "observations.xlsx")
    done(city, [file(tmp_path, SEPTEMBER)], store)
    sheet = openpyxl.load_workbook(city / "observations.xlsx").active
    assert [cell.value for cell in sheet[sheet.max_row]][:3] == ["xiaocheng", "ind_va", "2020-09"]
    assert sheet.max_row == len(FILES["observations.csv"].splitlines()) + 2
    assert len(read_dataset(city).panel.observations) == sheet.max_row - 1


# Ledgers


def test_with_only_ledger_changes_nothing_is_refitted_and_the_line_says_so(city, tmp_path, store):
    first = done(city, [], store)
    ledger = FILES["enterprises.csv"].replace(",halted,", ",normal,").replace("-100,", "3,")
    projects = FILES["projects.csv"].replace("false,10月,false", "true,10月,true")
    files = [file(tmp_path, ledger, "enterprises.csv"), file(tmp_path, projects, "项目台账.csv")]
    second = done(city, files, store)
    assert second.run.reused == frozenset(second.run.keys)
    assert second.after.run_id != first.after.run_id
    assert second.moved.only_ledger
    assert second.moved.ledger_counts() == {"restarted": 1, "started": 1, "entered_library": 0, "other": 0}
    (line,) = moved_lines(second.moved, second.run.dataset, lang="zh")
    assert line.startswith("台账更新：复产1家，开工1个")
    assert "未重新拟合" in line
    assert second.run.attainment.rows == first.run.attainment.rows
    for name, one in first.run.paths.indicators.items():
        np.testing.assert_array_equal(second.run.paths.indicators[name].cum_yoy.values, one.cum_yoy.values)


def test_a_ledger_that_loses_and_gains_entries_says_which(city, tmp_path, store):
    done(city, [], store)
    lines = FILES["enterprises.csv"].splitlines()
    other = "\n".join([lines[0], lines[1], lines[2].replace("e002", "e003").replace("002", "003")])
    moved = done(city, [file(tmp_path, other + "\n", "enterprises.csv")], store).moved
    assert {(one.entry, one.kind) for one in moved.ledger} == {("e002", "removed"), ("e003", "added")}


# What is refused

BAD = {
    "unknown unit": ("hanbing,ind_va,2020-09,cum_yoy_pct,1.2,,published,x", "hanbing"),
    "growth below -100": ("dasheng,ind_va,2020-09,cum_yoy_pct,-140,,published,x", "-140"),
    "lone January": ("dasheng,ind_va,2021-01,cum_yoy_pct,1,,published,x", "2021-01"),
    "disagrees on the same day": ("dasheng,ind_va,2020-07,cum_yoy_pct,9.9,2020-08-18,published,x", r"new.csv, row 2"),
    "synthetic growth": ("dasheng,ind_va,2020-09,cum_yoy_pct,1.2,,synthetic,x", "synthetic"),
    "level that falls": ("xiaocheng,ind_va,2020-08,level_cum,100,,published,x", r"new.csv, row 2"),
    "released too early": ("dasheng,ind_va,2020-09,cum_yoy_pct,1.2,2020-09-10,published,x", "2020-09-10"),
    "no header": ("", "header"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_changes_nothing_and_is_named(city, tmp_path, store, case):
    row, message = BAD[case]
    text = f"{HEAD}{row}\n" if row else "a,b,c\n1,2,3\n"
    state, runs = contents(city), store.runs()
    with pytest.raises(InputError, match=message) as caught:
        done(city, [file(tmp_path, SEPTEMBER, "good.csv"), file(tmp_path, text)], store)
    assert "new.csv" in str(caught.value)
    assert contents(city) == state
    assert store.runs() == runs


def test_two_files_for_one_ledger_or_an_unreadable_day_are_refused(city, tmp_path):
    files = [file(tmp_path, FILES["projects.csv"], name) for name in ("projects1.csv", "projects2.csv")]
    with pytest.raises(InputError, match=r"projects is given by \"projects1.csv\" already"):
        prepare(city, files)
    with pytest.raises(UsageError, match="release day"):
        prepare(city, [], released="十月")
    with pytest.raises(UsageError, match="YYYY-MM"):
        prepare(city, [], as_of="十月")


def test_a_workbook_with_figures_in_grey_cells_is_refused_before_an_update(tmp_path):
    from forecast.data.starter import write_starter

    book = write_starter(tmp_path / "book", city_zh="安康市", province_zh="陕西省", year=2020)
    filled = openpyxl.load_workbook(book)
    sheet = filled["进度数据"]
    header = next(row for row in sheet.iter_rows() if any(cell.value == "指标" for cell in row))[0].row
    for row in range(header + 1, header + 3):
        for column in range(4, 8):
            sheet.cell(row, column, 1.5)
    filled.save(book)
    with pytest.raises(InputError, match=r"进度数据!D3"):
        prepare(tmp_path / "book", [file(tmp_path, SEPTEMBER)])


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_changes_nothing_or_leaves_whole_files(city, tmp_path, store, monkeypatch, step):
    new = file(tmp_path, SEPTEMBER)
    done(city, [], store)
    state = contents(city)
    for at in range(2):
        calls = iter(range(100))
        act = getattr(os if step == "fsync" else Path, step)

        def full(*arguments, real=act, at=at, calls=calls):
            if next(calls) == at:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(*arguments)

        with monkeypatch.context() as patch:
            owner = os if step == "fsync" else Path
            patch.setattr(owner, step, full)
            with pytest.raises(StoreError, match="disk is full"):
                amend_module.apply(prepare(city, [new]).amendment)
        now = contents(city)
        assert set(now) == set(state), "nothing half written is left behind"
        assert now["dataset.toml"] == state["dataset.toml"]
        assert now["observations.csv"].startswith(state["observations.csv"])
        read_dataset(city)
    finished = done(city, [new], store)
    assert finished.run.paths.as_of.text == "2020-09"


def test_a_file_changed_meanwhile_is_not_overwritten(city, tmp_path):
    prepared = prepare(city, [file(tmp_path, SEPTEMBER)])
    with (city / "observations.csv").open("a", encoding="utf-8") as rows:
        rows.write("dongxian,ind_va,2020-08,cum_yoy_pct,-3.0,,published,县统计局\n")
    state = contents(city)
    with pytest.raises(StoreError, match="changed while"):
        amend_module.apply(prepared.amendment)
    assert contents(city) == state


# What moved


def test_what_moved_names_figures_revisions_and_both_probabilities(city, tmp_path, store):
    first = done(city, [], store)
    rows = SEPTEMBER + "xiaocheng,ind_va,2020-08,cum_yoy_pct,-13.1,2020-10-20,published,市统计局\n"
    second = done(city, [file(tmp_path, rows)], store)
    moved = second.moved
    assert (moved.before, moved.after) == (first.after.run_id, second.after.run_id)
    assert moved.as_of == ("2020-08", "2020-09")
    assert {(one.unit, one.period, one.after) for one in moved.figures} == {
        ("dasheng", "2020-09", 1.2),
        ("xiaocheng", "2020-09", -11.0),
    }
    assert [(one.before, one.after) for one in moved.revisions] == [(-13.6, -13.1)]
    by_indicator = {move.indicator: move for move in moved.moves if move.target_kind == "province_average"}
    move = by_indicator["ind_va"]
    assert move.causes == (Cause.NEW_FIGURES, Cause.REVISIONS)
    for column, pair in (("p_reach", move.p_reach), ("forecast_growth_pct", move.forecast_pct)):
        for kept, value in zip((first.after, second.after), pair, strict=True):
            table = kept.table("attainment")
            row = table[(table["indicator"] == "ind_va") & (table["target_kind"] == "province_average")].iloc[0]
            assert value == row[column]
    assert move.ytd_pct == (-13.6, -11.0)
    others = [m for m in moved.moves if m.indicator != "ind_va"]
    assert others
    for other in others:  # GDP has no new figure, but is pooled with what its industries' drivers say
        same = other.p_reach[0] == other.p_reach[1] and other.forecast_pct[0] == other.forecast_pct[1]
        assert other.causes in ((Cause.NOTHING,), (Cause.LINKED,))
        assert same or other.causes == (Cause.LINKED,)
    assert second.run.reused == frozenset(second.run.keys) - {"ind_va"}


def test_another_seed_is_a_setting_that_moved_everything(city, store):
    made = [store.keep(r, answers(r)) for r in (run(Request(dataset=city, draws=250, seed=s)) for s in (1, 2))]
    moved = compare(*(vintage(kept) for kept in made))
    assert moved.settings == (("seed", "1", "2"),)
    assert {cause for move in moved.moves for cause in move.causes} == {Cause.SETTINGS}
    assert not moved.nothing


def test_the_document_for_programs_is_json(city, tmp_path, store):
    import json

    done(city, [], store)
    document = moved_document(done(city, [file(tmp_path, SEPTEMBER)], store).moved)
    read = json.loads(json.dumps(document, ensure_ascii=False))
    assert {one["released"] for one in read["figures"]} == {"2020-10-18", "2020-10-20"}
    assert read["ledger_counts"] == {"restarted": 0, "started": 0, "entered_library": 0, "other": 0}
    assert read["moves"][0]["causes"]
