"""五上企业培育 and 点名约谈建议名单: firms entering and leaving the statistics, and the lists of the speech.

Invariant: a place without a published figure has no rank and no proposal (held by ``tests/test_report_sheets.py``).
"""

from __future__ import annotations

from collections.abc import Iterator

from forecast.tables import words
from forecast.tables.dossier import Dossier, heading, subtitle
from forecast.tables.kind import Kind
from forecast.tables.table import Field, Sheet
from forecast.tasks.county_lists import RankStatus
from forecast.texts import Lang, t


def stock_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """五上企业培育: start of the year + entered - left, by sector and month."""
    stock = dossier.assigned.stock
    rows = []
    for b in stock.balances:
        sector = (b.sector_zh if lang == "zh" else b.sector) if b.sector else t("stock.total", lang)
        month = (
            t("reports.whole_year", lang)
            if b.month is None
            else t("ui.month", lang, month=words.month_name(b.month, lang))
        )
        if b.month is not None and not (b.entered or b.left or b.preparing):
            continue
        rows.append((sector, month, b.opening, b.entered, b.left, b.net, b.preparing, b.at_risk, b.closing, b.expected))
    told = any(b.opening is not None for b in stock.balances)
    return Sheet(
        name="stock",
        tab=t("reports.tab_stock", lang),
        title=heading("stock", dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=(
            Field(name="sector", kind=Kind.TEXT, key="stock_sector"),
            Field(name="month", kind=Kind.SHORT, key="stock_month"),
            Field(name="opening", kind=Kind.WHOLE, key="stock_opening"),
            Field(name="entered", kind=Kind.WHOLE, key="stock_entered"),
            Field(name="left", kind=Kind.WHOLE, key="stock_left"),
            Field(name="net", kind=Kind.WHOLE, key="stock_net", formula="{entered}-{left}"),
            Field(name="preparing", kind=Kind.WHOLE, key="stock_preparing"),
            Field(name="at_risk", kind=Kind.PERCENT, key="stock_at_risk"),
            Field(name="closing", kind=Kind.WHOLE, key="stock_closing", formula="{opening}+{entered}-{left}"),
            Field(name="expected", kind=Kind.WHOLE, key="stock_expected"),
        ),
        rows=tuple(rows),
        notes=tuple(([] if told else [t("stock.note_opening", lang)]) + [t("stock.note_annual", lang)]),
        mark=dossier.mark(lang, ledger=stock.synthetic),
        frozen=2,
    )


def filing_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """申报窗口: what can still be filed, by which day, and whether it counts this year."""
    stock = dossier.assigned.stock
    rows = tuple(
        (
            window.deadline.isoformat(),
            t(f"stock.channel_{window.channel}", lang),
            window.units,
            t("glossary.and", lang).join(f"{name}{n}" for name, n in window.sectors.items()) or None,
            str(window.first_report),
            t("stock.counts_yes" if window.counts_this_year else "stock.counts_no", lang),
            window.monthly_output_yi,
            window.days_left,
        )
        for window in stock.windows
    )
    columns = (
        ("deadline", Kind.SHORT),
        ("channel", Kind.TEXT),
        ("units", Kind.WHOLE),
        ("sectors", Kind.TEXT),
        ("first_report", Kind.SHORT),
        ("counts", Kind.SHORT),
        ("output_yi", Kind.MONEY),
        ("days_left", Kind.WHOLE),
    )
    return Sheet(
        name="filings",
        tab=t("reports.tab_filings", lang),
        title=heading("filings", dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=tuple(
            Field(name=n, kind=s, key=f"filing_{n}", total=n == "units", widest=40 if n == "sectors" else 26)
            for n, s in columns
        ),
        rows=rows,
        notes=(t("stock.note_annual", lang),),
        mark=dossier.mark(lang, ledger=stock.synthetic),
        frozen=1,
    )


def naming_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """单月点名: counties ranked by published growth, an indicator after the other."""
    found = dossier.assigned.naming
    rows = []
    for ranking in found.rankings:
        for s in ranking.standings:
            rows.append(
                (
                    words.indicator_name(ranking.indicator, ranking.name_zh, lang),
                    None if s.period is None else words.months(s.period, lang),
                    s.name_zh if lang == "zh" else s.unit.capitalize(),
                    s.growth_pct if s.growth_pct is not None else words.growth(None, lang),
                    s.rank,
                    s.gap_city_pp,
                    s.gap_plan_pp,
                    s.contribution_pp,
                    t("reports.named", lang) if s.named else "",
                )
            )
    styles = (
        ("indicator", Kind.TEXT, ""),
        ("period", Kind.SHORT, "naming_period"),
        ("place", Kind.SHORT, "naming_place"),
        ("growth_pct", Kind.PERCENT, "naming_growth_pct"),
        ("rank", Kind.WHOLE, "naming_rank"),
        ("gap_city_pp", Kind.POINTS, "naming_gap_city_pp"),
        ("gap_plan_pp", Kind.POINTS, "naming_gap_plan_pp"),
        ("contribution_pp", Kind.FINE_POINTS, "naming_contribution_pp"),
        ("named", Kind.SHORT, "naming_named"),
    )
    return Sheet(
        name="naming",
        tab=t("reports.tab_naming", lang),
        title=t("naming.title", lang),
        subtitle=subtitle(dossier, lang),
        fields=tuple(Field(name=n, kind=s, key=key, widest=24) for n, s, key in styles),
        rows=tuple(rows),
        notes=tuple(_naming_notes(dossier, lang)),
        mark=dossier.mark(lang),
        frozen=3,
    )


def _naming_notes(dossier: Dossier, lang: Lang) -> Iterator[str]:
    found = dossier.assigned.naming
    rule = found.rule
    yield t("naming.rule", lang, least=rule.least, last=rule.name_last, interview=rule.interview_last)
    yield t("naming.only_published", lang)
    for ranking in found.rankings:
        name = words.indicator_name(ranking.indicator, ranking.name_zh, lang)
        if ranking.status is RankStatus.TOO_FEW:
            yield t("naming.too_few", lang, indicator=name, n=ranking.published, least=rule.least)
        elif ranking.status is RankStatus.NONE:
            yield t("naming.none", lang, indicator=name)
    if not found.named:
        yield t("naming.nobody", lang)
    if found.stated:
        places = dossier.run.attainment.units
        items = [
            t(
                "naming.stated_item",
                lang,
                place=words.unit_name(places[one.unit], lang) if one.unit in places else one.unit,
                text=one.text,
                source=one.source,
            )
            for one in found.stated
        ]
        yield t("naming.stated_title", lang) + t("glossary.colon", lang) + t("glossary.semicolon", lang).join(items)


def interview_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """双月约谈: counties over all ranked indicators."""
    found = dossier.assigned.naming
    rows = tuple(
        (
            one.name_zh if lang == "zh" else one.unit.capitalize(),
            one.mean_place,
            one.ranked,
            one.behind,
            one.named,
            t("reports.interviewed", lang) if one.proposed else "",
        )
        for one in found.interviews
    )
    columns = (
        ("place", Kind.TEXT),
        ("mean_place", Kind.RATIO),
        ("ranked", Kind.WHOLE),
        ("behind", Kind.WHOLE),
        ("named", Kind.WHOLE),
        ("proposed", Kind.SHORT),
    )
    return Sheet(
        name="interviews",
        tab=t("reports.tab_interviews", lang),
        title=t("naming.title", lang),
        subtitle=subtitle(dossier, lang),
        fields=tuple(
            Field(name=n, kind=s, key="naming_place" if n == "place" else f"interview_{n}") for n, s in columns
        ),
        rows=rows,
        notes=tuple(_naming_notes(dossier, lang)),
        mark=dossier.mark(lang),
        frozen=1,
    )
