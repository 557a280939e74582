"""One workbook a recipient: the 任务清单 of every team, or of every county, with only its own rows.

Invariant: every task is in exactly one workbook of a split (held by ``tests/test_report_recipients.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from forecast.report.workbook import TaskList, workbook_bytes
from forecast.tables import words
from forecast.tables.dossier import Dossier, city_name
from forecast.tasks.tasks import Task
from forecast.texts import Lang, t

_NOT_IN_NAMES: Final = re.compile(r'[\\/:*?"<>|\x00-\x1f]')


class By(StrEnum):
    """Who gets a workbook of its own."""

    TEAM = "team"
    COUNTY = "county"


def _key(task: Task, by: By) -> str:
    return (task.team_zh or "") if by is By.TEAM else task.place


def recipients(dossier: Dossier, by: By, lang: Lang) -> dict[str, str]:
    """Names of all recipients by key, those of the tasks in their order."""
    found: dict[str, str] = {}
    for b in dossier.assigned.breakdowns:
        for task in b.tasks:
            key = _key(task, by)
            name = task.place_zh if by is By.COUNTY else task.team_zh
            found.setdefault(key, name or t("breakdown.no_team", lang))
    return found


def recipient_books(dossier: Dossier, by: By, lang: Lang) -> Iterator[tuple[str, bytes]]:
    """Name of the file without its end, and the workbook, of every recipient with a task."""
    for key, name in recipients(dossier, by, lang).items():
        lists = [
            TaskList(breakdown=b, tasks=mine, recipient=name)
            for b in dossier.assigned.breakdowns
            if (mine := tuple(task for task in b.tasks if _key(task, by) == key)) and any(task.due_wan for task in mine)
        ]
        if not lists:
            continue
        title = t(
            "reports.file_tasks",
            lang,
            city=city_name(dossier, lang),
            name=name,
            as_of=words.knowledge(dossier.run.paths.as_of, lang),
        )
        yield _NOT_IN_NAMES.sub("_", title), workbook_bytes((), dossier, lang=lang, lists=lists)
