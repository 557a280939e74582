"""The scheme: six sections, three plans side by side, and what cannot be reached says so."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from functools import cache

import docx
import pytest
from docx.oxml.ns import qn

from forecast.answers.chances import Status
from forecast.plan.makeup import makeup
from forecast.plan.request import MakeupRequest, default_wish
from forecast.report.scheme import scheme_bytes
from forecast.report.word import ALTERNATIVES, MARGINS_MM
from forecast.runs.session import PlanOf, Session
from forecast.scenario.contributions import cases
from forecast.tables.plans import plan_sheet
from forecast.texts import LANGS, t
from tests.report_dossier import dossier, synthetic
from tests.test_report_brief import NUMBER, printed_numbers, texts


@cache
def opened(lang="zh"):
    return docx.Document(io.BytesIO(scheme_bytes(dossier(), lang)))


@cache
def hopeless():
    """The same with plans that have next to no effort to spend."""
    run = dossier().run
    world = Session(run).world
    judged = cases(run.attainment.rows, world.paths, run.dataset)
    wish = default_wish(judged, city="ankang")
    plans = []
    for plan in dossier().plans:
        wanted = replace(wish, criterion=plan.demand.criterion, level=0.99)
        made = makeup(world, judged, MakeupRequest(wishes=(wanted,), points=0, again=False, budget=1e-6))
        plans.append(PlanOf(name=plan.name, demand=plan.demand, makeup=made))
    return replace(dossier(), plans=tuple(plans))


def test_the_six_sections_stand_in_order_under_the_title():
    lines = [p.text for p in opened().paragraphs]
    heads = [line for line in lines if re.match(r"[一二三四五六]、", line)]
    names = ("situation", "industry", "others", "tasks", "duties", "risks")
    assert [h.split("、", 1)[1] for h in heads] == [t(f"reports.scheme_head_{name}", "zh") for name in names]
    assert any("互补互济建议方案" in line and "代拟稿" in line for line in lines[:3])
    assert [line for line in lines if line.startswith("（一）")]
    assert any(line.startswith("附件：1.") for line in lines)


def test_three_plans_stand_side_by_side_with_the_numbers_of_the_plan_sheet():
    table = opened().tables[0]
    assert [cell.text for cell in table.rows[0].cells][1:] == ["保底", "争取", "冲刺"]
    records = plan_sheet(dossier(), "zh").records()
    rows = {row.cells[0].text: [cell.text for cell in row.cells[1:]] for row in table.rows}
    assert rows["现概率"] == [record["before"] for record in records]
    assert rows["方案后概率"] == [record["after"] for record in records]
    assert rows["结论"] == [record["status"] for record in records]


def test_a_plan_out_of_reach_says_so_with_what_is_still_open():
    assert {plan.makeup.status for plan in hopeless().plans} == {Status.UNREACHABLE}
    document = docx.Document(io.BytesIO(scheme_bytes(hopeless(), "zh")))
    lines = [p.text for p in document.paragraphs if re.search("保底方案.*缺口", p.text)]
    for plan in hopeless().plans:
        left = f"{plan.makeup.wishes[0].remaining_pp:.1f}"
        assert f"剩余缺口{left}个百分点" in "".join(texts(document))
    assert any("不可及" in line for line in lines)


@pytest.mark.parametrize("found", [dossier, hopeless])
def test_every_number_of_the_scheme_is_printed_in_a_table_of_the_workbook(found):
    document = docx.Document(io.BytesIO(scheme_bytes(found(), "zh")))
    known = printed_numbers(found(), "zh") | {str(k) for k in range(10)}
    mine = {
        n
        for cell in (c for table in document.tables for r in table.rows for c in r.cells)
        for n in NUMBER.findall(cell.text)
    }
    body = [p.text for p in document.paragraphs]
    loose = [n for line in body for n in NUMBER.findall(line) if n not in known | mine]
    sums = {f"{sum(getattr(r, f) or 0.0 for r in rows):.{d}f}" for rows, f, d in _sums(found())}
    assert [n for n in loose if n not in sums] == []


def _sums(found):
    """Sums by group of industries, which the text names."""
    from forecast.tables.makeup_words import GROUPS, group_of

    for plan in found.plans:
        for group in GROUPS:
            rows = [row for row in plan.makeup.sectors if group_of(row.industry) == group]
            for field, digits in (
                ("planned_pp", 2),
                ("planned_yi", 1),
                ("planned_yi", 2),
                ("ceiling_pp", 2),
                ("ceiling_yi", 2),
            ):
                yield rows, field, digits
            yield [_Percent(row.base_share * 100.0) for row in rows], "share", 1
        yield [_Percent(plan.makeup.help_ceiling_pp)], "share", 1
        yield [_Percent(plan.makeup.make_up_ceiling_pp)], "share", 1
        for wish in plan.makeup.wishes:
            for value in (wish.needed_pp, wish.remaining_pp, wish.remaining_yi or 0.0):
                yield [_Percent(value)], "share", 1


class _Percent:
    def __init__(self, share):
        self.share = share


def test_the_page_is_the_official_one():
    section = opened().sections[0]
    found = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
    assert tuple(round(margin.mm) for margin in found) == MARGINS_MM
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    fonts = {}
    for paragraph in opened().paragraphs:
        for run in paragraph.runs:
            if run.text:
                kind = run._r.find(qn("w:rPr")).find(qn("w:rFonts")).get(qn("w:eastAsia"))
                fonts.setdefault(kind, set()).add(run.font.size.pt)
                assert kind in ALTERNATIVES
    assert fonts["方正小标宋简体"] == {22.0}
    assert 16.0 in fonts["仿宋"]
    assert 16.0 in fonts["黑体"]
    assert 16.0 in fonts["楷体"]
    body = next(p for p in opened().paragraphs if p.text.startswith("围绕工业"))
    assert body.paragraph_format.line_spacing.pt == 28.0
    assert "PAGE" in opened().sections[0].footer._element.xml


def test_the_same_dossier_gives_the_same_bytes():
    assert scheme_bytes(dossier(), "zh") == scheme_bytes(dossier(), "zh")


def test_synthetic_rows_are_marked():
    assert opened().paragraphs[0].text == t("reports.mark_ledger", "zh")
    made = docx.Document(io.BytesIO(scheme_bytes(synthetic(), "zh")))
    assert made.paragraphs[0].text == t("reports.mark_data", "zh")


@pytest.mark.parametrize("lang", LANGS)
def test_without_plans_the_scheme_says_so(lang):
    document = docx.Document(io.BytesIO(scheme_bytes(replace(dossier(), plans=()), lang)))
    assert t("reports.no_plans", lang) in [p.text for p in document.paragraphs]
