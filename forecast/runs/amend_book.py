"""A planner's workbook as an update leaves it: new figures row by row on sheet 新增数据, ledgers on their own sheets.

What the planner typed stays where it is; names are those of the sheets, never ids.

Invariant: every other sheet keeps its cells, and the same update adds nothing a second time
(held by ``tests/test_update_book.py``).
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from forecast.data.dataset import Dataset
from forecast.data.intake import Addition, Intake
from forecast.data.panel import release_rule
from forecast.data.reading.columns import CHOICES, TABLES
from forecast.data.reading.sheets import CONFIG, PARAMETERS, TABLE_SHEETS
from forecast.data.reading.workbook import PARAMETER_LABELS

if TYPE_CHECKING:
    from openpyxl.workbook.workbook import Workbook


def updated_book(content: bytes, dataset: Dataset, intake: Intake, *, as_of: str) -> bytes:
    """Bytes of the workbook with new figures, replaced ledgers and its state of knowledge."""
    from openpyxl import load_workbook  # heavy, and only a workbook needs it

    book = load_workbook(io.BytesIO(content))
    if intake.additions:
        _add_figures(book, dataset, intake.additions)
    for ledger in intake.ledgers:
        sheet = _sheet(book, TABLE_SHEETS[ledger.kind])
        if sheet.max_row:
            sheet.delete_rows(1, sheet.max_row)
        for number, (_, cells) in enumerate(ledger.rows, 1):
            _write(sheet, number, cells)
    if as_of != dataset.config.as_of:
        _set_as_of(book, as_of)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _sheet(book: Workbook, title: str) -> Any:
    found = next((sheet for sheet in book.worksheets if sheet.title.strip() == title), None)
    return found if found is not None else book.create_sheet(title)


def _write(sheet: Any, row: int, cells: Sequence[str]) -> None:
    for column, text in enumerate(cells, 1):
        if text:
            cell = sheet.cell(row, column)
            cell.value = text
            cell.data_type = "s"  # a text that begins with = is no formula


def _add_figures(book: Workbook, dataset: Dataset, additions: Sequence[Addition]) -> None:
    sheet = _sheet(book, TABLE_SHEETS["observations"])
    header = [str(cell.value or "") for cell in sheet[1]] if sheet.max_row else []
    columns = TABLES["observations"]
    if not any(header):
        header = [column.zh[0] for column in columns]
        _write(sheet, 1, header)
    names = {word: column.name for column in columns for word in (column.name, *column.zh)}
    last = max((cell.row for row in sheet.iter_rows() for cell in row if cell.value is not None), default=1)
    for down, one in enumerate(additions, 1):
        cells = _cells(one, dataset)
        _write(sheet, last + down, [cells.get(names.get(head.strip(), ""), "") for head in header])


def _cells(one: Addition, dataset: Dataset) -> dict[str, str]:
    """A figure in the words of the sheets."""
    panel = dataset.panel
    day = one.released or release_rule(one.period)
    return {
        "unit": panel.units[one.unit].name_zh,
        "indicator": panel.indicators[one.indicator].name_zh,
        "period": str(one.period),
        "measure": CHOICES["measure"][one.measure][0],
        "value": f"{one.value:.12g}",
        "released": day.isoformat() if one.released or one.revises is not None else "",
        "status": CHOICES["status"][one.status][0],
        "source": one.source,
    }


def _set_as_of(book: Workbook, as_of: str) -> None:
    if CONFIG in book.sheetnames:
        for (cell,) in book[CONFIG].iter_rows(max_col=1):
            if re.match(r"\s*as_of\s*=", str(cell.value or "")):
                cell.value = f'as_of = "{as_of}"'
        return
    sheet = _sheet(book, PARAMETERS)
    label = PARAMETER_LABELS["as_of"]
    row = next((r for r in range(1, sheet.max_row + 1) if str(sheet.cell(r, 1).value or "").strip() == label), None)
    if row is None:
        row = sheet.max_row + 1
        sheet.cell(row, 1).value = label
    sheet.cell(row, 2).value = as_of
    sheet.cell(row, 2).number_format = "@"
