"""The league of a city: ranks of all its siblings for every indicator, and their scores, from one set of draws.

Invariant: a rank target's probability is that of the table of ranks, and an indicator without draws is named, never
ranked (held by ``tests/test_league.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forecast.answers.chances import published
from forecast.answers.evidence import Published
from forecast.answers.ranks import RankAnswer, rank_answers, siblings
from forecast.answers.scores import Scores, Standing, scores
from forecast.data.panel import Config, Panel, nearest_province
from forecast.dims import DRAW, PERIOD, UNIT, Floats, to_percent
from forecast.draws.paths import IndicatorPaths, Paths
from forecast.periods import Month


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class League:
    """Ranks and scores of a city and its siblings.

    units : the siblings in official order, with draws or not
    ranks : indicator -> answers of the siblings that have draws; indicators with fewer than two are left out
    period : indicator -> the latest period that most siblings have published this year, of the ranks now; None: none
    scores : None where the data set states no assessment, or nothing of it can be scored
    scored : siblings that the scores are of: those with draws of every item that is scored
    """

    units: tuple[str, ...]
    ranks: Mapping[str, tuple[RankAnswer, ...]]
    period: Mapping[str, Month | None]
    scores: Scores | None

    def of(self, indicator: str, unit: str) -> RankAnswer | None:
        """Where one unit ends the year by one indicator; None where it is not ranked."""
        return next((one for one in self.ranks.get(indicator, ()) if one.unit == unit), None)


def league(paths: Paths, panel: Panel, config: Config, *, unit: str | None = None) -> League:
    """Ranks and scores of a unit (the city unless told) and its siblings at the end of the year."""
    own = unit or config.city
    units = siblings(tuple(panel.units.values()), own)
    figures = Published.of(panel, paths.as_of, paths.target_year)
    ranks: dict[str, tuple[RankAnswer, ...]] = {}
    periods: dict[str, Month | None] = {}
    for name, one in paths.indicators.items():
        drawn = _drawn(one, units, figures)
        if len(drawn) < 2 or own not in drawn:
            continue
        period, now = _now(figures, name, drawn)
        digits = panel.indicators[name].decimals
        periods[name] = period
        ranks[name] = rank_answers(
            year_end(one, drawn, digits), drawn, indicator=name, of=len(units), now=now, decimals=digits
        )
    return League(units=units, ranks=ranks, period=periods, scores=_scores(paths, panel, config, figures, units))


def year_end(one: IndicatorPaths, units: Sequence[str], decimals: int, period: int = -1) -> Floats:
    """Cumulative growth at a period at published digits, percent, (draw, unit)."""
    drawn = one.cum_yoy.sel({UNIT: list(units)}).isel({PERIOD: period}).transpose(DRAW, UNIT).to_numpy()
    return np.asarray(to_percent(published(drawn.astype(np.float64), decimals)))


def _drawn(one: IndicatorPaths, units: Sequence[str], figures: Published) -> tuple[str, ...]:
    """Siblings with draws and a figure of this year: without one a rank would only repeat the prior."""
    have = set(map(str, one.cum_yoy[UNIT].values))
    return tuple(unit for unit in units if unit in have and figures.points(unit, one.indicator))


def _now(figures: Published, indicator: str, units: Sequence[str]) -> tuple[Month | None, Floats]:
    """Figures of the latest period that most of the siblings have, percent; NaN where a sibling lacks it."""
    told = {unit: {one.period: one.growth_pct for one in figures.to_date(unit, indicator)} for unit in units}
    months = sorted({month for own in told.values() for month in own})
    common = [month for month in months if sum(month in own for own in told.values()) * 2 > len(units)]
    if not common:
        return None, np.full(len(units), np.nan)
    return common[-1], np.array([told[unit].get(common[-1], np.nan) for unit in units])


def _scores(paths: Paths, panel: Panel, config: Config, figures: Published, units: Sequence[str]) -> Scores | None:
    rules = config.assessment
    if rules is None:
        return None
    named = {item.indicator for item in rules.items} & set(paths.indicators)
    drawn = {name: frozenset(_drawn(paths.indicators[name], units, figures)) for name in named}
    scored = tuple(unit for unit in units if all(unit in have for have in drawn.values()))
    if len(scored) < 2:
        return None
    standings: dict[tuple[str, int], Standing] = {}
    wanted = {(item.indicator, month) for item in rules.items for month in item.parts}
    wanted |= {(event.indicator, month) for event in rules.events for month in event.months}
    for name, month in sorted(wanted):
        one = paths.indicators.get(name)
        at = None if one is None else _position(one, month)
        if one is not None and at is not None and set(scored) <= set(_drawn(one, units, figures)):
            standings[name, month] = _standing(one, scored, at, panel)
    return scores(rules, standings, scored) if standings else None


def _position(one: IndicatorPaths, month: int) -> int | None:
    labels = [Month.parse(str(label)).month for label in one.cum_yoy[PERIOD].values]
    return labels.index(month) if month in labels else None


def _standing(one: IndicatorPaths, units: Sequence[str], at: int, panel: Panel) -> Standing:
    province, digits = nearest_province(panel.units, units[0]), panel.indicators[one.indicator].decimals
    have = set(map(str, one.cum_yoy[UNIT].values))
    average = year_end(one, (province,), digits, at)[:, 0] if province is not None and province in have else None
    growth = year_end(one, units, digits, at)
    return Standing(growth=growth, average=average, level=_levels(one.indicator, units, growth, panel))


def _levels(indicator: str, units: Sequence[str], growth: Floats, panel: Panel) -> Floats | None:
    """Levels at the end of the year, 亿元; None unless the base of every sibling is known."""
    bases = panel.bases[panel.bases["indicator"] == indicator].set_index("unit")["base_level_yi"]
    if not set(units) <= set(bases.index) or bases.loc[list(units)].isna().any():
        return None
    return np.asarray(bases.loc[list(units)].to_numpy() * (1.0 + growth / 100.0))
