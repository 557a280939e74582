"""Who brings how much: each action alone, without it, and its fair share of the whole change.

The fair share is Shapley's: an action's change averaged over all orders in which the actions could be taken. Shares
sum exactly to the whole change; they are exact up to ``EXACT_UP_TO`` actions and sampled with a stated error beyond.

Invariant: shares sum to the change of the scenario, to the last digit of a float
(held by ``tests/test_compare.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Final

import numpy as np

from forecast.answers.chances import Case, Criterion, ends
from forecast.dims import Floats, to_percent
from forecast.draws.paths import of_unit
from forecast.draws.streams import generator
from forecast.scenario.actions import Measure
from forecast.scenario.compare import Result
from forecast.scenario.effects import Effects, Evaluator
from forecast.scenario.reader import Scenario

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """An action that brings something for the city's assessment, and for which target most."""

    measure: Measure
    best: Contribution


def most_effective(found: Sequence[Contribution], scenario: Scenario, *, most: int) -> list[Effective]:
    """The actions that bring most, at most ``most``; those that bring nothing are left out.

    Ordered by the fair share of the expected number of assessed indicators that come close; of those that move none,
    by the points of gap.
    """
    ranked = []
    for measure in scenario.actions:
        mine = [c for c in found if c.action == measure.id and c.case.in_assessment]
        gap = max((c.share_gap_pp for c in mine), default=0.0)
        if gap > 0.0:
            best = max(mine, key=lambda c: (c.share_near, c.share_gap_pp))
            ranked.append((sum(c.share_near for c in mine), gap, Effective(measure=measure, best=best)))
    ranked.sort(key=lambda one: (-one[0], -one[1]))
    return [one for _, _, one in ranked[:most]]


def contributions(evaluator: Evaluator, judged: Sequence[Case]) -> tuple[Contribution, ...]:
    """Contributions of every action of a scenario to every target, in the order of the file, then of the targets."""
    names = tuple(m.id for m in evaluator.scenario.actions)
    if not names:
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
    for outcome in result.outcomes:
        mine = [c for c in found if c.case.key == outcome.case.key]
        out.append(
            Interaction(
                case=outcome.case,
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
    ends = {key: of_unit(indicators[key[0]], key[1])[:, -1] for key in _units(judged)}
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
            now = {key: _moved(key, end, parts) for key, end in ends.items()}
            kept[members] = np.concatenate([_worth(case, now) for case in judged])
        return kept[members]

    return value


@dataclass(frozen=True, slots=True, eq=False)
class _Shift:
    """What actions that are evaluated together do to year-end growth."""

    added: Mapping[tuple[str, str], Floats]
    fixed: Mapping[tuple[str, str], float]
    rebased: Mapping[tuple[str, str], float]

    @classmethod
    def of(cls, evaluator: Evaluator, effects: Effects, ends: Mapping[tuple[str, str], Floats]) -> _Shift:
        start = {key: evaluator.open_from(*key) for key in ends}
        added = {key: effects.added[key][:, start[key] :].sum(axis=1) for key in ends if key in effects.added}
        still_open = {key for key in ends if start[key] < evaluator.world.weight(*key).shape[1]}
        fixed = {key: end for key, end in effects.fixed.items() if key in still_open}
        return cls(added, fixed, {key: ratio for key, ratio in effects.rebased.items() if key in ends})


def _moved(key: tuple[str, str], end: Floats, parts: Sequence[_Shift]) -> Floats:
    """Year-end growth with effects on it, as ``effects.apply`` gives it."""
    for part in parts:
        if key in part.added:
            end = end + part.added[key]
    for part in parts:
        if key in part.fixed:
            end = np.full_like(end, part.fixed[key])
    for part in parts:
        if key in part.rebased:
            end = (1.0 + end) * part.rebased[key] - 1.0
    return end


def _worth(case: Case, now: Mapping[tuple[str, str], Floats]) -> Floats:
    """Median gap, share of draws that reach, share that come close."""
    found = ends(lambda indicator, unit: now[indicator, unit], [case])
    hits = [found.hits(0, criterion).mean() for criterion in (Criterion.REACH, Criterion.NEAR)]
    return np.array([np.median(found.gap[0]), *hits])


def _units(judged: Sequence[Case]) -> set[tuple[str, str]]:
    """(indicator, unit) whose draws decide the cases."""
    return {(c.target.indicator, unit) for c in judged for unit in c.units}
