"""The one page that is printed: the page for leaders on A4, legible in grey. Layout only.

It lies hidden in the page and is all that a printer sees of it, so that the browser's own print command gives it too.

Invariant: the texts are those of the screen, escaped (held by ``tests/test_app_overview.py``; that it is one page by
``tests/browser``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from forecast.report.leaders import COLUMNS, Line
from forecast.texts import Lang, t

__all__ = ["Sheet", "sheet"]

SIGNS: Final = {"green": "●", "yellow": "◆", "red": "■"}
"""Shape of a light beside its word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What is printed, in order.

    mark : what synthetic data or ledgers must say; empty without
    parts : (heading, sentences) below the table
    """

    title: str
    mark: str
    sentence: str
    scenario: Sequence[str]
    lines: Sequence[Line]
    parts: Sequence[tuple[str, Sequence[str]]]
    rule: str
    source: str


def sheet(one: Sheet, lang: Lang) -> str:
    """The page as HTML."""
    mark = f'<p class="mark">{escape(one.mark)}</p>' if one.mark else ""
    water = f'<div class="water">{escape(t("ui.watermark", lang))}</div>' if one.mark else ""
    scenario = "".join(f"<p>{escape(text)}</p>" for text in one.scenario)
    parts = "".join(_part(heading, sentences) for heading, sentences in one.parts)
    return (
        f'<section class="dabiao-sheet" aria-hidden="true">{water}<h1>{escape(one.title)}</h1>{mark}'
        f'<p class="first">{escape(one.sentence)}</p>{scenario}{_table(one.lines, lang)}'
        f'<p class="rule">{escape(one.rule)}</p><div class="parts">{parts}</div>'
        f'<p class="source">{escape(one.source)}</p></section>'
    )


def _part(heading: str, sentences: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(text)}</li>" for text in sentences)
    return f"<div><h2>{escape(heading)}</h2><ul>{items}</ul></div>"


def _table(lines: Sequence[Line], lang: Lang) -> str:
    texts = [(t(f"ui.head_{name}", lang), t(f"ui.head_{name}_below", lang).strip()) for name in COLUMNS]
    heads = "".join(f"<th>{escape(text)}<small>{escape(below)}</small></th>" for text, below in texts)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(_row(line) for line in lines)}</tbody></table>"


def _row(line: Line) -> str:
    cells = []
    for name in COLUMNS:
        cell = line.cells[name]
        sign = f"{SIGNS[line.light.value]} " if name == "light" and line.light else ""
        below = f"<small>{escape(cell.below)}</small>" if cell.below else ""
        cells.append(f'<td class="{name}">{sign}{escape(cell.text)}{below}</td>')
    return f'<tr class="{"judged" if line.judged else "open"}">{"".join(cells)}</tr>'
