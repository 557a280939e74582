"""What the reader chose on all pages, in the address of every page, and what stands beside every number.

Streamlit gives every page an address of its own and drops the rest of it when the page changes. Here the choices are
held for the session and put back, so that a link, a reload, or another browser shows the same again, and so that an
export knows them whichever page it is made on. The browser's "back" and "forward" make the address what was chosen.

Invariant: a choice that was made stands in the address of every page until it is taken back; what an address asks for
and cannot be shown is said (held by ``tests/test_app_state.py``); synthetic data say so on every page and on every
print (held by ``tests/test_app_overview.py``); a result whose data or run was followed by another never stands without
a word (held by ``tests/test_app_data.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from forecast.answers.chances import Criterion
from forecast.periods import AsOf
from forecast.runs.datasets import Shelf
from forecast.runs.store import Header
from forecast.runs.store.registry import newer
from forecast.tables import words
from forecast.tables.table import Surface, View
from forecast.texts import LANGS, Lang, catalogue, t
from forecast.ui.kept import Opened

HELD: Final = "address"
FOLLOWING: Final[Mapping[str, tuple[str, ...]]] = {
    "wish": ("makeup-",),
    "levers": ("makeup-",),
    "beyond": ("makeup-",),
    "locks": ("task-",),
    "given": ("given-",),
}
"""What beside the widget of its own name starts anew when an address asks for another value: beginnings of keys."""
OTHERS: Final = frozenset(
    {"scenario", "edit", "data", "model", "given", "wish", "levers", "beyond", "locks", "task-increment", "years"}
)
"""What an address may ask for beside lists to choose from, which ``ui.what_KEY`` names."""


def carry() -> None:
    """At the start of a script run: take what the address asks for, and put back what a change of page dropped.

    The session's choices stand above an address that is late: readers click faster than browsers write.
    """
    asked, held = st.query_params.to_dict(), _held()
    if asked and (not held or _returned()):
        for key in {*asked, *held}:
            if asked.get(key) != held.get(key):
                _anew(key)
        held.clear()
    held |= {key: value for key, value in asked.items() if key not in held}
    if asked != held:
        st.query_params.from_dict(held)  # at once: every single one would be a step of the browser's history


def _returned() -> bool:
    """Whether the reader went back or forward in the browser's history."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def _anew(key: str) -> None:
    """Forget what is shown of a choice, so that it starts from the address."""
    beginnings = FOLLOWING.get(key, ())
    for name in [one for one in st.session_state if one == key or str(one).startswith(beginnings)]:
        del st.session_state[name]


def put(key: str, value: str | None) -> None:
    """Hold a choice and write it into the address; None takes it back."""
    held, params = _held(), st.query_params
    if value is None:
        held.pop(key, None)
        if key in params:
            del params[key]
    else:
        held[key] = value
        if params.get(key) != value:
            params[key] = value


def get(key: str) -> str | None:
    """What was chosen, or is asked for; None for nothing."""
    return _held().get(key) or st.query_params.get(key)


def state(*keys: str) -> dict[str, str]:
    """What the reader chose of some things, as the address has it; what is as usual is left out."""
    return {key: value for key in keys if (value := get(key))}


def _held() -> dict[str, str]:
    made: dict[str, str] = st.session_state.setdefault(HELD, {})
    return made


def unread(lang: Lang) -> None:
    """Say which parts of a link no page knows."""
    odd = [key for key in _held() if key not in OTHERS and f"ui.what_{key}" not in catalogue(lang)]
    if odd:
        st.warning(t("ui.link_unread", lang, list=t("glossary.and", lang).join(odd)))


ON = "1"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """A run, a unit and a language: what every page shows."""

    run: Opened
    unit: str
    lang: Lang

    @property
    def criterion(self) -> Criterion:
        """What number, word and light of every page speak of."""
        return self.run.attainment.criterion

    @property
    def page(self) -> View:
        """For whom tables of the page are made."""
        return View(lang=self.lang, surface=Surface.PAGE, criterion=self.criterion)


def select(
    label: str,
    options: Sequence[str],
    *,
    key: str,
    show: Callable[[str], str],
    lang: Lang,
    default: str | None = None,
    always: bool = False,
) -> str:
    """A list to choose one of, kept in the address as ``key``; ``always``: also where it is what is shown anyway."""
    first = options[0] if default is None or default not in options else default
    _take(key, options, lang)
    index = 0 if key in st.session_state else options.index(first)  # beside a value of the session none is allowed
    chosen = st.selectbox(label, options, index=index, key=key, format_func=show, persist_state="session")
    return _give(key, chosen or first, "" if always else first)


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


def number(label: str, *, key: str, least: float, placeholder: str, lang: Lang, step: float = 1.0) -> float | None:
    """A number that need not be given, kept in the address as ``key``; one that cannot be read is left out and said."""
    if key not in st.session_state:
        text = get(key)
        st.session_state[key] = _number(text, least)
        if text is not None and st.session_state[key] is None:
            st.warning(t("ui.bad_number", lang, what=label, value=text))
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


def toggle(label: str, *, key: str, lang: Lang) -> bool:
    """A switch, off at first, kept in the address as ``key``."""
    if key not in st.session_state:
        text = get(key)
        st.session_state[key] = text == ON
        if text not in {None, ON}:
            st.warning(t("ui.bad_number", lang, what=label, value=text))
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
    shown = st.session_state.get("run")
    wanted = get("run") if shown is None else shown
    if wanted is not None and wanted not in by_id:
        st.session_state.pop("run", None)
        put("run", wanted)
        same = {one.identity for one in gone if one.run_id == wanted}
        _missing(wanted, [one for one in headers if one.identity in same] or list(headers), lang, known=bool(same))
        return None
    chosen = select(
        t("ui.choice_run", lang),
        list(by_id),
        key="run",
        show=lambda run: _run_label(by_id[run], lang),
        lang=lang,
        always=True,  # the newest too: a link to it shall not open a newer one
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
        put("run", chosen)
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


EVENT: Final = "event"
"""What all pages speak of, in the address."""


def choose_criterion(run: Opened, lang: Lang) -> Opened:
    """The run, whose numbers, words, lights, sentences and charts speak of what the reader chooses."""
    own = run.attainment.criterion
    chosen = segments(
        t("ui.choice_event", lang),
        [own.value, own.other.value],
        key=EVENT,
        show=lambda one: words.event_name(Criterion(one), lang),
        lang=lang,
    )
    return replace(run, attainment=run.attainment.speaking(Criterion(chosen)))


def mark_text(choice: Choice) -> str:
    """What synthetic data must say; empty for real figures."""
    return t("report.note_synthetic_all", choice.lang) if choice.run.config.synthetic else ""


def source_text(choice: Choice) -> str:
    """Run, data, model, method, seed, draws and time of what is shown."""
    header = choice.run.header
    return t(
        "ui.source",
        choice.lang,
        run=header.run_id,
        data=header.data_hash[:12],
        version=header.model_version,
        method=header.method,
        seed=header.seed,
        draws=header.draws,
        kept=f"{header.kept_at.astimezone():%Y-%m-%d %H:%M}",
    )


def stale(choice: Choice, kept: Sequence[Header]) -> None:
    """Say that a newer run, or newer data, are there."""
    lang, header = choice.lang, choice.run.header
    shelf, identity = Shelf(), header.identity
    following = newer(header, kept, shelf.undone(identity))
    version = shelf.current(shelf.name_of(identity))
    if following is not None:
        text = t(
            "ui_data.stale_run",
            lang,
            as_of=words.knowledge(AsOf.parse(following.as_of), lang),
            at=f"{following.kept_at.astimezone():%Y-%m-%d %H:%M}",
            same=t("ui_data.stale_same" if following.data_hash == header.data_hash else "ui_data.stale_other", lang),
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f":material/history: {text}")
            if st.button(t("ui_data.stale_open", lang), key="stale-open", type="tertiary"):
                st.session_state.pop("run", None)
                put("run", following.run_id)
                st.rerun()
    elif version is not None and version.data_hash != header.data_hash:
        st.warning(t("ui_data.stale_data", lang, version=version.version, at=version.at), icon=":material/history:")
