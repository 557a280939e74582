"""情景推演对比: every scenario beside the baseline, on the same draws.

Invariant: every number is a field of ``Outcome`` (held by ``tests/test_report_sheets.py``).
"""

from __future__ import annotations

from collections.abc import Mapping

from forecast.answers.chances import Criterion, Outcome
from forecast.data.target import TargetKind
from forecast.report.scenario_terminal import change, moved
from forecast.scenario.contributions import Result
from forecast.tables import words
from forecast.tables.dossier import Dossier, heading, subtitle
from forecast.tables.kind import Kind, Value
from forecast.tables.table import Field, Paper, Sheet
from forecast.texts import Lang, t


def scenario_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """A row an indicator, a group of columns a scenario; without a scenario the baseline alone, which says so."""
    results = dossier.scenarios
    base = _mine(dossier, dossier.study.comparison.baseline)
    sides = [_mine(dossier, result) for result in results]
    rows = []
    for no, outcome in enumerate(base):
        cells: list[Value] = [no + 1, *_baseline(outcome, lang)]
        for side, result in zip(sides, results, strict=True):
            cells += _changed(side[no], result, dossier, lang)
        rows.append(tuple(cells))
    note = [t("reports.note_scenarios", lang)]
    if any(dossier.study.ranges.get(r.scenario.name) for r in results):
        note.append(t("reports.note_ranges", lang))
    return Sheet(
        name="scenarios",
        tab=t("reports.tab_scenarios", lang),
        title=heading("scenarios", dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=_fields(results),
        rows=tuple(rows),
        notes=(*note, *_described(results, lang)) if results else (t("reports.no_scenarios", lang),),
        mark=dossier.scenario_mark(lang),
        paper=Paper.A3 if len(results) > 2 else Paper.A4,
        frozen=2,
    )


def _mine(dossier: Dossier, result: Result) -> list[Outcome]:
    """Outcomes of the city's targets against the province's average, official order."""
    city = dossier.run.dataset.config.city
    return [
        o for o in result.outcomes if o.case.target.unit == city and o.case.target.kind is TargetKind.PROVINCE_AVERAGE
    ]


def _fields(results: tuple[Result, ...]) -> tuple[Field, ...]:
    def column(name: str, style: Kind, group: str, formula: str = "", params: Mapping[str, str] | None = None) -> Field:
        key = name.rsplit("_s", 1)[0] if params else name
        return Field(name=name, kind=style, group=group, formula=formula, key=key, params=params or {}, widest=14)

    fields = [
        Field(name="no", kind=Kind.WHOLE),
        Field(name="indicator", kind=Kind.TEXT),
        column("baseline_pct", Kind.PERCENT, "baseline"),
        column("baseline_province_pct", Kind.PERCENT, "baseline"),
        column("baseline_near", Kind.CHANCE, "baseline"),
        column("baseline_reach", Kind.CHANCE, "baseline"),
    ]
    for k, result in enumerate(results, 1):
        title = {"scenario": result.scenario.title or result.scenario.name}
        end = f"_s{k}"
        fields += [
            column(f"case_pct{end}", Kind.PERCENT, "case", params=title),
            column(
                f"case_change_pp{end}", Kind.FINE_POINTS, "case", f"{{case_pct{end}}}-{{baseline_pct}}", params=title
            ),
            column(f"case_near{end}", Kind.CHANCE, "case", params=title),
            column(f"case_near_change{end}", Kind.SHORT, "case", params=title),
            column(f"case_reach{end}", Kind.CHANCE, "case", params=title),
            column(f"case_reach_change{end}", Kind.SHORT, "case", params=title),
            column(f"case_range{end}", Kind.SHORT, "case", params=title),
        ]
    return tuple(fields)


def _baseline(outcome: Outcome, lang: Lang) -> list[Value]:
    case = outcome.case
    return [
        words.indicator_name(case.target.indicator, case.name_zh, lang),
        outcome.growth.median_pct,
        outcome.benchmark_growth.median_pct,
        words.probability(outcome.p_near, lang, evidence=case.evidence),
        words.probability(outcome.p_reach, lang, evidence=case.evidence),
    ]


def _changed(outcome: Outcome, result: Result, dossier: Dossier, lang: Lang) -> list[Value]:
    spread = dossier.study.ranges.get(result.scenario.name, {}).get(outcome.case.key)
    return [
        outcome.growth.median_pct,
        outcome.change_growth_pp,
        words.probability(outcome.p_near, lang, evidence=outcome.case.evidence),
        moved(outcome, Criterion.NEAR),
        words.probability(outcome.p_reach, lang, evidence=outcome.case.evidence),
        moved(outcome, Criterion.REACH),
        None if spread is None else f"{spread.growth_pp[0]:+.2f}～{spread.growth_pp[1]:+.2f}",
    ]


def _described(results: tuple[Result, ...], lang: Lang) -> list[str]:
    """What each scenario is."""
    return [
        t(
            "reports.scenario_described",
            lang,
            title=result.scenario.title or result.scenario.name,
            text=" ".join(result.scenario.description.split()),
        )
        for result in results
        if result.scenario.description
    ]


def action_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """措施贡献: what every action does alone, what is lost without it, and its fair share, by indicator."""
    rows: list[tuple[Value, ...]] = []
    city = dossier.run.dataset.config.city
    for result in dossier.scenarios:
        for c in dossier.study.contributions[result.scenario.name]:
            target = c.case.target
            if target.unit != city or target.kind is not TargetKind.PROVINCE_AVERAGE or abs(c.share_gap_pp) < 0.005:
                continue
            rows.append(
                (
                    result.scenario.title or result.scenario.name,
                    words.indicator_name(target.indicator, c.case.name_zh, lang),
                    c.action,
                    c.alone_gap_pp,
                    c.share_gap_pp,
                    change(c.alone_near, lang),
                    change(c.without_near, lang),
                    change(c.share_near, lang),
                )
            )
    names = ("scenario", "indicator", "action", "alone_pp", "share_pp", "alone_near", "without_near", "share_near")
    styles = (Kind.TEXT, Kind.TEXT, Kind.TEXT, Kind.FINE_POINTS, Kind.FINE_POINTS, Kind.SHORT, Kind.SHORT, Kind.SHORT)
    return Sheet(
        name="actions",
        tab=t("reports.tab_actions", lang),
        title=heading("actions", dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=tuple(
            Field(name=name, kind=style, key=name if name == "indicator" else f"act_{name}")
            for name, style in zip(names, styles, strict=True)
        ),
        rows=tuple(rows),
        notes=(t("reports.note_actions", lang),) if rows else (t("reports.no_scenarios", lang),),
        mark=dossier.scenario_mark(lang),
        frozen=2,
    )
