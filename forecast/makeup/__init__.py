"""补多少、济多少: the least effort, within what is feasible, that lifts probabilities to what is wished for.

``makeup(world, judged, request)`` is a pure function; ``as_scenario(plan)`` makes a plan a scenario file.
"""

from forecast.makeup.adopt import as_scenario
from forecast.makeup.asked import (
    MakeupError,
    MakeupRequest,
    default_wish,
    parse_wishes,
    read_options,
    wish_text,
    wishes_of,
)
from forecast.makeup.result import (
    CaseResult,
    Change,
    Feasibility,
    FrontierPoint,
    Limit,
    Makeup,
    Moved,
    PlanRow,
    Role,
    SectorRow,
    Side,
    Status,
    Variant,
    WishResult,
)
from forecast.makeup.solve import makeup

__all__ = [
    "CaseResult",
    "Change",
    "Feasibility",
    "FrontierPoint",
    "Limit",
    "Makeup",
    "MakeupError",
    "MakeupRequest",
    "Moved",
    "PlanRow",
    "Role",
    "SectorRow",
    "Side",
    "Status",
    "Variant",
    "WishResult",
    "as_scenario",
    "default_wish",
    "makeup",
    "parse_wishes",
    "read_options",
    "wish_text",
    "wishes_of",
]
