"""One workbook a recipient: everybody's own rows, every row somewhere, none twice."""

from __future__ import annotations

import io

import openpyxl
import pytest

from forecast.report.export import By, recipient_books, recipients
from forecast.report.task_sheet import FIRST_ROW, KEYS_ROW
from tests.report_dossier import dossier


def rows_of(content):
    """(indicator, task key) of every row of a workbook, by its hidden key column."""
    found = []
    for page in openpyxl.load_workbook(io.BytesIO(content)):
        if page.sheet_state != "visible":
            continue  # the record of what was handed out
        indicator = page.cell(KEYS_ROW + 1, 1).value.split('"indicator": "')[1].split('"')[0]
        keys = [page.cell(row, 1).value for row in range(FIRST_ROW + 1, page.max_row + 1)]
        found += [(indicator, key) for key in keys if key]
    return found


@pytest.mark.parametrize("by", list(By))
def test_every_task_is_in_exactly_one_workbook(by):
    books = dict(recipient_books(dossier(), by, "zh"))
    listed = [row for content in books.values() for row in rows_of(content)]
    wanted = {
        (b.indicator, task.key)
        for b in dossier().assigned.breakdowns
        for key in {task.key for task in b.tasks}
        if any(one.due_wan for one in b.tasks if one.key == key)
        for task in [next(one for one in b.tasks if one.key == key)]
    }
    assert len(listed) == len(set(listed))
    assert set(listed) == wanted
    assert wanted


@pytest.mark.parametrize("by", list(By))
def test_a_workbook_has_only_the_rows_of_its_recipient(by):
    names = recipients(dossier(), by, "zh")
    books = dict(recipient_books(dossier(), by, "zh"))
    for key, name in names.items():
        content = next((c for title, c in books.items() if f"（{name}，" in title), None)
        if content is None:
            continue
        mine = {
            (b.indicator, task.key)
            for b in dossier().assigned.breakdowns
            for task in b.tasks
            if (task.place if by is By.COUNTY else task.team_zh or "") == key
        }
        assert set(rows_of(content)) <= mine


def test_the_same_dossier_gives_the_same_bytes_under_names_that_any_system_takes():
    one, other = (dict(recipient_books(dossier(), By.COUNTY, "zh")) for _ in range(2))
    assert one == other
    assert not any(sign in name for name in one for sign in '\\/:*?"<>|')
