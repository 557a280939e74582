"""Why a probability moved, for the screen: lines for leaders, and the steps of a waterfall.

Invariant: steps start at the earlier probability, end at the later one and leave no gap
(held by ``tests/test_app_indicator.py``).
"""

from __future__ import annotations

import pandas as pd

from forecast.data.dataset import Dataset
from forecast.news.news import Kind, News, NewsStatus, Part, TargetNews
from forecast.periods import Month
from forecast.report.news import whole_points
from forecast.report.news_text import main_targets, sentence
from forecast.tables import words
from forecast.texts import Lang, t


def of_target(news: News, key: tuple[str, str, str]) -> TargetNews | None:
    """News of one target; None where there is none."""
    return next((one for one in news.targets if one.key == key), None)


def news_lines(news: News, dataset: Dataset, lang: Lang, *, most: int) -> list[str]:
    """Indicators whose probability of reaching moved, the most first, each with its causes."""
    moved = [(abs(whole_points(one)[0] or 0), one) for one in main_targets(news, dataset)]
    moved = sorted((pair for pair in moved if pair[0]), key=lambda pair: -pair[0])[:most]
    return [
        t(
            "ui_overview.news",
            lang,
            indicator=words.indicator_name(one.indicator, one.name_zh, lang),
            text=sentence(one, news, dataset, lang=lang),
        )
        for _, one in moved
    ]


def waterfall(target: TargetNews, dataset: Dataset, lang: Lang) -> pd.DataFrame | None:
    """Steps from the earlier to the later probability of reaching, points; None where it could not be split."""
    total, points = whole_points(target)
    if total is None or target.status not in (NewsStatus.SPLIT, NewsStatus.NOTHING):
        return None
    before, after = target.before.p_reach, target.after.p_reach
    if before is None or after is None:
        return None
    level = words.rounded(before * 100.0, 1.0)
    ends = [words.probability(p, lang, evidence=target.evidence) for p in (before, after)]
    records = [_total(t("ui_indicator.waterfall_before", lang), level, ends[0])]
    for part, step in zip(target.parts, points, strict=True):
        if step:
            records.append(
                {
                    "name": _name(part, dataset, lang),
                    "start": level,
                    "end": level + step,
                    "kind": "up" if step > 0 else "down",
                    "text": f"{step:+d}",
                }
            )
            level += step
    records.append(_total(t("ui_indicator.waterfall_after", lang), level, ends[1]))
    frame = pd.DataFrame(records)
    again = frame.groupby("name").cumcount()
    frame["name"] = [name if not k else f"{name} {k + 1}" for name, k in zip(frame["name"], again, strict=True)]
    return frame


def _total(name: str, level: float, text: str) -> dict[str, object]:
    return {"name": name, "start": 0.0, "end": level, "kind": "total", "text": text}


def _name(part: Part, dataset: Dataset, lang: Lang) -> str:
    name = t(f"news.kind_{part.kind.value}", lang)
    if part.kind is Kind.LINKED and part.linked in dataset.panel.indicators:
        indicator = dataset.panel.indicators[part.linked]
        linked = words.indicator_name(part.linked, indicator.name_zh, lang)
        return t("ui_indicator.waterfall_linked", lang, indicator=linked)
    if part.lead is not None:
        month = words.months(Month.parse(part.lead.figure.period), lang)
        return t("ui_indicator.waterfall_figure", lang, kind=name, month=month)
    return name
