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
from forecast.ui.address import get, put
from forecast.ui.kept import Opened

ON = "1"


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
    asked, new = get(key), key not in st.session_state
    if asked in options and new:
        st.session_state[key] = asked
    elif asked is not None and asked not in options:
        st.warning(t("ui.bad_value", lang, what=t(f"ui.what_{key}", lang), value=asked))


def _give(key: str, chosen: str, first: str) -> str:
    """Write what is chosen into the address, if it is not what is shown anyway."""
    put(key, None if chosen == first else chosen)
    return chosen


def number(label: str, *, key: str, least: float, placeholder: str, step: float = 1.0) -> float | None:
    """A number that need not be given, kept in the address as ``key``; one that cannot be read is left out and said."""
    if key not in st.session_state:
        st.session_state[key] = _number(get(key), least)
    value = st.number_input(
        label, min_value=least, value=None, step=step, key=key, placeholder=placeholder, persist_state="session"
    )
    put(key, None if value is None else f"{value:g}")
    return value


def _number(text: str | None, least: float) -> float | None:
    try:
        value = None if text is None else float(text)
    except ValueError:
        return None
    return value if value is not None and least <= value < float("inf") else None


def toggle(label: str, *, key: str) -> bool:
    """A switch, off at first, kept in the address as ``key``."""
    if key not in st.session_state:
        st.session_state[key] = get(key) == ON
    on = st.toggle(label, key=key, persist_state="session")
    put(key, ON if on else None)
    return on


def choose_lang() -> Lang:
    """Chinese unless the reader wants English."""
    chosen = segments(
        "语言 Language", LANGS, key="lang", show=lambda lang: t("ui.language", cast(Lang, lang)), lang="zh"
    )
    return cast(Lang, chosen)


def choose_run(headers: Sequence[Header], gone: Sequence[Header], lang: Lang) -> Header | None:
    """One of the kept runs, the newest first; None where the address asks for one that is gone.

    No other is opened in its place: it could be another city's. Those of the same data set are named.

    gone : runs that were kept once, as far as they are known
    """
    by_id = {header.run_id: header for header in headers}
    shown, asked = st.session_state.get("run"), st.query_params.get("run")
    wanted = asked if shown is None else shown
    if wanted is not None and wanted not in by_id:
        st.session_state.pop("run", None)
        st.query_params["run"] = wanted
        same = {one.identity for one in gone if one.run_id == wanted}
        _missing(wanted, [one for one in headers if one.identity in same] or list(headers), lang, known=bool(same))
        return None
    chosen = select(
        t("ui.choice_run", lang), list(by_id), key="run", show=lambda run: _run_label(by_id[run], lang), lang=lang
    )
    return by_id[chosen]


def _missing(asked: str, others: Sequence[Header], lang: Lang, *, known: bool) -> None:
    """Say that a run is gone, and offer those of the same data set, or all where it is not known."""
    st.error(t("ui.run_gone" if known else "ui.run_unknown", lang, run=asked))
    by_id = {header.run_id: header for header in others}
    chosen = st.selectbox(
        t("ui.choice_run", lang),
        list(by_id),
        index=None,
        key="run-instead",
        format_func=lambda run: _run_label(by_id[run], lang),
        placeholder=t("ui.run_instead", lang),
    )
    if chosen is not None:
        st.query_params["run"] = chosen
        st.rerun()


def known_through(header: Header, lang: Lang) -> str:
    """State of knowledge of a run with its year: 数据截至2026年8月."""
    as_of = AsOf.parse(header.as_of)
    day = as_of.text != str(as_of.month)
    month = {"year": as_of.month.year, "month": words.month_name(as_of.month, lang), "day": as_of.day.day}
    return t("ui.known_day" if day else "ui.known_month", lang, **month)


def _run_label(header: Header, lang: Lang) -> str:
    """What tells runs apart, city and month first: the box is narrow. The id ends it: labels must differ."""
    knowledge = known_through(header, lang)
    kept = f"{header.kept_at.astimezone():%m-%d %H:%M}"
    return " · ".join((header.place, knowledge, kept, header.run_id.rpartition("-")[2]))


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
