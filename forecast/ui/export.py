"""Export: one button on every page, one dialog; everything that ``dabiao report`` makes, with the scenario in use."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any, Final

import streamlit as st

from forecast.drafting import to_yaml
from forecast.errors import ForecastError
from forecast.report.changes import earlier_of
from forecast.store import home
from forecast.texts import Lang, t
from forecast.ui.choice import Choice
from forecast.ui.export_job import FOLDER, ZIP, files_of
from forecast.ui.jobs import REQUEST, Job, JobStatus, jobs, start
from forecast.ui.kept import headers
from forecast.ui.newsroom import kept_split
from forecast.ui.progress import show_job
from forecast.ui.records import records
from forecast.ui.working import working

__all__ = ["export_button"]

KINDS: Final = ("workbook", "brief", "scheme", "charts", "data")
OPEN: Final = "export-open"
"""Whether the dialog is open: the page below is drawn anew whenever a job ends, and the dialog must outlast that."""
NOBODY: Final = ""
RECIPIENTS: Final = (NOBODY, "team", "county")
FIRST: Final = 12
"""Files with a button of their own; the zip has all."""


def export_button(choice: Choice) -> None:
    """The button, for the sidebar of every page."""
    if st.button(t("ui_export.button", choice.lang), icon=":material/download:", key="export", width="stretch"):
        st.session_state[OPEN] = True
    if st.session_state.get(OPEN):
        _dialog(choice)


def _closed() -> None:
    st.session_state[OPEN] = False


@st.dialog(" ", width="medium", on_dismiss=_closed)
def _dialog(choice: Choice) -> None:
    lang = choice.lang
    st.subheader(t("ui_export.title", lang))
    try:
        now = working(choice)
    except ForecastError as error:
        st.error(error.text(lang))
        return
    draft = now.held.draft if now is not None and now.held.draft.counted else None
    title = draft.title or draft.name if draft else t("scenario.baseline", lang)
    st.caption(t("ui_export.about", lang, run=choice.run.header.run_id, scenario=title))
    kinds = st.pills(
        t("ui_export.kinds", lang),
        KINDS,
        default=KINDS,
        selection_mode="multi",
        format_func=lambda one: t(f"ui_export.kind_{one}", lang),
        key="export-kinds",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = st.selectbox(
            t("ui_export.by", lang),
            RECIPIENTS,
            format_func=lambda one: t(f"ui_export.by_{one or 'none'}", lang),
            key="export-by",
        )
        pdf = st.toggle(t("ui_export.pdf", lang), key="export-pdf")
    if st.button(t("ui_export.make", lang), type="primary", disabled=not kinds, key="export-make"):
        earlier = earlier_of(choice.run.header, headers())
        start(
            "report",
            home(),
            name=choice.run.config.name_zh,
            run=choice.run.header.run_id,
            kinds=list(kinds),
            by=by or NOBODY,
            pdf=pdf,
            lang=lang,
            scenario=to_yaml(draft) if draft else "",
            backtest=_backtest(choice),
            news=kept_split(earlier, choice.run.header) if earlier else "",
            place=uuid.uuid4().hex[:12],
        )
    _made(lang)


def _backtest(choice: Choice) -> str:
    """Folder of the newest backtest of the same data; empty without one."""
    header = choice.run.header
    return next((str(one.folder) for one in records(header.dataset) if one.data_hash == header.data_hash), "")


def _made(lang: Lang) -> None:
    """The newest export: how far it is, or its files."""
    newest = next((job for job in jobs() if job.kind == "report"), None)
    if newest is None:
        return
    running = newest.status is JobStatus.RUNNING

    def draw() -> None:
        job = next((one for one in jobs() if one.folder == newest.folder), newest)
        show_job(job, lang, key="export")
        if job.status is JobStatus.DONE:
            _files(job, lang)

    st.fragment(draw, run_every="1s" if running else None)()


def _files(job: Job, lang: Lang) -> None:
    """Download all as one file, or the main ones singly."""
    place = _options(job.folder).get("place", "")
    packed = home() / "exports" / place / ZIP
    if not packed.is_file():
        st.caption(t("ui_export.gone", lang))
        return
    st.download_button(
        t("ui_export.zip", lang),
        packed.read_bytes(),
        file_name=t("ui_export.zip_name", lang, dataset=job.dataset),
        mime="application/zip",
        type="primary",
        icon=":material/folder_zip:",
        on_click="ignore",
        key=f"zip-{place}",
    )
    out = home() / "exports" / place / FOLDER
    found = files_of(place)
    for path in found[:FIRST]:
        st.download_button(
            path.relative_to(out).as_posix(),
            path.read_bytes(),
            file_name=path.name,
            type="tertiary",
            icon=":material/draft:",
            on_click="ignore",
            key=f"file-{place}-{path.relative_to(out).as_posix()}",
        )
    if len(found) > FIRST:
        st.caption(t("ui_export.more", lang, n=len(found) - FIRST))


def _options(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / REQUEST).read_text(encoding="utf-8"))["options"])
    except (OSError, ValueError, KeyError):
        return {}
