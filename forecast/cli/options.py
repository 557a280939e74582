"""What the commands share: one set of options, one ``Call`` that carries them, and how a run is made, kept and shown.

A command is a function of a ``Call`` and of the options that are its own; ``command`` adds the common ones to what
Typer sees.

Invariant: an option that several commands have is declared once and means the same in each (held by
``tests/test_cli_help.py``); a store that cannot be used never costs a run its result (held by
``tests/test_store_cli.py``).
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer
from rich.console import Console, RenderableType

from forecast.cli.help import Manner, print_json
from forecast.texts import Lang, default_lang, t, wording

if TYPE_CHECKING:
    from forecast.answers.chances import Criterion
    from forecast.executor import Executor
    from forecast.inference.gaps.fast import Method
    from forecast.runs.run import Request, Run
    from forecast.runs.session import Session
    from forecast.runs.store import KeptRun, Store
    from forecast.runs.store.kept import Answers

WIDE: Final = 120
"""Columns of a page that no terminal limits: the widest tables fit."""

type Options = tuple[str, ...]
ALL: Final = "all"
"""Place that stands for all siblings of the city: the province's view."""
OUTPUT: Final[Options] = ("out", "lang", "json")
"""Options of a command that only writes."""
RUN: Final[Options] = ("as_of", "unit", "year", "seed", "method", *OUTPUT, "refit", "workers")
"""Options of a command that runs a data set."""

LangOption = Annotated[Literal["zh", "en"] | None, typer.Option("--lang", metavar="zh|en", help="option_lang")]
DatasetArgument = Annotated[Path, typer.Argument(metavar="DATASET", help="argument_dataset")]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="argument_run")]
COMMON: Final[Mapping[str, tuple[Any, Any]]] = {
    "as_of": (Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="option_as_of")], None),
    "unit": (Annotated[str | None, typer.Option("--unit", metavar="PLACE", help="option_unit")], None),
    "year": (Annotated[int | None, typer.Option("--year", metavar="YYYY", help="option_year")], None),
    "criterion": (
        Annotated[
            Literal["near", "reach"] | None, typer.Option("--criterion", metavar="near|reach", help="option_criterion")
        ],
        None,
    ),
    "seed": (Annotated[int, typer.Option("--seed", min=0, metavar="N", help="option_seed")], 1),
    "method": (
        Annotated[
            Literal["fast", "auto", "nuts"],
            typer.Option("--method", metavar="fast|auto|nuts", help="option_method"),
        ],
        "fast",
    ),
    "out": (Annotated[Path | None, typer.Option("--out", metavar="DIR", help="option_out")], None),
    "lang": (LangOption, None),
    "json": (Annotated[bool, typer.Option("--json", help="option_json")], False),
    "refit": (Annotated[bool, typer.Option("--refit", help="option_refit")], False),
    "workers": (
        Annotated[int | None, typer.Option("--workers", min=1, metavar="N", help="option_workers")],
        None,
    ),
}
"""Type and default of every common option."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What every command was asked in common; an option that a command does not have is at its default."""

    lang: Lang
    json: bool = False
    out: Path | None = None
    as_of: str | None = None
    unit: str | None = None
    year: int | None = None
    criterion: Literal["near", "reach"] | None = None
    seed: int = 1
    method: Method = "fast"
    refit: bool = False
    workers: int | None = None

    @property
    def errors(self) -> Console:
        """Standard error: progress and remarks."""
        return Console(stderr=True, highlight=False, markup=False, emoji=False)

    @property
    def executor(self) -> Executor | None:
        """Where fits are done; None: as is faster."""
        from forecast.executor import InProcess, LocalProcesses

        return None if self.workers is None else InProcess() if self.workers == 1 else LocalProcesses(self.workers)

    def request(self, dataset: Path) -> Request:
        """The run that is asked for."""
        from forecast.runs.run import Request

        return Request(
            dataset=dataset,
            as_of=self.as_of,
            unit=None if self.unit == ALL else self.unit,
            year=self.year,
            seed=self.seed,
            method=self.method,
            criterion=self.criterion,
        )

    @property
    def spoken(self) -> Criterion | None:
        """What numbers are to speak of; None: what the run says."""
        from forecast.answers.chances import Criterion

        return None if self.criterion is None else Criterion(self.criterion)

    def folder(self, name: str) -> Path:
        """Where results are written: as asked, else below ``out/``."""
        return self.out or Path("out") / name

    def text(self, key: str, **params: Any) -> str:
        """A text of the catalogue in the language of the call."""
        return t(key, self.lang, **params)

    def tell(self, lines: Sequence[str]) -> None:
        """Remarks, on standard error."""
        for line in lines:
            self.errors.print(line)

    def finish(self, document: Callable[[], dict[str, Any]], screen: Callable[[], RenderableType]) -> None:
        """The answer on standard output: for programs or for people; only the one that is asked for is made."""
        if self.json:
            print_json(document())
        else:
            page().print(screen())

    def say(self, document: dict[str, Any], text: str) -> None:
        """The answer where it is a line of text."""
        if self.json:
            print_json(document)
        else:
            print(text)

    @contextmanager
    def fitting(self, label: str = "cli.fitting") -> Iterator[Callable[[str, int, int], None]]:
        """A progress bar on standard error; gives the callback that moves it.

        Parameters
        ----------
        label : key of the text that says what is done to an ``{indicator}``, or to what has a ``{name}``
        """
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        with Progress(*columns, console=self.errors, transient=True) as bar:
            task = bar.add_task(self.text("cli.reading"))

            def show(name: str, done: int, of: int) -> None:
                text = self.text(label, indicator=name, name=name) if name else self.text("cli.judging")
                bar.update(task, description=text, completed=done, total=of)

            yield show

    def store(self) -> Store | None:
        """The store; None, with a note, where it cannot be used."""
        from forecast.runs.store import Store, StoreError

        try:
            return Store()
        except StoreError as error:
            self.tell([self.text("store.not_kept", reason=error.text(self.lang))])
            return None

    def keep(self, store: Store | None, run: Run, made: Answers) -> KeptRun | None:
        """Keep a run; None, with a note, where that failed."""
        from forecast.runs.store import StoreError

        try:
            return None if store is None else store.keep(run, made)
        except StoreError as error:
            self.tell([self.text("store.not_kept", reason=error.text(self.lang))])
            return None

    def run(self, dataset: Path) -> Ran:
        """Run a data set, fits taken up from the store unless ``refit``, and keep it there."""
        from forecast.report.files import answers
        from forecast.runs.run import no_fits, run

        with self.fitting() as show:
            store = self.store()
            fits = no_fits if self.refit or store is None else store.fit
            made = run(self.request(dataset), progress=show, executor=self.executor, kept=fits)
            told = answers(made)
            return Ran(call=self, run=made, made=told, kept=self.keep(store, made, told))


@dataclass(frozen=True, kw_only=True, eq=False)
class Ran:
    """A run that a command made.

    made : what is kept and written of it, where it was made already
    kept : as it is in the store; None where that could not be used
    """

    call: Call
    run: Run
    kept: KeptRun | None
    made: Answers | None = None

    @cached_property
    def answers(self) -> Answers:
        """What is kept and written of the run, made once."""
        from forecast.report.files import answers

        return answers(self.run) if self.made is None else self.made

    @cached_property
    def session(self) -> Session:
        """The run, ready to be asked."""
        from forecast.runs.session import Session

        return Session(self.run)

    def write(self, suffix: str = "") -> Path:
        """The run's directory, named after it unless told; gives its place."""
        from forecast.report.files import write_run

        target = self.call.folder(f"{self.run.run_id}{suffix}")
        write_run(self.run, target, kept=self.kept, made=self.answers)
        return target

    def finish(self, more: Callable[[], dict[str, Any]], screen: Callable[[], RenderableType], out: Path) -> None:
        """Remarks on the run, then the answer; a document has all of the run, ``more``, and where it was written."""
        from forecast.report.files import document
        from forecast.tables.data import warnings_document

        self.call.tell(self.remarks())
        warned = warnings_document(self.run.dataset.warnings(), self.call.lang)
        with wording(self.run.dataset.config.words):
            self.call.finish(
                lambda: document(self.run, self.answers) | more() | {"warnings": warned, "out": str(out)}, screen
            )

    def remarks(self) -> list[str]:
        """Failures, fits that were taken up, and the id under which the run is kept."""
        run, text = self.run, self.call.text
        names = run.dataset.panel.indicators
        lines = [one.text(self.call.lang) for one in run.dataset.warnings()]
        lines += [text("cli.doubted", n=len(run.dataset.doubts))] if run.dataset.doubts else []
        lines += [text("store.failed", indicator=names[name].name_zh, reason=why) for name, why in run.failures.items()]
        if run.reused:
            lines.append(text("store.reused", reused=len(run.reused), fitted=len(run.keys) - len(run.reused)))
        if self.kept is not None:
            lines.append(text("store.kept", run=self.kept.run_id))
        return lines


def command(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function: Typer sees the options of the function and the common ones that are named.

    The function takes a ``Call`` first; whatever it raises is told by ``Root``.
    """

    def made(body: Callable[..., None]) -> Callable[..., None]:
        _, *own = inspect.signature(body, eval_str=True).parameters.values()
        keyword = inspect.Parameter.KEYWORD_ONLY
        parameters = [inspect.Parameter("ctx", keyword, annotation=typer.Context)]
        parameters += [one.replace(kind=keyword) for one in own]
        parameters += [inspect.Parameter(n, keyword, default=COMMON[n][1], annotation=COMMON[n][0]) for n in names]

        @wraps(body)
        def asked(ctx: typer.Context, **given: Any) -> None:
            lang = ctx.obj.lang if isinstance(ctx.obj, Manner) else default_lang()
            common = {name: given.pop(name) for name in names}
            body(Call(**common | {"lang": common["lang"] or lang}), **given)

        del asked.__wrapped__  # else Typer looks through it
        asked.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        asked.__annotations__ = {one.name: one.annotation for one in parameters}
        return asked

    return made


def page() -> Console:
    """Where results are printed: as wide as the terminal; a file or a pipe takes the widest table."""
    limited = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(highlight=False, markup=False, emoji=False, width=None if limited else WIDE)
