"""Tables of words as HTML: real tables, which scroll sideways where a screen is narrow. Layout only.

Invariant: no text of a data set reaches the page unescaped (held by ``tests/test_app_grids.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from forecast.report.grid import Grid
from forecast.report.leaders import Cell

__all__ = ["facts_html", "grid_html", "part_html"]


def grid_html(table: Grid) -> str:
    """A table; its first column stays in sight when it is scrolled sideways."""
    heads = "".join(
        f'<th scope="col" class="{_side(table, k)}">{_content(head)}</th>' for k, head in enumerate(table.heads)
    )
    rows = "".join(_row(table, k, row) for k, row in enumerate(table.rows))
    caption = escape(table.caption)
    return (
        f'<div class="dabiao grid {escape(table.kind)}" tabindex="0" role="region" aria-label="{caption}">'
        f"<table><caption>{caption}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(table: Grid, position: int, row: Sequence[Cell]) -> str:
    cells = "".join(
        f'<th scope="row">{_content(cell)}</th>' if k == 0 else f'<td class="{_side(table, k)}">{_content(cell)}</td>'
        for k, cell in enumerate(row)
    )
    return f'<tr class="{"marked" if position in table.marked else "plain"}">{cells}</tr>'


def _side(table: Grid, column: int) -> str:
    return "text" if column in table.left else "number"


def _content(cell: Cell) -> str:
    below = f"<small>{escape(cell.below)}</small>" if cell.below else ""
    return f"<span>{escape(cell.text)}</span>{below}"


def part_html(text: str) -> str:
    """Heading of a part of a page."""
    return f'<h2 class="dabiao-part">{escape(text)}</h2>'


def facts_html(facts: Sequence[str]) -> str:
    """Sentences as a list."""
    return f'<ul class="dabiao-facts">{"".join(f"<li>{escape(fact)}</li>" for fact in facts)}</ul>'
