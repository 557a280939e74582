"""How long the make-up solver takes: ``python benchmarks/makeup_speed.py [DATASET] [--wish gdp>=0.11 ...]``.

The data set is fitted once (draws of earlier runs are taken up); what is timed is one call of ``makeup`` on all levers:
the plan with its verification, and everything (frontier, other difficulties, fairness). Prints one JSON document; the
median of several calls, processor and wall clock, seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from pathlib import Path

from forecast import __version__
from forecast.plan.makeup import makeup
from forecast.plan.request import MakeupRequest, wishes_of
from forecast.runs.run import Request, run
from forecast.runs.session import world_of
from forecast.runs.store import Store
from forecast.scenario.contributions import cases

ROOT = Path(__file__).parent.parent
BUDGET = 2.0
"""Seconds that a solve over all levers may take (DESIGN §8)."""


def measured(folder: Path, texts: list[str], repeat: int) -> dict[str, object]:
    """Times of a plan alone, and of the plan with everything that is said of it."""
    finished = run(Request(dataset=folder), kept=Store().fit)
    rows: dict[str, object] = {}
    for name, more in (("plan", {"points": 0, "again": False}), ("everything", {})):
        wall, processor = [], []
        for _ in range(repeat):
            world = world_of(finished)  # a new world remembers nothing
            judged = cases(finished.attainment.rows, world.paths, finished.dataset)
            wishes = wishes_of(texts, judged, city=world.city)
            began, used = time.perf_counter(), time.process_time()
            plan = makeup(world, judged, MakeupRequest(wishes=wishes, **more))  # type: ignore[arg-type]
            wall.append(time.perf_counter() - began)
            processor.append(time.process_time() - used)
        rows[name] = {
            "wall_s": round(statistics.median(wall), 3),
            "processor_s": round(statistics.median(processor), 3),
            "levers": len(plan.rows),
            "status": plan.status.value,
        }
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", nargs="?", type=Path, default=ROOT / "data" / "ankang-2020")
    parser.add_argument("--wish", action="append", default=[])
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args()
    document = {
        "version": __version__,
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "budget_s": BUDGET,
        **measured(asked.dataset, asked.wish, asked.repeat),
    }
    print(json.dumps(document, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
