"""The document of the formats is what the program reads and writes."""

from __future__ import annotations

from pathlib import Path

from forecast.report.formats import formats_document

DOCUMENT = Path(__file__).parent.parent / "docs" / "formats.md"


def test_the_document_is_up_to_date():
    assert DOCUMENT.read_text(encoding="utf-8") == formats_document(), "run: make docs"


def test_the_fixed_columns_of_the_attainment_table_are_documented_in_order():
    text = formats_document()
    section = text[text.index("### attainment.csv") :]
    fixed = ["indicator", "name_zh", "unit", "benchmark", "as_of", "scenario", "ytd_growth_pct", "p_reach", "p_near"]
    places = [section.index(f"`{name}`") for name in fixed]
    assert places == sorted(places)
