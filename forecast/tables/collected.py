"""What came back of the task lists: every task, sums by place and team, those furthest behind.

Invariant: sums are sums of the rows as written, and a number that rests on example ledgers says so
(held by ``tests/test_collected.py``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import pandas as pd

from forecast.tables import words
from forecast.tables.kind import Kind
from forecast.tables.table import (
    Block,
    Column,
    Grid,
    Provenance,
    Said,
    Sentence,
    Show,
    Surface,
    Table,
    View,
    column,
    seen,
)
from forecast.tasks.collected import Collected, Group, Report
from forecast.texts import Lang, t

SHOWN: Final = 10
"""Tasks furthest behind that the terminal lists."""
_TEXT, _WHOLE, _WAN, _SHARE = Kind.TEXT, Kind.WHOLE, Kind.MONEY_WAN, Kind.SHARE
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
    _filed("plan_id", _TEXT, lambda r: r.plan_id),
    _filed("indicator", _TEXT, lambda r: r.indicator),
    _filed("key", _TEXT, lambda r: r.key),
    _filed("name_zh", _TEXT, lambda r: r.name_zh, seen("collect", "carrier", left=True)),
    _filed("place_zh", _TEXT, lambda r: r.place_zh, seen("collect", "group", left=True)),
    _filed("team_zh", _TEXT, lambda r: r.team_zh),
    _filed("month", Kind.MONTH, lambda r: str(r.month)),
    _filed("due_wan", _WAN, lambda r: r.due_wan, seen("collect", "due")),
    _filed("task_wan", _WAN, lambda r: r.task_wan),
    _exact("actual_wan", lambda r: r.actual_wan, seen("collect", "actual")),
    column("collect", "short_wan", _WAN, filed=False, terminal=seen("collect", "short", _short)),
    _filed("ratio", _SHARE, lambda r: r.ratio),
    _filed("file", _TEXT, lambda r: r.file),
    _filed("cell", _TEXT, lambda r: r.cell),
)


def _group_name(g: Group, v: View) -> Said:
    return g.group or t("breakdown.head_sum" if g.dimension == "total" else "breakdown.no_team", v.lang)


def _reported(g: Group, _: View) -> Said:
    return f"{g.reported:,}/{g.rows:,}"


GROUPS: Final[tuple[Column[Group], ...]] = (
    _filed("plan_id", _TEXT, lambda g: g.plan_id),
    _filed("indicator", _TEXT, lambda g: g.indicator),
    _filed("dimension", _TEXT, lambda g: g.dimension),
    _filed("group", _TEXT, lambda g: g.group or None, seen("collect", "group", _group_name, left=True)),
    _filed("month", Kind.MONTH, lambda g: str(g.month) if g.month else None),
    _filed("rows", _WHOLE, lambda g: g.rows),
    _filed(
        "reported", _WHOLE, lambda g: g.reported, seen("collect", "reported", lambda g, _: f"{g.reported:,}/{g.rows:,}")
    ),
    _filed("due_wan", _WAN, lambda g: g.due_wan),
    _filed("due_reported_wan", _WAN, lambda g: g.due_reported_wan, seen("collect", "due")),
    _exact("actual_wan", lambda g: g.actual_wan, seen("collect", "actual")),
    _filed("ratio", _SHARE, lambda g: g.ratio, seen("collect", "ratio", lambda g, v: _percent(g.ratio, v.lang))),
    _filed("behind", _WHOLE, lambda g: g.behind, seen("collect", "behind", lambda g, _: f"{g.behind:,}")),
)

COLUMNS: Final[dict[str, tuple[Column[Any], ...]]] = {"collected": REPORTS, "collected_summary": GROUPS}
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
        return Table(name=name, columns=COLUMNS[name], rows=rows, rests=lambda _: synthetic, sums=sums)


def collected_tables(found: Collected) -> dict[str, pd.DataFrame]:
    """``collected`` (a row a task and month) and ``collected_summary`` (sums by place and team)."""
    plans = [_Plan(found, plan) for plan in dict.fromkeys(r.plan_id for r in found.reports)] or [_Plan(found, "")]
    rows: dict[str, tuple[Any, ...]] = {"collected": found.reports, "collected_summary": found.groups}
    return {
        name: pd.concat(
            [p.table(name, [r for r in rows[name] if r.plan_id == p.plan]).frame(p.provenance) for p in plans],
            ignore_index=True,
        )
        for name in COLUMNS
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
