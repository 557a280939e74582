"""五上 units as tables: start of the year + entered - left, and what can still be filed by when.

Invariant: every number shown is a field of ``Stock`` (held by ``tests/test_app_tasks.py`` and
``tests/test_breakdown_command.py``).

What came back of the task lists: every task, sums by place and team, those furthest behind.

Invariant: sums are sums of the rows as written, and a number that rests on example ledgers says so
(held by ``tests/test_collected.py``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import pandas as pd

from forecast.periods import Month
from forecast.runs.session import Assignments
from forecast.tables import words
from forecast.tables.dossier import Dossier, sheet_of
from forecast.tables.kind import Kind, Value
from forecast.tables.table import (
    Block,
    Column,
    Grid,
    Provenance,
    Said,
    Sentence,
    Sheet,
    Show,
    Surface,
    Table,
    View,
    column,
    on_sheet,
    seen,
)
from forecast.tasks.collected import Collected, Group, Report
from forecast.tasks.stock import Balance, FilingWindow
from forecast.texts import Lang, t

SHOWN: Final = 10
"""Tasks furthest behind that the terminal lists."""
_CELL, _NUMBER, _WAN, _SHARE = Kind.TEXT, Kind.WHOLE, Kind.MONEY_WAN, Kind.SHARE
_ACTUAL: Final = 3
"""Decimals of an actual in files: what was filled in."""


def _filed[R](name: str, kind: Kind, value: Callable[[R], Any], show: Show[R] | None = None) -> Column[R]:
    return column("collect", name, kind, value, terminal=show)


def _exact[R](name: str, value: Callable[[R], Any], show: Show[R] | None = None) -> Column[R]:
    return column("collect", name, _WAN, value, terminal=show, digits=_ACTUAL)


def _percent(ratio: float | None, lang: Lang) -> str:
    return t("collect.none", lang) if ratio is None else f"{Kind.PERCENT.shown(ratio * 100.0, lang)}%"


def _short(r: Report, _: View) -> Said:
    """What is missing, as the two numbers before it are printed."""
    return r.due_wan - round(words.rounded(r.actual_wan or 0.0, 1.0))


REPORTS: Final[tuple[Column[Report], ...]] = (
    _filed("plan_id", _CELL, lambda r: r.plan_id),
    _filed("indicator", _CELL, lambda r: r.indicator),
    _filed("key", _CELL, lambda r: r.key),
    _filed("name_zh", _CELL, lambda r: r.name_zh, seen("collect", "carrier", left=True)),
    _filed("place_zh", _CELL, lambda r: r.place_zh, seen("collect", "group", left=True)),
    _filed("team_zh", _CELL, lambda r: r.team_zh),
    _filed("month", Kind.MONTH, lambda r: str(r.month)),
    _filed("due_wan", _WAN, lambda r: r.due_wan, seen("collect", "due")),
    _filed("task_wan", _WAN, lambda r: r.task_wan),
    _exact("actual_wan", lambda r: r.actual_wan, seen("collect", "actual")),
    column("collect", "short_wan", _WAN, filed=False, terminal=seen("collect", "short", _short)),
    _filed("ratio", _SHARE, lambda r: r.ratio),
    _filed("file", _CELL, lambda r: r.file),
    _filed("cell", _CELL, lambda r: r.cell),
)


def _group_name(g: Group, v: View) -> Said:
    return g.group or t("breakdown.head_sum" if g.dimension == "total" else "breakdown.no_team", v.lang)


def _reported(g: Group, _: View) -> Said:
    return f"{g.reported:,}/{g.rows:,}"


GROUPS: Final[tuple[Column[Group], ...]] = (
    _filed("plan_id", _CELL, lambda g: g.plan_id),
    _filed("indicator", _CELL, lambda g: g.indicator),
    _filed("dimension", _CELL, lambda g: g.dimension),
    _filed("group", _CELL, lambda g: g.group or None, seen("collect", "group", _group_name, left=True)),
    _filed("month", Kind.MONTH, lambda g: str(g.month) if g.month else None),
    _filed("rows", _NUMBER, lambda g: g.rows),
    _filed(
        "reported",
        _NUMBER,
        lambda g: g.reported,
        seen("collect", "reported", lambda g, _: f"{g.reported:,}/{g.rows:,}"),
    ),
    _filed("due_wan", _WAN, lambda g: g.due_wan),
    _filed("due_reported_wan", _WAN, lambda g: g.due_reported_wan, seen("collect", "due")),
    _exact("actual_wan", lambda g: g.actual_wan, seen("collect", "actual")),
    _filed("ratio", _SHARE, lambda g: g.ratio, seen("collect", "ratio", lambda g, v: _percent(g.ratio, v.lang))),
    _filed("behind", _NUMBER, lambda g: g.behind, seen("collect", "behind", lambda g, _: f"{g.behind:,}")),
)

COLLECTED_COLUMNS: Final[dict[str, tuple[Column[Any], ...]]] = {"collected": REPORTS, "collected_summary": GROUPS}
"""Tables of ``dabiao collect``: what teams and counties reported, against the plan."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What came back of one plan."""

    found: Collected
    plan: str

    @property
    def meta(self) -> Mapping[str, Any]:
        """What its task list says of itself."""
        return self.found.source.get(self.plan, {})

    @property
    def provenance(self) -> Provenance:
        """Of the run that made it."""
        texts = {n: str(self.meta.get(n, "")) for n in ("run_id", "data_hash", "scenario_hash", "model_version")}
        seed = self.meta.get("seed")
        return Provenance(**texts, seed=seed if isinstance(seed, int) else 0)

    def table(self, name: str, rows: list[Any], *, sums: int = 0) -> Table[Any]:
        """A table of it, marked where its tasks rest on example ledgers."""
        synthetic = bool(self.meta.get("synthetic"))
        return Table(name=name, columns=COLLECTED_COLUMNS[name], rows=rows, rests=lambda _: synthetic, sums=sums)


def collected_tables(found: Collected) -> dict[str, pd.DataFrame]:
    """``collected`` (a row a task and month) and ``collected_summary`` (sums by place and team)."""
    plans = [_Plan(found, plan) for plan in dict.fromkeys(r.plan_id for r in found.reports)] or [_Plan(found, "")]
    rows: dict[str, tuple[Any, ...]] = {"collected": found.reports, "collected_summary": found.groups}
    return {
        name: pd.concat(
            [p.table(name, [r for r in rows[name] if r.plan_id == p.plan]).frame(p.provenance) for p in plans],
            ignore_index=True,
        )
        for name in COLLECTED_COLUMNS
    }


def collected_head(found: Collected) -> dict[str, Any]:
    """What came back beside the tables: files, what is missing, what was reported beside the tasks."""
    new = [asdict(row) | {"month": str(row.month)} for row in found.new]
    return {"files": list(found.files), "missing": found.missing, "new": new}


def collected_document(found: Collected) -> dict[str, Any]:
    """Everything for programs."""
    tables = {name: json.loads(frame.to_json(orient="records")) for name, frame in collected_tables(found).items()}
    return collected_head(found) | tables


def collected_blocks(found: Collected, lang: Lang, *, folder: str = "") -> list[Block]:
    """How far the plans are, by place and team, and the tasks furthest behind."""

    def line(text: str, *, bold: bool = False) -> Sentence:
        return Sentence(text, bold=bold, pad=(0, 0, 0, 0))

    out: list[Block] = []
    if found.months:
        names = (t("breakdown.month", lang, month=words.month_name(month, lang)) for month in found.months)
        out.append(line(t("collect.title", lang, months=t("glossary.and", lang).join(names)), bold=True))
    for total in (g for g in found.groups if g.dimension == "total" and g.month is None):
        plan = _Plan(found, total.plan_id)
        name = str(plan.meta.get("name_zh", total.indicator))
        out.append(line(words.indicator_name(total.indicator, name, lang), bold=True))
        numbers = {"files": len(found.files), "rows": f"{total.rows:,}", "reported": f"{total.reported:,}"}
        numbers |= {"actual": _WAN.shown(total.actual_wan or 0.0, lang), "ratio": _percent(total.ratio, lang)}
        out.append(line(t("collect.summary", lang, **numbers)))
        out += _plan_grids(plan, total, lang) if total.reported else [line(t("collect.nothing", lang))]
    if found.new:
        listed = t("glossary.and", lang).join(dict.fromkeys(row.name_zh for row in found.new))
        n, amount = len({(r.plan_id, r.name_zh) for r in found.new}), sum(row.actual_wan for row in found.new)
        out.append(line(t("collect.new", lang, n=n, list=listed, amount=_WAN.shown(amount, lang))))
    if found.missing:
        out.append(line(t("collect.missing", lang, n=f"{found.missing:,}")))
    return [*out, line(t("collect.written", lang, folder=folder))] if folder else out


def _plan_grids(plan: _Plan, total: Group, lang: Lang) -> Iterator[Grid]:
    """Sums over the months that are reported, by place and team, least done first; the tasks furthest behind."""
    view = View(lang=lang, surface=Surface.TERMINAL)
    for dimension in ("place", "team"):
        mine = [g for g in plan.found.groups if (g.plan_id, g.dimension, g.month) == (plan.plan, dimension, None)]
        mine.sort(key=lambda g: (g.ratio is None, g.ratio or 0.0))
        table = plan.table("collected_summary", [*mine, total], sums=1)
        yield table.grid(view, caption=t(f"collect.table_{dimension}", lang))
    late = [r for r in plan.found.reports if r.plan_id == plan.plan and r.short_wan > 0.0]
    if late:
        late.sort(key=lambda r: (-r.short_wan, r.key))
        yield plan.table("collected", late[:SHOWN]).grid(view, caption=t("collect.table_behind", lang))


PAGE, SHEET = Surface.PAGE, Surface.SHEET
YEAR, MONTHS = "year", "months"
"""Parts of the page: the year by sector, all sectors month by month."""
_TEXT, _SHORT, _WHOLE = Kind.TEXT, Kind.SHORT, Kind.WHOLE


@dataclass(frozen=True, slots=True)
class Stocked:
    """A row of the balance of 五上 units: a sector, or all, in a month or the year."""

    balance: Balance
    synthetic: bool


def _sector(r: Stocked, v: View) -> str:
    b = r.balance
    return (b.sector_zh if v.lang == "zh" else b.sector) if b.sector else t("stock.total", v.lang)


def _stock_month(r: Stocked, v: View) -> str:
    month = r.balance.month
    return (
        t("reports.whole_year", v.lang)
        if month is None
        else t("ui.month", v.lang, month=words.month_name(month, v.lang))
    )


def _col[R](name: str, kind: Kind, value: Callable[[R], Value] = lambda _: None, *more: Any, **on: Any) -> Column[R]:
    return column("stock", name, kind, value, *more, **on)


def _units(
    name: str, value: Callable[[Balance], int | None], *, formula: str = "", filed: bool = True
) -> Column[Stocked]:
    def says(r: Stocked, _: View) -> Said:
        number = value(r.balance)
        return None if number is None else f"{number:,}"

    sheet: Show[Stocked] = on_sheet("stock", name, _WHOLE, formula=formula)
    return _col(name, _WHOLE, lambda r: value(r.balance), says, seen=name, sheet=sheet, filed=filed)


BALANCES: Final[tuple[Column[Stocked], ...]] = (
    _col(
        "sector",
        _TEXT,
        lambda r: r.balance.sector or None,
        _sector,
        seen="sector",
        left=True,
        page=seen("stock", "sector", _sector, YEAR, left=True),
        sheet="stock.sector",
    ),
    _col("sector_zh", _TEXT, lambda r: r.balance.sector_zh or None),
    _col(
        "month",
        Kind.MONTH,
        lambda r: str(r.balance.month) if r.balance.month else None,
        page=Show(head="ui_tasks.head_month", says=_stock_month, left=True, parts=(MONTHS,)),
        sheet=on_sheet("stock", "month", _SHORT, _stock_month),
    ),
    _units("opening", lambda b: b.opening),
    _units("entered", lambda b: b.entered),
    _units("left", lambda b: b.left),
    _units("net", lambda b: b.net, formula="{entered}-{left}", filed=False),
    _units("preparing", lambda b: b.preparing),
    _col("at_risk", Kind.COUNT, lambda r: r.balance.at_risk, seen="risk", sheet="stock.at_risk"),
    _units("closing", lambda b: b.closing, formula="{opening}+{entered}-{left}"),
    _col("expected", _WHOLE, lambda r: r.balance.expected, sheet="stock.expected"),
    _col("label", _TEXT, lambda r: t("scenario.synthetic", "zh") if r.synthetic else None),
)


def _balances(
    found: Assignments, wanted: Callable[[Balance], bool] = lambda _: True, *, sums: int = 0
) -> Table[Stocked]:
    rows = [Stocked(b, found.stock.synthetic) for b in found.stock.balances if wanted(b)]
    return Table(name="stock", columns=BALANCES, rows=rows, rests=lambda r: r.synthetic, sums=sums if rows else 0)


@dataclass(frozen=True, slots=True)
class Filing:
    """A row of the windows of filing."""

    window: FilingWindow
    synthetic: bool


def _sectors(window: FilingWindow, lang: Lang) -> str:
    return t("glossary.and", lang).join(f"{name}{n}" for name, n in window.sectors.items())


def _channel(r: Filing, v: View) -> Said:
    return t(f"stock.channel_{r.window.channel}", v.lang)


def _counted(r: Filing, v: View) -> Said:
    return _counts(r.window, v.lang)


def _which(r: Filing, v: View) -> Said:
    return _sectors(r.window, v.lang) or None


WINDOWS: Final[tuple[Column[Filing], ...]] = (
    _col("deadline", _TEXT, lambda r: r.window.deadline.isoformat(), sheet=on_sheet("filing", "deadline", _SHORT)),
    _col("channel", _TEXT, lambda r: r.window.channel, _channel, sheet="filing.channel"),
    _col(
        "first_report",
        Kind.MONTH,
        lambda r: str(r.window.first_report),
        sheet=on_sheet("filing", "first_report", _SHORT),
    ),
    _col(
        "counts_this_year",
        _WHOLE,
        lambda r: int(r.window.counts_this_year),
        sheet=on_sheet("filing", "counts", _SHORT, _counted),
    ),
    _col("units", _WHOLE, lambda r: r.window.units, sheet=on_sheet("filing", "units", _WHOLE, total=True)),
    _col("monthly_output_yi", Kind.MONEY, lambda r: r.window.monthly_output_yi, sheet="filing.output_yi"),
    _col("days_left", _WHOLE, lambda r: r.window.days_left, sheet="filing.days_left"),
    _col(
        "sectors",
        _TEXT,
        lambda r: _sectors(r.window, "zh"),
        sheet=on_sheet("filing", "sectors", _TEXT, _which, widest=40),
    ),
    _col("label", _TEXT, lambda r: t("scenario.synthetic", "zh") if r.synthetic else None),
)
_WINDOW_ORDER: Final = ("deadline", "channel", "units", "sectors", "first_report", "counts", "output_yi", "days_left")

COLUMNS: Final[dict[str, tuple[Column[Any], ...]]] = {"stock": BALANCES, "stock_windows": WINDOWS}
"""The balance of 五上 units and the windows of filing, by name of the file."""


def stock_tables(found: Assignments) -> dict[str, Table[Any]]:
    """The balance and the windows, by name of the file."""
    return dict(zip(COLUMNS, (_balances(found), _windows(found)), strict=True))


def _counts(window: FilingWindow, lang: Lang) -> str:
    return t("stock.counts_yes" if window.counts_this_year else "stock.counts_no", lang)


def _windows(found: Assignments) -> Table[Filing]:
    return Table(
        name="filings",
        columns=WINDOWS,
        rows=[Filing(window, found.stock.synthetic) for window in found.stock.windows],
        order={SHEET: _WINDOW_ORDER},
        rests=lambda r: r.synthetic,
    )


def window_lines(found: Assignments, lang: Lang) -> list[str]:
    """Windows of filing that are still open, a sentence each."""
    return [_window(one, lang) for one in found.stock.windows]


def _window(w: FilingWindow, lang: Lang) -> str:
    month = words.month_name(Month(w.deadline.year, w.deadline.month), lang)
    return t(
        "stock.window",
        lang,
        day=t("stock.day", lang, month=month, day=w.deadline.day),
        left=w.days_left,
        channel=t(f"stock.channel_{w.channel}", lang),
        units=w.units,
        sectors=_sectors(w, lang),
        report=t("stock.report_month", lang, year=w.first_report.year, month=w.first_report.month),
        output=Kind.MONEY.shown(w.monthly_output_yi, lang),
        counts=_counts(w, lang),
    )


def stock_grid(found: Assignments, lang: Lang, *, surface: Surface = PAGE) -> Grid:
    """年初＋新增－退出 by sector, the whole year."""
    table = _balances(found, lambda b: b.month is None, sums=1)
    return table.grid(View(lang=lang, surface=surface), (YEAR,), caption=t("stock.title", lang))


def stock_months_grid(found: Assignments, lang: Lang) -> Grid:
    """All sectors together, month by month."""
    table = _balances(found, lambda b: b.month is not None and not b.sector)
    order = View(lang=lang, surface=PAGE)
    return table.grid(order, (MONTHS,), kind="stock-months", caption=t("ui_tasks.stock_months", lang))


def stock_notes(found: Assignments, lang: Lang) -> list[str]:
    """What the data set does not tell of the units."""
    years = [b for b in found.stock.balances if b.month is None]
    missing = (
        name for name in ("opening", "entered", "left") if years and all(getattr(b, name) is None for b in years)
    )
    return [t(f"stock.note_{name}", lang) for name in missing]


def stock_blocks(found: Assignments, lang: Lang) -> Iterator[Block]:
    """The balance of the year and the windows that are left, for a terminal."""
    table = stock_grid(found, lang, surface=Surface.TERMINAL)
    if not table.rows:
        return
    lines: list[tuple[str, bool]] = [(note, False) for note in stock_notes(found, lang)]
    if found.stock.windows:
        lines += [("", False), (t("stock.title_windows", lang), True)]
        lines += [(text, False) for text in (*window_lines(found, lang), t("stock.note_annual", lang), table.mark)]
    yield table
    yield from (Sentence(text, bold=bold, pad=(0, 0, 0, 0)) for text, bold in lines)


def stock_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """五上企业培育: start of the year + entered - left, by sector and month."""
    found = dossier.assigned
    table = _balances(found, lambda b: b.month is None or bool(b.entered or b.left or b.preparing))
    notes = [note for note in stock_notes(found, lang) if note == t("stock.note_opening", lang)]
    return sheet_of(table, dossier, lang, notes=[*notes, t("stock.note_annual", lang)])


def filing_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """申报窗口: what can still be filed, by which day, and whether it counts this year."""
    return sheet_of(_windows(dossier.assigned), dossier, lang, notes=[t("stock.note_annual", lang)], frozen=1)
