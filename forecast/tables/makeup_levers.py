"""Industries and levers of a make-up plan as columns: 补多少、济多少, and what is used how far.

Invariant: every number shown is a field of ``Makeup`` in the words of ``tables.makeup_words`` (held by
``tests/test_makeup_command.py`` and ``tests/test_app_makeup.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from forecast.data.dataset import Dataset
from forecast.plan.result import Makeup, PlanRow, SectorRow
from forecast.tables import words
from forecast.tables.kind import Kind, Value
from forecast.tables.makeup_words import feasible_words, lever_name, place_name, support, use_words
from forecast.tables.table import Column, Said, Show, View, column, on_sheet
from forecast.texts import Lang, t

_PERCENT, _POINTS, _YI, _SHARE = Kind.PERCENT, Kind.POINTS, Kind.MONEY, Kind.SHARE
_P, _COUNT, _WHOLE = Kind.PROBABILITY, Kind.COUNT, Kind.WHOLE


def makeup_label(plan: Makeup) -> str:
    """What must stand beside every number of a plan that rests on synthetic rows; empty otherwise."""
    return t("scenario.synthetic", "zh") if plan.synthetic else ""


def seen_as[R](
    name: str, says: Callable[[R, View], Said] | None = None, *, left: bool = False, width: int = 0
) -> Show[R]:
    return Show(name=name, head=f"makeup.head_{name}", says=says, left=left, fold=left, width=width)


def filed[R](
    name: str,
    kind: Kind,
    value: Callable[[R], Value],
    seen: Show[R] | None = None,
    sheet: Show[R] | None = None,
    *,
    page: Show[R] | None = None,
) -> Column[R]:
    """A column of the file; ``seen``: on terminal and page, ``page``: on the page only, where it is another."""
    return column("makeup", name, kind, value, seen=seen, sheet=sheet, page=page or seen)


def shown_only[R](name: str, seen: Show[R] | None = None, sheet: Show[R] | None = None) -> Column[R]:
    return column("makeup", name, seen=seen, sheet=sheet, filed=False)


@dataclass(frozen=True, slots=True)
class SectorLine:
    """A row an industry; ``under``: the same industry under every plan of the workbook."""

    row: SectorRow
    plan: Makeup
    under: tuple[SectorRow, ...] = ()

    @property
    def largest(self) -> SectorRow:
        """Under the plan that takes most of it."""
        return max(self.under, key=lambda one: one.planned_pp)


def _sector_name(r: SectorLine, v: View) -> str:
    return r.row.name_zh if v.lang == "zh" else r.row.industry


def number_text(value: float | None, digits: int = 2) -> str | None:
    return None if value is None else f"{value:.{digits}f}"


def _ceiling(r: SectorLine, v: View) -> Said:
    setting = t("makeup.setting_mark", v.lang) if r.row.setting and r.row.ceiling_pp > 0.0 else ""
    return f"{number_text(r.row.ceiling_pp)}{setting}"


def growth_text(value: float | None, lang: Lang) -> str | None:
    return None if value is None else words.growth(value, lang)


def support_code(row: SectorRow) -> str | None:
    """ledger, partly (无项目支撑 in part) or none (无项目支撑); None without a part in the plan."""
    if row.planned_pp <= 0.0:
        return None
    if not row.unsupported:
        return "ledger"
    return "partly" if row.by_ledger_pp > 0.0 else "none"


def _on_sectors(
    name: str, kind: Kind, says: Callable[[SectorLine, View], Said] | None = None, *, widest: int = 14, group: str = ""
) -> Show[SectorLine]:
    return on_sheet("sector", name, kind, says, widest=widest, group=group, total=bool(group))


_MIDDLE, _WIDE = 110, 200
"""Least screens of columns of industries; the file has all."""

SECTORS: Final[tuple[Column[SectorLine], ...]] = (
    filed(
        "industry",
        Kind.TEXT,
        lambda r: r.row.industry,
        seen_as("industry", _sector_name, left=True),
        _on_sectors("industry", Kind.TEXT, _sector_name, widest=18),
    ),
    filed("name_zh", Kind.TEXT, lambda r: r.row.name_zh),
    filed(
        "side",
        Kind.TEXT,
        lambda r: r.row.side.value,
        sheet=_on_sectors("side", Kind.SHORT, lambda r, v: t(f"reports.side_{r.row.side.value}", v.lang)),
    ),
    filed(
        "role",
        Kind.TEXT,
        lambda r: r.row.role.value,
        seen_as(
            "role",
            lambda r, v: t(f"makeup.side_{r.row.side.value}", v.lang) + t(f"makeup.role_{r.row.role.value}", v.lang),
            left=True,
        ),
        _on_sectors("role", Kind.SHORT, lambda r, v: t(f"reports.role_{r.row.role.value}", v.lang), widest=12),
    ),
    filed(
        "base_share",
        _SHARE,
        lambda r: r.row.base_share,
        seen_as(
            "share", lambda r, v: t("makeup.percent", v.lang, number=f"{r.row.base_share * 100:.1f}"), width=_MIDDLE
        ),
        _on_sectors("share", _PERCENT, lambda r, _: r.row.base_share * 100.0),
    ),
    filed("driver", Kind.TEXT, lambda r: r.row.driver or None),
    filed(
        "forecast_growth_pct",
        _PERCENT,
        lambda r: r.row.forecast_pct,
        seen_as("forecast", lambda r, v: growth_text(r.row.forecast_pct, v.lang), width=_WIDE),
        _on_sectors("forecast_pct", _PERCENT),
    ),
    filed(
        "target_growth_pct",
        _PERCENT,
        lambda r: r.row.target_pct,
        seen_as("target", lambda r, v: growth_text(r.row.target_pct, v.lang), width=_WIDE),
    ),
    filed(
        "gap_pull_pp",
        _POINTS,
        lambda r: r.row.gap_pull_pp,
        seen_as("pull", lambda r, _: number_text(r.row.gap_pull_pp), width=_WIDE),
        _on_sectors("gap_pp", Kind.EXTENT, group="sector_gap"),
    ),
    filed(
        "gap_yi",
        _YI,
        lambda r: r.row.gap_yi,
        seen_as("pull_yi", width=_WIDE),
        _on_sectors("gap_yi", _YI, group="sector_gap"),
    ),
    filed(
        "ceiling_pp",
        _POINTS,
        lambda r: r.row.ceiling_pp,
        seen_as("ceiling", _ceiling),
        _on_sectors("ceiling_pp", Kind.EXTENT, group="sector_ceiling"),
    ),
    filed("ceiling_yi", _YI, lambda r: r.row.ceiling_yi, sheet=_on_sectors("ceiling_yi", _YI, group="sector_ceiling")),
    filed(
        "planned_pp",
        _POINTS,
        lambda r: r.row.planned_pp,
        seen_as("planned", lambda r, _: number_text(r.row.planned_pp)),
    ),
    filed("planned_yi", _YI, lambda r: r.row.planned_yi, seen_as("planned_yi")),
    filed(
        "ahead_pp",
        _POINTS,
        lambda r: r.row.ahead_pp,
        seen_as("ahead", lambda r, _: f"+{r.row.ahead_pp:.1f}" if r.row.ahead_pp > 0.0 else None),
    ),
    filed("driver_ahead_pct", _PERCENT, lambda r: r.row.driver_ahead_pct),
    filed(
        "driver_required_pct",
        _PERCENT,
        lambda r: r.row.driver_required_pct,
        seen_as("driver", lambda r, v: growth_text(r.row.driver_required_pct, v.lang), width=_MIDDLE),
    ),
    filed("required_percentile", Kind.PERCENTILE, lambda r: r.row.history.percentile),
    filed(
        "feasibility",
        Kind.TEXT,
        lambda r: r.row.feasibility.value,
        seen_as(
            "feasible", lambda r, v: feasible_words(r.row.feasibility, r.row.history, v.lang), left=True, width=_MIDDLE
        ),
    ),
    filed("by_ledger_pp", _POINTS, lambda r: r.row.by_ledger_pp),
    filed("projects", _WHOLE, lambda r: r.row.projects),
    filed("enterprises", _WHOLE, lambda r: r.row.enterprises),
    filed(
        "support",
        Kind.TEXT,
        lambda r: support_code(r.row),
        seen_as("support", lambda r, v: support(r.row, v.lang), left=True),
        _on_sectors("support", Kind.TEXT, lambda r, v: support(r.largest, v.lang), widest=18),
    ),
    filed("cap_setting", _WHOLE, lambda r: int(r.row.setting)),
    filed(
        "department",
        Kind.TEXT,
        lambda r: r.row.department or None,
        seen_as("department", lambda r, _: r.row.department or None, left=True, width=_WIDE),
        _on_sectors("department", Kind.SHORT, widest=12),
    ),
    filed("team", Kind.TEXT, lambda r: r.row.team or None, sheet=_on_sectors("team", Kind.TEXT)),
    filed("label", Kind.TEXT, lambda r: makeup_label(r.plan) or None),
)


@dataclass(frozen=True, slots=True)
class LeverLine:
    """A row a lever; ``under``: the same lever under every plan of the workbook, None where a plan knows it not."""

    row: PlanRow
    plan: Makeup
    dataset: Dataset
    under: tuple[PlanRow | None, ...] = ()

    @property
    def largest(self) -> PlanRow:
        """Under the plan that uses most of it."""
        return max((row for row in self.under if row is not None), key=lambda row: row.use)


def _cap(r: LeverLine, v: View) -> Said:
    lever = r.row.lever
    at_cap = t("makeup.at_cap", v.lang) if r.row.binding and not lever.levels else ""
    return use_words(lever, lever.cap, v.lang) + at_cap


def _named(r: LeverLine, v: View) -> Said:
    return lever_name(r.row.lever, r.dataset, v.lang)


def _evidence(prefix: str) -> Callable[[LeverLine, View], Said]:
    return lambda r, v: t(f"{prefix}_{r.row.lever.evidence.value}", v.lang)


def _responsible(r: LeverLine, v: View) -> Said:
    return t("glossary.and", v.lang).join(r.row.lever.responsible) or r.row.lever.team or None


def _used(number: Callable[[PlanRow], str]) -> Callable[[LeverLine, View], Said]:
    return lambda r, _: number(r.row) if r.row.use > 0.0 else None


def _first(names: Sequence[str], most: int, lang: Lang) -> str | None:
    return t("glossary.and", lang).join(names[:most]) or None


def leftward[R](show: Show[R]) -> Show[R]:
    return replace(show, left=True)


LEVERS: Final[tuple[Column[LeverLine], ...]] = (
    filed(
        "lever",
        Kind.TEXT,
        lambda r: r.row.lever.id,
        seen_as("lever", _named, left=True),
        on_sheet("lever", "name", Kind.TEXT, _named, widest=30),
    ),
    filed("name_zh", Kind.TEXT, lambda r: lever_name(r.row.lever, r.dataset, "zh")),
    filed(
        "family",
        Kind.TEXT,
        lambda r: r.row.lever.family.value,
        sheet=on_sheet(
            "lever",
            "family",
            Kind.SHORT,
            lambda r, v: t(f"makeup.family_{r.row.lever.family.value}", v.lang),
            widest=14,
        ),
    ),
    filed("acts_on", Kind.TEXT, lambda r: r.row.lever.acts_on),
    filed("industry", Kind.TEXT, lambda r: r.row.lever.industry or None),
    filed(
        "place",
        Kind.TEXT,
        lambda r: r.row.lever.place,
        sheet=on_sheet(
            "lever", "place", Kind.SHORT, lambda r, v: place_name(r.row.lever.place, r.dataset, v.lang), widest=12
        ),
    ),
    filed("state", Kind.TEXT, lambda r: r.row.lever.state or None),
    filed(
        "use",
        _COUNT,
        lambda r: r.row.use,
        seen_as("use", lambda r, v: use_words(r.row.lever, r.row.use, v.lang), left=True),
    ),
    filed("use_unit", Kind.TEXT, lambda r: r.row.lever.unit.value),
    filed(
        "cap",
        _COUNT,
        lambda r: r.row.lever.cap,
        seen_as("cap", _cap),
        on_sheet("lever", "cap", Kind.SHORT, lambda r, v: use_words(r.row.lever, r.row.lever.cap, v.lang), widest=24),
        page=leftward(seen_as("cap", _cap)),
    ),
    filed("use_share", _SHARE, lambda r: r.row.share),
    filed(
        "cap_evidence",
        Kind.TEXT,
        lambda r: r.row.lever.evidence.value,
        seen_as("evidence", _evidence("makeup.evidence")),
        on_sheet("lever", "evidence", Kind.SHORT, _evidence("reports.evidence"), widest=10),
        page=leftward(seen_as("evidence", _evidence("makeup.evidence"))),
    ),
    filed(
        "difficulty",
        Kind.LEVEL,
        lambda r: r.row.lever.difficulty,
        seen_as("difficulty", lambda r, _: f"{r.row.lever.difficulty:g}"),
        on_sheet("lever", "difficulty", Kind.LEVEL, widest=6),
    ),
    filed("weight", _SHARE, lambda r: r.row.lever.weight),
    filed("effort", _COUNT, lambda r: r.row.effort, seen_as("effort", _used(lambda one: f"{one.effort:.2f}"))),
    filed("binding", _WHOLE, lambda r: int(r.row.binding)),
    filed(
        "money_yi",
        _YI,
        lambda r: r.row.money_yi,
        seen_as("money", lambda r, _: f"{r.row.money_yi:.2f}" if r.row.money_yi > 0.0 else None),
        on_sheet("lever", "money_yi", _YI, lambda r, _: r.largest.money_yi or None, widest=10),
    ),
    filed(
        "gdp_pp",
        _POINTS,
        lambda r: r.row.gdp_pp,
        seen_as("gdp", _used(lambda one: f"{one.gdp_pp:.3f}")),
        on_sheet("lever", "gdp_pp", Kind.EXTENT, lambda r, _: r.largest.gdp_pp, widest=8),
    ),
    filed("gap_pp", _POINTS, lambda r: r.row.gap_pp.get(r.plan.wishes[0].wish.keys[0])),
    filed("gain", _SHARE, lambda r: r.row.gain),
    filed(
        "gain_per_effort",
        _SHARE,
        lambda r: r.row.gain_per_effort,
        seen_as("per", lambda r, _: None if r.row.gain_per_effort is None else f"{r.row.gain_per_effort * 100:.2f}"),
    ),
    filed("rows", _WHOLE, lambda r: len(r.row.lever.entities)),
    filed("entities", Kind.TEXT, lambda r: " ".join(r.row.lever.entities) or None),
    filed("support", Kind.TEXT, lambda r: "ledger" if r.row.lever.supported else "none"),
    filed("team", Kind.TEXT, lambda r: r.row.lever.team or None, sheet=on_sheet("lever", "team", Kind.TEXT, widest=22)),
    filed(
        "responsible",
        Kind.TEXT,
        lambda r: " ".join(r.row.lever.responsible) or None,
        None,
        on_sheet("lever", "responsible", Kind.TEXT, lambda r, v: _first(r.row.lever.responsible, 2, v.lang), widest=22),
        page=Show(head="ui_makeup.head_responsible", says=_responsible, left=True),
    ),
    filed(
        "people",
        Kind.TEXT,
        lambda r: " ".join(r.row.lever.people) or None,
        sheet=on_sheet("lever", "people", Kind.TEXT, lambda r, v: _first(r.row.lever.people, 3, v.lang), widest=18),
    ),
    filed("synthetic", _WHOLE, lambda r: int(r.row.lever.synthetic)),
    filed("label", Kind.TEXT, lambda r: t("scenario.synthetic", "zh") if r.row.lever.synthetic else None),
)
LEVER_ORDER: Final = (
    *("lever", "use", "cap", "evidence", "difficulty", "effort", "gdp", "money", "per", "responsible"),
)
