"""From the solver to an adopted scenario to an export, and the printed page: the screen shows what the files say."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import zipfile
from shutil import which

import pytest

from forecast.runs.store import Store
from tests.browser.conftest import ROOT, served
from tests.browser.test_journeys import goto, rows, settled

WISH = "/makeup?wish=gdp:near%3E=0.9"


def test_solver_to_adopted_scenario_to_export(page, own_home):
    kept = Store(own_home).open("latest")
    with served(own_home, ROOT) as address:
        goto(page, f"{address}{WISH}", ".dabiao.wishes")
        wished = rows(page, "wishes")[0]
        page.get_by_role("button", name="采用为情景").click()
        page.get_by_label("保存人").fill("张三")
        page.keyboard.press("Tab")
        settled(page)
        page.get_by_role("button", name="保存并在各页使用").click()
        page.get_by_text("现按此情景展示").wait_for()
        assert "scenario=saved" in page.url
        page.get_by_role("link", name="情景推演").click()
        page.wait_for_selector(".dabiao.scenario")
        settled(page)
        after = re.findall(r"[<>]?\d+%", wished)[2]
        line = next(text for text in rows(page, "scenario") if text.startswith("地区生产总值"))
        assert after in re.findall(r"[<>]?\d+%", line)
        page.get_by_role("button", name="导出材料").click()
        page.get_by_text("互补互济建议方案").first.wait_for()
        for kind in ("专报", "图", "互补互济建议方案"):
            page.get_by_role("dialog").get_by_role("button", name=kind, exact=True).click()
        page.get_by_role("button", name="生成", exact=True).click()
        button = page.get_by_role("button", name="下载全部（zip）")
        button.wait_for(timeout=240_000)
        with page.expect_download() as download:
            button.click()
        packed = zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes()))
        assert any(name.endswith(".xlsx") for name in packed.namelist())
        name = next(name for name in packed.namelist() if name.endswith("attainment.csv"))
        records = list(csv.DictReader(io.StringIO(packed.read(name).decode("utf-8-sig"))))
        assert {row["run_id"] for row in records} == {kept.run_id}
        page.keyboard.press("Escape")
        page.get_by_role("link", name="总览").click()
        page.wait_for_selector(".dabiao.leaders")
        settled(page)
        assert "互补互济建议方案" in page.locator(".dabiao-sentence.second").inner_text()
        shown = rows(page, "leaders")
        for row in records:
            if row["target_kind"] == "province_average" and row["unit"] == "city" and row["forecast_growth_pct"]:
                line = next(text for text in shown if text.startswith(row["name_zh"]))
                printed = [float(x) for x in re.findall(r"[+-]\d+\.\d(?=%)", line)]
                assert min(abs(x - float(row["forecast_growth_pct"])) for x in printed) <= 0.0551


@pytest.mark.skipif(which("pdfinfo") is None, reason="no pdfinfo to count pages with")
def test_the_page_for_leaders_prints_as_one_a4_page_and_needs_no_scrolling(page, example_home, tmp_path):
    with served(example_home, ROOT) as address:
        goto(page, f"{address}/?scenario=file:restart", ".dabiao-sentence.second")
        main = page.locator("[data-testid=stMain]")
        assert main.evaluate("e => e.scrollHeight <= e.clientHeight")
        page.evaluate("() => { window.printed = 0; window.print = () => { window.printed += 1 } }")
        page.get_by_role("button", name="打印一页").click()
        assert page.evaluate("() => window.printed") == 1
        paper = tmp_path / "page.pdf"
        page.pdf(path=str(paper), prefer_css_page_size=True)
    told = subprocess.run(["pdfinfo", str(paper)], capture_output=True, text=True, check=True).stdout
    assert re.search(r"Pages:\s+1\b", told)
    assert "A4" in told
    text = subprocess.run(["pdftotext", str(paper), "-"], capture_output=True, text=True, check=True).stdout
    assert "情景" in text
    assert "不得用于上报决策" in text
    assert "■" in text
