"""How good the model is, as far as it is known: a kept track record on page and worksheet, and the checks of a run.

Invariant: every number shown is a cell of a table of the backtest, or of ``checks.csv`` (held by
``tests/test_app_track.py``, ``tests/test_report_sheets.py`` and ``tests/test_predictive.py``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pandas as pd

from forecast.answers.evidence import Evidence
from forecast.answers.predictive import OFF, REPLICATES, WATCH, Finding, Judged
from forecast.data.panel import Panel
from forecast.dims import brief
from forecast.periods import Month
from forecast.runs.session import RunCheck
from forecast.tables import words
from forecast.tables.dossier import Dossier, provenance, sheet_of
from forecast.tables.kind import Kind, Value
from forecast.tables.table import Block, Cell, Column, Grid, Said, Sentence, Sheet, Show, Surface, Table, View
from forecast.tables.track import ScoreRow, few_text, forecaster_name, level_name, over_all, ranked_part, scores_table
from forecast.texts import Lang, t
from forecast.track_record.backtest import ALL, FEWEST_CLUSTERS, Score, TrackGroup
from forecast.track_record.scoring import Ratio

SHOWN: Final = ("model", "pace", "persistence")
"""Forecasters whose words are shown month by month."""


def records_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table as it was written; what does not exist is None."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]


def scores_of(frame: pd.DataFrame) -> list[ScoreRow]:
    """Scores as their file has them."""
    return [ScoreRow(_score(row)) for row in records_of(frame)]


def _score(row: Mapping[str, Any]) -> Score:
    low, high, ratio = row["against_pace_p05"], row["against_pace_p95"], row["against_pace"]
    against = None
    if ratio is not None:
        told = low is not None and high is not None
        bounds = (low, high) if told else (ratio, ratio)
        against = Ratio(ratio=ratio, low=bounds[0], high=bounds[1], clusters=FEWEST_CLUSTERS if told else 0)
    months = int(row["months_left_from"]), int(row["months_left_to"])
    same = (
        "forecaster",
        "crps_pp",
        "twcrps_pp",
        "brier",
        "log_score",
        "covered50",
        "covered90",
        "reached",
        "deviation",
    )
    return Score(
        group=TrackGroup(level=row["level"], indicator=row["indicator"] or ALL, months_left=months),
        cases=int(row["cases"]),
        outcomes=int(row["outcomes"]),
        p_reach=row["p_reach_mean"],
        against_pace=against,
        rank_cases=int(row.get("rank_cases") or 0),
        rank_brier=row.get("rank_brier"),
        rank_rps=row.get("rank_rps"),
        rank_deviation=row.get("rank_deviation"),
        **{name: row[name] for name in same},
    )


@dataclass(frozen=True, slots=True)
class ReplayedMonth:
    """A row: what forecasters said of an outcome as of a month; p_reach and mean_pct by forecaster."""

    month: Month
    by: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrackRecord:
    """A track record as it was kept: the tables of a backtest."""

    backtest: pd.DataFrame
    scores: pd.DataFrame
    calibration: pd.DataFrame

    __repr__ = brief

    @property
    def levels(self) -> list[str]:
        """Kinds of places, in the table's order."""
        return distinct_of(self.scores, "level")

    @property
    def synthetic(self) -> bool:
        """Whether any figure used is synthetic."""
        return bool((self.backtest["synthetic"] == 1).any())

    def choices(self, column: str, **chosen: object) -> list[Any]:
        """What was replayed: values of a column of ``backtest.csv`` among rows with these values, in order."""
        return distinct_of(self._rows(chosen), column)

    def _rows(self, chosen: Mapping[str, object]) -> pd.DataFrame:
        rows = self.backtest
        for name, value in chosen.items():
            rows = rows[rows[name] == value]
        return rows

    def _level(self, level: str) -> list[ScoreRow]:
        return [one for one in scores_of(self.scores) if one.of.group.level == level and over_all(one.of)]

    def few(self, level: str, lang: Lang) -> str:
        """That there are too few outcomes of a kind of place to judge by; empty where there are enough."""
        return few_text(self._level(level), lang)

    def score_grid(self, level: str, lang: Lang) -> Grid:
        """Forecasters of one kind of place over all months and indicators, the model first."""
        caption = t("backtest.title_level", lang, level=level_name(level, lang))
        rows = self._level(level)
        return scores_table(rows).grid(View(lang=lang, surface=Surface.PAGE), ranked_part(rows), caption=caption)

    def outcome(self, panel: Panel, lang: Lang, **chosen: object) -> str:
        """How a replayed year of a place and indicator ended; empty where it was not replayed.

        Parameters
        ----------
        chosen : unit, indicator, year
        """
        rows = self._rows(chosen)
        if rows.empty:
            return ""
        row = rows.iloc[0]
        return t(
            "ui_track.outcome",
            lang,
            place=_place(row["unit"], panel, lang),
            growth=words.growth(row["outcome_pct"], lang),
            benchmark=_place(row["benchmark"], panel, lang),
            benchmark_growth=words.growth(row["benchmark_outcome_pct"], lang),
            result=t("ui_track.reached" if row["event"] == 1 else "ui_track.missed", lang),
        )

    def replay_grid(self, lang: Lang, **chosen: object) -> Grid:
        """What forecasters said of that year, month by month: P(reach), and below it the growth of the year."""
        months: dict[str, dict[str, tuple[float, float]]] = {}
        for row in records_of(self._rows(chosen)):
            months.setdefault(row["as_of"], {})[row["forecaster"]] = row["p_reach"], row["mean_pct"]
        rows = [ReplayedMonth(Month.parse(month), by) for month, by in sorted(months.items())]
        caption = t("ui_track.replays", lang)
        table = Table(name="replays", columns=replay_columns(lang), rows=rows)
        return table.grid(View(lang=lang, surface=Surface.PAGE), caption=caption)


def distinct_of(frame: pd.DataFrame, column: str) -> list[Any]:
    """Values of a column without repetitions, in order."""
    return list(dict.fromkeys(frame[column].tolist()))


def replay_columns(lang: Lang) -> tuple[Column[ReplayedMonth], ...]:
    """A column a forecaster: what it said, and below it the growth of the year."""

    def on(show: Show[ReplayedMonth]) -> dict[Surface, Show[ReplayedMonth]]:
        return {Surface.PAGE: show}

    def said(name: str) -> Callable[[ReplayedMonth, View], Said]:
        def says(one: ReplayedMonth, view: View) -> Said:
            if name not in one.by:
                return None
            p, mean = one.by[name]
            return Cell(words.probability(p, view.lang, evidence=Evidence.AMPLE), words.growth(mean, view.lang))

        return says

    head: Show[ReplayedMonth] = Show(
        head="ui_track.head_month", says=lambda r, v: words.through(r.month, v.lang), left=True
    )
    return (
        Column("month", on=on(head)),
        *(Column(name, on=on(Show(label=forecaster_name(name, lang), says=said(name)))) for name in SHOWN),
    )


def _place(unit: str, panel: Panel, lang: Lang) -> str:
    return words.unit_name(panel.units[unit], lang) if unit in panel.units else unit


def track_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """预测检验: scores by level of place, months left and method; without a backtest, how to get one."""
    scores = dossier.backtest.get("scores")
    rows = [] if scores is None else [one for one in scores_of(scores) if one.of.group.indicator == ALL]
    table = replace(scores_table(rows), name="track")
    return sheet_of(table, dossier, lang, notes=_track_notes(scores, dossier, lang), frozen=3)


def _track_notes(scores: pd.DataFrame | None, dossier: Dossier, lang: Lang) -> tuple[str, ...]:
    if scores is None:
        return (t("reports.no_backtest", lang),)
    lines = [t("reports.note_track", lang, run=str(scores["run_id"].iloc[0]) if len(scores) else "")]
    if len(scores) and str(scores["data_hash"].iloc[0]) != dossier.provenance.data_hash:
        lines.append(t("reports.note_track_other", lang))
    return (*lines, t("backtest.note_scores", lang), t("backtest.note_outcomes", lang))


# Checks of a run


@dataclass(frozen=True, slots=True)
class Checked:
    """A row of ``checks.csv``: one finding of an indicator."""

    check: RunCheck
    indicator: str
    of: Finding

    @property
    def period(self) -> Month | None:
        """Month of the figure that was left out; None for a statistic."""
        return self.check.period(self.indicator, self.of)


def _indicator(one: Checked, view: View) -> str:
    known = one.check.run.dataset.panel.indicators[one.indicator]
    return words.indicator_name(one.indicator, known.name_zh, view.lang)


def _what(one: Checked, view: View) -> str:
    month = "" if one.period is None else words.months(one.period, view.lang)
    return t(f"check.what_{one.of.check}", view.lang, month=month)


def _expected(one: Checked, view: View) -> str:
    low, high = (Kind.EXTENT.shown(value, view.lang) for value in (one.of.low, one.of.high))
    return t("glossary.range", view.lang, low=low, high=high)


def _reading(one: Checked, view: View) -> str:
    side = "high" if one.of.observed > one.of.middle else "low"
    return t(f"check.reading_{one.of.check}_{side}", view.lang)


def _check(
    name: str,
    kind: Kind,
    value: Callable[[Checked], Value],
    seen: str = "",
    says: Callable[[Checked, View], Said] | None = None,
    *,
    shown: Kind | None = None,
    texts: str = "check",
) -> Column[Checked]:
    left = seen not in ("observed", "expected", "p")
    show: dict[Surface, Show[Checked]] = (
        {Surface.TERMINAL: Show(name=seen, head=f"check.head_{seen}", says=says, kind=shown, left=left, fold=True)}
        if seen
        else {}
    )
    return Column(name, kind, texts, value=value, on={Surface.FILE: Show(), **show})


_TEXT, _COUNT = Kind.TEXT, Kind.COUNT
CHECKS: Final[tuple[Column[Checked], ...]] = (
    _check("indicator", _TEXT, lambda r: r.indicator, "indicator", _indicator, texts="report"),
    _check(
        "unit",
        _TEXT,
        lambda r: r.of.unit,
        "unit",
        lambda r, v: words.unit_name(r.check.run.dataset.panel.units[r.of.unit], v.lang),
        texts="report",
    ),
    _check("check", _TEXT, lambda r: r.of.check, "what", _what),
    _check("period", Kind.MONTH, lambda r: None if r.period is None else str(r.period)),
    _check("figures", Kind.WHOLE, lambda r: r.of.figures),
    _check("observed", _COUNT, lambda r: r.of.observed, "observed", shown=Kind.EXTENT),
    _check("model_p05", _COUNT, lambda r: r.of.low, "expected", _expected),
    _check("model_p50", _COUNT, lambda r: r.of.middle),
    _check("model_p95", _COUNT, lambda r: r.of.high),
    _check("p_value", Kind.SHARE, lambda r: r.of.p_value, "p", shown=Kind.RATIO),
    _check("verdict", _TEXT, lambda r: r.of.judged.value, "reading", _reading),
)


def _findings(check: RunCheck) -> list[Checked]:
    return [Checked(check, name, one) for name, findings in check.findings.items() for one in findings]


def check_tables(check: RunCheck) -> dict[str, pd.DataFrame]:
    """``checks.csv``: a row a finding."""
    frame = Table(name="checks", columns=CHECKS, rows=_findings(check)).frame(provenance(check.run))
    return {"checks": frame}


def check_document(check: RunCheck) -> dict[str, Any]:
    """The checks for programs."""
    found = check_tables(check)["checks"]
    return {"checks": json.loads(found.to_json(orient="records")), "checks_failed": dict(check.failures)}


def check_blocks(check: RunCheck, lang: Lang) -> list[Block]:
    """Findings that are off or to be watched, how the figures left out fell, and how to read it."""
    found = _findings(check)
    named = [one for one in found if one.of.judged is not Judged.FINE]
    out: list[Block] = [Sentence(f"\n{t('check.title', lang)}", bold=True, pad=(0, 0, 0, 0))]
    if named:
        table = Table(name="checks", columns=CHECKS, rows=named)
        out.append(table.grid(View(lang=lang, surface=Surface.TERMINAL)))
    return out + [Sentence(line, pad=(0, 0, 0, 0)) for line in _summary(found, check, lang)]


def _summary(found: Sequence[Checked], check: RunCheck, lang: Lang) -> Iterator[str]:
    """How many were checked, how many are off and how many chance alone gives; one-step coverage."""
    counts = {judged: sum(one.of.judged is judged for one in found) for judged in Judged}
    expected = f"{WATCH * len(found):.1f}"
    yield t(
        "check.counts", lang, count=len(found), off=counts[Judged.OFF], watch=counts[Judged.WATCH], expected=expected
    )
    left = [one.of for one in found if one.of.check == "left_out"]
    if left:
        inside = sum(one.low <= one.observed <= one.high for one in left)
        yield t("check.left_out", lang, count=len(left), inside=inside)
    yield t("check.note", lang, off=OFF, watch=WATCH, replicates=REPLICATES)
    names = check.run.dataset.panel.indicators
    for name, reason in check.failures.items():
        yield t("check.failed", lang, indicator=words.indicator_name(name, names[name].name_zh, lang), reason=reason)
