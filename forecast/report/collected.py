"""What came back of the task lists: tables, a directory, the terminal.

Invariant: sums are sums of the rows as written; a directory holds a whole collection or none of it
(held by ``tests/test_collected.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import pandas as pd
from rich import box
from rich.console import Group as Blocks
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from forecast.report.files import replaced, write_csv
from forecast.tables import words
from forecast.tables.kind import Value as Cell
from forecast.tables.schema import table_frame
from forecast.tables.table import Provenance
from forecast.tasks.collected import Collected, Group, NewRow, Report
from forecast.texts import Lang, t

MANIFEST: Final = "collected.json"
SHOWN: Final = 10
"""Tasks furthest behind that the terminal lists."""


def _provenance(found: Collected, plan: str) -> Provenance:
    """Of the run that made a plan, as its task list says."""
    meta = found.source.get(plan, {})
    texts = {name: str(meta.get(name, "")) for name in ("run_id", "data_hash", "scenario_hash", "model_version")}
    seed = meta.get("seed")
    return Provenance(**texts, seed=seed if isinstance(seed, int) else 0)


def collected_tables(found: Collected) -> dict[str, pd.DataFrame]:
    """``collected`` (a row a task and month) and ``collected_summary`` (sums by place and team)."""
    plans = list(dict.fromkeys(r.plan_id for r in found.reports))
    out = {}
    for name in ("collected", "collected_summary"):
        frames = []
        for plan in plans:
            mine = [r for r in found.reports if r.plan_id == plan]
            groups = [g for g in found.groups if g.plan_id == plan]
            records = [_report(r) for r in mine] if name == "collected" else [_group(g) for g in groups]
            frames.append(table_frame(name, records, _provenance(found, plan)))
        out[name] = pd.concat(frames, ignore_index=True) if frames else table_frame(name, [], _provenance(found, ""))
    return out


def _report(r: Report) -> tuple[Cell, ...]:
    return (
        *(r.plan_id, r.indicator, r.key, r.name_zh, r.place_zh, r.team_zh, str(r.month), r.due_wan, r.task_wan),
        *(r.actual_wan, r.ratio, r.file, r.cell),
    )


def _group(g: Group) -> tuple[Cell, ...]:
    return (
        *(g.plan_id, g.indicator, g.dimension, g.group or None, str(g.month) if g.month else None, g.rows, g.reported),
        *(g.due_wan, g.due_reported_wan, g.actual_wan, g.ratio, g.behind),
    )


def collected_document(found: Collected) -> dict[str, Any]:
    """Everything for programs."""
    tables = {name: json.loads(frame.to_json(orient="records")) for name, frame in collected_tables(found).items()}
    return {"files": list(found.files), "missing": found.missing, "new": [_new(row) for row in found.new], **tables}


def _new(row: NewRow) -> dict[str, Any]:
    return asdict(row) | {"month": str(row.month)}


def write_collected(found: Collected, out: Path) -> None:
    """Write the directory of a collection; an earlier one there is replaced.

    Raises
    ------
    UsageError
        ``out`` exists and is no collection, or cannot be written.
    """
    with replaced(out, manifest=MANIFEST, refusal="usage_not_a_collection") as fresh:
        for name, frame in collected_tables(found).items():
            write_csv(frame, fresh / f"{name}.csv", table=name)
        manifest: dict[str, Any] = {"files": list(found.files), "plans": dict(found.source), "missing": found.missing}
        manifest["new"] = [_new(row) for row in found.new]
        text = json.dumps(manifest, ensure_ascii=False, indent=2)
        (fresh / MANIFEST).write_text(text + "\n", encoding="utf-8")


def render_collected(found: Collected, *, lang: Lang, folder: str = "") -> RenderableType:
    """How far the plans are, by place and team, and the tasks furthest behind."""
    return Blocks(*_blocks(found, lang, folder))


def _percent(ratio: float | None, lang: Lang) -> str:
    return t("collect.none", lang) if ratio is None else f"{ratio * 100:.1f}%"


def _blocks(found: Collected, lang: Lang, folder: str) -> Iterator[RenderableType]:
    names = [t("breakdown.month", lang, month=words.month_name(month, lang)) for month in found.months]
    months = t("glossary.and", lang).join(names)
    if found.months:
        yield Text(t("collect.title", lang, months=months), style="bold")
    for total in (g for g in found.groups if g.dimension == "total" and g.month is None):
        meta = found.source[total.plan_id]
        yield Text(words.indicator_name(total.indicator, str(meta.get("name_zh", total.indicator)), lang), style="bold")
        numbers = {"files": len(found.files), "rows": f"{total.rows:,}", "reported": f"{total.reported:,}"}
        numbers |= {"actual": f"{total.actual_wan or 0.0:,.0f}", "ratio": _percent(total.ratio, lang)}
        yield Text(t("collect.summary", lang, **numbers))
        if not total.reported:
            yield Text(t("collect.nothing", lang))
            continue
        for dimension in ("place", "team"):
            yield _sums(found, total, dimension, lang)
        yield from _behind(found, total.plan_id, lang)
    if found.new:
        listed = t("glossary.and", lang).join(dict.fromkeys(row.name_zh for row in found.new))
        amount = f"{sum(row.actual_wan for row in found.new):,.0f}"
        yield Text(
            t("collect.new", lang, n=len({(r.plan_id, r.name_zh) for r in found.new}), list=listed, amount=amount)
        )
    if found.missing:
        yield Text(t("collect.missing", lang, n=f"{found.missing:,}"))
    if folder:
        yield Text(t("collect.written", lang, folder=folder))


def _table(title: str, heads: Sequence[tuple[str, bool]], lang: Lang) -> Table:
    table = Table(title=Text(title), box=box.SIMPLE_HEAVY, show_edge=False, pad_edge=False, title_justify="left")
    for name, left in heads:
        table.add_column(t(f"collect.head_{name}", lang), justify="left" if left else "right", no_wrap=True)
    return table


def _sums(found: Collected, total: Group, dimension: str, lang: Lang) -> Table:
    """Sums over the months that are reported: what is due and what came in of the tasks reported."""
    heads = [("group", True), ("reported", False), ("due", False), ("actual", False), ("ratio", False)]
    table = _table(t(f"collect.table_{dimension}", lang), [*heads, ("behind", False)], lang)
    mine = [g for g in found.groups if g.plan_id == total.plan_id and g.dimension == dimension and g.month is None]
    mine.sort(key=lambda g: (g.ratio is None, g.ratio or 0.0))
    for g in [*mine, total]:
        name = g.group or t("breakdown.head_sum", lang) if g is total else g.group or t("breakdown.no_team", lang)
        actual = t("collect.none", lang) if g.actual_wan is None else f"{g.actual_wan:,.0f}"
        cells = (f"{g.reported:,}/{g.rows:,}", f"{g.due_reported_wan:,}", actual, _percent(g.ratio, lang))
        table.add_row(name, *cells, f"{g.behind:,}", end_section=bool(mine) and g is mine[-1])
    return table


def _behind(found: Collected, plan: str, lang: Lang) -> Iterator[RenderableType]:
    late = [r for r in found.reports if r.plan_id == plan and r.short_wan > 0.0]
    if not late:
        return
    heads = [("carrier", True), ("group", True), ("due", False), ("actual", False), ("short", False)]
    table = _table(t("collect.table_behind", lang), heads, lang)
    for r in sorted(late, key=lambda r: (-r.short_wan, r.key))[:SHOWN]:
        table.add_row(r.name_zh, r.place_zh, f"{r.due_wan:,}", f"{r.actual_wan:,.0f}", f"{r.short_wan:,.0f}")
    yield table
