"""Tables as HTML: real tables for screen readers and print, lines on a telephone. Layout only.

Invariant: no text of a data set reaches the page unescaped (held by ``tests/test_app.py``).

Tables of words as HTML: real tables, which scroll sideways where a screen is narrow. Layout only.

Invariant: no text of a data set reaches the page unescaped (held by ``tests/test_app_grids.py``).

The one page that is printed: the page for leaders on A4, legible in grey. Layout only.

It lies hidden in the page and is all that a printer sees of it, so that the browser's own print command gives it too.

Invariant: the texts are those of the screen, escaped (held by ``tests/test_app_overview.py``; that it is one page by
``tests/browser``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from forecast.report.html import content as _content
from forecast.tables.table import Cell, Grid
from forecast.texts import Lang, t

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
    table: Grid
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
        f'<p class="first">{escape(one.sentence)}</p>{scenario}{_sheet_table(one.table)}'
        f'<p class="rule">{escape(one.rule)}</p><div class="parts">{parts}</div>'
        f'<p class="source">{escape(one.source)}</p></section>'
    )


def _part(heading: str, sentences: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(text)}</li>" for text in sentences)
    return f"<div><h2>{escape(heading)}</h2><ul>{items}</ul></div>"


def _sheet_table(grid: Grid) -> str:
    heads = "".join(f"<th>{escape(head.text)}<small>{escape(head.below)}</small></th>" for head in grid.heads)
    rows = "".join(_sheet_row(grid, row, kind) for row, kind in zip(grid.rows, grid.classes, strict=True))
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _sheet_row(grid: Grid, row: Sequence[Cell], kind: str) -> str:
    cells = []
    for name, cell in zip(grid.names, row, strict=True):
        sign = f"{SIGNS[cell.style]} " if cell.style in SIGNS else ""
        below = f"<small>{escape(cell.below)}</small>" if cell.below else ""
        cells.append(f'<td class="{name}">{sign}{escape(cell.text)}{below}</td>')
    return f'<tr class="{kind}">{"".join(cells)}</tr>'


def part_html(text: str) -> str:
    """Heading of a part of a page."""
    return f'<h2 class="dabiao-part">{escape(text)}</h2>'


def facts_html(facts: Sequence[str]) -> str:
    """Sentences as a list."""
    return f'<ul class="dabiao-facts">{"".join(f"<li>{escape(fact)}</li>" for fact in facts)}</ul>'


def plain_table(kind: str, heads: Sequence[str], lines: Sequence[Sequence[Cell]], caption: str) -> str:
    """A table of cells, the first of each line its head; on a telephone it scrolls sideways."""
    body = "".join(
        f'<tr><th scope="row">{_content(line[0])}</th>'
        + "".join(
            f'<td data-label="{escape(head)}">{_content(cell)}</td>'
            for head, cell in zip(heads[1:], line[1:], strict=True)
        )
        + "</tr>"
        for line in lines
    )
    return _table(kind, caption, "".join(_head(Cell(head)) for head in heads), body)


def _table(kind: str, caption: str, head: str, body: str) -> str:
    return (
        f'<div class="dabiao {kind}"><table><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _head(head: Cell) -> str:
    return f'<th scope="col">{_content(head)}</th>'
