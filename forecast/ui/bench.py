"""What a reader is working on: one scenario, where it came from, and how it got there. Kept for the session.

Invariant: the address always leads back to what is shown, or the reader is told that it does not
(held by ``tests/test_app_scenario.py``).

The scenario that a reader works on, for pages that show it and do not edit it.

It is the one of 情景推演 (``forecast.ui.bench``), so that all pages and the address speak of the same.

Invariant: a page without a chosen scenario shows the baseline and says so (held by ``tests/test_app_overview.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import streamlit as st

from forecast.errors import ForecastError
from forecast.runs.session import Session
from forecast.runs.store import Header, Identity
from forecast.scenario.contributions import Result
from forecast.scenario.drafting import Draft, to_yaml
from forecast.scenario.reader import Scenario
from forecast.texts import Lang, t
from forecast.ui.choice import Choice, get, put, state
from forecast.ui.kept import Entry, decoded, encoded, entries, entry_of, library, session

STATE: Final = "bench"


@dataclass(slots=True, kw_only=True)
class Bench:
    """The scenario being edited in a session.

    entry : what it was loaded from, or None for a blank one
    based_on : version that a save builds on, 0 for none
    epoch : changes whenever tables must be drawn anew
    previous : the draft before the last load, to go back to
    last : the last version without a problem, which results are shown of
    notices : what a link could not show as it was
    address : what the address says of it, as it was last written; None before that
    """

    dataset: Identity
    draft: Draft
    entry: Entry | None = None
    based_on: int = 0
    epoch: int = 0
    previous: Draft | None = None
    last: Scenario | None = None
    notices: tuple[str, ...] = ()
    address: Mapping[str, str] | None = None

    @property
    def changed(self) -> bool:
        """Whether it differs from what it was loaded from."""
        before = self.entry.draft if self.entry else None
        if before is None:
            return bool(self.draft.actions)
        return to_yaml(self.draft) != to_yaml(before)


def blank(lab: Session, lang: Lang) -> Draft:
    """A scenario without actions."""
    return Draft(name="new", title=t("ui_scenario.blank_title", lang), dataset=lab.dataset.config.name)


def bench(lab: Session, listed: Sequence[Entry], header: Header, lang: Lang) -> Bench:
    """The session's bench; a new one starts from the address."""
    held: Bench | None = st.session_state.get(STATE)
    if held is not None and held.dataset == header.identity and held.address in (None, state("scenario", "edit")):
        return held
    made = _from_address(lab, listed, header, lang)
    made.epoch = held.epoch + 1 if held else 0  # the reader went back: tables start from the address
    st.session_state[STATE] = made
    return made


def _from_address(lab: Session, listed: Sequence[Entry], header: Header, lang: Lang) -> Bench:
    notices = []
    entry, key = None, get("scenario")
    if key:
        entry = entry_of(key, listed, lab.dataset, library(header))
        if entry is None:
            notices.append(t("ui_scenario.link_scenario", lang, value=key))
    made = Bench(dataset=header.identity, draft=entry.draft if entry else blank(lab, lang), entry=entry)
    made.based_on = entry.version if entry else 0
    if text := get("edit"):
        draft = decoded(text, lab.dataset, file=made.draft.name)
        if draft is None:
            notices.append(t("ui_scenario.link_edit", lang))
        else:
            made.draft = draft
    for name, now in (("data", header.data_hash[:12]), ("model", header.model_version)):
        if (then := get(name)) and then != now:
            notices.append(t(f"ui_scenario.link_{name}", lang, then=then, now=now))
    made.notices = tuple(notices)
    return made


def load(held: Bench, entry: Entry | None, lab: Session, lang: Lang) -> None:
    """Put another scenario on the bench; what was there can be taken back."""
    held.previous = held.draft if held.changed else None
    held.entry, held.based_on = entry, entry.version if entry else 0
    held.draft = entry.draft if entry else blank(lab, lang)
    held.notices = ()
    held.epoch += 1


def revise(held: Bench, draft: Draft, *, redraw: bool = True) -> None:
    """The same scenario, edited; ``redraw``: by other means than the tables."""
    held.draft = draft
    held.epoch += redraw


def remember(held: Bench, header: Header) -> bool:
    """Write what is shown into the address; False where the edits are too long for it."""
    wanted = {"scenario": held.entry.key if held.entry else None, "edit": None}
    whole = True
    if held.changed:
        wanted["edit"] = encoded(held.draft)
        whole = wanted["edit"] is not None
    if held.entry or held.changed:
        wanted |= {"data": header.data_hash[:12], "model": header.model_version}
    for key in ("scenario", "edit", "data", "model"):
        put(key, wanted.get(key))
    held.address = state("scenario", "edit")
    return whole


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
    listed, _ = entries(lab.dataset, library(choice.run.header))
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
