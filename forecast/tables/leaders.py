"""What stands around the table of the page for leaders, and how good the data behind it are.

Invariant: every number shown is a field of ``Attainment`` in the words of ``forecast.tables.words``
(held by ``tests/test_app.py``).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from forecast.answers.attainment import Attainment
from forecast.answers.chances import Status
from forecast.answers.evidence import Evidence
from forecast.answers.judgement import Row
from forecast.data.panel import release_rule
from forecast.data.target import Target
from forecast.periods import Month
from forecast.tables import words
from forecast.tables.attainment import PAGE, Judged, attainment_table
from forecast.tables.notes import plain_name
from forecast.tables.table import Column, Grid, Said, Show, Surface, Table, View
from forecast.texts import Lang, t


class Order(StrEnum):
    """Order of the lines: as the statistics bureau lists them, or the least likely first."""

    OFFICIAL = "official"
    RISK = "risk"


def of_unit(attainment: Attainment, unit: str, *, average: bool) -> list[Row]:
    """Targets of a unit against the province's average, or else those against plans and signs that are judged."""
    return [
        row
        for row in attainment.rows
        if row.target.unit == unit and row.target.yearly_average == average and (average or row.status is Status.JUDGED)
    ]


def _risk(row: Row) -> tuple[bool, float, float]:
    """Least likely first, by what the row speaks of; what is not judged last."""
    return row.p is None, row.p or 0.0, row.p_other or 0.0


def leaders(
    attainment: Attainment,
    unit: str,
    lang: Lang,
    *,
    average: bool,
    caption: str = "",
    order: Order = Order.OFFICIAL,
    only: Target | None = None,
) -> Grid:
    """The table of the page for leaders: a line a target of a unit; ``only``: of one of them."""
    rows = of_unit(attainment, unit, average=average)
    if order is Order.RISK:
        rows = sorted(rows, key=_risk)
    rows = [row for row in rows if only is None or row.target == only]
    return attainment_table(attainment, rows).grid(
        View(lang=lang, surface=PAGE),
        kind="leaders",
        caption=caption,
        classes=["judged" if row.status is Status.JUDGED else "open" for row in rows],
    )


def title(attainment: Attainment, unit: str, lang: Lang) -> str:
    """Whose year is projected, and what is known: 安康市2020年主要指标年终预判（截至8月）."""
    return t(
        "report.title",
        lang,
        city=words.unit_name(attainment.units[unit], lang),
        year=attainment.target_year,
        as_of=words.knowledge(attainment.as_of, lang),
    )


def lights_text(attainment: Attainment, unit: str, lang: Lang) -> str:
    """The rule of the lights in one sentence a rule: it stands beside them."""
    names = dict.fromkeys(row.target.light_rule for row in attainment.rows if row.target.unit == unit)
    rules = [attainment.config.lights[name] for name in names]
    return t("ui.space", lang).join(
        t(
            "ui.lights_rule",
            lang,
            event=words.event_name(attainment.criterion, lang),
            rule=rule.rule,
            green=words.percent(rule.green_from),
            yellow=words.percent(rule.yellow_from),
        )
        for rule in rules
    )


def evidence_text(attainment: Attainment, unit: str, lang: Lang) -> str:
    """How many indicators have ample, limited, thin, insufficient data: 资料充分2项、薄弱4项、不足5项."""
    rows = of_unit(attainment, unit, average=True) or of_unit(attainment, unit, average=False)
    counts = {grade: sum(row.evidence is grade for row in rows) for grade in Evidence}
    items = [
        t("ui.evidence_item", lang, grade=words.evidence_name(grade, lang), n=n) for grade, n in counts.items() if n
    ]
    return t("ui.evidence", lang, list=t("glossary.and", lang).join(items))


def next_release(attainment: Attainment, lang: Lang) -> str:
    """When the figures of the next month usually come out: 下次更新：9月数据，一般在10月20日前后公布."""
    month = attainment.as_of.month.plus(1)
    day = release_rule(month)
    return t(
        "ui_overview.next_release",
        lang,
        month=words.month_name(month, lang),
        release_month=words.month_name(Month(day.year, day.month), lang),
        day=day.day,
    )


def _last(judged: Judged, view: View) -> Said:
    ytd = judged.row.ytd
    return words.through(ytd.period, view.lang) if ytd else words.growth(None, view.lang)


def _benchmark_last(judged: Judged, view: View) -> Said:
    theirs = judged.row.benchmark_ytd
    return words.through(theirs.period, view.lang) if theirs else None


def _synthetic(judged: Judged, view: View) -> Said:
    share = judged.row.synthetic_share
    return None if share is None else t("glossary.probability", view.lang, percent=words.percent(share))


def _checked(judged: Judged, view: View) -> Said:
    return words.diagnosis(judged.row, view.lang) or None


_SAYS: Final = {
    "name": lambda r, v: plain_name(r.row, v.lang),
    "evidence": lambda r, v: words.evidence_name(r.row.evidence, v.lang),
    "points": lambda r, _: str(r.row.points),
    "last": _last,
    "benchmark_last": _benchmark_last,
    "synthetic": _synthetic,
    "diagnostics": _checked,
}
QUALITY: Final[tuple[Column[Judged], ...]] = tuple(
    Column(name, on={Surface.PAGE: Show(head=f"ui.quality_{name}", says=says)}) for name, says in _SAYS.items()
)
"""How good the data behind a target are."""


def qualities(attainment: Attainment, unit: str, lang: Lang) -> Grid:
    """How good the data are, a line an indicator, official order."""
    rows = of_unit(attainment, unit, average=True) or of_unit(attainment, unit, average=False)
    table = Table(name="quality", columns=QUALITY, rows=attainment_table(attainment, rows).rows)
    return table.grid(View(lang=lang, surface=Surface.PAGE), caption=t("ui.quality", lang))
