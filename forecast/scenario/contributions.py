"""Who brings how much: each action alone, without it, and its fair share of the whole change.

The fair share is Shapley's: an action's change averaged over all orders in which the actions could be taken. Shares
sum exactly to the whole change; they are exact up to ``EXACT_UP_TO`` actions and sampled with a stated error beyond.

Invariant: shares sum to the change of the scenario, to the last digit of a float
(held by ``tests/test_compare.py``).

Where an effect comes from: months, rows, money, points and the assumptions used, action by action.

Invariant: points of the actions sum to those of the scenario where no two overlap (held by ``tests/test_compare.py``).

Scenarios side by side, on the same draws: what each changes, and which of two is better.

Differences are counted draw by draw, so that they are effects of the actions and not of the drawing.

Invariant: a scenario without actions differs from the baseline by exactly nothing (held by ``tests/test_compare.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Any, Final

import numpy as np

from forecast.answers.attainment import Joint, joint
from forecast.answers.chances import Case, Criterion, Ends, Outcome, Status, better, ends, outcome
from forecast.answers.evidence import Published, weakest
from forecast.answers.judgement import Row, case_of
from forecast.data.dataset import Dataset
from forecast.dims import Floats, brief, to_percent
from forecast.draws.paths import Paths, of_unit
from forecast.draws.streams import generator
from forecast.periods import Month
from forecast.scenario.actions import ACTIONS, Measure
from forecast.scenario.effects import Effects, Evaluator, apply, brought, made_by, year_ends
from forecast.scenario.ledger_rows import by_group, rests_on_synthetic, rows_picked
from forecast.scenario.reader import Scenario
from forecast.scenario.world import World


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

    def joint(self, criterion: Criterion) -> Joint:
        """How many are attained together."""
        return self.near if criterion is Criterion.NEAR else self.reach

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


FROM_LEDGER: Final = "ledger"
"""In place of a value: every row's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Change of year-end growth of the city by one action, points: mean and 80 % interval over draws."""

    indicator: str
    mean_pp: float
    p10_pp: float
    p90_pp: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One action and what came of it.

    first, last : months in which it changes anything; None where it does not, this year
    selected, counted : rows that it picks, and those of them that bring anything
    expected : mean number of rows that succeed
    money_yi : indicator -> 亿元 that it brings on average
    assumptions : name of an assumption -> its value as text
    """

    measure: Measure
    first: Month | None
    last: Month | None
    selected: int
    counted: int
    expected: float
    places: tuple[str, ...]
    money_yi: Mapping[str, float]
    points: tuple[Points, ...]
    assumptions: Mapping[str, str]
    group: bool
    synthetic: bool


def explain(evaluator: Evaluator) -> tuple[Trace, ...]:
    """Traces of all actions of a scenario, in the order of its file."""
    return tuple(_trace(evaluator, measure) for measure in evaluator.scenario.actions)


def _trace(evaluator: Evaluator, measure: Measure) -> Trace:
    world = evaluator.world
    effects = evaluator.effects([measure.id], city_only=True)
    parts = evaluator.parts(measure)
    rows = {e for p in parts for e, a in zip(p.entities, _most(p.amount), strict=True) if a > 0}
    chances = [float((p.delivery.share > 0).mean(axis=1).sum()) for p in parts]
    first, last = _span(evaluator, measure)
    money = {p.indicator: 0.0 for p in parts}
    for part in parts:
        money[part.indicator] += measure.additionality * sum(float(v.mean(axis=0).sum()) for v in part.money().values())
    points = []
    for (indicator, unit), added in sorted(effects.added.items()):
        if unit == world.city:
            change = to_percent(added.sum(axis=1))
            low, high = np.quantile(change, [0.1, 0.9])
            points.append(
                Points(indicator=indicator, mean_pp=float(change.mean()), p10_pp=float(low), p90_pp=float(high))
            )
    return Trace(
        measure=measure,
        first=first,
        last=last,
        selected=_selected(evaluator, measure),
        counted=len(rows),
        expected=max(chances, default=0.0),
        places=tuple(sorted({place for p in parts for place in p.places})),
        money_yi=money,
        points=tuple(points),
        assumptions=_assumptions(evaluator, measure),
        group=by_group(measure),
        synthetic=rests_on_synthetic(measure, world.dataset),
    )


def _most(amount: Mapping[int, Floats]) -> Floats:
    return np.max([np.abs(a).sum(axis=1) for a in amount.values()], axis=0) if amount else np.zeros(0)


def _selected(evaluator: Evaluator, measure: Measure) -> int:
    if getattr(measure.action, "count", None):
        return int(measure.action.count)
    return len(rows_picked(measure, evaluator.world.dataset))


def _span(evaluator: Evaluator, measure: Measure) -> tuple[Month | None, Month | None]:
    """First and last month in which an action changes anything."""
    world, impulse = evaluator.world, evaluator.impulse(measure)
    moved = np.zeros(len(world.months), dtype=bool)
    for name in impulse.__dataclass_fields__:
        for value in getattr(impulse, name).values():
            moved |= np.any(value != 0, axis=0)
    at = np.flatnonzero(moved)
    if not at.size:
        return None, None
    year = world.paths.target_year
    return Month(year, world.months[int(at[0])]), Month(year, world.months[int(at[-1])])


_FIELDS: Final = ("prob", "delivery", "spread", "delay", "ratio", "recovery", "remaining", "library_lag", "duration")


def _assumptions(evaluator: Evaluator, measure: Measure) -> dict[str, str]:
    """Everything that was assumed for an action, by the name of its field."""
    action, stated = measure.action, evaluator.scenario.assumptions
    used = {"additionality": f"{measure.additionality:g}"}
    for name in _FIELDS:
        if hasattr(action, name):
            value = getattr(action, name)
            used[name] = FROM_LEDGER if value is None else _shown(value)
    kind = ACTIONS[measure.type]
    for name in kind.assumptions:
        value = getattr(stated, name)
        used[name] = f"{value:g}" if isinstance(value, float) else f"{value.mean:g}±{value.sd:g}"
    if kind.told is not None:
        used |= kind.told(evaluator.world, action)
    return used


def _shown(value: Any) -> str:
    return ";".join(f"{v:g}" for v in value) if isinstance(value, tuple) else f"{value:g}"


EXACT_UP_TO: Final = 9
"""Actions up to which every subset is evaluated (512 of them)."""
ORDERS: Final = 60
"""Random orders beyond that, each also taken backwards."""

type WorthOfSet = Callable[[frozenset[str]], Floats]
"""What a set of actions is worth, (quantity,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What one action does for one target; probabilities as fractions, growth of the gap in points.

    alone_* : the action by itself against the baseline; without_* : what is lost if it is left out
    share_* : its fair share of the whole change; share_se : sampling error of ``share_reach``, 0 where exact
    """

    action: str
    case: Case
    alone_gap_pp: float
    alone_reach: float
    alone_near: float
    without_reach: float
    without_near: float
    share_gap_pp: float
    share_reach: float
    share_near: float
    share_se: float

    def alone(self, criterion: Criterion) -> float:
        """Change of the probability of what is spoken of by the action alone, fraction."""
        return self.alone_near if criterion is Criterion.NEAR else self.alone_reach

    def without(self, criterion: Criterion) -> float:
        """What of that probability is lost if the action is left out, fraction."""
        return self.without_near if criterion is Criterion.NEAR else self.without_reach

    def share(self, criterion: Criterion) -> float:
        """The action's fair share of that probability's change, fraction."""
        return self.share_near if criterion is Criterion.NEAR else self.share_reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """An action that brings something for the city's assessment, and for which target most."""

    measure: Measure
    best: Contribution


def most_effective(
    found: Sequence[Contribution], scenario: Scenario, *, criterion: Criterion, most: int
) -> list[Effective]:
    """The actions that bring most, at most ``most``; those that bring nothing are left out.

    Ordered by the fair share of the expected number of assessed indicators that are attained; of those that move none,
    by the points of gap.
    """
    ranked = []
    for measure in scenario.actions:
        mine = [c for c in found if c.action == measure.id and c.case.in_assessment]
        gap = max((c.share_gap_pp for c in mine), default=0.0)
        if gap > 0.0:
            best = max(mine, key=lambda c: (c.share(criterion), c.share_gap_pp))
            ranked.append((sum(c.share(criterion) for c in mine), gap, Effective(measure=measure, best=best)))
    ranked.sort(key=lambda one: (-one[0], -one[1]))
    return [one for _, _, one in ranked[:most]]


def contributions(evaluator: Evaluator, judged: Sequence[Case]) -> tuple[Contribution, ...]:
    """Contributions of every action of a scenario to every target, in the order of the file, then of the targets.

    None where no target is open: in December every year-end may be published.
    """
    names = tuple(m.id for m in evaluator.scenario.actions)
    if not names or not judged:
        return ()
    value = _value(evaluator, judged)
    shares, errors = shapley(names, value, seed=evaluator.world.seed)
    nothing, everything = value(frozenset()), value(frozenset(names))
    out = []
    for i, name in enumerate(names):
        alone = value(frozenset({name})) - nothing
        lost = everything - value(frozenset(names) - {name})
        for k, case in enumerate(judged):
            at = 3 * k
            out.append(
                Contribution(
                    action=name,
                    case=case,
                    alone_gap_pp=to_percent(float(alone[at])),
                    alone_reach=float(alone[at + 1]),
                    alone_near=float(alone[at + 2]),
                    without_reach=float(lost[at + 1]),
                    without_near=float(lost[at + 2]),
                    share_gap_pp=to_percent(float(shares[i, at])),
                    share_reach=float(shares[i, at + 1]),
                    share_near=float(shares[i, at + 2]),
                    share_se=float(errors[i, at + 1]),
                )
            )
    return tuple(out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """What the actions of a scenario do together beyond the sum of what each does alone, for one target."""

    case: Case
    gap_pp: float
    reach: float
    near: float


def interactions(result: Result, found: Sequence[Contribution]) -> tuple[Interaction, ...]:
    """Interaction of a scenario's actions by target: the sum of fair shares less that of the actions alone."""
    out = []
    for end in result.outcomes:
        mine = [c for c in found if c.case.key == end.case.key]
        out.append(
            Interaction(
                case=end.case,
                gap_pp=sum(c.share_gap_pp - c.alone_gap_pp for c in mine),
                reach=sum(c.share_reach - c.alone_reach for c in mine),
                near=sum(c.share_near - c.alone_near for c in mine),
            )
        )
    return tuple(out)


def shapley(names: Sequence[str], value: WorthOfSet, *, seed: int) -> tuple[Floats, Floats]:
    """Fair shares of the value of all, and their sampling errors, (name, quantity).

    Exact up to ``EXACT_UP_TO`` names: ``sum over S of |S|! (n - |S| - 1)! / n! * (v(S + i) - v(S))``.
    """
    n = len(names)
    size = len(value(frozenset()))
    shares = np.zeros((n, size))
    if n <= EXACT_UP_TO:
        for k in range(n):
            for subset in combinations(range(n), k):
                weight = 1.0 / (n * comb(n - 1, k))
                members = frozenset(names[i] for i in subset)
                before = value(members)
                for i in set(range(n)) - set(subset):
                    shares[i] += weight * (value(members | {names[i]}) - before)
        return _exact(shares, names, value), np.zeros_like(shares)
    rng = generator(seed, "shapley")
    pairs = []
    for _ in range(ORDERS):
        order = rng.permutation(n)
        pairs.append(0.5 * (_along(order, names, value, size) + _along(order[::-1], names, value, size)))
    stacked = np.array(pairs)
    return _exact(stacked.mean(axis=0), names, value), stacked.std(axis=0, ddof=1) / np.sqrt(ORDERS)


def _along(order: Sequence[int] | np.ndarray, names: Sequence[str], value: WorthOfSet, size: int) -> Floats:
    gains = np.zeros((len(names), size))
    members: frozenset[str] = frozenset()
    before = value(members)
    for i in order:
        members = members | {names[i]}
        after = value(members)
        gains[i] = after - before
        before = after
    return gains


def _exact(shares: Floats, names: Sequence[str], value: WorthOfSet) -> Floats:
    """Shares without the rounding of their sum, which the largest takes up."""
    whole = value(frozenset(names)) - value(frozenset())
    for k in range(shares.shape[1]):
        largest = int(np.argmax(np.abs(shares[:, k])))
        shares[largest, k] += whole[k] - shares[:, k].sum()
    return shares


def _value(evaluator: Evaluator, judged: Sequence[Case]) -> WorthOfSet:
    """Median gap, P(reach) and P(near) of every case under a set of actions, on year-end draws."""
    indicators = evaluator.world.paths.indicators
    ends = {key: of_unit(indicators[key[0]], key[1])[:, key[2]] for key in _units(judged)}
    moved: dict[frozenset[str], _Shift] = {}
    kept: dict[frozenset[str], Floats] = {}
    groups = [frozenset(group) for group in evaluator.groups]

    def shift(members: frozenset[str]) -> _Shift:
        if members not in moved:
            moved[members] = _Shift.of(evaluator, evaluator.effects(sorted(members)), ends)
        return moved[members]

    def value(members: frozenset[str]) -> Floats:
        if members not in kept:
            parts = [shift(group & members) for group in groups if group & members]
            now = {key: _moved(key, ends, parts) for key in ends}
            kept[members] = np.concatenate([_worth(case, now) for case in judged])
        return kept[members]

    return value


type _At = tuple[str, str, int]
"""Indicator, unit, position of a period; -1 for the year's end."""


@dataclass(frozen=True, slots=True, eq=False)
class _Shift:
    """What actions that are evaluated together do to growth at the periods that are asked about.

    fixed : year-end growth that a path is moved to, and the share of the movement that is made by the period, (draw,)
    """

    added: Mapping[_At, Floats]
    fixed: Mapping[_At, tuple[float, Floats | float]]
    rebased: Mapping[tuple[str, str], float]

    @classmethod
    def of(cls, evaluator: Evaluator, effects: Effects, asked: Iterable[_At]) -> _Shift:
        added: dict[_At, Floats] = {}
        fixed: dict[_At, tuple[float, Floats | float]] = {}
        for key in asked:
            pair = key[:2]
            weight, start = evaluator.world.weight(*pair), evaluator.open_from(*pair)
            last = key[2] % weight.shape[1]
            if start > last:
                continue
            if pair in effects.added:
                added[key] = brought(effects.added[pair], weight, start, last)
            if pair in effects.fixed:
                fixed[key] = effects.fixed[pair], made_by(weight, start, last)
        return cls(added, fixed, dict(effects.rebased.items()))


def _moved(key: _At, asked: Mapping[_At, Floats], parts: Sequence[_Shift]) -> Floats:
    """Growth with effects on it, as ``effects.apply`` gives it."""

    def with_added(at: _At) -> Floats:
        return sum((part.added[at] for part in parts if at in part.added), start=asked[at])

    now = with_added(key)
    for part in parts:
        if key in part.fixed:
            end, share = part.fixed[key]
            now = np.full_like(now, end) if key[2] == -1 else now + (end - with_added((*key[:2], -1))) * share
    for part in parts:
        if key[:2] in part.rebased:
            now = (1.0 + now) * part.rebased[key[:2]] - 1.0
    return now


def _worth(case: Case, now: Mapping[_At, Floats]) -> Floats:
    """Median gap, share of draws that reach, share that come close."""
    found = ends(lambda *at: now[at], [case])
    hits = [found.hits(0, criterion).mean() for criterion in (Criterion.REACH, Criterion.NEAR)]
    return np.array([np.median(found.gap[0]), *hits])


def _units(judged: Sequence[Case]) -> set[_At]:
    """Places and periods whose draws decide the cases, and their year ends, which paths may be moved to."""
    return {(c.target.indicator, unit, period) for c in judged for unit in c.units for period in {c.period, -1}}
