"""Scenarios to choose from: files in the folders of scenarios, and those that people saved in the store.

Invariant: a save that was begun from an older version than the newest is refused, never lost and never on top of
another's (held by ``tests/test_app_scenario.py``).
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import streamlit as st

from forecast.data.dataset import Dataset
from forecast.errors import ForecastError, InputError
from forecast.runs.store import Scenarios, ScenarioStatus, ScenarioVersion
from forecast.scenario.drafting import Draft, draft_of, parsed, to_yaml
from forecast.scenario.reader import read_scenario
from forecast.ui.bundled import scenario_folders

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
