"""A make-up plan in the terminal: wishes, 补多少济多少, what to do first, the frontier, and what is said of it all.

Layout only, no arithmetic.

Invariant: every number shown is a field of ``Makeup`` (held by ``tests/test_makeup_command.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from forecast.answers.chances import Status
from forecast.plan.request import wish_text
from forecast.plan.result import CaseResult, Makeup, PlanRow, SectorRow
from forecast.report.makeup_words import (
    asked_words,
    change_words,
    families,
    feasible_words,
    level_words,
    lever_name,
    place_name,
    sentences,
    support,
    use_words,
    wish_name,
)
from forecast.runs.run import Run
from forecast.tables import words
from forecast.texts import Lang, t

SECTORS_WIDE: Final = (
    "industry", "role", "share", "forecast", "target", "pull", "pull_yi", "ceiling", "planned", "planned_yi", "ahead",
    "driver", "feasible", "support", "department",
)  # fmt: skip
SECTORS_MIDDLE: Final = (
    "industry", "role", "share", "ceiling", "planned", "planned_yi", "ahead", "driver", "feasible", "support"
)  # fmt: skip
SECTORS_NARROW: Final = ("industry", "role", "ceiling", "planned", "planned_yi", "ahead", "support")
SECTORS_FROM: Final = {200: SECTORS_WIDE, 110: SECTORS_MIDDLE, 0: SECTORS_NARROW}
"""Columns of the sectors by the width of the screen from which they have room; the file has all."""
LEFT: Final = frozenset(
    {"industry", "role", "feasible", "support", "department", "lever", "wish", "indicator", "use", "family", "places"}
)


def render_makeup(
    plan: Makeup, run: Run, *, lang: Lang, files: Sequence[str] = (), every: bool = False
) -> RenderableType:
    """The plan as a page; ``every`` lists all levers."""
    return _Page(plan, run, lang, tuple(files), every)


@dataclass(frozen=True, slots=True)
class _Page:
    plan: Makeup
    run: Run
    lang: Lang
    files: tuple[str, ...]
    every: bool

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        plan, lang = self.plan, self.lang
        yield _wishes(plan, self.run, lang)
        yield Text()
        yield _indicators(plan, lang)
        yield Text()
        if plan.sectors:
            columns = next(names for room, names in SECTORS_FROM.items() if options.max_width >= room)
            yield _sectors(plan, columns, lang)
            yield Text()
        if plan.rows:
            yield from _levers(plan, self.run, lang, self.every)
            yield Text()
        if plan.frontier:
            yield _frontier(plan, lang)
            yield Text()
        yield from (Text(line) for line in sentences(plan, self.run.dataset, lang))
        if self.files:
            yield Text(t("report.note_files", lang, list=t("glossary.and", lang).join(self.files)))


def _table(title: str, columns: Sequence[str], lang: Lang) -> Table:
    table = Table(title=Text(title), box=box.SIMPLE_HEAVY, show_edge=False, pad_edge=False, title_justify="left")
    for name in columns:
        head = t(f"makeup.head_{name}", lang)
        if name in LEFT:
            table.add_column(head, overflow="fold")
        else:
            table.add_column(head, justify="right", no_wrap=True)
    return table


def _wishes(plan: Makeup, run: Run, lang: Lang) -> Table:
    config, units = run.dataset.config, run.dataset.panel.units
    title = t(
        "makeup.title",
        lang,
        city=words.unit_name(units[config.city], lang),
        year=config.target_year,
        as_of=words.knowledge(run.paths.as_of, lang),
    )
    columns = ("wish", "asked", "before", "after", "change", "fresh", "best", "status", "remaining", "remaining_yi")
    table = _table(title, columns, lang)
    for w in plan.wishes:
        shown = [level_words(plan, w, value, lang) for value in (w.before, w.all_draws, w.fresh, w.ceiling)]
        open_ = w.status is Status.UNREACHABLE
        table.add_row(
            wish_name(w, lang),
            asked_words(w.wish),
            *shown[:2],
            change_words(plan, w, w.all_draws),
            *shown[2:],
            t(f"makeup.status_{w.status.value}", lang),
            f"{w.remaining_pp:.1f}" if open_ else t("glossary.none", lang),
            f"{w.remaining_yi:.1f}" if open_ and w.remaining_yi is not None else t("glossary.none", lang),
        )
    return table


def _indicators(plan: Makeup, lang: Lang) -> Table:
    columns = ("indicator", "near_before", "near_after", "gap_before", "gap_after", "gain_pp", "gain_yi", "required")
    table = _table(t("makeup.title_indicators", lang), (*columns, "feasible"), lang)
    for c in plan.cases:
        table.add_row(*indicator_cells(c, lang))
    return table


def indicator_cells(c: CaseResult, lang: Lang) -> tuple[str, ...]:
    """One indicator before and under the plan."""
    name = words.indicator_name(c.case.target.indicator, c.case.name_zh, lang)
    chances = (words.probability(p, lang, evidence=c.case.evidence) for p in (c.p_near_before, c.p_near))
    moved = c.planned_pp > 0.0
    return (
        t("makeup.against", lang, name=name, goal=words.kind_name(c.case.target.kind, lang)),
        *chances,
        words.gap(c.gap_before_pp, lang),
        words.gap(c.gap_pp, lang),
        f"{c.planned_pp:+.2f}" if moved else t("glossary.none", lang),
        f"{c.planned_yi:.1f}" if moved and c.planned_yi is not None else t("glossary.none", lang),
        words.growth(c.required_pct, lang) if moved and c.required_pct is not None else t("glossary.none", lang),
        feasible_words(c.feasibility, c.history, lang),
    )


def _sectors(plan: Makeup, columns: Sequence[str], lang: Lang) -> Table:
    table = _table(t("makeup.title_sectors", lang), columns, lang)
    for row in plan.sectors:
        cells = sector_cells(row, lang)
        table.add_row(*(cells[name] for name in columns))
    return table


def sector_cells(row: SectorRow, lang: Lang) -> dict[str, str]:
    """One industry, by column."""
    none = t("glossary.none", lang)

    def number(value: float | None, digits: int = 2) -> str:
        return none if value is None else f"{value:.{digits}f}"

    setting = t("makeup.setting_mark", lang) if row.setting and row.ceiling_pp > 0.0 else ""
    return {
        "industry": row.name_zh if lang == "zh" else row.industry,
        "role": t(f"makeup.side_{row.side.value}", lang) + t(f"makeup.role_{row.role.value}", lang),
        "share": t("makeup.percent", lang, number=f"{row.base_share * 100:.1f}"),
        "forecast": none if row.forecast_pct is None else words.growth(row.forecast_pct, lang),
        "target": none if row.target_pct is None else words.growth(row.target_pct, lang),
        "pull": number(row.gap_pull_pp),
        "pull_yi": number(row.gap_yi, 1),
        "ceiling": number(row.ceiling_pp) + setting,
        "planned": number(row.planned_pp),
        "planned_yi": number(row.planned_yi, 1),
        "ahead": f"+{row.ahead_pp:.1f}" if row.ahead_pp > 0.0 else none,
        "driver": none if row.driver_required_pct is None else words.growth(row.driver_required_pct, lang),
        "feasible": feasible_words(row.feasibility, row.history, lang),
        "support": support(row, lang),
        "department": row.department or none,
    }


def _levers(plan: Makeup, run: Run, lang: Lang, every: bool) -> Iterator[RenderableType]:
    """Every lever, those that bring most per effort first; or ledgers as a whole, and the others one by one."""
    columns = ("lever", "use", "cap", "evidence", "difficulty", "effort", "gdp", "money", "per")
    if every:
        rows = sorted(plan.rows, key=lambda r: (-(r.gain_per_effort or 0.0), r.lever.id))
        table = _table(t("makeup.title_levers_all", lang, n=len(plan.used), of=len(plan.rows)), columns, lang)
        for r in rows:
            table.add_row(*lever_cells(r, run, lang))
        yield table
        return
    table = _table(t("makeup.title_families", lang), ("family", "taken", "effort", "gdp", "money", "places"), lang)
    for one in families(plan):
        places = t("glossary.and", lang).join(place_name(p, run.dataset, lang) for p in one.places)
        numbers = (f"{one.taken}/{one.of}", f"{one.effort:.2f}", f"{one.gdp_pp:.2f}", f"{one.money_yi:.1f}")
        table.add_row(t(f"makeup.family_{one.family.value}", lang), *numbers, places or t("glossary.none", lang))
    if table.row_count:
        yield table
        yield Text()
    single = [r for r in plan.rows if not r.lever.levels]
    if single:
        table = _table(t("makeup.title_levers", lang), columns, lang)
        for r in single:
            table.add_row(*lever_cells(r, run, lang))
        yield table


def lever_cells(r: PlanRow, run: Run, lang: Lang) -> tuple[str, ...]:
    """One lever of a plan."""
    none = t("glossary.none", lang)
    cap = use_words(r.lever, r.lever.cap, lang)
    return (
        lever_name(r.lever, run.dataset, lang),
        use_words(r.lever, r.use, lang),
        cap + (t("makeup.at_cap", lang) if r.binding and not r.lever.levels else ""),
        t(f"makeup.evidence_{r.lever.evidence.value}", lang),
        f"{r.lever.difficulty:g}",
        f"{r.effort:.2f}" if r.use > 0.0 else none,
        f"{r.gdp_pp:.3f}" if r.use > 0.0 else none,
        f"{r.money_yi:.2f}" if r.money_yi > 0.0 else none,
        none if r.gain_per_effort is None else f"{r.gain_per_effort * 100:.2f}",
    )


def _frontier(plan: Makeup, lang: Lang) -> Table:
    table = Table(
        title=Text(t("makeup.title_frontier", lang)), box=box.SIMPLE_HEAVY, show_edge=False, pad_edge=False,
        title_justify="left",
    )  # fmt: skip
    table.add_column(t("makeup.head_effort", lang), justify="right")
    for w in plan.wishes:
        table.add_column(wish_text(w.wish), justify="right", overflow="fold")
    for point in plan.frontier:
        pairs = list(zip(plan.wishes, point.values, strict=True))
        shown = (f"{level_words(plan, w, v, lang)} ({change_words(plan, w, v)})" for w, v in pairs)
        table.add_row(f"{point.effort:.1f}", *shown)
    return table
