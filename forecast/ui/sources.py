"""What stands on every page: what its numbers came from, and that synthetic data are synthetic.

Invariant: synthetic data say so on every page and on every print (held by ``tests/test_app_overview.py``).

What is shown may no longer be the newest: a newer run, or newer data, and the way there.

Invariant: a result whose data or run was followed by another never stands without a word
(held by ``tests/test_app_data.py``).
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from forecast.periods import AsOf
from forecast.runs.datasets import Shelf
from forecast.runs.store import Header
from forecast.runs.store.identity import newer
from forecast.tables import words
from forecast.texts import t
from forecast.ui.address import put
from forecast.ui.choice import Choice


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
