"""A table is described once: its columns, each a quantity of a row and how it stands on every surface that shows it.

Files, screens, pages, workbooks and documents are laid out from the same columns, so that no two of them can say
different numbers. To add a column, add a ``Column`` to the list of its table.

Invariant: what a person reads is the value of the column at the digits of its kind, unless the column says it in words
(held by ``tests/test_table.py``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from enum import StrEnum
from typing import Any, Final

import pandas as pd

from forecast.answers.chances import Criterion
from forecast.tables.kind import Kind, Value
from forecast.texts import Lang, t


class Surface(StrEnum):
    """Where a column is shown; a workbook has two sheets of the same targets."""

    FILE = "file"
    TERMINAL = "terminal"
    PAGE = "page"
    SHEET = "sheet"
    CHANCES = "chances"
    BRIEF = "brief"
    WORD = "word"


class Look(StrEnum):
    """How a table is drawn on a terminal: ``report.terminal.LOOKS``."""

    TIGHT = "tight"
    PLAIN = "plain"
    WHOLE = "whole"
    NARROW = "narrow"
    RULED = "ruled"
    FRAMED = "framed"


@dataclass(frozen=True, slots=True)
class Cell:
    """What people read: a first line, what stands smaller below it, and a style.

    style : green, yellow, red (a light), quiet (nothing there), open (a reason instead of a number), known, expected
        (a figure that is out, or is not); or empty
    bar : length of the bar that a page draws beside it, percent of the longest; below 0 where it takes away
    """

    text: str
    below: str = ""
    style: str = ""
    bar: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """For whom a cell is made: the language, the surface, the criterion that a row speaks of, the screen's width."""

    lang: Lang
    surface: Surface
    criterion: Criterion = Criterion.NEAR
    width: int = 0


type Said = Cell | Value
"""What a column says of a row: a text of its own, or a value that its kind prints."""
type Says[R] = Callable[[R, View], Said]


@dataclass(frozen=True, slots=True, kw_only=True)
class Show[R]:
    """How a column stands on a surface.

    head, means : keys of its heading and its meaning; label, told : the same as texts, where they are made
    says : what its cells say; None: the value of the column
    name, kind : its name and kind here, where they are not the column's
    after : name (here) of the column that it follows; empty: in the order of the list
    parts : parts of the table that it belongs to; it is shown where all of them are wanted
    width : least screen that shows it, characters
    params : what its texts are filled with
    group : key of the heading above several columns
    formula : how a spreadsheet computes it from other columns of its row, ``{year} - {province}``; every name in it is
        a column of the same sheet. Written only where all of them have numbers.
    total : whether a last row sums it; widest : characters at which it starts to wrap
    left : whether texts begin at the left; fold : whether it gives way where a screen is narrow
    """

    head: str = ""
    means: str = ""
    label: str = ""
    told: str = ""
    says: Says[R] | None = None
    name: str = ""
    kind: Kind | None = None
    after: str = ""
    parts: tuple[str, ...] = ()
    width: int = 0
    params: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    formula: str = ""
    total: bool = False
    widest: int = 26
    left: bool = False
    fold: bool = False


@dataclass(frozen=True, slots=True)
class Column[R]:
    """A quantity of a row: fixed name, kind, value, and the surfaces that show it.

    texts : catalogue that has its meaning in files
    digits : decimals in files, where they are not those of its kind
    value : for files and programs: a number, a code, or None
    """

    name: str
    kind: Kind = Kind.TEXT
    texts: str = "report"
    value: Callable[[R], Value] = field(default=lambda _: None, kw_only=True)
    on: Mapping[Surface, Show[R]] = field(default_factory=lambda: {Surface.FILE: Show()}, kw_only=True)
    digits: int | None = field(default=None, kw_only=True)

    @property
    def decimals(self) -> int | None:
        """Decimals that are written; None for texts and whole numbers."""
        return self.kind.decimals if self.digits is None else self.digits

    def meaning(self, lang: Lang) -> str:
        """What the column says, in a sentence."""
        return t(f"{self.texts}.column_{self.name}", lang)


def column[R](
    texts: str,
    name: str,
    kind: Kind = Kind.TEXT,
    value: Callable[[R], Value] = lambda _: None,
    says: Says[R] | None = None,
    *,
    filed: bool = True,
    digits: int | None = None,
    left: bool = False,
    seen: str | Show[R] | None = None,
    sheet: str | Show[R] | None = None,
    **on: Show[R] | None,
) -> Column[R]:
    """A column of a file and of the surfaces named.

    seen : on terminal and page, where they are not named; short for one with ``says``: ``rank`` of ``head_rank``
    sheet : on a worksheet; short: table and name with a dot between, of ``col_naming_rank``
    """
    if isinstance(seen, str):
        seen = Show(name=seen, head=f"{texts}.head_{seen}", says=says, left=left)
    if isinstance(sheet, str):
        table, _, key = sheet.partition(".")
        sheet = on_sheet(table, key, kind, says)
    file: dict[str, Show[R] | None] = {"file": Show() if filed else None, "terminal": seen, "page": seen}
    shows = {Surface(key): show for key, show in (file | {"sheet": sheet} | on).items() if show is not None}
    return Column(name, kind, texts, value=value, on=shows, digits=digits)


def seen[R](texts: str, name: str, says: Says[R] | None = None, *parts: str, left: bool = False) -> Show[R]:
    """How a column is read: under the heading ``head_…`` of a catalogue."""
    return Show(name=name, head=f"{texts}.head_{name}", says=says, left=left, parts=parts)


def on_sheet[R](
    table: str, key: str, kind: Kind, says: Says[R] | None = None, *, field: str = "", **more: Any
) -> Show[R]:
    """How a column stands on a worksheet: under the texts ``col_…`` and ``mean_…`` of reports; ``field``: its name."""
    head, means = f"reports.col_{table}_{key}", f"reports.mean_{table}_{key}"
    return Show(name=field or key, head=head, means=means, kind=kind, says=says, **more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a number came from; the last columns of every table."""

    run_id: str
    data_hash: str
    scenario_hash: str
    model_version: str
    seed: int


PROVENANCE: Final[tuple[Column[Provenance], ...]] = (
    Column("run_id", value=lambda p: p.run_id),
    Column("data_hash", value=lambda p: p.data_hash),
    Column("scenario_hash", value=lambda p: p.scenario_hash),
    Column("model_version", value=lambda p: p.model_version),
    Column("seed", Kind.WHOLE, value=lambda p: p.seed),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table[R]:
    """Columns and the rows that they speak of.

    name : fixed name; of its files too
    order : of a surface whose columns do not stand in the order of the list, their names there; those that it does not
        name follow, or stand where their ``after`` says
    params : what the headings of all columns are filled with
    rests : whether a row rests on synthetic rows; mark : key of what must stand where one that is shown does
    sums : rows at the end that sum the others
    """

    name: str
    columns: tuple[Column[R], ...]
    rows: Sequence[R] = ()
    order: Mapping[Surface, tuple[str, ...]] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    rests: Callable[[R], bool] = lambda _: False
    mark: str = "reports.mark_ledger"
    sums: int = 0

    def marked(self, lang: Lang) -> str:
        """What must stand on the table because a row that it shows rests on synthetic rows; empty otherwise."""
        return t(self.mark, lang) if any(self.rests(row) for row in self.rows) else ""

    def of(self, surface: Surface, parts: Collection[str] | None = None, *, width: int = 0) -> list[Shown[R]]:
        """Columns that a surface shows, in its order.

        Parameters
        ----------
        parts : parts of the table that are wanted; None: all
        width : of the screen, characters; 0: any
        """
        mine = [Shown(one, one.on[surface], surface) for one in self.columns if surface in one.on]
        first = {name: k for k, name in enumerate(self.order.get(surface, ()))}
        mine.sort(key=lambda one: first.get(one.name, len(first)))
        out = [one for one in mine if not one.show.after]
        for one in (one for one in mine if one.show.after):
            names = [other.name for other in out]
            out.insert(names.index(one.show.after) + 1 if one.show.after in names else len(out), one)
        return [one for one in out if (parts is None or set(one.show.parts) <= set(parts)) and one.fits(width)]

    def records(self) -> list[dict[str, Value]]:
        """Rows for programs, by name of the column."""
        columns = [one.column for one in self.of(Surface.FILE)]
        return [{column.name: column.value(row) for column in columns} for row in self.rows]

    def frame(self, provenance: Provenance) -> pd.DataFrame:
        """Rows for files, with what they came from, each column with its type."""
        columns = [one.column for one in self.of(Surface.FILE)]
        tail = astuple(provenance)
        records = [(*(column.value(row) for column in columns), *tail) for row in self.rows]
        return typed(records, (*columns, *PROVENANCE))

    def grid(
        self,
        view: View,
        parts: Collection[str] | None = None,
        *,
        kind: str = "",
        caption: str = "",
        classes: Sequence[str] = (),
        look: Look = Look.PLAIN,
    ) -> Grid:
        """The table as words, for a screen, a page or a document."""
        shown = self.of(view.surface, parts, width=view.width)
        summed = ["plain"] * (len(self.rows) - self.sums) + ["marked"] * self.sums
        return Grid(
            kind=kind or self.name,
            caption=caption,
            mark=self.marked(view.lang),
            ends=frozenset({len(self.rows) - self.sums - 1} if self.sums else ()),
            names=tuple(one.name for one in shown),
            heads=tuple(split_head(one.heading(view.lang, self.params)) for one in shown),
            rows=tuple(tuple(one.cell(row, view) for one in shown) for row in self.rows),
            left=frozenset(k for k, one in enumerate(shown) if one.show.left),
            fold=frozenset(k for k, one in enumerate(shown) if one.show.fold),
            classes=tuple(classes or (summed if self.sums else ())),
            look=look,
        )

    def cells(self, view: View, parts: Collection[str] | None = None) -> tuple[dict[str, Value], ...]:
        """Rows for a table that its reader sorts or edits: by name of the column there, numbers as numbers."""
        shown = self.of(view.surface, parts, width=view.width)
        return tuple({one.name: one.value(row, view) for one in shown} for row in self.rows)

    def headings(self, view: View, parts: Collection[str] | None = None) -> dict[str, str]:
        """What stands above the columns of ``cells``."""
        return {one.name: one.heading(view.lang, self.params) for one in self.of(view.surface, parts, width=view.width)}

    def screen(self, view: View) -> pd.DataFrame:
        """Rows under their headings, for a page that scrolls and sorts: numbers as computed, all else as text."""
        heads = [one.heading(view.lang, self.params) for one in self.of(view.surface)]
        return pd.DataFrame(self.values(view), columns=pd.Index(heads))

    def fields(self, surface: Surface, lang: Lang) -> tuple[Field, ...]:
        """Columns of a worksheet."""
        return tuple(one.field(lang, self.params) for one in self.of(surface))

    def values(self, view: View) -> tuple[tuple[Value, ...], ...]:
        """Cells of a worksheet: numbers as they were computed, everything else as text."""
        shown = self.of(view.surface)
        return tuple(tuple(one.value(row, view) for one in shown) for row in self.rows)


@dataclass(frozen=True, slots=True)
class Shown[R]:
    """A column where a surface shows it."""

    column: Column[R]
    show: Show[R]
    surface: Surface

    @property
    def name(self) -> str:
        """Its name there."""
        return self.show.name or self.column.name

    @property
    def kind(self) -> Kind:
        """Its kind there."""
        return self.show.kind or self.column.kind

    def fits(self, width: int) -> bool:
        """Whether a screen of so many characters shows it; 0: any."""
        return not width or self.show.width <= width

    def says(self, row: R, view: View) -> Said:
        """What it says of a row: its own text, or its value."""
        return self.show.says(row, view) if self.show.says else self.column.value(row)

    def cell(self, row: R, view: View) -> Cell:
        """What a person reads."""
        said = self.says(row, view)
        return said if isinstance(said, Cell) else Cell(self.kind.shown(said, view.lang))

    def value(self, row: R, view: View) -> Value:
        """What a spreadsheet holds: a number, a text, or nothing."""
        said = self.says(row, view)
        return said.text or None if isinstance(said, Cell) else said

    def heading(self, lang: Lang, params: Mapping[str, str]) -> str:
        """What stands above it."""
        filled = {**params, **self.show.params}
        return self.show.label or t(self.show.head or f"reports.col_{self.name}", lang, **filled)

    def meaning(self, lang: Lang, params: Mapping[str, str]) -> str:
        """What it says, in a sentence."""
        if self.show.told:
            return self.show.told
        if self.surface in (Surface.SHEET, Surface.CHANCES):
            key = self.show.means or f"reports.mean_{self.name}"
            return t(key, lang, **{**params, **self.show.params})
        return self.column.meaning(lang)

    def field(self, lang: Lang, params: Mapping[str, str]) -> Field:
        """It as a column of a worksheet."""
        return Field(
            name=self.name,
            kind=self.kind,
            label=self.heading(lang, params),
            told=self.meaning(lang, params),
            params={**params, **self.show.params},
            group=self.show.group,
            formula=self.show.formula,
            total=self.show.total,
            widest=self.show.widest,
        )


def filed(columns: Sequence[Column[Any]]) -> tuple[Column[Any], ...]:
    """Columns of a file: those that it has, and what its numbers came from."""
    return (*(one for one in columns if Surface.FILE in one.on), *PROVENANCE)


def typed(records: Sequence[tuple[Value, ...]], columns: Sequence[Column[Any]]) -> pd.DataFrame:
    """Records as a frame with the types of its columns."""
    names = [column.name for column in columns]
    frame = pd.DataFrame(records, columns=pd.Index(names), dtype=object)
    for column in columns:
        if column.decimals is not None:
            frame[column.name] = pd.to_numeric(frame[column.name])
        elif column.kind in (Kind.WHOLE, Kind.MONEY_WAN):
            frame[column.name] = frame[column.name].astype("Int64")
    return frame


LEAST: Final = 0.0001
"""Smallest probability that four decimals can write."""


def rounded(frame: pd.DataFrame, columns: Sequence[Column[Any]]) -> pd.DataFrame:
    """Numbers at the digits of the files, for programs; probabilities off 0 and 1."""
    out = frame.copy()
    for column in columns:
        if column.decimals is not None and column.name in out:
            values = out[column.name].astype("Float64")
            values = values.clip(LEAST, 1.0 - LEAST) if column.kind is Kind.PROBABILITY else values
            out[column.name] = values.round(column.decimals) + 0.0
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table as words, laid out: heads and rows of cells. Every row has a cell for every head.

    kind : for its layout; caption : what it shows, for screen readers and as a heading
    names : of its columns, for their layout
    left : columns of text, the others are numbers; fold : columns that give way on a narrow screen
    classes : of its rows, for their layout; look : how it is drawn on a terminal
    ends : rows after which a terminal leaves room
    mark : what must stand on it because synthetic rows reach it; warning : what must be read before it
    """

    kind: str
    caption: str
    heads: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    names: tuple[str, ...] = ()
    left: frozenset[int] = frozenset({0})
    fold: frozenset[int] = frozenset()
    classes: tuple[str, ...] = ()
    look: Look = Look.PLAIN
    ends: frozenset[int] = frozenset()
    mark: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A paragraph between tables; ``pad``: lines and characters left free around it, clockwise from above."""

    text: str
    bold: bool = False
    pad: tuple[int, int, int, int] = (0, 1, 0, 1)


type Block = Grid | Sentence
"""What a page of a terminal is made of."""


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
        classes=tuple("marked" if k in marked else "plain" for k in range(len(rows))),
    )


class Paper(StrEnum):
    """Size of the printed page; all sheets lie across."""

    A3 = "A3"
    A4 = "A4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A column of a worksheet.

    name : fixed name, by which programs and formulas know it
    params : what its heading and meaning need to be filled with
    key : of its texts, where it is not its name
    label, told : heading and meaning where they come from elsewhere than the catalogue of reports
    group, formula, total, widest : as in ``Show``
    """

    name: str
    kind: Kind
    params: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    label: str = ""
    told: str = ""
    group: str = ""
    formula: str = ""
    total: bool = False
    widest: int = 26

    def heading(self, lang: Lang) -> str:
        """What stands above the column."""
        return self.label or t(f"reports.col_{self.key or self.name}", lang, **self.params)

    def full_heading(self, lang: Lang) -> Cell:
        """Its heading below the one of its group."""
        own = self.heading(lang)
        return Cell(t(f"reports.group_{self.group}", lang, **self.params), own) if self.group else Cell(own)

    def meaning(self, lang: Lang) -> str:
        """What the column says, in a sentence."""
        return self.told or t(f"reports.mean_{self.key or self.name}", lang, **self.params)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A native chart of some rows: a line a row, its points the columns of ``fields``.

    rows : positions of rows, each with the text of its line
    dashed : positions of rows whose line is dashed
    bars : bars that lie, a group a row, instead of lines
    """

    title: str
    fields: tuple[str, ...]
    rows: tuple[tuple[int, str], ...]
    dashed: frozenset[int] = frozenset()
    bars: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table laid out for a workbook and its data files.

    name : fixed name; of its files too
    tab : name of the worksheet
    mark : what must stand on it because synthetic rows reach it; empty otherwise
    warning : what must be read before it, above the table; empty otherwise
    rows : a value a field
    quiet : cells (row, column) that are expected and not published: printed in italics
    frozen : columns that stay in view
    dashes : whether a cell without value shows a dash; else it is left empty
    """

    name: str
    tab: str
    title: str
    subtitle: str
    fields: tuple[Field, ...]
    rows: tuple[tuple[Value, ...], ...]
    notes: tuple[str, ...] = ()
    mark: str = ""
    warning: str = ""
    paper: Paper = Paper.A4
    quiet: frozenset[tuple[int, int]] = frozenset()
    frozen: int = 2
    charts: tuple[Chart, ...] = ()
    dashes: bool = True

    def __post_init__(self) -> None:
        """Every row has a value a field, and every number is finite."""
        for row in self.rows:
            if len(row) != len(self.fields):
                raise ValueError(f"sheet {self.name}: a row of {len(row)} values for {len(self.fields)} fields")
            if any(isinstance(v, float) and not math.isfinite(v) for v in row):
                raise ValueError(f"sheet {self.name}: a number that is none")

    def position(self, name: str) -> int:
        """Position of a field."""
        return [one.name for one in self.fields].index(name)

    def records(self) -> list[dict[str, Value]]:
        """Rows by name of the field."""
        names = [one.name for one in self.fields]
        return [dict(zip(names, row, strict=True)) for row in self.rows]

    def column(self, name: str) -> list[Value]:
        """Values of a field."""
        at = self.position(name)
        return [row[at] for row in self.rows]

    def grid(self, lang: Lang, *, without: tuple[str, ...] = ()) -> Grid:
        """The sheet as words for a page of a document, but the columns whose names begin so."""
        kept = [k for k, one in enumerate(self.fields) if not one.name.startswith(without)]
        return Grid(
            kind=self.name,
            caption=self.title,
            names=tuple(self.fields[k].name for k in kept),
            heads=tuple(self.fields[k].full_heading(lang) for k in kept),
            rows=tuple(tuple(Cell(self.fields[k].kind.shown(row[k], lang)) for k in kept) for row in self.rows),
            mark=self.mark,
            warning=self.warning,
        )
