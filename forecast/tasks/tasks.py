"""Tasks, whole 万元, and the sums that tables show of them.

Invariant: every sum is the sum of its tasks, and every dimension adds up to the same total
(held by ``tests/test_breakdown.py``).

How likely the tasks of a breakdown bring what is wanted: delivery drawn row by row, on the draws of the run.

Invariant: more of the tasks done never lowers a probability (held by ``tests/test_breakdown.py``).

What was handed out, written a second time inside the workbook, so that nothing can vanish from it unnoticed.

A sheet that users do not see lists every task list with its columns, and every task with its months. A workbook that
comes back is held against it: a sheet, column, row or key that is gone is named, and nothing is counted as not reported
that was not found. Workbooks without that sheet are held against what their lists say of themselves: the hidden row and
column, and the running number.

Invariant: a list whose structure is damaged is a problem that names the sheet and what is missing
(held by ``tests/test_collected.py``).
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from forecast.answers.chances import Case, Criterion
from forecast.data.ledger import Assumptions
from forecast.data.reading.problems import Problems, quoted
from forecast.dims import WAN_PER_YI, brief
from forecast.draws.streams import SUCCESS, uniforms
from forecast.periods import Month
from forecast.scenario.world import World
from forecast.tasks.carriers import Condition, Kind, Row, place_name
from forecast.tasks.need import ADDITIONALITY_OF, Lift, growth_per_yi

if TYPE_CHECKING:
    from openpyxl.workbook.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

RECORD_SHEET: Final = "下发底册"
"""Name of the sheet that users do not see."""
RECORD_HEADER: Final = ("sheet", "plan_id", "key", "name_zh", "months")
COLUMNS_KEY: Final = "*columns"
"""Key of the row that lists the columns of a list."""
_KEY: Final = re.compile(r"(?:project|enterprise|entry|open|sector|carrier)/\S+")
_SEARCHED: Final = 12
_TEXT_KEYS: Final = frozenset({"no", "place", "team", "carrier"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """One task list as it was handed out.

    sheet : its title; columns : keys of its columns; tasks : key -> (name, months)
    """

    sheet: str
    plan_id: str
    columns: tuple[str, ...]
    tasks: Mapping[str, tuple[str, tuple[Month, ...]]]


def record_rows(
    sheet: str, plan_id: str, columns: Iterable[str], tasks: Mapping[str, tuple[str, Sequence[Month]]]
) -> list[tuple[str, ...]]:
    """Rows of the record of one list."""
    first = (sheet, plan_id, COLUMNS_KEY, "", json.dumps(list(columns)))
    rest = [
        (sheet, plan_id, key, name, json.dumps([str(month) for month in months]))
        for key, (name, months) in tasks.items()
    ]
    return [first, *rest]


def handed_out(book: Workbook) -> tuple[Handed, ...] | None:
    """What the record of a workbook says; None where it has none, or one that cannot be read."""
    if RECORD_SHEET not in book.sheetnames:
        return None
    columns: dict[tuple[str, str], tuple[str, ...]] = {}
    tasks: dict[tuple[str, str], dict[str, tuple[str, tuple[Month, ...]]]] = {}
    try:
        for sheet, plan, key, name, listed in book[RECORD_SHEET].iter_rows(min_row=2, max_col=5, values_only=True):
            if key is None:
                continue
            at = (str(sheet), str(plan))
            found = json.loads(str(listed))
            if key == COLUMNS_KEY:
                columns[at] = tuple(str(one) for one in found)
            else:
                months = tuple(Month.parse(str(one)) for one in found)
                tasks.setdefault(at, {})[str(key)] = (str(name or ""), months)
    except (ValueError, TypeError):
        return None
    return tuple(Handed(sheet=at[0], plan_id=at[1], columns=columns[at], tasks=tasks.get(at, {})) for at in columns)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Returned:
    """One list as it was found in a workbook that came back: its meta, columns and the rows of its keys.

    counted : rows over which its sums go, 0 where it has none
    unclear : rows whose key is gone or stands twice, which are reported at their cells
    """

    sheet: str
    meta: Mapping[str, Any]
    columns: Mapping[str, int]
    keys: frozenset[str]
    numbers: tuple[int, ...]
    unclear: int
    counted: int = 0


def check_structure(file: str, book: Workbook, found: Sequence[Returned], problems: Problems) -> None:
    """Name everything that was handed out in a workbook and is gone from it."""
    record = handed_out(book)
    if record is None:
        if any(one.meta.get("record") for one in found):
            problems.add("collect_record_gone", file, found=RECORD_SHEET)
        for sheet in book.worksheets:
            if sheet.title not in {one.sheet for one in found}:
                _check_unmarked(file, sheet, problems)
        for one in found:
            _check_numbers(file, one, problems)
        for one in found:
            _check_columns(file, one, _usual_columns(one), problems)
        return
    by_plan = {str(one.meta.get("plan_id")): one for one in found}
    for handed in record:
        back = by_plan.get(handed.plan_id)
        if back is None:
            _check_gone(file, handed, book, problems)
            continue
        _check_columns(file, back, handed.columns, problems)
        gone = [name or key for key, (name, _) in handed.tasks.items() if key not in back.keys]
        if len(gone) > back.unclear:
            problems.add(
                "collect_rows_gone", file, column=back.sheet, n=len(gone), found=quoted("、".join(gone[:_NAMED]))
            )


_NAMED: Final = 8
"""Rows that are named; the rest are counted."""


def _check_gone(file: str, handed: Handed, book: Workbook, problems: Problems) -> None:
    """A list that was not found: its sheet is gone, or the hidden row or column that tells what it is."""
    if handed.sheet not in book.sheetnames:
        problems.add("collect_sheet_gone", file, column=handed.sheet, n=len(handed.tasks))
    elif not _check_unmarked(file, book[handed.sheet], problems):
        problems.add("collect_row_gone", file, column=handed.sheet)


def _check_unmarked(file: str, sheet: Worksheet, problems: Problems) -> bool:
    """Whether a sheet is a task list without its hidden row or column; a problem says which is missing."""
    for row in sheet.iter_rows(min_row=1, max_row=_SEARCHED, values_only=True):
        words = {str(value) for value in row if value is not None}
        if len(_TEXT_KEYS & words) >= 3 and any(word.startswith("due:") for word in words):
            problems.add("collect_column_gone", file, column=sheet.title)
            return True
    first = [str(row[0]) for row in sheet.iter_rows(max_col=1, values_only=True) if row[0] is not None]
    planned = any(
        isinstance(cell, str) and re.match(r'\{"\d{4}-\d\d": \[', cell)
        for row in sheet.iter_rows(min_row=1, max_row=_SEARCHED, values_only=True)
        for cell in row
    )
    if planned or sum(_KEY.fullmatch(text) is not None for text in first) >= 1:
        problems.add("collect_row_gone", file, column=sheet.title)
        return True
    return False


def _check_numbers(file: str, one: Returned, problems: Problems) -> None:
    """Running numbers of a list without a gap: rows may be sorted, not deleted."""
    if not one.numbers:
        return
    gone = sorted(set(range(1, max(*one.numbers, one.counted) + 1)) - set(one.numbers))
    if gone:
        named = "、".join(str(number) for number in gone[:_NAMED])
        problems.add("collect_numbers_gone", file, column=one.sheet, n=len(gone), found=named)


def _usual_columns(one: Returned) -> tuple[str, ...]:
    """Columns that a list must have by its own account: those of every month that any of its columns is about."""
    months = {name.partition(":")[2] for name in one.columns if ":" in name} - {"sum"}
    return tuple(f"{kind}:{month}" for month in sorted(months) for kind in ("due", "task", "actual"))


def _check_columns(file: str, one: Returned, expected: Iterable[str], problems: Problems) -> None:
    gone = [name for name in expected if name not in one.columns and (":" in name or name in ("key", "planned"))]
    if gone:
        problems.add("collect_columns_gone", file, column=one.sheet, n=len(gone), found=quoted("、".join(gone)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How likely the tasks bring what is wanted; probabilities are fractions.

    delivered_* : 亿元 of tasks on ledger rows that come in, each with its own chance
    ledger : probability with these; all : with every task done in full, also what no ledger supports
    """

    delivered_mean_yi: float
    delivered_p10_yi: float
    delivered_p90_yi: float
    p_near_now: float
    p_near_ledger: float
    p_near_all: float
    p_reach_now: float
    p_reach_ledger: float
    p_reach_all: float

    __repr__ = brief


def outlook(
    world: World, case: Case, tasks: Sequence[Task], rows: Sequence[Row], assumptions: Assumptions
) -> Outlook | None:
    """Delivery drawn row by row, each with its own stream and chance, and what it does to the gap."""
    lift = Lift.of(world, case)
    per_yi = growth_per_yi(lift, assumptions)
    if per_yi is None:
        return None
    indicator = case.target.indicator
    chance = {row.key: row.chance for row in rows if row.supported}
    amounts: dict[str, float] = dict.fromkeys(chance, 0.0)
    for task in tasks:
        if task.supported:
            amounts[task.key] += task.task_wan / WAN_PER_YI
    names = tuple(amounts)
    delivered = np.zeros(world.draws)
    if names:
        uniform = uniforms(world.seed, f"breakdown/{indicator}", names, world.draws, assumptions.correlation)[SUCCESS]
        came = uniform < np.array([chance[name] for name in names], dtype=np.float32)[:, None]
        delivered = np.array([amounts[name] for name in names]) @ came.astype(np.float64)
    new = ADDITIONALITY_OF.get(indicator, 1.0)
    rest = sum(t.task_wan for t in tasks if not t.supported) / WAN_PER_YI
    now, (own, goal) = lift.now, per_yi
    everything = new * sum(amounts.values()) + rest
    by = {
        "now": now,
        "ledger": now.moved(0, own=own * new * delivered, goal=goal * new * delivered),
        "all": now.moved(0, own=own * everything, goal=goal * everything),
    }
    low, high = np.quantile(delivered, [0.1, 0.9])
    chances = {f"p_{c.value}_{name}": found.chance(0, c) for name, found in by.items() for c in Criterion}
    return Outlook(
        delivered_mean_yi=float(delivered.mean()),
        delivered_p10_yi=float(low),
        delivered_p90_yi=float(high),
        **chances,
    )


DIMENSIONS: Final = ("total", "place", "county", "team", "sector", "support")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One carrier in one month, 万元.

    base_wan : expected anyway; task_wan : to be added; due_wan : both, what the month is held against
    cap_wan : the most that could be added; None without limit
    own_wan : the task in the carrier's own work, where the breakdown counts value added
    deadline : of the ledger, else the last day of the month
    held : whether a held sum covers it
    """

    key: str
    kind: Kind
    entity: str
    name_zh: str
    month: Month
    place: str
    place_zh: str
    team_zh: str
    sector: str
    sector_zh: str
    condition: Condition
    resp_unit: str
    resp_person: str
    deadline: dt.date
    base_wan: int
    task_wan: int
    cap_wan: int | None
    own_wan: int
    held: bool
    synthetic: bool

    __repr__ = brief

    @property
    def due_wan(self) -> int:
        """What the month is held against."""
        return self.base_wan + self.task_wan

    @property
    def supported(self) -> bool:
        """Whether a row of a ledger stands behind it."""
        return self.kind in (Kind.PROJECT, Kind.ENTERPRISE, Kind.ENTRY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """A sum of tasks, 万元.

    dimension : total, place (zones by themselves), county (zones within their county), team, sector, support
    month : None over all months; carriers : rows with a task
    cap_wan : what rows of ledgers can carry
    """

    dimension: str
    key: str
    name_zh: str
    month: Month | None
    carriers: int
    base_wan: int
    task_wan: int
    supported_wan: int
    cap_wan: int

    @property
    def due_wan(self) -> int:
        """What the sum is held against."""
        return self.base_wan + self.task_wan

    @property
    def open_wan(self) -> int:
        """What no ledger supports."""
        return self.task_wan - self.supported_wan


def margins(tasks: Sequence[Task], world: World, months: Sequence[Month]) -> tuple[Margin, ...]:
    """All sums, by dimension, key and month; a key's sum over months comes first."""
    units = world.dataset.panel.units
    order = {name: k for k, name in enumerate(units)}

    def county(task: Task) -> str:
        outer = units[task.place].counted_within if task.place in units else None
        return outer or task.place

    keys: Mapping[str, Callable[[Task], tuple[str, str]]] = {
        "total": lambda _: ("", ""),
        "place": lambda t: (t.place, t.place_zh),
        "county": lambda t: (county(t), place_name(county(t), units)),
        "team": lambda t: (t.team_zh, t.team_zh),
        "sector": lambda t: (t.sector, t.sector_zh),
        "support": lambda t: (t.kind.value, ""),
    }
    out = []
    for dimension in DIMENSIONS:
        groups: dict[tuple[str, str], list[Task]] = {}
        for task in tasks:
            groups.setdefault(keys[dimension](task), []).append(task)
        for key, name in sorted(groups, key=lambda k: (order.get(k[0], len(order)), k[0] == "", k[0])):
            members = groups[(key, name)]
            for month in (None, *months):
                out.append(_margin(dimension, key, name, month, members))
    return tuple(out)


def _margin(dimension: str, key: str, name: str, month: Month | None, members: Sequence[Task]) -> Margin:
    mine = [t for t in members if month is None or t.month == month]
    return Margin(
        dimension=dimension,
        key=key,
        name_zh=name,
        month=month,
        carriers=len({t.key for t in mine if t.task_wan and t.kind is not Kind.OPEN}),
        base_wan=sum(t.base_wan for t in mine),
        task_wan=sum(t.task_wan for t in mine),
        supported_wan=sum(t.task_wan for t in mine if t.supported),
        cap_wan=sum(t.cap_wan or 0 for t in mine if t.supported),
    )
