"""Ranks and scores for files and people: ``ranks.csv``, ``assessment.csv``, and the league of all cities on a screen.

Invariant: a rank is printed with how many siblings it is among, of how many (held by ``tests/test_league_tables.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from forecast.answers.attainment import Attainment
from forecast.answers.evidence import Evidence
from forecast.answers.ranks import RankAnswer, first_third
from forecast.answers.scores import League
from forecast.data.panel import Panel
from forecast.periods import Month
from forecast.tables import words
from forecast.tables.kind import Kind
from forecast.tables.table import Cell, Column, Grid, Provenance, Said, Show, Surface, Table, View
from forecast.texts import Lang, t

LAST: Final = 3
"""Places from the end that a list of 约谈 usually names."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A row of ``assessment.csv``: one place, all items of the assessment."""

    unit: str
    name: str
    as_of: str
    reachable: float
    score: tuple[float, float, float]
    rank: tuple[float, float, float]
    last: float
    classes: Mapping[str, float]
    lost: Mapping[str, float]
    names: Mapping[str, str]
    named: float

    @property
    def likeliest(self) -> str | None:
        """The class that is most likely; None without classes."""
        return max(self.classes, key=lambda name: self.classes[name]) if self.classes else None

    @property
    def costliest(self) -> str | None:
        """The indicator that is expected to cost most points; None where none costs any."""
        worst = max(self.lost, key=lambda name: self.lost[name], default=None)
        return worst if worst is not None and self.lost[worst] > 0.0 else None


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


def _share(p: float, lang: Lang) -> Cell:
    return Cell(words.probability(p, lang, evidence=Evidence.AMPLE))


def _on(head: str, says: Callable[[Ranked, View], Said], *, left: bool = False) -> dict[Surface, Show[Ranked]]:
    shown = Show(head=f"league.{head}", says=says, left=left)
    return {Surface.FILE: Show(), Surface.TERMINAL: shown, Surface.PAGE: shown}


RANKS: Final[tuple[Column[Ranked], ...]] = (
    Column("indicator", texts="league", value=lambda r: r.answer.indicator),
    Column(
        "name_zh",
        value=lambda r: r.indicator_zh,
        on=_on(
            "head_indicator",
            lambda r, v: Cell(words.indicator_name(r.answer.indicator, r.indicator_zh, v.lang)),
            left=True,
        ),
    ),
    Column("unit", texts="league", value=lambda r: r.answer.unit),
    Column("as_of", value=lambda r: r.as_of),
    Column("rank_now", Kind.WHOLE, "league", value=lambda r: r.answer.now, on=_on("head_now", _now)),
    Column("rank_now_ties", Kind.WHOLE, "league", value=lambda r: r.answer.now_ties),
    Column("rank_now_among", Kind.WHOLE, "league", value=lambda r: r.answer.now_among),
    Column("rank_now_period", Kind.MONTH, "league", value=lambda r: None if r.period is None else str(r.period)),
    Column("ranked", Kind.WHOLE, "league", value=lambda r: r.answer.among),
    Column("siblings", Kind.WHOLE, "league", value=lambda r: r.answer.of),
    Column("rank_expected", Kind.COUNT, "league", value=lambda r: r.answer.expected, on=_on("head_ahead", _ahead)),
    Column("rank_p10", Kind.WHOLE, "league", value=lambda r: int(r.answer.p10)),
    Column("rank_p90", Kind.WHOLE, "league", value=lambda r: int(r.answer.p90)),
    Column("first_places", Kind.WHOLE, "league", value=lambda r: r.first),
    Column(
        "p_first_places",
        Kind.PROBABILITY,
        "league",
        value=lambda r: r.answer.first(r.first),
        on=_on("head_first", lambda r, v: _share(r.answer.first(r.first), v.lang)),
    ),
    Column(
        "p_last_three",
        Kind.PROBABILITY,
        "league",
        value=lambda r: r.answer.last(LAST),
        on=_on("head_last", lambda r, v: _share(r.answer.last(LAST), v.lang)),
    ),
    Column(
        "above",
        texts="league",
        value=lambda r: r.answer.above,
        on=_on("head_above", lambda r, v: _name(r.answer.above, r, v.lang)),
    ),
    Column(
        "below",
        texts="league",
        value=lambda r: r.answer.below,
        on=_on("head_below", lambda r, v: _name(r.answer.below, r, v.lang)),
    ),
    Column(
        "overtaking_pct",
        Kind.PERCENT,
        "league",
        value=lambda r: r.answer.overtaking_pct,
        on=_on("head_overtaking", lambda r, v: Cell(words.growth(r.answer.overtaking_pct, v.lang))),
    ),
)


def _classes(one: Scored) -> str | None:
    return " ".join(f"{name}:{share:.4f}" for name, share in one.classes.items()) or None


SCORES: Final[tuple[Column[Scored], ...]] = (
    Column("unit", texts="league", value=lambda r: r.unit),
    Column("as_of", value=lambda r: r.as_of),
    Column("reachable_points", Kind.COUNT, "league", value=lambda r: r.reachable),
    Column("score_median", Kind.COUNT, "league", value=lambda r: r.score[1]),
    Column("score_p10", Kind.COUNT, "league", value=lambda r: r.score[0]),
    Column("score_p90", Kind.COUNT, "league", value=lambda r: r.score[2]),
    Column("score_rank_expected", Kind.COUNT, "league", value=lambda r: r.rank[1]),
    Column("score_rank_p10", Kind.WHOLE, "league", value=lambda r: int(r.rank[0])),
    Column("score_rank_p90", Kind.WHOLE, "league", value=lambda r: int(r.rank[2])),
    Column("p_last_three_by_score", Kind.PROBABILITY, "league", value=lambda r: r.last),
    Column("p_classes", texts="league", value=_classes),
    Column("costliest_indicator", texts="league", value=lambda r: r.costliest),
    Column("costliest_points", Kind.COUNT, "league", value=lambda r: r.lost[r.costliest] if r.costliest else None),
    Column("p_named_once", Kind.PROBABILITY, "league", value=lambda r: r.named),
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


def scored_rows(league: League, attainment: Attainment, panel: Panel) -> list[Scored]:
    """Every sibling that is scored, in official order; none without an assessment."""
    found = league.scores
    if found is None:
        return []
    rank, classes, lost = found.ranks(), found.classes(), found.lost()
    named = np.zeros(found.total.shape, dtype=bool)
    for times in found.events.values():
        named |= times > 0
    low, middle, high = np.quantile(found.total, [0.1, 0.5, 0.9], axis=0)
    best, worst = (np.quantile(rank, level, axis=0, method="inverted_cdf") for level in (0.1, 0.9))
    return [
        Scored(
            unit=unit,
            name=panel.units[unit].name_zh,
            as_of=attainment.as_of.text,
            reachable=found.reachable,
            score=(float(low[k]), float(middle[k]), float(high[k])),
            rank=(float(best[k]), float(rank[:, k].mean()), float(worst[k])),
            last=float((rank[:, k] > len(found.units) - LAST).mean()),
            classes={name: float(share[k]) for name, share in classes.items()},
            lost={name: float(points[k]) for name, points in lost.items()},
            names={name: panel.indicators[name].name_zh for name in lost},
            named=float(named[:, k].mean()),
        )
        for k, unit in enumerate(found.units)
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


def rank_grid(league: League, attainment: Attainment, panel: Panel, view: View) -> Grid | None:
    """Ranks of the city, an indicator a row; None where it has no siblings with figures."""
    city = attainment.config.city
    mine = [one for one in ranked_rows(league, attainment, panel) if one.answer.unit == city]
    if not mine:
        return None
    name = words.unit_name(panel.units[city], view.lang)
    caption = t("league.title", view.lang, city=name, year=attainment.target_year, of=len(league.units))
    table = Table(name="ranks", columns=RANKS, rows=mine, params={"first": str(mine[0].first), "last": str(LAST)})
    return table.grid(view, caption=caption)


def score_sentences(league: League, attainment: Attainment, panel: Panel, lang: Lang) -> list[str]:
    """What is said of the city's score: how much, which class, which rank, what costs most; the rules' name."""
    mine = next((one for one in scored_rows(league, attainment, panel) if one.unit == attainment.config.city), None)
    if mine is None or league.scores is None:
        return []
    rules = league.scores.assessment
    low, middle, high = (f"{words.rounded(value, 0.1):.1f}" for value in mine.score)
    place = f"{words.rounded(mine.rank[1], 1.0):.0f}"
    lines = [
        t(
            "league.score",
            lang,
            rules=rules.name,
            reachable=f"{mine.reachable:g}",
            score=middle,
            low=low,
            high=high,
            rank=place,
            best=f"{mine.rank[0]:.0f}",
            worst=f"{mine.rank[2]:.0f}",
            of=len(league.scores.units),
        )
    ]
    if mine.likeliest is not None:
        likely = words.probability(mine.classes[mine.likeliest], lang, evidence=Evidence.AMPLE)
        last = words.probability(mine.last, lang, evidence=Evidence.AMPLE)
        lines.append(t("league.score_class", lang, name=mine.likeliest, p=likely, last=LAST, p_last=last))
    if mine.costliest is not None:
        points = f"{words.rounded(mine.lost[mine.costliest], 0.1):.1f}"
        lines.append(t("league.score_costliest", lang, indicator=mine.names[mine.costliest], points=points))
    if league.scores.left_out:
        left = t("glossary.and", lang).join(panel.indicators[name].name_zh for name in league.scores.left_out)
        lines.append(t("league.score_left_out", lang, indicators=left))
    return lines


def province_grid(league: League, attainment: Attainment, panel: Panel, view: View) -> Grid | None:
    """All siblings, a row each, by how few targets they are expected to come close to: who is at risk stands first.

    A cell of an indicator has P(near), and below it the expected rank; the last columns count and score.
    """
    lang = view.lang
    chances = {(row.target.indicator, row.target.unit): row for row in attainment.rows if row.p_near is not None}
    indicators = [name for name in panel.indicators if any(key[0] == name for key in chances)]
    if not indicators:
        return None
    expected = {
        unit: sum(row.p_near or 0.0 for (_, own), row in chances.items() if own == unit) for unit in league.units
    }
    scored = {one.unit: one for one in scored_rows(league, attainment, panel)}
    heads = [Cell(t("league.head_place", lang))]
    heads += [Cell(words.indicator_name(name, panel.indicators[name].name_zh, lang)) for name in indicators]
    heads += [Cell(t("league.head_expected", lang))] + ([Cell(t("league.head_score", lang))] if scored else [])
    rows = []
    for unit in sorted(league.units, key=lambda unit: expected[unit]):
        cells = [Cell(words.unit_name(panel.units[unit], lang))]
        for name in indicators:
            row, answer = chances.get((name, unit)), league.of(name, unit)
            if row is None:
                cells.append(Cell(t("glossary.none", lang), style="quiet"))
                continue
            rank = "" if answer is None else t("league.place", lang, rank=f"{words.rounded(answer.expected, 1.0):.0f}")
            style = "" if row.light is None else row.light.value
            cells.append(Cell(words.probability(row.p_near, lang, evidence=row.evidence), rank, style))
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
    caption = t("league.title_all", lang, year=attainment.target_year, as_of=words.knowledge(attainment.as_of, lang))
    return Grid(kind="province", caption=caption, heads=tuple(heads), rows=tuple(rows))
