"""Files appear whole or not at all, whatever happens while they are written; one module flushes to the disk."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest

from forecast.files import replacing, write_new, write_together, write_whole

PACKAGE = Path(__file__).parent.parent / "forecast"
STEPS = {"flush": (os, "fsync"), "move": (Path, "replace"), "write": (Path, "open")}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_one_module_of_the_program_flushes_to_the_disk_and_moves_a_file_to_its_place():
    sources = {p.relative_to(PACKAGE).as_posix(): p.read_text(encoding="utf-8") for p in PACKAGE.rglob("*.py")}
    assert [name for name, text in sources.items() if "fsync" in text] == ["files.py"]
    assert [name for name, text in sources.items() if re.search(r"beside(\[\w+\])?\.replace\(", text)] == ["files.py"]


def test_a_file_is_written_in_folders_that_do_not_exist_yet_and_replaced_as_a_whole(tmp_path):
    path = tmp_path / "a" / "b.txt"
    write_whole(path, "甲")
    write_whole(path, b"second")
    assert path.read_bytes() == b"second"
    assert names(path.parent) == {"b.txt"}


@pytest.mark.parametrize("step", STEPS)
def test_a_full_disk_at_any_step_leaves_what_was_there(tmp_path, monkeypatch, step):
    path = tmp_path / "one.txt"
    write_whole(path, "old")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(*STEPS[step], full)
        with pytest.raises(OSError, match="No space"):
            write_whole(path, "new")
        with pytest.raises(OSError, match="No space"):
            write_together({path: b"new", tmp_path / "two.txt": b"new"})
    assert path.read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == {"one.txt"}


def test_an_error_of_who_writes_leaves_what_was_there(tmp_path):
    path = tmp_path / "one.txt"
    write_whole(path, "old")

    def half_of(content: bytes) -> None:
        with replacing(path) as file:
            file.write(content[: len(content) // 2])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_of(b"new")
    assert path.read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == {"one.txt"}


def test_several_files_are_all_on_the_disk_before_the_first_is_moved(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    write_whole(first, "old")

    def refuse() -> None:
        assert first.read_text(encoding="utf-8") == "old"
        assert len(names(tmp_path)) == 3
        raise RuntimeError("changed")

    with pytest.raises(RuntimeError, match="changed"):
        write_together({first: b"1", second: b"2"}, before=refuse)
    assert names(tmp_path) == {"first"}
    write_together({first: b"1", second: b"2"})
    assert (first.read_bytes(), second.read_bytes()) == (b"1", b"2")
    assert names(tmp_path) == {"first", "second"}


def test_a_new_file_never_replaces_one(tmp_path):
    write_new(tmp_path / "one", b"1")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "one", b"2")


@pytest.mark.skipif(os.name != "posix", reason="permissions of files")
def test_a_replaced_file_keeps_its_permissions(tmp_path):
    path = tmp_path / "one"
    write_whole(path, "old")
    path.chmod(0o640)
    write_whole(path, "new")
    assert path.stat().st_mode & 0o777 == 0o640
