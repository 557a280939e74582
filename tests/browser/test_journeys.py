"""Whole journeys: what a planner and a leader do, from the first screen to a number."""

from __future__ import annotations

import csv
import re
import subprocess
import sys

import pytest

from forecast.data.starter import write_starter
from forecast.report.files import write_run
from forecast.runs.store import Store
from tests.app_pages import filled_book
from tests.browser.conftest import ROOT, served

HEAD = "unit,indicator,period,measure,value,released,status,source\n"
GOOD = f"{HEAD}city,fai,2020-09,cum_yoy_pct,6.4,2020-10-20,synthetic,示例\n"
BAD = GOOD.replace("city,", "citi,") + "city,fai,2020-10,cum_yoy_pct,六点四,,synthetic,示例\n"


def settled(page):
    """The script has come to its end, and what it said is drawn."""
    page.wait_for_timeout(250)
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
    page.wait_for_timeout(150)


def goto(page, address, selector=".dabiao-title"):
    page.goto(address)
    page.wait_for_selector(selector)
    settled(page)


def rows(page, kind):
    return page.locator(f".dabiao.{kind}").first.locator("tbody tr").all_inner_texts()


def test_a_new_city_from_the_installed_wheel_to_its_first_probability(page, installed, tmp_path):
    away = tmp_path / "away"
    away.mkdir()
    where = subprocess.run(
        [sys.executable, "-c", "import forecast; print(forecast.__file__)"],
        cwd=away,
        env={"PYTHONPATH": str(installed), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert str(installed) in where
    book = write_starter(tmp_path / "city", city_zh="甲市", province_zh="乙省", year=2020, as_of="2020-08")
    filled = tmp_path / "进度数据.xlsx"
    filled.write_bytes(filled_book(book.read_bytes()))
    with served(tmp_path / "home", away, packages=installed) as address:
        goto(page, address, "h1")
        page.get_by_label("市", exact=True).fill("甲市")
        page.get_by_label("省", exact=True).fill("乙省")
        page.keyboard.press("Tab")
        settled(page)
        with page.expect_download() as download:
            page.get_by_role("button", name="下载进度数据工作簿").click()
        assert download.value.suggested_filename == "进度数据.xlsx"
        page.locator("input[type=file]").first.set_input_files(str(filled))
        page.get_by_text("检查通过").wait_for()
        page.get_by_label("操作人").fill("张三")
        page.keyboard.press("Tab")
        settled(page)
        page.get_by_role("button", name="确认并入").click()
        page.wait_for_selector(".dabiao.leaders", timeout=120_000)
        settled(page)
        lines = rows(page, "leaders")
        assert any("规模以上工业增加值" in line and re.search(r"\d+%", line) for line in lines)
        assert page.get_by_role("heading", name="甲市2020年主要指标年终预判").is_visible()


def test_the_example_opens_from_the_installed_wheel(page, installed, tmp_path):
    with served(tmp_path / "home", tmp_path, packages=installed) as address:
        goto(page, address, "h1")
        page.get_by_role("button", name="看示例").click()
        page.wait_for_selector(".dabiao.leaders")
        settled(page)
        assert "不得用于上报决策" in page.locator(".dabiao-synthetic").first.inner_text()


def test_a_leader_reads_the_numbers_of_the_file_and_turns_to_a_scenario(page, example_home, tmp_path):
    kept = Store(example_home).open("latest")
    write_run(kept.run(), tmp_path / "out")
    with (tmp_path / "out" / "attainment.csv").open(encoding="utf-8-sig") as file:
        records = [
            row
            for row in csv.DictReader(file)
            if row["unit"] == "city" and row["target_kind"] == "province_average" and row["forecast_growth_pct"]
        ]
    with served(example_home, ROOT) as address:
        goto(page, address)
        shown = rows(page, "leaders")
        assert len(records) > 5
        for row in records:
            line = next(text for text in shown if text.startswith(row["name_zh"]))
            printed = [float(x) for x in re.findall(r"[+-]\d+\.\d(?=%)", line)]
            assert min(abs(x - float(row["forecast_growth_pct"])) for x in printed) <= 0.0551
        page.get_by_role("link", name="情景推演").click()
        page.wait_for_selector(".dabiao.scenario")
        settled(page)
        before = rows(page, "scenario")
        page.get_by_role("combobox", name="情景").first.click()
        page.get_by_role("option").filter(has_text="复产").first.click()
        page.wait_for_function("b => document.querySelector('.dabiao.scenario').innerText !== b", arg="\n".join(before))
        settled(page)
        after = rows(page, "scenario")
        assert len(after) == len(before)
        assert after != before


def test_a_planner_edits_a_restart_sees_the_change_saves_and_comes_back_by_link(page, own_home):
    with served(own_home, ROOT) as address:
        goto(page, f"{address}/scenario?scenario=file:restart", ".dabiao.scenario")
        first = rows(page, "scenario")
        assert any("变化+" in line for line in first)
        _edit_a_month(page, "2020-12")
        page.wait_for_function("new URLSearchParams(location.search).has('edit')")
        settled(page)
        edited_once = page.url
        page.get_by_role("button", name=re.compile("统一设置所列")).click()
        page.get_by_role("combobox", name="自何月起").click()
        page.get_by_role("option", name="2020-12").click()
        page.get_by_role("button", name="应用到所列各行").click()
        page.wait_for_function("b => location.href !== b", arg=edited_once)
        settled(page)
        later = rows(page, "scenario")
        assert later != first
        page.get_by_role("button", name="保存", exact=True).click()
        page.get_by_role("textbox", name="编号").fill("later")
        page.get_by_role("textbox", name="保存人").fill("李四")
        page.get_by_role("button", name="保存为新版本").click()
        page.wait_for_function("new URLSearchParams(location.search).get('scenario') === 'saved:later@1'")
        settled(page)
        link = page.url
        assert "edit=" not in link
        assert Store(own_home).scenarios.newest("later").author == "李四"
        page.goto("about:blank")
        goto(page, link, ".dabiao.scenario")
        assert rows(page, "scenario") == later


def _edit_a_month(page, month):
    """Change the month of the second row of the table, which restarts, by the keyboard."""
    grid = page.get_by_test_id("stDataFrame").first
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    page.mouse.click(box["x"] + 30, box["y"] + 88)
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_timeout(400)
    page.keyboard.type(month)
    page.wait_for_timeout(300)
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    page.keyboard.press("Escape")


def test_a_broken_upload_is_told_in_full_and_a_repaired_one_taken_in_and_back(page, own_home, tmp_path):
    bad, good = tmp_path / "九月.csv", tmp_path / "九月改.csv"
    bad.write_text(BAD, encoding="utf-8")
    good.write_text(GOOD, encoding="utf-8")
    with served(own_home, ROOT) as address:
        goto(page, f"{address}/data")
        page.locator("input[type=file]").first.set_input_files(str(bad))
        page.get_by_text("发现2处问题").wait_for()
        assert page.get_by_role("button", name="确认并入").count() == 0
        page.get_by_test_id("stFileChipDeleteBtn").get_by_role("button").first.click()
        settled(page)
        page.locator("input[type=file]").first.set_input_files(str(good))
        page.get_by_label("操作人").fill("王五")
        page.keyboard.press("Tab")
        settled(page)
        page.get_by_role("button", name="确认并入").click()
        page.get_by_text("现为第2版").first.wait_for()
        settled(page)
        page.get_by_role("link", name="总览").click()
        page.get_by_text("数据已更新到第2版").wait_for()
        page.get_by_role("link", name="数据").click()
        page.get_by_role("button", name="撤销第2版").click()
        page.get_by_text("现为第1版").first.wait_for()


def test_a_new_run_shows_its_progress_while_the_app_is_used_and_can_be_stopped(page, own_home):
    with served(own_home, ROOT) as address:
        goto(page, f"{address}/data")
        page.get_by_role("tab", name="推演").click()
        settled(page)
        page.get_by_role("spinbutton", name="种子").fill("5")
        page.get_by_role("button", name="开始推演").click()
        page.get_by_test_id("stProgress").first.wait_for()
        page.get_by_role("link", name="总览").click()
        page.wait_for_selector(".dabiao.leaders")
        assert page.get_by_test_id("stProgress").first.is_visible()
        page.get_by_role("button", name="停止").first.click()
        page.get_by_text("已停止，没有留下结果").first.wait_for()
        assert len(Store(own_home).runs()) == 1
        page.get_by_role("link", name="数据").click()
        page.get_by_role("tab", name="推演").click()
        settled(page)
        page.get_by_role("textbox", name="数据截至").fill("2020-07")
        page.get_by_role("combobox", name="抽样次数").click()
        page.get_by_role("option", name="1000").click()
        page.get_by_role("button", name="开始推演").click()
        page.get_by_role("button", name="查看结果").first.wait_for(timeout=180_000)
        page.get_by_role("button", name="查看结果").first.click()
        page.get_by_role("heading", name=re.compile("年终预判（截至7月）")).wait_for()


@pytest.mark.parametrize("name", ["overview", "indicator", "scenario", "makeup", "tasks", "track", "data"])
@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_no_page_is_wider_than_its_screen(page, example_home, pages_address, name, width):
    page.set_viewport_size({"width": width, "height": 900})
    goto(page, f"{pages_address}/{'' if name == 'overview' else name}")
    wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    assert wide <= width
    assert page.get_by_test_id("stException").count() == 0


@pytest.fixture(scope="module")
def pages_address(example_home):
    with served(example_home, ROOT) as address:
        yield address
