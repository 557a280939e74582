"""情景推演: what if, against the baseline, on the draws of the run that is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import Final
from urllib.parse import urlencode

import streamlit as st

from forecast.errors import ForecastError, InputError
from forecast.report import html
from forecast.runs.session import Session
from forecast.runs.store import ConflictError, StoreError
from forecast.scenario.contributions import Result
from forecast.scenario.drafting import combined, plain_name, to_yaml
from forecast.scenario.reader import Scenario
from forecast.tables import words
from forecast.tables.actions import contribution_page, range_text
from forecast.tables.beside import side_grid
from forecast.tables.scenarios import expected_text, most_moved, result_cases, result_grid
from forecast.texts import Lang, t
from forecast.ui.bench import Bench, bench, load, remember, revise
from forecast.ui.choice import Choice, get, put
from forecast.ui.kept import Entry, entries, entry_of, library, save, session, versions
from forecast.ui.scenario_edit import editors

MOST_COMPARED: Final = 4
BLANK: Final = ""


def scenario(choice: Choice) -> None:
    """Load, edit, save; results against the baseline; several side by side; who brings how much."""
    lang = choice.lang
    st.html(f'<h1 class="dabiao-title">{escape(t("ui_scenario.title", lang))}</h1>')
    with st.spinner(t("ui_scenario.opening", lang)):
        lab = session(choice.run.header)
    if not lab.cases:
        st.info(t("ui_scenario.nothing_judged", lang))
        return
    _bench(choice, lab)


@st.fragment
def _bench(choice: Choice, lab: Session) -> None:
    """Everything below the title: a change redraws this and nothing else."""
    lang, header = choice.lang, choice.run.header
    listed, bad = entries(lab.dataset, library(choice.run.header))
    held = bench(lab, listed, header, lang)
    for notice in held.notices:
        st.warning(notice)
    _library(held, listed, lab, choice)
    if bad:
        st.caption(t("ui_scenario.bad_files", lang, files=t("glossary.and", lang).join(bad)))
    results, edit = st.columns([10, 11], gap="medium")
    with edit:
        editors(held, lab, lang)
    with results:  # after the editors, so that it shows what they changed
        shown = _valid(held, lab, lang)
        _results(shown, lab, choice)
    if not remember(held, header):
        st.warning(t("ui_scenario.too_long", lang))
    _contributions(shown, lab, choice)
    _comparison(held, shown, listed, lab, choice)


# Load, compound, save, share


def _library(held: Bench, listed: Sequence[Entry], lab: Session, choice: Choice) -> None:
    lang = choice.lang
    by_key = {one.key: one for one in listed}
    if held.entry and held.entry.key not in by_key:  # an older version
        by_key[held.entry.key] = held.entry
    options = [BLANK, *by_key]
    now = held.entry.key if held.entry else BLANK
    key = f"scenario-choice-{held.epoch}"

    def name(one: str) -> str:
        return _label(by_key[one], lang) if one else t("ui_scenario.blank", lang)

    def chosen() -> None:
        load(held, by_key.get(st.session_state[key]), lab, lang)

    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            t("ui_scenario.choose", lang),
            options,
            index=options.index(now),
            format_func=name,
            key=key,
            on_change=chosen,
            width=380,
        )
        _compound(held, listed, lang)
        _save(held, lab, choice)
        _share(held, choice)
        st.download_button(
            t("ui_scenario.export", lang),
            to_yaml(held.draft),
            file_name=f"{held.draft.name}.yaml",
            mime="application/yaml",
            icon=":material/download:",
            on_click="ignore",
        )
        if held.previous is not None and st.button(t("ui_scenario.restore", lang), icon=":material/undo:"):
            held.entry, held.based_on = None, 0
            revise(held, held.previous)
            held.previous = None
            st.rerun()
    if held.changed:
        st.caption(t("ui_scenario.changed", lang))


def _label(one: Entry, lang: Lang) -> str:
    if not one.version:
        return one.title
    key = "ui_scenario.saved_closed" if one.closed else "ui_scenario.saved_as"
    return t(key, lang, title=one.title, version=one.version, author=one.author)


def _compound(held: Bench, listed: Sequence[Entry], lang: Lang) -> None:
    with st.popover(t("ui_scenario.compound", lang), icon=":material/add:"):
        by_key = {one.key: one for one in listed}
        chosen = st.selectbox(
            t("ui_scenario.compound_with", lang),
            list(by_key),
            index=None,
            format_func=lambda one: _label(by_key[one], lang),
            key=f"compound-{held.epoch}",
        )
        if st.button(t("ui_scenario.compound_add", lang), type="primary", disabled=chosen is None) and chosen:
            draft = by_key[chosen].draft
            revise(held, combined(held.draft, draft) if held.draft.actions else replace(draft, off=frozenset()))
            st.rerun()


def _save(held: Bench, lab: Session, choice: Choice) -> None:
    lang = choice.lang
    with (
        st.popover(t("ui_scenario.save", lang), icon=":material/save:"),
        st.form(f"save-{held.epoch}", border=False),
    ):
        name = st.text_input(t("ui_scenario.name", lang), held.draft.name, help=t("ui_scenario.name_help", lang))
        title = st.text_input(t("ui_scenario.title_label", lang), held.draft.title)
        author = st.text_input(t("ui_scenario.author", lang), st.session_state.get("author", held.draft.author))
        closed = st.checkbox(t("ui_scenario.closed", lang), help=t("ui_scenario.closed_help", lang))
        if not st.form_submit_button(t("ui_scenario.save_now", lang), type="primary"):
            return
        plain = plain_name(name)
        same = held.entry is not None and held.based_on > 0 and plain == held.entry.draft.name
        draft = replace(held.draft, name=plain, title=title.strip() or plain, dataset=choice.run.config.name)
        try:
            lab.scenario(draft)
            key = save(
                draft, library(choice.run.header), author=author, based_on=held.based_on if same else 0, closed=closed
            )
        except ConflictError as error:
            st.error(error.text(lang))
            st.caption(t("ui_scenario.conflict", lang))
            return
        except InputError as error:
            st.error(t("ui_scenario.not_saved", lang, problems=_problems(error, lang)))
            return
        except StoreError as error:
            st.error(error.text(lang))
            return
        st.session_state["author"] = author
        st.toast(t("ui_scenario.saved", lang, title=draft.title))
    _reload(held, key, choice)


def _reload(held: Bench, key: str, choice: Choice) -> None:
    """Take up the version that was saved."""
    dataset = session(choice.run.header).dataset
    listed, _ = entries(dataset, library(choice.run.header))
    held.entry = entry_of(key, listed, dataset, library(choice.run.header))
    held.based_on = held.entry.version if held.entry else 0
    if held.entry:
        revise(held, held.entry.draft)
    st.rerun()


def _share(held: Bench, choice: Choice) -> None:
    lang, header = choice.lang, choice.run.header
    with st.popover(t("ui_scenario.share", lang), icon=":material/link:"):
        st.caption(t("ui_scenario.share_help", lang))
        params = {**st.query_params.to_dict(), "run": header.run_id}
        base = (st.context.url or "").split("?")[0]
        st.code(f"{base}?{urlencode(params)}", language=None, wrap_lines=True)
        if held.entry and held.entry.version:
            st.markdown(f"**{t('ui_scenario.versions', lang)}**")
            for one in versions(held.entry.draft.name, library(choice.run.header))[:8]:
                st.caption(
                    t(
                        "ui_scenario.version_line",
                        lang,
                        version=one.version,
                        author=one.author,
                        at=f"{one.saved_at.astimezone():%Y-%m-%d %H:%M}",
                        hash=one.content_hash[:8],
                    )
                )


# Results


def _valid(held: Bench, lab: Session, lang: Lang) -> Scenario:
    """The scenario as edited, or the last that could be evaluated, with what is wrong."""
    try:
        held.last = lab.scenario(held.draft)
    except InputError as error:
        st.error(_problems(error, lang))
        st.caption(t("ui_scenario.last_valid", lang))
    except ForecastError as error:
        st.error(error.text(lang))
    return held.last or lab.scenario(replace(held.draft, actions=(), off=frozenset()))


def _problems(error: InputError, lang: Lang) -> str:
    """Everything that is wrong with a draft, without places: it has no lines."""
    prefixes = (f"{one.where(lang)}{t('problems.colon', lang)}" for one in error.problems)
    texts = [one.text(lang).removeprefix(prefix) for one, prefix in zip(error.problems, prefixes, strict=True)]
    return "\n".join(f"- {text}" for text in texts)


def _results(shown: Scenario, lab: Session, choice: Choice) -> None:
    lang = choice.lang
    base, result = lab.evaluate([shown])
    if lab.synthetic(shown):
        st.html(f'<p class="dabiao-synthetic" role="note">{escape(t("scenario.synthetic", lang))}</p>')
    st.html(f'<p class="dabiao-sentence small">{escape(expected_text(base, result, choice.criterion, lang))}</p>')
    caption, constant = t("ui_scenario.table_caption", lang, title=shown.title), t("report.title_constant", lang)
    average = result_grid(base, result, choice.unit, choice.page, caption=caption)
    if average.rows:
        st.html(html.labelled(average))
    others = result_grid(base, result, choice.unit, choice.page, caption=constant, average=False)
    if others.rows:
        with st.expander(constant, expanded=not average.rows):
            st.html(html.labelled(others))
    st.html(f'<p class="dabiao-rule">{escape(_notes(result, shown, lang))}</p>')


def _notes(result: Result, shown: Scenario, lang: Lang) -> str:
    parts = [t("scenario.note_additionality", lang)]
    parts += [
        t("scenario.note_overlap", lang, scenario=shown.title, actions=t("glossary.and", lang).join(group))
        for group in result.overlaps
    ]
    return t("ui.space", lang).join(parts)


def _contributions(shown: Scenario, lab: Session, choice: Choice) -> None:
    lang = choice.lang
    if not shown.actions or not st.toggle(t("ui_scenario.show_contributions", lang), key="contributions"):
        return
    _, result = lab.evaluate([shown])
    cases = result_cases(result, choice.unit)
    if not cases:
        return
    names = {key: words.indicator_name(key, case.name_zh, lang) for key, case in cases.items()}
    chosen = st.selectbox(
        t("ui_scenario.contribution_of", lang),
        list(cases),
        index=list(cases).index(most_moved(result, choice.unit, choice.criterion) or next(iter(cases))),
        format_func=lambda one: names[one],
        key="contribution-of",
    )
    with st.spinner(t("ui_scenario.computing", lang)):
        found = lab.contributions(shown)
        spread = lab.ranges(shown).get(cases[chosen].key)
    st.html(html.labelled(contribution_page(result, found, cases[chosen], lab.dataset, choice.page)))
    event = words.event_name(choice.criterion, lang)
    st.caption(t("ui_scenario.help_contributions", lang, event=event))
    outcome = next(o for o in result.outcomes if o.case.key == cases[chosen].key)
    if text := range_text(spread, outcome, choice.criterion, lang):
        st.caption(text)


def _comparison(held: Bench, shown: Scenario, listed: Sequence[Entry], lab: Session, choice: Choice) -> None:
    lang, by_key = choice.lang, {one.key: one for one in listed}
    st.html(f'<h2 class="dabiao-part">{escape(t("ui_scenario.compare", lang))}</h2>')
    if "compare" not in st.session_state and (asked := get("compare")):
        keys = asked.split(",")
        st.session_state["compare"] = [one for one in keys if one in by_key][:MOST_COMPARED]
        for gone in (one for one in keys if one not in by_key):
            st.warning(t("ui_scenario.link_scenario", lang, value=gone))
    chosen = st.multiselect(
        t("ui_scenario.compare_with", lang),
        list(by_key),
        format_func=lambda one: _label(by_key[one], lang) if one in by_key else one,
        key="compare",
        max_selections=MOST_COMPARED,
        persist_state="session",
        placeholder=t("ui_scenario.compare_none", lang),
    )
    put("compare", ",".join(chosen) or None)
    if not chosen:
        return
    with_bench = held.changed or not (held.entry and held.entry.key in chosen)
    several = [shown] if with_bench and shown.actions and len(chosen) < MOST_COMPARED else []
    several += [lab.scenario(by_key[one].draft) for one in chosen]
    results = lab.evaluate(several)
    st.html(html.labelled(side_grid(results, choice.unit, choice.page)))
    if any(lab.synthetic(one) for one in several):
        st.caption(t("scenario.synthetic", lang))
