"""Scenarios side by side in the terminal, and the explanation of every action. Layout only, no arithmetic.

Invariant: every number shown is a field of ``Study`` (held by ``tests/test_scenario_command.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from forecast.answers.chances import Criterion, Outcome
from forecast.data.target import TargetKind
from forecast.draws.condition import Route
from forecast.draws.gdp import ERROR_CORRELATION
from forecast.runs.session import Study
from forecast.scenario.actions.places import NO_SUPPORT
from forecast.scenario.contributions import FROM_LEDGER, Contribution, Result, Trace, interactions
from forecast.tables import words
from forecast.tables.scenarios import label
from forecast.texts import Lang, t

WIDE: Final = (
    "indicator",
    "scenario",
    "forecast",
    "gap",
    "reach",
    "change_reach",
    "near",
    "change_near",
    "better",
)
NARROW: Final = ("indicator", "scenario", "gap", "reach", "near", "change_near")
WIDE_FROM: Final = 110
"""Columns of screen from which the whole table is shown."""
TEXTS: Final = frozenset({"indicator", "scenario"})
LEAST_INTERACTION: Final = 0.005
"""Interaction from which it is mentioned: half a point of probability, or a twentieth of a point of growth."""


def render_study(study: Study, *, lang: Lang, files: Sequence[str] = ()) -> RenderableType:
    """The city's indicators under every scenario, what can be said of them together, contributions and notes."""
    return _Page(study, lang, tuple(files))


@dataclass(frozen=True, slots=True)
class _Page:
    study: Study
    lang: Lang
    files: tuple[str, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        study, lang = self.study, self.lang
        yield _table(study, WIDE if options.max_width >= WIDE_FROM else NARROW, lang)
        yield Text()
        for result in study.comparison.results:
            if study.contributions[result.scenario.name]:
                yield _contributions(study, result, lang)
                yield Text()
        yield from (Text(note) for note in _notes(study, lang))
        if self.files:
            yield Text(t("report.note_files", lang, list=t("glossary.and", lang).join(self.files)))


def _new_table(title: str, columns: Sequence[tuple[str, bool]], lang: Lang) -> Table:
    table = Table(title=Text(title), box=box.SIMPLE_HEAVY, show_edge=False, pad_edge=False, title_justify="left")
    for name, left in columns:
        head = t(f"scenario.head_{name}", lang)
        if left:
            table.add_column(head, overflow="fold")
        else:
            table.add_column(head, justify="right", no_wrap=True)
    return table


def _mine(study: Study, result: Result) -> list[Outcome]:
    """Outcomes of the city's targets against the province's average, official order."""
    city = study.run.dataset.config.city
    return [
        o for o in result.outcomes if o.case.target.unit == city and o.case.target.kind is TargetKind.PROVINCE_AVERAGE
    ]


def _table(study: Study, columns: Sequence[str], lang: Lang) -> Table:
    """A block an indicator: the baseline, then the scenarios that change anything."""
    table = _new_table(_title(study, lang), [(name, name in TEXTS) for name in columns], lang)
    rows = [_mine(study, result) for result in study.comparison.all]
    for k in range(len(rows[0])):
        block = [
            (result, outcomes[k])
            for result, outcomes in zip(study.comparison.all, rows, strict=True)
            if result is study.comparison.baseline or outcomes[k].change_gap_pp != 0.0
        ]
        for i, (result, outcome) in enumerate(block):
            cells = _cells(result if i else None, outcome, lang)
            table.add_row(*(cells[name] for name in columns), end_section=i == len(block) - 1)
    return table


def _cells(result: Result | None, o: Outcome, lang: Lang) -> dict[str, str]:
    """One row by column; ``result`` None is the baseline."""
    chances = {"reach": o.p_reach, "near": o.p_near}
    shown = {name: words.probability(p, lang, evidence=o.case.evidence) for name, p in chances.items()}
    return shown | {
        "indicator": "" if result else words.indicator_name(o.case.target.indicator, o.case.name_zh, lang),
        "scenario": result.scenario.title if result else t("scenario.baseline", lang),
        "forecast": words.growth(o.growth.median_pct, lang),
        "gap": words.gap(o.gap_pp, lang),
        "change_reach": moved(o, Criterion.REACH) if result else "",
        "change_near": moved(o, Criterion.NEAR) if result else "",
        "better": words.probability(o.p_better, lang, evidence=o.case.evidence) if result else "",
    }


def _title(study: Study, lang: Lang) -> str:
    config, units = study.run.dataset.config, study.run.dataset.panel.units
    return t(
        "scenario.title",
        lang,
        city=words.unit_name(units[config.city], lang),
        year=config.target_year,
        as_of=words.knowledge(study.run.paths.as_of, lang),
    )


def moved(o: Outcome, criterion: Criterion) -> str:
    """Change of a target's probability against the baseline: the difference of the printed levels, points."""
    near = criterion is Criterion.NEAR
    p, moved_by = (o.p_near, o.change_near) if near else (o.p_reach, o.change_reach)
    return words.level_change(p, min(max(p - moved_by, 0.0), 1.0), evidence=o.case.evidence)


def change(p: float, lang: Lang) -> str:
    """Change of a probability in whole points: ``+6``; ``<1`` and ``>-1`` for less than half a point."""
    shown = words.rounded(p * 100.0, 1.0)
    if shown == 0.0:
        size = "none" if p == 0.0 else "small" if p > 0.0 else "small_down"
        return t(f"scenario.change_{size}", lang)
    return f"{shown:+.0f}"


def _contributions(study: Study, result: Result, lang: Lang) -> Table:
    name = result.scenario.name
    columns = [("indicator", True), ("action", True), ("alone", False), ("without", False), ("share", False)]
    columns.append(("share_gap", False))
    table = _new_table(t("scenario.title_contributions", lang, scenario=result.scenario.title), columns, lang)
    city = study.run.dataset.config.city
    shown = [c for c in study.contributions[name] if _worth_showing(c, city)]
    for case in study.comparison.cases:
        mine = sorted((c for c in shown if c.case.key == case.key), key=lambda c: -abs(c.alone_near))
        gaps = words.split([c.share_gap_pp for c in mine], 0.01)
        for k, (c, gap) in enumerate(zip(mine, gaps, strict=True)):
            indicator = words.indicator_name(case.target.indicator, case.name_zh, lang) if k == 0 else ""
            numbers = (change(c.alone_near, lang), change(c.without_near, lang), change(c.share_near, lang))
            last = k == len(mine) - 1
            table.add_row(indicator, c.action, *numbers, f"{gap:+.2f}", end_section=last)
    return table


def _worth_showing(c: Contribution, city: str) -> bool:
    target = c.case.target
    return target.unit == city and target.kind is TargetKind.PROVINCE_AVERAGE and abs(c.share_gap_pp) >= 0.005


def render_explanation(study: Study, *, lang: Lang) -> RenderableType:
    """Per action: months, rows, money, points of growth of each indicator, and the assumptions used."""
    parts: list[RenderableType] = []
    for result in study.comparison.results:
        traces = study.traces[result.scenario.name]
        parts.append(Text(t("scenario.title_explain", lang, scenario=result.scenario.title), style="bold"))
        for trace in traces:
            parts += [Text(line) for line in _explained(trace, study, lang)]
        parts.append(Text())
    return Group(*parts)


def _explained(trace: Trace, study: Study, lang: Lang) -> Iterator[str]:
    name = t(f"scenario.type_{trace.measure.type}", lang)
    note = t("scenario.note_of", lang, note=trace.measure.action.note) if trace.measure.action.note else ""
    yield t("scenario.explain_head", lang, id=trace.measure.id, name=name, note=note)
    if trace.first is None:
        yield "  " + t("scenario.explain_nothing", lang)
    elif trace.selected:
        counts = {"selected": trace.selected, "counted": trace.counted, "expected": f"{trace.expected:.0f}"}
        span = {"first": trace.first, "last": trace.last, "places": len(trace.places)}
        yield "  " + t("scenario.explain_rows", lang, **counts, **span)
    else:
        yield "  " + t("scenario.explain_span", lang, first=trace.first, last=trace.last)
    for indicator, money in trace.money_yi.items():
        if money:
            name = _name(study, indicator, lang)
            yield "  " + t("scenario.explain_money", lang, indicator=name, money=f"{money:+.2f}")
    items = [
        t(
            "scenario.explain_points_item",
            lang,
            indicator=_name(study, p.indicator, lang),
            mean=f"{p.mean_pp:+.2f}",
            low=f"{p.p10_pp:+.2f}",
            high=f"{p.p90_pp:+.2f}",
        )
        for p in trace.points
    ]
    if items:
        yield "  " + t("scenario.explain_points", lang, list=t("glossary.comma", lang).join(items))
    stated = [f"{t('scenario.assume_' + key, lang)} {_stated(value, lang)}" for key, value in trace.assumptions.items()]
    yield "  " + t("scenario.explain_assumptions", lang, list=t("glossary.comma", lang).join(stated))
    if trace.synthetic:
        yield "  " + t("scenario.synthetic", lang)


def _stated(value: str, lang: Lang) -> str:
    """Value of an assumption; what the ledger says, or that nothing supports a fill, in words."""
    words_of = {FROM_LEDGER: "scenario.from_ledger", NO_SUPPORT: "scenario.no_support"}
    return t(words_of[value], lang) if value in words_of else value


def _name(study: Study, indicator: str, lang: Lang) -> str:
    found = study.run.dataset.panel.indicators.get(indicator)
    return words.indicator_name(indicator, found.name_zh if found else indicator, lang)


def _notes(study: Study, lang: Lang) -> Iterator[str]:
    for result in study.comparison.all:
        name = t("scenario.baseline", lang) if result is study.comparison.baseline else result.scenario.title
        if result.near.judged:
            near, reach = result.near, result.reach
            numbers = {"near": f"{near.expected:.1f}", "reach": f"{reach.expected:.1f}", "judged": near.judged}
            yield t("scenario.note_joint", lang, scenario=name, **numbers)
    for result in study.comparison.results:
        for group in result.overlaps:
            actions = t("glossary.and", lang).join(group)
            yield t("scenario.note_overlap", lang, scenario=result.scenario.title, actions=actions)
        yield from _interaction_notes(study, result, lang)
        yield from _range_notes(study, result, lang)
    if study.given:
        key = "note_given_shift" if study.given.route is Route.SHIFT else "note_given"
        given = t("glossary.and", lang).join(map(str, study.given.given))
        share = words.percent(study.given.probability)
        yield t(f"scenario.{key}", lang, given=given, percent=share, effective=f"{study.given.effective:.0f}")
    city, pool = study.run.dataset.config.city, study.pool
    if pool and city in pool.direct:
        weight = words.percent(pool.weight)
        covered = words.percent(pool.covered)
        means = {
            "direct": words.growth(float(pool.direct[city].mean()) * 100.0, lang),
            "bridge": words.growth(float(pool.bridge[city].mean()) * 100.0, lang),
        }
        rho = f"{ERROR_CORRELATION:g}"
        yield t("scenario.note_pool", lang, weight=weight, covered=covered, correlation=rho, **means)
    yield t("scenario.note_additionality", lang)
    if any(label(study, r.scenario.name) for r in study.comparison.results):
        yield t("scenario.synthetic", lang)


def _interaction_notes(study: Study, result: Result, lang: Lang) -> Iterator[str]:
    """What actions do together beyond the sum of what each does alone."""
    for found in interactions(result, study.contributions[result.scenario.name]):
        case = found.case
        if case.target.unit != study.run.dataset.config.city or case.target.kind is not TargetKind.PROVINCE_AVERAGE:
            continue
        if max(abs(found.near), abs(found.gap_pp) / 10.0) >= LEAST_INTERACTION:
            numbers = {"near": change(found.near, lang), "gap": f"{found.gap_pp:+.2f}"}
            name = words.indicator_name(case.target.indicator, case.name_zh, lang)
            yield t("scenario.note_interaction", lang, scenario=result.scenario.title, indicator=name, **numbers)


def _range_notes(study: Study, result: Result, lang: Lang) -> Iterator[str]:
    found = study.ranges.get(result.scenario.name, {})
    for o in _mine(study, result):
        if (spread := found.get(o.case.key)) is not None and spread.growth_pp != (0.0, 0.0):
            low, high = (f"{v:+.2f}" for v in spread.growth_pp)
            name = words.indicator_name(o.case.target.indicator, o.case.name_zh, lang)
            params = {"indicator": name, "n": spread.ledgers, "low": low, "high": high}
            yield t("scenario.note_range", lang, scenario=result.scenario.title, **params)
