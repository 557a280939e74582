"""A make-up plan as tables and a chart for the screen: 补多少、济多少, the levers, the frontier.

Invariant: every number shown is a field of ``Makeup`` in the words of ``report.makeup_words``
(held by ``tests/test_app_makeup.py``).
"""

from __future__ import annotations

from typing import Any, Final

import altair as alt
import pandas as pd

from forecast.answers.chances import Status
from forecast.plan.result import Makeup
from forecast.plan.wishes import Form
from forecast.report.charts import COLOURS
from forecast.report.makeup_terminal import indicator_cells, lever_cells, sector_cells
from forecast.report.makeup_words import (
    asked_words,
    change_words,
    families,
    level_words,
    lever_name,
    place_name,
    use_words,
    wish_name,
)
from forecast.runs.run import Run
from forecast.tables import words
from forecast.tables.table import Cell, Grid, grid
from forecast.texts import Lang, t

SHAPES: Final = ("circle", "square", "triangle-up", "diamond", "cross")
DASHES: Final = ([1, 0], [6, 4], [2, 3], [8, 3, 2, 3], [1, 2])
PALETTE: Final = (*COLOURS, "#2b8a66", "#7c5c93", "#6b7280")
HEIGHT: Final = 380
ROW_HEIGHT: Final = 27
FRAME_HEIGHT: Final = 110
"""Pixels of legend, axis and its title, which count to a chart's height on the screen."""


def _head(name: str, lang: Lang) -> str:
    return t(f"makeup.head_{name}", lang)


def wish_grid(plan: Makeup, lang: Lang) -> Grid:
    """Wishes: asked, as it is, under the plan, on fresh draws, at full use, what stays open."""
    none = t("glossary.none", lang)
    rows = []
    for w in plan.wishes:
        shown = [level_words(plan, w, value, lang) for value in (w.before, w.all_draws, w.fresh, w.ceiling)]
        open_ = w.status is Status.UNREACHABLE
        rows.append(
            (
                wish_name(w, lang),
                asked_words(w.wish),
                *shown[:2],
                change_words(plan, w, w.all_draws),
                *shown[2:],
                t(f"makeup.status_{w.status.value}", lang),
                f"{w.remaining_pp:.1f}" if open_ else none,
                f"{w.remaining_yi:.1f}" if open_ and w.remaining_yi is not None else none,
            )
        )
    names = ("wish", "asked", "before", "after", "change", "fresh", "best", "status", "remaining", "remaining_yi")
    heads = [_head(name, lang) for name in names]
    return grid("wishes", t("ui_makeup.wishes", lang), heads, rows, left=(0, 7))


def sector_grid(plan: Makeup, lang: Lang) -> Grid:
    """补多少、济多少: an industry a row, and the sum in points and 亿元."""
    names = (
        "industry", "role", "share", "forecast", "target", "pull", "pull_yi", "ceiling", "planned", "planned_yi",
        "ahead", "driver", "feasible", "support", "department",
    )  # fmt: skip
    rows = [[cells[name] for name in names] for cells in (sector_cells(row, lang) for row in plan.sectors)]
    left = (0, 1, 12, 13, 14)
    return grid("sectors", t("makeup.title_sectors", lang), [_head(name, lang) for name in names], rows, left=left)


def cases_grid(plan: Makeup, lang: Lang) -> Grid:
    """Indicators before and under the plan."""
    names = ("indicator", "near_before", "near_after", "gap_before", "gap_after", "gain_pp", "gain_yi", "required")
    heads = [_head(name, lang) for name in (*names, "feasible")]
    rows = [indicator_cells(case, lang) for case in plan.cases]
    return grid("cases", t("makeup.title_indicators", lang), heads, rows, left=(0, 8))


def lever_grid(plan: Makeup, run: Run, lang: Lang, *, most: int | None = None) -> Grid:
    """Levers that bring most per effort, first ones first: as many of the plan's; None: all, used or not."""
    names = ("lever", "use", "cap", "evidence", "difficulty", "effort", "gdp", "money", "per")
    rows = sorted(plan.rows if most is None else plan.used, key=lambda r: (-(r.gain_per_effort or 0.0), r.lever.id))[
        :most
    ]
    heads = [*(_head(name, lang) for name in names), t("ui_makeup.head_responsible", lang)]
    none = t("glossary.none", lang)
    comma = t("glossary.and", lang)
    cells = [(*lever_cells(r, run, lang), comma.join(r.lever.responsible) or r.lever.team or none) for r in rows]
    caption = t("makeup.title_levers_all", lang, n=len(plan.used), of=len(plan.rows))
    return grid("levers", caption, heads, cells, left=(0, 1, 2, 3, 9))


def family_grid(plan: Makeup, run: Run, lang: Lang) -> Grid:
    """Levers on ledgers, family by family."""
    comma = t("glossary.and", lang)
    rows = [
        (
            t(f"makeup.family_{one.family.value}", lang),
            f"{one.taken}/{one.of}",
            f"{one.effort:.2f}",
            f"{one.gdp_pp:.2f}",
            f"{one.money_yi:.1f}",
            comma.join(place_name(p, run.dataset, lang) for p in one.places) or t("glossary.none", lang),
        )
        for one in families(plan)
    ]
    heads = [_head(name, lang) for name in ("family", "taken", "effort", "gdp", "money", "places")]
    return grid("families", t("makeup.title_families", lang), heads, rows, left=(0, 5))


def burden_grid(plan: Makeup, run: Run, lang: Lang) -> Grid:
    """What every county and sector carries under the plan, and under the one of least largest burden."""
    fair = plan.fair
    none = t("glossary.none", lang)
    names = sorted(plan.burdens, key=lambda one: -plan.burdens[one])
    industries = dict(
        zip(run.dataset.panel.industries["industry"], run.dataset.panel.industries["name_zh"], strict=True)
    )
    rows = []
    for name in names:
        if plan.burdens[name] <= 0.0 and (fair is None or fair.burdens.get(name, 0.0) <= 0.0):
            continue
        shown = str(industries[name]) if name in industries and lang == "zh" else place_name(name, run.dataset, lang)
        other = none if fair is None else t("makeup.percent", lang, number=words.percent(fair.burdens.get(name, 0.0)))
        rows.append((shown, t("makeup.percent", lang, number=words.percent(plan.burdens[name])), other))
    heads = [t(f"ui_makeup.head_{name}", lang) for name in ("carrier", "burden", "fair")]
    return grid("burdens", t("ui_makeup.burdens", lang), heads, rows)


def frontier_grid(plan: Makeup, lang: Lang) -> Grid:
    """Effort against what the wishes are worth, as numbers."""
    rows: list[tuple[str | Cell, ...]] = [
        (
            f"{point.effort:.1f}",
            *(
                Cell(level_words(plan, w, v, lang), change_words(plan, w, v))
                for w, v in zip(plan.wishes, point.values, strict=True)
            ),
        )
        for point in plan.frontier
    ]
    heads = [_head("effort", lang), *(wish_name(w, lang) for w in plan.wishes)]
    return grid("frontier", t("makeup.title_frontier", lang), heads, rows)


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

    colour = alt.Color("wish:N", scale=kinds(PALETTE), legend=legend)
    tips = [
        alt.Tooltip("wish:N", title=_head("wish", lang)),
        alt.Tooltip("effort:Q", title=t("ui_makeup.axis_effort", lang), format=".1f"),
        alt.Tooltip("value:Q", title=t("ui_makeup.axis_value", lang), format=".2f" if counts else ".1%"),
    ]
    line = (
        alt.Chart(curve)
        .mark_line(strokeWidth=2)
        .encode(x=x, y=y, color=colour, strokeDash=alt.StrokeDash("wish:N", scale=kinds(DASHES), legend=legend))
    )
    points = (
        alt.Chart(curve)
        .mark_point(size=45, filled=True)
        .encode(x=x, y=y, color=colour, shape=alt.Shape("wish:N", scale=kinds(SHAPES), legend=legend), tooltip=tips)
    )
    here = (
        alt.Chart(marks)
        .mark_point(size=220, filled=False, strokeWidth=2.5)
        .encode(x=x, y=y, color=colour, tooltip=tips)
    )
    asked = alt.Chart(marks).mark_rule(strokeDash=[3, 3], color="#7a7f87").encode(y=alt.Y("asked:Q", axis=axis))
    return alt.LayerChart(layer=[asked, line, points, here]).properties(height=HEIGHT)


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
        alt.Tooltip("industry:N", title=_head("industry", lang)),
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


def change_lines(plan: Makeup, run: Run, lang: Lang) -> list[str]:
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
                lever=lever_name(by_id[one.lever], run.dataset, lang),
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
