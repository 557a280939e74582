"""``dabiao breakdown``: who does what by when."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from forecast.cli.help import print_json
from forecast.cli.options import RUN, Call, DatasetArgument, command

if TYPE_CHECKING:
    from forecast.runs.session import Wanted

Want = Annotated[Literal["near", "reach"], typer.Option("--want", metavar="near|reach", help="option_want")]
Against = Annotated[
    Literal["province_average", "plan", "positive_growth"],
    typer.Option("--against", metavar="province_average|plan|positive_growth", help="option_against"),
]
By = Annotated[
    Literal["capacity", "proportional", "even", "marginal"],
    typer.Option("--by", metavar="capacity|proportional|even|marginal", help="option_by"),
]


@command(*RUN)
def breakdown(
    call: Call,
    dataset: DatasetArgument,
    indicator: Annotated[list[str] | None, typer.Option("--indicator", metavar="ID", help="option_broken")] = None,
    increment: Annotated[float | None, typer.Option("--increment", metavar="YI", help="option_increment")] = None,
    want: Want = "near",
    prob: Annotated[float, typer.Option("--prob", metavar="P", help="option_prob")] = 0.5,
    against: Against = "province_average",
    by: By = "capacity",
    hold: Annotated[list[str] | None, typer.Option("--hold", metavar="HOLD", help="option_hold")] = None,
    holds: Annotated[list[Path] | None, typer.Option("--holds", metavar="FILE", help="option_holds")] = None,
) -> None:
    """Break what is lacking down to who does what by when."""
    from forecast.answers.chances import Criterion, Status
    from forecast.data.dataset import read_dataset
    from forecast.data.target import TargetKind
    from forecast.report.breakdown_tables import breakdown_document, write_breakdown_tables
    from forecast.report.breakdown_terminal import narrative, render_assignments
    from forecast.report.task_sheet import BOOK_NAME, write_task_book
    from forecast.runs.session import wanted
    from forecast.tables import words
    from forecast.tables.dossier import provenance
    from forecast.tasks.breakdown import Method

    asked: Wanted = wanted(
        read_dataset(dataset),
        indicators=indicator or (),
        increment=increment,
        criterion=Criterion(want),
        wish=prob,
        kind=TargetKind(against),
        method=Method(by),
        holds=hold or (),
        files=holds or (),
    )
    ran = call.run(dataset)
    found = ran.session.assignments(asked)
    if at_odds := [b for b in found.breakdowns if b.status is Status.INFEASIBLE]:
        lines = [line for b in at_odds for line in narrative(b, found, call.lang)]
        if call.json:
            problems = [{"where": "--hold", "text": line.strip(), "code": "infeasible"} for line in lines]
            print_json({"ok": False, "problems": problems})
        else:
            call.errors.print("\n".join(lines))
        raise typer.Exit(1)  # nothing is written beside holds that cannot be met
    target = ran.write("-breakdown")
    write_breakdown_tables(found, target)
    run, config = ran.run, ran.run.dataset.config
    book = write_task_book(
        target / BOOK_NAME,
        found.breakdowns,
        source=provenance(run),
        city=words.unit_name(run.dataset.panel.units[config.city], call.lang),
        knowledge=words.knowledge(run.paths.as_of, call.lang),
        day=run.paths.as_of.day,
        lang=call.lang,
    )
    files = (str(target), *([str(book)] if book else []))
    ran.finish(
        lambda: breakdown_document(found), lambda: render_assignments(found, lang=call.lang, files=files), target
    )
