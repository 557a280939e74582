"""What the reader chose, in the address, so that a link shows the same again.

A value in the address that cannot be shown is named, and the first choice shown instead.

Invariant: a bad value never passes in silence (held by ``tests/test_app.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import streamlit as st

from forecast.periods import AsOf
from forecast.runs.store import Header
from forecast.tables import words
from forecast.texts import LANGS, Lang, t
from forecast.ui.kept import Opened


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """A run, a unit and a language: what every page shows."""

    run: Opened
    unit: str
    lang: Lang


def select(
    label: str, options: Sequence[str], *, key: str, show: Callable[[str], str], lang: Lang, default: str | None = None
) -> str:
    """A list to choose one of, kept in the address as ``key``."""
    first = options[0] if default is None or default not in options else default
    _take(key, options, lang)
    chosen = st.selectbox(
        label, options, index=options.index(first), key=key, format_func=show, persist_state="session"
    )
    return _give(key, chosen or first, first)


def segments(label: str, options: Sequence[str], *, key: str, show: Callable[[str], str], lang: Lang) -> str:
    """A row of buttons to choose one of, kept in the address as ``key``."""
    _take(key, options, lang)
    chosen = st.segmented_control(
        label,
        options,
        default=None if key in st.session_state else options[0],
        required=True,
        key=key,
        format_func=show,
        persist_state="session",
        label_visibility="collapsed",
    )
    return _give(key, chosen or options[0], options[0])


# Streamlit's own binding to the address writes labels, which change with the language: a link would not survive it.


def _take(key: str, options: Sequence[str], lang: Lang) -> None:
    """Start from what the address asks for; say so where that does not exist."""
    if st.session_state.get(key) not in {None, *options}:  # of another run
        del st.session_state[key]
    asked, new = st.query_params.get(key), key not in st.session_state
    if asked in options and new:
        st.session_state[key] = asked
    elif asked is not None and asked not in options:
        st.warning(t("ui.bad_value", lang, what=t(f"ui.what_{key}", lang), value=asked))


def _give(key: str, chosen: str, first: str) -> str:
    """Write what is chosen into the address, if it is not what is shown anyway."""
    if chosen != first:
        st.query_params[key] = chosen
    elif key in st.query_params:
        del st.query_params[key]
    return chosen


def choose_lang() -> Lang:
    """Chinese unless the reader wants English."""
    chosen = segments(
        "语言 Language", LANGS, key="lang", show=lambda lang: t("ui.language", cast(Lang, lang)), lang="zh"
    )
    return cast(Lang, chosen)


def choose_run(headers: Sequence[Header], lang: Lang) -> Header:
    """One of the kept runs, the newest first."""
    by_id = {header.run_id: header for header in headers}
    chosen = select(
        t("ui.choice_run", lang), list(by_id), key="run", show=lambda run: _run_label(by_id[run], lang), lang=lang
    )
    return by_id[chosen]


def _run_label(header: Header, lang: Lang) -> str:
    """What tells runs apart, the state of knowledge first: the box is narrow. The id ends it: labels must differ."""
    knowledge = words.knowledge(AsOf.parse(header.as_of), lang)
    kept = f"{header.kept_at.astimezone():%m-%d %H:%M}"
    return " · ".join((knowledge, header.dataset, kept, header.run_id.rpartition("-")[2]))


def choose_unit(run: Opened, lang: Lang) -> str:
    """One of the units with targets; no question where there is one."""
    units = list(dict.fromkeys(row.target.unit for row in run.attainment.rows))
    if len(units) == 1:
        return units[0]
    names = run.panel.units
    return select(
        t("ui.choice_unit", lang),
        units,
        key="unit",
        show=lambda unit: words.unit_name(names[unit], lang),
        lang=lang,
        default=run.config.city,
    )
