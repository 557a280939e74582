"""``dabiao scenario``: what if."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli.options import RUN, Call, DatasetArgument, command

if TYPE_CHECKING:
    from rich.console import RenderableType


@command(*RUN)
def scenario(
    call: Call,
    dataset: DatasetArgument,
    files: Annotated[list[str], typer.Argument(metavar="FILES", help="argument_scenarios")],
    given: Annotated[list[str] | None, typer.Option("--given", metavar="OUTCOME", help="option_given")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="option_explain")] = False,
) -> None:
    """What actions would change, against the baseline, on the same draws."""
    from forecast.data.dataset import read_dataset
    from forecast.draws.condition import read_given
    from forecast.periods import AsOf
    from forecast.report.files import write_tables
    from forecast.report.scenario_terminal import render_explanation, render_study
    from forecast.runs.run import acting
    from forecast.scenario.reader import read_scenario
    from forecast.tables.scenarios import scenario_document, scenario_tables

    data = read_dataset(dataset)
    data = acting(data, AsOf.parse(call.as_of or data.config.as_of))
    for file in files:  # a slip in a file is told before the fit, not after it
        read_scenario(file, data)
    for text in given or ():
        read_given(text)
    ran = call.run(dataset)
    studied = ran.session.study(files, given=given or ())
    target = ran.write("-scenario")
    write_tables(scenario_tables(studied), target)

    def screen() -> RenderableType:
        from rich.console import Group

        shown = render_study(studied, lang=call.lang, files=(str(target),))
        return Group(render_explanation(studied, lang=call.lang), shown) if explain else shown

    ran.finish(lambda: scenario_document(studied), screen, target)
