"""The planner's workbook: read as freely as planners write, and as strictly as a CSV folder."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from forecast.data.dataset import Dataset, read_dataset
from forecast.data.panel import known
from forecast.data.reading.columns import TABLES
from forecast.data.reading.problems import Problems
from forecast.data.reading.spoken import INDICATORS, indicator_key, known_indicator
from forecast.data.reading.workbook import read_workbook, workbook_tables
from forecast.data.starter import write_starter
from forecast.data.target import TargetKind
from forecast.errors import InputError, Problem
from forecast.periods import AsOf, Frequency, Month
from forecast.runs.run import Request, run

DATA = "进度数据"
EXAMPLE = Path(__file__).parent.parent / "data" / "example"
HEADER = ["指标", "地区", "口径", "2020年1-2月", "2020年1-3月", "2020年1-4月"]
PLAIN = [
    HEADER,
    ["规上工业增加值", "安康市", "累计同比%", -20.1, -29.6, -25.0],
    ["规上工业增加值", "陕西省", "累计同比%", -5.0, -3.0, -1.0],
]


def save(folder: Path, rows: Sequence[Sequence[object]], edit: Callable[[Workbook], None] | None = None) -> Path:
    """Workbook with these rows on sheet 进度数据, changed by ``edit`` before it is saved."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = DATA
    for row in rows:
        sheet.append(list(row))
    if edit is not None:
        edit(book)
    path = folder / "进度数据.xlsx"
    book.save(path)
    return path


def data(book: Workbook) -> Worksheet:
    sheet = book[DATA]
    assert isinstance(sheet, Worksheet)
    return sheet


def add(book: Workbook, title: str, *rows: Sequence[object]) -> None:
    sheet = book.create_sheet(title)
    for row in rows:
        sheet.append(list(row))


def growth(dataset: Dataset) -> dict[tuple[str, str, str], float]:
    """Cumulative growth by unit, indicator and month."""
    frame = dataset.panel.observations
    rows = frame[(frame["measure"] == "cum_yoy_pct") & frame["value"].notna()]
    keys = zip(rows["unit"], rows["indicator"], rows["period"].map(str), strict=True)
    return dict(zip(keys, rows["value"].tolist(), strict=True))


def problems(path: Path) -> list[Problem]:
    with pytest.raises(InputError, match="problem") as caught:
        read_dataset(path)
    return list(caught.value.problems)


PLAIN_GROWTH = {
    ("city", "ind_va", "2020-02"): -20.1,
    ("city", "ind_va", "2020-03"): -29.6,
    ("city", "ind_va", "2020-04"): -25.0,
    ("shaanxi", "ind_va", "2020-02"): -5.0,
    ("shaanxi", "ind_va", "2020-03"): -3.0,
    ("shaanxi", "ind_va", "2020-04"): -1.0,
}


def test_two_rows_are_a_data_set_with_visible_defaults(tmp_path: Path) -> None:
    dataset = read_dataset(save(tmp_path, PLAIN))
    assert growth(dataset) == PLAIN_GROWTH
    config = dataset.config
    assert (config.city, config.province, config.target_year) == ("city", "shaanxi", 2020)
    assert (config.as_of, str(config.first_action_month)) == ("2020-04", "2020-06")
    assert config.name_zh == "安康市2020年"
    assert [(u.unit, u.level, u.parent) for u in dataset.panel.units.values()] == [
        ("shaanxi", "province", None),
        ("city", "city", "shaanxi"),
    ]
    (target,) = dataset.targets
    assert (target.kind, target.tolerance_pp, target.assessed) == (TargetKind.PROVINCE_AVERAGE, 2.0, True)


@pytest.mark.parametrize("folder", [False, True])
def test_workbook_is_found_by_its_path_and_by_its_folder(tmp_path: Path, folder: bool) -> None:
    path = save(tmp_path, PLAIN)
    assert growth(read_dataset(tmp_path if folder else path)) == PLAIN_GROWTH


def _title_above(book: Workbook) -> None:
    data(book).insert_rows(1, 2)
    data(book)["A1"] = "安康市2020年1-8月主要经济指标（截至8月）"
    data(book).merge_cells("A1:F1")


def _years_above(book: Workbook) -> None:
    sheet = data(book)
    sheet.insert_rows(1)
    sheet["D1"] = "2020年"
    sheet.merge_cells("D1:F1")
    sheet["D2"], sheet["E2"], sheet["F2"] = "1-2月", "1-3月", "1-4月"


def _labels_merged_down(book: Workbook) -> None:
    sheet = data(book)
    sheet.insert_rows(2)
    for column, label in zip("ABC", HEADER, strict=False):
        sheet[f"{column}1"] = label
        sheet.merge_cells(f"{column}1:{column}2")
    sheet["D1"], sheet["E1"], sheet["F1"] = "2020年", None, None
    sheet["D2"], sheet["E2"], sheet["F2"] = "1-2月", 3, "1-4月累计同比（%）"


def _indicator_merged_down(book: Workbook) -> None:
    data(book)["A3"] = None
    data(book).merge_cells("A2:A3")


def _asides_beside_two_rows(book: Workbook) -> None:
    _labels_merged_down(book)
    sheet = data(book)
    sheet["G1"], sheet["G3"] = "位次", 9
    sheet["H1"], sheet["H3"] = "单位", "%"


def _excel_dates(book: Workbook) -> None:
    for column, month in zip("DEF", (2, 3, 4), strict=True):
        data(book)[f"{column}1"] = dt.datetime(2020, month, 1)


def _dashes(book: Workbook) -> None:
    for column, month in zip("DEF", ("2020-02", "2020.03", "２０２０年４月"), strict=True):
        data(book)[f"{column}1"] = month


def _percent_signs(book: Workbook) -> None:
    data(book)["D2"] = "-20.1%"
    data(book)["E2"] = -0.296
    data(book)["E2"].number_format = "0.0%"
    data(book)["F2"] = "－25.0 "


def _masked(book: Workbook) -> None:
    data(book)["G1"], data(book)["H1"] = "2020年1-5月", "2020年1-6月"
    data(book)["G2"], data(book)["G3"], data(book)["H2"] = "X%", "—", "未公布"


def _asides(book: Workbook) -> None:
    sheet = data(book)
    sheet.insert_cols(1)
    sheet["A1"], sheet["A2"], sheet["A3"] = "序号", 1, 2
    sheet["H1"], sheet["H2"] = "2020年目标", 5
    sheet["I1"], sheet["I2"] = "备注", "注意"
    sheet["B9"] = "注：数据来自市统计局"
    sheet["B7"], sheet["C7"] = "进出口总额", "安康市"


def _ids(book: Workbook) -> None:
    data(book)["A2"], data(book)["A3"], data(book)["B3"] = "ind_va", "其中：规模以上工业增加值增速（%）", "shaanxi"


def _short_names(book: Workbook) -> None:
    data(book)["B2"], data(book)["B3"] = "安康", "陕西"


def _no_measure(book: Workbook) -> None:
    data(book).delete_cols(3)


@pytest.mark.parametrize(
    "edit",
    [
        *(
            _title_above,
            _years_above,
            _labels_merged_down,
            _asides_beside_two_rows,
            _indicator_merged_down,
            _excel_dates,
            _dashes,
        ),
        *(_percent_signs, _masked, _asides, _ids, _short_names, _no_measure),
    ],
)
def test_ways_in_which_planners_write_give_the_same_figures(tmp_path: Path, edit: Callable[[Workbook], None]) -> None:
    assert growth(read_dataset(save(tmp_path, PLAIN, edit))) == PLAIN_GROWTH


def test_masked_figures_are_kept_as_missing(tmp_path: Path) -> None:
    values = read_dataset(save(tmp_path, PLAIN, _masked)).panel.observations["value"]
    assert len(values) == 9
    assert int(values.isna().sum()) == 3


def test_single_month_growth_has_its_own_measure_by_row_and_by_column(tmp_path: Path) -> None:
    def edit(book: Workbook) -> None:
        data(book).append(["规上工业增加值", "安康市", "当月同比（%）", None, -35.0])
        data(book)["G1"], data(book)["G3"] = "2020年4月当月", 3.5

    frame = read_dataset(save(tmp_path, PLAIN, edit)).panel.observations
    single = frame[frame["measure"] == "month_yoy_pct"]
    assert dict(zip(single["unit"], zip(single["period"].map(str), single["value"], strict=True), strict=True)) == {
        "city": ("2020-03", -35.0),
        "shaanxi": ("2020-04", 3.5),
    }


def test_new_indicators_get_ids_and_keep_their_names(tmp_path: Path) -> None:
    rows = [*PLAIN, ["富硒产业产值（亿元）", "安康市", "", 1.0], ["富硒产业产值增速", "陕西省", "", 2.0]]
    dataset = read_dataset(save(tmp_path, rows))
    new = dataset.panel.indicators["x1"]
    assert (new.name_zh, new.frequency) == ("富硒产业产值（亿元）", Frequency.MONTHLY)
    assert [t.indicator for t in dataset.targets] == ["ind_va", "x1"]


def test_no_spelling_stands_for_two_indicators() -> None:
    keys = [
        (indicator_key(name), known.indicator)
        for known in INDICATORS
        for name in {known.indicator, known.name_zh, *known.spellings}
    ]
    assert len(dict(set(keys))) == len(set(keys))


@pytest.mark.parametrize(
    ("name", "indicator"),
    [
        ("规模以上工业增加值增速", "ind_va"),
        ("规上工业增加值(%)", "ind_va"),
        ("固定资产投资（不含农户）", "fai"),
        ("固定资产投资 增速", "fai"),
        ("全社会固定资产投资", "fai_total"),
        ("社会消费品零售总额（亿元）", "retail"),
        ("限额以上消费品零售额", "retail_above"),
        ("限上社会消费品零售总额", "retail_above"),
        ("地区生产总值（GDP）", "gdp"),
        ("一、地区生产总值", "gdp"),
        ("农村居民人均可支配收入（元）", "rural_inc"),
        ("地方一般公共预算收入", "fiscal_rev"),
    ],
)
def test_usual_spellings_are_known_and_like_ones_kept_apart(name: str, indicator: str) -> None:
    found = known_indicator(name)
    assert found is not None
    assert found.indicator == indicator


def test_a_name_that_is_no_known_indicator_is_none() -> None:
    assert known_indicator("财政总收入") is None


def test_places_come_with_level_and_parent(tmp_path: Path) -> None:
    rows = [
        *PLAIN,
        *(["规上工业增加值", place, "", 1.0] for place in ("全国", "汉滨区", "恒口示范区", "宝鸡市", "紫阳县")),
    ]
    units = read_dataset(save(tmp_path, rows)).panel.units.values()
    assert [(u.unit, u.name_zh, u.level, u.parent) for u in units] == [
        ("china", "全国", "nation", None),
        ("shaanxi", "陕西省", "province", "china"),
        ("city", "安康市", "city", "shaanxi"),
        ("city01", "宝鸡市", "city", "shaanxi"),
        ("county01", "汉滨区", "county", "city"),
        ("county02", "紫阳县", "county", "city"),
        ("zone01", "恒口示范区", "zone", "city"),
    ]


def test_general_words_stand_for_the_places_that_parameters_name(tmp_path: Path) -> None:
    def edit(book: Workbook) -> None:
        data(book)["B2"], data(book)["B3"] = "全市", "全省"
        add(book, "参数", ["参数", "取值"], ["城市", "安康市"], ["省份", "陕西省"], ["目标年", 2020])

    dataset = read_dataset(save(tmp_path, PLAIN, edit))
    assert growth(dataset) == PLAIN_GROWTH
    assert dataset.config.name_zh == "安康市2020年"


def test_sheet_of_places_goes_before_names(tmp_path: Path) -> None:
    def edit(book: Workbook) -> None:
        for place in ("汉滨区", "月河片"):
            data(book).append(["规上工业增加值", place, "", 1.0])
        add(
            book,
            "地区",
            ["编码", "地区名称", "层级", "上级", "含于"],
            ["ankang", "安康市"],
            ["hanbin", "汉滨区", "县", "安康市"],
            [None, "月河片", "开发区", None, "汉滨区"],
        )

    dataset = read_dataset(save(tmp_path, PLAIN, edit))
    assert dataset.config.city == "ankang"
    assert {u.unit: (u.level, u.parent, u.counted_within) for u in dataset.panel.units.values()} == {
        "shaanxi": ("province", None, None),
        "ankang": ("city", "shaanxi", None),
        "hanbin": ("county", "ankang", None),
        "zone01": ("zone", "ankang", "hanbin"),
    }


def test_day_of_knowledge_sees_what_the_planner_holds(tmp_path: Path) -> None:
    def edit(book: Workbook) -> None:
        add(book, "参数", ["数据截至", dt.datetime(2020, 5, 10)])

    dataset = read_dataset(save(tmp_path, PLAIN, edit))
    assert dataset.config.as_of == "2020-05-10"
    assert str(dataset.config.first_action_month) == "2020-06"
    seen = known(dataset.panel, AsOf.parse(dataset.config.as_of))
    assert Month(2020, 4) in set(seen["period"])
    assert set(dataset.panel.observations["released"]) == {
        dt.date(2020, 3, 20),
        dt.date(2020, 4, 20),
        dt.date(2020, 5, 10),
    }


@pytest.mark.parametrize(
    ("written", "as_of"),
    [("2020-03", "2020-03"), ("截至3月", "2020-03"), ("2020年3月底", "2020-03"), (dt.datetime(2020, 3, 1), "2020-03")],
)
def test_month_of_knowledge_in_several_forms(tmp_path: Path, written: object, as_of: str) -> None:
    def edit(book: Workbook) -> None:
        add(book, "参数", ["数据截至", written], ["首个可行动月份", "6月"])

    config = read_dataset(save(tmp_path, PLAIN, edit)).config
    assert (config.as_of, str(config.first_action_month)) == (as_of, "2020-06")


def test_action_never_starts_after_the_target_year(tmp_path: Path) -> None:
    rows = [["指标", "地区", "2020-11"], ["社零", "安康市", 1.0], ["社零", "陕西省", 2.0]]
    assert str(read_dataset(save(tmp_path, rows)).config.first_action_month) == "2020-12"


def test_sheets_of_targets_and_indicators_override_defaults(tmp_path: Path) -> None:
    def edit(book: Workbook) -> None:
        header = ["指标", "地区", "目标类型", "目标值", "接近幅度", "是否考核", "预警规则"]
        add(
            book,
            "目标",
            header,
            ["规模以上工业增加值", None, None, None, 1.5],
            ["规上工业增加值", "全市", "年度计划", 5],
        )
        columns = ["指标", "名称", "频率", "责任部门", "分期权重"]
        weights = ";".join(["0.05", "0.05", *["0.09"] * 10])
        add(book, "指标", columns, ["规上工业增加值", None, "月度", "市工信局", weights])

    dataset = read_dataset(save(tmp_path, PLAIN, edit))
    assert [(t.kind, t.value, t.tolerance_pp, t.assessed, t.unit) for t in dataset.targets] == [
        (TargetKind.PROVINCE_AVERAGE, None, 1.5, True, "city"),
        (TargetKind.PLAN, 5.0, 2.0, False, "city"),
    ]
    indicator = dataset.panel.indicators["ind_va"]
    assert indicator.name_zh == "规模以上工业增加值"
    assert indicator.department == "市工信局"
    assert indicator.profile == pytest.approx((0.1, *[0.09] * 10))


def test_ledger_of_the_workbook_is_read_with_its_unit_of_money(tmp_path: Path) -> None:
    path = write_starter(tmp_path / "new", city_zh="安康市", province_zh="陕西省", year=2020)
    book = load_workbook(path)
    _fill(
        data(book),
        {
            ("规模以上工业增加值", "安康市"): {"2020年1-8月": 1.0},
            ("规模以上工业增加值", "陕西省"): {"2020年1-8月": 2.0},
        },
    )
    data(book).append(["规模以上工业增加值", "汉滨区", None, 3.0])
    sheet = book["企业台账"]
    row = {
        "企业编码": "e1", "企业名称": "示例企业001", "县区": "汉滨区", "行业": "建材", "生产状态": "停产",
        "能否恢复": "是", "上年产值(亿元)": 1.5, "责任单位": "市工信局", "责任人": "责任人01",
    }  # fmt: skip
    headers = [str(cell.value) for cell in sheet[1]]
    assert set(row) <= set(headers)
    sheet.append([row.get(header) for header in headers])
    book.save(path)
    ledger = read_dataset(path).ledger
    (enterprise,) = ledger.enterprises.to_dict("records")
    assert (enterprise["county"], enterprise["status"], enterprise["base_output_yi"]) == ("county01", "halted", 1.5)
    assert (enterprise["row_status"], enterprise["source"]) == ("published", "企业台账")
    assert ledger.projects.empty


def test_bases_and_industries_of_the_workbook_are_read_with_visible_defaults(tmp_path: Path) -> None:
    def edit(book: Workbook) -> None:
        add(
            book,
            "基数",
            ["指标", "地区", "基数(亿元)", "占上级比重"],
            ["规上工业增加值", None, 120, None],
            ["规上工业", "陕西省", 900],
        )
        quarters = [f"{name}占比" for name in ("一季度", "二季度", "三季度", "四季度")]
        header = ["行业", "行业名称", *quarters, "支撑指标"]
        add(
            book,
            "行业",
            header,
            ["工业", None, 0.6, 0.6, 0.6, 0.6, "规上工业增加值"],
            ["其他", None, 0.4, 0.4, 0.4, 0.4],
        )

    def whole(book: Workbook) -> None:
        edit(book)
        for title, kind in (("基数", "bases"), ("行业", "industries")):
            sheet = book[title]
            known = [str(cell.value) for cell in sheet[1]]
            for column in TABLES[kind]:
                header = column.zh[0] + ("(亿元)" if column.is_money else "")
                if not {header, *column.zh} & set(known):
                    sheet.cell(1, sheet.max_column + 1).value = header

    panel = read_dataset(save(tmp_path, PLAIN, whole)).panel
    rows = panel.bases[["unit", "indicator", "base_year", "base_level_yi", "status"]].to_numpy().tolist()
    assert rows == [["city", "ind_va", 2019, 120.0, "published"], ["shaanxi", "ind_va", 2019, 900.0, "published"]]
    assert panel.industries[["name_zh", "driver", "status"]].to_numpy().tolist() == [
        ["工业", "ind_va", "estimated"],
        ["其他", "", "estimated"],
    ]


def test_a_sheet_that_is_not_read_is_named(tmp_path: Path) -> None:
    dataset = read_dataset(save(tmp_path, PLAIN, lambda book: add(book, "领导批示", ["抓紧"])))
    assert ["领导批示" in one.text("zh") for one in dataset.remarks if one.code == "sheets_unread"] == [True]


def _drop_sheet(book: Workbook) -> None:
    data(book).title = "数据"


def _no_header(book: Workbook) -> None:
    data(book)["A1"] = "类别"


def _empty(book: Workbook) -> None:
    data(book).delete_rows(2, 2)


def _repeat(book: Workbook) -> None:
    data(book).append(["规模以上工业增加值增速", "安康市", "", 1.0])


def _text_figure(book: Workbook) -> None:
    data(book)["E2"] = "约三成"


def _bad_month(book: Workbook) -> None:
    data(book)["E1"] = "2020年13月"


def _no_year(book: Workbook) -> None:
    data(book)["E1"] = "1-3月"


def _auto_date(book: Workbook) -> None:
    data(book)["E1"] = dt.datetime(2020, 1, 8)


def _error_cell(book: Workbook) -> None:
    data(book)["E2"] = "#REF!"
    data(book)["E2"].data_type = "e"


def _uncomputed(book: Workbook) -> None:
    data(book)["E2"] = "=1+1"


def _january(book: Workbook) -> None:
    data(book)["D1"] = "2020年1月"


def _month_twice(book: Workbook) -> None:
    data(book)["E1"] = "2020-02"


def _impossible(book: Workbook) -> None:
    data(book)["E2"] = -140


def _no_indicator(book: Workbook) -> None:
    data(book)["A3"] = None


def _no_place(book: Workbook) -> None:
    data(book)["B3"] = None


def _bad_measure(book: Workbook) -> None:
    data(book)["C3"] = "环比"


def _no_province(book: Workbook) -> None:
    data(book)["B3"] = "汉滨区"


def _no_city(book: Workbook) -> None:
    data(book)["B2"] = "汉滨区"


def _merged_figures(book: Workbook) -> None:
    data(book).merge_cells("D2:E2")


def _second_header(book: Workbook) -> None:
    data(book).append(HEADER)
    data(book).append(["社零", "安康市", "", 1.0])


def _vague_place(book: Workbook) -> None:
    data(book).append(["规上工业增加值", "月河片", "", 1.0])


def _slip(book: Workbook) -> None:
    data(book)["A2"], data(book)["A3"] = "富硒产业总产值", "富硒产业的总产值"


def _no_column_name(book: Workbook) -> None:
    data(book)["G2"] = 4.0


def _absent_city(book: Workbook) -> None:
    add(book, "参数", ["城市", "汉中市"])


def _bad_as_of(book: Workbook) -> None:
    add(book, "参数", ["数据截至", "上个月"])


def _bad_year(book: Workbook) -> None:
    add(book, "参数", ["目标年", 20])


def _unknown_parameter(book: Workbook) -> None:
    add(book, "参数", ["月分", "8"])


def _late_action(book: Workbook) -> None:
    add(book, "参数", ["首个可行动月份", "2021-03"])


@pytest.mark.parametrize(
    ("edit", "code", "cell"),
    [
        (_drop_sheet, "sheet_missing", None),
        (_no_header, "wide_header_missing", "进度数据"),
        (_empty, "wide_empty", "进度数据"),
        (_repeat, "wide_row_twice", "进度数据!A4"),
        (_text_figure, "number_bad", "进度数据!E2"),
        (_bad_month, "period_bad", "进度数据!E1"),
        (_no_year, "period_no_year", "进度数据!E1"),
        (_auto_date, "period_is_day", "进度数据!E1"),
        (_error_cell, "cell_error", "进度数据!E2"),
        (_uncomputed, "formula_empty", "进度数据!E2"),
        (_january, "january_alone", "进度数据!D2"),
        (_month_twice, "wide_month_twice", "进度数据!E1"),
        (_impossible, "growth_below", "进度数据!E2"),
        (_no_indicator, "cell_empty", "进度数据!A3"),
        (_no_place, "cell_empty", "进度数据!B3"),
        (_bad_measure, "choice_unknown", "进度数据!C3"),
        (_no_province, "wide_no_province", "进度数据"),
        (_no_city, "wide_no_city", "进度数据"),
        (_merged_figures, "cells_merged", "进度数据!D2"),
        (_second_header, "wide_second_header", "进度数据!A4"),
        (_vague_place, "wide_place_level", "进度数据!B4"),
        (_slip, "wide_indicator_near", "进度数据!A2"),
        (_no_column_name, "cell_without_header", "进度数据!G2"),
        (_absent_city, "wide_place_absent", "参数!B1"),
        (_bad_as_of, "as_of_bad", "参数!B1"),
        (_bad_year, "year_range", "参数!B1"),
        (_unknown_parameter, "toml_key_unknown", "参数!A1"),
        (_late_action, "first_action_outside", "参数!B1"),
    ],
)
def test_what_is_wrong_is_named_with_its_cell(
    tmp_path: Path, edit: Callable[[Workbook], None], code: str, cell: str | None
) -> None:
    found = problems(save(tmp_path, PLAIN, edit))
    assert (code, cell) in {(problem.code, problem.column) for problem in found}
    for problem in found:
        assert problem.file.startswith("进度数据.xlsx")
        assert problem.text("zh") != problem.text("en")


def test_problems_of_the_form_are_reported_all_at_once(tmp_path: Path) -> None:
    def edit(book: Workbook) -> None:
        for one in (_repeat, _bad_measure, _bad_as_of, _merged_figures):
            one(book)

    with pytest.raises(InputError, match="4 problem") as caught:
        read_workbook(save(tmp_path, PLAIN, edit))
    assert {p.code for p in caught.value.problems} == {"wide_row_twice", "choice_unknown", "as_of_bad", "cells_merged"}


def test_figures_are_there_to_be_checked_beside_problems_of_the_form(tmp_path: Path) -> None:
    found = Problems()
    raw, tables = workbook_tables(save(tmp_path, PLAIN, _repeat).read_bytes(), "b.xlsx", found)
    assert [p.code for p in found.listed()] == ["wide_row_twice"]
    assert raw["as_of"] == "2020-04"
    assert tables["observations"].frame["value"].tolist() == ["-20.1", "-29.6", "-25", "-5", "-3", "-1"]
    assert tables["observations"].frame["_cell"].tolist()[-1] == "进度数据!F3"


def test_a_file_that_is_no_workbook_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "进度数据.xlsx"
    path.write_bytes(b"not a workbook")
    assert [p.code for p in problems(path)] == ["xlsx_not_workbook"]


def _fill(sheet: Worksheet, figures: Mapping[tuple[str, str], Mapping[str, float]]) -> None:
    """Enter figures in the rows of indicator and place, below headers as they stand."""
    header = {str(cell.value): cell.column for cell in sheet[2]}
    rows = {(str(row[0].value), str(row[1].value)): row[0].row for row in sheet.iter_rows(min_row=3)}
    for key, months in figures.items():
        for month, value in months.items():
            sheet.cell(rows[key], int(header[month] or 0), value)


def _example_figures() -> pd.DataFrame:
    """Cumulative growth of nation, province and city in the example's last three years, as known."""
    dataset = read_dataset(EXAMPLE)
    rows = known(dataset.panel, AsOf.parse(dataset.config.as_of))
    chosen = (rows["measure"] == "cum_yoy_pct") & rows["unit"].isin(["nation", "province", "city"])
    recent = [period.year >= dataset.config.target_year - 2 for period in rows["period"]]
    return rows[chosen & pd.Series(recent)]


def _example_book(folder: Path, indicators: Sequence[str] | None = None) -> Path:
    """The starting workbook, filled with the example's figures of some indicators."""
    path = write_starter(folder, city_zh="示例市", province_zh="示例省", year=2020, series=False)
    book = load_workbook(path)
    sheet = data(book)
    names = {known.indicator: known.name_zh for known in INDICATORS}
    places = {"nation": "全国", "province": "示例省", "city": "示例市"}
    started = {(str(row[0].value), str(row[1].value)) for row in sheet.iter_rows(min_row=3)}
    figures: dict[tuple[str, str], dict[str, float]] = {}
    for row in _example_figures().to_dict("records"):
        key = (names[str(row["indicator"])], places[str(row["unit"])])
        if key in started and (indicators is None or row["indicator"] in indicators):
            month = row["period"]
            figures.setdefault(key, {})[f"{month.year}年1-{month.month}月"] = float(row["value"])
    _fill(sheet, figures)
    book.save(path)
    return path


def test_starting_workbook_and_csv_files_with_the_same_figures_give_the_same_panel(tmp_path: Path) -> None:
    dataset = read_dataset(_example_book(tmp_path / "new"))
    as_of = AsOf.parse(dataset.config.as_of)
    expected = _example_figures()
    with_nation = {known.indicator for known in INDICATORS if known.nation}
    expected = expected[(expected["unit"] != "nation") | expected["indicator"].isin(with_nation)]
    expected = expected.assign(unit=expected["unit"].replace("nation", "china"))
    columns = ["unit", "indicator", "period", "measure", "value"]
    order = ["unit", "indicator", "period"]
    mine = known(dataset.panel, as_of)[columns].sort_values(order, ignore_index=True)
    theirs = expected[columns].sort_values(order, ignore_index=True)
    assert len(theirs) > 500
    pd.testing.assert_frame_equal(mine, theirs)
    example = read_dataset(EXAMPLE)
    assert as_of == AsOf.parse(example.config.as_of)
    assert dataset.config.first_action_month == example.config.first_action_month
    for name, indicator in dataset.panel.indicators.items():
        assert indicator.frequency == example.panel.indicators[name].frequency
    averages = {t.indicator: t.tolerance_pp for t in example.targets if t.kind is TargetKind.PROVINCE_AVERAGE}
    mine_averages = {t.indicator: t.tolerance_pp for t in dataset.targets}
    assert mine_averages.keys() == {known.indicator for known in INDICATORS if known.starts}
    for indicator in ("gdp", "ind_va", "fai", "retail", "urban_inc", "rural_inc"):
        assert mine_averages[indicator] == averages[indicator]


def test_two_indicators_and_twelve_months_give_a_probability(tmp_path: Path) -> None:
    path = _example_book(tmp_path / "new", ["ind_va", "retail"])
    book = load_workbook(path)
    header = [str(cell.value) for cell in data(book)[2]]
    keep = header.index("2019年1-9月") + 1
    for row in data(book).iter_rows(min_row=3, min_col=4, max_col=keep - 1):
        for cell in row:
            cell.value = None
    book.save(path)
    result = run(Request(dataset=path.parent, draws=500))
    rows = {row.target.indicator: row for row in result.attainment.rows}
    assert rows.keys() == {"ind_va", "retail"}
    for row in rows.values():
        assert row.p_reach is not None
        assert 0.0 < row.p_reach < 1.0
        assert row.ytd is not None
        assert row.ytd.period == Month(2020, 8)


FIGURES = st.one_of(st.none(), st.floats(-60, 60).map(lambda x: round(x, 1)), st.just("X"))


@settings(max_examples=25, deadline=None)
@given(figures=st.lists(st.lists(FIGURES, min_size=3, max_size=3), min_size=2, max_size=2))
def test_every_figure_of_a_workbook_reaches_the_panel_once(
    tmp_path_factory: pytest.TempPathFactory, figures: list[list[float | str | None]]
) -> None:
    rows = [[*head[:3], *values] for head, values in zip(PLAIN[1:], figures, strict=True)]
    folder = tmp_path_factory.mktemp("book")
    expected = {
        (unit, "ind_va", month): value
        for unit, values in zip(("city", "shaanxi"), figures, strict=True)
        for month, value in zip(("2020-02", "2020-03", "2020-04"), values, strict=True)
        if isinstance(value, float)
    }
    path = save(folder, [HEADER, *rows])
    if any(all(value is None for value in values) for values in figures):
        assert problems(path)
    elif not expected or max(abs(value) for value in expected.values()) >= 1:  # else taken for fractions, rightly
        assert growth(read_dataset(path)) == expected


def test_what_is_wrong_with_a_workbook_is_said_in_the_words_of_its_sheets() -> None:
    params = {"value": "某县", "suggestion": "甲县", "expected": "halted (停产), normal (正常)"}
    book, folder = "进度数据.xlsx[项目台账]", "projects.csv"
    for code in ("county_unknown", "indicator_unknown", "unit_unknown", "choice_unknown"):
        told = {f: Problem(code=code, file=f, row=2, column="县区", params=params).text("zh") for f in (book, folder)}
        assert not re.search(r"\.csv|shibenji|kuaxianqu|halted", told[book])
        assert re.search(r"\.csv|halted", told[folder])
    assert "“地区”表" in Problem(code="county_unknown", file=book, params=params).text("zh")
    assert "填市本级，跨县区的填跨县区" in Problem(code="county_unknown", file=book, params=params).text("zh")
