"""What the commands share: their options, their language, and how a bad input or call is reported.

Invariant: whatever is wrong with the input, the answer is a message and not a traceback
(held by ``tests/test_cli.py``).

What commands that run or read kept runs share: the store, the progress of fits, what is said after a run.

Invariant: a store that cannot be used never costs a run its result (held by ``tests/test_store_cli.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from forecast.texts import Lang, t

if TYPE_CHECKING:
    from forecast.executor import Executor
    from forecast.runs.run import Request, Run
    from forecast.runs.store import KeptRun, Store
import json
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from forecast.errors import ForecastError, InputError, UsageError
from forecast.texts import default_lang

WIDE: Final = 120
"""Columns of a page that no terminal limits: the widest tables fit."""


class Language(StrEnum):
    """Languages of the reports."""

    ZH = "zh"
    EN = "en"


class Route(StrEnum):
    """Routes of inference."""

    FAST = "fast"
    AUTO = "auto"
    NUTS = "nuts"


DatasetArgument = Annotated[
    Path, typer.Argument(help="数据集目录或进度数据工作簿。Folder of a data set, or a workbook.")
]
LanguageOption = Annotated[Language | None, typer.Option("--lang", help="zh 或 en，默认中文。Language of the texts.")]
Json = Annotated[bool, typer.Option("--json", help="标准输出只写一个JSON文档。One JSON document on standard output.")]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", help="数据截至：YYYY-MM，或所知日期 YYYY-MM-DD。State of knowledge.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="随机种子；同种子同数字。Same seed, same digits.")]
MethodOption = Annotated[
    Route,
    typer.Option(
        "--method",
        help="fast 快速；nuts 参考（PyMC）；auto 快速，诊断未通过的改用参考。Route; auto: fast, else nuts.",
    ),
]
Out = Annotated[Path | None, typer.Option("--out", help="结果目录。Directory of the results.")]


def chosen(language: Language | None) -> Lang:
    """Language of what is printed: as asked, else as the environment says."""
    return default_lang() if language is None else language.value


@contextmanager
def reported(lang: Lang, *, as_json: bool = False) -> Iterator[None]:
    """Turn what is wrong with the input or the call into a message and an exit code."""
    try:
        yield
    except InputError as error:
        if as_json:
            problems = [{"where": p.where(lang), "text": p.text(lang), "code": p.code} for p in error.problems]
            print_json({"ok": False, "problems": problems})
        else:
            print(error.report(lang), file=sys.stderr)
        raise typer.Exit(1) from None
    except UsageError as error:
        print(error.text(lang), file=sys.stderr)
        raise typer.Exit(2) from None
    except ForecastError as error:
        text = error.text(lang)
        if as_json:
            print_json({"ok": False, "problems": [{"where": "", "text": text, "code": getattr(error, "code", "")}]})
        else:
            print(text, file=sys.stderr)
        raise typer.Exit(1) from None


def print_json(document: dict[str, Any]) -> None:
    """One JSON document on standard output."""
    print(json.dumps(document, ensure_ascii=False, indent=2))


def screen() -> Console:
    """Where results are printed: as wide as the terminal; a file or a pipe takes the widest table."""
    limited = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(highlight=False, width=None if limited else WIDE)


Refit = Annotated[
    bool, typer.Option("--refit", help="全部重新拟合，不沿用存档。Fit everything again, whatever is kept.")
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="进程数，默认自动；不影响结果。Processes; results do not depend on it."),
]


def executor_of(workers: int | None) -> Executor | None:
    """Executor of a number of workers; None: as is faster."""
    from forecast.executor import InProcess, LocalProcesses

    return None if workers is None else InProcess() if workers == 1 else LocalProcesses(workers)


@contextmanager
def fitting(console: Console, lang: Lang, *, label: str = "cli.fitting") -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on standard error; gives the callback that moves it.

    Parameters
    ----------
    label : key of the text that says what is done to an indicator
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(t("cli.reading", lang))

        def show(name: str, done: int, of: int) -> None:
            text = t(label, lang, indicator=name) if name else t("cli.judging", lang)
            bar.update(task, description=text, completed=done, total=of)

        yield show


def open_or_none(console: Console, lang: Lang) -> Store | None:
    """The store; None, with a note, where it cannot be used."""
    from forecast.runs.store import Store, StoreError

    try:
        return Store()
    except StoreError as error:
        console.print(t("store.not_kept", lang, reason=error.text(lang)))
        return None


def keep(store: Store | None, run: Run, console: Console, lang: Lang) -> KeptRun | None:
    """Keep a run; None, with a note, where that failed."""
    from forecast.report.files import answers
    from forecast.runs.store import StoreError

    try:
        return None if store is None else store.keep(run, answers(run))
    except StoreError as error:
        console.print(t("store.not_kept", lang, reason=error.text(lang)))
        return None


def run_and_keep(
    request: Request, console: Console, lang: Lang, *, refit: bool, workers: int | None
) -> tuple[Run, KeptRun | None]:
    """A run with its progress on standard error, fits taken up from the store unless ``refit``, and kept there."""
    from forecast.runs.run import no_fits, run

    with fitting(console, lang) as show:
        store = open_or_none(console, lang)
        fits = no_fits if refit or store is None else store.fit
        finished = run(request, progress=show, executor=executor_of(workers), kept=fits)
        return finished, keep(store, finished, console, lang)


def after_run(run: Run, kept: KeptRun | None, lang: Lang) -> list[str]:
    """Failures, fits that were taken up, and the id under which the run is kept."""
    names = run.dataset.panel.indicators
    lines = [
        t("store.failed", lang, indicator=names[name].name_zh, reason=reason) for name, reason in run.failures.items()
    ]
    if run.reused:
        lines.append(t("store.reused", lang, reused=len(run.reused), fitted=len(run.keys) - len(run.reused)))
    if kept is not None:
        lines.append(t("store.kept", lang, run=kept.run_id))
    return lines
