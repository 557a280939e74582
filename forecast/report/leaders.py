"""The page for leaders as words: a line a target, how good its data are, in the words of ``forecast.tables.words``.

Screen, brief and printed page show the same cells. Layout is theirs.

Invariant: every number shown is a field of ``Attainment`` in the words of ``forecast.tables.words``
(held by ``tests/test_app.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from forecast.answers.attainment import Attainment
from forecast.answers.chances import Status
from forecast.answers.evidence import Evidence
from forecast.answers.judgement import Light, Row
from forecast.data.panel import release_rule
from forecast.data.target import Target, TargetKind
from forecast.periods import Month
from forecast.report.notes import OK, plain_name
from forecast.tables import words
from forecast.texts import Lang, t

COLUMNS: Final = ("indicator", "ytd", "forecast", "near", "reach", "required", "light")
"""At most seven columns: what a leader takes in at a glance."""


class Order(StrEnum):
    """Order of the lines: as the statistics bureau lists them, or the least likely to come close first."""

    OFFICIAL = "official"
    RISK = "risk"


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell says: its first line, and what stands smaller below it."""

    text: str
    below: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One target.

    cells : by name of the column, all of ``COLUMNS``
    light : at the end of the year, for its colour; the cell has it as a word
    judged : False: no probability, the cells say why
    """

    target: Target
    cells: Mapping[str, Cell]
    light: Light | None
    judged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How good the data behind a target are, as texts."""

    name: str
    evidence: str
    points: str
    last: str
    benchmark_last: str
    synthetic: str
    diagnostics: str


def title(attainment: Attainment, unit: str, lang: Lang) -> str:
    """Whose year is projected, and what is known: 安康市2020年主要指标年终预判（截至8月）."""
    return t(
        "report.title",
        lang,
        city=words.unit_name(attainment.units[unit], lang),
        year=attainment.target_year,
        as_of=words.knowledge(attainment.as_of, lang),
    )


def lines(attainment: Attainment, unit: str, lang: Lang, *, average: bool, order: Order = Order.OFFICIAL) -> list[Line]:
    """Lines of a unit: its targets against the province's average, or else those against plans and signs.

    Of the latter only those that are judged.
    """
    rows = _rows(attainment, unit, average=average)
    if order is Order.RISK:
        rows = sorted(rows, key=_risk)
    return [_line(row, attainment, lang) for row in rows]


def _rows(attainment: Attainment, unit: str, *, average: bool) -> list[Row]:
    return [
        row
        for row in attainment.rows
        if row.target.unit == unit
        and (row.target.kind is TargetKind.PROVINCE_AVERAGE) == average
        and (average or row.status is Status.JUDGED)
    ]


def _risk(row: Row) -> tuple[bool, float, float]:
    """Least likely to come close first, then to reach; what is not judged last."""
    return row.p_near is None, row.p_near or 0.0, row.p_reach or 0.0


def _line(row: Row, attainment: Attainment, lang: Lang) -> Line:
    return Line(
        target=row.target,
        light=row.light,
        judged=row.status is Status.JUDGED,
        cells={
            "indicator": _name(row, lang),
            "ytd": _to_date(row, attainment, lang),
            "forecast": _year(row, lang),
            "near": _chance(row.p_near, row, lang),
            "reach": _chance(row.p_reach, row, lang),
            "required": Cell(words.required_text(row.required, lang), _history(row, lang)),
            "light": _light(row, lang),
        },
    )


def _name(row: Row, lang: Lang) -> Cell:
    below = []
    if row.target.kind is not TargetKind.PROVINCE_AVERAGE:
        plan = f" {words.growth(row.target_value, lang)}" if row.target.kind is TargetKind.PLAN else ""
        below.append(f"{words.kind_name(row.target.kind, lang)}{plan}")
    elif not row.target.assessed:
        below.append(t("report.not_assessed", lang))
    if row.evidence is Evidence.THIN:
        below.append(t("ui.thin", lang))
    if row.diagnostics not in {"", OK}:
        below.append(t("report.diagnostics_failed", lang))
    return Cell(plain_name(row, lang), t("ui.dot", lang).join(below))


def _to_date(row: Row, attainment: Attainment, lang: Lang) -> Cell:
    if row.ytd is None:
        text = words.growth(None, lang)
    else:
        own = words.growth(row.ytd.growth_pct, lang)
        text = t("ui.dated", lang, growth=own, through=words.through(row.ytd.period, lang))
    below = []
    if row.benchmark is not None:
        figure = row.benchmark_ytd
        theirs = words.growth(figure.growth_pct if figure else None, lang)
        if figure and (row.ytd is None or figure.period != row.ytd.period):
            theirs = t("ui.dated", lang, growth=theirs, through=words.through(figure.period, lang))
        place = words.unit_name(attainment.units[row.benchmark], lang)
        below.append(t("ui.benchmark", lang, place=place, growth=theirs))
    if row.gap_pp is not None:
        same = row.ytd is not None and row.gap_period == row.ytd.period
        distance = words.gap(row.gap_pp, lang)
        if not same:
            distance = t("ui.dated", lang, growth=distance, through=words.through(row.gap_period, lang))
        below.append(t("ui.gap", lang, gap=distance))
    return Cell(text, t("ui.dot", lang).join(below))


def _year(row: Row, lang: Lang) -> Cell:
    if row.status is not Status.JUDGED or row.forecast is None:
        key = "glossary.insufficient" if row.status is Status.INSUFFICIENT else f"report.status_{row.status.value}"
        return Cell(t(key, lang).replace("\n", ""))
    spread = row.forecast
    return Cell(words.growth(spread.mean_pct, lang), words.interval(spread.p10_pct, spread.p90_pct, lang))


def _chance(p: float | None, row: Row, lang: Lang) -> Cell:
    return Cell(words.probability(p, lang, evidence=row.evidence), words.band(p, lang, evidence=row.evidence))


def _history(row: Row, lang: Lang) -> str:
    source, word = words.history_source(row.history, lang), words.feasibility(row.history, lang)
    gap = t("ui.dot", lang) if source and not source.endswith(" ") else ""
    return f"{source}{gap}{word}"


def _light(row: Row, lang: Lang) -> Cell:
    below = "" if row.light_now is None else t("ui.light_now", lang, light=words.light_name(row.light_now, lang))
    return Cell(words.light_name(row.light, lang), below)


def lights_text(attainment: Attainment, unit: str, lang: Lang) -> str:
    """The rule of the lights in one sentence a rule: it stands beside them."""
    names = dict.fromkeys(row.target.light_rule for row in attainment.rows if row.target.unit == unit)
    rules = [attainment.config.lights[name] for name in names]
    return t("ui.space", lang).join(
        t(
            "ui.lights_rule",
            lang,
            rule=rule.rule,
            green=words.percent(rule.green_from),
            yellow=words.percent(rule.yellow_from),
        )
        for rule in rules
    )


def evidence_text(attainment: Attainment, unit: str, lang: Lang) -> str:
    """How many indicators have ample, limited, thin, insufficient data: 资料充分2项、薄弱4项、不足5项."""
    rows = _rows(attainment, unit, average=True) or _rows(attainment, unit, average=False)
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


def qualities(attainment: Attainment, unit: str, lang: Lang) -> list[Quality]:
    """How good the data are, a line an indicator, official order."""
    rows: Sequence[Row] = _rows(attainment, unit, average=True) or _rows(attainment, unit, average=False)
    return [_quality(row, lang) for row in rows]


def _quality(row: Row, lang: Lang) -> Quality:
    none, share = t("glossary.none", lang), row.synthetic_share
    checked = t("ui.passed", lang) if row.diagnostics == OK else row.diagnostics
    return Quality(
        name=plain_name(row, lang),
        evidence=words.evidence_name(row.evidence, lang),
        points=str(row.points),
        last=words.through(row.ytd.period, lang) if row.ytd else words.growth(None, lang),
        benchmark_last=words.through(row.benchmark_ytd.period, lang) if row.benchmark_ytd else none,
        synthetic=none if share is None else t("glossary.probability", lang, percent=words.percent(share)),
        diagnostics=checked or none,
    )
