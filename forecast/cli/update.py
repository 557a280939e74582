"""``dabiao update``: the monthly job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forecast.cli.help import print_json
from forecast.cli.news import split_of
from forecast.cli.options import OUTPUT, Call, DatasetArgument, Ran, command, page

if TYPE_CHECKING:
    from forecast.runs.update import Prepared


@command("as_of", "seed", "method", *OUTPUT, "workers")
def update(
    call: Call,
    dataset: DatasetArgument,
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILES", help="argument_new_data")] = None,
    released: Annotated[str | None, typer.Option("--released", metavar="DAY", help="option_released")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="option_preview")] = False,
    why: Annotated[bool, typer.Option("--why", help="option_why")] = False,
) -> None:
    """Take in new figures, run, keep, and say what moved."""
    from forecast.report.files import answers, document, write_run
    from forecast.report.moved import moved_document, render_moved
    from forecast.runs.store import Store
    from forecast.runs.update import prepare
    from forecast.runs.update import update as update_all

    if preview:
        prepared = prepare(dataset, files or (), as_of=call.as_of, released=released)
        call.tell([one.text(call.lang) for one in prepared.warnings])
        lines = [*_lines(prepared, call), call.text("store.preview")]
        call.say(_document(prepared, call), "\n".join(lines))
        return
    with call.fitting() as show:
        done = update_all(
            call.request(dataset),
            files or (),
            store=Store(),
            answers=answers,
            released=released,
            progress=show,
            executor=call.executor,
        )
        if call.out is not None:
            write_run(done.run, call.out, kept=done.after)
    call.tell(Ran(call=call, run=done.run, kept=done.after).remarks())
    if call.json:
        news = {"news": split_of(call, done.before, done.after).document} if why else {}
        moved = {"moved": moved_document(done.moved), "update": _document(done.prepared, call)}
        print_json(document(done.run) | moved | news)
        return
    print("\n".join(_lines(done.prepared, call)))
    page().print(render_moved(done.moved, done.run.dataset, lang=call.lang))
    if why:
        page().print(split_of(call, done.before, done.after).screen)


def _lines(prepared: Prepared, call: Call) -> list[str]:
    """What came in."""
    from forecast.periods import AsOf
    from forecast.tables import words

    intake = prepared.intake
    revised = sum(one.revises is not None for one in intake.additions)
    counts = {"new": len(intake.additions) - revised, "revised": revised}
    lines = [call.text("store.added", **counts, unchanged=intake.unchanged, masked=intake.masked)]
    if intake.ledgers:
        files = call.text("glossary.and").join(one.file for one in intake.ledgers)
        lines.append(call.text("store.replaced", list=files))
    return [*lines, call.text("store.as_of", as_of=words.knowledge(AsOf.parse(prepared.as_of), call.lang))]


def _document(prepared: Prepared, call: Call) -> dict[str, Any]:
    """What came in, for programs."""
    from forecast.report.checked import warnings_document

    intake = prepared.intake
    return {
        "as_of": prepared.as_of,
        "unchanged": intake.unchanged,
        "masked": intake.masked,
        "warnings": warnings_document(prepared.warnings, call.lang),
        "ledgers": [one.kind for one in intake.ledgers],
        "additions": [
            {
                "unit": one.unit,
                "indicator": one.indicator,
                "period": str(one.period),
                "measure": one.measure,
                "value": one.value,
                "released": one.released.isoformat() if one.released else None,
                "revises": one.revises,
                "file": one.file,
                "at": one.cell or one.row,
            }
            for one in intake.additions
        ],
    }
