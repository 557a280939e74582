"""Why probabilities moved: split by a job in a process of its own, since it takes refits; kept beside the runs.

Invariant: a page is drawn at once, with the facts of ``moved`` until the split is there
(held by ``tests/test_app_overview.py``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import streamlit as st
from pydantic import TypeAdapter
from streamlit import runtime

from forecast import __version__
from forecast.answers.chances import Criterion
from forecast.files import write_whole
from forecast.news.news import News
from forecast.runs.datasets import Shelf
from forecast.runs.store import Header, Store, home
from forecast.runs.store.registry import earlier
from forecast.texts import Lang, t
from forecast.ui.jobs import REQUEST, JobStatus, jobs, start

KIND: Final = "news"
EVERY: Final = 2.0
"""Seconds between two looks at whether a split is there."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """A split of changes: there, on its way, or neither (news None, running False)."""

    news: News | None = None
    running: bool = False


def _place(before: str, after: str) -> Path:
    """Where the split between two runs is kept, by their checksums and the version that made it."""
    name = hashlib.sha256(f"{before}\n{after}\n{__version__}".encode()).hexdigest()[:24]
    return home() / "news" / f"{name}.json"


@cache
def _form() -> TypeAdapter[News]:
    return TypeAdapter(News)


def earlier_of(header: Header, kept: Sequence[Header]) -> Header | None:
    """The run to compare with; runs of data that were taken back do not count."""
    return earlier(header, kept, Shelf().undone(header.identity))


def split_between(before: Header, after: Header, criterion: Criterion = Criterion.NEAR) -> Split:
    """The split of the changes between two runs; begun if it was not, where a server runs that can wait for it.

    criterion : what it is to speak of: both runs' numbers are there of either
    """
    place = _place(before.checksum, after.checksum)
    if place.is_file():
        return Split(news=replace(_read(str(place)), criterion=criterion))
    if not runtime.exists():
        return Split()
    mine = [job for job in jobs() if job.kind == KIND and _options(job.folder).get("place") == place.name]
    if not mine:
        start(
            KIND,
            home(),
            name=after.place,
            before=before.run_id,
            after=after.run_id,
            place=place.name,
        )
        return Split(running=True)
    return Split(running=mine[0].status is JobStatus.RUNNING)


def _options(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / REQUEST).read_text(encoding="utf-8"))["options"])
    except (OSError, ValueError, KeyError):
        return {}


@st.cache_resource(show_spinner=False, max_entries=8)
def _read(place: str) -> News:
    return _form().validate_json(Path(place).read_bytes())


def read_split(name: str) -> News:
    """A kept split by the name of its file."""
    return _form().validate_json((home() / "news" / name).read_bytes())


def kept_split(before: Header, after: Header) -> str:
    """Name of the file of a split; empty where it is not there."""
    place = _place(before.checksum, after.checksum)
    return place.name if place.is_file() else ""


@st.fragment(run_every=EVERY)
def wait_for(before: Header, after: Header, lang: Lang) -> None:
    """Say that a split is on its way; draw the page anew when it is there, or will not come."""
    if not split_between(before, after).running:
        st.rerun()
    st.caption(t("ui_overview.news_running", lang))


def work_news(options: dict[str, Any], progress: Callable[[str, int, int], None]) -> dict[str, str]:
    """What the job does: split and keep."""
    from forecast.news.news import kept_side, news  # brings the model, which who only looks needs none of

    store = Store()
    sides = [kept_side(store.open(options[name])) for name in ("before", "after")]
    found = news(*sides, progress=progress)
    place = home() / "news" / options["place"]
    write_whole(place, _form().dump_json(found))
    return {"run_id": options["after"]}
