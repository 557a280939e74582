"""The store of kept runs: ``$DABIAO_HOME``, else the user's data directory.

``runs/<run id>/`` holds a run, ``tmp/`` folders in the making, ``damaged/`` folders that were set aside,
``registry.sqlite`` the index. A run is kept when its folder is at its place; its entry follows, and is made up for when
the store is opened next.

Invariant: a process that dies at any instant leaves every run whole or absent, and writers beside each other keep all
their runs (held by ``tests/test_store_atomic.py``).

A run as one file, to carry it from one machine to another.

Invariant: what is imported is what was exported, or nothing (held by ``tests/test_store.py``).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import uuid
import zipfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from forecast.draws.paths import IndicatorPaths
from forecast.files import replacing, sync_folder, write_new
from forecast.runs.store.disk import MANIFEST, Staging, StoreError, clear_stale, parse_manifest, staging, written
from forecast.runs.store.kept import Answers, KeptRun, fill, fit_of, header_of, is_kept, opened, understood
from forecast.runs.store.registry import FITS, RUNS, SCENARIOS, Header, Identity, Registry, Scenarios, identity_of

if TYPE_CHECKING:
    from forecast.runs.run import Run

HOME: Final = "DABIAO_HOME"
"""Environment variable that names the store."""
RESERVE: Final = 512 * 1024
"""Bytes set aside for the registry's own work on a full disk."""
LATEST: Final = "latest"
"""Word for the newest run; ``latest~1`` is the one before."""
_KEPT: Final = "kept"
_MISSING: Final = "missing"
_PRUNING: Final = "pruning"


def home() -> Path:
    """Where the store is."""
    if named := os.environ.get(HOME):
        return Path(named)
    from platformdirs import user_data_path  # only where the place is not named

    return user_data_path("dabiao", appauthor=False)


class Store:
    """A store, opened: made where it does not exist, migrated where it is older, reconciled with its folders."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = home() if root is None else root
        with written(self.root):
            for folder in (self._runs, self._tmp):
                folder.mkdir(parents=True, exist_ok=True)
        self._registry = self._opened_registry()
        self.reconcile()
        self._reserve_space()

    @property
    def _runs(self) -> Path:
        return self.root / "runs"

    @property
    def _tmp(self) -> Path:
        return self.root / "tmp"

    def _opened_registry(self) -> Registry:
        """The registry; on a full disk, with the space that was set aside for it, so that runs can be deleted."""
        path, reserve = self.root / "registry.sqlite", self.root / "reserve"
        try:
            return Registry(path)
        except StoreError as error:
            if error.code != "disk_full" or not reserve.exists():
                raise
            reserve.unlink()
            return Registry(path)

    def _reserve_space(self) -> None:
        """Set space aside, unless it is or the disk has hardly more."""
        reserve = self.root / "reserve"
        with suppress(OSError):
            if not reserve.exists() and shutil.disk_usage(self.root).free > 4 * RESERVE:
                reserve.write_bytes(bytes(RESERVE))

    @property
    def scenarios(self) -> Scenarios:
        """Versions of all scenarios."""
        return Scenarios(self._registry)

    def scenarios_of(self, identity: Identity) -> Scenarios:
        """Versions of the scenarios of a data set."""
        return Scenarios(self._registry, identity)

    # Keeping

    def keep(self, run: Run, answers: Answers) -> KeptRun:
        """Keep a run; one that is kept already stays as it is.

        Raises
        ------
        StoreError
            The disk is full or cannot be written, or the data set changed since it was read; nothing is lost.
        """

        def contents(staged: Staging) -> dict[str, Any]:
            fill(staged, run, answers, self._earlier(run))
            return header_of(run, answers.summary)

        return self.put(run.run_id, contents)

    def put(self, run_id: str, contents: Callable[[Staging], dict[str, Any]]) -> KeptRun:
        """Keep a folder under a run's id.

        Parameters
        ----------
        contents : writes the files and gives the header of the manifest
        """
        target = self._runs / _checked(run_id)
        if target.exists() and self._whole(target):
            return self._enter(target)
        with written(self.root), staging(self._tmp) as staged:
            staged.seal(contents(staged))
            with self._registry.transaction():  # no other writer looks at the place meanwhile
                if target.exists() and not self._whole(target):
                    self._set_aside(target)
                if not target.exists():  # else another writer of the same run was first
                    staged.publish(target)
        return self._enter(target)

    def _earlier(self, run: Run) -> dict[str, KeptRun]:
        """Runs to share files with: holders of the same fits, and the newest one of the same data set."""
        held = self._holders(run.keys.values())
        newest = next(iter(self.runs(of=identity_of(run.dataset))), None)
        if newest is not None:
            with suppress(StoreError):
                held[run.dataset.config.name] = opened(self._runs / newest.run_id)
        return held

    def _whole(self, target: Path) -> bool:
        with suppress(StoreError):
            return not opened(target).damages()
        return False

    def _set_aside(self, target: Path) -> None:
        """Move a damaged folder out of the way; nothing is deleted."""
        aside = self.root / "damaged"
        aside.mkdir(exist_ok=True)
        target.rename(aside / f"{target.name}-{uuid.uuid4().hex[:8]}")

    def _enter(self, target: Path) -> KeptRun:
        kept = opened(target)
        self._registry.insert(asdict(kept.header) | {"kept_at": kept.manifest["kept_at"]}, kept.fits)
        return kept

    # Finding

    def runs(
        self, dataset: str | None = None, *, of: Identity | None = None, every_status: bool = False
    ) -> list[Header]:
        """Kept runs, newest first; of one data set, of those of a name, or of all."""
        query = sa.select(RUNS).order_by(RUNS.c.kept_at.desc(), RUNS.c.run_id)
        if dataset is not None:
            query = query.where(RUNS.c.dataset == dataset)
        if of is not None:
            query = query.where(*(RUNS.c[name] == value for name, value in asdict(of).items()))
        if not every_status:
            query = query.where(RUNS.c.status == _KEPT)
        rows = self._registry.rows(query)
        return [Header(**(row | {"kept_at": datetime.fromisoformat(row["kept_at"])})) for row in rows]

    def open(self, reference: str | Path) -> KeptRun:
        """A run by its folder, its id, the beginning of its id, or ``latest`` and ``latest~1``.

        Raises
        ------
        StoreError
            There is none, several ids begin so, or its manifest is damaged.
        """
        text = str(reference)
        folder = Path(reference)
        if is_kept(folder):
            return opened(folder)
        return opened(self._runs / self._run_id(text))

    def _run_id(self, text: str) -> str:
        headers = self.runs()
        if back := re.fullmatch(rf"{LATEST}(?:~(\d+))?", text):
            n = int(back[1] or 0)
            if n >= len(headers):
                raise StoreError("too_few", found=len(headers), wanted=n + 1)
            return headers[n].run_id
        found = [h.run_id for h in headers if h.run_id == text] or [h.run_id for h in headers if text in h.run_id]
        if not found or not text:
            raise StoreError("unknown_run", run=text, place=self.root)
        if len(found) > 1:
            raise StoreError("ambiguous", run=text, found=", ".join(sorted(found)))
        return found[0]

    def _holders(self, keys: Iterable[str]) -> dict[str, KeptRun]:
        """For each key of a fit, the newest kept run that has it."""
        query = (
            sa.select(FITS.c.key, FITS.c.run_id)
            .join(RUNS, RUNS.c.run_id == FITS.c.run_id)
            .where(FITS.c.key.in_(list(keys)), RUNS.c.status == _KEPT)
            .order_by(RUNS.c.kept_at)
        )
        runs: dict[str, KeptRun] = {}
        held = {}
        for row in self._registry.rows(query):
            with suppress(StoreError):
                if row["run_id"] not in runs:
                    runs[row["run_id"]] = opened(self._runs / row["run_id"])
                held[row["key"]] = runs[row["run_id"]]
        return held

    def fit(self, key: str) -> IndicatorPaths | None:
        """Draws of the newest fit with a key, in the order of the fit; None where there are none that can be read."""
        held = self._holders([key])
        return fit_of(held[key], key) if key in held else None

    # Care

    def reconcile(self) -> None:
        """Bring registry and folders together.

        A folder without an entry is entered if its manifest holds; an entry without a folder is marked missing, one
        whose folder is back is kept again; a deletion that was begun is ended; what dead writers left is removed.
        """
        clear_stale(self._tmp)
        status = {row["run_id"]: row["status"] for row in self._registry.rows(sa.select(RUNS.c.run_id, RUNS.c.status))}
        there = {folder.name for folder in self._runs.iterdir() if is_kept(folder)}
        for run_id in sorted(there - set(status)):
            with suppress(StoreError):
                if self._whole(self._runs / run_id):
                    self._enter(self._runs / run_id)
        for run_id, was in status.items():
            if was == _PRUNING:
                self._delete(run_id)
            elif was == _KEPT and run_id not in there:
                self._registry.mark([run_id], _MISSING)
            elif was == _MISSING and run_id in there:
                self._registry.mark([run_id], _KEPT)
        self._find_fits()
        self._find_places()
        self._find_owners()

    def _find_owners(self) -> None:
        """Enter whose the scenarios are that a registry without that knew."""
        if self._registry.rows(sa.select(SCENARIOS.c.name).where(SCENARIOS.c.place == "").limit(1)):
            self.scenarios.settle(list({one.identity for one in self.runs(every_status=True) if one.place}))

    def _find_places(self) -> None:
        """Enter place, province and year of runs that a registry without them knew."""
        for row in self._registry.rows(sa.select(RUNS.c.run_id).where(RUNS.c.status == _KEPT, RUNS.c.place == "")):
            with suppress(StoreError):
                self._enter(self._runs / row["run_id"])

    def _find_fits(self) -> None:
        """Enter the fits of runs that a registry without them knew."""
        entered = sa.select(FITS.c.run_id)
        query = sa.select(RUNS.c.run_id).where(RUNS.c.status == _KEPT, RUNS.c.run_id.not_in(entered))
        for row in self._registry.rows(query):
            with suppress(StoreError):
                if opened(self._runs / row["run_id"]).fits:
                    self._enter(self._runs / row["run_id"])

    def verify(self, references: Iterable[str] = ()) -> dict[str, tuple[str, ...]]:
        """Damaged, missing or foreign files of every run, or of some, by run; whole runs have none.

        Folders without an entry are checked too: they were not entered because something is wrong with them.
        """
        ids = [self._run_id(one) for one in references]
        if not ids:
            known = {h.run_id for h in self.runs(every_status=True)}
            ids = sorted(known | {folder.name for folder in self._runs.iterdir()})
        found = {}
        for run_id in ids:
            try:
                found[run_id] = opened(self._runs / run_id).damages()
            except StoreError as error:
                found[run_id] = (str(error.params.get("files", "manifest.json")),)
        return found

    def prune(self, run_ids: Iterable[str]) -> None:
        """Delete runs. Once begun, a deletion is ended, at the latest when the store is opened next."""
        ids = list(run_ids)
        self._registry.mark(ids, _PRUNING)
        for run_id in ids:
            self._delete(run_id)

    def _delete(self, run_id: str) -> None:
        folder = self._runs / _checked(run_id)
        with written(self.root):
            if folder.exists():
                gone = self._tmp / f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
                folder.rename(gone)
                sync_folder(self._runs)
                shutil.rmtree(gone, ignore_errors=True)
        self._registry.forget(run_id)

    def surplus(self, *, keep: int, dataset: str | None = None) -> list[Header]:
        """Runs beyond the newest ``keep`` of each data set, and entries whose folder is gone."""
        counts: dict[Identity, int] = {}
        out = []
        for header in self.runs(dataset, every_status=True):
            counts[header.identity] = counts.get(header.identity, 0) + (header.status == _KEPT)
            if header.status == _MISSING or counts[header.identity] > keep:
                out.append(header)
        return out


def _checked(run_id: str) -> str:
    """An id that is a plain name of a folder."""
    if not re.fullmatch(r"[\w.][\w.~+-]*", run_id) or run_id in {".", ".."}:
        raise StoreError("bad_id", run=run_id)
    return run_id


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
