"""Base levels and shares: the few that are published, and stated estimates with a wide uncertainty for the rest.

Invariant: shares of the ten counties in the city sum to 1 for every indicator; a zone is part of its county and
adds nothing (held by ``tests/test_data_ankang.py``).
"""

from __future__ import annotations

from typing import Final

import pandas as pd

__all__ = ["bases"]

_GDP_2019: Final = "http://big5.www.gov.cn/gate/big5/www.gov.cn/xinwen/2020-10/26/content_5554277.htm"
_OUTPUT_2019: Final = "https://gxj.ankang.gov.cn/Content-2130206.html"
_CENSUS: Final = "安康市2020年普查常住人口249.3万人"

# indicator: level of 2019 in 亿元, sd in percent, status, source
_PROVINCE: Final[dict[str, tuple[str, str, str, str]]] = {
    "gdp": ("25793.17", "1", "published", _GDP_2019),
    "ind_va": (
        "8700",
        "12",
        "estimated",
        "估计：2019年生产总值25793亿元，二产约占46%，规上工业约占其七成",
    ),
    "ind_output": ("25500", "12", "estimated", "估计：规上产值与增加值之比约2.9"),
    "fai": (
        "24000",
        "20",
        "estimated",
        "估计：2017年一季度2455.47亿元为最后公布数，约占全年一成，未计此后口径变化",
    ),
    "private_fai": ("10000", "30", "estimated", "估计：约占固定资产投资四成"),
    "ind_fai": ("5000", "30", "estimated", "估计：约占固定资产投资两成"),
    "re_inv": ("3900", "8", "estimated", "估计：2020年1–11月公布3972.83亿元，按当年增速与十二月份额倒推"),
    "retail": ("9570", "5", "estimated", "估计：2018年上半年公布4202.58亿元，约占全年47%，2019年增长约7%"),
    "retail_above": ("4900", "8", "estimated", "估计：2018年上半年公布2425.92亿元、2019年1–2月公布710.85亿元"),
    "fiscal_rev": ("2280", "3", "estimated", "估计：2020年公布2257.31亿元，当年约略下降"),
    "fdi": ("535", "12", "estimated", "估计：2019年前三季度公布66.61亿美元，全年约77亿美元，按6.9折算"),
    "culture_rev": ("980", "10", "estimated", "估计：2019年前三季度公布698.6亿元，约占全年71%"),
    "constr": ("7800", "6", "estimated", "估计：2018年公布7120.15亿元，当年增长约一成"),
    "gdp1": ("2000", "5", "estimated", "估计：2020年一产占8.7%，2019年略低"),
    "gdp2": ("11900", "4", "estimated", "估计：2020年二产占43.4%，2019年约46%"),
    "gdp3": ("11900", "4", "estimated", "估计：2020年三产占47.9%，2019年约46%"),
    "agri_va": ("2100", "6", "estimated", "估计：略大于一产增加值"),
    "trade": ("3520", "5", "estimated", "估计：2018年公布3514亿元，2019年大致持平"),
}

_INCOME: Final = f"估计：按人口占比（{_CENSUS}，全省约3950万人）和城镇化率；收入无总量，只用作占比"

# indicator: level of 2019 in 亿元 (empty: none), share of the province, sd in percent, status, source
_CITY: Final[dict[str, tuple[str, str, str, str, str]]] = {
    "gdp": (
        "1182",
        "0.0458",
        "2",
        "estimated",
        "估计：2018年1133.77亿元与2021年1209.49亿元（均公布）之间；2019年数未见可引页面",
    ),
    "ind_va": ("330", "0.038", "20", "estimated", "估计：工业约占生产总值三成多，规上约占工业九成"),
    "ind_output": ("1886.99", "0.074", "12", "published", f"{_OUTPUT_2019}；占全省比重为估计"),
    "fai": (
        "1000",
        "0.042",
        "25",
        "estimated",
        "估计：2017年预计1120亿元（https://yybnet.net/ankang/xunyang/201801/6909414.html），此后口径收窄",
    ),
    "private_fai": ("420", "0.042", "35", "estimated", "估计：约占固定资产投资四成"),
    "ind_fai": ("220", "0.044", "35", "estimated", "估计：约占固定资产投资两成"),
    "fai1": ("60", "", "40", "estimated", "估计：约占固定资产投资百分之六"),
    "re_inv": ("90", "0.023", "35", "estimated", "估计：约占固定资产投资一成"),
    "retail": (
        "500",
        "0.052",
        "12",
        "estimated",
        "估计：由2024年公布596.1亿元按公布增速倒推，2020年按−8%",
    ),
    "retail_above": ("180", "0.037", "30", "estimated", "估计：限上约占社零三成多"),
    "urban_inc": ("", "0.05", "15", "estimated", _INCOME),
    "rural_inc": ("", "0.08", "15", "estimated", _INCOME),
    "fiscal_rev": ("29", "0.0127", "12", "estimated", "估计：约为生产总值的百分之二点五"),
    "fdi": (
        "4.1",
        "0.0077",
        "40",
        "estimated",
        "估计：2021年公布1.3亿美元、增长122%，2020年约0.59，2019年相近",
    ),
    "culture_rev": ("38", "0.039", "40", "estimated", "估计：按生产总值占比略低"),
    "ind_power": ("", "0.035", "40", "estimated", "估计：按规上工业占比；电量不以亿元计，只用作占比"),
    "constr": ("300", "0.038", "30", "estimated", "估计：按生产总值占比略低"),
    "gdp1": ("150", "0.075", "12", "estimated", "估计：2022年公布174.56亿元，按增速与价格倒推"),
    "gdp2": ("530", "0.0445", "12", "estimated", "估计：2022年公布540.07亿元，2020年降后恢复"),
    "gdp3": ("502", "0.0422", "12", "estimated", "估计：生产总值减一产、二产"),
    "agri_va": ("156", "0.0743", "12", "estimated", "估计：2022年公布181.20亿元，按一产同比例倒推"),
    "trade": ("8", "0.0023", "40", "estimated", "估计：2021年公布11.59亿元，当年增长较快"),
}

_ORDER: Final = (
    "hanbin",
    "hanyin",
    "shiquan",
    "ningshan",
    "ziyang",
    "langao",
    "pingli",
    "zhenping",
    "xunyang",
    "baihe",
)
_ZONES: Final = ("gaoxin", "hengkou")

# kind: shares of the ten counties in the city (hanbin with both zones), then of the two zones
_SHARES: Final[dict[str, tuple[tuple[float, ...], tuple[float, float]]]] = {
    "gdp": ((0.352, 0.095, 0.072, 0.026, 0.094, 0.046, 0.078, 0.021, 0.150, 0.066), (0.085, 0.035)),
    "industry": ((0.270, 0.110, 0.090, 0.025, 0.075, 0.040, 0.100, 0.020, 0.200, 0.070), (0.110, 0.040)),
    "invest": ((0.360, 0.090, 0.080, 0.040, 0.090, 0.060, 0.075, 0.030, 0.115, 0.060), (0.120, 0.040)),
    "retail": ((0.460, 0.085, 0.060, 0.020, 0.080, 0.040, 0.060, 0.015, 0.125, 0.055), (0.060, 0.030)),
    "people": ((0.345, 0.095, 0.064, 0.024, 0.105, 0.058, 0.073, 0.020, 0.150, 0.066), (0.042, 0.040)),
}
_REASON: Final = {
    "gdp": "估计：参照人口、紫阳2020年公布100.53亿元、宁陕2022年公布26.55亿元、汉阴2021年上半年公布53.1亿元",
    "industry": "估计：讲话称汉滨、旬阳、汉阴、平利工业基础较好，其余按经济规模",
    "invest": "估计：按经济规模，小县投资占比略高",
    "retail": "估计：按人口与中心城区集聚程度",
    "people": "估计：按常住人口（紫阳26.1万、平利18.1万、高新区10.6万为普查公布数）",
}
_KIND: Final = {
    "gdp": "gdp", "ind_va": "industry", "fai": "invest", "retail": "retail", "retail_above": "retail",
    "urban_inc": "people", "rural_inc": "people", "fiscal_rev": "gdp", "ind_output": "industry", "gdp1": "people",
    "gdp2": "industry", "gdp3": "gdp", "agri_va": "people", "constr": "gdp", "re_inv": "invest",
    "private_fai": "invest", "ind_fai": "invest",
}  # fmt: skip


def bases() -> pd.DataFrame:
    """Rows of ``bases.csv``: the province, the city, then the counties and zones of every indicator."""
    rows = [_row("shaanxi", indicator, level, "", *rest) for indicator, (level, *rest) in _PROVINCE.items()]
    rows += [_row("ankang", indicator, *row) for indicator, row in _CITY.items()]
    for indicator, kind in _KIND.items():
        counties, zones = _SHARES[kind]
        for county, share in zip(_ORDER, counties, strict=True):
            rows.append(_row(county, indicator, "", f"{share:g}", "25", "estimated", _REASON[kind]))
        for zone, share in zip(_ZONES, zones, strict=True):
            within = _REASON[kind] + "；已含于汉滨区，不另加总"
            rows.append(_row(zone, indicator, "", f"{share:g}", "40", "estimated", within))
    return pd.DataFrame(rows)


def _row(unit: str, indicator: str, level: str, share: str, sd: str, status: str, source: str) -> dict[str, str]:
    return {
        "unit": unit,
        "indicator": indicator,
        "base_year": "2019",
        "base_level_yi": level,
        "share_of_parent": share,
        "sd_pct": sd,
        "status": status,
        "source": source,
    }
