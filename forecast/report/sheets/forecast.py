"""主要经济指标完成情况预测表: a row an indicator of the city.

Invariant: every number is a field of ``Row`` or follows from two of them as its formula says (held by
``tests/test_report_sheets.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from forecast.answers.chances import Outcome, Status, Summary
from forecast.answers.judgement import Row
from forecast.data.target import TargetKind
from forecast.dims import DRAW, PERIOD, UNIT, Floats, to_percent
from forecast.periods import Month
from forecast.plan.path_steps import Phase
from forecast.report.dossier import Dossier
from forecast.report.notes import notes, plain_name
from forecast.report.sheets.head import heading, subtitle
from forecast.report.sheets.table import Field, Paper, Sheet, Style, Value, shown
from forecast.runs.goals import Goals
from forecast.tables import words
from forecast.texts import Lang, t

_TEXT, _SHORT = Style.TEXT, Style.SHORT
_GROWTH, _POINTS, _AMOUNT = Style.GROWTH, Style.POINTS, Style.AMOUNT

ASKED: Final = "sprint"
"""Plan whose monthly path the table names: even odds to reach the province's average."""


def forecast_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """The table that officials know: to date, the months to come, the year, the chances, the scenario."""
    following = dossier.run.paths.as_of.month.plus(1)
    rows = [_forecast_row(no, goals, following, dossier, lang) for no, goals in enumerate(dossier.goals, 1)]
    return Sheet(
        name="forecast",
        tab=t("reports.tab_forecast", lang),
        title=heading("forecast", dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=_forecast_fields(dossier, following, lang),
        rows=tuple(rows),
        notes=(*_forecast_notes(dossier, lang), *notes(dossier.run.attainment, lang)),
        mark=dossier.scenario_mark(lang),
        paper=Paper.A3,
        frozen=2,
    )


def _forecast_fields(dossier: Dossier, following: Month, lang: Lang) -> tuple[Field, ...]:
    as_of = dossier.run.paths.as_of
    ahead = {"month": words.month_name(following, lang), "span": words.months(following, lang)}
    task = {"first": words.month_name(dossier.run.dataset.config.first_action_month, lang)}
    scenario = {
        "scenario": dossier.scenarios[0].scenario.title if dossier.scenarios else t("reports.no_scenario", lang)
    }
    past = {"as_of": words.knowledge(as_of, lang)}

    def column(
        name: str,
        style: Style,
        group: str = "",
        formula: str = "",
        *,
        widest: int = 26,
        params: Mapping[str, str] | None = None,
    ) -> Field:
        return Field(name=name, style=style, group=group, formula=formula, params=params or {}, widest=widest)

    return (
        column("no", Style.WHOLE),
        column("indicator", _TEXT, widest=16),
        column("measure", _SHORT),
        column("department", _SHORT, widest=8),
        column("plan_pct", _GROWTH, "target"),
        column("tolerance_pp", Style.SIZE, "target"),
        column("ytd_yi", _AMOUNT, "to_date", params=past),
        column("ytd_pct", _GROWTH, "to_date", params=past),
        column("rank", Style.WHOLE, "to_date", params=past),
        column("province_ytd_pct", _GROWTH, "to_date", params=past),
        column("gap_pp", _POINTS, "to_date", params=past),
        column("ytd_through", _SHORT, "to_date", widest=8, params=past),
        column("next_pct", _GROWTH, "ahead", params=ahead),
        column("next_cum_pct", _GROWTH, "ahead", params=ahead),
        column("next_range", _SHORT, "ahead", widest=6, params=ahead),
        column("required_pct", _GROWTH, "task", params=task),
        column("required_range", _SHORT, "task", widest=6, params=task),
        column("feasibility", _SHORT, "task", widest=8, params=task),
        *(
            Field(
                name=f"need_m{month.month:02d}",
                style=_GROWTH,
                key="need_month",
                group="task",
                params={**task, "month": words.month_name(month, lang)},
            )
            for month in _asked_months(dossier)
        ),
        column("need_yi", _AMOUNT, "task", params=task),
        column("year_pct", _GROWTH, "year"),
        column("year_range", _SHORT, "year", widest=6),
        column("province_pct", _GROWTH, "province"),
        column("province_range", _SHORT, "province", widest=6),
        column("year_gap_pp", _POINTS, "distance", "{year_pct}-{province_pct}"),
        column("base_yi", _AMOUNT, "distance"),
        column("year_gap_yi", _AMOUNT, "distance", "{year_gap_pp}/100*{base_yi}"),
        column("p_reach", Style.CHANCE, "chance"),
        column("p_near", Style.CHANCE, "chance"),
        column("p_plan", Style.CHANCE, "chance"),
        column("p_positive", Style.CHANCE, "chance"),
        column("light_now", Style.LIGHT, "verdict"),
        column("light", Style.LIGHT, "verdict"),
        column("scenario_pct", _GROWTH, "scenario", params=scenario),
        column("scenario_change_pp", _POINTS, "scenario", "{scenario_pct}-{year_pct}", params=scenario),
        column("scenario_p_near", Style.CHANCE, "scenario", params=scenario),
    )


def _forecast_row(no: int, goals: Goals, following: Month, dossier: Dossier, lang: Lang) -> tuple[Value, ...]:
    row = goals.main
    indicator = dossier.run.dataset.panel.indicators[row.target.indicator]
    year, province = row.forecast, row.benchmark_forecast if goals.average else None
    gap = None if year is None or province is None else year.mean_pct - province.mean_pct
    base = _base(dossier, row.target.indicator)
    outcome = outcome_of(dossier, row) if dossier.scenarios else None
    return (
        no,
        plain_name(row, lang),
        t("reports.percent", lang),
        indicator.department or None,
        goals.plan.target_value if goals.plan else None,
        row.target.tolerance_pp,
        *_to_date(row, dossier, lang),
        *_next(row, following, dossier, lang),
        row.required.median_pct,
        _range(row.required.p10_pct, row.required.p90_pct, lang),
        f"{words.history_source(row.history, lang)}{words.feasibility(row.history, lang)}" or None,
        *_needed(row, dossier),
        *_spread(year, lang),
        *_spread(province, lang),
        gap,
        base,
        None if gap is None or base is None else gap / 100.0 * base,
        *_chances(goals, lang),
        words.light_name(row.light_now, lang),
        words.light_name(row.light, lang),
        *_scenario(row, outcome, lang),
    )


def _spread(summary: Summary | None, lang: Lang) -> tuple[Value, Value]:
    return (None, None) if summary is None else (summary.mean_pct, _range(summary.p10_pct, summary.p90_pct, lang))


def _range(low: float | None, high: float | None, lang: Lang) -> str | None:
    """An interval over two lines, so that its column stays narrow."""
    if low is None or high is None:
        return None
    return t("reports.range", lang, low=shown(low, _GROWTH, lang), high=shown(high, _GROWTH, lang))


def _to_date(row: Row, dossier: Dossier, lang: Lang) -> tuple[Value, ...]:
    """Level, growth and rank of the latest published month, the province's growth, the gap of the same month."""
    if row.ytd is None:
        growth = row.benchmark_ytd.growth_pct if row.benchmark_ytd else None
        through = words.through(row.benchmark_ytd.period, lang) if row.benchmark_ytd else ""
        note = t("reports.only_province", lang, through=through) if through else None
        return None, words.growth(None, lang), None, growth, None, note
    rank = _observed(dossier, row, "rank")
    theirs, months = row.benchmark_ytd, words.through(row.ytd.period, lang)
    if theirs is not None and theirs.period != row.ytd.period:
        months = t("reports.two_months", lang, own=months, theirs=words.through(theirs.period, lang))
    return (
        _observed(dossier, row, "level_cum"),
        row.ytd.growth_pct,
        None if rank is None else round(rank),
        theirs.growth_pct if theirs else (words.growth(None, lang) if row.benchmark else None),
        row.gap_pp if row.target.kind is TargetKind.PROVINCE_AVERAGE else None,
        months,
    )


def _observed(dossier: Dossier, row: Row, measure: str) -> float | None:
    """The published figure of a measure at the unit's latest month."""
    seen = dossier.observed
    if row.ytd is None:
        return None
    mine = (seen["unit"] == row.target.unit) & (seen["indicator"] == row.target.indicator)
    found = seen[mine & (seen["measure"] == measure) & (seen["period"] == row.ytd.period)]
    return float(found["value"].iloc[-1]) if len(found) else None


def _base(dossier: Dossier, indicator: str) -> float | None:
    """Last year's level of the city, 亿元; None where none is told."""
    bases = dossier.run.dataset.panel.bases
    if bases.empty or "unit" not in bases:
        return None
    mine = bases[(bases["unit"] == dossier.run.dataset.config.city) & (bases["indicator"] == indicator)]
    values = mine["base_level_yi"].dropna()
    return float(values.iloc[-1]) if len(values) else None


def _asked_months(dossier: Dossier) -> list[Month]:
    """Months of the year from the first that a decision can still affect."""
    first, year = dossier.run.dataset.config.first_action_month, dossier.run.paths.target_year
    after = max(first, dossier.run.paths.as_of.month.plus(1))
    return [Month(year, month) for month in range(1, 13) if Month(year, month) >= after]


def _needed(row: Row, dossier: Dossier) -> list[Value]:
    """Growth that every month needs for even odds to reach the average, and the money of all of them together."""
    found = next((path for path in dossier.paths[ASKED] if path.case.key[:2] == _key(row)), None)
    months = _asked_months(dossier)
    if found is None or found.status is not Status.SOLVED or row.target.kind is not TargetKind.PROVINCE_AVERAGE:
        return [None] * (len(months) + 1)
    steps = {step.period: step for step in found.lines[0].steps if step.phase is Phase.DEMANDED}
    money = [step.demanded_yi for step in steps.values() if step.demanded_yi is not None]
    growth: list[Value] = [steps[month].demanded_month_pct if month in steps else None for month in months]
    return [*growth, sum(money) if money else None]


def _key(row: Row) -> tuple[str, str]:
    return row.target.indicator, row.target.unit


def _next(row: Row, following: Month, dossier: Dossier, lang: Lang) -> tuple[Value, Value, Value]:
    """Growth of the next month alone, and since January with its 80 % interval; none where no period ends then."""
    one = dossier.run.paths.indicators.get(row.target.indicator)
    if one is None or row.forecast is None or str(following) not in {str(p) for p in one.cum_yoy[PERIOD].values}:
        return None, None, None

    def of(name: str) -> Floats:
        draws = getattr(one, name).sel({UNIT: row.target.unit, PERIOD: str(following)})
        return np.asarray(draws.transpose(DRAW).to_numpy(), dtype=np.float64)

    cumulative = Summary.of(of("cum_yoy"))
    return to_percent(float(of("growth").mean())), *_spread(cumulative, lang)


def _chances(goals: Goals, lang: Lang) -> tuple[Value, ...]:
    """P of the average, of coming close to it, of the plan, of growth above zero, in the words of leaders' pages."""
    average, plan, positive = goals.average, goals.plan, goals.positive
    pairs = (
        (average, average.p_reach if average else None),
        (average, average.p_near if average else None),
        (plan, plan.p_reach if plan else None),
        (positive, positive.p_reach),
    )
    return tuple(
        None if row is None or p is None else words.probability(p, lang, evidence=row.evidence) for row, p in pairs
    )


def outcome_of(dossier: Dossier, row: Row, scenario: int = 0) -> Outcome | None:
    """What a scenario makes of a target; None where it is not judged."""
    key = (row.target.indicator, row.target.unit, row.target.kind.value)
    return next((o for o in dossier.scenarios[scenario].outcomes if o.case.key == key), None)


def _scenario(row: Row, outcome: Outcome | None, lang: Lang) -> tuple[Value, Value, Value]:
    if outcome is None:
        return None, None, None
    near = words.probability(outcome.p_near, lang, evidence=row.evidence)
    return outcome.growth.mean_pct, outcome.change_growth_pp, near


def _forecast_notes(dossier: Dossier, lang: Lang) -> list[str]:
    """What the columns of this table mean, and which bases are estimates."""
    lines = [t("reports.note_forecast", lang)]
    bases = dossier.run.dataset.panel.bases
    if not bases.empty and "unit" in bases:
        mine = bases[(bases["unit"] == dossier.run.dataset.config.city) & (bases["status"] != "published")]
        names = [
            plain_name(g.main, lang) for g in dossier.goals if (mine["indicator"] == g.main.target.indicator).any()
        ]
        if names:
            lines.append(t("reports.note_base", lang, list=t("glossary.and", lang).join(names)))
    if dossier.scenarios:
        lines.append(t("reports.note_scenario", lang, scenario=dossier.scenarios[0].scenario.title))
    return lines
