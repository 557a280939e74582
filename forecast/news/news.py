"""Why a probability moved between two runs: its change shared out exactly among everything that changed.

From the earlier run to the later one the world is changed step by step: what the target is, what figures are read
with (model, method, parameters of the data set), the random numbers, that new figures came out as expected, what they
say beyond that, the scenario. What figures say is shared out among groups of releases by Shapley's rule on refits with
common random numbers (``shares``); GDP is pooled with the drivers of its industries, whose own news is a part of its
own. What is left is the Monte Carlo remainder: another seed, and the rounding of sums.

Invariant: the parts of a target sum to its change to 1e-12, and all are zero where nothing changed
(held by ``tests/test_news.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import numpy as np

from forecast.answers.attainment import Attainment, attain
from forecast.answers.chances import Criterion
from forecast.answers.evidence import Evidence
from forecast.dims import Floats, brief
from forecast.executor import Executor, Progress
from forecast.news.attribution import Shared, shared
from forecast.news.releases import Release
from forecast.runs.difference import check_same_place
from forecast.runs.run import Run
from forecast.runs.store import KeptRun
from forecast.scenario.effects import Evaluator, apply
from forecast.scenario.reader import read_scenario
from forecast.scenario.world import World

type TargetKey = tuple[str, str, str]
"""Indicator, unit and kind of a target."""
DUST: Final = 1e-12
"""Below this a difference is the rounding of floats."""


class Kind(StrEnum):
    """What a part of a change comes from. The first seven are groups of figures."""

    CITY = "city"
    PROVINCE = "province"
    NATION = "nation"
    OTHERS = "others"
    REMARK = "remark"
    REVISION = "revision"
    WITHDRAWN = "withdrawn"
    LINKED = "linked"
    EXPECTED = "expected"
    SCENARIO = "scenario"
    TARGET = "target"
    MODEL = "model"
    UNSPLIT = "unsplit"
    MONTE_CARLO = "monte_carlo"


class NewsStatus(StrEnum):
    """Whether a change could be shared out.

    SPLIT; NOTHING: nothing changed; NOT_BEFORE, NOT_AFTER, NEITHER: without draws in the earlier run, the later one,
    both; UNSPLIT: some set of figures could not be fitted, the change is shown whole
    """

    SPLIT = "split"
    NOTHING = "nothing"
    NOT_BEFORE = "not_before"
    NOT_AFTER = "not_after"
    NEITHER = "neither"
    UNSPLIT = "unsplit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Numbers of a target in a run; None where it has none. Probabilities fractions, growth percent.

    gap_pp : median of paired draws of the unit's growth less what it is held against, points
    """

    p_reach: float | None = None
    p_near: float | None = None
    forecast_pct: float | None = None
    benchmark_pct: float | None = None
    gap_pp: float | None = None

    def array(self) -> Floats:
        """In the order of ``QUANTITIES``, NaN for none."""
        values = (self.p_reach, self.p_near, self.forecast_pct, self.benchmark_pct, self.gap_pp)
        return np.array([np.nan if value is None else value for value in values])

    def p(self, criterion: Criterion) -> float | None:
        """Probability of what is spoken of."""
        return self.p_near if criterion is Criterion.NEAR else self.p_reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """A change, or part of one; None where a side has no such number. Probabilities fractions, growth points."""

    reach: float | None
    near: float | None
    forecast_pp: float | None
    benchmark_pp: float | None
    gap_pp: float | None = None

    def p(self, criterion: Criterion) -> float | None:
        """Change of the probability of what is spoken of."""
        return self.near if criterion is Criterion.NEAR else self.reach

    @classmethod
    def of(cls, values: Floats) -> Delta:
        """From an array in the order of ``QUANTITIES``."""
        return cls(**dict(zip(cls.__slots__, (None if np.isnan(v) else float(v) for v in values), strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a change.

    releases : the figures it comes from, where it does
    linked : indicator whose news it is, for a part that GDP takes from the driver of an industry; "" for all together
    """

    kind: Kind
    delta: Delta
    releases: tuple[Release, ...] = ()
    linked: str = ""

    @property
    def lead(self) -> Release | None:
        """The figure that speaks for the part: the latest cumulative growth, else the latest single-period growth."""
        order = {"cum_yoy_pct": 3, "month_yoy_pct": 2, "gap_sign": 1, "rank": 1}
        told = [one for one in self.releases if one.figure.measure in order]
        return max(told, key=lambda one: (one.figure.period, order[one.figure.measure]), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetNews:
    """How and why one target moved.

    benchmark : unit that it is held against, None for a constant or a rank
    parts : in order of ``Kind``, then of time; their deltas sum to ``change``; the last is the Monte Carlo remainder
    """

    key: TargetKey
    name_zh: str
    benchmark: str | None
    assessed: bool
    evidence: Evidence
    status: NewsStatus
    before: Levels
    after: Levels
    change: Delta
    parts: tuple[Part, ...]

    @property
    def indicator(self) -> str:
        """Id of the indicator."""
        return self.key[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Why the targets of a city moved from one run to another, in official order.

    criterion : what is spoken of, of both runs alike
    """

    before: str
    after: str
    as_of: tuple[str, str]
    targets: tuple[TargetNews, ...]
    criterion: Criterion = Criterion.NEAR

    __repr__ = brief

    @property
    def nothing(self) -> bool:
        """Whether nothing changed at all."""
        return all(one.status is NewsStatus.NOTHING for one in self.targets)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NewsSide:
    """One of the two runs.

    baseline : numbers of every target as published by the run; levels : the same, under a scenario if there is one
    """

    run: Run
    baseline: Mapping[TargetKey, Levels]
    levels: Mapping[TargetKey, Levels]

    __repr__ = brief

    @classmethod
    def of(cls, run: Run, *, scenario: Attainment | None = None) -> NewsSide:
        """A run that is at hand; ``scenario``: its targets under a scenario."""
        baseline = _levels(run.attainment)
        return cls(run=run, baseline=baseline, levels=baseline if scenario is None else _levels(scenario))


def _levels(attainment: Attainment) -> dict[TargetKey, Levels]:
    return {
        row.target.key: Levels(
            p_reach=row.p_reach,
            p_near=row.p_near,
            forecast_pct=row.forecast.median_pct if row.forecast else None,
            benchmark_pct=row.benchmark_forecast.median_pct if row.benchmark_forecast else None,
            gap_pp=row.year_gap_pp,
        )
        for row in attainment.rows
    }


_COLUMNS: Final = ("p_reach", "p_near", "forecast_growth_pct", "benchmark_forecast_pct", "year_gap_pp")
"""Columns of ``attainment`` that levels are read from, in the order of theirs."""


def kept_side(kept: KeptRun, *, scenario: str | Path | None = None) -> NewsSide:
    """A kept run, its numbers as they were published then.

    Parameters
    ----------
    scenario : file of a scenario whose numbers are to be explained instead of the baseline's

    Raises
    ------
    StoreError
        A file of the run is damaged.
    ScenarioError
        The scenario is unusable on the run's data set.
    """
    published, run = {}, kept.run()
    targets = [row.target for row in run.attainment.rows]  # in the order of the table, which has not all of a key
    for target, row in zip(targets, kept.table("attainment").to_dict("records"), strict=True):
        values = [row.get(name) for name in _COLUMNS]  # runs of older versions have no gap
        numbers = [None if value is None or np.isnan(value) else float(value) for value in values]
        published[target.key] = Levels(**dict(zip(Levels.__slots__, numbers, strict=True)))
    return NewsSide(run=run, baseline=published, levels=published if scenario is None else _under(run, scenario))


def _under(run: Run, file: str | Path) -> dict[TargetKey, Levels]:
    """Numbers of every target under a scenario."""
    world = World(paths=run.paths, dataset=run.dataset)
    effects = Evaluator(world=world, scenario=read_scenario(file, run.dataset)).effects()
    moved = apply(run.paths, effects)
    return _levels(attain(moved, run.dataset.panel, run.dataset.targets, run.dataset.config))


def news(
    before: NewsSide, after: NewsSide, *, executor: Executor | None = None, progress: Progress = lambda *_: None
) -> News:
    """Share out the change of every target from one run to another.

    Parameters
    ----------
    executor : where refits are done; None: in process, or in local processes where that is faster

    Raises
    ------
    UsageError
        The runs are of different cities or target years.
    """
    check_same_place(before.run.dataset, after.run.dataset)
    parts = shared(before.run, after.run, executor=executor, progress=progress)
    rows = {r.target.key: r for r in after.run.attainment.rows}
    targets = []
    for key, row in rows.items():
        was, now = before.levels.get(key, Levels()), after.levels[key]
        status, found_parts = _parts(key, before, after, parts.get(key))
        targets.append(
            TargetNews(
                key=key,
                name_zh=row.name_zh,
                benchmark=row.benchmark,
                assessed=row.target.assessed,
                evidence=row.evidence,
                status=status,
                before=was,
                after=now,
                change=Delta.of(now.array() - was.array()),
                parts=found_parts,
            )
        )
    as_of = (before.run.paths.as_of.text, after.run.paths.as_of.text)
    return News(
        before=before.run.run_id,
        after=after.run.run_id,
        as_of=as_of,
        targets=tuple(targets),
        criterion=after.run.attainment.criterion,
    )


type _Named = tuple[Kind, Floats, tuple[Release, ...], str]


def _parts(
    key: TargetKey, before: NewsSide, after: NewsSide, split: Shared | None
) -> tuple[NewsStatus, tuple[Part, ...]]:
    """Parts of one target's change, which sum to it."""
    was, now = before.levels.get(key, Levels()).array(), after.levels[key].array()
    start, end = before.baseline.get(key, Levels()).array(), after.baseline[key].array()
    whole = now - was
    if np.isnan(was[2]) or np.isnan(now[2]):
        return _one_sided(bool(np.isnan(was[2])), bool(np.isnan(now[2]))), ()
    named: list[_Named] = [(Kind.SCENARIO, (now - end) - (was - start), (), "")]
    if split is None:
        named.append((Kind.UNSPLIT, end - start, (), ""))
    else:
        model = (split.start - start) + split.model + (end - split.end)
        named += [(Kind.TARGET, split.target, (), ""), (Kind.MODEL, model, (), "")]
        named.append((Kind.EXPECTED, split.expected, (), ""))
        named += [
            (Kind(s.origin.value) if s.origin else Kind.LINKED, s.value, s.releases, s.linked) for s in split.shares
        ]
    parts = _summing(named, whole)
    still = len(parts) == 1 and not np.nansum(np.abs(whole))
    status = NewsStatus.UNSPLIT if split is None else NewsStatus.NOTHING if still else NewsStatus.SPLIT
    return status, parts


def _one_sided(not_before: bool, not_after: bool) -> NewsStatus:
    if not_before and not_after:
        return NewsStatus.NEITHER
    return NewsStatus.NOT_BEFORE if not_before else NewsStatus.NOT_AFTER


def _summing(named: Sequence[_Named], whole: Floats) -> tuple[Part, ...]:
    """Parts in order, without those that are nothing, then the remainder; what rounding leaves is the largest's."""
    order = {kind: k for k, kind in enumerate(Kind)}
    values = [np.where(np.abs(value) < DUST, 0.0, value) for _, value, *_ in named]
    left = whole - np.sum(values, axis=0)
    dust = np.abs(left) < DUST
    for k in np.flatnonzero(dust):
        values[int(np.argmax([abs(value[k]) for value in values]))][k] += left[k]
    missing = np.where(np.isnan(whole), np.nan, 0.0)
    parts = [
        Part(kind=kind, delta=Delta.of(value + missing), releases=releases, linked=linked)
        for (kind, _, releases, linked), value in zip(named, values, strict=True)
        if releases or np.nansum(np.abs(value)) > 0.0
    ]
    parts.sort(key=lambda part: order[part.kind])
    return (*parts, Part(kind=Kind.MONTE_CARLO, delta=Delta.of(np.where(dust, 0.0, left) + missing)))
