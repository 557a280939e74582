"""Places of a planner's workbook: which is the city, which the province, which belongs to which.

A place is told by what the sheets 参数 and 地区 say, else by its name: 全国, a province's name, or the ending
(省, 市, 县, 区, 开发区). Where a rule does not tell, a problem asks.

Invariant: a name stands for one unit, however often it is written (held by ``tests/test_workbook.py``).

Which place and which indicator of a data set a word means: one answer in every table, CSV or workbook.

Invariant: a word means the same unit in whatever table it stands, and a word that could mean two means none
(held by ``tests/test_resolve.py``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from forecast.data.reading.columns import CHOICES
from forecast.data.reading.problems import Problems, plain, quoted
from forecast.data.reading.rows import Names
from forecast.data.reading.spoken import PROVINCES, indicator_key, is_id, known_indicator


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


_ALL_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "nation": ("全国", "中国", "国家", "全国合计", "全国总计"),
    "province": ("全省", "本省", "全区", "省", "全省合计", "全省总计", "全省平均"),
    "city": ("全市", "本市", "市", "全市合计", "全市总计", "全市平均"),
}
GENERIC_WORDS: Final = frozenset(word for words in _ALL_OF.values() for word in words if len(word) > 1)
"""Words for the nation, the province or the city at hand."""
_AUTONOMOUS: Final = re.compile(r"(?:壮族|回族|维吾尔)?自治区$|特别行政区$|(?<=.{2})省$|(?<=.{2})市$")
_COUNTY: Final = re.compile(r"(?<=.{2})(?:[\u4e00-\u9fa5]{1,3}族)?自治县$|(?<=.{2})[县区市旗]$")
_CITY: Final = re.compile(r"(?<=.{2})(?:市|地区|盟|自治州)$")
_ZONE_END: Final = re.compile(
    r"(?<=.{2})(?:示范区|高新技术产业开发区|高新区|经济技术开发区|经开区|开发区|新区|管委会)$"
)
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
        found.add(_ZONE_END.sub("", name))
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
        also |= dict.fromkeys(_ALL_OF[level], unit)
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
    return {level: unit for level, unit in found.items() if level in _ALL_OF}


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


@dataclass(frozen=True, slots=True)
class Named:
    """A place as written, and the address of the cell."""

    name: str
    cell: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A row of sheet 地区; "" where a cell is empty."""

    unit: str
    name_zh: str
    level: str
    parent: str
    counted_within: str
    row: int


@dataclass(slots=True)
class _Place:
    """One place while it is being made out."""

    name: str
    cell: str
    level: str = ""
    unit: str = ""
    parent: str = ""
    within: str = ""
    row: int = 1
    names: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What was made out.

    ids : every name that was written -> unit id
    rows : cells of table ``units``, in order from the nation down, with ``_row`` and ``_cell``
    city, province : ids, "" where a problem says that there is none
    city_name : of the city, for the title
    """

    ids: Mapping[str, str]
    rows: tuple[Mapping[str, object], ...]
    city: str
    province: str
    city_name: str


_GENERIC: Final = {
    "全国": "nation",
    "中国": "nation",
    "国家": "nation",
    "china": "nation",
    "nation": "nation",
    "全省": "province",
    "本省": "province",
    "全市": "city",
    "本市": "city",
}
_ZONE: Final = re.compile(r".(?:高新区|经开区|开发区|示范区|新区|园区|功能区|度假区|产业园|管委会)$")
_ENDINGS: Final = (
    (re.compile(r"..*国$"), "nation"),
    (re.compile(r"..*(?:省|自治区|特别行政区)$"), "province"),
    (_ZONE, "zone"),
    (re.compile(r"..*(?:市|自治州|州|盟|地区)$"), "city"),
    (re.compile(r"..*[县区旗]$"), "county"),
)
_ORDER: Final = ("nation", "province", "city", "county", "zone")
_LEVELS: Final = {word: level for level, words in CHOICES["level"].items() for word in (level, *words)}


def _stem(name: str) -> str:
    """Name of a province or city without its ending: 安康市 and 安康 are the same."""
    short = re.sub(r"(?:壮族|回族|维吾尔)?自治区$|[省市]$", "", name)
    return short if len(short) > 1 else name


def _level(name: str) -> str:
    """Level that a name tells, or ""."""
    if name in _GENERIC:
        return _GENERIC[name]
    if _stem(name) in PROVINCES and name not in ("吉林市",):
        return "province"
    if name in PROVINCES.values():
        return "province"
    return next((level for ending, level in _ENDINGS if ending.search(name)), "")


def find_places(
    named: Sequence[Named],
    declared: Sequence[Declared],
    *,
    city: Named | None,
    province: Named | None,
    file: str,
    problems: Problems,
) -> Places:
    """Units of all places that are named, in official order.

    Parameters
    ----------
    named : places of the wide sheet in their order
    declared : rows of sheet 地区, which go before what a name tells
    city, province : as sheet 参数 has them
    """
    places = _gather(named, declared, city=city, province=province)
    main = {"city": _main(places, "city", city), "province": _main(places, "province", province)}
    for level, place in main.items():
        if place is None:
            problems.add(f"wide_no_{level}", file, column=named[0].cell.partition("!")[0] if named else None)
    written = {plain(one.name) for one in named}
    for told in (city, province):
        if told is not None and written and not _has_figures(places, told, written):
            problems.add("wide_place_absent", file, column=told.cell, value=quoted(told.name))
    for place in places:
        if not place.level:
            problems.add("wide_place_level", file, column=place.cell, value=quoted(place.name))
            place.level = "county"
    _give_ids(places, main)
    general = {word: main[level] for word, level in _GENERIC.items() if level in main}
    ids = {word: place.unit for word, place in general.items() if place is not None}
    ids |= {name: place.unit for place in places for name in place.names}
    ordered = sorted(places, key=lambda p: (_ORDER.index(p.level), p is not main.get(p.level)))
    rows = tuple(_unit_row(place, ordered, main, ids) for place in ordered)
    mine = main["city"]
    return Places(
        ids=ids,
        rows=rows,
        city=mine.unit if mine else "",
        province=main["province"].unit if main["province"] else "",
        city_name=mine.name if mine else "",
    )


def _has_figures(places: Sequence[_Place], told: Named, written: set[str]) -> bool:
    name = plain(told.name)
    return any(name in place.names and place.names & written for place in places)


def _gather(
    named: Sequence[Named], declared: Sequence[Declared], *, city: Named | None, province: Named | None
) -> list[_Place]:
    """One place a name; names of one place (全市, 安康, 安康市) come together."""
    places: list[_Place] = []
    for row in declared:
        name = plain(row.name_zh or row.unit)
        place = _Place(name, "", _LEVELS.get(plain(row.level).lower(), "") or _level(name), row=row.row)
        place.unit, place.parent, place.within = plain(row.unit), plain(row.parent), plain(row.counted_within)
        place.names = {name, plain(row.unit)} - {""}
        places.append(place)
    for told, level in ((city, "city"), (province, "province")):
        if told is not None:
            _join(places, told, level)
    for one in named:
        _join(places, one, "")
    return places


def _join(places: list[_Place], one: Named, level: str) -> None:
    """Add a name to the place that it means, or as a place of its own."""
    name = plain(one.name)
    told = level or _level(name)
    for place in places:
        same = name in place.names
        generic = name in _GENERIC and place.level == told and not _is_other(places, place)
        short = told in ("", place.level) and place.level in ("province", "city") and _stem(name) == _stem(place.name)
        if same or generic or short:
            place.names.add(name)
            place.level = level or place.level
            if short and not same and place.row == 1 and len(name) > len(place.name):
                place.name = name  # 安康市 rather than 安康
            place.cell = place.cell or one.cell
            return
    places.append(_Place(name, one.cell, told, names={name}))


def _is_other(places: Sequence[_Place], place: _Place) -> bool:
    """Whether another place of the same level came before: 全市 is the first city."""
    return next(p for p in places if p.level == place.level) is not place


def _main(places: list[_Place], level: str, told: Named | None) -> _Place | None:
    """The city, or the province: the one that 参数 names, else the first; a name that tells nothing may be the city."""
    if told is not None:
        return next(place for place in places if plain(told.name) in place.names)
    found = next((place for place in places if place.level == level), None)
    if found is None and level == "city":
        found = next((place for place in places if not place.level), None)
        if found is not None:
            found.level = "city"
    return found


def _give_ids(places: Sequence[_Place], main: Mapping[str, _Place | None]) -> None:
    """Ids: as declared or written, a province's own, else by level and number."""
    taken = {place.unit for place in places if place.unit}
    for place in places:
        if place.unit:
            continue
        numbered = place is not main.get(place.level)
        if is_id(place.name):
            unit = place.name
        elif place.level == "nation":
            unit = "china" if place.name in _GENERIC else "nation"
        elif place.level == "province" and _stem(place.name) in PROVINCES:
            unit = PROVINCES[_stem(place.name)]
        else:
            unit = place.level if not numbered else ""
        if not unit or unit in taken:
            unit = next(u for n in range(1, len(places) + 2) if (u := f"{place.level}{n:02d}") not in taken)
        place.unit = unit
        taken.add(unit)


def _unit_row(
    place: _Place, ordered: Sequence[_Place], main: Mapping[str, _Place | None], ids: Mapping[str, str]
) -> dict[str, object]:
    """Cells of table ``units``; parents that are not stated follow from the level."""
    nation = next((p.unit for p in ordered if p.level == "nation"), "")
    province, city = (main[level].unit if main[level] else "" for level in ("province", "city"))  # type: ignore[union-attr]
    usual = {"nation": "", "province": nation, "city": province, "county": city, "zone": city}[place.level]
    return {
        "unit": place.unit,
        "name_zh": place.name,
        "level": place.level,
        "parent": ids.get(place.parent, place.parent) or usual,
        "counted_within": ids.get(place.within, place.within),
        "_row": place.row,
        "_cell": place.cell,
    }
