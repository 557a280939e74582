"""The ledgers of enterprises and projects in a scenario: filtered, edited cell by cell, set all at once.

Invariant: nothing is changed but what the reader changed (held by ``tests/browser``).

How a scenario is edited: ledgers of enterprises and projects, sliders, the list of actions, the text.

Invariant: nothing is changed but what the reader changed (held by ``tests/test_app_scenario.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

import pandas as pd
import streamlit as st

from forecast.data.reading.columns import CHOICES, NO_COUNTY
from forecast.errors import InputError
from forecast.periods import Month
from forecast.runs.session import Session
from forecast.scenario.drafting import Push, fill_pushes, parsed, place_pushes, pushable, to_yaml, with_fill, with_push
from forecast.scenario.ledger_rows import ENTERPRISES, NOTHING, PROJECTS, Book, able, edited, settings
from forecast.tables import words
from forecast.texts import Lang, catalogue, t
from forecast.ui.bench import Bench, revise

TABS: Final = ("enterprises", "projects", "sectors", "places", "actions", "text")
STEP_PP: Final = 0.5


def editors(held: Bench, lab: Session, lang: Lang) -> None:
    """One tab a way of editing; only the open one is drawn."""
    tabs = st.tabs([t(f"ui_scenario.tab_{name}", lang) for name in TABS], key="editor", on_change="rerun")
    for name, tab in zip(TABS, tabs, strict=True):
        if not tab.open:
            continue
        with tab:
            match name:
                case "enterprises":
                    rows(held, lab, ENTERPRISES, lang)
                case "projects":
                    rows(held, lab, PROJECTS, lang)
                case "sectors":
                    _sectors(held, lab, lang)
                case "places":
                    _places(held, lab, lang)
                case "actions":
                    _actions(held, lang)
                case "text":
                    _text(held, lab, lang)


# Sliders


def _month_of(lab: Session, pushes: tuple[Push, ...], key: str, lang: Lang) -> str:
    used = [push.month for push in pushes if push.effect_pp]
    months = months_of(lab)
    first = used[0] if used and used[0] in months else months[0]
    return str(st.selectbox(t("ui_scenario.from_month", lang), months, index=months.index(first), key=key, width=160))


def _sectors(held: Bench, lab: Session, lang: Lang) -> None:
    pushes = fill_pushes(held.draft, lab.dataset)
    if not pushes:
        st.info(t("ui_scenario.no_industries", lang))
        return
    month = _month_of(lab, pushes, f"fill-month-{held.epoch}", lang)
    st.caption(t("ui_scenario.help_sectors", lang))
    _sliders(held, pushes, "fill", month, lambda key, value: with_fill(held.draft, key, value, month=month))


def _places(held: Bench, lab: Session, lang: Lang) -> None:
    names = pushable(lab.dataset)
    if not names:
        st.info(t("ui_scenario.no_bases", lang))
        return
    indicators = lab.dataset.panel.indicators
    with st.container(horizontal=True):
        indicator = st.selectbox(
            t("ui_scenario.push_indicator", lang),
            names,
            format_func=lambda one: words.indicator_name(one, indicators[one].name_zh, lang),
            key="push-indicator",
            width=300,
        )
        pushes = place_pushes(held.draft, lab.dataset, indicator)
        month = _month_of(lab, pushes, f"push-month-{held.epoch}-{indicator}", lang)
    st.caption(t("ui_scenario.help_places", lang))
    named = places_of(lab, lang)
    pushes = tuple(replace(push, name_zh=named[push.key]) for push in pushes)
    _sliders(
        held,
        pushes,
        f"push-{indicator}",
        month,
        lambda key, value: with_push(held.draft, key, indicator, value, month=month),
    )


def _sliders(held: Bench, pushes: tuple[Push, ...], prefix: str, month: str, make: Any) -> None:
    columns = st.columns(2)
    for k, push in enumerate(pushes):
        key = f"{prefix}-{held.epoch}-{push.key}"
        with columns[k % 2]:
            value = st.slider(push.name_zh, push.low_pp, push.high_pp, push.effect_pp, STEP_PP, format="%.1f", key=key)
        if value != push.effect_pp or (push.effect_pp and push.month != month):
            revise(held, make(push.key, value), redraw=False)


# The list and the text


def _actions(held: Bench, lang: Lang) -> None:
    if not held.draft.actions:
        st.info(t("ui_scenario.no_actions", lang))
        return
    key = f"actions-{held.epoch}"
    if key not in st.session_state or f"{key}-data" not in st.session_state:
        st.session_state[f"{key}-data"] = pd.DataFrame(
            [
                {"on": k not in held.draft.off, "id": one.get("id", ""), **_told(one, lang)}
                for k, one in enumerate(held.draft.actions)
            ]
        )
    heads = {name: t(f"ui_scenario.action_{name}", lang) for name in ("id", "type", "month", "about", "note")}
    table = st.data_editor(
        st.session_state[f"{key}-data"],
        key=key,
        hide_index=True,
        disabled=list(heads),
        column_config={"on": st.column_config.CheckboxColumn(t("ui_scenario.action_on", lang), width="small"), **heads},
        alt=t("ui_scenario.tab_actions", lang),
    )
    off = frozenset(k for k, on in enumerate(table["on"]) if not on)
    if off != held.draft.off:
        revise(held, replace(held.draft, off=off), redraw=False)
    st.caption(t("ui_scenario.help_actions", lang))


def _told(action: Mapping[str, Any], lang: Lang) -> dict[str, str]:
    skip = ("type", "id", "note", "month")
    parts = []
    for name, value in action.items():
        if name in skip:
            continue
        if name in ("enterprises", "projects"):
            parts.append(t("ui_scenario.listed", lang, n=len(value)))
        else:
            parts.append(f"{name}: {value}")
    return {
        "type": t(f"scenario.type_{action['type']}", lang),
        "month": str(action.get("month", "")),
        "about": "; ".join(parts),
        "note": str(action.get("note", "")),
    }


def _text(held: Bench, lab: Session, lang: Lang) -> None:
    text = st.text_area(
        t("ui_scenario.text_label", lang), to_yaml(held.draft), height=TABLE_HEIGHT, key=f"text-{held.epoch}"
    )
    st.caption(t("ui_scenario.help_text", lang))
    if st.button(t("ui_scenario.text_apply", lang), type="primary", disabled=text == to_yaml(held.draft)):
        try:
            revise(held, parsed(text, lab.dataset, file=held.draft.name))
        except InputError as error:
            st.error(error.report(lang))
            return
        st.rerun()


FACTS: Final[Mapping[str, tuple[str, ...]]] = {
    "enterprises": ("status", "cause", "base_output_yi", "ytd_growth_pct", "resp_unit", "resp_person"),
    "projects": (
        "sector",
        "total_invest_yi",
        "plan_year_invest_yi",
        "progress_pct",
        "blocker",
        "resp_unit",
        "resp_person",
    ),
}
"""Columns of a ledger that are shown beside what is set."""
SET: Final[Mapping[str, tuple[str, ...]]] = {
    "enterprises": ("plan", "month", "prob_pct", "level_pct", "delay_months"),
    "projects": ("plan", "month", "prob_pct", "level_pct", "months", "delay_months"),
}
STATE_COLUMN: Final = {"enterprises": "status", "projects": "started"}
TABLE_HEIGHT: Final = 420


def rows(held: Bench, lab: Session, book: Book, lang: Lang) -> None:
    """One ledger: which rows to see, set all of them, or edit their cells."""
    ledger: pd.DataFrame = getattr(lab.dataset.ledger, book.table)
    if ledger.empty:
        st.info(t("ui_scenario.no_ledger", lang, table=t(f"ui_scenario.tab_{book.table}", lang)))
        return
    shown = _filtered(ledger, held, lab, book, lang)
    if shown.empty:
        st.info(t("ui_scenario.no_rows", lang))
        return
    _in_bulk(held, lab, book, [str(name) for name in shown[book.key]], lang)
    key = f"rows-{book.table}-{held.epoch}-{hash(tuple(shown[book.key]))}"
    if key not in st.session_state or f"{key}-data" not in st.session_state:  # drawn anew: from the draft as it is
        st.session_state[f"{key}-data"] = _table(shown, settings(held.draft, lab.dataset, book), lab, book, lang)
    st.data_editor(
        st.session_state[f"{key}-data"],
        key=key,
        height=TABLE_HEIGHT,
        hide_index=True,
        column_order=["name", "county", *SET[book.table], *FACTS[book.table]],
        column_config=_columns(lab, book, lang),
        disabled=["name", "county", *FACTS[book.table]],
        on_change=partial(_row_edited, key, held, lab, book),
        alt=t(f"ui_scenario.alt_{book.table}", lang),
        placeholder="—",
    )
    st.caption(t(f"ui_scenario.help_{book.table}", lang, n=len(shown), all=len(ledger)))


def _filtered(ledger: pd.DataFrame, held: Bench, lab: Session, book: Book, lang: Lang) -> pd.DataFrame:
    """Rows that the reader wants to see."""
    names = places_of(lab, lang)
    everything = t("ui_scenario.all", lang)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(t("ui_scenario.search", lang), key=f"find-{book.table}", width=170)
        counties = [one for one in names if one in set(ledger["county"])]
        county = st.selectbox(
            t("ui_scenario.county", lang),
            [None, *counties],
            format_func=lambda one: everything if one is None else names[one],
            key=f"county-{book.table}",
            width=130,
        )
        state = st.selectbox(
            t("ui_scenario.state", lang),
            _states(book),
            format_func=lambda one: t(f"ui_scenario.state_{one}", lang),
            key=f"state-{book.table}",
            width=150,
        )
    chosen = _in_state(ledger, state, held, lab, book)
    if county is not None:
        chosen &= (ledger["county"] == county).to_numpy()
    if text.strip():
        columns = [ledger[c].astype(str) for c in (book.key, "name_zh", *FACTS[book.table]) if c in ledger]
        chosen &= pd.concat([c.str.contains(text.strip(), case=False, regex=False) for c in columns], axis=1).any(
            axis=1
        )
    return ledger[chosen]


def _states(book: Book) -> list[str]:
    if book is ENTERPRISES:
        return ["troubled", "all", "set", "halted", "half_halted", "reduced", "normal"]
    return ["all", "set", "waiting", "running", "blocked"]


def _in_state(ledger: pd.DataFrame, state: str, held: Bench, lab: Session, book: Book) -> pd.Series[bool]:
    match state:
        case "set":
            plans = settings(held.draft, lab.dataset, book)["plan"]
            return pd.Series((plans != NOTHING).to_numpy(), index=ledger.index)
        case "troubled":
            return ledger["status"] != "normal"
        case "halted" | "half_halted" | "reduced" | "normal":
            return ledger["status"] == state
        case "waiting":
            return ledger["started"].map(lambda cell: cell is False).astype(bool)
        case "running":
            return ledger["started"].map(lambda cell: cell is not False).astype(bool)
        case "blocked":
            return ledger["blocker"].astype(str).str.strip() != ""
    return pd.Series(True, index=ledger.index)


def _table(shown: pd.DataFrame, rows: pd.DataFrame, lab: Session, book: Book, lang: Lang) -> pd.DataFrame:
    """What is set and what the ledger says, a row an entity, index its id."""
    ids = pd.Index(shown[book.key].astype(str), name=book.key)
    facts = shown.set_index(ids)
    names = places_of(lab, lang)
    out = rows.loc[ids].copy()
    out["name"] = facts["name_zh"]
    out["county"] = [names.get(str(one), str(one)) for one in facts["county"]]
    for column in FACTS[book.table]:
        out[column] = facts[column]
    if "status" in out:
        out["status"] = [_status(str(one), lang) for one in out["status"]]
    return out


def _status(status: str, lang: Lang) -> str:
    return CHOICES["enterprise_status"][status][0] if lang == "zh" else status.replace("_", " ")


def places_of(lab: Session, lang: Lang) -> dict[str, str]:
    """Names of places by id."""
    units = lab.dataset.panel.units
    named = {key: words.unit_name(unit, lang) for key, unit in units.items()}
    return named | ({key: same[0] for key, same in NO_COUNTY.items()} if lang == "zh" else {})


def months_of(lab: Session) -> list[str]:
    """Months of the target year that a decision can still affect, YYYY-MM."""
    first, year = lab.dataset.config.first_action_month, lab.dataset.config.target_year
    return [str(Month(year, month)) for month in range(first.month if first.year == year else 12, 13)]


def _columns(lab: Session, book: Book, lang: Lang) -> dict[str, Any]:
    column, named = st.column_config, partial(_head, book, lang)
    own = {str(one) for one in _ledger_months(lab, book)}
    plans = [NOTHING, *book.types]
    numbers = {"base_output_yi": "%.2f", "total_invest_yi": "%.2f", "plan_year_invest_yi": "%.2f"}
    return {
        "name": column.TextColumn(named("name"), pinned=True, width=110),
        "county": column.TextColumn(named("county"), width=96),
        "plan": column.SelectboxColumn(
            named("plan"),
            options=plans,
            required=True,
            width=96,
            format_func=partial(_plan, lang),
        ),
        "month": column.SelectboxColumn(named("month"), options=sorted({*months_of(lab), *own}), width=100),
        "prob_pct": column.NumberColumn(named("prob_pct"), min_value=0, max_value=100, step=1, format="%.0f%%"),
        "level_pct": column.NumberColumn(named("level_pct"), min_value=0, max_value=150, step=1, format="%.0f%%"),
        "months": column.NumberColumn(named("months"), min_value=1, max_value=12, step=1, format="%.0f"),
        "delay_months": column.NumberColumn(named("delay_months"), min_value=0, max_value=6, step=0.1, format="%.1f"),
    } | {
        name: column.NumberColumn(named(name), format=numbers.get(name, "%.1f"))
        if name.endswith(("_yi", "_pct"))
        else column.TextColumn(named(name))
        for name in FACTS[book.table]
    }


def _plan(lang: Lang, kind: str) -> str:
    return t("ui_scenario.plan_none" if kind == NOTHING else f"scenario.type_{kind}", lang)


def _ledger_months(lab: Session, book: Book) -> list[Month]:
    """Months that the ledger itself names for its rows, from the first month of action on."""
    name = "restart_month" if book is ENTERPRISES else "start_plan"
    first = lab.dataset.config.first_action_month
    return [one for one in getattr(lab.dataset.ledger, book.table)[name] if isinstance(one, Month) and one >= first]


def _head(book: Book, lang: Lang, name: str) -> str:
    own = f"ui_scenario.column_{book.table}_{name}"
    return t(own if own in catalogue(lang) else f"ui_scenario.column_{name}", lang)


def _row_edited(key: str, held: Bench, lab: Session, book: Book) -> None:
    """Take over the cells that were edited."""
    changes: dict[int, dict[str, Any]] = st.session_state[key]["edited_rows"]
    data: pd.DataFrame = st.session_state[f"{key}-data"]
    after = data.iloc[[int(k) for k in changes]].copy()
    for at, cells in zip(after.index, changes.values(), strict=True):
        for column, value in cells.items():
            after.loc[at, column] = value
    revise(held, edited(held.draft, lab.dataset, book, after), redraw=False)


def _in_bulk(held: Bench, lab: Session, book: Book, names: list[str], lang: Lang) -> None:
    """Set all rows that are shown at once."""
    with (
        st.popover(t("ui_scenario.bulk", lang, n=len(names)), icon=":material/edit_note:"),
        st.form(f"bulk-{book.table}", border=False),
    ):
        plan = st.selectbox(
            _head(book, lang, "plan"),
            [*book.types, NOTHING],
            format_func=partial(_plan, lang),
        )
        month = st.selectbox(
            _head(book, lang, "month"),
            [None, *months_of(lab)],
            format_func=lambda one: one or t("ui_scenario.as_ledger", lang),
        )
        prob = st.number_input(
            _head(book, lang, "prob_pct"), 0.0, 100.0, None, 5.0, placeholder=t("ui_scenario.as_ledger", lang)
        )
        if st.form_submit_button(t("ui_scenario.bulk_apply", lang), type="primary"):
            can = able(lab.dataset, book, plan)
            names = [name for name in names if name in can]
            after = settings(held.draft, lab.dataset, book).loc[names]
            after["plan"] = plan
            revise(held, edited(held.draft, lab.dataset, book, after))
            if month or prob is not None:
                after = settings(held.draft, lab.dataset, book).loc[names]
                after = after[after["plan"] == plan]
                after = after.assign(
                    **({"month": month} if month else {}), **({} if prob is None else {"prob_pct": prob})
                )
                revise(held, edited(held.draft, lab.dataset, book, after))
            st.rerun()
