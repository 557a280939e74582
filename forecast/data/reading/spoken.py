"""What a name, a header or a cell says in words: measure and unit, and numbers that are not written as numbers.

A unit decides the measure: 地区生产总值(亿元) is a level, 固定资产投资增速(%) is growth. A change in points
(±百分点) is neither.

Invariant: a text has one meaning, or it is a contradiction that is reported; a number in words that could be two
numbers is an error (held by ``tests/test_spoken.py``).

Names as planners write them: the usual indicators of a city with their spellings, and the provinces.

Invariant: no two indicators share a spelling (held by ``tests/test_workbook.py``).
This is the one place where a spelling is added.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, Literal

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
        spellings=("固定资产投资", "固投", "固定资产投资总额", "固定资产投资额", "固定资产投资完成额"),
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
    KnownIndicator(
        indicator="re_inv",
        name_zh="房地产开发投资",
        spellings=("房地产投资", "房地产开发投资完成额", "房地产开发投资额"),
    ),
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

_BRACKETS: Final = re.compile(
    r"[(\[](?:不含农户|不含跨区|GDP|可比价|不变价|现价|%|±%|[^()]*[元吨度米人时]|[亿万])[)\]]", re.I
)
_TAIL: Final = re.compile(
    r"(?:累计|当[月期季]|本月|同比|可比价|不变价|名义|增速|增长率|增长|增幅|绝对[额值量数]|(?:累计|当[月期季]|本期)(?:值|额|数)|总量|\(\)|%|[:：_])+$"
)
_HEAD: Final = re.compile(r"^(?:其中[:：]?|[一二三四五六七八九十]+、|\d{1,2}[、.．]\s*|#|全市|全省|全国)+")
_INDEX_NAME: Final = re.compile(r"指数\(上年(?:同期|同月|同季)?=100\)")
_ID: Final = re.compile(r"[a-z][a-z0-9_]*")


def indicator_key(name: str) -> str:
    """What is left of an indicator's name when ways of writing are set aside.

    规模以上工业增加值增速（%） and 规上工业增加值 have the same key; 限上 and 社会消费品零售总额 have not.
    """
    text = re.sub(r"\s+", "", plain(name))
    text = _HEAD.sub("", text)
    text = _INDEX_NAME.sub("", text)
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


type Kind = Literal["", "growth", "level", "rank", "change", "share", "other"]
type Span = Literal["", "cum", "month", "quarter"]


@dataclass(frozen=True, slots=True)
class Said:
    """What a text says of the figures that it stands over or beside.

    kind : "" where it says nothing; ``change`` is a difference in points, ``share`` a part of a whole, ``other`` an
        amount in constant prices
    span : ``month`` for a single month, ``quarter`` for a single quarter; unit : as written in plain characters
    worded : whether words say the kind, and not only a unit
    contradiction : the two words that exclude each other, "" where none
    base : 100 where growth is written as an index (上年同期=100), else 0
    """

    kind: Kind = ""
    span: Span = ""
    unit: str = ""
    worded: bool = False
    contradiction: str = ""
    base: int = 0

    @property
    def aside(self) -> bool:
        """Whether the figures are of no measure that is read: ranks, shares, points, single quarters."""
        return self.kind in ("rank", "change", "share", "other") or self.span == "quarter"


_UNIT: Final = (
    r"(?:[亿万千百]{0,2}(?:美元|人民币元|元|吨|平方米|立方米|千瓦时|千瓦小时|度|人次|人|户|辆|件|台|个|家|公里|标准煤)"
    r"|亿|万|%|pp|个百分点|百分点|±%|\+/-%|位次?|名次?)"
)
_BRACKETED: Final = re.compile(r"[(\[]\s*(?:单位[:：]?)?\s*(" + _UNIT + r")\s*[)\]]")
_STATED: Final = re.compile(r"(?:计量)?单位[:：]?\s*(" + _UNIT + r")(?:[、,，/和]|$|\s|[)）])")
_BARE: Final = re.compile(r"^" + _UNIT + r"$")
_TRAILING: Final = re.compile(r"[/:,，_](亿元|万元|元|%)$")
_CHANGE: Final = re.compile(
    r"百分点|±(?!%)|加快|回落|提高或|提升或|增减百分|升降幅度|较上月|比上月|较上年末|位次变化|升降"
)
_RANK: Final = re.compile(r"位次|排位|排名|名次|排序|名列|居全[省市国]第")
_SHARE: Final = re.compile(r"比重|占比|份额|贡献率|完成率|完成进度|占年度|占全[省市年国]")
_GROWTH: Final = re.compile(r"增速|增长|增幅|同比|涨幅|增减|yoy|growth", re.I)
_LEVEL: Final = re.compile(
    r"绝对[额值量数]|累计(?:值|额|数|总量|完成(?!率|进度))|当月(?:值|额|数)|本[月期](?:值|数|完成)|总量|完成[额数]|实绩|level",
    re.I,
)
_MONTH: Final = re.compile(r"当[月期]|单月|本月(?!止|末|累)|month_yoy|level_month", re.I)
_QUARTER: Final = re.compile(r"当季|单季|本季(?!止|末|累)")
_INDEX: Final = re.compile(r"\(?上年(同期|同月|同季)?=100\)?")
_CONSTANT: Final = re.compile(r"不变价|可比价")
_CUM: Final = re.compile(r"累计|本月止|年初|1[-—–~至到]\d|cum", re.I)
_POINTS: Final = frozenset({"pp", "个百分点", "百分点"})
_PERCENT: Final = frozenset({"%", "±%", "+/-%"})
_RANKS: Final = frozenset({"位", "位次", "名", "名次"})


def unit_of(text: str) -> str:
    """Unit that a text states, in brackets, after 单位 or at its end; "" for none."""
    word = re.sub(r"\s+", "", plain(text))
    for pattern in (_BRACKETED, _STATED):
        if found := pattern.search(word):
            return found[1]
    if _BARE.fullmatch(word):
        return word
    found = _TRAILING.search(word)
    return found[1] if found else ""


@lru_cache(maxsize=20_000)
def said_of(text: str) -> Said:
    """Measure and unit that a text states.

    Words go before units; where the two exclude each other (增速(亿元), 累计值(%)), that is a contradiction.
    """
    word = re.sub(r"\s+", "", plain(text))
    if not word:
        return Said()
    unit = unit_of(word)
    bare = _BRACKETED.sub("", word)
    span: Span = (
        "quarter" if _QUARTER.search(bare) else "month" if _MONTH.search(bare) else "cum" if _CUM.search(bare) else ""
    )
    if index := _INDEX.search(bare):
        return Said("growth", "month" if index[1] == "同月" else span or "cum", "%", worded=True, base=100)
    if unit in _POINTS or _CHANGE.search(bare):
        return Said("change", span, unit, worded=True)
    if unit in _RANKS or _RANK.search(bare):
        return Said("rank", span, unit, worded=True)
    if _SHARE.search(bare):
        return Said("share", span, unit, worded=True)
    of_unit: Kind = "" if not unit else "growth" if unit in _PERCENT else "level"
    growth, level = _GROWTH.search(bare), _LEVEL.search(bare)
    kind: Kind = "growth" if growth else "level" if level else of_unit
    found = growth or level
    clash = found is not None and of_unit not in ("", kind)
    if kind == "level" and _CONSTANT.search(word):
        kind = "other"
    shown = f"{found[0]} / {unit}" if clash and found is not None else ""
    return Said(kind, span, unit, worded=found is not None, contradiction=shown)


def combined(texts: Iterable[str]) -> Said:
    """What several texts of one column or row say together; a later one goes before an earlier one."""
    kind: Kind = ""
    span: Span = ""
    unit, worded, contradiction, first, base = "", False, "", "", 0
    for text in texts:
        said = said_of(text)
        contradiction = contradiction or said.contradiction
        if said.kind:
            if said.worded and worded and {kind, said.kind} == {"growth", "level"} and not first_allows(first, text):
                contradiction = contradiction or f"{first} / {text.strip()}"
            kind, worded, first, base = said.kind, said.worded, text.strip(), said.base
        unit = said.unit or unit
        span = said.span or span
    if kind == "growth" and unit not in _PERCENT:
        unit = ""
    return Said(kind, span, unit, worded=worded, contradiction=contradiction, base=base)


def first_allows(above: str, below: str) -> bool:
    """Whether a header above merely groups what the one below makes precise: 绝对额及增速 over 增速."""
    return bool(_GROWTH.search(plain(above)) and _LEVEL.search(plain(above))) or plain(above) == plain(below)


_MEASURES: Final = {
    ("growth", "month"): "month_yoy_pct",
    ("growth", "cum"): "cum_yoy_pct",
    ("level", "month"): "level_month",
    ("level", "cum"): "level_cum",
}


def measure_id(kind: Kind, span: Span) -> str:
    """Measure of growth or a level; "" for any other kind and for single quarters."""
    return _MEASURES.get((kind, span or "cum"), "")


_TO_YI: Final = {"亿元": 1.0, "亿": 1.0, "万元": 1e-4, "万": 1e-4, "百万元": 1e-2, "千万元": 0.1, "千元": 1e-5}


def to_yi(unit: str) -> float:
    """Factor that makes 亿元 of an amount; 1 where the unit is no money, or 元, which incomes a head are stated in."""
    return _TO_YI.get(unit, 1.0)


class WordsError(ValueError):
    """Words that are no single number; ``code`` is the key of the message."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


_PLAIN_NUMBER: Final = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_SIGNED: Final = re.compile(r"[+-]?" + _PLAIN_NUMBER)
_FLAT: Final = re.compile(r"(?:与?(?:上年)?(?:同期)?)?(?:基本)?(?:同比)?(?:基本)?持平|零增长|平")
_UP: Final = re.compile(r"^(?:同比|比上年(?:同期)?|较上年(?:同期)?|累计|名义)*(?:增长|上升|上涨|增|升|提高|↑|▲|△)")
_DOWN: Final = re.compile(
    r"^(?:同比|比上年(?:同期)?|较上年(?:同期)?|累计|名义)*(?:负增长|下降|下跌|下滑|减少|降低|降|减|↓|▼|▽)"
)
_ABOUT: Final = re.compile(r"^(?:大约|大概|约为|约|近|预计|左右)|(?:左右|上下)$")
_BRACKET: Final = re.compile(r"^\(([^()]*)\)%?$")
_REMARK: Final = re.compile(
    r"\((?:快报|快报数|初步|初步数|初步核算|核算数|预计|预计数|可比价|可比口径|同口径|现价|名义|实际|r|p|e|\*|[①-⑳]|\d)\)$",
    re.I,
)
_STAR: Final = re.compile(r"[*#①-⑳¹²³]+$")
_RANGE: Final = re.compile(
    r"^[+-]?" + _PLAIN_NUMBER + r"%?\s*(?:[-—–~～]|至|到)+\s*[+-]?" + _PLAIN_NUMBER + r"%?(?:左右|之间)?$"
)
_BOUND: Final = re.compile(r"以上|以下|以内|不低于|不超过|大于|小于|超过?|[<>≥≤]")
_DATE: Final = re.compile(r"^(?:\d{4}[-/年]\d{1,2}[-/月]\d{1,2}日?|\d{1,2}月\d{1,2}日)$")
_COMMA: Final = re.compile(r"^[+-]?\d+,(?:\d|\d\d|\d{4,})%?$")


@dataclass(frozen=True, slots=True)
class Spoken:
    """A number in words.

    value : the number; about : whether the text says that it is not exact (约, 左右, 快报)
    """

    value: float
    about: bool = False


def spoken_number(text: str) -> Spoken | None:
    """Number that a text says in words; None where it has none.

    增长8.5%, 下降3.2%, ↓3.2, （3.2）, 持平, 约6.5, 8%左右, 6.3%（初步）, +6.5*.

    Raises
    ------
    WordsError
        A range (6.5-7), a bound (8%以上), points (8.5个百分点), a decimal comma (8,5) or a date that stands where a
        number was meant: not one number.
    """
    word = re.sub(r"\s+", "", plain(text)).replace("–", "-").replace("−", "-")
    if not word:
        return None
    if _DATE.fullmatch(word):
        raise WordsError("number_is_date")
    if _COMMA.fullmatch(word):
        raise WordsError("decimal_comma")
    if "百分点" in word:
        raise WordsError("number_points")
    about = False
    for pattern in (_REMARK, _STAR):
        rest = pattern.sub("", word)
        about, word = about or (rest != word and pattern is _REMARK), rest
    if _RANGE.fullmatch(word):
        raise WordsError("number_range_words")
    if _FLAT.fullmatch(word):
        return Spoken(0.0, about)
    rest = _ABOUT.sub("", _ABOUT.sub("", word))
    about, word = about or rest != word, rest
    sign = 1.0
    if _DOWN.match(word):
        sign, word = -1.0, _DOWN.sub("", word)
    elif _UP.match(word):
        word = _UP.sub("", word)
    elif found := _BRACKET.fullmatch(word):
        sign, word = -1.0, found[1]
    rest = _ABOUT.sub("", _ABOUT.sub("", word))
    about, word = about or rest != word, rest
    number = word.removesuffix("%")
    if _BOUND.search(number) and re.search(r"\d", number):
        raise WordsError("number_bound")
    if not _SIGNED.fullmatch(number) or (sign < 0 and number[0] in "+-"):
        return None
    value = sign * float(number.replace(",", ""))
    return Spoken(value + 0.0, about) if math.isfinite(value) else None


@dataclass(frozen=True, slots=True)
class Goal:
    """A plan as a report of government words it, percent.

    plan : what is planned; least : 确保 (at least); strive : 力争 (to be striven for); None where not said
    """

    plan: float
    least: float | None = None
    strive: float | None = None


_AROUND: Final = r"(?:左右|以上|上下)?"
_GOAL_PART: Final = re.compile(
    r"(?P<word>确保|保底|力争|争取|奋斗目标|挑战|预期|目标)?(?:增长|达到|完成|实现)*(?P<sign>[+-]?)(?P<number>"
    + _PLAIN_NUMBER
    + r")%?"
    + _AROUND
)


def spoken_goal(text: str) -> Goal | None:
    """Plan of a cell: 8%以上力争8.5%, 确保7.5%、力争8%, 增长8%左右; None where it is worded in no such way.

    What is planned is the number without a word, else what is to be made sure of, else what is striven for.
    """
    word = re.sub(r"[\s,，、;；。和]+", "", plain(text))
    parts = list(_GOAL_PART.finditer(word))
    if not parts or "".join(part[0] for part in parts) != word:
        return None
    found: dict[str, float] = {}
    for part in parts:
        said = part["word"] or ""
        key = (
            "least"
            if said in ("确保", "保底")
            else "strive"
            if said in ("力争", "争取", "奋斗目标", "挑战")
            else "plan"
        )
        if key in found:
            return None
        found[key] = float((part["sign"] or "") + part["number"].replace(",", ""))
    plan = found.get("plan", found.get("least", found.get("strive")))
    return None if plan is None else Goal(plan, found.get("least"), found.get("strive"))
