"""预测检验: past months replayed, and how the forecasts did. City, province and others stand apart."""

from __future__ import annotations

from html import escape
from typing import Final

import streamlit as st

from forecast.report.html import labelled
from forecast.tables import words
from forecast.tables.record import TrackRecord
from forecast.tables.track import failed_texts, level_name, years_name
from forecast.texts import Lang, t
from forecast.ui.choice import Choice, segments, select
from forecast.ui.data import present
from forecast.ui.jobs import show_jobs, start
from forecast.ui.kept import Record, data_of, records, track_record

AROUND: Final = 110
"""Pixels that titles, legends and axes take of a chart's height on the screen."""


def track(choice: Choice) -> None:
    """Scores by kind of place, calibration, and what was said against what came."""
    lang = choice.lang
    st.html(f'<h1 class="dabiao-title">{escape(t("ui_track.title", lang, dataset=choice.run.config.name_zh))}</h1>')
    identity = choice.run.header.identity
    found = records(identity, data_of(identity))
    if not found:
        st.info(t("ui_track.nothing", lang))
        _start(choice, expanded=True)
        return
    record = _record(found, choice)
    read = track_record(record)
    _about(record, read, choice)
    if not read.levels:
        st.info(t("backtest.note_nothing", lang))
        _start(choice, expanded=True)
        return
    title = t("ui_track.level", lang)
    level = segments(title, read.levels, key="level", show=lambda one: level_name(one, lang), lang=lang)
    if few := read.few(level, lang):
        st.warning(few)
    st.html(labelled(read.score_grid(level, lang)))
    st.caption(t("backtest.note_scores", lang))
    _charts(read, level, choice)
    _outcomes(read, level, choice)
    _notes(record, lang)
    _start(choice, expanded=False)


def _record(found: list[Record], choice: Choice) -> Record:
    by_id = {record.folder.name: record for record in found}
    if len(by_id) == 1:
        return found[0]
    chosen = select(
        t("ui_track.record", choice.lang),
        list(by_id),
        key="record",
        show=lambda one: t(
            "ui_track.record_named",
            choice.lang,
            years=years_name(by_id[one].manifest["years"]),
            method=by_id[one].manifest["method"],
            data=by_id[one].data_hash[:8],
            id=one[-8:],
        ),
        lang=choice.lang,
    )
    return by_id[chosen]


def _about(record: Record, read: TrackRecord, choice: Choice) -> None:
    """On which data, and whether those are the data of the run that is shown."""
    lang = choice.lang
    same = record.data_hash == choice.run.header.data_hash
    st.caption(
        t(
            "ui_track.about",
            lang,
            years=years_name(record.manifest["years"]),
            data=record.data_hash[:12],
            same=t("ui_track.same_data" if same else "ui_track.other_data", lang),
            method=record.manifest["method"],
            draws=record.manifest["draws"],
            version=record.manifest["model_version"],
        )
    )
    if choice.run.config.synthetic or read.synthetic:
        st.html(f'<p class="dabiao-synthetic" role="note">{escape(t("backtest.note_synthetic", lang))}</p>')


def _charts(read: TrackRecord, level: str, choice: Choice) -> None:
    """Reliability, coverage, PIT and skill, two beside each other."""
    from forecast.report.track_charts import (  # altair takes a second that the other pages need not wait for
        coverage_chart,
        indicator_skill_chart,
        pit_chart,
        rank_chart_by_months,
        reliability_chart,
        skill_chart,
    )

    lang, scores, classes = choice.lang, read.scores, read.calibration
    panel = choice.run.panel
    names = {one: words.indicator_name(one, known.name_zh, lang) for one, known in panel.indicators.items()}
    drawn = {
        "reliability": reliability_chart(classes, level=level, lang=lang),
        "coverage": coverage_chart(scores, level=level, lang=lang),
        "pit": pit_chart(classes, level=level, lang=lang),
        "skill": skill_chart(scores, level=level, lang=lang),
        "rank_reliability": reliability_chart(classes, level=level, lang=lang, of="rank_reliability"),
        "rank_skill": rank_chart_by_months(scores, level=level, lang=lang),
        "skill_indicator": indicator_skill_chart(scores, names, level=level, lang=lang),
    }
    columns = st.columns(2)
    shown = {name: chart for name, chart in drawn.items() if chart is not None}
    for k, (name, chart) in enumerate(shown.items()):
        with columns[k % 2]:
            tall = chart.properties(width="container", height=int(chart.height) + AROUND)
            st.altair_chart(tall, alt=t(f"track.{name}", lang))


def _outcomes(read: TrackRecord, level: str, choice: Choice) -> None:
    """What was said of an outcome from month to month."""
    lang, panel = choice.lang, choice.run.panel
    st.html(f'<h2 class="dabiao-part">{escape(t("ui_track.replays", lang))}</h2>')
    with st.container(horizontal=True):
        unit = st.selectbox(
            t("ui.choice_unit", lang),
            read.choices("unit", level=level),
            format_func=lambda one: words.unit_name(panel.units[one], lang) if one in panel.units else one,
            key=f"track-unit-{level}",
            width=180,
        )
        indicator = st.selectbox(
            t("ui.choice_indicator", lang),
            read.choices("indicator", level=level, unit=unit),
            format_func=lambda one: (
                words.indicator_name(one, panel.indicators[one].name_zh, lang) if one in panel.indicators else one
            ),
            key=f"track-indicator-{level}",
            width=280,
        )
        years = sorted(read.choices("year", level=level, unit=unit, indicator=indicator), reverse=True)
        year = st.selectbox(t("ui_track.year", lang), years, key=f"track-year-{level}", width=110)
    chosen = {"unit": unit, "indicator": indicator, "year": year}
    if not (outcome := read.outcome(panel, lang, **chosen)):
        return
    st.html(f'<p class="dabiao-rule">{escape(outcome)}</p>')
    st.html(labelled(read.replay_grid(lang, **chosen)))
    st.caption(t("ui_track.replays_help", lang))


def _notes(record: Record, lang: Lang) -> None:
    facts = [t("backtest.note_outcomes", lang), t("backtest.note_common", lang), t("backtest.note_known", lang)]
    facts += failed_texts(record.manifest.get("replays_failed", {}), lang)
    with st.expander(t("ui.rules", lang)):
        st.html(f'<ul class="dabiao-facts">{"".join(f"<li>{escape(fact)}</li>" for fact in facts)}</ul>')


def _start(choice: Choice, *, expanded: bool) -> None:
    """Replay in a process of its own."""
    lang = choice.lang
    running = show_jobs("backtest", lang, dataset=choice.run.config.name_zh)
    with st.expander(t("ui_track.start_title", lang), expanded=expanded), st.form("backtest", border=False):
        st.caption(t("ui_track.start_help", lang))
        years = sorted({period.year for period in choice.run.panel.observations["period"]})
        chosen = st.multiselect(
            t("ui_track.years", lang), years, placeholder=t("ui_track.years_all", lang), key="track-years"
        )
        if st.form_submit_button(t("ui_track.start", lang), type="primary", disabled=running):
            now = present(choice.run)
            span = {"years": [min(chosen), max(chosen)]} if chosen else {}
            start("backtest", now.folder, name=now.dataset.config.name_zh, **span)
            st.rerun()
