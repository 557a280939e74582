"""Every month that is still to come of the city's targets: chances then, and when for the first time.

Invariant: at the year's end a row says what ``attainment.csv`` says (held by ``tests/test_interim.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from forecast.answers.chances import Case
from forecast.answers.horizons import Horizon, Occasion, first_likely, next_of
from forecast.data.target import Target, TargetKind
from forecast.periods import Month
from forecast.tables import words
from forecast.tables.kind import Kind
from forecast.tables.table import Cell, Column, Grid, Look, Provenance, Said, Show, Surface, Table, View
from forecast.texts import Lang, t

TABLE: Final = "horizons"
_P, _PERCENT, _POINTS = Kind.PROBABILITY, Kind.PERCENT, Kind.POINTS

HORIZONS: Final[tuple[Column[Horizon], ...]] = (
    Column("indicator", value=lambda r: r.case.target.indicator),
    Column("name_zh", value=lambda r: r.case.name_zh),
    Column("unit", value=lambda r: r.case.target.unit),
    Column("target_kind", value=lambda r: r.case.target.kind.value),
    Column("by_month", Kind.WHOLE, value=lambda r: r.case.target.by),
    Column("period", Kind.MONTH, TABLE, value=lambda r: str(r.period)),
    Column("occasions", texts=TABLE, value=lambda r: " ".join(r.occasions) or None),
    Column("forecast_growth_pct", _PERCENT, TABLE, value=lambda r: r.outcome.growth.median_pct),
    Column("forecast_p10", _PERCENT, TABLE, value=lambda r: r.outcome.growth.p10_pct),
    Column("forecast_p90", _PERCENT, TABLE, value=lambda r: r.outcome.growth.p90_pct),
    Column("benchmark_forecast_pct", _PERCENT, TABLE, value=lambda r: r.outcome.benchmark_growth.median_pct),
    Column("period_gap_pp", _POINTS, TABLE, value=lambda r: r.outcome.gap_pp),
    Column("p_reach", _P, TABLE, value=lambda r: r.outcome.p_reach),
    Column("p_near", _P, TABLE, value=lambda r: r.outcome.p_near),
    Column("p_first", Kind.SHARE, TABLE, value=lambda r: r.p_first),
    Column("p_by", Kind.SHARE, TABLE, value=lambda r: r.p_by),
    Column("light", value=lambda r: r.light.value),
    Column("required_growth_pct", _PERCENT, TABLE, value=lambda r: r.required.median_pct),
    Column("required_status", value=lambda r: r.required.status.value),
    Column("evidence", value=lambda r: r.case.evidence.value),
    Column("criterion", texts="glossary", value=lambda r: r.criterion.value),
)


def horizon_frame(found: Sequence[Horizon], provenance: Provenance) -> pd.DataFrame:
    """``horizons.csv``: a row an open period of every judged target of the city."""
    return Table(name=TABLE, columns=HORIZONS, rows=found).frame(provenance)


@dataclass(frozen=True, slots=True)
class Coming:
    """A target at the next release, at the end of the next quarter, and when it is there for the first time.

    likely : first month by which it has held with even odds; None: not this year
    """

    case: Case
    release: Horizon | None
    quarter: Horizon | None
    likely: Month | None


def _seen(head: str, says: Callable[[Coming, View], Said], *, left: bool = False) -> dict[Surface, Show[Coming]]:
    shown = Show(head=f"horizons.{head}", says=says, left=left)
    return {Surface.TERMINAL: shown, Surface.PAGE: shown}


def _then(at: Callable[[Coming], Horizon | None]) -> Callable[[Coming, View], Cell]:
    def says(one: Coming, view: View) -> Cell:
        found = at(one)
        if found is None:
            return Cell(t("glossary.none", view.lang), style="quiet")
        chance = words.probability(found.p, view.lang, evidence=found.case.evidence)
        gap = words.points(found.outcome.gap_pp, view.lang)
        return Cell(chance, t("horizons.then", view.lang, period=words.through(found.period, view.lang), gap=gap))

    return says


def _likely(one: Coming, view: View) -> Cell:
    if one.likely is None:
        return Cell(t("horizons.not_this_year", view.lang), style="open")
    return Cell(words.through(one.likely, view.lang))


AHEAD: Final[tuple[Column[Coming], ...]] = (
    Column("indicator", on=_seen("head_indicator", lambda r, v: _name(r.case, v.lang), left=True)),
    Column("release", on=_seen("head_release", _then(lambda r: r.release))),
    Column("quarter", on=_seen("head_quarter", _then(lambda r: r.quarter))),
    Column("likely", on=_seen("head_likely", _likely)),
)


def _name(case: Case, lang: Lang) -> Cell:
    return Cell(words.indicator_name(case.target.indicator, case.name_zh, lang), words.target_name(case.target, lang))


def _asked_before(target: Target) -> bool:
    """Whether a month before December can be asked about it: a plan of the year is one of the year."""
    return target.interim or target.kind is not TargetKind.PLAN


def ahead_grid(found: Sequence[Horizon], view: View) -> Grid | None:
    """The next release and the next quarter of every target; None where nothing is still to come."""
    release, quarter = next_of(found, Occasion.RELEASE), next_of(found, Occasion.QUARTER)
    cases = {one.case.key: one.case for one in found if _asked_before(one.case.target)}
    if not cases:
        return None
    rows = [Coming(case, release.get(key), quarter.get(key), first_likely(found, key)) for key, case in cases.items()]
    caption = t(f"horizons.title_{found[0].criterion.value}", view.lang)
    return Table(name=TABLE, columns=AHEAD, rows=rows).grid(view, caption=caption, look=Look.PLAIN)
