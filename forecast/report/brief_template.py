"""Makes the template of the brief, which users may edit: ``python -m forecast.report.brief_template``.

The fields between double braces and the loops are docxtpl's; what they are filled with is in ``docs/reports.md``.

Invariant: the template in the package is what this module makes (held by ``tests/test_report_brief.py``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.shared import Pt

from forecast.report.document_style import (
    RED,
    Face,
    add_text,
    fixed,
    new_document,
    number_pages,
    official_table,
    repeat_head,
    shade,
)
from forecast.texts import LANGS, Lang, t

TEMPLATES: Final = {"zh": "brief.zh.docx", "en": "brief.en.docx"}
COLUMNS: Final = ("indicator", "ytd", "province", "gap", "year", "province_year", "near", "reach", "required", "light")
"""Columns of the table in the brief."""
_WIDTHS_MM: Final[Mapping[Lang, tuple[float, ...]]] = {
    "zh": (39.0, 12.0, 12.0, 11.0, 31.0, 12.0, 12.0, 11.0, 11.0, 6.0),
    "en": (38.0, 11.0, 13.0, 10.0, 29.0, 11.0, 12.0, 11.0, 10.0, 11.0),
}
_MADE: Final = dt.datetime(2020, 1, 1)
_LINE: Final = 18
FACES: Final = {
    "title": Face("方正小标宋简体", 20, spacing=28, indent=0, centred=True),
    "mark": Face("黑体", 11, spacing=16, indent=0, centred=True, colour=RED),
    "subtitle": Face("楷体", 12, spacing=18, indent=0, centred=True),
    "to": Face("仿宋", 12, spacing=_LINE, indent=0),
    "head": Face("黑体", 12, spacing=_LINE),
    "body": Face("仿宋", 12, spacing=_LINE),
    "lead": Face("楷体", 12, bold=True, spacing=_LINE),
    "caption": Face("黑体", 10.5, spacing=16, indent=0, centred=True),
    "cell": Face("仿宋", 8.5, spacing=12, indent=0, centred=True),
    "cell_head": Face("黑体", 8.5, spacing=12, indent=0, centred=True),
    "figure": Face("仿宋", 9, spacing=0, indent=0, centred=True),
    "control": Face("仿宋", 2, spacing=2, indent=0),
}
"""A size below the official form, so that two pages hold it with its table and figures."""


def template_path(lang: Lang) -> Path:
    """The template in the package."""
    return Path(str(files("forecast.report").joinpath("templates", TEMPLATES[lang])))


def template_bytes(lang: Lang) -> bytes:
    """The template of a language, made anew."""
    document = new_document()
    section = document.sections[0]
    section.top_margin, section.bottom_margin, section.footer_distance = Pt(68), Pt(64), Pt(30)

    def line(kind: str, text: str) -> Any:
        paragraph = add_text(document, text, FACES[kind], lang=lang)
        paragraph.paragraph_format.keep_with_next = kind == "head"
        return paragraph

    line("control", "{%p if mark %}")
    line("mark", "{{ mark }}")
    line("control", "{%p endif %}")
    line("title", "{{ title }}")
    line("subtitle", "{{ subtitle }}")
    line("to", t("reports.brief_to", lang) + "{{ to }}")
    _section(document, "overall", lang)
    line("caption", "{{ table_title }}")
    _table(document, lang)
    line("head", t("reports.brief_head_indicators", lang))
    line("control", "{%p for group in indicators %}")
    paragraph = line("lead", "{{ group.head }}")
    add_text(document, "{{ group.text }}", FACES["body"], lang=lang, paragraph=paragraph)
    line("control", "{%p endfor %}")
    _section(document, "causes", lang)
    line("control", "{%p if figures %}")
    _figures(document, lang)
    line("caption", "{{ figure_title }}")
    line("control", "{%p endif %}")
    _section(document, "advice", lang)
    _section(document, "risks", lang)
    number_pages(section, "{{ source }}", lang=lang)
    return fixed(document, title="brief", subject="", author="dabiao", when=_MADE)


def _section(document: Any, name: str, lang: Lang) -> None:
    """A heading and its paragraphs."""
    head = add_text(document, t(f"reports.brief_head_{name}", lang), FACES["head"], lang=lang)
    head.paragraph_format.keep_with_next = True
    add_text(document, f"{{%p for line in {name} %}}", FACES["control"], lang=lang)
    add_text(document, "{{ line }}", FACES["body"], lang=lang)
    add_text(document, "{%p endfor %}", FACES["control"], lang=lang)


def _figures(document: Any, lang: Lang) -> None:
    """Two figures side by side."""
    table = document.add_table(rows=1, cols=2)
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    for k, cell in enumerate(table.rows[0].cells):
        add_text(cell, f"{{{{ figures[{k}] }}}}", FACES["figure"], lang=lang, paragraph=cell.paragraphs[0])


def _table(document: Any, lang: Lang) -> None:
    """Headings, then a row an indicator."""
    table = official_table(document, 4, len(COLUMNS), list(_WIDTHS_MM[lang]))
    repeat_head(table.rows[0])
    for k, name in enumerate(COLUMNS):
        head = table.cell(0, k)
        shade(head, "E7EDF5")
        add_text(
            head, t(f"reports.brief_col_{name}", lang), FACES["cell_head"], lang=lang, paragraph=head.paragraphs[0]
        )
        cell = table.cell(2, k)
        add_text(cell, f"{{{{ row.{name} }}}}", FACES["cell"], lang=lang, paragraph=cell.paragraphs[0])
    for row, text in ((1, "{%tr for row in rows %}"), (3, "{%tr endfor %}")):
        cell = table.cell(row, 0)
        add_text(cell, text, FACES["cell"], lang=lang, paragraph=cell.paragraphs[0])


if __name__ == "__main__":
    for one in LANGS:
        template_path(one).write_bytes(template_bytes(one))
