"""A make-up plan as tables: wishes, indicators, industries, levers, the frontier, other difficulties.

Invariant: every number shown is a field of ``Makeup`` in the words of ``tables.makeup_words``; same plan, same bytes
(held by ``tests/test_makeup_command.py`` and ``tests/test_app_makeup.py``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pandas as pd

from forecast.answers.chances import Status
from forecast.data.dataset import Dataset
from forecast.plan.makeup import as_scenario
from forecast.plan.request import wish_text
from forecast.plan.result import CaseResult, Makeup, PlanRow, WishResult
from forecast.runs.run import Run
from forecast.runs.session import PlanOf
from forecast.tables import words
from forecast.tables.dossier import provenance
from forecast.tables.kind import Kind, Value
from forecast.tables.makeup_levers import (
    LEVER_ORDER,
    LEVERS,
    SECTORS,
    LeverLine,
    SectorLine,
    filed,
    growth_text,
    makeup_label,
    number_text,
    seen_as,
    shown_only,
)
from forecast.tables.makeup_words import (
    FamilyRow,
    asked_words,
    change_words,
    families,
    feasible_words,
    level_words,
    place_name,
    plan_name,
    sentences,
    wish_name,
)
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
    on_sheet,
    rounded,
)
from forecast.texts import Lang, t

_PERCENT, _POINTS, _YI, _SHARE = Kind.PERCENT, Kind.POINTS, Kind.MONEY, Kind.SHARE
_P, _COUNT, _WHOLE = Kind.PROBABILITY, Kind.COUNT, Kind.WHOLE


@dataclass(frozen=True, slots=True)
class Wished:
    """A row of the wishes; ``of``: the plan of the workbook that it belongs to."""

    plan: Makeup
    wish: WishResult
    of: PlanOf | None = None

    @property
    def open(self) -> bool:
        """Whether something remains open."""
        return self.wish.status is Status.UNREACHABLE


def _computed(value: Callable[[WishResult], float]) -> Callable[[Wished], Value]:
    """A number of what measures do; none where not one was counted."""
    return lambda r: value(r.wish) if r.wish.computed else None


def _level(value: Callable[[WishResult], float | None]) -> Callable[[Wished, View], Said]:
    def says(r: Wished, v: View) -> Said:
        found = value(r.wish)
        return None if found is None else level_words(r.plan, r.wish, found, v.lang)

    return says


def _done(value: Callable[[WishResult], float]) -> Callable[[WishResult], float | None]:
    return lambda wish: value(wish) if wish.computed else None


def _level_on[R](name: str, value: Callable[[WishResult], float | None], there: str = "") -> dict[str, Show[Wished]]:
    return {
        "seen": seen_as(name, _level(value)),
        "sheet": on_sheet("plan", there or name, Kind.CHANCE, _level(value), widest=10),
    }


def _wish_status(prefix: str) -> Callable[[Wished, View], Said]:
    return lambda r, v: t(f"{prefix}_{r.wish.status.value}", v.lang)


def _planned_yi(plan: Makeup) -> float | None:
    money = [row.planned_yi for row in plan.sectors if row.planned_yi is not None]
    return sum(money) if money else None


def _plan_name(r: Wished, v: View) -> Said:
    return plan_name(r.of, v.lang) if r.of else None


def _plan_asked(r: Wished, _: View) -> Said:
    return f"≥{asked_words(r.wish.wish)}" if r.of else None


def _remaining_pp(r: Wished, _: View) -> Said:
    return r.wish.remaining_pp if r.open else 0.0 if r.wish.computed else None


def _remaining_yi(r: Wished, _: View) -> Said:
    return r.wish.remaining_yi if r.open else (0.0 if r.wish.remaining_yi is not None else None)


def _changed(r: Wished, _: View) -> Said:
    return change_words(r.plan, r.wish, r.wish.all_draws) if r.wish.computed else None


WISHES: Final[tuple[Column[Wished], ...]] = (
    shown_only("plan", sheet=on_sheet("plan", "plan", Kind.TEXT, _plan_name)),
    filed(
        "wish",
        Kind.TEXT,
        lambda r: wish_text(r.wish.wish),
        seen_as("wish", lambda r, v: wish_name(r.wish, v.lang), left=True),
        on_sheet("plan", "wish", Kind.TEXT, lambda r, v: wish_name(r.wish, v.lang)),
    ),
    filed("indicators", Kind.TEXT, lambda r: " ".join(key[0] for key in r.wish.wish.keys)),
    filed("criterion", Kind.TEXT, lambda r: r.wish.wish.criterion.value),
    filed("form", Kind.TEXT, lambda r: r.wish.wish.form.value),
    filed(
        "level",
        _SHARE,
        lambda r: r.wish.wish.level,
        seen_as("asked", lambda r, _: asked_words(r.wish.wish)),
        on_sheet("plan", "asked", Kind.CHANCE, _plan_asked, widest=10),
    ),
    filed(
        "wish_status",
        Kind.TEXT,
        lambda r: r.wish.status.value,
        seen_as("status", _wish_status("makeup.status")),
        on_sheet("plan", "status", Kind.SHORT, _wish_status("reports.plan_status"), widest=18),
        page=Show(name="status", head="makeup.head_status", says=_wish_status("makeup.status"), left=True),
    ),
    filed("limit", Kind.TEXT, lambda r: r.wish.limit.value or None),
    filed("value_before", _SHARE, lambda r: r.wish.before, **_level_on("before", lambda w: w.before)),
    filed("value_in_sample", _SHARE, _computed(lambda w: w.in_sample)),
    filed("value_all", _SHARE, _computed(lambda w: w.all_draws), **_level_on("after", _done(lambda w: w.all_draws))),
    shown_only("change", seen_as("change", _changed), on_sheet("plan", "change", Kind.SHORT, _changed, widest=12)),
    filed("value_fresh", _SHARE, _computed(lambda w: w.fresh), **_level_on("fresh", _done(lambda w: w.fresh))),
    filed(
        "value_ceiling",
        _SHARE,
        _computed(lambda w: w.ceiling),
        **_level_on("best", _done(lambda w: w.ceiling), "ceiling"),
    ),
    filed("value_mcse", _SHARE, _computed(lambda w: w.mcse)),
    filed("fresh_mcse", _SHARE, _computed(lambda w: w.fresh_mcse)),
    filed("optimism", _SHARE, _computed(lambda w: w.optimism)),
    filed(
        "needed_pp", _POINTS, lambda r: r.wish.needed_pp, sheet=on_sheet("plan", "needed_pp", Kind.EXTENT, widest=10)
    ),
    shown_only(
        "planned_pp",
        sheet=on_sheet(
            "plan",
            "planned_pp",
            Kind.EXTENT,
            lambda r, _: sum(row.planned_pp for row in r.plan.sectors) if r.plan.sectors else None,
            widest=10,
        ),
    ),
    shown_only("planned_yi", sheet=on_sheet("plan", "planned_yi", _YI, lambda r, _: _planned_yi(r.plan), widest=12)),
    filed(
        "remaining_pp",
        _POINTS,
        lambda r: r.wish.remaining_pp,
        seen_as("remaining", lambda r, _: f"{r.wish.remaining_pp:.1f}" if r.open else None),
        on_sheet(
            "plan",
            "remaining_pp",
            Kind.EXTENT,
            _remaining_pp,
            widest=10,
        ),
    ),
    filed(
        "remaining_yi",
        _YI,
        lambda r: r.wish.remaining_yi,
        seen_as(
            "remaining_yi",
            lambda r, v: _YI.shown(r.wish.remaining_yi, v.lang) if r.open else None,
        ),
        on_sheet("plan", "remaining_yi", _YI, _remaining_yi, widest=12),
    ),
    filed("effort", _COUNT, lambda r: r.plan.effort, sheet=on_sheet("plan", "effort", Kind.RATIO, widest=10)),
    filed("full_effort", _COUNT, lambda r: r.plan.full_effort),
    filed("budget", _COUNT, lambda r: r.plan.request.budget),
    filed("largest_burden", _SHARE, lambda r: r.plan.largest_burden),
    filed("fair_effort", _COUNT, lambda r: r.plan.fair.effort if r.plan.fair else None),
    filed("fair_burden", _SHARE, lambda r: r.plan.fair.largest_burden if r.plan.fair else None),
    filed("label", Kind.TEXT, lambda r: makeup_label(r.plan) or None),
    shown_only("levers", sheet=on_sheet("plan", "levers", _WHOLE, lambda r, _: len(r.plan.used), widest=8)),
    filed(
        "needed_yi",
        _YI,
        lambda r: r.wish.needed_yi,
        seen_as("needed_yi"),
        on_sheet("plan", "needed_yi", _YI, widest=12),
    ),
)
_WISH_ORDER: Final = (
    *("wish", "asked", "before", "needed_yi", "after", "change", "fresh", "best", "status"),
    *("remaining", "remaining_yi"),
)
PLAN_ORDER: Final = (
    *("plan", "wish", "asked", "before", "after", "change", "fresh", "ceiling", "status"),
    *("needed_pp", "needed_yi", "planned_pp", "planned_yi", "remaining_pp", "remaining_yi", "effort", "levers"),
)


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A row an indicator, before and under the plan."""

    case: CaseResult
    plan: Makeup

    @property
    def moved(self) -> bool:
        """Whether the plan does anything for it."""
        return self.case.planned_pp > 0.0


def _chance(p: Callable[[CaseResult], float]) -> Callable[[CaseLine, View], Said]:
    return lambda r, v: words.probability(p(r.case), v.lang, evidence=r.case.case.evidence)


def _against(r: CaseLine, v: View) -> Said:
    target = r.case.case.target
    name = words.indicator_name(target.indicator, r.case.case.name_zh, v.lang)
    return t("makeup.against", v.lang, name=name, goal=words.goal(target, v.lang))


INDICATORS: Final[tuple[Column[CaseLine], ...]] = (
    filed("indicator", Kind.TEXT, lambda r: r.case.case.target.indicator, seen_as("indicator", _against, left=True)),
    filed("name_zh", Kind.TEXT, lambda r: r.case.case.name_zh),
    filed("unit", Kind.TEXT, lambda r: r.case.case.target.unit),
    filed("target_kind", Kind.TEXT, lambda r: r.case.case.target.kind.value),
    filed("p_reach_before", _P, lambda r: r.case.p_reach_before),
    filed("p_reach", _P, lambda r: r.case.p_reach),
    filed(
        "p_near_before",
        _P,
        lambda r: r.case.p_near_before,
        seen_as("near_before", _chance(lambda c: c.p_near_before)),
    ),
    filed("p_near", _P, lambda r: r.case.p_near, seen_as("near_after", _chance(lambda c: c.p_near))),
    filed("p_mcse", _SHARE, lambda r: r.case.p_mcse),
    filed(
        "gap_before_pp",
        _POINTS,
        lambda r: r.case.gap_before_pp,
        seen_as("gap_before", lambda r, v: words.gap(r.case.gap_before_pp, v.lang)),
    ),
    filed(
        "gap_after_pp",
        _POINTS,
        lambda r: r.case.gap_pp,
        seen_as("gap_after", lambda r, v: words.gap(r.case.gap_pp, v.lang)),
    ),
    filed("gap_change_pp", _POINTS, lambda r: r.case.gap_change_pp),
    filed("ceiling_gap_pp", _POINTS, lambda r: r.case.ceiling_pp),
    filed("growth_before_pct", _PERCENT, lambda r: r.case.growth_before_pct),
    filed("growth_after_pct", _PERCENT, lambda r: r.case.growth_pct),
    filed(
        "planned_growth_pp",
        _POINTS,
        lambda r: r.case.planned_pp,
        seen_as("gain_pp", lambda r, _: f"{r.case.planned_pp:+.2f}" if r.moved else None),
    ),
    filed(
        "planned_growth_yi",
        _YI,
        lambda r: r.case.planned_yi,
        seen_as("gain_yi", lambda r, _: number_text(r.case.planned_yi, 1) if r.moved else None),
    ),
    filed("periods", _WHOLE, lambda r: r.case.periods),
    filed("driver_ahead_pct", _PERCENT, lambda r: r.case.ahead_pct),
    filed(
        "driver_required_pct",
        _PERCENT,
        lambda r: r.case.required_pct,
        seen_as("required", lambda r, v: growth_text(r.case.required_pct, v.lang) if r.moved else None),
    ),
    filed("required_percentile", Kind.PERCENTILE, lambda r: r.case.history.percentile),
    filed(
        "feasibility",
        Kind.TEXT,
        lambda r: r.case.feasibility.value,
        seen_as("feasible", lambda r, v: feasible_words(r.case.feasibility, r.case.history, v.lang), left=True),
    ),
    filed("label", Kind.TEXT, lambda r: makeup_label(r.plan) or None),
)


@dataclass(frozen=True, slots=True)
class FrontierPoint:
    """What a wish is worth at an effort."""

    plan: Makeup
    wish: WishResult
    progress: float
    effort: float
    value: float


FRONTIER: Final[tuple[Column[FrontierPoint], ...]] = (
    filed("progress", _SHARE, lambda r: r.progress),
    filed("effort", _COUNT, lambda r: r.effort),
    filed("effort_share", _SHARE, lambda r: r.effort / r.plan.full_effort if r.plan.full_effort > 0.0 else None),
    filed("wish", Kind.TEXT, lambda r: wish_text(r.wish.wish)),
    filed("value", _SHARE, lambda r: r.value),
)


@dataclass(frozen=True, slots=True)
class Harder:
    """What another difficulty of a family changes for a wish, and a lever that moves; None where none does."""

    change: Any
    wish: WishResult
    value: float
    moved: Any


DIFFICULTY: Final[tuple[Column[Harder], ...]] = (
    filed("family", Kind.TEXT, lambda r: r.change.family),
    filed("factor", _COUNT, lambda r: r.change.factor),
    filed("effort", _COUNT, lambda r: r.change.effort),
    filed("wish", Kind.TEXT, lambda r: wish_text(r.wish.wish)),
    filed("value", _SHARE, lambda r: r.value),
    filed("moved", _WHOLE, lambda r: len(r.change.moved)),
    filed("lever", Kind.TEXT, lambda r: r.moved.lever if r.moved else None),
    filed("use_before", _COUNT, lambda r: r.moved.before if r.moved else None),
    filed("use_after", _COUNT, lambda r: r.moved.after if r.moved else None),
)

PLAN_FILE: Final = "makeup-plan.yaml"
"""The plan as a scenario file, in the directory of its run."""

COLUMNS: Final[dict[str, tuple[Column[Any], ...]]] = {
    "makeup_wishes": WISHES,
    "makeup_sectors": SECTORS,
    "makeup_indicators": INDICATORS,
    "makeup_levers": LEVERS,
    "makeup_frontier": FRONTIER,
    "makeup_difficulty": DIFFICULTY,
}
"""Tables of ``dabiao makeup``: what was wished for, 补多少济多少, every lever, the frontier, other difficulties."""


def _wish_table(plan: Makeup) -> Table[Wished]:
    order = {Surface.TERMINAL: _WISH_ORDER, Surface.PAGE: _WISH_ORDER}
    return Table(name="wishes", columns=WISHES, rows=[Wished(plan, w) for w in plan.wishes], order=order)


def _sector_table(plan: Makeup) -> Table[SectorLine]:
    return Table(name="sectors", columns=SECTORS, rows=[SectorLine(row, plan) for row in plan.sectors])


def _case_table(plan: Makeup) -> Table[CaseLine]:
    return Table(name="cases", columns=INDICATORS, rows=[CaseLine(case, plan) for case in plan.cases])


def _lever_table(plan: Makeup, rows: Sequence[PlanRow], dataset: Dataset) -> Table[LeverLine]:
    order = {Surface.TERMINAL: LEVER_ORDER, Surface.PAGE: LEVER_ORDER}
    return Table(name="levers", columns=LEVERS, rows=[LeverLine(row, plan, dataset) for row in rows], order=order)


def _points(plan: Makeup) -> Iterator[FrontierPoint]:
    for point in plan.frontier:
        for wish, value in zip(plan.wishes, point.values, strict=True):
            yield FrontierPoint(plan, wish, point.progress, point.effort, value)


def _harder(plan: Makeup) -> Iterator[Harder]:
    """One row a change, wish and lever that moves; one without a lever where none does."""
    for change in plan.changes:
        for wish, value in zip(plan.wishes, change.values, strict=True):
            for moved in change.moved or (None,):
                yield Harder(change, wish, value, moved)


def makeup_tables(plan: Makeup, run: Run) -> dict[str, pd.DataFrame]:
    """All tables, by name."""
    source = replace(provenance(run), scenario_hash=plan.adopted.hash)
    made: dict[str, Table[Any]] = {
        "makeup_wishes": _wish_table(plan),
        "makeup_sectors": _sector_table(plan),
        "makeup_indicators": _case_table(plan),
        "makeup_levers": _lever_table(plan, plan.rows, run.dataset),
        "makeup_frontier": Table(name="frontier", columns=FRONTIER, rows=list(_points(plan))),
        "makeup_difficulty": Table(name="difficulty", columns=DIFFICULTY, rows=list(_harder(plan))),
    }
    return {name: table.frame(source) for name, table in made.items()}


def makeup_document(plan: Makeup, run: Run) -> dict[str, Any]:
    """Everything of a plan for programs: its status, the tables as lists of records, sentences, the scenario."""
    out: dict[str, Any] = {
        "status": plan.status.value,
        "effort": round(plan.effort, 3),
        "full_effort": round(plan.full_effort, 3),
        "budget": plan.request.budget,
        "help_ceiling_pp": round(plan.help_ceiling_pp, 3),
        "make_up_ceiling_pp": round(plan.make_up_ceiling_pp, 3),
        "label": makeup_label(plan),
    }
    for name, frame in makeup_tables(plan, run).items():
        out[name] = json.loads(rounded(frame, COLUMNS[name]).to_json(orient="records"))
    out["sentences"] = {lang: sentences(plan, run.dataset, lang) for lang in ("zh", "en")}
    out["scenario"] = as_scenario(plan)
    return out


def makeup_blocks(
    plan: Makeup, run: Run, lang: Lang, width: int, *, files: Sequence[str] = (), every: bool = False
) -> list[Block]:
    """The plan as a page of a terminal of so many characters; ``every`` lists all levers."""
    view = View(lang=lang, surface=Surface.TERMINAL, width=width)
    config, units = run.dataset.config, run.dataset.panel.units
    title = t(
        "makeup.title",
        lang,
        city=words.unit_name(units[config.city], lang),
        year=config.target_year,
        as_of=words.knowledge(run.paths.as_of, lang),
    )
    tables = [
        _wish_table(plan).grid(view, caption=title),
        _case_table(plan).grid(view, caption=t("makeup.title_indicators", lang)),
    ]
    if plan.sectors:
        tables.append(_sector_table(plan).grid(view, caption=t("makeup.title_sectors", lang)))
    tables += _lever_grids(plan, run, view, every=every)
    if plan.frontier:
        tables.append(frontier_grid(plan, lang, surface=Surface.TERMINAL))
    blank = Sentence("", pad=(0, 0, 0, 0))
    out: list[Block] = [block for table in tables for block in (table, blank)]
    lines = sentences(plan, run.dataset, lang)
    if files:
        lines.append(t("report.note_files", lang, list=t("glossary.and", lang).join(files)))
    return [*out, *(Sentence(line, pad=(0, 0, 0, 0)) for line in lines)]


def _by_gain(rows: Sequence[PlanRow]) -> list[PlanRow]:
    return sorted(rows, key=lambda r: (-(r.gain_per_effort or 0.0), r.lever.id))


def _lever_grids(plan: Makeup, run: Run, view: View, *, every: bool) -> Iterator[Grid]:
    """Every lever, those that bring most per effort first; or ledgers as a whole, and the others one by one."""
    if not plan.rows:
        return
    if every:
        caption = t("makeup.title_levers_all", view.lang, n=len(plan.used), of=len(plan.rows))
        yield _lever_table(plan, _by_gain(plan.rows), run.dataset).grid(view, caption=caption)
        return
    together = family_grid(plan, run, view.lang, surface=Surface.TERMINAL)
    if together.rows:
        yield together
    single = [r for r in plan.rows if not r.lever.levels]
    if single:
        yield _lever_table(plan, single, run.dataset).grid(view, caption=t("makeup.title_levers", view.lang))


def wish_grid(plan: Makeup, lang: Lang) -> Grid:
    """Wishes: asked, as it is, under the plan, on fresh draws, at full use, what stays open."""
    return _wish_table(plan).grid(View(lang=lang, surface=Surface.PAGE), caption=t("ui_makeup.wishes", lang))


def sector_grid(plan: Makeup, lang: Lang) -> Grid:
    """补多少、济多少: an industry a row, and the sum in points and 亿元."""
    return _sector_table(plan).grid(View(lang=lang, surface=Surface.PAGE), caption=t("makeup.title_sectors", lang))


def cases_grid(plan: Makeup, lang: Lang) -> Grid:
    """Indicators before and under the plan."""
    return _case_table(plan).grid(View(lang=lang, surface=Surface.PAGE), caption=t("makeup.title_indicators", lang))


def lever_grid(plan: Makeup, run: Run, lang: Lang, *, most: int | None = None) -> Grid:
    """Levers that bring most per effort, first ones first: as many of the plan's; None: all, used or not."""
    rows = _by_gain(plan.rows if most is None else plan.used)[:most]
    caption = t("makeup.title_levers_all", lang, n=len(plan.used), of=len(plan.rows))
    return _lever_table(plan, rows, run.dataset).grid(View(lang=lang, surface=Surface.PAGE), caption=caption)


def family_grid(plan: Makeup, run: Run, lang: Lang, *, surface: Surface = Surface.PAGE) -> Grid:
    """Levers on ledgers, family by family."""
    comma = t("glossary.and", lang)

    def places(one: FamilyRow, view: View) -> Said:
        return comma.join(place_name(p, run.dataset, view.lang) for p in one.places) or None

    shows: dict[str, Callable[[FamilyRow, View], Said]] = {
        "family": lambda one, v: t(f"makeup.family_{one.family.value}", v.lang),
        "taken": lambda one, _: f"{one.taken}/{one.of}",
        "effort": lambda one, _: f"{one.effort:.2f}",
        "gdp": lambda one, _: f"{one.gdp_pp:.2f}",
        "money": lambda one, _: f"{one.money_yi:.1f}",
        "places": places,
    }
    columns = tuple(
        Column(name, on={surface: seen_as(name, says, left=name in ("family", "places"))})
        for name, says in shows.items()
    )
    table: Table[FamilyRow] = Table(name="families", columns=columns, rows=families(plan))
    return table.grid(View(lang=lang, surface=surface), caption=t("makeup.title_families", lang))


def burden_grid(plan: Makeup, run: Run, lang: Lang) -> Grid:
    """What every county and sector carries under the plan, and under the one of least largest burden."""
    fair, frame = plan.fair, run.dataset.panel.industries
    industries = dict(zip(frame["industry"], frame["name_zh"], strict=True))

    def named(name: str, view: View) -> Said:
        known = name in industries and view.lang == "zh"
        return str(industries[name]) if known else place_name(name, run.dataset, view.lang)

    def share(burdens: Any) -> Callable[[str, View], Said]:
        return lambda name, v: t("makeup.percent", v.lang, number=words.percent(burdens.get(name, 0.0)))

    shows: dict[str, Callable[[str, View], Said]] = {
        "carrier": named,
        "burden": share(plan.burdens),
        "fair": share(fair.burdens) if fair else lambda *_: None,
    }
    columns = tuple(
        Column(name, on={Surface.PAGE: Show(head=f"ui_makeup.head_{name}", says=says, left=name == "carrier")})
        for name, says in shows.items()
    )
    carried = [n for n, b in plan.burdens.items() if b > 0.0 or (fair and fair.burdens.get(n, 0.0) > 0.0)]
    rows = sorted(carried, key=lambda name: -plan.burdens[name])
    table: Table[str] = Table(name="burdens", columns=columns, rows=rows)
    return table.grid(View(lang=lang, surface=Surface.PAGE), caption=t("ui_makeup.burdens", lang))


def frontier_grid(plan: Makeup, lang: Lang, *, surface: Surface = Surface.PAGE) -> Grid:
    """Effort against what the wishes are worth, as numbers: a column a wish."""
    page = surface is Surface.PAGE

    def worth(k: int) -> Callable[[Any, View], Said]:
        def says(point: Any, view: View) -> Said:
            wish, value = plan.wishes[k], point.values[k]
            level, moved = level_words(plan, wish, value, view.lang), change_words(plan, wish, value)
            return Cell(level, moved) if page else f"{level} ({moved})"

        return says

    def head(wish: WishResult) -> str:
        return wish_name(wish, lang) if page else wish_text(wish.wish)

    columns = (
        Column("effort", on={surface: Show(head="makeup.head_effort", says=lambda p, _: f"{p.effort:.1f}", left=page)}),
        *(
            Column(f"wish_{k}", on={surface: Show(label=head(wish), says=worth(k), fold=True)})
            for k, wish in enumerate(plan.wishes)
        ),
    )
    table: Table[Any] = Table(name="frontier", columns=columns, rows=plan.frontier)
    return table.grid(View(lang=lang, surface=surface), caption=t("makeup.title_frontier", lang))
