"""A run as one file, to carry it from one machine to another.

Invariant: what is imported is what was exported, or nothing (held by ``tests/test_store.py``).
"""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any, Final

from forecast.files import replacing, write_new
from forecast.runs.store.disk import MANIFEST, Staging, StoreError, parse_manifest, written
from forecast.runs.store.kept import KeptRun, understood
from forecast.runs.store.store import Store

SUFFIX: Final = ".dabiao.zip"
MAX_BYTES: Final = 4 * 1024**3
"""Largest content that an import accepts: a hundred times a large run, so that a small file cannot fill the disk."""
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""Date of every member: the same run gives the same bytes."""


def export(kept: KeptRun, target: Path) -> Path:
    """Write a run into one file; a folder as target gets ``<run id>.dabiao.zip``.

    Raises
    ------
    StoreError
        A file of the run is damaged, or the target cannot be written; nothing half written stays.
    """
    if bad := kept.damages():
        raise StoreError("damaged", place=kept.folder, files=", ".join(bad))
    path = target / f"{kept.run_id}{SUFFIX}" if target.is_dir() else target
    with written(path), replacing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as bundle:
        for name in (MANIFEST, *kept.manifest["files"]):  # draws are compressed already
            bundle.writestr(zipfile.ZipInfo(name, _EPOCH), (kept.folder / name).read_bytes())
    return path


def import_bundle(store: Store, path: Path) -> KeptRun:
    """Keep the run of an exported file.

    Raises
    ------
    StoreError
        It is no exported run, it is damaged, or it cannot be kept; the store is as before.
    """
    try:
        with zipfile.ZipFile(path) as bundle:
            members = {info.filename: info for info in bundle.infolist()}
            if MANIFEST not in members or any(not _plain(name) for name in members):
                raise StoreError("not_a_bundle", place=path)
            if sum(info.file_size for info in members.values()) > MAX_BYTES:
                raise StoreError("bundle_too_large", place=path, limit=MAX_BYTES // 1024**3)
            content = {name: bundle.read(name) for name in members}
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise StoreError("not_a_bundle", place=path) from error
    return _keep(store, content, path)


def _plain(name: str) -> bool:
    """A name below the folder."""
    parts = PurePosixPath(name)
    return not parts.is_absolute() and ".." not in parts.parts and "\\" not in name and ":" not in name


def _keep(store: Store, content: dict[str, bytes], path: Path) -> KeptRun:
    manifest = _checked_manifest(content, path)

    def contents(staged: Staging) -> dict[str, Any]:
        for name in manifest["files"]:
            staged.add(name, content[name])
        return {key: value for key, value in manifest.items() if key not in {"files", "checksum"}}

    return store.put(str(manifest["run_id"]), contents)


def _checked_manifest(content: dict[str, bytes], path: Path) -> dict[str, Any]:
    """Manifest of the content in memory, every file checked against it."""
    manifest = understood(parse_manifest(content[MANIFEST], path), path)
    sums = {name: entry["sha256"] for name, entry in manifest["files"].items()}
    bad = [n for n, known in sums.items() if n not in content or hashlib.sha256(content[n]).hexdigest() != known]
    if bad:
        raise StoreError("damaged", place=path, files=", ".join(bad))
    return manifest


def copy_to(kept: KeptRun, folder: Path) -> None:
    """Copy a run's files into an empty folder, which then is a run of its own."""
    for name in (*kept.manifest["files"], MANIFEST):
        write_new(folder / name, (kept.folder / name).read_bytes())
