"""指标: one indicator through the year."""

from __future__ import annotations

from html import escape

import streamlit as st

from forecast import words
from forecast.answers.distribution import distribution
from forecast.answers.judgement import Row, RowStatus
from forecast.report.leaders import lines as leaders_lines
from forecast.report.monthly import Growth, month_lines, of_indicator
from forecast.report.notes import plain_name
from forecast.target import TargetKind
from forecast.texts import t
from forecast.ui.choice import Choice, segments, select
from forecast.ui.kept import gap
from forecast.ui.tables import leaders_table, months_table

__all__ = ["indicator"]


def indicator(choice: Choice) -> None:
    """Fan chart, distribution of the year-end gap, table of months."""
    from forecast.report.charts import fan_chart  # altair takes a second that the first page need not wait for

    row = _choose(choice)
    run, lang = choice.run, choice.lang
    name, place = plain_name(row, lang), words.unit_name(run.panel.units[row.target.unit], lang)
    st.html(f'<h1 class="dabiao-title">{escape(t("ui.indicator_title", lang, place=place, indicator=name))}</h1>')
    mine = [
        line
        for line in leaders_lines(
            run.attainment, choice.unit, lang, average=row.target.kind is TargetKind.PROVINCE_AVERAGE
        )
        if line.target == row.target
    ]
    if mine:
        st.html(leaders_table(mine, name, lang))
    if row.status is RowStatus.INSUFFICIENT:
        st.info(words.insufficient_note(row, run.panel.units, lang))
    units = [row.target.unit, *([row.benchmark] if row.benchmark else [])]
    rows = of_indicator(run.paths, row.target.indicator, units)
    if rows.empty:
        st.info(t("ui.no_paths", lang))
        return
    drawn = [unit for unit in units if unit in set(rows["unit"])]
    places = {unit: words.unit_name(run.panel.units[unit], lang) for unit in drawn}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(f'<h2 class="dabiao-part">{escape(t("ui.fan", lang))}</h2>')
        growth = Growth[
            segments(
                t("ui.choice_growth", lang),
                [one.name for one in Growth],
                key="growth",
                show=lambda one: t(f"ui.growth_{one.lower()}", lang),
                lang=lang,
            )
        ]
    fixed = row.target_value if row.target.kind in {TargetKind.PLAN, TargetKind.POSITIVE_GROWTH} else None
    st.altair_chart(
        fan_chart(rows, places, growth=growth, target_pct=fixed, lang=lang),
        alt=t("ui.fan_alt", lang, indicator=name, place="、".join(places.values())),
    )
    st.caption(t("ui.fan_note", lang))
    _gap(choice, row)
    st.html(f'<h2 class="dabiao-part">{escape(t("ui.months", lang))}</h2>')
    frequency = run.panel.indicators[row.target.indicator].frequency
    st.html(months_table(month_lines(rows, drawn, frequency, lang), list(places.values()), name, lang))
    st.caption(t("ui.months_note", lang))


def _choose(choice: Choice) -> Row:
    """The target to show: an indicator, and where it has several, against what."""
    lang = choice.lang
    rows = [row for row in choice.run.attainment.rows if row.target.unit == choice.unit]
    names = {row.target.indicator: plain_name(row, lang) for row in rows}
    with st.container(horizontal=True):
        chosen = select(
            t("ui.choice_indicator", lang), list(names), key="indicator", show=lambda one: names[one], lang=lang
        )
        kinds = {row.target.kind.value: row for row in rows if row.target.indicator == chosen}
        if len(kinds) == 1:
            return next(iter(kinds.values()))
        first = TargetKind.PROVINCE_AVERAGE.value
        kind = select(
            t("ui.choice_target", lang),
            sorted(kinds, key=lambda one: one != first),
            key="target",
            show=lambda one: words.kind_name(TargetKind(one), lang),
            lang=lang,
        )
    return kinds[kind]


def _gap(choice: Choice, row: Row) -> None:
    from forecast.report.charts import gap_chart

    lang, target = choice.lang, row.target
    st.html(f'<h2 class="dabiao-part">{escape(t("ui.gap_title", lang))}</h2>')
    draws = gap(choice.run.header, target.indicator, target.unit, target.kind)
    if draws is None or row.p_reach is None:
        st.caption(t("glossary.insufficient", lang))
        return
    said = t(
        "ui.gap_said",
        lang,
        near=words.chance(row.p_near, lang, evidence=row.evidence),
        reach=words.chance(row.p_reach, lang, evidence=row.evidence),
    )
    st.html(f'<p class="dabiao-rule">{escape(said)}</p>')
    shares = distribution(draws, tolerance_pp=target.tolerance_pp)
    st.altair_chart(gap_chart(shares, tolerance_pp=target.tolerance_pp, lang=lang), alt=said)
