"""The workbook that another city starts with."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from forecast.data.dataset import read_dataset
from forecast.data.reading.columns import TABLES
from forecast.data.reading.problems import Problems, table_of_rows
from forecast.data.reading.sheets import DATA, GUIDE, PARAMETERS, SHIPPED, TABLE_SHEETS
from forecast.data.reading.spoken import INDICATORS, known_indicator
from forecast.data.starter import BOOK_NAME, write_starter
from forecast.errors import InputError, UsageError
from forecast.periods import Frequency
from forecast.texts import LANGS, Lang, catalogue

GREY = "FFD9D9D9"


def sheets(path: Path) -> dict[str, Worksheet]:
    return {sheet.title: sheet for sheet in load_workbook(path).worksheets}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_starter(
        tmp_path_factory.mktemp("new") / "ankang", city_zh="安康市", province_zh="陕西省", year=2020, as_of="2020-08"
    )


def test_one_workbook_with_the_guide_first_is_all_there_is(path: Path) -> None:
    assert [entry.name for entry in path.parent.iterdir()] == [BOOK_NAME]
    assert list(sheets(path)) == [GUIDE, DATA, PARAMETERS, *TABLE_SHEETS.values(), SHIPPED]


def test_data_sheet_has_three_years_of_months_without_a_january(path: Path) -> None:
    header = [cell.value for cell in sheets(path)[DATA][2]]
    assert header[:3] == ["指标", "地区", "口径"]
    months = [f"{year}年1-{month}月" for year in (2018, 2019, 2020) for month in range(2, 13)]
    assert header[3:] == months


def test_rows_are_prepared_for_city_and_province_and_those_of_the_city_are_empty(path: Path) -> None:
    sheet = sheets(path)[DATA]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=3)]
    started = [known for known in INDICATORS if known.starts]
    assert [(row[0], row[1]) for row in rows if row[1] != "全国"] == [
        (known.name_zh, place) for known in started for place in ("安康市", "陕西省")
    ]
    assert {row[0] for row in rows if row[1] == "全国"} == {known.name_zh for known in started if known.nation}
    assert {row[2] for row in rows} == {"累计同比%"}
    assert all(value is None for row in rows if row[1] == "安康市" for value in row[3:])


def test_published_figures_of_nation_and_province_are_filled_in_with_their_sources(path: Path) -> None:
    book = sheets(path)
    months = [str(cell.value) for cell in book[DATA][2]]
    filled = {
        (str(row[0].value), str(row[1].value), month): cell.value
        for row in book[DATA].iter_rows(min_row=3)
        for cell, month in zip(row[3:], months[3:], strict=True)
        if cell.value is not None
    }
    assert filled["生产总值", "陕西省", "2020年1-3月"] == -5.6
    assert filled["规模以上工业增加值", "全国", "2020年1-6月"] == -1.3
    assert not any(month in ("2020年1-9月", "2020年1-12月") for _, _, month in filled)  # not yet out in August
    listed = [[cell.value for cell in row] for row in book[SHIPPED].iter_rows(min_row=2)]
    assert len(listed) == len(filled)
    assert all(row[4] for row in listed)
    bare = sheets(write_starter(path.parent.parent / "bare", city_zh="安康市", province_zh="陕西省", series=False))
    assert SHIPPED not in bare


def test_cells_off_an_indicators_own_periods_are_grey(path: Path) -> None:
    sheet = sheets(path)[DATA]
    months = [str(cell.value) for cell in sheet[2]][3:]
    for row in sheet.iter_rows(min_row=3):
        known = known_indicator(str(row[0].value))
        assert known is not None
        open_months = {f"1-{month}月" for month in known.frequency.months}
        for cell, month in zip(row[3:], months, strict=True):
            assert (cell.fill.fgColor.rgb == GREY) == (month.partition("年")[2] not in open_months)
    greys = {known.frequency for known in INDICATORS if known.starts}
    assert greys == set(Frequency)


def test_panes_are_frozen_and_growth_is_checked_on_entry(path: Path) -> None:
    sheet = sheets(path)[DATA]
    assert sheet.freeze_panes == "D3"
    formulas = {rule.formula1 for rule in sheet.data_validations.dataValidation}
    assert any("D3>=-100" in formula for formula in formulas)


def test_no_cell_is_a_formula_even_if_a_name_looks_like_one(tmp_path: Path) -> None:
    path = write_starter(tmp_path / "new", city_zh='=HYPERLINK("x")', province_zh="@SUM(1)", year=2020)
    with zipfile.ZipFile(path) as book:
        for name in book.namelist():
            if name.startswith("xl/worksheets/sheet"):
                assert b"<f>" not in book.read(name)
                assert b"<hyperlink" not in book.read(name)
    for sheet in sheets(path).values():
        assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    assert sheets(path)[DATA]["B3"].value == '=HYPERLINK("x")'


def test_headers_of_optional_sheets_are_read_as_the_columns_of_their_tables(path: Path) -> None:
    for kind, title in TABLE_SHEETS.items():
        problems = Problems()
        header = [str(cell.value) for cell in sheets(path)[title][1]]
        table = table_of_rows(kind, title, [(1, header), (2, ["1"] * len(header))], problems)
        problems.check()
        assert table is not None
        assert [c for c in table.frame.columns if c != "_row"] == [column.name for column in TABLES[kind]]


def test_parameters_are_filled_with_what_was_told(path: Path, tmp_path: Path) -> None:
    told = {row[0].value: row[1].value for row in sheets(path)[PARAMETERS].iter_rows(min_row=2)}
    assert told["城市"] == "安康市"
    assert (told["省份"], told["目标年"], told["数据截至"]) == ("陕西省", "2020", "2020-08")
    assert not told["首个可行动月份"]
    bare = sheets(write_starter(tmp_path / "bare"))[PARAMETERS]
    assert all(not row[1].value for row in bare.iter_rows(min_row=2))


def test_without_names_general_words_stand_in_and_are_understood(tmp_path: Path) -> None:
    path = write_starter(tmp_path / "bare", as_of="2021-06", series=False)
    book = load_workbook(path)
    sheet = book[DATA]
    places = {(str(row[0].value), str(row[1].value)): row[0].row for row in sheet.iter_rows(min_row=3)}
    header = {str(cell.value): cell.column for cell in sheet[2]}
    assert "2021年1-6月" in header
    for place, value in (("全市", 3.1), ("全省", 4.2)):
        sheet.cell(places["社会消费品零售总额", place], header["2021年1-6月"], value)
    book.save(path)
    dataset = read_dataset(path)
    assert (dataset.config.as_of, dataset.config.target_year) == ("2021-06", 2021)
    assert [(u.name_zh, u.level) for u in dataset.panel.units.values()] == [("全省", "province"), ("全市", "city")]


def test_year_is_the_present_one_where_nothing_is_told(tmp_path: Path) -> None:
    header = [str(cell.value) for cell in sheets(write_starter(tmp_path / "new"))[DATA][2]]
    assert f"{dt.date.today().year}年1-12月" in header  # differs only if the year turns during this test


def test_an_empty_workbook_says_that_it_has_to_be_filled_in(path: Path) -> None:
    with pytest.raises(InputError, match="安康市"):
        read_dataset(path)
    with pytest.raises(InputError, match="no figures yet"):
        read_dataset(write_starter(path.parent.parent / "empty", series=False))


@pytest.mark.parametrize("lang", LANGS)
def test_guide_lists_every_known_indicator_and_all_its_lines(tmp_path: Path, lang: Lang) -> None:
    sheet = sheets(write_starter(tmp_path / "new", city_zh="安康市", province_zh="陕西省", year=2020, lang=lang))[GUIDE]
    column = [str(cell.value) for cell in sheet["A"]]
    assert {known.name_zh for known in INDICATORS} <= set(column)
    lines = [key for key in catalogue(lang) if key.startswith("workbook.guide_line_")]
    assert len(column) == 1 + len(lines) + 1 + len(INDICATORS)
    assert any("安康市" in line and "陕西省" in line for line in column)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(UsageError, match=r"not empty.*notes\.txt"):
        write_starter(tmp_path / "full")
    assert [entry.name for entry in (tmp_path / "full").iterdir()] == ["notes.txt"]
    file = tmp_path / "file"
    file.write_text("keep", encoding="utf-8")
    with pytest.raises(UsageError, match="is a file"):
        write_starter(file)
    with pytest.raises(UsageError, match="cannot be written"):
        write_starter(file / "below")
    assert file.read_text(encoding="utf-8") == "keep"


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    assert write_starter(tmp_path) == tmp_path / BOOK_NAME


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"year": 20}, "20"),
        ({"as_of": "August"}, "August"),
        ({"city_zh": "安康", "province_zh": "安康"}, "安康"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    tmp_path: Path, options: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        write_starter(tmp_path / "new", **options)  # type: ignore[arg-type]
    assert not (tmp_path / "new").exists()
