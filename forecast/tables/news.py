"""Why a target moved between two runs: the table, a sentence a target, and the steps of a waterfall.

What is said of a probability is the difference of its printed levels; what caused it is told in points of the year-end
gap, whose parts sum to its change as printed.

Invariant: every number of a sentence is one of the table ``news`` at its digits, and parts sum to what they are parts
of (held by ``tests/test_news_report.py``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import pandas as pd

from forecast.answers.chances import Criterion
from forecast.answers.evidence import Evidence
from forecast.data.dataset import Dataset
from forecast.news.news import Kind, Levels, News, NewsStatus, Part, TargetKey, TargetNews
from forecast.news.releases import Release, ReleaseVerdict
from forecast.periods import AsOf, Month
from forecast.tables import words
from forecast.tables.dossier import Dossier, heading, subtitle
from forecast.tables.kind import Kind as Measure
from forecast.tables.kind import Value
from forecast.tables.table import (
    Block,
    Column,
    Look,
    Provenance,
    Said,
    Sentence,
    Sheet,
    Show,
    Surface,
    Table,
    View,
)
from forecast.texts import Lang, t

_OWN: Final = {Kind.CITY: "city", Kind.PROVINCE: "province", Kind.NATION: "nation"}
_SHARE, _PERCENT, _POINTS, _WHOLE = Measure.SHARE, Measure.PERCENT, Measure.POINTS, Measure.WHOLE


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsLine:
    """A row of the file: a part of the change of a target, or a target that has none.

    no : which part; written : its deltas at the digits of the file, by name; points : its part of the printed change
    """

    news: News
    target: TargetNews
    part: Part | None = None
    no: int | None = None
    written: Mapping[str, float | None]
    points: int | None = None

    @property
    def lead(self) -> Release | None:
        """The figure that speaks for the part."""
        return self.part.lead if self.part else None


def level_moved(target: TargetNews, news: News) -> int | None:
    """Points between the two printed levels of what is spoken of; None where a side has none."""
    before, after = target.before.p(news.criterion), target.after.p(news.criterion)
    return None if before is None or after is None else words.level_points(after, before, evidence=target.evidence)


def _level_parts(target: TargetNews, news: News) -> list[int | None]:
    before, after = target.before.p(news.criterion), target.after.p(news.criterion)
    shares = [part.delta.p(news.criterion) for part in target.parts]
    if before is None or after is None:
        return [None] * len(shares)
    return [*words.level_shares([one or 0.0 for one in shares], after, before, evidence=target.evidence)]


_WRITTEN: Final[Mapping[str, tuple[str, int]]] = {
    "reach": ("p_reach", 4),
    "near": ("p_near", 4),
    "forecast_pp": ("forecast_pct", 2),
    "benchmark_pp": ("benchmark_pct", 2),
    "gap_pp": ("gap_pp", 2),
}
"""Changes, the levels that they are between, and the decimals of both in files."""


def _written(target: TargetNews) -> list[dict[str, float | None]]:
    """Deltas of every part at the digits written; they sum to the difference of the two levels as these are written."""
    out: list[dict[str, float | None]] = [{} for _ in target.parts]
    for name, (level, places) in _WRITTEN.items():
        before, after = (getattr(side, level) for side in (target.before, target.after))
        values = [getattr(part.delta, name) for part in target.parts]
        known = before is not None and after is not None and None not in values
        whole = float(f"{after:.{places}f}") - float(f"{before:.{places}f}") if known else 0.0
        shown = words.split(values, 10.0**-places, whole=whole) if known else [None] * len(values)
        for one, value in zip(out, shown, strict=True):
            one[name] = value
    return out


def _lines(news: News) -> Iterator[NewsLine]:
    for target in news.targets:
        if not target.parts:
            yield NewsLine(news=news, target=target, written={})
        parts = zip(target.parts, _written(target), _level_parts(target, news), strict=True)
        for no, (part, written, points) in enumerate(parts):
            yield NewsLine(news=news, target=target, part=part, no=no, written=written, points=points)


def _col(
    name: str, value: Callable[[NewsLine], Value], kind: Measure = Measure.TEXT, digits: int | None = None
) -> Column[NewsLine]:
    return Column(name, kind, "news", value=value, digits=digits)


def _both(name: str, level: str, kind: Measure) -> Iterator[Column[NewsLine]]:
    """A number of a target in the earlier run, and in the later one."""
    stem, unit = name.rsplit("_", 1) if name.endswith(("_pct", "_pp")) else (name, "")
    for side in ("before", "after"):
        full = f"{stem}_{side}_{unit}" if unit else f"{stem}_{side}"
        yield _col(full, lambda r, side=side: getattr(getattr(r.target, side), level), kind)  # type: ignore[misc]


def _lead(name: str, value: Callable[[Release], Value], kind: Measure = Measure.TEXT) -> Column[NewsLine]:
    return _col(name, lambda r: value(r.lead) if r.lead else None, kind)


def _delta(name: str, kind: Measure) -> Column[NewsLine]:
    return _col(f"d_{name}", lambda r: r.written.get(name), kind)


def _linked(r: NewsLine) -> Value:
    return (r.part.linked or "all") if r.part and r.part.kind is Kind.LINKED else None


COLUMNS: Final[tuple[Column[NewsLine], ...]] = (
    _col("indicator", lambda r: r.target.indicator),
    _col("name_zh", lambda r: r.target.name_zh),
    _col("unit", lambda r: r.target.key[1]),
    _col("benchmark", lambda r: r.target.benchmark),
    _col("target_kind", lambda r: r.target.key[2]),
    _col("run_before", lambda r: r.news.before),
    _col("as_of_before", lambda r: r.news.as_of[0]),
    _col("as_of", lambda r: r.news.as_of[1]),
    _col("evidence", lambda r: r.target.evidence.value),
    _col("news_status", lambda r: r.target.status.value),
    *_both("p_reach", "p_reach", _SHARE),
    *_both("p_near", "p_near", _SHARE),
    *_both("forecast_pct", "forecast_pct", _PERCENT),
    *_both("benchmark_pct", "benchmark_pct", _PERCENT),
    _col("change_points", lambda r: level_moved(r.target, r.news), _WHOLE),
    _col("part", lambda r: r.no, _WHOLE),
    _col("kind", lambda r: r.part.kind.value if r.part else None),
    _col("linked", _linked),
    _col("figures", lambda r: len(r.part.releases) if r.part else None, _WHOLE),
    _lead("release_unit", lambda one: one.figure.unit),
    _lead("release_period", lambda one: one.figure.period, Measure.MONTH),
    _lead("release_measure", lambda one: one.figure.measure),
    _lead("value_pct", lambda one: one.figure.after, _PERCENT),
    _lead("previous_pct", lambda one: one.previous_pct if one.figure.before is None else one.figure.before, _PERCENT),
    _lead("change_pp", lambda one: one.change_pp, _POINTS),
    _lead("expected_pct", lambda one: one.expected_pct, _PERCENT),
    _lead("expected_sd_pp", lambda one: one.expected_sd_pp, _POINTS),
    _lead("surprise_sd", lambda one: one.surprise, Measure.COUNT),
    _lead("verdict", lambda one: one.verdict.value),
    _delta("reach", _SHARE),
    _delta("near", _SHARE),
    _delta("forecast_pp", _POINTS),
    _delta("benchmark_pp", _POINTS),
    _col("d_points", lambda r: r.points, _WHOLE),
    *_both("gap_pp", "gap_pp", _POINTS),
    _delta("gap_pp", _POINTS),
    _col("criterion", lambda r: r.news.criterion.value),
)
"""``news.csv``: a row a part, or one without a part for a target that has none."""


def news_frame(news: News, provenance: Provenance) -> pd.DataFrame:
    """``news.csv``: at the digits written the parts of a target sum to the difference of its two numbers."""
    return Table(name="news", columns=COLUMNS, rows=[*_lines(news)]).frame(provenance)


def news_document(news: News, frame: pd.DataFrame, dataset: Dataset, lang: Lang) -> dict[str, Any]:
    """Everything for programs: the runs, a sentence a target, and the table."""
    return {
        "before": news.before,
        "after": news.after,
        "as_of": list(news.as_of),
        "criterion": news.criterion.value,
        "nothing": news.nothing,
        "sentences": [
            {
                "indicator": one.key[0],
                "unit": one.key[1],
                "target_kind": one.key[2],
                "sentence": sentence(one, news, dataset, lang=lang),
            }
            for one in news.targets
        ],
        "news": json.loads(frame.to_json(orient="records")),
    }


# For people


def of_target(news: News, key: TargetKey) -> TargetNews | None:
    """News of one target; None where there is none."""
    return next((one for one in news.targets if one.key == key), None)


def main_targets(news: News, dataset: Dataset) -> list[TargetNews]:
    """Targets of the city against the province's average, which a leader is told of."""
    city = dataset.config.city
    return [one for one in news.targets if one.key[1] == city and one.key[2] == "province_average"]


def news_lines(news: News, dataset: Dataset, lang: Lang, *, most: int) -> list[str]:
    """Indicators whose printed probability or gap moved, the most first, each with its causes."""

    def size(one: TargetNews) -> tuple[int, float]:
        return abs(level_moved(one, news) or 0), abs(words.rounded(one.change.gap_pp or 0.0, 0.1))

    told = [one for one in main_targets(news, dataset) if any(size(one))]
    told.sort(key=size, reverse=True)
    colon = t("glossary.colon", lang)
    return [
        f"{words.indicator_name(one.indicator, one.name_zh, lang)}{colon}{sentence(one, news, dataset, lang=lang)}"
        for one in told[:most]
    ]


def sentence(target: TargetNews, news: News, dataset: Dataset, *, lang: Lang) -> str:
    """How a probability moved and why.

    较上月达到或接近的概率提高5个百分点（40%→45%），差距缩小2.0个百分点：1—8月降幅收窄2.0个百分点，好于预期，+3.0；…
    """
    before, after = target.before.p(news.criterion), target.after.p(news.criterion)
    event = words.event_name(news.criterion, lang)
    if target.status in (NewsStatus.NEITHER, NewsStatus.NOT_AFTER) or after is None:
        return t("news.neither" if before is None else "news.not_after", lang)
    if before is None:
        return t("news.not_before", lang, event=event, now=words.chance(after, lang, evidence=target.evidence))
    since = _since(news, lang)
    note = t("glossary.limited_note", lang) if target.evidence is Evidence.THIN else ""
    if target.status is NewsStatus.NOTHING:
        return t("news.sentence_bare", lang, head=t("news.nothing", lang, since=since), note=note)
    head = _head(target, news, since, event, lang)
    told = [
        t("news.part", lang, text=_text(part, target, dataset, lang), points=shown)
        for part, shown in _ranked(target)
        if shown != "0" or (part.kind is Kind.CITY and part.lead is not None)
    ]
    if not told:
        return t("news.sentence_bare", lang, head=head, note=note)
    return t("news.sentence", lang, head=head, parts=t("news.joint", lang).join(told), note=note)


def _head(target: TargetNews, news: News, since: str, event: str, lang: Lang) -> str:
    """The change of the printed level; where there is none, growth and gap lead."""
    ends = [words.probability(side.p(news.criterion), lang, evidence=target.evidence) for side in _sides(target)]
    moved = level_moved(target, news) or 0
    gap = words.gap_phrase(target.change.gap_pp or 0.0, lang)
    if moved:
        key, gap = "up" if moved > 0 else "down", gap or t("news.gap_same", lang)
        params = {"points": abs(moved), "before": ends[0], "after": ends[1], "gap": gap.rstrip("，, ")}
        return t(f"news.{key}", lang, since=since, event=event, **params)
    growth = words.growth_phrase(target.change.forecast_pp or 0.0, lang)
    return t("news.same", lang, since=since, event=event, now=ends[1], lead=f"{growth}{gap}")


def _sides(target: TargetNews) -> tuple[Levels, Levels]:
    return target.before, target.after


def gap_parts(target: TargetNews) -> list[str]:
    """Parts of the change of the gap, points, with as many decimals as it needs; they sum to it as printed."""
    change = target.change.gap_pp
    values = [part.delta.gap_pp for part in target.parts]
    if change is None or None in values:
        return ["0"] * len(values)
    digits = len(words.effect(change).partition(".")[2]) or 1
    shown = words.split([one or 0.0 for one in values], 10.0**-digits)
    return [f"{one:+.{digits}f}" if round(one, digits) else "0" for one in shown]


def _ranked(target: TargetNews) -> list[tuple[Part, str]]:
    order = list(Kind)
    return sorted(zip(target.parts, gap_parts(target), strict=True), key=lambda pair: order.index(pair[0].kind))


def _since(news: News, lang: Lang) -> str:
    before, after = (AsOf.parse(text) for text in news.as_of)
    if before.month.plus(1) == after.month:
        return t("news.since_month", lang)
    if before.month == after.month:
        return t("news.since_run", lang)
    return t("news.since_as_of", lang, as_of=words.knowledge(before, lang))


def _text(part: Part, target: TargetNews, dataset: Dataset, lang: Lang) -> str:
    """What a part comes from, without its points."""
    lead = part.lead
    match part.kind:
        case Kind.CITY | Kind.PROVINCE | Kind.NATION if lead is None:
            return t("news.level_figure", lang, where=t(f"news.where_{_OWN[part.kind]}", lang))
        case Kind.CITY | Kind.PROVINCE | Kind.NATION if lead is not None:
            return _figure(part.kind, lead, target, lang) + _verdict(lead.verdict, lang)
        case Kind.REMARK if lead is not None:
            return _remark(lead, lang)
        case Kind.LINKED if part.linked:
            indicator = dataset.panel.indicators[part.linked]
            return t("news.linked", lang, indicator=words.indicator_name(part.linked, indicator.name_zh, lang))
        case Kind.LINKED:
            return t("news.linked_all", lang)
        case Kind.UNSPLIT:
            return t("news.unsplit_part", lang)
    return t(f"news.{part.kind.value}", lang)


def _verdict(verdict: ReleaseVerdict, lang: Lang) -> str:
    return t("news.expected_verdict" if verdict is ReleaseVerdict.EXPECTED else f"news.{verdict.value}", lang)


def _figure(kind: Kind, lead: Release, target: TargetNews, lang: Lang) -> str:
    """A released growth against the one before."""
    figure, month = lead.figure, Month.parse(lead.figure.period)
    where, months = t(f"news.where_{_OWN[kind]}", lang), words.months(month, lang)
    value = words.growth(figure.after, lang)
    if figure.measure != "cum_yoy_pct":
        return t("news.single_figure", lang, where=where, month=words.month_name(month, lang), value=value)
    if lead.change_pp is None or lead.previous_pct is None or figure.after is None:
        return t("news.first_figure", lang, where=where, months=months, value=value)
    size = words.rounded(abs(lead.change_pp), 0.1)
    if size == 0.0:
        return t("news.unchanged", lang, where=where, months=months)
    rising = lead.change_pp > 0.0
    points = f"{size:.1f}"
    if kind is not Kind.CITY and _rising(target) is rising:
        return t("news.also_up" if rising else "news.also_down", lang, where=where, points=points)
    key = _move(lead.previous_pct, figure.after, rising=rising)
    return t(f"news.{key}", lang, where=where, months=months, points=points)


def _move(before: float, after: float, *, rising: bool) -> str:
    """Key of the words for a change of cumulative growth."""
    if before < 0.0 <= after:
        return "turned_up"
    if after < 0.0 <= before:
        return "turned_down"
    if after < 0.0:
        return "decline_narrowed" if rising else "decline_widened"
    return "growth_faster" if rising else "growth_slower"


def _rising(target: TargetNews) -> bool | None:
    """Whether the city's own new figure rose; None without one."""
    own = next((part.lead for part in target.parts if part.kind is Kind.CITY), None)
    return None if own is None or not own.change_pp else own.change_pp > 0.0


def _remark(lead: Release, lang: Lang) -> str:
    month = words.month_name(Month.parse(lead.figure.period), lang)
    if lead.figure.measure == "rank":
        return t("news.remark_rank", lang, month=month, rank=f"{lead.figure.after:.0f}")
    return t("news.remark_below" if (lead.figure.after or 0.0) < 0.0 else "news.remark_above", lang, month=month)


@dataclass(frozen=True, slots=True)
class Why:
    """A row for people: how a target moved, and why."""

    target: TargetNews
    news: News
    dataset: Dataset


def _seen(name: str, *, left: bool = False) -> Show[Why]:
    return Show(name=name, head=f"news.head_{name}", left=left, fold=True)


def _told(name: str, kind: Measure, widest: int) -> Show[Why]:
    return Show(name=name, head=f"reports.col_news_{name}", means=f"reports.mean_news_{name}", kind=kind, widest=widest)


def _why(name: str, says: Callable[[Why, View], Said], seen: Show[Why] | None, sheet: Show[Why] | None) -> Column[Why]:
    shows = {Surface.TERMINAL: seen, Surface.SHEET: sheet}
    return Column(name, on={k: replace(show, says=says) for k, show in shows.items() if show is not None})


def _chance(side: Callable[[TargetNews], Levels]) -> Callable[[Why, View], Said]:
    return lambda r, v: words.probability(side(r.target).p(r.news.criterion), v.lang, evidence=r.target.evidence)


def _points(r: Why, _: View) -> Said:
    moved = level_moved(r.target, r.news)
    return None if moved is None else f"{moved:+d}" if moved else "0"


def _level(side: str, name: str) -> Callable[[Why, View], Said]:
    return lambda r, _: getattr(getattr(r.target, side), name)


WHY: Final[tuple[Column[Why], ...]] = (
    _why(
        "indicator",
        lambda r, v: words.indicator_name(r.target.indicator, r.target.name_zh, v.lang),
        _seen("indicator", left=True),
        Show(name="indicator", head="reports.col_indicator", means="reports.mean_indicator"),
    ),
    _why("before", _chance(lambda one: one.before), _seen("before"), _told("before", Measure.CHANCE, 10)),
    _why("after", _chance(lambda one: one.after), _seen("after"), _told("after", Measure.CHANCE, 10)),
    _why("change", _points, _seen("points"), _told("change", Measure.SHORT, 10)),
    *(
        _why(f"{name}_{side}", _level(side, level), None, _told(f"{name}_{side}", kind, 8))
        for name, level, kind in (
            ("year", "forecast_pct", Measure.PERCENT),
            ("province", "benchmark_pct", Measure.PERCENT),
            ("gap", "gap_pp", Measure.POINTS),
        )
        for side in ("before", "after")
    ),
    _why(
        "why",
        lambda r, v: sentence(r.target, r.news, r.dataset, lang=v.lang),
        _seen("why", left=True),
        _told("why", Measure.TEXT, 70),
    ),
)


def _why_table(news: News | None, dataset: Dataset, criterion: Criterion, lang: Lang) -> Table[Why]:
    rows = [Why(one, news, dataset) for one in main_targets(news, dataset)] if news else []
    params = {"event": words.event_name(criterion, lang)}
    return Table(name="why", columns=WHY, rows=rows, params=params)


def news_blocks(news: News, dataset: Dataset, lang: Lang) -> list[Block]:
    """The city's targets against the province's average: before, after, and the sentence why."""
    before, after = (words.knowledge(AsOf.parse(text), lang) for text in news.as_of)
    view = View(lang=lang, surface=Surface.TERMINAL, criterion=news.criterion)
    caption = t("news.title", lang, before=before, after=after)
    table = _why_table(news, dataset, news.criterion, lang).grid(view, caption=caption, look=Look.WHOLE)
    event = words.event_name(news.criterion, lang)
    return [table, *(Sentence(t(f"news.{key}", lang, event=event)) for key in ("reading", "near_note"))]


def news_sheet(dossier: Dossier, lang: Lang) -> Sheet:
    """变动原因: a row an indicator of the city; without an earlier run a page that says how to get one."""
    news = dossier.news
    criterion = news.criterion if news else dossier.study.criterion
    table = _why_table(news, dossier.run.dataset, criterion, lang)
    note = t("reports.no_news", lang)
    if news is not None:
        before, after = (words.knowledge(AsOf.parse(text), lang) for text in news.as_of)
        event = words.event_name(news.criterion, lang)
        note = t("reports.note_news", lang, before=before, after=after, run=news.before)
        note += t("news.reading", lang, event=event)
    return Sheet(
        name="news",
        tab=t("reports.tab_news", lang),
        title=heading("news", dossier, lang),
        subtitle=subtitle(dossier, lang),
        fields=table.fields(Surface.SHEET, lang),
        rows=table.values(View(lang=lang, surface=Surface.SHEET)),
        notes=(note,),
        mark=dossier.mark(lang),
        frozen=1,
    )


def waterfall(target: TargetNews, news: News, dataset: Dataset, lang: Lang) -> pd.DataFrame | None:
    """Steps from the earlier to the later year-end gap, points; None where it could not be split.

    Bars are as computed and leave no gap; their texts are those of the sentence.
    """
    before, after = target.before.gap_pp, target.after.gap_pp
    if before is None or after is None or target.status not in (NewsStatus.SPLIT, NewsStatus.NOTHING):
        return None
    level = before
    records = [_total("before", level, target, news, lang)]
    for part, shown in zip(target.parts, gap_parts(target), strict=True):
        step = part.delta.gap_pp or 0.0
        if shown != "0":
            kind = "up" if step > 0 else "down"
            name = _named(part, dataset, lang)
            records.append({"name": name, "start": level, "end": level + step, "kind": kind, "text": shown})
        level += step
    frame = pd.DataFrame([*records, _total("after", after, target, news, lang)])
    again = frame.groupby("name").cumcount()
    frame["name"] = [name if not k else f"{name} {k + 1}" for name, k in zip(frame["name"], again, strict=True)]
    return frame


def _total(side: str, level: float, target: TargetNews, news: News, lang: Lang) -> dict[str, object]:
    p = getattr(target, side).p(news.criterion)
    chance = words.probability(p, lang, evidence=target.evidence)
    text = t("ui_indicator.waterfall_level", lang, gap=words.gap(level, lang), chance=chance)
    name = t(f"ui_indicator.waterfall_{side}", lang)
    return {"name": name, "start": 0.0, "end": level, "kind": "total", "text": text}


def _named(part: Part, dataset: Dataset, lang: Lang) -> str:
    name = t(f"news.kind_{part.kind.value}", lang)
    if part.kind is Kind.LINKED and part.linked in dataset.panel.indicators:
        indicator = dataset.panel.indicators[part.linked]
        linked = words.indicator_name(part.linked, indicator.name_zh, lang)
        return t("ui_indicator.waterfall_linked", lang, indicator=linked)
    if part.lead is not None:
        month = words.months(Month.parse(part.lead.figure.period), lang)
        return t("ui_indicator.waterfall_figure", lang, kind=name, month=month)
    return name
