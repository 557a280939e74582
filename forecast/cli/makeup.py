"""``dabiao makeup``: 补多少、济多少."""

from __future__ import annotations

from typing import Annotated

import typer

from forecast.cli.options import RUN, Call, DatasetArgument, command

Texts = list[str] | None


@command(*RUN)
def makeup(
    call: Call,
    dataset: DatasetArgument,
    wish: Annotated[Texts, typer.Option("--wish", metavar="WISH", help="option_wish")] = None,
    levers: Annotated[str | None, typer.Option("--levers", metavar="LIST", help="option_levers")] = None,
    without: Annotated[Texts, typer.Option("--without", metavar="ID", help="option_without")] = None,
    difficulty: Annotated[Texts, typer.Option("--difficulty", metavar="ID=1..5", help="option_difficulty")] = None,
    cap: Annotated[Texts, typer.Option("--cap", metavar="ID=X", help="option_cap")] = None,
    singles: Annotated[int, typer.Option("--singles", min=0, max=60, metavar="N", help="option_singles")] = 0,
    budget: Annotated[float | None, typer.Option("--budget", min=0.0, metavar="X", help="option_budget")] = None,
    fair: Annotated[bool, typer.Option("--fair", help="option_fair")] = False,
    scenario: Annotated[str | None, typer.Option("--scenario", metavar="FILE", help="option_adopted")] = None,
    show_all: Annotated[bool, typer.Option("--all", help="option_all")] = False,
) -> None:
    """The least effort that reaches what is wished for."""
    from forecast.data.dataset import read_dataset
    from forecast.files import write_whole
    from forecast.periods import AsOf
    from forecast.plan.outcome import as_scenario
    from forecast.plan.request import MakeupRequest, read_options, wishes_of
    from forecast.report.files import write_tables
    from forecast.report.terminal import paged
    from forecast.runs.run import acting
    from forecast.scenario.reader import read_scenario
    from forecast.tables.makeup import PLAN_FILE, makeup_blocks, makeup_document, makeup_tables

    data = read_dataset(dataset)
    data = acting(data, AsOf.parse(call.as_of or data.config.as_of))
    options = read_options(
        data, families=levers, singles=singles, difficulty=difficulty or (), cap=cap or (), without=without or ()
    )  # a slip is told before the fit, not after it
    adopted = None if scenario is None else read_scenario(scenario, data)
    ran = call.run(dataset)
    asked = wishes_of(wish or (), ran.session.cases, city=ran.session.world.city)
    request = MakeupRequest(wishes=asked, options=options, budget=budget, fair=fair, scenario=adopted)
    plan = ran.session.plan(request)
    target = ran.write("-makeup")
    write_tables(makeup_tables(plan, ran.run), target)
    write_whole(target / PLAN_FILE, as_scenario(plan))
    files = (str(target), str(target / PLAN_FILE))
    ran.finish(
        lambda: {"makeup": makeup_document(plan, ran.run)},
        lambda: paged(lambda width: makeup_blocks(plan, ran.run, call.lang, width, files=files, every=show_all)),
        target,
    )
