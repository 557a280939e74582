"""A table as it stands in a file: every cell a text, every known column under its fixed name.

Whatever the form (CSV, one sheet of a workbook, the planner's wide sheet), what reads a file makes a
``RawTable``, and the readers of panel, ledger and targets take it from there, so that all forms pass the same
checks. A reader of a new form calls ``table_of_rows`` for a sheet in list form, or builds a ``RawTable`` itself:
one row an entry, columns of ``forecast.data.reading.columns.TABLES[kind]`` (all required ones), ``_row`` and,
where the cell that holds the value is not in the column of that name, ``_cell``.

Invariant: nothing of a file is lost: a cell is in the table, or a problem names it
(held by ``tests/test_tables.py``).
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from forecast.data.reading.columns import MONEY_UNITS, TABLES, Column
from forecast.errors import InputError, Problem

RESERVED: Final = frozenset({"_row", "_cell", "file", "row", "released_rule"})
"""Columns that the readers add; no file may have them."""

_NEAR_COLUMN: Final = 0.82
"""From this similarity on, an unknown column is taken for a slip of a fixed one that is absent."""
_NEAR_VALUE: Final = 0.6
"""From this similarity on, a value is suggested in place of an unknown one (the default of difflib)."""
_MOST_ALIKE: Final = 20
"""Problems of one kind in one column of one file that are reported one by one; the rest are counted."""
_SHOWN: Final = 40
"""Characters of a cell that a message shows."""


@dataclass(frozen=True, slots=True, eq=False)
class RawTable:
    """One table of a data set as read.

    file : name as the user knows it, ``observations.csv``, or ``book.xlsx[sheet]``
    frame : all cells stripped ``str``, "" where empty; columns under their fixed names
        (money in the unit of its ending: ``plan_year_invest_wan`` or ``plan_year_invest_yi``), extra columns under
        their own; ``_row`` (int, row as Excel counts, header = 1); optionally ``_cell``, the address of the cell
        that holds the row's value (``进度数据!F7``), which a problem then names instead of row and column
    headers : fixed name -> header as written, where they differ; problems show the header as written
    """

    file: str
    frame: pd.DataFrame
    headers: Mapping[str, str] = field(default_factory=dict)


class Problems:
    """Collects what is wrong with the files of a data set; nothing is raised before ``check``."""

    def __init__(self) -> None:
        self._found: list[Problem] = []
        self._remarks: dict[tuple[str, str], list[str]] = {}

    def __len__(self) -> int:
        return len(self._found)

    def add(self, code: str, file: str, *, row: int | None = None, column: str | None = None, **params: object) -> None:
        """Note one problem; ``params`` fill the placeholders of its message."""
        self.add_at(code, file, row, column, params)

    def add_at(self, code: str, file: str, row: int | None, column: str | None, params: Mapping[str, object]) -> None:
        """Note one problem whose message has placeholders of any name (``row``, ``column``)."""
        texts = {key: str(value) for key, value in params.items()}
        shown = None if column is None else quoted(column)
        self._found.append(Problem(code=code, file=file, row=row, column=shown, params=texts))

    def remark(self, code: str, file: str, shown: str) -> None:
        """Note something that is no problem, but that a person should know: what was left aside, or understood so.

        shown : the cell and what stands there; one message a cause names the first of them and counts the rest
        """
        self._remarks.setdefault((file, code), []).append(shown)

    def take_remarks(self, other: Problems) -> None:
        """Take over the remarks that were noted elsewhere."""
        for at, shown in other._remarks.items():
            self._remarks.setdefault(at, []).extend(shown)

    def remarks(self) -> tuple[Problem, ...]:
        """All remarks, one a cause and file."""
        return tuple(
            Problem(code=code, file=file, params={"n": str(len(shown)), "list": _first_few(shown)})
            for (file, code), shown in sorted(self._remarks.items())
        )

    def refuse(self, codes: Sequence[str], file: str, *, otherwise: str) -> None:
        """Make a problem of the first of these remarks that there is, where nothing could be read for that cause."""
        for code in codes:
            if (shown := self._remarks.pop((file, code), None)) is not None:
                self.add(code, file, n=len(shown), list=_first_few(shown))
                return
        self.add(otherwise, file)

    def extend(self, problems: Iterable[Problem]) -> None:
        """Take over problems that were found elsewhere."""
        self._found.extend(problems)

    def at(self, table: RawTable, index: int, code: str, *, column: str | None, **params: object) -> None:
        """Note a problem with the row at position ``index`` of a table."""
        cell = str(table.frame["_cell"].iat[index]) if "_cell" in table.frame.columns else ""
        if cell:
            self.add_at(code, table.file, None, cell, params)
            return
        row = int(table.frame["_row"].to_numpy(dtype=np.int64)[index])
        shown = None if column is None else table.headers.get(column, column)
        self.add_at(code, table.file, row, shown, params)

    def listed(self) -> tuple[Problem, ...]:
        """All problems by file and row; floods of the same kind are cut and counted."""
        counts: Counter[tuple[str, str, str | None]] = Counter()
        kept: list[Problem] = []
        for problem in sorted(self._found, key=lambda p: (p.file, p.row or 0, p.column or "", p.code)):
            kind = (problem.file, problem.code, problem.column if problem.row is not None else None)
            counts[kind] += 1
            if counts[kind] <= _MOST_ALIKE:
                kept.append(problem)
        for (file, code, column), n in counts.items():
            if n > _MOST_ALIKE:
                params = {"n": str(n - _MOST_ALIKE), "code": code}
                kept.append(Problem(code="more_alike", file=file, column=column, params=params))
        return tuple(sorted(kept, key=lambda p: (p.file, p.code == "more_alike", p.row or 0)))

    def check(self) -> None:
        """Report everything that was found.

        Raises
        ------
        InputError
            Anything was found.
        """
        if self._found:
            raise InputError(self.listed())


_REMARKED: Final = 6
"""Cells that one remark shows; the rest are counted."""


def _first_few(shown: Sequence[str]) -> str:
    """The first few of a list, in the order in which they were noted."""
    once = list(dict.fromkeys(shown))
    return "; ".join(once[:_REMARKED]) + (" …" if len(once) > _REMARKED else "")


_PLAIN: Final = (
    {0xFF01 + i: 0x21 + i for i in range(94)}
    | dict(zip(map(ord, "−﹣﹢﹪﹐\u3000\xa0"), "--+%,  ", strict=True))
    | dict.fromkeys(map(ord, "\u200b\u200e\u2060\ufeff"), "")
)
"""Full-width forms of ASCII, other signs of the same meaning, and marks of no width.

Not the compatibility forms of Unicode, which would make 13.62 of 13.6² and 42 of 4②.
"""


def plain(text: str) -> str:
    """Text with full-width digits, letters and signs made plain, and stripped."""
    return text.strip() if text.isascii() else text.translate(_PLAIN).strip()


def quoted(text: str) -> str:
    """A cell as a message shows it: on one line, cut when long."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def near(text: str, known: Iterable[str], *, cutoff: float = _NEAR_VALUE) -> str | None:
    """The known text that ``text`` is most likely a slip of, or None."""
    found = difflib.get_close_matches(text.lower(), list(known), n=1, cutoff=cutoff)
    return found[0] if found else None


_MONEY_WORDS: Final = {"亿元": "yi", "亿": "yi", "万元": "wan", "万": "wan", "元": "yuan"} | {
    unit: unit for unit in MONEY_UNITS
}
_HEADER: Final = re.compile(
    r"(?P<base>.+?)(?:\((?P<unit>[^()]*)\)|\[(?P<unit2>[^\[\]]*)\]|[/:,](?P<unit3>亿元|万元|元))?"
)


_TO_DATE: Final = re.compile(r"^1[-—–~至到]\d{1,2}月份?")
"""A year to date in a header (1-9月完成投资), which names the month of the file and not another column."""


def _split_header(text: str) -> tuple[str, str | None]:
    """Base and unit of a header: ``年度计划投资(万元)`` -> (年度计划投资, 万元)."""
    found = _HEADER.fullmatch(text)
    if not found:
        return text, None
    unit = found["unit"] or found["unit2"] or found["unit3"]
    return found["base"].strip(), unit.strip() if unit else None


@dataclass(frozen=True, slots=True)
class _Match:
    """What a header was found to mean."""

    name: str
    fixed: str | None = None
    problem: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)


def _match_money(column: Column, unit: str | None, header: str) -> _Match:
    """A money column by its stem or a synonym: the unit must be told."""
    if unit is None:
        return _Match(header, column.name, "money_unit_missing", {"header": header, "fixed": column.name})
    word = _MONEY_WORDS.get(unit.lower())
    if word is None:
        return _Match(header, column.name, "money_unit_unknown", {"header": header, "unit": unit})
    return _Match(f"{column.stem}_{word}", column.name)


def _match(kind: str, header: str) -> _Match:
    """The fixed column that a header means; an unknown header is an extra column under its own name."""
    text = _TO_DATE.sub("1-8月", re.sub(r"\s+", "", plain(header)))
    base, unit = _split_header(text)
    lower = text.lower()
    for column in TABLES[kind]:
        if lower == column.name:
            return _Match(column.name, column.name)
        if column.is_money and any(lower == f"{column.stem}_{ending}" for ending in MONEY_UNITS):
            return _Match(lower, column.name)
    for column in TABLES[kind]:
        if text in column.zh and not column.is_money:
            return _Match(column.name, column.name)
        if base in column.zh or base.lower() in (column.stem, column.name):
            if column.is_money:
                return _match_money(column, unit, header)
            if unit is not None and _MONEY_WORDS.get(unit.lower()) is not None:
                return _Match(header, column.name, "money_unit_here", {"header": header, "unit": unit})
            return _Match(column.name, column.name)
    return _Match(header)


def _columns(kind: str, file: str, header: Sequence[str], problems: Problems) -> list[_Match | None]:
    """Meaning of every header cell (None: no header), with all that is wrong with the header row."""
    matches = [_match(kind, cell) if cell else None for cell in header]
    met: dict[str, str] = {}
    for cell, match in zip(header, matches, strict=True):
        if match is None:
            continue
        if match.problem:
            problems.add(match.problem, file, row=1, column=cell, **match.params)
        if match.name in RESERVED:
            problems.add("column_reserved", file, row=1, column=cell, header=cell)
        key = match.fixed or match.name
        if key in met:
            problems.add("column_twice", file, row=1, column=cell, first=met[key], second=cell)
        met.setdefault(key, cell)
    absent = [column for column in TABLES[kind] if column.name not in met]
    slips = _slips(file, [m for m in matches if m and m.fixed is None], absent, problems)
    if not any(m and m.fixed for m in matches):
        expected = ", ".join(column.name for column in TABLES[kind] if column.required)
        problems.add("header_unknown", file, row=1, found=quoted(", ".join(header)), expected=expected)
        return matches
    for column in absent:
        if column.required and column.name not in slips:
            zh = column.zh[0] if column.zh else column.name
            problems.add("column_missing", file, column=column.name, name=column.name, zh=zh)
    return matches


def _slips(file: str, extras: Sequence[_Match], absent: Sequence[Column], problems: Problems) -> frozenset[str]:
    """Extra columns that look like a slip of a fixed column which the header lacks."""
    slips = set()
    names = {word: column.name for column in absent for word in (column.name, *column.zh)}
    for extra in extras:
        text = plain(extra.name).lower()
        cut = [name for name in names if name.startswith(f"{text}_")]  # progress for progress_pct
        word = cut[0] if cut else near(text, names, cutoff=_NEAR_COLUMN)
        if word is not None:
            problems.add("column_near", file, row=1, column=extra.name, header=extra.name, suggestion=word)
            slips.add(names[word])
    return frozenset(slips)


def table_of_rows(
    kind: str, file: str, rows: Iterable[tuple[int, Sequence[str]]], problems: Problems
) -> RawTable | None:
    """Table ``kind`` of rows of texts, the first of which is the header.

    Parameters
    ----------
    kind : key of ``forecast.data.reading.columns.TABLES``
    file : name for problems
    rows : (row as Excel counts, cells); a row whose cells are all empty is ignored
    problems : receives what is wrong with header and shape; a column or row that is reported here is left out of
        the table, so that the rest can still be checked

    Returns
    -------
    RawTable, or None where there is no row or no known column.
    """
    filled = ((number, [cell.strip() for cell in cells]) for number, cells in rows)
    body = [(number, cells) for number, cells in filled if any(cells)]
    if not body:
        problems.add("file_empty", file)
        return None
    (_, header), body = body[0], body[1:]
    while header and not header[-1]:
        header.pop()
    matches = _columns(kind, file, header, problems)
    body = [(number, cells) for number, cells in body if _fits(file, number, header, cells, problems)]
    if not any(match and match.fixed for match in matches):
        return None
    if not body:
        problems.add("header_only", file)
        return None
    data: dict[str, object] = {}
    headers: dict[str, str] = {}
    for index, match in enumerate(matches):
        if match is None or match.name in RESERVED or match.name in data or match.problem:
            continue
        data[match.name] = [cells[index] for _, cells in body]
        if match.fixed and match.name != header[index]:
            headers[match.name] = header[index]
    data["_row"] = [number for number, _ in body]
    return RawTable(file, pd.DataFrame(data), headers)


def _fits(file: str, number: int, header: Sequence[str], cells: list[str], problems: Problems) -> bool:
    """Whether a row has a cell for every column of the header, no more, and none below an empty header."""
    while len(cells) > len(header) and not cells[-1]:
        cells.pop()
    n = len(header)
    if len(cells) > n:
        problems.add("row_long", file, row=number, found=len(cells), expected=n, value=quoted(cells[n]))
    elif len(cells) < n:
        problems.add("row_short", file, row=number, found=len(cells), expected=n)
    stray = [(i + 1, cell) for i, cell in enumerate(cells[:n]) if cell and not header[i]]
    for position, cell in stray:
        problems.add("cell_without_header", file, row=number, value=quoted(cell), position=position)
    return len(cells) == n and not stray
