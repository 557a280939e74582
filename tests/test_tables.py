"""Headers, cells and encodings: one meaning each, in every form that planners use."""

from __future__ import annotations

import datetime as dt
import io
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from openpyxl import Workbook

from forecast.data.reading.columns import CHOICES, OPTIONAL_TABLES, TABLES
from forecast.data.reading.problems import Problems, RawTable, near, plain, table_of_rows
from forecast.data.reading.rows import (
    CellError,
    Fields,
    Names,
    is_masked,
    parse_day,
    parse_fraction,
    parse_month,
    parse_number,
    parse_percent,
    parse_period,
    split_numbers,
)
from forecast.data.reading.textfiles import csv_rows, decode, xlsx_rows
from forecast.periods import Month


def table(kind: str, text: str) -> tuple[RawTable | None, Problems]:
    problems = Problems()
    rows = csv_rows(text.encode(), f"{kind}.csv", problems)
    return (table_of_rows(kind, f"{kind}.csv", rows, problems) if rows else None), problems


def fields_of(kind: str, text: str) -> Fields:
    read, problems = table(kind, text)
    assert read is not None
    return Fields(read, problems)


# headers


@pytest.mark.parametrize("kind", list(TABLES))
def test_a_header_means_one_column_of_its_table(kind: str) -> None:
    words = [word for column in TABLES[kind] for word in (column.name, *column.zh)]
    assert len(words) == len(set(words))


@pytest.mark.parametrize("kind", list(TABLES))
def test_chinese_headers_become_the_fixed_names(kind: str) -> None:
    header = [f"{c.zh[0]}（万元）" if c.is_money else c.zh[0] for c in TABLES[kind]]
    read, problems = table(kind, ",".join(header) + "\n" + ",".join("1" for _ in header))
    assert [p.code for p in problems.listed()] == []
    assert read is not None
    expected = [f"{c.stem}_wan" if c.is_money else c.name for c in TABLES[kind]]
    assert list(read.frame.columns) == [*expected, "_row"]
    assert read.headers[expected[0]] == header[0]


def test_words_of_a_value_mean_one_thing() -> None:
    for name, legal in CHOICES.items():
        words = [word for value, same in legal.items() for word in (value, *same)]
        assert len(words) == len(set(words)), name


def test_every_table_is_required_or_optional() -> None:
    assert set(TABLES) > OPTIONAL_TABLES
    assert set(TABLES) - OPTIONAL_TABLES == {"units", "indicators", "observations", "targets"}


@pytest.mark.parametrize(
    ("header", "in_yi"),
    [
        ("plan_year_invest_wan", 1.2),
        ("plan_year_invest_yi", 12000.0),
        ("年度计划投资(万元)", 1.2),
        ("年度计划投资（万元）", 1.2),
        ("年度计划投资(亿元)", 12000.0),
        ("年度计划/万元", 1.2),
        ("年度计划投资[元]", 0.00012),
        ("plan_year_invest (万元)", 1.2),
        (" 年度 计划投资（万元） ", 1.2),
    ],
)
def test_the_unit_of_money_is_read_from_the_header(header: str, in_yi: float) -> None:
    names = [c.name if c.name != "plan_year_invest_wan" else header for c in TABLES["projects"]]
    values = ["12000" if name == header else "" for name in names]
    fields = fields_of("projects", ",".join(names) + "\n" + ",".join(values))
    assert fields.money("plan_year_invest")[0] == pytest.approx(in_yi)


def test_a_year_to_date_column_may_name_its_month() -> None:
    header = [c.name if c.name != "ytd_invest_wan" else "1—9月完成投资（亿元）" for c in TABLES["projects"]]
    read, _ = table("projects", ",".join(header) + "\n" + ",".join("1" for _ in header))
    assert read is not None
    assert "ytd_invest_yi" in read.frame.columns


def test_extra_columns_are_kept() -> None:
    fields = fields_of("units", "unit,name_zh,level,parent,备注,note\na,甲,city,,很好,x\n")
    assert fields.extras([c.name for c in TABLES["units"]]) == ["备注", "note"]
    assert fields.texts("备注") == ["很好"]


def test_blank_rows_and_trailing_commas_are_ignored_and_rows_keep_their_number() -> None:
    fields = fields_of("units", "unit,name_zh,level,parent,,\na,甲,city,,,\n,,,,,\n\nb,乙,county,a,,\n,,,,,\n")
    assert fields.rows == [2, 5]


def test_a_line_break_within_quotes_makes_no_new_row() -> None:
    fields = fields_of("units", 'unit,name_zh,level,parent\na,"甲\n乙",city,\nb,丙,county,a\n')
    assert fields.rows == [2, 3]


@pytest.mark.parametrize("mark", [",", "\t", ";"])
def test_the_mark_between_cells_may_be_any_of_three(mark: str) -> None:
    rows = [["unit", "name_zh", "level", "parent"], ["a", "甲", "city", ""]]
    fields = fields_of("units", "\n".join(mark.join(row) for row in rows))
    assert fields.texts("name_zh") == ["甲"]


def test_a_problem_names_the_header_as_written() -> None:
    fields = fields_of("units", "编码,名称,层级,上级\na,甲,镇,\n")
    fields.choices("level", words="level")
    assert fields.problems.listed()[0].column == "层级"


def test_a_cell_address_replaces_row_and_column() -> None:
    read, problems = table("units", "unit,name_zh,level,parent\na,甲,镇,\n")
    assert read is not None
    wide = RawTable("城.xlsx[进度数据]", read.frame.assign(_cell=["F7"]))
    Fields(wide, problems).choices("level", words="level")
    problem = problems.listed()[0]
    assert (problem.file, problem.row, problem.column) == ("城.xlsx[进度数据]", None, "F7")


# encodings

CHINESE = "unit,name_zh\nankang,安康市\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_the_encodings_in_use_are_told_apart(encoding: str) -> None:
    problems = Problems()
    assert decode(CHINESE.encode(encoding), "a.csv", problems) == CHINESE
    assert len(problems) == 0


@given(st.text(st.characters(codec="gb18030", exclude_categories=("Cc", "Cs"), exclude_characters="\ufeff")))
def test_any_text_survives_utf8(text: str) -> None:
    assert decode(text.encode(), "a.csv", Problems()) == text


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=20, max_size=200))
def test_chinese_is_never_taken_for_the_other_encoding(text: str) -> None:
    problems = Problems()
    beside = text.encode("gb18030").decode("utf-8", "replace")
    assume(beside.count("\ufffd") > 2)  # a few texts of one letter repeated are legal in both encodings
    assert decode(text.encode("gb18030"), "a.csv", problems) == text
    assert decode(text.encode()[:-1], "a.csv", problems) is None
    assert [p.code for p in problems.listed()] == ["encoding_broken"]


@given(st.binary(max_size=400))
def test_any_bytes_become_rows_or_problems(content: bytes) -> None:
    problems = Problems()
    rows = csv_rows(content, "a.csv", problems)
    assert (rows is None) == (len(problems) > 0)
    if rows:
        table_of_rows("units", "a.csv", rows, problems)
        assert all(p.text("zh") and p.text("en") for p in problems.listed())


@given(st.binary(max_size=400))
def test_any_bytes_named_xlsx_become_problems(content: bytes) -> None:
    for head in (b"", b"PK\x03\x04"):
        problems = Problems()
        assert xlsx_rows(head + content, "a.xlsx", "units", problems) is None
        assert len(problems) == 1


# workbooks


def workbook_rows(rows: list[list[object]], formats: dict[str, str] | None = None) -> list[list[str]]:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    for cell, number_format in (formats or {}).items():
        book.active[cell].number_format = number_format
    buffer = io.BytesIO()
    book.save(buffer)
    problems = Problems()
    read = xlsx_rows(buffer.getvalue(), "a.xlsx", "units", problems)
    assert [p.code for p in problems.listed()] == []
    assert read is not None
    return [cells for _, cells in read]


def test_cells_of_a_workbook_are_what_their_reader_sees() -> None:
    day = dt.datetime(2020, 9, 18)
    read = workbook_rows([["a", 3, 0.041, -0.136, day, True, None, " x "]], {"C1": "0.0%", "D1": "0.00%"})
    assert read == [["a", "3", "4.1%", "-13.6%", "2020-09-18", "true", "", "x"]]


@given(st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 4)))
def test_numbers_of_a_workbook_keep_their_value(number: float) -> None:
    assert float(f"{number:.15g}") == number


# numbers


@pytest.mark.parametrize(
    "text",
    [
        "",
        "X",
        "x",
        "X%",
        "Ｘ％",
        "XX",
        "X.X%",
        "-",
        "—",
        "——",
        "–",
        "…",
        "……",
        "/",
        "*",
        "×",
        "未公布",
        "N/A",
        "nan",
        " ",
    ],
)
def test_masked_cells_are_missing_and_never_zero(text: str) -> None:
    assert is_masked(text)
    assert math.isnan(parse_number(text))
    assert math.isnan(parse_percent(text))
    assert math.isnan(parse_fraction(text))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("4.1", 4.1),
        ("-13.6", -13.6),
        ("+2", 2.0),
        ("1,234.5", 1234.5),
        ("12,345,678", 12345678.0),
        ("−13.6", -13.6),
        ("－１３．６", -13.6),
        ("＋４．１", 4.1),
        ("１，２３４．５", 1234.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("0", 0.0),
        ("–13.6", -13.6),
    ],
)
def test_numbers_are_read_in_every_form(text: str, number: float) -> None:
    assert parse_number(text) == pytest.approx(number)


@pytest.mark.parametrize(
    "text",
    [
        "12..5",
        "1,23",
        "1,2345",
        "12,34.5",
        "--3",
        "3-",
        "增长4.1",
        "4.1 pp",
        "1e999",
        "0x10",
        "inf",
        "1_000",
        "③",
        "13.6²",
        "4②",
        "٣",
        "4.1%%",
    ],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(CellError, match="number_bad"):
        parse_number(text)


@pytest.mark.parametrize("text", ["4.1", "4.1%", "４．１％", "4.1 %", "+4.1%"])
def test_percent_is_percent_with_or_without_its_sign(text: str) -> None:
    assert parse_percent(text) == pytest.approx(4.1)


@pytest.mark.parametrize(("text", "share"), [("0.4", 0.4), ("40%", 0.4), ("４０％", 0.4), ("1", 1.0), ("100%", 1.0)])
def test_a_share_is_a_fraction_or_has_a_percent_sign(text: str, share: float) -> None:
    assert parse_fraction(text) == pytest.approx(share)


@given(st.floats(-1e9, 1e9, allow_nan=False).map(lambda x: round(x, 3)))
def test_thousands_marks_and_full_width_change_nothing(number: float) -> None:
    grouped = f"{number:,.3f}"
    wide = grouped.translate({ord(a): chr(ord(a) + 0xFEE0) for a in "0123456789,.-"})
    assert parse_number(grouped) == parse_number(wide) == pytest.approx(number)


@given(st.text(max_size=12))
def test_any_cell_is_a_number_missing_or_refused(text: str) -> None:
    try:
        number = parse_number(text)
    except CellError:
        assert not is_masked(text)
    else:
        assert math.isnan(number) == is_masked(text)


# time


@pytest.mark.parametrize(
    "text",
    [
        "2020-08",
        "2020-8",
        "2020/8",
        "2020.08",
        "202008",
        "2020年8月",
        "2020年08月份",
        "２０２０年８月",
        "2020年1-8月",
        "2020年1—8月",
        "2020年1至8月",
        "2020年1~8月",
        "2020 1-8月",
        "2020年 1-8月",
        "2020-08-01",
        "2020-08-31",
        "2020/8/1",
        "2020年8月31日",
        "2020-08-01 00:00:00",
    ],
)
def test_august_in_every_form(text: str) -> None:
    assert parse_period(text) == Month(2020, 8)


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("2020年1-2月", 2),
        ("2020Q1", 3),
        ("2020q2", 6),
        ("2020-Q3", 9),
        ("2020年二季度", 6),
        ("2020年第三季度", 9),
        ("2020年4季度", 12),
        ("2020年上半年", 6),
        ("2020年前三季度", 9),
        ("2020年", 12),
        ("2020年度", 12),
        ("2020年全年", 12),
    ],
)
def test_quarters_and_spans_are_named_by_their_last_month(text: str, month: int) -> None:
    assert parse_period(text) == Month(2020, month)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("8月", "period_no_year"),
        ("1-8月", "period_no_year"),
        ("上半年", "period_no_year"),
        ("Q2", "period_no_year"),
        ("2020年3-8月", "period_span"),
        ("2020-00", "period_bad"),
        ("2020-13", "period_bad"),
        ("20208", "period_bad"),
        ("2020-01-08", "period_is_day"),
        ("2020-02-30", "period_bad"),
        ("八月", "period_bad"),
        ("", "period_bad"),
        ("1899-08", "period_bad"),
    ],
)
def test_what_is_no_period_is_refused(text: str, code: str) -> None:
    with pytest.raises(CellError, match=code):
        parse_period(text)


@pytest.mark.parametrize("text", ["2020-10", "10", "10月", "2020年10月", "2020-10-15"])
def test_a_month_of_a_ledger_may_leave_out_the_year(text: str) -> None:
    assert parse_month(text, year=2020) == Month(2020, 10)


def test_a_masked_month_is_missing() -> None:
    assert parse_month("-", year=2020) is None


@pytest.mark.parametrize("text", ["13", "0月", "十月", "2020-13"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(CellError, match="month_bad"):
        parse_month(text, year=2020)


@given(st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31)))
def test_a_day_is_read_in_every_form(day: dt.date) -> None:
    forms = [
        day.isoformat(),
        f"{day.year}/{day.month}/{day.day}",
        f"{day:%Y%m%d}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day.year}.{day.month:02d}.{day.day:02d}",
        f"{day.isoformat()} 00:00:00",
    ]
    assert {parse_day(form) for form in forms} == {day}


# columns


def test_a_column_is_as_long_as_its_table_whatever_is_wrong() -> None:
    fields = fields_of(
        "targets", "unit,indicator,kind,value,tolerance_pp,assessed,light_rule\na,b,c,x1,-3,?,g\n,,,,,,h\n"
    )
    values = fields.numbers("tolerance_pp", low=0.0)
    assert np.isnan(values).tolist() == [True, True]
    assert fields.choices("kind", words="kind") == ["", ""]
    assert fields.flags("assessed") == [None, None]
    assert fields.ids("unit", Names.of("unit", {"z": "泽"})) == ["", ""]
    assert fields.texts("no such column") == ["", ""]
    assert fields.numbers("value").shape == (2,)


@pytest.mark.parametrize(
    ("word", "flag"),
    [
        ("true", True),
        ("是", True),
        ("1", True),
        ("√", True),
        ("TRUE", True),
        ("已开工", True),
        ("false", False),
        ("否", False),
        ("0", False),
        ("未入库", False),
        ("", None),
    ],
)
def test_yes_and_no(word: str, flag: bool | None) -> None:
    fields = fields_of(
        "targets", f"unit,indicator,kind,value,tolerance_pp,assessed,light_rule\na,b,plan,1,1,{word},g\n"
    )
    assert fields.flags("assessed") == [flag]
    assert len(fields.problems) == 0


def test_ids_are_known_by_their_chinese_name() -> None:
    fields = fields_of("units", "unit,name_zh,level,parent\na,甲,city,汉滨区\nb,乙,city,HANBIN\n")
    assert fields.ids("parent", Names.of("unit", {"hanbin": "汉滨区"})) == ["hanbin", "hanbin"]


@pytest.mark.parametrize(
    "text", ["0.3;0.6;0.8", "30;60;80%", "30%;60%;80%", "0.3 0.6 0.8", "0.3；0.6；0.8", "0.3/0.6/0.8"]
)
def test_several_shares_in_one_cell(text: str) -> None:
    expected = (0.3, 0.6, 0.8) if text != "30%;60%;80%" else (30.0 / 100, 60.0 / 100, 80.0 / 100)
    assert split_numbers(text) == pytest.approx(expected)


def test_a_slip_is_matched_and_a_stranger_is_not() -> None:
    assert near("hanbing", ["hanbin", "xunyang"]) == "hanbin"
    assert near("paris", ["hanbin", "xunyang"]) is None


@given(st.text(max_size=20))
def test_plain_is_idempotent(text: str) -> None:
    assert plain(plain(text)) == plain(text)
