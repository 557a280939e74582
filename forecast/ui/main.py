"""The script that Streamlit runs: what is chosen for all pages, and which page.

Invariant: whatever is wrong with the store or a run, the reader gets a message (held by ``tests/test_app.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from html import escape
from pathlib import Path
from typing import Final

import streamlit as st

from forecast.errors import ForecastError
from forecast.texts import Lang, t
from forecast.ui.choice import Choice, choose_lang, choose_run, choose_unit
from forecast.ui.data import data
from forecast.ui.export import export_button
from forecast.ui.first import first
from forecast.ui.indicator import indicator
from forecast.ui.kept import headers, opened
from forecast.ui.makeup import makeup_page
from forecast.ui.overview import overview
from forecast.ui.progress import sidebar_jobs
from forecast.ui.scenario import scenario
from forecast.ui.stale import stale
from forecast.ui.tasks import tasks
from forecast.ui.track import track

__all__ = ["choose", "main"]

STYLE = Path(__file__).with_name("style.css")
ICON = str(Path(__file__).with_name("icon.svg"))
SIDEBAR = 240  # pixels: the table keeps the rest of a small screen


PAGES: Final[Mapping[str, Callable[[Choice], None]]] = {
    "overview": overview,
    "indicator": indicator,
    "scenario": scenario,
    "makeup": makeup_page,
    "tasks": tasks,
    "track": track,
    "data": data,
}
"""Pages in the order of the navigation, by the last part of their address; titles are ``ui.page_*``."""


def main() -> None:
    """Draw the app for the address that was asked for."""
    st.set_page_config(page_title="达标 Dabiao", page_icon=ICON, layout="wide", initial_sidebar_state=SIDEBAR)
    st.html(STYLE)
    with st.sidebar:
        lang = choose_lang()
    try:
        choice = choose(lang)
    except ForecastError as error:
        st.error(error.text(lang))
        return
    if choice is None:
        first(lang)
        return
    page = st.navigation(
        [
            st.Page(partial(show, choice), title=t(f"ui.page_{name}", lang), url_path=name, default=show is overview)
            for name, show in PAGES.items()
        ]
    )
    _mark(choice)
    sidebar_jobs(lang)
    stale(choice, headers())
    page.run()
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
        header = choose_run(kept, lang)
        with st.spinner(t("ui.opening", lang)):
            run = opened(header)
        unit = choose_unit(run, lang)
        choice = Choice(run=run, unit=unit, lang=lang)
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
    header, lang = choice.run.header, choice.lang
    st.caption(
        t(
            "ui.source",
            lang,
            run=header.run_id,
            data=header.data_hash[:12],
            version=header.model_version,
            method=header.method,
            seed=header.seed,
            draws=header.draws,
            kept=f"{header.kept_at.astimezone():%Y-%m-%d %H:%M}",
        )
    )


if __name__ == "__main__":
    main()
