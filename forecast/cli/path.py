"""``dabiao path``: the monthly path that a probability needs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from forecast.answers.chances import Criterion
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


class Wish(StrEnum):
    """What a probability is of."""

    NEAR = "near"
    REACH = "reach"


Probability = Annotated[
    list[float] | None,
    typer.Option("--p", min=0.01, max=0.99, help="要求的概率，可多次；默认接近0.5、0.7，达到0.5。Probability wished."),
]
CriterionOption = Annotated[
    Wish, typer.Option("--criterion", help="near 达到或接近；reach 达到。With --p: of coming near, or of reaching.")
]
Indicators = Annotated[
    list[str] | None, typer.Option("--indicator", help="指标编码，可多次；默认全部。Indicators, by id.")
]


def path(
    dataset: DatasetArgument,
    p: Probability = None,
    criterion: CriterionOption = Wish.NEAR,
    indicator: Indicators = None,
    as_of: AsOfOption = None,
    seed: Seed = 1,
    method: MethodOption = Route.FAST,
    out: Out = None,
    lang: LanguageOption = None,
    json_: Json = False,
    refit: Refit = False,
    workers: Workers = None,
) -> None:
    """所需路径：要使概率达到要求，今后每月须增长多少、完成多少。The monthly path that a chosen probability needs."""
    words = chosen(lang)
    errors = Console(stderr=True, highlight=False)
    with reported(words, as_json=json_):
        from forecast.data.dataset import read_dataset
        from forecast.plan.path import DEFAULT, Demand, indicators_of, required_path
        from forecast.report.files import document, write_run
        from forecast.report.path_tables import TABLE, path_document, write_path
        from forecast.report.path_terminal import render_path
        from forecast.runs.run import Request
        from forecast.runs.session import judged_of, world_of

        wanted = indicators_of(indicator or (), read_dataset(dataset))
        request = Request(dataset=dataset, as_of=as_of, seed=seed, method=method.value)
        finished, kept = run_and_keep(request, errors, words, refit=refit, workers=workers)
        world = world_of(finished)
        judged = judged_of(finished, world)
        demands = [Demand(criterion=Criterion(criterion.value), probability=value) for value in p or ()] or DEFAULT
        found = required_path(world, [case for case in judged if case.target.indicator in wanted], demands)
        target = out or Path("out") / f"{finished.run_id}-path"
        write_run(finished, target, kept=kept)
        write_path(found, finished, target)
        for line in after_run(finished, kept, words):
            errors.print(line)
        if json_:
            print_json(document(finished) | path_document(found, finished) | {"out": str(target)})
            return
        files = (target / f"{TABLE}.csv",)
        screen().print(render_path(found, finished, lang=words, files=files))
