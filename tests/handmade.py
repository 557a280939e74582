"""A small data set and draws made by hand, for tests of what is said of draws."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from forecast.data.panel import Config, EvidenceRule, Indicator, LightRule, Panel, Unit, release_rule
from forecast.data.target import Target, TargetKind
from forecast.draws.paths import IndicatorPaths, Paths
from forecast.growth import cumulative
from forecast.inference.diagnostics import Diagnostics
from forecast.periods import AsOf, Frequency, Month, default_profile

YEAR = 2020
NAMES = {
    "gdp": ("生产总值", Frequency.QUARTERLY),
    "ind_va": ("规模以上工业增加值", Frequency.MONTHLY),
    "fai": ("固定资产投资（不含农户）", Frequency.MONTHLY),
    "retail": ("社会消费品零售总额", Frequency.MONTHLY),
    "retail_above": ("限上消费品零售额", Frequency.MONTHLY),
    "urban_inc": ("城镇居民人均可支配收入", Frequency.QUARTERLY),
    "culture_rev": ("规上文化企业营业收入", Frequency.QUARTERLY),
}


def printed(growth: np.ndarray, decimals: int = 1) -> np.ndarray:
    """Growth, fraction, as the bureau prints it, percent: halves away from zero, by decimal arithmetic."""
    step = Decimal(1).scaleb(-decimals)
    return np.array([float((Decimal(float(g)) * 100).quantize(step, ROUND_HALF_UP)) for g in growth])


def units(cities: int = 1) -> dict[str, Unit]:
    rows = [
        Unit(unit="china", name_zh="全国", level="nation", parent=None, counted_within=None),
        Unit(unit="shaanxi", name_zh="陕西省", level="province", parent="china", counted_within=None),
        Unit(unit="ankang", name_zh="安康市", level="city", parent="shaanxi", counted_within=None),
    ]
    rows += [
        Unit(unit=f"city{i}", name_zh=f"城市{i}", level="city", parent="shaanxi", counted_within=None)
        for i in range(1, cities)
    ]
    rows.append(Unit(unit="hanbin", name_zh="汉滨区", level="county", parent="ankang", counted_within=None))
    return {row.unit: row for row in rows}


def observation(
    unit: str,
    indicator: str,
    period: str,
    value: float,
    *,
    measure: str = "cum_yoy_pct",
    status: str = "published",
    released: dt.date | None = None,
) -> dict[str, object]:
    month = Month.parse(period)
    return {
        "unit": unit,
        "indicator": indicator,
        "period": month,
        "measure": measure,
        "value": value,
        "released": released or release_rule(month),
        "status": status,
        "source": "handmade",
        "file": "observations.csv",
        "row": 2,
    }


def panel(
    observations: Sequence[Mapping[str, object]],
    *,
    cities: int = 1,
    profiles: Mapping[str, tuple[float, ...]] | None = None,
) -> Panel:
    columns = ["unit", "indicator", "period", "measure", "value", "released", "status", "source", "file", "row"]
    frame = pd.DataFrame([dict(o) for o in observations], columns=pd.Index(columns))
    frame["value"] = frame["value"].astype(np.float64)
    indicators = {
        name: Indicator(
            indicator=name,
            name_zh=name_zh,
            frequency=frequency,
            department="统计局",
            team_zh="",
            revision_sd_pp=0.25,
            profile=(profiles or {}).get(name),
        )
        for name, (name_zh, frequency) in NAMES.items()
    }
    return Panel(
        units=units(cities), indicators=indicators, observations=frame, bases=pd.DataFrame(), industries=pd.DataFrame()
    )


def config(**changes: object) -> Config:
    values: dict[str, object] = {
        "folder": Path(),
        "name": "ankang-2020",
        "name_zh": "安康市2020年",
        "city": "ankang",
        "province": "shaanxi",
        "target_year": YEAR,
        "as_of": "2020-08",
        "first_action_month": Month(YEAR, 10),
        "synthetic": False,
        "lights": {"gap": LightRule(rule="gap", green_from=0.8, yellow_from=0.5)},
        "evidence": EvidenceRule(),
        "files": {},
    }
    return Config(**(values | changes))  # type: ignore[arg-type]


def target(
    indicator: str,
    *,
    unit: str = "ankang",
    kind: TargetKind = TargetKind.PROVINCE_AVERAGE,
    value: float | None = None,
    tolerance_pp: float = 2.0,
    assessed: bool = True,
) -> Target:
    return Target(
        unit=unit,
        indicator=indicator,
        kind=kind,
        value=value,
        tolerance_pp=tolerance_pp,
        assessed=assessed,
        light_rule="gap",
        source="handmade",
    )


def indicator_paths(
    indicator: str,
    growth: Mapping[str, np.ndarray],
    *,
    published: Mapping[str, Mapping[int, float]] | None = None,
    status: str = "ok",
    ess: float = 1000.0,
) -> IndicatorPaths:
    """Paths of one indicator from single-period growth (draw, period) of every unit.

    ``published``: unit -> position of the period -> cumulative growth, fraction.
    """
    frequency = NAMES[indicator][1]
    names = list(growth)
    draws = np.stack([np.asarray(growth[name], dtype=np.float64) for name in names], axis=1)
    weight = np.broadcast_to(default_profile(frequency), draws.shape).copy()
    cum = cumulative(draws, weight)
    known = np.full(draws.shape[1:], np.nan)
    for unit, figures in (published or {}).items():
        for position, value in figures.items():
            known[names.index(unit), position] = value
            cum[:, names.index(unit), position] = value
    coords = {"draw": np.arange(len(draws)), "unit": names, "period": list(frequency.labels(YEAR))}

    def array(values: np.ndarray) -> xr.DataArray:
        return xr.DataArray(values, dims=("draw", "unit", "period"), coords=coords)

    return IndicatorPaths(
        indicator=indicator,
        frequency=frequency,
        growth=array(draws),
        base_weight=array(weight),
        cum_yoy=array(cum),
        published=xr.DataArray(
            known, dims=("unit", "period"), coords={name: coords[name] for name in ("unit", "period")}
        ),
        ess=ess,
        diagnostics=Diagnostics(method="fast", status=status, observations=10),
    )


def paths(*indicators: IndicatorPaths, as_of: str = "2020-08", seed: int = 1) -> Paths:
    return Paths(
        indicators={one.indicator: one for one in indicators},
        target_year=YEAR,
        as_of=AsOf.parse(as_of),
        seed=seed,
        method="fast",
    )


def normal_growth(
    rng: np.random.Generator, mean: float, sd: float, *, draws: int = 400, periods: int = 11
) -> np.ndarray:
    """Single-period growth, fraction, the same shock in all periods of a draw plus small noise."""
    return mean + sd * rng.standard_normal((draws, 1)) + 0.001 * rng.standard_normal((draws, periods))
