"""达标概率表: a row a target of the city, against the province's average first.

Invariant: exact probabilities are fields of ``Row`` (held by ``tests/test_report_sheets.py``).
"""

from __future__ import annotations

from typing import Final

from forecast.answers.chances import Status
from forecast.answers.judgement import Row
from forecast.report.dossier import Dossier
from forecast.report.notes import OK, notes, plain_name
from forecast.report.sheets.head import heading, subtitle
from forecast.report.sheets.table import Chart, Field, Paper, Sheet, Style, Value
from forecast.tables import words
from forecast.texts import Lang, t

_TEXT, _SHORT = Style.TEXT, Style.SHORT
_GROWTH, _POINTS = Style.GROWTH, Style.POINTS


def chance_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """How likely each indicator reaches, or comes close to, what it is held against, with its words and its light."""
    asked = {row.target for row in dossier.run.attainment.rows}
    averages = [goals.average for goals in dossier.goals if goals.average]
    others = [row for goals in dossier.goals for row in (goals.plan, goals.positive) if row and row.target in asked]
    numbered = tuple((no, *_chance_row(row, lang)) for no, row in enumerate([*averages, *others], 1))
    judged = tuple(i for i, row in enumerate(numbered[: len(averages)]) if row[-1] is not None)
    return Sheet(
        name="chances",
        tab=t("reports.tab_chances", lang),
        title=heading("chances", dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=_CHANCE_FIELDS,
        rows=numbered,
        notes=tuple(notes(dossier.run.attainment, lang)),
        mark=dossier.mark(lang),
        paper=Paper.A4,
        charts=(
            Chart(
                title=t("reports.chart_chances", lang),
                fields=("exact_near", "exact_reach"),
                rows=tuple((i, f"{numbered[i][1]}") for i in judged),
                bars=True,
            ),
        )
        if judged
        else (),
    )


def _chance_field(name: str, style: Style, widest: int = 26, formula: str = "") -> Field:
    return Field(name=name, style=style, key=f"chance_{name}", widest=widest, formula=formula)


_CHANCE_FIELDS: Final = (
    Field(name="no", style=Style.WHOLE),
    Field(name="indicator", style=_TEXT, widest=24),
    _chance_field("against", _SHORT, 14),
    _chance_field("assessed", _SHORT),
    _chance_field("year", _GROWTH),
    _chance_field("goal", _GROWTH),
    _chance_field("gap", _POINTS, formula="{year}-{goal}"),
    _chance_field("near", Style.CHANCE),
    _chance_field("near_band", _SHORT, 12),
    _chance_field("reach", Style.CHANCE),
    _chance_field("reach_band", _SHORT, 12),
    _chance_field("light", Style.LIGHT),
    _chance_field("shortfall", Style.SIZE),
    _chance_field("evidence", _SHORT, 8),
    _chance_field("checked", _SHORT, 14),
    _chance_field("exact_near", Style.SHARE),
    _chance_field("exact_reach", Style.SHARE),
    _chance_field("error", Style.SHARE),
)


def _chance_row(row: Row, lang: Lang) -> tuple[Value, ...]:
    against = words.kind_name(row.target.kind, lang)
    year, goal = row.forecast, row.benchmark_forecast
    gap = None if year is None or goal is None else year.mean_pct - goal.mean_pct
    reach: Value = None
    bands: tuple[Value, Value] = (None, None)
    if row.status is not Status.JUDGED:
        key = "glossary.insufficient" if row.status is Status.INSUFFICIENT else f"report.status_{row.status.value}"
        near = t(key, lang).replace("\n", "")
    else:
        near = words.probability(row.p_near, lang, evidence=row.evidence)
        reach = words.probability(row.p_reach, lang, evidence=row.evidence)
        bands = (
            words.band(row.p_near, lang, evidence=row.evidence),
            words.band(row.p_reach, lang, evidence=row.evidence),
        )
    checked = t("ui.passed", lang) if row.diagnostics == OK else row.diagnostics
    return (
        plain_name(row, lang),
        against,
        t("reports.yes" if row.target.assessed else "report.not_assessed", lang),
        year.mean_pct if year else None,
        goal.mean_pct if goal else row.target_value,
        gap,
        near,
        bands[0],
        reach,
        bands[1],
        words.light_name(row.light, lang),
        row.shortfall_pp,
        words.evidence_name(row.evidence, lang),
        checked or None,
        row.p_near,
        row.p_reach,
        row.p_mcse,
    )
