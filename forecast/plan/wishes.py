"""What is wished for, and how far draws are from it.

A wish is met when enough of its *scores* are not below zero: the slack of an indicator, the least slack of several that
are wanted together, the k-th largest where k of them will do, or the slacks of all for an expected number. How far
a wish is away is the one improvement, the same in every draw, that would just meet it.

Invariant: a wish is met exactly if its distance is not above zero (held by ``tests/test_makeup_solver.py``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from forecast.answers.chances import Criterion, share_of
from forecast.dims import Floats

type WishKey = tuple[str, str, str]
"""Indicator, unit and kind of a target."""

NARROWEST: Final = 1e-5
"""Least width of the neighbourhood of the boundary, fraction of growth: draws that are all alike have none."""


class Form(StrEnum):
    """How several indicators make one wish."""

    ALL = "all"
    AT_LEAST = "at_least"
    EXPECTED = "expected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is wished for.

    keys : the targets it is about
    criterion : reach, or come close to
    level : probability in (0, 1); for ``EXPECTED`` the number of indicators attained on average
    least : of ``AT_LEAST``, how many of them; otherwise 0
    """

    keys: tuple[WishKey, ...]
    criterion: Criterion
    level: float
    form: Form = Form.ALL
    least: int = 0

    @property
    def id(self) -> str:
        """Short name for tables, as it is written on the command line without its level."""
        names = "+".join(_short(key) for key in self.keys)
        near = ":near" if self.criterion is Criterion.NEAR else ""
        match self.form:
            case Form.EXPECTED:
                return f"count{near}"
            case Form.AT_LEAST:
                return f"{self.least}of:{names}{near}"
            case Form.ALL:
                return f"{names}{near}"


def _short(key: WishKey) -> str:
    return key[0] if key[2] == "province_average" else f"{key[0]}.{key[2]}"


def scores(wish: Wish, slack: Floats) -> tuple[Floats, np.ndarray]:
    """Scores of a wish, and which case each of them is.

    Parameters
    ----------
    slack : (case, draw), of the wish's cases in their order; not below 0 where a case is attained

    Returns
    -------
    (row, draw), and as many positions of cases; one row unless the wish is an expected number.
    """
    if wish.form is Form.EXPECTED:
        return slack, np.broadcast_to(np.arange(len(slack))[:, None], slack.shape)
    rank = wish.least if wish.form is Form.AT_LEAST else len(slack)
    order = np.argsort(-slack, axis=0, kind="stable")[rank - 1]
    return slack[order, np.arange(slack.shape[1])][None], order[None]


def needed(wish: Wish, draws: int) -> int:
    """Scores that must not be below zero for the wish to be met, of ``draws`` draws.

    A probability is counted as it is reported, ``(k + 1/2) / (n + 1)``; an expected number as ``k / n``.
    """
    if wish.form is Form.EXPECTED:
        return max(math.ceil(wish.level * draws - 1e-9), 0)
    return max(math.ceil(wish.level * (draws + 1) - 0.5 - 1e-9), 0)


def value(wish: Wish, slack: Floats) -> float:
    """Probability of the wish, never 0 or 1; for an expected number that number."""
    hits = scores(wish, slack)[0] >= 0.0
    return int(hits.sum()) / slack.shape[1] if wish.form is Form.EXPECTED else share_of(hits[0])


def distance(wish: Wish, slack: Floats) -> float:
    """Least improvement of every slack that meets the wish, fraction; at most 0 where it is met.

    ``inf`` where no improvement would do: a level that the number of draws cannot show.
    """
    found = scores(wish, slack)[0].ravel()
    count = needed(wish, slack.shape[1])
    if count > found.size:
        return math.inf
    if count == 0:
        return -math.inf
    return -float(np.partition(found, found.size - count)[found.size - count])


def holds(wish: Wish, slack: Floats, goal: float) -> bool:
    """Whether a wish is no further away than ``goal``: ``distance(wish, slack) <= goal``, and quicker."""
    found = scores(wish, slack)[0]
    return int((found >= -goal).sum()) >= needed(wish, slack.shape[1])


def _near(found: Floats, at: float) -> tuple[Floats, float]:
    """Weights of the scores near a place, and the width of the neighbourhood (Silverman's rule)."""
    low, high = np.quantile(found, [0.25, 0.75])
    spread = min(float(found.std()), (float(high) - float(low)) / 1.349) or float(found.std())
    width = max(1.06 * spread * found.size**-0.2, NARROWEST)
    return np.exp(-0.5 * ((found - at) / width) ** 2), width


def slope(wish: Wish, slack: Floats, effects: Floats) -> Floats:
    """How much every column shortens the distance, per unit of its use, (column,).

    Parameters
    ----------
    effects : (case, column, draw), of the wish's cases

    Notes
    -----
    The derivative of a quantile is the mean effect among the draws at the quantile; draws nearby stand for them.
    """
    found, case = scores(wish, slack)
    at = -distance(wish, slack)
    if not math.isfinite(at):
        at = float(found.min())
    return _weighed(found, case, effects, at)[0]


def gain(wish: Wish, slack: Floats, effects: Floats) -> Floats:
    """How much every column raises the probability (or the expected number), per unit of its use, (column,)."""
    found, case = scores(wish, slack)
    mean, density = _weighed(found, case, effects, 0.0)
    return mean * density * len(found)


def _weighed(found: Floats, case: np.ndarray, effects: Floats, at: float) -> tuple[Floats, float]:
    """Mean effect near a place, (column,), and the density of the scores there."""
    weight, width = _near(found, at)
    density = float(weight.mean()) / (width * math.sqrt(2.0 * math.pi))
    if weight.sum() < 1e-12:
        weight = np.zeros_like(weight)
        weight.flat[int(np.argmin(np.abs(found - at)))] = 1.0
    total = np.zeros(effects.shape[1])
    for k in range(len(effects)):
        total += effects[k] @ np.where(case == k, weight, 0.0).sum(axis=0)
    return total / weight.sum(), density
