"""``dabiao update``: the monthly job.

``dabiao init``: start another city.

``dabiao read``: what a file of tables says, before anything of it is kept.

``dabiao validate``: check a data set.

``dabiao convert``: a data set in its other form.

``dabiao collect``: task lists that were filled in, against the plan.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forecast.cli.help import print_json
from forecast.cli.options import OUTPUT, Call, DatasetArgument, Ran, command, page
from forecast.cli.run import split_of

if TYPE_CHECKING:
    from forecast.runs.datasets import Prepared


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
    from forecast.report.files import write_collected
    from forecast.report.terminal import page as screen
    from forecast.tables.stock import collected_blocks, collected_document
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
        lambda: screen(collected_blocks(found, call.lang, folder=str(target))),
    )


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


@command("lang", "json")
def validate(
    call: Call,
    dataset: DatasetArgument,
    accept: Annotated[bool, typer.Option("--accept", help="option_accept")] = False,
) -> None:
    """Check a data set; all problems at once."""
    from forecast.data.dataset import read_dataset, summary
    from forecast.report.terminal import page as paged
    from forecast.tables.data import summary_blocks, warnings_document

    data = read_dataset(dataset)
    if accept and data.doubts:
        from forecast.runs.amend import accept as confirm

        call.tell([call.text("cli.accepted", n=confirm(data))])
        data = read_dataset(dataset)
    read = summary(data)
    warned = warnings_document(data.warnings(), call.lang)
    call.finish(
        lambda: {"ok": True, "data_hash": data.data_hash, "warnings": warned} | asdict(read),
        lambda: paged(summary_blocks(data, read, call.lang)),
    )


@command("lang", "json")
def read(
    call: Call,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="argument_table")],
    dataset: Annotated[Path | None, typer.Option("--dataset", metavar="DATASET", help="option_read_dataset")] = None,
) -> None:
    """Show what a file of tables says, cell by cell; nothing is kept."""
    from forecast.data.dataset import read_dataset
    from forecast.data.intake import understand
    from forecast.data.reading.places import indicator_names, place_names
    from forecast.report.terminal import page as paged
    from forecast.tables.data import understood_blocks, understood_document

    places = indicators = None
    if dataset is not None:
        known = read_dataset(dataset)
        places = place_names(known.panel.units.values(), city=known.config.city)
        indicators = indicator_names(known.panel.indicators.values())
    found = understand(file, places=places, indicators=indicators)
    call.finish(lambda: understood_document(found, call.lang), lambda: paged(understood_blocks(found, call.lang)))
    if found.problems:
        raise typer.Exit(1)


@command("as_of", "lang", "json")
def init(
    call: Call,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="argument_new")],
    city: Annotated[str | None, typer.Option("--city", metavar="NAME", help="option_city")] = None,
    province: Annotated[str | None, typer.Option("--province", metavar="NAME", help="option_province")] = None,
    year: Annotated[int | None, typer.Option("--year", metavar="YYYY", help="option_year")] = None,
) -> None:
    """Start another city with one workbook to fill in."""
    from forecast.data.starter import write_starter

    book = write_starter(folder, city_zh=city, province_zh=province, year=year, as_of=call.as_of, lang=call.lang)
    call.say({"book": str(book), "folder": str(folder)}, call.text("cli.started", book=book, folder=folder))


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
    from forecast.report.terminal import page as blocks
    from forecast.runs.datasets import prepare
    from forecast.runs.datasets import update as update_all
    from forecast.runs.store import Store
    from forecast.tables.moved import moved_blocks, moved_document

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
            write_run(done.run, call.out, kept=done.after, made=done.answers)
    call.tell(Ran(call=call, run=done.run, made=done.answers, kept=done.after).remarks())
    if call.json:
        news = {"news": split_of(call, done.before, done.after).document} if why else {}
        moved = {"moved": moved_document(done.moved), "update": _document(done.prepared, call)}
        print_json(document(done.run, done.answers) | moved | news)
        return
    print("\n".join(_lines(done.prepared, call)))
    page().print(blocks(moved_blocks(done.moved, done.run.dataset, call.lang)))
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
    from forecast.tables.data import warnings_document

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
