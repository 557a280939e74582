"""What a reader is working on: one scenario, where it came from, and how it got there. Kept for the session.

Invariant: the address always leads back to what is shown, or the reader is told that it does not
(held by ``tests/test_app_scenario.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st

from forecast.runs.session import Session
from forecast.runs.store import Header, Identity
from forecast.scenario.drafting import Draft, to_yaml
from forecast.scenario.reader import Scenario
from forecast.texts import Lang, t
from forecast.ui.address import get, put
from forecast.ui.kept import store
from forecast.ui.library import Entry, decoded, encoded, entry_of

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
    """

    dataset: Identity
    draft: Draft
    entry: Entry | None = None
    based_on: int = 0
    epoch: int = 0
    previous: Draft | None = None
    last: Scenario | None = None
    notices: tuple[str, ...] = ()

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
    if held is not None and held.dataset == header.identity:
        return held
    made = _from_address(lab, listed, header, lang)
    st.session_state[STATE] = made
    return made


def _from_address(lab: Session, listed: Sequence[Entry], header: Header, lang: Lang) -> Bench:
    notices = []
    entry, key = None, get("scenario")
    if key:
        entry = entry_of(key, listed, lab.dataset, store().scenarios)
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
    return whole
