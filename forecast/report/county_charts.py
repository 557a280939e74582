"""Charts of counties: heat map indicator × county, ranks with their uncertainty, contributions to the city's gap.

Colour never carries meaning alone: every field of the heat map has its number, bars lie left or right of a line.

Invariant: charts hold the numbers of ``NamingLists`` (held by ``tests/test_app_tasks.py``).
"""

from __future__ import annotations

from typing import Final

import altair as alt
import pandas as pd

from forecast.report.charts import COLOURS
from forecast.runs.session import Assignments
from forecast.tables import words
from forecast.tables.counties import place_label
from forecast.tasks.county_lists import Ranking
from forecast.texts import Lang, t

ROW: Final = 25
FRAME: Final = 120
"""Pixels of axes, titles and legends, which count to a chart's height on the screen."""
GREY: Final = "#7a7f87"


def heat_chart(found: Assignments, lang: Lang) -> alt.LayerChart | None:
    """Published growth of every county less the city's, points, by indicator; None without any figure."""
    records = [
        {
            "place": place_label(one.unit, one.name_zh, lang),
            "indicator": words.indicator_name(ranking.indicator, ranking.name_zh, lang),
            "gap": one.gap_city_pp,
            "text": words.gap(one.gap_city_pp, lang) if one.gap_city_pp is not None else t("ui_tasks.no_figure", lang),
            "growth": words.growth(one.growth_pct, lang),
            "named": t(f"ui_tasks.named_{'yes' if one.named else 'no'}", lang),
        }
        for ranking in found.naming.rankings
        for one in ranking.standings
    ]
    frame = pd.DataFrame(records)
    if frame.empty or frame["gap"].isna().all():
        return None
    widest = float(frame["gap"].abs().max())
    named = [place_label(u.unit, u.name_zh, lang) for u in found.run.dataset.panel.units.values()]
    order = [name for name in named if name in set(frame["place"])]
    x = alt.X(
        "indicator:N",
        sort=None,
        title=None,
        axis=alt.Axis(orient="top", labelAngle=-30, labelLimit=150, labelOverlap=False),
    )
    y = alt.Y("place:N", sort=order, title=None, axis=alt.Axis(labelLimit=130, labelOverlap=False))
    scale = alt.Scale(scheme="redblue", domain=[-widest, widest], domainMid=0)
    tips = [
        alt.Tooltip("place:N", title=t("ui_tasks.head_county", lang)),
        alt.Tooltip("indicator:N", title=t("naming.head_indicator", lang)),
        alt.Tooltip("growth:N", title=t("naming.head_growth", lang)),
        alt.Tooltip("text:N", title=t("naming.head_gap_city", lang)),
        alt.Tooltip("named:N", title=t("ui_tasks.tip_named", lang)),
    ]
    base = alt.Chart(frame).encode(x=x, y=y, tooltip=tips)
    legend = alt.Legend(title=None, orient="bottom", gradientLength=260, format="+.0f")
    fields = base.mark_rect(stroke="#ffffff", strokeWidth=1).encode(
        color=alt.condition(
            "isValid(datum.gap)",
            alt.Color("gap:Q", scale=scale, legend=legend),
            alt.value("#00000000"),
        )
    )
    strong = f"isValid(datum.gap) && abs(datum.gap) > {0.6 * widest}"
    numbers = base.mark_text(fontSize=11).encode(
        text="text:N",
        color=alt.when(strong)
        .then(alt.value("#ffffff"))
        .when("isValid(datum.gap)")
        .then(alt.value("#1d2530"))
        .otherwise(alt.value(GREY)),
    )
    return alt.LayerChart(layer=[fields, numbers]).properties(height=ROW * len(order) + FRAME + 40)


def rank_chart(ranking: Ranking, lang: Lang) -> alt.LayerChart | None:
    """Rank now as a disc, rank at the end of the year as an interval of 80 %; None where nobody is ranked."""
    frame = pd.DataFrame(
        [
            {
                "place": place_label(one.unit, one.name_zh, lang),
                "rank": one.rank,
                "low": one.rank_p10,
                "high": one.rank_p90,
            }
            for one in ranking.standings
            if one.rank is not None
        ]
    )
    if frame.empty:
        return None
    top = ranking.published + 0.5
    y = alt.Y("place:N", sort=None, title=None, axis=alt.Axis(labelLimit=130))
    scale = alt.Scale(domain=[0.5, top], nice=False)
    x = alt.X("rank:Q", title=t("ui_tasks.axis_rank", lang), scale=scale, axis=alt.Axis(format="d", tickMinStep=1))
    tips = [
        alt.Tooltip("place:N", title=t("ui_tasks.head_county", lang)),
        alt.Tooltip("rank:Q", title=t("ui_tasks.tip_rank", lang)),
        alt.Tooltip("low:Q", title=t("ui_tasks.tip_rank_low", lang)),
        alt.Tooltip("high:Q", title=t("ui_tasks.tip_rank_high", lang)),
    ]
    base = alt.Chart(frame)
    bars = (
        base.transform_filter("isValid(datum.low)")
        .mark_rule(strokeWidth=7, opacity=0.35, color=COLOURS[0])
        .encode(x=alt.X("low:Q", scale=scale), x2="high:Q", y=y, tooltip=tips)
    )
    discs = base.mark_point(filled=True, size=70, opacity=1, color=COLOURS[0]).encode(x=x, y=y, tooltip=tips)
    return alt.LayerChart(layer=[bars, discs]).properties(height=ROW * len(frame) + FRAME - 40)


def contribution_chart(ranking: Ranking, lang: Lang) -> alt.LayerChart | None:
    """What every county pulls the city's gap to the province by, points; None where no share is known."""
    frame = pd.DataFrame(
        [
            {
                "place": place_label(one.unit, one.name_zh, lang),
                "contribution": one.contribution_pp,
                "side": t(f"ui_tasks.pull_{'down' if one.contribution_pp < 0 else 'up'}", lang),
            }
            for one in ranking.standings
            if one.contribution_pp is not None
        ]
    )
    if frame.empty:
        return None
    frame = frame.sort_values("contribution", kind="stable")
    sides = [t("ui_tasks.pull_down", lang), t("ui_tasks.pull_up", lang)]
    x = alt.X("contribution:Q", title=t("ui_tasks.axis_contribution", lang), axis=alt.Axis(format="+.2~f", tickCount=6))
    y = alt.Y("place:N", sort=None, title=None, axis=alt.Axis(labelLimit=130))
    colour = alt.Color(
        "side:N",
        scale=alt.Scale(domain=sides, range=["#b4475a", "#2b8a66"]),
        legend=alt.Legend(title=None, orient="top"),
    )
    tips = [
        alt.Tooltip("place:N", title=t("ui_tasks.head_county", lang)),
        alt.Tooltip("contribution:Q", title=t("ui_tasks.axis_contribution", lang), format="+.2f"),
    ]
    bars = alt.Chart(frame).mark_bar().encode(x=x, y=y, color=colour, tooltip=tips)
    zero = alt.Chart(pd.DataFrame({"x": [0.0]})).mark_rule(color=GREY).encode(x="x:Q")
    return alt.LayerChart(layer=[bars, zero]).properties(height=ROW * len(frame) + FRAME - 20)
