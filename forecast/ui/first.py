"""The first screen, where no run is kept: see the example, or begin with one's own city."""

from __future__ import annotations

import streamlit as st

from forecast.errors import ForecastError
from forecast.runs.store import home, import_bundle
from forecast.texts import Lang, t
from forecast.ui.bundled import example_run, unpack_example_record
from forecast.ui.kept import store
from forecast.ui.progress import show_jobs
from forecast.ui.upload import new_city


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
