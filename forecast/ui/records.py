"""Track records that are kept in the store, by the data that they were made from.

Invariant: a record is only ever shown with the data set it was made from named beside it
(held by ``tests/test_app_track.py``).
"""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
import streamlit as st

from forecast.runs.store import Identity, home
from forecast.runs.store.identity import stated_identity

FOLDER: Final = "backtests"
MANIFEST: Final = "backtest.json"


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


def table(record: Record, name: str) -> pd.DataFrame:
    """One of a record's tables, as ``dabiao backtest`` writes it."""
    path = record.folder / f"{name}.csv"
    return _table(str(path), path.stat().st_mtime_ns).copy()


@st.cache_resource(show_spinner=False, max_entries=12)
def _table(path: str, changed: int) -> pd.DataFrame:  # noqa: ARG001  part of the key
    return pd.read_csv(path, encoding="utf-8-sig")


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
