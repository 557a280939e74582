"""``dabiao run``: the main job."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.padding import Padding

from forecast.cli.kept import Refit, Workers, after_run, run_and_keep
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
        from forecast.run import Request

        request = Request(dataset=dataset, as_of=as_of, seed=seed, method=method.value)
        finished, kept = run_and_keep(request, errors, words, refit=refit, workers=workers)
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
