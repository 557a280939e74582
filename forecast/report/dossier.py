"""The dossier: every answer that a report prints, computed once from the draws of one run.

Workbook, brief, scheme, charts and data files are written from the same dossier and compute nothing themselves.

Invariant: the numbers of all outputs of a dossier agree to the printed digit (held by
``tests/test_report_workbook.py`` and ``tests/test_report_brief.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import pandas as pd

from forecast.answers.chances import Case, Criterion
from forecast.answers.evidence import Published
from forecast.answers.judgement import Row, judge
from forecast.data.panel import known
from forecast.data.target import Target, TargetKind
from forecast.news.news import News
from forecast.plan.makeup import makeup
from forecast.plan.path import Demand, RequiredPath, required_path
from forecast.plan.request import MakeupRequest, default_wish
from forecast.plan.result import Makeup
from forecast.report.files import provenance, tables
from forecast.report.tables import Provenance
from forecast.runs.run import Run
from forecast.runs.session import Assignments, Study, assignments, judged_of, study
from forecast.scenario.compare import Result
from forecast.scenario.effects import World
from forecast.texts import Lang, t

DEMANDS: Final[Mapping[str, Demand]] = {
    "floor": Demand(criterion=Criterion.NEAR, probability=0.5),
    "strive": Demand(criterion=Criterion.NEAR, probability=0.7),
    "sprint": Demand(criterion=Criterion.REACH, probability=0.5),
}
"""What the three plans are for: 保底, 争取, 冲刺."""
PATHS: Final = ("floor", "sprint")
"""Plans whose monthly paths are printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One of the three plans, solved.

    name : floor, strive or sprint
    """

    name: str
    demand: Demand
    makeup: Makeup


@dataclass(frozen=True, slots=True, kw_only=True)
class Goals:
    """All that one indicator of the city is held against.

    average : against the province's average; None where that is no target
    plan : against the year's plan; None where none was set
    positive : against growth above zero; judged by the same rules although no target asks for it
    """

    average: Row | None
    plan: Row | None
    positive: Row

    @property
    def main(self) -> Row:
        """The one that is reported first."""
        return self.average or self.plan or self.positive


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dossier:
    """Answers of a run, with scenarios on its draws.

    tables : of the run, columns of ``report.schema``
    goals : the city's indicators, official order
    observed : figures that were out, one vintage each (``panel.known``)
    plans : 保底, 争取, 冲刺 for the indicator that they are about; empty where none can be judged
    assigned : who does what by when, the lists of naming, the balance of 五上 units
    paths : monthly paths that plans ask of the city's indicators, by name of the plan
    news : why probabilities moved since an earlier run; None where none was given
    backtest : tables of a backtest of the same data set; empty where none was given
    """

    study: Study
    tables: Mapping[str, pd.DataFrame]
    goals: tuple[Goals, ...]
    observed: pd.DataFrame
    plans: tuple[Plan, ...]
    assigned: Assignments
    paths: Mapping[str, tuple[RequiredPath, ...]]
    news: News | None = None
    backtest: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def run(self) -> Run:
        """The run that everything rests on."""
        return self.study.run

    @property
    def provenance(self) -> Provenance:
        """What its numbers came from."""
        return provenance(self.run)

    @property
    def scenarios(self) -> tuple[Result, ...]:
        """Scenarios in the order asked for, without the baseline."""
        return self.study.comparison.results

    def mark(self, lang: Lang, *, ledger: bool = False) -> str:
        """What must stand on a page: of synthetic figures always, of a synthetic ledger where the page rests on it."""
        if self.run.dataset.config.synthetic:
            return t("reports.mark_data", lang)
        return t("reports.mark_ledger", lang) if ledger and synthetic_ledger(self.run) else ""

    def scenario_mark(self, lang: Lang) -> str:
        """The same for numbers of scenarios: only if a chosen action rests on synthetic rows."""
        rests = any(trace.synthetic for traces in self.study.traces.values() for trace in traces)
        return self.mark(lang, ledger=rests)


def synthetic_ledger(run: Run) -> bool:
    """Whether any row of a ledger of the run's data set is synthetic."""
    ledger = run.dataset.ledger
    frames = (ledger.projects, ledger.enterprises, ledger.pipeline)
    return any("row_status" in f.columns and bool((f["row_status"] == "synthetic").any()) for f in frames)


def gather(
    run: Run,
    scenarios: Sequence[str | Path] = (),
    *,
    backtest: Mapping[str, pd.DataFrame] | None = None,
    news: News | None = None,
) -> Dossier:
    """Everything that reports on a run print.

    Parameters
    ----------
    scenarios : files to compare, in order; the first is the one of the forecast table
    backtest : tables of a backtest; None without one
    news : why it moved since an earlier run; None without one

    Raises
    ------
    ScenarioError
        A file is unusable.
    """
    studied = study(run, scenarios)
    world = studied.world
    judged = judged_of(run, world)
    return Dossier(
        study=studied,
        tables=tables(run),
        goals=_goals(run),
        observed=known(run.dataset.panel, run.paths.as_of),
        plans=_plans(world, judged),
        assigned=assignments(run, world=world),
        paths=_paths(world, judged),
        news=news,
        backtest=backtest or {},
    )


def _plans(world: World, judged: Sequence[Case]) -> tuple[Plan, ...]:
    """The three plans, each the least effort for its wish; none where nothing can be judged."""
    wish = default_wish(judged, city=world.city)
    if wish is None:
        return ()
    found = []
    for name, demand in DEMANDS.items():
        wanted = replace(wish, criterion=demand.criterion, level=demand.probability)
        request = MakeupRequest(wishes=(wanted,), points=0, again=False)
        found.append(Plan(name=name, demand=demand, makeup=makeup(world, judged, request)))
    return tuple(found)


def _paths(world: World, judged: Sequence[Case]) -> dict[str, tuple[RequiredPath, ...]]:
    """Monthly paths of the city's indicators against the province's average."""
    mine = [c for c in judged if c.target.kind is TargetKind.PROVINCE_AVERAGE and c.target.unit == world.city]
    return {name: required_path(world, mine, [DEMANDS[name]], below=False) for name in PATHS}


def _goals(run: Run) -> tuple[Goals, ...]:
    """The city's indicators with a target of any kind."""
    city, panel = run.dataset.config.city, run.dataset.panel
    published = Published.of(panel, run.paths.as_of, run.paths.target_year)
    rows = {(r.target.indicator, r.target.kind): r for r in run.attainment.rows if r.target.unit == city}
    found = []
    for name in dict.fromkeys(indicator for indicator, _ in rows):
        average, plan = rows.get((name, TargetKind.PROVINCE_AVERAGE)), rows.get((name, TargetKind.PLAN))
        first = average or plan or next(row for (one, _), row in rows.items() if one == name)
        positive = rows.get((name, TargetKind.POSITIVE_GROWTH))
        if positive is None:
            wanted = _positive(first.target)
            positive = judge(wanted, run.paths, published=published, config=run.dataset.config).row
        found.append(Goals(average=average, plan=plan, positive=positive))
    return tuple(found)


def _positive(like: Target) -> Target:
    return Target(
        unit=like.unit,
        indicator=like.indicator,
        kind=TargetKind.POSITIVE_GROWTH,
        value=None,
        tolerance_pp=0.0,
        assessed=False,
        light_rule=like.light_rule,
        source="",
    )
