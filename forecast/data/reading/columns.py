"""The tables of a data set: their fixed columns, the Chinese headers that mean the same, and words of their values.

Invariant: a header, however written, means at most one column of its table (held by ``tests/test_tables.py``).
This is the one place where a synonym is added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Column:
    """One fixed column of a table.

    name : name in the file; a money column ends in its unit (``_yi``, ``_wan``)
    zh : headers that mean the same, without their unit
    required : whether the header must have it; its cells may still be empty where the reader allows
    """

    name: str
    zh: tuple[str, ...] = ()
    required: bool = True

    @property
    def stem(self) -> str:
        """Name without the unit of money."""
        return self.name.rsplit("_", 1)[0] if self.is_money else self.name

    @property
    def is_money(self) -> bool:
        """Whether the column is an amount, read in any unit of ``MONEY_UNITS``."""
        return self.name.endswith(("_yi", "_wan"))


MONEY_UNITS: Final[Mapping[str, float]] = {"yi": 1.0, "wan": 1e-4, "yuan": 1e-8}
"""Amount in 亿元 of one unit, keyed by the ending of a column's name."""

NO_COUNTY: Final[Mapping[str, str]] = {"shibenji": "市本级", "kuaxianqu": "跨县区"}
"""Values of a ledger's county that are no place of units.csv."""
NO_COUNTY_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "shibenji": ("市直", "市级", "市本", "本级"),
    "kuaxianqu": ("跨县", "跨区县", "跨区", "多县区"),
}
"""Other words for them."""


def _c(name: str, *zh: str, required: bool = True) -> Column:
    return Column(name, zh, required)


def _o(name: str, *zh: str) -> Column:
    return Column(name, zh, required=False)


_UNIT = _c("unit", "地区", "单位名称", "区域", "地区编码", "单位编码")
_INDICATOR = _c("indicator", "指标", "指标编码", "指标代码", "指标名称")
_COUNTY = _c("county", "县区", "县(区)", "所属县区", "区县", "项目所在县区", "所在地")
_TEAM = _o("team_zh", "专班", "牵头专班", "稳增长专班", "市级专班")
_RESP_UNIT = _c("resp_unit", "责任单位", "责任部门")
_RESP_PERSON = _c("resp_person", "责任人")
_ROW_STATUS = _c("row_status", "数据性质", "行状态", "数据状态")
_STATUS = _c("status", "数据性质", "状态", "数据状态")
_SOURCE = _c("source", "来源", "数据来源", "出处")

TABLES: Final[Mapping[str, tuple[Column, ...]]] = {
    "units": (
        _c("unit", "地区", "编码", "地区编码", "单位编码"),
        _c("name_zh", "名称", "地区名称", "单位名称"),
        _c("level", "层级", "级别"),
        _c("parent", "上级", "上级地区", "上级编码"),
        _o("counted_within", "含于", "计入县区", "数据含于"),
    ),
    "bases": (
        _UNIT,
        _INDICATOR,
        _c("base_year", "基期年份", "基期", "基年"),
        _c("base_level_yi", "基数", "基期总量", "基期水平"),
        _c("share_of_parent", "占上级比重", "占上级份额", "占比"),
        _c("sd_pct", "不确定度", "标准差"),
        _STATUS,
        _SOURCE,
    ),
    "indicators": (
        _c("indicator", "指标", "指标编码", "指标代码"),
        _c("name_zh", "名称", "指标名称"),
        _c("frequency", "频率", "报告频率"),
        _c("department", "责任部门", "牵头部门", "部门"),
        _o("team_zh", "专班", "牵头专班", "稳增长专班", "市级专班"),
        _o("revision_sd_pp", "修订标准差", "修订幅度"),
        _o("profile", "分期权重", "月度权重", "基期权重"),
        _o("decimals", "公布小数位", "小数位数", "公布小数位数"),
    ),
    "observations": (
        _UNIT,
        _INDICATOR,
        _c("period", "时期", "报告期", "期间", "月份", "时间"),
        _c("measure", "口径", "数据口径", "度量"),
        _c("value", "数值", "值", "数据"),
        _c("released", "发布日期", "公布日期", "发布时间"),
        _STATUS,
        _SOURCE,
    ),
    "targets": (
        _UNIT,
        _INDICATOR,
        _c("kind", "目标类型", "类型"),
        _c("value", "目标值", "数值"),
        _c("tolerance_pp", "接近幅度", "容差", "允许差距"),
        _c("assessed", "是否考核", "考核指标", "考核"),
        _c("light_rule", "预警规则", "亮灯规则"),
        _o("source", "来源", "数据来源", "出处"),
        _o("by", "截至", "截止", "截至月份", "考核时点", "完成时限"),
        _o("stretch", "力争目标", "力争", "奋斗目标"),
    ),
    "industries": (
        _c("industry", "行业", "行业编码"),
        _c("name_zh", "名称", "行业名称"),
        _c("share_q1", "一季度占比", "一季度比重"),
        _c("share_q2", "二季度占比", "二季度比重"),
        _c("share_q3", "三季度占比", "三季度比重"),
        _c("share_q4", "四季度占比", "四季度比重"),
        _c("driver", "支撑指标", "基础指标"),
        _c("elasticity", "弹性", "弹性系数"),
        _c("elasticity_sd", "弹性标准差"),
        _c("cap_pp", "上限", "可济上限", "增速上限"),
        _c("difficulty", "难度", "难度系数"),
        _STATUS,
        _SOURCE,
    ),
    "projects": (
        _c("project", "项目编码", "项目代码", "项目编号", "序号"),
        _c("name_zh", "项目名称", "名称"),
        _COUNTY,
        _c("sector", "行业", "行业类别", "产业", "领域"),
        _TEAM,
        _c("nature", "建设性质", "项目性质"),
        _c("total_invest_yi", "总投资", "计划总投资", "项目总投资"),
        _c("plan_year_invest_wan", "年度计划投资", "年度计划", "年计划投资", "本年计划投资"),
        _c("ytd_invest_wan", "年度累计完成投资", "本年累计完成投资", "累计完成投资", "1-8月完成投资", "本年完成投资"),
        _c("plan_m10_wan", "10月计划投资", "10月计划", "10月份计划投资"),
        _c("plan_m11_wan", "11月计划投资", "11月计划", "11月份计划投资"),
        _c("plan_m12_wan", "12月计划投资", "12月计划", "12月份计划投资"),
        _o("progress_pct", "完成进度", "工程进度", "进度", "形象进度(%)"),
        _o("progress_words", "形象进度", "形象面貌", "建设进展"),
        _o("started", "是否开工", "开工"),
        _o("start_plan", "计划开工", "计划开工时间", "计划开工月份"),
        _o("in_stat_library", "是否入库", "入库", "是否纳统"),
        _o("fund_source", "资金来源"),
        _o("funded_pct", "资金到位率", "到位率"),
        _o("blocker", "存在问题", "卡点", "存在困难", "主要问题"),
        _o("completion_prob", "完成概率", "完成可能性"),
        _o("delay_months", "延期月数", "预计延期"),
        _RESP_UNIT,
        _RESP_PERSON,
        _ROW_STATUS,
        _SOURCE,
    ),
    "enterprises": (
        _c("enterprise", "企业编码", "企业代码", "企业编号", "序号", "统一社会信用代码"),
        _c("name_zh", "企业名称", "名称"),
        _COUNTY,
        _c("industry", "行业", "行业类别", "所属行业"),
        _TEAM,
        _c("status", "生产状态", "经营状态", "状态", "企业状态"),
        _o("cause", "原因", "停产原因", "停减产原因", "主要原因"),
        _c("recoverable", "能否恢复", "是否可恢复", "可恢复"),
        _c("base_output_yi", "上年产值", "基期产值", "上年同期产值", "上年工业总产值"),
        _o("ytd_growth_pct", "累计增速", "本年累计增速", "产值累计增速", "同比增速"),
        _o("restart_month", "复产月份", "预计复产月份", "计划复产时间", "预计复产时间"),
        _o("restart_prob", "复产概率", "复产可能性"),
        _o("ramp", "恢复进度", "产能恢复比例", "恢复比例"),
        _RESP_UNIT,
        _RESP_PERSON,
        _o("deadline", "完成时限", "时限", "办结时限"),
        _ROW_STATUS,
        _SOURCE,
    ),
    "pipeline": (
        _c("enterprise", "企业编码", "企业代码", "企业编号", "序号", "统一社会信用代码"),
        _c("name_zh", "企业名称", "名称"),
        _COUNTY,
        _c("sector", "行业", "行业类别", "五上类别", "类别"),
        _TEAM,
        _c("channel", "入库渠道", "申报渠道", "申报方式"),
        _c("filing_deadline", "申报截止日期", "申报时限", "申报截止", "完成时限"),
        _c("expected_monthly_output_wan", "预计月产值", "预计当月产值", "预计月营业收入"),
        _c("exit_risk", "退库风险", "退库概率"),
        _RESP_UNIT,
        _RESP_PERSON,
        _ROW_STATUS,
        _SOURCE,
    ),
}
"""Fixed columns of every table, in the order of the format (DESIGN: files of a data set)."""

OPTIONAL_TABLES: Final = frozenset({"bases", "industries", "projects", "enterprises", "pipeline"})
"""Tables that a data set may leave out; an absent one is read as an empty frame."""

_ROW_STATUSES: Final[Mapping[str, tuple[str, ...]]] = {
    "published": ("公布", "已公布", "正式公布"),
    "derived": ("推算", "推导"),
    "synthetic": ("示例", "合成", "虚拟"),
}

CHOICES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "level": {
        "nation": ("全国", "国家"),
        "province": ("省", "全省", "省级"),
        "city": ("市", "全市", "市级", "地级市"),
        "county": ("县", "区", "县区", "县级"),
        "zone": ("开发区", "功能区", "园区"),
    },
    "frequency": {
        "monthly": ("月度", "月", "月报"),
        "quarterly": ("季度", "季", "季报"),
        "shifted": ("错月",),
    },
    "measure": {
        "cum_yoy_pct": ("累计同比", "累计增速", "累计同比增速"),
        "month_yoy_pct": ("当月同比", "当月增速", "当月同比增速"),
        "level_cum": ("累计值", "累计总量", "累计数"),
        "level_month": ("当月值", "当月总量", "当月数"),
        "gap_sign": ("与全省差距方向", "差距方向"),
        "rank": ("位次", "全省位次", "排名"),
    },
    "status": _ROW_STATUSES,
    "estimate_status": {**_ROW_STATUSES, "estimated": ("估计", "估算", "设定")},
    "kind": {
        "province_average": ("全省平均", "全省平均水平"),
        "plan": ("年度计划", "计划", "计划目标"),
        "positive_growth": ("正增长", "转正", "由负转正"),
        "rank": ("位次", "排名"),
    },
    "nature": {"continued": ("续建",), "new": ("新开工", "新建")},
    "enterprise_status": {
        "halted": ("停产",),
        "half_halted": ("半停产",),
        "reduced": ("减产",),
        "seasonal": ("季节性停产",),
        "normal": ("正常", "正常生产", "正常经营"),
    },
    "channel": {"monthly": ("月度", "月报", "月度入库"), "annual": ("年度", "年报", "年度入库")},
    "flag": {
        "true": ("是", "1", "yes", "y", "有", "√", "已开工", "已入库", "能"),
        "false": ("否", "0", "no", "n", "无", "×", "未开工", "未入库", "不能"),
    },
}
"""Legal values, each with the words that mean the same."""
