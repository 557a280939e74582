"""Writes the workbook that ``dabiao init`` starts another city with: one sheet to fill in, all else optional.

Invariant: an empty workbook, once its figures are filled in, is a data set without any further change, and no cell of
it is a formula (held by ``tests/test_starter.py``).

Published growth of the nation and of provinces that comes with the program, each figure with source and vintage.

Invariant: every figure has a source, and one value (held by ``tests/test_plausible.py``).
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import ceil
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import xlsxwriter

from forecast.data.panel import release_rule
from forecast.data.reading.columns import CHOICES, TABLES, Column
from forecast.data.reading.sheets import DATA, GUIDE, PARAMETERS, SHIPPED, TABLE_SHEETS
from forecast.data.reading.spoken import INDICATORS
from forecast.data.reading.workbook import PARAMETER_LABELS
from forecast.errors import UsageError
from forecast.periods import AsOf, Frequency, Month
from forecast.texts import Lang, catalogue, t

NATION: Final = "全国"


@dataclass(frozen=True, slots=True)
class ShippedFigure:
    """One figure: growth in percent of January to ``period`` over the same months a year before.

    vintage : version of the source, ``first release``, or ``derived`` from a stated difference; "" where not known
    """

    period: Month
    value: float
    source: str
    vintage: str


@cache
def shipped() -> Mapping[tuple[str, str], tuple[ShippedFigure, ...]]:
    """All figures by place (short name: 陕西, or 全国) and indicator, in order of time."""
    packed = files("forecast.data").joinpath("series/series.csv.gz").read_bytes()
    found: dict[tuple[str, str], list[ShippedFigure]] = {}
    for row in csv.DictReader(io.StringIO(gzip.decompress(packed).decode())):
        figure = ShippedFigure(Month.parse(row["period"]), float(row["value"]), row["source"], row["vintage"])
        found.setdefault((row["place"], row["indicator"]), []).append(figure)
    return MappingProxyType({key: tuple(sorted(one, key=lambda f: f.period)) for key, one in found.items()})


def shipped_of(place: str, level: str, indicator: str) -> tuple[ShippedFigure, ...]:
    """Figures of a nation or province by its name as tables write it; none where nothing is shipped."""
    if level == "nation":
        return shipped().get((NATION, indicator), ())
    return shipped().get((_short(place), indicator), ()) if level == "province" else ()


def _short(name: str) -> str:
    for ending in ("壮族自治区", "回族自治区", "维吾尔自治区", "自治区", "省", "市"):
        if name.endswith(ending) and len(name) > len(ending) + 1:
            return name.removesuffix(ending)
    return name


def shipped_series(place: str, level: str, indicator: str) -> dict[int, float]:
    """Growth in percent by month, counted as ``12 * year + month - 1``."""
    return {12 * one.period.year + one.period.month - 1: one.value for one in shipped_of(place, level, indicator)}


BOOK_NAME: Final = "进度数据.xlsx"
YEARS: Final = 3
"""Years of months that the sheet has: the target year and the two before, which base effects need."""
_YEAR_RANGE: Final = (1992, 2100)
GUIDE_WIDTHS: Final = (52, 12, 22)
"""Columns of the guide, characters: together a page of A4 upright."""
LINE_HEIGHT: Final = 16
"""Points of a line of text."""
A3: Final = 8
"""xlsxwriter's number of the paper size."""
_LIST_ROWS: Final = 500
"""Rows of a ledger that are prepared for entry."""
_GENERIC: Final = {"city": "全市", "province": "全省", "nation": "全国"}
_HEADERS: Final = {
    ("units", "unit"): "编码",
    ("units", "name_zh"): "地区名称",
    ("projects", "progress_pct"): "完成进度(%)",
}
"""Headers that differ from the first synonym of their column."""
_WORDS: Final = {
    ("targets", "kind"): "kind",
    ("targets", "assessed"): "flag",
    ("indicators", "frequency"): "frequency",
    ("units", "level"): "level",
    ("projects", "nature"): "nature",
    ("projects", "started"): "flag",
    ("projects", "in_stat_library"): "flag",
    ("projects", "row_status"): "status",
    ("enterprises", "status"): "enterprise_status",
    ("enterprises", "recoverable"): "flag",
    ("enterprises", "row_status"): "status",
    ("bases", "status"): "estimate_status",
    ("industries", "status"): "estimate_status",
    ("pipeline", "channel"): "channel",
    ("pipeline", "row_status"): "status",
}
"""Columns with few legal values, by table: they get a list to choose from."""
_WIDTH_MARGIN: Final = 2.0
_FIRST_ROW: Final = 2
"""Row (from 0) of the first indicator: below the title and the header."""
_FIRST_MONTH: Final = 3
"""Column (from 0) of the first month: after indicator, place and measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Book:
    """The workbook being written, and what it is written for."""

    book: Any
    formats: Mapping[str, Any]
    city: str
    province: str
    year: int
    told: Mapping[str, str]
    lang: Lang
    until: AsOf | None
    series: bool

    def sheet(self, title: str) -> Any:
        """New sheet in which nothing is taken for a formula or a link."""
        return self.book.add_worksheet(title)


def write_starter(
    folder: Path,
    *,
    city_zh: str | None = None,
    province_zh: str | None = None,
    year: int | None = None,
    as_of: str | None = None,
    lang: Lang = "zh",
    series: bool = True,
) -> Path:
    """Write the workbook 进度数据.xlsx into a new or empty folder.

    Parameters
    ----------
    city_zh, province_zh : names as in the tables, 安康市 and 陕西省; None: 全市 and 全省 stand in
    year : target year; None: that of ``as_of``, else the present one
    as_of : state of knowledge that the sheet 参数 is filled with; None: left to follow from the figures
    series : fill in the published figures of nation and province that come with the program, as known then
    lang : language of guide and notes; names of sheets and columns are Chinese in either

    Returns
    -------
    Path of the workbook.

    Raises
    ------
    UsageError
        The folder is a file, is not empty, or cannot be written; year or ``as_of`` cannot be; city and province have
        one name. Nothing was changed.
    """
    city, province = (city_zh or "").strip(), (province_zh or "").strip()
    if city and city == province:
        raise UsageError("usage_same_place", name=city)
    known = AsOf.parse(as_of) if as_of else None
    target = year or (known.month.year if known else dt.date.today().year)
    low, high = _YEAR_RANGE
    if not low <= target <= high:
        raise UsageError("usage_year", year=target, low=low, high=high)
    told = {"city": city, "province": province, "year": str(year or ""), "as_of": known.text if known else ""}
    path = _free_place(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        with path.open("xb") as file, xlsxwriter.Workbook(file, options) as book:
            _write(
                _Book(
                    book=book,
                    formats=_formats(book),
                    city=city or _GENERIC["city"],
                    province=province or _GENERIC["province"],
                    year=target,
                    told=told,
                    lang=lang,
                    until=known,
                    series=series,
                )
            )
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError("usage_not_started", folder=folder, reason=reason) from error
    return path


def _free_place(folder: Path) -> Path:
    """Where the workbook goes: nothing that is there may be touched."""
    try:
        if folder.exists() and not folder.is_dir():
            raise UsageError("usage_is_file", folder=folder)
        entries = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError("usage_not_started", folder=folder, reason=reason) from error
    if entries:
        raise UsageError("usage_not_empty", folder=folder, found=", ".join(entries[:3]))
    return folder / BOOK_NAME


def _formats(book: Any) -> dict[str, Any]:
    font = {"font_name": "宋体", "font_size": 11, "valign": "vcenter"}
    edge = {"border": 1, "border_color": "#A6A6A6"}
    head = {**font, **edge, "bold": True, "align": "center", "text_wrap": True, "bg_color": "#DDEBF7"}
    return {
        "title": book.add_format({**font, "bold": True, "font_size": 16}),
        "section": book.add_format({**font, "bold": True, "font_size": 12, "font_color": "#1F4E79"}),
        "text": book.add_format({**font, "text_wrap": True, "valign": "top"}),
        "note": book.add_format({**font, "font_color": "#595959", "text_wrap": True}),
        "hint": book.add_format({**font, "font_color": "#595959"}),
        "head": book.add_format(head),
        "name": book.add_format({**font, **edge}),
        "quiet": book.add_format({**font, **edge, "font_color": "#7F7F7F"}),
        "cell": book.add_format({**font, **edge, "align": "right"}),
        "closed": book.add_format({**font, **edge, "bg_color": "#D9D9D9"}),
        "entry": book.add_format({**font, **edge, "num_format": "@", "bg_color": "#FFF9E5"}),
    }


def _write(w: _Book) -> None:
    """All sheets, the guide first."""
    _write_guide(w)
    listed = _write_data(w)
    _write_parameters(w)
    for kind, title in TABLE_SHEETS.items():
        _write_table(w, kind, title)
    _write_shipped(w, listed)


def _write_guide(w: _Book) -> None:
    sheet = w.sheet(GUIDE)
    sheet.hide_gridlines(2)
    for column, width in enumerate(GUIDE_WIDTHS):
        sheet.set_column(column, column, width)
    sheet.fit_to_pages(1, 0)
    sheet.write_string(0, 0, t("workbook.guide_title", w.lang), w.formats["title"])
    lines = [key for key in sorted(catalogue(w.lang)) if key.startswith("workbook.guide_line_")]
    row = 1
    for key in lines:
        style = "section" if key.endswith("_head") else "text"
        text = t(key, w.lang, city=w.city, province=w.province)
        sheet.merge_range(row, 0, row, len(GUIDE_WIDTHS) - 1, text, w.formats[style])
        sheet.set_row(row, LINE_HEIGHT * ceil(_width(text) / (sum(GUIDE_WIDTHS) - 4)))
        row += 1
    for column, name in enumerate(("indicator", "frequency", "tolerance")):
        sheet.write_string(row, column, t(f"workbook.guide_{name}", w.lang), w.formats["head"])
    for known in INDICATORS:
        row += 1
        frequency = CHOICES["frequency"][known.frequency.value][0]
        sheet.write_string(row, 0, known.name_zh, w.formats["name"])
        sheet.write_string(row, 1, frequency, w.formats["name"])
        sheet.write_number(row, 2, known.tolerance_pp, w.formats["cell"])


def _header(month: Month) -> str:
    """Months that a cumulative figure covers, as tables head them: 2020年1-8月."""
    return f"{month.year}年1-{month.month}月"


def _write_data(w: _Book) -> list[tuple[str, str, ShippedFigure]]:
    """The wide sheet: indicator, place and measure down, three years of months across; the figures filled in."""
    sheet = w.sheet(DATA)
    sheet.set_landscape()
    sheet.set_paper(A3)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(1)
    first = w.year - YEARS + 1
    months = [Month(year, month) for year in range(first, w.year + 1) for month in Frequency.MONTHLY.months]
    sheet.write_string(0, 0, t("workbook.data_hint", w.lang), w.formats["hint"])
    labels = ["指标", "地区", "口径", *(_header(month) for month in months)]
    for column, label in enumerate(labels):
        sheet.write_string(1, column, label, w.formats["head"])
    sheet.set_row(1, 32)
    sheet.set_column(0, 0, _width(max((known.name_zh for known in INDICATORS), key=len)))
    sheet.set_column(1, 1, max(_width(w.city), _width(w.province), 10))
    sheet.set_column(2, 2, 13)
    sheet.set_column(_FIRST_MONTH, _FIRST_MONTH + len(months) - 1, 9.5)
    sheet.freeze_panes(_FIRST_ROW, _FIRST_MONTH)
    row = _FIRST_ROW
    listed: list[tuple[str, str, ShippedFigure]] = []
    for known in (known for known in INDICATORS if known.starts):
        places = [(w.city, "name"), (w.province, "name")] + [(_GENERIC["nation"], "quiet")] * known.nation
        for place, style in places:
            for column, text in enumerate((known.name_zh, place, "累计同比%")):
                sheet.write_string(row, column, text, w.formats[style])
            figures = {one.period: one for one in _shipped(w, known.indicator, place)}
            for offset, month in enumerate(months):
                column = _FIRST_MONTH + offset
                if month.month not in known.frequency.months:
                    sheet.write_blank(row, column, None, w.formats["closed"])
                elif month in figures:
                    sheet.write_number(row, column, figures[month].value, w.formats["cell"])
                    listed.append((known.name_zh, place, figures[month]))
                else:
                    sheet.write_blank(row, column, None, w.formats["cell"])
            row += 1
    _validate_data(w, sheet, last_row=row + 100, last_column=_FIRST_MONTH + len(months) - 1)
    return listed


def _shipped(w: _Book, indicator: str, place: str) -> list[ShippedFigure]:
    """Published figures of a row that come with the program and were out by the day of knowledge."""
    level = "nation" if place == _GENERIC["nation"] else "province" if place == w.province else ""
    found = shipped_of(place, level, indicator) if w.series and level else ()
    until = w.until
    return [one for one in found if until is None or release_rule(one.period) <= until.day or one.period <= until.month]


def _write_shipped(w: _Book, listed: Sequence[tuple[str, str, ShippedFigure]]) -> None:
    """Where the figures that are filled in come from."""
    if not listed:
        return
    sheet = w.sheet(SHIPPED)
    for column, (name, width) in enumerate(
        (("indicator", 26), ("place", 12), ("period", 12), ("value", 10), ("source", 80), ("vintage", 24))
    ):
        sheet.write_string(0, column, t(f"workbook.shipped_{name}", w.lang), w.formats["head"])
        sheet.set_column(column, column, width)
    for row, (indicator, place, figure) in enumerate(listed, 1):
        for column, text in ((0, indicator), (1, place), (2, str(figure.period)), (4, figure.source)):
            sheet.write_string(row, column, text, w.formats["name"])
        sheet.write_number(row, 3, figure.value, w.formats["cell"])
        sheet.write_string(row, 5, figure.vintage, w.formats["name"])
    sheet.freeze_panes(1, 0)


def _validate_data(w: _Book, sheet: Any, *, last_row: int, last_column: int) -> None:
    """Growth is above -100 %; a masked figure (X) is text and passes."""
    sheet.data_validation(
        _FIRST_ROW,
        _FIRST_MONTH,
        last_row,
        last_column,
        {
            "validate": "custom",
            "value": "=OR(ISTEXT(D3),AND(ISNUMBER(D3),D3>=-100,D3<=2000))",
            "error_title": t("workbook.number_title", w.lang),
            "error_message": t("workbook.number_error", w.lang),
        },
    )
    measures = [f"{CHOICES['measure'][name][0]}%" for name in ("cum_yoy_pct", "month_yoy_pct")]
    sheet.data_validation(_FIRST_ROW, 2, last_row, 2, {"validate": "list", "source": measures})


def _write_parameters(w: _Book) -> None:
    sheet = w.sheet(PARAMETERS)
    sheet.set_column(0, 1, 20)
    sheet.set_column(2, 2, 80)
    for column, name in enumerate(("name", "value", "default")):
        sheet.write_string(0, column, t(f"workbook.parameter_{name}", w.lang), w.formats["head"])
    for row, (key, label) in enumerate(PARAMETER_LABELS.items(), 1):
        sheet.write_string(row, 0, label, w.formats["name"])
        sheet.write_string(row, 1, w.told.get(key, ""), w.formats["entry"])
        sheet.write_string(row, 2, t(f"workbook.parameter_{key}", w.lang), w.formats["note"])
    sheet.freeze_panes(1, 0)


def _write_table(w: _Book, kind: str, title: str) -> None:
    """An optional sheet in list form: its header, with lists to choose from and notes on what may stay empty."""
    sheet = w.sheet(title)
    texts = catalogue(w.lang)
    for position, column in enumerate(TABLES[kind]):
        header = _column_header(kind, column)
        sheet.write_string(0, position, header, w.formats["head"])
        sheet.set_column(position, position, max(_width(header), 10))
        note = f"workbook.note_{kind}_{column.name}"
        if note not in texts:
            note = f"workbook.note_{column.name}"
        if note in texts:
            sheet.write_comment(0, position, t(note, w.lang), {"x_scale": 1.6})
        if (words := _WORDS.get((kind, column.name))) is not None:
            choices = _choices(words)
            sheet.data_validation(1, position, _LIST_ROWS, position, {"validate": "list", "source": choices})
    sheet.set_row(0, 32)
    sheet.freeze_panes(1, 2)


def _choices(words: str) -> list[str]:
    """Chinese words for the legal values of a column."""
    return [same[0] for same in CHOICES[words].values()]


def _column_header(kind: str, column: Column) -> str:
    """Chinese header of a column, with its unit where it is an amount."""
    if (kind, column.name) in _HEADERS:
        return _HEADERS[kind, column.name]
    header = column.zh[0]
    if not column.is_money:
        return header
    return f"{header}({'亿元' if column.name.endswith('_yi') else '万元'})"


def _width(text: str) -> float:
    """Width of a column that shows a text: a Chinese character takes two."""
    return sum(2.0 if ord(char) > 0x2E7F else 1.1 for char in text) + _WIDTH_MARGIN
