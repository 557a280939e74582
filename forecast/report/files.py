"""The directory of a run: its tables and ``run.json``.

Invariant: a directory holds a whole run or none of it; an existing one is replaced at once, and only if it is a run
(held by ``tests/test_cli.py``).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import pandas as pd

from forecast import __version__
from forecast.draws.paths import COUPLING
from forecast.inference.priors import SCALE_BY_LEVEL
from forecast.report.folders import replaced
from forecast.report.tables import (
    Provenance,
    attainment_frame,
    joint_frame,
    paths_frame,
    required_frame,
    write_csv,
)
from forecast.runs.run import BASELINE, Run
from forecast.runs.store.contents import Answers, fill, header_of
from forecast.runs.store.disk import Staging
from forecast.runs.store.kept import KeptRun

MANIFEST: Final = "run.json"
SCHEMA_VERSION: Final = 1
"""Of the tables and of ``run.json``; raised when a column changes its meaning."""


def provenance(run: Run) -> Provenance:
    """What every number of a run came from."""
    return Provenance(
        run_id=run.run_id,
        data_hash=run.dataset.data_hash,
        scenario_hash=BASELINE,
        model_version=__version__,
        seed=run.request.seed,
    )


def tables(run: Run) -> dict[str, pd.DataFrame]:
    """All tables of a run, by name."""
    source = provenance(run)
    return {
        "attainment": attainment_frame(run.attainment, source),
        "required": required_frame(run.attainment, source),
        "joint": joint_frame(run.attainment, source),
        "paths": paths_frame(run.paths, source),
    }


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
        "assumptions": {"coupling_between_indicators": COUPLING, "prior_scale_by_level": SCALE_BY_LEVEL},
        "diagnostics": {name: asdict(one.diagnostics) for name, one in run.paths.indicators.items()},
        "failures": dict(run.failures),
        "remarks_used": {name: [asdict(r) for r in remarks] for name, remarks in run.remarks.items() if remarks},
    }


def document(run: Run) -> dict[str, Any]:
    """Everything of a run as one document for programs: the manifest and the short tables."""
    short = {name: frame for name, frame in tables(run).items() if name != "paths"}
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
