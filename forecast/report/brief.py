"""The brief (专报): two pages for leaders, filled into a template that they may change.

Invariant: every number in it is one of the tables of the same dossier (held by ``tests/test_report_brief.py``).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

from docx.opc.exceptions import PackageNotFoundError
from docx.shared import Mm
from docxtpl import DocxTemplate, InlineImage
from jinja2.exceptions import TemplateError

from forecast.answers.judgement import Row
from forecast.errors import UsageError
from forecast.report import prose
from forecast.report.brief_template import template_path
from forecast.report.document_style import fixed, plain
from forecast.report.report_charts import drawn, small_fan
from forecast.report.workbook.book import made_at
from forecast.tables import words
from forecast.tables.attainment import attainment_table
from forecast.tables.dossier import Dossier
from forecast.tables.head import city_name, source_line
from forecast.tables.table import Surface, View
from forecast.texts import Lang, t

FIGURES: Final = 2
FIGURE_MM: Final = 74.0


def brief_context(dossier: Dossier, lang: Lang, *, to: str = "") -> dict[str, Any]:
    """Everything that the template is filled with but its pictures: texts only."""
    year = dossier.run.paths.target_year
    city = city_name(dossier, lang)
    return {
        "mark": dossier.mark(lang, ledger=_on_ledger(dossier)),
        "title": t("reports.brief_title", lang, city=city, year=year),
        "subtitle": t(
            "reports.brief_subtitle",
            lang,
            as_of=words.knowledge(dossier.run.paths.as_of, lang),
            day=dossier.run.paths.as_of.day.isoformat(),
        ),
        "to": to or t("reports.brief_addressee", lang),
        "overall": prose.overall(dossier, lang),
        "table_title": t("reports.brief_table", lang, year=year),
        "rows": _rows(dossier, lang),
        "indicators": [{"head": g.head, "text": g.text} for g in prose.groups(dossier, lang)],
        "causes": prose.causes(dossier, lang),
        "figure_title": t("reports.brief_figure", lang),
        "advice": prose.advice(dossier, lang),
        "risks": prose.risks(dossier, lang),
        "source": source_line(dossier, lang),
    }


def _on_ledger(dossier: Dossier) -> bool:
    """Whether a number of the brief rests on a ledger."""
    return any(trace.synthetic for traces in dossier.study.traces.values() for trace in traces)


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
    order = sorted(rows, key=lambda name: (rows[name].p_near is None, rows[name].p_near or 0.0))
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
            return plain(value)
        case list():
            return [_clean(one) for one in value]
        case dict():
            return {key: _clean(one) for key, one in value.items()}
        case _:
            return value
