"""What the numbers rest on: what a data set holds, where every figure comes from, what is assumed, which runs are kept.

Also what a file of tables was understood to say, what an upload would change, and the worksheets 说明 and 数据.

Invariant: every row is a row of the data set with its file and row, or a cell of a file with what stands there; the
hashes are those of every table of the run (held by ``tests/test_app_data.py``, ``tests/test_grid.py`` and
``tests/test_report_sheets.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import pandas as pd

from forecast.data.dataset import Dataset, FileSummary, SeriesSummary, Summary
from forecast.data.intake import Addition, ReadFigure, Understood
from forecast.data.ledger import Assumptions, Coefficient
from forecast.data.panel import Config, Panel
from forecast.dims import from_percent, to_percent
from forecast.errors import Problem
from forecast.inference.priors import SCALE_BY_LEVEL
from forecast.runs.store import Header
from forecast.scenario.actions import ADDITIONALITY
from forecast.tables import attainment, words
from forecast.tables.dossier import Dossier, heading, sheet_of, subtitle, synthetic_ledger
from forecast.tables.kind import Kind, Value
from forecast.tables.notes import notes, plain_name
from forecast.tables.table import (
    Block,
    Column,
    Field,
    Grid,
    Look,
    Paper,
    Said,
    Sentence,
    Sheet,
    Show,
    Surface,
    Table,
    View,
    filed,
)
from forecast.texts import Lang, catalogue, t

_FLUSH: Final = (0, 0, 0, 0)
_TEXT: Final = Kind.TEXT


PAGE, SCREEN = ((surface, "ui_data.column_") for surface in (Surface.PAGE, Surface.TERMINAL))
STORE = (Surface.TERMINAL, "store.head_")
READ_BACK = tuple((surface, "cli.understood_") for surface in (Surface.PAGE, Surface.TERMINAL))
"""Where a column is read, and the beginning of the key of its heading there."""


def _col[R](
    name: str,
    says: Callable[[R, View], Said],
    *on: tuple[Surface, str],
    left: bool = True,
    fold: bool = False,
) -> Column[R]:
    """A column of people only."""
    return Column(name, on={at: Show(head=f"{key}{name}", says=says, left=left, fold=fold) for at, key in on})


@dataclass(frozen=True, slots=True)
class InPanel[T]:
    """A row, and the panel that knows its places and indicators."""

    of: T
    panel: Panel

    def place(self, unit: str, lang: Lang) -> str:
        """Name of a place; its id where it is not known."""
        return words.unit_name(self.panel.units[unit], lang) if unit in self.panel.units else unit

    def indicator(self, name: str, lang: Lang) -> str:
        """Name of an indicator; its id where it is not known."""
        known = self.panel.indicators.get(name)
        return words.indicator_name(name, known.name_zh, lang) if known else name


def _word(kind: str, value: str, lang: Lang) -> str:
    return catalogue(lang).get(f"ui_data.{kind}_{value}", value)


# What a data set holds


def _statuses(one: FileSummary, view: View) -> str:
    named = [
        f"{_word('status', status, view.lang) if view.surface is Surface.PAGE else status} {n}"
        for status, n in one.statuses.items()
    ]
    return t("glossary.and", view.lang).join(named)


def _counted(value: Callable[[FileSummary], int]) -> Callable[[FileSummary, View], Said]:
    """A number that a terminal leaves out where it is nought."""
    return lambda one, view: value(one) if view.surface is Surface.PAGE else str(value(one) or "")


HELD: Final[tuple[Column[FileSummary], ...]] = (
    _col("table", lambda r, v: _word("table", r.table, v.lang), PAGE),
    _col("file", lambda r, _: r.file, PAGE, SCREEN),
    _col("rows", lambda r, _: r.rows, PAGE, SCREEN, left=False),
    _col("statuses", _statuses, PAGE, SCREEN),
    _col("masked", _counted(lambda r: r.masked), PAGE, SCREEN, left=False),
    _col("revisions", _counted(lambda r: r.revisions), PAGE, SCREEN, left=False),
)
REACHED: Final[tuple[Column[InPanel[SeriesSummary]], ...]] = (
    _col("indicator", lambda r, v: r.indicator(r.of.indicator, v.lang), PAGE, SCREEN),
    _col("unit", lambda r, v: r.place(r.of.unit, v.lang), PAGE, SCREEN),
    _col("figures", lambda r, _: r.of.figures, PAGE, SCREEN, left=False),
    _col("this_year", lambda r, _: r.of.this_year, PAGE, SCREEN, left=False),
    _col("span", lambda r, _: f"{r.of.first_period} – {r.of.last_period}", SCREEN),
    _col("first", lambda r, _: r.of.first_period, PAGE),
    _col("last", lambda r, _: r.of.last_period, PAGE),
)


def files_table(read: Summary) -> Table[FileSummary]:
    """What every file holds."""
    return Table(name="files", columns=HELD, rows=read.files)


def series_table(read: Summary, panel: Panel, *, units: Sequence[str] | None = None) -> Table[InPanel[SeriesSummary]]:
    """How far every series reaches; ``units``: of these places only."""
    rows = [InPanel(one, panel) for one in read.series if units is None or one.unit in units]
    return Table(name="series", columns=REACHED, rows=rows)


def summary_blocks(dataset: Dataset, read: Summary, lang: Lang) -> list[Block]:
    """Entries of every file, reach of every indicator of city and province, what was left aside or understood."""
    config, view = dataset.config, View(lang=lang, surface=Surface.TERMINAL)
    reach = series_table(read, dataset.panel, units=(config.city, config.province))
    lines = [one.text(lang) for one in dataset.warnings()]
    lines.append(t("cli.doubted", lang, n=len(dataset.doubts)) if dataset.doubts else t("cli.valid", lang))
    return [
        files_table(read).grid(view, caption=t("cli.files", lang, name=config.name_zh), look=Look.FRAMED),
        reach.grid(view, caption=t("cli.reach", lang, as_of=config.as_of), look=Look.FRAMED),
        *(Sentence(line, pad=_FLUSH) for line in lines),
    ]


def warnings_document(warnings: Iterable[Problem], lang: Lang) -> list[dict[str, object]]:
    """Figures in doubt, and what was left aside or understood in its own way, for programs."""
    return [
        {
            "code": one.code,
            "file": one.file,
            "row": one.row,
            "cell": one.column,
            **{key: value for key, value in one.params.items() if key != "list"},
            "text": one.text(lang),
        }
        for one in warnings
    ]


def _problem(one: Problem, view: View) -> str:
    """What is wrong, without where."""
    return one.text(view.lang).removeprefix(f"{one.where(view.lang)}{t('problems.colon', view.lang)}")


PROBLEMS: Final[tuple[Column[Problem], ...]] = (
    _col("where", lambda r, v: r.where(v.lang), PAGE),
    _col("problem", _problem, PAGE),
)


def problems_table(problems: Sequence[Problem]) -> Table[Problem]:
    """What is wrong, and where."""
    return Table(name="problems", columns=PROBLEMS, rows=problems)


# Figures


type Observed = InPanel[Mapping[Any, Any]]
"""A row of the observations, by name of its column."""


def _released(one: Observed, view: View) -> str:
    by_rule = t("ui_data.by_rule", view.lang) if one.of["released_rule"] else ""
    return f"{one.of['released']}{by_rule}"


FIGURES: Final[tuple[Column[Observed], ...]] = (
    _col("indicator", lambda r, v: r.indicator(r.of["indicator"], v.lang), PAGE),
    _col("unit", lambda r, v: r.place(r.of["unit"], v.lang), PAGE),
    _col("period", lambda r, _: str(r.of["period"]), PAGE),
    _col("measure", lambda r, v: _word("measure", str(r.of["measure"]), v.lang), PAGE),
    _col("value", lambda r, _: r.of["value"], PAGE),
    _col("released", _released, PAGE),
    _col("status", lambda r, v: _word("status", str(r.of["status"]), v.lang), PAGE),
    _col("source", lambda r, _: r.of["source"], PAGE),
    _col("file", lambda r, _: r.of["file"], PAGE),
    _col("row", lambda r, _: r.of["row"], PAGE),
)


def figures_table(panel: Panel, *, indicator: str | None, unit: str | None) -> Table[Observed]:
    """Figures as they were read, each with its release day and source; of one indicator or place, or of all."""
    rows = panel.observations
    for name, wanted in (("indicator", indicator), ("unit", unit)):
        rows = rows if wanted is None else rows[rows[name] == wanted]
    return Table(name="figures", columns=FIGURES, rows=[InPanel(row, panel) for row in rows.to_dict("records")])


ADDITIONS: Final[tuple[Column[InPanel[Addition]], ...]] = (
    _col("indicator", lambda r, v: r.indicator(r.of.indicator, v.lang), PAGE),
    _col("unit", lambda r, v: r.place(r.of.unit, v.lang), PAGE),
    _col("period", lambda r, _: str(r.of.period), PAGE),
    _col("measure", lambda r, v: _word("measure", r.of.measure, v.lang), PAGE),
    _col("value", lambda r, _: r.of.value, PAGE),
    _col("revises", lambda r, _: r.of.revises, PAGE),
    _col("released", lambda r, v: str(r.of.released or t("ui_data.usual_day", v.lang)), PAGE),
    _col("file", lambda r, _: r.of.file, PAGE),
    _col("at", lambda r, _: r.of.cell or str(r.of.row), PAGE),
)


def additions_table(additions: Sequence[Addition], panel: Panel) -> Table[InPanel[Addition]]:
    """Figures that an upload brings, and which of them replace one."""
    return Table(name="additions", columns=ADDITIONS, rows=[InPanel(one, panel) for one in additions])


def _read_indicator(one: ReadFigure, view: View) -> str:
    return one.indicator_known or f"{one.indicator} {t('cli.understood_unknown', view.lang)}"


def _read_place(one: ReadFigure, _: View) -> str:
    same = not one.place_known or one.place_known == one.place
    return one.place if same else f"{one.place} ({one.place_known})"


def _read_measure(one: ReadFigure, view: View) -> str:
    measure = t(f"cli.measure_{one.measure}", view.lang)
    amount = one.measure.startswith("level") and one.unit and not one.unit.endswith("元")
    return f"{measure} {one.unit}" if amount else measure


READ: Final[tuple[Column[ReadFigure], ...]] = (
    _col("cell", lambda r, _: r.cell.partition("!")[2], *READ_BACK),
    _col("indicator", _read_indicator, *READ_BACK),
    _col("unit", _read_place, *READ_BACK),
    _col("month", lambda r, _: str(r.period), *READ_BACK),
    _col("measure", _read_measure, *READ_BACK),
    _col("value", lambda r, _: "" if r.value is None else f"{r.value:g}", *READ_BACK, left=False),
    _col("written", lambda r, _: r.written, *READ_BACK),
)
"""What a file of tables says, cell by cell."""


def understood_tables(read: Understood, lang: Lang) -> list[tuple[str, Table[ReadFigure]]]:
    """A table a sheet, with its title."""
    return [
        (
            t("cli.understood_title", lang, sheet=sheet, n=count),
            Table(name="understood", columns=READ, rows=[one for one in read.figures if one.sheet == sheet]),
        )
        for sheet, count in read.sheets.items()
    ]


def understood_blocks(read: Understood, lang: Lang) -> list[Block]:
    """One table a sheet, then what was left aside and what is wrong."""
    out: list[Block] = []
    for caption, table in understood_tables(read, lang):
        out.append(table.grid(View(lang=lang, surface=Surface.TERMINAL), caption=caption, look=Look.FRAMED))
    lines = [one.text(lang) for one in (*read.problems, *read.remarks)]
    lines += [t("cli.understood_next", lang)] if read.figures and not read.problems else []
    return out + [Sentence(line, pad=_FLUSH) for line in lines]


def understood_document(read: Understood, lang: Lang) -> dict[str, Any]:
    """Everything for programs."""
    return {
        "ok": not read.problems,
        "file": read.file,
        "sheets": dict(read.sheets),
        "unread": list(read.unread),
        "figures": [asdict(one) | {"period": str(one.period)} for one in read.figures],
        "remarks": [{"code": one.code, "text": one.text(lang)} for one in read.remarks],
        "problems": [
            {"code": one.code, "row": one.row, "cell": one.column, "text": one.text(lang)} for one in read.problems
        ],
    }


# Assumptions


@dataclass(frozen=True, slots=True)
class Assumed:
    """A row: what is assumed and not measured; ``spread``: one standard deviation, None without."""

    what: str
    about: str
    value: float | None
    spread: float | None
    status: str
    source: str


def _short(value: float | None) -> str:
    return "" if value is None or pd.isna(value) else f"{float(value):.4g}"


ASSUMED: Final[tuple[Column[Assumed], ...]] = (
    _col("what", lambda r, _: r.what, PAGE),
    _col("about", lambda r, _: r.about, PAGE),
    _col("value", lambda r, _: _short(r.value), PAGE),
    _col("spread", lambda r, _: _short(r.spread), PAGE),
    _col("status", lambda r, v: _word("status", r.status, v.lang), PAGE),
    _col("source", lambda r, _: r.source, PAGE),
)


def assumptions_table(dataset: Dataset, lang: Lang) -> Table[Assumed]:
    """What is assumed and not measured, each with its value, its spread and where it comes from."""
    rows = [*_rules(dataset.config, lang), *_coefficients(lang), *_measured(dataset.panel, lang)]
    return Table(name="assumptions", columns=ASSUMED, rows=rows)


def _rules(config: Config, lang: Lang) -> Iterator[Assumed]:
    """The evidence gate and the rules of the lights."""
    source, rule = t("ui_data.source_config", lang), config.evidence
    for name in ("limited_from", "ample_from"):
        yield Assumed(t(f"ui_data.assume_{name}", lang), "", getattr(rule, name), None, "set", source)
    for light in config.lights.values():
        for name in ("green_from", "yellow_from"):
            yield Assumed(t(f"ui_data.assume_{name}", lang), light.rule, getattr(light, name), None, "set", source)


def _coefficients(lang: Lang) -> Iterator[Assumed]:
    """Coefficients of scenarios, which a scenario file may override."""
    source, usual = t("ui_data.source_default", lang), Assumptions()
    for kind, share in ADDITIONALITY.items():
        what, about = t("scenario.assume_additionality", lang), t(f"scenario.type_{kind}", lang)
        yield Assumed(what, about, share, None, "set", source)
    for name in ("value_added_per_output", "construction_share", "usual_completion", "correlation"):
        value = getattr(usual, name)
        mean, spread = (value.mean, value.sd) if isinstance(value, Coefficient) else (value, None)
        yield Assumed(t(f"scenario.assume_{name}", lang), "", mean, spread, "set", source)


def _measured(panel: Panel, lang: Lang) -> Iterator[Assumed]:
    """Elasticities and ceilings of industries, levels and shares of last year, each with its file and row."""

    def assumed(what: str, about: str, value: float, spread: float | None, row: Mapping[Any, Any]) -> Assumed:
        source = t("ui_data.source_at", lang, **{name: row[name] for name in ("source", "file", "row")})
        return Assumed(what, about, value, spread, row["status"], source)

    for row in panel.industries.to_dict("records"):
        for name, spread in (("elasticity", row["elasticity_sd"]), ("cap_pp", None)):
            yield assumed(t(f"ui_data.assume_{name}", lang), row["name_zh"], row[name], spread, row)
    for row in panel.bases.to_dict("records"):
        known = InPanel(row, panel)
        about = f"{known.place(row['unit'], lang)} {known.indicator(row['indicator'], lang)}"
        for name in ("base_level_yi", "share_of_parent"):
            if pd.notna(row[name]):
                what = t(f"ui_data.assume_{name}", lang, year=row["base_year"])
                yield assumed(what, about, row[name], from_percent(row["sd_pct"]) * row[name], row)


# Kept runs

KEPT: Final[tuple[Column[Header], ...]] = (
    _col("run", lambda r, _: r.run_id, STORE, fold=True),
    _col("city", lambda r, _: r.place, STORE),
    _col("as_of", lambda r, _: r.as_of, STORE),
    _col("kept_at", lambda r, _: r.kept_at.astimezone().strftime("%Y-%m-%d %H:%M"), STORE),
    _col("status", lambda r, v: t(f"store.status_{r.status}", v.lang), STORE),
)


def kept_grid(headers: Sequence[Header], place: object, lang: Lang) -> Grid:
    """Kept runs, the newest first; ``place``: of the store."""
    table = Table(name="runs", columns=KEPT, rows=headers)
    caption = t("store.list_title", lang, place=place)
    return table.grid(View(lang=lang, surface=Surface.TERMINAL), caption=caption, look=Look.RULED)


# Worksheets


@dataclass(frozen=True, slots=True)
class Fact:
    """A row of 说明: the key of what is told, and the text."""

    item: str
    content: str


EXPLAINED: Final[tuple[Column[Fact], ...]] = (
    Column("item", on={Surface.SHEET: Show(says=lambda r, v: t(f"reports.about_{r.item}", v.lang), widest=20)}),
    Column("content", value=lambda r: r.content, on={Surface.SHEET: Show(widest=120)}),
)


def explanation_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """As of when, from which figures, by which method and rules; how much is synthetic; what is missing."""
    rows = [Fact(name, text) for name, text in _facts(dossier, lang)]
    rows += [Fact("rule", line) for line in notes(dossier.run.attainment, lang)]
    rows += [Fact("source", line) for line in _sources(dossier, lang)]
    ledger = synthetic_ledger(dossier.run)
    table = Table(name="explanation", columns=EXPLAINED, rows=rows, rests=lambda _: ledger)
    return sheet_of(table, dossier, lang, frozen=0)


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


EXACT: Final = {
    Kind.PERCENT: Kind.FINE_PERCENT,
    Kind.POINTS: Kind.FINE_POINTS,
    Kind.PROBABILITY: Kind.SHARE,
    Kind.SHARE: Kind.SHARE,
    Kind.PERCENTILE: Kind.PERCENT,
    Kind.COUNT: Kind.RATIO,
    Kind.WHOLE: Kind.WHOLE,
}
"""Kinds of the columns of result files on a worksheet; texts otherwise."""


def data_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """数据: ``attainment.csv`` as it is: exact probabilities, errors, provenance of every row."""
    frame = dossier.tables["attainment"]
    fields = tuple(
        Field(
            name=column.name,
            kind=EXACT.get(column.kind, _TEXT),
            label=column.name,
            told=column.meaning(lang),
            widest=24,
        )
        for column in filed(attainment.COLUMNS)
    )
    return Sheet(
        name="data",
        tab=t("reports.tab_data", lang),
        title=heading("data", dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=fields,
        rows=tuple(tuple(_plain(value) for value in row) for row in frame.itertuples(index=False, name=None)),
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
