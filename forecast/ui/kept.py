"""What pages read of kept runs, held between reruns; opening a run never fits anything.

Invariant: PyMC is never imported (held by ``tests/test_app.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from forecast.answers.advice import Sharpening, best
from forecast.answers.attainment import Attainment
from forecast.answers.chances import Ends
from forecast.answers.judgement import year_ends_of
from forecast.data.panel import Config, Panel
from forecast.data.target import TargetKind
from forecast.errors import ForecastError
from forecast.runs.difference import Moved, compare, vintage
from forecast.runs.session import Session
from forecast.runs.store import Header, Identity, Store, home
from forecast.ui.bundled import with_regenerated

if TYPE_CHECKING:
    from forecast.data.dataset import Dataset
    from forecast.runs.run import Run


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


def gap(header: Header, indicator: str, unit: str, kind: TargetKind) -> Ends | None:
    """Draws of the year end of a target; None where it is not judged."""
    return _gap(str(home()), header.run_id, header.checksum, indicator, unit, kind.value)


@st.cache_resource(show_spinner=False, max_entries=32)
def _gap(root: str, run_id: str, checksum: str, indicator: str, unit: str, kind: str) -> Ends | None:
    run = _opened(root, run_id, checksum)
    wanted = (indicator, unit, kind)
    target = next(
        row.target
        for row in run.attainment.rows
        if (row.target.indicator, row.target.unit, row.target.kind.value) == wanted
    )
    paths = _loaded(root, run_id, checksum).paths
    return year_ends_of(target, paths, panel=run.panel, config=run.config)
