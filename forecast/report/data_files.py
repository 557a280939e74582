"""Every table as CSV, Parquet and JSON, with a dictionary of their columns.

Text that a spreadsheet would take for a formula gets an apostrophe before it in CSV files.

Invariant: a table has the same rows in the workbook, in CSV, in Parquet and in JSON
(held by ``tests/test_report_data.py``).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import pandas as pd

from forecast.report.files import csv_text, manifest
from forecast.report.news import news_frame
from forecast.tables.breakdown import breakdown_tables
from forecast.tables.dossier import Dossier
from forecast.tables.kind import Kind, Value
from forecast.tables.makeup import makeup_tables
from forecast.tables.schema import schema
from forecast.tables.table import Field, Sheet
from forecast.texts import Lang, t

DICTIONARY: Final = "dictionary"
EXACT: Final = "exact_"
"""Beginning of the names of tables with exact numbers, as the commands write them into a run's directory."""
_DANGEROUS: Final = re.compile(r"^[=+\-@\t\r]")
_NUMBER: Final = re.compile(r"^[+\-]?[\d.,]+(%|)?$")


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula; a number stays as it is."""
    return f"'{text}" if _DANGEROUS.match(text) and not _NUMBER.match(text) else text


def csv_of(sheet: Sheet, lang: Lang) -> str:
    """A sheet as the text of a CSV file: fixed names as header, numbers at the digits of their column."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([one.name for one in sheet.fields])
    for row in sheet.rows:
        writer.writerow([_cell(value, one, lang) for value, one in zip(row, sheet.fields, strict=True)])
    return buffer.getvalue()


def _cell(value: Value, one: Field, lang: Lang) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return harmless(value.replace("\n", ""))
    return one.kind.shown(value, lang).removeprefix("+").replace(",", "")


def _frame(sheet: Sheet) -> pd.DataFrame:
    """A sheet with the types of its columns; numbers as they were computed, mixed columns as texts."""
    columns: dict[str, Any] = {}
    for k, one in enumerate(sheet.fields):
        values = [row[k] for row in sheet.rows]
        numeric = one.kind.places is not None and not any(isinstance(v, str) for v in values)
        if numeric:
            kind = "Int64" if one.kind in (Kind.WHOLE, Kind.MONEY_WAN) else "Float64"
            columns[one.name] = pd.Series(values, dtype=kind)
        else:
            columns[one.name] = pd.Series([None if v is None else str(v) for v in values], dtype="string")
    return pd.DataFrame(columns)


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def data_files(sheets: Sequence[Sheet], dossier: Dossier, lang: Lang) -> Iterator[tuple[str, bytes]]:
    """Files by name: the sheets, the exact tables of the run, the dictionary, and one JSON document."""
    for sheet in sheets:
        yield f"{sheet.name}.csv", _encoded(csv_of(sheet, lang))
        yield f"{sheet.name}.parquet", _parquet(_frame(sheet))
    exact = exact_tables(dossier)
    for name, frame in exact.items():
        yield f"{name}.csv", _encoded(csv_text(_cleaned(frame), table=name.removeprefix(EXACT)))
        yield f"{name}.parquet", _parquet(frame)
    dictionary = pd.DataFrame(
        _dictionary(sheets, exact, lang), columns=pd.Index(["table", "column", "unit", "meaning"])
    )
    yield f"{DICTIONARY}.csv", _encoded(dictionary.to_csv(index=False, lineterminator="\n"))
    yield f"{DICTIONARY}.parquet", _parquet(dictionary)
    text = json.dumps(document(sheets, dossier), ensure_ascii=False, indent=1)
    yield "report.json", f"{text}\n".encode()


def exact_tables(dossier: Dossier) -> Mapping[str, pd.DataFrame]:
    """Tables of the run, its tasks, its plan and its backtest, as they are in their own directories."""
    found = dict(dossier.tables) | breakdown_tables(dossier.assigned)
    if dossier.plans:
        found |= makeup_tables(dossier.plans[0].makeup, dossier.run)
    if dossier.news:
        found["news"] = news_frame(dossier.news, dossier.provenance)
    return {EXACT + name: frame for name, frame in (found | dict(dossier.backtest)).items()}


def _cleaned(frame: pd.DataFrame) -> pd.DataFrame:
    """A table whose texts no spreadsheet takes for formulas."""
    out = frame.copy()
    for name in out.columns:
        if out[name].dtype == object or pd.api.types.is_string_dtype(out[name]):
            out[name] = [harmless(value) if isinstance(value, str) else value for value in out[name]]
    return out


def _encoded(text: str) -> bytes:
    """With a byte order mark, so that Excel shows Chinese."""
    return text.encode("utf-8-sig")


def _dictionary(sheets: Sequence[Sheet], exact: Iterable[str], lang: Lang) -> Iterator[tuple[str, str, str, str]]:
    for sheet in sheets:
        for one in sheet.fields:
            yield sheet.name, one.name, one.kind.unit, one.meaning(lang)
    for name in exact:
        for column in schema(name.removeprefix(EXACT)):
            yield name, column.name, column.kind.unit, column.meaning(lang)


def document(sheets: Sequence[Sheet], dossier: Dossier) -> dict[str, Any]:
    """Everything for programs: what was run, and every sheet as records with numbers as they were computed."""
    return {
        **manifest(dossier.run),
        "scenarios": [{"name": r.scenario.name, "hash": r.scenario.hash} for r in dossier.scenarios],
        "provenance": asdict(dossier.provenance),
        "sheets": {sheet.name: {"title": sheet.title, "mark": sheet.mark, "rows": sheet.records()} for sheet in sheets},
        "note": t("report.note_probability", "zh"),
    }
