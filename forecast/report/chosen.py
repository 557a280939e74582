"""The chosen scenario in words for the page for leaders: the same sentence, and its most effective actions.

Invariant: counts and probabilities are those of the ``Result`` and the ``Contribution`` records, in the words of
``forecast.tables.words`` (held by ``tests/test_app_overview.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from forecast.answers.attainment import standouts
from forecast.answers.chances import Case
from forecast.data.dataset import Dataset
from forecast.report.scenario_terminal import change
from forecast.scenario.actions import Measure
from forecast.scenario.contributions import Contribution, Result, most_effective
from forecast.scenario.reader import Scenario
from forecast.tables import words
from forecast.tables.notes import joint_sentence
from forecast.texts import Lang, t

MOST: Final = 3
"""Actions that a leader is told of."""


def scenario_sentence(result: Result, scenario: Scenario, lang: Lang) -> str:
    """The sentence of the page for leaders, under a scenario."""
    knowledge = words.knowledge(result.before.as_of, lang)
    mine = [o for o in result.outcomes if o.case.in_assessment]
    return joint_sentence(
        result.near,
        result.reach,
        as_of=t("ui_overview.under", lang, as_of=knowledge, scenario=scenario.title),
        marked=standouts([(o.p_near, o.case.target.indicator) for o in mine]),
        names={o.case.target.indicator: _indicator(o.case, lang) for o in mine},
        lang=lang,
    )


def effective_actions(found: Sequence[Contribution], scenario: Scenario, dataset: Dataset, lang: Lang) -> list[str]:
    """The actions that bring most, each with the indicator that it helps most."""
    ranked = most_effective(found, scenario, most=MOST)
    return [_effect(one.measure, one.best, dataset, lang) for one in ranked]


def _effect(measure: Measure, best: Contribution, dataset: Dataset, lang: Lang) -> str:
    return t(
        "ui_overview.effect",
        lang,
        action=action_name(measure, dataset, lang),
        indicator=_indicator(best.case, lang),
        gap=_points(best.share_gap_pp),
        near=change(best.share_near, lang),
    )


def _points(pp: float) -> str:
    """Points with two decimals where one would hide them."""
    shown = f"{words.rounded(pp, 0.1):+.1f}"
    return shown if float(shown) else f"{words.rounded(pp, 0.01):+.2f}"


def _indicator(case: Case, lang: Lang) -> str:
    return words.indicator_name(case.target.indicator, case.name_zh, lang)


def action_name(measure: Measure, dataset: Dataset, lang: Lang) -> str:
    """What an action is, and of whom: 企业复产（99户停产企业）."""
    kind = t(f"scenario.type_{measure.type}", lang)
    return t("ui_overview.action", lang, kind=kind, about=_about(measure, dataset, lang))


def _about(measure: Measure, dataset: Dataset, lang: Lang) -> str:
    """The action's own note, else the place, indicator or industry that it is about, else its id."""
    action, panel = measure.action, dataset.panel
    if note := getattr(action, "note", None):
        return str(note)
    parts = []
    unit, indicator = str(getattr(action, "unit", "")), str(getattr(action, "indicator", ""))
    if unit in panel.units:
        parts.append(words.unit_name(panel.units[unit], lang))
    if (industry := getattr(action, "industry", None)) is not None:
        rows = panel.industries[panel.industries["industry"] == industry]
        parts.append(str(rows["name_zh"].iloc[0]) if lang == "zh" and len(rows) else str(industry))
    if indicator in panel.indicators:
        parts.append(words.indicator_name(indicator, panel.indicators[indicator].name_zh, lang))
    return t("ui.space", lang).join(parts) or measure.id
