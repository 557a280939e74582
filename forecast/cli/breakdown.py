"""``dabiao breakdown``: who does what by when."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from forecast.answers.chances import Criterion, Status
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

if TYPE_CHECKING:
    from forecast.data.dataset import Dataset
    from forecast.runs.session import Wanted


class By(StrEnum):
    """What a breakdown goes by."""

    CAPACITY = "capacity"
    PROPORTIONAL = "proportional"
    EVEN = "even"
    MARGINAL = "marginal"


class Want(StrEnum):
    """What is wished for."""

    NEAR = "near"
    REACH = "reach"


class Against(StrEnum):
    """What growth is held against."""

    PROVINCE_AVERAGE = "province_average"
    PLAN = "plan"
    POSITIVE_GROWTH = "positive_growth"


def breakdown(
    dataset: DatasetArgument,
    indicator: Annotated[
        list[str] | None,
        typer.Option("--indicator", help="分解的指标，可多个；默认 fai、ind_va、gdp。Indicators to break down."),
    ] = None,
    increment: Annotated[
        float | None,
        typer.Option(
            "--increment",
            help="给定任务，亿元（投资额、产值或增加值）。Stated amount of work, else from --want.",
        ),
    ] = None,
    want: Annotated[Want, typer.Option("--want", help="near 达到或接近，reach 达到。What is wished for.")] = Want.NEAR,
    prob: Annotated[float, typer.Option("--prob", help="要求的概率，如 0.7。Probability wished.")] = 0.5,
    against: Annotated[
        Against, typer.Option("--against", help="对照：全省平均、年度计划、正增长。Target.")
    ] = Against.PROVINCE_AVERAGE,
    by: Annotated[
        By, typer.Option("--by", help="capacity 承载能力、proportional 基数、even 平均、marginal 预期成效。")
    ] = By.CAPACITY,
    hold: Annotated[
        list[str] | None, typer.Option("--hold", help='锁定，如 "hanbin:2020-11=3.2"（亿元）。Sums that must stay.')
    ] = None,
    holds: Annotated[
        list[Path] | None, typer.Option("--holds", help="锁定文件：TOML、YAML、CSV。File of holds.")
    ] = None,
    as_of: AsOfOption = None,
    seed: Seed = 1,
    method: MethodOption = Route.FAST,
    out: Out = None,
    lang: LanguageOption = None,
    json_: Json = False,
    refit: Refit = False,
    workers: Workers = None,
) -> None:
    """任务分解：分解到月、县区、专班、行业、项目和企业。Break what is lacking down to who does what by when."""
    words_ = chosen(lang)
    errors = Console(stderr=True, highlight=False)
    with reported(words_, as_json=json_):
        from forecast.data.dataset import read_dataset
        from forecast.report.breakdown_tables import breakdown_document, write_breakdown_tables
        from forecast.report.breakdown_terminal import narrative, render_assignments
        from forecast.report.files import document, provenance, write_run
        from forecast.report.task_sheet import BOOK_NAME, write_task_book
        from forecast.runs.run import Request
        from forecast.runs.session import assignments
        from forecast.tables import words

        data = read_dataset(dataset)
        wanted = _wanted(data, indicator, increment, want, prob, against, by, hold, holds)
        request = Request(dataset=dataset, as_of=as_of, seed=seed, method=method.value)
        finished, kept = run_and_keep(request, errors, words_, refit=refit, workers=workers)
        found = assignments(finished, wanted)
        at_odds = [b for b in found.breakdowns if b.status is Status.INFEASIBLE]
        if at_odds:  # nothing is written beside holds that cannot be met
            lines = [line for b in at_odds for line in narrative(b, found, words_)]
            if json_:
                problems = [{"where": "--hold", "text": line.strip(), "code": "infeasible"} for line in lines]
                print_json({"ok": False, "problems": problems})
            else:
                errors.print("\n".join(lines))
            raise typer.Exit(1)
        target = out or Path("out") / f"{finished.run_id}-breakdown"
        write_run(finished, target, kept=kept)
        write_breakdown_tables(found, target)
        city = words.unit_name(data.panel.units[data.config.city], words_)
        knowledge, day = words.knowledge(finished.paths.as_of, words_), finished.paths.as_of.day
        book = write_task_book(
            target / BOOK_NAME,
            found.breakdowns,
            source=provenance(finished),
            city=city,
            knowledge=knowledge,
            day=day,
            lang=words_,
        )
        for line in after_run(finished, kept, words_):
            errors.print(line)
        if json_:
            print_json(document(finished) | breakdown_document(found) | {"out": str(target)})
        else:
            files = (str(target), *([str(book)] if book else []))
            screen().print(render_assignments(found, lang=words_, files=files))


def _wanted(
    data: Dataset,
    indicator: list[str] | None,
    increment: float | None,
    want: Want,
    prob: float,
    against: Against,
    by: By,
    hold: list[str] | None,
    holds: list[Path] | None,
) -> Wanted:
    """The request, checked before anything is fitted."""
    from forecast.data.target import TargetKind
    from forecast.errors import UsageError
    from forecast.runs.session import Wanted
    from forecast.tasks.breakdown import INDICATORS, Method, stated_increment
    from forecast.tasks.holds import parse_hold, read_holds

    for name in indicator or ():
        if name not in data.panel.indicators:
            raise UsageError("usage_breakdown_indicator", found=name, expected=", ".join(data.panel.indicators))
    if increment is not None and len(indicator or ()) != 1:
        raise UsageError("usage_increment_which")
    if increment is not None and not 0.0 < increment < 1e7:
        raise UsageError("usage_increment", found=f"{increment:g}")
    if not 0.0 < prob < 1.0:
        raise UsageError("usage_wish", found=f"{prob:g}")
    found = [parse_hold(text) for text in hold or ()]
    for path in holds or ():
        found += read_holds(path)
    return Wanted(
        indicators=tuple(dict.fromkeys(indicator)) if indicator else INDICATORS,
        criterion=Criterion(want.value),
        wish=prob,
        kind=TargetKind(against.value),
        method=Method(by.value),
        increments={indicator[0]: stated_increment(indicator[0], increment)} if indicator and increment else None,
        holds=tuple(found),
    )
