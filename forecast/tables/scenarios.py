"""Tables of a study: scenarios, together and against each other, and GDP's two forecasts, on every surface.

Invariant: same study, same bytes; no probability is written as 0 or 1; every number shown is a field of ``Outcome`` in
the words of ``tables.words`` (held by ``tests/test_scenario_command.py`` and ``tests/test_app_scenario.py``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pandas as pd

from forecast.answers.attainment import Joint
from forecast.answers.chances import Case, Criterion, Outcome
from forecast.data.target import TargetKind
from forecast.dims import Floats, to_percent
from forecast.draws.condition import Route
from forecast.draws.gdp import ERROR_CORRELATION
from forecast.draws.paths import Pool
from forecast.runs.session import Study
from forecast.scenario.contributions import Result, interactions, p_better
from forecast.scenario.ledger_rows import Range
from forecast.tables import words
from forecast.tables.actions import (
    ACTIONS,
    CONTRIBUTIONS,
    FINE,
    INTERACTIONS,
    ActionLine,
    Interacting,
    case_name,
    contributed,
    contribution_grid,
    explained,
    filed,
    interaction_notes,
    keyed,
    label,
    moved,
    of_city,
)
from forecast.tables.dossier import provenance
from forecast.tables.kind import Kind, Value
from forecast.tables.table import (
    Block,
    Cell,
    Column,
    Grid,
    Said,
    Sentence,
    Show,
    Surface,
    Table,
    View,
    rounded,
)
from forecast.texts import Lang, t

_PERCENT, _POINTS, _P, _SHARE = Kind.PERCENT, Kind.POINTS, Kind.PROBABILITY, Kind.SHARE
_COUNT, _WHOLE = Kind.COUNT, Kind.WHOLE
WIDE_FROM: Final = 110
"""Columns of screen from which the whole table is shown."""


@dataclass(frozen=True, slots=True)
class UnderScenario:
    """A row: a target under a scenario.

    spread : over regenerated ledgers; before : the target without it, None for the baseline itself
    given, label : conditions of the study, and what must stand beside the number
    """

    result: Result
    outcome: Outcome
    spread: Range | None = None
    before: Outcome | None = None
    given: str = ""
    label: str = ""

    @property
    def scenario(self) -> str:
        """Name of the scenario."""
        return self.result.scenario.name

    @property
    def title(self) -> str:
        """Title of the scenario, or its name."""
        return self.result.scenario.title or self.scenario


type _Says = Callable[[UnderScenario, View], Said]


def _spread(value: Callable[[Range], Value]) -> Callable[[UnderScenario], Value]:
    return lambda r: None if r.spread is None else value(r.spread)


def _seen(name: str, says: _Says, *parts: str, left: bool = False) -> Show[UnderScenario]:
    return Show(name=name, head=f"scenario.head_{name}", says=says, parts=parts, left=left, fold=left)


def _read(name: str, text: Callable[[Outcome, Lang], str], change: Callable[[Outcome, Lang], str]) -> dict[str, Any]:
    """On the page: under the scenario, and below it the baseline and the change."""

    def says(r: UnderScenario, v: View) -> Cell:
        was = t("ui_scenario.was", v.lang, text=text(r.before or r.outcome, v.lang), change=change(r.outcome, v.lang))
        return Cell(text(r.outcome, v.lang), was)

    return {"page": Show(name=name, head=f"ui_scenario.head_{name}", says=says)}


def _chance(criterion: Criterion) -> Callable[[Outcome, Lang], str]:
    return lambda o, lang: words.probability(o.p(criterion), lang, evidence=o.case.evidence)


def _likely(criterion: Criterion) -> dict[str, Show[UnderScenario]]:
    """Probability on terminal and page."""
    text = _chance(criterion)
    seen = _seen(criterion.value, lambda r, v: text(r.outcome, v.lang), criterion.value)
    return {"terminal": seen, **_read(criterion.value, text, lambda o, _: moved(o, criterion))}


def _likelier(criterion: Criterion) -> dict[str, Show[UnderScenario]]:
    name = f"change_{criterion.value}"
    return {"terminal": _seen(name, lambda r, _: moved(r.outcome, criterion) if r.before else "", name)}


def _better(r: UnderScenario, v: View) -> Said:
    return words.probability(r.outcome.p_better, v.lang, evidence=r.outcome.case.evidence) if r.before else ""


def target_name(case: Case, lang: Lang) -> str:
    """Name of the indicator, with what it is held against where that is not the province's average."""
    name = case_name(case, lang)
    if case.target.yearly_average:
        return name
    plan = f" {words.planned(case.target, lang)}" if case.target.kind is TargetKind.PLAN else ""
    return t("ui_scenario.name_kind", lang, indicator=name, kind=f"{words.goal(case.target, lang)}{plan}")


WIDE: Final = "wide"
"""Part of the terminal's table that only a wide screen shows."""

SCENARIOS: Final[tuple[Column[UnderScenario], ...]] = (
    filed("scenario", lambda r: r.scenario),
    filed(
        "title",
        lambda r: r.result.scenario.title,
        terminal=_seen(
            "scenario",
            lambda r, v: r.result.scenario.title if r.before else t("scenario.baseline", v.lang),
            left=True,
        ),
    ),
    filed(
        "indicator",
        lambda r: r.outcome.case.target.indicator,
        terminal=_seen("indicator", lambda r, v: "" if r.before else case_name(r.outcome.case, v.lang), left=True),
        page=Show(head="ui_scenario.head_indicator", says=lambda r, v: target_name(r.outcome.case, v.lang)),
    ),
    filed("name_zh", lambda r: r.outcome.case.name_zh),
    filed("unit", lambda r: r.outcome.case.target.unit),
    filed("target_kind", lambda r: r.outcome.case.target.kind.value),
    filed("target_value", lambda r: r.outcome.case.target.value, _PERCENT),
    filed(
        "forecast_growth_pct",
        lambda r: r.outcome.growth.median_pct,
        _PERCENT,
        terminal=_seen("forecast", lambda r, v: words.growth(r.outcome.growth.median_pct, v.lang), WIDE),
        **_read(
            "forecast",
            lambda o, lang: words.growth(o.growth.median_pct, lang),
            lambda o, _: words.effect(o.change_growth_pp),
        ),
    ),
    filed("forecast_p10", lambda r: r.outcome.growth.p10_pct, _PERCENT),
    filed("forecast_p90", lambda r: r.outcome.growth.p90_pct, _PERCENT),
    filed("benchmark_forecast_pct", lambda r: r.outcome.benchmark_growth.median_pct, _PERCENT),
    filed(
        "gap_pp",
        lambda r: r.outcome.gap_pp,
        _POINTS,
        terminal=_seen("gap", lambda r, v: words.gap(r.outcome.gap_pp, v.lang)),
        **_read("gap", lambda o, lang: words.gap(o.gap_pp, lang), lambda o, _: words.effect(o.change_gap_pp)),
    ),
    filed("p_reach", lambda r: r.outcome.p_reach, _P, on=_likely(Criterion.REACH)),
    filed("p_near", lambda r: r.outcome.p_near, _P, on=_likely(Criterion.NEAR)),
    filed("p_mcse", lambda r: r.outcome.p_mcse, _SHARE),
    filed("change_growth_pp", lambda r: r.outcome.change_growth_pp, _POINTS),
    filed("change_gap_pp", lambda r: r.outcome.change_gap_pp, _POINTS),
    filed("change_reach", lambda r: r.outcome.change_reach, _SHARE, on=_likelier(Criterion.REACH)),
    filed("change_near", lambda r: r.outcome.change_near, _SHARE, on=_likelier(Criterion.NEAR)),
    filed("change_mcse", lambda r: r.outcome.change_mcse, _SHARE),
    filed("p_better", lambda r: r.outcome.p_better, _P, terminal=_seen("better", _better, WIDE)),
    filed("ledgers", _spread(lambda s: s.ledgers), _COUNT),
    filed("change_growth_low_pp", _spread(lambda s: s.growth_pp[0]), _POINTS),
    filed("change_growth_high_pp", _spread(lambda s: s.growth_pp[1]), _POINTS),
    filed("change_reach_low", _spread(lambda s: s.reach[0]), _SHARE),
    filed("change_reach_high", _spread(lambda s: s.reach[1]), _SHARE),
    filed("evidence", lambda r: r.outcome.case.evidence.value),
    filed("given", lambda r: r.given),
    filed("label", lambda r: r.label),
    filed("by_month", lambda r: r.outcome.case.target.by, Kind.WHOLE),
)


def _order(criterion: Criterion) -> Mapping[Surface, tuple[str, ...]]:
    """What is spoken of stands first."""
    one, other = criterion.value, criterion.other.value
    return {
        Surface.TERMINAL: (
            *("indicator", "scenario", "forecast", "gap", one, f"change_{one}", other, f"change_{other}", "better"),
        ),
        Surface.PAGE: ("indicator", "forecast", "gap", one, other),
    }


def _table(rows: Sequence[UnderScenario], criterion: Criterion) -> Table[UnderScenario]:
    return Table(name="scenario", columns=SCENARIOS, rows=rows, order=_order(criterion))


@dataclass(frozen=True, slots=True)
class ScenarioTogether:
    """A row: at least k targets under a scenario."""

    study: Study
    scenario: str
    joint: Joint
    k: int


JOINT: Final[tuple[Column[ScenarioTogether], ...]] = (
    filed("scenario", lambda r: r.scenario),
    filed("criterion", lambda r: r.joint.criterion.value),
    filed("assessed", lambda r: r.joint.assessed, _WHOLE),
    filed("judged", lambda r: r.joint.judged, _WHOLE),
    filed("k", lambda r: r.k, _WHOLE),
    filed("p_at_least_k", lambda r: r.joint.at_least[r.k], _P),
    filed("expected_number", lambda r: r.joint.expected, _COUNT),
    filed("indicators", lambda r: " ".join(r.joint.indicators)),
    filed("label", lambda r: label(r.study, r.scenario)),
)


@dataclass(frozen=True, slots=True)
class ScenarioPair:
    """A row: one scenario against another for a target."""

    one: Result
    other: Result
    case: Case

    @property
    def scenario(self) -> str:
        """Name of the first."""
        return self.one.scenario.name


_OF_PAIR: Final[tuple[Column[ScenarioPair], ...]] = keyed(lambda r: r.case)
PAIRS: Final[tuple[Column[ScenarioPair], ...]] = (
    filed("scenario", lambda r: r.scenario),
    filed("other", lambda r: r.other.scenario.name),
    *_OF_PAIR,
    filed("p_better", lambda r: p_better(r.one, r.other, r.case.key), _P),
)


@dataclass(frozen=True, slots=True)
class Pooled:
    """A row: GDP of a place by both routes and pooled."""

    pool: Pool
    unit: str


def _mean(side: str) -> Callable[[Pooled], Value]:
    return lambda r: to_percent(float(_draws(r, side).mean()))


def _sd(side: str) -> Callable[[Pooled], Value]:
    return lambda r: to_percent(float(_draws(r, side).std()))


def _draws(row: Pooled, side: str) -> Floats:
    found: Floats = getattr(row.pool, side)[row.unit]
    return found


POOL: Final[tuple[Column[Pooled], ...]] = (
    filed("indicator", lambda _: "gdp"),
    filed("unit", lambda r: r.unit),
    filed("direct_pct", _mean("direct"), _PERCENT),
    filed("direct_sd_pp", _sd("direct"), _POINTS),
    filed("bridge_pct", _mean("bridge"), _PERCENT),
    filed("bridge_sd_pp", _sd("bridge"), _POINTS),
    filed("direct_weight", lambda r: r.pool.weight, _SHARE),
    filed("error_correlation", lambda _: ERROR_CORRELATION, _SHARE, FINE),
    filed("covered_share", lambda r: r.pool.covered, _SHARE),
    filed("pooled_pct", _mean("pooled"), _PERCENT),
    filed("pooled_sd_pp", _sd("pooled"), _POINTS),
)

COLUMNS: Final[dict[str, tuple[Column[Any], ...]]] = {
    "scenarios": SCENARIOS,
    "scenario_joint": JOINT,
    "scenario_pairs": PAIRS,
    "scenario_actions": ACTIONS,
    "scenario_contributions": CONTRIBUTIONS,
    "scenario_interactions": INTERACTIONS,
    "gdp_pool": POOL,
}
"""Tables of ``dabiao scenario``."""


def _rows(study: Study) -> Iterator[tuple[str, Sequence[Any]]]:
    """Rows of every table, by name."""
    every, results, pool = study.comparison.all, study.comparison.results, study.pool
    yield (
        "scenarios",
        [
            UnderScenario(
                r,
                o,
                study.ranges.get(r.scenario.name, {}).get(o.case.key),
                given="; ".join(map(str, study.given.given)) if study.given else "",
                label=label(study, r.scenario.name),
            )
            for r in every
            for o in r.outcomes
        ],
    )
    yield (
        "scenario_joint",
        [
            ScenarioTogether(study, r.scenario.name, joint, k)
            for r in every
            for joint in (r.reach, r.near)
            for k in range(1, joint.judged + 1)
        ],
    )
    yield (
        "scenario_pairs",
        [ScenarioPair(a, b, case) for a in every for b in every if a is not b for case in study.comparison.cases],
    )
    yield (
        "scenario_actions",
        [
            ActionLine(r, trace, points)
            for r in results
            for trace in study.traces[r.scenario.name]
            for points in trace.points or (None,)
        ],
    )
    yield (
        "scenario_contributions",
        [
            row
            for r in results
            for row in contributed(
                r, study.contributions[r.scenario.name], study.criterion, label=label(study, r.scenario.name)
            )
        ],
    )
    yield (
        "scenario_interactions",
        [
            Interacting(study, r.scenario.name, one)
            for r in results
            for one in interactions(r, study.contributions[r.scenario.name])
        ],
    )
    yield "gdp_pool", [Pooled(pool, unit) for unit in pool.direct] if pool else []


def scenario_tables(study: Study) -> dict[str, pd.DataFrame]:
    """All tables of a study, by name; growth in percent, differences in points, probabilities as fractions.

    Every row has the hash of its own scenario.
    """
    source = provenance(study.run)
    hashes = {r.scenario.name: r.scenario.hash for r in study.comparison.all}
    out = {}
    for name, rows in _rows(study):
        frame = Table(name=name, columns=COLUMNS[name], rows=rows).frame(source)
        if "scenario" in frame:
            frame["scenario_hash"] = [hashes[scenario] for scenario in frame["scenario"]]
        out[name] = frame
    return out


def scenario_document(study: Study) -> dict[str, Any]:
    """Everything of a study for programs: the same tables as lists of records."""
    tables = scenario_tables(study)
    return {name: json.loads(rounded(frame, COLUMNS[name]).to_json(orient="records")) for name, frame in tables.items()}


def scenario_blocks(
    study: Study, lang: Lang, width: int, *, files: Sequence[str] = (), explain: bool = False
) -> list[Block]:
    """The city's indicators under every scenario, contributions and notes, on a terminal of so many characters."""
    blank = Sentence("", pad=(0, 0, 0, 0))
    view = View(lang=lang, surface=Surface.TERMINAL, criterion=study.criterion)
    out: list[Block] = [*explained(study, lang)] if explain else []
    out += [_compared(study, view, wide=width >= WIDE_FROM), blank]
    for result in study.comparison.results:
        if study.contributions[result.scenario.name]:
            out += [contribution_grid(study, result, view), blank]
    lines = [*_notes(study, lang)]
    if files:
        lines.append(t("report.note_files", lang, list=t("glossary.and", lang).join(files)))
    return [*out, *(Sentence(line, pad=(0, 0, 0, 0)) for line in lines)]


def outcomes_of(study: Study, result: Result) -> list[Outcome]:
    """Outcomes of the city's targets against the province's average, official order."""
    return [o for o in result.outcomes if of_city(o.case, study.run.dataset.config.city)]


def _compared(study: Study, view: View, *, wide: bool) -> Grid:
    """A block an indicator: the baseline, then the scenarios that change anything."""
    config, units = study.run.dataset.config, study.run.dataset.panel.units
    base, rows, ends = study.comparison.baseline, [], []
    for before in outcomes_of(study, base):
        rows.append(UnderScenario(base, before))
        for result in study.comparison.results:
            o = next(one for one in result.outcomes if one.case.key == before.case.key)
            if o.change_gap_pp != 0.0:
                rows.append(UnderScenario(result, o, before=before))
        ends.append(len(rows) - 1)
    title = t(
        "scenario.title",
        view.lang,
        city=words.unit_name(units[config.city], view.lang),
        year=config.target_year,
        as_of=words.knowledge(study.run.paths.as_of, view.lang),
    )
    shown = view.criterion.value
    parts = {Criterion.NEAR.value, Criterion.REACH.value, f"change_{shown}"}
    parts |= {WIDE, f"change_{view.criterion.other.value}"} if wide else set()
    made = _table(rows, view.criterion).grid(view, parts, caption=title)
    return replace(made, ends=frozenset(ends))


def _notes(study: Study, lang: Lang) -> Iterator[str]:
    criterion = study.criterion
    for result in study.comparison.all:
        name = t("scenario.baseline", lang) if result is study.comparison.baseline else result.scenario.title
        if result.near.judged:
            numbers = {c.value: f"{words.rounded(result.joint(c).expected, 0.1):.1f}" for c in Criterion}
            judged = result.near.judged
            yield t(f"scenario.note_joint_{criterion.value}", lang, scenario=name, judged=judged, **numbers)
    for result in study.comparison.results:
        for group in result.overlaps:
            actions = t("glossary.and", lang).join(group)
            yield t("scenario.note_overlap", lang, scenario=result.scenario.title, actions=actions)
        yield from interaction_notes(study, result, lang)
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


def _range_notes(study: Study, result: Result, lang: Lang) -> Iterator[str]:
    found = study.ranges.get(result.scenario.name, {})
    for o in outcomes_of(study, result):
        if (spread := found.get(o.case.key)) is not None and spread.growth_pp != (0.0, 0.0):
            low, high = (f"{v:+.2f}" for v in spread.growth_pp)
            params = {"indicator": case_name(o.case, lang), "n": spread.ledgers, "low": low, "high": high}
            yield t("scenario.note_range", lang, scenario=result.scenario.title, **params)


def of_unit(result: Result, unit: str, *, average: bool = True) -> list[Outcome]:
    """Outcomes of a unit's targets against the province's average, or else the others, official order."""
    return [o for o in result.outcomes if o.case.target.unit == unit and o.case.target.yearly_average == average]


def result_grid(base: Result, result: Result, unit: str, view: View, *, caption: str, average: bool = True) -> Grid:
    """Targets of a unit against the province's average, or else the others, each beside the baseline."""
    pairs = zip(of_unit(base, unit, average=average), of_unit(result, unit, average=average), strict=True)
    rows = [UnderScenario(result, after, before=before) for before, after in pairs]
    moves = [(r.outcome.change_gap_pp > 0) - (r.outcome.change_gap_pp < 0) for r in rows]
    classes = [("same", "up", "down")[move] for move in moves]
    return _table(rows, view.criterion).grid(view, caption=caption, classes=classes)


def result_cases(result: Result, unit: str) -> dict[str, Case]:
    """Targets of a unit against the province's average, by indicator."""
    return {o.case.target.indicator: o.case for o in of_unit(result, unit)}


def most_moved(result: Result, unit: str, criterion: Criterion) -> str | None:
    """The indicator whose probability changes most; None where the unit has none against the average."""
    mine = of_unit(result, unit)
    return max(mine, key=lambda o: abs(o.change(criterion))).case.target.indicator if mine else None


def expected_text(base: Result, result: Result, criterion: Criterion, lang: Lang) -> str:
    """How many assessed indicators are attained, on average, without and with the scenario."""
    numbers = {
        f"{c.value}_{when}": f"{words.rounded(side.joint(c).expected, 0.1):.1f}"
        for when, side in (("before", base), ("after", result))
        for c in Criterion
    }
    return t(f"ui_scenario.expected_{criterion.value}", lang, judged=result.near.judged, **numbers)
