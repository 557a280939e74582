"""What is known of a gap without a number: "below the province's average", "second in the province".

Invariant: a remark moves probability only through draws of the period it speaks of; one on a gap that is published
changes nothing (held by ``tests/test_orderings.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from forecast.data.panel import Panel
from forecast.dims import DRAW, PERIOD, UNIT
from forecast.draws.paths import IndicatorPaths, reordered
from forecast.inference.gaps.fast import systematic

SIGN_RELIABILITY: Final = 0.99
"""Probability that a remark on the sign of a gap is right about published growth: it is read off the same table."""
RANK_RELIABILITY: Final = 0.95
"""The same for a rank in the outer quarter: the average weighs places by size, so a rank only suggests the sign."""
OUTER: Final = 0.25
"""Share of ranks at either end that say something about the side of the average."""
DEFAULT_PLACES: Final = 11
"""Places ranked where the data set does not say: Shaanxi has ten cities and Yangling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """The sign of a gap at a period.

    sign : +1 the unit was above the benchmark, -1 below
    reliability : probability that the remark is right
    """

    unit: str
    benchmark: str
    period: str
    sign: int
    reliability: float
    source: str


def orderings(panel: Panel, known: pd.DataFrame, indicator: str) -> list[Ordering]:
    """Remarks on an indicator's gaps to the parent, from rows ``gap_sign`` and ``rank`` that are out.

    A rank counts where it lies in the outer quarter of ``rank_of`` places; one in the middle says nothing of the sign.
    """
    rows = known[(known["indicator"] == indicator) & known["measure"].isin(["gap_sign", "rank"])]
    out = []
    for row in rows.to_dict("records"):
        parent = panel.units[row["unit"]].parent
        sign, reliability = int(np.sign(row["value"])), SIGN_RELIABILITY
        if row["measure"] == "rank":
            places = float(row.get("rank_of") or DEFAULT_PLACES)
            share = (row["value"] - 0.5) / places
            sign = 1 if share <= OUTER else -1 if share >= 1 - OUTER else 0
            reliability = RANK_RELIABILITY
        if parent is not None and sign != 0:
            out.append(
                Ordering(
                    unit=row["unit"],
                    benchmark=parent,
                    period=str(row["period"]),
                    sign=sign,
                    reliability=reliability,
                    source=str(row["source"]),
                )
            )
    return out


def condition(paths: IndicatorPaths, remarks: Sequence[Ordering], rng: np.random.Generator) -> IndicatorPaths:
    """Draws resampled by how well they agree with what is known of gaps without a number.

    A remark weighs a draw by its reliability where the drawn gap has its sign, and by one minus it elsewhere; whole
    draws are resampled, so that units stay paired. Remarks on periods or units without draws are left out.
    """
    log_weight = np.zeros(paths.cum_yoy.sizes[DRAW])
    units, periods = set(paths.cum_yoy[UNIT].values), set(paths.cum_yoy[PERIOD].values)
    for remark in remarks:
        if {remark.unit, remark.benchmark} <= units and remark.period in periods:
            at = paths.cum_yoy.sel({PERIOD: remark.period})
            gap = (at.sel({UNIT: remark.unit}) - at.sel({UNIT: remark.benchmark})).to_numpy()
            agrees = np.sign(gap) == remark.sign
            log_weight += np.where(agrees, np.log(remark.reliability), np.log1p(-remark.reliability))
    weight = np.exp(log_weight - log_weight.max())
    if np.ptp(weight) == 0:
        return paths
    weight /= weight.sum()
    kept = float(1 / (weight**2).sum()) / len(weight)
    return reordered(paths, systematic(weight, len(weight), rng), paths.ess * kept)
