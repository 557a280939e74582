"""What a title, a head, a label or the name of a file tells of figures: month, place, indicator, measure.

Invariant: a text that names a part (固定资产投资:新建, 第一产业 below 固定资产投资) is not taken for the whole
(held by ``tests/test_grid.py``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from forecast.data.reading.places import GENERIC_WORDS
from forecast.data.reading.problems import plain
from forecast.data.reading.rows import CellError, parse_period
from forecast.data.reading.sheets import Sheet
from forecast.data.reading.spoken import PROVINCES, Said, known_indicator, said_of, unit_of
from forecast.data.reading.widesheet import ASIDE, MONTH_DECORATION, header_word
from forecast.periods import Month

YEAR: Final = re.compile(r"(?:19|20)\d\d年?")
SPAN: Final = re.compile(
    r"((?:19|20)\d\d)\s*[年./-]?\s*(?:1\s*[-—–~至到]\s*)?(\d{1,2})\s*月|((?:19|20)\d\d)年\s*(上半年|前三季度|全年|第?[一二三四1-4]季度)"
)
_PLACE_END: Final = re.compile(r"^[\u4e00-\u9fa5]{2,12}(?:省|市|县|区|州|盟|旗|自治区)$")
_TITLE_PLACE: Final = re.compile(r"(?:^|[年月度\s·:：])((?![各分全本])[\u4e00-\u9fa5]{2,5}?[省市县])(?![州区场级])")
_NOT_PLACES: Final = frozenset({"园区", "地区", "市区", "县区", "城区", "全部地区", "分地区", "社区", "郊区", "山区"})
DATABASE: Final = re.compile(r"数据库[:：](?:月度|季度|年度)数据")
"""Exports of the nation's own data base; those of provinces say 分省."""
_GENERIC_TITLE: Final = re.compile(r"^(全国|全省|全市|全县|全区)(?![各分])")
_QUALIFIERS: Final = re.compile(
    r"增减|总[额量]|当[期季]|本[期季]|现价|不变价|可比价|名义|实际|合计|期末|值|(?<!总)[量额]|%|指数"
)
_PARTS: Final = re.compile(r"^(?:第[一二三]产业|[一二三]产)(?:增加值)?$")
"""Names that mean a part of GDP, and below another indicator a part of that."""


_NOTHING: Final = Said()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadWords:
    """What the words over a column, beside a row or above a table say; None or "" where nothing."""

    month: Month | None = None
    place: str = ""
    indicator: str = ""
    said: Said = _NOTHING
    aside: bool = False
    to_date: bool = False

    def over(self, other: HeadWords) -> HeadWords:
        """This, and where it says nothing, the other."""
        kind = self.said if self.said.kind else replace(other.said, span=self.said.span or other.said.span)
        said = replace(kind, span=kind.span or other.said.span, unit=kind.unit or other.said.unit)
        return HeadWords(
            month=self.month or other.month,
            place=self.place or other.place,
            indicator=self.indicator or other.indicator,
            said=said,
            aside=self.aside or other.aside,
            to_date=self.to_date if self.month is not None else other.to_date,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is told of a table from outside of its sheet.

    name : of the file; alone : whether the sheet is its only table, so that a month in the name is the table's
    year, month : of the file, 0 where unknown: months that are written without a year are of the year up to them
    """

    name: str = ""
    alone: bool = True
    year: int = 0
    month: int = 0

    def year_of(self, text: str) -> str:
        """Year of a month that is written without one, "" where unknown."""
        found = re.findall(r"\d{1,2}", text)
        late = bool(self.month and found and int(found[-1]) > self.month)
        return str(self.year - late) if self.year else ""


ALONE: Final = Surroundings()
_FILE_MONTH: Final = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_.年]?(?:1[-—–~至到])?(0?[1-9]|1[0-2])(?!\d)")
_TOP: Final = 4
"""Rows of a sheet in which its period is looked for on behalf of other sheets."""
_FILE_YEAR: Final = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")


def beside(name: str, sheets: Mapping[str, Sheet]) -> Surroundings:
    """What the name of a file, and the heads of its sheets together, tell of months that are written without a year."""
    alone = len(sheets) < 2
    if found := _FILE_MONTH.search(plain(name)):
        return Surroundings(name=name, alone=alone, year=int(found[1]), month=int(found[2]))
    if one := _FILE_YEAR.search(plain(name)):
        return Surroundings(name=name, alone=alone, year=int(one[1]))
    months = {
        (title, month)
        for title, sheet in sheets.items()
        for (row, _), text in sheet.cells.items()
        if row <= _TOP and len(text) < 60 and re.search(r"[月季半Qq]", text) and (month := month_in(text)) is not None
    }
    years = Counter(year for _, year in {(title, month.year) for title, month in months})
    year, count = years.most_common(1)[0] if years else (0, 0)
    if 2 * count <= years.total():
        return Surroundings(name=name, alone=alone)
    return Surroundings(name=name, alone=alone, year=year, month=max(m.month for _, m in months if m.year == year))


LIST_MARK: Final = re.compile(
    r"^\s*(?:#|其中[:：]?|[一二三四五六七八九十]+、|\(?[一二三四五六七八九十\d]{1,2}[)、.．]\s*(?!\d))+"
)


def month_in(text: str) -> Month | None:
    """Month that a text names with its year, alone or within a title."""
    bare = MONTH_DECORATION.sub("", header_word(text))
    try:
        return parse_period(bare) if bare else None
    except CellError:
        pass
    found = SPAN.search(plain(text))
    if not found:
        return None
    try:
        return parse_period(f"{found[1]}年{found[2]}月" if found[1] else f"{found[3]}年{found[4]}")
    except CellError:
        return None


def is_place(text: str, known: Callable[[str], str]) -> bool:
    """Whether a text is the name of a place: of the data set, a province, a general word, or by its ending."""
    word = header_word(text)
    if not word or word in _NOT_PLACES or word[0] in "分各":
        return False
    return bool(known(word)) or word in PROVINCES or word in GENERIC_WORDS or _PLACE_END.fullmatch(word) is not None


def told_by(text: str, known: Callable[[str], str], *, title: bool = False) -> HeadWords:
    """What one text says of the figures that it stands over or beside."""
    word = header_word(text)
    if not word:
        return HeadWords()
    month = month_in(text)
    if is_place(text, known):
        return HeadWords(place=plain(text).strip())
    if title:
        return _of_title(text, month, known)
    said = said_of(SPAN.sub("", text))
    rest = YEAR.sub("", SPAN.sub("", plain(text))) if month else plain(text)
    tokens = [token for token in re.split(r"[:：_]", LIST_MARK.sub("", rest)) if token.strip()]
    place = next((token for token in tokens if len(tokens) > 1 and is_place(token, known)), "")
    name = _joined([token.strip() for token in tokens if token != place and is_named(token)])
    aside = (
        bool(ASIDE.search(re.sub(r"\(上年.*?=100\)|[比较与](?:上年|去年)(?:同期|同月)?", "", word)))
        and known_indicator(text) is None
    )
    to_date = bool(month and _TO_DATE.search(plain(text)))
    return HeadWords(month=month, place=place, indicator=name, said=said, aside=aside, to_date=to_date)


_TO_DATE: Final = re.compile(r"1\s*[-—–~至到]\s*\d{1,2}|半年|季度|全年|q[1-4]|累计|(?:19|20)\d\d年?$", re.I)


def _joined(names: Sequence[str]) -> str:
    """The name that the parts of a series' name make: 固定资产投资:新建 is not 固定资产投资."""
    if len(names) > 1 and known_indicator("".join(names)) is not None:
        return "".join(names)
    return ":".join(names)


def is_named(token: str) -> bool:
    """Whether a text has a name besides words of measure, month and unit."""
    bare = _QUALIFIERS.sub("", MONTH_DECORATION.sub("", header_word(token)))
    return (
        len(bare) > 1
        and unit_of(token) != header_word(token)
        and not re.fullmatch(r"[\d.\-—–至到年月季度]+", bare)
        and re.search(r"[\u4e00-\u9fa5a-z]", bare) is not None
    )


def _of_title(text: str, month: Month | None, known: Callable[[str], str]) -> HeadWords:
    """Month, place and indicator of a title: 2021年1-8月安康市主要经济指标, 分市州固定资产投资."""
    bare = SPAN.sub(" ", plain(text))
    found = _TITLE_PLACE.search(bare)
    place = found[1] if found and found[1] not in _NOT_PLACES else ""
    rest = re.sub(r"^(?:指标|地区|数据库|时间)[:：]", "", bare.replace(place, " ") if place else bare).strip(" _-·")
    if not place and is_place(rest, known):
        place, rest = rest, ""
    parts = [part for part in re.split(r"[_\s·—-]+", rest) if part]
    if not place and (found_place := next((part for part in parts if is_place(part, known)), "")):
        place, parts = found_place, [part for part in parts if part != found_place]
        rest = " ".join(parts)
    if not place and (generic := _GENERIC_TITLE.match(rest)):
        place = generic[1]
    if DATABASE.search(bare):
        place = place or "全国"
    rest = re.sub(r"^(?:各?分?(?:省|市州?|县区?|县市区|地区)|各(?:市州?|县区?|县市区)|全[省市国]|及其?)+", "", rest)
    rest = re.sub(r"(?:及其?|和|、)(?:增速|增长率|增幅)$|(?:完成)?(?:情况|统计表|月报表?|表|一览表)$", "", rest)
    rest = rest.strip(" _-·")
    named = re.match(r"^指标[:：]", plain(text)) is not None
    name = rest if named or known_indicator(rest) is not None else ""
    said = said_of(bare) if len(bare) < 60 else Said()
    to_date = bool(month and _TO_DATE.search(plain(text)))
    return HeadWords(month=month, place=place, indicator=name, said=said, to_date=to_date)


def part_of(name: str, above: str) -> str:
    """A part of what stands above it: 第一产业 below 固定资产投资 is no value added."""
    known = known_indicator(above)
    bare = LIST_MARK.sub("", plain(name))
    if known is None or known.indicator.startswith("gdp") or not _PARTS.match(header_word(bare)):
        return name
    return f"{above}:{bare}"


def with_year(word: str, year: str) -> str:
    """A month of a head below its year."""
    if not year or YEAR.search(plain(word)):
        return word
    bare = MONTH_DECORATION.sub("", header_word(word))
    if re.fullmatch(r"(?:1[-—–~至到])?\d{1,2}月?份?", bare):
        return f"{year}年{bare}" + ("" if "月" in bare else "月")
    if re.fullmatch(r"上半年|前三季度|全年|[一二三四]季度|q[1-4]", bare):
        return f"{year}年{bare}"
    return word
