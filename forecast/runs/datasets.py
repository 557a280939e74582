"""Data sets that the app keeps: every change is a new version beside the last, and can be taken back.

``datasets/<name>/<number>/`` in the store holds a version, ``datasets/<name>/head.json`` says which one is current, how
each came about, and of which city and year they are. The folder that a run was made from is never touched.

Invariant: a version is a valid data set, is never changed once it is there, and two who begin from the same version
cannot both follow it (held by ``tests/test_shelf.py``).

The monthly job: take in new figures and ledgers, run as of the new month, keep the run, say what moved.

Invariant: the same update twice adds nothing the second time (held by ``tests/test_update.py``).
"""

from __future__ import annotations

import datetime as dt
import errno
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Final

from forecast.data.dataset import Dataset, read_dataset
from forecast.data.intake import Intake, Understood, take_in, understand
from forecast.data.plausible import Doubt, accepted_text, read_accepted
from forecast.data.reading.places import indicator_names, place_names
from forecast.data.reading.problems import Problems
from forecast.data.reading.source import ACCEPTED, CONFIG_FILE, is_data_set
from forecast.errors import ForecastError, Problem, UsageError
from forecast.executor import Executor
from forecast.files import sync_folder, write_new, write_whole
from forecast.periods import AsOf
from forecast.runs.amend import Amendment, amend, apply, check, next_as_of
from forecast.runs.difference import Moved, compare, vintage
from forecast.runs.run import Request, Run, run
from forecast.runs.store import Answers, ConflictError, Identity, KeptRun, Store, StoreError, home, identity_of
from forecast.runs.store.disk import written
from forecast.runs.store.kept import inputs_of


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """An update that was read and validated, and not yet applied: what a preview shows.

    dataset : before; as_of : state of knowledge after
    warnings : of the data set as it will be: figures in doubt, and what was left aside or understood in words
    """

    dataset: Dataset
    intake: Intake
    amendment: Amendment
    as_of: str
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Updated:
    """A finished update.

    before, after : the run before and the new one; moved : what differs between them; answers : of the new one
    """

    prepared: Prepared
    run: Run
    answers: Answers
    before: KeptRun
    after: KeptRun
    moved: Moved


def prepare(dataset: Path, files: Sequence[Path], *, as_of: str | None = None, released: str | None = None) -> Prepared:
    """Read and validate everything; nothing is written.

    Parameters
    ----------
    as_of : state of knowledge after the update; None: the latest month that the files bring
    released : YYYY-MM-DD, release day of figures whose file names none

    Raises
    ------
    InputError
        A file, or the data set with it, is unusable.
    UsageError
        A date cannot be read.
    """
    if as_of is not None:
        AsOf.parse(as_of)
    day = _day(released)
    before = read_dataset(dataset)
    problems = Problems()
    intake = take_in(before, files, problems, released=day)
    first: dict[str, str] = {}
    for ledger in intake.ledgers:
        if first.setdefault(ledger.kind, ledger.file) is not ledger.file:
            problems.add("update_file_twice", ledger.file, kind=ledger.kind, other=first[ledger.kind])
    problems.check()
    moment = as_of or next_as_of(before, intake)
    after = before
    if not files:
        amendment = Amendment(folder=before.config.folder, before={}, after={})
    else:
        amendment = amend(before, intake, as_of=moment)
        after = check(before, amendment, intake.additions)
    warnings = (*after.warnings(), *problems.remarks())
    return Prepared(dataset=before, intake=intake, amendment=amendment, as_of=moment, warnings=warnings)


def _day(text: str | None) -> dt.date | None:
    try:
        return None if text is None else dt.date.fromisoformat(text)
    except ValueError as error:
        raise UsageError("usage_released", found=text) from error


def update(
    request: Request,
    files: Sequence[Path],
    *,
    store: Store,
    answers: Callable[[Run], Answers],
    released: str | None = None,
    progress: Callable[[str, int, int], None] = lambda *_: None,
    executor: Executor | None = None,
) -> Updated:
    """Take in files, run, keep, and compare with the run before.

    Where none is kept, the data set is run as it was before the update.

    Parameters
    ----------
    request : data set, seed, method, draws; ``as_of`` as in ``prepare``
    answers : what is kept of a run beside its draws

    Raises
    ------
    InputError, UsageError
        As ``prepare``; nothing was changed.
    StoreError
        The disk is full or cannot be written; what was there before is untouched.
    """
    prepared = prepare(request.dataset, files, as_of=request.as_of, released=released)

    def made(as_of: str) -> tuple[Run, Answers, KeptRun]:
        finished = run(replace(request, as_of=as_of), progress=progress, executor=executor, kept=store.fit)
        told = answers(finished)
        return finished, told, store.keep(finished, told)

    before = _newest(store, prepared, request) or made(prepared.dataset.config.as_of)[2]
    apply(prepared.amendment)
    finished, told, after = made(prepared.as_of)
    moved = compare(vintage(before, dataset=prepared.dataset), vintage(after, dataset=finished.dataset))
    return Updated(prepared=prepared, run=finished, answers=told, before=before, after=after, moved=moved)


def _newest(store: Store, prepared: Prepared, request: Request) -> KeptRun | None:
    """The run of the data set as it was before the update, else its newest kept run asked for in the same way."""
    data = prepared.dataset
    until = AsOf.parse(prepared.as_of).day
    headers = [
        header
        for header in store.runs(of=identity_of(data))
        if (header.method, header.seed, header.draws) == (request.method, request.seed, request.draws)
        and AsOf.parse(header.as_of).day <= until
    ]
    just_before = [h for h in headers if (h.data_hash, h.as_of) == (data.data_hash, data.config.as_of)]
    for header in [*just_before, *headers]:
        kept = store.open(header.run_id)
        if not kept.damages():
            return kept
    return None


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
    read : what files of tables were understood to say, cell by cell
    """

    dataset: Dataset
    prepared: Prepared | None
    contents: Mapping[str, bytes]
    files: tuple[str, ...]
    read: tuple[Understood, ...] = ()

    def doubts(self) -> tuple[Doubt, ...]:
        """Figures that should be confirmed, at the cells of the files that bring them; those of the upload first."""
        brought = {
            (one.unit, one.indicator, str(one.period), one.value): one
            for one in (self.prepared.intake.additions if self.prepared else ())
        }
        found = [
            replace(doubt, file=one.file, row=one.row, cell=one.cell) if (one := brought.get(doubt.key)) else doubt
            for doubt in self.dataset.doubts
        ]
        return tuple(sorted(found, key=lambda doubt: doubt.key not in brought))

    def confirmed(self, keys: Iterable[tuple[str, str, str, float]]) -> Preview:
        """The same, with figures confirmed by who uploads them; what was confirmed before stays so."""
        old = self.contents.get(ACCEPTED)
        with _folder({ACCEPTED: old} if old else {}) as place:
            known = read_accepted(place, Problems())
        new = known | frozenset(keys)
        if not new:
            return self
        return replace(self, contents={**self.contents, ACCEPTED: accepted_text(new).encode("utf-8-sig")})


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
            return Preview(
                dataset=dataset,
                prepared=prepared,
                contents=dict(inputs_of(dataset)),
                files=files,
                read=tuple(one for name in files if (one := _understood(place / name, current)).figures),
            )


def _understood(path: Path, current: Dataset) -> Understood:
    """What a file of tables says, in the words of the data set."""
    panel = current.panel
    return understand(
        path,
        places=place_names(panel.units.values(), city=current.config.city),
        indicators=indicator_names(panel.indicators.values()),
    )


def _whole(place: Path, uploads: Mapping[str, bytes], current: Dataset | None) -> Path | None:
    """Where a whole data set lies among uploaded files; None where they are to be taken into the current one."""
    if CONFIG_FILE in uploads or (place / CONFIG_FILE).exists():
        return place
    books = [name for name in uploads if name.lower().endswith(".xlsx")]
    if current is None:
        return place / books[0] if len(books) == 1 else place
    is_book = not (current.config.folder / CONFIG_FILE).exists()
    if is_book and len(uploads) == 1 and books and is_data_set(uploads[books[0]]):
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
