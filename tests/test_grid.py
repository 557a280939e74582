"""Tables of any layout and form: read as they stand, what is not read counted, and taken in by an update."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from forecast.data.intake import Understood, understand
from forecast.data.reading.grid import read_grid
from forecast.data.reading.problems import Problems
from forecast.data.reading.source import sheet_of_rows, sheets_of
from forecast.data.reading.titles import month_in
from forecast.periods import Month
from forecast.runs.datasets import prepare
from forecast.tables.data import understood_blocks
from forecast.tables.table import Grid

CASES = Path(__file__).parent / "data" / "cases"
ANKANG = Path(__file__).parent.parent / "data" / "ankang-2020"

type Cells = Sequence[Sequence[object]]


def book(folder: Path, rows: Cells, merge: Sequence[str] = (), name: str = "表.xlsx") -> Path:
    workbook = Workbook()
    sheet = workbook.active
    for row in rows:
        sheet.append(list(row))
    for span in merge:
        sheet.merge_cells(span)
    workbook.save(folder / name)
    return folder / name


def test_every_figure_is_shown_with_its_cell_and_what_stands_there() -> None:
    read = understand(CASES / "county-ranks.xls")
    grids = [one for one in understood_blocks(read, "zh") if isinstance(one, Grid)]
    assert sum(len(one.rows) for one in grids) == len(read.figures) > 0
    told = [(row[0].text, row[6].text) for one in grids for row in one.rows]
    order = list(read.sheets)
    figures = sorted(read.figures, key=lambda one: order.index(one.sheet))
    assert told == [(one.cell.partition("!")[2], one.written) for one in figures]


def shown(read: Understood, measure: str = "cum_yoy_pct") -> dict[tuple[str, str, str], float | None]:
    return {
        (one.indicator_known or one.indicator, one.place, str(one.period)): one.value
        for one in read.figures
        if one.measure == measure
    }


IND, FAI, RETAIL, GDP = "规模以上工业增加值", "固定资产投资（不含农户）", "社会消费品零售总额", "生产总值"


def test_indicators_down_with_level_and_growth_of_one_month(tmp_path: Path) -> None:
    path = book(
        tmp_path,
        [
            ["2021年1-8月安康市主要经济指标"],
            ["指标", "单位", "绝对额", "同比增长（%）"],
            ["地区生产总值（上半年）", "亿元", "-", "-"],
            ["规模以上工业增加值", "亿元", "—", 9.5],
            ["固定资产投资", "亿元", None, 6.2],
            ["社会消费品零售总额", "亿元", 310.4, 12.1],
            ["  其中：限额以上消费品零售额", "万元", 820000, 15.0],
            ["注：固定资产投资不含农户。"],
        ],
        ["A1:D1"],
    )
    read = understand(path)
    assert read.problems == ()
    found = shown(read)
    assert found[IND, "安康市", "2021-08"] == 9.5
    assert found[FAI, "安康市", "2021-08"] == 6.2
    levels = shown(read, "level_cum")
    assert levels[RETAIL, "安康市", "2021-08"] == 310.4
    assert levels["限上消费品零售额", "安康市", "2021-08"] == 82.0  # 万元 as 亿元


def test_places_down_and_indicators_across_with_ranks_left_aside() -> None:
    read = understand(CASES / "county-ranks.xls")
    assert read.problems == ()
    found = shown(read)
    assert found[IND, "汉滨区", "2021-08"] == 10.1
    assert found[FAI, "汉阴县", "2021-08"] == -3.1
    assert found[IND, "全市", "2021-08"] == 9.5
    assert found[IND, "旬阳", "2021-08"] == 10.9
    assert len(found) == 14
    assert {one.code for one in read.remarks} == {"columns_aside"}


def test_an_export_of_places_by_months_names_its_indicator_above(tmp_path: Path) -> None:
    path = book(
        tmp_path,
        [
            ["数据库：分省月度数据"],
            ["指标：规模以上工业增加值累计增长(%)"],
            ["时间：最近3个月"],
            ["地区", "2024年8月", "2024年7月", "2024年6月"],
            ["陕西省", 7.5, 7.4, 7.3],
            ["甘肃省", 11.0, 11.3, 12.1],
            ["数据来源：国家统计局"],
        ],
    )
    read = understand(path)
    assert shown(read) == {
        (IND, place, month): value
        for place, values in {"陕西省": (7.5, 7.4, 7.3), "甘肃省": (11.0, 11.3, 12.1)}.items()
        for month, value in zip(("2024-08", "2024-07", "2024-06"), values, strict=True)
    }


def test_an_export_of_indicators_by_months_of_one_place(tmp_path: Path) -> None:
    path = book(
        tmp_path,
        [
            ["地区：全国"],
            ["指标", "2024年8月", "2024年7月"],
            ["固定资产投资额累计增长(%)", 3.4, 3.6],
            ["社会消费品零售总额_当月同比(%)", 2.1, 2.7],
        ],
    )
    read = understand(path)
    assert shown(read) == {(FAI, "全国", "2024-08"): 3.4, (FAI, "全国", "2024-07"): 3.6}
    assert shown(read, "month_yoy_pct")[RETAIL, "全国", "2024-08"] == 2.1


def test_months_down_and_series_across_as_data_vendors_export_them(tmp_path: Path) -> None:
    path = book(
        tmp_path,
        [
            ["指标名称", "陕西:规模以上工业增加值:累计同比", "陕西:固定资产投资:累计同比"],
            ["频率", "月", "月"],
            ["单位", "%", "%"],
            ["2021-06-30", 11.8, 4.1],
            ["2021-07-31", 10.4, 3.0],
            ["2021-08-31", 9.2, 2.2],
        ],
    )
    found = shown(understand(path))
    assert found[IND, "陕西", "2021-08"] == 9.2
    assert found[FAI, "陕西", "2021-06"] == 4.1
    assert len(found) == 6


def test_years_over_months_over_measures(tmp_path: Path) -> None:
    path = book(
        tmp_path,
        [
            ["安康市主要指标"],
            ["指标", "2021年", None, None, None],
            [None, "1-7月", None, "1-8月", None],
            [None, "绝对额", "增速", "绝对额", "增速"],
            ["社会消费品零售总额", 270.1, 12.4, 310.4, 12.1],
        ],
        ["A2:A4", "B2:E2", "B3:C3", "D3:E3"],
    )
    read = understand(path)
    assert shown(read) == {(RETAIL, "安康市", "2021-07"): 12.4, (RETAIL, "安康市", "2021-08"): 12.1}
    assert shown(read, "level_cum")[RETAIL, "安康市", "2021-08"] == 310.4


def test_a_column_of_growth_that_holds_ranks_is_recognised(tmp_path: Path) -> None:
    counties = ["汉滨区", "汉阴县", "石泉县", "宁陕县", "紫阳县", "岚皋县"]
    path = book(
        tmp_path,
        [
            ["2021年1-8月分县区规模以上工业增加值"],
            ["县区", "增速", "同比增速"],
            *([name, round(10.1 + k / 10, 1), k + 1] for k, name in enumerate(counties)),
        ],
    )
    read = understand(path)
    assert set(shown(read).values()) == {10.1, 10.2, 10.3, 10.4, 10.5, 10.6}
    assert "ranks_aside" in {one.code for one in read.remarks}


def test_every_sheet_of_a_workbook_has_its_own_month(tmp_path: Path) -> None:
    workbook = Workbook()
    one, two = workbook.active, workbook.create_sheet("全省")
    for row in (["2021年8月分县区固定资产投资"], ["县区", "增速(%)"], ["汉滨区", 7.0], ["汉阴县", -3.1]):
        one.append(row)
    for row in (["2021年1-7月分市固定资产投资"], ["地区", "增速(%)"], ["安康市", 6.0], ["汉中市", 5.1]):
        two.append(row)
    workbook.save(tmp_path / "a.xlsx")
    months = {(figure.place, str(figure.period)) for figure in understand(tmp_path / "a.xlsx").figures}
    assert months == {("汉滨区", "2021-08"), ("汉阴县", "2021-08"), ("安康市", "2021-07"), ("汉中市", "2021-07")}


def test_an_update_takes_a_foreign_table_and_names_what_it_does_not_know(tmp_path: Path) -> None:
    folder = shutil.copytree(ANKANG, tmp_path / "ankang")
    path = book(
        tmp_path,
        [
            ["2020年1-9月分县区主要指标（%）"],
            ["地区", "规模以上工业增加值", "招商引资到位资金"],
            ["全市", -9.9, 12.0],
            ["旬阳", -10.5, 11.0],
            ["汉中市", 2.0, 13.0],
        ],
    )
    prepared = prepare(folder, [path])
    assert {(one.unit, one.indicator): one.value for one in prepared.intake.additions} == {
        ("ankang", "ind_va"): -9.9,
        ("xunyang", "ind_va"): -10.5,
    }
    assert [one.code for one in prepared.warnings if one.code == "names_aside"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("mark", [",", "\t", ";", "|"])
def test_text_files_of_any_separator_and_encoding(tmp_path: Path, encoding: str, mark: str) -> None:
    rows = [["地区", "2021年1-7月", "2021年1-8月"], ["陕西省", "10.4", "9.2"]]
    path = tmp_path / "规模以上工业增加值.csv"
    path.write_bytes(
        f"sep={mark}\n".encode(encoding) + b"" if False else "\n".join(mark.join(r) for r in rows).encode(encoding)
    )
    assert shown(understand(path)) == {(IND, "陕西省", "2021-07"): 10.4, (IND, "陕西省", "2021-08"): 9.2}


def test_the_name_of_a_file_does_not_choose_its_reader(tmp_path: Path) -> None:
    for name in ("a.csv", "b.et", "c.xls", "d"):
        shutil.copy(book(tmp_path, [["指标", "地区", "2021年1-8月"], ["固投", "安康市", 6.2]]), tmp_path / name)
        assert shown(understand(tmp_path / name)) == {(FAI, "安康市", "2021-08"): 6.2}
    (tmp_path / "e.xlsx").write_text("指标,地区,2021年1-8月\n固投,安康市,6.2\n", encoding="utf-8")
    assert shown(understand(tmp_path / "e.xlsx")) == {(FAI, "安康市", "2021-08"): 6.2}


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("2021年1-8月安康市主要经济指标", Month(2021, 8)),
        ("2020年上半年", Month(2020, 6)),
        ("2021-08", Month(2021, 8)),
        ("2021年8月累计增长", Month(2021, 8)),
        ("主要指标", None),
        ("2021", None),
    ],
)
def test_months_are_found_in_titles(text: str, month: Month | None) -> None:
    assert month_in(text) == month


WORDS = (
    *("", "", "指标", "地区", "安康市", "全市", "固定资产投资", "2021年", "1-8月", "8", "增速(%)", "绝对额", "位次"),
    *("合计", "6.5", "-3.2", "X", "持平", "注：", "6.5-7", "单位：亿元", "2021-08-31", "1234", "序号"),
)
TEXTS = st.sampled_from(WORDS)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(TEXTS, min_size=1, max_size=6), min_size=1, max_size=8))
def test_any_table_is_read_or_reported_and_every_figure_has_its_cell(rows: list[list[str]]) -> None:
    sheet, problems = sheet_of_rows("表", list(enumerate(rows, 1))), Problems()
    for row in read_grid(sheet, "表.csv", problems):
        assert row.indicator
        assert row.place
        for figure in row.figures:
            column, number = figure.cell.partition("!")[2][0], int(figure.cell.partition("!")[2][1:])
            assert sheet.text(number, ord(column) - 64) == figure.value
    for one in (*problems.listed(), *problems.remarks()):
        assert one.text("zh") != one.text("en")


def test_the_line_that_names_the_separator_is_no_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sep=;\n指标;地区;2021年1-8月\n固投;安康市;6.2\n", encoding="utf-8")
    read = understand(path)
    assert shown(read) == {(FAI, "安康市", "2021-08"): 6.2}
    assert read.figures[0].cell == "a!C3"


@given(st.binary(max_size=300))
def test_any_bytes_of_an_old_workbook_are_a_problem(content: bytes) -> None:
    problems = Problems()
    assert sheets_of(b"\xd0\xcf\x11\xe0" + content, "a.xls", problems) is None
    assert [problem.code for problem in problems.listed()] == ["xls_broken"]


def test_a_file_of_which_nothing_can_be_read_says_so_once(tmp_path: Path) -> None:
    path = book(tmp_path, [["领导讲话稿"], ["同志们："]])
    (problem,) = understand(path).problems
    assert problem.code == "nothing_read"


def read_case(name: str) -> Understood:
    return understand(CASES / name)


def test_single_quarters_and_constant_prices_are_left_aside_and_an_index_is_growth() -> None:
    read = read_case("nbs-quarters.csv")
    assert shown(read) == {
        (GDP, "全国", "2024-03"): pytest.approx(5.1),
        (GDP, "全国", "2023-12"): pytest.approx(5.3),
        (GDP, "全国", "2023-09"): pytest.approx(5.1),
    }
    assert shown(read, "level_cum")[GDP, "全国", "2023-12"] == 1249000.3
    assert len(read.figures) == 6


def test_growth_beside_cumulative_growth_of_the_same_export_is_of_the_month() -> None:
    read = read_case("nbs-months.csv")
    assert shown(read)[IND, "全国", "2024-04"] == 6.2
    assert shown(read, "month_yoy_pct")[IND, "全国", "2024-04"] == 6.6
    assert shown(read, "level_month")[RETAIL, "全国", "2024-04"] == 35600.4
    assert shown(read, "level_cum")[RETAIL, "全国", "2024-04"] == 155920.5


def test_a_series_of_a_part_is_not_the_whole_and_lines_of_ids_are_no_names() -> None:
    read = read_case("vendor-series.csv")
    assert shown(read)[FAI, "全国", "2024-04"] == 4.2
    assert shown(read)["固定资产投资完成额:新建", "全国", "2024-04"] == 5.2
    assert shown(read, "level_month") == {(RETAIL, "陕西", "2024-04"): 820.5, (RETAIL, "陕西", "2024-02"): 1600.1}


def test_a_series_of_one_period_is_of_the_month() -> None:
    read = read_case("series-of-one-period.csv")
    assert shown(read)[IND, "全国", "2019-12"] == 5.7
    assert shown(read, "month_yoy_pct")[IND, "全国", "2019-12"] == 6.9
    assert shown(read, "level_month")["原油产量", "全国", "2019-12"] == 1625.0


def test_a_unit_in_its_own_column_decides_of_the_amount_and_not_of_the_growth_beside_it() -> None:
    read = read_case("主要指标_2025年1-9月_全市.csv")
    assert shown(read)["地方财政收入", "全市", "2025-09"] == -6.2
    assert shown(read, "level_cum")["地方财政收入", "全市", "2025-09"] == 86.15
    assert shown(read, "level_cum")["农村居民人均可支配收入", "全市", "2025-09"] == 14314.0


def test_an_amount_that_writes_its_unit_is_a_level() -> None:
    read = read_case("amounts-with-their-unit.csv")
    assert shown(read)[GDP, "乙县", "2025-09"] == 5.7
    assert shown(read, "level_cum") == {
        (GDP, "甲县", "2025-09"): 520.12,
        (GDP, "乙县", "2025-09"): 216.09,
        ("居民人均可支配收入", "甲县", "2025-09"): 31713.0,
    }


def test_amounts_that_fall_within_the_year_are_of_the_month_and_so_is_their_growth() -> None:
    read = read_case("全国工业用电量.csv")
    assert {one.measure for one in read.figures} == {"level_month", "month_yoy_pct"}


def test_a_bulletin_whose_heads_lack_the_year_takes_it_from_the_others_and_says_so() -> None:
    read = read_case("bulletin-months-without-year.xlsx")
    found = shown(read)
    assert found[FAI, "甲县", "2025-09"] == -2.3
    assert found["规模工业营业收入", "甲县", "2025-08"] == 28.3
    assert found["地方财政收入", "湖南省", "2024-11"] == 5.1  # the year stands in one column, the month in another
    assert found["地方财政收入", "湖南省", "2025-02"] == 3.9
    assert found[FAI, "全市", "2025-09"] == -9.9
    assert found["固定资产投资:第一产业", "全市", "2025-09"] == -13.1
    assert not any(name == "第一产业增加值" for name, _, _ in found)
    assert "目录" in read.unread
    assert "year_taken" in {one.code for one in read.remarks}


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        ("two-numbers-in-a-cell.csv", "cells_mixed", "共 2 格"),
        ("no-place.csv", "untold_place", "B2–C3 (4)"),
        ("english-heads.csv", "untold_english", "B4–D5 (6)"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_message_with_its_cells(name: str, code: str, says: str) -> None:
    (problem,) = read_case(name).problems
    assert problem.code == code
    assert says in problem.text("zh")


def test_a_measure_that_is_assumed_is_said(tmp_path: Path) -> None:
    path = book(tmp_path, [["安康市"], ["指标", "2021年8月增速(%)"], ["固定资产投资", 6.2]])
    read = understand(path)
    assert shown(read) == {(FAI, "安康市", "2021-08"): 6.2}
    assert [one.code for one in read.remarks] == ["span_assumed"]


def test_a_foreign_sheet_with_the_name_of_an_optional_one_is_read(tmp_path: Path) -> None:
    path = book(tmp_path, [["安康市"], ["指标", "2021年1-8月"], ["固定资产投资增速", 6.2]])
    workbook = load_workbook(path)
    workbook.active.title = "指标"
    workbook.save(path)
    assert shown(understand(path)) == {(FAI, "安康市", "2021-08"): 6.2}


def test_an_old_workbook_says_the_same_as_a_new_one_formats_of_percent_and_all() -> None:
    old, new = (
        sheets_of((CASES / f"percent-formats.{ending}").read_bytes(), "表", Problems()) for ending in ("xls", "xlsx")
    )
    assert old is not None
    assert new is not None
    assert {title: sheet.cells for title, sheet in old.items()} == {title: sheet.cells for title, sheet in new.items()}
    assert old["进度数据"].text(3, 3) == "390%"  # 3.9 below 0.0%


@given(st.integers(0, 6143), st.integers(0, 255), st.integers(0, 6143))
@settings(max_examples=60, deadline=None)
def test_a_damaged_old_workbook_is_read_or_refused(at: int, byte: int, end: int) -> None:
    whole = (CASES / "percent-formats.xls").read_bytes()
    for content in (whole[:at] + bytes([byte]) + whole[at + 1 :], whole[:end]):
        problems = Problems()
        if sheets_of(content, "a.xls", problems) is None:
            assert len(problems)


def test_a_reader_that_ends_its_process_is_a_problem_of_the_file_and_the_caller_lives_on(tmp_path, monkeypatch) -> None:
    (tmp_path / "python_calamine.py").write_text("import os\nos.abort()\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    problems = Problems()
    assert sheets_of((CASES / "percent-formats.xls").read_bytes(), "a.xls", problems) is None
    assert [one.code for one in problems.listed()] == ["xls_broken"]
