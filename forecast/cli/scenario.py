"""``dabiao scenario``: what if."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

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
    print_json,
    reported,
    run_and_keep,
    screen,
)

Files = Annotated[
    list[str], typer.Argument(help="情景文件，可多个；a.yaml+b.yaml 相加。Scenario files; a plus compounds them.")
]
GivenOption = Annotated[
    list[str] | None, typer.Option("--given", help='条件，如 "fai.shaanxi>=4.0"。Condition on an outcome.')
]
Explain = Annotated[bool, typer.Option("--explain", help="逐项说明措施的影响和假定。Explain every action.")]


def scenario(
    dataset: DatasetArgument,
    files: Files,
    given: GivenOption = None,
    explain: Explain = False,
    as_of: AsOfOption = None,
    seed: Seed = 1,
    method: MethodOption = Route.FAST,
    out: Out = None,
    lang: LanguageOption = None,
    json_: Json = False,
    refit: Refit = False,
    workers: Workers = None,
) -> None:
    """情景推演：措施落实后各指标的变化。What actions would change, against the baseline, on the same draws."""
    words = chosen(lang)
    errors = Console(stderr=True, highlight=False)
    with reported(words, as_json=json_):
        from forecast.data.dataset import read_dataset
        from forecast.draws.condition import read_given
        from forecast.periods import AsOf
        from forecast.report.files import document, write_run
        from forecast.report.scenario_tables import scenario_document, write_scenario_tables
        from forecast.report.scenario_terminal import render_explanation, render_study
        from forecast.runs.run import Request, acting
        from forecast.runs.session import study
        from forecast.scenario.reader import read_scenario

        data = read_dataset(dataset)
        data = acting(data, AsOf.parse(as_of or data.config.as_of))
        for file in files:  # a slip in a file is told before the fit, not after it
            read_scenario(file, data)
        for text in given or ():
            read_given(text)
        request = Request(dataset=dataset, as_of=as_of, seed=seed, method=method.value)
        finished, kept = run_and_keep(request, errors, words, refit=refit, workers=workers)
        studied = study(finished, files, given=given or ())
        target = out or Path("out") / f"{finished.run_id}-scenario"
        write_run(finished, target, kept=kept)
        write_scenario_tables(studied, target)
        for line in after_run(finished, kept, words):
            errors.print(line)
        if json_:
            print_json(document(finished) | scenario_document(studied) | {"out": str(target)})
            return
        console = screen()
        if explain:
            console.print(render_explanation(studied, lang=words))
        console.print(render_study(studied, lang=words, files=(str(target),)))
