"""``dabiao run``: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.padding import Padding

from forecast.cli.options import (
    AsOfOption,
    DatasetArgument,
    Json,
    LanguageOption,
    MethodOption,
    Out,
    Refit,
    Route,
    Seed,
    Workers,
    after_run,
    chosen,
    executor_of,
    fitting,
    print_json,
    reported,
    run_and_keep,
    screen,
)

if TYPE_CHECKING:
    from forecast.runs.run import Run
    from forecast.runs.session import RunCheck
    from forecast.texts import Lang


Check = Annotated[
    bool, typer.Option("--check", help="用已公布的数检验模型，写出 checks.csv。Check the model; writes checks.csv.")
]


def run(
    dataset: DatasetArgument,
    as_of: AsOfOption = None,
    seed: Seed = 1,
    method: MethodOption = Route.FAST,
    out: Out = None,
    lang: LanguageOption = None,
    json_: Json = False,
    refit: Refit = False,
    workers: Workers = None,
    check: Check = False,
) -> None:
    """推演全年，给出达到或接近全省平均的概率。Project the year; write the results; print the table."""
    words = chosen(lang)
    errors = Console(stderr=True, highlight=False)
    with reported(words, as_json=json_):
        from forecast.answers.advice import best
        from forecast.report.check import check_document, render_check
        from forecast.report.files import document, write_run
        from forecast.report.terminal import render
        from forecast.runs.run import Request
        from forecast.tables.words import advice_text

        request = Request(dataset=dataset, as_of=as_of, seed=seed, method=method.value)
        finished, kept = run_and_keep(request, errors, words, refit=refit, workers=workers)
        target = out or Path("out") / finished.run_id
        write_run(finished, target, kept=kept)
        for line in after_run(finished, kept, words):
            errors.print(line)
        checked = _checked(finished, target, errors, words, workers) if check else None
        if json_:
            more = {} if checked is None else check_document(checked)
            print_json(document(finished) | more | {"out": str(target)})
            return
        console = screen()
        console.print(render(finished.attainment, lang=words, files=(str(target),)))
        config, panel = finished.dataset.config, finished.dataset.panel
        if sharpest := best(finished.paths, unit=config.city, benchmark=config.province):
            console.print(Padding(advice_text(sharpest, panel.units, panel.indicators, words), (0, 1)))
        if checked is not None:
            console.print(render_check(checked, lang=words))


def _checked(finished: Run, target: Path, errors: Console, words: Lang, workers: int | None) -> RunCheck:
    """Checks of the run, with their progress on standard error, written into its directory."""
    from forecast.report.check import write_check
    from forecast.runs.session import check_run

    with fitting(errors, words, label="check.running") as show:
        checked = check_run(finished, progress=show, executor=executor_of(workers))
    write_check(checked, target)
    return checked
