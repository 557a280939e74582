"""Makes ``data/example``: an invented city on the edge, with the truth that its figures were published from.

``python data/build_example.py`` writes the folder again, ``--check`` compares, ``--seed N --out DIR`` draws another
city. The same seed gives the same bytes (held by ``tests/test_data_example.py``).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

from example_build.ledgers import VALUE_ADDED_RATE, enterprises, pipeline, projects
from example_build.published import (
    NAMES,
    base_table,
    event_table,
    indicator_table,
    industry_table,
    observed,
    parameter_table,
    target_table,
    unit_table,
    year_total,
)
from example_build.truth import COUNTIES, KINDS, TARGET_YEAR, UNITS, Truth, simulate, truth_tables

FOLDER = Path(__file__).resolve().parent / "example"
SEED = 20200827
FUTURES = 1000
"""Continuations from the true states as of August, for ``truth/outlook.csv``."""

AUGUST_GAPS_PP: Mapping[str, float] = {
    "gdp": 0.0,
    "ind_va": 0.3,
    "fai": -1.35,
    "retail": 0.2,
    "retail_above": -0.2,
    "urban_inc": -0.7,
    "rural_inc": -0.6,
    "fiscal_rev": 0.0,
    "fdi": 2.25,
    "ind_power": 0.1,
    "culture_rev": -1.75,
    "service_rev": -0.95,
}
"""True gap to date of the city to the province as of August, points: **the one table to turn** to put an indicator
nearer to or farther from the edge. The rest of the year is left to chance. Where last autumn was weak in the city
(a low base), a gap of zero at the year's end goes with a negative gap to date: see ``truth/outlook.csv``."""
TURNS_PCT: Mapping[str, tuple[float, float]] = {"fai": (4.0, -5.0), "ind_va": (3.0, -4.0)}
"""True cumulative growth of the turning county through May and through August of the target year."""

DATASET_TOML = f"""# 全部为合成数据，地名、企业、项目均属虚构。Everything here is synthetic.
name = "example"
name_zh = "示例市{TARGET_YEAR}年（合成数据）"
city = "city"
province = "province"
target_year = {TARGET_YEAR}
as_of = "{TARGET_YEAR}-08"
first_action_month = "{TARGET_YEAR}-10"
synthetic = true

[lights.gap]
green_from = 0.8
yellow_from = 0.5

[evidence]
limited_from = 3
ample_from = 6
"""


def simulate_all(seed: int, gaps: Mapping[str, float] | None, futures: int) -> dict[str, Truth]:
    """Truth of every indicator; without ``gaps`` the target year is left to chance as well, turning county included."""
    return {
        i: simulate(
            seed,
            i,
            gap_pp=None if gaps is None else gaps[i],
            turn_pct=None if gaps is None else TURNS_PCT.get(i),
            draws=futures,
        )
        for i in KINDS
    }


def generate(
    seed: int = SEED, *, gaps: Mapping[str, float] | None = AUGUST_GAPS_PP, futures: int = FUTURES
) -> dict[str, pd.DataFrame | str]:
    """All files of the data set but its README, by name within its folder.

    Parameters
    ----------
    seed : the city drawn
    gaps : true gap to date as of August by indicator, points; None draws an unconditional city, for calibration
    futures : continuations from August for ``truth/outlook.csv``
    """
    truths = simulate_all(seed, gaps, futures)
    base = {i: {u: year_total(t.levels[u], TARGET_YEAR - 1) for u in UNITS} for i, t in truths.items()}
    shares = {i: {c: base[i][c] / base[i]["city"] for c in COUNTIES} for i in base}
    output = base["ind_va"]["city"] / VALUE_ADDED_RATE
    observations = pd.DataFrame([row for i, t in truths.items() for row in observed(seed, i, t)])
    return {
        "dataset.toml": DATASET_TOML,
        "units.csv": unit_table(),
        "bases.csv": base_table(truths),
        "indicators.csv": indicator_table(truths),
        "observations.csv": observations,
        "targets.csv": target_table(),
        "industries.csv": industry_table(),
        "projects.csv": projects(seed, NAMES, fai_yi=base["fai"]["city"], share=shares["fai"]),
        "enterprises.csv": enterprises(seed, NAMES, output_yi=output, share=shares["ind_va"]),
        "pipeline.csv": pipeline(seed, NAMES, share=shares["gdp"]),
        **truth_tables(truths),
        "truth/parameters.csv": parameter_table(seed),
        "truth/events.csv": event_table(truths),
    }


def as_bytes(content: pd.DataFrame | str) -> bytes:
    """A file's content: UTF-8 without BOM, lines ended by LF."""
    text = content if isinstance(content, str) else content.to_csv(index=False, lineterminator="\n")
    return text.encode()


def main() -> int:
    """Write or check every file; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help="the city drawn")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write to (default: the data set)")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    arguments = parser.parse_args()
    differs = []
    for name, content in generate(arguments.seed).items():
        path, wanted = arguments.out / name, as_bytes(content)
        if arguments.check:
            differs += [] if path.is_file() and path.read_bytes() == wanted else [name]
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wanted)
    for name in differs:
        print(f"{name} differs from what the seed gives", file=sys.stderr)
    return 1 if differs else 0


if __name__ == "__main__":
    sys.exit(main())
