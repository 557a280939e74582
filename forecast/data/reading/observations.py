"""Reads ``observations.csv``: every vintage of every published figure, as published.

Invariant: a figure that a reader accepts covers a period of its indicator, came out after that period ended, and has
one value on that day (held by ``tests/test_panel.py``).

Reads ``bases.csv`` and ``industries.csv``: what turns growth into 亿元 and weighs counties and industries.

Invariant: shares are fractions after reading, whatever the file wrote (held by ``tests/test_panel.py``).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from forecast.data.panel import Indicator, Unit, release_rule
from forecast.data.reading.columns import CHOICES, MONEY_UNITS, TABLES
from forecast.data.reading.places import indicator_names, place_names
from forecast.data.reading.problems import Problems, RawTable, plain, quoted
from forecast.data.reading.rows import CellError, Fields, is_masked, parse_number
from forecast.data.reading.spoken import measure_id, said_of, to_yi
from forecast.dims import Floats
from forecast.periods import Frequency, Month, last_day

OBSERVATION_COLUMNS: Final = (
    *(column.name for column in TABLES["observations"]),
    *("released_rule", "file", "row"),
)
"""Columns of ``Panel.observations`` before the extra ones."""

_MAX_GROWTH: Final = 2000.0
"""Largest growth that is believed, percent: a tiny base may grow twentyfold; a level in its place is far above."""
_GROWTH: Final = ("cum_yoy_pct", "month_yoy_pct")
_KEY: Final = ("unit", "indicator", "period", "measure", "released")
"""Columns that tell one vintage of one figure."""
_FEW: Final = 3
"""Figures from which on a series can be told to be in fractions."""


def read_observations(
    table: RawTable,
    problems: Problems,
    *,
    units: Mapping[str, Unit] | None,
    indicators: Mapping[str, Indicator] | None,
    synthetic: bool,
    city: str = "",
) -> pd.DataFrame:
    """Observations in the order of the file, columns as ``Panel.observations`` describes.

    Parameters
    ----------
    units, indicators : what rows may name; None where these could not be read, and nothing is said about them
    city : the unit that 全市 means
    synthetic : whether the data set is synthetic throughout; otherwise a synthetic figure is a problem
    """
    fields = Fields(table, problems)
    unit_names = place_names(units.values(), city=city) if units else None
    names = indicator_names(indicators.values()) if indicators else None
    fields = Fields(_measured(table, problems), problems)
    measure = fields.choices("measure", words="measure")
    unit = fields.ids("unit", unit_names)
    indicator = fields.ids("indicator", names)
    periods = fields.periods("period")
    values = _values(fields, measure)
    released = _released(fields, periods, fields.days("released"))
    status = fields.choices("status", words="status")
    source = fields.texts("source", required=True)
    keys = zip(unit, indicator, periods, measure, released, values.tolist(), strict=True)
    figures = [_Figure(*key) for key in keys]
    _check_periods(fields, figures, indicators or {})
    _check_duplicates(fields, figures)
    _check_falls(fields, figures)
    _check_fractions(fields, figures)
    if not synthetic:
        for index in (i for i, word in enumerate(status) if word == "synthetic"):
            fields.note(index, "status", "growth_synthetic")
    frame = pd.DataFrame({"unit": unit, "indicator": indicator, "period": periods, "measure": measure, "value": values})
    frame["released"] = pd.Series(released, dtype=object)
    frame["status"], frame["source"] = status, source
    frame["released_rule"] = [is_masked(cell) for cell in fields.texts("released")]
    frame = with_provenance(frame, fields, "observations")
    if "_cell" in table.frame.columns:
        frame["cell_at"] = table.frame["_cell"].to_list()
    return frame


def _measured(table: RawTable, problems: Problems) -> RawTable:
    """Table in which a name with a unit has decided an empty measure, and its amounts are 亿元.

    A name and a measure that contradict each other are a problem.
    """
    fields = Fields(table, problems)
    if not (fields.has("indicator") and fields.has("measure")):
        return table
    measures, values = fields.texts("measure").copy(), fields.texts("value").copy()
    for index, name in enumerate(fields.texts("indicator")):
        said = said_of(name)
        stated = _KIND_OF.get(plain(measures[index]).lower(), "")
        clash = said.contradiction
        if said.kind in ("growth", "level") and stated in ("growth", "level") and stated != said.kind:
            clash = clash or f"{name} / {measures[index]}"
        if clash:
            fields.note(index, "measure", "measure_contradiction", found=quoted(clash))
            values[index] = ""
        elif not measures[index] and (measure := measure_id(said.kind, said.span)):
            measures[index] = measure
        factor = to_yi(said.unit)
        if said.kind == "level" and factor != 1.0 and not clash:
            with suppress(CellError):
                values[index] = f"{parse_number(values[index]) * factor:.12g}"
    return RawTable(table.file, table.frame.assign(measure=measures, value=values), table.headers)


_KIND_OF: Final = {
    word.lower(): kind
    for measure, kind in (("cum_yoy_pct", "growth"), ("month_yoy_pct", "growth"), ("level_cum", "level"))
    for word in (measure, *CHOICES["measure"][measure])
} | dict.fromkeys(("level_month", *CHOICES["measure"]["level_month"]), "level")


def _values(fields: Fields, measure: list[str]) -> Floats:
    """Values, each within what its measure can be."""
    values = fields.numbers("value", form="percent")
    cells = fields.texts("value")
    for index, (name, value) in enumerate(zip(measure, values.tolist(), strict=True)):
        if math.isnan(value):
            continue
        shown = quoted(cells[index])
        if name in _GROWTH and not -100.0 <= value <= _MAX_GROWTH:
            code = "growth_below" if value < -100.0 else "growth_above"
            fields.note(index, "value", code, value=shown, limit=f"{_MAX_GROWTH:g}")
        elif name in ("level_cum", "level_month") and cells[index].rstrip().endswith(("%", "％")):
            fields.note(index, "value", "level_percent", value=shown)
        elif name == "gap_sign" and value not in (-1.0, 0.0, 1.0):
            fields.note(index, "value", "gap_sign_bad", value=shown)
        elif name == "rank" and (value < 1 or value != int(value)):
            fields.note(index, "value", "rank_bad", value=shown)
        else:
            continue
        values[index] = np.nan
    return values


def _released(fields: Fields, periods: list[Month | None], days: list[dt.date | None]) -> list[dt.date | None]:
    """Release days; where the file names none, the usual one of the period."""
    released: list[dt.date | None] = []
    for index, (period, day) in enumerate(zip(periods, days, strict=True)):
        if period is not None and day is not None and day <= last_day(period):
            fields.note(index, "released", "released_early", value=str(day), period=str(period))
        usual = release_rule(period) if period is not None else None
        released.append(day or usual)
    return released


class _Figure(NamedTuple):
    """One row, as its checks see it; "" or None where a cell was wrong."""

    unit: str
    indicator: str
    period: Month | None
    measure: str
    released: dt.date | None
    value: float

    @property
    def is_growth(self) -> bool:
        return self.measure in _GROWTH


def _check_periods(fields: Fields, figures: Sequence[_Figure], indicators: Mapping[str, Indicator]) -> None:
    """Every period is one of the indicator's frequency; a lone January gets its own explanation."""
    for index, figure in enumerate(figures):
        indicator, period = indicators.get(figure.indicator), figure.period
        if indicator is None or period is None or period.month in indicator.frequency.months:
            continue
        if period.month == 1 and indicator.frequency is Frequency.MONTHLY:
            fields.note(index, "period", "january_alone", period=period, following=period.plus(1))
            continue
        months = ", ".join(f"{month:02d}" for month in indicator.frequency.months)
        code = f"period_not_{indicator.frequency}"
        fields.note(index, "period", code, period=period, indicator=figure.indicator, months=months)


def _check_duplicates(fields: Fields, figures: Sequence[_Figure]) -> None:
    """One figure a day: rows of the same key and release day, agreeing or not."""
    if not all(fields.has(column) for column in (*_KEY, "value")):
        return
    first: dict[tuple[object, ...], int] = {}
    cells = fields.texts("value")
    for index, figure in enumerate(figures):
        key = figure[:5]
        if "" in key or None in key:
            continue
        earlier = first.setdefault(key, index)
        if earlier == index:
            continue
        one, other = figures[earlier].value, figure.value
        if one == other or (math.isnan(one) and math.isnan(other)):
            fields.note(index, None, "duplicate_same", row=fields.rows[earlier])
        else:
            shown = {"value": quoted(cells[index]), "other": quoted(cells[earlier])}
            fields.note(index, "value", "duplicate_disagrees", row=fields.rows[earlier], **shown)


def _check_falls(fields: Fields, figures: Sequence[_Figure]) -> None:
    """A level from January on cannot fall within a year, as known on the day of each release."""
    levels = [
        (figure.released, figure.period, index)
        for index, figure in enumerate(figures)
        if figure.measure == "level_cum" and figure.released and figure.period and not math.isnan(figure.value)
    ]
    known: dict[tuple[str, str, int], dict[int, int]] = {}
    for _, period, index in sorted(levels):
        figure = figures[index]
        months = known.setdefault((figure.unit, figure.indicator, period.year), {})
        earlier = max((month for month in months if month < period.month), default=None)
        if earlier is not None and figure.value < figures[months[earlier]].value:
            before = figures[months[earlier]]
            shown = {"value": f"{figure.value:g}", "earlier": f"{before.value:g}", "period": before.period}
            fields.note(index, "value", "level_falls", row=fields.rows[months[earlier]], **shown)
        months[period.month] = index


def _check_fractions(fields: Fields, figures: Sequence[_Figure]) -> None:
    """Growth of a series that lies within ±1 with many decimals is in fractions, not in percent."""
    series: dict[tuple[str, str], list[int]] = {}
    for index, figure in enumerate(figures):
        if figure.is_growth and figure.value != 0.0 and not math.isnan(figure.value):
            series.setdefault((figure.unit, figure.indicator), []).append(index)
    cells = fields.texts("value")
    for (unit, indicator), at in series.items():
        if len(at) < _FEW or any(abs(figures[index].value) >= 1.0 or "%" in plain(cells[index]) for index in at):
            continue
        decimals = [len(cells[index].partition(".")[2]) for index in at]
        if min(decimals) >= 2 or 2 * sum(count >= 3 for count in decimals) >= len(at):
            shown = {"value": quoted(cells[at[0]]), "percent": f"{figures[at[0]].value * 100:g}", "n": len(at)}
            fields.note(at[0], "value", "fraction_growth", unit=unit, indicator=indicator, **shown)


_SHARE_SLACK: Final = 0.02
"""How far the shares of a quarter may miss 1 by their rounding."""


_NUMBERS: Final = ("_yi", "_pct", "_pp", "_prob", "_risk", "_months", "_sd", "_of_parent", "elasticity", "difficulty")
"""Endings of columns that hold numbers, for the types of an absent table."""


def empty_table(kind: str) -> pd.DataFrame:
    """Table that a data set leaves out: its columns with their types, no row."""
    names = [f"{column.stem}_yi" if column.is_money else column.name for column in TABLES[kind]]
    types = {name: "float64" if name.endswith(_NUMBERS) or name.startswith("share_q") else "object" for name in names}
    types |= {"file": "object", "row": "int64"}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})


def with_provenance(frame: pd.DataFrame, fields: Fields, kind: str) -> pd.DataFrame:
    """Frame with file and row of every entry, and the extra columns of the file as text.

    An extra amount (``plan_m09_wan``) is read like the amounts of the format and becomes 亿元 (``plan_m09_yi``).
    """
    frame["file"] = fields.table.file
    frame["row"] = fields.rows
    read = {column.name for column in TABLES[kind]}
    stems = {column.stem for column in TABLES[kind] if column.is_money}
    for extra in fields.extras(tuple(read)):
        stem, _, ending = extra.rpartition("_")
        if stem in stems:
            continue
        if ending in MONEY_UNITS and f"{stem}_yi" not in frame.columns:
            frame[f"{stem}_yi"] = fields.money(stem)
        else:
            frame[extra] = fields.texts(extra)
    return frame


def read_bases(
    table: RawTable,
    problems: Problems,
    *,
    units: Mapping[str, Unit] | None,
    indicators: Mapping[str, Indicator] | None,
    city: str = "",
) -> pd.DataFrame:
    """Bases, levels in 亿元, shares as fractions; one row per unit, indicator and year."""
    fields = Fields(table, problems)
    unit_names = place_names(units.values(), city=city) if units else None
    names = indicator_names(indicators.values()) if indicators else None
    years = fields.numbers("base_year", low=1990, high=2100, required=True, code="year_range")
    frame = pd.DataFrame(
        {
            "unit": fields.ids("unit", unit_names),
            "indicator": fields.ids("indicator", names),
            "base_year": np.nan_to_num(years).astype(np.int64),
            "base_level_yi": fields.money("base_level"),
            "share_of_parent": fields.fractions("share_of_parent"),
            "sd_pct": fields.numbers("sd_pct", form="percent", low=0.0, high=200.0),
            "status": fields.choices("status", words="estimate_status"),
            "source": fields.texts("source", required=True),
        }
    )
    first: dict[tuple[str, str, int], int] = {}
    for index, key in enumerate(zip(frame["unit"], frame["indicator"], frame["base_year"], strict=True)):
        if key[0] and key[1] and first.setdefault(key, index) != index:
            fields.note(index, None, "row_twice", row=fields.rows[first[key]], name=", ".join(map(str, key)))
    return with_provenance(frame, fields, "bases")


def read_industries(table: RawTable, problems: Problems, *, indicators: Mapping[str, Indicator] | None) -> pd.DataFrame:
    """Industries of GDP; the shares of each quarter are fractions that sum to 1."""
    fields = Fields(table, problems)
    names = indicator_names(indicators.values()) if indicators else None
    quarters = [f"share_q{quarter}" for quarter in range(1, 5)]
    before = len(problems)
    frame = pd.DataFrame(
        {
            "industry": fields.keys("industry"),
            "name_zh": fields.texts("name_zh", required=True),
            **{quarter: fields.fractions(quarter, required=True) for quarter in quarters},
            "driver": fields.ids("driver", names, required=False),
            "elasticity": fields.numbers("elasticity", low=-10.0, high=10.0),
            "elasticity_sd": fields.numbers("elasticity_sd", low=0.0, high=10.0),
            "cap_pp": fields.numbers("cap_pp", form="percent", low=0.0, high=200.0),
            "difficulty": fields.numbers("difficulty", low=1.0, high=5.0),
            "status": fields.choices("status", words="estimate_status"),
            "source": fields.texts("source", required=True),
        }
    )
    if len(problems) == before:
        for quarter in quarters:
            total = float(frame[quarter].sum())
            if fields.has(quarter) and abs(total - 1.0) > _SHARE_SLACK:
                problems.add("shares_sum", table.file, column=quarter, found=f"{total:g}")
    return with_provenance(frame, fields, "industries")
