"""Which place and which indicator of a data set a word means: one answer in every table, CSV or workbook.

Invariant: a word means the same unit in whatever table it stands, and a word that could mean two means none
(held by ``tests/test_resolve.py``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from forecast.data.reading.problems import plain
from forecast.data.reading.rows import Names
from forecast.data.reading.spellings import indicator_key, known_indicator


class NamedUnit(Protocol):
    """What of a unit its words follow from."""

    @property
    def unit(self) -> str: ...
    @property
    def name_zh(self) -> str: ...
    @property
    def level(self) -> str: ...
    @property
    def parent(self) -> str | None: ...


class NamedIndicator(Protocol):
    """What of an indicator its words follow from."""

    @property
    def indicator(self) -> str: ...
    @property
    def name_zh(self) -> str: ...


_GENERIC: Final[Mapping[str, tuple[str, ...]]] = {
    "nation": ("全国", "中国", "国家", "全国合计", "全国总计"),
    "province": ("全省", "本省", "全区", "省", "全省合计", "全省总计", "全省平均"),
    "city": ("全市", "本市", "市", "全市合计", "全市总计", "全市平均"),
}
GENERIC_WORDS: Final = frozenset(word for words in _GENERIC.values() for word in words if len(word) > 1)
"""Words for the nation, the province or the city at hand."""
_AUTONOMOUS: Final = re.compile(r"(?:壮族|回族|维吾尔)?自治区$|特别行政区$|(?<=.{2})省$|(?<=.{2})市$")
_COUNTY: Final = re.compile(r"(?<=.{2})(?:[\u4e00-\u9fa5]{1,3}族)?自治县$|(?<=.{2})[县区市旗]$")
_CITY: Final = re.compile(r"(?<=.{2})(?:市|地区|盟|自治州)$")
_ZONE: Final = re.compile(r"(?<=.{2})(?:示范区|高新技术产业开发区|高新区|经济技术开发区|经开区|开发区|新区|管委会)$")
_ASIDE: Final = re.compile(r"^其中[:：]?|^[#*·•○\d.、]+|[#*]+$|^[一二三四五六七八九十]+、")
_RANK: Final = {"nation": 0, "province": 1, "city": 2, "county": 3, "zone": 3}


def place_key(word: str) -> str:
    """What is left of a place's name when spaces, marks and numbers of a list are set aside."""
    text = re.sub(r"\s+", "", plain(word))
    return (_ASIDE.sub("", text) or text).lower()


def place_variants(name: str, level: str, above: str = "") -> set[str]:
    """Ways of writing a place's name beside the full one: 安康 for 安康市, 旬阳 and 旬阳市 for 旬阳县."""
    found = set()
    if level in ("province", "nation"):
        found.add(_AUTONOMOUS.sub("", name))
    elif level == "city":
        found.add(_CITY.sub("", name))
    elif level == "county":
        stem = _COUNTY.sub("", name)
        found |= {stem, *(stem + ending for ending in "县市区")} if stem != name else set()
    elif level == "zone":
        found.add(_ZONE.sub("", name))
    if above and name.startswith(above) and len(name) > len(above) + 1 and level in ("county", "zone"):
        found.add(name.removeprefix(above))
    return found - {name, ""}


def place_names(units: Iterable[NamedUnit], *, city: str = "", noun: str = "unit") -> Names:
    """Words for the units of a data set.

    Parameters
    ----------
    city : the unit that 全市 means; "": the city that has counties, or the only one; where there are several, none
    """
    listed = list(units)
    ids = {one.name_zh: one.unit for one in listed if one.name_zh} | {one.unit: one.unit for one in listed}
    full = {place_key(word): unit for word, unit in ids.items()}
    by_id = {one.unit: one for one in listed}
    variants: dict[str, set[str]] = {}
    for one in listed:
        above = by_id.get(one.parent or "")
        stem = _CITY.sub("", above.name_zh) if above is not None and above.level == "city" else ""
        for word in place_variants(one.name_zh, one.level, stem):
            variants.setdefault(place_key(word), set()).add(one.unit)
    also = {}
    for word, meant in variants.items():
        top = min(_RANK.get(by_id[unit].level, 9) for unit in meant)
        highest = [unit for unit in meant if _RANK.get(by_id[unit].level, 9) == top]
        if len(highest) == 1:
            also[word] = highest[0]
    for level, unit in _homes(listed, city).items():
        also |= dict.fromkeys(_GENERIC[level], unit)
    return Names(noun=noun, ids=ids, also=also | full, key=place_key)


def _homes(units: list[NamedUnit], city: str) -> dict[str, str]:
    """The nation, province and city that general words stand for."""
    by_id = {one.unit: one for one in units}
    parents = Counter(one.parent for one in units)
    cities = [one.unit for one in units if one.level == "city"]
    with_counties = [unit for unit in cities if parents[unit]]
    mine = city if city in by_id else next(iter(with_counties if len(with_counties) == 1 else cities), "")
    if not city and len(with_counties) != 1 and len(cities) != 1:
        mine = ""
    found = {"city": mine} if mine else {}
    current = by_id[mine].parent if mine else None
    seen = set()
    while current in by_id and current not in seen:
        seen.add(current)
        one = by_id[current]
        found.setdefault(one.level, one.unit)
        current = one.parent
    for level in ("province", "nation"):
        of_level = [one.unit for one in units if one.level == level]
        if len(of_level) == 1:
            found.setdefault(level, of_level[0])
    return {level: unit for level, unit in found.items() if level in _GENERIC}


def indicator_names(indicators: Iterable[NamedIndicator]) -> Names:
    """Words for the indicators of a data set: every spelling that is known of one of them, in any way of writing."""
    listed = list(indicators)
    ids = {one.name_zh: one.indicator for one in listed if one.name_zh}
    ids |= {one.indicator: one.indicator for one in listed}
    also: dict[str, str] = {}
    for one in listed:
        usual = known_indicator(one.indicator) or known_indicator(one.name_zh)
        for spelling in (usual.indicator, usual.name_zh, *usual.spellings) if usual is not None else ():
            also.setdefault(indicator_key(spelling), one.indicator)
    also |= {indicator_key(word): unit for word, unit in ids.items()}
    return Names(noun="indicator", ids=ids, also=also, key=indicator_key)
