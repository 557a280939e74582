"""What if it turns out so: the reader types an outcome and sees what becomes of the target."""

from __future__ import annotations

import streamlit as st

from forecast import words
from forecast.answers.judgement import Row, RowStatus
from forecast.dims import UNIT
from forecast.errors import ForecastError
from forecast.report.explored import explored, explored_grid, explored_text
from forecast.texts import t
from forecast.ui.choice import Choice
from forecast.ui.grids import grid_html, part_html
from forecast.ui.laboratory import Laboratory, laboratory

__all__ = ["explorer"]

SIGNS = {">=": "above", "<=": "below"}


def explorer(choice: Choice, row: Row) -> None:
    """An outcome of any indicator and place with draws, and this target given it."""
    if row.status is not RowStatus.JUDGED:
        return
    lang = choice.lang
    lab = laboratory(choice.run.header)
    st.html(part_html(t("ui_indicator.explorer", lang)))
    text = _asked(choice, lab, row)
    if text is None:
        st.caption(t("ui_indicator.explorer_help", lang))
        return
    try:
        found = lab.answer(("given", text), lambda world, cases: explored(world, cases, text, assessed=lab.assessed))
    except ForecastError as error:
        st.warning(error.text(lang))
        return
    table = explored_grid(found, (row.target.indicator, row.target.unit, row.target.kind.value), lang)
    if table is not None:
        st.html(grid_html(table))
    st.caption(explored_text(found, lang))


def _asked(choice: Choice, lab: Laboratory, row: Row) -> str | None:
    """The outcome as it is written; None where no value was typed."""
    lang, panel = choice.lang, choice.run.panel
    paths = lab.world.paths.indicators
    with st.container(horizontal=True, vertical_alignment="bottom"):
        indicator = st.selectbox(
            t("ui_indicator.explorer_indicator", lang),
            list(paths),
            index=list(paths).index(row.target.indicator),
            format_func=lambda one: words.indicator_name(one, panel.indicators[one].name_zh, lang),
            key=f"given-indicator-{row.target.indicator}",
        )
        units = [str(unit) for unit in paths[indicator].cum_yoy[UNIT].values]
        first = row.benchmark if row.benchmark in units else units[0]
        unit = st.selectbox(
            t("ui_indicator.explorer_unit", lang),
            units,
            index=units.index(first),
            format_func=lambda one: words.unit_name(panel.units[one], lang),
            key=f"given-unit-{indicator}",
        )
        sign = st.selectbox(
            t("ui_indicator.explorer_sign", lang),
            list(SIGNS),
            format_func=lambda one: t(f"ui_indicator.explorer_{SIGNS[one]}", lang),
            key="given-sign",
        )
        value = st.number_input(
            t("ui_indicator.explorer_value", lang), value=None, step=0.5, format="%.1f", key=f"given-{indicator}-{unit}"
        )
    return None if value is None else f"{indicator}.{unit}{sign}{value:g}"
