"""位次与考核, 各地一览: where a place ends the year among its siblings, its score, and all places at a glance.

Invariant: the pages show the numbers of ``Session.league`` (held by ``tests/test_app_league.py``).
"""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

from forecast.answers.ranks import first_third
from forecast.answers.scores import League, course, last_move
from forecast.report import html
from forecast.runs.session import Session
from forecast.tables import words
from forecast.tables.assessment import class_lines, rules_notes, score_sentences, scored_rows, scoring_grid
from forecast.tables.league import at_risk, province_grid, rank_grid, rank_sentences, sibling_grid, stated_ranks
from forecast.tables.table import Surface, View
from forecast.texts import t
from forecast.ui.choice import Choice, segments, select
from forecast.ui.html import facts_html, part_html
from forecast.ui.kept import session

STYLE = Path(__file__).with_name("grids.css")


def ranks(choice: Choice) -> None:
    """Ranks of all indicators, one of them in full, and the score."""
    st.html(STYLE)
    run, lang, unit = choice.run, choice.lang, choice.unit
    panel, place = run.panel, words.unit_name(run.panel.units[choice.unit], choice.lang)
    as_of = words.knowledge(run.attainment.as_of, lang)
    title = t("ui_league.title_ranks", lang, place=place, year=run.attainment.target_year, as_of=as_of)
    st.html(f'<h1 class="dabiao-title">{escape(title)}</h1>')
    lab = session(run.header)
    found = lab.league(unit)
    view = View(lang=lang, surface=Surface.PAGE)
    grid = rank_grid(found, run.attainment, panel, view, unit=unit)
    if grid is None:
        st.info(t("ui_league.nothing_ranked", lang, place=place))
    else:
        st.html(html.table(grid))
        _one(choice, lab, found, view)
    if stated := stated_ranks(panel, run.attainment, unit, lang):
        st.html(part_html(t("ui_league.stated", lang)) + facts_html(stated))
    _scores(choice, found, view)


def _one(choice: Choice, lab: Session, found: League, view: View) -> None:
    """One indicator: distribution, course, what it takes, all siblings."""
    from forecast.report.league_charts import NAMES, bump_chart, place_chart  # altair takes a second

    run, lang, unit = choice.run, choice.lang, choice.unit
    panel = run.panel
    mine = [name for name in found.ranks if found.of(name, unit) is not None]
    with st.container(horizontal=True):
        indicator = select(
            t("ui_league.choice_indicator", lang),
            mine,
            key="rank_by",
            show=lambda one: words.indicator_name(one, panel.indicators[one].name_zh, lang),
            lang=lang,
        )
        answer = found.of(indicator, unit)
        assert answer is not None
        goal = int(
            select(
                t("ui_league.choice_goal", lang),
                [str(k) for k in range(1, answer.among + 1)],
                key="rank_goal",
                show=lambda one: t("ui_league.goal", lang, rank=one),
                lang=lang,
                default=str(first_third(answer.among)),
            )
        )
    moved = last_move(lab.run.paths, panel, found, indicator, unit)
    said = rank_sentences(answer, panel, lang, goal=goal, moved=moved, now=found.period[indicator])
    st.html(f'<p class="dabiao-sentence small">{escape(said[0])}</p>' + facts_html(said[1:]))
    name = words.indicator_name(indicator, panel.indicators[indicator].name_zh, lang)
    place = words.unit_name(panel.units[unit], lang)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.html(part_html(t("ui_league.distribution", lang)))
        alt = t("ui_league.distribution_alt", lang, indicator=name, said=said[0])
        st.altair_chart(place_chart(answer, lang, goal=goal), alt=alt)
    with right:
        st.html(part_html(t("ui_league.bump", lang)))
        names = {one.unit: words.unit_name(panel.units[one.unit], lang) for one in found.ranks[indicator]}
        through = course(lab.run.paths, panel, found, indicator)
        alt = t("ui_league.bump_alt", lang, indicator=name, place=place)
        chart = bump_chart(through, names, unit, lang).properties(padding={"right": NAMES})
        st.altair_chart(chart, alt=alt)
        st.caption(t("ui_league.bump_note", lang, place=place))
    st.html(part_html(t("ui_league.siblings", lang)))
    st.html(html.table(sibling_grid(found, run.attainment, panel, view, indicator=indicator, unit=unit)))


def _scores(choice: Choice, found: League, view: View) -> None:
    """The score, its classes, what each rule brings, and the rules."""
    from forecast.report.league_charts import score_chart

    run, lang, unit = choice.run, choice.lang, choice.unit
    st.html(part_html(t("ui_league.scores", lang)))
    rules = run.config.assessment
    if rules is None:
        st.caption(t("ui_league.no_scores", lang))
        return
    said = score_sentences(found, run.attainment, run.panel, lang, unit=unit)
    if said:
        st.html(f'<p class="dabiao-sentence small">{escape(said[0])}</p>' + facts_html(said[1:]))
    if found.scores is not None and unit in found.scores.units:
        place = words.unit_name(run.panel.units[unit], lang)
        mine = next(one for one in scored_rows(found, run.attainment, run.panel) if one.unit == unit)
        left, right = st.columns([3, 2], gap="medium")
        with left:
            st.altair_chart(score_chart(found.scores, unit, lang), alt=t("ui_league.score_alt", lang, place=place))
        if mine.classes:
            lines = [t("ui_league.class_line", lang, name=name, p=p) for name, p in class_lines(mine, lang)]
            with right:
                st.html(part_html(t("ui_league.classes", lang)) + facts_html(lines))
    st.html(part_html(t("ui_league.items", lang)))
    st.html(html.table(scoring_grid(found, rules, run.panel, view, unit)))
    with st.expander(t("ui_league.rules", lang)):
        st.html(facts_html(rules_notes(rules, run.panel, lang)))


def province(choice: Choice) -> None:
    """All siblings, or the places below, by indicator: probability, rank, score; who is at risk first."""
    st.html(STYLE)
    run, lang = choice.run, choice.lang
    as_of = words.knowledge(run.attainment.as_of, lang)
    title = t("ui_league.title_province", lang, dataset=run.config.name_zh, as_of=as_of)
    st.html(f'<h1 class="dabiao-title">{escape(title)}</h1>')
    lab = session(run.header)
    targeted = {row.target.unit for row in run.attainment.rows}
    below = [unit for unit, one in run.panel.units.items() if one.parent == choice.unit and unit in targeted]
    level = "siblings"
    if below:
        level = segments(
            t("ui_league.level", lang),
            ["siblings", "below"],
            key="league_level",
            show=lambda one: t(f"ui_league.level_{one}", lang),
            lang=lang,
        )
    found = lab.league(below[0] if level == "below" else choice.unit)
    view = View(lang=lang, surface=Surface.PAGE)
    grid = province_grid(found, run.attainment, run.panel, view)
    if grid is None:
        st.info(t("ui_league.nothing_province", lang))
        return
    risk = at_risk(found, run.attainment, run.panel, lang)
    st.html(part_html(t("ui_league.risk", lang)) + facts_html(risk or [t("ui_league.risk_none", lang)]))
    st.html(part_html(t("ui_league.heat", lang)))
    st.html(html.table(grid))
    st.caption(t("ui_league.heat_note", lang))
