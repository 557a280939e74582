"""Saved runs of the benchmark: scores of every case, the versions they were made with, and comparison with the last."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from scoreboard import OURS, SCORES, means

from forecast.draws.fitting import code_hash
from forecast.track_record import scoring

__all__ = ["RESULTS", "Saved", "about_line", "compared", "environment", "insert", "last_saved", "save"]

RESULTS: Final = Path(__file__).resolve().parent / "results"
LIBRARIES: Final = ("dabiao", "numpy", "scipy", "pandas", "pymc", "nutpie", "statsforecast", "statsmodels", "prophet")
OPTIONS: Final = ("measures", "only", "every", "peers", "workers")
COMPARED: Final = ["crps", "brier", "logs", "seconds"]
KEYS: Final = ["measure", "panel", "indicator", "year", "origin", "region"]

type Saved = tuple[Path, pd.DataFrame]


def environment(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a run was made with: versions, code, machine, date and options."""
    return {
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "versions": {name: _version(name) for name in LIBRARIES} | {"python": platform.python_version()},
        "commit": _commit(),
        "code": code_hash(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "options": {key: asked[key] for key in OPTIONS if key in asked},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _commit() -> str:
    """Commit that the working copy stands on, with + where it differs from it."""
    here = Path(__file__).resolve().parent

    def git(*words: str) -> str:
        try:
            done = subprocess.run(["git", *words], cwd=here, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return ""
        return done.stdout.strip()

    head = git("rev-parse", "--short", "HEAD")
    return f"{head}+" if head and git("status", "--porcelain", "--", "..") else head


def save(scores: pd.DataFrame, results: Path, *, method: str, about: Mapping[str, Any]) -> Path:
    """Write ``<date>-<method>/``: scores.csv, a row a case, and summary.json."""
    folder = results / f"{str(about['date']).replace(':', '').replace('+0000', 'Z')}-{method}"
    folder.mkdir(parents=True)
    scores.to_csv(folder / "scores.csv", index=False, float_format="%.5g")
    summary = {
        measure: {score: json.loads(means(scores, measure, score).to_json(orient="index")) for score in SCORES}
        for measure in scores["measure"].unique()
    }
    document = {"method": method, **about, "means": summary}
    (folder / "summary.json").write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return folder


def last_saved(results: Path, *, method: str) -> Saved | None:
    """The latest saved run of a method; None where there is none."""
    folders = sorted(folder for folder in results.glob(f"*-{method}") if (folder / "scores.csv").is_file())
    return (folders[-1], pd.read_csv(folders[-1] / "scores.csv")) if folders else None


def compared(scores: pd.DataFrame, before: Saved) -> Iterator[str]:
    """Ratios of our scores to those of an earlier run, on the cases that both have; below 1 is better now."""
    folder, earlier = before
    ours, theirs = (one[one["forecaster"] == OURS].set_index(KEYS) for one in (scores, earlier))
    both = ours[COMPARED].join(theirs[COMPARED].add_suffix("_before"), how="inner")
    yield from ("", f"## Against {folder.name}", "")
    if both.empty:
        yield "no case in common"
        return
    yield "| measure | panel | crps | brier | logs | seconds |"
    yield "|---|---|---|---|---|---|"
    for (measure, panel), mine in both.groupby(level=["measure", "panel"]):
        cells = [f"{mine[s].sum() / mine[f'{s}_before'].sum():.3f}" for s in COMPARED]
        yield f"| {measure} | {panel} | " + " | ".join(cells) + " |"
    for measure, mine in both.groupby(level="measure"):
        cluster = [f"{p}|{i}|{y}" for _, p, i, y, _, _ in mine.index]
        one = scoring.paired_ratio(mine["crps"], mine["crps_before"], cluster, rng=np.random.default_rng(1))
        yield from ("", f"{measure}: CRPS {one.ratio:.3f} [{one.low:.3f}, {one.high:.3f}] over {one.clusters} clusters")


BEGIN: Final = "<!-- results: begin (written by benchmarks/run_ytd.py --docs) -->"
END: Final = "<!-- results: end -->"


def about_line(about: Mapping[str, Any], method: str) -> str:
    """One line that says what tables were made with."""
    versions = ", ".join(f"{name} {v}" for name, v in about["versions"].items() if v != "absent")
    return f"{about['date']}, method {method}, commit {about['commit']}, {about['machine']}; {versions}."


def insert(document: Path, lines: Sequence[str], *, marks: tuple[str, str] = (BEGIN, END)) -> None:
    """Replace what stands between the marks of a document, its results unless told, by these lines.

    Raises
    ------
    ValueError
        The document has no place for results.
    """
    text = document.read_text(encoding="utf-8")
    head, begin, rest = text.partition(marks[0])
    _, end, tail = rest.partition(marks[1])
    if not begin or not end:
        raise ValueError(f"{document}: no place for results between {marks[0]!r} and {marks[1]!r}")
    deeper = [f"#{line}" if line.startswith("#") else line for line in lines]
    document.write_text("\n".join([f"{head}{begin}", "", *deeper, "", f"{end}{tail}"]), encoding="utf-8")
