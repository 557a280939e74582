"""Counties as tables: against the city and the province, their ranks and how sure these are, the proposed lists.

Invariant: a place without a published figure of the period has no rank, and the lists are those of ``naming``
(held by ``tests/test_app_tasks.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from forecast.data.panel import Unit
from forecast.report.breakdown_terminal import standing_cells
from forecast.runs.session import Assignments
from forecast.tables import words
from forecast.tables.table import Cell, Grid, grid
from forecast.tasks.county_lists import Interview, Ranking, RankStatus, Standing
from forecast.texts import Lang, t

COLUMNS: Final = ("place", "growth", "rank", "gap_city", "gap_plan", "contribution", "last")


def place_label(unit: str, name_zh: str, lang: Lang) -> str:
    """Name of a county in the reader's language."""
    return name_zh if lang == "zh" else unit.capitalize()


def ranking_note(ranking: Ranking, least: int, lang: Lang) -> str:
    """The period and what city and province published of it; or why nobody is ranked."""
    name = words.indicator_name(ranking.indicator, ranking.name_zh, lang)
    if ranking.status is not RankStatus.RANKED:
        return t(f"naming.{ranking.status.value}", lang, indicator=name, n=ranking.published, least=least)
    return t(
        "ui_tasks.ranking",
        lang,
        indicator=name,
        period=words.months(ranking.period, lang) if ranking.period else "",
        city=words.growth(ranking.city_pct, lang),
        province=words.growth(ranking.province_pct, lang),
        n=ranking.published,
        of=ranking.of,
    )


def ranking_grid(ranking: Ranking, found: Assignments, lang: Lang) -> Grid:
    """Places of one indicator: growth, rank, against city, province and plan, contribution, how sure."""
    rule, units = found.naming.rule, found.run.dataset.panel.units
    heads = [t(f"naming.head_{name}", lang, last=rule.name_last) for name in COLUMNS]
    heads.insert(4, t("ui_tasks.head_gap_province", lang))
    heads.append(t("ui_tasks.head_share", lang))
    rows = [_standing(one, ranking, units, lang) for one in ranking.standings]
    marked = [k for k, one in enumerate(ranking.standings) if one.named]
    return grid("ranking", t("ui_tasks.ranking_title", lang), heads, rows, left=(0, 7), marked=marked)


def _standing(one: Standing, ranking: Ranking, units: Mapping[str, Unit], lang: Lang) -> list[str | Cell]:
    none = t("glossary.none", lang)
    cells: list[str | Cell] = list(standing_cells(one, ranking.published, units, lang))
    if one.rank is None:
        period = t("naming.through", lang, month=words.month_name(one.period, lang)) if one.period else ""
        cells[1] = Cell(words.growth(one.growth_pct, lang), period if one.period != ranking.period else "")
        cells[2] = none
    province = none
    if one.growth_pct is not None and ranking.province_pct is not None and one.period == ranking.period:
        province = words.gap(one.growth_pct - ranking.province_pct, lang)
    cells.insert(4, province)
    share = one.contribution_share
    cells.append(none if share is None else t("glossary.probability", lang, percent=f"{share * 100:.0f}"))
    return [cell or none for cell in cells]


def named_grid(found: Assignments, lang: Lang) -> Grid:
    """Proposed for 单月点名."""
    lists, units = found.naming, found.run.dataset.panel.units
    heads = [t("naming.head_indicator", lang), t("naming.head_period", lang)]
    heads += [t(f"naming.head_{name}", lang, last=lists.rule.name_last) for name in COLUMNS]
    rows = []
    for ranking in lists.rankings:
        for one in ranking.standings:
            if one.named:
                name = words.indicator_name(ranking.indicator, ranking.name_zh, lang)
                period = t("naming.through", lang, month=words.month_name(one.period, lang)) if one.period else ""
                rows.append((name, period, *standing_cells(one, ranking.published, units, lang)))
    month = words.month_name(lists.naming_month, lang)
    return grid("named", t("naming.title_naming", lang, month=month), heads, rows, left=(0, 1, 2, 8))


def interview_grid(found: Assignments, lang: Lang) -> Grid:
    """Proposed for 双月约谈."""
    lists = found.naming
    heads = [t(f"naming.head_{name}", lang) for name in ("place", "mean", "behind", "named")]
    heads.append(t("ui_tasks.head_share", lang))
    month = words.month_name(lists.interview_month, lang)
    rows = [_interview(one, lang) for one in lists.proposed]
    return grid("interviews", t("naming.title_interview", lang, month=month), heads, rows)


def _interview(one: Interview, lang: Lang) -> tuple[str, ...]:
    share = one.contribution_share
    return (
        place_label(one.unit, one.name_zh, lang),
        f"{one.mean_place:.2f}",
        t("naming.rank_of", lang, rank=one.behind, of=one.ranked),
        f"{one.named}",
        t("glossary.none", lang) if share is None else t("glossary.probability", lang, percent=f"{share * 100:.0f}"),
    )


def list_notes(found: Assignments, lang: Lang) -> list[str]:
    """The rule, what the lists rest on, indicators that rank nobody, and what the data set quotes of counties."""
    lists, units = found.naming, found.run.dataset.panel.units
    rule = lists.rule
    numbers = {"least": rule.least, "last": rule.name_last, "interview": rule.interview_last}
    notes = [t("naming.only_published", lang), t("naming.rule", lang, **numbers)]
    notes += [ranking_note(one, rule.least, lang) for one in lists.rankings if one.status is not RankStatus.RANKED]
    if not lists.named and not lists.proposed:
        notes.append(t("naming.nobody", lang))
    for one in lists.stated:
        place = words.unit_name(units[one.unit], lang) if one.unit in units else one.unit
        notes.append(t("naming.stated_item", lang, place=place, text=one.text, source=one.source))
    return notes
