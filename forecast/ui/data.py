"""数据: what the numbers come from, new figures in, a new run.

Files into a data set: what they would change is shown first, all problems at once, nothing is kept before it is
confirmed.

Invariant: nothing on the shelf changes before the reader confirms what is shown (held by ``tests/test_app_data.py``).

Files to fill in: the workbook of another year, and tables with their heads.
"""

from __future__ import annotations

import csv
import hashlib
import io
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

import streamlit as st

from forecast.data.dataset import Dataset, read_dataset, summary
from forecast.data.reading.columns import TABLES
from forecast.data.starter import BOOK_NAME, write_starter
from forecast.errors import ForecastError, InputError
from forecast.periods import AsOf
from forecast.report.files import csv_shown
from forecast.runs.datasets import Preview, Shelf, Version, preview, whole
from forecast.runs.store import Identity, StoreError, identity_of
from forecast.runs.store.kept import INPUTS
from forecast.tables import words
from forecast.tables.data import (
    additions_table,
    assumptions_table,
    figures_table,
    files_table,
    problems_table,
    series_table,
    understood_tables,
)
from forecast.tables.table import Surface, Table, View
from forecast.texts import Lang, t
from forecast.ui.choice import Choice
from forecast.ui.jobs import show_jobs, start
from forecast.ui.kept import Opened, store

KINDS: Final = ("observations", "targets", "bases", "industries", "projects", "enterprises", "pipeline")


def template_bytes(kind: str) -> bytes:
    """A table with its head and no rows."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow([column.name for column in TABLES[kind]])
    return buffer.getvalue().encode("utf-8-sig")


def templates(lang: Lang) -> None:
    """Buttons to download them."""
    st.caption(t("ui_data.templates_help", lang))
    with st.container(horizontal=True):
        for kind in KINDS:
            st.download_button(
                t(f"ui_data.table_{kind}", lang),
                template_bytes(kind),
                file_name=f"{kind}.csv",
                mime="text/csv",
                icon=":material/download:",
                on_click="ignore",
                key=f"template-{kind}",
            )
    try:
        book = starter_bytes("", "", None, lang)
    except ForecastError as error:
        st.error(error.text(lang))
        return
    st.download_button(
        t("ui_data.starter", lang), book, file_name=BOOK_NAME, icon=":material/download:", on_click="ignore", key="book"
    )


TYPES: Final = ["csv", "xlsx", "xls", "et", "tsv", "txt", "toml"]
MOST_DOUBTS: Final = 20
"""Figures in doubt that get a box of their own; the rest share one."""
MOST_ROWS: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Present:
    """The data set of a run as it stands now.

    folder : where it lies; version : on the shelf, None where it only lies with the run
    """

    dataset: Dataset
    folder: Path
    version: Version | None

    @property
    def number(self) -> int:
        """Number of the version, 0 for none."""
        return self.version.version if self.version else 0


def present(run: Opened) -> Present:
    """The newest version on the shelf of a run's data set, else the copy that the run keeps."""
    shelf = Shelf()
    name = shelf.name_of(Identity.of(run.config, run.panel))
    version = shelf.current(name)
    folder = shelf.folder(name, version.version) if version else store().open(run.header.run_id).folder / INPUTS
    return Present(dataset=_read(str(folder)), folder=folder, version=version)


@st.cache_resource(show_spinner=False, max_entries=4)
def _read(folder: str) -> Dataset:
    return read_dataset(Path(folder))  # versions and copies of runs never change


def start_run(folder: Path, dataset: Dataset, **options: object) -> None:
    """Start a run of a data set in a process of its own."""
    start("run", folder, name=dataset.config.name_zh, **options)


@st.cache_data(show_spinner=False, max_entries=8)
def starter_bytes(city: str, province: str, year: int | None, lang: Lang) -> bytes:
    """The workbook to fill in.

    Raises
    ------
    UsageError
        City and province have one name, or the year cannot be.
    """
    with tempfile.TemporaryDirectory() as scratch:
        path = write_starter(
            Path(scratch) / "new", city_zh=city or None, province_zh=province or None, year=year, lang=lang
        )
        return path.read_bytes()


def upload(current: Present | None, lang: Lang, *, key: str) -> Present | None:
    """Choose files, look at what they would do, confirm; the data set as kept, once it is."""
    count = st.session_state.setdefault(f"{key}-count", 0)
    st.html(f'<style>.st-key-{key}-{count} {{ --dabiao-upload: "{t("ui_data.upload_button", lang)}"; }}</style>')
    chosen = st.file_uploader(
        t("ui_data.upload", lang),
        type=TYPES,
        accept_multiple_files=True,
        key=f"{key}-{count}",
        help=t("ui_data.upload_help", lang),
    )
    if not chosen:
        return None
    contents = {one.name: one.getvalue() for one in chosen}
    made = _previewed(contents, current, lang)
    if made is None:
        return None
    _show(made, lang)
    sure = _doubts(made, lang, key=f"{key}-{count}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        author = st.text_input(
            t("ui_data.author", lang), st.session_state.get("author", ""), key=f"{key}-author", width=160
        )
        if not st.button(t("ui_data.confirm", lang), type="primary", key=f"{key}-confirm", disabled=not author.strip()):
            return None
    st.session_state["author"] = author
    try:
        kept = _keep(made.confirmed(sure), current, author)
    except StoreError as error:
        st.error(error.text(lang))
        return None
    st.session_state[f"{key}-count"] = count + 1
    return kept


def _keep(made: Preview, current: Present | None, author: str) -> Present:
    shelf = Shelf()
    name = shelf.name_of(identity_of(made.dataset))
    if current is None or made.prepared is None:
        now = shelf.current(name)
        based_on = now.version if now else 0
    elif current.version is None:  # what was there before becomes the first version, to go back to
        based_on = shelf.add(whole(current.folder), author=author, based_on=0).version
    else:
        based_on = current.number
    version = shelf.add(made, author=author, based_on=based_on)
    folder = shelf.folder(name, version.version)
    return Present(dataset=_read(str(folder)), folder=folder, version=version)


def _previewed(contents: Mapping[str, bytes], current: Present | None, lang: Lang) -> Preview | None:
    """What the files would make; None, with everything that is wrong, where they cannot be used."""
    digest = hashlib.sha256()
    for name, content in contents.items():
        digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    key = f"{digest.hexdigest()}-{current.dataset.data_hash if current else ''}"
    held = st.session_state.get("upload")
    if held is None or held[0] != key:
        try:
            with st.spinner(t("ui_data.checking", lang)):
                held = (key, preview(contents, current.dataset if current else None))
        except ForecastError as error:
            held = (key, error)
        st.session_state["upload"] = held
    found = held[1]
    if isinstance(found, Preview):
        return found
    if isinstance(found, InputError):
        _problems(found, lang)
    elif isinstance(found, ForecastError):
        st.error(found.text(lang))
    return None


def _listed(table: Table[Any], title: str, lang: Lang, **layout: Any) -> None:
    """A table that its reader scrolls and sorts; ``title``: for who cannot see it."""
    st.dataframe(table.screen(View(lang=lang, surface=Surface.PAGE)), hide_index=True, alt=title, **layout)


def _problems(error: InputError, lang: Lang) -> None:
    title, table = t("ui_data.problems", lang, n=len(error.problems)), problems_table(error.problems)
    st.error(title)
    _listed(table, title, lang, row_height=36)
    st.download_button(
        t("ui_data.problems_csv", lang),
        csv_shown(table, View(lang=lang, surface=Surface.PAGE)),
        file_name="problems.csv",
        mime="text/csv",
        on_click="ignore",
    )


def _show(made: Preview, lang: Lang) -> None:
    """What would change."""
    config = made.dataset.config
    if made.prepared is None:
        st.success(
            t("ui_data.whole_ok", lang, dataset=config.name_zh, as_of=words.knowledge(AsOf.parse(config.as_of), lang))
        )
        read = summary(made.dataset)
        _listed(series_table(read, made.dataset.panel), t("ui_data.series", lang), lang)
        _listed(files_table(read), t("ui_data.files", lang), lang)
        return
    intake = made.prepared.intake
    revised = sum(one.revises is not None for one in intake.additions)
    new = len(intake.additions) - revised
    lines = [t("store.added", lang, new=new, revised=revised, unchanged=intake.unchanged, masked=intake.masked)]
    if intake.ledgers:
        lines.append(t("store.replaced", lang, list=t("glossary.and", lang).join(one.file for one in intake.ledgers)))
    lines.append(t("store.as_of", lang, as_of=words.knowledge(AsOf.parse(made.prepared.as_of), lang)))
    st.success("\n\n".join(lines))
    for one in made.read:
        with st.expander(t("ui_data.understood", lang, file=one.file, n=len(one.figures)), expanded=True):
            for title, table in understood_tables(one, lang):
                st.caption(title)
                _listed(table, title, lang)
            for remark in one.remarks:
                st.caption(remark.text(lang))
    if intake.additions:
        shown = additions_table(intake.additions[:MOST_ROWS], made.dataset.panel)
        _listed(shown, t("ui_data.additions", lang), lang)


def _doubts(made: Preview, lang: Lang, *, key: str) -> set[tuple[str, str, str, float]]:
    """Figures that look wrong, each with its cell, what was expected, and a box; those that are ticked."""
    found = made.doubts()
    if not found:
        return set()
    panel = made.dataset.panel
    st.warning(t("ui_data.doubts", lang, n=len(found)))
    ticked = {
        doubt.key
        for number, doubt in enumerate(found[:MOST_DOUBTS])
        if st.checkbox(doubt.problem(panel).text(lang), key=f"{key}-doubt-{number}")
    }
    rest = found[MOST_DOUBTS:]
    if rest and st.checkbox(t("ui_data.doubts_rest", lang, n=len(rest)), key=f"{key}-doubt-rest"):
        ticked |= {doubt.key for doubt in rest}
    return ticked


def new_city(lang: Lang) -> None:
    """Another city: the workbook, its figures, a first run."""
    st.markdown(f"**{t('ui_data.city_step_1', lang)}**")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        city = st.text_input(
            t("ui_data.city", lang), key="city-name", width=150, placeholder=t("ui_data.city_like", lang)
        )
        province = st.text_input(
            t("ui_data.province", lang), key="city-province", width=150, placeholder=t("ui_data.province_like", lang)
        )
        year = st.number_input(t("ui_data.year", lang), 1992, 2100, None, 1, key="city-year", width=110)
        try:
            book = starter_bytes(city.strip(), province.strip(), int(year) if year else None, lang)
        except ForecastError as error:
            st.error(error.text(lang))
        else:
            st.download_button(
                t("ui_data.starter", lang),
                book,
                file_name=BOOK_NAME,
                mime="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                icon=":material/download:",
                on_click="ignore",
            )
    st.markdown(f"**{t('ui_data.city_step_2', lang)}**")
    kept = upload(None, lang, key="city")
    if kept is not None:
        start_run(kept.folder, kept.dataset)
        st.rerun()


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
    _listed(files_table(summary(now.dataset)), t("ui_data.files", lang), lang)
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
    table = figures_table(panel, indicator=indicator, unit=unit)
    st.caption(t("ui_data.sources_help", lang, n=len(table.rows)))
    _listed(table, t("ui_data.tab_sources", lang), lang, height=TABLE_HEIGHT)
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
    _listed(assumptions_table(dataset, lang), t("ui_data.tab_assumptions", lang), lang, height=TABLE_HEIGHT)
