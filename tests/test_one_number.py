"""One quantity, one number: what every surface prints of a run with a scenario and a lock, to the printed digit.

Every surface is read back as a reader has it: text of a terminal, JSON, CSV and Parquet files, cells of a workbook with
their formats, tables and sentences of Word documents, what charts draw, pages of the app.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections import defaultdict
from functools import cache

import openpyxl
import pytest
from docx import Document
from rich.console import Console

from forecast.report.brief import COLUMNS, brief_bytes
from forecast.report.export import all_sheets
from forecast.report.files import csv_text, document
from forecast.report.report_charts import report_charts
from forecast.report.scheme import scheme_bytes
from forecast.report.terminal import render
from forecast.report.workbook import workbook_bytes
from forecast.runs.session import Session, wanted
from forecast.runs.store import Store
from forecast.tables import words
from forecast.tables.dossier import gather
from tests.app_pages import keep_main, page, tables
from tests.app_runs import ROOT, ankang

PAGE = ROOT / "docs" / "one-number.md"
LOCK = "fai/hanbin=5"
NAMES = {
    "gdp": "生产总值",
    "ind_va": "规模以上工业增加值",
    "fai": "固定资产投资（不含农户）",
    "retail": "社会消费品零售总额",
    "retail_above": "限上消费品零售额",
}
IDS = {name: key for key, name in NAMES.items()}
QUANTITIES = {
    "ytd": "累计增速",
    "province": "全省累计增速",
    "gap": "与全省差距",
    "year": "预计全年",
    "range": "80%区间",
    "province_year": "全省全年",
    "year_gap": "年终差距",
    "near": "达到或接近的概率",
    "reach": "达到的概率",
    "required": "后期需增",
    "scenario_year": "情景：预计全年",
    "scenario_change": "情景：比基准",
    "scenario_near": "情景：达到或接近的概率",
    "lock": "任务：锁定的汉滨区投资（万元）",
    "plan_after": "保底方案：概率",
    "plan_need": "保底方案：须新增（亿元）",
    "plan_left": "保底方案：剩余缺口（百分点）",
}
type Key = tuple[str, str]
type Printed = dict[Key, str]


def bare(text: object) -> str:
    """A printed number without what stands around it: sign of plus, percent, thousands."""
    found = (
        str(text)
        .strip()
        .replace("\n", "")
        .replace("%", "")
        .replace(",", "")
        .replace("+", "")
        .replace("−", "-")
        .rstrip("。")
    )
    return "—" if found in {"", "None", "未公布", "nan"} else found.split("（")[0]


def tenth(value: object, step: float = 0.1) -> str:
    """A number of a file as people read it."""
    if value is None or value == "" or value != value:
        return "—"
    return f"{words.rounded(float(str(value)), step):.{1 if step == 0.1 else 2}f}"


@cache
def session() -> Session:
    return Session(ankang()[2])


@cache
def dossier():
    asked = wanted(session().dataset, holds=[LOCK])
    return gather(session(), [ROOT / "scenarios" / "restart.yaml"], wanted=asked)


def evidence(key):
    rows = session().run.attainment.rows
    return next(row.evidence for row in rows if row.target.indicator == key and row.benchmark)


def of_record(record) -> Printed:
    """A row of ``attainment``, wherever it was read, as it is printed."""
    key = record["indicator"]

    def chance(p):
        return bare(words.probability(float(p), "zh", evidence=evidence(key)))

    names = {"gap": "gap_pp", "year": "forecast_growth_pct", "province_year": "benchmark_forecast_pct"}
    names |= {"year_gap": "year_gap_pp", "required": "required_growth_pct"}
    found = {(key, name): tenth(record[column]) for name, column in names.items()}
    low, high = (float(record[f"forecast_p{q}"]) for q in (10, 90))
    found[key, "range"] = bare(words.interval(low, high, "zh"))
    found |= {(key, name): chance(record[f"p_{name}"]) for name in ("near", "reach")}
    if record["last_period"] == record["benchmark_last_period"]:  # else the file has each with a month of its own
        found |= {(key, "ytd"): tenth(record["ytd_growth_pct"])}
        found |= {(key, "province"): tenth(record["benchmark_ytd_growth_pct"])}
    return found


def mine(records) -> Printed:
    out: Printed = {}
    for record in records:
        if record["indicator"] in NAMES and record["target_kind"] == "province_average":
            out |= of_record(record)
    return out


def from_json() -> Printed:
    text = json.dumps(document(session().run), ensure_ascii=False, default=str)
    found = json.loads(text)
    rows = next(value for value in found.values() if isinstance(value, list) and value and "p_near" in value[0])
    return mine(rows)


def from_csv() -> Printed:
    text = csv_text(dossier().tables["attainment"], table="attainment").lstrip("\ufeff")
    return mine(csv.DictReader(io.StringIO(text)))


def from_parquet() -> Printed:
    kept = Store(ankang()[0]).open(session().run.run_id)
    return mine(kept.table("attainment").to_dict(orient="records"))


def from_terminal() -> Printed:
    console = Console(width=500, file=io.StringIO(), highlight=False)
    console.print(render(session().run.attainment, lang="zh"))
    lines = console.file.getvalue().splitlines()
    out: Printed = {}
    order = ("ytd", "province", "gap", "year", "province_year", "year_gap", "near", "reach", "required")
    for k, line in enumerate(lines):
        name, *cells = line.split() or [""]
        key = IDS.get(name)
        if key is None or (key, "ytd") in out:
            continue
        out |= {(key, quantity): bare(cell) for quantity, cell in zip(order, cells, strict=False)}
        spreads = re.findall(r"[-+]?\d+\.\d～[-+]?\d+\.\d", lines[k + 1])
        out[key, "range"] = bare(spreads[0])
    return out


def shown(cell) -> str:
    """A cell as a spreadsheet shows it."""
    if isinstance(cell.value, int | float) and not isinstance(cell.value, bool):
        decimals = re.search(r"\.(0+)", cell.number_format)
        step = 10.0 ** -(len(decimals[1]) if decimals else 0)
        return f"{words.rounded(cell.value, step):.{len(decimals[1]) if decimals else 0}f}"
    return bare(cell.value)


@cache
def book():
    content = workbook_bytes(all_sheets(dossier(), "zh"), dossier(), lang="zh", tasks=True)
    return openpyxl.load_workbook(io.BytesIO(content), data_only=True)


def sheet_rows(name):
    """Cells of a sheet by field name, a row each."""
    sheet = next(one for one in all_sheets(dossier(), "zh") if one.name == name)
    for row in book()[sheet.tab].iter_rows():
        yield dict(zip([field.name for field in sheet.fields], row, strict=False))


def from_workbook() -> Printed:
    out: Printed = {}
    fields = {"ytd": "ytd_pct", "province": "province_ytd_pct", "gap": "gap_pp", "year": "year_pct"}
    fields |= {"range": "year_range", "province_year": "province_pct", "year_gap": "year_gap_pp", "near": "p_near"}
    fields |= {"reach": "p_reach", "required": "required_pct", "scenario_near": "scenario_p_near"}
    fields |= {"scenario_year": "scenario_pct"}
    for row in sheet_rows("forecast"):
        key = IDS.get(str(row["indicator"].value))
        if key is not None:
            out |= {(key, name): shown(row[field]) for name, field in fields.items()}
    for row in sheet_rows("scenarios"):
        key = IDS.get(str(row["indicator"].value))
        if key is not None:
            change = session().evaluate([scenario()])[1]
            told = next(o for o in change.outcomes if o.case.key == (key, "ankang", "province_average"))
            assert shown(row["case_change_pp_s1"]) == tenth(told.change_growth_pp, 0.01)
            out[key, "scenario_change"] = tenth(row["case_change_pp_s1"].value)
    for row in sheet_rows("tasks"):
        if str(row["indicator"].value) == NAMES["fai"] and row["name"].value == "汉滨区":
            out["fai", "lock"] = bare(row["task_sum"].value)
    for row in sheet_rows("plans"):
        if str(row["plan"].value).startswith("保底"):
            out["gdp", "plan_after"] = shown(row["after"])
            out["gdp", "plan_need"] = shown(row["needed_yi"])
            out["gdp", "plan_left"] = tenth(row["remaining_pp"].value)
    return out


@cache
def scenario():
    return dossier().scenarios[0].scenario


def paragraphs(content):
    return "\n".join(one.text for one in Document(io.BytesIO(content)).paragraphs)


def from_brief() -> Printed:
    content = brief_bytes(dossier(), "zh")
    out: Printed = {}
    (table,) = [one for one in Document(io.BytesIO(content)).tables if len(one.columns) == len(COLUMNS)]
    for row in table.rows:
        cells = dict(zip(COLUMNS, [cell.text for cell in row.cells], strict=True))
        key = IDS.get(cells["indicator"])
        if key is None:
            continue
        names = ("ytd", "province", "gap", "year", "province_year", "near", "reach", "required")
        out |= {(key, name): bare(cells[name]) for name in names}
        out[key, "range"] = bare(re.search(r"（(.+?)）", cells["year"])[1].replace("+", ""))
    text = paragraphs(content)
    line = next(one for one in text.splitlines() if "情景“" in one)
    for name, change, near in re.findall(
        r"(?:：|；)([^：；]+?)比基准([-+]?[\d.]+)个百分点，达到或接近的可能([<>]?\d+%)", line
    ):
        out[IDS[name], "scenario_change"] = bare(change)
        out[IDS[name], "scenario_near"] = bare(near)
    return out | of_plan(text)


def of_plan(text) -> Printed:
    """What sentences say of the first plan."""
    said = re.search(
        r"保底方案.*?概率.*?(?:提高到|仍约)([<>]?\d+%).*?须新增([\d.]+)亿元.*?剩余缺口([\d.]+)个百分点", text, re.S
    )
    assert said is not None
    return {
        ("gdp", name): bare(value)
        for name, value in zip(("plan_after", "plan_need", "plan_left"), said.groups(), strict=True)
    }


def from_scheme() -> Printed:
    content = scheme_bytes(dossier(), "zh")
    text = paragraphs(content)
    out = of_plan(text)
    for name, number in re.findall(r"(?:。|，)([^，。]+?)低于全省([\d.]+)个百分点", text):
        if name in IDS:
            out[IDS[name], "gap"] = f"-{number}"
    for table in Document(io.BytesIO(content)).tables:
        for row in table.rows:
            cells = [cell.text for cell in row.cells]
            if cells[0] == "汉滨区" and "5.0000" in cells:
                out["fai", "lock"] = f"{float(next(one for one in cells if one == '5.0000')) * 1e4:.0f}"
    return out


def from_charts() -> Printed:
    out: Printed = {}
    for name, chart in report_charts(dossier(), "zh").items():
        made = chart.to_dict()
        for rows in made.get("datasets", {}).values():
            for row in rows:
                if name == "chances" and row.get("name") in IDS:
                    out[IDS[row["name"]], "near" if row["kind"] == "达到或接近" else "reach"] = bare(row["said"])
                elif (
                    name.startswith("fan-")
                    and row.get("period") == "2020-12"
                    and row.get("cum_yoy_pct_p50") is not None
                ):
                    quantity = "year" if row["unit"] == "ankang" else "province_year"
                    out[name.removeprefix("fan-"), quantity] = tenth(row["cum_yoy_pct_p50"])
    return out


def from_app(monkeypatch) -> Printed:
    keep_main(monkeypatch)
    monkeypatch.setenv("DABIAO_HOME", str(ankang()[0]))
    out: Printed = {}
    at = page("overview")
    at.query_params["run"] = session().run.run_id
    at.run()
    assert not at.exception
    for row in tables(at, "leaders")[0][1:]:
        key = IDS.get(row[0][0])
        if key is None:
            continue
        first = [cell[0] if cell else "" for cell in row]
        to_date = " ".join(row[1])
        out[key, "ytd"] = bare(first[1])
        out[key, "year"], out[key, "range"] = bare(first[2]), bare(row[2][1])
        out[key, "year_gap"], out[key, "near"], out[key, "reach"] = map(bare, first[3:6])
        out[key, "required"] = bare(first[6])
        if found := re.search(r"陕西省\s*([-+][\d.]+)%", to_date):
            out[key, "province"] = bare(found[1])
        if found := re.search(r"差距\s*([-+]?[\d.]+)", to_date):
            out[key, "gap"] = bare(found[1])
    at = page("tasks")
    for name, value in {"run": session().run.run_id, "task": "fai", "locks": LOCK}.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    frame = next(one.value for one in at.dataframe if {"sum", "due"} <= set(one.value.columns))
    out["fai", "lock"] = bare(frame.loc[frame["name"] == "汉滨区", "sum"].iloc[0])
    (label,) = [one.label for one in at.button if (one.key or "").startswith("unlock-")]
    assert label == "汉滨区合计 50,000万元"
    return out


SURFACES = {
    "终端": from_terminal,
    "JSON": from_json,
    "CSV": from_csv,
    "Parquet": from_parquet,
    "工作簿": from_workbook,
    "专报": from_brief,
    "方案": from_scheme,
    "图": from_charts,
}


@pytest.fixture(scope="module")
def printed():
    with pytest.MonkeyPatch.context() as monkeypatch:
        found = {name: read() for name, read in SURFACES.items()}
        return found | {"网页": from_app(monkeypatch)}


def by_quantity(printed) -> dict[Key, dict[str, str]]:
    found: dict[Key, dict[str, str]] = defaultdict(dict)
    for surface, numbers in printed.items():
        for key, number in numbers.items():
            found[key][surface] = number
    return found


def test_every_quantity_is_the_same_number_on_every_surface(printed):
    found = by_quantity(printed)
    odd = {key: values for key, values in found.items() if len(set(values.values())) > 1}
    assert odd == {}


def test_more_than_forty_quantities_stand_on_several_surfaces(printed):
    several = [key for key, values in by_quantity(printed).items() if len(values) > 1]
    assert len(several) >= 40
    assert {name for _, name in several} >= set(QUANTITIES) - {"scenario_year"}
    assert all(len(numbers) >= 5 for numbers in printed.values())


def test_to_date_the_province_and_the_gap_subtract_as_printed(printed):
    found = by_quantity(printed)
    for key in NAMES:
        own, theirs, gap = (found.get((key, name), {}).get("终端", "—") for name in ("ytd", "province", "gap"))
        if "—" not in (own, theirs, gap):
            assert float(gap) == pytest.approx(float(own) - float(theirs), abs=0.0501)


def written(printed) -> str:
    """The page: a row a quantity, a column a surface."""
    found = by_quantity(printed)
    heads = [*SURFACES, "网页"]
    lines = [
        "# 一个量，一个数",
        "",
        "安康市2020年（截至8月），情景“可恢复停产企业10月起复产至六成”，锁定汉滨区投资5亿元。每一格是从该处印出的文字、单元格或"
        "文件里读回的数，由 `tests/test_one_number.py` 读取、比较，并生成本页（`ONE_NUMBER_DOC=1`）；空格是该处不印这个"
        "量。"
        "数据文件里的数按印出的位数写。抽样250次，只供对照。",
        "",
        f"| 指标 | 量 | {' | '.join(heads)} |",
        f"|---|---|{'---|' * len(heads)}",
    ]
    for key, name in NAMES.items():
        for quantity, title in QUANTITIES.items():
            values = found.get((key, quantity))
            if values:
                lines.append(f"| {name} | {title} | {' | '.join(values.get(head, '') for head in heads)} |")
    return "\n".join(lines) + "\n"


def test_the_page_has_a_row_for_every_quantity_and_no_row_differs(printed):
    """Its numbers are of the model of the day it was written; what stands where, and that rows agree, is of today."""
    if os.environ.get("ONE_NUMBER_DOC"):
        PAGE.write_text(written(printed), encoding="utf-8")

    def rows(text):
        return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]

    ours, theirs = rows(PAGE.read_text(encoding="utf-8")), rows(written(printed))
    assert [[bool(cell) for cell in row[2:]] + row[:2] for row in ours] == [
        [bool(cell) for cell in row[2:]] + row[:2] for row in theirs
    ]
    assert len(ours) > 41
    assert all(len({cell for cell in row[2:] if cell}) == 1 for row in ours[1:])
