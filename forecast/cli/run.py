"""``dabiao run``: the main job.

``dabiao path``: the monthly path that a probability needs.

``dabiao scenario``: what if.

``dabiao makeup``: 补多少、济多少.

``dabiao breakdown``: who does what by when.

``dabiao news``: why the probabilities moved between two runs.

``dabiao backtest``: the track record.

``dabiao report``: the workbook, the brief, the scheme, the charts and the data that officials hand on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from forecast.cli.help import print_json
from forecast.cli.options import ALL, OUTPUT, RUN, Call, DatasetArgument, Ran, RunArgument, command
from forecast.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from rich.console import RenderableType

    from forecast.news.news import News
    from forecast.report.export import ReportRequest
    from forecast.runs.run import Run
    from forecast.runs.session import Assignments, RunCheck, Wanted
    from forecast.runs.store import KeptRun, Store


class What(StrEnum):
    """What can be asked for; an enum because Typer takes no list of literals."""

    WORKBOOK = "workbook"
    BRIEF = "brief"
    SCHEME = "scheme"
    CHARTS = "charts"
    DATA = "data"
    ALL = "all"


Kinds = Annotated[
    list[What] | None,
    typer.Option("--kind", metavar="KIND", help="option_kind"),
]
ReportBy = Annotated[Literal["team", "county"] | None, typer.Option("--by", metavar="team|county", help="option_lists")]


Texts = list[str] | None


@command("criterion", *OUTPUT, "unit")
def report(
    call: Call,
    run: RunArgument,
    kind: Kinds = None,
    scenario: Annotated[list[str] | None, typer.Option("--scenario", metavar="FILE", help="option_scenarios")] = None,
    wish: Annotated[Texts, typer.Option("--wish", metavar="WISH", help="option_wish")] = None,
    given: Annotated[Texts, typer.Option("--given", metavar="OUTCOME", help="option_given")] = None,
    hold: Annotated[Texts, typer.Option("--hold", metavar="HOLD", help="option_hold")] = None,
    by: ReportBy = None,
    backtest: Annotated[Path | None, typer.Option("--backtest", metavar="DIR", help="option_backtest")] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="RUN", help="option_since")] = None,
    template: Annotated[Path | None, typer.Option("--template", metavar="FILE", help="option_template")] = None,
    to: Annotated[str, typer.Option("--to", metavar="NAME", help="option_to")] = "",
    pdf: Annotated[bool, typer.Option("--pdf", help="option_pdf")] = False,
) -> None:
    """Write workbook, brief, scheme, charts and data of a run."""
    from forecast.errors import UsageError
    from forecast.report.export import By as Recipients
    from forecast.report.export import Kind, ReportRequest, write_reports
    from forecast.report.word import office
    from forecast.runs.store import Store

    store = Store()
    kept = store.open(run)
    if template is not None and not template.is_file():
        raise UsageError("usage_template", file=template, reason=call.text("reports.no_file"))
    asked = {one.value for one in kind or (What.WORKBOOK, What.BRIEF, What.CHARTS, What.DATA)}
    request = ReportRequest(
        kinds=frozenset(Kind) if "all" in asked else frozenset(map(Kind, asked)),
        by=None if by is None else Recipients(by),
        scenarios=tuple(scenario or ()),
        wishes=tuple(wish or ()),
        given=tuple(given or ()),
        holds=tuple(hold or ()),
        backtest=backtest,
        news=None if since is None else _news(call, store, since, kept),
        template=template,
        to=to,
        pdf=pdf,
        lang=call.lang,
    )
    target = call.folder(f"{kept.run_id}-report")
    made = kept.run().speaking(call.spoken)
    files = _of_units(call, made, target, request) if call.unit else write_reports(made, target, request)
    if pdf and office() is None:
        call.tell([call.text("reports.no_office")])
    entries = dict.fromkeys(target / path.relative_to(target).parts[0] for path in files)
    document = {"run": kept.run_id, "out": str(target), "files": [str(path) for path in files]}
    call.say(document, "\n".join(map(str, entries)))


def _of_units(call: Call, run: Run, target: Path, request: ReportRequest) -> list[Path]:
    """Reports of one other place, or of every sibling with a target, each in a folder of its name."""
    from forecast.answers.ranks import siblings
    from forecast.report.export import write_reports
    from forecast.runs.run import of_unit

    units = run.dataset.panel.units
    asked = [call.unit or ""]
    if call.unit == ALL:
        judged = {one.unit for one in run.dataset.targets}
        asked = [one for one in siblings(tuple(units.values()), run.dataset.config.city) if one in judged]
    files = []
    with call.fitting("cli.reporting") as show:
        for k, unit in enumerate(asked):
            own = of_unit(run, unit)
            place = own.dataset.panel.units[own.dataset.config.city]
            show(place.name_zh, k, len(asked))
            folder = target / (place.name_zh if call.lang == "zh" else place.unit) if call.unit == ALL else target
            files += write_reports(own, folder, request)
    return files


def _news(call: Call, store: Store, since: str, kept: KeptRun) -> News:
    """Why probabilities moved from an earlier run to this one."""
    from forecast.news.news import kept_side
    from forecast.news.news import news as split

    sides = kept_side(store.open(since)), kept_side(kept)
    with call.fitting() as show:
        found = split(*sides, progress=show)
    return found if call.spoken is None else replace(found, criterion=call.spoken)


@command("seed", "method", *OUTPUT, "workers")
def backtest(
    call: Call,
    dataset: DatasetArgument,
    years: Annotated[str | None, typer.Option("--years", metavar="YEARS", help="option_years")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="option_outcomes_as_of")] = None,
    indicator: Annotated[Texts, typer.Option("--indicator", metavar="ID", help="option_only")] = None,
    peer: Annotated[Texts, typer.Option("--peer", metavar="NAME", help="option_peer")] = None,
) -> None:
    """Replay past years month by month and score the forecasts."""
    from forecast.report.files import write_backtest
    from forecast.report.terminal import page
    from forecast.tables.track import Track
    from forecast.texts import LANGS, wording
    from forecast.track_record.backtest import PAST_YEARS, BacktestRequest
    from forecast.track_record.backtest import backtest as replay_all

    request = BacktestRequest(
        dataset=dataset,
        years=_years(years),
        as_of=as_of,
        indicators=tuple(indicator) if indicator else None,
        libraries=tuple(name for name in peer if name != "none") if peer else None,
        seed=call.seed,
        method=call.method,
    )
    with call.fitting("backtest.running") as show:
        result = replay_all(request, progress=show, executor=call.executor)
        target, found = call.folder(result.run_id), Track(result)
        with wording(result.dataset.config.words):
            write_backtest(found, target, langs=LANGS)
    if result.past_years < PAST_YEARS:
        named = [result.dataset.panel.indicators[name].name_zh for name in result.left_out]
        years = call.text("glossary.and").join(map(str, result.years))
        listed = call.text("glossary.and").join(named) or call.text("collect.none")
        call.tell([call.text("backtest.thin", years=years, list=listed)])
    with wording(result.dataset.config.words):
        call.finish(
            lambda: found.document() | {"out": str(target)},
            lambda: page(found.blocks(call.lang, str(target))),
        )


def _years(text: str | None) -> tuple[int, int] | None:
    """First and last year of ``2018`` or ``2017-2019``."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d{4})(?:\s*[-–—~至]\s*(\d{4}))?", text.strip())
    if not found or int(found[2] or found[1]) < int(found[1]):
        raise UsageError("usage_years", found=text)
    return int(found[1]), int(found[2] or found[1])


@command("criterion", *OUTPUT, "workers")
def news(
    call: Call,
    before: RunArgument,
    after: RunArgument,
    scenario_before: Annotated[
        str | None, typer.Option("--scenario-before", metavar="FILE", help="option_scenario_before")
    ] = None,
    scenario: Annotated[str | None, typer.Option("--scenario", metavar="FILE", help="option_scenario_after")] = None,
) -> None:
    """Split the change between two runs by its causes."""
    from forecast.report.files import write_apart
    from forecast.runs.store import Store

    store = Store()
    told = split_of(call, store.open(before), store.open(after), scenarios=(scenario_before, scenario))
    if call.out is not None:
        write_apart({"news": told.frame}, call.out)
    call.finish(lambda: told.document, lambda: told.screen)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Told:
    """A split of changes as a table, for programs, and for the screen."""

    frame: pd.DataFrame
    document: dict[str, Any]
    screen: RenderableType


def split_of(
    call: Call, before: KeptRun, after: KeptRun, *, scenarios: tuple[str | None, str | None] = (None, None)
) -> Told:
    """Why probabilities moved between two kept runs, with the progress of refits on standard error."""
    from forecast.news.news import kept_side
    from forecast.news.news import news as split
    from forecast.report.terminal import page
    from forecast.tables.dossier import provenance
    from forecast.tables.news import news_blocks, news_document, news_frame

    sides = [kept_side(kept, scenario=file) for kept, file in zip((before, after), scenarios, strict=True)]
    with call.fitting() as show:
        found = split(*sides, executor=call.executor, progress=show)
    found = found if call.spoken is None else replace(found, criterion=call.spoken)
    dataset = sides[1].run.dataset
    frame = news_frame(found, provenance(sides[1].run))
    document = news_document(found, frame, dataset, call.lang)
    return Told(frame=frame, document=document, screen=page(news_blocks(found, dataset, call.lang)))


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
    from forecast.answers.chances import Criterion
    from forecast.data.dataset import read_dataset
    from forecast.data.target import TargetKind
    from forecast.report.files import write_tables
    from forecast.report.task_sheet import BOOK_NAME, write_task_book
    from forecast.report.terminal import paged
    from forecast.runs.session import wanted
    from forecast.tables import words
    from forecast.tables.breakdown import breakdown_blocks, breakdown_document, breakdown_tables
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
    _refuse_at_odds(found, call)
    target = ran.write("-breakdown")
    write_tables(breakdown_tables(found), target)
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
        lambda: breakdown_document(found),
        lambda: paged(lambda width: breakdown_blocks(found, call.lang, width, files=files)),
        target,
    )


def _refuse_at_odds(found: Assignments, call: Call) -> None:
    """Say which held sums cannot be met, and stop: nothing is written beside them."""
    from forecast.answers.chances import Status
    from forecast.tables.breakdown_words import narrative

    at_odds = [b for b in found.breakdowns if b.status is Status.INFEASIBLE]
    lines = [line for b in at_odds for line in narrative(b, found, call.lang)]
    if not at_odds:
        return
    if call.json:
        problems = [{"where": "--hold", "text": line.strip(), "code": "infeasible"} for line in lines]
        print_json({"ok": False, "problems": problems})
    else:
        call.errors.print("\n".join(lines))
    raise typer.Exit(1)


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
    from forecast.plan.makeup import as_scenario
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
    asked = wishes_of(wish or (), ran.session.judged(wish or ()), city=ran.session.world.city)
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


@command(*RUN, "criterion")
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
    from forecast.report.terminal import paged
    from forecast.runs.run import acting
    from forecast.scenario.reader import read_scenario
    from forecast.tables.scenarios import scenario_blocks, scenario_document, scenario_tables

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

    ran.finish(
        lambda: scenario_document(studied),
        lambda: paged(lambda width: scenario_blocks(studied, call.lang, width, files=(str(target),), explain=explain)),
        target,
    )


@command(*RUN, "criterion")
def path(
    call: Call,
    dataset: DatasetArgument,
    p: Annotated[
        list[float] | None, typer.Option("--p", min=0.01, max=0.99, metavar="P", help="option_probabilities")
    ] = None,
    indicator: Annotated[list[str] | None, typer.Option("--indicator", metavar="ID", help="option_only")] = None,
) -> None:
    """The monthly path that a chosen probability needs."""
    from forecast.answers.chances import Criterion
    from forecast.data.dataset import read_dataset
    from forecast.plan.path import DEFAULT, Demand, indicators_of
    from forecast.report.files import write_tables
    from forecast.report.terminal import page
    from forecast.tables.path import TABLE, path_blocks, path_document, path_frame

    data = read_dataset(dataset)
    wanted, criterion = indicators_of(indicator or (), data), Criterion(call.criterion or data.config.criterion)
    ran = call.run(dataset)
    demands = [Demand(criterion=criterion, probability=value) for value in p or ()] or DEFAULT
    found = ran.session.required(demands, wanted=lambda case: case.target.indicator in wanted)
    target = ran.write("-path")
    write_tables({TABLE: path_frame(found, ran.run)}, target)
    ran.finish(
        lambda: path_document(found, ran.run),
        lambda: page(path_blocks(found, ran.run, call.lang, files=[target / f"{TABLE}.csv"])),
        target,
    )


@command(*RUN, "criterion")
def run(
    call: Call,
    dataset: DatasetArgument,
    check: Annotated[bool, typer.Option("--check", help="option_check")] = False,
) -> None:
    """Project the year; write the results; print the table."""
    from forecast.tables.record import check_document

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
    from forecast.report.terminal import page, render, render_horizons, render_league, render_province
    from forecast.tables.record import check_blocks
    from forecast.tables.words import advice_text

    lang, run = ran.call.lang, ran.run
    config, panel = run.dataset.config, run.dataset.panel
    if ran.call.unit == ALL:
        every = render_province(run.league, run.attainment, panel, lang=lang)
        return render(run.attainment, lang=lang, files=(str(target),)) if every is None else every
    parts = [render(run.attainment, lang=lang, files=(str(target),))]
    if (interim := render_horizons(run.horizons, lang=lang)) is not None:
        parts.append(interim)
    if (ranks := render_league(run.league, run.attainment, panel, lang=lang)) is not None:
        parts.append(ranks)
    if sharpest := best(run.paths, unit=config.city, benchmark=config.province):
        parts.append(Padding(advice_text(sharpest, panel.units, panel.indicators, lang), (0, 1)))
    if checked is not None:
        parts.append(page(check_blocks(checked, lang)))
    return Group(*parts)


def _checked(ran: Ran, target: Path) -> RunCheck:
    """Checks of the run, with their progress on standard error, written into its directory."""
    from forecast.report.files import write_tables
    from forecast.runs.session import check_run
    from forecast.tables.record import check_tables

    with ran.call.fitting("check.running") as show:
        checked = check_run(ran.run, progress=show, executor=ran.call.executor)
    write_tables(check_tables(checked), target)
    return checked
