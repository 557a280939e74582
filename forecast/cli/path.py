"""``dabiao path``: the monthly path that a probability needs."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from forecast.cli.options import RUN, Call, DatasetArgument, command


@command(*RUN)
def path(
    call: Call,
    dataset: DatasetArgument,
    p: Annotated[
        list[float] | None, typer.Option("--p", min=0.01, max=0.99, metavar="P", help="option_probabilities")
    ] = None,
    criterion: Annotated[
        Literal["near", "reach"], typer.Option("--criterion", metavar="near|reach", help="option_criterion")
    ] = "near",
    indicator: Annotated[list[str] | None, typer.Option("--indicator", metavar="ID", help="option_only")] = None,
) -> None:
    """The monthly path that a chosen probability needs."""
    from forecast.answers.chances import Criterion
    from forecast.data.dataset import read_dataset
    from forecast.plan.path import DEFAULT, Demand, indicators_of
    from forecast.report.files import write_tables
    from forecast.report.terminal import page
    from forecast.tables.path import TABLE, path_blocks, path_document, path_frame

    wanted = indicators_of(indicator or (), read_dataset(dataset))
    ran = call.run(dataset)
    demands = [Demand(criterion=Criterion(criterion), probability=value) for value in p or ()] or DEFAULT
    found = ran.session.required(demands, wanted=lambda case: case.target.indicator in wanted)
    target = ran.write("-path")
    write_tables({TABLE: path_frame(found, ran.run)}, target)
    ran.finish(
        lambda: path_document(found, ran.run),
        lambda: page(path_blocks(found, ran.run, call.lang, files=[target / f"{TABLE}.csv"])),
        target,
    )
