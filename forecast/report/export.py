"""Writing reports: the one call that command line and app make; which sheets there are, and which lists for whom.

Invariant: all files of a call are made before the first is written, each at once or not at all; same run, same bytes
(held by ``tests/test_report_export.py``); every sheet is made from one dossier (``tests/test_report_workbook.py``), and
every task is in exactly one workbook of a split (``tests/test_report_recipients.py``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import pandas as pd

from forecast.errors import UsageError
from forecast.files import write_whole
from forecast.news.news import News
from forecast.report.brief import brief_bytes
from forecast.report.files import data_files, read_backtest
from forecast.report.report_charts import FORMATS, drawn, report_charts
from forecast.report.scheme import scheme_bytes
from forecast.report.word import to_pdf
from forecast.report.workbook import TaskList, workbook_bytes
from forecast.runs.run import Run
from forecast.runs.session import wanted
from forecast.runs.store import KeptRun
from forecast.tables import words
from forecast.tables.actions import action_sheet
from forecast.tables.beside import given_sheet, scenario_sheet
from forecast.tables.breakdown import breakdown_tables, task_summary_sheet
from forecast.tables.counties import interview_sheet, naming_sheet
from forecast.tables.data import data_sheet, explanation_sheet
from forecast.tables.dossier import Dossier, city_name, gather
from forecast.tables.forecast import chance_sheet, forecast_sheet
from forecast.tables.makeup import makeup_tables
from forecast.tables.monthly import monthly_sheet
from forecast.tables.news import news_frame, news_sheet
from forecast.tables.path import path_sheet
from forecast.tables.plans import lever_sheet, plan_sheet, sector_sheet
from forecast.tables.record import track_sheet
from forecast.tables.standings import rank_sheet, score_sheet
from forecast.tables.stock import filing_sheet, stock_sheet
from forecast.tables.table import Sheet
from forecast.tasks.tasks import Task
from forecast.texts import Lang, t, wording

MAKERS: Final[tuple[Callable[[Dossier, Lang], Sheet], ...]] = (
    forecast_sheet,
    chance_sheet,
    monthly_sheet,
    path_sheet,
    rank_sheet,
    score_sheet,
    scenario_sheet,
    action_sheet,
    given_sheet,
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


def exact_tables(dossier: Dossier) -> dict[str, pd.DataFrame]:
    """Tables of the run, its tasks, its plan and its backtest, as they are in their own directories."""
    found = dict(dossier.tables) | breakdown_tables(dossier.assigned)
    if dossier.plans:
        found |= makeup_tables(dossier.plans[0].makeup, dossier.run)
    if dossier.news:
        found["news"] = news_frame(dossier.news, dossier.provenance)
    return found | dict(dossier.backtest)


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


class Kind(StrEnum):
    """What can be written."""

    WORKBOOK = "workbook"
    BRIEF = "brief"
    SCHEME = "scheme"
    CHARTS = "charts"
    DATA = "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRequest:
    """What to write.

    kinds : in any order; by : also a task list for every team or county
    scenarios : files to compare; backtest : folder of a backtest; news : why it moved since an earlier run
    wishes, given, holds : a further plan, outcomes to tell targets for, sums of tasks that must stay, as texts
    template : of the brief, changed by the user; to : whom the brief is addressed to
    pdf : also brief and scheme as PDF, where LibreOffice is installed
    """

    kinds: frozenset[Kind] = frozenset(Kind)
    by: By | None = None
    scenarios: tuple[str | Path, ...] = ()
    backtest: Path | None = None
    news: News | None = None
    wishes: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    template: Path | None = None
    to: str = ""
    pdf: bool = False
    lang: Lang = "zh"


def write_reports(source: Run | KeptRun | Dossier, out: Path, request: ReportRequest | None = None) -> list[Path]:
    """Write reports on a run into a directory, replacing files of the same names.

    Parameters
    ----------
    source : a run, a kept one, or what was gathered of it already (scenarios and news are then those gathered)

    Returns
    -------
    Paths of the files, in the order of ``Kind``.

    Raises
    ------
    UsageError
        The directory cannot be written, a template cannot be used, or no font with Chinese was found.
    ScenarioError
        A scenario file is unusable.
    """
    asked = request or ReportRequest()
    dossier = _gathered(source, asked)
    with wording(dossier.run.dataset.config.words):
        files = dict(_files(dossier, asked))
    written = _write(files, out)
    if asked.pdf:
        written += to_pdf([path for path in written if path.suffix == ".docx"], when=dossier.run.paths.as_of.day)
    return written


def _gathered(source: Run | KeptRun | Dossier, asked: ReportRequest) -> Dossier:
    if isinstance(source, Dossier):
        return source
    run = source.run() if isinstance(source, KeptRun) else source
    backtest = read_backtest(asked.backtest) if asked.backtest else None
    return gather(
        run,
        asked.scenarios,
        wanted=wanted(run.dataset, holds=asked.holds) if asked.holds else None,
        wishes=asked.wishes,
        given=asked.given,
        backtest=backtest,
        news=asked.news,
    )


def _files(dossier: Dossier, asked: ReportRequest) -> Iterator[tuple[str, bytes]]:
    """Files by their place below the directory."""
    lang = asked.lang
    sheets: list[Sheet] = []
    if asked.kinds & {Kind.WORKBOOK, Kind.DATA}:
        sheets = all_sheets(dossier, lang)
    if Kind.WORKBOOK in asked.kinds:
        yield f"{_named('workbook', dossier, lang)}.xlsx", workbook_bytes(sheets, dossier, lang=lang, tasks=True)
    if asked.by is not None:
        folder = t(f"reports.folder_{asked.by.value}", lang)
        for name, content in recipient_books(dossier, asked.by, lang):
            yield f"{folder}/{name}.xlsx", content
    if Kind.BRIEF in asked.kinds:
        content = brief_bytes(dossier, lang, template=asked.template, to=asked.to)
        yield f"{_named('brief', dossier, lang)}.docx", content
    if Kind.SCHEME in asked.kinds:
        yield f"{_named('scheme', dossier, lang)}.docx", scheme_bytes(dossier, lang)
    if Kind.CHARTS in asked.kinds:
        for name, chart in report_charts(dossier, lang).items():
            for format_, content in drawn(chart, FORMATS).items():
                yield f"{t('reports.folder_charts', lang)}/{name}.{format_}", content
    if Kind.DATA in asked.kinds:
        for name, content in data_files(sheets, exact_tables(dossier), dossier, lang):
            yield f"{t('reports.folder_data', lang)}/{name}", content


def _named(kind: str, dossier: Dossier, lang: Lang) -> str:
    """Name of a file: 安康市2020年主要经济指标达标推演_2020-08."""
    name = t(f"reports.file_{kind}", lang, city=city_name(dossier, lang), year=dossier.run.paths.target_year)
    return f"{name}_{dossier.run.paths.as_of.text}"


def _write(files: Mapping[str, bytes], out: Path) -> list[Path]:
    """Write every file beside its place and move it there at once.

    Raises
    ------
    UsageError
        A file cannot be written.
    """
    written: Sequence[Path] = [out / name for name in files]
    try:
        for path, content in zip(written, files.values(), strict=True):
            write_whole(path, content)
    except OSError as error:
        raise UsageError("usage_not_written", folder=out, reason=error.strerror or error) from error
    return list(written)
