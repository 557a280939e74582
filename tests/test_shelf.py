"""Data sets that the app keeps: versions, taken back, never on top of another's."""

from __future__ import annotations

import pytest

from forecast.data.dataset import read_dataset
from forecast.data.panel import known
from forecast.data.starter import write_starter
from forecast.errors import InputError
from forecast.periods import AsOf
from forecast.runs.datasets import Shelf, preview, whole
from forecast.runs.store import ConflictError, StoreError, identity_of
from tests.app_pages import filled_book
from tests.small_dataset import FILES, write_dataset

HEAD = "unit,indicator,period,measure,value,released,status,source\n"
SEPTEMBER = f"{HEAD}xiaocheng,ind_va,2020-09,cum_yoy_pct,-12.5,2020-10-20,published,市统计局\n".encode()
REVISED = f"{HEAD}xiaocheng,ind_va,2020-08,cum_yoy_pct,-13.0,2020-10-20,published,市统计局\n".encode()


@pytest.fixture
def small(tmp_path):
    return whole(write_dataset(tmp_path / "small"))


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "home")


@pytest.fixture
def starter(tmp_path):
    """Workbook to fill in, of a city that is none."""
    book = write_starter(tmp_path / "city", city_zh="甲市", province_zh="乙省", year=2020, as_of="2020-08")
    return book.read_bytes()


def latest(shelf, name):
    version = shelf.current(name)
    return read_dataset(shelf.folder(name, version.version))


def test_a_preview_keeps_nothing_and_says_what_would_change(small, shelf, tmp_path):
    before = small.dataset.data_hash
    made = preview({"new.csv": SEPTEMBER}, small.dataset)
    assert [(one.unit, one.value, one.revises) for one in made.prepared.intake.additions] == [
        ("xiaocheng", -12.5, None)
    ]
    assert made.dataset.config.as_of == "2020-09"
    assert made.dataset.data_hash != before
    assert read_dataset(tmp_path / "small").data_hash == before
    assert shelf.names() == []


def test_versions_follow_one_another_and_the_last_can_be_taken_back(small, shelf):
    name = shelf.name_of(identity_of(small.dataset))
    first = shelf.add(small, author="甲", based_on=0)
    made = preview({"new.csv": SEPTEMBER}, latest(shelf, name))
    second = shelf.add(made, author="乙", based_on=first.version)
    assert (second.version, second.parent, second.files) == (2, 1, ("new.csv",))
    assert latest(shelf, name).data_hash == made.dataset.data_hash == second.data_hash
    assert shelf.undo(name, based_on=2) == first
    assert latest(shelf, name).data_hash == small.dataset.data_hash
    assert [one.version for one in shelf.versions(name)] == [2, 1]
    third = shelf.add(preview({"r.csv": REVISED}, latest(shelf, name)), author="乙", based_on=1)
    assert (third.version, third.parent) == (3, 1)
    assert shelf.names() == [name]


def test_the_first_version_has_none_before_it(small, shelf):
    shelf.add(small, author="甲", based_on=0)
    assert shelf.undo(shelf.name_of(identity_of(small.dataset)), based_on=1) is None


def test_two_who_begin_from_the_same_version_cannot_both_follow_it(small, shelf):
    name = shelf.name_of(identity_of(small.dataset))
    shelf.add(small, author="甲", based_on=0)
    one = preview({"new.csv": SEPTEMBER}, latest(shelf, name))
    other = preview({"r.csv": REVISED}, latest(shelf, name))
    shelf.add(one, author="甲", based_on=1)
    with pytest.raises(ConflictError, match="甲"):
        shelf.add(other, author="乙", based_on=1)
    with pytest.raises(ConflictError, match="2"):
        shelf.undo(name, based_on=1)
    assert latest(shelf, name).data_hash == one.dataset.data_hash


def test_a_bad_file_tells_every_problem_with_its_place(small):
    rows = (
        "xiaochen,ind_va,2020-09,cum_yoy_pct,-12.5,,published,x",
        "xiaocheng,ind_va,2020-13,cum_yoy_pct,1,,published,x",
    )
    bad = HEAD + "\n".join(rows) + "\n"
    with pytest.raises(InputError) as caught:
        preview({"new.csv": bad.encode()}, small.dataset)
    assert {(one.file, one.row) for one in caught.value.problems} >= {("new.csv", 2), ("new.csv", 3)}


def test_a_whole_data_set_may_be_uploaded_as_its_files(small):
    made = preview({name: text.encode() for name, text in FILES.items()}, None)
    assert made.prepared is None
    assert made.dataset.data_hash == small.dataset.data_hash


def known_figure(dataset, period):
    """Released value of the city's industrial growth as the data set knows it; None where it has none."""
    table = known(dataset.panel, AsOf.parse(dataset.config.as_of)).astype({"period": str})
    rows = table[
        (table["unit"] == dataset.config.city) & (table["indicator"] == "ind_va") & (table["period"] == period)
    ]
    return rows["value"].iloc[-1] if len(rows) else None


def test_a_workbook_is_a_data_set_of_its_own_and_is_replaced_as_a_whole(shelf, starter):
    with pytest.raises(InputError) as caught:
        preview({"进度数据.xlsx": starter}, None)
    assert all("进度数据.xlsx" in one.file for one in caught.value.problems)
    filled = filled_book(starter)
    made = preview({"进度数据.xlsx": filled}, None)
    shelf.add(made, author="甲", based_on=0)
    now = latest(shelf, shelf.name_of(identity_of(made.dataset)))
    again = preview({"改好.xlsx": filled}, now)
    assert again.prepared is None
    assert again.dataset.data_hash == now.data_hash


def test_a_workbook_takes_the_file_of_a_month_as_its_next_version_and_can_be_taken_back(shelf, starter):
    first = shelf.add(made := preview({"进度数据.xlsx": filled_book(starter)}, None), author="甲", based_on=0)
    name = shelf.name_of(identity_of(made.dataset))
    now = latest(shelf, name)
    month = SEPTEMBER.decode().replace("xiaocheng", "甲市").encode()
    taken = preview({"new.csv": month}, now)
    assert taken.prepared is not None
    assert [(one.unit, one.value, one.revises) for one in taken.prepared.intake.additions] == [
        (now.config.city, -12.5, None)
    ]
    second = shelf.add(taken, author="乙", based_on=first.version)
    after = latest(shelf, name)
    assert (known_figure(now, "2020-09"), known_figure(after, "2020-09")) == (None, -12.5)
    assert known_figure(after, "2020-08") == known_figure(now, "2020-08")
    assert after.config.as_of == "2020-09"
    assert list(taken.contents) == list(made.contents), "it is still one workbook"
    assert preview({"new.csv": month}, after).prepared.intake.additions == ()
    assert shelf.undo(name, based_on=second.version) == first
    assert latest(shelf, name).data_hash == now.data_hash


def test_a_place_that_a_workbook_does_not_know_is_named_with_its_row(shelf, starter):
    now = preview({"进度数据.xlsx": filled_book(starter)}, None).dataset
    shelf.add(preview({"进度数据.xlsx": filled_book(starter)}, None), author="甲", based_on=0)
    now = latest(shelf, shelf.name_of(identity_of(now)))
    with pytest.raises(InputError) as caught:
        preview({"new.csv": SEPTEMBER}, now)
    (problem,) = caught.value.problems
    assert (problem.file, problem.row, problem.column) == ("new.csv", 2, "unit")
    assert "xiaocheng" in problem.text("zh")
    assert "“地区”表" in problem.text("zh"), "a planner with a workbook has no units.csv"


@pytest.mark.parametrize("name", ["", "..", "a/b", ".x", "a\\b"])
def test_a_name_never_leads_out_of_the_shelf(shelf, name):
    with pytest.raises(StoreError, match="id"):
        shelf.versions(name)


def test_a_damaged_list_of_versions_is_told(small, shelf):
    name = shelf.name_of(identity_of(small.dataset))
    shelf.add(small, author="甲", based_on=0)
    (shelf.root / name / "head.json").write_text("{", encoding="utf-8")
    with pytest.raises(StoreError, match=r"head\.json"):
        shelf.current(name)
