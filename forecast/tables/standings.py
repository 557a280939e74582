"""位次, 考核得分: where every sibling ends the year by every indicator, and what it is expected to score.

Invariant: every number is one of ``ranks.csv`` and ``assessment.csv`` (held by ``tests/test_report_sheets.py``).
"""

from __future__ import annotations

from forecast.tables.assessment import SCORES, rule_text, rules_notes, score_columns, score_sentences, scored_rows
from forecast.tables.dossier import Dossier, sheet_of
from forecast.tables.league import RANKS, counts, ranked_rows
from forecast.tables.table import Sheet, Table
from forecast.tables.words import indicator_name
from forecast.texts import Lang, t


def rank_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """A row a place and indicator, the city first, the others as they are expected to end."""
    run = dossier.run
    panel, city = run.dataset.panel, run.dataset.config.city
    rows = ranked_rows(dossier.league, run.attainment, panel)
    order = {name: k for k, name in enumerate(dossier.league.ranks)}
    rows.sort(key=lambda r: (order[r.answer.indicator], r.answer.unit != city, r.answer.expected))
    notes = (t("league.note_ranks", lang),) if rows else (t("league.no_ranks", lang),)
    table = Table(name="places", columns=RANKS, rows=rows, params=counts(rows[0] if rows else None))
    return sheet_of(table, dossier, lang, notes=notes)


def score_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """A row a place, the best expected first; the rules stand below."""
    run = dossier.run
    panel, rules = run.dataset.panel, run.dataset.config.assessment
    rows = scored_rows(dossier.league, run.attainment, panel)
    rows.sort(key=lambda r: r.rank[1])
    if rules is None or not rows:
        return sheet_of(Table(name="scoring", columns=SCORES), dossier, lang, notes=(t("league.no_scores", lang),))
    table = Table(name="scoring", columns=score_columns(rows, rules, lang), rows=rows)
    said = score_sentences(dossier.league, run.attainment, panel, lang)
    ruled = [
        t(
            "league.note_rule",
            lang,
            indicator=indicator_name(item.indicator, panel.indicators[item.indicator].name_zh, lang),
            weight=f"{item.weight:g}",
            rule=rule_text(item, lang),
        )
        for item in rules.items
    ]
    return sheet_of(table, dossier, lang, notes=(*said, *ruled, *rules_notes(rules, panel, lang)))
