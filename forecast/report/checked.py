"""What a data set holds, as a person would check it against what they meant to supply."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from forecast.data.dataset import Dataset, Summary
from forecast.errors import Problem
from forecast.tables.words import indicator_name, unit_name
from forecast.texts import Lang, t


def render_summary(dataset: Dataset, read: Summary, *, lang: Lang) -> RenderableType:
    """Entries of every file, reach of every indicator of city and province, what was left aside or understood."""
    panel, config = dataset.panel, dataset.config
    files = Table(title=t("cli.files", lang, name=config.name_zh), box=box.SIMPLE_HEAD, title_justify="left")
    for head in ("file", "rows", "statuses", "masked", "revisions"):
        files.add_column(t(f"cli.{head}", lang), justify="left" if head in ("file", "statuses") else "right")
    for one in read.files:
        statuses = t("glossary.and", lang).join(f"{status} {n}" for status, n in one.statuses.items())
        files.add_row(one.file, str(one.rows), statuses, str(one.masked or ""), str(one.revisions or ""))
    reach = Table(title=t("cli.reach", lang, as_of=config.as_of), box=box.SIMPLE_HEAD, title_justify="left")
    for head in ("indicator", "unit", "figures", "this_year", "span"):
        reach.add_column(t(f"cli.{head}", lang), justify="right" if head in ("figures", "this_year") else "left")
    for series in read.series:
        if series.unit in (config.city, config.province):
            indicator = panel.indicators[series.indicator]
            reach.add_row(
                indicator_name(indicator.indicator, indicator.name_zh, lang),
                unit_name(panel.units[series.unit], lang),
                str(series.figures),
                str(series.this_year),
                f"{series.first_period} – {series.last_period}",
            )
    told = [Text(one.text(lang)) for one in dataset.warnings()]
    asked = [t("cli.doubted", lang, n=len(dataset.doubts))] if dataset.doubts else []
    return Group(files, reach, *told, *asked, t("cli.valid", lang))


def warnings_document(warnings: Iterable[Problem], lang: Lang) -> list[dict[str, object]]:
    """Figures in doubt, and what was left aside or understood in its own way, for programs."""
    return [
        {
            "code": one.code,
            "file": one.file,
            "row": one.row,
            "cell": one.column,
            **{key: value for key, value in one.params.items() if key != "list"},
            "text": one.text(lang),
        }
        for one in warnings
    ]
