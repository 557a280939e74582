"""Task lists come back filled in: every number at its cell, checked, and set beside what was due.

Invariant: a number counts once, at the task whose key stands in its row, and nothing is read from a workbook in which
anything is wrong: all problems of all files are reported by cell (held by ``tests/test_collected.py``).
"""

from __future__ import annotations

import csv
import io
import json
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from forecast.data.reading.problems import Problems, plain, quoted
from forecast.data.reading.textfiles import checked_zip, number_text, read_bytes
from forecast.errors import InputError, UsageError
from forecast.periods import Month
from forecast.tasks.tasks import RECORD_SHEET, Returned, check_structure
from forecast.texts import Lang, t

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet


MARK: Final = "dabiao-tasks"
"""Stands in the hidden row of a task list, so that it is found again under any name."""
MOST_TIMES: Final = 50.0
"""From this multiple of what is due on, an actual is taken for one in another unit (万元 and 元 differ by 10,000)."""
LEAST_DUE_WAN: Final = 100
"""Due amount from which that is asked."""
LEAST_TIMES: Final = 500.0
"""Below this part of what is due, an actual with decimals is taken for one in 亿元, 10,000 times as large as 万元."""
LEAST_DUE_OF_SMALL_WAN: Final = 1000
"""Due amount from which that is asked: of less, a few 万元 may be all that was done."""
_UNREPORTED: Final = re.compile(r"|[-–—/_…]+|未报送?|未上报|待报|暂未报送?|未填报?")
"""Words for: nothing reported yet. 无 is not among them: it may mean that nothing was done."""
_AMOUNT: Final = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(亿元?|万元?|元)?", re.I)
_IN_WAN: Final = {"": 1.0, "万": 1.0, "万元": 1.0, "亿": 1e4, "亿元": 1e4, "元": 1e-4}
_SEARCHED: Final = 12
"""Rows from the top in which the hidden keys are looked for: somebody may have added a line above."""


class CollectError(InputError):
    """Task lists cannot be taken over; carries every problem of all files, each at its cell."""

    def report(self, lang: Lang) -> str:
        """All problems, a line each, under a line that counts them."""
        lines = [t("collect.count", lang, n=len(self.problems))]
        return "\n".join([*lines, *(f"  {i}. {problem.text(lang)}" for i, problem in enumerate(self.problems, 1))])


def checked_numbers(numbers: Sequence[tuple[Month, int, int]]) -> str:
    """Numbers of a row as handed out, (month, due, added): what its hidden last cell says."""
    return json.dumps({str(month): [due, task] for month, due, task in numbers})


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One task of one month as it came back, 万元.

    actual_wan : None where nothing is reported, which is not 0
    file, cell : where the actual stands
    """

    plan_id: str
    indicator: str
    key: str
    name_zh: str
    place_zh: str
    team_zh: str
    month: Month
    due_wan: int
    task_wan: int
    actual_wan: float | None
    file: str
    cell: str

    @property
    def ratio(self) -> float | None:
        """Actual over due; None where either is not there."""
        return None if self.actual_wan is None or self.due_wan == 0 else self.actual_wan / self.due_wan

    @property
    def short_wan(self) -> float:
        """What is missing of what was due; 0 where nothing is reported."""
        return 0.0 if self.actual_wan is None else max(self.due_wan - self.actual_wan, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRow:
    """Something reported beside the tasks: a project or enterprise that a county added to its list, 万元.

    It is shown and kept, and counts towards no task.
    """

    plan_id: str
    indicator: str
    name_zh: str
    place_zh: str
    month: Month
    actual_wan: float
    file: str
    cell: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Reports of a place, a team or all, in one month or all; 万元.

    due_reported_wan : due of the tasks that are reported; ratio : of them; behind : reported with less than due
    """

    plan_id: str
    indicator: str
    dimension: str
    group: str
    month: Month | None
    rows: int
    reported: int
    due_wan: int
    due_reported_wan: int
    actual_wan: float | None
    behind: int

    @property
    def ratio(self) -> float | None:
        """Actual over due of what is reported."""
        return None if self.actual_wan is None or not self.due_reported_wan else self.actual_wan / self.due_reported_wan


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """Everything that came back.

    reports : by plan, month and key; groups : of the months through the last that is reported, totals first
    source : provenance of the run that made the plans, by plan
    missing : tasks of the plan that no workbook holds; None without the plan
    new : what was reported beside the tasks
    """

    files: tuple[str, ...]
    reports: tuple[Report, ...]
    groups: tuple[Group, ...]
    source: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    missing: int | None = None
    new: tuple[NewRow, ...] = ()

    @property
    def months(self) -> tuple[Month, ...]:
        """Months with any report."""
        return tuple(sorted({r.month for r in self.reports if r.actual_wan is not None}))

    def group(self, dimension: str = "total", name: str = "", month: Month | None = None) -> Group | None:
        """One sum of the first plan that has it."""
        wanted = (dimension, name, month)
        return next((g for g in self.groups if (g.dimension, g.group, g.month) == wanted), None)


def collect(
    files: Sequence[Path], *, through: Month | None = None, plan: Mapping[str, frozenset[str]] | None = None
) -> Collected:
    """Read task lists that were filled in.

    Parameters
    ----------
    files : workbooks; each may hold several lists, and only the rows of its own team or county
    through : last month that can be reported; None: any, and sums run through the last month with an actual
    plan : task keys by plan id, to tell what did not come back

    Raises
    ------
    CollectError
        Anything is wrong with any of them; it carries all problems, each at its cell.
    UsageError
        No file is given.
    """
    if not files:
        raise UsageError("usage_collect_none")
    problems, lists = Problems(), []
    for path in files:
        lists += _lists(path, problems)
    reader = _Reader(problems=problems, through=through, plan=plan)
    for one in lists:
        reader.read(one)
    if len(problems):
        raise CollectError(problems.listed())
    found = tuple(sorted(reader.reports.values(), key=lambda r: (r.indicator, r.plan_id, r.month, r.key)))
    told = [r.month for r in found if r.actual_wan is not None]
    last = through or max(told, default=None)
    expected = sum(len(keys) for keys in plan.values()) if plan is not None else None
    seen = len({(r.plan_id, r.key) for r in found})
    return Collected(
        files=tuple(path.name for path in files),
        reports=found,
        groups=tuple(_groups([r for r in found if last is None or r.month <= last])),
        source=reader.sources,
        missing=None if expected is None else max(expected - seen, 0),
        new=tuple(reader.new),
    )


_SUM_SPAN: Final = re.compile(r"SUBTOTAL\(9,\$?[A-Z]+\$?(\d+):\$?[A-Z]+\$?(\d+)\)")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _List:
    """One task list: its sheet, the row of its keys, and their columns."""

    file: str
    sheet: Worksheet
    formulas: Worksheet
    row: int
    meta: Mapping[str, Any]
    columns: Mapping[str, int]

    def _counted(self) -> int:
        """Rows over which the list's own sums go: as many as were handed out, whatever became of the last ones."""
        spans = (
            _SUM_SPAN.search(value)
            for row in self.formulas.iter_rows(min_row=self.row + 1, values_only=True)
            for value in row
            if isinstance(value, str) and value.startswith("=")
        )
        return max((int(found[2]) - int(found[1]) + 1 for found in spans if found), default=0)

    def returned(self) -> Returned:
        """What of its structure is there."""
        rows = range(self.row + 1, self.sheet.max_row + 1)
        listed = [str(value) for row in rows if (value := self.sheet.cell(row, 1).value) is not None]
        planned = self.columns.get("planned")
        keyless = [
            row
            for row in rows
            if planned and self.sheet.cell(row, 1).value is None and self.sheet.cell(row, planned).value is not None
        ]
        at = self.columns.get("no")
        cells = [self.sheet.cell(row, at).value for row in rows] if at else []
        numbers = tuple(int(value) for value in cells if isinstance(value, int | float) and value == int(value))
        return Returned(
            sheet=self.sheet.title,
            meta=self.meta,
            columns=self.columns,
            keys=frozenset(listed),
            numbers=numbers,
            counted=self._counted(),
            unclear=len(keyless) + len(listed) - len(set(listed)),
        )


def _lists(path: Path, problems: Problems) -> list[_List]:
    """Task lists of a workbook; a problem where there is none."""
    if path.suffix.lower() not in (".xlsx", ".xlsm"):
        problems.add("collect_not_xlsx", path.name)
        return []
    content = read_bytes(path, path.name, problems)
    if content is None or checked_zip(content, path.name, problems) is None:
        return []
    from openpyxl import load_workbook  # heavy, and needed only where a workbook is met

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl remarks on styles and validations, which hold no data
            values = load_workbook(io.BytesIO(content), data_only=True)
            formulas = load_workbook(io.BytesIO(content))
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, OSError, SyntaxError) as error:
        problems.add("xlsx_broken", path.name, reason=quoted(str(error)) or type(error).__name__)
        return []
    sheets = [sheet for sheet in values.worksheets if sheet.title != RECORD_SHEET]
    found = [one for sheet in sheets if (one := _list(path.name, sheet, formulas[sheet.title])) is not None]
    before = len(problems)
    check_structure(path.name, values, [one.returned() for one in found], problems)
    if not found and len(problems) == before:
        problems.add("collect_no_sheet", path.name)
    return [one for one in found if "planned" in one.columns]


def _list(file: str, sheet: Worksheet, formulas: Worksheet) -> _List | None:
    for row in range(1, _SEARCHED + 1):
        text = sheet.cell(row, 1).value
        if not (isinstance(text, str) and MARK in text):
            continue
        try:
            meta = json.loads(text)
        except json.JSONDecodeError:
            return None
        cells = {str(sheet.cell(row, c).value or ""): c for c in range(2, sheet.max_column + 1)}
        if isinstance(meta, dict) and meta.get("mark") == MARK and "plan_id" in meta:
            return _List(file=file, sheet=sheet, formulas=formulas, row=row, meta=meta, columns={"key": 1} | cells)
    return None


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Reads lists one after another, so that what two of them say of one task is noticed."""

    problems: Problems
    through: Month | None
    plan: Mapping[str, frozenset[str]] | None
    reports: dict[tuple[str, str, Month], Report] = field(default_factory=dict)
    sources: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    new: list[NewRow] = field(default_factory=list)

    def read(self, one: _List) -> None:
        plan_id, indicator = str(one.meta["plan_id"]), str(one.meta.get("indicator", ""))
        known = [found for found in self.sources if self.sources[found].get("indicator") == indicator]
        expected = known or [p for p in self.plan or {} if p.rpartition("-")[0] == indicator]
        if expected and plan_id not in expected:
            self._note(one, one.row, "key", "collect_plan_other", found=plan_id, expected=", ".join(expected))
            return
        self.sources.setdefault(plan_id, one.meta)
        seen: dict[str, int] = {}
        for row in range(one.row + 1, one.sheet.max_row + 1):
            key = one.sheet.cell(row, 1).value
            if key is None:
                self._check_stray(one, row)
            elif str(key) in seen:
                self._note(one, row, "key", "collect_row_twice", other=seen[str(key)])
            else:
                seen[str(key)] = row
                self._row(one, row, str(key), plan_id)

    def _note(self, one: _List, row: int, column: str, code: str, **params: object) -> None:
        place = f"{one.sheet.title}!{one.sheet.cell(row, one.columns[column]).coordinate}"
        self.problems.add_at(code, one.file, None, place, params)

    def _check_stray(self, one: _List, row: int) -> None:
        """A row without a task: a headline, a sum or a carrier that was added; else no actual may stand in it."""
        if self._added(one, row):
            return
        if one.sheet.cell(row, one.columns["planned"]).value is None:
            for name, column in one.columns.items():
                entered = one.formulas.cell(row, column).value
                if name.startswith("actual:") and name != "actual:sum" and isinstance(entered, int | float):
                    self._note(one, row, name, "collect_key_unknown", found="")
            return
        self._note(one, row, "key", "collect_key_unknown", found="")

    def _added(self, one: _List, row: int) -> bool:
        """Whether a row is a carrier that was added by hand: a name, no task, and an actual of a month."""
        name = self._text(one, row, "carrier")
        actuals = [column for column in one.columns if column.startswith("actual:") and column != "actual:sum"]
        entered = [column for column in actuals if one.formulas.cell(row, one.columns[column]).value is not None]
        if not name or not entered or one.sheet.cell(row, one.columns["planned"]).value is not None:
            return False
        for column in entered:
            month = Month.parse(column.partition(":")[2])
            number = self._actual(one, row, month, 0)
            if number is not None:
                self.new.append(
                    NewRow(
                        plan_id=str(one.meta["plan_id"]),
                        indicator=str(one.meta.get("indicator", "")),
                        name_zh=name,
                        place_zh=self._text(one, row, "place"),
                        month=month,
                        actual_wan=number,
                        file=one.file,
                        cell=f"{one.sheet.title}!{one.sheet.cell(row, one.columns[column]).coordinate}",
                    )
                )
        return True

    def _row(self, one: _List, row: int, key: str, plan_id: str) -> None:
        try:
            planned = json.loads(str(one.sheet.cell(row, one.columns["planned"]).value))
            numbers = {Month.parse(month): (int(due), int(task)) for month, (due, task) in planned.items()}
        except (json.JSONDecodeError, ValueError, TypeError, AttributeError):
            numbers = {}
        unknown = self.plan is not None and key not in self.plan.get(plan_id, frozenset())
        if not numbers or unknown:
            self._note(one, row, "key", "collect_key_unknown", found=quoted(key))
            return
        for month, (due, task) in numbers.items():
            self._check_planned(one, row, month, due, task)
            actual = self._actual(one, row, month, due)
            column = one.columns.get(f"actual:{month}", 1)
            report = Report(
                plan_id=plan_id,
                indicator=str(one.meta.get("indicator", "")),
                key=key,
                name_zh=self._text(one, row, "carrier"),
                place_zh=self._text(one, row, "place"),
                team_zh=self._text(one, row, "team"),
                month=month,
                due_wan=due,
                task_wan=task,
                actual_wan=actual,
                file=one.file,
                cell=f"{one.sheet.title}!{one.sheet.cell(row, column).coordinate}",
            )
            self._keep(one, row, report)

    def _keep(self, one: _List, row: int, report: Report) -> None:
        """A task that two workbooks list counts once; two different actuals are a problem."""
        at = (report.plan_id, report.key, report.month)
        before = self.reports.get(at)
        if before is None or before.actual_wan is None:
            self.reports[at] = report
        elif report.actual_wan is not None and report.actual_wan != before.actual_wan:
            where = f"{before.file} {before.cell}"
            found = {"before": f"{before.actual_wan:g}", "found": f"{report.actual_wan:g}"}
            self._note(one, row, f"actual:{report.month}", "collect_twice", other=where, **found)

    @staticmethod
    def _text(one: _List, row: int, column: str) -> str:
        value = one.sheet.cell(row, one.columns[column]).value if column in one.columns else None
        return "" if value is None else str(value).strip()

    def _check_planned(self, one: _List, row: int, month: Month, due: int, task: int) -> None:
        """Numbers as handed out still stand."""
        for name, expected in (("due", due), ("task", task)):
            column = f"{name}:{month}"
            if column not in one.columns:
                continue
            found = one.sheet.cell(row, one.columns[column]).value
            as_text = self._number(found) if isinstance(found, str) else None  # 1168 stored as text is still 1168
            if found != expected and as_text != expected:
                shown = quoted(str("" if found is None else found))
                self._note(one, row, column, "collect_changed", found=shown, expected=expected)

    def _actual(self, one: _List, row: int, month: Month, due: int) -> float | None:
        """An actual, or None where nothing is reported or something is wrong."""
        name = f"actual:{month}"
        if name not in one.columns:
            return None
        value = one.sheet.cell(row, one.columns[name]).value
        entered = one.formulas.cell(row, one.columns[name]).value
        if value is None and isinstance(entered, str) and entered.startswith("="):
            self._note(one, row, name, "formula_empty", found=quoted(entered))
            return None
        if value is None or (isinstance(value, str) and _UNREPORTED.fullmatch(plain(value))):
            return None
        number = self._number(value)
        percent = number_text(1.0, str(one.sheet.cell(row, one.columns[name]).number_format or "")).endswith("%")
        if (percent and isinstance(value, int | float)) or (isinstance(value, str) and plain(value).endswith("%")):
            shown = f"{value:.0%}" if isinstance(value, int | float) else quoted(str(value))
            self._note(one, row, name, "collect_percent", found=shown)
        elif number is None:
            self._note(one, row, name, "collect_number", found=quoted(str(value)))
        elif number < 0.0:
            self._note(one, row, name, "collect_negative", found=f"{number:.12g}")
        elif self.through is not None and month > self.through:
            self._note(one, row, name, "collect_early", month=month, found=f"{number:.12g}")
        elif due >= LEAST_DUE_WAN and number > MOST_TIMES * due:
            times = f"{MOST_TIMES:g}"
            self._note(one, row, name, "collect_large", found=f"{number:.12g}", due=due, times=times)
        elif due >= LEAST_DUE_OF_SMALL_WAN and 0.0 < number < due / LEAST_TIMES and number != int(number):
            self._note(one, row, name, "collect_small", found=f"{number:.12g}", due=due, times=f"{LEAST_TIMES:g}")
        else:
            return number
        return None

    @staticmethod
    def _number(value: object) -> float | None:
        """A number, also one that was entered as text."""
        if isinstance(value, bool):
            return None
        if isinstance(value, int | float):
            return float(value)
        found = _AMOUNT.fullmatch(plain(str(value)).replace(",", "").replace(" ", ""))
        if found is None:
            return None
        number = float(found[1]) * _IN_WAN[found[2] or ""]
        return number if abs(number) < float("inf") else None


def read_plan(folder: Path) -> dict[str, frozenset[str]]:
    """Task keys by plan id of the directory of a breakdown: those that are on its task lists.

    Raises
    ------
    InputError
        There is no ``breakdown.csv``, or it is none.
    """
    problems = Problems()
    path = folder / "breakdown.csv" if folder.is_dir() else folder
    content = read_bytes(path, path.name, problems)
    keys: dict[str, set[str]] = {}
    if content is not None:
        rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig", errors="replace")))
        if not {"plan_id", "key", "due_wan"} <= set(rows.fieldnames or ()):
            problems.add("collect_no_plan", path.name)
        else:
            for row in rows:
                if row["due_wan"] not in ("", "0"):
                    keys.setdefault(row["plan_id"], set()).add(row["key"])
    problems.check()
    return {plan: frozenset(found) for plan, found in keys.items()}


def _groups(reports: Sequence[Report]) -> Iterator[Group]:
    """Sums by plan: all, places, teams; over all months, then each."""
    for plan in dict.fromkeys((r.plan_id, r.indicator) for r in reports):
        mine = [r for r in reports if (r.plan_id, r.indicator) == plan]
        months = sorted({r.month for r in mine})
        names = {
            "total": [""],
            "place": list(dict.fromkeys(r.place_zh for r in mine)),
            "team": list(dict.fromkeys(r.team_zh for r in mine)),
        }
        for dimension, groups in names.items():
            for group in groups:
                for month in (None, *months):
                    yield _group(plan, dimension, group, month, mine)


def _group(plan: tuple[str, str], dimension: str, group: str, month: Month | None, reports: Sequence[Report]) -> Group:
    of = {"total": "", "place": "place_zh", "team": "team_zh"}[dimension]
    mine = [r for r in reports if month in (None, r.month) and (not of or getattr(r, of) == group)]
    told = [r for r in mine if r.actual_wan is not None]
    return Group(
        plan_id=plan[0],
        indicator=plan[1],
        dimension=dimension,
        group=group,
        month=month,
        rows=len(mine),
        reported=len(told),
        due_wan=sum(r.due_wan for r in mine),
        due_reported_wan=sum(r.due_wan for r in told),
        actual_wan=sum(r.actual_wan for r in told if r.actual_wan is not None) if told else None,
        behind=sum(r.short_wan > 0.0 for r in told),
    )
