"""任务与县区: who does what by when, with locks; counties against city and province; 五上 units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from html import escape
from pathlib import Path
from typing import Any, Final

import streamlit as st

from forecast.answers.chances import Criterion
from forecast.errors import ForecastError
from forecast.report import html
from forecast.report.charts import contribution_chart, heat_chart, rank_chart
from forecast.runs.session import Assignments, Session, Wanted, chance_of
from forecast.tables import words
from forecast.tables.breakdown import DIMENSIONS, held_cells, hold_name, margin_grid, place_table, task_table
from forecast.tables.breakdown_words import narrative, warning
from forecast.tables.counties import interview_grid, list_notes, named_grid, ranking_grid, ranking_note
from forecast.tables.stock import stock_grid, stock_months_grid, window_lines
from forecast.tables.table import Surface, View
from forecast.tasks.allocation import Hold, hold_text, parse_hold
from forecast.tasks.breakdown import INDICATORS, Breakdown, Method, stated_increment
from forecast.tasks.county_lists import Ranking
from forecast.texts import Lang, t
from forecast.ui.choice import Choice, get, number, put, segments, select
from forecast.ui.html import facts_html, part_html
from forecast.ui.kept import session

STYLE = Path(__file__).with_name("grids.css")
PARTS: Final = ("breakdown", "counties", "stock")
LOCKS: Final = "task-locks"
ADDRESS: Final = "locks"
EVERY: Final = ""


@dataclass(slots=True)
class _Locks:
    """Sums that the reader locked, by run; ``epoch`` changes whenever the table is drawn anew."""

    run_id: str
    held: list[Hold] = field(default_factory=list)
    epoch: int = 0

    def kept(self) -> None:
        """In the address, as they are written on the command line."""
        put(ADDRESS, ";".join(hold_text(one) for one in self.held) or None)


def tasks(choice: Choice) -> None:
    """The breakdown, the counties, the 五上 balance; one of them at a time."""
    lang = choice.lang
    st.html(STYLE)
    st.html(f'<h1 class="dabiao-title">{escape(t("ui_tasks.title", lang))}</h1>')
    with st.spinner(t("ui_scenario.opening", lang)):
        lab = session(choice.run.header)
    part = segments(
        t("ui_tasks.choice_part", lang), PARTS, key="part", show=lambda one: t(f"ui_tasks.part_{one}", lang), lang=lang
    )
    match part:
        case "counties":
            _counties(choice, lab)
        case "stock":
            _stock(choice, lab)
        case _:
            _breakdown(choice, lab)


def _warn(text: str) -> None:
    """What must be read before a table."""
    if text:
        st.html(f'<p class="dabiao-warn" role="note">{escape(text)}</p>')


# The breakdown


def _breakdown(choice: Choice, lab: Session) -> None:
    lang = choice.lang
    names = [name for name in INDICATORS if name in choice.run.panel.indicators]
    if not names:
        st.info(t("ui_tasks.no_indicator", lang))
        return
    locks = _locks(choice)
    wanted = _wanted(choice, names, locks)
    try:
        with st.spinner(t("ui_tasks.computing", lang)):
            found = lab.assignments(wanted)
    except ForecastError as error:
        st.error(error.text(lang))
        _locked(locks, (), None, lang)
        return
    b = found.breakdowns[0]
    said = narrative(b, found, lang)
    st.html(f'<p class="dabiao-lead {b.status.value}">{escape(said[0])}</p>')
    if said[1:]:
        st.html(facts_html(said[1:]))
    _locked(locks, b.holds or wanted.holds, found, lang)
    if not b.tasks:
        return
    _places(choice, b, found, locks)
    for dimension in DIMENSIONS:
        table = margin_grid(b, dimension, found, lang)
        with st.expander(table.caption, expanded=dimension == "team"):
            st.html(html.table(table))
    _list(choice, b, found)


def _locks(choice: Choice) -> _Locks:
    held: _Locks | None = st.session_state.get(LOCKS)
    if held is None or held.run_id != choice.run.header.run_id:
        held = _Locks(choice.run.header.run_id)
        for text in filter(None, (get(ADDRESS) or "").split(";")):
            try:
                held.held.append(parse_hold(text))
            except ForecastError as error:
                st.warning(error.text(choice.lang))
        st.session_state[LOCKS] = held
    held.kept()
    return held


def _wanted(choice: Choice, names: Sequence[str], locks: _Locks) -> Wanted:
    """What is to be reached, and how it is spread."""
    lang, panel = choice.lang, choice.run.panel

    def name(one: str) -> str:
        return words.indicator_name(one, panel.indicators[one].name_zh, lang)

    with st.container(horizontal=True, vertical_alignment="bottom"):
        indicator = select(t("ui.choice_indicator", lang), names, key="task", show=name, lang=lang)
        criterion = Criterion(
            select(
                t("ui_tasks.criterion", lang),
                [Criterion.NEAR.value, Criterion.REACH.value],
                key="criterion",
                show=lambda one: t(f"ui_tasks.criterion_{one}", lang),
                lang=lang,
            )
        )
        wish = select(
            t("ui_tasks.wish", lang),
            [str(one) for one in range(10, 100, 5)],
            key="chance",
            show=lambda one: f"{one}%",
            lang=lang,
            default="50",
        )
        method = Method(
            select(
                t("ui_tasks.method", lang),
                [one.value for one in Method],
                key="method",
                show=lambda one: t(f"breakdown.method_{one}", lang),
                lang=lang,
            )
        )
        stated = number(
            t("ui_tasks.increment", lang),
            key="task-increment",
            least=0.01,
            placeholder=t("ui_tasks.by_wish", lang),
            lang=lang,
        )
    return Wanted(
        indicators=(indicator,),
        criterion=criterion,
        wish=chance_of(wish),
        method=method,
        increments={indicator: stated_increment(indicator, stated)} if stated else None,
        holds=tuple(one for one in locks.held if one.indicator == indicator),
    )


def _locked(locks: _Locks, holds: Sequence[Hold], found: Assignments | None, lang: Lang) -> None:
    """Locks, each to be taken off."""
    if not holds:
        return
    names = {one.name: one if found is None else hold_name(one, found, lang) for one in holds}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(t("ui_tasks.locked", lang))
        for hold in holds:
            st.button(
                str(names[hold.name]),
                key=f"unlock-{locks.epoch}-{hold.name}",
                icon=":material/lock:",
                help=t("ui_tasks.unlock", lang),
                on_click=partial(_unlock, locks, hold),
            )


def _unlock(locks: _Locks, hold: Hold) -> None:
    same = (hold.indicator, hold.key, hold.month)
    locks.held = [one for one in locks.held if (one.indicator, one.key, one.month) != same]
    locks.epoch += 1
    locks.kept()


def _lock(locks: _Locks, key: str, places: Sequence[str], indicator: str) -> None:
    """Hold what was typed; the rest is spread anew."""
    state: Mapping[str, Any] = st.session_state[key]
    for hold in held_cells(state.get("edited_rows", {}), places, indicator):
        _unlock(locks, hold)
        locks.held.append(hold)
    locks.epoch += 1
    locks.kept()


def _places(choice: Choice, b: Breakdown, found: Assignments, locks: _Locks) -> None:
    """Place × month, 万元: a typed amount is locked."""
    lang = choice.lang
    table = place_table(b, found, lang)
    key = f"task-places-{b.indicator}-{locks.epoch}-{b.plan_id}"
    number = partial(st.column_config.NumberColumn, format="localized", step=1, min_value=0)
    st.html(part_html(t("ui_tasks.by_place", lang)))
    _warn(warning(b, lang))
    _warn(table.mark)
    st.data_editor(
        list(table.rows),
        key=key,
        hide_index=True,
        disabled=["name", "open", "due"],
        column_config={
            name: st.column_config.TextColumn(head, width="medium") if name == "name" else number(head)
            for name, head in table.heads.items()
        },
        on_change=partial(_lock, locks, key, table.keys, b.indicator),
        alt=t("ui_tasks.by_place", lang),
        height="content",
    )
    st.caption(t("ui_tasks.lock_help", lang) + t("breakdown.said_zones", lang))


def _list(choice: Choice, b: Breakdown, found: Assignments) -> None:
    """Tasks one by one: carrier, responsible unit and person, deadline."""
    lang, units = choice.lang, choice.run.panel.units
    st.html(part_html(t("ui_tasks.list", lang)))
    places = {one.place: one.place_zh for one in b.tasks}
    teams = list(dict.fromkeys(one.team_zh for one in b.tasks))
    everything = t("ui_scenario.all", lang)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place = select(
            t("breakdown.head_place", lang),
            [EVERY, *places],
            show=lambda one: (
                everything if one == EVERY else (words.unit_name(units[one], lang) if one in units else places[one])
            ),
            key="task-place",
            lang=lang,
        )
        team = select(
            t("breakdown.head_team", lang),
            [EVERY, *(one for one in teams if one)],
            show=lambda one: one or everything,
            key="task-team",
            lang=lang,
        )
        month = select(
            t("ui_tasks.head_month", lang),
            [EVERY, *(str(one) for one in b.months)],
            show=lambda one: one or everything,
            key="task-month",
            lang=lang,
        )
    table = task_table(b, found, place=place, team=team, month=month)
    view = View(lang=lang, surface=Surface.PAGE)
    _warn(table.marked(lang))
    st.dataframe(list(table.cells(view)), hide_index=True, height=420, column_config=table.headings(view))
    st.caption(t("ui_tasks.list_help", lang, n=len(table.rows)))


# Counties


def _counties(choice: Choice, lab: Session) -> None:
    lang = choice.lang
    found = lab.assignments(Wanted(indicators=()))
    st.html(part_html(t("naming.title", lang)))
    st.html(facts_html(list_notes(found, lang)))
    for table in (named_grid(found, lang), interview_grid(found, lang)):
        if table.rows:
            st.html(part_html(table.caption) + html.table(table))
    heat = heat_chart(found, lang)
    st.html(part_html(t("ui_tasks.heat", lang)))
    if heat is None:
        st.caption(t("ui_tasks.no_heat", lang))
    else:
        st.altair_chart(heat, alt=t("ui_tasks.heat_alt", lang))
        st.caption(t("ui_tasks.heat_help", lang))
    _ranking(choice, found)


def _ranking(choice: Choice, found: Assignments) -> None:
    """One indicator: who is where, how surely, and who makes the city's gap."""
    lang = choice.lang
    rankings = {one.indicator: one for one in found.naming.rankings}
    if not rankings:
        st.info(t("ui_tasks.no_rankings", lang))
        return
    st.html(part_html(t("ui_tasks.ranking_title", lang)))
    chosen: Ranking = rankings[
        select(
            t("ui.choice_indicator", lang),
            list(rankings),
            key="ranked",
            show=lambda one: words.indicator_name(one, rankings[one].name_zh, lang),
            lang=lang,
        )
    ]
    st.html(facts_html([ranking_note(chosen, found.naming.rule.least, lang)]))
    left, right = st.columns([1, 1], gap="medium")
    ranks, pulls = rank_chart(chosen, lang), contribution_chart(chosen, lang)
    with left:
        if ranks is not None:
            st.altair_chart(ranks, alt=t("ui_tasks.rank_alt", lang))
            st.caption(t("ui_tasks.rank_help", lang))
    with right:
        if pulls is not None:
            st.altair_chart(pulls, alt=t("ui_tasks.pull_alt", lang))
            st.caption(t("ui_tasks.pull_help", lang))
    st.html(html.table(ranking_grid(chosen, found, lang)))
    st.caption(t("ui_tasks.ranking_help", lang))


# 五上 units


def _stock(choice: Choice, lab: Session) -> None:
    lang = choice.lang
    found = lab.assignments(Wanted(indicators=()))
    table = stock_grid(found, lang)
    if not table.rows:
        st.info(t("ui_tasks.no_stock", lang))
        return
    st.html(part_html(table.caption) + html.table(table))
    windows = window_lines(found, lang)
    if windows:
        st.html(part_html(t("stock.title_windows", lang)))
        _warn(table.mark)
        st.html(facts_html([*windows, t("stock.note_annual", lang)]))
    months = stock_months_grid(found, lang)
    st.html(part_html(months.caption) + html.table(months))
