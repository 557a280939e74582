"""What commands that run or read kept runs share: the store, the progress of fits, what is said after a run.

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
    from forecast.run import Request, Run
    from forecast.store import KeptRun, Store

__all__ = ["Refit", "Workers", "after_run", "executor_of", "fitting", "keep", "open_or_none", "run_and_keep"]

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
    from forecast.store import Store, StoreError

    try:
        return Store()
    except StoreError as error:
        console.print(t("store.not_kept", lang, reason=error.text(lang)))
        return None


def keep(store: Store | None, run: Run, console: Console, lang: Lang) -> KeptRun | None:
    """Keep a run; None, with a note, where that failed."""
    from forecast.report.files import answers
    from forecast.store import StoreError

    try:
        return None if store is None else store.keep(run, answers(run))
    except StoreError as error:
        console.print(t("store.not_kept", lang, reason=error.text(lang)))
        return None


def run_and_keep(
    request: Request, console: Console, lang: Lang, *, refit: bool, workers: int | None
) -> tuple[Run, KeptRun | None]:
    """A run with its progress on standard error, fits taken up from the store unless ``refit``, and kept there."""
    from forecast.run import no_fits, run

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
