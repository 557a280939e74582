"""A make-up plan in words: names of levers, and the sentences that a planner takes over.

Invariant: every number in a sentence is a field of ``Makeup`` (held by ``tests/test_makeup_command.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from forecast.answers.chances import Status
from forecast.answers.evidence import Comparison, Evidence, weakest
from forecast.data.dataset import Dataset
from forecast.data.reading.columns import NO_COUNTY
from forecast.plan.candidates import CapEvidence, Lever, Unit
from forecast.plan.request import Form, Wish, settings_text
from forecast.plan.result import Feasibility, Limit, Makeup, SectorRow, WishResult
from forecast.runs.session import PlanOf
from forecast.scenario.actions import Family
from forecast.tables import words
from forecast.tables.kind import Kind
from forecast.texts import Lang, t

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "industry": ("industry",),
    "agriculture": ("agri",),
    "building": ("construction", "real_estate"),
    "services": (),
}
"""The speech's four groups by industries of GDP; services are all the rest."""
LEAST_PP: Final = 0.005
"""Points below which a contribution is not named."""


def group_of(industry: str) -> str:
    """Group of an industry: industry, agriculture, building (房地产和建筑业), services (消费服务业)."""
    return next((name for name, members in GROUPS.items() if industry in members), "services")


def place_name(place: str, dataset: Dataset, lang: Lang) -> str:
    """Name of a county, a zone, the city, 市本级 or 跨县区."""
    if place in NO_COUNTY:
        return NO_COUNTY[place] if lang == "zh" else t(f"makeup.place_{place}", lang)
    unit = dataset.panel.units.get(place)
    return place if unit is None else words.unit_name(unit, lang)


def lever_name(lever: Lever, dataset: Dataset, lang: Lang) -> str:
    """Name of a lever: 汉滨区停产企业复产（7户）."""
    place, n = place_name(lever.place, dataset, lang), len(lever.entities)
    match lever.family:
        case Family.SECTOR:
            rows = dataset.panel.industries
            name = str(rows.loc[rows["industry"] == lever.industry, "name_zh"].iloc[0])
            return t("makeup.lever_sector", lang, name=name if lang == "zh" else lever.industry)
        case Family.PUSH:
            indicator = dataset.panel.indicators[lever.acts_on]
            return t("makeup.lever_push", lang, name=words.indicator_name(lever.acts_on, indicator.name_zh, lang))
        case Family.RESTART:
            return t(f"makeup.lever_restart_{lever.state}", lang, place=place, n=n)
        case _:
            return t(f"makeup.lever_{lever.family.value}", lang, place=place, n=n)


def use_words(lever: Lever, use: float, lang: Lang) -> str:
    """How far a lever is used: 实施, 提前2个月, 单月增速提高1.50个百分点, 12.3亿元; — for not at all."""
    if use <= 0.0:
        return t("glossary.none", lang)
    decimals = {Unit.POINTS: 2, Unit.MONEY: 1}.get(lever.unit, 0)
    return t(f"makeup.use_{lever.unit.value}", lang, number=f"{use:.{decimals}f}")


def support(row: SectorRow, lang: Lang) -> str:
    """Projects and enterprises behind an industry's part, or 无项目支撑."""
    parts = [
        t(f"makeup.support_{name}", lang, n=n)
        for name, n in (("projects", row.projects), ("enterprises", row.enterprises))
        if n
    ]
    if row.unsupported:
        parts.append(t("makeup.support_partly" if parts else "makeup.support_none", lang))
    return t("glossary.and", lang).join(parts) if parts else t("glossary.none", lang)


def wish_name(wish: WishResult, lang: Lang) -> str:
    """What a wish is about: 生产总值接近全省平均; 2项以上达到; 达到项数的期望."""
    verb = t(f"makeup.verb_{wish.wish.criterion.value}", lang)
    if wish.wish.form is Form.EXPECTED:
        return t("makeup.wish_count", lang, verb=verb, n=len(wish.names))
    names = t("glossary.and", lang).join(
        words.indicator_name(key[0], name, lang) for key, name in zip(wish.wish.keys, wish.names, strict=True)
    )
    kinds = {key[2] for key in wish.wish.keys}
    goal = words.goal_name(next(iter(kinds)), lang) if len(kinds) == 1 else t("makeup.goal_mixed", lang)
    if wish.wish.form is Form.AT_LEAST:
        return t("makeup.wish_least", lang, names=names, n=wish.wish.least, verb=verb, goal=goal)
    key = "wish_all" if len(wish.names) > 1 else "wish_one"
    return t(f"makeup.{key}", lang, names=names, verb=verb, goal=goal)


def asked_words(wish: Wish) -> str:
    """What a wish asks for: 50%; an expected number as it was given."""
    return f"{wish.level:g}" if wish.form is Form.EXPECTED else f"{wish.level * 100:g}%"


def level_words(plan: Makeup, wish: WishResult, value: float, lang: Lang) -> str:
    """A wish's value as people read it: 15%, <5%; an expected number with one decimal."""
    if wish.wish.form is Form.EXPECTED:
        return t("makeup.items", lang, n=f"{value:.1f}")
    return words.probability(value, lang, evidence=evidence_of(plan, wish))


def evidence_of(plan: Makeup, wish: WishResult) -> Evidence:
    """The thinnest evidence among a wish's targets."""
    return weakest(c.case.evidence for c in plan.cases if c.case.key in wish.wish.keys)


def change_words(plan: Makeup, wish: WishResult, value: float) -> str:
    """How much more likely than without a plan, in points between printed levels (or how many more indicators)."""
    if wish.wish.form is Form.EXPECTED:
        return f"{value - wish.before:+.2f}"
    return words.level_change(value, wish.before, evidence=evidence_of(plan, wish))


def feasible_words(feasibility: Feasibility, history: Comparison, lang: Lang) -> str:
    """可达, 需创历史, 历史资料不足, with 参照全省 where the city's own past is too short."""
    source = words.history_source(history, lang)
    text = t(f"makeup.feasible_{feasibility.value}", lang)
    return t("makeup.feasible_by", lang, text=text, source=source) if source else text


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyRow:
    """Levers of one ledger family together.

    taken, of : number of rows of the ledger that the plan takes, and that it could
    places : counties of the levers that are taken
    """

    family: Family
    taken: int
    of: int
    effort: float
    gdp_pp: float
    money_yi: float
    places: tuple[str, ...]


def families(plan: Makeup) -> tuple[FamilyRow, ...]:
    """Families whose levers are taken or not, in their order."""
    out = []
    for family in Family:
        rows = [r for r in plan.rows if r.lever.family is family and r.lever.levels]
        used = [r for r in rows if r.use > 0.0]
        if rows:
            out.append(
                FamilyRow(
                    family=family,
                    taken=sum(len(r.lever.entities) for r in used),
                    of=sum(len(r.lever.entities) for r in rows),
                    effort=sum(r.effort for r in used),
                    gdp_pp=sum(r.gdp_pp for r in used),
                    money_yi=sum(r.money_yi for r in used),
                    places=tuple(dict.fromkeys(r.lever.place for r in used)),
                )
            )
    return tuple(out)


def sentences(plan: Makeup, dataset: Dataset, lang: Lang) -> list[str]:
    """What the plan says, a sentence each, the most important first."""
    out = [_wish_sentence(plan, wish, dataset, lang) for wish in plan.wishes]
    if plan.sectors and plan.used:
        out += _sector_sentences(plan, lang)
    out += _notes(plan, dataset, lang)
    return out


def _wish_sentence(plan: Makeup, wish: WishResult, dataset: Dataset, lang: Lang) -> str:
    name = wish_name(wish, lang)
    asked = t("makeup.items", lang, n=f"{wish.wish.level:g}") if wish.wish.form is Form.EXPECTED else (
        f"{wish.wish.level * 100:g}%"
    )  # fmt: skip
    shown = {k: level_words(plan, wish, getattr(wish, k), lang) for k in ("before", "all_draws", "fresh", "ceiling")}
    if wish.status is Status.ALREADY_MET:
        return t("makeup.say_already_met", lang, name=name, asked=asked, before=shown["before"])
    params = {"name": name, "asked": asked, "before": shown["before"], "after": shown["all_draws"]}
    params["need"] = _need(wish, lang)
    if wish.status is Status.SOLVED:
        return t(
            "makeup.say_solved",
            lang,
            fresh=shown["fresh"],
            effort=f"{plan.effort:.1f}",
            change=_moved(plan, wish, lang),
            **params,
        )
    if not wish.computed:
        return t("makeup.say_no_base", lang, lacking=lacking_words(wish, dataset, lang), **params)
    left, money = f"{words.rounded(wish.remaining_pp, 0.1):.1f}", _left(wish, lang)
    key = "say_budget" if wish.limit is Limit.BUDGET else "say_unreachable"
    return t(f"makeup.{key}", lang, ceiling=shown["ceiling"], left=left, money=money, fresh=shown["fresh"], **params)


def lacking_words(wish: WishResult, dataset: Dataset, lang: Lang) -> str:
    """What must be filled in before measures can be counted: sheet or file, and the rows of it."""
    config, panel = dataset.config, dataset.panel
    book = config.files.get("observations", config.folder).suffix == ".xlsx"
    if not wish.missing:
        return t("makeup.lacking_ledger_sheet" if book else "makeup.lacking_ledger_file", lang)
    rows = [
        t(
            "makeup.lacking_row",
            lang,
            place=words.unit_name(panel.units[config.city], lang),
            indicator=words.indicator_name(name, panel.indicators[name].name_zh, lang),
            year=config.target_year - 1,
        )
        for name in wish.missing
    ]
    key = "makeup.lacking_base_sheet" if book else "makeup.lacking_base_file"
    return t(key, lang, rows=t("glossary.and", lang).join(rows))


def _need(wish: WishResult, lang: Lang) -> str:
    """Net new money that a wish takes, as paths and breakdowns print it."""
    none = wish.needed_yi is None
    return "" if none else t("makeup.need", lang, number=Kind.MONEY.shown(wish.needed_yi, lang))


def _left(wish: WishResult, lang: Lang) -> str:
    """The same that is still to be found under the plan."""
    none = wish.remaining_yi is None
    return "" if none else t("makeup.money_about", lang, number=Kind.MONEY.shown(wish.remaining_yi, lang))


def _moved(plan: Makeup, wish: WishResult, lang: Lang) -> str:
    """How much likelier a wish is, in words; what the gap gains where the printed level stays."""
    if wish.wish.form is Form.EXPECTED:
        return t("makeup.items_more", lang, n=f"{wish.all_draws - wish.before:.2f}")
    said = words.level_phrase(wish.all_draws, wish.before, lang, evidence=evidence_of(plan, wish))
    mine = [c.gap_change_pp for c in plan.cases if c.case.key in wish.wish.keys]
    same = words.level_change(wish.all_draws, wish.before, evidence=evidence_of(plan, wish)) == "0"
    return words.gap_phrase(mine[0], lang) + said if same and len(mine) == 1 else said


def _sector_sentences(plan: Makeup, lang: Lang) -> Iterator[str]:
    sums: dict[str, tuple[float, float | None]] = {}
    for row in plan.sectors:
        pp, money = sums.get(group_of(row.industry), (0.0, 0.0))
        both = None if money is None or row.planned_yi is None else money + row.planned_yi
        sums[group_of(row.industry)] = (pp + row.planned_pp, both)
    named = [(g, sums[g]) for g in GROUPS if g in sums and sums[g][0] >= LEAST_PP]
    parts = [
        t(
            f"makeup.part_{'make_up' if group == 'industry' else 'help'}",
            lang,
            group=t(f"makeup.group_{group}", lang),
            pp=f"{pp:.2f}",
            money="" if money is None else t("makeup.money", lang, number=f"{money:.1f}"),
        )
        for group, (pp, money) in named
    ]
    if parts:
        yield t("makeup.say_split", lang, parts=t("glossary.comma", lang).join(parts))
    gap = next((w.needed_pp for w in plan.wishes if any(k[0] == "gdp" for k in w.wish.keys)), None)
    limits = {"help": f"{plan.help_ceiling_pp:.1f}", "make_up": f"{plan.make_up_ceiling_pp:.1f}"}
    if gap is not None and gap > plan.help_ceiling_pp:
        yield t("makeup.say_industry", lang, gap=f"{gap:.1f}", **limits)
    else:
        yield t("makeup.say_ceiling", lang, **limits)


def _notes(plan: Makeup, dataset: Dataset, lang: Lang) -> Iterator[str]:
    comma = t("glossary.and", lang)
    bound = [
        lever_name(r.lever, dataset, lang) for r in plan.used if r.binding and r.lever.unit in (Unit.POINTS, Unit.MONEY)
    ]
    if bound:
        yield t("makeup.say_binding", lang, names=comma.join(bound))
    bare = [r for r in plan.sectors if r.unsupported]
    if bare:
        yield t("makeup.say_unsupported", lang, names=comma.join(_industry(r, lang) for r in bare))
    if any(r.lever.evidence is CapEvidence.SETTING for r in plan.used):
        yield t("makeup.say_setting", lang)
    record = [r for r in plan.sectors if r.feasibility is Feasibility.RECORD]
    if record:
        yield t("makeup.say_record", lang, names=comma.join(_industry(r, lang) for r in record))
    yield from _changes(plan, lang)
    within = all(w.limit is not Limit.BUDGET for w in plan.wishes)
    if (
        within
        and plan.fair is not None
        and plan.fair.largest_burden < plan.largest_burden - 0.01
        and not plan.request.fair
    ):
        numbers = {"now": words.percent(plan.largest_burden), "fair": words.percent(plan.fair.largest_burden)}
        yield t("makeup.say_fair", lang, effort=f"{plan.fair.effort:.1f}", own=f"{plan.effort:.1f}", **numbers)
    if plan.capped_pp >= LEAST_PP:
        yield t("makeup.say_capped", lang, points=f"{plan.capped_pp:.2f}")
    if plan.even:
        more = words.percent(plan.effort / plan.least_effort - 1.0)
        yield t("makeup.say_even", lang, more=more, burden=words.percent(plan.largest_burden))
    if plan.used:
        yield t("makeup.say_fresh", lang)
    if plan.synthetic:
        yield t("scenario.synthetic", lang)


def _industry(row: SectorRow, lang: Lang) -> str:
    return row.name_zh if lang == "zh" else row.industry


def _changes(plan: Makeup, lang: Lang) -> Iterator[str]:
    """What another difficulty would change: families whose half or double moves levers."""
    if not plan.changes:
        return
    moving = [c for c in plan.changes if c.moved]
    if not moving:
        yield t("makeup.say_same", lang)
        return
    parts = [
        t(
            "makeup.change_part",
            lang,
            family=t(f"makeup.family_{c.family}", lang),
            factor=t("makeup.half" if c.factor < 1.0 else "makeup.double", lang),
            n=len(c.moved),
        )
        for c in moving
    ]
    key = "say_changes" if len(moving) < len(plan.changes) else "say_changes_all"
    yield t(f"makeup.{key}", lang, parts=t("glossary.semicolon", lang).join(parts))


def plan_name(plan: PlanOf, lang: Lang) -> str:
    """保底, 争取, 冲刺, with what is asked; of another plan all that was asked."""
    demand = plan.demand
    if demand is None:
        return t("reports.plan_asked", lang, asked=request_words(plan.makeup, lang))
    return t(
        f"reports.plan_{plan.name}",
        lang,
        percent=words.percent(demand.probability),
        verb=t(f"reports.verb_{demand.criterion.value}", lang),
    )


def request_words(plan: Makeup, lang: Lang) -> str:
    """All that was asked: wishes with their levels, levers, budget, fairness, the scenario that it comes on top of."""
    asked = plan.request
    parts = [f"{wish_name(wish, lang)}≥{asked_words(wish.wish)}" for wish in plan.wishes]
    if asked.options.families != tuple(Family):
        named = t("glossary.and", lang).join(t(f"makeup.family_{one}", lang) for one in asked.options.families)
        parts.append(t("makeup.asked_families", lang, list=named))
    stated = {**asked.options.difficulty, **asked.options.cap}
    if stated or asked.options.without or asked.options.singles:
        parts.append(
            t("makeup.asked_settings", lang, list=settings_text(replace(asked.options, families=tuple(Family))))
        )
    if asked.budget is not None:
        parts.append(t("makeup.asked_budget", lang, budget=f"{asked.budget:g}"))
    if asked.fair:
        parts.append(t("makeup.asked_fair", lang))
    if asked.scenario is not None:
        parts.append(t("makeup.asked_beyond", lang, scenario=asked.scenario.title or asked.scenario.name))
    return t("glossary.semicolon", lang).join(parts)


def plan_said(plan: PlanOf, dataset: Dataset, lang: Lang) -> str:
    """What became of every wish of a plan."""
    return t("glossary.semicolon", lang).join(said_of(plan, dataset, lang, wish) for wish in plan.makeup.wishes)


def alike(plans: Sequence[PlanOf], said: Callable[[PlanOf], str]) -> list[tuple[tuple[PlanOf, ...], str]]:
    """Plans with what is said of them; those that do the same and of which the same is said are told once."""
    told: dict[tuple[tuple[tuple[str, float], ...], str], list[PlanOf]] = {}
    for plan in plans:
        uses = tuple(sorted((row.lever.id, round(row.use, 9)) for row in plan.makeup.used))
        told.setdefault((uses, said(plan)), []).append(plan)
    return [(tuple(found), text) for (_, text), found in told.items()]


def said_of(plan: PlanOf, dataset: Dataset, lang: Lang, of: WishResult | None = None) -> str:
    """What became of a plan, or of one of its wishes, in a sentence."""
    made, wish = plan.makeup, of or plan.makeup.wishes[0]
    before, after = (level_words(made, wish, value, lang) for value in (wish.before, wish.all_draws))
    moved = t("reports.plan_same" if before == after else "reports.plan_moved", lang, before=before, after=after)
    return t(
        f"reports.plan_said_{wish.status.value}",
        lang,
        before=before,
        moved=moved,
        left=f"{words.rounded(wish.remaining_pp, 0.1):.1f}",
        money=_left(wish, lang),
        need=_need(wish, lang),
        lacking="" if wish.computed else lacking_words(wish, dataset, lang),
    )


def difficulty_lines(plan: Makeup, dataset: Dataset, lang: Lang) -> list[str]:
    """What another difficulty changes, a sentence a family, with the levers that move most."""
    by_id = {row.lever.id: row.lever for row in plan.rows}
    lines = []
    for change in plan.changes:
        if not change.moved:
            continue
        moved = [
            t(
                "ui_makeup.moved",
                lang,
                lever=lever_name(by_id[one.lever], dataset, lang),
                before=use_words(by_id[one.lever], one.before, lang),
                after=use_words(by_id[one.lever], one.after, lang),
            )
            for one in change.moved[:3]
            if one.lever in by_id
        ]
        lines.append(
            t(
                "ui_makeup.change",
                lang,
                family=t(f"makeup.family_{change.family}", lang),
                factor=t("makeup.half" if change.factor < 1.0 else "makeup.double", lang),
                n=len(change.moved),
                list=t("glossary.semicolon", lang).join(moved),
                effort=f"{change.effort:.1f}",
            )
        )
    return lines
