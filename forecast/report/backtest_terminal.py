"""The track record in the terminal. Layout only, no arithmetic.

Invariant: kinds of places are told apart on every table, and one with too few outcomes says so
(held by ``tests/test_backtest.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from forecast.tables import words
from forecast.texts import Lang, t
from forecast.track_record.backtest import (
    ALL,
    ALL_MONTHS,
    FEWEST_OUTCOMES,
    Backtest,
    Calibration,
    Score,
    calibration,
    scores,
)
from forecast.track_record.replay import MODEL

_MEASURES = ("crps", "twcrps", "brier", "log", "covered50", "covered90", "deviation", "against_pace")


def render_backtest(result: Backtest, *, lang: Lang, folder: str = "") -> RenderableType:
    """Scores by kind of place: forecasters, months left, indicators; reliability of the model; and what to mind.

    Parameters
    ----------
    folder : where the files are, as the user should see it

    Returns
    -------
    rich renderable
    """
    return _Page(result, lang, folder)


class _Page:
    def __init__(self, result: Backtest, lang: Lang, folder: str) -> None:
        self.result, self.lang, self.folder = result, lang, folder

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        result, lang = self.result, self.lang
        if not result.records:
            yield Text(t("backtest.note_nothing", lang))
            yield from _failed(result, lang)
            return
        found = scores(result.records, seed=result.request.seed)
        classes = calibration(result.records)
        city = result.dataset.panel.units[result.dataset.config.city]
        years = result.years
        span = f"{years[0]}" if len(years) == 1 else f"{years[0]}—{years[-1]}"
        yield Text(t("backtest.title", lang, city=words.unit_name(city, lang), years=span), style="bold")
        for level in dict.fromkeys(one.group.level for one in found):
            mine = [one for one in found if one.group.level == level]
            yield from _level(level, mine, classes, result, lang)
        yield Text()
        yield from (Text(line) for line in _notes(result, found, lang))
        if self.folder:
            yield Text(t("backtest.files", lang, folder=self.folder))


def _level(
    level: str, mine: Sequence[Score], classes: Sequence[Calibration], result: Backtest, lang: Lang
) -> Iterator[RenderableType]:
    """Tables of one kind of place."""
    name = t(f"backtest.level_{level}", lang)
    whole = [one for one in mine if one.group.indicator == ALL and one.group.months_left == ALL_MONTHS]
    model = [one for one in mine if one.forecaster == MODEL]
    bands = [one for one in model if one.group.indicator == ALL]
    single = [one for one in model if one.group.indicator != ALL]
    names = {one.group.indicator: _indicator(one.group.indicator, result, lang) for one in single}
    yield _title("level", name, lang)
    yield _table("forecaster", whole, _forecaster_names(whole, lang), lang)
    yield _title("months", name, lang)
    yield _table("months_left", bands, _band_names(bands, lang), lang)
    if len(single) > 1:
        yield _title("indicators", name, lang)
        yield _table("indicator", single, [names[one.group.indicator] for one in single], lang)
    chosen = next(
        c for c in classes if c.group.level == level and c.group.months_left == ALL_MONTHS and c.forecaster == MODEL
    )
    yield _title("reliability", name, lang)
    yield _reliability(chosen, lang)


def _title(key: str, level: str, lang: Lang) -> Text:
    return Text(f"\n{t(f'backtest.title_{key}', lang, level=level)}", style="bold")


def _indicator(indicator: str, result: Backtest, lang: Lang) -> str:
    return words.indicator_name(indicator, result.dataset.panel.indicators[indicator].name_zh, lang)


def _forecaster_names(found: Sequence[Score], lang: Lang) -> list[str]:
    return [t(f"backtest.forecaster_{one.forecaster}", lang) for one in found]


def _band_names(found: Sequence[Score], lang: Lang) -> list[str]:
    return [
        t("backtest.months_all", lang)
        if one.group.months_left == ALL_MONTHS
        else t("backtest.months_band", lang, first=one.group.months_left[0], last=one.group.months_left[1])
        for one in found
    ]


def _empty() -> Table:
    return Table(box=box.SIMPLE_HEAVY, show_edge=False, pad_edge=False, padding=0, collapse_padding=True)


def _table(first: str, found: Sequence[Score], labels: Sequence[str], lang: Lang) -> Table:
    table = _empty()
    table.add_column(Text(t(f"backtest.head_{first}", lang)), overflow="fold")
    for column in ("outcomes", "cases", *_MEASURES):
        table.add_column(Text(t(f"backtest.head_{column}", lang)), justify="right", no_wrap=True)
    for label, one in zip(labels, found, strict=True):
        table.add_row(label, *_cells(one, lang))
    return table


def _cells(one: Score, lang: Lang) -> list[str]:
    none = t("glossary.none", lang)

    def share(value: float | None) -> str:
        return none if value is None else f"{value:.0%}"

    return [
        str(one.outcomes),
        str(one.cases),
        f"{one.crps_pp:.2f}",
        f"{one.twcrps_pp:.2f}",
        f"{one.brier:.3f}",
        f"{one.log_score:.3f}",
        share(one.covered50),
        share(one.covered90),
        f"{one.deviation:.2f}",
        _ratio(one, lang),
    ]


def _ratio(one: Score, lang: Lang) -> str:
    """Ratio to pace, with its interval on a line of its own."""
    if one.against_pace is None:
        return t("glossary.none", lang)
    ratio = f"{one.against_pace.ratio:.2f}"
    if one.interval is None:
        return ratio
    return t("backtest.ratio", lang, ratio=ratio, low=f"{one.interval[0]:.2f}", high=f"{one.interval[1]:.2f}")


def _reliability(one: Calibration, lang: Lang) -> Table:
    table = _empty()
    for column in ("class", "cases", "forecast", "observed"):
        table.add_column(Text(t(f"backtest.head_{column}", lang)), justify="right")
    classes = one.reliability
    for k, count in enumerate(classes.count):
        if count:
            bounds = t("glossary.range", lang, low=f"{classes.edges[k]:.1f}", high=f"{classes.edges[k + 1]:.1f}")
            table.add_row(bounds, str(count), f"{classes.forecast[k]:.2f}", f"{classes.observed[k]:.2f}")
    return table


def _notes(result: Backtest, found: Sequence[Score], lang: Lang) -> Iterator[str]:
    """What to mind when reading, in this record."""
    city = result.dataset.panel.units[result.dataset.config.city]
    if all(record.case.pair.unit != city.unit for record in result.records):
        yield t("backtest.note_no_city", lang, city=words.unit_name(city, lang))
    for one in found:
        if one.forecaster == MODEL and one.group.indicator == ALL and one.group.months_left == ALL_MONTHS and one.few:
            level = t(f"backtest.level_{one.group.level}", lang)
            yield t("backtest.note_few", lang, level=level, outcomes=one.outcomes, fewest=FEWEST_OUTCOMES)
    for key in ("scores", "outcomes", "common", "known"):
        yield t(f"backtest.note_{key}", lang)
    if any(record.case.synthetic for record in result.records):
        yield t("backtest.note_synthetic", lang)
    failed = sum(record.diagnostics not in ("", "ok") for record in result.records)
    if failed:
        yield t("backtest.note_diagnostics", lang, count=failed)
    request = result.request
    yield t("backtest.note_method", lang, method=request.method, draws=request.draws, seed=request.seed)
    yield from (str(text) for text in _failed(result, lang))


def _failed(result: Backtest, lang: Lang) -> Iterator[Text]:
    if result.failures:
        name, reason = next(iter(result.failures.items()))
        yield Text(t("backtest.note_failed", lang, count=len(result.failures), name=name, reason=reason))
