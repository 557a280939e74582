"""``dabiao backtest``: the track record."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from forecast.cli.options import (
    DatasetArgument,
    Json,
    LanguageOption,
    MethodOption,
    Out,
    Route,
    Seed,
    Workers,
    chosen,
    executor_of,
    print_json,
    reported,
    screen,
)
from forecast.errors import UsageError
from forecast.texts import LANGS, t

Years = Annotated[
    str | None, typer.Option("--years", help="回放年度，如 2018 或 2017-2019；默认全部可检验年度。Years to replay.")
]
OutcomesAsOf = Annotated[
    str | None, typer.Option("--as-of", help="结果公布截至：YYYY-MM 或 YYYY-MM-DD。Outcomes known by then.")
]
Indicators = Annotated[
    list[str] | None, typer.Option("--indicator", help="只检验这些指标，可重复。Only these indicators; repeatable.")
]
Peers = Annotated[
    list[str] | None,
    typer.Option("--peer", help="对照的通用预测程序，可重复；none 为不用。Libraries to compare with; none for none."),
]


def backtest(
    dataset: DatasetArgument,
    years: Years = None,
    as_of: OutcomesAsOf = None,
    indicator: Indicators = None,
    peer: Peers = None,
    seed: Seed = 1,
    method: MethodOption = Route.FAST,
    workers: Workers = None,
    out: Out = None,
    lang: LanguageOption = None,
    json_: Json = False,
) -> None:
    """逐月回放往年，检验预测有多准。Replay past years month by month and score the forecasts."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    words = chosen(lang)
    errors = Console(stderr=True, highlight=False)
    with reported(words, as_json=json_):
        from forecast.report.backtest import backtest_document, write_backtest
        from forecast.report.backtest_terminal import render_backtest
        from forecast.track_record.backtest import BacktestRequest
        from forecast.track_record.backtest import backtest as replay_all

        request = BacktestRequest(
            dataset=dataset,
            years=_years(years),
            as_of=as_of,
            indicators=tuple(indicator) if indicator else None,
            libraries=tuple(name for name in peer if name != "none") if peer else None,
            seed=seed,
            method=method.value,
        )
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        with Progress(*columns, console=errors, transient=True) as bar:
            task = bar.add_task(t("cli.reading", words))

            def show(name: str, done: int, of: int) -> None:
                label = t("backtest.running", words, name=name) if name else t("cli.judging", words)
                bar.update(task, description=label, completed=done, total=of)

            result = replay_all(request, progress=show, executor=executor_of(workers))
            target = out or Path("out") / result.run_id
            write_backtest(result, target, langs=LANGS)
        if json_:
            print_json(backtest_document(result) | {"out": str(target)})
            return
        screen().print(render_backtest(result, lang=words, folder=str(target)))


def _years(text: str | None) -> tuple[int, int] | None:
    """First and last year of ``2018`` or ``2017-2019``."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d{4})(?:\s*[-–—~至]\s*(\d{4}))?", text.strip())
    if not found or int(found[2] or found[1]) < int(found[1]):
        raise UsageError("usage_years", found=text)
    return int(found[1]), int(found[2] or found[1])
