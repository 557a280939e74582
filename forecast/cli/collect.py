"""``dabiao collect``: task lists that were filled in, against the plan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forecast.cli.options import OUTPUT, Call, command


@command(*OUTPUT)
def collect(
    call: Call,
    files: Annotated[list[Path], typer.Argument(metavar="FILES", help="argument_filled")],
    month: Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help="option_month")] = None,
    plan: Annotated[Path | None, typer.Option("--plan", metavar="DIR", help="option_plan")] = None,
) -> None:
    """Read back task lists, check every cell, compare with the plan."""
    from forecast.errors import UsageError
    from forecast.periods import Month
    from forecast.report.collected import collected_document, render_collected, write_collected
    from forecast.tasks.collected import collect as read_back
    from forecast.tasks.collected import read_plan

    try:
        through = Month.parse(month) if month else None
    except ValueError:
        raise UsageError("usage_collect_month", found=month) from None
    found = read_back(files, through=through, plan=read_plan(plan) if plan else None)
    target = call.folder("collected")
    write_collected(found, target)
    call.finish(
        lambda: collected_document(found) | {"out": str(target)},
        lambda: render_collected(found, lang=call.lang, folder=str(target)),
    )
