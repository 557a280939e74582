"""An official document in the making: headings that number themselves, paragraphs, tables that fit the page.

Invariant: a table is as wide as its page, whatever is in it (held by ``tests/test_report_scheme.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from forecast.report.document_style import (
    FACES,
    Face,
    add_text,
    keep_whole,
    numerals,
    official_table,
    plain,
    repeat_head,
    shade,
)
from forecast.tables.dossier import Dossier
from forecast.tables.table import text_width
from forecast.texts import Lang, t

UPRIGHT_MM: Final = 156.0
ACROSS_MM: Final = 247.0
"""Width of the text on an upright page and on one that lies across."""
CELL: Final = Face("仿宋", 10.5, spacing=15, indent=0, centred=True)
CELL_HEAD: Final = Face("黑体", 10.5, spacing=15, indent=0, centred=True)
SMALL: Final = Face("仿宋", 9, spacing=12, indent=0, centred=True)
SMALL_HEAD: Final = Face("黑体", 9, spacing=12, indent=0, centred=True)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draft:
    """The document being written."""

    document: Any
    dossier: Dossier
    lang: Lang

    def say(self, key: str, **params: object) -> str:
        """A text of the scheme."""
        return t(f"reports.scheme_{key}", self.lang, **params)

    def add(self, kind: str, text: str) -> None:
        """A paragraph in the letters of its kind."""
        paragraph = add_text(self.document, plain(text), FACES[kind], lang=self.lang)
        paragraph.paragraph_format.keep_with_next = kind in ("head1", "head2", "caption")

    def section(self, number: int, key: str) -> None:
        """Heading of the first level."""
        head = self.say(f"head_{key}")
        self.add("head1", f"{numerals(number)}、{head}" if self.lang == "zh" else f"{number}. {head}")

    def part(self, number: int, text: str) -> None:
        """Heading of the second level."""
        self.add("head2", f"（{numerals(number)}）{text}" if self.lang == "zh" else f"({number}) {text}")

    def points(self, lines: Sequence[str]) -> None:
        """Paragraphs numbered 1. 2. 3.; a single one without number."""
        for k, line in enumerate(lines, 1):
            self.add("body", f"{k}.{line}" if len(lines) > 1 else line)

    def table(
        self, head: Sequence[str], rows: Sequence[Sequence[str]], *, width_mm: float, small: bool = False
    ) -> None:
        """A table whose columns are as wide as what is in them needs."""
        table = official_table(
            self.document, len(rows) + 1, len(head), widths(head, rows, width_mm, SMALL.size if small else CELL.size)
        )
        repeat_head(table.rows[0])
        for k, text in enumerate(head):
            cell = table.cell(0, k)
            shade(cell, "E7EDF5")
            face = SMALL_HEAD if small else CELL_HEAD
            add_text(cell, plain(text), face, lang=self.lang, paragraph=cell.paragraphs[0])
        face = SMALL if small else CELL
        for row, values in zip(table.rows[1:], rows, strict=True):
            keep_whole(row)
            for cell, text in zip(row.cells, values, strict=True):
                add_text(cell, plain(text), face, lang=self.lang, paragraph=cell.paragraphs[0])


def widths(head: Sequence[str], rows: Sequence[Sequence[str]], width_mm: float, size: float) -> list[float]:
    """Short columns as wide as they need, the others sharing what is left in proportion to theirs.

    size : points of the letters; half of it is the width of a digit
    """
    half_mm = size / 2.0 * 25.4 / 72.0
    needs = []
    for k, title in enumerate(head):
        longest = max((text_width(row[k]) for row in rows), default=0.0)
        word = max(text_width(line) for line in title.split("\n")) / 3.0
        needs.append(max(longest, word, 4.0) * half_mm + 2.4)
    if sum(needs) <= width_mm:
        return [need / sum(needs) * width_mm for need in needs]
    fair = width_mm / len(needs)
    short = {k for k, need in enumerate(needs) if need <= fair}
    left, rest = width_mm - sum(needs[k] for k in short), sum(need for k, need in enumerate(needs) if k not in short)
    return [need if k in short else need / rest * left for k, need in enumerate(needs)]
