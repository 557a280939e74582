"""The files of a data set, opened: a folder with ``dataset.toml``, or one planner's workbook.

Invariant: every file that a data set names or holds is read once, checked for its size first, and goes into the hash
(held by ``tests/test_dataset.py``).

Any file of tables as sheets: which reader it takes is told by its content, never by its name.

Invariant: the same cells give the same texts, whether they stand in an old workbook, a new one or a CSV file
(held by ``tests/test_grid.py``).
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from forecast.data.panel import Config
from forecast.data.reading.columns import OPTIONAL_TABLES, TABLES
from forecast.data.reading.config import config_of, parse_toml
from forecast.data.reading.oldbook import BookSheet, is_sound, percent_formats, read_book
from forecast.data.reading.problems import Problems, RawTable, near, quoted, table_of_rows
from forecast.data.reading.sheets import CONFIG, DATA, TABLE_SHEETS, Sheet, open_sheets
from forecast.data.reading.textfiles import SUFFIXES, Rows, csv_rows, read_bytes, value_text, xlsx_rows

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
    return _has_sheet(content, CONFIG)


def is_data_set(content: bytes) -> bool:
    """Whether a workbook is a data set of its own, and not a table of a month's figures."""
    return _has_sheet(content, CONFIG) or _has_sheet(content, DATA)


def _has_sheet(content: bytes, title: str) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            listed = book.read("xl/workbook.xml")
    except (zipfile.BadZipFile, KeyError, OSError, EOFError, RuntimeError, NotImplementedError, zlib.error):
        return False
    return len(listed) < _MOST_CELLS and f'name="{title}"'.encode() in listed


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
    """Sheets of an old workbook (.xls); its reader gives no formats of cells, which are read beside it."""
    book = read_book(content) if is_sound(content) else "OLE"
    if isinstance(book, str):
        problems.add("xls_broken", name, reason=quoted(book))
        return None
    formats = percent_formats(content)
    if formats is None:
        problems.remark("formats_unread", name, name)
    return {one.title.strip(): _old_sheet(one, (formats or {}).get(one.title, {})) for one in book}


def _old_sheet(one: BookSheet, formats: Mapping[tuple[int, int], str]) -> Sheet:
    cells: dict[tuple[int, int], str] = {}
    for row, values in enumerate(one.rows, 1):
        for column, value in enumerate(values, 1):
            text = value_text(value, formats.get((row, column), ""))
            if text:
                cells[row, column] = text
        if len(cells) > _MOST_CELLS:
            break
    anchors = {
        (row + 1, column + 1): (top + 1, left + 1)
        for top, left, bottom, right in one.merged
        for row in range(top, bottom + 1)
        for column in range(left, right + 1)
    }
    return Sheet(one.title.strip(), cells, anchors, one.dates)


CONFIG_FILE: Final = "dataset.toml"
ACCEPTED: Final = "accepted.csv"
"""File beside the data in which figures stand that were doubted and confirmed."""


@dataclass(slots=True)
class Source:
    """What the files hold before it is understood.

    file, text : name and text of the configuration, for the place of problems
    config : None where a problem with it was noted
    raw : what the configuration says, key by key
    tables : the tables that could be read, by kind; files : where they were; contents : bytes read, for the hash
    """

    folder: Path
    file: str
    text: str = ""
    config: Config | None = None
    tables: dict[str, RawTable] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)

    def digest(self) -> str:
        """First 16 hex digits of the SHA-256 over all contents, whatever the order of reading."""
        parts = sorted(name.encode() + hashlib.sha256(content).digest() for name, content in self.contents.items())
        return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


def open_source(path: Path, problems: Problems) -> Source | None:
    """Files of a data set as raw tables; None, with a problem, where there is no data set at all."""
    name = path.name or str(path)
    try:
        if not path.exists():
            problems.add("path_missing", str(path))
            return None
        folder = path.parent if path.name == CONFIG_FILE else path
        entries = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        problems.add("file_unreadable", name, reason=reason)
        return None
    if CONFIG_FILE in entries:
        return _open_folder(folder, entries, problems)
    books = [entry for entry in entries if entry.lower().endswith(".xlsx") and not entry.startswith(("~", "."))]
    if len(books) == 1:
        return _open_workbook(path / books[0], problems)
    if not entries and path.suffix.lower() == ".xlsx":
        return _open_workbook(path, problems)
    if not path.is_dir():
        problems.add("not_dataset_file", name)
    elif books:
        problems.add("not_dataset_books", name, n=len(books), found=", ".join(books[:5]))
    else:
        problems.add("not_dataset_folder", name)
    return None


def _open_workbook(path: Path, problems: Problems) -> Source | None:
    """One planner's workbook, in which every sheet but one has defaults."""
    content = read_bytes(path, path.name, problems)
    if content is None:
        return None
    if is_converted(content):
        return _open_converted(path, content, problems)
    from forecast.data.reading.workbook import workbook_tables  # needs openpyxl, heavy, and only a workbook needs it

    raw, tables = workbook_tables(content, path.name, problems)
    if not tables and len(problems):
        return None
    source = Source(folder=path.parent, file=path.name, tables=dict(tables), contents={"workbook": content})
    source.files, source.raw = dict.fromkeys(tables, path), raw
    source.config = config_of(raw, folder=path.parent, file=path.name, text="", problems=problems)
    for kind in TABLES:
        if kind not in OPTIONAL_TABLES and kind not in tables:
            problems.add("sheet_missing", path.name, found=kind)
    return source


def _open_converted(path: Path, content: bytes, problems: Problems) -> Source | None:
    """A folder in the form of one workbook: dataset.toml line by line, and a sheet a table."""
    sheets = sheets_of(content, path.name, problems)
    if sheets is None:
        return None
    config = sheets[CONFIG]
    last = max(config.rows, default=0)
    text = "\n".join(config.text(row, 1) for row in range(2, last + 1)) + "\n"
    source = Source(folder=path.parent, file=path.name, text=text, contents={"workbook": content})
    raw = parse_toml(text.encode(), f"{path.name}[{CONFIG}]", problems)
    if raw is not None:
        source.raw = raw
        source.config = config_of(raw, folder=path.parent, file=path.name, text=text, problems=problems)
    for kind, title in TABLE_SHEETS.items():
        sheet = sheets.get(title)
        if sheet is not None and sheet.cells:
            rows = [(row, [sheet.text(row, c) for c in range(1, sheet.width + 1)]) for row in sheet.rows]
            table = table_of_rows(kind, f"{path.name}[{title}]", rows, problems)
            if table is not None:
                source.tables[kind], source.files[kind] = table, path
        elif kind not in OPTIONAL_TABLES:
            problems.add("sheet_missing", path.name, found=title)
    for title, sheet in sheets.items():
        if sheet.cells and title not in (CONFIG, *TABLE_SHEETS.values()):
            problems.remark("sheets_unread", path.name, title)
    return source


def _open_folder(folder: Path, entries: Sequence[str], problems: Problems) -> Source:
    """A folder with dataset.toml and one file a table."""
    source = Source(folder=folder, file=CONFIG_FILE)
    content = read_bytes(folder / CONFIG_FILE, CONFIG_FILE, problems)
    raw: dict[str, Any] | None = None
    if content is not None:
        source.contents[CONFIG_FILE] = content
        source.text = content.decode("utf-8-sig", "replace")
        raw = parse_toml(content, CONFIG_FILE, problems)
    if raw is not None:
        source.config = config_of(raw, folder=folder, file=CONFIG_FILE, text=source.text, problems=problems)
    named = raw.get("files") if raw else None
    names = {k: v for k, v in named.items() if isinstance(v, str)} if isinstance(named, dict) else {}
    unused = [e for e in entries if e.lower().endswith(SUFFIXES) and Path(e).stem not in TABLES]
    for kind in TABLES:
        name = names.get(kind) or _default_name(kind, entries, problems)
        if name is not None:
            _read_table(source, kind, name, problems)
        elif (slip := near(f"{kind}.csv", unused, cutoff=_NEAR_FILE)) is not None and slip not in names.values():
            problems.add("file_near", slip, kind=kind)
        elif kind not in OPTIONAL_TABLES:
            problems.add("file_missing", f"{kind}.csv")
    for entry in unused:
        if entry not in names.values() and entry != ACCEPTED:
            problems.remark("files_unread", CONFIG_FILE, entry)
    return source


_NEAR_FILE: Final = 0.8
"""From this similarity on, a file with no use is taken for a slip of the name of an absent one."""


def _default_name(kind: str, entries: Sequence[str], problems: Problems) -> str | None:
    """Name of a table's file where dataset.toml names none."""
    found = [f"{kind}{suffix}" for suffix in SUFFIXES if f"{kind}{suffix}" in entries]
    if len(found) > 1:
        problems.add("file_both", found[0], other=found[1])
    return found[0] if found else None


def _read_table(source: Source, kind: str, name: str, problems: Problems) -> None:
    """Read one file into the source; what is wrong with it is noted."""
    path = source.folder / name
    content = read_bytes(path, name, problems)
    if content is None:
        return
    source.files[kind] = path
    source.contents[kind] = content
    rows = table_rows(content, name, kind, problems)
    if rows is not None and (table := table_of_rows(kind, name, rows, problems)) is not None:
        source.tables[kind] = table
