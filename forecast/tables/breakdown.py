"""Who does what by when as tables: tasks, their sums, what was needed, held sums, duties; and what is said of them.

Invariant: amounts are the whole 万元 of ``Breakdown``, so that every margin is the sum of its cells as shown, and net
money (新增) is that of ``Need`` (held by ``tests/test_breakdown_command.py`` and ``tests/test_app_tasks.py``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pandas as pd

from forecast.dims import WAN_PER_YI
from forecast.periods import Month
from forecast.runs.session import Assignments
from forecast.tables import counties, stock, words
from forecast.tables.breakdown_words import SPREAD, indicator_name, money_text, narrative, open_yi, task_note, warning
from forecast.tables.dossier import Dossier, provenance, sheet_of
from forecast.tables.kind import Kind, Value
from forecast.tables.table import (
    Block,
    Cell,
    Column,
    Grid,
    Said,
    Sentence,
    Sheet,
    Show,
    Surface,
    Table,
    View,
    column,
    on_sheet,
    rounded,
    seen,
)
from forecast.tasks.allocation import Hold
from forecast.tasks.breakdown import Breakdown
from forecast.tasks.carriers import place_name
from forecast.tasks.tasks import Margin, Outlook, Task
from forecast.texts import Lang, t

TERMINAL, PAGE, WORD = Surface.TERMINAL, Surface.PAGE, Surface.WORD
DIMENSIONS: Final = ("team", "sector", "county", "support")
"""Sums that a page shows below those by place."""
SUM: Final = "sum"
COUNTED: Final = "counted"
"""Part of a page that is only read: how many carry a sum."""
WIDE_FROM: Final = 100
"""Columns of screen from which sums due and numbers of carriers are shown."""
_TEXT, _WHOLE, _WAN, _YI, _P = Kind.TEXT, Kind.WHOLE, Kind.MONEY_WAN, Kind.MONEY, Kind.PROBABILITY


def _label(synthetic: bool) -> str | None:
    """What stands in a file beside every number that rests on synthetic rows."""
    return t("scenario.synthetic", "zh") if synthetic else None


def _filed[R](name: str, kind: Kind, value: Callable[[R], Value], **shows: Any) -> Column[R]:
    return column("breakdown", name, kind, value, **shows)


def _month(month: Month, lang: Lang) -> str:
    return t("breakdown.month", lang, month=words.month_name(month, lang))


@dataclass(frozen=True, slots=True)
class Tasked:
    """A row of the tasks: one carrier in one month."""

    b: Breakdown
    task: Task
    found: Assignments


def _listed(name: str, says: Callable[[Tasked, View], Said] | None = None) -> Show[Tasked]:
    return Show(name=name, head=f"ui_tasks.column_{name}", says=says)


def _task_place(r: Tasked, v: View) -> str:
    unit = r.found.run.dataset.panel.units.get(r.task.place)
    return words.unit_name(unit, v.lang) if unit else r.task.place_zh


def _coded(name: str, code: Callable[[Task], str]) -> Callable[[Tasked, View], Said]:
    return lambda r, v: t(f"breakdown.{name}_{code(r.task)}", v.lang)


TASKS: Final[tuple[Column[Tasked], ...]] = (
    _filed("indicator", _TEXT, lambda r: r.b.indicator),
    _filed("plan_id", _TEXT, lambda r: r.b.plan_id),
    _filed("key", _TEXT, lambda r: r.task.key),
    _filed("kind", _TEXT, lambda r: r.task.kind.value, page=_listed("kind", _coded("kind", lambda x: x.kind.value))),
    _filed("entity", _TEXT, lambda r: r.task.entity or None),
    _filed("name_zh", _TEXT, lambda r: r.task.name_zh or None, page=_listed("name")),
    _filed("place", _TEXT, lambda r: r.task.place, page=_listed("place", _task_place)),
    _filed("place_zh", _TEXT, lambda r: r.task.place_zh),
    _filed("team_zh", _TEXT, lambda r: r.task.team_zh or None, page=_listed("team")),
    _filed("sector", _TEXT, lambda r: r.task.sector or None),
    _filed("sector_zh", _TEXT, lambda r: r.task.sector_zh or None, page=_listed("sector")),
    _filed("month", Kind.MONTH, lambda r: str(r.task.month), page=_listed("month")),
    _filed(
        "condition",
        _TEXT,
        lambda r: r.task.condition.value,
        page=_listed("condition", _coded("condition", lambda x: x.condition.value)),
    ),
    _filed("base_wan", _WAN, lambda r: r.task.base_wan, page=_listed("base")),
    _filed("task_wan", _WAN, lambda r: r.task.task_wan, page=_listed("task")),
    _filed("due_wan", _WAN, lambda r: r.task.due_wan, page=_listed("due")),
    _filed("cap_wan", _WAN, lambda r: r.task.cap_wan),
    _filed("own_wan", _WAN, lambda r: r.task.own_wan),
    _filed("held", _WHOLE, lambda r: int(r.task.held), page=_listed("held", lambda r, _: r.task.held)),
    _filed("resp_unit", _TEXT, lambda r: r.task.resp_unit or None, page=_listed("unit")),
    _filed("resp_person", _TEXT, lambda r: r.task.resp_person or None, page=_listed("person")),
    _filed("deadline", _TEXT, lambda r: r.task.deadline.isoformat(), page=_listed("deadline")),
    _filed("synthetic", _WHOLE, lambda r: int(r.task.synthetic)),
    _filed("label", _TEXT, lambda r: _label(r.task.synthetic)),
)
_TASK_ORDER: Final = ("month", "place", "team", "sector", "name")


def task_table(b: Breakdown, found: Assignments, *, place: str = "", team: str = "", month: str = "") -> Table[Tasked]:
    """Tasks one by one that have anything due; empty texts of ``place``, ``team``, ``month`` mean all."""
    rows = [
        Tasked(b, one, found)
        for one in b.tasks
        if one.due_wan and place in ("", one.place) and team in ("", one.team_zh) and month in ("", str(one.month))
    ]
    return Table(name="tasks", columns=TASKS, rows=rows, order={PAGE: _TASK_ORDER}, rests=lambda r: r.task.synthetic)


@dataclass(frozen=True, slots=True)
class Summed:
    """A row of the sums."""

    b: Breakdown
    margin: Margin
    found: Assignments


def _margin_name(r: Summed, v: View) -> str:
    """Name of a sum: of a place, a team, a sector, a kind of support; of all."""
    m = r.margin
    match m.dimension:
        case "total":
            return t("breakdown.head_sum", v.lang)
        case "support":
            return t(f"breakdown.kind_{m.key}", v.lang)
        case "team":
            return m.name_zh or t("breakdown.no_team", v.lang)
        case "sector":
            return (m.name_zh if v.lang == "zh" else m.key) or t("ui_tasks.no_sector", v.lang)
    unit = r.found.run.dataset.panel.units.get(m.key)
    return words.unit_name(unit, v.lang) if unit else m.name_zh


def _in_yi(value: Callable[[Margin], int]) -> Callable[[Summed, View], Said]:
    """万元 as 亿元 with four decimals, so that sums add up exactly."""
    return lambda r, _: f"{value(r.margin) / WAN_PER_YI:.4f}"


def _of_month(month: Month, lang: Lang) -> Column[Summed]:
    """The part of a sum that is due in one month."""

    def task(r: Summed) -> int:
        one = r.b.margin(r.margin.dimension, r.margin.key, month)
        return one.task_wan if one else 0

    name, label = f"task_m{month.month:02d}", _month(month, lang)
    params = {"month": words.month_name(month, lang)}
    sheet: Show[Summed] = on_sheet("task", "month", _WAN, field=name, group="tasks", params=params)
    word: Show[Summed] = Show(label=label, says=lambda r, _: f"{task(r) / WAN_PER_YI:.4f}")
    read: Show[Summed] = Show(name=str(month), label=label)
    return column("breakdown", name, _WAN, task, filed=False, seen=read, sheet=sheet, word=word)


def _wan(
    name: str,
    value: Callable[[Margin], int],
    read: str,
    sheet: Show[Summed] | None,
    *,
    word: bool = True,
    width: int = 0,
) -> Column[Summed]:
    said: Show[Summed] = Show(name=read, head=f"reports.scheme_col_{read}", says=_in_yi(value))
    return _filed(
        name,
        _WAN,
        lambda r: value(r.margin),
        seen=replace(seen("breakdown", read), width=width) if read != "supported" else None,
        sheet=sheet,
        word=said if word else None,
    )


def _carriers(r: Summed, _: View) -> Said:
    return f"{r.margin.carriers:,}"


def _dimension(r: Summed, v: View) -> Said:
    return t(f"breakdown.dimension_{r.margin.dimension}", v.lang)


def margin_columns(
    months: Sequence[Month] = (), lang: Lang = "zh", head: str = "breakdown.head_place"
) -> tuple[Column[Summed], ...]:
    """Columns of sums: those of the file, and for people a column a month.

    head : key of the heading above the names of sums
    """
    named: Show[Summed] = Show(name="name", head=head, says=_margin_name, left=True)
    total = "+".join(f"{{task_m{month.month:02d}}}" for month in months)
    return (
        _filed("indicator", _TEXT, lambda r: r.b.indicator, sheet=Show(says=lambda r, v: indicator_name(r.b, v.lang))),
        _filed("plan_id", _TEXT, lambda r: r.b.plan_id),
        _filed(
            "dimension",
            _TEXT,
            lambda r: r.margin.dimension,
            sheet=on_sheet("task", "dimension", Kind.SHORT, _dimension),
        ),
        _filed("key", _TEXT, lambda r: r.margin.key or None),
        _filed(
            "name_zh",
            _TEXT,
            lambda r: r.margin.name_zh or None,
            seen=named,
            sheet=on_sheet("task", "name", _TEXT, _margin_name),
            word=replace(named, head="reports.scheme_col_place"),
        ),
        _filed("month", Kind.MONTH, lambda r: str(r.margin.month) if r.margin.month else None),
        _filed(
            "carriers",
            _WHOLE,
            lambda r: r.margin.carriers,
            terminal=replace(seen("breakdown", "rows", _carriers), width=WIDE_FROM),
            page=seen("breakdown", "rows", _carriers, COUNTED),
            sheet=on_sheet("task", "carriers", _WHOLE),
        ),
        *(_of_month(month, lang) for month in months),
        _filed("base_wan", _WAN, lambda r: r.margin.base_wan),
        _wan(
            "task_wan",
            lambda m: m.task_wan,
            SUM,
            on_sheet("task", "sum", _WAN, field="task_sum", group="tasks", formula=total),
        ),
        _wan(
            "due_wan",
            lambda m: m.due_wan,
            "due",
            on_sheet("task", "due", _WAN, field="due_sum"),
            word=False,
            width=WIDE_FROM,
        ),
        _wan("supported_wan", lambda m: m.supported_wan, "supported", on_sheet("task", "supported", _WAN)),
        _wan(
            "open_wan", lambda m: m.open_wan, "open", on_sheet("task", "open", _WAN, formula="{task_sum}-{supported}")
        ),
        _filed("cap_wan", _WAN, lambda r: r.margin.cap_wan),
        _filed("label", _TEXT, lambda r: _label(r.b.synthetic)),
    )


def _whole(b: Breakdown, *dimensions: str, every: bool = True) -> list[Margin]:
    """Sums over all months, those over everything last; ``every``: also without a task."""
    mine = [m for d in dimensions for m in b.margins if m.dimension == d and m.month is None and (every or m.task_wan)]
    total = b.margin("total")
    return [*mine, *([total] if total else [])]


def _sums(b: Breakdown, dimension: str, found: Assignments, lang: Lang, *, every: bool = True) -> Table[Summed]:
    """Sums of a dimension by month, above the sum over all."""
    rows = [Summed(b, m, found) for m in _whole(b, dimension, every=every)]
    order = ("name", *(str(month) for month in b.months), SUM, "open", "due", "rows")
    return Table(
        name="margins",
        columns=margin_columns(b.months, lang, f"breakdown.head_{dimension}"),
        rows=rows,
        order={TERMINAL: order, PAGE: order},
        rests=lambda r: r.b.synthetic,
        sums=min(len(rows), 1),
    )


def margin_grid(
    b: Breakdown, dimension: str, found: Assignments, lang: Lang, *, surface: Surface = PAGE, width: int = 0
) -> Grid:
    """Tasks of a dimension by month, above the sum over all: whole 万元, in a document 亿元."""
    caption = t(f"ui_tasks.by_{dimension}" if surface is PAGE else f"breakdown.table_{dimension}", lang)
    if surface is WORD:
        caption = t("reports.scheme_table_tasks", lang, indicator=indicator_name(b, lang))
    made = _sums(b, dimension, found, lang, every=surface is not WORD).grid(
        View(lang=lang, surface=surface, width=width), kind=dimension, caption=caption
    )
    return replace(made, warning=warning(b, lang))


@dataclass(frozen=True, slots=True)
class Places:
    """Tasks of places by month that may be typed over: ids of the places, rows of whole 万元, headings, the mark."""

    keys: tuple[str, ...]
    rows: tuple[dict[str, Value], ...]
    heads: Mapping[str, str]
    mark: str


def place_table(b: Breakdown, found: Assignments, lang: Lang) -> Places:
    """Tasks of every place by month, whole 万元; the last row, with an empty key, is the city."""
    table = _sums(b, "place", found, lang)
    view = View(lang=lang, surface=PAGE)
    keys = tuple(r.margin.key for r in table.rows)
    return Places(keys, table.cells(view, ()), table.headings(view, ()), table.marked(lang))


def held_cells(edited: Mapping[str, Mapping[str, Any]], places: Sequence[str], indicator: str) -> tuple[Hold, ...]:
    """Locks from cells that were edited: row position -> column -> 万元; a cleared cell is no lock."""
    holds = []
    for position, cells in edited.items():
        for name, value in cells.items():
            if value is None:
                continue
            month = None if name == SUM else Month.parse(name)
            amount = max(round(float(value)), 0) / WAN_PER_YI
            holds.append(
                Hold(key=places[int(position)], month=month, amount_yi=amount, indicator=indicator, file="app")
            )
    return tuple(holds)


def hold_name(hold: Hold, found: Assignments, lang: Lang) -> str:
    """A lock in words: 汉滨区10月 1,200万元."""
    units = found.run.dataset.panel.units
    if hold.key in units:
        place = words.unit_name(units[hold.key], lang)
    else:
        place = place_name(hold.key, units) if hold.key else t("breakdown.dimension_total", lang)
    month = _month(hold.month, lang) if hold.month else t("breakdown.head_sum", lang)
    return t("ui_tasks.hold", lang, place=place, month=month, amount=f"{hold.amount_wan:,}")


def _of_need(name: str, kind: Kind, value: Callable[[Any], Value]) -> Column[Breakdown]:
    def of(b: Breakdown) -> Value:
        return value(b.increment.need) if b.increment.need else None

    return _filed(name, kind, of)


def _of_outlook(name: str, kind: Kind, value: Callable[[Outlook], Value]) -> Column[Breakdown]:
    return _filed(name, kind, lambda b: value(b.outlook) if b.outlook else None)


PLANS: Final[tuple[Column[Breakdown], ...]] = (
    _filed("indicator", _TEXT, lambda b: b.indicator),
    _filed("name_zh", _TEXT, lambda b: b.name_zh),
    _filed("plan_id", _TEXT, lambda b: b.plan_id if b.tasks else None),
    _filed("status", _TEXT, lambda b: b.status.value),
    _filed("method", _TEXT, lambda b: b.method.value),
    _filed("work", _TEXT, lambda b: b.work.value),
    _of_need("criterion", _TEXT, lambda n: n.criterion.value),
    _of_need("wish", Kind.SHARE, lambda n: n.wish),
    _of_need("p_now", _P, lambda n: n.p_now),
    _of_need("gap_pp", Kind.POINTS, lambda n: n.gap_pp),
    _of_need("growth_pp", Kind.POINTS, lambda n: n.growth_pp),
    _of_need("effect_yi", _YI, lambda n: n.effect_yi),
    _of_need("additionality", Kind.SHARE, lambda n: n.additionality),
    _filed("total_yi", _YI, lambda b: b.increment.total_yi),
    _filed("capacity_yi", _YI, lambda b: b.capacity_yi if b.status in SPREAD else None),
    _filed("open_yi", _YI, open_yi),
    _of_outlook("delivered_mean_yi", _YI, lambda o: o.delivered_mean_yi),
    _of_outlook("delivered_p10_yi", _YI, lambda o: o.delivered_p10_yi),
    _of_outlook("delivered_p90_yi", _YI, lambda o: o.delivered_p90_yi),
    _of_outlook("p_near_now", _P, lambda o: o.p_near_now),
    _of_outlook("p_near_ledger", _P, lambda o: o.p_near_ledger),
    _of_outlook("p_near_all", _P, lambda o: o.p_near_all),
    _of_outlook("p_reach_now", _P, lambda o: o.p_reach_now),
    _of_outlook("p_reach_ledger", _P, lambda o: o.p_reach_ledger),
    _of_outlook("p_reach_all", _P, lambda o: o.p_reach_all),
    _filed("label", _TEXT, lambda b: _label(b.synthetic)),
    _of_need("level_yi", _YI, lambda n: n.level_yi),
)


@dataclass(frozen=True, slots=True)
class Locked:
    """A row of the held sums."""

    b: Breakdown
    hold: Hold

    @property
    def conflict(self) -> Any:
        """Why it cannot be; None where it can."""
        return next((c for c in self.b.conflicts if c.name == self.hold.name), None)


def _held_status(r: Locked) -> str:
    return r.conflict.kind.value if r.conflict else "kept" if r.b.tasks else "unused"


HOLDS: Final[tuple[Column[Locked], ...]] = (
    _filed("indicator", _TEXT, lambda r: r.b.indicator),
    _filed("hold", _TEXT, lambda r: r.hold.name),
    _filed("amount_yi", _YI, lambda r: r.hold.amount_yi),
    _filed("hold_status", _TEXT, _held_status),
    _filed("possible_yi", _YI, lambda r: r.conflict.possible if r.conflict else None),
    _filed("other", _TEXT, lambda r: (r.conflict.other or None) if r.conflict else None),
    _filed("note", _TEXT, lambda r: r.hold.note or None),
    _filed("file", _TEXT, lambda r: r.hold.file),
)

COLUMNS: Final[dict[str, tuple[Column[Any], ...]]] = {
    "breakdown": TASKS,
    "breakdown_margins": margin_columns(),
    "breakdown_plans": PLANS,
    "breakdown_holds": HOLDS,
    **counties.COLUMNS,
    **stock.COLUMNS,
}
"""Tables of ``dabiao breakdown``: tasks, their sums, lists of naming and the balance of 五上 units."""


def breakdown_tables(found: Assignments) -> dict[str, pd.DataFrame]:
    """All tables, by name."""
    own: Mapping[str, Iterator[Any]] = {
        "breakdown": (Tasked(b, task, found) for b in found.breakdowns for task in b.tasks),
        "breakdown_margins": (Summed(b, m, found) for b in found.breakdowns for m in b.margins),
        "breakdown_plans": iter(found.breakdowns),
        "breakdown_holds": (Locked(b, hold) for b in found.breakdowns for hold in b.holds),
    }
    made = {name: Table(name=name, columns=COLUMNS[name], rows=list(rows)) for name, rows in own.items()}
    source = provenance(found.run)
    every = made | counties.county_tables(found) | stock.stock_tables(found)
    return {name: table.frame(source) for name, table in every.items()}


def breakdown_document(found: Assignments) -> dict[str, Any]:
    """All tables for programs, as lists of records at the digits that are written."""
    return {
        name: json.loads(rounded(frame, COLUMNS[name]).to_json(orient="records"))
        for name, frame in breakdown_tables(found).items()
    }


def breakdown_blocks(found: Assignments, lang: Lang, width: int, *, files: Sequence[str] = ()) -> list[Block]:
    """What is due, by place, team and support; proposals for naming; the 五上 balance; where the files are."""

    def line(text: str, *, bold: bool = False) -> Sentence:
        return Sentence(text, bold=bold, pad=(0, 0, 0, 0))

    out: list[Block] = []
    for b in found.breakdowns:
        out.append(line(t("breakdown.title", lang, indicator=indicator_name(b, lang)), bold=True))
        out += [line(text) for text in narrative(b, found, lang)]
        if b.tasks:
            first, *others = (
                margin_grid(b, dimension, found, lang, surface=TERMINAL, width=width)
                for dimension in ("place", "team", "support")
            )
            out += [line(""), first, *(replace(grid, warning="") for grid in others)]
            out.append(line(t("breakdown.said_zones", lang)))
        out.append(line(""))
    out += [*counties.county_blocks(found, lang), line(""), *stock.stock_blocks(found, lang)]
    if files:
        out.append(line(t("report.note_files", lang, list=t("glossary.and", lang).join(files))))
    return out


def task_summary_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """Sums of the tasks by indicator, place and team, month by month, 万元."""
    found = dossier.assigned
    months = sorted({month for b in found.breakdowns for month in b.months})
    rows = [Summed(b, m, found) for b in found.breakdowns for m in _whole(b, "place", "team", every=False)]
    table = Table(name="tasks", columns=margin_columns(months, lang), rows=rows, rests=lambda r: r.b.synthetic)
    lines = [warning(b, lang) for b in found.breakdowns]
    told = zip(found.breakdowns, lines, strict=True)
    said = [indicator_name(b, lang) + t("glossary.colon", lang) + line for b, line in told if line]
    return sheet_of(
        table,
        dossier,
        lang,
        notes=[t("reports.note_tasks", lang), *(task_note(b, lang) for b in found.breakdowns)],
        warning="\n".join(said),
        frozen=3,
    )


@dataclass(frozen=True, slots=True)
class Duty:
    """A row of the duties: what a team leads in an indicator."""

    b: Breakdown
    margin: Margin

    @property
    def tasks(self) -> list[Task]:
        """Its tasks."""
        return [task for task in self.b.tasks if (task.team_zh or "") == (self.margin.key or "") and task.task_wan]


def _some(names: Sequence[str], most: int, lang: Lang) -> str:
    """The first names, and how many there are."""
    known = [name for name in dict.fromkeys(names) if name]
    listed = t("glossary.and", lang).join(known[:most])
    return t("reports.and_others", lang, list=listed, n=len(known)) if len(known) > most else listed


_DUTIES: Final[Mapping[str, Callable[[Duty, View], Said]]] = {
    "team": lambda r, v: r.margin.name_zh or t("breakdown.no_team", v.lang),
    "indicator": lambda r, v: indicator_name(r.b, v.lang),
    "amount": lambda r, v: money_text(r.margin.task_wan / WAN_PER_YI, v.lang),
    "unit": lambda r, v: Cell(_some([task.resp_unit for task in r.tasks], 3, v.lang)),
    "person": lambda r, v: Cell(_some([task.resp_person for task in r.tasks], 4, v.lang)),
    "deadline": lambda r, _: Cell(max((task.deadline.isoformat() for task in r.tasks), default="")),
}
DUTIES: Final[tuple[Column[Duty], ...]] = tuple(
    Column(name, on={WORD: Show(head=f"reports.scheme_col_{name}", says=says)}) for name, says in _DUTIES.items()
)
"""Who leads, which units and persons answer, how much by when."""


def duty_grid(found: Assignments, lang: Lang) -> Grid:
    """Responsibilities, a row an indicator and team."""
    rows = [
        Duty(b, m)
        for b in found.breakdowns
        for m in b.margins
        if m.dimension == "team" and m.month is None and m.task_wan
    ]
    table = Table(name="duties", columns=DUTIES, rows=rows, rests=lambda r: any(x.synthetic for x in r.tasks))
    return table.grid(View(lang=lang, surface=WORD), caption=t("reports.scheme_table_duties", lang))
