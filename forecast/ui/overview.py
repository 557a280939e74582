"""总览: the page for leaders, on one screen and on one printed page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import streamlit as st

from forecast.answers.chances import Criterion
from forecast.errors import ForecastError
from forecast.periods import AsOf
from forecast.report import html
from forecast.tables import words
from forecast.tables.actions import effective_actions, scenario_sentence
from forecast.tables.leaders import Order, evidence_text, leaders, lights_text, next_release, qualities, title
from forecast.tables.moved import change_lines, moved_lines
from forecast.tables.news import news_lines
from forecast.tables.notes import notes
from forecast.tables.words import advice_text
from forecast.texts import Lang, t
from forecast.ui.bench import Working, choose_scenario, working
from forecast.ui.choice import Choice, mark_text, segments, source_text
from forecast.ui.html import Sheet, sheet
from forecast.ui.kept import headers, moved
from forecast.ui.news import Split, earlier_of, split_between, wait_for

LONGEST = 30  # letters of a title that leaves room for the controls beside it
MOST_NEWS = 3  # indicators whose causes a leader is told of
STYLE = Path(__file__).with_name("leaders.css")
PRINT = (
    '<button type="button" class="dabiao-print" title="{help}">{label}</button>'
    '<script>for (const one of document.querySelectorAll(".dabiao-print")) one.onclick = () => window.print();</script>'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """Sentences of the page: screen and print show the same."""

    first: str
    scenario: Sequence[str]
    changes: tuple[str, Sequence[str]]
    reliability: Sequence[str]


def overview(choice: Choice) -> None:
    """① the sentence, ② under the chosen scenario, ③ the table, ④ what changed, ⑤ how reliable the data are."""
    run, lang, unit = choice.run, choice.lang, choice.unit
    st.html(STYLE)
    city = unit == run.config.city
    name = title(run.attainment, unit, lang)
    with st.container(key="leaders"):
        wide = " wide" if len(name) > LONGEST else ""
        st.html(f'<h1 class="dabiao-title{wide}">{escape(name)}</h1>')
        now = working(choice) if city else None
        order = _controls(choice, now)
        first = notes(run.attainment, lang)[0] if city else ""
        if first:
            st.html(f'<p class="dabiao-sentence">{escape(first)}</p>')
        second = st.container(key="leaders-scenario")
        average = leaders(run.attainment, unit, lang, average=True, order=order, caption=_caption(choice))
        if average.rows:
            st.html(html.labelled(average))
        else:
            _constant(choice, order)
        rule = lights_text(run.attainment, unit, lang)
        st.html(f'<p class="dabiao-rule">{escape(rule)}</p>')
        changes, reliability = _below(choice)
        with second:  # filled last: nobody waits for it
            scenario = _scenario(now, choice.criterion, lang)
    said = _Said(first=first, scenario=scenario, changes=changes, reliability=reliability)
    _printed(choice, name, said, rule)


def _caption(choice: Choice) -> str:
    return t("ui.caption_average", choice.lang, event=words.event_name(choice.criterion, choice.lang))


def _controls(choice: Choice, now: Working | None) -> Order:
    """The scenario, the order of the table, details, print."""
    lang = choice.lang
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", key="leaders-order"):
        if now is not None:
            choose_scenario(now, choice, key="overview-scenario", width=210)
        order = segments(
            t("ui.choice_sort", lang),
            [order.value for order in Order],
            key="sort",
            show=lambda order: t(f"ui.sort_{order}", lang),
            lang=lang,
        )
        if st.button(t("ui_overview.details", lang)):
            details(choice)
        label, hint = escape(t("ui_overview.print", lang)), escape(t("ui_overview.print_help", lang))
        st.html(PRINT.format(label=label, help=hint), unsafe_allow_javascript=True, width="content")
    return Order(order)


def _scenario(now: Working | None, criterion: Criterion, lang: Lang) -> list[str]:
    """The same sentence under the chosen scenario, with its most effective actions; nothing where none is chosen."""
    chosen = now.scenario if now else None
    if now is None or chosen is None:
        return []
    with st.spinner(t("ui_scenario.computing", lang)):
        _, result = now.results(chosen)
        contributions = now.lab.contributions(chosen)
        found = effective_actions(result, contributions, now.lab.dataset, criterion, lang)
        said = [scenario_sentence(result, chosen, criterion, lang), effects_text(found, lang)]
        if now.lab.synthetic(chosen):
            said.append(t("ui_overview.marked", lang, mark=t("scenario.synthetic", lang)))
        text = t("ui.space", lang).join(said)
        st.html(f'<p class="dabiao-sentence second">{escape(text)}</p>')
    return said


def effects_text(found: Sequence[str], lang: Lang) -> str:
    """The most effective actions as one sentence."""
    if not found:
        return t("ui_overview.effects_none", lang)
    numbered = [t("ui_overview.numbered", lang, n=k, text=text) for k, text in enumerate(found, start=1)]
    listed = t("ui_overview.semicolon", lang).join(numbered)
    return f"{t('ui_overview.effects', lang)}{listed}{t('glossary.full_stop', lang)}"


def _constant(choice: Choice, order: Order) -> None:
    """Targets against plans and signs."""
    run, lang = choice.run, choice.lang
    others = t("report.title_constant", lang)
    constant = leaders(run.attainment, choice.unit, lang, average=False, order=order, caption=others)
    if constant.rows:
        st.html(html.labelled(constant))


def _below(choice: Choice) -> tuple[tuple[str, Sequence[str]], list[str]]:
    """What changed and why beside how reliable the data are."""
    lang = choice.lang
    with st.container(key="leaders-below"):
        left, right = st.columns([6, 5], gap="medium")
        with left:
            changes = _changes(choice)
        with right:
            facts = _facts(choice)
            heading = escape(t("ui_overview.reliability", lang))
            st.html(f'<h2 class="dabiao-part">{heading}</h2>{_list(facts)}')
    return changes, facts


def _list(facts: Sequence[str]) -> str:
    return f'<ul class="dabiao-facts">{"".join(f"<li>{escape(fact)}</li>" for fact in facts)}</ul>'


def _changes(choice: Choice) -> tuple[str, Sequence[str]]:
    """What moved since the run before."""
    run, lang = choice.run, choice.lang
    earlier = earlier_of(run.header, headers())
    heading = t("ui_overview.changes", lang)
    split = Split()
    if earlier is None:
        said: Sequence[str] = [t("ui_overview.no_earlier", lang)]
    else:
        heading = t("ui_overview.changes_since", lang, before=words.knowledge(AsOf.parse(earlier.as_of), lang))
        try:
            found, dataset = moved(earlier, run.header)
            said = change_lines(found, dataset, choice.criterion, lang)
            split = split_between(earlier, run.header, choice.criterion)
            if split.news is not None:
                said = [*(news_lines(split.news, dataset, lang, most=MOST_NEWS) or said[:1]), said[-1]]
        except ForecastError as error:
            said = [error.text(lang)]
    st.html(f'<h2 class="dabiao-part">{escape(heading)}</h2>{_list(said)}')
    if earlier is not None and split.running:
        wait_for(earlier, run.header, lang)
    return heading, said


def _facts(choice: Choice) -> list[str]:
    """How good the data are, what failed, which figure would help most, and the next release."""
    run, lang = choice.run, choice.lang
    facts = [evidence_text(run.attainment, choice.unit, lang), notes(run.attainment, lang)[-1]]
    names = run.panel.indicators
    for name, reason in run.failures.items():
        failed = words.indicator_name(name, names[name].name_zh, lang)
        facts.append(t("store.failed", lang, indicator=failed, reason=reason))
    if run.sharpest:
        facts.append(advice_text(run.sharpest, run.panel.units, run.panel.indicators, lang))
    return [*facts, next_release(run.attainment, lang)]


@st.dialog(" ", width="large")
def details(choice: Choice) -> None:
    """Other targets, all changes, rules, and the data of every indicator."""
    run, lang, unit = choice.run, choice.lang, choice.unit
    st.subheader(t("ui_overview.details_title", lang))
    others = t("report.title_constant", lang)
    constant = leaders(run.attainment, unit, lang, average=False, caption=others)
    if constant.rows:
        st.html(f'<h2 class="dabiao-part">{escape(others)}</h2>')
        st.html(html.labelled(constant))
    st.html(f'<h2 class="dabiao-part">{escape(t("ui.quality", lang))}</h2>')
    st.html(html.labelled(qualities(run.attainment, unit, lang)))
    if earlier := earlier_of(run.header, headers()):
        found, dataset = moved(earlier, run.header)
        st.html(f'<h2 class="dabiao-part">{escape(t("ui_overview.changes", lang))}</h2>')
        st.html(_list(moved_lines(found, dataset, lang=lang)))
    st.html(f'<h2 class="dabiao-part">{escape(t("ui.rules", lang))}</h2>{_list(notes(run.attainment, lang)[1:])}')


def _printed(choice: Choice, name: str, said: _Said, rule: str) -> None:
    """What a printer sees of the page."""
    run, lang = choice.run, choice.lang
    average = leaders(run.attainment, choice.unit, lang, average=True)
    one = Sheet(
        title=name,
        mark=mark_text(choice),
        sentence=said.first,
        scenario=said.scenario,
        table=average if average.rows else leaders(run.attainment, choice.unit, lang, average=False),
        parts=[said.changes, (t("ui_overview.reliability", lang), said.reliability)],
        rule=rule,
        source=source_text(choice),
    )
    st.html(sheet(one, lang))
