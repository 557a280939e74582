"""``dabiao run``: the main job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli.options import ALL, RUN, Call, DatasetArgument, Ran, command

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType

    from forecast.runs.session import RunCheck


@command(*RUN)
def run(
    call: Call,
    dataset: DatasetArgument,
    check: Annotated[bool, typer.Option("--check", help="option_check")] = False,
) -> None:
    """Project the year; write the results; print the table."""
    from forecast.report.check import check_document

    ran = call.run(dataset)
    target = ran.write()
    checked = _checked(ran, target) if check else None
    ran.finish(
        lambda: {} if checked is None else check_document(checked),
        lambda: _screen(ran, checked, target),
        target,
    )


def _screen(ran: Ran, checked: RunCheck | None, target: Path) -> RenderableType:
    from rich.console import Group
    from rich.padding import Padding

    from forecast.answers.advice import best
    from forecast.answers.league import league
    from forecast.report.check import render_check
    from forecast.report.terminal import render, render_league, render_province
    from forecast.tables.words import advice_text

    lang, run = ran.call.lang, ran.run
    config, panel = run.dataset.config, run.dataset.panel
    found = league(run.paths, panel, config)
    if ran.call.unit == ALL:
        every = render_province(found, run.attainment, panel, lang=lang)
        return render(run.attainment, lang=lang, files=(str(target),)) if every is None else every
    parts = [render(run.attainment, lang=lang, files=(str(target),))]
    if (ranks := render_league(found, run.attainment, panel, lang=lang)) is not None:
        parts.append(ranks)
    if sharpest := best(run.paths, unit=config.city, benchmark=config.province):
        parts.append(Padding(advice_text(sharpest, panel.units, panel.indicators, lang), (0, 1)))
    if checked is not None:
        parts.append(render_check(checked, lang=lang))
    return Group(*parts)


def _checked(ran: Ran, target: Path) -> RunCheck:
    """Checks of the run, with their progress on standard error, written into its directory."""
    from forecast.report.check import write_check
    from forecast.runs.session import check_run

    with ran.call.fitting("check.running") as show:
        checked = check_run(ran.run, progress=show, executor=ran.call.executor)
    write_check(checked, target)
    return checked
