"""Growth of the target year month by month, of the city and of what it is held against.

Invariant: numbers are those of ``paths.csv`` as they were computed, in the words of ``tables.words`` (held by
``tests/test_app.py`` and ``tests/test_report_sheets.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import pandas as pd

from forecast.answers.evidence import Published, spans
from forecast.periods import Frequency, Month
from forecast.plan.path import RequiredPath, Scope
from forecast.tables import words
from forecast.tables.dossier import Dossier, heading, span_name, subtitle, unit_names
from forecast.tables.kind import Kind, Value
from forecast.tables.notes import plain_name
from forecast.tables.table import Cell, Chart, Column, Grid, Paper, Said, Sheet, Show, Surface, Table, View
from forecast.texts import Lang, t


class Growth(StrEnum):
    """Growth since January, or of the period alone; the beginning of its columns in ``paths.csv``."""

    CUMULATIVE = "cum_yoy_pct"
    SINGLE = "month_yoy_pct"


type PathRecord = Mapping[str, Any]
"""A row of ``paths.csv``."""


def of_indicator(paths: pd.DataFrame, indicator: str, units: Sequence[str]) -> pd.DataFrame:
    """Rows of ``paths.csv`` of an indicator and of some units, in the order of units and periods."""
    rows = paths[(paths["indicator"] == indicator) & paths["unit"].isin(list(units))]
    place = {unit: i for i, unit in enumerate(units)}
    ordered = rows.sort_values(["unit", "period"], key=lambda c: c.map(place) if c.name == "unit" else c)
    return ordered.reset_index(drop=True)


@dataclass(frozen=True, slots=True)
class MonthLine:
    """A row of a page: a period, with the record of every unit."""

    month: Month
    covers: tuple[int, ...]
    of: Mapping[str, PathRecord]


def _month(growth: Growth, unit: str, place: str, lang: Lang) -> Column[MonthLine]:
    """Growth of a place: what is published, or the median and its interval."""

    def says(r: MonthLine, v: View) -> Said:
        record = r.of[unit]
        middle = words.growth(record[f"{growth.value}_p50"], v.lang)
        if growth is Growth.CUMULATIVE and record["status"] == "published":
            return Cell(middle, style="known")
        low, high = (record[f"{growth.value}_{end}"] for end in ("p10", "p90"))
        return Cell(middle, words.interval(low, high, v.lang), "expected")

    label = f"{place}\n{t(f'ui.growth_{growth.name.lower()}', lang)}"
    return Column(f"{growth.value}_{unit}", on={Surface.PAGE: Show(label=label, says=says)})


def month_grid(rows: pd.DataFrame, places: Mapping[str, str], frequency: Frequency, caption: str, lang: Lang) -> Grid:
    """The table of months of an indicator, from the rows of ``of_indicator``: a row a period.

    Parameters
    ----------
    places : names of its places by id, in order
    """
    records: dict[tuple[str, str], PathRecord] = {(r["unit"], r["period"]): r for r in rows.to_dict("records")}  # type: ignore[misc]
    lines = [
        MonthLine(Month.parse(p), frequency.covers(k), {unit: records[unit, p] for unit in places})
        for k, p in enumerate(dict.fromkeys(rows["period"]))
    ]
    period: Show[MonthLine] = Show(head="ui.head_period", says=lambda r, v: span_name(r.month, r.covers, v.lang))
    columns = (
        Column("period", on={Surface.PAGE: period}),
        *(_month(growth, unit, place, lang) for growth in Growth for unit, place in places.items()),
    )
    table: Table[MonthLine] = Table(name="months", columns=columns, rows=lines)
    return table.grid(View(lang=lang, surface=Surface.PAGE), caption=caption)


KINDS: Final = {
    "cumulative": "cum_yoy_pct_p50",
    "low": "cum_yoy_pct_p10",
    "high": "cum_yoy_pct_p90",
    "single": "month_yoy_pct_p50",
}
"""Rows of the city in the workbook, and the columns of ``paths.csv`` that they show."""
BESIDE: Final = ("cumulative", "single")
"""Rows of what it is held against."""


@dataclass(frozen=True, slots=True)
class PathLine:
    """A row of the workbook: one number of one place of an indicator, month by month."""

    indicator: str
    place: str
    kind: str
    of: Mapping[str, PathRecord]

    def value(self, month: Month) -> Value:
        """Of a month; None where none ends then, and of an interval where it is published."""
        record = self.of.get(str(month))
        if record is None or (record["status"] == "published" and self.kind in ("low", "high")):
            return None
        return float(record[KINDS[self.kind]])

    def expected(self, month: Month) -> bool:
        """Whether it is not a published figure."""
        if self.value(month) is None:
            return False
        return self.kind == "single" or self.of[str(month)]["status"] != "published"


def _month_columns(months: Sequence[Month], lang: Lang) -> tuple[Column[PathLine], ...]:
    def column(month: Month) -> Column[PathLine]:
        name = span_name(month, (1, 2) if month.month == 2 else (month.month,), lang)
        show: Show[PathLine] = Show(head="reports.col_month", means="reports.mean_month", params={"month": name})
        return Column(f"m{month.month:02d}", Kind.PERCENT, value=lambda r: r.value(month), on={Surface.SHEET: show})

    kind: Show[PathLine] = Show(widest=16, says=lambda r, v: t(f"reports.kind_{r.kind}", v.lang))
    return (
        Column("indicator", value=lambda r: r.indicator, on={Surface.SHEET: Show()}),
        Column("place", Kind.SHORT, value=lambda r: r.place, on={Surface.SHEET: Show()}),
        Column("kind", Kind.SHORT, on={Surface.SHEET: kind}),
        *(column(month) for month in months),
    )


def monthly_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """分月路径: a block of rows an indicator, a column a month; what is expected is the median and its interval."""
    year = dossier.run.paths.target_year
    months = [Month(year, month) for month in _months(dossier)]
    names = unit_names(dossier, lang)
    of: dict[tuple[str, str], dict[str, PathRecord]] = {}
    for r in dossier.tables["paths"].to_dict("records"):
        of.setdefault((str(r["indicator"]), str(r["unit"])), {})[str(r["period"])] = r  # type: ignore[assignment]
    rows: list[PathLine] = []
    charts = []
    for goals in dossier.goals:
        row = goals.main
        if row.target.indicator not in dossier.run.paths.indicators or row.forecast is None:
            continue
        places = [(row.target.unit, tuple(KINDS))] + ([(row.benchmark, BESIDE)] if row.benchmark else [])
        block = [
            PathLine(plain_name(row, lang), names[place], kind, of.get((row.target.indicator, place), {}))
            for place, kinds in places
            for kind in kinds
        ]
        charts.append(_path_chart(block, len(rows), months, lang))
        rows += block
    table: Table[PathLine] = Table(name="monthly", columns=_month_columns(months, lang), rows=rows)
    return Sheet(
        name="monthly",
        tab=t("reports.tab_monthly", lang),
        title=heading("monthly", dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=table.fields(Surface.SHEET, lang),
        rows=table.values(View(lang=lang, surface=Surface.SHEET)),
        notes=(t("reports.note_monthly", lang),),
        mark=dossier.mark(lang),
        paper=Paper.A3,
        quiet=frozenset((i, 3 + k) for i, r in enumerate(rows) for k, month in enumerate(months) if r.expected(month)),
        frozen=3,
        charts=tuple(charts),
        dashes=False,
    )


def _months(dossier: Dossier) -> list[int]:
    """Months in which a period of any indicator ends."""
    found = {month for one in dossier.run.paths.indicators.values() for month in one.frequency.months}
    return sorted(found or set(Frequency.MONTHLY.months))


def _path_chart(block: Sequence[PathLine], start: int, months: Sequence[Month], lang: Lang) -> Chart:
    """Median and interval of the city, median of the other, over the months that the indicator has."""
    lines = [i for i in range(len(block)) if i < 3 or i == len(KINDS)]
    return Chart(
        title=block[0].indicator,
        fields=tuple(f"m{month.month:02d}" for month in months if block[0].value(month) is not None),
        rows=tuple((start + i, f"{block[i].place} {t(f'reports.kind_{block[i].kind}', lang)}") for i in lines),
        dashed=frozenset(start + i for i in lines if i in (1, 2)),
    )


def history_rows(published: Published, indicator: str, units: Sequence[str], growth: Growth) -> pd.DataFrame:
    """Published growth of the years before the target year: unit, period, value (percent).

    Growth of single periods is what published cumulative growth implies (``answers.evidence.spans``).
    """
    meta = published.panel.indicators[indicator]
    records = []
    for unit in units:
        figures = published.cumulative(unit, indicator)
        if growth is Growth.SINGLE:
            figures = {one.last: one.growth_pct for one in spans(figures, meta, periods=1)}
        records += [(unit, str(month), value) for month, value in figures.items() if month.year < published.year]
    return pd.DataFrame(records, columns=pd.Index(["unit", "period", "value"]))


def pace_points(rows: pd.DataFrame, unit: str) -> tuple[tuple[str, float], ...]:
    """序时进度: cumulative growth of a unit if it stays where it is; empty where none or all of it is published."""
    mine = rows[rows["unit"] == unit]
    known = mine[mine["status"] == "published"]
    if known.empty:
        return ()
    last = str(known["period"].iloc[-1])
    level = float(known[f"{Growth.CUMULATIVE.value}_p50"].iloc[-1])
    ahead = [str(period) for period in mine["period"] if str(period) >= last]
    return tuple((period, level) for period in ahead) if len(ahead) > 1 else ()


def path_points(path: RequiredPath, growth: Growth) -> tuple[tuple[str, float], ...]:
    """所需路径 of the city: the growth that a wish needs, period by period; empty where nothing is demanded."""
    city = next((line for line in path.lines if line.scope is Scope.CITY), None)
    if city is None or not path.uplift_pp:
        return ()
    name = "demanded_cum_pct" if growth is Growth.CUMULATIVE else "demanded_month_pct"
    found = [(str(step.period), getattr(step, name)) for step in city.steps]
    return tuple((period, value) for period, value in found if value is not None)
