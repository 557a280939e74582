"""Scenarios side by side: a target a row, the baseline first, on a page and in the workbook (情景推演对比).

Invariant: every number is a field of ``Outcome``; the change of a growth is written as the formula that gives it
(held by ``tests/test_report_sheets.py`` and ``tests/test_app_scenario.py``).

What if it turns out so: targets on draws that were conditioned on an outcome, beside the draws as they are.

Invariant: a sure outcome changes nothing (held by ``tests/test_app_indicator.py``); page, workbook, brief and scheme
show the same numbers of an outcome (held by ``tests/test_one_number.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from forecast.answers.chances import Criterion, Outcome, Summary
from forecast.data.panel import Panel
from forecast.draws.condition import Route
from forecast.periods import Month
from forecast.runs.session import Explored
from forecast.scenario.contributions import Result
from forecast.scenario.ledger_rows import Range
from forecast.tables import words
from forecast.tables.actions import case_name, moved
from forecast.tables.dossier import Dossier, heading, subtitle
from forecast.tables.kind import Kind
from forecast.tables.scenarios import UnderScenario, of_unit, outcomes_of, target_name
from forecast.tables.table import Cell, Column, Grid, Paper, Said, Sheet, Show, Surface, Table, View, on_sheet
from forecast.texts import Lang, t


@dataclass(frozen=True, slots=True)
class Supposed:
    """A row of the worksheet: a target without and with an outcome; ``of``: the outcome as it is read."""

    of: str
    before: Outcome
    after: Outcome


def given_words(found: Explored, panel: Panel, lang: Lang) -> str:
    """The outcomes as they are read: 陕西省固定资产投资不低于+4.0%."""
    said = []
    for one in found.given.given:
        at = Month.parse(one.period) if one.period else None
        said.append(
            t(
                "ui_indicator.given_month" if at else "ui_indicator.given_year",
                lang,
                place=words.unit_name(panel.units[one.unit], lang),
                indicator=words.indicator_name(one.indicator, panel.indicators[one.indicator].name_zh, lang),
                month="" if at is None else words.month_name(at, lang),
                sign=t(f"ui_indicator.given_{SIGN_NAMES[one.sign]}", lang),
                growth=words.growth(one.growth_pct, lang),
            )
        )
    return t("glossary.and", lang).join(said)


SIGN_NAMES: Final = {">=": "least", "≥": "least", ">": "above", "<=": "most", "≤": "most", "<": "below"}


def _indicator(row: Supposed, view: View) -> Said:
    return words.indicator_name(row.before.case.target.indicator, row.before.case.name_zh, view.lang)


def _said(of: Callable[[Supposed], Outcome], p: Callable[[Outcome], float]) -> Callable[[Supposed, View], Said]:
    return lambda row, view: words.probability(p(of(row)), view.lang, evidence=row.before.case.evidence)


def _side(name: str, of: Callable[[Supposed], Outcome]) -> tuple[Column[Supposed], ...]:
    """What is told of a target on one side of the condition."""
    numbers: tuple[tuple[str, Kind, Callable[[Outcome], float]], ...] = (
        ("pct", Kind.PERCENT, lambda o: o.growth.median_pct),
        ("goal", Kind.PERCENT, lambda o: o.benchmark_growth.median_pct),
        ("gap", Kind.POINTS, lambda o: o.gap_pp),
    )
    chances: tuple[tuple[str, Callable[[Outcome], float]], ...] = (
        ("near", lambda o: o.p_near),
        ("reach", lambda o: o.p_reach),
    )

    def shown(part: str, kind: Kind, says: Callable[[Supposed, View], Said]) -> Column[Supposed]:
        show = on_sheet("given", part, kind, says, field=f"{name}_{part}", group=f"given_{name}", widest=12)
        return Column(f"{name}_{part}", on={Surface.SHEET: show})

    def number(value: Callable[[Outcome], float]) -> Callable[[Supposed, View], Said]:
        return lambda row, _: value(of(row))

    return (
        *(shown(part, kind, number(value)) for part, kind, value in numbers),
        *(shown(part, Kind.CHANCE, _said(of, p)) for part, p in chances),
    )


COLUMNS: Final[tuple[Column[Supposed], ...]] = (
    Column("given", on={Surface.SHEET: on_sheet("given", "given", Kind.TEXT, lambda r, _: r.of, widest=40)}),
    Column("indicator", on={Surface.SHEET: Show(says=_indicator, widest=24)}),
    *_side("before", lambda row: row.before),
    *_side("after", lambda row: row.after),
)


def given_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """条件推演: the city's targets against the average without and with every outcome that was asked about."""
    panel, city = dossier.run.dataset.panel, dossier.run.dataset.config.city
    rows = [
        Supposed(given_words(found, panel, lang), before, after)
        for found in dossier.explored
        for before, after in zip(found.before, found.after, strict=True)
        if after.case.target.unit == city and after.case.target.yearly_average
    ]
    table: Table[Supposed] = Table(name="given", columns=COLUMNS, rows=rows)
    how = [
        t("reports.note_given", lang, given=given_words(found, panel, lang), how=explored_text(found, lang))
        for found in dossier.explored
    ]
    return Sheet(
        name=table.name,
        tab=t("reports.tab_given", lang),
        title=heading("given", dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=table.fields(Surface.SHEET, lang),
        rows=table.values(View(lang=lang, surface=Surface.SHEET)),
        notes=tuple(how) or (t("reports.no_given", lang),),
        mark=dossier.mark(lang),
        frozen=2,
    )


def explored_text(found: Explored, lang: Lang) -> str:
    """How many draws are behind the answer, and whether they were weighted or moved."""
    key = {Route.WEIGHTS: "weights", Route.SHIFT: "shift", Route.NOTHING: "nothing"}[found.given.route]
    return t(
        f"ui_indicator.explorer_{key}",
        lang,
        percent=words.percent(found.given.probability),
        effective=f"{found.given.effective:.0f}",
    )


@dataclass(frozen=True, slots=True)
class Quantity:
    """A row: a quantity of a target, without and with an outcome."""

    name: str
    cells: tuple[Cell, ...]


def _explored_columns() -> tuple[Column[Quantity], ...]:
    def head(name: str) -> str:
        return f"ui_indicator.explorer_{name}"

    names: Show[Quantity] = Show(head=head("row"), left=True, says=lambda r, v: t(head(r.name), v.lang))
    sides = ("head_before", "head_after")
    return (
        Column("row", on={Surface.PAGE: names}),
        *(
            Column(side, on={Surface.PAGE: Show(head=head(side), says=lambda r, _, k=k: r.cells[k])})  # type: ignore[misc]
            for k, side in enumerate(sides)
        ),
    )


def explored_grid(found: Explored, key: tuple[str, str, str], view: View) -> Grid | None:
    """One target without and with the outcome; None where it is not judged."""
    both = [o for side in (found.before, found.after) for o in side if o.case.key == key]
    if len(both) < 2:
        return None
    lang, criterion = view.lang, view.criterion
    rows = [
        *(Quantity(one.value, tuple(_likely(o, one, view) for o in both)) for one in (criterion, criterion.other)),
        Quantity("forecast", tuple(_year(o.growth, lang) for o in both)),
        Quantity("benchmark", tuple(_year(o.benchmark_growth, lang) for o in both)),
        Quantity("gap", tuple(Cell(words.gap(o.gap_pp, lang)) for o in both)),
    ]
    table = Table(name="explored", columns=_explored_columns(), rows=rows)
    return table.grid(view, caption=t("ui_indicator.explorer", lang))


def _likely(o: Outcome, criterion: Criterion, view: View) -> Cell:
    """A probability; of what is spoken of also the word."""
    p, evidence = o.p(criterion), o.case.evidence
    word = words.band(p, view.lang, evidence=evidence) if criterion is view.criterion else ""
    return Cell(words.probability(p, view.lang, evidence=evidence), word)


def _year(of: Summary, lang: Lang) -> Cell:
    """A median with its interval; a constant without."""
    spread = "" if of.p10_pct == of.p90_pct else words.interval(of.p10_pct, of.p90_pct, lang)
    return Cell(words.growth(of.median_pct, lang), spread)


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
