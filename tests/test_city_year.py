"""A real city through the year as its planner works: by workbook, month by month, with ledgers of its own.

Growth is published (``tests/data/cities.csv``, a page each); ledgers and bases are typed in as examples. One city on
the real path in every test run; all three, to the year's end, in ``slow``.
"""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from typer.testing import CliRunner

from forecast.cli import app
from forecast.cli.options import Call

ROWS = list(csv.DictReader((Path(__file__).parent / "data" / "cities.csv").read_text("utf-8").splitlines()))
DRAWS = 250
PROJECT = {
    "建设性质": "续建",
    "是否开工": "是",
    "责任单位": "市发改委",
    "责任人": "待定",
}
PROJECTS = [
    {
        **PROJECT,
        "项目编码": "P1",
        "项目名称": "一号厂房",
        "县区": "甲县",
        "行业": "工业",
        "总投资": 20,
        "年度计划投资": 60000,
        "年度累计完成投资": 30000,
        "形象进度": "主体封顶",
        "10月计划投资": 8000,
        "11月计划投资": 8000,
        "12月计划投资": 6000,
    },
    {
        **PROJECT,
        "项目编码": "P2",
        "项目名称": "二号线",
        "县区": "乙区",
        "行业": "基础设施",
        "总投资": 50,
        "年度计划投资": 90000,
        "年度累计完成投资": 10000,
        "形象进度": "55%",
        "10月计划投资": 20000,
        "11月计划投资": 20000,
        "12月计划投资": 20000,
    },
]
ENTERPRISES = [
    {
        "企业编码": "E1",
        "企业名称": "某汽车",
        "县区": "甲县",
        "行业": "汽车制造",
        "生产状态": "停产",
        "能否恢复": "是",
        "上年产值": 30,
        "责任单位": "市工信局",
        "责任人": "待定",
    }
]
BASES = [
    {"指标": "固定资产投资（不含农户）", "基数": 5000, "占上级比重": "30%", "不确定度": 3},
    {"指标": "规模以上工业增加值", "基数": 2500, "占上级比重": 0.25},
    {"指标": "生产总值", "基数": 9300, "占上级比重": 0.36},
]


class Year:
    """The workbook of a city and the commands that its planner gives."""

    def __init__(self, folder: Path, city: str, year: int) -> None:
        self.folder, self.city, self.year = folder, city, year
        self.rows = [row for row in ROWS if row["city"] == city]
        self.book = folder / "data" / "进度数据.xlsx"

    def __call__(self, *words: object) -> str:
        result = CliRunner().invoke(app, [str(word) for word in words])
        assert result.exit_code == 0, result.output
        return result.output

    def start(self, until: int) -> None:
        """Make the workbook and type in what is known after a month."""
        province = self.rows[0]["province"]
        self("init", self.book.parent, "--city", self.city, "--province", province, "--year", self.year)
        workbook = load_workbook(self.book)
        sheet = workbook["进度数据"]
        months = {str(cell.value): cell.column for cell in sheet[2]}
        places = {(str(r[0].value), str(r[1].value)): r[0].row for r in sheet.iter_rows(min_row=3)}
        for row in self.rows:
            year, month = map(int, row["period"].split("-"))
            column = months.get(f"{year}年1-{month}月")
            if column and (year, month) <= (self.year, until):
                at = places[row["indicator"], row["unit"]]
                sheet.cell(at, column).value = float(row["cum_yoy_pct"])
        plan = {
            "地区": self.city,
            "指标": "固定资产投资（不含农户）",
            "目标类型": "年度计划",
            "目标值": "8%以上力争8.5%",
        }
        counties = [{"地区名称": name, "编码": name, "层级": "县区", "上级": self.city} for name in ("甲县", "乙区")]
        listed = {"目标": [plan], "地区": counties, "基数": BASES, "项目台账": PROJECTS, "企业台账": ENTERPRISES}
        for title, entries in listed.items():
            heads = {str(cell.value).partition("(")[0]: cell.column for cell in workbook[title][1]}
            for number, entry in enumerate(entries, 2):
                for head, value in entry.items():
                    workbook[title].cell(number, heads[head]).value = value
        workbook.save(self.book)

    def months(self, first: int, last: int) -> list[int]:
        """Months with new figures."""
        return [m for m in range(first, last + 1) if any(r["period"] == f"{self.year}-{m:02d}" for r in self.rows)]

    def month(self, month: int) -> str:
        """An update with the month's table, as an office sends it."""
        table = Workbook()
        table.active.append([f"{self.year}年1-{month}月主要指标"])
        table.active.append(["指标", "地区", "累计增速(%)"])
        for row in self.rows:
            if row["period"] == f"{self.year}-{month:02d}":
                table.active.append([row["indicator"], row["unit"], float(row["cum_yoy_pct"])])
        path = self.folder / f"{month}月.xlsx"
        table.save(path)
        return self("update", self.book, path, "--workers", 1)

    def scenario(self) -> Path:
        """A scenario on the ledgers, for the city by its name."""
        path = self.folder / "own.yaml"
        path.write_text(
            f"name: own\ntitle: 自有台账\nauthor: 市发改委\ndataset: {self.city}\nactions:\n"
            "  - {type: enterprise_restart, id: r, select: {recoverable: true}, note: 复产}\n"
            "  - {type: project_complete, id: p, select: {started: true}, note: 项目按计划}\n",
            encoding="utf-8",
        )
        return path


@pytest.fixture
def thin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    whole = Call.request
    monkeypatch.setattr(Call, "request", lambda self, *args, **more: replace(whole(self, *args, **more), draws=DRAWS))
    monkeypatch.setenv("DABIAO_HOME", str(tmp_path / "home"))


def live(year: Year, first: int, last: int) -> None:
    year.start(first)
    said = year("validate", year.book)
    assert "进度数据.xlsx[项目台账]" in said
    assert "力争" in said
    assert "55%" in said
    assert "+8.0%" in year("run", year.book, "--workers", 1)
    months = year.months(first + 1, last)
    for month in months:
        assert "新增" in year.month(month)
    assert year.city in year("runs", "list")
    assert "概率变动分解" in year("news", "latest~1", "latest", "--workers", 1)
    scenario = year.scenario()
    out = year.folder / "scenario"
    year("scenario", year.book, scenario, "--explain", "--out", out, "--workers", 1)
    assert (out / "scenarios.csv").is_file()
    year("makeup", year.book, "--wish", "gdp:near>=60%", "--workers", 1)
    plan = year.folder / "tasks"
    year("breakdown", year.book, "--indicator", "fai", "--increment", 5, "--out", plan, "--workers", 1)
    (lists,) = plan.glob("*.xlsx")
    workbook = load_workbook(lists)
    sheet = workbook.worksheets[0]
    columns = {str(sheet.cell(3, c).value): c for c in range(2, sheet.max_column + 1)}
    actual = next(column for name, column in columns.items() if name.startswith("actual:"))
    filled = 0
    for number in range(4, sheet.max_row + 1):
        if sheet.cell(number, 1).value and sheet.cell(number, columns["planned"]).value is not None:
            sheet.cell(number, actual).value = 1000
            filled += 1
    workbook.save(year.folder / "filled.xlsx")
    back = json.loads(year("collect", year.folder / "filled.xlsx", "--plan", plan, "--json"))
    assert filled >= 2
    assert f"{filled}" in json.dumps(back)
    year(
        "report", "latest", "--kind", "workbook", "--kind", "brief", "--scenario", scenario, "--out", year.folder / "r"
    )
    assert any((year.folder / "r").rglob("*.docx"))


def test_a_city_by_workbook_goes_through_the_autumn(thin: None, tmp_path: Path) -> None:
    live(Year(tmp_path, "西安市", 2020), 8, 9)


@pytest.mark.slow
@pytest.mark.parametrize(("city", "year", "first"), [("西安市", 2020, 3), ("郑州市", 2021, 6), ("泉州市", 2023, 7)])
def test_every_real_city_goes_through_its_year(thin: None, tmp_path: Path, city: str, year: int, first: int) -> None:
    live(Year(tmp_path, city, year), first, 12)


def test_a_scenario_after_the_years_last_month_has_nothing_left_to_explain(thin: None, tmp_path: Path) -> None:
    year = Year(tmp_path, "西安市", 2020)
    year.start(12)
    assert "年" in year("scenario", year.book, year.scenario(), "--explain", "--workers", 1)
