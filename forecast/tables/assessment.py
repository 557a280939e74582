"""Scores for files and people: ``assessment.csv``, what each rule says and earns, classes, in words and as tables.

Invariant: the rules are printed beside what they give, every parameter of them
(held by ``tests/test_league_tables.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from forecast.answers.attainment import Attainment
from forecast.answers.evidence import Evidence
from forecast.answers.ranks import LAST_PLACES
from forecast.answers.scores import League
from forecast.data.assessment import (
    Assessment,
    ByRank,
    Completion,
    Efficacy,
    GapSteps,
    Item,
    MetThenRank,
)
from forecast.data.panel import Panel
from forecast.tables import words
from forecast.tables.kind import Kind
from forecast.tables.table import Cell, Column, Grid, Said, Show, Surface, Table, View
from forecast.texts import Lang, t


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


def _classes(one: Scored) -> str | None:
    return " ".join(f"{name}:{share:.4f}" for name, share in one.classes.items()) or None


def _chance(p: float, lang: Lang) -> str:
    return words.probability(p, lang, evidence=Evidence.AMPLE)


def _filed(
    name: str, says: Callable[[Scored, View], Said] | None = None, *, kind: Kind | None = None, head: str = ""
) -> dict[Surface, Show[Scored]]:
    """In files and in the workbook."""
    sheet = Show(head=f"league.sheet_{head or name}", means=f"league.column_{name}", says=says, kind=kind)
    return {Surface.FILE: Show(), Surface.SHEET: sheet}


SCORES: Final[tuple[Column[Scored], ...]] = (
    Column(
        "unit",
        texts="league",
        value=lambda r: r.unit,
        on=_filed("unit", lambda r, v: r.name if v.lang == "zh" else r.unit, head="place"),
    ),
    Column("as_of", value=lambda r: r.as_of),
    Column("reachable_points", Kind.COUNT, "league", value=lambda r: r.reachable, on=_filed("reachable_points")),
    Column("score_median", Kind.COUNT, "league", value=lambda r: r.score[1], on=_filed("score_median")),
    Column("score_p10", Kind.COUNT, "league", value=lambda r: r.score[0], on=_filed("score_p10")),
    Column("score_p90", Kind.COUNT, "league", value=lambda r: r.score[2], on=_filed("score_p90")),
    Column("score_rank_expected", Kind.COUNT, "league", value=lambda r: r.rank[1], on=_filed("score_rank_expected")),
    Column("score_rank_p10", Kind.WHOLE, "league", value=lambda r: int(r.rank[0]), on=_filed("score_rank_p10")),
    Column("score_rank_p90", Kind.WHOLE, "league", value=lambda r: int(r.rank[2]), on=_filed("score_rank_p90")),
    Column(
        "p_last_three_by_score",
        Kind.PROBABILITY,
        "league",
        value=lambda r: r.last,
        on=_filed("p_last_three_by_score", lambda r, v: _chance(r.last, v.lang), kind=Kind.CHANCE),
    ),
    Column("p_classes", texts="league", value=_classes),
    Column(
        "costliest_indicator",
        texts="league",
        value=lambda r: r.costliest,
        on=_filed(
            "costliest_indicator",
            lambda r, v: words.indicator_name(r.costliest, r.names[r.costliest], v.lang) if r.costliest else None,
        ),
    ),
    Column(
        "costliest_points",
        Kind.COUNT,
        "league",
        value=lambda r: r.lost[r.costliest] if r.costliest else None,
        on=_filed("costliest_points"),
    ),
    Column(
        "p_named_once",
        Kind.PROBABILITY,
        "league",
        value=lambda r: r.named,
        on=_filed("p_named_once", lambda r, v: _chance(r.named, v.lang), kind=Kind.CHANCE),
    ),
)


def score_columns(rows: Sequence[Scored], rules: Assessment, lang: Lang) -> tuple[Column[Scored], ...]:
    """Columns of a worksheet: those of ``assessment.csv``, every class and every item's expected points beside them."""
    weight = {item.indicator: item.weight for item in rules.items}
    names = rows[0].names if rows else {}
    own = []
    for k, one in enumerate(rules.classes):
        told = t("league.column_class", lang, name=one.name)
        show: Show[Scored] = Show(label=one.name, told=told, says=_class(one.name))
        own.append(Column(f"class_{k + 1}", Kind.CHANCE, on={Surface.SHEET: show}))
    for name, zh in names.items():
        label = words.indicator_name(name, zh, lang)
        told = t("league.column_item_points", lang, indicator=label, weight=f"{weight[name]:g}")
        own.append(
            Column(
                f"points_{name}",
                Kind.COUNT,
                on={Surface.SHEET: Show(label=label, told=told, group="points", says=_item(name, weight))},
            )
        )
    return (*SCORES, *own)


def _class(name: str) -> Callable[[Scored, View], Said]:
    return lambda r, v: _chance(r.classes[name], v.lang)


def _item(name: str, weight: Mapping[str, float]) -> Callable[[Scored, View], Said]:
    return lambda r, _: weight[name] - r.lost[name]


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
            last=float((rank[:, k] > len(found.units) - LAST_PLACES).mean()),
            classes={name: float(share[k]) for name, share in classes.items()},
            lost={name: float(points[k]) for name, points in lost.items()},
            names={name: panel.indicators[name].name_zh for name in lost},
            named=float(named[:, k].mean()),
        )
        for k, unit in enumerate(found.units)
    ]


def score_sentences(
    league: League, attainment: Attainment, panel: Panel, lang: Lang, *, unit: str | None = None
) -> list[str]:
    """What is said of a unit's score (the city's unless told): how much, which class, which rank, what costs most."""
    own = unit or attainment.config.city
    mine = next((one for one in scored_rows(league, attainment, panel) if one.unit == own), None)
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
        lines.append(t("league.score_class", lang, name=mine.likeliest, p=likely, last=LAST_PLACES, p_last=last))
    if mine.costliest is not None:
        points = f"{words.rounded(mine.lost[mine.costliest], 0.1):.1f}"
        lines.append(t("league.score_costliest", lang, indicator=mine.names[mine.costliest], points=points))
    if league.scores.left_out:
        left = t("glossary.and", lang).join(panel.indicators[name].name_zh for name in league.scores.left_out)
        lines.append(t("league.score_left_out", lang, indicators=left))
    return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring:
    """A row of the table of rules: one item of the assessment, of one place.

    rule : in words; earned : P10, mean and P90 of its points; None where it could not be scored
    """

    name: str
    weight: float
    rule: str
    earned: tuple[float, float, float] | None


def _points(one: float) -> str:
    return f"{words.rounded(one, 0.1):.1f}"


def _earned(r: Scoring, v: View) -> Said:
    if r.earned is None:
        return Cell(t("league.not_scored", v.lang), style="open")
    low, mean, high = r.earned
    spread = t("league.between_points", v.lang, low=_points(low), high=_points(high))
    return Cell(_points(mean), spread if high > low else "")


SCORING: Final[tuple[Column[Scoring], ...]] = (
    Column("item", texts="league", value=lambda r: r.name, on={Surface.PAGE: Show(head="league.head_item", left=True)}),
    Column(
        "weight",
        Kind.COUNT,
        "league",
        value=lambda r: r.weight,
        on={Surface.PAGE: Show(head="league.head_weight", says=lambda r, _: Cell(f"{r.weight:g}"))},
    ),
    Column(
        "earned",
        Kind.COUNT,
        "league",
        value=lambda r: r.earned[1] if r.earned else None,
        on={Surface.PAGE: Show(head="league.head_earned", says=_earned)},
    ),
    Column(
        "lost",
        Kind.COUNT,
        "league",
        value=lambda r: r.weight - r.earned[1] if r.earned else None,
        on={Surface.PAGE: Show(head="league.head_lost")},
    ),
    Column("rule", texts="league", value=lambda r: r.rule, on={Surface.PAGE: Show(head="league.head_rule", left=True)}),
)


def scoring_rows(league: League, rules: Assessment, panel: Panel, lang: Lang, unit: str) -> list[Scoring]:
    """Every item of the assessment with its rule, and what a place is expected to earn by it."""
    found = league.scores
    rows = []
    for item in rules.items:
        draws = None
        if found is not None and unit in found.units and item.indicator in found.items:
            draws = found.items[item.indicator][:, found.units.index(unit)]
        name = words.indicator_name(item.indicator, panel.indicators[item.indicator].name_zh, lang)
        earned = None if draws is None else (*np.quantile(draws, [0.1, 0.9]).tolist(), float(draws.mean()))
        rows.append(
            Scoring(
                name=name,
                weight=item.weight,
                rule=rule_text(item, lang),
                earned=None if earned is None else (earned[0], earned[2], earned[1]),
            )
        )
    return rows


def scoring_grid(league: League, rules: Assessment, panel: Panel, view: View, unit: str) -> Grid:
    """The rules beside what a place is expected to earn by each."""
    caption = t("league.title_rules", view.lang, rules=rules.name, total=f"{rules.total:g}")
    rows = scoring_rows(league, rules, panel, view.lang, unit)
    return Table(name="scoring", columns=SCORING, rows=rows).grid(view, caption=caption)


def rule_text(item: Item, lang: Lang) -> str:
    """How an item earns its points, as a person reads it; at which months it is judged where that is not December."""
    values = {name: f"{value:g}" for name, value in item.model_dump().items() if isinstance(value, int | float)}
    target = getattr(item, "target", None)
    values["target"] = t("league.rule_average", lang) if target == "province" else words.growth(target, lang)
    key: str = item.rule
    match item:
        case ByRank() | MetThenRank():
            values["quotient"] = f"{item.quotient * 100:g}"
        case Completion(below=below):
            key = f"completion_{below}" if isinstance(below, str) else "completion_points"
        case GapSteps(steps=steps):
            values["steps"] = t("league.semicolon", lang).join(
                t("league.rule_step_last", lang, divisor=f"{one.divisor:g}")
                if one.to is None
                else t("league.rule_step", lang, to=f"{one.to:g}", divisor=f"{one.divisor:g}")
                for one in steps
            )
        case Efficacy():
            stated = item.worst is not None
            values["ends"] = t(
                f"league.rule_ends_{'stated' if stated else 'siblings'}",
                lang,
                best=words.growth(item.best, lang),
                worst=words.growth(item.worst, lang),
            )
            if item.static:
                values["ends"] += t("league.rule_static", lang, share=f"{item.static * 100:g}")
    text = t(f"league.rule_{key}", lang, **values)
    if set(item.parts) != {12}:
        parts = [
            t("league.rule_part", lang, month=month, share=f"{share * 100:g}") for month, share in item.parts.items()
        ]
        text += t("league.rule_parts", lang, parts=t("glossary.and", lang).join(parts))
    return text


def rules_notes(rules: Assessment, panel: Panel, lang: Lang) -> list[str]:
    """What else the assessment says: its source, ties, deductions, vetoes, the parent's share, classes."""
    notes = [t("league.rules_source", lang, source=rules.source), t(f"league.rules_ties_{rules.ties}", lang)]
    for event in rules.events:
        name = words.indicator_name(event.indicator, panel.indicators[event.indicator].name_zh, lang)
        months = t("glossary.and", lang).join(str(month) for month in event.months)
        text = t(
            "league.rules_event",
            lang,
            name=event.name,
            months=months,
            indicator=name,
            last=event.last,
            points=f"{event.points:g}",
        )
        notes.append(text + (t("league.rules_veto", lang, lowest=rules.classes[-1].name) if event.veto else ""))
    if rules.shared and rules.parent_score is not None:
        share = f"{rules.shared * 100:g}"
        notes.append(t("league.rules_shared", lang, share=share, score=f"{rules.parent_score:g}"))
    if rules.classes:
        listed = [t("league.rules_class", lang, name=one.name, at_least=f"{one.at_least:g}") for one in rules.classes]
        notes.append(t("league.rules_classes", lang, classes=t("glossary.and", lang).join(listed)))
    return notes


def class_lines(found: Scored, lang: Lang) -> list[tuple[str, str]]:
    """Every class and how likely it is, from the best."""
    return [(name, words.probability(share, lang, evidence=Evidence.AMPLE)) for name, share in found.classes.items()]
