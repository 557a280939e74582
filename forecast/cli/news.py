"""``dabiao news``: why the probabilities moved between two runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console, RenderableType

from forecast.cli.options import (
    Json,
    LanguageOption,
    Out,
    Workers,
    chosen,
    executor_of,
    fitting,
    print_json,
    reported,
    screen,
)
from forecast.texts import Lang

if TYPE_CHECKING:
    import pandas as pd

    from forecast.runs.store import KeptRun


RunArgument = Annotated[
    str,
    typer.Argument(help="推演编号（可只写一部分）、latest、latest~1 或结果目录。Id or part of it, or a directory."),
]


def news(
    before: RunArgument,
    after: RunArgument,
    scenario_before: Annotated[
        str | None, typer.Option("--scenario-before", help="此前采用的情景文件。Scenario of the earlier run.")
    ] = None,
    scenario: Annotated[
        str | None, typer.Option("--scenario", help="本次采用的情景文件。Scenario of the later run.")
    ] = None,
    out: Out = None,
    workers: Workers = None,
    lang: LanguageOption = None,
    json_: Json = False,
) -> None:
    """概率为何变动：把两次推演的变动逐项分解到新数据、修订、情景等。Split the change between two runs by its causes."""
    words = chosen(lang)
    errors = Console(stderr=True, highlight=False)
    with reported(words, as_json=json_):
        from forecast.report.news import write_news
        from forecast.runs.store import Store

        store = Store()
        runs = (store.open(before), store.open(after))
        told = split_of(*runs, errors, words, workers=workers, scenarios=(scenario_before, scenario))
        if out is not None:
            write_news(told.frame, out)
        if json_:
            print_json(told.document)
            return
        screen().print(told.screen)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Told:
    """A split of changes as a table, for programs, and for the screen."""

    frame: pd.DataFrame
    document: dict[str, Any]
    screen: RenderableType


def split_of(
    before: KeptRun,
    after: KeptRun,
    console: Console,
    lang: Lang,
    *,
    workers: int | None,
    scenarios: tuple[str | None, str | None] = (None, None),
) -> Told:
    """Why probabilities moved between two kept runs, with the progress of refits on standard error."""
    from forecast.news.news import kept_side
    from forecast.news.news import news as split
    from forecast.report.files import provenance
    from forecast.report.news import news_document, news_frame
    from forecast.report.news_text import render_news, sentences

    sides = [kept_side(kept, scenario=file) for kept, file in zip((before, after), scenarios, strict=True)]
    with fitting(console, lang) as show:
        found = split(*sides, executor=executor_of(workers), progress=show)
    dataset = sides[1].run.dataset
    frame = news_frame(found, provenance(sides[1].run))
    document = news_document(found, frame, sentences(found, dataset, lang=lang))
    return Told(frame=frame, document=document, screen=render_news(found, dataset, lang=lang))
