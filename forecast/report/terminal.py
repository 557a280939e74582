"""The table of a run in the terminal: what a leader reads first. Layout only, no arithmetic.

Invariant: every number shown is a field of ``Attainment`` in the words of ``forecast.tables.words``
(held by ``tests/test_report.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from forecast.answers.attainment import Attainment
from forecast.answers.chances import Status, Summary
from forecast.answers.evidence import Evidence, Figure
from forecast.answers.judgement import Light, Row
from forecast.data.target import TargetKind
from forecast.report.notes import OK, notes, plain_name
from forecast.tables import words
from forecast.texts import Lang, t

COLOURS: Final = {Light.GREEN: "bold green", Light.YELLOW: "bold yellow", Light.RED: "bold red"}
AVERAGE_COLUMNS: Final = (
    "indicator",
    "ytd",
    "benchmark_ytd",
    "gap",
    "forecast",
    "benchmark_forecast",
    "reach",
    "near",
    "required",
    "light_now",
    "light",
)
NOW_COLUMNS: Final = ("indicator", "ytd", "benchmark_ytd", "gap", "light_now")
AHEAD_COLUMNS: Final = ("indicator", "forecast", "benchmark_forecast", "reach", "near", "required", "light")
CONSTANT_AHEAD_COLUMNS: Final = ("indicator", "target", "forecast", "reach", "near", "required", "light")
CONSTANT_COLUMNS: Final = ("indicator", "target", "ytd", "forecast", "reach", "near", "required", "light_now", "light")
FOLD: Final = 18
"""Columns of screen that folding words can save without breaking them too often; what needs more is split in two."""
LEFT: Final = frozenset({"indicator", "required", "target"})
FOLDED: Final = frozenset({"indicator", "required", "target", "reach", "near"})
"""Columns of words, which give way where the screen is narrow; numbers are never broken."""


def render(attainment: Attainment, *, lang: Lang, files: Sequence[str] = ()) -> RenderableType:
    """The city's targets as a table, what can be said of them together, and the rules they were judged by.

    Parameters
    ----------
    lang : language of all texts
    files : where the run's files are, as the user should see them

    Returns
    -------
    rich renderable; one table, or on a screen of some 100 columns and less one of today and one of the year's end.
    Chinese characters are counted as two columns.
    """
    return _Page(attainment, lang, tuple(files))


@dataclass(frozen=True, slots=True)
class _Page:
    attainment: Attainment
    lang: Lang
    files: tuple[str, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        attainment, lang = self.attainment, self.lang
        mine = [row for row in attainment.rows if row.target.unit == attainment.config.city]
        average = [row for row in mine if row.target.kind is TargetKind.PROVINCE_AVERAGE]
        constant = [
            row
            for row in mine
            if row.target.kind is not TargetKind.PROVINCE_AVERAGE and row.evidence is not Evidence.INSUFFICIENT
        ]
        title = _title(attainment, lang)
        whole = _table(average, AVERAGE_COLUMNS, title, lang)
        wide = console.measure(whole, options=options.update(max_width=10_000)).maximum <= options.max_width + FOLD
        if wide:
            yield whole
        else:
            yield _table(average, NOW_COLUMNS, title, lang)
            yield Text()
            yield _table(average, AHEAD_COLUMNS, "", lang)
        yield Text()
        if constant:
            columns = CONSTANT_COLUMNS if wide else CONSTANT_AHEAD_COLUMNS
            yield _table(constant, columns, t("report.title_constant", lang), lang)
            yield Text()
        yield from (Text(note) for note in notes(attainment, lang))
        if self.files:
            yield Text(t("report.note_files", lang, list=t("glossary.and", lang).join(self.files)))


def _title(attainment: Attainment, lang: Lang) -> str:
    params = {
        "city": words.unit_name(attainment.units[attainment.config.city], lang),
        "year": attainment.target_year,
        "as_of": words.knowledge(attainment.as_of, lang),
    }
    if attainment.scenario == "baseline":
        return t("report.title", lang, **params)
    return t("report.title_scenario", lang, scenario=attainment.scenario, **params)


def _table(rows: Sequence[Row], columns: Sequence[str], title: str, lang: Lang) -> Table:
    table = Table(
        title=Text(title) if title else None,
        box=box.SIMPLE_HEAVY,
        show_edge=False,
        pad_edge=False,
        padding=0,
        title_style="bold",
        show_lines=False,
    )
    for column in columns:
        table.add_column(
            Text(t(f"report.head_{column}", lang)),
            justify="left" if column in LEFT else "right",
            overflow="fold",
            no_wrap=column not in FOLDED,
        )
    for row in rows:
        cells = _cells(row, lang)
        table.add_row(*(cells[column] for column in columns))
    return table


def _cells(row: Row, lang: Lang) -> dict[str, Text]:
    judged = row.status is Status.JUDGED
    return {
        "indicator": _name(row, lang),
        "target": _target(row, lang),
        "ytd": _dated(row.ytd, lang),
        "benchmark_ytd": _dated(row.benchmark_ytd, lang),
        "gap": _gap(row, lang),
        "forecast": _spread(row.forecast, lang) if judged else Text(_why_not(row, lang), style="italic"),
        "benchmark_forecast": _spread(row.benchmark_forecast, lang),
        "reach": _chance(row.p_reach, row, lang),
        "near": _chance(row.p_near, row, lang),
        "required": _lines(
            words.required_text(row.required, lang),
            words.history_source(row.history, lang).strip(),
            words.feasibility(row.history, lang),
        ),
        "light_now": _light(row.light_now, lang),
        "light": _light(row.light, lang),
    }


def _lines(first: str, *more: str) -> Text:
    text = Text(first)
    for line in more:
        if line:
            text.append(f"\n{line}", style="dim")
    return text


def _name(row: Row, lang: Lang) -> Text:
    notes = []
    if row.evidence is Evidence.THIN:
        notes.append(t("glossary.limited_note", lang).strip())
    if not row.target.assessed and row.target.kind is TargetKind.PROVINCE_AVERAGE:
        notes.append(t("report.not_assessed", lang))
    if row.diagnostics not in {"", OK}:
        notes.append(t("report.diagnostics_failed", lang))
    return _lines(plain_name(row, lang), *notes)


def _target(row: Row, lang: Lang) -> Text:
    kind = words.kind_name(row.target.kind, lang)
    if row.target.kind is TargetKind.PLAN:
        return _lines(kind, words.growth(row.target_value, lang))
    return Text(kind)


def _dated(figure: Figure | None, lang: Lang) -> Text:
    if figure is None:
        return Text(words.growth(None, lang), style="dim")
    return _lines(words.growth(figure.growth_pct, lang), words.through(figure.period, lang))


def _gap(row: Row, lang: Lang) -> Text:
    own_month = row.ytd is not None and row.gap_period == row.ytd.period
    return _lines(words.gap(row.gap_pp, lang), "" if own_month else words.through(row.gap_period, lang))


def _spread(summary: Summary | None, lang: Lang) -> Text:
    if summary is None:
        return Text(t("glossary.none", lang))
    return _lines(words.growth(summary.mean_pct, lang), words.interval(summary.p10_pct, summary.p90_pct, lang))


def _chance(p: float | None, row: Row, lang: Lang) -> Text:
    return _lines(words.probability(p, lang, evidence=row.evidence), words.band(p, lang, evidence=row.evidence))


def _light(light: Light | None, lang: Lang) -> Text:
    return Text(words.light_name(light, lang), style=COLOURS[light] if light else "dim")


def _why_not(row: Row, lang: Lang) -> str:
    if row.status is Status.INSUFFICIENT:
        return t("glossary.insufficient_cell", lang)
    return t(f"report.status_{row.status.value}", lang)
