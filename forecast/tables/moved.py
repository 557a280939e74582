"""What moved between two runs, for a screen, for the page for leaders and for programs.

Invariant: every number is one of ``Moved`` in the words of ``tables.words`` (held by ``tests/test_update.py`` and
``tests/test_app_overview.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from forecast.answers.chances import Criterion
from forecast.answers.evidence import Evidence
from forecast.data.dataset import Dataset
from forecast.data.target import YEAR_END, TargetKind
from forecast.periods import AsOf, Month
from forecast.runs.difference import Cause, FigureChange, Move, Moved
from forecast.tables import words
from forecast.tables.table import Block, Column, Look, Said, Sentence, Show, Surface, Table, View
from forecast.texts import Lang, t

SHOWN: Final = 8
"""Figures of a kind that are listed one by one; the rest are counted."""
MOST: Final = 3
"""Indicators that the page names; the others are counted."""


def moved_document(moved: Moved) -> dict[str, Any]:
    """Everything for programs: numbers as they are, days as texts."""
    document = asdict(moved) | {"only_ledger": moved.only_ledger, "nothing": moved.nothing}
    for kind in ("figures", "revisions", "withdrawn"):
        for one in document[kind]:
            one["released"] = one["released"].isoformat() if one["released"] else None
    return document | {"ledger_counts": moved.ledger_counts()}


@dataclass(frozen=True, slots=True)
class MoveLine:
    """A row: a target before and after."""

    move: Move

    def chances(self, criterion: Criterion) -> tuple[float | None, float | None]:
        """Probabilities of what is spoken of."""
        return self.move.p_near if criterion is Criterion.NEAR else self.move.p_reach

    def shown(self, criterion: Criterion, lang: Lang) -> list[str]:
        """The same as printed."""
        evidence = Evidence(self.move.evidence)
        return [words.probability(p, lang, evidence=evidence) for p in self.chances(criterion)]

    def step(self, criterion: Criterion) -> int:
        """Points between the two printed levels; one that appeared or went moved by 100."""
        before, after = self.chances(criterion)
        if before is None or after is None:
            return 0 if before == after else 100
        return words.level_points(after, before, evidence=Evidence(self.move.evidence))

    def forecasts(self, lang: Lang) -> list[str]:
        """The year as forecast."""
        return [t("glossary.none", lang) if one is None else words.growth(one, lang) for one in self.move.forecast_pct]

    def causes(self, lang: Lang) -> str:
        """Why it moved."""
        return t("glossary.and", lang).join(t(f"store.cause_{cause.value}", lang) for cause in self.move.causes)


def _both(before: str, after: str, *, lang: Lang) -> str:
    return after if before == after else t("store.from_to", lang, before=before, after=after)


def _col(name: str, says: Callable[[MoveLine, View], Said], *, left: bool = False) -> Column[MoveLine]:
    return Column(name, on={Surface.TERMINAL: Show(head=f"store.head_{name}", says=says, left=left)})


def _chances(criterion: Criterion) -> Column[MoveLine]:
    return _col(criterion.value, lambda r, v: _both(*r.shown(criterion, v.lang), lang=v.lang))


COLUMNS: Final[tuple[Column[MoveLine], ...]] = (
    _col("indicator", lambda r, v: words.indicator_name(r.move.indicator, r.move.name_zh, v.lang), left=True),
    _col("ytd", lambda r, v: _both(*(words.growth(value, v.lang) for value in r.move.ytd_pct), lang=v.lang)),
    _col("forecast", lambda r, v: _both(*r.forecasts(v.lang), lang=v.lang)),
    _chances(Criterion.NEAR),
    _chances(Criterion.REACH),
    _col("cause", lambda r, v: r.causes(v.lang), left=True),
)


def _mine(moved: Moved, dataset: Dataset) -> list[MoveLine]:
    """The city's targets against the province's average."""
    kind = TargetKind.PROVINCE_AVERAGE.value
    yearly = [m for m in moved.moves if (m.target_kind, m.by_month) == (kind, YEAR_END)]
    return [MoveLine(m) for m in yearly if m.unit == dataset.config.city]


def moved_blocks(moved: Moved, dataset: Dataset, lang: Lang) -> list[Block]:
    """The city's targets before and after, and the facts behind; what is spoken of stands first."""
    criterion = Criterion(dataset.config.criterion)
    before, after = (words.knowledge(AsOf.parse(text), lang) for text in moved.as_of)
    order = ("indicator", "ytd", "forecast", criterion.value, criterion.other.value, "cause")
    table = Table(name="moved", columns=COLUMNS, rows=_mine(moved, dataset), order={Surface.TERMINAL: order})
    view = View(lang=lang, surface=Surface.TERMINAL, criterion=criterion)
    caption = t("store.moved_title", lang, before=before, after=after)
    told = moved_lines(moved, dataset, lang=lang)
    return [
        table.grid(view, caption=caption, look=Look.WHOLE),
        *(Sentence(line, pad=(0, 0, 0, 0)) for line in told),
    ]


def change_lines(moved: Moved, dataset: Dataset, criterion: Criterion, lang: Lang) -> list[str]:
    """Indicators whose shown probability moved, the most first; then what is new in the data, counted."""
    named = sorted((r for r in _mine(moved, dataset) if r.step(criterion)), key=lambda r: -abs(r.step(criterion)))
    event = words.event_name(criterion, lang)
    lines = [_line(r, criterion, event, lang) for r in named[:MOST]] or [t("ui_overview.move_none", lang, event=event)]
    if len(named) > MOST:
        lines[-1] += t("ui_overview.more_moves", lang, n=len(named) - MOST)
    counts = {"figures": len(moved.figures), "revisions": len(moved.revisions), "withdrawn": len(moved.withdrawn)}
    return [*lines, t("ui_overview.data_changes", lang, ledger=len(moved.ledger), **counts)]


def _line(r: MoveLine, criterion: Criterion, event: str, lang: Lang) -> str:
    near, forecast = r.shown(criterion, lang), r.forecasts(lang)
    return t(
        "ui_overview.move",
        lang,
        indicator=words.indicator_name(r.move.indicator, r.move.name_zh, lang),
        event=event,
        before=near[0],
        after=near[1],
        forecast_before=forecast[0],
        forecast_after=forecast[1],
        causes=r.causes(lang),
    )


def moved_lines(moved: Moved, dataset: Dataset, *, lang: Lang) -> list[str]:
    """New figures, revisions, ledger changes and other differences, a sentence each."""
    if moved.nothing:
        return [t("store.nothing", lang)]
    lines = [
        _listed(t(f"store.{kind}", lang, n=len(changes)), changes, dataset, lang)
        for kind, changes in (
            ("figures", moved.figures),
            ("revisions", moved.revisions),
            ("withdrawn", moved.withdrawn),
        )
        if changes
    ]
    if moved.ledger:
        counts = moved.ledger_counts()
        same = t("store.ledger_no_refit", lang) if moved.only_ledger else ""
        lines.append(t("store.ledger", lang, n=len(moved.ledger), **counts) + same)
    if moved.settings:
        pairs = [f"{name} {_both(before, after, lang=lang)}" for name, before, after in moved.settings]
        lines.append(t("store.settings", lang, list=t("glossary.and", lang).join(pairs)))
    refitted = [move for move in moved.moves if move.causes == (Cause.REFITTED,)]
    if refitted:
        names = dict.fromkeys(words.indicator_name(move.indicator, move.name_zh, lang) for move in refitted)
        lines.append(t("store.refitted", lang, list=t("glossary.and", lang).join(names)))
    return lines


def _listed(head: str, changes: Sequence[FigureChange], dataset: Dataset, lang: Lang) -> str:
    """Figures of city and province one by one, up to a few; all others counted."""
    config = dataset.config
    main = [one for one in changes if one.unit in (config.city, config.province) and one.measure.endswith("_pct")]
    named = [_figure(one, dataset, lang) for one in main[:SHOWN]]
    rest = len(changes) - len(named)
    if rest:
        named.append(t("store.and_more", lang, n=rest))
    return head + t("store.semicolon", lang).join(named)


def _figure(one: FigureChange, dataset: Dataset, lang: Lang) -> str:
    panel = dataset.panel
    unit = panel.units.get(one.unit)
    indicator = panel.indicators.get(one.indicator)
    values = [t("glossary.none", lang) if v is None else words.growth(v, lang) for v in (one.before, one.after)]
    return t(
        f"store.figure_{one.measure}",
        lang,
        unit=words.unit_name(unit, lang) if unit else one.unit,
        indicator=words.indicator_name(one.indicator, indicator.name_zh, lang) if indicator else one.indicator,
        months=words.months(Month.parse(one.period), lang),
        month=words.month_name(Month.parse(one.period), lang),
        value=values[1] if one.before is None else _both(*values, lang=lang),
    )
