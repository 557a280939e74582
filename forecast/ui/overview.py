"""总览: the page for leaders, on one screen and on one printed page.

Why probabilities moved: split by a job in a process of its own, since it takes refits; kept beside the runs.

Invariant: a page is drawn at once, with the facts of ``moved`` until the split is there
(held by ``tests/test_app_overview.py``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Final

import streamlit as st
from pydantic import TypeAdapter
from streamlit import runtime

from forecast import __version__
from forecast.answers.chances import Criterion
from forecast.errors import ForecastError
from forecast.files import write_whole
from forecast.news.news import News
from forecast.periods import AsOf
from forecast.report import html
from forecast.runs.datasets import Shelf
from forecast.runs.store import Header, Store, home
from forecast.runs.store.registry import earlier
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
from forecast.ui.jobs import REQUEST, JobStatus, jobs, start
from forecast.ui.kept import headers, moved

KIND: Final = "news"
EVERY: Final = 2.0
"""Seconds between two looks at whether a split is there."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """A split of changes: there, on its way, or neither (news None, running False)."""

    news: News | None = None
    running: bool = False


def _place(before: str, after: str) -> Path:
    """Where the split between two runs is kept, by their checksums and the version that made it."""
    name = hashlib.sha256(f"{before}\n{after}\n{__version__}".encode()).hexdigest()[:24]
    return home() / "news" / f"{name}.json"


@cache
def _form() -> TypeAdapter[News]:
    return TypeAdapter(News)


def earlier_of(header: Header, kept: Sequence[Header]) -> Header | None:
    """The run to compare with; runs of data that were taken back do not count."""
    return earlier(header, kept, Shelf().undone(header.identity))


def split_between(before: Header, after: Header, criterion: Criterion = Criterion.NEAR) -> Split:
    """The split of the changes between two runs; begun if it was not, where a server runs that can wait for it.

    criterion : what it is to speak of: both runs' numbers are there of either
    """
    place = _place(before.checksum, after.checksum)
    if place.is_file():
        return Split(news=replace(_read(str(place)), criterion=criterion))
    if not runtime.exists():
        return Split()
    mine = [job for job in jobs() if job.kind == KIND and _options(job.folder).get("place") == place.name]
    if not mine:
        start(
            KIND,
            home(),
            name=after.place,
            before=before.run_id,
            after=after.run_id,
            place=place.name,
        )
        return Split(running=True)
    return Split(running=mine[0].status is JobStatus.RUNNING)


def _options(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / REQUEST).read_text(encoding="utf-8"))["options"])
    except (OSError, ValueError, KeyError):
        return {}


@st.cache_resource(show_spinner=False, max_entries=8)
def _read(place: str) -> News:
    return _form().validate_json(Path(place).read_bytes())


def read_split(name: str) -> News:
    """A kept split by the name of its file."""
    return _form().validate_json((home() / "news" / name).read_bytes())


def kept_split(before: Header, after: Header) -> str:
    """Name of the file of a split; empty where it is not there."""
    place = _place(before.checksum, after.checksum)
    return place.name if place.is_file() else ""


@st.fragment(run_every=EVERY)
def wait_for(before: Header, after: Header, lang: Lang) -> None:
    """Say that a split is on its way; draw the page anew when it is there, or will not come."""
    if not split_between(before, after).running:
        st.rerun()
    st.caption(t("ui_overview.news_running", lang))


def work_news(options: dict[str, Any], progress: Callable[[str, int, int], None]) -> dict[str, str]:
    """What the job does: split and keep."""
    from forecast.news.news import kept_side, news  # brings the model, which who only looks needs none of

    store = Store()
    sides = [kept_side(store.open(options[name])) for name in ("before", "after")]
    found = news(*sides, progress=progress)
    place = home() / "news" / options["place"]
    write_whole(place, _form().dump_json(found))
    return {"run_id": options["after"]}


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
