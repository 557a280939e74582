"""互补互济建议方案: 补多少、济多少 by industry, three plans side by side, and the levers behind them.

Invariant: points and money of the industries sum to what the plan brings to GDP (held by
``tests/test_report_sheets.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from forecast.answers.chances import Status
from forecast.plan.result import SectorRow, WishResult
from forecast.report.makeup_words import (
    change_words,
    feasible_words,
    level_words,
    lever_name,
    place_name,
    sentences,
    support,
    use_words,
    wish_name,
)
from forecast.runs.goals import PlanOf
from forecast.tables import words
from forecast.tables.dossier import Dossier, heading, subtitle
from forecast.tables.table import Field, Kind, Paper, Sheet, Value
from forecast.texts import Lang, t


def plan_name(plan: PlanOf, lang: Lang) -> str:
    """保底, 争取, 冲刺, with what is asked."""
    demand = plan.demand
    return t(
        f"reports.plan_{plan.name}",
        lang,
        percent=words.percent(demand.probability),
        verb=t(f"reports.verb_{demand.criterion.value}", lang),
    )


def wish_of(plan: PlanOf) -> WishResult:
    """The one wish of a plan."""
    return plan.makeup.wishes[0]


def _marked(dossier: Dossier, lang: Lang) -> str:
    return dossier.mark(lang, ledger=any(row.lever.synthetic for plan in dossier.plans for row in plan.makeup.rows))


def plan_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """A row a plan: what it asks, what it reaches, at which effort, what stays open."""
    columns: tuple[tuple[str, Kind, int], ...] = (
        ("plan", Kind.TEXT, 26),
        ("wish", Kind.TEXT, 26),
        ("asked", Kind.CHANCE, 10),
        ("before", Kind.CHANCE, 10),
        ("after", Kind.CHANCE, 10),
        ("change", Kind.SHORT, 12),
        ("fresh", Kind.CHANCE, 10),
        ("ceiling", Kind.CHANCE, 10),
        ("status", Kind.SHORT, 18),
        ("needed_pp", Kind.EXTENT, 10),
        ("planned_pp", Kind.EXTENT, 10),
        ("planned_yi", Kind.MONEY, 12),
        ("remaining_pp", Kind.EXTENT, 10),
        ("remaining_yi", Kind.MONEY, 12),
        ("effort", Kind.RATIO, 10),
        ("levers", Kind.WHOLE, 8),
    )
    notes = [t("reports.note_plans", lang)]
    for plan in dossier.plans[:1]:
        notes += sentences(plan.makeup, dossier.run.dataset, lang)
    return Sheet(
        name="plans",
        tab=t("reports.tab_plans", lang),
        title=heading("plans", dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=tuple(Field(name=n, kind=s, key=f"plan_{n}", widest=w) for n, s, w in columns),
        rows=tuple(_plan_row(plan, lang) for plan in dossier.plans),
        notes=tuple(notes) if dossier.plans else (t("reports.no_plans", lang),),
        mark=_marked(dossier, lang),
        frozen=1,
    )


def _plan_row(plan: PlanOf, lang: Lang) -> tuple[Value, ...]:
    wish, made = wish_of(plan), plan.makeup
    planned = sum(row.planned_pp for row in made.sectors)
    money = [row.planned_yi for row in made.sectors if row.planned_yi is not None]
    open_ = wish.status is Status.UNREACHABLE
    return (
        plan_name(plan, lang),
        wish_name(wish, lang),
        f"≥{words.percent(plan.demand.probability)}%",
        level_words(made, wish, wish.before, lang),
        level_words(made, wish, wish.all_draws, lang),
        change_words(made, wish, wish.all_draws),
        level_words(made, wish, wish.fresh, lang),
        level_words(made, wish, wish.ceiling, lang),
        t(f"reports.plan_status_{wish.status.value}", lang),
        wish.needed_pp,
        planned if made.sectors else None,
        sum(money) if money else None,
        wish.remaining_pp if open_ else 0.0,
        wish.remaining_yi if open_ else (0.0 if wish.remaining_yi is not None else None),
        made.effort,
        len(made.used),
    )


def sector_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """补济表: a row an industry, a group of columns a plan, sums below."""
    plans = dossier.plans
    first = plans[0].makeup if plans else None
    sectors = first.sectors if first else ()
    rows = [_sector_row(k, row, plans, lang) for k, row in enumerate(sectors)]
    notes = [t("reports.note_sectors", lang)]
    if first is not None and sectors:
        ceilings = {"help": f"{first.help_ceiling_pp:.1f}", "make_up": f"{first.make_up_ceiling_pp:.1f}"}
        notes.append(t("makeup.say_ceiling", lang, **ceilings))
        notes += [
            t("reports.note_plan_of", lang, plan=plan_name(plan, lang), status=said_of(plan, lang)) for plan in plans
        ]
    return Sheet(
        name="sectors",
        tab=t("reports.tab_sectors", lang),
        title=heading("sectors", dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=_sector_fields(plans, lang),
        rows=tuple(rows),
        notes=tuple(notes) if rows else (t("reports.no_plans", lang),),
        mark=_marked(dossier, lang),
        paper=Paper.A3,
        frozen=2,
    )


def said_of(plan: PlanOf, lang: Lang) -> str:
    wish = wish_of(plan)
    made = plan.makeup
    money = "" if wish.remaining_yi is None else t("makeup.money_about", lang, number=f"{wish.remaining_yi:.1f}")
    before, after = (level_words(made, wish, value, lang) for value in (wish.before, wish.all_draws))
    moved = t("reports.plan_same" if before == after else "reports.plan_moved", lang, before=before, after=after)
    return t(
        f"reports.plan_said_{wish.status.value}",
        lang,
        before=before,
        moved=moved,
        left=f"{wish.remaining_pp:.1f}",
        money=money,
    )


def _sector_fields(plans: Sequence[PlanOf], lang: Lang) -> tuple[Field, ...]:
    def column(
        name: str,
        style: Kind,
        group: str = "",
        *,
        total: bool = False,
        widest: int = 14,
        params: Mapping[str, str] | None = None,
    ) -> Field:
        key = f"sector_{name.rsplit('_plan', 1)[0]}"
        return Field(name=name, kind=style, group=group, key=key, total=total, params=params or {}, widest=widest)

    fields = [
        column("industry", Kind.TEXT, widest=18),
        column("side", Kind.SHORT),
        column("role", Kind.SHORT, widest=12),
        column("share", Kind.PERCENT),
        column("forecast_pct", Kind.PERCENT),
        column("gap_pp", Kind.EXTENT, "sector_gap", total=True),
        column("gap_yi", Kind.MONEY, "sector_gap", total=True),
        column("ceiling_pp", Kind.EXTENT, "sector_ceiling", total=True),
        column("ceiling_yi", Kind.MONEY, "sector_ceiling", total=True),
    ]
    for plan in plans:
        title = {"plan": t(f"reports.plan_short_{plan.name}", lang)}
        end = f"_plan_{plan.name}"
        fields += [
            column(f"planned_pp{end}", Kind.EXTENT, "sector_plan", total=True, params=title),
            column(f"planned_yi{end}", Kind.MONEY, "sector_plan", total=True, params=title),
            column(f"target_pct{end}", Kind.PERCENT, "sector_plan", params=title),
            column(f"driver_pct{end}", Kind.PERCENT, "sector_plan", params=title),
            column(f"feasible{end}", Kind.SHORT, "sector_plan", widest=12, params=title),
        ]
    return (
        *fields,
        column("support", Kind.TEXT, widest=18),
        column("department", Kind.SHORT, widest=12),
        column("team", Kind.TEXT, widest=14),
    )


def _sector_row(k: int, row: SectorRow, plans: Sequence[PlanOf], lang: Lang) -> tuple[Value, ...]:
    cells: list[Value] = [
        row.name_zh if lang == "zh" else row.industry,
        t(f"reports.side_{row.side.value}", lang),
        t(f"reports.role_{row.role.value}", lang),
        row.base_share * 100.0,
        row.forecast_pct,
        row.gap_pull_pp,
        row.gap_yi,
        row.ceiling_pp,
        row.ceiling_yi,
    ]
    for plan in plans:
        one = plan.makeup.sectors[k]
        cells += [
            one.planned_pp,
            one.planned_yi,
            one.target_pct,
            one.driver_required_pct,
            feasible_words(one.feasibility, one.history, lang) if one.planned_pp > 0.0 else None,
        ]
    largest = max((plan.makeup.sectors[k] for plan in plans), key=lambda one: one.planned_pp)
    return (*cells, support(largest, lang), row.department or None, row.team or None)


def lever_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """措施清单: every lever, how far each plan uses it, on what its limit rests, and who is responsible."""
    plans = dossier.plans
    rows = []
    for k, one in enumerate(plans[0].makeup.rows if plans else ()):
        uses = [plan.makeup.rows[k] for plan in plans]
        if not any(row.use > 0.0 for row in uses):
            continue
        lever, largest = one.lever, max(uses, key=lambda row: row.use)
        rows.append(
            (
                lever_name(lever, dossier.run.dataset, lang),
                t(f"makeup.family_{lever.family.value}", lang),
                place_name(lever.place, dossier.run.dataset, lang),
                *(use_words(lever, row.use, lang) for row in uses),
                use_words(lever, lever.cap, lang),
                t(f"reports.evidence_{lever.evidence.value}", lang),
                lever.difficulty,
                largest.money_yi or None,
                largest.gdp_pp,
                lever.team or None,
                t("glossary.and", lang).join(lever.responsible[:2]) or None,
                t("glossary.and", lang).join(lever.people[:3]) or None,
            )
        )
    names = [f"use_plan_{plan.name}" for plan in plans]
    before = (("name", Kind.TEXT, 30), ("family", Kind.SHORT, 14), ("place", Kind.SHORT, 12))
    after: tuple[tuple[str, Kind, int], ...] = (
        ("cap", Kind.SHORT, 24),
        ("evidence", Kind.SHORT, 10),
        ("difficulty", Kind.PERCENT, 6),
        ("money_yi", Kind.MONEY, 10),
        ("gdp_pp", Kind.EXTENT, 8),
        ("team", Kind.TEXT, 22),
        ("responsible", Kind.TEXT, 22),
        ("people", Kind.TEXT, 18),
    )
    shares = [
        Field(
            name=name,
            kind=Kind.SHORT,
            key="lever_use",
            params={"plan": t(f"reports.plan_short_{plan.name}", lang)},
            widest=24,
        )
        for name, plan in zip(names, plans, strict=True)
    ]
    return Sheet(
        name="levers",
        tab=t("reports.tab_levers", lang),
        title=heading("levers", dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=(
            *(Field(name=n, kind=s, key=f"lever_{n}", widest=w) for n, s, w in before),
            *shares,
            *(Field(name=n, kind=s, key=f"lever_{n}", widest=w) for n, s, w in after),
        ),
        rows=tuple(rows),
        notes=(t("reports.note_levers", lang),) if rows else (t("reports.no_levers", lang),),
        mark=_marked(dossier, lang),
        paper=Paper.A3,
        frozen=1,
    )
