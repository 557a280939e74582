"""Proposals for 单月点名 and 双月约谈: counties ranked by published growth, gap and contribution to the city's gap.

Only published figures rank a place; a place without one is shown as 未公布 and never ranked. Draws say how sure the
order of the year's end is, and nothing else. The lists are proposals: the city decides.

Invariant: a place without a published figure of the ranked period has no rank and is on no list
(held by ``tests/test_naming.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np

from forecast.answers.evidence import Published
from forecast.data.panel import NamingRule, Stated, Unit
from forecast.data.target import TargetKind
from forecast.dims import Floats, brief, from_percent
from forecast.periods import Month
from forecast.scenario.effects import Effects, year_end
from forecast.scenario.world import World

LEAST_GAP_PP: Final = 0.5
"""Gap of the city from which shares of it mean something: figures are rounded to a tenth."""


class RankStatus(StrEnum):
    """Whether an indicator's places could be ranked."""

    RANKED = "ranked"
    TOO_FEW = "too_few"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One place in one indicator. Growth in percent, gaps in points, probabilities fractions; None where unknown.

    period : of the figure, which may be an older one where the place is not ranked
    rank : 1 is fastest; equal growth, equal rank
    gap_city_pp : growth minus the city's of the same period; gap_plan_pp : minus the plan of
        ``plan_unit``, the place itself or, where it has none, the city
    contribution_pp : share of the city's base times (growth - the province's), of the same period
    contribution_share : of the city's gap, fraction, where it is behind by ``LEAST_GAP_PP``; None for a
        zone, which is in its county
    p_last : probability of being among the last ``name_last`` at the end of the year; rank_p10, rank_p90 : of the rank
    named : proposed for 点名
    """

    indicator: str
    unit: str
    name_zh: str
    within: str | None
    period: Month | None = None
    growth_pct: float | None = None
    rank: int | None = None
    gap_city_pp: float | None = None
    plan_pct: float | None = None
    plan_unit: str | None = None
    gap_plan_pp: float | None = None
    share: float | None = None
    contribution_pp: float | None = None
    contribution_share: float | None = None
    p_last: float | None = None
    rank_p10: int | None = None
    rank_p90: int | None = None
    named: bool = False
    synthetic: bool = False

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """One indicator's places, ranked ones first, then those without a figure in official order.

    published : places with a figure of ``period``; of : places in all
    """

    indicator: str
    name_zh: str
    status: RankStatus
    period: Month | None
    published: int
    of: int
    city_pct: float | None
    province_pct: float | None
    standings: tuple[Standing, ...]

    __repr__ = brief

    def gap_province_pp(self, one: Standing) -> float | None:
        """Growth of a place minus the province's of the same period."""
        if one.growth_pct is None or self.province_pct is None or one.period != self.period:
            return None
        return one.growth_pct - self.province_pct


@dataclass(frozen=True, slots=True, kw_only=True)
class Interview:
    """One place over all ranked indicators.

    mean_place : mean of rank over number ranked, fraction; 1 is last everywhere
    ranked : indicators that rank it; behind : of them below the city; named : of them proposed for 点名
    contribution_share : mean over indicators, fraction; None where none is known
    proposed : for 约谈
    """

    unit: str
    name_zh: str
    mean_place: float
    ranked: int
    behind: int
    named: int
    contribution_share: float | None
    proposed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NamingLists:
    """Both lists, and what they rest on.

    naming_month, interview_month : the next odd and the next even month from the day of knowledge
    stated : what was said of places by the day of knowledge, as the data set quotes it
    """

    rule: NamingRule
    naming_month: Month
    interview_month: Month
    rankings: tuple[Ranking, ...]
    interviews: tuple[Interview, ...]
    stated: tuple[Stated, ...]
    synthetic: bool

    __repr__ = brief

    @property
    def named(self) -> tuple[Standing, ...]:
        """Proposed for 点名."""
        return tuple(s for ranking in self.rankings for s in ranking.standings if s.named)

    @property
    def proposed(self) -> tuple[Interview, ...]:
        """Proposed for 约谈."""
        return tuple(one for one in self.interviews if one.proposed)


def naming(world: World) -> NamingLists:
    """Lists of the counties and zones of the city, by the rule of its data set."""
    config = world.dataset.config
    places = _places(world)
    published = Published.of(world.dataset.panel, world.paths.as_of, world.paths.target_year)
    names = config.naming.indicators or _indicators(world, published, places)
    rankings = tuple(
        _ranking(world, published, name, places) for name in names if name in world.dataset.panel.indicators
    )
    day = world.paths.as_of.day
    month = Month(day.year, day.month)
    return NamingLists(
        rule=config.naming,
        naming_month=month if month.month % 2 else month.plus(1),
        interview_month=month.plus(1) if month.month % 2 else month,
        rankings=rankings,
        interviews=_interviews(rankings, places, config.naming),
        stated=tuple(one for one in config.naming.stated if one.released <= day),
        synthetic=config.synthetic or any(s.synthetic for r in rankings for s in r.standings),
    )


def _places(world: World) -> tuple[Unit, ...]:
    units = world.dataset.panel.units
    return tuple(u for u in units.values() if u.parent == world.city and u.level in ("county", "zone"))


def _indicators(world: World, published: Published, places: Sequence[Unit]) -> tuple[str, ...]:
    """Indicators with a target of the city that any place publishes in the target year, official order."""
    wanted = {target.indicator for target in world.dataset.targets if target.unit == world.city}
    return tuple(
        name
        for name in world.dataset.panel.indicators
        if name in wanted and any(published.to_date(place.unit, name) for place in places)
    )


def _ranking(world: World, published: Published, indicator: str, places: Sequence[Unit]) -> Ranking:
    rule = world.dataset.config.naming
    figures = {p.unit: {f.period: f.growth_pct for f in published.to_date(p.unit, indicator)} for p in places}
    counts: dict[Month, int] = {}
    for one in figures.values():
        for month in one:
            counts[month] = counts.get(month, 0) + 1
    ranked = [month for month, n in counts.items() if n >= rule.least]
    period = max(ranked or counts, default=None)
    status = RankStatus.RANKED if ranked else RankStatus.TOO_FEW if counts else RankStatus.NONE
    city = _at(published, world.city, indicator, period)
    province = _at(published, world.province, indicator, period)
    found = [_standing(world, indicator, place, figures[place.unit], period, city, province) for place in places]
    if status is RankStatus.RANKED:
        found = _ranks(world, indicator, found, rule, period)
    found.sort(key=lambda s: (s.rank is None, s.rank or 0, s.growth_pct is None))
    return Ranking(
        indicator=indicator,
        name_zh=world.dataset.panel.indicators[indicator].name_zh,
        status=status,
        period=period,
        published=sum(s.growth_pct is not None and s.period == period for s in found),
        of=len(places),
        city_pct=city,
        province_pct=province,
        standings=tuple(found),
    )


def _at(published: Published, unit: str, indicator: str, period: Month | None) -> float | None:
    found = {f.period: f.growth_pct for f in published.to_date(unit, indicator)}
    return found.get(period) if period else None


def _standing(
    world: World,
    indicator: str,
    place: Unit,
    figures: Mapping[Month, float],
    period: Month | None,
    city: float | None,
    province: float | None,
) -> Standing:
    """What is published of one place, at the ranked period or else its latest."""
    own = period if period in figures else max(figures, default=None)
    growth = figures.get(own) if own else None
    same = own == period and growth is not None
    plans = {t.unit: t.value for t in world.dataset.targets if t.indicator == indicator and t.kind is TargetKind.PLAN}
    planned = next((unit for unit in (place.unit, world.city) if unit in plans), None)
    plan = plans[planned] if planned else None
    share = world.share(place.unit, indicator) if place.counted_within is None else None
    weight = None if share is None else float(share.mean())
    behind = None if growth is None or province is None or weight is None or not same else weight * (growth - province)
    gap = None if city is None or province is None else city - province
    rows = world.dataset.panel.observations
    mine = rows[(rows["unit"] == place.unit) & (rows["indicator"] == indicator)]
    return Standing(
        indicator=indicator,
        unit=place.unit,
        name_zh=place.name_zh,
        within=place.counted_within,
        period=own,
        growth_pct=growth,
        gap_city_pp=growth - city if same and growth is not None and city is not None else None,
        plan_pct=plan,
        plan_unit=planned,
        gap_plan_pp=growth - plan if growth is not None and plan is not None else None,
        share=weight,
        contribution_pp=behind,
        contribution_share=behind / gap if behind is not None and gap is not None and gap <= -LEAST_GAP_PP else None,
        synthetic=bool((mine["status"] == "synthetic").any()),
    )


def _ranks(
    world: World, indicator: str, found: Sequence[Standing], rule: NamingRule, period: Month | None
) -> list[Standing]:
    """Ranks of the places with a figure of the period, how sure they are, and who is proposed."""
    mine = [s for s in found if s.growth_pct is not None and s.period == period]
    growth = np.array([s.growth_pct for s in mine], dtype=np.float64)
    rank = 1 + (growth[None, :] > growth[:, None] + 1e-9).sum(axis=1)
    spread = _year_end_ranks(world, indicator, [s.unit for s in mine])
    out = [s for s in found if s not in mine]
    for s, place in zip(mine, rank, strict=True):
        last = int(place) > len(mine) - rule.name_last
        far = s.gap_city_pp is None or -s.gap_city_pp >= max(rule.behind_pp, 1e-9)
        placed = replace(s, rank=int(place), named=last and far)
        if s.unit in spread:
            ranks = spread[s.unit]
            low, high = np.quantile(ranks, [0.1, 0.9], method="inverted_cdf")
            late = float((ranks > len(spread) - rule.name_last).mean())
            placed = replace(placed, p_last=late, rank_p10=int(low), rank_p90=int(high))
        out.append(placed)
    return out


def _year_end_ranks(world: World, indicator: str, units: Sequence[str]) -> dict[str, Floats]:
    """Rank of every place at the end of the year, (draw,), among those with draws; empty for fewer than two."""
    drawn = [unit for unit in units if world.drawn(indicator, unit)]
    if len(drawn) < 2:
        return {}
    one = world.paths.indicators[indicator]
    ends = np.array([year_end(one, unit, Effects()) for unit in drawn])
    return {unit: 1.0 + (ends > ends[i] + from_percent(1e-9)).sum(axis=0) for i, unit in enumerate(drawn)}


def _interviews(rankings: Sequence[Ranking], places: Sequence[Unit], rule: NamingRule) -> tuple[Interview, ...]:
    """Places that at least half of the rankings rank, worst first."""
    ranked = [r for r in rankings if r.status is RankStatus.RANKED]
    out = []
    for place in places:
        mine = [(s, r.published) for r in ranked for s in r.standings if s.unit == place.unit and s.rank is not None]
        if not mine or 2 * len(mine) < len(ranked):
            continue
        shares = [s.contribution_share for s, _ in mine if s.contribution_share is not None]
        out.append(
            Interview(
                unit=place.unit,
                name_zh=place.name_zh,
                mean_place=float(np.mean([(s.rank or 0) / n for s, n in mine])),
                ranked=len(mine),
                behind=sum(s.gap_city_pp is not None and s.gap_city_pp < 0.0 for s, _ in mine),
                named=sum(s.named for s, _ in mine),
                contribution_share=float(np.mean(shares)) if shares else None,
                proposed=False,
            )
        )
    out.sort(key=lambda one: (-one.mean_place, -one.behind, one.unit))
    first = {one.unit for one in [o for o in out if o.behind > 0][: rule.interview_last]}
    return tuple(replace(one, proposed=one.unit in first) for one in out)
