"""任务分解汇总 and 达标路径: who does what by when, and what every month must bring.

Invariant: sums of months and places are those of the tasks (held by ``tests/test_report_sheets.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from forecast.answers.chances import Status
from forecast.periods import Month
from forecast.tables import words
from forecast.tables.dossier import Dossier, heading, subtitle
from forecast.tables.kind import Kind, Value
from forecast.tables.table import Field, Paper, Sheet, distinct
from forecast.tasks.breakdown import Breakdown
from forecast.tasks.tasks import Margin
from forecast.texts import Lang, t


def task_summary_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """Sums of the tasks by indicator, place and team, month by month, 万元."""
    found = dossier.assigned.breakdowns
    months = sorted({month for b in found for month in b.months})
    rows: list[tuple[Value, ...]] = []
    for b in found:
        for dimension in ("place", "team"):
            rows += [_margin_row(b, margin, months, lang) for margin in _whole(b, dimension)]
        if (total := b.margin("total")) is not None:
            rows.append(_margin_row(b, total, months, lang))
    fields = (
        Field(name="indicator", kind=Kind.TEXT),
        Field(name="dimension", kind=Kind.SHORT, key="task_dimension"),
        Field(name="name", kind=Kind.TEXT, key="task_name", widest=26),
        Field(name="carriers", kind=Kind.WHOLE, key="task_carriers"),
        *(
            Field(
                name=f"task_m{month.month:02d}",
                kind=Kind.MONEY_WAN,
                key="task_month",
                group="tasks",
                params={"month": words.month_name(month, lang)},
            )
            for month in months
        ),
        Field(
            name="task_sum",
            kind=Kind.MONEY_WAN,
            key="task_sum",
            group="tasks",
            formula="+".join(f"{{task_m{month.month:02d}}}" for month in months),
        ),
        Field(name="due_sum", kind=Kind.MONEY_WAN, key="task_due"),
        Field(name="supported", kind=Kind.MONEY_WAN, key="task_supported"),
        Field(name="open", kind=Kind.MONEY_WAN, key="task_open", formula="{task_sum}-{supported}"),
    )
    return Sheet(
        name="tasks",
        tab=t("reports.tab_tasks", lang),
        title=heading("tasks", dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=fields,
        rows=tuple(rows),
        notes=(t("reports.note_tasks", lang), *(_status(b, lang) for b in found)),
        mark=dossier.mark(lang, ledger=any(b.synthetic for b in found)),
        paper=Paper.A4,
        frozen=3,
    )


def _whole(b: Breakdown, dimension: str) -> Iterator[Margin]:
    """Sums over all months of one dimension that have a task."""
    return (m for m in b.margins if m.dimension == dimension and m.month is None and m.task_wan)


def _margin_row(b: Breakdown, margin: Margin, months: Sequence[Month], lang: Lang) -> tuple[Value, ...]:
    by_month: list[Value] = []
    for month in months:
        one = b.margin(margin.dimension, margin.key, month)
        by_month.append(one.task_wan if one else 0)
    total = margin.dimension == "total"
    return (
        words.indicator_name(b.indicator, b.name_zh, lang),
        t(f"breakdown.dimension_{margin.dimension}", lang),
        t("reports.total", lang) if total else (margin.name_zh or margin.key or t("breakdown.no_team", lang)),
        margin.carriers,
        *by_month,
        margin.task_wan,
        margin.due_wan,
        margin.supported_wan,
        margin.open_wan,
    )


def _status(b: Breakdown, lang: Lang) -> str:
    """Whether an indicator has a breakdown, and how much a ledger supports."""
    total = b.margin("total")
    numbers = {
        "total": f"{b.increment.total_yi:.2f}",
        "supported": f"{(total.supported_wan if total else 0) / 1e4:.2f}",
        "open": f"{(total.open_wan if total else 0) / 1e4:.2f}",
        "work": t(f"breakdown.work_{b.work.value}", lang),
    }
    name = words.indicator_name(b.indicator, b.name_zh, lang)
    known = b.status in (Status.SUPPORTED, Status.PARTLY_OPEN)
    key = "task_said" if known else f"task_said_{b.status.value}"
    return t(f"reports.{key}", lang, indicator=name, **numbers)


def team_rows(dossier: Dossier, lang: Lang) -> list[tuple[str, str, str, str, str, str]]:
    """Who leads, which units and persons answer, how much by when: a row an indicator and team."""
    rows = []
    for b in dossier.assigned.breakdowns:
        for margin in _whole(b, "team"):
            mine = [task for task in b.tasks if (task.team_zh or "") == (margin.key or "") and task.task_wan]
            units = distinct([task.resp_unit for task in mine])
            people = distinct([task.resp_person for task in mine])
            rows.append(
                (
                    margin.name_zh or margin.key or t("breakdown.no_team", lang),
                    words.indicator_name(b.indicator, b.name_zh, lang),
                    f"{margin.task_wan / 1e4:.2f}",
                    _some(units, 3, lang),
                    _some(people, 4, lang),
                    max(task.deadline for task in mine).isoformat() if mine else "",
                )
            )
    return rows


def _some(names: Sequence[str], most: int, lang: Lang) -> str:
    """The first names, and how many there are."""
    listed = t("glossary.and", lang).join(names[:most])
    return t("reports.and_others", lang, list=listed, n=len(names)) if len(names) > most else listed
