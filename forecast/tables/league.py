"""Ranks for files and people: ``ranks.csv``, the ranks of a place, of an indicator, and all cities on a screen.

Invariant: a rank is printed with how many siblings it is among, of how many (held by ``tests/test_league_tables.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from forecast.answers.attainment import Attainment
from forecast.answers.evidence import Evidence
from forecast.answers.judgement import Row
from forecast.answers.ranks import LAST_PLACES, RankAnswer, RankMove, first_third
from forecast.answers.scores import League
from forecast.data.panel import Panel, known
from forecast.periods import Month
from forecast.tables import words
from forecast.tables.assessment import SCORES, scored_rows
from forecast.tables.kind import Kind
from forecast.tables.table import Cell, Column, Grid, Provenance, Said, Show, Surface, Table, View, split_head
from forecast.texts import Lang, t


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A row of ``ranks.csv``: one place, one indicator."""

    answer: RankAnswer
    names: Mapping[str, str]
    indicator_zh: str
    as_of: str
    period: Month | None

    @property
    def first(self) -> int:
        """Places that count as being ahead."""
        return first_third(self.answer.among)


def _name(unit: str | None, one: Ranked, lang: Lang) -> Cell:
    if unit is None:
        return Cell(t("glossary.none", lang), style="quiet")
    return Cell(one.names[unit] if lang == "zh" else unit)


def _now(one: Ranked, view: View) -> Said:
    answer = one.answer
    if answer.now is None:
        return Cell(t("glossary.none", view.lang), style="quiet")
    key = "league.rank_tied" if answer.now_ties > 1 else "league.rank"
    text = t(key, view.lang, rank=answer.now, among=answer.now_among)
    return Cell(text, words.through(one.period, view.lang))


def _ahead(one: Ranked, view: View) -> Said:
    answer = one.answer
    key = "league.expected" if answer.among == answer.of else "league.expected_of"
    text = t(key, view.lang, rank=f"{words.rounded(answer.expected, 1.0):.0f}", among=answer.among, of=answer.of)
    below = t("league.between", view.lang, low=f"{answer.p10:.0f}", high=f"{answer.p90:.0f}")
    return Cell(text, below if answer.p10 < answer.p90 else "")


INDICATOR: Final = "indicator"
PLACE: Final = "place"
"""Parts of the table of ranks: an indicator a row, of one place; a place a row, of one indicator."""


def _on(
    head: str,
    says: Callable[[Ranked, View], Said],
    *,
    left: bool = False,
    part: str = "",
    sheet: Mapping[Surface, Show[Ranked]] | None = None,
) -> dict[Surface, Show[Ranked]]:
    shown = Show(head=f"league.{head}", says=says, left=left, parts=(part,) if part else ())
    return {Surface.FILE: Show(), Surface.TERMINAL: shown, Surface.PAGE: shown, **(sheet or {})}


def _sheet(
    name: str, says: Callable[[Ranked, View], Said] | None = None, *, kind: Kind | None = None, head: str = ""
) -> dict[Surface, Show[Ranked]]:
    return {
        Surface.SHEET: Show(head=f"league.sheet_{head or name}", means=f"league.column_{name}", says=says, kind=kind)
    }


def _filed(
    name: str, says: Callable[[Ranked, View], Said] | None = None, *, kind: Kind | None = None
) -> dict[Surface, Show[Ranked]]:
    return {Surface.FILE: Show(), **_sheet(name, says, kind=kind)}


def _likely(name: str, head: str, p: Callable[[Ranked], float]) -> Column[Ranked]:
    """A chance of a place, at the step of full evidence for people."""

    def says(one: Ranked, view: View) -> Cell:
        return Cell(words.probability(p(one), view.lang, evidence=Evidence.AMPLE))

    return Column(
        name, Kind.PROBABILITY, "league", value=p, on=_on(head, says, sheet=_sheet(name, says, kind=Kind.CHANCE))
    )


def _neighbour(name: str, unit: Callable[[Ranked], str | None]) -> Column[Ranked]:
    """The place just above or below; a sheet leaves the cell empty where there is none."""

    def says(one: Ranked, view: View) -> Said:
        return _name(unit(one), one, view.lang)

    def filled(one: Ranked, view: View) -> Said:
        return None if unit(one) is None else says(one, view)

    return Column(
        name, texts="league", value=unit, on=_on(f"head_{name}", says, part=INDICATOR, sheet=_sheet(name, filled))
    )


RANKS: Final[tuple[Column[Ranked], ...]] = (
    Column("indicator", texts="league", value=lambda r: r.answer.indicator),
    Column(
        "name_zh",
        value=lambda r: r.indicator_zh,
        on=_on(
            "head_indicator",
            lambda r, v: Cell(words.indicator_name(r.answer.indicator, r.indicator_zh, v.lang)),
            left=True,
            part=INDICATOR,
            sheet=_sheet("indicator", lambda r, v: words.indicator_name(r.answer.indicator, r.indicator_zh, v.lang)),
        ),
    ),
    Column(
        "unit",
        texts="league",
        value=lambda r: r.answer.unit,
        on=_on(
            "head_place",
            lambda r, v: _name(r.answer.unit, r, v.lang),
            left=True,
            part=PLACE,
            sheet=_sheet("unit", lambda r, v: _name(r.answer.unit, r, v.lang), head="place"),
        ),
    ),
    Column("as_of", value=lambda r: r.as_of),
    Column(
        "rank_now",
        Kind.WHOLE,
        "league",
        value=lambda r: r.answer.now,
        on=_on("head_now", _now, sheet=_sheet("rank_now")),
    ),
    Column("rank_now_ties", Kind.WHOLE, "league", value=lambda r: r.answer.now_ties, on=_filed("rank_now_ties")),
    Column("rank_now_among", Kind.WHOLE, "league", value=lambda r: r.answer.now_among, on=_filed("rank_now_among")),
    Column(
        "rank_now_period",
        Kind.MONTH,
        "league",
        value=lambda r: None if r.period is None else str(r.period),
        on=_filed("rank_now_period"),
    ),
    Column("ranked", Kind.WHOLE, "league", value=lambda r: r.answer.among, on=_filed("ranked")),
    Column("siblings", Kind.WHOLE, "league", value=lambda r: r.answer.of, on=_filed("siblings")),
    Column(
        "rank_expected",
        Kind.COUNT,
        "league",
        value=lambda r: r.answer.expected,
        on=_on("head_ahead", _ahead, sheet=_sheet("rank_expected")),
    ),
    Column("rank_p10", Kind.WHOLE, "league", value=lambda r: int(r.answer.p10), on=_filed("rank_p10")),
    Column("rank_p90", Kind.WHOLE, "league", value=lambda r: int(r.answer.p90), on=_filed("rank_p90")),
    Column("first_places", Kind.WHOLE, "league", value=lambda r: r.first, on=_filed("first_places")),
    _likely("p_first_places", "head_first", lambda r: r.answer.first(r.first)),
    _likely("p_last_three", "head_last", lambda r: r.answer.last(LAST_PLACES)),
    _neighbour("above", lambda r: r.answer.above),
    _neighbour("below", lambda r: r.answer.below),
    Column(
        "overtaking_pct",
        Kind.PERCENT,
        "league",
        value=lambda r: r.answer.overtaking_pct,
        on=_on(
            "head_overtaking",
            lambda r, v: Cell(words.growth(r.answer.overtaking_pct, v.lang)),
            sheet=_sheet("overtaking_pct"),
        ),
    ),
)


def ranked_rows(league: League, attainment: Attainment, panel: Panel) -> list[Ranked]:
    """Every sibling with draws, by indicator in official order."""
    names = {unit: one.name_zh for unit, one in panel.units.items()}
    return [
        Ranked(
            answer=answer,
            names=names,
            indicator_zh=panel.indicators[name].name_zh,
            as_of=attainment.as_of.text,
            period=league.period[name],
        )
        for name, answers in league.ranks.items()
        for answer in answers
    ]


def league_frames(
    league: League, attainment: Attainment, panel: Panel, provenance: Provenance
) -> dict[str, pd.DataFrame]:
    """``ranks`` and ``assessment``, each only where there is something to rank or to score."""
    ranks, scored = ranked_rows(league, attainment, panel), scored_rows(league, attainment, panel)
    frames = {"ranks": Table(name="ranks", columns=RANKS, rows=ranks).frame(provenance)} if ranks else {}
    return frames | (
        {"assessment": Table(name="assessment", columns=SCORES, rows=scored).frame(provenance)} if scored else {}
    )


def counts(one: Ranked | None) -> dict[str, str]:
    """What headings are filled with: how many places are the first, and the last."""
    return {"first": "" if one is None else str(one.first), "last": str(LAST_PLACES)}


def rank_grid(
    league: League, attainment: Attainment, panel: Panel, view: View, *, unit: str | None = None
) -> Grid | None:
    """Ranks of a unit (the city unless told), an indicator a row; None where it has no siblings with figures."""
    own = unit or attainment.config.city
    mine = [one for one in ranked_rows(league, attainment, panel) if one.answer.unit == own]
    if not mine:
        return None
    name = words.unit_name(panel.units[own], view.lang)
    caption = t("league.title", view.lang, city=name, year=attainment.target_year, of=len(league.units))
    table = Table(
        name="ranks", columns=RANKS, rows=mine, params={"first": str(mine[0].first), "last": str(LAST_PLACES)}
    )
    return table.grid(view, {INDICATOR}, caption=caption)


def sibling_grid(
    league: League, attainment: Attainment, panel: Panel, view: View, *, indicator: str, unit: str
) -> Grid:
    """All siblings that are ranked by an indicator, the best expected first; the unit is marked."""
    rows = [one for one in ranked_rows(league, attainment, panel) if one.answer.indicator == indicator]
    rows.sort(key=lambda one: one.answer.expected)
    name = words.indicator_name(indicator, panel.indicators[indicator].name_zh, view.lang)
    caption = t("league.title_siblings", view.lang, indicator=name, year=attainment.target_year)
    table = Table(
        name="siblings", columns=RANKS, rows=rows, params={"first": str(rows[0].first), "last": str(LAST_PLACES)}
    )
    marks = ["marked" if one.answer.unit == unit else "plain" for one in rows]
    return table.grid(view, {PLACE}, caption=caption, classes=marks)


def rank_sentences(
    answer: RankAnswer, panel: Panel, lang: Lang, *, goal: int, moved: tuple[Month, RankMove] | None, now: Month | None
) -> list[str]:
    """Of one place and indicator: how likely the first and last places and a rank are, how to overtake, what moved."""
    names = {unit: words.unit_name(one, lang) for unit, one in panel.units.items()}
    k = first_third(answer.among)

    def said(p: float) -> str:
        return words.probability(p, lang, evidence=Evidence.AMPLE)

    lines = [
        t(
            "league.chances",
            lang,
            rank=f"{words.rounded(answer.expected, 1.0):.0f}",
            low=f"{answer.p10:.0f}",
            high=f"{answer.p90:.0f}",
            among=answer.among,
            goal="" if goal == k else t("league.chances_goal", lang, goal=goal, p_goal=said(answer.first(goal))),
            first=k,
            p_first=said(answer.first(k)),
            last=LAST_PLACES,
            p_last=said(answer.last(LAST_PLACES)),
        )
    ]
    if answer.among < answer.of:
        lines.append(t("league.only_known", lang, among=answer.among, of=answer.of))
    if answer.above is not None and answer.overtaking_pct is not None:
        growth = words.growth(answer.overtaking_pct, lang)
        lines.append(t("league.overtaking", lang, above=names[answer.above], growth=growth))
    if answer.below is not None:
        lines.append(t("league.behind", lang, below=names[answer.below]))
    if moved is not None and now is not None:
        lines.append(_moved(moved, now, names, lang))
    return lines


def stated_ranks(panel: Panel, attainment: Attainment, unit: str, lang: Lang) -> list[str]:
    """Ranks of a place in the year that were stated without the siblings' figures (末位、第二位), with their source."""
    rows = known(panel, attainment.as_of)
    rows = rows[(rows["measure"] == "rank") & (rows["unit"] == unit)]
    lines = []
    for row in rows.to_dict("records"):
        if row["period"].year != attainment.target_year:
            continue
        of, name = row.get("rank_of"), panel.indicators[row["indicator"]].name_zh
        lines.append(
            t(
                "league.stated" if of else "league.stated_alone",
                lang,
                indicator=words.indicator_name(row["indicator"], name, lang),
                through=words.through(row["period"], lang),
                rank=f"{row['value']:.0f}",
                of=f"{float(of):.0f}" if of else "",
                source=row["source"],
            )
        )
    return lines


def _moved(found: tuple[Month, RankMove], now: Month, names: Mapping[str, str], lang: Lang) -> str:
    before, move = found
    listed = t("glossary.and", lang)
    way = "same" if move.rank == move.before else "up" if move.rank < move.before else "down"
    text = t(
        f"league.moved_{way}",
        lang,
        now=words.through(now, lang),
        then=words.through(before, lang),
        rank=move.rank,
        before=move.before,
        places=abs(move.rank - move.before),
        growth=words.growth(move.growth_pct, lang),
        growth_before=words.growth(move.growth_before_pct, lang),
    )
    if move.passed:
        text += t("league.moved_passed", lang, names=listed.join(names[one] for one in move.passed))
    if move.passed_by:
        text += t("league.moved_passed_by", lang, names=listed.join(names[one] for one in move.passed_by))
    return text + t("glossary.full_stop", lang)


def province_grid(league: League, attainment: Attainment, panel: Panel, view: View) -> Grid | None:
    """All siblings, a row each, by how few targets they are expected to attain: who is at risk stands first.

    A cell of an indicator has the probability of what is spoken of, and below it the expected rank; the last columns
    count and score.
    """
    lang = view.lang
    chances = {(row.target.indicator, row.target.unit): row for row in attainment.rows if row.p is not None}
    indicators = [name for name in panel.indicators if any(key[0] == name for key in chances)]
    if not indicators:
        return None
    expected = {unit: sum(row.p or 0.0 for (_, own), row in chances.items() if own == unit) for unit in league.units}
    scored = {one.unit: one for one in scored_rows(league, attainment, panel)}
    heads = [Cell(t("league.head_place", lang))]
    heads += [Cell(words.indicator_name(name, panel.indicators[name].name_zh, lang)) for name in indicators]
    heads += [split_head(t("league.head_expected", lang))] + ([Cell(t("league.head_score", lang))] if scored else [])
    rows = []
    order = sorted(league.units, key=lambda unit: expected[unit])
    for unit in order:
        cells = [Cell(words.unit_name(panel.units[unit], lang))]
        for name in indicators:
            row, answer = chances.get((name, unit)), league.of(name, unit)
            if row is None:
                cells.append(Cell(t("glossary.none", lang), style="quiet"))
                continue
            rank = "" if answer is None else t("league.place", lang, rank=f"{words.rounded(answer.expected, 1.0):.0f}")
            style = heat(row.p) if view.surface is Surface.PAGE else "" if row.light is None else row.light.value
            cells.append(Cell(words.probability(row.p, lang, evidence=row.evidence), rank, style))
        cells.append(Cell(f"{words.rounded(expected[unit], 0.1):.1f}"))
        if scored:
            one = scored.get(unit)
            cells.append(
                Cell(t("glossary.none", lang), style="quiet")
                if one is None
                else Cell(
                    f"{words.rounded(one.score[1], 0.1):.1f}",
                    t("league.place", lang, rank=f"{words.rounded(one.rank[1], 1.0):.0f}"),
                )
            )
        rows.append(tuple(cells))
    classes = tuple("marked" if unit == attainment.config.city else "plain" for unit in order)
    caption = t(
        "league.title_all",
        lang,
        year=attainment.target_year,
        as_of=words.knowledge(attainment.as_of, lang),
        event=words.event_name(attainment.criterion, lang),
    )
    return Grid(kind="province", caption=caption, heads=tuple(heads), rows=tuple(rows), classes=classes)


STEPS: Final = 5
"""Shades of a heat of probability."""


def heat(p: float | None) -> str:
    """Style of a probability in a heat: ``heat-0`` the least likely to ``heat-4``; empty for none."""
    return "" if p is None else f"heat-{min(int(p * STEPS), STEPS - 1)}"


def at_risk(league: League, attainment: Attainment, panel: Panel, lang: Lang, *, most: int = 3) -> list[str]:
    """The places with fewest expected targets, each with what is red there; fewest first."""
    rows: dict[str, list[Row]] = {}
    for row in attainment.rows:
        if row.target.unit in league.units and row.p is not None:
            rows.setdefault(row.target.unit, []).append(row)
    order = sorted(rows, key=lambda unit: sum(row.p or 0.0 for row in rows[unit]))
    lines = []
    for unit in order[:most]:
        red = [row for row in rows[unit] if row.p is not None and row.p < 0.5]
        if not red:
            continue
        listed = [
            t(
                "league.risk_of",
                lang,
                indicator=words.indicator_name(row.target.indicator, row.name_zh, lang),
                p=words.probability(row.p, lang, evidence=row.evidence),
            )
            for row in sorted(red, key=lambda row: row.p or 0.0)
        ]
        expected = f"{words.rounded(sum(row.p or 0.0 for row in rows[unit]), 0.1):.1f}"
        lines.append(
            t(
                "league.risk",
                lang,
                place=words.unit_name(panel.units[unit], lang),
                expected=expected,
                event=words.event_name(attainment.criterion, lang),
                of=len(rows[unit]),
                listed=t("glossary.and", lang).join(listed),
            )
        )
    return lines
