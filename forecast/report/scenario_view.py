"""Scenarios as words for the screen: against the baseline, side by side, and what each action brings.

Invariant: every number shown is a field of a ``Result`` or a ``Contribution`` in the words of ``forecast.tables.words``
(held by ``tests/test_app_scenario.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from forecast.answers.chances import Case, Criterion, Outcome
from forecast.data.dataset import Dataset
from forecast.data.target import TargetKind
from forecast.report.chosen import action_name
from forecast.report.scenario_terminal import change, moved
from forecast.scenario.contributions import Contribution, Result
from forecast.scenario.ledger_rows import Range
from forecast.scenario.reader import Scenario
from forecast.tables import words
from forecast.tables.table import Cell
from forecast.texts import Lang, t

COLUMNS: Final = ("indicator", "forecast", "gap", "near", "reach")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultLine:
    """One target under a scenario: a cell a column, its second line the baseline; ``moves`` is -1, 0 or 1."""

    case: Case
    cells: dict[str, Cell]
    change_near: str
    moves: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySide:
    """One target under several: first line the probability to come close, second its change."""

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributionLine:
    """One action: its fair share of the change, alone, and what is lost without it.

    width_percent : of its bar, the largest share being 100; loses : whether it makes the target less likely
    """

    action: str
    width_percent: int
    loses: bool
    cells: tuple[str, ...]


def _name(case: Case, lang: Lang) -> str:
    name = words.indicator_name(case.target.indicator, case.name_zh, lang)
    if case.target.kind is TargetKind.PROVINCE_AVERAGE:
        return name
    plan = f" {words.growth(case.target.value, lang)}" if case.target.kind is TargetKind.PLAN else ""
    return t("ui_scenario.name_kind", lang, indicator=name, kind=f"{words.kind_name(case.target.kind, lang)}{plan}")


def _mine(result: Result, unit: str, *, average: bool) -> list[Outcome]:
    return [
        o
        for o in result.outcomes
        if o.case.target.unit == unit and (o.case.target.kind is TargetKind.PROVINCE_AVERAGE) == average
    ]


def result_lines(base: Result, result: Result, unit: str, lang: Lang, *, average: bool = True) -> list[ResultLine]:
    """Targets of a unit against the province's average, or else the others, official order."""
    pairs = zip(_mine(base, unit, average=average), _mine(result, unit, average=average), strict=True)
    return [_line(before, after, lang) for before, after in pairs]


def _line(before: Outcome, after: Outcome, lang: Lang) -> ResultLine:
    def was(text: str, moved: str) -> str:
        return t("ui_scenario.was", lang, text=text, change=moved)

    evidence = after.case.evidence
    near, reach = moved(after, Criterion.NEAR), moved(after, Criterion.REACH)
    return ResultLine(
        case=after.case,
        change_near=near,
        moves=(after.change_gap_pp > 0) - (after.change_gap_pp < 0),
        cells={
            "indicator": Cell(_name(after.case, lang)),
            "forecast": Cell(
                words.growth(after.growth.median_pct, lang),
                was(words.growth(before.growth.median_pct, lang), _points(after.change_growth_pp, lang)),
            ),
            "gap": Cell(
                words.gap(after.gap_pp, lang), was(words.gap(before.gap_pp, lang), _points(after.change_gap_pp, lang))
            ),
            "near": Cell(
                words.probability(after.p_near, lang, evidence=evidence),
                was(words.probability(before.p_near, lang, evidence=evidence), near),
            ),
            "reach": Cell(
                words.probability(after.p_reach, lang, evidence=evidence),
                was(words.probability(before.p_reach, lang, evidence=evidence), reach),
            ),
        },
    )


def _points(pp: float, lang: Lang) -> str:
    """Change in points with two decimals where one would hide it."""
    if pp == 0.0:
        return t("scenario.change_none", lang)
    shown = words.gap(pp, lang)
    return shown if shown != words.gap(0.0, lang) else f"{words.rounded(pp, 0.01):+.2f}"


def expected_text(base: Result, result: Result, lang: Lang) -> str:
    """How many assessed indicators come close, on average, without and with the scenario."""
    return t(
        "ui_scenario.expected",
        lang,
        judged=result.near.judged,
        before=f"{words.rounded(base.near.expected, 0.1):.1f}",
        after=f"{words.rounded(result.near.expected, 0.1):.1f}",
        reach_before=f"{words.rounded(base.reach.expected, 0.1):.1f}",
        reach_after=f"{words.rounded(result.reach.expected, 0.1):.1f}",
    )


def side_by_side(results: Sequence[Result], unit: str, lang: Lang) -> list[SideBySide]:
    """A line a target, the baseline first; then how many come close on average."""
    columns = [_mine(result, unit, average=True) for result in results]
    lines = []
    for outcomes in zip(*columns, strict=True):
        cells = tuple(
            Cell(
                words.probability(o.p_near, lang, evidence=o.case.evidence),
                t("ui_scenario.moved", lang, change=moved(o, Criterion.NEAR))
                if k
                else t("ui.gap", lang, gap=words.gap(o.gap_pp, lang)),
            )
            for k, o in enumerate(outcomes)
        )
        lines.append(SideBySide(name=_name(outcomes[0].case, lang), cells=cells))
    means = tuple(Cell(f"{words.rounded(result.near.expected, 0.1):.1f}") for result in results)
    return [*lines, SideBySide(name=t("ui_scenario.expected_row", lang), cells=means)]


def contribution_lines(
    found: Sequence[Contribution], key: tuple[str, str, str], scenario: Scenario, dataset: Dataset, lang: Lang
) -> list[ContributionLine]:
    """Actions by their fair share of the change of a target's probability to come close, the largest first."""
    names = {m.id: action_name(m, dataset, lang) for m in scenario.actions}
    mine = sorted((c for c in found if c.case.key == key), key=lambda c: (-abs(c.share_near), -abs(c.share_gap_pp)))
    most = max((abs(c.share_near) for c in mine), default=0.0) or 1.0
    gaps = words.split([c.share_gap_pp for c in mine], 0.1)
    return [
        ContributionLine(
            action=names[c.action],
            width_percent=round(100.0 * abs(c.share_near) / most),
            loses=c.share_near < 0.0,
            cells=(
                change(c.share_near, lang),
                _points(gap, lang),
                change(c.alone_near, lang),
                change(c.without_near, lang),
            ),
        )
        for c, gap in zip(mine, gaps, strict=True)
    ]


def most_moved(result: Result, unit: str) -> str | None:
    """The indicator whose probability to come close changes most; None where the unit has none against the average."""
    mine = _mine(result, unit, average=True)
    return max(mine, key=lambda o: abs(o.change_near)).case.target.indicator if mine else None


def range_text(one: Range | None, lang: Lang) -> str:
    """Range of the change over regenerated ledgers; empty without one."""
    if one is None:
        return ""
    return t(
        "ui_scenario.range",
        lang,
        n=one.ledgers,
        low=change(one.near[0], lang),
        high=change(one.near[1], lang),
        low_pp=_points(one.growth_pp[0], lang),
        high_pp=_points(one.growth_pp[1], lang),
    )
