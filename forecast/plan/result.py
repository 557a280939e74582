"""What a make-up plan says, for pages, reports and tables.

Growth is in percent, differences in points, money in 亿元, probabilities fractions, effort a bare number.

Invariant: a wish that no plan meets has a status, the best that can be done and what stays open, never a bound posing
as an answer (held by ``tests/test_makeup.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from forecast.answers.chances import Case, Status
from forecast.answers.history import Comparison
from forecast.dims import brief
from forecast.plan.levers import Lever
from forecast.plan.request import MakeupRequest
from forecast.plan.wishes import Wish, WishKey
from forecast.scenario.reader import Scenario

type PlanStatus = Literal[Status.ALREADY_MET, Status.SOLVED, Status.UNREACHABLE]
"""What came of a wish."""


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
    remaining_pp, remaining_yi : what is still open under the plan (剩余缺口); 亿元 None without a base
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
    remaining_yi: float | None

    __repr__ = brief

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
