"""What if it turns out so: targets on draws that were conditioned on an outcome, beside the draws as they are.

Invariant: a sure outcome changes nothing (held by ``tests/test_app_indicator.py``).
"""

from __future__ import annotations

from forecast.answers.chances import Outcome
from forecast.draws.condition import Route
from forecast.runs.session import Explored
from forecast.tables import words
from forecast.tables.table import Cell, Grid, grid
from forecast.texts import Lang, t


def explored_text(found: Explored, lang: Lang) -> str:
    """How many draws are behind the answer, and whether they were weighted or moved."""
    key = {Route.WEIGHTS: "weights", Route.SHIFT: "shift", Route.NOTHING: "nothing"}[found.given.route]
    return t(
        f"ui_indicator.explorer_{key}",
        lang,
        percent=words.percent(found.given.probability),
        effective=f"{found.given.effective:.0f}",
    )


def explored_grid(found: Explored, key: tuple[str, str, str], lang: Lang) -> Grid | None:
    """One target without and with the outcome; None where it is not judged."""
    pair = [next((o for o in side if o.case.key == key), None) for side in (found.before, found.after)]
    if pair[0] is None or pair[1] is None:
        return None
    both = (pair[0], pair[1])
    rows: list[tuple[str | Cell, ...]] = [
        (t("ui_indicator.explorer_near", lang), *(_chance(o, o.p_near, lang) for o in both)),
        (t("ui_indicator.explorer_reach", lang), *(_chance(o, o.p_reach, lang) for o in both)),
        (t("ui_indicator.explorer_forecast", lang), *(_year(o, lang) for o in both)),
        (t("ui_indicator.explorer_benchmark", lang), *(_goal(o, lang) for o in both)),
        (t("ui_indicator.explorer_gap", lang), *(words.gap(o.gap_pp, lang) for o in both)),
    ]
    heads = [t(f"ui_indicator.explorer_{name}", lang) for name in ("row", "head_before", "head_after")]
    return grid("explored", t("ui_indicator.explorer", lang), heads, rows)


def _chance(o: Outcome, p: float, lang: Lang) -> Cell:
    evidence = o.case.evidence
    return Cell(words.probability(p, lang, evidence=evidence), words.band(p, lang, evidence=evidence))


def _year(o: Outcome, lang: Lang) -> Cell:
    return Cell(words.growth(o.growth.median_pct, lang), words.interval(o.growth.p10_pct, o.growth.p90_pct, lang))


def _goal(o: Outcome, lang: Lang) -> Cell:
    goal = o.benchmark_growth
    spread = "" if goal.p10_pct == goal.p90_pct else words.interval(goal.p10_pct, goal.p90_pct, lang)
    return Cell(words.growth(goal.median_pct, lang), spread)
