"""What a file of tables says, before anything of it is kept: cell, indicator, place, month, measure, value.

Invariant: what is shown is what an update of a data set takes in (held by ``tests/test_grid.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forecast.data.reading.books import sheets_of
from forecast.data.reading.grid import read_grid
from forecast.data.reading.problems import Problems, plain, quoted
from forecast.data.reading.rows import CellError, Names, is_masked, parse_number, parse_percent
from forecast.data.reading.sheets import GUIDE, PARAMETERS, SHIPPED, TABLE_SHEETS, Sheet
from forecast.data.reading.spellings import known_indicator
from forecast.data.reading.textfiles import read_bytes
from forecast.data.reading.widesheet import WideRow, label_row, read_wide
from forecast.errors import Problem
from forecast.periods import Month

_OTHER: frozenset[str] = frozenset({GUIDE, PARAMETERS, SHIPPED, *TABLE_SHEETS.values()})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFigure:
    """One figure as it was understood.

    indicator, place : as written, with what they were taken for (id or usual name), "" where unknown
    value : percent, or 亿元 for an amount; None where the cell withholds its figure
    written : the cell as it stands
    """

    sheet: str
    cell: str
    indicator: str
    indicator_known: str
    place: str
    place_known: str
    period: Month
    measure: str
    unit: str
    value: float | None
    written: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What a file says.

    sheets : title -> figures read of it; unread : sheets with content of which nothing was read
    """

    file: str
    figures: tuple[ReadFigure, ...]
    sheets: Mapping[str, int]
    unread: tuple[str, ...]
    remarks: tuple[Problem, ...]
    problems: tuple[Problem, ...]


def rows_of_sheets(
    sheets: Mapping[str, Sheet], file: str, problems: Problems, *, places: Names | None = None
) -> dict[str, tuple[WideRow, ...]]:
    """Rows of figures of every sheet that is a table of them, in whatever layout; each sheet has its own months."""
    known = places.find if places is not None else lambda _: ""
    found = {}
    for title, sheet in sheets.items():
        if title in _OTHER or not sheet.cells:
            continue
        rows = (
            read_wide(sheet, file, problems)
            if label_row(sheet)[0] and _months_across(sheet)
            else read_grid(sheet, file, problems, known=known, context=Path(file).stem)
        )
        if rows:
            found[title] = rows
    return found


def _months_across(sheet: Sheet) -> bool:
    """Whether the head of the wide sheet is one of months, as the reader of the wide sheet wants it."""
    scratch = Problems()
    return bool(read_wide(sheet, "", scratch)) and not any(p.code == "wide_header_missing" for p in scratch.listed())


def understand(path: Path, *, places: Names | None = None, indicators: Names | None = None) -> Understood:
    """Everything that a file says, with what was left aside and what is wrong.

    Parameters
    ----------
    places, indicators : words of a data set; None: places by their names, indicators by their usual spellings
    """
    problems = Problems()
    content = read_bytes(path, path.name, problems)
    sheets = sheets_of(content, path.name, problems) if content is not None else None
    rows = rows_of_sheets(sheets or {}, path.name, problems, places=places)
    figures: list[ReadFigure] = []
    for title, found in rows.items():
        for row in found:
            figures += _figures(title, row, path.name, problems, places, indicators)
    unread = tuple(t for t, sheet in (sheets or {}).items() if sheet.cells and t not in rows and t not in _OTHER)
    if unread:
        for title in unread:
            problems.remark("sheets_unread", path.name, title)
    if not figures and not len(problems):
        problems.add("nothing_read", path.name)
    return Understood(
        file=path.name,
        figures=tuple(figures),
        sheets={title: sum(len(row.figures) for row in found) for title, found in rows.items()},
        unread=unread,
        remarks=problems.remarks(),
        problems=problems.listed(),
    )


def _figures(
    sheet: str, row: WideRow, file: str, problems: Problems, places: Names | None, indicators: Names | None
) -> Sequence[ReadFigure]:
    usual = known_indicator(row.indicator)
    name = indicators.find(plain(row.indicator)) if indicators is not None else usual.name_zh if usual else ""
    place = places.find(plain(row.place)) if places is not None else ""
    read = []
    for figure in row.figures:
        growth = not figure.measure.startswith("level")
        try:
            value = parse_percent(figure.value) if growth else parse_number(figure.written)
        except CellError as error:
            problems.add(error.code, file, column=figure.cell, value=quoted(figure.value))
            continue
        read.append(
            ReadFigure(
                sheet=sheet,
                cell=figure.cell,
                indicator=row.indicator,
                indicator_known=name,
                place=row.place,
                place_known=place,
                period=figure.period,
                measure=figure.measure,
                unit=figure.unit,
                value=None if is_masked(figure.value) else value,
                written=figure.value,
            )
        )
    return read
