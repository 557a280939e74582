"""Scenarios side by side: a target a row, the baseline first, on a page and in the workbook (情景推演对比).

Invariant: every number is a field of ``Outcome``; the change of a growth is written as the formula that gives it
(held by ``tests/test_report_sheets.py`` and ``tests/test_app_scenario.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from forecast.answers.chances import Criterion, Outcome
from forecast.scenario.contributions import Result
from forecast.scenario.ledger_rows import Range
from forecast.tables import words
from forecast.tables.actions import case_name, moved
from forecast.tables.dossier import Dossier, heading, subtitle
from forecast.tables.kind import Kind
from forecast.tables.scenarios import UnderScenario, of_unit, outcomes_of, target_name
from forecast.tables.table import Cell, Column, Grid, Paper, Said, Sheet, Show, Surface, Table, View
from forecast.texts import Lang, t


@dataclass(frozen=True, slots=True)
class Beside:
    """A row: one target under the baseline and under several scenarios."""

    no: int
    base: Outcome
    cases: tuple[UnderScenario, ...]


def _beside(
    name: str, kind: Kind, says: Callable[[Beside, View], Said], *, title: str = "", page: Show[Beside] | None = None
) -> Column[Beside]:
    """A column of the baseline, or of a scenario of a title: its name then ends in which one it is."""
    key = name.rpartition("_s")[0] if title else name
    formula = ""
    if key == "case_change_pp":
        formula = f"{{{name.replace('change_pp', 'pct')}}}-{{baseline_pct}}"
    show: Show[Beside] = Show(
        head=f"reports.col_{key}",
        means=f"reports.mean_{key}",
        kind=kind,
        says=says,
        group="case" if title else "baseline",
        formula=formula,
        widest=14,
        params={"scenario": title} if title else {},
    )
    return Column(name, on={Surface.SHEET: show, **({} if page is None else {Surface.PAGE: page})})


def _beside_columns(results: Sequence[Result], criterion: Criterion, lang: Lang) -> tuple[Column[Beside], ...]:
    """A group of columns a scenario; on the page one a scenario: how likely what is spoken of is, and its change."""
    both = (criterion, criterion.other)

    def chance(o: Outcome, one: Criterion, v: View) -> str:
        return words.probability(o.p(one), v.lang, evidence=o.case.evidence)

    def first(r: Beside, v: View) -> Said:
        return Cell(chance(r.base, criterion, v), t("ui.gap", v.lang, gap=words.gap(r.base.gap_pp, v.lang)))

    def of(k: int, one: Criterion) -> tuple[Column[Beside], ...]:
        def page(r: Beside, v: View) -> Said:
            o = r.cases[k].outcome
            return Cell(chance(o, one, v), t("ui_scenario.moved", v.lang, change=moved(o, one)))

        title = results[k].scenario.title or results[k].scenario.name
        show: Show[Beside] | None = Show(label=title, says=page) if one is criterion else None
        return (
            _beside(
                f"case_{one}_s{k + 1}", Kind.CHANCE, lambda r, v: chance(r.cases[k].outcome, one, v), title=title,
                page=show,
            ),
            _beside(
                f"case_{one}_change_s{k + 1}", Kind.SHORT, lambda r, _: moved(r.cases[k].outcome, one), title=title
            ),
        )  # fmt: skip

    def case(k: int) -> Iterator[Column[Beside]]:
        title, end = results[k].scenario.title or results[k].scenario.name, f"_s{k + 1}"
        pct, change = (
            lambda r, _: r.cases[k].outcome.growth.median_pct,
            lambda r, _: r.cases[k].outcome.change_growth_pp,
        )
        yield _beside(f"case_pct{end}", Kind.PERCENT, pct, title=title)
        yield _beside(f"case_change_pp{end}", Kind.FINE_POINTS, change, title=title)
        for one in both:
            yield from of(k, one)
        yield _beside(f"case_range{end}", Kind.SHORT, lambda r, _: _range(r.cases[k].spread), title=title)

    name: Show[Beside] = Show(says=lambda r, v: case_name(r.base.case, v.lang))
    named: Show[Beside] = Show(head="ui_scenario.head_indicator", says=lambda r, v: target_name(r.base.case, v.lang))
    now: Show[Beside] = Show(label=t("scenario.baseline", lang), says=first)
    return (
        Column("no", Kind.WHOLE, value=lambda r: r.no, on={Surface.SHEET: Show()}),
        Column("indicator", on={Surface.SHEET: name, Surface.PAGE: named}),
        _beside("baseline_pct", Kind.PERCENT, lambda r, _: r.base.growth.median_pct),
        _beside("baseline_province_pct", Kind.PERCENT, lambda r, _: r.base.benchmark_growth.median_pct),
        *(
            _beside(
                f"baseline_{one}", Kind.CHANCE, lambda r, v, one=one: chance(r.base, one, v),  # type: ignore[misc]
                page=now if one is criterion else None,
            )
            for one in both
        ),
        *(column for k in range(len(results)) for column in case(k)),
    )  # fmt: skip


def _range(spread: Range | None) -> str | None:
    return None if spread is None else f"{spread.growth_pp[0]:+.2f}～{spread.growth_pp[1]:+.2f}"


def side_grid(results: Sequence[Result], unit: str, view: View) -> Grid:
    """A row a target, the baseline first, then scenarios; last how many are attained on average."""
    sides = [of_unit(result, unit) for result in results]
    rows = [
        Beside(no, outcomes[0], tuple(UnderScenario(r, o) for r, o in zip(results[1:], outcomes[1:], strict=True)))
        for no, outcomes in enumerate(zip(*sides, strict=True), 1)
    ]
    columns = _beside_columns(results[1:], view.criterion, view.lang)
    made = Table(name="side", columns=columns, rows=rows).grid(view, caption=t("ui_scenario.compare", view.lang))
    means = (f"{words.rounded(result.joint(view.criterion).expected, 0.1):.1f}" for result in results)
    event = words.event_name(view.criterion, view.lang)
    last = (t("ui_scenario.expected_row", view.lang, event=event), *means)
    return replace(made, rows=(*made.rows, tuple(Cell(text) for text in last)))


def scenario_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """情景推演对比: a row an indicator, a group of columns a scenario; without one the baseline alone."""
    study, results = dossier.study, dossier.scenarios
    sides = [outcomes_of(study, result) for result in results]
    rows = [
        Beside(
            no + 1,
            base,
            tuple(
                UnderScenario(r, side[no], study.ranges.get(r.scenario.name, {}).get(side[no].case.key))
                for r, side in zip(results, sides, strict=True)
            ),
        )
        for no, base in enumerate(outcomes_of(study, study.comparison.baseline))
    ]
    table = Table(name="scenarios", columns=_beside_columns(results, study.criterion, lang), rows=rows)
    note = [t("reports.note_scenarios", lang)]
    if any(study.ranges.get(r.scenario.name) for r in results):
        note.append(t("reports.note_ranges", lang))
    return Sheet(
        name="scenarios",
        tab=t("reports.tab_scenarios", lang),
        title=heading("scenarios", dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=table.fields(Surface.SHEET, lang),
        rows=table.values(View(lang=lang, surface=Surface.SHEET, criterion=study.criterion)),
        notes=(*note, *_described(results, lang)) if results else (t("reports.no_scenarios", lang),),
        mark=dossier.scenario_mark(lang),
        paper=Paper.A3 if len(results) > 2 else Paper.A4,
        frozen=2,
    )


def _described(results: Sequence[Result], lang: Lang) -> list[str]:
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
