"""The command line: arguments in, one typed request, one call, a report out.

Exit codes: 0; 1 the input is unusable; 2 the call is. Heavy imports wait until a command needs them, so that
``dabiao --help`` answers at once.

Invariant: whatever is wrong with the input, the answer is a message and not a traceback
(held by ``tests/test_cli.py``).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from forecast import __version__
from forecast.errors import ForecastError, InputError, UsageError
from forecast.texts import Lang, default_lang, t

__all__ = ["app", "main"]

app = typer.Typer(
    name="dabiao",
    help="达标：年终目标达成推演。How likely a city reaches its provincial average by the end of the year.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Language(StrEnum):
    """Languages of the reports."""

    ZH = "zh"
    EN = "en"


class Route(StrEnum):
    """Routes of inference."""

    FAST = "fast"
    NUTS = "nuts"


Dataset = Annotated[Path, typer.Argument(help="数据集目录，或进度数据工作簿。Folder of a data set, or a workbook.")]
Lang_ = Annotated[Language | None, typer.Option("--lang", help="zh 或 en；默认中文。Language of what is printed.")]
Json = Annotated[bool, typer.Option("--json", help="标准输出只写一个JSON文档。One JSON document on standard output.")]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", help="数据截至：YYYY-MM，或所知日期 YYYY-MM-DD。State of knowledge.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="随机种子；同种子同数字。Same seed, same digits.")]
MethodOption = Annotated[Route, typer.Option("--method", help="fast 快速；nuts 参考（PyMC）。Route of inference.")]
Out = Annotated[Path | None, typer.Option("--out", help="结果目录。Directory of the results.")]


def _lang(chosen: Language | None) -> Lang:
    return default_lang() if chosen is None else chosen.value


@contextmanager
def _reported(lang: Lang, as_json: bool) -> Iterator[None]:
    """Turn what is wrong with the input or the call into a message and an exit code."""
    try:
        yield
    except InputError as error:
        if as_json:
            problems = [{"where": p.where(lang), "text": p.text(lang), "code": p.code} for p in error.problems]
            _print_json({"ok": False, "problems": problems})
        else:
            print(error.report(lang), file=sys.stderr)
        raise typer.Exit(1) from None
    except UsageError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from None
    except ForecastError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None


def _print_json(document: dict[str, Any]) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2))


def _version(asked: bool) -> None:
    if asked:
        print(f"dabiao {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="版本。Version.")
    ] = False,
) -> None:
    """达标：年终目标达成推演。"""


@app.command()
def validate(dataset: Dataset, lang: Lang_ = None, json_: Json = False) -> None:
    """检查数据集，一次列出全部问题。Check a data set; all problems at once."""
    words = _lang(lang)
    with _reported(words, json_):
        from forecast.dataset import read_dataset, summary
        from forecast.report.checked import render_summary

        data = read_dataset(dataset)
        read = summary(data)
        if json_:
            _print_json({"ok": True, "data_hash": data.data_hash} | asdict(read))
        else:
            Console(highlight=False).print(render_summary(data, read, lang=words))


@app.command()
def run(
    dataset: Dataset,
    as_of: AsOfOption = None,
    seed: Seed = 1,
    method: MethodOption = Route.FAST,
    out: Out = None,
    lang: Lang_ = None,
    json_: Json = False,
) -> None:
    """推演全年，给出达到或接近全省平均的概率。Project the year; write the results; print the table."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    words = _lang(lang)
    errors = Console(stderr=True, highlight=False)
    with _reported(words, json_):
        from forecast.report.files import document, write_run
        from forecast.report.terminal import render
        from forecast.run import Request
        from forecast.run import run as run_request

        request = Request(dataset=dataset, as_of=as_of, seed=seed, method=method.value)
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        with Progress(*columns, console=errors, transient=True) as bar:
            task = bar.add_task(t("cli.reading", words))

            def show(name: str, done: int, of: int) -> None:
                label = t("cli.fitting", words, indicator=name) if name else t("cli.judging", words)
                bar.update(task, description=label, completed=done, total=of)

            finished = run_request(request, progress=show)
            target = out or Path("out") / finished.run_id
            write_run(finished, target)
        if json_:
            _print_json(document(finished) | {"out": str(target)})
            return
        console = Console(highlight=False)
        console.print(render(finished.attainment, lang=words, files=(str(target),)))


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="新目录。New directory.")],
    city: Annotated[str | None, typer.Option("--city", help="市名，如 安康市。Name of the city.")] = None,
    province: Annotated[str | None, typer.Option("--province", help="省名。Name of the province.")] = None,
    year: Annotated[int | None, typer.Option("--year", help="目标年度。Target year.")] = None,
    lang: Lang_ = None,
) -> None:
    """为另一个市建工作簿，填表即可推演。Start another city with one workbook to fill in."""
    words = _lang(lang)
    with _reported(words, False):
        from forecast.starter import write_starter

        book = write_starter(folder, city_zh=city, province_zh=province, year=year)
        print(t("cli.started", words, book=book, folder=folder))


def main() -> None:
    """Entry point of the command ``dabiao``."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    app()
