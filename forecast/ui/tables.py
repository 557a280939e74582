"""Tables as HTML: real tables for screen readers and print, lines on a telephone. Layout only.

Invariant: no text of a data set reaches the page unescaped (held by ``tests/test_app.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from forecast.report.leaders import COLUMNS, Cell, Line, Quality
from forecast.report.monthly import Growth, MonthLine
from forecast.texts import Lang, t

__all__ = ["leaders_table", "months_table", "quality_table"]


def leaders_table(lines: Sequence[Line], caption: str, lang: Lang) -> str:
    """The table of the page for leaders, a line a target."""
    heads = [Cell(t(f"ui.head_{name}", lang), t(f"ui.head_{name}_below", lang).strip()) for name in COLUMNS]
    body = "".join(_leaders_row(line, heads) for line in lines)
    return _table("leaders", caption, "".join(_head(head) for head in heads), body)


def _leaders_row(line: Line, heads: Sequence[Cell]) -> str:
    cells = []
    for name, head in zip(COLUMNS, heads, strict=True):
        cell, label = line.cells[name], escape(head.text)
        if name == "indicator":
            cells.append(f'<th scope="row" class="indicator">{_content(cell)}</th>')
        elif name == "light":
            dot = f'<span class="dot {line.light.value}" aria-hidden="true"></span>' if line.light else ""
            cells.append(f'<td class="light" data-label="{label}">{dot}{_content(cell)}</td>')
        else:
            cells.append(f'<td class="{name}" data-label="{label}">{_content(cell)}</td>')
    return f'<tr class="{"judged" if line.judged else "open"}">{"".join(cells)}</tr>'


def months_table(lines: Sequence[MonthLine], places: Sequence[str], caption: str, lang: Lang) -> str:
    """The table of months of an indicator: growth since January and of the month, of each place."""
    heads = [Cell(t("ui.head_period", lang))]
    heads += [Cell(place, t(f"ui.growth_{growth.name.lower()}", lang)) for growth in Growth for place in places]
    rows = []
    for line in lines:
        cells = [f'<th scope="row">{escape(line.name)}</th>']
        cells += [
            f'<td class="{"known" if known else "expected"}" data-label="{escape(f"{head.text} {head.below}")}">'
            f"{_content(cell)}</td>"
            for cell, known, head in zip(line.cells, line.published, heads[1:], strict=True)
        ]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return _table("months", caption, "".join(_head(head) for head in heads), "".join(rows))


def quality_table(lines: Sequence[Quality], caption: str, lang: Lang) -> str:
    """How good the data are, a line an indicator."""
    names = ("name", "evidence", "points", "last", "benchmark_last", "synthetic", "diagnostics")
    heads = [Cell(t(f"ui.quality_{name}", lang)) for name in names]
    rows = []
    for line in lines:
        cells = [f'<th scope="row">{escape(line.name)}</th>']
        cells += [
            f'<td data-label="{escape(head.text)}">{escape(getattr(line, name))}</td>'
            for name, head in zip(names[1:], heads[1:], strict=True)
        ]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return _table("quality", caption, "".join(_head(head) for head in heads), "".join(rows))


def _table(kind: str, caption: str, head: str, body: str) -> str:
    return (
        f'<div class="dabiao {kind}"><table><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _head(head: Cell) -> str:
    return f'<th scope="col">{_content(head)}</th>'


def _content(cell: Cell) -> str:
    below = f"<small>{escape(cell.below)}</small>" if cell.below else ""
    return f"<span>{escape(cell.text)}</span>{below}"
