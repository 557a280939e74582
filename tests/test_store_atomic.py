"""Nothing half written: killed writers, full disks, writers beside each other, damaged files."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from forecast import files as files_module
from forecast.runs.store import Store, StoreError
from forecast.runs.store import disk as disk_module
from tests.kept import made, made_files, run_id

ROOT = Path(__file__).parent.parent


def program(*arguments: str) -> dict[str, Any]:
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.crashing_writers", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process")
def test_a_writer_killed_at_any_instant_leaves_the_old_state_or_the_new(tmp_path):
    """220 kills, 55 of them aimed; every act that was acknowledged holds, every run that is there is whole."""
    report = program("kill", str(tmp_path), "220", "11")
    assert report["faults"] == []
    assert report["times"] == 220
    assert report["aimed"] == 55
    assert report["missed"] == 0, "aimed kills must hit writers in the middle of their work"
    assert report["unfinished"] >= report["aimed"]
    assert report["acts"] > 100, "writers must get to do something before they are killed"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks its writers")
def test_writers_beside_each_other_keep_all_their_runs(tmp_path):
    report = program("race", str(tmp_path), "4", "12")
    assert report == {"codes": [0, 0, 0, 0], "runs": 12 + 4 * 12, "damaged": {}}


def failing(act: Callable[..., Any], at: int, code: int, *, half: bool = False) -> Callable[..., Any]:
    """``act`` that fails at its call number ``at``; with ``half``, after half of the content is on the disk."""
    calls = iter(range(1000))

    def call(*arguments: Any, **more: Any) -> Any:
        if next(calls) == at:
            if half:
                path, content = arguments
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content[: len(content) // 2])
            raise OSError(code, os.strerror(code))
        return act(*arguments, **more)

    return call


def refusal(store: Store, number: int) -> StoreError | None:
    """Why a run could not be kept; None where it was."""
    try:
        store.put(run_id(number), made(number))
    except StoreError as error:
        return error
    return None


def places(kind: str) -> Iterator[tuple[object, str, bool]]:
    """Where an act of the disk is called from."""
    yield {
        "write": (disk_module, "write_new", True),
        "flush": (files_module.os, "fsync", False),
        "move": (Path, "rename", False),
        "folder": (Path, "mkdir", False),
    }[kind]


@pytest.mark.parametrize("kind", ["write", "flush", "move", "folder"])
def test_a_full_disk_at_any_step_loses_nothing_and_says_so(tmp_path, monkeypatch, kind):
    store = Store(tmp_path)
    store.put(run_id(1), made(1))
    failures = 0
    for at in range(40):
        for owner, name, half in places(kind):
            with monkeypatch.context() as patch:
                patch.setattr(owner, name, failing(getattr(owner, name), at, errno.ENOSPC, half=half))
                error = refusal(store, 2)
            if error is None:
                break
            failures += 1
            assert "disk is full" in str(error)
            assert "磁盘空间不足" in error.text("zh")
        after = Store(tmp_path)
        assert {h.run_id for h in after.runs()} in ({run_id(1)}, {run_id(1), run_id(2)})
        assert not any(after.verify().values())
        assert list((tmp_path / "tmp").iterdir()) == []
    assert failures >= 1
    store.put(run_id(2), made(2))
    assert {h.run_id for h in store.runs()} == {run_id(1), run_id(2)}
    assert not any(store.verify().values())


def test_a_disk_that_is_really_full_loses_nothing_and_says_so(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("no right to mount a small disk")
    try:
        store = Store(disk)
        number = 0
        while (error := refusal(store, number)) is None:
            number += 1
        assert "disk is full" in str(error)
        after = Store(disk)
        kept = {h.run_id for h in after.runs()}
        assert number >= 2
        assert {run_id(n) for n in range(number)} <= kept
        assert not any(after.verify().values())
        after.prune(list(kept)[: len(kept) // 2 + 1])
        after.put(run_id(number), made(number))
        assert not any(after.verify().values())
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("file", [*made_files(1), "manifest.json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "gone"])
def test_a_damaged_file_is_detected_and_named(tmp_path, file, damage):
    store = Store(tmp_path)
    folder = store.put(run_id(1), made(1)).folder
    store.put(run_id(2), made(2))
    content = (folder / file).read_bytes()
    if damage == "gone":
        (folder / file).unlink()
    elif damage == "cut":
        (folder / file).write_bytes(content[:-1])
    else:
        middle = len(content) // 2
        (folder / file).write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    assert Store(tmp_path).verify() == {run_id(1): (file,), run_id(2): ()}


def test_a_foreign_file_is_named(tmp_path):
    store = Store(tmp_path)
    folder = store.put(run_id(1), made(1)).folder
    (folder / "draws" / "extra.nc").write_bytes(b"x")
    assert store.verify() == {run_id(1): ("draws/extra.nc",)}


def test_keeping_a_damaged_run_again_repairs_it_and_sets_the_damaged_one_aside(tmp_path):
    store = Store(tmp_path)
    folder = store.put(run_id(1), made(1)).folder
    (folder / "run.json").write_bytes(b"broken")
    store.put(run_id(1), made(1))
    assert not any(store.verify().values())
    aside = list((tmp_path / "damaged").iterdir())
    assert [(one / "run.json").read_bytes() for one in aside] == [b"broken"]


def test_unfinished_folders_of_dead_writers_are_cleared_once_they_are_old(tmp_path):
    store = Store(tmp_path)
    dead = tmp_path / "tmp" / "1-dead"
    dead.mkdir()
    store.reconcile()
    assert dead.exists(), "it may belong to a writer that is at work"
    os.utime(dead, (0, 0))
    store.reconcile()
    assert not dead.exists()
