"""``dabiao validate``: check a data set."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from forecast.cli.options import Call, DatasetArgument, command


@command("lang", "json")
def validate(
    call: Call,
    dataset: DatasetArgument,
    accept: Annotated[bool, typer.Option("--accept", help="option_accept")] = False,
) -> None:
    """Check a data set; all problems at once."""
    from forecast.data.dataset import read_dataset, summary
    from forecast.report.checked import render_summary, warnings_document

    data = read_dataset(dataset)
    if accept and data.doubts:
        from forecast.runs.amend import accept as confirm

        call.tell([call.text("cli.accepted", n=confirm(data))])
        data = read_dataset(dataset)
    read = summary(data)
    warned = warnings_document(data.warnings(), call.lang)
    call.finish(
        lambda: {"ok": True, "data_hash": data.data_hash, "warnings": warned} | asdict(read),
        lambda: render_summary(data, read, lang=call.lang),
    )
