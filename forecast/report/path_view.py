"""The path that a wish needs, as a table for the screen.

Invariant: every number shown is one of ``RequiredPath`` (held by ``tests/test_app_indicator.py``).
"""

from __future__ import annotations

from forecast.periods import Month
from forecast.plan.path import RequiredPath
from forecast.plan.path_steps import Phase, Scope, Step
from forecast.tables import words
from forecast.tables.table import Cell, Grid, grid
from forecast.texts import Lang, t

COLUMNS = ("month", "forecast", "demanded", "forecast_cum", "demanded_cum")
MONEY = ("yi", "extra")
PACE = ("pace", "done", "asked")


def path_grid(path: RequiredPath, lang: Lang) -> Grid | None:
    """Open periods of the city's path: growth, money and progress, as forecast and as needed; None without any."""
    city = next((line for line in path.lines if line.scope is Scope.CITY), None)
    if city is None:
        return None
    shown = [k for k, step in enumerate(city.steps) if step.phase is not Phase.PUBLISHED]
    money = any(step.demanded_yi is not None for step in city.steps)
    heads = [t(f"path.head_{name}", lang) for name in (*COLUMNS, *(MONEY if money else ()), *PACE)]
    rows = [(_period(city.steps, k, lang), *_cells(city.steps[k], lang, money=money)) for k in shown]
    asked = [n for n, k in enumerate(shown) if city.steps[k].phase is Phase.DEMANDED]
    return grid("path", t("ui_indicator.required_title", lang), heads, rows, marked=asked)


def _period(steps: tuple[Step, ...], k: int, lang: Lang) -> str:
    first = steps[k - 1].period.plus(1) if k else Month(steps[k].period.year, 1)
    names = {"first": words.month_name(first, lang), "last": words.month_name(steps[k].period, lang)}
    return t("path.month" if first == steps[k].period else "path.span", lang, **names)


def _cells(step: Step, lang: Lang, *, money: bool) -> list[str | Cell]:
    none = t("glossary.none", lang)
    asked = step.phase is Phase.DEMANDED
    growths = (
        step.forecast_month_pct,
        step.demanded_month_pct if asked else None,
        step.forecast_cum_pct,
        step.demanded_cum_pct if asked else None,
    )
    cells: list[str | Cell] = [none if one is None else words.growth(one, lang) for one in growths]
    if money:
        spread = ""
        if step.demanded_p10_yi is not None and step.demanded_p90_yi is not None:
            low, high = (f"{words.rounded(one, 0.1):.1f}" for one in (step.demanded_p10_yi, step.demanded_p90_yi))
            spread = t("glossary.range", lang, low=low, high=high)
        cells += [Cell(_plain(step.demanded_yi, none), spread), _plain(step.extra_yi if asked else None, none)]
    shares = (step.pace_pct, step.done_pct, step.asked_pct if asked else None)
    return cells + [none if one is None else t("path.percent", lang, number=_plain(one, none)) for one in shares]


def _plain(value: float | None, none: str) -> str:
    return none if value is None else f"{words.rounded(value, 0.1):.1f}"
