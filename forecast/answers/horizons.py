"""Every month that is still to come of a target: how likely it is there then, and when for the first time.

The same draws as at the year's end, read at each period, so that horizons never contradict each other.

Invariant: the chances of a first time, and of none at all, sum to one; at the year's end the numbers are the row's
(held by ``tests/test_interim.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from forecast.answers.chances import Case, Criterion, Outcome, Status, drawn_ends, ends, outcome
from forecast.answers.evidence import Published
from forecast.answers.judgement import Light, Row, case_of, light_ahead, required_until
from forecast.answers.required import Required
from forecast.data.panel import Config, Panel
from forecast.dims import PERIOD, UNIT, brief
from forecast.draws.paths import IndicatorPaths, Paths, first_open
from forecast.periods import Month


class Occasion(StrEnum):
    """Why a month is looked at: its figures come next, it ends the quarter that is assessed next, or the year."""

    RELEASE = "release"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """One target at the end of one open period; growth in percent, gaps in points, probabilities fractions.

    outcome : cumulative growth, what it is held against, gap and chances, as for the year's end
    occasions : what the period is the next of
    p_first : share of the draws in which the target holds here for the first time of the open periods, by the
        criterion of its row; p_by : share in which it has held by then; raw shares, not kept off 0 and 1
    light : by the rule of the target, of this period's chance
    required : growth that the periods that can be acted on must average until then
    """

    case: Case
    period: Month
    outcome: Outcome
    occasions: tuple[Occasion, ...]
    criterion: Criterion
    p_first: float
    p_by: float
    light: Light
    required: Required

    __repr__ = brief

    @property
    def p(self) -> float:
        """Chance of what the row speaks of."""
        return self.outcome.p_near if self.criterion is Criterion.NEAR else self.outcome.p_reach


def horizons(row: Row, case: Case, one: IndicatorPaths, *, config: Config) -> tuple[Horizon, ...]:
    """A judged target at every open period until it is due.

    Raises
    ------
    NonFiniteError
        A draw is NaN or infinite.
    """
    periods = one.cum_yoy.sizes[PERIOD]
    last = case.period % periods
    labels = [Month.parse(str(label)) for label in one.cum_yoy[PERIOD].values]
    start = first_open(one.published.sel({UNIT: case.target.unit}).transpose(PERIOD).to_numpy())
    asked = [replace(case, period=k if k < periods - 1 else -1) for k in range(start, last + 1)]
    if not asked:
        return ()
    found = ends(drawn_ends(one), asked)
    hits = np.array([found.hits(at, row.criterion) for at in range(len(asked))])
    held = np.logical_or.accumulate(hits, axis=0)
    by = held.mean(axis=1)
    first = np.diff(by, prepend=0.0)
    quarter = next((k for k in range(start, last + 1) if labels[k].month % 3 == 0), last)
    occasions = {
        k: tuple(
            occasion
            for occasion, at in ((Occasion.RELEASE, start), (Occasion.QUARTER, quarter), (Occasion.YEAR, periods - 1))
            if k == at
        )
        for k in range(start, last + 1)
    }
    rule = config.lights[case.target.light_rule]
    out = []
    for at, one_case in enumerate(asked):
        seen = outcome(found, at)
        p = seen.p_near if row.criterion is Criterion.NEAR else seen.p_reach
        out.append(
            Horizon(
                case=one_case,
                period=labels[start + at],
                outcome=seen,
                occasions=occasions[start + at],
                criterion=row.criterion,
                p_first=float(first[at]),
                p_by=float(by[at]),
                light=light_ahead(p, rule),
                required=required_until(one, one_case, found.goal[at], action=config.first_action_month)[0],
            )
        )
    return tuple(out)


def all_horizons(rows: Sequence[Row], paths: Paths, *, panel: Panel, config: Config) -> tuple[Horizon, ...]:
    """Every judged target at every open period, in the order of the rows."""
    published = Published.of(panel, paths.as_of, paths.target_year)
    return tuple(
        horizon
        for row in rows
        if row.status is Status.JUDGED
        for horizon in horizons(
            row,
            case_of(row.target, paths, published=published, config=config),
            paths.indicators[row.target.indicator],
            config=config,
        )
    )


def next_of(found: Sequence[Horizon], occasion: Occasion) -> dict[tuple[str, str, str], Horizon]:
    """Horizon of every target at an occasion, by the key of the target."""
    return {one.case.key: one for one in found if occasion in one.occasions}


def first_likely(found: Sequence[Horizon], key: tuple[str, str, str], *, odds: float = 0.5) -> Month | None:
    """First month by which a target has held with such odds; None where it does not get there this year."""
    return next((one.period for one in found if one.case.key == key and one.p_by >= odds), None)
