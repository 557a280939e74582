"""The registry of kept runs: what is kept, where, made of what. SQLite in WAL mode, through SQLAlchemy Core.

Folders are the truth, the registry an index of them that can be rebuilt; only versions of scenarios live here alone.
Nothing but ``_settings`` knows that the database is SQLite.

Invariant: a registry of any earlier schema is brought to the present one in one transaction, one of a later schema is
refused (held by ``tests/test_store.py``).

Which data set a run is of, and which runs belong together.

Every data set made from a workbook is called after its year alone, so that its name tells no city from another. What
does is place, province, year and the data set's own name together: an ``Identity``. Everything that looks for "the
same data set" compares identities: kept runs, the shelf, what is newer or earlier, updates, records, links.

Invariant: runs of two cities are never taken for one another's, whatever their data sets are called
(held by ``tests/test_identity.py``).

Versions of scenarios that people edit: every save is a new version, none is ever changed; each is of one data set.

Invariant: a save that was begun from an older version than the newest is refused, and nobody's text is lost
(held by ``tests/test_store.py``).
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from forecast.data.dataset import Dataset
from forecast.data.panel import Config, Panel
from forecast.periods import AsOf
from forecast.runs.store.disk import ConflictError, StoreError

SCHEMA: Final = 4
"""Version of the registry's tables. 1: runs; 2: scenario_hash of a run, fits, versions of scenarios; 3: place, province
and year of a run; 4: the data set of a scenario."""
BUSY_SECONDS: Final = 60
"""How long a writer waits for another one."""

LEAST_FREE: Final = 256 * 1024
"""Bytes that SQLite needs beside the database: its log and its shared memory."""

NO_SCENARIO: Final = "0" * 16
"""Scenario hash of a baseline."""

_METADATA: Final = sa.MetaData()
META: Final = sa.Table(
    "meta",
    _METADATA,
    sa.Column("key", sa.String(40), primary_key=True),
    sa.Column("value", sa.String(200), nullable=False),
)
RUNS: Final = sa.Table(
    "runs",
    _METADATA,
    sa.Column("run_id", sa.String(200), primary_key=True),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("kept_at", sa.String(40), nullable=False),
    sa.Column("dataset", sa.String(200), nullable=False),
    sa.Column("city", sa.String(80), nullable=False),
    sa.Column("as_of", sa.String(10), nullable=False),
    sa.Column("method", sa.String(20), nullable=False),
    sa.Column("seed", sa.Integer, nullable=False),
    sa.Column("draws", sa.Integer, nullable=False),
    sa.Column("data_hash", sa.String(64), nullable=False),
    sa.Column("scenario_hash", sa.String(64), nullable=False),
    sa.Column("model_version", sa.String(40), nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("checksum", sa.String(64), nullable=False),
    sa.Column("place", sa.String(80), nullable=False),
    sa.Column("province", sa.String(80), nullable=False),
    sa.Column("target_year", sa.Integer, nullable=False),
)
FITS: Final = sa.Table(
    "fits",
    _METADATA,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("run_id", sa.String(200), primary_key=True),
    sa.Column("indicator", sa.String(80), nullable=False),
)
SCENARIOS: Final = sa.Table(
    "scenario_versions",
    _METADATA,
    sa.Column("name", sa.String(120), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("dataset", sa.String(200), primary_key=True),
    sa.Column("place", sa.String(80), primary_key=True),
    sa.Column("province", sa.String(80), primary_key=True),
    sa.Column("target_year", sa.Integer, primary_key=True),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("author", sa.String(120), nullable=False),
    sa.Column("saved_at", sa.String(40), nullable=False),
    sa.Column("content_hash", sa.String(64), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)


def _from_1(connection: sa.Connection) -> None:
    """Schema 1 knew no scenarios: every run was a baseline; its fits are found again in the manifests."""
    connection.execute(
        sa.text(f"ALTER TABLE runs ADD COLUMN scenario_hash VARCHAR(64) NOT NULL DEFAULT '{NO_SCENARIO}'")
    )
    FITS.create(connection)
    _SCENARIOS_3.create(connection)


def _from_2(connection: sa.Connection) -> None:
    """Schema 2 told data sets apart by name alone; place, province and year are found again in the runs' folders."""
    for column in ("place VARCHAR(80) NOT NULL DEFAULT ''", "province VARCHAR(80) NOT NULL DEFAULT ''"):
        connection.execute(sa.text(f"ALTER TABLE runs ADD COLUMN {column}"))
    connection.execute(sa.text("ALTER TABLE runs ADD COLUMN target_year INTEGER NOT NULL DEFAULT 0"))


_SCENARIOS_3: Final = sa.Table(
    "scenario_versions",
    sa.MetaData(),
    sa.Column("name", sa.String(120), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("author", sa.String(120), nullable=False),
    sa.Column("saved_at", sa.String(40), nullable=False),
    sa.Column("content_hash", sa.String(64), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)
"""Versions of scenarios as schemas 2 and 3 had them."""


def _from_3(connection: sa.Connection) -> None:
    """Schema 3 told scenarios apart by name alone; whose each is, is found when the store is opened (``unowned``)."""
    connection.execute(sa.text("ALTER TABLE scenario_versions RENAME TO scenario_versions_3"))
    SCENARIOS.create(connection)
    own = ", ".join(column.name for column in _SCENARIOS_3.c)
    connection.execute(
        sa.text(
            f"INSERT INTO scenario_versions ({own}, dataset, place, province, target_year) "
            f"SELECT {own}, '', '', '', 0 FROM scenario_versions_3"
        )
    )
    connection.execute(sa.text("DROP TABLE scenario_versions_3"))


_MIGRATIONS: Final[Mapping[int, Callable[[sa.Connection], None]]] = {1: _from_1, 2: _from_2, 3: _from_3}
"""Step from each version to the next."""


def _settings(connection: Any, _: object) -> None:
    """SQLite: readers beside a writer, and transactions begun by us and not by the driver."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for line in (f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}", "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL"):
        cursor.execute(line)
    cursor.close()


class Registry:
    """The database file, opened; every method is one transaction."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = sa.create_engine(
            f"sqlite:///{path}", poolclass=sa.NullPool, connect_args={"timeout": BUSY_SECONDS}
        )
        sa.event.listen(self._engine, "connect", _settings)
        with self.transaction() as connection:
            _bring_up_to_date(connection, path)

    @contextmanager
    def transaction(self, *, write: bool = True) -> Iterator[sa.Connection]:
        """A transaction, committed at its end; a writer waits for other writers at its beginning.

        Raises
        ------
        StoreError
            The database is damaged, locked for long, on a full disk or not writable; nothing of the transaction stays.
        """
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
                try:
                    yield connection
                except BaseException:
                    with suppress(sa.exc.DatabaseError):  # a full disk has rolled back already
                        connection.exec_driver_sql("ROLLBACK")
                    raise
                connection.exec_driver_sql("COMMIT")
        except sa.exc.DatabaseError as error:
            raise _explained(error, self.path) from error

    def rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        """Rows of a query."""
        with self.transaction(write=False) as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def insert(self, run: Mapping[str, Any], fits: Mapping[str, str]) -> None:
        """Enter a run with the keys of its fits, or replace its entry."""
        with self.transaction() as connection:
            for table in (RUNS, FITS):
                connection.execute(sa.delete(table).where(table.c.run_id == run["run_id"]))
            connection.execute(sa.insert(RUNS), dict(run))
            if fits:
                rows = [{"key": key, "run_id": run["run_id"], "indicator": name} for name, key in fits.items()]
                connection.execute(sa.insert(FITS), rows)

    def mark(self, run_ids: Sequence[str], status: str) -> None:
        """Change the status of runs."""
        with self.transaction() as connection:
            connection.execute(sa.update(RUNS).where(RUNS.c.run_id.in_(run_ids)).values(status=status))

    def forget(self, run_id: str) -> None:
        """Remove a run's entry."""
        with self.transaction() as connection:
            for table in (RUNS, FITS):
                connection.execute(sa.delete(table).where(table.c.run_id == run_id))


def _explained(error: sa.exc.DatabaseError, path: Path) -> StoreError:
    text = str(error.orig)
    if "full" in text or ("I/O" in text and _no_space(path)):
        return StoreError("disk_full", place=path, reason=text)
    if "malformed" in text or "not a database" in text:
        return StoreError("registry_damaged", place=path, reason=text)
    return StoreError("registry", place=path, reason=text)


def _no_space(path: Path) -> bool:
    """Whether the disk is full: SQLite calls it an input/output error where it cannot extend its shared memory."""
    try:
        return shutil.disk_usage(path.parent).free < LEAST_FREE
    except OSError:
        return False


def _bring_up_to_date(connection: sa.Connection, path: Path) -> None:
    """Create the tables, or migrate those of an earlier version step by step."""
    if not sa.inspect(connection).has_table("meta"):
        _METADATA.create_all(connection)
        connection.execute(sa.insert(META), {"key": "schema", "value": str(SCHEMA)})
        return
    found = int(connection.execute(sa.select(META.c.value).where(META.c.key == "schema")).scalar_one())
    if found > SCHEMA:
        raise StoreError("newer", place=path, found=found, known=SCHEMA)
    for version in range(found, SCHEMA):
        _MIGRATIONS[version](connection)
    if found < SCHEMA:
        connection.execute(sa.update(META).where(META.c.key == "schema").values(value=str(SCHEMA)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A data set through all its versions.

    dataset : its own name; place, province : Chinese names of the unit that it is about and of its province
    """

    dataset: str
    place: str
    province: str
    target_year: int

    @classmethod
    def of(cls, config: Config, panel: Panel) -> Identity:
        """Identity of a data set, of its configuration and its units."""
        names = {unit: one.name_zh for unit, one in panel.units.items()}
        return cls(
            dataset=config.name,
            place=names.get(config.city, config.city),
            province=names.get(config.province, config.province),
            target_year=config.target_year,
        )


def identity_of(dataset: Dataset) -> Identity:
    """Identity of a data set."""
    return Identity.of(dataset.config, dataset.panel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What tells one kept run from another.

    kept_at : when it was kept, UTC; bytes : of all its files; status : kept, missing, pruning
    place, province : Chinese names; target_year : of the data set; with ``dataset`` they are its identity
    """

    run_id: str
    kept_at: datetime
    dataset: str
    city: str
    as_of: str
    method: str
    seed: int
    draws: int
    data_hash: str
    scenario_hash: str
    model_version: str
    bytes: int
    checksum: str
    status: str = "kept"
    place: str = ""
    province: str = ""
    target_year: int = 0

    @classmethod
    def of(cls, manifest: Mapping[str, Any], identity: Identity | None = None) -> Header:
        """Header of a manifest of any schema up to the present one.

        identity : of a manifest that does not state it, as those before did not
        """
        names = ("run_id", "dataset", "city", "as_of", "method", "seed", "draws", "data_hash", "model_version")
        stated = stated_identity(manifest) or identity
        return cls(
            **{name: manifest[name] for name in names},
            scenario_hash=manifest.get("scenario_hash", NO_SCENARIO),
            kept_at=datetime.fromisoformat(manifest["kept_at"]),
            bytes=sum(entry["bytes"] for entry in manifest["files"].values()),
            checksum=manifest["checksum"],
            place=stated.place if stated else "",
            province=stated.province if stated else "",
            target_year=stated.target_year if stated else 0,
        )

    @property
    def identity(self) -> Identity:
        """Data set that it is of."""
        return Identity(dataset=self.dataset, place=self.place, province=self.province, target_year=self.target_year)


def stated_identity(manifest: Mapping[str, Any]) -> Identity | None:
    """Identity that a manifest states; None for one of an earlier version of the program."""
    found = manifest.get("identity")
    return Identity(**found) if isinstance(found, Mapping) else None


def identity_fields(dataset: Dataset) -> dict[str, Any]:
    """What a manifest states of the identity of its data set."""
    return asdict(identity_of(dataset))


def newer(header: Header, kept: Sequence[Header], undone: frozenset[str] = frozenset()) -> Header | None:
    """The newest run of the same data set that was kept later; None where there is none.

    undone : hashes of versions of the data that were taken back: a run of one of them follows nothing
    """
    mine = [
        one
        for one in kept
        if one.identity == header.identity and one.kept_at > header.kept_at and one.data_hash not in undone
    ]
    return max(mine, key=lambda one: one.kept_at, default=None)


def earlier(header: Header, kept: Sequence[Header], undone: frozenset[str] = frozenset()) -> Header | None:
    """The run to compare with: the newest one of the same data set, method and seed as of an earlier day; None without.

    undone : as in ``newer``
    """
    day = AsOf.parse(header.as_of).day
    same = [
        one
        for one in kept
        if (one.identity, one.method, one.seed) == (header.identity, header.method, header.seed)
        and AsOf.parse(one.as_of).day < day
        and one.data_hash not in undone
    ]
    return max(same, key=lambda one: (AsOf.parse(one.as_of).day, one.kept_at), default=None)


class ScenarioStatus(StrEnum):
    """Whether a version may still be worked on, or stands as it was decided."""

    DRAFT = "draft"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioVersion:
    """One saved state of a scenario.

    version : 1, 2, ...; saved_at : UTC; text : YAML; content_hash : first 16 hex digits of its SHA-256
    """

    name: str
    version: int
    status: ScenarioStatus
    author: str
    saved_at: datetime
    content_hash: str
    text: str


NOBODY: Final = {"dataset": "", "place": "", "province": "", "target_year": 0}
"""Whose a scenario is that was saved before stores knew, as long as that cannot be told."""
_DATASET: Final = re.compile(r"^dataset:[ \t]*['\"]?(.*?)['\"]?[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, eq=False)
class Scenarios:
    """The versions of a store: those of one data set, or, without ``of``, all.

    Scenarios of one name of two data sets are two scenarios. Those of which nobody knows whose they are belong to
    every data set that their text fits.
    """

    registry: Registry
    of: Identity | None = None

    def save(
        self, name: str, text: str, *, author: str, based_on: int, status: ScenarioStatus = ScenarioStatus.DRAFT
    ) -> ScenarioVersion:
        """Save a new version.

        Parameters
        ----------
        based_on : the version that the author had before them; 0 for a new scenario

        Raises
        ------
        ConflictError
            There is a newer version than the one it is based on; nothing was saved.
        StoreError
            Name or author is empty, or the disk does not take it.
        """
        if not name.strip() or not author.strip():
            raise StoreError("scenario_unnamed")
        with self.registry.transaction() as connection:
            query = self._mine().where(SCENARIOS.c.name == name).order_by(SCENARIOS.c.version.desc()).limit(1)
            newest = connection.execute(query).mappings().first()
            found = int(newest["version"]) if newest else 0
            if newest is not None and found != based_on:
                raise ConflictError(
                    "scenario_conflict",
                    name=name,
                    based_on=based_on,
                    version=found,
                    author=newest["author"],
                    saved_at=newest["saved_at"],
                )
            if newest is None and based_on != 0:
                raise StoreError("scenario_unknown", name=name)
            saved = ScenarioVersion(
                name=name,
                version=found + 1,
                status=status,
                author=author,
                saved_at=datetime.now(UTC),
                content_hash=hashlib.sha256(text.encode()).hexdigest()[:16],
                text=text,
            )
            connection.execute(sa.insert(SCENARIOS), _row(saved) | self._owner())
        return saved

    def _owner(self) -> dict[str, Any]:
        return asdict(self.of) if self.of else dict(NOBODY)

    def _mine(self) -> sa.Select[Any]:
        """Versions of the data set, and those that are nobody's."""
        if self.of is None:
            return sa.select(SCENARIOS)
        own = sa.and_(*(SCENARIOS.c[name] == value for name, value in asdict(self.of).items()))
        return sa.select(SCENARIOS).where(sa.or_(own, SCENARIOS.c.place == ""))

    def names(self) -> list[str]:
        """Names of all scenarios, in order."""
        return sorted({row["name"] for row in self.registry.rows(self._mine())})

    def versions(self, name: str) -> list[ScenarioVersion]:
        """All versions of a scenario, newest first; none where there is no such scenario."""
        query = self._mine().where(SCENARIOS.c.name == name).order_by(SCENARIOS.c.version.desc())
        return [_version(row) for row in self.registry.rows(query)]

    def newest(self, name: str, *, status: ScenarioStatus | None = None) -> ScenarioVersion:
        """Newest version of a scenario, or the newest draft or closed one.

        Raises
        ------
        StoreError
            There is none.
        """
        found = [one for one in self.versions(name) if status is None or one.status is status]
        if not found:
            raise StoreError("scenario_unknown", name=name)
        return found[0]

    def settle(self, known: Sequence[Identity]) -> None:
        """Give versions that are nobody's to the one data set of those known that their text names."""
        with self.registry.transaction() as connection:
            query = sa.select(SCENARIOS).where(SCENARIOS.c.place == "")
            for row in connection.execute(query).mappings().all():
                said = _DATASET.search(row["text"])
                theirs = {one for one in known if said and one.dataset == said[1]}
                if len(theirs) == 1:
                    mine = (SCENARIOS.c.name == row["name"], SCENARIOS.c.version == row["version"])
                    change = sa.update(SCENARIOS).where(*mine, SCENARIOS.c.place == "")
                    connection.execute(change.values(**asdict(theirs.pop())))


def _row(saved: ScenarioVersion) -> dict[str, Any]:
    return {
        "name": saved.name,
        "version": saved.version,
        "status": saved.status.value,
        "author": saved.author,
        "saved_at": saved.saved_at.isoformat(timespec="microseconds"),
        "content_hash": saved.content_hash,
        "text": saved.text,
    }


def _version(row: dict[str, Any]) -> ScenarioVersion:
    at = datetime.fromisoformat(row["saved_at"])
    stated = {name: value for name, value in row.items() if name not in NOBODY}
    return ScenarioVersion(**(stated | {"status": ScenarioStatus(row["status"]), "saved_at": at}))
