"""A dossier of the small city with ledgers, two scenarios and a backtest, for tests of what is handed on."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import pandas as pd

from forecast.answers.attainment import attain
from forecast.runs.run import Run
from forecast.runs.session import Session
from forecast.tables.dossier import Dossier, gather
from forecast.tables.kind import Kind
from forecast.tables.schema import schema
from tests import assignment_run as ar

SCENARIOS = {
    "restart": "name: restart\ntitle: 停产企业复产\nactions:\n"
    "  - {type: enterprise_restart, id: r, select: {status: halted}}\n",
    "push": "name: push\ntitle: 投资发力\nactions:\n"
    "  - {type: county_push, id: p, unit: ankang, indicator: fai, effect_pp: 20, month: 2020-10}\n",
}


def scores() -> pd.DataFrame:
    """Scores of a made-up backtest."""
    row: dict[str, object] = {c.name: 40 if c.kind is Kind.WHOLE else 0.5 for c in schema("scores")}
    row |= {"level": "city", "months_left_from": 0, "months_left_to": 12, "forecaster": "model", "outcomes": 12}
    row |= {"enough": "yes", "indicator": None, "cases": 40, "run_id": "b", "data_hash": "other"}
    row |= {"scenario_hash": "0", "model_version": "0", "seed": 1}
    return pd.DataFrame([row])[[column.name for column in schema("scores")]]


def pooled_run() -> Run:
    """The run with GDP pooled with its industries before it is judged, as runs are."""
    run = ar.finished()
    paths = Session(run).world.paths
    dataset = run.dataset
    return replace(run, paths=paths, attainment=attain(paths, dataset.panel, dataset.targets, dataset.config))


@cache
def dossier() -> Dossier:
    """Gathered once: a run with synthetic ledgers, published growth, two scenarios."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name, text in SCENARIOS.items():
            path = Path(folder) / f"{name}.yaml"
            path.write_text(text, encoding="utf-8")
            files.append(path)
        return gather(pooled_run(), files, backtest={"scores": scores()}, given=("fai.shaanxi>=4",))


@cache
def bare() -> Dossier:
    """The same without scenarios and backtest."""
    found = dossier()
    comparison = replace(found.study.comparison, results=())
    plain = replace(found.study, comparison=comparison, traces={}, contributions={}, ranges={})
    return replace(found, study=plain, backtest={}, explored=())


@cache
def synthetic() -> Dossier:
    """The same with a data set that is synthetic altogether."""
    found = dossier()
    run = found.run
    dataset = replace(run.dataset, config=replace(run.dataset.config, synthetic=True))
    return replace(found, study=replace(found.study, run=replace(run, dataset=dataset)))
