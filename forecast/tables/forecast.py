"""主要经济指标完成情况预测表 and 达标概率表: the targets of the city in the workbook.

Invariant: every number is a field of ``Row`` or follows from two of them as its formula says (held by
``tests/test_report_sheets.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from forecast.answers.chances import Criterion, Outcome, Status, Summary
from forecast.answers.judgement import Row
from forecast.dims import DRAW, PERIOD, UNIT, Floats, to_percent
from forecast.periods import Month
from forecast.plan.path import PeriodStep, Phase
from forecast.runs.session import Goals
from forecast.tables import attainment, words
from forecast.tables.attainment import Judged, attainment_table
from forecast.tables.dossier import Dossier, heading, subtitle
from forecast.tables.kind import Kind, Value, spread_text
from forecast.tables.notes import notes, plain_name
from forecast.tables.path import span_notes
from forecast.tables.table import Chart, Column, Paper, Said, Sheet, Show, Surface, Table, View
from forecast.texts import Lang, t

ASKED: Final = "sprint"
"""Plan whose monthly path the table names: even odds to reach the province's average."""


@dataclass(frozen=True, slots=True)
class Reported(Judged):
    """A row of the forecast table: the target that an indicator is reported by, and all else that is told of it."""

    goals: Goals
    dossier: Dossier

    @property
    def following(self) -> Month:
        """The month after the last known one."""
        return self.dossier.run.paths.as_of.month.plus(1)

    @property
    def outcome(self) -> Outcome | None:
        """What the first scenario makes of it; None without scenarios."""
        return outcome_of(self.dossier, self.row) if self.dossier.scenarios else None


def _on(
    group: str = "", says: Callable[[Reported, View], Said] | None = None, **more: object
) -> dict[Surface, Show[Reported]]:
    return {Surface.SHEET: Show(group=group, says=says, **more)}  # type: ignore[arg-type]


def _next(one: Reported) -> tuple[float, Summary] | None:
    """Growth of the next month alone, and since January; None where no period ends then."""
    row = one.row
    found = one.dossier.run.paths.indicators.get(row.target.indicator)
    month = str(one.following)
    if found is None or row.forecast is None or month not in {str(p) for p in found.cum_yoy[PERIOD].values}:
        return None

    def of(name: str) -> Floats:
        draws = getattr(found, name).sel({UNIT: row.target.unit, PERIOD: month})
        return np.asarray(draws.transpose(DRAW).to_numpy(), dtype=np.float64)

    return to_percent(float(np.median(of("growth")))), Summary.of(of("cum_yoy"))


def _next_range(one: Reported, view: View) -> Said:
    found = _next(one)
    return spread_text(found[1].p10_pct, found[1].p90_pct, view.lang) if found else None


def _rank(one: Reported) -> Value:
    rank = _observed(one.dossier, one.row, "rank")
    return None if rank is None else round(rank)


def _gap_yi(one: Reported) -> Value:
    gap, base = one.row.year_gap_pp if one.goals.average else None, _base(one.dossier, one.row.target.indicator)
    return None if gap is None or base is None else gap / 100.0 * base


def _scenario_near(one: Reported, view: View) -> Said:
    if one.outcome is None:
        return None
    return words.probability(one.outcome.p(one.row.criterion), view.lang, evidence=one.row.evidence)


def _months(dossier: Dossier) -> list[Month]:
    """Months of the year from the first that a decision can still affect."""
    first, year = dossier.run.dataset.config.first_action_month, dossier.run.paths.target_year
    after = max(first, dossier.run.paths.as_of.month.plus(1))
    return [Month(year, month) for month in range(1, 13) if Month(year, month) >= after]


def _demanded(one: Reported) -> dict[Month, PeriodStep]:
    """Steps of the path that gives even odds to reach the average; empty where none is solved."""
    key = (one.row.target.indicator, one.row.target.unit)
    found = next((path for path in one.dossier.paths[ASKED] if path.case.key[:2] == key), None)
    average = one.row.target.yearly_average
    if found is None or found.status is not Status.SOLVED or not average:
        return {}
    return {step.period: step for step in found.lines[0].steps if step.phase is Phase.DEMANDED}


def _need_yi(one: Reported) -> Value:
    money = [step.demanded_yi for step in _demanded(one).values() if step.demanded_yi is not None]
    return sum(money) if money else None


def _need(month: Month, lang: Lang) -> Column[Reported]:
    """Growth that a month needs for even odds to reach the average."""

    def value(one: Reported) -> Value:
        step = _demanded(one).get(month)
        return step.demanded_month_pct if step else None

    show: Show[Reported] = Show(
        head="reports.col_need_month",
        means="reports.mean_need_month",
        group="task",
        params={"month": words.month_name(month, lang)},
    )
    return Column(f"need_m{month.month:02d}", Kind.PERCENT, value=value, on={Surface.SHEET: show})


OWN: Final[tuple[Column[Reported], ...]] = (
    Column("measure", on=_on(says=lambda _, v: t("reports.percent", v.lang), kind=Kind.SHORT)),
    Column(
        "department",
        Kind.SHORT,
        value=lambda r: r.dossier.run.dataset.panel.indicators[r.row.target.indicator].department or None,
        on=_on(widest=8),
    ),
    Column(
        "plan_pct", Kind.PERCENT, value=lambda r: r.goals.plan.target_value if r.goals.plan else None, on=_on("target")
    ),
    Column("ytd_yi", Kind.MONEY, value=lambda r: _observed(r.dossier, r.row, "level_cum"), on=_on("to_date")),
    Column("rank", Kind.WHOLE, value=_rank, on=_on("to_date")),
    Column("next_pct", Kind.PERCENT, value=lambda r: n[0] if (n := _next(r)) else None, on=_on("ahead")),
    Column("next_cum_pct", Kind.PERCENT, value=lambda r: n[1].median_pct if (n := _next(r)) else None, on=_on("ahead")),
    Column("next_range", on=_on("ahead", _next_range, kind=Kind.SHORT, widest=6)),
    Column("need_yi", Kind.MONEY, value=_need_yi, on=_on("task")),
    Column("base_yi", Kind.MONEY, value=lambda r: _base(r.dossier, r.row.target.indicator), on=_on("distance")),
    Column("year_gap_yi", Kind.MONEY, value=_gap_yi, on=_on("distance", formula="{year_gap_pp}/100*{base_yi}")),
    Column(
        "p_plan",
        on=_on(
            "chance",
            lambda r, v: words.known_chance(r.goals.plan, r.goals.plan.p_reach if r.goals.plan else None, v.lang),
            kind=Kind.CHANCE,
        ),
    ),
    Column(
        "p_positive",
        on=_on(
            "chance",
            lambda r, v: words.known_chance(r.goals.positive, r.goals.positive.p_reach, v.lang),
            kind=Kind.CHANCE,
        ),
    ),
    Column(
        "scenario_pct",
        Kind.PERCENT,
        value=lambda r: r.outcome.growth.median_pct if r.outcome else None,
        on=_on("scenario"),
    ),
    Column(
        "scenario_change_pp",
        Kind.POINTS,
        value=lambda r: r.outcome.change_growth_pp if r.outcome else None,
        on=_on("scenario", formula="{scenario_pct}-{year_pct}"),
    ),
    Column("scenario_p_near", on=_on("scenario", _scenario_near, kind=Kind.CHANCE)),
)
"""What the forecast table says of an indicator beyond the columns of ``tables.attainment``."""


def _order(needs: Sequence[str], criterion: Criterion) -> tuple[str, ...]:
    return (
        *("no", "indicator", "measure", "department", "plan_pct", "tolerance_pp"),
        *("ytd_yi", "ytd_pct", "rank", "province_ytd_pct", "gap_pp", "ytd_through"),
        *("next_pct", "next_cum_pct", "next_range"),
        *("required_pct", "required_range", "feasibility", *needs, "need_yi"),
        *("year_pct", "year_range", "province_pct", "province_range", "year_gap_pp", "base_yi", "year_gap_yi"),
        *(f"p_{criterion.value}", f"p_{criterion.other.value}", "p_plan", "p_positive", "light_now", "light"),
        *("scenario_pct", "scenario_change_pp", "scenario_p_near"),
    )


def forecast_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """The table that officials know: to date, the months to come, the year, the chances, the scenario."""
    run, config = dossier.run, dossier.run.dataset.config
    following = run.paths.as_of.month.plus(1)
    needs = [_need(month, lang) for month in _months(dossier)]
    table: Table[Reported] = Table(
        name="forecast",
        columns=(*attainment.COLUMNS, *OWN, *needs),
        rows=[Reported(g.main, run.attainment, no, g, dossier) for no, g in enumerate(dossier.goals, 1)],
        order={Surface.SHEET: _order([one.name for one in needs], run.attainment.criterion)},
        params={
            "as_of": words.knowledge(run.paths.as_of, lang),
            "event": words.event_name(run.attainment.criterion, lang),
            "month": words.month_name(following, lang),
            "span": words.months(following, lang),
            "first": words.month_name(config.first_action_month, lang),
            "scenario": dossier.scenarios[0].scenario.title if dossier.scenarios else t("reports.no_scenario", lang),
        },
    )
    return Sheet(
        name=table.name,
        tab=t("reports.tab_forecast", lang),
        title=heading("forecast", dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=table.fields(Surface.SHEET, lang),
        rows=table.values(View(lang=lang, surface=Surface.SHEET)),
        notes=(*_forecast_notes(dossier, lang), *notes(run.attainment, lang)),
        mark=dossier.scenario_mark(lang),
        paper=Paper.A3,
    )


def chance_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """How likely each indicator reaches, or comes close to, what it is held against, with its words and its light."""
    asked = {row.target for row in dossier.run.attainment.rows}
    averages = [goals.average for goals in dossier.goals if goals.average]
    others = [row for goals in dossier.goals for row in (goals.plan, goals.positive) if row and row.target in asked]
    criterion = dossier.run.attainment.criterion
    table = attainment_table(dossier.run.attainment, [*averages, *others], lang=lang)
    judged = tuple(i for i, row in enumerate(averages) if row.p_mcse is not None)
    return Sheet(
        name="chances",
        tab=t("reports.tab_chances", lang),
        title=heading("chances", dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=table.fields(Surface.CHANCES, lang),
        rows=table.values(View(lang=lang, surface=Surface.CHANCES)),
        notes=tuple(notes(dossier.run.attainment, lang)),
        mark=dossier.mark(lang),
        charts=(
            Chart(
                title=t(
                    "reports.chart_chances",
                    lang,
                    event=words.event_name(criterion, lang),
                    other=words.event_name(criterion.other, lang),
                ),
                fields=(f"exact_{criterion.value}", f"exact_{criterion.other.value}"),
                rows=tuple((i, plain_name(averages[i], lang)) for i in judged),
                bars=True,
            ),
        )
        if judged
        else (),
    )


def _observed(dossier: Dossier, row: Row, measure: str) -> float | None:
    """The published figure of a measure at the unit's latest month."""
    seen = dossier.observed
    own = row.to_date[0]
    if own is None:
        return None
    mine = (seen["unit"] == row.target.unit) & (seen["indicator"] == row.target.indicator)
    found = seen[mine & (seen["measure"] == measure) & (seen["period"] == own.period)]
    return float(found["value"].iloc[-1]) if len(found) else None


def _base(dossier: Dossier, indicator: str) -> float | None:
    """Last year's level of the city, 亿元; None where none is told."""
    bases = dossier.run.dataset.panel.bases
    if bases.empty or "unit" not in bases:
        return None
    mine = bases[(bases["unit"] == dossier.run.dataset.config.city) & (bases["indicator"] == indicator)]
    values = mine["base_level_yi"].dropna()
    return float(values.iloc[-1]) if len(values) else None


def outcome_of(dossier: Dossier, row: Row, scenario: int = 0) -> Outcome | None:
    """What a scenario makes of a target; None where it is not judged."""
    key = row.target.key
    return next((o for o in dossier.scenarios[scenario].outcomes if o.case.key == key), None)


def _forecast_notes(dossier: Dossier, lang: Lang) -> list[str]:
    """What the columns of this table mean, and which bases are estimates."""
    lines = [t("reports.note_forecast", lang), *span_notes(dossier.paths[ASKED], lang)]
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
