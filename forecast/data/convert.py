"""A data set in its other form: a folder as one workbook, a workbook as a folder, nothing lost either way.

Invariant: a data set and its other form read the same, and turning it back gives what it was
(held by ``tests/test_convert.py``).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from forecast.data.reading.columns import TABLES
from forecast.data.reading.problems import Problems, RawTable
from forecast.data.reading.sheets import CONFIG, TABLE_SHEETS
from forecast.data.reading.source import ACCEPTED, CONFIG_FILE, open_source, table_rows
from forecast.errors import InputError, UsageError
from forecast.files import write_whole

BOM = b"\xef\xbb\xbf"


def convert(source: Path, target: Path) -> tuple[Path, ...]:
    """Write the other form of a data set: of a folder a workbook, of a workbook a folder.

    Parameters
    ----------
    target : a new file ending in .xlsx, or a new or empty folder

    Returns
    -------
    The files that were written.

    Raises
    ------
    InputError
        The data set cannot be read.
    UsageError
        The target is there already, or is of the form of the source.
    """
    problems = Problems()
    found = open_source(source, problems)
    problems.check()
    if found is None:
        raise InputError(problems.listed())
    folder = (found.folder / CONFIG_FILE).is_file()
    to_book = target.suffix.lower() == ".xlsx"
    if folder != to_book:
        raise UsageError("usage_convert_form", target=target)
    if target.exists() and (target.is_file() or any(target.iterdir())):
        raise UsageError("usage_not_empty", folder=target, found=target.name)
    accepted = found.folder / ACCEPTED
    if to_book:
        tables = {kind: _rows_of(path, kind) for kind, path in found.files.items()}
        lines = (found.folder / CONFIG_FILE).read_text(encoding="utf-8-sig").splitlines()
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, _book(lines, tables))
        written = [target]
        beside = target.parent / ACCEPTED
    else:
        target.mkdir(parents=True, exist_ok=True)
        text = found.text or _toml(found.raw)
        contents = {CONFIG_FILE: text.encode()}
        contents |= {f"{kind}.csv": _csv(table) for kind, table in found.tables.items()}
        for name, content in contents.items():
            write_whole(target / name, content)
        written = [target / name for name in contents]
        beside = target / ACCEPTED
    if accepted.is_file() and not beside.exists():
        write_whole(beside, accepted.read_bytes())
        written.append(beside)
    return tuple(written)


def _rows_of(path: Path, kind: str) -> list[Sequence[str]]:
    """Rows of a table as its file has them."""
    problems = Problems()
    rows = table_rows(path.read_bytes(), path.name, kind, problems) or []
    problems.check()
    return [cells for _, cells in rows if any(cell.strip() for cell in cells)]


def _book(lines: Sequence[str], tables: Mapping[str, Sequence[Sequence[str]]]) -> bytes:
    """A workbook of texts: the configuration line by line, then a sheet a table."""
    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(target, options) as book:
        text = book.add_format({"num_format": "@"})
        head = book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1, "num_format": "@"})
        sheet = book.add_worksheet(CONFIG)
        sheet.set_column(0, 0, 90)
        for row, line in enumerate([CONFIG_FILE, *lines]):
            sheet.write_string(row, 0, line, head if row == 0 else text)
        for kind in TABLES:
            if kind in tables:
                sheet = book.add_worksheet(TABLE_SHEETS[kind])
                for row, cells in enumerate(tables[kind]):
                    for column, cell in enumerate(cells):
                        if cell:
                            sheet.write_string(row, column, cell, head if row == 0 else text)
                sheet.freeze_panes(1, 0)
    return target.getvalue()


def _csv(table: RawTable) -> bytes:
    """A table as a CSV file under the fixed names of its columns."""
    names = [name for name in table.frame.columns if not str(name).startswith("_") and name != "key"]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([str(cell) for cell in row] for row in table.frame[names].to_numpy().tolist())
    return BOM + buffer.getvalue().encode()


def _toml(raw: Mapping[str, Any]) -> str:
    """Text of a dataset.toml with what the sheets say."""
    lines = []
    for key, value in raw.items():
        text = str(value).replace("\\", "\\\\").replace('"', '\\"')
        plain = str(value).lower() if isinstance(value, bool) else str(value)
        shown = plain if isinstance(value, bool | int) else f'"{text}"'
        lines.append(f"{key} = {shown}")
    return "\n".join(lines) + "\n"
