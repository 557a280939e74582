"""互补互济建议方案 in the workbook: three plans side by side, 补多少、济多少 by industry, and the levers behind them.

Invariant: points and money of the industries sum to what the plan brings to GDP (held by
``tests/test_report_sheets.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from forecast.plan.result import SectorRow
from forecast.runs.session import PlanOf
from forecast.tables.dossier import Dossier, heading, subtitle
from forecast.tables.kind import Kind
from forecast.tables.makeup import PLAN_ORDER, WISHES, Wished
from forecast.tables.makeup_levers import LEVERS, SECTORS, LeverLine, SectorLine
from forecast.tables.makeup_words import GROUPS, feasible_words, group_of, plan_name, plan_said, sentences, use_words
from forecast.tables.table import Cell, Column, Grid, Paper, Said, Sheet, Show, Surface, Table, View, grid, on_sheet
from forecast.texts import Lang, t

_PERCENT, _YI = Kind.PERCENT, Kind.MONEY


PLAN_FIELDS: Final = (
    *("asked", "before", "after", "fresh", "status", "needed_pp", "needed_yi", "planned_pp", "planned_yi"),
    *("remaining_pp", "remaining_yi", "effort"),
)
"""What a page says of the plans side by side."""


def on_ledger(dossier: Dossier) -> bool:
    """Whether what is told of plans rests on synthetic rows: measures, also those not taken, are rows of a ledger."""
    return any(row.lever.synthetic for plan in dossier.plans for row in plan.makeup.rows)


def plan_mark(dossier: Dossier, lang: Lang) -> str:
    """What must stand where a plan is told."""
    return dossier.mark(lang, ledger=on_ledger(dossier))


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
        mark=plan_mark(dossier, lang),
        paper=paper,
        frozen=frozen,
    )


def plan_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """A row a plan: what it asks, what it reaches, at which effort, what stays open."""
    rows = [Wished(plan.makeup, wish, plan) for plan in dossier.plans for wish in plan.makeup.wishes]
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
            "sector", name, kind, of(says), widest=12 if name == "feasible" else 14, group="sector_plan", total=total
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
        for plan in plans:
            status = plan_said(plan, dossier.run.dataset, lang)
            notes.append(t("reports.note_plan_of", lang, plan=plan_name(plan, lang), status=status))
    own = [column for k, plan in enumerate(plans) for column in _under(k, plan, lang)]
    cut = next(k for k, one in enumerate(SECTORS) if one.name == "support")
    table: Table[SectorLine] = Table(name="sectors", columns=(*SECTORS[:cut], *own, *SECTORS[cut:]), rows=rows)
    return _laid("sectors", table, dossier, lang, notes=notes, empty="no_plans", paper=Paper.A3, frozen=2)


def lever_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """措施清单: every lever, how far each plan uses it, on what its limit rests, and who is responsible."""
    plans = dossier.plans
    found = [{row.lever.id: row for row in plan.makeup.rows} for plan in plans]  # what was asked may name other levers
    rows = []
    for k, plan in enumerate(plans):
        for name, one in found[k].items():
            under = tuple(mine.get(name) for mine in found)
            earlier = any(mine is not None for mine in under[:k])
            if not earlier and any(row is not None and row.use > 0.0 for row in under):
                rows.append(LeverLine(one, plan.makeup, dossier.run.dataset, under))

    def use(k: int) -> Callable[[LeverLine, View], Said]:
        return lambda r, v: use_words(r.row.lever, row.use if (row := r.under[k]) else 0.0, v.lang)

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


def plan_grid(dossier: Dossier, lang: Lang) -> Grid:
    """The three plans side by side on a page, a column each."""
    sheet = plan_sheet(dossier, lang)
    units = {Kind.EXTENT: "reports.scheme_in_points", Kind.MONEY: "reports.scheme_in_money"}
    of = [plan for plan in dossier.plans for _ in plan.makeup.wishes]
    heads = [t("reports.scheme_item", lang), *(t(f"reports.plan_short_{plan.name}", lang) for plan in of)]
    rows = []
    for name in PLAN_FIELDS:
        one = sheet.fields[sheet.position(name)]
        unit = t(units[one.kind], lang) if one.kind in units else ""
        rows.append([one.heading(lang) + unit, *(one.kind.shown(value, lang) for value in sheet.column(name))])
    return replace(grid(sheet.name, t("reports.scheme_table_plans", lang), heads, rows), mark=sheet.mark)


@dataclass(frozen=True, slots=True)
class GroupSum:
    """A row of the summary: a group of industries, what each plan asks of it, what it could bring at most."""

    name: str
    amounts: tuple[tuple[float, float | None], ...]


def _money(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def group_grid(dossier: Dossier, lang: Lang) -> Grid:
    """补济汇总: groups of industries, and their sum; points, and 亿元 below; no rows without industries."""
    makeups = [plan.makeup for plan in dossier.plans]
    rows = []
    for group in (*GROUPS, None) if makeups and makeups[0].sectors else ():
        by_plan = [[row for row in one.sectors if group in (None, group_of(row.industry))] for one in makeups]
        amounts = [(sum(r.planned_pp for r in mine), _money(r.planned_yi for r in mine)) for mine in by_plan]
        amounts.append((sum(r.ceiling_pp for r in by_plan[0]), _money(r.ceiling_yi for r in by_plan[0])))
        rows.append(GroupSum(t(f"makeup.group_{group}" if group else "reports.total", lang), tuple(amounts)))

    def both(k: int) -> Callable[[GroupSum, View], Said]:
        def says(r: GroupSum, v: View) -> Said:
            points, money = r.amounts[k]
            below = "" if money is None else t("reports.scheme_below", v.lang, money=_YI.shown(money, v.lang))
            return Cell(Kind.EXTENT.shown(points, v.lang), below)

        return says

    heads = [
        t("reports.group_sector_plan", lang, plan=t(f"reports.plan_short_{plan.name}", lang)) for plan in dossier.plans
    ]
    heads.append(t("reports.scheme_col_ceiling", lang))
    columns = (
        Column("group", on={Surface.WORD: Show(head="reports.scheme_item", says=lambda r, _: r.name)}),
        *(Column(f"amount_{k}", on={Surface.WORD: Show(label=head, says=both(k))}) for k, head in enumerate(heads)),
    )
    table: Table[GroupSum] = Table(name="groups", columns=columns, rows=rows)
    made = table.grid(View(lang=lang, surface=Surface.WORD), caption=t("reports.scheme_table_sectors", lang))
    return replace(made, mark=plan_mark(dossier, lang))
