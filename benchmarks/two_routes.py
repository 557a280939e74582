"""Both routes beside each other on a sample of the panels' cases: ``python benchmarks/two_routes.py --help``.

A fixed sample of the scored cases, all of their regions. Prints how far year-end growth by both routes is apart, their
scores and the time they take, and puts the table into a document.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # run as a script: the folder's own modules, and the package

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from protocol import Case, Forecaster, cases, load_panel, play, years_of  # noqa: E402
from results import about_line, environment, insert  # noqa: E402
from ytd import forecaster  # noqa: E402

from forecast.dims import Floats  # noqa: E402
from forecast.inference.gaps.fast import Method  # noqa: E402

EVERY = 10
ROUTES: tuple[Method, ...] = ("fast", "nuts")
MARKS = ("<!-- reference: begin -->", "<!-- reference: end -->")
HEAD = (
    "case",
    "regions",
    "centres apart, sd",
    "sd ratio",
    "CRPS fast",
    "nuts",
    "Brier fast",
    "nuts",
    "s fast",
    "s nuts",
)
SCORES = ("crps", "brier", "logs", "cov50", "cov90")


def main(arguments: list[str] | None = None) -> int:
    """Run the sample by both routes; 1 where there is no panel."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--panels", type=Path, required=True, help="folder of tidy panels")
    parser.add_argument("--only", nargs="+", metavar="PANEL", help="names of panels")
    parser.add_argument("--every", type=int, default=EVERY, metavar="N", help="a fixed sample: one case in N")
    parser.add_argument("--docs", type=Path, help="document that the table is put into")
    asked = parser.parse_args(arguments)
    rows: list[tuple[str, ...]] = []
    played: list[dict[str, object]] = []
    lines: list[str] = []
    for i, case in enumerate(_sample(asked.panels, asked.only, asked.every)):
        print(case.name, file=sys.stderr, flush=True)
        if i == 0:
            _kept({}, "nuts")(case.history, case.measure, case.rng)  # compiles
        row, scores = _both(case)
        rows.append(row)
        played += scores
        lines = [_row(HEAD), _row(("---",) * len(HEAD)), *[_row(one) for one in rows], "", *_means(played)]
        if asked.docs is not None:  # after every case: whoever stops it has what was done
            about = about_line(environment({}), "fast and nuts")
            head = f"**Both routes on a sample of the panels** (`benchmarks/two_routes.py`, one case in {asked.every})."
            insert(asked.docs, [head, "", about, "", *lines], marks=MARKS)
    print("\n".join(lines) if rows else f"no panel in {asked.panels}")
    return 0 if rows else 1


def _sample(panels: Path, only: list[str] | None = None, every: int = EVERY) -> list[Case]:
    """Cases of published growth whose name falls into the sample."""
    found: list[Case] = []
    for file in sorted(panels.glob("*.csv")):
        if only and file.stem not in only:
            continue
        panel = load_panel(file)
        whole = cases(file.stem, panel, years_of(file.stem, panel), measure="cum_yoy")
        found += [case for case in whole if case.in_sample(every)]
    return found


def _kept(kept: dict[str, Floats], method: Method) -> Forecaster:
    """The forecaster by a route, which keeps what it drew and how long it took."""

    def asked(history: pd.DataFrame, measure: str, rng: np.random.Generator) -> Floats:
        begin = time.perf_counter()
        kept[method] = forecaster(history, measure, rng, method=method)
        kept[f"{method} seconds"] = np.array(time.perf_counter() - begin)
        return kept[method]

    return asked


def _both(case: Case) -> tuple[tuple[str, ...], list[dict[str, object]]]:
    """Table row of a case, and its scores by both routes."""
    kept: dict[str, Floats] = {}
    scores = [row for method in ROUTES for row in play(case, _kept(kept, method), name=method)]
    fast, nuts = kept["fast"], kept["nuts"]
    apart = np.abs(np.median(fast, axis=0) - np.median(nuts, axis=0)) / nuts.std(axis=0)
    ratio = fast.std(axis=0) / nuts.std(axis=0)
    means = pd.DataFrame(scores).groupby("forecaster")[["crps", "brier"]].mean()
    row = (
        f"{case.panel} {case.indicator[:12]} {case.year}-{case.origin:02d}",
        str(fast.shape[1] - 1),
        f"{apart.max():.2f}",
        f"{np.median(ratio):.2f} ({ratio.min():.2f}-{ratio.max():.2f})",
        *(f"{means.at[method, score]:.3f}" for score in ("crps", "brier") for method in ROUTES),
        f"{float(kept['fast seconds']):.2f}",
        f"{float(kept['nuts seconds']):.1f}",
    )
    return row, scores


def _means(played: list[dict[str, object]]) -> list[str]:
    """Means over the regions of all cases, a line a route."""
    means = pd.DataFrame(played).groupby("forecaster")[list(SCORES)].mean()
    said = ", ".join(SCORES)
    return [
        f"Means over {len(played) // len(ROUTES)} regions ({said}): "
        + "; ".join(f"{method} " + ", ".join(f"{means.at[method, one]:.3f}" for one in SCORES) for method in ROUTES)
        + "."
    ]


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    raise SystemExit(main())
