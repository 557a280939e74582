"""Sheet 参数 of a planner's workbook: what it says of city, year and state of knowledge, each with a default.

Invariant: an empty sheet is a complete one (held by ``tests/test_workbook.py``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from forecast.periods import Month
from forecast.reading.cells import CellError, is_masked, parse_day, parse_month, parse_period
from forecast.reading.columns import CHOICES
from forecast.reading.places import Named
from forecast.reading.sheets import Sheet
from forecast.reading.tables import Problems, plain, quoted

__all__ = ["PARAMETER_LABELS", "Parameters", "default_as_of", "read_parameters"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What sheet 参数 says; None or "" where it leaves the default.

    as_of : ``YYYY-MM`` or ``YYYY-MM-DD``
    """

    city: Named | None = None
    province: Named | None = None
    year: int | None = None
    as_of: str = ""
    first_action: Month | None = None
    synthetic: bool = False

    @property
    def day(self) -> str:
        """Day of knowledge, "" where a month or nothing is given."""
        return self.as_of if len(self.as_of) == len("2020-09-20") else ""


PARAMETER_LABELS: Final[Mapping[str, str]] = {
    "city": "城市",
    "province": "省份",
    "year": "目标年",
    "as_of": "数据截至",
    "first_action": "首个可行动月份",
    "synthetic": "演示数据",
}
"""Parameters in their order on the sheet, by their labels."""
_OTHER_LABELS: Final = {
    "市": "city",
    "本市": "city",
    "城市名称": "city",
    "省": "province",
    "所在省": "province",
    "省份名称": "province",
    "目标年份": "year",
    "年度": "year",
    "截至": "as_of",
    "截至月份": "as_of",
    "数据截至月份": "as_of",
    "首个行动月份": "first_action",
    "可行动月份": "first_action",
}
_HEADINGS: Final = frozenset({"参数", "项目", "名称", "指标"})
_YEARS: Final = (1990, 2100)


def default_as_of(periods: Sequence[Month], year: int) -> str:
    """State of knowledge where none is given: the latest month in which the city has a figure."""
    return str(max(periods, default=Month(year, 12)))


def read_parameters(sheet: Sheet, file: str, problems: Problems, *, latest_year: int | None) -> Parameters:
    """Parameters of the sheet; a value that cannot be read is a problem at its cell, and the default stands in.

    Parameters
    ----------
    latest_year : latest year with a figure, for months that are written without one
    """
    labels = {label: key for key, label in PARAMETER_LABELS.items()} | _OTHER_LABELS
    cells: dict[str, tuple[int, int]] = {}
    for row in sheet.rows:
        label = re.sub(r"\s|[:：]", "", plain(sheet.text(row, 1)))
        value = sheet.text(row, 2)
        if label in labels and value and not is_masked(value):
            cells[labels[label]] = (row, 2)
        elif label and value and label not in labels and label not in _HEADINGS:
            expected = "、".join(PARAMETER_LABELS.values())
            problems.add("toml_key_unknown", file, column=sheet.address(row, 1), found=quoted(label), expected=expected)
    reader = _Reader(sheet, file, problems, cells)
    year = reader.year()
    return Parameters(
        city=reader.named("city"),
        province=reader.named("province"),
        year=year,
        as_of=reader.as_of(year or latest_year),
        first_action=reader.first_action(year or latest_year),
        synthetic=reader.flag("synthetic"),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """The values of the sheet, one by one."""

    sheet: Sheet
    file: str
    problems: Problems
    cells: Mapping[str, tuple[int, int]]

    def _text(self, key: str) -> str:
        return plain(self.sheet.text(*self.cells[key])) if key in self.cells else ""

    def _note(self, key: str, code: str, **params: object) -> None:
        params = {"value": quoted(self._text(key)), **params}
        self.problems.add_at(code, self.file, None, self.sheet.address(*self.cells[key]), params)

    def named(self, key: str) -> Named | None:
        """Name of a place with its address."""
        name = self._text(key)
        return Named(name, self.sheet.address(*self.cells[key])) if name else None

    def year(self) -> int | None:
        """Target year."""
        text = self._text("year")
        if not text:
            return None
        found = re.fullmatch(r"(\d{4})年?", text)
        low, high = _YEARS
        if not found or not low <= int(found[1]) <= high:
            self._note("year", "year_range", low=low, high=high)
            return None
        return int(found[1])

    def as_of(self, year: int | None) -> str:
        """Month or day of knowledge; a date on the first of a month is how spreadsheets store the month."""
        text = re.sub(r"^截[至止]|底$", "", self._text("as_of"))
        if not text:
            return ""
        try:
            day = parse_day(text)
        except CellError:
            day = None
        if day is not None and not (day.day == 1 and self.cells["as_of"] in self.sheet.dates):
            return day.isoformat()
        month = self._month("as_of", text, year, "as_of_bad")
        return str(month) if month else ""

    def first_action(self, year: int | None) -> Month | None:
        """First month that a decision can still affect, of the target year."""
        text = self._text("first_action")
        month = self._month("first_action", text, year, "month_bad") if text else None
        if month is not None and year is not None and month.year != year:
            self._note("first_action", "first_action_outside", value=month, year=year)
            return None
        return month

    def _month(self, key: str, text: str, year: int | None, code: str) -> Month | None:
        try:
            return parse_period(text)
        except CellError:
            pass
        try:
            return parse_month(text.removeprefix("1-"), year=year) if year else None
        except CellError:
            self._note(key, code)
            return None

    def flag(self, key: str) -> bool:
        """Yes or no; no where empty."""
        word = self._text(key).lower()
        yes, no = (("true", *CHOICES["flag"]["true"]), ("false", *CHOICES["flag"]["false"]))
        if word and word not in (*yes, *no):
            self._note(key, "choice_unknown", expected="是, 否")
        return word in yes
