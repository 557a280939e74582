"""``dabiao backtest``: the track record."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from forecast.cli.options import OUTPUT, Call, DatasetArgument, command
from forecast.errors import UsageError

Texts = list[str] | None


@command("seed", "method", *OUTPUT, "workers")
def backtest(
    call: Call,
    dataset: DatasetArgument,
    years: Annotated[str | None, typer.Option("--years", metavar="YEARS", help="option_years")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="option_outcomes_as_of")] = None,
    indicator: Annotated[Texts, typer.Option("--indicator", metavar="ID", help="option_only")] = None,
    peer: Annotated[Texts, typer.Option("--peer", metavar="NAME", help="option_peer")] = None,
) -> None:
    """Replay past years month by month and score the forecasts."""
    from forecast.report.backtest import backtest_document, write_backtest
    from forecast.report.backtest_terminal import render_backtest
    from forecast.texts import LANGS
    from forecast.track_record.backtest import PAST_YEARS, BacktestRequest
    from forecast.track_record.backtest import backtest as replay_all

    request = BacktestRequest(
        dataset=dataset,
        years=_years(years),
        as_of=as_of,
        indicators=tuple(indicator) if indicator else None,
        libraries=tuple(name for name in peer if name != "none") if peer else None,
        seed=call.seed,
        method=call.method,
    )
    with call.fitting("backtest.running") as show:
        result = replay_all(request, progress=show, executor=call.executor)
        target = call.folder(result.run_id)
        write_backtest(result, target, langs=LANGS)
    if result.past_years < PAST_YEARS:
        named = [result.dataset.panel.indicators[name].name_zh for name in result.left_out]
        years = call.text("glossary.and").join(map(str, result.years))
        listed = call.text("glossary.and").join(named) or call.text("collect.none")
        call.tell([call.text("backtest.thin", years=years, list=listed)])
    call.finish(
        lambda: backtest_document(result) | {"out": str(target)},
        lambda: render_backtest(result, lang=call.lang, folder=str(target)),
    )


def _years(text: str | None) -> tuple[int, int] | None:
    """First and last year of ``2018`` or ``2017-2019``."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d{4})(?:\s*[-–—~至]\s*(\d{4}))?", text.strip())
    if not found or int(found[2] or found[1]) < int(found[1]):
        raise UsageError("usage_years", found=text)
    return int(found[1]), int(found[2] or found[1])
