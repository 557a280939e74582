"""Why probabilities moved, split in the background: it takes refits, and nobody waits for them.

Invariant: a page is drawn at once, with the facts of ``moved`` until the split is there
(held by ``tests/test_app_overview.py``).
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import streamlit as st
from streamlit import runtime

from forecast.executor import InProcess
from forecast.news import News, kept_side, news
from forecast.store import Header
from forecast.texts import Lang, t
from forecast.ui.kept import store

__all__ = ["split_between", "wait_for"]

type _Key = tuple[str, str]
EVERY: float = 3.0  # seconds between two looks at whether a split is there


@st.cache_resource(show_spinner=False)
def _worker() -> ThreadPoolExecutor:
    """One thread: readers who ask for the same split share it, others wait their turn."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="news")


@st.cache_resource(show_spinner=False)
def _begun() -> dict[_Key, Future[News]]:
    return {}


def split_between(before: Header, after: Header) -> Future[News] | None:
    """The split of the changes between two runs, begun if it was not; None where no server is running."""
    if not runtime.exists():
        return None
    begun, key = _begun(), (before.checksum, after.checksum)
    if key not in begun:
        ids = (before.run_id, after.run_id)
        kept = store()
        begun[key] = _worker().submit(
            lambda: news(*(kept_side(kept.open(one)) for one in ids), executor=InProcess())
        )
    return begun[key]


@st.fragment(run_every=EVERY)
def wait_for(split: Future[News], lang: Lang) -> None:
    """Say that a split is on its way; draw the page anew when it is there."""
    if split.done():
        st.rerun()
    st.caption(t("ui_overview.news_running", lang))
