"""Data sets that the app keeps: every change is a new version beside the last, and can be taken back.

``datasets/<name>/<number>/`` in the store holds a version, ``datasets/<name>/head.json`` says which one is current, how
each came about, and of which city and year they are. The folder that a run was made from is never touched.

Invariant: a version is a valid data set, is never changed once it is there, and two who begin from the same version
cannot both follow it (held by ``tests/test_shelf.py``).
"""

from __future__ import annotations

import errno
import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Final

from forecast.data.dataset import Dataset, read_dataset
from forecast.data.reading.source import CONFIG_FILE
from forecast.errors import ForecastError
from forecast.files import sync_folder, write_new, write_whole
from forecast.runs.amend import apply
from forecast.runs.store import ConflictError, Identity, StoreError, home, identity_of
from forecast.runs.store.contents import inputs_of
from forecast.runs.store.disk import written
from forecast.runs.update import Prepared, prepare

HEAD: Final = "head.json"
_UNSAFE: Final = re.compile(r"[/\\\s.:]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One state of a data set.

    parent : version that it followed, 0 for the first; files : what was uploaded; at : ISO time, UTC
    """

    version: int
    parent: int
    data_hash: str
    author: str
    at: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Preview:
    """What an upload would make of a data set; nothing is kept yet.

    prepared : of files that are taken into a data set; None where they are a whole one
    contents : files of the data set as it would be
    """

    dataset: Dataset
    prepared: Prepared | None
    contents: Mapping[str, bytes]
    files: tuple[str, ...]


def _folder_name(identity: Identity) -> str:
    """Name of a data set's folder on the shelf."""
    parts = (identity.place, str(identity.target_year), identity.province, identity.dataset)
    return "-".join(safe for part in parts if (safe := _UNSAFE.sub("-", part).strip("-")))


@lru_cache(maxsize=256)
def _lying_in(folder: Path) -> Identity | None:
    """Identity of the data set of a version, which never changes; None where it cannot be read."""
    try:
        return identity_of(read_dataset(folder))
    except (ForecastError, OSError):
        return None


class Shelf:
    """The data sets of a store."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = (home() if root is None else root) / "datasets"

    def names(self) -> list[str]:
        """Names of the data sets that have a version."""
        if not self.root.is_dir():
            return []
        return sorted(folder.name for folder in self.root.iterdir() if (folder / HEAD).is_file())

    def name_of(self, identity: Identity) -> str:
        """Name of a data set on the shelf.

        Shelves of earlier versions of the program are called otherwise: those are known by what lies on them.
        """
        name = _folder_name(identity)
        if (self.root / name / HEAD).is_file():
            return name
        for other in self.names():
            head = self._head(other)
            if "identity" not in head and _lying_in(self.folder(other, head["current"])) == identity:
                return other
        return name

    def undone(self, identity: Identity) -> frozenset[str]:
        """Hashes of the versions of a data set that were taken back: the current one does not rest on them."""
        head = self._head(self.name_of(identity))
        history = {one["version"]: one for one in head["history"]}
        counts: set[str] = set()
        at = head["current"]
        while at in history:
            counts.add(history[at]["data_hash"])
            at = history[at]["parent"]
        return frozenset(one["data_hash"] for one in history.values()) - counts

    def versions(self, name: str) -> list[Version]:
        """All versions of a data set, the newest first; none where there is no such data set."""
        return [Version(**(one | {"files": tuple(one["files"])})) for one in reversed(self._head(name)["history"])]

    def current(self, name: str) -> Version | None:
        """The version that counts; None where there is none."""
        head = self._head(name)
        return next((one for one in self.versions(name) if one.version == head["current"]), None)

    def folder(self, name: str, version: int) -> Path:
        """Where a version lies."""
        return self.root / _checked(name) / f"{version:04d}"

    def add(self, made: Preview, *, author: str, based_on: int) -> Version:
        """Keep what a preview showed as the new current version.

        Parameters
        ----------
        based_on : version that it was made from, 0 for a new data set

        Raises
        ------
        ConflictError
            Another version became current meanwhile; nothing was kept.
        StoreError
            The disk is full or cannot be written.
        """
        identity = identity_of(made.dataset)
        name = self.name_of(identity)
        place = self.root / _checked(name)
        head = self._head(name)
        self._expect(name, head, based_on)
        number = 1 + max((one["version"] for one in head["history"]), default=0)
        one = Version(
            version=number,
            parent=based_on,
            data_hash=made.dataset.data_hash,
            author=author.strip(),
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            files=made.files,
        )
        with written(place):
            place.mkdir(parents=True, exist_ok=True)
            scratch = Path(tempfile.mkdtemp(dir=place, prefix=".new-"))
            try:
                _write(scratch, made.contents)
                scratch.rename(self.folder(name, number))
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                    self._expect(name, self._head(name), based_on)
                raise
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
            self._write_head(
                name, {"current": number, "history": [*head["history"], asdict(one)], "identity": asdict(identity)}
            )
        return one

    def undo(self, name: str, *, based_on: int) -> Version | None:
        """Make the version before the current one count again; None where there is none before it.

        Raises
        ------
        ConflictError
            Another version became current meanwhile.
        """
        head = self._head(name)
        self._expect(name, head, based_on)
        now = self.current(name)
        if now is None or now.parent == 0:
            return None
        with written(self.root):
            self._write_head(name, head | {"current": now.parent})
        return self.current(name)

    def _expect(self, name: str, head: Mapping[str, Any], based_on: int) -> None:
        if head["current"] != based_on:
            newest: dict[str, Any] = next((one for one in head["history"] if one["version"] == head["current"]), {})
            raise ConflictError(
                "scenario_conflict",
                name=name,
                based_on=based_on,
                version=head["current"],
                author=newest.get("author", ""),
                saved_at=newest.get("at", ""),
            )

    def _head(self, name: str) -> dict[str, Any]:
        try:
            found = json.loads((self.root / _checked(name) / HEAD).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {"current": 0, "history": []}
        except (OSError, ValueError) as error:
            raise StoreError("damaged", place=self.root / name, files=HEAD) from error
        return dict(found)

    def _write_head(self, name: str, head: Mapping[str, Any]) -> None:
        path = self.root / name / HEAD
        write_whole(path, json.dumps(head, ensure_ascii=False, indent=1))


def _checked(name: str) -> str:
    """A name that is one folder."""
    if not name or name != PurePosixPath(name).name or name.startswith(".") or "\\" in name:
        raise StoreError("bad_id", run=name)
    return name


def _write(folder: Path, contents: Mapping[str, bytes]) -> None:
    for name, content in contents.items():
        write_new(folder / name, content)
    for one in {(folder / name).parent for name in contents} | {folder}:
        sync_folder(one)


def preview(uploads: Mapping[str, bytes], current: Dataset | None) -> Preview:
    """What uploaded files make: a whole data set, or the current one with new figures and ledgers.

    A ``dataset.toml`` among the files, or one workbook where the current data set is one, is a whole data set; anything
    else is taken into the current one.

    Raises
    ------
    InputError
        Something is wrong; it carries every problem with its place, cell addresses for workbooks.
    """
    with _folder(uploads) as place:
        files = tuple(uploads)
        if whole := _whole(place, uploads, current):
            dataset = read_dataset(whole)
            return Preview(dataset=dataset, prepared=None, contents=dict(inputs_of(dataset)), files=files)
        assert current is not None
        with _folder(dict(inputs_of(current))) as before:
            prepared = prepare(before, [place / name for name in files])
            apply(prepared.amendment)
            dataset = read_dataset(before)
            return Preview(dataset=dataset, prepared=prepared, contents=dict(inputs_of(dataset)), files=files)


def _whole(place: Path, uploads: Mapping[str, bytes], current: Dataset | None) -> Path | None:
    """Where a whole data set lies among uploaded files; None where they are to be taken into the current one."""
    if CONFIG_FILE in uploads or (place / CONFIG_FILE).exists():
        return place
    books = [name for name in uploads if name.lower().endswith(".xlsx")]
    if current is None:
        return place / books[0] if len(books) == 1 else place
    is_book = not (current.config.folder / CONFIG_FILE).exists()
    if is_book and len(uploads) == 1 and books:
        return place / books[0]
    return None


@contextmanager
def _folder(contents: Mapping[str, bytes]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as scratch:
        _write(Path(scratch), {PurePosixPath(name).name: content for name, content in contents.items()})
        yield Path(scratch)


def whole(path: Path) -> Preview:
    """A data set that lies somewhere, to be kept as it is.

    Raises
    ------
    InputError
        It is unusable.
    """
    dataset = read_dataset(path)
    return Preview(dataset=dataset, prepared=None, contents=dict(inputs_of(dataset)), files=())
