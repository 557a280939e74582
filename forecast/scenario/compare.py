"""Scenarios side by side, on the same draws: what each changes, and which of two is better.

Differences are counted draw by draw, so that they are effects of the actions and not of the drawing.

Invariant: a scenario without actions differs from the baseline by exactly nothing (held by ``tests/test_compare.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecast.answers.benchmark import Benchmark, Constant, Province, Siblings, Unknown, benchmark
from forecast.answers.evidence import Evidence, Published
from forecast.answers.joint import Criterion, Joint, bounded_share, joint, standard_error
from forecast.answers.judgement import Row, RowStatus, Summary, reached
from forecast.data.dataset import Dataset
from forecast.data.target import Target, TargetKind
from forecast.dims import UNIT, Floats, from_percent, to_percent
from forecast.draws.paths import Paths
from forecast.errors import NonFiniteError
from forecast.scenario.effects import Effects, Evaluator, World, apply, year_end
from forecast.scenario.reader import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A target that can be judged, and what it is held against."""

    target: Target
    name_zh: str
    held: Benchmark
    evidence: Evidence
    ess: float

    @property
    def key(self) -> tuple[str, str, str]:
        """Indicator, unit and kind of the target."""
        return self.target.indicator, self.target.unit, self.target.kind.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One target under one scenario; growth in percent, gaps in points, probabilities fractions.

    growth, benchmark_growth : at the end of the year
    gap_pp : mean of unit minus benchmark
    change_* : against the baseline; change_mcse : Monte Carlo error of ``change_reach``, from paired draws
    p_better : probability that the gap is better than in the baseline; half where nothing changes
    """

    case: Case
    growth: Summary
    benchmark_growth: Summary
    gap_pp: float
    p_reach: float
    p_near: float
    p_mcse: float
    change_growth_pp: float
    change_gap_pp: float
    change_reach: float
    change_near: float
    change_mcse: float
    p_better: float


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

    @property
    def all(self) -> tuple[Result, ...]:
        """The baseline, then the scenarios in the order given."""
        return (self.baseline, *self.results)


def cases(rows: Sequence[Row], paths: Paths, dataset: Dataset) -> tuple[Case, ...]:
    """Targets that the baseline could judge: a scenario changes draws, never evidence."""
    published = Published.of(dataset.panel, paths.as_of, paths.target_year)
    found = []
    for row in rows:
        if row.status is not RowStatus.JUDGED:
            continue
        one = paths.indicators[row.target.indicator]
        held = benchmark(row.target, published, frozenset(str(u) for u in one.cum_yoy[UNIT].values))
        if not isinstance(held, Unknown):
            found.append(Case(target=row.target, name_zh=row.name_zh, held=held, evidence=row.evidence, ess=one.ess))
    return tuple(found)


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
        now = base if effects.empty else ends(world.paths, judged, effects)
        results.append(_result(scenario, world.paths, effects, now, base, judged, assessed, evaluator.overlaps))
    return Comparison(baseline=baseline, results=tuple(results), cases=tuple(judged))


def _baseline(world: World, judged: Sequence[Case], assessed: int) -> tuple[list[_End], Result]:
    base = ends(world.paths, judged, Effects())
    empty = Scenario(name="baseline", title="baseline")
    return base, _result(empty, world.paths, Effects(), base, base, judged, assessed, ())


def evaluate(world: World, scenario: Scenario, judged: Sequence[Case], *, assessed: int) -> Result:
    """One scenario against the baseline; see ``compare``."""
    return compare(world, [scenario], judged, assessed=assessed).results[0]


def p_better(a: Result, b: Result, key: tuple[str, str, str]) -> float:
    """Probability that the gap of a target is better in ``a`` than in ``b``; ties count half."""
    return _better(a.gaps[key], b.gaps[key])


type _End = tuple[Floats, Floats]
"""Year-end growth of the unit and of what it is held against, (draw,), fraction."""


def ends(paths: Paths, judged: Sequence[Case], effects: Effects) -> list[_End]:
    """Year-end growth for every case."""
    known: dict[tuple[str, str], Floats] = {}

    def end(indicator: str, unit: str) -> Floats:
        if (indicator, unit) not in known:
            known[(indicator, unit)] = finite(year_end(paths.indicators[indicator], unit, effects), indicator, unit)
        return known[(indicator, unit)]

    return [(end(c.target.indicator, c.target.unit), _goal(c, end)) for c in judged]


def _goal(case: Case, end: Callable[[str, str], Floats]) -> Floats:
    """Year-end growth that a case is held against, (draw,), fraction."""
    indicator = case.target.indicator
    match case.held:
        case Province(unit):
            return end(indicator, unit)
        case Siblings(units, rank):
            others = np.sort(np.array([end(indicator, unit) for unit in units]), axis=0)
            return np.asarray(others[len(units) - rank])
        case Constant(growth_pct):
            return np.full_like(end(indicator, case.target.unit), from_percent(growth_pct))
        case _:
            raise AssertionError("a case is held against something")


def finite(values: Floats, indicator: str, unit: str) -> Floats:
    """The same draws.

    Raises
    ------
    NonFiniteError
        One is NaN or infinite: it would count as missed.
    """
    if not np.isfinite(values).all():
        raise NonFiniteError(f"year-end growth of {indicator}, {unit}: a draw is NaN or infinite")
    return values


def _better(a: Floats, b: Floats) -> float:
    return float((a > b).mean() + 0.5 * (a == b).mean())


def _result(
    scenario: Scenario,
    before_paths: Paths,
    effects: Effects,
    now: Sequence[_End],
    base: Sequence[_End],
    judged: Sequence[Case],
    assessed: int,
    overlaps: tuple[tuple[str, ...], ...],
) -> Result:
    outcomes, gaps = [], {}
    hits: dict[Criterion, dict[str, npt.NDArray[np.bool_]]] = {Criterion.REACH: {}, Criterion.NEAR: {}}
    for case, (own, goal), (own_before, goal_before) in zip(judged, now, base, strict=True):
        gap, before = own - goal, own_before - goal_before
        outcomes.append(_outcome(case, own, goal, own_before, gap, before))
        gaps[case.key] = gap
        if in_assessment(case):
            hits[Criterion.REACH][case.target.indicator] = reached(gap, tolerance_pp=0.0)
            hits[Criterion.NEAR][case.target.indicator] = reached(gap, tolerance_pp=case.target.tolerance_pp)
    ess = min((case.ess for case in judged if in_assessment(case)), default=1.0)
    reach, near = (joint(hits[c], criterion=c, assessed=assessed, ess=ess) for c in (Criterion.REACH, Criterion.NEAR))
    return Result(
        scenario=scenario,
        before=before_paths,
        effects=effects,
        outcomes=tuple(outcomes),
        gaps=gaps,
        reach=reach,
        near=near,
        overlaps=overlaps,
    )


def in_assessment(case: Case) -> bool:
    """Whether a case is one of the city's indicators held against the province's average."""
    return case.target.assessed and case.target.kind is TargetKind.PROVINCE_AVERAGE and isinstance(case.held, Province)


def _outcome(case: Case, own: Floats, goal: Floats, own_before: Floats, gap: Floats, before: Floats) -> Outcome:
    n, tolerance = len(gap), case.target.tolerance_pp
    reach, reach_before = reached(gap, tolerance_pp=0.0), reached(before, tolerance_pp=0.0)
    near, near_before = reached(gap, tolerance_pp=tolerance), reached(before, tolerance_pp=tolerance)
    p_reach, p_near = bounded_share(int(reach.sum()), n), bounded_share(int(near.sum()), n)
    paired = reach.astype(np.float64) - reach_before
    return Outcome(
        case=case,
        growth=Summary.of(own),
        benchmark_growth=Summary.of(goal),
        gap_pp=to_percent(float(gap.mean())),
        p_reach=p_reach,
        p_near=p_near,
        p_mcse=standard_error(p_reach, case.ess),
        change_growth_pp=to_percent(float((own - own_before).mean())),
        change_gap_pp=to_percent(float((gap - before).mean())),
        change_reach=p_reach - bounded_share(int(reach_before.sum()), n),
        change_near=p_near - bounded_share(int(near_before.sum()), n),
        change_mcse=float(paired.std() / np.sqrt(case.ess)),
        p_better=_better(gap, before),
    )
