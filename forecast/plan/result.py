"""What a make-up plan says, for pages, reports and tables.

Growth is in percent, differences in points, money in 亿元, probabilities fractions, effort a bare number.

Invariant: a wish that no plan meets has a status, the best that can be done and what stays open, never a bound posing
as an answer (held by ``tests/test_makeup.py``).

补多少、济多少: a plan by industry of GDP, in points, in 亿元, and as growth that each driver needs.

Firms that restart count to industry, projects and bonds to construction, a pushed indicator to the industry that it
drives, a filled sector to itself. Shares are those of last year's GDP (DOMAIN.md §6).

Invariant: the points of the industries sum to what the levers of the plan bring to GDP (held by
``tests/test_makeup.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

import numpy as np

from forecast.answers.chances import Case, Province, Status
from forecast.answers.evidence import Comparison, HistoryStatus, Published
from forecast.data.ledger import Assumptions
from forecast.dims import UNIT, Floats, brief, from_percent, to_percent
from forecast.draws.gdp import GDP, industries_of
from forecast.plan.candidates import CapEvidence, Lever, ahead, history_of
from forecast.plan.request import MakeupRequest, Wish, WishKey
from forecast.plan.worth import Worth
from forecast.scenario.actions import Family
from forecast.scenario.reader import Scenario
from forecast.scenario.world import World
from forecast.tasks.need import Need

type PlanStatus = Literal[Status.ALREADY_MET, Status.SOLVED, Status.UNREACHABLE, Status.NO_BASE]
"""What came of a wish; ``NO_BASE``: not one measure could be counted, so that nothing is known of what all would do."""


class Limit(StrEnum):
    """Why a wish is not reached: all levers together do not do, or the budget of effort does not."""

    NONE = ""
    LEVERS = "levers"
    BUDGET = "budget"


class Feasibility(StrEnum):
    """Whether a growth was seen before; never 不可达 from a short history."""

    ACHIEVED = "achieved"
    RECORD = "record"
    NO_HISTORY = "no_history"
    NOT_APPLICABLE = "not_applicable"


class Side(StrEnum):
    """补 for industry, 济 for everything else."""

    MAKE_UP = "make_up"
    HELP = "help"


class Role(StrEnum):
    """The speech's three roles: 提升一产补欠量、稳住二产保底线、搞活三产作贡献."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    TERTIARY = "tertiary"


@dataclass(frozen=True, slots=True, kw_only=True)
class WishResult:
    """One wish. ``before`` to ``fresh`` are probabilities, or expected numbers of a wish for a number.

    before : all draws, without the plan; ceiling : all draws, with every lever that acts on it at full use
    in_sample : the half of the draws that proportions come from; all_draws : all, through the scenario machinery
    fresh : the other half, with every delivery, base and coefficient drawn anew
    mcse : Monte Carlo error of ``all_draws``; fresh_mcse : of ``fresh``; optimism : in_sample - fresh
    needed_pp : improvement of the gap, the same in every draw, that would meet the wish; 0 where it is met
    need, left : new growth and money that the wish takes without the plan, and what is still to be found under it; the
        ``Need`` of paths and breakdowns. None for a wish about several targets
    remaining_pp : what is still open of the gap under the plan (剩余缺口)
    missing : of ``NO_BASE``, indicators of the city without last year's level; none where ledgers are what is missing
    """

    wish: Wish
    names: tuple[str, ...]
    status: PlanStatus
    limit: Limit
    before: float
    in_sample: float
    all_draws: float
    fresh: float
    ceiling: float
    mcse: float
    fresh_mcse: float
    needed_pp: float
    remaining_pp: float
    need: Need | None
    left: Need | None
    missing: tuple[str, ...] = ()

    __repr__ = brief

    @property
    def computed(self) -> bool:
        """Whether measures were counted at all: otherwise there is no number of what they do."""
        return self.status is not Status.NO_BASE

    @property
    def needed_yi(self) -> float | None:
        """Net new money that the wish takes without the plan, 亿元; None without a base."""
        return self.need.level_yi if self.need else None

    @property
    def remaining_yi(self) -> float | None:
        """Net new money that is still to be found under the plan, 亿元; None without a base."""
        if self.left is None or self.left.level_yi is None or not self.computed:
            return None
        return 0.0 if self.status is not Status.UNREACHABLE else self.left.level_yi

    @property
    def optimism(self) -> float:
        """What solving on draws flatters the plan by."""
        return self.in_sample - self.fresh


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """One target under the plan.

    planned_pp : mean change of the unit's own growth; gap_change_pp : of its gap (the city is part of the province)
    planned_yi : the same as 亿元 of last year's level; None without a base
    ceiling_pp : mean change of the gap with every lever at full use
    periods : actionable ones; ahead_pct : growth in them as expected; required_pct : with the plan
    history : where ``required_pct`` lies in the past
    """

    case: Case
    p_reach_before: float
    p_reach: float
    p_near_before: float
    p_near: float
    p_mcse: float
    gap_before_pp: float
    gap_pp: float
    growth_before_pct: float
    growth_pct: float
    gap_change_pp: float
    planned_pp: float
    planned_yi: float | None
    base_yi: float | None
    ceiling_pp: float
    periods: int
    ahead_pct: float | None
    required_pct: float | None
    history: Comparison
    feasibility: Feasibility

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """One lever.

    use : in the lever's unit, 0 where the plan does without it; binding : at its cap
    money_yi : what arrives by the ledger on average; gdp_pp : mean points of the city's GDP growth
    gap_pp : mean change of the gap, by key of the target
    gain : what the first wish that is still open or just met gains by one more tenth of the cap (or by taking the
        lever, or its next level); what giving it up would cost where it is at its cap
    gain_per_effort : the same per unit of effort; None where no effort is left to compare with
    """

    lever: Lever
    use: float
    effort: float
    binding: bool
    money_yi: float
    gdp_pp: float
    gap_pp: Mapping[WishKey, float]
    gain: float
    gain_per_effort: float | None

    __repr__ = brief

    @property
    def share(self) -> float:
        """Use as a share of the cap."""
        return self.use / self.lever.cap


@dataclass(frozen=True, slots=True, kw_only=True)
class SectorRow:
    """One industry of GDP: 补多少、济多少.

    base_share : of last year's GDP; forecast_pct : expected growth of its driver times elasticity, None without draws
    target_pct : forecast plus plan; gap_pull_pp : what it pulls GDP below the province by, as far as its driver has
        draws of both; gap_yi : the same in 亿元
    ceiling_pp, planned_pp : points of annual GDP growth that its levers can bring, and bring; *_yi in 亿元
    ahead_pp : extra growth of the industry in the actionable months that the plan needs
    driver_ahead_pct, driver_required_pct : growth of its driver in these months, expected and needed
    by_ledger_pp : part of the plan that rows of ledgers stand behind; projects, enterprises : their number
    """

    industry: str
    name_zh: str
    side: Side
    role: Role
    base_share: float
    driver: str
    forecast_pct: float | None
    target_pct: float | None
    gap_pull_pp: float | None
    gap_yi: float | None
    ceiling_pp: float
    ceiling_yi: float | None
    planned_pp: float
    planned_yi: float | None
    ahead_pp: float
    driver_ahead_pct: float | None
    driver_required_pct: float | None
    history: Comparison
    feasibility: Feasibility
    by_ledger_pp: float
    projects: int
    enterprises: int
    setting: bool
    department: str
    team: str

    __repr__ = brief

    @property
    def unsupported(self) -> bool:
        """Whether any of the plan stands on no ledger: 无项目支撑."""
        return self.planned_pp - self.by_ledger_pp > 5e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedUse:
    """A lever whose use changes in another plan; uses in the lever's unit."""

    lever: str
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChange:
    """The plan solved again at another difficulty.

    family : whose difficulty is changed; "all" for every lever
    moved : levers whose use changes by more than a twentieth of the cap, the largest change first
    values : of the wishes, in their order
    """

    family: str
    factor: float
    effort: float
    moved: tuple[MovedUse, ...]
    values: tuple[float, ...]

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierPoint:
    """Least effort for a part of what all levers could do, and what the wishes are worth there."""

    progress: float
    effort: float
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Another plan: uses by lever, its effort and the burdens of counties and sectors.

    burdens : id of a county or sector -> effort as a share of what all its levers would take
    """

    uses: Mapping[str, float]
    effort: float
    burdens: Mapping[str, float]
    values: tuple[float, ...]

    __repr__ = brief

    @property
    def largest_burden(self) -> float:
        """The burden of the county or sector that carries most."""
        return max(self.burdens.values(), default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Makeup:
    """The answer to a request: 补多少、济多少.

    status : of the worst wish; effort, full_effort : of the plan, and of every lever at full use
    rows : all levers, families in order, used or not; sectors : empty without draws of GDP
    scenario : the plan, as the file of ``as_scenario`` gives it; ``adopted`` : base scenario and plan together
    burdens : of counties and sectors under the plan; fair : the plan of least largest burden, None where not needed
    capped_pp : points of GDP that levers bring less together than by themselves, as caps hold for fills and drivers
    least_effort : that of the plan of least effort; even : whether the even plan was taken, which needs hardly more
    help_ceiling_pp, make_up_ceiling_pp : points of GDP that all but industry, and industry, can bring at most
    synthetic : whether a lever that is used rests on synthetic rows
    """

    request: MakeupRequest
    status: PlanStatus
    wishes: tuple[WishResult, ...]
    cases: tuple[CaseResult, ...]
    rows: tuple[PlanRow, ...]
    sectors: tuple[SectorRow, ...]
    frontier: tuple[FrontierPoint, ...]
    changes: tuple[PlanChange, ...]
    burdens: Mapping[str, float]
    fair: Variant | None
    effort: float
    least_effort: float
    capped_pp: float
    even: bool
    full_effort: float
    help_ceiling_pp: float
    make_up_ceiling_pp: float
    scenario: Scenario
    adopted: Scenario
    synthetic: bool

    __repr__ = brief

    @property
    def used(self) -> tuple[PlanRow, ...]:
        """Levers that the plan uses."""
        return tuple(row for row in self.rows if row.use > 0.0)

    @property
    def largest_burden(self) -> float:
        """The burden of the county or sector that carries most."""
        return max(self.burdens.values(), default=0.0)


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
