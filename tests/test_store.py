"""Kept runs: what is read is what was kept; finding, sharing, deleting, carrying; registries of other versions."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.report.files import answers, write_csv, write_run
from forecast.runs.run import Request, Run, run
from forecast.runs.store import ConflictError, KeptRun, ScenarioStatus, Store, StoreError, export, import_bundle, opened
from forecast.runs.store.disk import Staging, checksum
from forecast.runs.store.kept import Header
from forecast.runs.store.registry import SCHEMA
from forecast.tables.dossier import tables
from tests.kept import made, made_header, run_id
from tests.small_dataset import write_dataset


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data") / "small")


@pytest.fixture(scope="module")
def finished(folder) -> Run:
    return run(Request(dataset=folder, draws=250))


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "home")


@pytest.fixture
def kept(store, finished) -> KeptRun:
    return store.keep(finished, answers(finished))


# What is read is what was kept


def test_the_draws_of_a_kept_run_are_those_of_the_run_bit_for_bit(finished, kept):
    paths = kept.paths()
    assert list(paths.indicators) == list(finished.paths.indicators)
    for name, one in finished.paths.indicators.items():
        read = paths.indicators[name]
        for array in ("growth", "base_weight", "cum_yoy", "published"):
            np.testing.assert_array_equal(getattr(read, array).values, getattr(one, array).values)
            assert getattr(read, array).dims == getattr(one, array).dims
            assert getattr(read, array).dtype == np.float64
        assert list(read.cum_yoy["unit"].values) == list(one.cum_yoy["unit"].values)
        assert list(read.cum_yoy["period"].values) == list(one.cum_yoy["period"].values)
        assert (read.indicator, read.frequency, read.ess, read.diagnostics) == (
            one.indicator,
            one.frequency,
            one.ess,
            one.diagnostics,
        )
    assert (paths.as_of, paths.seed, paths.method, paths.target_year) == (
        finished.paths.as_of,
        finished.paths.seed,
        finished.paths.method,
        finished.paths.target_year,
    )


def test_some_indicators_alone_are_those_of_the_whole(finished, kept):
    for names in (["ind_va"], ["gdp"], ["gdp", "ind_va"]):
        some = kept.paths(names).indicators
        assert set(some) == set(names)
        for name in names:
            np.testing.assert_array_equal(some[name].cum_yoy.values, finished.paths.indicators[name].cum_yoy.values)


def test_answers_computed_anew_from_a_kept_run_are_the_kept_tables(finished, kept, tmp_path):
    again = kept.run()
    assert again.run_id == finished.run_id
    assert again.attainment.rows == finished.attainment.rows
    assert set(kept.tables) == set(tables(finished))
    for name, frame in tables(again).items():
        numbers = frame.select_dtypes("number").columns
        pd.testing.assert_frame_equal(frame[numbers], kept.table(name)[numbers], check_dtype=False, check_exact=True)
        for table, out in ((frame, "again.csv"), (kept.table(name), "kept.csv")):
            write_csv(table, tmp_path / out, table=name)
        assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "kept.csv").read_bytes()
    assert kept.summary == json.loads(json.dumps(answers(finished).summary))


def test_draws_are_kept_in_single_precision_compressed_netcdf(kept):
    import netCDF4

    with netCDF4.Dataset(kept.folder / "draws" / "ind_va.nc") as file:
        for name in ("growth", "base_weight", "cum_yoy"):
            assert file[name].dtype == np.float32
            assert file[name].filters()["zlib"]
            assert file[name].dimensions == ("draw", "unit", "period")
        assert file["published"].dtype == np.float64


def test_the_manifest_says_what_the_run_came_from(finished, kept):
    manifest = kept.manifest
    assert manifest["data_hash"] == finished.dataset.data_hash
    assert manifest["fits"] == finished.keys
    assert set(manifest["versions"]) >= {"python", "numpy", "scipy"}
    assert set(manifest["run"]["diagnostics"]) == set(finished.paths.indicators)
    assert len(manifest["code_hash"]) == 16
    for name, entry in manifest["files"].items():
        assert checksum(kept.folder / name) == entry["sha256"]
        assert (kept.folder / name).stat().st_size == entry["bytes"]
    header = kept.header
    assert (header.as_of, header.seed, header.draws, header.method) == ("2020-08", 1, 250, "fast")


def test_a_kept_run_needs_nothing_outside_its_folder(finished, store, tmp_path):
    data = write_dataset(tmp_path / "data")
    made_here = run(Request(dataset=data, draws=250))
    kept = store.keep(made_here, answers(made_here))
    (data / "observations.csv").write_text("gone", encoding="utf-8")
    moved = tmp_path / "elsewhere"
    kept.folder.rename(moved)
    assert opened(moved).run().attainment.rows == finished.attainment.rows


def test_data_that_changed_since_they_were_read_are_not_kept_under_the_old_hash(store, tmp_path):
    data = write_dataset(tmp_path / "data")
    made_here = run(Request(dataset=data, draws=250))
    with (data / "targets.csv").open("a", encoding="utf-8") as file:
        file.write("xiaocheng,gdp,plan,3,0,false,gap,会议\n")
    with pytest.raises(StoreError, match="changed while the run was under way"):
        store.keep(made_here, answers(made_here))
    assert store.runs() == []


def test_the_directory_of_a_run_is_a_kept_run_too(finished, kept, tmp_path):
    write_run(finished, tmp_path / "out", kept=kept)
    write_run(finished, tmp_path / "alone")
    for name in ("out", "alone"):
        one = opened(tmp_path / name)
        assert one.damages() == ()
        assert one.run().attainment.rows == finished.attainment.rows
        assert (tmp_path / name / "attainment.csv").is_file()
    inode = (tmp_path / "out" / "draws" / "gdp.nc").stat().st_ino
    assert inode != (kept.folder / "draws" / "gdp.nc").stat().st_ino, "edits there must not reach the store"


# Sharing


def test_a_fit_is_taken_up_again_with_the_same_draws(folder, finished, kept, store):
    again = run(Request(dataset=folder, draws=250), kept=store.fit)
    assert again.reused == frozenset(finished.keys)
    assert again.run_id == finished.run_id
    for name, one in finished.paths.indicators.items():
        np.testing.assert_array_equal(again.paths.indicators[name].cum_yoy.values, one.cum_yoy.values)
    assert again.attainment.rows == finished.attainment.rows


def test_unchanged_draws_are_one_file_on_the_disk(kept, store, tmp_path):
    data = write_dataset(tmp_path / "data", {"projects.csv": None})
    other = run(Request(dataset=data, draws=250), kept=store.fit)
    second = store.keep(other, answers(other))
    assert second.run_id != kept.run_id
    for name in ("draws/gdp.nc", "draws/ind_va.nc", "inputs/observations.csv"):
        assert (second.folder / name).stat().st_ino == (kept.folder / name).stat().st_ino
    store.prune([kept.run_id])
    assert second.damages() == ()
    assert second.run().attainment.rows == other.attainment.rows


def test_damaged_draws_are_never_taken_up(folder, kept, store):
    (kept.folder / "draws" / "gdp.nc").write_bytes(b"damaged")
    again = run(Request(dataset=folder, draws=250), kept=store.fit)
    assert again.reused == frozenset(again.keys) - {"gdp"}
    with pytest.raises(StoreError, match=r"damaged.*draws/gdp.nc"):
        kept.paths()


# Finding


def test_runs_are_found_by_id_part_of_it_age_or_folder(store):
    for number in (1, 2, 3):
        store.put(run_id(number), made(number))
    assert [h.run_id for h in store.runs()] == [run_id(3), run_id(2), run_id(1)]
    assert store.open(run_id(2)).run_id == run_id(2)
    assert store.open("00000002").run_id == run_id(2)
    assert store.open("latest").run_id == run_id(3)
    assert store.open("latest~2").run_id == run_id(1)
    assert store.open(store.open("latest").folder).run_id == run_id(3)
    assert store.runs("other") == []


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("nowhere", 'No run "nowhere"'),
        ("small", "may be any of"),
        ("latest~7", "Only 2 runs are kept, 8 are needed"),
        ("", "No run"),
    ],
)
def test_a_reference_that_fits_none_or_several_is_refused(store, reference, message):
    for number in (1, 2):
        store.put(run_id(number), made(number))
    with pytest.raises(StoreError, match=message):
        store.open(reference)


@pytest.mark.parametrize("name", ["../x", "a/b", "", "..", "a\\b"])
def test_an_id_is_never_a_path(store, name):
    with pytest.raises(StoreError, match="cannot be the id"):
        store.put(name, made(1))


# Registry and folders


def test_a_folder_without_an_entry_is_entered_and_a_lost_folder_is_marked(store):
    for number in (1, 2):
        store.put(run_id(number), made(number))
    for suffix in ("", "-wal", "-shm"):
        (store.root / f"registry.sqlite{suffix}").unlink(missing_ok=True)
    again = Store(store.root)
    assert {h.run_id for h in again.runs()} == {run_id(1), run_id(2)}
    (store.root / "runs" / run_id(1)).rename(store.root / "aside")
    assert {h.run_id: h.status for h in Store(store.root).runs(every_status=True)} == {
        run_id(1): "missing",
        run_id(2): "kept",
    }
    (store.root / "aside").rename(store.root / "runs" / run_id(1))
    assert {h.status for h in Store(store.root).runs(every_status=True)} == {"kept"}


def test_a_damaged_folder_is_not_entered_but_named(store):
    store.put(run_id(1), made(1))
    folder = store.root / "runs" / run_id(1)
    (folder / "run.json").write_bytes(b"?")
    (store.root / "registry.sqlite").unlink()
    again = Store(store.root)
    assert again.runs() == []
    assert again.verify() == {run_id(1): ("run.json",)}


def test_a_deletion_that_was_begun_is_ended(store):
    store.put(run_id(1), made(1))
    store._registry.mark([run_id(1)], "pruning")
    again = Store(store.root)
    assert again.runs(every_status=True) == []
    assert not (store.root / "runs" / run_id(1)).exists()


def test_pruning_keeps_the_newest_of_every_data_set(store):
    for number in range(1, 6):
        store.put(run_id(number), made(number))
    store.put(run_id(9), made(9, dataset="other"))
    surplus = store.surplus(keep=2)
    assert [h.run_id for h in surplus] == [run_id(3), run_id(2), run_id(1)]
    store.prune(h.run_id for h in surplus)
    assert {h.run_id for h in store.runs()} == {run_id(5), run_id(4), run_id(9)}
    assert not any(store.verify().values())


def test_a_registry_that_is_no_database_is_named(store):
    (store.root / "registry.sqlite").write_bytes(b"this is no database, whatever its name says" * 100)
    for suffix in ("-wal", "-shm"):
        (store.root / f"registry.sqlite{suffix}").unlink(missing_ok=True)
    with pytest.raises(StoreError, match=r"registry.sqlite is damaged"):
        Store(store.root)


# Versions


def registry_of_schema_1(root: Path) -> None:
    """A store as the first schema wrote it: no scenario_hash, no fits, no scenarios."""
    store = Store(root)
    for number in (1, 2):
        folder = store.put(run_id(number), made(number)).folder
        manifest = {k: v for k, v in made_header(number).items() if k != "scenario_hash"} | {"schema_version": 1}
        files = json.loads((folder / "manifest.json").read_bytes())["files"]
        (folder / "manifest.json").unlink()
        staged = Staging(folder)  # the checksum of a manifest is over what it holds, whatever its version
        staged.files = files
        staged.seal(manifest)
    for suffix in ("", "-wal", "-shm"):
        (root / f"registry.sqlite{suffix}").unlink(missing_ok=True)
    connection = sqlite3.connect(root / "registry.sqlite")
    connection.executescript("""
        CREATE TABLE meta (key VARCHAR(40) PRIMARY KEY, value VARCHAR(200) NOT NULL);
        INSERT INTO meta VALUES ('schema', '1');
        CREATE TABLE runs (
            run_id VARCHAR(200) PRIMARY KEY, status VARCHAR(20) NOT NULL, kept_at VARCHAR(40) NOT NULL,
            dataset VARCHAR(200) NOT NULL, city VARCHAR(80) NOT NULL, as_of VARCHAR(10) NOT NULL,
            method VARCHAR(20) NOT NULL, seed INTEGER NOT NULL, draws INTEGER NOT NULL,
            data_hash VARCHAR(64) NOT NULL, model_version VARCHAR(40) NOT NULL, bytes BIGINT NOT NULL,
            checksum VARCHAR(64) NOT NULL);
    """)
    for number in (1, 2):
        manifest = json.loads((root / "runs" / run_id(number) / "manifest.json").read_bytes())
        header = Header.of(manifest)
        names = [
            "run_id",
            "city",
            "dataset",
            "as_of",
            "method",
            "seed",
            "draws",
            "data_hash",
            "model_version",
            "bytes",
            "checksum",
        ]
        values = [getattr(header, name) for name in names]
        marks = ", ".join("?" * (len(names) + 2))
        connection.execute(
            f"INSERT INTO runs ({', '.join(names)}, status, kept_at) VALUES ({marks})",
            [*values, "kept", manifest["kept_at"]],
        )
    connection.commit()
    connection.close()


def test_a_store_of_an_earlier_schema_is_migrated(tmp_path):
    registry_of_schema_1(tmp_path)
    store = Store(tmp_path)
    assert {h.run_id: h.scenario_hash for h in store.runs()} == {run_id(1): "0" * 16, run_id(2): "0" * 16}
    assert not any(store.verify().values())
    with sqlite3.connect(tmp_path / "registry.sqlite") as connection:
        assert connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone() == (str(SCHEMA),)
        fits = connection.execute("SELECT key, run_id FROM fits ORDER BY run_id").fetchall()
    connection.close()
    assert fits == [("key1", run_id(1)), ("key2", run_id(2))]
    store.scenarios.save("push", "name: push", author="甲", based_on=0)
    assert Store(tmp_path).scenarios.names() == ["push"]


def test_a_store_of_a_later_schema_is_refused_and_left_alone(tmp_path):
    Store(tmp_path).put(run_id(1), made(1))
    connection = sqlite3.connect(tmp_path / "registry.sqlite")
    connection.execute("UPDATE meta SET value = ? WHERE key = 'schema'", [str(SCHEMA + 1)])
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match=f"format {SCHEMA + 1}, this one knows {SCHEMA}"):
        Store(tmp_path)


def test_a_run_of_a_later_format_is_refused(store):
    def contents(staged):
        made(1)(staged)
        return made_header(1) | {"schema_version": 99}

    with pytest.raises(StoreError, match="format 99"):
        store.put(run_id(1), contents)


# Carrying


def test_an_exported_run_is_imported_elsewhere_as_it_was(kept, tmp_path, finished):
    path = export(kept, tmp_path)
    assert path.name == f"{kept.run_id}.dabiao.zip"
    other = Store(tmp_path / "other")
    arrived = import_bundle(other, path)
    assert arrived.header == kept.header
    assert arrived.run().attainment.rows == finished.attainment.rows
    first = path.read_bytes()
    assert export(arrived, tmp_path / "again.zip").read_bytes() == first
    import_bundle(other, path)
    assert len(other.runs()) == 1


@pytest.mark.parametrize("fault", ["text", "flip", "missing", "outside", "no_manifest"])
def test_a_bundle_that_is_damaged_or_foreign_is_refused_and_keeps_nothing(store, tmp_path, fault):
    path = export(store.put(run_id(1), made(1)), tmp_path)
    other = Store(tmp_path / "other")
    bad = tmp_path / "bad.zip"
    if fault == "text":
        bad.write_text("no archive", encoding="utf-8")
    else:
        with zipfile.ZipFile(path) as good, zipfile.ZipFile(bad, "w") as out:
            for name in good.namelist():
                content = good.read(name)
                if name == "run.json" and fault == "flip":
                    content = bytes([content[0] ^ 1]) + content[1:]
                if (name == "run.json" and fault == "missing") or (name == "manifest.json" and fault == "no_manifest"):
                    continue
                out.writestr(name, content)
            if fault == "outside":
                out.writestr("../evil", b"x")
    with pytest.raises(StoreError, match=r"damaged.*run.json|not an exported run"):
        import_bundle(other, bad)
    assert other.runs() == []
    assert not (tmp_path / "evil").exists()


def test_a_damaged_run_is_not_exported(store, tmp_path):
    kept = store.put(run_id(1), made(1))
    (kept.folder / "run.json").write_bytes(b"?")
    with pytest.raises(StoreError, match=r"damaged.*run.json"):
        export(kept, tmp_path)
    assert list(tmp_path.glob("*.zip")) == []


# Scenarios


def test_every_save_of_a_scenario_is_a_version_with_author_and_time(store):
    scenarios = store.scenarios
    first = scenarios.save("十月复产", "name: a", author="甲", based_on=0)
    second = scenarios.save("十月复产", "name: b", author="乙", based_on=1, status=ScenarioStatus.CLOSED)
    assert [one.version for one in scenarios.versions("十月复产")] == [2, 1]
    assert scenarios.newest("十月复产") == second
    assert scenarios.newest("十月复产", status=ScenarioStatus.DRAFT) == first
    assert (first.author, first.text, second.status) == ("甲", "name: a", ScenarioStatus.CLOSED)
    assert first.content_hash != second.content_hash
    assert first.saved_at <= second.saved_at


def test_two_authors_never_overwrite_each_other_silently(store):
    scenarios = store.scenarios
    scenarios.save("push", "name: a", author="甲", based_on=0)
    scenarios.save("push", "name: b", author="甲", based_on=1)
    with pytest.raises(ConflictError, match=r"甲 saved scenario \"push\" as version 2") as caught:
        scenarios.save("push", "name: c", author="乙", based_on=1)
    assert "未覆盖" in caught.value.text("zh")
    with pytest.raises(ConflictError, match="based on version 0"):
        scenarios.save("push", "name: c", author="乙", based_on=0)
    assert [one.text for one in scenarios.versions("push")] == ["name: b", "name: a"]
    assert scenarios.save("push", "name: c", author="乙", based_on=2).version == 3


def test_a_scenario_needs_a_name_an_author_and_its_base(store):
    with pytest.raises(StoreError, match="needs a name"):
        store.scenarios.save(" ", "name: a", author="甲", based_on=0)
    with pytest.raises(StoreError, match="needs a name"):
        store.scenarios.save("push", "name: a", author="", based_on=0)
    with pytest.raises(StoreError, match='No scenario "push"'):
        store.scenarios.save("push", "name: a", author="甲", based_on=3)
    with pytest.raises(StoreError, match='No scenario "push"'):
        store.scenarios.newest("push")
