"""Tables as HTML: real tables for screen readers and print, lines on a telephone. Layout only.

Invariant: no text of a data set reaches the page unescaped (held by ``tests/test_app.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from forecast.report.leaders import COLUMNS, Cell, Line, Quality
from forecast.report.monthly import Growth, MonthLine
from forecast.report.scenario_view import COLUMNS as SCENARIO_COLUMNS
from forecast.report.scenario_view import ContributionLine, ResultLine, SideBySide
from forecast.texts import Lang, t

__all__ = [
    "contributions_table",
    "leaders_table",
    "months_table",
    "plain_table",
    "quality_table",
    "scenario_table",
    "side_table",
]


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


MOVES: Mapping[int, str] = {-1: "down", 0: "same", 1: "up"}


def scenario_table(lines: Sequence[ResultLine], caption: str, lang: Lang) -> str:
    """Targets under a scenario, each cell with the baseline below."""
    heads = [Cell(t(f"ui_scenario.head_{name}", lang)) for name in SCENARIO_COLUMNS]
    body = "".join(
        f'<tr class="{MOVES[line.moves]}">'
        + "".join(_labelled(name, line.cells[name], head) for name, head in zip(SCENARIO_COLUMNS, heads, strict=True))
        + "</tr>"
        for line in lines
    )
    return _table("scenario", caption, "".join(_head(head) for head in heads), body)


def _labelled(name: str, cell: Cell, head: Cell) -> str:
    if name == "indicator":
        return f'<th scope="row" class="indicator">{_content(cell)}</th>'
    return f'<td class="{name}" data-label="{escape(head.text)}">{_content(cell)}</td>'


def side_table(lines: Sequence[SideBySide], names: Sequence[str], caption: str, lang: Lang) -> str:
    """Scenarios side by side: how likely each target is, and what changes."""
    heads = [Cell(t("ui_scenario.head_indicator", lang)), *(Cell(name) for name in names)]
    body = "".join(
        f'<tr><th scope="row">{escape(line.name)}</th>'
        + "".join(
            f'<td data-label="{escape(name)}">{_content(cell)}</td>'
            for name, cell in zip(names, line.cells, strict=True)
        )
        + "</tr>"
        for line in lines
    )
    return _table("side", caption, "".join(_head(head) for head in heads), body)


def contributions_table(lines: Sequence[ContributionLine], caption: str, lang: Lang) -> str:
    """What every action brings, the largest share first, with a bar of its share."""
    names = ("action", "share", "share_gap", "alone", "without")
    heads = [Cell(t(f"ui_scenario.contribution_{name}", lang)) for name in names]
    rows = []
    for line in lines:
        bar = f'<i class="bar {"down" if line.loses else "up"}" style="width:{line.width_percent}%"></i>'
        cells = [f'<th scope="row">{escape(line.action)}{bar}</th>']
        cells += [
            f'<td data-label="{escape(head.text)}">{escape(text)}</td>'
            for head, text in zip(heads[1:], line.cells, strict=True)
        ]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return _table("contributions", caption, "".join(_head(head) for head in heads), "".join(rows))


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
