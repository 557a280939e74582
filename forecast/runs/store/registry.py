"""The registry of kept runs: what is kept, where, made of what. SQLite in WAL mode, through SQLAlchemy Core.

Folders are the truth, the registry an index of them that can be rebuilt; only versions of scenarios live here alone.
Nothing but ``_settings`` knows that the database is SQLite.

Invariant: a registry of any earlier schema is brought to the present one in one transaction, one of a later schema is
refused (held by ``tests/test_store.py``).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from forecast.runs.store.disk import StoreError

SCHEMA: Final = 3
"""Version of the registry's tables. 1: runs; 2: scenario_hash of a run, fits, versions of scenarios; 3: place, province
and year of a run."""
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
    for table in (FITS, SCENARIOS):
        table.create(connection)


def _from_2(connection: sa.Connection) -> None:
    """Schema 2 told data sets apart by name alone; place, province and year are found again in the runs' folders."""
    for column in ("place VARCHAR(80) NOT NULL DEFAULT ''", "province VARCHAR(80) NOT NULL DEFAULT ''"):
        connection.execute(sa.text(f"ALTER TABLE runs ADD COLUMN {column}"))
    connection.execute(sa.text("ALTER TABLE runs ADD COLUMN target_year INTEGER NOT NULL DEFAULT 0"))


_MIGRATIONS: Final[Mapping[int, Callable[[sa.Connection], None]]] = {1: _from_1, 2: _from_2}
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
