"""Ten lines in a notebook: a data set, its run, and every answer on the draws of the run.

``read`` gives a ``City``; its ``run`` gives ``Results``, the session that command line and pages ask; every
question gives an ``Answer``: typed value, tables as data frames, and what the screen shows of it.

Invariant: an answer has the numbers of the command of the same name on the same run, and a notebook shows the tables
that a terminal does (held by ``tests/test_api.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from rich.console import Console, RenderableType

from forecast.answers.chances import Criterion
from forecast.data.dataset import Dataset, read_dataset
from forecast.data.target import TargetKind
from forecast.errors import UsageError
from forecast.files import write_whole
from forecast.inference.gaps.fast import Method
from forecast.news.news import News, NewsSide, kept_side
from forecast.news.news import news as split_news
from forecast.plan.makeup import as_scenario
from forecast.plan.path import DEFAULT, Demand, RequiredPath, indicators_of
from forecast.plan.request import MakeupRequest, read_options, wishes_of
from forecast.plan.result import Makeup
from forecast.report import html
from forecast.report.export import Kind, ReportRequest, write_reports
from forecast.report.files import answers, write_run, write_tables
from forecast.report.terminal import paged, render
from forecast.runs.run import DRAWS, Request, no_fits
from forecast.runs.run import run as run_request
from forecast.runs.session import Assignments, RunCheck, Session, Study, check_run, wanted
from forecast.runs.store import KeptRun, Store
from forecast.runs.store.kept import Answers
from forecast.scenario.reader import read_scenario
from forecast.tables.breakdown import breakdown_blocks, breakdown_tables
from forecast.tables.dossier import provenance
from forecast.tables.leaders import leaders, title
from forecast.tables.makeup import makeup_blocks, makeup_tables
from forecast.tables.news import news_blocks, news_frame
from forecast.tables.notes import notes
from forecast.tables.path import TABLE as PATH_TABLE
from forecast.tables.path import path_blocks, path_frame
from forecast.tables.record import check_blocks, check_tables
from forecast.tables.scenarios import scenario_blocks, scenario_tables
from forecast.tables.table import Block, Sentence
from forecast.tables.track import Track
from forecast.tasks.breakdown import Method as Spread
from forecast.texts import Lang, default_lang
from forecast.track_record.backtest import Backtest, BacktestRequest, backtest

WIDTH = 120
"""Columns of what a notebook shows."""


def read(path: str | Path, *, lang: Lang | None = None) -> City:
    """A data set: a folder, or one workbook.

    Parameters
    ----------
    lang : of what is shown; None: as the environment says, else Chinese

    Raises
    ------
    InputError
        Anything in its files is unusable; carries every problem.
    """
    return City(path=Path(path), dataset=read_dataset(Path(path)), lang=lang or default_lang())


def open(run: str, *, lang: Lang | None = None) -> Results:
    """A kept run: its id or the beginning of it, ``latest``, ``latest~1``, or a directory of results.

    Raises
    ------
    StoreError
        There is none, several ids begin so, or a file of it is damaged.
    """
    kept = Store().open(run)
    return Results(kept.run(), kept=kept, lang=lang or default_lang())


@dataclass(frozen=True, eq=False, kw_only=True)
class City:
    """A data set that was read and found good."""

    path: Path
    dataset: Dataset
    lang: Lang = "zh"

    def __repr__(self) -> str:
        panel, config = self.dataset.panel, self.dataset.config
        sizes = f"{len(panel.indicators)} indicators, {len(panel.units)} units, {len(panel.observations)} figures"
        return f"<City {panel.units[config.city].name_zh} {config.target_year}: {sizes}>"

    def run(
        self,
        as_of: str | None = None,
        *,
        seed: int = 1,
        method: Method = "fast",
        draws: int | None = None,
        keep: bool = True,
        refit: bool = False,
        criterion: Literal["near", "reach"] | None = None,
    ) -> Results:
        """Project the year and judge the targets, as ``dabiao run`` does.

        Parameters
        ----------
        as_of : ``YYYY-MM`` or ``YYYY-MM-DD``; None: what the data set says
        draws : None: the usual number
        criterion : what numbers, words and lights speak of, 达到或接近 or 达到; None: what the data set says
        keep : whether the run is kept, and fits of kept runs are taken up; ``refit``: fit everything again

        Raises
        ------
        UsageError
            ``as_of`` or ``draws`` cannot be used.
        """
        request = Request(
            dataset=self.path, as_of=as_of, seed=seed, method=method, draws=draws or DRAWS, criterion=criterion
        )
        store = Store() if keep else None
        made = run_request(request, kept=no_fits if store is None or refit else store.fit)
        return Results(made, kept=None if store is None else store.keep(made, answers(made)), lang=self.lang)

    def backtest(
        self, years: tuple[int, int] | None = None, *, indicators: Sequence[str] = (), libraries: Sequence[str] = ()
    ) -> Answer[Backtest]:
        """Replay past years month by month and score the forecasts, as ``dabiao backtest`` does.

        Raises
        ------
        UsageError
            No year can be replayed, or an indicator or a library is not known.
        """
        request = BacktestRequest(
            dataset=self.path, years=years, indicators=tuple(indicators) or None, libraries=tuple(libraries)
        )
        found = backtest(request)
        track = Track(found)
        return Answer(found, tables=track.tables, blocks=lambda _: track.blocks(self.lang))


@dataclass(frozen=True, eq=False)
class Answer[A]:
    """What was asked: the typed value, its tables by name, and what a screen of so many columns shows of it."""

    value: A
    tables: Mapping[str, pd.DataFrame] = field(repr=False)
    blocks: Callable[[int], Sequence[Block]] = field(repr=False)

    def __repr__(self) -> str:
        kind = type(self.value).__name__
        return f"<Answer {kind}: {', '.join(f'{name} {len(one)}' for name, one in self.tables.items())}>"[:200]

    def __str__(self) -> str:
        return _text(paged(self.blocks))

    def _repr_html_(self) -> str:
        return html.page(self.blocks(WIDTH))

    def table(self, name: str | None = None) -> pd.DataFrame:
        """A table by its name; the first unless told.

        Raises
        ------
        UsageError
            There is no table of that name.
        """
        return _table(self.tables, name)

    def save(self, folder: str | Path) -> list[Path]:
        """Write every table as CSV into a directory; the paths.

        Raises
        ------
        OSError
            It cannot be written.
        """
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        write_tables(self.tables, place)
        return [place / f"{name}.csv" for name in self.tables]


@dataclass(frozen=True, eq=False, repr=False)
class PlanAnswer(Answer[Makeup]):
    """A plan, which can be adopted as a scenario."""

    def adopt(self, path: str | Path) -> Path:
        """Write the plan as a scenario file.

        Raises
        ------
        OSError
            It cannot be written.
        """
        write_whole(Path(path), as_scenario(self.value))
        return Path(path)


@dataclass(frozen=True, eq=False, repr=False)
class Results(Session):
    """A run, and every question that can be asked of it.

    kept : the run as it is in the store; None where it was not kept
    """

    kept: KeptRun | None = None
    lang: Lang = "zh"

    def __repr__(self) -> str:
        return super().__repr__().replace("<Session ", "<Results ", 1)

    def __str__(self) -> str:
        return _text(render(self.run.attainment, lang=self.lang))

    def _repr_html_(self) -> str:
        found, unit = self.run.attainment, self.run.attainment.config.city
        tables = [
            leaders(found, unit, self.lang, average=average, caption=title(found, unit, self.lang))
            for average in (True, False)
        ]
        shown = [grid for grid in tables if grid.rows]
        return html.page([*shown, *(Sentence(text) for text in notes(found, self.lang))])

    @cached_property
    def answers(self) -> Answers:
        """What is kept and written of the run, made once."""
        return answers(self.run)

    def table(self, name: str = "attainment") -> pd.DataFrame:
        """A table of the run: ``attainment``, ``required``, ``joint``, ``paths`` and more; columns of docs/formats.md.

        Raises
        ------
        UsageError
            There is no table of that name.
        """
        return _table(self.answers.tables, name)

    def compare(self, *files: str | Path, given: Sequence[str] = ()) -> Answer[Study]:
        """Scenarios against the baseline on the same draws, as ``dabiao scenario`` does.

        Parameters
        ----------
        files : scenario files; ``a.yaml+b.yaml`` compounds two
        given : outcomes that the draws are conditioned on, such as ``fai.shaanxi>=4.0``

        Raises
        ------
        ScenarioError, GivenError
            A file or a condition cannot be used.
        """
        found = self.study(files, given=given)
        return Answer(
            found, tables=scenario_tables(found), blocks=lambda width: scenario_blocks(found, self.lang, width)
        )

    def makeup(
        self,
        *wishes: str,
        levers: str | None = None,
        without: Sequence[str] = (),
        difficulty: Sequence[str] = (),
        cap: Sequence[str] = (),
        singles: int = 0,
        budget: float | None = None,
        fair: bool = False,
        scenario: str | Path | None = None,
    ) -> PlanAnswer:
        """The least effort that grants wishes such as ``gdp:near>=50%``, as ``dabiao makeup`` does.

        Raises
        ------
        MakeupError, ScenarioError
            A wish, a lever or the scenario cannot be used; all of it is told.
        """
        options = read_options(
            self.dataset, families=levers, singles=singles, difficulty=difficulty, cap=cap, without=without
        )
        request = MakeupRequest(
            wishes=wishes_of(wishes, self.judged(wishes), city=self.world.city),
            options=options,
            budget=budget,
            fair=fair,
            scenario=None if scenario is None else read_scenario(scenario, self.dataset),
        )
        plan = self.plan(request)
        return PlanAnswer(
            plan,
            tables=makeup_tables(plan, self.run),
            blocks=lambda width: makeup_blocks(plan, self.run, self.lang, width),
        )

    def path(
        self, *indicators: str, near: float | None = None, reach: float | None = None
    ) -> Answer[tuple[RequiredPath, ...]]:
        """The monthly path that a probability needs, as ``dabiao path`` does.

        Parameters
        ----------
        indicators : ids; none: all
        near, reach : probability wished of coming close, of reaching; neither: the usual three

        Raises
        ------
        UsageError
            An indicator is not known.
        """
        names = indicators_of(indicators, self.dataset)
        asked = [
            Demand(criterion=criterion, probability=p)
            for criterion, p in ((Criterion.NEAR, near), (Criterion.REACH, reach))
            if p is not None
        ]
        found = self.required(asked or DEFAULT, wanted=lambda case: case.target.indicator in names)
        frame = path_frame(found, self.run)
        return Answer(found, tables={PATH_TABLE: frame}, blocks=lambda _: path_blocks(found, self.run, self.lang))

    def tasks(
        self,
        *indicators: str,
        near: float = 0.5,
        reach: float | None = None,
        increment: float | None = None,
        against: Literal["province_average", "plan", "positive_growth"] = "province_average",
        by: Literal["capacity", "proportional", "even", "marginal"] = "capacity",
        hold: Sequence[str] = (),
    ) -> Answer[Assignments]:
        """Who does what by when, as ``dabiao breakdown`` does.

        Parameters
        ----------
        near, reach : probability wished of coming close; of reaching, where that is told
        increment : stated amount of work, 亿元, of the one indicator; None: it follows from the wish
        hold : sums that must stay, such as ``hanbin:2020-11=3.2``

        Raises
        ------
        UsageError, InputError
            Something of the request cannot be used.
        """
        asked = wanted(
            self.dataset,
            indicators=indicators,
            increment=increment,
            criterion=Criterion.NEAR if reach is None else Criterion.REACH,
            wish=near if reach is None else reach,
            kind=TargetKind(against),
            method=Spread(by),
            holds=hold,
        )
        found = self.assignments(asked)
        return Answer(
            found, tables=breakdown_tables(found), blocks=lambda width: breakdown_blocks(found, self.lang, width)
        )

    def news(self, earlier: Results) -> Answer[News]:
        """Why every probability moved since an earlier run, as ``dabiao news`` does.

        Raises
        ------
        UsageError
            The runs are of different cities or target years.
        """
        found = split_news(earlier.side, self.side)
        frame = news_frame(found, provenance(self.run))
        return Answer(found, tables={"news": frame}, blocks=lambda _: news_blocks(found, self.dataset, self.lang))

    @property
    def side(self) -> NewsSide:
        """The run as one of two that are compared: as it was kept, or as it is at hand."""
        return NewsSide.of(self.run) if self.kept is None else kept_side(self.kept)

    def check(self) -> Answer[RunCheck]:
        """The model checked on published figures, as ``dabiao run --check`` does."""
        found = check_run(self.run)
        return Answer(found, tables=check_tables(found), blocks=lambda _: check_blocks(found, self.lang))

    def backtest(self, years: tuple[int, int] | None = None, **more: Any) -> Answer[Backtest]:
        """The track record of the run's data set, see ``City.backtest``."""
        city = City(path=self.run.request.dataset, dataset=self.dataset, lang=self.lang)
        return city.backtest(years, **more)

    def report(
        self,
        out: str | Path,
        *,
        kinds: Sequence[Literal["workbook", "brief", "scheme", "charts", "data"]] = ("workbook", "brief"),
        scenarios: Sequence[str | Path] = (),
    ) -> list[Path]:
        """Write what officials hand on into a directory, as ``dabiao report`` does; the paths.

        Raises
        ------
        UsageError, ScenarioError
            The directory cannot be written, or a scenario file is unusable.
        """
        request = ReportRequest(kinds=frozenset(map(Kind, kinds)), scenarios=tuple(scenarios), lang=self.lang)
        return write_reports(self.run, Path(out), request)

    def save(self, folder: str | Path) -> Path:
        """Write the run's directory, as ``dabiao run --out`` does.

        Raises
        ------
        UsageError
            The directory exists and is not a run, or cannot be written.
        """
        write_run(self.run, Path(folder), kept=self.kept, made=self.answers)
        return Path(folder)


def _table(found: Mapping[str, pd.DataFrame], name: str | None) -> pd.DataFrame:
    wanted = next(iter(found)) if name is None else name
    if wanted not in found:
        raise UsageError("usage_table", found=wanted, expected=", ".join(found))
    return found[wanted]


def _text(shown: RenderableType) -> str:
    console = Console(file=StringIO(), record=True, width=WIDTH, highlight=False, markup=False, emoji=False)
    console.print(shown)
    return console.export_text()
