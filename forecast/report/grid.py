"""A table as words: heads and rows of cells, for a screen or a page. Layout is theirs.

Invariant: every row has a cell for every head (held by ``tests/test_app_grids.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forecast.report.leaders import Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table.

    kind : for its layout; caption : what it shows, for screen readers and as a heading
    left : columns of text; the others are numbers
    marked : rows that stand out, by position: sums, proposals
    """

    kind: str
    caption: str
    heads: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    left: frozenset[int] = frozenset({0})
    marked: frozenset[int] = frozenset()


def split_head(text: str) -> Cell:
    """A head whose second line stands smaller below."""
    first, _, second = text.partition("\n")
    return Cell(first, second)


def grid(
    kind: str,
    caption: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[str | Cell]],
    *,
    left: Sequence[int] = (0,),
    marked: Sequence[int] = (),
) -> Grid:
    """A table from texts.

    Raises
    ------
    ValueError
        A row has more or fewer cells than there are heads.
    """
    cells = tuple(tuple(one if isinstance(one, Cell) else Cell(one) for one in row) for row in rows)
    if any(len(row) != len(heads) for row in cells):
        raise ValueError(f"rows of {kind} must have {len(heads)} cells")
    return Grid(
        kind=kind,
        caption=caption,
        heads=tuple(split_head(text) for text in heads),
        rows=cells,
        left=frozenset(left),
        marked=frozenset(marked),
    )
