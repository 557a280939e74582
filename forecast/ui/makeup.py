"""互补互济: the least effort that reaches what is wished for, and what each sector, county and firm brings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from forecast.errors import ForecastError
from forecast.plan.candidates import LeverOptions, candidates
from forecast.plan.request import (
    MakeupError,
    MakeupRequest,
    Wish,
    settings_text,
)
from forecast.plan.result import Makeup
from forecast.report import html
from forecast.report.charts import frontier_chart, sector_chart
from forecast.runs.store import ConflictError, StoreError
from forecast.scenario.actions import Family
from forecast.scenario.contributions import Result
from forecast.scenario.drafting import draft_of
from forecast.scenario.reader import Scenario
from forecast.tables.makeup import (
    burden_grid,
    cases_grid,
    family_grid,
    frontier_grid,
    lever_grid,
    sector_grid,
    wish_grid,
)
from forecast.tables.makeup_words import difficulty_lines, sentences
from forecast.tables.plans import Asked, asked_texts, lever_table, options_of, wish_table, wishes_of
from forecast.texts import t
from forecast.ui.bench import Working, load, remember, working
from forecast.ui.choice import ON, Choice, get, put
from forecast.ui.html import facts_html, part_html
from forecast.ui.kept import entries, entry_of, library, loaded, save, versions

if TYPE_CHECKING:
    import pandas as pd

STYLE = Path(__file__).with_name("grids.css")
STATE = "makeup-asked"
ADDRESS = "wish"
SETTINGS = "levers"
BEYOND = "beyond"
FIXED = ("lever", "difficulty_now", "cap_now", "evidence")
ALL = LeverOptions()
FIRST = 12  # levers; all of them are a click away


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """What was asked for last.

    run_id : of the run that it was asked of
    """

    run_id: str
    wishes: tuple[Wish, ...]
    options: LeverOptions = ALL
    fair: bool = False
    budget: float | None = None
    beyond: bool = False


def makeup_page(choice: Choice) -> None:
    """Wishes and levers; the plan, its frontier, 补 and 济; what stays open; adopt as a scenario."""
    lang = choice.lang
    st.html(STYLE)
    st.html(f'<h1 class="dabiao-title">{escape(t("ui_makeup.title", lang))}</h1>')
    with st.spinner(t("ui_scenario.opening", lang)):
        now = working(choice)
    if now is None:
        st.info(t("ui_scenario.nothing_judged", lang))
        return
    base = now.lab.evaluate(())[0]
    form = _asked(choice, now)
    if form is None:
        st.info(t("makeup.problem_nothing", lang))
        return
    form = _inputs(choice, now, base, form)
    put(ADDRESS, ";".join(asked_texts(form.wishes)))
    put(SETTINGS, settings_text(form.options, budget=form.budget, fair=form.fair) or None)
    put(BEYOND, ON if form.beyond else None)
    try:
        with st.spinner(t("ui_makeup.solving", lang)):
            plan = _solved(now, form)
    except ForecastError as error:
        st.error(error.text(lang))
        return
    _shown(choice, now, plan)


def _asked(choice: Choice, now: Working) -> _Form | None:
    """What was asked for last on this run, else in the address, else the speech's own wish."""
    held: _Form | None = st.session_state.get(STATE)
    if held is not None and held.run_id == choice.run.header.run_id:
        return held
    lab = now.lab
    found = _read(lambda: lab.request((get(ADDRESS) or "").split(";") if get(ADDRESS) else ()), choice)
    levers = _read(lambda: lab.request((), get(SETTINGS) or ""), choice) if get(SETTINGS) else None
    found = found or _read(lambda: lab.request(()), choice)
    if found is None:
        return None
    asked = levers or found
    return _Form(
        run_id=choice.run.header.run_id,
        wishes=found.wishes,
        options=asked.options,
        budget=asked.budget,
        fair=asked.fair,
        beyond=get(BEYOND) == ON,
    )


def _read(ask: Callable[[], MakeupRequest], choice: Choice) -> MakeupRequest | None:
    """What a part of the address asks for; what is wrong with it is said."""
    try:
        return ask()
    except MakeupError as error:
        st.warning(error.text(choice.lang))
        return None


def _inputs(choice: Choice, now: Working, base: Result, form: _Form) -> _Form:
    """Wishes, levers, fairness and budget; nothing is solved before the button is pressed."""
    lang, city = choice.lang, choice.run.config.city
    asked = Asked.of(form.wishes)
    with st.expander(t("ui_makeup.ask", lang), expanded=True, icon=":material/tune:"), st.form("makeup", border=False):
        left, right = st.columns([5, 4], gap="medium")
        with left:
            table = _wishes(choice, wish_table(base, city, asked, lang))
        with right:
            typed = _typed(choice, form, asked, most=float(len(now.lab.cases)))
        settings = _settings(choice, now, form)
    if not typed.pressed:
        return form
    try:
        wishes = wishes_of(table, base, city, together=typed.together, count=typed.count)
        if not wishes:
            raise MakeupError([("nothing", {})])
    except MakeupError as error:
        st.error(error.text(lang))
        return form
    made = replace(
        form,
        wishes=wishes,
        options=options_of(settings, typed.families, typed.singles),
        fair=typed.fair,
        beyond=typed.beyond,
        budget=typed.budget,
    )
    st.session_state[STATE] = made
    return made


def _wishes(choice: Choice, table: pd.DataFrame) -> pd.DataFrame:
    """How likely every target is, and the probability that is wished for."""
    lang = choice.lang
    edited = st.data_editor(
        table,
        key=f"makeup-wishes-{choice.run.header.run_id}-{lang}",
        hide_index=True,
        disabled=["indicator", "now_near", "now_reach"],
        column_config=_wish_columns(choice),
        alt=t("ui_makeup.wishes_alt", lang),
        placeholder="",
        height=330,
    )
    st.caption(t("ui_makeup.wishes_help", lang))
    return edited


@dataclass(frozen=True, slots=True, kw_only=True)
class _Typed:
    """What stands in the fields beside the table of wishes."""

    together: bool
    count: float | None
    families: list[str]
    fair: bool
    beyond: bool
    budget: float | None
    singles: int
    pressed: bool


def _typed(choice: Choice, form: _Form, asked: Asked, *, most: float) -> _Typed:
    """The fields beside the table, and the button."""
    lang = choice.lang
    none = t("ui_makeup.none", lang)
    together = st.toggle(t("ui_makeup.together", lang), value=asked.together, key="makeup-together")
    count = st.number_input(
        t("ui_makeup.count", lang), 0.1, most, asked.count, step=0.5, key="makeup-count", placeholder=none
    )
    families = st.multiselect(
        t("ui_makeup.families", lang),
        [one.value for one in Family],
        default=[one.value for one in form.options.families],
        format_func=lambda one: t(f"makeup.family_{one}", lang),
        key="makeup-families",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        fair = st.toggle(t("ui_makeup.fair", lang), value=form.fair, key="makeup-fair")
        beyond = st.toggle(t("ui_makeup.beyond", lang), value=form.beyond, key="makeup-beyond")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        budget = st.number_input(
            t("ui_makeup.budget", lang), 0.1, None, form.budget, 1.0, key="makeup-budget", placeholder=none, width=150
        )
        singles = st.number_input(
            t("ui_makeup.singles", lang), 0, 30, form.options.singles, 5, key="makeup-singles", width=150
        )
        pressed = st.form_submit_button(t("ui_makeup.solve", lang), type="primary")
    return _Typed(
        together=together,
        count=count,
        families=families,
        fair=fair,
        beyond=beyond,
        budget=budget,
        singles=int(singles),
        pressed=pressed,
    )


def _wish_columns(choice: Choice) -> Mapping[str, Any]:
    lang = choice.lang

    def wished(name: str) -> Any:
        head = t(f"ui_makeup.column_wish_{name}", lang)
        return st.column_config.NumberColumn(head, min_value=1, max_value=99, step=1, format="%d%%", width="small")

    return {
        "indicator": st.column_config.TextColumn(t("ui_makeup.column_indicator", lang), width="medium"),
        "now_near": st.column_config.TextColumn(t("ui_makeup.column_now_near", lang), width="small"),
        "wish_near": wished("near"),
        "now_reach": st.column_config.TextColumn(t("ui_makeup.column_now_reach", lang), width="small"),
        "wish_reach": wished("reach"),
    }


def _settings(choice: Choice, now: Working, form: _Form) -> pd.DataFrame:
    """Difficulties and caps, and what the planner puts in their place."""
    lang = choice.lang
    wanted = tuple(sorted({key[0] for wish in form.wishes for key in wish.keys}))
    found = now.lab.answer(("levers", *wanted), lambda world, _: candidates(world, LeverOptions(), wanted=wanted))
    table = lever_table(found, now.lab.dataset, form.options, lang)
    with st.popover(t("ui_makeup.settings", lang), icon=":material/tune:"):
        if table.empty:
            st.caption(t("ui_makeup.no_levers", lang))
            return table
        st.caption(t("ui_makeup.settings_help", lang))
        return st.data_editor(
            table,
            key=f"makeup-levers-{'-'.join(wanted)}-{lang}",
            hide_index=True,
            disabled=list(FIXED),
            column_order=["lever", "difficulty_now", "difficulty", "cap_now", "cap", "evidence"],
            column_config={
                **{name: t(f"ui_makeup.column_{name}", lang) for name in FIXED},
                "difficulty": st.column_config.NumberColumn(
                    t("ui_makeup.column_difficulty", lang), min_value=1.0, max_value=5.0, step=0.5
                ),
                "cap": st.column_config.NumberColumn(t("ui_makeup.column_cap", lang), min_value=0.0, step=0.5),
            },
            alt=t("ui_makeup.settings", lang),
            placeholder="",
        )


def _solved(now: Working, form: _Form) -> Makeup:
    """The plan; what was solved once is not solved again."""
    base: Scenario | None = now.scenario if form.beyond else None
    request = MakeupRequest(wishes=form.wishes, options=form.options, budget=form.budget, fair=form.fair, scenario=base)
    return now.lab.plan(request)


def _shown(choice: Choice, now: Working, plan: Makeup) -> None:
    """The plan, from what matters most to the details."""
    lang, run = choice.lang, loaded(choice.run.header)
    said = sentences(plan, now.lab.dataset, lang)
    if plan.synthetic:
        st.html(f'<p class="dabiao-warn" role="note">{escape(t("scenario.synthetic", lang))}</p>')
    lead = "".join(f"{escape(one)}<br>" for one in said[: len(plan.wishes)]).removesuffix("<br>")
    st.html(f'<p class="dabiao-lead {plan.status.value}">{lead}</p>')
    st.html(facts_html([one for one in said[len(plan.wishes) :] if one != t("scenario.synthetic", lang)]))
    _adopt(choice, now, plan)
    st.html(part_html(t("ui_makeup.wishes", lang)) + html.table(wish_grid(plan, lang)))
    left, right = st.columns([1, 1], gap="medium")
    with left:
        st.html(part_html(t("makeup.title_frontier", lang)))
        if plan.frontier:
            st.altair_chart(frontier_chart(plan, lang), alt=t("ui_makeup.frontier_alt", lang))
            st.caption(t("ui_makeup.frontier_help", lang))
    with right:
        st.html(part_html(t("ui_makeup.sectors", lang)))
        if plan.sectors:
            st.altair_chart(sector_chart(plan, lang), alt=t("ui_makeup.sectors_alt", lang))
            st.caption(t("ui_makeup.sectors_help", lang))
        else:
            st.caption(t("ui_makeup.no_sectors", lang))
    if plan.sectors:
        table = sector_grid(plan, lang)
        st.html(part_html(table.caption) + html.table(table))
    if plan.used:
        levers = lever_grid(plan, run, lang, most=FIRST)
        st.html(part_html(levers.caption) + html.table(levers))
        st.caption(t("ui_makeup.levers_help", lang))
    _details(choice, plan)


def _details(choice: Choice, plan: Makeup) -> None:
    lang, run = choice.lang, loaded(choice.run.header)
    cases = cases_grid(plan, lang)
    with st.expander(cases.caption):
        st.html(html.table(cases))
    families = family_grid(plan, run, lang)
    with st.expander(t("ui_makeup.every", lang)):
        st.html(part_html(families.caption) + html.table(families))
        st.html(html.table(lever_grid(plan, run, lang)))
    burdens = burden_grid(plan, run, lang)
    with st.expander(burdens.caption):
        st.html(html.table(burdens))
    with st.expander(t("ui_makeup.changes", lang)):
        st.html(facts_html(difficulty_lines(plan, run.dataset, lang) or [t("makeup.say_same", lang)]))
    if plan.frontier:
        with st.expander(t("ui_makeup.frontier_numbers", lang)):
            st.html(html.table(frontier_grid(plan, lang)))


# Adopt as a scenario


def _adopt(choice: Choice, now: Working, plan: Makeup) -> None:
    """Save the plan as a scenario, which all pages then show."""
    lang = choice.lang
    if not plan.used:
        return
    with st.popover(t("ui_makeup.adopt", lang), icon=":material/task_alt:"):
        name = st.text_input(t("ui_scenario.name", lang), value=plan.adopted.name.replace("+", "-"), key="adopt-name")
        title = st.text_input(t("ui_scenario.title_label", lang), value=plan.adopted.title, key="adopt-title")
        author = st.text_input(t("ui_scenario.author", lang), key="adopt-author")
        if st.button(t("ui_makeup.adopt_now", lang), type="primary", key="adopt"):
            try:
                key = _saved(choice, now, plan, name=name.strip(), title=title.strip(), author=author)
            except ConflictError as error:
                st.error(error.text(lang))
                return
            except (StoreError, ForecastError) as error:
                st.error(error.text(lang))
                return
            _put_on_bench(choice, now, key)
    if adopted := st.session_state.pop("adopted", None):
        st.success(t("ui_makeup.adopted", lang, title=adopted))


def _saved(choice: Choice, now: Working, plan: Makeup, *, name: str, title: str, author: str) -> str:
    """Key of the saved version; a scenario of the name gets a new version, none is overwritten."""
    draft = replace(draft_of(plan.adopted), name=name, title=title or plan.adopted.title)
    draft = replace(draft, dataset=now.lab.dataset.config.name)
    now.lab.scenario(draft)  # whatever is wrong with the name is said before anything is kept
    saved = library(choice.run.header)
    earlier = versions(name, saved)
    return save(draft, saved, author=author, based_on=earlier[0].version if earlier else 0)


def _put_on_bench(choice: Choice, now: Working, key: str) -> None:
    saved = library(choice.run.header)
    listed, _ = entries(now.lab.dataset, saved)
    entry = entry_of(key, listed, now.lab.dataset, saved)
    load(now.held, entry, now.lab, choice.lang)
    remember(now.held, choice.run.header)
    st.session_state["adopted"] = entry.title if entry else key
    st.rerun()
