"""Data files: one table, the same in CSV, Parquet, JSON and the workbook."""

from __future__ import annotations

import csv
import io
import json
from functools import cache

import pandas as pd
import pytest

from forecast.report.export import all_sheets, exact_tables
from forecast.report.files import EXACT, csv_of, data_files, harmless
from forecast.tables.schema import schema
from tests.assignment_run import INJECTION
from tests.report_dossier import dossier


@cache
def files():
    return dict(data_files(all_sheets(dossier(), "zh"), exact_tables(dossier()), dossier(), "zh"))


def rows_of(name):
    return list(csv.reader(io.StringIO(files()[name].decode("utf-8-sig"))))


@pytest.mark.parametrize("sheet", all_sheets(dossier(), "zh"), ids=lambda sheet: sheet.name)
def test_csv_parquet_and_json_hold_the_rows_of_the_sheet(sheet):
    head, *rows = rows_of(f"{sheet.name}.csv")
    assert head == [field.name for field in sheet.fields]
    assert len(rows) == len(sheet.rows)
    frame = pd.read_parquet(io.BytesIO(files()[f"{sheet.name}.parquet"]))
    records = json.loads(files()["report.json"])["sheets"][sheet.name]["rows"]
    assert list(frame.columns) == head
    for i, values in enumerate(sheet.rows):
        for k, field in enumerate(sheet.fields):
            value, text, exact = values[k], rows[i][k], frame.iloc[i, k]
            assert records[i][field.name] == value
            if value is None:
                assert text == ""
                assert pd.isna(exact)
            elif isinstance(value, str):
                assert exact == value if field.kind.places is None else pd.isna(exact)
            elif field.kind.places is not None:
                assert text == field.kind.shown(value, "zh").removeprefix("+").replace(",", "")
                assert float(exact) == value


def test_the_dictionary_explains_every_column_of_every_table():
    told = {(row[0], row[1]) for row in rows_of("dictionary.csv")[1:]}
    assert all(row[3] for row in rows_of("dictionary.csv")[1:])
    tables = {name.removesuffix(".csv") for name in files() if name.endswith(".csv")} - {"dictionary"}
    assert {table for table, _ in told} == tables
    for table in tables:
        assert {column for name, column in told if name == table} == set(rows_of(f"{table}.csv")[0])


def test_exact_tables_are_those_of_the_schema_with_their_provenance():
    for name in (n.removesuffix(".csv") for n in files() if n.startswith(EXACT) and n.endswith(".csv")):
        head = rows_of(f"{name}.csv")[0]
        assert head == [column.name for column in schema(name.removeprefix(EXACT))]
        assert head[-5:] == ["run_id", "data_hash", "scenario_hash", "model_version", "seed"]


def test_no_text_is_a_formula_for_a_spreadsheet():
    assert any(INJECTION in cell for row in rows_of(f"{EXACT}breakdown.csv") for cell in row)
    for name in files():
        if name.endswith(".csv"):
            for row in rows_of(name):
                for cell in row:
                    assert not cell.startswith(("=", "@", "\t")), (name, cell)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-cmd", "'-cmd"),
        ("+7.6%", "+7.6%"),
        ("-12.0", "-12.0"),
        ("汉滨", "汉滨"),
    ],
)
def test_only_what_could_be_a_formula_is_quoted(text, safe):
    assert harmless(text) == safe


def test_the_same_dossier_gives_the_same_bytes():
    assert dict(data_files(all_sheets(dossier(), "zh"), exact_tables(dossier()), dossier(), "zh")) == files()


def test_a_sheet_is_written_without_line_breaks_inside_cells():
    sheet = all_sheets(dossier(), "zh")[0]
    assert all("\n" not in cell for row in csv.reader(io.StringIO(csv_of(sheet, "zh"))) for cell in row)
