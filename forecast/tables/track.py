"""How forecasts turned out: replays, their scores and calibration, for files, screen, page and worksheet.

Kinds of places are never put together, and one with too few outcomes says so on every surface.

Invariant: every number shown is a cell of ``backtest.csv``, ``scores.csv`` or ``calibration.csv``, and the summaries
follow from the records (held by ``tests/test_backtest.py``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Final

import pandas as pd

from forecast import __version__
from forecast.dims import brief
from forecast.runs.run import BASELINE
from forecast.runs.store.registry import identity_fields
from forecast.tables import words
from forecast.tables.kind import Kind, Value
from forecast.tables.table import (
    Block,
    Cell,
    Column,
    Grid,
    Look,
    Provenance,
    Said,
    Sentence,
    Show,
    Surface,
    Table,
    View,
)
from forecast.texts import Lang, catalogue, t
from forecast.track_record.backtest import (
    ALL,
    ALL_MONTHS,
    FEWEST_OUTCOMES,
    Backtest,
    Calibration,
    Score,
    TrackGroup,
    calibration,
    scores,
)
from forecast.track_record.replay import MODEL, RankRecord, Record

MANIFEST: Final = "backtest.json"
SCHEMA_VERSION: Final = 1
_FLUSH: Final = (0, 0, 0, 0)
_TEXTS: Final = "backtest"
_TEXT, _WHOLE, _SHARE = Kind.TEXT, Kind.WHOLE, Kind.SHARE
_RATIO, _COUNT, _EXTENT = Kind.RATIO, Kind.COUNT, Kind.EXTENT


def track_provenance(result: Backtest) -> Provenance:
    """What every number of a backtest came from."""
    return Provenance(
        run_id=result.run_id,
        data_hash=result.dataset.data_hash,
        scenario_hash=BASELINE,
        model_version=__version__,
        seed=result.request.seed,
    )


# Replays


def _flag(value: bool | None) -> int | None:
    return None if value is None else int(value)


def _replayed(name: str, kind: Kind, value: Callable[[Record], Value], texts: str = _TEXTS) -> Column[Record]:
    return Column(name, kind, texts, value=value)


def _placed(value: Callable[[RankRecord], Value]) -> Callable[[Record], Value]:
    """Of the rank; None where there is none."""
    return lambda r: None if r.rank is None else value(r.rank)


BACKTEST: Final[tuple[Column[Record], ...]] = (
    _replayed("indicator", _TEXT, lambda r: r.case.indicator, "report"),
    _replayed("unit", _TEXT, lambda r: r.case.pair.unit, "report"),
    _replayed("level", _TEXT, lambda r: r.case.pair.level),
    _replayed("benchmark", _TEXT, lambda r: r.case.pair.benchmark, "report"),
    _replayed("year", _WHOLE, lambda r: r.case.month.year),
    _replayed("as_of", _TEXT, lambda r: str(r.case.month), "report"),
    _replayed("months_left", _WHOLE, lambda r: r.case.months_left),
    _replayed("evidence", _TEXT, lambda r: r.case.evidence.value, "report"),
    _replayed("forecaster", _TEXT, lambda r: r.forecaster),
    _replayed("outcome_pct", Kind.PERCENT, lambda r: r.case.pair.outcome_pct),
    _replayed("benchmark_outcome_pct", Kind.PERCENT, lambda r: r.case.pair.benchmark_outcome_pct),
    _replayed("mean_pct", Kind.PERCENT, lambda r: r.mean_pct),
    _replayed("p_reach", Kind.PROBABILITY, lambda r: r.p_reach, "report"),
    _replayed("event", _WHOLE, lambda r: _flag(r.case.event)),
    _replayed("crps_pp", _EXTENT, lambda r: r.crps_pp),
    _replayed("twcrps_pp", _EXTENT, lambda r: r.twcrps_pp),
    _replayed("tolerance_pp", Kind.SIZE, lambda r: r.case.pair.tolerance_pp),
    _replayed("brier", _SHARE, lambda r: r.brier),
    _replayed("log_score", _COUNT, lambda r: r.log_score),
    _replayed("covered50", _WHOLE, lambda r: _flag(r.covered50)),
    _replayed("covered90", _WHOLE, lambda r: _flag(r.covered90)),
    _replayed("pit", _SHARE, lambda r: r.pit),
    _replayed("diagnostics", _TEXT, lambda r: r.diagnostics or None),
    _replayed("synthetic", _WHOLE, lambda r: _flag(r.case.synthetic)),
    _replayed("rank_outcome", _WHOLE, _placed(lambda p: p.outcome)),
    _replayed("rank_among", _WHOLE, _placed(lambda p: p.among)),
    _replayed("rank_expected", _COUNT, _placed(lambda p: p.expected)),
    _replayed("rank_first", _WHOLE, _placed(lambda p: p.first)),
    _replayed("p_rank_first", Kind.PROBABILITY, _placed(lambda p: p.p_first)),
    _replayed("rank_brier", _SHARE, _placed(lambda p: p.brier)),
    _replayed("rank_rps", _SHARE, _placed(lambda p: p.rps)),
)


# Scores


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """A row of ``scores.csv``; ``names``: Chinese names of indicators, by id."""

    of: Score
    names: Mapping[str, str] = field(default_factory=dict)


def level_name(level: str, lang: Lang) -> str:
    """Kind of place with what it is held against."""
    return t(f"backtest.level_{level}", lang)


def forecaster_name(forecaster: str, lang: Lang) -> str:
    """Name of a forecaster."""
    return catalogue(lang).get(f"backtest.forecaster_{forecaster}", forecaster)


def months_name(months: tuple[int, int], lang: Lang) -> str:
    """Months left, from and to: 4—6个月, 全部."""
    if months == ALL_MONTHS:
        return t("backtest.months_all", lang)
    return t("backtest.months_band", lang, first=months[0], last=months[1])


def _two(value: float | None, lang: Lang) -> str:
    """Two decimals of what has no unit."""
    return Kind.EXTENT.shown(value, lang)


def _percent(value: Callable[[Score], float | None]) -> Callable[[ScoreRow, View], Said]:
    def says(one: ScoreRow, view: View) -> Said:
        share = value(one.of)
        return None if share is None else t("glossary.probability", view.lang, percent=words.percent(share))

    return says


def _ratio(one: Score) -> float | None:
    return None if one.against_pace is None else one.against_pace.ratio


def _against(one: ScoreRow, view: View) -> Said:
    """Ratio to pace, with its interval on a line of its own."""
    found, lang = one.of.against_pace, view.lang
    if found is None or one.of.interval is None:
        return None if found is None else _two(found.ratio, lang)
    ratio, low, high = (_two(value, lang) for value in (found.ratio, *one.of.interval))
    if view.surface is Surface.PAGE:
        return Cell(ratio, t("glossary.range", lang, low=low, high=high))
    first, _, below = t("backtest.ratio", lang, ratio=ratio, low=low, high=high).partition("\n")
    return Cell(first, below)


def _outcomes(one: ScoreRow, view: View) -> Said:
    below = t("ui_track.cases", view.lang, n=one.of.cases) if view.surface is Surface.PAGE else ""
    return Cell(str(one.of.outcomes), below)


def _indicator(one: ScoreRow, view: View) -> Said:
    name = one.of.group.indicator
    return words.indicator_name(name, one.names.get(name, name), view.lang)


FORECASTER, MONTHS, INDICATOR = "forecaster", "months_left", "indicator"
"""Parts of a screen: what its first column tells apart."""
RANKED: Final = "ranked"
"""Part of a screen: of places that are ranked among siblings."""
_FILE, _SCREEN, _PAGE, _SHEET = Surface.FILE, Surface.TERMINAL, Surface.PAGE, Surface.SHEET
_HEADS: Final = {_SCREEN: "backtest.head", _PAGE: "ui_track.head"}


def _score(
    name: str,
    kind: Kind,
    value: Callable[[Score], Value],
    *on: Surface,
    seen: str = "",
    shown: Kind | None = None,
    says: Callable[[ScoreRow, View], Said] | None = None,
    part: str = "",
) -> Column[ScoreRow]:
    """A column of ``scores.csv``.

    Parameters
    ----------
    on : where people read it; seen : its name there; shown : its kind there
    part : part of a screen that it is the first column of
    """
    here, key, first = seen or part or name, part or name, bool(part)
    shows: dict[Surface, Show[ScoreRow]] = {_FILE: Show()}
    for surface, head in _HEADS.items():
        if surface in on:
            parts = (part,) if part and surface is _SCREEN else ()
            own = None if says else shown
            own_head = f"{head}_{here}"
            shows[surface] = Show(name=here, head=own_head, says=says, kind=own, parts=parts, left=first, fold=first)
    if _SHEET in on:
        texts = says if shown in (Kind.TEXT, Kind.SHORT) else None
        head, means = f"reports.col_track_{key}", f"reports.mean_track_{key}"
        shows[_SHEET] = Show(name=key, head=head, means=means, says=texts, kind=shown, widest=22)
    return Column(name, kind, _TEXTS, value=lambda r: value(r.of), on=shows)


def _ranked(name: str, value: Callable[[Score], Value], shown: Kind) -> Column[ScoreRow]:
    """A column of what was said of ranks, on screens where anyone is ranked."""
    on: dict[Surface, Show[ScoreRow]] = {
        surface: Show(name=name, head=f"{head}_{name}", kind=shown, parts=(RANKED,)) for surface, head in _HEADS.items()
    }
    return Column(name, _SHARE, _TEXTS, value=lambda r: value(r.of), on={_FILE: Show(), **on})


def ranked_part(rows: Sequence[ScoreRow]) -> tuple[str, ...]:
    """The part of ranks, where any of the rows has a rank."""
    return (RANKED,) if any(one.of.rank_cases for one in rows) else ()


def _interval(k: int) -> Callable[[Score], Value]:
    return lambda one: None if one.interval is None else one.interval[k]


def _level(one: ScoreRow, view: View) -> str:
    return level_name(one.of.group.level, view.lang)


def _months(one: ScoreRow, view: View) -> str:
    return months_name(one.of.group.months_left, view.lang)


def _forecaster(one: ScoreRow, view: View) -> str:
    return forecaster_name(one.of.forecaster, view.lang)


_EVERYWHERE: Final = (_SCREEN, _PAGE, _SHEET)
SCORES: Final[tuple[Column[ScoreRow], ...]] = (
    _score("level", _TEXT, lambda s: s.group.level, _SHEET, shown=_TEXT, says=_level),
    _score(
        "months_left_from",
        _WHOLE,
        lambda s: s.group.months_left[0],
        *(_SCREEN, _SHEET),
        part=MONTHS,
        shown=Kind.SHORT,
        says=_months,
    ),
    _score("months_left_to", _WHOLE, lambda s: s.group.months_left[1]),
    _score("forecaster", _TEXT, lambda s: s.forecaster, *_EVERYWHERE, part=FORECASTER, shown=_TEXT, says=_forecaster),
    _score("outcomes", _WHOLE, lambda s: s.outcomes, *_EVERYWHERE, says=_outcomes),
    _score("enough", _TEXT, lambda s: "few" if s.few else "yes"),
    _score("indicator", _TEXT, lambda s: s.group.indicator or None, _SCREEN, part=INDICATOR, says=_indicator),
    _score("cases", _WHOLE, lambda s: s.cases, _SCREEN, _SHEET),
    _score("crps_pp", _EXTENT, lambda s: s.crps_pp, *_EVERYWHERE, seen="crps"),
    _score("twcrps_pp", _EXTENT, lambda s: s.twcrps_pp, _SCREEN, seen="twcrps"),
    _score("brier", _SHARE, lambda s: s.brier, *_EVERYWHERE, shown=_RATIO),
    _score("log_score", _COUNT, lambda s: s.log_score, _SCREEN, seen="log", shown=_RATIO),
    *(
        _score(name, _SHARE, of, *_EVERYWHERE, shown=_RATIO, says=_percent(of))
        for name, of in (("covered50", lambda s: s.covered50), ("covered90", lambda s: s.covered90))
    ),
    _score("p_reach_mean", _SHARE, lambda s: s.p_reach, _SHEET, shown=_RATIO),
    _score("reached", _SHARE, lambda s: s.reached, _SHEET, shown=_RATIO),
    _score("deviation", _SHARE, lambda s: s.deviation, _SCREEN, _PAGE, shown=_EXTENT),
    _score("against_pace", _COUNT, _ratio, *_EVERYWHERE, shown=_RATIO, says=_against),
    _score("against_pace_p05", _COUNT, _interval(0)),
    _score("against_pace_p95", _COUNT, _interval(1)),
    _score("rank_cases", _WHOLE, lambda s: s.rank_cases),
    _ranked("rank_brier", lambda s: s.rank_brier, _RATIO),
    _ranked("rank_rps", lambda s: s.rank_rps, _RATIO),
    _ranked("rank_deviation", lambda s: s.rank_deviation, _EXTENT),
)
_ORDER: Final = {
    Surface.TERMINAL: (INDICATOR, MONTHS, FORECASTER),
    Surface.PAGE: ("forecaster", "outcomes", "crps", "against_pace"),
}


def scores_table(rows: Sequence[ScoreRow]) -> Table[ScoreRow]:
    """Scores, to be shown."""
    return Table(name="scores", columns=SCORES, rows=rows, order=_ORDER)


# Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class Binned:
    """A row of ``calibration.csv``: a class of reliability or of the PIT, or the coverage of an interval.

    lower, upper : bounds of the class; of an interval twice its mass
    expected, observed : share; None for an empty class
    """

    group: TrackGroup
    forecaster: str
    outcomes: int
    few: bool
    kind: str
    lower: float
    upper: float
    count: int
    expected: float | None
    observed: float | None


def _class_name(one: Binned, view: View) -> str:
    return t("glossary.range", view.lang, low=f"{one.lower:.1f}", high=f"{one.upper:.1f}")


def _bin(
    name: str,
    kind: Kind,
    value: Callable[[Binned], Value],
    head: str = "",
    says: Callable[[Binned, View], Said] | None = None,
) -> Column[Binned]:
    shown: dict[Surface, Show[Binned]] = (
        {Surface.TERMINAL: Show(name=head, head=f"backtest.head_{head}", says=says)} if head else {}
    )
    return Column(name, kind, _TEXTS, value=value, on={Surface.FILE: Show(), **shown})


CALIBRATION: Final[tuple[Column[Binned], ...]] = (
    _bin("level", Kind.TEXT, lambda r: r.group.level),
    _bin("months_left_from", _WHOLE, lambda r: r.group.months_left[0]),
    _bin("months_left_to", _WHOLE, lambda r: r.group.months_left[1]),
    _bin("forecaster", Kind.TEXT, lambda r: r.forecaster),
    _bin("outcomes", _WHOLE, lambda r: r.outcomes),
    _bin("enough", Kind.TEXT, lambda r: "few" if r.few else "yes"),
    _bin("kind", Kind.TEXT, lambda r: r.kind),
    _bin("lower", _SHARE, lambda r: r.lower, "class", _class_name),
    _bin("upper", _SHARE, lambda r: r.upper),
    _bin("count", _WHOLE, lambda r: r.count, "cases"),
    _bin("expected", _SHARE, lambda r: r.expected, "forecast", lambda r, v: _two(r.expected, v.lang)),
    _bin("observed", _SHARE, lambda r: r.observed, "observed", lambda r, v: _two(r.observed, v.lang)),
)


def _binned(one: Calibration, score: Score) -> Iterator[Binned]:
    """Classes of reliability and PIT, and the coverage that goes with them, of a group and forecaster."""

    def row(kind: str, lower: float, upper: float, count: int, *shares: float | None) -> Binned:
        expected, observed = shares
        return Binned(
            group=one.group,
            forecaster=one.forecaster,
            outcomes=one.outcomes,
            few=score.few,
            kind=kind,
            lower=lower,
            upper=upper,
            count=count,
            expected=expected,
            observed=observed,
        )

    table = one.reliability
    for k, count in enumerate(table.count):
        shares = (float(table.forecast[k]), float(table.observed[k])) if count else (None, None)
        yield row("reliability", float(table.edges[k]), float(table.edges[k + 1]), int(count), *shares)
    if one.ranks is not None:
        for k, count in enumerate(one.ranks.count):
            shares = (float(one.ranks.forecast[k]), float(one.ranks.observed[k])) if count else (None, None)
            yield row("rank_reliability", float(table.edges[k]), float(table.edges[k + 1]), int(count), *shares)
    if one.pit is not None:
        classes, total = len(one.pit), int(one.pit.sum())
        for k, count in enumerate(one.pit):
            yield row("pit", k / classes, (k + 1) / classes, int(count), 1 / classes, int(count) / total)
    for nominal, share in ((0.5, score.covered50), (0.9, score.covered90)):
        if share is not None:
            yield row("coverage", nominal, nominal, score.cases, nominal, share)


FILES: Final[dict[str, tuple[Column[Any], ...]]] = {
    "backtest": BACKTEST,
    "scores": SCORES,
    "calibration": CALIBRATION,
}
"""Tables of a backtest, which is no run."""


@dataclass(frozen=True, eq=False)
class Track:
    """A backtest with its summaries, worked out once."""

    result: Backtest

    __repr__ = brief

    @cached_property
    def scored(self) -> list[ScoreRow]:
        """Mean scores by kind of place, months left and indicator."""
        names = {name: one.name_zh for name, one in self.result.dataset.panel.indicators.items()}
        return [ScoreRow(one, names) for one in scores(self.result.records, seed=self.result.request.seed)]

    @cached_property
    def binned(self) -> list[Binned]:
        """Reliability, PIT and coverage by kind of place and months left."""
        means = {(one.of.group, one.of.forecaster): one.of for one in self.scored}
        found = calibration(self.result.records)
        return [row for one in found for row in _binned(one, means[one.group, one.forecaster])]

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """All tables by name: every forecast with its scores, their means, calibration."""
        rows: dict[str, Sequence[Any]] = {
            "backtest": self.result.records,
            "scores": self.scored,
            "calibration": self.binned,
        }
        source = track_provenance(self.result)
        return {name: Table(name=name, columns=FILES[name], rows=rows[name]).frame(source) for name in FILES}

    @property
    def years(self) -> str:
        """What was replayed, as it is to be read."""
        return years_name(self.result.years)

    @property
    def synthetic(self) -> bool:
        """Whether any observation is."""
        return any(record.case.synthetic for record in self.result.records)

    def manifest(self) -> dict[str, Any]:
        """What was replayed, on what: the content of ``backtest.json``."""
        request, config = self.result.request, self.result.dataset.config
        return {
            "schema_version": SCHEMA_VERSION,
            **asdict(track_provenance(self.result)),
            "dataset": config.name,
            "identity": identity_fields(self.result.dataset),
            "city": config.city,
            "province": config.province,
            "years": list(self.result.years),
            "outcomes_as_of": request.as_of,
            "forecasters": list(self.result.forecasters),
            "method": request.method,
            "draws": request.draws,
            "replays_failed": dict(self.result.failures),
        }

    def document(self) -> dict[str, Any]:
        """A backtest for programs: the manifest, mean scores and calibration."""
        short = {name: frame for name, frame in self.tables.items() if name != "backtest"}
        return self.manifest() | {name: json.loads(frame.to_json(orient="records")) for name, frame in short.items()}

    def blocks(self, lang: Lang, folder: str = "") -> list[Block]:
        """The screen: scores by kind of place, reliability of the model, and what to mind; where the files are."""
        if not self.result.records:
            nothing = [t("backtest.note_nothing", lang), *failed_texts(self.result.failures, lang)]
            return [Sentence(line, pad=_FLUSH) for line in nothing]
        city = self.result.dataset.panel.units[self.result.dataset.config.city]
        title = t("backtest.title", lang, city=words.unit_name(city, lang), years=self.years)
        out: list[Block] = [Sentence(title, bold=True, pad=_FLUSH)]
        for level in dict.fromkeys(one.of.group.level for one in self.scored):
            out += self._level(level, lang)
        lines = ["", *self._notes(lang), *([t("backtest.files", lang, folder=folder)] if folder else [])]
        return out + [Sentence(line, pad=_FLUSH) for line in lines]

    def _level(self, level: str, lang: Lang) -> Iterator[Block]:
        """Tables of one kind of place."""
        mine = [one for one in self.scored if one.of.group.level == level]
        model = [one for one in mine if one.of.forecaster == MODEL]
        single = [one for one in model if one.of.group.indicator != ALL]
        view = View(lang=lang, surface=Surface.TERMINAL)

        def titled(key: str, grid: Grid) -> list[Block]:
            text = t(f"backtest.title_{key}", lang, level=level_name(level, lang))
            return [Sentence(f"\n{text}", bold=True, pad=_FLUSH), grid]

        def scores_of(part: str, rows: Sequence[ScoreRow]) -> Grid:
            return scores_table(rows).grid(view, [part, *ranked_part(rows)], look=Look.TIGHT)

        yield from titled("level", scores_of(FORECASTER, [one for one in mine if over_all(one.of)]))
        yield from titled("months", scores_of(MONTHS, [one for one in model if one.of.group.indicator == ALL]))
        if len(single) > 1:
            yield from titled("indicators", scores_of(INDICATOR, single))
        group = TrackGroup(level=level, indicator=ALL, months_left=ALL_MONTHS)
        classes = [
            one
            for one in self.binned
            if one.group == group and one.forecaster == MODEL and one.kind == "reliability" and one.count
        ]
        table = Table(name="calibration", columns=CALIBRATION, rows=classes)
        yield from titled("reliability", table.grid(view, look=Look.TIGHT))

    def _notes(self, lang: Lang) -> Iterator[str]:
        """What to mind when reading, in this record."""
        result = self.result
        city = result.dataset.panel.units[result.dataset.config.city]
        if all(record.case.pair.unit != city.unit for record in result.records):
            yield t("backtest.note_no_city", lang, city=words.unit_name(city, lang))
        yield from (few_text([one], lang) for one in self.scored if few_text([one], lang))
        for key in ("scores", "outcomes", "common", "known"):
            yield t(f"backtest.note_{key}", lang)
        if self.synthetic:
            yield t("backtest.note_synthetic", lang)
        failed = sum(record.diagnostics not in ("", "ok") for record in result.records)
        if failed:
            yield t("backtest.note_diagnostics", lang, count=failed)
        request = result.request
        yield t("backtest.note_method", lang, method=request.method, draws=request.draws, seed=request.seed)
        yield from failed_texts(result.failures, lang)


def years_name(years: Sequence[int]) -> str:
    """Years from first to last: 2018, 2017—2019; empty without any."""
    return "" if not years else f"{years[0]}" if len(years) == 1 else f"{years[0]}—{years[-1]}"


def over_all(one: Score) -> bool:
    """Whether a score is over all indicators and months."""
    return one.group.indicator == ALL and one.group.months_left == ALL_MONTHS


def few_text(rows: Sequence[ScoreRow], lang: Lang) -> str:
    """That the model's outcomes are too few to judge by; empty where they are enough."""
    few = next((one.of for one in rows if one.of.forecaster == MODEL and over_all(one.of) and one.of.few), None)
    if few is None:
        return ""
    level = level_name(few.group.level, lang)
    return t("backtest.note_few", lang, level=level, outcomes=few.outcomes, fewest=FEWEST_OUTCOMES)


def failed_texts(failures: Mapping[str, str], lang: Lang) -> list[str]:
    """How many replays failed, and one of them; none where none did."""
    if not failures:
        return []
    name, reason = next(iter(failures.items()))
    return [t("backtest.note_failed", lang, count=len(failures), name=name, reason=reason)]
