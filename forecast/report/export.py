"""Writing reports: the one call that command line and app make.

Invariant: all files of a call are made before the first is written, each at once or not at all; same run, same bytes
(held by ``tests/test_report_export.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pandas as pd

from forecast.errors import UsageError
from forecast.files import write_whole
from forecast.news.news import News
from forecast.report.brief import brief_bytes
from forecast.report.data_files import data_files
from forecast.report.recipients import By, recipient_books
from forecast.report.report_charts import FORMATS, drawn, report_charts
from forecast.report.scheme import scheme_bytes
from forecast.report.sheets.every import all_sheets
from forecast.report.word import to_pdf
from forecast.report.workbook import workbook_bytes
from forecast.runs.run import Run
from forecast.runs.store import KeptRun
from forecast.tables.dossier import Dossier, city_name, gather
from forecast.tables.schema import BACKTEST_TABLES
from forecast.tables.table import Sheet
from forecast.texts import Lang, t


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
    template : of the brief, changed by the user; to : whom the brief is addressed to
    pdf : also brief and scheme as PDF, where LibreOffice is installed
    """

    kinds: frozenset[Kind] = frozenset(Kind)
    by: By | None = None
    scenarios: tuple[str | Path, ...] = ()
    backtest: Path | None = None
    news: News | None = None
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
    return gather(run, asked.scenarios, backtest=backtest, news=asked.news)


def read_backtest(folder: Path) -> dict[str, pd.DataFrame]:
    """Tables of the directory of a backtest.

    Raises
    ------
    UsageError
        It is no such directory.
    """
    try:
        return {name: pd.read_csv(folder / f"{name}.csv", encoding="utf-8-sig") for name in BACKTEST_TABLES}
    except (OSError, ValueError) as error:
        raise UsageError("usage_no_backtest", folder=folder) from error


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
        for name, content in data_files(sheets, dossier, lang):
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
