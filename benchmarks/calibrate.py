"""Simulation-based calibration of the model: ``make calibrate``, or ``python benchmarks/calibrate.py --help``.

Draws worlds from the model's own prior, fits them as any data set is fitted, and tests whether the truth's rank among
the draws is uniform, by the fast routes and by NUTS. Writes ``docs/calibration``: summary.csv, ranks.csv, a chart a
route, and ``docs/calibration.md``, whose text is all made here, worlds of a known structure (``worlds.py``) included.

A world's ranks depend on its number and the seed alone: with ``--kept FOLDER`` they are kept as they are made, and
whoever goes on with the same code makes the others.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # run as a script: the folder's own modules, and the package

from calibration_page import write_page  # noqa: E402
from results import environment  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: E402

from forecast.executor import Done, InProcess, LocalProcesses, Part  # noqa: E402
from forecast.track_record.sbc import (  # noqa: E402
    ROUTES,
    SbcRoute,
    SbcVerdict,
    prior_checks,
    ranks_of,
    verdicts,
)

WORLDS = {"adaptive": 1000, "structural": 1000, "regular": 1000, "reference": 60, "sampled": 60}
"""Worlds a route: with 1000 a coverage is known to two points, with 60 to seven."""
CHUNK = {"adaptive": 20, "structural": 40, "regular": 40, "reference": 4, "sampled": 4}
"""Worlds that a worker does in a row; NUTS compiles once a worker."""


def main(arguments: list[str] | None = None) -> int:
    """Simulate, test, write; 1 where a world could not be fitted."""
    asked = _arguments(arguments)
    console = Console(stderr=True)
    found: dict[SbcRoute, list[dict[str, float]]] = {}
    failures: list[str] = []
    checks = prior_checks()
    about = environment(vars(asked)) | {"seed": asked.seed}
    for route in asked.routes:
        worlds = asked.reference if route in ("reference", "sampled") else min(asked.worlds, WORLDS[route])
        if not worlds:
            continue
        ranks, failed = _ranks(route, worlds, asked, console)
        failures += failed
        if ranks:
            found[route] = ranks
            _print(route, verdicts(ranks))
        if found and not asked.dry:  # after every route: whoever stops it has what was done
            judged = {name: verdicts(one) for name, one in found.items()}
            write_page(asked.out, found, judged, checks, about=about, failures=failures)
    for failure in failures:
        console.print(failure)
    if not asked.dry:
        console.print(f"written: {asked.out}")
    return 1 if failures or not found else 0


def _print(route: SbcRoute, judged: list[SbcVerdict]) -> None:
    for one in judged:
        print(
            f"{route:<11}{one.quantity:<18}{one.worlds:>5}  p {one.p_chi_square:.3f} {one.p_ecdf:.3f}"
            f"  mean {one.mean:.3f}  50 % {one.covered50:.2f}  90 % {one.covered90:.2f}"
            f"  {'' if one.uniform else 'NOT UNIFORM'}",
            flush=True,
        )


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--routes", nargs="+", choices=ROUTES, default=list(ROUTES))
    parser.add_argument("--worlds", type=int, default=1000, help="worlds a fast route")
    parser.add_argument("--reference", type=int, default=WORLDS["reference"], help="worlds a NUTS route; 0 for none")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=HERE.parent / "docs", help="folder of the documents")
    parser.add_argument("--kept", type=Path, help="folder of ranks made before by the same code, which is gone on with")
    parser.add_argument("--kept-only", action="store_true", help="take the ranks that are kept and make no others")
    parser.add_argument("--dry", action="store_true", help="do not write")
    return parser.parse_args(arguments)


type Chunk = tuple[list[dict[str, float]], list[str]]


def _chunk(route: SbcRoute, numbers: list[int], seed: int, kept: Path | None) -> Chunk:
    """Ranks of some worlds, and the worlds that could not be fitted; a function of a module, for a worker to run."""
    ranks, failed = [], []
    for number in numbers:
        try:
            ranks.append(ranks_of(route, number, seed=seed))
        except Exception as error:  # one world less, named on the page
            failed.append(f"{route} {number}: {type(error).__name__}: {error}")
            continue
        if kept is not None:
            with (kept / f"{route}-{numbers[0]}.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps({"seed": seed, "number": number, "ranks": ranks[-1]}) + "\n")
    return ranks, failed


def kept_ranks(route: SbcRoute, worlds: int, seed: int, folder: Path | None) -> dict[int, dict[str, float]]:
    """Ranks of worlds of a route that a folder has, by number."""
    if folder is None:
        return {}
    folder.mkdir(parents=True, exist_ok=True)
    files = sorted(folder.glob(f"{route}-*.jsonl"))
    lines = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return {one["number"]: one["ranks"] for one in lines if one["seed"] == seed and one["number"] < worlds}


def _ranks(
    route: SbcRoute, worlds: int, asked: argparse.Namespace, console: Console
) -> tuple[list[dict[str, float]], list[str]]:
    """Ranks of all worlds of a route, and what failed."""
    size, before = CHUNK[route], kept_ranks(route, worlds, asked.seed, asked.kept)
    wanted = [] if asked.kept_only else [number for number in range(worlds) if number not in before]
    chunks = [wanted[start : start + size] for start in range(0, len(wanted), size)]
    made = partial(_chunk, route, seed=asked.seed, kept=asked.kept)
    parts = [Part(f"{route} {c[0]}-{c[-1]}", partial(made, c)) for c in chunks]
    executor = InProcess() if asked.workers == 1 else LocalProcesses(asked.workers)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(route, total=len(parts))
        done = executor.outcomes(
            parts, progress=lambda name, n, of: bar.update(task, description=name or route, completed=n, total=of)
        )
    ranks = [one for part in done if isinstance(part, Done) for one in part.value[0]]
    failed = [one for part in done if isinstance(part, Done) for one in part.value[1]]
    failed += [f"{part.name}: {part.reason}" for part in done if not isinstance(part, Done)]
    return [*before.values(), *ranks], failed


if __name__ == "__main__":
    raise SystemExit(main())
