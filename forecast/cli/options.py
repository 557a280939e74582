"""What the commands share: their options, their language, and how a bad input or call is reported.

Invariant: whatever is wrong with the input, the answer is a message and not a traceback
(held by ``tests/test_cli.py``).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from forecast.errors import ForecastError, InputError, UsageError
from forecast.texts import Lang, default_lang

__all__ = [
    "AsOfOption",
    "DatasetArgument",
    "Json",
    "Language",
    "LanguageOption",
    "MethodOption",
    "Out",
    "Route",
    "Seed",
    "chosen",
    "print_json",
    "reported",
    "screen",
]

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
