"""Other ledgers with the same published totals: how much a group's effect owes to rows that were made up.

A data set with synthetic ledgers may hold ``regenerated/<table>.csv.gz``: the columns of the ledger and ``ledger``, the
number of the draw. Nothing here runs code of a data set.

Invariant: ids and totals of every draw are those of its own ledger (held by ``tests/test_regenerated.py``).
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from forecast.answers.chances import Case, Criterion, Ends, ends, median_pp
from forecast.data.dataset import Dataset
from forecast.data.ledger import Ledger, read_enterprises, read_pipeline, read_projects
from forecast.data.reading.problems import Problems, table_of_rows
from forecast.draws.paths import reordered
from forecast.scenario.actions import ACTIONS, Measure
from forecast.scenario.actions.placed import picked, place_names
from forecast.scenario.effects import Effects, Evaluator, World, year_ends
from forecast.scenario.reader import Scenario

FOLDER: Final = "regenerated"
DRAWS: Final = 1000
"""Draws that a range is taken over."""
TABLES: Final = ("projects", "enterprises", "pipeline")


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Least and greatest over regenerated ledgers.

    growth_pp : change of year-end growth of the city, points; reach, near : change of the probabilities, fractions
    """

    ledgers: int
    growth_pp: tuple[float, float]
    reach: tuple[float, float]
    near: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Others:
    """Draws on the own ledger and on others with the same totals."""

    own: World
    worlds: tuple[World, ...]


def by_group(measure: Measure) -> bool:
    """Whether an action picks rows of a ledger by their columns."""
    return ACTIONS[measure.type].ledger is not None and getattr(measure.action, "select", None) is not None


def rows_picked(measure: Measure, dataset: Dataset) -> pd.DataFrame:
    """Rows of its ledger that an action picks; none where it is on no ledger."""
    ledger, action = ACTIONS[measure.type].ledger, measure.action
    if ledger is None:
        return pd.DataFrame()
    frame: pd.DataFrame = getattr(dataset.ledger, ledger.table)
    return frame.iloc[picked(frame, ledger.key, getattr(action, ledger.ids), action.select, place_names(dataset))]


def rests_on_synthetic(measure: Measure, dataset: Dataset) -> bool:
    """Whether any row of an action is synthetic."""
    if dataset.config.synthetic:
        return True
    rows = rows_picked(measure, dataset)
    return not rows.empty and bool((rows["row_status"] == "synthetic").any())


def ledgers(dataset: Dataset) -> tuple[Ledger, ...]:
    """Regenerated ledgers of a data set, in order; none where it has no such files."""
    found: dict[str, dict[str, list[list[str]]]] = {}
    headers: dict[str, list[str]] = {}
    for table in TABLES:
        path = dataset.config.folder / FOLDER / f"{table}.csv.gz"
        if not path.is_file():
            return ()
        rows = csv.reader(io.StringIO(gzip.decompress(path.read_bytes()).decode("utf-8-sig")))
        header = next(rows)
        at = header.index("ledger")
        headers[table] = [name for name in header if name != "ledger"]
        for row in rows:
            found.setdefault(row[at], {}).setdefault(table, []).append(row[:at] + row[at + 1 :])
    return tuple(_ledger(dataset, headers, found[number]) for number in sorted(found, key=int))


def _ledger(dataset: Dataset, headers: Mapping[str, list[str]], rows: Mapping[str, list[list[str]]]) -> Ledger:
    problems = Problems()
    units, year = dataset.panel.units, dataset.config.target_year
    frames = {}
    for table in TABLES:
        listed = [(1, headers[table]), *((k, row) for k, row in enumerate(rows[table], 2))]
        raw = table_of_rows(table, f"{FOLDER}/{table}.csv.gz", listed, problems)
        if raw is None:
            continue
        if table == "projects":
            frames[table] = read_projects(raw, problems, units=units, year=year)
        elif table == "enterprises":
            frames[table] = read_enterprises(raw, problems, units=units, year=year)
        else:
            frames[table] = read_pipeline(raw, problems, units=units)
    problems.check()
    return Ledger(**frames)


def others_of(world: World) -> Others:
    """The worlds with other ledgers of a data set; none where it has no such files.

    Ranges of means need fewer draws than probabilities: every so many-th draw is taken, ``DRAWS`` in all.
    """
    step = max(world.draws // DRAWS, 1)
    return with_ledgers(_thinned(world, step), ledgers(world.dataset))


def with_ledgers(world: World, found: Sequence[Ledger]) -> Others:
    """A world, and the same draws on other ledgers."""
    return Others(own=world, worlds=tuple(_on(world, ledger) for ledger in found))


def _on(world: World, ledger: Ledger) -> World:
    return World(paths=world.paths, dataset=replace(world.dataset, ledger=ledger))


def _thinned(world: World, step: int) -> World:
    if step == 1:
        return world
    chosen = np.arange(0, world.draws, step)
    kept = {name: reordered(one, chosen, one.ess / step) for name, one in world.paths.indicators.items()}
    return World(paths=replace(world.paths, indicators=kept), dataset=world.dataset)


def ranges(others: Others, scenario: Scenario, judged: Sequence[Case]) -> dict[tuple[str, str, str], Range]:
    """Range of a scenario's effect on every case when rows picked by group come from other ledgers.

    Actions that name their rows keep them. Empty where no action picks synthetic rows by group, or there is no other
    ledger.
    """
    own = others.own
    group = [m.id for m in scenario.actions if by_group(m) and rests_on_synthetic(m, own.dataset)]
    if not group or not others.worlds:
        return {}
    rest = Evaluator(world=own, scenario=scenario).effects([m.id for m in scenario.actions if m.id not in group])
    before = ends(year_ends(own.paths), judged)
    seen = []
    for other in others.worlds:
        effects = _joined(Evaluator(world=other, scenario=scenario.only(group)).effects(), rest)
        now = ends(year_ends(own.paths, effects), judged)
        seen.append([_moved(at, now, before) for at in range(len(judged))])
    low, high = np.min(seen, axis=0), np.max(seen, axis=0)
    out = {}
    for k, case in enumerate(judged):
        pairs = [(float(a), float(b)) for a, b in zip(low[k], high[k], strict=True)]
        out[case.key] = Range(ledgers=len(others.worlds), growth_pp=pairs[0], reach=pairs[1], near=pairs[2])
    return out


def _moved(at: int, now: Ends, before: Ends) -> tuple[float, float, float]:
    """Change of growth, points, and of both probabilities."""
    reach, near = (
        float(now.hits(at, criterion).mean() - before.hits(at, criterion).mean())
        for criterion in (Criterion.REACH, Criterion.NEAR)
    )
    return median_pp(now.own[at]) - median_pp(before.own[at]), reach, near


def _joined(a: Effects, b: Effects) -> Effects:
    added = dict(a.added)
    for key, value in b.added.items():
        added[key] = added[key] + value if key in added else value
    return Effects(added=added, fixed={**a.fixed, **b.fixed}, rebased={**a.rebased, **b.rebased})
