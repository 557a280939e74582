"""Breakdowns, lists of naming and the 五上 balance in the terminal. Layout only, no arithmetic.

Invariant: every number shown is a field of ``Assignments`` (held by ``tests/test_breakdown_command.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from forecast.answers.chances import Criterion, Status
from forecast.answers.evidence import Evidence
from forecast.data.panel import Unit
from forecast.periods import Month
from forecast.runs.session import Assignments
from forecast.tables import words
from forecast.tasks.breakdown import Breakdown
from forecast.tasks.carriers import place_name
from forecast.tasks.county_lists import NamingLists, RankStatus, Standing
from forecast.tasks.need import Need
from forecast.tasks.stock import Balance, FilingWindow
from forecast.tasks.tasks import Margin
from forecast.texts import Lang, t

WIDE_FROM: Final = 100
"""Columns of screen from which sums due and numbers of carriers are shown."""


def render_assignments(found: Assignments, *, lang: Lang, files: Sequence[str] = ()) -> RenderableType:
    """What is due, by place, team and support; proposals for naming; the 五上 balance; where the files are."""
    return _Page(found, lang, tuple(files))


@dataclass(frozen=True, slots=True)
class _Page:
    found: Assignments
    lang: Lang
    files: tuple[str, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for b in self.found.breakdowns:
            yield Text(t("breakdown.title", self.lang, indicator=_indicator(b, self.lang)), style="bold")
            yield from (Text(line) for line in narrative(b, self.found, self.lang))
            if b.tasks:
                yield Text()
                for dimension in ("place", "team", "support"):
                    yield _margins(b, dimension, self.lang, self.found, wide=options.max_width >= WIDE_FROM)
                yield Text(t("breakdown.said_zones", self.lang))
            yield Text()
        yield from _naming(self.found, self.lang)
        yield Text()
        yield from _stock(self.found, self.lang)
        if self.found.synthetic:
            yield Text(t("breakdown.synthetic", self.lang), style="bold red")
        if self.files:
            yield Text(t("report.note_files", self.lang, list=t("glossary.and", self.lang).join(self.files)))


def _indicator(b: Breakdown, lang: Lang) -> str:
    return words.indicator_name(b.indicator, b.name_zh, lang)


def _yi(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _chance(p: float | None, lang: Lang, *, evidence: Evidence = Evidence.THIN) -> str:
    return words.probability(p, lang, evidence=evidence)


def narrative(b: Breakdown, found: Assignments, lang: Lang) -> list[str]:
    """A breakdown in sentences: what is needed, what ledgers carry, how likely it comes in; or why there is none."""
    name, need = _indicator(b, lang), b.increment.need
    wanted = found.wanted.criterion if need is None else need.criterion
    kind = words.kind_name(need.kind if need else found.wanted.kind, lang)
    goal = t(f"breakdown.criterion_{wanted.value}", lang, target=kind)
    match b.status:
        case Status.ALREADY_MET | Status.NOT_JUDGED | Status.NO_BASE | Status.UNREACHABLE | Status.NOT_ACTIONABLE:
            wish = f"{found.wanted.wish * 100:g}"
            now = _chance(need.p_now if need else None, lang, evidence=need.evidence if need else Evidence.THIN)
            return [t(f"breakdown.said_{b.status.value}", lang, indicator=name, wish=wish, criterion=goal, now=now)]
        case Status.INFEASIBLE:
            return [t("breakdown.said_infeasible", lang, indicator=name), *_conflicts(b, lang)]
    return list(_sentences(b, need, goal, wanted, lang))


def _conflicts(b: Breakdown, lang: Lang) -> Iterator[str]:
    for c in b.conflicts:
        numbers = {"amount": f"{c.amount:g}", "possible": f"{c.possible:g}"}
        name = c.name or t("breakdown.conflict_total_name", lang)
        yield "  " + t(f"breakdown.conflict_{c.kind.value}", lang, name=name, other=c.other, **numbers)


def _sentences(b: Breakdown, need: Need | None, goal: str, wanted: Criterion, lang: Lang) -> Iterator[str]:
    work = t(f"breakdown.work_{b.work.value}", lang)
    total = _yi(b.increment.total_yi)
    if need is None:
        yield t("breakdown.said_stated", lang, work=work, total=total)
    else:
        yield t(
            "breakdown.said_need",
            lang,
            wish=f"{need.wish * 100:g}",
            criterion=goal,
            growth=f"{need.growth_pp or 0.0:.1f}",
            effect=_yi(need.effect_yi),
            now=_chance(need.p_now, lang, evidence=need.evidence),
        )
    margin = b.margin("total")
    if need is not None and margin is not None:
        key = "full" if need.additionality == 1.0 else "open" if margin.open_wan else "ledger"
        numbers = {"open": _yi(margin.open_wan / 1e4), "supported": _yi(margin.supported_wan / 1e4)}
        percent = f"{need.additionality * 100:g}"
        yield t(f"breakdown.said_additionality_{key}", lang, percent=percent, work=work, total=total, **numbers)
    if margin is not None:
        supported, open_ = _yi(margin.supported_wan / 1e4), _yi(margin.open_wan / 1e4)
        yield t("breakdown.said_support", lang, capacity=_yi(b.capacity_yi), supported=supported, open=open_)
    if (look := b.outlook) is not None:
        near = wanted is Criterion.NEAR
        yield t(
            "breakdown.said_outlook",
            lang,
            mean=_yi(look.delivered_mean_yi),
            low=_yi(look.delivered_p10_yi),
            high=_yi(look.delivered_p90_yi),
            criterion=goal,
            ledger=_chance(look.p_near_ledger if near else look.p_reach_ledger, lang, evidence=b.evidence),
            all=_chance(look.p_near_all if near else look.p_reach_all, lang, evidence=b.evidence),
        )
    if b.holds:
        yield t("breakdown.said_holds", lang, n=len(b.holds))


def _table(title: str, columns: Sequence[tuple[str, bool]]) -> Table:
    table = Table(title=Text(title), box=box.SIMPLE_HEAVY, show_edge=False, pad_edge=False, title_justify="left")
    for head, left in columns:
        table.add_column(head, justify="left" if left else "right", no_wrap=True)
    return table


def _margins(b: Breakdown, dimension: str, lang: Lang, found: Assignments, *, wide: bool) -> Table:
    """Tasks of a dimension by month, whole 万元, under the sum over all."""
    months = [(t("breakdown.month", lang, month=words.month_name(m, lang)), False) for m in b.months]
    heads = [("sum", False), ("open", False), *([("due", False), ("rows", False)] if wide else [])]
    first = (t(f"breakdown.head_{dimension}", lang), True)
    title = {"place": "table_county", "team": "table_team", "support": "table_support"}[dimension]
    table = _table(
        t(f"breakdown.{title}", lang), [first, *months, *((t(f"breakdown.head_{h}", lang), r) for h, r in heads)]
    )
    keys = [m for m in b.margins if m.dimension == dimension and m.month is None]
    total = b.margin("total")
    for m in [*keys, *([total] if total else [])]:
        cells = [b.margin(m.dimension, m.key, month) for month in b.months]
        values = [f"{c.task_wan:,}" if c else "" for c in cells]
        tail = (f"{m.task_wan:,}", f"{m.open_wan:,}", f"{m.due_wan:,}", f"{m.carriers:,}")
        table.add_row(margin_name(m, lang, found), *values, *tail[: len(heads)], end_section=m is (keys or [m])[-1])
    return table


def margin_name(m: Margin, lang: Lang, found: Assignments) -> str:
    """Name of a sum."""
    if m.dimension == "total":
        return t("breakdown.head_sum", lang)
    if m.dimension == "support":
        return t(f"breakdown.kind_{m.key}", lang)
    if m.dimension == "team":
        return m.name_zh or t("breakdown.no_team", lang)
    unit = found.run.dataset.panel.units.get(m.key)
    return words.unit_name(unit, lang) if unit else m.name_zh


def _naming(found: Assignments, lang: Lang) -> Iterator[RenderableType]:
    lists, units = found.naming, found.run.dataset.panel.units
    rule = lists.rule
    yield Text(t("naming.title", lang), style="bold")
    yield Text(t("naming.only_published", lang))
    numbers = {"least": rule.least, "last": rule.name_last, "interview": rule.interview_last}
    yield Text(t("naming.rule", lang, **numbers))
    for r in lists.rankings:
        name = words.indicator_name(r.indicator, r.name_zh, lang)
        if r.status is not RankStatus.RANKED:
            key = r.status.value
            yield Text(t(f"naming.{key}", lang, indicator=name, n=r.published, least=rule.least))
    if not lists.named and not lists.proposed:
        yield Text(t("naming.nobody", lang))
    if lists.named:
        yield from _named(lists, units, lang)
    if lists.proposed:
        yield _interviews(lists, lang)
    for source in dict.fromkeys(one.source for one in lists.stated):
        yield Text(t("naming.stated_by", lang, source=source))
        for one in (one for one in lists.stated if one.source == source):
            unit = units.get(one.unit)
            place = words.unit_name(unit, lang) if unit else one.unit
            yield Text("  " + t("naming.stated_of", lang, place=place, text=one.text))


def _named(lists: NamingLists, units: Mapping[str, Unit], lang: Lang) -> Iterator[RenderableType]:
    """A table an indicator, headed by its name, its period and the city's growth."""
    month = words.month_name(lists.naming_month, lang)
    yield Text(t("naming.title_naming", lang, month=month), style="bold")
    names = ("place", "growth", "rank", "gap_city", "contribution", "last")
    columns = [(t(f"naming.head_{name}", lang, last=lists.rule.name_last), name == "place") for name in names]
    for r in lists.rankings:
        mine = [s for s in r.standings if s.named]
        if not mine or r.period is None:
            continue
        name = words.indicator_name(r.indicator, r.name_zh, lang)
        period = t("naming.through", lang, month=words.month_name(r.period, lang))
        city = words.growth(r.city_pct, lang)
        table = _table(t("naming.block", lang, indicator=name, period=period, city=city), columns)
        for s in mine:
            _, growth, rank, gap, _, pull, _ = standing_cells(s, r.published, units, lang)
            place = s.name_zh if lang == "zh" else s.unit.capitalize()
            table.add_row(place, growth, rank, gap, pull, "" if s.p_last is None else _chance(s.p_last, lang))
        yield table


def standing_cells(s: Standing, published: int, units: Mapping[str, Unit], lang: Lang) -> tuple[str, ...]:
    """One place of a ranking: place, growth, rank, gap to city, gap to plan, pull on the gap, certainty of the last."""
    place = s.name_zh if lang == "zh" else s.unit.capitalize()
    if s.within is not None:
        outer = place_name(s.within, units) if lang == "zh" else s.within.capitalize()
        place += t("naming.within", lang, place=outer)
    chance = "" if s.p_last is None else _chance(s.p_last, lang)
    if s.rank_p10 is not None:
        chance += t("naming.sure", lang, low=s.rank_p10, high=s.rank_p90)
    return (
        place,
        words.growth(s.growth_pct, lang),
        t("naming.rank_of", lang, rank=s.rank, of=published),
        words.gap(s.gap_city_pp, lang),
        words.gap(s.gap_plan_pp, lang),
        "" if s.contribution_pp is None else f"{s.contribution_pp:+.2f}",
        chance,
    )


def _interviews(lists: NamingLists, lang: Lang) -> Table:
    month = words.month_name(lists.interview_month, lang)
    heads = [("place", True), ("mean", False), ("behind", False), ("named", False)]
    table = _table(
        t("naming.title_interview", lang, month=month), [(t(f"naming.head_{h}", lang), left) for h, left in heads]
    )
    for one in lists.proposed:
        place = one.name_zh if lang == "zh" else one.unit.capitalize()
        behind = t("naming.rank_of", lang, rank=one.behind, of=one.ranked)
        table.add_row(place, f"{one.mean_place:.2f}", behind, f"{one.named}")
    return table


def _stock(found: Assignments, lang: Lang) -> Iterator[RenderableType]:
    years = [b for b in found.stock.balances if b.month is None]
    if not years:
        return
    names = ("sector", "opening", "entered", "left", "net", "preparing", "risk", "closing")
    heads = [(t(f"stock.head_{name}", lang), name == "sector") for name in names]
    table = _table(t("stock.title", lang), heads)
    for b in years:
        table.add_row(*balance_cells(b, lang), end_section=b is (years[-2] if len(years) > 1 else years[-1]))
    yield table
    if all(b.opening is None for b in years):
        yield Text(t("stock.note_opening", lang))
    for name in ("entered", "left"):
        if all(getattr(b, name) is None for b in years):
            yield Text(t(f"stock.note_{name}", lang))
    if found.stock.windows:
        yield Text()
        yield Text(t("stock.title_windows", lang), style="bold")
        yield from (Text(window_text(w, lang)) for w in found.stock.windows)
        yield Text(t("stock.note_annual", lang))


def balance_cells(b: Balance, lang: Lang) -> tuple[str, ...]:
    """One balance of 五上 units."""

    def told(value: int | None) -> str:
        return t("stock.not_told", lang) if value is None else f"{value:,}"

    name = b.sector_zh or t("stock.total", lang)
    risk = "" if b.at_risk is None else f"{b.at_risk:.1f}"
    return (
        name, told(b.opening), told(b.entered), told(b.left), told(b.net), f"{b.preparing:,}", risk,
        told(b.closing),
    )  # fmt: skip


def window_text(w: FilingWindow, lang: Lang) -> str:
    """One window of filing, as a sentence."""
    month = words.month_name(Month(w.deadline.year, w.deadline.month), lang)
    return t(
        "stock.window",
        lang,
        day=t("stock.day", lang, month=month, day=w.deadline.day),
        left=w.days_left,
        channel=t(f"stock.channel_{w.channel}", lang),
        units=w.units,
        sectors=t("glossary.and", lang).join(f"{name}{n}" for name, n in w.sectors.items()),
        report=t("stock.report_month", lang, year=w.first_report.year, month=w.first_report.month),
        output=f"{w.monthly_output_yi:.2f}",
        counts=t("stock.counts_yes" if w.counts_this_year else "stock.counts_no", lang),
    )
