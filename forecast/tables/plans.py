"""互补互济建议方案 in the workbook: three plans side by side, 补多少、济多少 by industry, and the levers behind them.

Invariant: points and money of the industries sum to what the plan brings to GDP (held by
``tests/test_report_sheets.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from forecast.plan.result import SectorRow
from forecast.runs.session import PlanOf
from forecast.tables.dossier import Dossier, heading, subtitle
from forecast.tables.kind import Kind
from forecast.tables.makeup import PLAN_ORDER, WISHES, Wished
from forecast.tables.makeup_levers import LEVERS, SECTORS, LeverLine, SectorLine, on_sheet
from forecast.tables.makeup_words import (
    feasible_words,
    plan_name,
    said_of,
    sentences,
    use_words,
)
from forecast.tables.table import Column, Paper, Said, Sheet, Surface, Table, View
from forecast.texts import Lang, t

_PERCENT, _YI = Kind.PERCENT, Kind.MONEY


def _marked(dossier: Dossier, lang: Lang) -> str:
    return dossier.mark(lang, ledger=any(row.lever.synthetic for plan in dossier.plans for row in plan.makeup.rows))


def _laid(
    name: str,
    table: Table[Any],
    dossier: Dossier,
    lang: Lang,
    *,
    notes: Sequence[str],
    empty: str,
    paper: Paper = Paper.A4,
    frozen: int = 1,
) -> Sheet:
    return Sheet(
        name=name,
        tab=t(f"reports.tab_{name}", lang),
        title=heading(name, dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=table.fields(Surface.SHEET, lang),
        rows=table.values(View(lang=lang, surface=Surface.SHEET)),
        notes=tuple(notes) if table.rows else (t(f"reports.{empty}", lang),),
        mark=_marked(dossier, lang),
        paper=paper,
        frozen=frozen,
    )


def plan_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """A row a plan: what it asks, what it reaches, at which effort, what stays open."""
    rows = [Wished(plan.makeup, plan.makeup.wishes[0], plan) for plan in dossier.plans]
    notes = [t("reports.note_plans", lang)]
    for plan in dossier.plans[:1]:
        notes += sentences(plan.makeup, dossier.run.dataset, lang)
    table: Table[Wished] = Table(name="plans", columns=WISHES, rows=rows, order={Surface.SHEET: PLAN_ORDER})
    return _laid("plans", table, dossier, lang, notes=notes, empty="no_plans")


def _under(k: int, plan: PlanOf, lang: Lang) -> Iterator[Column[SectorLine]]:
    """What one plan asks of an industry."""

    def of(says: Callable[[SectorRow, View], Said]) -> Callable[[SectorLine, View], Said]:
        return lambda r, v: says(r.under[k], v)

    params = {"plan": t(f"reports.plan_short_{plan.name}", lang)}
    parts: tuple[tuple[str, Kind, bool, Callable[[SectorRow, View], Said]], ...] = (
        ("planned_pp", Kind.EXTENT, True, lambda one, _: one.planned_pp),
        ("planned_yi", _YI, True, lambda one, _: one.planned_yi),
        ("target_pct", _PERCENT, False, lambda one, _: one.target_pct),
        ("driver_pct", _PERCENT, False, lambda one, _: one.driver_required_pct),
        (
            "feasible",
            Kind.SHORT,
            False,
            lambda one, v: feasible_words(one.feasibility, one.history, v.lang) if one.planned_pp > 0.0 else None,
        ),
    )
    for name, kind, total, says in parts:
        show = on_sheet(
            "sector",
            name,
            kind,
            of(says),
            widest=12 if name == "feasible" else 14,
            group="sector_plan",
            total=total,
        )
        yield Column(
            f"{name}_{plan.name}", on={Surface.SHEET: replace(show, name=f"{name}_plan_{plan.name}", params=params)}
        )


def sector_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """补济表: a row an industry, a group of columns a plan, sums below."""
    plans = dossier.plans
    first = plans[0].makeup if plans else None
    rows = [
        SectorLine(row, first, tuple(plan.makeup.sectors[k] for plan in plans))
        for k, row in enumerate(first.sectors if first else ())
        if first
    ]
    notes = [t("reports.note_sectors", lang)]
    if first is not None and rows:
        ceilings = {"help": f"{first.help_ceiling_pp:.1f}", "make_up": f"{first.make_up_ceiling_pp:.1f}"}
        notes.append(t("makeup.say_ceiling", lang, **ceilings))
        notes += [
            t("reports.note_plan_of", lang, plan=plan_name(plan, lang), status=said_of(plan, lang)) for plan in plans
        ]
    own = [column for k, plan in enumerate(plans) for column in _under(k, plan, lang)]
    cut = next(k for k, one in enumerate(SECTORS) if one.name == "support")
    table: Table[SectorLine] = Table(name="sectors", columns=(*SECTORS[:cut], *own, *SECTORS[cut:]), rows=rows)
    return _laid("sectors", table, dossier, lang, notes=notes, empty="no_plans", paper=Paper.A3, frozen=2)


def lever_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """措施清单: every lever, how far each plan uses it, on what its limit rests, and who is responsible."""
    plans = dossier.plans
    rows = []
    for k, one in enumerate(plans[0].makeup.rows if plans else ()):
        under = tuple(plan.makeup.rows[k] for plan in plans)
        if any(row.use > 0.0 for row in under):
            rows.append(LeverLine(one, plans[0].makeup, dossier.run.dataset, under))

    def use(k: int) -> Callable[[LeverLine, View], Said]:
        return lambda r, v: use_words(r.row.lever, r.under[k].use, v.lang)

    own = []
    for k, plan in enumerate(plans):
        show = on_sheet("lever", "use", Kind.SHORT, use(k), widest=24)
        params = {"plan": t(f"reports.plan_short_{plan.name}", lang)}
        own.append(
            Column(f"use_{plan.name}", on={Surface.SHEET: replace(show, name=f"use_plan_{plan.name}", params=params)})
        )
    cut = next(k for k, one in enumerate(LEVERS) if one.name == "state")
    table: Table[LeverLine] = Table(name="levers", columns=(*LEVERS[:cut], *own, *LEVERS[cut:]), rows=rows)
    notes = [t("reports.note_levers", lang)]
    return _laid("levers", table, dossier, lang, notes=notes, empty="no_levers", paper=Paper.A3)
