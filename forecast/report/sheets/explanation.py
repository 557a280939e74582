"""说明: what the numbers rest on; 数据: the exact answers for programs and for checking.

Invariant: the hashes are those of every table of the run (held by ``tests/test_report_sheets.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd

from forecast.dims import to_percent
from forecast.inference.priors import SCALE_BY_LEVEL
from forecast.tables import words
from forecast.tables.dossier import Dossier, heading, subtitle
from forecast.tables.kind import Kind, Value
from forecast.tables.notes import notes, plain_name
from forecast.tables.schema import schema
from forecast.tables.table import Field, Paper, Sheet
from forecast.texts import Lang, t

MEASURES: Final = {
    Kind.PERCENT: Kind.FINE_PERCENT,
    Kind.POINTS: Kind.FINE_POINTS,
    Kind.PROBABILITY: Kind.SHARE,
    Kind.SHARE: Kind.SHARE,
    Kind.PERCENTILE: Kind.PERCENT,
    Kind.COUNT: Kind.RATIO,
    Kind.WHOLE: Kind.WHOLE,
}
"""Styles of the columns of result tables; texts otherwise."""


def explanation_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """As of when, from which figures, by which method and rules; how much is synthetic; what is missing."""
    rows = [(t(f"reports.about_{name}", lang), text) for name, text in _facts(dossier, lang)]
    rows += [(t("reports.about_rule", lang), line) for line in notes(dossier.run.attainment, lang)]
    rows += [(t("reports.about_source", lang), line) for line in _sources(dossier, lang)]
    return Sheet(
        name="explanation",
        tab=t("reports.tab_explanation", lang),
        title=heading("explanation", dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=(
            Field(name="item", kind=Kind.TEXT, widest=20),
            Field(name="content", kind=Kind.TEXT, widest=120),
        ),
        rows=tuple(rows),
        mark=dossier.mark(lang, ledger=True),
        frozen=0,
    )


def _facts(dossier: Dossier, lang: Lang) -> Iterator[tuple[str, str]]:
    run, source = dossier.run, dossier.provenance
    config = run.dataset.config
    yield "as_of", t("reports.fact_as_of", lang, as_of=run.paths.as_of.text, day=run.paths.as_of.day.isoformat())
    yield "action", str(config.first_action_month)
    yield "dataset", t("reports.fact_dataset", lang, name=config.name_zh, hash=source.data_hash)
    yield "run", source.run_id
    for result in dossier.scenarios:
        title = result.scenario.title or result.scenario.name
        yield "scenario", t("reports.fact_scenario", lang, title=title, hash=result.scenario.hash)
    yield (
        "method",
        t(
            "reports.fact_method",
            lang,
            method=run.paths.method,
            version=source.model_version,
            seed=source.seed,
            draws=run.request.draws,
        ),
    )
    scale = t("glossary.and", lang).join(f"{level} {value:g}" for level, value in SCALE_BY_LEVEL.items())
    yield (
        "assumptions",
        t(
            "reports.fact_assumptions",
            lang,
            coupling=words.correlations(run.paths.dependence, run.fits, lang),
            scale=scale,
        ),
    )
    if run.failures:
        names = run.dataset.panel.indicators
        yield "failures", t("glossary.and", lang).join(names[name].name_zh for name in run.failures)
    yield "synthetic", _synthetic(dossier, lang)
    yield "ledger", _ledger(dossier, lang)


def _synthetic(dossier: Dossier, lang: Lang) -> str:
    """Share of synthetic observations by indicator."""
    items = [
        f"{plain_name(g.main, lang)} {to_percent(g.main.synthetic_share):.0f}%"
        for g in dossier.goals
        if g.main.synthetic_share
    ]
    return t("glossary.and", lang).join(items) or t("reports.fact_no_synthetic", lang)


def _ledger(dossier: Dossier, lang: Lang) -> str:
    """Rows of every ledger, and how many are synthetic."""
    ledger = dossier.run.dataset.ledger
    items = []
    for name, frame in (
        ("projects", ledger.projects),
        ("enterprises", ledger.enterprises),
        ("pipeline", ledger.pipeline),
    ):
        made = int((frame["row_status"] == "synthetic").sum()) if "row_status" in frame.columns else 0
        items.append(t(f"reports.fact_ledger_{name}", lang, rows=len(frame), synthetic=made))
    return t("glossary.semicolon", lang).join(items)


def _sources(dossier: Dossier, lang: Lang) -> Iterator[str]:
    """Where the latest figure of the city and of the other came from, by indicator."""
    seen = dossier.observed[dossier.observed["measure"] == "cum_yoy_pct"]
    for goals in dossier.goals:
        row = goals.main
        for unit in (row.target.unit, row.benchmark):
            mine = seen[(seen["unit"] == unit) & (seen["indicator"] == row.target.indicator)]
            if unit is None or mine.empty:
                continue
            last = mine.iloc[-1]
            yield t(
                "reports.source_figure",
                lang,
                place=words.unit_name(dossier.run.attainment.units[unit], lang),
                indicator=plain_name(row, lang),
                months=words.months(last["period"], lang),
                growth=words.growth(float(last["value"]), lang),
                released=last["released"].isoformat(),
                source=last["source"],
            )


def data_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """``attainment.csv`` as it is: exact probabilities, errors, provenance of every row."""
    return raw_sheet("attainment", dossier.tables["attainment"], dossier, lang)


def raw_sheet(table: str, frame: pd.DataFrame, dossier: Dossier, lang: Lang) -> Sheet:
    """A result table with its fixed names as headings."""
    columns = schema(table)
    fields = tuple(
        Field(
            name=column.name,
            kind=MEASURES.get(column.kind, Kind.TEXT),
            label=column.name,
            told=column.meaning(lang),
            widest=24,
        )
        for column in columns
    )
    rows = tuple(
        tuple(_plain(value) for value in record)
        for record in frame[list(frame.columns)].itertuples(index=False, name=None)
    )
    return Sheet(
        name="data",
        tab=t("reports.tab_data", lang),
        title=heading("data", dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=fields,
        rows=rows,
        notes=(t("reports.note_data", lang),),
        mark=dossier.mark(lang),
        paper=Paper.A3,
        frozen=3,
    )


def _plain(value: object) -> Value:
    """A cell of a frame as a plain value; what does not exist is None."""
    if value is None or bool(pd.isna(value)):  # type: ignore[call-overload]
        return None
    if isinstance(value, str):
        return value
    number = float(value)  # type: ignore[arg-type]
    return int(number) if number.is_integer() and not isinstance(value, float) else number
