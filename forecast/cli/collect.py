"""``dabiao collect``: task lists that were filled in, against the plan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forecast.cli.options import Json, LanguageOption, Out, chosen, print_json, reported, screen


def collect(
    files: Annotated[
        list[Path], typer.Argument(help="填好的任务清单工作簿，可多个。Task workbooks that were filled in.")
    ],
    month: Annotated[
        str | None, typer.Option("--month", help="报送到哪个月，YYYY-MM；其后的月份不应有数。Last month to report.")
    ] = None,
    plan: Annotated[
        Path | None, typer.Option("--plan", help="任务分解的结果目录，用以核对缺漏。Directory of the breakdown.")
    ] = None,
    out: Out = None,
    lang: LanguageOption = None,
    json_: Json = False,
) -> None:
    """收集任务完成情况，逐格校验，与计划对照。Read back task lists, check every cell, compare with the plan."""
    words = chosen(lang)
    with reported(words, as_json=json_):
        from forecast.errors import UsageError
        from forecast.periods import Month
        from forecast.report.collected import collected_document, render_collected, write_collected
        from forecast.tasks.collected import collect as read_back
        from forecast.tasks.collected import read_plan

        try:
            through = Month.parse(month) if month else None
        except ValueError:
            raise UsageError("usage_collect_month", found=month) from None
        found = read_back(files, through=through, plan=read_plan(plan) if plan else None)
        target = out or Path("out") / "collected"
        write_collected(found, target)
        if json_:
            print_json(collected_document(found) | {"out": str(target)})
        else:
            screen().print(render_collected(found, lang=words, folder=str(target)))
