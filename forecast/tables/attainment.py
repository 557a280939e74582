"""Whether every target is met: one row a target, for file, terminal, page for leaders, workbook and brief.

Invariant: every surface shows the same field of ``Row``, in the words of ``forecast.tables.words``
(held by ``tests/test_report.py`` and ``tests/test_table.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from forecast.answers.attainment import Attainment
from forecast.answers.chances import SETTLED, Criterion, Status, Summary
from forecast.answers.evidence import Evidence, Figure
from forecast.answers.judgement import Light, Row
from forecast.data.target import TargetKind
from forecast.tables import words
from forecast.tables.kind import Kind, Value, spread_text
from forecast.tables.notes import OK, plain_name, why_not
from forecast.tables.table import Cell, Column, Provenance, Said, Show, Surface, Table, View
from forecast.texts import Lang, t

FILE, TERMINAL, PAGE = Surface.FILE, Surface.TERMINAL, Surface.PAGE
SHEET, CHANCES, BRIEF = Surface.SHEET, Surface.CHANCES, Surface.BRIEF
AVERAGE, CONSTANT, NOW, AHEAD = "average", "constant", "now", "ahead"
"""Parts of the terminal's table: against the average or against a constant, of today or of the year's end."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A row of the table: a target as it was judged, within its run; ``no``: its number where rows are numbered."""

    row: Row
    run: Attainment
    no: int


type _Says = Callable[[Judged, View], Said]


def _named(judged: Judged, view: View) -> Cell:
    """Name of the indicator, and what limits the row."""
    row, lang = judged.row, view.lang
    notes = []
    if view.surface is PAGE and row.target.kind is not TargetKind.PROVINCE_AVERAGE:
        plan = f" {words.planned(row.target, lang)}" if row.target.kind is TargetKind.PLAN else ""
        notes.append(f"{words.goal(row.target, lang)}{plan}")
    elif row.target.interim:
        notes.append(words.goal(row.target, lang))
    asked = row.target.assessed or row.target.kind is not TargetKind.PROVINCE_AVERAGE
    unasked = [] if asked else [t("report.not_assessed", lang)]
    thin = "ui.thin" if view.surface is PAGE else "glossary.limited_note"
    limited = [t(thin, lang).strip()] if row.evidence is Evidence.THIN else []
    notes += unasked + limited if view.surface is PAGE else limited + unasked
    if row.diagnostics not in {"", OK}:
        notes.append(t("report.diagnostics_failed", lang))
    between = t("ui.dot", lang) if view.surface is PAGE else "\n"
    return Cell(plain_name(row, lang), between.join(notes))


def _target(judged: Judged, view: View) -> Cell:
    row, lang = judged.row, view.lang
    plan = words.planned(row.target, lang) if row.target.kind is TargetKind.PLAN else ""
    return Cell(words.goal(row.target, lang), plan)


def _dated(figure: Figure | None, lang: Lang) -> Cell:
    if figure is None:
        return Cell(words.growth(None, lang), style="quiet")
    return Cell(words.growth(figure.growth_pct, lang), words.through(figure.period, lang))


def _same_month(row: Row) -> bool:
    own = row.to_date[0]
    return own is not None and row.gap_period == own.period


def _gap(judged: Judged, view: View) -> Cell:
    row, lang = judged.row, view.lang
    return Cell(words.gap(row.gap_pp, lang), "" if _same_month(row) else words.through(row.gap_period, lang))


def _to_date(judged: Judged, view: View) -> Cell:
    """Growth to date with the benchmark's and the gap below, each with its month where it is another."""
    row, lang = judged.row, view.lang

    def dated(text: str, month: str) -> str:
        return t("ui.dated", lang, growth=text, through=month)

    text = words.growth(None, lang)
    own, figure = row.to_date
    if own is not None:
        text = dated(words.growth(own.growth_pct, lang), words.through(own.period, lang))
    below = []
    if row.benchmark is not None:
        theirs = words.growth(figure.growth_pct if figure else None, lang)
        if figure and (own is None or figure.period != own.period):
            theirs = dated(theirs, words.through(figure.period, lang))
        place = words.unit_name(judged.run.units[row.benchmark], lang)
        below.append(t("ui.benchmark", lang, place=place, growth=theirs))
    if row.gap_pp is not None:
        distance = words.gap(row.gap_pp, lang)
        below.append(
            t(
                "ui.gap",
                lang,
                gap=distance if _same_month(row) else dated(distance, words.through(row.gap_period, lang)),
            )
        )
    return Cell(text, t("ui.dot", lang).join(below))


def _spread(summary: Summary | None, lang: Lang) -> Cell:
    if summary is None:
        return Cell(t("glossary.none", lang))
    return Cell(words.growth(summary.median_pct, lang), words.interval(summary.p10_pct, summary.p90_pct, lang))


def _year(judged: Judged, view: View) -> Cell:
    row = judged.row
    if row.status is not Status.JUDGED or (row.forecast is None and view.surface is PAGE):
        return Cell(why_not(row, view), style="open")
    return _spread(row.forecast, view.lang)


def _chance(criterion: Criterion) -> _Says:
    """A probability; of what the row speaks of with its word below, which is that of its light."""

    def says(judged: Judged, view: View) -> Cell:
        row = judged.row
        found = row.p_near if criterion is Criterion.NEAR else row.p_reach
        word = words.band(found, view.lang, evidence=row.evidence) if row.criterion is criterion else ""
        return Cell(words.probability(found, view.lang, evidence=row.evidence), word)

    return says


def _judged_chance(p: Callable[[Row], float | None], *, reason: bool = False) -> _Says:
    """A probability in words; where there is none, the reason or nothing."""

    def says(judged: Judged, view: View) -> Said:
        row = judged.row
        if row.status is not Status.JUDGED:
            return why_not(row, view) if reason else None
        return words.probability(p(row), view.lang, evidence=row.evidence)

    return says


def _band(p: Callable[[Row], float | None]) -> _Says:
    def says(judged: Judged, view: View) -> Said:
        row = judged.row
        return words.band(p(row), view.lang, evidence=row.evidence) if row.status is Status.JUDGED else None

    return says


def _of_average(p: Callable[[Row], float | None]) -> _Says:
    """A probability in words where the target is the province's average."""

    def says(judged: Judged, view: View) -> Said:
        average = judged.row.target.kind is TargetKind.PROVINCE_AVERAGE
        return words.known_chance(judged.row, p(judged.row), view.lang) if average else None

    return says


def _light(light: Callable[[Row], Light | None]) -> _Says:
    def says(judged: Judged, view: View) -> Cell:
        row, lang = judged.row, view.lang
        shown = light(row)
        below = ""
        if view.surface is PAGE and row.light_now is not None:
            below = t("ui.light_now", lang, light=words.light_name(row.light_now, lang))
        return Cell(words.light_name(shown, lang), below, shown.value if shown else "quiet")

    return says


def _required(judged: Judged, view: View) -> Cell:
    """Growth that the rest of the year needs, and whether it was ever achieved."""
    row, lang = judged.row, view.lang
    source, word = words.history_source(row.history, lang), words.feasibility(row.history, lang)
    if view.surface is TERMINAL:
        below = "\n".join(text for text in (source.strip(), word) if text)
    else:
        below = f"{source}{t('ui.dot', lang) if source and not source.endswith(' ') else ''}{word}"
    return Cell(words.required_text(row.required, lang), below)


def _text(says: Callable[[Row, Lang], str]) -> _Says:
    return lambda judged, view: says(judged.row, view.lang)


def _indicator(judged: Judged, view: View) -> str:
    return plain_name(judged.row, view.lang)


def _brief_growth(figure: Callable[[Row], Figure | None]) -> _Says:
    def says(judged: Judged, view: View) -> Said:
        """With its month: of a row the same one, where both have it, so that the gap is their difference."""
        found, lang = figure(judged.row), view.lang
        if found is None:
            return words.growth(None, lang)
        shown = Kind.PERCENT.shown(found.growth_pct, lang)
        return t("ui.dated", lang, growth=shown, through=words.through(found.period, lang))

    return says


def _brief_year(judged: Judged, view: View) -> Said:
    year, lang = judged.row.forecast, view.lang
    if judged.row.status in SETTLED:
        return words.row_status(judged.row, lang)
    if year is None:
        return None if judged.row.status is Status.JUDGED else t("reports.brief_insufficient", lang)
    mean, low, high = (Kind.PERCENT.shown(v, lang) for v in (year.median_pct, year.p10_pct, year.p90_pct))
    return t("reports.brief_spread", lang, mean=mean, low=low, high=high)


def _range(summary: Callable[[Row], Summary | None]) -> _Says:
    def says(judged: Judged, view: View) -> Said:
        found = summary(judged.row)
        return spread_text(found.p10_pct, found.p90_pct, view.lang) if found else None

    return says


def _province(row: Row) -> Summary | None:
    """The forecast of the province where the target is its average."""
    return row.benchmark_forecast if row.target.kind is TargetKind.PROVINCE_AVERAGE else None


def _growth_to_date(judged: Judged, view: View) -> Said:
    own, _ = judged.row.to_date
    return own.growth_pct if own else words.growth(None, view.lang)


def _theirs_to_date(judged: Judged, view: View) -> Said:
    row, (_, theirs) = judged.row, judged.row.to_date
    if theirs:
        return theirs.growth_pct
    return words.growth(None, view.lang) if row.ytd and row.benchmark else None


def _gap_to_date(judged: Judged, _: View) -> Said:
    row = judged.row
    return row.gap_pp if row.ytd and row.target.kind is TargetKind.PROVINCE_AVERAGE else None


def _through(judged: Judged, view: View) -> Said:
    """The month of the latest figures; of both where they differ."""
    (mine, other), lang = judged.row.to_date, view.lang
    theirs = words.through(other.period, lang) if other else ""
    if mine is None:
        return t("reports.only_province", lang, through=theirs) if theirs else None
    own = words.through(mine.period, lang)
    return t("reports.two_months", lang, own=own, theirs=theirs) if theirs and theirs != own else own


def _goal(judged: Judged) -> Value:
    return judged.row.benchmark_forecast.median_pct if judged.row.benchmark_forecast else judged.row.target_value


def _checked(judged: Judged, view: View) -> Said:
    return words.diagnosis(judged.row, view.lang) or None


def _on(**shows: Show[Judged]) -> Mapping[Surface, Show[Judged]]:
    """Surfaces of a column by name; a file always shows it."""
    return {FILE: Show(), **{Surface(name): show for name, show in shows.items()}}


def _only(**shows: Show[Judged]) -> Mapping[Surface, Show[Judged]]:
    return {Surface(name): show for name, show in shows.items()}


def _seen(name: str, says: _Says, *parts: str, words_in: bool = False) -> Show[Judged]:
    """On the terminal."""
    return Show(head=f"report.head_{name}", name=name, says=says, parts=parts, left=words_in, fold=words_in)


def _read(name: str, says: _Says) -> Show[Judged]:
    """On the page for leaders."""
    return Show(head=f"ui.head_{name}", name=name, says=says)


def _likely(name: str, kind: Kind, says: _Says | None = None, *, widest: int = 26) -> Show[Judged]:
    """On the worksheet of chances."""
    return Show(
        head=f"reports.col_chance_{name}",
        means=f"reports.mean_chance_{name}",
        name=name,
        kind=kind,
        says=says,
        widest=widest,
    )


def _briefly(name: str, says: _Says | None = None, kind: Kind | None = None) -> Show[Judged]:
    """In the table of the brief."""
    return Show(head=f"reports.brief_col_{name}", name=name, says=says, kind=kind)


_SHORT, _PERCENT = Kind.SHORT, Kind.PERCENT

COLUMNS: Final[tuple[Column[Judged], ...]] = (
    Column("no", Kind.WHOLE, value=lambda r: r.no, on=_only(sheet=Show(), chances=Show())),
    Column(
        "indicator",
        value=lambda r: r.row.target.indicator,
        on=_on(
            terminal=Show(head="report.head_indicator", says=_named, left=True, fold=True),
            page=_read("indicator", _named),
            sheet=Show(says=_indicator, widest=16),
            chances=Show(says=_indicator, widest=24),
            brief=_briefly("indicator", _indicator),
        ),
    ),
    Column("target", on=_only(terminal=_seen("target", _target, CONSTANT, words_in=True))),
    Column(
        "against",
        on=_only(chances=_likely("against", _SHORT, _text(lambda r, x: words.goal(r.target, x)), widest=14)),
    ),
    Column(
        "assessed",
        on=_only(
            chances=_likely(
                "assessed",
                _SHORT,
                _text(lambda r, x: t("reports.yes" if r.target.assessed else "report.not_assessed", x)),
            )
        ),
    ),
    Column("name_zh", value=lambda r: r.row.name_zh),
    Column("unit", value=lambda r: r.row.target.unit),
    Column("benchmark", value=lambda r: r.row.benchmark),
    Column("as_of", value=lambda r: r.run.as_of.text),
    Column("scenario", value=lambda r: r.run.scenario),
    Column(
        "ytd_growth_pct",
        _PERCENT,
        value=lambda r: r.row.ytd.growth_pct if r.row.ytd else None,
        on=_on(
            terminal=_seen("ytd", lambda r, v: _dated(r.row.to_date[0], v.lang), NOW),
            page=_read("ytd", _to_date),
            sheet=Show(name="ytd_pct", group="to_date", says=_growth_to_date),
            brief=_briefly("ytd", _brief_growth(lambda r: r.to_date[0])),
        ),
    ),
    Column(
        "benchmark_ytd_growth_pct",
        _PERCENT,
        value=lambda r: r.row.benchmark_ytd.growth_pct if r.row.benchmark_ytd else None,
        on=_on(
            terminal=_seen("benchmark_ytd", lambda r, v: _dated(r.row.to_date[1], v.lang), AVERAGE, NOW),
            sheet=Show(name="province_ytd_pct", group="to_date", says=_theirs_to_date),
            brief=_briefly("province", _brief_growth(lambda r: r.to_date[1])),
        ),
    ),
    Column(
        "gap_pp",
        Kind.POINTS,
        value=lambda r: r.row.gap_pp,
        on=_on(
            terminal=_seen("gap", _gap, AVERAGE, NOW),
            sheet=Show(group="to_date", says=_gap_to_date),
            brief=_briefly("gap"),
        ),
    ),
    Column("ytd_through", on=_only(sheet=Show(kind=_SHORT, group="to_date", widest=8, says=_through))),
    Column(
        "forecast_growth_pct",
        _PERCENT,
        value=lambda r: r.row.forecast.median_pct if r.row.forecast else None,
        on=_on(
            terminal=_seen("forecast", _year, AHEAD),
            page=_read("forecast", _year),
            sheet=Show(name="year_pct", group="year"),
            chances=_likely("year", _PERCENT),
            brief=_briefly("year", _brief_year),
        ),
    ),
    Column("year_range", on=_only(sheet=Show(kind=_SHORT, group="year", widest=6, says=_range(lambda r: r.forecast)))),
    Column("forecast_p10", _PERCENT, value=lambda r: r.row.forecast.p10_pct if r.row.forecast else None),
    Column("forecast_p90", _PERCENT, value=lambda r: r.row.forecast.p90_pct if r.row.forecast else None),
    Column(
        "benchmark_forecast_pct",
        _PERCENT,
        value=lambda r: r.row.benchmark_forecast.median_pct if r.row.benchmark_forecast else None,
        on=_on(
            terminal=_seen(
                "benchmark_forecast", lambda r, v: _spread(r.row.benchmark_forecast, v.lang), AVERAGE, AHEAD
            ),
            sheet=Show(
                name="province_pct",
                group="province",
                says=lambda r, _: p.median_pct if (p := _province(r.row)) else None,
            ),
            brief=_briefly("province_year"),
        ),
    ),
    Column("province_range", on=_only(sheet=Show(kind=_SHORT, group="province", widest=6, says=_range(_province)))),
    Column("goal", _PERCENT, value=_goal, on=_only(chances=_likely("goal", _PERCENT))),
    Column(
        "benchmark_p10",
        _PERCENT,
        value=lambda r: b.p10_pct if (b := r.row.benchmark_forecast) else None,
    ),
    Column(
        "benchmark_p90",
        _PERCENT,
        value=lambda r: b.p90_pct if (b := r.row.benchmark_forecast) else None,
    ),
    Column("target_kind", value=lambda r: r.row.target.kind.value),
    Column("target_value", _PERCENT, value=lambda r: r.row.target_value),
    Column(
        "tolerance_pp",
        Kind.SIZE,
        value=lambda r: r.row.target.tolerance_pp,
        on=_only(sheet=Show(group="target")),
    ),
    Column(
        "p_reach",
        Kind.PROBABILITY,
        value=lambda r: r.row.p_reach,
        on=_on(
            terminal=Show(head="report.head_reach", says=_chance(Criterion.REACH), parts=(AHEAD,), fold=True),
            page=_read("reach", _chance(Criterion.REACH)),
            sheet=Show(kind=Kind.CHANCE, group="chance", says=_of_average(lambda r: r.p_reach)),
            chances=_likely("exact_reach", Kind.SHARE),
            brief=_briefly("reach", _chance(Criterion.REACH)),
        ),
    ),
    Column(
        "p_near",
        Kind.PROBABILITY,
        value=lambda r: r.row.p_near,
        on=_on(
            terminal=Show(head="report.head_near", says=_chance(Criterion.NEAR), parts=(AHEAD,), fold=True),
            page=_read("near", _chance(Criterion.NEAR)),
            sheet=Show(kind=Kind.CHANCE, group="chance", says=_of_average(lambda r: r.p_near)),
            chances=_likely("exact_near", Kind.SHARE),
            brief=_briefly("near", _chance(Criterion.NEAR)),
        ),
    ),
    Column("near", on=_only(chances=_likely("near", Kind.CHANCE, _judged_chance(lambda r: r.p_near, reason=True)))),
    Column("near_band", on=_only(chances=_likely("near_band", _SHORT, _band(lambda r: r.p_near), widest=12))),
    Column("reach", on=_only(chances=_likely("reach", Kind.CHANCE, _judged_chance(lambda r: r.p_reach)))),
    Column("reach_band", on=_only(chances=_likely("reach_band", _SHORT, _band(lambda r: r.p_reach), widest=12))),
    Column("p_mcse", Kind.SHARE, value=lambda r: r.row.p_mcse, on=_on(chances=_likely("error", Kind.SHARE))),
    Column(
        "light",
        value=lambda r: r.row.light.value if r.row.light else None,
        on=_on(
            page=_read("light", _light(lambda r: r.light)),
            sheet=Show(kind=Kind.LIGHT, group="verdict", says=_text(lambda r, x: words.light_name(r.light, x))),
            chances=_likely("light", Kind.LIGHT, _text(lambda r, x: words.light_name(r.light, x))),
            brief=_briefly("light", _text(lambda r, x: words.light_name(r.light, x))),
        ),
    ),
    Column(
        "required_growth_pct",
        _PERCENT,
        value=lambda r: r.row.required.median_pct,
        on=_on(
            terminal=_seen("required", _required, AHEAD, words_in=True),
            page=_read("required", _required),
            sheet=Show(name="required_pct", group="task"),
            brief=_briefly("required"),
        ),
    ),
    Column(
        "light_now",
        on=_only(
            terminal=_seen("light_now", _light(lambda r: r.light_now), NOW),
            sheet=Show(kind=Kind.LIGHT, group="verdict", says=_text(lambda r, x: words.light_name(r.light_now, x))),
        ),
    ),
    Column("light_ahead", on=_only(terminal=_seen("light", _light(lambda r: r.light), AHEAD))),
    Column("required_p10", _PERCENT, value=lambda r: r.row.required.p10_pct),
    Column("required_p90", _PERCENT, value=lambda r: r.row.required.p90_pct),
    Column(
        "required_range",
        on=_only(
            sheet=Show(
                kind=_SHORT,
                group="task",
                widest=6,
                says=lambda r, v: spread_text(r.row.required.p10_pct, r.row.required.p90_pct, v.lang),
            )
        ),
    ),
    Column(
        "feasibility",
        on=_only(
            sheet=Show(
                kind=_SHORT,
                group="task",
                widest=8,
                says=lambda r, v: (
                    f"{words.history_source(r.row.history, v.lang)}{words.feasibility(r.row.history, v.lang)}" or None
                ),
            )
        ),
    ),
    Column("required_percentile", Kind.PERCENTILE, value=lambda r: r.row.history.percentile),
    Column(
        "expected_shortfall_pp",
        Kind.POINTS,
        value=lambda r: r.row.shortfall_pp,
        on=_on(chances=_likely("shortfall", Kind.SIZE)),
    ),
    Column(
        "evidence",
        value=lambda r: r.row.evidence.value,
        on=_on(chances=_likely("evidence", _SHORT, _text(lambda r, x: words.evidence_name(r.evidence, x)), widest=8)),
    ),
    Column("last_period", Kind.MONTH, value=lambda r: str(r.row.ytd.period) if r.row.ytd else None),
    Column(
        "benchmark_last_period",
        Kind.MONTH,
        value=lambda r: str(r.row.benchmark_ytd.period) if r.row.benchmark_ytd else None,
    ),
    Column("method", value=lambda r: r.row.method),
    Column(
        "diagnostics",
        value=lambda r: r.row.diagnostics,
        on=_on(chances=_likely("checked", _SHORT, _checked, widest=14)),
    ),
    Column("synthetic_share", Kind.SHARE, value=lambda r: r.row.synthetic_share),
    Column(
        "year_gap_pp",
        Kind.POINTS,
        value=lambda r: r.row.year_gap_pp,
        on=_on(
            terminal=Show(
                head="report.head_year_gap",
                says=lambda r, v: words.gap(r.row.year_gap_pp, v.lang),
                after="benchmark_forecast",
                parts=(AVERAGE, AHEAD),
                width=140,
            ),
            page=Show(
                head="ui.head_year_gap",
                says=lambda r, v: words.gap(r.row.year_gap_pp, v.lang),
                after="forecast",
            ),
            sheet=Show(
                group="distance",
                says=lambda r, _: r.row.year_gap_pp if _province(r.row) else None,
            ),
            chances=_likely("gap", Kind.POINTS),
        ),
    ),
    Column("status", texts="glossary", value=lambda r: r.row.status.value),
    Column("criterion", texts="glossary", value=lambda r: r.row.criterion.value),
    Column("by_month", Kind.WHOLE, value=lambda r: r.row.target.by),
)
"""Every quantity of a target, and where it stands. The columns of ``attainment.csv`` keep their order for ever: a new
one comes after the last."""


def order(criterion: Criterion) -> Mapping[Surface, tuple[str, ...]]:
    """Where columns do not stand in the order of the file: what a row speaks of stands first."""
    one, other = criterion.value, criterion.other.value
    return {
        TERMINAL: (
            *("indicator", "target", "ytd", "benchmark_ytd", "gap", "forecast", "benchmark_forecast"),
            *(f"p_{one}", f"p_{other}", "required", "light_now", "light"),
        ),
        PAGE: ("indicator", "ytd", "forecast", one, other, "required", "light"),
        CHANCES: (
            *("no", "indicator", "against", "assessed", "year", "goal", "gap"),
            *(one, f"{one}_band", other, f"{other}_band", "light", "shortfall", "evidence", "checked"),
            *(f"exact_{one}", f"exact_{other}", "error"),
        ),
        BRIEF: ("indicator", "ytd", "province", "gap", "year", "province_year", "near", "reach", "required", "light"),
    }


def attainment_table(attainment: Attainment, rows: Sequence[Row] | None = None, *, lang: Lang = "zh") -> Table[Judged]:
    """Targets of a run; ``rows``: those that are wanted, numbered from one, in order; None: all."""
    chosen = attainment.rows if rows is None else rows
    made = tuple(Judged(row, attainment, no) for no, row in enumerate(chosen, 1))
    params = {"event": words.event_name(attainment.criterion, lang)}
    return Table(name="attainment", columns=COLUMNS, rows=made, order=order(attainment.criterion), params=params)


def attainment_frame(attainment: Attainment, provenance: Provenance) -> pd.DataFrame:
    """``attainment.csv``: a row a target, growth in percent, probabilities as fractions; missing where not judged.

    ``light`` is the one ahead; the one of today is in ``required.csv``.
    """
    return attainment_table(attainment).frame(provenance)
