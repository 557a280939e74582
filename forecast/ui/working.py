"""The scenario that a reader works on, for pages that show it and do not edit it.

It is the one of 情景推演 (``forecast.ui.bench``), so that all pages and the address speak of the same.

Invariant: a page without a chosen scenario shows the baseline and says so (held by ``tests/test_app_overview.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from forecast.errors import ForecastError
from forecast.runs.session import Session
from forecast.scenario.compare import Result
from forecast.scenario.reader import Scenario
from forecast.texts import Lang, t
from forecast.ui.bench import Bench, bench, load, remember
from forecast.ui.choice import Choice
from forecast.ui.kept import session, store
from forecast.ui.library import Entry, entries

NONE = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Working:
    """The laboratory of the run, what is on the bench, and what it can be exchanged for."""

    lab: Session
    held: Bench
    listed: Sequence[Entry]

    @property
    def scenario(self) -> Scenario | None:
        """The scenario on the bench; None for one without actions. An unfinished edit shows its last valid state."""
        if not self.held.draft.counted:
            return None
        try:
            return self.lab.scenario(self.held.draft)
        except ForecastError:
            return self.held.last

    def results(self, scenario: Scenario) -> tuple[Result, Result]:
        """The baseline and the scenario on the same draws."""
        base, result = self.lab.evaluate([scenario])
        return base, result


def working(choice: Choice) -> Working | None:
    """What is worked on; None where nothing can be judged.

    Raises
    ------
    StoreError
        The run cannot be read.
    """
    lab = session(choice.run.header)
    if not lab.cases:
        return None
    listed, _ = entries(lab.dataset, store().scenarios)
    held = bench(lab, listed, choice.run.header, choice.lang)
    return Working(lab=lab, held=held, listed=listed)


def choose_scenario(now: Working, choice: Choice, *, key: str, width: int | Literal["stretch"] = "stretch") -> None:
    """A list to choose the scenario from; the choice holds on every page and is in the address."""
    lang, held = choice.lang, now.held
    for notice in held.notices:
        st.warning(notice)
    by_key = {one.key: one for one in now.listed}
    if held.entry:
        by_key.setdefault(held.entry.key, held.entry)
    current = held.entry.key if held.entry else NONE
    name = f"{key}-{held.epoch}"

    def chosen() -> None:
        load(held, by_key.get(st.session_state[name]), now.lab, lang)

    st.selectbox(
        t("ui_overview.scenario", lang),
        [NONE, *by_key],
        index=[NONE, *by_key].index(current),
        format_func=lambda one: _label(one, by_key, held, lang),
        key=name,
        on_change=chosen,
        label_visibility="collapsed",
        width=width,
    )
    remember(held, choice.run.header)


def _label(key: str, by_key: dict[str, Entry], held: Bench, lang: Lang) -> str:
    if held.changed and key == (held.entry.key if held.entry else NONE):
        return t("ui_overview.scenario_edited", lang, title=held.draft.title or held.draft.name)
    return by_key[key].title if key else t("ui_overview.scenario_none", lang)
