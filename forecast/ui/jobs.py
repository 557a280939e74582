"""Long work in processes of its own: started, watched and stopped through files, so that every reader sees it.

``jobs/<id>/`` in the store holds what was asked for, how far it is, and what came of it. The process looks for the
wish to stop itself; nothing is ever killed by its number.

Invariant: a job that ends in any way says how, and one whose process died is told apart from one at work
(held by ``tests/test_app_jobs.py``).

Work under way: how far it is, stop, and what came of it; on every page, without holding up any.

Invariant: the app stays usable while work goes on, and its end is told (held by ``tests/test_app_jobs.py``).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import streamlit as st

from forecast.files import write_whole
from forecast.runs.store import home
from forecast.texts import Lang, t

REQUEST: Final = "request.json"
PROGRESS: Final = "progress.json"
RESULT: Final = "result.json"
STOP: Final = "stop"
ALIVE: Final = "alive"
LOG: Final = "log.txt"
LOST_SECONDS: Final = 20.0
"""Without a sign of life for so long, the process is taken to have died; it gives one a second."""
KEPT_JOBS: Final = 20
"""Finished jobs whose files stay."""
MODULE: Final = "forecast.ui.worker"


class JobStatus(StrEnum):
    """How a job stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece of work.

    kind : ``run`` or ``backtest``; started : seconds since the epoch
    step, done, of : what is being done, how many parts are, of how many; 0 of 0 before the first
    run_id : of what was made; texts : what went wrong, by language
    """

    folder: Path
    kind: str
    dataset: str
    started: float
    status: JobStatus
    step: str = ""
    done: int = 0
    of: int = 0
    seconds: float = 0.0
    run_id: str = ""
    texts: Mapping[str, str] | None = None

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return min(self.done / self.of, 1.0) if self.of else 0.0

    def text(self, lang: Lang) -> str:
        """What went wrong."""
        return (self.texts or {}).get(lang, "")


def _root() -> Path:
    return home() / "jobs"


def start(kind: str, dataset: Path, *, name: str, **options: Any) -> Job:
    """Start work on a data set in a process of its own.

    Parameters
    ----------
    kind : ``run`` or ``backtest``
    name : of the data set, for people
    options : further fields of the request that the work is
    """
    folder = _root() / f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:6]}"
    folder.mkdir(parents=True)
    request = {
        "kind": kind,
        "dataset": str(dataset.resolve()),
        "name": name,
        "started": time.time(),
        "options": options,
    }
    write_json(folder / REQUEST, request)
    (folder / ALIVE).touch()
    with (folder / LOG).open("wb") as log:
        process = subprocess.Popen(  # it outlives the reader's session; it ends itself
            [sys.executable, "-m", MODULE, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            start_new_session=True,
        )
    threading.Thread(target=process.wait, daemon=True).start()  # so that the system may forget it once it ended
    _tidy()
    return _job(folder)


def stop(job: Job) -> None:
    """Ask a job to stop; it does within a second."""
    (job.folder / STOP).touch()


def jobs() -> list[Job]:
    """All jobs, the newest first."""
    if not _root().is_dir():
        return []
    found = []
    for folder in sorted(_root().iterdir(), reverse=True):
        with suppress(OSError, ValueError, KeyError):
            found.append(_job(folder))
    return found


def write_json(path: Path, value: Any) -> None:
    """Write a file at once or not at all."""
    write_whole(path, json.dumps(value, ensure_ascii=False))


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _job(folder: Path) -> Job:
    request = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
    progress, result = _read(folder / PROGRESS), _read(folder / RESULT)
    status = JobStatus(result["status"]) if result else JobStatus.RUNNING
    now = time.time()
    if status is JobStatus.RUNNING and now - (folder / ALIVE).stat().st_mtime > LOST_SECONDS:
        status = JobStatus.LOST
    return Job(
        folder=folder,
        kind=request["kind"],
        dataset=request["name"],
        started=request["started"],
        status=status,
        step=progress.get("step", ""),
        done=progress.get("done", 0),
        of=progress.get("of", 0),
        seconds=(result.get("ended", now)) - request["started"],
        run_id=result.get("run_id", ""),
        texts=result.get("texts"),
    )


def _tidy() -> None:
    """Remove the files of all but the newest jobs."""
    for job in jobs()[KEPT_JOBS:]:
        if job.status is not JobStatus.RUNNING:
            shutil.rmtree(job.folder, ignore_errors=True)


EVERY: Final = "1s"
RECENT_SECONDS: Final = 3600.0
"""How long the end of a job is told beside the pages."""
SEEN: Final = "jobs_seen"
SHOW: Final = "show_run"
"""Where the run that is to be shown is named for the next time that the app is drawn."""


def open_result(job: Job) -> None:
    """Show what a job made."""
    if job.kind == "run":
        st.session_state[SHOW] = job.run_id
    _seen(job)


def _seen(job: Job) -> None:
    st.session_state.setdefault(SEEN, set()).add(job.folder.name)


def sidebar_jobs(lang: Lang) -> None:
    """A line for what goes on, or just ended; nothing where nothing does."""
    mine = [
        job
        for job in jobs()
        if job.kind != "news"  # a page that waits for a split says so itself
        and (
            job.status is JobStatus.RUNNING
            or (
                time.time() - job.started - job.seconds < RECENT_SECONDS
                and job.folder.name not in st.session_state.get(SEEN, set())
            )
        )
    ]
    if mine:
        with st.sidebar:
            _fragment(mine[0].folder.name, lang, running=mine[0].status is JobStatus.RUNNING)


def _fragment(name: str, lang: Lang, *, running: bool) -> None:
    """Redrawn every second while the job runs; not at all once it ended."""

    def draw() -> None:
        job = next((one for one in jobs() if one.folder.name == name), None)
        if job is None:
            return
        if running and job.status is not JobStatus.RUNNING:
            st.rerun()
        show_job(job, lang, key="side")

    st.fragment(draw, run_every=EVERY if running else None)()


def show_jobs(kind: str, lang: Lang, *, dataset: str | None = None) -> bool:
    """The newest job of a kind, with its progress; whether one runs."""
    mine = [job for job in jobs() if job.kind == kind and dataset in (None, job.dataset)]
    if not mine:
        return False
    newest = mine[0]
    running = newest.status is JobStatus.RUNNING

    def draw() -> None:
        job = next((one for one in jobs() if one.folder == newest.folder), newest)
        if running and job.status is not JobStatus.RUNNING:
            st.rerun()
        show_job(job, lang, key=kind)

    st.fragment(draw, run_every=EVERY if running else None)()
    return running


def show_job(job: Job, lang: Lang, *, key: str) -> None:
    """One job: progress and stop, or how it ended."""
    what = t(f"ui_data.job_{job.kind}", lang, dataset=job.dataset)
    seconds = round(job.seconds)
    match job.status:
        case JobStatus.RUNNING:
            label = t("ui_data.job_step", lang, step=job.step) if job.step else t("ui_data.job_preparing", lang)
            done = t("ui_data.job_done_of", lang, done=job.done, of=job.of) if job.of else ""
            st.progress(job.share, text=f"{what}　{label} {done} {t('ui_data.job_seconds', lang, n=seconds)}")
            st.button(t("ui_data.job_stop", lang), key=f"stop-{key}-{job.folder.name}", on_click=stop, args=(job,))
        case JobStatus.DONE:
            st.success(t("ui_data.job_done", lang, what=what, n=seconds), icon=":material/check_circle:")
            if job.kind == "run" and st.query_params.get("run") != job.run_id:
                button = f"open-{key}-{job.folder.name}"
                if st.button(t("ui_data.job_open", lang), key=button, type="primary"):
                    open_result(job)
                    st.rerun()
        case JobStatus.STOPPED:
            st.info(t("ui_data.job_stopped", lang, what=what))
        case JobStatus.LOST:
            st.error(t("ui_data.job_lost", lang, what=what))
        case JobStatus.FAILED:
            st.error(f"{t('ui_data.job_failed', lang, what=what)}\n\n{job.text(lang)}")
    ended = job.status is not JobStatus.RUNNING and key == "side"
    if ended and st.button(t("ui_data.job_hide", lang), key=f"hide-{job.folder.name}", type="tertiary"):
        _seen(job)
        st.rerun()
