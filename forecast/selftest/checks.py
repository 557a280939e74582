"""What the self-test checks: arithmetic with known answers, files, a run, scenarios on it, determinism.

Every check is a function of the workbench that raises ``CheckError`` with what it found, and returns a line that says
what it saw. The known answers are worked by hand or published (DOMAIN fixtures); none is an output of this program.

Invariant: a check that is broken on purpose fails (held by ``tests/test_selftest.py``).
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from forecast import __version__, growth
from forecast.dims import PERIOD, UNIT
from forecast.selftest.small import JANUARY, SCENARIOS, write_small

if TYPE_CHECKING:
    from forecast.run import Run

__all__ = ["CHECKS", "LIBRARIES", "CheckError", "Workbench"]

LIBRARIES: Final = (
    *("numpy", "scipy", "pandas", "xarray", "pymc", "arviz", "nutpie", "numba", "pydantic", "ruamel.yaml"),
    *("typer", "rich", "openpyxl", "xlsxwriter", "docxtpl", "pyarrow", "netCDF4", "sqlalchemy", "streamlit", "altair"),
    "vl-convert-python",
)
"""Libraries without which some command does not work."""
DRAWS: Final = 1000


class CheckError(Exception):
    """A check found something else than it should have; the text says what."""


@dataclass(slots=True, kw_only=True)
class Workbench:
    """A folder for files, and what earlier checks made for later ones."""

    folder: Path
    kept: dict[str, Any] = field(default_factory=dict)

    def run(self) -> Run:
        """The small data set's run, made once."""
        if "run" not in self.kept:
            from forecast.run import Request, run  # heavy

            data = write_small(self.folder / "data")
            self.kept["run"] = run(Request(dataset=data, seed=1, draws=DRAWS))
        made: Run = self.kept["run"]
        return made

    def studied(self) -> Any:
        """The scenarios on the draws of the run, made once."""
        if "study" not in self.kept:
            from forecast.study import study  # heavy

            files = []
            for name, text in SCENARIOS.items():
                path = self.folder / f"{name}.yaml"
                path.write_text(text, encoding="utf-8")
                files.append(path)
            self.kept["study"] = study(self.run(), files)
        return self.kept["study"]


def _same(found: object, expected: object, what: str) -> None:
    if found != expected:
        raise CheckError(f"{what}: {found}, {expected} expected")


def _near(found: float, expected: float, what: str, *, within: float = 0.05) -> None:
    if not abs(found - expected) <= within:
        raise CheckError(f"{what}: {found:.4g}, {expected:g} expected")


def versions(_: Workbench) -> str:
    """All libraries are installed."""
    found = {name: _version(name) for name in LIBRARIES}
    missing = [name for name, one in found.items() if one is None]
    if missing:
        raise CheckError(f"not installed: {', '.join(missing)}")
    parts = [f"dabiao {__version__}", f"python {platform.python_version()}"]
    return ", ".join([*parts, *(f"{name} {one}" for name, one in found.items())])


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def texts(_: Workbench) -> str:
    """Catalogues of both languages are there and have the same texts."""
    from forecast.texts import catalogue

    zh, en = catalogue("zh"), catalogue("en")
    _same(sorted(zh.keys() ^ en.keys()), [], "texts in one language only")
    return f"{len(zh)}"


def required(_: Workbench) -> str:
    """Growth that the rest of the year must average."""
    cases = ((-13.6, 0.70, 1.0, 35.1), (-13.6, 0.70, 3.0, 41.7), (-12.2, 0.43, 2.2, 13.1), (-10.1, 0.64, 0.0, 18.0))
    for cum, weight, target, expected in cases:
        found = 100 * float(growth.required_growth(target / 100, cum / 100, weight))
        _near(round(found, 1), expected, f"required growth for {target:+} from {cum:+}", within=1e-9)
    return "35.1, 41.7, 13.1, 18.0 %"


def pulls(_: Workbench) -> str:
    """Pulls of groups add up to the growth of the total (Zhangye, February 2022)."""
    share, rate = [0.282, 0.309, 0.395], [0.078, 0.430, -0.038]
    _near(100 * float(growth.total_growth(share, rate)), 14.0, "sum of pulls")
    each = [round(100 * float(p), 1) for p in growth.pull(share, rate)]
    _same(each, [2.2, 13.3, -1.5], "pulls")
    return "2.2 + 13.3 - 1.5 = 14.0"


def two_years(_: Workbench) -> str:
    """Growth of 2020 from two-year averages of 2021 (Ankang), and the cross-check by Hanbin."""
    half, quarter = (100 * float(growth.previous_growth(a, g)) for a, g in ((-0.087, 0.066), (-0.121, 0.098)))
    _near(half, -21.8, "first half of 2020")
    _near(quarter, -29.6, "first quarter of 2020")
    _near(half, -15.2 - 6.6, "by Hanbin")
    return "-21.8, -29.6 %"


def levels(_: Workbench) -> str:
    """The ratio of published levels is not the published growth (Shaanxi GDP, 2020)."""
    ratio = 100 * float(growth.level_growth(26181.86, 25793.17))
    _near(ratio, 1.5, "ratio of levels")
    if abs(ratio - 2.2) < 0.5:
        raise CheckError("the ratio of levels passes for the published growth of 2.2")
    return "1.5 / 2.2 %"


def restart(_: Workbench) -> str:
    """Restarted firms lift the year by what is left of it."""
    weights = np.array([0.087, 0.092, 0.098])
    for recovery, expected in (((1.0,), 2.7), ((0.6,), 1.6), ((0.3, 0.6, 0.8), 1.5)):
        ramp = np.resize(recovery, 3)
        found = 100 * float(growth.restart_lift(0.096, weights, ramp))
        _near(round(found, 1), expected, f"lift at {recovery}", within=1e-9)
    return "2.7, 1.6, 1.5 pp"


def leaving(_: Workbench) -> str:
    """A firm that leaves with its base, or without."""
    kept = 100 * float(growth.exit_keeping_base(0.05, 0.02))
    _near(kept, -3.1, "base kept", within=1e-9)
    _near(100 * float(growth.exit_with_base(0.02)), 2.0, "base removed", within=1e-9)
    entered = float(growth.entrant_lift(5.0, base_total=100.0, channel=growth.EntryChannel.ANNUAL))
    _same(entered, 0.0, "lift through the annual channel")
    return "-3.1 / +2.0 %, 0"


def cells(bench: Workbench) -> str:
    """Units of money are read from headers; masked cells are missing, not zero."""
    book = bench.run().dataset.ledger.projects
    first, second = book.iloc[0], book.iloc[1]
    _near(float(first["total_invest_yi"]), 1.5, "total investment, 亿元", within=1e-9)
    _near(float(first["plan_year_invest_yi"]), 1.2, "plan of the year, 万元 as 亿元", within=1e-9)
    if not np.isnan(float(second["plan_year_invest_yi"])):
        raise CheckError(f"a masked plan was read as {second['plan_year_invest_yi']}")
    seen = bench.run().dataset.panel.observations
    august = seen[(seen["unit"] == "ankang") & (seen["indicator"] == "ind_va") & seen["value"].isna()]
    _same(len(august), 1, "masked observations")
    return "1.5 / 1.2, X"


def january(bench: Workbench) -> str:
    """A January by itself is refused with an explanation; January-February as one period is read."""
    from forecast.dataset import read_dataset
    from forecast.errors import InputError

    try:
        read_dataset(write_small(bench.folder / "january", extra_observation=JANUARY))
    except InputError as error:
        codes = [problem.code for problem in error.problems]
        _same(len(codes), 1, "problems")
        return codes[0]
    raise CheckError("a lone January was accepted")


def published(bench: Workbench) -> str:
    """Published growth stands in every draw; what is open moves, and growth is legal."""
    paths = bench.run().paths.indicators["fai"]
    _same(dict(bench.run().failures), {}, "failed fits")
    cum = paths.cum_yoy.sel({UNIT: "ankang", PERIOD: "2020-08"}).to_numpy()
    if np.ptp(cum) != 0.0 or abs(float(cum[0]) + 0.136) > 1e-12:
        raise CheckError(f"-13.6 to date is {100 * cum.min():.2f} to {100 * cum.max():.2f} in the draws")
    end = paths.cum_yoy.isel({PERIOD: -1}).to_numpy()
    if not (np.isfinite(end).all() and end.min() > -1.0 and end.std() > 0.0):
        raise CheckError("year-end growth is not legal, or does not vary")
    return f"{100 * end.mean():.1f} ± {100 * end.std():.1f} %"


def probability(bench: Workbench) -> str:
    """The probability is the share of paired draws, and no pairing would give another."""
    run = bench.run()
    row = next(r for r in run.attainment.rows if r.target.indicator == "fai")
    ends = run.paths.indicators["fai"].cum_yoy.isel({PERIOD: -1})
    gap = (ends.sel({UNIT: "ankang"}) - ends.sel({UNIT: "shaanxi"})).to_numpy()
    if row.p_near is None or row.p_reach is None:
        raise CheckError("no probability, although both places are published")
    _near(row.p_near, float((np.round(100 * gap, 9) >= -3.0).mean()), "share of draws", within=0.02)
    ours, theirs = (ends.sel({UNIT: u}).to_numpy() for u in ("ankang", "shaanxi"))
    correlation = float(np.corrcoef(ours, theirs)[0, 1])
    apart = float(np.hypot(ours.std(), theirs.std()))
    if not (correlation > 0.05 and gap.std() < apart):
        raise CheckError(f"city and province do not move together: correlation {correlation:.2f}")
    return f"r = {correlation:.2f}"


def residual(bench: Workbench) -> str:
    """Figures that contradict each other (Shaanxi industry 2020) do not throw the model."""
    now, before = (7 / 12, 6 / 12)
    off = 100 * float(growth.identity_residual(0.003, 0.010, -0.008, weight_now=now, weight_before=before))
    _near(off, -0.44, "residual of July 2020", within=0.01)
    paths = bench.run().paths.indicators["ind_va"]
    months = paths.growth.sel({UNIT: "shaanxi"}).to_numpy()[:, 1:7].mean(0) * 100
    if np.abs(months).max() > 20.0:
        raise CheckError(f"a single month is {months.max():.1f} %")
    return f"{off:.2f} pp"


def nothing_and_annual(bench: Workbench) -> str:
    """An empty scenario is the baseline, and entry through the annual channel adds exactly nothing this year."""
    comparison = bench.studied().comparison
    for name in ("nothing", "annual"):
        if _gaps_moved(comparison, name):
            raise CheckError(f"draws of the gap differ from the baseline: {name}")
    return "="


def moving_target(bench: Workbench) -> str:
    """A province held fixed gives another probability than one that moves with the city."""
    if not _gaps_moved(bench.studied().comparison, "fixed"):
        raise CheckError("a fixed province changes nothing")
    return "≠"


def _gaps_moved(comparison: Any, name: str) -> bool:
    """Whether a scenario changes any draw of any gap."""
    result = next(r for r in comparison.results if r.scenario.name == name)
    return not all(np.array_equal(gap, comparison.baseline.gaps[key]) for key, gap in result.gaps.items())


def files(bench: Workbench) -> str:
    """A run's directory has all tables with their columns, and no probability of 0 or 1."""
    import pandas as pd

    from forecast.report.files import tables, write_run
    from forecast.report.schema import schema

    out = bench.folder / "out"
    write_run(bench.run(), out)
    names = sorted(tables(bench.run()))
    for name in names:
        read = pd.read_csv(out / f"{name}.csv", encoding="utf-8-sig")
        _same(list(read.columns), [column.name for column in schema(name)], f"columns of {name}.csv")
    for name in ("p_reach", "p_near"):
        values = pd.read_csv(out / "attainment.csv", encoding="utf-8-sig")[name].dropna()
        if not ((values > 0.0) & (values < 1.0)).all():
            raise CheckError(f"{name} is written as 0 or 1")
    return ", ".join(names)


def same_again(bench: Workbench) -> str:
    """The same request gives the same digits."""
    from forecast.run import Request, run

    again = run(Request(dataset=bench.folder / "data", seed=1, draws=DRAWS))
    for name, one in bench.run().paths.indicators.items():
        if not np.array_equal(one.cum_yoy.to_numpy(), again.paths.indicators[name].cum_yoy.to_numpy()):
            raise CheckError(f"{name} differs")
    _same(again.run_id, bench.run().run_id, "name of the run")
    return again.run_id


CHECKS: Final[Mapping[str, Callable[[Workbench], str]]] = {
    "versions": versions,
    "texts": texts,
    "required": required,
    "pulls": pulls,
    "two_years": two_years,
    "levels": levels,
    "restart": restart,
    "leaving": leaving,
    "cells": cells,
    "january": january,
    "published": published,
    "probability": probability,
    "residual": residual,
    "nothing_and_annual": nothing_and_annual,
    "moving_target": moving_target,
    "files": files,
    "same_again": same_again,
}
"""All checks by name, in order; their texts are in the catalogue ``selftest``."""
