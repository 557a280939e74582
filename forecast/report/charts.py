"""Charts: data in, an altair chart out. Layout only; every number comes from a table or a distribution.

Colour never carries meaning alone: the place under study is drawn solid with discs, what it is held against dashed
with squares, and outcomes are named where they lie.

Invariant: the numbers a chart holds are those it was given (held by ``tests/test_app.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import altair as alt
import pandas as pd

from forecast import words
from forecast.answers.distribution import Distribution
from forecast.periods import Month
from forecast.report.monthly import Growth
from forecast.texts import Lang, t

__all__ = ["fan_chart", "gap_chart"]

COLOURS: Final = ("#2563b8", "#c2620c")
"""Of the place and of its benchmark: apart in grey and for the colour-blind, legible on white and on near-black."""
BESIDE: Final = 0.45
"""Opacity of the benchmark's bands in terms of the place's own: the eye stays with the place."""
DASHES: Final = ([1, 0], [6, 4])
OUTCOMES: Final = {"missed": "#b4475a", "near": "#c99a1e", "reached": "#2b8a66"}
BANDS: Final = (("p05", "p95", 0.15), ("p10", "p90", 0.2), ("p25", "p75", 0.25))
"""Quantiles of the 90, 80 and 50 % bands, and opacity; they lie on each other, so that the inner is the darkest."""
HEIGHT: Final = 340
GAP_HEIGHT: Final = 220


def fan_chart(
    rows: pd.DataFrame, places: Mapping[str, str], *, growth: Growth, target_pct: float | None, lang: Lang
) -> alt.LayerChart:
    """Growth over the year of a unit and its benchmark: published points, median, bands of 50, 80 and 90 %.

    Parameters
    ----------
    rows : of ``paths.csv``, one indicator, the units of ``places``
    places : names of the units in the order of drawing, at most two
    target_pct : a fixed target, percent, drawn as a line; None: the benchmark is the target
    """
    frame = rows.assign(place=rows["unit"].map(dict(places)), label=[_label(p, lang) for p in rows["period"]])
    x = alt.X("label:O", sort=None, title=t("ui.period_axis", lang), axis=alt.Axis(labelAngle=0))
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
    layers.extend(_lines(alt.Chart(frame).encode(x=x), list(places.values()), growth, lang))
    if target_pct is not None and growth is Growth.CUMULATIVE:
        layers.extend(_target(target_pct, lang))
    return alt.LayerChart(layer=layers).properties(height=HEIGHT)


def _lines(base: alt.Chart, names: list[str], growth: Growth, lang: Lang) -> list[alt.Chart]:
    """Medians, solid and dashed, and points, filled where published."""
    middle = f"{growth.value}_p50:Q"
    colour = alt.Color("place:N", scale=alt.Scale(domain=names, range=list(COLOURS)), legend=_legend())
    line = base.mark_line(strokeWidth=2).encode(
        y=middle,
        color=colour,
        strokeDash=alt.StrokeDash("place:N", scale=alt.Scale(domain=names, range=list(DASHES)), legend=_legend()),
    )
    quantiles = [
        alt.Tooltip(f"{growth.value}_{name}:Q", title=t(f"ui.tip_{name}", lang), format="+.1f")
        for name in ("p50", "p10", "p90")
    ]
    points = base.mark_point(size=64, filled=True, opacity=1, strokeWidth=1.5).encode(
        y=middle,
        color=colour,
        stroke=alt.Stroke("place:N", scale=alt.Scale(domain=names, range=list(COLOURS)), legend=None),
        shape=alt.Shape("place:N", scale=alt.Scale(domain=names, range=["circle", "square"]), legend=_legend()),
        fillOpacity=alt.condition("datum.status == 'published'", alt.value(1), alt.value(0)),
        tooltip=[
            alt.Tooltip("place:N", title=t("ui.place", lang)),
            alt.Tooltip("label:O", title=t("ui.period", lang)),
            *quantiles,
        ],
    )
    return [line, points]


def _legend() -> alt.Legend:
    return alt.Legend(title=None, orient="top", symbolStrokeWidth=2)


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


def gap_chart(shares: Distribution, *, tolerance_pp: float, lang: Lang) -> alt.LayerChart:
    """Distribution of the year-end gap: bars by outcome, lines at the benchmark and at the edge of coming close."""
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
    marks = pd.DataFrame({"x": list(edges), "text": list(edges.values())})
    rules = (
        alt.Chart(marks)
        .mark_rule(strokeDash=[4, 3], strokeWidth=1.5, color="#7a7f87")
        .encode(x="x:Q", tooltip=alt.Tooltip("text:N", title=t("ui.line", lang)))
    )
    return alt.LayerChart(layer=[bars, rules]).properties(height=GAP_HEIGHT)
