"""``dabiao report``: the workbook, the brief, the scheme, the charts and the data that officials hand on."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from forecast.cli.options import OUTPUT, Call, RunArgument, command

if TYPE_CHECKING:
    from forecast.news.news import News
    from forecast.runs.store import KeptRun, Store


class What(StrEnum):
    """What can be asked for; an enum because Typer takes no list of literals."""

    WORKBOOK = "workbook"
    BRIEF = "brief"
    SCHEME = "scheme"
    CHARTS = "charts"
    DATA = "data"
    ALL = "all"


Kinds = Annotated[
    list[What] | None,
    typer.Option("--kind", metavar="KIND", help="option_kind"),
]
By = Annotated[Literal["team", "county"] | None, typer.Option("--by", metavar="team|county", help="option_lists")]


@command(*OUTPUT)
def report(
    call: Call,
    run: RunArgument,
    kind: Kinds = None,
    scenario: Annotated[list[str] | None, typer.Option("--scenario", metavar="FILE", help="option_scenarios")] = None,
    by: By = None,
    backtest: Annotated[Path | None, typer.Option("--backtest", metavar="DIR", help="option_backtest")] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="RUN", help="option_since")] = None,
    template: Annotated[Path | None, typer.Option("--template", metavar="FILE", help="option_template")] = None,
    to: Annotated[str, typer.Option("--to", metavar="NAME", help="option_to")] = "",
    pdf: Annotated[bool, typer.Option("--pdf", help="option_pdf")] = False,
) -> None:
    """Write workbook, brief, scheme, charts and data of a run."""
    from forecast.errors import UsageError
    from forecast.report.export import Kind, ReportRequest, write_reports
    from forecast.report.recipients import By as Recipients
    from forecast.report.word import office
    from forecast.runs.store import Store

    store = Store()
    kept = store.open(run)
    if template is not None and not template.is_file():
        raise UsageError("usage_template", file=template, reason=call.text("reports.no_file"))
    asked = {one.value for one in kind or (What.WORKBOOK, What.BRIEF, What.CHARTS, What.DATA)}
    request = ReportRequest(
        kinds=frozenset(Kind) if "all" in asked else frozenset(map(Kind, asked)),
        by=None if by is None else Recipients(by),
        scenarios=tuple(scenario or ()),
        backtest=backtest,
        news=None if since is None else _news(call, store, since, kept),
        template=template,
        to=to,
        pdf=pdf,
        lang=call.lang,
    )
    target = call.folder(f"{kept.run_id}-report")
    files = write_reports(kept, target, request)
    if pdf and office() is None:
        call.tell([call.text("reports.no_office")])
    entries = dict.fromkeys(target / path.relative_to(target).parts[0] for path in files)
    document = {"run": kept.run_id, "out": str(target), "files": [str(path) for path in files]}
    call.say(document, "\n".join(map(str, entries)))


def _news(call: Call, store: Store, since: str, kept: KeptRun) -> News:
    """Why probabilities moved from an earlier run to this one."""
    from forecast.news.news import kept_side
    from forecast.news.news import news as split

    sides = kept_side(store.open(since)), kept_side(kept)
    with call.fitting() as show:
        return split(*sides, progress=show)
