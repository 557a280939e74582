"""Files of results: tables in their fixed format, and directories that hold a whole run or none of it.

Tables are UTF-8 with a byte order mark, so that Excel shows Chinese without an import dialogue; lines end in
``\\n``; an empty cell is a value that does not exist, which is not 0.

Invariant: same run, same bytes, no probability is written as 0 or 1; a directory that is none of ours is never
touched, and an earlier one stays until the new one is complete (held by ``tests/test_report.py``,
``tests/test_cli.py``, ``tests/test_collected.py`` and ``tests/test_backtest.py``).
"""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterator, Mapping
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
from forecast.tables.collected import collected_head, collected_tables
from forecast.tables.dossier import provenance, tables
from forecast.tables.kind import Kind
from forecast.tables.schema import schema
from forecast.tables.table import LEAST, Column
from forecast.tasks.collected import Collected


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
SCHEMA_VERSION: Final = 2
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


def document(run: Run) -> dict[str, Any]:
    """Everything of a run as one document for programs: the manifest and the short tables."""
    short = {name: frame for name, frame in tables(run).items() if name not in ("paths", "dependence")}
    return manifest(run) | {name: json.loads(frame.to_json(orient="records")) for name, frame in short.items()}


def answers(run: Run) -> Answers:
    """What is kept of a run beside its draws and its data."""
    return Answers(summary=manifest(run), tables=tables(run))


def write_run(run: Run, out: Path, *, kept: KeptRun | None = None) -> None:
    """Write a run's directory: its tables as CSV, and all that a kept run has; an earlier run there is replaced.

    Parameters
    ----------
    kept : the run as it is kept, from which files are copied instead of being made again

    Raises
    ------
    UsageError
        ``out`` exists and is not a run, or cannot be written.
    """
    with replaced(out, manifest=MANIFEST, refusal="usage_not_a_run") as fresh:
        _fill(Staging(fresh), run, kept)


def _fill(staged: Staging, run: Run, kept: KeptRun | None) -> None:
    """Everything of a run's directory."""
    made = answers(run)
    for name, frame in made.tables.items():
        write_csv(frame, staged.folder / f"{name}.csv", table=name)
        staged.register(f"{name}.csv")
    fill(staged, run, made, {} if kept is None else dict.fromkeys([*run.keys.values(), kept.header.dataset], kept))
    header = header_of(run, made.summary)
    staged.seal(header if kept is None else header | {"kept_at": kept.manifest["kept_at"]})


def _written(value: object, column: Column[Any]) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    if column.decimals is None:
        return str(value)
    number = float(value)  # type: ignore[arg-type]
    if column.kind is Kind.PROBABILITY:
        number = min(max(number, LEAST), 1.0 - LEAST)
    text = f"{number:.{column.decimals}f}"
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
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(names)
    for record in frame.itertuples(index=False, name=None):
        writer.writerow(_written(value, column) for value, column in zip(record, columns, strict=True))
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
