"""The sheets of a planner's workbook: their names, and their cells as texts with their addresses.

Invariant: no cell that holds something is lost: it has a text, or a problem names it
(held by ``tests/test_workbook.py``).
"""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from forecast.data.reading.problems import Problems, quoted
from forecast.data.reading.textfiles import cell_text, checked_zip

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet


GUIDE: Final = "填报说明"
DATA: Final = "进度数据"
PARAMETERS: Final = "参数"
TABLE_SHEETS: Final[Mapping[str, str]] = {
    "targets": "目标",
    "indicators": "指标",
    "units": "地区",
    "bases": "基数",
    "industries": "行业",
    "projects": "项目台账",
    "enterprises": "企业台账",
    "pipeline": "五上培育",
    "observations": "新增数据",
}
"""Optional sheets in list form, by the table that they hold."""

CONFIG: Final = "配置"
"""Sheet of a converted data set that holds dataset.toml, a line a row; the other sheets are then its tables."""
SHIPPED: Final = "自带数据"
"""Sheet that lists the published figures which ``dabiao init`` fills in, each with its source; it is not read."""

type At = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Sheet:
    """One sheet, rows and columns counted from 1.

    cells : texts of the cells that hold something
    anchors : cells covered by a merged range -> its first cell (which covers itself)
    dates : cells that hold a date and not a text
    """

    title: str
    cells: Mapping[At, str] = field(default_factory=dict)
    anchors: Mapping[At, At] = field(default_factory=dict)
    dates: frozenset[At] = frozenset()

    def text(self, row: int, column: int) -> str:
        """Text of a cell itself, "" where empty."""
        return self.cells.get((row, column), "")

    def spread(self, row: int, column: int) -> str:
        """Text of a cell, or of the merged range that covers it."""
        return self.cells.get(self.anchors.get((row, column), (row, column)), "")

    def address(self, row: int, column: int) -> str:
        """Address of a cell as a planner reads it: ``进度数据!F7``."""
        return f"{self.title}!{_letters(column)}{row}"

    @cached_property
    def rows(self) -> tuple[int, ...]:
        """Rows that hold something, in order."""
        return tuple(sorted({row for row, _ in self.cells}))

    @cached_property
    def width(self) -> int:
        """Last column that holds something; 0 for an empty sheet."""
        return max((column for _, column in self.cells), default=0)


def _letters(column: int) -> str:
    """Letters of a column: 1 -> A, 28 -> AB."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def open_sheets(content: bytes, file: str, problems: Problems, *, every: bool = False) -> dict[str, Sheet] | None:
    """Sheets of a workbook by title; None, with a problem, where the bytes are no workbook that can be opened.

    Error cells and formulas without a result are problems at their address, on the sheets that are read.

    every : report what is wrong with any sheet, not only with those of a planner's workbook
    """
    with_formulas = checked_zip(content, file, problems)
    if with_formulas is None:
        return None
    from openpyxl import load_workbook  # heavy, and needed only where a workbook is met

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl remarks on styles and validations, which hold no data
            values = load_workbook(io.BytesIO(content), data_only=True)
            formulas = load_workbook(io.BytesIO(content)) if with_formulas else values
        wanted = {DATA, PARAMETERS, *TABLE_SHEETS.values()}
        found = {sheet.title.strip(): sheet for sheet in values.worksheets}
        return {
            title: _sheet(
                title, sheet, formulas[sheet.title], file, problems if every or title in wanted else Problems()
            )
            for title, sheet in found.items()
        }
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, IndexError, OSError) as error:
        problems.add("xlsx_broken", file, reason=quoted(str(error)) or type(error).__name__)
    except SyntaxError as error:  # what the XML parser raises for broken markup
        problems.add("xlsx_broken", file, reason=quoted(str(error)))
    return None


def _sheet(title: str, values: Worksheet, formulas: Worksheet, file: str, problems: Problems) -> Sheet:
    cells: dict[At, str] = {}
    dates = set()
    # Only the cells that the file has: iter_rows would make a million of a sheet that is formatted to its end.
    for at, cell in sorted(values._cells.items()):
        place = f"{title}!{cell.coordinate}"
        if cell.data_type == "e":
            problems.add("cell_error", file, column=place, found=str(cell.value))
        elif cell.value is None and formulas is not values:
            formula = formulas._cells.get(at)
            if formula is not None and formula.data_type == "f":
                problems.add("formula_empty", file, column=place, found=quoted(str(formula.value)))
        text = cell_text(cell)
        if text:
            cells[at] = text
        if getattr(cell, "is_date", False):  # a merged cell has no kind
            dates.add(at)
    anchors = {
        (row, column): (merged.min_row, merged.min_col)
        for merged in values.merged_cells.ranges
        if merged.size["rows"] * merged.size["columns"] <= _LARGEST_MERGE
        for row in range(merged.min_row, merged.max_row + 1)
        for column in range(merged.min_col, merged.max_col + 1)
    }
    return Sheet(title, cells, anchors, frozenset(dates))


_LARGEST_MERGE: Final = 100_000
"""Cells of a merged range beyond which it is no heading of anything."""
