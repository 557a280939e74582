"""Any file of tables as sheets: which reader it takes is told by its content, never by its name.

Invariant: the same cells give the same texts, whether they stand in an old workbook, a new one or a CSV file
(held by ``tests/test_grid.py``).
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from forecast.data.reading.problems import Problems, quoted
from forecast.data.reading.sheets import CONFIG, Sheet, open_sheets
from forecast.data.reading.textfiles import Rows, csv_rows, xlsx_rows

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0"
_MOST_CELLS: Final = 2_000_000


def is_workbook(content: bytes) -> bool:
    """Whether the bytes are a workbook, old or new."""
    return content.startswith((_ZIP, _OLE))


def sheets_of(content: bytes, name: str, problems: Problems) -> dict[str, Sheet] | None:
    """Sheets of a workbook, or the one table of a text file, by title; None, with a problem, where there is none."""
    if content.startswith(_ZIP):
        return open_sheets(content, name, problems, every=True)
    if content.startswith(_OLE):
        return _old_sheets(content, name, problems)
    rows = csv_rows(content, name, problems)
    return None if rows is None else {Path(name).stem: sheet_of_rows(Path(name).stem, rows)}


def is_converted(content: bytes) -> bool:
    """Whether a workbook is a converted data set, which has its configuration as a sheet."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            listed = book.read("xl/workbook.xml")
    except (zipfile.BadZipFile, KeyError, OSError, EOFError, RuntimeError, NotImplementedError, zlib.error):
        return False
    return len(listed) < _MOST_CELLS and f'name="{CONFIG}"'.encode() in listed


def sheet_of_rows(title: str, rows: Rows) -> Sheet:
    """A sheet with the cells of rows of texts."""
    cells = {
        (number, column): text.strip() for number, texts in rows for column, text in enumerate(texts, 1) if text.strip()
    }
    return Sheet(title, cells)


def table_rows(content: bytes, name: str, kind: str, problems: Problems) -> Rows | None:
    """Rows of the table ``kind``, whatever the form of the file; None, with a problem, where there is none."""
    if content.startswith(_ZIP):
        return xlsx_rows(content, name, kind, problems)
    if not content.startswith(_OLE):
        return csv_rows(content, name, problems)
    sheets = _old_sheets(content, name, problems)
    if sheets is None:
        return None
    filled = [sheet for sheet in sheets.values() if sheet.cells]
    chosen = [sheet for sheet in filled if sheet.title == kind] or filled
    if len(chosen) != 1:
        titles = ", ".join(sheet.title for sheet in chosen)
        if chosen:
            problems.add("sheets_many", name, found=quoted(titles), expected=kind)
        else:
            problems.add("file_empty", name)
        return None
    sheet = chosen[0]
    return [(row, [sheet.text(row, c) for c in range(1, sheet.width + 1)]) for row in range(1, max(sheet.rows) + 1)]


def _old_sheets(content: bytes, name: str, problems: Problems) -> dict[str, Sheet] | None:
    """Sheets of an old workbook (.xls); cell formats are not in what its reader gives, so 4.1 % may come as 0.041."""
    from python_calamine import CalamineError, CalamineWorkbook  # needed only where an old workbook is met

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        return {title.strip(): _old_sheet(title.strip(), book.get_sheet_by_name(title)) for title in book.sheet_names}
    except (CalamineError, OSError, ValueError, IndexError) as error:
        problems.add("xls_broken", name, reason=quoted(str(error)) or type(error).__name__)
    return None


def _old_sheet(title: str, sheet: CalamineSheet) -> Sheet:
    cells: dict[tuple[int, int], str] = {}
    dates = set()
    for row, values in enumerate(sheet.to_python(skip_empty_area=False), 1):
        for column, value in enumerate(values, 1):
            if text := _text(value):
                cells[row, column] = text
            if isinstance(value, dt.date):
                dates.add((row, column))
        if len(cells) > _MOST_CELLS:
            break
    anchors = {
        (row + 1, column + 1): (first[0] + 1, first[1] + 1)
        for first, last in sheet.merged_cell_ranges or ()
        for row in range(first[0], last[0] + 1)
        for column in range(first[1], last[1] + 1)
    }
    return Sheet(title, cells, anchors, frozenset(dates))


def _text(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:.15g}"
    return str(value).strip()
