"""分月路径: growth of the target year month by month, of the city and of what it is held against.

Invariant: every number is one of ``paths.csv`` (held by ``tests/test_report_sheets.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from forecast.periods import Frequency, Month
from forecast.tables import words
from forecast.tables.dossier import Dossier, heading, span_name, subtitle, unit_names
from forecast.tables.kind import Kind, Value
from forecast.tables.notes import plain_name
from forecast.tables.table import Chart, Field, Paper, Sheet
from forecast.texts import Lang, t

KINDS: Final = {
    "cumulative": "cum_yoy_pct_p50",
    "low": "cum_yoy_pct_p10",
    "high": "cum_yoy_pct_p90",
    "single": "month_yoy_pct_p50",
}
"""Rows of the city, and the columns of ``paths.csv`` that they show."""
BESIDE: Final = ("cumulative", "single")
"""Rows of what it is held against."""

type _Records = Mapping[tuple[str, str, str], Mapping[str, Any]]


def monthly_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """A block of rows an indicator, a column a month; what is not published is the median and its 80 % interval."""
    year = dossier.run.paths.target_year
    months = [Month(year, month) for month in _months(dossier)]
    frame = dossier.tables["paths"]
    records: _Records = {(r["indicator"], r["unit"], r["period"]): r for r in frame.to_dict("records")}  # type: ignore[misc]
    rows: list[tuple[Value, ...]] = []
    quiet: set[tuple[int, int]] = set()
    charts = []
    for goals in dossier.goals:
        row = goals.main
        if row.target.indicator not in dossier.run.paths.indicators or row.forecast is None:
            continue
        places = [(row.target.unit, tuple(KINDS))] + ([(row.benchmark, BESIDE)] if row.benchmark else [])
        start = len(rows)
        for place, kinds in places:
            for kind in kinds:
                values, expected = _values(records, row.target.indicator, place, kind, months)
                name = unit_names(dossier, lang)[place]
                quiet |= {(len(rows), 3 + k) for k in expected}
                rows.append((plain_name(row, lang), name, t(f"reports.kind_{kind}", lang), *values))
        charts.append(_chart(plain_name(row, lang), rows[start:], start, months))
    return Sheet(
        name="monthly",
        tab=t("reports.tab_monthly", lang),
        title=heading("monthly", dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=_fields(months, lang),
        rows=tuple(rows),
        notes=(t("reports.note_monthly", lang),),
        mark=dossier.mark(lang),
        paper=Paper.A3,
        quiet=frozenset(quiet),
        frozen=3,
        charts=tuple(charts),
        dashes=False,
    )


def _months(dossier: Dossier) -> list[int]:
    """Months in which a period of any indicator ends."""
    found = {month for one in dossier.run.paths.indicators.values() for month in one.frequency.months}
    return sorted(found or set(Frequency.MONTHLY.months))


def _fields(months: list[Month], lang: Lang) -> tuple[Field, ...]:
    head = (
        Field(name="indicator", kind=Kind.TEXT),
        Field(name="place", kind=Kind.SHORT),
        Field(name="kind", kind=Kind.SHORT, widest=16),
    )
    columns = []
    for month in months:
        covers = (1, 2) if month.month == 2 else (month.month,)
        name = span_name(month, covers, lang)
        columns.append(Field(name=f"m{month.month:02d}", kind=Kind.PERCENT, key="month", params={"month": name}))
    return (*head, *columns)


def _values(
    records: _Records, indicator: str, place: str, kind: str, months: list[Month]
) -> tuple[list[Value], list[int]]:
    """Growth by month, and the positions of those that are expected, not published."""
    values: list[Value] = []
    expected = []
    for k, month in enumerate(months):
        record = records.get((indicator, place, str(month)))
        published = record is not None and record["status"] == "published"
        if record is None or (published and kind in ("low", "high")):
            values.append(None)
            continue
        values.append(float(record[KINDS[kind]]))
        if not published or kind == "single":
            expected.append(k)
    return values, expected


def _chart(name: str, block: list[tuple[Value, ...]], start: int, months: list[Month]) -> Chart:
    """Median and interval of the city, median of the other, over the months that the indicator has."""
    at = [k for k in range(len(months)) if block[0][3 + k] is not None]
    lines = [i for i, row in enumerate(block) if i < 3 or i == len(KINDS)]
    return Chart(
        title=name,
        fields=tuple(f"m{months[k].month:02d}" for k in at),
        rows=tuple((start + i, f"{block[i][1]} {block[i][2]}") for i in lines),
        dashed=frozenset(start + i for i in lines if i in (1, 2)),
    )


def month_text(month: Month, lang: Lang) -> str:
    """A month for running text."""
    return t("ui.month", lang, month=words.month_name(month, lang))
