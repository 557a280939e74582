"""A small city with ledgers and draws, for tests of what actions do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from forecast.data.dataset import Dataset
from forecast.data.ledger import Ledger
from forecast.data.panel import Indicator, Unit
from forecast.draws.paths import IndicatorPaths, Paths
from forecast.growth import cumulative
from forecast.inference.diagnostics import Diagnostics
from forecast.periods import AsOf, Frequency, Month
from forecast.scenario.effects import Evaluator, apply
from forecast.scenario.reader import Scenario, scenario_of
from forecast.scenario.world import World
from tests import handmade

YEAR = 2020
PROFILE = (0.13, 0.085, 0.083, 0.085, 0.088, 0.082, 0.083, 0.087, 0.087, 0.092, 0.098)
"""Base profile of industry of DOMAIN.md §8b.5: October to December weigh 0.277."""
MONTHLY = ("ind_va", "ind_output", "fai", "retail", "retail_above")
QUARTERLY = ("gdp", "constr")
QUARTERS = (0.22, 0.23, 0.26, 0.29)

ENTERPRISES = (
    # enterprise, county, industry, status, recoverable, base, growth, month, prob, ramp
    ("e1", "hanbin", "food", "halted", True, 6.0, -100.0, 10, 0.8, (0.3, 0.6, 0.8)),
    ("e2", "hanbin", "textile", "halted", True, 3.0, -80.0, 11, 0.5, ()),
    ("e3", "gaoxin", "food", "halted", False, 2.0, -100.0, None, np.nan, ()),
    ("e4", "xunyang", "mining", "half_halted", True, 4.0, -60.0, 10, 0.5, (0.5, 0.7)),
    ("e5", "xunyang", "mining", "reduced", None, 5.0, -30.0, None, np.nan, ()),
    ("e6", "hanbin", "food", "normal", None, 8.0, 5.0, None, np.nan, ()),
)
PROJECTS = (
    # project, county, total, plan, m09, m10, m11, m12, progress, started, start, library, fund, funded, prob
    ("p1", "hanbin", 20.0, 6.0, 0.5, 0.6, 0.7, 0.5, 60.0, True, 3, True, "专项债券", 50.0, 0.8),
    ("p2", "xunyang", 10.0, 4.0, 0.4, 0.5, 0.4, 0.3, 70.0, True, 4, True, "自筹", 90.0, 0.9),
    ("p3", "shibenji", 8.0, 3.0, 0.2, 0.3, 0.3, 0.2, 50.0, True, 5, False, "专项债券", 60.0, np.nan),
    ("p4", "hanbin", 30.0, 9.0, 0.0, 2.0, 3.0, 4.0, 0.0, False, 10, False, "专项债券", 40.0, 0.6),
    ("p5", "gaoxin", 12.0, 5.0, 0.0, 1.0, 2.0, 2.0, 0.0, False, 11, False, "自筹", 80.0, np.nan),
)
PIPELINE = (
    ("w1", "hanbin", "industry", "monthly", 0.10),
    ("w2", "xunyang", "trade", "monthly", 0.05),
    ("w3", "hanbin", "trade", "annual", 0.20),
)


def units() -> dict[str, Unit]:
    found = handmade.units()
    found["xunyang"] = Unit(unit="xunyang", name_zh="旬阳县", level="county", parent="ankang", counted_within=None)
    found["gaoxin"] = Unit(unit="gaoxin", name_zh="高新区", level="zone", parent="ankang", counted_within="hanbin")
    return found


def ledger(status: str = "synthetic") -> Ledger:
    enterprises = pd.DataFrame(
        ENTERPRISES,
        columns=pd.Index(
            [
                "enterprise",
                "county",
                "industry",
                "status",
                "recoverable",
                "base_output_yi",
                "ytd_growth_pct",
                "restart_month",
                "restart_prob",
                "ramp",
            ]
        ),
    )
    enterprises["recoverable"] = [row[4] for row in ENTERPRISES]
    enterprises["recoverable"] = enterprises["recoverable"].astype(object)
    cells = np.empty(len(ENTERPRISES), dtype=object)
    cells[:] = [None if row[7] is None else Month(YEAR, row[7]) for row in ENTERPRISES]
    enterprises["restart_month"] = cells
    enterprises["cause"] = "资金"
    projects = pd.DataFrame(
        PROJECTS,
        columns=pd.Index(
            [
                "project",
                "county",
                "total_invest_yi",
                "plan_year_invest_yi",
                "plan_m09_yi",
                "plan_m10_yi",
                "plan_m11_yi",
                "plan_m12_yi",
                "progress_pct",
                "started",
                "start_plan",
                "in_stat_library",
                "fund_source",
                "funded_pct",
                "completion_prob",
            ]
        ),
    )
    starts = np.empty(len(PROJECTS), dtype=object)
    starts[:] = [Month(YEAR, row[10]) for row in PROJECTS]
    projects["start_plan"] = starts
    pipeline = pd.DataFrame(
        PIPELINE, columns=pd.Index(["enterprise", "county", "sector", "channel", "expected_monthly_output_yi"])
    )
    for frame in (enterprises, projects, pipeline):
        frame["row_status"], frame["source"], frame["file"], frame["row"] = status, "示例台账", "x.csv", 2
    return Ledger(projects=projects, enterprises=enterprises, pipeline=pipeline)


def bases(sd_pct: float = 20.0, output_yi: float = 100.0) -> pd.DataFrame:
    rows: list[tuple[str, str, float, float]] = []
    levels = {"ind_output": output_yi, "ind_va": 30.0, "fai": 80.0, "retail": 50.0, "retail_above": 20.0}
    levels |= {"gdp": 120.0, "constr": 25.0}
    for indicator, level in levels.items():
        rows.append(("ankang", indicator, level, 0.05))
        if indicator not in ("gdp", "constr", "ind_output"):
            rows += [("hanbin", indicator, np.nan, 0.4), ("xunyang", indicator, np.nan, 0.2)]
            rows.append(("gaoxin", indicator, np.nan, 0.1))
    frame = pd.DataFrame(rows, columns=pd.Index(["unit", "indicator", "base_level_yi", "share_of_parent"]))
    frame["base_year"], frame["sd_pct"], frame["status"], frame["source"] = 2019, sd_pct, "estimated", "x"
    return frame


def industries() -> pd.DataFrame:
    rows = [
        ("industry", "ind_va", 0.30, 0.95, 0.1, 10.0),
        ("construction", "constr", 0.15, 0.9, 0.15, 5.0),
        ("wholesale_retail", "retail_above", 0.10, 0.7, 0.2, np.nan),
        ("services", "", 0.45, np.nan, np.nan, 4.0),
    ]
    frame = pd.DataFrame(
        [(name, driver, *[share] * 4, e, sd, cap) for name, driver, share, e, sd, cap in rows],
        columns=pd.Index(
            ["industry", "driver", *(f"share_q{q}" for q in range(1, 5)), "elasticity", "elasticity_sd", "cap_pp"]
        ),
    )
    frame["name_zh"] = frame["industry"]
    return frame


def dataset(
    *,
    sd_pct: float = 20.0,
    first: int = 10,
    output_yi: float = 100.0,
    book: Ledger | None = None,
    as_of: str = "2020-08",
) -> Dataset:
    indicators = {
        name: Indicator(
            indicator=name,
            name_zh=name,
            frequency=Frequency.MONTHLY if name in MONTHLY else Frequency.QUARTERLY,
            department="",
            team_zh="",
            revision_sd_pp=0.25,
            profile=PROFILE if name in MONTHLY else QUARTERS,
        )
        for name in (*MONTHLY, *QUARTERLY)
    }
    panel = replace(
        handmade.panel([]),
        units=units(),
        indicators=indicators,
        bases=bases(sd_pct, output_yi),
        industries=industries(),
    )
    config = handmade.config(folder=Path("/nowhere"), name="small", as_of=as_of, first_action_month=Month(YEAR, first))
    return Dataset(
        config=config, panel=panel, ledger=ledger() if book is None else book, targets=(), data_hash="0" * 16
    )


def paths(*, draws: int = 400, published: int = 7, seed: int = 1, as_of: str = "2020-08") -> Paths:
    """Draws of every indicator but ``constr`` and ``ind_output``; ``published`` monthly periods are out."""
    found = {}
    for name in ("gdp", "ind_va", "fai", "retail", "retail_above"):
        frequency = Frequency.MONTHLY if name in MONTHLY else Frequency.QUARTERLY
        profile = np.array(PROFILE if name in MONTHLY else QUARTERS)
        known = published if name in MONTHLY else (2 if published else 0)
        rng = np.random.default_rng([seed, len(name), ord(name[0]), ord(name[-1])])
        names = ["china", "shaanxi", "ankang", "hanbin", "xunyang"]
        common = 0.03 * rng.standard_normal((draws, 1, 1))
        own = 0.03 * rng.standard_normal((draws, len(names), 1))
        growth = -0.02 + common + own + 0.02 * rng.standard_normal((draws, len(names), len(profile)))
        growth[:, :, :known] = growth[:1, :, :known]
        weight = np.broadcast_to(profile, growth.shape).copy()
        cum = cumulative(growth, weight)
        out = np.full(growth.shape[1:], np.nan)
        out[:, :known] = cum[0, :, :known]
        coords = {"unit": names, "period": list(frequency.labels(YEAR))}
        dims = ("draw", "unit", "period")
        found[name] = IndicatorPaths(
            indicator=name,
            frequency=frequency,
            growth=xr.DataArray(growth, coords, dims),
            base_weight=xr.DataArray(weight, coords, dims),
            cum_yoy=xr.DataArray(cum, coords, dims),
            published=xr.DataArray(out, coords, dims[1:]),
            ess=float(draws),
            diagnostics=Diagnostics(method="fast", status="ok", observations=10),
        )
    return Paths(indicators=found, target_year=YEAR, as_of=AsOf.parse(as_of), seed=seed, method="fast")


def world(**changes: Any) -> World:
    mine = {name: changes.pop(name) for name in ("draws", "published", "seed") if name in changes}
    return World(paths=paths(**mine, as_of=changes.get("as_of", "2020-08")), dataset=dataset(**changes))


def scenario(one: World, *actions: Mapping[str, Any], **header: Any) -> Scenario:
    return scenario_of("test", actions, one.dataset, **header)


def evaluated(one: World, *actions: Mapping[str, Any], **header: Any) -> Paths:
    return apply(one.paths, Evaluator(world=one, scenario=scenario(one, *actions, **header)).effects())


def change(one: World, indicator: str, unit: str, *actions: Mapping[str, Any], **header: Any) -> np.ndarray:
    """Change of year-end growth, (draw,), fraction."""
    after = evaluated(one, *actions, **header).indicators[indicator].cum_yoy.sel(unit=unit).to_numpy()[:, -1]
    return after - one.paths.indicators[indicator].cum_yoy.sel(unit=unit).to_numpy()[:, -1]


def same(a: Paths, b: Paths) -> bool:
    """Whether two sets of paths agree bit for bit."""
    return all(
        np.array_equal(getattr(a.indicators[n], f).to_numpy(), getattr(b.indicators[n], f).to_numpy(), equal_nan=True)
        for n in a.indicators
        for f in ("cum_yoy", "growth", "published")
    )


def every_action() -> Sequence[Mapping[str, Any]]:
    """One valid action of every type."""
    return (
        {"type": "enterprise_restart", "select": {"status": "halted"}, "month": "2020-10"},
        {"type": "enterprise_stop", "enterprises": ["e6"], "month": "2020-11", "prob": 0.5},
        {"type": "enterprise_exit", "enterprises": ["e5"], "month": "2020-11", "keep_base": True},
        {"type": "new_entry", "channel": "monthly", "month": "2020-10", "select": {"channel": "monthly"}},
        {"type": "project_complete", "select": {"started": True}},
        {"type": "project_advance", "projects": ["p1"], "months": 2},
        {"type": "project_delay", "projects": ["p2"], "months": 1, "month": "2020-11"},
        {"type": "project_start", "select": {"started": False}},
        {"type": "bond_issue", "select": {"fund_source": "专项债券"}, "amount_yi": 1.0, "month": "2020-10"},
        {"type": "county_push", "unit": "hanbin", "indicator": "retail", "effect_pp": 5, "month": "2020-10"},
        {"type": "sector_fill", "industry": "services", "effect_pp": 2, "month": "2020-10"},
        {"type": "price_shift", "price": "cpi", "change_pp": 1, "month": "2020-10"},
        {"type": "benchmark_path", "indicator": "fai", "year_end_pct": 4.0},
        {"type": "base_revision", "indicator": "retail_above", "old_base_yi": 20.0, "new_base_yi": 21.0},
    )
