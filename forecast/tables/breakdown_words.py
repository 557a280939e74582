"""A breakdown in words: what is needed, what ledgers carry, how likely it comes in, what must be read first.

Invariant: net money (新增) is that of ``Need``; a gross amount (应安排) stands only beside it, with the ratio
(held by ``tests/test_breakdown_command.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from forecast.answers.chances import Criterion, Status
from forecast.answers.evidence import Evidence
from forecast.dims import WAN_PER_YI
from forecast.runs.session import Assignments
from forecast.tables import words
from forecast.tables.kind import Kind
from forecast.tasks.breakdown import Breakdown
from forecast.tasks.carriers import Work
from forecast.texts import Lang, t

SPREAD: Final = (Status.SUPPORTED, Status.PARTLY_OPEN)
"""Of a breakdown that has tasks."""


def money_text(value: float | None, lang: Lang) -> str:
    """亿元 as people read it; empty where there is none."""
    return "" if value is None else Kind.MONEY.shown(value, lang)


def _chance(p: float | None, lang: Lang, *, evidence: Evidence = Evidence.THIN) -> str:
    return words.probability(p, lang, evidence=evidence)


def indicator_name(b: Breakdown, lang: Lang) -> str:
    """Name of what is broken down."""
    return words.indicator_name(b.indicator, b.name_zh, lang)


def open_yi(b: Breakdown) -> float | None:
    """What no ledger supports, 亿元; None without tasks."""
    total = b.margin("total")
    return None if total is None else total.open_wan / WAN_PER_YI


def warning(b: Breakdown, lang: Lang) -> str:
    """What must be read above every table of tasks that the ledgers cannot carry; empty otherwise."""
    total = b.margin("total")
    if total is None or not total.open_wan:
        return ""
    key = "warning_open" if b.increment.need else "warning_stated"
    numbers = {"total": money_text(b.increment.total_yi, lang), "open": money_text(total.open_wan / WAN_PER_YI, lang)}
    share = words.percent(total.open_wan / total.task_wan)
    return t(f"breakdown.{key}", lang, work=t(f"breakdown.work_{b.work.value}", lang), share=share, **numbers)


def net_text(b: Breakdown, lang: Lang) -> str:
    """New money of the need, in the indicator's own level, and in the work of the tasks where that is another."""
    need = b.increment.need
    if need is None or need.effect_yi is None:
        return ""
    work = t(f"breakdown.work_{b.work.value}", lang)
    if need.level_yi is None:
        return t("breakdown.net_work", lang, work=work, effect=money_text(need.effect_yi, lang))
    net = t("breakdown.net", lang, net=money_text(need.level_yi, lang))
    other = b.work is Work.OUTPUT and b.indicator != "ind_output"
    return net + (t("breakdown.net_as", lang, work=work, effect=money_text(need.effect_yi, lang)) if other else "")


def narrative(b: Breakdown, found: Assignments, lang: Lang) -> list[str]:
    """A breakdown in sentences: what is needed, what ledgers carry, how likely it comes in; or why there is none."""
    name, need = indicator_name(b, lang), b.increment.need
    wanted = found.wanted.criterion if need is None else need.criterion
    kind = words.kind_name(need.kind if need else found.wanted.kind, lang)
    goal = t(f"breakdown.criterion_{wanted.value}", lang, target=kind)
    if b.status is Status.INFEASIBLE:
        return [t("breakdown.said_infeasible", lang, indicator=name), *_conflicts(b, lang)]
    if b.status in SPREAD:
        return list(_sentences(b, goal, wanted, lang))
    wish = f"{found.wanted.wish * 100:g}"
    now = _chance(need.p_now if need else None, lang, evidence=need.evidence if need else Evidence.THIN)
    return [t(f"breakdown.said_{b.status.value}", lang, indicator=name, wish=wish, criterion=goal, now=now)]


def _conflicts(b: Breakdown, lang: Lang) -> Iterator[str]:
    for c in b.conflicts:
        numbers = {"amount": f"{c.amount:g}", "possible": f"{c.possible:g}"}
        name = c.name or t("breakdown.conflict_total_name", lang)
        yield "  " + t(f"breakdown.conflict_{c.kind.value}", lang, name=name, other=c.other, **numbers)


def _sentences(b: Breakdown, goal: str, wanted: Criterion, lang: Lang) -> Iterator[str]:
    need, margin = b.increment.need, b.margin("total")
    work, total = t(f"breakdown.work_{b.work.value}", lang), money_text(b.increment.total_yi, lang)
    if need is None:
        yield t("breakdown.said_stated", lang, work=work, total=total)
    else:
        yield t(
            "breakdown.said_need",
            lang,
            wish=f"{need.wish * 100:g}",
            criterion=goal,
            growth=f"{words.rounded(need.growth_pp or 0.0, 0.1):.1f}",
            net=net_text(b, lang),
            now=_chance(need.p_now, lang, evidence=need.evidence),
        )
    if margin is not None:
        supported, open_ = (
            money_text(margin.supported_wan / WAN_PER_YI, lang),
            money_text(margin.open_wan / WAN_PER_YI, lang),
        )
        if need is not None:
            key = "full" if need.additionality == 1.0 else "open" if margin.open_wan else "ledger"
            numbers = {"open": open_, "supported": supported, "percent": f"{need.additionality * 100:g}"}
            covered = money_text((need.effect_yi or 0.0) - margin.open_wan / WAN_PER_YI, lang)
            yield t(f"breakdown.said_additionality_{key}", lang, work=work, total=total, covered=covered, **numbers)
        yield t(
            "breakdown.said_support", lang, capacity=money_text(b.capacity_yi, lang), supported=supported, open=open_
        )
    if (look := b.outlook) is not None:
        near = wanted is Criterion.NEAR
        yield t(
            "breakdown.said_outlook",
            lang,
            mean=money_text(look.delivered_mean_yi, lang),
            low=money_text(look.delivered_p10_yi, lang),
            high=money_text(look.delivered_p90_yi, lang),
            criterion=goal,
            ledger=_chance(look.p_near_ledger if near else look.p_reach_ledger, lang, evidence=b.evidence),
            all=_chance(look.p_near_all if near else look.p_reach_all, lang, evidence=b.evidence),
        )
    if b.holds:
        yield t("breakdown.said_holds", lang, n=len(b.holds))
    if b.synthetic:
        yield t("breakdown.synthetic", lang)


def task_note(b: Breakdown, lang: Lang) -> str:
    """Whether an indicator has a breakdown: net, gross with its ratio, how much a ledger supports."""
    total, need, name = b.margin("total"), b.increment.need, indicator_name(b, lang)
    if b.status not in SPREAD:
        return t(f"reports.task_said_{b.status.value}", lang, indicator=name)
    numbers = {
        "total": money_text(b.increment.total_yi, lang),
        "supported": money_text((total.supported_wan if total else 0) / WAN_PER_YI, lang),
        "open": money_text(open_yi(b) or 0.0, lang),
        "work": t(f"breakdown.work_{b.work.value}", lang),
        "net": net_text(b, lang),
        "ratio": f"{need.additionality * 100:g}" if need else "",
    }
    key = "task_said_stated" if need is None else "task_said" if need.additionality == 1.0 else "task_said_ratio"
    return t(f"reports.{key}", lang, indicator=name, **numbers)
