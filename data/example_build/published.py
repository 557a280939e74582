"""What is published of the truth: every file of ``data/example`` but ledgers and truth.

Invariant: published cumulative growth is the true one plus revision noise and rounding, but for the one named
revision and the one named gap (held by ``tests/test_data_example.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from example_build.ledgers import FARM_TEAM, INDUSTRY_TEAM, INVEST_TEAM, SERVICE_TEAM
from example_build.truth import (
    APART_SHARE,
    AR_COEFFICIENT,
    BASE_YEAR,
    CITY_SHARE,
    COMMON_SHARE,
    COUNTIES,
    ENDS,
    FIRST_YEAR,
    KIN_SHARE,
    KINDS,
    OUTLIER_RATE,
    PARTS,
    PROVINCE_SHARE,
    SCALES,
    SERIES,
    SHOCK_2017,
    SLOPE_DAMPING,
    TARGET_YEAR,
    TURN_MONTH,
    TURNING,
    UNITS,
    Floats,
    Truth,
    cumulative_growth,
    span,
    stream,
)

REVISION_SD_PP: Mapping[str, float] = {"monthly": 0.2, "quarterly": 0.1, "shifted": 0.2}
MONTH_SD_PP = 0.3
"""Noise of published single-month growth: it never agrees with the cumulative figures to the digit."""
SCOPE_SD = 0.015
"""Levels of two years differ in scope and prices by about this much, so their ratio is not the growth."""
MONTH_GROWTH = ("ind_va", "retail")
LEVELS = ("gdp", "retail", "fiscal_rev", "fdi")
REVISED = ("city", "fai", "2020-05", "2020-06-18", "2020-08-26", 0.9)
"""Unit, indicator, period, first release, second release, and by how much the first figure was off, points."""
MISSING = ("city", "retail_above", "2019-07")
STATUS, SOURCE = "synthetic", "示例生成"

NUMERALS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")
NAMES: Mapping[str, str] = {
    "nation": "示例国",
    "province": "示例省",
    "city": "示例市",
    **dict(zip(COUNTIES, (f"示例{n}县" for n in NUMERALS), strict=True)),
    "zone01": "示例开发区",
}
INDICATORS: Mapping[str, tuple[str, str, str, float, bool, float]] = {
    # name, department, team, tolerance of 接近 (points), assessed, plan (percent)
    "gdp": ("地区生产总值", "发改部门", INVEST_TEAM, 1.0, True, 7.5),
    "ind_va": ("规模以上工业增加值", "工信部门", INDUSTRY_TEAM, 2.0, True, 8.0),
    "fai": ("固定资产投资（不含农户）", "发改部门", INVEST_TEAM, 3.0, True, 10.0),
    "retail": ("社会消费品零售总额", "商务部门", SERVICE_TEAM, 2.0, True, 9.0),
    "retail_above": ("限额以上消费品零售额", "商务部门", SERVICE_TEAM, 2.0, False, 8.0),
    "urban_inc": ("城镇居民人均可支配收入", "人社部门", SERVICE_TEAM, 0.5, True, 7.5),
    "rural_inc": ("农村居民人均可支配收入", "农业农村部门", FARM_TEAM, 0.5, True, 8.0),
    "fiscal_rev": ("地方一般公共预算收入", "财政部门", INVEST_TEAM, 3.0, True, 6.0),
    "fdi": ("实际利用外资", "商务部门", SERVICE_TEAM, 5.0, True, 8.0),
    "ind_power": ("工业用电量", "工信部门", INDUSTRY_TEAM, 2.0, False, 5.0),
    "culture_rev": ("规模以上文化企业营业收入", "宣传部门", SERVICE_TEAM, 3.0, True, 9.0),
    "service_rev": ("规模以上服务业营业收入", "发改部门", SERVICE_TEAM, 2.0, True, 10.0),
}
INDUSTRIES = (
    # industry, name, share of the GDP of each quarter, driver, elasticity, its sd, cap (points), difficulty
    ("agri", "农林牧渔业", (0.07, 0.11, 0.16, 0.18), "", "", "", 1.0, 4),
    ("industry", "工业", (0.33, 0.32, 0.31, 0.30), "ind_va", 0.95, 0.10, 4.0, 3),
    ("construction", "建筑业", (0.10, 0.13, 0.13, 0.14), "fai", 0.60, 0.20, 6.0, 2),
    ("wholesale_retail", "批发和零售业", (0.08, 0.07, 0.07, 0.07), "retail", 0.80, 0.20, 3.0, 2),
    ("transport", "交通运输、仓储和邮政业", (0.04, 0.04, 0.04, 0.04), "", "", "", 2.0, 3),
    ("hotel_catering", "住宿和餐饮业", (0.03, 0.025, 0.025, 0.025), "retail_above", 0.60, 0.25, 4.0, 2),
    ("finance", "金融业", (0.07, 0.05, 0.045, 0.04), "", "", "", 2.0, 4),
    ("real_estate", "房地产业", (0.06, 0.05, 0.045, 0.04), "fai", 0.40, 0.25, 5.0, 3),
    ("profit_services", "营利性服务业", (0.06, 0.055, 0.055, 0.05), "service_rev", 0.75, 0.20, 4.0, 3),
    ("nonprofit_services", "非营利性服务业", (0.16, 0.15, 0.12, 0.115), "fiscal_rev", 0.30, 0.15, 2.0, 3),
)


def release_day(unit: str, indicator: str, period: str) -> str:
    """Day 15-20 of the month after the period: the nation first, counties last."""
    year, month = int(period[:4]), int(period[5:])
    first = {"nation": 15, "province": 16, "city": 17}.get(unit, 18)
    day = first + (list(KINDS).index(indicator) + month) % (2 if unit == "nation" else 3)
    return f"{year + month // 12:04d}-{month % 12 + 1:02d}-{day:02d}"


def decimals(value: float, places: int = 1) -> str:
    """A figure as published; never a negative zero."""
    return f"{round(value, places) + 0.0:.{places}f}"


def observed(seed: int, indicator: str, truth: Truth) -> Iterator[dict[str, str]]:
    """Every figure of an indicator as published, revision and gap included."""
    frequency = KINDS[indicator].frequency
    ends = ENDS[frequency]
    shape = (TARGET_YEAR - BASE_YEAR, len(ends))
    for unit in UNITS:
        x = truth.levels[unit]
        noise = REVISION_SD_PP[frequency] * stream(seed, "publish", indicator, unit).standard_normal(shape)
        growth = 100 * cumulative_growth(x, ends) + noise
        yield from rows(unit, indicator, "cum_yoy_pct", [[decimals(g) for g in year] for year in growth])
        if indicator in MONTH_GROWTH:
            months = 100 * (x[24:] / x[12:-12] - 1).reshape(-1, 12)[:, [m - 1 for m in ends]]
            months += MONTH_SD_PP * stream(seed, "month", indicator, unit).standard_normal(shape)
            cells = [["", *(decimals(g) for g in year[1:])] for year in months]
            yield from rows(unit, indicator, "month_yoy_pct", cells)
        if indicator in LEVELS and unit in ("nation", "province", "city"):
            sums = x.reshape(-1, 12).cumsum(axis=1)[2:, [m - 1 for m in ends]]
            scope = np.exp(SCOPE_SD * stream(seed, "scope", indicator, unit).standard_normal((shape[0], 1)))
            yield from rows(unit, indicator, "level_cum", [[decimals(v, 2) for v in year] for year in sums * scope])


def rows(unit: str, indicator: str, measure: str, cells: list[list[str]]) -> Iterator[dict[str, str]]:
    """Rows of ``observations.csv`` from cells by year and period; an empty cell is not published."""
    ends = ENDS[KINDS[indicator].frequency]
    for year, values in enumerate(cells, BASE_YEAR + 1):
        for month, value in zip(ends, values, strict=True):
            period = f"{year}-{month:02d}"
            row = {"unit": unit, "indicator": indicator, "period": period, "measure": measure, "value": value}
            row |= {"released": release_day(unit, indicator, period), "status": STATUS, "source": SOURCE}
            if value == "" or (unit, indicator, period) == MISSING:
                continue
            if (unit, indicator, period) == REVISED[:3] and measure == "cum_yoy_pct":
                yield {**row, "value": decimals(float(value) + REVISED[5]), "released": REVISED[3]}
                row["released"] = REVISED[4]
            yield row


def unit_table() -> pd.DataFrame:
    """``units.csv``."""
    above = {"nation": "", "province": "nation", "city": "province"}
    levels = {"nation": "nation", "province": "province", "city": "city", "zone01": "zone"}
    cells = [
        {
            "unit": u,
            "name_zh": NAMES[u],
            "level": levels.get(u, "county"),
            "parent": above.get(u, "city"),
            "counted_within": "county01" if u == "zone01" else "",
            "status": STATUS,
            "source": SOURCE,
        }
        for u in UNITS
    ]
    return pd.DataFrame(cells)


def year_total(levels: Floats, year: int) -> float:
    """Level of a calendar year, 亿元."""
    return float(levels[span(year, 1, 12)].sum())


def base_table(truths: Mapping[str, Truth]) -> pd.DataFrame:
    """``bases.csv``: true levels of last year; incomes are totals of all residents, ind_power is in 亿千瓦时."""
    above = {"province": "nation", "city": "province"}
    cells = []
    for unit in UNITS:
        for indicator, truth in truths.items():
            level = year_total(truth.levels[unit], TARGET_YEAR - 1)
            parent = "" if unit == "nation" else above.get(unit, "city")
            share = level / year_total(truth.levels[parent], TARGET_YEAR - 1) if parent else None
            cells.append(
                {
                    "unit": unit,
                    "indicator": indicator,
                    "base_year": str(TARGET_YEAR - 1),
                    "base_level_yi": decimals(level, 3),
                    "share_of_parent": "" if share is None else f"{share:.6f}",
                    "sd_pct": "1" if unit in ("nation", "province", "city") else "3",
                    "status": STATUS,
                    "source": SOURCE,
                }
            )
    return pd.DataFrame(cells)


def profile(truth: Truth, frequency: str) -> str:
    """Base weights of the province's calendar months (monthly) or periods in the base year, to four digits."""
    months = truth.levels["province"][span(BASE_YEAR, 1, 12)]
    ends = range(1, 13) if frequency == "monthly" else ENDS[frequency]
    weight = np.diff(months.cumsum()[[m - 1 for m in ends]], prepend=0.0)
    return ";".join(f"{w:.4f}" for w in weight / weight.sum())


def indicator_table(truths: Mapping[str, Truth]) -> pd.DataFrame:
    """``indicators.csv``, in the official order."""
    cells = []
    for indicator, (name, department, team, *_) in INDICATORS.items():
        frequency = KINDS[indicator].frequency
        cells.append(
            {
                "indicator": indicator,
                "name_zh": name,
                "frequency": frequency,
                "department": department,
                "team_zh": team,
                "revision_sd_pp": str(REVISION_SD_PP[frequency]),
                "profile": profile(truths[indicator], frequency),
                "status": STATUS,
            }
        )
    return pd.DataFrame(cells)


def target_table() -> pd.DataFrame:
    """``targets.csv``: the province's average and the plan for every indicator, positive growth where it may fall."""
    columns = ["unit", "indicator", "kind", "value", "tolerance_pp", "assessed", "light_rule", "status", "source"]
    cells = []
    for indicator, (_, _, _, tolerance, assessed, plan) in INDICATORS.items():
        for kind, value in (("province_average", ""), ("plan", f"{plan}"), ("positive_growth", "")):
            if kind == "positive_growth" and indicator not in ("fai", "fdi", "fiscal_rev"):
                continue
            counts = "true" if assessed and kind == "province_average" else "false"
            cells.append(["city", indicator, kind, value, str(tolerance), counts, "gap", STATUS, SOURCE])
    return pd.DataFrame(cells, columns=columns)


def industry_table() -> pd.DataFrame:
    """``industries.csv``."""
    cells = [
        {
            "industry": industry,
            "name_zh": name,
            **{f"share_q{q}": str(s) for q, s in enumerate(shares, 1)},
            "driver": driver,
            "elasticity": str(elasticity),
            "elasticity_sd": str(sd),
            "cap_pp": str(cap),
            "difficulty": str(difficulty),
            "status": STATUS,
            "source": SOURCE,
        }
        for industry, name, shares, driver, elasticity, sd, cap, difficulty in INDUSTRIES
    ]
    return pd.DataFrame(cells)


def parameter_table(seed: int) -> pd.DataFrame:
    """``truth/parameters.csv``: what the levels were drawn from."""
    names = ("level", "slope", "ar", "season_first", "season_walk", "irregular")
    cells = [("", "", "seed", str(seed)), ("", "", "slope_damping", str(SLOPE_DAMPING))]
    cells += [("", "", "ar_coefficient", str(AR_COEFFICIENT)), ("", "", "kin_share", str(KIN_SHARE))]
    cells += [("", level, "common_share", str(share)) for level, share in COMMON_SHARE.items()]
    cells += [("", "", "apart_share", str(APART_SHARE))]
    cells += [("", "", "outlier_rate", str(OUTLIER_RATE)), ("", "", "scope_sd", str(SCOPE_SD))]
    cells += [("", "", "month_sd_pp", str(MONTH_SD_PP)), ("", "", "city_share", str(CITY_SHARE))]
    cells += [("", "", "province_share", str(PROVINCE_SHARE))]
    for indicator, kind in KINDS.items():
        cells += [(indicator, "nation", "growth_pct", str(kind.growth))]
        cells += [(indicator, "nation", "shock_2017_pct", str(-kind.depth))]
        cells += [(indicator, "", "revision_sd_pp", str(REVISION_SD_PP[kind.frequency]))]
        for level, scale in SCALES.items():
            cells += [
                (indicator, level, f"sd_{n}_pct", f"{s * kind.volatility:.4g}")
                for n, s in zip(names, scale, strict=True)
            ]
    return pd.DataFrame(cells, columns=["indicator", "component", "parameter", "value"])


def event_table(truths: Mapping[str, Truth]) -> pd.DataFrame:
    """``truth/events.csv``: everything that happened, its months, and its size in percent of a month's level."""
    year = str(TARGET_YEAR)
    cells = []
    for indicator, truth in truths.items():
        depth = KINDS[indicator].depth
        cells += [
            ("common_shock", "nation", indicator, f"2017-{m:02d}", f"2017-{m:02d}", f"{-depth * s:.2f}")
            for m, s in enumerate(SHOCK_2017, 1)
        ]
        start = span(TARGET_YEAR, 1, 12).start
        shift = 100 * (truth.factor[PARTS.index("county01_rest"), start] - 1)
        if shift:
            cells.append(("city_shift", "city", indicator, f"{year}-01", f"{year}-12", f"{shift:.3f}"))
        factor = truth.factor[PARTS.index(TURNING)]
        if factor[start] != factor[start + TURN_MONTH - 1]:
            ends = (
                (f"{year}-01", f"{year}-05", factor[start]),
                (f"{year}-06", f"{year}-12", factor[start + TURN_MONTH - 1]),
            )
            cells += [("county_turn", TURNING, indicator, a, b, f"{100 * (f - 1):.3f}") for a, b, f in ends if f != 1]
        hit = np.argwhere(truth.innovations.outlier[0][:, (BASE_YEAR - FIRST_YEAR) * 12 :] != 0)
        for s, t in hit:
            t += (BASE_YEAR - FIRST_YEAR) * 12
            month = f"{FIRST_YEAR + t // 12}-{t % 12 + 1:02d}"
            level = SERIES[s] if SERIES[s] in SCALES else "county"
            sd = SCALES[level][5] * KINDS[indicator].volatility
            size = f"{sd * truth.innovations.outlier[0, s, t]:.2f}"
            cells.append(("outlier", SERIES[s], indicator, month, month, size))
    cells.append(("revision", REVISED[0], REVISED[1], REVISED[2], REVISED[2], f"{-REVISED[5]}"))
    cells.append(("gap", MISSING[0], MISSING[1], MISSING[2], MISSING[2], ""))
    return pd.DataFrame(cells, columns=["event", "unit", "indicator", "first_month", "last_month", "size_pct"])
