"""``dabiao run``: the main job."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.padding import Padding

from forecast.cli.kept import Refit, Workers, after_run, executor_of, fitting, keep, open_or_none
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

__all__ = ["run"]


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
) -> None:
    """推演全年，给出达到或接近全省平均的概率。Project the year; write the results; print the table."""
    words = chosen(lang)
    errors = Console(stderr=True, highlight=False)
    with reported(words, as_json=json_):
        from forecast.answers.advice import advice_text, best
        from forecast.report.files import document, write_run
        from forecast.report.terminal import render
        from forecast.run import Request, no_fits
        from forecast.run import run as run_request

        request = Request(dataset=dataset, as_of=as_of, seed=seed, method=method.value)
        with fitting(errors, words) as show:
            store = open_or_none(errors, words)
            fits = no_fits if refit or store is None else store.fit
            finished = run_request(request, progress=show, executor=executor_of(workers), kept=fits)
            kept = keep(store, finished, errors, words)
            target = out or Path("out") / finished.run_id
            write_run(finished, target, kept=kept)
        for line in after_run(finished, kept, words):
            errors.print(line)
        if json_:
            print_json(document(finished) | {"out": str(target)})
            return
        console = Console(highlight=False)
        console.print(render(finished.attainment, lang=words, files=(str(target),)))
        config, panel = finished.dataset.config, finished.dataset.panel
        if sharpest := best(finished.paths, unit=config.city, benchmark=config.province):
            console.print(Padding(advice_text(sharpest, panel.units, panel.indicators, words), (0, 1)))
