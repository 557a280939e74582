"""The dossier: every answer that a report prints, computed once from the draws of one run, and what frames its tables.

Workbook, brief, scheme, charts and data files are written from the same dossier and compute nothing themselves.

Invariant: the numbers of all outputs of a dossier agree to the printed digit, and a page says as of when it speaks and
from which run (held by ``tests/test_report_workbook.py`` and ``tests/test_report_sheets.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from forecast import __version__
from forecast.answers.scores import League
from forecast.data.panel import known
from forecast.dims import brief
from forecast.news.news import News
from forecast.periods import Month
from forecast.plan.path import RequiredPath
from forecast.runs.run import BASELINE, Run
from forecast.runs.session import Assignments, Explored, Goals, PlanOf, Session, Study, Wanted, goals, paths, plans
from forecast.scenario.contributions import Result
from forecast.tables import words
from forecast.tables.attainment import attainment_frame
from forecast.tables.league import league_frames
from forecast.tables.required import dependence_frame, horizon_frame, joint_frame, paths_frame, required_frame
from forecast.tables.table import Paper, Provenance, Sheet, Surface, Table, View
from forecast.texts import Lang, t


def provenance(run: Run) -> Provenance:
    """What every number of a run came from."""
    return Provenance(
        run_id=run.run_id,
        data_hash=run.dataset.data_hash,
        scenario_hash=BASELINE,
        model_version=__version__,
        seed=run.request.seed,
    )


def tables(run: Run) -> dict[str, pd.DataFrame]:
    """All tables of a run, by name."""
    source = provenance(run)
    return {
        "attainment": attainment_frame(run.attainment, source),
        "required": required_frame(run.attainment, source),
        "joint": joint_frame(run.attainment, source),
        "dependence": dependence_frame(run.paths, source),
        "paths": paths_frame(run.paths, source),
        **league_frames(run.league, run.attainment, run.dataset.panel, source),
        "horizons": horizon_frame(run.horizons, source),
    }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dossier:
    """Answers of a run, with scenarios on its draws.

    tables : of the run, columns of ``tables.schema``
    goals : the city's indicators, official order
    observed : figures that were out, one vintage each (``panel.known``)
    plans : 保底, 争取, 冲刺 for the indicator that they are about, before them the one that was asked for; empty where
        none can be judged
    league : ranks and scores of the city and its siblings
    assigned : who does what by when, the lists of naming, the balance of 五上 units
    explored : targets given outcomes that were asked about, one after the other
    paths : monthly paths that plans ask of the city's indicators, by name of the plan
    news : why probabilities moved since an earlier run; None where none was given
    backtest : tables of a backtest of the same data set; empty where none was given
    """

    study: Study
    tables: Mapping[str, pd.DataFrame]
    goals: tuple[Goals, ...]
    observed: pd.DataFrame
    plans: tuple[PlanOf, ...]
    league: League
    assigned: Assignments
    paths: Mapping[str, tuple[RequiredPath, ...]]
    explored: tuple[Explored, ...] = ()
    news: News | None = None
    backtest: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    __repr__ = brief

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
    session: Session | Run,
    scenarios: Sequence[str | Path] = (),
    *,
    wanted: Wanted | None = None,
    wishes: Sequence[str] = (),
    settings: str = "",
    beyond: bool = False,
    given: Sequence[str] = (),
    backtest: Mapping[str, pd.DataFrame] | None = None,
    news: News | None = None,
) -> Dossier:
    """Everything that reports on a run print.

    Parameters
    ----------
    scenarios : files to compare, in order; the first is the one of the forecast table
    wanted : what the breakdown is to reach and which sums are locked; None: the usual
    wishes, settings : of a further plan, as ``Session.request`` reads them; ``beyond``: on top of the first scenario
    given : outcomes that all targets are also told for, such as ``fai.shaanxi>=4.0``
    backtest : tables of a backtest; None without one
    news : why it moved since an earlier run; None without one

    Raises
    ------
    ScenarioError
        A file is unusable.
    MakeupError, GivenError
        A wish, a setting or an outcome cannot be used.
    """
    asked = session if isinstance(session, Session) else Session(session)
    run = asked.run
    study = asked.study(scenarios)
    adopted = next((one.scenario for one in study.comparison.results), None) if beyond else None
    request = asked.request(wishes, settings, scenario=adopted) if wishes or settings or adopted else None
    return Dossier(
        study=study,
        tables=tables(run),
        goals=goals(run),
        observed=known(run.dataset.panel, run.paths.as_of),
        plans=plans(asked, request),
        league=asked.league(),
        assigned=asked.assignments(wanted),
        paths=paths(asked),
        explored=tuple(asked.explored(text) for text in given),
        news=news,
        backtest=backtest or {},
    )


def city_name(dossier: Dossier, lang: Lang) -> str:
    """Name of the city under study."""
    return words.unit_name(dossier.run.attainment.units[dossier.run.dataset.config.city], lang)


def unit_names(dossier: Dossier, lang: Lang) -> dict[str, str]:
    """Names of all places by id."""
    return {unit: words.unit_name(one, lang) for unit, one in dossier.run.attainment.units.items()}


def heading(sheet: str, dossier: Dossier, lang: Lang) -> str:
    """Title of a table: 安康市2020年主要经济指标完成情况预测表."""
    config = dossier.run.dataset.config
    return t(f"reports.title_{sheet}", lang, city=city_name(dossier, lang), year=config.target_year)


def subtitle(dossier: Dossier, lang: Lang) -> str:
    """State of knowledge, first month of action, units."""
    config = dossier.run.dataset.config
    return t(
        "reports.subtitle",
        lang,
        as_of=words.knowledge(dossier.run.paths.as_of, lang),
        year=config.target_year,
        first=words.month_name(config.first_action_month, lang),
    )


def source_line(dossier: Dossier, lang: Lang) -> str:
    """Run, hash of the data, version, method, seed: the footer of every page."""
    source = dossier.provenance
    return t(
        "reports.source",
        lang,
        run=source.run_id,
        data=source.data_hash,
        version=source.model_version,
        method=dossier.run.paths.method,
        seed=source.seed,
    )


def span_name(month: Month, covers: tuple[int, ...], lang: Lang) -> str:
    """Heading of a period: 9月, or 7—9月."""
    last = words.month_name(month, lang)
    if len(covers) == 1:
        return t("ui.month", lang, month=last)
    return t("ui.month_span", lang, first=words.month_name(Month(month.year, covers[0]), lang), last=last)


def sheet_of(
    table: Table[Any],
    dossier: Dossier,
    lang: Lang,
    *,
    title: str = "",
    notes: Sequence[str] = (),
    warning: str = "",
    paper: Paper = Paper.A4,
    frozen: int = 2,
) -> Sheet:
    """A table as a worksheet, marked where what it prints rests on synthetic rows."""
    return Sheet(
        name=table.name,
        tab=t(f"reports.tab_{table.name}", lang),
        title=title or heading(table.name, dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=table.fields(Surface.SHEET, lang),
        rows=table.values(View(lang=lang, surface=Surface.SHEET)),
        notes=tuple(notes),
        warning=warning,
        mark=dossier.mark(lang) or table.marked(lang),
        paper=paper,
        frozen=frozen,
    )
