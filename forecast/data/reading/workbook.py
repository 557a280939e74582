"""Reads a planner's workbook: one wide sheet of published growth; all else has visible defaults or optional sheets.

The workbook becomes what a folder with ``dataset.toml`` is read as, a configuration and one table a kind, so that both
pass the same checks.

Invariant: a workbook and the CSV files with the same figures give the same panel (held by ``tests/test_workbook.py``).

Sheet 参数 of a planner's workbook: what it says of city, year and state of knowledge, each with a default.

Invariant: an empty sheet is a complete one (held by ``tests/test_workbook.py``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from forecast.data.panel import release_rule
from forecast.data.reading.columns import CHOICES, TABLES
from forecast.data.reading.places import Declared, Named, Places, find_places
from forecast.data.reading.problems import Problems, RawTable, near, plain, quoted, table_of_rows
from forecast.data.reading.rows import CellError, is_masked, parse_day, parse_month, parse_percent, parse_period
from forecast.data.reading.sheets import DATA, GUIDE, PARAMETERS, SHIPPED, TABLE_SHEETS, Sheet, open_sheets
from forecast.data.reading.spoken import DEFAULT_TOLERANCE_PP, KnownIndicator, indicator_key, is_id, known_indicator
from forecast.data.reading.textfiles import read_bytes
from forecast.data.reading.widesheet import WideRow, read_wide
from forecast.periods import AsOf, Month, last_day


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


type Row = dict[str, object]

_LEDGERS: Final = ("projects", "enterprises", "pipeline")
_NEAR_NAME: Final = 0.8
"""From this similarity on, an indicator that only one of city and province has is taken for a slip of another."""


def read_workbook(path: Path) -> tuple[dict[str, Any], dict[str, RawTable]]:
    """Configuration (as of a parsed ``dataset.toml``) and tables of a planner's workbook.

    Raises
    ------
    InputError
        The workbook cannot be read as one; it carries every problem of its form. What the figures themselves may be is
        checked by the readers of the tables.
    """
    problems = Problems()
    content = read_bytes(path, path.name, problems)
    raw, tables = workbook_tables(content, path.name, problems) if content is not None else ({}, {})
    problems.check()
    return raw, tables


def workbook_tables(content: bytes, file: str, problems: Problems) -> tuple[dict[str, Any], dict[str, RawTable]]:
    """Configuration and tables of the bytes of a workbook; what is wrong with its form is noted.

    Parameters
    ----------
    file : name for problems, which are at the address of their cell (``进度数据!F7``)

    Returns
    -------
    Both empty where nothing can be read without knowing more; otherwise whatever could be read, so that the figures can
    be checked and reported together with problems of the form.
    """
    sheets = open_sheets(content, file, problems)
    if sheets is None:
        return {}, {}
    if DATA not in sheets:
        problems.add("sheet_missing", file, found=DATA)
        return {}, {}
    for title, sheet in sheets.items():
        if sheet.cells and title not in (GUIDE, DATA, PARAMETERS, SHIPPED, *TABLE_SHEETS.values()):
            problems.remark("sheets_unread", file, title)
    rows = read_wide(sheets[DATA], file, problems)
    if not rows:
        return {}, {}
    return _Book(file=file, sheets=sheets, rows=rows, problems=problems).read()


class _Names:
    """Indicators of the workbook: every name that is written, by its id, in order of appearance."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}
        self.first: dict[str, tuple[str, KnownIndicator | None]] = {}

    def id_of(self, name: str) -> str:
        """Id of a name; a new one gets the next free id."""
        key = indicator_key(name)
        if key not in self.ids:
            known = known_indicator(name)
            new = name.lower() if is_id(name.lower()) else f"x{1 + sum(one is None for _, one in self.first.values())}"
            self.ids[key] = known.indicator if known else new
            self.first.setdefault(self.ids[key], (known.name_zh if known else name, known))
        return self.ids[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Book:
    """The workbook, opened."""

    file: str
    sheets: Mapping[str, Sheet]
    rows: Sequence[WideRow]
    problems: Problems

    def read(self) -> tuple[dict[str, Any], dict[str, RawTable]]:
        names = _Names()
        keyed = [(row, names.id_of(row.indicator)) for row in self.rows]
        listed = {kind: self._listed(kind) for kind in TABLE_SHEETS}
        years = [figure.period.year for row in self.rows for figure in row.figures if _has_number(figure.value)]
        latest = max(years, default=None)
        parameters = read_parameters(
            self.sheets.get(PARAMETERS, Sheet(PARAMETERS)), self.file, self.problems, latest_year=latest
        )
        added = listed["observations"]
        more = added.frame["unit"].tolist() if added is not None and "unit" in added.frame else []
        places = find_places(
            [Named(row.place, row.place_cell) for row in self.rows]
            + [Named(name, added.file if added is not None else "") for name in more if name],
            _declared(listed["units"]),
            city=parameters.city,
            province=parameters.province,
            file=self.file,
            problems=self.problems,
        )
        if not (places.city and places.province):
            return {}, {}
        keyed = self._once(keyed, places)
        self._check_slips(keyed, names, places)
        raw = _config(parameters, keyed, places, latest)
        tables = {
            "units": RawTable(self.file, pd.DataFrame(list(places.rows))),
            "observations": self._with_added(self._observations(keyed, places, parameters), added, names, places),
            "indicators": self._indicators(keyed, names, listed),
            "targets": self._targets(keyed, names, listed["targets"], places),
        }
        if (bases := listed["bases"]) is not None:
            tables["bases"] = self._bases(bases, names, places, raw["target_year"])
        if (industries := listed["industries"]) is not None:
            tables["industries"] = self._industries(industries, names)
        for kind in _LEDGERS:
            if (table := listed[kind]) is not None:
                tables[kind] = _with_defaults(table, {"row_status": "published", "source": TABLE_SHEETS[kind]})
        return raw, tables

    def _with_added(self, wide: RawTable, added: RawTable | None, names: _Names, places: Places) -> RawTable:
        """Figures of the wide sheet, and those of sheet 新增数据, which an update adds row by row."""
        if added is None:
            return wide
        table = _mapped(added, "indicator", names.id_of)
        table = _mapped(table, "unit", lambda name: places.ids.get(name, name))
        table = _with_defaults(
            table, {"status": "published", "measure": "cum_yoy_pct", "source": TABLE_SHEETS["observations"]}
        )
        title = TABLE_SHEETS["observations"]
        cells = [f"{title}!{row}" for row in table.frame["_row"].tolist()]
        frame = pd.concat([wide.frame, table.frame.assign(_cell=cells)], ignore_index=True)
        return RawTable(wide.file, frame.astype(object).where(frame.notna(), ""), {})

    def _bases(self, table: RawTable, names: _Names, places: Places, year: int) -> RawTable:
        """Bases of sheet 基数, of the city and of last year where it does not say."""
        table = _mapped(table, "indicator", lambda name: names.ids.get(indicator_key(name), name))
        table = _mapped(table, "unit", lambda name: places.ids.get(name, name))
        usual = {
            "unit": places.city,
            "base_year": str(year - 1),
            "status": "published",
            "source": TABLE_SHEETS["bases"],
        }
        return _with_defaults(table, usual)

    def _industries(self, table: RawTable, names: _Names) -> RawTable:
        """Industries of sheet 行业; the name where no id is written, and the other way round."""
        table = _mapped(table, "driver", lambda name: names.ids.get(indicator_key(name), name))
        frame = table.frame.copy()
        for column, other in (("industry", "name_zh"), ("name_zh", "industry")):
            if column in frame and other in frame:
                frame[column] = [one or two for one, two in zip(frame[column], frame[other], strict=True)]
        table = RawTable(table.file, frame, table.headers)
        return _with_defaults(table, {"status": "estimated", "source": TABLE_SHEETS["industries"]})

    def _listed(self, kind: str) -> RawTable | None:
        """Table of an optional sheet in list form; None where the sheet is absent or has only its header."""
        title = TABLE_SHEETS[kind]
        sheet = self.sheets.get(title)
        if sheet is None or not sheet.cells:
            return None
        filled = [row for row in sheet.rows if sum(bool(sheet.text(row, c)) for c in range(1, sheet.width + 1)) > 1]
        if len(filled) < 2:
            return None
        name = f"{self.file}[{title}]"
        for row, column in sorted(at for at, anchor in sheet.anchors.items() if at == anchor and at[0] > filled[0]):
            place = sheet.address(row, column)
            self.problems.add("cells_merged", self.file, column=place, found=place)
        cells = [(row, [sheet.text(row, c) for c in range(1, sheet.width + 1)]) for row in sheet.rows]
        return table_of_rows(kind, name, [one for one in cells if one[0] >= filled[0]], self.problems)

    def _once(self, keyed: Sequence[tuple[WideRow, str]], places: Places) -> list[tuple[WideRow, str]]:
        """Rows without those that repeat indicator, place and measure of an earlier one, in whatever spelling."""
        first: dict[tuple[str, str, str], WideRow] = {}
        kept = []
        for row, indicator in keyed:
            unit = places.ids.get(plain(row.place), row.place)
            keys = [(indicator, unit, figure.measure) for figure in row.figures]
            earlier = next((first[key] for key in keys if key in first), None)
            if earlier is None:
                first.update(dict.fromkeys(keys, row))
                kept.append((row, indicator))
                continue
            shown = {"row": earlier.row, "name": f"{quoted(row.indicator)}, {quoted(row.place)}"}
            self.problems.add_at("wide_row_twice", self.file, None, row.cell, shown)
        return kept

    def _check_slips(self, keyed: Sequence[tuple[WideRow, str]], names: _Names, places: Places) -> None:
        """A name that is new and that city and province do not share is a slip where it is close to another."""
        units: dict[str, set[str]] = {}
        for row, indicator in keyed:
            units.setdefault(indicator, set()).add(places.ids.get(plain(row.place), ""))
        for indicator, (name, known) in names.first.items():
            if known is not None or {places.city, places.province} <= units[indicator]:
                continue
            others = {indicator_key(other): other for key, (other, _) in names.first.items() if key != indicator}
            slip = near(indicator_key(name), others, cutoff=_NEAR_NAME)
            if slip is not None:
                row = next(row for row, key in keyed if key == indicator)
                shown = {"value": quoted(name), "suggestion": others[slip]}
                self.problems.add_at("wide_indicator_near", self.file, None, row.cell, shown)

    def _indicators(
        self, keyed: Sequence[tuple[WideRow, str]], names: _Names, listed: Mapping[str, RawTable | None]
    ) -> RawTable:
        """Indicators of the wide sheet, with what sheet 指标 says of them."""
        table, targets = listed["indicators"], listed["targets"]
        if table is not None:
            table = _mapped(table, "indicator", names.id_of)
        for name in targets.frame["indicator"].tolist() if targets is not None and "indicator" in targets.frame else []:
            if name:
                names.id_of(name)
        cells = {indicator: row.cell for row, indicator in reversed(keyed)}
        usual: dict[str, Row] = {
            indicator: {
                "indicator": indicator,
                "name_zh": name,
                "frequency": known.frequency.value if known else "monthly",
                "_row": 1,
                "_cell": cells.get(indicator, ""),
            }
            for indicator, (name, known) in names.first.items()
        }
        return _merged("indicators", self.file, usual, table, key="indicator")

    def _observations(self, keyed: Sequence[tuple[WideRow, str]], places: Places, parameters: Parameters) -> RawTable:
        """One row a filled cell."""
        day = parameters.day
        rows = [
            {
                "unit": places.ids.get(plain(row.place), row.place),
                "indicator": indicator,
                "period": str(figure.period),
                "measure": figure.measure,
                "value": figure.written,
                "released": _released(figure.period, day),
                "status": "synthetic" if parameters.synthetic else "published",
                "source": row.source or self.file,
                "_row": row.row,
                "_cell": figure.cell,
            }
            for row, indicator in keyed
            for figure in row.figures
        ]
        return RawTable(self.file, pd.DataFrame(rows))

    def _targets(
        self, keyed: Sequence[tuple[WideRow, str]], names: _Names, listed: RawTable | None, places: Places
    ) -> RawTable:
        """The province's average for every indicator that city and province both have, and what sheet 目标 says."""
        units: dict[str, dict[str, str]] = {}
        for row, indicator in keyed:
            units.setdefault(indicator, {}).setdefault(places.ids.get(plain(row.place), ""), row.cell)
        usual: dict[str, Row] = {}
        for indicator, cells in units.items():
            if places.city in cells and places.province in cells and places.city:
                tolerance = _tolerance(indicator)
                usual[f"{places.city}|{indicator}|province_average"] = {
                    **_target_defaults(tolerance),
                    "unit": places.city,
                    "indicator": indicator,
                    "kind": "province_average",
                    "assessed": "true",
                    "source": self.file,
                    "_row": 1,
                    "_cell": cells[places.city],
                }
        if listed is None:
            return _merged("targets", self.file, usual, None, key="key")
        table = _mapped(listed, "indicator", names.id_of)
        table = _mapped(table, "unit", lambda name: places.ids.get(name, name))
        table = _mapped(table, "kind", _kind)
        table = _with_defaults(
            table, {"unit": places.city, "kind": "province_average", "source": TABLE_SHEETS["targets"]}
        )
        frame = table.frame.copy()
        for index in frame.index:
            average = frame.at[index, "kind"] == "province_average"
            own = _target_defaults(_tolerance(str(frame.at[index, "indicator"])))
            for column, value in {**own, "assessed": "true" if average else "false"}.items():
                if column in frame.columns and not frame.at[index, column]:
                    frame.at[index, column] = value
        frame["key"] = [
            f"{u}|{i}|{k}" for u, i, k in zip(frame["unit"], frame["indicator"], frame["kind"], strict=True)
        ]
        return _merged("targets", self.file, usual, RawTable(table.file, frame, table.headers), key="key")


def _kind(word: str) -> str:
    """全省平均 as the id of the kind; any other word as it stands."""
    return "province_average" if word in ("全省平均", "全省平均水平") else word


def _tolerance(indicator: str) -> float:
    known = known_indicator(indicator)
    return known.tolerance_pp if known else DEFAULT_TOLERANCE_PP


def _target_defaults(tolerance_pp: float) -> dict[str, str]:
    return {"value": "", "tolerance_pp": f"{tolerance_pp:g}", "light_rule": "gap"}


def _has_number(cell: str) -> bool:
    try:
        return not math.isnan(parse_percent(cell))
    except CellError:
        return False


def _released(period: Month, day: str) -> str:
    """Release day, "" for the usual one; what the planner holds on the day of knowledge had come out by then."""
    if not day:
        return ""
    known_by = AsOf.parse(day).day
    return day if last_day(period) < known_by < release_rule(period) else ""


def _declared(table: RawTable | None) -> list[Declared]:
    """Rows of sheet 地区."""
    if table is None:
        return []
    columns = ("unit", "name_zh", "level", "parent", "counted_within")
    cells = {c: table.frame[c].tolist() if c in table.frame.columns else [""] * len(table.frame) for c in columns}
    return [
        Declared(**{column: cells[column][i] for column in columns}, row=int(row))
        for i, row in enumerate(table.frame["_row"].tolist())
    ]


def _config(
    parameters: Parameters, keyed: Sequence[tuple[WideRow, str]], places: Places, latest: int | None
) -> dict[str, Any]:
    """What a ``dataset.toml`` would say; blanks follow from the data."""
    mine = [
        figure.period
        for row, _ in keyed
        for figure in row.figures
        if places.ids.get(plain(row.place)) == places.city and _has_number(figure.value)
    ]
    year = parameters.year or latest or max(figure.period.year for row, _ in keyed for figure in row.figures)
    as_of = parameters.as_of or default_as_of(mine, year)
    first = parameters.first_action or _first_action(AsOf.parse(as_of), year)
    return {
        "name": f"{places.city or 'city'}-{year}",
        "name_zh": f"{places.city_name or DATA}{year}年",
        "city": places.city or "city",
        "province": places.province or "province",
        "target_year": year,
        "as_of": as_of,
        "first_action_month": str(first),
        **({} if parameters.first_action else {"action_lag_months": 1}),
        "synthetic": parameters.synthetic,
    }


def _first_action(as_of: AsOf, year: int) -> Month:
    """First month after the day of knowledge, within the target year."""
    following = Month(as_of.day.year, as_of.day.month).plus(1)
    return min(max(following, Month(year, 1)), Month(year, 12))


def _mapped(table: RawTable, column: str, meaning: Callable[[str], str]) -> RawTable:
    """Table with the words of a column replaced by their meaning; empty cells stay empty."""
    if column not in table.frame.columns:
        return table
    words = [meaning(plain(cell)) if cell else "" for cell in table.frame[column].tolist()]
    return RawTable(table.file, table.frame.assign(**{column: words}), table.headers)


def _with_defaults(table: RawTable, defaults: Mapping[str, str]) -> RawTable:
    """Table with its empty cells of some columns filled."""
    filled = {
        column: [cell or value for cell in table.frame[column].tolist()]
        for column, value in defaults.items()
        if column in table.frame.columns
    }
    return RawTable(table.file, table.frame.assign(**filled), table.headers)


def _merged(kind: str, file: str, usual: Mapping[str, Row], table: RawTable | None, *, key: str) -> RawTable:
    """Default rows, each replaced by the sheet's row of the same key; the sheet's other rows follow.

    An empty cell of a sheet's row takes the default of its row.
    """
    columns = [column.name for column in TABLES[kind]]
    rows: dict[str, Row] = {name: dict(row) for name, row in usual.items()}
    extra: list[Row] = []
    replaced = set()
    for record in table.frame.to_dict("records") if table is not None else []:
        name = str(record.get(key, ""))
        own = {str(column): cell for column, cell in record.items() if cell != "" and column != "key"}
        if name not in usual or name in replaced:
            extra.append({**own, "_cell": ""})
            continue
        replaced.add(name)
        rows[name] = {**rows[name], **own, "_cell": ""}
    frame = pd.DataFrame([*rows.values(), *extra], columns=pd.Index([*columns, "_row", "_cell"]))
    frame = frame.astype(object).where(frame.notna(), "")
    return RawTable(table.file if table is not None else file, frame, table.headers if table is not None else {})
