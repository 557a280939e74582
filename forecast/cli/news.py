"""``dabiao news``: why the probabilities moved between two runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forecast.cli.options import OUTPUT, Call, RunArgument, command

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

    from forecast.runs.store import KeptRun


@command(*OUTPUT, "workers")
def news(
    call: Call,
    before: RunArgument,
    after: RunArgument,
    scenario_before: Annotated[
        str | None, typer.Option("--scenario-before", metavar="FILE", help="option_scenario_before")
    ] = None,
    scenario: Annotated[str | None, typer.Option("--scenario", metavar="FILE", help="option_scenario_after")] = None,
) -> None:
    """Split the change between two runs by its causes."""
    from forecast.report.news import write_news
    from forecast.runs.store import Store

    store = Store()
    told = split_of(call, store.open(before), store.open(after), scenarios=(scenario_before, scenario))
    if call.out is not None:
        write_news(told.frame, call.out)
    call.finish(lambda: told.document, lambda: told.screen)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Told:
    """A split of changes as a table, for programs, and for the screen."""

    frame: pd.DataFrame
    document: dict[str, Any]
    screen: RenderableType


def split_of(
    call: Call, before: KeptRun, after: KeptRun, *, scenarios: tuple[str | None, str | None] = (None, None)
) -> Told:
    """Why probabilities moved between two kept runs, with the progress of refits on standard error."""
    from forecast.news.news import kept_side
    from forecast.news.news import news as split
    from forecast.report.news import news_document, news_frame
    from forecast.report.news_text import render_news, sentences
    from forecast.tables.dossier import provenance

    sides = [kept_side(kept, scenario=file) for kept, file in zip((before, after), scenarios, strict=True)]
    with call.fitting() as show:
        found = split(*sides, executor=call.executor, progress=show)
    dataset = sides[1].run.dataset
    frame = news_frame(found, provenance(sides[1].run))
    document = news_document(found, frame, sentences(found, dataset, lang=call.lang))
    return Told(frame=frame, document=document, screen=render_news(found, dataset, lang=call.lang))
