"""The script that Streamlit runs: what is chosen for all pages, and which page.

Invariant: whatever is wrong with the store or a run, the reader gets a message (held by ``tests/test_app.py``).

The first screen, where no run is kept: see the example, or begin with one's own city.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from html import escape
from importlib import import_module
from pathlib import Path
from typing import Final

import streamlit as st

from forecast.errors import ForecastError
from forecast.runs.store import home, import_bundle
from forecast.texts import Lang, t, wording
from forecast.ui.choice import (
    Choice,
    carry,
    choose_criterion,
    choose_lang,
    choose_run,
    choose_unit,
    put,
    source_text,
    stale,
    unread,
)
from forecast.ui.data import new_city
from forecast.ui.export import export_button
from forecast.ui.jobs import SHOW, show_jobs, sidebar_jobs
from forecast.ui.kept import example_run, gone, headers, opened, store, unpack_example_record
from forecast.ui.overview import overview


def first(lang: Lang) -> None:
    """How to see an example, and how to begin with one's own city."""
    st.title(t("ui.first_title", lang))
    st.write(t("ui.first_text", lang, place=home()))
    show_jobs("run", lang)
    left, right = st.columns([1, 2], border=True)
    with left:
        st.subheader(t("ui.first_example", lang))
        st.write(t("ui.first_example_text", lang))
        path = example_run()
        if path is None:
            st.code("dabiao app data/example", language="bash")
        elif st.button(t("ui.first_example", lang), type="primary", key="example", icon=":material/visibility:"):
            try:
                with st.spinner(t("ui.opening", lang)):
                    import_bundle(store(), path)
                    unpack_example_record(home())
            except ForecastError as error:
                st.error(error.text(lang))
            else:
                st.rerun()
    with right:
        st.subheader(t("ui.first_own", lang))
        st.write(t("ui.first_own_text", lang))
        new_city(lang)
    with st.expander(t("ui.first_command", lang)):
        st.code("dabiao init mycity\ndabiao validate mycity\ndabiao app mycity", language="bash")


STYLE = Path(__file__).with_name("style.css")
ICON = str(Path(__file__).with_name("icon.svg"))
SIDEBAR = 240  # pixels: the table keeps the rest of a small screen


def _later(module: str, function: str) -> Callable[[Choice], None]:
    """A page whose module is imported when it is opened: charts take a second that the first page need not wait for."""

    def show(choice: Choice) -> None:
        getattr(import_module(f"forecast.ui.{module}"), function)(choice)

    return show


PAGES: Final[Mapping[str, Callable[[Choice], None]]] = {
    "overview": overview,
    "indicator": _later("indicator", "indicator"),
    "scenario": _later("scenario", "scenario"),
    "makeup": _later("makeup", "makeup_page"),
    "tasks": _later("tasks", "tasks"),
    "ranks": _later("league", "ranks"),
    "province": _later("league", "province"),
    "track": _later("track", "track"),
    "data": _later("data", "data"),
}
"""Pages in the order of the navigation, by the last part of their address; titles are ``ui.page_*``."""


def preload() -> None:
    """Import the modules of all pages, before they are asked for."""
    for name in ("indicator", "scenario", "makeup", "tasks", "league", "track", "data"):
        import_module(f"forecast.ui.{name}")


def main() -> None:
    """Draw the app for the address that was asked for."""
    st.set_page_config(page_title="达标 Dabiao", page_icon=ICON, layout="wide", initial_sidebar_state=SIDEBAR)
    st.html(STYLE)
    carry()
    with st.sidebar:
        lang = choose_lang()
    wanted = st.session_state.pop(SHOW, None)
    if wanted is not None:
        st.session_state.pop("run", None)
        put("run", wanted)
    try:
        choice = choose(lang)
    except ForecastError as error:
        st.error(error.text(lang))
        return
    if choice is None:
        first(lang)
        return
    pages = [
        st.Page(partial(show, choice), title=t(f"ui.page_{name}", lang), url_path=name, default=name == "overview")
        for name, show in PAGES.items()
    ]
    page = st.navigation(pages)
    if wanted is not None:
        st.switch_page(pages[0], query_params=st.query_params.to_dict() | {"run": wanted})
    _mark(choice)
    unread(lang)
    try:
        sidebar_jobs(lang)
        stale(choice, headers())
        with wording(choice.run.config.words):
            page.run()
    except ForecastError as error:
        st.error(error.text(lang))
    _source(choice)


def choose(lang: Lang) -> Choice | None:
    """The run and the unit to show, chosen in the sidebar; None where no run is kept.

    Raises
    ------
    ForecastError
        The store or the run cannot be read.
    """
    kept = headers()
    if not kept:
        return None
    with st.sidebar:
        header = choose_run(kept, gone(), lang)
        if header is None:
            st.stop()
        with st.spinner(t("ui.opening", lang)):
            run = opened(header)
        unit = choose_unit(run, lang)
        choice = Choice(run=choose_criterion(run, lang), unit=unit, lang=lang)
        export_button(choice)
    return choice


def _mark(choice: Choice) -> None:
    """Synthetic data say so on every page."""
    if choice.run.config.synthetic:
        lang = choice.lang
        st.html(f'<div class="dabiao-mark" aria-hidden="true">{escape(t("ui.watermark", lang) * 3)}</div>')
        st.html(f'<p class="dabiao-synthetic" role="note">{escape(t("report.note_synthetic_all", lang))}</p>')


def _source(choice: Choice) -> None:
    """What every number on the page came from."""
    st.caption(source_text(choice))


if __name__ == "__main__":
    main()
