"""Counties as tables: who stands where, and the proposed lists.

Invariant: a place without a published figure of the period has no rank and is on no list, and every number shown is a
field of ``NamingLists`` (held by ``tests/test_app_tasks.py`` and ``tests/test_breakdown_command.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from forecast.answers.evidence import Evidence
from forecast.runs.session import Assignments
from forecast.tables import words
from forecast.tables.dossier import Dossier, sheet_of
from forecast.tables.kind import Kind, Value
from forecast.tables.table import (
    Block,
    Cell,
    Column,
    Grid,
    Said,
    Sentence,
    Sheet,
    Show,
    Surface,
    Table,
    View,
    column,
    on_sheet,
    seen,
)
from forecast.tasks.carriers import place_name
from forecast.tasks.county_lists import Interview, Ranking, RankStatus, Standing
from forecast.texts import Lang, t

TERMINAL, PAGE, SHEET = Surface.TERMINAL, Surface.PAGE, Surface.SHEET
LIST, RANKING = "list", "ranking"
"""Parts of pages: a list over all indicators, the ranking of one."""


def place_label(unit: str, name_zh: str, lang: Lang) -> str:
    """Name of a county in the reader's language."""
    return name_zh if lang == "zh" else unit.capitalize()


def _shared(share: float | None, lang: Lang) -> str:
    return (
        t("glossary.none", lang)
        if share is None
        else t("glossary.probability", lang, percent=Kind.WHOLE.shown(share * 100.0, lang))
    )


@dataclass(frozen=True, slots=True)
class Stood:
    """A row of a ranking: a place in one indicator."""

    standing: Standing
    ranking: Ranking
    found: Assignments


def _place(r: Stood, v: View) -> str:
    s = r.standing
    label = place_label(s.unit, s.name_zh, v.lang)
    if s.within is None or v.surface is SHEET or v.surface is TERMINAL:
        return label
    units = r.found.run.dataset.panel.units
    outer = place_name(s.within, units) if v.lang == "zh" else s.within.capitalize()
    return label + t("naming.within", v.lang, place=outer)


def _growth(r: Stood, v: View) -> Said:
    """Growth as published, with its period where that is an older one; 未公布 where there is none."""
    s = r.standing
    if v.surface is SHEET and s.growth_pct is not None:
        return s.growth_pct
    old = s.rank is None and s.period is not None and s.period != r.ranking.period and v.surface is PAGE
    return Cell(words.growth(s.growth_pct, v.lang), _through(r, v) if old else "")


def _through(r: Stood, v: View) -> str:
    period = r.standing.period
    return t("naming.through", v.lang, month=words.month_name(period, v.lang)) if period else ""


def _rank(r: Stood, v: View) -> Said:
    rank = r.standing.rank
    if rank is None or v.surface is SHEET:
        return rank
    return t("naming.rank_of", v.lang, rank=rank, of=r.ranking.published)


def _gap(value: Callable[[Stood], float | None]) -> Callable[[Stood, View], Said]:
    def says(r: Stood, v: View) -> Said:
        found = value(r)
        return None if found is None else words.gap(found, v.lang)

    return says


def _last(r: Stood, v: View) -> Said:
    """How likely a place ends the year among the last; on a page with the ranks that are likely."""
    s = r.standing
    if s.p_last is None:
        return None
    chance = words.probability(s.p_last, v.lang, evidence=Evidence.THIN)
    sure = v.surface is PAGE and s.rank_p10 is not None
    return chance + (t("naming.sure", v.lang, low=s.rank_p10, high=s.rank_p90) if sure else "")


def _name(r: Stood, v: View) -> str:
    return words.indicator_name(r.ranking.indicator, r.ranking.name_zh, v.lang)


_TEXT, _SHORT, _WHOLE, _SHARE = Kind.TEXT, Kind.SHORT, Kind.WHOLE, Kind.SHARE
_PERCENT, _POINTS, _FINE, _RATIO = Kind.PERCENT, Kind.POINTS, Kind.FINE_POINTS, Kind.RATIO


def _named(r: Stood, v: View) -> Said:
    return t("reports.named", v.lang) if r.standing.named else ""


def _period(r: Stood, v: View) -> Said:
    return words.months(r.standing.period, v.lang) if r.standing.period else None


def _of_gap(name: str, says: Callable[[Stood, View], Said]) -> Show[Stood]:
    return Show(name=name, head=f"ui_tasks.head_{name}", says=says, parts=(RANKING,))


def _standing[R](
    name: str, kind: Kind, value: Callable[[R], Value] = lambda _: None, *more: Any, **on: Any
) -> Column[R]:
    return column("naming", name, kind, value, *more, **on)


STANDINGS: Final[tuple[Column[Stood], ...]] = (
    _standing(
        "indicator",
        _TEXT,
        lambda r: r.ranking.indicator,
        page=seen("naming", "indicator", _name, LIST, left=True),
        sheet=Show(says=_name),
    ),
    _standing("name_zh", _TEXT, lambda r: r.ranking.name_zh),
    _standing("rank_status", _TEXT, lambda r: r.ranking.status.value),
    _standing("unit", _TEXT, lambda r: r.standing.unit),
    _standing(
        "unit_zh",
        _TEXT,
        lambda r: r.standing.name_zh,
        seen=seen("naming", "place", _place, left=True),
        sheet=on_sheet("naming", "place", _SHORT, _place),
    ),
    _standing("within", _TEXT, lambda r: r.standing.within),
    _standing(
        "period",
        Kind.MONTH,
        lambda r: str(r.standing.period) if r.standing.period else None,
        page=seen("naming", "period", _through, LIST, left=True),
        sheet=on_sheet("naming", "period", _SHORT, _period),
    ),
    _standing(
        "growth_pct", _PERCENT, lambda r: r.standing.growth_pct, _growth, seen="growth", sheet="naming.growth_pct"
    ),
    _standing("rank", _WHOLE, lambda r: r.standing.rank, _rank, seen="rank", sheet="naming.rank"),
    _standing("published", _WHOLE, lambda r: r.ranking.published),
    _standing("city_pct", _PERCENT, lambda r: r.ranking.city_pct),
    _standing("province_pct", _PERCENT, lambda r: r.ranking.province_pct),
    _standing(
        "gap_city_pp",
        _POINTS,
        lambda r: r.standing.gap_city_pp,
        seen=seen("naming", "gap_city", _gap(lambda r: r.standing.gap_city_pp)),
        sheet="naming.gap_city_pp",
    ),
    _standing(
        "gap_province",
        _POINTS,
        page=_of_gap("gap_province", _gap(lambda r: r.ranking.gap_province_pp(r.standing))),
        filed=False,
    ),
    _standing("plan_pct", _PERCENT, lambda r: r.standing.plan_pct),
    _standing("plan_unit", _TEXT, lambda r: r.standing.plan_unit),
    _standing(
        "gap_plan_pp",
        _POINTS,
        lambda r: r.standing.gap_plan_pp,
        page=seen("naming", "gap_plan", _gap(lambda r: r.standing.gap_plan_pp)),
        sheet="naming.gap_plan_pp",
    ),
    _standing("share", _SHARE, lambda r: r.standing.share),
    _standing(
        "contribution_pp",
        _FINE,
        lambda r: r.standing.contribution_pp,
        seen="contribution",
        sheet="naming.contribution_pp",
    ),
    _standing("contribution_share", _SHARE, lambda r: r.standing.contribution_share),
    _standing(
        "p_last",
        Kind.PROBABILITY,
        lambda r: r.standing.p_last,
        _last,
        seen="last",
        page=seen("naming", "last", _last, left=True),
    ),
    _standing("rank_p10", _WHOLE, lambda r: r.standing.rank_p10),
    _standing("rank_p90", _WHOLE, lambda r: r.standing.rank_p90),
    _standing(
        "share_of_gap",
        _TEXT,
        page=_of_gap("share", lambda r, v: _shared(r.standing.contribution_share, v.lang)),
        filed=False,
    ),
    _standing("named", _WHOLE, lambda r: int(r.standing.named), sheet=on_sheet("naming", "named", _SHORT, _named)),
    _standing("list_month", Kind.MONTH, lambda r: str(r.found.naming.naming_month)),
)
_LISTED: Final = ("indicator", "period", "place", "growth", "rank")


def _standings(found: Assignments, rankings: tuple[Ranking, ...], *, named: bool = False) -> Table[Stood]:
    rows = [Stood(s, r, found) for r in rankings for s in r.standings if s.named or not named]
    params = {"last": str(found.naming.rule.name_last)}
    order = {PAGE: _LISTED, SHEET: ("indicator", "period", "place")}
    return Table(
        name="naming",
        columns=STANDINGS,
        rows=rows,
        params=params,
        order=order,
        rests=lambda r: r.standing.synthetic,
        mark="report.note_synthetic_all",
    )


@dataclass(frozen=True, slots=True)
class Called:
    """A row of the interviews: a place over all ranked indicators."""

    one: Interview
    found: Assignments


def _called_place(r: Called, v: View) -> str:
    return place_label(r.one.unit, r.one.name_zh, v.lang)


def _behind(r: Called, v: View) -> Said:
    one = r.one
    return one.behind if v.surface is SHEET else t("naming.rank_of", v.lang, rank=one.behind, of=one.ranked)


def _proposed(r: Called, v: View) -> Said:
    return t("reports.interviewed", v.lang) if r.one.proposed else ""


INTERVIEWS: Final[tuple[Column[Called], ...]] = (
    _standing("unit", _TEXT, lambda r: r.one.unit),
    _standing("unit_zh", _TEXT, lambda r: r.one.name_zh, _called_place, seen="place", left=True, sheet="naming.place"),
    _standing("mean_place", _RATIO, lambda r: r.one.mean_place, seen="mean", sheet="interview.mean_place"),
    _standing("ranked", _WHOLE, lambda r: r.one.ranked, sheet="interview.ranked"),
    _standing("behind", _WHOLE, lambda r: r.one.behind, _behind, seen="behind", sheet="interview.behind"),
    _standing("times_named", _WHOLE, lambda r: r.one.named, seen="named", sheet="interview.named"),
    _standing(
        "contribution_share",
        _SHARE,
        lambda r: r.one.contribution_share,
        page=Show(
            name="share", head="ui_tasks.head_share", says=lambda r, v: _shared(r.one.contribution_share, v.lang)
        ),
    ),
    _standing(
        "proposed", _WHOLE, lambda r: int(r.one.proposed), sheet=on_sheet("interview", "proposed", _SHORT, _proposed)
    ),
    _standing("list_month", Kind.MONTH, lambda r: str(r.found.naming.interview_month)),
)


def _interviews(found: Assignments, rows: tuple[Interview, ...]) -> Table[Called]:
    return Table(
        name="interviews",
        columns=INTERVIEWS,
        rows=[Called(one, found) for one in rows],
        rests=lambda r: r.found.naming.synthetic,
        mark="report.note_synthetic_all",
    )


COLUMNS: Final[dict[str, tuple[Column[Any], ...]]] = {"naming": STANDINGS, "interviews": INTERVIEWS}
"""Lists of naming, by name of the file."""


def county_tables(found: Assignments) -> dict[str, Table[Any]]:
    """Tables of the lists, by name of the file."""
    made = (_standings(found, found.naming.rankings), _interviews(found, found.naming.interviews))
    return dict(zip(COLUMNS, made, strict=True))


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
    classes = ["marked" if one.named else "plain" for one in ranking.standings]
    caption = t("ui_tasks.ranking_title", lang)
    view = View(lang=lang, surface=PAGE)
    return _standings(found, (ranking,)).grid(view, (RANKING,), kind="ranking", caption=caption, classes=classes)


def named_grid(found: Assignments, lang: Lang) -> Grid:
    """Proposed for 单月点名."""
    caption = t("naming.title_naming", lang, month=words.month_name(found.naming.naming_month, lang))
    table = _standings(found, found.naming.rankings, named=True)
    return table.grid(View(lang=lang, surface=PAGE), (LIST,), kind="named", caption=caption)


def interview_grid(found: Assignments, lang: Lang, *, surface: Surface = PAGE) -> Grid:
    """Proposed for 双月约谈."""
    caption = t("naming.title_interview", lang, month=words.month_name(found.naming.interview_month, lang))
    return _interviews(found, found.naming.proposed).grid(View(lang=lang, surface=surface), caption=caption)


def _rules(found: Assignments, lang: Lang) -> list[str]:
    """The rule, what the lists rest on, and indicators that rank nobody."""
    lists = found.naming
    rule = lists.rule
    numbers = {"least": rule.least, "last": rule.name_last, "interview": rule.interview_last}
    notes = [t("naming.only_published", lang), t("naming.rule", lang, **numbers)]
    notes += [ranking_note(one, rule.least, lang) for one in lists.rankings if one.status is not RankStatus.RANKED]
    return notes if lists.named or lists.proposed else [*notes, t("naming.nobody", lang)]


def _stated_place(unit: str, found: Assignments, lang: Lang) -> str:
    units = found.run.dataset.panel.units
    return words.unit_name(units[unit], lang) if unit in units else unit


def list_notes(found: Assignments, lang: Lang) -> list[str]:
    """The rule, what the lists rest on, indicators that rank nobody, and what the data set quotes of counties."""
    return [
        *_rules(found, lang),
        *(
            t("naming.stated_item", lang, place=_stated_place(one.unit, found, lang), text=one.text, source=one.source)
            for one in found.naming.stated
        ),
    ]


def county_blocks(found: Assignments, lang: Lang) -> Iterator[Block]:
    """Proposals for naming, for a terminal."""

    def line(text: str, *, bold: bool = False) -> Sentence:
        return Sentence(text, bold=bold, pad=(0, 0, 0, 0))

    lists = found.naming
    yield line(t("naming.title", lang), bold=True)
    yield from (line(note) for note in _rules(found, lang))
    if lists.synthetic and (lists.named or lists.proposed):
        yield line(t("report.note_synthetic_all", lang))
    if lists.named:
        yield from _named_blocks(found, lang)
    if lists.proposed:
        yield replace(interview_grid(found, lang, surface=TERMINAL), mark="")
    for source in dict.fromkeys(one.source for one in lists.stated):
        yield line(t("naming.stated_by", lang, source=source))
        for one in (one for one in lists.stated if one.source == source):
            place = _stated_place(one.unit, found, lang)
            yield line("  " + t("naming.stated_of", lang, place=place, text=one.text))


def _named_blocks(found: Assignments, lang: Lang) -> Iterator[Block]:
    """A table an indicator, headed by its name, its period and the city's growth; all of them under one mark."""
    month = words.month_name(found.naming.naming_month, lang)
    yield Sentence(t("naming.title_naming", lang, month=month), bold=True, pad=(0, 0, 0, 0))
    for r in found.naming.rankings:
        table = _standings(found, (r,), named=True)
        if not table.rows or r.period is None:
            continue
        name = words.indicator_name(r.indicator, r.name_zh, lang)
        period = t("naming.through", lang, month=words.month_name(r.period, lang))
        title = t("naming.block", lang, indicator=name, period=period, city=words.growth(r.city_pct, lang))
        yield replace(table.grid(View(lang=lang, surface=TERMINAL), caption=title), mark="")


def _quoted(found: Assignments, lang: Lang) -> list[str]:
    """Notes of the lists with what is quoted in one of them."""
    count = len(found.naming.stated)
    notes = list_notes(found, lang)
    if not count:
        return notes
    items = t("glossary.semicolon", lang).join(notes[-count:])
    return [*notes[:-count], t("naming.stated_title", lang) + t("glossary.colon", lang) + items]


def naming_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """单月点名: counties ranked by published growth, an indicator after the other."""
    found = dossier.assigned
    table = _standings(found, found.naming.rankings)
    return sheet_of(table, dossier, lang, title=t("naming.title", lang), notes=_quoted(found, lang), frozen=3)


def interview_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """双月约谈: counties over all ranked indicators."""
    found = dossier.assigned
    table = _interviews(found, found.naming.interviews)
    return sheet_of(table, dossier, lang, title=t("naming.title", lang), notes=_quoted(found, lang), frozen=1)
