"""Names as planners write them: the usual indicators of a city with their spellings, and the provinces.

Invariant: no two indicators share a spelling (held by ``tests/test_workbook.py``).
This is the one place where a spelling is added.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from forecast.data.reading.problems import plain
from forecast.periods import Frequency

DEFAULT_TOLERANCE_PP: Final = 2.0
"""How far below the benchmark still counts as coming close (接近), points, where nothing else is stated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIndicator:
    """An indicator that is known by name.

    spellings : other names, before ``indicator_key``
    tolerance_pp : default of 接近, points (DOMAIN §5)
    starts : whether an empty workbook has a row for it; nation : also one for the nation
    """

    indicator: str
    name_zh: str
    frequency: Frequency = Frequency.MONTHLY
    tolerance_pp: float = DEFAULT_TOLERANCE_PP
    spellings: tuple[str, ...] = ()
    starts: bool = False
    nation: bool = False


_QUARTERLY, _SHIFTED = Frequency.QUARTERLY, Frequency.SHIFTED

INDICATORS: Final = (
    KnownIndicator(
        indicator="gdp",
        name_zh="生产总值",
        frequency=_QUARTERLY,
        tolerance_pp=1.0,
        spellings=("地区生产总值", "国内生产总值", "GDP", "生产总值(GDP)", "地区生产总值(GDP)", "GDP总量"),
        starts=True,
        nation=True,
    ),
    KnownIndicator(
        indicator="ind_va",
        name_zh="规模以上工业增加值",
        spellings=("规模工业增加值", "工业增加值(规上)", "规上工业"),
        starts=True,
        nation=True,
    ),
    KnownIndicator(
        indicator="fai",
        name_zh="固定资产投资（不含农户）",
        tolerance_pp=3.0,
        spellings=("固定资产投资", "固投", "固定资产投资总额", "固定资产投资额"),
        starts=True,
        nation=True,
    ),
    KnownIndicator(indicator="fai_total", name_zh="全社会固定资产投资", tolerance_pp=3.0),
    KnownIndicator(
        indicator="retail",
        name_zh="社会消费品零售总额",
        spellings=("社零", "社零总额", "社会消费品零售额", "消费品零售总额", "社消零", "社消零总额"),
        starts=True,
        nation=True,
    ),
    KnownIndicator(
        indicator="retail_above",
        name_zh="限上消费品零售额",
        spellings=(
            *("限上社会消费品零售总额", "限上单位消费品零售额", "限上企业消费品零售额", "限上零售额"),
            *("限上消费品零售总额", "限上社会消费品零售额", "限上社零"),
        ),
        starts=True,
    ),
    KnownIndicator(
        indicator="urban_inc",
        name_zh="城镇居民人均可支配收入",
        frequency=_QUARTERLY,
        tolerance_pp=0.5,
        spellings=("城镇居民可支配收入", "城镇居民收入", "城镇居民人均收入", "城镇常住居民人均可支配收入"),
        starts=True,
        nation=True,
    ),
    KnownIndicator(
        indicator="rural_inc",
        name_zh="农村居民人均可支配收入",
        frequency=_QUARTERLY,
        tolerance_pp=0.5,
        spellings=(
            *("农村居民可支配收入", "农村居民收入", "农村居民人均收入", "农村常住居民人均可支配收入"),
            *("农民人均可支配收入", "农民收入"),
        ),
        starts=True,
        nation=True,
    ),
    KnownIndicator(
        indicator="all_inc",
        name_zh="居民人均可支配收入",
        frequency=_QUARTERLY,
        tolerance_pp=0.5,
        spellings=("全体居民人均可支配收入", "居民收入", "居民可支配收入"),
    ),
    KnownIndicator(
        indicator="fiscal_rev",
        name_zh="地方财政收入",
        spellings=("地方一般公共预算收入", "一般公共预算收入", "财政收入", "地方一般预算收入", "一般预算收入"),
        starts=True,
    ),
    KnownIndicator(
        indicator="fiscal_exp",
        name_zh="地方财政支出",
        spellings=("地方一般公共预算支出", "一般公共预算支出", "财政支出", "一般预算支出"),
    ),
    KnownIndicator(
        indicator="fdi",
        name_zh="实际利用外资",
        spellings=("实际利用外资额", "实际使用外资", "实际利用外资金额", "利用外资"),
        starts=True,
    ),
    KnownIndicator(
        indicator="culture_rev",
        name_zh="规上文化企业营业收入",
        frequency=_QUARTERLY,
        spellings=("规上文化企业营收", "规上文化产业营业收入", "文化企业营业收入"),
        starts=True,
    ),
    KnownIndicator(
        indicator="service_rev",
        name_zh="规上服务业营业收入",
        frequency=_SHIFTED,
        spellings=("规上服务业营收", "规上服务业企业营业收入", "规上服务业"),
        starts=True,
    ),
    KnownIndicator(indicator="ind_power", name_zh="工业用电量", spellings=("工业用电",), starts=True),
    KnownIndicator(indicator="ind_output", name_zh="规模以上工业总产值", spellings=("规上工业产值",)),
    KnownIndicator(indicator="re_inv", name_zh="房地产开发投资", spellings=("房地产投资",)),
    KnownIndicator(indicator="house_area", name_zh="商品房销售面积"),
    KnownIndicator(indicator="private_fai", name_zh="民间投资", spellings=("民间固定资产投资",)),
    KnownIndicator(indicator="ind_fai", name_zh="工业投资", spellings=("工业固定资产投资",)),
    KnownIndicator(indicator="constr", name_zh="建筑业总产值", frequency=_QUARTERLY),
    KnownIndicator(indicator="agri_va", name_zh="农林牧渔业增加值", frequency=_QUARTERLY),
    KnownIndicator(
        indicator="gdp1", name_zh="第一产业增加值", frequency=_QUARTERLY, spellings=("一产增加值", "第一产业")
    ),
    KnownIndicator(
        indicator="gdp2", name_zh="第二产业增加值", frequency=_QUARTERLY, spellings=("二产增加值", "第二产业")
    ),
    KnownIndicator(
        indicator="gdp3", name_zh="第三产业增加值", frequency=_QUARTERLY, spellings=("三产增加值", "第三产业")
    ),
    KnownIndicator(indicator="trade", name_zh="进出口总额", spellings=("外贸进出口总额", "外贸进出口")),
    KnownIndicator(indicator="export", name_zh="出口总额", spellings=("出口", "外贸出口")),
)
"""Indicators in the order in which a city's tables usually have them."""

PROVINCES: Final[Mapping[str, str]] = {
    "北京": "beijing",
    "天津": "tianjin",
    "河北": "hebei",
    "山西": "shanxi",
    "内蒙古": "neimenggu",
    "辽宁": "liaoning",
    "吉林": "jilin",
    "黑龙江": "heilongjiang",
    "上海": "shanghai",
    "江苏": "jiangsu",
    "浙江": "zhejiang",
    "安徽": "anhui",
    "福建": "fujian",
    "江西": "jiangxi",
    "山东": "shandong",
    "河南": "henan",
    "湖北": "hubei",
    "湖南": "hunan",
    "广东": "guangdong",
    "广西": "guangxi",
    "海南": "hainan",
    "重庆": "chongqing",
    "四川": "sichuan",
    "贵州": "guizhou",
    "云南": "yunnan",
    "西藏": "xizang",
    "陕西": "shaanxi",
    "甘肃": "gansu",
    "青海": "qinghai",
    "宁夏": "ningxia",
    "新疆": "xinjiang",
}
"""Provinces by their short names, with the ids that data sets use."""

_BRACKETS: Final = re.compile(r"[(\[](?:不含农户|不含跨区|GDP|可比价|现价|%|±%|[^()]*[元吨度米人时]|[亿万])[)\]]", re.I)
_TAIL: Final = re.compile(
    r"(?:累计|当月|本月|同比|可比价|不变价|名义|增速|增长率|增长|增幅|绝对[额值量数]|(?:累计|当月|本期)(?:值|额|数)|总量|\(\)|%|[:：_])+$"
)
_HEAD: Final = re.compile(r"^(?:其中[:：]?|[一二三四五六七八九十]+、|\d{1,2}[、.．]\s*|#|全市|全省|全国)+")
_ID: Final = re.compile(r"[a-z][a-z0-9_]*")


def indicator_key(name: str) -> str:
    """What is left of an indicator's name when ways of writing are set aside.

    规模以上工业增加值增速（%） and 规上工业增加值 have the same key; 限上 and 社会消费品零售总额 have not.
    """
    text = re.sub(r"\s+", "", plain(name))
    text = _HEAD.sub("", text)
    text = _BRACKETS.sub("", text)
    text = _TAIL.sub("", text) or text
    return text.replace("规模以上", "规上").replace("限额以上", "限上").lower()


def is_id(name: str) -> bool:
    """Whether a name is written as an id: ``ind_va``."""
    return _ID.fullmatch(name) is not None


@cache
def _by_key() -> dict[str, KnownIndicator]:
    keys: dict[str, KnownIndicator] = {}
    for known in INDICATORS:
        for name in (known.indicator, known.name_zh, *known.spellings):
            keys[indicator_key(name)] = known
    return keys


def known_indicator(name: str) -> KnownIndicator | None:
    """The usual indicator that a name means, by id, name or spelling; None for any other."""
    return _by_key().get(indicator_key(name))
