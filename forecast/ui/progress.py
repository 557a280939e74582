"""Work under way: how far it is, stop, and what came of it; on every page, without holding up any.

Invariant: the app stays usable while work goes on, and its end is told (held by ``tests/test_app_jobs.py``).
"""

from __future__ import annotations

import time
from typing import Final

import streamlit as st

from forecast.texts import Lang, t
from forecast.ui.jobs import Job, JobStatus, jobs, stop

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
