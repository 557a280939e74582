"""``dabiao convert``: a data set in its other form."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forecast.cli.options import Call, DatasetArgument, command


@command("lang", "json")
def convert(
    call: Call,
    dataset: DatasetArgument,
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="argument_target")],
) -> None:
    """Turn a folder into a workbook, or a workbook into a folder."""
    from forecast.data.convert import convert as other_form

    written = other_form(dataset, target)
    names = call.text("glossary.and").join(path.name for path in written)
    call.say(
        {"ok": True, "written": [str(path) for path in written]}, call.text("cli.converted", names=names, to=target)
    )
