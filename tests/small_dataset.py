"""A tiny valid data set for tests to break: one province, one city, two counties, one zone, three indicators."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

TOML = """\
name = "small"
name_zh = "小城2020年"
city = "xiaocheng"
province = "dasheng"
target_year = 2020
as_of = "2020-08"
first_action_month = "2020-10"

[lights.gap]
green_from = 0.8
yellow_from = 0.5
"""

FILES: Mapping[str, str] = {
    "dataset.toml": TOML,
    "units.csv": """\
unit,name_zh,level,parent,counted_within
guojia,全国,nation,,
dasheng,大省,province,guojia,
xiaocheng,小城市,city,dasheng,
dongxian,东县,county,xiaocheng,
xixian,西县,county,xiaocheng,
gaoxin,高新区,zone,xiaocheng,dongxian
""",
    "indicators.csv": """\
indicator,name_zh,frequency,department,team_zh,revision_sd_pp,profile
ind_va,规上工业增加值,monthly,工信局,工业稳增长专班,0.3,.06;.07;.085;.083;.085;.088;.082;.083;.087;.087;.092;.098
gdp,生产总值,quarterly,发改委,,,
service_rev,规上服务业营业收入,shifted,发改委,,,
""",
    "observations.csv": """\
unit,indicator,period,measure,value,released,status,source
dasheng,ind_va,2020-02,cum_yoy_pct,-9.6,2020-03-18,published,省统计局
dasheng,ind_va,2020-07,cum_yoy_pct,0.3,2020-08-18,published,省统计局
dasheng,ind_va,2020-08,cum_yoy_pct,0.8,2020-09-18,published,省统计局
dasheng,ind_va,2020-08,cum_yoy_pct,0.9,2020-12-18,published,省统计局
xiaocheng,ind_va,2020-02,cum_yoy_pct,-30.1,,published,市统计局
xiaocheng,ind_va,2020-07,cum_yoy_pct,X%,,published,市统计局
xiaocheng,ind_va,2020-08,cum_yoy_pct,-13.6%,2020-09-20,published,市统计局
xiaocheng,ind_va,2020-06,level_cum,410.5,2020-07-20,published,市统计局
xiaocheng,ind_va,2020-07,level_cum,480.2,2020-08-20,published,市统计局
xiaocheng,gdp,2020-06,cum_yoy_pct,-12.2,2020-07-20,derived,市统计局
dasheng,service_rev,2020-05,cum_yoy_pct,-5.1,2020-06-25,published,省统计局
""",
    "targets.csv": """\
unit,indicator,kind,value,tolerance_pp,assessed,light_rule,source
xiaocheng,ind_va,province_average,,2,true,gap,会议
xiaocheng,ind_va,plan,5,0,false,gap,会议
xiaocheng,gdp,positive_growth,,0,是,gap,会议
xiaocheng,gdp,rank,3,0,否,gap,会议
""",
    "bases.csv": """\
unit,indicator,base_year,base_level_yi,share_of_parent,sd_pct,status,source
xiaocheng,gdp,2019,1182,0.045,1,published,公报
dongxian,gdp,2019,401.2,34%,5,estimated,估计
""",
    "industries.csv": """\
industry,name_zh,share_q1,share_q2,share_q3,share_q4,driver,elasticity,elasticity_sd,cap_pp,difficulty,status,source
industry,工业,0.4,0.4,0.4,0.4,ind_va,0.95,0.1,8,4,estimated,估计
services,服务业,0.6,0.6,60%,0.6,,0.8,0.2,5,3,estimated,估计
""",
    "projects.csv": """\
project,name_zh,county,sector,team_zh,nature,total_invest_yi,plan_year_invest_wan,ytd_invest_wan,plan_m10_wan,plan_m11_wan,plan_m12_wan,progress_pct,started,start_plan,in_stat_library,fund_source,funded_pct,blocker,completion_prob,delay_months,resp_unit,resp_person,row_status,source
p001,示例项目001,dongxian,工业,稳投资专班,continued,1.5,"12,000",6500,1000,1200,1300,65,true,2020-03,true,自筹,80,,0.8,0,示例单位01,责任人01,synthetic,示例台账
p002,示例项目002,shibenji,基础设施,稳投资专班,new,3.2,20000,0,2000,3000,4000,0%,false,10月,false,专项债,40%,用地,60%,1,示例单位02,责任人02,synthetic,示例台账
""",
    "enterprises.csv": """\
enterprise,name_zh,county,industry,status,cause,recoverable,base_output_yi,ytd_growth_pct,restart_month,restart_prob,ramp,resp_unit,resp_person,deadline,row_status,source
e001,示例企业001,dongxian,textile,halted,市场订单,true,1.2,-100,2020-10,0.5,0.3;0.6;0.8,示例单位01,责任人01,2020-10-31,synthetic,示例台账
e002,示例企业002,gaoxin,food,half_halted,资金,false,2.4,-62.5,,,,示例单位02,责任人02,,synthetic,示例台账
""",
    "pipeline.csv": """\
enterprise,name_zh,county,sector,channel,filing_deadline,expected_monthly_output_wan,exit_risk,resp_unit,resp_person,row_status,source
w001,示例培育企业001,xixian,工业,monthly,2020-10-20,350,0.1,示例单位01,责任人01,synthetic,示例台账
""",
}


def write_dataset(folder: Path, changes: Mapping[str, str | bytes | None] | None = None) -> Path:
    """Write the data set, with some files replaced (None: left out)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {**FILES, **(changes or {})}.items():
        if isinstance(text, bytes):
            (folder / name).write_bytes(text)
        elif text is not None:
            (folder / name).write_text(text, encoding="utf-8")
    return folder


def edited(name: str, old: str, new: str) -> dict[str, str | bytes | None]:
    """One file with one place changed; the place must exist."""
    if FILES[name].count(old) < 1:
        raise ValueError(f"{old!r} is not in {name}")
    return {name: FILES[name].replace(old, new, 1)}


def with_row(name: str, row: str) -> dict[str, str | bytes | None]:
    """One file with one more row at its end."""
    return {name: FILES[name] + row + "\n"}
