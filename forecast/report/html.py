"""Tables as HTML: real tables for screen readers and print, which scroll sideways or become lines on a telephone.

Invariant: no text of a data set reaches the page unescaped (held by ``tests/test_app.py`` and
``tests/test_app_grids.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from forecast.tables.table import Block, Cell, Grid

LIGHTS: Final = frozenset({"green", "yellow", "red"})
STATES: Final = frozenset({"known", "expected"})
_ALONE: Final = (
    ".dabiao-page caption{text-align:left;font-weight:600}.dabiao-page th,.dabiao-page td.text{text-align:left}"
    ".dabiao-page .number{text-align:right}.dabiao-page small{display:block;opacity:.7}"
)
"""Layout of a page that stands where the app's own is not, as in a notebook."""


def page(blocks: Sequence[Block]) -> str:
    """Tables and sentences one below the other, with the little layout that they need where they stand alone."""
    parts = (table(one) if isinstance(one, Grid) else _sentence(one.text.strip(), one.bold) for one in blocks)
    return f'<div class="dabiao-page"><style>{_ALONE}</style>{"".join(parts)}</div>'


def _sentence(text: str, bold: bool) -> str:
    inner = escape(text).replace("\n", "<br>")
    return f"<p>{f'<strong>{inner}</strong>' if bold else inner}</p>" if text else ""


def table(grid: Grid) -> str:
    """A table whose first column stays in sight when it is scrolled sideways."""
    heads = "".join(
        f'<th scope="col" class="{_side(grid, k)}">{content(head)}</th>' for k, head in enumerate(grid.heads)
    )
    rows = "".join(_row(grid, k) for k in range(len(grid.rows)))
    caption = escape(grid.caption)
    return warned(grid) + (
        f'<div class="dabiao grid {escape(grid.kind)}" tabindex="0" role="region" aria-label="{caption}">'
        f"<table><caption>{caption}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def warned(grid: Grid) -> str:
    """What must be read before a table: that it is out of reach, or rests on synthetic rows."""
    return "".join(f'<p class="dabiao-warn" role="note">{escape(one)}</p>' for one in (grid.warning, grid.mark) if one)


def _row(grid: Grid, position: int) -> str:
    cells = "".join(
        f'<th scope="row">{content(cell)}</th>'
        if k == 0
        else f'<td class="{_side(grid, k)}{_shade(cell)}">{content(cell)}</td>'
        for k, cell in enumerate(grid.rows[position])
    )
    return f'<tr class="{grid.classes[position] if grid.classes else "plain"}">{cells}</tr>'


def _shade(cell: Cell) -> str:
    """Class of a cell of a heat, beside its number."""
    return f" {escape(cell.style)}" if cell.style.startswith("heat-") else ""


def _side(grid: Grid, column: int) -> str:
    return "text" if column in grid.left else "number"


def labelled(grid: Grid) -> str:
    """A table whose rows become lines on a telephone, every cell with its head."""
    heads = "".join(f'<th scope="col">{content(head)}</th>' for head in grid.heads)
    rows = []
    for k, row in enumerate(grid.rows):
        cells = "".join(_labelled(grid, n, cell) for n, cell in enumerate(row))
        rows.append(f'<tr class="{grid.classes[k]}">{cells}</tr>' if grid.classes else f"<tr>{cells}</tr>")
    return warned(grid) + (
        f'<div class="dabiao {escape(grid.kind)}"><table><caption>{escape(grid.caption)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _labelled(grid: Grid, column: int, cell: Cell) -> str:
    """A cell with its head, of which also the second line where first lines are not enough to tell columns apart."""
    state = f" {cell.style}" if cell.style in STATES else ""
    name = f' class="{grid.names[column]}{state}"' if grid.names else ""
    head = grid.heads[column]
    alike = sum(one.text == head.text for one in grid.heads) > 1
    label = f"{head.text} {head.below}" if alike else head.text
    if column == 0:
        return f'<th scope="row"{name}>{content(cell)}</th>'
    dot = f'<span class="dot {cell.style}" aria-hidden="true"></span>' if cell.style in LIGHTS else ""
    return f'<td{name} data-label="{escape(label)}">{dot}{content(cell)}</td>'


def content(cell: Cell) -> str:
    """What stands in a cell: its first line, and smaller what is below; its bar."""
    below = f"<small>{escape(cell.below)}</small>" if cell.below else ""
    side = "down" if cell.bar < 0 else "up"
    bar = f'<i class="bar {side}" style="width:{abs(cell.bar)}%"></i>' if cell.bar else ""
    return f"<span>{escape(cell.text)}</span>{below}{bar}"
