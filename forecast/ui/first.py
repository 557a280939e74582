"""The first screen, where no run is kept."""

from __future__ import annotations

import streamlit as st

from forecast.store import home
from forecast.texts import Lang, t

__all__ = ["first"]


def first(lang: Lang) -> None:
    """How to see an example, and how to begin with one's own city."""
    st.title(t("ui.first_title", lang))
    st.write(t("ui.first_text", lang, place=home()))
    left, right = st.columns(2, border=True)
    with left:
        st.subheader(t("ui.first_example", lang))
        st.write(t("ui.first_example_text", lang))
        st.code("dabiao app data/example", language="bash")
    with right:
        st.subheader(t("ui.first_own", lang))
        st.write(t("ui.first_own_text", lang))
        st.code("dabiao init mycity\ndabiao validate mycity\ndabiao app mycity", language="bash")
    st.button(t("ui.first_again", lang), type="primary")
