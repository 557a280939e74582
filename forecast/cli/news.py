"""``dabiao news``: why the probabilities moved between two runs."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from forecast.cli.kept import Workers, executor_of, fitting
from forecast.cli.options import Json, LanguageOption, Out, chosen, print_json, reported

__all__ = ["news"]

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
        from forecast.news import kept_side
        from forecast.news import news as split
        from forecast.report.files import provenance
        from forecast.report.news import news_document, news_frame, write_news
        from forecast.report.news_text import render_news, sentences
        from forecast.store import Store

        store = Store()
        sides = (
            kept_side(store.open(before), scenario=scenario_before),
            kept_side(store.open(after), scenario=scenario),
        )
        with fitting(errors, words) as show:
            found = split(*sides, executor=executor_of(workers), progress=show)
        dataset = sides[1].run.dataset
        frame = news_frame(found, provenance(sides[1].run))
        told = sentences(found, dataset, lang=words)
        if out is not None:
            write_news(frame, out)
        if json_:
            print_json(news_document(found, frame, told))
            return
        Console(highlight=False).print(render_news(found, dataset, lang=words))
