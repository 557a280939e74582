"""How a scenario is edited: ledgers of enterprises and projects, sliders, the list of actions, the text.

Invariant: nothing is changed but what the reader changed (held by ``tests/test_app_scenario.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pandas as pd
import streamlit as st

from forecast import words
from forecast.drafting import parsed, to_yaml
from forecast.drafting.pushes import Push, fill_pushes, place_pushes, pushable, with_fill, with_push
from forecast.drafting.rows import ENTERPRISES, PROJECTS
from forecast.errors import InputError
from forecast.texts import Lang, t
from forecast.ui.bench import Bench, revise
from forecast.ui.laboratory import Laboratory
from forecast.ui.scenario_ledgers import TABLE_HEIGHT, months_of, places_of, rows

__all__ = ["editors"]

TABS: Final = ("enterprises", "projects", "sectors", "places", "actions", "text")
STEP_PP: Final = 0.5


def editors(held: Bench, lab: Laboratory, lang: Lang) -> None:
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


def _month_of(lab: Laboratory, pushes: tuple[Push, ...], key: str, lang: Lang) -> str:
    used = [push.month for push in pushes if push.effect_pp]
    months = months_of(lab)
    first = used[0] if used and used[0] in months else months[0]
    return str(st.selectbox(t("ui_scenario.from_month", lang), months, index=months.index(first), key=key, width=160))


def _sectors(held: Bench, lab: Laboratory, lang: Lang) -> None:
    pushes = fill_pushes(held.draft, lab.dataset)
    if not pushes:
        st.info(t("ui_scenario.no_industries", lang))
        return
    month = _month_of(lab, pushes, f"fill-month-{held.epoch}", lang)
    st.caption(t("ui_scenario.help_sectors", lang))
    _sliders(held, pushes, "fill", month, lambda key, value: with_fill(held.draft, key, value, month=month))


def _places(held: Bench, lab: Laboratory, lang: Lang) -> None:
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


def _text(held: Bench, lab: Laboratory, lang: Lang) -> None:
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
