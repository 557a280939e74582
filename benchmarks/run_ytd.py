"""Run the full-year-growth benchmark: ``make bench PANELS=...``, or ``python benchmarks/run_ytd.py --help``.

Plays every case of every panel, in parallel over cases, prints the tables, saves scores with versions and date under
``benchmarks/results``, and compares with the last saved run of the same method.
"""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # run as a script: the folder's own modules, and the package

import pandas as pd  # noqa: E402
from others import NAMES, RULES, peer  # noqa: E402
from protocol import MEASURES, Case, cases, load_panel, play, years_of  # noqa: E402
from results import RESULTS, about_line, compared, environment, insert, last_saved, save  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: E402
from scoreboard import OURS, calibration_lines, tables  # noqa: E402
from ytd import forecaster  # noqa: E402

from forecast.executor import Done, InProcess, LocalProcesses, Part  # noqa: E402
from forecast.track_record.peers import available  # noqa: E402

OTHERS_BY_DEFAULT = ("persistence", "gap_stays")


def main(arguments: list[str] | None = None) -> int:
    """Play, print, save, compare; 1 where a case failed or there was none."""
    asked = _arguments(arguments)
    console = Console(stderr=True)
    chosen = [case for case in _cases(asked) if case.in_sample(asked.every)]
    if not chosen:
        console.print(f"no case in {asked.panels}")
        return 1
    names = (OURS, *dict.fromkeys([*OTHERS_BY_DEFAULT, *(asked.peers or ())]))
    scores, failures = _played(chosen, names, asked, console)
    before = last_saved(asked.results, method=asked.method)
    about = environment(vars(asked))
    lines = [*tables(scores), *calibration_lines(scores)]
    print("\n".join([*lines, *(compared(scores, before) if before is not None else ())]))
    for failure in failures:
        console.print(failure)
    if not asked.dry:
        folder = save(scores, asked.results, method=asked.method, about=about)
        console.print(f"saved: {folder}")
    if asked.docs is not None:
        insert(asked.docs, [about_line(about, asked.method), "", *lines])
    return 1 if failures else 0


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--panels", type=Path, required=True, help="folder of tidy panels, or one panel")
    parser.add_argument("--measures", nargs="+", choices=MEASURES, default=list(MEASURES))
    parser.add_argument("--only", nargs="+", metavar="PANEL", help="names of panels")
    parser.add_argument("--method", choices=("fast", "nuts"), default="fast")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="a fixed sample: one case in N")
    parser.add_argument(
        "--peers", nargs="*", choices=NAMES, help="peers to run beside (extra bench); without names, all installed"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--docs", type=Path, help="document whose results are replaced by these")
    parser.add_argument("--dry", action="store_true", help="do not save")
    asked = parser.parse_args(arguments)
    if asked.peers is not None and not asked.peers:
        asked.peers = [name for name in NAMES if name in (*RULES, *available())]
    return asked


def _cases(asked: argparse.Namespace) -> list[Case]:
    files = [asked.panels] if asked.panels.is_file() else sorted(asked.panels.glob("*.csv"))
    found: list[Case] = []
    for file in files:
        if asked.only and file.stem not in asked.only:
            continue
        panel = load_panel(file)
        years = years_of(file.stem, panel)
        for measure in asked.measures:
            found += cases(file.stem, panel, years, measure=measure)
    return found


def _played(
    chosen: list[Case], names: tuple[str, ...], asked: argparse.Namespace, console: Console
) -> tuple[pd.DataFrame, list[str]]:
    """Scores of every case and forecaster, and what failed."""
    parts = [Part(f"{name}: {case.name}", partial(_one, case, name, asked.method)) for name in names for case in chosen]
    executor = InProcess() if asked.workers == 1 else LocalProcesses(asked.workers)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=len(parts))
        done = executor.outcomes(
            parts, progress=lambda name, n, of: bar.update(task, description=name[:60], completed=n, total=of)
        )
    rows = [row for one in done if isinstance(one, Done) for row in one.value]
    return pd.DataFrame(rows), [f"{one.name}: {one.reason}" for one in done if not isinstance(one, Done)]


def _one(case: Case, name: str, method: str) -> list[dict[str, object]]:
    """One forecaster on one case; a function of a module, so that a worker can run it."""
    if name == OURS:
        return play(case, partial(forecaster, method=method), name=name)
    return play(case, partial(peer, name), name=f"{name} (run)")


if __name__ == "__main__":
    raise SystemExit(main())
