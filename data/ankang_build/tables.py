"""The tables that people decide: units, indicators with their base weights, targets, industries.

Invariant: base weights of an indicator sum to 1, and shares of industries sum to 1 in every quarter
(held by ``tests/test_data_ankang.py``).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

__all__ = ["INDICATORS", "SPEECH", "UNITS", "gdp_profile", "indicators", "industries", "targets", "units"]

SPEECH: Final = "speech 2020-09, 在全市促进经济恢复增长工作视频会议上的讲话"
PLAN: Final = "https://njyfgp.com/www/Content-2415342 安康市2020年国民经济和社会发展计划"
CENSUS: Final = "http://www.sxakhidz.gov.cn/Content-2265697.html 安康高新区第七次全国人口普查主要数据公报"

_COUNTIES: Final = {
    "hanbin": "汉滨区", "hanyin": "汉阴县", "shiquan": "石泉县", "ningshan": "宁陕县", "ziyang": "紫阳县",
    "langao": "岚皋县", "pingli": "平利县", "zhenping": "镇坪县", "xunyang": "旬阳县", "baihe": "白河县",
}  # fmt: skip


def _unit(
    name_zh: str, level: str, parent: str = "", within: str = "", status: str = "published", note: str = ""
) -> dict[str, str]:
    return {
        "name_zh": name_zh, "level": level, "parent": parent, "counted_within": within, "status": status, "note": note,
    }  # fmt: skip


UNITS: Final[dict[str, dict[str, str]]] = {
    "china": _unit("全国", "nation"),
    "shaanxi": _unit("陕西省", "province", "china"),
    "ankang": _unit("安康市", "city", "shaanxi"),
    **{county: _unit(name, "county", "ankang") for county, name in _COUNTIES.items()},
    "gaoxin": _unit(
        "安康高新区", "zone", "ankang", "hanbin", "assumed",
        "设定：高新区托管江北、建民、关庙、五里、恒口等镇办的村，均在汉滨区境内，故按含于汉滨区处理；"
        f"统计口径是否剔除未见公布。{CENSUS}",
    ),
    "hengkou": _unit(
        "恒口示范区", "zone", "ankang", "hanbin", "assumed",
        "设定：恒口镇在汉滨区境内，故按含于汉滨区处理；统计口径是否剔除未见公布",
    ),
}  # fmt: skip

_AGRI, _INDUSTRY, _INVEST = "农业稳增长专班", "工业稳增长专班", "稳投资专班"
_SERVICES, _BUILDING = "消费服务业稳增长专班", "房地产和建筑业稳增长专班"

# name, frequency, department, 专班, disagreement of cumulative and single-period figures in points, kind of profile
INDICATORS: Final[dict[str, tuple[str, str, str, str, str, str]]] = {
    "gdp": ("生产总值", "quarterly", "市发改委", "", "0.2", "gdp"),
    "ind_va": ("规模以上工业增加值", "monthly", "市工信局", _INDUSTRY, "0.28", "industry"),
    "fai": ("固定资产投资（不含农户）", "monthly", "市发改委", _INVEST, "0.3", "fai"),
    "retail": ("社会消费品零售总额", "monthly", "市商务局", _SERVICES, "0.15", "retail"),
    "retail_above": ("限上消费品零售额", "monthly", "市商务局", _SERVICES, "0.3", "retail"),
    "urban_inc": ("城镇居民人均可支配收入", "quarterly", "市人社局", "", "0.1", "urban_inc"),
    "rural_inc": ("农村居民人均可支配收入", "quarterly", "市农业农村局", _AGRI, "0.1", "rural_inc"),
    "fiscal_rev": ("地方财政收入", "monthly", "市财政局", "", "", ""),
    "fdi": ("实际利用外资", "monthly", "市商务局", _SERVICES, "1.0", ""),
    "culture_rev": ("规上文化企业营业收入", "quarterly", "市委宣传部", _SERVICES, "", ""),
    "ind_power": ("工业用电量", "monthly", "市工信局", _INDUSTRY, "", ""),
    "ind_output": ("规模以上工业总产值", "monthly", "市工信局", _INDUSTRY, "0.3", "industry"),
    "agri_va": ("农林牧渔业增加值", "quarterly", "市农业农村局", _AGRI, "", "agri"),
    "gdp1": ("第一产业增加值", "quarterly", "市农业农村局", _AGRI, "0.2", "agri"),
    "gdp2": ("第二产业增加值", "quarterly", "市工信局", _INDUSTRY, "0.2", "gdp"),
    "gdp3": ("第三产业增加值", "quarterly", "市发改委", _SERVICES, "0.2", "gdp"),
    "constr": ("建筑业总产值", "quarterly", "市住建局", _BUILDING, "", "constr"),
    "re_inv": ("房地产开发投资", "monthly", "市住建局", _BUILDING, "0.3", "fai"),
    "house_area": ("商品房销售面积", "monthly", "市住建局", _BUILDING, "0.3", ""),
    "private_fai": ("民间投资", "monthly", "市发改委", _INVEST, "0.3", "fai"),
    "ind_fai": ("工业投资", "monthly", "市工信局", _INVEST, "0.3", "fai"),
    "fai1": ("第一产业投资", "monthly", "市农业农村局", _AGRI, "0.3", "fai"),
    "service_rev": ("规上服务业营业收入", "monthly", "市发改委", _SERVICES, "", ""),
    "trade": ("进出口总额", "monthly", "市商务局", _SERVICES, "", ""),
    "fiscal_exp": ("地方财政支出", "monthly", "市财政局", "", "", ""),
}

_MONTHS: Final = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
_QUARTERS: Final = (3, 6, 9, 12)

_INDUSTRY_WEIGHTS: Final = (0.13, 0.085, 0.083, 0.085, 0.088, 0.082, 0.083, 0.087, 0.087, 0.092, 0.098)
_AGRI_WEIGHTS: Final = (0.12, 0.20, 0.28, 0.40)
_CONSTR_WEIGHTS: Final = (0.17, 0.23, 0.25, 0.35)


def units() -> pd.DataFrame:
    """Rows of ``units.csv``."""
    return pd.DataFrame([{"unit": unit} | row for unit, row in UNITS.items()])


def indicators(published: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``indicators.csv``; base weights come from published levels where a year of them is at hand."""
    profiles = _profiles(published)
    rows = []
    for indicator, (name_zh, frequency, department, team, revision, kind) in INDICATORS.items():
        weights, source = profiles.get(kind, ((), "未公布，按各月相同"))
        rows.append(
            {
                "indicator": indicator,
                "name_zh": name_zh,
                "frequency": frequency,
                "department": department,
                "revision_sd_pp": revision,
                "profile": ";".join(f"{weight:.4f}" for weight in _by_month(weights, frequency)),
                "team_zh": team,
                "profile_source": source,
            }
        )
    return pd.DataFrame(rows)


def _by_month(weights: tuple[float, ...], frequency: str) -> tuple[float, ...]:
    """Weights as the file holds them: of twelve months, January and February each half of their period."""
    if frequency != "monthly" or not weights:
        return weights
    january = round(weights[0] / 2, 4)
    return (january, weights[0] - january, *weights[1:])


def _profiles(published: pd.DataFrame) -> dict[str, tuple[tuple[float, ...], str]]:
    """Base weights and where they come from, by kind of profile; no level published after August 2020 is used."""
    income = "陕西2017年四个季度公布水平"
    return {
        "gdp": (gdp_profile(published), "陕西2019年上半年、前三季度、全年公布水平；一季度按2020年水平与增速倒推"),
        "industry": (_exact(np.array(_INDUSTRY_WEIGHTS)), "设定：工业基数的常见月度分布"),
        "agri": (_exact(np.array(_AGRI_WEIGHTS)), "设定：四季度约占四成"),
        "retail": (_retail_profile(published), "全国2019年公布水平；4–6月只有合计，均摊"),
        "fai": (_fai_profile(published), "全国2019年1–2月、1–6月、1–7月公布水平之比；前八月设为七成，其余均摊"),
        "urban_inc": (_quarters(published, "陕西", "urban_inc", 2017), income),
        "rural_inc": (_quarters(published, "陕西", "rural_inc", 2017), income),
        "constr": (_exact(np.array(_CONSTR_WEIGHTS)), "设定：四季度约占三成五"),
    }


def _level(published: pd.DataFrame, region: str, indicator: str, period: str, measure: str = "level_cum") -> float:
    keys = {"region": region, "indicator": indicator, "period": period, "measure": measure}
    rows = published[np.logical_and.reduce([published[name] == value for name, value in keys.items()])]
    if len(rows) != 1:
        raise LookupError(f"{len(rows)} rows of {keys}")
    return float(rows["value"].iloc[0])


def _exact(weights: np.ndarray) -> tuple[float, ...]:
    """Weights to four decimals that sum to 1; the largest takes the rounding."""
    rounded = np.round(weights / weights.sum(), 4)
    largest = int(np.argmax(rounded))
    rounded[largest] = round(float(rounded[largest] + 1.0 - rounded.sum()), 4)
    return tuple(float(weight) for weight in rounded)


def _quarters(published: pd.DataFrame, region: str, indicator: str, year: int) -> tuple[float, ...]:
    levels = [_level(published, region, indicator, f"{year}-{month:02d}") for month in _QUARTERS]
    return _exact(np.diff([0.0, *levels]))


def gdp_profile(published: pd.DataFrame) -> tuple[float, ...]:
    """Share of every quarter in Shaanxi's GDP of 2019."""
    half, nine, year = (_level(published, "陕西", "gdp", f"2019-{month}") for month in ("06", "09", "12"))
    first = _level(published, "陕西", "gdp", "2020-03") / (1.0 - 0.056)
    return _exact(np.diff([0.0, first, half, nine, year]))


def _retail_profile(published: pd.DataFrame) -> tuple[float, ...]:
    """Share of every month in the nation's retail sales of 2019; April to June alike, as only their sum is at hand."""
    cum = {m: _level(published, "全国", "retail", f"2019-{m:02d}") for m in (3, 6, 7, 8, 9, 11, 12)}
    march = _level(published, "全国", "retail", "2019-03", "level_month")
    november = _level(published, "全国", "retail", "2019-11", "level_month")
    spring = [(cum[6] - cum[3]) / 3] * 3
    summer = [cum[7] - cum[6], cum[8] - cum[7], cum[9] - cum[8]]
    autumn = [cum[11] - november - cum[9], november, cum[12] - cum[11]]
    return _exact(np.array([cum[3] - march, march, *spring, *summer, *autumn]))


def _fai_profile(published: pd.DataFrame) -> tuple[float, ...]:
    """Share of every month in investment: the nation's levels of 2019 up to July, seven tenths by August.

    Levels of later months were cut back by audits within the year, so that they are no base weights.
    """
    by_august, august = 0.70, 0.09
    level = {month: _level(published, "全国", "fai", f"2019-{month:02d}") for month in (2, 6, 7)}
    cumulative = {month: value / level[7] * (by_august - august) for month, value in level.items()}
    cumulative |= {8: by_august, 12: 1.0}
    months = sorted(cumulative)
    return _exact(np.diff([0.0, *np.interp(_MONTHS, months, [cumulative[month] for month in months])]))


_WARNED: Final = ("gdp", "ind_va", "fai", "urban_inc", "rural_inc", "fdi", "culture_rev")
_ALSO_HELD: Final = {"retail": "1", "retail_above": "0", "fiscal_rev": "0", "ind_power": "0"}
_TOLERANCE: Final = {
    "gdp": "1.0", "ind_va": "2.0", "fai": "3.0", "retail": "2.0", "retail_above": "2.0", "urban_inc": "0.5",
    "rural_inc": "0.5", "fiscal_rev": "2.0", "fdi": "10.0", "culture_rev": "5.0", "ind_power": "3.0",
}  # fmt: skip
_PLANS: Final = {
    "gdp": "3", "ind_va": "5", "fai": "1", "retail": "3.5", "urban_inc": "3", "rural_inc": "4", "fiscal_rev": "5",
}  # fmt: skip


def targets() -> pd.DataFrame:
    """Rows of ``targets.csv``: the province's average first, then the plan of 2020, then growth above zero."""
    rows = []
    for indicator in [name for name in INDICATORS if name in _TOLERANCE]:
        warned = indicator in _WARNED
        assessed = "1" if warned else _ALSO_HELD[indicator]
        source = f"{SPEECH}：省考核办预警单" if warned else "推定：讲话调度的指标，是否列入省考未见公布"
        rows.append(("province_average", indicator, "", assessed, source))
    rows += [("plan", indicator, value, "0", PLAN) for indicator, value in _PLANS.items()]
    rows.append(("positive_growth", "retail_above", "", "0", f"{SPEECH}：年底前实现正增长"))
    rows += [
        ("positive_growth", indicator, "", "0", "推定：讲话以转正为努力方向，未明确年底目标")
        for indicator in ("ind_va", "fai")
    ]
    return pd.DataFrame(
        [
            {
                "unit": "ankang",
                "indicator": indicator,
                "kind": kind,
                "value": value,
                "tolerance_pp": _TOLERANCE[indicator],
                "assessed": assessed,
                "light_rule": "gap",
                "source": source,
            }
            for kind, indicator, value, assessed, source in rows
        ]
    )


# name, share of the year's GDP, share of the industry's year in the fourth quarter, driver, elasticity, its sd,
# cap of the additional growth of a quarter in points, difficulty
_INDUSTRIES: Final[dict[str, tuple[str, float, float, str, str, str, str, str]]] = {
    "agri": ("农林牧渔业", 0.14, 0.40, "agri_va", "1.0", "0.15", "2", "3"),
    "industry": ("工业", 0.30, 0.27, "ind_va", "0.95", "0.1", "10", "5"),
    "construction": ("建筑业", 0.13, 0.35, "constr", "0.9", "0.15", "15", "3"),
    "wholesale_retail": ("批发零售业", 0.07, 0.30, "retail_above", "0.7", "0.2", "8", "2"),
    "transport": ("交通运输仓储邮政业", 0.04, 0.26, "ind_output", "0.5", "0.3", "6", "3"),
    "hotel_catering": ("住宿餐饮业", 0.025, 0.28, "retail", "0.8", "0.25", "8", "2"),
    "finance": ("金融业", 0.05, 0.25, "gdp3", "0.4", "0.3", "3", "4"),
    "real_estate": ("房地产业", 0.045, 0.30, "house_area", "0.8", "0.2", "15", "4"),
    "profit_services": ("营利性服务业", 0.05, 0.28, "service_rev", "0.7", "0.2", "10", "3"),
    "nonprofit_services": ("非营利性服务业", 0.15, 0.28, "fiscal_exp", "0.6", "0.25", "8", "3"),
}
_EARLY_QUARTERS: Final = {"agri": (0.12, 0.20, 0.28), "construction": (0.17, 0.23, 0.25)}
"""Share of the first three quarters in the industry's year where they differ from those of the whole economy."""
_REASON: Final = "设定：安康一类城市的缺省占比、弹性与上限，可改"
_STAND_IN: Final = {
    "wholesale_retail": "；限上零售代替批发、零售业商品销售额", "transport": "；工业总产值代替换算周转量",
    "hotel_catering": "；社零总额代替住宿、餐饮业营业额", "finance": "；第三产业代替存贷款余额",
    "nonprofit_services": "；财政支出代替财政八项支出",
}  # fmt: skip


def industries(published: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``industries.csv``: share of every industry in the GDP of each quarter, and what drives it."""
    shares = _quarter_shares(np.array(gdp_profile(published)))
    rows = []
    for k, (industry, row) in enumerate(_INDUSTRIES.items()):
        name_zh, _, _, driver, elasticity, elasticity_sd, cap, difficulty = row
        rows.append(
            {
                "industry": industry,
                "name_zh": name_zh,
                **{f"share_q{quarter + 1}": f"{shares[k, quarter]:.4f}" for quarter in range(4)},
                "driver": driver,
                "elasticity": elasticity,
                "elasticity_sd": elasticity_sd,
                "cap_pp": cap,
                "difficulty": difficulty,
                "status": "estimated",
                "source": _REASON + _STAND_IN.get(industry, ""),
            }
        )
    return pd.DataFrame(rows)


def _quarter_shares(quarters: np.ndarray) -> np.ndarray:
    """Shares (industry, quarter) in the GDP of the quarter; year shares and quarter weights are both kept.

    Notes
    -----
    Iterative proportional fitting of (share x seasonal weight) to both margins; four decimals, the industry's
    column taking the rounding so that a quarter sums to 1.
    """
    year = np.array([row[1] for row in _INDUSTRIES.values()])
    last = np.array([row[2] for row in _INDUSTRIES.values()])
    first_three = np.array([_EARLY_QUARTERS.get(industry, tuple(quarters[:3])) for industry in _INDUSTRIES])
    first_three *= ((1.0 - last) / first_three.sum(axis=1))[:, None]
    cells = year[:, None] * np.column_stack([first_three, last])
    for _ in range(200):
        cells *= (quarters / cells.sum(axis=0))[None, :]
        cells *= (year / cells.sum(axis=1))[:, None]
    shares = np.round(cells / cells.sum(axis=0), 4)
    industry = list(_INDUSTRIES).index("industry")
    shares[industry] = np.round(shares[industry] + 1.0 - shares.sum(axis=0), 4)
    return shares
