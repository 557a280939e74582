"""Charts of ranks and scores: where a place may end the year, how ranks went, what its score may be.

Colour never carries meaning alone: the place under study is the thick line with discs and its name, parts of a
distribution are named in the legend.

Invariant: charts hold the numbers of ``RankAnswer``, ``RankCourse`` and ``Scores`` (held by
``tests/test_app_league.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import altair as alt
import pandas as pd

from forecast.answers.ranks import LAST_PLACES, RankAnswer, RankCourse
from forecast.answers.scores import Scores
from forecast.periods import Month
from forecast.report.charts import COLOURS, GAP_HEIGHT, OUTCOMES
from forecast.tables import words
from forecast.texts import Lang, t

GREY: Final = "#9aa0a8"
QUIET: Final = "#7a7f87"
ROW: Final = 17
FRAME: Final = 90
"""Pixels a rank takes, and the axes."""
NAMES: Final = 74
"""Pixels that names need to the right of a picture whose width is that of the screen."""


def place_chart(answer: RankAnswer, lang: Lang, *, goal: int) -> alt.Chart:
    """P(rank = r) at the end of the year: within the rank wished for, between, among the last."""
    parts = {name: t(f"league.part_{name}", lang, last=LAST_PLACES) for name in ("goal", "middle", "last")}
    frame = pd.DataFrame(
        [
            {
                "rank": k + 1,
                "share": float(share),
                "part": parts["goal" if k < goal else "last" if k >= answer.among - LAST_PLACES else "middle"],
            }
            for k, share in enumerate(answer.shares)
        ]
    )
    colours = (OUTCOMES["reached"], GREY, OUTCOMES["missed"])
    bars = alt.Chart(frame).mark_bar()
    return bars.encode(
        x=alt.X("rank:O", title=t("league.axis_rank", lang), axis=alt.Axis(labelAngle=0, labelOverlap=True)),
        y=alt.Y("share:Q", title=None, axis=alt.Axis(format=".0%", tickCount=4)),
        color=alt.Color(
            "part:N",
            scale=alt.Scale(domain=list(parts.values()), range=list(colours)),
            legend=alt.Legend(title=None, orient="top"),
        ),
        tooltip=[
            alt.Tooltip("rank:O", title=t("league.axis_rank", lang)),
            alt.Tooltip("share:Q", title=t("league.tip_share", lang), format=".1%"),
        ],
    ).properties(height=GAP_HEIGHT + FRAME)


def course_rows(course: RankCourse, names: Mapping[str, str], lang: Lang) -> pd.DataFrame:
    """Ranks by place and period: period, label, unit, place, rank, low, high, known."""
    return pd.DataFrame(
        [
            {
                "period": period,
                "label": t("ui.month", lang, month=words.month_name(Month.parse(period), lang)),
                "unit": unit,
                "place": names[unit],
                "rank": float(course.median[i, k]),
                "low": float(course.p10[i, k]),
                "high": float(course.p90[i, k]),
                "known": bool(course.published[i, k]),
                "state": t(f"league.tip_{'known' if course.published[i, k] else 'expected'}", lang),
            }
            for i, unit in enumerate(course.units)
            for k, period in enumerate(course.periods)
        ]
    )


def bump_chart(course: RankCourse, names: Mapping[str, str], unit: str, lang: Lang) -> alt.LayerChart:
    """Ranks of all siblings month by month, the first on top; the unit thick, with its interval where nothing is out.

    names : unit -> name as it is printed
    """
    frame = course_rows(course, names, lang)
    own, last = frame[frame["unit"] == unit], frame[frame["period"] == course.periods[-1]]
    among = len(course.units)
    scale = alt.Scale(domain=[among + 0.5, 0.5], nice=False)
    x = alt.X("label:O", sort=None, title=t("league.axis_period", lang), axis=alt.Axis(labelAngle=0, labelOverlap=True))
    axis = alt.Axis(format="d", tickMinStep=1, tickCount=min(among, 16))
    y = alt.Y("rank:Q", title=t("league.axis_rank", lang), scale=scale, axis=axis)
    tips = [
        alt.Tooltip("place:N", title=t("league.tip_place", lang)),
        alt.Tooltip("label:O", title=t("league.axis_period", lang)),
        alt.Tooltip("rank:Q", title=t("league.tip_rank", lang)),
        alt.Tooltip("low:Q", title=t("ui.tip_p10", lang)),
        alt.Tooltip("high:Q", title=t("ui.tip_p90", lang)),
        alt.Tooltip("state:N", title=" "),
    ]
    others = alt.Chart(frame[frame["unit"] != unit])
    band = (
        alt.Chart(own)
        .mark_area(color=COLOURS[0], opacity=0.22)
        .encode(x=x, y=alt.Y("low:Q", scale=scale, axis=axis, title=t("league.axis_rank", lang)), y2="high:Q")
    )
    lines = others.mark_line(color=GREY, strokeWidth=1.1, opacity=0.65).encode(x=x, y=y, detail="place:N", tooltip=tips)
    dots = others.mark_point(color=GREY, size=14, filled=True, opacity=0.8).encode(
        x=x, y=y, fillOpacity=alt.condition("datum.known", alt.value(1), alt.value(0)), tooltip=tips
    )
    line = alt.Chart(own).mark_line(color=COLOURS[0], strokeWidth=3).encode(x=x, y=y)
    discs = alt.Chart(own).mark_point(color=COLOURS[0], size=80, filled=True, opacity=1, strokeWidth=1.8).encode(
        x=x, y=y, stroke=alt.value(COLOURS[0]), tooltip=tips,
        fillOpacity=alt.condition("datum.known", alt.value(1), alt.value(0)),
    )  # fmt: skip
    ends = (
        alt.Chart(_apart(last, among))
        .mark_text(align="left", dx=9, fontSize=11)
        .encode(
            x=x,
            y=alt.Y("shown:Q", scale=scale, axis=axis, title=t("league.axis_rank", lang)),
            text="place:N",
            color=alt.condition(alt.datum.unit == unit, alt.value(COLOURS[0]), alt.value(QUIET)),
        )
    )
    layers = [band, lines, dots, line, discs, ends]
    return alt.LayerChart(layer=layers).properties(height=ROW * among + FRAME)


def _apart(last: pd.DataFrame, among: int) -> pd.DataFrame:
    """Names at the right end, moved apart where medians are equal: one a line, in order of rank."""
    out = last.sort_values(["rank", "high"], kind="stable")
    return out.assign(shown=[1.0 + k * (among - 1) / max(len(out) - 1, 1) for k in range(len(out))])


def score_chart(found: Scores, unit: str, lang: Lang) -> alt.LayerChart:
    """Distribution of a place's score, with the limits of the classes."""
    edges, shares = found.spread(unit)
    frame = pd.DataFrame({"low": edges[:-1], "high": edges[1:], "share": shares})
    bars = (
        alt.Chart(frame[frame["share"] > 0])
        .mark_bar(color=COLOURS[0], opacity=0.8, binSpacing=0)
        .encode(
            x=alt.X("low:Q", bin="binned", title=t("league.axis_score", lang), axis=alt.Axis(labelOverlap=True)),
            x2="high:Q",
            y=alt.Y("share:Q", title=None, axis=alt.Axis(format=".0%", tickCount=4)),
            tooltip=[
                alt.Tooltip("low:Q", title=t("ui.tip_from", lang)),
                alt.Tooltip("high:Q", title=t("ui.tip_to", lang)),
                alt.Tooltip("share:Q", title=t("league.tip_share", lang), format=".1%"),
            ],
        )
    )
    limits = _limits(found, float(edges[0]), float(edges[-1]))
    if not limits:
        return alt.LayerChart(layer=[bars]).properties(height=GAP_HEIGHT)
    marks = alt.Chart(pd.DataFrame(limits))
    rules = marks.mark_rule(strokeDash=[4, 3], strokeWidth=1.5, color=QUIET).encode(x="x:Q")
    texts = marks.mark_text(align="left", dx=4, dy=8, color=QUIET).encode(x="x:Q", y=alt.value(0), text="text:N")
    return alt.LayerChart(layer=[bars, rules, texts]).properties(height=GAP_HEIGHT)


def _limits(found: Scores, low: float, high: float) -> Sequence[Mapping[str, object]]:
    """Limits of classes that lie within the picture."""
    return [{"x": one.at_least, "text": one.name} for one in found.assessment.classes if low <= one.at_least <= high]
