"""The monthly path that a probability needs: file, screen, page, worksheet, and what is said of it.

Invariant: every number shown is one of the table ``required_path``, or a sum of them
(held by ``tests/test_path_report.py`` and ``tests/test_app_indicator.py``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from forecast.answers.chances import Criterion, Province, Status
from forecast.answers.evidence import Evidence
from forecast.data.target import TargetKind
from forecast.periods import Month
from forecast.plan.path import Demand, Line, PeriodStep, Phase, RequiredPath, Scope
from forecast.runs.run import Run
from forecast.runs.session import DEMANDS
from forecast.tables import words
from forecast.tables.dossier import Dossier, heading, provenance, subtitle
from forecast.tables.kind import Kind, Value
from forecast.tables.table import (
    Block,
    Cell,
    Column,
    Grid,
    Look,
    Paper,
    Said,
    Sentence,
    Sheet,
    Show,
    Surface,
    Table,
    View,
)
from forecast.texts import Lang, t

TABLE: Final = "required_path"
MONEY, PLACES = "money", "places"
"""Parts: money, where there is any; the places' shares instead of the city's periods."""


@dataclass(frozen=True, slots=True)
class PathStep:
    """A row: a period of a line of a path; ``as_of``: of its run; ``at``: its position in the line."""

    path: RequiredPath
    as_of: str
    line: Line
    at: int

    @property
    def step(self) -> PeriodStep:
        """The period's numbers."""
        return self.line.steps[self.at]

    @property
    def asked(self) -> bool:
        """Whether the wish asks for something in this period."""
        return self.step.phase is Phase.DEMANDED


def _benchmark(one: PathStep) -> Value:
    held = one.path.case.held
    return held.unit if isinstance(held, Province) else None


def _since(line: Line, at: int) -> Month:
    """The first month that a period covers."""
    return line.steps[at - 1].period.plus(1) if at else Month(line.steps[at].period.year, 1)


def _span(first: Month, last: Month, lang: Lang) -> str:
    """Months from one to another: 9月, 7—9月."""
    names = {"first": words.month_name(first, lang), "last": words.month_name(last, lang)}
    return t("path.month" if first == last else "path.span", lang, **names)


def _month(one: PathStep, view: View) -> str:
    """The months that a period covers: 9月, 7—9月."""
    return _span(_since(one.line, one.at), one.step.period, view.lang)


def _asked(path: RequiredPath) -> Month | None:
    """The first month of the first period that something is asked of; None where nothing is."""
    at = next((k for k, step in enumerate(path.lines[0].steps) if step.phase is Phase.DEMANDED), None)
    return None if path.first is None or at is None else _since(path.lines[0], at)


def _growth(value: Callable[[PeriodStep], float | None], *, asked: bool = False) -> Callable[[PathStep, View], Said]:
    def says(one: PathStep, view: View) -> Said:
        found = value(one.step)
        if asked and not one.asked:
            return None
        return None if found is None and view.surface is Surface.PAGE else words.growth(found, view.lang)

    return says


def _yi(one: PathStep, view: View) -> Cell:
    step = one.step
    spread = ""
    if view.surface is Surface.PAGE and step.demanded_p10_yi is not None and step.demanded_p90_yi is not None:
        low, high = (_plain(bound) for bound in (step.demanded_p10_yi, step.demanded_p90_yi))
        spread = t("glossary.range", view.lang, low=low, high=high)
    none = t("glossary.none", view.lang) if view.surface is Surface.PAGE else ""
    return Cell(none if step.demanded_yi is None else _plain(step.demanded_yi), spread)


def _extra(one: PathStep, _: View) -> Said:
    return _plain(one.step.extra_yi) if one.asked and one.step.extra_yi is not None else None


def _share(value: Callable[[PeriodStep], float | None], *, asked: bool = False) -> Callable[[PathStep, View], Said]:
    def says(one: PathStep, view: View) -> Said:
        found = value(one.step)
        if found is None or (asked and not one.asked):
            return None
        return t("path.percent", view.lang, number=_plain(found))

    return says


def _plain(value: float | None) -> str:
    return "" if value is None else f"{words.rounded(value, 0.1):.1f}"


def _seen(name: str, says: Callable[[PathStep, View], Said], *parts: str) -> Show[PathStep]:
    return Show(name=name, head=f"path.head_{name}", says=says, parts=parts, left=name == "month")


def _col(
    name: str,
    kind: Kind = Kind.TEXT,
    value: Callable[[PathStep], Value] = lambda _: None,
    seen: Show[PathStep] | None = None,
) -> Column[PathStep]:
    people = {Surface.TERMINAL: seen, Surface.PAGE: seen} if seen else {}
    return Column(name, kind, "path", value=value, on={Surface.FILE: Show(), **people})


_PERCENT, _YI, _PROBABILITY = Kind.PERCENT, Kind.MONEY, Kind.PROBABILITY

COLUMNS: Final[tuple[Column[PathStep], ...]] = (
    _col("indicator", value=lambda r: r.path.case.target.indicator),
    _col("name_zh", value=lambda r: r.path.case.name_zh),
    _col("target_kind", value=lambda r: r.path.case.target.kind.value),
    _col("benchmark", value=_benchmark),
    _col("as_of", value=lambda r: r.as_of),
    _col("criterion", value=lambda r: r.path.demand.criterion.value),
    _col("wish", Kind.SHARE, lambda r: r.path.demand.probability),
    _col("path_status", value=lambda r: r.path.status.value),
    _col("evidence", value=lambda r: r.path.evidence.value),
    _col("p_now", _PROBABILITY, lambda r: r.path.p_now),
    _col("p_then", _PROBABILITY, lambda r: r.path.p_then),
    _col("uplift_pp", Kind.POINTS, lambda r: r.path.uplift_pp),
    _col("first_period", Kind.MONTH, lambda r: None if r.path.first is None else str(r.path.first)),
    _col("periods", Kind.WHOLE, lambda r: r.path.periods),
    _col("scope", value=lambda r: r.line.scope.value),
    _col("key", value=lambda r: r.line.key),
    _col("key_zh", value=lambda r: r.line.name_zh),
    _col("period", Kind.MONTH, lambda r: str(r.step.period), _seen("month", _month)),
    _col("phase", value=lambda r: r.step.phase.value),
    _col(
        "forecast_month_pct",
        _PERCENT,
        lambda r: r.step.forecast_month_pct,
        _seen("forecast", _growth(lambda s: s.forecast_month_pct)),
    ),
    _col(
        "demanded_month_pct",
        _PERCENT,
        lambda r: r.step.demanded_month_pct,
        _seen("demanded", _growth(lambda s: s.demanded_month_pct, asked=True)),
    ),
    _col(
        "forecast_cum_pct",
        _PERCENT,
        lambda r: r.step.forecast_cum_pct,
        _seen("forecast_cum", _growth(lambda s: s.forecast_cum_pct)),
    ),
    _col(
        "demanded_cum_pct",
        _PERCENT,
        lambda r: r.step.demanded_cum_pct,
        _seen("demanded_cum", _growth(lambda s: s.demanded_cum_pct, asked=True)),
    ),
    _col("forecast_yi", _YI, lambda r: r.step.forecast_yi),
    _col("demanded_yi", _YI, lambda r: r.step.demanded_yi, _seen("yi", _yi, MONEY)),
    _col("demanded_p10_yi", _YI, lambda r: r.step.demanded_p10_yi),
    _col("demanded_p90_yi", _YI, lambda r: r.step.demanded_p90_yi),
    _col("extra_yi", _YI, lambda r: r.step.extra_yi, _seen("extra", _extra, MONEY)),
    _col("pace_pct", _PERCENT, lambda r: r.step.pace_pct, _seen("pace", _share(lambda s: s.pace_pct))),
    _col("done_pct", _PERCENT, lambda r: r.step.done_pct, _seen("done", _share(lambda s: s.done_pct))),
    _col("asked_pct", _PERCENT, lambda r: r.step.asked_pct, _seen("asked", _share(lambda s: s.asked_pct, asked=True))),
    _col("resp_unit", value=lambda r: r.line.resp_unit or None),
    _col("resp_person", value=lambda r: r.line.resp_person or None),
    _col("synthetic", Kind.WHOLE, lambda r: int(r.line.synthetic)),
    _col("label", value=lambda r: t("scenario.synthetic", "zh") if r.line.synthetic else None),
    _col("by_month", Kind.WHOLE, lambda r: r.path.case.target.by),
)


def path_frame(paths: Sequence[RequiredPath], run: Run) -> pd.DataFrame:
    """``required_path.csv``: a row a period of the city's, a county's, a project's path, for every wish."""
    as_of = run.paths.as_of.text
    rows = [PathStep(path, as_of, line, at) for path in paths for line in path.lines for at in range(len(line.steps))]
    return Table(name=TABLE, columns=COLUMNS, rows=rows).frame(provenance(run))


def path_document(paths: Sequence[RequiredPath], run: Run) -> dict[str, Any]:
    """The table for programs, as a list of records."""
    return {TABLE: json.loads(path_frame(paths, run).to_json(orient="records"))}


def path_grid(path: RequiredPath, lang: Lang) -> Grid | None:
    """Open periods of the city's path: growth, money and progress, as forecast and as needed; None without any."""
    city = next((line for line in path.lines if line.scope is Scope.CITY), None)
    if city is None:
        return None
    rows = [PathStep(path, "", city, k) for k, s in enumerate(city.steps) if s.phase is not Phase.PUBLISHED]
    money = [MONEY] if any(step.demanded_yi is not None for step in city.steps) else []
    classes = ["marked" if one.asked else "plain" for one in rows]
    return Table(name="path", columns=COLUMNS, rows=rows).grid(
        View(lang=lang, surface=Surface.PAGE), money, caption=t("ui_indicator.required_title", lang), classes=classes
    )


def path_blocks(paths: Sequence[RequiredPath], run: Run, lang: Lang, *, files: Sequence[object] = ()) -> list[Block]:
    """What every wish asks for, in a sentence; the city's path and the counties' part of the first that asks for more.

    One block a target; those against the province's average, or all where there is none such.
    """
    if not paths:
        return [Sentence(t("path.none", lang), pad=(0, 0, 0, 0))]
    keys = list(dict.fromkeys(path.case.key for path in paths))
    main = [key for key in keys if key[2] == TargetKind.PROVINCE_AVERAGE.value]
    out: list[Block] = []
    for key in main or keys:
        out += _blocks([path for path in paths if path.case.key == key], run, lang)
    out += [Sentence(t(f"path.{name}", lang)) for name in ("reading", "reading_pace", "others")]
    if files:
        out.append(Sentence(t("path.files", lang, files=t("glossary.and", lang).join(map(str, files)))))
    return out


def _blocks(paths: Sequence[RequiredPath], run: Run, lang: Lang) -> Iterator[Block]:
    case = paths[0].case
    title = t(
        "path.title",
        lang,
        indicator=words.indicator_name(case.target.indicator, case.name_zh, lang),
        kind=words.goal(case.target, lang),
        as_of=words.knowledge(run.paths.as_of, lang),
    )
    yield Sentence(title, bold=True, pad=(1, 1, 0, 1))
    yield from (Sentence(path_sentence(path, lang)) for path in paths)
    shown = next((path for path in paths if path.status is Status.SOLVED), None)
    if shown is None:
        return
    yield _city(shown, lang)
    places = [line for line in shown.lines if line.scope in (Scope.COUNTY, Scope.ZONE) and _total(line) is not None]
    if places:
        yield _places(shown, places, run, lang)
    projects = [line for line in shown.lines if line.scope is Scope.PROJECT]
    if projects:
        yield from (Sentence(line) for line in _projects(projects, lang))


def _demand(demand: Demand, lang: Lang) -> str:
    key = "demand_near" if demand.criterion is Criterion.NEAR else "demand_reach"
    return t(f"path.{key}", lang, wish=words.percent(demand.probability))


def path_sentence(path: RequiredPath, lang: Lang) -> str:
    """What one wish asks for, and what it would take in money."""
    note = t("path.limited", lang) if path.evidence is Evidence.THIN else ""
    first = _asked(path)
    return t(
        f"path.status_{path.status.value}",
        lang,
        demand=_demand(path.demand, lang),
        now=words.probability(path.p_now, lang, evidence=path.evidence) + note,
        month="" if first is None else words.month_name(first, lang),
        periods=path.periods,
        points=_plain(path.uplift_pp),
        money=_money(path, lang) if path.status is Status.SOLVED else "",
    )


def _money(path: RequiredPath, lang: Lang) -> str:
    first, rest = _asked(path), path.rest
    if rest is None or first is None:
        return ""
    span = _span(first, path.lines[0].steps[-1].period, lang)
    numbers = {"level": rest.level_yi, "low": rest.p10_yi, "high": rest.p90_yi}
    extra = _YI.shown(rest.extra_yi, lang)
    return t("path.money", lang, span=span, extra=extra, **{key: _plain(value) for key, value in numbers.items()})


def _city(path: RequiredPath, lang: Lang) -> Grid:
    """The last published period and the open ones."""
    line = path.lines[0]
    published = sum(step.phase is Phase.PUBLISHED for step in line.steps)
    rows = [PathStep(path, "", line, k) for k in range(max(published - 1, 0), len(line.steps))]
    money = [MONEY] if line.steps[-1].demanded_yi is not None else []
    table = Table(name="path", columns=COLUMNS, rows=rows)
    return table.grid(View(lang=lang, surface=Surface.TERMINAL), money, look=Look.NARROW)


def _total(line: Line) -> float | None:
    values = [step.extra_yi for step in line.steps if step.phase is Phase.DEMANDED]
    return None if not values or any(value is None for value in values) else sum(v for v in values if v is not None)


def _places(path: RequiredPath, places: Sequence[Line], run: Run, lang: Lang) -> Grid:
    """What every place would have to add, a column a month."""
    city = path.lines[0]
    spans = [(_since(city, k), step.period) for k, step in enumerate(city.steps) if step.phase is Phase.DEMANDED]

    def named(line: Line, view: View) -> str:
        name = words.unit_name(run.dataset.panel.units[line.key], view.lang)
        return t("path.within", view.lang, place=name) if line.scope is Scope.ZONE else name

    def of_month(k: int) -> Callable[[Line, View], Said]:
        return lambda line, _: _plain([s.extra_yi for s in line.steps if s.phase is Phase.DEMANDED][k])

    def on(show: Show[Line]) -> dict[Surface, Show[Line]]:
        return {Surface.TERMINAL: show}

    columns = (
        Column("place", on=on(Show(head="path.head_place", says=named, left=True))),
        Column("rise", on=on(Show(head="path.head_rise", says=lambda _, v: words.gap(path.uplift_pp, v.lang)))),
        *(
            Column(
                f"m{last.month:02d}",
                on=on(Show(label=_span(first, last, lang), says=of_month(k))),
            )
            for k, (first, last) in enumerate(spans)
        ),
        Column("total", on=on(Show(head="path.head_total", says=lambda line, _: _plain(_total(line))))),
    )
    title = t("path.places_title", lang, demand=_demand(path.demand, lang))
    table: Table[Line] = Table(name="path_places", columns=columns, rows=places)
    return table.grid(View(lang=lang, surface=Surface.TERMINAL), caption=title, look=Look.RULED)


def _projects(projects: Sequence[Line], lang: Lang) -> list[str]:
    plan = sum(step.forecast_yi or 0.0 for line in projects for step in line.steps)
    scaled = sum(step.demanded_yi or 0.0 for line in projects for step in line.steps)
    text = t(
        "path.projects",
        lang,
        n=len(projects),
        plan=_plain(plan),
        scaled=_plain(scaled),
        times=f"{words.rounded(scaled / plan, 0.01):.2f}",
    )
    return [text, *([t("scenario.synthetic", lang)] if any(line.synthetic for line in projects) else [])]


@dataclass(frozen=True, slots=True)
class PlannedPath:
    """A row of the worksheet: the path that one of the plans asks of an indicator."""

    name: str
    path: RequiredPath

    def step(self, month: Month) -> PeriodStep | None:
        """The city's numbers of a month; None where no period ends then."""
        return next((step for step in _city_steps(self.path) if step.period == month), None)


def _city_steps(path: RequiredPath) -> tuple[PeriodStep, ...]:
    return next(one for one in path.lines if one.scope is Scope.CITY).steps


def _plan_of(one: PlannedPath, view: View) -> str:
    plan, percent = t(f"reports.plan_short_{one.name}", view.lang), words.percent(DEMANDS[one.name].probability)
    return t("reports.path_plan_of", view.lang, plan=plan, percent=percent)


def _then(one: PlannedPath, view: View) -> Said:
    path = one.path
    return None if path.p_then is None else words.probability(path.p_then, view.lang, evidence=path.evidence)


def _on_sheet(
    name: str, kind: Kind, says: Callable[[PlannedPath, View], Said], widest: int = 26
) -> Column[PlannedPath]:
    show: Show[PlannedPath] = Show(
        head=f"reports.col_path_{name}", means=f"reports.mean_path_{name}", says=says, widest=widest
    )
    return Column(name, kind, on={Surface.SHEET: show})


PLANNED: Final[tuple[Column[PlannedPath], ...]] = (
    Column(
        "indicator",
        on={
            Surface.SHEET: Show(
                says=lambda r, v: words.indicator_name(r.path.case.target.indicator, r.path.case.name_zh, v.lang)
            )
        },
    ),
    _on_sheet("plan", Kind.SHORT, _plan_of, widest=18),
    _on_sheet(
        "p_now", Kind.CHANCE, lambda r, v: words.probability(r.path.p_now, v.lang, evidence=r.path.case.evidence)
    ),
    _on_sheet("p_then", Kind.CHANCE, _then),
    _on_sheet("status", Kind.SHORT, lambda r, v: t(f"reports.path_status_{r.path.status.value}", v.lang), widest=14),
    _on_sheet("uplift_pp", Kind.FINE_POINTS, lambda r, _: r.path.uplift_pp),
)
"""Columns of the worksheet before those of its months."""


def _of_month(month: Month, lang: Lang) -> Iterator[Column[PlannedPath]]:
    params = {"month": words.month_name(month, lang), "span": words.months(month, lang)}

    def value(name: str, *, asked: bool) -> Callable[[PlannedPath], Value]:
        def of(one: PlannedPath) -> Value:
            step = one.step(month)
            known = step is not None and (step.phase is Phase.DEMANDED or not asked)
            return getattr(step, name) if known else None

        return of

    for name, kind, field, asked in (
        ("forecast", Kind.PERCENT, "forecast_month_pct", False),
        ("asked", Kind.PERCENT, "demanded_month_pct", True),
        ("asked_cum", Kind.PERCENT, "demanded_cum_pct", True),
        ("asked_yi", Kind.MONEY, "demanded_yi", True),
    ):
        show: Show[PlannedPath] = Show(
            head=f"reports.col_path_{name}", means=f"reports.mean_path_{name}", group="path_month", params=params
        )
        yield Column(f"{name}_m{month.month:02d}", kind, value=value(field, asked=asked), on={Surface.SHEET: show})


def span_notes(paths: Sequence[RequiredPath], lang: Lang) -> list[str]:
    """Which indicators stand in the column of a month with all the months of a longer period."""
    found: dict[tuple[Month, Month], dict[str, None]] = {}
    for path in paths:
        case, city = path.case, next(one for one in path.lines if one.scope is Scope.CITY)
        name = words.indicator_name(case.target.indicator, case.name_zh, lang)
        for k, step in enumerate(city.steps):
            if step.phase is Phase.DEMANDED and (first := _since(city, k)) != step.period:
                found.setdefault((first, step.period), {})[name] = None
    return [
        t(
            "reports.note_span",
            lang,
            list=t("glossary.and", lang).join(names),
            month=words.month_name(last, lang),
            span=_span(first, last, lang),
        )
        for (first, last), names in found.items()
    ]


def path_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """达标路径: what every month must bring for a plan's probability, beside the forecast."""
    rows = [PlannedPath(name, path) for name, found in dossier.paths.items() for path in found]
    months = {step.period for one in rows for step in _city_steps(one.path) if step.demanded_month_pct is not None}
    ahead = [month for month in sorted(months) if month.month > dossier.run.paths.as_of.month.month]
    columns = (*PLANNED, *(column for month in ahead for column in _of_month(month, lang)))
    table: Table[PlannedPath] = Table(name="paths", columns=columns, rows=rows)
    return Sheet(
        name=table.name,
        tab=t("reports.tab_paths", lang),
        title=heading("paths", dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=table.fields(Surface.SHEET, lang),
        rows=table.values(View(lang=lang, surface=Surface.SHEET)),
        notes=(t("reports.note_paths", lang), *span_notes([one.path for one in rows], lang)),
        mark=dossier.mark(lang),
        paper=Paper.A3,
        dashes=False,
    )
