"""Charts of the track record: reliability, coverage by months left, PIT, error over that of pace, ranks.

Every builder takes the tables of a backtest (``scores``, ``calibration``; as made or as read from their files) and the
kind of place, and returns an altair chart, or None where there is nothing to draw. Bands say what a calibrated
forecaster would show with as many outcomes. Colour never carries meaning alone: marks differ in shape or dashes too.

Invariant: a chart holds the shares and counts of its table (held by ``tests/test_track_charts.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import altair as alt
import pandas as pd

from forecast.report.charts import COLOURS
from forecast.tables.track import Track, forecaster_name, level_name, months_name
from forecast.texts import Lang, t
from forecast.track_record.replay import MODEL
from forecast.track_record.sbc import binomial_band

OTHERS: Final = ("#6b7280", "#8a6d3b", "#4d7c6f", "#7c5c93", "#9a4f4f", "#3f6f8f")
GREY: Final = "#7a7f87"
WIDTH: Final = 300
HEIGHT: Final = 240
FONTS: Final = "Noto Sans CJK SC, Noto Sans SC, Source Han Sans SC, Microsoft YaHei, PingFang SC, SimHei, sans-serif"
"""Fonts that have Chinese, by what machines usually have."""


def levels_of(scores: pd.DataFrame) -> list[str]:
    """Kinds of places of a track record, in the table's order (the city first)."""
    return list(dict.fromkeys(scores["level"]))


def _title(text: str, below: list[str]) -> alt.TitleParams:
    return alt.TitleParams(
        text, subtitle=below, anchor="start", fontSize=13, subtitleFontSize=11, subtitleColor=GREY, offset=8
    )


def _of(table: pd.DataFrame, level: str, **wanted: object) -> pd.DataFrame:
    """Rows of a kind of place with these values."""
    chosen = table["level"] == level
    for column, value in wanted.items():
        chosen &= table[column] == value
    return table[chosen].copy()


def _few(rows: pd.DataFrame, lang: Lang) -> list[str]:
    """A line that says so where there are too few outcomes to judge by."""
    if not len(rows) or rows["enough"].iloc[0] != "few":
        return []
    return [t("track.few", lang, outcomes=int(rows["outcomes"].iloc[0]))]


def reliability_chart(
    calibration: pd.DataFrame, *, level: str, lang: Lang, forecaster: str = MODEL, of: str = "reliability"
) -> Any | None:
    """Probability said against frequency seen, by class of probability; size of a point is its count of forecasts.

    of : ``reliability`` of reaching the benchmark, or ``rank_reliability`` of being among the first third of siblings
    """
    rows = _of(calibration, level, forecaster=forecaster, kind=of, months_left_from=0, months_left_to=12)
    rows = rows[rows["count"] > 0]
    if not len(rows):
        return None
    frame = pd.DataFrame(
        {
            "forecast": rows["expected"].astype(float),
            "observed": rows["observed"].astype(float),
            "count": rows["count"].astype(int),
        }
    )
    bounds = pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0]})
    whole = alt.Scale(domain=[0, 1])
    said = t(f"track.{of}_x", lang)
    x = alt.X("forecast:Q", title=said, scale=whole, axis=_share_axis())
    y = alt.Y("observed:Q", title=t("track.reliability_y", lang), scale=whole, axis=_share_axis())
    diagonal = alt.Chart(bounds).mark_line(color=GREY, strokeDash=[4, 3]).encode(x="x:Q", y="y:Q")
    line = alt.Chart(frame).mark_line(color=COLOURS[0], strokeWidth=1.5).encode(x=x, y=y)
    points = (
        alt.Chart(frame)
        .mark_circle(color=COLOURS[0], opacity=1)
        .encode(
            x=x,
            y=y,
            size=alt.Size("count:Q", title=t("track.count", lang), scale=alt.Scale(range=[20, 260]), legend=None),
            tooltip=[
                alt.Tooltip("forecast:Q", title=said, format=".0%"),
                alt.Tooltip("observed:Q", title=t("track.reliability_y", lang), format=".0%"),
                alt.Tooltip("count:Q", title=t("track.count", lang)),
            ],
        )
    )
    title = _title(t(f"track.{of}", lang), [t("track.perfect", lang), *_few(rows, lang)])
    return alt.layer(diagonal, line, points).properties(width=WIDTH, height=HEIGHT, title=title)


def coverage_chart(scores: pd.DataFrame, *, level: str, lang: Lang, forecaster: str = MODEL) -> Any | None:
    """Coverage of 50 and 90 % intervals by months left, over the band of a calibrated forecaster."""
    rows = _of(scores, level, forecaster=forecaster)
    rows = rows[rows["indicator"].isna() & rows["covered90"].notna()]
    bands = rows[(rows["months_left_from"] != 0)].sort_values("months_left_from", ascending=False)
    if not len(bands):
        return None
    records = []
    for row in bands.to_dict("records"):
        for nominal in (50, 90):
            low, high = binomial_band(int(row["outcomes"]), nominal / 100)
            records.append(
                {
                    "months": months_name((int(row["months_left_from"]), int(row["months_left_to"])), lang),
                    "interval": t(f"track.interval_{nominal}", lang),
                    "covered": float(row[f"covered{nominal}"]),
                    "nominal": nominal / 100,
                    "low": low,
                    "high": high,
                    "outcomes": int(row["outcomes"]),
                }
            )
    frame = pd.DataFrame(records)
    names = [t(f"track.interval_{nominal}", lang) for nominal in (50, 90)]
    x = alt.X("months:O", sort=None, title=t("track.coverage_x", lang), axis=alt.Axis(labelAngle=0))
    y = alt.Y("covered:Q", title=t("track.coverage_y", lang), scale=alt.Scale(domain=[0, 1]), axis=_share_axis())
    legend = alt.Legend(title=None, orient="top")
    shade = alt.Chart(frame).mark_bar(color=GREY, opacity=0.22, size=46).encode(x=x, y="low:Q", y2="high:Q")
    tick = alt.Chart(frame).mark_tick(color=GREY, thickness=1.5, size=46).encode(x=x, y="nominal:Q")
    points = (
        alt.Chart(frame)
        .mark_point(size=80, filled=True, opacity=1)
        .encode(
            x=x,
            y=y,
            color=alt.Color("interval:N", scale=alt.Scale(domain=names, range=list(COLOURS)), legend=legend),
            shape=alt.Shape("interval:N", scale=alt.Scale(domain=names, range=["circle", "square"]), legend=legend),
            tooltip=[
                alt.Tooltip("interval:N", title=t("track.interval", lang)),
                alt.Tooltip("covered:Q", title=t("track.coverage_y", lang), format=".0%"),
                alt.Tooltip("outcomes:Q", title=t("track.outcomes", lang)),
            ],
        )
    )
    title = _title(t("track.coverage", lang), [t("track.coverage_band", lang), *_few(bands, lang)])
    return alt.layer(shade, tick, points).properties(width=WIDTH, height=HEIGHT, title=title)


def rank_chart_by_months(scores: pd.DataFrame, *, level: str, lang: Lang) -> Any | None:
    """Ranked probability score of year-end ranks by months left: the model beside "the rank stays" and others."""
    if "rank_rps" not in scores:
        return None
    rows = _of(scores, level)
    rows = rows[rows["indicator"].isna() & rows["rank_rps"].notna() & (rows["months_left_from"] != 0)]
    if not len(rows):
        return None
    rows = rows.sort_values("months_left_from", ascending=False, kind="stable")
    spans = zip(rows["months_left_from"], rows["months_left_to"], strict=True)
    names = [forecaster_name(name, lang) for name in rows["forecaster"]]
    frame = pd.DataFrame(
        {
            "months": [months_name((int(a), int(b)), lang) for a, b in spans],
            "forecaster": names,
            "rps": rows["rank_rps"].astype(float).to_list(),
            "cases": rows["rank_cases"].astype(int).to_list(),
        }
    )
    domain = list(dict.fromkeys(names))
    own, others = forecaster_name(MODEL, lang), iter(OTHERS * 2)
    colours = [COLOURS[0] if name == own else next(others) for name in domain]
    legend = alt.Legend(title=None, orient="top")
    base = alt.Chart(frame).encode(
        x=alt.X("months:O", sort=None, title=t("track.rank_skill_x", lang), axis=alt.Axis(labelAngle=0)),
        y=alt.Y("rps:Q", title=t("track.rank_skill_y", lang)),
        color=alt.Color("forecaster:N", scale=alt.Scale(domain=domain, range=colours), legend=legend),
        tooltip=[alt.Tooltip("forecaster:N"), alt.Tooltip("rps:Q", format=".3f"), alt.Tooltip("cases:Q")],
    )
    shape = alt.Shape("forecaster:N", scale=alt.Scale(domain=domain), legend=legend)
    layers = [base.mark_line(strokeWidth=1.5), base.mark_point(size=70, filled=True, opacity=1).encode(shape=shape)]
    return alt.LayerChart(layer=layers).properties(
        width=WIDTH, height=HEIGHT, title=_title(t("track.rank_skill", lang), [])
    )


def _share_axis() -> alt.Axis:
    return alt.Axis(format=".0%", tickCount=5)


def pit_chart(calibration: pd.DataFrame, *, level: str, lang: Lang, forecaster: str = MODEL) -> Any | None:
    """Histogram of the places of outcomes in their forecasts, over the band of a calibrated forecaster."""
    rows = _of(calibration, level, forecaster=forecaster, kind="pit", months_left_from=0, months_left_to=12)
    if not len(rows):
        return None
    flat = 1 / len(rows)
    low, high = binomial_band(int(rows["outcomes"].iloc[0]), flat)
    frame = pd.DataFrame(
        {
            "lower": rows["lower"].astype(float),
            "upper": rows["upper"].astype(float),
            "share": rows["observed"].astype(float),
            "count": rows["count"].astype(int),
            "low": low,
            "high": high,
        }
    )
    x = alt.X("lower:Q", bin="binned", title=t("track.pit_x", lang), scale=alt.Scale(domain=[0, 1]))
    bars = (
        alt.Chart(frame)
        .mark_bar(color=COLOURS[0], opacity=0.75)
        .encode(
            x=x,
            x2="upper:Q",
            y=alt.Y("share:Q", title=t("track.pit_y", lang), axis=_share_axis()),
            tooltip=[
                alt.Tooltip("share:Q", title=t("track.pit_y", lang), format=".1%"),
                alt.Tooltip("count:Q", title=t("track.count", lang)),
            ],
        )
    )
    shade = (
        alt.Chart(frame.head(1)).mark_rect(color=GREY, opacity=0.22).encode(y="low:Q", y2="high:Q")
    )  # over the whole width
    rule = alt.Chart(pd.DataFrame({"y": [flat]})).mark_rule(color=GREY, strokeDash=[4, 3]).encode(y="y:Q")
    title = _title(t("track.pit", lang), [t("track.pit_flat", lang), *_few(rows, lang)])
    return alt.layer(bars, shade, rule).properties(width=WIDTH, height=HEIGHT, title=title)


def _ratio_layers(frame: pd.DataFrame, x: alt.X, y: alt.Y, spread: dict[str, Any], colour: dict[str, Any]) -> Any:
    """Points, their intervals and a line at 1, which is as good as pace."""
    at_one = alt.Chart(pd.DataFrame({"one": [1.0]})).mark_rule(color=GREY, strokeDash=[4, 3])
    tips = [
        alt.Tooltip("ratio:Q", format=".2f"),
        alt.Tooltip("low:Q", format=".2f"),
        alt.Tooltip("high:Q", format=".2f"),
        alt.Tooltip("outcomes:Q"),
    ]
    points = alt.Chart(frame).mark_point(size=70, filled=True, opacity=1).encode(x=x, y=y, tooltip=tips, **colour)
    known = frame[frame["low"].notna()]
    rules = alt.Chart(known).mark_rule(strokeWidth=1.5).encode(**{**spread, **_without_shape(colour)})
    return at_one, rules, points


def _without_shape(colour: dict[str, Any]) -> dict[str, Any]:
    return {name: channel for name, channel in colour.items() if name != "shape"}


def _ratios(rows: pd.DataFrame, **labels: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            **labels,
            "ratio": rows["against_pace"].astype(float).to_list(),
            "low": rows["against_pace_p05"].astype(float).to_list(),
            "high": rows["against_pace_p95"].astype(float).to_list(),
            "outcomes": rows["outcomes"].astype(int).to_list(),
        }
    )


def skill_chart(scores: pd.DataFrame, *, level: str, lang: Lang) -> Any | None:
    """CRPS of every forecaster over that of pace, by months left, with 90 % intervals."""
    rows = _of(scores, level)
    rows = rows[rows["indicator"].isna() & rows["against_pace"].notna() & (rows["months_left_from"] != 0)]
    if not len(rows):
        return None
    rows = rows.sort_values("months_left_from", ascending=False, kind="stable")
    spans = zip(rows["months_left_from"], rows["months_left_to"], strict=True)
    months = [months_name((int(a), int(b)), lang) for a, b in spans]
    names = [forecaster_name(name, lang) for name in rows["forecaster"]]
    frame = _ratios(rows, months=months, forecaster=names)
    domain = list(dict.fromkeys(names))
    own = forecaster_name(MODEL, lang)
    others = iter(OTHERS * 2)
    palette = [COLOURS[0] if name == own else next(others) for name in domain]
    shapes = ["circle" if name == own else shape for name, shape in zip(domain, _shapes(len(domain)), strict=True)]
    legend = alt.Legend(title=None, orient="top", columns=3)
    x = alt.X("months:O", sort=None, title=t("track.skill_x", lang), axis=alt.Axis(labelAngle=0))
    y = alt.Y("ratio:Q", title=t("track.skill_y", lang), scale=alt.Scale(domainMin=0))
    offset = alt.XOffset("forecaster:N", sort=domain)
    colour = {
        "color": alt.Color("forecaster:N", scale=alt.Scale(domain=domain, range=palette), legend=legend),
        "shape": alt.Shape("forecaster:N", scale=alt.Scale(domain=domain, range=shapes), legend=legend),
        "xOffset": offset,
    }
    spread = {"x": x, "y": alt.Y("low:Q"), "y2": alt.Y2("high:Q")}
    one, rules, points = _ratio_layers(frame, x, y, spread, colour)
    title = _title(t("track.skill", lang), _few(rows, lang))
    return alt.layer(one.encode(y="one:Q"), rules, points).properties(width=WIDTH, height=HEIGHT, title=title)


def _shapes(n: int) -> list[str]:
    kinds = ("square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")
    return [kinds[i % len(kinds)] for i in range(n)]


def indicator_skill_chart(
    scores: pd.DataFrame, names: Mapping[str, str], *, level: str, lang: Lang, forecaster: str = MODEL
) -> Any | None:
    """CRPS of a forecaster over that of pace, by indicator, with 90 % intervals where there are years enough.

    Parameters
    ----------
    names : of indicators, by id
    """
    rows = _of(scores, level, forecaster=forecaster)
    rows = rows[rows["indicator"].notna() & rows["against_pace"].notna()]
    if not len(rows):
        return None
    frame = _ratios(rows, indicator=[names.get(one, one) for one in rows["indicator"]])
    y = alt.Y("indicator:N", sort=None, title=None, axis=alt.Axis(labelLimit=220))
    x = alt.X("ratio:Q", title=t("track.skill_y", lang), scale=alt.Scale(domainMin=0))
    spread = {"y": y, "x": alt.X("low:Q"), "x2": alt.X2("high:Q")}
    one, rules, points = _ratio_layers(frame, x, y, spread, {"color": alt.value(COLOURS[0])})
    title = _title(t("track.skill_indicator", lang), _few(rows, lang))
    return alt.layer(one.encode(x="one:Q"), rules, points).properties(
        width=WIDTH, height=max(60, 22 * len(frame)), title=title
    )


def track_sheet(
    scores: pd.DataFrame,
    calibration: pd.DataFrame,
    *,
    level: str,
    years: str,
    synthetic: bool,
    lang: Lang,
) -> Any | None:
    """The charts of a kind of place on one sheet; None where none can be drawn.

    Parameters
    ----------
    years : what was replayed, as it is to be read
    synthetic : whether any observation is, which the title then says
    """
    charts = [
        reliability_chart(calibration, level=level, lang=lang),
        coverage_chart(scores, level=level, lang=lang),
        pit_chart(calibration, level=level, lang=lang),
        skill_chart(scores, level=level, lang=lang),
        reliability_chart(calibration, level=level, lang=lang, of="rank_reliability"),
        rank_chart_by_months(scores, level=level, lang=lang),
    ]
    found = [chart for chart in charts if chart is not None]
    if not found:
        return None
    title = t("track.title", lang, level=level_name(level, lang), years=years)
    below = [t("track.synthetic", lang)] if synthetic else []
    rows = [_apart(alt.hconcat(*found[i : i + 2], spacing=36)) for i in range(0, len(found), 2)]
    sheet = _apart(alt.vconcat(*rows, spacing=28))
    heading = alt.TitleParams(title, subtitle=below, fontSize=16, subtitleFontSize=12, subtitleColor="#b4475a")
    return sheet.properties(title=heading, padding=12).configure(font=FONTS, background="white")


def track_sheets(found: Track, langs: Sequence[Lang]) -> dict[str, str]:
    """The sheets of a backtest as SVG, by kind of place and language."""
    scores, classes = found.tables["scores"], found.tables["calibration"]
    drawn = {
        f"{level}-{lang}": track_sheet(
            scores, classes, level=level, years=found.years, synthetic=found.synthetic, lang=lang
        )
        for lang in langs
        for level in levels_of(scores)
    }
    return {name: svg(sheet) for name, sheet in drawn.items() if sheet is not None}


def _apart(sheet: Any) -> Any:
    """Charts side by side, each with its own legend."""
    channels = {"color": "independent", "shape": "independent", "size": "independent"}
    return sheet.resolve_scale(**channels).resolve_legend(**channels)


def svg(chart: Any) -> str:
    """A chart as SVG; the same chart, the same text."""
    import vl_convert  # a megabyte of renderer, needed only where files are written

    return str(vl_convert.vegalite_to_svg(chart.to_json(indent=None)))
