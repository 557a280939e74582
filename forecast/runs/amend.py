"""The files of a data set as an update leaves them, validated as a whole before the first is touched.

Every file is written beside its place, flushed, and moved there in one step: ledgers first, then observations, then the
state of knowledge in ``dataset.toml``. Tables do not depend on one another, so that a process that dies between two
moves leaves a valid data set, and the same update completes it.

Invariant: rows that were there stay byte for byte, and a bad update changes nothing (held by ``tests/test_update.py``).

A planner's workbook as an update leaves it: new figures row by row on sheet 新增数据, ledgers on their own sheets.

What the planner typed stays where it is; names are those of the sheets, never ids.

Invariant: every other sheet keeps its cells, and the same update adds nothing a second time
(held by ``tests/test_update_book.py``).
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from forecast.data.dataset import Dataset, read_dataset
from forecast.data.intake import Addition, Intake, LedgerFile
from forecast.data.panel import release_rule
from forecast.data.plausible import accepted_text, read_accepted
from forecast.data.reading.columns import CHOICES, TABLES
from forecast.data.reading.problems import Problems, table_of_rows
from forecast.data.reading.sheets import CONFIG, PARAMETERS, TABLE_SHEETS
from forecast.data.reading.source import ACCEPTED, CONFIG_FILE, is_workbook
from forecast.data.reading.textfiles import csv_rows, decode, delimiter_of, xlsx_rows
from forecast.data.reading.workbook import PARAMETER_LABELS
from forecast.errors import InputError, Problem
from forecast.files import write_together, write_whole
from forecast.periods import AsOf
from forecast.runs.store.disk import StoreError, written

if TYPE_CHECKING:
    from openpyxl.workbook.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet


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
        cells = _book_cells(one, dataset)
        _write(sheet, last + down, [cells.get(names.get(head.strip(), ""), "") for head in header])


def _book_cells(one: Addition, dataset: Dataset) -> dict[str, str]:
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


_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Amendment:
    """New contents of files, in the order in which they are put in place.

    before, after : content by path; before is None for a new file
    first_new_row : row of the first figure added to ``observations``
    """

    folder: Path
    before: Mapping[Path, bytes | None]
    after: Mapping[Path, bytes]
    observations: str = ""
    first_new_row: int = 0


def next_as_of(dataset: Dataset, intake: Intake) -> str:
    """State of knowledge after an update: the latest month of the target year that its figures are about."""
    present = AsOf.parse(dataset.config.as_of)
    later = intake.latest is not None and intake.latest > present.month
    return str(intake.latest) if later else dataset.config.as_of


def amend(dataset: Dataset, intake: Intake, *, as_of: str) -> Amendment:
    """Contents of all files that change; nothing is written."""
    config = dataset.config
    if not (config.folder / CONFIG_FILE).exists():
        book = config.files["observations"]
        before_book = book.read_bytes()
        content = updated_book(before_book, dataset, intake, as_of=as_of)
        return Amendment(folder=config.folder, before={book: before_book}, after={book: content})
    after: dict[Path, bytes] = {}
    for ledger in intake.ledgers:
        path = config.files.get(ledger.kind, config.folder / f"{ledger.kind}.csv")
        after[path] = _ledger_bytes(ledger, path)
    first = 0
    observations = config.files["observations"]
    if intake.additions:
        after[observations], first = _with_rows(observations, intake.additions)
    toml = config.folder / CONFIG_FILE
    if as_of != config.as_of:
        after[toml] = re.sub(
            rb'(?m)^(\s*as_of\s*=\s*")[^"]*(")', rb"\g<1>" + as_of.encode() + rb"\g<2>", toml.read_bytes()
        )
    before = {path: path.read_bytes() if path.exists() else None for path in after}
    return Amendment(
        folder=config.folder, before=before, after=after, observations=observations.name, first_new_row=first
    )


def check(dataset: Dataset, amendment: Amendment, additions: Sequence[Addition]) -> Dataset:
    """The data set as it will be, read as a whole.

    Raises
    ------
    InputError
        Something is wrong with it; problems of new rows are at the place where they came from.
    """
    config = dataset.config
    with tempfile.TemporaryDirectory() as scratch:
        beside = [path for path in (config.folder / ACCEPTED,) if path.is_file()]
        beside += [path for path in (config.folder / CONFIG_FILE,) if path.is_file()]
        for path in {*config.files.values(), *amendment.after, *beside}:
            target = Path(scratch) / path.relative_to(config.folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(amendment.after[path] if path in amendment.after else path.read_bytes())
        try:
            return read_dataset(Path(scratch))
        except InputError as error:
            raise InputError(_placed(p, amendment, additions) for p in error.problems) from None


def accept(dataset: Dataset) -> int:
    """Confirm every figure that is doubted: keep it with the data, so that it is not asked about again.

    Returns
    -------
    How many were confirmed.

    Raises
    ------
    StoreError
        The disk is full or cannot be written; what was confirmed before is untouched.
    """
    if not dataset.doubts:
        return 0
    folder = dataset.config.folder
    keys = read_accepted(folder, Problems()) | {doubt.key for doubt in dataset.doubts}
    with written(folder / ACCEPTED):
        write_whole(folder / ACCEPTED, accepted_text(keys).encode("utf-8-sig"))
    return len(dataset.doubts)


def _placed(problem: Problem, amendment: Amendment, additions: Sequence[Addition]) -> Problem:
    """A problem of a new row, at the place where the row came from."""
    if problem.file != amendment.observations or problem.row is None:
        return problem
    at = problem.row - amendment.first_new_row
    if not 0 <= at < len(additions):
        return problem
    one = additions[at]
    if one.cell:
        return replace(problem, file=one.file, row=None, column=one.cell)
    return replace(problem, file=one.file, row=one.row)


def apply(amendment: Amendment) -> None:
    """Put all files in place.

    Raises
    ------
    StoreError
        The disk is full or cannot be written, or a file changed since it was read; nothing was changed.
    """

    def unchanged() -> None:
        for path, read in amendment.before.items():
            if (path.read_bytes() if path.exists() else None) != read:
                raise StoreError("input_changed", place=path)

    with written(amendment.folder):
        write_together(amendment.after, before=unchanged)


def _cells(one: Addition) -> dict[str, str]:
    day = one.released or release_rule(one.period)
    fixed = {
        "unit": one.unit,
        "indicator": one.indicator,
        "period": str(one.period),
        "measure": one.measure,
        "value": _number(one),
        "released": day.isoformat() if one.released or one.revises is not None else "",
        "status": one.status,
        "source": one.source,
    }
    return {**one.extras, **fixed}


def _number(one: Addition) -> str:
    """The figure with the decimals that it was written with, where it was written plainly."""
    with suppress(ValueError):
        if float(one.written) == one.value:
            return one.written
    return f"{one.value:.12g}"


def _with_rows(path: Path, additions: Sequence[Addition]) -> tuple[bytes, int]:
    """Content of a table of observations with rows added, and the row of the first of them."""
    content = path.read_bytes()
    problems = Problems()
    is_book = is_workbook(content)
    rows = (
        xlsx_rows(content, path.name, "observations", problems) if is_book else csv_rows(content, path.name, problems)
    ) or []
    problems.check()
    header = next(cells for _, cells in rows if any(cells))
    table = table_of_rows("observations", path.name, rows, problems)
    names = {} if table is None else {written_as: fixed for fixed, written_as in table.headers.items()}
    columns = [names.get(cell.strip(), cell.strip()) for cell in header]
    lines = [[_cells(one).get(column, "") for column in columns] for one in additions]
    if is_book:
        return _book_with(content, lines), rows[-1][0] + 1
    return content + _csv_lines(content, lines, header), len(rows) + 1


def _csv_lines(content: bytes, lines: Sequence[Sequence[str]], header: Sequence[str]) -> bytes:
    """Lines as the file writes its own: encoding, delimiter and ends of lines."""
    encoding, text = _encoding(content), decode(content, "", Problems()) or ""
    delimiter = delimiter_of(text)[0] if len(header) > 1 else ","
    end = "\r\n" if "\r\n" in text else "\n"
    buffer = io.StringIO()
    if text and not text.endswith(("\n", "\r")):
        buffer.write(end)
    csv.writer(buffer, delimiter=delimiter, lineterminator=end).writerows(lines)
    return buffer.getvalue().encode(encoding)


def _encoding(content: bytes) -> str:
    if content.startswith(b"\xff\xfe"):
        return "utf-16-le"
    if content.startswith(b"\xfe\xff"):
        return "utf-16-be"
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def _book_with(content: bytes, lines: Sequence[Sequence[str]]) -> bytes:
    """A workbook with rows below those of its table of observations."""
    from openpyxl import load_workbook  # heavy, and only a workbook needs it

    book = load_workbook(io.BytesIO(content))
    last_rows = {sheet.title: _last_row(sheet) for sheet in book.worksheets}
    title = "observations" if last_rows.get("observations") else next(one for one, last in last_rows.items() if last)
    sheet, last = book[title], last_rows[title]
    for down, line in enumerate(lines, 1):
        for across, text in enumerate(line, 1):
            cell = sheet.cell(last + down, across)
            cell.value = text or None
            cell.data_type = "s" if text else "n"  # a text that begins with = is no formula
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _last_row(sheet: Worksheet) -> int:
    """Last row with a value, 0 for an empty sheet."""
    filled = (cell.row for row in sheet.iter_rows() for cell in row if cell.value is not None)
    return max((row for row in filled if row), default=0)


def _ledger_bytes(ledger: LedgerFile, path: Path) -> bytes:
    """A ledger in the form of the file that it replaces."""
    rows = [list(cells) for _, cells in ledger.rows]
    if path.suffix.lower() == ".xlsx":
        from openpyxl import Workbook  # heavy, and only a workbook needs it

        book = Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.title = ledger.kind
        for number, line in enumerate(rows, 1):
            for across, text in enumerate(line, 1):
                if text:
                    cell = sheet.cell(number, across, text)
                    cell.data_type = "s"
        target = io.BytesIO()
        book.save(target)
        return target.getvalue()
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return _BOM + buffer.getvalue().encode()
