"""One need, one net amount: path, breakdown, tasks, plan and papers of a run print the same; warnings, marks too."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from functools import cache

import docx
import pytest
from openpyxl import load_workbook
from rich.console import Console

from forecast.answers.chances import Criterion, Status
from forecast.plan.path import Demand
from forecast.plan.request import Form, MakeupRequest, Wish
from forecast.report import html, prose
from forecast.report.scheme import scheme_bytes
from forecast.report.task_sheet import write_task_book
from forecast.report.terminal import page, paged
from forecast.report.workbook import workbook_bytes
from forecast.runs.session import PlanOf, Session, Wanted
from forecast.tables.breakdown import breakdown_blocks, breakdown_tables, margin_grid, task_summary_sheet
from forecast.tables.breakdown_words import narrative, task_note
from forecast.tables.counties import county_blocks
from forecast.tables.forecast import forecast_sheet
from forecast.tables.kind import Kind
from forecast.tables.makeup import makeup_blocks, makeup_document, wish_grid
from forecast.tables.path import path_blocks, path_frame, path_sheet
from forecast.tables.plans import plan_sheet
from forecast.tables.stock import stock_grid
from forecast.tables.table import Surface
from forecast.texts import LANGS, t
from tests.report_dossier import dossier, pooled_run
from tests.test_app_tasks import ranked

WISH = 0.95
DEMAND = Demand(criterion=Criterion.NEAR, probability=WISH)


@cache
def session():
    return Session(pooled_run())


@cache
def plan(indicator):
    wish = Wish(keys=((indicator, "ankang", "province_average"),), criterion=Criterion.NEAR, level=WISH, form=Form.ALL)
    return session().plan(MakeupRequest(wishes=(wish,), points=0, again=False, budget=1e-6))


@cache
def found():
    return session().assignments(Wanted(wish=WISH))


@cache
def asked():
    """A dossier whose papers tell of the same wish."""
    plans = (PlanOf(name="floor", demand=DEMAND, makeup=plan("gdp")),)
    return replace(dossier(), plans=plans, assigned=found())


def printed(blocks, width=200):
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(page(blocks) if isinstance(blocks, list) else blocks)
    return console.file.getvalue()


def needs(indicator):
    b = next(b for b in found().breakdowns if b.indicator == indicator)
    return b, b.increment.need


@pytest.mark.parametrize("indicator", ["gdp", "fai", "ind_va"])
def test_path_breakdown_tasks_and_plan_of_a_wish_print_the_same_net_amount(indicator):
    b, need = needs(indicator)
    assert need.status is Status.NEEDED
    net = Kind.MONEY.shown(need.level_yi, "zh")
    (path,) = session().required([DEMAND], wanted=lambda case: case.target.indicator == indicator, below=False)
    assert path.need == need
    assert f"新增{net}亿元" in printed(path_blocks([path], session().run, "zh")).replace("\n", "")
    frame = path_frame([path], session().run)
    extra = frame.loc[(frame["scope"] == "city") & (frame["phase"] == "demanded"), "extra_yi"].sum()
    assert extra == pytest.approx(need.level_yi, rel=1e-9)
    assert f"新增{net}亿元" in "".join(narrative(b, found(), "zh"))
    assert f"新增{net}亿元" in task_note(b, "zh")
    plans = breakdown_tables(found())["breakdown_plans"].set_index("indicator")
    assert plans.loc[indicator, "level_yi"] == need.level_yi
    made = plan(indicator)
    assert made.wishes[0].need == replace(need, additionality=made.wishes[0].need.additionality)
    screen = printed(makeup_blocks(made, session().run, "zh", 200), 200)
    assert net in screen
    assert f"须新增{net}亿元" in screen.replace("\n", "")
    assert net in html.table(wish_grid(made, "zh"))
    assert makeup_document(made, session().run)["makeup_wishes"][0]["needed_yi"] == round(need.level_yi, 4)


def test_sheets_brief_and_scheme_print_the_same_net_amount():
    _, need = needs("gdp")
    net = Kind.MONEY.shown(need.level_yi, "zh")
    assert plan_sheet(asked(), "zh").records()[0]["needed_yi"] == need.level_yi
    assert any(f"新增{net}亿元" in note for note in task_summary_sheet(asked(), "zh").notes)
    assert any(f"须新增{net}亿元" in line for line in prose.advice(asked(), "zh"))
    text = [p.text for p in scheme().paragraphs]
    assert any(f"须新增{net}亿元" in line for line in text)
    rows = {row.cells[0].text: row.cells[1].text for row in scheme().tables[0].rows}
    assert rows["须新增（亿元）"] == net


def test_what_stays_open_under_a_plan_is_the_need_of_its_draws():
    one = plan("gdp").wishes[0]
    assert one.status is Status.UNREACHABLE
    left = Kind.MONEY.shown(one.remaining_yi, "zh")
    assert one.remaining_yi == one.left.level_yi
    assert one.remaining_yi <= one.needed_yi
    assert any(f"折合新增{left}亿元" in line for line in prose.advice(asked(), "zh"))
    assert plan_sheet(asked(), "zh").records()[0]["remaining_yi"] == one.remaining_yi


def test_a_gross_amount_stands_only_beside_the_net_one_with_the_ratio():
    for b in found().breakdowns:
        need, said = b.increment.need, "".join(narrative(b, found(), "zh"))
        gross, ratio = Kind.MONEY.shown(b.increment.total_yi, "zh"), f"{need.additionality * 100:g}%"
        for text in (said, task_note(b, "zh")):
            assert re.search(rf"应安排\w+{gross}亿元", text)
            assert f"新增{Kind.MONEY.shown(need.level_yi, 'zh')}亿元" in text
            assert need.additionality == 1.0 or ratio in text


@cache
def scheme():
    return docx.Document(io.BytesIO(scheme_bytes(asked(), "zh")))


def test_tasks_out_of_reach_say_so_above_the_table_on_every_surface(tmp_path):
    (b,) = (b for b in found().breakdowns if b.indicator == "gdp")
    total = b.margin("total")
    assert b.status is Status.PARTLY_OPEN
    share = f"{Kind.MONEY.shown(total.open_wan / 1e4, 'zh')}亿元（"
    said = f"其中{share}"
    for surface in (Surface.TERMINAL, Surface.PAGE, Surface.WORD):
        assert said in margin_grid(b, "place", found(), "zh", surface=surface).warning
    shown = html.table(margin_grid(b, "team", found(), "zh"))
    assert shown.index("按现有台账不可及") < shown.index("<table>")
    screen = printed(
        paged(lambda width: breakdown_blocks(replace(found(), breakdowns=(b,)), "zh", width)), 120
    ).replace("\n", "")
    assert screen.index("按现有台账不可及") < screen.index("分县区分月")
    sheet = task_summary_sheet(asked(), "zh")
    assert said in sheet.warning
    path = write_task_book(
        tmp_path / "tasks.xlsx", [b], source=asked().provenance, city="安康市", knowledge="截至8月",
        day=asked().run.paths.as_of.day,
    )  # fmt: skip
    assert said in load_workbook(path).worksheets[0]["B2"].value
    body = list(scheme().element.body)
    at = [k for k, one in enumerate(body) if "按现有台账不可及" in "".join(one.itertext())]
    assert at
    assert all(any(body[j].tag.endswith("}tbl") for j in range(k, k + 3)) for k in at)


def test_a_sheet_prints_its_warning_above_its_first_row():
    book = load_workbook(io.BytesIO(workbook_bytes([task_summary_sheet(asked(), "zh")], asked(), lang="zh")))
    cells = [row[0] for row in book["任务分解表"].iter_rows(max_col=1, values_only=True)]
    at = next(k for k, value in enumerate(cells) if value and "按现有台账不可及" in str(value))
    assert at < cells.index("指标")


@pytest.mark.parametrize("lang", LANGS)
def test_every_table_and_page_that_rests_on_example_ledgers_says_so(lang):
    mark = t("reports.mark_ledger", lang)
    for b in found().breakdowns:
        assert b.synthetic
        assert narrative(b, found(), lang)[-1] == t("breakdown.synthetic", lang)
        for dimension in ("place", "team", "support"):
            grid = margin_grid(b, dimension, found(), lang, surface=Surface.TERMINAL)
            assert grid.mark == mark
            assert mark in printed([grid])
        assert mark in html.table(margin_grid(b, "team", found(), lang))
    assert stock_grid(found(), lang).mark == mark
    document = docx.Document(io.BytesIO(scheme_bytes(asked(), lang)))
    assert [section.header.paragraphs[0].text for section in document.sections] == [mark, mark]
    (told,) = (line for line in prose.advice(asked(), lang) if Kind.MONEY.shown(needs("gdp")[1].level_yi, lang) in line)
    assert mark in told


def test_without_a_row_of_an_example_ledger_nothing_is_marked():
    plain = replace(asked(), plans=())
    assert not any(t("reports.mark_ledger", "zh") in line for line in prose.advice(plain, "zh")[-1:])
    real = tuple(replace(b, synthetic=False) for b in found().breakdowns)
    grid = margin_grid(real[0], "place", replace(found(), breakdowns=real), "zh")
    assert grid.mark == ""


def test_a_quarter_is_named_by_its_months_and_never_by_its_last_one_alone():
    (path,) = session().required([DEMAND], wanted=lambda case: case.target.indicator == "gdp")
    text = printed(path_blocks([path], session().run, "zh")).replace("\n", "")
    assert "自10月起1期" in text
    assert "10—12月合计新增" in text
    assert "12—12月" not in text
    city = next(block for block in path_blocks([path], session().run, "zh") if getattr(block, "names", ()))
    assert [row[0].text for row in city.rows][-1] == "10—12月"
    told = replace(asked(), paths={"floor": (path,), "sprint": (path,)})
    note = t("reports.note_span", "zh", list="gdp", month="12", span="10—12月")
    assert note in path_sheet(told, "zh").notes
    assert note in forecast_sheet(told, "zh").notes


def test_lists_of_counties_stand_under_one_mark_where_a_figure_is_made_up():
    naming = replace(ranked(found()).naming, synthetic=True)
    blocks = list(county_blocks(replace(found(), naming=naming), "zh"))
    mark = t("report.note_synthetic_all", "zh")
    assert [getattr(block, "text", "") for block in blocks].count(mark) == 1
    assert not any(getattr(block, "mark", "") for block in blocks)
