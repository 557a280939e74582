"""Files of results: tables as CSV, Parquet and JSON, and directories that hold a whole run or backtest or none of it.

CSV is UTF-8 with a byte order mark, so that Excel shows Chinese without an import dialogue; lines end in ``\\n``; an
empty cell is a value that does not exist, which is not 0; in what is handed on, text that a spreadsheet would take for
a formula gets an apostrophe before it. Types of Parquet are those of the columns' kinds, whatever the rows.

Invariant: same run, same bytes, no probability is written as 0 or 1; a directory that is none of ours is never
touched, and an earlier one stays until the new one is complete (held by ``tests/test_report.py``,
``tests/test_cli.py``, ``tests/test_collected.py`` and ``tests/test_backtest.py``); a table has the same rows in the
workbook, in CSV, in Parquet and in JSON (held by ``tests/test_report_data.py``).
"""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from forecast.draws.joint import typical
from forecast.errors import UsageError
from forecast.files import write_whole
from forecast.inference.priors import SCALE_BY_LEVEL
from forecast.runs.run import Run
from forecast.runs.store.disk import Staging
from forecast.runs.store.kept import Answers, KeptRun, fill, header_of
from forecast.tables import words
from forecast.tables.dossier import Dossier, provenance, tables
from forecast.tables.kind import Kind, Value
from forecast.tables.schema import WRITTEN, schema
from forecast.tables.stock import collected_head, collected_tables
from forecast.tables.table import LEAST, Column, Field, Sheet, Table, View
from forecast.tables.track import MANIFEST as BACKTEST_MANIFEST
from forecast.tables.track import Track
from forecast.tasks.collected import Collected
from forecast.texts import Lang, t


@contextmanager
def replaced(out: Path, *, manifest: str, refusal: str) -> Iterator[Path]:
    """A fresh directory that takes the place of ``out`` when the block ends well.

    Parameters
    ----------
    manifest : file by which a directory of this kind is known
    refusal : code of the message where ``out`` is something else

    Raises
    ------
    UsageError
        ``out`` exists and has no such manifest, or cannot be written.
    """
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / manifest).is_file())):
        raise UsageError(refusal, folder=out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".dabiao-") as scratch:
            fresh = Path(scratch) / "new"
            fresh.mkdir()
            yield fresh
            if out.exists():
                out.replace(Path(scratch) / "old")
            fresh.replace(out)
    except OSError as error:
        raise UsageError("usage_not_written", folder=out, reason=error.strerror or error) from error


MANIFEST: Final = "run.json"
SCHEMA_VERSION: Final = 3
"""Of the tables and of ``run.json``; raised when a column changes its meaning."""


def manifest(run: Run) -> dict[str, Any]:
    """What was run, on what, with which verdict: the content of ``run.json``."""
    config = run.dataset.config
    return {
        "schema_version": SCHEMA_VERSION,
        **asdict(provenance(run)),
        "dataset": config.name,
        "name_zh": config.name_zh,
        "city": config.city,
        "province": config.province,
        "target_year": config.target_year,
        "as_of": run.paths.as_of.text,
        "day_of_knowledge": run.paths.as_of.day.isoformat(),
        "first_action_month": str(config.first_action_month),
        "synthetic": config.synthetic,
        "method": run.paths.method,
        "draws": run.request.draws,
        "assumptions": {
            "correlation_between_indicators": _correlations(run),
            "prior_scale_by_level": SCALE_BY_LEVEL,
        },
        "diagnostics": {name: asdict(one.diagnostics) for name, one in run.paths.indicators.items()},
        "failures": dict(run.failures),
        "remarks_used": {name: [asdict(r) for r in remarks] for name, remarks in run.remarks.items() if remarks},
    }


def _correlations(run: Run) -> dict[str, float]:
    """Mean correlation between the run's indicators, by level."""
    found = run.paths.dependence
    return {} if found is None else {level.value: round(one, 3) for level, one in typical(found, run.fits).items()}


def document(run: Run, made: Answers | None = None) -> dict[str, Any]:
    """Everything of a run as one document for programs: the manifest and the short tables; ``made``: its answers."""
    found = answers(run) if made is None else made
    short = {name: frame for name, frame in found.tables.items() if name not in ("paths", "dependence")}
    return dict(found.summary) | {name: json.loads(frame.to_json(orient="records")) for name, frame in short.items()}


def answers(run: Run) -> Answers:
    """What is kept of a run beside its draws and its data."""
    return Answers(summary=manifest(run), tables=tables(run))


def write_run(run: Run, out: Path, *, kept: KeptRun | None = None, made: Answers | None = None) -> None:
    """Write a run's directory: its tables as CSV, and all that a kept run has; an earlier run there is replaced.

    Parameters
    ----------
    kept : the run as it is kept, from which files are copied instead of being made again
    made : its answers, where they were made already

    Raises
    ------
    UsageError
        ``out`` exists and is not a run, or cannot be written.
    """
    with replaced(out, manifest=MANIFEST, refusal="usage_not_a_run") as fresh:
        _fill(Staging(fresh), run, kept, answers(run) if made is None else made)


def _fill(staged: Staging, run: Run, kept: KeptRun | None, made: Answers) -> None:
    """Everything of a run's directory."""
    for name, frame in made.tables.items():
        write_csv(frame, staged.folder / f"{name}.csv", table=name)
        staged.register(f"{name}.csv")
    fill(staged, run, made, {} if kept is None else dict.fromkeys([*run.keys.values(), kept.header.dataset], kept))
    header = header_of(run, made.summary)
    staged.seal(header if kept is None else header | {"kept_at": kept.manifest["kept_at"]})


def write_backtest(found: Track, out: Path, *, langs: Sequence[Lang] = ()) -> None:
    """Write the directory of a backtest; an earlier one there is replaced.

    Parameters
    ----------
    langs : languages in which charts are drawn, a sheet a kind of place, ``charts/city-zh.svg``; none: no charts

    Raises
    ------
    UsageError
        ``out`` exists and is no backtest, or cannot be written.
    """
    with replaced(out, manifest=BACKTEST_MANIFEST, refusal="usage_not_a_backtest") as fresh:
        write_tables(found.tables, fresh)
        if langs and found.result.records:
            from forecast.report.track_charts import track_sheets  # altair takes a second to import

            (fresh / "charts").mkdir()
            for name, drawn in track_sheets(found, langs).items():
                (fresh / "charts" / f"{name}.svg").write_text(drawn, encoding="utf-8")
        text = json.dumps(found.manifest(), ensure_ascii=False, indent=2)
        (fresh / BACKTEST_MANIFEST).write_text(text + "\n", encoding="utf-8")


def read_backtest(folder: Path) -> dict[str, pd.DataFrame]:
    """Tables of the directory of a backtest.

    Raises
    ------
    UsageError
        It is no such directory.
    """
    try:
        return {name: pd.read_csv(folder / f"{name}.csv", encoding="utf-8-sig") for name in WRITTEN["backtest"]}
    except (OSError, ValueError) as error:
        raise UsageError("usage_no_backtest", folder=folder) from error


MORE_DECIMALS: Final = 8
"""Decimals beyond those of a column after which a number is a half for every reader."""


def _written(value: object, column: Column[Any]) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    if column.decimals is None:
        return str(value)
    number = float(value)  # type: ignore[arg-type]
    if column.kind is Kind.PROBABILITY:
        number = min(max(number, LEAST), 1.0 - LEAST)
    text = f"{number:.{column.decimals}f}"
    step = 10.0 ** -(column.kind.places if column.kind.places is not None else column.decimals)
    for decimals in range(
        column.decimals + 1, column.decimals + MORE_DECIMALS
    ):  # a half that was none is not rounded up
        if words.rounded(float(text), step) == words.rounded(number, step):
            break
        text = f"{number:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0.0 else text


def write_tables(frames: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write tables into an existing directory of their run, each under its name.

    Raises
    ------
    OSError
        A file cannot be written.
    """
    for name, frame in frames.items():
        write_csv(frame, folder / f"{name}.csv", table=name)


def write_apart(frames: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write tables into a directory of their own, which is made where there is none.

    Raises
    ------
    UsageError
        They cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_tables(frames, folder)
    except OSError as error:
        raise UsageError("usage_not_written", folder=folder, reason=error.strerror or error) from error


def write_csv(frame: pd.DataFrame, path: Path, *, table: str) -> None:
    """Write a table in its fixed format, at once or not at all.

    Parameters
    ----------
    frame : columns exactly those of ``schema(table)``, in order

    Raises
    ------
    ValueError
        The columns are not those of the table.
    OSError
        The file cannot be written; what was there before is untouched.
    """
    write_text(csv_text(frame, table=table), path)


def csv_text(frame: pd.DataFrame, *, table: str) -> str:
    """A table in its fixed format, as the text of its file.

    Raises
    ------
    ValueError
        The columns are not those of the table.
    """
    columns = schema(table)
    names = [column.name for column in columns]
    if list(frame.columns) != names:
        raise ValueError(f"columns of {table} are {names}, not {list(frame.columns)}")
    rows = frame.itertuples(index=False, name=None)
    return _lines(names, ([_written(v, one) for v, one in zip(row, columns, strict=True)] for row in rows))


def _lines(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return buffer.getvalue()


def write_text(text: str, path: Path) -> None:
    """Write the text of a table, at once or not at all.

    Raises
    ------
    OSError
        The file cannot be written; what was there before is untouched.
    """
    write_whole(path, text.encode("utf-8-sig"))


COLLECTION: Final = "collected.json"
"""File by which a directory of what came back is known."""


def write_collected(found: Collected, out: Path) -> None:
    """Write the directory of a collection; an earlier one there is replaced.

    Raises
    ------
    UsageError
        ``out`` exists and is no collection, or cannot be written.
    """
    head = collected_head(found)
    about = {"files": head.pop("files"), "plans": dict(found.source), **head}
    with replaced(out, manifest=COLLECTION, refusal="usage_not_a_collection") as fresh:
        write_tables(collected_tables(found), fresh)
        text = json.dumps(about, ensure_ascii=False, indent=2)
        (fresh / COLLECTION).write_text(text + "\n", encoding="utf-8")


_DANGEROUS: Final = re.compile(r"^[=+\-@\t\r]")
_NUMBER: Final = re.compile(r"^[+\-]?[\d.,]+(%|)?$")


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula; a number stays as it is."""
    return f"'{text}" if _DANGEROUS.match(text) and not _NUMBER.match(text) else text


def csv_of(sheet: Sheet, lang: Lang) -> str:
    """A sheet as the text of a CSV file: fixed names as header, numbers at the digits of their column."""
    names = [one.name for one in sheet.fields]
    return _lines(
        names, ([_cell(v, one.kind, lang) for v, one in zip(row, sheet.fields, strict=True)] for row in sheet.rows)
    )


def csv_shown(table: Table[Any], view: View) -> bytes:
    """What a page shows of a table, as a CSV file with its headings."""
    shown = table.of(view.surface)
    heads = [one.heading(view.lang, table.params) for one in shown]
    rows = ([_cell(v, one.kind, view.lang) for v, one in zip(row, shown, strict=True)] for row in table.values(view))
    return _encoded(_lines(heads, rows))


def _cell(value: Value, kind: Kind, lang: Lang) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return harmless(value.replace("\n", ""))
    return kind.shown(value, lang).removeprefix("+").replace(",", "")


def parquet_of(frame: pd.DataFrame, columns: Sequence[Column[Any] | Field]) -> bytes:
    """A table as a Parquet file: the type of a column is that of its kind, though no row had a value.

    Raises
    ------
    ValueError, TypeError
        A column has values that its kind does not allow.
    """
    import pyarrow as pa
    from pyarrow import parquet  # both take a tenth of a second that a terminal need not wait for

    types = {None: pa.string(), True: pa.int64(), False: pa.float64()}
    fields = [(one.name, types[_integral(one.kind)]) for one in columns]
    buffer = io.BytesIO()
    parquet.write_table(pa.Table.from_pandas(frame, schema=pa.schema(fields), preserve_index=False), buffer)
    return buffer.getvalue()


def _integral(kind: Kind) -> bool | None:
    """Whether numbers of a kind are whole; None for texts."""
    return None if kind.places is None else kind in (Kind.WHOLE, Kind.MONEY_WAN)


DICTIONARY: Final = "dictionary"
EXACT: Final = "exact_"
"""Beginning of the names of tables with exact numbers, as the commands write them into a run's directory."""
_TOLD: Final[tuple[Column[Any], ...]] = tuple(Column(name) for name in ("table", "column", "unit", "meaning"))


def data_files(
    sheets: Sequence[Sheet], exact: Mapping[str, pd.DataFrame], dossier: Dossier, lang: Lang
) -> Iterator[tuple[str, bytes]]:
    """Files by name: the sheets, the exact tables of the run, the dictionary, and one JSON document."""
    for sheet in sheets:
        yield f"{sheet.name}.csv", _encoded(csv_of(sheet, lang))
        yield f"{sheet.name}.parquet", parquet_of(_numbers(sheet), sheet.fields)
    for name, frame in exact.items():
        yield f"{EXACT}{name}.csv", _encoded(csv_text(_cleaned(frame), table=name))
        yield f"{EXACT}{name}.parquet", parquet_of(frame, schema(name))
    told = pd.DataFrame(_dictionary(sheets, exact, lang), columns=pd.Index([one.name for one in _TOLD]))
    yield f"{DICTIONARY}.csv", _encoded(told.to_csv(index=False, lineterminator="\n"))
    yield f"{DICTIONARY}.parquet", parquet_of(told, _TOLD)
    text = json.dumps(_report(sheets, dossier), ensure_ascii=False, indent=1)
    yield "report.json", f"{text}\n".encode()


def _numbers(sheet: Sheet) -> pd.DataFrame:
    """A sheet as it was computed; a word among numbers is no number."""
    columns: dict[str, Any] = {}
    for k, one in enumerate(sheet.fields):
        values = [row[k] for row in sheet.rows]
        words = _integral(one.kind) is None
        columns[one.name] = [v if words or not isinstance(v, str) else None for v in values]
    return pd.DataFrame(columns, dtype=object)


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
        for column in schema(name):
            yield f"{EXACT}{name}", column.name, column.kind.unit, column.meaning(lang)


def _report(sheets: Sequence[Sheet], dossier: Dossier) -> dict[str, Any]:
    """Everything for programs: what was run, and every sheet as records with numbers as they were computed."""
    return {
        **manifest(dossier.run),
        "scenarios": [{"name": r.scenario.name, "hash": r.scenario.hash} for r in dossier.scenarios],
        "provenance": asdict(dossier.provenance),
        "sheets": {sheet.name: {"title": sheet.title, "mark": sheet.mark, "rows": sheet.records()} for sheet in sheets},
        "note": t("report.note_probability", "zh"),
    }
