"""What the reader chose on all pages, in the address of every page.

Streamlit gives every page an address of its own and drops the rest of it when the page changes. Here the choices are
held for the session and put back, so that a link, a reload, or another browser shows the same again, and so that an
export knows them whichever page it is made on.

Invariant: a choice that was made stands in the address of every page until it is taken back; what an address asks for
and cannot be shown is said (held by ``tests/test_app_state.py``).
"""

from __future__ import annotations

from typing import Final

import streamlit as st

HELD: Final = "address"


def carry() -> None:
    """At the start of a script run: take what the address asks for, and put back what a change of page dropped."""
    held = _held()
    asked = st.query_params.to_dict()
    held |= asked
    for key, value in held.items():
        if key not in asked:
            st.query_params[key] = value


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
    return st.query_params.get(key) or _held().get(key)


def _held() -> dict[str, str]:
    made: dict[str, str] = st.session_state.setdefault(HELD, {})
    return made
