"""Folders that appear on disk whole or not at all, with the checksum of every file.

A folder is written beside its place, every file and the folder itself are flushed to the disk, and it is moved to its
place in one step; its manifest holds the SHA-256 of every file and of itself.

Invariant: at whatever instant the process dies or the disk is full, a folder at its place is complete
(held by ``tests/test_store_atomic.py``).

What can be wrong with kept runs, in both languages.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from forecast.errors import ForecastError
from forecast.files import sync_folder, write_new
from forecast.texts import Lang, t


class StoreError(ForecastError):
    """A run cannot be kept, found or read.

    code : key of the message below ``store`` in the catalogues; params : values for its placeholders
    """

    def __init__(self, code: str, **params: object) -> None:
        self.code = code
        self.params = params
        super().__init__(self.text("en"))

    def text(self, lang: Lang) -> str:
        """What is wrong, and what to do."""
        return t(f"store.error_{self.code}", lang, **self.params)


class ConflictError(StoreError):
    """Somebody else saved a newer version since this one was opened; nothing was overwritten."""


MANIFEST: Final = "manifest.json"
STALE_SECONDS: Final = 3600.0
"""Age from which an unfinished folder is left over from a process that died: writing one takes seconds."""
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def written(place: Path) -> Iterator[None]:
    """Turn an error of the disk into a message that says what it was and that nothing was lost."""
    try:
        yield
    except OSError as error:
        code = "disk_full" if error.errno in FULL else "not_written"
        raise StoreError(code, place=place, reason=error.strerror or error) from error


def checksum(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _self_sum(manifest: Mapping[str, Any]) -> str:
    """Checksum of a manifest without its own entry."""
    rest = {key: value for key, value in manifest.items() if key != "checksum"}
    return hashlib.sha256(json.dumps(rest, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


class Staging:
    """A folder in the making: everything is added, then it is sealed, then published at its place.

    link : whether files that are shared with a finished folder may be one file on the disk: within the store, where
        nobody edits them
    """

    def __init__(self, folder: Path, *, link: bool = False) -> None:
        self.folder = folder
        self.link = link
        self.files: dict[str, dict[str, Any]] = {}

    def add(self, name: str, content: bytes) -> None:
        """Write a file."""
        write_new(self.folder / name, content)
        self.files[name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}

    def share(self, name: str, source: Path, sha256: str) -> None:
        """Take a file over from a finished folder, where possible without a second copy of its content.

        Raises
        ------
        OSError
            The content is not the one that ``sha256`` names, or cannot be read.
        """
        if checksum(source) != sha256:
            raise OSError(errno.EIO, f"damaged: {source.name}")
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not (self.link and _linked(source, target)):
            write_new(target, source.read_bytes())
        self.files[name] = {"sha256": sha256, "bytes": target.stat().st_size}

    def register(self, name: str) -> None:
        """Take up a file that was written into the folder by other means."""
        path = self.folder / name
        self.files[name] = {"sha256": checksum(path), "bytes": path.stat().st_size}

    def seal(self, header: Mapping[str, Any]) -> dict[str, Any]:
        """Write the manifest, and flush all folders.

        Returns
        -------
        The manifest.
        """
        manifest: dict[str, Any] = {**header, "files": dict(sorted(self.files.items()))}
        manifest["checksum"] = _self_sum(manifest)
        text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True)
        write_new(self.folder / MANIFEST, text.encode())
        for folder in sorted({(self.folder / name).parent for name in self.files} | {self.folder}, reverse=True):
            sync_folder(folder)
        return manifest

    def publish(self, target: Path) -> None:
        """Move the sealed folder to its place, where there must be nothing."""
        self.folder.rename(target)
        sync_folder(target.parent)


def _linked(source: Path, target: Path) -> bool:
    """Give a file a second name; False where the disk cannot."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno in FULL:
            raise
        return False
    return True


@contextmanager
def staging(parent: Path) -> Iterator[Staging]:
    """A folder in the making below ``parent``; whatever is left of it at the end is removed."""
    folder = parent / f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
    try:
        folder.mkdir(parents=True)
        yield Staging(folder, link=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def clear_stale(parent: Path, *, older_than: float = STALE_SECONDS) -> int:
    """Remove what processes that died left in the making; how many folders."""
    removed = 0
    for folder in parent.iterdir() if parent.is_dir() else ():
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > older_than:
                shutil.rmtree(folder)
                removed += 1
    return removed


def read_manifest(folder: Path) -> dict[str, Any]:
    """Manifest of a finished folder.

    Raises
    ------
    StoreError
        There is none, or it is damaged.
    """
    try:
        content = (folder / MANIFEST).read_bytes()
    except FileNotFoundError:
        raise StoreError("not_a_run", place=folder) from None
    except OSError as error:
        raise StoreError("damaged", place=folder, files=MANIFEST) from error
    return parse_manifest(content, folder)


def parse_manifest(content: bytes, place: Path) -> dict[str, Any]:
    """Manifest of its bytes.

    Raises
    ------
    StoreError
        It is damaged.
    """
    try:
        manifest = json.loads(content)
    except ValueError as error:
        raise StoreError("damaged", place=place, files=MANIFEST) from error
    if not isinstance(manifest, dict) or manifest.get("checksum") != _self_sum(manifest):
        raise StoreError("damaged", place=place, files=MANIFEST)
    return manifest


def damages(folder: Path) -> tuple[str, ...]:
    """Names of the files of a folder that are missing, damaged or foreign; none where it is whole."""
    try:
        manifest = read_manifest(folder)
    except StoreError:
        return (MANIFEST,)
    bad = []
    for name, entry in manifest["files"].items():
        try:
            if checksum(folder / name) != entry["sha256"]:
                bad.append(name)
        except OSError:
            bad.append(name)
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    return (*bad, *sorted(found - set(manifest["files"]) - {MANIFEST}))
