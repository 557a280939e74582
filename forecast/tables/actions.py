"""What the actions of a scenario do: rows, months and money of each, its part in the change of a target, in words.

Invariant: parts of a change are shown so that they sum to the change that is printed, growth and probability alike
(held by ``tests/test_scenario_command.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from forecast.answers.attainment import standouts
from forecast.answers.chances import Case, Criterion, Outcome
from forecast.data.dataset import Dataset
from forecast.runs.session import Study
from forecast.scenario.actions import Measure
from forecast.scenario.actions.places import NO_SUPPORT
from forecast.scenario.contributions import (
    FROM_LEDGER,
    Contribution,
    Interaction,
    Points,
    Result,
    Trace,
    interactions,
    most_effective,
)
from forecast.scenario.ledger_rows import Range
from forecast.scenario.reader import Scenario
from forecast.tables import words
from forecast.tables.dossier import Dossier, heading, subtitle
from forecast.tables.kind import Kind, Value
from forecast.tables.notes import joint_sentence
from forecast.tables.table import Cell, Column, Grid, Said, Sentence, Sheet, Show, Surface, Table, View
from forecast.texts import Lang, t

_POINTS, _SHARE, _COUNT, _WHOLE = Kind.POINTS, Kind.SHARE, Kind.COUNT, Kind.WHOLE
FINE: Final = 3
"""Decimals of growth and points: a scenario may move a target by less than what is published."""
STEP_PP: Final = 0.01
"""Points at which parts of a change of the gap are shown."""
LEAST_INTERACTION: Final = 0.05
"""Interaction from which it is mentioned, points."""
MOST: Final = 3
"""Actions that a leader is told of."""


type On[R] = Mapping[str, Show[R]] | None


def label(study: Study, scenario: str) -> str:
    """What must stand beside every number of a scenario that rests on synthetic rows; empty otherwise."""
    synthetic = study.run.dataset.config.synthetic or any(tr.synthetic for tr in study.traces.get(scenario, ()))
    return t("scenario.synthetic", "zh") if synthetic else ""


def filed[R](
    name: str,
    value: Callable[[R], Value],
    kind: Kind = Kind.TEXT,
    digits: int | None = None,
    *,
    on: On[R] = None,
    **more: Show[R],
) -> Column[R]:
    """A column of the files of scenarios; ``on``, ``more``: where else it stands, by name of the surface."""
    if digits is None and kind in (Kind.PERCENT, _POINTS, Kind.MONEY):
        digits = FINE
    file: Show[R] = Show()
    shows = {Surface.FILE: file, **{Surface(surface): show for surface, show in {**(on or {}), **more}.items()}}
    return Column(name, kind, "scenario", value=value, digits=digits, on=shows)


def keyed[R](case: Callable[[R], Case], **on: Show[R]) -> tuple[Column[R], ...]:
    """Indicator, unit and kind of the target that a row is about."""
    return (
        filed("indicator", lambda r: case(r).target.indicator, on=on),
        filed("unit", lambda r: case(r).target.unit),
        filed("target_kind", lambda r: case(r).target.kind.value),
    )


def of_city(case: Case, city: str) -> bool:
    """Whether a target is one of the city against the province's average."""
    return case.target.unit == city and case.target.yearly_average


def case_name(case: Case, lang: Lang) -> str:
    """Name of a target's indicator."""
    return words.indicator_name(case.target.indicator, case.name_zh, lang)


@dataclass(frozen=True, slots=True)
class ActionLine:
    """A row: an action of a scenario, and what it does to an indicator; ``points`` None where it does nothing."""

    result: Result
    trace: Trace
    points: Points | None

    @property
    def scenario(self) -> str:
        """Name of the scenario."""
        return self.result.scenario.name

    @property
    def overlaps(self) -> str:
        """Other actions of the same rows."""
        mine = self.trace.measure.id
        group = next((g for g in self.result.overlaps if mine in g), ())
        return " ".join(one for one in group if one != mine)


ACTIONS: Final[tuple[Column[ActionLine], ...]] = (
    filed("scenario", lambda r: r.scenario),
    filed("action", lambda r: r.trace.measure.id),
    filed("type", lambda r: r.trace.measure.type),
    filed("first_month", lambda r: str(r.trace.first or "")),
    filed("last_month", lambda r: str(r.trace.last or "")),
    filed("selected", lambda r: r.trace.selected, _WHOLE),
    filed("counted", lambda r: r.trace.counted, _WHOLE),
    filed("expected", lambda r: r.trace.expected, _COUNT),
    filed("places", lambda r: " ".join(r.trace.places)),
    filed("money_yi", lambda r: sum(r.trace.money_yi.values()) or None, Kind.MONEY),
    filed("indicator", lambda r: r.points.indicator if r.points else ""),
    filed("change_growth_pp", lambda r: r.points.mean_pp if r.points else 0.0, _POINTS),
    filed("change_p10_pp", lambda r: r.points.p10_pp if r.points else 0.0, _POINTS),
    filed("change_p90_pp", lambda r: r.points.p90_pp if r.points else 0.0, _POINTS),
    filed("assumptions", lambda r: "; ".join(f"{k}={v}" for k, v in r.trace.assumptions.items())),
    filed("overlaps", lambda r: r.overlaps),
    filed("synthetic", lambda r: int(r.trace.synthetic), _WHOLE),
    filed("label", lambda r: t("scenario.synthetic", "zh") if r.trace.synthetic else ""),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contributed:
    """A row: what an action of a scenario brings to a target.

    outcome : of the target under the scenario, whose levels its changes are read from
    gap_pp, points : its part in the change of the gap and of the probability of what is spoken of, as printed
    named : what the action is, for people; bar : of the page, as in ``Cell``; first : whether its target's first row
    """

    result: Result
    of: Contribution
    outcome: Outcome
    criterion: Criterion
    gap_pp: float
    points: int
    label: str = ""
    named: str = ""
    bar: int = 0
    first: bool = True

    @property
    def scenario(self) -> str:
        """Name of the scenario."""
        return self.result.scenario.name

    @property
    def alone(self) -> str:
        """Change of the printed probability by the action alone."""
        before = self.outcome.p_before(self.criterion)
        return _moved(before + self.of.alone(self.criterion), before, self.outcome.case)

    @property
    def without(self) -> str:
        """What the printed probability loses without it, as its gain."""
        now = self.outcome.p(self.criterion)
        return _moved(now, now - self.of.without(self.criterion), self.outcome.case)


def _moved(p: float, before: float, case: Case) -> str:
    now, then = (min(max(one, 0.0), 1.0) for one in (p, before))
    return words.level_change(now, then, evidence=case.evidence)


def moved(o: Outcome, criterion: Criterion) -> str:
    """Change of a target's probability against the baseline: the difference of the printed levels, points."""
    return words.level_change(o.p(criterion), o.p_before(criterion), evidence=o.case.evidence)


def contributed(
    result: Result, found: Sequence[Contribution], criterion: Criterion, *, label: str = ""
) -> list[Contributed]:
    """A row a contribution, in their order; parts of a target sum to its change, as printed."""
    gaps, points = {}, {}
    outcomes = {o.case.key: o for o in result.outcomes}
    for key, o in outcomes.items():
        mine = [c for c in found if c.case.key == key]
        shares = [c.share(criterion) for c in mine]
        split = words.level_shares(shares, o.p(criterion), o.p_before(criterion), evidence=o.case.evidence)
        for c, gap, step in zip(mine, words.split([c.share_gap_pp for c in mine], STEP_PP), split, strict=True):
            gaps[c.action, key], points[c.action, key] = gap, step
    return [
        Contributed(
            result=result,
            of=c,
            outcome=outcomes[c.case.key],
            criterion=criterion,
            gap_pp=gaps[c.action, c.case.key],
            points=points[c.action, c.case.key],
            label=label,
            named=c.action,
        )
        for c in found
    ]


def shown_of(rows: Sequence[Contributed], case: Case, *, every: bool = False) -> list[Contributed]:
    """Rows of a target that show anything, or all, the largest part first; those left out sum to nothing."""
    mine = [r for r in rows if r.of.case.key == case.key and (every or r.gap_pp or r.points)]
    mine.sort(key=lambda r: -abs(r.of.share_gap_pp))
    most = max((abs(r.gap_pp) for r in mine), default=0.0) or 1.0
    return [replace(r, first=k == 0, bar=round(100.0 * r.gap_pp / most)) for k, r in enumerate(mine)]


def _signed(points: int) -> str:
    return f"{points:+d}" if points else "0"


def _signed_gap(row: Contributed) -> str:
    return f"{row.gap_pp:+.2f}" if row.gap_pp else "0.00"


def _seen(name: str, says: Callable[[Contributed, View], Said], *, left: bool = False) -> Show[Contributed]:
    return Show(name=name, head=f"scenario.head_{name}", says=says, left=left, fold=left)


def _read(name: str, says: Callable[[Contributed, View], Said]) -> Show[Contributed]:
    return Show(name=name, head=f"ui_scenario.contribution_{name}", says=says)


def _act(name: str, kind: Kind, says: Callable[[Contributed, View], Said], key: str = "") -> Show[Contributed]:
    return Show(
        name=name, head=f"reports.col_{key or 'act_' + name}", means=f"reports.mean_{key or 'act_' + name}",
        kind=kind, says=says,
    )  # fmt: skip


def _changes(name: str, says: Callable[[Contributed], str]) -> dict[str, Show[Contributed]]:
    """A change of the probability of what is spoken of, on every surface for people."""
    return {
        "terminal": _seen(name, lambda r, _: says(r)),
        "page": _read(name, lambda r, _: says(r)),
        "sheet": _act(f"{name}_near", Kind.SHORT, lambda r, _: says(r)),
    }


CONTRIBUTIONS: Final[tuple[Column[Contributed], ...]] = (
    filed(
        "scenario",
        lambda r: r.scenario,
        sheet=_act("scenario", Kind.TEXT, lambda r, _: r.result.scenario.title or r.scenario),
    ),
    filed(
        "action",
        lambda r: r.of.action,
        terminal=_seen("action", lambda r, _: r.of.action, left=True),
        page=_read("action", lambda r, _: Cell(r.named, bar=r.bar)),
        sheet=_act("action", Kind.TEXT, lambda r, _: r.of.action),
    ),
    *keyed(
        lambda r: r.of.case,
        terminal=_seen("indicator", lambda r, v: case_name(r.of.case, v.lang) if r.first else "", left=True),
        sheet=_act("indicator", Kind.TEXT, lambda r, v: case_name(r.of.case, v.lang), "indicator"),
    ),
    filed(
        "alone_gap_pp",
        lambda r: r.of.alone_gap_pp,
        _POINTS,
        4,
        sheet=_act("alone_pp", Kind.FINE_POINTS, lambda r, _: r.of.alone_gap_pp),
    ),
    filed("alone_reach", lambda r: r.of.alone_reach, _SHARE),
    filed("alone_near", lambda r: r.of.alone_near, _SHARE, on=_changes("alone", lambda r: r.alone)),
    filed("without_reach", lambda r: r.of.without_reach, _SHARE),
    filed("without_near", lambda r: r.of.without_near, _SHARE, on=_changes("without", lambda r: r.without)),
    filed(
        "share_gap_pp",
        lambda r: r.of.share_gap_pp,
        _POINTS,
        4,
        terminal=_seen("share_gap", lambda r, _: _signed_gap(r)),
        page=_read("share_gap", lambda r, _: _signed_gap(r)),
        sheet=_act("share_pp", Kind.FINE_POINTS, lambda r, _: r.gap_pp),
    ),
    filed("share_reach", lambda r: r.of.share_reach, _SHARE),
    filed("share_near", lambda r: r.of.share_near, _SHARE, on=_changes("share", lambda r: _signed(r.points))),
    filed("share_mcse", lambda r: r.of.share_se, _SHARE),
    filed("label", lambda r: r.label),
)
_ORDER: Final[Mapping[Surface, tuple[str, ...]]] = {
    Surface.TERMINAL: ("indicator", "action", "alone", "without", "share", "share_gap"),
    Surface.PAGE: ("action", "share", "share_gap", "alone", "without"),
    Surface.SHEET: (
        *("scenario", "indicator", "action", "alone_pp", "share_pp", "alone_near", "without_near", "share_near"),
    ),
}


def contribution_table(rows: Sequence[Contributed], criterion: Criterion, lang: Lang) -> Table[Contributed]:
    """What actions bring to targets."""
    params = {"event": words.event_name(criterion, lang)}
    return Table(name="contributions", columns=CONTRIBUTIONS, rows=rows, order=_ORDER, params=params)


def contribution_grid(study: Study, result: Result, view: View) -> Grid:
    """What every action brings to the city's targets, for a terminal."""
    city = study.run.dataset.config.city
    rows = contributed(result, study.contributions[result.scenario.name], view.criterion)
    blocks = [shown_of(rows, case) for case in study.comparison.cases if of_city(case, city)]
    shown = [row for block in blocks for row in block]
    caption = t("scenario.title_contributions", view.lang, scenario=result.scenario.title)
    made = contribution_table(shown, view.criterion, view.lang).grid(view, caption=caption)
    ends = {k - 1 for k, row in enumerate(shown) if row.first and k} | {len(shown) - 1}
    return replace(made, ends=frozenset(ends))


def contribution_page(result: Result, found: Sequence[Contribution], case: Case, dataset: Dataset, view: View) -> Grid:
    """What every action brings to one target, the largest part first, for a page."""
    names = {m.id: action_name(m, dataset, view.lang) for m in result.scenario.actions}
    rows = [replace(r, named=names[r.of.action]) for r in contributed(result, found, view.criterion)]
    caption = t("scenario.title_contributions", view.lang, scenario=result.scenario.title)
    return contribution_table(shown_of(rows, case, every=True), view.criterion, view.lang).grid(view, caption=caption)


def action_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """措施贡献: what every action does alone, what is lost without it, and its part in the change, by indicator."""
    config = dossier.run.dataset.config
    criterion = Criterion(config.criterion)
    view = View(lang=lang, surface=Surface.SHEET, criterion=criterion)
    rows = [
        row
        for result in dossier.scenarios
        for row in contributed(result, dossier.study.contributions[result.scenario.name], criterion)
        if of_city(row.of.case, config.city) and (row.gap_pp or row.points)
    ]
    table = contribution_table(rows, criterion, lang)
    return Sheet(
        name="actions",
        tab=t("reports.tab_actions", lang),
        title=heading("actions", dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=table.fields(Surface.SHEET, lang),
        rows=table.values(view),
        notes=(t("reports.note_actions", lang),) if rows else (t("reports.no_scenarios", lang),),
        mark=dossier.scenario_mark(lang),
        frozen=2,
    )


@dataclass(frozen=True, slots=True)
class Interacting:
    """A row: what the actions of a scenario do together beyond the sum of what each does alone."""

    study: Study
    scenario: str
    of: Interaction


_OF_INTERACTION: Final[tuple[Column[Interacting], ...]] = keyed(lambda r: r.of.case)
INTERACTIONS: Final[tuple[Column[Interacting], ...]] = (
    filed("scenario", lambda r: r.scenario),
    *_OF_INTERACTION,
    filed("interaction_gap_pp", lambda r: r.of.gap_pp, _POINTS),
    filed("change_reach", lambda r: r.of.reach, _SHARE),
    filed("change_near", lambda r: r.of.near, _SHARE),
    filed("label", lambda r: label(r.study, r.scenario)),
)


def interaction_notes(study: Study, result: Result, lang: Lang) -> Iterator[str]:
    """What actions do together beyond the sum of what each does alone."""
    for found in interactions(result, study.contributions[result.scenario.name]):
        if of_city(found.case, study.run.dataset.config.city) and abs(found.gap_pp) >= LEAST_INTERACTION:
            name, title = case_name(found.case, lang), result.scenario.title
            gap = f"{words.rounded(found.gap_pp, STEP_PP):+.2f}"
            yield t("scenario.note_interaction", lang, scenario=title, indicator=name, gap=gap)


def range_text(one: Range | None, o: Outcome, criterion: Criterion, lang: Lang) -> str:
    """Range of the change over regenerated ledgers; empty without one."""
    if one is None:
        return ""
    before = o.p_before(criterion)
    low, high = (_moved(before + change, before, o.case) for change in one.of(criterion))
    low_pp, high_pp = (words.effect(pp) for pp in one.growth_pp)
    event = words.event_name(criterion, lang)
    params = {"n": one.ledgers, "event": event, "low": low, "high": high, "low_pp": low_pp, "high_pp": high_pp}
    return t("ui_scenario.range", lang, **params)


def explained(study: Study, lang: Lang) -> Iterator[Sentence]:
    """Per action: months, rows, money, points of growth of each indicator, and the assumptions used."""
    plain = (0, 0, 0, 0)
    for result in study.comparison.results:
        title = t("scenario.title_explain", lang, scenario=result.scenario.title)
        yield Sentence(title, bold=True, pad=plain)
        for trace in study.traces[result.scenario.name]:
            yield from (Sentence(line, pad=plain) for line in _explained(trace, study, lang))
        yield Sentence("", pad=plain)


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


def scenario_sentence(result: Result, scenario: Scenario, criterion: Criterion, lang: Lang) -> str:
    """The sentence of the page for leaders, under a scenario."""
    knowledge = words.knowledge(result.before.as_of, lang)
    mine = [o for o in result.outcomes if o.case.in_assessment]
    return joint_sentence(
        result.near,
        result.reach,
        criterion=criterion,
        as_of=t("ui_overview.under", lang, as_of=knowledge, scenario=scenario.title),
        marked=standouts([(o.p(criterion), o.case.target.indicator) for o in mine]),
        names={o.case.target.indicator: case_name(o.case, lang) for o in mine},
        lang=lang,
    )


def effective_actions(
    result: Result, found: Sequence[Contribution], dataset: Dataset, criterion: Criterion, lang: Lang
) -> list[str]:
    """The actions that bring most, each with the indicator that it helps most."""
    rows = {(r.of.action, r.of.case.key): r for r in contributed(result, found, criterion)}
    ranked = most_effective(found, result.scenario, criterion=criterion, most=MOST)
    return [_effect(one.measure, rows[one.measure.id, one.best.case.key], dataset, lang) for one in ranked]


def _effect(measure: Measure, row: Contributed, dataset: Dataset, lang: Lang) -> str:
    """Its part in the gap, and what the printed probability loses without it where it loses anything."""
    o, criterion = row.outcome, row.criterion
    now, then = o.p(criterion), min(max(o.p(criterion) - row.of.without(criterion), 0.0), 1.0)
    levels = [words.probability(p, lang, evidence=o.case.evidence) for p in (then, now)]
    event = words.event_name(criterion, lang)
    more = t("ui_overview.effect_level", lang, event=event, without=levels[0], now=levels[1])
    return t(
        "ui_overview.effect",
        lang,
        action=action_name(measure, dataset, lang),
        indicator=case_name(o.case, lang),
        gap=words.gap_phrase(row.of.share_gap_pp, lang).strip("，, "),
        level=more if levels[0] != levels[1] else "",
    )


def action_name(measure: Measure, dataset: Dataset, lang: Lang) -> str:
    """What an action is, and of whom: 企业复产（99户停产企业）."""
    kind = t(f"scenario.type_{measure.type}", lang)
    return t("ui_overview.action", lang, kind=kind, about=_about(measure, dataset, lang))


def _about(measure: Measure, dataset: Dataset, lang: Lang) -> str:
    """The action's own note, else the place, indicator or industry that it is about, else its id."""
    action, panel = measure.action, dataset.panel
    if note := getattr(action, "note", None):
        return str(note)
    parts = []
    unit, indicator = str(getattr(action, "unit", "")), str(getattr(action, "indicator", ""))
    if unit in panel.units:
        parts.append(words.unit_name(panel.units[unit], lang))
    if (industry := getattr(action, "industry", None)) is not None:
        rows = panel.industries[panel.industries["industry"] == industry]
        parts.append(str(rows["name_zh"].iloc[0]) if lang == "zh" and len(rows) else str(industry))
    if indicator in panel.indicators:
        parts.append(words.indicator_name(indicator, panel.indicators[indicator].name_zh, lang))
    return t("ui.space", lang).join(parts) or measure.id
