"""数据: what the numbers come from, new figures in, a new run."""

from __future__ import annotations

import io
import zipfile
from html import escape
from typing import Final

import streamlit as st

from forecast.data.dataset import summary
from forecast.errors import ForecastError
from forecast.periods import AsOf
from forecast.report.data_view import assumptions_table, figures_table, files_table
from forecast.runs.datasets import Shelf
from forecast.runs.store import StoreError, identity_of
from forecast.tables import words
from forecast.texts import Lang, t
from forecast.ui.choice import Choice
from forecast.ui.kept import store
from forecast.ui.progress import show_jobs
from forecast.ui.upload import Present, new_city, present, start_run, templates, upload

TABS: Final = ("update", "run", "sources", "assumptions", "templates", "city")
DRAWS: Final = (1000, 2000, 4000, 8000)
TABLE_HEIGHT: Final = 460


def data(choice: Choice) -> None:
    """Upload, run, sources, assumptions, templates, another city."""
    lang = choice.lang
    st.html(f'<h1 class="dabiao-title">{escape(t("ui_data.title", lang, dataset=choice.run.config.name_zh))}</h1>')
    now = present(choice.run)
    tabs = st.tabs([t(f"ui_data.tab_{name}", lang) for name in TABS], key="data-tab", on_change="rerun")
    for name, tab in zip(TABS, tabs, strict=True):
        if not tab.open:
            continue
        with tab:
            match name:
                case "update":
                    _update(now, choice)
                case "run":
                    _run(now, choice)
                case "sources":
                    _sources(choice)
                case "assumptions":
                    _assumptions(choice)
                case "templates":
                    templates(lang)
                case "city":
                    new_city(lang)


def _update(now: Present, choice: Choice) -> None:
    lang = choice.lang
    st.caption(_version_text(now, lang))
    if done := st.session_state.pop("data-applied", None):
        st.success(done)
    kept = upload(now, lang, key="update")
    if kept is not None:
        st.session_state["data-applied"] = t("ui_data.applied", lang, version=kept.number)
        st.rerun()
    with st.container(horizontal=True):
        changed = now.version is not None and now.dataset.data_hash != choice.run.header.data_hash
        if changed and st.button(t("ui_data.run_now", lang), type="primary", icon=":material/play_arrow:"):
            start_run(now.folder, now.dataset)
            st.rerun()
        if (
            now.version is not None
            and now.version.parent
            and st.button(t("ui_data.undo", lang, version=now.number), icon=":material/undo:")
        ):
            _undo(now, lang)
        st.download_button(
            t("ui_data.download", lang),
            lambda: _zipped(now),
            file_name=f"{now.dataset.config.name_zh}.zip",
            mime="application/zip",
            icon=":material/download:",
            on_click="ignore",
        )
    show_jobs("run", lang, dataset=now.dataset.config.name_zh)
    st.html(f'<h2 class="dabiao-part">{escape(t("ui_data.files", lang))}</h2>')
    st.dataframe(files_table(summary(now.dataset), lang), hide_index=True, alt=t("ui_data.files", lang))
    _history(now, lang)


def _version_text(now: Present, lang: Lang) -> str:
    hash_, as_of = now.dataset.data_hash[:12], words.knowledge(AsOf.parse(now.dataset.config.as_of), lang)
    if now.version is None:
        return t("ui_data.version_none", lang, hash=hash_, as_of=as_of)
    one = now.version
    return t("ui_data.version_now", lang, version=one.version, author=one.author, at=one.at, hash=hash_, as_of=as_of)


def _undo(now: Present, lang: Lang) -> None:
    try:
        shelf = Shelf()
        back = shelf.undo(shelf.name_of(identity_of(now.dataset)), based_on=now.number)
    except StoreError as error:
        st.error(error.text(lang))
        return
    if back is not None:
        st.session_state["data-applied"] = t("ui_data.undone", lang, version=back.version)
    st.rerun()


def _history(now: Present, lang: Lang) -> None:
    shelf = Shelf()
    found = shelf.versions(shelf.name_of(identity_of(now.dataset)))
    if not found:
        return
    with st.expander(t("ui_data.history", lang, n=len(found))):
        for one in found:
            st.caption(
                t(
                    "ui_data.history_line",
                    lang,
                    version=one.version,
                    author=one.author,
                    at=one.at,
                    hash=one.data_hash[:12],
                    files=t("glossary.and", lang).join(one.files) or t("ui_data.history_first", lang),
                    now=t("ui_data.history_now", lang) if now.version and one.version == now.version.version else "",
                )
            )


def _zipped(now: Present) -> bytes:
    """The data set as one file; the same data, the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        for path in sorted(path for path in now.folder.rglob("*") if path.is_file()):
            bundle.writestr(zipfile.ZipInfo(path.relative_to(now.folder).as_posix()), path.read_bytes())
    return buffer.getvalue()


def _run(now: Present, choice: Choice) -> None:
    lang = choice.lang
    running = show_jobs("run", lang, dataset=now.dataset.config.name_zh)
    with st.form("run"):
        st.caption(_version_text(now, lang))
        left, middle, right = st.columns(3)
        as_of = left.text_input(t("ui_data.as_of", lang), now.dataset.config.as_of, help=t("ui_data.as_of_help", lang))
        method = middle.selectbox(
            t("ui_data.method", lang),
            ["fast", "auto", "nuts"],
            format_func=lambda one: t(f"ui_data.method_{one}", lang),
        )
        draws = right.selectbox(t("ui_data.draws", lang), DRAWS, index=DRAWS.index(4000))
        seed = left.number_input(t("ui_data.seed", lang), 0, 10**9, 1, 1)
        if st.form_submit_button(t("ui_data.run_start", lang), type="primary", disabled=running):
            try:
                AsOf.parse(as_of)
            except ForecastError as error:
                st.error(error.text(lang))
            else:
                start_run(now.folder, now.dataset, as_of=as_of, method=method, draws=draws, seed=int(seed))
                st.rerun()
    st.caption(t("ui_data.run_help", lang))


def _sources(choice: Choice) -> None:
    """Where the figures of the run that is shown come from."""
    lang, panel = choice.lang, choice.run.panel
    everything = t("ui_scenario.all", lang)
    with st.container(horizontal=True):
        indicator = st.selectbox(
            t("ui.choice_indicator", lang),
            [None, *panel.indicators],
            format_func=lambda one: (
                words.indicator_name(one, panel.indicators[one].name_zh, lang) if one else everything
            ),
            key="source-indicator",
            index=1 if panel.indicators else 0,
            width=280,
        )
        unit = st.selectbox(
            t("ui.choice_unit", lang),
            [None, *panel.units],
            format_func=lambda one: words.unit_name(panel.units[one], lang) if one else everything,
            key="source-unit",
            width=180,
        )
    table = figures_table(panel, lang, indicator=indicator, unit=unit)
    st.caption(t("ui_data.sources_help", lang, n=len(table)))
    st.dataframe(table, hide_index=True, height=TABLE_HEIGHT, alt=t("ui_data.tab_sources", lang))
    manifest = store().open(choice.run.header.run_id).manifest
    with st.expander(t("ui_data.run_source", lang)):
        header = choice.run.header
        facts = {
            "run": header.run_id,
            "data": header.data_hash,
            "scenario": header.scenario_hash,
            "model": header.model_version,
            "code": manifest.get("code_hash", ""),
            "checksum": header.checksum,
            **{f"{name}": version for name, version in manifest.get("versions", {}).items()},
        }
        st.code("\n".join(f"{name}: {value}" for name, value in facts.items()), language=None)


def _assumptions(choice: Choice) -> None:
    lang = choice.lang
    dataset = present(choice.run).dataset
    st.caption(t("ui_data.assumptions_help", lang))
    st.dataframe(
        assumptions_table(dataset, lang), hide_index=True, height=TABLE_HEIGHT, alt=t("ui_data.tab_assumptions", lang)
    )
