"""A study: one run, scenarios on its draws, and everything that is said of them.

Invariant: whatever is asked of a study, its baseline is that of the run on the same data (held by
``tests/test_scenario_command.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from forecast.answers.evidence import nearest_province
from forecast.compare import Case, Comparison, cases, compare
from forecast.contributions import Contribution, contributions
from forecast.effects import Evaluator, World
from forecast.explain import Trace, explain
from forecast.gdp import Pool, pool
from forecast.given import Conditioned, condition, parse_given
from forecast.regenerated import Range, others_of, ranges
from forecast.run import Run
from forecast.scenario.reader import Scenario, read_scenario
from forecast.target import TargetKind

__all__ = ["Study", "assessed", "judged_of", "study", "world_of"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Study:
    """Scenarios compared on the draws of a run.

    world : baseline draws of the run, conditioned on ``given``
    given : how the draws were conditioned, or None
    traces, contributions, ranges : by name of the scenario; ranges of synthetic ledgers by key of the target
    """

    run: Run
    world: World
    pool: Pool
    given: Conditioned | None
    comparison: Comparison
    traces: dict[str, tuple[Trace, ...]]
    contributions: dict[str, tuple[Contribution, ...]]
    ranges: dict[str, dict[tuple[str, str, str], Range]]


def world_of(run: Run) -> tuple[World, Pool]:
    """Baseline draws of a run with GDP pooled, and the pool."""
    panel, config = run.dataset.panel, run.dataset.config
    province = nearest_province(panel.units, config.city) or config.province
    pooled = pool(run.paths, panel, units=(province, config.city))
    return World(paths=pooled.paths, dataset=run.dataset), pooled


def judged_of(run: Run, world: World) -> tuple[Case, ...]:
    """Targets of a run that can be judged, on its world."""
    return cases(run.attainment.rows, world.paths, run.dataset)


def study(run: Run, files: Sequence[str | Path], *, given: Sequence[str] = ()) -> Study:
    """Read scenarios, evaluate them on the draws of a run, and set them side by side.

    Raises
    ------
    ScenarioError
        A file is unusable.
    GivenError
        A condition cannot be read or met.
    """
    scenarios = _distinct([read_scenario(file, run.dataset) for file in files])
    world, pooled = world_of(run)
    conditioned = None
    if given:
        outcomes = [parse_given(text, world.paths) for text in given]
        conditioned = condition(world.paths, outcomes)
        world = World(paths=conditioned.paths, dataset=run.dataset)
    judged = judged_of(run, world)
    comparison = compare(world, scenarios, judged, assessed=assessed(run))
    evaluators = {s.name: Evaluator(world=world, scenario=s) for s in scenarios}
    return Study(
        run=run,
        world=world,
        pool=pooled,
        given=conditioned,
        comparison=comparison,
        traces={name: explain(e) for name, e in evaluators.items()},
        contributions={name: contributions(e, judged) for name, e in evaluators.items()},
        ranges=_ranges(world, scenarios, judged),
    )


def _distinct(scenarios: Sequence[Scenario]) -> list[Scenario]:
    """Scenarios by name; a file given twice counts once."""
    return list({s.name: s for s in scenarios}.values())


def _ranges(
    world: World, scenarios: Sequence[Scenario], judged: tuple[Case, ...]
) -> dict[str, dict[tuple[str, str, str], Range]]:
    others = others_of(world)
    return {s.name: ranges(others, s, judged) for s in scenarios}


def assessed(run: Run) -> int:
    """Indicators in the city's assessment, judged or not."""
    targets = {t.indicator for t in run.dataset.targets if t.assessed and t.kind is TargetKind.PROVINCE_AVERAGE}
    city = run.dataset.config.city
    return sum(any(t.indicator == name and t.unit == city for t in run.dataset.targets) for name in targets)
