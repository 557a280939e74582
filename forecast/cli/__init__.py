"""The command line: arguments in, one typed request, one call, a report out.

Exit codes: 0; 1 the input is unusable; 2 the call is. Heavy imports wait until a command needs them, so that
``dabiao --help`` answers at once. One module a command.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from forecast import __version__
from forecast.cli.help import Command, Root
from forecast.cli.options import LangOption
from forecast.cli.run import backtest, breakdown, makeup, news, path, report, run, scenario
from forecast.cli.runs import app as show_app
from forecast.cli.runs import runs, selftest
from forecast.cli.update import collect, convert, init, read, update, validate

__all__ = ["app", "main"]

app = typer.Typer(
    cls=Root,
    name="dabiao",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
COMMANDS = (
    *(run, scenario, path, makeup, breakdown, news, report),
    *(collect, read, convert, validate, init, update, backtest, selftest),
)
for one in COMMANDS:
    app.command(cls=Command)(one)
app.command(name="app", cls=Command)(show_app)
app.add_typer(runs, name="runs")


def _version(asked: bool) -> None:
    if asked:
        print(f"dabiao {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="option_version")
    ] = False,
    lang: LangOption = None,
) -> None:
    """How likely a city reaches its provincial average; ``Root`` has read the language already."""


def main() -> None:
    """Entry point of the command ``dabiao``."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    app(prog_name="dabiao")
