"""Tables on a terminal, and the page of a run: what a leader reads first. Layout only, no arithmetic.

Invariant: a number is never broken over two lines, and every number shown is a cell of a table
(held by ``tests/test_report.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from forecast.answers.attainment import Attainment
from forecast.answers.evidence import Evidence
from forecast.answers.judgement import Row
from forecast.data.target import TargetKind
from forecast.tables import words
from forecast.tables.attainment import AHEAD, AVERAGE, CONSTANT, NOW, attainment_table
from forecast.tables.notes import notes
from forecast.tables.table import Cell, Grid, Surface, View
from forecast.texts import Lang, t

STYLES: Final = {
    "green": "bold green",
    "yellow": "bold yellow",
    "red": "bold red",
    "quiet": "dim",
    "open": "italic",
    "": "",
}
"""Styles of cells by name."""
FOLD: Final = 18
"""Columns of screen that folding words can save without breaking them too often; what needs more is split in two."""


def show(
    grid: Grid,
    *,
    rule: box.Box = box.SIMPLE_HEAVY,
    padding: Any = 0,
    collapse: bool = False,
    edge: bool = False,
    title: Literal["left", "center"] = "center",
    bold: bool = True,
    broken: bool = False,
) -> Table:
    """A table for the terminal: the only place where one is drawn.

    Parameters
    ----------
    rule : lines of the table; padding : around a cell; collapse, edge : as rich has them
    title : side of the title; bold : whether it is bold
    broken : whether numbers may be broken over lines too

    Returns
    -------
    rich table; columns of words give way where the screen is narrow, numbers are never broken. Chinese characters are
    counted as two columns.
    """
    table = Table(
        title=Text(grid.caption) if grid.caption else None,
        box=rule,
        show_edge=edge,
        pad_edge=edge,
        padding=padding,
        collapse_padding=collapse,
        title_justify=title,
        title_style="bold" if bold else "table.title",
    )
    for k, head in enumerate(grid.heads):
        table.add_column(
            Text(_lined(head)),
            justify="left" if k in grid.left else "right",
            overflow="fold",
            no_wrap=not broken and k not in grid.fold,
        )
    for row in grid.rows:
        table.add_row(*(_written(cell) for cell in row))
    return table


def _lined(cell: Cell) -> str:
    return f"{cell.text}\n{cell.below}" if cell.below else cell.text


def _written(cell: Cell) -> Text:
    text = Text(cell.text, style=STYLES[cell.style])
    if cell.below:
        text.append(f"\n{cell.below}", style="dim")
    return text


def render(attainment: Attainment, *, lang: Lang, files: Sequence[str] = ()) -> RenderableType:
    """The city's targets as a table, what can be said of them together, and the rules they were judged by.

    Parameters
    ----------
    lang : language of all texts
    files : where the run's files are, as the user should see them

    Returns
    -------
    rich renderable; one table, or on a screen of some 100 columns and less one of today and one of the year's end.
    Chinese characters are counted as two columns.
    """
    return _Page(attainment, lang, tuple(files))


@dataclass(frozen=True, slots=True)
class _Page:
    attainment: Attainment
    lang: Lang
    files: tuple[str, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        attainment, lang = self.attainment, self.lang
        mine = [row for row in attainment.rows if row.target.unit == attainment.config.city]
        average = [row for row in mine if row.target.kind is TargetKind.PROVINCE_AVERAGE]
        constant = [
            row
            for row in mine
            if row.target.kind is not TargetKind.PROVINCE_AVERAGE and row.evidence is not Evidence.INSUFFICIENT
        ]

        def table(rows: Sequence[Row], title: str, *parts: str) -> Table:
            view = View(lang=lang, surface=Surface.TERMINAL, width=options.max_width)
            return show(attainment_table(attainment, rows).grid(view, parts, caption=title))

        title = _title(attainment, lang)
        whole = table(average, title, AVERAGE, NOW, AHEAD)
        wide = console.measure(whole, options=options.update(max_width=10_000)).maximum <= options.max_width + FOLD
        if wide:
            yield whole
        else:
            yield table(average, title, AVERAGE, NOW)
            yield Text()
            yield table(average, "", AVERAGE, AHEAD)
        yield Text()
        if constant:
            yield table(constant, t("report.title_constant", lang), CONSTANT, AHEAD, *([NOW] if wide else []))
            yield Text()
        yield from (Text(note) for note in notes(attainment, lang))
        if self.files:
            yield Text(t("report.note_files", lang, list=t("glossary.and", lang).join(self.files)))


def _title(attainment: Attainment, lang: Lang) -> str:
    params = {
        "city": words.unit_name(attainment.units[attainment.config.city], lang),
        "year": attainment.target_year,
        "as_of": words.knowledge(attainment.as_of, lang),
    }
    if attainment.scenario == "baseline":
        return t("report.title", lang, **params)
    return t("report.title_scenario", lang, scenario=attainment.scenario, **params)
