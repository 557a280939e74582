"""The programs behind a plan: one lever in closed form, several by KKT with clipping, mixed ones by HiGHS.

A plan's effort is the sum over columns of ``cost * use ** 2``, uses between 0 and 1; a column that is taken or not has
``cost``. Squares enter the mixed-integer program by their chords; with one cut the exact uses follow by KKT.

Invariant: no other plan that meets the same cuts has less effort, up to the gap of the chords
(held by ``tests/test_makeup_solver.py`` against brute force and against another solver).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.optimize

from forecast.dims import Floats

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
