"""``dabiao read``: what a file of tables says, before anything of it is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forecast.cli.options import Call, command


@command("lang", "json")
def read(
    call: Call,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="argument_table")],
    dataset: Annotated[Path | None, typer.Option("--dataset", metavar="DATASET", help="option_read_dataset")] = None,
) -> None:
    """Show what a file of tables says, cell by cell; nothing is kept."""
    from forecast.data.dataset import read_dataset
    from forecast.data.reading.resolve import indicator_names, place_names
    from forecast.data.understood import understand
    from forecast.report.understood import render_understood, understood_document

    places = indicators = None
    if dataset is not None:
        known = read_dataset(dataset)
        places = place_names(known.panel.units.values(), city=known.config.city)
        indicators = indicator_names(known.panel.indicators.values())
    found = understand(file, places=places, indicators=indicators)
    call.finish(lambda: understood_document(found, call.lang), lambda: render_understood(found, lang=call.lang))
    if found.problems:
        raise typer.Exit(1)
