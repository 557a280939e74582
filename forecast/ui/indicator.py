"""指标: one indicator through the year.

What if it turns out so: the reader types an outcome and sees what becomes of the target.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from forecast.answers.chances import Status
from forecast.answers.evidence import Published
from forecast.answers.judgement import Row, distribution
from forecast.data.target import TargetKind
from forecast.dims import UNIT
from forecast.draws.condition import Given, parse_given
from forecast.errors import ForecastError
from forecast.plan.path import RequiredPath
from forecast.report import html
from forecast.runs.session import Session
from forecast.tables import words
from forecast.tables.beside import explored_grid, explored_text
from forecast.tables.leaders import leaders
from forecast.tables.monthly import (
    Growth,
    history_rows,
    month_grid,
    of_indicator,
    pace_points,
    path_points,
)
from forecast.tables.news import of_target, sentence, waterfall
from forecast.tables.notes import plain_name
from forecast.tables.path import path_grid, path_sentence
from forecast.texts import Lang, t
from forecast.ui.choice import Choice, get, put, segments, select, toggle
from forecast.ui.html import facts_html, part_html
from forecast.ui.kept import gap, headers, loaded, session
from forecast.ui.overview import Split, earlier_of, split_between, wait_for

if TYPE_CHECKING:
    import pandas as pd

GIVEN = "given"
SIGNS = {">=": "above", "<=": "below"}
SIGN = {">=": ">=", ">": ">=", "≥": ">=", "<=": "<=", "<": "<=", "≤": "<="}
"""Field of the page that a written sign stands in."""


def explorer(choice: Choice, row: Row) -> None:
    """An outcome of any indicator and place with draws, and this target given it."""
    if row.status is not Status.JUDGED:
        return
    lang = choice.lang
    lab = session(choice.run.header)
    st.html(part_html(t("ui_indicator.explorer", lang)))
    text = _asked(choice, lab, row)
    if text is None:
        st.caption(t("ui_indicator.explorer_help", lang))
        return
    try:
        found = lab.explored(text)
    except ForecastError as error:
        st.warning(error.text(lang))
        return
    table = explored_grid(found, row.target.key, choice.page)
    if table is not None:
        st.html(html.table(table))
    st.caption(explored_text(found, lang))


def _asked(choice: Choice, lab: Session, row: Row) -> str | None:
    """The outcome as it is written; None where no value was typed."""
    lang, panel = choice.lang, choice.run.panel
    paths = lab.world.paths.indicators
    before = _before(lab, lang)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        indicator = st.selectbox(
            t("ui_indicator.explorer_indicator", lang),
            list(paths),
            index=list(paths).index(before.indicator if before else row.target.indicator),
            format_func=lambda one: words.indicator_name(one, panel.indicators[one].name_zh, lang),
            key=f"given-indicator-{row.target.indicator}",
        )
        units = [str(unit) for unit in paths[indicator].cum_yoy[UNIT].values]
        asked = before.unit if before else row.benchmark
        first = asked if asked in units else units[0]
        unit = st.selectbox(
            t("ui_indicator.explorer_unit", lang),
            units,
            index=units.index(first),
            format_func=lambda one: words.unit_name(panel.units[one], lang),
            key=f"given-unit-{indicator}",
        )
        sign = st.selectbox(
            t("ui_indicator.explorer_sign", lang),
            list(SIGNS),
            index=list(SIGNS).index(SIGN[before.sign]) if before else 0,
            format_func=lambda one: t(f"ui_indicator.explorer_{SIGNS[one]}", lang),
            key="given-sign",
        )
        value = st.number_input(
            t("ui_indicator.explorer_value", lang),
            value=before.growth_pct if before and (before.indicator, before.unit) == (indicator, unit) else None,
            step=0.5,
            format="%.1f",
            key=f"given-{indicator}-{unit}",
        )
    text = None if value is None else f"{indicator}.{unit}{sign}{value:g}"
    if before and text == f"{before.indicator}.{before.unit}{SIGN[before.sign]}{before.growth_pct:g}":
        text = str(before)  # a link may name a month, or a sign, that the page has no field for
    put(GIVEN, text)
    return text


def _before(lab: Session, lang: Lang) -> Given | None:
    """What was typed before, or stands in the address; what cannot be used is said."""
    text = get(GIVEN)
    if text is None:
        return None
    try:
        return parse_given(text, lab.world.paths)
    except ForecastError as error:
        st.warning(error.text(lang))
        return None


STYLE = Path(__file__).with_name("grids.css")


def indicator(choice: Choice) -> None:
    """Fan chart with the path needed, the year-end gap, why it moved, what if, table of months."""
    st.html(STYLE)
    row = _choose(choice)
    run, lang = choice.run, choice.lang
    name, place = plain_name(row, lang), words.unit_name(run.panel.units[row.target.unit], lang)
    st.html(f'<h1 class="dabiao-title">{escape(t("ui.indicator_title", lang, place=place, indicator=name))}</h1>')
    average = row.target.yearly_average
    mine = leaders(run.attainment, choice.unit, lang, average=average, caption=name, only=row.target)
    if mine.rows:
        st.html(html.labelled(mine))
    if row.status is Status.INSUFFICIENT:
        st.info(words.insufficient_note(row, run.panel.units, lang))
    told = row.status is not Status.INSUFFICIENT  # else no number of the place stands on any surface
    units = [*([row.target.unit] if told else []), *([row.benchmark] if row.benchmark else [])]
    rows = of_indicator(run.paths, row.target.indicator, units)
    if rows.empty:
        st.info(t("ui.no_paths", lang))
        return
    drawn = [unit for unit in units if unit in set(rows["unit"])]
    places = {unit: words.unit_name(run.panel.units[unit], lang) for unit in drawn}
    path = _fan(choice, row, rows, places, name)
    if path is not None:
        _required(choice, path)
    left, right = st.columns([1, 1], gap="medium")
    with left:
        _gap(choice, row)
    with right:
        _news(choice, row)
    explorer(choice, row)
    st.html(part_html(t("ui.months", lang)))
    frequency = run.panel.indicators[row.target.indicator].frequency
    st.html(html.labelled(month_grid(rows, places, frequency, name, lang)))
    st.caption(t("ui.months_note", lang))


def _fan(choice: Choice, row: Row, rows: pd.DataFrame, places: Mapping[str, str], name: str) -> RequiredPath | None:
    """The year as forecast, with pace, the path that is needed, the target, and earlier years where wanted."""
    from forecast.report.charts import Overlay, fan_chart  # altair takes a second that the first page need not wait for

    lang, run = choice.lang, choice.run
    st.html(part_html(t("ui.fan", lang)))
    with st.container(horizontal=True, vertical_alignment="center"):
        growth = Growth[
            segments(
                t("ui.choice_growth", lang),
                [one.name for one in Growth],
                key="growth",
                show=lambda one: t(f"ui.growth_{one.lower()}", lang),
                lang=lang,
            )
        ]
        path = _wish(choice, row)
        years = toggle(t("ui_indicator.history_years", lang), key="years", lang=lang)
    overlays = []
    if growth is Growth.CUMULATIVE:
        pace = pace_points(rows, row.target.unit)
        overlays.append(Overlay(name=t("ui_indicator.pace_line", lang), points=pace))
    if path is not None:
        overlays.append(Overlay(name=t("ui_indicator.required_line", lang), points=path_points(path, growth)))
    fixed = row.target_value if row.target.kind in {TargetKind.PLAN, TargetKind.POSITIVE_GROWTH} else None
    published = Published.of(run.panel, run.attainment.as_of, run.attainment.target_year)
    earlier = history_rows(published, row.target.indicator, list(places), growth) if years else None
    st.altair_chart(
        fan_chart(
            rows, places, growth=growth, target_pct=fixed, lang=lang, history=earlier,
            overlays=[one for one in overlays if one.points],
        ),
        alt=t("ui.fan_alt", lang, indicator=name, place="、".join(places.values())),
    )  # fmt: skip
    st.caption(t("ui.fan_note", lang))
    return path


def _wish(choice: Choice, row: Row) -> RequiredPath | None:
    """What the reader wishes for, and the path that it needs; None where it cannot be named."""
    lang, key = choice.lang, row.target.key
    if row.status is not Status.JUDGED or choice.unit != choice.run.config.city:
        return None
    lab = session(choice.run.header)
    found = lab.answer(("path", *key), lambda *_: lab.required(wanted=lambda case: case.key == key))
    paths = {f"{one.demand.criterion.value}_{words.percent(one.demand.probability)}": one for one in found}
    if not paths:
        return None
    wish = segments(
        t("ui_indicator.required_wish", lang),
        list(paths),
        key="wished",
        show=lambda one: t(f"ui_indicator.wish_{one}", lang),
        lang=lang,
    )
    return paths[wish]


def _required(choice: Choice, path: RequiredPath) -> None:
    """What the wish needs, in words and month by month."""
    lang = choice.lang
    st.html(part_html(t("ui_indicator.required_title", lang)) + facts_html([path_sentence(path, lang)]))
    table = path_grid(path, lang)
    if table is not None and path.uplift_pp and table.rows:
        with st.expander(t("ui_indicator.required_months", lang)):
            st.html(html.table(table))
            st.caption(t("path.reading", lang) + t("path.reading_pace", lang))


def _news(choice: Choice, row: Row) -> None:
    """Why the probability moved since the run before, part by part."""
    from forecast.report.charts import waterfall_chart

    lang, run = choice.lang, choice.run
    st.html(part_html(t("ui_indicator.waterfall", lang)))
    earlier = earlier_of(run.header, headers())
    split = Split() if earlier is None else split_between(earlier, run.header, choice.criterion)
    if earlier is not None and split.running:
        wait_for(earlier, run.header, lang)
        return
    found = split.news
    if found is None:
        st.caption(t("ui_overview.no_earlier" if earlier is None else "ui_indicator.no_waterfall", lang))
        return
    dataset = loaded(run.header).dataset
    target = of_target(found, row.target.key)
    steps = None if target is None else waterfall(target, found, dataset, lang)
    if target is None or steps is None:
        st.caption(t("ui_indicator.no_waterfall", lang))
        return
    st.html(f'<p class="dabiao-rule">{escape(sentence(target, found, dataset, lang=lang))}</p>')
    st.altair_chart(waterfall_chart(steps, lang), alt=t("ui_indicator.waterfall_alt", lang))


def _choose(choice: Choice) -> Row:
    """The target to show: an indicator, and where it has several, against what."""
    lang = choice.lang
    rows = [row for row in choice.run.attainment.rows if row.target.unit == choice.unit]
    names = {row.target.indicator: plain_name(row, lang) for row in rows}
    with st.container(horizontal=True):
        chosen = select(
            t("ui.choice_indicator", lang), list(names), key="indicator", show=lambda one: names[one], lang=lang
        )
        kinds = {row.target.key[2]: row for row in rows if row.target.indicator == chosen}
        if len(kinds) == 1:
            return next(iter(kinds.values()))
        first = TargetKind.PROVINCE_AVERAGE.value
        kind = select(
            t("ui.choice_target", lang),
            sorted(kinds, key=lambda one: one != first),
            key="target",
            show=lambda one: words.goal_name(one, lang),
            lang=lang,
        )
    return kinds[kind]


def _gap(choice: Choice, row: Row) -> None:
    from forecast.report.charts import gap_chart

    lang, target = choice.lang, row.target
    st.html(f'<h2 class="dabiao-part">{escape(t("ui.gap_title", lang))}</h2>')
    found = gap(choice.run.header, target.key)
    if found is None or row.p_reach is None:
        st.caption(t("glossary.insufficient", lang))
        return
    said = t(
        "ui.gap_said",
        lang,
        event=words.event_name(row.criterion, lang),
        other=words.event_name(row.criterion.other, lang),
        chance=words.chance(row.p, lang, evidence=row.evidence),
        also=words.probability(row.p_other, lang, evidence=row.evidence),
    )
    st.html(f'<p class="dabiao-rule">{escape(said)}</p>')
    shares = distribution(found)
    st.altair_chart(gap_chart(shares, tolerance_pp=target.tolerance_pp, criterion=row.criterion, lang=lang), alt=said)
