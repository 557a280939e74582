"""Reads ``observations.csv``: every vintage of every published figure, as published.

Invariant: a figure that a reader accepts covers a period of its indicator, came out after that period ended, and has
one value on that day (held by ``tests/test_panel.py``).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from forecast.dims import Floats
from forecast.panel import Indicator, Unit, release_rule
from forecast.periods import Frequency, Month, last_day
from forecast.reading.bases import with_provenance
from forecast.reading.cells import is_masked
from forecast.reading.columns import TABLES
from forecast.reading.fields import Fields, Names
from forecast.reading.tables import Problems, RawTable, plain, quoted

__all__ = ["OBSERVATION_COLUMNS", "read_observations"]

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
) -> pd.DataFrame:
    """Observations in the order of the file, columns as ``Panel.observations`` describes.

    Parameters
    ----------
    units, indicators : what rows may name; None where these could not be read, and nothing is said about them
    synthetic : whether the data set is synthetic throughout; otherwise a synthetic figure is a problem
    """
    fields = Fields(table, problems)
    unit_names = Names.of("unit", {u.unit: u.name_zh for u in units.values()}) if units else None
    names = Names.of("indicator", {i.indicator: i.name_zh for i in indicators.values()}) if indicators else None
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
    return with_provenance(frame, fields, "observations")


def _values(fields: Fields, measure: list[str]) -> Floats:
    """Values, each within what its measure can be."""
    values = fields.numbers("value", form="percent")
    cells = fields.texts("value")
    for index, (name, value) in enumerate(zip(measure, values.tolist(), strict=True)):
        if math.isnan(value):
            continue
        shown = quoted(cells[index])
        if name in _GROWTH and not -100.0 < value <= _MAX_GROWTH:
            code = "growth_below" if value <= -100.0 else "growth_above"
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
