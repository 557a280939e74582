"""Tables of any layout: months across or down, places across or down, one indicator in the title or many beside.

A table is a block of figures below a head of a few rows and right of its label columns. Month, place, indicator and
measure of a figure are what its column heads, its row labels and the title above say, in that order.

Invariant: a figure is read only where all four are told; every other cell that holds a number is counted in a remark
(held by ``tests/test_grid.py``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from forecast.data.reading.places import GENERIC_WORDS
from forecast.data.reading.problems import Problems, plain, quoted
from forecast.data.reading.rows import CellError, is_masked, parse_percent, parse_period
from forecast.data.reading.sheets import Sheet
from forecast.data.reading.spoken import PROVINCES, Said, combined, indicator_key, known_indicator, measure_id, said_of
from forecast.data.reading.widesheet import (
    ASIDE,
    MONTH_DECORATION,
    NOTE,
    TOTALS,
    Figure,
    WideRow,
    header_word,
    without_ranks,
)
from forecast.periods import Month

_MOST_HEAD: Final = 5
_YEAR: Final = re.compile(r"(?:19|20)\d\d年?")
_SPAN: Final = re.compile(
    r"((?:19|20)\d\d)\s*[年./-]?\s*(?:1\s*[-—–~至到]\s*)?(\d{1,2})\s*月|((?:19|20)\d\d)年\s*(上半年|前三季度|全年|[一二三四]季度)"
)
_PLACE_END: Final = re.compile(r"^[\u4e00-\u9fa5]{2,12}(?:省|市|县|区|州|盟|旗|自治区)$")
_TITLE_PLACE: Final = re.compile(r"(?:^|[年月度\s·:：])((?![各分全本])[\u4e00-\u9fa5]{2,5}?[省市县])(?![州区场级])")
_NOT_PLACES: Final = frozenset({"园区", "地区", "市区", "县区", "城区", "全部地区", "分地区", "社区", "郊区", "山区"})
_LABELS: Final = {
    "place": re.compile(r"^(?:地区|区域|县区|县\(区\)|县市区?|市县|市州|城市|省份|省市|单位名称|单位|市\(州\))$"),
    "month": re.compile(r"^(?:时间|月份|时期|日期|报告期|期间|年月|指标名称)$"),
    "indicator": re.compile(r"^(?:指标|指标名称|主要指标|项目|名称|指标项)$"),
    "unit": re.compile(r"^(?:单位|计量单位)$"),
}
_META_ROWS: Final = re.compile(
    r"^(?:频率|单位|指标id|来源|更新时间|时间区间|国家|地区|备注|起始时间|frequency|unit|id|source)$", re.I
)


_NOTHING: Final = Said()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What the words over a column, beside a row or above a table say; None or "" where nothing."""

    month: Month | None = None
    place: str = ""
    indicator: str = ""
    said: Said = _NOTHING
    aside: bool = False

    def over(self, other: _Told) -> _Told:
        """This, and where it says nothing, the other."""
        kind = self.said if self.said.kind else replace(other.said, span=self.said.span or other.said.span)
        said = replace(kind, span=kind.span or other.said.span, unit=kind.unit or other.said.unit)
        return _Told(
            month=self.month or other.month,
            place=self.place or other.place,
            indicator=self.indicator or other.indicator,
            said=said,
            aside=self.aside or other.aside,
        )


_LIST_MARK: Final = re.compile(
    r"^\s*(?:#|其中[:：]?|[一二三四五六七八九十]+、|\(?[一二三四五六七八九十\d]{1,2}[)、.．]\s*(?!\d))+"
)


def month_in(text: str) -> Month | None:
    """Month that a text names with its year, alone or within a title."""
    bare = MONTH_DECORATION.sub("", header_word(text))
    try:
        return parse_period(bare) if bare else None
    except CellError:
        pass
    found = _SPAN.search(plain(text))
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


def told_by(text: str, known: Callable[[str], str], *, title: bool = False) -> _Told:
    """What one text says of the figures that it stands over or beside."""
    word = header_word(text)
    if not word:
        return _Told()
    month = month_in(text)
    if is_place(text, known):
        return _Told(place=plain(text).strip())
    if title:
        return _of_title(text, month, known)
    said = said_of(_SPAN.sub("", text))
    rest = _YEAR.sub("", _SPAN.sub("", plain(text))) if month else plain(text)
    tokens = [token for token in re.split(r"[:：_]", _LIST_MARK.sub("", rest)) if token.strip()]
    place = next((token for token in tokens if len(tokens) > 1 and is_place(token, known)), "")
    names = [token for token in tokens if token != place and _named(token)]
    aside = (
        bool(ASIDE.search(re.sub(r"[比较与](?:上年|去年)(?:同期|同月)?", "", word))) and known_indicator(text) is None
    )
    return _Told(month=month, place=place, indicator=names[0].strip() if names else "", said=said, aside=aside)


def _named(token: str) -> bool:
    """Whether a text has a name besides words of measure, month and unit."""
    bare = MONTH_DECORATION.sub("", header_word(token))
    return (
        len(bare) > 1
        and not re.fullmatch(r"[\d.\-—–至到年月季度]+", bare)
        and re.search(r"[\u4e00-\u9fa5a-z]", bare) is not None
    )


def _of_title(text: str, month: Month | None, known: Callable[[str], str]) -> _Told:
    """Month, place and indicator of a title: 2021年1-8月安康市主要经济指标, 分市州固定资产投资."""
    bare = _SPAN.sub(" ", plain(text))
    found = _TITLE_PLACE.search(bare)
    place = found[1] if found and found[1] not in _NOT_PLACES else ""
    rest = re.sub(r"^(?:指标|地区|数据库|时间)[:：]", "", bare.replace(place, " ") if place else bare).strip()
    if not place and is_place(rest, known):
        place, rest = rest, ""
    rest = re.sub(r"^(?:各?分?(?:省|市州?|县区?|县市区|地区)|各(?:市州?|县区?|县市区)|全[省市国]|及其?)+", "", rest)
    rest = re.sub(r"(?:完成)?(?:情况|统计表|月报表?|表|一览表)$", "", rest).strip()
    name = rest if known_indicator(rest) is not None else ""
    return _Told(month=month, place=place, indicator=name, said=said_of(bare) if len(bare) < 60 else Said())


def read_grid(
    sheet: Sheet, file: str, problems: Problems, *, known: Callable[[str], str] = lambda _: "", context: str = ""
) -> tuple[WideRow, ...]:
    """Figures of the table of a sheet; none where it holds no table that can be made out.

    Parameters
    ----------
    known : word -> unit of the data set, "" for none
    context : what may tell the month where the sheet does not: the name of the file
    """
    table = _Table.of(sheet, known, context)
    return () if table is None else table.read(file, problems)


def _is_value(text: str) -> bool:
    if not text or is_masked(text) or month_in(text) is not None or _YEAR.fullmatch(plain(text)):
        return False
    try:
        parse_percent(text)
    except CellError as error:
        return error.code in ("number_range_words", "number_points", "number_bound")
    return True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Table:
    """Where things stand: rows of the head and of the body, label columns, columns of figures."""

    sheet: Sheet
    known: Callable[[str], str]
    head: tuple[int, ...]
    body: tuple[int, ...]
    labels: tuple[int, ...]
    columns: tuple[int, ...]
    title: _Told

    @classmethod
    def of(cls, sheet: Sheet, known: Callable[[str], str], context: str) -> _Table | None:
        """The table of a sheet, made out by where its numbers stand."""
        width = range(1, sheet.width + 1)
        values = {row: {c for c in width if _is_value(sheet.text(row, c))} for row in sheet.rows}
        notes = {row for row in sheet.rows if _is_note(sheet, row)}
        first = next((row for row in sheet.rows if row not in notes and _starts_body(sheet, row, values[row])), None)
        if first is None:
            return None
        body = tuple(
            row for row in sheet.rows if row >= first and row not in notes and (values[row] or _labelled(sheet, row))
        )
        filled = {c: [row for row in body if sheet.text(row, c)] for c in width}
        head: list[int] = []
        for row in reversed([row for row in range(1, first) if row not in notes]):
            distinct = {sheet.anchors.get((row, c), (row, c)) for c in width if sheet.spread(row, c)}
            if len(distinct) < 2 or len(head) >= _MOST_HEAD:
                break
            head.insert(0, row)
        columns = tuple(
            c
            for c in width
            if filled[c]
            and sum(c in values[row] for row in filled[c]) + sum(is_masked(sheet.text(r, c)) for r in filled[c])
            >= 0.6 * len(filled[c])
            and any(c in values[row] for row in filled[c])
        )
        labels = tuple(c for c in width if filled[c] and c not in columns)
        above = [sheet.title, context]
        above += [sheet.cells[at] for at in sorted(sheet.cells) if at[0] < (head[0] if head else first)]
        title = _Told()
        for text in reversed(above):
            title = told_by(text, known, title=True).over(title) if text else title
        return cls(sheet=sheet, known=known, head=tuple(head), body=body, labels=labels, columns=columns, title=title)

    def read(self, file: str, problems: Problems) -> tuple[WideRow, ...]:
        """Rows with the figures whose month, place and indicator are told."""
        over = self._columns(file, problems)
        rows: list[WideRow] = []
        lost: list[str] = []
        group = ""
        for number in self.body:
            beside, place_told = self._row(number)
            if any(plain(self.sheet.spread(number, c)) in TOTALS for c in self.labels):
                problems.remark("totals_aside", file, self.sheet.address(number, self.labels[0]))
                continue
            if beside.aside or beside.said.kind in ("rank", "change", "share"):
                name = self.sheet.spread(number, self.labels[0]) if self.labels else ""
                problems.remark("rows_aside", file, f"{self.sheet.address(number, 1)} “{quoted(name)}”")
                continue
            if beside.indicator and not any(self.sheet.text(number, c) for c in self.columns):
                group = beside.indicator
                continue
            if re.match(r"^\s*(?:增速|增长|累计|同比|当月|绝对)", beside.indicator) or not _named(
                beside.indicator or "  "
            ):
                beside = replace(beside, indicator=group if not place_told else "")
            elif beside.indicator:
                group = beside.indicator
            found: dict[tuple[str, str], list[Figure]] = {}
            for column in self.columns:
                text = self.sheet.text(number, column)
                if not text or column not in over:
                    continue
                told = over[column].over(beside).over(self.title)
                measure = measure_id(told.said.kind or "growth", told.said.span)
                address = self.sheet.address(number, column)
                if told.month is None or not told.place or not told.indicator or not measure:
                    lost += [] if is_masked(text) else [address]
                    continue
                unit = told.said.unit if measure.startswith("level") else ""
                figure = Figure(told.month, measure, text, address, unit)
                found.setdefault((told.indicator, told.place), []).append(figure)
            for (indicator, place), figures in found.items():
                at = self.sheet.address(number, self.labels[0] if self.labels else 1)
                told_of = {"indicator": indicator, "place": place}
                rows.append(WideRow(**told_of, source="", row=number, cell=at, place_cell=at, figures=tuple(figures)))
        if lost:
            problems.remark("figures_untold", file, f"{self.sheet.title}: {lost[0]}–{lost[-1]} ({len(lost)})")
        return without_ranks(rows, file, problems)

    def _columns(self, file: str, problems: Problems) -> dict[int, _Told]:
        """What the head says of every column of figures; a month to the left goes on over 增速 beside it."""
        found: dict[int, _Told] = {}
        left = _Told()
        year = ""
        for column in self.columns:
            anchors = dict.fromkeys(self.sheet.anchors.get((row, column), (row, column)) for row in self.head)
            words = [text for anchor in anchors if (text := self.sheet.cells.get(anchor, ""))]
            words = [word for word in words if not _META_ROWS.match(header_word(word))]
            if not words:
                continue
            years = [match[0][:4] for word in words if (match := _YEAR.match(plain(word)))]
            year = years[-1] if years else year
            told = _Told()
            for word in reversed(words):
                told = told.over(told_by(_with_year(word, year), self.known))
            told = replace(told, said=combined(_SPAN.sub("", word) for word in words))
            if told.said.contradiction:
                at = self.sheet.address(self.head[-1], column)
                problems.add("measure_contradiction", file, column=at, found=quoted(told.said.contradiction))
                continue
            if told.aside or told.said.kind in ("rank", "change", "share"):
                shown = quoted(" ".join(words))
                problems.remark("columns_aside", file, f"{self.sheet.address(self.head[-1], column)} “{shown}”")
                continue
            if told.month is None and not told.place and not told.indicator and told.said.kind:
                told = replace(told, month=left.month, place=left.place, indicator=left.indicator)
            left = told
            found[column] = told
        if not self.head:
            return {column: _Told() for column in self.columns}
        return found

    def _row(self, number: int) -> tuple[_Told, bool]:
        """What the labels of a row say, and whether one of them is a place."""
        told = _Told()
        for column in self.labels:
            heads = [header_word(self.sheet.spread(row, column)) for row in self.head]
            text = self.sheet.spread(number, column)
            if any(ASIDE.search(head) for head in heads if head) or not text:
                continue
            if any(_LABELS["unit"].match(head) for head in heads) and said_of(text).unit:
                told = told.over(_Told(said=said_of(text)))
                continue
            if any(_LABELS["place"].match(head) for head in heads) and not re.search(r"\d", text):
                told = told.over(_Told(place=plain(text)))
                continue
            told = told.over(told_by(text, self.known))
        return told, bool(told.place)


def _starts_body(sheet: Sheet, row: int, values: set[int]) -> bool:
    """Whether a row is one of figures: a number right of a label or a month, and not the numbers of a head."""
    if not values:
        return False
    first = min(values)
    left = [sheet.spread(row, c) for c in range(1, first) if sheet.spread(row, c)]
    if not left:
        return False
    return not all(
        re.fullmatch(r"\d{1,2}", plain(sheet.text(row, c))) and _is_head_number(sheet, row, c) for c in values
    )


def _is_head_number(sheet: Sheet, row: int, column: int) -> bool:
    """Whether a small whole number stands below a year, as a month of it."""
    return _YEAR.search(plain(sheet.spread(row - 1, column))) is not None


def _is_note(sheet: Sheet, row: int) -> bool:
    first = next((text for c in range(1, sheet.width + 1) if (text := sheet.text(row, c))), "")
    return NOTE.match(plain(first)) is not None and not _LABELS["unit"].match(header_word(first))


def _labelled(sheet: Sheet, row: int) -> bool:
    return bool(sheet.text(row, 1) or sheet.text(row, 2))


def _with_year(word: str, year: str) -> str:
    """A month of a head below its year."""
    if not year or _YEAR.search(plain(word)):
        return word
    bare = MONTH_DECORATION.sub("", header_word(word))
    if re.fullmatch(r"(?:1[-—–~至到])?\d{1,2}月?份?", bare):
        return f"{year}年{bare}" + ("" if "月" in bare else "月")
    if re.fullmatch(r"上半年|前三季度|全年|[一二三四]季度|q[1-4]", bare):
        return f"{year}年{bare}"
    return word


def same_indicator(one: str, other: str) -> bool:
    """Whether two names are of one indicator."""
    return indicator_key(one) == indicator_key(other)
