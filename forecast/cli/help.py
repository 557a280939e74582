"""How the command line speaks: help in the reader's language, and what is wrong with a call as text or as JSON.

Typer cuts long runs of Chinese at 80 columns and prints English beside it; here a page of help is one language, broken
where Chinese may be broken, and nothing of it is ever cut. Whatever ends a command ends it in ``Root.main``.

Invariant: at 80 columns every word of every help text is on the screen, in both languages; with ``--json`` every exit
with code 1 or 2 leaves one JSON document on standard output (held by ``tests/test_cli_help.py``).
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import typer
from rich.cells import cell_len, chop_cells
from typer.core import TyperCommand, TyperGroup

from forecast.errors import ForecastError, InputError, UsageError
from forecast.texts import LANGS, Lang, catalogue, default_lang, t

WIDEST: Final = 100
"""Columns beyond which lines of text are hard to read."""
LEFT: Final = 28
"""Columns of the names of options; a longer name has a line of its own."""
PIECE: Final = re.compile(r"\s+|[（“《「]*(?:[^\x00-\x7f]|[!-+\--~]+,?|,)[，。；：、）”》！？…]*")
"""What a line is not broken within: a word, or a Chinese character with its punctuation."""
CallError: Final[type[Exception]] = typer.BadParameter.__bases__[0]
"""What Typer raises where a call cannot be read; it carries a click of its own and does not export the name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a call wants to be answered."""

    lang: Lang
    json: bool


def manner(args: Sequence[str]) -> Manner:
    """How a call wants to be answered, read before the call itself is, so that its errors and its help know."""
    told = [arg.removeprefix("--lang=") for arg in args if arg.startswith("--lang=")]
    told += [after for arg, after in pairwise(args) if arg == "--lang"]
    lang = next((one for one in LANGS if one in told), default_lang())
    return Manner(lang=lang, json="--json" in args)


def broken(text: str, width: int) -> list[str]:
    """A text in lines of at most ``width`` cells; what is longer than a line by itself is broken within."""
    lines = [""]
    for piece in PIECE.findall(text):
        if cell_len(lines[-1] + piece.rstrip()) > width and lines[-1]:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        parts = chop_cells(piece if lines[-1] else piece.lstrip(), width) or [""]
        lines[-1] += parts[0]
        lines += parts[1:]
    return [line.rstrip() for line in lines if line.strip()]


def page(command: TyperCommand | TyperGroup, ctx: Any, width: int | None = None) -> str:
    """The help of a command.

    Parameters
    ----------
    width : columns; None: those of the terminal
    """
    lang = ctx.obj.lang if isinstance(ctx.obj, Manner) else default_lang()
    columns = min(width or shutil.get_terminal_size().columns, WIDEST)
    params = [p for p in command.get_params(ctx) if not getattr(p, "hidden", False)]
    pieces = [t("help.usage_options", lang), *map(_wanted, params)]
    pieces += [t("help.usage_command", lang)] if isinstance(command, TyperGroup) else []
    usage = broken(" ".join([ctx.command_path, *filter(None, pieces)]), columns - 8)
    lines = [f"{t('help.usage', lang)} {usage[0]}", *(f"        {line}" for line in usage[1:]), ""]
    lines += [f"  {line}" for line in broken(t(f"help.{_key(ctx)}", lang), columns - 2)]
    for title, kind in (("arguments", "argument"), ("options", "option")):
        mine = [(_name(p), _meaning(p, lang)) for p in params if p.param_type_name == kind]
        lines += _section(t(f"help.{title}", lang), mine, columns)
    if isinstance(command, TyperGroup):
        names = [(name, t(f"help.{_key(ctx, name)}", lang)) for name in command.list_commands(ctx)]
        lines += _section(t("help.commands", lang), names, columns)
    return "\n".join([*lines, ""])


def _key(ctx: Any, *more: str) -> str:
    """Key of what a command is for: ``command_runs_list``."""
    return "_".join(["command", *ctx.command_path.split()[1:], *more])


def _wanted(param: Any) -> str:
    """An argument as the line of usage has it: ``DATASET``, ``[FILES...]``."""
    if param.param_type_name != "argument":
        return ""
    return _name(param) if param.required else f"[{_name(param)}]"


def _name(param: Any) -> str:
    """``--as-of YYYY-MM``; of an argument its name."""
    if param.param_type_name == "argument":
        return f"{param.metavar}{'...' if param.nargs != 1 else ''}"
    return " ".join(
        [", ".join(sorted(param.opts, key=len)), *([] if param.is_flag or not param.metavar else [param.metavar])]
    )


def _meaning(param: Any, lang: Lang) -> str:
    """What an option means, and what holds without it."""
    text = t("help.option_help", lang) if "--help" in param.opts else t(f"help.{param.help}", lang)
    if param.param_type_name == "argument" and param.required:
        text += t("help.required", lang)
    if param.param_type_name == "option" and not param.is_flag and isinstance(param.default, (str, int, float)):
        text += t("help.default", lang, value=param.default)
    return text


def _section(title: str, entries: Sequence[tuple[str, str]], columns: int) -> Iterator[str]:
    """Names beside what they mean."""
    if not entries:
        return
    yield ""
    yield title
    left = min(max(cell_len(name) for name, _ in entries) + 4, LEFT)
    for name, meaning in entries:
        lines = broken(meaning, columns - left)
        head = f"  {name}"
        if cell_len(head) + 2 > left:
            yield head
        else:
            yield head + " " * (left - cell_len(head)) + lines.pop(0)
        yield from (" " * left + line for line in lines)


class Command(TyperCommand):
    """A command whose help is ``page``."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the page of help."""
        formatter.write(page(self, ctx))


class Group(TyperGroup):
    """A group of commands whose help is ``page``."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the page of help."""
        formatter.write(page(self, ctx))


class Root(Group):
    """The whole command line: whatever ends a command is told here, in the language and form that were asked for."""

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, *_: Any, **extra: Any) -> Any:
        """Run a command and exit: 0; 1 the input is unusable; 2 the call is."""
        asked = manner(sys.argv[1:] if args is None else args)
        options: dict[str, Any] = extra | {"obj": asked, "standalone_mode": False}
        if not extra.get("standalone_mode", True):
            return super().main(args, prog_name, **options)
        try:
            code = super().main(args, prog_name, **options)
        except InputError as error:
            problems = [
                {"where": p.where(asked.lang), "text": p.text(asked.lang), "code": p.code} for p in error.problems
            ]
            code = _told(1, error.report(asked.lang), problems, asked)
        except ForecastError as error:
            text, named = error.text(asked.lang), getattr(error, "code", "")
            code = _told(2 if isinstance(error, UsageError) else 1, text, [_problem(text, named)], asked)
        except CallError as error:
            text = _call_error(error, asked.lang)
            code = _told(2, text, [_problem(text, "usage_call")], asked)
        except typer.Abort:
            code = 1
        sys.exit(code if isinstance(code, int) else 0)


def _problem(text: str, code: str) -> dict[str, str]:
    return {"where": "", "text": text, "code": code}


def _told(code: int, text: str, problems: list[dict[str, str]], asked: Manner) -> int:
    """Say what is wrong, and give the exit code."""
    if asked.json:
        print_json({"ok": False, "problems": problems})
    else:
        print(text, file=sys.stderr)
    return code


def _call_error(error: Any, lang: Lang) -> str:
    """What is wrong with a call, and how to read more; of a group that was called bare its help."""
    kind = type(error).__name__
    if kind == "NoArgsIsHelpError":
        return str(error.format_message()).rstrip()
    key = f"help.error_{kind}"
    if key not in catalogue(lang):
        key = "help.error"
    param = getattr(error, "param", None)
    name = _name(param) if param else getattr(error, "option_name", "")
    reason = re.sub(r"\s+", " ", error.message or error.format_message()).removeprefix("Value error, ")
    more = [t("help.more", lang, command=error.ctx.command_path)] if error.ctx else []
    return "\n".join([t(key, lang, name=name, reason=reason), *more])


def print_json(document: dict[str, Any]) -> None:
    """One JSON document on standard output."""
    print(json.dumps(document, ensure_ascii=False, indent=2))
