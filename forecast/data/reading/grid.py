"""Tables of any layout: months across or down, places across or down, one indicator in the title or many beside.

A table is a block of figures below a head of a few rows and right of its label columns. Month, place, indicator and
measure of a figure are what its column heads, its row labels and the title above say, in that order.

Invariant: a figure is read only where all four are told; every other cell that holds a number is counted in a remark
(held by ``tests/test_grid.py``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from forecast.data.reading.problems import Problems, plain, quoted
from forecast.data.reading.rows import CellError, is_masked, parse_percent
from forecast.data.reading.sheets import Sheet
from forecast.data.reading.spoken import (
    combined,
    indicator_key,
    known_indicator,
    measure_id,
    said_of,
)
from forecast.data.reading.titles import (
    ALONE,
    DATABASE,
    SPAN,
    YEAR,
    HeadWords,
    Surroundings,
    is_named,
    month_in,
    part_of,
    told_by,
    with_year,
)
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

_MOST_HEAD: Final = 8
_LABELS: Final = {
    "place": re.compile(
        r"^(?:地区|区域|县区|区县|县市|地市|县\(区\)|县市区?|市县|市州|城市|省份|省市|单位名称|单位|市\(州\))$"
    ),
    "month": re.compile(r"^(?:时间|月份|时期|日期|报告期|期间|年月|指标名称)$"),
    "indicator": re.compile(r"^(?:指标|指标名称|主要指标|项目|名称|指标项)$"),
    "unit": re.compile(r"^(?:单位|计量单位)$"),
}
_META_WORDS: Final = re.compile(
    r"^(?:频[率度]|指标id|指标代码|来源|数据来源|发布方|更新时间|时间区间|国家|备注|[起开]始时间|结束时间|frequency|id|source"
    r"|update|country)$",
    re.I,
)
"""Labels of rows of a head that say nothing of the figures below."""
_PUBLISHER: Final = re.compile(r"^(?:发布方|来源|数据来源)$")
_MONTHLY: Final = re.compile(r"数据库[:：](?:分省)?月度数据")
"""In them 同比增长 is of the month, and 累计增长 of the year to date."""
_FRONT: Final = re.compile(r"目录|封面|说明|填报要求")
"""Sheets whose numbers are of pages."""
_COUNTED: Final = frozenset({"甲", "乙", "丙", "栏次", "列次"})
_AMOUNT: Final = re.compile(r"([+-]?[\d,]+(?:\.\d+)?)(亿美元|万美元|亿元|万元|元)")
_TWO_NUMBERS: Final = re.compile(r"[+-]?[\d,]+(?:\.\d+)?%?[/×*;；、|][+-]?\d[\d.,]*%?.*")
_LONG: Final = 16
"""Characters beyond which a cell with a number in it is a sentence."""


def read_grid(
    sheet: Sheet,
    file: str,
    problems: Problems,
    *,
    known: Callable[[str], str] = lambda _: "",
    context: Surroundings = ALONE,
) -> tuple[WideRow, ...]:
    """Figures of the table of a sheet; none where it holds no table that can be made out.

    Parameters
    ----------
    known : word -> unit of the data set, "" for none
    context : what the file tells where the sheet does not
    """
    if _FRONT.search(header_word(sheet.title)):
        return ()
    table = _Table.of(sheet, known, context)
    return () if table is None else table.read(file, problems)


def _is_value(text: str) -> bool:
    if not text or is_masked(text) or month_in(text) is not None or YEAR.fullmatch(plain(text)):
        return False
    if _AMOUNT.fullmatch(header_word(text)):
        return True
    try:
        parse_percent(text)
    except CellError as error:
        short = len(text) <= _LONG and re.search(r"\d", text) is not None
        return short and error.code in ("number_range_words", "number_points", "number_bound")
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
    title: HeadWords
    context: Surroundings
    monthly: bool
    heading: str
    years: bool

    @classmethod
    def of(cls, sheet: Sheet, known: Callable[[str], str], context: Surroundings) -> _Table | None:
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
            alone = len(distinct) == 1 and min(c for _, c in distinct) > 1
            if alone and re.search(r"单位[:：]", sheet.cells[next(iter(distinct))]):
                break
            if (len(distinct) < 2 and not alone) or len(head) >= _MOST_HEAD:
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
        above = [sheet.cells[at] for at in sorted(sheet.cells) if at[0] < (head[0] if head else first)]
        title = HeadWords()
        for text in reversed([sheet.title, *above]):
            title = told_by(text, known, title=True).over(title) if text else title
        of_file = told_by(context.name, known, title=True)
        title = title.over(of_file if context.alone else replace(of_file, month=None, indicator=""))
        lines = [told_by(text, known) for text in above if len(text) < 2 * _LONG and not DATABASE.search(plain(text))]
        heading = next((one.indicator for one in reversed(lines) if one.indicator and not one.place), "")
        return cls(
            years=_only_years(sheet, head),
            heading=heading if not re.search(r"指标|单位|时间|月报|年报", heading) else "",
            sheet=sheet,
            known=known,
            head=tuple(head),
            body=body,
            labels=labels,
            columns=columns,
            title=title,
            context=context,
            monthly=any(_MONTHLY.search(plain(text)) for text in above),
        )

    def read(self, file: str, problems: Problems) -> tuple[WideRow, ...]:
        """Rows with the figures whose month, place and indicator are told."""
        over = self._columns(file, problems)
        self._mixed(file, problems)
        lines = self._lines(file, problems)
        dated = {
            (_key(told.over(line).over(self.title)), _kind(told.over(line).over(self.title)))
            for told in over.values()
            for line in lines.values()
            if told.over(line).over(self.title).said.span == "cum"
        }
        rows: list[WideRow] = []
        lost: dict[str, list[str]] = {}
        assumed: list[str] = []
        for number, line in lines.items():
            found: dict[tuple[str, str], list[Figure]] = {}
            for column in self.columns:
                text = self.sheet.text(number, column)
                if not text or column not in over or (text[0] in "注资" and not _is_value(text)):
                    continue
                address = self.sheet.address(number, column)
                told = (
                    self._amount(over[column].over(line), text).over(self.title).over(HeadWords(indicator=self.heading))
                )
                if self.monthly and _kind(told) == "growth" and _key(told) == "工业增加值":
                    told = replace(told, indicator="规模以上工业增加值")  # no other is published by month
                if not told.said.span and not told.to_date and told.month is not None:
                    single = self.monthly or (_key(told), _kind(told)) in dated
                    told = replace(told, said=replace(told.said, span="month" if single else "cum"))
                    assumed += [] if single else [address]
                if told.said.aside:
                    problems.remark("columns_aside", file, address)
                    continue
                measure = measure_id(told.said.kind or "growth", told.said.span)
                if told.month is None or not told.place or not told.indicator:
                    missing = [
                        name
                        for name, has in (("month", told.month), ("place", told.place), ("indicator", told.indicator))
                        if not has
                    ]
                    if not is_masked(text):
                        lost.setdefault("_".join(missing), []).append(address)
                    continue
                level = measure.startswith("level")
                unit = told.said.unit if level else ""
                figure = Figure(told.month, measure, text, address, unit, 0 if level else told.said.base)
                found.setdefault((told.indicator, told.place), []).append(figure)
            for (indicator, place), figures in found.items():
                at = self.sheet.address(number, self.labels[0] if self.labels else 1)
                told_of = {"indicator": indicator, "place": place}
                rows.append(WideRow(**told_of, source="", row=number, cell=at, place_cell=at, figures=tuple(figures)))
        monthly = _falling(rows, set(assumed))
        rows = [
            replace(row, figures=tuple(_of_month(f) if f.cell in monthly else f for f in row.figures)) for row in rows
        ]
        self._note(file, problems, lost, [cell for cell in assumed if cell not in monthly])
        return without_ranks(rows, file, problems)

    def _amount(self, told: HeadWords, text: str) -> HeadWords:
        """What is told of a cell that writes its own unit: 520.12 亿元."""
        found = _AMOUNT.fullmatch(header_word(text))
        return told if found is None else replace(told, said=replace(told.said, kind="level", unit=found[2]))

    def _note(self, file: str, problems: Problems, lost: Mapping[str, Sequence[str]], assumed: Sequence[str]) -> None:
        """One remark a cause, its cells counted."""
        english = not any(re.search(r"[\u4e00-\u9fa5]", text) for text in self._texts())
        for missing, cells in lost.items():
            code = "untold_english" if english else "untold" if missing.count("_") > 1 else f"untold_{missing}"
            problems.remark(code, file, _span(cells))
        if assumed:
            problems.remark("span_assumed", file, _span(assumed))

    def _texts(self) -> Iterator[str]:
        """Words of head and labels that are no months."""
        for row in self.head:
            yield from (text for c in self.columns if month_in(text := self.sheet.spread(row, c)) is None)
        for row in self.body:
            yield from (text for c in self.labels if month_in(text := self.sheet.spread(row, c)) is None)

    def _mixed(self, file: str, problems: Problems) -> None:
        """Cells that hold two numbers, where one was to be read."""
        cells = [
            (row, column)
            for row in self.body
            for column in range(1, self.sheet.width + 1)
            if _TWO_NUMBERS.fullmatch(word := header_word(self.sheet.text(row, column)))
            and month_in(word) is None
            and not re.fullmatch(r"\d{1,4}/\d{1,2}(?:/\d{1,2})?", word)
        ]
        if cells:
            shown = quoted(self.sheet.text(*cells[0]))
            problems.add("cells_mixed", file, column=self.sheet.address(*cells[0]), value=shown, n=len(cells))

    def _lines(self, file: str, problems: Problems) -> dict[int, HeadWords]:
        """What the labels of every row of figures say; a group's name goes on below it, and so does a year."""
        found: dict[int, HeadWords] = {}
        group = above = self.title.indicator
        year = ""
        for number in self.body:
            for column in self.labels:
                if match := YEAR.fullmatch(plain(self.sheet.spread(number, column))):
                    year = match[0][:4]
            line = self._row(number, year, file, problems)
            if any(plain(self.sheet.spread(number, c)) in TOTALS for c in self.labels):
                problems.remark("totals_aside", file, self.sheet.address(number, self.labels[0]))
                continue
            if line.aside or line.said.aside:
                name = self.sheet.spread(number, self.labels[0]) if self.labels else ""
                problems.remark("rows_aside", file, f"{self.sheet.address(number, 1)} “{quoted(name)}”")
                continue
            if line.indicator and not any(self.sheet.text(number, c) for c in self.columns):
                group = line.indicator
                above = line.indicator if known_indicator(line.indicator) is not None else above
                continue
            bare = re.match(r"^\s*(?:增速|增长|累计|同比|当月|绝对)", line.indicator)
            if bare or not is_named(line.indicator or "  "):
                line = replace(line, indicator=group if not line.place else "")
            elif line.indicator:
                line = replace(line, indicator=part_of(line.indicator, above))
                group = line.indicator
                above = line.indicator if known_indicator(line.indicator) is not None else above
            found[number] = line
        return found

    def _columns(self, file: str, problems: Problems) -> dict[int, HeadWords]:
        """What the head says of every column of figures; a month to the left goes on over 增速 beside it."""
        found: dict[int, HeadWords] = {}
        left = HeadWords()
        year = ""
        heads = [row for row in self.head if not self._labelled(row, _META_WORDS)]
        published = [row for row in self.head if self._labelled(row, _PUBLISHER)]
        for column in self.columns:
            anchors = dict.fromkeys(self.sheet.anchors.get((row, column), (row, column)) for row in heads)
            words = [text for anchor in anchors if (text := self.sheet.cells.get(anchor, ""))]
            words = list(dict.fromkeys(word for word in words if not _META_WORDS.match(header_word(word))))
            if not words:
                continue
            years = [match[0][:4] for word in words if (match := YEAR.match(plain(word)))]
            year = years[-1] if years else year
            at = self.sheet.address(self.head[-1], column)
            told = HeadWords()
            for word in reversed(words):
                told = told.over(told_by(self._dated(word, year, at, file, problems), self.known))
            names = [name for word in words if known_indicator(name := told_by(word, self.known).indicator)]
            told = replace(told, indicator=part_of(told.indicator, names[0] if names else ""))
            if any("国家统计局" in self.sheet.spread(row, column) for row in published):
                told = told.over(HeadWords(place="全国"))
            told = replace(told, said=combined(SPAN.sub("", word) for word in words))
            if told.said.contradiction:
                problems.add("measure_contradiction", file, column=at, found=quoted(told.said.contradiction))
                continue
            if told.aside or told.said.aside:
                shown = quoted(" ".join(words))
                problems.remark("columns_aside", file, f"{at} “{shown}”")
                continue
            if told.month is None and not told.place and not told.indicator and told.said.kind:
                told = replace(told, month=left.month, place=left.place, indicator=left.indicator, to_date=left.to_date)
            left = told
            found[column] = told
        if not self.head:
            return {column: HeadWords() for column in self.columns}
        return found

    def _labelled(self, row: int, pattern: re.Pattern[str]) -> bool:
        """Whether a row of the head has such a word over the labels."""
        return any(pattern.match(header_word(self.sheet.spread(row, c))) for c in (*self.labels, 1))

    def _dated(self, word: str, year: str, at: str, file: str, problems: Problems) -> str:
        """A month with the year above it, else with that of the file, which is then said."""
        dated = with_year(word, year)
        if re.fullmatch(r"(?:19|20)\d\d", plain(word)) and self.years:
            return f"{plain(word)}年"
        if dated != word or month_in(word) is not None:
            return dated
        bare = MONTH_DECORATION.sub("", header_word(word))
        dated = with_year(word, self.context.year_of(bare) if not re.fullmatch(r"\d+", bare) else "")
        if dated != word:
            problems.remark("year_taken", file, f"{at} “{quoted(word)}” → {dated}")
        return dated

    def _row(self, number: int, year: str, file: str, problems: Problems) -> HeadWords:
        """What the labels of a row say."""
        told = HeadWords()
        whole = HeadWords()
        for column in self.labels:
            heads = [header_word(self.sheet.spread(row, column)) for row in self.head]
            text = self.sheet.spread(number, column)
            if any(ASIDE.search(head) for head in heads if head) or not text:
                continue
            if any(_LABELS["unit"].match(head) for head in heads) and said_of(text).unit:
                told = told.over(HeadWords(said=said_of(text)))
                continue
            if any(_LABELS["place"].match(head) for head in heads) and not re.search(r"\d", text):
                told = told.over(HeadWords(place=plain(text)))
                continue
            if YEAR.fullmatch(plain(text)):
                whole = told_by(text, self.known)
                continue
            at = self.sheet.address(number, column)
            told = told.over(told_by(self._dated(text, year, at, file, problems), self.known))
        return told.over(whole)


def _falling(rows: Sequence[WideRow], assumed: set[str]) -> set[str]:
    """Cells of indicators whose amounts fall within years, as amounts to date do not: figures of the month."""
    levels: dict[str, dict[str, dict[Month, float]]] = {}
    cells: dict[str, set[str]] = {}
    for row in rows:
        key = indicator_key(row.indicator)
        for figure in row.figures:
            if figure.cell in assumed:
                cells.setdefault(key, set()).add(figure.cell)
                if figure.measure == "level_cum" and (number := _number(figure.written)) is not None:
                    levels.setdefault(key, {}).setdefault(row.place, {})[figure.period] = number
    found: set[str] = set()
    for key, places in levels.items():
        steps = [
            values[month] < values[earlier]
            for values in places.values()
            for earlier, month in pairwise(sorted(values))
            if earlier.year == month.year
        ]
        if len(steps) >= _STEPS and sum(steps) > _FALLS * len(steps):
            found |= cells[key]
    return found


_STEPS: Final = 6
_FALLS: Final = 0.2
"""Share of steps within a year that may fall for an amount to date, which is corrected now and then."""


def _number(text: str) -> float | None:
    try:
        number = parse_percent(text)
    except CellError:
        return None
    return None if number != number else number


def _of_month(figure: Figure) -> Figure:
    return replace(figure, measure={"level_cum": "level_month", "cum_yoy_pct": "month_yoy_pct"}[figure.measure])


def _key(told: HeadWords) -> str:
    return indicator_key(told.indicator)


def _kind(told: HeadWords) -> str:
    return told.said.kind or "growth"


def _span(cells: Sequence[str]) -> str:
    """First and last of some cells, with how many there are."""
    return cells[0] if len(cells) == 1 else f"{cells[0]}–{cells[-1].partition('!')[2]} ({len(cells)})"


def _only_years(sheet: Sheet, head: Sequence[int]) -> bool:
    """Whether the head is one of years, 2017 meaning all of it, and of no months."""
    texts = [text for row in head for c in range(1, sheet.width + 1) if (text := plain(sheet.text(row, c)))]
    years = sum(YEAR.fullmatch(text) is not None for text in texts)
    return years > 1 and not any(month_in(text) or with_year(text, "2020") != text for text in texts)


def _starts_body(sheet: Sheet, row: int, values: set[int]) -> bool:
    """Whether a row is one of figures: a number right of a label or a month, and not the numbers of a head."""
    if not values:
        return False
    left = [text for c in range(1, max(values)) if c not in values and (text := sheet.spread(row, c))]
    if not left or any(header_word(text) in _COUNTED for text in left):
        return False
    return not all(
        re.fullmatch(r"\d{1,2}", plain(sheet.text(row, c))) and _is_head_number(sheet, row, c) for c in values
    )


def _is_head_number(sheet: Sheet, row: int, column: int) -> bool:
    """Whether a small whole number stands below a year, as a month of it."""
    return YEAR.search(plain(sheet.spread(row - 1, column))) is not None


def _is_note(sheet: Sheet, row: int) -> bool:
    first = next((text for c in range(1, sheet.width + 1) if (text := sheet.text(row, c))), "")
    return NOTE.match(plain(first)) is not None and not _LABELS["unit"].match(header_word(first))


def _labelled(sheet: Sheet, row: int) -> bool:
    return bool(sheet.text(row, 1) or sheet.text(row, 2))
