"""A small data set that the self-test writes: published growth of China, Shaanxi and Ankang in 2020.

Growth is real and published (sources in ``data/ankang-2020``); the ledger is synthetic and says so. Ankang's half-year
industry and first quarter are derived from published figures of 2021.

Invariant: it is read without a problem (held by ``tests/test_selftest.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

__all__ = ["FILES", "JANUARY", "SCENARIOS", "write_small"]

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
