"""The year-end gap of a target as a distribution: which shares of the draws miss, come close to, and reach it.

Invariant: shares of all bins sum to 1, and those of one outcome to its share of the draws
(held by ``tests/test_distribution.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from forecast.answers.evidence import Published
from forecast.answers.judgement import judge, reached
from forecast.dims import Floats, to_percent
from forecast.panel import Config, Panel
from forecast.paths import Paths
from forecast.target import Target

__all__ = ["BINS", "Distribution", "distribution", "year_end_gap"]

BINS: Final = 40
"""Of some 4,000 draws a hundred each: bars that are not noise."""
_TAIL: Final = 0.002
"""Share of draws on either side that the outermost bins take in, so that a few wild ones do not squeeze the rest."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Distribution:
    """Shares of the draws of a gap, by bin and by outcome.

    edges_pp : (bin + 1,), points; the outermost bins also hold what lies beyond them
    missed, near, reached : (bin,), fractions; ``near`` without those that reach
    """

    edges_pp: Floats
    missed: Floats
    near: Floats
    reached: Floats


def year_end_gap(target: Target, paths: Paths, *, panel: Panel, config: Config) -> Floats | None:
    """Draws of the year-end gap of a target, (draw,), fraction; None where it is not judged."""
    published = Published.of(panel, paths.as_of, paths.target_year)
    return judge(target, paths, published=published, config=config).gap


def distribution(gap: Floats, *, tolerance_pp: float, bins: int = BINS) -> Distribution:
    """Shares of the draws of a gap by bin and by outcome.

    Parameters
    ----------
    gap : (draw,), unit minus benchmark, fraction, at least one draw
    tolerance_pp : how far below still counts as close, points
    """
    points = to_percent(gap)
    low, high = np.quantile(points, [_TAIL, 1.0 - _TAIL])
    if high - low < bins * 1e-6:  # all draws alike: a settled year
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, bins + 1)
    inside = points.clip(low, high)
    reach, close = reached(gap, tolerance_pp=0.0), reached(gap, tolerance_pp=tolerance_pp)

    def share(of: np.ndarray) -> Floats:
        counts, _ = np.histogram(inside[of], bins=edges)
        return counts / len(gap)

    return Distribution(edges_pp=edges, missed=share(~close), near=share(close & ~reach), reached=share(reach))
