"""Versions of scenarios that people edit: every save is a new version, none is ever changed.

Invariant: a save that was begun from an older version than the newest is refused, and nobody's text is lost
(held by ``tests/test_store.py``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from forecast.runs.store.disk import ConflictError, StoreError
from forecast.runs.store.registry import SCENARIOS, Registry


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


@dataclass(frozen=True, slots=True, eq=False)
class Scenarios:
    """The versions of a store."""

    registry: Registry

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
            query = sa.select(SCENARIOS).where(SCENARIOS.c.name == name).order_by(SCENARIOS.c.version.desc()).limit(1)
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
            connection.execute(sa.insert(SCENARIOS), _row(saved))
        return saved

    def names(self) -> list[str]:
        """Names of all scenarios, in order."""
        return [row["name"] for row in self.registry.rows(sa.select(SCENARIOS.c.name).distinct().order_by("name"))]

    def versions(self, name: str) -> list[ScenarioVersion]:
        """All versions of a scenario, newest first; none where there is no such scenario."""
        query = sa.select(SCENARIOS).where(SCENARIOS.c.name == name).order_by(SCENARIOS.c.version.desc())
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
    return ScenarioVersion(**(row | {"status": ScenarioStatus(row["status"]), "saved_at": at}))
