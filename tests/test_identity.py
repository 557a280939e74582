"""A city is itself: runs, shelves, notices and links of two cities whose data sets have one name never mix."""

from __future__ import annotations

import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from forecast.cli import app
from forecast.data.dataset import read_dataset
from forecast.errors import UsageError
from forecast.runs.datasets import HEAD, Shelf, preview, whole
from forecast.runs.difference import compare, vintage
from forecast.runs.store import Header, Store, identity_of
from forecast.runs.store.disk import Staging
from forecast.runs.store.registry import SCHEMA, earlier, newer
from tests.app_pages import keep_main
from tests.small_dataset import FILES, TOML, write_dataset

APP = str(Path(__file__).parent.parent / "app.py")
NEW = """unit,indicator,period,measure,value,released,status,source
dasheng,ind_va,2020-09,cum_yoy_pct,1.2,2020-10-18,published,省统计局
xiaocheng,ind_va,2020-09,cum_yoy_pct,-11.0,2020-10-20,published,市统计局
"""


def city(folder: Path, name: str, province: str = "大省", **more: str) -> Path:
    """A data set that is called as every other, ``small``, of a city of its own."""
    units = FILES["units.csv"].replace("小城市", name).replace("大省", province)
    toml = TOML.replace("小城2020年", f"{name}2020年")
    return write_dataset(folder, {"units.csv": units, "dataset.toml": toml, **more})


def call(home: Path, *arguments: str, code: int = 0, **more: str) -> str:
    environment = {"COLUMNS": "200", "LANG": "zh_CN.UTF-8", "LC_ALL": "", "DABIAO_HOME": str(home)} | more
    result = CliRunner().invoke(app, list(arguments), env=environment)
    assert result.exit_code == code, result.output
    return result.stdout + result.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """One store; 甲市 run as of August and then updated to September, and 乙市, whose data set has the same name."""
    place = tmp_path_factory.mktemp("cities")
    for name in ("甲市", "乙市"):
        city(place / name, name)
        call(place / "home", "run", str(place / name), "--json")
    (place / "new.csv").write_text(NEW, encoding="utf-8")
    return place


@pytest.fixture
def two(made, tmp_path):
    """A copy of the two cities and their store."""
    shutil.copytree(made, tmp_path / "two")
    return tmp_path / "two"


def of(home: Path, name: str) -> list[Header]:
    return [one for one in Store(home).runs() if one.place == name]


def test_runs_of_one_name_are_told_apart_by_place(two):
    headers = Store(two / "home").runs()
    assert {one.dataset for one in headers} == {"small"}
    assert [one.place for one in headers] == ["乙市", "甲市"]
    assert len({one.identity for one in headers}) == 2
    for name in ("甲市", "乙市"):
        identity = identity_of(read_dataset(two / name))
        assert [one.place for one in Store(two / "home").runs(of=identity)] == [name]


def test_a_province_tells_cities_of_one_name_apart_too(two):
    other = identity_of(read_dataset(city(two / "other", "甲市", province="小省")))
    assert Store(two / "home").runs(of=other) == []


def test_the_list_of_runs_names_city_and_month(two):
    listed = call(two / "home", "runs", "list")
    assert "甲市" in listed
    assert "乙市" in listed
    assert "2020-08" in listed
    found = json.loads(call(two / "home", "runs", "list", "--json"))["runs"]
    assert {(one["place"], one["province"], one["target_year"]) for one in found} == {
        ("甲市", "大省", 2020),
        ("乙市", "大省", 2020),
    }


def test_an_update_compares_with_the_citys_own_run(two):
    """乙市's run is the newer one of the store, and is never taken for 甲市's."""
    text = call(two / "home", "update", str(two / "甲市"), str(two / "new.csv"), "--why", "--json")
    moved = json.loads(text[text.index("{") : text.rindex("}") + 1])["moved"]
    assert moved["before"] == of(two / "home", "甲市")[-1].run_id
    assert moved["after"] == of(two / "home", "甲市")[0].run_id


def test_an_update_of_a_city_without_a_run_is_run_as_it_was_before(two):
    city(two / "丙市", "丙市")
    text = call(two / "home", "update", str(two / "丙市"), str(two / "new.csv"), "--json")
    moved = json.loads(text[text.index("{") : text.rindex("}") + 1])["moved"]
    assert {moved["before"], moved["after"]} == {one.run_id for one in of(two / "home", "丙市")}


@pytest.mark.parametrize("command", [("runs", "diff"), ("news",)])
def test_runs_of_two_cities_are_not_compared(two, command):
    a, b = (of(two / "home", name)[0].run_id for name in ("甲市", "乙市"))
    assert "甲市 2020; 乙市 2020" in call(two / "home", *command, a, b, code=2)


def test_a_comparison_by_a_program_is_refused_alike(two):
    store = Store(two / "home")
    sides = [vintage(store.open(of(two / "home", name)[0].run_id)) for name in ("甲市", "乙市")]
    with pytest.raises(UsageError, match="乙市"):
        compare(*sides)


def test_surplus_is_counted_for_each_city(two):
    assert Store(two / "home").surplus(keep=1) == []


def test_newer_and_earlier_runs_are_of_the_same_city_and_of_data_that_count(two):
    (a,), (b,) = of(two / "home", "甲市"), of(two / "home", "乙市")
    later = replace(a, run_id="later", as_of="2020-09", data_hash="other", kept_at=b.kept_at)
    kept = [later, b, a]
    assert newer(a, kept) is later
    assert newer(b, kept) is None
    assert earlier(later, kept) is a
    assert earlier(replace(b, as_of="2020-09"), [a]) is None
    assert newer(a, kept, frozenset({"other"})) is None
    assert earlier(later, kept, frozenset({a.data_hash})) is None


# The shelf


def test_shelves_of_two_cities_and_of_two_provinces_are_two(two):
    shelf = Shelf(two / "home")
    sets = [read_dataset(two / name) for name in ("甲市", "乙市")]
    sets.append(read_dataset(city(two / "other", "甲市", province="小省")))
    assert len({shelf.name_of(identity_of(one)) for one in sets}) == 3


def test_a_shelf_of_an_earlier_program_is_found_again(two):
    shelf, identity = Shelf(two / "home"), identity_of(read_dataset(two / "甲市"))
    shelf.add(whole(two / "甲市"), author="甲", based_on=0)
    old = two / "home" / "datasets" / "甲市2020年"
    (two / "home" / "datasets" / shelf.name_of(identity)).rename(old)
    head = json.loads((old / HEAD).read_text(encoding="utf-8"))
    del head["identity"]
    (old / HEAD).write_text(json.dumps(head), encoding="utf-8")
    assert shelf.name_of(identity) == "甲市2020年"
    assert shelf.current(shelf.name_of(identity)) is not None
    assert shelf.name_of(identity_of(read_dataset(two / "乙市"))) != "甲市2020年"


def test_a_version_that_was_taken_back_is_undone_until_it_comes_again(two):
    shelf, identity = Shelf(two / "home"), identity_of(read_dataset(two / "甲市"))
    shelf.add(whole(two / "甲市"), author="甲", based_on=0)
    name = shelf.name_of(identity)
    second = shelf.add(preview({"new.csv": NEW.encode()}, read_dataset(shelf.folder(name, 1))), author="甲", based_on=1)
    assert shelf.undone(identity) == frozenset()
    shelf.undo(name, based_on=2)
    assert shelf.undone(identity) == {second.data_hash}
    shelf.add(preview({"new.csv": NEW.encode()}, read_dataset(shelf.folder(name, 1))), author="甲", based_on=1)
    assert shelf.undone(identity) == frozenset()


# Stores of earlier versions


def as_schema_2(home: Path) -> None:
    """The store as the second schema wrote it: data sets by name alone, in manifests and in the registry."""
    for folder in (home / "runs").iterdir():
        manifest = json.loads((folder / "manifest.json").read_bytes())
        (folder / "manifest.json").unlink()
        staged = Staging(folder)
        staged.files = manifest["files"]
        staged.seal({k: v for k, v in manifest.items() if k not in ("files", "checksum", "identity")})
    connection = sqlite3.connect(home / "registry.sqlite")
    for column in ("place", "province", "target_year"):
        connection.execute(f"ALTER TABLE runs DROP COLUMN {column}")
    connection.execute("UPDATE meta SET value = '2' WHERE key = 'schema'")
    connection.commit()
    connection.close()


def test_a_store_of_the_second_schema_tells_its_cities_apart_again(two):
    as_schema_2(two / "home")
    store = Store(two / "home")
    assert [one.place for one in store.runs()] == ["乙市", "甲市"]
    assert {one.target_year for one in store.runs()} == {2020}
    assert not any(store.verify().values())
    assert store.open(store.runs()[0].run_id).header == store.runs()[0]
    assert [one.place for one in Store(two / "home").runs(of=identity_of(read_dataset(two / "甲市")))] == ["甲市"]
    with sqlite3.connect(two / "home" / "registry.sqlite") as connection:
        assert connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone() == (str(SCHEMA),)
    connection.close()


def as_schema_3(home: Path) -> None:
    """The store as the third schema wrote it: scenarios by name alone."""
    connection = sqlite3.connect(home / "registry.sqlite")
    connection.executescript("""
        DROP TABLE scenario_versions;
        CREATE TABLE scenario_versions (
            name VARCHAR(120) NOT NULL, version INTEGER NOT NULL, status VARCHAR(20) NOT NULL,
            author VARCHAR(120) NOT NULL, saved_at VARCHAR(40) NOT NULL, content_hash VARCHAR(64) NOT NULL,
            text TEXT NOT NULL, PRIMARY KEY (name, version));
        INSERT INTO scenario_versions VALUES
            ('push', 1, 'draft', '甲', '2026-01-01T00:00:00.000000+00:00', 'a', 'name: push
dataset: small
'),
            ('other', 1, 'draft', '甲', '2026-01-01T00:00:00.000000+00:00', 'b', 'name: other
dataset: elsewhere
');
        UPDATE meta SET value = '3' WHERE key = 'schema';
    """)
    connection.commit()
    connection.close()


def test_scenarios_of_one_name_are_each_citys_own(two):
    store = Store(two / "home")
    ours, theirs = (store.scenarios_of(identity_of(read_dataset(two / name))) for name in ("甲市", "乙市"))
    ours.save("push", "name: push\ndataset: small\n", author="甲", based_on=0)
    assert theirs.names() == []
    theirs.save("push", "name: push\ndataset: small\ntitle: 乙\n", author="乙", based_on=0)
    assert [one.author for one in ours.versions("push")] == ["甲"]
    assert theirs.newest("push").version == 1
    assert ours.save("push", "name: push\n", author="甲", based_on=1).version == 2
    assert [one.version for one in theirs.versions("push")] == [1]


def test_scenarios_of_the_third_schema_stay_with_whoever_they_fit(two):
    as_schema_3(two / "home")
    store = Store(two / "home")
    ours, theirs = (store.scenarios_of(identity_of(read_dataset(two / name))) for name in ("甲市", "乙市"))
    assert ours.names() == theirs.names() == ["other", "push"]  # two data sets have the name: nobody knows whose
    ours.save("push", "name: push\n", author="甲", based_on=1)
    assert [one.version for one in ours.versions("push")] == [2, 1]
    assert [one.version for one in theirs.versions("push")] == [1]


def test_a_scenario_of_the_third_schema_is_given_to_the_only_data_set_of_its_name(two):
    store = Store(two / "home")
    store.prune([one.run_id for one in store.runs() if one.place == "乙市"])
    as_schema_3(two / "home")
    store = Store(two / "home")
    ours, theirs = (store.scenarios_of(identity_of(read_dataset(two / name))) for name in ("甲市", "乙市"))
    assert "push" in ours.names()
    assert theirs.names() == ["other"]


# The app


@pytest.fixture
def page(two, monkeypatch):
    keep_main(monkeypatch)
    monkeypatch.setenv("DABIAO_HOME", str(two / "home"))
    return AppTest.from_file(APP, default_timeout=60)


def said(at: AppTest) -> str:
    return "\n".join(one.value for kind in (at.caption, at.warning, at.error, at.info) for one in kind)


def test_no_page_offers_another_citys_run_as_newer(page, two):
    (mine,) = of(two / "home", "甲市")
    page.query_params["run"] = mine.run_id
    page.run()
    assert not page.exception
    assert page.selectbox(key="run").value == mine.run_id
    assert "较早的推演" not in said(page)
    assert not [one for one in page.button if one.key == "stale-open"]


def test_the_picker_names_city_year_and_month(page):
    page.run()
    labels = page.selectbox(key="run").options
    assert [label.split(" · ")[:2] for label in labels] == [["乙市", "2020年8月"], ["甲市", "2020年8月"]]


def test_a_link_to_a_run_that_is_gone_says_so_and_opens_no_other(page, two):
    (mine,) = of(two / "home", "甲市")
    call(two / "home", "run", str(two / "甲市"), "--seed", "2", "--json")
    shutil.rmtree(two / "home" / "runs" / mine.run_id)
    page.query_params["run"] = mine.run_id
    page.run()
    assert not page.exception
    assert "不在存档中" in said(page)
    assert len(page.html) == 1, "the style sheet; no page of any run is drawn"
    instead = page.selectbox(key="run-instead")
    assert instead.value is None
    assert all(label.startswith("甲市") for label in instead.options)
    (other,) = of(two / "home", "甲市")
    instead.set_value(other.run_id).run()
    assert page.selectbox(key="run").value == other.run_id


def test_a_link_to_a_run_that_never_was_says_so_and_opens_no_other(page):
    page.query_params["run"] = "nowhere"
    page.run()
    assert "nowhere" in said(page)
    assert page.selectbox(key="run-instead").value is None
    assert not [one for one in page.selectbox if one.key == "run"]


def test_a_run_of_data_that_were_taken_back_is_not_newer(page, two):
    shelf, home = Shelf(two / "home"), two / "home"
    (mine,) = of(home, "甲市")
    shelf.add(whole(two / "甲市"), author="甲", based_on=0)
    name = shelf.name_of(mine.identity)
    shelf.add(preview({"new.csv": NEW.encode()}, read_dataset(shelf.folder(name, 1))), author="甲", based_on=1)
    call(home, "run", str(shelf.folder(name, 2)), "--json")
    page.query_params["run"] = mine.run_id
    page.run()
    assert "较早的推演" in said(page)
    shelf.undo(name, based_on=2)
    page.run()
    assert "较早的推演" not in said(page)
