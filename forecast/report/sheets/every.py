"""All sheets of the workbook in their order; the data files are the same sheets.

Invariant: every sheet is made from one dossier (held by ``tests/test_report_workbook.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from forecast.report.sheets.explanation import data_sheet, explanation_sheet
from forecast.report.sheets.monthly import monthly_sheet
from forecast.report.sheets.moves import news_sheet
from forecast.report.sheets.track import track_sheet
from forecast.tables.actions import action_sheet
from forecast.tables.beside import scenario_sheet
from forecast.tables.breakdown import task_summary_sheet
from forecast.tables.counties import interview_sheet, naming_sheet
from forecast.tables.dossier import Dossier
from forecast.tables.forecast import chance_sheet, forecast_sheet
from forecast.tables.path import path_sheet
from forecast.tables.plans import lever_sheet, plan_sheet, sector_sheet
from forecast.tables.stock import filing_sheet, stock_sheet
from forecast.tables.table import Sheet
from forecast.texts import Lang

MAKERS: Final[tuple[Callable[[Dossier, Lang], Sheet], ...]] = (
    forecast_sheet,
    chance_sheet,
    monthly_sheet,
    path_sheet,
    scenario_sheet,
    action_sheet,
    plan_sheet,
    sector_sheet,
    lever_sheet,
    task_summary_sheet,
    stock_sheet,
    filing_sheet,
    naming_sheet,
    interview_sheet,
    news_sheet,
    track_sheet,
    explanation_sheet,
    data_sheet,
)


def all_sheets(dossier: Dossier, lang: Lang) -> list[Sheet]:
    """Every table of a dossier, in the order of the workbook."""
    return [make(dossier, lang) for make in MAKERS]
