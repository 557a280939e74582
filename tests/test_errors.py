"""A report never stops at the first problem, and says everything in both languages."""

from __future__ import annotations

import pytest

from forecast.errors import ForecastError, InputError, NonFiniteError, Problem, UsageError

UNIT = Problem(
    code="unit_near",
    file="observations.csv",
    row=14,
    column="unit",
    params={"value": "hanbing", "suggestion": "hanbin"},
)
MISSING = Problem(code="file_missing", file="units.csv")


def test_a_problem_says_where_what_and_how() -> None:
    assert UNIT.text("en") == (
        "observations.csv, row 14, 'unit': unit 'hanbing' is not in units.csv (in a workbook: sheet 地区); "
        "did you mean 'hanbin'?"
    )
    assert (
        UNIT.text("zh")
        == "observations.csv，第14行，“unit”：地区“hanbing”不在 units.csv（工作簿为“地区”表）中；是否应为“hanbin”？"
    )


def test_a_problem_of_a_whole_file_has_no_row() -> None:
    assert MISSING.where("en") == "units.csv"
    assert MISSING.where("zh") == "units.csv"


def test_a_cell_of_a_workbook_is_named_by_its_address() -> None:
    cell = Problem(code="cell_empty", file="小城.xlsx", column="进度数据!F7")
    assert cell.where("zh") == "小城.xlsx，“进度数据!F7”"
    assert cell.where("en") == "小城.xlsx, '进度数据!F7'"


def test_a_report_lists_everything_and_counts_it() -> None:
    error = InputError([UNIT, MISSING])
    for lang in ("zh", "en"):
        lines = error.report(lang).splitlines()
        assert "2" in lines[0]
        assert len(lines) == 3
        assert lines[1].endswith(UNIT.text(lang))
        assert lines[2].endswith(MISSING.text(lang))
    assert str(error) == error.report("en")
    assert error.problems == (UNIT, MISSING)


def test_braces_in_a_cell_are_shown_as_they_are() -> None:
    problem = Problem(code="number_bad", file="a.csv", params={"value": "{value}{0}"})
    assert "{value}{0}" in problem.text("zh")


@pytest.mark.parametrize("error", [InputError([MISSING]), UsageError("usage_as_of", found="八月"), NonFiniteError("x")])
def test_every_error_has_one_root(error: Exception) -> None:
    assert isinstance(error, ForecastError)


def test_a_wrong_call_is_told_in_both_languages() -> None:
    error = UsageError("usage_as_of", found="八月")
    assert "八月" in error.text("zh")
    assert str(error) == error.text("en")
    assert error.text("zh") != error.text("en")
