"""What brief and scheme say in sentences: every number is one of the tables, in the same words.

Invariant: every number in a sentence is printed in a table of the same dossier, or counts its rows (held by
``tests/test_report_brief.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from forecast.answers.chances import Criterion, Outcome, Status
from forecast.answers.evidence import Evidence, HistoryStatus
from forecast.answers.judgement import Row
from forecast.runs.session import Explored, PlanOf
from forecast.tables import words
from forecast.tables.assessment import score_sentences
from forecast.tables.beside import explored_text, given_words
from forecast.tables.dossier import Dossier
from forecast.tables.kind import Kind
from forecast.tables.leaders import evidence_text
from forecast.tables.makeup_words import alike, plan_said, request_words, said_of
from forecast.tables.news import news_lines
from forecast.tables.notes import OK, notes, plain_name
from forecast.tables.plans import on_ledger, plan_mark
from forecast.texts import Lang, t

NAMED: Final = 3
"""Indicators named one by one in a sentence of causes or advice."""
IN_FULL: Final = 4
"""Indicators of a group that are told in full; of a larger one only the year and the chances, so that two pages do."""
SCENARIOS: Final = 2
"""Scenarios that are told; the workbook has them all."""
MOVED: Final = 2
"""Indicators whose move since an earlier run is told."""
LIKELY, UNLIKELY = 70, 30
"""Percent, as shown, between which an indicator has to be won."""


def growth(growth_pct: float, lang: Lang) -> str:
    """Growth in running text: 增长4.1%, 下降7.0%, 持平."""
    number = words.rounded(growth_pct, 0.1)
    key = "up" if number > 0 else "down" if number < 0 else "flat"
    return t(f"reports.say_{key}", lang, number=f"{abs(number):.1f}")


def distance(gap_pp: float, lang: Lang) -> str:
    """Distance to the province in running text: 高于全省0.2个百分点."""
    number = words.rounded(gap_pp, 0.1)
    key = "above" if number > 0 else "below" if number < 0 else "level"
    return t(f"reports.say_{key}", lang, number=f"{abs(number):.1f}")


def share_text(p: float, evidence: Evidence, lang: Lang) -> str:
    """A probability in running text, with its word: 75%（较有把握）."""
    number = words.probability(p, lang, evidence=evidence)
    return t("reports.say_chance", lang, chance=number, band=words.band(p, lang, evidence=evidence))


@dataclass(frozen=True, slots=True)
class Group:
    """Indicators that stand alike, a sentence each."""

    head: str
    text: str


def overall(dossier: Dossier, lang: Lang) -> list[str]:
    """The joint answer, and how it stands today."""
    first = notes(dossier.run.attainment, lang)[0]
    rows = [goals.average for goals in dossier.goals if goals.average]
    behind = [row for row in rows if row.gap_pp is not None and words.rounded(row.gap_pp, 0.1) < 0]
    compared = [row for row in rows if row.gap_pp is not None]
    if not compared:
        return [first, *standing(dossier, lang)]
    today = t("reports.say_today", lang, n=len(compared), behind=len(behind), ahead=len(compared) - len(behind))
    return [first + today, *standing(dossier, lang)]


def standing(dossier: Dossier, lang: Lang) -> list[str]:
    """Where the city ends the year among its siblings, and its score, in a paragraph; none without siblings."""
    league, run = dossier.league, dossier.run
    panel, city = run.dataset.panel, run.dataset.config.city
    mine = [found for name in league.ranks if (found := league.of(name, city)) is not None]
    if not mine:
        return []
    items = [
        t(
            "reports.say_rank",
            lang,
            indicator=words.indicator_name(one.indicator, panel.indicators[one.indicator].name_zh, lang),
            rank=f"{words.rounded(one.expected, 1.0):.0f}",
            low=f"{one.p10:.0f}",
            high=f"{one.p90:.0f}",
        )
        for one in mine
    ]
    among, of = min(one.among for one in mine), mine[0].of
    said = t(
        f"reports.say_ranks{'' if among == of else '_of'}",
        lang,
        among=among,
        of=of,
        list=t("glossary.comma", lang).join(items),
    )
    return [said + "".join(score_sentences(league, run.attainment, panel, lang)[:2])]


def groups(dossier: Dossier, lang: Lang) -> list[Group]:
    """Indicators by how likely they are attained: sure, to be won, hard, and those without data."""
    events = _events(dossier.run.attainment.criterion, lang)
    rows = [goals.average for goals in dossier.goals if goals.average]
    judged = [row for row in rows if row.status is Status.JUDGED and row.p is not None]
    sorted_out: dict[str, list[Row]] = {"likely": [], "open": [], "unlikely": []}
    for row in judged:
        shown_as = words.shown_percent(row.p or 0.0, row.evidence)
        key = "likely" if shown_as >= LIKELY else "unlikely" if shown_as < UNLIKELY else "open"
        sorted_out[key].append(row)
    found = []
    for key, members in sorted_out.items():
        if members:
            brief = key == "likely" or len(members) > IN_FULL
            said = [_briefly(row, lang) if brief else _judged(row, lang) for row in members]
            note = t("reports.group_brackets", lang, **events) if brief else ""
            head = t(f"reports.group_head_{key}", lang, n=len(members), note=note, **events)
            found.append(Group(head, t("glossary.semicolon", lang).join(said) + t("glossary.full_stop", lang)))
    without = [row for row in rows if row.status is not Status.JUDGED]
    if without:
        names = t("glossary.and", lang).join(plain_name(row, lang) for row in without)
        head = t("reports.group_head_without", lang, n=len(without))
        found.append(Group(head, t("reports.say_without", lang, list=names)))
    return found


def _briefly(row: Row, lang: Lang) -> str:
    """One indicator that needs no more than a word: the year, the chances."""
    year = growth(row.forecast.median_pct, lang) if row.forecast else ""
    return t(
        "reports.say_briefly",
        lang,
        indicator=plain_name(row, lang),
        growth=year,
        **_both(row, lang),
    )


def _events(criterion: Criterion, lang: Lang) -> dict[str, str]:
    """What is spoken of, and the other."""
    return {"event": words.event_name(criterion, lang), "other": words.event_name(criterion.other, lang)}


def _both(row: Row, lang: Lang) -> dict[str, str]:
    """Probability of what a row speaks of, and the other."""
    levels = [words.probability(p, lang, evidence=row.evidence) for p in (row.p, row.p_other)]
    return dict(zip(("chance", "also"), levels, strict=True))


def _judged(row: Row, lang: Lang) -> str:
    """One indicator: to date, the year, the chance."""
    parts = []
    if row.ytd is not None:
        months = words.months(row.ytd.period, lang)
        parts.append(t("reports.say_to_date", lang, months=months, growth=growth(row.ytd.growth_pct, lang)))
    if row.forecast is not None:
        low, high = (f"{Kind.PERCENT.shown(v, lang)}" for v in (row.forecast.p10_pct, row.forecast.p90_pct))
        parts.append(t("reports.say_year", lang, growth=growth(row.forecast.median_pct, lang), low=low, high=high))
    parts.append(t("reports.say_chances", lang, **_both(row, lang), **_events(row.criterion, lang)))
    return plain_name(row, lang) + t("glossary.comma", lang).join(parts)


def causes(dossier: Dossier, lang: Lang) -> list[str]:
    """Why it stands so: where the city is behind, how the province moves on, what the rest must bring."""
    rows = [goals.average for goals in dossier.goals if goals.average]
    found = [line for line in (_behind(rows, lang), _moving(rows, lang), _needed(dossier, rows, lang)) if line]
    if len(found) > 1:
        found = [t(f"reports.ordinal_{k}", lang, text=line) for k, line in enumerate(found, 1)]
    return [*found, *_moved(dossier, lang)]


def _moved(dossier: Dossier, lang: Lang) -> list[str]:
    """Why the chances of the indicators that moved most moved since the earlier run."""
    if dossier.news is None:
        return []
    return news_lines(dossier.news, dossier.run.dataset, lang, most=MOVED)


def _behind(rows: Sequence[Row], lang: Lang) -> str:
    behind = sorted((r for r in rows if r.gap_pp is not None and words.rounded(r.gap_pp, 0.1) < 0), key=_gap)
    items = [
        t(
            "reports.say_gap_item",
            lang,
            indicator=plain_name(row, lang),
            distance=distance(row.gap_pp or 0.0, lang),
            through=words.through(row.gap_period, lang),
        )
        for row in behind[:NAMED]
    ]
    return t("reports.cause_behind", lang, list=t("glossary.comma", lang).join(items)) if items else ""


def _gap(row: Row) -> float:
    return row.gap_pp or 0.0


def _moving(rows: Sequence[Row], lang: Lang) -> str:
    """Provinces that are expected to grow faster by the end of the year than to date: the goal moves away."""
    moves = [
        (row.benchmark_forecast.median_pct - row.benchmark_ytd.growth_pct, row)
        for row in rows
        if row.status is Status.JUDGED and row.benchmark_forecast and row.benchmark_ytd
    ]
    rising = sorted((one for one in moves if words.rounded(one[0], 0.1) > 0), key=lambda one: -one[0])[:NAMED]
    items = []
    for _, row in rising:
        if row.benchmark_ytd is None or row.benchmark_forecast is None:
            continue
        items.append(
            t(
                "reports.say_moving_item",
                lang,
                indicator=plain_name(row, lang),
                months=words.months(row.benchmark_ytd.period, lang),
                now=Kind.PERCENT.shown(row.benchmark_ytd.growth_pct, lang),
                then=Kind.PERCENT.shown(row.benchmark_forecast.median_pct, lang),
            )
        )
    return t("reports.cause_moving", lang, list=t("glossary.comma", lang).join(items)) if items else ""


def _needed(dossier: Dossier, rows: Sequence[Row], lang: Lang) -> str:
    """What the actionable months would have to average, the hardest first."""
    asked = [row for row in rows if row.required.median_pct is not None and row.forecast is not None]
    hard = sorted(asked, key=lambda row: -((row.required.median_pct or 0.0) - _year(row)))[:NAMED]
    items = []
    for row in hard:
        word = words.feasibility(row.history, lang)
        own = row.history.status in (HistoryStatus.OWN, HistoryStatus.INSUFFICIENT)
        source = "" if own else words.history_source(row.history, lang)
        items.append(
            t(
                "reports.say_needed_item",
                lang,
                indicator=plain_name(row, lang),
                growth=Kind.PERCENT.shown(row.required.median_pct, lang),
                feasibility=f"{source}{word}",
            )
        )
    first = words.month_name(dossier.run.dataset.config.first_action_month, lang)
    return t("reports.cause_needed", lang, first=first, list=t("glossary.comma", lang).join(items)) if items else ""


def _year(row: Row) -> float:
    return row.forecast.median_pct if row.forecast else 0.0


def advice(dossier: Dossier, lang: Lang) -> list[str]:
    """What each scenario changes, and where effort pays."""
    lines = [_scenario(dossier, k, lang) for k in range(len(dossier.scenarios[:SCENARIOS]))]
    if not lines:
        lines.append(t("reports.advice_no_scenario", lang))
    lines += [given_text(one, dossier, lang) for one in dossier.explored]
    asked = [plan for plan in dossier.plans if plan.demand is None]
    lines += [
        t(
            "reports.advice_asked",
            lang,
            asked=request_words(plan.makeup, lang),
            said=plan_said(plan, dossier.run.dataset, lang),
        )
        for plan in asked
    ]
    if usual := [plan for plan in dossier.plans if plan not in asked]:
        said = _plans_said(usual, dossier, lang)
        wish = usual[0].makeup.wishes[0]
        pairs = zip(wish.wish.keys, wish.names, strict=True)
        target = t("glossary.and", lang).join(words.indicator_name(key[0], name, lang) for key, name in pairs)
        told = t("reports.advice_plans", lang, target=target, list=t("glossary.semicolon", lang).join(said))
        lines.append(told + _marked(dossier, lang, rests=on_ledger(dossier)))
    attainment = dossier.run.attainment
    names = {goals.main.target.indicator: plain_name(goals.main, lang) for goals in dossier.goals}
    if attainment.winnable:
        lines.append(t("reports.advice_winnable", lang, indicator=names[attainment.winnable]))
    if attainment.hardest:
        lines.append(t("reports.advice_hardest", lang, indicator=names[attainment.hardest]))
    return lines


def _plans_said(plans: Sequence[PlanOf], dossier: Dossier, lang: Lang) -> list[str]:
    """What became of the plans; of those that end alike once."""
    told = alike(plans, lambda plan: said_of(plan, dossier.run.dataset, lang))
    joint = t("glossary.and", lang)
    named = [(joint.join(t(f"reports.plan_short_{one.name}", lang) for one in found), said) for found, said in told]
    return [t("reports.plan_brief", lang, plan=names, said=said) for names, said in named]


def _marked(dossier: Dossier, lang: Lang, *, rests: bool) -> str:
    """The mark behind a sentence that rests on an example ledger; figures that are made up are marked on every page."""
    ledger = rests and not dossier.run.dataset.config.synthetic
    mark = dossier.mark(lang, ledger=ledger) if ledger else ""
    return t("reports.in_brackets", lang, text=mark) if mark else ""


def given_text(found: Explored, dossier: Dossier, lang: Lang) -> str:
    """What becomes of the city's indicators given an outcome: those whose gap moves most."""
    city = dossier.run.dataset.config.city
    pairs = [
        (before, after)
        for before, after in zip(found.before, found.after, strict=True)
        if after.case.target.unit == city and after.case.target.yearly_average
    ]
    moved = sorted(pairs, key=lambda pair: -abs(pair[1].gap_pp - pair[0].gap_pp))[:NAMED]
    items = [
        t(
            "reports.given_item",
            lang,
            indicator=words.indicator_name(after.case.target.indicator, after.case.name_zh, lang),
            before=words.gap(before.gap_pp, lang),
            after=words.gap(after.gap_pp, lang),
            near=words.probability(after.p_near, lang, evidence=after.case.evidence),
        )
        for before, after in moved
    ]
    return t(
        "reports.advice_given",
        lang,
        given=given_words(found, dossier.run.dataset.panel, lang),
        how=explored_text(found, lang),
        list=t("glossary.semicolon", lang).join(items),
    )


def _scenario(dossier: Dossier, k: int, lang: Lang) -> str:
    result, criterion = dossier.scenarios[k], dossier.study.criterion
    city = dossier.run.dataset.config.city
    mine = [o for o in result.outcomes if o.case.target.unit == city and o.case.target.yearly_average]
    moved = sorted((o for o in mine if words.rounded(o.change_growth_pp, 0.01) != 0), key=_size)[:NAMED]
    title = result.scenario.title or result.scenario.name
    if not moved:
        return t("reports.advice_no_change", lang, title=title)
    items = [
        t(
            "reports.advice_item",
            lang,
            indicator=words.indicator_name(o.case.target.indicator, o.case.name_zh, lang),
            change=words.effect(o.change_growth_pp),
            event=words.event_name(criterion, lang),
            chance=words.probability(o.p(criterion), lang, evidence=o.case.evidence),
            moved=_level_moved(o, criterion, lang),
        )
        for o in moved
    ]
    rests = any(trace.synthetic for trace in dossier.study.traces.get(result.scenario.name, ()))
    told = t("reports.advice_scenario", lang, title=title, list=t("glossary.semicolon", lang).join(items))
    return told + _marked(dossier, lang, rests=rests)


def _level_moved(o: Outcome, criterion: Criterion, lang: Lang) -> str:
    """The printed level's change; where there is none, what the gap gains leads."""
    said = words.level_phrase(o.p(criterion), o.p_before(criterion), lang, evidence=o.case.evidence)
    same = not words.level_points(o.p(criterion), o.p_before(criterion), evidence=o.case.evidence)
    return words.gap_phrase(o.change_gap_pp, lang) + said if same else said


def _size(outcome: Outcome) -> float:
    return -abs(outcome.change_growth_pp)


def risks(dossier: Dossier, lang: Lang) -> list[str]:
    """How sure it is: data, intervals, assumptions, diagnostics, synthetic rows."""
    run = dossier.run
    lines = [t("reports.risk_data", lang, evidence=evidence_text(run.attainment, run.dataset.config.city, lang))]
    lines.append(t("reports.risk_model", lang, coupling=words.correlations(run.paths.dependence, run.fits, lang)))
    failed = [plain_name(g.main, lang) for g in dossier.goals if g.main.diagnostics not in ("", OK)]
    if failed:
        lines.append(t("reports.risk_diagnostics", lang, list=t("glossary.and", lang).join(failed)))
    if mark := plan_mark(dossier, lang) or dossier.scenario_mark(lang):
        lines.append(t("reports.risk_synthetic", lang, mark=mark))
    return lines
