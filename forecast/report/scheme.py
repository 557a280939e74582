"""《三产联动互补互济建议方案（代拟稿）》: who makes up what, who helps with how much, who does it by when.

Form after GB/T 9704; every table and every number is that of the workbook's sheets.

Invariant: a plan that cannot be reached says so, with what is still open, wherever it is named (held by
``tests/test_report_scheme.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from docx.enum.section import WD_SECTION

from forecast.data.dataset import Dataset
from forecast.plan.result import SectorRow
from forecast.report import prose
from forecast.report.word import ACROSS_MM, Draft, fixed, lay_across, new_document, number_pages
from forecast.report.workbook import made_at
from forecast.runs.session import PlanOf
from forecast.tables import words
from forecast.tables.breakdown import duty_grid, margin_grid, task_summary_sheet
from forecast.tables.data import explanation_sheet
from forecast.tables.dossier import Dossier, city_name, source_line
from forecast.tables.kind import Kind
from forecast.tables.makeup_words import GROUPS, alike, feasible_words, group_of, plan_name, said_of, sentences, support
from forecast.tables.plans import group_grid, lever_sheet, plan_grid, plan_mark, sector_sheet
from forecast.tables.table import Sheet, Surface
from forecast.texts import Lang, t

LEFT_OUT: Final = ("feasible_", "target_pct_", "driver_pct_", "role", "family", "department", "people", "difficulty")
"""Columns of the workbook's sheets that a page of the annex has no room for."""


def scheme_bytes(dossier: Dossier, lang: Lang) -> bytes:
    """The scheme as a Word document."""
    document = new_document()
    draft = Draft(document=document, dossier=dossier, lang=lang)
    source = source_line(dossier, lang)
    upright = document.sections[0]
    number_pages(upright, source, lang=lang)
    _opening(draft)
    _situation(draft)
    _industry(draft)
    _others(draft)
    _tasks(draft)
    _duties(draft)
    _risks(draft)
    _annexes(draft, upright)
    return fixed(
        document,
        title=draft.say("title", city=city_name(dossier, lang)),
        subject=source,
        author=t("reports.author", lang),
        when=made_at(dossier),
    )


def _mark(draft: Draft) -> str:
    return plan_mark(draft.dossier, draft.lang) or draft.dossier.mark(
        draft.lang, ledger=draft.dossier.assigned.synthetic
    )


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
    draft.rest(plan_mark(dossier, lang))
    draft.add("body", draft.say("plans_lead"))
    told = alike(dossier.plans, lambda one: _needed(one, dossier.run.dataset, lang))
    draft.points([_verdict(plans, said, lang) for plans, said in told])
    draft.show(plan_grid(dossier, lang), number=1)


def _verdict(plans: Sequence[PlanOf], said: str, lang: Lang) -> str:
    """What plans ask and whether it is reached; several that are alike are told once."""
    names = t("glossary.and", lang).join(plan_name(plan, lang) for plan in plans)
    return t("reports.scheme_verdict", lang, plan=names, said=said)


def _needed(plan: PlanOf, dataset: Dataset, lang: Lang) -> str:
    """The sentence on each of the plan's wishes."""
    return t("glossary.semicolon", lang).join(
        t(
            "reports.scheme_needed",
            lang,
            needed=Kind.EXTENT.shown(wish.needed_pp, lang),
            said=said_of(plan, dataset, lang, wish),
        )
        for wish in plan.makeup.wishes
    )


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
    draft.rest(plan_mark(draft.dossier, draft.lang))
    for line in _group_text(draft, "industry"):
        draft.add("body", line)


def _others(draft: Draft) -> None:
    dossier, lang = draft.dossier, draft.lang
    draft.section(3, "others")
    draft.rest(plan_mark(dossier, lang))
    for k, group in enumerate((g for g in GROUPS if g != "industry"), 1):
        draft.part(k, t(f"makeup.group_{group}", lang))
        for line in _group_text(draft, group):
            draft.add("body", line)
    summary = group_grid(dossier, lang)
    if summary.rows:
        draft.show(summary, number=2)


def _tasks(draft: Draft) -> None:
    lang, found = draft.lang, draft.dossier.assigned
    sheet = task_summary_sheet(draft.dossier, lang)
    draft.section(4, "tasks")
    draft.rest(sheet.mark)
    draft.add("body", draft.say("tasks_lead"))
    draft.points(list(sheet.notes[1:]))
    for number, b in enumerate((b for b in found.breakdowns if b.tasks), 3):
        grid = margin_grid(b, "place", found, lang, surface=Surface.WORD)
        draft.show(replace(grid, mark=sheet.mark and grid.mark), number=number)


def _duties(draft: Draft) -> None:
    draft.section(5, "duties")
    grid = duty_grid(draft.dossier.assigned, draft.lang)
    if not grid.rows:
        draft.add("body", draft.say("no_duties"))
        return
    draft.add("body", draft.say("duties_lead"))
    draft.show(grid, number=3 + sum(bool(b.tasks) for b in draft.dossier.assigned.breakdowns))


def _risks(draft: Draft) -> None:
    dossier, lang = draft.dossier, draft.lang
    draft.section(6, "risks")
    lines = prose.risks(dossier, lang)
    if dossier.plans:
        draft.rest(plan_mark(dossier, lang))
        largest = max(dossier.plans, key=lambda plan: plan.makeup.effort).makeup
        said = sentences(largest, dossier.run.dataset, lang)
        mark = t("scenario.synthetic", lang)
        lines = [*(line for line in said[1:] if line != mark), *lines] if largest.used else lines
    draft.points([line for line in dict.fromkeys(lines) if line])


def _annexes(draft: Draft, upright: Any) -> None:
    """Tables too wide for the page, on pages that lie across; then what the numbers rest on."""
    dossier, lang = draft.dossier, draft.lang
    sheets = [sector_sheet(dossier, lang), lever_sheet(dossier, lang)]
    titles = [*(sheet.title for sheet in sheets), explanation_sheet(dossier, lang).title]
    draft.add("body", "")
    for number, title in enumerate(titles, 1):
        draft.add("body", draft.say("annexes" if number == 1 else "annex_next", number=number, title=title))
    draft.close(upright)
    across = draft.document.add_section(WD_SECTION.NEW_PAGE)
    lay_across(across)
    for number, sheet in enumerate(sheets, 1):
        if number > 1:
            draft.document.add_page_break()
        _annex(draft, number, sheet)
    draft.document.add_page_break()
    about = explanation_sheet(dossier, lang)
    draft.add("head1", draft.say("annex", number=len(sheets) + 1, title=about.title))
    draft.show(about.grid(lang), width_mm=ACROSS_MM, small=True)
    draft.close(across)


def _annex(draft: Draft, number: int, sheet: Sheet) -> None:
    lang = draft.lang
    draft.add("head1", draft.say("annex", number=number, title=sheet.title))
    if not sheet.rows:
        for note in sheet.notes:
            draft.add("body", note)
        return
    draft.show(sheet.grid(lang, without=LEFT_OUT), width_mm=ACROSS_MM, small=True)
    for note in sheet.notes:
        draft.add("note", note)
