"""How fast a scenario is evaluated again, and eight are compared: ``python benchmarks/scenario_speed.py``.

4,000 draws, 12 indicators, 15 units, the ledgers of data/ankang-2020 (260 projects, 235 enterprises of which 211 are
troubled). The draws are made up: speed does not depend on their values. Prints one JSON document, and keeps it with
``--out FILE``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr

from forecast import __version__
from forecast.answers.chances import Case, Province
from forecast.answers.evidence import Evidence
from forecast.data.dataset import read_dataset
from forecast.data.target import TargetKind
from forecast.draws.paths import IndicatorPaths, Paths
from forecast.growth import cumulative
from forecast.inference.diagnostics import Diagnostics
from forecast.periods import AsOf, default_profile
from forecast.scenario.contributions import compare, contributions, evaluate
from forecast.scenario.effects import Evaluator, apply
from forecast.scenario.reader import Scenario, read_scenario
from forecast.scenario.world import World

ROOT = Path(__file__).parent.parent
DRAWS = 4000
INDICATORS = (
    "gdp", "ind_va", "fai", "retail", "retail_above", "urban_inc", "rural_inc", "fiscal_rev", "fdi", "culture_rev",
    "ind_power", "constr",
)  # fmt: skip


def world() -> World:
    """Made-up draws of twelve indicators for all units of the data set, the first eight months published."""
    dataset = read_dataset(ROOT / "data" / "ankang-2020")
    units, found = list(dataset.panel.units), {}
    rng = np.random.default_rng(1)
    for name in INDICATORS:
        frequency = dataset.panel.indicators[name].frequency
        weight = np.broadcast_to(default_profile(frequency), (DRAWS, len(units), frequency.per_year)).copy()
        growth = -0.03 + 0.05 * rng.standard_normal(weight.shape)
        known = 7 if frequency.per_year == 11 else 2
        growth[:, :, :known] = growth[:1, :, :known]
        cum = cumulative(growth, weight)
        published = np.full(cum.shape[1:], np.nan)
        published[:, :known] = cum[0, :, :known]
        coords = {"unit": units, "period": list(frequency.labels(2020))}
        dims = ("draw", "unit", "period")
        found[name] = IndicatorPaths(
            indicator=name,
            frequency=frequency,
            growth=xr.DataArray(growth, coords, dims),
            base_weight=xr.DataArray(weight, coords, dims),
            cum_yoy=xr.DataArray(cum, coords, dims),
            published=xr.DataArray(published, coords, dims[1:]),
            ess=float(DRAWS),
            diagnostics=Diagnostics(method="fast", status="ok", observations=1),
        )
    paths = Paths(indicators=found, target_year=2020, as_of=AsOf.parse("2020-08"), seed=1, method="fast")
    return World(paths=paths, dataset=dataset)


def judged(one: World) -> tuple[Case, ...]:
    """The city's targets against the province."""
    targets = [t for t in one.dataset.targets if t.kind is TargetKind.PROVINCE_AVERAGE]
    return tuple(
        Case(target=t, name_zh=t.indicator, held=Province("shaanxi"), evidence=Evidence.AMPLE, ess=float(DRAWS))
        for t in targets
        if t.indicator in one.paths.indicators
    )


def milliseconds(call: Callable[[], object], *, repeats: int) -> dict[str, float]:
    """Median and best of some calls."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(1000.0 * (time.perf_counter() - start))
    return {"median_ms": round(statistics.median(times), 1), "best_ms": round(min(times), 1)}


def memory() -> float:
    """Most memory used so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def later(scenario: Scenario, k: int) -> Scenario:
    """The scenario after a move of one slider: another chance of success of its restarts."""
    moved = tuple(
        replace(m, action=m.action.model_copy(update={"prob": 0.3 + 0.01 * k})) if m.type == "enterprise_restart" else m
        for m in scenario.actions
    )
    return replace(scenario, actions=moved)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="file to keep the result in")
    arguments = parser.parse_args()
    one, folder = world(), ROOT / "scenarios"
    cases = judged(one)
    speech = read_scenario(folder / "speech.yaml", one.dataset)
    start = time.perf_counter()
    apply(one.paths, Evaluator(world=one, scenario=speech).effects())
    first = 1000.0 * (time.perf_counter() - start)
    counter = iter(range(10_000))
    loaded = memory()
    again = milliseconds(lambda: evaluate(one, later(speech, next(counter)), cases, assessed=8), repeats=25)
    whole = milliseconds(lambda: evaluate(one, later(speech, next(counter)), cases, assessed=8).paths(), repeats=15)
    eight = [*[read_scenario(f, one.dataset) for f in sorted(folder.glob("*.yaml"))][:7], speech]
    compared = milliseconds(lambda: compare(one, eight, cases, assessed=8), repeats=5)
    shared = milliseconds(lambda: contributions(Evaluator(world=one, scenario=speech), cases), repeats=3)
    document = {
        "what": "re-evaluation of scenarios/speech.yaml; budgets: 50 ms, eight scenarios 1000 ms",
        "sizes": {"draws": DRAWS, "indicators": len(INDICATORS), "units": len(one.dataset.panel.units)}
        | {"projects": len(one.dataset.ledger.projects), "enterprises": len(one.dataset.ledger.enterprises)}
        | {"actions": len(speech.actions)},
        "first_evaluation_ms": round(first, 1),
        "again": again,
        "again_with_whole_paths": whole,
        "compare_eight": compared,
        "contributions": shared,
        "memory_mib": {"loaded": round(loaded), "peak": round(memory())},
        "machine": {"processor": platform.machine(), "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 2)},
        "versions": {"dabiao": __version__, "python": platform.python_version(), "numpy": np.__version__},
    }
    text = json.dumps(document, ensure_ascii=False, indent=2)
    if arguments.out:
        arguments.out.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
