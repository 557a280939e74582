"""The brief (专报): two pages for leaders, filled into a template that they may change; and the template itself.

``python -m forecast.report.brief`` makes the templates. The fields between double braces and the loops are docxtpl's;
what they are filled with is in ``docs/reports.md``.

Invariant: every number in it is one of the tables of the same dossier, and the template in the package is what this
module makes (held by ``tests/test_report_brief.py``).
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.opc.exceptions import PackageNotFoundError
from docx.shared import Mm, Pt
from docxtpl import DocxTemplate, InlineImage
from jinja2.exceptions import TemplateError

from forecast.answers.judgement import Row
from forecast.errors import UsageError
from forecast.report import prose
from forecast.report.report_charts import drawn, small_fan
from forecast.report.word import (
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
from forecast.report.workbook import made_at
from forecast.tables import words
from forecast.tables.attainment import attainment_table
from forecast.tables.dossier import Dossier, city_name, source_line
from forecast.tables.plans import plan_mark
from forecast.tables.table import Surface, View
from forecast.texts import LANGS, Lang, t, visible

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
    _brief_template_figures(document, lang)
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


def _brief_template_figures(document: Any, lang: Lang) -> None:
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


FIGURES: Final = 2
FIGURE_MM: Final = 74.0


def brief_context(dossier: Dossier, lang: Lang, *, to: str = "") -> dict[str, Any]:
    """Everything that the template is filled with but its pictures: texts only."""
    year = dossier.run.paths.target_year
    city = city_name(dossier, lang)
    return {
        "mark": plan_mark(dossier, lang) or dossier.scenario_mark(lang),
        "title": t("reports.brief_title", lang, city=city, year=year),
        "subtitle": t(
            "reports.brief_subtitle",
            lang,
            as_of=words.knowledge(dossier.run.paths.as_of, lang),
            day=dossier.run.paths.as_of.day.isoformat(),
        ),
        "to": to or t("reports.brief_addressee", lang),
        "overall": prose.overall(dossier, lang),
        "table_title": t("reports.brief_table", lang, year=year, event=words.event_name(dossier.study.criterion, lang)),
        "rows": _rows(dossier, lang),
        "indicators": [{"head": g.head, "text": g.text} for g in prose.groups(dossier, lang)],
        "causes": prose.causes(dossier, lang),
        "figure_title": t("reports.brief_figure", lang),
        "advice": prose.advice(dossier, lang),
        "risks": prose.risks(dossier, lang),
        "source": source_line(dossier, lang),
    }


def _rows(dossier: Dossier, lang: Lang) -> list[dict[str, str]]:
    """Rows of the table, in the same digits as the forecast table."""
    averages = [goals.average for goals in dossier.goals if goals.average]
    grid = attainment_table(dossier.run.attainment, averages).grid(View(lang=lang, surface=Surface.BRIEF))
    return [dict(zip(grid.names, (cell.text for cell in row), strict=True)) for row in grid.rows]


def _figures(dossier: Dossier) -> Sequence[Row]:
    """The indicators whose year is drawn: the one hardest to come close to, and the one most worth effort."""
    attainment = dossier.run.attainment
    rows = {g.average.target.indicator: g.average for g in dossier.goals if g.average and g.average.forecast}
    wanted = [name for name in (attainment.hardest, attainment.winnable) if name in rows]
    order = sorted(rows, key=lambda name: (rows[name].p is None, rows[name].p or 0.0))
    return [rows[name] for name in list(dict.fromkeys([*wanted, *order]))[:FIGURES]]


def brief_bytes(dossier: Dossier, lang: Lang, *, template: Path | None = None, to: str = "") -> bytes:
    """The brief as a Word document.

    Parameters
    ----------
    template : one that the user changed; None: that of the package
    to : whom it is addressed to (主送); empty: the usual ones

    Raises
    ------
    UsageError
        The template cannot be read or filled, or no font with Chinese was found for its figures.
    """
    path = template or template_path(lang)
    context = _clean(brief_context(dossier, lang, to=to))
    try:
        document = DocxTemplate(io.BytesIO(path.read_bytes()))
        pictures = [drawn(small_fan(row, dossier, lang), ("png",))["png"] for row in _figures(dossier)]
        images = [InlineImage(document, io.BytesIO(one), width=Mm(FIGURE_MM)) for one in pictures]
        document.render({**context, "figures": images}, autoescape=True)
        return fixed(
            document.docx,
            title=context["title"],
            subject=context["source"],
            author=t("reports.author", lang),
            when=made_at(dossier),
        )
    except (OSError, BadZipFile, PackageNotFoundError, TemplateError, ValueError, KeyError) as error:
        raise UsageError("usage_template", file=path, reason=error) from error


def _clean(value: Any) -> Any:
    """Texts without characters that a document cannot hold, all the way down."""
    match value:
        case str():
            return visible(value)
        case list():
            return [_clean(one) for one in value]
        case dict():
            return {key: _clean(one) for key, one in value.items()}
        case _:
            return value


if __name__ == "__main__":
    for one in LANGS:
        template_path(one).write_bytes(template_bytes(one))
