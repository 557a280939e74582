"""``dabiao validate``: check a data set."""

from __future__ import annotations

from dataclasses import asdict

from forecast.cli.options import Call, DatasetArgument, command


@command("lang", "json")
def validate(call: Call, dataset: DatasetArgument) -> None:
    """Check a data set; all problems at once."""
    from forecast.data.dataset import read_dataset, summary
    from forecast.report.checked import remarks_document, render_summary

    data = read_dataset(dataset)
    read = summary(data)
    call.finish(
        lambda: (
            {"ok": True, "data_hash": data.data_hash} | asdict(read) | {"remarks": remarks_document(data, call.lang)}
        ),
        lambda: render_summary(data, read, lang=call.lang),
    )
