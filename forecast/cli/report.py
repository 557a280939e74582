"""``dabiao report``: the workbook, the brief, the scheme, the charts and the data that officials hand on."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from forecast.cli.options import Json, LanguageOption, Out, chosen, fitting, print_json, reported
from forecast.texts import Lang, t

if TYPE_CHECKING:
    from forecast.news.news import News
    from forecast.runs.store import KeptRun, Store


class Kinds(StrEnum):
    """What can be asked for."""

    WORKBOOK = "workbook"
    BRIEF = "brief"
    SCHEME = "scheme"
    CHARTS = "charts"
    DATA = "data"
    ALL = "all"


class Recipients(StrEnum):
    """Who gets a task list of its own."""

    TEAM = "team"
    COUNTY = "county"


RunArgument = Annotated[
    str,
    typer.Argument(help="推演编号（可只写一部分）、latest、latest~1 或结果目录。Id or part of it, or a directory."),
]
KindOption = Annotated[
    list[Kinds] | None,
    typer.Option(
        "--kind",
        help="workbook 工作簿、brief 专报、scheme 互补互济建议方案、charts 图、data 数据、all 全部；可多次，"
        "默认除方案外各种。What to write, may be repeated; unless told, all but the scheme.",
    ),
]
ScenarioOption = Annotated[
    list[str] | None, typer.Option("--scenario", help="情景文件，可多次。Scenario files, may be repeated.")
]
ByOption = Annotated[
    Recipients | None,
    typer.Option("--by", help="另按专班或县区各写一本任务清单。Also one task list a team or county."),
]
BacktestOption = Annotated[Path | None, typer.Option("--backtest", help="预测检验的结果目录。Directory of a backtest.")]
SinceOption = Annotated[
    str | None, typer.Option("--since", help="与哪次推演对比变动原因。Earlier run, to say why it moved.")
]
TemplateOption = Annotated[
    Path | None, typer.Option("--template", help="改过的专报模板（.docx）。Template of the brief, changed.")
]
ToOption = Annotated[str, typer.Option("--to", help="专报主送。Whom the brief is addressed to.")]
PdfOption = Annotated[
    bool, typer.Option("--pdf", help="专报、方案另存PDF（需装有LibreOffice）。Also as PDF, with LibreOffice.")
]


def report(
    run: RunArgument,
    kind: KindOption = None,
    scenario: ScenarioOption = None,
    by: ByOption = None,
    backtest: BacktestOption = None,
    since: SinceOption = None,
    template: TemplateOption = None,
    to: ToOption = "",
    pdf: PdfOption = False,
    out: Out = None,
    lang: LanguageOption = None,
    json_: Json = False,
) -> None:
    """对外材料：工作簿、专报、互补互济建议方案、图和数据。Write workbook, brief, scheme, charts and data of a run."""
    words = chosen(lang)
    errors = Console(stderr=True, highlight=False)
    with reported(words, as_json=json_):
        from forecast.errors import UsageError
        from forecast.report.convert import office
        from forecast.report.export import Kind, ReportRequest, write_reports
        from forecast.report.recipients import By
        from forecast.runs.store import Store

        store = Store()
        kept = store.open(run)
        if template is not None and not template.is_file():
            raise UsageError("usage_template", file=template, reason=t("reports.no_file", words))
        asked = set(kind or (Kinds.WORKBOOK, Kinds.BRIEF, Kinds.CHARTS, Kinds.DATA))
        kinds = frozenset(Kind) if Kinds.ALL in asked else frozenset(Kind(one.value) for one in asked)
        request = ReportRequest(
            kinds=kinds,
            by=None if by is None else By(by.value),
            scenarios=tuple(scenario or ()),
            backtest=backtest,
            news=None if since is None else _news(store, since, kept, errors, words),
            template=template,
            to=to,
            pdf=pdf,
            lang=words,
        )
        target = out or Path("out") / f"{kept.run_id}-report"
        files = write_reports(kept, target, request)
        if pdf and office() is None:
            errors.print(t("reports.no_office", words))
        if json_:
            print_json({"run": kept.run_id, "out": str(target), "files": [str(path) for path in files]})
            return
        for entry in dict.fromkeys(target / path.relative_to(target).parts[0] for path in files):
            print(entry)


def _news(store: Store, since: str, kept: KeptRun, errors: Console, lang: Lang) -> News:
    """Why probabilities moved from an earlier run to this one."""
    from forecast.news.news import kept_side
    from forecast.news.news import news as split

    sides = kept_side(store.open(since)), kept_side(kept)
    with fitting(errors, lang) as show:
        return split(*sides, progress=show)
