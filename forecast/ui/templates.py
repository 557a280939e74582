"""Files to fill in: the workbook of another year, and tables with their heads."""

from __future__ import annotations

import csv
import io
from typing import Final

import streamlit as st

from forecast.errors import ForecastError
from forecast.reading.columns import TABLES
from forecast.starter import BOOK_NAME
from forecast.texts import Lang, t
from forecast.ui.upload import starter_bytes

__all__ = ["template_bytes", "templates"]

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
