"""Tables on a terminal, and the page of a run: what a leader reads first. Layout only, no arithmetic.

Invariant: a number is never broken over two lines, and every number shown is a cell of a table
(held by ``tests/test_report.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from forecast.answers.attainment import Attainment
from forecast.answers.evidence import Evidence
from forecast.answers.horizons import Horizon
from forecast.answers.judgement import Row
from forecast.answers.scores import League
from forecast.data.panel import Panel
from forecast.tables import words
from forecast.tables.assessment import score_sentences
from forecast.tables.attainment import AHEAD, AVERAGE, CONSTANT, NOW, attainment_table
from forecast.tables.league import province_grid, rank_grid
from forecast.tables.notes import notes
from forecast.tables.required import ahead_grid
from forecast.tables.table import Block, Cell, Grid, Look, Surface, View
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


LOOKS: Final[Mapping[Look, Mapping[str, Any]]] = {
    Look.TIGHT: {"box": box.SIMPLE_HEAVY, "show_edge": False, "pad_edge": False, "padding": 0, "title_style": "bold"},
    Look.PLAIN: {"box": box.SIMPLE_HEAVY, "show_edge": False, "pad_edge": False, "title_justify": "left"},
    Look.WHOLE: {"box": box.SIMPLE_HEAVY},
    Look.NARROW: {"box": box.SIMPLE_HEAD, "padding": (0, 0, 0, 1)},
    Look.RULED: {"box": box.SIMPLE_HEAD},
    Look.FRAMED: {"box": box.SIMPLE_HEAD, "title_justify": "left"},
}
"""Lines, room and title of a table."""
BROKEN: Final = frozenset({Look.WHOLE, Look.RULED, Look.FRAMED})
"""Looks in which a number too may be broken over lines."""


def show(grid: Grid) -> Table:
    """A table for the terminal: the only place where one is drawn.

    Columns of words give way where the screen is narrow, numbers are never broken unless the look says so. Chinese
    characters are counted as two columns.
    """
    table = Table(title=Text(grid.caption) if grid.caption else None, **LOOKS[grid.look])
    for k, head in enumerate(grid.heads):
        folds = k in grid.fold
        table.add_column(
            Text(_lined(head)),
            justify="left" if k in grid.left else "right",
            overflow="fold" if folds or grid.look is Look.TIGHT else "ellipsis",
            no_wrap=not folds and grid.look not in BROKEN,
        )
    for k, row in enumerate(grid.rows):
        table.add_row(*(_written(cell) for cell in row), end_section=k in grid.ends)
    if grid.mark:
        table.caption, table.caption_justify = Text(grid.mark, style="bold red"), "left"
    return table


def page(blocks: Sequence[Block]) -> RenderableType:
    """Tables and sentences one below the other."""
    return Group(*(_drawn(block) for block in blocks))


def paged(make: Callable[[int], Sequence[Block]]) -> RenderableType:
    """The same of blocks that depend on the width of the screen, characters."""
    return _Paged(make)


@dataclass(frozen=True, slots=True)
class _Paged:
    make: Callable[[int], Sequence[Block]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield page(self.make(options.max_width))


def _drawn(block: Block) -> RenderableType:
    if isinstance(block, Grid):
        warned = [Text(block.warning, style="bold red")] if block.warning else []
        return Group(*warned, show(block)) if warned else show(block)
    text = Text(block.text, style="bold" if block.bold else "")
    return Padding(text, block.pad) if any(block.pad) else text


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
        average = [row for row in mine if row.target.yearly_average]
        constant = [row for row in mine if not row.target.yearly_average and row.evidence is not Evidence.INSUFFICIENT]

        def table(rows: Sequence[Row], title: str, *parts: str) -> Table:
            view = View(lang=lang, surface=Surface.TERMINAL, width=options.max_width)
            return show(attainment_table(attainment, rows).grid(view, parts, caption=title, look=Look.TIGHT))

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


def render_horizons(found: Sequence[Horizon], *, lang: Lang) -> RenderableType | None:
    """The next release and the next quarter of every target; None where nothing is still to come."""
    grid = ahead_grid(found, View(lang=lang, surface=Surface.TERMINAL))
    return None if grid is None else show(grid)


def render_league(found: League, attainment: Attainment, panel: Panel, *, lang: Lang) -> RenderableType | None:
    """Where the city ends the year among its siblings, and its score; None where it has no siblings with figures."""
    grid = rank_grid(found, attainment, panel, View(lang=lang, surface=Surface.TERMINAL))
    if grid is None:
        return None
    return Group(show(grid), *(Text(line) for line in score_sentences(found, attainment, panel, lang)))


def render_province(found: League, attainment: Attainment, panel: Panel, *, lang: Lang) -> RenderableType | None:
    """All siblings with the probability, expected rank and score of each; None where none is judged."""
    grid = province_grid(found, attainment, panel, View(lang=lang, surface=Surface.TERMINAL))
    return None if grid is None else show(grid)


def _title(attainment: Attainment, lang: Lang) -> str:
    params = {
        "city": words.unit_name(attainment.units[attainment.config.city], lang),
        "year": attainment.target_year,
        "as_of": words.knowledge(attainment.as_of, lang),
    }
    if attainment.scenario == "baseline":
        return t("report.title", lang, **params)
    return t("report.title_scenario", lang, scenario=attainment.scenario, **params)
