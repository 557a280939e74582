"""互补互济建议方案 in the workbook: three plans side by side, 补多少、济多少 by industry, and the levers behind them.

Invariant: points and money of the industries sum to what the plan brings to GDP (held by
``tests/test_report_sheets.py``).

What a planner fills in before a plan is solved: wishes by indicator, difficulties and caps by family and industry.

Invariant: an empty cell asks for nothing and overrides nothing (held by ``tests/test_app_makeup.py``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pandas as pd

from forecast.answers.chances import Criterion, Outcome
from forecast.data.dataset import Dataset
from forecast.plan.candidates import Lever, LeverOptions, Unit
from forecast.plan.request import Form, Wish, parse_wishes, target_word, wish_text
from forecast.plan.result import SectorRow
from forecast.runs.session import PlanOf
from forecast.scenario.actions import Family
from forecast.scenario.contributions import Result
from forecast.tables import words
from forecast.tables.dossier import Dossier, sheet_of
from forecast.tables.kind import Kind
from forecast.tables.makeup import PLAN_ORDER, WISHES, Wished
from forecast.tables.makeup_levers import LEVERS, SECTORS, LeverLine, SectorLine
from forecast.tables.makeup_words import (
    GROUPS,
    feasible_words,
    group_of,
    lever_name,
    plan_name,
    plan_said,
    sentences,
    use_words,
)
from forecast.tables.table import Cell, Column, Grid, Paper, Said, Sheet, Show, Surface, Table, View, grid, on_sheet
from forecast.texts import Lang, t

CRITERIA: Final = (Criterion.NEAR, Criterion.REACH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Wishes by cell of the table, percent; ``count`` is an expected number of indicators that come close."""

    cells: Mapping[tuple[str, Criterion], float]
    together: bool
    count: float | None

    @classmethod
    def of(cls, wishes: Sequence[Wish]) -> Asked:
        """What a table must hold to ask for the same."""
        cells = {
            (target_word(key), wish.criterion): wish.level * 100.0
            for wish in wishes
            if wish.form is not Form.EXPECTED
            for key in wish.keys
        }
        counted = [wish.level for wish in wishes if wish.form is Form.EXPECTED]
        together = any(wish.form is Form.ALL and len(wish.keys) > 1 for wish in wishes)
        return cls(cells=cells, together=together, count=counted[0] if counted else None)


def _mine(result: Result, city: str) -> list[Outcome]:
    return [o for o in result.outcomes if o.case.target.unit == city]


def wish_table(base: Result, city: str, asked: Asked, lang: Lang) -> pd.DataFrame:
    """A row a judged target of the city, index as wishes name it: how likely now, and the percentage wished."""
    records = {}
    for o in _mine(base, city):
        target, evidence = o.case.target, o.case.evidence
        name = target_word(o.case.key)
        goal = words.goal(target, lang)
        shown = words.indicator_name(target.indicator, o.case.name_zh, lang)
        records[name] = {
            "indicator": t("makeup.against", lang, name=shown, goal=goal),
            "now_near": words.probability(o.p_near, lang, evidence=evidence),
            "wish_near": asked.cells.get((name, Criterion.NEAR), math.nan),
            "now_reach": words.probability(o.p_reach, lang, evidence=evidence),
            "wish_reach": asked.cells.get((name, Criterion.REACH), math.nan),
        }
    return pd.DataFrame.from_dict(records, orient="index")


def wishes_of(table: pd.DataFrame, base: Result, city: str, *, together: bool, count: float | None) -> tuple[Wish, ...]:
    """Wishes of a filled-in table.

    Raises
    ------
    MakeupError
        A probability is out of range, or nothing can be wished for.
    """
    texts = [] if count is None else [f"count:near>={count:g}"]
    for criterion in CRITERIA:
        column = table[f"wish_{criterion.value}"]
        levels = {str(name): float(level) for name, level in column.items() if _given(level)}
        near = ":near" if criterion is Criterion.NEAR else ""
        if together and len(levels) > 1:
            texts.append(f"{'+'.join(levels)}{near}>={min(levels.values()):g}%")
        else:
            texts += [f"{name}{near}>={level:g}%" for name, level in levels.items()]
    return parse_wishes(texts, [o.case for o in base.outcomes], city=city)


def _given(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def lever_table(levers: Sequence[Lever], dataset: Dataset, options: LeverOptions, lang: Lang) -> pd.DataFrame:
    """A row a family of ledger levers, an industry, or a single lever: difficulty and cap, and what overrides them."""
    records: dict[str, dict[str, Any]] = {}
    for lever in levers:
        single = lever.unit in (Unit.POINTS, Unit.MONEY)
        name = _setting_name(lever)
        entry = records.setdefault(
            name,
            {
                "lever": lever_name(lever, dataset, lang) if single else t(f"makeup.family_{lever.family.value}", lang),
                "difficulties": [],
                "difficulty": options.difficulty.get(name, math.nan),
                "cap_now": t(f"makeup.use_{lever.unit.value}", lang, number=f"{lever.cap:g}") if single else "",
                "cap": options.cap.get(name, math.nan),
                "evidence": t(f"makeup.evidence_{lever.evidence.value}", lang),
            },
        )
        entry["difficulties"].append(lever.difficulty)
    for entry in records.values():
        found = entry.pop("difficulties")
        low, high = min(found), max(found)
        entry["difficulty_now"] = (
            f"{low:g}" if low == high else t("glossary.range", lang, low=f"{low:g}", high=f"{high:g}")
        )
    return pd.DataFrame.from_dict(records, orient="index")


def _setting_name(lever: Lever) -> str:
    """What difficulties and caps of a lever are stated under."""
    match lever.family:
        case Family.SECTOR:
            return lever.industry
        case Family.PUSH:
            return lever.acts_on
        case Family.BOND:
            return lever.id
        case _:
            return lever.family.value


def options_of(table: pd.DataFrame, families: Sequence[str], singles: int) -> LeverOptions:
    """Levers as the planner wants them."""

    def stated(column: str) -> dict[str, float]:
        if column not in table:
            return {}
        return {str(name): float(value) for name, value in table[column].items() if _given(value)}

    return LeverOptions(
        families=tuple(Family(one) for one in families),
        singles=singles,
        difficulty=stated("difficulty"),
        cap=stated("cap"),
    )


def asked_texts(wishes: Sequence[Wish]) -> list[str]:
    """Wishes as they are written in an address."""
    return [wish_text(wish) for wish in wishes]


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
    table: Table[Any],
    dossier: Dossier,
    lang: Lang,
    *,
    notes: Sequence[str],
    empty: str,
    paper: Paper = Paper.A4,
    frozen: int = 1,
) -> Sheet:
    told = notes if table.rows else (t(f"reports.{empty}", lang),)
    sheet = sheet_of(table, dossier, lang, notes=told, paper=paper, frozen=frozen)
    return replace(sheet, mark=plan_mark(dossier, lang))


def plan_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """A row a plan: what it asks, what it reaches, at which effort, what stays open."""
    rows = [Wished(plan.makeup, wish, plan) for plan in dossier.plans for wish in plan.makeup.wishes]
    notes = [t("reports.note_plans", lang)]
    for plan in dossier.plans[:1]:
        notes += sentences(plan.makeup, dossier.run.dataset, lang)
    table: Table[Wished] = Table(name="plans", columns=WISHES, rows=rows, order={Surface.SHEET: PLAN_ORDER})
    return _laid(table, dossier, lang, notes=notes, empty="no_plans")


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
    return _laid(table, dossier, lang, notes=notes, empty="no_plans", paper=Paper.A3, frozen=2)


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
    return _laid(table, dossier, lang, notes=notes, empty="no_levers", paper=Paper.A3)


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
