"""The path that a probability needs, on the screen.

Invariant: every number shown is one of the table ``required_path``, or a sum of them
(held by ``tests/test_path_report.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from forecast.answers.chances import Criterion, Status
from forecast.answers.evidence import Evidence
from forecast.data.target import TargetKind
from forecast.periods import Month
from forecast.plan.path import Demand, RequiredPath
from forecast.plan.path_steps import Line, Phase, Scope, Step
from forecast.runs.run import Run
from forecast.tables import words
from forecast.texts import Lang, t


def render_path(paths: Sequence[RequiredPath], run: Run, *, lang: Lang, files: Sequence[Path] = ()) -> RenderableType:
    """What every wish asks for, in a sentence; the city's path and the counties' part of the first that asks for more.

    One block a target.
    """
    if not paths:
        return Text(t("path.none", lang))
    blocks: list[RenderableType] = []
    for key in _shown(paths):
        blocks.extend(_block([path for path in paths if path.case.key == key], run, lang))
    notes = [Padding(Text(t(f"path.{name}", lang)), (0, 1)) for name in ("reading", "reading_pace", "others")]
    listed = [Text(t("path.files", lang, files=t("glossary.and", lang).join(map(str, files))))] if files else []
    return Group(*blocks, *notes, *(Padding(line, (0, 1)) for line in listed))


def _shown(paths: Sequence[RequiredPath]) -> list[tuple[str, str, str]]:
    """Targets against the province's average; all where there is none such. The others are in the table."""
    keys = list(dict.fromkeys(path.case.key for path in paths))
    main = [key for key in keys if key[2] == TargetKind.PROVINCE_AVERAGE.value]
    return main or keys


def _block(paths: Sequence[RequiredPath], run: Run, lang: Lang) -> list[RenderableType]:
    case = paths[0].case
    title = t(
        "path.title",
        lang,
        indicator=words.indicator_name(case.target.indicator, case.name_zh, lang),
        kind=words.kind_name(case.target.kind, lang),
        as_of=words.knowledge(run.paths.as_of, lang),
    )
    out: list[RenderableType] = [Padding(Text(title, style="bold"), (1, 1, 0, 1))]
    out += [Padding(Text(path_sentence(path, lang)), (0, 1)) for path in paths]
    shown = next((path for path in paths if path.status is Status.SOLVED), None)
    if shown is None:
        return out
    out.append(_city(shown, lang))
    places = [line for line in shown.lines if line.scope in (Scope.COUNTY, Scope.ZONE) and _total(line) is not None]
    if places:
        out.append(_places(shown, places, run, lang))
    projects = [line for line in shown.lines if line.scope is Scope.PROJECT]
    if projects:
        out += [Padding(Text(line), (0, 1)) for line in _projects(projects, lang)]
    return out


def _demand(demand: Demand, lang: Lang) -> str:
    key = "demand_near" if demand.criterion is Criterion.NEAR else "demand_reach"
    return t(f"path.{key}", lang, wish=words.percent(demand.probability))


def path_sentence(path: RequiredPath, lang: Lang) -> str:
    """What one wish asks for, and what it would take in money."""
    note = t("path.limited", lang) if path.evidence is Evidence.THIN else ""
    return t(
        f"path.status_{path.status.value}",
        lang,
        demand=_demand(path.demand, lang),
        now=words.probability(path.p_now, lang, evidence=path.evidence) + note,
        month="" if path.first is None else words.month_name(path.first, lang),
        periods=path.periods,
        points="" if path.uplift_pp is None else _plain(path.uplift_pp, 0.1),
        money=_money(path, lang) if path.status is Status.SOLVED else "",
    )


def _money(path: RequiredPath, lang: Lang) -> str:
    if path.rest is None or path.first is None:
        return ""
    span = t(
        "path.span",
        lang,
        first=words.month_name(path.first, lang),
        last=words.month_name(path.lines[0].steps[-1].period, lang),
    )
    rest = path.rest
    numbers = {"extra": rest.extra_yi, "level": rest.level_yi, "low": rest.p10_yi, "high": rest.p90_yi}
    return t("path.money", lang, span=span, **{key: _plain(value, 0.1) for key, value in numbers.items()})


def _plain(value: float | None, step: float) -> str:
    return "" if value is None else f"{words.rounded(value, step):.1f}"


def _city(path: RequiredPath, lang: Lang) -> Table:
    names = ["month", "forecast", "demanded", "forecast_cum", "demanded_cum"]
    money = path.lines[0].steps[-1].demanded_yi is not None
    names += ["yi", "extra"] if money else []
    names += ["pace", "done", "asked"]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 0, 0, 1))
    for name in names:
        table.add_column(t(f"path.head_{name}", lang), justify="left" if name == "month" else "right", no_wrap=True)
    steps = path.lines[0].steps
    published = sum(step.phase is Phase.PUBLISHED for step in steps)
    for k in range(max(published - 1, 0), len(steps)):
        table.add_row(_period(steps, k, lang), *_row(steps[k], lang, money=money))
    return table


def _period(steps: Sequence[Step], k: int, lang: Lang) -> str:
    """The months that a period covers: 9月, 7—9月."""
    first = steps[k - 1].period.plus(1) if k else Month(steps[k].period.year, 1)
    names = {"first": words.month_name(first, lang), "last": words.month_name(steps[k].period, lang)}
    return t("path.month" if first == steps[k].period else "path.span", lang, **names)


def _row(step: Step, lang: Lang, *, money: bool) -> list[str]:
    none = t("glossary.none", lang)
    asked = step.phase is Phase.DEMANDED
    yi = [_plain(step.demanded_yi, 0.1), _plain(step.extra_yi, 0.1) if asked else none] if money else []
    return [
        words.growth(step.forecast_month_pct, lang),
        words.growth(step.demanded_month_pct, lang) if asked else none,
        words.growth(step.forecast_cum_pct, lang),
        words.growth(step.demanded_cum_pct, lang) if asked else none,
        *yi,
        *(_share(value, lang) for value in (step.pace_pct, step.done_pct)),
        _share(step.asked_pct, lang) if asked else none,
    ]


def _share(value: float | None, lang: Lang) -> str:
    return t("glossary.none", lang) if value is None else t("path.percent", lang, number=_plain(value, 0.1))


def _total(line: Line) -> float | None:
    values = [step.extra_yi for step in line.steps if step.phase is Phase.DEMANDED]
    return None if not values or any(value is None for value in values) else sum(v for v in values if v is not None)


def _places(path: RequiredPath, places: Sequence[Line], run: Run, lang: Lang) -> Table:
    months: list[Month] = [step.period for step in path.lines[0].steps if step.phase is Phase.DEMANDED]
    table = Table(title=Text(t("path.places_title", lang, demand=_demand(path.demand, lang))), box=box.SIMPLE_HEAD)
    table.add_column(t("path.head_place", lang))
    table.add_column(t("path.head_rise", lang), justify="right")
    for month in months:
        table.add_column(t("path.month", lang, last=words.month_name(month, lang)), justify="right")
    table.add_column(t("path.head_total", lang), justify="right")
    for line in places:
        name = words.unit_name(run.dataset.panel.units[line.key], lang)
        table.add_row(
            t("path.within", lang, place=name) if line.scope is Scope.ZONE else name,
            words.gap(path.uplift_pp, lang),
            *(_plain(step.extra_yi, 0.1) for step in line.steps if step.phase is Phase.DEMANDED),
            _plain(_total(line), 0.1),
        )
    return table


def _projects(projects: Sequence[Line], lang: Lang) -> list[str]:
    plan = sum(step.forecast_yi or 0.0 for line in projects for step in line.steps)
    scaled = sum(step.demanded_yi or 0.0 for line in projects for step in line.steps)
    text = t(
        "path.projects",
        lang,
        n=len(projects),
        plan=_plain(plan, 0.1),
        scaled=_plain(scaled, 0.1),
        times=f"{words.rounded(scaled / plan, 0.01):.2f}",
    )
    return [text, *([t("scenario.synthetic", lang)] if any(line.synthetic for line in projects) else [])]
