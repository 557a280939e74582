"""What pages read of kept runs, held between reruns; opening a run never fits anything.

Invariant: PyMC is never imported (held by ``tests/test_app.py``).

What comes with the program: a stored run of the example, the example's data, scenarios to begin with.

Installed, these lie in the package; in a checkout the data sets and scenarios lie beside it.

Invariant: everything named here is found from an installed wheel outside the repository
(held by ``tests/test_app_data.py`` and ``tests/browser``).

Track records that are kept in the store, by the data that they were made from.

Invariant: a record is only ever shown with the data set it was made from named beside it
(held by ``tests/test_app_track.py``).

Scenarios to choose from: files in the folders of scenarios, and those that people saved in the store.

Invariant: a save that was begun from an older version than the newest is refused, never lost and never on top of
another's (held by ``tests/test_app_scenario.py``).
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import zipfile
import zlib
from collections.abc import Container, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from forecast.answers.advice import Sharpening, best
from forecast.answers.attainment import Attainment
from forecast.answers.chances import Ends
from forecast.answers.judgement import year_ends_of
from forecast.data.dataset import Dataset, read_dataset
from forecast.data.panel import Config, Panel
from forecast.errors import ForecastError, InputError
from forecast.report.files import read_backtest
from forecast.runs.difference import Moved, compare, vintage
from forecast.runs.session import Session
from forecast.runs.store import Header, Identity, Scenarios, ScenarioStatus, ScenarioVersion, Store, home
from forecast.runs.store.registry import stated_identity
from forecast.scenario.drafting import Draft, draft_of, parsed, to_yaml
from forecast.scenario.reader import read_scenario
from forecast.tables.record import TrackRecord
from forecast.tables.track import MANIFEST

if TYPE_CHECKING:
    import pandas as pd

    from forecast.data.dataset import Dataset
    from forecast.runs.run import Run

FOLDER: Final = "backtests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A kept backtest: its folder and its manifest."""

    folder: Path
    manifest: Mapping[str, Any]

    def of(self, identity: Identity, data: Container[str]) -> bool:
        """Whether it is of a data set; one that does not say so, by the hashes of the data that it was run on."""
        stated = stated_identity(self.manifest)
        return stated == identity if stated else self.data_hash in data

    @property
    def data_hash(self) -> str:
        """Of the data set that was replayed."""
        return str(self.manifest["data_hash"])


def track_record(record: Record) -> TrackRecord:
    """A record's tables, as ``dabiao backtest`` writes them.

    Raises
    ------
    UsageError
        A table is missing or damaged.
    """
    return _track_record(str(record.folder), (record.folder / MANIFEST).stat().st_mtime_ns)


@st.cache_resource(show_spinner=False, max_entries=4)
def _track_record(folder: str, changed: int) -> TrackRecord:  # noqa: ARG001  part of the key
    return TrackRecord(**read_backtest(Path(folder)))


def folder_of(data_hash: str, run_id: str) -> Path:
    """Where a backtest of a data set is kept."""
    return home() / FOLDER / data_hash / run_id


def records(identity: Identity, data: Container[str]) -> list[Record]:
    """Kept backtests of a data set, the newest first.

    data : hashes of the versions that runs of it are kept of
    """
    found = []
    root = home() / FOLDER
    for path in root.glob(f"*/*/{MANIFEST}") if root.is_dir() else ():
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        record = Record(folder=path.parent, manifest=manifest)
        if record.of(identity, data):
            found.append((path.stat().st_mtime, record))
    return [record for _, record in sorted(found, key=lambda one: -one[0])]


PACKAGE: Final = Path(__file__).parents[1] / "bundled"
CHECKOUT: Final = Path(__file__).parents[2]
EXAMPLE_RUN: Final = "example.dabiao.zip"
EXAMPLE_RECORD: Final = "example-record.zip"
SCENARIOS: Final = "DABIAO_SCENARIOS"
"""Environment variable that names a further folder of scenarios."""


def example_run() -> Path | None:
    """The stored run of the example, as an exported file; None where it does not come with the program."""
    path = PACKAGE / EXAMPLE_RUN
    return path if path.is_file() else None


def unpack_example_record(home: Path) -> None:
    """Put the track record of the example into a store, where it does not have it."""
    path = PACKAGE / EXAMPLE_RECORD
    if not path.is_file():
        return
    with zipfile.ZipFile(path) as record:
        for name in record.namelist():
            target = home / FOLDER / PurePosixPath(name)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(record.read(name))


def scenario_folders() -> tuple[Path, ...]:
    """Folders with scenario files, the reader's own first."""
    named = os.environ.get(SCENARIOS)
    places = [Path(named)] if named else []
    places += [root / "scenarios" for root in (Path.cwd(), CHECKOUT, PACKAGE)]
    inner = [one for place in places for one in (place, place / "example")]
    return tuple(dict.fromkeys(one.resolve() for one in inner if one.is_dir()))


def with_regenerated(dataset: Dataset) -> Dataset:
    """The data set, pointing to the ledgers that were regenerated for it where the program has them."""
    for root in (CHECKOUT / "data", PACKAGE / "data"):
        folder = root / dataset.config.name
        if (folder / "regenerated").is_dir() and _hash(folder) == dataset.data_hash:
            return replace(dataset, config=replace(dataset.config, folder=folder))
    return dataset


@cache
def _hash(folder: Path) -> str:
    try:
        return read_dataset(folder).data_hash
    except InputError:
        return ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Opened:
    """A kept run as the pages need it: its answers, not its draws.

    paths : rows of ``paths.csv``
    failures : why an indicator has no draws although it has figures
    sharpest : the figure that would say most about the city's year-end gaps
    """

    header: Header
    attainment: Attainment
    panel: Panel
    config: Config
    paths: pd.DataFrame
    sharpest: Sharpening | None
    failures: Mapping[str, str]


@st.cache_resource(show_spinner=False, max_entries=2)
def _store(root: str) -> Store:
    return Store(Path(root))


def store() -> Store:
    """The store, opened.

    Raises
    ------
    StoreError
        It cannot be used.
    """
    return _store(str(home()))


def headers() -> list[Header]:
    """Kept runs, newest first.

    Raises
    ------
    StoreError
        The store cannot be used.
    """
    return store().runs()


def library(header: Header) -> Scenarios:
    """Saved scenarios of a run's data set.

    Raises
    ------
    StoreError
        The store cannot be used.
    """
    return store().scenarios_of(header.identity)


def data_of(identity: Identity) -> frozenset[str]:
    """Hashes of the versions of a data set that runs are kept of.

    Raises
    ------
    StoreError
        The store cannot be used.
    """
    return frozenset(one.data_hash for one in store().runs(of=identity))


def gone() -> list[Header]:
    """Runs that were kept once and whose folder is gone.

    Raises
    ------
    StoreError
        The store cannot be used.
    """
    return [one for one in store().runs(every_status=True) if one.status != "kept"]


def opened(header: Header) -> Opened:
    """A kept run, opened.

    Raises
    ------
    StoreError
        Files of it are missing or damaged.
    """
    return _opened(str(home()), header.run_id, header.checksum)


def warm(run_id: str | None) -> None:
    """Open a run, or the newest, before it is asked for; what is wrong with it is said when it is."""
    with suppress(ForecastError):
        for header in headers():
            if run_id in {None, header.run_id}:
                opened(header)
                return


def loaded(header: Header) -> Run:
    """A kept run with its draws; the last few stay in memory.

    Raises
    ------
    StoreError
        Files of it are missing or damaged.
    """
    return _loaded(str(home()), header.run_id, header.checksum)


@st.cache_resource(show_spinner=False, max_entries=2)
def _loaded(root: str, run_id: str, checksum: str) -> Run:  # noqa: ARG001  the checksum is part of the key
    return _store(root).open(run_id).run()


def session(header: Header) -> Session:
    """A kept run, ready to be asked; what was asked of it once is not worked out again.

    Raises
    ------
    StoreError
        Files of it are missing or damaged.
    """
    return _session(str(home()), header.run_id, header.checksum)


@st.cache_resource(show_spinner=False, max_entries=2)
def _session(root: str, run_id: str, checksum: str) -> Session:
    made = Session(_loaded(root, run_id, checksum), regenerated=with_regenerated)
    made.evaluate(())
    return made


@st.cache_resource(show_spinner=False, max_entries=4)
def _opened(root: str, run_id: str, checksum: str) -> Opened:
    kept = _store(root).open(run_id)
    run = _loaded(root, run_id, checksum)
    config = run.dataset.config
    return Opened(
        header=kept.header,
        attainment=run.attainment,
        panel=run.dataset.panel,
        config=config,
        paths=kept.table("paths"),
        failures=run.failures,
        sharpest=best(run.paths, unit=config.city, benchmark=config.province),
    )


def moved(before: Header, after: Header) -> tuple[Moved, Dataset]:
    """What differs between two kept runs, and the data set of the later one.

    Raises
    ------
    StoreError
        Files of one are missing or damaged.
    """
    return _moved(str(home()), before.run_id, before.checksum, after.run_id, after.checksum)


@st.cache_resource(show_spinner=False, max_entries=8)
def _moved(root: str, before: str, before_sum: str, after: str, after_sum: str) -> tuple[Moved, Dataset]:  # noqa: ARG001
    later = _loaded(root, after, after_sum).dataset
    sides = [_store(root).open(one) for one in (before, after)]
    return compare(vintage(sides[0]), vintage(sides[1], dataset=later)), later


def gap(header: Header, key: tuple[str, str, str]) -> Ends | None:
    """Draws of the year end of a target by its key; None where it is not judged."""
    return _gap(str(home()), header.run_id, header.checksum, key)


@st.cache_resource(show_spinner=False, max_entries=32)
def _gap(root: str, run_id: str, checksum: str, key: tuple[str, str, str]) -> Ends | None:
    run = _opened(root, run_id, checksum)
    target = next(row.target for row in run.attainment.rows if row.target.key == key)
    paths = _loaded(root, run_id, checksum).paths
    return year_ends_of(target, paths, panel=run.panel, config=run.config)


FILE: Final = "file"
SAVED: Final = "saved"
LONGEST: Final = 6000
"""Letters of an edited scenario in an address: browsers and servers pass at least 8000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A scenario of the library.

    key : ``file:NAME`` or ``saved:NAME@VERSION``, as in an address
    version, author : of a saved one; 0 and empty for a file
    """

    key: str
    title: str
    draft: Draft
    version: int = 0
    author: str = ""
    closed: bool = False


def entries(dataset: Dataset, saved: Scenarios) -> tuple[list[Entry], list[str]]:
    """Scenarios that fit a data set, files first, the newest version of each saved one; and files that are unusable."""
    found: dict[str, Entry] = {}
    bad = []
    for folder in scenario_folders():
        for path in sorted(folder.glob("*.y*ml")):
            key = f"{FILE}:{path.stem}"
            if key in found:
                continue
            draft = _file(str(path), path.stat().st_mtime_ns, dataset.data_hash, dataset)
            if isinstance(draft, Draft):
                found[key] = Entry(key=key, title=draft.title, draft=draft)
            elif draft:
                bad.append(path.name)
    for name in saved.names():
        one = _entry(saved.newest(name), dataset)
        if one is not None:
            found[one.key] = one
    return list(found.values()), bad


def entry_of(key: str, listed: Sequence[Entry], dataset: Dataset, saved: Scenarios) -> Entry | None:
    """The scenario that an address names, an older version too; None where there is none."""
    for one in listed:
        if key in (one.key, one.key.rpartition("@")[0]):
            return one
    kind, _, rest = key.partition(":")
    name, _, number = rest.rpartition("@")
    if kind == SAVED and number.isdigit():
        for version in saved.versions(name):
            if version.version == int(number):
                return _entry(version, dataset)
    return None


def versions(name: str, saved: Scenarios) -> list[ScenarioVersion]:
    """All versions of a saved scenario, newest first."""
    return saved.versions(name)


def save(draft: Draft, saved: Scenarios, *, author: str, based_on: int, closed: bool = False) -> str:
    """Save a draft as a new version; gives its key.

    Raises
    ------
    ConflictError
        Somebody saved a newer version meanwhile; nothing was saved.
    StoreError
        Name or author is empty, or the disk does not take it.
    """
    status = ScenarioStatus.CLOSED if closed else ScenarioStatus.DRAFT
    text = to_yaml(replace(draft, author=author.strip() or draft.author))
    made = saved.save(draft.name, text, author=author, based_on=based_on, status=status)
    return f"{SAVED}:{made.name}@{made.version}"


def _entry(version: ScenarioVersion, dataset: Dataset) -> Entry | None:
    draft = _text(version.text, version.name, dataset.data_hash, dataset)
    if draft is None:
        return None
    return Entry(
        key=f"{SAVED}:{version.name}@{version.version}",
        title=draft.title,
        draft=draft,
        version=version.version,
        author=version.author,
        closed=version.status is ScenarioStatus.CLOSED,
    )


@st.cache_resource(show_spinner=False, max_entries=256)
def _file(path: str, changed: int, data_hash: str, _dataset: Dataset) -> Draft | str:  # noqa: ARG001  parts of the key
    """The draft of a file; the report of what is wrong with it; empty where it is of another data set."""
    try:
        return draft_of(read_scenario(Path(path), _dataset))
    except InputError as error:
        if any(problem.code == "dataset_other" for problem in error.problems):
            return ""
        return error.report("zh")


@st.cache_resource(show_spinner=False, max_entries=256)
def _text(text: str, name: str, data_hash: str, _dataset: Dataset) -> Draft | None:  # noqa: ARG001  parts of the key
    try:
        return parsed(text, _dataset, file=name)
    except ForecastError:
        return None


def encoded(draft: Draft) -> str | None:
    """A draft as a part of an address; None where it is too long for one."""
    packed = base64.urlsafe_b64encode(zlib.compress(to_yaml(draft).encode(), 9)).decode().rstrip("=")
    return packed if len(packed) <= LONGEST else None


def decoded(text: str, dataset: Dataset, *, file: str) -> Draft | None:
    """The draft of ``encoded``; None where it is no longer one on this data set."""
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        opener = zlib.decompressobj()
        return parsed(opener.decompress(packed, 1_000_000).decode(), dataset, file=file)
    except (ForecastError, binascii.Error, zlib.error, ValueError):
        return None
