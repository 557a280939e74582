"""变动原因: how the probability of every indicator moved since an earlier run, and why, in one sentence.

Invariant: the sentences are those of ``dabiao news`` (held by ``tests/test_report_sheets.py``).
"""

from __future__ import annotations

from forecast.periods import AsOf
from forecast.report.news import whole_points
from forecast.report.news_text import main_targets, sentence
from forecast.tables import words
from forecast.tables.dossier import Dossier, heading, subtitle
from forecast.tables.kind import Kind, Value
from forecast.tables.table import Field, Sheet
from forecast.texts import Lang, t


def news_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """A row an indicator of the city; without an earlier run a page that says how to get one."""
    news = dossier.news
    rows: list[tuple[Value, ...]] = []
    for target in main_targets(news, dossier.run.dataset) if news else ():
        total, _ = whole_points(target)
        sides = (target.before, target.after)
        rows.append(
            (
                words.indicator_name(target.indicator, target.name_zh, lang),
                *(words.probability(side.p_reach, lang, evidence=target.evidence) for side in sides),
                None if total is None else f"{total:+d}" if total else "0",
                *(side.forecast_pct for side in sides),
                *(side.benchmark_pct for side in sides),
                sentence(target, news, dossier.run.dataset, lang=lang) if news else "",
            )
        )
    columns = (
        ("before", Kind.CHANCE, 10),
        ("after", Kind.CHANCE, 10),
        ("change", Kind.SHORT, 10),
        ("year_before", Kind.PERCENT, 8),
        ("year_after", Kind.PERCENT, 8),
        ("province_before", Kind.PERCENT, 8),
        ("province_after", Kind.PERCENT, 8),
        ("why", Kind.TEXT, 70),
    )
    note = t("reports.no_news", lang)
    if news is not None:
        before, after = (words.knowledge(AsOf.parse(text), lang) for text in news.as_of)
        note = t("reports.note_news", lang, before=before, after=after, run=news.before) + t("news.reading", lang)
    return Sheet(
        name="news",
        tab=t("reports.tab_news", lang),
        title=heading("news", dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=(
            Field(name="indicator", kind=Kind.TEXT),
            *(Field(name=n, kind=s, key=f"news_{n}", widest=w) for n, s, w in columns),
        ),
        rows=tuple(rows),
        notes=(note,),
        mark=dossier.mark(lang),
        frozen=1,
    )
