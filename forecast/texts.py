"""User-facing texts: catalogues in ``forecast/locale/<lang>/<namespace>.toml``, Chinese first.

Invariant: both languages have the same keys with the same placeholders (held by ``tests/test_texts.py``).
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final, Literal

type Lang = Literal["zh", "en"]
LANGS: tuple[Lang, ...] = ("zh", "en")
_HIDDEN: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)


_INSTEAD: ContextVar[Mapping[str, str]] = ContextVar("instead", default=MappingProxyType({}))


@cache
def catalogue(lang: Lang) -> dict[str, str]:
    """All texts of a language, keyed ``namespace.key``."""
    texts: dict[str, str] = {}
    for file in sorted(files("forecast").joinpath("locale", lang).iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            table = tomllib.loads(file.read_text(encoding="utf-8"))
            texts |= {f"{file.name.removesuffix('.toml')}.{key}": value for key, value in table.items()}
    return texts


def t(key: str, lang: Lang, /, **params: Any) -> str:
    """Text ``key`` in ``lang``, its placeholders filled.

    Raises
    ------
    KeyError
        The catalogue has no such text: a defect of the program, never of the input.
    """
    text = catalogue(lang)[key]
    instead = _INSTEAD.get()
    if lang == "zh" and instead:
        text = re.sub("|".join(sorted(map(re.escape, instead), key=len, reverse=True)), lambda m: instead[m[0]], text)
    return text.format(**params)


@contextmanager
def wording(instead: Mapping[str, str]) -> Iterator[None]:
    """Within it Chinese texts of the catalogue use a data set's own words: {"全省": "各省加权平均"}.

    Names and figures that fill a text stay as they are; of two words that begin alike the longer one is replaced.
    """
    token = _INSTEAD.set(instead)
    try:
        yield
    finally:
        _INSTEAD.reset(token)


def visible(text: str) -> str:
    """Text of a user without what nobody sees: control characters, marks that turn the direction, zero-width ones.

    Line ends and tabs stay. Terminals obey some of these characters, and others make two names look like one.
    """
    return _HIDDEN.sub("", text) if _HIDDEN.search(text) else text


def default_lang() -> Lang:
    """Chinese, unless the environment asks for English."""
    locale = next((os.environ[k] for k in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(k)), "")
    return "en" if locale.lower().startswith("en") else "zh"
