"""Numbers as people read them: one rounding and one glossary for screen, brief and workbook.

A leader reads a probability to the nearest 5 %, where evidence is thin to the nearest tenth, and never as certainty:
``<5%`` and ``>95%`` end the scale. The band is that of the number as shown, so that number and word never disagree.
Exact values are in the data files.

Invariant: no probability is ever shown as 0 % or 100 % (held by ``tests/test_words.py``).
"""

from __future__ import annotations

import calendar
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from forecast.answers.advice import Sharpening
from forecast.answers.chances import SETTLED, Criterion, Status
from forecast.answers.evidence import Comparison, Evidence, HistoryStatus
from forecast.answers.judgement import Light, Row
from forecast.answers.required import Required
from forecast.data.panel import Indicator, Unit
from forecast.data.target import Target, TargetKind
from forecast.draws.joint import typical
from forecast.draws.paths import Dependence
from forecast.periods import AsOf, Month
from forecast.texts import Lang, catalogue, t

STEP_PERCENT: Final = 5
"""Probabilities on leaders' pages are shown to the nearest 5 %: their sampling and model error is not smaller."""
THIN_STEP_PERCENT: Final = 10
"""With thin evidence, to the nearest tenth."""
BANDS: Final = (90, 70, 50, 30, 0)
"""Percent from which each band holds (DESIGN §7)."""
TIE: Final = 1e-9
"""A decimal half that binary cannot hold exactly still rounds away from zero."""


def rounded(value: float, step: float) -> float:
    """Nearest multiple of ``step``, halves away from zero; never -0.0."""
    count = math.floor(abs(value) / step + 0.5 + TIE)
    return math.copysign(count * step, value) if count else 0.0


def percent(share: float) -> str:
    """A share or a threshold as whole percent, without its sign: ``80``; more than none is at least 1."""
    return f"{max(round(rounded(share * 100.0, 1.0)), 1 if share > 0.0 else 0)}"


def _step(evidence: Evidence) -> int:
    return THIN_STEP_PERCENT if evidence is Evidence.THIN else STEP_PERCENT


def shown_percent(p: float, evidence: Evidence) -> int:
    """Whole percent that a probability is shown as; 0 and 100 stand for ``<`` and ``>`` the last step.

    Raises
    ------
    ValueError
        ``p`` is outside [0, 1]: a percentage where a fraction was expected.
    """
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"a probability is a fraction in [0, 1], not {p}")
    return round(rounded(p * 100.0, _step(evidence)))


def level_change(p: float, before: float, *, evidence: Evidence) -> str:
    """Change of a probability, points: the difference of the two levels as they are printed: ``+5``, ``0``.

    The ends of the scale stand for the number that is printed there: ``<5%`` for 5.
    """
    moved = level_points(p, before, evidence=evidence)
    return f"{moved:+d}" if moved else "0"


def level_points(p: float, before: float, *, evidence: Evidence) -> int:
    """The same as a number."""
    step = _step(evidence)
    now, then = (min(max(shown_percent(one, evidence), step), 100 - step) for one in (p, before))
    return now - then


def level_shares(parts: Sequence[float], p: float, before: float, *, evidence: Evidence) -> list[int]:
    """Parts of a change of a probability, fractions, as points at its step that sum to the change as printed."""
    whole = level_points(p, before, evidence=evidence)
    return [round(one) for one in split([100.0 * part for part in parts], float(_step(evidence)), whole=float(whole))]


def level_phrase(p: float, before: float, lang: Lang, *, evidence: Evidence) -> str:
    """The same as a phrase: 概率提高5个百分点, 概率级别未变."""
    moved = level_points(p, before, evidence=evidence)
    key = "up" if moved > 0 else "down" if moved < 0 else "same"
    return t(f"glossary.level_{key}", lang, points=abs(moved))


def gap_phrase(change_pp: float, lang: Lang) -> str:
    """What a gap gains, with as many digits as show it: 差距缩小0.4个百分点，; empty where it gains nothing."""
    shown = effect(change_pp)
    if shown == "0":
        return ""
    return t("glossary.gap_narrows" if shown[0] == "+" else "glossary.gap_widens", lang, points=shown[1:])


def growth_phrase(change_pp: float, lang: Lang) -> str:
    """What a year's growth gains, likewise: 预计全年提高0.3个百分点，; empty where it gains nothing."""
    shown = effect(change_pp)
    if shown == "0":
        return ""
    return t("glossary.growth_up" if shown[0] == "+" else "glossary.growth_down", lang, points=shown[1:])


def effect(pp: float) -> str:
    """A small difference with as many decimals as show it, three at most: ``+1.2``, ``-0.04``, ``0``."""
    for digits in (1, 2, 3):
        if shown := rounded(pp, 10.0**-digits):
            return f"{shown:+.{digits}f}"
    return "0"


def split(parts: Sequence[float], step: float, *, whole: float | None = None) -> list[float]:
    """Parts as multiples of ``step`` that sum to their whole as it is printed: largest remainders.

    Parameters
    ----------
    whole : what they sum to, where that is not their sum: a multiple of ``step``

    Notes
    -----
    Without ``whole`` every part is one of the two multiples beside it; halves of the whole round away from zero.
    """
    low = [math.floor(part / step + TIE) for part in parts]
    left = round(rounded(sum(parts) if whole is None else whole, step) / step) - sum(low)
    order = sorted(range(len(parts)), key=lambda k: (low[k] - parts[k] / step, k))
    if left < 0:
        order.reverse()
    for k in range(abs(left) if parts else 0):
        low[order[k % len(order)]] += 1 if left > 0 else -1
    return [k * step + 0.0 for k in low]


def probability(p: float | None, lang: Lang, *, evidence: Evidence) -> str:
    """Probability as a number: ``75%``, ``<5%``, ``>95%``; thin evidence ``70%``, ``<10%``, ``>90%``."""
    if p is None:
        return t("glossary.none", lang)
    shown, step = shown_percent(p, evidence), _step(evidence)
    if shown <= 0:
        return t("glossary.probability_below", lang, percent=step)
    if shown >= 100:
        return t("glossary.probability_above", lang, percent=100 - step)
    return t("glossary.probability", lang, percent=shown)


def probability_range(low: float, high: float, lang: Lang, *, evidence: Evidence) -> str:
    """Two probabilities at the step of the evidence: ``10%～20%``; one where they are printed alike."""
    ends = [probability(p, lang, evidence=evidence) for p in (low, high)]
    return ends[0] if ends[0] == ends[1] else t("glossary.range", lang, low=ends[0], high=ends[1])


def correlations(found: Dependence | None, names: Collection[str], lang: Lang) -> str:
    """Mean correlation between indicators by level, in words."""
    if found is None:
        return t("glossary.none", lang)
    parts = [t(f"glossary.level_{level}", lang, value=f"{one:.2f}") for level, one in typical(found, names).items()]
    return t("glossary.and", lang).join(parts)


def probability_words(p: float, lang: Lang, *, evidence: Evidence) -> str:
    """Probability in words: 约七成五, 不足半成, 九成五以上."""
    shown, step = shown_percent(p, evidence), _step(evidence)
    if shown <= 0:
        return t(f"glossary.words_below_{step}", lang)
    if shown >= 100:
        return t(f"glossary.words_above_{100 - step}", lang)
    tenth, rest = divmod(shown, 10)
    if tenth == 0:
        return t("glossary.words_half_only", lang)
    key = "words_half" if rest else "words_tenths"
    return t(f"glossary.{key}", lang, tenth=_digit(tenth, lang))


def _digit(digit: int, lang: Lang) -> str:
    digits = t("glossary.digits", lang)
    return digits.split()[digit] if " " in digits else digits[digit]


def band(p: float | None, lang: Lang, *, evidence: Evidence) -> str:
    """Word for how likely: 把握很大 … 难度很大; empty without a probability."""
    if p is None:
        return ""
    shown = shown_percent(p, evidence)
    return t(f"glossary.band_{next(edge for edge in BANDS if shown >= edge)}", lang)


def chance(p: float | None, lang: Lang, *, evidence: Evidence) -> str:
    """Probability for running text: 约七成五，较有把握, with （资料有限） where evidence is thin; or 资料不足."""
    if p is None:
        return t("glossary.insufficient", lang)
    note = t("glossary.limited_note", lang) if evidence is Evidence.THIN else ""
    words = probability_words(p, lang, evidence=evidence)
    return f"{words}{t('glossary.comma', lang)}{band(p, lang, evidence=evidence)}{note}"


def _signed(value: float) -> str:
    shown = rounded(value, 0.1)
    return f"{shown:+.1f}" if shown else "0.0"


def planned(target: Target, lang: Lang) -> str:
    """Growth that a plan asks for, with what is striven for beyond it."""
    plan = growth(target.value, lang)
    if target.stretch is None:
        return plan
    return t("glossary.planned_stretch", lang, plan=plan, stretch=growth(target.stretch, lang))


def growth(growth_pct: float | None, lang: Lang) -> str:
    """Growth with sign and one decimal: ``+4.1%``; 未公布 where there is none."""
    if growth_pct is None:
        return t("glossary.not_published", lang)
    return t("glossary.growth", lang, number=_signed(growth_pct))


def points(pp: float | None, lang: Lang) -> str:
    """Difference of two growths: ``-16.6个百分点``."""
    return t("glossary.none", lang) if pp is None else t("glossary.points", lang, number=_signed(pp))


def gap(pp: float | None, lang: Lang) -> str:
    """The same as a bare number, for a column whose head names the unit: ``-16.6``."""
    return t("glossary.none", lang) if pp is None else _signed(pp)


def interval(low: float, high: float, lang: Lang) -> str:
    """Two bounds in percent, without the sign of percent: ``-12.0～-3.1``."""
    return t("glossary.range", lang, low=_signed(low), high=_signed(high))


def month_name(month: Month, lang: Lang) -> str:
    """A month for a text that adds 月: 8, or Aug."""
    return str(month.month) if lang == "zh" else calendar.month_abbr[month.month]


def through(month: Month | None, lang: Lang) -> str:
    """The month that a growth to date runs to: 截至6月; empty where nothing is published."""
    return "" if month is None else t("glossary.through", lang, month=month_name(month, lang))


def knowledge(as_of: AsOf, lang: Lang) -> str:
    """The state of knowledge: 截至8月, or 截至9月25日 where a day was given."""
    if len(as_of.text) == len(str(as_of.month)):
        return through(as_of.month, lang)
    return t("glossary.through_day", lang, month=month_name(as_of.month, lang), day=as_of.day.day)


def months(month: Month, lang: Lang) -> str:
    """The months of a growth to date: 1—6月."""
    return t("glossary.months", lang, month=month_name(month, lang))


def light_name(light: Light | None, lang: Lang) -> str:
    """Colour of a light as a word, so that it can be read in grey."""
    return t("glossary.none", lang) if light is None else t(f"glossary.light_{light.value}", lang)


def evidence_name(evidence: Evidence, lang: Lang) -> str:
    """Class of evidence: 充分、有限、薄弱、不足."""
    return t(f"glossary.evidence_{evidence.value}", lang)


def event_name(criterion: Criterion, lang: Lang) -> str:
    """What a probability is of: 达到或接近, 达到."""
    return t(f"glossary.criterion_{criterion.value}", lang)


def kind_name(kind: TargetKind, lang: Lang) -> str:
    """Kind of a target: 全省平均、年度计划、实现正增长、位次."""
    return t(f"glossary.kind_{kind.value}", lang)


def goal(target: Target, lang: Lang) -> str:
    """Kind of a target, after the month that it is due in where that is not the year's last: 上半年全省平均."""
    return goal_name(target.key[2], lang)


def goal_name(key: str, lang: Lang) -> str:
    """The same of the last part of a target's key: ``plan``, ``province_average@06``, ``rank<=6``."""
    kind, _, month = key.partition("@")
    kind, _, rank = kind.partition("<=")
    name = t("glossary.first_places", lang, rank=rank) if rank else kind_name(TargetKind(kind), lang)
    return t("glossary.kind_by", lang, kind=name, by=until(int(month), lang)) if month else name


def until(month: int, lang: Lang) -> str:
    """The part of the year to a month: 上半年, 1—10月."""
    return catalogue(lang).get(f"glossary.to_month_{month}") or t("glossary.to_month", lang, month=month)


def indicator_name(indicator: str, name_zh: str, lang: Lang) -> str:
    """Name of an indicator: the data set's own in Chinese; in English the glossary's, else the data set's."""
    return name_zh if lang == "zh" else catalogue(lang).get(f"glossary.indicator_{indicator}", name_zh)


def unit_name(unit: Unit, lang: Lang) -> str:
    """Name of a place: the data set's own in Chinese, its romanised id in English."""
    return unit.name_zh if lang == "zh" else unit.unit.capitalize()


def history_source(history: Comparison, lang: Lang) -> str:
    """Whose past a required growth is compared with where it is not the unit's own: 参照全省."""
    return t(f"glossary.history_source_{history.status.value}", lang) if history.percentile is not None else ""


def feasibility(history: Comparison, lang: Lang) -> str:
    """Whether a required growth was achieved before: 第92百分位, 需创历史, 历史资料不足; empty if none is required."""
    if history.status is HistoryStatus.NOT_APPLICABLE:
        return ""
    if history.percentile is None:
        return t("glossary.history_insufficient", lang)
    if history.unprecedented:
        return t("glossary.history_record", lang)
    return t("glossary.history_percentile", lang, percentile=min(round(rounded(history.percentile, 1.0)), 99))


def required_text(needed: Required, lang: Lang) -> str:
    """Median required growth, or why there is none."""
    if needed.status is Status.NOT_JUDGED:
        return t("glossary.none", lang)
    if needed.median_pct is None:
        return t(f"glossary.required_{needed.status.value}", lang)
    return growth(needed.median_pct, lang)


def row_status(row: Row, lang: Lang) -> str:
    """Why a target has no probability: 资料不足; or how its year ended, with the gap: 已达到（+0.8个百分点）."""
    if row.status is Status.INSUFFICIENT:
        return t("glossary.insufficient", lang)
    said = t(f"report.status_{row.status.value}", lang).replace("\n", "")
    if row.status not in SETTLED or row.year_gap_pp is None:
        return said
    return t("report.status_by", lang, status=said, gap=points(row.year_gap_pp, lang))


def insufficient_note(row: Row, units: Mapping[str, Unit], lang: Lang) -> str:
    """Which figure would make a target judgeable: 资料不足，暂不研判；请补充安康市1—6月…累计增速."""
    places = t("glossary.and", lang).join(unit_name(units[unit], lang) for unit in row.missing)
    name = indicator_name(row.target.indicator, row.name_zh, lang)
    return t("glossary.insufficient_note", lang, places=places, month=months(row.wanted, lang), indicator=name)


def advice_text(one: Sharpening, units: Mapping[str, Unit], indicators: Mapping[str, Indicator], lang: Lang) -> str:
    """One sentence for a person: which figure, of which place, and what it would do."""
    month = Month.parse(one.period)
    return t(
        f"workbook.advice_{one.kind.value}",
        lang,
        place=unit_name(units[one.unit], lang),
        period=t("workbook.advice_period", lang, year=month.year, month=month.month),
        indicator=indicator_name(one.indicator, indicators[one.indicator].name_zh, lang),
        percent=percent(one.explained),
    )


def diagnosis(row: Row, lang: Lang) -> str:
    """What the checks of a fit found: 通过, 诊断未通过, 拟合失败; empty where nothing was fitted."""
    if row.status is Status.NO_DRAWS:
        return t("store.cause_failed", lang)
    if row.diagnostics == "":
        return ""
    return t("ui.passed" if row.diagnostics == "ok" else "report.diagnostics_failed", lang)


def known_chance(row: Row | None, p: float | None, lang: Lang) -> str | None:
    """A probability in words; None where there is none."""
    return None if row is None or p is None else probability(p, lang, evidence=row.evidence)
