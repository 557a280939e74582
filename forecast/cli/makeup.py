"""``dabiao makeup``: 补多少、济多少."""

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

Wishes = Annotated[
    list[str] | None,
    typer.Option(
        "--wish",
        help='愿望，可多次：gdp>=0.3 达到，"gdp:near>=50%" 接近，gdp+fai 同时，2of:a+b+c 两项，count>=2.5 达到项数。'
        "What to reach, and how likely.",
    ),
]
Levers = Annotated[
    str | None,
    typer.Option(
        "--levers", help="措施类别，逗号分隔：restart,complete,advance,start,bond,sector,push。Families of levers."
    ),
]
Without = Annotated[
    list[str] | None,
    typer.Option("--without", help="不用的措施、行业或县区编码，可多次。Levers, industries or places to leave out."),
]
Difficulty = Annotated[
    list[str] | None,
    typer.Option(
        "--difficulty", help="难度1—5，可多次：restart=4、construction=2。Difficulty of a lever, industry or family."
    ),
]
Cap = Annotated[
    list[str] | None, typer.Option("--cap", help="上限，可多次：construction=8（百分点）、bond=10（亿元）。Caps.")
]
Singles = Annotated[
    int,
    typer.Option(
        "--singles", min=0, max=60, help="单列的最大企业、项目数。Largest firms and projects as levers of their own."
    ),
]
Budget = Annotated[float | None, typer.Option("--budget", min=0.0, help="投入强度上限。Most effort that may be spent.")]
Fair = Annotated[bool, typer.Option("--fair", help="先使负担最重的县区、行业最轻。Least largest burden first.")]
Adopted = Annotated[
    str | None,
    typer.Option("--scenario", help="已采用的情景文件，方案在其上叠加。Scenario that the plan comes on top of."),
]
Full = Annotated[bool, typer.Option("--all", help="列出全部措施。Show every lever.")]


def makeup(
    dataset: DatasetArgument,
    wish: Wishes = None,
    levers: Levers = None,
    without: Without = None,
    difficulty: Difficulty = None,
    cap: Cap = None,
    singles: Singles = 0,
    budget: Budget = None,
    fair: Fair = False,
    scenario: Adopted = None,
    show_all: Full = False,
    as_of: AsOfOption = None,
    seed: Seed = 1,
    method: MethodOption = Route.FAST,
    out: Out = None,
    lang: LanguageOption = None,
    json_: Json = False,
    refit: Refit = False,
    workers: Workers = None,
) -> None:
    """补多少、济多少：以最小投入把概率提到所需的方案。The least effort that reaches what is wished for."""
    words = chosen(lang)
    errors = Console(stderr=True, highlight=False)
    with reported(words, as_json=json_):
        from forecast.data.dataset import read_dataset
        from forecast.periods import AsOf
        from forecast.plan.makeup import makeup as solve
        from forecast.plan.request import MakeupRequest, read_options, wishes_of
        from forecast.report.files import document, write_run
        from forecast.report.makeup_tables import PLAN_FILE, makeup_document, write_makeup_tables
        from forecast.report.makeup_terminal import render_makeup
        from forecast.runs.run import Request, acting
        from forecast.runs.session import judged_of, world_of
        from forecast.scenario.reader import read_scenario

        data = read_dataset(dataset)
        data = acting(data, AsOf.parse(as_of or data.config.as_of))
        options = read_options(
            data, families=levers, singles=singles, difficulty=difficulty or (), cap=cap or (), without=without or ()
        )  # a slip is told before the fit, not after it
        adopted = None if scenario is None else read_scenario(scenario, data)
        request = Request(dataset=dataset, as_of=as_of, seed=seed, method=method.value)
        finished, kept = run_and_keep(request, errors, words, refit=refit, workers=workers)
        world = world_of(finished)
        judged = judged_of(finished, world)
        asked = wishes_of(wish or (), judged, city=world.city)
        plan = solve(
            world,
            judged,
            MakeupRequest(wishes=asked, options=options, budget=budget, fair=fair, scenario=adopted),
        )
        target = out or Path("out") / f"{finished.run_id}-makeup"
        write_run(finished, target, kept=kept)
        write_makeup_tables(plan, finished, target)
        for line in after_run(finished, kept, words):
            errors.print(line)
        if json_:
            print_json(document(finished) | {"makeup": makeup_document(plan, finished), "out": str(target)})
            return
        files = (str(target), str(target / PLAN_FILE))
        screen().print(render_makeup(plan, finished, lang=words, files=files, every=show_all))
