"""总览: the page for leaders."""

from __future__ import annotations

from html import escape

import streamlit as st

from forecast import words
from forecast.answers.advice import advice_text
from forecast.report.leaders import Order, evidence_text, lights_text, lines, qualities, title
from forecast.report.notes import notes
from forecast.texts import t
from forecast.ui.choice import Choice, segments
from forecast.ui.tables import leaders_table, quality_table

__all__ = ["overview"]


def overview(choice: Choice) -> None:
    """① the sentence, ③ the table, ⑤ how reliable the data are."""
    run, lang, unit = choice.run, choice.lang, choice.unit
    name = title(run.attainment, unit, lang)
    st.html(f'<h1 class="dabiao-title">{escape(name)}</h1>')
    said = notes(run.attainment, lang)
    if unit == run.config.city:
        st.html(f'<p class="dabiao-sentence">{escape(said[0])}</p>')
    left, right = st.columns([1, 2], vertical_alignment="center")
    with left:
        order = segments(
            t("ui.choice_sort", lang),
            [order.value for order in Order],
            key="sort",
            show=lambda order: t(f"ui.sort_{order}", lang),
            lang=lang,
        )
    right.html(f'<p class="dabiao-rule">{escape(lights_text(run.attainment, unit, lang))}</p>')
    average = lines(run.attainment, unit, lang, average=True, order=Order(order))
    if average:
        st.html(leaders_table(average, t("ui.caption_average", lang), lang))
    if constant := lines(run.attainment, unit, lang, average=False, order=Order(order)):
        with st.expander(t("report.title_constant", lang), expanded=not average):
            st.html(leaders_table(constant, t("report.title_constant", lang), lang))
    _reliability(choice, said[1:])


def _reliability(choice: Choice, rules: list[str]) -> None:
    run, lang, unit = choice.run, choice.lang, choice.unit
    st.html(f'<h2 class="dabiao-part">{escape(t("ui.reliability", lang))}</h2>')
    facts = [evidence_text(run.attainment, unit, lang), rules[-1]]
    names = run.panel.indicators
    for name, reason in run.failures.items():
        failed = words.indicator_name(name, names[name].name_zh, lang)
        facts.append(t("store.failed", lang, indicator=failed, reason=reason))
    if run.sharpest:
        facts.append(advice_text(run.sharpest, run.panel.units, run.panel.indicators, lang))
    items = "".join(f"<li>{escape(fact)}</li>" for fact in facts)
    st.html(f'<ul class="dabiao-facts">{items}</ul>')
    with st.expander(t("ui.quality", lang)):
        st.html(quality_table(qualities(run.attainment, unit, lang), t("ui.quality", lang), lang))
    with st.expander(t("ui.rules", lang)):
        st.html(f'<ul class="dabiao-facts">{"".join(f"<li>{escape(rule)}</li>" for rule in rules)}</ul>')
