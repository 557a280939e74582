"""补多少、济多少: a plan by industry of GDP, in points, in 亿元, and as growth that each driver needs.

Firms that restart count to industry, projects and bonds to construction, a pushed indicator to the industry that it
drives, a filled sector to itself. Shares are those of last year's GDP (DOMAIN.md §6).

Invariant: the points of the industries sum to what the levers of the plan bring to GDP (held by
``tests/test_makeup.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from forecast.answers.benchmark import Province
from forecast.answers.chances import Case
from forecast.answers.evidence import Published
from forecast.answers.history import Comparison, HistoryStatus
from forecast.data.assumptions import Assumptions
from forecast.dims import UNIT, Floats, from_percent, to_percent
from forecast.draws.gdp import GDP, industries_of
from forecast.plan.ahead import ahead, history_of
from forecast.plan.levers import CapEvidence
from forecast.plan.result import Feasibility, Role, SectorRow, Side
from forecast.plan.worth import Worth
from forecast.scenario.actions import Family
from forecast.scenario.effects import World

PRIMARY, SECONDARY = frozenset({"agri"}), frozenset({"industry", "construction"})
INDUSTRY: Final = "industry"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Of:
    """What the levers of one industry can bring and bring, fraction of GDP growth."""

    ceiling: float
    planned: float
    by_ledger: float


def feasible(history: Comparison) -> Feasibility:
    """Whether a growth was seen before; a short history never says that it cannot be."""
    if history.status is HistoryStatus.NOT_APPLICABLE:
        return Feasibility.NOT_APPLICABLE
    if history.percentile is None:
        return Feasibility.NO_HISTORY
    return Feasibility.RECORD if history.unprecedented else Feasibility.ACHIEVED


def month_points(world: World, share: Floats) -> float:
    """Points of annual GDP growth for one point of an industry's growth in every actionable month.

    share : (quarter,), of the industry in GDP
    """
    weight = world.month_weight(GDP, world.city).mean(axis=0)
    return float(sum(weight[m - 1] * share[(m - 1) // 3] for m in range(world.first, 13)))


def sector_rows(
    world: World, worth: Worth, use: Floats, largest: Floats, cases: Sequence[Case]
) -> tuple[SectorRow, ...]:
    """Rows of all industries, in the order of the data set; none without draws of the city's GDP."""
    panel = world.dataset.panel
    if panel.industries.empty or not world.drawn(GDP, world.city):
        return ()
    industries = industries_of(panel, Assumptions(), world.seed, world.draws)
    base = world.base_yi(world.city, GDP)
    level = None if base is None else float(base.mean())
    quarter = world.weight(GDP, world.city).mean(axis=0)
    province = next((c.held.unit for c in cases if isinstance(c.held, Province)), world.province)
    published = Published.of(panel, world.paths.as_of, world.paths.target_year)
    return tuple(
        _row(
            world,
            published,
            level,
            name=name,
            name_zh=str(panel.industries["name_zh"].iloc[i]),
            driver=industries.driver[i],
            elasticity=float(industries.elasticity[i].mean()),
            share=float(industries.share[i] @ quarter),
            unit_points=month_points(world, industries.share[i]),
            of=_brought(worth, use, largest, name),
            setting=any(lever.industry == name and lever.evidence is CapEvidence.SETTING for lever in worth.levers),
            ledger=_ledger(worth, use, name),
            province=province,
        )
        for i, name in enumerate(industries.names)
    )


def _brought(worth: Worth, use: Floats, largest: Floats, industry: str) -> _Of:
    mine = np.array([worth.levers[k].industry == industry for k in worth.lever], dtype=bool)
    ledger = mine & np.array([worth.levers[k].supported for k in worth.lever], dtype=bool)
    return _Of(
        ceiling=float(worth.gdp[mine] @ largest[mine]),
        planned=float(worth.gdp[mine] @ use[mine]),
        by_ledger=float(worth.gdp[ledger] @ use[ledger]),
    )


def _ledger(worth: Worth, use: Floats, industry: str) -> tuple[int, int]:
    """Projects and enterprises that the plan uses for an industry."""
    projects: set[str] = set()
    enterprises: set[str] = set()
    for c, k in enumerate(worth.lever):
        lever = worth.levers[k]
        if use[c] > 0.0 and lever.industry == industry:
            (enterprises if lever.family is Family.RESTART else projects).update(lever.entities)
    return len(projects), len(enterprises)


def _mean_end(world: World, indicator: str, unit: str) -> float | None:
    """Mean year-end growth, percent; None without draws."""
    if not world.drawn(indicator, unit):
        return None
    return to_percent(float(world.paths.indicators[indicator].cum_yoy.sel({UNIT: unit})[:, -1].mean()))


def _money(points: float | None, level: float | None) -> float | None:
    """Points of GDP as 亿元."""
    return None if level is None or points is None else from_percent(points) * level


def _row(
    world: World,
    published: Published,
    level: float | None,
    *,
    name: str,
    name_zh: str,
    driver: str,
    elasticity: float,
    share: float,
    unit_points: float,
    of: _Of,
    setting: bool,
    ledger: tuple[int, int],
    province: str,
) -> SectorRow:
    own, theirs = (_mean_end(world, driver, unit) for unit in (world.city, province))
    left = ahead(world, driver, world.city) if driver else None
    planned, ceiling = to_percent(of.planned), to_percent(of.ceiling)
    extra = planned / unit_points if unit_points > 0.0 else 0.0
    forecast = None if own is None else elasticity * own
    pull = None if own is None or theirs is None else share * elasticity * max(theirs - own, 0.0)
    needed = None
    if left is not None and elasticity > 0.0 and planned > 0.0:
        needed = left.growth_pct + extra / elasticity
    history = history_of(needed, published, unit=world.city, indicator=driver, periods=left.periods if left else 0)
    if needed is None and planned > 0.0:
        history = Comparison(status=HistoryStatus.INSUFFICIENT)
    indicator = world.dataset.panel.indicators.get(driver)
    role = Role.PRIMARY if name in PRIMARY else Role.SECONDARY if name in SECONDARY else Role.TERTIARY
    return SectorRow(
        industry=name,
        name_zh=name_zh,
        side=Side.MAKE_UP if name == INDUSTRY else Side.HELP,
        role=role,
        base_share=share,
        driver=driver,
        forecast_pct=forecast,
        target_pct=None if forecast is None else forecast + (planned / share if share > 0.0 else 0.0),
        gap_pull_pp=pull,
        gap_yi=_money(pull, level),
        ceiling_pp=ceiling,
        ceiling_yi=_money(ceiling, level),
        planned_pp=planned,
        planned_yi=_money(planned, level),
        ahead_pp=extra,
        driver_ahead_pct=left.growth_pct if left else None,
        driver_required_pct=needed,
        history=history,
        feasibility=feasible(history),
        by_ledger_pp=to_percent(of.by_ledger),
        projects=ledger[0],
        enterprises=ledger[1],
        setting=setting,
        department=indicator.department if indicator else "",
        team=indicator.team_zh if indicator else "",
    )
