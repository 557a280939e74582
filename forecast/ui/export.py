"""Export: one button on every page, one dialog; everything that ``dabiao report`` makes, with the scenario in use.

What the job behind the export dialog does: everything that ``dabiao report`` makes, and a zip of it.

Invariant: the files are those of ``write_reports`` on the same run and scenario (held by ``tests/test_app_export.py``).
"""

from __future__ import annotations

import json
import shutil
import uuid
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import streamlit as st

from forecast.answers.chances import Criterion
from forecast.data.dataset import Dataset
from forecast.errors import ForecastError
from forecast.files import replacing, write_whole
from forecast.runs.session import Wanted, chance_of, wanted
from forecast.runs.store import Store, home
from forecast.scenario.drafting import to_yaml
from forecast.tables import words
from forecast.tasks.breakdown import INDICATORS, Method, stated_increment
from forecast.texts import Lang, t
from forecast.ui.bench import working
from forecast.ui.choice import ON, Choice, state
from forecast.ui.jobs import REQUEST, Job, JobStatus, jobs, show_job, start
from forecast.ui.kept import data_of, headers, records
from forecast.ui.overview import earlier_of, kept_split

FOLDER: Final = "files"
ZIP: Final = "reports.zip"
MOST_KEPT: Final = 10
"""Exports whose files stay."""
FIXED: Final = (1980, 1, 1, 0, 0, 0)
"""Time of every entry of the zip: the same files, the same bytes."""


def work_report(options: dict[str, Any], progress: Callable[[str, int, int], None]) -> dict[str, str]:
    """Write reports, kind after kind, so that the reader sees how far it is.

    options : run, kinds, by ("" for none), pdf, lang, scenario (YAML, "" for none), backtest (folder, "" for none),
        news (name of a kept split, "" for none), place (folder of the store to write to), asked (``asked_state``)
    """
    from forecast.report.export import By, Kind, ReportRequest, write_reports
    from forecast.report.files import read_backtest
    from forecast.tables.dossier import gather
    from forecast.ui.overview import read_split

    lang = options["lang"]
    place = home() / "exports" / options["place"]
    out = place / FOLDER
    out.mkdir(parents=True, exist_ok=True)
    kinds = [kind for kind in Kind if kind.value in options["kinds"]]
    progress(t("ui_export.gathering", lang), 0, len(kinds) + 1)
    kept = Store().open(options["run"])
    scenarios = _scenarios(options["scenario"], place)
    run = kept.run().speaking(Criterion(options["event"]) if options.get("event") else None)
    asked: Mapping[str, str] = options.get("asked", {})
    dossier = gather(
        run,
        scenarios,
        wanted=asked_tasks(run.dataset, {key: value for key, value in asked.items() if key in TASKS}),
        wishes=parts_of(asked, "wish"),
        settings=asked.get("levers", ""),
        beyond=asked.get("beyond") == ON,
        given=[asked["given"]] if "given" in asked else (),
        backtest=read_backtest(Path(options["backtest"])) if options["backtest"] else None,
        news=replace(read_split(options["news"]), criterion=run.attainment.criterion) if options["news"] else None,
    )
    request = ReportRequest(lang=lang, pdf=options["pdf"])
    for k, kind in enumerate(kinds):
        progress(t(f"ui_export.kind_{kind.value}", lang), k + 1, len(kinds) + 1)
        by = By(options["by"]) if options["by"] and kind is kinds[0] else None
        write_reports(dossier, out, replace(request, kinds=frozenset({kind}), by=by))
    _zipped(out, place / ZIP)
    _tidy(place.parent)
    return {"run_id": options["run"]}


TASKS: Final = ("task", "criterion", "chance", "method", "task-increment", "locks")
"""What the page of tasks holds in the address."""


ASKED: Final = (*TASKS, "wish", "levers", "beyond", "given")
"""What an export takes along of the address, beside run and scenario."""


def asked_state() -> dict[str, str]:
    """What the reader asked of all pages, as the address has it; empty for the usual."""
    return state(*ASKED)


def parts_of(asked: Mapping[str, str], key: str) -> list[str]:
    """Locks or wishes, one by one."""
    return [text for text in asked.get(key, "").split(";") if text]


def asked_tasks(dataset: Dataset, state: Mapping[str, str]) -> Wanted | None:
    """The breakdown as the page shows it: its indicator first, all locks kept; None for the usual.

    Raises
    ------
    UsageError
        A lock or a number cannot be read.
    """
    if not state:
        return None
    known = [name for name in INDICATORS if name in dataset.panel.indicators]
    first = state.get("task", known[0] if known else "")
    asked = wanted(
        dataset,
        indicators=[name for name in (first, *known) if name],
        criterion=Criterion(state.get("criterion", Criterion.NEAR.value)),
        wish=chance_of(state.get("chance", "50")),
        method=Method(state.get("method", Method.CAPACITY.value)),
        holds=parts_of(state, "locks"),
    )
    stated = state.get("task-increment")
    return replace(asked, increments={first: stated_increment(first, float(stated))}) if stated else asked


def _tidy(folder: Path) -> None:
    """Remove all but the newest exports: they can be made again."""
    newest = sorted(folder.iterdir(), key=lambda path: -path.stat().st_mtime_ns)
    for old in newest[MOST_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def _scenarios(text: str, place: Path) -> tuple[Path, ...]:
    if not text:
        return ()
    file = place / "scenario.yaml"
    write_whole(file, text)
    return (file,)


def files_of(place: str) -> list[Path]:
    """Files of a finished export, the ones to open first; empty where it is gone."""
    out = home() / "exports" / place / FOLDER
    found = [path for path in out.rglob("*") if path.is_file()] if out.is_dir() else []
    return sorted(found, key=lambda path: (len(path.relative_to(out).parts), path.name))


def _zipped(out: Path, to: Path) -> None:
    """One file of all."""
    with replacing(to) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(out.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(out).as_posix(), FIXED)
                entry.compress_type = zipfile.ZIP_DEFLATED
                packed.writestr(entry, path.read_bytes())


KINDS: Final = ("workbook", "brief", "scheme", "charts", "data")
OPEN: Final = "export-open"
"""Whether the dialog is open: the page below is drawn anew whenever a job ends, and the dialog must outlast that."""
NOBODY: Final = ""
RECIPIENTS: Final = (NOBODY, "team", "county")
FIRST: Final = 12
"""Files with a button of their own; the zip has all."""


def export_button(choice: Choice) -> None:
    """The button, for the sidebar of every page."""
    if st.button(t("ui_export.button", choice.lang), icon=":material/download:", key="export", width="stretch"):
        st.session_state[OPEN] = True
    if st.session_state.get(OPEN):
        _dialog(choice)


def _closed() -> None:
    st.session_state[OPEN] = False


@st.dialog(" ", width="medium", on_dismiss=_closed)
def _dialog(choice: Choice) -> None:
    lang = choice.lang
    st.subheader(t("ui_export.title", lang))
    try:
        now = working(choice)
    except ForecastError as error:
        st.error(error.text(lang))
        return
    draft = now.held.draft if now is not None and now.held.draft.counted else None
    title = draft.title or draft.name if draft else t("scenario.baseline", lang)
    st.caption(t("ui_export.about", lang, run=choice.run.header.run_id, scenario=title))
    for said in _asked_texts(choice):
        st.caption(said)
    kinds = st.pills(
        t("ui_export.kinds", lang),
        KINDS,
        default=KINDS,
        selection_mode="multi",
        format_func=lambda one: t(f"ui_export.kind_{one}", lang),
        key="export-kinds",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = st.selectbox(
            t("ui_export.by", lang),
            RECIPIENTS,
            format_func=lambda one: t(f"ui_export.by_{one or 'none'}", lang),
            key="export-by",
        )
        pdf = st.toggle(t("ui_export.pdf", lang), key="export-pdf")
    if st.button(t("ui_export.make", lang), type="primary", disabled=not kinds, key="export-make"):
        earlier = earlier_of(choice.run.header, headers())
        start(
            "report",
            home(),
            name=choice.run.config.name_zh,
            run=choice.run.header.run_id,
            kinds=list(kinds),
            by=by or NOBODY,
            pdf=pdf,
            lang=lang,
            event=choice.criterion.value,
            scenario=to_yaml(draft) if draft else "",
            backtest=_backtest(choice),
            news=kept_split(earlier, choice.run.header) if earlier else "",
            place=uuid.uuid4().hex[:12],
            asked=asked_state(),
        )
    _made(lang)


def _asked_texts(choice: Choice) -> list[str]:
    """What goes along beside the scenario: tasks and locks, wishes and levers, conditions."""
    asked, lang = asked_state(), choice.lang
    said = [_tasks_text(choice, asked)] if set(asked) & set(TASKS) else []
    if wishes := [*parts_of(asked, "wish"), *parts_of(asked, "levers")]:
        beyond = t("ui_export.beyond", lang) if asked.get("beyond") == ON else ""
        said.append(t("ui_export.wishes", lang, list=t("glossary.and", lang).join(wishes) + beyond))
    if "given" in asked:
        said.append(t("ui_export.given", lang, list=asked["given"]))
    return said


def _tasks_text(choice: Choice, state: Mapping[str, str]) -> str:
    """How tasks are broken down, and what is locked."""
    lang = choice.lang
    locks = parts_of(state, "locks")
    name = state.get("task", INDICATORS[0])
    known = choice.run.panel.indicators
    return t(
        "ui_export.tasks",
        lang,
        indicator=words.indicator_name(name, known[name].name_zh, lang) if name in known else name,
        criterion=t(f"ui_tasks.criterion_{state.get('criterion', Criterion.NEAR.value)}", lang),
        chance=state.get("chance", "50"),
        method=t(f"breakdown.method_{state.get('method', Method.CAPACITY.value)}", lang),
        locks=t("ui_export.locks", lang, list=t("glossary.and", lang).join(locks)) if locks else "",
    )


def _backtest(choice: Choice) -> str:
    """Folder of the newest backtest of the same data; empty without one."""
    header = choice.run.header
    return next(
        (
            str(one.folder)
            for one in records(header.identity, data_of(header.identity))
            if one.data_hash == header.data_hash
        ),
        "",
    )


def _made(lang: Lang) -> None:
    """The newest export: how far it is, or its files."""
    newest = next((job for job in jobs() if job.kind == "report"), None)
    if newest is None:
        return
    running = newest.status is JobStatus.RUNNING

    def draw() -> None:
        job = next((one for one in jobs() if one.folder == newest.folder), newest)
        show_job(job, lang, key="export")
        if job.status is JobStatus.DONE:
            _files(job, lang)

    st.fragment(draw, run_every="1s" if running else None)()


def _files(job: Job, lang: Lang) -> None:
    """Download all as one file, or the main ones singly."""
    place = _options(job.folder).get("place", "")
    packed = home() / "exports" / place / ZIP
    if not packed.is_file():
        st.caption(t("ui_export.gone", lang))
        return
    st.download_button(
        t("ui_export.zip", lang),
        packed.read_bytes(),
        file_name=t("ui_export.zip_name", lang, dataset=job.dataset),
        mime="application/zip",
        type="primary",
        icon=":material/folder_zip:",
        on_click="ignore",
        key=f"zip-{place}",
    )
    out = home() / "exports" / place / FOLDER
    found = files_of(place)
    for path in found[:FIRST]:
        st.download_button(
            path.relative_to(out).as_posix(),
            path.read_bytes(),
            file_name=path.name,
            type="tertiary",
            icon=":material/draft:",
            on_click="ignore",
            key=f"file-{place}-{path.relative_to(out).as_posix()}",
        )
    if len(found) > FIRST:
        st.caption(t("ui_export.more", lang, n=len(found) - FIRST))


def _options(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / REQUEST).read_text(encoding="utf-8"))["options"])
    except (OSError, ValueError, KeyError):
        return {}
