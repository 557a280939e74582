"""Bytes of a file, and the rows of texts that they hold: CSV in the encodings in use, and XLSX.

Invariant: whatever is in a file, it becomes rows or problems, never a traceback and never a guess
(held by ``tests/test_bad_inputs.py``).
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import stat
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from forecast.data.reading.problems import Problems, quoted

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell, MergedCell
    from openpyxl.worksheet.worksheet import Worksheet


type Rows = list[tuple[int, list[str]]]

MAX_BYTES: Final = 64 * 1024**2
"""Largest file that is read: hundreds of times a city's data set, far below the memory of a small machine."""
MAX_UNZIPPED_BYTES: Final = 512 * 1024**2
"""Largest contents of a workbook, which is compressed: a small file can hold gigabytes."""
SUFFIXES: Final = (".csv", ".xlsx")
"""Forms of a table, the first by preference."""

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0"
_CONTROL: Final = re.compile(r"[\x01-\x08\x0e-\x1f\x7f]")
_DELIMITERS: Final = (",", "\t", ";", "|", "，")
_SEP_LINE: Final = re.compile(r"\s*\"?sep=(.)\"?[^\S\n]*(?:\r?\n|\r|$)", re.I)
_COMMA_NUMBER: Final = re.compile(r"[+-]?\d+,\d+%?")


def read_bytes(path: Path, name: str, problems: Problems) -> bytes | None:
    """Content of a file, refused by its size before it is read; None with a problem where it cannot be had."""
    try:
        if path.is_dir():
            problems.add("file_is_directory", name)
            return None
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):
            problems.add("file_special", name)  # a pipe or a device may never end
            return None
        size = state.st_size
        if size > MAX_BYTES:
            limit = MAX_BYTES // 1024**2
            problems.add("file_too_large", name, found=f"{size / 1024**2:.0f}", limit=limit)
            return None
        with path.open("rb") as file:
            return file.read()
    except FileNotFoundError:
        problems.add("file_missing", name)
    except PermissionError:
        problems.add("file_not_permitted", name)
    except OSError as error:
        problems.add("file_unreadable", name, reason=error.strerror or type(error).__name__)
    return None


def decode(content: bytes, name: str, problems: Problems) -> str | None:
    """Text of a file in UTF-8 (with or without BOM), UTF-16 with BOM or GB18030; None with a problem otherwise."""
    if content.startswith((_ZIP, _OLE)):
        problems.add("csv_is_workbook", name)
        return None
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _decoded(content, "utf-16", name, problems)
    if b"\x00" in content:
        problems.add("nul_byte", name, row=content[: content.index(b"\x00")].count(b"\n") + 1)
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if _mostly_utf8(content):
            row = content[: error.start].count(b"\n") + 1
            problems.add("encoding_broken", name, row=row, found=f"0x{content[error.start]:02X}")
            return None
        decoded = _decoded(content, "gb18030", name, problems)
        if decoded is None:
            return None
        text = decoded
    if control := _CONTROL.search(text):
        row = text[: control.start()].count("\n") + 1
        problems.add("control_character", name, row=row, found=f"U+{ord(control[0]):04X}")
        return None
    return text


def _decoded(content: bytes, encoding: str, name: str, problems: Problems) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        problems.add("encoding_unknown", name, row=row, found=f"0x{content[error.start]:02X}")
        return None


def _mostly_utf8(content: bytes) -> bool:
    """Whether the bytes beyond ASCII are Chinese in UTF-8 but for a few: a damaged file, not one in GB18030.

    Only three-byte characters count as Chinese: pairs of bytes are often legal in both encodings.
    """
    beyond = sum(byte >= 0x80 for byte in content)
    chinese = sum(0x0800 <= ord(char) <= 0xFFFF for char in content.decode("utf-8", "ignore"))
    broken = content.decode("utf-8", "replace").count("\ufffd")
    return 3 * chinese > 0.5 * beyond and broken <= max(2, beyond // 50)


def csv_rows(content: bytes, name: str, problems: Problems) -> Rows | None:
    """Rows of a CSV file, numbered as Excel numbers them (a line break within quotes makes no new row)."""
    if not content.strip():
        problems.add("file_empty", name)
        return None
    text = decode(content, name, problems)
    if text is None:
        return None
    delimiter, start = delimiter_of(text)
    told, body = start > 0, text[start:]
    rows: Rows = []
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True)
    try:
        rows.extend((number, cells) for number, cells in enumerate(reader, 2 if told else 1))
    except csv.Error as error:
        problems.add("csv_broken", name, row=len(rows) + 1, reason=str(error))
        return None
    if delimiter == ";":
        _check_commas(rows, name, problems)
    return rows


def delimiter_of(text: str) -> tuple[str, int]:
    """Mark between the cells of a text, and where its rows begin: after a line ``sep=;``, if it has one."""
    told = _SEP_LINE.match(text)
    if told:
        return told[1], told.end()
    sample = next((line for line in text.split("\n") if line.strip()), "")
    return max(_DELIMITERS, key=lambda mark: (sample.count(mark), mark in (",", "\t"))), 0


def _check_commas(rows: Rows, name: str, problems: Problems) -> None:
    """Where semicolons part the cells, ``1,234`` may be 1.234 as well as 1234: refused, and blanked in the rows."""
    header = rows[0][1] if rows else []
    for number, cells in rows:
        for index, cell in enumerate(cells):
            if _COMMA_NUMBER.fullmatch(cell.strip()):
                column = header[index].strip() if index < len(header) else None
                problems.add("decimal_comma", name, row=number, column=column or None, value=quoted(cell))
                cells[index] = ""


def xlsx_rows(content: bytes, name: str, kind: str, problems: Problems) -> Rows | None:
    """Rows of the sheet of a workbook that holds table ``kind``: the one of that name, else the only filled one."""
    book = checked_zip(content, name, problems)
    if book is None:
        return None
    from openpyxl import load_workbook  # heavy, and needed only where a workbook is met

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl remarks on styles and validations, which hold no data
            values = load_workbook(io.BytesIO(content), data_only=True)
            formulas = load_workbook(io.BytesIO(content)) if book else values
        sheets = values.worksheets
        filled = [s for s in sheets if any(cell.value is not None for row in s.iter_rows() for cell in row)]
        chosen = [s for s in filled if s.title == kind] or filled
        if len(chosen) > 1:
            titles = ", ".join(s.title for s in chosen)
            problems.add("sheets_many", name, found=quoted(titles), expected=kind)
            return None
        if not chosen:
            problems.add("file_empty", name)
            return None
        return _sheet_rows(chosen[0], formulas[chosen[0].title], name, problems)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, IndexError, OSError) as error:
        problems.add("xlsx_broken", name, reason=quoted(str(error)) or type(error).__name__)
    except SyntaxError as error:  # what the XML parser raises for broken markup
        problems.add("xlsx_broken", name, reason=quoted(str(error)))
    return None


def checked_zip(content: bytes, name: str, problems: Problems) -> bool | None:
    """Whether a workbook has formulas; None with a problem where the bytes are no workbook of a sane size."""
    if content.startswith(_OLE):
        problems.add("xls_old", name)
        return None
    if not content.strip():
        problems.add("file_empty", name)
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            names = book.namelist()
            if "[Content_Types].xml" not in names or "xl/workbook.xml" not in names:
                problems.add("xlsx_not_workbook", name)
                return None
            size = sum(entry.file_size for entry in book.infolist())
            if size > MAX_UNZIPPED_BYTES:
                limit = MAX_UNZIPPED_BYTES // 1024**2
                problems.add("file_too_large", name, found=f"{size / 1024**2:.0f}", limit=limit)
                return None
            sheets = [entry for entry in names if entry.startswith("xl/worksheets/") and entry.endswith(".xml")]
            return any(re.search(rb"<f[ >/]", book.read(sheet)) for sheet in sheets)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, OSError, EOFError):
        problems.add("xlsx_not_workbook", name)
    except Exception as error:  # zlib.error has no public base class
        problems.add("xlsx_broken", name, reason=quoted(str(error)))
    return None


def _sheet_rows(values: Worksheet, formulas: Worksheet, name: str, problems: Problems) -> Rows:
    """Texts of a sheet; merged cells, error cells and formulas never computed are problems."""
    for merged in values.merged_cells.ranges:
        problems.add("cells_merged", name, row=merged.min_row, column=merged.coord, found=merged.coord)
    rows: Rows = []
    width = max((len(_filled(row)) for row in values.iter_rows()), default=0)
    for number, row in enumerate(values.iter_rows(max_col=max(width, 1)), 1):
        rows.append((number, [cell_text(cell) for cell in row]))
        for cell in row:
            if cell.data_type == "e":
                problems.add("cell_error", name, row=number, column=cell.coordinate, found=str(cell.value))
            elif cell.value is None and formulas is not values:
                formula = formulas[cell.coordinate]
                if formula.data_type == "f":
                    shown = quoted(str(formula.value))
                    problems.add("formula_empty", name, row=number, column=cell.coordinate, found=shown)
    return rows


def _filled(row: Sequence[Cell | MergedCell]) -> Sequence[Cell | MergedCell]:
    """Cells of a row up to the last filled one."""
    last = max((i for i, cell in enumerate(row) if cell.value is not None), default=-1)
    return row[: last + 1]


def cell_text(cell: Cell | MergedCell) -> str:
    """Text of a cell as its reader sees it: a date as YYYY-MM-DD, 0.041 shown as a percentage as ``4.1%``."""
    value = cell.value
    if value is None or cell.data_type == "e":
        return ""
    return value_text(value, str(cell.number_format or ""))


def value_text(value: object, number_format: str = "") -> str:
    """Text of a cell's value: a date as YYYY-MM-DD, true or false, a number as its format shows it, else the text."""
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value, number_format)
    return str(value).strip()


_LITERAL: Final = re.compile(r'"[^"]*"|\\.|[_*].|\[[^\]]*\]')
_QUOTED_PERCENT: Final = re.compile(r'"[^"]*%[^"]*"|\\%')


def number_text(value: float, number_format: str) -> str:
    """A number as its cell shows it: 0.041 below ``0.0%`` is ``4.1%``, 8.5 below ``0.0"%"`` or ``0.0\\%`` is ``8.5%``.

    Only a percent sign that is neither quoted, escaped nor there for its width (``0.0_%``) makes a number a fraction.
    """
    sections = _sections(number_format)
    section = sections[1] if value < 0 and len(sections) > 1 else sections[0]
    if "%" in _LITERAL.sub("", section):
        return f"{value * 100:.13g}%"
    return f"{value:.15g}" + ("%" if _QUOTED_PERCENT.search(section) else "")


def _sections(number_format: str) -> list[str]:
    """Parts of a number format between semicolons that are not quoted: positive, negative, zero, text."""
    parts, at = [""], 0
    while at < len(number_format):
        found = _LITERAL.match(number_format, at)
        piece = found[0] if found else number_format[at]
        if piece == ";":
            parts.append("")
        else:
            parts[-1] += piece
        at += len(piece)
    return parts
