"""A draft row by row of a ledger: which enterprise restarts when and how surely, what a project does; and back.

A row that is edited leaves the action that it was part of and joins those with the same settings, so that every row
counts once; rows that nobody touched stay in the actions that they came with.

Invariant: rows given back unedited leave the draft as it was, and an edited row reads back as it was edited
(held by ``tests/test_drafting.py``).

Other ledgers with the same published totals: how much a group's effect owes to rows that were made up.

A data set with synthetic ledgers may hold ``regenerated/<table>.csv.gz``: the columns of the ledger and ``ledger``, the
number of the draw. Nothing here runs code of a data set.

Invariant: ids and totals of every draw are those of its own ledger (held by ``tests/test_regenerated.py``).
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from forecast.answers.chances import Case, Criterion, Ends, ends, median_pp
from forecast.data.dataset import Dataset
from forecast.data.ledger import Ledger, read_enterprises, read_pipeline, read_projects
from forecast.data.reading.problems import Problems, table_of_rows
from forecast.draws.paths import reordered
from forecast.periods import Month
from forecast.scenario.actions import ACTIONS, Measure, enterprises, projects
from forecast.scenario.actions.kinds import Editor, LedgerOf, picked, place_names
from forecast.scenario.drafting import Draft, DraftAction
from forecast.scenario.effects import Effects, Evaluator, year_ends
from forecast.scenario.reader import Scenario
from forecast.scenario.world import World

FOLDER: Final = "regenerated"
DRAWS: Final = 1000
"""Draws that a range is taken over."""
TABLES: Final = ("projects", "enterprises", "pipeline")


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Least and greatest over regenerated ledgers.

    growth_pp : change of year-end growth of the city, points; reach, near : change of the probabilities, fractions
    """

    ledgers: int
    growth_pp: tuple[float, float]
    reach: tuple[float, float]
    near: tuple[float, float]

    def of(self, criterion: Criterion) -> tuple[float, float]:
        """Range of the change of the probability of what is spoken of."""
        return self.near if criterion is Criterion.NEAR else self.reach


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Others:
    """Draws on the own ledger and on others with the same totals."""

    own: World
    worlds: tuple[World, ...]


def by_group(measure: Measure) -> bool:
    """Whether an action picks rows of a ledger by their columns."""
    return ACTIONS[measure.type].ledger is not None and getattr(measure.action, "select", None) is not None


def rows_picked(measure: Measure, dataset: Dataset) -> pd.DataFrame:
    """Rows of its ledger that an action picks; none where it is on no ledger."""
    ledger, action = ACTIONS[measure.type].ledger, measure.action
    if ledger is None:
        return pd.DataFrame()
    frame: pd.DataFrame = getattr(dataset.ledger, ledger.table)
    return frame.iloc[picked(frame, ledger.key, getattr(action, ledger.ids), action.select, place_names(dataset))]


def rests_on_synthetic(measure: Measure, dataset: Dataset) -> bool:
    """Whether any row of an action is synthetic."""
    if dataset.config.synthetic:
        return True
    rows = rows_picked(measure, dataset)
    return not rows.empty and bool((rows["row_status"] == "synthetic").any())


def ledgers(dataset: Dataset) -> tuple[Ledger, ...]:
    """Regenerated ledgers of a data set, in order; none where it has no such files."""
    found: dict[str, dict[str, list[list[str]]]] = {}
    headers: dict[str, list[str]] = {}
    for table in TABLES:
        path = dataset.config.folder / FOLDER / f"{table}.csv.gz"
        if not path.is_file():
            return ()
        rows = csv.reader(io.StringIO(gzip.decompress(path.read_bytes()).decode("utf-8-sig")))
        header = next(rows)
        at = header.index("ledger")
        headers[table] = [name for name in header if name != "ledger"]
        for row in rows:
            found.setdefault(row[at], {}).setdefault(table, []).append(row[:at] + row[at + 1 :])
    return tuple(_ledger(dataset, headers, found[number]) for number in sorted(found, key=int))


def _ledger(dataset: Dataset, headers: Mapping[str, list[str]], rows: Mapping[str, list[list[str]]]) -> Ledger:
    problems = Problems()
    units, year = dataset.panel.units, dataset.config.target_year
    frames = {}
    for table in TABLES:
        listed = [(1, headers[table]), *((k, row) for k, row in enumerate(rows[table], 2))]
        raw = table_of_rows(table, f"{FOLDER}/{table}.csv.gz", listed, problems)
        if raw is None:
            continue
        if table == "projects":
            frames[table] = read_projects(raw, problems, units=units, year=year)
        elif table == "enterprises":
            frames[table] = read_enterprises(raw, problems, units=units, year=year)
        else:
            frames[table] = read_pipeline(raw, problems, units=units)
    problems.check()
    return Ledger(**frames)


def others_of(world: World) -> Others:
    """The worlds with other ledgers of a data set; none where it has no such files.

    Ranges of means need fewer draws than probabilities: every so many-th draw is taken, ``DRAWS`` in all.
    """
    step = max(world.draws // DRAWS, 1)
    return with_ledgers(_thinned(world, step), ledgers(world.dataset))


def with_ledgers(world: World, found: Sequence[Ledger]) -> Others:
    """A world, and the same draws on other ledgers."""
    return Others(own=world, worlds=tuple(_on(world, ledger) for ledger in found))


def _on(world: World, ledger: Ledger) -> World:
    return World(paths=world.paths, dataset=replace(world.dataset, ledger=ledger))


def _thinned(world: World, step: int) -> World:
    if step == 1:
        return world
    chosen = np.arange(0, world.draws, step)
    kept = {name: reordered(one, chosen, one.ess / step) for name, one in world.paths.indicators.items()}
    return World(paths=replace(world.paths, indicators=kept), dataset=world.dataset)


def ranges(others: Others, scenario: Scenario, judged: Sequence[Case]) -> dict[tuple[str, str, str], Range]:
    """Range of a scenario's effect on every case when rows picked by group come from other ledgers.

    Actions that name their rows keep them. Empty where no action picks synthetic rows by group, or there is no other
    ledger.
    """
    own = others.own
    group = [m.id for m in scenario.actions if by_group(m) and rests_on_synthetic(m, own.dataset)]
    if not group or not others.worlds:
        return {}
    rest = Evaluator(world=own, scenario=scenario).effects([m.id for m in scenario.actions if m.id not in group])
    before = ends(year_ends(own.paths), judged)
    seen = []
    for other in others.worlds:
        effects = _joined_range(Evaluator(world=other, scenario=scenario.only(group)).effects(), rest)
        now = ends(year_ends(own.paths, effects), judged)
        seen.append([_moved(at, now, before) for at in range(len(judged))])
    low, high = np.min(seen, axis=0), np.max(seen, axis=0)
    out = {}
    for k, case in enumerate(judged):
        pairs = [(float(a), float(b)) for a, b in zip(low[k], high[k], strict=True)]
        out[case.key] = Range(ledgers=len(others.worlds), growth_pp=pairs[0], reach=pairs[1], near=pairs[2])
    return out


def _moved(at: int, now: Ends, before: Ends) -> tuple[float, float, float]:
    """Change of growth, points, and of both probabilities."""
    reach, near = (
        float(now.hits(at, criterion).mean() - before.hits(at, criterion).mean())
        for criterion in (Criterion.REACH, Criterion.NEAR)
    )
    return median_pp(now.own[at]) - median_pp(before.own[at]), reach, near


def _joined_range(a: Effects, b: Effects) -> Effects:
    added = dict(a.added)
    for key, value in b.added.items():
        added[key] = added[key] + value if key in added else value
    return Effects(added=added, fixed={**a.fixed, **b.fixed}, rebased={**a.rebased, **b.rebased})


type Row = Mapping[Any, Any]
"""One row by column."""

NOTHING: Final = "none"
"""In place of a type of action: the row is left to itself."""
COLUMNS: Final = ("plan", "month", "prob_pct", "level_pct", "months", "delay_months")
"""What is set row by row: type of action; month YYYY-MM; chance, percent; recovery of a restart, what remains of a
stop, share of the plan that is done, percent; months by which work is moved; mean delay, months."""
_DIGITS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A ledger whose rows are edited.

    ledger : its name, its column of ids, and the field of an action that lists them
    types : what a row can do, the first that holds of a row being shown
    """

    ledger: LedgerOf
    types: tuple[str, ...]

    @property
    def table(self) -> str:
        """Name of the ledger."""
        return self.ledger.table

    @property
    def key(self) -> str:
        """Its column of ids."""
        return self.ledger.key

    @property
    def ids(self) -> str:
        """Field of an action that lists them."""
        return self.ledger.ids


def _book(ledger: LedgerOf) -> Book:
    types = (one.name for one in ACTIONS.values() if one.ledger is ledger and one.editor is not None)
    return Book(ledger=ledger, types=tuple(types))


ENTERPRISES: Final = _book(enterprises.LEDGER)
PROJECTS: Final = _book(projects.LEDGER)


def _editor(kind: str) -> Editor:
    editor = ACTIONS[kind].editor
    if editor is None:
        raise KeyError(kind)
    return editor


def settings(draft: Draft, dataset: Dataset, book: Book) -> pd.DataFrame:
    """What the draft does with every row of a ledger.

    Returns
    -------
    DataFrame, index ids of the ledger in its order, columns ``COLUMNS``. Of a row that is left to itself, whose plan is
    ``NOTHING``, the other columns are those that the ledger suggests for the first type it could take; NaN where a
    type has none.
    """
    frame: pd.DataFrame = getattr(dataset.ledger, book.table)
    holder = _holders(draft, dataset, book)
    records = []
    for row in frame.to_dict("records"):
        found = holder.get(str(row[book.key]))
        kind = NOTHING if found is None else draft.actions[found]["type"]
        action = {} if found is None else draft.actions[found]
        records.append({"plan": kind} | _shown(_usual(row, book) if found is None else kind, action, row, dataset))
    index = pd.Index(frame[book.key].astype(str), name=book.key)
    table = pd.DataFrame(records, index=index, columns=pd.Index(COLUMNS))
    return table.astype(dict.fromkeys(COLUMNS[2:], "float64") | {"plan": "object", "month": "object"})


def edited(draft: Draft, dataset: Dataset, book: Book, after: pd.DataFrame) -> Draft:
    """The draft with the settings of rows as they were edited; ``after`` as ``settings`` gives it, any rows of it."""
    before, now = _by_id(settings(draft, dataset, book)), _by_id(after)
    touched = [name for name in now if _differ(before[name], now[name])]
    if not touched:
        return draft
    holder = _holders(draft, dataset, book)
    ledger = {str(row[book.key]): row for row in getattr(dataset.ledger, book.table).to_dict("records")}
    members = _members(draft, dataset, book)
    wanted: dict[str, tuple[DraftAction, list[str]]] = {}
    for name in touched:
        kind = str(now[name]["plan"] or NOTHING)
        if kind == NOTHING:
            continue
        found = holder.get(name)
        old = draft.actions[found] if found is not None and draft.actions[found]["type"] == kind else None
        action = _action(kind, old, before[name], now[name], ledger[name], dataset)
        wanted.setdefault(json.dumps(action, sort_keys=True), (action, []))[1].append(name)
    leaving = {k: {n for n in touched if holder.get(n) == k} for k in set(holder.values())}
    return _joined(_left(draft, book, members, leaving), book, wanted.values(), list(ledger))


def _by_id(table: pd.DataFrame) -> dict[str, Row]:
    return {str(name): row for name, row in zip(table.index, table.to_dict("records"), strict=True)}


def able(dataset: Dataset, book: Book, kind: str) -> frozenset[str]:
    """Rows of a ledger that can take part in a type of action; all for ``NOTHING``."""
    rows = getattr(dataset.ledger, book.table).to_dict("records")
    return frozenset(str(row[book.key]) for row in rows if kind == NOTHING or _can(kind, row))


def _differ(a: Row, b: Row) -> bool:
    """Whether a row was edited; what its type does not have does not count."""
    if a["plan"] != b["plan"]:
        return True
    return a["plan"] != NOTHING and any(not _same(a[name], b[name]) for name in _editor(str(a["plan"])).columns)


def _same(a: Any, b: Any) -> bool:
    if _absent(a) or _absent(b):
        return _absent(b)  # a cell that was cleared stays as it was
    return bool(a == b) if isinstance(a, str) else math.isclose(float(a), float(b), abs_tol=1e-9)


def _absent(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value)) or value == ""


def _members(draft: Draft, dataset: Dataset, book: Book) -> dict[int, list[str]]:
    """Rows that every action that counts is about, by position of the action."""
    frame: pd.DataFrame = getattr(dataset.ledger, book.table)
    names, out = place_names(dataset), {}
    for k, action in enumerate(draft.actions):
        if k not in draft.off and action["type"] in book.types:
            rows = frame.iloc[picked(frame, book.key, action.get(book.ids), action.get("select"), names)]
            out[k] = [str(row[book.key]) for row in rows.to_dict("records") if _can(action["type"], row)]
    return out


def _holders(draft: Draft, dataset: Dataset, book: Book) -> dict[str, int]:
    """Position of the action that is shown for a row: by type as in ``Book.types``, then by position."""
    found: dict[str, int] = {}
    members = _members(draft, dataset, book)
    for k in sorted(members, key=lambda k: (book.types.index(draft.actions[k]["type"]), k)):
        for name in members[k]:
            found.setdefault(name, k)
    return found


def _can(kind: str, row: Row) -> bool:
    """Whether a row can take part in an action at all."""
    return _editor(kind).able(row)


def _usual(row: Row, book: Book) -> str:
    """The type that a row would take first."""
    return next((kind for kind in book.types if _can(kind, row)), book.types[-1])


def _shown(kind: str, action: DraftAction, row: Row, dataset: Dataset) -> dict[str, Any]:
    """Settings of a row under an action: the action's own, else the ledger's, else the default of the type."""
    usual, fields = _suggested(kind, row, dataset), _editor(kind).columns
    out: dict[str, Any] = {name: usual.get(name, math.nan) for name in COLUMNS[1:]}
    for column, name in fields.items():
        if (value := action.get(name)) is not None:
            out[column] = _read(column, value)
    return out


def _read(column: str, value: Any) -> Any:
    match column:
        case "prob_pct" | "level_pct":
            last = value[-1] if isinstance(value, list | tuple) else value
            return round(float(last) * 100.0, _DIGITS)
        case "delay_months":
            return round(sum(k * float(share) for k, share in enumerate(value)), _DIGITS)
    return value if isinstance(value, str) else float(value)


def _suggested(kind: str, row: Row, dataset: Dataset) -> dict[str, Any]:
    """What holds where the action says nothing: the ledger's own value, else the default of the type."""
    first, editor, fields = dataset.config.first_action_month, _editor(kind), ACTIONS[kind].model.model_fields
    own: Month | None = row.get(editor.month_of) if editor.month_of else None
    stated = row.get(editor.prob_of) if editor.prob_of else None
    default = fields["prob"].default if editor.prob is None else editor.prob
    prob = float(default if stated is None or _absent(stated) else stated)
    out: dict[str, Any] = {
        "month": str(max(own or first, first)),
        "months": 1.0,
        "delay_months": _read("delay_months", fields["delay"].default) if "delay" in fields else 0.0,
        "prob_pct": round(prob * 100.0, _DIGITS),
        "level_pct": round(editor.level(row) * 100.0, _DIGITS),
    }
    return {name: value for name, value in out.items() if name in editor.columns}


def _action(
    kind: str,
    old: DraftAction | None,
    before: Row,
    after: Row,
    row: Row,
    dataset: Dataset,
) -> DraftAction:
    """The action that a row wants to be part of, without its rows.

    What was not edited stays as the action had it; a new action names only what differs from the ledger's own.
    """
    out = {k: v for k, v in (old or {}).items() if k not in ("id", "enterprises", "projects", "select")}
    out["type"] = kind
    usual, editor = _suggested(kind, row, dataset), _editor(kind)
    for column, name in editor.columns.items():
        value = usual[column] if _absent(after[column]) else after[column]
        if old is not None and _same(before[column], value):
            continue
        if old is None and _same(usual[column], value) and column not in editor.required:
            continue
        out[name] = _written(column, name, value)
    return dict(editor.always) | out


def _written(column: str, name: str, value: Any) -> Any:
    match column:
        case "month":
            return str(value)
        case "months":
            return int(float(value))
        case "delay_months":
            whole = int(float(value))
            rest = round(float(value) - whole, _DIGITS)
            return [0.0] * whole + ([round(1.0 - rest, _DIGITS), rest] if rest else [1.0])
    share = round(float(value) / 100.0, _DIGITS)
    return [share] if name == "recovery" else share


type _Entry = tuple[DraftAction, bool]
"""An action and whether it is left out for now."""


def _left(
    draft: Draft, book: Book, members: Mapping[int, list[str]], leaving: Mapping[int, set[str]]
) -> tuple[Draft, list[_Entry]]:
    """Actions without the rows that leave them; one without any row left is gone."""
    out: list[_Entry] = []
    for k, action in enumerate(draft.actions):
        gone = leaving.get(k, set())
        if not gone:
            out.append((action, k in draft.off))
            continue
        if rest := [name for name in members[k] if name not in gone]:
            kept = {key: value for key, value in action.items() if key not in ("select", book.ids)}
            out.append(({**kept, book.ids: rest}, False))
    return draft, out


def _joined(
    left: tuple[Draft, list[_Entry]],
    book: Book,
    wanted: Iterable[tuple[DraftAction, list[str]]],
    order: list[str],
) -> Draft:
    """Rows added to the actions with the same settings, or to new ones."""
    draft, entries = left
    names = {str(action["id"]) for action, _ in entries if "id" in action}
    for action, rows in wanted:
        for at, (other, off) in enumerate(entries):
            rest = {key: value for key, value in other.items() if key not in ("id", book.ids)}
            if not off and book.ids in other and rest == action:
                whole = sorted({*other[book.ids], *rows}, key=order.index)
                entries[at] = ({**other, book.ids: whole}, False)
                break
        else:
            stem = "-".join([action["type"].partition("_")[2], *([str(action["month"])] if "month" in action else [])])
            name = next(n for k in range(1, 10_000) if (n := stem if k == 1 else f"{stem}-{k}") not in names)
            names.add(name)
            listed = sorted(rows, key=order.index)
            entries.append(({"type": action["type"], "id": name, **action, book.ids: listed}, False))
    without = frozenset(k for k, (_, left_out) in enumerate(entries) if left_out)
    return replace(draft, actions=tuple(action for action, _ in entries), off=without)
