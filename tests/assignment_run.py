"""A run on the small city whose ledgers have names, units and people, for tests of what is handed out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from forecast.answers.attainment import attain
from forecast.runs.run import Request, Run
from forecast.runs.session import Assignments, Session, Wanted
from forecast.scenario.world import World
from tests import handmade
from tests import scenario_world as sw

INJECTION = '=HYPERLINK("http://x","点我")'


def ledger():
    book = sw.ledger()
    for frame, key in ((book.projects, "project"), (book.enterprises, "enterprise"), (book.pipeline, "enterprise")):
        frame["name_zh"] = [f"示例{name}" for name in frame[key]]
        frame["team_zh"] = "稳投资专班"
        frame["resp_unit"], frame["resp_person"] = "示例单位01", "责任人01"
        frame["sector_zh"] = "工业"
    book.projects["sector"] = "industry"
    book.projects.loc[0, "name_zh"] = INJECTION
    book.projects.loc[1, "resp_person"] = "@SUM(A1)"
    return book


def world() -> World:
    return sw.world(draws=200, book=ledger())


def finished() -> Run:
    """Figures of two units published through August; of three counties for the lists."""
    one = world()
    rows = [
        handmade.observation(unit, name, f"2020-{m:02d}", value)
        for unit, value in (("shaanxi", 1.0), ("ankang", -6.0))
        for name in ("ind_va", "fai", "retail")
        for m in range(2, 9)
    ]
    rows += [handmade.observation(u, "gdp", p, -1.0) for u in ("shaanxi", "ankang") for p in ("2020-03", "2020-06")]
    rows += [handmade.observation(u, "fai", "2020-08", v) for u, v in (("hanbin", -20.0), ("xunyang", 5.0))]
    panel = replace(one.dataset.panel, observations=handmade.panel(rows).observations)
    targets = tuple(handmade.target(name) for name in ("gdp", "ind_va", "fai", "retail"))
    config = replace(one.dataset.config, naming=replace(one.dataset.config.naming, least=2, name_last=1))
    dataset = replace(one.dataset, panel=panel, targets=targets, config=config)
    return Run(
        run_id="small",
        request=Request(dataset=Path("small")),
        dataset=dataset,
        paths=one.paths,
        attainment=attain(one.paths, panel, targets, config),
        fits=one.paths.indicators,
        remarks={},
        keys={},
        order={},
    )


def assigned(**wanted: object) -> Assignments:
    return Session(finished()).assignments(Wanted(**wanted))  # type: ignore[arg-type]
