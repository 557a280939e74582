"""The one writer of files: whole at their place, or not at all.

A file is written beside its place, flushed to the disk, and moved there in one step; who reads meanwhile sees the old
one. A new folder is filled with ``write_new``, flushed with ``sync_folder``, and moved by who owns its place.

Invariant: at whatever instant the process dies or the disk is full, a file at its place is the old one or the new one,
and nothing is left beside it by who lives on (held by ``tests/test_files.py``).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes its place at the end, with the permissions of what it replaces.

    Raises
    ------
    OSError
        It cannot be written or moved; what was there before is untouched, whatever else is raised within.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = _beside(path)
    try:
        with beside.open("xb") as file:
            yield file
            _flush(file)
        _put(beside, path)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file, or replace it; text in UTF-8.

    Raises
    ------
    OSError
        As ``replacing``.
    """
    with replacing(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def write_together(contents: Mapping[Path, bytes], *, before: Callable[[], None] = lambda: None) -> None:
    """Write several files: all are on the disk before the first is moved, in the order given.

    before : called once all are written; what it raises leaves every file as it was

    Raises
    ------
    OSError
        One cannot be written; then none was moved.
    """
    beside = {path: _beside(path) for path in contents}
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with beside[path].open("xb") as file:
                file.write(content)
                _flush(file)
        before()
        for path, written in beside.items():
            _put(written, path)
        for folder in {path.parent for path in contents}:
            sync_folder(folder)
    finally:
        for written in beside.values():
            with suppress(OSError):
                written.unlink(missing_ok=True)


def write_new(path: Path, content: bytes) -> None:
    """Write a file where there must be none, through to the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(content)
        _flush(file)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk, where the system can."""
    with suppress(PermissionError, IsADirectoryError):  # Windows does not open folders
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _put(beside: Path, path: Path) -> None:
    if path.exists():
        shutil.copymode(path, beside)
    beside.replace(path)
