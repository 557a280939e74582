"""New figures and ledgers as they come in, read and matched with what a data set has.

A file is a table of observations, a planner's wide sheet (进度数据), or a whole ledger; which one, its header tells.

Invariant: a figure that the data set has is never taken twice, and one that differs becomes a later vintage, never a
change of the earlier (held by ``tests/test_update.py``).

What a file of tables says, before anything of it is kept: cell, indicator, place, month, measure, value.

Invariant: what is shown is what an update of a data set takes in (held by ``tests/test_grid.py``).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from forecast.data.dataset import Dataset
from forecast.data.panel import release_rule
from forecast.data.reading.columns import TABLES
from forecast.data.reading.grid import read_grid
from forecast.data.reading.observations import read_observations
from forecast.data.reading.places import indicator_names, place_names
from forecast.data.reading.problems import Problems, RawTable, plain, quoted, table_of_rows
from forecast.data.reading.rows import CellError, Names, is_masked, is_spoken, parse_number, parse_percent
from forecast.data.reading.sheets import DATA, GUIDE, PARAMETERS, SHIPPED, TABLE_SHEETS, Sheet, open_sheets
from forecast.data.reading.source import is_workbook, sheets_of, table_rows
from forecast.data.reading.spoken import known_indicator
from forecast.data.reading.textfiles import read_bytes
from forecast.data.reading.titles import beside
from forecast.data.reading.widesheet import WideRow, label_row, read_wide
from forecast.errors import Problem
from forecast.periods import Month

_OTHER: frozenset[str] = frozenset({GUIDE, PARAMETERS, SHIPPED, *TABLE_SHEETS.values()})


_UNTOLD: Final = (
    "_english",
    "_place",
    "_month",
    "_indicator",
    "_month_place",
    "_month_indicator",
    "_place_indicator",
    "",
)
"""What a table may lack; the endings of the codes of remarks that say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFigure:
    """One figure as it was understood.

    indicator, place : as written, with what they were taken for (id or usual name), "" where unknown
    value : percent, or 亿元 for an amount; None where the cell withholds its figure
    written : the cell as it stands
    """

    sheet: str
    cell: str
    indicator: str
    indicator_known: str
    place: str
    place_known: str
    period: Month
    measure: str
    unit: str
    value: float | None
    written: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What a file says.

    sheets : title -> figures read of it; unread : sheets with content of which nothing was read
    """

    file: str
    figures: tuple[ReadFigure, ...]
    sheets: Mapping[str, int]
    unread: tuple[str, ...]
    remarks: tuple[Problem, ...]
    problems: tuple[Problem, ...]


def rows_of_sheets(
    sheets: Mapping[str, Sheet], file: str, problems: Problems, *, places: Names | None = None
) -> dict[str, tuple[WideRow, ...]]:
    """Rows of figures of every sheet that is a table of them, in whatever layout; each sheet has its own months."""
    known = places.find if places is not None else lambda _: ""
    found = {}
    other = _OTHER if {DATA, GUIDE} & set(sheets) else frozenset()
    filled = {title: sheet for title, sheet in sheets.items() if title not in other and sheet.cells}
    context = beside(Path(file).stem, filled)
    for title, sheet in filled.items():
        rows = (
            read_wide(sheet, file, problems)
            if label_row(sheet)[0] and _months_across(sheet)
            else read_grid(sheet, file, problems, known=known, context=context)
        )
        if rows:
            found[title] = rows
    return found


def _months_across(sheet: Sheet) -> bool:
    """Whether the head of the wide sheet is one of months, as the reader of the wide sheet wants it."""
    scratch = Problems()
    return bool(read_wide(sheet, "", scratch)) and not any(p.code == "wide_header_missing" for p in scratch.listed())


def understand(path: Path, *, places: Names | None = None, indicators: Names | None = None) -> Understood:
    """Everything that a file says, with what was left aside and what is wrong.

    Parameters
    ----------
    places, indicators : words of a data set; None: places by their names, indicators by their usual spellings
    """
    problems = Problems()
    content = read_bytes(path, path.name, problems)
    sheets = sheets_of(content, path.name, problems) if content is not None else None
    rows = rows_of_sheets(sheets or {}, path.name, problems, places=places)
    figures: list[ReadFigure] = []
    bad: dict[str, list[tuple[str, str]]] = {}
    for title, found in rows.items():
        for row in found:
            figures += _figures(title, row, bad, places, indicators)
    for code, cells in bad.items():
        problems.add(code, path.name, column=cells[0][0], value=quoted(cells[0][1]))
        if len(cells) > 1:
            problems.add_at("more_alike", path.name, None, None, {"n": len(cells) - 1, "code": code})
    other = _OTHER if sheets and {DATA, GUIDE} & set(sheets) else frozenset()
    unread = tuple(t for t, sheet in (sheets or {}).items() if sheet.cells and t not in rows and t not in other)
    if unread:
        for title in unread:
            problems.remark("sheets_unread", path.name, title)
    if not figures and not len(problems):
        problems.refuse([f"untold{code}" for code in _UNTOLD], path.name, otherwise="nothing_read")
    return Understood(
        file=path.name,
        figures=tuple(figures),
        sheets={title: sum(len(row.figures) for row in found) for title, found in rows.items()},
        unread=unread,
        remarks=problems.remarks(),
        problems=problems.listed(),
    )


def _figures(
    sheet: str,
    row: WideRow,
    bad: dict[str, list[tuple[str, str]]],
    places: Names | None,
    indicators: Names | None,
) -> Sequence[ReadFigure]:
    usual = known_indicator(row.indicator)
    name = indicators.find(plain(row.indicator)) if indicators is not None else usual.name_zh if usual else ""
    place = places.find(plain(row.place)) if places is not None else ""
    read = []
    for figure in row.figures:
        growth = not figure.measure.startswith("level")
        try:
            value = parse_percent(figure.written) if growth else parse_number(figure.written)
        except CellError as error:
            bad.setdefault(error.code, []).append((figure.cell, figure.value))
            continue
        read.append(
            ReadFigure(
                sheet=sheet,
                cell=figure.cell,
                indicator=row.indicator,
                indicator_known=name,
                place=row.place,
                place_known=place,
                period=figure.period,
                measure=figure.measure,
                unit=figure.unit,
                value=None if is_masked(figure.value) else value,
                written=figure.value,
            )
        )
    return read


type Rows = Sequence[tuple[int, Sequence[str]]]

_LEDGERS: Final = ("projects", "enterprises", "pipeline")
_SURE: Final = 0.6
"""Share of a table's required columns that a header must have to be taken for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """A figure to be added.

    value : percent, or 亿元 for levels; released : None for the usual release day of the period
    written : the value as the file writes it, in digits where it says it in words
    revises : the value that it replaces, None for a new figure
    file, row, cell : where it was read
    """

    unit: str
    indicator: str
    period: Month
    measure: str
    value: float
    written: str
    released: dt.date | None
    status: str
    source: str
    extras: Mapping[str, str]
    revises: float | None
    file: str
    row: int
    cell: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LedgerFile:
    """A ledger that replaces the one of the data set: its rows of texts, the header first."""

    kind: str
    file: str
    rows: Rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Intake:
    """What files bring.

    unchanged : figures that the data set has already; masked : cells without a figure
    latest : latest month of the target year that any figure is about, new or not
    """

    additions: tuple[Addition, ...] = ()
    ledgers: tuple[LedgerFile, ...] = ()
    unchanged: int = 0
    masked: int = 0
    latest: Month | None = None


@dataclass(slots=True)
class _Collected:
    frames: list[pd.DataFrame] = field(default_factory=list)
    tables: list[RawTable] = field(default_factory=list)
    ledgers: list[LedgerFile] = field(default_factory=list)


def take_in(dataset: Dataset, files: Sequence[Path], problems: Problems, *, released: dt.date | None) -> Intake:
    """Read files and match them with a data set; nothing is written.

    Parameters
    ----------
    problems : receives everything that is wrong with any file
    released : release day of figures whose file names none; None: the usual day of the period, and for a revision that
        of the newest period that comes with it
    """
    found = _Collected()
    for path in files:
        _read(dataset, path, problems, found)
    known = _known(dataset)
    newest = _newest_new(found.frames, known)
    additions: list[Addition] = []
    unchanged = masked = 0
    months: list[Month] = []
    for frame, table in zip(found.frames, found.tables, strict=True):
        for index, row in enumerate(frame.to_dict("records")):
            if None in (row["period"], row["released"]) or "" in (row["unit"], row["indicator"], row["measure"]):
                continue  # a problem was noted
            if math.isnan(row["value"]):
                masked += 1
                continue
            one = _addition(row, table, index)
            months += [one.period] if one.period.year == dataset.config.target_year else []
            vintages = known.setdefault(_key(row), {})
            if _has(vintages, one):
                unchanged += 1
                continue
            additions.append(_dated(one, vintages, newest, released, problems, (table, index)))
            day = additions[-1].released or release_rule(one.period)
            vintages.setdefault(day, one.value)
    return Intake(
        additions=tuple(additions),
        ledgers=tuple(found.ledgers),
        unchanged=unchanged,
        masked=masked,
        latest=max(months, default=None),
    )


def _read(dataset: Dataset, path: Path, problems: Problems, found: _Collected) -> None:
    """One file into what was found."""
    name = path.name or str(path)
    content = read_bytes(path, name, problems)
    if content is None:
        return
    scratch = Problems()
    if is_workbook(content):
        sheets = sheets_of(content, name, scratch)
        if sheets is None:
            problems.extend(scratch.listed())
            return
        if DATA in sheets:
            before = len(problems)
            sheets = open_sheets(content, name, problems) or {} if content.startswith(b"PK") else sheets
            table = _wide_table(dataset, read_wide(sheets[DATA], name, problems), name)
            if len(problems) == before or len(table.frame):
                _take_observations(dataset, table, problems, found)
            return
    form = Problems()
    rows: Rows | None = table_rows(content, name, "observations", form)
    kind = _kind(rows, name, path.stem) if rows else None
    if kind is None and _take_tables(dataset, content, name, problems, found):
        return
    problems.extend(form.listed())
    if not rows:
        return
    if kind is None:
        expected = "; ".join(", ".join(c.name for c in TABLES[k][:4]) + " …" for k in ("observations", *_LEDGERS))
        problems.add("update_kind", name, row=1, expected=expected)
    elif kind == "observations":
        observations = table_of_rows(kind, name, rows, problems)
        if observations is not None:
            _take_observations(dataset, observations, problems, found)
    else:
        found.ledgers.append(LedgerFile(kind=kind, file=name, rows=rows))


def _take_tables(dataset: Dataset, content: bytes, name: str, problems: Problems, found: _Collected) -> bool:
    """Whether a file holds tables of any other layout, whose figures of known places and indicators are then taken."""
    scratch = Problems()
    places = place_names(dataset.panel.units.values(), city=dataset.config.city)
    indicators = indicator_names(dataset.panel.indicators.values())
    tables = rows_of_sheets(sheets_of(content, name, scratch) or {}, name, scratch, places=places)
    rows = [row for found_rows in tables.values() for row in found_rows]
    known = [row for row in rows if places.find(plain(row.place)) and indicators.find(plain(row.indicator))]
    if not known:
        return False
    problems.extend(scratch.listed())
    problems.take_remarks(scratch)
    for row in rows:
        if row not in known:
            problems.remark("names_aside", name, f"{row.cell} “{quoted(row.indicator)}, {quoted(row.place)}”")
    for title in (title for title, one in tables.items() if one):
        mine = [row for row in tables[title] if row in known]
        if mine:
            _take_observations(dataset, _wide_table(dataset, mine, f"{name}[{title}]"), problems, found)
    return True


def _take_observations(dataset: Dataset, table: RawTable, problems: Problems, found: _Collected) -> None:
    panel = dataset.panel
    if not len(table.frame):
        return
    frame = read_observations(
        table,
        problems,
        units=panel.units,
        indicators=panel.indicators,
        synthetic=dataset.config.synthetic,
        city=dataset.config.city,
    )
    found.frames.append(frame)
    found.tables.append(table)


def _kind(rows: Rows, name: str, stem: str) -> str | None:
    """Table that a header belongs to: the one that most of whose required columns it has, the name deciding ties."""
    shares = {}
    for kind in ("observations", *_LEDGERS):
        table = table_of_rows(kind, name, rows, Problems())
        columns = set() if table is None else {c.rpartition("_")[0] for c in table.frame.columns} | {*table.frame}
        required = [column for column in TABLES[kind] if column.required]
        shares[kind] = sum(c.name in columns or (c.is_money and c.stem in columns) for c in required) / len(required)
    best = max(shares, key=lambda kind: (round(shares[kind], 2), stem.lower().startswith(kind)))
    return best if shares[best] >= _SURE else None


def _wide_table(dataset: Dataset, rows: Sequence[WideRow], file: str) -> RawTable:
    """Figures of a wide sheet as observations, places and indicators under the ids of the data set."""
    panel = dataset.panel
    places = place_names(panel.units.values(), city=dataset.config.city)
    indicators = indicator_names(panel.indicators.values())
    status = "synthetic" if dataset.config.synthetic else "published"
    data = [
        {
            "unit": places.find(plain(row.place)) or row.place,
            "indicator": indicators.find(plain(row.indicator)) or row.indicator,
            "period": str(figure.period),
            "measure": figure.measure,
            "value": figure.written,
            "released": "",
            "status": status,
            "source": row.source or file,
            "_row": row.row,
            "_cell": figure.cell,
        }
        for row in rows
        for figure in row.figures
    ]
    return RawTable(file, pd.DataFrame(data))


type _Key = tuple[str, str, str, str]


def _key(row: Mapping[Any, Any]) -> _Key:
    unit, indicator, period, measure = (str(row[name]) for name in ("unit", "indicator", "period", "measure"))
    return unit, indicator, period, measure


def _known(dataset: Dataset) -> dict[_Key, dict[dt.date, float]]:
    """All vintages that the data set has: figure -> release day -> value."""
    known: dict[_Key, dict[dt.date, float]] = {}
    for row in dataset.panel.observations.to_dict("records"):
        if not math.isnan(row["value"]):
            known.setdefault(_key(row), {})[row["released"]] = float(row["value"])
    return known


def _newest_new(frames: Sequence[pd.DataFrame], known: Mapping[_Key, object]) -> Month | None:
    """Latest period of the figures that the data set has not in any vintage."""
    rows = [row for frame in frames for row in frame.to_dict("records")]
    fresh = [
        row["period"]
        for row in rows
        if row["period"] is not None and not math.isnan(row["value"]) and _key(row) not in known
    ]
    return max(fresh, default=None)


def _addition(row: Mapping[Any, Any], table: RawTable, index: int) -> Addition:
    cell = str(table.frame["_cell"].iat[index]) if "_cell" in table.frame.columns else ""
    fixed = {column.name for column in TABLES["observations"]} | {"_row", "_cell"}
    extras = {c: str(table.frame[c].iat[index]) for c in table.frame.columns if c not in fixed}
    period, day, value = row["period"], row["released"], float(row["value"])
    written = str(table.frame["value"].iat[index])
    return Addition(
        unit=str(row["unit"]),
        indicator=str(row["indicator"]),
        period=period,
        measure=str(row["measure"]),
        value=value,
        written=f"{value:.12g}" if is_spoken(written) else written,
        released=None if row["released_rule"] else day,
        status=str(row["status"]),
        source=str(row["source"]),
        extras=extras,
        revises=None,
        file=table.file,
        row=int(table.frame["_row"].to_numpy(dtype=np.int64)[index]),
        cell=cell,
    )


def _has(vintages: Mapping[dt.date, float], one: Addition) -> bool:
    """Whether the figure is there: the vintage of its day, or, where it names no later day, the newest."""
    if not vintages:
        return False
    if one.released is not None and one.released in vintages:
        return vintages[one.released] == one.value
    newest = max(vintages)
    return vintages[newest] == one.value and (one.released is None or one.released > newest)


def _dated(
    one: Addition,
    vintages: Mapping[dt.date, float],
    newest: Month | None,
    released: dt.date | None,
    problems: Problems,
    at: tuple[RawTable, int],
) -> Addition:
    """The addition with its release day; a revision comes out after the vintage that it revises."""
    if not vintages:
        return replace(one, released=one.released or released)
    latest = max(vintages)
    day = one.released or released or (release_rule(newest) if newest else None)
    if one.released is None and (day is None or day <= latest):
        shown = {"value": f"{one.value:g}", "before": f"{vintages[latest]:g}", "latest": str(latest)}
        problems.at(at[0], at[1], "update_release", column="released", **shown)
    seen = [d for d in vintages if day is None or d <= day]
    return replace(one, released=day, revises=vintages[max(seen, default=latest)])
