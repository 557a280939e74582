"""What is said below the table of a run: the joint answer, what is missing, the rules, and what the numbers rest on.

The same sentences serve terminal and brief.

Invariant: every number is a field of ``Attainment`` in the words of ``forecast.tables.words``
(held by ``tests/test_report.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from forecast.answers.attainment import Attainment, Joint
from forecast.answers.chances import SETTLED, Criterion, Status
from forecast.answers.judgement import Row
from forecast.data.target import TargetKind
from forecast.tables import words
from forecast.tables.table import Surface, View
from forecast.texts import Lang, t

OK: Final = "ok"
"""Status of diagnostics that all passed."""


def notes(attainment: Attainment, lang: Lang) -> list[str]:
    """Sentences in order: joint answer, missing figures, rules of lights and evidence, synthetic data, method."""
    mine = [row for row in attainment.rows if row.target.unit == attainment.config.city]
    return [_together(attainment, lang), *_missing(mine, attainment, lang), *_rules(attainment, mine, lang)]


def plain_name(row: Row, lang: Lang) -> str:
    """Name of the row's indicator."""
    return words.indicator_name(row.target.indicator, row.name_zh, lang)


def _together(attainment: Attainment, lang: Lang) -> str:
    names = {row.target.indicator: plain_name(row, lang) for row in attainment.rows}
    marked = (attainment.hardest, attainment.winnable)
    as_of = words.knowledge(attainment.as_of, lang)
    near, reach, criterion = attainment.near, attainment.reach, attainment.criterion
    return joint_sentence(near, reach, criterion=criterion, as_of=as_of, marked=marked, names=names, lang=lang)


def joint_sentence(
    near: Joint,
    reach: Joint,
    *,
    criterion: Criterion,
    as_of: str,
    marked: tuple[str | None, str | None],
    names: Mapping[str, str],
    lang: Lang,
) -> str:
    """The sentence of the page for leaders.

    Parameters
    ----------
    criterion : what it leads with
    as_of : state of knowledge in words, and the scenario if there is one
    marked : hardest and most winnable indicator; None where there is none
    names : name of every indicator, by id
    """
    if not near.judged:
        return t("report.joint_none", lang, as_of=as_of, assessed=near.assessed)
    first, second = (near, reach) if criterion is Criterion.NEAR else (reach, near)
    names_of = [words.event_name(one.criterion, lang) for one in (first, second)]
    events = dict(zip(("event", "other"), names_of, strict=True))
    sentences = [
        t(
            "report.joint_same" if first.p10 == first.p90 else "report.joint",
            lang,
            as_of=as_of,
            assessed=near.assessed,
            judged=near.judged,
            number=first.p50,
            low=first.p10,
            high=first.p90,
            also=t(f"report.joint_also_{second.criterion.value}", lang, number=second.p50),
            **events,
        ),
        t(
            "report.joint_all",
            lang,
            judged=near.judged,
            all_first=words.probability(first.p_all, lang, evidence=first.evidence),
            all_second=words.probability(second.p_all, lang, evidence=second.evidence),
            **events,
        ),
    ]
    if first.at_least_weak and first.p50:
        sentences.append(_ranges(first, first.p50, lang))
    for text, indicator in zip(("report.hardest", "report.winnable"), marked, strict=True):
        if indicator:
            sentences.append(t(text, lang, indicator=names[indicator]))
    return t("report.sentence_gap", lang).join(sentences)


def _ranges(found: Joint, k: int, lang: Lang) -> str:
    """How P(all) and P(at least k) move with the correlations between indicators, from their 10 % to 90 % values."""
    ends = {}
    for name, number in (("all", found.judged), ("some", k)):
        levels = [one[number] for one in (found.at_least, found.at_least_weak, found.at_least_strong)]
        ends[name] = words.probability_range(min(levels), max(levels), lang, evidence=found.evidence)
    event = words.event_name(found.criterion, lang)
    return t("report.joint_range", lang, k=k, event=event, **ends)


def _missing(rows: Sequence[Row], attainment: Attainment, lang: Lang) -> list[str]:
    separator = t("glossary.colon", lang)
    return [
        f"{plain_name(row, lang)}{separator}{words.insufficient_note(row, attainment.units, lang)}"
        for row in rows
        if row.status is Status.INSUFFICIENT and row.target.yearly_average
    ]


def _rules(attainment: Attainment, rows: Sequence[Row], lang: Lang) -> list[str]:
    return [
        *_light_rules(attainment, rows, lang),
        t(
            "report.note_evidence",
            lang,
            limited=attainment.config.evidence.limited_from,
            ample=attainment.config.evidence.ample_from,
        ),
        *_older(attainment, rows, lang),
        *_paired(rows, lang),
        *_breaks(attainment, rows, lang),
        t("report.note_required", lang, first=words.month_name(attainment.config.first_action_month, lang)),
        t("report.note_probability", lang),
        *_synthetic(attainment, rows, lang),
        _method(attainment, rows, lang),
    ]


def _paired(rows: Sequence[Row], lang: Lang) -> list[str]:
    """Indicators whose year-end gap is not the difference of the two growths beside it, as printed."""
    names = [plain_name(row, lang) for row in rows if _apart(row)]
    return [t("report.note_gap_digit", lang, list=t("glossary.and", lang).join(dict.fromkeys(names)))] if names else []


def _apart(row: Row) -> bool:
    if row.year_gap_pp is None or row.forecast is None or row.benchmark_forecast is None:
        return False
    own, goal, gap = (
        words.rounded(pp, 0.1) for pp in (row.forecast.median_pct, row.benchmark_forecast.median_pct, row.year_gap_pp)
    )
    return abs(own - goal - gap) > 0.05


def _older(attainment: Attainment, rows: Sequence[Row], lang: Lang) -> list[str]:
    """Indicators of which the benchmark's figures are older than the city's."""
    items = [
        t(
            "report.note_older_item",
            lang,
            indicator=plain_name(row, lang),
            own=words.month_name(row.ytd.period, lang),
            benchmark=words.month_name(row.benchmark_ytd.period, lang),
        )
        for row in rows
        if row.ytd and row.benchmark_ytd and row.ytd.period > row.benchmark_ytd.period
    ]
    found = [t("report.note_older", lang, list=t("glossary.and", lang).join(dict.fromkeys(items)))] if items else []
    return [*found, *_single(attainment, rows, lang)]


def _single(attainment: Attainment, rows: Sequence[Row], lang: Lang) -> list[str]:
    """Indicators that are judged although a side has no growth since January this year: what they rest on."""
    items = [
        t(
            "report.note_single_item",
            lang,
            indicator=plain_name(row, lang),
            place=words.unit_name(attainment.units[unit], lang),
            month=words.month_name(figure.period, lang),
            growth=words.growth(figure.growth_pct, lang),
        )
        for row in rows
        if row.status is Status.JUDGED and row.target.kind is not TargetKind.RANK
        for unit, figure in row.single
    ]
    return (
        [t("report.note_single", lang, list=t("glossary.semicolon", lang).join(dict.fromkeys(items)))] if items else []
    )


def _breaks(attainment: Attainment, rows: Sequence[Row], lang: Lang) -> list[str]:
    """Months in which what is counted, or how things move, may have changed."""
    items = [
        t(
            "report.note_break_item",
            lang,
            indicator=plain_name(row, lang),
            unit=words.unit_name(attainment.units[unit], lang),
            year=month.year,
            month=words.month_name(month, lang),
        )
        for row in rows
        for unit, month in row.breaks
    ]
    return [t("report.note_break", lang, list=t("glossary.and", lang).join(dict.fromkeys(items)))] if items else []


def _light_rules(attainment: Attainment, rows: Sequence[Row], lang: Lang) -> list[str]:
    names = dict.fromkeys(row.target.light_rule for row in rows)
    rules = [attainment.config.lights[name] for name in names]
    lines = [
        t(
            "report.note_lights",
            lang,
            rule=rule.rule,
            event=words.event_name(attainment.criterion, lang),
            green=words.percent(rule.green_from),
            yellow=words.percent(rule.yellow_from),
        )
        for rule in rules
    ]
    tolerances = {
        t(
            "report.note_tolerance_item",
            lang,
            indicator=plain_name(row, lang),
            points=f"{row.target.tolerance_pp:g}",
        ): None
        for row in rows
        if row.target.yearly_average
    }
    return [*lines, t("report.note_tolerance", lang, list=t("glossary.and", lang).join(tolerances))]


def _synthetic(attainment: Attainment, rows: Sequence[Row], lang: Lang) -> list[str]:
    if attainment.config.synthetic:
        return [t("report.note_synthetic_all", lang)]
    items = {
        t(
            "report.note_synthetic_item",
            lang,
            indicator=plain_name(row, lang),
            percent=words.percent(row.synthetic_share),
        ): None
        for row in rows
        if row.synthetic_share
    }
    return [t("report.note_synthetic_some", lang, list=t("glossary.and", lang).join(items))] if items else []


def _failed(row: Row, lang: Lang) -> str:
    """Name of an indicator whose checks failed, or whose fit did."""
    name, fitted = plain_name(row, lang), row.status is not Status.NO_DRAWS
    return name if fitted else t("report.note_method_item", lang, indicator=name, status=words.diagnosis(row, lang))


def _method(attainment: Attainment, rows: Sequence[Row], lang: Lang) -> str:
    failed = {
        _failed(row, lang): None for row in rows if row.status is Status.NO_DRAWS or row.diagnostics not in {"", OK}
    }
    key = "report.note_method_failed" if failed else "report.note_method_ok"
    items = t("glossary.and", lang).join(failed)
    return t(key, lang, method=attainment.method, seed=attainment.seed, list=items)


def why_not(row: Row, view: View) -> str:
    """Why a target is not judged, in the words of a surface."""
    if row.status in SETTLED:
        text = words.row_status(row, view.lang)
    elif row.status is not Status.INSUFFICIENT:
        text = t(f"report.status_{row.status.value}", view.lang)
    else:
        key = "insufficient_cell" if view.surface is Surface.TERMINAL else "insufficient"
        text = t(f"glossary.{key}", view.lang)
    return text if view.surface is Surface.TERMINAL else text.replace("\n", "")
