"""The programs behind a plan: one lever in closed form, several by KKT with clipping, mixed ones by HiGHS.

A plan's effort is the sum over columns of ``cost * use ** 2``, uses between 0 and 1; a column that is taken or not has
``cost``. Squares enter the mixed-integer program by their chords; with one cut the exact uses follow by KKT.

Invariant: no other plan that meets the same cuts has less effort, up to the gap of the chords
(held by ``tests/test_makeup_solver.py`` against brute force and against another solver).

The search for a plan: draws become cuts, cuts a program, and the plan is stretched until all draws hold it.

The sample average of a chance constraint is a quantile of the draws. At a plan it is replaced by its tangent, whose
slope is the mean effect among the draws at the boundary; the program under these cuts gives the next plan, and so on.
CVaR, the usual convex stand-in, would ask of a wish of 30 % that the worse 70 % of worlds come out well on average.
Proportions come from one half of the draws, so that the other half can check them; the length comes from all.

Invariant: the plan that comes back meets every wish on all draws, or no plan does (held by
``tests/test_makeup_solver.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import scipy.optimize

from forecast.dims import Floats
from forecast.plan.request import Wish, distance, holds, slope

SEGMENTS: Final = 10
"""Chords that stand for a square in a mixed program: at most 0.0025 of a column's cost too high in between."""
LARGE: Final = 1e3
"""A need below minus this, in units of the largest gain, is none."""
GAP: Final = 2e-3
"""Relative gap at which the mixed-integer search stops: finer than anybody knows a difficulty."""
NODES: Final = 3000
"""Nodes after which it stops: a count and not a time, so that the same request gives the same plan."""
SPLIT: Final = 1e-3
"""Part of a whole column from which it is taken."""
TIE: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """What a plan is made of.

    cost : (column,), effort at full use
    whole : (column,), taken or not; otherwise any use between 0 and 1
    lever : (column,), position of its lever; of a lever's whole columns at most one is taken
    group : (column,), county or sector whose burden it counts to
    """

    cost: Floats
    whole: np.ndarray
    lever: np.ndarray
    group: np.ndarray

    def effort(self, use: Floats) -> float:
        """Effort of a plan."""
        return float((self.cost * use**2).sum())

    def burdens(self, use: Floats) -> Floats:
        """Effort of every group as a share of what all it has would take, (group,)."""
        full = np.zeros(int(self.group.max(initial=-1)) + 1)
        spent = np.zeros_like(full)
        np.add.at(full, self.group, self.cost * self.largest())
        np.add.at(spent, self.group, self.cost * use**2)
        return np.divide(spent, full, out=np.zeros_like(spent), where=full > 0)

    def largest(self) -> Floats:
        """The plan that uses everything: of a lever's whole columns the last, which is its largest, (column,)."""
        use = np.ones(len(self.cost))
        for k in np.flatnonzero(self.whole):
            later = np.flatnonzero(self.lever[k + 1 :] == self.lever[k])
            use[k] = 0.0 if later.size else 1.0
        return use


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Program:
    """Least effort subject to cuts ``gains @ use >= needs``.

    least : (column,), uses that are given
    fair : minimise the largest burden of any group first
    most : effort that it may take at most
    loose : leave out that whole columns are taken or not, and round up: a few of many are split at most
    """

    columns: Columns
    gains: Floats
    needs: Floats
    least: Floats
    fair: bool = False
    most: float = np.inf
    loose: bool = False


def least_use(slack: Floats, effect: Floats, count: int) -> float | None:
    """Least use in [0, 1] of one lever at which ``count`` draws have ``slack + use * effect >= 0``.

    Parameters
    ----------
    slack, effect : (draw,), effects not negative

    Returns
    -------
    The ``count``-th smallest of the uses that the draws need each; None where full use does not do.

    Notes
    -----
    Draw ``d`` is attained from ``u_d = max(-slack_d / effect_d, 0)`` on, so that the chance constraint is an order
    statistic of these ratios: the quantile of -gap / effect.
    """
    ratio = np.full(slack.shape, np.inf)
    np.divide(-slack, effect, out=ratio, where=effect > 0.0)
    ratio = np.where(slack >= 0.0, 0.0, ratio)
    if count <= 0:
        return 0.0
    found = float(np.partition(ratio, count - 1)[count - 1]) if count <= ratio.size else np.inf
    return found if found <= 1.0 else None


def kkt(gain: Floats, cost: Floats, need: float) -> Floats | None:
    """Uses of least ``sum(cost * use ** 2)`` with ``gain @ use >= need`` and uses in [0, 1]; None if out of reach.

    Notes
    -----
    Stationarity gives ``use = min(1, mu * gain / (2 * cost))`` with one multiplier ``mu``. ``gain @ use`` is piecewise
    linear in it; the piece that holds ``need`` gives it exactly (DOMAIN.md §6.5).
    """
    use = np.zeros(len(gain))
    if need <= 0.0:
        return use
    active = gain > 0.0
    if not active.any() or gain[active].sum() < need - TIE:
        return None
    g, c = gain[active], np.maximum(cost[active], TIE)
    full_at = 2.0 * c / g
    order = np.argsort(full_at, kind="stable")
    clipped = np.concatenate([[0.0], np.cumsum(g[order])])
    rate = (g**2 / (2.0 * c))[order]
    free = rate.sum() - np.concatenate([[0.0], np.cumsum(rate)])
    best = full_at[order[-1]]
    for k in range(len(g)):
        if free[k] <= 0.0:
            continue
        mu = (need - clipped[k]) / free[k]
        if mu <= full_at[order[k]] + TIE:
            best = mu
            break
    use[active] = np.minimum(1.0, best * g / (2.0 * c))
    return use


def least_effort(program: Program) -> Floats | None:
    """Plan of least effort, or of least burden and then effort, (column,); None where no plan meets the cuts."""
    columns, fixed = program.columns, program.least
    plain = not program.fair and len(program.needs) == 1
    if plain and not columns.whole.any() and not fixed.any():
        return kkt(program.gains[0], columns.cost, float(program.needs[0]))
    use = _mixed(program)
    if use is None or not plain or columns.whole.all():
        return use
    free = ~columns.whole
    rest = float(program.needs[0] - program.gains[0, columns.whole] @ use[columns.whole])
    sharp = kkt(program.gains[0, free], columns.cost[free], rest)
    if sharp is not None and np.all(sharp >= fixed[free] - TIE):
        use[free] = sharp
    return use


def _mixed(program: Program) -> Floats | None:
    """The program through HiGHS: columns taken or not, squares as segments of rising slope, the largest burden."""
    columns = program.columns
    split = _Split.of(columns)
    cost = split.cost(columns)
    objective = np.append(cost, 0.0)
    if program.fair:
        objective *= 1e-3 / max(float(columns.cost.sum()), TIE)
        objective[-1] = 1.0
    rows, low = _rows(program, split, cost)
    bottom = np.append(split.bottom(program.least), 0.0)
    found = scipy.optimize.milp(
        objective,
        constraints=scipy.optimize.LinearConstraint(rows, low, np.inf),
        bounds=scipy.optimize.Bounds(bottom, np.append(split.size, 1.0)),
        integrality=np.append(columns.whole[split.column] & (not program.loose), False).astype(np.float64),
        options={"mip_rel_gap": GAP, "node_limit": NODES},
    )
    if found.x is None:
        return None
    use = np.bincount(split.column, weights=found.x[:-1], minlength=len(columns.cost)).clip(0.0, 1.0)
    return np.where(columns.whole, _taken(columns, use), use)


def _taken(columns: Columns, use: Floats) -> Floats:
    """Whole columns that are taken: of a lever's levels the highest that any part of is used, 0 or 1."""
    out = np.where(columns.whole & (use > SPLIT), 1.0, 0.0)
    for k in np.flatnonzero(out):
        out[:k][columns.lever[:k] == columns.lever[k]] = 0.0
    return out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Split:
    """Variables of the mixed-integer program: a column that is taken or not is one, any other ``SEGMENTS``.

    column, size, slope : (variable,), whose it is, its largest value, and its cost per unit of the column's
    """

    column: np.ndarray
    size: Floats
    slope: Floats

    @classmethod
    def of(cls, columns: Columns) -> _Split:
        parts = np.where(columns.whole, 1, SEGMENTS)
        column = np.repeat(np.arange(len(parts)), parts)
        place = np.concatenate([np.arange(n) for n in parts]) if len(parts) else np.zeros(0)
        number = parts[column]
        return cls(column=column, size=1.0 / number, slope=(2.0 * place + 1.0) / number)

    def cost(self, columns: Columns) -> Floats:
        return columns.cost[self.column] * self.slope

    def bottom(self, least: Floats) -> Floats:
        """Least values that add up to uses that are given, the cheapest segments first."""
        before = np.round(self.slope / self.size - 1.0) / 2.0 * self.size
        return np.clip(least[self.column] - before, 0.0, self.size)


def _rows(program: Program, split: _Split, cost: Floats) -> tuple[Floats, Floats]:
    """Constraints ``rows @ x >= low``: the cuts, one level of a lever, burdens."""
    columns = program.columns
    unit = np.maximum(np.abs(program.gains).max(axis=1, initial=0.0), TIE)  # HiGHS' tolerances are absolute
    gains, needs = program.gains / unit[:, None], program.needs / unit
    blocks = [np.column_stack([gains[:, split.column], np.zeros(len(needs))])]
    low = [np.maximum(needs, -LARGE)]
    levers, counts = np.unique(columns.lever[columns.whole], return_counts=True)
    several = levers[counts > 1]
    if several.size:
        mine = (columns.lever[None] == several[:, None]) & columns.whole
        blocks.append(np.column_stack([-mine[:, split.column].astype(np.float64), np.zeros(len(several))]))
        low.append(np.full(len(several), -1.0))
    if program.fair:
        groups = np.arange(int(columns.group.max()) + 1)
        mine = columns.group[split.column][None] == groups[:, None]
        full = np.bincount(columns.group, weights=columns.cost * columns.largest(), minlength=len(groups))
        blocks.append(np.column_stack([-(mine * cost), full]))
        low.append(np.zeros(len(groups)))
    if np.isfinite(program.most):
        blocks.append(np.append(-cost, 0.0)[None] / max(program.most, TIE))
        low.append(np.full(1, -1.0))
    return np.concatenate(blocks), np.concatenate(low)


ROUNDS: Final = 8
"""Cuts are drawn anew at most so often; three or four are usual."""
STILL: Final = 2e-3
"""Relative change of the effort from which new cuts are not worth their time."""
CLOSE: Final = 2e-5
"""Distances below this are met, fraction of growth: 0.002 points."""
SAME: Final = 1e-3
"""Change of a use below which a plan is the same."""
TRIMS: Final = 30
"""Steps that any one use is shortened by at most, once a plan has its length."""
BURDEN: Final = 1e6
"""Weight of the largest burden where it counts first."""
SAFE: Final = 1e-7
"""Met by this much, fraction of growth: effects are kept in single precision."""
BISECTIONS: Final = 16
"""Of the length of a plan: finer than any step that it is rounded to."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SearchProblem:
    """Wishes on draws.

    slack : (case, draw), fraction of growth, without any measure
    effects : (case, column, draw), of full use; not negative where a wish can be reached by doing more
    about : positions of the cases of every wish
    step : (column,), grid of the uses of a plan; uses are rounded up to it
    train : draws that the proportions come from
    least : (column,), uses that are given
    """

    columns: Columns
    wishes: tuple[Wish, ...]
    about: tuple[np.ndarray, ...]
    slack: Floats
    effects: Floats
    step: Floats
    train: slice
    least: Floats

    @cached_property
    def half(self) -> Floats:
        """Effects on the draws that proportions come from."""
        return np.ascontiguousarray(self.effects[:, :, self.train])

    def distances(self, use: Floats) -> Floats:
        """How far every wish is away under a plan, (wish,), fraction."""
        slack = self.under(use)
        return np.array([distance(w, slack[at]) for w, at in zip(self.wishes, self.about, strict=True)])

    def under(self, use: Floats) -> Floats:
        """Slack under a plan, (case, draw)."""
        return self.slack + np.matmul(use.astype(np.float32), self.effects) if use.any() else self.slack

    def met(self, slack: Floats, goals: Floats) -> bool:
        """Whether all wishes are no further away than their goals, by the slack of all cases."""
        return all(holds(w, slack[at], float(goal)) for w, at, goal in zip(self.wishes, self.about, goals, strict=True))

    def on_grid(self, use: Floats) -> Floats:
        """Uses rounded up to what can be written."""
        return np.minimum(np.ceil(use / self.step - 1e-6) * self.step, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """A plan: uses, (column,), and its effort; ``met`` tells whether all wishes hold on all draws."""

    use: Floats
    effort: float
    met: bool


def search(
    problem: SearchProblem,
    goals: Floats,
    *,
    columns: Columns | None = None,
    fair: bool = False,
    near: Floats | None = None,
    loose: bool = False,
    most: float = np.inf,
) -> Found:
    """Least effort at which no wish is further away than its goal.

    Parameters
    ----------
    goals : (wish,), distances to come down to, fraction; 0 meets a wish
    columns : other efforts than the problem's
    fair : the largest burden of any group counts first
    near : a plan to start from; where cuts are drawn first, and nothing else, depends on it
    loose : whole columns from rounding up the linear program, not from the mixed-integer one
    most : effort that the program may take; where that is too little, the plan comes out above it
    """
    own = columns or problem.columns
    full = np.maximum(own.largest(), problem.least)
    if np.all(problem.distances(problem.least) <= goals):
        return _found(problem, own, problem.least, goals)
    if np.any(problem.distances(full) > goals):
        return _found(problem, own, full, goals)
    goals = np.maximum(goals - SAFE, problem.distances(full))
    plans = _proportions(problem, own, goals, fair, near, loose, most)
    found = [_found(problem, own, _stretched(problem, own, use, full, goals, fair=fair), goals) for use in plans]
    return min(found, key=lambda one: (not one.met, own.burdens(one.use).max(initial=0.0) if fair else 0.0, one.effort))


def _found(problem: SearchProblem, columns: Columns, use: Floats, goals: Floats) -> Found:
    met = bool(np.all(problem.distances(use) <= goals))
    return Found(use=use, effort=columns.effort(use), met=met)


def _proportions(
    problem: SearchProblem, columns: Columns, goals: Floats, fair: bool, near: Floats | None, loose: bool, most: float
) -> list[Floats]:
    """Plans of least effort that come down to the goals, and that all but do, before rounding."""
    full = np.maximum(columns.largest(), problem.least)
    use = problem.least if near is None else near
    best: dict[float, tuple[float, Floats]] = {}
    last, cold = np.inf, near is None
    more = np.zeros(len(goals))
    for _ in range(ROUNDS):
        gains, needs = _cuts(problem, use, goals)
        program = Program(
            columns=columns, gains=gains, needs=needs + more, least=problem.least, fair=fair, most=most, loose=loose
        )
        found = least_effort(program)
        if found is None:  # tangents elsewhere may do: at nothing first, then at everything
            found = full if cold else problem.least
            cold = True
        before, use = use, found
        away = problem.distances(use) - goals
        effort = columns.effort(use) + (BURDEN * float(columns.burdens(use).max(initial=0.0)) if fair else 0.0)
        for slack in (0.0, CLOSE):
            if np.all(away <= slack) and effort < best.get(slack, (np.inf, use))[0]:
                best[slack] = effort, use
        same = np.abs(use - before).max(initial=0.0) <= SAME or abs(effort - last) <= STILL * effort
        if same and np.all(away <= 10.0 * CLOSE):
            break
        more = np.where(away > CLOSE, more + 0.5 * away, more)
        last = effort
    kept = {use.tobytes(): use for _, use in best.values()}
    return list(kept.values()) or [use]


def _cuts(problem: SearchProblem, use: Floats, goals: Floats) -> tuple[Floats, Floats]:
    """Tangents of the distances at a plan: ``gains @ use' >= needs``; slopes from the half, lengths from all draws."""
    away = problem.distances(use)
    slack = problem.under(use)[:, problem.train]
    gains, needs = [], []
    for w, (wish, at) in enumerate(zip(problem.wishes, problem.about, strict=True)):
        tangent = slope(wish, slack[at], problem.half[at])
        gains.append(tangent)
        needs.append(away[w] - goals[w] + tangent @ use)
    return np.array(gains), np.array(needs)


def _stretched(
    problem: SearchProblem, columns: Columns, use: Floats, full: Floats, goals: Floats, *, fair: bool
) -> Floats:
    """The plan at the length that all draws need, on the grid, without measures that it can do without."""

    def met(plan: Floats) -> bool:
        return problem.met(problem.under(plan), goals)

    free = ~columns.whole
    if not met(problem.on_grid(use)):
        use = _towards(problem, use, full, met)
    if not fair:
        use = _without(problem, use, columns, goals)
    base, moving = np.where(free, problem.least, use), np.where(free, use - problem.least, 0.0)
    if not moving.any():
        return problem.on_grid(use)
    if met(problem.on_grid(base)):
        return problem.on_grid(base)
    low, high = 0.0, 1.0
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if met(problem.on_grid(base + middle * moving)) else (middle, high)
    return _trimmed(problem, problem.on_grid(base + high * moving), columns, goals)


def _without(problem: SearchProblem, use: Floats, columns: Columns, goals: Floats) -> Floats:
    """The plan without whole columns that it can spare, the dearest first."""
    use = use.copy()
    slack = problem.under(problem.on_grid(use))
    for k in sorted(np.flatnonzero(columns.whole & (use > problem.least)), key=lambda k: (-columns.cost[k], k)):
        less = slack - problem.effects[:, k]
        if problem.met(less, goals):
            slack, use[k] = less, 0.0
    return use


def _towards(problem: SearchProblem, use: Floats, full: Floats, met: Callable[[Floats], bool]) -> Floats:
    """A plan that falls short, moved towards full use until it does not; whole columns last and one by one."""
    free = ~problem.columns.whole
    most = np.where(free, full, use)
    if met(problem.on_grid(most)):
        low, high = 0.0, 1.0
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            low, high = (low, middle) if met(problem.on_grid(use + middle * (most - use))) else (middle, high)
        return use + high * (most - use)
    for k in np.flatnonzero((full > 0.0) & (most < full)):
        most = np.where(problem.columns.lever == problem.columns.lever[k], 0.0, most)
        most[k] = 1.0
        if met(problem.on_grid(most)):
            break
    return most


def _trimmed(problem: SearchProblem, use: Floats, columns: Columns, goals: Floats) -> Floats:
    """One step less of any use that can spare it, the dearest first, until none can."""
    use = use.copy()
    slack = problem.under(use)
    for _ in range(TRIMS):
        changed = False
        for k in sorted(np.flatnonzero(~columns.whole & (use > 0.0)), key=lambda k: (-columns.cost[k] * use[k], k)):
            to = max(np.ceil(use[k] / problem.step[k] - 1e-6) - 1.0, 0.0) * problem.step[k]
            less = slack - (use[k] - to) * problem.effects[:, k]
            if to >= problem.least[k] and problem.met(less, goals):
                slack, use[k], changed = less, to, True
        if not changed:
            break
    return use


def matters(problem: SearchProblem, wish: int) -> np.ndarray:
    """Columns that change anything in a wish's cases, (column,)."""
    return np.asarray(problem.effects[problem.about[wish]].any(axis=(0, 2)))


def relevant(problem: SearchProblem, wishes: Sequence[int]) -> np.ndarray:
    """Columns that change anything in any of some wishes' cases, (column,)."""
    found = [matters(problem, w) for w in wishes]
    return np.any(found, axis=0) if found else np.zeros(len(problem.step), dtype=bool)
