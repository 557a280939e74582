"""Both routes beside each other on a small sample of the panels: ``python benchmarks/two_routes.py --help``.

Of every panel one indicator, its last scored year, two months of origin and two regions with the aggregate, so that
NUTS takes seconds a case. Prints year-end growth by both routes, and puts the table into a document.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # run as a script: the folder's own modules, and the package

import numpy as np  # noqa: E402
from protocol import Case, cases, load_panel, years_of  # noqa: E402
from results import about_line, environment  # noqa: E402
from ytd import forecaster  # noqa: E402

from forecast.track_record import scoring  # noqa: E402

ORIGINS = (3, 8)
REGIONS = 2
MARKS = ("<!-- reference: begin -->", "<!-- reference: end -->")
HEAD = ("case", "region", "outcome", "fast mean ± sd", "nuts mean ± sd", "apart, sd", "sd ratio", "p fast", "p nuts")


def main(arguments: list[str] | None = None) -> int:
    """Run the sample by both routes; 1 where there is no panel."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--panels", type=Path, required=True, help="folder of tidy panels")
    parser.add_argument("--only", nargs="+", metavar="PANEL", help="names of panels")
    parser.add_argument("--origins", nargs="+", type=int, default=list(ORIGINS), help="months of origin")
    parser.add_argument("--docs", type=Path, help="document that the table is put into")
    asked = parser.parse_args(arguments)
    rows: list[tuple[str, ...]] = []
    scores: list[tuple[float, float]] = []
    lines: list[str] = []
    for case in _sample(asked.panels, asked.only, asked.origins):
        print(case.name, file=sys.stderr, flush=True)
        found, scored = _both(case)
        rows += found
        scores.append(scored)
        means = np.mean(scores, axis=0)
        lines = [_row(HEAD), _row(("---",) * len(HEAD)), *[_row(row) for row in rows], ""]
        lines.append(f"Mean CRPS over the sample: fast {means[0]:.3f}, nuts {means[1]:.3f} percentage points.")
        if asked.docs is not None:  # after every case: whoever stops it has what was done
            about = about_line(environment({}), "fast and nuts")
            head = "**Both routes on a sample of the panels** (`benchmarks/two_routes.py`; two regions a panel)."
            _insert(asked.docs, [head, "", about, "", *lines])
    print("\n".join(lines) if rows else f"no panel in {asked.panels}")
    return 0 if rows else 1


def _sample(panels: Path, only: list[str] | None = None, origins: Sequence[int] = ORIGINS) -> list[Case]:
    """Cases with the first two regions and the aggregate."""
    found: list[Case] = []
    for file in sorted(panels.glob("*.csv")):
        if only and file.stem not in only:
            continue
        panel = load_panel(file)
        every = list(cases(file.stem, panel, years_of(file.stem, panel), measure="cum_yoy"))
        last = max(case.year for case in every)
        first = next(case.indicator for case in every if case.year == last)
        chosen = [c for c in every if (c.indicator, c.year) == (first, last) and c.origin in origins]
        found += [replace(c, window=c.window[[*c.window.columns[:REGIONS], c.window.columns[-1]]]) for c in chosen]
    return found


def _both(case: Case) -> tuple[list[tuple[str, ...]], tuple[float, float]]:
    """Table rows of a case, and its mean CRPS by both routes."""
    fast, nuts = (partial(forecaster, method=m)(case.history, case.measure, case.rng) for m in ("fast", "nuts"))
    ends = [case.window.iloc[-1].to_numpy(), case.window.iloc[-13].to_numpy()]
    outcome = 100 * (ends[0] / ends[1] - 1)
    rows = []
    for i, region in enumerate(case.window.columns):
        a, b = fast[:, i], nuts[:, i]
        reach = tuple(f"{(x[:, i] >= x[:, -1]).mean():.2f}" for x in (fast, nuts)) if i < REGIONS else ("", "")
        rows.append(
            (
                f"{case.panel} {case.year}-{case.origin:02d}",
                str(region),
                f"{outcome[i]:.1f}",
                f"{a.mean():.1f} ± {a.std():.1f}",
                f"{b.mean():.1f} ± {b.std():.1f}",
                f"{(np.median(a) - np.median(b)) / b.std():+.2f}",
                f"{a.std() / b.std():.2f}",
                *reach,
            )
        )
    scores = [float(scoring.crps(x[:, :-1], outcome[:-1]).mean()) for x in (fast, nuts)]
    return rows, (scores[0], scores[1])


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"


def _insert(document: Path, lines: list[str]) -> None:
    """Put lines between the marks of a document."""
    text = document.read_text(encoding="utf-8")
    before, rest = text.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    document.write_text(before + "\n".join([MARKS[0], "", *lines, "", MARKS[1]]) + after, encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
