"""Why a probability moved, in one sentence a target, and on the screen.

Invariant: every number of a sentence is one of the table ``news`` as it is written there
(held by ``tests/test_news_report.py``).
"""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from forecast.data.dataset import Dataset
from forecast.news.news import Kind, News, NewsStatus, Part, TargetNews
from forecast.news.releases import Release, ReleaseVerdict
from forecast.periods import AsOf, Month
from forecast.report.news import whole_points
from forecast.tables import words
from forecast.texts import Lang, t

_OWN = {Kind.CITY: "city", Kind.PROVINCE: "province", Kind.NATION: "nation"}


def sentences(news: News, dataset: Dataset, *, lang: Lang) -> list[tuple[TargetNews, str]]:
    """A sentence for every target, in their order."""
    return [(target, sentence(target, news, dataset, lang=lang)) for target in news.targets]


def main_targets(news: News, dataset: Dataset) -> list[TargetNews]:
    """Targets of the city against the province's average, which a leader is told of."""
    city = dataset.config.city
    return [one for one in news.targets if one.key[1] == city and one.key[2] == "province_average"]


def sentence(target: TargetNews, news: News, dataset: Dataset, *, lang: Lang) -> str:
    """How the probability of reaching moved and why: 较上月提高6个百分点：1—8月降幅收窄2.0个百分点，好于预期，+9；…"""
    if target.status in (NewsStatus.NEITHER, NewsStatus.NOT_AFTER) or target.after.p_reach is None:
        return t("news.neither" if target.before.p_reach is None else "news.not_after", lang)
    if target.before.p_reach is None:
        return t("news.not_before", lang, now=words.chance(target.after.p_reach, lang, evidence=target.evidence))
    total, points = whole_points(target)
    since = _since(news, lang)
    note = t("glossary.limited_note", lang) if target.evidence.value == "thin" else ""
    if target.status is NewsStatus.NOTHING or total is None:
        return t("news.sentence_bare", lang, head=t("news.nothing", lang, since=since), note=note)
    key = "up" if total > 0 else "down" if total < 0 else "flat"
    head = t(f"news.{key}", lang, since=since, points=abs(total))
    told = [
        t("news.part", lang, text=_text(part, target, dataset, lang), points=_signed(shown, lang))
        for part, shown in sorted(zip(target.parts, points, strict=True), key=lambda pair: _rank(pair[0]))
        if shown or (part.kind is Kind.CITY and part.lead is not None)
    ]
    if not told:
        return t("news.sentence_bare", lang, head=head, note=note)
    return t("news.sentence", lang, head=head, parts=t("news.joint", lang).join(told), note=note)


def _rank(part: Part) -> int:
    return list(Kind).index(part.kind)


def _since(news: News, lang: Lang) -> str:
    before, after = (AsOf.parse(text) for text in news.as_of)
    if before.month.plus(1) == after.month:
        return t("news.since_month", lang)
    if before.month == after.month:
        return t("news.since_run", lang)
    return t("news.since_as_of", lang, as_of=words.knowledge(before, lang))


def _signed(points: int, lang: Lang) -> str:
    sign = "+" if points > 0 else t("news.minus", lang) if points < 0 else ""
    return f"{sign}{abs(points)}"


def _text(part: Part, target: TargetNews, dataset: Dataset, lang: Lang) -> str:
    """What a part comes from, without its points."""
    lead = part.lead
    match part.kind:
        case Kind.CITY | Kind.PROVINCE | Kind.NATION if lead is None:
            return t("news.level_figure", lang, where=t(f"news.where_{_OWN[part.kind]}", lang))
        case Kind.CITY | Kind.PROVINCE | Kind.NATION if lead is not None:
            return _figure(part.kind, lead, target, lang) + _verdict(lead.verdict, lang)
        case Kind.REMARK if lead is not None:
            return _remark(lead, lang)
        case Kind.LINKED if part.linked:
            indicator = dataset.panel.indicators[part.linked]
            return t("news.linked", lang, indicator=words.indicator_name(part.linked, indicator.name_zh, lang))
        case Kind.LINKED:
            return t("news.linked_all", lang)
        case Kind.UNSPLIT:
            return t("news.unsplit_part", lang)
    return t(f"news.{part.kind.value}", lang)


def _verdict(verdict: ReleaseVerdict, lang: Lang) -> str:
    return t("news.expected_verdict" if verdict is ReleaseVerdict.EXPECTED else f"news.{verdict.value}", lang)


def _figure(kind: Kind, lead: Release, target: TargetNews, lang: Lang) -> str:
    """A released growth against the one before."""
    figure, month = lead.figure, Month.parse(lead.figure.period)
    where, months = t(f"news.where_{_OWN[kind]}", lang), words.months(month, lang)
    value = words.growth(figure.after, lang)
    if figure.measure != "cum_yoy_pct":
        return t("news.single_figure", lang, where=where, month=words.month_name(month, lang), value=value)
    if lead.change_pp is None or lead.previous_pct is None or figure.after is None:
        return t("news.first_figure", lang, where=where, months=months, value=value)
    size = words.rounded(abs(lead.change_pp), 0.1)
    if size == 0.0:
        return t("news.unchanged", lang, where=where, months=months)
    rising = lead.change_pp > 0.0
    points = f"{size:.1f}"
    if kind is not Kind.CITY and _rising(target) is rising:
        return t("news.also_up" if rising else "news.also_down", lang, where=where, points=points)
    key = _move(lead.previous_pct, figure.after, rising=rising)
    return t(f"news.{key}", lang, where=where, months=months, points=points)


def _move(before: float, after: float, *, rising: bool) -> str:
    """Key of the words for a change of cumulative growth."""
    if before < 0.0 <= after:
        return "turned_up"
    if after < 0.0 <= before:
        return "turned_down"
    if after < 0.0:
        return "decline_narrowed" if rising else "decline_widened"
    return "growth_faster" if rising else "growth_slower"


def _rising(target: TargetNews) -> bool | None:
    """Whether the city's own new figure rose; None without one."""
    own = next((part.lead for part in target.parts if part.kind is Kind.CITY), None)
    return None if own is None or not own.change_pp else own.change_pp > 0.0


def _remark(lead: Release, lang: Lang) -> str:
    month = words.month_name(Month.parse(lead.figure.period), lang)
    if lead.figure.measure == "rank":
        return t("news.remark_rank", lang, month=month, rank=f"{lead.figure.after:.0f}")
    return t("news.remark_below" if (lead.figure.after or 0.0) < 0.0 else "news.remark_above", lang, month=month)


def render_news(news: News, dataset: Dataset, *, lang: Lang) -> RenderableType:
    """The city's targets against the province's average: before, after, and the sentence why."""
    title = t("news.title", lang, **dict(zip(("before", "after"), (_as_of(x, lang) for x in news.as_of), strict=True)))
    table = Table(title=Text(title), box=box.SIMPLE_HEAVY)
    for name in ("indicator", "before", "after", "points", "why"):
        table.add_column(
            t(f"news.head_{name}", lang), justify="left" if name in ("indicator", "why") else "right", overflow="fold"
        )
    for target in main_targets(news, dataset):
        total, _ = whole_points(target)
        table.add_row(
            words.indicator_name(target.indicator, target.name_zh, lang),
            *(
                words.probability(side.p_reach, lang, evidence=target.evidence)
                for side in (target.before, target.after)
            ),
            t("glossary.none", lang) if total is None else _signed(total, lang),
            sentence(target, news, dataset, lang=lang),
        )
    notes = [Padding(Text(t(f"news.{key}", lang)), (0, 1)) for key in ("reading", "near_note")]
    return Group(table, *notes)


def _as_of(text: str, lang: Lang) -> str:
    return words.knowledge(AsOf.parse(text), lang)
