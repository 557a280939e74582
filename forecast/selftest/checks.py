"""What the self-test checks: arithmetic with known answers, files, a run, scenarios on it, determinism.

Every check is a function of the workbench that raises ``CheckError`` with what it found, and returns a line that says
what it saw. The known answers are worked by hand or published (DOMAIN fixtures); none is an output of this program.

Invariant: a check that is broken on purpose fails (held by ``tests/test_selftest.py``).

A small data set that the self-test writes: published growth of China, Shaanxi and Ankang in 2020.

Growth is real and published (sources in ``data/ankang-2020``); the ledger is synthetic and says so. Ankang's half-year
industry and first quarter are derived from published figures of 2021.

Invariant: it is read without a problem (held by ``tests/test_selftest.py``).

Runs the checks in a temporary folder and says what became of each.

Invariant: a check that fails, however it fails, is one line and does not stop the others
(held by ``tests/test_selftest.py``).
"""

from __future__ import annotations

import platform
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from forecast import __version__, growth
from forecast.dims import PERIOD, UNIT, brief

if TYPE_CHECKING:
    from forecast.runs.run import Run

_OBSERVATIONS: Final = {
    ("china", "ind_va"): "02 -13.5 03 -8.4 04 -4.9 05 -2.8 06 -1.3 07 -0.4 08 0.4",
    ("shaanxi", "ind_va"): "02 -7.1 03 -3.0 04 -0.6 05 1.4 06 1.0 07 0.3 08 0.8",
    ("ankang", "ind_va"): "03 -29.6 06 -21.8",
    ("china", "fai"): "02 -24.5 03 -16.1 04 -10.3 05 -6.3 06 -3.1 07 -1.6 08 -0.3",
    ("shaanxi", "fai"): "02 -30.9 03 -16.5 04 -6.8 05 -2.5 06 0.1 07 1.2 08 3.0",
    ("ankang", "fai"): "07 -15.6 08 -13.6",
}
_MONTHS: Final = "shaanxi,ind_va,2020-07,month_yoy_pct,-0.8 shaanxi,ind_va,2020-08,month_yoy_pct,7.1"
_DERIVED: Final = {("ankang", "ind_va"), ("ankang", "fai")}


def _observations() -> str:
    lines = ["unit,indicator,period,measure,value,released,status,source"]
    for (unit, indicator), text in _OBSERVATIONS.items():
        words = text.split()
        for month, value in zip(words[::2], words[1::2], strict=True):
            status = "derived" if (unit, indicator) in _DERIVED and month != "08" else "published"
            lines.append(f"{unit},{indicator},2020-{month},cum_yoy_pct,{value},,{status},统计部门")
    lines += [f"{row},,published,统计部门" for row in _MONTHS.split()]
    lines.append("ankang,ind_va,2020-08,cum_yoy_pct,X%,,published,讲话隐去")
    return "\n".join(lines) + "\n"


FILES: Final[Mapping[str, str]] = {
    "dataset.toml": """\
name = "selftest"
name_zh = "自检用小数据集"
city = "ankang"
province = "shaanxi"
target_year = 2020
as_of = "2020-08"
first_action_month = "2020-10"

[lights.gap]
green_from = 0.8
yellow_from = 0.5
""",
    "units.csv": """\
unit,name_zh,level,parent,counted_within
china,全国,nation,,
shaanxi,陕西省,province,china,
ankang,安康市,city,shaanxi,
hanbin,汉滨区,county,ankang,
""",
    "indicators.csv": """\
indicator,name_zh,frequency,department,team_zh,revision_sd_pp,profile
ind_va,规模以上工业增加值,monthly,市工信局,工业稳增长专班,0.28,.065;.065;.085;.083;.085;.088;.082;.083;.087;.087;.092;.098
fai,固定资产投资（不含农户）,monthly,市发改委,稳投资专班,0.3,
""",
    "observations.csv": _observations(),
    "targets.csv": """\
unit,indicator,kind,value,tolerance_pp,assessed,light_rule,source
ankang,ind_va,province_average,,2,true,gap,讲话
ankang,fai,province_average,,3,true,gap,讲话
""",
    "bases.csv": """\
unit,indicator,base_year,base_level_yi,share_of_parent,sd_pct,status,source
ankang,ind_va,2019,400,5%,0,estimated,估计
ankang,fai,2019,900,4%,0,estimated,估计
hanbin,ind_va,2019,120,30%,0,estimated,估计
""",
    "projects.csv": """\
project,name_zh,county,sector,team_zh,nature,总投资(亿元),年度计划投资(万元),ytd_invest_wan,plan_m10_wan,plan_m11_wan,plan_m12_wan,progress_pct,started,start_plan,in_stat_library,fund_source,funded_pct,blocker,completion_prob,delay_months,resp_unit,resp_person,row_status,source
p001,示例项目001,hanbin,工业,稳投资专班,continued,1.5,"12,000",6500,1000,1200,1300,65,true,2020-03,true,自筹,80,,0.8,0,示例单位01,责任人01,synthetic,示例台账
p002,示例项目002,hanbin,工业,稳投资专班,continued,2.0,X,6500,1000,1200,1300,65,true,2020-03,true,自筹,80,,0.8,0,示例单位01,责任人01,synthetic,示例台账
""",
    "pipeline.csv": """\
enterprise,name_zh,county,sector,channel,filing_deadline,expected_monthly_output_wan,exit_risk,resp_unit,resp_person,row_status,source
w001,示例培育企业001,hanbin,工业,annual,2020-11-30,3500,0.1,示例单位01,责任人01,synthetic,示例台账
""",
}

JANUARY: Final = "shaanxi,ind_va,2020-01,cum_yoy_pct,-3.0,,published,统计部门\n"
"""A row that must be refused: January is not published by itself."""

SCENARIOS: Final[Mapping[str, str]] = {
    "nothing": "name: nothing\ntitle: 不加措施\nactions: []\n",
    "annual": """\
name: annual
title: 年度渠道入库
actions:
  - {type: new_entry, channel: annual, month: 2020-11, select: {channel: annual}, prob: 1.0}
""",
    "fixed": """\
name: fixed
title: 全省固定
actions:
  - {type: benchmark_path, indicator: fai, year_end_pct: -4.0}
""",
}


def write_small(folder: Path, *, extra_observation: str = "") -> Path:
    """Write the data set, with one more observation if one is given."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        (folder / name).write_text(text + (extra_observation if name == "observations.csv" else ""), encoding="utf-8")
    return folder


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
            from forecast.runs.run import Request, run  # heavy

            data = write_small(self.folder / "data")
            self.kept["run"] = run(Request(dataset=data, seed=1, draws=DRAWS))
        made: Run = self.kept["run"]
        return made

    def studied(self) -> Any:
        """The scenarios on the draws of the run, made once."""
        if "study" not in self.kept:
            from forecast.runs.session import Session  # heavy

            files = []
            for name, text in SCENARIOS.items():
                path = self.folder / f"{name}.yaml"
                path.write_text(text, encoding="utf-8")
                files.append(path)
            self.kept["study"] = Session(self.run()).study(files)
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
    from forecast.data.dataset import read_dataset
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

    from forecast.report.files import write_run
    from forecast.tables.dossier import tables
    from forecast.tables.schema import schema

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
    from forecast.runs.run import Request, run

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What became of a check.

    detail : what was seen, or what was found instead
    seconds : wall time, what it made for later checks included
    """

    name: str
    passed: bool
    detail: str
    seconds: float

    __repr__ = brief


def selftest(
    *,
    progress: Callable[[Tested], None] = lambda _: None,
    checks: Mapping[str, Callable[[Workbench], str]] = CHECKS,
) -> list[Tested]:
    """Outcomes of all checks, in order. Everything is done in a temporary folder; no run is kept.

    Parameters
    ----------
    progress : called with every outcome as it comes
    """
    out = []
    with tempfile.TemporaryDirectory(prefix="dabiao-selftest-") as folder:
        bench = Workbench(folder=Path(folder))
        for name, check in checks.items():
            start = time.perf_counter()
            passed, detail = _tried(check, bench)
            out.append(Tested(name=name, passed=passed, detail=detail, seconds=time.perf_counter() - start))
            progress(out[-1])
    return out


def _tried(check: Callable[[Workbench], str], bench: Workbench) -> tuple[bool, str]:
    try:
        return True, check(bench)
    except CheckError as failed:
        return False, str(failed)
    except Exception as error:  # whatever is broken on this machine is what is looked for
        text = " ".join(str(error).split())
        return False, f"{type(error).__name__}: {text}" if text else type(error).__name__
