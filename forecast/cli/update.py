"""``dabiao update``: the monthly job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from forecast.cli.news import split_of
from forecast.cli.options import (
    AsOfOption,
    DatasetArgument,
    Json,
    LanguageOption,
    MethodOption,
    Out,
    Route,
    Seed,
    Workers,
    after_run,
    chosen,
    executor_of,
    fitting,
    print_json,
    reported,
    screen,
)
from forecast.texts import Lang, t

if TYPE_CHECKING:
    from forecast.runs.update import Prepared


def update(
    dataset: DatasetArgument,
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="新数据：观测表、进度数据工作簿、台账（CSV、XLSX）。New figures or ledgers."),
    ] = None,
    as_of: AsOfOption = None,
    released: Annotated[
        str | None,
        typer.Option("--released", help="文件未注明时的发布日期。Release day where none is told."),
    ] = None,
    seed: Seed = 1,
    method: MethodOption = Route.FAST,
    out: Out = None,
    preview: Annotated[bool, typer.Option("--preview", help="只检查，不改动。Check only, change nothing.")] = False,
    why: Annotated[bool, typer.Option("--why", help="逐项分解概率为何变动。Say why each probability moved.")] = False,
    workers: Workers = None,
    lang: LanguageOption = None,
    json_: Json = False,
) -> None:
    """并入新数据，推演并存档，说明变动。Take in new figures, run, keep, and say what moved."""
    words = chosen(lang)
    errors, console = Console(stderr=True, highlight=False), screen()
    with reported(words, as_json=json_):
        from forecast.report.files import answers, document, write_run
        from forecast.report.moved import moved_document, render_moved
        from forecast.runs.run import Request
        from forecast.runs.store import Store
        from forecast.runs.update import prepare
        from forecast.runs.update import update as update_all

        request = Request(dataset=dataset, as_of=as_of, seed=seed, method=method.value)
        if preview:
            prepared = prepare(dataset, files or (), as_of=as_of, released=released)
            if json_:
                print_json(_document(prepared))
            else:
                print("\n".join([*_lines(prepared, words), t("store.preview", words)]))
            return
        with fitting(errors, words) as show:
            done = update_all(
                request,
                files or (),
                store=Store(),
                answers=answers,
                released=released,
                progress=show,
                executor=executor_of(workers),
            )
            if out is not None:
                write_run(done.run, out, kept=done.after)
        for line in after_run(done.run, done.after, words):
            errors.print(line)
        if json_:
            moved = {"moved": moved_document(done.moved), "update": _document(done.prepared)}
            if why:
                moved["news"] = split_of(done.before, done.after, errors, words, workers=workers).document
            print_json(document(done.run) | moved)
            return
        print("\n".join(_lines(done.prepared, words)))
        console.print(render_moved(done.moved, done.run.dataset, lang=words))
        if why:
            console.print(split_of(done.before, done.after, errors, words, workers=workers).screen)


def _lines(prepared: Prepared, lang: Lang) -> list[str]:
    """What came in."""
    from forecast.periods import AsOf
    from forecast.tables import words

    intake = prepared.intake
    revised = sum(one.revises is not None for one in intake.additions)
    counts = {"new": len(intake.additions) - revised, "revised": revised}
    lines = [t("store.added", lang, **counts, unchanged=intake.unchanged, masked=intake.masked)]
    if intake.ledgers:
        lines.append(t("store.replaced", lang, list=t("glossary.and", lang).join(one.file for one in intake.ledgers)))
    return [*lines, t("store.as_of", lang, as_of=words.knowledge(AsOf.parse(prepared.as_of), lang))]


def _document(prepared: Prepared) -> dict[str, Any]:
    """What came in, for programs."""
    intake = prepared.intake
    return {
        "as_of": prepared.as_of,
        "unchanged": intake.unchanged,
        "masked": intake.masked,
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
