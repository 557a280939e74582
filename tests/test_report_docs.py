"""docs/reports.md says what is written."""

from __future__ import annotations

import os
from pathlib import Path

from forecast.report.brief import COLUMNS
from forecast.report.export import all_sheets
from forecast.report.formats import reports_document
from tests.report_dossier import dossier

PAGE = Path(__file__).parent.parent / "docs" / "reports.md"


def test_the_page_of_reports_is_made_from_the_sheets():
    """``REPORTS_DOC=1 pytest tests/test_report_docs.py`` writes it anew."""
    made = reports_document(all_sheets(dossier(), "zh"))
    if os.environ.get("REPORTS_DOC"):
        PAGE.write_text(made, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == made


def test_every_field_of_the_template_is_on_the_page():
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in COLUMNS)
