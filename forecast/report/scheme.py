"""《三产联动互补互济建议方案（代拟稿）》: who makes up what, who helps with how much, who does it by when.

Form after GB/T 9704; every table and every number is that of the workbook's sheets.

Invariant: a plan that cannot be reached says so, with what is still open, wherever it is named (held by
``tests/test_report_scheme.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from docx.enum.section import WD_SECTION

from forecast.plan.result import SectorRow
from forecast.report import prose
from forecast.report.sheets.explanation import explanation_sheet
from forecast.report.sheets.tasks import task_summary_sheet, team_rows
from forecast.report.word import (
    ACROSS_MM,
    UPRIGHT_MM,
    Draft,
    fixed,
    lay_across,
    new_document,
    number_pages,
)
from forecast.report.workbook import made_at
from forecast.runs.session import PlanOf
from forecast.tables import words
from forecast.tables.dossier import Dossier, city_name, source_line
from forecast.tables.kind import Kind, Value
from forecast.tables.makeup_words import GROUPS, feasible_words, group_of, plan_name, said_of, sentences, support
from forecast.tables.plans import lever_sheet, plan_sheet, sector_sheet
from forecast.tables.table import Sheet
from forecast.texts import Lang, t

LEFT_OUT: Final = ("feasible_", "target_pct_", "driver_pct_", "role", "family", "department", "people", "difficulty")
"""Columns of the workbook's sheets that a page of the annex has no room for."""
PLAN_FIELDS: Final = (
    "asked", "before", "after", "fresh", "status", "needed_pp", "planned_pp", "planned_yi", "remaining_pp",
    "remaining_yi", "effort",
)  # fmt: skip


def scheme_bytes(dossier: Dossier, lang: Lang) -> bytes:
    """The scheme as a Word document."""
    document = new_document()
    draft = Draft(document=document, dossier=dossier, lang=lang)
    source = source_line(dossier, lang)
    number_pages(document.sections[0], source, lang=lang)
    _opening(draft)
    _situation(draft)
    _industry(draft)
    _others(draft)
    _tasks(draft)
    _duties(draft)
    _risks(draft)
    _annexes(draft)
    return fixed(
        document,
        title=draft.say("title", city=city_name(dossier, lang)),
        subject=source,
        author=t("reports.author", lang),
        when=made_at(dossier),
    )


def _mark(draft: Draft) -> str:
    rests = any(row.lever.synthetic for plan in draft.dossier.plans for row in plan.makeup.rows)
    return draft.dossier.mark(draft.lang, ledger=rests or draft.dossier.assigned.synthetic)


def _opening(draft: Draft) -> None:
    dossier, lang = draft.dossier, draft.lang
    if mark := _mark(draft):
        draft.add("mark", mark)
    draft.add("title", draft.say("title", city=city_name(dossier, lang)))
    draft.add("subtitle", draft.say("subtitle", as_of=words.knowledge(dossier.run.paths.as_of, lang)))
    draft.add("body", draft.say("opening"))


def _situation(draft: Draft) -> None:
    dossier, lang = draft.dossier, draft.lang
    draft.section(1, "situation")
    draft.part(1, draft.say("part_overall"))
    for line in prose.overall(dossier, lang):
        draft.add("body", line)
    draft.part(2, draft.say("part_gap"))
    for line in prose.causes(dossier, lang):
        draft.add("body", line)
    draft.part(3, draft.say("part_plans"))
    if not dossier.plans:
        draft.add("body", t("reports.no_plans", lang))
        return
    draft.add("body", draft.say("plans_lead"))
    draft.points([_verdict(plan, lang) for plan in dossier.plans])
    _plan_table(draft, draft.say("table", number=1, title=draft.say("table_plans")))


def _verdict(plan: PlanOf, lang: Lang) -> str:
    """What a plan asks and whether it is reached: the first of its sentences."""
    said = _needed(plan, lang)
    return t("reports.scheme_verdict", lang, plan=plan_name(plan, lang), said=said)


def _needed(plan: PlanOf, lang: Lang) -> str:
    """The sentence on the plan's wish."""
    wish = plan.makeup.wishes[0]
    needed = Kind.EXTENT.shown(wish.needed_pp, lang)
    return t("reports.scheme_needed", lang, needed=needed, said=said_of(plan, lang))


def _plan_table(draft: Draft, caption: str) -> None:
    """The three plans side by side, a column each."""
    sheet = plan_sheet(draft.dossier, draft.lang)
    records = sheet.records()
    head = [draft.say("item"), *(t(f"reports.plan_short_{plan.name}", draft.lang) for plan in draft.dossier.plans)]
    rows = []
    for name in PLAN_FIELDS:
        one = sheet.fields[sheet.position(name)]
        title = f"{one.heading(draft.lang)}{_unit(one.kind, draft.lang)}"
        rows.append([title, *(one.kind.shown(record[name], draft.lang) for record in records)])
    draft.add("caption", caption)
    draft.table(head, rows, width_mm=UPRIGHT_MM)


def _unit(style: Kind, lang: Lang) -> str:
    return {
        Kind.EXTENT: t("reports.scheme_in_points", lang),
        Kind.MONEY: t("reports.scheme_in_money", lang),
    }.get(style, "")


def _of_group(dossier: Dossier, group: str) -> list[list[SectorRow]]:
    """Rows of a group of industries, by plan."""
    return [[row for row in plan.makeup.sectors if group_of(row.industry) == group] for plan in dossier.plans]


def _amounts(plan: PlanOf, rows: Sequence[SectorRow], lang: Lang) -> str:
    """What a group brings in a plan: 保底方案0.60个百分点（7.0亿元）."""
    points = sum(row.planned_pp for row in rows)
    money = [row.planned_yi for row in rows if row.planned_yi is not None]
    amount = t("reports.scheme_money", lang, money=Kind.MONEY.shown(sum(money), lang)) if money else ""
    return t(
        "reports.scheme_amount",
        lang,
        plan=t(f"reports.plan_short_{plan.name}", lang),
        points=Kind.EXTENT.shown(points, lang),
        money=amount,
    )


def _group_text(draft: Draft, group: str) -> Iterator[str]:
    """Share, forecast, ceiling, what each plan asks, growth needed, support."""
    dossier, lang = draft.dossier, draft.lang
    by_plan = _of_group(dossier, group)
    rows = by_plan[0] if by_plan else []
    if not rows:
        yield draft.say("no_group")
        return
    ceiling = sum(row.ceiling_pp for row in rows)
    money = [row.ceiling_yi for row in rows if row.ceiling_yi is not None]
    yield draft.say(
        "group",
        group=t(f"makeup.group_{group}", lang),
        share=Kind.PERCENT.shown(sum(row.base_share for row in rows) * 100.0, lang),
        verb=draft.say("verb_make_up" if group == "industry" else "verb_help"),
        plans=t("glossary.comma", lang).join(_amounts(p, r, lang) for p, r in zip(dossier.plans, by_plan, strict=True)),
        ceiling=Kind.EXTENT.shown(ceiling, lang),
        money=draft.say("money", money=Kind.MONEY.shown(sum(money), lang)) if money else "",
    )
    largest = max(by_plan, key=lambda found: sum(row.planned_pp for row in found))
    for row in largest:
        if row.planned_pp > 0.005:
            yield _sector(draft, row)


def _sector(draft: Draft, row: SectorRow) -> str:
    lang = draft.lang
    name = row.name_zh if lang == "zh" else row.industry
    indicator = draft.dossier.run.dataset.panel.indicators.get(row.driver)
    parts = []
    if row.gap_pull_pp:
        points = Kind.EXTENT.shown(row.gap_pull_pp, lang)
        parts.append(draft.say("sector_gap", points=points))
    if indicator is not None and row.driver_required_pct is not None:
        parts.append(
            draft.say(
                "sector_driver",
                indicator=words.indicator_name(row.driver, indicator.name_zh, lang),
                growth=Kind.PERCENT.shown(row.driver_required_pct, lang),
                feasible=feasible_words(row.feasibility, row.history, lang),
            )
        )
    parts.append(draft.say("sector_support", support=support(row, lang)))
    return draft.say("sector", name=name, text=t("glossary.comma", lang).join(parts))


def _industry(draft: Draft) -> None:
    draft.section(2, "industry")
    for line in _group_text(draft, "industry"):
        draft.add("body", line)


def _others(draft: Draft) -> None:
    dossier, lang = draft.dossier, draft.lang
    draft.section(3, "others")
    for k, group in enumerate((g for g in GROUPS if g != "industry"), 1):
        draft.part(k, t(f"makeup.group_{group}", lang))
        for line in _group_text(draft, group):
            draft.add("body", line)
    if not dossier.plans or not dossier.plans[0].makeup.sectors:
        return
    head = [draft.say("item"), *_plan_heads(draft), draft.say("col_ceiling")]
    rows = []
    sums = [[0.0, 0.0] for _ in range(len(dossier.plans) + 1)]
    for group in GROUPS:
        by_plan = _of_group(dossier, group)
        values = [(sum(r.planned_pp for r in rows_), _money(r.planned_yi for r in rows_)) for rows_ in by_plan]
        values.append((sum(r.ceiling_pp for r in by_plan[0]), _money(r.ceiling_yi for r in by_plan[0])))
        for total, (points, money) in zip(sums, values, strict=True):
            total[0] += points
            total[1] += money or 0.0
        rows.append([t(f"makeup.group_{group}", lang), *(_both(p, m, lang) for p, m in values)])
    known = any(row.planned_yi is not None for row in dossier.plans[0].makeup.sectors)
    rows.append([t("reports.total", lang), *(_both(p, m if known else None, lang) for p, m in sums)])
    draft.add("caption", draft.say("table", number=2, title=draft.say("table_sectors")))
    draft.table(head, rows, width_mm=UPRIGHT_MM)


def _plan_heads(draft: Draft) -> list[str]:
    return [
        t("reports.group_sector_plan", draft.lang, plan=t(f"reports.plan_short_{p.name}", draft.lang))
        for p in draft.dossier.plans
    ]


def _money(values: Iterator[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _both(points: float, money: float | None, lang: Lang) -> str:
    text = Kind.EXTENT.shown(points, lang)
    return text if money is None else f"{text}\n（{Kind.MONEY.shown(money, lang)}）"


def _tasks(draft: Draft) -> None:
    lang = draft.lang
    sheet = task_summary_sheet(draft.dossier, lang)
    draft.section(4, "tasks")
    draft.add("body", draft.say("tasks_lead"))
    draft.points(list(sheet.notes[1:]))
    names = dict.fromkeys(str(row[0]) for row in sheet.rows)
    months = [k for k, one in enumerate(sheet.fields) if one.name.startswith("task_m")]
    totals = [sheet.position(name) for name in ("task_sum", "supported", "open")]
    for number, name in enumerate(names, 3):
        place = t("breakdown.dimension_place", lang)
        rows = [row for row in sheet.rows if row[0] == name and row[1] in (place, t("breakdown.dimension_total", lang))]
        head = [
            draft.say("col_place"),
            *(sheet.fields[k].heading(lang) for k in months),
            *(draft.say(f"col_{n}") for n in ("sum", "supported", "open")),
        ]
        draft.add("caption", draft.say("table", number=number, title=draft.say("table_tasks", indicator=name)))
        draft.table(
            head, [[str(row[2]), *(_in_yi(row[k]) for k in (*months, *totals))] for row in rows], width_mm=UPRIGHT_MM
        )


def _in_yi(value: Value) -> str:
    """万元 as 亿元 with four decimals, so that sums add up exactly."""
    return f"{value / 1e4:.4f}" if isinstance(value, int | float) else str(value)


def _duties(draft: Draft) -> None:
    draft.section(5, "duties")
    rows = team_rows(draft.dossier, draft.lang)
    if not rows:
        draft.add("body", draft.say("no_duties"))
        return
    draft.add("body", draft.say("duties_lead"))
    head = [draft.say(f"col_{name}") for name in ("team", "indicator", "amount", "unit", "person", "deadline")]
    number = 3 + len({row[1] for row in rows})
    draft.add("caption", draft.say("table", number=number, title=draft.say("table_duties")))
    draft.table(head, rows, width_mm=UPRIGHT_MM)


def _risks(draft: Draft) -> None:
    dossier, lang = draft.dossier, draft.lang
    draft.section(6, "risks")
    lines = prose.risks(dossier, lang)
    if dossier.plans:
        largest = max(dossier.plans, key=lambda plan: plan.makeup.effort).makeup
        said = sentences(largest, dossier.run.dataset, lang)
        mark = t("scenario.synthetic", lang)
        lines = [*(line for line in said[1:] if line != mark), *lines] if largest.used else lines
    draft.points([line for line in dict.fromkeys(lines) if line])


def _annexes(draft: Draft) -> None:
    """Tables too wide for the page, on pages that lie across; then what the numbers rest on."""
    dossier, lang = draft.dossier, draft.lang
    sheets = [sector_sheet(dossier, lang), lever_sheet(dossier, lang)]
    titles = [*(sheet.title for sheet in sheets), explanation_sheet(dossier, lang).title]
    draft.add("body", "")
    for number, title in enumerate(titles, 1):
        draft.add("body", draft.say("annexes" if number == 1 else "annex_next", number=number, title=title))
    lay_across(draft.document.add_section(WD_SECTION.NEW_PAGE))
    for number, sheet in enumerate(sheets, 1):
        if number > 1:
            draft.document.add_page_break()
        _annex(draft, number, sheet)
    draft.document.add_page_break()
    about = explanation_sheet(dossier, lang)
    draft.add("head1", draft.say("annex", number=len(sheets) + 1, title=about.title))
    rows = [[str(value) for value in row] for row in about.rows]
    draft.table([one.heading(lang) for one in about.fields], rows, width_mm=ACROSS_MM, small=True)


def _annex(draft: Draft, number: int, sheet: Sheet) -> None:
    lang = draft.lang
    draft.add("head1", draft.say("annex", number=number, title=sheet.title))
    if not sheet.rows:
        for note in sheet.notes:
            draft.add("body", note)
        return
    kept = [k for k, one in enumerate(sheet.fields) if not one.name.startswith(LEFT_OUT)]
    head = []
    for k in kept:
        one = sheet.fields[k]
        group = t(f"reports.group_{one.group}", lang, **one.params) if one.group else ""
        head.append(f"{group}\n{one.heading(lang)}" if group else one.heading(lang))
    rows = [[sheet.fields[k].kind.shown(row[k], lang) for k in kept] for row in sheet.rows]
    draft.table(head, rows, width_mm=ACROSS_MM, small=True)
    for note in sheet.notes:
        draft.add("note", note)
