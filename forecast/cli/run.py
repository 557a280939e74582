"""``dabiao run``: the main job."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.padding import Padding

from forecast.cli.options import (
    AsOfOption,
    DatasetArgument,
    Json,
    LanguageOption,
    MethodOption,
    Out,
    Route,
    Seed,
    chosen,
    print_json,
    reported,
)
from forecast.texts import t

__all__ = ["run"]


def run(
    dataset: DatasetArgument,
    as_of: AsOfOption = None,
    seed: Seed = 1,
    method: MethodOption = Route.FAST,
    out: Out = None,
    lang: LanguageOption = None,
    json_: Json = False,
) -> None:
    """推演全年，给出达到或接近全省平均的概率。Project the year; write the results; print the table."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    words = chosen(lang)
    errors = Console(stderr=True, highlight=False)
    with reported(words, as_json=json_):
        from forecast.advice import advice_text, best
        from forecast.report.files import document, write_run
        from forecast.report.terminal import render
        from forecast.run import Request
        from forecast.run import run as run_request

        request = Request(dataset=dataset, as_of=as_of, seed=seed, method=method.value)
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        with Progress(*columns, console=errors, transient=True) as bar:
            task = bar.add_task(t("cli.reading", words))

            def show(name: str, done: int, of: int) -> None:
                label = t("cli.fitting", words, indicator=name) if name else t("cli.judging", words)
                bar.update(task, description=label, completed=done, total=of)

            finished = run_request(request, progress=show)
            target = out or Path("out") / finished.run_id
            write_run(finished, target)
        if json_:
            print_json(document(finished) | {"out": str(target)})
            return
        console = Console(highlight=False)
        console.print(render(finished.attainment, lang=words, files=(str(target),)))
        config, panel = finished.dataset.config, finished.dataset.panel
        if sharpest := best(finished.paths, unit=config.city, benchmark=config.province):
            console.print(Padding(advice_text(sharpest, panel.units, panel.indicators, words), (0, 1)))
