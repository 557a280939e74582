"""What the folder of a run holds: draws, coupling, tables, the data set as it was, and a summary.

Invariant: a kept run needs nothing outside its folder (held by ``tests/test_store.py``).
"""

from __future__ import annotations

import io
import json
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.data.dataset import Dataset
from forecast.data.reading.source import CONFIG_FILE, Source
from forecast.runs.store.disk import FULL, Staging, StoreError, written
from forecast.runs.store.draws import draws_to_bytes, order_to_bytes
from forecast.runs.store.identity import identity_fields
from forecast.runs.store.kept import COUPLING_FILE, DRAWS, INPUTS, MANIFEST_SCHEMA, SUMMARY, TABLES, KeptRun

if TYPE_CHECKING:
    from forecast.runs.run import Run


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """What is kept of a run beside its draws and its data.

    summary : content of ``run.json``; tables : by name
    """

    summary: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]


def header_of(run: Run, summary: Mapping[str, Any]) -> dict[str, Any]:
    """Everything of the manifest but the files."""
    from forecast.draws.fitting import code_hash, library_versions  # the model: who only looks at runs needs none of it

    config = run.dataset.config
    return {
        "schema_version": MANIFEST_SCHEMA,
        "run_id": run.run_id,
        "kept_at": datetime.now(UTC).isoformat(timespec="microseconds"),
        "dataset": config.name,
        "city": config.city,
        "identity": identity_fields(run.dataset),
        "as_of": run.paths.as_of.text,
        "method": run.request.method,
        "seed": run.request.seed,
        "draws": run.request.draws,
        "unit": run.request.unit,
        "year": run.request.year,
        "data_hash": run.dataset.data_hash,
        "scenario_hash": summary["scenario_hash"],
        "model_version": summary["model_version"],
        "code_hash": code_hash(),
        "versions": {"python": platform.python_version(), **library_versions(run.request.method)},
        "fits": dict(run.keys),
        "indicators": list(run.keys),
        "failures": dict(run.failures),
        "run": dict(summary),
    }


def fill(staged: Staging, run: Run, answers: Answers, earlier: Mapping[str, KeptRun]) -> None:
    """Write everything of a run but its manifest.

    Parameters
    ----------
    earlier : kept runs to take files from, by key of a fit, and by data set under its name
    """
    for name, one in run.fits.items():
        file = f"{DRAWS}/{name}.nc"
        holder = earlier.get(run.keys[name])
        if holder is None or not _shared(staged, file, holder, _draws_file(holder, run.keys[name])):
            staged.add(file, draws_to_bytes(one))
    staged.add(COUPLING_FILE, order_to_bytes(run.order))
    for name, frame in answers.tables.items():
        staged.add(f"{TABLES}/{name}.parquet", table_to_bytes(frame))
    before = earlier.get(run.dataset.config.name)
    for name, content in inputs_of(run.dataset):
        file = f"{INPUTS}/{name}"
        if before is None or not _same(before, file, content) or not _shared(staged, file, before, file):
            staged.add(file, content)
    staged.add(SUMMARY, summary_to_bytes(answers.summary))


def summary_to_bytes(summary: Mapping[str, Any]) -> bytes:
    """``run.json``: the same summary, the same bytes."""
    return f"{json.dumps(summary, ensure_ascii=False, indent=2, sort_keys=True)}\n".encode()


def table_to_bytes(frame: pd.DataFrame) -> bytes:
    """A Parquet file of a table."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _draws_file(holder: KeptRun, key: str) -> str:
    return next(f"{DRAWS}/{name}.nc" for name, one in holder.fits.items() if one == key)


def _same(before: KeptRun, file: str, content: bytes) -> bool:
    entry = before.manifest["files"].get(file)
    return entry is not None and entry["bytes"] == len(content) and (before.folder / file).read_bytes() == content


def _shared(staged: Staging, file: str, holder: KeptRun, theirs: str) -> bool:
    """Share a file with an earlier run; False where that one is damaged or gone."""
    try:
        staged.share(file, holder.folder / theirs, holder.manifest["files"][theirs]["sha256"])
    except (OSError, KeyError) as error:
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        return False
    return True


def inputs_of(dataset: Dataset) -> Iterator[tuple[str, bytes]]:
    """Files of a data set, name below its folder and content, checked to be those that were read.

    Raises
    ------
    StoreError
        A file lies outside the folder, or was changed since it was read.
    """
    config = dataset.config
    book = _workbook(dataset)
    kinds: dict[str, Path] = {"workbook": book} if book else {CONFIG_FILE: config.folder / CONFIG_FILE, **config.files}
    source = Source(folder=config.folder, file="")
    named = []
    for kind, path in kinds.items():
        if not path.resolve().is_relative_to(config.folder.resolve()):
            raise StoreError("input_outside", place=path)
        with written(path):
            source.contents[kind] = path.read_bytes()
        named.append((path.resolve().relative_to(config.folder.resolve()).as_posix(), source.contents[kind]))
    if source.digest() != dataset.data_hash:
        raise StoreError("input_changed", place=config.folder)
    yield from dict(named).items()


def _workbook(dataset: Dataset) -> Path | None:
    """The one workbook that a data set is, or None where it is a folder with a configuration."""
    paths = set(dataset.config.files.values())
    only = next(iter(paths)) if len(paths) == 1 else None
    return only if only is not None and not (dataset.config.folder / CONFIG_FILE).exists() else None
