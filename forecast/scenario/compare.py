"""Scenarios side by side, on the same draws: what each changes, and which of two is better.

Differences are counted draw by draw, so that they are effects of the actions and not of the drawing.

Invariant: a scenario without actions differs from the baseline by exactly nothing (held by ``tests/test_compare.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forecast.answers.chances import Case, Criterion, Ends, Outcome, Status, better, ends, outcome
from forecast.answers.evidence import Published, weakest
from forecast.answers.joint import Joint, joint
from forecast.answers.judgement import Row, case_of
from forecast.data.dataset import Dataset
from forecast.dims import Floats, brief
from forecast.draws.paths import Paths
from forecast.scenario.effects import Effects, Evaluator, World, apply, year_ends
from forecast.scenario.reader import Scenario


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Result:
    """One scenario and what comes of it.

    before : baseline draws
    gaps : draws of unit minus benchmark, (draw,), fraction, by key of the target
    overlaps : groups of actions that share a row of a ledger or an industry, by id
    """

    scenario: Scenario
    before: Paths
    effects: Effects
    outcomes: tuple[Outcome, ...]
    gaps: Mapping[tuple[str, str, str], Floats]
    reach: Joint
    near: Joint
    overlaps: tuple[tuple[str, ...], ...]

    __repr__ = brief

    def paths(self) -> Paths:
        """Whole paths under the scenario, made on demand."""
        return apply(self.before, self.effects)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """The baseline and scenarios on the same draws.

    cases : targets that can be judged, official order
    """

    baseline: Result
    results: tuple[Result, ...]
    cases: tuple[Case, ...]

    __repr__ = brief

    @property
    def all(self) -> tuple[Result, ...]:
        """The baseline, then the scenarios in the order given."""
        return (self.baseline, *self.results)


def cases(rows: Sequence[Row], paths: Paths, dataset: Dataset) -> tuple[Case, ...]:
    """Targets that the baseline could judge: a scenario changes draws, never evidence."""
    published = Published.of(dataset.panel, paths.as_of, paths.target_year)
    judged = [row.target for row in rows if row.status is Status.JUDGED]
    return tuple(case_of(target, paths, published=published, config=dataset.config) for target in judged)


def compare(world: World, scenarios: Sequence[Scenario], judged: Sequence[Case], *, assessed: int) -> Comparison:
    """Evaluate scenarios and set them beside the baseline.

    Parameters
    ----------
    world : baseline draws and data set
    judged : of ``cases``
    assessed : number of indicators in the city's assessment, judged or not
    """
    key = ("baseline", str(assessed), *(str(case) for case in judged))
    base, baseline = world.remember(key, lambda: _baseline(world, judged, assessed))
    results = []
    for scenario in scenarios:
        evaluator = Evaluator(world=world, scenario=scenario)
        effects = evaluator.effects()
        now = base if effects.empty else ends(year_ends(world.paths, effects), judged)
        results.append(_result(scenario, world.paths, effects, now, base, judged, assessed, evaluator.overlaps))
    return Comparison(baseline=baseline, results=tuple(results), cases=tuple(judged))


def _baseline(world: World, judged: Sequence[Case], assessed: int) -> tuple[Ends, Result]:
    base = ends(year_ends(world.paths), judged)
    empty = Scenario(name="baseline", title="baseline")
    return base, _result(empty, world.paths, Effects(), base, base, judged, assessed, ())


def evaluate(world: World, scenario: Scenario, judged: Sequence[Case], *, assessed: int) -> Result:
    """One scenario against the baseline; see ``compare``."""
    return compare(world, [scenario], judged, assessed=assessed).results[0]


def p_better(a: Result, b: Result, key: tuple[str, str, str]) -> float:
    """Probability that the gap of a target is better in ``a`` than in ``b``; ties count half."""
    return better(a.gaps[key], b.gaps[key])


def _result(
    scenario: Scenario,
    before_paths: Paths,
    effects: Effects,
    now: Ends,
    base: Ends,
    judged: Sequence[Case],
    assessed: int,
    overlaps: tuple[tuple[str, ...], ...],
) -> Result:
    counted = [(at, case) for at, case in enumerate(judged) if case.in_assessment]
    ess = min((case.ess for _, case in counted), default=1.0)
    evidence = weakest(case.evidence for _, case in counted)
    reach, near = (
        joint(
            {case.target.indicator: now.hits(at, criterion) for at, case in counted},
            criterion=criterion,
            assessed=assessed,
            ess=ess,
            evidence=evidence,
        )
        for criterion in (Criterion.REACH, Criterion.NEAR)
    )
    return Result(
        scenario=scenario,
        before=before_paths,
        effects=effects,
        outcomes=tuple(outcome(now, at, before=base) for at in range(len(judged))),
        gaps={case.key: gap for case, gap in zip(judged, now.gap, strict=True)},
        reach=reach,
        near=near,
        overlaps=overlaps,
    )
