"""The whole workbook, written at once and the same for the same run.

Invariant: same dossier, same bytes (held by ``tests/test_report_workbook.py``).
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

import xlsxwriter

from forecast.report.task_sheet import write_task_sheet
from forecast.report.workbook.formats import Formats
from forecast.report.workbook.worksheet import write_sheet
from forecast.tables import words
from forecast.tables.dossier import Dossier
from forecast.tables.head import city_name, source_line
from forecast.tables.table import Sheet
from forecast.tasks.breakdown import Breakdown
from forecast.tasks.tasks import Task
from forecast.texts import Lang, t

STANDARD_FONT: Final[Mapping[Lang, Mapping[str, object]]] = {
    "zh": {
        "default_format_properties": {"font_name": "宋体", "font_size": 11},
        "default_column_width": 72,
        "default_row_height": 18,
    },
    "en": {},
}
"""Standard font of the workbook, on whose digits widths of columns and places of charts are measured."""


def made_at(dossier: Dossier) -> dt.datetime:
    """The day that files say they were made on: the day of knowledge of the run, not of the clock."""
    return dt.datetime.combine(dossier.run.paths.as_of.day, dt.time())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TaskList:
    """A task list that goes into a workbook, as it stands in ``report.task_sheet``.

    tasks : those listed; None: all; recipient : whose they are, empty for everybody
    """

    breakdown: Breakdown
    tasks: tuple[Task, ...] | None = None
    recipient: str = ""


def workbook_bytes(
    sheets: Sequence[Sheet], dossier: Dossier, *, lang: Lang, tasks: bool = False, lists: Sequence[TaskList] = ()
) -> bytes:
    """A workbook with a worksheet a table, in order.

    Parameters
    ----------
    tasks : whether the task list of every indicator follows the table of sums
    lists : task lists at the end
    """
    buffer = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        **deepcopy(STANDARD_FONT[lang]),  # xlsxwriter writes into what it is given
    }
    source = source_line(dossier, lang)
    every = [TaskList(breakdown=b) for b in dossier.assigned.breakdowns if b.tasks] if tasks else []
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties(
            {
                "title": sheets[0].title if sheets else t("reports.tasks_title", lang, city=city_name(dossier, lang)),
                "subject": source,
                "author": t("reports.author", lang),
                "comments": dossier.mark(lang, ledger=True),
                "created": made_at(dossier),
            }
        )
        formats = Formats.of(book, lang)
        for sheet in sheets:
            write_sheet(book, sheet, formats=formats, source=source, lang=lang)
            if sheet.name == "tasks":
                _lists(book, every, dossier, lang)
        _lists(book, lists, dossier, lang)
    return buffer.getvalue()


def _lists(book: Any, lists: Sequence[TaskList], dossier: Dossier, lang: Lang) -> None:
    for one in lists:
        write_task_sheet(
            book,
            one.breakdown,
            source=dossier.provenance,
            city=city_name(dossier, lang),
            knowledge=words.knowledge(dossier.run.paths.as_of, lang),
            tasks=one.tasks,
            recipient=one.recipient,
            lang=lang,
        )
