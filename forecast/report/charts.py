"""Charts: data in, an altair chart out. Layout only; every number comes from a table or a distribution.

Colour never carries meaning alone: the place under study is drawn solid with discs, what it is held against dashed
with squares, and outcomes are named where they lie.

Every field of the heat map has its number, bars lie left or right of a line.

Invariant: the numbers a chart holds are those it was given (held by ``tests/test_app.py``, and of counties by
``tests/test_app_tasks.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import altair as alt
import pandas as pd

from forecast.answers.chances import Criterion
from forecast.answers.judgement import Distribution
from forecast.periods import Month
from forecast.plan.request import Form
from forecast.plan.result import Makeup
from forecast.runs.session import Assignments
from forecast.tables import words
from forecast.tables.counties import place_label
from forecast.tables.makeup_words import wish_name
from forecast.tables.monthly import Growth
from forecast.tasks.county_lists import Ranking
from forecast.texts import Lang, t

COLOURS: Final = ("#2563b8", "#c2620c")
"""Of the place and of its benchmark: apart in grey and for the colour-blind, legible on white and on near-black."""
BESIDE: Final = 0.45
"""Opacity of the benchmark's bands in terms of the place's own: the eye stays with the place."""
DASHES: Final = ([1, 0], [6, 4])
OVER: Final = ("#6b7280", "#2b8a66")
OVER_DASHES: Final = ([2, 3], [10, 3, 2, 3])
"""Of lines over a fan: grey dots, green dots and dashes."""
OUTCOMES: Final = {"missed": "#b4475a", "near": "#c99a1e", "reached": "#2b8a66"}
BANDS: Final = (("p05", "p95", 0.15), ("p10", "p90", 0.2), ("p25", "p75", 0.25))
"""Quantiles of the 90, 80 and 50 % bands, and opacity; they lie on each other, so that the inner is the darkest."""
HEIGHT: Final = 340
GAP_HEIGHT: Final = 220
WATERFALL_ROW: Final = 28
WATERFALL_FRAME: Final = 110


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """A line over a fan: 序时进度, 所需路径. ``points`` are (period YYYY-MM, percent) in order."""

    name: str
    points: tuple[tuple[str, float], ...]


def fan_chart(
    rows: pd.DataFrame,
    places: Mapping[str, str],
    *,
    growth: Growth,
    target_pct: float | None,
    lang: Lang,
    history: pd.DataFrame | None = None,
    overlays: Sequence[Overlay] = (),
) -> alt.LayerChart:
    """Growth over the year of a unit and its benchmark: published points, median, bands of 50, 80 and 90 %.

    Parameters
    ----------
    rows : of ``paths.csv``, one indicator, the units of ``places``
    places : names of the units in the order of drawing, at most two
    target_pct : a fixed target, percent, drawn as a line; None: the benchmark is the target
    history : of ``monthly.history_rows``: what was published of earlier years, drawn before the year; None: the year
        alone
    overlays : further lines, at most two
    """
    frame = rows.assign(place=rows["unit"].map(dict(places)), label=[_label(p, lang) for p in rows["period"]])
    years = history is not None and len(history) > 0
    x = _years_axis(frame, history, lang) if years else _year_axis(lang)
    layers: list[alt.Chart] = [
        alt.Chart(frame[frame["unit"] == unit])
        .mark_area(color=colour, opacity=opacity * weight)
        .encode(
            x=x,
            y=alt.Y(f"{growth.value}_{low}:Q", title=t("ui.growth_axis", lang), scale=alt.Scale(zero=False)),
            y2=f"{growth.value}_{high}:Q",
        )
        for unit, colour, weight in zip(places, COLOURS, (1.0, BESIDE), strict=False)
        for low, high, opacity in BANDS
    ]
    named = [one.name for one in overlays if one.points]
    layers.extend(_lines(alt.Chart(frame).encode(x=x), [*places.values(), *named], growth, lang, small=years))
    if history is not None and years:
        layers.extend(_history(history, places, x))
    if overlays:
        layers.extend(_overlays(overlays, x, lang, small=years))
    if target_pct is not None and growth is Growth.CUMULATIVE:
        layers.extend(_target(target_pct, lang))
    return alt.LayerChart(layer=layers).properties(height=HEIGHT)


def _year_axis(lang: Lang) -> alt.X:
    return alt.X("label:O", sort=None, title=t("ui.period_axis", lang), axis=alt.Axis(labelAngle=0))


def _years_axis(frame: pd.DataFrame, history: pd.DataFrame | None, lang: Lang) -> alt.X:
    """All periods in order of time, a label where a year ends."""
    earlier = set() if history is None else set(history["period"])
    periods = sorted(earlier | set(frame["period"]))
    ends = [period for period in periods if period.endswith("-12")]
    axis = alt.Axis(values=ends, labelAngle=0, labelExpr="slice(datum.label, 0, 4)", labelOverlap=True)
    return alt.X("period:O", sort=periods, title=t("ui_indicator.year_end_axis", lang), axis=axis)


def _history(history: pd.DataFrame, places: Mapping[str, str], x: alt.X) -> list[alt.Chart]:
    """Published growth of earlier years, a line a year, so that no line joins a December to a February."""
    frame = history.assign(place=history["unit"].map(dict(places)), year=[one[:4] for one in history["period"]])
    names = list(places.values())
    return [
        alt.Chart(frame)
        .mark_line(strokeWidth=1.3, opacity=0.85)
        .encode(
            x=x,
            y=alt.Y("value:Q", scale=alt.Scale(zero=False)),
            detail="year:N",
            color=alt.Color("place:N", scale=alt.Scale(domain=names, range=list(COLOURS[: len(names)])), legend=None),
            strokeDash=alt.StrokeDash("place:N", scale=alt.Scale(domain=names, range=list(DASHES)), legend=None),
            tooltip=[alt.Tooltip("place:N"), alt.Tooltip("period:O"), alt.Tooltip("value:Q", format="+.1f")],
        )
    ]


def _overlays(overlays: Sequence[Overlay], x: alt.X, lang: Lang, *, small: bool) -> list[alt.Chart]:
    """Lines with their own marks; the legend is that of the medians."""
    frame = pd.DataFrame(
        [
            {"place": one.name, "period": period, "label": _label(period, lang), "value": value}
            for one in overlays
            for period, value in one.points
        ]
    )
    if frame.empty:
        return []
    base = alt.Chart(frame).encode(
        x=x,
        y=alt.Y("value:Q", scale=alt.Scale(zero=False)),
        color="place:N",
        tooltip=[
            alt.Tooltip("place:N", title=t("ui.place", lang)),
            alt.Tooltip("label:O", title=t("ui.period", lang)),
            alt.Tooltip("value:Q", title=t("ui.growth_axis", lang), format="+.1f"),
        ],
    )
    line = base.mark_line(strokeWidth=2).encode(strokeDash="place:N")
    return [line, base.mark_point(size=18 if small else 46, filled=True, opacity=1).encode(shape="place:N")]


def _lines(base: alt.Chart, names: list[str], growth: Growth, lang: Lang, *, small: bool) -> list[alt.Chart]:
    """Medians, solid and dashed, and points, filled where published; scales that overlays share."""
    middle = f"{growth.value}_p50:Q"
    colours = alt.Scale(domain=names, range=[*COLOURS, *OVER][: len(names)] if len(names) > 1 else list(COLOURS))
    if len(names) <= 2:
        colours = alt.Scale(domain=names, range=list(COLOURS))
    colour = alt.Color("place:N", scale=colours, legend=_legend())
    dashes = alt.Scale(domain=names, range=[*DASHES, *OVER_DASHES] if len(names) > 2 else list(DASHES))
    shapes = alt.Scale(domain=names, range=["circle", "square", "triangle-up", "diamond"][: max(len(names), 2)])
    line = base.mark_line(strokeWidth=2).encode(
        y=middle, color=colour, strokeDash=alt.StrokeDash("place:N", scale=dashes, legend=_legend())
    )
    quantiles = [
        alt.Tooltip(f"{growth.value}_{name}:Q", title=t(f"ui.tip_{name}", lang), format="+.1f")
        for name in ("p50", "p10", "p90")
    ]
    points = base.mark_point(size=22 if small else 64, filled=True, opacity=1, strokeWidth=1.5).encode(
        y=middle,
        color=colour,
        stroke=alt.Stroke("place:N", scale=colours, legend=None),
        shape=alt.Shape("place:N", scale=shapes, legend=_legend()),
        fillOpacity=alt.condition("datum.status == 'published'", alt.value(1), alt.value(0)),
        tooltip=[
            alt.Tooltip("place:N", title=t("ui.place", lang)),
            alt.Tooltip("label:O", title=t("ui.period", lang)),
            *quantiles,
        ],
    )
    return [line, points]


def _legend() -> alt.Legend:
    return alt.Legend(title=None, orient="top", symbolStrokeWidth=2, labelLimit=320)


def _label(period: str, lang: Lang) -> str:
    return t("ui.month", lang, month=words.month_name(Month.parse(period), lang))


def _target(target_pct: float, lang: Lang) -> list[alt.Chart]:
    frame = pd.DataFrame(
        {"y": [target_pct], "text": [t("ui.target_line", lang, growth=words.growth(target_pct, lang))]}
    )
    line = alt.Chart(frame).mark_rule(strokeDash=[2, 3], strokeWidth=1.5, color="#7a7f87").encode(y="y:Q")
    text = (
        alt.Chart(frame)
        .mark_text(align="left", dx=4, dy=-7, color="#7a7f87")
        .encode(y="y:Q", x=alt.value(0), text="text:N")
    )
    return [line, text]


def gap_chart(shares: Distribution, *, tolerance_pp: float, criterion: Criterion, lang: Lang) -> alt.LayerChart:
    """Distribution of the year-end gap: bars by outcome, lines at the benchmark and at the edge of coming close.

    The line of what is spoken of is whole, the other one broken.
    """
    outcome = t("ui.outcome", lang)
    kinds = {"missed": shares.missed, "near": shares.near, "reached": shares.reached}
    labels = {kind: t(f"ui.outcome_{kind}", lang) for kind in kinds}
    frame = pd.concat(
        pd.DataFrame(
            {"low": shares.edges_pp[:-1], "high": shares.edges_pp[1:], "share": values, outcome: labels[kind]}
        ).assign(order=i)
        for i, (kind, values) in enumerate(kinds.items())
    )
    bars = (
        alt.Chart(frame[frame["share"] > 0])
        .mark_bar(binSpacing=0)
        .encode(
            x=alt.X(
                "low:Q", bin="binned", title=t("ui.gap_axis", lang), axis=alt.Axis(format="+.1~f", labelOverlap=True)
            ),
            x2="high:Q",
            y=alt.Y("share:Q", title=None, axis=alt.Axis(format=".0%", tickCount=4)),
            color=alt.Color(
                f"{outcome}:N",
                scale=alt.Scale(domain=list(labels.values()), range=[OUTCOMES[kind] for kind in kinds]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            order="order:Q",
            tooltip=[
                alt.Tooltip(f"{outcome}:N"),
                alt.Tooltip("low:Q", title=t("ui.tip_from", lang), format="+.1f"),
                alt.Tooltip("high:Q", title=t("ui.tip_to", lang), format="+.1f"),
                alt.Tooltip("share:Q", title=t("ui.tip_share", lang), format=".1%"),
            ],
        )
    )
    edges = {0.0: t("ui.line_reach", lang)}
    if tolerance_pp > 0:
        edges[-tolerance_pp] = t("ui.line_near", lang, points=f"{-tolerance_pp:g}")
    spoken = -tolerance_pp if criterion is Criterion.NEAR and tolerance_pp > 0 else 0.0
    marks = pd.DataFrame({"x": list(edges), "text": list(edges.values()), "spoken": [x == spoken for x in edges]})
    rules = (
        alt.Chart(marks)
        .mark_rule(strokeWidth=1.5, color="#7a7f87")
        .encode(
            x="x:Q",
            strokeDash=alt.condition("datum.spoken", alt.value([1, 0]), alt.value([4, 3])),
            tooltip=alt.Tooltip("text:N", title=t("ui.line", lang)),
        )
    )
    return alt.LayerChart(layer=[bars, rules]).properties(height=GAP_HEIGHT)


def waterfall_chart(steps: pd.DataFrame, lang: Lang) -> alt.LayerChart:
    """How a year-end gap went from one run to the next, part by part.

    Parameters
    ----------
    steps : of ``tables.news.waterfall``: name, start, end, kind (total, up, down), text; points, first and last
        are the totals
    """
    kinds = ("total", "up", "down")
    names = {kind: t(f"ui_indicator.waterfall_{kind}", lang) for kind in kinds}
    frame = steps.assign(kind_name=[names[one] for one in steps["kind"]], right=steps[["start", "end"]].max(axis=1))
    y = alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=170, labelOverlap=False))
    shown = [names[kind] for kind in kinds if kind in set(steps["kind"])]
    palette = dict(zip(names.values(), ("#4a5568", OUTCOMES["reached"], OUTCOMES["missed"]), strict=True))
    scale = alt.Scale(domain=shown, range=[palette[one] for one in shown])
    base = alt.Chart(frame)
    tips = [alt.Tooltip("name:N"), alt.Tooltip("text:N", title=t("ui_indicator.waterfall_axis", lang))]
    bars = base.mark_bar(size=16).encode(
        y=y,
        x=alt.X("start:Q", title=t("ui_indicator.waterfall_axis", lang)),
        x2="end:Q",
        color=alt.Color("kind_name:N", scale=scale, legend=alt.Legend(title=None, orient="top")),
        tooltip=tips,
    )
    text = base.mark_text(dx=5, align="left", color="#7a7f87").encode(y=y, x="right:Q", text="text:N")
    return alt.LayerChart(layer=[bars, text]).properties(height=WATERFALL_ROW * len(frame) + WATERFALL_FRAME)


WISH_SHAPES: Final = ("circle", "square", "triangle-up", "diamond", "cross")
WISH_DASHES: Final = ([1, 0], [6, 4], [2, 3], [8, 3, 2, 3], [1, 2])
WISH_COLOURS: Final = (*COLOURS, "#2b8a66", "#7c5c93", "#6b7280")
FRONTIER_HEIGHT: Final = 380
ROW_HEIGHT: Final = 27
FRAME_HEIGHT: Final = 110
"""Pixels of legend, axis and its title, which count to a chart's height on the screen."""


def _makeup_head(name: str, lang: Lang) -> str:
    return t(f"makeup.head_{name}", lang)


def frontier_chart(plan: Makeup, lang: Lang) -> alt.LayerChart:
    """Value of the wishes against effort; a ring marks the plan, a short line what was asked."""
    names = [wish_name(w, lang) for w in plan.wishes]
    curve = pd.DataFrame(
        [
            {"wish": name, "effort": point.effort, "value": value}
            for point in plan.frontier
            for name, value in zip(names, point.values, strict=True)
        ]
    )
    marks = pd.DataFrame(
        [
            {"wish": name, "effort": plan.effort, "value": w.all_draws, "asked": w.wish.level}
            for name, w in zip(names, plan.wishes, strict=True)
        ]
    )
    counts = any(w.wish.form is Form.EXPECTED for w in plan.wishes)
    axis = alt.Axis(format=".1f" if counts else ".0%", tickCount=5)
    x = alt.X("effort:Q", title=t("ui_makeup.axis_effort", lang))
    y = alt.Y("value:Q", title=t("ui_makeup.axis_value", lang), axis=axis)
    legend = alt.Legend(title=None, orient="top", labelLimit=360, columns=1)

    def kinds(values: Any) -> alt.Scale:
        return alt.Scale(domain=names, range=list(values[: len(names)]))

    colour = alt.Color("wish:N", scale=kinds(WISH_COLOURS), legend=legend)
    tips = [
        alt.Tooltip("wish:N", title=_makeup_head("wish", lang)),
        alt.Tooltip("effort:Q", title=t("ui_makeup.axis_effort", lang), format=".1f"),
        alt.Tooltip("value:Q", title=t("ui_makeup.axis_value", lang), format=".2f" if counts else ".1%"),
    ]
    line = (
        alt.Chart(curve)
        .mark_line(strokeWidth=2)
        .encode(x=x, y=y, color=colour, strokeDash=alt.StrokeDash("wish:N", scale=kinds(WISH_DASHES), legend=legend))
    )
    points = (
        alt.Chart(curve)
        .mark_point(size=45, filled=True)
        .encode(
            x=x, y=y, color=colour, shape=alt.Shape("wish:N", scale=kinds(WISH_SHAPES), legend=legend), tooltip=tips
        )
    )
    here = (
        alt.Chart(marks)
        .mark_point(size=220, filled=False, strokeWidth=2.5)
        .encode(x=x, y=y, color=colour, tooltip=tips)
    )
    asked = alt.Chart(marks).mark_rule(strokeDash=[3, 3], color="#7a7f87").encode(y=alt.Y("asked:Q", axis=axis))
    return alt.LayerChart(layer=[asked, line, points, here]).properties(height=FRONTIER_HEIGHT)


def sector_chart(plan: Makeup, lang: Lang) -> alt.LayerChart:
    """What each industry brings, points of GDP, inside what it could bring at most; 补 and 济 by colour and word."""
    sides = {side: t(f"makeup.side_{side}", lang) for side in ("make_up", "help")}
    frame = pd.DataFrame(
        [
            {
                "industry": row.name_zh if lang == "zh" else row.industry,
                "side": sides[row.side.value],
                "planned": row.planned_pp,
                "ceiling": row.ceiling_pp,
                "money": row.planned_yi,
            }
            for row in plan.sectors
        ]
    )
    y = alt.Y("industry:N", sort=None, title=None, axis=alt.Axis(labelLimit=160))
    tips = [
        alt.Tooltip("industry:N", title=_makeup_head("industry", lang)),
        alt.Tooltip("planned:Q", title=t("ui_makeup.axis_planned", lang), format=".2f"),
        alt.Tooltip("ceiling:Q", title=t("ui_makeup.axis_ceiling", lang), format=".2f"),
        alt.Tooltip("money:Q", title=t("ui_makeup.tip_money", lang), format=".1f"),
    ]
    base = alt.Chart(frame)
    room = base.mark_bar(fill="#9aa0a8", fillOpacity=0.25, stroke="#7a7f87", strokeWidth=1).encode(
        x=alt.X("ceiling:Q", title=t("ui_makeup.axis_planned", lang)), y=y, tooltip=tips
    )
    colour = alt.Color(
        "side:N",
        scale=alt.Scale(domain=list(sides.values()), range=list(COLOURS)),
        legend=alt.Legend(title=None, orient="top"),
    )
    used = base.mark_bar(size=9).encode(x="planned:Q", y=y, color=colour, tooltip=tips)
    return alt.LayerChart(layer=[room, used]).properties(height=ROW_HEIGHT * len(frame) + FRAME_HEIGHT)


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
